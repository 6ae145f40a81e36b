/* scan/liquidity.c: whether what is worked out can be traded: by open interest, and by spreads in per cent of the
 * middle, the worse of both. What is not quoted on both sides counts as if its spread were 200 %, the most that there
 * is. One thread. */
#include "base/error.h"
#include "scan/limits.h"
#include "scan/scan_int.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double spread_pct(const qn_quote *q)
{
    return q->quote_class == QN_QUOTE_GOOD ? 200 * (q->ask - q->bid) / (q->ask + q->bid) : 200;
}

/* An open interest that nobody told is none to rely on: such options are good at best. */
static qn_tier tier_of(double interest, double spread, const qn_scan_settings *set)
{
    qn_tier by_interest = isnan(interest)                    ? QN_TIER_GOOD
                          : interest < set->interest_reject  ? QN_TIER_REJECT
                          : interest < set->interest_warning ? QN_TIER_WARNING
                          : interest < set->interest_good    ? QN_TIER_GOOD
                                                             : QN_TIER_EXCELLENT;
    qn_tier by_spread = spread < set->spread_good      ? QN_TIER_EXCELLENT
                        : spread < set->spread_warning ? QN_TIER_GOOD
                        : spread <= set->spread_reject ? QN_TIER_WARNING
                                                       : QN_TIER_REJECT;
    return by_interest < by_spread ? by_interest : by_spread;
}

qn_liquidity qni_liquidity_of(const qn_chain *chain, const int64_t *quotes, int64_t count,
                              const qn_scan_settings *settings)
{
    qn_liquidity out = {.open_interest = NAN, .spread_pct = 200, .volume = NAN, .options = count};
    bool told = true;
    for (int64_t i = 0; i < count; i++) {
        const qn_quote *q = &chain->quotes[quotes[i]];
        double spread = spread_pct(q);
        out.spread_pct = i == 0 ? spread : fmax(out.spread_pct, spread);
        out.open_interest = fmin(out.open_interest, q->open_interest);
        told = told && !isnan(q->open_interest);
        out.volume = fmin(out.volume, q->volume);
    }
    out.tier = tier_of(out.open_interest, out.spread_pct, settings);
    if (!told && out.tier > QN_TIER_GOOD)
        out.tier = QN_TIER_GOOD;
    return out;
}

/* The median of those of n numbers that are told; NaN: none. Sorts them. */
static double median(double *x, int64_t n)
{
    int64_t told = 0;
    for (int64_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            x[told++] = x[i];
    if (told == 0)
        return NAN;
    qsort(x, (size_t)told, sizeof *x, ascending);
    return 0.5 * (x[(told - 1) / 2] + x[told / 2]);
}

/* Within so much of the forward, in logarithms, an option is near the money: where deltas are between 0.2 and 0.8, and
 * at least as far as the second strike on either side. */
static double near_money(const qn_surface *surface, const qn_event_move *event)
{
    const qn_smile *first = &surface->smiles[event->first];
    double reach = QNI_LIQUIDITY_NEAR * sqrt(qn_smile_variance(first, 0)), below[2] = {INFINITY, INFINITY},
           above[2] = {INFINITY, INFINITY};
    for (int64_t i = 0; i < first->point_count; i++) {
        double k = first->points[i].k, *side = k < 0 ? below : above;
        if (fabs(k) < side[0]) {
            side[1] = side[0];
            side[0] = fabs(k);
        } else if (fabs(k) < side[1]) {
            side[1] = fabs(k);
        }
    }
    for (int i = 0; i < 2; i++) {
        reach = isfinite(below[i]) ? fmax(reach, below[i]) : reach;
        reach = isfinite(above[i]) ? fmax(reach, above[i]) : reach;
    }
    return reach;
}

qn_status qni_liquidity(qni_subject *subject, qn_error *err)
{
    const qn_chain *chain = subject->chain;
    const qn_event_move *event = &subject->result->event;
    const qn_smile *first = &subject->surface->smiles[event->first];
    double reach = near_money(subject->surface, event) * (1 + 1e-12), *columns;
    int64_t n = 0;
    void *list;
    qn_arena_mark mark = qn_arena_mark_now(subject->arena);
    qn_status s = qn_arena_take(&list, subject->arena, 3 * chain->count * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    columns = list;
    for (int64_t i = 0; i < chain->count; i++) {
        const qn_quote *q = &chain->quotes[i];
        if (q->expiry != first->expiry || q->settlement != first->settlement || q->quote_class == QN_QUOTE_DUPLICATE ||
            !(fabs(log(q->strike / first->forward)) <= reach))
            continue;
        columns[n] = q->open_interest;
        columns[chain->count + n] = spread_pct(q);
        columns[2 * chain->count + n++] = q->volume;
    }
    qn_liquidity *out = &subject->result->liquidity;
    *out = (qn_liquidity){
        .open_interest = median(columns, n),
        .spread_pct = n > 0 ? median(columns + chain->count, n) : 200,
        .volume = median(columns + 2 * chain->count, n),
        .options = n,
    };
    out->tier = tier_of(out->open_interest, out->spread_pct, subject->settings);
    qn_arena_rewind(subject->arena, mark);
    return QN_OK;
}
