/* scan/score.c: the one scorer, for trades and for tickers: a weighted sum of parts between 0 and 1, each of which
 * grows with what it is made of.
 *
 *   vrp          percentile of the ratio of implied to past moves in the reference distribution
 *   liquidity    0, 3/5, 4/5, 1 for reject, warning, good, excellent
 *   probability  of profit, under the outlook
 *   edge         expected profit by what is at risk, 10 % and more counting in full
 *   consistency  of past moves, less for few of them and where they grow
 *
 * A trade is scored with its own liquidity, a ticker as its best trade. */
#include "scan/scan_int.h"

#include "scan/limits.h"

#include <math.h>
#include <stddef.h>

/* Between 0 and 1; what is not known is 0. */
static double part(double x)
{
    return x > 0 ? fmin(x, 1) : 0;
}

static double liquidity_part(qn_tier tier)
{
    switch (tier) {
    case QN_TIER_EXCELLENT:
        return 1;
    case QN_TIER_GOOD:
        return QNI_SCORE_LIQUIDITY_GOOD;
    case QN_TIER_WARNING:
    case QN_TIER_MARGINAL:
        return QNI_SCORE_LIQUIDITY_WARNING;
    case QN_TIER_REJECT:
        break;
    }
    return 0;
}

void qni_score_parts(qn_score *out, const qni_score_input *in, const qn_scan_settings *settings)
{
    const qn_scan_settings *w = settings;
    double sum = w->weight_vrp + w->weight_liquidity + w->weight_probability + w->weight_edge + w->weight_consistency;
    double unit = sum > 0 ? 100 / sum : 0;
    out->vrp = unit * w->weight_vrp * part(in->percentile);
    out->liquidity = unit * w->weight_liquidity * liquidity_part(in->liquidity);
    out->probability = unit * w->weight_probability * part(in->probability);
    out->edge = unit * w->weight_edge * part(in->edge / QNI_SCORE_EDGE_FULL);
    out->consistency = unit * w->weight_consistency * part(in->consistency);
    out->total = out->vrp + out->liquidity + out->probability + out->edge + out->consistency;
}

static qni_score_input inputs_of(const qn_scan_ticker *r, const qn_trade *trade)
{
    qni_score_input in = {
        .percentile = r->vrp.percentile, .liquidity = r->liquidity.tier, .consistency = r->history.trust};
    if (trade != NULL) {
        in.liquidity = trade->liquidity.tier < in.liquidity ? trade->liquidity.tier : in.liquidity;
        in.probability = trade->pop;
        in.edge = trade->edge;
    }
    return in;
}

/* Whether the direction of a trade agrees with the ratio: options are sold where they are dear, bought where even the
 * upper end of the ratio's interval says that they are cheap. */
static bool agrees(const qn_scan_ticker *r, const qn_trade *trade)
{
    if (trade->strategy == QN_STRATEGY_LONG_STRADDLE)
        return r->vrp.high < 1;
    return r->vrp.tier != QN_TIER_REJECT;
}

/* Why a trade cannot be the best one; NULL: it can. */
static const char *obstacle(const qn_scan_ticker *r, const qn_trade *trade)
{
    if (trade->undefined_risk)
        return "its loss has no bound: shown, never sized";
    if (trade->liquidity.tier == QN_TIER_REJECT)
        return "one of its options is not liquid enough";
    if (!agrees(r, trade))
        return trade->strategy == QN_STRATEGY_LONG_STRADDLE ? "options are not cheap: the ratio's interval reaches 1"
                                                            : "options are not dear: there is no premium to sell";
    return NULL;
}

static bool is_said(const char *reason)
{
    return reason != NULL && reason[0] != 0;
}

/* Whether a is to be preferred: one with an expected profit before one without, then by score. */
static bool is_better(const qn_trade *a, const qn_trade *b)
{
    if ((a->expected_value > 0) != (b->expected_value > 0))
        return a->expected_value > 0;
    return a->score > b->score;
}

static qn_status explain_choice(const qni_subject *subject, qn_error *err)
{
    const qn_scan_ticker *r = subject->result;
    const qn_trade *best = r->best >= 0 ? &subject->trades[r->best] : NULL;
    qn_status s = QN_OK;
    for (int64_t i = 0; i < QN_STRATEGY_COUNT && s == QN_OK; i++) {
        qn_trade *t = &subject->trades[i];
        if (!t->tradable || is_said(t->reason))
            continue;
        if (t == best)
            s = qni_subject_text(
                &t->reason, subject, err, "chosen: the highest score %s, %.1f",
                t->expected_value > 0 ? "with an expected profit" : "where no trade has an expected profit", t->score);
        else if (best != NULL && (t->expected_value > 0 || best->expected_value <= 0))
            s = qni_subject_text(&t->reason, subject, err, "its score of %.1f is below that of the %s, %.1f", t->score,
                                 qn_strategy_words(best->strategy), best->score);
        else
            s = qni_subject_text(&t->reason, subject, err, "its expected profit is not above 0: %.3g a share",
                                 t->expected_value);
    }
    return s;
}

static qn_status explain_ticker(qni_subject *subject, qn_error *err)
{
    const qn_scan_ticker *r = subject->result;
    const qn_trade *best = r->best >= 0 ? &subject->trades[r->best] : NULL;
    if (best == NULL)
        return qni_subject_reason(subject, err, "no trade is recommended");
    if (!(best->expected_value > 0))
        return qni_subject_reason(subject, err, "no trade has an expected profit after spreads and commissions");
    return QN_OK;
}

qn_status qni_score(qni_subject *subject, qn_error *err)
{
    qn_scan_ticker *r = subject->result;
    for (int64_t i = 0; i < QN_STRATEGY_COUNT; i++) {
        qn_trade *t = &subject->trades[i];
        if (!t->built)
            continue;
        qn_score score;
        qni_score_input in = inputs_of(r, t);
        qni_score_parts(&score, &in, subject->settings);
        t->score = score.total;
        const char *why = obstacle(r, t);
        if (why != NULL) {
            t->tradable = false;
            t->reason = is_said(t->reason) ? t->reason : why;
        }
        if (t->tradable && (r->best < 0 || is_better(t, &subject->trades[r->best])))
            r->best = i;
    }
    qni_score_input in = inputs_of(r, r->best >= 0 ? &subject->trades[r->best] : NULL);
    qni_score_parts(&r->score, &in, subject->settings);
    qn_status s = explain_choice(subject, err);
    return s == QN_OK ? explain_ticker(subject, err) : s;
}
