/* scan/calendar.c: what a calendar of puts brings when its first expiry ends: the put that was sold at what exercise is
 * worth, the one that was bought at Black's value of the time that it has left.
 *
 * Let P(S) be the later put's value at a share's price of S then, which is convex and falls, K the strike, and
 * h(S) = P(S) - max(K - S, 0) what both are worth together. Below K, h is convex; above it, it falls to 0. So its
 * maximum lies at 0 or at K, a profit has one zero at most above K, and two below it, one either side of its minimum
 * there. An American put is worth its exercise at least, so that h >= 0: at most what was paid is lost. P of a European
 * one may be below that; then the least of h is searched for where it is convex. */
#include "scan/build_int.h"

#include "scan/limits.h"

#include <quern/black.h>

#include <float.h>
#include <math.h>

qni_calendar qni_calendar_of(const qn_surface *surface, const qn_event_move *event)
{
    const qn_smile *first = &surface->smiles[event->first], *second = &surface->smiles[event->second];
    return (qni_calendar){
        .growth = second->forward / first->forward,
        .discount = second->discount / first->discount,
        .years = second->years - first->years,
        .sigma = event->diffusive_vol,
        .american = surface->american,
    };
}

/* The later put's value by Black's formula, `value`; where the forward is beyond what numbers hold, its limits. */
static double later_value(const qni_calendar *c, double strike, double forward, double value)
{
    return forward < DBL_MIN ? c->discount * strike : forward > DBL_MAX ? 0 : c->discount * value;
}

/* What both puts are worth together, less what was paid, given the later one's value by Black's formula. */
static double profit_of(const qni_calendar *c, const qn_leg *legs, double cost, double price, double value)
{
    double exercise = legs[0].strike - price, quantity = legs[1].quantity;
    double worth = (c->american ? fmax(value, exercise) : value) - fmax(exercise, 0);
    return quantity * (worth - (legs[1].price - legs[0].price)) - cost;
}

double qni_calendar_profit(const qni_calendar *c, const qn_leg *legs, double cost, double price)
{
    double strike = legs[0].strike, forward = price * c->growth, value = NAN;
    if (forward >= DBL_MIN && forward <= DBL_MAX)
        value = qn_black(forward, strike, c->years, c->sigma, QN_PUT);
    return profit_of(c, legs, cost, price, later_value(c, strike, forward, value));
}

qn_status qni_calendar_profits(double *out, const qni_calendar *c, const qn_leg *legs, double cost,
                               const double *prices, double *scratch, int64_t count, qn_error *err)
{
    double strike = legs[0].strike, *forwards = scratch;
    for (int64_t i = 0; i < count; i++)
        forwards[i] = prices[i] * c->growth;
    qn_option_batch batch;
    qn_option_results results;
    qn_option_batch_init(&batch, sizeof batch);
    qn_option_results_init(&results, sizeof results);
    batch.count = count;
    batch.type = QN_PUT;
    batch.forward = (qn_numbers){forwards, 1};
    batch.strike = (qn_numbers){&strike, 0};
    batch.years = (qn_numbers){&c->years, 0};
    batch.sigma = (qn_numbers){&c->sigma, 0};
    results.price = out;
    qn_status s = qn_black_price(&results, &batch, err);
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        out[i] = profit_of(c, legs, cost, prices[i], later_value(c, strike, forwards[i], out[i]));
    return s;
}

/* A position and what opens it. */
typedef struct position {
    const qni_calendar *calendar;
    const qn_leg *legs;
    double cost;
} position;

static double profit_at(const position *p, double price)
{
    return qni_calendar_profit(p->calendar, p->legs, p->cost, price);
}

/* The zero between `low` and `high`, at one of which there is a profit and at the other not. */
static double zero_between(const position *p, double low, double high)
{
    bool rises = profit_at(p, high) > 0;
    for (int i = 0; i < QNI_SCAN_BREAKEVEN_STEPS && high - low > QNI_SCAN_BREAKEVEN_ERROR * high; i++) {
        double middle = low + (high - low) / 2;
        if ((profit_at(p, middle) > 0) == rises)
            high = middle;
        else
            low = middle;
    }
    return low + (high - low) / 2;
}

/* Where between 0 and the strike least is left: h is convex there, and where it is 0 at 0 and cannot be less, at 0. */
static double least_below(const position *p)
{
    double strike = p->legs[0].strike, low = 0, high = strike;
    if (p->calendar->american && p->calendar->discount <= 1)
        return 0;
    for (int i = 0; i < QNI_SCAN_BREAKEVEN_STEPS && high - low > QNI_SCAN_BREAKEVEN_ERROR * strike; i++) {
        double third = (high - low) / 3;
        if (profit_at(p, low + third) <= profit_at(p, high - third))
            high -= third;
        else
            low += third;
    }
    return profit_at(p, 0) <= profit_at(p, low) ? 0 : low;
}

void qni_calendar_payoff(qn_payoff *out, const qni_calendar *calendar, const qn_leg *legs, double cost)
{
    const position p = {calendar, legs, cost};
    double strike = legs[0].strike, most = profit_at(&p, strike), least = least_below(&p);
    double at_zero = profit_at(&p, 0), lowest = profit_at(&p, least), beyond = profit_at(&p, (double)INFINITY);
    *out = (qn_payoff){.max_profit = fmax(most, fmax(at_zero, beyond)), .max_loss = fmax(-fmin(lowest, beyond), 0)};
    if (at_zero > 0 && lowest < 0)
        out->breakevens[out->breakeven_count++] = zero_between(&p, 0, least);
    if (lowest < 0 && most > 0)
        out->breakevens[out->breakeven_count++] = zero_between(&p, least, strike);
    if (most > 0 && beyond < 0) {
        double high = strike;
        while (profit_at(&p, high) > 0)
            high *= 2;
        out->breakevens[out->breakeven_count++] = zero_between(&p, high / 2, high);
    }
}
