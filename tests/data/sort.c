/* Sorting through function pointers: indirect calls and a table. */
#include <stdlib.h>
#include <string.h>

typedef int (*compare)(const void *, const void *);

static int up(const void *a, const void *b) { return (*(int *)a > *(int *)b) - (*(int *)a < *(int *)b); }
static int down(const void *a, const void *b) { return up(b, a); }
static const compare ORDERS[] = {up, down};

static void insertion(int *items, int count, compare order) {
    for (int i = 1; i < count; i++) {
        int held = items[i], at = i;
        while (at > 0 && order(&items[at - 1], &held) > 0) {
            items[at] = items[at - 1];
            at--;
        }
        items[at] = held;
    }
}

__attribute__((export_name("sort"))) int sort(int *items, int count, int which) {
    insertion(items, count, ORDERS[which & 1]);
    return items[0];
}

__attribute__((export_name("copy"))) void copy(char *to, const char *from, int size) { memmove(to, from, size); }
