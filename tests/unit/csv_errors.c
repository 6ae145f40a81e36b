/* Reading CSV that is wrong: each complaint names file, line and column and says what to change. */
#include "harness/harness.h"

#include <quern/table.h>

#include "array/csv_int.h"
#include "array/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads all of the text, expects a failure, returns its error. */
static qn_error failure(const char *text, int64_t size, const qn_csv_options *options, qn_status expected)
{
    qn_error err = qn_error_none();
    qn_csv *csv;
    qn_table *table = NULL;
    qn_status s = qn_csv_open_bytes(&csv, text, size, "t.csv", options, &err);
    if (s == QN_OK)
        s = qn_csv_read(&table, csv, -1, &err);
    else
        assert_null(csv);
    assert_null(table);
    if (s != expected)
        print_error("%s: %s\n", qn_status_name(s), err.message);
    assert_int_equal(s, expected);
    assert_int_equal(err.code, expected);
    qn_csv_close(csv);
    return err;
}

typedef struct complaint {
    const char *text;
    const char *types;
    int64_t line, column;
    const char *message;
} complaint;

static void assert_complaints(const complaint *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        qn_csv_options options;
        qn_csv_options_init(&options, sizeof options);
        options.types = cases[i].types;
        qn_error err = failure(cases[i].text, (int64_t)strlen(cases[i].text), &options, QN_DATA);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.file, "t.csv");
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
    }
}
#define assert_all(cases) assert_complaints((cases), sizeof(cases) / sizeof(cases)[0])

static void a_cell_that_is_no_value_is_shown_with_its_place(void **state)
{
    (void)state;
    static const complaint cases[] = {
        {"x,y\n1,2\n3, abc\n", "y=f64", 3, 4, "column \"y\": \"abc\" is not a number"},
        {"y;x\n1;1,2\n", "x=f64", 2, 3, "column \"x\": \"1,2\" is not a number (decimal comma?)"},
        {"x,y\n\"1,234\",2\n", "x=f64", 2, 2,
         "column \"x\": \"1,234\" is not a number (a decimal comma or a thousands separator? write a point or "
         "nothing)"},
        {"x,y\n\"1,234.5\",2\n", "x=f64", 2, 2,
         "column \"x\": \"1,234.5\" is not a number (thousands separators? write it without)"},
        {"x,y\n1'000,2\n", "x=f64", 2, 1,
         "column \"x\": \"1'000\" is not a number (thousands separators? write it without)"},
        {"x,y\n50%,2\n", "x=f64", 2, 1, "column \"x\": \"50%\" is not a number (write it without the percent sign)"},
        {"x,y\n-,2\n", "x=f64", 2, 1, "column \"x\": \"-\" is not a number (missing? then leave it empty or write NA)"},
        {"x,y\n1e400,2\n", "x=f64", 2, 1, "column \"x\": \"1e400\" is not a number that fits: it is too large"},
        {"x,y\n1e39,2\n", "x=f32", 2, 1, "column \"x\": \"1e39\" is not a number that fits: it is too large"},
        {"x,y\n1.5,2\n", "x=i64", 2, 1, "column \"x\": \"1.5\" is not an integer of 64 bits"},
        {"x,y\n9223372036854775808,2\n", "x=i64", 2, 1,
         "column \"x\": \"9223372036854775808\" is not an integer of 64 bits"},
        {"x,y\nyes,2\n", "x=bool", 2, 1, "column \"x\": \"yes\" is not true or false"},
        {"x,y\n2023-02-29,2\n", "x=date", 2, 1, "column \"x\": \"2023-02-29\" is not a date (YYYY-MM-DD)"},
        {"x,y\n2023-02-28T25:00,2\n", "x=timestamp", 2, 1,
         "column \"x\": \"2023-02-28T25:00\" is not a time (YYYY-MM-DDThh:mm:ss, then Z or an offset such as +01:00)"},
        {"a,x\n\"two\nlines\",1\n\"three\n\nlines\", z\n", "x=f64", 6, 9, "column \"x\": \"z\" is not a number"},
        {"a x\n1 2\n  3    q\n", "x=f64", 3, 8, "column \"x\": \"q\" is not a number"},
        {"x\n\x01\x7F"
         "0123456789012345678901234567890123456789\n",
         "x=f64", 2, 1, "column \"x\": \"??01234567890123456789012345678901234567...\" is not a number"},
    };
    assert_all(cases);
}

static void a_row_with_too_few_or_too_many_fields_is_refused(void **state)
{
    (void)state;
    static const complaint cases[] = {
        {"a,b,c,d\n1,2,3,4\n1,2,3\n", NULL, 3, 6, "this row has 3 fields, the header has 4"},
        {"a,b,c,d\n1,2,3,4\n1,2,3", NULL, 3, 6, "this row has 3 fields, the header has 4"},
        {"a,b\n1,2\n1,2,3,4\n", NULL, 3, 5, "this row has 4 fields, the header has 2"},
        {"a,b\n1,2\n5\n", NULL, 3, 2, "this row has 1 field, the header has 2"},
        {"a b\n1 2\n5 \n", NULL, 3, 3, "this row has 1 field, the header has 2"},
        /* cells that moved to another column: the cause is told, not the consequence */
        {"a,b\n1,x\n2,3,y\n", "b=string,a=f64", 3, 5, "this row has 3 fields, the header has 2"},
        {"a,b\n1,2\n,x,3\n", "b=f64,a=f64", 3, 4, "this row has 3 fields, the header has 2"},
    };
    assert_all(cases);
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.no_header = true;
    qn_error err = failure("1,2\n1\n", 6, &options, QN_DATA);
    assert_string_equal(err.message, "this row has 1 field, the first row has 2");
}

static void a_row_of_the_wrong_length_is_found_in_unread_columns(void **state)
{
    (void)state;
    static const char *const texts[] = {"a,b,c\n1,2,3\n4,5\n", "a,b,c\n1,2,3\n4,5,6,7\n", "a,b,c\n1,2,3\n4\n"};
    static const char *const names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 9; i++) {
        qn_error err;
        qn_csv *csv;
        qn_table *table;
        assert_ok(qn_csv_open_bytes(&csv, texts[i / 3], (int64_t)strlen(texts[i / 3]), "t", NULL, &err), &err);
        assert_ok(qn_csv_select(csv, names[i % 3], QN_TYPE_F64, &err), &err);
        assert_int_equal(qn_csv_read(&table, csv, -1, &err), QN_DATA);
        assert_contains(err.message, "the header has 3");
        assert_int_equal(err.line, 3);
        assert_int_equal(qn_csv_read(&table, csv, -1, &err), QN_INVALID);
        qn_csv_close(csv);
    }
}

static void quotes_that_do_not_match_are_shown_where_they_open(void **state)
{
    (void)state;
    static const complaint cases[] = {
        {"a,b\n1,2\n3,\"four\nfive,6\n", NULL, 3, 3, "the quote opened here is never closed"},
        {"a,\"b\n1,2\n", NULL, 1, 3, "the quote opened here is never closed"},
        {"a,b\n\"x\"y,2\n", NULL, 2, 4, "text after a closing quote (a quote inside a quoted cell is written twice)"},
        {"a,b\n1,2\n3,\"", NULL, 3, 3, "the quote opened here is never closed"},
        {"a,b\n1,2\n3,\"\"\"", NULL, 3, 3, "the quote opened here is never closed"},
    };
    assert_all(cases);
}

static void an_inferred_type_that_does_not_hold_says_how_to_set_it(void **state)
{
    (void)state;
    enum {
        ROWS = QNI_CSV_SAMPLE_ROWS
    };
    static const struct {
        const char *usual, *late, *message;
    } cases[] = {
        {"1", "2.5",
         "column \"a\": \"2.5\" is not an integer of 64 bits; the first rows suggested i64: to read it, give --types "
         "a=f64"},
        {"1", "x",
         "column \"a\": \"x\" is not an integer; the first rows suggested i64: to read it, give --types a=string"},
        {"1.5", "x",
         "column \"a\": \"x\" is not a number; the first rows suggested f64: to read it, give --types a=string"},
        {"2020-01-01", "2020-01-01T10:00",
         "column \"a\": \"2020-01-01T10:00\" is not a date (YYYY-MM-DD); the first rows suggested date: to read it, "
         "give --types "
         "a=timestamp"},
        {"true", "1", NULL},
    };
    char *text = malloc((ROWS + 2) * 16);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *p = text + sprintf(text, "a\n");
        for (int r = 0; r < ROWS; r++)
            p += sprintf(p, "%s\n", cases[i].usual);
        p += sprintf(p, "%s\n", cases[i].late);
        if (cases[i].message == NULL) { /* a bool column takes 0 and 1 */
            qn_csv *csv;
            qn_table *table;
            assert_ok(qn_csv_open_bytes(&csv, text, p - text, "t", NULL, NULL), NULL);
            assert_ok(qn_csv_read(&table, csv, -1, NULL), NULL);
            qn_table_free(table);
            qn_csv_close(csv);
            continue;
        }
        qn_error err = failure(text, p - text, NULL, QN_DATA);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.line, ROWS + 2);
    }
    free(text);
}

static void types_are_inferred_from_the_first_mebibyte_only(void **state)
{
    (void)state;
    enum {
        ROW = 1 << 14,
        ROWS = QNI_CSV_SAMPLE_BYTES / ROW
    };
    char *text = malloc((size_t)(ROWS + 2) * ROW);
    char *p = text + sprintf(text, "a,b\n");
    for (int r = 0; r <= ROWS; r++, p += ROW) {
        memset(p, 'x', ROW);
        memcpy(p, r < ROWS ? "1," : "2.5,", r < ROWS ? 2 : 4);
        p[ROW - 1] = '\n';
    }
    qn_error err = failure(text, p - text, NULL, QN_DATA);
    assert_contains(err.message, "\"2.5\" is not an integer");
    assert_int_equal(err.line, ROWS + 2);
    free(text);
}

static void zero_bytes_and_other_encodings_are_refused(void **state)
{
    (void)state;
    qn_error err = failure("a,b\n1,2\n3,\0"
                           "4\n",
                           13, NULL, QN_DATA);
    assert_contains(err.message, "zero byte");
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 3);
    err = failure("\0", 1, NULL, QN_DATA);
    assert_int_equal(err.line, 1);
    err = failure("a\n1\n\0", 5, NULL, QN_DATA);
    assert_int_equal(err.line, 3);
    err = failure("\xFF\xFE"
                  "a\0\n\0",
                  6, NULL, QN_DATA);
    assert_contains(err.message, "UTF-16");
    err = failure("\xFE\xFF\0a", 4, NULL, QN_DATA);
    assert_contains(err.message, "UTF-16");
    err = failure("name\nGr\xF6\xDF"
                  "e\n",
                  11, NULL, QN_DATA);
    assert_contains(err.message, "iconv -f LATIN1");
    assert_int_equal(err.line, 2);
    err = failure("a,Gr\xF6\xDF"
                  "e\n1,2\n",
                  13, NULL, QN_DATA);
    assert_int_equal(err.column, 3);
}

static void text_that_is_not_utf8_is_refused_with_its_place(void **state)
{
    (void)state;
    qn_error err = failure("x,caf\xE9\n1,2\n", 12, NULL, QN_DATA);
    assert_contains(err.message, "a name that is not UTF-8");
    assert_int_equal(err.line, 1);
    assert_int_equal(err.column, 3);
    err = failure("x,y\n1,caf\xC3\xA9\n2,caf\xE9\n", 18, NULL, QN_DATA);
    assert_contains(err.message, "text that is not UTF-8");
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 3);
}

static void there_must_be_something_to_read(void **state)
{
    (void)state;
    assert_contains(failure("", 0, NULL, QN_DATA).message, "the file is empty");
    assert_contains(failure("\xEF\xBB\xBF", 3, NULL, QN_DATA).message, "blank lines");
    assert_contains(failure("# only\n\n  \n", 11, NULL, QN_DATA).message, "nothing but blank lines and comments");
    qn_error err;
    qn_csv *csv;
    assert_int_equal(qn_csv_open(&csv, "/nowhere/x.csv", NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "/nowhere/x.csv");
    assert_null(csv);
    assert_int_equal(qn_csv_open(&csv, "/", NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "that is a folder");
    assert_null(csv);
}

static void names_and_types_that_are_not_there_are_refused(void **state)
{
    (void)state;
    static const char text[] = "time,volume\n1,2\n";
    static const struct {
        const char *types;
        qn_status status;
        const char *message;
    } cases[] = {
        {"volumes=f64", QN_NAME, "there is no column \"volumes\": did you mean \"volume\"?"},
        {"volume=float", QN_INVALID, "types: \"float\" is none of f64, f32, i64, bool, string, date, timestamp"},
        {"volume=auto", QN_INVALID, "types: \"auto\" is none of f64, f32, i64, bool, string, date, timestamp"},
        {"volume=a name that is longer than any", QN_INVALID,
         "types: \"a name that is longer than any\" is none of f64, f32, i64, bool, string, date, timestamp"},
        {"volume", QN_INVALID, "types: \"volume\" is not NAME=TYPE"},
        {"volume=f64,,", QN_INVALID, "types: \"\" is not NAME=TYPE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_csv_options options;
        qn_csv_options_init(&options, sizeof options);
        options.types = cases[i].types;
        qn_error err = failure(text, sizeof text - 1, &options, cases[i].status);
        assert_string_equal(err.message, cases[i].message);
    }
    qn_error err;
    qn_csv *csv;
    assert_ok(qn_csv_open_bytes(&csv, text, sizeof text - 1, "t", NULL, &err), &err);
    assert_int_equal(qn_csv_select(csv, "tine", QN_TYPE_F64, &err), QN_NAME);
    assert_contains(err.message, "did you mean \"time\"?");
    assert_int_equal(qn_csv_select(csv, "time", (qn_type)99, &err), QN_INVALID);
    qn_table *table;
    assert_int_equal(qn_csv_read(&table, csv, 0, &err), QN_INVALID);
    assert_int_equal(qn_csv_read(&table, csv, -2, &err), QN_INVALID);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_table_free(table);
    qn_csv_close(csv);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    static const char delimiters[] = {'"', '#', '\n', '\r', '.', '5', 'e', '-', '\x80'};
    for (size_t i = 0; i < sizeof delimiters; i++) {
        qn_csv_options options;
        qn_csv_options_init(&options, sizeof options);
        options.delimiter = delimiters[i];
        (void)failure("a\n1\n", 4, &options, QN_INVALID);
    }
    qn_csv_options none = {.size = 0};
    (void)failure("a\n1\n", 4, &none, QN_INVALID);
    (void)failure("a\n1\n", -1, NULL, QN_INVALID);
    (void)failure(NULL, 1, NULL, QN_INVALID);
}

/* An endless input: the beginning, then one character for ever. */
typedef struct endless {
    const char *beginning;
    char rest;
} endless;

static int64_t read_endless(void *user, char *into, int64_t size)
{
    endless *e = user;
    memset(into, e->rest, (size_t)size);
    int64_t count = (int64_t)strlen(e->beginning);
    if (count > size)
        count = size;
    memcpy(into, e->beginning, (size_t)count);
    e->beginning += count;
    return size;
}

static void a_record_without_end_is_given_up_at_a_limit(void **state)
{
    (void)state;
    qn_error err;
    qn_csv *csv;
    endless quoted = {"a,b\n1,\"", 'x'};
    qni_input input = {.read = read_endless, .user = &quoted, .total_size = -1};
    qni_csv_sizes sizes = {.record = 8 << 20};
    assert_ok(qni_csv_open_input(&csv, input, &sizes, "t", NULL, &err), &err);
    assert_ok(qn_csv_select(csv, "a", QN_TYPE_F64, &err), &err);
    qn_table *table;
    assert_int_equal(qn_csv_read(&table, csv, -1, &err), QN_LIMIT);
    assert_string_equal(err.message, "the quote opened here is not closed within 8 MiB");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
    qn_csv_close(csv);
    endless line = {"a,b\n", 'x'};
    input.user = &line;
    assert_ok(qni_csv_open_input(&csv, input, &sizes, "t", NULL, &err), &err);
    assert_int_equal(qn_csv_read(&table, csv, -1, &err), QN_LIMIT);
    assert_string_equal(err.message, "this line is longer than 8 MiB");
    qn_csv_close(csv);
    endless commas = {"", ','};
    input.user = &commas;
    assert_int_equal(qni_csv_open_input(&csv, input, &sizes, "t", NULL, &err), QN_LIMIT);
    assert_contains(err.message, "MiB");
}

static int64_t read_failing(void *user, char *into, int64_t size)
{
    static const char text[] = "a,b\n1,2\n3,4\n5,";
    int64_t *at = user;
    int64_t left = (int64_t)sizeof text - 1 - *at;
    if (left == 0)
        return -1;
    if (size > left)
        size = left;
    memcpy(into, text + *at, (size_t)size);
    *at += size;
    return size;
}

static void an_input_that_fails_midway_gives_the_rows_before_and_then_the_error(void **state)
{
    (void)state;
    int64_t at = 0;
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    qni_input input = {.read = read_failing, .user = &at, .total_size = -1};
    assert_ok(qni_csv_open_input(&csv, input, NULL, "t", NULL, &err), &err);
    assert_ok(qn_csv_select(csv, "a", QN_TYPE_F64, &err), &err);
    assert_ok(qn_csv_read(&table, csv, 2, &err), &err);
    assert_true(qn_table_f64(table, 0)[1] == 3);
    qn_table_free(table);
    assert_int_equal(qn_csv_read(&table, csv, -1, &err), QN_IO);
    assert_contains(err.message, "cannot read \"t\"");
    assert_null(table);
    qn_csv_close(csv);
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
    (void)state;
    qn_error err;
    qn_csv *csv;
    if (access("/proc/self/mem", R_OK) != 0)
        skip();
    assert_int_equal(qn_csv_open(&csv, "/proc/self/mem", NULL, &err), QN_IO); /* nothing lies at address 0 */
    assert_int_equal(err.native, EIO);
    assert_contains(err.message, "cannot read \"/proc/self/mem\"");
    assert_null(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_that_is_no_value_is_shown_with_its_place),
        cmocka_unit_test(a_row_with_too_few_or_too_many_fields_is_refused),
        cmocka_unit_test(a_row_of_the_wrong_length_is_found_in_unread_columns),
        cmocka_unit_test(quotes_that_do_not_match_are_shown_where_they_open),
        cmocka_unit_test(an_inferred_type_that_does_not_hold_says_how_to_set_it),
        cmocka_unit_test(types_are_inferred_from_the_first_mebibyte_only),
        cmocka_unit_test(zero_bytes_and_other_encodings_are_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_with_its_place),
        cmocka_unit_test(there_must_be_something_to_read),
        cmocka_unit_test(names_and_types_that_are_not_there_are_refused),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(a_record_without_end_is_given_up_at_a_limit),
        cmocka_unit_test(an_input_that_fails_midway_gives_the_rows_before_and_then_the_error),
        cmocka_unit_test(a_file_that_cannot_be_read_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
