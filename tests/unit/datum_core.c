/* Values: made, shared, counted to the byte, encoded and decoded as what they were; everything else refused. */
#include "harness/harness.h"
#include "harness/values.h"

#include <quern/budget.h>
#include <quern/datum.h>
#include <quern/npy.h>
#include <quern/npz.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double numbers[] = {0, 1, 2, 3, 4, -0.0};
static int16_t single = -2;

/* Two arrays: (2, 3) backwards along the second axis, and one element. */
static void some_arrays(qn_array out[2])
{
    qn_error err;
    assert_ok(qn_array_wrap(&out[0], numbers + 2, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, (int64_t[]){24, -8}, NULL, NULL,
                            NULL, &err),
              &err);
    assert_ok(qn_array_wrap(&out[1], &single, QN_DTYPE_I16, 0, NULL, NULL, NULL, NULL, NULL, &err), &err);
}

static void end_arrays(qn_array arrays[2])
{
    qn_array_fini(&arrays[0]);
    qn_array_fini(&arrays[1]);
}

static qn_datum *datum_of(qn_datum_kind kind, const qn_allocator *allocator)
{
    qn_datum *d = NULL;
    qn_error err;
    qn_array arrays[2];
    uint64_t random = 7;
    some_arrays(arrays);
    switch (kind) {
    case QN_DATUM_BYTES:
        assert_ok(qn_datum_bytes(&d, "a\0b", 3, allocator, &err), &err);
        break;
    case QN_DATUM_JSON:
        assert_ok(qn_datum_json(&d, " {\"a\": [1.50, null]}\n", -1, allocator, &err), &err);
        break;
    case QN_DATUM_ARRAY:
        assert_ok(qn_datum_array(&d, &arrays[0], allocator, &err), &err);
        break;
    case QN_DATUM_ARRAYS:
        assert_ok(qn_datum_arrays(&d, arrays, (const char *[]){"x", "a/y"}, 2, allocator, &err), &err);
        break;
    case QN_DATUM_TABLE:
        assert_ok(qn_datum_table(&d, test_table_of_all_types(&random, 100, allocator), allocator, &err), &err);
        break;
    }
    end_arrays(arrays);
    return d;
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(qn_datum_kind_name(QN_DATUM_BYTES), "bytes");
    assert_string_equal(qn_datum_kind_name(QN_DATUM_JSON), "json");
    assert_string_equal(qn_datum_kind_name(QN_DATUM_ARRAY), "array");
    assert_string_equal(qn_datum_kind_name(QN_DATUM_ARRAYS), "arrays");
    assert_string_equal(qn_datum_kind_name(QN_DATUM_TABLE), "table");
    assert_string_equal(qn_datum_kind_name((qn_datum_kind)0), "?");
    assert_string_equal(qn_datum_kind_name((qn_datum_kind)6), "?");
}

static void what_was_put_in_is_seen(void **state)
{
    (void)state;
    int64_t size;
    qn_array arrays[2];
    some_arrays(arrays);
    qn_datum *d = datum_of(QN_DATUM_BYTES, NULL);
    assert_int_equal(qn_datum_kind_of(d), QN_DATUM_BYTES);
    assert_memory_equal(qn_datum_text(d, &size), "a\0b", 4);
    assert_int_equal(size, 3);
    assert_null(qn_datum_table_of(d));
    assert_null(qn_datum_array_at(d, 0));
    assert_int_equal(qn_datum_array_count(d), 0);
    assert_int_equal(qn_datum_array_find(d, "x"), -1);
    qn_datum_unref(d);
    d = datum_of(QN_DATUM_ARRAY, NULL);
    assert_null(qn_datum_text(d, &size));
    assert_int_equal(size, 0);
    assert_null(qn_datum_text(d, NULL));
    assert_int_equal(qn_datum_array_count(d), 1);
    assert_true(qn_array_is_contiguous(qn_datum_array_at(d, 0)));
    assert_same_array(qn_datum_array_at(d, 0), &arrays[0]);
    assert_string_equal(qn_datum_array_name(d, 0), "arr_0");
    assert_null(qn_datum_array_at(d, 1));
    assert_null(qn_datum_array_at(d, -1));
    qn_datum_unref(d);
    d = datum_of(QN_DATUM_ARRAYS, NULL);
    assert_int_equal(qn_datum_array_find(d, "a/y"), 1);
    assert_same_array(qn_datum_array_at(d, 1), &arrays[1]);
    assert_string_equal(qn_datum_array_name(d, 0), "x");
    assert_null(qn_datum_array_name(d, 2));
    qn_datum_unref(d);
    d = datum_of(QN_DATUM_TABLE, NULL);
    assert_int_equal(qn_table_row_count(qn_datum_table_of(d)), 100);
    qn_datum_unref(d);
    qn_datum_unref(NULL);
    end_arrays(arrays);
}

static void a_values_size_is_what_its_allocator_gave(void **state)
{
    (void)state;
    for (int kind = QN_DATUM_BYTES; kind <= QN_DATUM_TABLE; kind++) {
        test_allocator a;
        test_allocator_init(&a);
        qn_datum *d = datum_of((qn_datum_kind)kind, &a.allocator);
        assert_int_equal(qn_datum_size(d), a.live_bytes);
        assert_ptr_equal(qn_datum_ref(d), d);
        qn_datum_unref(d);
        assert_int_equal(qn_datum_size(d), a.live_bytes);
        qn_datum_unref(d);
        assert_int_equal(a.live_bytes, 0);
    }
}

static void a_view_of_an_array_outlives_its_value(void **state)
{
    (void)state;
    test_allocator a;
    qn_array view, arrays[2];
    some_arrays(arrays);
    test_allocator_init(&a);
    qn_datum *d = datum_of(QN_DATUM_ARRAYS, &a.allocator);
    qn_array_view(&view, qn_datum_array_at(d, 0));
    qn_datum_unref(d);
    assert_same_array(&view, &arrays[0]);
    assert_true(a.live_bytes > 0);
    qn_array_fini(&view);
    assert_int_equal(a.live_bytes, 0);
    end_arrays(arrays);
}

enum {
    SHARERS = 4,
    ROUNDS = 500
};

static void *share(void *datum)
{
    for (int i = 0; i < ROUNDS; i++) {
        qn_datum *mine = qn_datum_ref(datum);
        qn_array view;
        qn_array_view(&view, qn_datum_array_at(mine, 0));
        qn_datum_unref(mine);
        if (((const double *)view.data)[1] != 1.0)
            abort();
        qn_array_fini(&view);
    }
    qn_datum_unref(datum); /* one of these is the last */
    return NULL;
}

static void threads_share_a_value(void **state)
{
    (void)state;
    pthread_t threads[SHARERS];
    qn_datum *d = datum_of(QN_DATUM_ARRAY, NULL);
    for (int i = 0; i < SHARERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share, qn_datum_ref(d)), 0);
    qn_datum_unref(d);
    for (int i = 0; i < SHARERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void assert_same(const qn_datum *a, const qn_datum *b)
{
    qn_digest x = qn_datum_digest(a), y = qn_datum_digest(b);
    int64_t size, other;
    assert_int_equal(qn_datum_kind_of(a), qn_datum_kind_of(b));
    assert_true(qn_digest_equal(&x, &y));
    const char *text = qn_datum_text(a, &size);
    if (text != NULL)
        assert_memory_equal(text, qn_datum_text(b, &other), (size_t)size + 1);
    assert_int_equal(qn_datum_array_count(a), qn_datum_array_count(b));
    for (int64_t i = 0; i < qn_datum_array_count(a); i++) {
        assert_same_array(qn_datum_array_at(a, i), qn_datum_array_at(b, i));
        assert_string_equal(qn_datum_array_name(a, i), qn_datum_array_name(b, i));
    }
    if (qn_datum_table_of(a) != NULL)
        assert_same_table(qn_datum_table_of(a), qn_datum_table_of(b));
}

static bool can_encode(int kind)
{
    return kind <= QN_DATUM_JSON || qn_has("zip");
}

static void every_kind_goes_to_bytes_and_back(void **state)
{
    (void)state;
    for (int kind = QN_DATUM_BYTES; kind <= QN_DATUM_TABLE; kind++) {
        for (int compress = 0; compress <= 9; compress += 3) {
            qn_datum_options options = {.size = (int64_t)sizeof options, .compress = compress};
            test_allocator a;
            void *bytes;
            int64_t size;
            qn_error err;
            test_allocator_init(&a);
            qn_datum *d = datum_of((qn_datum_kind)kind, &a.allocator), *again;
            if (!can_encode(kind)) {
                assert_int_equal(qn_datum_encode(&bytes, &size, d, &options, &a.allocator, &err), QN_UNAVAILABLE);
                qn_datum_unref(d);
                continue;
            }
            assert_ok(qn_datum_encode(&bytes, &size, d, &options, &a.allocator, &err), &err);
            int64_t before = a.live_bytes;
            assert_ok(qn_datum_decode(&again, (qn_datum_kind)kind, bytes, size, "b", &options, &a.allocator, &err),
                      &err);
            assert_int_equal(qn_datum_size(again), a.live_bytes - before);
            qn_datum_encoded_free(bytes, size, &a.allocator);
            assert_same(d, again);
            qn_datum_unref(again);
            qn_datum_unref(d);
            assert_int_equal(a.live_bytes, 0);
        }
    }
}

static void empty_values_go_to_bytes_and_back(void **state)
{
    (void)state;
    qn_error err;
    uint64_t random = 1;
    qn_datum *values[4], *again;
    assert_ok(qn_datum_bytes(&values[0], NULL, 0, NULL, &err), &err);
    assert_ok(qn_datum_arrays(&values[1], NULL, NULL, 0, NULL, &err), &err);
    assert_ok(qn_datum_table(&values[2], test_table_of_all_types(&random, 0, NULL), NULL, &err), &err);
    qn_table *table;
    assert_ok(qn_table_from_f64(&table, NULL, NULL, 0, 5, NULL, &err), &err);
    assert_ok(qn_datum_table(&values[3], table, NULL, &err), &err);
    for (int i = 0; i < 4; i++) {
        void *bytes;
        int64_t size;
        qn_datum_kind kind = qn_datum_kind_of(values[i]);
        if (can_encode((int)kind)) {
            assert_ok(qn_datum_encode(&bytes, &size, values[i], NULL, NULL, &err), &err);
            assert_ok(qn_datum_decode(&again, kind, bytes, size, NULL, NULL, NULL, &err), &err);
            assert_same(values[i], again);
            qn_datum_unref(again);
            qn_datum_encoded_free(bytes, size, NULL);
        }
        qn_datum_unref(values[i]);
    }
}

static void what_cannot_be_kept_is_refused(void **state)
{
    (void)state;
    qn_datum *d;
    qn_error err;
    qn_array arrays[2];
    static const char *const names[][2] = {{"x", "x"},    {"x", ""},   {"../x", "y"}, {"/x", "y"},
                                           {"x\\y", "z"}, {"x", NULL}, {"x", "\x01"}, {"x", "\x7f"}};
    some_arrays(arrays);
    assert_int_equal(qn_datum_bytes(&d, "", -1, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_bytes(&d, NULL, 1, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_json(&d, NULL, 0, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_json(&d, "{\"a\":\n nul}", -1, NULL, &err), QN_DATA);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
    assert_int_equal(qn_datum_json(&d, "1 ", 0, NULL, &err), QN_DATA);
    assert_int_equal(qn_datum_array(&d, &(qn_array){0}, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_arrays(&d, arrays, NULL, -1, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_arrays(&d, NULL, NULL, 1, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_table(&d, NULL, NULL, &err), QN_INVALID);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(qn_datum_arrays(&d, arrays, names[i], 2, NULL, &err), QN_INVALID);
        assert_null(d);
    }
    end_arrays(arrays);
}

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_datum *d = datum_of(QN_DATUM_BYTES, NULL), *out;
    qn_datum_options options;
    qn_error err;
    void *bytes;
    int64_t size;
    qn_datum_options_init(&options, sizeof options);
    options.compress = 10;
    assert_int_equal(qn_datum_encode(&bytes, &size, d, &options, NULL, &err), QN_INVALID);
    assert_contains(err.message, "0 to 9");
    options.compress = 0;
    options.bytes_max = -1;
    assert_int_equal(qn_datum_decode(&out, QN_DATUM_BYTES, "", 0, NULL, &options, NULL, &err), QN_INVALID);
    options.size = 1;
    assert_int_equal(qn_datum_encode(&bytes, &size, d, &options, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_decode(&out, QN_DATUM_BYTES, NULL, 5, NULL, NULL, NULL, &err), QN_INVALID);
    assert_int_equal(qn_datum_decode(&out, (qn_datum_kind)6, "", 0, "f", NULL, NULL, &err), QN_DATA);
    qn_datum_unref(d);
}

static void limits_hold_when_decoding(void **state)
{
    (void)state;
    for (int kind = QN_DATUM_BYTES; kind <= QN_DATUM_TABLE && can_encode(kind); kind++) {
        qn_datum_options options = {.size = (int64_t)sizeof options};
        qn_datum *d = datum_of((qn_datum_kind)kind, NULL), *out;
        qn_error err;
        void *bytes;
        int64_t size;
        assert_ok(qn_datum_encode(&bytes, &size, d, NULL, NULL, &err), &err);
        options.bytes_max = 2;
        assert_int_equal(qn_datum_decode(&out, (qn_datum_kind)kind, bytes, size, "f", &options, NULL, &err), QN_LIMIT);
        assert_null(out);
        options.bytes_max = kind <= QN_DATUM_JSON ? size : qn_datum_size(d) + size;
        options.members_max = 10;
        assert_ok(qn_datum_decode(&out, (qn_datum_kind)kind, bytes, size, "f", &options, NULL, &err), &err);
        qn_datum_unref(out);
        if (kind >= QN_DATUM_ARRAYS) {
            options.members_max = kind == QN_DATUM_TABLE ? 9 : 1;
            assert_int_equal(qn_datum_decode(&out, (qn_datum_kind)kind, bytes, size, "f", &options, NULL, &err),
                             QN_LIMIT);
        }
        qn_datum_encoded_free(bytes, size, NULL);
        qn_datum_unref(d);
    }
}

static void bytes_of_another_kind_are_refused(void **state)
{
    (void)state;
    for (int kind = QN_DATUM_BYTES; kind <= QN_DATUM_TABLE && can_encode(kind); kind++) {
        qn_datum *d = datum_of((qn_datum_kind)kind, NULL), *out;
        qn_error err;
        void *bytes;
        int64_t size;
        assert_ok(qn_datum_encode(&bytes, &size, d, NULL, NULL, &err), &err);
        for (int other = QN_DATUM_JSON; other <= QN_DATUM_TABLE; other++) {
            bool wider = kind == QN_DATUM_ARRAY && other == QN_DATUM_ARRAYS;
            if (other == kind || wider || !can_encode(other))
                continue;
            assert_int_equal(qn_datum_decode(&out, (qn_datum_kind)other, bytes, size, "f", NULL, NULL, &err), QN_DATA);
            assert_string_equal(err.file, "f");
            assert_null(out);
        }
        qn_datum_encoded_free(bytes, size, NULL);
        qn_datum_unref(d);
    }
}

/* ---- tables that are none ---- */

/* A table's archive of these members: table.json, and one-axis arrays. */
typedef struct part {
    const char *name;
    qn_dtype dtype;
    int64_t count;
    const void *values;
} part;

static qn_status decode_parts(const char *json, const part *parts, int count, qn_error *err)
{
    qn_npz_member members[8] = {{.name = "table.json", .bytes = json, .byte_count = (int64_t)strlen(json)}};
    qn_array arrays[8];
    qn_datum *out;
    void *bytes;
    int64_t size;
    for (int i = 0; i < count; i++) {
        assert_ok(qn_array_wrap(&arrays[i], (void *)(uintptr_t)parts[i].values, parts[i].dtype, 1, &parts[i].count,
                                NULL, NULL, NULL, NULL, err),
                  err);
        members[i + 1] = (qn_npz_member){.name = parts[i].name, .array = &arrays[i]};
    }
    assert_ok(qn_npz_write_bytes(&bytes, &size, members, count + 1, NULL, NULL, err), err);
    qn_status s = qn_datum_decode(&out, QN_DATUM_TABLE, bytes, size, "t.npz", NULL, NULL, err);
    assert_true((out != NULL) == (s == QN_OK));
    qn_datum_unref(out);
    qn_npy_bytes_free(bytes, size, NULL);
    for (int i = 0; i < count; i++)
        qn_array_fini(&arrays[i]);
    return s;
}

#define TABLE(rows, columns) "{\"schema\":\"quern.table/1\",\"rows\":" rows ",\"columns\":[" columns "]}"
#define X_F64                "{\"name\":\"x\",\"type\":\"f64\"}"

static void a_table_that_says_what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const double x[] = {1, 2};
    static const part parts[] = {{"x", QN_DTYPE_F64, 2, x}};
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"", "ends where a value"},
        {"[]", "an object is expected"},
        {"{}", "schema, rows and columns"},
        {"{\"rows\":2,\"columns\":[" X_F64 "]}", "schema, rows and columns"},
        {"{\"schema\":\"quern.table/2\",\"rows\":2,\"columns\":[]}", "only tables of the schema"},
        {"{\"schema\":1,\"rows\":2,\"columns\":[]}", "the schema is expected"},
        {TABLE("-2", X_F64), "so many rows"},
        {TABLE("2.0", X_F64), "so many rows"},
        {TABLE("99999999999999999999", X_F64), "so many rows"},
        {TABLE("9223372036854775807", X_F64), "no such array"},
        {TABLE("3", X_F64), "no such array"},
        {TABLE("\"2\"", X_F64), "number of rows"},
        {TABLE("2", ""), "belongs to no column"},
        {TABLE("2", "1"), "a column is expected"},
        {TABLE("2", "{}"), "a name and a type"},
        {TABLE("2", "{\"name\":\"x\"}"), "a name and a type"},
        {TABLE("2", "{\"type\":\"f64\"}"), "a name and a type"},
        {TABLE("2", "{\"name\":\"x\",\"name\":\"x\",\"type\":\"f64\"}"), "once each"},
        {TABLE("2", "{\"name\":\"x\",\"type\":\"f64\",\"class\":\"os.system\"}"), "once each"},
        {TABLE("2", "{\"name\":\"x\",\"type\":\"auto\"}"), "no such type"},
        {TABLE("2", "{\"name\":\"x\",\"type\":\"a type with a very long name\"}"), "no such type"},
        {TABLE("2", "{\"name\":\"x\\u0000\",\"type\":\"f64\"}"), "a zero in it"},
        {TABLE("2", "{\"name\":\"y\",\"type\":\"f64\"}"), "\"y\": the table has no such array"},
        {TABLE("2", X_F64 "," X_F64), "a column comes twice"},
        {TABLE("2", "{\"name\":\"x\",\"type\":\"i64\"}"), "another type or length"},
        {TABLE("2", "{\"name\":\"x\",\"type\":\"string\"}"), "another type or length"},
        {TABLE("2", X_F64) "1", "behind the value"},
        {"{\"schema\":\"quern.table/1\",\"rows\":2,\"rows\":2,\"columns\":[]}", "once each"},
    };
    if (!qn_has("zip")) {
        print_message("SKIPPED: libzip is not here\n");
        return;
    }
    qn_error err;
    assert_ok(decode_parts(TABLE("2", X_F64), parts, 1, &err), &err);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(decode_parts(cases[i].json, parts, 1, &err), QN_DATA);
        assert_contains(err.message, cases[i].says);
        assert_string_equal(err.file, "t.npz");
    }
}

static void a_table_whose_arrays_cannot_be_is_refused(void **state)
{
    (void)state;
    static const uint8_t bits[] = {0, 1, 2}, many[] = {1, 1, 1};
    static const int64_t days[] = {0, 1, INT64_C(1) << 31}, missing_day[] = {0, 1, INT64_MIN};
    static const int32_t codes[] = {0, 1, 2}, low[] = {0, -1, 1};
    static const struct {
        const char *json;
        part parts[3];
        int count;
        const char *says; /* NULL: it is a table */
    } cases[] = {
        {TABLE("2", "{\"name\":\"b\",\"type\":\"bool\"}"), {{"b", QN_DTYPE_U8, 2, bits}}, 1, NULL},
        {TABLE("3", "{\"name\":\"b\",\"type\":\"bool\"}"), {{"b", QN_DTYPE_U8, 3, bits}}, 1, "neither 0 nor 1"},
        {TABLE("3", "{\"name\":\"d\",\"type\":\"date\"}"), {{"d", QN_DTYPE_I64, 3, days}}, 1, "no calendar has"},
        {TABLE("3", "{\"name\":\"d\",\"type\":\"date\"}"), {{"d", QN_DTYPE_I64, 3, missing_day}}, 1, "no calendar"},
        {TABLE("3", "{\"name\":\"d\",\"type\":\"date\"}"),
         {{"d", QN_DTYPE_I64, 3, missing_day}, {"table/0.missing", QN_DTYPE_U8, 3, many}},
         2,
         NULL},
        {TABLE("3", "{\"name\":\"d\",\"type\":\"date\"}"),
         {{"d", QN_DTYPE_I64, 3, missing_day}, {"table/0.missing", QN_DTYPE_U8, 2, many}},
         2,
         "another type or length"},
        {TABLE("2", "{\"name\":\"t\",\"type\":\"timestamp\"}"),
         {{"t", QN_DTYPE_I64, 2, days}, {"table/0.missing", QN_DTYPE_U8, 2, bits + 1}},
         2,
         "neither 0 nor 1"},
        {TABLE("2", "{\"name\":\"s\",\"type\":\"string\"}"),
         {{"s", QN_DTYPE_I32, 2, codes}, {"table/0.texts", QN_DTYPE_U8, 4, "a\0b"}},
         2,
         NULL},
        {TABLE("3", "{\"name\":\"s\",\"type\":\"string\"}"),
         {{"s", QN_DTYPE_I32, 3, codes}, {"table/0.texts", QN_DTYPE_U8, 4, "a\0b"}},
         2,
         "a code without a text"},
        {TABLE("3", "{\"name\":\"s\",\"type\":\"string\"}"),
         {{"s", QN_DTYPE_I32, 3, low}, {"table/0.texts", QN_DTYPE_U8, 4, "a\0b"}},
         2,
         "a code without a text"},
        {TABLE("2", "{\"name\":\"s\",\"type\":\"string\"}"),
         {{"s", QN_DTYPE_I32, 2, codes}, {"table/0.texts", QN_DTYPE_U8, 3, "a\0b"}},
         2,
         "its last text has no end"},
        {TABLE("2", "{\"name\":\"s\",\"type\":\"string\"}"),
         {{"s", QN_DTYPE_I32, 2, codes}, {"table/0.texts", QN_DTYPE_U8, 4, "a\0a"}},
         2,
         "a text comes twice"},
        {TABLE("2", "{\"name\":\"s\",\"type\":\"string\"}"), {{"s", QN_DTYPE_I32, 2, codes}}, 1, "no such array"},
        {TABLE("2", "{\"name\":\"table/0.texts\",\"type\":\"string\"}"),
         {{"table/0", QN_DTYPE_I32, 2, codes}, {"table/0.texts", QN_DTYPE_U8, 4, "a\0b"}},
         2,
         NULL},
    };
    if (!qn_has("zip")) {
        print_message("SKIPPED: libzip is not here\n");
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err = qn_error_none();
        qn_status s = decode_parts(cases[i].json, cases[i].parts, cases[i].count, &err);
        if (cases[i].says == NULL) {
            assert_ok(s, &err);
            continue;
        }
        assert_int_equal(s, QN_DATA);
        assert_contains(err.message, cases[i].says);
    }
}

static void a_name_that_is_not_utf_8_cannot_be_encoded(void **state)
{
    (void)state;
    qn_error err;
    qn_table *table;
    qn_datum *d;
    void *bytes;
    int64_t size;
    assert_ok(qn_table_from_f64(&table, (const char *[]){"\xff"}, (const double *[]){numbers}, 1, 2, NULL, &err), &err);
    assert_ok(qn_datum_table(&d, table, NULL, &err), &err);
    assert_int_equal(qn_datum_encode(&bytes, &size, d, NULL, NULL, &err), QN_INVALID);
    assert_contains(err.message, "column 1 is not UTF-8");
    qn_datum_unref(d);
}

/* No archive has a member of such a name. */
static void a_column_may_be_called_by_control_characters(void **state)
{
    (void)state;
    if (!qn_has("zip")) {
        print_message("SKIPPED: libzip is not here\n");
        return;
    }
    qn_error err;
    qn_table *table;
    qn_datum *d, *again;
    void *bytes;
    int64_t size;
    const char *const names[] = {"\x01", "a\nb", "\x7f", "plain"};
    const double *const columns[] = {numbers, numbers, numbers, numbers};
    assert_ok(qn_table_from_f64(&table, names, columns, 4, 2, NULL, &err), &err);
    assert_ok(qn_datum_table(&d, table, NULL, &err), &err);
    assert_ok(qn_datum_encode(&bytes, &size, d, NULL, NULL, &err), &err);
    assert_ok(qn_datum_decode(&again, QN_DATUM_TABLE, bytes, size, "t", NULL, NULL, &err), &err);
    assert_same(d, again);
    qn_datum_encoded_free(bytes, size, NULL);
    qn_datum_unref(again);
    qn_datum_unref(d);
}

static void a_value_that_could_not_be_made_is_null(void **state)
{
    (void)state;
    qn_array arrays[2];
    some_arrays(arrays);
    for (int64_t fail_at = 1; fail_at < 4; fail_at++) {
        qn_datum *d = (qn_datum *)&arrays[0]; /* what happens to stand there */
        test_allocator a;
        test_allocator_init(&a);
        a.fail_at = fail_at;
        assert_int_equal(qn_datum_array(&d, &arrays[0], &a.allocator, NULL), QN_NOMEM);
        assert_null(d);
    }
    end_arrays(arrays);
}

static void a_budget_without_room_is_named(void **state)
{
    (void)state;
    qn_budget *budget;
    qn_error err;
    qn_datum *d;
    qn_array array;
    assert_ok(qn_budget_new(&budget, NULL, "little",
                            &(qn_budget_options){.size = (int64_t)sizeof(qn_budget_options), .limit = 4096}, &err),
              &err);
    assert_ok(qn_array_init(&array, QN_DTYPE_F64, 1, &(int64_t){10000}, NULL, &err), &err);
    assert_int_equal(qn_datum_array(&d, &array, qn_budget_allocator(budget), &err), QN_BUDGET);
    assert_contains(err.message, "little");
    assert_int_equal(qn_datum_bytes(&d, array.data, 80000, qn_budget_allocator(budget), &err), QN_BUDGET);
    assert_contains(err.message, "little");
    qn_array_fini(&array);
    qn_budget_free(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(what_was_put_in_is_seen),
        cmocka_unit_test(a_values_size_is_what_its_allocator_gave),
        cmocka_unit_test(a_view_of_an_array_outlives_its_value),
        cmocka_unit_test(threads_share_a_value),
        cmocka_unit_test(every_kind_goes_to_bytes_and_back),
        cmocka_unit_test(empty_values_go_to_bytes_and_back),
        cmocka_unit_test(what_cannot_be_kept_is_refused),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(limits_hold_when_decoding),
        cmocka_unit_test(bytes_of_another_kind_are_refused),
        cmocka_unit_test(a_table_that_says_what_cannot_be_is_refused),
        cmocka_unit_test(a_table_whose_arrays_cannot_be_is_refused),
        cmocka_unit_test(a_name_that_is_not_utf_8_cannot_be_encoded),
        cmocka_unit_test(a_column_may_be_called_by_control_characters),
        cmocka_unit_test(a_value_that_could_not_be_made_is_null),
        cmocka_unit_test(a_budget_without_room_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
