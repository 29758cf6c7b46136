/* Reads lines from standard input and prints each in capitals: the guest waits until something is typed. */
#include <ctype.h>
#include <stdio.h>

int main(void) {
    char line[128];
    int count = 0;
    while (fgets(line, sizeof line, stdin)) {
        for (char *p = line; *p; p++)
            *p = (char)toupper((unsigned char)*p);
        printf("%d: %s", ++count, line);
        fflush(stdout);
    }
    printf("%d lines\n", count);
    return 0;
}
