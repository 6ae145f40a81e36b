/* scan/strikes.c: which strikes the legs of a strategy have: always those of good quotes, each the nearest to what its
 * rule asks for.
 *
 * Deltas are those of the forward by the smile, N(d1) of a call and N(-d1) of a put, without a sign. Where nothing
 * fits, a sentence says what is missing. */
#include "scan/build_int.h"

#include "scan/limits.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

qni_ladder qni_ladder_of(const qn_chain *chain, const qn_smile *smile)
{
    qni_ladder ladder = {.smile = smile};
    if (smile == NULL)
        return ladder;
    while (ladder.from < chain->count && (chain->quotes[ladder.from].expiry != smile->expiry ||
                                          chain->quotes[ladder.from].settlement != smile->settlement))
        ladder.from++;
    ladder.to = ladder.from;
    while (ladder.to < chain->count && chain->quotes[ladder.to].expiry == smile->expiry &&
           chain->quotes[ladder.to].settlement == smile->settlement)
        ladder.to++;
    return ladder;
}

/* The good quote of a strike; -1: there is none. */
static int64_t quote_at(const qni_build *b, const qni_ladder *ladder, double strike, int8_t type)
{
    int64_t from = ladder->from, to = ladder->to;
    while (from < to) {
        int64_t middle = from + (to - from) / 2;
        if (b->quotes[middle].strike < strike)
            from = middle + 1;
        else
            to = middle;
    }
    for (int64_t i = from; i < ladder->to && b->quotes[i].strike == strike; i++)
        if (b->quotes[i].type == type && b->quotes[i].quote_class == QN_QUOTE_GOOD)
            return i;
    return -1;
}

/* Without a sign; NaN: no smile. */
static double delta_of(const qn_smile *smile, double strike, int8_t type)
{
    double k = log(strike / smile->forward), deviation = sqrt(qn_smile_variance(smile, k));
    double d1 = deviation / 2 - k / deviation;
    return .5 * erfc(-d1 * type * M_SQRT1_2);
}

/* Whether all legs at the money have good quotes at `strike`. */
static bool near_legs_are_good(const qni_build *b, double strike)
{
    for (int64_t i = 0; i < b->recipe->leg_count; i++) {
        const qni_leg_rule *rule = &b->recipe->legs[i];
        if (rule->strike == QNI_STRIKE_NEAR && quote_at(b, &b->ladders[rule->expiry], strike, rule->type) < 0)
            return false;
    }
    return true;
}

/* The strike at the money; NaN: there is none. */
static double near_strike(const qni_build *b)
{
    double best = (double)NAN, distance = QNI_SCAN_NEAR_MOST * b->move * b->forward;
    for (int64_t i = b->ladders[0].from; i < b->ladders[0].to; i++) {
        double strike = b->quotes[i].strike, here = fabs(strike - b->forward);
        if ((here < distance || (here == distance && isnan(best))) && near_legs_are_good(b, strike)) {
            best = strike;
            distance = here;
        }
    }
    return best;
}

/* What a leg away from the money has to be: of its strikes at `limit` or further out, and of `delta` at most, the one
 * nearest `target`. */
typedef struct wish {
    double limit, target, delta;
} wish;

static int64_t quote_nearest(const qni_build *b, const qni_ladder *ladder, int8_t type, const wish *w)
{
    int64_t best = -1;
    double distance = (double)INFINITY;
    for (int64_t i = ladder->from; i < ladder->to; i++) {
        const qn_quote *q = &b->quotes[i];
        double here = fabs(q->strike - w->target);
        if (q->type != type || q->quote_class != QN_QUOTE_GOOD || (q->strike - w->limit) * type < 0)
            continue;
        if (here > distance || (here == distance && type == QN_PUT)) /* of two that are equally far the outer one */
            continue;
        if (w->delta < 1 && !(delta_of(ladder->smile, q->strike, type) <= w->delta))
            continue;
        best = i;
        distance = here;
    }
    return best;
}

/* The strike of the leg of `type` whose rule is `rule`. */
static double strike_of(const qni_build *b, qni_strike_rule rule, int8_t type)
{
    for (int64_t i = 0; i < b->recipe->leg_count; i++)
        if (b->recipe->legs[i].strike == rule && b->recipe->legs[i].type == type)
            return b->legs[i].strike;
    assert(false);
    return (double)NAN;
}

static wish wish_of(const qni_build *b, const qni_leg_rule *rule)
{
    const qn_scan_settings *settings = b->subject->settings;
    double out = rule->type * (double)INFINITY;
    switch ((qni_strike_rule)rule->strike) {
    case QNI_STRIKE_SHORT:
        return (wish){b->forward * (1 + rule->type * settings->outside * b->move), b->forward, settings->short_delta};
    case QNI_STRIKE_LONG:
        return (wish){nextafter(strike_of(b, QNI_STRIKE_SHORT, rule->type), out), b->forward, settings->long_delta};
    case QNI_STRIKE_WING:
        return (wish){nextafter(strike_of(b, QNI_STRIKE_NEAR, rule->type), out),
                      b->forward * (1 + rule->type * b->move), 1};
    case QNI_STRIKE_NEAR:
        break;
    }
    return (wish){(double)NAN, (double)NAN, (double)NAN};
}

static const char *words_of(int8_t type)
{
    return type == QN_CALL ? "call" : "put";
}

/* What a chain has not. */
static qn_status say_missing(const char **missing, const qni_build *b, const qni_leg_rule *rule, const wish *w,
                             qn_error *err)
{
    const char *type = words_of(rule->type), *side = rule->type == QN_CALL ? "above" : "below";
    switch ((qni_strike_rule)rule->strike) {
    case QNI_STRIKE_SHORT:
        return qni_subject_text(missing, b->subject, err,
                                "no %s with a good quote at %.2f or %s (%g implied moves from the forward %.2f) and of "
                                "delta %g at most, to sell",
                                type, w->limit, side, b->subject->settings->outside, b->forward, w->delta);
    case QNI_STRIKE_LONG:
        return qni_subject_text(missing, b->subject, err,
                                "no %s with a good quote %s %g and of delta %g at most, to buy", type, side,
                                strike_of(b, QNI_STRIKE_SHORT, rule->type), w->delta);
    case QNI_STRIKE_WING:
        return qni_subject_text(missing, b->subject, err, "no %s with a good quote %s %g, to buy", type, side,
                                strike_of(b, QNI_STRIKE_NEAR, rule->type));
    case QNI_STRIKE_NEAR:
        break;
    }
    bool calendar = b->recipe->legs[b->recipe->leg_count - 1].expiry > 0;
    return qni_subject_text(missing, b->subject, err, "no strike within %g implied moves of the forward %.2f has %s",
                            QNI_SCAN_NEAR_MOST, b->forward,
                            calendar ? "a good put of both expiries" : "a good call and a good put");
}

static void take(qn_leg *leg, const qni_build *b, int64_t quote)
{
    leg->quote = quote;
    leg->strike = b->quotes[quote].strike;
}

/* At the money and what is sold before wings, which depend on them. */
static qn_status choose(const char **missing, const qni_build *b, bool wings, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t i = 0; i < b->recipe->leg_count && s == QN_OK && *missing == NULL; i++) {
        const qni_leg_rule *rule = &b->recipe->legs[i];
        if (wings != (rule->strike == QNI_STRIKE_LONG || rule->strike == QNI_STRIKE_WING))
            continue;
        const qni_ladder *ladder = &b->ladders[rule->expiry];
        wish w = wish_of(b, rule);
        int64_t quote = rule->strike == QNI_STRIKE_NEAR ? quote_at(b, ladder, near_strike(b), rule->type)
                                                        : quote_nearest(b, ladder, rule->type, &w);
        if (quote >= 0)
            take(&b->legs[i], b, quote);
        else
            s = say_missing(missing, b, rule, &w, err);
    }
    return s;
}

qn_status qni_legs_choose(const char **missing, const qni_build *b, qn_error *err)
{
    *missing = NULL;
    qn_status s = choose(missing, b, false, err);
    return s == QN_OK ? choose(missing, b, true, err) : s;
}
