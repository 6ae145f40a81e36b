/* bench/options_quantlib.h: QuantLib (C++) as a peer in pricing options, one value a call as its users call it. */
#ifndef QUERN_BENCH_OPTIONS_QUANTLIB_H
#define QUERN_BENCH_OPTIONS_QUANTLIB_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* n options, a column each; type 1 call, -1 put. */
typedef struct quantlib_options {
    int64_t n;
    const double *forward, *strike, *years, *rate, *sigma;
    const int8_t *type;
} quantlib_options;

/* blackFormula. */
void quantlib_prices(double *price, const quantlib_options *o);

/* BlackCalculator: value, delta, gamma, vega, theta and rho of each in greeks (n, 6). vanna, volga and charm it has
 * not. Derivatives by the spot, which is taken to be the forward. */
void quantlib_greeks(double *greeks, const quantlib_options *o);

/* blackFormulaImpliedStdDev at its own accuracy, over sqrt(years), of prices that are not discounted; sigma is not
 * read. NaN where it throws. Returns how often. */
int64_t quantlib_implied(double *sigma, const double *price, const quantlib_options *o);

#ifdef __cplusplus
}
#endif

#endif
