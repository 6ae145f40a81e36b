/* options/parity_premium.c: the forwards of American options, all expiries together: each pair's prices less their
 * premiums of early exercise, which are those at the volatility that is common to both, obey parity. Volatilities,
 * premiums and forwards follow from each other; as premiums are small, few rounds find all of them. One thread. */
#include <math.h>
#include <string.h>

#include <quern/black.h>

#include "math/vector_log.h"
#include "options/premium_int.h"

/* Calls and then puts of the n pairs nearest to the forward of an expiry, a column each: (2 n). */
typedef struct near {
    qni_expiry *expiry;
    int64_t count, first; /* n; the first of its pairs */
    double *strike, *market, *sigma, *premium, *european;
    int8_t *type;
    uint8_t *status;
    qni_sample *gaps;         /* (n) without their premiums */
    qni_early early[2];       /* of puts and calls */
    qni_premium *premiums[2]; /* likewise, where they have one */
    bool exact;               /* these options have to be priced one by one */
} near;

struct qni_forwards {
    near *all; /* (count) */
    int64_t count;
    qni_premium *premiums; /* (2, count) of which `used` are */
    int64_t used;
    int steps; /* taken */
};

enum {
    NEAR_NUMBERS = 5
};

static qn_status take(void **out, qn_arena *arena, int64_t count, int64_t size, qn_error *err)
{
    qn_status s = qn_arena_take(out, arena, count * size, err);
    if (s == QN_OK)
        memset(*out, 0, (size_t)(count * size));
    return s;
}

static qn_status take_columns(near *at, qn_arena *arena, qn_error *err)
{
    int64_t n = at->count;
    double *numbers;
    qn_status s = take((void **)&numbers, arena, 2 * n * NEAR_NUMBERS, sizeof *numbers, err);
    if (s == QN_OK)
        s = take((void **)&at->type, arena, 2 * n, sizeof *at->type, err);
    if (s == QN_OK)
        s = take((void **)&at->status, arena, 2 * n, sizeof *at->status, err);
    if (s == QN_OK)
        s = take((void **)&at->gaps, arena, n, sizeof *at->gaps, err);
    if (s != QN_OK)
        return s;
    double **columns[NEAR_NUMBERS] = {&at->strike, &at->market, &at->sigma, &at->premium, &at->european};
    for (int k = 0; k < NEAR_NUMBERS; k++)
        *columns[k] = numbers + 2 * n * k;
    return QN_OK;
}

/* The pairs that are nearest to the forward as it is now. */
static void choose(near *at)
{
    int64_t n, first = qni_expiry_near_pairs(&n, at->expiry);
    if (first == at->first)
        return;
    const qn_quote *quotes = at->expiry->chain->quotes;
    const qni_pair *pairs = at->expiry->pairs + first;
    at->first = first;
    for (int64_t i = 0; i < 2 * n; i++) {
        const qn_quote *quote = &quotes[i < n ? pairs[i].call : pairs[i - n].put];
        at->strike[i] = quote->strike;
        at->market[i] = 0.5 * (quote->bid + quote->ask);
        at->type[i] = quote->type;
        at->premium[i] = 0;
    }
}

static qn_status begin_one(near *at, qni_expiry *expiry, qn_arena *arena, qn_error *err)
{
    *at = (near){.expiry = expiry, .first = -1};
    if (!(expiry->smile->forward > 0) || !(expiry->smile->years > 0) || expiry->smile->pairs == 0)
        return QN_OK;
    (void)qni_expiry_near_pairs(&at->count, expiry);
    return take_columns(at, arena, err);
}

qn_status qni_forwards_begin(qni_forwards **out, qni_expiry *expiries, int64_t count, qn_arena *arena, qn_error *err)
{
    qni_forwards *f = NULL;
    qn_status s = take((void **)&f, arena, 1, sizeof *f, err);
    if (s == QN_OK)
        s = take((void **)&f->all, arena, count, sizeof *f->all, err);
    if (s == QN_OK)
        s = take((void **)&f->premiums, arena, 2 * count, sizeof *f->premiums, err);
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = begin_one(&f->all[f->count++], &expiries[i], arena, err);
    *out = s == QN_OK ? f : NULL;
    return s;
}

/* Each pair's common volatility: that of both, or of the one that has one; NaN: neither has. */
static void find_common(near *at)
{
    int64_t n = at->count;
    for (int64_t i = 0; i < 2 * n; i++) { /* for what exercise pays no volatility is told */
        if (at->status[i] != QN_OPTION_OK || !(at->market[i] > at->type[i] * (at->expiry->spot - at->strike[i])))
            at->sigma[i] = NAN;
    }
    for (int64_t i = 0; i < n; i++) {
        double call = at->sigma[i], put = at->sigma[n + i];
        double common = isnan(call) ? put : isnan(put) ? call : 0.5 * (call + put);
        at->sigma[i] = at->sigma[n + i] = common;
    }
}

/* Volatilities at the forward as it is now, and the premiums that are to be known at their mean. */
static qn_status find_volatilities(near *at, qni_forwards *f, qn_error *err)
{
    qni_expiry *expiry = at->expiry;
    int64_t n = at->count;
    double low = INFINITY, high = 0;
    for (int k = 0; k < 2; k++) {
        at->early[k] = qni_expiry_early(expiry, k == 1);
        at->exact = at->exact || at->early[k] == QNI_EARLY_OTHER;
    }
    if (at->exact || n == 0)
        return QN_OK;
    if (f->steps < QNI_PARITY_AMERICAN_FREE)
        choose(at);
    for (int64_t i = 0; i < 2 * n; i++)
        at->european[i] = at->market[i] - at->premium[i];
    qn_status s =
        qni_expiry_implied_european(at->sigma, at->status, expiry, at->type, at->strike, at->european, 2 * n, err);
    if (s != QN_OK)
        return s;
    find_common(at);
    for (int64_t i = 0; i < n; i++) {
        low = fmin(low, at->sigma[i]);
        high = fmax(high, at->sigma[i]);
    }
    for (int k = 0; k < 2; k++) {
        at->premiums[k] = NULL;
        if (at->early[k] != QNI_EARLY_PREMIUM || !(high > 0))
            continue;
        at->premiums[k] = &f->premiums[f->used++];
        qni_premium_init(at->premiums[k], expiry, k == 1, low / QNI_PREMIUM_WIDEN, high * QNI_PREMIUM_WIDEN, 2);
    }
    return QN_OK;
}

/* The premium of one that is exercised now. */
static double exercised(const near *at, int64_t i)
{
    const qni_expiry *e = at->expiry;
    double years = e->smile->years;
    double european = v_exp(-e->rate * years) *
                      qn_black(e->smile->forward, at->strike[i], years, at->sigma[i], (qn_option_type)at->type[i]);
    return at->type[i] * (e->spot - at->strike[i]) - european;
}

/* The premiums of all pairs, and the forward without them. */
static qn_status find_forward(near *at, qni_american_work *work, qn_error *err)
{
    int64_t n = at->count, left = 0;
    const qni_sample *gaps = at->expiry->gaps + at->first;
    for (int k = 0; k < 2; k++) {
        int64_t from = k == 1 ? 0 : n; /* calls come first */
        if (at->premiums[k] == NULL)
            continue;
        qni_premium_values(at->premium + from, at->premiums[k], at->strike + from, at->sigma + from, n, work);
        for (int64_t i = from; i < from + n; i++) {
            if (isnan(at->premium[i]) && at->sigma[i] > 0)
                at->premium[i] = exercised(at, i);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        double premium = at->premium[i] - at->premium[n + i];
        if (isnan(at->sigma[i]) || isnan(premium)) {
            at->premium[i] = at->premium[n + i] = 0; /* and from there once more */
            continue;
        }
        at->gaps[left] = gaps[i];
        at->gaps[left++].y -= premium;
    }
    return left > 0 ? qni_expiry_agree(at->expiry, at->gaps, left, err) : QN_OK;
}

static qn_status step_one(near *at, qni_american_work *work, qn_error *err)
{
    qni_expiry *expiry = at->expiry;
    qn_smile *smile = expiry->smile;
    double forward = smile->forward, error = smile->forward_error;
    for (int k = 0; k < 2; k++)
        at->exact = at->exact || (at->premiums[k] != NULL && !at->premiums[k]->solved);
    if (at->exact)
        return qni_expiry_american_forward(expiry, err);
    expiry->change = 0;
    if (at->count == 0)
        return QN_OK;
    qn_status s = find_forward(at, work, err);
    if (!(smile->forward > 0) || isinf(smile->forward)) { /* parity as of European options is all there is */
        smile->forward = forward;
        smile->forward_error = error;
    }
    expiry->change = fabs(smile->forward / forward - 1);
    return s;
}

qn_status qni_forwards_step(qni_forwards *f, qni_american_work *work, qn_error *err)
{
    qn_status s = QN_OK;
    f->used = 0;
    for (int64_t i = 0; i < f->count && s == QN_OK; i++)
        s = find_volatilities(&f->all[i], f, err);
    if (s == QN_OK)
        s = qni_premiums_solve(f->premiums, f->used, work, err);
    for (int64_t i = 0; i < f->count && s == QN_OK; i++)
        s = step_one(&f->all[i], work, err);
    f->steps++;
    return s;
}
