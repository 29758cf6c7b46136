// Built with: python -m ziglang cc -target wasm32-wasi -Os -o files.wasm files.c
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
    char *names[64];
    int count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir)) && count < 64;) names[count++] = strdup(entry->d_name);
    qsort(names, count, sizeof *names, by_name);
    for (int i = 0; i < count; i++) printf("%s/%s\n", path, names[i]);
    if (dir) closedir(dir);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
    printf("GREETING=%s\n", getenv("GREETING"));
    char line[64];
    while (fgets(line, sizeof line, stdin)) printf("line: %s", line);

    mkdir("/work/made", 0777);
    FILE *file = fopen("/work/made/text", "w+");
    for (int i = 0; i < 1000; i++) fprintf(file, "row %d\n", i);
    fseek(file, 100, SEEK_SET);
    fgets(line, sizeof line, file);
    printf("at 100: %s", line);
    fclose(file);
    file = fopen("/work/made/text", "a");
    fputs("the end\n", file);
    printf("tell: %ld\n", ftell(file));
    fclose(file);

    symlink("text", "/work/made/link");
    rename("/work/made/text", "/work/made/renamed");
    link("/work/made/renamed", "/work/made/text");
    struct stat st;
    stat("/work/made/link", &st);
    printf("size %lld, links %d\n", (long long)st.st_size, (int)st.st_nlink);
    list("/work/made");
    printf("escape: %s\n", open("/work/../etc/passwd", O_RDONLY) < 0 ? strerror(errno) : "opened");
    printf("missing: %s\n", fopen("/work/missing", "r") ? "opened" : strerror(errno));
    unlink("/work/made/link");
    unlink("/work/made/text");
    printf("rmdir: %s\n", rmdir("/work/made") ? strerror(errno) : "done");

    struct timespec pause = {0, 2000000}, before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long long slept = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
    printf("slept: %s\n", slept >= 2000000 ? "enough" : "too little");
    fprintf(stderr, "to stderr\n");
    return 7;
}
