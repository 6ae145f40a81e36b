/* scan/payoff.c: what legs pay that expire together, which is linear in the share's price between strikes: extremes lie
 * at 0, at strikes or at infinity, and each piece between them has at most one zero.
 *
 * Always: the slope is a whole number, so that beyond the last strike what a trade without a net call pays does not
 * depend on the price, however large. What a profit differs from 0 by no more than the rounding of its sum is 0. */
#include "scan/build_int.h"

#include "base/error.h"
#include "scan/limits.h"

#include <assert.h>
#include <float.h>
#include <math.h>

double qn_legs_profit(const qn_leg *legs, int64_t count, double price)
{
    int64_t slope = 0;
    double level = 0;
    for (int64_t i = 0; i < count; i++) {
        const qn_leg *leg = &legs[i];
        double quantity = leg->quantity;
        if ((price - leg->strike) * leg->type > 0) {
            slope += (int64_t)leg->quantity * leg->type;
            level -= quantity * leg->type * leg->strike;
        }
        level -= quantity * leg->price;
    }
    return slope == 0 && !isnan(price) ? level : (double)slope * price + level;
}

/* By the share's price, just above `price`. */
static double slope_above(const qn_leg *legs, int64_t count, double price)
{
    int64_t slope = 0;
    for (int64_t i = 0; i < count; i++)
        if (legs[i].type == QN_CALL ? price >= legs[i].strike : price < legs[i].strike)
            slope += (int64_t)legs[i].quantity * legs[i].type;
    return (double)slope;
}

/* Prices at which the slope may change, and what is paid there. */
enum {
    NODES = QN_LEGS_MAX + 1
};
typedef struct nodes {
    int64_t count;
    double price[NODES];  /* 0 and the strikes, ascending, each once */
    double profit[NODES]; /* at these */
    double slope[NODES];  /* from there to the next, of the last to infinity */
} nodes;

/* False: numbers are too large. */
static bool nodes_of(nodes *out, const qn_leg *legs, int64_t count, double cost)
{
    *out = (nodes){.count = 1};
    double size = fabs(cost);
    for (int64_t i = 0; i < count; i++) {
        double strike = legs[i].strike;
        size += fabs((double)legs[i].quantity) * (strike + fabs(legs[i].price));
        int64_t at = out->count;
        while (at > 1 && out->price[at - 1] > strike)
            at--;
        if (out->price[at - 1] == strike) /* the first is 0, and no strike is below */
            continue;
        for (int64_t j = out->count++; j > at; j--)
            out->price[j] = out->price[j - 1];
        out->price[at] = strike;
    }
    for (int64_t i = 0; i < out->count; i++) {
        double profit = qn_legs_profit(legs, count, out->price[i]) - cost;
        out->profit[i] = fabs(profit) <= QNI_SCAN_PAYOFF_ROUNDING * DBL_EPSILON * size ? 0 : profit;
        out->slope[i] = slope_above(legs, count, out->price[i]);
        if (!isfinite(profit))
            return false;
    }
    return isfinite(size);
}

/* Where the piece that begins at node `i` is zero; it or an end of it is. */
static double zero_of(const nodes *n, int64_t i)
{
    if (n->profit[i] == 0)
        return n->price[i];
    double zero = n->price[i] - n->profit[i] / n->slope[i];
    if (i + 1 == n->count)
        return zero;
    return n->profit[i + 1] == 0 ? n->price[i + 1] : fmin(zero, n->price[i + 1]);
}

/* Signs at the nodes and at infinity, zeros left out: where one differs from the one before, profit begins or ends at a
 * zero that is the nearest to the profit. */
static void breakevens_of(qn_payoff *out, const nodes *n)
{
    int64_t before = -1;
    bool above = false;
    for (int64_t i = 0; i <= n->count; i++) {
        double here = i < n->count ? n->profit[i] : n->slope[n->count - 1];
        if (here == 0)
            continue;
        if (before >= 0 && above != (here > 0)) {
            assert(out->breakeven_count < QN_BREAKEVENS_MAX);
            out->breakevens[out->breakeven_count++] = zero_of(n, above ? before : i - 1);
        }
        before = i;
        above = here > 0;
    }
}

static bool legs_are_sound(const qn_leg *legs, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const qn_leg *leg = &legs[i];
        if (!isfinite(leg->strike) || leg->strike < 0 || !isfinite(leg->price) ||
            (leg->type != QN_CALL && leg->type != QN_PUT))
            return false;
    }
    return true;
}

qn_status qni_legs_payoff(qn_payoff *out, const qn_leg *legs, int64_t count, double cost, qn_error *err)
{
    *out = (qn_payoff){.max_profit = (double)NAN, .max_loss = (double)NAN};
    if (count < 1 || count > QN_LEGS_MAX)
        return qni_error(err, QN_INVALID, "a payoff is of 1 to %d legs, not of %lld", QN_LEGS_MAX, (long long)count);
    if (!legs_are_sound(legs, count))
        return qni_error(err, QN_INVALID,
                         "a leg is a call or a put with a finite strike of 0 or more and a finite price");
    for (int64_t i = 1; i < count; i++)
        if (legs[i].expiry != legs[0].expiry || legs[i].settlement != legs[0].settlement)
            return qni_error(err, QN_INVALID, "a payoff is of legs that expire together");
    nodes n;
    if (!nodes_of(&n, legs, count, cost))
        return qni_error(err, QN_INVALID, "strikes, prices and quantities of the legs are too large");
    double least = n.profit[0], most = n.profit[0];
    for (int64_t i = 1; i < n.count; i++) {
        least = fmin(least, n.profit[i]);
        most = fmax(most, n.profit[i]);
    }
    double last = n.slope[n.count - 1];
    out->max_profit = last > 0 ? (double)INFINITY : most;
    out->max_loss = last < 0 ? (double)INFINITY : fmax(-least, 0);
    breakevens_of(out, &n);
    return QN_OK;
}

qn_status qn_legs_payoff(qn_payoff *out, const qn_leg *legs, int64_t count, qn_error *err)
{
    return qni_legs_payoff(out, legs, count, 0, err);
}
