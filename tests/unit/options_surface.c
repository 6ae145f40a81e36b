/* How a chain becomes a surface: which expiries, which points of each, what is said of the rest. */
#include "harness/harness.h"
#include "options/made.h"

#include <quern/threads.h>

#include <math.h>
#include <string.h>

#define AS_OF INT64_C(1705420800000000) /* 2024-01-16T16:00:00Z */
enum {
    NEAR = 19741,
    MONTH = 19769,
    YEAR = 20105,
    QUOTES = 2000
};

static qn_quote quotes[QUOTES];
static const made_market quiet = {.as_of_us = AS_OF, .spot = 100, .half_spread = .01, .least_half = .01};

static qn_surface_options defaults(void)
{
    qn_surface_options options;
    qn_surface_options_init(&options, sizeof options);
    return options;
}

static qn_surface *surface_of(const char *ticker, int64_t count, const qn_surface_options *options)
{
    qn_chain *chain = made_chain(ticker, quotes, count, &quiet);
    qn_error err;
    qn_surface *surface;
    assert_ok(qn_surface_new(&surface, chain, options, &err), &err);
    qn_chain_free(chain);
    return surface;
}

static made_expiry flat(int32_t day)
{
    return (made_expiry){
        .day = day, .forward = 101, .rate = .02, .sigma = .25, .first_strike = 70, .step = 2.5, .strikes = 25};
}

/* The weight of a point is vega over spread: Black's vega by its formula. */
static void a_point_is_the_out_of_the_money_option_of_its_strike(void **state)
{
    (void)state;
    made_expiry expiry = flat(MONTH);
    int64_t n = made_quotes(quotes, &quiet, &expiry);
    qn_surface *surface = surface_of("SPX", n, NULL);
    const qn_smile *smile = &surface->smiles[0];
    double years = made_years(&quiet, &expiry), most = 0, weights[25];
    assert_int_equal(smile->point_count, 25);
    for (int64_t i = 0; i < 25; i++) {
        const qn_smile_point *p = &smile->points[i];
        double d1 = log(101 / p->strike) / (.25 * sqrt(years)) + .5 * .25 * sqrt(years);
        weights[i] = exp(-.5 * d1 * d1) / (p->ask - p->bid);
        if (p->bid > 0)
            most = fmax(most, weights[i]);
    }
    for (int64_t i = 0; i < 25; i++) {
        const qn_smile_point *p = &smile->points[i];
        assert_close(p->strike, 70 + 2.5 * (double)i, 0, 0);
        assert_close(p->k, log(p->strike / 101), 1e-9, 1e-12);
        assert_int_equal(p->type, p->strike < 101 ? QN_PUT : QN_CALL);
        assert_close(p->strike, quotes[p->quote].strike, 0, 0);
        assert_int_equal(p->type, quotes[p->quote].type);
        if (p->bid == 0) {
            assert_true(isnan(p->mid_vol) && isnan(p->bid_vol) && p->ask_vol > 0);
            assert_int_equal(p->status, QN_OPTION_BAD_PRICE);
            assert_close(p->weight, 0, 0, 0);
            continue;
        }
        assert_int_equal(p->status, QN_OPTION_OK);
        assert_close(p->mid_vol, .25, 1e-7, 0);
        assert_true(p->bid_vol < .25 && p->ask_vol > .25);
        assert_close(p->weight, weights[i] / most, 1e-6, 0);
    }
    qn_surface_free(surface);
}

/* Bids of two strikes in a row are gone: what lies beyond has bids, and is not used. */
static void two_strikes_without_a_bid_end_a_wing(void **state)
{
    (void)state;
    made_expiry expiry = flat(YEAR);
    int64_t n = made_quotes(quotes, &quiet, &expiry);
    quotes[2 * 4 + 1].bid = quotes[2 * 3 + 1].bid = 0; /* puts at 80 and 77.5 */
    quotes[2 * 20].bid = 0;                            /* the call at 120 alone */
    qn_surface *surface = surface_of("SPX", n, NULL);
    const qn_smile *smile = &surface->smiles[0];
    for (int64_t i = 0; i < smile->point_count; i++)
        assert_int_equal(smile->points[i].weight > 0, i > 4 && i != 20);
    assert_int_equal(smile->used, 25 - 5 - 1);
    qn_surface_free(surface);
}

/* Half a spread of 2 at the money leaves nothing: no bid, and a reason instead of a shape. */
static void an_expiry_without_a_usable_point_says_so(void **state)
{
    (void)state;
    made_expiry expiry = flat(MONTH);
    int64_t n = made_quotes(quotes, &quiet, &expiry);
    for (int64_t i = 0; i < n; i++)
        quotes[i].bid = 0;
    qn_surface *surface = surface_of("SPX", n, NULL);
    const qn_smile *smile = &surface->smiles[0];
    assert_int_equal(smile->shape, QN_SMILE_NONE);
    assert_int_equal(smile->used, 0);
    assert_contains(smile->reason, "no out-of-the-money option has a bid, an ask and a volatility");
    assert_true(isnan(smile->strip_variance) && isnan(smile->atm_vol));
    assert_string_equal(smile->forward_source, "spot and rate");
    qn_surface_free(surface);
}

/* The strip of a wide dense flat smile is its variance, whatever the clock counts. */
static void the_strip_of_a_flat_smile_is_its_variance(void **state)
{
    (void)state;
    made_expiry expiry = flat(YEAR);
    expiry.first_strike = 20;
    expiry.step = .5;
    expiry.strikes = 800;
    made_market market = quiet;
    market.least_half = 1e-9;
    int64_t n = made_quotes(quotes, &market, &expiry);
    for (int clock = 0; clock < 3; clock++) {
        qn_surface_options options = defaults();
        options.clock = (qn_clock)clock;
        qn_surface *surface = surface_of("SPX", n, &options);
        const qn_smile *smile = &surface->smiles[0];
        double total = .25 * .25 * made_years(&quiet, &expiry);
        assert_close(smile->strip_variance * smile->years, total, 1e-3, 0);
        assert_close(smile->atm_vol * smile->atm_vol * smile->years, total, 1e-2, 0);
        assert_true(clock != 0 || smile->years == smile->calendar_years);
        qn_surface_free(surface);
    }
}

static int64_t three_expiries(void)
{
    const int32_t days[] = {NEAR - 4, NEAR, MONTH, MONTH};
    int64_t n = 0;
    for (int i = 0; i < 4; i++) {
        made_expiry expiry = flat(days[i] == NEAR - 4 ? MONTH : days[i]);
        expiry.settlement = i == 3 ? QN_SETTLEMENT_AM : QN_SETTLEMENT_PM;
        int64_t from = n;
        n += made_quotes(quotes + n, &quiet, &expiry);
        for (int64_t j = from; j < n; j++)
            quotes[j].expiry = days[i];
    }
    return n;
}

static void what_has_expired_is_left_out_and_said(void **state)
{
    (void)state;
    int64_t n = three_expiries();
    qn_surface *surface = surface_of("SPX", n, NULL);
    assert_int_equal(surface->smile_count, 3);
    assert_int_equal(surface->warning_count, 1);
    assert_contains(surface->warnings[0], "50 quotes of 1 expiry are left out: it has passed");
    /* of one day, what is settled at the open comes first */
    assert_int_equal(surface->smiles[0].expiry, NEAR);
    assert_int_equal(surface->smiles[1].settlement, QN_SETTLEMENT_AM);
    assert_int_equal(surface->smiles[2].settlement, QN_SETTLEMENT_PM);
    assert_true(surface->smiles[1].years < surface->smiles[2].years);
    qn_surface_free(surface);
}

static void a_day_that_is_asked_for_is_all_there_is(void **state)
{
    (void)state;
    int64_t n = three_expiries();
    qn_surface_options options = defaults();
    options.expiry = MONTH;
    qn_surface *surface = surface_of("SPX", n, &options);
    assert_int_equal(surface->smile_count, 2);
    assert_int_equal(surface->warning_count, 0);
    qn_surface_free(surface);

    qn_error err;
    qn_chain *chain = made_chain("SPX", quotes, n, &quiet);
    options.expiry = MONTH + 1;
    assert_int_equal(qn_surface_new(&surface, chain, &options, &err), QN_DATA);
    assert_null(surface);
    assert_contains(err.message, "expires on 2024-02-17; the nearest day is 2024-02-16");
    options.expiry = NEAR - 4;
    assert_int_equal(qn_surface_new(&surface, chain, &options, &err), QN_DATA);
    assert_contains(err.message, "had expired");
    qn_chain_free(chain);
    chain = made_chain("SPX", quotes, 0, &quiet);
    assert_int_equal(qn_surface_new(&surface, chain, NULL, &err), QN_DATA);
    qn_chain_free(chain);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    made_expiry expiry = flat(MONTH);
    qn_chain *chain = made_chain("SPX", quotes, made_quotes(quotes, &quiet, &expiry), &quiet);
    const qn_dividend negative[] = {{.1, -1}}, unordered[] = {{.2, 1}, {.1, 1}}, all[] = {{.01, 60}, {.02, 60}};
    qn_surface_options bad[7];
    for (int i = 0; i < 7; i++)
        bad[i] = defaults();
    bad[0].rate = 5;
    bad[0].rate_given = true;
    bad[1].rate = (double)NAN;
    bad[1].rate_given = true;
    bad[2].clock = (qn_clock)7;
    bad[3].exercise = (qn_exercise)3;
    bad[4].dividends = negative;
    bad[4].dividend_count = 1;
    bad[5].dividends = unordered;
    bad[5].dividend_count = 2;
    bad[6].dividends = all; /* of a share that costs 100 */
    bad[6].dividend_count = 2;
    for (int i = 0; i < 7; i++) {
        qn_error err;
        qn_surface *surface;
        assert_int_equal(qn_surface_new(&surface, chain, &bad[i], &err), QN_INVALID);
        assert_null(surface);
        assert_true(err.message[0] != '\0');
    }
    qn_chain_free(chain);
    qn_surface_free(NULL);
}

static bool stop_at_the_third(void *user)
{
    return ++*(int *)user == 3;
}

static void a_surface_can_be_interrupted(void **state)
{
    (void)state;
    int64_t n = three_expiries();
    int asked = 0;
    qn_surface_options options = defaults();
    options.should_stop = stop_at_the_third;
    options.should_stop_user = &asked;
    qn_error err;
    qn_surface *surface;
    qn_chain *chain = made_chain("SPX", quotes, n, &quiet);
    assert_int_equal(qn_surface_new(&surface, chain, &options, &err), QN_INTERRUPTED);
    assert_null(surface);
    assert_int_equal(asked, 3);
    qn_chain_free(chain);
}

/* Bit for bit, padding apart. */
static void threads_do_not_change_a_surface(void **state)
{
    (void)state;
    int64_t n = 0;
    for (int i = 0; i < 5; i++) {
        made_expiry expiry = flat(NEAR + 7 * i);
        expiry.first_strike = 90;
        expiry.step = 5;
        expiry.strikes = 5;
        n += made_quotes(quotes + n, &quiet, &expiry);
    }
    qn_error err;
    qn_surface_options options = defaults();
    qn_surface *alone = surface_of("AAPL", n, &options);
    assert_ok(qn_threads_new(&options.threads, 3, NULL, &err), &err);
    qn_surface *together = surface_of("AAPL", n, &options);
    qn_threads_free(options.threads);
    assert_int_equal(alone->smile_count, together->smile_count);
    for (int64_t i = 0; i < alone->smile_count; i++) {
        const qn_smile *a = &alone->smiles[i], *b = &together->smiles[i];
        assert_memory_equal(&a->forward, &b->forward, sizeof a->forward);
        assert_memory_equal(&a->forward_error, &b->forward_error, sizeof a->forward_error);
        assert_memory_equal(&a->yield, &b->yield, sizeof a->yield);
        assert_memory_equal(&a->svi, &b->svi, sizeof a->svi);
        assert_int_equal(a->point_count, b->point_count);
        for (int64_t j = 0; j < a->point_count; j++) {
            assert_memory_equal(&a->points[j].mid_vol, &b->points[j].mid_vol, sizeof a->points[j].mid_vol);
            assert_memory_equal(&a->points[j].weight, &b->points[j].weight, sizeof a->points[j].weight);
        }
    }
    qn_surface_free(alone);
    qn_surface_free(together);
}

static void a_chain_of_nothing_known_is_american_and_says_so(void **state)
{
    (void)state;
    made_expiry expiry = flat(MONTH);
    int64_t n = made_quotes(quotes, &quiet, &expiry);
    qn_surface *surface = surface_of("", n, NULL);
    assert_true(surface->american);
    assert_int_equal(surface->warning_count, 2);
    assert_contains(surface->warnings[0], "taken as American");
    assert_contains(surface->warnings[1], "the rate is taken as 0");
    qn_surface_free(surface);
}

static void shapes_have_names(void **state)
{
    (void)state;
    assert_string_equal(qn_smile_shape_name(QN_SMILE_NONE), "none");
    assert_string_equal(qn_smile_shape_name(QN_SMILE_SVI), "svi");
    assert_string_equal(qn_smile_shape_name(QN_SMILE_FLAT), "flat");
    assert_string_equal(qn_smile_shape_name((qn_smile_shape)9), "?");
}

/* A put at some 12 % beside others at hundreds of per cent: what takes early exercise out of one volatility serves none
 * that is far from it. */
static void volatilities_far_apart_lead_back_to_their_prices(void **state)
{
    (void)state;
    int64_t n = 0;
    for (int strike = 60; strike <= 140; strike += 10) {
        double put = strike == 70 ? 2 : 0.6 * strike, call = 40;
        if (strike == 60)
            put = 0.05;
        quotes[n++] =
            (qn_quote){.expiry = YEAR, .type = QN_CALL, .strike = strike, .bid = call - .01, .ask = call + .01};
        quotes[n++] = (qn_quote){.expiry = YEAR, .type = QN_PUT, .strike = strike, .bid = put - .01, .ask = put + .01};
    }
    qn_chain *chain = made_chain("QRN", quotes, n, &quiet);
    qn_surface_options options = defaults();
    qn_surface *surface;
    qn_error err;
    options.rate = .05;
    options.rate_given = true;
    assert_ok(qn_surface_new(&surface, chain, &options, &err), &err);
    const qn_smile *smile = &surface->smiles[0];
    double t = smile->years, spot = smile->forward * exp(-(.05 - smile->yield) * t), low = INFINITY, high = 0;
    for (int64_t i = 0; i < smile->point_count; i++) {
        const qn_smile_point *p = &smile->points[i];
        double price;
        qn_option_batch batch;
        qn_option_results results;
        if (isnan(p->mid_vol))
            continue;
        low = fmin(low, p->mid_vol);
        high = fmax(high, p->mid_vol);
        qn_option_batch_init(&batch, sizeof batch);
        qn_option_results_init(&results, sizeof results);
        batch.count = 1;
        batch.type = (qn_option_type)p->type;
        batch.spot = (qn_numbers){&spot, 0};
        batch.strike = (qn_numbers){&p->strike, 0};
        batch.years = (qn_numbers){&t, 0};
        batch.rate = (qn_numbers){&options.rate, 0};
        batch.yield = (qn_numbers){&smile->yield, 0};
        batch.sigma = (qn_numbers){&p->mid_vol, 0};
        results.price = &price;
        assert_ok(qn_american_price(&results, &batch, NULL, &err), &err);
        assert_close(price, (p->bid + p->ask) / 2, 0, 2e-4); /* 2 % of half the spread */
    }
    assert_true(high > 10 * low);
    qn_surface_free(surface);
    qn_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_the_out_of_the_money_option_of_its_strike),
        cmocka_unit_test(two_strikes_without_a_bid_end_a_wing),
        cmocka_unit_test(an_expiry_without_a_usable_point_says_so),
        cmocka_unit_test(the_strip_of_a_flat_smile_is_its_variance),
        cmocka_unit_test(what_has_expired_is_left_out_and_said),
        cmocka_unit_test(a_day_that_is_asked_for_is_all_there_is),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(a_surface_can_be_interrupted),
        cmocka_unit_test(threads_do_not_change_a_surface),
        cmocka_unit_test(a_chain_of_nothing_known_is_american_and_says_so),
        cmocka_unit_test(shapes_have_names),
        cmocka_unit_test(volatilities_far_apart_lead_back_to_their_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
