/* scan/event_level.c: the total variance of an expiry at the money. A smile before a report is flatter at the money, or
 * even has a hump there, and is steeper around it than a curve of five parameters free of arbitrage can be; so the
 * curve's level is corrected by what quotes near the money are off it: a line through these residuals, each counting by
 * its weight and less the further from the money. One thread. */
#include "scan/event_int.h"
#include "scan/limits.h"

#include <math.h>
#include <stddef.h>

/* Weighted sums over points near the money of residuals y of volatilities. */
typedef struct sums {
    double n, w, ww, wk, wkk, wy, wky;
} sums;

/* |k| of the point that is the QNI_EVENT_NEAR_LEAST-th nearest of those that count. */
static double near_enough(const qn_smile *smile)
{
    double nearest[QNI_EVENT_NEAR_LEAST];
    int n = 0;
    for (int64_t i = 0; i < smile->point_count; i++) {
        double k = fabs(smile->points[i].k);
        if (!(smile->points[i].weight > 0))
            continue;
        int at = n < QNI_EVENT_NEAR_LEAST ? n++ : n;
        for (; at > 0 && nearest[at - 1] > k; at--)
            if (at < QNI_EVENT_NEAR_LEAST)
                nearest[at] = nearest[at - 1];
        if (at < QNI_EVENT_NEAR_LEAST)
            nearest[at] = k;
    }
    return n > 0 ? nearest[n - 1] : 0;
}

/* Half of what lies between the volatilities of bid and ask. */
static double half_spread(const qn_smile_point *p)
{
    double half = 0.5 * (p->ask_vol - p->bid_vol);
    if (!(half >= 0))
        half = fmax(p->ask_vol - p->mid_vol, p->mid_vol - p->bid_vol); /* one of them is below any volatility */
    return half >= 0 ? half : p->mid_vol;
}

/* Between the points on either side of the forward that count. */
static double half_spread_at_money(const qn_smile *smile)
{
    const qn_smile_point *below = NULL, *above = NULL;
    for (int64_t i = 0; i < smile->point_count && above == NULL; i++) {
        const qn_smile_point *p = &smile->points[i];
        if (p->weight > 0 && p->k < 0)
            below = p;
        else if (p->weight > 0)
            above = p;
    }
    if (above == NULL)
        return below == NULL ? 0 : half_spread(below);
    if (below == NULL)
        return half_spread(above);
    return (half_spread(below) * above->k - half_spread(above) * below->k) / (above->k - below->k);
}

static double counts(const qn_smile_point *p, double width)
{
    double x = fabs(p->k) / width, t = 1 - x * x * x;
    return p->weight > 0 && x < 1 ? p->weight * t * t * t : 0;
}

bool qni_event_level_of(qni_event_level *out, const qn_smile *smile)
{
    double fitted = sqrt(qn_smile_variance(smile, 0) / smile->years);
    if (!(fitted > 0) || !(smile->years > 0) || isinf(fitted))
        return false;
    double width = fmax(QNI_EVENT_NEAR * fitted * sqrt(smile->years), (1 + QNI_EVENT_NEAR) * near_enough(smile));
    sums s = {0};
    for (int64_t i = 0; i < smile->point_count; i++) {
        const qn_smile_point *p = &smile->points[i];
        double w = counts(p, width), y = p->mid_vol - p->fitted_vol;
        if (!(w > 0) || !isfinite(y))
            continue;
        s.n++, s.w += w, s.ww += w * w;
        s.wk += w * p->k, s.wkk += w * p->k * p->k;
        s.wy += w * y, s.wky += w * p->k * y;
    }
    if (!(s.w > 0))
        return false;
    double center = s.wk / s.w, mean = s.wy / s.w, var_k = s.wkk / s.w - center * center, slope = 0, scatter = 0;
    if (s.n > 2 && var_k > 0)
        slope = (s.wky / s.w - center * mean) / var_k;
    for (int64_t i = 0; i < smile->point_count && s.n > 2; i++) {
        const qn_smile_point *p = &smile->points[i];
        double w = counts(p, width), off = p->mid_vol - p->fitted_vol - mean - slope * (p->k - center);
        if (w > 0 && isfinite(off))
            scatter += w * off * off;
    }
    if (s.n > 2)
        scatter *= s.n / (s.n - 2) / s.w * s.ww / (s.w * s.w); /* of the mean */
    double sigma = fmax(fitted + mean - slope * center, 0), half = half_spread_at_money(smile);
    *out = (qni_event_level){
        .variance = sigma * sigma * smile->years,
        .error = 2 * sigma * smile->years * sqrt(half * half / 3 + scatter),
        .half_spread = half,
    };
    return sigma > 0;
}
