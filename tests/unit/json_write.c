/* Writing JSON: the exact text, and the first failure remembered. */
#include "harness/harness.h"

#include "base/error.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A writer to memory and what it wrote. */
typedef struct page {
    qni_json_buffer buffer;
    qni_json_writer writer;
} page;

static qni_json_writer *begin(page *p, int indent)
{
    *p = (page){0};
    qni_json_writer_init(&p->writer, qni_json_buffer_sink, &p->buffer, indent);
    return &p->writer;
}

static void expect(page *p, const char *expected)
{
    qn_error err = qn_error_none();
    assert_ok(qni_json_finish(&p->writer, &err), &err);
    assert_string_equal(p->buffer.text, expected);
    assert_int_equal(p->buffer.size, strlen(expected));
    qni_json_buffer_free(&p->buffer);
}

static void expect_failure(page *p, qn_status status, const char *piece)
{
    qn_error err = qn_error_none();
    assert_int_equal(qni_json_finish(&p->writer, &err), status);
    assert_int_equal(err.code, status);
    assert_contains(err.message, piece);
    qni_json_buffer_free(&p->buffer);
}

static void write_fit(qni_json_writer *w)
{
    qni_json_object_begin(w);
    qni_json_key(w, "schema");
    qni_json_string(w, "quern.fit/1", -1);
    qni_json_key(w, "n");
    qni_json_int64(w, 14);
    qni_json_key(w, "parameters");
    qni_json_array_begin(w);
    qni_json_object_begin(w);
    qni_json_key(w, "value");
    qni_json_double(w, 0.1);
    qni_json_object_end(w);
    qni_json_null(w);
    qni_json_array_end(w);
    qni_json_key(w, "warnings");
    qni_json_array_begin(w);
    qni_json_array_end(w);
    qni_json_key(w, "cached");
    qni_json_bool(w, false);
    qni_json_key(w, "extra");
    qni_json_object_begin(w);
    qni_json_object_end(w);
    qni_json_object_end(w);
}

static void compact_text_stands_in_one_line(void **state)
{
    (void)state;
    page p;
    write_fit(begin(&p, 0));
    expect(
        &p,
        "{\"schema\":\"quern.fit/1\",\"n\":14,\"parameters\":[{\"value\":0.1},null],\"warnings\":[],\"cached\":false,"
        "\"extra\":{}}\n");
}

static void an_exact_writer_loses_nothing(void **state)
{
    (void)state;
    page p;
    qni_json_writer *w = begin(&p, 0);
    w->exact = true;
    qni_json_array_begin(w);
    qni_json_double(w, -0.0);
    qni_json_double(w, 0.0);
    qni_json_double(w, -INFINITY);
    qni_json_double(w, NAN);
    qni_json_double(w, -5e-324);
    qni_json_string(w, "\xC3\xA9", -1);
    qni_json_array_end(w);
    expect(&p, "[-0.0,0,\"-inf\",\"nan\",-5e-324,\"\xC3\xA9\"]\n");
    w = begin(&p, 0);
    w->exact = true;
    qni_json_string(w, "a\xFFz\xFE", -1);
    expect_failure(&p, QN_DATA, "not UTF-8");
}

static void pretty_text_has_a_line_a_value(void **state)
{
    (void)state;
    page p;
    write_fit(begin(&p, 2));
    expect(&p, "{\n"
               "  \"schema\": \"quern.fit/1\",\n"
               "  \"n\": 14,\n"
               "  \"parameters\": [\n"
               "    {\n"
               "      \"value\": 0.1\n"
               "    },\n"
               "    null\n"
               "  ],\n"
               "  \"warnings\": [],\n"
               "  \"cached\": false,\n"
               "  \"extra\": {}\n"
               "}\n");
}

static void values_at_the_top_are_lines(void **state)
{
    (void)state;
    page p;
    qni_json_writer *w = begin(&p, 0);
    qni_json_array_begin(w);
    qni_json_int64(w, INT64_MIN);
    qni_json_array_end(w);
    qni_json_bool(w, true);
    qni_json_string(w, NULL, -1);
    expect(&p, "[-9223372036854775808]\ntrue\nnull\n");
}

static void numbers_are_shortest_and_null_where_not_finite(void **state)
{
    (void)state;
    page p;
    qni_json_writer *w = begin(&p, 0);
    qni_json_array_begin(w);
    qni_json_double(w, 1e-7);
    qni_json_double(w, 5);
    qni_json_double(w, -0.0);
    qni_json_double(w, 1.7976931348623157e308);
    qni_json_double(w, (double)NAN);
    qni_json_double(w, (double)INFINITY);
    qni_json_double(w, -(double)INFINITY);
    qni_json_array_end(w);
    expect(&p, "[1e-07,5,-0,1.7976931348623157e+308,null,null,null]\n");
}

/* What RFC 8259 takes for a number, digit for digit; everything else is a string. */
static void digits_stay_as_they_are(void **state)
{
    (void)state;
    static const char *const numbers[] = {"0",      "-0",     "12.50",  "123456789012345678901234567890.10",
                                          "-1.5e3", "1E+400", "1.0e-2", "9223372036854775808"};
    static const char *const strings[] = {"+1",  ".5",  "5.", "007", "-",   "",    "1e",  "1e+",
                                          "NaN", "0x1", "1 ", "1,2", "-.5", "1.e", "--1", "1.2.3"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        page p;
        char expected[64];
        qni_json_digits(begin(&p, 0), numbers[i], (int64_t)strlen(numbers[i]));
        snprintf(expected, sizeof expected, "%s\n", numbers[i]);
        expect(&p, expected);
    }
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        page p;
        char expected[64];
        qni_json_digits(begin(&p, 0), strings[i], (int64_t)strlen(strings[i]));
        snprintf(expected, sizeof expected, "\"%s\"\n", strings[i]);
        expect(&p, expected);
    }
}

/* A terminal obeys U+009B as it does ESC [. */
static void what_would_control_a_terminal_is_escaped(void **state)
{
    (void)state;
    page p;
    qni_json_string(begin(&p, 0), "\x7F\xC2\x80\xC2\x9B\xC2\xA0\xC3\xA9", -1);
    expect(&p, "\"\\u007f\\u0080\\u009b\xC2\xA0\xC3\xA9\"\n");
}

static void strings_are_escaped(void **state)
{
    (void)state;
    page p;
    qni_json_writer *w = begin(&p, 0);
    qni_json_string(w, "a\"b\\c/\b\f\n\r\t\v\x01\x1f\x7f\0z", 17);
    qni_json_string(w, "", 0);
    expect(&p, "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u000b\\u0001\\u001f\\u007f\\u0000z\"\n\"\"\n");
}

static void good_utf8_stays_and_bad_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        /* The Unicode Standard, section 3.9, tables 3-8 to 3-11: one replacement for each maximal part of a character.
         */
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "????????A"},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "????????A"},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "?????A??B"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "????A"},
        {"ab\xE2\x82", "ab?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[128];
        int size = snprintf(expected, sizeof expected, "\"");
        for (const char *c = cases[i].expected; *c != 0; c++) {
            if (*c == '?')
                size += snprintf(expected + size, sizeof expected - (size_t)size, "\xEF\xBF\xBD");
            else
                expected[size++] = *c;
        }
        snprintf(expected + size, sizeof expected - (size_t)size, "\"\n");
        page p;
        qni_json_string(begin(&p, 0), cases[i].text, -1);
        expect(&p, expected);
    }
}

static void long_strings_pass_whole(void **state)
{
    (void)state;
    char text[5001], expected[5004];
    memset(text, 'x', 5000);
    text[5000] = 0;
    snprintf(expected, sizeof expected, "\"%s\"\n", text);
    page p;
    qni_json_string(begin(&p, 0), text, -1);
    expect(&p, expected);
}

static void calls_that_make_no_json_are_refused(void **state)
{
    (void)state;
    page p;
    qni_json_writer *w = begin(&p, 0);
    qni_json_object_begin(w);
    qni_json_int64(w, 1);
    expect_failure(&p, QN_INVALID, "where a key must stand");
    w = begin(&p, 0);
    qni_json_key(w, "a");
    expect_failure(&p, QN_INVALID, "outside an object");
    w = begin(&p, 0);
    qni_json_object_begin(w);
    qni_json_key(w, "a");
    qni_json_key(w, "b");
    expect_failure(&p, QN_INVALID, "after a key without a value");
    w = begin(&p, 0);
    qni_json_object_begin(w);
    qni_json_key(w, "a");
    qni_json_object_end(w);
    expect_failure(&p, QN_INVALID, "lacks its last value");
    w = begin(&p, 0);
    qni_json_array_begin(w);
    qni_json_object_end(w);
    expect_failure(&p, QN_INVALID, "not open");
    w = begin(&p, 0);
    qni_json_array_end(w);
    expect_failure(&p, QN_INVALID, "not open");
    w = begin(&p, 0);
    qni_json_array_begin(w);
    expect_failure(&p, QN_INVALID, "still open");
}

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    page p;
    qni_json_writer *w = begin(&p, 0);
    for (int i = 0; i < QNI_JSON_DEPTH_MAX; i++)
        qni_json_array_begin(w);
    for (int i = 0; i < QNI_JSON_DEPTH_MAX; i++)
        qni_json_array_end(w);
    assert_int_equal(qni_json_finish(w, NULL), QN_OK);
    qni_json_buffer_free(&p.buffer);
    w = begin(&p, 0);
    for (int i = 0; i < QNI_JSON_DEPTH_MAX + 50; i++)
        qni_json_array_begin(w);
    expect_failure(&p, QN_LIMIT, "at most 128 levels");
}

/* A sink that fails at its second call. */
static qn_status failing_sink(void *user, const char *text, int64_t size, qn_error *err)
{
    (void)text;
    (void)size;
    int *calls = user;
    return ++*calls == 2 ? qni_error(err, QN_IO, "the disk is full") : QN_OK;
}

static void the_first_failed_write_is_remembered(void **state)
{
    (void)state;
    int calls = 0;
    qni_json_writer w;
    qni_json_writer_init(&w, failing_sink, &calls, 0);
    qni_json_array_begin(&w);
    for (int i = 0; i < 10000; i++)
        qni_json_int64(&w, i);
    qni_json_key(&w, "a key where none belongs");
    qn_error err;
    assert_int_equal(qni_json_finish(&w, &err), QN_IO);
    assert_string_equal(err.message, "the disk is full");
    assert_int_equal(calls, 2);
}

static void flushing_gives_what_is_pending(void **state)
{
    (void)state;
    page p;
    qni_json_writer *w = begin(&p, 0);
    qni_json_int64(w, 1);
    assert_null(p.buffer.text);
    qni_json_flush(w);
    assert_string_equal(p.buffer.text, "1\n");
    qni_json_int64(w, 2);
    expect(&p, "1\n2\n");
}

static void a_full_disk_is_an_io_error(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL)
        skip();
    setvbuf(full, NULL, _IONBF, 0);
    qni_json_writer w;
    qni_json_writer_init(&w, qni_json_file_sink, full, 0);
    qni_json_int64(&w, 1);
    qn_error err;
    assert_int_equal(qni_json_finish(&w, &err), QN_IO);
    assert_contains(err.message, "No space left");
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_text_stands_in_one_line),
        cmocka_unit_test(an_exact_writer_loses_nothing),
        cmocka_unit_test(pretty_text_has_a_line_a_value),
        cmocka_unit_test(values_at_the_top_are_lines),
        cmocka_unit_test(numbers_are_shortest_and_null_where_not_finite),
        cmocka_unit_test(digits_stay_as_they_are),
        cmocka_unit_test(what_would_control_a_terminal_is_escaped),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(good_utf8_stays_and_bad_is_replaced),
        cmocka_unit_test(long_strings_pass_whole),
        cmocka_unit_test(calls_that_make_no_json_are_refused),
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(the_first_failed_write_is_remembered),
        cmocka_unit_test(flushing_gives_what_is_pending),
        cmocka_unit_test(a_full_disk_is_an_io_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
