/* A pool of connections with many threads: no connection is ever in two hands, there are never more than allowed, none
 * is lost and nobody is forgotten, whatever breaks meanwhile; counted by the threads and the connections themselves,
 * independently of the pool. */
#include "unit/db_pool_fake.h"

#include "base/lock.h"

#include <pthread.h>

typedef struct shared {
    qn_dbpool *pool;
    _Atomic int64_t wrong; /* relaxed: read after joining */
    int64_t steps;
    bool breaks;  /* connections break, connecting fails */
    int64_t most; /* connections that a thread holds at once */
    fake_source source;
} shared;

typedef struct worker {
    shared *shared;
    pthread_t thread;
    uint64_t random;
    int32_t who;
    int64_t taken, timeouts, refused, failed, closed;
} worker;

static void note(shared *s, bool right)
{
    if (!right)
        atomic_fetch_add_explicit(&s->wrong, 1, memory_order_relaxed);
}

/* Holds a connection for a moment. */
static void use(worker *w, qn_db *db)
{
    fake_db *fake = fake_of(db);
    note(w->shared, !qn_db_is_broken(db));
    note(w->shared, atomic_exchange_explicit(&fake->holder, w->who, memory_order_relaxed) == 0);
    fake->mark++;
    for (int64_t i = test_random_below(&w->random, 3); i > 0; i--)
        qni_yield();
    if (w->shared->breaks && test_random_below(&w->random, 8) == 0)
        db->broken = true;
    note(w->shared, atomic_exchange_explicit(&fake->holder, 0, memory_order_relaxed) == w->who);
}

/* Takes one connection, and now and then a second and a third while it has the first. */
static void one_step(worker *w)
{
    qn_db *held[3];
    int64_t count = 0, wanted = test_random_below(&w->random, 10) == 0 ? w->shared->most : 1;
    while (count < wanted) {
        qn_status status = qn_dbpool_take(&held[count], w->shared->pool, "worker", NULL);
        if (status != QN_OK) {
            note(w->shared, held[count] == NULL);
            note(w->shared, status == QN_TIMEOUT || status == QN_EXHAUSTED || status == QN_CLOSED ||
                                (status == QN_UNAVAILABLE && w->shared->breaks));
            w->timeouts += status == QN_TIMEOUT || status == QN_EXHAUSTED;
            w->failed += status == QN_UNAVAILABLE;
            w->closed += status == QN_CLOSED;
            break;
        }
        w->taken++;
        use(w, held[count++]);
    }
    while (count > 0)
        qn_dbpool_give(w->shared->pool, held[--count]);
}

static void *work(void *user)
{
    worker *w = user;
    for (int64_t i = 0; i < w->shared->steps && w->closed == 0; i++) {
        if (w->shared->breaks && test_random_below(&w->random, 50) == 0)
            fake_add(&w->shared->source.failing_opens, 1);
        if (test_random_below(&w->random, 100) == 0)
            (void)qn_dbpool_trim(w->shared->pool);
        one_step(w);
    }
    return NULL;
}

enum {
    THREADS_MANY = 200
};

static void start(worker *workers, int count, shared *s, uint64_t *random)
{
    for (int i = 0; i < count; i++) {
        workers[i] = (worker){.shared = s, .who = i + 1, .random = test_random(random)};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
}

static worker join(const worker *workers, int count)
{
    worker sum = {.who = 0};
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        sum.taken += workers[i].taken;
        sum.timeouts += workers[i].timeouts;
        sum.failed += workers[i].failed;
    }
    return sum;
}

/* Runs threads over a pool, and looks whether everything adds up. */
static void run(qn_dbpool_options options, int threads, int64_t steps, bool breaks, uint64_t *random)
{
    static worker workers[THREADS_MANY];
    /* Threads that hold some and wait for more would wait for each other: where their timeout is long, they do not. */
    shared s = {.steps = steps, .breaks = breaks, .most = options.checkout_timeout_ms == 0 ? 1 : 3};
    qn_error err;
    s.pool = fake_pool(&s.source, NULL, options);
    start(workers, threads, &s, random);
    worker sum = join(workers, threads);
    assert_int_equal(s.wrong, 0);
    qn_dbpool_stats stats = fake_stats(s.pool);
    assert_true(s.source.peak <= stats.open_max);
    assert_int_equal(stats.open, s.source.live);
    assert_int_equal(stats.out, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.takes, sum.taken);
    assert_int_equal(stats.timeouts, sum.timeouts);
    assert_int_equal(stats.open_failures, sum.failed);
    assert_int_equal(stats.opened, s.source.opened);
    assert_int_equal(stats.wait_count, stats.waits);
    assert_true(stats.idle <= options.base_size);
    assert_int_equal(stats.closed_broken + stats.closed_overflow + stats.closed_idle + stats.closed_lifetime,
                     s.source.closed);
    assert_ok(qn_dbpool_close(s.pool, 0, &err), &err);
    assert_int_equal(s.source.live, 0);
}

static void connections_are_conserved(void **state)
{
    (void)state;
    uint64_t random = test_seed(21);
    int64_t steps = test_effort(200, 20000);
    run((qn_dbpool_options){.base_size = 2, .overflow = 2, .checkout_timeout_ms = 1}, 8, steps, false, &random);
    run((qn_dbpool_options){.base_size = 1, .overflow = -1, .checkout_timeout_ms = 1}, 4, steps, true, &random);
    run((qn_dbpool_options){.base_size = 3, .overflow = 3, .checkout_timeout_ms = -1}, 8, steps, true, &random);
    run((qn_dbpool_options){.base_size = 2,
                            .overflow = 5,
                            .checkout_timeout_ms = 1,
                            .idle_ms = 1,
                            .lifetime_ms = 2,
                            .check_after_ms = 1},
        8, steps, true, &random);
}

static void two_hundred_threads_share_fifteen_connections(void **state)
{
    (void)state;
    uint64_t random = test_seed(22);
    run((qn_dbpool_options){.base_size = 5, .overflow = 10}, THREADS_MANY, test_effort(20, 500), false, &random);
    run((qn_dbpool_options){.base_size = 5, .overflow = 10}, THREADS_MANY, test_effort(20, 500), true, &random);
}

static void a_pool_can_be_closed_while_threads_take_and_give(void **state)
{
    (void)state;
    enum {
        THREADS = 6
    };
    uint64_t random = test_seed(23);
    for (int64_t round = 0; round < test_effort(25, 2000); round++) {
        worker workers[THREADS];
        shared s = {.steps = INT64_MAX, .breaks = round % 2 == 1, .most = 1};
        qn_error err;
        /* Closed twice: the pool is there as long as threads may call it. */
        s.pool = fake_pool(&s.source, NULL, (qn_dbpool_options){.base_size = 2, .overflow = 1});
        start(workers, THREADS, &s, &random);
        while (fake_stats(s.pool).takes < 20)
            qni_yield();
        qn_db *db;
        while (qn_dbpool_take(&db, s.pool, "keeper", NULL) != QN_OK)
            ;
        assert_int_equal(qn_dbpool_close(s.pool, 0, NULL), QN_BUSY);
        (void)join(workers, THREADS); /* each of them until it was told that the pool is closed */
        qn_dbpool_give(s.pool, db);
        assert_ok(qn_dbpool_close(s.pool, 0, &err), &err);
        assert_int_equal(s.wrong, 0);
        assert_int_equal(s.source.live, 0);
    }
}

/* Threads that give while another closes: the last give ends the closing, which frees the pool under the giver's last
 * steps. */
static void *give_one(void *user)
{
    qn_db *db = user;
    qni_dbslot *slot = db->pool_slot;
    qn_dbpool_give(slot->pool, db);
    return NULL;
}

static void the_last_give_may_end_the_pool(void **state)
{
    (void)state;
    enum {
        GIVERS = 3
    };
    for (int64_t round = 0; round < test_effort(100, 10000); round++) {
        pthread_t threads[GIVERS];
        qn_db *dbs[GIVERS];
        fake_source source = {0};
        qn_error err;
        qn_dbpool *pool = fake_pool(&source, NULL, (qn_dbpool_options){.base_size = 1, .overflow = 2});
        for (int i = 0; i < GIVERS; i++)
            dbs[i] = fake_take(pool, "giver");
        for (int i = 0; i < GIVERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, give_one, dbs[i]), 0);
        assert_ok(qn_dbpool_close(pool, -1, &err), &err);
        assert_int_equal(source.live, 0);
        for (int i = 0; i < GIVERS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_conserved),
        cmocka_unit_test(two_hundred_threads_share_fifteen_connections),
        cmocka_unit_test(a_pool_can_be_closed_while_threads_take_and_give),
        cmocka_unit_test(the_last_give_may_end_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
