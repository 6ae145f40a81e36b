/* harness/replay.c: runs a fuzz target over stored inputs, so that the normal suite covers every parser of foreign
 * bytes with any compiler.
 *
 * Usage: test_fuzz_NAME FILE_OR_FOLDER…: the empty input, then each file whole, then each of its beginnings up to 512
 * bytes. Every input lies in a block of exactly its size, so that the address sanitizer sees a read past its end. The
 * name of the input is printed before it runs. A folder without files is an error: a parser without seeds is not
 * covered. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    PREFIX_MAX = 512
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *must(void *block)
{
    if (block == NULL) {
        fprintf(stderr, "replay: out of memory\n");
        exit(1);
    }
    return block;
}

static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = must(malloc(size == 0 ? 1 : size));
    uint8_t *start = size == 0 ? exact + 1 : exact; /* no byte of an empty input may be read */
    if (size > 0)
        memcpy(start, bytes, size);
    (void)LLVMFuzzerTestOneInput(start, size);
    free(exact);
}

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t size = 0, capacity = 1 << 16;
    uint8_t *bytes = must(malloc(capacity));
    for (size_t got; (got = fread(bytes + size, 1, capacity - size, file)) > 0;) {
        size += got;
        if (size == capacity)
            bytes = must(realloc(bytes, capacity *= 2));
    }
    int failed = ferror(file);
    fclose(file);
    if (failed) {
        fprintf(stderr, "replay: cannot read %s\n", path);
    } else {
        printf("%s (%zu bytes)\n", path, size);
        fflush(stdout);
        run(bytes, size);
        for (size_t prefix = 1; prefix < size && prefix <= PREFIX_MAX; prefix++)
            run(bytes, prefix);
    }
    free(bytes);
    return failed;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_visible, alphasort);
    if (count <= 0) {
        fprintf(stderr, "replay: %s holds no input: put seeds there\n", folder);
        return 1;
    }
    int failed = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        failed |= replay_file(path);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    printf("the empty input\n");
    fflush(stdout);
    run(NULL, 0);
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        failed |= stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode) ? replay_folder(argv[i]) : replay_file(argv[i]);
    }
    return failed;
}
