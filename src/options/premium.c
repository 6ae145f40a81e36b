/* options/premium.c: premiums of early exercise from boundaries between a few that are solved for. Any thread, each
 * with its own work. */
#include "options/premium_int.h"

#include <math.h>
#include <string.h>

#include "math/vector_log.h"

qni_early qni_expiry_early(const qni_expiry *expiry, bool call)
{
    double rate = call ? expiry->yield : expiry->rate, yield = call ? expiry->rate : expiry->yield;
    if (expiry->options->dividend_count > 0)
        return QNI_EARLY_OTHER;
    if (rate <= 0 && yield >= rate)
        return QNI_EARLY_NEVER;
    bool usual = expiry->smile->years <= QNI_PREMIUM_YEARS && fmax(fabs(rate), fabs(yield)) <= QNI_PREMIUM_RATE;
    return rate >= 0 && usual && expiry->spot > 0 && isfinite(expiry->spot) ? QNI_EARLY_PREMIUM : QNI_EARLY_OTHER;
}

/* Of no volatility yet. */
static qni_premium of_expiry(const qni_expiry *expiry, bool call)
{
    return (qni_premium){
        .call = call,
        .spot = expiry->spot,
        .years = expiry->smile->years,
        .rate = call ? expiry->yield : expiry->rate,
        .yield = call ? expiry->rate : expiry->yield,
    };
}

void qni_premium_init(qni_premium *out, const qni_expiry *expiry, bool call, double low, double high, int64_t count)
{
    double from = v_log(low), to = v_log(high);
    *out = of_expiry(expiry, call);
    out->count = count;
    static const double two[] = {-0.70710678118654752, 0.70710678118654752};
    static const double four[] = {-0.92387953251128674, -0.38268343236508977, 0.38268343236508977, 0.92387953251128674};
    for (int64_t i = 0; i < count; i++) /* Chebyshev's nodes */
        out->log_sigma[i] = 0.5 * (from + to) + 0.5 * (to - from) * (count == 2 ? two[i] : four[i]);
}

/* Boundaries of premiums [from, to), which fill one piece of work. */
static qn_status solve_piece(qni_premium *premiums, int64_t from, int64_t to, qni_american_work *work, qn_error *err)
{
    qni_american_plan plans[QNI_AMERICAN_PIECE] = {{0}};
    bool converged[QNI_AMERICAN_PIECE];
    qni_american_puts *p = &work->puts;
    int64_t n = 0;
    for (int64_t i = from; i < to; i++) {
        for (int64_t j = 0; j < premiums[i].count; j++, n++) {
            p->x[n] = 0;
            p->years[n] = premiums[i].years;
            p->rate[n] = premiums[i].rate;
            p->yield[n] = premiums[i].yield;
            p->sigma[n] = v_exp(premiums[i].log_sigma[j]);
            p->accuracy[n] = QNI_PREMIUM_TRUST;
        }
    }
    qn_status s = qni_american_climb(converged, plans, work, n, err);
    if (s != QN_OK)
        return s;
    n = 0;
    for (int64_t i = from; i < to; i++) {
        premiums[i].solved = true;
        for (int64_t j = 0; j < premiums[i].count; j++, n++) {
            double over = 1 / (p->sigma[n] * p->sigma[n]);
            premiums[i].solved = premiums[i].solved && converged[n] && plans[n].rung == QNI_PREMIUM_RUNG;
            for (int k = 0; k < QNI_PREMIUM_ROWS; k++)
                premiums[i].shape[j][k] = p->h[k][n] * over;
        }
    }
    return QN_OK;
}

qn_status qni_premiums_solve(qni_premium *premiums, int64_t count, qni_american_work *work, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t from = 0, to; from < count && s == QN_OK; from = to) {
        int64_t n = 0;
        for (to = from; to < count && n + premiums[to].count <= QNI_AMERICAN_PIECE; to++)
            n += premiums[to].count;
        s = solve_piece(premiums, from, to, work, err);
    }
    return s;
}

void qni_premium_values(double *out, const qni_premium *premium, const double *strikes, const double *sigmas,
                        int64_t count, const qni_american_work *work)
{
    work->premiums(out, premium, &work->rungs[QNI_PREMIUM_RUNG], strikes, sigmas, count);
}

void qni_premium_bounds(double *out, const qni_expiry *expiry, bool call, const double *strikes, const double *sigmas,
                        int64_t count)
{
    const qni_premium unsolved = of_expiry(expiry, call);
    expiry->work->bounds(out, &unsolved, strikes, sigmas, count);
}
