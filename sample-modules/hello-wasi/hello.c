/* The smallest useful WASI program: it greets whoever is named on the command line. */
#include <stdio.h>

int main(int argc, char **argv) {
    printf("Hello, %s!\n", argc > 1 ? argv[1] : "wasm");
    return 0;
}
