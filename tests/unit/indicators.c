/* Indicators: known answers, what is not known yet, values that are missing or absurd, windows that forget, constants
 * that are refused. */
#include "stream/indicator_kit.h"

#include <stdlib.h>
#include <string.h>

enum {
    MANY = 400
};

/* The series of one symbol through an indicator. */
static void feed(double *out, indicator_case c, const double *x, const double *sizes, int64_t count)
{
    qn_indicator *ind = make_indicator(&c, 1);
    qn_error err;
    for (int64_t i = 0; i < count; i++)
        assert_ok(qn_indicator_row(ind, x + i, sizes != NULL ? sizes + i : NULL, out + i, &err), &err);
    qn_indicator_free(ind);
}

/* NaN stands for what is not known; the tolerance is that of the last digit of what was printed. */
static void assert_series(const double *got, const double *expected, int64_t count, double tolerance)
{
    for (int64_t i = 0; i < count; i++) {
        if (isnan(expected[i]) ? !isnan(got[i]) : !(fabs(got[i] - expected[i]) <= tolerance))
            fail_msg("value %lld: %.17g, not %.17g", (long long)i, got[i], expected[i]);
    }
}

static const double none = (double)NAN;

static void averages_are_what_pencil_and_paper_give(void **state)
{
    (void)state;
    const double x[] = {8, 4, 6, 2, 0, 8, 8}, e[] = {8, 6, 6, 4, 2, 5, 6.5};
    double got[7];
    feed(got, (indicator_case){QN_INDICATOR_EMA, 1, {3}}, x, NULL, 7);
    assert_series(got, e, 7, 0);
    const double mean[] = {none, none, 6, 4, 8.0 / 3, 10.0 / 3, 16.0 / 3};
    feed(got, (indicator_case){QN_INDICATOR_SMA, 1, {3}}, x, NULL, 7);
    assert_series(got, mean, 7, 1e-15);
    /* fast: alpha 1; slow: alpha 1/2, which is e; then alpha 1/2 again */
    const double line[] = {0, -2, 0, -2, -2, 3, 1.5}, signal[] = {0, -1, -0.5, -1.25, -1.625, 0.6875, 1.09375};
    feed(got, (indicator_case){QN_INDICATOR_MACD, 2, {1, 3}}, x, NULL, 7);
    assert_series(got, line, 7, 0);
    feed(got, (indicator_case){QN_INDICATOR_MACD, 3, {1, 3, 3}}, x, NULL, 7);
    assert_series(got, signal, 7, 0);
}

static void deviations_are_those_of_the_textbook(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4, 4, 4, 5, 5, 7, 9}; /* the last eight have mean 5, squared deviations 32 */
    double got[9];
    feed(got, (indicator_case){QN_INDICATOR_SD, 1, {8}}, x, NULL, 9);
    assert_true(isnan(got[6]) && !isnan(got[7]));
    assert_close(got[8], sqrt(32.0 / 7), 1e-15, 0);
    feed(got, (indicator_case){QN_INDICATOR_BOLLINGER, 2, {8, 2}}, x, NULL, 9);
    assert_close(got[8], 9, 1e-15, 0);
    feed(got, (indicator_case){QN_INDICATOR_BOLLINGER, 2, {8, -2}}, x, NULL, 9);
    assert_close(got[8], 1, 1e-15, 0);
    feed(got, (indicator_case){QN_INDICATOR_BOLLINGER, 2, {8, 0}}, x, NULL, 9);
    assert_close(got[8], 5, 1e-15, 0);
}

static void prices_are_weighted_by_their_sizes(void **state)
{
    (void)state;
    const double x[] = {10, 20, 30, 5, 7}, sizes[] = {1, 3, 0, 4, 0};
    const double all[] = {10, 17.5, 17.5, 11.25, 11.25}, last[] = {none, 17.5, 20, 5, 5};
    const double alone[] = {10, 20, none, 5, none};
    double got[5];
    feed(got, (indicator_case){QN_INDICATOR_VWAP, 0, {0}}, x, sizes, 5);
    assert_series(got, all, 5, 0);
    feed(got, (indicator_case){QN_INDICATOR_VWAP, 1, {2}}, x, sizes, 5);
    assert_series(got, last, 5, 0);
    feed(got, (indicator_case){QN_INDICATOR_VWAP, 1, {1}}, x, sizes, 5);
    assert_series(got, alone, 5, 0);
}

static void an_average_over_one_value_is_that_value(void **state)
{
    (void)state;
    const double x[] = {1, 1e300, 0.1, -1e17, 3};
    double got[5];
    feed(got, (indicator_case){QN_INDICATOR_EMA, 1, {1}}, x, NULL, 5);
    assert_series(got, x, 5, 0);
}

static void small_trades_count_beside_a_huge_one(void **state)
{
    (void)state;
    double x[2 + MANY], sizes[2 + MANY], got[2 + MANY];
    x[0] = 0, sizes[0] = 1;
    x[1] = sizes[1] = 1e8;
    for (int i = 2; i < 2 + MANY; i++)
        x[i] = sizes[i] = 1; /* lost in 1e16 one by one */
    feed(got, (indicator_case){QN_INDICATOR_VWAP, 0, {0}}, x, sizes, 2 + MANY);
    assert_close(got[1 + MANY], (1e16 + MANY) / (1 + 1e8 + MANY), 1e-15, 0);
    const double huge[] = {1, 1e200, 3}, huge_sizes[] = {1, 1e200, 1}, expected[] = {1, none, 2};
    feed(got, (indicator_case){QN_INDICATOR_VWAP, 0, {0}}, huge, huge_sizes,
         3); /* what would overflow is passed over */
    assert_series(got, expected, 3, 0);
}

static void the_strength_index_is_wilders(void **state)
{
    (void)state;
    /* Closes, and the 14-day index of them to two digits, as ChartSchool (stockcharts.com) tabulates them. */
    const double close[] = {44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433,
                            46.0826, 45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116,
                            46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288,
                            44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314};
    const double index[] = {70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38,
                            54.71, 50.42, 39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77};
    double got[33];
    feed(got, (indicator_case){QN_INDICATOR_RSI, 1, {14}}, close, NULL, 33);
    for (int i = 0; i < 14; i++)
        assert_true(isnan(got[i]));
    assert_series(got + 14, index, 19, 0.00501);
}

static void the_strength_index_has_ends_and_a_middle(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 3, 3}, up[] = {none, none, 100, 100, 100};
    const double y[] = {3, 2, 1, 1, 1}, down[] = {none, none, 0, 0, 0};
    const double z[] = {3, 3, 3, 3, 4}, still[] = {none, none, 50, 50, 100};
    double got[5];
    indicator_case c = {QN_INDICATOR_RSI, 1, {2}};
    feed(got, c, x, NULL, 5);
    assert_series(got, up, 5, 0);
    feed(got, c, y, NULL, 5);
    assert_series(got, down, 5, 0);
    feed(got, c, z, NULL, 5);
    assert_series(got, still, 5, 0);
}

static void volatility_is_the_root_of_squared_log_returns(void **state)
{
    (void)state;
    const double e = exp(1), x[] = {1, e, e * e * e * e, e * e * e * e, 1}; /* returns 1, 3, 0, -4 */
    const double expected[] = {none, none, sqrt(10), 3, 4};
    double got[5];
    feed(got, (indicator_case){QN_INDICATOR_REALIZED_VOL, 1, {2}}, x, NULL, 5);
    assert_series(got, expected, 5, 1e-14);
    const double close[] = {1e9, 1e9 + 0x1p-20}; /* next to nothing, and yet not nothing */
    feed(got, (indicator_case){QN_INDICATOR_REALIZED_VOL, 1, {1}}, close, NULL, 2);
    assert_close(got[1], 0x1p-20 / 1e9, 1e-14, 0);
}

static void what_was_is_given_back(void **state)
{
    (void)state;
    const double x[] = {1, none, 4, (double)INFINITY, 16}, lag[] = {none, none, 1, none, 4};
    const double diff[] = {none, none, 3, none, 12};
    double got[5];
    feed(got, (indicator_case){QN_INDICATOR_LAG, 1, {2}}, x, NULL, 5);
    assert_series(got, lag, 5, 0);
    feed(got, (indicator_case){QN_INDICATOR_LAG, 0, {0}}, x, NULL, 5);
    assert_true(isnan(got[0]) && got[1] == 1 && isnan(got[2]) && got[3] == 4 && isinf(got[4]));
    feed(got, (indicator_case){QN_INDICATOR_DIFF, 1, {2}}, x, NULL, 5);
    assert_true(isnan(got[3]) && got[2] == diff[2] && got[4] == diff[4]);
}

static void equal_values_have_exactly_their_mean_and_no_deviation(void **state)
{
    (void)state;
    const double constants[] = {0.1, 1.0 / 3, 1e9 + 0.1, 12345.678, 1e-300};
    double x[MANY], sizes[MANY], got[MANY];
    for (int k = 0; k < 5; k++)
        for (int c = 0; c < INDICATOR_CASES; c++) {
            for (int i = 0; i < MANY; i++)
                x[i] = constants[k], sizes[i] = 0.1 + i % 7;
            feed(got, indicator_cases[c], x, sizes, MANY);
            double expected = constants[k];
            qn_indicator_kind kind = indicator_cases[c].kind;
            if (kind == QN_INDICATOR_SD || kind == QN_INDICATOR_MACD || kind == QN_INDICATOR_REALIZED_VOL ||
                kind == QN_INDICATOR_DIFF)
                expected = 0;
            else if (kind == QN_INDICATOR_RSI)
                expected = 50;
            for (int i = 30; i < MANY && indicator_cases[c].constants[0] < MANY; i++)
                assert_true(got[i] == expected);
        }
}

/* How many values a window holds; 0: it never forgets. */
static int64_t held(const indicator_case *c)
{
    int64_t n = c->count > 0 ? (int64_t)c->constants[0] : 1;
    switch (c->kind) {
    case QN_INDICATOR_SMA:
    case QN_INDICATOR_SD:
    case QN_INDICATOR_BOLLINGER:
        return n;
    case QN_INDICATOR_VWAP:
        return c->count > 0 ? n : 0;
    case QN_INDICATOR_REALIZED_VOL:
    case QN_INDICATOR_LAG:
    case QN_INDICATOR_DIFF:
        return n + 1;
    default:
        return 0;
    }
}

static const double absurd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 1.7e308, 1e300, -1e300, 1e17};

static void what_has_left_a_window_leaves_no_trace(void **state)
{
    (void)state;
    uint64_t random = test_seed(131);
    double x[MANY], sizes[MANY], clean[MANY], spoilt[MANY], last = 0;
    for (int i = 0; i < MANY; i++) {
        last = x[i] = next_value(&random, MOOD_WALK, last);
        sizes[i] = next_size(&random, MOOD_WALK);
    }
    for (int c = 0; c < INDICATOR_CASES; c++) {
        int64_t n = held(&indicator_cases[c]);
        if (n == 0 || n > MANY)
            continue;
        feed(clean, indicator_cases[c], x, sizes, MANY);
        for (int64_t at = 0; at < 3 * n; at++)
            for (size_t k = 0; k < sizeof absurd / sizeof absurd[0]; k++) {
                double kept = x[at], kept_size = sizes[at];
                x[at] = absurd[k];
                sizes[at] = k % 2 == 0 ? 5 : 0;
                feed(spoilt, indicator_cases[c], x, sizes, MANY);
                assert_memory_equal(clean, spoilt, (size_t)at * sizeof *clean);
                assert_memory_equal(clean + at + n, spoilt + at + n, (size_t)(MANY - at - n) * sizeof *clean);
                x[at] = kept;
                sizes[at] = kept_size;
            }
    }
}

static void windows_that_hold_nan_are_nan_and_averages_pass_it_over(void **state)
{
    (void)state;
    uint64_t random = test_seed(132);
    double x[MANY], sizes[MANY], got[MANY], good_x[MANY], good_sizes[MANY], expected[MANY], last = 0;
    for (int c = 0; c < INDICATOR_CASES; c++) {
        int64_t n = held(&indicator_cases[c]), good = 0, bad = -MANY;
        for (int i = 0; i < MANY; i++) {
            bool spoil = test_random_below(&random, 9) == 0;
            last = next_value(&random, MOOD_WALK, last);
            x[i] = spoil ? absurd[test_random_below(&random, 4)] : last;
            sizes[i] = next_size(&random, MOOD_WALK) + 1;
            if (!spoil)
                good_x[good] = x[i], good_sizes[good++] = sizes[i];
        }
        feed(got, indicator_cases[c], x, sizes, MANY);
        feed(expected, indicator_cases[c], good_x, good_sizes, good);
        good = 0;
        for (int i = 0; i < MANY; i++) {
            bool spoilt = !(fabs(x[i]) < 1e301);
            bad = spoilt ? i : bad;
            if (n == 0 && !spoilt)
                assert_memory_equal(&got[i], &expected[good++], sizeof *got);
            if (n == 0 && spoilt)
                assert_true(isnan(got[i]));
            if (n > 0 && indicator_cases[c].kind < QN_INDICATOR_LAG && i < 1000)
                assert_true(isnan(got[i]) == (i < n - 1 || i - bad < n));
        }
    }
}

static void every_nan_that_is_given_has_the_same_bits(void **state)
{
    (void)state;
    uint64_t random = test_seed(133), bits, plain;
    const double nan_plain = (double)NAN;
    double x[MANY], sizes[MANY], got[MANY], last = 0;
    memcpy(&plain, &nan_plain, sizeof plain);
    for (int c = 0; c < INDICATOR_CASES; c++)
        for (int mood = MOOD_GAPS; mood <= MOOD_WILD; mood++) {
            for (int i = 0; i < MANY; i++) {
                last = x[i] = next_value(&random, mood, last);
                if (isnan(last))
                    x[i] = -x[i];
                sizes[i] = next_size(&random, mood);
            }
            feed(got, indicator_cases[c], x, sizes, MANY);
            for (int i = 0; i < MANY; i++) {
                memcpy(&bits, &got[i], sizeof bits);
                assert_true(!isnan(got[i]) || bits == plain);
            }
        }
}

/* Of the last n of x: mean and squared deviations, in long double from a value among them. */
static long double squares_of(const double *x, int64_t n, long double *mean)
{
    long double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (long double)x[i] - (long double)x[0];
    *mean = (long double)x[0] + sum / n;
    for (int64_t i = 0; i < n; i++) {
        long double apart = (long double)x[i] - (long double)x[0] - sum / n;
        squares += apart * apart;
    }
    return squares;
}

static void long_windows_far_from_zero_stay_exact(void **state)
{
    (void)state;
    enum {
        LONG = 100000,
        COUNT = 250000
    };
    uint64_t random = test_seed(134);
    double *x = malloc(COUNT * sizeof *x), *mean = malloc(COUNT * sizeof *mean), *sd = malloc(COUNT * sizeof *sd);
    assert_true(x != NULL && mean != NULL && sd != NULL);
    for (int64_t i = 0; i < COUNT; i++)
        x[i] = 1e9 + test_random_unit(&random);
    feed(mean, (indicator_case){QN_INDICATOR_SMA, 1, {LONG}}, x, NULL, COUNT);
    feed(sd, (indicator_case){QN_INDICATOR_SD, 1, {LONG}}, x, NULL, COUNT);
    for (int64_t i = LONG - 1; i < COUNT; i += 17777) {
        long double m, squares = squares_of(x + i - LONG + 1, LONG, &m);
        assert_close(mean[i], (double)m, 0, 0x1p-23); /* the last bit of 1e9 */
        assert_close(sd[i], (double)sqrtl(squares / (LONG - 1)), 1e-12, 0);
    }
    free(x);
    free(mean);
    free(sd);
}

static void a_window_longer_than_the_data_is_never_full(void **state)
{
    (void)state;
    double x[MANY], got[MANY];
    for (int i = 0; i < MANY; i++)
        x[i] = i;
    feed(got, (indicator_case){QN_INDICATOR_SMA, 1, {MANY + 1}}, x, NULL, MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(isnan(got[i]));
    feed(got, (indicator_case){QN_INDICATOR_SMA, 1, {MANY}}, x, NULL, MANY);
    assert_true(isnan(got[MANY - 2]) && got[MANY - 1] == (MANY - 1) / 2.0);
}

static void a_reset_indicator_is_as_new(void **state)
{
    (void)state;
    uint64_t random = test_seed(135);
    double x[MANY], sizes[MANY], first[MANY], second[MANY], last = 0;
    for (int i = 0; i < MANY; i++) {
        last = x[i] = next_value(&random, MOOD_GAPS, last);
        sizes[i] = next_size(&random, MOOD_GAPS);
    }
    for (int c = 0; c < INDICATOR_CASES; c++) {
        qn_indicator *ind = make_indicator(&indicator_cases[c], 1);
        const int32_t symbols[MANY] = {0};
        qn_error err;
        assert_ok(qn_indicator_update(ind, symbols, x, sizes, first, MANY, &err), &err);
        qn_indicator_reset(ind);
        assert_ok(qn_indicator_update(ind, symbols, x, sizes, second, MANY, &err), &err);
        assert_memory_equal(first, second, sizeof first);
        qn_indicator_free(ind);
    }
}

static void an_unknown_symbol_is_refused_and_nothing_is_taken_in(void **state)
{
    (void)state;
    static const int32_t wrong[][3] = {{0, 1, 2}, {0, -1, 1}, {INT32_MAX, 0, 0}};
    indicator_case c = {QN_INDICATOR_LAG, 0, {0}};
    const double x[] = {1, 2, 3};
    double out[3] = {7, 7, 7};
    qn_error err;
    qn_indicator *ind = make_indicator(&c, 2);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(qn_indicator_update(ind, wrong[k], x, NULL, out, 3, &err), QN_INVALID);
        assert_contains(err.message, "lag: there is no symbol");
        assert_true(out[0] == 7);
    }
    assert_ok(qn_indicator_row(ind, x, NULL, out, &err), &err);
    assert_true(isnan(out[0]) && isnan(out[1]));
    assert_ok(qn_indicator_update(ind, NULL, NULL, NULL, NULL, 0, &err), &err); /* none */
    qn_indicator_free(ind);
    c = (indicator_case){QN_INDICATOR_VWAP, 0, {0}};
    ind = make_indicator(&c, 2);
    assert_int_equal(qn_indicator_row(ind, x, NULL, out, &err), QN_INVALID);
    assert_contains(err.message, "vwap needs sizes");
    assert_int_equal(qn_indicator_update(ind, wrong[0], x, NULL, out, 1, &err), QN_INVALID);
    qn_indicator_free(ind);
}

static void constants_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        indicator_case c;
        const char *piece;
    } wrong[] = {
        {{QN_INDICATOR_EMA, 0, {0}}, "ema(x, n)"},
        {{QN_INDICATOR_EMA, 1, {0.5}}, "1 value or more, not 0.5"},
        {{QN_INDICATOR_EMA, 1, {(double)NAN}}, "1 value or more"},
        {{QN_INDICATOR_EMA, 1, {(double)INFINITY}}, "1 value or more"},
        {{QN_INDICATOR_MACD, 1, {12}}, "macd(x, fast, slow)"},
        {{QN_INDICATOR_MACD, 3, {12, 26, 0}}, "1 value or more"},
        {{QN_INDICATOR_SMA, 1, {0}}, "sma(x, n): n is a whole number of 1 to 1048576, not 0"},
        {{QN_INDICATOR_SMA, 1, {2.5}}, "not 2.5"},
        {{QN_INDICATOR_SMA, 1, {-3}}, "not -3"},
        {{QN_INDICATOR_SMA, 1, {1048577}}, "not 1048577"},
        {{QN_INDICATOR_SMA, 1, {(double)NAN}}, "whole number"},
        {{QN_INDICATOR_SMA, 2, {3, 4}}, "sma(x, n)"},
        {{QN_INDICATOR_SD, 1, {1}}, "n is a whole number of 2 to 1048576, not 1"},
        {{QN_INDICATOR_BOLLINGER, 2, {20, (double)INFINITY}}, "k is a finite number"},
        {{QN_INDICATOR_BOLLINGER, 2, {20, (double)NAN}}, "k is a finite number"},
        {{QN_INDICATOR_VWAP, 1, {0}}, "n is a whole number"},
        {{QN_INDICATOR_LAG, 1, {0}}, "n is a whole number"},
        {{(qn_indicator_kind)10, 1, {1}}, "10 is no indicator"},
        {{(qn_indicator_kind)-1, 1, {1}}, "-1 is no indicator"},
    };
    qn_indicator *ind;
    qn_error err;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        const indicator_case *c = &wrong[k].c;
        assert_int_equal(qn_indicator_new(&ind, c->kind, c->constants, c->count, 1, NULL, &err), QN_INVALID);
        assert_null(ind);
        assert_contains(err.message, wrong[k].piece);
    }
    const double n = 3;
    assert_int_equal(qn_indicator_new(&ind, QN_INDICATOR_SMA, &n, 1, 0, NULL, &err), QN_INVALID);
    assert_int_equal(qn_indicator_new(&ind, QN_INDICATOR_SMA, &n, 1, (1 << 20) + 1, NULL, &err), QN_INVALID);
    assert_contains(err.message, "1 to 1048576 symbols");
}

static void its_size_and_name_are_told(void **state)
{
    (void)state;
    indicator_case c = {QN_INDICATOR_SMA, 1, {100}};
    qn_indicator *ind = make_indicator(&c, 1000);
    assert_in_range(qn_indicator_size(ind), 1000 * 100 * 8, 1000 * 110 * 8);
    qn_indicator_free(ind);
    qn_indicator_free(NULL);
    assert_string_equal(qn_indicator_name(QN_INDICATOR_REALIZED_VOL), "realized_vol");
    assert_string_equal(qn_indicator_name((qn_indicator_kind)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_are_what_pencil_and_paper_give),
        cmocka_unit_test(deviations_are_those_of_the_textbook),
        cmocka_unit_test(prices_are_weighted_by_their_sizes),
        cmocka_unit_test(an_average_over_one_value_is_that_value),
        cmocka_unit_test(small_trades_count_beside_a_huge_one),
        cmocka_unit_test(the_strength_index_is_wilders),
        cmocka_unit_test(the_strength_index_has_ends_and_a_middle),
        cmocka_unit_test(volatility_is_the_root_of_squared_log_returns),
        cmocka_unit_test(what_was_is_given_back),
        cmocka_unit_test(equal_values_have_exactly_their_mean_and_no_deviation),
        cmocka_unit_test(what_has_left_a_window_leaves_no_trace),
        cmocka_unit_test(windows_that_hold_nan_are_nan_and_averages_pass_it_over),
        cmocka_unit_test(every_nan_that_is_given_has_the_same_bits),
        cmocka_unit_test(long_windows_far_from_zero_stay_exact),
        cmocka_unit_test(a_window_longer_than_the_data_is_never_full),
        cmocka_unit_test(a_reset_indicator_is_as_new),
        cmocka_unit_test(an_unknown_symbol_is_refused_and_nothing_is_taken_in),
        cmocka_unit_test(constants_that_make_no_sense_are_refused),
        cmocka_unit_test(its_size_and_name_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
