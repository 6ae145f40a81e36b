/* How long does a cache on disk take for a hit, a miss and a put, beside Python's diskcache, which keeps its values in
 * SQLite and in files as well?
 *
 * Ours is asked through the whole cache, with no memory tier: each hit is taken from the folder and made a datum, of
 * which a byte of every cache line is read, for that of a value in a file of its own lies in the mapped file. Values up
 * to 30,000 bytes that were got lately are copied out of the folder's window, and checked. The peer gives bytes as they
 * are, without pickling them, and checks and reads nothing. Both folders lie in TMPDIR (/tmp). */
#include "bench/common.h"
#include "bench/python.h"

#include <quern/cache.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_SIZE = 32
};

typedef struct load {
    const char *what; /* as the peer knows it */
    qn_cache *cache;
    qn_datum *value;
    int64_t size;
    int count;
    char (*keys)[KEY_SIZE]; /* (count), and as many of what is not there */
} load;

static bench_python diskcache;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_cache_disk: %s\n", what);
        exit(1);
    }
}

static void must_ok(qn_status status, const qn_error *err)
{
    must(status == QN_OK, err->message);
}

/* A byte of every cache line: what only points to a value is no hit. */
static void read_through(const qn_datum *value)
{
    int64_t size;
    const char *text = qn_datum_text(value, &size);
    unsigned sum = 0;
    for (int64_t i = 0; i < size; i += 64)
        sum += (unsigned char)text[i];
    bench_keep(&sum);
}

static void ours_hit(void *user)
{
    const load *l = user;
    bool hit = l->what[0] == 'h';
    qn_error err;
    for (int i = 0; i < l->count; i++) {
        qn_datum *value;
        qn_cache_found found;
        must_ok(qn_cache_get(&value, &found, l->cache, l->keys[hit ? i : l->count + i], -1, &err), &err);
        must((found == QN_CACHE_HIT) == hit, "a hit or a miss where the other was meant");
        if (hit)
            read_through(value);
        qn_datum_unref(value);
    }
}

static void ours_put(void *user)
{
    const load *l = user;
    qn_error err;
    for (int i = 0; i < l->count; i++)
        must_ok(qn_cache_put(l->cache, l->keys[i], -1, l->value, NULL, &err), &err);
}

static void ask(const char *what, const load *l)
{
    fprintf(diskcache.to, "%s %lld %d\n", what, (long long)l->size, l->count);
    fflush(diskcache.to);
    must(bench_python_hear(&diskcache), "diskcache ended early");
}

static void peer(void *user)
{
    const load *l = user;
    ask(l->what, l);
}

static void compare(bench *b, load *l, const char *what)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s %lld B", what, (long long)l->size);
    l->what = what;
    bench_side ours = {"quern", what[0] == 'p' ? ours_put : ours_hit, l}, theirs = {"diskcache", peer, l};
    if (diskcache.process == 0)
        (void)bench_measure(b, name, ours, l->count, "calls");
    else
        (void)bench_compare(b, name, ours, theirs, l->count, "calls");
}

static void run(bench *b, qn_cache *cache, int64_t size, int count)
{
    qn_error err;
    load l = {.cache = cache, .size = size, .count = count};
    char *bytes = malloc((size_t)size);
    l.keys = calloc(2 * (size_t)count, sizeof *l.keys);
    must(bytes != NULL && l.keys != NULL, "no memory");
    for (int i = 0; i < count; i++) {
        (void)snprintf(l.keys[i], sizeof l.keys[i], "%lld/%d", (long long)size, i);
        (void)snprintf(l.keys[count + i], sizeof l.keys[i], "none%lld/%d", (long long)size, i);
    }
    for (int64_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    must_ok(qn_datum_bytes(&l.value, bytes, size, NULL, &err), &err);
    free(bytes);
    ours_put(&l);
    if (diskcache.process != 0)
        ask("fill", &l);
    compare(b, &l, "hit");
    compare(b, &l, "miss");
    compare(b, &l, "put");
    qn_datum_unref(l.value);
    free(l.keys);
}

int main(int argc, char **argv)
{
    bench b;
    qn_cache *cache;
    qn_cache_options options;
    qn_error err;
    char folder[256], command[320];
    bench_begin(&b, "cache_disk", argc, argv);
    if (bench_python_begin(&diskcache, BENCH_DISKCACHE, BENCH_DISKCACHE_ENVIRONMENT))
        printf("# diskcache%s", diskcache.line + 5);
    else
        bench_no_peer("diskcache", "python3-diskcache");
    const char *place = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%.200s/quern-cache-disk-XXXXXX", place != NULL ? place : "/tmp");
    must(mkdtemp(folder) != NULL, "no folder can be made");
    qn_cache_options_init(&options, sizeof options);
    options.memory_bytes = -1;
    options.folder = folder;
    must_ok(qn_cache_open(&cache, &options, &err), &err);
    run(&b, cache, 1000, 1000);
    run(&b, cache, 10000, 500);
    run(&b, cache, 30000, 100);
    run(&b, cache, 100000, 100);
    must_ok(qn_cache_close(cache, -1, &err), &err);
    bench_python_end(&diskcache);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    must(system(command) == 0, "the folder cannot be removed");
    return bench_end(&b);
}
