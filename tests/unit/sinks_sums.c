/* Sums over records and columns, bars, and the sink that only counts. Expected figures were worked out by hand or with
 * Python's statistics and fractions modules, as said beside them. */
#include "stream/sink_kit.h"

#include <math.h>
#include <string.h>

#define UNIT QN_TICK_SCALE

static const char *const names[] = {"A", "B", "C,D"};
static qn_symbols *symbols;

/* A: 10 × 1, 12 × 3, 9 × 2 and an order; B: 100 × 0 and a quote without a price. */
static const qn_tick ticks[] = {
    {.time_ns = 1 * SECOND_NS, .symbol = 0, .price = 10 * (int64_t)UNIT, .size = 1 * (int64_t)UNIT},
    {.time_ns = 2 * SECOND_NS, .symbol = 1, .price = 100 * (int64_t)UNIT},
    {.time_ns = 3 * SECOND_NS, .symbol = 0, .price = 12 * (int64_t)UNIT, .size = 3 * (int64_t)UNIT},
    {.time_ns = 3 * SECOND_NS,
     .symbol = 0,
     .price = 99 * (int64_t)UNIT,
     .size = 5 * (int64_t)UNIT,
     .kind = QN_TICK_ORDER},
    {.time_ns = 5 * SECOND_NS, .symbol = 1, .bid = 5, .flags = QN_TICK_HAS_BID},
    {.time_ns = 6 * SECOND_NS, .symbol = 0, .price = 9 * (int64_t)UNIT, .size = 2 * (int64_t)UNIT},
};
enum {
    TICKS = sizeof ticks / sizeof ticks[0]
};

static qn_aggregates *must_sum(const qn_tick *records, int64_t count, const kit_columns *columns)
{
    qn_error err = qn_error_none();
    qn_aggregates *sums;
    qn_stream_sink sink;
    assert_ok(qn_aggregates_new(&sums, symbols, NULL, &err), &err);
    qn_aggregates_sink(&sink, sums);
    assert_ok(kit_drive(&sink, records, count, columns, 4, &err), &err);
    if (sink.free != NULL)
        sink.free(sink.self);
    return sums;
}

static qn_symbol_aggregate must_symbol(const qn_aggregates *sums, int32_t symbol)
{
    qn_error err = qn_error_none();
    qn_symbol_aggregate out = {.size = sizeof out};
    assert_ok(qn_aggregates_symbol(&out, sums, symbol, &err), &err);
    return out;
}

static qn_column_aggregate must_column(const qn_aggregates *sums, int32_t symbol, int64_t column)
{
    qn_error err = qn_error_none();
    qn_column_aggregate out = {.size = sizeof out};
    assert_ok(qn_aggregates_column(&out, sums, symbol, column, &err), &err);
    return out;
}

static void a_symbol_has_its_prices_in_order_its_volume_and_their_mean(void **state)
{
    (void)state;
    qn_aggregates *sums = must_sum(ticks, TICKS, NULL);
    qn_symbol_aggregate a = must_symbol(sums, 0);
    assert_true(a.records == 4 && a.orders == 1 && a.trades == 3);
    assert_true(a.first_time_ns == SECOND_NS && a.last_time_ns == 6 * SECOND_NS);
    assert_true(a.open == 10 && a.high == 12 && a.low == 9 && a.close == 9);
    assert_true(a.volume == 6 && a.turnover == 64); /* 10 + 36 + 18 */
    assert_close(a.vwap, 64.0 / 6, 4e-16, 0);       /* two roundings */
    assert_close(a.price_mean, 31.0 / 3, 1e-15, 0);
    assert_close(a.price_sd, 1.5275252316519466, 1e-15, 0); /* statistics.stdev([10, 12, 9]) */
    qn_symbol_aggregate b = must_symbol(sums, 1);
    assert_true(b.records == 2 && b.trades == 1 && b.open == 100 && b.close == 100 && b.price_mean == 100);
    assert_true(b.volume == 0 && isnan(b.vwap) && isnan(b.price_sd));
    qn_aggregates_free(sums);
}

static void what_never_came_has_counts_of_zero(void **state)
{
    (void)state;
    qn_aggregates *sums = must_sum(ticks, TICKS, NULL);
    qn_symbol_aggregate c = must_symbol(sums, 2);
    assert_true(c.records == 0 && c.trades == 0 && c.first_time_ns == 0 && isnan(c.open) && isnan(c.price_mean));
    qn_symbol_aggregate all = must_symbol(sums, -1);
    assert_true(all.records == TICKS && all.orders == 1 && all.trades == 4 && all.volume == 6 && all.turnover == 64);
    assert_true(all.first_time_ns == SECOND_NS && all.last_time_ns == 6 * SECOND_NS);
    assert_true(isnan(all.open) && isnan(all.vwap) && isnan(all.price_mean));
    qn_error err = qn_error_none();
    assert_int_equal(qn_aggregates_symbol(&all, sums, 4, &err), QN_INVALID);
    assert_int_equal(qn_aggregates_symbol(&all, sums, -2, &err), QN_INVALID);
    qn_aggregates_free(sums);
}

static void volumes_are_exact_where_doubles_are_not(void **state)
{
    (void)state;
    /* 2^62, 1 and -… there are no negative sizes: the 1 of 1e-8 among 2^62 is lost to a sum of doubles. */
    static qn_tick records[1002];
    records[0] = (qn_tick){.price = UNIT, .size = INT64_C(1) << 62};
    for (int i = 1; i < 1002; i++)
        records[i] = (qn_tick){.price = UNIT, .size = 1};
    qn_aggregates *sums = must_sum(records, 1002, NULL);
    /* Fraction(2**62 + 1001, 10**8) as a float: the nearest; a sum of doubles has 46116860184.27388 */
    assert_true(must_symbol(sums, 0).volume == 46116860184.273888);
    assert_true(must_symbol(sums, 0).volume == (double)((INT64_C(1) << 62) + 1001) / 1e8);
    qn_aggregates_free(sums);
    qn_tick large[20];
    for (int i = 0; i < 20; i++)
        large[i] = (qn_tick){.price = INT64_MAX, .size = INT64_MAX};
    sums = must_sum(large, 1, NULL);
    assert_close(must_symbol(sums, 0).turnover, 92233720368.54775807 * 92233720368.54775807, 1e-15, 0);
    qn_aggregates_free(sums);
    sums = must_sum(large, 20, NULL);
    qn_symbol_aggregate s = must_symbol(sums, 0);
    assert_true(isnan(s.turnover) && isnan(s.vwap) && s.close == s.open);
    assert_close(s.volume, 20 * 92233720368.54775807, 1e-15, 0);
    qn_aggregates_free(sums);
}

static void check_counts(const qn_column_aggregate *got, int64_t finite, int64_t nan, int64_t infinite)
{
    assert_int_equal(got->finite, finite);
    assert_int_equal(got->nan, nan);
    assert_int_equal(got->infinite, infinite);
}

static void check_values(const qn_column_aggregate *got, double min, double max, double last)
{
    assert_true(got->min == min);
    assert_true(got->max == max);
    assert_true(got->last == last);
}

static void columns_are_summed_by_symbol_and_over_all(void **state)
{
    (void)state;
    double x[] = {1, -INFINITY, 4, NAN, 20, 1}, y[] = {NAN, NAN, NAN, NAN, NAN, NAN};
    double *const values[] = {x, y};
    qn_aggregates *sums = must_sum(ticks, TICKS, &(kit_columns){(const char *const[]){"x", "y"}, values, 2});
    assert_int_equal(qn_aggregates_column_count(sums), 2);
    assert_string_equal(qn_aggregates_column_name(sums, 1), "y");
    qn_column_aggregate a = must_column(sums, 0, 0); /* 1, 4, NaN, 1 */
    check_counts(&a, 3, 1, 0);
    check_values(&a, 1, 4, 1);
    assert_close(a.mean, 2, 1e-15, 0);
    assert_close(a.sd, 1.7320508075688772, 1e-15, 0); /* statistics.stdev([1, 4, 1]) */
    qn_column_aggregate b = must_column(sums, 1, 0);  /* -inf, 20 */
    check_counts(&b, 1, 0, 1);
    check_values(&b, 20, 20, 20);
    assert_true(b.mean == 20);
    assert_true(isnan(b.sd));
    qn_column_aggregate all = must_column(sums, -1, 0);
    check_counts(&all, 4, 1, 1);
    check_values(&all, 1, 20, 1);
    assert_close(all.mean, 6.5, 1e-15, 0);
    assert_close(all.sd, 9.1104335791443, 1e-14, 0); /* statistics.stdev([1, 4, 20, 1]) */
    qn_column_aggregate none = must_column(sums, 0, 1);
    check_counts(&none, 0, 4, 0);
    assert_true(isnan(none.min) && isnan(none.mean) && isnan(none.last));
    qn_column_aggregate nothing = must_column(sums, 2, 0);
    check_counts(&nothing, 0, 0, 0);
    assert_true(isnan(nothing.last));
    qn_error err = qn_error_none();
    assert_int_equal(qn_aggregates_column(&all, sums, 0, 2, &err), QN_INVALID);
    assert_int_equal(qn_aggregates_column(&all, sums, 0, -1, &err), QN_INVALID);
    qn_aggregates_free(sums);
}

static void deviations_do_not_cancel_far_from_zero(void **state)
{
    (void)state;
    /* NIST's data set NumAcc4: 10000000.2, then 10000000.1 and 10000000.3 500 times each: mean 10000000.2, standard
     * deviation 0.1. As doubles the values themselves are off by up to 1e-9. */
    enum {
        COUNT = 1001
    };
    static double x[COUNT];
    static qn_tick records[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i == 0 ? 10000000.2 : i % 2 == 1 ? 10000000.1 : 10000000.3;
        records[i].symbol = i % 3;
    }
    double *const values[] = {x};
    qn_aggregates *sums = must_sum(records, COUNT, &(kit_columns){(const char *const[]){"x"}, values, 1});
    assert_close(must_column(sums, -1, 0).mean, 10000000.2, 1e-15, 0);
    assert_close(must_column(sums, -1, 0).sd, 0.1, 1e-7, 0);
    qn_aggregates_free(sums);
}

static void a_second_stream_begins_at_nothing(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    double x[] = {1, 2, 3, 4, 5, 6}, *const values[] = {x};
    qn_aggregates *sums = must_sum(ticks, TICKS, &(kit_columns){(const char *const[]){"x"}, values, 1});
    qn_stream_sink sink;
    qn_aggregates_sink(&sink, sums);
    assert_ok(kit_drive(&sink, &ticks[1], 1, NULL, 1, &err), &err);
    assert_int_equal(must_symbol(sums, 0).records, 0);
    assert_int_equal(must_symbol(sums, 1).records, 1);
    assert_int_equal(must_symbol(sums, -1).first_time_ns, 2 * SECOND_NS);
    assert_int_equal(must_symbol(sums, -1).last_time_ns, 2 * SECOND_NS);
    assert_int_equal(qn_aggregates_column_count(sums), 0);
    qn_aggregates_free(sums);
}

static void newer_fields_of_an_older_caller_are_left_alone(void **state)
{
    (void)state;
    qn_aggregates *sums = must_sum(ticks, TICKS, NULL);
    qn_symbol_aggregate s = {.size = offsetof(qn_symbol_aggregate, open), .open = 123};
    assert_ok(qn_aggregates_symbol(&s, sums, 0, NULL), NULL);
    assert_true(s.trades == 3 && s.open == 123);
    qn_aggregates_free(sums);
}

static void a_symbol_that_the_table_has_no_room_for_is_an_error(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_aggregates *sums;
    qn_stream_sink sink;
    const qn_tick record = {.symbol = 4, .price = 1};
    assert_ok(qn_aggregates_new(&sums, symbols, NULL, &err), &err);
    qn_aggregates_sink(&sink, sums);
    assert_int_equal(kit_drive(&sink, &record, 1, NULL, 1, &err), QN_DATA);
    qn_aggregates_free(sums);
}

/* ---- bars ---- */

static const char *bars_of(const qn_tick *records, int64_t count, int64_t interval_ns, bool no_header)
{
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    qn_sink_options options = {.size = sizeof options, .no_header = no_header};
    assert_ok(qn_bars_sink(&sink, kit_path("bars.csv"), symbols, interval_ns, &options, &err), &err);
    assert_ok(kit_drive(&sink, records, count, NULL, 2, &err), &err);
    sink.free(sink.self);
    return kit_read(kit_path("bars.csv"), NULL);
}

static void bars_have_the_trades_of_an_interval(void **state)
{
    (void)state;
    assert_string_equal(bars_of(ticks, TICKS, 5 * SECOND_NS, false),
                        "time,symbol,open,high,low,close,volume,trades,vwap\n"
                        "1970-01-01T00:00:00Z,A,10,12,10,12,4,2,11.5\n"
                        "1970-01-01T00:00:00Z,B,100,100,100,100,0,1,\n"
                        "1970-01-01T00:00:05Z,A,9,9,9,9,2,1,9\n");
    assert_string_equal(bars_of(ticks, 0, SECOND_NS, false), "time,symbol,open,high,low,close,volume,trades,vwap\n");
}

static void intervals_are_those_since_1970_before_it_too(void **state)
{
    (void)state;
    const qn_tick records[] = {{.time_ns = INT64_MIN, .symbol = 2, .price = -1, .size = 1},
                               {.time_ns = -1, .price = 1},
                               {.time_ns = 0, .price = 2},
                               {.time_ns = 59 * SECOND_NS, .price = 3},
                               {.time_ns = 60 * SECOND_NS, .price = 4}};
    assert_string_equal(
        bars_of(records, 5, 60 * SECOND_NS, true),
        "1677-09-21T00:12:43.145224192Z,\"C,D\",-0.00000001,-0.00000001,-0.00000001,-0.00000001,0.00000001,1,-1e-08\n"
        "1969-12-31T23:59:00Z,A,0.00000001,0.00000001,0.00000001,0.00000001,0,1,\n"
        "1970-01-01T00:00:00Z,A,0.00000002,0.00000003,0.00000002,0.00000003,0,2,\n"
        "1970-01-01T00:01:00Z,A,0.00000004,0.00000004,0.00000004,0.00000004,0,1,\n");
}

static void a_late_record_opens_a_second_bar_and_is_not_lost(void **state)
{
    (void)state;
    const qn_tick records[] = {{.time_ns = 0, .price = UNIT, .size = UNIT},
                               {.time_ns = 10 * SECOND_NS, .price = UNIT, .size = UNIT},
                               {.time_ns = 1, .price = UNIT, .size = UNIT}};
    const char *text = bars_of(records, 3, 10 * SECOND_NS, true);
    assert_string_equal(text, "1970-01-01T00:00:00Z,A,1,1,1,1,1,1,1\n"
                              "1970-01-01T00:00:10Z,A,1,1,1,1,1,1,1\n"
                              "1970-01-01T00:00:00Z,A,1,1,1,1,1,1,1\n");
}

static void volumes_of_bars_are_exact_beyond_64_bits(void **state)
{
    (void)state;
    qn_tick records[3];
    for (int i = 0; i < 3; i++)
        records[i] = (qn_tick){.price = UNIT, .size = INT64_MAX};
    assert_contains(bars_of(records, 3, 1, true), ",276701161105.64327421,3,1\n"); /* 3 * (2**63 - 1) / 10**8 */
    static qn_tick many[40];
    for (int i = 0; i < 40; i++)
        many[i] = (qn_tick){.price = UNIT, .size = INT64_MAX};
    assert_contains(bars_of(many, 40, 1, true), ",3689348814741.9103228,40,1\n");
}

static void intervals_below_a_nanosecond_are_refused(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    assert_int_equal(qn_bars_sink(&sink, kit_path("bars.csv"), symbols, 0, NULL, &err), QN_INVALID);
    assert_contains(err.message, "interval");
    assert_int_equal(qn_bars_sink(&sink, "/dev/full", symbols, 1, NULL, &err), QN_OK);
    assert_int_equal(kit_drive(&sink, ticks, TICKS, NULL, 9, &err), QN_IO);
    sink.free(sink.self);
}

static void the_null_sink_counts(void **state)
{
    (void)state;
    int64_t records = 99;
    qn_stream_sink sink;
    qn_null_sink(&sink, &records);
    assert_int_equal(records, 0);
    assert_int_equal(sink.read_count, -1);
    assert_ok(kit_drive(&sink, ticks, TICKS, NULL, 4, NULL), NULL);
    assert_int_equal(records, TICKS);
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
        cmocka_unit_test(a_symbol_has_its_prices_in_order_its_volume_and_their_mean),
        cmocka_unit_test(what_never_came_has_counts_of_zero),
        cmocka_unit_test(volumes_are_exact_where_doubles_are_not),
        cmocka_unit_test(columns_are_summed_by_symbol_and_over_all),
        cmocka_unit_test(deviations_do_not_cancel_far_from_zero),
        cmocka_unit_test(a_second_stream_begins_at_nothing),
        cmocka_unit_test(newer_fields_of_an_older_caller_are_left_alone),
        cmocka_unit_test(a_symbol_that_the_table_has_no_room_for_is_an_error),
        TEST(bars_have_the_trades_of_an_interval),
        TEST(intervals_are_those_since_1970_before_it_too),
        TEST(a_late_record_opens_a_second_bar_and_is_not_lost),
        TEST(volumes_of_bars_are_exact_beyond_64_bits),
        TEST(intervals_below_a_nanosecond_are_refused),
        cmocka_unit_test(the_null_sink_counts),
    };
    symbols = kit_symbols(names, 3, 4);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_symbols_free(symbols);
    return failed;
}
