/* A pool of connections: who gets which, what is closed when, what happens to what is left open. Time and connections
 * are the test's own; the last tests use databases in memory. */
#include "unit/db_pool_fake.h"

#include "base/lock.h"

#include <quern/log.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* One at a time: no overflow and no waiting. */
static const qn_dbpool_options single = {.base_size = 1, .overflow = -1, .checkout_timeout_ms = -1};

static void must_close(qn_dbpool *pool)
{
    qn_error err;
    assert_ok(qn_dbpool_close(pool, 0, &err), &err);
}

/* ---- who gets which ---- */

static void the_connection_given_back_last_is_handed_out_first(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.size = 0});
    qn_db *a = fake_take(pool, "a"), *b = fake_take(pool, "b"), *c = fake_take(pool, "c");
    assert_true(a != b && b != c && a != c);
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, c);
    qn_dbpool_give(pool, b);
    assert_ptr_equal(fake_take(pool, "d"), b);
    assert_ptr_equal(fake_take(pool, "e"), c);
    assert_ptr_equal(fake_take(pool, "f"), a);
    assert_int_equal(source.opened, 3);
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    qn_dbpool_give(pool, c);
    qn_dbpool_give(pool, NULL);
    must_close(pool);
    assert_int_equal(source.closed, 3);
}

static void a_pool_keeps_its_base_and_closes_what_overflows(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_db *dbs[5];
    qn_dbpool *pool =
        fake_pool(&source, &clock, (qn_dbpool_options){.base_size = 2, .overflow = 3, .checkout_timeout_ms = -1});
    assert_int_equal(source.opened, 0); /* nothing before the first take */
    for (int i = 0; i < 5; i++)
        dbs[i] = fake_take(pool, "five");
    assert_int_equal(source.live, 5);
    qn_db *sixth = dbs[0];
    qn_error err;
    assert_int_equal(qn_dbpool_take(&sixth, pool, "sixth", &err), QN_EXHAUSTED);
    assert_null(sixth);
    for (int i = 0; i < 5; i++)
        qn_dbpool_give(pool, dbs[i]);
    assert_int_equal(source.live, 2);
    qn_dbpool_stats stats = fake_stats(pool);
    assert_int_equal(stats.open, 2);
    assert_int_equal(stats.idle, 2);
    assert_int_equal(stats.open_max, 5);
    assert_int_equal(stats.open_peak, 5);
    assert_int_equal(stats.takes, 5);
    assert_int_equal(stats.timeouts, 1);
    assert_int_equal(stats.closed_overflow, 3);
    must_close(pool);
}

/* Called while a connection is opened: the pool must answer, for it is not locked. */
static void look(void *user)
{
    qn_dbpool **pool = user;
    if (*pool == NULL)
        return;
    qn_dbpool_stats stats = fake_stats(*pool);
    assert_true(stats.out > 0);
    assert_int_equal(qn_dbpool_trim(*pool), 0);
}

static void opening_an_overflow_connection_holds_no_lock(void **state)
{
    (void)state;
    qn_dbpool *pool = NULL;
    fake_source source = {.on_open = look, .user = &pool};
    fake_clock clock = {0};
    pool = fake_pool(&source, &clock, (qn_dbpool_options){.base_size = 1, .overflow = 3});
    qn_db *dbs[4];
    for (int i = 0; i < 4; i++)
        dbs[i] = fake_take(pool, "overflow");
    for (int i = 0; i < 4; i++)
        qn_dbpool_give(pool, dbs[i]);
    must_close(pool);
}

static void who_waits_too_long_is_told_who_has_the_connections(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {.step_ns = FAKE_SECOND};
    qn_dbpool *pool =
        fake_pool(&source, &clock,
                  (qn_dbpool_options){.base_size = 1, .overflow = 1, .checkout_timeout_ms = 1, .name = "prices"});
    qn_db *a = fake_take(pool, "slow import"), *b = fake_take(pool, NULL), *c;
    qn_error err;
    assert_int_equal(qn_dbpool_take(&c, pool, "late", &err), QN_TIMEOUT);
    assert_null(c);
    assert_contains(err.message, "\"prices\"");
    assert_contains(err.message, "1 ms");
    assert_contains(err.message, "2 are out: \"slow import\" for ");
    assert_contains(err.message, "\"somebody\" for ");
    qn_dbpool_stats stats = fake_stats(pool);
    assert_int_equal(stats.timeouts, 1);
    assert_int_equal(stats.waits, 1);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.wait_count, 1);
    assert_int_equal(stats.wait_ns_max, 2 * FAKE_SECOND); /* the clock was looked at twice more */
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    must_close(pool);
}

/* ---- waiting ---- */

typedef struct waiter {
    pthread_t thread;
    qn_dbpool *pool;
    _Atomic int64_t *turn; /* how many have had their turn before */
    int64_t my_turn;
    bool breaks; /* gives it back broken */
    qn_status status;
    qn_error err;
} waiter;

static void *wait_and_give(void *user)
{
    waiter *w = user;
    qn_db *db;
    w->status = qn_dbpool_take(&db, w->pool, "waiter", &w->err);
    w->my_turn = atomic_fetch_add(w->turn, 1);
    if (w->status == QN_OK) {
        db->broken = w->breaks;
        qn_dbpool_give(w->pool, db);
    }
    return NULL;
}

/* Starts waiters one after another, each when the one before waits. */
static void start_waiters(waiter *waiters, int count, qn_dbpool *pool, _Atomic int64_t *turn)
{
    for (int i = 0; i < count; i++) {
        waiters[i].pool = pool;
        waiters[i].turn = turn;
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_and_give, &waiters[i]), 0);
        while (fake_stats(pool).waiting != i + 1)
            qni_yield();
    }
}

static void join_waiters(waiter *waiters, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
}

enum {
    WAITERS = 6
};

static void who_waits_is_served_in_the_order_of_coming(void **state)
{
    (void)state;
    fake_source source = {0};
    _Atomic int64_t turn = 0;
    waiter waiters[WAITERS] = {0};
    qn_dbpool *pool = fake_pool(&source, NULL, (qn_dbpool_options){.base_size = 1, .overflow = -1});
    qn_db *db = fake_take(pool, "first");
    start_waiters(waiters, WAITERS, pool, &turn);
    qn_dbpool_give(pool, db);
    /* It went to the first of them at once: this thread, which comes now, is behind all of them. */
    db = fake_take(pool, "last");
    assert_int_equal(turn, WAITERS);
    qn_dbpool_give(pool, db);
    join_waiters(waiters, WAITERS);
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(waiters[i].status, QN_OK);
        assert_int_equal(waiters[i].my_turn, i);
    }
    assert_int_equal(source.opened, 1);
    qn_dbpool_stats stats = fake_stats(pool);
    assert_int_equal(stats.takes, WAITERS + 2);
    assert_in_range(stats.waits, WAITERS, WAITERS + 1);
    assert_int_equal(stats.wait_count, stats.waits);
    assert_true(stats.wait_ns_p50 <= stats.wait_ns_p99 && stats.wait_ns_p99 <= stats.wait_ns_max);
    must_close(pool);
}

static void a_waiter_opens_a_new_connection_in_place_of_a_broken_one(void **state)
{
    (void)state;
    fake_source source = {0};
    _Atomic int64_t turn = 0;
    waiter waiters[3] = {[0] = {.breaks = true}};
    qn_dbpool *pool = fake_pool(&source, NULL, (qn_dbpool_options){.base_size = 1, .overflow = -1});
    qn_db *db = fake_take(pool, "first");
    start_waiters(waiters, 3, pool, &turn);
    db->broken = true;
    qn_dbpool_give(pool, db);
    join_waiters(waiters, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(waiters[i].status, QN_OK);
        assert_int_equal(waiters[i].my_turn, i);
    }
    assert_int_equal(source.opened, 3); /* the second waiter's was the third */
    assert_int_equal(source.peak, 1);   /* the broken one was closed before */
    assert_int_equal(fake_stats(pool).closed_broken, 2);
    must_close(pool);
}

static void who_cannot_connect_has_the_error_and_the_next_has_his_chance(void **state)
{
    (void)state;
    fake_source source = {0};
    _Atomic int64_t turn = 0;
    waiter waiters[4] = {0};
    qn_dbpool *pool = fake_pool(&source, NULL, (qn_dbpool_options){.base_size = 1, .overflow = -1});
    qn_db *db = fake_take(pool, "first");
    start_waiters(waiters, 4, pool, &turn);
    source.failing_opens = 2;
    db->broken = true;
    qn_dbpool_give(pool, db);
    join_waiters(waiters, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(waiters[i].status, i < 2 ? QN_UNAVAILABLE : QN_OK);
    assert_contains(waiters[0].err.message, "does not answer");
    qn_dbpool_stats stats = fake_stats(pool);
    assert_int_equal(stats.open_failures, 2);
    assert_int_equal(stats.open, 1);
    source.failing_opens = -1; /* nor is a slot lost where nobody waits */
    db = fake_take(pool, "breaks it");
    db->broken = true;
    qn_dbpool_give(pool, db);
    for (int i = 0; i < 3; i++)
        assert_int_equal(qn_dbpool_take(&db, pool, "in vain", NULL), QN_UNAVAILABLE);
    source.failing_opens = 0;
    qn_dbpool_give(pool, fake_take(pool, "at last"));
    must_close(pool);
}

typedef struct last_moment {
    qn_dbpool *pool;
    qn_db *db;
    int reads;
} last_moment;

/* When the waiter has found that nobody gave, and sees that his time is over. */
static void give_at_the_last_moment(void *user)
{
    last_moment *m = user;
    if (++m->reads != 2)
        return;
    qn_db *db = m->db;
    m->db = NULL;
    qn_dbpool_give(m->pool, db);
}

static void a_connection_that_comes_at_the_last_moment_is_taken(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {.step_ns = FAKE_SECOND};
    qn_dbpool *pool =
        fake_pool(&source, &clock, (qn_dbpool_options){.base_size = 1, .overflow = -1, .checkout_timeout_ms = 1});
    last_moment m = {.pool = pool, .db = fake_take(pool, "first")};
    qn_db *same = m.db;
    clock.on_read = give_at_the_last_moment;
    clock.user = &m;
    assert_ptr_equal(fake_take(pool, "second"), same);
    assert_null(m.db);
    assert_int_equal(fake_stats(pool).timeouts, 0);
    clock.on_read = NULL;
    qn_dbpool_give(pool, same);
    must_close(pool);
}

/* ---- what is closed when ---- */

static void what_was_idle_for_too_long_is_closed(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.idle_ms = 100000, .check_after_ms = -1});
    qn_db *a = fake_take(pool, "a"), *b = fake_take(pool, "b"), *c = fake_take(pool, "c");
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    qn_dbpool_give(pool, c);
    fake_pass(&clock, 99);
    assert_int_equal(qn_dbpool_trim(pool), 0);
    c = fake_take(pool, "c again");
    fake_pass(&clock, 2);
    qn_dbpool_give(pool, c); /* one of the two that are colder goes with it */
    assert_int_equal(source.live, 2);
    assert_int_equal(qn_dbpool_trim(pool), 1);
    assert_int_equal(source.live, 1);
    fake_pass(&clock, 101);
    c = fake_take(pool, "late"); /* it is not handed out */
    assert_int_equal(fake_of(c)->number, 3);
    assert_int_equal(source.live, 1);
    assert_int_equal(source.pings, 0);
    qn_dbpool_stats stats = fake_stats(pool);
    assert_int_equal(stats.closed_idle, 3);
    qn_dbpool_give(pool, c);
    must_close(pool);
}

static void what_is_too_old_is_closed_and_not_all_at_once(void **state)
{
    (void)state;
    enum {
        COUNT = 50
    };
    fake_source source = {0};
    fake_clock clock = {0};
    qn_db *dbs[COUNT];
    qn_dbpool *pool =
        fake_pool(&source, &clock,
                  (qn_dbpool_options){.base_size = COUNT, .idle_ms = -1, .lifetime_ms = 1000000, .check_after_ms = -1});
    for (int i = 0; i < COUNT; i++)
        dbs[i] = fake_take(pool, "many");
    for (int i = 1; i < COUNT; i++)
        qn_dbpool_give(pool, dbs[i]);
    fake_pass(&clock, 899);
    assert_int_equal(qn_dbpool_trim(pool), 0);
    int64_t most = 0, sum = 0;
    for (int second = 0; second < 101; second++) {
        fake_pass(&clock, 1);
        int64_t closed = qn_dbpool_trim(pool);
        sum += closed;
        most = closed > most ? closed : most;
    }
    assert_int_equal(sum, COUNT - 1);
    assert_true(most < COUNT / 4);
    qn_dbpool_give(pool, dbs[0]); /* nor is it kept */
    assert_int_equal(source.live, 0);
    dbs[0] = fake_take(pool, "young");
    qn_dbpool_give(pool, dbs[0]);
    fake_pass(&clock, 1000);
    assert_int_equal(fake_of(fake_take(pool, "younger"))->number, COUNT + 1); /* nor handed out */
    qn_dbpool_stats stats = fake_stats(pool);
    assert_int_equal(stats.closed_lifetime, COUNT + 1);
    assert_int_equal(qn_dbpool_close(pool, 0, NULL), QN_BUSY);
    for (int64_t i = 0; i < pool->slots_count; i++)
        qn_dbpool_give(pool, pool->slots[i].db);
    must_close(pool);
}

static void only_what_was_idle_for_long_is_pinged_before_it_is_handed_out(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, single);
    qn_db *db = fake_take(pool, "first");
    for (int i = 0; i < 10; i++) {
        qn_dbpool_give(pool, db);
        fake_pass(&clock, 29);
        assert_ptr_equal(fake_take(pool, "soon"), db);
    }
    assert_int_equal(source.pings, 0);
    qn_dbpool_give(pool, db);
    fake_pass(&clock, 31);
    assert_ptr_equal(fake_take(pool, "late"), db);
    assert_int_equal(source.pings, 1);
    qn_dbpool_give(pool, db);
    fake_pass(&clock, 31);
    source.pings_fail = true;
    db = fake_take(pool, "later"); /* the dead one is replaced, not handed out */
    assert_int_equal(fake_of(db)->number, 1);
    assert_false(qn_db_is_broken(db));
    qn_dbpool_stats stats = fake_stats(pool);
    assert_int_equal(stats.pings, 2);
    assert_int_equal(stats.replaced, 1);
    assert_int_equal(stats.closed_broken, 1);
    assert_int_equal(source.live, 1);
    qn_dbpool_give(pool, db);
    must_close(pool);
}

static void a_broken_connection_is_closed_and_those_idle_meanwhile_are_pinged(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.base_size = 3});
    qn_db *a = fake_take(pool, "a"), *b = fake_take(pool, "b"), *c = fake_take(pool, "c");
    qn_dbpool_give(pool, a);
    fake_pass(&clock, 1);
    b->broken = true; /* the server went away */
    qn_dbpool_give(pool, b);
    assert_int_equal(source.live, 2);
    fake_pass(&clock, 1);
    qn_dbpool_give(pool, c); /* given back whole after that: above suspicion */
    assert_ptr_equal(fake_take(pool, "d"), c);
    assert_int_equal(source.pings, 0);
    assert_ptr_equal(fake_take(pool, "e"), a);
    assert_int_equal(source.pings, 1);
    b = fake_take(pool, "f");
    assert_int_equal(fake_of(b)->number, 3);
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    qn_dbpool_give(pool, c);
    must_close(pool);
}

/* ---- what takers leave behind ---- */

static char logged[4096];

static void keep_line(void *user, qn_log_level level, const char *line, int64_t size)
{
    (void)user, (void)level;
    size_t length = strlen(logged);
    if (length + (size_t)size < sizeof logged)
        memcpy(logged + length, line, (size_t)size + 1);
}

static const qn_log_sink keeping = {keep_line, NULL};

static int log_to_memory(void **state)
{
    (void)state;
    logged[0] = '\0';
    qn_log_set(QN_LOG_WARN, &keeping);
    return 0;
}

static int log_to_stderr(void **state)
{
    (void)state;
    qn_log_set(QN_LOG_WARN, NULL);
    return 0;
}

static void a_transaction_left_open_is_rolled_back_and_its_taker_named(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, single);
    qn_db *db = fake_take(pool, "careless");
    qn_error err;
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    qn_dbpool_give(pool, db);
    assert_int_equal(source.rollbacks, 1);
    assert_int_equal(source.commits, 0);
    assert_contains(logged, "\"careless\" gave a connection back with a transaction open, which was rolled back");
    assert_ptr_equal(fake_take(pool, "next"), db);
    assert_int_equal(qn_db_depth(db), 0);
    fake_of(db)->in_transaction = true; /* by SQL text: the front does not count it as a scope */
    qn_dbpool_give(pool, db);
    assert_int_equal(source.rollbacks, 2);
    assert_int_equal(fake_stats(pool).unfinished, 2);
    assert_ptr_equal(fake_take(pool, "unlucky"), db);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    source.rollbacks_fail = true;
    qn_dbpool_give(pool, db); /* nobody gets it any more */
    assert_int_equal(source.live, 0);
    assert_int_equal(fake_stats(pool).closed_broken, 1);
    must_close(pool);
}

static void rows_left_open_are_ended_and_can_still_be_closed(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, single);
    qn_db *db = fake_take(pool, "reader");
    qn_error err;
    qn_rows *rows;
    bool more;
    assert_ok(qn_db_query(&rows, db, "SELECT x", NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    qn_dbpool_give(pool, db);
    assert_contains(logged, "\"reader\" gave a connection back with rows open");
    assert_ptr_equal(fake_take(pool, "next"), db);
    assert_ok(qn_db_begin(db, QN_DB_READ, &err), &err); /* it is not busy */
    qn_db_rollback(db);
    qn_rows_close(rows);
    qn_dbpool_give(pool, db);
    must_close(pool);
}

/* What a caller does wrong, in a process of its own: there it meets an assertion, or what follows holds. */
static void in_child(void (*wrong)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(STDERR_FILENO); /* what an assertion says is expected */
        wrong();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        assert_int_equal(WTERMSIG(status), SIGABRT);
    else
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void require(bool holds)
{
    if (!holds)
        _exit(1);
}

static void give_twice(void)
{
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.size = 0});
    qn_db *db = fake_take(pool, "a");
    qn_dbpool_give(pool, db);
    qn_dbpool_give(pool, db);
    require(fake_stats(pool).misuses == 1 && fake_stats(pool).idle == 1 && strstr(logged, "given back") != NULL);
    require(fake_take(pool, "b") == db);
    qn_db *other = fake_take(pool, "c");
    require(other != db);
    qn_dbpool_give(pool, db);
    qn_dbpool_give(pool, other);
    require(qn_dbpool_close(pool, 0, NULL) == QN_OK);
}

static void give_to_another_pool(void)
{
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.size = 0});
    qn_dbpool *other = fake_pool(&source, &clock, (qn_dbpool_options){.name = "other"});
    qn_db *db = fake_take(pool, "a");
    qn_dbpool_give(other, db);
    require(fake_stats(other).misuses == 1 && fake_stats(other).idle == 0 && strstr(logged, "other: ") != NULL);
    require(fake_stats(pool).out == 1);
    qn_dbpool_give(pool, db);
    require(fake_stats(pool).idle == 1);
    require(qn_dbpool_close(pool, 0, NULL) == QN_OK && qn_dbpool_close(other, 0, NULL) == QN_OK);
}

static void give_what_is_no_pools(void)
{
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.size = 0});
    qn_db *db;
    qn_db_options options = {.size = sizeof options};
    require(fake_open(&source, &db, "", &options, NULL) == QN_OK);
    qn_dbpool_give(pool, db);
    require(fake_stats(pool).misuses == 1 && source.live == 1);
    qn_db_close(db);
    require(qn_dbpool_close(pool, 0, NULL) == QN_OK);
}

static void what_is_not_out_of_the_pool_is_refused(void **state)
{
    (void)state;
    in_child(give_twice);
    in_child(give_to_another_pool);
    in_child(give_what_is_no_pools);
}

/* ---- closing ---- */

static void closing_says_who_is_late_and_can_be_tried_again(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.name = "prices"});
    qn_db *a = fake_take(pool, "scan"), *idle = fake_take(pool, "quick");
    fake_pass(&clock, 2);
    qn_db *b = fake_take(pool, "fit");
    qn_dbpool_give(pool, idle);
    fake_add(&clock.now_ns, FAKE_SECOND / 2);
    qn_error err;
    assert_int_equal(qn_dbpool_close(pool, 0, &err), QN_BUSY);
    assert_string_equal(err.message,
                        "pool \"prices\" cannot be closed yet: 2 are out: \"scan\" for 2.5 s, \"fit\" for 0.5 s");
    assert_int_equal(source.live, 2); /* the idle one went */
    qn_db *none = a;
    assert_int_equal(qn_dbpool_take(&none, pool, "too late", &err), QN_CLOSED);
    assert_null(none);
    assert_contains(err.message, "\"prices\" is closed");
    qn_dbpool_give(pool, a);
    assert_int_equal(source.live, 1);
    assert_int_equal(qn_dbpool_close(pool, 0, &err), QN_BUSY);
    assert_contains(err.message, "1 is out: \"fit\"");
    assert_int_equal(fake_stats(pool).closed_pool, 2);
    qn_dbpool_give(pool, b);
    must_close(pool);
    assert_int_equal(source.live, 0);
    assert_int_equal(qn_dbpool_close(NULL, 0, &err), QN_OK);
}

typedef struct closer {
    qn_dbpool *pool;
    qn_status status;
} closer;

static void *close_pool(void *user)
{
    closer *c = user;
    c->status = qn_dbpool_close(c->pool, -1, NULL);
    return NULL;
}

static void closing_waits_for_the_last_and_sends_away_who_waits(void **state)
{
    (void)state;
    fake_source source = {0};
    _Atomic int64_t turn = 0;
    waiter waiters[WAITERS] = {0};
    qn_dbpool *pool = fake_pool(&source, NULL, (qn_dbpool_options){.base_size = 1, .overflow = 1});
    qn_db *a = fake_take(pool, "a"), *b = fake_take(pool, "b");
    start_waiters(waiters, WAITERS, pool, &turn);
    closer c = {.pool = pool};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, close_pool, &c), 0);
    join_waiters(waiters, WAITERS);
    for (int i = 0; i < WAITERS; i++)
        assert_int_equal(waiters[i].status, QN_CLOSED);
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(c.status, QN_OK);
    assert_int_equal(source.live, 0);
}

/* ---- what it is made of ---- */

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const struct {
        qn_dbpool_options options;
        const char *url, *piece;
    } wrong[] = {
        {{.base_size = -1}, "sqlite:x", "keeps 1 to 10000 connections, not -1"},
        {{.base_size = 10001}, "sqlite:x", "not 10001"},
        {{.overflow = -2}, "sqlite:x", "overflows"},
        {{.overflow = INT64_MAX}, "sqlite:x", "overflows"},
        {{.checkout_timeout_ms = -2}, "sqlite:x", "negative"},
        {{.idle_ms = -2}, "sqlite:x", "negative"},
        {{.lifetime_ms = -2}, "sqlite:x", "negative"},
        {{.check_after_ms = -2}, "sqlite:x", "negative"},
        {{.base_size = 0}, "no such thing", "database's URL"},
        {{.base_size = 0}, "duckdb:", "a database each"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        qn_dbpool_options options = wrong[i].options;
        options.size = sizeof options;
        qn_dbpool *pool;
        qn_error err;
        assert_int_equal(qn_dbpool_new(&pool, wrong[i].url, &options, &err), QN_INVALID);
        assert_null(pool);
        assert_contains(err.message, wrong[i].piece);
    }
}

static void a_pool_is_called_by_its_url_but_never_by_its_password(void **state)
{
    (void)state;
    qn_dbpool *pool;
    qn_error err;
    assert_ok(qn_dbpool_new(&pool, "postgres://ann:s3cret@db.example/prices", NULL, &err), &err);
    assert_string_equal(qn_dbpool_name(pool), "postgres://ann:***@db.example/prices");
    must_close(pool);
    qn_dbpool_options options;
    qn_dbpool_options_init(&options, sizeof options);
    options.name = "a name that is by far too long, so that its end cannot be shown: \xC3\xA4 \xFF";
    assert_ok(qn_dbpool_new(&pool, "sqlite:x", &options, &err), &err);
    assert_string_equal(qn_dbpool_name(pool), "a name that is by far too long, so that its end cannot be shown");
    must_close(pool);
    options.name = "\xFF\xC3\xA4";
    assert_ok(qn_dbpool_new(&pool, "sqlite:x", &options, &err), &err);
    assert_string_equal(qn_dbpool_name(pool), "?\xC3\xA4");
    must_close(pool);
}

static qn_status refuse_password(void *user, qn_db **out, const char *url, const qn_db_options *options, qn_error *err)
{
    *out = NULL;
    if (strcmp(options->password, "s3cret") == 0)
        ++*(int *)user;
    return qni_error(err, QN_PERMISSION, "%s is closed", url);
}

static void a_pool_keeps_the_password_of_its_options(void **state)
{
    (void)state;
    qn_dbpool *pool;
    qn_db *db;
    qn_error err;
    int seen = 0;
    char password[] = "s3cret";
    qn_db_options how = {.size = sizeof how, .password = password};
    qn_dbpool_options options = {.size = sizeof options, .db = &how};
    assert_ok(qni_dbpool_new_with(&pool, "postgres://db.example/prices", &options, qni_clock_real(),
                                  (qni_dbpool_opener){refuse_password, &seen}, &err),
              &err);
    memset(password, 'x', sizeof password - 1);
    assert_int_equal(qn_dbpool_take(&db, pool, "it", &err), QN_PERMISSION);
    assert_int_equal(seen, 1);
    must_close(pool);
}

static void taking_and_giving_asks_for_no_memory(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.base_size = 2, .allocator = &memory.allocator});
    qn_db *a = fake_take(pool, "a"), *b = fake_take(pool, "b");
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    int64_t before = memory.allocations;
    for (int i = 0; i < 100; i++) {
        a = fake_take(pool, "a");
        b = fake_take(pool, "b");
        qn_dbpool_give(pool, a);
        qn_dbpool_give(pool, b);
    }
    assert_int_equal(memory.allocations, before);
    must_close(pool);
    assert_int_equal(memory.live_bytes, 0);
}

static qn_status keep_text(void *user, const char *text, int64_t size, qn_error *err)
{
    (void)err;
    char *kept = user;
    size_t length = strlen(kept);
    assert_true(length + (size_t)size < 16384);
    memcpy(kept + length, text, (size_t)size);
    kept[length + (size_t)size] = '\0';
    return QN_OK;
}

static void what_a_pool_counts_is_published_until_it_is_closed(void **state)
{
    (void)state;
    static char text[16384];
    qn_metrics *metrics;
    qn_error err;
    assert_ok(qn_metrics_new(&metrics, 0, NULL, &err), &err);
    fake_source source = {0};
    fake_clock clock = {.step_ns = FAKE_SECOND};
    qn_dbpool *pool =
        fake_pool(&source, &clock,
                  (qn_dbpool_options){
                      .base_size = 1, .overflow = -1, .checkout_timeout_ms = 1, .name = "prices", .metrics = metrics});
    qn_db *db = fake_take(pool, "a"), *none;
    assert_int_equal(qn_dbpool_take(&none, pool, "b", NULL), QN_TIMEOUT);
    text[0] = '\0';
    assert_ok(qn_metrics_write_text(metrics, keep_text, text, &err), &err);
    assert_contains(text, "quern_dbpool_connections{pool=\"prices\",state=\"out\"} 1\n");
    assert_contains(text, "quern_dbpool_connections{pool=\"prices\",state=\"idle\"} 0\n");
    assert_contains(text, "quern_dbpool_takes_total{pool=\"prices\"} 1\n");
    assert_contains(text, "quern_dbpool_timeouts_total{pool=\"prices\"} 1\n");
    assert_contains(text, "quern_dbpool_closed_total{pool=\"prices\",why=\"broken\"} 0\n");
    assert_contains(text, "quern_dbpool_wait_seconds_count{pool=\"prices\"} 1\n");
    qn_dbpool_give(pool, db);
    must_close(pool);
    text[0] = '\0';
    assert_ok(qn_metrics_write_text(metrics, keep_text, text, &err), &err);
    assert_null(strstr(text, "quern_dbpool_takes_total"));
    qn_metrics_free(metrics);
}

static void an_older_callers_statistics_are_filled_as_far_as_he_knows_them(void **state)
{
    (void)state;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_dbpool *pool = fake_pool(&source, &clock, (qn_dbpool_options){.name = "old"});
    qn_dbpool_stats stats;
    memset(&stats, 0x5A, sizeof stats);
    stats.size = offsetof(qn_dbpool_stats, open);
    qn_dbpool_get_stats(pool, &stats);
    assert_string_equal(stats.name, "old");
    assert_int_equal(stats.open, INT64_C(0x5A5A5A5A5A5A5A5A));
    must_close(pool);
}

/* ---- with databases ---- */

/* NULL where there is no SQLite. */
static qn_dbpool *memory_pool(const char *url, const qn_dbpool_options *options)
{
    qn_dbpool *pool;
    qn_error err;
    qn_status status = qn_dbpool_new(&pool, url, options, &err);
    if (status == QN_UNAVAILABLE) {
        print_message("SKIPPED: pools of databases in memory: %s\n", err.message);
        return NULL;
    }
    assert_ok(status, &err);
    return pool;
}

static int64_t one_number(qn_db *db, const char *sql)
{
    qn_error err;
    qn_rows *rows;
    bool more;
    assert_ok(qn_db_query(&rows, db, sql, NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_true(more);
    int64_t number = qn_rows_value(rows, 0).i64;
    qn_rows_close(rows);
    return number;
}

static void all_connections_of_an_unnamed_memory_see_one_database(void **state)
{
    (void)state;
    qn_dbpool_options options = {.size = sizeof options, .base_size = 1, .overflow = 2};
    qn_dbpool *pool = memory_pool("memory:", &options), *other = memory_pool("memory:", &options);
    if (pool == NULL)
        return;
    assert_string_equal(qn_dbpool_name(pool), "memory:");
    qn_error err;
    qn_db *a = fake_take(pool, "a"), *b = fake_take(pool, "b"), *stranger = fake_take(other, "c");
    assert_ok(qn_db_script(a, "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (2), (3)", &err), &err);
    assert_int_equal(one_number(b, "SELECT count(*) FROM t"), 3);
    assert_int_equal(qn_db_execute(NULL, stranger, "SELECT * FROM t", NULL, 0, &err), QN_NAME);
    /* A session's end without a commit undoes what it did, and the data outlives every connection but the pool. */
    assert_ok(qn_db_begin(a, QN_DB_WRITE, &err), &err);
    assert_ok(qn_db_execute(NULL, a, "DELETE FROM t", NULL, 0, &err), &err);
    assert_int_not_equal(qn_db_execute(NULL, a, "INSERT INTO nowhere VALUES (1)", NULL, 0, &err), QN_OK);
    a->broken = b->broken = true;
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    assert_int_equal(fake_stats(pool).open, 0);
    a = fake_take(pool, "after all were closed");
    assert_int_equal(one_number(a, "SELECT count(*) FROM t"), 3);
    assert_ok(qn_db_begin(a, QN_DB_WRITE, &err), &err);
    assert_ok(qn_db_execute(NULL, a, "DELETE FROM t", NULL, 0, &err), &err);
    qn_dbpool_give(pool, a);
    assert_ptr_equal(fake_take(pool, "the same"), a);
    assert_int_equal(one_number(a, "SELECT count(*) FROM t"), 3);
    qn_dbpool_give(pool, a);
    qn_dbpool_give(other, stranger);
    must_close(pool);
    must_close(other);
}

static void a_named_memory_lives_as_long_as_a_pool_of_it(void **state)
{
    (void)state;
    qn_dbpool *pool = memory_pool("memory:shared-by-name", NULL);
    if (pool == NULL)
        return;
    qn_error err;
    qn_db *db;
    assert_ok(qn_db_open(&db, "memory:shared-by-name", NULL, &err), &err);
    assert_ok(qn_db_script(db, "CREATE TABLE t (x INTEGER)", &err), &err);
    qn_db_close(db);
    db = fake_take(pool, "a");
    assert_int_equal(one_number(db, "SELECT count(*) FROM t"), 0);
    qn_dbpool_give(pool, db);
    must_close(pool);
}

int main(void)
{
#define LOGGED(test) cmocka_unit_test_setup_teardown(test, log_to_memory, log_to_stderr)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_given_back_last_is_handed_out_first),
        cmocka_unit_test(a_pool_keeps_its_base_and_closes_what_overflows),
        cmocka_unit_test(opening_an_overflow_connection_holds_no_lock),
        cmocka_unit_test(who_waits_too_long_is_told_who_has_the_connections),
        cmocka_unit_test(who_waits_is_served_in_the_order_of_coming),
        cmocka_unit_test(a_waiter_opens_a_new_connection_in_place_of_a_broken_one),
        cmocka_unit_test(who_cannot_connect_has_the_error_and_the_next_has_his_chance),
        cmocka_unit_test(a_connection_that_comes_at_the_last_moment_is_taken),
        cmocka_unit_test(what_was_idle_for_too_long_is_closed),
        cmocka_unit_test(what_is_too_old_is_closed_and_not_all_at_once),
        cmocka_unit_test(only_what_was_idle_for_long_is_pinged_before_it_is_handed_out),
        cmocka_unit_test(a_broken_connection_is_closed_and_those_idle_meanwhile_are_pinged),
        LOGGED(a_transaction_left_open_is_rolled_back_and_its_taker_named),
        LOGGED(rows_left_open_are_ended_and_can_still_be_closed),
        LOGGED(what_is_not_out_of_the_pool_is_refused),
        cmocka_unit_test(closing_says_who_is_late_and_can_be_tried_again),
        cmocka_unit_test(closing_waits_for_the_last_and_sends_away_who_waits),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(a_pool_is_called_by_its_url_but_never_by_its_password),
        cmocka_unit_test(a_pool_keeps_the_password_of_its_options),
        cmocka_unit_test(taking_and_giving_asks_for_no_memory),
        cmocka_unit_test(what_a_pool_counts_is_published_until_it_is_closed),
        cmocka_unit_test(an_older_callers_statistics_are_filled_as_far_as_he_knows_them),
        LOGGED(all_connections_of_an_unnamed_memory_see_one_database),
        cmocka_unit_test(a_named_memory_lives_as_long_as_a_pool_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
