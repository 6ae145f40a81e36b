/* The object pool in one thread and in few: what is handed out and what comes back, how it grows and shrinks, what it
 * says of itself. */
#include "harness/harness.h"

#include <quern/budget.h>

#include "mem/pool_int.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    test_allocator memory;
    qn_pool *pool;
} fixture;

static qn_pool_options unchecked(int64_t object_size)
{
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.name = "things";
    options.object_size = object_size;
    options.checks = QN_POOL_CHECKS_OFF;
    return options;
}

static void open_pool(fixture *f, qn_pool_options options)
{
    test_allocator_init(&f->memory);
    qn_error err;
    assert_ok(qn_pool_new(&f->pool, &options, &f->memory.allocator, &err), &err);
}

static void close_pool(fixture *f)
{
    qn_pool_free(f->pool);
    assert_int_equal(f->memory.live_bytes, 0);
    assert_int_equal(f->memory.live_blocks, 0);
}

static void *must_take(qn_pool *pool)
{
    void *object;
    qn_error err;
    assert_ok(qn_pool_take(&object, pool, &err), &err);
    assert_non_null(object);
    assert_int_equal((uintptr_t)object % 64, 0);
    return object;
}

static qn_pool_stats stats_of(qn_pool *pool)
{
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(pool, &stats);
    assert_int_equal(stats.size, sizeof stats);
    assert_int_equal(stats.objects, stats.live + stats.idle);
    return stats;
}

static void objects_are_aligned_and_apart(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 64, 65, 500, 4096, 8192, 100000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        fixture f;
        open_pool(&f, unchecked(sizes[s]));
        unsigned char *objects[300];
        for (int i = 0; i < 300; i++) {
            objects[i] = must_take(f.pool);
            memset(objects[i], i & 0xFF, (size_t)sizes[s]);
        }
        for (int i = 0; i < 300; i++)
            for (int64_t j = 0; j < sizes[s]; j += 61)
                if (objects[i][j] != (i & 0xFF))
                    fail_msg("object %d of %d bytes was written over", i, (int)sizes[s]);
        for (int i = 0; i < 300; i++)
            qn_pool_give(f.pool, objects[i]);
        close_pool(&f);
    }
}

static void the_object_given_back_last_is_taken_first(void **state)
{
    (void)state;
    static const int64_t magazines[] = {-1, 1, 2, 7, 0, 1000};
    for (size_t m = 0; m < sizeof magazines / sizeof *magazines; m++) {
        fixture f;
        qn_pool_options options = unchecked(100);
        options.magazine = magazines[m];
        open_pool(&f, options);
        void *objects[500];
        for (int i = 0; i < 500; i++)
            objects[i] = must_take(f.pool);
        for (int i = 0; i < 500; i++)
            qn_pool_give(f.pool, objects[i]);
        for (int i = 499; i >= 0; i--)
            assert_ptr_equal(must_take(f.pool), objects[i]);
        for (int i = 0; i < 500; i++)
            qn_pool_give(f.pool, objects[i]);
        close_pool(&f);
    }
}

static void a_fresh_slab_is_handed_out_by_rising_address(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(64);
    options.grow = options.initial = 100;
    open_pool(&f, options);
    char *first = must_take(f.pool);
    for (int i = 1; i < 50; i++)
        assert_true((char *)must_take(f.pool) > first);
    close_pool(&f);
}

static void large_objects_begin_in_different_sets_of_a_cache(void **state)
{
    (void)state;
    static const int64_t sizes[] = {4096, 8192, 12288, 65536};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        fixture f;
        qn_pool_options options = unchecked(sizes[s]);
        options.grow = 64; /* of one slab, as many as there are sets of a first-level cache */
        open_pool(&f, options);
        bool seen[64] = {false};
        for (int i = 0; i < 64; i++) {
            uintptr_t set = (uintptr_t)must_take(f.pool) / 64 % 64;
            assert_false(seen[set]);
            seen[set] = true;
        }
        close_pool(&f);
    }
}

static void nothing_given_back_is_fine(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, unchecked(8));
    qn_pool_give(f.pool, NULL);
    assert_int_equal(stats_of(f.pool).idle, 0);
    close_pool(&f);
    qn_pool_free(NULL);
}

static void a_pool_that_fails_has_its_initial_objects_and_no_more(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(128);
    options.growth = QN_POOL_FAIL;
    options.initial = 50;
    options.grow = 7;
    open_pool(&f, options);
    void *objects[50], *none = (void *)1;
    for (int i = 0; i < 50; i++)
        objects[i] = must_take(f.pool);
    qn_error err;
    assert_int_equal(qn_pool_take(&none, f.pool, &err), QN_EXHAUSTED);
    assert_null(none);
    assert_contains(err.message, "\"things\"");
    assert_contains(err.message, "50");
    qn_pool_give(f.pool, objects[13]);
    assert_ptr_equal(must_take(f.pool), objects[13]);
    qn_pool_stats stats = stats_of(f.pool);
    assert_int_equal(stats.objects, 50);
    assert_int_equal(stats.live, 50);
    assert_int_equal(stats.peak, 50);
    assert_int_equal(stats.refused, 1);
    for (int i = 0; i < 50; i++)
        qn_pool_give(f.pool, objects[i]);
    assert_int_equal(qn_pool_trim(f.pool, 0), 0); /* what it promised to have it keeps */
    assert_int_equal(stats_of(f.pool).idle, 50);
    close_pool(&f);
}

static void a_bounded_pool_grows_to_its_bound(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(128);
    options.growth = QN_POOL_BOUNDED;
    options.initial = 5;
    options.grow = 8;
    options.max = 30;
    open_pool(&f, options);
    void *objects[30], *none;
    for (int i = 0; i < 30; i++) {
        objects[i] = must_take(f.pool);
        assert_true(stats_of(f.pool).objects <= 30);
    }
    assert_int_equal(qn_pool_take(&none, f.pool, NULL), QN_EXHAUSTED);
    for (int i = 0; i < 30; i++)
        qn_pool_give(f.pool, objects[i]);
    assert_true(qn_pool_trim(f.pool, 0) > 30 * 128);
    assert_int_equal(stats_of(f.pool).objects, 0);
    for (int i = 0; i < 30; i++) /* and again */
        objects[i] = must_take(f.pool);
    assert_int_equal(qn_pool_take(&none, f.pool, NULL), QN_EXHAUSTED);
    close_pool(&f);
}

static void a_pool_grows_by_as_many_as_it_was_told(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(64);
    options.grow = 10;
    open_pool(&f, options);
    for (int i = 0; i < 35; i++) {
        (void)must_take(f.pool);
        assert_int_equal(stats_of(f.pool).objects, (i / 10 + 1) * 10);
    }
    assert_int_equal(stats_of(f.pool).grown, 4);
    close_pool(&f);
}

static void trimming_gives_whole_idle_slabs_back(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(1000);
    options.grow = 10;
    open_pool(&f, options);
    void *objects[100];
    for (int i = 0; i < 100; i++)
        objects[i] = must_take(f.pool);
    for (int i = 0; i < 100; i++)
        if (i != 34) /* its slab has to stay */
            qn_pool_give(f.pool, objects[i]);
    qn_pool_stats before = stats_of(f.pool);
    assert_int_equal(before.bytes, f.memory.live_bytes);
    int64_t live = f.memory.live_bytes;
    int64_t freed = qn_pool_trim(f.pool, 0);
    assert_int_equal(live - f.memory.live_bytes, freed);
    assert_true(freed >= 90 * 1000);
    qn_pool_stats stats = stats_of(f.pool);
    assert_int_equal(stats.objects, 10);
    assert_int_equal(stats.live, 1);
    assert_int_equal(stats.trimmed, 9);
    assert_int_equal(stats.bytes, f.memory.live_bytes);
    assert_int_equal(stats.bytes_peak, before.bytes_peak);
    qn_pool_give(f.pool, objects[34]);
    for (int i = 0; i < 100; i++) /* what it gave back it does not hand out */
        objects[i] = memset(must_take(f.pool), i, 1000);
    assert_int_equal(stats_of(f.pool).objects, 100);
    close_pool(&f);
}

static void trimming_keeps_as_much_as_it_is_told(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(1024);
    options.initial = 100;
    options.grow = 5;
    open_pool(&f, options);
    assert_true(qn_pool_trim(f.pool, 33 * 1024) > 0);
    assert_int_equal(stats_of(f.pool).idle, 35);
    assert_int_equal(qn_pool_trim(f.pool, 31 * 1024), 0);
    assert_true(qn_pool_trim(f.pool, 30 * 1024) > 0);
    assert_int_equal(stats_of(f.pool).idle, 30);
    close_pool(&f);
}

static void what_is_kept_is_bytes_of_objects_without_their_padding(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(65536);
    options.initial = 200;
    options.grow = 1;
    open_pool(&f, options);
    assert_int_equal(qn_pool_trim(f.pool, 200 * 65536), 0);
    assert_int_equal(stats_of(f.pool).idle, 200);
    close_pool(&f);
}

static void the_slabs_that_were_idle_longest_go_first(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(64);
    options.grow = 10;
    options.magazine = -1;
    open_pool(&f, options);
    void *objects[50];
    for (int i = 0; i < 50; i++)
        objects[i] = must_take(f.pool);
    static const int order[] = {3, 0, 4, 1, 2}; /* slabs, as they are given back */
    for (int s = 0; s < 5; s++)
        for (int i = 0; i < 10; i++)
            qn_pool_give(f.pool, objects[10 * order[s] + i]);
    assert_true(qn_pool_trim(f.pool, 20 * 64) > 0);
    for (int s = 4; s >= 3; s--)
        for (int i = 9; i >= 0; i--)
            assert_ptr_equal(must_take(f.pool), objects[10 * order[s] + i]);
    close_pool(&f);
}

static void bytes_are_those_that_the_allocator_gave(void **state)
{
    (void)state;
    for (int checks = QN_POOL_CHECKS_ON; checks <= QN_POOL_CHECKS_OFF; checks++) {
        fixture f;
        qn_pool_options options = unchecked(200);
        options.checks = (qn_pool_checks)checks;
        options.initial = 3;
        open_pool(&f, options);
        int64_t objects = 0, peak = 0;
        void *all[2000];
        for (int round = 0; round < 40; round++) {
            for (; objects < 50 * round; objects++)
                all[objects] = must_take(f.pool);
            for (; objects > 25 * round; objects--)
                qn_pool_give(f.pool, all[objects - 1]);
            assert_int_equal(stats_of(f.pool).bytes, f.memory.live_bytes);
            peak = stats_of(f.pool).bytes_peak;
            assert_in_range(peak, f.memory.live_bytes, f.memory.peak_bytes);
            (void)qn_pool_trim(f.pool, 1000);
            assert_int_equal(stats_of(f.pool).bytes, f.memory.live_bytes);
        }
        while (objects > 0)
            qn_pool_give(f.pool, all[--objects]);
        close_pool(&f);
    }
}

static void a_hit_is_a_take_that_asks_nobody(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(64);
    options.magazine = 16;
    options.initial = 100;
    open_pool(&f, options);
    qn_pool_give(f.pool, must_take(f.pool));
    qn_pool_stats before = stats_of(f.pool);
    for (int i = 0; i < 1000; i++)
        qn_pool_give(f.pool, must_take(f.pool));
    qn_pool_stats after = stats_of(f.pool);
    assert_int_equal(after.taken - before.taken, 1000);
    assert_int_equal(after.hits - before.hits, 1000);
    assert_int_equal(after.exchanges, before.exchanges);
    void *objects[100];
    for (int i = 0; i < 100; i++)
        objects[i] = must_take(f.pool);
    qn_pool_stats last = stats_of(f.pool);
    assert_int_equal(last.taken - after.taken, 100);
    assert_in_range(last.exchanges - after.exchanges, 11, 13); /* (100 - 8) / 8 */
    for (int i = 0; i < 100; i++)
        qn_pool_give(f.pool, objects[i]);
    assert_in_range(stats_of(f.pool).exchanges - last.exchanges, 10, 12);
    assert_int_equal(last.contended, 0);
    close_pool(&f);
}

static void reset_sees_every_object_that_is_given_back(void *user, void *object)
{
    (*(int64_t *)user)++;
    memset(object, 0, 32);
}

static void an_object_is_reset_when_it_is_given_back(void **state)
{
    (void)state;
    for (int checks = QN_POOL_CHECKS_ON; checks <= QN_POOL_CHECKS_OFF; checks++) {
        fixture f;
        int64_t resets = 0;
        qn_pool_options options = unchecked(32);
        options.checks = (qn_pool_checks)checks;
        options.reset = reset_sees_every_object_that_is_given_back;
        options.user = &resets;
        open_pool(&f, options);
        char *object = must_take(f.pool);
        assert_int_equal(resets, 0);
        memset(object, 'x', 32);
        qn_pool_give(f.pool, object);
        assert_int_equal(resets, 1);
        char *again = must_take(f.pool);
        assert_ptr_equal(again, object);
        for (int i = 0; i < 32; i++)
            assert_int_equal(again[i], 0);
        qn_pool_give(f.pool, again);
        assert_int_equal(resets, 2);
        close_pool(&f);
    }
}

typedef struct making {
    int64_t made, ended, fail_at;
} making;

static qn_status make_thing(void *user, void *object, qn_error *err)
{
    making *m = user;
    if (m->fail_at > 0 && m->made + 1 == m->fail_at) {
        if (err != NULL)
            (void)snprintf(err->message, sizeof err->message, "thing number %d", (int)m->fail_at);
        return QN_LIMIT;
    }
    m->made++;
    memcpy(object, "made", 5);
    return QN_OK;
}

static void end_thing(void *user, void *object)
{
    assert_string_equal(object, "made");
    ((making *)user)->ended++;
}

static void objects_are_made_and_ended_once(void **state)
{
    (void)state;
    for (int checks = QN_POOL_CHECKS_ON; checks <= QN_POOL_CHECKS_OFF; checks++) {
        fixture f;
        making m = {0};
        qn_pool_options options = unchecked(32);
        options.checks = (qn_pool_checks)checks;
        options.construct = make_thing;
        options.destruct = end_thing;
        options.user = &m;
        options.initial = 10;
        options.grow = 5;
        open_pool(&f, options);
        assert_int_equal(m.made, 10);
        void *objects[20];
        for (int i = 0; i < 20; i++) {
            objects[i] = must_take(f.pool);
            assert_string_equal(objects[i], "made");
        }
        assert_int_equal(m.made, 20);
        for (int i = 0; i < 20; i++)
            qn_pool_give(f.pool, objects[i]);
        assert_int_equal(m.ended, 0);
        assert_true(qn_pool_trim(f.pool, 7 * 32) > 0);
        assert_int_equal(m.ended, 10);
        m.fail_at = 23;
        for (int i = 0; i < 10; i++)
            objects[i] = must_take(f.pool);
        void *none;
        qn_error err;
        assert_int_equal(qn_pool_take(&none, f.pool, &err), QN_LIMIT);
        assert_string_equal(err.message, "thing number 23");
        assert_int_equal(m.ended, 12); /* the two that were made before it */
        assert_int_equal(stats_of(f.pool).objects, 10);
        close_pool(&f);
        assert_int_equal(m.ended, m.made);
    }
}

static void impossible_pools_are_refused(void **state)
{
    (void)state;
    qn_pool *none = (void *)1;
    qn_error err;
#define REFUSED(status, ...)                                                  \
    do {                                                                      \
        qn_pool_options options = unchecked(8);                               \
        __VA_ARGS__;                                                          \
        none = (void *)1;                                                     \
        assert_int_equal(qn_pool_new(&none, &options, NULL, &err), (status)); \
        assert_null(none);                                                    \
    } while (0)
    REFUSED(QN_INVALID, options.object_size = 0);
    REFUSED(QN_INVALID, options.object_size = -1);
    REFUSED(QN_INVALID, options.object_size = INT64_MAX);
    REFUSED(QN_INVALID, options.object_size = INT64_MAX - 127);
    REFUSED(QN_INVALID, options.initial = -1);
    REFUSED(QN_INVALID, options.grow = -1);
    REFUSED(QN_INVALID, options.max = 3);
    REFUSED(QN_INVALID, options.growth = QN_POOL_BOUNDED);
    REFUSED(QN_INVALID, options.growth = QN_POOL_BOUNDED; options.max = 3; options.initial = 4);
    REFUSED(QN_INVALID, options.growth = QN_POOL_FAIL);
    REFUSED(QN_INVALID, options.growth = (qn_pool_growth)9);
    REFUSED(QN_INVALID, options.checks = (qn_pool_checks)9);
    REFUSED(QN_INVALID, options.magazine = -2);
    REFUSED(QN_INVALID, options.magazine = 1000000);
    REFUSED(QN_INVALID, options.size = 0);
    REFUSED(QN_NOMEM, options.initial = options.grow = 4; options.object_size = INT64_MAX / 2);
    REFUSED(QN_NOMEM, options.initial = INT64_MAX; options.grow = INT64_MAX);
#undef REFUSED
}

static void a_guard_gives_back_at_the_end_of_its_block(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, unchecked(64));
    void *seen;
    {
        QN_POOL_GUARD(guard, f.pool);
        QN_POOL_GUARD(unused, f.pool);
        assert_int_equal(qn_pool_take(&guard.object, f.pool, NULL), QN_OK);
        seen = guard.object;
        assert_int_equal(stats_of(f.pool).live, 1);
        assert_null(unused.object);
    }
    assert_int_equal(stats_of(f.pool).live, 0);
    qn_pool_guard guard = {f.pool, must_take(f.pool)};
    assert_ptr_equal(guard.object, seen);
    qn_pool_guard_release(&guard);
    qn_pool_guard_release(&guard);
    assert_null(guard.object);
    assert_int_equal(stats_of(f.pool).live, 0);
    close_pool(&f);
}

static void a_budget_under_pressure_gets_idle_slabs_back(void **state)
{
    (void)state;
    qn_budget *budget;
    qn_budget_options limits;
    qn_budget_options_init(&limits, sizeof limits);
    limits.limit = 1 << 20;
    qn_error err;
    assert_ok(qn_budget_new(&budget, NULL, "pools", &limits, &err), &err);
    qn_pool *small, *large;
    qn_pool_options options = unchecked(1000);
    assert_ok(qn_pool_new(&small, &options, qn_budget_allocator(budget), &err), &err);
    options.object_size = 100000;
    assert_ok(qn_pool_new(&large, &options, qn_budget_allocator(budget), &err), &err);
    void *objects[800], *big[9];
    for (int i = 0; i < 800; i++)
        objects[i] = must_take(small);
    void *none;
    big[0] = must_take(large);
    assert_int_equal(qn_pool_take(&none, large, &err), QN_BUDGET);
    assert_contains(err.message, "pools");
    for (int i = 0; i < 800; i++)
        qn_pool_give(small, objects[i]);
    for (int i = 1; i < 9; i++)
        big[i] = must_take(large);
    assert_true(stats_of(small).objects < 800);
    assert_true(stats_of(small).trimmed > 0);
    for (int i = 0; i < 9; i++)
        qn_pool_give(large, big[i]);
    for (int i = 0; i < 800; i++) /* the other way round */
        objects[i] = must_take(small);
    assert_true(stats_of(large).objects < 9);
    qn_pool_free(small);
    qn_pool_free(large);
    qn_budget_stats held = {.size = sizeof held};
    qn_budget_get_stats(budget, &held);
    assert_int_equal(held.live, 0);
    qn_budget_free(budget);
}

/* A thread that takes `count` objects and gives them back, so that its magazine is full, and then ends or waits. */
typedef struct holder {
    qn_pool *pool;
    int64_t count;
    pthread_barrier_t *barrier; /* NULL: it ends */
} holder;

static void *hold(void *user)
{
    const holder *h = user;
    void **objects = calloc((size_t)h->count, sizeof *objects);
    for (int64_t i = 0; i < h->count; i++)
        objects[i] = must_take(h->pool);
    if (h->barrier != NULL)
        (void)pthread_barrier_wait(h->barrier); /* all have theirs */
    for (int64_t i = 0; i < h->count; i++)
        qn_pool_give(h->pool, objects[i]);
    free(objects);
    if (h->barrier != NULL) {
        (void)pthread_barrier_wait(h->barrier); /* all have given back */
        (void)pthread_barrier_wait(h->barrier); /* the test is over */
    }
    return NULL;
}

static void what_a_thread_leaves_at_its_end_is_not_lost(void **state)
{
    (void)state;
    fixture f;
    qn_pool_options options = unchecked(64);
    options.growth = QN_POOL_FAIL;
    options.initial = 100;
    options.magazine = 64;
    open_pool(&f, options);
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        holder h = {.pool = f.pool, .count = 100};
        assert_int_equal(pthread_create(&thread, NULL, hold, &h), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(stats_of(f.pool).idle, 100);
    }
    void *objects[100];
    for (int i = 0; i < 100; i++)
        objects[i] = must_take(f.pool);
    for (int i = 0; i < 100; i++)
        qn_pool_give(f.pool, objects[i]);
    close_pool(&f);
}

static void the_last_object_is_found_in_any_living_threads_magazine(void **state)
{
    (void)state;
    enum {
        THREADS = 4,
        EACH = 25
    };
    fixture f;
    qn_pool_options options = unchecked(64);
    options.growth = QN_POOL_FAIL;
    options.initial = THREADS * EACH;
    options.magazine = EACH;
    qn_error err;
    assert_ok(qn_pool_new(&f.pool, &options, NULL, &err), &err); /* the counting allocator is for one thread */
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    pthread_t threads[THREADS];
    holder h = {.pool = f.pool, .count = EACH, .barrier = &barrier};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold, &h), 0);
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    assert_int_equal(stats_of(f.pool).idle, THREADS * EACH);
    void *objects[THREADS * EACH], *none;
    for (int i = 0; i < THREADS * EACH; i++) {
        objects[i] = must_take(f.pool);
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(objects[j], objects[i]);
    }
    assert_true(stats_of(f.pool).steals > 0);
    assert_int_equal(qn_pool_take(&none, f.pool, NULL), QN_EXHAUSTED);
    for (int i = 0; i < THREADS * EACH; i++)
        qn_pool_give(f.pool, objects[i]);
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    qn_pool_free(f.pool);
}

static void trimming_reaches_living_threads_magazines(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, unchecked(64));
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t thread;
    holder h = {.pool = f.pool, .count = 1000, .barrier = &barrier};
    assert_int_equal(pthread_create(&thread, NULL, hold, &h), 0);
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    assert_true(qn_pool_trim(f.pool, 0) >= 64000);
    assert_int_equal(stats_of(f.pool).objects, 0);
    (void)pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
    close_pool(&f);
}

static void an_older_callers_statistics_are_not_written_past_their_end(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, unchecked(64));
    qn_pool_stats stats;
    memset(&stats, 0x11, sizeof stats);
    stats.size = offsetof(qn_pool_stats, live);
    qn_pool_get_stats(f.pool, &stats);
    assert_int_equal(stats.objects, 0);
    assert_int_equal(stats.live, 0x1111111111111111);
    close_pool(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_aligned_and_apart),
        cmocka_unit_test(the_object_given_back_last_is_taken_first),
        cmocka_unit_test(a_fresh_slab_is_handed_out_by_rising_address),
        cmocka_unit_test(large_objects_begin_in_different_sets_of_a_cache),
        cmocka_unit_test(nothing_given_back_is_fine),
        cmocka_unit_test(a_pool_that_fails_has_its_initial_objects_and_no_more),
        cmocka_unit_test(a_bounded_pool_grows_to_its_bound),
        cmocka_unit_test(a_pool_grows_by_as_many_as_it_was_told),
        cmocka_unit_test(trimming_gives_whole_idle_slabs_back),
        cmocka_unit_test(trimming_keeps_as_much_as_it_is_told),
        cmocka_unit_test(what_is_kept_is_bytes_of_objects_without_their_padding),
        cmocka_unit_test(the_slabs_that_were_idle_longest_go_first),
        cmocka_unit_test(bytes_are_those_that_the_allocator_gave),
        cmocka_unit_test(a_hit_is_a_take_that_asks_nobody),
        cmocka_unit_test(an_object_is_reset_when_it_is_given_back),
        cmocka_unit_test(objects_are_made_and_ended_once),
        cmocka_unit_test(impossible_pools_are_refused),
        cmocka_unit_test(a_guard_gives_back_at_the_end_of_its_block),
        cmocka_unit_test(a_budget_under_pressure_gets_idle_slabs_back),
        cmocka_unit_test(what_a_thread_leaves_at_its_end_is_not_lost),
        cmocka_unit_test(the_last_object_is_found_in_any_living_threads_magazine),
        cmocka_unit_test(trimming_reaches_living_threads_magazines),
        cmocka_unit_test(an_older_callers_statistics_are_not_written_past_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
