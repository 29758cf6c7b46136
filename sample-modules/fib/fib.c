/* Fibonacci numbers, recursively and from a table: a first program to step through. */
#include <stdio.h>
#include <stdlib.h>

static unsigned known[64];
static int asked;

/* The recursive definition; every call is counted. */
static unsigned fib(unsigned n) {
    asked++;
    if (n < 2)
        return n;
    return fib(n - 1) + fib(n - 2);
}

/* The same with a table of what is known already. */
static unsigned fib_table(unsigned n) {
    if (n < 2)
        return n;
    if (known[n] == 0)
        known[n] = fib_table(n - 1) + fib_table(n - 2);
    return known[n];
}

int main(int argc, char **argv) {
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 10;
    unsigned slow = fib(n);
    unsigned fast = fib_table(n);
    printf("fib(%u) = %u, found with %d calls\n", n, slow, asked);
    return slow == fast ? 0 : 1;
}
