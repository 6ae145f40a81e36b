/* bench/cache.c: what do a hit, a miss, a put and an eviction cost in the memory tier of a cache?
 *
 * The peer is GLib's hash table under a GMutex, with GLib's own hash of strings; a hit counts a reference up under the
 * mutex, and down after it. It is bounded by nothing but in the case "evict", where a GQueue in the order of use goes
 * with it, and the oldest is freed when it is full; a hit there moves its link. Keys are strings of some 20 bytes,
 * values have 64 bytes. The time of ours begins with hashing the key, and ends when the value was let go again.
 *
 *  - hit: random keys of 100,000, in one thread, and in two at once, each with its own order; "hot": of 100;
 *  - miss: keys that are not there;
 *  - put: the keys that are there, anew;
 *  - evict: new keys into a full cache of 10,000 and of 1,000,000.
 *
 * `bench_cache --evict ENTRIES` only evicts, for callgrind: see bench/cache_instructions. */
#include "bench/common.h"

#include "base/hash.h"
#include "store/cache_int.h"

#if BENCH_HAVE_GLIB
#include <glib.h>
#endif
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS = 100000,
    HOT = 100,
    CALLS = 100000, /* of one thread in a sample's call */
    KEY_SIZE = 24,
    VALUE_SIZE = 64,
    EVICTIONS = 20000,
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_cache: %s failed\n", what);
    exit(1);
}

static uint64_t next_random(uint64_t *state)
{
    return qni_hash_word(*state += 0x9e3779b97f4a7c15, 0);
}

/* A thing to measure: `count` keys at random of those from `first` on. */
typedef struct work {
    struct cache *cache;
    int64_t first, keys;
    uint64_t random;
    int64_t next; /* the next new key */
    void (*one)(struct cache *cache, const char *text, int64_t size);
    bool fresh;
} work;

typedef struct cache {
    qni_memory_tier *tier;
    qni_cache_time time;
#if BENCH_HAVE_GLIB
    GMutex mutex;
    GHashTable *table;
    GQueue queue;
    int64_t entries_max; /* 0: unbounded */
#endif
} cache;

static int64_t text_of(char out[KEY_SIZE], int64_t key)
{
    memcpy(out, "quotes/2026/00000000", 21);
    for (int at = 19; at > 11; at--, key /= 10)
        out[at] = (char)('0' + key % 10);
    return 20;
}

static void *run(void *user)
{
    work *w = user;
    char text[KEY_SIZE];
    for (int i = 0; i < CALLS; i++) {
        int64_t key = w->fresh ? w->next++ : w->first + (int64_t)(next_random(&w->random) % (uint64_t)w->keys);
        w->one(w->cache, text, text_of(text, key));
    }
    return NULL;
}

static void run_one(void *user)
{
    (void)run(user);
}

/* Two at once, of work[2]. */
static void run_two(void *user)
{
    work *w = user;
    pthread_t other;
    if (pthread_create(&other, NULL, run, &w[1]) != 0)
        die("pthread_create");
    (void)run(&w[0]);
    (void)pthread_join(other, NULL);
}

/* ---- ours ---- */

static void ours_get(cache *c, const char *text, int64_t size)
{
    qni_cache_key key = {text, size, qni_hash_bytes(text, size, 1), 0};
    qni_memory_found found;
    if (qni_memory_get(&found, c->tier, &key))
        qn_datum_unref(found.datum);
}

static void ours_put(cache *c, const char *text, int64_t size)
{
    static const char zeros[VALUE_SIZE];
    uint64_t hash = qni_hash_bytes(text, size, 1);
    qni_cache_key key = {text, size, hash, hash ^ 1};
    qni_cache_value value = {0};
    bool kept;
    if (qn_datum_bytes(&value.datum, zeros, VALUE_SIZE, NULL, NULL) != QN_OK ||
        qni_memory_put(&kept, c->tier, &key, &value, NULL) != QN_OK)
        die("a put");
    qn_datum_unref(value.datum);
}

static void ours_open(cache *c, int64_t bytes)
{
    *c = (cache){0};
    qni_cache_time_init(&c->time, NULL);
    if (qni_memory_new(&c->tier, bytes, 0, &c->time, NULL, NULL) != QN_OK)
        die("a tier");
}

/* Bytes with which a tier holds about so many. */
static int64_t bytes_for(int64_t entries)
{
    cache c;
    qni_memory_counts counts;
    char text[KEY_SIZE];
    ours_open(&c, 1 << 30);
    for (int64_t i = 0; i < 10000; i++)
        ours_put(&c, text, text_of(text, i));
    qni_memory_counts_get(&counts, c.tier);
    qni_memory_free(c.tier);
    return counts.bytes / 10000 * entries;
}

/* ---- GLib's ---- */

#if BENCH_HAVE_GLIB
typedef struct boxed {
    gint references;
    GList link;
    char key[KEY_SIZE], value[VALUE_SIZE];
} boxed;

static void boxed_unref(gpointer data)
{
    boxed *b = data;
    if (g_atomic_int_dec_and_test(&b->references))
        g_free(b);
}

static void glib_get(cache *c, const char *text, int64_t size)
{
    (void)size;
    g_mutex_lock(&c->mutex);
    boxed *b = g_hash_table_lookup(c->table, text);
    if (b != NULL) {
        g_atomic_int_inc(&b->references);
        if (c->entries_max > 0) {
            g_queue_unlink(&c->queue, &b->link);
            g_queue_push_head_link(&c->queue, &b->link);
        }
    }
    g_mutex_unlock(&c->mutex);
    if (b != NULL)
        boxed_unref(b);
}

static void glib_put(cache *c, const char *text, int64_t size)
{
    boxed *b = g_malloc0(sizeof *b), *oldest = NULL;
    b->references = 1;
    b->link.data = b;
    memcpy(b->key, text, (size_t)size + 1);
    g_mutex_lock(&c->mutex);
    if (c->entries_max > 0) {
        if (g_queue_get_length(&c->queue) >= (guint)c->entries_max) {
            oldest = g_queue_peek_tail(&c->queue);
            g_queue_unlink(&c->queue, &oldest->link);
            g_hash_table_steal(c->table, oldest->key);
        }
        g_queue_push_head_link(&c->queue, &b->link);
    }
    g_hash_table_replace(c->table, b->key, b);
    g_mutex_unlock(&c->mutex);
    if (oldest != NULL)
        boxed_unref(oldest);
}

static void glib_open(cache *c, int64_t entries_max)
{
    *c = (cache){.entries_max = entries_max, .queue = G_QUEUE_INIT};
    g_mutex_init(&c->mutex);
    c->table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, boxed_unref);
}

static void glib_close(cache *c)
{
    g_hash_table_destroy(c->table);
    g_mutex_clear(&c->mutex);
}
#endif

/* ---- cases ---- */

static void fill(cache *c, void (*put)(cache *c, const char *text, int64_t size), int64_t first, int64_t count)
{
    char text[KEY_SIZE];
    for (int64_t i = 0; i < count; i++)
        put(c, text, text_of(text, first + i));
}

typedef struct question {
    const char *name, *unit;
    int64_t first, keys;
    bool put, two, fresh;
} question;

static void ask(bench *b, const question *q, cache *ours, cache *glib)
{
    static int64_t next = 10000000; /* keys that no question had */
    work our_work[2], glib_work[2];
    for (int i = 0; i < 2; i++) {
        our_work[i] = (work){ours, q->first, q->keys, (uint64_t)i + 1, next, q->put ? ours_put : ours_get, q->fresh};
        glib_work[i] = our_work[i];
        glib_work[i].cache = glib;
#if BENCH_HAVE_GLIB
        glib_work[i].one = q->put ? glib_put : glib_get;
#endif
        next += 20000000;
    }
    bench_side our_side = {"quern", q->two ? run_two : run_one, our_work};
    bench_side glib_side = {"glib", q->two ? run_two : run_one, glib_work};
    if (glib != NULL)
        (void)bench_compare(b, q->name, our_side, glib_side, CALLS, q->unit);
    else
        (void)bench_measure(b, q->name, our_side, CALLS, q->unit);
}

static void ask_of_100000(bench *b)
{
    static const question questions[] = {
        {"hit", "gets", 0, KEYS, false, false, false},
        {"hit, two threads", "gets of each", 0, KEYS, false, true, false},
        {"hit, hot", "gets", 0, HOT, false, false, false},
        {"hit, hot, two threads", "gets of each", 0, HOT, false, true, false},
        {"miss", "gets", KEYS, KEYS, false, false, false},
        {"miss, two threads", "gets of each", KEYS, KEYS, false, true, false},
        {"put", "puts", 0, KEYS, true, false, false},
        {"put, two threads", "puts of each", 0, KEYS, true, true, false},
    };
    cache ours, *peer = NULL;
    ours_open(&ours, 2 * bytes_for(KEYS));
    fill(&ours, ours_put, 0, KEYS);
#if BENCH_HAVE_GLIB
    cache glib;
    glib_open(&glib, 0);
    fill(&glib, glib_put, 0, KEYS);
    peer = &glib;
#endif
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        ask(b, &questions[i], &ours, peer);
    qni_memory_free(ours.tier);
#if BENCH_HAVE_GLIB
    glib_close(&glib);
#endif
}

static void ask_of_evictions(bench *b, const char *name, const char *two, int64_t entries)
{
    const question one_thread = {name, "puts", 0, 1, true, false, true};
    const question two_threads = {two, "puts of each", 0, 1, true, true, true};
    cache ours, *peer = NULL;
    ours_open(&ours, bytes_for(entries));
    fill(&ours, ours_put, 0, entries * 11 / 10);
#if BENCH_HAVE_GLIB
    cache glib;
    glib_open(&glib, entries);
    fill(&glib, glib_put, 0, entries);
    peer = &glib;
#endif
    ask(b, &one_thread, &ours, peer);
    ask(b, &two_threads, &ours, peer);
    qni_memory_free(ours.tier);
#if BENCH_HAVE_GLIB
    glib_close(&glib);
#endif
}

/* ---- instructions ---- */

/* Puts new keys with one value that all share. */
__attribute__((noinline)) static void put_many(cache *c, int64_t first, int64_t count, qn_datum *value)
{
    char text[KEY_SIZE];
    bool kept;
    for (int64_t i = 0; i < count; i++) {
        int64_t size = text_of(text, first + i);
        uint64_t hash = qni_hash_bytes(text, size, 1);
        if (qni_memory_put(&kept, c->tier, &(qni_cache_key){text, size, hash, hash ^ 1},
                           &(qni_cache_value){.datum = value}, NULL) != QN_OK)
            die("a put");
    }
}

__attribute__((noinline)) static void evict_many(cache *c, int64_t first, qn_datum *value)
{
    put_many(c, first, EVICTIONS, value);
}

static int only_evict(int64_t entries)
{
    cache c;
    qni_memory_counts before, after;
    qn_datum *value;
    ours_open(&c, bytes_for(entries));
    if (qn_datum_bytes(&value, "", 0, NULL, NULL) != QN_OK)
        die("a value");
    put_many(&c, 0, entries * 2, value);
    qni_memory_counts_get(&before, c.tier);
    evict_many(&c, entries * 2, value);
    qni_memory_counts_get(&after, c.tier);
    printf("%d entries, %d evictions\n", (int)after.entries, (int)(after.evicted - before.evicted));
    qni_memory_free(c.tier);
    qn_datum_unref(value);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--evict") == 0)
        return only_evict(strtol(argv[2], NULL, 10));
    bench b;
    bench_begin(&b, "cache", argc, argv);
#if !BENCH_HAVE_GLIB
    bench_no_peer("GLib", "libglib2.0-dev");
#endif
    ask_of_100000(&b);
    ask_of_evictions(&b, "evict of 10,000", "evict of 10,000, two threads", 10000);
    if (!b.quick)
        ask_of_evictions(&b, "evict of 1,000,000", "evict of 1,000,000, two threads", 1000000);
    return bench_end(&b);
}
