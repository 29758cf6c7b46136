/* A program with WASI imports and malloc: counts words of its input, most frequent first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word { struct word *next; int count; char text[]; };
static struct word *words;

static void count(const char *text) {
    for (struct word *at = words; at; at = at->next)
        if (!strcmp(at->text, text)) { at->count++; return; }
    struct word *made = malloc(sizeof *made + strlen(text) + 1);
    strcpy(made->text, text);
    made->count = 1;
    made->next = words;
    words = made;
}

int main(void) {
    char line[64];
    int length = 0, c;
    while ((c = getchar()) != EOF) {
        if (c > ' ' && length < 63) line[length++] = (char)c;
        else if (length) { line[length] = 0; count(line); length = 0; }
    }
    for (struct word *at = words; at; at = at->next) { puts(at->text); putchar('0' + at->count % 10); }
    return 0;
}
