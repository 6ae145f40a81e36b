/* options/parity_american.c: the forward of American options, whose call and put do not obey parity: it is the one at
 * which, at a volatility common to both, a model's call less its put is what the market's is. Near the forward the
 * premium of early exercise depends little on it, so that a few substitutions find it. One thread. */
#include "options/limits.h"
#include "options/smile_int.h"

#include <math.h>

/* Calls and then puts of n pairs, a column each: (2 n). */
typedef struct columns {
    int64_t count; /* n */
    double *strike, *market, *sigma, *model;
    int8_t *type;
    uint8_t *status;
    qni_sample *gaps; /* (n) what is left of them without the premium */
} columns;

static qn_status take_columns(columns *c, const qni_expiry *expiry, const qni_pair *pairs, qn_error *err)
{
    int64_t n = c->count;
    const qn_quote *quotes = expiry->chain->quotes;
    double *numbers;
    qn_status s = qni_expiry_scratch((void **)&numbers, expiry, 8 * n, sizeof *numbers, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->type, expiry, 2 * n, sizeof *c->type, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->status, expiry, 2 * n, sizeof *c->status, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->gaps, expiry, n, sizeof *c->gaps, err);
    if (s != QN_OK)
        return s;
    c->strike = numbers;
    c->market = numbers + 2 * n;
    c->sigma = numbers + 4 * n;
    c->model = numbers + 6 * n;
    for (int64_t i = 0; i < 2 * n; i++) {
        const qn_quote *quote = &quotes[i < n ? pairs[i].call : pairs[i - n].put];
        c->strike[i] = quote->strike;
        c->market[i] = 0.5 * (quote->bid + quote->ask);
        c->type[i] = quote->type;
    }
    return QN_OK;
}

/* The volatility of a pair's call and put: that of both, or of the one that has one; NaN: neither has. */
static double common_sigma(const columns *c, int64_t i)
{
    bool call = c->status[i] == QN_OPTION_OK, put = c->status[c->count + i] == QN_OPTION_OK;
    if (call && put)
        return 0.5 * (c->sigma[i] + c->sigma[c->count + i]);
    return call ? c->sigma[i] : put ? c->sigma[c->count + i] : NAN;
}

int64_t qni_expiry_near_pairs(int64_t *n, const qni_expiry *expiry)
{
    double forward = expiry->smile->forward;
    int64_t from = 0, to = expiry->smile->pairs;
    while (to - from > QNI_PARITY_AMERICAN_PAIRS) {
        if (forward - expiry->gaps[from].x > expiry->gaps[to - 1].x - forward)
            from++;
        else
            to--;
    }
    *n = to - from;
    return from;
}

/* What the model's prices of calls and puts are, each pair at its common volatility; NaN: it has none. */
static qn_status find_model(columns *c, const qni_expiry *expiry, qn_error *err)
{
    const qn_american_options options = qni_expiry_american_options(expiry);
    qn_option_batch batch;
    qn_option_batch_init(&batch, sizeof batch);
    batch.count = 2 * c->count;
    batch.types = c->type;
    batch.spot = (qn_numbers){&expiry->spot, 0};
    batch.strike = (qn_numbers){c->strike, 1};
    batch.years = (qn_numbers){&expiry->smile->years, 0};
    batch.rate = (qn_numbers){&expiry->rate, 0};
    batch.yield = (qn_numbers){&expiry->yield, 0};
    qn_status s = qn_american_implied(c->sigma, c->status, &batch, c->market, false, &options, err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < c->count; i++)
        c->sigma[i] = c->sigma[c->count + i] = common_sigma(c, i);
    batch.sigma = (qn_numbers){c->sigma, 1};
    qn_option_results results;
    qn_option_results_init(&results, sizeof results);
    results.price = c->model;
    return qn_american_price(&results, &batch, &options, err);
}

/* Into c->gaps: the gaps without their premiums; returns how many have one. */
static int64_t take_premium_out(columns *c, const qn_smile *smile, const qni_sample *gaps)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->count; i++) {
        double european = smile->discount * (smile->forward - gaps[i].x);
        double premium = c->model[i] - c->model[c->count + i] - european;
        c->gaps[n] = gaps[i];
        c->gaps[n].y -= premium;
        n += isfinite(premium);
    }
    return n;
}

qn_status qni_expiry_american_forward(qni_expiry *expiry, qn_error *err)
{
    qn_smile *smile = expiry->smile;
    columns c;
    int64_t first = qni_expiry_near_pairs(&c.count, expiry);
    expiry->change = 0;
    if (!(smile->forward > 0) || !(smile->years > 0) || c.count == 0)
        return QN_OK;
    qn_arena_mark mark = qn_arena_mark_now(expiry->scratch);
    qn_status s = take_columns(&c, expiry, expiry->pairs + first, err);
    if (s == QN_OK)
        s = find_model(&c, expiry, err);
    if (s != QN_OK)
        return s;
    int64_t n = take_premium_out(&c, smile, expiry->gaps + first);
    double forward = smile->forward, error = smile->forward_error;
    if (n > 0)
        s = qni_expiry_agree(expiry, c.gaps, n, err);
    if (!(smile->forward > 0) || isinf(smile->forward)) { /* parity as of European options is all there is */
        smile->forward = forward;
        smile->forward_error = error;
    }
    expiry->change = fabs(smile->forward / forward - 1);
    qn_arena_rewind(expiry->scratch, mark);
    return s;
}
