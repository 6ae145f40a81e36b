/* American options as QuantLib prices them: QdFpAmericanEngine on a constant yield, FdBlackScholesVanillaEngine with
 * dividends in cash. The numbers are random, the seed is printed. */
#include "harness/harness.h"

#include <math.h>

#include <quern/american.h>

#include "bench/american_quantlib.h"

enum {
    COUNT = 1000,
    DIVIDENDS = 3
};

typedef struct columns {
    int8_t type[COUNT];
    int32_t days[COUNT];
    double spot[COUNT], strike[COUNT], years[COUNT], rate[COUNT], yield[COUNT], sigma[COUNT];
} columns;

static void fill(columns *c, uint64_t *seed, double most_yield)
{
    for (int i = 0; i < COUNT; i++) {
        c->type[i] = test_random_below(seed, 2) == 0 ? 1 : -1;
        c->days[i] = (int32_t)(7 + test_random_below(seed, 700));
        c->years[i] = c->days[i] / 365.0;
        c->strike[i] = 100;
        c->spot[i] = 100 * exp(0.6 * test_random_unit(seed) - 0.3);
        c->sigma[i] = 0.1 + 0.5 * test_random_unit(seed);
        c->rate[i] = 0.001 + 0.08 * test_random_unit(seed);
        c->yield[i] = most_yield * test_random_unit(seed);
    }
}

static quantlib_american peer_of(const columns *c, int64_t count)
{
    return (quantlib_american){.n = count,
                               .type = c->type,
                               .spot = c->spot,
                               .strike = c->strike,
                               .rate = c->rate,
                               .yield = c->yield,
                               .sigma = c->sigma,
                               .days = c->days};
}

static void price(double *out, const columns *c, int64_t count, const qn_american_options *options)
{
    qn_option_batch b;
    qn_option_batch_init(&b, sizeof b);
    b.count = count;
    b.types = c->type;
    b.spot = (qn_numbers){c->spot, 1};
    b.strike = (qn_numbers){c->strike, 1};
    b.years = (qn_numbers){c->years, 1};
    b.rate = (qn_numbers){c->rate, 1};
    b.yield = (qn_numbers){c->yield, 1};
    b.sigma = (qn_numbers){c->sigma, 1};
    qn_option_results r;
    qn_option_results_init(&r, sizeof r);
    r.price = out;
    qn_error err;
    assert_ok(qn_american_price(&r, &b, options, &err), &err);
}

static void compare(const columns *c, const double *ours, const double *theirs, int64_t count, double tolerance)
{
    int64_t without = 0;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(theirs[i])) {
            without++; /* it throws now and then */
        } else if (!(fabs(ours[i] - theirs[i]) <= tolerance * c->strike[i])) {
            fail_msg("type %d S %.17g K 100 days %d r %.17g q %.17g sigma %.17g: %.9g, QuantLib %.9g", c->type[i],
                     c->spot[i], c->days[i], c->rate[i], c->yield[i], c->sigma[i], ours[i], theirs[i]);
        }
    }
    assert_true(without <= count / 50);
}

static void prices_are_within_a_millionth_of_the_strike(void **state)
{
    (void)state;
    static columns c;
    static double ours[COUNT], theirs[COUNT];
    uint64_t seed = test_seed(20160101);
    fill(&c, &seed, 0.1);
    price(ours, &c, COUNT, NULL);
    quantlib_american peer = peer_of(&c, COUNT);
    quantlib_american_prices(theirs, &peer, QUANTLIB_ACCURATE);
    compare(&c, ours, theirs, COUNT, 3e-6); /* that of the scheme and ours */
}

static void prices_with_dividends_are_those_of_finite_differences(void **state)
{
    (void)state;
    static columns c;
    static const int32_t days[DIVIDENDS] = {30, 121, 212};
    static const double amounts[DIVIDENDS] = {1, 2, 1.5};
    double ours[COUNT], theirs[COUNT];
    uint64_t seed = test_seed(20160102);
    fill(&c, &seed, 0.02);
    int64_t count = test_effort(40, COUNT);
    qn_dividend dividends[DIVIDENDS];
    for (int k = 0; k < DIVIDENDS; k++)
        dividends[k] = (qn_dividend){days[k] / 365.0, amounts[k]};
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    options.dividends = dividends;
    options.dividend_count = DIVIDENDS;
    price(ours, &c, count, &options);
    quantlib_american peer = peer_of(&c, count);
    quantlib_american_dividends(theirs, &peer, days, amounts, DIVIDENDS, 400);
    compare(&c, ours, theirs, count, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_are_within_a_millionth_of_the_strike),
        cmocka_unit_test(prices_with_dividends_are_those_of_finite_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
