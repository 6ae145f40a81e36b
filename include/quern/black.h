/* quern/black.h: European options after Black (1976) and Black, Scholes and Merton: prices, greeks, implied volatility.
 *
 * Caveats first:
 *  - Results are the same bit for bit at every processor level and for every way of cutting a batch.
 *  - A price is accurate to a few times epsilon (1 + d1^2 + sigma sqrt(T)) relative to itself, d1 that of the option
 *    out of the money, also where it is tiny: it never is a difference of two large numbers. So are the derivatives,
 *    relative to the sizes of the terms that they are sums of. With a spot, ln(S/K) + (r - q) T is such a sum, too.
 *    Where the density at d1, or its product with the lesser of forward and strike, is below the least normal number,
 *    digits are lost, and derivatives may be 0.
 *  - A bad quote is a status of its own, never an error of the batch.
 *  - Nothing is allocated; any thread. Outputs may be inputs of the same call, whole columns only.
 */
#ifndef QUERN_BLACK_H
#define QUERN_BLACK_H

#include <quern/option.h>

QN_BEGIN_DECLS

/* Prices and derivatives of a batch. sigma 0 or years 0: the discounted intrinsic value, and the limits of the
 * derivatives. Errors: QN_INVALID (sizes, a column that must be there is not, both forward and spot), QN_CONFIG
 * (QUERN_CPU names no processor level). */
QN_API QN_MUST_USE qn_status qn_black_price(const qn_option_results *out, const qn_option_batch *batch, qn_error *err);

/* Volatilities that give the prices `price` (n), discounted as in qn_black_price; sigma (n) NaN and status (n, NULL:
 * not wanted) other than OK where there is none. Of BELOW_INTRINSIC and AT_INTRINSIC the nearest volatility is 0, of
 * ABOVE_MAXIMUM infinity: `bound` writes these in place of NaN. Without a rate or a spot the error is at most 4.5 ULP
 * of the volatility of the very numbers given, by parity also in the money; with them it is as much more as the
 * rounding of discount factors changes: what 4 epsilon of the price and of the carry do. Errors as above. */
QN_API QN_MUST_USE qn_status qn_black_implied(double *sigma, uint8_t *status, const qn_option_batch *batch,
                                              const double *price, bool bound, qn_error *err);

/* One option by `forward`, `strike`, `years` and `sigma`, not discounted (times exp(-r T) for the price now). The same
 * bits as a batch without a rate. `type` QN_CALL or QN_PUT. NaN where an input makes no sense. */
QN_API double qn_black(double forward, double strike, double years, double sigma, qn_option_type type);

/* The volatility that gives the undiscounted `price` for this `forward`, `strike` and `years`. On any status but OK
 * *sigma is NaN. */
QN_API qn_option_status qn_black_implied_one(double *sigma, double price, double forward, double strike, double years,
                                             qn_option_type type);

QN_END_DECLS
#endif
