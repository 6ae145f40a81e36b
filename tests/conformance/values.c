/* Values there and back, at their extremes. Days and microseconds of the dates are from Python's datetime. */
#include "conformance/conformance.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stores a value in a column of this type and gives what comes back. */
static qn_value there_and_back(const char *type, qn_value value)
{
    char sql[100];
    run("DROP TABLE IF EXISTS v");
    (void)snprintf(sql, sizeof sql, "CREATE TABLE v(x %s)", type);
    run(sql);
    assert_int_equal(execute("INSERT INTO v VALUES ($1)", &value, 1), 1);
    return first("SELECT x FROM v", NULL, 0);
}

static void same_bytes(const qn_value *got, qn_value_type type, const void *bytes, int64_t size)
{
    assert_int_equal(got->type, type);
    assert_int_equal(got->size, size);
    assert_memory_equal(got->bytes, bytes, (size_t)size);
}

static void whole_numbers(void)
{
    static const int64_t values[] = {0, -1, INT32_MAX, INT64_C(9007199254740993), INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        qn_value got = there_and_back("BIGINT", qn_value_i64(values[i]));
        assert_int_equal(got.type, QN_VALUE_I64);
        assert_true(got.i64 == values[i]);
    }
    assert_int_equal(there_and_back("SMALLINT", qn_value_i64(-32768)).i64, -32768);
    assert_int_equal(there_and_back("INTEGER", qn_value_i64(INT32_MIN)).i64, INT32_MIN);
}

static void doubles(void)
{
    static const double values[] = {0.1,
                                    -1.5,
                                    1e300,
                                    DBL_MAX,
                                    -DBL_MAX,
                                    DBL_MIN,
                                    4.9406564584124654e-324,
                                    2.2250738585072009e-308,
                                    0.30000000000000004,
                                    9007199254740993.0};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        qn_value got = there_and_back("DOUBLE PRECISION", qn_value_f64(values[i]));
        assert_int_equal(got.type, QN_VALUE_F64);
        assert_true(got.f64 == values[i]);
    }
}

static void infinities(void)
{
    assert_true(there_and_back("DOUBLE PRECISION", qn_value_f64(INFINITY)).f64 == INFINITY);
    assert_true(there_and_back("DOUBLE PRECISION", qn_value_f64(-INFINITY)).f64 == -INFINITY);
}

static void not_a_number(void)
{
    qn_value got = there_and_back("DOUBLE PRECISION", qn_value_f64(NAN));
    if (differs()) {
        assert_int_equal(got.type, QN_VALUE_NULL);
        return;
    }
    assert_int_equal(got.type, QN_VALUE_F64);
    assert_true(isnan(got.f64));
}

static void negative_zero(void)
{
    qn_value got = there_and_back("DOUBLE PRECISION", qn_value_f64(-0.0));
    assert_int_equal(got.type, QN_VALUE_F64);
    assert_true(got.f64 == 0);
    assert_int_equal(signbit(got.f64) != 0, !differs());
}

static void truth(void)
{
    for (int i = 0; i < 2; i++) {
        qn_value got = there_and_back("BOOLEAN", qn_value_bool(i));
        assert_int_equal(got.type, QN_VALUE_BOOL);
        assert_int_equal(got.i64, i);
    }
}

static void text(void)
{
    static const char *const values[] = {"plain",
                                         " ",
                                         "it's \"quoted\" \\ $1 ? --",
                                         "K\xC3\xB6ln",
                                         "\xF0\x9D\x84\x9E\xF4\x8F\xBF\xBF",
                                         "e\xCC\x81\n\t\x7F",
                                         "\xEF\xBB\xBFx"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        qn_value got = there_and_back("TEXT", qn_value_text(values[i], -1));
        text_is(&got, QN_VALUE_TEXT, values[i]);
    }
    qn_value part = there_and_back("TEXT", qn_value_text("abcdef", 3));
    text_is(&part, QN_VALUE_TEXT, "abc");
}

static void empty_is_not_null(void)
{
    qn_value got = there_and_back("TEXT", qn_value_text("", 0));
    text_is(&got, QN_VALUE_TEXT, "");
    got = there_and_back(bytes_type(), qn_value_bytes(NULL, 0));
    text_is(&got, QN_VALUE_BYTES, "");
    assert_int_equal(number("SELECT count(*) FROM v WHERE x IS NULL"), 0);
}

static void null_of_every_type(void)
{
    const char *const types[] = {"BIGINT", "DOUBLE PRECISION", "TEXT",         bytes_type(), "BOOLEAN",
                                 "DATE",   "TIMESTAMP",        "NUMERIC(10,2)"};
    for (int i = 0; i < (int)(sizeof types / sizeof types[0]); i++) {
        char sql[100];
        qn_value null = qn_value_null();
        (void)snprintf(sql, sizeof sql, "CREATE TABLE v%d(x %s)", i, types[i]);
        run(sql);
        (void)snprintf(sql, sizeof sql, "INSERT INTO v%d VALUES ($1)", i);
        assert_int_equal(execute(sql, &null, 1), 1);
        (void)snprintf(sql, sizeof sql, "SELECT x FROM v%d", i);
        qn_value got = first(sql, NULL, 0);
        assert_int_equal(got.type, QN_VALUE_NULL);
        assert_int_equal(got.i64, 0);
        assert_null(got.bytes);
    }
}

static void megabyte(void)
{
    int64_t size = 1 << 20;
    unsigned char *bytes = malloc((size_t)size);
    assert_non_null(bytes);
    uint64_t seed = 3;
    for (int64_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)test_random(&seed);
    qn_value got = there_and_back(bytes_type(), qn_value_bytes(bytes, size));
    same_bytes(&got, QN_VALUE_BYTES, bytes, size);
    for (int64_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)('a' + bytes[i] % 26);
    got = there_and_back("TEXT", qn_value_text((char *)bytes, size));
    same_bytes(&got, QN_VALUE_TEXT, bytes, size);
    free(bytes);
}

static void every_byte(void)
{
    unsigned char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    qn_value got = there_and_back(bytes_type(), qn_value_bytes(bytes, 256));
    same_bytes(&got, QN_VALUE_BYTES, bytes, 256);
}

static void a_key_of_a_megabyte(void)
{
    int64_t size = 1 << 20;
    char *key = malloc((size_t)size);
    assert_non_null(key);
    uint64_t seed = 5;
    for (int64_t i = 0; i < size; i++)
        key[i] = (char)('!' + test_random_below(&seed, 90));
    qn_value value = qn_value_text(key, size);
    run("CREATE TABLE k(name TEXT PRIMARY KEY)");
    if (differs()) {
        refused(QN_LIMIT, "INSERT INTO k VALUES ($1)", &value, 1);
        is_the_databases_own();
    } else {
        assert_int_equal(execute("INSERT INTO k VALUES ($1)", &value, 1), 1);
        refused(QN_DATA, "INSERT INTO k VALUES ($1)", &value, 1);
        qn_value found = first("SELECT count(*) FROM k WHERE name = $1", &value, 1);
        assert_int_equal(found.i64, 1);
    }
    free(key);
}

static void dates(void)
{
    static const struct {
        int64_t days;
        const char *text;
    } values[] = {{0, "1970-01-01"},       {-1, "1969-12-31"},      {20497, "2026-02-13"},
                  {-719162, "0001-01-01"}, {2932896, "9999-12-31"}, {11016, "2000-02-29"}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        qn_value got = there_and_back("DATE", qn_value_date(values[i].days));
        assert_int_equal(got.type, QN_VALUE_DATE);
        assert_int_equal(got.i64, values[i].days);
        got = first("SELECT CAST(x AS TEXT) FROM v", NULL, 0);
        text_is(&got, QN_VALUE_TEXT, values[i].text);
    }
}

static void timestamps(void)
{
    static const int64_t values[] = {0,
                                     1,
                                     -1,
                                     INT64_C(1771000200123456),
                                     INT64_C(-62135596800000000),
                                     INT64_C(253402300799999999),
                                     INT64_C(951782400000000)};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        qn_value got = there_and_back("TIMESTAMP", qn_value_timestamp(values[i]));
        assert_int_equal(got.type, QN_VALUE_TIMESTAMP);
        assert_true(got.i64 == values[i]);
        got = there_and_back(instant_type(), qn_value_timestamp(values[i]));
        assert_int_equal(got.type, QN_VALUE_TIMESTAMP);
        assert_true(got.i64 == values[i]);
    }
}

static void a_timestamp_is_in_utc(void)
{
    char sql[200];
    (void)snprintf(sql, sizeof sql, "CREATE TABLE w(x %s); INSERT INTO w VALUES ('2026-02-13 16:30:00.123456')",
                   instant_type());
    run(sql);
    qn_value got = first("SELECT x FROM w", NULL, 0);
    assert_int_equal(got.type, QN_VALUE_TIMESTAMP);
    assert_true(got.i64 == INT64_C(1771000200123456)); /* datetime(2026,2,13,16,30,0,123456,timezone.utc) */
    run("CREATE TABLE u(x TIMESTAMP); INSERT INTO u VALUES ('2026-02-13 16:30:00.123456')");
    assert_true(first("SELECT x FROM u", NULL, 0).i64 == INT64_C(1771000200123456));
}

static void infinite_times(void)
{
    static const char *const columns[] = {"d", "t"};
    static const char *const words[] = {"infinity", "-infinity"};
    run("CREATE TABLE t(d DATE, t TIMESTAMP); INSERT INTO t VALUES ('infinity', 'infinity'), ('-infinity', "
        "'-infinity')");
    for (int i = 0; i < 4; i++) {
        char sql[64];
        (void)snprintf(sql, sizeof sql, "SELECT %s FROM t ORDER BY d %s", columns[i / 2], i % 2 == 0 ? "DESC" : "");
        qn_value got = first(sql, NULL, 0);
        text_is(&got, QN_VALUE_TEXT, words[i % 2]);
    }
}

static void decimals(void)
{
    qn_value got = there_and_back("NUMERIC(10,2)", qn_value_decimal("12.50", -1));
    if (differs()) {
        assert_int_equal(got.type, QN_VALUE_F64);
        assert_true(got.f64 == 12.5);
        got = there_and_back("TEXT", qn_value_decimal("12.50", -1));
        text_is(&got, QN_VALUE_TEXT, "12.50");
        return;
    }
    text_is(&got, QN_VALUE_DECIMAL, "12.50");
    got = there_and_back("NUMERIC(38,10)", qn_value_decimal("-1234567890123456789012345678.0123456789", -1));
    text_is(&got, QN_VALUE_DECIMAL, "-1234567890123456789012345678.0123456789");
    got = there_and_back("NUMERIC(4,4)", qn_value_decimal("0.0001", -1));
    text_is(&got, QN_VALUE_DECIMAL, "0.0001");
    got = there_and_back("NUMERIC(20,0)", qn_value_decimal("99999999999999999999", -1));
    text_is(&got, QN_VALUE_DECIMAL, "99999999999999999999");
}

static void beyond_64_bits(void)
{
    qn_value got = first("SELECT 18446744073709551614", NULL, 0);
    if (differs()) {
        assert_int_equal(got.type, QN_VALUE_F64);
        assert_true(got.f64 == 18446744073709551616.0);
        return;
    }
    text_is(&got, QN_VALUE_DECIMAL, "18446744073709551614");
}

static void literals(void)
{
    run("CREATE TABLE l(n BIGINT, d DATE, t TEXT, f DOUBLE PRECISION)");
    qn_value values[] = {qn_value_literal("42", -1), qn_value_literal("2026-02-13", -1), qn_value_literal("plain", -1),
                         qn_value_literal("0.5", -1)};
    assert_int_equal(execute("INSERT INTO l VALUES ($1, $2, $3, $4)", values, 4), 1);
    assert_int_equal(first("SELECT n FROM l", NULL, 0).i64, 42);
    qn_value got = first("SELECT d FROM l", NULL, 0);
    assert_int_equal(got.type, QN_VALUE_DATE);
    assert_int_equal(got.i64, 20497);
    assert_true(real("SELECT f FROM l") == 0.5);
    assert_int_equal(first("SELECT count(*) FROM l WHERE n = $1", values, 1).i64, 1);
    assert_int_equal(first("SELECT count(*) FROM l WHERE d = $1", values + 1, 1).i64, 1);
    assert_int_equal(first("SELECT count(*) FROM l WHERE t = $1", values + 2, 1).i64, 1);
}

static void other_types(void)
{
    qn_value got;
    if (differs()) {
        got = first("SELECT json('{\"a\": [1, 2]}')", NULL, 0);
        text_is(&got, QN_VALUE_TEXT, "{\"a\":[1,2]}");
        return;
    }
    got = first("SELECT CAST('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' AS UUID)", NULL, 0);
    text_is(&got, QN_VALUE_TEXT, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    got = first("SELECT CAST('16:30:00.5' AS TIME)", NULL, 0);
    text_is(&got, QN_VALUE_TEXT, "16:30:00.5");
    if (on == POSTGRES)
        run("SET intervalstyle = postgres");
    got = first("SELECT INTERVAL '3 days'", NULL, 0);
    text_is(&got, QN_VALUE_TEXT, "3 days");
    got = first(on == POSTGRES ? "SELECT ARRAY[1, 2]" : "SELECT [1, 2]", NULL, 0);
    text_is(&got, QN_VALUE_TEXT, on == POSTGRES ? "{1,2}" : "[1, 2]");
    assert_int_equal(first("SELECT CAST(1 AS SMALLINT)", NULL, 0).type, QN_VALUE_I64);
    assert_int_equal(first("SELECT CAST(1.5 AS REAL)", NULL, 0).type, QN_VALUE_F64);
}

static void a_zero_byte_in_text(void)
{
    qn_value value = qn_value_text("a\0b", 3);
    run("CREATE TABLE t(x TEXT)");
    refused(QN_INVALID, "INSERT INTO t VALUES ($1)", &value, 1);
    assert_contains(failure.message, "parameter 1");
    value = qn_value_literal("a\0b", 3);
    refused(QN_INVALID, "INSERT INTO t VALUES ($1)", &value, 1);
    value = qn_value_text("\xFF", 1);
    refused(QN_INVALID, "INSERT INTO t VALUES ($1)", &value, 1);
    assert_contains(failure.message, "UTF-8");
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void times_beyond_the_calendar(void)
{
    static const int64_t days[] = {-719163, 2932897}; /* 1 BC, the year 10000 */
    static const int64_t times[] = {INT64_C(-62135596800000001), INT64_C(253402300800000000)};
    qn_value far_days = qn_value_date(INT64_C(1) << 40);
    run("CREATE TABLE t(d DATE, w TIMESTAMP)");
    refused(QN_INVALID, "INSERT INTO t(d) VALUES ($1)", &far_days, 1);
    for (int i = 0; i < 2; i++) {
        qn_value both[2] = {qn_value_date(days[i]), qn_value_timestamp(times[i])};
        if (differs()) {
            refused(QN_INVALID, "INSERT INTO t VALUES ($1, $2)", both, 2);
            continue;
        }
        assert_int_equal(execute("INSERT INTO t VALUES ($1, $2)", both, 2), 1);
        assert_true(first("SELECT d FROM t", NULL, 0).i64 == days[i]);
        assert_true(first("SELECT w FROM t", NULL, 0).i64 == times[i]);
        qn_table *none;
        failure = qn_error_none();
        status_is(qn_db_query_table(&none, db, "SELECT d FROM t", NULL, 0, &failure), QN_DATA, "a table of such dates");
        assert_contains(failure.message, "\"d\"");
        run("DELETE FROM t");
    }
}

#define NO_NAN "SQLite stores NaN as NULL"

static const behaviour behaviours[] = {
    {"Whole numbers of 64 bits come back, the least and the greatest too", whole_numbers, {0}},
    {"Doubles come back bit for bit, the least and the greatest too", doubles, {0}},
    {"Infinities come back", infinities, {0}},
    {"NaN comes back", not_a_number, {SQLITE_DIFFERS(NO_NAN)}},
    {"The sign of a zero comes back",
     negative_zero,
     {SQLITE_DIFFERS("SQLite keeps doubles that are whole as integers: a zero has no sign")}},
    {"Truth values come back as such", truth, {0}},
    {"Text comes back byte for byte, beyond the Basic Multilingual Plane too", text, {0}},
    {"Bytes come back, each of the 256", every_byte, {0}},
    {"Empty text and empty bytes are not NULL", empty_is_not_null, {0}},
    {"NULL goes into a column of every type and comes back", null_of_every_type, {0}},
    {"A megabyte of text and of bytes comes back", megabyte, {0}},
    {"A key of a megabyte is kept, found, and refused the second time",
     a_key_of_a_megabyte,
     {[DUCKDB] = "An entry of its indexes has at most 122880 bytes: QN_LIMIT",
      [POSTGRES] = "An entry of its indexes has at most a third of a page, 2704 bytes: QN_LIMIT"}},
    {"Dates come back from the year 1 to the year 9999", dates, {0}},
    {"Timestamps come back to the microsecond, from the year 1 to the year 9999", timestamps, {0}},
    {"A time without a zone is in UTC, whatever zone the machine or the server is in", a_timestamp_is_in_utc, {0}},
    {"Dates and times beyond the years 1 to 9999 come back as values, and are QN_DATA in a table",
     times_beyond_the_calendar,
     {SQLITE_DIFFERS("SQLite keeps them as text, whose years have four digits: such a value is QN_INVALID")}},
    {"Infinite dates and times come as the texts infinity and -infinity", infinite_times, {0}},
    {"Decimal numbers come back exactly, digit for digit",
     decimals,
     {SQLITE_DIFFERS("SQLite has none: one that is bound is text, which a NUMERIC column makes a double")}},
    {"Whole numbers beyond 64 bits come as decimal numbers",
     beyond_64_bits,
     {SQLITE_DIFFERS("In SQLite such a number is a double")}},
    {"What a person typed becomes what the place where it stands asks for", literals, {0}},
    {"What has no type here (UUID, time of day, interval, list) comes as text in the database's notation",
     other_types,
     {SQLITE_DIFFERS("SQLite has no further types; what its functions give, JSON too, is text")}},
    {"A zero byte in text is refused with the parameter's number, and so is what is not UTF-8: QN_INVALID",
     a_zero_byte_in_text,
     {0}},
};
const theme theme_values = THEME("Values", behaviours);
