/* What is DuckDB's own: its types, its files, its transactions, its errors. What all databases promise alike is tested
 * elsewhere. Known answers are DuckDB's own casts to text, and values written down. */
#define _GNU_SOURCE
#include "harness/duckdb.h"
#include "harness/harness.h"

#include <quern/db.h>

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/quern-duckdb-XXXXXX";

static qn_db *must_open(const char *url, const qn_db_options *options)
{
    qn_error err = qn_error_none();
    qn_db *db;
    assert_ok(qn_db_open(&db, url, options, &err), &err);
    return db;
}

static void must_run(qn_db *db, const char *sql)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_script(db, sql, &err), &err);
}

/* DuckDB's casts between moments and local times are those of an odd place; where it has no time zones, of none. */
static void go_elsewhere(qn_db *db)
{
    (void)!qn_db_script(db, "SET TimeZone = 'Asia/Kathmandu'", NULL);
}

static qn_rows *must_query(qn_db *db, const char *sql, const qn_value *params, int64_t count)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    assert_ok(qn_db_query(&rows, db, sql, params, count, &err), &err);
    return rows;
}

static bool must_step(qn_rows *rows)
{
    qn_error err = qn_error_none();
    bool more;
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    return more;
}

static int64_t must_count(qn_db *db, const char *sql)
{
    qn_rows *rows = must_query(db, sql, NULL, 0);
    assert_true(must_step(rows));
    qn_value v = qn_rows_value(rows, 0);
    assert_int_equal(v.type, QN_VALUE_I64);
    qn_rows_close(rows);
    return v.i64;
}

static qn_table *must_read(qn_db *db, const char *sql)
{
    qn_error err = qn_error_none();
    qn_table *table;
    assert_ok(qn_db_query_table(&table, db, sql, NULL, 0, &err), &err);
    return table;
}

static qn_status run(qn_db *db, const char *sql, qn_error *err)
{
    *err = qn_error_none();
    qn_status s = qn_db_execute(NULL, db, sql, NULL, 0, err);
    assert_int_equal(s, err->code);
    return s;
}

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *url_of(const char *name, const char *options)
{
    static char url[256];
    (void)snprintf(url, sizeof url, "duckdb:%s/%s%s", folder, name, options);
    return url;
}

/* ---- the library ---- */

static void a_library_that_cannot_be_opened_is_told_with_its_name_and_why(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_db *db;
    char *kept = getenv("QUERN_DUCKDB_LIB");
    kept = kept != NULL ? strdup(kept) : NULL;
    assert_int_equal(setenv("QUERN_DUCKDB_LIB", "/nowhere/libduckdb.so", 1), 0);
    assert_int_equal(qn_db_open(&db, "duckdb:", NULL, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "QUERN_DUCKDB_LIB");
    assert_contains(err.message, "/nowhere/libduckdb.so: cannot open shared object file");
    assert_int_equal(setenv("QUERN_DUCKDB_LIB", "libm.so.6", 1), 0);
    assert_int_equal(qn_db_open(&db, "duckdb:", NULL, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "QUERN_DUCKDB_LIB");
    assert_int_equal(setenv("QUERN_DUCKDB_LIB", "", 1), 0);
    if (qn_db_open(&db, "duckdb:", NULL, &err) == QN_UNAVAILABLE) {
        assert_contains(err.message, "libduckdb.so");
        assert_contains(err.message, "duckdb.org");
        assert_contains(err.message, "QUERN_DUCKDB_LIB");
    } else {
        qn_db_close(db); /* the system has one */
    }
    if (kept != NULL)
        assert_int_equal(setenv("QUERN_DUCKDB_LIB", kept, 1), 0);
    free(kept);
}

/* ---- types ---- */

static void every_type_has_its_value(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        qn_value_type column, value;
        int64_t i64;
        double f64;
        const char *text;
    } cases[] = {
        {"true", QN_VALUE_BOOL, QN_VALUE_BOOL, 1, 0, NULL},
        {"(-128)::TINYINT", QN_VALUE_I64, QN_VALUE_I64, -128, 0, NULL},
        {"(-32768)::SMALLINT", QN_VALUE_I64, QN_VALUE_I64, -32768, 0, NULL},
        {"2147483647::INTEGER", QN_VALUE_I64, QN_VALUE_I64, 2147483647, 0, NULL},
        {"9223372036854775807::BIGINT", QN_VALUE_I64, QN_VALUE_I64, INT64_MAX, 0, NULL},
        {"255::UTINYINT", QN_VALUE_I64, QN_VALUE_I64, 255, 0, NULL},
        {"65535::USMALLINT", QN_VALUE_I64, QN_VALUE_I64, 65535, 0, NULL},
        {"4294967295::UINTEGER", QN_VALUE_I64, QN_VALUE_I64, 4294967295, 0, NULL},
        {"7::UBIGINT", QN_VALUE_NULL, QN_VALUE_I64, 7, 0, NULL},
        {"18446744073709551615::UBIGINT", QN_VALUE_NULL, QN_VALUE_DECIMAL, 0, 0, "18446744073709551615"},
        {"(-170141183460469231731687303715884105727)::HUGEINT", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0,
         "-170141183460469231731687303715884105727"},
        {"'340282366920938463463374607431768211455'::UHUGEINT", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0,
         "340282366920938463463374607431768211455"},
        {"0::HUGEINT", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0, "0"},
        {"1.5::FLOAT", QN_VALUE_F64, QN_VALUE_F64, 0, 1.5, NULL},
        {"0.1::DOUBLE", QN_VALUE_F64, QN_VALUE_F64, 0, 0.1, NULL},
        {"12.50::DECIMAL(4,2)", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0, "12.50"},
        {"(-0.05)::DECIMAL(9,2)", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0, "-0.05"},
        {"123456789.125::DECIMAL(18,3)", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0, "123456789.125"},
        {"'-12345678901234567890.123456789'::DECIMAL(38,9)", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0,
         "-12345678901234567890.123456789"},
        {"'0.00000000000000000000000000000000000001'::DECIMAL(38,38)", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0,
         "0.00000000000000000000000000000000000001"},
        {"7::DECIMAL(4,0)", QN_VALUE_DECIMAL, QN_VALUE_DECIMAL, 0, 0, "7"},
        {"''", QN_VALUE_TEXT, QN_VALUE_TEXT, 0, 0, ""},
        {"'twelve bytes'", QN_VALUE_TEXT, QN_VALUE_TEXT, 0, 0, "twelve bytes"},
        {"'thirteen byte'", QN_VALUE_TEXT, QN_VALUE_TEXT, 0, 0, "thirteen byte"},
        {"'\\xAA\\xBB'::BLOB", QN_VALUE_BYTES, QN_VALUE_BYTES, 0, 0, "\xAA\xBB"},
        {"DATE '2024-02-29'", QN_VALUE_DATE, QN_VALUE_DATE, 19782, 0, NULL},
        {"DATE '0001-01-01'", QN_VALUE_DATE, QN_VALUE_DATE, -719162, 0, NULL},
        {"TIMESTAMP '1969-12-31 23:59:59.999999'", QN_VALUE_TIMESTAMP, QN_VALUE_TIMESTAMP, -1, 0, NULL},
        {"TIMESTAMP_S '2024-02-29 12:34:56'", QN_VALUE_TIMESTAMP, QN_VALUE_TIMESTAMP, 1709210096000000, 0, NULL},
        {"TIMESTAMP_MS '2024-02-29 12:34:56.789'", QN_VALUE_TIMESTAMP, QN_VALUE_TIMESTAMP, 1709210096789000, 0, NULL},
        {"TIMESTAMP_NS '2024-02-29 12:34:56.789000999'", QN_VALUE_TIMESTAMP, QN_VALUE_TIMESTAMP, 1709210096789000, 0,
         NULL},
        {"TIMESTAMP_NS '1969-12-31 23:59:59.999999999'", QN_VALUE_TIMESTAMP, QN_VALUE_TIMESTAMP, -1, 0, NULL},
        {"TIMESTAMPTZ '2024-02-29 14:34:56+02'", QN_VALUE_TIMESTAMP, QN_VALUE_TIMESTAMP, 1709210096000000, 0, NULL},
        {"NULL::DOUBLE", QN_VALUE_F64, QN_VALUE_NULL, 0, 0, NULL},
        {"NULL::INTEGER[]", QN_VALUE_TEXT, QN_VALUE_NULL, 0, 0, NULL},
    };
    qn_db *db = must_open("duckdb:", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql, "SELECT %s", cases[i].sql);
        qn_rows *rows = must_query(db, sql, NULL, 0);
        assert_int_equal(qn_rows_column_type(rows, 0), cases[i].column);
        assert_true(must_step(rows));
        qn_value v = qn_rows_value(rows, 0);
        assert_int_equal(v.type, cases[i].value);
        assert_int_equal(v.i64, cases[i].i64);
        assert_true(v.f64 == cases[i].f64);
        if (cases[i].text != NULL) {
            assert_string_equal(v.bytes, cases[i].text);
            assert_int_equal(v.size, (int64_t)strlen(cases[i].text));
        }
        assert_false(must_step(rows));
        qn_rows_close(rows);
    }
    qn_db_close(db);
}

/* DuckDB's own cast is the known answer. */
static void what_has_no_type_of_ours_comes_as_duckdb_writes_it(void **state)
{
    (void)state;
    static const char *const expressions[] = {
        "TIME '12:34:56.5'",
        "'12:34:56+02'::TIMETZ",
        "INTERVAL '1 year 2 days 3 seconds'",
        "INTERVAL '-5 minutes'",
        "'b'::ENUM('a','b')",
        "'eeccb8c5-9943-b2bb-bb5e-222f4e14b687'::UUID",
        "'00000000-0000-0000-0000-000000000001'::UUID",
        "'10101'::BIT",
        "[1, 2, NULL]",
        "[]",
        "['a', 'b c', 'it''s', NULL, 'a longer text than twelve']",
        "[[1], [2, 3], NULL, []]",
        "{'a': 1, 'b': 'x', 'c': NULL}",
        "[{'a': 1.5::DOUBLE}, {'a': NULL}]",
        "MAP {'k': 1, 'l': NULL}",
        "[1.5, 2.5]::DOUBLE[2]",
        "[[1, 2], [3, 4]]::INTEGER[2][2]",
        "union_value(num := 2)",
        "[true, false]",
        "[1::TINYINT, 2::TINYINT]",
        "[1::SMALLINT]",
        "[1::UTINYINT]",
        "[1::USMALLINT]",
        "[1::UINTEGER]",
        "[1::UBIGINT]",
        "[1::HUGEINT]",
        "[1::UHUGEINT]",
        "[1.5::FLOAT]",
        "[12.5::DECIMAL(4,1), -12.5::DECIMAL(4,1)]",
        "[12.5::DECIMAL(9,1)]",
        "[-12.5::DECIMAL(18,1)]",
        "[12.5::DECIMAL(38,1)]",
        "['\\xAA\\x00'::BLOB]",
        "[DATE '2024-02-29']",
        "[TIME '12:34:56']",
        "[TIMESTAMP '2024-02-29 12:34:56']",
        "[TIMESTAMP_S '2024-02-29 12:34:56']",
        "[TIMESTAMP_MS '2024-02-29 12:34:56.789']",
        "[TIMESTAMP_NS '2024-02-29 12:34:56.789000999']",
        "['10101'::BIT]",
        "['b'::ENUM('a','b')]",
        "['eeccb8c5-9943-b2bb-bb5e-222f4e14b687'::UUID]",
        "[INTERVAL '3 months']",
    };
    qn_db *db = must_open("duckdb:", NULL);
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        char sql[512];
        (void)snprintf(
            sql, sizeof sql,
            "SELECT x, x::VARCHAR FROM (SELECT %s AS x UNION ALL SELECT NULL UNION ALL SELECT %s) ORDER BY 1",
            expressions[i], expressions[i]);
        qn_rows *rows = must_query(db, sql, NULL, 0);
        assert_int_equal(qn_rows_column_type(rows, 0), QN_VALUE_TEXT);
        for (int k = 0; k < 2; k++) {
            assert_true(must_step(rows));
            qn_value got = qn_rows_value(rows, 0), wanted = qn_rows_value(rows, 1);
            assert_int_equal(got.type, QN_VALUE_TEXT);
            assert_string_equal(got.bytes, wanted.bytes);
        }
        assert_true(must_step(rows));
        assert_int_equal(qn_rows_value(rows, 0).type, QN_VALUE_NULL);
        qn_rows_close(rows);
        qn_table *table = must_read(db, sql);
        assert_int_equal(qn_table_missing_count(table, 0), 1);
        assert_string_equal(qn_table_string(table, 0, 0), qn_table_string(table, 1, 0));
        qn_table_free(table);
    }
    qn_db_close(db);
}

static void a_type_that_cannot_be_handed_out_says_what_to_do(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err;
    if (run(db, "SELECT '1'::VARINT AS much", &err) != QN_OK) {
        assert_int_equal(err.code, QN_DATA);
        assert_contains(err.message, "\"much\"");
        assert_contains(err.message, "CAST it to VARCHAR");
    }
    assert_int_equal(must_count(db, "SELECT 1"), 1);
    qn_db_close(db);
}

/* Several chunks; every column has NULL in each seventh row. */
#define ROWS 5000
static const char many[] =
    "SELECT CASE WHEN i % 7 = 3 THEN NULL ELSE i % 2 = 0 END AS truth,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i % 100)::TINYINT END AS i8,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (-i)::SMALLINT END AS i16,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i * 1000)::INTEGER END AS i32,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE i * 1000000000 END AS i64,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i % 200)::UTINYINT END AS u8,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE i::USMALLINT END AS u16,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE i::UINTEGER END AS u32,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i / 8)::FLOAT END AS f32,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE i / 10 END AS f64,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i % 100 / 10)::DECIMAL(3,1) END AS d4,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i / 10)::DECIMAL(9,1) END AS d9,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i / 10)::DECIMAL(18,1) END AS d18,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (i / 10)::DECIMAL(38,1) END AS d38,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE i::HUGEINT END AS huge,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE 'text number ' || (i % 10) END AS s,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE DATE '1970-01-01' + i::INTEGER END AS day,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE epoch_ms(i * 1000) END AS moment,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE epoch_ms(i * 1000)::TIMESTAMP_S END AS at_s,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE epoch_ms(i * 1000)::TIMESTAMP_NS END AS at_ns,"
    " CASE WHEN i % 7 = 3 THEN NULL ELSE (CASE WHEN i % 2 = 0 THEN 'x' ELSE 'y' END)::ENUM('x','y') END AS e,"
    " CASE WHEN i % 128 = 64 THEN NULL ELSE i END AS seldom,"
    " i FROM range(5000) t(i) ORDER BY i";

static double number_of(const qn_table *t, const char *name, int64_t row)
{
    int64_t c = qn_table_column_find(t, name);
    static double out[ROWS];
    assert_true(c >= 0);
    assert_true(qn_table_read_f64(t, c, out));
    return out[row];
}

static void whole_results_come_by_vectors_with_what_is_missing(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:?threads=2", NULL);
    qn_table *t = must_read(db, many);
    assert_int_equal(qn_table_row_count(t), ROWS);
    for (int64_t c = 0; c < qn_table_column_count(t) - 2; c++)
        assert_int_equal(qn_table_missing_count(t, c), (ROWS + 3) / 7);
    assert_int_equal(qn_table_missing_count(t, qn_table_column_find(t, "seldom")), 39); /* 64, 192, … 4928 */
    static const struct {
        const char *name;
        double at_4321;
    } numbers[] = {{"truth", 0}, {"i8", 21},    {"i16", -4321}, {"i32", 4321000}, {"i64", 4321e9},
                   {"u8", 121},  {"u16", 4321}, {"u32", 4321},  {"f32", 540.125}, {"f64", 432.1},
                   {"d4", 2.1},  {"d9", 432.1}, {"d18", 432.1}, {"d38", 432.1},   {"huge", 4321}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_true(number_of(t, numbers[i].name, 4321) == numbers[i].at_4321);
    assert_true(isnan(number_of(t, "f64", 3)));
    int64_t s = qn_table_column_find(t, "s"), day = qn_table_column_find(t, "day"), e = qn_table_column_find(t, "e");
    assert_int_equal(qn_table_string_count(t, s), 10);
    assert_string_equal(qn_table_string(t, s, ((const int32_t *)qn_table_values(t, s))[4321]), "text number 1");
    assert_string_equal(qn_table_string(t, e, ((const int32_t *)qn_table_values(t, e))[4321]), "y");
    assert_int_equal(((const int32_t *)qn_table_values(t, day))[4321], 4321);
    static const char *const times[] = {"moment", "at_s", "at_ns"};
    for (int i = 0; i < 3; i++) {
        int64_t c = qn_table_column_find(t, times[i]);
        assert_int_equal(((const int64_t *)qn_table_values(t, c))[4321], 4321000000);
    }
    qn_table_free(t);
    qn_db_close(db);
}

/* What two ways of reading give is the same, wherever they change. */
static void rows_and_batches_of_any_size_can_be_mixed(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_rows *rows = must_query(db, many, NULL, 0);
    static const int64_t sizes[] = {1, 2047, 1, 2, 100, 2048};
    qn_error err = qn_error_none();
    qn_table *t;
    int64_t seen = 0, last = qn_rows_column_count(rows) - 1;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_ok(qn_rows_read(&t, rows, sizes[i], &err), &err);
        assert_int_equal(qn_table_row_count(t), sizes[i]);
        assert_int_equal(((const int64_t *)qn_table_values(t, last))[0], seen);
        assert_int_equal(((const int64_t *)qn_table_values(t, last))[sizes[i] - 1], seen + sizes[i] - 1);
        qn_table_free(t);
        seen += sizes[i];
        assert_true(must_step(rows));
        assert_int_equal(qn_rows_value(rows, last).i64, seen++);
    }
    assert_ok(qn_rows_read(&t, rows, -1, &err), &err);
    assert_int_equal(seen + qn_table_row_count(t), ROWS);
    qn_table_free(t);
    qn_rows_close(rows);
    qn_db_close(db);
}

static void a_moment_outside_the_years_of_a_table_is_told_with_its_place(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "'infinity'::DATE",        "'-infinity'::TIMESTAMP",       "DATE '10000-01-01'",
        "'infinity'::TIMESTAMP_S", "'294247-01-01'::TIMESTAMP_MS", "DATE '0001-01-01' - 1"};
    qn_db *db = must_open("duckdb:", NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char sql[256];
        qn_error err = qn_error_none();
        qn_table *t;
        (void)snprintf(sql, sizeof sql, "SELECT %s AS far FROM range(2)", wrong[i]);
        assert_int_equal(qn_db_query_table(&t, db, sql, NULL, 0, &err), QN_DATA);
        assert_null(t);
        assert_contains(err.message, "row 1, column \"far\"");
    }
    qn_db_close(db);
}

static void what_is_infinitely_far_comes_as_text(void **state)
{
    (void)state;
    static const char *const types[] = {"DATE",        "TIMESTAMP",    "TIMESTAMPTZ",
                                        "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"};
    qn_db *db = must_open("duckdb:", NULL);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "SELECT 'infinity'::%s, '-infinity'::%s, '1970-01-01'::%s", types[i], types[i],
                       types[i]);
        qn_rows *rows = must_query(db, sql, NULL, 0);
        assert_true(must_step(rows));
        assert_int_equal(qn_rows_value(rows, 0).type, QN_VALUE_TEXT);
        assert_string_equal(qn_rows_value(rows, 0).bytes, "infinity");
        assert_int_equal(qn_rows_value(rows, 1).type, QN_VALUE_TEXT);
        assert_string_equal(qn_rows_value(rows, 1).bytes, "-infinity");
        assert_int_equal(qn_rows_value(rows, 2).type, i == 0 ? QN_VALUE_DATE : QN_VALUE_TIMESTAMP);
        qn_rows_close(rows);
    }
    qn_db_close(db);
}

/* ---- parameters ---- */

static void parameters_are_bound_by_their_number_and_typed_by_their_value(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_value two[] = {qn_value_i64(10), qn_value_i64(3)};
    qn_rows *rows = must_query(db, "SELECT $2 - $1 + $2", two, 2);
    assert_true(must_step(rows));
    assert_int_equal(qn_rows_value(rows, 0).i64, -4);
    qn_rows_close(rows);
    const qn_value all[] = {qn_value_bool(true),
                            qn_value_f64(0.1),
                            qn_value_text("a'b", -1),
                            qn_value_bytes("\0\1", 2),
                            qn_value_date(19782),
                            qn_value_timestamp(-1),
                            qn_value_decimal("-12345678901234567890.125", -1),
                            qn_value_null(),
                            qn_value_decimal("0.005", -1),
                            qn_value_decimal("123456789012345678901234567890123456789", -1)};
    rows = must_query(db,
                      "SELECT typeof($1) || typeof($2) || typeof($3) || typeof($4) || typeof($5) || typeof($6) ||"
                      " typeof($7) || typeof($9) || typeof($10), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10",
                      all, 10);
    assert_true(must_step(rows));
    assert_string_equal(qn_rows_value(rows, 0).bytes,
                        "BOOLEANDOUBLEVARCHARBLOBDATETIMESTAMPDECIMAL(23,3)DECIMAL(3,3)VARCHAR");
    assert_int_equal(qn_rows_value(rows, 1).i64, 1);
    assert_true(qn_rows_value(rows, 2).f64 == 0.1);
    assert_string_equal(qn_rows_value(rows, 3).bytes, "a'b");
    assert_memory_equal(qn_rows_value(rows, 4).bytes, "\0\1", 2);
    assert_int_equal(qn_rows_value(rows, 5).i64, 19782);
    assert_int_equal(qn_rows_value(rows, 6).i64, -1);
    assert_string_equal(qn_rows_value(rows, 7).bytes, "-12345678901234567890.125");
    assert_int_equal(qn_rows_value(rows, 8).type, QN_VALUE_NULL);
    assert_string_equal(qn_rows_value(rows, 9).bytes, "0.005");
    qn_rows_close(rows);
    qn_db_close(db);
}

static void a_literal_becomes_what_its_place_or_its_look_says(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *literal, *text;
    } cases[] = {
        {"SELECT typeof($1)", "12", "BIGINT"},
        {"SELECT typeof($1)", "1.5", "DOUBLE"},
        {"SELECT typeof($1)", "true", "BOOLEAN"},
        {"SELECT typeof($1)", "2026-02-13", "DATE"},
        {"SELECT typeof($1)", "2026-02-13 10:00", "TIMESTAMP"},
        {"SELECT typeof($1)", "NVDA", "VARCHAR"},
        {"SELECT typeof($1)", "", "VARCHAR"},
        {"SELECT count(*)::VARCHAR FROM t WHERE name = $1", "12", "1"},
        {"SELECT count(*)::VARCHAR FROM t WHERE day = $1", "2026-02-13", "1"},
        {"SELECT count(*)::VARCHAR FROM t WHERE n = $1", "5", "1"},
        {"SELECT count(*)::VARCHAR FROM t WHERE price = $1", "12345678901234567.89", "1"},
    };
    qn_db *db = must_open("duckdb:", NULL);
    must_run(db, "CREATE TABLE t(name VARCHAR, day DATE, n INTEGER, price DECIMAL(20,2));"
                 "INSERT INTO t VALUES ('12', '2026-02-13', 5, 12345678901234567.89)");
    for (int k = 0; k < 2; k++) /* the second time they are prepared already, for other types */
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            qn_value v = qn_value_literal(cases[i].literal, -1);
            qn_rows *rows = must_query(db, cases[i].sql, &v, 1);
            assert_true(must_step(rows));
            assert_string_equal(qn_rows_value(rows, 0).bytes, cases[i].text);
            qn_rows_close(rows);
        }
    qn_db_close(db);
}

static void a_moment_with_a_time_zone_stays_the_same_moment(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    go_elsewhere(db);
    must_run(db, "CREATE TABLE t(moment TIMESTAMPTZ, local TIMESTAMP)");
    const qn_value at[] = {qn_value_timestamp(1709210096000000)};
    qn_error err = qn_error_none();
    assert_ok(qn_db_execute(NULL, db, "INSERT INTO t VALUES ($1, NULL)", at, 1, &err), &err);
    qn_rows *rows = must_query(db, "SELECT moment FROM t WHERE moment = $1", at, 1);
    assert_true(must_step(rows));
    assert_int_equal(qn_rows_value(rows, 0).i64, 1709210096000000);
    qn_rows_close(rows);
    qn_db_close(db);
}

static void what_cannot_be_bound_is_refused(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err = qn_error_none();
    const qn_value far[] = {qn_value_date(INT64_C(1) << 40)};
    assert_int_equal(qn_db_execute(NULL, db, "SELECT $1", far, 1, &err), QN_INVALID);
    assert_contains(err.message, "parameter 1");
    assert_int_equal(qn_db_execute(NULL, db, "SELECT $1, $2", far, 1, &err), QN_INVALID);
    assert_contains(err.message, "2 parameters");
    assert_int_equal(qn_db_execute(NULL, db, "SELECT $2", far, 1, &err), QN_INVALID); /* DuckDB cannot bind it */
    assert_contains(err.message, "$1 to $1");
    assert_int_equal(qn_db_script(db, "SELECT $1", &err), QN_INVALID);
    qn_db_close(db);
}

/* ---- errors ---- */

static void errors_are_told_apart_with_duckdbs_number_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        qn_status status;
        int native;
        int64_t column;
        const char *words;
    } cases[] = {
        {"SELECT * FORM t", QN_SYNTAX, 14, 15, "syntax error at or near \"t\""},
        {"SELECT nope FROM t", QN_NAME, 24, 8, "nope"},
        {"SELECT * FROM nope", QN_NAME, 13, 15, "nope"},
        {"SELECT nofun(1)", QN_NAME, 13, 8, "nofun"},
        {"SELECT 'x'::INTEGER", QN_DATA, 2, -1, "Could not convert string"},
        {"SELECT 9223372036854775807 + 1", QN_DATA, 1, -1, "Overflow"},
        {"CREATE TABLE t(a INTEGER)", QN_DATA, 13, 0, "already exists"},
        {"INSERT INTO t VALUES (1, 'x')", QN_DATA, 18, 0, "Duplicate key \"a: 1\""},
        {"INSERT INTO t VALUES (2, NULL)", QN_DATA, 18, 0, "NOT NULL constraint failed: t.b"},
        {"INSERT INTO t VALUES (2)", QN_SYNTAX, 24, 0, "has 2 columns but 1 values"},
        {"SELECT error('my words')", QN_DATA, 32, -1, "my words"},
        {"COPY t TO '/nowhere/t.csv'", QN_IO, 28, 0, "/nowhere/t.csv"},
        {"ROLLBACK", QN_DATA, 10, 0, "no transaction is active"},
        {"SELECT 1; SELECT 2", QN_INVALID, 0, 0, "more than one statement"},
        {"", QN_INVALID, 0, 0, "no statement"},
        {"-- only words", QN_INVALID, 0, 0, "no statement"},
    };
    qn_db *db = must_open("duckdb:", NULL);
    must_run(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b VARCHAR NOT NULL); INSERT INTO t VALUES (1, 'x')");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err;
        assert_int_equal(run(db, cases[i].sql, &err), cases[i].status);
        assert_int_equal(err.native, cases[i].native);
        if (cases[i].column >= 0)
            assert_int_equal(err.column, cases[i].column);
        assert_contains(err.message, cases[i].words);
        assert_null(strstr(err.message, "LINE 1"));
        assert_null(strchr(err.message, '\n'));
        assert_null(strchr(err.message, '^'));
        assert_false(qn_db_is_broken(db));
    }
    qn_error err;
    assert_int_equal(run(db, "SELECT 1,\n  2,\n  nope FROM t", &err), QN_NAME);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 3);
    assert_int_equal(must_count(db, "SELECT count(*) FROM t"), 1);
    qn_db_close(db);
}

static void an_error_in_the_middle_of_a_stream_ends_the_rows(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err = qn_error_none();
    qn_rows *rows = must_query(
        db, "SELECT CASE WHEN i = 300000 THEN error('row too far') ELSE i END FROM range(1000000) t(i)", NULL, 0);
    bool more = true;
    qn_status s = QN_OK;
    while (s == QN_OK && more)
        s = qn_rows_next(&more, rows, &err);
    assert_int_equal(s, QN_DATA);
    assert_contains(err.message, "row too far");
    qn_rows_close(rows);
    assert_int_equal(must_count(db, "SELECT 1"), 1);
    qn_db_close(db);
}

/* ---- running ---- */

static void rows_changed_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        int64_t changed;
    } cases[] = {{"CREATE TABLE t AS SELECT i FROM range(10) t(i)", 0},
                 {"INSERT INTO t SELECT i FROM range(5000) t(i)", 5000},
                 {"UPDATE t SET i = -1 WHERE i >= 4990", 10},
                 {"DELETE FROM t WHERE i = -1", 10},
                 {"DELETE FROM t WHERE i < 5 RETURNING i", 10},
                 {"SELECT * FROM t", 0},
                 {"DROP TABLE t", 0}};
    qn_db *db = must_open("duckdb:", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err = qn_error_none();
        int64_t changed = -1;
        assert_ok(qn_db_execute(&changed, db, cases[i].sql, NULL, 0, &err), &err);
        assert_int_equal(changed, cases[i].changed);
    }
    qn_db_close(db);
}

static void a_kept_statement_follows_what_becomes_of_its_table(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    must_run(db, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)");
    for (int64_t columns = 1; columns <= 2; columns++) {
        qn_rows *rows = must_query(db, "SELECT * FROM t", NULL, 0);
        assert_int_equal(qn_rows_column_count(rows), columns);
        assert_true(must_step(rows));
        qn_rows_close(rows);
        if (columns == 1)
            must_run(db, "ALTER TABLE t ADD COLUMN b VARCHAR DEFAULT 'x'");
    }
    qn_db_close(db);
}

static void a_query_without_end_can_be_read_in_part(void **state)
{
    (void)state;
    qn_db *one = must_open(url_of("stream.db", ""), NULL), *two = must_open(url_of("stream.db", ""), NULL);
    must_run(one, "CREATE TABLE t AS SELECT i FROM range(300000) t(i)");
    qn_rows *rows = must_query(one, "SELECT a.i FROM t a, range(1000000000) b", NULL, 0);
    for (int i = 0; i < 3000; i++)
        assert_true(must_step(rows));
    qn_rows_close(rows);
    /* Nothing of it stays: a checkpoint of another connection needs that no transaction is open. */
    must_run(two, "INSERT INTO t VALUES (-1); CHECKPOINT; DROP TABLE t");
    qn_db_close(one);
    qn_db_close(two);
}

static void *interrupt_until_told(void *user)
{
    void **both = user;
    atomic_bool *over = both[1];
    while (!atomic_load(over)) {
        qn_db_interrupt(both[0]);
        (void)usleep(1000); /* an interrupt before the query has begun is lost, so there are many */
    }
    return NULL;
}

static const char endless[] = "SELECT count(*) FROM range(100000000000) t(i) WHERE hash(i) % 3 = 0";

static void what_runs_can_be_interrupted(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err;
    atomic_bool over = false;
    void *both[] = {db, &over};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_until_told, both), 0);
    assert_int_equal(run(db, endless, &err), QN_INTERRUPTED);
    atomic_store(&over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(must_count(db, "SELECT 1"), 1);
    qn_db_close(db);
}

static void a_statement_that_takes_too_long_is_ended(void **state)
{
    (void)state;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.statement_timeout_ms = 20;
    qn_db *db = must_open("duckdb:", &options);
    qn_error err;
    assert_int_equal(run(db, endless, &err), QN_TIMEOUT);
    assert_contains(err.message, "20 ms");
    assert_int_equal(run(db, "CREATE TABLE t AS SELECT i FROM range(100000000000) t(i) WHERE i < 0", &err), QN_TIMEOUT);
    qn_error why = qn_error_none();
    qn_status s = qn_db_execute(NULL, db, "SELECT i FROM range(10000000000) t(i)", NULL, 0, &why); /* by its rows */
    assert_int_equal(s, QN_TIMEOUT);
    assert_false(qn_db_is_broken(db));
    qn_db_close(db);
    options.statement_timeout_ms = INT64_MAX;
    db = must_open("duckdb:", &options);
    assert_int_equal(must_count(db, "SELECT 1"), 1);
    qn_db_close(db);
}

/* ---- transactions ---- */

static void transactions_that_sql_text_begins_and_ends_are_known(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err = qn_error_none();
    must_run(db, "CREATE TABLE t(a INTEGER); BEGIN; INSERT INTO t VALUES (1)");
    assert_int_equal(qn_db_begin(db, QN_DB_WRITE, &err), QN_INVALID); /* for one is open */
    assert_int_equal(run(db, "BEGIN", &err), QN_DATA);                /* DuckDB's own refusal ends what is in it */
    assert_int_equal(run(db, "ROLLBACK", &err), QN_OK);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    must_run(db, "INSERT INTO t VALUES (2)");
    assert_ok(qn_db_commit(db, &err), &err);
    assert_int_equal(must_count(db, "SELECT count(*) FROM t"), 1);

    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_int_equal(qn_db_script(db, "/* mine */ COMMIT", &err), QN_INVALID);
    qn_db_rollback(db);
    assert_int_equal(qn_db_depth(db), 0);
    assert_false(qn_db_is_broken(db));
    assert_int_equal(must_count(db, "SELECT count(*) FROM t"), 1);
    qn_db_close(db);
}

static void without_savepoints_a_failed_inner_scope_takes_the_outer_with_it(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err = qn_error_none();
    assert_false(qn_db_can(db, QN_DB_SAVEPOINTS));
    must_run(db, "CREATE TABLE t(a INTEGER)");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    must_run(db, "INSERT INTO t VALUES (1)");
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    assert_int_equal(run(db, "SELECT 'x'::INTEGER", &err), QN_DATA);
    qn_db_rollback(db);
    assert_int_equal(qn_db_commit(db, &err), QN_DATA);
    assert_int_equal(must_count(db, "SELECT count(*) FROM t"), 0);
    qn_db_close(db);
}

static void two_writers_of_one_row_conflict(void **state)
{
    (void)state;
    qn_db *one = must_open(url_of("conflict.db", ""), NULL), *two = must_open(url_of("conflict.db", ""), NULL);
    qn_error err = qn_error_none();
    must_run(one, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)");
    assert_ok(qn_db_begin(one, QN_DB_WRITE, &err), &err);
    assert_ok(qn_db_begin(two, QN_DB_WRITE, &err), &err);
    must_run(one, "UPDATE t SET a = 2");
    assert_int_equal(run(two, "UPDATE t SET a = 3", &err), QN_BUSY);
    qn_db_rollback(two);
    assert_ok(qn_db_commit(one, &err), &err);
    assert_int_equal(must_count(two, "SELECT a FROM t"), 2);
    qn_db_close(one);
    qn_db_close(two);
}

static void a_transaction_that_reads_cannot_write(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err = qn_error_none();
    must_run(db, "CREATE TABLE t(a INTEGER)");
    assert_ok(qn_db_begin(db, QN_DB_READ, &err), &err);
    assert_int_equal(must_count(db, "SELECT count(*) FROM t"), 0);
    assert_int_equal(run(db, "INSERT INTO t VALUES (1)", &err), QN_PERMISSION);
    qn_db_rollback(db);
    must_run(db, "INSERT INTO t VALUES (1)");
    qn_db_close(db);
}

/* ---- inserting ---- */

static void a_table_goes_in_whatever_the_order_of_its_columns(void **state)
{
    (void)state;
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err = qn_error_none();
    go_elsewhere(db);
    char sql[sizeof many + 64];
    (void)snprintf(sql, sizeof sql, "CREATE TABLE source AS %s", many);
    must_run(db, sql);
    must_run(db, "CREATE SCHEMA \"my schema\"; CREATE TABLE \"my schema\".target(extra INTEGER DEFAULT 42, i INTEGER,"
                 " f32 DOUBLE, s VARCHAR, day DATE, truth BOOLEAN, moment TIMESTAMPTZ, at_s TIMESTAMP, i16 SMALLINT,"
                 " d9 DECIMAL(9,1), e VARCHAR, f64 DOUBLE)");
    qn_table *t = must_read(db, "SELECT s, truth, i, f64, f32, day, moment, at_s, i16, d9, e FROM source");
    assert_ok(qn_db_insert(db, "my schema.target", t, &err), &err);
    qn_table_free(t);
    assert_int_equal(must_count(db, "SELECT count(*) FROM \"my schema\".target JOIN source USING (i) WHERE extra = 42"
                                    " AND target.f64 IS NOT DISTINCT FROM source.f64"
                                    " AND target.f32 IS NOT DISTINCT FROM source.f32"
                                    " AND target.s IS NOT DISTINCT FROM source.s"
                                    " AND target.day IS NOT DISTINCT FROM source.day"
                                    " AND target.truth IS NOT DISTINCT FROM source.truth"
                                    " AND epoch_us(target.moment) IS NOT DISTINCT FROM epoch_us(source.moment)"
                                    " AND target.at_s IS NOT DISTINCT FROM source.at_s"
                                    " AND target.i16 IS NOT DISTINCT FROM source.i16"
                                    " AND target.d9 IS NOT DISTINCT FROM source.d9"
                                    " AND target.e IS NOT DISTINCT FROM source.e::VARCHAR"),
                     ROWS);
    qn_db_close(db);
}

static void an_insertion_is_all_or_nothing(void **state)
{
    (void)state;
    static const double a[] = {1, 2, 3, 2}, b[] = {1, 1, 1, 1};
    static const char *const names[] = {"a", "b"}, *const wrong[] = {"a", "c"};
    const double *const columns[] = {a, b};
    qn_db *db = must_open("duckdb:", NULL);
    qn_error err = qn_error_none();
    qn_table *t, *odd;
    must_run(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b DOUBLE); INSERT INTO t VALUES (7, 7)");
    assert_ok(qn_table_from_f64(&t, names, columns, 2, 4, NULL, &err), &err);
    assert_int_equal(qn_db_insert(db, "t", t, &err), QN_DATA);
    assert_contains(err.message, "uplicate");
    assert_int_equal(must_count(db, "SELECT count(*) FROM t"), 1);
    assert_int_equal(qn_db_insert(db, "nope", t, &err), QN_NAME);
    assert_int_equal(qn_db_insert(db, "no.pe", t, &err), QN_NAME);
    assert_int_equal(qn_db_insert(db, "a.b.c", t, &err), QN_INVALID);
    assert_ok(qn_table_from_f64(&odd, wrong, columns, 2, 4, NULL, &err), &err);
    assert_int_equal(qn_db_insert(db, "t", odd, &err), QN_NAME);
    assert_contains(err.message, "\"c\"");
    qn_table_free(odd);
    must_run(db, "DROP TABLE t; CREATE TABLE t(a TINYINT, b DOUBLE); CREATE TABLE u(a VARCHAR, b DATE)");
    assert_int_equal(qn_db_insert(db, "u", t, &err), QN_DATA); /* a number is no date */
    assert_ok(qn_db_insert(db, "t", t, &err), &err);
    assert_int_equal(must_count(db, "SELECT count(*) FROM t"), 4);
    qn_table_free(t);
    assert_false(qn_db_is_broken(db));
    qn_db_close(db);
}

/* ---- files ---- */

static void connections_of_one_process_share_the_database_of_a_file(void **state)
{
    (void)state;
    qn_db *one = must_open(url_of("shared.db", "?threads=2"), NULL);
    must_run(one, "CREATE TABLE t AS SELECT 5 AS a");
    char other_name[256];
    (void)snprintf(other_name, sizeof other_name, "%s/other.db", folder);
    assert_int_equal(symlink(path_of("shared.db"), other_name), 0);
    qn_db *two = must_open(url_of("other.db", "?threads=2"), NULL);
    assert_int_equal(must_count(two, "SELECT a FROM t"), 5);
    qn_error err = qn_error_none();
    qn_db *odd;
    assert_int_equal(qn_db_open(&odd, url_of("shared.db", "?threads=3"), NULL, &err), QN_INVALID);
    assert_contains(err.message, "other settings");
    assert_int_equal(qn_db_open(&odd, url_of("shared.db", "?mode=ro&threads=2"), NULL, &err), QN_INVALID);
    qn_db_close(one);
    must_run(two, "INSERT INTO t VALUES (6)"); /* it outlives the first */
    qn_db_close(two);
    odd = must_open(url_of("shared.db", "?threads=3&mode=ro"), NULL);
    assert_int_equal(must_count(odd, "SELECT max(a) FROM t"), 6);
    assert_int_equal(run(odd, "INSERT INTO t VALUES (7)", &err), QN_PERMISSION);
    qn_db_close(odd);
}

static void *open_and_count(void *user)
{
    for (int i = 0; i < 5; i++) {
        qn_error err = qn_error_none();
        qn_db *db;
        if (qn_db_open(&db, user, NULL, &err) != QN_OK ||
            qn_db_execute(NULL, db, "SELECT a FROM t", NULL, 0, &err) != QN_OK)
            return user;
        qn_db_close(db);
    }
    return NULL;
}

static void threads_open_and_close_a_file_at_once(void **state)
{
    (void)state;
    char url[256];
    pthread_t threads[4];
    (void)snprintf(url, sizeof url, "%s", url_of("threads.db", ""));
    qn_db *db = must_open(url, NULL);
    must_run(db, "CREATE TABLE t AS SELECT 5 AS a");
    qn_db_close(db);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_count, url), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

/* Another process, made before DuckDB is there: it takes the name of a file, locks that as DuckDB does, answers with a
 * byte, and ends when the pipe to it is closed. */
static int to_child, from_child;

static void lock_and_wait(int in, int out)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[256] = "";
    if (read(in, path, sizeof path - 1) <= 0)
        _exit(0);
    int fd = open(path, O_RDWR);
    if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0 || write(out, "r", 1) != 1)
        _exit(1);
    _exit((int)read(in, path, 1));
}

static bool start_child(void)
{
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        (void)close(in[1]);
        lock_and_wait(in[0], out[1]);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    to_child = in[1];
    from_child = out[0];
    return child > 0;
}

static void *let_go(void *user)
{
    (void)close(*(int *)user);
    return NULL;
}

static void a_file_that_another_process_has_is_waited_for(void **state)
{
    (void)state;
    qn_db *db = must_open(url_of("held.db", ""), NULL);
    must_run(db, "CREATE TABLE t AS SELECT 5 AS a");
    qn_db_close(db);
    char byte;
    const char *path = path_of("held.db");
    assert_int_equal(write(to_child, path, strlen(path)), (int64_t)strlen(path));
    assert_int_equal(read(from_child, &byte, 1), 1);
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.busy_timeout_ms = -1;
    qn_error err = qn_error_none();
    assert_int_equal(qn_db_open(&db, url_of("held.db", ""), &options, &err), QN_BUSY);
    assert_contains(err.message, "held.db");
    pthread_t thread;
    options.busy_timeout_ms = 600000;
    assert_int_equal(pthread_create(&thread, NULL, let_go, &to_child), 0);
    db = must_open(url_of("held.db", ""), &options);
    assert_int_equal(must_count(db, "SELECT a FROM t"), 5);
    qn_db_close(db);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void what_is_no_database_is_told_apart(void **state)
{
    (void)state;
    static char text[20000];
    qn_error err = qn_error_none();
    qn_db *db = must_open(url_of("good.db", ""), NULL);
    must_run(db, "CREATE TABLE t AS SELECT 5 AS a");
    qn_db_close(db);
    FILE *f = fopen(path_of("good.db"), "rb");
    assert_non_null(f);
    static unsigned char good[1 << 20];
    size_t size = fread(good, 1, sizeof good, f);
    assert_int_equal(fclose(f), 0);
    assert_true(size > 12288);

    memset(text, 'x', sizeof text);
    write_file("text.db", text, sizeof text);
    write_file("short.db", good, 5000);
    good[12 + 1] = 9; /* the storage version */
    write_file("newer.db", good, size);
    good[12 + 1] = 0;
    for (size_t i = 12288; i < size; i++)
        good[i] ^= 0x5A;
    write_file("damaged.db", good, size);
    assert_int_equal(mkdir(path_of("dir.db"), 0755), 0);
    static const struct {
        const char *name, *options;
        qn_status status;
    } cases[] = {{"text.db", "", QN_DATA},
                 {"short.db", "", QN_DATA},
                 {"newer.db", "", QN_DATA},
                 {"dir.db", "", QN_DATA},
                 {"none.db", "?mode=ro", QN_NO_INPUT},
                 {"no/such/folder.db", "", QN_NO_INPUT},
                 {"good.db", "?mode=rw", QN_INVALID},
                 {"good.db", "?no_such_setting=1", QN_INVALID},
                 {"good.db", "?threads=many", QN_INVALID}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_status s = qn_db_open(&db, url_of(cases[i].name, cases[i].options), NULL, &err);
        if (s != cases[i].status)
            print_message("%s%s: %s: %s\n", cases[i].name, cases[i].options, qn_status_name(s), err.message);
        assert_int_equal(s, cases[i].status);
        assert_contains(err.message, cases[i].name);
        assert_null(db);
    }
    assert_int_equal(qn_db_open(&db, "duckdb:?s3_secret_access_key_=hunter2", NULL, &err), QN_INVALID);
    assert_null(strstr(err.message, "hunter2"));
    qn_status s = qn_db_open(&db, url_of("damaged.db", ""), NULL, &err);
    if (s == QN_OK) { /* what is damaged may lie where it is read later */
        s = run(db, "SELECT * FROM t", &err);
        qn_db_close(db);
    }
    assert_true(s == QN_DATA || s == QN_IO || s == QN_CLOSED || s == QN_INTERNAL);
    assert_int_equal(qn_db_open(&db, "duckdb:?mode=ro", NULL, &err), QN_INVALID); /* nothing could be in it */
}

static void a_folder_that_cannot_be_written_is_a_matter_of_permission(void **state)
{
    (void)state;
    if (geteuid() == 0)
        return; /* root may do anything */
    qn_error err = qn_error_none();
    qn_db *db;
    assert_int_equal(mkdir(path_of("closed"), 0555), 0);
    assert_int_equal(qn_db_open(&db, url_of("closed/x.db", ""), NULL, &err), QN_PERMISSION);
}

static void a_path_with_a_colon_is_a_path(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    qn_db *db = must_open("duckdb:md:x.db", NULL);
    must_run(db, "CREATE TABLE t(a INTEGER)");
    qn_db_close(db);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(access(path_of("md:x.db"), R_OK), 0);
}

/* ---- memory ---- */

static qn_status use_everything(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_db_options options;
    qn_db_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_error err = qn_error_none();
    qn_db *db;
    qn_rows *rows = NULL;
    qn_table *table = NULL;
    qn_value value[] = {qn_value_i64(3)};
    bool more;
    qn_status s = qn_db_open(&db, url_of("sweep.db", ""), &options, &err);
    if (s != QN_OK)
        return s;
    s = qn_db_script(db, "CREATE OR REPLACE TABLE t(a BIGINT, b VARCHAR, c VARCHAR, l VARCHAR)", &err);
    if (s == QN_OK)
        s = qn_db_query_table(&table, db,
                              "SELECT i AS a, 'a text number ' || i AS b, 'x'::ENUM('x', 'y') AS c, [i] AS l"
                              " FROM range(3) t(i)",
                              NULL, 0, &err);
    if (s == QN_OK)
        s = qn_db_insert(db, "main.t", table, &err);
    if (s == QN_OK)
        s = qn_db_query(&rows, db, "SELECT *, {'k': l, 'm': MAP {a: b}} FROM t WHERE a < $1", value, 1, &err);
    if (s == QN_OK)
        s = qn_rows_next(&more, rows, &err);
    qn_rows_close(rows);
    qn_table_free(table);
    qn_db_close(db);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    qn_db *other = must_open(url_of("sweep.db", ""), NULL); /* so that the file is not opened anew each time */
    assert_true(test_fault_sweep(use_everything, NULL, 1000) > 20);
    qn_db_close(other);
}

static int remove_folder(void **state)
{
    (void)state;
    char command[300];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest before[] = {
        cmocka_unit_test(a_library_that_cannot_be_opened_is_told_with_its_name_and_why),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_its_value),
        cmocka_unit_test(what_has_no_type_of_ours_comes_as_duckdb_writes_it),
        cmocka_unit_test(a_type_that_cannot_be_handed_out_says_what_to_do),
        cmocka_unit_test(whole_results_come_by_vectors_with_what_is_missing),
        cmocka_unit_test(rows_and_batches_of_any_size_can_be_mixed),
        cmocka_unit_test(a_moment_outside_the_years_of_a_table_is_told_with_its_place),
        cmocka_unit_test(what_is_infinitely_far_comes_as_text),
        cmocka_unit_test(parameters_are_bound_by_their_number_and_typed_by_their_value),
        cmocka_unit_test(a_literal_becomes_what_its_place_or_its_look_says),
        cmocka_unit_test(a_moment_with_a_time_zone_stays_the_same_moment),
        cmocka_unit_test(what_cannot_be_bound_is_refused),
        cmocka_unit_test(errors_are_told_apart_with_duckdbs_number_and_place),
        cmocka_unit_test(an_error_in_the_middle_of_a_stream_ends_the_rows),
        cmocka_unit_test(rows_changed_are_counted),
        cmocka_unit_test(a_kept_statement_follows_what_becomes_of_its_table),
        cmocka_unit_test(a_query_without_end_can_be_read_in_part),
        cmocka_unit_test(what_runs_can_be_interrupted),
        cmocka_unit_test(a_statement_that_takes_too_long_is_ended),
        cmocka_unit_test(transactions_that_sql_text_begins_and_ends_are_known),
        cmocka_unit_test(without_savepoints_a_failed_inner_scope_takes_the_outer_with_it),
        cmocka_unit_test(two_writers_of_one_row_conflict),
        cmocka_unit_test(a_transaction_that_reads_cannot_write),
        cmocka_unit_test(a_table_goes_in_whatever_the_order_of_its_columns),
        cmocka_unit_test(an_insertion_is_all_or_nothing),
        cmocka_unit_test(connections_of_one_process_share_the_database_of_a_file),
        cmocka_unit_test(threads_open_and_close_a_file_at_once),
        cmocka_unit_test(a_file_that_another_process_has_is_waited_for),
        cmocka_unit_test(what_is_no_database_is_told_apart),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_a_matter_of_permission),
        cmocka_unit_test(a_path_with_a_colon_is_a_path),
        cmocka_unit_test(every_allocation_may_fail),
    };
    if (!start_child())
        return 1;
    int failed = cmocka_run_group_tests(before, NULL, NULL);
    if (!test_duckdb_load())
        return failed;
    if (mkdtemp(folder) == NULL)
        return 1;
    return failed + cmocka_run_group_tests(tests, NULL, remove_folder);
}
