/* scan/build.c: strategies as trades, each a row of one table.
 *
 * A trade that cannot be built says what is missing. One that is built and yet is nothing to trade, because its loss
 * has no bound, it brings too little, or its quotes cannot all hold, is whole and says that. */
#include "scan/build_int.h"

#include <math.h>
#include <stddef.h>

/* By qn_strategy. */
static const qni_recipe recipes[QN_STRATEGY_COUNT] = {
    [QN_STRATEGY_STRADDLE] = {true, 2, {{-1, QN_PUT, 0, QNI_STRIKE_NEAR}, {-1, QN_CALL, 0, QNI_STRIKE_NEAR}}},
    [QN_STRATEGY_STRANGLE] = {true, 2, {{-1, QN_PUT, 0, QNI_STRIKE_SHORT}, {-1, QN_CALL, 0, QNI_STRIKE_SHORT}}},
    [QN_STRATEGY_BULL_PUT] = {true, 2, {{1, QN_PUT, 0, QNI_STRIKE_LONG}, {-1, QN_PUT, 0, QNI_STRIKE_SHORT}}},
    [QN_STRATEGY_BEAR_CALL] = {true, 2, {{-1, QN_CALL, 0, QNI_STRIKE_SHORT}, {1, QN_CALL, 0, QNI_STRIKE_LONG}}},
    [QN_STRATEGY_CONDOR] = {true,
                            4,
                            {{1, QN_PUT, 0, QNI_STRIKE_LONG},
                             {-1, QN_PUT, 0, QNI_STRIKE_SHORT},
                             {-1, QN_CALL, 0, QNI_STRIKE_SHORT},
                             {1, QN_CALL, 0, QNI_STRIKE_LONG}}},
    [QN_STRATEGY_BUTTERFLY] = {true,
                               4,
                               {{1, QN_PUT, 0, QNI_STRIKE_WING},
                                {-1, QN_PUT, 0, QNI_STRIKE_NEAR},
                                {-1, QN_CALL, 0, QNI_STRIKE_NEAR},
                                {1, QN_CALL, 0, QNI_STRIKE_WING}}},
    [QN_STRATEGY_CALENDAR] = {false, 2, {{-1, QN_PUT, 0, QNI_STRIKE_NEAR}, {1, QN_PUT, 1, QNI_STRIKE_NEAR}}},
    [QN_STRATEGY_LONG_STRADDLE] = {false, 2, {{1, QN_PUT, 0, QNI_STRIKE_NEAR}, {1, QN_CALL, 0, QNI_STRIKE_NEAR}}},
};

static bool needs_second(const qni_recipe *recipe)
{
    return recipe->legs[recipe->leg_count - 1].expiry > 0;
}

/* Why a recipe cannot even look for strikes; NULL: it can. Static. */
static const char *hindrance(const qni_build *b)
{
    const qn_event_move *event = &b->subject->result->event;
    const qn_smile *first = b->ladders[0].smile, *second = b->ladders[1].smile;
    if (first == NULL || !(first->forward > 0))
        return "no forward of the first expiry after the report";
    if (!(b->move > 0))
        return "no straddle of the first expiry after the report tells how far the share is expected to move";
    if (!needs_second(b->recipe))
        return NULL;
    if (second == NULL || !(second->forward > 0))
        return "no second expiry after the report with a forward";
    if (!(event->diffusive_vol >= 0))
        return "the volatility without the report, at which the later option would be left, is not known";
    return second->years > first->years ? NULL : "no time is left to the second expiry when the first ends";
}

/* What of the legs taken together follows from the legs. */
static void add_up(qn_trade *trade, const qni_build *b)
{
    double contracts = 0;
    trade->credit = trade->delta = trade->gamma = trade->vega = trade->theta = 0;
    for (int64_t i = 0; i < trade->leg_count; i++) {
        const qn_leg *leg = &trade->legs[i];
        double quantity = leg->quantity;
        contracts += fabs(quantity);
        trade->credit -= quantity * leg->price;
        trade->delta += quantity * leg->delta;
        trade->gamma += quantity * leg->gamma;
        trade->vega += quantity * leg->vega;
        trade->theta += quantity * leg->theta;
    }
    trade->commission = b->subject->settings->commission * contracts / QN_CONTRACT_SHARES;
}

/* Whether there is anything against trading it, and what. */
static qn_status judge(qn_trade *trade, const qni_build *b, qn_error *err)
{
    double least = b->subject->settings->credit_least;
    trade->undefined_risk = isinf(trade->payoff.max_loss);
    trade->tradable = false;
    if (trade->undefined_risk)
        trade->reason = "its loss has no bound";
    else if (b->recipe->sold && !(trade->credit >= least))
        return qni_subject_text(&trade->reason, b->subject, err,
                                "it brings %.2f a share, and should bring %.2f at least", trade->credit, least);
    else if (!(trade->payoff.max_profit > 0))
        trade->reason = "it cannot make a profit";
    else if (!(trade->payoff.max_loss > 0))
        trade->reason = "it cannot lose, so its quotes cannot all hold";
    else if (trade->liquidity.tier == QN_TIER_REJECT)
        trade->reason = "a leg of it is hardly traded or its spread is too wide";
    else
        trade->tradable = true;
    return QN_OK;
}

/* A trade of which nothing is known yet. */
static qn_trade empty_trade(qn_strategy strategy)
{
    const double none = (double)NAN;
    return (qn_trade){
        .strategy = strategy,
        .credit = none,
        .commission = none,
        .payoff = {.max_profit = none, .max_loss = none},
        .delta = none,
        .gamma = none,
        .vega = none,
        .theta = none,
        .pop = none,
        .expected_value = none,
        .cvar = none,
        .edge = none,
        .kelly_fraction = none,
        .liquidity = {.open_interest = none, .spread_pct = none, .volume = none},
        .score = none,
        .reason = "",
    };
}

static qn_status finish(qn_trade *trade, const qni_build *b, qn_error *err)
{
    const qni_subject *subject = b->subject;
    int64_t quotes[QN_LEGS_MAX];
    qn_status s = qni_legs_fill(b, err);
    if (s != QN_OK)
        return s;
    trade->built = true;
    trade->legs = b->legs;
    trade->leg_count = b->recipe->leg_count;
    for (int64_t i = 0; i < trade->leg_count; i++)
        quotes[i] = b->legs[i].quote;
    trade->liquidity = qni_liquidity_of(subject->chain, quotes, trade->leg_count, subject->settings);
    add_up(trade, b);
    if (needs_second(b->recipe)) {
        qni_calendar calendar = qni_calendar_of(subject->surface, &subject->result->event);
        qni_calendar_payoff(&trade->payoff, &calendar, b->legs, trade->commission);
    } else {
        s = qni_legs_payoff(&trade->payoff, b->legs, trade->leg_count, trade->commission, NULL);
    }
    if (s == QN_INVALID) {
        *trade = empty_trade(trade->strategy);
        trade->reason = "its quotes are too large to be prices";
        return QN_OK;
    }
    return s == QN_OK ? judge(trade, b, err) : s;
}

static qn_status build_one(qn_trade *trade, const qni_build *b, qn_error *err)
{
    for (int64_t i = 0; i < b->recipe->leg_count; i++) {
        const qni_leg_rule *rule = &b->recipe->legs[i];
        const qn_smile *smile = b->ladders[rule->expiry].smile;
        b->legs[i] = (qn_leg){.quantity = rule->quantity, .type = rule->type, .quote = -1};
        if (smile != NULL) {
            b->legs[i].expiry = smile->expiry;
            b->legs[i].settlement = smile->settlement;
        }
    }
    const char *missing = hindrance(b);
    qn_status s = missing == NULL ? qni_legs_choose(&missing, b, err) : QN_OK;
    if (s != QN_OK || missing == NULL)
        return s == QN_OK ? finish(trade, b, err) : s;
    trade->reason = missing;
    return QN_OK;
}

static const qn_smile *smile_of(const qni_subject *subject, int64_t i)
{
    return i >= 0 && i < subject->surface->smile_count ? &subject->surface->smiles[i] : NULL;
}

qn_status qni_trades_build(qni_subject *subject, qn_error *err)
{
    const qn_event_move *event = &subject->result->event;
    void *memory;
    qn_status s = qn_arena_take(&memory, subject->arena, QN_STRATEGY_COUNT * (int64_t)sizeof(qn_trade), err);
    if (s != QN_OK)
        return s;
    qn_trade *trades = memory;
    s = qn_arena_take(&memory, subject->arena, (int64_t)QN_STRATEGY_COUNT * QN_LEGS_MAX * (int64_t)sizeof(qn_leg), err);
    if (s != QN_OK)
        return s;
    qn_leg *legs = memory;
    qni_build build = {
        .subject = subject,
        .quotes = subject->chain->quotes,
        .ladders = {qni_ladder_of(subject->chain, smile_of(subject, event->first)),
                    qni_ladder_of(subject->chain, smile_of(subject, event->second))},
        .move = event->straddle_move,
    };
    build.forward = build.ladders[0].smile == NULL ? (double)NAN : build.ladders[0].smile->forward;
    for (int i = 0; i < QN_STRATEGY_COUNT && s == QN_OK; i++) {
        trades[i] = empty_trade((qn_strategy)i);
        build.recipe = &recipes[i];
        build.legs = legs + (ptrdiff_t)i * QN_LEGS_MAX;
        s = build_one(&trades[i], &build, err);
    }
    if (s == QN_OK)
        subject->result->trades = subject->trades = trades;
    return s;
}

static double profit_of(const qn_trade *trade, const qn_surface *surface, const qn_event_move *event, double price)
{
    if (!trade->built)
        return (double)NAN;
    if (!needs_second(&recipes[trade->strategy]))
        return qn_legs_profit(trade->legs, trade->leg_count, price) - trade->commission;
    qni_calendar calendar = qni_calendar_of(surface, event);
    return qni_calendar_profit(&calendar, trade->legs, trade->commission, price);
}

double qni_trade_profit(const qn_trade *trade, const qni_subject *subject, double price)
{
    return profit_of(trade, subject->surface, &subject->result->event, price);
}

qn_status qni_trade_profits(double *out, const qn_trade *trade, const qni_subject *subject, const double *prices,
                            double *scratch, int64_t count, qn_error *err)
{
    if (trade->built && needs_second(&recipes[trade->strategy])) {
        qni_calendar calendar = qni_calendar_of(subject->surface, &subject->result->event);
        return qni_calendar_profits(out, &calendar, trade->legs, trade->commission, prices, scratch, count, err);
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = qni_trade_profit(trade, subject, prices[i]);
    return QN_OK;
}

double qn_trade_profit(const qn_scan_ticker *ticker, const qn_trade *trade, double price)
{
    return profit_of(trade, ticker->surface, &ticker->event, price);
}
