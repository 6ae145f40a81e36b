/* options/premium_int.h: what early exercise adds to the European options of one expiry, at many strikes and
 * volatilities.
 *
 * When an option is exercised depends, in units of its strike, only on its volatility; where H is log(B / B(0))^2 at a
 * time before expiry, B the boundary, H / sigma^2 is nearly linear in log(sigma). So boundaries of a few volatilities
 * are solved for, all others are between them, and a premium is one integral. The European volatility of a price less
 * its premium is that of the American option. One thread a work. */
#ifndef QNI_OPTIONS_PREMIUM_INT_H
#define QNI_OPTIONS_PREMIUM_INT_H

#include "options/american_int.h"
#include "options/smile_int.h"

/* How the calls or the puts of an expiry are exercised.
 *   NEVER   before expiry
 *   PREMIUM a premium says it all
 *   OTHER   dividends in cash, two boundaries, or times and rates for which this file's accuracy is not known */
typedef enum qni_early {
    QNI_EARLY_NEVER,
    QNI_EARLY_PREMIUM,
    QNI_EARLY_OTHER,
} qni_early;

qni_early qni_expiry_early(const qni_expiry *expiry, bool call);

/* Of volatilities from `low` to `high` by `count` <= QNI_PREMIUM_NODES boundaries. */
void qni_premium_init(qni_premium *out, const qni_expiry *expiry, bool call, double low, double high, int64_t count);

/* Solves for the boundaries of `count` premiums, all together. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_premiums_solve(qni_premium *premiums, int64_t count, qni_american_work *work, qn_error *err);

/* out (count): premiums of a solved one at strikes and sigmas (count), in the unit of prices. NaN: exercised now. */
void qni_premium_values(double *out, const qni_premium *premium, const double *strikes, const double *sigmas,
                        int64_t count, const qni_american_work *work);

/* out (count): what premiums at strikes and sigmas (count) are at most. */
void qni_premium_bounds(double *out, const qni_expiry *expiry, bool call, const double *strikes, const double *sigmas,
                        int64_t count);

/* early.c: volatilities and statuses (qn_option_status) of `options` American options of an expiry at three prices
 * each, bids, middles and asks (NaN: none); all arrays (3, options), the first row for bids. `slack`: of a price, what
 * does not matter. Errors as of qn_american_implied. */
QN_MUST_USE qn_status qni_expiry_implied(double *sigma, uint8_t *status, const qni_expiry *expiry, const int8_t *types,
                                         const double *strikes, const double *prices, const double *slack,
                                         int64_t options, qn_error *err);

/* early.c: volatilities and statuses of `count` where none is exercised early. */
QN_MUST_USE qn_status qni_expiry_implied_european(double *sigma, uint8_t *status, const qni_expiry *expiry,
                                                  const int8_t *types, const double *strikes, const double *prices,
                                                  int64_t count, qn_error *err);

#endif
