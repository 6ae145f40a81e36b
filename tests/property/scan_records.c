/* Random chains, prices, calendars, trades and histories as JSON and back: every field comes back bit for bit, whatever
 * the numbers are. What the records are made of is filled and compared here field by field, without the tables that
 * writer and reader share. */
#include "harness/harness.h"

#include <quern/records.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST = 40
};

static uint64_t random_state;

static int64_t below(int64_t bound)
{
    return test_random_below(&random_state, bound);
}

/* Any double: a special one, a plain one, or any bits. */
static double number(void)
{
    static const double special[] = {0.0,   -0.0,   INFINITY, -INFINITY, NAN,
                                     1e308, 5e-324, 0.1,      1e16,      123456789012345678.0};
    uint64_t bits = test_random(&random_state);
    double value;
    if (below(3) == 0)
        return special[below((int64_t)(sizeof special / sizeof special[0]))];
    if (below(2) == 0)
        return (double)below(100000) / 100;
    memcpy(&value, &bits, sizeof value);
    return isnan(value) ? (double)NAN : value; /* its bits are not kept */
}

static double above_zero(void)
{
    double value = fabs(number());
    return value > 0 && !isinf(value) ? value : 1.5;
}

static int64_t whole(void)
{
    return below(3) == 0 ? (int64_t)test_random(&random_state) : below(1000000);
}

static int32_t day(void)
{
    return below(4) == 0 ? (int32_t)test_random(&random_state) : (int32_t)below(40000);
}

static bool coin(void)
{
    return below(2) == 0;
}

static const char *text(void)
{
    static const char *const texts[] = {
        "",         "NVDA", "Zürich", "日本 \"quoted\" \\ and /", "tab\tline\nbell\a", "a \x7F b", "\xF0\x9F\x93\x88",
        "</script>"};
    return texts[below((int64_t)(sizeof texts / sizeof texts[0]))];
}

/* ---- comparing ---- */

#define SAME_NUMBER(a, b, field) assert_true(same_number((a)->field, (b)->field))
#define SAME_WHOLE(a, b, field)  assert_int_equal((a)->field, (b)->field)
#define SAME_TEXT(a, b, field)   assert_string_equal((a)->field, (b)->field)

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static void assert_same_texts(const char *const *a, int64_t a_count, const char *const *b, int64_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (int64_t i = 0; i < a_count; i++)
        assert_string_equal(a[i], b[i]);
}

static qn_record *back(char *json, int64_t size, qn_record_kind kind)
{
    qn_record *record;
    qn_error err = qn_error_none();
    assert_int_equal(json[size], '\0');
    assert_int_equal(strlen(json), size);
    qn_status s = qn_record_read(&record, json, size, "text", NULL, &err);
    if (s != QN_OK)
        print_message("%s\n", json);
    assert_ok(s, &err);
    assert_int_equal(record->kind, kind);
    qn_record_text_free(json, size, NULL);
    return record;
}

/* ---- chains ---- */

static int by_option(const void *a, const void *b)
{
    const qn_quote *p = a, *q = b;
    if (p->expiry != q->expiry)
        return p->expiry < q->expiry ? -1 : 1;
    if (p->settlement != q->settlement)
        return p->settlement < q->settlement ? -1 : 1;
    if (p->strike != q->strike)
        return p->strike < q->strike ? -1 : 1;
    if (p->type != q->type)
        return p->type > q->type ? -1 : 1;
    return (p->line > q->line) - (p->line < q->line);
}

static void assert_same_quote(const qn_quote *a, const qn_quote *b)
{
    SAME_WHOLE(a, b, expiry);
    SAME_WHOLE(a, b, type);
    SAME_WHOLE(a, b, settlement);
    SAME_WHOLE(a, b, quote_class);
    SAME_WHOLE(a, b, last_us);
    SAME_WHOLE(a, b, line);
    SAME_NUMBER(a, b, strike);
    SAME_NUMBER(a, b, bid);
    SAME_NUMBER(a, b, ask);
    SAME_NUMBER(a, b, last);
    SAME_NUMBER(a, b, volume);
    SAME_NUMBER(a, b, open_interest);
    SAME_NUMBER(a, b, provider_implied);
}

static void chains_come_back(void **state)
{
    (void)state;
    random_state = test_seed(1);
    for (int64_t round = test_effort(150, 20000); round > 0; round--) {
        qn_quote quotes[MOST];
        const char *warnings[3] = {text(), text(), text()};
        qn_chain chain = {.size = (int64_t)sizeof chain,
                          .ticker = text(),
                          .source = text(),
                          .format = text(),
                          .as_of_us = whole(),
                          .as_of_inferred = coin(),
                          .spot = number(),
                          .count = below(MOST),
                          .quotes = quotes,
                          .warnings = warnings,
                          .warning_count = below(4)};
        for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
            chain.classes[i] = whole();
        for (int64_t i = 0; i < chain.count; i++)
            quotes[i] = (qn_quote){.expiry = day(),
                                   .type = coin() ? QN_CALL : QN_PUT,
                                   .settlement = coin() ? QN_SETTLEMENT_AM : QN_SETTLEMENT_PM,
                                   .quote_class = (uint8_t)below(QN_QUOTE_CLASS_COUNT),
                                   .strike = above_zero(),
                                   .bid = number(),
                                   .ask = number(),
                                   .last = number(),
                                   .last_us = coin() ? INT64_MIN : whole(),
                                   .volume = number(),
                                   .open_interest = number(),
                                   .provider_implied = number(),
                                   .line = whole()};
        qsort(quotes, (size_t)chain.count, sizeof *quotes, by_option);
        char *json;
        int64_t size;
        qn_error err = qn_error_none();
        assert_ok(qn_chain_to_json(&json, &size, &chain, NULL, &err), &err);
        qn_record *record = back(json, size, QN_RECORD_CHAIN);
        const qn_chain *b = record->chain;
        SAME_WHOLE(&chain, b, size);
        SAME_TEXT(&chain, b, ticker);
        SAME_TEXT(&chain, b, source);
        SAME_TEXT(&chain, b, format);
        SAME_WHOLE(&chain, b, as_of_us);
        SAME_WHOLE(&chain, b, as_of_inferred);
        SAME_NUMBER(&chain, b, spot);
        assert_memory_equal(chain.classes, b->classes, sizeof chain.classes);
        assert_same_texts(chain.warnings, chain.warning_count, b->warnings, b->warning_count);
        SAME_WHOLE(&chain, b, count);
        for (int64_t i = 0; i < chain.count; i++)
            assert_same_quote(&quotes[i], &b->quotes[i]);
        qn_record_free(record);
    }
}

/* ---- prices and reports ---- */

static void prices_come_back(void **state)
{
    (void)state;
    static const char *const names[] = {"AAA", "BBB", "Z\u00fcrich"};
    random_state = test_seed(2);
    for (int64_t round = test_effort(150, 20000); round > 0; round--) {
        int32_t days[3][MOST];
        double columns[3][5][MOST];
        qn_daily tickers[3];
        const char *warnings[2] = {text(), text()};
        qn_prices prices = {.size = (int64_t)sizeof prices,
                            .source = text(),
                            .tickers = tickers,
                            .ticker_count = below(4),
                            .warnings = warnings,
                            .warning_count = below(3)};
        for (int64_t t = 0; t < prices.ticker_count; t++) {
            const int64_t count = below(MOST);
            for (int64_t i = 0; i < count; i++) {
                days[t][i] = (i > 0 ? days[t][i - 1] : -1000) + 1 + (int32_t)below(5);
                for (int c = 0; c < 5; c++)
                    columns[t][c][i] = c == 3 ? above_zero() : number();
            }
            tickers[t] = (qn_daily){.ticker = names[t],
                                    .count = count,
                                    .days = days[t],
                                    .open = columns[t][0],
                                    .high = columns[t][1],
                                    .low = columns[t][2],
                                    .close = columns[t][3],
                                    .volume = columns[t][4]};
            prices.row_count += count;
        }
        char *json;
        int64_t size;
        qn_error err = qn_error_none();
        assert_ok(qn_prices_to_json(&json, &size, &prices, NULL, &err), &err);
        qn_record *record = back(json, size, QN_RECORD_PRICES);
        const qn_prices *b = record->prices;
        SAME_WHOLE(&prices, b, size);
        SAME_TEXT(&prices, b, source);
        SAME_WHOLE(&prices, b, ticker_count);
        SAME_WHOLE(&prices, b, row_count);
        assert_same_texts(prices.warnings, prices.warning_count, b->warnings, b->warning_count);
        for (int64_t t = 0; t < prices.ticker_count; t++) {
            const qn_daily *p = &tickers[t], *q = &b->tickers[t];
            SAME_TEXT(p, q, ticker);
            SAME_WHOLE(p, q, count);
            for (int64_t i = 0; i < p->count; i++) {
                SAME_WHOLE(p, q, days[i]);
                SAME_NUMBER(p, q, open[i]);
                SAME_NUMBER(p, q, high[i]);
                SAME_NUMBER(p, q, low[i]);
                SAME_NUMBER(p, q, close[i]);
                SAME_NUMBER(p, q, volume[i]);
            }
        }
        qn_record_free(record);
    }
}

static void calendars_come_back(void **state)
{
    (void)state;
    random_state = test_seed(3);
    for (int64_t round = test_effort(150, 20000); round > 0; round--) {
        qn_earnings reports[MOST];
        const char *warnings[2] = {text(), text()};
        qn_calendar calendar = {.size = (int64_t)sizeof calendar,
                                .source = text(),
                                .reports = reports,
                                .count = below(MOST),
                                .warnings = warnings,
                                .warning_count = below(3)};
        for (int64_t i = 0; i < calendar.count; i++)
            reports[i] = (qn_earnings){.ticker = i < 10 ? "AAA" : "BBB",
                                       .day = -100 + (int32_t)(i * 91),
                                       .timing = (uint8_t)below(4),
                                       .fiscal_end = coin() ? INT32_MIN : day(),
                                       .eps = number(),
                                       .estimate = number(),
                                       .line = whole()};
        char *json;
        int64_t size;
        qn_error err = qn_error_none();
        assert_ok(qn_calendar_to_json(&json, &size, &calendar, NULL, &err), &err);
        qn_record *record = back(json, size, QN_RECORD_CALENDAR);
        const qn_calendar *b = record->calendar;
        SAME_WHOLE(&calendar, b, size);
        SAME_TEXT(&calendar, b, source);
        SAME_WHOLE(&calendar, b, count);
        assert_same_texts(calendar.warnings, calendar.warning_count, b->warnings, b->warning_count);
        for (int64_t i = 0; i < calendar.count; i++) {
            const qn_earnings *p = &reports[i], *q = &b->reports[i];
            SAME_TEXT(p, q, ticker);
            SAME_WHOLE(p, q, day);
            SAME_WHOLE(p, q, timing);
            SAME_WHOLE(p, q, fiscal_end);
            SAME_NUMBER(p, q, eps);
            SAME_NUMBER(p, q, estimate);
            SAME_WHOLE(p, q, line);
        }
        qn_record_free(record);
    }
}

/* ---- trades and histories ---- */

static void fill_leg(qn_leg *leg)
{
    *leg = (qn_leg){.quantity = (int32_t)test_random(&random_state),
                    .type = coin() ? QN_CALL : QN_PUT,
                    .settlement = coin() ? QN_SETTLEMENT_AM : QN_SETTLEMENT_PM,
                    .expiry = day(),
                    .strike = number(),
                    .price = number(),
                    .bid = number(),
                    .ask = number(),
                    .sigma = number(),
                    .delta = number(),
                    .gamma = number(),
                    .vega = number(),
                    .theta = number(),
                    .open_interest = number(),
                    .quote = whole()};
}

static void assert_same_leg(const qn_leg *p, const qn_leg *q)
{
    SAME_WHOLE(p, q, quantity);
    SAME_WHOLE(p, q, type);
    SAME_WHOLE(p, q, settlement);
    SAME_WHOLE(p, q, expiry);
    SAME_NUMBER(p, q, strike);
    SAME_NUMBER(p, q, price);
    SAME_NUMBER(p, q, bid);
    SAME_NUMBER(p, q, ask);
    SAME_NUMBER(p, q, sigma);
    SAME_NUMBER(p, q, delta);
    SAME_NUMBER(p, q, gamma);
    SAME_NUMBER(p, q, vega);
    SAME_NUMBER(p, q, theta);
    SAME_NUMBER(p, q, open_interest);
    SAME_WHOLE(p, q, quote);
}

#define TRADE_NUMBERS(X)       \
    X(credit)                  \
    X(commission)              \
    X(delta)                   \
    X(gamma)                   \
    X(vega)                    \
    X(theta)                   \
    X(pop)                     \
    X(expected_value)          \
    X(cvar)                    \
    X(edge)                    \
    X(kelly_fraction)          \
    X(risk)                    \
    X(score)                   \
    X(payoff.max_profit)       \
    X(payoff.max_loss)         \
    X(liquidity.open_interest) \
    X(liquidity.spread_pct)    \
    X(liquidity.volume)

static void trades_come_back(void **state)
{
    (void)state;
    random_state = test_seed(4);
    for (int64_t round = test_effort(300, 40000); round > 0; round--) {
        qn_leg legs[QN_LEGS_MAX];
        qn_trade trade = {.strategy = (qn_strategy)below(QN_STRATEGY_COUNT),
                          .built = coin(),
                          .tradable = coin(),
                          .undefined_risk = coin(),
                          .legs = legs,
                          .leg_count = below(QN_LEGS_MAX + 1),
                          .contracts = whole(),
                          .reason = text(),
                          .liquidity = {.tier = (qn_tier)below(5), .options = whole()},
                          .payoff = {.breakeven_count = below(QN_BREAKEVENS_MAX + 1)}};
#define FILL(field) trade.field = number();
        TRADE_NUMBERS(FILL)
#undef FILL
        for (int64_t i = 0; i < trade.leg_count; i++)
            fill_leg(&legs[i]);
        for (int64_t i = 0; i < trade.payoff.breakeven_count; i++)
            trade.payoff.breakevens[i] = number();
        char *json;
        int64_t size;
        qn_error err = qn_error_none();
        assert_ok(qn_trade_to_json(&json, &size, &trade, NULL, &err), &err);
        qn_record *record = back(json, size, QN_RECORD_TRADE);
        const qn_trade *a = &trade, *b = record->trade;
        SAME_WHOLE(a, b, strategy);
        SAME_WHOLE(a, b, built);
        SAME_WHOLE(a, b, tradable);
        SAME_WHOLE(a, b, undefined_risk);
        SAME_WHOLE(a, b, contracts);
        SAME_TEXT(a, b, reason);
        SAME_WHOLE(a, b, liquidity.tier);
        SAME_WHOLE(a, b, liquidity.options);
        SAME_WHOLE(a, b, payoff.breakeven_count);
        SAME_WHOLE(a, b, leg_count);
#define SAME(field) SAME_NUMBER(a, b, field);
        TRADE_NUMBERS(SAME)
#undef SAME
        for (int64_t i = 0; i < trade.payoff.breakeven_count; i++)
            SAME_NUMBER(a, b, payoff.breakevens[i]);
        for (int64_t i = 0; i < trade.leg_count; i++)
            assert_same_leg(&a->legs[i], &b->legs[i]);
        qn_record_free(record);
    }
}

#define HISTORY_NUMBERS(X) \
    X(mean)                \
    X(median)              \
    X(sd)                  \
    X(max)                 \
    X(recent_mean)         \
    X(expected)            \
    X(peer_mean)           \
    X(low)                 \
    X(high)                \
    X(error)               \
    X(other_mean)          \
    X(gap_mean)            \
    X(intraday_mean)       \
    X(consistency)         \
    X(trust)               \
    X(trend)               \
    X(tail_ratio)          \
    X(rms)
#define MOVE_NUMBERS(X) \
    X(before)           \
    X(after)            \
    X(close)            \
    X(gap)              \
    X(intraday)         \
    X(other_close)      \
    X(weight)

static void histories_come_back(void **state)
{
    (void)state;
    random_state = test_seed(5);
    for (int64_t round = test_effort(150, 20000); round > 0; round--) {
        qn_move moves[MOST];
        qn_history history = {.moves = moves,
                              .count = below(MOST),
                              .used = whole(),
                              .inferred = whole(),
                              .peers = whole(),
                              .peer_group = text()};
#define FILL(field) history.field = number();
        HISTORY_NUMBERS(FILL)
#undef FILL
        for (int64_t i = 0; i < history.count; i++) {
            moves[i] = (qn_move){.day = day(),
                                 .timing = (uint8_t)below(4),
                                 .timing_inferred = coin(),
                                 .status = (uint8_t)below(5),
                                 .before_day = day(),
                                 .after_day = day()};
#define FILL(field) moves[i].field = number();
            MOVE_NUMBERS(FILL)
#undef FILL
        }
        char *json;
        int64_t size;
        qn_error err = qn_error_none();
        assert_ok(qn_history_to_json(&json, &size, &history, NULL, &err), &err);
        qn_record *record = back(json, size, QN_RECORD_HISTORY);
        const qn_history *a = &history, *b = record->history;
        SAME_WHOLE(a, b, count);
        SAME_WHOLE(a, b, used);
        SAME_WHOLE(a, b, inferred);
        SAME_WHOLE(a, b, peers);
        SAME_TEXT(a, b, peer_group);
#define SAME(field) SAME_NUMBER(a, b, field);
        HISTORY_NUMBERS(SAME)
#undef SAME
        for (int64_t i = 0; i < history.count; i++) {
            const qn_move *p = &a->moves[i], *q = &b->moves[i];
            SAME_WHOLE(p, q, day);
            SAME_WHOLE(p, q, timing);
            SAME_WHOLE(p, q, timing_inferred);
            SAME_WHOLE(p, q, status);
            SAME_WHOLE(p, q, before_day);
            SAME_WHOLE(p, q, after_day);
#define SAME(field) SAME_NUMBER(p, q, field);
            MOVE_NUMBERS(SAME)
#undef SAME
        }
        qn_record_free(record);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_come_back),    cmocka_unit_test(prices_come_back),
        cmocka_unit_test(calendars_come_back), cmocka_unit_test(trades_come_back),
        cmocka_unit_test(histories_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
