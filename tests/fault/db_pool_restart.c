/* A PostgreSQL server is restarted while threads use it through a pool: every query succeeds or says that it did not,
 * nothing that was reported done is missing, and afterwards the pool works as before, by itself. */
#include "harness/harness.h"

#include <quern/dbpool.h>
#include <quern/log.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    THREADS = 8
};

typedef struct load {
    qn_dbpool *pool;
    _Atomic bool stop;
    _Atomic int64_t done;      /* inserts that were reported done */
    _Atomic int64_t uncertain; /* under way when the connection broke */
    _Atomic int64_t wrong;     /* a status that does not belong here */
} load;

static qn_status insert_two(void *user, qn_db *db, qn_error *err)
{
    (void)user;
    qn_status status = qn_db_execute(NULL, db, "INSERT INTO quern_restart DEFAULT VALUES", NULL, 0, err);
    return status == QN_OK ? qn_db_execute(NULL, db, "INSERT INTO quern_restart DEFAULT VALUES", NULL, 0, err) : status;
}

static void *work(void *user)
{
    load *l = user;
    while (!atomic_load(&l->stop)) {
        qn_db *db;
        qn_error err;
        qn_status status = qn_dbpool_take(&db, l->pool, "load", &err);
        if (status == QN_OK) {
            status = qn_db_transact(db, QN_DB_WRITE, insert_two, NULL, &err);
            atomic_fetch_add(&l->done, status == QN_OK);
            atomic_fetch_add(&l->uncertain, status == QN_CLOSED);
            qn_dbpool_give(l->pool, db);
        }
        if (status != QN_OK && status != QN_CLOSED && status != QN_UNAVAILABLE) {
            print_message("%s: %s\n", qn_status_name(status), err.message);
            atomic_fetch_add(&l->wrong, 1);
        }
    }
    return NULL;
}

static const char *server(void)
{
    const char *url = getenv("QUERN_TEST_POSTGRES");
    if (url == NULL || getenv("QUERN_TEST_POSTGRES_RESTART") == NULL)
        print_message("SKIPPED: PostgreSQL under a pool is not restarted, for there is none (scripts/postgres)\n");
    return getenv("QUERN_TEST_POSTGRES_RESTART") != NULL ? url : NULL;
}

static void restart(const char *how)
{
    char command[1024];
    (void)snprintf(command, sizeof command, "%s %s", getenv("QUERN_TEST_POSTGRES_RESTART"), how);
    assert_int_equal(system(command), 0);
}

static int64_t one_number(qn_dbpool *pool, const char *sql, qn_status *status)
{
    qn_db *db;
    qn_error err;
    qn_rows *rows;
    bool more = false;
    int64_t number = -1;
    assert_ok(qn_dbpool_take(&db, pool, "check", &err), &err);
    *status = qn_db_query(&rows, db, sql, NULL, 0, &err);
    if (*status == QN_OK) {
        *status = qn_rows_next(&more, rows, &err);
        if (*status == QN_OK && more)
            number = qn_rows_value(rows, 0).i64;
        qn_rows_close(rows);
    }
    qn_dbpool_give(pool, db);
    return number;
}

static qn_dbpool *fresh_pool(const char *url)
{
    qn_dbpool *pool;
    qn_db *db;
    qn_error err;
    assert_ok(qn_dbpool_new(&pool, url, NULL, &err), &err);
    assert_ok(qn_dbpool_take(&db, pool, "setup", &err), &err);
    assert_ok(qn_db_script(db,
                           "DROP TABLE IF EXISTS quern_restart;"
                           "CREATE TABLE quern_restart (id BIGSERIAL PRIMARY KEY)",
                           &err),
              &err);
    qn_dbpool_give(pool, db);
    return pool;
}

static qn_dbpool_stats stats_of(qn_dbpool *pool)
{
    qn_dbpool_stats stats = {.size = sizeof stats};
    qn_dbpool_get_stats(pool, &stats);
    return stats;
}

/* Waits until the threads have done as much again: with a server that is there, they do. */
static void wait_for_progress(load *l)
{
    for (int64_t before = l->done; l->done < before + 50;)
        (void)sched_yield();
}

static void a_restart_under_load_loses_nothing_that_was_reported_done(void **state)
{
    (void)state;
    const char *url = server();
    if (url == NULL)
        return;
    load l = {.pool = fresh_pool(url)};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &l), 0);
    for (int64_t i = 0; i < test_effort(2, 50); i++) {
        wait_for_progress(&l);
        restart("fast");
    }
    wait_for_progress(&l);
    atomic_store(&l.stop, true);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(l.wrong, 0);
    qn_status status;
    int64_t rows = one_number(l.pool, "SELECT count(*) FROM quern_restart", &status);
    assert_int_equal(status, QN_OK);
    assert_int_equal(rows % 2, 0); /* each transaction whole or not at all */
    assert_in_range(rows / 2, l.done, l.done + l.uncertain);
    qn_dbpool_stats stats = stats_of(l.pool);
    assert_true(stats.closed_broken > 0);
    assert_int_equal(stats.out, 0);
    qn_error err;
    assert_ok(qn_dbpool_close(l.pool, 0, &err), &err);
}

static void a_crash_while_a_pool_is_idle_costs_one_query(void **state)
{
    (void)state;
    const char *url = server();
    if (url == NULL)
        return;
    qn_dbpool *pool = fresh_pool(url);
    qn_db *dbs[4];
    qn_error err;
    for (int i = 0; i < 4; i++)
        assert_ok(qn_dbpool_take(&dbs[i], pool, "warm", &err), &err);
    for (int i = 0; i < 4; i++)
        qn_dbpool_give(pool, dbs[i]);
    restart("immediate");
    qn_status status;
    (void)one_number(pool, "SELECT 7", &status);
    assert_int_equal(status, QN_CLOSED); /* the first finds out */
    for (int i = 0; i < 4; i++)
        assert_ok(qn_dbpool_take(&dbs[i], pool, "after", &err), &err);
    for (int i = 0; i < 4; i++) {
        assert_ok(qn_db_ping(dbs[i], &err), &err);
        qn_dbpool_give(pool, dbs[i]);
    }
    assert_int_equal(one_number(pool, "SELECT 7", &status), 7);
    assert_int_equal(stats_of(pool).replaced, 3);
    assert_ok(qn_dbpool_close(pool, 0, &err), &err);
}

int main(void)
{
    qn_log_set(QN_LOG_ERROR, NULL); /* servers say farewell */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_under_load_loses_nothing_that_was_reported_done),
        cmocka_unit_test(a_crash_while_a_pool_is_idle_costs_one_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
