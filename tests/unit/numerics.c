/* Numbers in place: what quern/numerics.h promises of mean and variance, z-scores, bounded functions and scores. */
#include "harness/harness.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <quern/numerics.h>

enum {
    LONG = 20000
};

static double numbers[LONG];

static double variance_of(const double *x, int64_t count, double *mean)
{
    double variance;
    qn_error err = qn_error_none();
    assert_ok(qn_mean_variance(mean, &variance, x, count, &err), &err);
    return variance;
}

/* NIST, Statistical Reference Datasets, univariate summary statistics: NumAcc1 … NumAcc4. Their decimals are no
 * doubles: the tolerance is what rounding them to doubles changes. */
static void means_and_deviations_are_those_that_NIST_certifies(void **state)
{
    (void)state;
    const double three[] = {10000001, 10000003, 10000002};
    double mean, variance = variance_of(three, 3, &mean);
    assert_true(mean == 10000002 && variance == 1);
    const struct {
        double first, low, high, mean, tolerance;
    } sets[] = {{1.2, 1.1, 1.3, 1.2, 1e-14},
                {1000000.2, 1000000.1, 1000000.3, 1000000.2, 2e-9},
                {10000000.2, 10000000.1, 10000000.3, 10000000.2, 2e-8}};
    for (int k = 0; k < 3; k++) {
        numbers[0] = sets[k].first;
        for (int i = 1; i < 1001; i++)
            numbers[i] = i % 2 == 1 ? sets[k].low : sets[k].high;
        variance = variance_of(numbers, 1001, &mean);
        assert_close(mean, sets[k].mean, 2e-16, 0);
        assert_close(sqrt(variance), 0.1, sets[k].tolerance, 0);
    }
}

/* 4, 7, 13, 16 have the mean 10 and the variance 30, also far away from 0. */
static void a_large_offset_costs_no_digit_of_the_variance(void **state)
{
    (void)state;
    const double spread[] = {4, 7, 13, 16}, offsets[] = {0, 1e9, -1e12, 0x1p52};
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < LONG; i++)
            numbers[i] = offsets[k] + spread[i % 4];
        for (int64_t n = 4; n <= LONG; n *= 2) {
            double mean, variance = variance_of(numbers, n, &mean);
            assert_true(mean == offsets[k] + 10);
            assert_close(variance, 22.5 * (double)n / (double)(n - 1), 4e-16, 0);
        }
    }
}

static void neighbouring_doubles_have_the_variance_of_their_distance(void **state)
{
    (void)state;
    double unit = nextafter(1e9, 2e9) - 1e9;
    for (int i = 0; i < LONG; i++)
        numbers[i] = i % 4 == 0 ? 1e9 : 1e9 + unit;
    double variance = variance_of(numbers, LONG, NULL);
    assert_close(variance, unit * unit * 3 / 16 * LONG / (LONG - 1), 1e-15, 0);
}

static void what_is_constant_has_the_variance_0_and_z_scores_0(void **state)
{
    (void)state;
    const double values[] = {0.1, 0, -0.0, 1e9 + 0.1, 1e300, DBL_MAX, -DBL_MAX, 1e-310, 0x1p-1074, -1.0 / 3};
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        for (int64_t n = 1; n <= LONG; n += n < 70 ? 1 : n * 3) {
            for (int64_t i = 0; i < n; i++)
                numbers[i] = values[k];
            double mean, variance = variance_of(numbers, n, &mean);
            assert_true(mean == values[k]);
            assert_true(n == 1 ? isnan(variance) : variance == 0);
            assert_ok(qn_zscore(numbers, n, NULL), NULL);
            for (int64_t i = 0; i < n; i++)
                assert_true(numbers[i] == 0);
        }
    }
}

static void none_has_no_mean_and_one_no_variance(void **state)
{
    (void)state;
    double mean, variance = variance_of(NULL, 0, &mean), one = 7;
    assert_true(isnan(mean) && isnan(variance));
    variance = variance_of(&one, 1, &mean);
    assert_true(mean == 7 && isnan(variance));
    assert_ok(qn_mean_variance(NULL, NULL, &one, 1, NULL), NULL);
    qn_moments nothing = {0};
    assert_true(isnan(qn_moments_variance(&nothing)));
}

/* At every place of a block and of its tail. */
static void what_is_not_finite_shows_in_mean_and_variance(void **state)
{
    (void)state;
    double mean;
    for (int64_t n = 2; n < 5000; n = n * 2 + 1) {
        for (int64_t i = 0; i < n; i++)
            numbers[i] = (double)(i % 7);
        for (int64_t at = 0; at < n; at += 1 + n / 5) {
            double kept = numbers[at];
            numbers[at] = (double)INFINITY;
            assert_true(isnan(variance_of(numbers, n, &mean)) && mean == (double)INFINITY);
            numbers[n - 1 - at] = numbers[n - 1 - at] == (double)INFINITY ? (double)NAN : (double)-INFINITY;
            assert_true(isnan(variance_of(numbers, n, &mean)) && isnan(mean));
            numbers[n - 1 - at] = (double)((n - 1 - at) % 7);
            numbers[at] = (double)NAN;
            assert_true(isnan(variance_of(numbers, n, &mean)) && isnan(mean));
            numbers[at] = kept;
        }
        assert_false(isnan(variance_of(numbers, n, &mean)));
    }
    double endless[] = {(double)INFINITY, 1, (double)INFINITY};
    assert_true(isnan(variance_of(endless, 3, &mean)) && mean == (double)INFINITY);
    assert_ok(qn_zscore(endless, 3, NULL), NULL);
    assert_true(isnan(endless[0]) && isnan(endless[1]) && isnan(endless[2]));
}

static void squares_beyond_the_range_of_doubles_do_not_spoil_what_is_within(void **state)
{
    (void)state;
    double mean;
    const double far[] = {DBL_MAX, -DBL_MAX}, near[] = {DBL_MAX, DBL_MAX / 2};
    assert_true(variance_of(far, 2, &mean) == (double)INFINITY && mean == 0);
    assert_true(variance_of(near, 2, &mean) == (double)INFINITY && mean == DBL_MAX / 4 * 3);
    for (int i = 0; i < LONG; i++) /* the sum of squares is 20,000 times what fits */
        numbers[i] = i % 2 == 0 ? 0x1p511 : -0x1p511;
    assert_close(variance_of(numbers, LONG, &mean), 0x1p1022 * ((double)LONG / (LONG - 1)), 1e-15, 0);
    assert_true(mean == 0);
    const double small[] = {0x1p-530, 0x3p-530}, smallest[] = {0x1p-1074, 0x3p-1074}, tiny[] = {0x1p-600, 0x3p-600};
    assert_true(variance_of(small, 2, &mean) == 0x2p-1060 && mean == 0x2p-530);
    assert_true(variance_of(smallest, 2, &mean) == 0 && mean == 0x2p-1074);
    assert_true(variance_of(tiny, 2, &mean) == 0 && mean == 0x2p-600);
}

static void z_scores_are_right_over_the_whole_range(void **state)
{
    (void)state;
    const double scales[] = {1, 1e150, 0x1p1022, 1e-150, 0x1p-600, 0x1p-1074};
    for (int k = 0; k < 6; k++) {
        double pair[] = {1 * scales[k], 3 * scales[k]};
        assert_ok(qn_zscore(pair, 2, NULL), NULL);
        assert_close(pair[0], -sqrt(0.5), 4e-16, 0);
        assert_close(pair[1], sqrt(0.5), 4e-16, 0);
    }
    double known[] = {2, 4, 4, 4, 5, 5, 7, 9}; /* mean 5; deviations 2 of the population, sqrt(32 / 7) of the sample */
    const double beyond[] = {-3, -1, -1, -1, 0, 0, 2, 4};
    assert_ok(qn_zscore(known, 8, NULL), NULL);
    for (int i = 0; i < 8; i++)
        assert_close(known[i], beyond[i] / sqrt(32.0 / 7), 4e-16, 0);
}

static void pieces_merge_to_the_moments_of_the_whole(void **state)
{
    (void)state;
    for (int i = 0; i < LONG; i++) /* 1 … n: mean (n + 1) / 2, variance n (n + 1) / 12, both whole */
        numbers[i] = i + 1;
    const int64_t pieces[] = {1, 7, 100, 2048, 5000, LONG};
    for (int k = 0; k < 6; k++) {
        qn_moments all = {0};
        for (int64_t i = 0; i < LONG; i += pieces[k]) {
            int64_t count = LONG - i < pieces[k] ? LONG - i : pieces[k];
            assert_ok(qn_moments_add(&all, numbers + i, count, NULL), NULL);
        }
        assert_int_equal(all.count, LONG);
        assert_true(all.mean == (LONG + 1) / 2.0);
        assert_close(qn_moments_variance(&all), LONG * (LONG + 1.0) / 12, 1e-15, 0);
        assert_close(all.m2 / (double)all.count, (LONG * (double)LONG - 1) / 12, 1e-15, 0);
    }
    qn_moments left = {0}, right = {0}, none = {0};
    assert_ok(qn_moments_add(&left, numbers, 3, NULL), NULL);
    assert_ok(qn_moments_add(&right, numbers + 3, 5, NULL), NULL);
    assert_ok(qn_moments_merge(&left, &none, NULL), NULL);
    assert_ok(qn_moments_merge(&none, &left, NULL), NULL);
    assert_int_equal(none.count, 3);
    assert_ok(qn_moments_merge(&none, &right, NULL), NULL);
    assert_true(none.mean == 4.5 && qn_moments_variance(&none) == 6);
}

/* Thirds of 1 … n one by one: each adds a rounding, which must not stay. */
static void many_pieces_cost_no_digits(void **state)
{
    (void)state;
    const int64_t count = 200000;
    qn_moments all = {0};
    for (int64_t i = 1; i <= count; i++) {
        double third = (double)i / 3;
        assert_ok(qn_moments_add(&all, &third, 1, NULL), NULL);
    }
    double n = (double)count;
    assert_close(all.mean, (n + 1) / 6, 2e-16, 0);
    assert_close(qn_moments_variance(&all), n * (n + 1) / 108, 1e-15, 0);
}

/* Whose squares no double holds. */
static void the_mean_of_great_pieces_costs_no_digits(void **state)
{
    (void)state;
    const int64_t count = 200000;
    qn_moments all = {0};
    for (int64_t i = 1; i <= count; i++) {
        double third = ldexp((double)i / 3, 600);
        assert_ok(qn_moments_add(&all, &third, 1, NULL), NULL);
    }
    assert_true(all.m2 == (double)INFINITY);
    assert_close(all.mean, ldexp((double)(count + 1) / 6, 600), 2.3e-16, 0);
}

static void pieces_that_are_far_apart_or_not_finite_merge_too(void **state)
{
    (void)state;
    double largest = DBL_MAX, least = -DBL_MAX, endless = (double)INFINITY, other = (double)-INFINITY, one = 1;
    qn_moments far = {0};
    assert_ok(qn_moments_add(&far, &largest, 1, NULL), NULL);
    assert_ok(qn_moments_add(&far, &least, 1, NULL), NULL);
    assert_true(far.mean == 0 && far.m2 == (double)INFINITY && far.count == 2);
    qn_moments further = far;
    assert_ok(qn_moments_add(&further, &least, 1, NULL), NULL);
    assert_close(further.mean, -DBL_MAX / 3, 1e-15, 0);
    assert_ok(qn_moments_add(&far, &endless, 1, NULL), NULL);
    assert_true(far.mean == (double)INFINITY && isnan(far.m2));
    assert_ok(qn_moments_add(&far, &one, 1, NULL), NULL);
    assert_true(far.mean == (double)INFINITY && isnan(far.m2));
    assert_ok(qn_moments_add(&far, &other, 1, NULL), NULL);
    assert_true(isnan(far.mean) && isnan(far.m2) && far.count == 5);
    qn_moments alone = {0};
    assert_ok(qn_moments_add(&alone, &other, 1, NULL), NULL);
    assert_true(alone.mean == (double)-INFINITY && isnan(alone.m2));
    double small[] = {0x1p-530, 0x3p-530};
    qn_moments tiny = {0};
    assert_ok(qn_moments_add(&tiny, small, 2, NULL), NULL);
    assert_true(tiny.mean == 0x1p-529 && tiny.m2 == 0x1p-1059);
}

static void expect_of(qn_status (*function)(double *x, int64_t count, qn_error *err), const double (*pairs)[2],
                      int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double x = pairs[i][0];
        assert_ok(function(&x, 1, NULL), NULL);
        if (isnan(pairs[i][1]))
            assert_true(isnan(x));
        else
            assert_memory_equal(&x, &pairs[i][1], sizeof x);
    }
}

static void tanh_and_sigmoid_are_exact_where_they_can_be(void **state)
{
    (void)state;
    const double endless = (double)INFINITY, nan = (double)NAN, least = 0x1p-1074;
    const double tanh_of[][2] = {{0, 0},  {-0.0, -0.0}, {endless, 1}, {-endless, -1}, {nan, nan},
                                 {40, 1}, {-40, -1},    {DBL_MAX, 1}, {-DBL_MAX, -1}, {least, least}};
    const double sigmoid_of[][2] = {{0, 0.5},     {-0.0, 0.5},   {endless, 1}, {-endless, 0}, {nan, nan}, {40, 1},
                                    {DBL_MAX, 1}, {-DBL_MAX, 0}, {least, 0.5}, {-745, least}, {700, 1}};
    expect_of(qn_tanh, tanh_of, sizeof tanh_of / sizeof tanh_of[0]);
    expect_of(qn_sigmoid, sigmoid_of, sizeof sigmoid_of / sizeof sigmoid_of[0]); /* exp(-745) = 5.0e-324 */
    double x[] = {log(3) / 2, log(3), -log(3), -40, -700};
    assert_ok(qn_tanh(x, 1, NULL), NULL);
    assert_ok(qn_sigmoid(x + 1, 4, NULL), NULL);
    assert_close(x[0], 0.5, 4e-16, 0);
    assert_close(x[1], 0.75, 4e-16, 0);
    assert_close(x[2], 0.25, 4e-16, 0);
    assert_close(x[3], 4.248354255291589e-18, 1e-15, 0);   /* 1 / (1 + e^40) */
    assert_close(x[4], 9.8596765437597709e-305, 4e-15, 0); /* e^-700 */
}

static void clipped_numbers_are_within_their_bounds(void **state)
{
    (void)state;
    double x[] = {-5, -1, 0, 0.5, 1, 7, (double)NAN, (double)INFINITY, (double)-INFINITY};
    const double expected[] = {-1, -1, 0, 0.5, 1, 1, 0, 1, -1};
    assert_ok(qn_clip(x, 9, -1, 1, NULL), NULL);
    for (int i = 0; i < 9; i++)
        assert_true(i == 6 ? isnan(x[i]) : x[i] == expected[i]);
    double open[] = {-5, 5};
    assert_ok(qn_clip(open, 2, (double)-INFINITY, 2, NULL), NULL);
    assert_true(open[0] == -5 && open[1] == 2);
    assert_ok(qn_clip(open, 2, 3, 3, NULL), NULL);
    assert_true(open[0] == 3 && open[1] == 3);
}

static void bounds_that_leave_nothing_are_refused(void **state)
{
    (void)state;
    double x[] = {1, 2};
    qn_error err = qn_error_none();
    assert_int_equal(qn_clip(x, 2, 1, -1, &err), QN_INVALID);
    assert_contains(err.message, "between 1 and -1");
    assert_int_equal(qn_clip(x, 2, (double)NAN, 1, &err), QN_INVALID);
    assert_int_equal(qn_clip(x, 2, 0, (double)NAN, &err), QN_INVALID);
    assert_true(x[0] == 1 && x[1] == 2);
}

static void scores_are_bias_and_weighted_features(void **state)
{
    (void)state;
    enum {
        COUNT = 77
    };
    static double features[3][COUNT], matrix[COUNT * 5], by_rows[COUNT];
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < 3; k++)
            matrix[i * 5 + k] = features[k][i] = (i + 1) * (k + 1);
        matrix[i * 5 + 3] = matrix[i * 5 + 4] = (double)NAN; /* between the rows */
    }
    const double *columns[] = {features[0], features[1], features[2]}, weights[] = {1, 10, 100};
    assert_ok(qn_score_rows(by_rows, matrix, COUNT, 3, 5, weights, 0.5, NULL), NULL);
    for (int place = 0; place < 3; place++) {
        double kept[COUNT];
        memcpy(kept, features[place], sizeof kept);
        assert_ok(qn_score_columns(features[place], columns, 3, weights, 0.5, COUNT, NULL), NULL);
        for (int i = 0; i < COUNT; i++)
            assert_true(features[place][i] == 321 * (i + 1) + 0.5 && by_rows[i] == features[place][i]);
        memcpy(features[place], kept, sizeof kept);
    }
    assert_ok(qn_score_rows(matrix, matrix, COUNT, 3, 5, weights, 0.5, NULL), NULL);
    assert_memory_equal(matrix, by_rows, sizeof by_rows);
    assert_ok(qn_score_columns(by_rows, NULL, 0, NULL, -2, COUNT, NULL), NULL);
    assert_true(by_rows[0] == -2 && by_rows[COUNT - 1] == -2);
    assert_ok(qn_score_rows(by_rows, NULL, COUNT, 0, 0, NULL, 3, NULL), NULL);
    assert_true(by_rows[0] == 3 && by_rows[COUNT - 1] == 3);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    double x[] = {1, 2, 3}, out[3] = {0};
    const double *columns[] = {x, NULL};
    qn_error err = qn_error_none();
    qn_moments m = {0}, broken = {.count = -1}, whole = {.count = INT64_MAX};
    assert_int_equal(qn_mean_variance(out, out, x, -1, &err), QN_INVALID);
    assert_contains(err.message, "-1 numbers");
    assert_int_equal(qn_mean_variance(out, out, NULL, 3, &err), QN_INVALID);
    assert_int_equal(qn_moments_add(&m, NULL, 1, &err), QN_INVALID);
    assert_int_equal(qn_moments_add(&whole, x, 1, &err), QN_INVALID);
    assert_int_equal(qn_moments_merge(&m, &broken, &err), QN_INVALID);
    assert_int_equal(qn_moments_merge(&broken, &m, &err), QN_INVALID);
    assert_int_equal(qn_zscore(x, -3, &err), QN_INVALID);
    assert_int_equal(qn_tanh(NULL, 1, &err), QN_INVALID);
    assert_int_equal(qn_sigmoid(x, INT64_MIN, &err), QN_INVALID);
    assert_int_equal(qn_score_columns(out, columns, 2, x, 0, 3, &err), QN_INVALID);
    assert_contains(err.message, "column 1 of 2");
    assert_int_equal(qn_score_columns(out, columns, -1, x, 0, 3, &err), QN_INVALID);
    assert_int_equal(qn_score_columns(out, NULL, 1, x, 0, 3, &err), QN_INVALID);
    assert_int_equal(qn_score_columns(NULL, columns, 1, x, 0, 3, &err), QN_INVALID);
    assert_int_equal(qn_score_rows(out, x, 1, 3, 2, x, 0, &err), QN_INVALID);
    assert_contains(err.message, "rows of 3 numbers");
    assert_int_equal(qn_score_rows(out, x, -1, 1, 1, x, 0, &err), QN_INVALID);
    assert_int_equal(qn_score_rows(out, NULL, 1, 1, 1, x, 0, &err), QN_INVALID);
    assert_int_equal(qn_score_rows(out, x, 1, -1, 1, x, 0, &err), QN_INVALID);
    assert_true(x[0] == 1 && x[2] == 3 && out[0] == 0 && m.count == 0);
}

static void a_level_that_is_none_is_refused_before_anything_is_written(void **state)
{
    (void)state;
    double x[] = {1, 2, 3}, mean = 42;
    const double *columns[] = {x};
    qn_moments m = {0};
    setenv("QUERN_CPU", "none", 1);
    assert_int_equal(qn_mean_variance(&mean, NULL, x, 3, NULL), QN_CONFIG);
    assert_int_equal(qn_moments_add(&m, x, 3, NULL), QN_CONFIG);
    assert_int_equal(qn_zscore(x, 3, NULL), QN_CONFIG);
    assert_int_equal(qn_tanh(x, 3, NULL), QN_CONFIG);
    assert_int_equal(qn_sigmoid(x, 3, NULL), QN_CONFIG);
    assert_int_equal(qn_clip(x, 3, 0, 1, NULL), QN_CONFIG);
    assert_int_equal(qn_score_columns(x, columns, 1, &mean, 0, 3, NULL), QN_CONFIG);
    unsetenv("QUERN_CPU");
    assert_true(mean == 42 && m.count == 0 && x[0] == 1 && x[1] == 2 && x[2] == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_and_deviations_are_those_that_NIST_certifies),
        cmocka_unit_test(a_large_offset_costs_no_digit_of_the_variance),
        cmocka_unit_test(neighbouring_doubles_have_the_variance_of_their_distance),
        cmocka_unit_test(what_is_constant_has_the_variance_0_and_z_scores_0),
        cmocka_unit_test(none_has_no_mean_and_one_no_variance),
        cmocka_unit_test(what_is_not_finite_shows_in_mean_and_variance),
        cmocka_unit_test(squares_beyond_the_range_of_doubles_do_not_spoil_what_is_within),
        cmocka_unit_test(z_scores_are_right_over_the_whole_range),
        cmocka_unit_test(pieces_merge_to_the_moments_of_the_whole),
        cmocka_unit_test(many_pieces_cost_no_digits),
        cmocka_unit_test(the_mean_of_great_pieces_costs_no_digits),
        cmocka_unit_test(pieces_that_are_far_apart_or_not_finite_merge_too),
        cmocka_unit_test(tanh_and_sigmoid_are_exact_where_they_can_be),
        cmocka_unit_test(clipped_numbers_are_within_their_bounds),
        cmocka_unit_test(bounds_that_leave_nothing_are_refused),
        cmocka_unit_test(scores_are_bias_and_weighted_features),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_level_that_is_none_is_refused_before_anything_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
