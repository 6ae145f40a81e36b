/* options/american_put.c: puts on a constant yield, climbing from rung to rung until the price no longer changes. Any
 * thread, each with its own work. */
#include "options/kernels.h"

#include <math.h>

/* Takes the puts at `index` up to the given rung; prices[] has those of the rung before. */
static qn_status take_up(qni_american_work *work, int rung, const int32_t *index, int64_t count, qn_error *err)
{
    qn_status s = qni_american_rung_make(work, rung, err);
    if (s != QN_OK)
        return s;
    const qni_american_rung *r = &work->rungs[rung];
    s = qni_american_scratch(work, (int64_t)r->rows * (r->terms + r->rows) * QNI_OPTION_LANES, err);
    if (s == QN_OK)
        work->solve(&work->puts, r, index, count, work->scratch);
    return s;
}

qn_status qni_american_climb(bool *converged, qni_american_plan *plans, qni_american_work *work, int64_t count,
                             qn_error *err)
{
    int32_t index[QNI_AMERICAN_PIECE];
    double before[QNI_AMERICAN_PIECE];
    int64_t left = count;
    for (int64_t i = 0; i < count; i++) {
        index[i] = (int32_t)i;
        before[i] = NAN;
        converged[i] = false;
    }
    for (int rung = 0; rung < QNI_AMERICAN_RUNGS && left > 0; rung++) {
        qn_status s = take_up(work, rung, index, left, err);
        if (s != QN_OK)
            return s;
        int64_t kept = 0;
        for (int64_t k = 0; k < left && work->rungs[rung].last_terms > 0; k++) {
            int32_t i = index[k];
            double price = work->puts.price[i];
            bool done = plans[i].rung > 0 ? rung == plans[i].rung
                                          : fabs(price - before[i]) <= QNI_AMERICAN_TRUST * work->puts.accuracy[i];
            before[i] = price;
            if (done) {
                converged[i] = isfinite(price);
                plans[i].rung = rung;
            } else {
                index[kept++] = i;
            }
        }
        if (work->rungs[rung].last_terms > 0)
            left = kept;
    }
    return QN_OK;
}
