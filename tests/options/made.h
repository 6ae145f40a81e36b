/* options/made.h: chains whose forwards, rates and volatilities are known, for the tests of surfaces. Prices come from
 * Black's formula over erfc and from a binomial tree: nothing here uses the library's pricing. */
#ifndef QUERN_TEST_OPTIONS_MADE_H
#define QUERN_TEST_OPTIONS_MADE_H

#include "harness/harness.h"

#include <quern/smile.h>

/* Not discounted. */
double made_black(double forward, double strike, double years, double sigma, qn_option_type type);

/* Discounted, of an option that may be exercised at any of 400 steps: some 1e-4 of the strike from the converged
 * value. */
double made_american(double spot, double strike, double years, double rate, double yield, double sigma,
                     qn_option_type type);

/* One expiry: the volatility of a strike is sqrt of the SVI total variance over years, or `sigma` where svi is NULL. */
typedef struct made_expiry {
    int32_t day;
    qn_settlement settlement;
    double forward, rate;
    double sigma;
    const qn_svi *svi;
    double first_strike, step;
    int64_t strikes;
} made_expiry;

/* Quotes around prices: half the spread is `half_spread` of the price and at least `least_half`; a bid below that is
 * 0. With `american`, prices are those of spot, of the expiry's rate, and of the yield that makes its forward. */
typedef struct made_market {
    int64_t as_of_us;
    double spot;
    double half_spread, least_half;
    bool american;
} made_market;

/* Appends the quotes (2 strikes) of an expiry to `out` and returns how many. */
int64_t made_quotes(qn_quote *out, const made_market *market, const made_expiry *expiry);

/* What an expiry's calendar years are. */
double made_years(const made_market *market, const made_expiry *expiry);

/* A chain of quotes. */
qn_chain *made_chain(const char *ticker, const qn_quote *quotes, int64_t count, const made_market *market);

#endif
