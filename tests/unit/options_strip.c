/* The variance strip against the white paper that defines it, and against a small one worked out independently. */
#include "harness/harness.h"

#include <quern/smile.h>
#include <quern/table.h>

#include <math.h>
#include <stdio.h>

enum {
    MOST = 600
};

typedef struct row {
    double strike, call_bid, call_ask, put_bid, put_ask;
} row;

static qn_quote quote_of(double strike, int8_t type, double bid, double ask)
{
    qn_quote_class quote_class = bid > ask ? QN_QUOTE_CROSSED
                                 : bid > 0 ? QN_QUOTE_GOOD
                                 : ask > 0 ? QN_QUOTE_ONE_SIDED
                                           : QN_QUOTE_ZERO;
    return (qn_quote){.strike = strike, .type = type, .bid = bid, .ask = ask, .quote_class = (uint8_t)quote_class};
}

/* Quotes (2 count) of rows, as a chain has them. */
static void quotes_of(qn_quote *out, const row *rows, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[2 * i] = quote_of(rows[i].strike, QN_CALL, rows[i].call_bid, rows[i].call_ask);
        out[2 * i + 1] = quote_of(rows[i].strike, QN_PUT, rows[i].put_bid, rows[i].put_ask);
    }
}

/* Two puts in a row without a bid have nothing below them, but the single call at 115 does not end the calls, while the
 * two at 125 and 130 do. Python of the white paper's steps, in the same order of operations:
 *
 *   F, K0, variance, options = 100.80401001668753, 100, 0.03180886507366535, 6 */
static const row small[] = {
    {70, 30.5, 31.5, .05, .10}, {80, 20.5, 21.5, 0, .10},  {85, 15.6, 16.4, 0, .15},  {90, 11.0, 11.6, .35, .45},
    {95, 6.9, 7.3, 1.2, 1.4},   {100, 3.8, 4.0, 3.0, 3.2}, {105, 1.7, 1.9, 5.8, 6.2}, {110, .6, .7, 9.6, 10.2},
    {115, 0, .2, 14.2, 15.0},   {120, .05, .10, 19, 20},   {125, 0, .05, 24, 25},     {130, 0, .05, 29, 30},
    {135, .05, .10, 34, 35},
};
enum {
    SMALL = sizeof small / sizeof small[0]
};

static void a_strip_is_what_the_steps_of_the_paper_give(void **state)
{
    (void)state;
    qn_quote quotes[2 * SMALL];
    qn_error err;
    double variance, forward, strike;
    quotes_of(quotes, small, SMALL);
    assert_ok(qn_variance_strip(&variance, &forward, &strike, quotes, 2 * SMALL, .25, .02, &err), &err);
    assert_close(forward, 100.80401001668753, 1e-15, 0);
    assert_close(strike, 100, 0, 0);
    assert_close(variance, 0.03180886507366535, 1e-13, 0);
}

static void a_strip_that_cannot_be_says_why(void **state)
{
    (void)state;
    qn_quote quotes[2 * SMALL];
    qn_error err;
    double variance, forward, strike;
    quotes_of(quotes, small, SMALL);
    assert_int_equal(qn_variance_strip(&variance, &forward, &strike, quotes, 2 * SMALL, 0, .02, &err), QN_INVALID);
    assert_int_equal(qn_variance_strip(&variance, &forward, &strike, quotes, 0, .25, .02, &err), QN_DATA);
    assert_contains(err.message, "no strike has a call and a put");
    assert_true(isnan(variance) && isnan(forward) && isnan(strike));
    assert_int_equal(qn_variance_strip(&variance, &forward, &strike, quotes + 10, 2, .25, .02, &err), QN_DATA);
    assert_contains(err.message, "only the strike 100 ");
    /* the only pair is in the money for its call: the forward is below every strike */
    assert_int_equal(qn_variance_strip(&variance, &forward, &strike, quotes + 12, 2, .25, .02, &err), QN_DATA);
    assert_contains(err.message, "at or below the forward 100.779");
    /* 1 / strike^2 is not a number any more */
    quotes[6].strike = quotes[7].strike = 1e-200;
    assert_int_equal(qn_variance_strip(&variance, &forward, &strike, quotes + 6, 2 * SMALL - 6, .25, .02, &err),
                     QN_DATA);
    assert_contains(err.message, "no finite sum");
    assert_true(isnan(variance) && isnan(forward) && isnan(strike));
}

/* The two expiries of the white paper: its 9 and 37 days are whole days here. */
static int64_t read_paper(qn_quote *quotes, const qn_table *table, double days)
{
    int64_t n = 0;
    const double *all_days = qn_table_f64(table, qn_table_column_find(table, "Days"));
    const double *strikes = qn_table_f64(table, qn_table_column_find(table, "Strike"));
    const char *const names[] = {"Call Bid", "Call Ask", "Put Bid", "Put Ask"};
    const double *prices[4];
    for (int i = 0; i < 4; i++)
        prices[i] = qn_table_f64(table, qn_table_column_find(table, names[i]));
    for (int64_t i = 0; i < qn_table_row_count(table) && n < MOST; i++) {
        if (all_days[i] != days)
            continue;
        row r = {strikes[i], prices[0][i], prices[1][i], prices[2][i], prices[3][i]};
        quotes_of(quotes + 2 * n++, &r, 1);
    }
    return 2 * n;
}

static void the_white_paper_s_chain_gives_the_white_paper_s_index(void **state)
{
    (void)state;
    const char *folder = test_shared_data("the chain of the VIX white paper");
    if (folder == NULL)
        skip();
    char path[256];
    snprintf(path, sizeof path, "%s/options/vix_white_paper_chain.csv", folder);
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.types = "Days=f64,Strike=f64";
    assert_ok(qn_csv_open(&csv, path, &options, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    static qn_quote quotes[2 * MOST];
    const double day = 24 * 60, days[] = {9, 37}, forwards[] = {920.5, 921}, variances[] = {.4727672, .3668182};
    double variance[2], forward, strike;
    for (int i = 0; i < 2; i++) {
        int64_t n = read_paper(quotes, table, days[i]);
        assert_ok(qn_variance_strip(&variance[i], &forward, &strike, quotes, n, days[i] / 365, .0038, &err), &err);
        assert_close(forward, forwards[i], 0, 5e-4);
        assert_close(strike, 920, 0, 0);
        assert_close(variance[i], variances[i], 0, 5e-8);
    }
    assert_close(qn_vix(variance[0], 9 * day, variance[1], 37 * day), 61.22, 0, 5e-3);
    qn_table_free(table);
}

/* From its formula: 9 and 37 days of the paper's own variances; 30 days alone are that day's volatility. */
static void the_index_lies_between_two_variances(void **state)
{
    (void)state;
    const double day = 24 * 60;
    assert_close(qn_vix(.4727672, 9 * day, .3668182, 37 * day), 61.22, 0, 5e-3);
    assert_close(qn_vix(.04, 30 * day, .09, 60 * day), 20, 1e-14, 0);
    assert_close(qn_vix(.04, 9 * day, .09, 30 * day), 30, 1e-14, 0);
    assert_close(qn_vix(.04, 10 * day, .04, 50 * day), 20, 1e-14, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strip_is_what_the_steps_of_the_paper_give),
        cmocka_unit_test(a_strip_that_cannot_be_says_why),
        cmocka_unit_test(the_white_paper_s_chain_gives_the_white_paper_s_index),
        cmocka_unit_test(the_index_lies_between_two_variances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
