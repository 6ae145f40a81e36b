/* Scopes: what is kept, what is undone, and that an error never lets half of it stay. */
#include "conformance/conformance.h"

#include <stdio.h>
#include <string.h>

#define DUCKDB_NESTS "DuckDB has no savepoints: undoing an inner scope condemns the outer one"

static void begin(qn_db_mode mode)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_begin(db, mode, &err), &err);
}

static void commit(void)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_commit(db, &err), &err);
}

static void make(void)
{
    run("CREATE TABLE t(x BIGINT PRIMARY KEY)");
}

static void put(int64_t x)
{
    qn_value value = qn_value_i64(x);
    assert_int_equal(execute("INSERT INTO t VALUES ($1)", &value, 1), 1);
}

/* The numbers in t, as digits of a decimal number in their order. */
static int64_t there(void)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    int64_t digits = 0;
    assert_ok(qn_db_query(&rows, db, "SELECT x FROM t ORDER BY x", NULL, 0, &err), &err);
    for (bool more; qn_rows_next(&more, rows, &err) == QN_OK && more;)
        digits = 10 * digits + qn_rows_value(rows, 0).i64;
    qn_rows_close(rows);
    return digits;
}

/* An outer scope that was condemned because its database has no savepoints gives its error when it is committed. */
static void commit_condemned(qn_status status)
{
    failure = qn_error_none();
    status_is(qn_db_commit(db, &failure), status, "the commit of a condemned scope");
}

static void a_commit_keeps(void)
{
    make();
    begin(QN_DB_WRITE);
    assert_int_equal(qn_db_depth(db), 1);
    put(1);
    put(2);
    commit();
    assert_int_equal(qn_db_depth(db), 0);
    assert_int_equal(there(), 12);
}

static void a_rollback_undoes(void)
{
    make();
    put(1);
    begin(QN_DB_WRITE);
    put(2);
    run("DELETE FROM t WHERE x = 1");
    assert_int_equal(there(), 2);
    qn_db_rollback(db);
    assert_int_equal(qn_db_depth(db), 0);
    assert_int_equal(there(), 1);
    qn_db_rollback(db); /* without a scope, nothing happens */
    assert_int_equal(there(), 1);
}

static void an_error_condemns_the_scope(void)
{
    make();
    begin(QN_DB_WRITE);
    put(1);
    refused(QN_DATA, "INSERT INTO t VALUES (1)", NULL, 0);
    char first_message[512];
    (void)snprintf(first_message, sizeof first_message, "%s", failure.message);
    int native = failure.native;
    refused(QN_DATA, "INSERT INTO t VALUES (2)", NULL, 0);
    refused(QN_DATA, "SELECT 1", NULL, 0);
    failure = qn_error_none();
    status_is(qn_db_script(db, "SELECT 1", &failure), QN_DATA, "a script");
    status_is(qn_db_begin(db, QN_DB_WRITE, &failure), QN_DATA, "a scope inside");
    commit_condemned(QN_DATA);
    assert_string_equal(failure.message, first_message);
    assert_int_equal(failure.native, native);
    assert_int_equal(qn_db_depth(db), 0);
    assert_int_equal(there(), 0);
    put(3);
    assert_int_equal(there(), 3);
}

static void every_kind_of_error_condemns(void)
{
    static const struct {
        qn_status status;
        const char *sql;
    } wrong[] = {{QN_SYNTAX, "INSERT OUT OF t"},
                 {QN_NAME, "INSERT INTO missing VALUES (1)"},
                 {QN_INVALID, "INSERT INTO t VALUES ($1)"},
                 {QN_INVALID, "SELECT 1; SELECT 2"}};
    make();
    for (int i = 0; i < 4; i++) {
        begin(QN_DB_WRITE);
        put(1);
        refused(wrong[i].status, wrong[i].sql, NULL, 0);
        commit_condemned(wrong[i].status);
        assert_int_equal(there(), 0);
    }
    qn_value unbindable = qn_value_text("a\0b", 3);
    begin(QN_DB_WRITE);
    put(1);
    refused(QN_INVALID, "SELECT $1", &unbindable, 1);
    commit_condemned(QN_INVALID);
    assert_int_equal(there(), 0);
    begin(QN_DB_WRITE);
    put(1);
    qn_table *table;
    failure = qn_error_none();
    status_is(qn_db_query_table(&table, db, "SELECT x AS a, x AS a FROM t", NULL, 0, &failure), QN_DATA,
              "two of a name");
    commit_condemned(QN_DATA);
    assert_int_equal(there(), 0);
    begin(QN_DB_WRITE);
    put(1);
    failure = qn_error_none();
    status_is(qn_db_script(db, "INSERT INTO t VALUES (2); INSERT INTO t VALUES (2)", &failure), QN_DATA, "a script");
    commit_condemned(QN_DATA);
    assert_int_equal(there(), 0);
}

static void an_error_among_rows_condemns(void)
{
    char sql[400];
    make();
    fails_at(sql, 40000, 50000);
    begin(QN_DB_WRITE);
    put(1);
    qn_table *table;
    failure = qn_error_none();
    status_is(qn_db_query_table(&table, db, sql, NULL, 0, &failure), QN_DATA, sql);
    commit_condemned(QN_DATA);
    assert_int_equal(there(), 0);
}

static void scopes_nest(void)
{
    make();
    begin(QN_DB_WRITE);
    put(1);
    begin(QN_DB_WRITE);
    put(2);
    begin(QN_DB_READ);
    put(3); /* the mode of an inner scope counts for nothing */
    assert_int_equal(qn_db_depth(db), 3);
    commit();
    commit();
    assert_int_equal(there(), 123);
    commit();
    assert_int_equal(there(), 123);
    begin(QN_DB_WRITE);
    begin(QN_DB_WRITE);
    put(4);
    commit();
    qn_db_rollback(db); /* what an inner scope kept ends with the outer one */
    assert_int_equal(there(), 123);
}

static void an_inner_rollback_keeps_the_outer_scope(void)
{
    assert_int_equal(qn_db_can(db, QN_DB_SAVEPOINTS), !differs());
    make();
    begin(QN_DB_WRITE);
    put(1);
    begin(QN_DB_WRITE);
    put(2);
    qn_db_rollback(db);
    assert_int_equal(qn_db_depth(db), 1);
    if (differs()) {
        refused(QN_DATA, "INSERT INTO t VALUES (3)", NULL, 0);
        assert_contains(failure.message, "savepoints");
        commit_condemned(QN_DATA);
        assert_int_equal(there(), 0);
        return;
    }
    put(3);
    commit();
    assert_int_equal(there(), 13);
}

static void an_inner_error_keeps_the_outer_scope(void)
{
    make();
    begin(QN_DB_WRITE);
    put(1);
    begin(QN_DB_WRITE);
    put(2);
    begin(QN_DB_WRITE);
    put(3);
    refused(QN_DATA, "INSERT INTO t VALUES (1)", NULL, 0);
    commit_condemned(QN_DATA);
    assert_int_equal(qn_db_depth(db), 2);
    if (differs()) {
        commit_condemned(QN_DATA);
        commit_condemned(QN_DATA);
        is_the_databases_own(); /* the error with which it began comes out of every scope */
        assert_int_equal(there(), 0);
        return;
    }
    assert_int_equal(there(), 12);
    put(4);
    commit();
    commit();
    assert_int_equal(there(), 124);
}

static void a_scope_can_be_left_and_opened_many_times(void)
{
    make();
    begin(QN_DB_WRITE);
    for (int i = 0; i < 64; i++) {
        if (i < 63)
            begin(QN_DB_WRITE);
        else
            assert_int_equal(qn_db_begin(db, QN_DB_WRITE, &failure), QN_LIMIT);
    }
    assert_contains(failure.message, "64");
    assert_int_equal(qn_db_depth(db), 64);
    put(1);
    while (qn_db_depth(db) > 0)
        commit();
    assert_int_equal(there(), 1);
    assert_int_equal(qn_db_commit(db, &failure), QN_INVALID);
}

static void what_is_defined_is_undone_as_well(void)
{
    run("CREATE TABLE kept(x BIGINT); INSERT INTO kept VALUES (1)");
    begin(QN_DB_WRITE);
    run("CREATE TABLE made(x BIGINT); INSERT INTO made VALUES (1); ALTER TABLE kept ADD COLUMN y BIGINT; DROP TABLE "
        "kept");
    qn_db_rollback(db);
    refused(QN_NAME, "SELECT * FROM made", NULL, 0);
    qn_table *table = table_of("SELECT * FROM kept");
    assert_int_equal(qn_table_column_count(table), 1);
    assert_int_equal(qn_table_row_count(table), 1);
    qn_table_free(table);
}

/* ---- bodies ---- */

static qn_status good(void *user, qn_db *which, qn_error *err)
{
    (void)user;
    return qn_db_execute(NULL, which, "INSERT INTO t VALUES (1)", NULL, 0, err);
}

static qn_status says_no(void *user, qn_db *which, qn_error *err)
{
    qn_status s = good(user, which, err);
    return s == QN_OK ? QN_EXHAUSTED : s;
}

static qn_status hides_an_error(void *user, qn_db *which, qn_error *err)
{
    (void)user;
    qn_status s = qn_db_execute(NULL, which, "INSERT INTO t VALUES (2)", NULL, 0, err);
    if (s == QN_OK && qn_db_execute(NULL, which, "INSERT INTO t VALUES (2)", NULL, 0, NULL) == QN_OK)
        s = QN_INTERNAL;
    return s;
}

static qn_status leaves_a_scope_open(void *user, qn_db *which, qn_error *err)
{
    (void)user;
    qn_status s = qn_db_begin(which, QN_DB_WRITE, err);
    if (s == QN_OK)
        s = qn_db_begin(which, QN_DB_WRITE, err);
    return s == QN_OK ? good(user, which, err) : s;
}

static qn_status leaves_rows_open(void *user, qn_db *which, qn_error *err)
{
    qn_status s = good(user, which, err);
    if (s == QN_OK)
        s = qn_db_query((qn_rows **)user, which, "SELECT x FROM t", NULL, 0, err);
    return s == QN_OK ? QN_EXHAUSTED : s;
}

static qn_status forgets_its_rows(void *user, qn_db *which, qn_error *err)
{
    qn_status s = leaves_rows_open(user, which, err);
    return s == QN_EXHAUSTED ? QN_OK : s;
}

static void a_body_that_works_is_kept(void)
{
    qn_error err = qn_error_none();
    make();
    assert_ok(qn_db_transact(db, QN_DB_WRITE, good, NULL, &err), &err);
    assert_int_equal(qn_db_depth(db), 0);
    assert_int_equal(there(), 1);
}

static void a_body_that_fails_is_undone(void)
{
    make();
    failure = qn_error_none();
    assert_int_equal(qn_db_transact(db, QN_DB_WRITE, says_no, NULL, &failure), QN_EXHAUSTED);
    assert_int_equal(there(), 0);
    status_is(qn_db_transact(db, QN_DB_WRITE, hides_an_error, NULL, &failure), QN_DATA, "an error the body hid");
    assert_int_equal(there(), 0);
    qn_rows *rows = NULL;
    assert_int_equal(qn_db_transact(db, QN_DB_WRITE, leaves_rows_open, &rows, &failure), QN_EXHAUSTED);
    qn_rows_close(rows);
    assert_int_equal(there(), 0);
    assert_int_equal(qn_db_depth(db), 0);
    rows = NULL;
    status_is(qn_db_transact(db, QN_DB_WRITE, forgets_its_rows, &rows, &failure), QN_INVALID, "rows left open");
    assert_int_equal(qn_db_depth(db), 0);
    qn_rows_close(rows);
    assert_int_equal(there(), 0);
}

static void a_body_that_leaves_scopes_open_is_undone(void)
{
    make();
    failure = qn_error_none();
    status_is(qn_db_transact(db, QN_DB_WRITE, leaves_a_scope_open, NULL, &failure), QN_INVALID, "scopes left open");
    assert_int_equal(qn_db_depth(db), 0);
    assert_int_equal(there(), 0);
}

static void sql_that_ends_the_transaction(void)
{
    make();
    begin(QN_DB_WRITE);
    put(1);
    failure = qn_error_none();
    qn_status s = qn_db_execute(NULL, db, "COMMIT", NULL, 0, &failure);
    if (s == QN_OK)
        refused(QN_DATA, "INSERT INTO t VALUES (2)", NULL, 0);
    failure = qn_error_none();
    assert_int_not_equal(qn_db_commit(db, &failure), QN_OK);
    assert_int_equal(qn_db_depth(db), 0);
    assert_false(qn_db_is_broken(db));
    put(3);
}

static void a_scope_for_reading_changes_nothing(void)
{
    make();
    put(1);
    begin(QN_DB_READ);
    assert_int_equal(there(), 1);
    refused(QN_PERMISSION, "INSERT INTO t VALUES (2)", NULL, 0);
    qn_db_rollback(db);
    begin(QN_DB_READ);
    failure = qn_error_none();
    status_is(qn_db_begin(db, QN_DB_WRITE, &failure), QN_INVALID, "writing inside reading");
    refused(QN_PERMISSION, "CREATE TABLE u(x BIGINT)", NULL, 0);
    commit_condemned(QN_PERMISSION);
    assert_int_equal(there(), 1);
    begin(QN_DB_READ);
    assert_int_equal(there(), 1);
    commit();
    put(2);
    assert_int_equal(there(), 12);
}

static void a_commit_that_fails(void)
{
    if (differs()) {
        make();
        qn_db *other = another(NULL);
        begin(QN_DB_WRITE);
        put(1);
        put(2);
        run_on(other, "INSERT INTO t VALUES (2)");
        commit_condemned(QN_DATA);
        is_the_databases_own();
        assert_int_equal(qn_db_depth(db), 0);
        assert_int_equal(there(), 2);
        return;
    }
    run("CREATE TABLE t(x BIGINT PRIMARY KEY);"
        "CREATE TABLE u(x BIGINT REFERENCES t(x) DEFERRABLE INITIALLY DEFERRED)");
    begin(QN_DB_WRITE);
    run("INSERT INTO u VALUES (5)");
    commit_condemned(QN_DATA);
    is_the_databases_own();
    assert_int_equal(qn_db_depth(db), 0);
    assert_int_equal(number("SELECT count(*) FROM u"), 0);
    put(1);
}

static const behaviour behaviours[] = {
    {"What is committed is kept", a_commit_keeps, {0}},
    {"What is rolled back is undone", a_rollback_undoes, {0}},
    {"An error condemns its scope: further statements are refused, a commit rolls back and gives that error",
     an_error_condemns_the_scope,
     {0}},
    {"Every kind of error condemns, one in a script too", every_kind_of_error_condemns, {0}},
    {"An error among the rows of a query condemns", an_error_among_rows_condemns, {0}},
    {"Scopes nest: what an inner one keeps, the outer one decides", scopes_nest, {0}},
    {"An inner scope that is rolled back leaves the outer one whole",
     an_inner_rollback_keeps_the_outer_scope,
     {[DUCKDB] = DUCKDB_NESTS}},
    {"An error inside an inner scope leaves the outer one whole",
     an_inner_error_keeps_the_outer_scope,
     {[DUCKDB] = DUCKDB_NESTS}},
    {"Scopes nest 64 deep and no deeper: QN_LIMIT", a_scope_can_be_left_and_opened_many_times, {0}},
    {"Tables that are made, changed and dropped are undone as well", what_is_defined_is_undone_as_well, {0}},
    {"A body that works is kept", a_body_that_works_is_kept, {0}},
    {"A body that fails, or hides an error, is undone, open rows or not", a_body_that_fails_is_undone, {0}},
    {"A body that leaves scopes open is undone: QN_INVALID", a_body_that_leaves_scopes_open_is_undone, {0}},
    {"COMMIT as SQL ends no scope unnoticed", sql_that_ends_the_transaction, {0}},
    {"A scope for reading changes nothing: QN_PERMISSION", a_scope_for_reading_changes_nothing, {0}},
    {"A commit that fails undoes everything: QN_DATA",
     a_commit_that_fails,
     {[DUCKDB] = "In DuckDB no constraint waits for the commit, but a key that another connection has committed first: "
                 "QN_DATA as well"}},
};
const theme theme_transactions = THEME("Transactions", behaviours);
