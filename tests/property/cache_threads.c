/* Two hundred threads on a cache: who gets a value after a put or a removal of its key has returned sees that or what
 * came later, whatever evicts, moves up, waits to be written or is made at the same time; and what was made of a value
 * is never older than it.
 *
 * Each key has one thread that puts versions of it, or removes it, and says which it has done; readers look at that
 * number first and then ask. What depends on a key is made of the version that its maker reads. */
#include "unit/cache_kit.h"

#include "base/lock.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    KEYS = 20,
    THREADS = 200,
};

typedef struct world {
    qn_cache *caches[2];
    int count; /* of caches */
    bool derived;
    int64_t steps;
    _Atomic int64_t done[KEYS]; /* version that was put, or whose removal has returned */
    _Atomic int64_t gets;
    _Atomic bool wrong;
} world;

typedef struct worker {
    world *w;
    int index; /* below KEYS: writes that key */
    uint64_t random;
} worker;

static void say(world *w, const char *what, int key, int64_t got, int64_t least)
{
    if (!atomic_exchange(&w->wrong, true))
        print_error("%s %d: got %lld after %lld\n", what, key, (long long)got, (long long)least);
}

static int64_t version_of(const qn_datum *datum)
{
    int64_t version;
    memcpy(&version, qn_datum_text(datum, NULL), sizeof version);
    return version;
}

/* Enough bytes that a small memory has to evict. */
static qn_datum *datum_of(int64_t version)
{
    char bytes[600] = {0};
    qn_datum *datum;
    qn_error err;
    memcpy(bytes, &version, sizeof version);
    assert_ok(qn_datum_bytes(&datum, bytes, sizeof bytes, NULL, &err), &err);
    return datum;
}

static void write_once(worker *me, int64_t version)
{
    world *w = me->w;
    qn_cache *cache = w->caches[test_random_below(&me->random, w->count)];
    char key[16];
    qn_error err;
    int size = snprintf(key, sizeof key, "k%d", me->index);
    if (test_random_below(&me->random, 4) == 0) {
        assert_ok(qn_cache_remove(NULL, cache, key, size, &err), &err);
    } else {
        qn_datum *datum = datum_of(version);
        assert_ok(qn_cache_put(cache, key, size, datum, NULL, &err), &err);
        qn_datum_unref(datum);
    }
    atomic_store(&w->done[me->index], version);
}

static void read_once(world *w, qn_cache *cache, int k)
{
    char key[16];
    qn_datum *datum;
    qn_error err;
    int size = snprintf(key, sizeof key, "k%d", k);
    int64_t least = atomic_load(&w->done[k]);
    assert_ok(qn_cache_get(&datum, NULL, cache, key, size, &err), &err);
    if (datum != NULL && version_of(datum) < least)
        say(w, "key", k, version_of(datum), least);
    qn_datum_unref(datum);
    atomic_fetch_add(&w->gets, 1);
}

typedef struct deriving {
    world *w;
    qn_cache *cache;
    int k;
} deriving;

/* A value made of the key's: its version, or, where there is none, the last that was done. */
static qn_status derive(qn_datum **out, void *user, qn_error *err)
{
    const deriving *d = user;
    char key[16];
    qn_datum *base;
    int size = snprintf(key, sizeof key, "k%d", d->k);
    int64_t version = atomic_load(&d->w->done[d->k]);
    qn_status s = qn_cache_get(&base, NULL, d->cache, key, size, err);
    if (s != QN_OK)
        return s;
    if (base != NULL && version_of(base) < version)
        say(d->w, "key, by a maker,", d->k, version_of(base), version);
    if (base != NULL)
        version = version_of(base);
    *out = datum_of(version);
    qn_datum_unref(base);
    qni_yield();
    return QN_OK;
}

static void derive_once(world *w, qn_cache *cache, int k)
{
    char key[16], on[16];
    qn_datum *datum;
    qn_error err;
    deriving d = {w, cache, k};
    (void)snprintf(key, sizeof key, "d%d", k);
    (void)snprintf(on, sizeof on, "k%d", k);
    const qn_cache_name names[] = {{on, -1}};
    const qn_cache_put_options options = {.size = sizeof options, .depends_on = names, .depends_count = 1};
    int64_t least = atomic_load(&w->done[k]);
    assert_ok(qn_cache_get_or(&datum, NULL, cache, key, -1, &options, derive, &d, &err), &err);
    if (version_of(datum) < least)
        say(w, "made of key", k, version_of(datum), least);
    qn_datum_unref(datum);
    atomic_fetch_add(&w->gets, 1);
}

static void *work(void *user)
{
    worker *me = user;
    world *w = me->w;
    for (int64_t i = 0; i < w->steps && !atomic_load(&w->wrong); i++) {
        int k = (int)test_random_below(&me->random, KEYS);
        qn_cache *cache = w->caches[test_random_below(&me->random, w->count)];
        if (me->index < KEYS)
            write_once(me, i + 1);
        else if (w->derived && me->index % 2 == 0)
            derive_once(w, cache, k);
        else
            read_once(w, cache, k);
    }
    return NULL;
}

static void run(world *w)
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    uint64_t seed = test_seed(20260213);
    int64_t counted = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.w = w, .index = i, .random = seed + (uint64_t)i * 7919};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_false(w->wrong);
    for (int i = 0; i < w->count; i++) {
        qn_cache_stats stats = kit_stats(w->caches[i]);
        counted += stats.hits + stats.absent_hits + stats.misses;
    }
    if (w->derived) /* makers get too */
        assert_true(counted >= atomic_load(&w->gets));
    else
        assert_int_equal(counted, atomic_load(&w->gets));
    for (int i = 0; i < w->count; i++)
        kit_close(w->caches[i]);
}

static void in_memory_alone(void **state)
{
    (void)state;
    world w = {.count = 1, .derived = true, .steps = test_effort(100, 5000)};
    w.caches[0] = kit_open((qn_cache_options){.memory_bytes = 64 << 10, .shards = 1});
    run(&w);
}

static void through_a_disk(void **state)
{
    (void)state;
    world w = {.count = 1, .derived = true, .steps = test_effort(20, 2000)};
    w.caches[0] = kit_open((qn_cache_options){.memory_bytes = 64 << 10, .shards = 1, .folder = kit_folder("through")});
    run(&w);
}

static void back_to_a_disk(void **state)
{
    (void)state;
    world w = {.count = 1, .derived = true, .steps = test_effort(30, 2000)};
    w.caches[0] = kit_open((qn_cache_options){.memory_bytes = 64 << 10,
                                              .shards = 1,
                                              .folder = kit_folder("back"),
                                              .writing = QN_CACHE_BACK,
                                              .queue_bytes = 16 << 10});
    run(&w);
}

static void two_caches_on_one_folder(void **state)
{
    (void)state;
    world w = {.count = 2, .steps = test_effort(20, 2000)};
    for (int i = 0; i < 2; i++)
        w.caches[i] =
            kit_open((qn_cache_options){.memory_bytes = 64 << 10, .shards = 1, .folder = kit_folder("shared")});
    run(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory_alone),
        cmocka_unit_test(through_a_disk),
        cmocka_unit_test(back_to_a_disk),
        cmocka_unit_test(two_caches_on_one_folder),
    };
    return cmocka_run_group_tests_name("cache_threads", tests, kit_setup, kit_teardown);
}
