/* options/delta.c: what follows from the shapes of smiles: volatilities at deltas, and whether expiries cross. One
 * thread. */
#include "options/smile_int.h"

#include <math.h>
#include <stddef.h>

#include "options/limits.h"
#include "options/svi_int.h"

/* d1 at k, which falls from infinity to -infinity where there is no arbitrage (Fukasawa, "The normalizing
 * transformation of the implied volatility smile", 2012). The forward delta of a call is N(d1), that of a put
 * N(d1) - 1. */
static double d1_at(const qn_smile *smile, double k)
{
    double deviation = sqrt(qn_smile_variance(smile, k));
    return 0.5 * deviation - k / deviation;
}

/* The k where d1 is `wanted`: regula falsi (Illinois), between bounds that are widened until they hold it. */
static double k_at(const qn_smile *smile, double wanted)
{
    double step = sqrt(qn_smile_variance(smile, 0)), low = -step, high = step, k = 0;
    for (int i = 0; i < QNI_DELTA_WIDENINGS && d1_at(smile, low) < wanted; i++)
        low *= 2;
    for (int i = 0; i < QNI_DELTA_WIDENINGS && d1_at(smile, high) > wanted; i++)
        high *= 2;
    double at_low = d1_at(smile, low) - wanted, at_high = d1_at(smile, high) - wanted;
    if (!(at_low >= 0) || !(at_high <= 0))
        return (double)NAN;
    for (int i = 0; i < QNI_DELTA_STEPS && at_low > 0 && at_high < 0; i++) {
        double share = at_low / (at_low - at_high), before = k;
        k = low + share * (high - low);
        double at = d1_at(smile, k) - wanted;
        if (at > 0) {
            low = k;
            at_low = at;
            at_high *= 0.5;
        } else {
            high = k;
            at_high = at;
            at_low *= 0.5;
        }
        if (at == 0 || k == before)
            return k;
    }
    return at_low == 0 ? low : at_high == 0 ? high : k;
}

static double volatility(const qn_smile *smile, double k)
{
    return sqrt(qn_smile_variance(smile, k) / smile->years);
}

void qni_smile_derive(qn_smile *smile)
{
    const double quarter = 0.67448975019608174; /* N(-quarter) = 0.25 */
    if (smile->shape == QN_SMILE_NONE)
        return;
    smile->atm_vol = volatility(smile, 0);
    smile->put25_vol = volatility(smile, k_at(smile, quarter));
    smile->call25_vol = volatility(smile, k_at(smile, -quarter));
    smile->risk_reversal = smile->call25_vol - smile->put25_vol;
    smile->butterfly = 0.5 * (smile->call25_vol + smile->put25_vol) - smile->atm_vol;
}

void qni_surface_calendar(qn_surface *surface)
{
    const qn_smile *before = NULL;
    surface->least_calendar = (double)NAN;
    surface->least_calendar_smile = -1;
    for (int64_t i = 0; i < surface->smile_count; i++) {
        const qn_smile *smile = &surface->smiles[i];
        if (smile->shape != QN_SMILE_SVI)
            continue;
        if (before != NULL) {
            double least = qni_svi_least_gap(&before->svi, &smile->svi);
            if (!(least >= surface->least_calendar)) {
                surface->least_calendar = least;
                surface->least_calendar_smile = before - surface->smiles;
            }
        }
        before = smile;
    }
}
