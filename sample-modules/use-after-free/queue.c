/* Heap bugs to find: a queue of orders whose cancelling uses nodes that are freed already. It prints what one would
   expect all the same; `info allocations` says what is wrong, `misuse` goes back to where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct order {
    struct order *next;
    int number;
    char *customer;
} order;

static order *queue;
static int cancelled;

static char *copied(const char *name) {
    char *copy = calloc(strlen(name) + 1, 1);
    strcpy(copy, name);
    return copy;
}

static void place(int number, const char *customer) {
    order *made = malloc(sizeof *made);
    made->next = queue;
    made->number = number;
    made->customer = copied(customer);
    queue = made;
}

static void drop(order *gone) {
    free(gone->customer);
    free(gone);
}

/* Drops the orders of a customer: `next` is read from a node that is gone (1), and leads to where the allocator had it
   put something else. */
static void cancel(const char *customer) {
    order **link = &queue;
    for (order *each = queue; each; each = each->next) {
        if (strcmp(each->customer, customer) == 0) {
            *link = each->next;
            drop(each);
            cancelled++;
        } else {
            link = &each->next;
        }
    }
}

/* Blocks that grow, move and are used again, as they may be. */
static int numbers_in_use(void) {
    int count = 0, room = 1, *numbers = malloc(sizeof *numbers);
    for (order *each = queue; each; each = each->next) {
        if (count == room)
            numbers = realloc(numbers, (room *= 2) * sizeof *numbers);
        numbers[count++] = each->number;
    }
    char *large = calloc(1 << 17, 1);
    large[100] = 1;
    free(large);
    free(numbers);
    return count;
}

int main(void) {
    place(1, "ada");
    place(2, "bob");
    place(3, "ada");
    place(4, "cy");
    order *last = queue;
    cancel("bob");
    printf("%d in the queue, %d cancelled\n", numbers_in_use(), cancelled);
    queue = last->next;
    char *customer = last->customer;
    drop(last);
    last->number = 0; /* (2) it is gone */
    free(customer);   /* (3) drop has done so */
    return 0;         /* (4) two orders and their customers are never freed */
}
