/* Histograms: where values fall, what is read back, and the correction for coordinated omission. */
#include "harness/harness.h"

#include "mem/histogram.h"

#include <math.h>
#include <stdlib.h>

static qn_histogram *fresh(int64_t highest)
{
    qn_histogram *h;
    qn_error err;
    assert_ok(qn_histogram_new(&h, highest, NULL, &err), &err);
    return h;
}

static qn_histogram_stats stats_of(const qn_histogram *h)
{
    qn_histogram_stats stats = {.size = (int64_t)sizeof stats};
    qn_histogram_get_stats(h, &stats);
    return stats;
}

static void buckets_follow_one_another_without_gap_up_to_the_largest_number(void **state)
{
    (void)state;
    int64_t last = qni_cells_bucket(INT64_MAX), next = 0;
    for (int64_t bucket = 0; bucket <= last; bucket++) {
        int64_t low = qni_cells_bucket_low(bucket), high = qni_cells_bucket_high(bucket);
        assert_true(low == next && high >= low);
        assert_int_equal(qni_cells_bucket(low), bucket);
        assert_int_equal(qni_cells_bucket(high), bucket);
        assert_int_equal(qni_cells_bucket(low + (high - low) / 2), bucket);
        if (bucket < 128)
            assert_true(low == high);
        assert_true((high - low) / 2 <= low / 100); /* the middle is within 1 % of both */
        if (bucket < last)
            next = high + 1;
        else
            assert_true(high == INT64_MAX);
    }
    assert_true(qni_cells_bucket(-1) > last && qni_cells_bucket(INT64_MIN) > last - 64);
}

static void an_empty_histogram_reads_as_nothing(void **state)
{
    (void)state;
    qn_histogram *h = fresh(0);
    qn_histogram_stats stats = stats_of(h);
    assert_int_equal(stats.count, 0);
    assert_int_equal(stats.sum, 0);
    assert_int_equal(stats.min, 0);
    assert_int_equal(stats.max, 0);
    assert_true(isnan(stats.mean));
    assert_int_equal(qn_histogram_percentile(h, 50), 0);
    qn_histogram_free(h);
    qn_histogram_free(NULL);
}

static void small_values_are_kept_exactly(void **state)
{
    (void)state;
    qn_histogram *h = fresh(1000);
    for (int64_t v = 1; v <= 100; v++)
        qn_histogram_record(h, v, 1);
    for (int percent = 1; percent <= 100; percent++)
        assert_int_equal(qn_histogram_percentile(h, percent), percent);
    assert_int_equal(qn_histogram_percentile(h, 0), 1);
    assert_int_equal(qn_histogram_percentile(h, -5), 1);
    assert_int_equal(qn_histogram_percentile(h, 0.5), 1);
    assert_int_equal(qn_histogram_percentile(h, 98.5), 99);
    assert_int_equal(qn_histogram_percentile(h, 250), 100);
    assert_int_equal(qn_histogram_percentile(h, NAN), 1);
    qn_histogram_stats stats = stats_of(h);
    assert_int_equal(stats.count, 100);
    assert_int_equal(stats.sum, 5050);
    assert_true(stats.mean == 50.5);
    assert_int_equal(stats.min, 1);
    assert_int_equal(stats.max, 100);
    qn_histogram_clear(h);
    assert_int_equal(stats_of(h).count, 0);
    assert_int_equal(stats_of(h).max, 0);
    qn_histogram_free(h);
}

static void a_percentile_lies_between_the_least_and_the_greatest_value(void **state)
{
    (void)state;
    qn_histogram *h = fresh(0);
    qn_histogram_record(h, 1000, 3); /* the first of its bucket */
    assert_int_equal(qn_histogram_percentile(h, 50), 1000);
    qn_histogram_clear(h);
    qn_histogram_record(h, 1007, 3); /* the last */
    assert_int_equal(qn_histogram_percentile(h, 50), 1007);
    qn_histogram_record(h, 1000, 3); /* both: its middle, and at the ends exactly what was recorded */
    assert_int_equal(qn_histogram_percentile(h, 50), 1003);
    assert_int_equal(qn_histogram_percentile(h, 0), 1000);
    assert_int_equal(qn_histogram_percentile(h, 100), 1007);
    qn_histogram_free(h);
}

/* 99.9 / 100 * 1000 is 999.0000000000001 in doubles. */
static void a_percentile_that_falls_on_a_whole_rank_is_that_of_the_rank(void **state)
{
    (void)state;
    qn_histogram *h = fresh(1000);
    qn_histogram_record(h, 7, 999);
    qn_histogram_record(h, 90, 1);
    assert_int_equal(qn_histogram_percentile(h, 99.9), 7);
    assert_int_equal(qn_histogram_percentile(h, 99.91), 90);
    qn_histogram_free(h);
}

static void a_value_below_zero_counts_as_zero(void **state)
{
    (void)state;
    qn_histogram *h = fresh(INT64_MAX);
    qn_histogram_record(h, -3, 2);
    qn_histogram_record(h, 5, 0);
    qn_histogram_record(h, 5, -1);
    qni_cells_record(h->cells, -1);
    qni_cells_record(h->cells, INT64_MIN);
    qn_histogram_record_expected(h, -7, 1);
    qn_histogram_stats stats = stats_of(h);
    assert_int_equal(stats.count, 5);
    assert_int_equal(stats.above, 0);
    assert_int_equal(stats.sum, 0);
    assert_int_equal(stats.max, 0);
    qn_histogram_free(h);
}

static void what_is_above_the_highest_is_counted_apart(void **state)
{
    (void)state;
    qn_histogram *h = fresh(1000);
    qn_histogram_record(h, 1000, 1);
    qn_histogram_record(h, 5000, 2);
    qni_cells_record(h->cells, INT64_MAX - 20000);
    qn_histogram_stats stats = stats_of(h);
    assert_int_equal(stats.count, 4);
    assert_int_equal(stats.above, 3);
    assert_int_equal(stats.max, INT64_MAX - 20000);
    assert_int_equal(stats.sum, INT64_MAX - 9000);
    assert_in_range(qn_histogram_percentile(h, 25), 990, 1010);
    assert_int_equal(qn_histogram_percentile(h, 50), INT64_MAX - 20000);
    qn_histogram_record(h, INT64_MAX, INT64_MAX); /* sum and count stop where they would turn over */
    assert_int_equal(stats_of(h).sum, INT64_MAX);
    assert_int_equal(stats_of(h).count, INT64_MAX);
    qni_cells_record(h->cells, INT64_MAX);
    assert_int_equal(stats_of(h).count, INT64_MAX);
    qn_histogram_free(h);
}

static void recording_by_one_writer_and_by_many_gives_the_same(void **state)
{
    (void)state;
    qn_histogram *plain = fresh(100000), *one = fresh(100000), *many = fresh(100000);
    static const int64_t values[] = {0, 1, 127, 128, 1000, 99999, 100000, 123456, -8};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        qni_cells_record(plain->cells, values[i]);
        qni_cells_record_many(one->cells, values[i], 1, QNI_WRITER_ONE);
        qni_cells_record_many(many->cells, values[i], 1, QNI_WRITERS_MANY);
    }
    assert_memory_equal(plain->cells, one->cells, (size_t)qni_cells_size(100000));
    assert_memory_equal(plain->cells, many->cells, (size_t)qni_cells_size(100000));
    qn_histogram_free(plain);
    qn_histogram_free(one);
    qn_histogram_free(many);
}

/* Gil Tene's example ("How NOT to measure latency"): 100 s in which every request takes 1 ms, then one that takes
 * 100 s. A client that sends one request every 10 ms saw 10,000 answers of 1 ms and one of 100 s, and so believes that
 * 99.99 % take 1 ms. In truth a request sent at any moment of the second half waits for the rest of the stall: half of
 * all requests take longer than 1 ms, evenly up to 100 s; the mean of the second half is 50 s. In microseconds. */
static void a_stall_is_seen_by_those_who_were_not_asked(void **state)
{
    (void)state;
    enum {
        INTERVAL = 10000,
        STALL = 100000000
    };
    qn_histogram *believed = fresh(0), *corrected = fresh(0);
    for (int i = 0; i < 10000; i++) {
        qn_histogram_record(believed, 1000, 1);
        qn_histogram_record_expected(corrected, 1000, INTERVAL);
    }
    qn_histogram_record(believed, STALL, 1);
    qn_histogram_record_expected(corrected, STALL, INTERVAL);
    assert_in_range(qn_histogram_percentile(believed, 99.99), 990, 1010);

    qn_histogram_stats stats = stats_of(corrected);
    assert_int_equal(stats.count, 20000); /* 10,000, and 100 s, 99.99 s, …, 0.01 s */
    assert_int_equal(stats.min, 1000);
    assert_int_equal(stats.max, STALL);
    /* 10,000 * 1000 + 10,000 * (10,001 / 2) * 10,000 */
    assert_int_equal(stats.sum, INT64_C(10000000) + INT64_C(500050000000));
    assert_in_range(qn_histogram_percentile(corrected, 50), 990, 1010);
    assert_close((double)qn_histogram_percentile(corrected, 75), 50e6, 0.01, 0);
    assert_close((double)qn_histogram_percentile(corrected, 99), 98e6, 0.01, 0);
    assert_close((double)qn_histogram_percentile(corrected, 99.99), 99.98e6, 0.01, 0);
    qn_histogram_free(believed);
    qn_histogram_free(corrected);
}

/* Against the definition, value by value. */
static void the_correction_adds_one_value_an_interval(void **state)
{
    (void)state;
    static const int64_t cases[][2] = {{100, 10},    {105, 10}, {19, 10},  {20, 10},    {10, 10},
                                       {5, 10},      {0, 10},   {1000, 1}, {12345, 7},  {99999, 3},
                                       {100000, 99}, {5, 0},    {5, -4},   {200000, 9}, {70000, 69999}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = cases[i][0], interval = cases[i][1];
        qn_histogram *got = fresh(100000), *expected = fresh(100000);
        qn_histogram_record_expected(got, value, interval);
        qn_histogram_record(expected, value, 1);
        for (int64_t missing = value - interval; interval > 0 && missing >= interval; missing -= interval)
            qn_histogram_record(expected, missing, 1);
        assert_memory_equal(got->cells, expected->cells, (size_t)qni_cells_size(100000));
        qn_histogram_free(got);
        qn_histogram_free(expected);
    }
    qn_histogram *h = fresh(INT64_MAX);
    qn_histogram_record_expected(h, INT64_MAX, 1); /* one by one it would take centuries */
    assert_int_equal(stats_of(h).count, INT64_MAX);
    assert_int_equal(stats_of(h).sum, INT64_MAX);
    assert_int_equal(stats_of(h).min, 1);
    assert_close((double)qn_histogram_percentile(h, 50), 0.5 * (double)INT64_MAX, 0.01, 0);
    qn_histogram_free(h);
}

static void histograms_of_another_range_are_not_merged(void **state)
{
    (void)state;
    qn_histogram *a = fresh(1000), *b = fresh(0);
    qn_error err;
    assert_int_equal(qn_histogram_merge(a, b, &err), QN_INVALID);
    assert_contains(err.message, "1000");
    qn_histogram *same_buckets = fresh(1001);
    assert_int_equal(qn_histogram_merge(a, same_buckets, &err), QN_INVALID);
    qn_histogram_free(same_buckets);
    qn_histogram *none;
    assert_int_equal(qn_histogram_new(&none, -1, NULL, &err), QN_INVALID);
    assert_null(none);
    qn_histogram_free(a);
    qn_histogram_free(b);
}

static void an_older_caller_gets_the_fields_that_it_knows(void **state)
{
    (void)state;
    qn_histogram *h = fresh(0);
    qn_histogram_record(h, 3, 1);
    qn_histogram_stats stats = {.size = (int64_t)offsetof(qn_histogram_stats, sum), .sum = -77};
    qn_histogram_get_stats(h, &stats);
    assert_int_equal(stats.count, 1);
    assert_int_equal(stats.sum, -77);
    qn_histogram_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_follow_one_another_without_gap_up_to_the_largest_number),
        cmocka_unit_test(an_empty_histogram_reads_as_nothing),
        cmocka_unit_test(small_values_are_kept_exactly),
        cmocka_unit_test(a_percentile_lies_between_the_least_and_the_greatest_value),
        cmocka_unit_test(a_percentile_that_falls_on_a_whole_rank_is_that_of_the_rank),
        cmocka_unit_test(a_value_below_zero_counts_as_zero),
        cmocka_unit_test(what_is_above_the_highest_is_counted_apart),
        cmocka_unit_test(recording_by_one_writer_and_by_many_gives_the_same),
        cmocka_unit_test(a_stall_is_seen_by_those_who_were_not_asked),
        cmocka_unit_test(the_correction_adds_one_value_an_interval),
        cmocka_unit_test(histograms_of_another_range_are_not_merged),
        cmocka_unit_test(an_older_caller_gets_the_fields_that_it_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
