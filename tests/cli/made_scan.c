/* cli/made_scan.c: numbers as a large share's might be in February 2026; all tickers share smiles, moves and prices. */
#include "cli/made_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMILES = 3,
    STRIKES = 41,
    MOVES = 14,
    PRICES = 201,
    LONG = 10000,
    REASONS = 4,
    LEGS = 4
};

#define SPOT       187.2
#define REPORT_DAY 20509 /* 2026-02-25 */

struct made_scan {
    qn_scan scan;
    qn_scan_ticker *tickers;
    char (*names)[16];
    qn_smile_point points[SMILES][STRIKES];
    qn_smile smiles[SMILES];
    qn_surface surface;
    qn_move moves[MOVES];
    double price[PRICES], weight[PRICES];
    qn_leg legs[QN_STRATEGY_COUNT][LEGS];
    qn_trade trades[QN_STRATEGY_COUNT];
    qn_scan_reject rejected[3];
    const char *reasons[REASONS];
    const char *warnings[2];
    char long_text[LONG + 1];
};

static const int32_t expiries[SMILES] = {20504, 20511, 20518}; /* 2026-02-20, -27, 2026-03-06 */

static void make_smile(made_scan *m, int i)
{
    static const double years[SMILES] = {0.0192, 0.0384, 0.0575}, level[SMILES] = {0.40, 0.55, 0.50};
    double w = level[i] * level[i] * years[i];
    qn_smile *s = &m->smiles[i];
    *s = (qn_smile){.expiry = expiries[i],
                    .years = years[i],
                    .calendar_years = years[i],
                    .forward = SPOT + 0.1 * i,
                    .discount = 1,
                    .points = m->points[i],
                    .point_count = STRIKES,
                    .used = STRIKES,
                    .shape = QN_SMILE_SVI,
                    .svi = {.a = 0.6 * w, .b = 1.6 * w, .rho = -0.35, .m = 0.01, .sigma = 0.25},
                    .reason = "",
                    .forward_source = "parity of 41 pairs",
                    .atm_vol = level[i]};
    for (int k = 0; k < STRIKES; k++) {
        double strike = 137.5 + 2.5 * k, x = log(strike / s->forward), vol = sqrt(qn_smile_variance(s, x) / years[i]);
        double half = 0.004 + 0.25 * x * x, off = half * 0.6 * sin(7.0 * k + i);
        m->points[i][k] = (qn_smile_point){.strike = strike,
                                           .k = x,
                                           .type = x < 0 ? QN_PUT : QN_CALL,
                                           .bid_vol = vol + off - half,
                                           .mid_vol = vol + off,
                                           .ask_vol = vol + off + half,
                                           .fitted_vol = vol,
                                           .weight = 1};
    }
}

static void make_moves(made_scan *m)
{
    static const double closes[MOVES] = {-0.0317, 0.0098, -0.0079, 0.0324, -0.0848, 0.0053,  -0.0638,
                                         0.0932,  0.164,  0.0243,  0.2437, 0.1402,  -0.0125, 0.0401};
    double all = 0;
    for (int i = 0; i < MOVES; i++) {
        bool used = i != 4;
        m->moves[i] = (qn_move){.day = REPORT_DAY - 91 * (i + 1),
                                .timing = QN_TIMING_AFTER_CLOSE,
                                .timing_inferred = i % 2 == 0,
                                .status = used ? QN_MOVE_OK : QN_MOVE_SPLIT,
                                .before_day = REPORT_DAY - 91 * (i + 1),
                                .after_day = REPORT_DAY - 91 * (i + 1) + 1,
                                .close = used ? closes[i] : (double)NAN,
                                .gap = 0.7 * closes[i],
                                .intraday = 0.3 * closes[i],
                                .other_close = 0.01,
                                .weight = used ? pow(0.85, i) : 0};
        all += m->moves[i].weight;
    }
    for (int i = 0; i < MOVES; i++)
        m->moves[i].weight /= all;
}

/* A hill of two widths around the spot. */
static void make_outlook(made_scan *m)
{
    double all = 0;
    for (int i = 0; i < PRICES; i++) {
        double z = (i - PRICES / 2) / 16.0;
        m->price[i] = SPOT * exp(0.06 * z);
        m->weight[i] = exp(-z * z / 2) + 0.12 * exp(-z * z / 8);
        all += m->weight[i];
    }
    for (int i = 0; i < PRICES; i++)
        m->weight[i] /= all;
}

/* A leg: quantity, type, strike, price, and how far its expiry is from the first one after the report. */
typedef struct plan {
    int quantity, type;
    double strike, price;
    int later;
} plan;

static const plan plans[QN_STRATEGY_COUNT][LEGS] = {
    [QN_STRATEGY_STRADDLE] = {{-1, QN_CALL, 187.5, 8.1, 0}, {-1, QN_PUT, 187.5, 8.3, 0}},
    [QN_STRATEGY_STRANGLE] = {{-1, QN_CALL, 200, 3.2, 0}, {-1, QN_PUT, 175, 3.5, 0}},
    [QN_STRATEGY_BULL_PUT] = {{1, QN_PUT, 170, 2.1, 0}, {-1, QN_PUT, 175, 3.5, 0}},
    [QN_STRATEGY_BEAR_CALL] = {{-1, QN_CALL, 200, 3.2, 0}, {1, QN_CALL, 205, 2.0, 0}},
    [QN_STRATEGY_CONDOR] = {{-1, QN_CALL, 200, 3.2, 0},
                            {1, QN_CALL, 205, 2.0, 0},
                            {1, QN_PUT, 170, 2.1, 0},
                            {-1, QN_PUT, 175, 3.5, 0}},
    [QN_STRATEGY_BUTTERFLY] = {{-1, QN_CALL, 187.5, 8.1, 0},
                               {1, QN_CALL, 202.5, 2.5, 0},
                               {1, QN_PUT, 172.5, 2.7, 0},
                               {-1, QN_PUT, 187.5, 8.3, 0}},
    [QN_STRATEGY_CALENDAR] = {{-1, QN_PUT, 187.5, 8.3, 0}, {1, QN_PUT, 187.5, 10.1, 7}},
};

static void make_trade(made_scan *m, qn_strategy strategy)
{
    qn_trade *t = &m->trades[strategy];
    qn_error err;
    *t = (qn_trade){.strategy = strategy, .legs = m->legs[strategy], .reason = "no strike far enough from the forward"};
    for (int i = 0; i < LEGS && plans[strategy][i].quantity != 0; i++, t->leg_count++) {
        const plan *p = &plans[strategy][i];
        m->legs[strategy][i] = (qn_leg){.quantity = p->quantity,
                                        .type = (int8_t)p->type,
                                        .expiry = expiries[1] + p->later,
                                        .strike = p->strike,
                                        .price = p->price,
                                        .bid = p->price - 0.05,
                                        .ask = p->price + 0.05,
                                        .sigma = 0.55,
                                        .delta = p->type == QN_CALL ? 0.24 : -0.23,
                                        .open_interest = 4210,
                                        .quote = 17 + i};
        t->credit -= p->quantity * p->price;
    }
    if (t->leg_count == 0)
        return;
    t->built = true;
    t->reason = "The best of five by score: half of what it can lose is credit";
    t->undefined_risk = strategy == QN_STRATEGY_STRADDLE || strategy == QN_STRATEGY_STRANGLE;
    t->commission = 0.0065 * (double)t->leg_count;
    t->payoff = (qn_payoff){.max_profit = 2.09, .max_loss = 1.81, .breakevens = {182.45, 193}, .breakeven_count = 2};
    if (strategy != QN_STRATEGY_CALENDAR) { /* commissions are part of what is paid */
        qn_leg legs[LEGS];
        memcpy(legs, t->legs, sizeof legs);
        legs[0].price += t->commission / legs[0].quantity;
        if (qn_legs_payoff(&t->payoff, legs, t->leg_count, &err) != QN_OK)
            abort();
    }
    t->delta = -0.012;
    t->gamma = -0.0031;
    t->vega = -8.3;
    t->theta = 61;
    t->pop = 0.683;
    t->expected_value = 0.214;
    t->cvar = 2.31;
    t->edge = t->expected_value / t->payoff.max_loss;
    t->kelly_fraction = 0.081;
    t->contracts = 12;
    t->risk = 2880;
    t->liquidity = (qn_liquidity){.tier = QN_TIER_GOOD, .open_interest = 4210, .spread_pct = 3.1, .volume = 800};
    t->score = 71.4;
}

static void make_ticker(made_scan *m, int64_t i)
{
    static const qn_strategy best[] = {QN_STRATEGY_CONDOR, QN_STRATEGY_BUTTERFLY, QN_STRATEGY_BULL_PUT,
                                       QN_STRATEGY_CALENDAR};
    snprintf(m->names[i], sizeof m->names[i], i == 0 ? "NVDA" : "T%03d", (int)i);
    qn_scan_ticker *t = &m->tickers[i];
    *t = (qn_scan_ticker){.ticker = m->names[i],
                          .sector = i % 3 == 0 ? "semiconductors" : "",
                          .source = "../shared/data/options/nvda_chain_2026-02-13.csv",
                          .as_of_us = m->scan.as_of_us,
                          .spot = SPOT,
                          .spot_from_parity = i % 2 == 1,
                          .classes = {812, 4, 0, 31, 2, 57, 9, 0},
                          .skew = -0.031,
                          .surface = &m->surface,
                          .trades = m->trades,
                          .best = i % 5 == 4 ? -1 : (int64_t)best[i % 5],
                          .reasons = m->reasons,
                          .reason_count = REASONS};
    t->history = (qn_history){.moves = m->moves,
                              .count = MOVES,
                              .used = MOVES - 1,
                              .inferred = 7,
                              .mean = 0.0612,
                              .median = 0.0324,
                              .sd = 0.0715,
                              .max = 0.2437,
                              .recent_mean = 0.0481,
                              .expected = 0.0494,
                              .peer_mean = 0.0531,
                              .peers = 6,
                              .peer_group = "semiconductors",
                              .low = 0.0331,
                              .high = 0.0688,
                              .error = 0.0108,
                              .other_mean = 0.0204,
                              .gap_mean = 0.041,
                              .intraday_mean = 0.02,
                              .consistency = 31,
                              .trust = 0.24,
                              .trend = -0.41,
                              .tail_ratio = 3.98,
                              .rms = 0.085};
    t->event = (qn_event_move){.day = REPORT_DAY,
                               .timing = QN_TIMING_AFTER_CLOSE,
                               .timing_inferred = i % 2 == 0,
                               .event_us = m->scan.as_of_us,
                               .before = 0,
                               .first = 1,
                               .second = 2,
                               .method = "before and after",
                               .forward = SPOT,
                               .diffusive_vol = 0.382,
                               .diffusive_error = 0.021,
                               .sigma = 0.0702,
                               .sigma_error = 0.0041,
                               .implied_move = 0.0563,
                               .implied_move_error = 0.0033,
                               .straddle_move = 0.0885,
                               .straddle_error = 0.0015,
                               .strip_sigma = 0.0716};
    t->vrp = (qn_vrp){
        .ratio = 1.14 + 0.1 * (double)(i % 4),
        .low = 0.83,
        .high = 1.72,
        .percentile = 0.62,
        .tier = (qn_tier)(QN_TIER_EXCELLENT - i % 5 == QN_TIER_WARNING ? QN_TIER_REJECT : QN_TIER_EXCELLENT - i % 5)};
    t->liquidity = (qn_liquidity){.tier = i % 2 == 0 ? QN_TIER_EXCELLENT : QN_TIER_WARNING,
                                  .open_interest = 4210,
                                  .spread_pct = 2.4,
                                  .volume = 911,
                                  .options = 12};
    t->outlook = (qn_outlook){.count = PRICES,
                              .price = m->price,
                              .weight = m->weight,
                              .sigma = 0.066,
                              .sigma_error = 0.011,
                              .diffusive = 0.021,
                              .mean_abs_move = 0.055};
    t->score =
        (qn_score){.total = 71.4, .vrp = 24.8, .liquidity = 20, .probability = 17.1, .edge = 7.9, .consistency = 1.6};
}

static void make_scan(made_scan *m, int64_t tickers)
{
    m->scan = (qn_scan){.size = sizeof m->scan,
                        .as_of_us = INT64_C(1771016400000000), /* 2026-02-13T21:00:00Z */
                        .tickers = m->tickers,
                        .ticker_count = tickers,
                        .rejected = m->rejected,
                        .rejected_count = 3,
                        .reference_name = "events-250",
                        .reference_source = "Ratios before 250 reports of large shares, 2023 to 2025.",
                        .total_seconds = 0.0312,
                        .load_seconds = 0.011,
                        .history_seconds = 0.002,
                        .surface_seconds = 0.019,
                        .event_seconds = 0.0007,
                        .trades_seconds = 0.004,
                        .rank_seconds = 0.0001,
                        .warnings = m->warnings,
                        .warning_count = 1};
    qn_scan_settings_init(&m->scan.settings, sizeof m->scan.settings);
    m->scan.settings.account = 250000;
    m->warnings[0] = "chains of 14 tickers are older than the newest one by more than an hour";
    m->rejected[0] = (qn_scan_reject){"AMD", "two reactions are known, and at least 4 are needed"};
    m->rejected[1] = (qn_scan_reject){"TSLA", "no expiry after the report on 2026-04-22"};
    m->rejected[2] = (qn_scan_reject){"", "chains/half.csv:311: the line ends in the middle of a number"};
    m->reasons[0] = "Options ask 1.14 times what past reports have moved the share: the 62nd percentile.";
    m->reasons[1] = "Seven of the reactions have an inferred timing; with the other one their mean would be 2.04 %.";
    m->reasons[2] = "Quotes are narrow: 2.4 % of the middle, with an open interest of 4210 contracts.";
    m->reasons[3] = "Past moves were uneven: the largest is 3.98 times their mean.";
}

static void make_empty(qn_scan_ticker *t)
{
    *t = (qn_scan_ticker){.ticker = "", .sector = NULL, .source = "", .spot = NAN, .skew = NAN, .best = -1};
    for (double *d = &t->history.mean; d <= &t->history.max; d++)
        *d = NAN;
    t->history.recent_mean = t->history.expected = t->history.peer_mean = t->history.low = t->history.high = NAN;
    t->history.other_mean = t->history.consistency = t->history.trust = t->history.trend = t->history.tail_ratio = NAN;
    t->event = (qn_event_move){.before = -1,
                               .first = -1,
                               .second = -1,
                               .forward = NAN,
                               .diffusive_vol = NAN,
                               .diffusive_error = NAN,
                               .sigma = NAN,
                               .sigma_error = NAN,
                               .implied_move = NAN,
                               .implied_move_error = NAN,
                               .straddle_move = NAN,
                               .straddle_error = NAN,
                               .strip_sigma = NAN};
    t->vrp = (qn_vrp){.ratio = NAN, .low = NAN, .high = NAN, .percentile = NAN};
    t->liquidity = (qn_liquidity){.open_interest = NAN, .spread_pct = NAN, .volume = NAN};
    t->score =
        (qn_score){.total = NAN, .vrp = NAN, .liquidity = NAN, .probability = NAN, .edge = NAN, .consistency = NAN};
}

static const char script[] = "<script>document.title=\"broken\"</script>", attribute[] = "\" onload=\"alert(1)\" x='";

static void make_hostile(made_scan *m)
{
    memset(m->long_text, 'W', LONG);
    m->tickers[0].ticker = script;
    m->tickers[0].sector = attribute;
    if (m->scan.ticker_count > 1) {
        m->tickers[1].ticker = m->long_text;
        m->tickers[1].sector = "\xE2\x80\xAE\xFF\x01]]>--><!--</title></svg>&lt;";
        m->tickers[1].source = m->long_text;
        m->tickers[1].history.peer_group = script;
    }
    m->reasons[0] = m->long_text;
    m->reasons[1] = "</li></ul></main>";
    m->trades[QN_STRATEGY_CONDOR].reason = script;
    m->rejected[0] = (qn_scan_reject){m->long_text, m->long_text};
    m->warnings[0] = "<img src=x onerror=alert(1)>";
    m->scan.reference_name = "a & b < c";
    m->scan.reference_source = "'\"><b>";
}

made_scan *made_scan_new(made_kind kind, int64_t tickers)
{
    made_scan *m = calloc(1, sizeof *m);
    m->tickers = calloc((size_t)(tickers > 0 ? tickers : 1), sizeof *m->tickers);
    m->names = calloc((size_t)(tickers > 0 ? tickers : 1), sizeof *m->names);
    make_scan(m, tickers);
    for (int i = 0; i < SMILES; i++)
        make_smile(m, i);
    m->surface = (qn_surface){.size = sizeof m->surface,
                              .ticker = "NVDA",
                              .spot = SPOT,
                              .american = true,
                              .smiles = m->smiles,
                              .smile_count = SMILES};
    make_moves(m);
    make_outlook(m);
    for (int i = 0; i < QN_STRATEGY_COUNT; i++)
        make_trade(m, (qn_strategy)i);
    for (int64_t i = 0; i < tickers; i++) {
        make_ticker(m, i);
        if (kind == MADE_EMPTY)
            make_empty(&m->tickers[i]);
    }
    if (kind == MADE_EMPTY) {
        m->scan.as_of_us = 0;
        m->scan.rejected_count = m->scan.warning_count = 0;
        m->scan.reference_name = m->scan.reference_source = NULL;
    }
    if (kind == MADE_HOSTILE)
        make_hostile(m);
    return m;
}

const qn_scan *made_scan_get(const made_scan *made)
{
    return &made->scan;
}

void made_scan_free(made_scan *made)
{
    if (made == NULL)
        return;
    free(made->tickers);
    free(made->names);
    free(made);
}
