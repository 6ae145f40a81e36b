/* Every type of PostgreSQL's that the driver reads in its binary form, and some that it does not: read, bound and
 * copied, and compared with what psql prints. */
#include "harness/harness.h"

#include "db_postgres.h"

#include "array/table_build.h"
#include "base/time.h"
#include "store/store_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A type, a value of it in SQL, and what the driver is to call it. */
static const struct {
    const char *type, *sql;
    qn_value_type kind;
} samples[] = {
    {"boolean", "true", QN_VALUE_BOOL},
    {"boolean", "false", QN_VALUE_BOOL},
    {"smallint", "'-32768'", QN_VALUE_I64},
    {"integer", "'-2147483648'", QN_VALUE_I64},
    {"integer", "2147483647", QN_VALUE_I64},
    {"bigint", "'-9223372036854775808'", QN_VALUE_I64},
    {"bigint", "9223372036854775807", QN_VALUE_I64},
    {"oid", "4294967295", QN_VALUE_I64},
    {"xid", "'4294967295'", QN_VALUE_I64},
    {"real", "1.5", QN_VALUE_F64},
    {"real", "'-Infinity'", QN_VALUE_F64},
    {"double precision", "0.1", QN_VALUE_F64},
    {"double precision", "'-0'", QN_VALUE_F64},
    {"double precision", "1.7976931348623157e308", QN_VALUE_F64},
    {"double precision", "5e-324", QN_VALUE_F64},
    {"double precision", "'NaN'", QN_VALUE_F64},
    {"double precision", "'Infinity'", QN_VALUE_F64},
    {"numeric", "0", QN_VALUE_DECIMAL},
    {"numeric", "0.000", QN_VALUE_DECIMAL},
    {"numeric", "'-12.50'", QN_VALUE_DECIMAL},
    {"numeric", "0.00001234", QN_VALUE_DECIMAL},
    {"numeric", "10000", QN_VALUE_DECIMAL},
    {"numeric", "100000000.00000001", QN_VALUE_DECIMAL},
    {"numeric", "123456789012345678901234567890.123456789", QN_VALUE_DECIMAL},
    {"numeric", "1e100", QN_VALUE_DECIMAL},
    {"numeric", "'NaN'", QN_VALUE_DECIMAL},
    {"numeric", "'Infinity'", QN_VALUE_DECIMAL},
    {"numeric", "'-Infinity'", QN_VALUE_DECIMAL},
    {"numeric(10,4)", "3.14159", QN_VALUE_DECIMAL},
    {"text", "''", QN_VALUE_TEXT},
    {"text", "'fünf €'", QN_VALUE_TEXT},
    {"varchar(10)", "'ten'", QN_VALUE_TEXT},
    {"char(6)", "'six'", QN_VALUE_TEXT},
    {"name", "'a name'", QN_VALUE_TEXT},
    {"\"char\"", "'x'", QN_VALUE_TEXT},
    {"json", "'{\"a\": [1,  2]}'", QN_VALUE_TEXT},
    {"jsonb", "'{\"b\": 1, \"a\": null}'", QN_VALUE_TEXT},
    {"uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", QN_VALUE_TEXT},
    {"bytea", "'\\x00ff5c27'", QN_VALUE_BYTES},
    {"bytea", "''", QN_VALUE_BYTES},
    {"date", "'2026-02-13'", QN_VALUE_DATE},
    {"date", "'0001-01-01'", QN_VALUE_DATE},
    {"date", "'9999-12-31'", QN_VALUE_DATE},
    {"timestamp", "'2026-02-13 14:30:00.5'", QN_VALUE_TIMESTAMP},
    {"timestamp", "'1969-12-31 23:59:59.999999'", QN_VALUE_TIMESTAMP},
    {"timestamptz", "'2026-02-13 14:30:00+05:45'", QN_VALUE_TIMESTAMP},
    {"mood", "'so-so'", QN_VALUE_TEXT},
    {"positive", "17", QN_VALUE_I64},
    {"interval", "'1 mon 2 days 03:04:05'", QN_VALUE_TEXT},
    {"time", "'23:59:59.25'", QN_VALUE_TEXT},
    {"integer[]", "'{1,NULL,3}'", QN_VALUE_TEXT},
    {"inet", "'192.168.0.1/24'", QN_VALUE_TEXT},
    {"date", "'infinity'", QN_VALUE_TEXT},
    {"timestamptz", "'-infinity'", QN_VALUE_TEXT},
};

enum {
    SAMPLES = sizeof samples / sizeof samples[0],
    SQL = 256,
};

/* A value as psql prints one of that type. Doubles are compared otherwise. */
static void print_value(char *out, size_t size, const qn_value *v, const char *type)
{
    char text[QNI_TIME_TEXT_SIZE];
    out[0] = '\0';
    switch (v->type) {
    case QN_VALUE_BOOL:
        (void)snprintf(out, size, "%s", v->i64 ? "t" : "f");
        break;
    case QN_VALUE_I64:
        (void)snprintf(out, size, "%lld", (long long)v->i64);
        break;
    case QN_VALUE_DATE:
        assert_true(qni_date_text(text, v->i64) > 0);
        (void)snprintf(out, size, "%s", text);
        break;
    case QN_VALUE_TIMESTAMP:
        assert_true(qni_timestamp_text(text, v->i64, ' ') > 0);
        (void)snprintf(out, size, "%s%s", text, strcmp(type, "timestamptz") == 0 ? "+00" : "");
        break;
    case QN_VALUE_BYTES:
        (void)snprintf(out, size, "\\x");
        for (int64_t i = 0; i < v->size; i++)
            (void)snprintf(out + 2 + 2 * i, size - 2 - 2 * (size_t)i, "%02x", (unsigned char)v->bytes[i]);
        break;
    default:
        assert_true(v->bytes[v->size] == '\0');
        (void)snprintf(out, size, "%s", v->bytes);
    }
}

static void assert_printed(const qn_value *v, const char *printed, int64_t sample)
{
    char text[SQL];
    if (v->type == QN_VALUE_F64) {
        double expected = strtod(printed, NULL);
        if (isnan(expected))
            assert_true(isnan(v->f64));
        else
            assert_memory_equal(&v->f64, &expected, sizeof expected);
        return;
    }
    print_value(text, sizeof text, v, samples[sample].type);
    assert_string_equal(text, printed);
}

/* The values are bound, as they were read, into columns of their types; psql prints those. */
static void bind_back(qn_db *db, int64_t sample, const qn_value *v, char *select)
{
    char sql[SQL];
    qn_error err;
    (void)snprintf(sql, sizeof sql, "CREATE TABLE bound%d (v %s)", (int)sample, samples[sample].type);
    test_run(db, sql);
    (void)snprintf(sql, sizeof sql, "INSERT INTO bound%d VALUES ($1)", (int)sample);
    qn_value bound = *v;
    /* what a column of the type takes from nothing but its own name */
    if (strcmp(samples[sample].type, "xid") == 0 || strcmp(samples[sample].type, "oid") == 0)
        bound = qn_value_literal("4294967295", -1);
    assert_ok(qn_db_execute(NULL, db, sql, &bound, 1, &err), &err);
    (void)snprintf(select, SQL, "SELECT v FROM bound%d", (int)sample);
}

static void every_type_is_read_and_bound_as_psql_prints_it(void **state)
{
    (void)state;
    static char selects[2 * SAMPLES][SQL], sql[2 * SQL];
    const char *texts[2 * SAMPLES];
    char *lines[2 * SAMPLES];
    qn_error err;
    qn_db *db = test_connect(NULL);
    test_run(db, "DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('sad', 'so-so', 'happy');"
                 "DROP DOMAIN IF EXISTS positive; CREATE DOMAIN positive AS integer CHECK (VALUE > 0)");
    for (int64_t i = 0; i < SAMPLES; i++)
        (void)snprintf(selects[i], SQL, "SELECT %s::%s", samples[i].sql, samples[i].type);
    static char held[SAMPLES][SQL];
    qn_value values[SAMPLES];
    for (int64_t i = 0; i < SAMPLES; i++) {
        /* alone, which is binary where there is a reader; beside an interval, which makes it all text */
        for (int with_interval = 1; with_interval >= 0; with_interval--) {
            qn_rows *rows;
            bool more;
            (void)snprintf(sql, sizeof sql, "%s AS v%s", selects[i], with_interval ? ", '1 day'::interval" : "");
            assert_ok(qn_db_query(&rows, db, sql, NULL, 0, &err), &err);
            assert_ok(qn_rows_next(&more, rows, &err), &err);
            assert_true(more);
            qn_value v = qn_rows_value(rows, 0);
            assert_int_equal(v.type, samples[i].kind);
            if (with_interval)
                assert_string_equal(qn_rows_value(rows, 1).bytes, "1 day");
            if (v.bytes != NULL) {
                memcpy(held[i], v.bytes, (size_t)v.size + 1);
                v.bytes = held[i];
            }
            if (with_interval)
                values[i] = v;
            else if (v.type == QN_VALUE_F64)
                assert_true(memcmp(&v.f64, &values[i].f64, sizeof v.f64) == 0 || isnan(v.f64));
            else
                assert_true(v.i64 == values[i].i64 && v.size == values[i].size);
            values[i] = v;
            qn_rows_close(rows);
        }
        bind_back(db, i, &values[i], selects[SAMPLES + i]);
    }
    for (int64_t i = 0; i < 2 * SAMPLES; i++)
        texts[i] = selects[i];
    char *printed = test_psql(lines, texts, 2 * SAMPLES);
    for (int64_t i = 0; i < SAMPLES; i++) {
        assert_printed(&values[i], lines[i], i);
        assert_string_equal(lines[SAMPLES + i], lines[i]);
    }
    free(printed);
    qn_db_close(db);
}

static void numerics_of_all_sizes_are_the_servers_own_digits(void **state)
{
    (void)state;
    qn_error err;
    bool more;
    qn_rows *rows;
    qn_db *db = test_connect(NULL);
    assert_ok(
        qn_db_query(&rows, db,
                    "SELECT v, v::text FROM (SELECT round((random() - 0.5)::numeric * 10::numeric ^ (i % 61 - 20),"
                    " i % 43) AS v FROM generate_series(1, 4000) AS i) AS q",
                    NULL, 0, &err),
        &err);
    int64_t count = 0;
    for (; qn_rows_next(&more, rows, &err) == QN_OK && more; count++)
        assert_string_equal(qn_rows_value(rows, 0).bytes, qn_rows_value(rows, 1).bytes);
    assert_int_equal(count, 4000);
    qn_rows_close(rows);
    qn_db_close(db);
}

static void dates_that_a_table_cannot_hold_are_refused_with_their_place(void **state)
{
    (void)state;
    qn_error err;
    qn_table *table;
    qn_db *db = test_connect(NULL);
    assert_int_equal(qn_db_query_table(&table, db, "SELECT v FROM (VALUES ('2026-01-01'::date), ('infinity')) AS q (v)",
                                       NULL, 0, &err),
                     QN_DATA);
    assert_contains(err.message, "row 2, column \"v\"");
    assert_int_equal(qn_db_query_table(&table, db, "SELECT '0044-03-15 BC'::date AS ides", NULL, 0, &err), QN_DATA);
    assert_contains(err.message, "ides");
    qn_rows *rows;
    bool more;
    assert_ok(qn_db_query(&rows, db, "SELECT '294276-12-31'::timestamp", NULL, 0, &err), &err);
    assert_int_equal(qn_rows_next(&more, rows, &err), QN_LIMIT);
    qn_rows_close(rows);
    /* the ends of PostgreSQL's ranges mean its infinities, so they are no dates to bind */
    qn_value ends[] = {qn_value_date(INT32_MAX + INT64_C(10957)), qn_value_timestamp(INT64_MIN)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(qn_db_execute(NULL, db, "SELECT $1", &ends[i], 1, &err), QN_INVALID);
        assert_contains(err.message, "parameter 1");
    }
    qn_db_close(db);
}

static void a_whole_result_becomes_a_table_of_its_types(void **state)
{
    (void)state;
    qn_error err;
    qn_table *t;
    qn_db *db = test_connect(NULL);
    static const char *const queries[] = {
        "SELECT i::float8 / 8 AS f, i AS n, i % 2 = 0 AS b, 'text ' || i % 3 AS s, '2026-01-01'::date + i AS d,"
        " '2026-01-01'::timestamp + i * interval '1 second' AS t, (i + 0.25)::numeric AS x, i::int2 AS h, i::float4 AS "
        "r"
        " FROM generate_series(0, 2999) AS i",
        "SELECT i::float8 / 8 AS f, i AS n, i % 2 = 0 AS b, 'text ' || i % 3 AS s, '2026-01-01'::date + i AS d,"
        " '2026-01-01'::timestamp + i * interval '1 second' AS t, (i + 0.25)::numeric AS x, i::int2 AS h, i::float4 AS "
        "r,"
        " '1 day'::interval AS whole_result_as_text FROM generate_series(0, 2999) AS i",
    };
    for (int q = 0; q < 2; q++) {
        assert_ok(qn_db_query_table(&t, db, queries[q], NULL, 0, &err), &err);
        assert_int_equal(qn_table_row_count(t), 3000);
        static const qn_type types[] = {QN_TYPE_F64,       QN_TYPE_I64, QN_TYPE_BOOL, QN_TYPE_STRING, QN_TYPE_DATE,
                                        QN_TYPE_TIMESTAMP, QN_TYPE_F64, QN_TYPE_I64,  QN_TYPE_F64};
        for (int c = 0; c < 9; c++)
            assert_int_equal(qn_table_column_type(t, c), types[c]);
        for (int64_t i = 0; i < 3000; i++) {
            assert_true(qn_table_f64(t, 0)[i] == (double)i / 8);
            assert_true(((const int64_t *)qn_table_values(t, 1))[i] == i);
            assert_true((((const uint8_t *)qn_table_values(t, 2))[i / 8] >> (i % 8) & 1) == (i % 2 == 0));
            assert_int_equal(qn_table_string(t, 3, ((const int32_t *)qn_table_values(t, 3))[i])[5], '0' + i % 3);
            assert_int_equal(((const int32_t *)qn_table_values(t, 4))[i], 20454 + i);
            assert_true(((const int64_t *)qn_table_values(t, 5))[i] == (20454 * INT64_C(86400) + i) * 1000000);
            assert_true(qn_table_f64(t, 6)[i] == (double)i + 0.25);
            assert_true(((const int64_t *)qn_table_values(t, 7))[i] == i);
            assert_true(qn_table_f64(t, 8)[i] == (double)i);
        }
        assert_string_equal(qn_table_source(t), qn_db_url(db));
        qn_table_free(t);
    }
    assert_ok(qn_db_query_table(&t, db, "SELECT NULL::float8 AS a, NULL::text AS b, NULL::bool AS c, NULL::bytea AS d",
                                NULL, 0, &err),
              &err);
    for (int c = 0; c < 4; c++)
        assert_true(qn_table_is_missing(t, c, 0));
    qn_table_free(t);
    qn_db_close(db);
}

/* ---- many rows in ---- */

/* Columns b, i, f, s, d, t in four rows; the last one has nothing. */
static qn_table *make_table(void)
{
    static const char *const names[] = {"b", "i", "f", "s", "d", "t"};
    static const qn_type types[] = {QN_TYPE_BOOL,   QN_TYPE_I64,  QN_TYPE_F64,
                                    QN_TYPE_STRING, QN_TYPE_DATE, QN_TYPE_TIMESTAMP};
    static const int64_t whole[] = {0, -1, 12345};
    static const double real[] = {0.1, -1e10, 32.5};
    static const char *const text[] = {"tab\tline\nback\\slash\r\"quote\" \\N \\.", "", "ü €"};
    qn_table *t;
    assert_ok(qni_table_build_new(&t, names, 6, NULL, NULL, NULL), NULL);
    for (int c = 0; c < 6; c++)
        assert_true(qni_table_build_type(t, c, types[c]));
    assert_true(qni_table_build_reserve(t, 4));
    for (int64_t r = 0; r < 3; r++) {
        qni_table_build_bool(t, 0, r, r == 1);
        ((int64_t *)qni_table_build_values(t, 1))[r] = whole[r];
        ((double *)qni_table_build_values(t, 2))[r] = real[r];
        assert_ok(qni_table_build_string(t, 3, r, text[r], (int64_t)strlen(text[r]), NULL), NULL);
        ((int32_t *)qni_table_build_values(t, 4))[r] = (int32_t)(20454 + r);
        ((int64_t *)qni_table_build_values(t, 5))[r] = 20454 * INT64_C(86400000000) + r * 500000;
    }
    for (int c = 0; c < 6; c++)
        assert_true(qni_table_build_missing(t, c, 3));
    qni_table_build_rows(t, 4);
    qni_table_build_finish(t);
    return t;
}

static void tables_are_inserted_into_columns_of_many_types(void **state)
{
    (void)state;
    static const struct {
        const char *columns, *first, *second;
    } targets[] = {
        {"b boolean, i bigint, f float8, s text, d date, t timestamptz, more int DEFAULT 7",
         "f|0|0.1|2026-01-01|2026-01-01 00:00:00+00|7", "t|-1|-10000000000|2026-01-02|2026-01-01 00:00:00.5+00|7"},
        {"b boolean, i integer, f float4, s varchar(80), d timestamp, t timestamp, more int DEFAULT 7",
         "f|0|0.1|2026-01-01 00:00:00|2026-01-01 00:00:00|7",
         "t|-1|-1e+10|2026-01-02 00:00:00|2026-01-01 00:00:00.5|7"},
        {"b boolean, i smallint, f float8, s name, d timestamptz, t timestamp, more int DEFAULT 7",
         "f|0|0.1|2026-01-01 00:00:00+00|2026-01-01 00:00:00|7",
         "t|-1|-10000000000|2026-01-02 00:00:00+00|2026-01-01 00:00:00.5|7"},
        {"b boolean, i numeric, f float8, s text, d date, t timestamp, more int DEFAULT 7",
         "f|0|0.1|2026-01-01|2026-01-01 00:00:00|7", "t|-1|-10000000000|2026-01-02|2026-01-01 00:00:00.5|7"},
        {"b text, i numeric(8,2), f numeric, s text, d text, t date, more int DEFAULT 7",
         "f|0.00|0.1|2026-01-01|2026-01-01|7", "t|-1.00|-10000000000|2026-01-02|2026-01-01|7"},
    };
    qn_error err;
    char sql[2 * SQL];
    qn_table *table = make_table();
    qn_db *db = test_connect(NULL);
    test_run(db, "DROP SCHEMA IF EXISTS \"od d\" CASCADE; CREATE SCHEMA \"od d\"");
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        (void)snprintf(sql, sizeof sql,
                       "DROP TABLE IF EXISTS \"od d\".\"na\"\"me\"; CREATE TABLE \"od d\".\"na\"\"me\" (%s)",
                       targets[i].columns);
        test_run(db, sql);
        assert_ok(qn_db_insert(db, "od d.na\"me", table, &err), &err);
        static const char *const texts[] = {
            "SELECT b, i, f, d, t, more FROM \"od d\".\"na\"\"me\" ORDER BY i LIMIT 1 OFFSET 1",
            "SELECT b, i, f, d, t, more FROM \"od d\".\"na\"\"me\" ORDER BY i LIMIT 1",
            "SELECT num_nulls(b, i, f, s, d, t) FROM \"od d\".\"na\"\"me\" WHERE i IS NULL",
            "SELECT s = E'tab\\tline\\nback\\\\slash\\r\"quote\" \\\\N \\\\.' FROM \"od d\".\"na\"\"me\" WHERE i = 0",
            "SELECT s = '' FROM \"od d\".\"na\"\"me\" WHERE i = -1",
            "SELECT s FROM \"od d\".\"na\"\"me\" WHERE i = 12345",
        };
        char *lines[6];
        char *printed = test_psql(lines, texts, 6);
        assert_string_equal(lines[0], targets[i].first);
        assert_string_equal(lines[1], targets[i].second);
        assert_string_equal(lines[2], "6");
        assert_string_equal(lines[3], "t");
        assert_string_equal(lines[4], "t");
        assert_string_equal(lines[5], "ü €");
        free(printed);
    }
    qn_table_free(table);
    qn_db_close(db);
}

static void what_cannot_be_inserted_is_told_with_row_and_column(void **state)
{
    (void)state;
    qn_error err;
    qn_table *table = make_table();
    qn_db *db = test_connect(NULL);
    static const struct {
        const char *columns;
        qn_status status;
        const char *pieces[3];
    } targets[] = {
        {"b bool, i bigint PRIMARY KEY CHECK (i >= 0), f float8, s text, d date, t timestamp",
         QN_DATA,
         {"row 2", "refused_i_check", "23514"}},
        {"b bool, i bigint, f float8, s text, d date, t timestamp NOT NULL",
         QN_DATA,
         {"row 4", "column \"t\"", "23502"}},
        {"b bool, i bigint, f float8, s varchar(4), d date, t timestamp", QN_DATA, {"row 1", "column \"s\"", "22001"}},
        {"b bool, i bigint, f integer, s text, d date, t timestamp", QN_DATA, {"row 1", "column \"f\"", "22P02"}},
        {"b bool, i bigint, f float8, s integer, d date, t timestamp", QN_DATA, {"row 1", "column \"s\"", "22P02"}},
        {"b bool, i bigint, f float8, s text, d date", QN_NAME, {"\"t\" does not exist", "42703", ""}},
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        char sql[2 * SQL];
        (void)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS refused; CREATE TABLE refused (%s)", targets[i].columns);
        test_run(db, sql);
        assert_int_equal(qn_db_insert(db, "refused", table, &err), targets[i].status);
        for (int p = 0; p < 3; p++)
            assert_contains(err.message, targets[i].pieces[p]);
        assert_int_equal(test_number(db, "SELECT count(*) FROM refused"), 0);
    }
    test_run(db, "DROP TABLE IF EXISTS refused; CREATE TABLE refused (i smallint)");
    qn_table *big;
    assert_ok(qn_db_query_table(&big, db, "SELECT i FROM (VALUES (5), (70000)) AS q (i)", NULL, 0, &err), &err);
    assert_int_equal(qn_db_insert(db, "refused", big, &err), QN_DATA);
    assert_contains(err.message, "row 2, column \"i\": beyond a smallint");
    assert_int_equal(qn_db_insert(db, "no_such_table", big, &err), QN_NAME);
    assert_contains(err.message, "no_such_table");
    assert_int_equal(test_number(db, "SELECT count(*) FROM refused"), 0);
    qn_table_free(big);
    qn_table_free(table);
    qn_db_close(db);
}

static void more_than_a_buffer_is_inserted_and_read_back(void **state)
{
    (void)state;
    qn_error err;
    qn_table *out, *in;
    qn_db *db = test_connect(NULL);
    test_run(db, "DROP TABLE IF EXISTS bulk; CREATE TABLE bulk (i bigint, f float8, s text)");
    assert_ok(qn_db_query_table(&out, db,
                                "SELECT i::bigint AS i, sqrt(i) AS f, repeat(chr(97 + i % 26), i % 50 * 100) AS s"
                                " FROM generate_series(1, 1000) AS i",
                                NULL, 0, &err),
              &err);
    assert_ok(qn_db_insert(db, "bulk", out, &err), &err);
    assert_ok(qn_db_query_table(&in, db, "SELECT i, f, s FROM bulk ORDER BY i", NULL, 0, &err), &err);
    assert_int_equal(qn_table_row_count(in), 1000);
    assert_memory_equal(qn_table_values(in, 0), qn_table_values(out, 0), 1000 * 8);
    assert_memory_equal(qn_table_values(in, 1), qn_table_values(out, 1), 1000 * 8);
    for (int64_t i = 0; i < 1000; i++)
        assert_string_equal(qn_table_string(in, 2, ((const int32_t *)qn_table_values(in, 2))[i]),
                            qn_table_string(out, 2, ((const int32_t *)qn_table_values(out, 2))[i]));
    qn_table_free(in);
    qn_table_free(out);
    qn_db_close(db);
}

int test_types(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read_and_bound_as_psql_prints_it),
        cmocka_unit_test(numerics_of_all_sizes_are_the_servers_own_digits),
        cmocka_unit_test(dates_that_a_table_cannot_hold_are_refused_with_their_place),
        cmocka_unit_test(a_whole_result_becomes_a_table_of_its_types),
        cmocka_unit_test(tables_are_inserted_into_columns_of_many_types),
        cmocka_unit_test(what_cannot_be_inserted_is_told_with_row_and_column),
        cmocka_unit_test(more_than_a_buffer_is_inserted_and_read_back),
    };
    return cmocka_run_group_tests_name("types", tests, NULL, NULL);
}
