/* scan/value.c: what a trade is worth under the outlook: sums over its prices. One thread a ticker; scratch from the
 * ticker's arena. */
#include "scan/scan_int.h"

#include <math.h>

/* Where between two neighbouring prices a profit changes its sign. */
static double change_between(const qn_trade *trade, double left, double right)
{
    for (int64_t i = 0; i < trade->payoff.breakeven_count; i++) {
        double at = trade->payoff.breakevens[i];
        if (at >= left && at <= right)
            return at;
    }
    return left + (right - left) / 2;
}

/* The probability of a profit, given profits (n) at the outlook's prices. Half of a price's weight lies to its left and
 * half to its right, evenly up to the next price. */
static double probability_of_profit(const qn_trade *trade, const qn_outlook *outlook, const double *profit)
{
    const double *price = outlook->price, *weight = outlook->weight;
    int64_t last = outlook->count - 1;
    double sum = (profit[0] > 0 ? weight[0] / 2 : 0) + (profit[last] > 0 ? weight[last] / 2 : 0);
    for (int64_t i = 0; i < last; i++) {
        double left = price[i], right = price[i + 1], share = profit[i] > 0;
        if ((profit[i] > 0) != (profit[i + 1] > 0)) {
            double at = change_between(trade, left, right);
            share = (profit[i] > 0 ? at - left : right - at) / (right - left);
        }
        sum += share * (weight[i] + weight[i + 1]) / 2;
    }
    return fmin(sum, 1);
}

/* Joins neighbours (n) of one profit, as they are beyond the strikes of a spread; returns how many are left. */
static int64_t join(double *profit, double *weight, int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 1; i < n; i++) {
        if (profit[i] == profit[kept]) {
            weight[kept] += weight[i];
        } else {
            profit[++kept] = profit[i];
            weight[kept] = weight[i];
        }
    }
    return kept + 1;
}

static void swap(double *a, int64_t i, int64_t j)
{
    double kept = a[i];
    a[i] = a[j];
    a[j] = kept;
}

/* The sum of the least of `profit` (n) whose weights add up to `share`, the last of them in part. Sorts no more than
 * that takes (Hoare, "Algorithm 65: find", 1961); leaves both columns in another order. */
static double least_sum(double *profit, double *weight, int64_t n, double share)
{
    double sum = 0;
    for (int64_t from = 0, to = n; from < to && share > 0;) {
        double pivot = profit[from + (to - from) / 2], below = 0, below_sum = 0, equal = 0;
        int64_t less = from, more = to;
        for (int64_t i = from; i < more;) { /* [from, less) below the pivot, [less, i) as it is, [more, to) above */
            if (profit[i] < pivot) {
                below += weight[i];
                below_sum += weight[i] * profit[i];
                swap(profit, less, i);
                swap(weight, less++, i++);
            } else if (profit[i] > pivot) {
                swap(profit, i, --more);
                swap(weight, i, more);
            } else {
                equal += weight[i++];
            }
        }
        if (below >= share) {
            to = less;
            continue;
        }
        double part = fmin(equal, share - below);
        sum += below_sum + part * pivot;
        share -= below + equal;
        from = more;
    }
    return sum;
}

qn_status qni_trade_value(qn_trade *trade, const qni_subject *subject, qn_error *err)
{
    const qn_outlook *outlook = &subject->result->outlook;
    int64_t n = outlook->count;
    trade->pop = trade->expected_value = trade->cvar = trade->edge = (double)NAN;
    trade->kelly_fraction = 0;
    if (!trade->built || n == 0)
        return QN_OK;
    qn_arena_mark before = qn_arena_mark_now(subject->arena);
    void *taken;
    qn_status s = qn_arena_take(&taken, subject->arena, 2 * n * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    double *profit = taken, *weight = profit + n, expected = 0;
    bool known = true;
    s = qni_trade_profits(profit, trade, subject, outlook->price, weight, n, err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < n; i++) {
        weight[i] = outlook->weight[i];
        expected += weight[i] * profit[i];
        known = known && isfinite(profit[i]);
    }
    if (known) {
        trade->pop = probability_of_profit(trade, outlook, profit);
        trade->expected_value = expected;
        n = join(profit, weight, n);
        double share = 1 - subject->settings->tail;
        trade->cvar = fmax(-least_sum(profit, weight, n, share) / share, 0);
    }
    double risk = trade->payoff.max_loss;
    if (known && risk > 0 && isfinite(risk)) {
        trade->edge = expected / risk;
        for (int64_t i = 0; i < n; i++) /* in the order of least_sum, which is all the same to a sum */
            profit[i] = fmax(profit[i] / risk, -1);
        trade->kelly_fraction = qn_kelly(profit, weight, n);
    }
    qn_arena_rewind(subject->arena, before);
    return QN_OK;
}
