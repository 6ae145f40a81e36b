/* Reading CSV: what is read from well-formed files in all the dialects that are met. */
#include "harness/harness.h"

#include <quern/table.h>

#include "array/csv_int.h"
#include "array/limits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static qn_csv *open_text(const char *text, const qn_csv_options *options)
{
    qn_error err;
    qn_csv *csv;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "t.csv", options, &err), &err);
    return csv;
}

static qn_table *read_with(const char *text, const qn_csv_options *options)
{
    qn_error err;
    qn_table *table;
    qn_csv *csv = open_text(text, options);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    assert_non_null(table);
    return table;
}

static qn_table *read_text(const char *text)
{
    return read_with(text, NULL);
}

static qn_table *read_typed(const char *text, const char *types)
{
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.types = types;
    return read_with(text, &options);
}

static void assert_f64(const qn_table *table, const char *name, int64_t row, double expected)
{
    const double *values = qn_table_f64(table, qn_table_column_find(table, name));
    assert_non_null(values);
    assert_true(values[row] == expected);
}

static void assert_text(const qn_table *table, const char *name, int64_t row, const char *expected)
{
    int64_t column = qn_table_column_find(table, name);
    assert_int_equal(qn_table_column_type(table, column), QN_TYPE_STRING);
    const int32_t *codes = qn_table_values(table, column);
    assert_string_equal(qn_table_string(table, column, codes[row]), expected);
}

static void a_plain_file_becomes_typed_columns(void **state)
{
    (void)state;
    qn_table *t = read_text("x,n,who,ok,day,at\n"
                            "1.5,7,ann,true,2024-02-29,2024-02-29T12:00:00Z\n"
                            "-2e3,-8,bob,false,1970-01-01,1970-01-01 00:00:01+01:00\n"
                            ".25,9,ann,TRUE,1969-12-31,2000-01-01T00:00:00.5\n");
    assert_int_equal(qn_table_row_count(t), 3);
    assert_int_equal(qn_table_column_count(t), 6);
    assert_string_equal(qn_table_column_name(t, 2), "who");
    assert_int_equal(qn_table_column_find(t, "nobody"), -1);
    assert_f64(t, "x", 0, 1.5);
    assert_f64(t, "x", 1, -2000);
    assert_f64(t, "x", 2, 0.25);
    const int64_t *n = qn_table_values(t, 1);
    assert_int_equal(qn_table_column_type(t, 1), QN_TYPE_I64);
    assert_int_equal(n[1], -8);
    assert_text(t, "who", 0, "ann");
    assert_text(t, "who", 1, "bob");
    assert_int_equal(qn_table_string_count(t, 2), 2);
    assert_int_equal(((const int32_t *)qn_table_values(t, 2))[2], 0);
    assert_int_equal(qn_table_column_type(t, 3), QN_TYPE_BOOL);
    assert_int_equal(*(const uint8_t *)qn_table_values(t, 3), 5);
    const int32_t *day = qn_table_values(t, 4);
    assert_int_equal(qn_table_column_type(t, 4), QN_TYPE_DATE);
    assert_int_equal(day[0], 19782); /* date -d 2024-02-29 +%s / 86400 */
    assert_int_equal(day[1], 0);
    assert_int_equal(day[2], -1);
    const int64_t *at = qn_table_values(t, 5);
    assert_int_equal(qn_table_column_type(t, 5), QN_TYPE_TIMESTAMP);
    assert_int_equal(at[0], 1709208000000000);
    assert_int_equal(at[1], -3599000000);
    assert_int_equal(at[2], 946684800500000);
    assert_null(qn_table_validity(t, 0));
    assert_null(qn_table_f64(t, 1));
    qn_table_free(t);
}

static void rows_know_their_lines(void **state)
{
    (void)state;
    qn_table *t = read_text("# made by hand\n\nx,s\n1,a\n2,\"b\nc\"\n\n# more\n3,d\n4,e\n");
    assert_int_equal(qn_table_row_count(t), 4);
    assert_int_equal(qn_table_row_line(t, 0), 4);
    assert_int_equal(qn_table_row_line(t, 1), 5);
    assert_int_equal(qn_table_row_line(t, 2), 9);
    assert_int_equal(qn_table_row_line(t, 3), 10);
    assert_int_equal(qn_table_row_line(t, 4), 0);
    assert_string_equal(qn_table_source(t), "t.csv");
    assert_text(t, "s", 1, "b\nc");
    qn_table_free(t);
}

static void line_ends_may_be_of_any_kind(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x,y\n1,2\n3,4\n",   "x,y\r\n1,2\r\n3,4\r\n", "x,y\r1,2\r3,4\r",           "x,y\n1,2\n3,4",
        "x,y\r\n1,2\r\n3,4", "x,y\r1,2\r3,4",         "\xEF\xBB\xBFx,y\n1,2\n3,4", "x,y\n\r\n1,2\r3,4\r\n\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qn_table *t = read_typed(texts[i], "x=f64,y=f64");
        assert_int_equal(qn_table_row_count(t), 2);
        assert_f64(t, "x", 0, 1);
        assert_f64(t, "y", 0, 2);
        assert_f64(t, "x", 1, 3);
        assert_f64(t, "y", 1, 4);
        qn_table_free(t);
    }
    qn_table *t = read_text("x\r1\r\n2\n3\r\r4");
    assert_int_equal(qn_table_row_line(t, 2), 4);
    assert_int_equal(qn_table_row_line(t, 3), 6);
    qn_table_free(t);
}

static void the_delimiter_is_detected(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *name;
        double value;
    } cases[] = {
        {"a,b\n1,2\n", "b", 2},
        {"a;b\n1;2\n", "b", 2},
        {"a\tb\n1\t2\n", "b", 2},
        {"a b\n1 2\n", "b", 2},
        {"  a   b \n 1\t  2\n   3 4   \n", "b", 2},
        {"a;b\n1;2\n1,5;3\n", "b", 2},
        {"a\n1\n", "a", 1},
        {"\"a,1\";b\n1;2\n", "b", 2},
        {"a, b\n1, 2\n", "b", 2},
        {"a b,c d\n1,2\n", "c d", 2},
        {"# a comment, with commas, many\na;b\n1;2\n", "b", 2},
        {"b\n2\n", "b", 2},
        {"my column\n2\n3\n", "my column", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_csv *csv = open_text(cases[i].text, NULL);
        qn_error err;
        qn_table *t;
        assert_ok(qn_csv_select(csv, cases[i].name, QN_TYPE_F64, &err), &err);
        assert_ok(qn_csv_read(&t, csv, 1, &err), &err);
        assert_f64(t, cases[i].name, 0, cases[i].value);
        qn_table_free(t);
        qn_csv_close(csv);
    }
}

static void the_delimiter_does_not_depend_on_what_comes_late(void **state)
{
    (void)state;
    enum {
        RECORD = QNI_CSV_DETECT_BYTES / 8
    };
    char *text = calloc(32, RECORD + 8);
    char *p = text + sprintf(text, "a;b,c\n");
    for (int i = 0; i < 24; i++) {
        memset(p, 'x', RECORD);
        p[1] =
            i < 8
                ? ';'
                : ','; /* within the bytes that are judged the semicolon agrees with the header, after them the comma */
        p[RECORD - 1] = '\n';
        p += RECORD;
    }
    for (int64_t chunk = 1; chunk <= 1 << 20; chunk <<= 5) {
        qni_input input;
        qn_csv *csv;
        qn_error err;
        assert_ok(qni_input_bytes(&input, text, p - text, NULL, &err), &err);
        qni_csv_sizes sizes = {.chunk = chunk};
        assert_ok(qni_csv_open_input(&csv, input, &sizes, "t", NULL, &err), &err);
        assert_string_equal(qn_csv_column_names(csv)[0], "a");
        qn_csv_close(csv);
    }
    free(text);
}

static void a_delimiter_can_be_given(void **state)
{
    (void)state;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.delimiter = '|';
    qn_table *t = read_with("a,b|c\n1,5|2\n", &options);
    assert_text(t, "a,b", 0, "1,5");
    qn_table_free(t);
    options.delimiter = ' ';
    t = read_with("a b,c\n1\t \t2\n", &options);
    assert_int_equal(*(const int64_t *)qn_table_values(t, qn_table_column_find(t, "b,c")), 2);
    qn_table_free(t);
    options.delimiter = '\t';
    t = read_with("a\tb\n\t\n 1 \t\n", &options);
    assert_int_equal(qn_table_row_count(t), 2);
    assert_true(qn_table_is_missing(t, 0, 0));
    qn_table_free(t);
}

static void quoted_cells_hold_anything(void **state)
{
    (void)state;
    qn_table *t =
        read_text("s,x\n\"a,b\",1\n\"say \"\"hi\"\"\",\"2\"\n\"two\r\nlines\", \" 3 \" \n\"\",4\n \"  kept \" ,+5\n"
                  "5'10\" tall,6\n\"NA\",7\n");
    static const char *const texts[] = {"a,b", "say \"hi\"", "two\r\nlines", "", "  kept ", "5'10\" tall", "NA"};
    for (int64_t i = 0; i < 7; i++) {
        assert_text(t, "s", i, texts[i]);
        assert_int_equal(((const int64_t *)qn_table_values(t, 1))[i], i + 1);
        assert_false(qn_table_is_missing(t, 0, i));
    }
    qn_table_free(t);
}

static void missing_cells_are_marked_in_the_bitmap(void **state)
{
    (void)state;
    qn_table *t = read_typed("f,g,i,b,s,d,t\n"
                             "1,1,1,1,a,2020-01-01,2020-01-01\n"
                             ",,,,,,\n"
                             "NA,N/A,NaN,nan,null,NULL,None\n"
                             "-nan,+NAN,\"\", NA ,  ,\" NA \",NA\n"
                             "2,2,2,0,b,2020-01-02,2020-01-02\n",
                             "f=f64,g=f32,i=i64,b=bool,s=string,d=date,t=timestamp");
    for (int64_t c = 0; c < 7; c++) {
        assert_int_equal(qn_table_missing_count(t, c), 3);
        assert_int_equal(*qn_table_validity(t, c), 0x11);
        for (int64_t r = 0; r < 5; r++)
            assert_int_equal(qn_table_is_missing(t, c, r), r >= 1 && r <= 3);
    }
    assert_true(isnan(qn_table_f64(t, 0)[2]));
    assert_true(((const float *)qn_table_values(t, 1))[2] == 0);
    assert_int_equal(((const int64_t *)qn_table_values(t, 2))[2], 0);
    assert_int_equal(*(const uint8_t *)qn_table_values(t, 3), 1);
    qn_table_free(t);
}

static void types_are_inferred_from_all_cells_of_the_sample(void **state)
{
    (void)state;
    static const struct {
        const char *cells;
        qn_type type;
    } cases[] = {
        {"1\n2\n", QN_TYPE_I64},
        {"1\nNA\n2\n", QN_TYPE_I64},
        {"1\n2.5\n", QN_TYPE_F64},
        {"1\n1e3\n", QN_TYPE_F64},
        {"9223372036854775807\n", QN_TYPE_I64},
        {"9223372036854775808\n", QN_TYPE_F64},
        {"inf\n-Infinity\n", QN_TYPE_F64},
        {"1\nx\n", QN_TYPE_STRING},
        {"true\nfalse\n", QN_TYPE_BOOL},
        {"true\n1\n", QN_TYPE_STRING},
        {"2020-01-01\n", QN_TYPE_DATE},
        {"2020-01-01\n2020-01-01T10:00\n", QN_TYPE_TIMESTAMP},
        {"2020-02-30\n", QN_TYPE_STRING},
        {"1,5\n", QN_TYPE_STRING},
        {"NA\nNA\n", QN_TYPE_F64},
        {"\"1\"\n\"2\"\n", QN_TYPE_I64},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "v\n%s", cases[i].cells);
        qn_csv_options options;
        qn_csv_options_init(&options, sizeof options);
        options.delimiter = ';';
        qn_table *t = read_with(text, &options);
        assert_string_equal(qn_type_name(qn_table_column_type(t, 0)), qn_type_name(cases[i].type));
        qn_table_free(t);
    }
}

static void columns_are_selected_in_the_order_of_the_calls(void **state)
{
    (void)state;
    qn_error err;
    qn_csv *csv = open_text("a,b,c,d,e\n1,x,3,y,5\n6,x,8,y,10\n", NULL);
    assert_int_equal(qn_csv_column_count(csv), 5);
    assert_string_equal(qn_csv_column_names(csv)[3], "d");
    assert_ok(qn_csv_select(csv, "e", QN_TYPE_F64, &err), &err);
    assert_ok(qn_csv_select(csv, "a", QN_TYPE_AUTO, &err), &err);
    assert_ok(qn_csv_select(csv, "e", QN_TYPE_F64, &err), &err);
    assert_int_equal(qn_csv_select(csv, "e", QN_TYPE_I64, &err), QN_INVALID);
    qn_table *t;
    assert_ok(qn_csv_read(&t, csv, -1, &err), &err);
    assert_int_equal(qn_table_column_count(t), 2);
    assert_string_equal(qn_table_column_name(t, 0), "e");
    assert_f64(t, "e", 1, 10);
    assert_int_equal(((const int64_t *)qn_table_values(t, 1))[1], 6);
    assert_int_equal(qn_csv_select(csv, "b", QN_TYPE_F64, &err), QN_INVALID);
    qn_table_free(t);
    qn_csv_close(csv);
}

static void a_file_is_read_in_batches(void **state)
{
    (void)state;
    qn_error err;
    qn_csv *csv = open_text("x,s\n1,a\n\n2,b\n3,b\n4,c\n5,NA\n", NULL);
    qn_table *t;
    int64_t rows[] = {2, 2, 1};
    int64_t lines[] = {2, 5, 7};
    for (int i = 0; i < 3; i++) {
        assert_ok(qn_csv_read(&t, csv, 2, &err), &err);
        assert_int_equal(qn_table_row_count(t), rows[i]);
        assert_int_equal(((const int64_t *)qn_table_values(t, 0))[0], 2 * i + 1);
        assert_int_equal(qn_table_row_line(t, 0), lines[i]);
        qn_table_free(t);
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(qn_csv_read(&t, csv, 2, &err), &err);
        assert_null(t);
    }
    qn_csv_close(csv);
}

static void without_a_header_columns_are_numbered(void **state)
{
    (void)state;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.no_header = true;
    qn_table *t = read_with("# c\n1,2.5\n3,4\n", &options);
    assert_int_equal(qn_table_row_count(t), 2);
    assert_string_equal(qn_table_column_name(t, 0), "c1");
    assert_f64(t, "c2", 0, 2.5);
    assert_int_equal(qn_table_row_line(t, 0), 2);
    qn_table_free(t);
}

static void empty_names_are_numbered_and_equal_ones_only_matter_when_read(void **state)
{
    (void)state;
    qn_error err;
    qn_csv *csv = open_text("x,,x, \"y\" \n1,2,3,4\n", NULL);
    assert_string_equal(qn_csv_column_names(csv)[1], "c2");
    assert_string_equal(qn_csv_column_names(csv)[3], "y");
    assert_int_equal(qn_csv_select(csv, "x", QN_TYPE_F64, &err), QN_DATA);
    assert_contains(err.message, "more than one column is called \"x\"");
    assert_ok(qn_csv_select(csv, "y", QN_TYPE_F64, &err), &err);
    qn_table *t;
    assert_ok(qn_csv_read(&t, csv, -1, &err), &err);
    assert_f64(t, "y", 0, 4);
    qn_table_free(t);
    qn_csv_close(csv);
    csv = open_text("x,x\n1,2\n", NULL);
    assert_int_equal(qn_csv_read(&t, csv, -1, &err), QN_DATA);
    assert_null(t);
    qn_csv_close(csv);
}

static void a_header_alone_has_no_rows(void **state)
{
    (void)state;
    qn_error err;
    qn_csv *csv = open_text("x,y", NULL);
    qn_table *t;
    assert_ok(qn_csv_read(&t, csv, -1, &err), &err);
    assert_null(t);
    qn_csv_close(csv);
}

static void a_file_and_a_pipe_read_alike(void **state)
{
    (void)state;
    char path[] = "/tmp/quern-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    (void)fputs("x,y\n", file);
    for (int i = 0; i < 100000; i++)
        (void)fprintf(file, "%d,%d.5\n", i, -i);
    (void)fclose(file);
    char command[200];
    (void)snprintf(command, sizeof command, "cat %s", path);
    FILE *pipe = popen(command, "r");
    int saved = dup(STDIN_FILENO);
    assert_true(dup2(fileno(pipe), STDIN_FILENO) >= 0);
    const char *const paths[] = {path, "-"};
    for (int k = 0; k < 2; k++) {
        qn_error err;
        qn_csv *csv;
        qn_table *t;
        assert_ok(qn_csv_open(&csv, paths[k], NULL, &err), &err);
        assert_ok(qn_csv_read(&t, csv, -1, &err), &err);
        assert_int_equal(qn_table_row_count(t), 100000);
        assert_int_equal(qn_table_row_line(t, 99999), 100001);
        for (int64_t i = 0; i < 100000; i++) {
            assert_int_equal(((const int64_t *)qn_table_values(t, 0))[i], i);
            assert_true(qn_table_f64(t, 1)[i] == -(double)i + (i == 0 ? 0.5 : -0.5));
        }
        qn_table_free(t);
        qn_csv_close(csv);
    }
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    (void)close(saved);
    (void)pclose(pipe);
    (void)unlink(path);
}

/* Rows of 16 bytes without end, made as they are read. */
static int64_t read_rows_for_ever(void *user, char *into, int64_t size)
{
    int64_t *position = user;
    int64_t from = *position % 16, count = 16 - from < size ? 16 - from : size;
    char row[32];
    (void)snprintf(row, sizeof row, "%08d,%d.5,s%d\n", (int)(*position / 16), (int)(*position / 16 % 10),
                   (int)(*position / 16 % 7));
    memcpy(into, row + from, (size_t)count);
    *position += count;
    return count;
}

static void batches_of_an_endless_input_need_little_memory(void **state)
{
    (void)state;
    test_allocator t;
    test_allocator_init(&t);
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.allocator = &t.allocator;
    options.no_header = true;
    int64_t position = 0;
    qni_input input = {.read = read_rows_for_ever, .user = &position, .total_size = -1};
    qn_error err;
    qn_csv *csv;
    assert_ok(qni_csv_open_input(&csv, input, NULL, "endless", &options, &err), &err);
    for (int64_t row = 0; row < 500000; row += 1000) {
        qn_table *table;
        assert_ok(qn_csv_read(&table, csv, 1000, &err), &err);
        assert_int_equal(qn_table_row_count(table), 1000);
        assert_int_equal(*(const int64_t *)qn_table_values(table, 0), row);
        assert_int_equal(qn_table_row_line(table, 999), row + 1000);
        qn_table_free(table);
    }
    assert_true(position >= 16 * 500000);
    assert_true(t.peak_bytes < 4 << 20); /* twice the sample of one MiB, held twice while the window grows */
    qn_csv_close(csv);
    assert_int_equal(t.live_bytes, 0);
}

static void types_can_be_given_by_name(void **state)
{
    (void)state;
    qn_table *t = read_typed("zip,x,a=b\n01234,1,2\n", "zip=string,x=f32,a=b=f64");
    assert_text(t, "zip", 0, "01234");
    assert_true(*(const float *)qn_table_values(t, 1) == 1);
    assert_f64(t, "a=b", 0, 2);
    qn_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_file_becomes_typed_columns),
        cmocka_unit_test(rows_know_their_lines),
        cmocka_unit_test(line_ends_may_be_of_any_kind),
        cmocka_unit_test(the_delimiter_is_detected),
        cmocka_unit_test(the_delimiter_does_not_depend_on_what_comes_late),
        cmocka_unit_test(a_delimiter_can_be_given),
        cmocka_unit_test(quoted_cells_hold_anything),
        cmocka_unit_test(missing_cells_are_marked_in_the_bitmap),
        cmocka_unit_test(types_are_inferred_from_all_cells_of_the_sample),
        cmocka_unit_test(columns_are_selected_in_the_order_of_the_calls),
        cmocka_unit_test(a_file_is_read_in_batches),
        cmocka_unit_test(without_a_header_columns_are_numbered),
        cmocka_unit_test(empty_names_are_numbered_and_equal_ones_only_matter_when_read),
        cmocka_unit_test(a_header_alone_has_no_rows),
        cmocka_unit_test(a_file_and_a_pipe_read_alike),
        cmocka_unit_test(batches_of_an_endless_input_need_little_memory),
        cmocka_unit_test(types_can_be_given_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
