/* Many rows at once. */
#include "conformance/conformance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void insert(const char *into, qn_table *rows)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_insert(db, into, rows, &err), &err);
    qn_table_free(rows);
}

static void refuse(qn_status status, const char *into, qn_table *rows)
{
    failure = qn_error_none();
    status_is(qn_db_insert(db, into, rows, &failure), status, into);
    qn_table_free(rows);
}

static void rows_of_every_type(void)
{
    run("CREATE TABLE t(i BIGINT, f DOUBLE PRECISION, s TEXT, b BOOLEAN, d DATE, w TIMESTAMP, g REAL)");
    insert(
        "t",
        rows_of("i,f,s,b,d,w,g\n"
                "9223372036854775807,0.1,\"it's, K\xC3\xB6ln\t\\N \",true,0001-01-01,2026-02-13T16:30:00.123456,0.5\n"
                "-9223372036854775808,-1e-300,\"\",false,9999-12-31,1969-12-31T23:59:59.999999,-2.25\n"
                "0,inf,\"line\nbreak \xF0\x9D\x84\x9E\",true,1970-01-01,1970-01-01T00:00:00,1e10\n",
                "g=f32,i=i64,f=f64,s=string,b=bool,d=date,w=timestamp"));
    qn_table *got = table_of("SELECT i, f, s, b, d, w, g FROM t ORDER BY i");
    assert_int_equal(qn_table_row_count(got), 3);
    const int64_t *i = qn_table_values(got, 0), *w = qn_table_values(got, 5);
    const int32_t *s = qn_table_values(got, 2), *d = qn_table_values(got, 4);
    assert_true(i[0] == INT64_MIN && i[1] == 0 && i[2] == INT64_MAX);
    const double *f = qn_table_f64(got, 1), *g = qn_table_f64(got, 6);
    assert_true(f[0] == -1e-300 && f[1] == INFINITY && f[2] == 0.1);
    assert_string_equal(qn_table_string(got, 2, s[0]), "");
    assert_string_equal(qn_table_string(got, 2, s[1]), "line\nbreak \xF0\x9D\x84\x9E");
    assert_string_equal(qn_table_string(got, 2, s[2]), "it's, K\xC3\xB6ln\t\\N ");
    assert_int_equal(qn_table_column_type(got, 3), QN_TYPE_BOOL);
    assert_int_equal(*(const uint8_t *)qn_table_values(got, 3) & 7, 6);
    assert_int_equal(d[0], 2932896);
    assert_int_equal(d[1], 0);
    assert_int_equal(d[2], -719162);
    assert_true(w[0] == -1 && w[1] == 0 && w[2] == INT64_C(1771000200123456));
    assert_true(g[0] == -2.25 && g[1] == 1e10 && g[2] == 0.5);
    qn_table_free(got);
}

static void what_is_missing_becomes_null(void)
{
    run("CREATE TABLE t(k BIGINT, i BIGINT, f DOUBLE PRECISION, s TEXT, b BOOLEAN, d DATE, w TIMESTAMP)");
    insert("t", rows_of("k,i,f,s,b,d,w\n1,,,,,,\n2,2,2.5,x,true,2026-02-13,2026-02-13T00:00:00\n3,,,,,,\n", NULL));
    assert_int_equal(number("SELECT count(*) FROM t WHERE i IS NULL AND f IS NULL AND s IS NULL AND b IS NULL AND d IS "
                            "NULL AND w IS NULL"),
                     2);
    assert_int_equal(number("SELECT i FROM t WHERE s = 'x'"), 2);
}

static void columns_are_matched_by_name(void)
{
    run("CREATE TABLE t(a BIGINT, b BIGINT DEFAULT 7, c TEXT DEFAULT 'none', d BIGINT)");
    insert("t", rows_of("d,a\n4,1\n40,10\n", NULL));
    assert_int_equal(number("SELECT count(*) FROM t WHERE b = 7 AND c = 'none' AND d = 4 * a"), 2);
}

static void a_column_or_table_that_is_not_there(void)
{
    run("CREATE TABLE t(a BIGINT)");
    refuse(QN_NAME, "t", rows_of("a,missing_column\n1,2\n", NULL));
    assert_contains(failure.message, "missing_column");
    refuse(QN_NAME, "missing_table", rows_of("a\n1\n", NULL));
    assert_contains(failure.message, "missing_table");
    refuse(QN_INVALID, "", rows_of("a\n1\n", NULL));
    refuse(QN_INVALID, "a.b.c", rows_of("a\n1\n", NULL));
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void all_or_none(void)
{
    run("CREATE TABLE t(a BIGINT PRIMARY KEY, b DOUBLE PRECISION); INSERT INTO t VALUES (500, 1)");
    char *csv = malloc(20000);
    assert_non_null(csv);
    int at = sprintf(csv, "a,b\n");
    for (int i = 0; i < 1000; i++)
        at += sprintf(csv + at, "%d,0.5\n", i);
    refuse(QN_DATA, "t", rows_of(csv, NULL));
    is_the_databases_own();
    free(csv);
    assert_int_equal(number("SELECT count(*) FROM t"), 1);
    assert_int_equal(qn_db_depth(db), 0);
    insert("t", rows_of("a,b\n1,2\n", NULL));
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
}

static void a_hundred_thousand_rows(void)
{
    enum {
        ROWS = 100000
    };
    double *x = malloc(ROWS * sizeof *x), *y = malloc(ROWS * sizeof *y);
    assert_true(x != NULL && y != NULL);
    for (int i = 0; i < ROWS; i++) {
        x[i] = i;
        y[i] = i % 1000 == 0 ? -0.125 : i * 0.1;
    }
    qn_table *rows;
    qn_error err = qn_error_none();
    assert_ok(
        qn_table_from_f64(&rows, (const char *const[]){"x", "y"}, (const double *const[]){x, y}, 2, ROWS, NULL, &err),
        &err);
    run("CREATE TABLE t(x DOUBLE PRECISION, y DOUBLE PRECISION)");
    insert("t", rows);
    qn_table *got = table_of("SELECT x, y FROM t ORDER BY x");
    assert_int_equal(qn_table_row_count(got), ROWS);
    assert_memory_equal(qn_table_f64(got, 0), x, ROWS * sizeof *x);
    assert_memory_equal(qn_table_f64(got, 1), y, ROWS * sizeof *y);
    qn_table_free(got);
    free(x);
    free(y);
}

static void it_is_part_of_the_scope_around_it(void)
{
    qn_error err = qn_error_none();
    run("CREATE TABLE t(a BIGINT PRIMARY KEY)");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    insert("t", rows_of("a\n1\n2\n", NULL));
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
    qn_db_rollback(db);
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    insert("t", rows_of("a\n1\n2\n", NULL));
    assert_ok(qn_db_commit(db, &err), &err);
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    run("INSERT INTO t VALUES (3)");
    refuse(QN_DATA, "t", rows_of("a\n4\n4\n", NULL));
    assert_int_equal(qn_db_commit(db, &failure), QN_DATA);
    is_the_databases_own();
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
}

static void names_are_quoted(void)
{
    run("CREATE TABLE \"my \"\"Table\"\"\"(\"select\" BIGINT, \"K\xC3\xB6ln; --\" TEXT, \"a\"\"b\" BIGINT)");
    insert("my \"Table\"", rows_of("\"K\xC3\xB6ln; --\",\"a\"\"b\",select\nx,2,1\n", NULL));
    assert_int_equal(number("SELECT \"select\" + \"a\"\"b\" FROM \"my \"\"Table\"\"\""), 3);
}

static void a_schema_is_named_before_a_point(void)
{
    if (on == SQLITE || on == MEMORY) { /* whose schemas are the databases that are attached */
        run("ATTACH ':memory:' AS market; CREATE TABLE market.t(a BIGINT)");
    } else {
        run("DROP SCHEMA IF EXISTS market CASCADE; CREATE SCHEMA market; CREATE TABLE market.t(a BIGINT)");
    }
    insert("market.t", rows_of("a\n5\n", NULL));
    assert_int_equal(number("SELECT a FROM market.t"), 5);
    refuse(QN_NAME, "market.u", rows_of("a\n5\n", NULL));
    refuse(QN_NAME, "missing.t", rows_of("a\n5\n", NULL));
    if (on == POSTGRES)
        run("DROP SCHEMA market CASCADE");
}

static void types_that_do_not_fit(void)
{
    run("CREATE TABLE t(a BIGINT, d DATE, s SMALLINT)");
    if (differs()) {
        insert("t", rows_of("a,d\n1,2026-02-13\nx,2026-02-14\n", "a=string"));
        assert_int_equal(number("SELECT count(*) FROM t WHERE typeof(a) = 'text'"), 1);
        return;
    }
    refuse(QN_DATA, "t", rows_of("a\n1\nx\n", "a=string"));
    if (strstr(failure.message, "\"a\"") == NULL && strstr(failure.message, "row 2") == NULL &&
        strstr(failure.message, "'x'") == NULL)
        fail_msg("nothing says which value: %s", failure.message);
    refuse(QN_DATA, "t", rows_of("d\nnever\n", "d=string"));
    refuse(QN_DATA, "t", rows_of("s\n1\n100000\n", NULL));
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void neighbouring_types_fit(void)
{
    run("CREATE TABLE t(f DOUBLE PRECISION, n NUMERIC(10,2), s SMALLINT, i INTEGER, v VARCHAR(10))");
    insert("t", rows_of("f,n,s,i,v\n1,2,3,4,x\n-1,-2,-3,-4,y\n", "f=i64,n=f64,s=i64,i=i64,v=string"));
    qn_table *got =
        table_of("SELECT CAST(f AS DOUBLE PRECISION), CAST(n AS DOUBLE PRECISION), s, i, v FROM t ORDER BY f");
    assert_int_equal(qn_table_row_count(got), 2);
    double out[2];
    for (int c = 0; c < 4; c++) {
        assert_true(qn_table_read_f64(got, c, out));
        assert_true(out[0] == -1 - c && out[1] == 1 + c);
    }
    qn_table_free(got);
}

static void no_rows(void)
{
    run("CREATE TABLE t(a BIGINT)");
    insert("t", table_of("SELECT a FROM t"));
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
    refuse(QN_NAME, "missing_table", table_of("SELECT a FROM t"));
}

static void a_result_goes_back_in(void)
{
    run("CREATE TABLE t(i BIGINT, f DOUBLE PRECISION, s TEXT, b BOOLEAN, d DATE, w TIMESTAMP);"
        "INSERT INTO t VALUES (1, 0.1, 'x', TRUE, '2026-02-13', '2026-02-13 16:30:00.5'), (2, NULL, NULL, NULL, NULL, "
        "NULL)");
    insert("t", table_of("SELECT * FROM t"));
    assert_int_equal(number("SELECT count(*) FROM t"), 4);
    assert_int_equal(number("SELECT count(*) FROM (SELECT DISTINCT i, f, s, b, d, w FROM t) AS u"), 2);
}

static const behaviour behaviours[] = {
    {"Rows of every type are inserted, the extremes too", rows_of_every_type, {0}},
    {"What is missing becomes NULL", what_is_missing_becomes_null, {0}},
    {"Columns are matched by name; one that the rows lack gets its default", columns_are_matched_by_name, {0}},
    {"A table or column that is not there is QN_NAME and is named", a_column_or_table_that_is_not_there, {0}},
    {"All rows or none: a key that is there twice undoes them all", all_or_none, {0}},
    {"A hundred thousand rows come back bit for bit", a_hundred_thousand_rows, {0}},
    {"Rows that are inserted belong to the scope around them; where one fails, it fails",
     it_is_part_of_the_scope_around_it,
     {0}},
    {"Names of tables and columns are names and never SQL", names_are_quoted, {0}},
    {"A schema is named before a point", a_schema_is_named_before_a_point, {0}},
    {"Values that do not fit their column are QN_DATA",
     types_that_do_not_fit,
     {SQLITE_DIFFERS("SQLite stores them as they are, unless the table is STRICT")}},
    {"Whole numbers go into columns of doubles and of fewer bits, doubles into NUMERIC", neighbouring_types_fit, {0}},
    {"A table without rows inserts none, but its names are looked at", no_rows, {0}},
    {"What was read goes back in", a_result_goes_back_in, {0}},
};
const theme theme_insert = THEME("Many rows in", behaviours);
