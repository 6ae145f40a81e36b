/* A chain that is made from a surface gives that surface back: forwards, rates and volatilities within the spreads. And
 * the volatilities of American options are those of their prices. */
#include "harness/harness.h"
#include "options/made.h"

#include <math.h>

#include <quern/american.h>

enum {
    MONTH = 19769,
    QUOTES = 4000,
    EXPIRIES = 5
};

static qn_quote quotes[QUOTES];

static double between(uint64_t *seed, double low, double high)
{
    return low + (high - low) * test_random_unit(seed);
}

/* An index at 10 to 10000 in an economy of rates up to 6 %, skewed as indices are. Its smiles rise far less steeply
 * than would let butterflies be free. */
typedef struct world {
    made_market market;
    made_expiry expiries[EXPIRIES];
    qn_svi svi[EXPIRIES];
    int64_t count;
} world;

static void make_world(world *w, uint64_t *seed)
{
    static const int32_t days[EXPIRIES] = {19741, 19769, 19797, 19895, 20105};
    double spot = exp(between(seed, log(10), log(10000))), rate = between(seed, 0, .06), yield = between(seed, 0, .03);
    double level = between(seed, .02, .15), slope = between(seed, .05, .15), rho = between(seed, -.8, .2);
    w->market = (made_market){.as_of_us = INT64_C(1705420800000000), /* 2024-01-16T16:00:00Z */
                              .spot = spot,
                              .half_spread = between(seed, .002, .02),
                              .least_half = 2e-5 * spot};
    w->count = 0;
    for (int i = 0; i < EXPIRIES; i++) {
        made_expiry *e = &w->expiries[i];
        *e = (made_expiry){.day = days[i], .rate = rate + .002 * i, .svi = &w->svi[i], .strikes = 61};
        double years = made_years(&w->market, e);
        e->forward = spot * exp((e->rate - yield) * years);
        double width = 3.5 * sqrt(level * years);
        e->first_strike = e->forward * exp(-width);
        e->step = e->forward * (exp(width) - exp(-width)) / 60;
        w->svi[i] = (qn_svi){level * years * .5, slope * sqrt(years) * .5, rho, 0, .3 * sqrt(level * years) / slope};
        w->count += made_quotes(quotes + w->count, &w->market, e);
    }
    for (int64_t i = 0; i < w->count; i++) { /* where in its spread a price is, nobody knows */
        if (quotes[i].bid == 0)
            continue;
        double shift = .4 * (quotes[i].ask - quotes[i].bid) * between(seed, -1, 1);
        quotes[i].bid += shift;
        quotes[i].ask += shift;
    }
}

static void check_smile(const qn_smile *smile, const made_expiry *expiry)
{
    assert_close(smile->forward, expiry->forward, 0, 5 * smile->forward_error);
    assert_close(smile->forward, expiry->forward, 2e-3, 0);
    int64_t good = 0, inside = 0;
    for (int64_t i = 0; i < smile->point_count; i++) {
        const qn_smile_point *p = &smile->points[i];
        if (!(p->weight > .05))
            continue;
        double sigma = sqrt(qn_svi_variance(expiry->svi, log(p->strike / expiry->forward)) / smile->years);
        good++;
        inside += p->bid_vol < sigma && sigma < p->ask_vol;
        assert_close(p->mid_vol, sigma, 0, 1.2 * (p->ask_vol - p->bid_vol));
    }
    assert_true(good >= 5 && inside * 10 >= good * 9);
}

static void a_made_surface_is_given_back(void **state)
{
    (void)state;
    uint64_t seed = test_seed(7);
    for (int64_t round = 0; round < test_effort(24, 1000); round++) {
        world w;
        make_world(&w, &seed);
        qn_chain *chain = made_chain("SPX", quotes, w.count, &w.market);
        qn_error err;
        qn_surface *surface;
        assert_ok(qn_surface_new(&surface, chain, NULL, &err), &err);
        assert_int_equal(surface->smile_count, EXPIRIES);
        for (int i = 0; i < EXPIRIES; i++) {
            check_smile(&surface->smiles[i], &w.expiries[i]);
            assert_close(surface->smiles[i].rate, w.expiries[i].rate, 0, .02);
            assert_true(i == 0 || surface->smiles[i].discount <= surface->smiles[i - 1].discount);
        }
        assert_close(surface->smiles[EXPIRIES - 1].rate, w.expiries[EXPIRIES - 1].rate, 0, .005);
        qn_surface_free(surface);
        qn_chain_free(chain);
    }
}

/* The price at a volatility, by the boundaries of this option alone. */
static double american(const qn_smile *smile, const qn_smile_point *p, double rate, double sigma)
{
    double spot = smile->forward * exp(-(rate - smile->yield) * smile->years), price;
    qn_option_batch batch;
    qn_option_results results;
    qn_error err;
    qn_option_batch_init(&batch, sizeof batch);
    qn_option_results_init(&results, sizeof results);
    batch.count = 1;
    batch.type = (qn_option_type)p->type;
    batch.spot = (qn_numbers){&spot, 0};
    batch.strike = (qn_numbers){&p->strike, 0};
    batch.years = (qn_numbers){&smile->years, 0};
    batch.rate = (qn_numbers){&rate, 0};
    batch.yield = (qn_numbers){&smile->yield, 0};
    batch.sigma = (qn_numbers){&sigma, 0};
    results.price = &price;
    assert_ok(qn_american_price(&results, &batch, NULL, &err), &err);
    return price;
}

/* What does not matter of a price: a hundredth of half the spread, and what prices are accurate to. */
static int64_t check_prices(const qn_smile_point *p, const qn_smile *smile, double rate)
{
    const double sigma[] = {p->bid_vol, p->mid_vol, p->ask_vol}, price[] = {p->bid, 0.5 * (p->bid + p->ask), p->ask};
    double tolerance = 0.01 * 0.5 * (p->ask - p->bid) + 2e-6 * p->strike;
    int64_t n = 0;
    for (int i = 0; i < 3; i++) {
        if (isnan(sigma[i]))
            continue;
        assert_close(american(smile, p, rate, sigma[i]), price[i], 0, tolerance);
        n++;
    }
    return n;
}

static void volatilities_of_both_sides_lead_back_to_their_prices(void **state)
{
    (void)state;
    uint64_t seed = test_seed(11);
    int64_t checked = 0;
    const int64_t rounds = test_effort(16, 1000);
    for (int64_t round = 0; round < rounds; round++) {
        double rate = between(&seed, 0, .08), yield = between(&seed, -.02, .06), sigma = between(&seed, .1, .8);
        made_market market = {.as_of_us = INT64_C(1705420800000000),
                              .spot = exp(between(&seed, log(2), log(2000))),
                              .half_spread = exp(between(&seed, log(.002), log(.95))),
                              .american = true};
        made_expiry e = {.day = 19769 + (int32_t)test_random_below(&seed, 500), .rate = rate, .sigma = sigma};
        double years = made_years(&market, &e), width = 2.5 * sigma * sqrt(years);
        e.strikes = 15;
        e.forward = market.spot * exp((rate - yield) * years);
        e.first_strike = e.forward * exp(-width);
        e.step = e.forward * (exp(width) - exp(-width)) / 14;
        market.least_half = 1e-5 * market.spot;
        qn_chain *chain = made_chain("QRN", quotes, made_quotes(quotes, &market, &e), &market);
        qn_surface_options options;
        qn_surface *surface;
        qn_error err;
        qn_surface_options_init(&options, sizeof options);
        options.rate = rate;
        options.rate_given = true;
        assert_ok(qn_surface_new(&surface, chain, &options, &err), &err);
        const qn_smile *smile = &surface->smiles[0];
        for (int64_t i = 0; i < smile->point_count && smile->forward > 0; i++)
            checked += check_prices(&smile->points[i], smile, rate);
        qn_surface_free(surface);
        qn_chain_free(chain);
    }
    assert_true(checked > 5 * rounds); /* some chains have wide quotes, which hold few volatilities */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_surface_is_given_back),
        cmocka_unit_test(volatilities_of_both_sides_lead_back_to_their_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
