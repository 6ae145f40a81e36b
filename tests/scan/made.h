/* scan/made.h: a ticker whose report, history and smile are made, for the tests of its outlook, values and sizes. What
 * is expected under an outlook is integrated here anew, over the C library's erfc. */
#ifndef QUERN_TEST_SCAN_MADE_H
#define QUERN_TEST_SCAN_MADE_H

#include <math.h>
#include <string.h>

#include "harness/harness.h"
#include "scan/limits.h"
#include "scan/scan_int.h"

typedef struct made_subject {
    qn_scan_settings settings;
    qn_scan_ticker result;
    qn_smile smile;
    qn_surface surface;
    qn_trade trades[QN_STRATEGY_COUNT];
    qn_leg legs[QN_STRATEGY_COUNT][QN_LEGS_MAX];
    qni_subject subject;
} made_subject;

/* Options imply 8 %, of which 0.4 % are not known; the past says 6 % and 0.6 %. Ten days of diffusion at 30 %. The
 * arena (NULL: there is none) stays the caller's. */
static inline void made_begin(made_subject *m, qn_arena *arena)
{
    *m = (made_subject){0};
    qn_scan_settings_init(&m->settings, sizeof m->settings);
    m->smile = (qn_smile){.forward = 100, .years = 10 / 365.0, .calendar_years = 10 / 365.0, .discount = 1};
    m->surface = (qn_surface){.size = sizeof m->surface, .smiles = &m->smile, .smile_count = 1};
    m->result.ticker = m->result.sector = "";
    m->result.best = -1;
    m->result.surface = &m->surface;
    m->result.trades = m->trades;
    m->result.liquidity.tier = QN_TIER_GOOD;
    m->result.event = (qn_event_move){.before = -1,
                                      .first = 0,
                                      .second = -1,
                                      .forward = 100,
                                      .diffusive_vol = 0.3,
                                      .implied_move = 0.08,
                                      .implied_move_error = 0.004};
    m->result.history = (qn_history){.expected = 0.06, .error = 0.006};
    m->subject = (qni_subject){
        .settings = &m->settings, .arena = arena, .result = &m->result, .surface = &m->surface, .trades = m->trades};
}

/* A vertical spread of puts, sold: x is its long strike, y its short one. Payoff by hand. */
static inline qn_trade *made_bull_put(made_subject *m, double x, double y, double credit, double commission)
{
    qn_trade *t = &m->trades[QN_STRATEGY_BULL_PUT];
    qn_leg *legs = m->legs[QN_STRATEGY_BULL_PUT];
    legs[0] = (qn_leg){.quantity = 1, .type = QN_PUT, .strike = x, .price = 0, .quote = -1};
    legs[1] = (qn_leg){.quantity = -1, .type = QN_PUT, .strike = y, .price = credit, .quote = -1};
    *t = (qn_trade){.strategy = QN_STRATEGY_BULL_PUT,
                    .built = true,
                    .tradable = true,
                    .legs = legs,
                    .leg_count = 2,
                    .credit = credit,
                    .commission = commission,
                    .liquidity = {.tier = QN_TIER_GOOD}};
    t->payoff = (qn_payoff){.max_profit = credit - commission, .max_loss = y - x - credit + commission};
    return t;
}

/* E max(S - strike, 0) of a price whose logarithm has the standard deviation `total` and whose mean is `forward`. */
static inline double made_call(double forward, double strike, double total)
{
    double d = log(forward / strike) / total + total / 2;
    return forward * erfc(-d / sqrt(2)) / 2 - strike * erfc((total - d) / sqrt(2)) / 2;
}

/* P(S < price). */
static inline double made_below(double forward, double price, double total)
{
    return erfc((log(forward / price) - total * total / 2) / total / sqrt(2)) / 2;
}

/* The same two under the outlook: over log sigma, normal with standard deviation `tau`, whose mean makes the mean of
 * |move| `move`. */
static inline double made_mixture(double (*of)(double, double, double), double forward, double strike, double move,
                                  double tau, double diffusive)
{
    double sum = 0, weight = 0;
    for (int i = -800; i <= 800; i++) {
        double z = i / 100.0, w = exp(-z * z / 2), sigma = move * sqrt(acos(-1) / 2) * exp(tau * z - tau * tau / 2);
        sum += w * of(forward, strike, sqrt(sigma * sigma + diffusive * diffusive));
        weight += w;
    }
    return sum / weight;
}

#endif
