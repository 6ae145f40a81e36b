/* bench/american_quantlib.h: QuantLib (C++) as a peer in pricing American options, one a call as its users call it. */
#ifndef QUERN_BENCH_AMERICAN_QUANTLIB_H
#define QUERN_BENCH_AMERICAN_QUANTLIB_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* n options, a column each; type 1 call, -1 put. QuantLib counts days: years are days / 365. */
typedef struct quantlib_american {
    int64_t n;
    const int8_t *type;
    const double *spot, *strike, *rate, *yield, *sigma;
    const int32_t *days;
} quantlib_american;

enum {
    QUANTLIB_FAST,      /* QdFpAmericanEngine, fastScheme */
    QUANTLIB_ACCURATE,  /* accurateScheme, its default */
    QUANTLIB_HIGH,      /* highPrecisionScheme */
    QUANTLIB_BJERKSUND, /* BjerksundStenslandApproximationEngine */
    QUANTLIB_BINOMIAL   /* BinomialVanillaEngine<CoxRossRubinstein>, 801 steps */
};

/* NaN where QuantLib throws. */
void quantlib_american_prices(double *price, const quantlib_american *o, int engine);

/* FdBlackScholesVanillaEngine with dividends in cash that the share falls by, `steps` of time and twice as many nodes.
 * dividend_days (count), amounts (count). */
void quantlib_american_dividends(double *price, const quantlib_american *o, const int32_t *dividend_days,
                                 const double *amounts, int64_t count, int64_t steps);

/* Volatilities from prices by Brent's method on QdFpAmericanEngine, fastScheme, to 1e-7; NaN where QuantLib throws. */
void quantlib_american_implied(double *sigma, const double *price, const quantlib_american *o);

#ifdef __cplusplus
}
#endif

#endif
