/* quern/strategy.h: what combinations of options pay, exactly, and how much of an account to put into a bet.
 *
 * Caveats first:
 *  - Prices are per share; a contract is of 100 shares (QN_CONTRACT_SHARES).
 *  - Legs that expire on one day pay a function of the share's price that is linear between strikes: maxima, minima and
 *    zeros are found by enumeration and are exact.
 *  - Nothing is allocated; any thread.
 */
#ifndef QUERN_STRATEGY_H
#define QUERN_STRATEGY_H

#include <quern/option.h>

QN_BEGIN_DECLS

#define QN_CONTRACT_SHARES 100               /* shares of a contract */
#define QN_LEGS_MAX        4                 /* options of a strategy */
#define QN_BREAKEVENS_MAX  (QN_LEGS_MAX + 1) /* prices at which it neither wins nor loses */

/* One leg of a strategy. NaN: not known. */
typedef struct qn_leg {
    int32_t quantity;                 /* contracts a unit of the strategy: above 0 bought, below 0 sold */
    int8_t type;                      /* QN_CALL or QN_PUT */
    uint8_t settlement;               /* qn_settlement */
    int32_t expiry;                   /* day since 1970-01-01 */
    double strike;                    /* per share */
    double price;                     /* per share, at which it is taken to be filled */
    double bid, ask;                  /* of its quote */
    double sigma;                     /* implied volatility of its strike by the smile */
    double delta, gamma, vega, theta; /* of one share's option, bought; vega for 1.00, theta a year */
    double open_interest;             /* contracts */
    int64_t quote;                    /* its index in the chain; -1: none */
} qn_leg;

/* What a strategy can bring at expiry, per share, prices paid and received included, commissions not. */
typedef struct qn_payoff {
    double max_profit;                    /* infinity: unbounded */
    double max_loss;                      /* >= 0; infinity: unbounded; 0: it cannot lose */
    double breakevens[QN_BREAKEVENS_MAX]; /* (breakeven_count), ascending: where it changes its sign; where it is 0
                                             over a stretch, the end of that which is next to the profit */
    int64_t breakeven_count;              /* of breakevens */
} qn_payoff;

/* What legs (count) pay per share where the share stands at `price` when all of them expire: intrinsic values by
 * quantity, less what was paid. */
QN_API double qn_legs_profit(const qn_leg *legs, int64_t count, double price);

/* What the legs (count) can bring, by enumeration: at 0, at every strike, and beyond the last by the slope there.
 * Errors: QN_INVALID (no legs or more than QN_LEGS_MAX, a number that is not finite, a strike below 0, legs that do
 * not expire together). */
QN_API QN_MUST_USE qn_status qn_legs_payoff(qn_payoff *out, const qn_leg *legs, int64_t count, qn_error *err);

/* The fraction f of an account that maximises E log(1 + f x), x the profit of a bet as a multiple of what it risks
 * (>= -1), which takes each of outcomes (count) with weights (count), >= 0, of any sum. 0 where the mean of x is not
 * above 0, never more than 1. NaN: a number that is not finite, an x below -1, no weight. */
QN_API double qn_kelly(const double *outcomes, const double *weights, int64_t count);

QN_END_DECLS
#endif
