/* Submitted queries: each has one completion, its own, whatever happens to others, to connections, to the server, to
 * the pool. Everything runs on a database in memory and, where there is one, on PostgreSQL. */
#include "harness/harness.h"

#include <quern/dbpool.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every test begins with. */
typedef struct store {
    const char *url;
    bool postgres;
    qn_dbpool *pool;
    qn_dbqueue *queue;
} store;

static store on_memory = {.url = "memory:"};
static store on_postgres = {.postgres = true};

static int open_pool(void **state)
{
    store *s = *state;
    qn_dbpool_options options;
    qn_error err;
    qn_dbpool_options_init(&options, sizeof options);
    options.name = "test";
    s->pool = NULL;
    s->queue = NULL;
    if (s->postgres)
        s->url = getenv("QUERN_TEST_POSTGRES");
    if (s->url == NULL || !qn_has(s->postgres ? "postgres" : "sqlite")) {
        printf("SKIPPED: submitted queries on %s\n", s->postgres ? "PostgreSQL" : "SQLite");
        return 0;
    }
    assert_ok(qn_dbpool_new(&s->pool, s->url, &options, &err), &err);
    assert_ok(qn_dbqueue_new(&s->queue, NULL, &err), &err);
    return 0;
}

static int close_pool(void **state)
{
    store *s = *state;
    qn_error err;
    qn_dbqueue_free(s->queue);
    assert_ok(qn_dbpool_close(s->pool, 20000, &err), &err);
    return 0;
}

/* NULL: there is no such database here. */
static store *here(void **state)
{
    store *s = *state;
    if (s->pool == NULL)
        skip();
    return s;
}

static void run(store *s, const char *sql)
{
    qn_db *db;
    qn_error err;
    assert_ok(qn_dbpool_take(&db, s->pool, "test", &err), &err);
    assert_ok(qn_db_script(db, sql, &err), &err);
    qn_dbpool_give(s->pool, db);
}

static void submit(store *s, const char *sql, int64_t value, void *tag)
{
    qn_value of = qn_value_i64(value);
    qn_error err;
    assert_ok(qn_dbpool_submit(s->pool, s->queue, sql, &of, strstr(sql, "$1") != NULL, tag, &err), &err);
}

/* The next completion, which must come. */
static qn_db_completion next(store *s)
{
    qn_db_completion done = {.size = sizeof done};
    qn_error err;
    bool got;
    assert_ok(qn_dbqueue_next(&got, &done, s->queue, -1, &err), &err);
    assert_true(got);
    return done;
}

/* That of a query that must have worked. */
static qn_db_completion next_good(store *s)
{
    qn_db_completion done = next(s);
    assert_ok(done.status, &done.error);
    return done;
}

/* The only number of a table, which is freed. */
static int64_t number(qn_table *table)
{
    assert_non_null(table);
    assert_int_equal(qn_table_row_count(table), 1);
    assert_int_equal(qn_table_column_type(table, 0), QN_TYPE_I64);
    int64_t value = *(const int64_t *)qn_table_values(table, 0);
    qn_table_free(table);
    return value;
}

static int64_t ask(store *s, const char *sql)
{
    submit(s, sql, 0, NULL);
    return number(next_good(s).table);
}

static const char plus_one[] = "SELECT CAST($1 AS BIGINT) + 1 AS x";

static void each_of_ten_thousand_comes_back_once_with_its_own_answer(void **state)
{
    store *s = here(state);
    enum {
        COUNT = 10000
    };
    static int seen[COUNT];
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < COUNT; i++)
        submit(s, plus_one, i, &seen[i]);
    for (int64_t i = 0; i < COUNT; i++) {
        qn_db_completion done = next_good(s);
        int *tag = done.tag;
        assert_int_equal(++*tag, 1);
        assert_int_equal(done.changed, 0);
        assert_int_equal(number(done.table), tag - seen + 1);
    }
    assert_int_equal(qn_dbqueue_pending(s->queue), 0);
}

static void an_error_is_its_own_query_s_alone(void **state)
{
    store *s = here(state);
    enum {
        COUNT = 600
    };
    static int seen[COUNT];
    memset(seen, 0, sizeof seen);
    run(s, "DROP TABLE IF EXISTS async_once; CREATE TABLE async_once (k BIGINT PRIMARY KEY)");
    for (int64_t i = 0; i < COUNT; i++)
        submit(s,
               i % 3 == 0   ? "SELECT x FROM nowhere"
               : i % 3 == 1 ? "INSERT INTO async_once VALUES ($1)"
                            : plus_one,
               i % 3 == 1 ? i / 6 : i, &seen[i]);
    int64_t inserted = 0, refused = 0;
    for (int64_t n = 0; n < COUNT; n++) {
        qn_db_completion done = next(s);
        int64_t i = (int *)done.tag - seen;
        seen[i]++;
        if (i % 3 == 0) {
            assert_int_equal(done.status, QN_NAME);
            assert_int_equal(done.error.code, QN_NAME);
            assert_contains(done.error.message, "nowhere");
            assert_null(done.table);
        } else if (i % 3 == 1) {
            assert_true(done.status == QN_OK || done.status == QN_DATA);
            assert_int_equal(done.changed, done.status == QN_OK);
            assert_null(done.table);
            inserted += done.status == QN_OK;
            refused += done.status == QN_DATA;
        } else {
            assert_ok(done.status, &done.error);
            assert_int_equal(number(done.table), i + 1);
        }
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(inserted, 100);
    assert_int_equal(refused, 100);
    assert_int_equal(ask(s, "SELECT count(*) FROM async_once"), 100);
}

static void statements_without_rows_say_what_they_changed(void **state)
{
    store *s = here(state);
    run(s, "DROP TABLE IF EXISTS async_rows");
    submit(s, "CREATE TABLE async_rows (x BIGINT, t TEXT)", 0, NULL);
    qn_db_completion done = next_good(s);
    assert_null(done.table);
    assert_int_equal(done.changed, 0);
    submit(s, "INSERT INTO async_rows VALUES (1, 'a'), (2, 'b'), (3, NULL)", 0, NULL);
    done = next_good(s);
    assert_null(done.table);
    assert_int_equal(done.changed, 3);
    submit(s, "DELETE FROM async_rows WHERE x > $1 RETURNING x", 2, NULL);
    done = next_good(s);
    assert_int_equal(done.changed, 1);
    assert_int_equal(number(done.table), 3);
    submit(s, "SELECT x, t FROM async_rows WHERE x > $1", 100, NULL);
    done = next_good(s);
    assert_int_equal(qn_table_row_count(done.table), 0);
    assert_int_equal(qn_table_column_count(done.table), 2);
    assert_string_equal(qn_table_column_name(done.table, 1), "t");
    qn_table_free(done.table);
}

static void values_of_every_type_arrive(void **state)
{
    store *s = here(state);
    qn_value values[] = {qn_value_f64(0.1), qn_value_text("h\xc3\xa9", -1), qn_value_null(), qn_value_bool(true),
                         qn_value_decimal("12.5", -1)};
    qn_error err;
    assert_ok(qn_dbpool_submit(s->pool, s->queue,
                               "SELECT $1 AS f, CAST($2 AS TEXT) AS t, CAST($3 AS TEXT) AS n, CAST($4 AS TEXT) AS b, "
                               "CAST(CAST($5 AS NUMERIC) AS DOUBLE PRECISION) AS d",
                               values, 5, NULL, &err),
              &err);
    values[1] = qn_value_null(); /* they were copied */
    qn_table *t = next_good(s).table;
    assert_true(qn_table_f64(t, 0)[0] == 0.1);
    assert_string_equal(qn_table_string(t, 1, ((const int32_t *)qn_table_values(t, 1))[0]), "h\xc3\xa9");
    assert_true(qn_table_is_missing(t, 2, 0));
    assert_true(qn_table_f64(t, 4)[0] == 12.5);
    qn_table_free(t);
    assert_int_equal(qn_dbpool_submit(s->pool, s->queue, plus_one, values, 2, NULL, &err), QN_OK);
    qn_db_completion done = next(s);
    assert_int_equal(done.status, QN_INVALID);
    assert_contains(done.error.message, "1 parameter");
}

static void a_transaction_cannot_be_submitted(void **state)
{
    store *s = here(state);
    static const char *const texts[] = {
        "BEGIN",      "  begin transaction", "START TRANSACTION", "Commit",      "/* why */ -- not\n BEGIN",
        "; ROLLBACK", "/* /* */ BEGIN",      "/* /* */ */ BEGIN", "SAVEPOINT a", "RELEASE a",
        "END"};
    qn_error err;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(qn_dbpool_submit(s->pool, s->queue, texts[i], NULL, 0, NULL, &err), QN_INVALID);
        assert_contains(err.message, "transaction");
    }
    assert_int_equal(qn_dbqueue_pending(s->queue), 0);
    assert_int_equal(qn_dbpool_submit(s->pool, s->queue, "COPY x FROM STDIN", NULL, 0, NULL, &err),
                     s->postgres ? QN_INVALID : QN_OK);
    if (!s->postgres)
        assert_int_equal(next(s).status, QN_SYNTAX);
}

static void one_that_is_hidden_reaches_nobody_else(void **state)
{
    store *s = here(state);
    run(s, "DROP TABLE IF EXISTS async_hidden; CREATE TABLE async_hidden (x BIGINT)");
    /* SQLite takes the mark of the byte order for a blank. */
    submit(s,
           "\xEF\xBB\xBF"
           "BEGIN",
           0, NULL);
    qn_db_completion done = next(s);
    assert_int_equal(done.status, s->postgres ? QN_SYNTAX : QN_INVALID);
    assert_contains(done.error.message, s->postgres ? "syntax" : "transaction");
    for (int i = 0; i < 20; i++)
        submit(s, "INSERT INTO async_hidden VALUES ($1)", i, NULL);
    for (int i = 0; i < 20; i++)
        (void)next_good(s);
    assert_int_equal(ask(s, "SELECT count(*) FROM async_hidden"), 20);
}

/* ---- threads ---- */

enum {
    THREADS = 4,
    EACH = 300
};

typedef struct submitter {
    store *s;
    qn_dbqueue *queue; /* of two threads */
    int seen[EACH];
    pthread_t thread;
    bool failed;
} submitter;

static void *submit_many(void *user)
{
    submitter *me = user;
    for (int64_t i = 0; i < EACH; i++) {
        qn_value of = qn_value_i64(i);
        me->failed |= qn_dbpool_submit(me->s->pool, me->queue, plus_one, &of, 1, &me->seen[i], NULL) != QN_OK;
    }
    return NULL;
}

static void *take_many(void *user)
{
    submitter *me = user;
    for (bool got = true; got;) {
        qn_db_completion done = {.size = sizeof done};
        if (qn_dbqueue_next(&got, &done, me->queue, -1, NULL) == QN_CLOSED)
            break;
        me->failed |= !got || done.status != QN_OK;
        if (done.tag != NULL)
            ++*(int *)done.tag;
        qn_table_free(done.table);
    }
    return NULL;
}

static void any_threads_submit_and_take(void **state)
{
    store *s = here(state);
    static submitter submitters[THREADS];
    submitter takers[THREADS] = {{.s = s}};
    qn_dbqueue *queues[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(qn_dbqueue_new(&queues[i], NULL, NULL), QN_OK);
    for (int i = 0; i < THREADS; i++) {
        submitters[i] = (submitter){.s = s, .queue = queues[i % 2]};
        takers[i] = submitters[i];
        assert_int_equal(pthread_create(&takers[i].thread, NULL, take_many, &takers[i]), 0);
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(submitters[i].thread, NULL), 0);
    for (int i = 0; i < 2; i++)
        qn_dbqueue_close(queues[i]);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_false(submitters[i].failed || takers[i].failed);
        for (int j = 0; j < EACH; j++)
            assert_int_equal(submitters[i].seen[j], 1);
    }
    for (int i = 0; i < 2; i++)
        qn_dbqueue_free(queues[i]);
}

/* ---- queues ---- */

static void a_queue_is_bounded_by_what_is_pending(void **state)
{
    store *s = here(state);
    qn_dbqueue_options options;
    qn_dbqueue *queue;
    qn_error err;
    qn_dbqueue_options_init(&options, sizeof options);
    options.pending_max = 2;
    options.pending_size_max = 100000;
    assert_ok(qn_dbqueue_new(&queue, &options, &err), &err);
    for (int i = 0; i < 2; i++)
        assert_ok(qn_dbpool_submit(s->pool, queue, "SELECT 1 AS x", NULL, 0, NULL, &err), &err);
    assert_int_equal(qn_dbpool_submit(s->pool, queue, "SELECT 1 AS x", NULL, 0, NULL, &err), QN_EXHAUSTED);
    assert_contains(err.message, "take completions first");
    qn_db_completion done = {.size = sizeof done};
    bool got;
    assert_ok(qn_dbqueue_next(&got, &done, queue, -1, &err), &err);
    qn_table_free(done.table);
    static char large[200000];
    memset(large, 'x', sizeof large - 1);
    qn_value value = qn_value_text(large, -1);
    assert_int_equal(qn_dbpool_submit(s->pool, queue, "SELECT $1 AS x", &value, 1, NULL, &err), QN_LIMIT);
    value.size = 99000;
    assert_int_equal(qn_dbpool_submit(s->pool, queue, "SELECT $1 AS x", &value, 1, NULL, &err), QN_EXHAUSTED);
    assert_ok(qn_dbpool_submit(s->pool, queue, "SELECT 1 AS x", NULL, 0, NULL, &err), &err);
    assert_int_equal(qn_dbqueue_pending(queue), 2);
    qn_dbqueue_close(queue);
    assert_int_equal(qn_dbpool_submit(s->pool, queue, "SELECT 1 AS x", NULL, 0, NULL, &err), QN_CLOSED);
    for (int i = 0; i < 2; i++) {
        assert_ok(qn_dbqueue_next(&got, &done, queue, -1, &err), &err);
        assert_true(got);
        qn_table_free(done.table);
    }
    assert_int_equal(qn_dbqueue_next(&got, &done, queue, -1, &err), QN_CLOSED);
    assert_false(got);
    qn_dbqueue_free(queue);
}

static void an_empty_queue_is_waited_for_as_long_as_was_said(void **state)
{
    store *s = here(state);
    qn_db_completion done = {.size = sizeof done, .tag = s};
    bool got = true;
    assert_int_equal(qn_dbqueue_next(&got, &done, s->queue, 0, NULL), QN_OK);
    assert_false(got);
    assert_null(done.tag);
    assert_int_equal(qn_dbqueue_next(&got, &done, s->queue, 1, NULL), QN_OK);
    assert_false(got);
    assert_int_equal(done.size, sizeof done);
}

static void a_queue_that_is_freed_drops_its_completions_and_runs_its_queries(void **state)
{
    store *s = here(state);
    run(s, "DROP TABLE IF EXISTS async_freed; CREATE TABLE async_freed (x BIGINT)");
    qn_dbqueue *queue;
    qn_error err;
    assert_ok(qn_dbqueue_new(&queue, NULL, &err), &err);
    for (int64_t i = 0; i < 50; i++) {
        qn_value of = qn_value_i64(i);
        assert_ok(qn_dbpool_submit(s->pool, queue, "INSERT INTO async_freed VALUES ($1)", &of, 1, NULL, &err), &err);
        assert_ok(qn_dbpool_submit(s->pool, queue, "SELECT 1 AS x", NULL, 0, NULL, &err), &err);
    }
    qn_dbqueue_free(queue);
    while (ask(s, "SELECT count(*) FROM async_freed") < 50)
        ;
    qn_dbqueue_free(NULL);
}

/* ---- large things ---- */

static void large_results_come_beside_small_ones(void **state)
{
    store *s = here(state);
    static const char many[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                               "SELECT i, CAST(i AS DOUBLE PRECISION) AS f FROM n";
    int64_t each = s->postgres ? 20 : 60;
    for (int64_t i = 0; i < 60; i++)
        submit(s, i % each == 0 ? many : plus_one, i, i % each == 0 ? s : NULL);
    for (int i = 0; i < 60; i++) {
        qn_db_completion done = next_good(s);
        assert_int_equal(qn_table_row_count(done.table), done.tag != NULL ? 100000 : 1);
        if (done.tag != NULL)
            assert_true(qn_table_f64(done.table, 1)[99999] == 100000);
        qn_table_free(done.table);
    }
}

static void large_values_go_out_while_large_results_come_in(void **state)
{
    store *s = here(state);
    enum {
        SIZE = 1 << 20,
        COUNT = 12
    };
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    memset(bytes, 'q', SIZE);
    qn_value value = qn_value_text(bytes, SIZE);
    qn_error err;
    for (int i = 0; i < COUNT; i++)
        assert_ok(qn_dbpool_submit(s->pool, s->queue, "SELECT CAST($1 AS TEXT) AS t", &value, 1, NULL, &err), &err);
    for (int i = 0; i < COUNT; i++) {
        qn_table *t = next_good(s).table;
        assert_int_equal(strlen(qn_table_string(t, 0, 0)), SIZE);
        qn_table_free(t);
    }
    free(bytes);
}

/* ---- ends ---- */

static void a_pool_that_is_closed_leaves_no_query_without_a_completion(void **state)
{
    store *s = here(state);
    enum {
        COUNT = 400
    };
    /* Long enough for ever. */
    const char *endless = s->postgres ? "SELECT pg_sleep(100000)"
                                      : "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                        "SELECT max(i) AS x FROM n";
    static int seen[COUNT];
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < COUNT; i++)
        submit(s, i % 50 == 0 ? endless : plus_one, i, &seen[i]);
    qn_error err;
    assert_ok(qn_dbpool_close(s->pool, 20, &err), &err);
    s->pool = NULL;
    assert_int_equal(qn_dbqueue_pending(s->queue), COUNT);
    int64_t closed = 0;
    for (int i = 0; i < COUNT; i++) {
        qn_db_completion done = next(s);
        int64_t at = (int *)done.tag - seen;
        seen[at]++;
        assert_true(done.status == QN_OK || done.status == QN_CLOSED);
        if (at % 50 == 0)
            assert_int_equal(done.status, QN_CLOSED);
        closed += done.status == QN_CLOSED;
        qn_table_free(done.table);
    }
    assert_true(closed >= COUNT / 50);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
}

static void closing_waits_for_what_ends_in_time(void **state)
{
    store *s = here(state);
    submit(s,
           s->postgres ? "SELECT CAST(42 AS BIGINT) AS x FROM pg_sleep(0.05)"
                       : "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                         "SELECT max(i) - 99958 AS x FROM n",
           0, NULL);
    /* Until it has begun. */
    qn_dbpool_stats stats = {.size = sizeof stats};
    while (qn_dbpool_get_stats(s->pool, &stats), stats.out == 0 && qn_dbqueue_pending(s->queue) > 0 && stats.takes == 0)
        sched_yield();
    qn_error err;
    assert_ok(qn_dbpool_close(s->pool, -1, &err), &err);
    s->pool = NULL;
    qn_db_completion done = next(s);
    if (done.status == QN_OK) /* where it had been sent */
        assert_int_equal(number(done.table), 42);
    else
        assert_int_equal(done.status, QN_CLOSED);
}

static void those_who_wait_for_a_connection_have_their_turn(void **state)
{
    store *s = here(state);
    qn_dbpool_options options;
    qn_dbpool *pool;
    qn_error err;
    qn_dbpool_options_init(&options, sizeof options);
    options.base_size = 1;
    options.overflow = -1;
    options.async_connections = 3;
    assert_ok(qn_dbpool_new(&pool, s->url, &options, &err), &err);
    qn_dbpool *before = s->pool;
    s->pool = pool;
    for (int64_t i = 0; i < 200; i++)
        submit(s, plus_one, i, NULL);
    int64_t taken = 0;
    for (int64_t i = 0; i < 1000; i++) { /* there is always more to do, and one connection */
        if (i % 100 == 0) {
            qn_db *db;
            assert_ok(qn_dbpool_take(&db, pool, "test", &err), &err);
            qn_dbpool_give(pool, db);
            taken++;
        }
        submit(s, plus_one, i, NULL);
        qn_table_free(next_good(s).table);
    }
    for (int64_t i = 0; i < 200; i++)
        qn_table_free(next_good(s).table);
    assert_int_equal(taken, 10);
    s->pool = before;
    assert_ok(qn_dbpool_close(pool, 10000, &err), &err);
}

static void *submit_one(void *user)
{
    submit(user, plus_one, 1, NULL);
    return NULL;
}

/* A submitter may be on his way out of the call when its completion has come. */
static void a_pool_can_be_closed_as_soon_as_all_completions_have_come(void **state)
{
    store *s = here(state);
    enum {
        SUBMITTERS = 4
    };
    int rounds = s->postgres ? 5 : 50;
    for (int round = 0; round < rounds; round++) {
        qn_dbpool *before = s->pool;
        pthread_t threads[SUBMITTERS];
        qn_error err;
        assert_ok(qn_dbpool_new(&s->pool, s->url, NULL, &err), &err);
        submit(s, plus_one, 1, NULL);
        assert_int_equal(number(next_good(s).table), 2);
        for (int i = 0; i < SUBMITTERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, submit_one, s), 0);
        for (int i = 0; i < SUBMITTERS; i++)
            assert_int_equal(number(next_good(s).table), 2);
        assert_ok(qn_dbpool_close(s->pool, -1, &err), &err);
        for (int i = 0; i < SUBMITTERS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        s->pool = before;
    }
}

/* ---- PostgreSQL's own ---- */

static void what_fails_when_its_transaction_ends_has_failed(void **state)
{
    store *s = here(state);
    run(s, "DROP TABLE IF EXISTS async_late; CREATE TABLE async_late (x BIGINT UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    submit(s, "INSERT INTO async_late VALUES (1)", 0, NULL);
    (void)next_good(s);
    for (int i = 0; i < 30; i++)
        submit(s, i % 3 == 0 ? "INSERT INTO async_late VALUES (1) RETURNING x" : plus_one, i, i % 3 == 0 ? s : NULL);
    for (int i = 0; i < 30; i++) {
        qn_db_completion done = next(s);
        assert_int_equal(done.status, done.tag != NULL ? QN_DATA : QN_OK);
        if (done.tag != NULL)
            assert_true(done.table == NULL && done.changed == 0 && strstr(done.error.message, "23505") != NULL);
        qn_table_free(done.table);
    }
    assert_int_equal(ask(s, "SELECT count(*) FROM async_late"), 1);
}

static void a_text_whose_columns_change_is_prepared_again(void **state)
{
    store *s = here(state);
    run(s, "DROP TABLE IF EXISTS async_wide; CREATE TABLE async_wide (a BIGINT); INSERT INTO async_wide VALUES (1)");
    for (int columns = 1; columns < 4; columns++) {
        for (int i = 0; i < 40; i++)
            submit(s, "SELECT * FROM async_wide", 0, NULL);
        for (int i = 0; i < 40; i++) {
            qn_table *t = next_good(s).table;
            assert_int_equal(qn_table_column_count(t), columns);
            qn_table_free(t);
        }
        run(s, columns == 1   ? "ALTER TABLE async_wide ADD b TEXT"
               : columns == 2 ? "ALTER TABLE async_wide ADD c DATE"
                              : "DROP TABLE async_wide");
    }
    submit(s, "DEALLOCATE ALL", 0, NULL);
    (void)next_good(s);
    for (int i = 0; i < 40; i++)
        submit(s, plus_one, 1, NULL);
    for (int i = 0; i < 40; i++)
        assert_int_equal(number(next_good(s).table), 2);
}

/* A pool of one connection, in place of the store's own, which is returned. */
static qn_dbpool *narrow(store *s, const qn_db_options *how)
{
    qn_dbpool *before = s->pool;
    qn_dbpool_options options;
    qn_error err;
    qn_dbpool_options_init(&options, sizeof options);
    options.base_size = 1;
    options.overflow = -1;
    options.db = how;
    assert_ok(qn_dbpool_new(&s->pool, s->url, &options, &err), &err);
    return before;
}

static void close_narrow(store *s, qn_dbpool *before)
{
    qn_error err;
    assert_ok(qn_dbpool_close(s->pool, 20000, &err), &err);
    s->pool = before;
}

static void columns_that_the_server_changes_unsaid_are_an_error(void **state)
{
    static const char *const steps[] = {
        "PREPARE async_p AS SELECT CAST(1 AS BIGINT) AS x",        "EXECUTE async_p", "DEALLOCATE async_p",
        "PREPARE async_p AS SELECT CAST('12345678' AS TEXT) AS x", "EXECUTE async_p", "EXECUTE async_p"};
    store *s = here(state);
    qn_dbpool *before = narrow(s, NULL);
    for (int i = 0; i < 6; i++) {
        submit(s, steps[i], 0, NULL);
        qn_db_completion done = next(s);
        if (i == 4) {
            assert_int_equal(done.status, QN_DATA);
            assert_contains(done.error.message, "the columns are not those");
            assert_null(done.table);
            continue;
        }
        assert_ok(done.status, &done.error);
        if (i == 1)
            assert_int_equal(number(done.table), 1);
        else if (i == 5)
            assert_string_equal(qn_table_string(done.table, 0, *(const int32_t *)qn_table_values(done.table, 0)),
                                "12345678");
        if (i != 1)
            qn_table_free(done.table);
    }
    close_narrow(s, before);
}

static void closing_does_not_wait_for_a_text_that_cannot_be_prepared(void **state)
{
    store *s = here(state);
    qn_db_options patient;
    qn_db *holder;
    qn_error err;
    qn_db_options_init(&patient, sizeof patient);
    patient.busy_timeout_ms = 3600000;
    assert_ok(qn_db_open(&holder, s->url, NULL, &err), &err);
    run(s, "DROP TABLE IF EXISTS async_held; CREATE TABLE async_held (x BIGINT)");
    assert_ok(qn_db_script(holder, "BEGIN; LOCK TABLE async_held", &err), &err);
    qn_dbpool *before = narrow(s, &patient);
    submit(s, "SELECT x FROM async_held", 0, NULL);
    int64_t waiting = 0;
    while (waiting == 0) { /* until the server has it */
        qn_db_completion early = {.size = sizeof early};
        bool got;
        qn_table *t;
        assert_ok(qn_dbqueue_next(&got, &early, s->queue, 0, &err), &err);
        assert_false(got);
        assert_ok(qn_db_query_table(&t, holder,
                                    "SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND relation = "
                                    "'async_held'::regclass",
                                    NULL, 0, &err),
                  &err);
        waiting = number(t);
    }
    assert_ok(qn_dbpool_close(s->pool, 0, &err), &err);
    s->pool = before;
    qn_db_completion done = next(s);
    assert_int_equal(done.status, QN_CLOSED);
    qn_db_close(holder);
}

static void more_texts_than_are_kept_prepared_all_run(void **state)
{
    store *s = here(state);
    for (int64_t i = 0; i < 150; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "SELECT CAST(%d AS BIGINT) AS x", (int)i);
        submit(s, text, 0, (void *)(uintptr_t)(i + 1));
    }
    for (int i = 0; i < 150; i++) {
        qn_db_completion done = next_good(s);
        assert_int_equal(number(done.table) + 1, (int64_t)(uintptr_t)done.tag);
    }
}

static void a_server_that_restarts_leaves_no_query_without_a_completion(void **state)
{
    store *s = here(state);
    const char *restart = getenv("QUERN_TEST_POSTGRES_RESTART");
    enum {
        COUNT = 3000
    };
    if (restart == NULL)
        skip();
    static int seen[COUNT];
    memset(seen, 0, sizeof seen);
    run(s, "DROP TABLE IF EXISTS async_again; CREATE TABLE async_again (x BIGINT)");
    for (int64_t i = 0; i < COUNT; i++)
        submit(s, i % 2 == 0 ? "INSERT INTO async_again VALUES ($1)" : plus_one, i, &seen[i]);
    for (int i = 0; i < 200; i++) { /* it is in the middle of them */
        qn_db_completion done = next_good(s);
        ++*(int *)done.tag;
        qn_table_free(done.table);
    }
    assert_int_equal(system(restart), 0);
    int64_t lost = 0;
    for (int i = 200; i < COUNT; i++) {
        qn_db_completion done = next(s);
        ++*(int *)done.tag;
        assert_true(done.status == QN_OK || done.status == QN_CLOSED);
        if (done.status == QN_CLOSED)
            assert_contains(done.error.message, "whether this query has taken effect is not known");
        lost += done.status == QN_CLOSED;
        qn_table_free(done.table);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    assert_true(lost <= 4 * 64); /* no more than can be under way */
    assert_int_equal(ask(s, plus_one), 1);
    int64_t rows = ask(s, "SELECT count(*) FROM async_again");
    assert_true(rows >= COUNT / 2 - lost && rows <= COUNT / 2);
    /* What is idle is lost as well, which is noticed before anything is sent on it. */
    assert_int_equal(system(restart), 0);
    for (int i = 0; i < 10; i++)
        submit(s, plus_one, i, NULL);
    for (int i = 0; i < 10; i++)
        qn_table_free(next_good(s).table);
}

#define ON(test, where) cmocka_unit_test_prestate_setup_teardown(test, open_pool, close_pool, &(where))
#define ON_BOTH(test)   ON(test, on_memory), ON(test, on_postgres)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(each_of_ten_thousand_comes_back_once_with_its_own_answer),
        ON_BOTH(an_error_is_its_own_query_s_alone),
        ON_BOTH(statements_without_rows_say_what_they_changed),
        ON_BOTH(values_of_every_type_arrive),
        ON_BOTH(a_transaction_cannot_be_submitted),
        ON_BOTH(one_that_is_hidden_reaches_nobody_else),
        ON_BOTH(any_threads_submit_and_take),
        ON_BOTH(a_queue_is_bounded_by_what_is_pending),
        ON_BOTH(an_empty_queue_is_waited_for_as_long_as_was_said),
        ON_BOTH(a_queue_that_is_freed_drops_its_completions_and_runs_its_queries),
        ON_BOTH(large_results_come_beside_small_ones),
        ON_BOTH(large_values_go_out_while_large_results_come_in),
        ON_BOTH(a_pool_that_is_closed_leaves_no_query_without_a_completion),
        ON_BOTH(closing_waits_for_what_ends_in_time),
        ON_BOTH(those_who_wait_for_a_connection_have_their_turn),
        ON_BOTH(a_pool_can_be_closed_as_soon_as_all_completions_have_come),
        ON_BOTH(more_texts_than_are_kept_prepared_all_run),
        ON(what_fails_when_its_transaction_ends_has_failed, on_postgres),
        ON(a_text_whose_columns_change_is_prepared_again, on_postgres),
        ON(columns_that_the_server_changes_unsaid_are_an_error, on_postgres),
        ON(closing_does_not_wait_for_a_text_that_cannot_be_prepared, on_postgres),
        ON(a_server_that_restarts_leaves_no_query_without_a_completion, on_postgres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
