/* Records and columns as rows of CSV: what stands in a row, and when the file appears. */
#include "stream/sink_kit.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

static const char *const names[] = {"ABC", "Berkshire, B", "say \"x\"", "größe", " blank"};
enum {
    NAMES = sizeof names / sizeof names[0]
};
static qn_symbols *symbols;

static qn_stream_sink must_make(const char *path, const qn_sink_options *options)
{
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    assert_ok(qn_csv_sink(&sink, path, symbols, options, &err), &err);
    return sink;
}

/* What the rows of these records are. */
static const char *rows_of(const qn_tick *records, int64_t count, const kit_columns *columns)
{
    qn_error err = qn_error_none();
    qn_sink_options options = {.size = sizeof options, .no_header = true};
    qn_stream_sink sink = must_make(kit_path("rows.csv"), &options);
    assert_ok(kit_drive(&sink, records, count, columns, 7, &err), &err);
    sink.free(sink.self);
    return kit_read(kit_path("rows.csv"), NULL);
}

static void a_row_has_every_field_of_its_record(void **state)
{
    (void)state;
    /* 1770993000: date -u -d 2026-02-13T14:30:00 +%s */
    qn_tick order = {.sequence = 42,
                     .time_ns = 1770993000 * SECOND_NS + 1,
                     .price = 10050000000,
                     .size = 250000000,
                     .bid = 10049000000,
                     .ask = 10051000001,
                     .kind = QN_TICK_ORDER,
                     .side = -1,
                     .flags = QN_TICK_HAS_BID | QN_TICK_HAS_ASK,
                     .order = 7};
    assert_string_equal(rows_of(&order, 1, NULL),
                        "42,2026-02-13T14:30:00.000000001Z,ABC,100.5,2.5,100.49,100.51000001,sell,order,7\n");
    qn_tick trades[] = {{.time_ns = 0, .price = 5, .side = 1},
                        {.bid = 100000000, .ask = 1, .flags = QN_TICK_HAS_BID},
                        {.bid = 1, .ask = 200000000, .flags = QN_TICK_HAS_ASK}};
    assert_string_equal(rows_of(trades, 3, NULL), "0,1970-01-01T00:00:00Z,ABC,0.00000005,0,,,buy,trade,\n"
                                                  "0,1970-01-01T00:00:00Z,ABC,0,0,1,,,trade,\n"
                                                  "0,1970-01-01T00:00:00Z,ABC,0,0,,2,,trade,\n");
}

static void the_first_row_has_the_names_and_can_be_left_out(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    const char *const columns[] = {"fast", "a \"b\", c"};
    double value = 0.1, *const values[] = {&value, &value};
    qn_tick record = {.price = 100000000};
    qn_stream_sink sink = must_make(kit_path("a.csv"), NULL);
    assert_ok(kit_drive(&sink, &record, 1, &(kit_columns){columns, values, 2}, 1, &err), &err);
    sink.free(sink.self);
    assert_string_equal(kit_read(kit_path("a.csv"), NULL),
                        "sequence,time,symbol,price,size,bid,ask,side,kind,order,fast,\"a \"\"b\"\", c\"\n"
                        "0,1970-01-01T00:00:00Z,ABC,1,0,,,,trade,,0.1,0.1\n");
    assert_null(strchr(rows_of(&record, 1, NULL), 'p')); /* no "price" */
}

static void a_stream_without_records_gives_the_names_alone(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_stream_sink sink = must_make(kit_path("a.csv"), NULL);
    assert_ok(kit_drive(&sink, NULL, 0, NULL, 1, &err), &err);
    sink.free(sink.self);
    assert_string_equal(kit_read(kit_path("a.csv"), NULL), "sequence,time,symbol,price,size,bid,ask,side,kind,order\n");
}

static void columns_are_the_shortest_doubles_and_nan_is_an_empty_cell(void **state)
{
    (void)state;
    double a[] = {0.1, NAN, -INFINITY, 1e300}, b[] = {1.0 / 3, -0.0, 5e-324, 123456789012345678.0};
    const char *const columns[] = {"a", "b"};
    double *const values[] = {a, b};
    qn_tick records[4] = {{.sequence = 0}};
    const char *text = rows_of(records, 4, &(kit_columns){columns, values, 2});
    assert_string_equal(text, "0,1970-01-01T00:00:00Z,ABC,0,0,,,,trade,,0.1,0.3333333333333333\n"
                              "0,1970-01-01T00:00:00Z,ABC,0,0,,,,trade,,,-0\n"
                              "0,1970-01-01T00:00:00Z,ABC,0,0,,,,trade,,-inf,5e-324\n"
                              "0,1970-01-01T00:00:00Z,ABC,0,0,,,,trade,,1e+300,1.2345678901234568e+17\n");
}

static void prices_are_exact_at_the_ends_of_what_a_record_holds(void **state)
{
    (void)state;
    qn_tick records[] = {{.price = INT64_MAX, .size = 1},
                         {.price = INT64_MIN, .size = 100000000},
                         {.price = -1, .size = 10},
                         {.price = -123456789, .size = 1000000000000}};
    const char *text = rows_of(records, 4, NULL);
    assert_contains(text, "Z,ABC,92233720368.54775807,0.00000001,");
    assert_contains(text, "Z,ABC,-92233720368.54775808,1,");
    assert_contains(text, "Z,ABC,-0.00000001,0.0000001,");
    assert_contains(text, "Z,ABC,-1.23456789,10000,");
}

static void times_have_as_many_digits_as_they_need(void **state)
{
    (void)state;
    /* date -u -d @N --iso-8601=seconds, for each whole second */
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {500000000, "1970-01-01T00:00:00.5Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {1709208000 * SECOND_NS + 120, "2024-02-29T12:00:00.00000012Z"},
        {1709208000 * SECOND_NS + 123456789, "2024-02-29T12:00:00.123456789Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145224192Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_tick record = {.time_ns = cases[i].ns};
        char expected[64];
        (void)snprintf(expected, sizeof expected, "0,%s,ABC,", cases[i].text);
        assert_contains(rows_of(&record, 1, NULL), expected);
    }
}

static void names_that_a_reader_would_take_apart_stand_in_quotes(void **state)
{
    (void)state;
    qn_tick records[] = {{.symbol = 1}, {.symbol = 2}, {.symbol = 3}, {.symbol = 4}, {.symbol = 1}, {.symbol = -1}};
    const char *text = rows_of(records, 6, NULL);
    assert_string_equal(text, "0,1970-01-01T00:00:00Z,\"Berkshire, B\",0,0,,,,trade,\n"
                              "0,1970-01-01T00:00:00Z,\"say \"\"x\"\"\",0,0,,,,trade,\n"
                              "0,1970-01-01T00:00:00Z,größe,0,0,,,,trade,\n"
                              "0,1970-01-01T00:00:00Z,\" blank\",0,0,,,,trade,\n"
                              "0,1970-01-01T00:00:00Z,\"Berkshire, B\",0,0,,,,trade,\n"
                              "0,1970-01-01T00:00:00Z,?,0,0,,,,trade,\n");
}

static void the_file_appears_when_the_sink_is_closed(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    kit_write(kit_path("a.csv"), "before\n");
    qn_stream_sink sink = must_make(kit_path("a.csv"), NULL);
    assert_ok(sink.open(sink.self, NULL, 0, &err), &err);
    assert_string_equal(kit_read(kit_path("a.csv"), NULL), "before\n");
    assert_ok(sink.close(sink.self, &err), &err);
    assert_contains(kit_read(kit_path("a.csv"), NULL), "sequence");
    sink.free(sink.self);
}

static void what_is_not_closed_leaves_everything_as_it_was(void **state)
{
    (void)state;
    kit_write(kit_path("a.csv"), "before\n");
    int64_t files = kit_folder_count();
    qn_stream_sink sink = must_make(kit_path("a.csv"), NULL);
    assert_int_equal(kit_folder_count(), files + 1); /* hidden */
    assert_ok(sink.open(sink.self, NULL, 0, NULL), NULL);
    sink.free(sink.self);
    assert_int_equal(kit_folder_count(), files);
    assert_string_equal(kit_read(kit_path("a.csv"), NULL), "before\n");
}

static void a_column_with_the_name_of_a_field_is_refused(void **state)
{
    (void)state;
    const char *const wrong[] = {"x", "kind"}, *const twice[] = {"x", "x"};
    double *const none[] = {NULL, NULL};
    kit_write(kit_path("a.csv"), "before\n");
    qn_error err = qn_error_none();
    qn_stream_sink sink = must_make(kit_path("a.csv"), NULL);
    assert_int_equal(kit_drive(&sink, NULL, 0, &(kit_columns){wrong, none, 2}, 1, &err), QN_NAME);
    assert_contains(err.message, "\"kind\"");
    sink.free(sink.self);
    sink = must_make(kit_path("a.csv"), NULL);
    assert_int_equal(kit_drive(&sink, NULL, 0, &(kit_columns){twice, none, 2}, 1, &err), QN_NAME);
    assert_contains(err.message, "twice");
    sink.free(sink.self);
    assert_string_equal(kit_read(kit_path("a.csv"), NULL), "before\n"); /* although it was closed */
}

static void a_full_disk_is_said_with_the_path_and_takes_nothing_away(void **state)
{
    (void)state;
    enum {
        RECORDS = 20000
    };
    static qn_tick records[RECORDS];
    kit_write(kit_path("a.csv"), "before\n");
    struct rlimit before, small = {.rlim_cur = 4096};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    qn_error err = qn_error_none();
    qn_stream_sink sink = must_make(kit_path("a.csv"), NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0); /* the nearest that needs no disk of one's own */
    assert_int_equal(kit_drive(&sink, records, RECORDS, NULL, 512, &err), QN_IO);
    assert_contains(err.message, kit_path("a.csv"));
    assert_int_equal(sink.close(sink.self, &err), QN_IO); /* says it again */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    sink.free(sink.self);
    assert_string_equal(kit_read(kit_path("a.csv"), NULL), "before\n");
    if (access("/dev/full", W_OK) != 0)
        return;
    sink = must_make("/dev/full", NULL);
    assert_int_equal(kit_drive(&sink, records, 1, NULL, 1, &err), QN_IO);
    assert_contains(err.message, "/dev/full");
    sink.free(sink.self);
}

static void a_pipe_gets_each_span_and_its_end_is_no_failure(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    char pipe_path[256];
    (void)snprintf(pipe_path, sizeof pipe_path, "%s", kit_path("pipe"));
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    int reader = open(pipe_path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    qn_stream_sink sink = must_make(pipe_path, NULL);
    assert_ok(sink.open(sink.self, NULL, 0, &err), &err);
    qn_tick record = {.sequence = 3};
    int32_t symbol = 0;
    qn_stream_span span = {.records = &record, .symbols = &symbol, .count = 1};
    assert_ok(sink.write(sink.self, &span, &err), &err);
    char text[256] = "";
    assert_true(read(reader, text, sizeof text - 1) > 0);
    assert_contains(text, "\n3,1970-01-01T00:00:00Z,ABC,");
    (void)close(reader);
    assert_int_equal(sink.write(sink.self, &span, &err), QN_CLOSED);
    assert_int_equal(sink.write(sink.self, &span, &err), QN_CLOSED);
    assert_ok(sink.close(sink.self, &err), &err);
    sink.free(sink.self);
}

static void wrong_paths_and_options_are_refused_at_once(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    assert_int_equal(qn_csv_sink(&sink, "/tmp/no/such/folder/a.csv", symbols, NULL, &err), QN_CREATE);
    assert_contains(err.message, "/tmp/no/such/folder/a.csv");
    assert_null(sink.self);
    qn_sink_options options;
    qn_sink_options_init(&options, sizeof options);
    options.column_count = -1;
    assert_int_equal(qn_csv_sink(&sink, kit_path("a.csv"), symbols, &options, &err), QN_INVALID);
}

static void the_columns_that_are_wanted_are_asked_for(void **state)
{
    (void)state;
    const char *const wanted[] = {"x", "mid"};
    qn_sink_options options = {.size = sizeof options, .columns = wanted, .column_count = 2};
    qn_stream_sink sink = must_make(kit_path("a.csv"), &options);
    assert_int_equal(sink.read_count, 2);
    assert_string_equal(sink.reads[1], "mid");
    sink.free(sink.self);
    sink = must_make(kit_path("a.csv"), NULL);
    assert_true(sink.reads == NULL && sink.read_count == -1);
    sink.free(sink.self);
}

static int make(void **state)
{
    (void)state;
    kit_folder_make();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    kit_folder_drop();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_has_every_field_of_its_record),
        TEST(the_first_row_has_the_names_and_can_be_left_out),
        TEST(a_stream_without_records_gives_the_names_alone),
        TEST(columns_are_the_shortest_doubles_and_nan_is_an_empty_cell),
        TEST(prices_are_exact_at_the_ends_of_what_a_record_holds),
        TEST(times_have_as_many_digits_as_they_need),
        TEST(names_that_a_reader_would_take_apart_stand_in_quotes),
        TEST(the_file_appears_when_the_sink_is_closed),
        TEST(what_is_not_closed_leaves_everything_as_it_was),
        TEST(a_column_with_the_name_of_a_field_is_refused),
        TEST(a_full_disk_is_said_with_the_path_and_takes_nothing_away),
        TEST(a_pipe_gets_each_span_and_its_end_is_no_failure),
        TEST(wrong_paths_and_options_are_refused_at_once),
        TEST(the_columns_that_are_wanted_are_asked_for),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    symbols = kit_symbols(names, NAMES, 8);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_symbols_free(symbols);
    return failed;
}
