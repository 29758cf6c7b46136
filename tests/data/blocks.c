/* Takes, moves and gives back blocks of all sizes, and uses each only while it is there. Exports run(rounds): what the
   blocks have summed up to. */
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 64 };
static char *blocks[SLOTS];
static size_t sizes[SLOTS];
static unsigned state = 1;

static unsigned chance(unsigned below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

static char *taken(size_t size) {
    void *made = 0;
    switch (chance(4)) {
    case 0: return calloc(size / 4 + 1, 4);
    case 1: return posix_memalign(&made, 32, size) ? 0 : made;
    case 2: return aligned_alloc(16, (size + 15) & ~(size_t)15);
    default: return malloc(size);
    }
}

__attribute__((export_name("run"))) unsigned run(int rounds) {
    unsigned sum = 0;
    while (rounds--) {
        int slot = chance(SLOTS);
        size_t size = chance(16) ? 2 + chance(60) : 2 + chance(100000);
        if (!blocks[slot]) {
            blocks[slot] = taken(size);
        } else if (chance(3)) {
            sum += strlen(blocks[slot]) + memchr(blocks[slot], 0, sizes[slot]) - (void *)blocks[slot];
            free(blocks[slot]);
            blocks[slot] = 0;
            continue;
        } else {
            blocks[slot] = realloc(blocks[slot], size);
        }
        memset(blocks[slot], 'x', size - 1);
        blocks[slot][size - 1] = 0;
        sizes[slot] = size;
    }
    for (int slot = 0; slot < SLOTS; slot++)
        free(blocks[slot]);
    return sum;
}
