/* Random tables into a database and back: rows bound one by one, read as a table, inserted at once into another, read
 * row by row: always the same values, bit for bit, in each database that is here. */
#include "harness/duckdb.h"
#include "harness/harness.h"

#include <quern/db.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 6,
    ROWS = 200, /* most */
    TEXT = 24
};

/* The columns: k BIGINT (the row), i BIGINT, f DOUBLE, s TEXT, b BOOLEAN, d DATE, w TIMESTAMP. */
typedef struct row {
    qn_value values[COLUMNS];
    char text[TEXT];
} row;

static double random_double(uint64_t *seed)
{
    static const double special[] = {0, 1e308, -1e-308, 4.9406564584124654e-324, 0.1, 1e22, 123456789};
    uint64_t bits = test_random(seed);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (test_random_below(seed, 4) == 0 || value != value || value == 0 || value - value != 0)
        return special[test_random_below(seed, 7)];
    return value;
}

static int64_t random_integer(uint64_t *seed)
{
    static const int64_t special[] = {0, -1, INT64_MAX, INT64_MIN, INT64_C(1) << 53, 42};
    return test_random_below(seed, 3) == 0 ? special[test_random_below(seed, 6)] : (int64_t)test_random(seed);
}

static int64_t random_text(char *out, uint64_t *seed)
{
    static const char *const pieces[] = {"a",   "\\", "'",  "\"", "\t", "\n", "\xC3\xB6", "\xF0\x9D\x84\x9E",
                                         "\\N", ",",  "$1", " "};
    int64_t size = 0;
    for (int64_t n = test_random_below(seed, 6); n > 0; n--)
        size += snprintf(out + size, (size_t)(TEXT - size), "%s", pieces[test_random_below(seed, 12)]);
    return size;
}

static void make_row(row *r, uint64_t *seed)
{
    int64_t size = random_text(r->text, seed);
    r->values[0] = qn_value_i64(random_integer(seed));
    r->values[1] = qn_value_f64(random_double(seed));
    r->values[2] = qn_value_text(r->text, size);
    r->values[3] = qn_value_bool(test_random(seed) & 1);
    r->values[4] = qn_value_date(test_random_below(seed, 3652059) - 719162);
    r->values[5] =
        qn_value_timestamp(test_random_below(seed, INT64_C(315537897600000000)) - INT64_C(62135596800000000));
    for (int c = 0; c < COLUMNS; c++)
        if (test_random_below(seed, 5) == 0)
            r->values[c] = qn_value_null();
}

static bool same(const qn_value *a, const qn_value *b)
{
    return a->type == b->type && a->i64 == b->i64 && memcmp(&a->f64, &b->f64, sizeof a->f64) == 0 &&
           a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, (size_t)a->size) == 0);
}

/* A row of the table that was read, as values. */
static qn_value value_of(const qn_table *table, int64_t column, int64_t r)
{
    const void *values = qn_table_values(table, column);
    if (qn_table_is_missing(table, column, r))
        return qn_value_null();
    switch (qn_table_column_type(table, column)) {
    case QN_TYPE_I64:
        return qn_value_i64(((const int64_t *)values)[r]);
    case QN_TYPE_F64:
        return qn_value_f64(((const double *)values)[r]);
    case QN_TYPE_STRING:
        return qn_value_text(qn_table_string(table, column, ((const int32_t *)values)[r]), -1);
    case QN_TYPE_BOOL:
        return qn_value_bool(((const uint8_t *)values)[r / 8] >> (r % 8) & 1);
    case QN_TYPE_DATE:
        return qn_value_date(((const int32_t *)values)[r]);
    default:
        return qn_value_timestamp(((const int64_t *)values)[r]);
    }
}

static void check_table(const qn_table *table, const row *rows, int64_t count)
{
    assert_int_equal(qn_table_row_count(table), count);
    for (int64_t r = 0; r < count; r++) {
        for (int c = 0; c < COLUMNS; c++) {
            qn_value got = value_of(table, c + 1, r);
            if (!same(&got, &rows[r].values[c]))
                fail_msg("row %lld, column %s: another value (type %d, expected %d)", (long long)r,
                         qn_table_column_name(table, c + 1), (int)got.type, (int)rows[r].values[c].type);
        }
    }
}

static void check_rows(qn_db *db, const row *rows, int64_t count, bool bools)
{
    qn_error err = qn_error_none();
    qn_rows *read;
    bool more;
    assert_ok(qn_db_query(&read, db, "SELECT * FROM b ORDER BY k", NULL, 0, &err), &err);
    for (int64_t r = 0; r < count; r++) {
        assert_ok(qn_rows_next(&more, read, &err), &err);
        assert_true(more);
        for (int c = 0; c < COLUMNS; c++) {
            qn_value got = qn_rows_value(read, c + 1);
            if (!bools && c == 3)
                continue;
            assert_true(same(&got, &rows[r].values[c]));
        }
    }
    assert_ok(qn_rows_next(&more, read, &err), &err);
    assert_false(more);
    qn_rows_close(read);
}

static void round_trip(qn_db *db, uint64_t *seed)
{
    static row rows[ROWS];
    qn_error err = qn_error_none();
    int64_t count = 1 + test_random_below(seed, test_random_below(seed, 2) ? ROWS : 5);
    static const char columns[] = "(k BIGINT, i BIGINT, f DOUBLE PRECISION, s TEXT, b BOOLEAN, d DATE, w TIMESTAMP)";
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "DROP TABLE IF EXISTS a; DROP TABLE IF EXISTS b; CREATE TABLE a%s; CREATE TABLE b%s", columns,
                   columns);
    assert_ok(qn_db_script(db, sql, &err), &err);
    assert_ok(qn_db_begin(db, QN_DB_WRITE, &err), &err);
    for (int64_t r = 0; r < count; r++) {
        qn_value values[COLUMNS + 1] = {qn_value_i64(r)};
        make_row(&rows[r], seed);
        memcpy(values + 1, rows[r].values, sizeof rows[r].values);
        assert_ok(
            qn_db_execute(NULL, db, "INSERT INTO a VALUES ($1, $2, $3, $4, $5, $6, $7)", values, COLUMNS + 1, &err),
            &err);
    }
    assert_ok(qn_db_commit(db, &err), &err);
    qn_table *first, *second;
    assert_ok(qn_db_query_table(&first, db, "SELECT * FROM a ORDER BY k", NULL, 0, &err), &err);
    bool typed = true; /* a column of NULLs alone may be one of doubles */
    for (int c = 0; c <= COLUMNS; c++)
        typed = typed && qn_table_missing_count(first, c) < count;
    check_table(first, rows, count);
    assert_ok(qn_db_insert(db, "b", first, &err), &err);
    assert_ok(qn_db_query_table(&second, db, "SELECT * FROM b ORDER BY k", NULL, 0, &err), &err);
    check_table(second, rows, count);
    check_rows(db, rows, count, typed);
    qn_table_free(first);
    qn_table_free(second);
}

static void what_goes_in_comes_back(void **state)
{
    const char *url = *state;
    if (url == NULL)
        skip();
    qn_error err = qn_error_none();
    qn_db *db;
    uint64_t seed = test_seed(20);
    qn_status s = qn_db_open(&db, url, NULL, &err);
    if (s == QN_UNAVAILABLE) {
        fprintf(stderr, "SKIP: %s\n", err.message);
        skip();
    }
    assert_ok(s, &err);
    assert_ok(qn_db_script(db, strncmp(url, "postgres", 8) == 0 ? "SET client_min_messages = warning" : "", &err),
              &err);
    for (int64_t i = test_effort(20, 1000); i > 0; i--)
        round_trip(db, &seed);
    qn_db_close(db);
}

int main(void)
{
    static char memory[] = "memory:", duckdb[] = "duckdb:";
    char *server = getenv("QUERN_TEST_POSTGRES");
    const struct CMUnitTest tests[] = {
        {"what_goes_into_the_memory_comes_back", what_goes_in_comes_back, NULL, NULL, memory},
        {"what_goes_into_duckdb_comes_back", what_goes_in_comes_back, NULL, NULL, test_duckdb_load() ? duckdb : NULL},
        {"what_goes_into_postgres_comes_back", what_goes_in_comes_back, NULL, NULL, server},
    };
    if (server == NULL)
        fprintf(stderr, "SKIP: no PostgreSQL is here (QUERN_TEST_POSTGRES)\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
