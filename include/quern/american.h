/* quern/american.h: options that may be exercised at any time: prices, greeks, implied volatility.
 *
 * Caveats first:
 *  - With a constant yield the exercise boundary is found by collocation (Andersen, Lake and Offengenden, "High
 *    performance American option pricing", 2016): some 1e-6 of the strike from the converged value, or better. A batch
 *    is computed several options at a time; one alone costs as much as four.
 *  - With dividends in cash the equation is solved on a grid: some 1e-4, a hundred times as slow. Between two dates the
 *    share is lognormal; on the day of a dividend it falls by it, to 0 where it is worth less. Who would exercise on
 *    that day does so before. A put with q < r < 0, whose exercise pays between two boundaries only, is solved on a
 *    grid as well, to 1e-6, and so is the call with r < q < 0.
 *  - Delta, gamma and theta come with the price; the others are differences of prices that are computed alike. On a
 *    grid these are rough: two digits of vega and rho, less of vanna, volga and charm.
 *  - Where exercise is due now, delta is 1 or -1 and the other derivatives are 0.
 *  - An accuracy that is not reached is NOT_CONVERGED, never a worse number: some options of extreme numbers have it.
 *  - A batch is split over threads; results do not depend on how, nor on the processor's level. */
#ifndef QUERN_AMERICAN_H
#define QUERN_AMERICAN_H

#include <quern/option.h>
#include <quern/threads.h>

QN_BEGIN_DECLS

/* An amount paid to who holds the share, `years` from now. */
typedef struct qn_dividend {
    double years;  /* 0 and less: it has been paid and does not count */
    double amount; /* per share, >= 0 */
} qn_dividend;

/* How American options are priced. Zero or NULL in a field means its default. Borrowed during the call. */
typedef struct qn_american_options {
    int64_t size;                  /* sizeof(qn_american_options) */
    const qn_dividend *dividends;  /* (dividend_count), in order of time; those after an option's expiry do not count */
    int64_t dividend_count;        /* 0: none but the yield */
    double accuracy;               /* wanted, relative to the strike; 0: 1e-6, with dividends 1e-4 */
    qn_threads *threads;           /* NULL: the calling thread alone */
    const qn_allocator *allocator; /* of what the call needs besides; NULL: the default */
} qn_american_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_american_options_init(qn_american_options *out, int64_t size);

/* Prices and derivatives of a batch with a spot. An option whose exercise is never due early is European, in every bit
 * that of quern/black.h. Errors: QN_INVALID (sizes, a column that must be there is not, a forward, dividends out of
 * order or negative, an accuracy that is none), QN_NOMEM, QN_BUDGET, QN_CONFIG (QUERN_CPU names no processor level). */
QN_API QN_MUST_USE qn_status qn_american_price(const qn_option_results *out, const qn_option_batch *batch,
                                               const qn_american_options *options, qn_error *err);

/* Volatilities that give the prices `price` (n); sigma (n) NaN and status (n, NULL: not wanted) other than OK where
 * there is none; `bound` as in qn_black_implied. A price that equals what exercise at the best time pays without any
 * uncertainty, mostly now, is AT_INTRINSIC; a lower one BELOW_INTRINSIC. Errors as above. */
QN_API QN_MUST_USE qn_status qn_american_implied(double *sigma, uint8_t *status, const qn_option_batch *batch,
                                                 const double *price, bool bound, const qn_american_options *options,
                                                 qn_error *err);

QN_END_DECLS
#endif
