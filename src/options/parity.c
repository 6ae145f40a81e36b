/* options/parity.c: what puts and calls of the same strike say of forward and rate: C - P = D (F - K), each pair
 * weighted by what its spreads leave open, pairs that contradict most others ignored (Tukey's biweight).
 *
 * Of American options the premium of early exercise is taken out first: it is what the American price of the option
 * has over the European one at a volatility common to the call and the put. One thread. */
#include "base/error.h"
#include "options/limits.h"
#include "options/smile_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double middle(const qn_quote *quote)
{
    return 0.5 * (quote->bid + quote->ask);
}

/* Variance of a quote's middle: the price is anywhere between bid and ask. */
static double variance(const qn_quote *quote)
{
    double spread = fmax(quote->ask - quote->bid, QNI_PARITY_LEAST_SPREAD * quote->strike);
    return spread * spread / 12;
}

static bool good(const qn_quote *quote)
{
    return quote->quote_class == QN_QUOTE_GOOD;
}

static bool in_range(double x)
{
    return x >= QNI_PARITY_LEAST && x <= QNI_PARITY_MOST;
}

/* What a call and a put of the same strike say; false: in numbers so large or small that nothing follows. */
static bool measure(qni_sample *out, const qn_quote *call, const qn_quote *put)
{
    *out = (qni_sample){call->strike, middle(call) - middle(put), sqrt(variance(call) + variance(put))};
    return in_range(out->x) && in_range(out->deviation) && fabs(out->y) <= QNI_PARITY_MOST;
}

/* Into pairs and gaps, unless these are NULL: every strike with a good call and a good put that say something; returns
 * how many. */
static int64_t pair_up(const qni_expiry *expiry)
{
    const qn_quote *quotes = expiry->chain->quotes;
    int64_t n = 0;
    for (int64_t from = expiry->from, to; from < expiry->to; from = to) {
        int64_t call = -1, put = -1;
        for (to = from; to < expiry->to && (to == from || quotes[to].strike == quotes[from].strike); to++) {
            if (good(&quotes[to]))
                *(quotes[to].type == QN_CALL ? &call : &put) = to;
        }
        qni_sample gap;
        if (call < 0 || put < 0 || !measure(&gap, &quotes[call], &quotes[put]))
            continue;
        if (expiry->pairs != NULL) {
            expiry->pairs[n] = (qni_pair){call, put};
            expiry->gaps[n] = gap;
        }
        n++;
    }
    return n;
}

qn_status qni_expiry_pairs(qni_expiry *expiry, qn_error *err)
{
    void *pairs, *gaps;
    int64_t n = pair_up(expiry);
    qn_status s = qni_expiry_take(&pairs, expiry, n, sizeof *expiry->pairs, err);
    if (s == QN_OK)
        s = qni_expiry_take(&gaps, expiry, n, sizeof *expiry->gaps, err);
    if (s != QN_OK)
        return s;
    expiry->pairs = pairs;
    expiry->gaps = gaps;
    expiry->smile->pairs = pair_up(expiry);
    return QN_OK;
}

qn_status qni_expiry_rate(double *rate, double *error, const qni_expiry *expiry, qn_error *err)
{
    int64_t n = expiry->smile->pairs;
    double years = expiry->smile->calendar_years;
    void *scratch;
    *rate = 0;
    *error = INFINITY;
    if (n < QNI_PARITY_SLOPE_PAIRS)
        return QN_OK;
    qn_arena_mark mark = qn_arena_mark_now(expiry->scratch);
    qn_status s = qni_expiry_scratch(&scratch, expiry, n, sizeof(qni_weighted), err);
    if (s != QN_OK)
        return s;
    qni_line l = qni_line_fit(scratch, expiry->gaps, n);
    qn_arena_rewind(expiry->scratch, mark);
    if (l.slope < 0 && isfinite(l.slope_error)) {
        *rate = -log(-l.slope) / years;
        *error = l.slope_error / (-l.slope * years);
    }
    return QN_OK;
}

/* Each gap tells a forward, F = K + (C - P) / D; one far from it counts the less, the less well D is known. */
qn_status qni_expiry_agree(qni_expiry *expiry, const qni_sample *gaps, int64_t n, qn_error *err)
{
    qn_smile *smile = expiry->smile;
    double discount = smile->discount, open = expiry->rate_error * smile->calendar_years;
    void *scratch, *told;
    qn_arena_mark mark = qn_arena_mark_now(expiry->scratch);
    qn_status s = qni_expiry_scratch(&scratch, expiry, n, sizeof(qni_weighted), err);
    if (s == QN_OK)
        s = qni_expiry_scratch(&told, expiry, n, sizeof(qni_sample), err);
    if (s != QN_OK)
        return s;
    qni_sample *forwards = told;
    for (int64_t i = 0; i < n; i++) {
        double forward = gaps[i].x + gaps[i].y / discount;
        double deviation = sqrt(gaps[i].deviation * gaps[i].deviation + open * gaps[i].y * open * gaps[i].y);
        forwards[i] = (qni_sample){gaps[i].x, forward, deviation / discount};
    }
    qni_level_fit(&smile->forward, &smile->forward_error, scratch, forwards, n);
    qn_arena_rewind(expiry->scratch, mark);
    return QN_OK;
}

/* Into smile->forward_source. */
static qn_status say_pairs(const qni_expiry *expiry, qn_error *err)
{
    char text[QNI_SURFACE_SENTENCE];
    int64_t n = expiry->smile->pairs;
    int length = snprintf(text, sizeof text, "parity of %" PRId64 " %s", n, n == 1 ? "pair" : "pairs");
    void *copy;
    qn_status s = qni_expiry_take(&copy, expiry, length + 1, 1, err);
    if (s != QN_OK)
        return s;
    memcpy(copy, text, (size_t)length);
    expiry->smile->forward_source = copy;
    return QN_OK;
}

qn_status qni_expiry_forward(qni_expiry *expiry, qn_error *err)
{
    qn_smile *smile = expiry->smile;
    double spot = expiry->chain->spot;
    qn_status s = QN_OK;
    if (smile->pairs > 0) {
        s = qni_expiry_agree(expiry, expiry->gaps, smile->pairs, err);
        if (s == QN_OK)
            s = say_pairs(expiry, err);
    } else {
        smile->forward = qni_expiry_forward_of(expiry, spot);
        smile->forward_source =
            expiry->american && expiry->options->dividend_count > 0 ? "spot, rate and dividends" : "spot and rate";
    }
    if (s != QN_OK || (smile->forward > 0 && isfinite(smile->forward)))
        return s;
    smile->forward = smile->forward_error = NAN;
    smile->forward_source = "";
    smile->reason = smile->pairs > 0 ? "no forward: its calls and puts contradict each other"
                    : spot > 0       ? "no forward: no usable pair of a call and a put, and dividends exceed the spot"
                                     : "no forward: no usable pair of a call and a put, and there is no spot";
    return QN_OK;
}
