/* Every allocation of the sinks fails in turn: nothing leaks, no file is left behind, and what stood there stays. A
 * budget without room is said before the first record; while records come nothing is asked for. */
#include "stream/sink_kit.h"

#include <quern/budget.h>

#include <string.h>

static const char *const names[] = {"A", "B"};
static qn_symbols *symbols;
static double values[2][4] = {{1, 2, 3, 4}};
static double *const pointers[] = {values[0], values[1]};
static const kit_columns columns = {(const char *const[]){"x", "y"}, pointers, 2};
static const qn_tick records[4] = {{.price = 1}, {.price = 2, .symbol = 1}, {.price = 3}, {.price = 4}};

typedef qn_status maker(qn_stream_sink *out, const qn_sink_options *options, qn_error *err);

static qn_status make_csv(qn_stream_sink *out, const qn_sink_options *options, qn_error *err)
{
    return qn_csv_sink(out, kit_path("a"), symbols, options, err);
}

static qn_status make_npz(qn_stream_sink *out, const qn_sink_options *options, qn_error *err)
{
    return qn_npz_sink(out, kit_path("a"), symbols, options, err);
}

static qn_status make_bars(qn_stream_sink *out, const qn_sink_options *options, qn_error *err)
{
    return qn_bars_sink(out, kit_path("a"), symbols, 1, options, err);
}

typedef struct round_of {
    maker *make;
} round_of;

static qn_status write_file(const qn_allocator *allocator, void *user)
{
    const round_of *r = user;
    qn_sink_options options = {.size = sizeof options, .allocator = allocator};
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    kit_write(kit_path("a"), "before");
    qn_status status = r->make(&sink, &options, &err);
    assert_true((sink.self != NULL) == (status == QN_OK));
    if (status == QN_OK) {
        status = kit_drive(&sink, records, 4, &columns, 1, &err);
        sink.free(sink.self);
    }
    assert_int_equal(kit_folder_count(), 1);
    if (status != QN_OK)
        assert_string_equal(kit_read(kit_path("a"), NULL), "before");
    else
        assert_string_not_equal(kit_read(kit_path("a"), NULL), "before");
    return status;
}

static void files_survive_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(write_file, &(round_of){make_csv}, 100) > 4);
    assert_true(test_fault_sweep(write_file, &(round_of){make_npz}, 100) > 9);
    assert_true(test_fault_sweep(write_file, &(round_of){make_bars}, 100) > 6);
}

static qn_status sum(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_sink_options options = {.size = sizeof options, .allocator = allocator};
    qn_error err = qn_error_none();
    qn_aggregates *sums;
    qn_stream_sink sink;
    qn_status status = qn_aggregates_new(&sums, symbols, &options, &err);
    assert_true((sums != NULL) == (status == QN_OK));
    if (status == QN_OK) {
        qn_aggregates_sink(&sink, sums);
        status = kit_drive(&sink, records, 4, &columns, 1, &err);
        if (status == QN_OK) /* again: what was there is given back */
            status = kit_drive(&sink, records, 4, &columns, 1, &err);
        assert_int_equal(qn_aggregates_column_count(sums), status == QN_OK ? 2 : 0);
    }
    qn_aggregates_free(sums);
    return status;
}

static void sums_survive_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(sum, NULL, 100) > 10);
}

static void nothing_is_asked_for_while_records_come(void **state)
{
    (void)state;
    static maker *const makers[] = {make_csv, make_npz, make_bars};
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        test_allocator counting;
        test_allocator_init(&counting);
        qn_sink_options options = {.size = sizeof options, .allocator = &counting.allocator};
        qn_error err = qn_error_none();
        qn_stream_sink sink;
        assert_ok(makers[i](&sink, &options, &err), &err);
        assert_ok(sink.open(sink.self, columns.names, columns.count, &err), &err);
        int64_t before = counting.allocations;
        static qn_tick many[512];
        static int32_t numbers[512];
        static double column[512];
        double *const at[] = {column, column};
        qn_stream_span span = {.records = many, .symbols = numbers, .columns = at, .count = 512};
        for (int k = 0; k < 40; k++)
            assert_ok(sink.write(sink.self, &span, &err), &err);
        assert_int_equal(counting.allocations, before);
        assert_ok(sink.close(sink.self, &err), &err);
        assert_int_equal(counting.allocations, before);
        sink.free(sink.self);
        assert_int_equal(counting.live_bytes, 0);
    }
}

static void a_budget_without_room_is_said_before_the_first_record(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_budget *budget;
    qn_budget_options how;
    qn_budget_options_init(&how, sizeof how);
    how.limit = 100000;
    assert_ok(qn_budget_new(&budget, NULL, "sinks", &how, &err), &err);
    qn_sink_options options = {.size = sizeof options, .allocator = qn_budget_allocator(budget)};
    qn_stream_sink sink;
    assert_int_equal(qn_csv_sink(&sink, kit_path("a"), symbols, &options, &err), QN_BUDGET);
    assert_contains(err.message, "rows");
    assert_ok(qn_npz_sink(&sink, kit_path("a"), symbols, &options, &err), &err);
    assert_int_equal(sink.open(sink.self, NULL, 0, &err), QN_BUDGET);
    sink.free(sink.self);
    qn_symbols *many;
    assert_ok(qn_symbols_new(&many, 1 << 16, NULL, &err), &err);
    qn_aggregates *sums;
    assert_int_equal(qn_aggregates_new(&sums, many, &options, &err), QN_BUDGET);
    assert_contains(err.message, "65536 symbols");
    assert_null(sums);
    qn_symbols_free(many);
    qn_budget_free(budget);
    assert_int_equal(kit_folder_count(), 0);
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
        TEST(files_survive_every_failed_allocation),
        cmocka_unit_test(sums_survive_every_failed_allocation),
        TEST(nothing_is_asked_for_while_records_come),
        TEST(a_budget_without_room_is_said_before_the_first_record),
    };
    symbols = kit_symbols(names, 2, 4);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_symbols_free(symbols);
    return failed;
}
