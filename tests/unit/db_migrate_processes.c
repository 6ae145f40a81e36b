/* Migrations and what else happens on a machine: processes that begin at once, processes that are killed, threads. */
#include "unit/db_migrate.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STEPS = 8, /* migrations of a list */
    ROWS = 300 /* that each of them inserts */
};

/* Migration i makes table t<i> with ROWS rows and an index, and adds one row to the table done. */
static qn_migrations *steps(void)
{
    static char texts[STEPS][600];
    qn_migration items[STEPS];
    for (int i = 0; i < STEPS; i++) {
        (void)snprintf(texts[i], sizeof texts[i],
                       "%sCREATE TABLE t%d (x INTEGER NOT NULL);\n"
                       "INSERT INTO t%d WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                       "SELECT i FROM n;\nCREATE INDEX t%d_x ON t%d (x);\nINSERT INTO done VALUES (%d);\n",
                       i == 0 ? "CREATE TABLE done (step INTEGER NOT NULL);\n" : "", i + 1, i + 1, ROWS, i + 1, i + 1,
                       i + 1);
        items[i] = (qn_migration){i + 1, "step", texts[i], NULL};
    }
    return list_of(items, STEPS);
}

/* That exactly the first k migrations were applied, each once and whole; returns k. */
static int64_t whole_steps(qn_db *db)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_begin(db, QN_DB_READ, &err), &err);
    int64_t k = has_table(db, "quern_migrations") ? number(db, "SELECT count(*) FROM quern_migrations") : 0;
    assert_int_equal(has_table(db, "done"), k > 0);
    if (k > 0) {
        assert_int_equal(number(db, "SELECT max(number) FROM quern_migrations"), k);
        assert_int_equal(number(db, "SELECT count(*) FROM done"), k);
        assert_int_equal(number(db, "SELECT count(DISTINCT step) FROM done"), k);
    }
    for (int64_t i = 1; i <= STEPS; i++) {
        char name[32], sql[64];
        (void)snprintf(name, sizeof name, "t%d", (int)i);
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", name);
        assert_int_equal(has_table(db, name), i <= k);
        if (i <= k)
            assert_int_equal(number(db, sql), ROWS);
    }
    qn_db_rollback(db);
    return k;
}

/* ---- at once ---- */

enum {
    CROWD = 4,
    FAILED = 100 /* a process's exit code, beyond any count */
};

/* A process that migrates once `gate` is closed; its exit code is how many it applied. */
static pid_t migrate_behind(const int gate[2], store_kind kind, const qn_migrations *list)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    char byte;
    int64_t count;
    qn_error err = qn_error_none();
    (void)close(gate[1]);
    qn_db *db = open_store(kind, NULL);
    while (read(gate[0], &byte, 1) > 0)
        continue;
    qn_status s = qn_migrate(&count, db, list, -1, NULL, &err);
    if (s != QN_OK)
        (void)fprintf(stderr, "one of several: %s\n", err.message);
    qn_db_close(db);
    _exit(s == QN_OK ? (int)count : FAILED);
}

static void crowd(store_kind kind, const qn_migrations *list)
{
    int gate[2];
    pid_t children[CROWD];
    qn_db_close(fresh_store(kind));
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < CROWD; i++)
        children[i] = migrate_behind(gate, kind, list);
    (void)close(gate[0]);
    (void)close(gate[1]);
    int64_t total = 0;
    for (int i = 0; i < CROWD; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        total += WEXITSTATUS(status);
    }
    assert_int_equal(total, STEPS);
    qn_db *db = open_store(kind, NULL);
    assert_int_equal(whole_steps(db), STEPS);
    qn_db_close(db);
}

static void processes_that_begin_at_once_apply_each_once(void **state)
{
    (void)state;
    int64_t rounds = test_effort(3, 100);
    qn_migrations *list = steps();
    for (int64_t i = 0; i < rounds && store_is_here(SQLITE); i++)
        crowd(SQLITE, list);
    for (int64_t i = 0; i < rounds && store_is_here(POSTGRES); i++)
        crowd(POSTGRES, list);
    qn_migrations_free(list);
}

/* ---- threads ---- */

typedef struct thread_work {
    const qn_migrations *list;
    qn_db *db;
    pthread_barrier_t *start;
    int64_t count;
    qn_status status;
    qn_error err;
} thread_work;

static void *migrate_in_thread(void *user)
{
    thread_work *w = user;
    (void)pthread_barrier_wait(w->start);
    w->status = qn_migrate(&w->count, w->db, w->list, -1, NULL, &w->err);
    return NULL;
}

static void threads_that_begin_at_once_apply_each_once(void **state)
{
    (void)state;
    int64_t rounds = test_effort(4, 100);
    qn_migrations *list = steps();
    for (int64_t round = 0; round < rounds; round++) {
        store_kind kind = round % 4 == 3 ? DUCKDB : SQLITE; /* opening a DuckDB takes long */
        if (!store_is_here(kind))
            continue;
        pthread_barrier_t start;
        pthread_t threads[CROWD];
        thread_work works[CROWD] = {0};
        qn_db *db = fresh_store(kind);
        assert_int_equal(pthread_barrier_init(&start, NULL, CROWD), 0);
        for (int i = 0; i < CROWD; i++) {
            works[i] = (thread_work){.list = list, .db = open_store(kind, NULL), .start = &start};
            assert_int_equal(pthread_create(&threads[i], NULL, migrate_in_thread, &works[i]), 0);
        }
        int64_t total = 0;
        for (int i = 0; i < CROWD; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_ok(works[i].status, &works[i].err);
            total += works[i].count;
            qn_db_close(works[i].db);
        }
        assert_int_equal(total, STEPS);
        assert_int_equal(whole_steps(db), STEPS);
        qn_db_close(db);
        (void)pthread_barrier_destroy(&start);
    }
    qn_migrations_free(list);
}

/* ---- killed ---- */

static void tell(void *user, const qn_migration *migration)
{
    (void)migration;
    (void)!write(*(const int *)user, "x", 1);
}

/* Kills a process that migrates, some time after it has said that it applied `after` of them. */
static void kill_one(store_kind kind, const qn_migrations *list, int64_t after, int64_t then_ns)
{
    int said[2];
    assert_int_equal(pipe(said), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(said[0]);
        qn_migrate_options o;
        qn_migrate_options_init(&o, sizeof o);
        o.done = tell;
        o.user = &said[1];
        qn_db *db = open_store(kind, NULL);
        tell(&said[1], NULL); /* that it begins */
        _exit(qn_migrate(NULL, db, list, -1, &o, NULL) == QN_OK ? 0 : FAILED);
    }
    (void)close(said[1]);
    char byte;
    for (int64_t i = 0; i <= after; i++)
        assert_int_equal(read(said[0], &byte, 1), 1);
    struct timespec moment = {0, then_ns};
    (void)nanosleep(&moment, NULL);
    (void)kill(child, SIGKILL);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    (void)close(said[0]);
}

static void a_killed_process_leaves_whole_migrations_and_the_rest_can_be_applied(void **state)
{
    (void)state;
    uint64_t seed = test_seed(7);
    int64_t rounds = test_effort(50, 500), cut_short = 0;
    qn_migrations *list = steps();
    for (int64_t i = 0; i < rounds; i++) {
        store_kind kind = i % 20 == 19 ? DUCKDB : i % 3 == 2 ? POSTGRES : SQLITE;
        if (!store_is_here(kind))
            kind = SQLITE;
        if (!store_is_here(kind))
            break;
        qn_db_close(fresh_store(kind));
        /* one migration takes some hundred microseconds, on a loaded machine a few milliseconds */
        kill_one(kind, list, test_random_below(&seed, STEPS), test_random_below(&seed, 1500000));
        qn_error err = qn_error_none();
        int64_t count;
        qn_db *db = open_store(kind, NULL);
        int64_t k = whole_steps(db);
        cut_short += k < STEPS;
        assert_ok(qn_migrate(&count, db, list, -1, NULL, &err), &err);
        if (kind != POSTGRES) /* whose server may have finished what was under way */
            assert_int_equal(count, STEPS - k);
        assert_int_equal(whole_steps(db), STEPS);
        qn_db_close(db);
    }
    if (store_is_here(SQLITE))
        assert_true(cut_short > 0);
    qn_migrations_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_that_begin_at_once_apply_each_once),
        cmocka_unit_test(a_killed_process_leaves_whole_migrations_and_the_rest_can_be_applied),
        cmocka_unit_test(threads_that_begin_at_once_apply_each_once),
    };
    return cmocka_run_group_tests(tests, make_stores, remove_stores);
}
