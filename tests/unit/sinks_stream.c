/* Sinks at a stream: what stands in their files, however the stream ends. */
#include "stream/parts.h"
#include "stream/sink_kit.h"

#include <quern/feeds.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static qn_symbols *symbols;

enum {
    RECORDS = 5000
};

static qn_stream *must_stream(int threads)
{
    qn_error err = qn_error_none();
    qn_stream *stream;
    qn_stream_options options;
    qn_stream_options_init(&options, sizeof options);
    options.threads = threads;
    options.batch = 64;
    options.capacity = 256;
    assert_ok(qn_stream_new(&stream, symbols, &options, &err), &err);
    return stream;
}

static void must_add_source(qn_stream *stream, made_source *made)
{
    qn_error err = qn_error_none();
    qn_stream_source source = made_source_of(made);
    assert_ok(qn_stream_set_source(stream, &source, &err), &err);
}

static void must_add_csv(qn_stream *stream, const char *path)
{
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    assert_ok(qn_csv_sink(&sink, path, symbols, NULL, &err), &err);
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
}

/* Rows, the first with the names left out; each whole, and with the sequence of its place. */
static int64_t count_rows(const char *path)
{
    const char *text = kit_read(path, NULL);
    assert_non_null(text);
    int64_t rows = -1;
    for (const char *line = text; *line != '\0'; rows++) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        char sequence[32];
        (void)snprintf(sequence, sizeof sequence, "%lld,", (long long)rows);
        assert_true(rows < 0 || strncmp(line, sequence, strlen(sequence)) == 0);
        line = end + 1;
    }
    return rows;
}

static void columns_of_stages_stand_behind_the_fields(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    made_source made = {.count = 2, .fails_at = -1, .pause_at = -1};
    doubler twice = {.fails_at = -1};
    qn_stream *stream = must_stream(1);
    must_add_source(stream, &made);
    qn_stream_stage stage = doubler_of(&twice);
    assert_ok(qn_stream_add_stage(stream, &stage, &err), &err);
    must_add_csv(stream, kit_path("a.csv"));
    assert_ok(qn_stream_run(stream, &err), &err);
    qn_stream_free(stream);
    assert_string_equal(kit_read(kit_path("a.csv"), NULL),
                        "sequence,time,symbol,price,size,bid,ask,side,kind,order,doubled\n"
                        "0,1970-01-01T00:00:01Z,A,100,1,,,sell,trade,,200\n"
                        "1,1970-01-01T00:00:01.000001Z,A,100.001,2,,,,trade,,200.002\n");
}

static void a_stage_that_fails_leaves_the_records_before_it(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        qn_error err = qn_error_none();
        made_source made = {.count = RECORDS, .fails_at = -1, .pause_at = -1};
        doubler twice = {.fails_at = 1234};
        qn_stream *stream = must_stream(threads);
        must_add_source(stream, &made);
        qn_stream_stage stage = doubler_of(&twice);
        assert_ok(qn_stream_add_stage(stream, &stage, &err), &err);
        must_add_csv(stream, kit_path("a.csv"));
        assert_int_equal(qn_stream_run(stream, &err), QN_DATA);
        qn_stream_free(stream);
        assert_int_equal(count_rows(kit_path("a.csv")), 1234);
    }
}

static void a_source_that_fails_leaves_the_records_before_it(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    made_source made = {.count = RECORDS, .fails_at = 777, .pause_at = -1};
    qn_stream *stream = must_stream(2);
    must_add_source(stream, &made);
    must_add_csv(stream, kit_path("a.csv"));
    assert_int_equal(qn_stream_run(stream, &err), QN_DATA);
    qn_stream_free(stream);
    assert_int_equal(count_rows(kit_path("a.csv")), 777);
}

static void a_stream_that_fails_at_once_leaves_the_file_that_was_there(void **state)
{
    (void)state;
    for (int failing = 0; failing < 2; failing++) {
        qn_error err = qn_error_none();
        made_source made = {.count = RECORDS, .fails_at = failing == 0 ? 0 : -1, .pause_at = -1};
        kit_write(kit_path("a.csv"), "before\n");
        qn_stream *stream = must_stream(1);
        must_add_source(stream, &made);
        must_add_csv(stream, kit_path("a.csv"));
        if (failing == 1) { /* another sink cannot begin */
            qn_stream_sink npz;
            assert_ok(qn_stream_add_formula(stream, "time_ns = price", &err), &err);
            assert_ok(qn_npz_sink(&npz, kit_path("a.npz"), symbols, NULL, &err), &err);
            assert_ok(qn_stream_add_sink(stream, &npz, &err), &err);
        }
        assert_int_equal(qn_stream_run(stream, &err), failing == 0 ? QN_DATA : QN_NAME);
        qn_stream_free(stream);
        assert_int_equal(kit_folder_count(), 1);
        assert_string_equal(kit_read(kit_path("a.csv"), NULL), "before\n");
    }
}

typedef struct stopper {
    qn_stream *stream;
    int64_t at;
} stopper;

static qn_status stop_there(void *self, const qn_stream_span *span, qn_error *err)
{
    (void)err;
    const stopper *s = self;
    if (span->sequence + span->count > s->at)
        qn_stream_stop(s->stream);
    return QN_OK;
}

static void a_stopped_stream_leaves_all_that_was_computed(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        qn_error err = qn_error_none();
        made_source made = {.count = 100 * RECORDS, .fails_at = -1, .pause_at = -1};
        qn_stream *stream = must_stream(threads);
        stopper stopping = {stream, 1000};
        must_add_source(stream, &made);
        must_add_csv(stream, kit_path("a.csv"));
        const qn_stream_sink sink = {.self = &stopping, .name = "stopper", .write = stop_there};
        assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
        assert_ok(qn_stream_run(stream, &err), &err);
        qn_stream_stats stats = {.size = sizeof stats};
        qn_stream_get_stats(stream, &stats);
        qn_stream_free(stream);
        assert_true(stats.consumed > 1000 && stats.consumed < 100 * RECORDS && stats.dropped == 0);
        assert_int_equal(count_rows(kit_path("a.csv")), stats.consumed);
    }
}

static void a_full_disk_ends_the_stream_and_is_named(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    made_source made = {.count = RECORDS, .fails_at = -1, .pause_at = -1};
    qn_stream *stream = must_stream(1);
    must_add_source(stream, &made);
    must_add_csv(stream, kit_path("a.csv"));
    must_add_csv(stream, "/dev/full");
    assert_int_equal(qn_stream_run(stream, &err), QN_IO);
    assert_contains(err.message, "/dev/full");
    qn_stream_free(stream);
}

/* The sums of a stream of its own are those of its records, whatever threads it has. */
static void sums_and_bars_go_with_any_number_of_threads(void **state)
{
    (void)state;
    qn_symbol_aggregate first[3];
    for (int threads = 1; threads <= 4; threads++) {
        qn_error err = qn_error_none();
        made_source made = {.count = RECORDS, .symbols = 3, .fails_at = -1, .pause_at = -1};
        qn_aggregates *sums;
        qn_stream *stream = must_stream(threads);
        must_add_source(stream, &made);
        assert_ok(qn_stream_add_formula(stream, "half = price / 2", &err), &err);
        assert_ok(qn_aggregates_new(&sums, symbols, NULL, &err), &err);
        qn_stream_sink sink;
        qn_aggregates_sink(&sink, sums);
        assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
        assert_ok(qn_bars_sink(&sink, kit_path("bars.csv"), symbols, 1000000, NULL, &err), &err);
        assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
        assert_ok(qn_stream_run(stream, &err), &err);
        qn_stream_free(stream);
        for (int32_t s = 0; s < 3; s++) {
            qn_symbol_aggregate a = {.size = sizeof a};
            assert_ok(qn_aggregates_symbol(&a, sums, s, &err), &err);
            if (threads == 1)
                first[s] = a;
            assert_memory_equal(&a, &first[s], sizeof a);
        }
        qn_column_aggregate half = {.size = sizeof half};
        assert_ok(qn_aggregates_column(&half, sums, -1, 0, &err), &err);
        assert_int_equal(half.finite, RECORDS);
        assert_close(half.mean, (100 + (RECORDS - 1) / 2000.0) / 2, 1e-14, 0); /* of an arithmetic series */
        qn_aggregates_free(sums);
    }
    /* 5000 records a microsecond apart: five milliseconds of three symbols, and the names */
    int rows = 0;
    for (const char *c = kit_read(kit_path("bars.csv"), NULL); *c != '\0'; c++)
        rows += *c == '\n';
    assert_int_equal(rows, 1 + 5 * 3);
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
        TEST(columns_of_stages_stand_behind_the_fields),
        TEST(a_stage_that_fails_leaves_the_records_before_it),
        TEST(a_source_that_fails_leaves_the_records_before_it),
        TEST(a_stream_that_fails_at_once_leaves_the_file_that_was_there),
        TEST(a_stopped_stream_leaves_all_that_was_computed),
        TEST(a_full_disk_ends_the_stream_and_is_named),
        TEST(sums_and_bars_go_with_any_number_of_threads),
    };
    static const char *const names[] = {"A", "B", "C"};
    symbols = kit_symbols(names, 3, 8);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_symbols_free(symbols);
    return failed;
}
