/* Forwards, rates and yields of chains whose true ones are known. */
#include "harness/harness.h"
#include "options/made.h"

#include "options/smile_int.h"

#include <math.h>
#include <string.h>

/* 2024-01-16T16:00:00Z, a Tuesday; days of options that expire after it: Fridays of January 19 and 26, February 16, of
 * June 21, and of January 17 in the year after. */
#define AS_OF INT64_C(1705420800000000)
enum {
    NEAR = 19741,
    WEEK = 19748,
    MONTH = 19769,
    SUMMER = 19895,
    YEAR = 20105,
    QUOTES = 2000
};

static qn_quote quotes[QUOTES];

static qn_surface_options defaults(void)
{
    qn_surface_options options;
    qn_surface_options_init(&options, sizeof options);
    return options;
}

static qn_surface *surface_of(const char *ticker, int64_t count, const made_market *market,
                              const qn_surface_options *options)
{
    qn_chain *chain = made_chain(ticker, quotes, count, market);
    qn_error err;
    qn_surface *surface;
    assert_ok(qn_surface_new(&surface, chain, options, &err), &err);
    qn_chain_free(chain); /* a surface is independent of its chain */
    return surface;
}

static made_expiry strikes_80_to_120(int32_t day, double forward, double rate)
{
    return (made_expiry){
        .day = day, .forward = forward, .rate = rate, .sigma = .2, .first_strike = 80, .step = 2, .strikes = 21};
}

static const made_market quiet = {.as_of_us = AS_OF, .spot = 100, .half_spread = .005, .least_half = .01};

static void exact_prices_give_forward_rate_and_yield_exactly(void **state)
{
    (void)state;
    const int32_t days[] = {NEAR, MONTH, YEAR};
    made_expiry expiries[3];
    int64_t n = 0;
    for (int i = 0; i < 3; i++) {
        expiries[i] = strikes_80_to_120(days[i], 0, .03);
        expiries[i].forward = 100 * exp((.03 - .01) * made_years(&quiet, &expiries[i]));
        n += made_quotes(quotes + n, &quiet, &expiries[i]);
    }
    qn_surface *surface = surface_of("SPX", n, &quiet, NULL);
    assert_false(surface->american);
    assert_int_equal(surface->smile_count, 3);
    assert_int_equal(surface->warning_count, 0);
    for (int i = 0; i < 3; i++) {
        const qn_smile *smile = &surface->smiles[i];
        assert_int_equal(smile->expiry, days[i]);
        assert_close(smile->forward, expiries[i].forward, 1e-10, 0);
        assert_close(smile->rate, .03, 1e-9, 0);
        assert_close(smile->discount, exp(-.03 * made_years(&quiet, &expiries[i])), 1e-10, 0);
        assert_close(smile->calendar_years, made_years(&quiet, &expiries[i]), 1e-14, 0);
        assert_close(smile->yield, .01, 0, 5e-4); /* a spot is never trusted wholly */
        assert_true(smile->pairs >= 4 && smile->pairs <= 21);
        assert_true(smile->forward_error > 0 && smile->forward_error < .02);
    }
    qn_surface_free(surface);
}

/* The error is the weighted mean's: of n equal spreads s in calls and puts, s sqrt(2 / 12) / sqrt(n), where the rate is
 * given, or up to twice that, for prices scatter more than spreads say; the true forward lies within some of them
 * although a fifth of the calls is of a minute ago. */
static void stale_quotes_do_not_move_a_forward(void **state)
{
    (void)state;
    uint64_t seed = test_seed(11);
    made_expiry expiry = strikes_80_to_120(MONTH, 101, .03);
    made_market market = {.as_of_us = AS_OF, .spot = 100, .half_spread = 0, .least_half = .05};
    qn_surface_options options = defaults();
    options.rate = .03;
    options.rate_given = true;
    int64_t rounds = test_effort(20, 1000);
    for (int64_t round = 0; round < rounds; round++) {
        int64_t n = made_quotes(quotes, &market, &expiry);
        for (int64_t i = 0; i < n; i++) {
            double stale = i % 10 == 0 ? .8 : 0, shift = .09 * (test_random_unit(&seed) - .5) - stale;
            if (quotes[i].bid == 0 || quotes[i].bid + shift <= 0)
                continue;
            quotes[i].bid += shift;
            quotes[i].ask += shift;
        }
        qn_surface *surface = surface_of("SPX", n, &market, &options);
        const qn_smile *smile = &surface->smiles[0];
        assert_close(smile->forward, 101, 0, 4 * smile->forward_error);
        double error = .1 * sqrt(1. / 6 / (double)smile->pairs);
        assert_true(smile->forward_error > error && smile->forward_error < 2 * error);
        qn_surface_free(surface);
    }
}

static void one_pair_is_enough_where_the_rate_is_given(void **state)
{
    (void)state;
    made_expiry expiry = strikes_80_to_120(SUMMER, 98, .05);
    expiry.first_strike = 96;
    expiry.strikes = 1;
    int64_t n = made_quotes(quotes, &quiet, &expiry);
    qn_surface_options options = defaults();
    options.rate = .05;
    options.rate_given = true;
    qn_surface *surface = surface_of("SPX", n, &quiet, &options);
    assert_close(surface->smiles[0].forward, 98, 1e-12, 0);
    assert_int_equal(surface->smiles[0].pairs, 1);
    assert_string_equal(surface->smiles[0].forward_source, "parity of 1 pair");
    assert_int_equal(surface->warning_count, 0);
    qn_surface_free(surface);
    /* without a rate it is 0, and that is said; so near to the forward it does little */
    surface = surface_of("SPX", n, &quiet, NULL);
    assert_close(surface->smiles[0].forward, 98, 0, .05);
    assert_int_equal(surface->warning_count, 1);
    assert_contains(surface->warnings[0], "the rate is taken as 0");
    qn_surface_free(surface);
}

/* Only calls: S e^(r T) less dividends that came, grown since. */
static void without_a_pair_spot_rate_and_dividends_tell_the_forward(void **state)
{
    (void)state;
    made_expiry expiry = strikes_80_to_120(SUMMER, 102, .04);
    int64_t n = made_quotes(quotes, &quiet, &expiry);
    for (int64_t i = 1; i < n; i += 2)
        quotes[i].bid = 0;
    double years = made_years(&quiet, &expiry);
    const qn_dividend dividends[] = {{.1, 2}, {.3, 1}, {3, 50}};
    qn_surface_options options = defaults();
    options.rate = .04;
    options.rate_given = true;
    qn_surface *surface = surface_of("SPX", n, &quiet, &options);
    assert_close(surface->smiles[0].forward, 100 * exp(.04 * years), 1e-13, 0);
    assert_true(isnan(surface->smiles[0].forward_error));
    assert_int_equal(surface->smiles[0].pairs, 0);
    assert_string_equal(surface->smiles[0].forward_source, "spot and rate");
    qn_surface_free(surface);

    options.dividends = dividends;
    options.dividend_count = 3;
    surface = surface_of("AAPL", n, &quiet, &options);
    assert_true(surface->american);
    double forward = 100 * exp(.04 * years) - 2 * exp(.04 * (years - .1)) - exp(.04 * (years - .3));
    assert_close(surface->smiles[0].forward, forward, 1e-13, 0);
    assert_string_equal(surface->smiles[0].forward_source, "spot, rate and dividends");
    qn_surface_free(surface);
}

static void without_pair_and_spot_there_is_a_reason_and_no_forward(void **state)
{
    (void)state;
    made_market market = quiet;
    market.spot = (double)NAN;
    made_expiry expiries[] = {strikes_80_to_120(MONTH, 100, 0), strikes_80_to_120(YEAR, 100, 0)};
    int64_t n = made_quotes(quotes, &market, &expiries[0]), all = n + made_quotes(quotes + n, &market, &expiries[1]);
    for (int64_t i = 1; i < n; i += 2)
        quotes[i].bid = 0;
    qn_surface *surface = surface_of("SPX", all, &market, NULL);
    assert_true(isnan(surface->smiles[0].forward));
    assert_int_equal(surface->smiles[0].shape, QN_SMILE_NONE);
    assert_contains(surface->smiles[0].reason, "no spot");
    assert_int_equal(surface->smiles[0].point_count, 0);
    /* one bad expiry does not spoil the next */
    assert_close(surface->smiles[1].forward, 100, 1e-10, 0);
    assert_true(isnan(surface->smiles[1].yield));
    assert_true(surface->smiles[1].used > 10);
    qn_surface_free(surface);
}

/* Prices at strikes of 1e308 and 1e-300 are beyond what least squares can add up; among 21 good pairs they are not
 * seen, and by themselves they make no forward. */
static void absurd_strikes_do_not_spoil_a_forward(void **state)
{
    (void)state;
    made_expiry expiry = strikes_80_to_120(MONTH, 101, .03);
    qn_surface_options options = defaults();
    options.rate = .03;
    options.rate_given = true;
    int64_t n = made_quotes(quotes + 2, &quiet, &expiry);
    for (int i = 0; i < 4; i++) {
        qn_quote *quote = &quotes[i < 2 ? i : n + i];
        *quote = quotes[2 + i % 2];
        quote->type = i % 2 == 0 ? QN_CALL : QN_PUT;
        quote->quote_class = QN_QUOTE_GOOD;
        quote->strike = i < 2 ? 1e-300 : 1e308;
        quote->bid = i < 2 ? 1e-301 : 1e308;
        quote->ask = i < 2 ? 2e-301 : 1.1e308;
    }
    qn_surface *surface = surface_of("SPX", n + 4, &quiet, &options);
    assert_close(surface->smiles[0].forward, 101, 1e-10, 0);
    assert_int_equal(surface->smiles[0].shape, QN_SMILE_SVI);
    assert_false(isinf(surface->smiles[0].strip_variance));
    assert_true(surface->smiles[0].points[0].strike == 1e-300);
    assert_true(surface->smiles[0].points[0].weight == 0);
    qn_surface_free(surface);
    made_market market = quiet;
    market.spot = (double)NAN;
    surface = surface_of("SPX", 2, &market, &options);
    assert_int_equal(surface->smiles[0].pairs, 0);
    assert_contains(surface->smiles[0].reason, "no usable");
    qn_surface_free(surface);
}

static void rates_that_are_negative_indeed_are_told(void **state)
{
    (void)state;
    const int32_t days[] = {MONTH, SUMMER, YEAR};
    int64_t n = 0;
    for (int i = 0; i < 3; i++) {
        made_expiry expiry = strikes_80_to_120(days[i], 100, -.02);
        n += made_quotes(quotes + n, &quiet, &expiry);
    }
    qn_surface *surface = surface_of("SPX", n, &quiet, NULL);
    for (int i = 0; i < 3; i++) {
        assert_close(surface->smiles[i].rate, -.02, 1e-9, 0);
        assert_close(surface->smiles[i].atm_vol, .2, 1e-4, 0);
    }
    qn_surface_free(surface);
}

/* A binomial tree's prices: r = 8 %, no yield, so that puts have a premium of up to 2 and parity of the prices is off
 * by as much; and q = 8 %, r = 2 %, where calls have it. The tree is good to some 1e-3. */
static void the_premium_of_early_exercise_is_taken_out_of_american_pairs(void **state)
{
    (void)state;
    const struct {
        double rate, yield;
    } cases[] = {{.08, 0}, {.02, .08}, {0, .04}};
    int64_t count = test_effort(3, 3);
    for (int64_t i = 0; i < count; i++) {
        made_market market = {.as_of_us = AS_OF, .spot = 100, .half_spread = .002, .least_half = .02, .american = true};
        made_expiry expiry = strikes_80_to_120(YEAR, 0, cases[i].rate);
        expiry.step = 4;
        expiry.strikes = 11;
        expiry.forward = 100 * exp((cases[i].rate - cases[i].yield) * made_years(&market, &expiry));
        int64_t n = made_quotes(quotes, &market, &expiry);
        qn_surface_options options = defaults();
        options.rate = cases[i].rate;
        options.rate_given = true;
        qn_surface *surface = surface_of("AAPL", n, &market, &options);
        const qn_smile *smile = &surface->smiles[0];
        assert_close(smile->forward, expiry.forward, 0, 5e-3);
        assert_close(smile->yield, cases[i].yield, 0, 1e-4);
        for (int64_t p = 0; p < smile->point_count; p++) {
            if (smile->points[p].weight > 0)
                assert_close(smile->points[p].mid_vol, .2, 0, 2e-4);
        }
        options.exercise = QN_EXERCISE_EUROPEAN;
        qn_surface *wrong = surface_of("AAPL", n, &market, &options);
        assert_true(fabs(wrong->smiles[0].forward - expiry.forward) > .1);
        qn_surface_free(wrong);
        qn_surface_free(surface);
    }
}

/* Prices by the library itself, of a share that pays 2 in a quarter of a year; the forward is known without them. Those
 * of cash dividends are good to 1e-4 of the strike. */
static void dividends_in_cash_are_taken_out_of_forward_and_yield(void **state)
{
    (void)state;
    test_not_short();
    made_expiry expiry = strikes_80_to_120(SUMMER, 100, .05);
    expiry.first_strike = 94;
    expiry.step = 4;
    expiry.strikes = 5;
    int64_t n = made_quotes(quotes, &quiet, &expiry);
    const qn_dividend dividend = {.25, 2};
    double years = made_years(&quiet, &expiry), rate = .05, sigma = .2, spot = 100, strikes[10], prices[10];
    int8_t types[10];
    for (int64_t i = 0; i < n; i++) {
        strikes[i] = quotes[i].strike;
        types[i] = quotes[i].type;
    }
    qn_american_options american;
    qn_american_options_init(&american, sizeof american);
    american.dividends = &dividend;
    american.dividend_count = 1;
    qn_option_batch batch;
    qn_option_batch_init(&batch, sizeof batch);
    batch.count = n;
    batch.types = types;
    batch.strike = (qn_numbers){strikes, 1};
    batch.spot = (qn_numbers){&spot, 0};
    batch.years = (qn_numbers){&years, 0};
    batch.rate = (qn_numbers){&rate, 0};
    batch.sigma = (qn_numbers){&sigma, 0};
    qn_option_results results;
    qn_option_results_init(&results, sizeof results);
    results.price = prices;
    qn_error err;
    assert_ok(qn_american_price(&results, &batch, &american, &err), &err);
    for (int64_t i = 0; i < n; i++) {
        quotes[i].bid = prices[i] - .02;
        quotes[i].ask = prices[i] + .02;
    }
    qn_surface_options options = defaults();
    options.rate = rate;
    options.rate_given = true;
    options.dividends = &dividend;
    options.dividend_count = 1;
    qn_surface *surface = surface_of("AAPL", n, &quiet, &options);
    assert_close(surface->smiles[0].forward, 100 * exp(rate * years) - 2 * exp(rate * (years - .25)), 0, .02);
    assert_close(surface->smiles[0].yield, 0, 0, 1e-3);
    qn_surface_free(surface);
    options.dividend_count = 0;
    surface = surface_of("AAPL", n, &quiet, &options);
    assert_close(surface->smiles[0].yield, .02 / years, .1, 0); /* what it is as a yield */
    qn_surface_free(surface);
}

/* Short expiries whose quotes are of a share at 100 while the file says 101: no yield does that. */
static void a_spot_that_is_of_another_time_is_noticed(void **state)
{
    (void)state;
    const int32_t days[] = {NEAR, 19744, 19745, WEEK, 19755, MONTH, SUMMER, YEAR};
    enum {
        N = sizeof days / sizeof days[0]
    };
    int64_t n = 0;
    for (int i = 0; i < N; i++) {
        made_expiry expiry = strikes_80_to_120(days[i], 0, .03);
        expiry.forward = 100 * exp((.03 - .01) * made_years(&quiet, &expiry));
        n += made_quotes(quotes + n, &quiet, &expiry);
    }
    made_market market = quiet;
    market.spot = 101;
    qn_surface *surface = surface_of("SPX", n, &market, NULL);
    assert_int_equal(surface->warning_count, 1);
    assert_contains(surface->warnings[0], "the spot 101 does not fit the quotes, which are of one at 100");
    for (int i = 0; i < N; i++)
        assert_close(surface->smiles[i].yield, .01, 0, 2e-3);
    qn_surface_free(surface);
}

/* A line of linear algebra (mpmath, 30 digits): the mean and deviation of the posterior of a random walk in log time
 * with deviation .005, given observations with these errors. */
static void a_curve_of_rates_is_the_most_likely_one(void **state)
{
    (void)state;
    const double years[] = {.01, .05, .25, 1, 3}, told[] = {.03, .035, .021, .03, .033};
    const double errors[] = {.2, .02, .004, .001, .0015};
    const double means[] = {0.025100511432407372, 0.025095583043249734, 0.02409437064467028, 0.029934642875106148,
                            0.032767895600718057};
    const double deviations[] = {0.0092468066802587692, 0.006737886522041701, 0.0032815570155352203,
                                 0.00097422389165269177, 0.0014439788102826875};
    qni_rate rates[5] = {{0}};
    for (int i = 0; i < 5; i++)
        rates[i] = (qni_rate){.years = years[i], .rate = told[i], .error = errors[i]};
    qni_rates_smooth(rates, 5, .005);
    for (int i = 0; i < 5; i++) {
        assert_close(rates[i].rate, means[i], 1e-13, 0);
        assert_close(rates[i].error, deviations[i], 1e-13, 0);
    }
}

/* Pools of rate times years, weighted by 1 / (error years)^2: .005 and .004 into .0048, that and .0045 into
 * 6125 / 1277777.8; negative ones become 0. */
static void discount_factors_do_not_rise_with_time(void **state)
{
    (void)state;
    qni_rate rates[] = {{.years = .1, .rate = .05, .error = .01},
                        {.years = .2, .rate = .02, .error = .01},
                        {.years = .3, .rate = .015, .error = .02},
                        {.years = 1, .rate = .03, .error = .01}};
    qni_rates_monotone(rates, 4);
    double pool = 6125 / (1.25e6 + 1e6 / 36);
    assert_close(rates[0].rate, pool / .1, 1e-12, 0);
    assert_close(rates[1].rate, pool / .2, 1e-12, 0);
    assert_close(rates[2].rate, pool / .3, 1e-12, 0);
    assert_close(rates[3].rate, .03, 1e-12, 0);
    qni_rate negative[] = {{.years = .1, .rate = -.05, .error = .01}, {.years = 1, .rate = .01, .error = .01}};
    qni_rates_monotone(negative, 2);
    assert_close(negative[0].rate, 0, 0, 0);
    assert_close(negative[1].rate, .01, 1e-12, 0);
}

static void options_on_indices_are_european_and_all_others_american(void **state)
{
    (void)state;
    static const char *const european[] = {"SPX",  "SPXW", "XSP", "NDX", "NDXP", "RUT",
                                           "RUTW", "VIX",  "DJX", "XEO", "^SPX", "$NDX"};
    static const char *const other[] = {"AAPL", "SPY", "OEX", "QQQ", "", "SP", "SPXL", "spx"};
    for (size_t i = 0; i < sizeof european / sizeof european[0]; i++)
        assert_true(qni_exercise_european(european[i]));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_false(qni_exercise_european(other[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_prices_give_forward_rate_and_yield_exactly),
        cmocka_unit_test(stale_quotes_do_not_move_a_forward),
        cmocka_unit_test(one_pair_is_enough_where_the_rate_is_given),
        cmocka_unit_test(without_a_pair_spot_rate_and_dividends_tell_the_forward),
        cmocka_unit_test(without_pair_and_spot_there_is_a_reason_and_no_forward),
        cmocka_unit_test(absurd_strikes_do_not_spoil_a_forward),
        cmocka_unit_test(rates_that_are_negative_indeed_are_told),
        cmocka_unit_test(the_premium_of_early_exercise_is_taken_out_of_american_pairs),
        cmocka_unit_test(dividends_in_cash_are_taken_out_of_forward_and_yield),
        cmocka_unit_test(a_spot_that_is_of_another_time_is_noticed),
        cmocka_unit_test(a_curve_of_rates_is_the_most_likely_one),
        cmocka_unit_test(discount_factors_do_not_rise_with_time),
        cmocka_unit_test(options_on_indices_are_european_and_all_others_american),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
