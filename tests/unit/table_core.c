/* Tables made from a program's arrays, dates against the C library's calendar, and the Arrow C data interface. */
#include "harness/harness.h"

#include <quern/arrow.h>
#include <quern/table.h>

#include "array/strings_int.h"
#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void types_have_names_and_back(void **state)
{
    (void)state;
    static const char *const names[] = {"f64", "f32", "i64", "bool", "string", "date", "timestamp"};
    for (int i = 1; i <= 7; i++) {
        assert_string_equal(qn_type_name((qn_type)i), names[i - 1]);
        assert_int_equal(qn_type_from_name(names[i - 1]), i);
    }
    assert_int_equal(qn_type_from_name("auto"), QN_TYPE_AUTO);
    assert_int_equal(qn_type_from_name("F64"), QN_TYPE_AUTO);
    assert_string_equal(qn_type_name((qn_type)42), "?");
}

static void a_table_of_arrays_holds_copies(void **state)
{
    (void)state;
    static const char *const names[] = {"x", "y"};
    double x[] = {1, 2, (double)NAN}, y[] = {4, 5, 6};
    const double *columns[] = {x, y};
    qn_error err;
    qn_table *t;
    assert_ok(qn_table_from_f64(&t, names, columns, 2, 3, NULL, &err), &err);
    x[0] = 9;
    assert_true(qn_table_f64(t, 0)[0] == 1);
    assert_true(isnan(qn_table_f64(t, 0)[2]));
    assert_false(qn_table_is_missing(t, 0, 2));
    assert_null(qn_table_validity(t, 0));
    assert_int_equal((uintptr_t)qn_table_f64(t, 1) % 64, 0);
    assert_string_equal(qn_table_source(t), "");
    assert_int_equal(qn_table_row_line(t, 0), 0);
    assert_int_equal(qn_table_column_find(t, "y"), 1);
    assert_int_equal(qn_table_string_count(t, 0), 0);
    qn_table_free(t);
    qn_table_free(NULL);
    assert_ok(qn_table_from_f64(&t, NULL, NULL, 0, 0, NULL, &err), &err);
    assert_int_equal(qn_table_column_find(t, "x"), -1);
    qn_table_free(t);
}

static void columns_of_numbers_are_read_as_doubles(void **state)
{
    (void)state;
    static const char text[] = "a,b,c,d,e\n1.5,0.1,9007199254740993,true,x\n,-2,,false,y\n-3,,7,,z\n";
    static const double expected[4][3] = {{1.5, (double)NAN, -3},
                                          {(double)0.1F, -2, (double)NAN},
                                          {9007199254740992, (double)NAN, 7},
                                          {1, 0, (double)NAN}};
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.types = "a=f64,b=f32,c=i64,d=bool,e=string";
    qn_error err;
    qn_csv *csv;
    qn_table *t;
    assert_ok(qn_csv_open_bytes(&csv, text, sizeof text - 1, "data.csv", &options, &err), &err);
    assert_ok(qn_csv_read(&t, csv, -1, &err), &err);
    qn_csv_close(csv);
    for (int64_t c = 0; c < 4; c++) {
        double out[3];
        assert_true(qn_table_read_f64(t, c, out));
        for (int64_t i = 0; i < 3; i++)
            assert_true(isnan(expected[c][i]) ? isnan(out[i]) : out[i] == expected[c][i]);
    }
    double untouched[3] = {1, 2, 3};
    assert_false(qn_table_read_f64(t, 4, untouched));
    assert_true(untouched[0] == 1 && untouched[1] == 2 && untouched[2] == 3);
    qn_table_free(t);
}

static void a_table_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"x", "x"};
    static const double x[] = {1};
    const double *columns[] = {x, x};
    qn_error err;
    qn_table *t;
    assert_int_equal(qn_table_from_f64(&t, names, columns, 2, 1, NULL, &err), QN_INVALID);
    assert_contains(err.message, "two columns are called \"x\"");
    assert_null(t);
    assert_int_equal(qn_table_from_f64(&t, names, columns, 1, -1, NULL, &err), QN_INVALID);
    assert_int_equal(qn_table_from_f64(&t, names, columns, -1, 1, NULL, &err), QN_INVALID);
    assert_int_equal(qn_table_from_f64(&t, names, columns, 1, INT64_MAX / 2, NULL, &err), QN_NOMEM);
    assert_null(t);
}

static void every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = -719162; day <= 2932896; day += 13) { /* 0001-01-01 to 9999-12-31 */
        time_t t = day * 86400;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        char text[32];
        int size = snprintf(text, sizeof text, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        int32_t days;
        assert_true(qni_date_parse(&days, text, size));
        assert_int_equal(days, day);
    }
}

static void times_are_read_as_iso_8601_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00", 0},
        {"1970-01-01T00:00Z", 0},
        {"1970-01-01t00:00:01z", 1000000},
        {"1970-01-01 00:00:00.000001", 1},
        {"1970-01-01T00:00:00.1234567", 123456},
        {"1970-01-01T01:00:00+01", 0},
        {"1970-01-01T01:30:00+0130", 0},
        {"1969-12-31T19:00:00-05:00", 0},
        {"1985-04-12T23:20:50.52Z", 482196050520000},   /* RFC 3339, 5.8 */
        {"1996-12-19T16:39:57-08:00", 851042397000000}, /* RFC 3339, 5.8: 1996-12-20T00:39:57Z */
    };
    static const char *const bad[] = {"1970-01-01T",
                                      "1970-01-01T0:00",
                                      "1970-01-01T00",
                                      "1970-01-01T00:60",
                                      "1970-01-01T24:00",
                                      "1970-01-01T00:00:60",
                                      "1970-01-01T00:00:00.",
                                      "1970-01-01T00:00+1",
                                      "1970-01-01T00:00Z ",
                                      "1970-01-01T00:00+24:00",
                                      "1970-01-01T00:00+01:60",
                                      "1970-1-1",
                                      "1970-00-01",
                                      "1970-13-01",
                                      "1970-01-32",
                                      "1970-01-00",
                                      "0000-01-01",
                                      "19700101",
                                      "1970-01-01X00:00",
                                      "1900-02-29",
                                      "",
                                      "1970-01-01T00:00+01:",
                                      "+1970-01-01",
                                      "2100-02-29"};
    int64_t us;
    int32_t days;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(qni_timestamp_parse(&us, good[i].text, (int64_t)strlen(good[i].text)));
        assert_int_equal(us, good[i].us);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(qni_timestamp_parse(&us, bad[i], (int64_t)strlen(bad[i])));
        assert_false(qni_date_parse(&days, bad[i], (int64_t)strlen(bad[i])));
    }
    assert_true(qni_date_parse(&days, "2000-02-29", 10));
}

static void strings_are_numbered_by_first_appearance(void **state)
{
    (void)state;
    test_allocator a;
    test_allocator_init(&a);
    qni_strings s;
    qni_strings_init(&s);
    assert_int_equal(qni_strings_find(&s, "x", 1), -1);
    char text[16];
    int32_t code;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3000; i++) {
            int size = snprintf(text, sizeof text, "%d", i);
            assert_int_equal(qni_strings_add(&code, &s, &a.allocator, text, size), QN_OK);
            assert_int_equal(code, i);
        }
    }
    assert_int_equal(s.count, 3000);
    assert_string_equal(qni_strings_at(&s, 2999), "2999");
    assert_int_equal(qni_strings_find(&s, "17", 2), 17);
    assert_int_equal(qni_strings_find(&s, "3000", 4), -1);
    assert_int_equal(qni_strings_add(&code, &s, &a.allocator, "", 0), QN_OK);
    assert_int_equal(qni_strings_size(&s, code), 0);
    qni_strings_fini(&s, &a.allocator);
    assert_int_equal(a.live_bytes, 0);
}

static qn_table *read_sample(const qn_allocator *allocator)
{
    static const char text[] = "x,f,n,ok,who,day,at\n"
                               "1.5,2,7,true,ann,1970-01-02,1970-01-01T00:00:01\n"
                               "NA,3,8,NA,bob,NA,1970-01-01T00:00:02\n"
                               "3.5,4,9,true,NA,1970-01-03,NA\n"
                               "4.5,5,10,false,\"\",1970-01-04,1970-01-01T00:00:03\n"
                               "4.5,5,10,false,ann,1970-01-04,1970-01-01T00:00:03\n";
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.types = "f=f32";
    qn_csv *csv;
    qn_table *table = NULL;
    if (qn_csv_open_bytes(&csv, text, sizeof text - 1, "t.csv", &options, NULL) == QN_OK)
        (void)!qn_csv_read(&table, csv, -1, NULL);
    qn_csv_close(csv);
    return table;
}

static void an_export_has_the_layout_of_the_arrow_specification(void **state)
{
    (void)state;
    static const char *const formats[] = {"g", "f", "l", "b", "i", "tdD", "tsu:UTC"};
    static const int64_t missing[] = {1, 0, 0, 1, 1, 1, 1};
    test_allocator a;
    test_allocator_init(&a);
    qn_table *t = read_sample(&a.allocator);
    assert_non_null(t);
    struct ArrowSchema schema;
    struct ArrowArray array;
    qn_error err;
    assert_ok(qn_table_export_arrow(t, &schema, &array, &err), &err);
    const void *values = qn_table_values(t, 0);
    qn_table_free(t); /* the export keeps it */

    assert_string_equal(schema.format, "+s");
    assert_int_equal(schema.n_children, 7);
    assert_null(schema.metadata);
    assert_int_equal(array.length, 5);
    assert_int_equal(array.n_buffers, 1);
    assert_null(array.buffers[0]);
    for (int64_t i = 0; i < 7; i++) {
        assert_string_equal(schema.children[i]->format, formats[i]);
        assert_int_equal(schema.children[i]->flags & ARROW_FLAG_NULLABLE, ARROW_FLAG_NULLABLE);
        assert_int_equal(array.children[i]->length, 5);
        assert_int_equal(array.children[i]->offset, 0);
        assert_int_equal(array.children[i]->n_buffers, 2);
        assert_int_equal(array.children[i]->n_children, 0);
        assert_int_equal(array.children[i]->null_count, missing[i]);
        assert_int_equal(array.children[i]->buffers[0] != NULL, missing[i] > 0);
        assert_int_equal((uintptr_t)array.children[i]->buffers[1] % 64, 0);
    }
    assert_string_equal(schema.children[4]->name, "who");
    assert_ptr_equal(array.children[0]->buffers[1], values);
    assert_int_equal(*(const uint8_t *)array.children[0]->buffers[0], 0x1D); /* least significant bit first */
    assert_int_equal(*(const uint8_t *)array.children[3]->buffers[1], 0x05);
    const int32_t *codes = array.children[4]->buffers[1];
    assert_int_equal(codes[1], 1);
    assert_int_equal(codes[4], 0);
    assert_string_equal(schema.children[4]->dictionary->format, "U");
    const struct ArrowArray *dictionary = array.children[4]->dictionary;
    assert_int_equal(dictionary->length, 3);
    assert_int_equal(dictionary->n_buffers, 3);
    const int64_t *offsets = dictionary->buffers[1];
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[1], 3);
    assert_int_equal(offsets[2], 6);
    assert_int_equal(offsets[3], 6);
    assert_memory_equal(dictionary->buffers[2], "annbob", 6);
    assert_int_equal(((const int32_t *)array.children[5]->buffers[1])[2], 2);
    assert_int_equal(((const int64_t *)array.children[6]->buffers[1])[1], 2000000);

    schema.release(&schema);
    assert_null(schema.release);
    array.release(&array);
    assert_null(array.release);
    assert_int_equal(a.live_bytes, 0);
}

static void a_child_may_be_moved_out_and_released_last(void **state)
{
    (void)state;
    test_allocator a;
    test_allocator_init(&a);
    qn_table *t = read_sample(&a.allocator);
    struct ArrowSchema schema, schema_child;
    struct ArrowArray array, child;
    assert_ok(qn_table_export_arrow(t, &schema, &array, NULL), NULL);
    qn_table_free(t);
    child = *array.children[4];
    array.children[4]->release = NULL; /* moved, as the specification says */
    schema_child = *schema.children[4];
    schema.children[4]->release = NULL;
    array.release(&array);
    schema.release(&schema);
    assert_int_equal(((const int32_t *)child.buffers[1])[1], 1);
    assert_memory_equal(child.dictionary->buffers[2], "annbob", 6);
    assert_string_equal(schema_child.name, "who");
    child.release(&child);
    schema_child.release(&schema_child);
    assert_int_equal(a.live_bytes, 0);
}

static void a_table_can_be_exported_twice_and_used_on(void **state)
{
    (void)state;
    test_allocator a;
    test_allocator_init(&a);
    qn_table *t = read_sample(&a.allocator);
    struct ArrowSchema schema[2];
    struct ArrowArray array[2];
    for (int i = 0; i < 2; i++)
        assert_ok(qn_table_export_arrow(t, &schema[i], &array[i], NULL), NULL);
    for (int i = 0; i < 2; i++) {
        array[i].release(&array[i]);
        schema[i].release(&schema[i]);
    }
    assert_true(qn_table_f64(t, 0)[0] == 1.5);
    qn_table_free(t);
    assert_int_equal(a.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_names_and_back),
        cmocka_unit_test(a_table_of_arrays_holds_copies),
        cmocka_unit_test(columns_of_numbers_are_read_as_doubles),
        cmocka_unit_test(a_table_that_cannot_be_is_refused),
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(times_are_read_as_iso_8601_says),
        cmocka_unit_test(strings_are_numbered_by_first_appearance),
        cmocka_unit_test(an_export_has_the_layout_of_the_arrow_specification),
        cmocka_unit_test(a_child_may_be_moved_out_and_released_last),
        cmocka_unit_test(a_table_can_be_exported_twice_and_used_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
