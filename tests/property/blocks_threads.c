/* A pool of blocks in many threads, more than there are processors: nothing lost, nothing twice, nothing refused
 * without need, and counts that fit at every instant. */
#include "harness/harness.h"

#include "base/lock.h"

#include <quern/blocks.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS_MOST = 200,
    LIST_MOST = 10
};

/* What the threads of a test share. Cmocka's assertions are not for threads: they count what is wrong. */
typedef struct world {
    qn_blocks *pool;
    int64_t rounds;
    pthread_barrier_t start;
    _Atomic int64_t wrong;
    _Atomic int64_t done; /* threads that have finished; or lists that succeeded */
    /* Blocks, each only grows: begun before the call, done after it. So at every instant
     * taken_done - given_begun <= used <= taken_begun - given_done. Sequentially consistent, all four: read in an order
     * that matters. */
    _Atomic int64_t taken_begun, taken_done, given_begun, given_done;
    qn_block shared[LIST_MOST];
    _Atomic int64_t published; /* a block's id */
} world;

typedef struct worker {
    world *w;
    int64_t number; /* 1 ... threads; its owner as well */
    uint64_t random;
    qn_block list[LIST_MOST];
    qn_status status;
    pthread_t thread;
} worker;

static worker workers[THREADS_MOST];

static void wrong(world *w)
{
    atomic_fetch_add_explicit(&w->wrong, 1, memory_order_relaxed); /* relaxed: read when the threads have ended */
}

static void finish(world *w)
{
    /* Release: pairs with the acquire in finished; what this thread did to the pool comes before. */
    atomic_fetch_add_explicit(&w->done, 1, memory_order_release);
}

static bool finished(world *w, int64_t threads)
{
    return atomic_load_explicit(&w->done, memory_order_acquire) == threads; /* acquire: as in finish */
}

static void open_world(world *w, int64_t count, int64_t block_size, const qn_blocks_options *options)
{
    qn_error err;
    memset(w, 0, sizeof *w);
    assert_ok(qn_blocks_new(&w->pool, count, block_size, options, NULL, &err), &err);
}

/* Starts `threads` of them at once, calls `watch` (may be NULL) until all have finished, waits for them. */
static void run(world *w, int64_t threads, void *(*main)(void *), void (*watch)(world *w))
{
    assert_int_equal(pthread_barrier_init(&w->start, NULL, (unsigned)threads), 0);
    for (int64_t i = 0; i < threads; i++) {
        workers[i] = (worker){.w = w, .number = i + 1, .random = (uint64_t)i * 7919 + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, main, &workers[i]), 0);
    }
    while (watch != NULL && !finished(w, threads))
        watch(w);
    for (int64_t i = 0; i < threads; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    (void)pthread_barrier_destroy(&w->start);
    assert_int_equal(atomic_load_explicit(&w->wrong, memory_order_relaxed), 0); /* relaxed: the threads have ended */
}

static void close_world(world *w, int64_t used)
{
    qn_blocks_count counts = qn_blocks_counts(w->pool);
    assert_int_equal(counts.used, used);
    assert_int_equal(counts.used + counts.free, counts.total);
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(w->pool, &stats);
    assert_int_equal(stats.taken - stats.given, used);
    qn_blocks_free(w->pool);
}

static void watch_counts(world *w)
{
    int64_t taken_done = atomic_load(&w->taken_done), given_done = atomic_load(&w->given_done);
    qn_blocks_count counts = qn_blocks_counts(w->pool);
    int64_t given_begun = atomic_load(&w->given_begun), taken_begun = atomic_load(&w->taken_begun);
    if (counts.used + counts.free != counts.total || counts.used < taken_done - given_begun ||
        counts.used > taken_begun - given_done)
        wrong(w);
}

/* -- Taking -- */

static void *take_ten(void *user)
{
    worker *me = user;
    (void)pthread_barrier_wait(&me->w->start);
    me->status = qn_blocks_take(me->list, me->w->pool, me->number, 10, NULL);
    return NULL;
}

/* How many threads got a list, all of whose blocks are there once. */
static int64_t lists_taken(const world *w, int64_t threads)
{
    static bool seen[100000];
    int64_t taken = 0;
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < threads; i++) {
        if (workers[i].status != QN_OK) {
            assert_int_equal(workers[i].status, QN_EXHAUSTED);
            continue;
        }
        taken++;
        for (int j = 0; j < 10; j++) {
            int64_t index = qn_blocks_index(workers[i].list[j]);
            assert_true(index >= 0 && index < qn_blocks_counts(w->pool).total && !seen[index]);
            seen[index] = true;
        }
    }
    return taken;
}

static void ten_threads_that_take_ten_blocks_each_have_a_hundred_different_ones(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        world w;
        open_world(&w, round % 2 == 0 ? 100 : 5000, 64, NULL);
        run(&w, 10, take_ten, NULL);
        assert_int_equal(lists_taken(&w, 10), 10);
        close_world(&w, 100);
    }
}

static void two_hundred_threads_exhaust_a_pool_cleanly_and_lose_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        world w;
        open_world(&w, 1000, 64, NULL);
        run(&w, 200, take_ten, NULL);
        assert_int_equal(lists_taken(&w, 200), 100);
        qn_blocks_stats stats = {.size = sizeof stats};
        qn_blocks_get_stats(w.pool, &stats);
        assert_int_equal(stats.refused, 100);
        assert_int_equal(stats.peak, 1000);
        for (int i = 0; i < 200; i++)
            assert_int_equal(qn_blocks_give_all(w.pool, i + 1), workers[i].status == QN_OK ? 10 : 0);
        qn_block all[1000];
        assert_int_equal(qn_blocks_take(all, w.pool, 7, 1000, NULL), QN_OK);
        close_world(&w, 1000);
    }
}

/* -- Giving -- */

static void *give_part(void *user)
{
    worker *me = user;
    (void)pthread_barrier_wait(&me->w->start);
    for (int i = 0; i < 10; i += 2)
        if (qn_blocks_give(me->w->pool, me->number, me->list + i, 2, NULL) != QN_OK)
            wrong(me->w);
    return NULL;
}

static void *take_then_give(void *user)
{
    worker *me = user;
    if (qn_blocks_take(me->list, me->w->pool, me->number, 10, NULL) != QN_OK)
        wrong(me->w);
    return give_part(user);
}

static void five_threads_that_give_at_once_leave_everything_free(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        world w;
        open_world(&w, 50, 64, NULL);
        run(&w, 5, take_then_give, NULL);
        qn_block all[50];
        assert_int_equal(qn_blocks_take(all, w.pool, 7, 50, NULL), QN_OK);
        close_world(&w, 50);
    }
}

static void *give_the_same(void *user)
{
    worker *me = user;
    (void)pthread_barrier_wait(&me->w->start);
    me->status = qn_blocks_give(me->w->pool, 1, me->w->shared, 10, NULL);
    return NULL;
}

static void of_many_threads_that_give_one_list_exactly_one_succeeds(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        world w;
        open_world(&w, 50, 64, NULL);
        assert_int_equal(qn_blocks_take(w.shared, w.pool, 1, 10, NULL), QN_OK);
        run(&w, 4, give_the_same, NULL);
        int successes = 0;
        for (int i = 0; i < 4; i++)
            successes += workers[i].status == QN_OK;
        assert_int_equal(successes, 1);
        close_world(&w, 0);
    }
}

/* -- Both -- */

/* Marks a block as this thread's with plain writes: the thread sanitizer sees who comes too early. */
static void mark(worker *me, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t *bytes = qn_blocks_data(me->w->pool, me->list[i]);
        if (bytes == NULL)
            wrong(me->w);
        else
            *bytes = me->number;
    }
}

static void look(worker *me, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t *bytes = qn_blocks_data(me->w->pool, me->list[i]);
        if (bytes == NULL || *bytes != me->number)
            wrong(me->w);
    }
}

static void *mix(void *user)
{
    worker *me = user;
    world *w = me->w;
    (void)pthread_barrier_wait(&w->start);
    for (int64_t i = 0; i < w->rounds; i++) {
        int64_t n = 1 + test_random_below(&me->random, LIST_MOST);
        atomic_fetch_add(&w->taken_begun, n);
        qn_status status = qn_blocks_take(me->list, w->pool, me->number, n, NULL);
        if (status == QN_EXHAUSTED) {
            atomic_fetch_add(&w->given_done, n); /* never used */
            qni_yield();
            continue;
        }
        atomic_fetch_add(&w->taken_done, n);
        mark(me, n);
        if (test_random_below(&me->random, 4) == 0)
            qni_yield();
        if (test_random_below(&me->random, 8) == 0) { /* a bad list disturbs nobody */
            qn_block last = me->list[n - 1];
            me->list[n - 1] = (qn_block){last.id + (INT64_C(1) << 32)};
            if (qn_blocks_give(w->pool, me->number, me->list, n, NULL) != QN_INVALID)
                wrong(w);
            me->list[n - 1] = last;
        }
        look(me, n);
        atomic_fetch_add(&w->given_begun, n);
        if (i % 5 == 0) {
            if (qn_blocks_give_all(w->pool, me->number) != n)
                wrong(w);
        } else if (qn_blocks_give(w->pool, me->number, me->list, n, NULL) != QN_OK) {
            wrong(w);
        }
        atomic_fetch_add(&w->given_done, n);
    }
    finish(w);
    return NULL;
}

static void twenty_threads_that_take_and_give_end_exactly_and_counts_always_fit(void **state)
{
    (void)state;
    world w;
    open_world(&w, 90, 64, NULL); /* not enough for all at once */
    w.rounds = test_effort(2000, 100000);
    run(&w, 20, mix, watch_counts);
    assert_int_equal(atomic_load(&w.taken_begun), atomic_load(&w.given_done));
    assert_int_equal(atomic_load(&w.taken_done), atomic_load(&w.given_begun));
    qn_block all[90];
    assert_int_equal(qn_blocks_take(all, w.pool, 7, 90, NULL), QN_OK);
    close_world(&w, 90);
}

static void *take_what_must_fit(void *user)
{
    worker *me = user;
    world *w = me->w;
    (void)pthread_barrier_wait(&w->start);
    for (int64_t i = 0; i < w->rounds; i++) {
        /* Another owner each time: blocks wander between shards. */
        int64_t owner = me->number + 1000 * test_random_below(&me->random, 50);
        if (qn_blocks_take(me->list, w->pool, owner, 10, NULL) != QN_OK) {
            wrong(w);
            break;
        }
        mark(me, 10);
        look(me, 10);
        if (qn_blocks_give(w->pool, owner, me->list, 10, NULL) != QN_OK)
            wrong(w);
    }
    finish(w);
    return NULL;
}

/* Lists have ten blocks: a list that is half taken or half given would be seen. */
static void watch_tens(world *w)
{
    qn_blocks_count counts = qn_blocks_counts(w->pool);
    if (counts.used % 10 != 0 || counts.used + counts.free != counts.total)
        wrong(w);
}

static void a_list_that_fits_is_never_refused_and_never_seen_in_part(void **state)
{
    (void)state;
    static const int64_t threads[] = {2, 16};
    for (int t = 0; t < 2; t++) {
        world w;
        open_world(&w, threads[t] * 10, 64, NULL); /* exactly enough, all of the time */
        w.rounds = test_effort(40000, 1000000) / threads[t];
        run(&w, threads[t], take_what_must_fit, watch_tens);
        close_world(&w, 0);
    }
}

/* -- Sharing -- */

static void *share_and_refer(void *user)
{
    worker *me = user;
    world *w = me->w;
    (void)pthread_barrier_wait(&w->start);
    for (int64_t i = 0; i < w->rounds; i++) {
        /* 999 holds these all of the time. */
        int64_t n = 1 + test_random_below(&me->random, LIST_MOST);
        const qn_block *list = w->shared + test_random_below(&me->random, LIST_MOST - n + 1);
        if (qn_blocks_ref(w->pool, list[0], NULL) != QN_OK ||
            qn_blocks_share(w->pool, 999, me->number, list, n, NULL) != QN_OK)
            wrong(w);
        memcpy(me->list, list, (size_t)n * sizeof *list);
        qn_block mine = list[n - 1];
        const int64_t *bytes = qn_blocks_data(w->pool, mine);
        int64_t was = bytes == NULL ? -1 : *bytes;
        if (qn_blocks_make_writable(&mine, w->pool, me->number, NULL) != QN_OK || mine.id == list[n - 1].id)
            wrong(w);
        me->list[n - 1] = mine;
        int64_t *copy = qn_blocks_data(w->pool, mine);
        if (copy == NULL || *copy != was)
            wrong(w);
        else
            *copy = me->number;
        if (i % 3 == 0 ? qn_blocks_give_all(w->pool, me->number) != n
                       : qn_blocks_give(w->pool, me->number, me->list, n, NULL) != QN_OK)
            wrong(w);
        if (qn_blocks_unref(w->pool, list[0], NULL) != QN_OK)
            wrong(w);
    }
    finish(w);
    return NULL;
}

static void shared_blocks_stay_as_they_are_while_threads_share_copy_and_refer(void **state)
{
    (void)state;
    world w;
    qn_blocks_options options;
    qn_blocks_options_init(&options, sizeof options);
    options.shares = 12 * LIST_MOST; /* all that the threads can have at once */
    open_world(&w, 40, 64, &options);
    w.rounds = test_effort(2000, 100000);
    assert_int_equal(qn_blocks_take(w.shared, w.pool, 999, LIST_MOST, NULL), QN_OK);
    for (int64_t i = 0; i < LIST_MOST; i++)
        *(int64_t *)qn_blocks_data(w.pool, w.shared[i]) = -100 - i;
    run(&w, 12, share_and_refer, NULL);
    for (int64_t i = 0; i < LIST_MOST; i++) {
        assert_int_equal(*(int64_t *)qn_blocks_data(w.pool, w.shared[i]), -100 - i);
        assert_int_equal(qn_blocks_holds(w.pool, w.shared[i]), 1);
    }
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(w.pool, &stats);
    assert_int_equal(stats.shares, 0);
    close_world(&w, LIST_MOST);
}

/* One hold each of one block: all let go at once, in each of the ways there are. */
static void *let_go(void *user)
{
    worker *me = user;
    world *w = me->w;
    (void)pthread_barrier_wait(&w->start);
    const int64_t *bytes = qn_blocks_data(w->pool, w->shared[0]);
    if (bytes == NULL || *bytes != 42)
        wrong(w);
    qn_block mine = w->shared[0];
    if (me->number % 3 == 0) {
        if (qn_blocks_unref(w->pool, mine, NULL) != QN_OK)
            wrong(w);
    } else if (me->number % 3 == 1) {
        if (qn_blocks_give(w->pool, me->number, &mine, 1, NULL) != QN_OK)
            wrong(w);
    } else {
        if (qn_blocks_make_writable(&mine, w->pool, me->number, NULL) != QN_OK)
            wrong(w);
        int64_t *own = qn_blocks_data(w->pool, mine);
        if (own == NULL || *own != 42)
            wrong(w);
        else
            *own = me->number; /* alone with it, whoever was there before */
        if (qn_blocks_give_all(w->pool, me->number) != 1)
            wrong(w);
    }
    return NULL;
}

static void the_last_of_many_holders_frees_the_block(void **state)
{
    (void)state;
    for (int64_t round = 0; round < test_effort(300, 20000); round++) {
        world w;
        open_world(&w, 12, 64, NULL);
        assert_int_equal(qn_blocks_take(w.shared, w.pool, 1, 1, NULL), QN_OK);
        *(int64_t *)qn_blocks_data(w.pool, w.shared[0]) = 42;
        for (int64_t number = 2; number <= 9; number++)
            assert_int_equal(number % 3 == 0 ? qn_blocks_ref(w.pool, w.shared[0], NULL)
                                             : qn_blocks_share(w.pool, 1, number, w.shared, 1, NULL),
                             QN_OK);
        run(&w, 9, let_go, NULL);
        assert_null(qn_blocks_data(w.pool, w.shared[0]));
        close_world(&w, 0);
    }
}

/* Thread 1 takes and gives one block all of the time; the others refer to whatever it has just now. */
static void *give_or_refer(void *user)
{
    worker *me = user;
    world *w = me->w;
    (void)pthread_barrier_wait(&w->start);
    for (int64_t i = 0; i < w->rounds; i++) {
        qn_block block;
        if (me->number == 1) {
            if (qn_blocks_take(&block, w->pool, 1, 1, NULL) != QN_OK)
                wrong(w);
            *(int64_t *)qn_blocks_data(w->pool, block) = block.id;
            /* Release: pairs with the acquire below: the block's bytes are seen. */
            atomic_store_explicit(&w->published, block.id, memory_order_release);
            for (int64_t pause = test_random_below(&me->random, 16); pause > 0; pause--)
                qni_pause(); /* so that the others come at every moment */
            if (qn_blocks_give(w->pool, 1, &block, 1, NULL) != QN_OK)
                wrong(w);
            continue;
        }
        block.id = atomic_load_explicit(&w->published, memory_order_acquire);
        if (qn_blocks_ref(w->pool, block, NULL) != QN_OK)
            continue; /* given already */
        const int64_t *bytes = qn_blocks_data(w->pool, block);
        if (bytes == NULL || *bytes != block.id)
            wrong(w);
        if (qn_blocks_unref(w->pool, block, NULL) != QN_OK)
            wrong(w);
    }
    return NULL;
}

static void a_reference_to_a_block_that_is_being_given_is_refused_or_keeps_it(void **state)
{
    (void)state;
    world w;
    open_world(&w, 8, 64, NULL);
    w.rounds = test_effort(150000, 10000000);
    run(&w, 3, give_or_refer, NULL);
    close_world(&w, 0);
}

/* -- Reconfiguring -- */

static void *take_and_give(void *user)
{
    worker *me = user;
    world *w = me->w;
    (void)pthread_barrier_wait(&w->start);
    for (int64_t i = 0; i < w->rounds; i++) {
        /* Another owner each time: blocks are looked for in other shards. */
        int64_t owner = me->number + 1000 * test_random_below(&me->random, 50);
        qn_status status = qn_blocks_take(me->list, w->pool, owner, 3, NULL);
        if (status == QN_BUSY || status == QN_EXHAUSTED)
            continue;
        if (status != QN_OK)
            wrong(w);
        status = qn_blocks_give(w->pool, owner, me->list, 3, NULL);
        if (status != QN_OK && status != QN_INVALID) /* stale, where it was forced */
            wrong(w);
    }
    finish(w);
    return NULL;
}

static void reconfigure_held(world *w)
{
    if (qn_blocks_reconfigure(w->pool, 30, 64, false, NULL) != QN_BUSY)
        wrong(w);
}

static void reconfigure_softly(world *w)
{
    static int64_t count = 20;
    qn_status status = qn_blocks_reconfigure(w->pool, 20 + ++count % 20, 64, false, NULL);
    if (status != QN_OK && status != QN_BUSY)
        wrong(w);
    qn_blocks_count counts = qn_blocks_counts(w->pool);
    if (counts.used + counts.free != counts.total)
        wrong(w);
}

static void reconfigure_hard(world *w)
{
    static int64_t calls = 0;
    /* Seldom: in between, blocks come into the shards, and takes look for them there. */
    if (++calls % 64 == 0 && qn_blocks_reconfigure(w->pool, 20 + calls / 64 % 20, 64, true, NULL) != QN_OK)
        wrong(w);
    qn_blocks_count counts = qn_blocks_counts(w->pool);
    if (counts.used + counts.free != counts.total)
        wrong(w);
}

static void reconfiguring_while_threads_take_and_give_is_refused_or_exact(void **state)
{
    (void)state;
    static void (*const watches[])(world *) = {reconfigure_held, reconfigure_softly, reconfigure_hard};
    for (int i = 0; i < 3; i++) {
        world w;
        open_world(&w, 30, 64, NULL);
        w.rounds = test_effort(10000, 300000);
        qn_block held;
        if (i == 0)
            assert_int_equal(qn_blocks_take(&held, w.pool, 999, 1, NULL), QN_OK);
        run(&w, 6, take_and_give, watches[i]);
        if (i == 0)
            assert_int_equal(qn_blocks_give(w.pool, 999, &held, 1, NULL), QN_OK);
        int64_t total = qn_blocks_counts(w.pool).total;
        qn_block *all = calloc((size_t)total, sizeof *all);
        assert_non_null(all);
        assert_int_equal(qn_blocks_take(all, w.pool, 7, total, NULL), QN_OK);
        free(all);
        close_world(&w, total);
    }
}

/* -- Watermarks -- */

typedef struct tide {
    _Atomic int64_t above, below;
} tide;

static void on_watermark(void *user, bool above, int64_t used)
{
    tide *t = user;
    (void)used;
    /* Relaxed: read when the threads have ended. */
    atomic_fetch_add_explicit(above ? &t->above : &t->below, 1, memory_order_relaxed);
}

static void no_crossing_of_a_watermark_is_lost(void **state)
{
    (void)state;
    tide t = {0, 0};
    world w;
    qn_blocks_options options;
    qn_blocks_options_init(&options, sizeof options);
    options.high = 40;
    options.low = 15;
    options.watermark = on_watermark;
    options.user = &t;
    open_world(&w, 60, 64, &options);
    for (int64_t round = 0; round < test_effort(20, 1000); round++) {
        w.rounds = 200;
        atomic_store(&w.done, 0);
        run(&w, 8, mix, watch_counts);
        /* Nothing is used: whatever went above came below again. */
        assert_int_equal(atomic_load(&t.above), atomic_load(&t.below));
    }
    qn_block list[40];
    int64_t above = atomic_load(&t.above);
    assert_int_equal(qn_blocks_take(list, w.pool, 1, 40, NULL), QN_OK);
    assert_int_equal(atomic_load(&t.above), above + 1);
    close_world(&w, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_threads_that_take_ten_blocks_each_have_a_hundred_different_ones),
        cmocka_unit_test(two_hundred_threads_exhaust_a_pool_cleanly_and_lose_nothing),
        cmocka_unit_test(five_threads_that_give_at_once_leave_everything_free),
        cmocka_unit_test(of_many_threads_that_give_one_list_exactly_one_succeeds),
        cmocka_unit_test(twenty_threads_that_take_and_give_end_exactly_and_counts_always_fit),
        cmocka_unit_test(a_list_that_fits_is_never_refused_and_never_seen_in_part),
        cmocka_unit_test(shared_blocks_stay_as_they_are_while_threads_share_copy_and_refer),
        cmocka_unit_test(the_last_of_many_holders_frees_the_block),
        cmocka_unit_test(a_reference_to_a_block_that_is_being_given_is_refused_or_keeps_it),
        cmocka_unit_test(reconfiguring_while_threads_take_and_give_is_refused_or_exact),
        cmocka_unit_test(no_crossing_of_a_watermark_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
