/* Several connections to one database, and ending what runs. */
#include "conformance/conformance.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void committed_work_is_seen(void)
{
    qn_db *other = another(NULL);
    run("CREATE TABLE t(x BIGINT)");
    for (int64_t i = 1; i <= 3; i++) {
        run("INSERT INTO t VALUES (1)");
        assert_int_equal(number_on(other, "SELECT count(*) FROM t"), i);
    }
    run_on(other, "DROP TABLE t");
    refused(QN_NAME, "SELECT count(*) FROM t", NULL, 0);
}

static void uncommitted_work_is_not_seen(void)
{
    qn_error err = qn_error_none();
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = -1;
    run("CREATE TABLE t(x BIGINT); INSERT INTO t VALUES (1)");
    qn_db *other = another(&options);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run("INSERT INTO t VALUES (2)");
    if (differs()) {
        failure = qn_error_none();
        status_is(qn_db_execute(NULL, other, "SELECT count(*) FROM t", NULL, 0, &failure), QN_BUSY, "a reader");
        is_the_databases_own();
    } else {
        assert_int_equal(number_on(other, "SELECT count(*) FROM t"), 1);
    }
    assert_ok(qn_db_commit(db, &err), &err);
    assert_int_equal(number_on(other, "SELECT count(*) FROM t"), 2);
}

static void a_reader_sees_one_state(void)
{
    qn_error err = qn_error_none();
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = -1;
    run("CREATE TABLE t(x BIGINT); INSERT INTO t VALUES (1)");
    qn_db *writer = another(&options);
    if (on == SQLITE)
        run_on(writer, "PRAGMA journal_mode = wal"); /* with another journal a reader keeps writers waiting */
    assert_ok(qn_db_begin(db, QN_DB_READ, &err), &err);
    assert_int_equal(number("SELECT count(*) FROM t"), 1);
    failure = qn_error_none();
    qn_status s = qn_db_execute(NULL, writer, "INSERT INTO t VALUES (2)", NULL, 0, &failure);
    if (differs())
        status_is(s, QN_BUSY, "a writer beside a reader");
    else
        status_is(s, QN_OK, "a writer beside a reader");
    assert_int_equal(number("SELECT count(*) FROM t"), 1);
    assert_ok(qn_db_commit(db, &err), &err);
    assert_int_equal(number("SELECT count(*) FROM t"), differs() ? 1 : 2);
}

static void two_writers_at_once(void)
{
    qn_error err = qn_error_none();
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = -1;
    run("CREATE TABLE t(x BIGINT)");
    qn_db *other = another(&options);
    assert_int_equal(qn_db_can(db, QN_DB_MANY_WRITERS), !differs());
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run("INSERT INTO t VALUES (1)");
    failure = qn_error_none();
    qn_status s = qn_db_begin(other, QN_DB_WRITE, &failure);
    if (differs()) {
        status_is(s, QN_BUSY, "a second writer");
        is_the_databases_own();
        assert_int_equal(qn_db_depth(other), 0);
    } else {
        status_is(s, QN_OK, "a second writer");
        run_on(other, "INSERT INTO t VALUES (2)");
        assert_ok(qn_db_commit(other, &err), &err);
    }
    assert_ok(qn_db_commit(db, &err), &err);
    assert_ok(qn_db_begin(other, QN_DB_WRITE, &err), &err);
    run_on(other, "INSERT INTO t VALUES (3)");
    assert_ok(qn_db_commit(other, &err), &err);
    assert_int_equal(number("SELECT count(*) FROM t"), differs() ? 2 : 3);
}

static void two_that_change_one_row(void)
{
    qn_error err = qn_error_none();
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = on == POSTGRES ? 50 : -1;
    run("CREATE TABLE t(x BIGINT); INSERT INTO t VALUES (1)");
    qn_db *other = another(&options);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run("UPDATE t SET x = 2");
    failure = qn_error_none();
    status_is(qn_db_execute(NULL, other, "UPDATE t SET x = 3", NULL, 0, &failure), QN_BUSY, "the second");
    is_the_databases_own();
    assert_ok(qn_db_commit(db, &err), &err);
    assert_int_equal(number_on(other, "SELECT x FROM t"), 2);
    run_on(other, "UPDATE t SET x = 4");
    assert_int_equal(number("SELECT x FROM t"), 4);
}

/* ---- ending what runs ---- */

static atomic_bool ended;

/* Asks again and again, for nobody can say when the query has begun. */
static void *interrupt(void *user)
{
    (void)user;
    while (!atomic_load(&ended)) {
        qn_db_interrupt(db);
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return NULL;
}

static void a_query_can_be_interrupted(void)
{
    pthread_t thread;
    for (int round = 0; round < 2; round++) {
        atomic_store(&ended, false);
        assert_int_equal(pthread_create(&thread, NULL, interrupt, NULL), 0);
        failure = qn_error_none();
        qn_status s = qn_db_execute(NULL, db, endless(), NULL, 0, &failure);
        atomic_store(&ended, true);
        assert_int_equal(pthread_join(thread, NULL), 0);
        status_is(s, QN_INTERRUPTED, "an endless query");
    }
    assert_int_equal(number("SELECT 7"), 7);
}

static void an_interrupt_without_a_query_harms_nothing(void)
{
    for (int i = 0; i < 3; i++) {
        qn_db_interrupt(db);
        assert_int_equal(number("SELECT 7"), 7);
    }
}

static void an_interrupt_condemns_the_scope(void)
{
    qn_error err = qn_error_none();
    pthread_t thread;
    run("CREATE TABLE t(x BIGINT)");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run("INSERT INTO t VALUES (1)");
    atomic_store(&ended, false);
    assert_int_equal(pthread_create(&thread, NULL, interrupt, NULL), 0);
    failure = qn_error_none();
    qn_status s = qn_db_execute(NULL, db, endless(), NULL, 0, &failure);
    atomic_store(&ended, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    status_is(s, QN_INTERRUPTED, "an endless query");
    assert_int_equal(qn_db_commit(db, &failure), QN_INTERRUPTED);
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void a_statement_has_a_time_limit(void)
{
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.statement_timeout_ms = 50;
    qn_db *hasty = another(&options);
    for (int round = 0; round < 2; round++) {
        failure = qn_error_none();
        status_is(qn_db_execute(NULL, hasty, endless(), NULL, 0, &failure), QN_TIMEOUT, "an endless query");
    }
    assert_int_equal(number_on(hasty, "SELECT 7"), 7);
}

#define ONE_WRITER "SQLite has one writer at a time: the second is QN_BUSY when it begins, and works afterwards"
#define TABLE_LOCKS \
    "Connections to one memory lock whole tables: a reader beside a writer is QN_BUSY, and a writer beside a reader"

static const behaviour behaviours[] = {
    {"Another connection sees what is committed", committed_work_is_seen, {0}},
    {"Another connection does not see what is not committed, and need not wait",
     uncommitted_work_is_not_seen,
     {[MEMORY] = TABLE_LOCKS}},
    {"A scope for reading sees one state throughout, while another connection writes",
     a_reader_sees_one_state,
     {[MEMORY] = TABLE_LOCKS}},
    {"Two connections can write at once", two_writers_at_once, {SQLITE_DIFFERS(ONE_WRITER)}},
    {"Of two that change one row at once the second is QN_BUSY, and works afterwards", two_that_change_one_row, {0}},
    {"A query can be interrupted from another thread: QN_INTERRUPTED", a_query_can_be_interrupted, {0}},
    {"An interrupt where nothing runs harms nothing", an_interrupt_without_a_query_harms_nothing, {0}},
    {"An interrupt condemns the scope like any error", an_interrupt_condemns_the_scope, {0}},
    {"A statement that takes longer than it may is QN_TIMEOUT", a_statement_has_a_time_limit, {0}},
};
const theme theme_connections = THEME("Several connections", behaviours);
