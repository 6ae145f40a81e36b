/* scan/build_kit.c: a ticker with quotes around a coming report. Each strike has a call and a put of each expiry. */
#include "scan/build_kit.h"

#include <math.h>

static const double volatility[2] = {.84, .45};
static const double years[2] = {4 / 365., 39 / 365.};

static void make_quotes(kit *k)
{
    int64_t n = 0;
    for (int e = 0; e < 2; e++)
        for (double strike = 70; strike <= 130; strike += 2.5)
            for (int type = QN_CALL; type >= QN_PUT; type -= 2) {
                const qn_smile *smile = &k->smiles[e];
                double price = smile->discount *
                               made_black(smile->forward, strike, smile->years, volatility[e], (qn_option_type)type);
                double half = fmax(.02 * price, .01);
                k->quotes[n++] = (qn_quote){.expiry = smile->expiry,
                                            .type = (int8_t)type,
                                            .quote_class = QN_QUOTE_GOOD,
                                            .strike = strike,
                                            .bid = fmax(price - half, .01),
                                            .ask = fmax(price - half, .01) + 2 * half,
                                            .last = (double)NAN,
                                            .last_us = INT64_MIN,
                                            .volume = 100,
                                            .open_interest = 1000,
                                            .provider_implied = (double)NAN};
            }
    k->chain.count = n;
}

void kit_make(kit *k, const qn_allocator *allocator)
{
    *k = (kit){.chain = {.size = sizeof k->chain, .ticker = "T", .source = "made", .format = "csv", .spot = 100}};
    for (int e = 0; e < 2; e++)
        k->smiles[e] = (qn_smile){
            .expiry = e == 0 ? KIT_FIRST : KIT_SECOND,
            .years = years[e],
            .calendar_years = years[e],
            .forward = 100,
            .discount = exp(-.04 * years[e]),
            .rate = .04,
            .shape = QN_SMILE_FLAT,
            .svi = {.a = volatility[e] * volatility[e] * years[e]},
            .atm_vol = volatility[e],
        };
    make_quotes(k);
    k->chain.quotes = k->quotes;
    k->surface = (qn_surface){
        .size = sizeof k->surface, .ticker = "T", .spot = 100, .american = true, .smiles = k->smiles, .smile_count = 2};
    qn_scan_settings_init(&k->settings, sizeof k->settings);
    k->result.event = (qn_event_move){
        .before = -1,
        .first = 0,
        .second = 1,
        .forward = 100,
        .diffusive_vol = .3,
        .sigma = .083,
        .implied_move = .066,
        .straddle_move = .07,
    };
    k->result.surface = &k->surface;
    qn_error err;
    assert_ok(qn_arena_new(&k->arena, allocator, 0, &err), &err);
    k->subject = (qni_subject){
        .settings = &k->settings,
        .arena = k->arena,
        .result = &k->result,
        .chain = &k->chain,
        .surface = &k->surface,
    };
}

void kit_free(kit *k)
{
    qn_arena_free(k->arena);
    k->arena = NULL;
}

void kit_quote(kit *k, int32_t expiry, qn_option_type type, double strike, double bid, double ask)
{
    for (int64_t i = 0; i < k->chain.count; i++) {
        qn_quote *q = &k->quotes[i];
        if (q->expiry == expiry && q->type == type && q->strike == strike) {
            q->bid = bid;
            q->ask = ask;
            return;
        }
    }
    fail_msg("there is no option at %g", strike);
}

void kit_class(kit *k, int32_t expiry, qn_option_type type, double strike, qn_quote_class quote_class)
{
    for (int64_t i = 0; i < k->chain.count; i++) {
        qn_quote *q = &k->quotes[i];
        if (q->expiry == expiry && q->type == type && (strike == 0 || q->strike == strike))
            q->quote_class = (uint8_t)quote_class;
    }
}

const qn_trade *kit_build(kit *k, qn_strategy strategy)
{
    qn_error err;
    assert_ok(qni_trades_build(&k->subject, &err), &err);
    assert_ptr_equal(k->result.trades, k->subject.trades);
    return &k->result.trades[strategy];
}
