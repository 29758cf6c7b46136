/* A linked list whose last pointer was never cleared: walking it leaves the memory, and traps. */
#include <stdlib.h>

struct node {
    int value;
    struct node *next;
};

static struct node *push(struct node *head, int value) {
    struct node *made = malloc(sizeof *made);
    made->value = value;
    made->next = head;
    return made;
}

static int sum(const struct node *list) {
    int total = 0;
    while (list) {
        total += list->value;
        list = list->next;
    }
    return total;
}

int main(void) {
    struct node *list = (struct node *)0x7ffffff0; /* should have been NULL */
    for (int i = 1; i <= 3; i++)
        list = push(list, i);
    return sum(list);
}
