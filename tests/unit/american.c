/* American exercise: published values, what must hold at the edges, and what is refused. */
#include "harness/harness.h"

#include <math.h>
#include <string.h>

#include <quern/american.h>
#include <quern/black.h>

typedef struct option {
    qn_option_type type;
    double spot, strike, years, rate, yield, sigma;
} option;

static qn_option_batch batch_of(const option *o)
{
    qn_option_batch b;
    qn_option_batch_init(&b, sizeof b);
    b.count = 1;
    b.type = o->type;
    b.spot = (qn_numbers){&o->spot, 0};
    b.strike = (qn_numbers){&o->strike, 0};
    b.years = (qn_numbers){&o->years, 0};
    b.rate = (qn_numbers){&o->rate, 0};
    b.yield = (qn_numbers){&o->yield, 0};
    b.sigma = (qn_numbers){&o->sigma, 0};
    return b;
}

typedef struct numbers {
    double price, delta, gamma, vega, theta, rho, vanna, volga, charm;
    uint8_t status;
} numbers;

static qn_option_results results_of(numbers *n)
{
    qn_option_results r;
    qn_option_results_init(&r, sizeof r);
    r.price = &n->price;
    r.delta = &n->delta;
    r.gamma = &n->gamma;
    r.vega = &n->vega;
    r.theta = &n->theta;
    r.rho = &n->rho;
    r.vanna = &n->vanna;
    r.volga = &n->volga;
    r.charm = &n->charm;
    r.status = &n->status;
    return r;
}

static numbers compute(const option *o, const qn_dividend *dividends, int64_t count, double accuracy, bool derivatives)
{
    numbers n;
    qn_option_batch b = batch_of(o);
    qn_option_results r = results_of(&n);
    if (!derivatives) {
        qn_option_results_init(&r, sizeof r);
        r.price = &n.price;
        r.status = &n.status;
    }
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    options.dividends = dividends;
    options.dividend_count = count;
    options.accuracy = accuracy;
    qn_error err;
    assert_ok(qn_american_price(&r, &b, &options, &err), &err);
    return n;
}

static numbers price_with(const option *o, const qn_dividend *dividends, int64_t count, double accuracy)
{
    return compute(o, dividends, count, accuracy, true);
}

static double price_cash(const option *o, const qn_dividend *dividends, int64_t count, double accuracy)
{
    numbers n = compute(o, dividends, count, accuracy, false);
    assert_int_equal(n.status, QN_OPTION_OK);
    return n.price;
}

static double price_of(const option *o)
{
    return price_cash(o, NULL, 0, 0);
}

static qn_option_status implied(double *sigma, const option *o, double price, bool bound)
{
    qn_option_batch b = batch_of(o);
    uint8_t status;
    qn_error err;
    assert_ok(qn_american_implied(sigma, &status, &b, &price, bound, NULL, &err), &err);
    return (qn_option_status)status;
}

/* Longstaff and Schwartz, "Valuing American options by simulation", 2001, table 1, by finite differences with 50 dates
 * of exercise a year: up to a cent below what continuous exercise is worth. */
static void puts_are_worth_a_little_more_than_longstaff_and_schwartz_give(void **state)
{
    (void)state;
    static const double spots[] = {36, 38, 40, 42, 44};
    static const double given[5][4] = {{4.478, 4.840, 7.101, 8.508},
                                       {3.250, 3.745, 6.148, 7.670},
                                       {2.314, 2.885, 5.312, 6.920},
                                       {1.617, 2.212, 4.582, 6.248},
                                       {1.110, 1.690, 3.948, 5.647}};
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 4; j++) {
            option o = {QN_PUT, spots[i], 40, j % 2 == 0 ? 1 : 2, .06, 0, j < 2 ? .2 : .4};
            double more = price_of(&o) - given[i][j];
            assert_true(more > -0.0005 && more < 0.0105);
        }
    }
}

/* The options of Geske and Johnson, "The American put option valued analytically", 1984, table 1: S 40, r 0.0488, as
 * binomial trees of many steps give them; the last digit is another in every paper. */
static void puts_are_worth_what_trees_give(void **state)
{
    (void)state;
    static const double given[3][3][3] = {
        {{.0062, .2004, .4329}, {.8523, 1.5799, 1.9906}, {5.0000, 5.0884, 5.2671}},
        {{.0774, .6976, 1.2199}, {1.3102, 2.4827, 3.1698}, {5.0598, 5.7058, 6.2438}},
        {{.2467, 1.3461, 2.1550}, {1.7685, 3.3877, 4.3529}, {5.2869, 6.5100, 7.3832}}};
    for (int s = 0; s < 3; s++) {
        for (int k = 0; k < 3; k++) {
            for (int t = 0; t < 3; t++) {
                option o = {QN_PUT, 40, 35 + 5 * k, (1 + 3 * t) / 12.0, .0488, 0, .2 + .1 * s};
                assert_close(price_of(&o), given[s][k][t], 0, 3e-4);
            }
        }
    }
}

/* QuantLib 1.29, QdFpAmericanEngine, highPrecisionScheme. */
static void prices_are_those_of_quantlib_at_its_highest_precision(void **state)
{
    (void)state;
    static const struct {
        option o;
        double price;
    } given[] = {{{QN_PUT, 100, 100, 1, .05, .05, .25}, 9.569445298914},
                 {{QN_CALL, 100, 100, 1, .05, .05, .25}, 9.569445298914},
                 {{QN_PUT, 36, 40, 1, .06, 0, .2}, 4.486674419027},
                 {{QN_PUT, 36, 40, 2, .06, 0, .4}, 8.514184914809}};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        const option *o = &given[i].o;
        assert_close(price_of(o), given[i].price, 0, 1e-6 * o->strike);
        assert_close(price_cash(o, NULL, 0, 1e-9), given[i].price, 0, 2e-9 * o->strike);
    }
}

static void a_call_without_dividends_is_european_in_every_bit(void **state)
{
    (void)state;
    const option options[] = {{QN_CALL, 100, 90, 1, .05, 0, .2},
                              {QN_CALL, 100, 100, 2, 0, 0, .2},
                              {QN_PUT, 100, 90, 1, 0, .05, .2},
                              {QN_PUT, 100, 90, 1, -.01, 0, .3},
                              {QN_PUT, 100, 110, 1, -.01, -.005, .3}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        numbers american = price_with(&options[i], NULL, 0, 0), european;
        qn_option_batch b = batch_of(&options[i]);
        qn_option_results r = results_of(&european);
        assert_ok(qn_black_price(&r, &b, NULL), NULL);
        assert_memory_equal(&american, &european, offsetof(numbers, status));
    }
}

static void what_is_due_for_exercise_is_worth_what_that_pays(void **state)
{
    (void)state;
    const option options[] = {{QN_PUT, 50, 100, 1, .05, 0, .25}, {QN_CALL, 200, 100, 1, .05, .08, .25}};
    for (size_t i = 0; i < 2; i++) {
        numbers n = price_with(&options[i], NULL, 0, 0);
        assert_int_equal(n.status, QN_OPTION_OK);
        assert_true(fabs(n.price - fabs(options[i].spot - 100)) < 1e-12);
        assert_true(n.delta == (i == 0 ? -1 : 1));
        assert_true(n.gamma == 0 && n.vega == 0 && n.theta == 0 && n.rho == 0 && n.charm == 0);
    }
}

static void without_time_or_uncertainty_the_best_certain_exercise_counts(void **state)
{
    (void)state;
    option o = {QN_PUT, 90, 100, 0, .05, 0, .25};
    assert_true(price_of(&o) == 10);
    o.spot = 110;
    assert_true(price_of(&o) == 0);
    o = (option){QN_PUT, 90, 100, 2, .05, 0, 0}; /* interest is lost by waiting */
    assert_true(price_of(&o) == 10);
    o = (option){QN_PUT, 100, 100, 2, .01, .05, 0}; /* the share falls more than the strike loses */
    assert_close(price_of(&o), 100 * exp(-.02) - 100 * exp(-.1), 1e-14, 0);
    o = (option){QN_CALL, 100, 100, 40, .05, .03, 0}; /* exercised where 5 exp(-.05 t) = 3 exp(-.03 t) */
    double t = log(5.0 / 3) / .02;
    assert_close(price_of(&o), 100 * exp(-.03 * t) - 100 * exp(-.05 * t), 1e-13, 0);
}

static void certainty_is_the_limit_of_little_uncertainty(void **state)
{
    (void)state;
    const option options[] = {{QN_PUT, 90, 100, 2, .05, 0, 0}, {QN_PUT, 95, 100, 2, .01, .05, 0}};
    const qn_dividend dividends[] = {{.5, 3}};
    for (size_t i = 0; i < 2; i++) {
        for (int cash = 0; cash < 2; cash++) {
            option little = options[i];
            little.sigma = 0.005;
            double limit = price_cash(&options[i], dividends, cash, 0);
            assert_close(price_cash(&little, dividends, cash, 0), limit, 0, 2e-2);
        }
    }
}

static void deltas_and_thetas_are_the_slopes_of_prices(void **state)
{
    (void)state;
    const option options[] = {
        {QN_PUT, 95, 100, 1, .05, .02, .25}, {QN_CALL, 105, 100, .5, .03, .06, .3}, {QN_PUT, 120, 100, 3, .08, 0, .4}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        numbers n = price_with(&options[i], NULL, 0, 1e-9);
        assert_int_equal(n.status, QN_OPTION_OK);
        option up = options[i], down = options[i];
        up.spot *= 1.001;
        down.spot *= 0.999;
        numbers above = price_with(&up, NULL, 0, 1e-9), below = price_with(&down, NULL, 0, 1e-9);
        double step = 0.001 * options[i].spot;
        assert_close(n.delta, (above.price - below.price) / (2 * step), 0, 2e-6);
        assert_close(n.gamma, (above.delta - below.delta) / (2 * step), 1e-3, 0);
        assert_close(n.vanna, (above.vega - below.vega) / (2 * step), 1e-3, 1e-3);
        up = down = options[i];
        up.years *= 1.001;
        down.years *= 0.999;
        above = price_with(&up, NULL, 0, 1e-9);
        below = price_with(&down, NULL, 0, 1e-9);
        step = 0.001 * options[i].years;
        assert_close(n.theta, -(above.price - below.price) / (2 * step), 1e-4, 0);
        assert_close(n.charm, -(above.delta - below.delta) / (2 * step), 1e-3, 1e-5);
        up = down = options[i];
        up.sigma *= 1.01;
        down.sigma *= 0.99;
        above = price_with(&up, NULL, 0, 1e-9);
        below = price_with(&down, NULL, 0, 1e-9);
        step = 0.01 * options[i].sigma;
        assert_close(n.vega, (above.price - below.price) / (2 * step), 1e-3, 0);
        assert_close(n.volga, (above.vega - below.vega) / (2 * step), 1e-2, 0.1);
    }
}

static void a_put_between_two_boundaries_mirrors_its_call(void **state)
{
    (void)state;
    option put = {QN_PUT, 90, 100, 1, -.01, -.03, .15};
    option call = {QN_CALL, 100, 90, 1, -.03, -.01, .15};
    double price = price_of(&put);
    assert_close(price_of(&call), price, 0, 2e-4);
    numbers european;
    qn_option_batch b = batch_of(&put);
    qn_option_results r = results_of(&european);
    assert_ok(qn_black_price(&r, &b, NULL), NULL);
    assert_true(price > european.price + 0.01 && price > 10);
}

static void dividends_that_do_not_matter_change_no_bit(void **state)
{
    (void)state;
    const option o = {QN_PUT, 100, 100, 1, .05, .01, .25};
    const qn_dividend late[] = {{1.001, 5}}, zero[] = {{.5, 0}}, past[] = {{0, 5}};
    const qn_dividend *all[] = {late, zero, past};
    numbers none = price_with(&o, NULL, 0, 0);
    for (int i = 0; i < 3; i++) {
        numbers with = price_with(&o, all[i], 1, 0);
        assert_memory_equal(&with, &none, offsetof(numbers, status));
    }
}

/* One dividend, no yield, a rate that is not negative: a call is exercised just before the share falls or at expiry.
 * Its value on that day is max(S - K, the European call on S - D): integrated over the day's lognormal distribution. */
static double call_with_dividend(const option *o, qn_dividend d)
{
    double root = o->sigma * sqrt(d.years), sum = 0, h = 1e-3;
    for (double z = -8; z <= 8; z += h) {
        double spot = o->spot * exp((o->rate - 0.5 * o->sigma * o->sigma) * d.years + root * z);
        double left = o->years - d.years, later = 0;
        if (spot > d.amount)
            later = exp(-o->rate * left) *
                    qn_black((spot - d.amount) * exp(o->rate * left), o->strike, left, o->sigma, QN_CALL);
        sum += exp(-0.5 * z * z) * fmax(later, spot - o->strike);
    }
    return exp(-o->rate * d.years) * sum * h * 0.39894228040143267794;
}

static void a_call_is_exercised_before_its_dividend(void **state)
{
    (void)state;
    const option options[] = {{QN_CALL, 100, 100, 1, .05, 0, .2}, {QN_CALL, 110, 90, .6, .02, 0, .35}};
    const qn_dividend dividends[] = {{.5, 4}, {.1, 7}};
    for (int i = 0; i < 2; i++) {
        double expected = call_with_dividend(&options[i], dividends[i]);
        assert_close(price_cash(&options[i], &dividends[i], 1, 0), expected, 0, 1e-4 * options[i].strike);
        assert_close(price_cash(&options[i], &dividends[i], 1, 3e-6), expected, 0, 3e-6 * options[i].strike);
    }
}

static void a_share_cannot_pay_more_than_itself(void **state)
{
    (void)state;
    const option put = {QN_PUT, 10, 12, 1, .03, 0, .2}, call = {QN_CALL, 10, 8, 1, .03, 0, .2};
    const qn_dividend all[] = {{.5, 1000}};
    assert_close(price_cash(&put, all, 1, 0), 12 * exp(-.03 * .5), 0, 12e-4); /* worth its strike from that day on */
    option before = call;                                                     /* worth nothing afterwards */
    before.years = .5;
    assert_close(price_cash(&call, all, 1, 0), price_of(&before), 0, 8e-4);
}

static void volatilities_come_back(void **state)
{
    (void)state;
    const option options[] = {{QN_PUT, 100, 100, 1, .05, .05, .25},  {QN_PUT, 95, 100, .1, .03, 0, .6},
                              {QN_CALL, 100, 120, 2, .01, .04, .15}, {QN_CALL, 100, 90, .5, .05, 0, .3},
                              {QN_PUT, 130, 100, 1, .08, 0, .35},    {QN_PUT, 60, 100, 2, .02, 0, .9}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        double sigma;
        assert_int_equal(implied(&sigma, &options[i], price_of(&options[i]), false), QN_OPTION_OK);
        assert_close(sigma, options[i].sigma, 1e-7, 0);
    }
}

static void prices_that_no_volatility_gives_are_named(void **state)
{
    (void)state;
    option put = {QN_PUT, 80, 100, 1, .05, 0, 0}, call = {QN_CALL, 120, 100, 1, .05, .05, 0};
    double sigma;
    assert_int_equal(implied(&sigma, &put, 20, false), QN_OPTION_AT_INTRINSIC);
    assert_true(isnan(sigma));
    assert_int_equal(implied(&sigma, &put, 20, true), QN_OPTION_AT_INTRINSIC);
    assert_true(sigma == 0);
    assert_int_equal(implied(&sigma, &put, 19.99, true), QN_OPTION_BELOW_INTRINSIC);
    assert_true(sigma == 0);
    assert_int_equal(implied(&sigma, &put, 100, true), QN_OPTION_ABOVE_MAXIMUM);
    assert_true(isinf(sigma));
    assert_int_equal(implied(&sigma, &put, 100, false), QN_OPTION_ABOVE_MAXIMUM);
    assert_true(isnan(sigma));
    assert_int_equal(implied(&sigma, &call, 20, true), QN_OPTION_AT_INTRINSIC);
    assert_int_equal(implied(&sigma, &call, 19, true), QN_OPTION_BELOW_INTRINSIC);
    assert_int_equal(implied(&sigma, &call, 120, true), QN_OPTION_ABOVE_MAXIMUM);
    assert_int_equal(implied(&sigma, &put, -1, true), QN_OPTION_BAD_PRICE);
    assert_int_equal(implied(&sigma, &put, NAN, true), QN_OPTION_BAD_PRICE);
    assert_int_equal(implied(&sigma, &put, INFINITY, true), QN_OPTION_BAD_PRICE);
    put.years = 0;
    assert_int_equal(implied(&sigma, &put, 21, true), QN_OPTION_EXPIRED);
    put.years = 1;
    put.rate = NAN;
    assert_int_equal(implied(&sigma, &put, 21, true), QN_OPTION_BAD_INPUT);
}

static void a_bad_number_spoils_its_option_alone(void **state)
{
    (void)state;
    const double bad[] = {NAN, INFINITY, -INFINITY, -1};
    for (int field = 0; field < 6; field++) {
        for (int k = 0; k < 4; k++) {
            double columns[6][3] = {{100, 100, 100}, {100, 100, 100}, {1, 1, 1},
                                    {.05, .05, .05}, {.01, .01, .01}, {.2, .2, .2}};
            columns[field][1] = bad[k];
            qn_option_batch b;
            qn_option_batch_init(&b, sizeof b);
            b.count = 3;
            b.type = QN_PUT;
            qn_numbers *all[] = {&b.spot, &b.strike, &b.years, &b.rate, &b.yield, &b.sigma};
            for (int c = 0; c < 6; c++)
                *all[c] = (qn_numbers){columns[c], 1};
            double price[3], charm[3];
            uint8_t status[3];
            qn_option_results r;
            qn_option_results_init(&r, sizeof r);
            r.price = price;
            r.charm = charm;
            r.status = status;
            assert_ok(qn_american_price(&r, &b, NULL, NULL), NULL);
            assert_true(status[0] == QN_OPTION_OK && status[2] == QN_OPTION_OK && price[0] == price[2]);
            if (bad[k] == -1 && (field == 3 || field == 4))
                continue; /* rates may be negative */
            assert_int_equal(status[1], bad[k] == -1 && field == 2 ? QN_OPTION_EXPIRED : QN_OPTION_BAD_INPUT);
            assert_true(isnan(price[1]) && isnan(charm[1]));
        }
    }
}

static void extreme_numbers_give_a_price_or_a_status(void **state)
{
    (void)state;
    static const double extremes[] = {1e-300, 1e-12, 1e-3, 1, 1e3, 1e12, 1e300};
    for (int type = -1; type <= 1; type += 2) {
        for (int i = 0; i < 7; i++) {
            for (int field = 0; field < 6; field++) {
                option o = {(qn_option_type)type, 100, 100, 1, .05, .03, .2};
                double *fields[] = {&o.spot, &o.strike, &o.years, &o.rate, &o.yield, &o.sigma};
                *fields[field] = extremes[i];
                numbers n = price_with(&o, NULL, 0, 0);
                if (n.status == QN_OPTION_OK)
                    assert_true(n.price >= fmax(type * (o.spot - o.strike), 0) * (1 - 1e-15) &&
                                n.price <= fmax(o.spot, o.strike));
                else
                    assert_true((n.status == QN_OPTION_NOT_CONVERGED || n.status == QN_OPTION_BAD_INPUT) &&
                                isnan(n.price));
            }
        }
    }
}

/* A put that never expires, without a yield, is worth 1 / (1 + w) (w / (1 + w))^w at the strike, w = 2 r / sigma^2
 * (Merton, 1973): 5.5e-2, 54 and 27 of 100 here, and nearly so long before. Collocation gave 0. */
static void a_put_whose_exercise_is_soon_is_worth_its_perpetual_or_refused(void **state)
{
    (void)state;
    const option options[] = {{QN_PUT, 100, 100, 1, 30, 0, .3},
                              {QN_PUT, 100, 100, 1e7, .05, 0, .3},
                              {QN_PUT, 100, 100, 6.62, 111, 0, 2.4},
                              {QN_PUT, 100, 100, 21100, 7.43, 0, 6.21},
                              {QN_CALL, 100, 100, 1e9, 0, .05, .3}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const option *o = &options[i];
        double w = 2 * (o->rate + o->yield) / (o->sigma * o->sigma);
        numbers n = price_with(o, NULL, 0, 0);
        if (n.status == QN_OPTION_OK)
            assert_close(n.price, 100 / (1 + w) * pow(w / (1 + w), w), 0, 1e-3);
        else
            assert_true(n.status == QN_OPTION_NOT_CONVERGED && isnan(n.price));
    }
}

static void absurd_numbers_are_bad_input(void **state)
{
    (void)state;
    const option options[] = {{QN_PUT, 100, 100, 1e92, .05, .02, .3}, {QN_CALL, 100, 100, 1, 1e95, .02, .3},
                              {QN_CALL, 100, 100, 1, .05, .02, 1e92}, {QN_PUT, 5e-324, 100, 1, .05, .02, .3},
                              {QN_PUT, 100, 1e-310, 1, .05, .02, .3}, {QN_PUT, 100, 100, 1, .05, -1e92, .3}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_int_equal(price_with(&options[i], NULL, 0, 0).status, QN_OPTION_BAD_INPUT);
}

static void a_certain_put_on_nothing_has_no_delta(void **state)
{
    (void)state;
    const option put = {QN_PUT, 100, 100, 1, 0, 0, 0};
    const qn_dividend dividend = {.5, 150};
    numbers n = compute(&put, &dividend, 1, 0, true);
    assert_close(n.price, 100, 0, 0);
    assert_close(n.delta, 0, 0, 0);
}

static void what_a_batch_lacks_is_named(void **state)
{
    (void)state;
    const option o = {QN_PUT, 100, 100, 1, .05, 0, .2};
    numbers n;
    qn_option_results r = results_of(&n);
    qn_option_batch b = batch_of(&o);
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    qn_error err;
    b.spot.values = NULL;
    assert_int_equal(qn_american_price(&r, &b, NULL, &err), QN_INVALID);
    assert_contains(err.message, "spot");
    b.forward = (qn_numbers){&o.spot, 0};
    assert_int_equal(qn_american_price(&r, &b, NULL, &err), QN_INVALID);
    assert_contains(err.message, "forward");
    b = batch_of(&o);
    b.sigma.values = NULL;
    assert_int_equal(qn_american_price(&r, &b, NULL, &err), QN_INVALID);
    assert_contains(err.message, "sigma");
    b = batch_of(&o);
    b.strike.step = 2;
    assert_int_equal(qn_american_price(&r, &b, NULL, &err), QN_INVALID);
    b = batch_of(&o);
    b.type = (qn_option_type)7;
    assert_int_equal(qn_american_price(&r, &b, NULL, &err), QN_INVALID);
    b = batch_of(&o);
    b.count = -1;
    assert_int_equal(qn_american_price(&r, &b, NULL, &err), QN_INVALID);
    b = batch_of(&o);
    const qn_dividend disordered[] = {{.5, 1}, {.4, 1}}, negative[] = {{.5, -1}}, odd[] = {{NAN, 1}};
    const qn_dividend *wrong[] = {disordered, negative, odd};
    for (int i = 0; i < 3; i++) {
        options.dividends = wrong[i];
        options.dividend_count = i == 0 ? 2 : 1;
        assert_int_equal(qn_american_price(&r, &b, &options, &err), QN_INVALID);
        assert_contains(err.message, "dividend");
    }
    options.dividends = NULL;
    assert_int_equal(qn_american_price(&r, &b, &options, &err), QN_INVALID);
    options.dividend_count = 0;
    options.accuracy = NAN;
    assert_int_equal(qn_american_price(&r, &b, &options, &err), QN_INVALID);
    b.count = 0;
    assert_ok(qn_american_price(&r, &b, NULL, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_are_worth_a_little_more_than_longstaff_and_schwartz_give),
        cmocka_unit_test(puts_are_worth_what_trees_give),
        cmocka_unit_test(prices_are_those_of_quantlib_at_its_highest_precision),
        cmocka_unit_test(a_call_without_dividends_is_european_in_every_bit),
        cmocka_unit_test(what_is_due_for_exercise_is_worth_what_that_pays),
        cmocka_unit_test(without_time_or_uncertainty_the_best_certain_exercise_counts),
        cmocka_unit_test(certainty_is_the_limit_of_little_uncertainty),
        cmocka_unit_test(deltas_and_thetas_are_the_slopes_of_prices),
        cmocka_unit_test(a_put_between_two_boundaries_mirrors_its_call),
        cmocka_unit_test(dividends_that_do_not_matter_change_no_bit),
        cmocka_unit_test(a_call_is_exercised_before_its_dividend),
        cmocka_unit_test(a_share_cannot_pay_more_than_itself),
        cmocka_unit_test(volatilities_come_back),
        cmocka_unit_test(prices_that_no_volatility_gives_are_named),
        cmocka_unit_test(a_bad_number_spoils_its_option_alone),
        cmocka_unit_test(extreme_numbers_give_a_price_or_a_status),
        cmocka_unit_test(a_put_whose_exercise_is_soon_is_worth_its_perpetual_or_refused),
        cmocka_unit_test(absurd_numbers_are_bad_input),
        cmocka_unit_test(a_certain_put_on_nothing_has_no_delta),
        cmocka_unit_test(what_a_batch_lacks_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
