/* Rows one by one, and rows as tables. */
#include "conformance/conformance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static qn_rows *query(const char *sql)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    assert_ok(qn_db_query(&rows, db, sql, NULL, 0, &err), &err);
    return rows;
}

static bool next(qn_rows *rows)
{
    qn_error err = qn_error_none();
    bool more = false;
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    return more;
}

static void rows_come_in_order(void)
{
    qn_rows *rows = query("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y' ORDER BY 1");
    assert_int_equal(qn_rows_column_count(rows), 2);
    for (int i = 1; i <= 2; i++) {
        assert_true(next(rows));
        assert_int_equal(qn_rows_value(rows, 0).i64, i);
        qn_value value = qn_rows_value(rows, 1);
        text_is(&value, QN_VALUE_TEXT, i == 1 ? "x" : "y");
        assert_int_equal(qn_rows_value(rows, 0).i64, i); /* in any order, any number of times */
    }
    assert_false(next(rows));
    assert_false(next(rows));
    assert_int_equal(qn_rows_value(rows, 0).type, QN_VALUE_NULL);
    qn_rows_close(rows);
}

static void a_million_rows_in_bounded_memory(void)
{
    test_allocator counting;
    test_allocator_init(&counting);
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.allocator = &counting.allocator;
    qn_error err = qn_error_none();
    qn_db *counted;
    qn_rows *rows;
    char from[200], sql[300];
    (void)snprintf(sql, sizeof sql, "SELECT i, i * 0.5 AS half FROM %s", series(from, 1000000));
    assert_ok(qn_db_open(&counted, url_here(), &options, &err), &err);
    assert_ok(qn_db_query(&rows, counted, sql, NULL, 0, &err), &err);
    int64_t count = 0, sum = 0;
    for (bool more; qn_rows_next(&more, rows, &err) == QN_OK && more;) {
        count++;
        sum += qn_rows_value(rows, 0).i64;
    }
    assert_string_equal(err.message, "");
    qn_rows_close(rows);
    assert_int_equal(count, 1000000);
    assert_true(sum == INT64_C(500000500000));
    assert_true(counting.peak_bytes < 1 << 20);
    qn_db_close(counted);
    assert_int_equal(counting.live_bytes, 0);
}

static void rows_are_closed_early(void)
{
    char from[200], sql[300];
    (void)snprintf(sql, sizeof sql, "SELECT i FROM %s", series(from, 100000));
    for (int taken = 0; taken < 3; taken++) {
        qn_rows *rows = query(sql);
        for (int i = 0; i < taken; i++)
            assert_true(next(rows));
        qn_rows_close(rows);
        assert_int_equal(number("SELECT 7"), 7);
    }
    qn_rows_close(NULL);
}

static void a_connection_answers_one_query_at_a_time(void)
{
    qn_error err = qn_error_none();
    run("CREATE TABLE t(x BIGINT); INSERT INTO t VALUES (1), (2)");
    qn_rows *rows = query("SELECT x FROM t");
    assert_true(next(rows));
    refused(QN_BUSY, "INSERT INTO t VALUES (3)", NULL, 0);
    failure = qn_error_none();
    status_is(qn_db_script(db, "SELECT 1", &failure), QN_BUSY, "a script");
    status_is(qn_db_begin(db, QN_DB_WRITE, &failure), QN_BUSY, "begin");
    status_is(qn_db_ping(db, &failure), QN_BUSY, "ping");
    qn_rows *none;
    status_is(qn_db_query(&none, db, "SELECT x FROM t", NULL, 0, &failure), QN_BUSY, "the same query");
    assert_null(none);
    assert_true(next(rows));
    assert_false(next(rows));
    assert_ok(qn_db_ping(db, &err), &err); /* the last row was passed */
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
    qn_rows_close(rows);
}

static void names_of_columns(void)
{
    qn_rows *rows = query("SELECT 1 AS \"with space\", 2 AS \"say \"\"hi\"\"\", 3 AS \"K\xC3\xB6ln\", 4 AS \"MiXed\", "
                          "5 AS a, 6 AS a");
    static const char *const names[] = {"with space", "say \"hi\"", "K\xC3\xB6ln", "MiXed", "a", "a"};
    assert_int_equal(qn_rows_column_count(rows), 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(qn_rows_column_name(rows, i), names[i]);
    assert_true(next(rows));
    assert_int_equal(qn_rows_value(rows, 5).i64, 6);
    qn_rows_close(rows);
}

static void types_of_columns(void)
{
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "CREATE TABLE t(i BIGINT, f DOUBLE PRECISION, s TEXT, b BOOLEAN, d DATE, w TIMESTAMP, y %s)",
                   bytes_type());
    run(sql);
    qn_rows *rows = query("SELECT i, f, s, b, d, w, y FROM t");
    static const qn_value_type types[] = {QN_VALUE_I64,  QN_VALUE_F64,       QN_VALUE_TEXT, QN_VALUE_BOOL,
                                          QN_VALUE_DATE, QN_VALUE_TIMESTAMP, QN_VALUE_BYTES};
    bool other = differs();
    for (int i = 0; i < 7; i++)
        assert_int_equal(qn_rows_column_type(rows, i), other ? QN_VALUE_NULL : types[i]);
    assert_false(next(rows));
    qn_rows_close(rows);
}

static void a_table_has_the_types_of_its_columns(void)
{
    run("CREATE TABLE t(i BIGINT, f DOUBLE PRECISION, s TEXT, b BOOLEAN, d DATE, w TIMESTAMP, n NUMERIC(8,2));"
        "INSERT INTO t VALUES (1, 0.5, 'x', TRUE, '2026-02-13', '2026-02-13 16:30:00.123456', 12.25),"
        "(NULL, NULL, NULL, NULL, NULL, NULL, NULL), (-7, -0.25, '', FALSE, '1969-12-31', '1969-12-31 23:59:59', "
        "-0.5)");
    qn_table *table = table_of("SELECT * FROM t");
    static const qn_type types[] = {QN_TYPE_I64,  QN_TYPE_F64,       QN_TYPE_STRING, QN_TYPE_BOOL,
                                    QN_TYPE_DATE, QN_TYPE_TIMESTAMP, QN_TYPE_F64};
    assert_int_equal(qn_table_row_count(table), 3);
    assert_int_equal(qn_table_column_count(table), 7);
    for (int c = 0; c < 7; c++) {
        assert_int_equal(qn_table_column_type(table, c), types[c]);
        assert_int_equal(qn_table_missing_count(table, c), 1);
        assert_true(qn_table_is_missing(table, c, 1));
    }
    assert_true(((const int64_t *)qn_table_values(table, 0))[2] == -7);
    assert_true(qn_table_f64(table, 1)[0] == 0.5 && isnan(qn_table_f64(table, 1)[1]));
    assert_string_equal(qn_table_string(table, 2, ((const int32_t *)qn_table_values(table, 2))[2]), "");
    assert_int_equal(*(const uint8_t *)qn_table_values(table, 3) & 7, 1);
    assert_int_equal(((const int32_t *)qn_table_values(table, 4))[0], 20497);
    assert_int_equal(((const int32_t *)qn_table_values(table, 4))[2], -1);
    assert_true(((const int64_t *)qn_table_values(table, 5))[0] == INT64_C(1771000200123456));
    assert_true(((const int64_t *)qn_table_values(table, 5))[2] == -1000000);
    assert_true(qn_table_f64(table, 6)[0] == 12.25 && qn_table_f64(table, 6)[2] == -0.5);
    assert_string_equal(qn_table_source(table), qn_db_url(db));
    qn_table_free(table);
}

static void a_table_comes_in_parts(void)
{
    qn_error err = qn_error_none();
    char from[200], sql[300];
    (void)snprintf(sql, sizeof sql, "SELECT i, i * 2 AS j FROM %s ORDER BY i", series(from, 10000));
    qn_rows *rows = query(sql);
    int64_t seen = 0, parts = 0;
    for (qn_table *table;; parts++) {
        assert_ok(qn_rows_read(&table, rows, parts == 2 ? 1 : 3000, &err), &err);
        if (table == NULL)
            break;
        int64_t count = qn_table_row_count(table);
        assert_true(count > 0 && count <= 3000);
        for (int64_t r = 0; r < count; r++)
            assert_true(((const int64_t *)qn_table_values(table, 1))[r] == 2 * (seen + r + 1));
        seen += count;
        qn_table_free(table);
    }
    assert_int_equal(seen, 10000);
    assert_int_equal(parts, 5);
    qn_rows_close(rows);
}

static void rows_one_by_one_and_then_the_rest(void)
{
    qn_error err = qn_error_none();
    char from[200], sql[300];
    (void)snprintf(sql, sizeof sql, "SELECT i FROM %s ORDER BY i", series(from, 5000));
    qn_rows *rows = query(sql);
    for (int i = 1; i <= 10; i++) {
        assert_true(next(rows));
        assert_int_equal(qn_rows_value(rows, 0).i64, i);
    }
    qn_table *table;
    assert_ok(qn_rows_read(&table, rows, 90, &err), &err);
    assert_int_equal(qn_table_row_count(table), 90);
    assert_int_equal(((const int64_t *)qn_table_values(table, 0))[0], 11);
    qn_table_free(table);
    assert_true(next(rows));
    assert_int_equal(qn_rows_value(rows, 0).i64, 101);
    assert_ok(qn_rows_read(&table, rows, -1, &err), &err);
    assert_int_equal(qn_table_row_count(table), 4899);
    qn_table_free(table);
    assert_ok(qn_rows_read(&table, rows, -1, &err), &err);
    assert_null(table);
    qn_rows_close(rows);
}

static void an_empty_result_has_its_columns(void)
{
    run("CREATE TABLE t(i BIGINT, s TEXT)");
    qn_table *table = table_of("SELECT s, i FROM t");
    assert_int_equal(qn_table_row_count(table), 0);
    assert_int_equal(qn_table_column_count(table), 2);
    assert_string_equal(qn_table_column_name(table, 1), "i");
    qn_table_free(table);
}

static void nothing_but_null_is_a_column_of_doubles(void)
{
    run("CREATE TABLE t(n DOUBLE PRECISION, i BIGINT); INSERT INTO t VALUES (NULL, 1), (NULL, 2)");
    qn_table *table = table_of("SELECT n, i FROM t");
    assert_int_equal(qn_table_column_type(table, 0), QN_TYPE_F64);
    assert_int_equal(qn_table_missing_count(table, 0), 2);
    assert_int_equal(qn_table_column_type(table, 1), QN_TYPE_I64);
    qn_table_free(table);
}

static void a_table_has_no_two_columns_of_one_name(void)
{
    qn_error err = qn_error_none();
    qn_table *table;
    failure = err;
    status_is(qn_db_query_table(&table, db, "SELECT 1 AS a, 2 AS b, 3 AS a", NULL, 0, &failure), QN_DATA, "a, b, a");
    assert_null(table);
    assert_contains(failure.message, "\"a\"");
    assert_int_equal(number("SELECT 7"), 7);
}

static void what_no_table_holds_is_said_with_its_place(void)
{
    qn_table *table;
    char sql[200];
    (void)snprintf(sql, sizeof sql, "CREATE TABLE t(i BIGINT, y %s); INSERT INTO t VALUES (1, NULL)", bytes_type());
    run(sql);
    qn_value bytes = qn_value_bytes("\1\2", 2);
    assert_int_equal(execute("INSERT INTO t VALUES (2, $1)", &bytes, 1), 1);
    failure = qn_error_none();
    status_is(qn_db_query_table(&table, db, "SELECT i, y FROM t ORDER BY i", NULL, 0, &failure), QN_DATA, "bytes");
    assert_null(table);
    assert_contains(failure.message, "row 2");
    assert_contains(failure.message, "\"y\"");
    assert_int_equal(number("SELECT 7"), 7);
}

static void values_of_mixed_types(void)
{
    qn_error err = qn_error_none();
    qn_table *table;
    if (!differs()) {
        table = table_of("SELECT 1 AS x UNION ALL SELECT 2.5");
        assert_int_equal(qn_table_column_type(table, 0), QN_TYPE_F64);
        qn_table_free(table);
        run("CREATE TABLE t(x BIGINT)");
        qn_value word = qn_value_text("word", -1);
        refused(QN_DATA, "INSERT INTO t VALUES ($1)", &word, 1);
        return;
    }
    run("CREATE TABLE t(x); INSERT INTO t VALUES (NULL), (1), (2.5), (3)");
    table = table_of("SELECT x FROM t");
    assert_int_equal(qn_table_column_type(table, 0), QN_TYPE_F64);
    assert_true(qn_table_f64(table, 0)[1] == 1 && qn_table_f64(table, 0)[2] == 2.5);
    qn_table_free(table);
    run("INSERT INTO t VALUES ('word')");
    failure = err;
    status_is(qn_db_query_table(&table, db, "SELECT x FROM t", NULL, 0, &failure), QN_DATA, "mixed");
    assert_contains(failure.message, "row 5");
    assert_contains(failure.message, "\"x\"");
}

static void an_error_among_the_rows(void)
{
    qn_error err = qn_error_none();
    char sql[400];
    fails_at(sql, 90000, 100000);
    qn_rows *rows;
    failure = err;
    qn_status s = qn_db_query(&rows, db, sql, NULL, 0, &failure);
    bool more = s == QN_OK, begun = more; /* an error may come at the start */
    while (s == QN_OK && more)
        s = qn_rows_next(&more, rows, &failure);
    status_is(s, QN_DATA, sql);
    is_the_databases_own();
    assert_int_equal(number("SELECT 7"), 7);
    if (!begun)
        return;
    assert_int_equal(qn_rows_next(&more, rows, &err), QN_INVALID);
    qn_table *table;
    assert_int_equal(qn_rows_read(&table, rows, -1, &err), QN_INVALID);
    qn_rows_close(rows);
    assert_int_equal(number("SELECT 7"), 7);
}

#define FREE_TYPES "In SQLite a row's value may have any type: a column says none"
static const behaviour behaviours[] = {
    {"Rows come in order; after the last there is none, however often one asks", rows_come_in_order, {0}},
    {"A million rows pass in bounded memory, and all of it is given back", a_million_rows_in_bounded_memory, {0}},
    {"Rows can be closed before the last, and the connection is free", rows_are_closed_early, {0}},
    {"While rows are open every other call on the connection is QN_BUSY",
     a_connection_answers_one_query_at_a_time,
     {0}},
    {"Columns are named as the query says: spaces, quotes, capitals, names twice", names_of_columns, {0}},
    {"Columns have types before the first row", types_of_columns, {SQLITE_DIFFERS(FREE_TYPES)}},
    {"A result becomes a table of the columns' types, with what is missing", a_table_has_the_types_of_its_columns, {0}},
    {"A result comes as tables of so many rows", a_table_comes_in_parts, {0}},
    {"Rows one by one, some as a table and the rest can be mixed", rows_one_by_one_and_then_the_rest, {0}},
    {"A result without rows is a table with its columns", an_empty_result_has_its_columns, {0}},
    {"A column of nothing but NULL is one of doubles", nothing_but_null_is_a_column_of_doubles, {0}},
    {"Two columns of one name make no table: QN_DATA", a_table_has_no_two_columns_of_one_name, {0}},
    {"What no table holds is said with its row and column: QN_DATA", what_no_table_holds_is_said_with_its_place, {0}},
    {"A column holds one type: another is refused when it is stored",
     values_of_mixed_types,
     {SQLITE_DIFFERS("SQLite stores any type anywhere: read into a table, whole numbers among numbers become doubles, "
                     "and what does not fit the first value is QN_DATA with its row")}},
    {"An error in the middle of the rows ends them, and the connection is free", an_error_among_the_rows, {0}},
};
const theme theme_rows = THEME("Rows and tables", behaviours);
