/* Every allocation of ours fails in turn: opening a database, querying, reading into a table, inserting, transactions.
 * Nothing leaks, and what is said to have failed has not happened. SQLite's own memory is not ours to refuse. */
#include "harness/harness.h"

#include <quern/db.h>
#include <quern/table.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/quern-sweep-XXXXXX";

static qn_status open_with(qn_db **out, const char *url, const qn_allocator *allocator)
{
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_error err;
    qn_status s = qn_db_open(out, url, &options, &err);
    assert_true((*out != NULL) == (s == QN_OK));
    return s;
}

static qn_status open_and_close(const qn_allocator *allocator, void *url)
{
    qn_db *db;
    qn_status s = open_with(&db, url, allocator);
    qn_db_close(db);
    return s;
}

static qn_status step_through(qn_db *db)
{
    static const char sql[] = "SELECT a, b, c, d FROM t WHERE a >= $2 AND a <= $1";
    const qn_value of[] = {qn_value_i64(5), qn_value_literal("1", -1)};
    qn_rows *rows;
    qn_status s = qn_db_query(&rows, db, sql, of, 2, NULL);
    assert_true((rows != NULL) == (s == QN_OK));
    for (bool more = true; s == QN_OK && more;) {
        s = qn_rows_next(&more, rows, NULL);
        for (int64_t c = 0; s == QN_OK && more && c < qn_rows_column_count(rows); c++)
            (void)qn_rows_value(rows, c);
    }
    qn_rows_close(rows);
    return s;
}

/* Everything that a connection does, over a database in memory that another connection holds. */
static qn_status use(const qn_allocator *allocator, void *url)
{
    qn_db *db;
    qn_table *table = NULL;
    qn_status s = open_with(&db, url, allocator);
    if (s == QN_OK)
        s = qn_db_begin(db, QN_DB_WRITE, NULL);
    if (s == QN_OK)
        s = qn_db_script(
            db,
            "DELETE FROM t; DELETE FROM u;"
            "INSERT INTO t VALUES (1, 'a', x'00FF', '2026-02-13'), (2, NULL, x'', NULL), (3, 'b', NULL, 'x')",
            NULL);
    if (s == QN_OK)
        s = step_through(db);
    if (s == QN_OK)
        s = qn_db_query_table(&table, db, "SELECT a, b FROM t", NULL, 0, NULL);
    if (s == QN_OK)
        s = qn_db_insert(db, "u", table, NULL);
    qn_table_free(table);
    if (s == QN_OK)
        s = qn_db_commit(db, NULL);
    else if (db != NULL)
        qn_db_rollback(db);
    if (db != NULL) {
        assert_int_equal(qn_db_depth(db), 0);
        assert_false(qn_db_is_broken(db));
    }
    qn_db_close(db);
    return s;
}

static void opening_survives_every_failed_allocation(void **state)
{
    (void)state;
    static char memory[] = "memory:", shared[] = "memory:sweep";
    assert_true(test_fault_sweep(open_and_close, memory, 100) > 2);
    assert_true(test_fault_sweep(open_and_close, shared, 100) > 2);
    char url[128];
    (void)snprintf(url, sizeof url, "sqlite:%s/open.db?journal=wal&synchronous=off", folder);
    assert_true(test_fault_sweep(open_and_close, url, 100) > 2);
}

static void what_failed_was_undone(void **state)
{
    (void)state;
    static char url[] = "memory:used";
    qn_db *db;
    qn_table *table;
    qn_error err;
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    assert_ok(
        qn_db_script(db, "CREATE TABLE t (a, b, c, d DATE); CREATE TABLE u (a, b); INSERT INTO u VALUES (0, 0)", &err),
        &err);
    test_allocator t;
    int64_t rounds = 1;
    for (;; rounds++) {
        test_allocator_init(&t);
        t.fail_at = rounds;
        qn_status s = use(&t.allocator, url);
        assert_int_equal(t.live_bytes, 0);
        assert_ok(qn_db_query_table(&table, db, "SELECT count(*) FROM u", NULL, 0, &err), &err);
        int64_t count = ((const int64_t *)qn_table_values(table, 0))[0];
        qn_table_free(table);
        assert_int_equal(count, s == QN_OK ? 3 : 1);
        if (s == QN_OK)
            break;
        assert_int_equal(s, QN_NOMEM);
    }
    assert_true(rounds > 30);
    qn_db_close(db);
}

static void a_file_is_used_the_same_way(void **state)
{
    (void)state;
    char url[128];
    (void)snprintf(url, sizeof url, "sqlite:%s/used.db?journal=wal&synchronous=off", folder);
    qn_db *db;
    qn_error err;
    assert_ok(qn_db_open(&db, url, NULL, &err), &err);
    assert_ok(qn_db_script(db, "CREATE TABLE t (a, b, c, d DATE); CREATE TABLE u (a, b)", &err), &err);
    assert_true(test_fault_sweep(use, url, 1000) > 30);
    qn_db_close(db);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_survives_every_failed_allocation),
        cmocka_unit_test(what_failed_was_undone),
        cmocka_unit_test(a_file_is_used_the_same_way),
    };
    if (!qn_has("sqlite")) {
        print_message("SKIPPED: SQLite is not here, so no allocation of its driver fails\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
