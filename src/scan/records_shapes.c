/* scan/records_shapes.c: what fields a chain, prices, a calendar, a trade and a history have in JSON; docs/scan.md
 * lists them. Names are never changed; fields are only ever added. */
#include "scan/records_int.h"

#include <stddef.h>
#include <string.h>

#define AT(of, member) (int32_t) offsetof(of, member)
#define F64(of, member)                                                  \
    {                                                                    \
        .name = #member, .type = QNI_FIELD_F64, .offset = AT(of, member) \
    }
#define I64(of, member)                                                  \
    {                                                                    \
        .name = #member, .type = QNI_FIELD_I64, .offset = AT(of, member) \
    }
#define I32(of, member)                                                  \
    {                                                                    \
        .name = #member, .type = QNI_FIELD_I32, .offset = AT(of, member) \
    }
#define BOOL(of, member)                                                  \
    {                                                                     \
        .name = #member, .type = QNI_FIELD_BOOL, .offset = AT(of, member) \
    }
#define TEXT(of, member)                                                  \
    {                                                                     \
        .name = #member, .type = QNI_FIELD_TEXT, .offset = AT(of, member) \
    }
#define NUMBERS(of, member)                                                                                 \
    {                                                                                                       \
        .name = #member, .type = QNI_FIELD_NUMBERS, .offset = AT(of, member), .count_offset = AT(of, count) \
    }
#define NAME(of, member, words)                                            \
    {                                                                      \
        .name = #member, .type = QNI_FIELD_NAME, .offset = AT(of, member), \
        .width = (int32_t)sizeof(((of *)0)->member), .text_of = (words)    \
    }
#define SHAPE(of, table)                                                                                           \
    {                                                                                                              \
        .fields = (table), .field_count = (int32_t)(sizeof(table) / sizeof(table)[0]), .size = (int32_t)sizeof(of) \
    }
#define WARNINGS(of)                                                                                                   \
    {                                                                                                                  \
        .name = "warnings", .type = QNI_FIELD_TEXTS, .offset = AT(of, warnings), .count_offset = AT(of, warning_count) \
    }

/* ---- names of enumerations ---- */

static const char *known(const char *name)
{
    return strcmp(name, "?") != 0 ? name : NULL;
}

static const char *type_name(int64_t value)
{
    return value == QN_CALL ? "call" : value == QN_PUT ? "put" : NULL;
}

static const char *settlement_name(int64_t value)
{
    return value == QN_SETTLEMENT_PM ? "pm" : value == QN_SETTLEMENT_AM ? "am" : NULL;
}

static const char *class_name(int64_t value)
{
    return known(qn_quote_class_name((qn_quote_class)value));
}

static const char *timing_name(int64_t value)
{
    return known(qn_timing_name((qn_timing)value));
}

static const char *status_name(int64_t value)
{
    return known(qn_move_status_name((qn_move_status)value));
}

static const char *tier_name(int64_t value)
{
    return known(qn_tier_name((qn_tier)value));
}

static const char *strategy_name(int64_t value)
{
    return known(qn_strategy_name((qn_strategy)value));
}

/* ---- chains ---- */

static const qni_field quote_fields[] = {
    I32(qn_quote, expiry),
    NAME(qn_quote, settlement, settlement_name),
    {.name = "type",
     .type = QNI_FIELD_NAME,
     .offset = AT(qn_quote, type),
     .width = (int32_t)sizeof(int8_t),
     .otherwise = QN_CALL,
     .text_of = type_name},
    F64(qn_quote, strike),
    {.name = "class",
     .type = QNI_FIELD_NAME,
     .offset = AT(qn_quote, quote_class),
     .width = (int32_t)sizeof(uint8_t),
     .text_of = class_name},
    F64(qn_quote, bid),
    F64(qn_quote, ask),
    F64(qn_quote, last),
    {.name = "last_us", .type = QNI_FIELD_I64, .offset = AT(qn_quote, last_us), .otherwise = INT64_MIN},
    F64(qn_quote, volume),
    F64(qn_quote, open_interest),
    F64(qn_quote, provider_implied),
    I64(qn_quote, line),
};
static const qni_shape quote_shape = SHAPE(qn_quote, quote_fields);

static const qni_field class_fields[] = {
#define CLASS(class, value, text) {.name = (text), .type = QNI_FIELD_I64, .offset = (value) * (int32_t)sizeof(int64_t)},
    QN_QUOTE_LIST(CLASS)
#undef CLASS
};
static const qni_shape class_shape = SHAPE(int64_t[QN_QUOTE_CLASS_COUNT], class_fields);

static const qni_field chain_fields[] = {
    TEXT(qn_chain, ticker),
    TEXT(qn_chain, source),
    TEXT(qn_chain, format),
    I64(qn_chain, as_of_us),
    BOOL(qn_chain, as_of_inferred),
    F64(qn_chain, spot),
    {.name = "classes", .type = QNI_FIELD_OBJECT, .offset = AT(qn_chain, classes), .shape = &class_shape},
    WARNINGS(qn_chain),
    {.name = "quotes",
     .type = QNI_FIELD_COLUMNS,
     .offset = AT(qn_chain, quotes),
     .count_offset = AT(qn_chain, count),
     .shape = &quote_shape},
};
static const qni_shape chain_shape = SHAPE(qn_chain, chain_fields);

/* ---- prices and reports ---- */

static const qni_field daily_fields[] = {
    TEXT(qn_daily, ticker),
    {.name = "days", .type = QNI_FIELD_DAYS, .offset = AT(qn_daily, days), .count_offset = AT(qn_daily, count)},
    NUMBERS(qn_daily, open),
    NUMBERS(qn_daily, high),
    NUMBERS(qn_daily, low),
    NUMBERS(qn_daily, close),
    NUMBERS(qn_daily, volume),
};
static const qni_shape daily_shape = SHAPE(qn_daily, daily_fields);

static const qni_field prices_fields[] = {
    TEXT(qn_prices, source),
    WARNINGS(qn_prices),
    {.name = "tickers",
     .type = QNI_FIELD_ROWS,
     .offset = AT(qn_prices, tickers),
     .count_offset = AT(qn_prices, ticker_count),
     .shape = &daily_shape},
};
static const qni_shape prices_shape = SHAPE(qn_prices, prices_fields);

static const qni_field report_fields[] = {
    TEXT(qn_earnings, ticker),
    I32(qn_earnings, day),
    NAME(qn_earnings, timing, timing_name),
    {.name = "fiscal_end", .type = QNI_FIELD_I32, .offset = AT(qn_earnings, fiscal_end), .otherwise = INT32_MIN},
    F64(qn_earnings, eps),
    F64(qn_earnings, estimate),
    I64(qn_earnings, line),
};
static const qni_shape report_shape = SHAPE(qn_earnings, report_fields);

static const qni_field calendar_fields[] = {
    TEXT(qn_calendar, source),
    WARNINGS(qn_calendar),
    {.name = "reports",
     .type = QNI_FIELD_ROWS,
     .offset = AT(qn_calendar, reports),
     .count_offset = AT(qn_calendar, count),
     .shape = &report_shape},
};
static const qni_shape calendar_shape = SHAPE(qn_calendar, calendar_fields);

/* ---- trades ---- */

static const qni_field leg_fields[] = {
    I32(qn_leg, quantity),
    {.name = "type",
     .type = QNI_FIELD_NAME,
     .offset = AT(qn_leg, type),
     .width = (int32_t)sizeof(int8_t),
     .otherwise = QN_CALL,
     .text_of = type_name},
    NAME(qn_leg, settlement, settlement_name),
    I32(qn_leg, expiry),
    F64(qn_leg, strike),
    F64(qn_leg, price),
    F64(qn_leg, bid),
    F64(qn_leg, ask),
    F64(qn_leg, sigma),
    F64(qn_leg, delta),
    F64(qn_leg, gamma),
    F64(qn_leg, vega),
    F64(qn_leg, theta),
    F64(qn_leg, open_interest),
    {.name = "quote", .type = QNI_FIELD_I64, .offset = AT(qn_leg, quote), .otherwise = -1},
};
static const qni_shape leg_shape = SHAPE(qn_leg, leg_fields);

static const qni_field payoff_fields[] = {
    F64(qn_payoff, max_profit),
    F64(qn_payoff, max_loss),
    {.name = "breakevens",
     .type = QNI_FIELD_SOME,
     .offset = AT(qn_payoff, breakevens),
     .count_offset = AT(qn_payoff, breakeven_count),
     .width = QN_BREAKEVENS_MAX},
};
static const qni_shape payoff_shape = SHAPE(qn_payoff, payoff_fields);

static const qni_field liquidity_fields[] = {
    NAME(qn_liquidity, tier, tier_name), F64(qn_liquidity, open_interest), F64(qn_liquidity, spread_pct),
    F64(qn_liquidity, volume),           I64(qn_liquidity, options),
};
static const qni_shape liquidity_shape = SHAPE(qn_liquidity, liquidity_fields);

static const qni_field trade_fields[] = {
    NAME(qn_trade, strategy, strategy_name),
    BOOL(qn_trade, built),
    BOOL(qn_trade, tradable),
    BOOL(qn_trade, undefined_risk),
    {.name = "legs",
     .type = QNI_FIELD_ROWS,
     .offset = AT(qn_trade, legs),
     .count_offset = AT(qn_trade, leg_count),
     .shape = &leg_shape},
    F64(qn_trade, credit),
    F64(qn_trade, commission),
    {.name = "payoff", .type = QNI_FIELD_OBJECT, .offset = AT(qn_trade, payoff), .shape = &payoff_shape},
    F64(qn_trade, delta),
    F64(qn_trade, gamma),
    F64(qn_trade, vega),
    F64(qn_trade, theta),
    F64(qn_trade, pop),
    F64(qn_trade, expected_value),
    F64(qn_trade, cvar),
    F64(qn_trade, edge),
    F64(qn_trade, kelly_fraction),
    I64(qn_trade, contracts),
    F64(qn_trade, risk),
    {.name = "liquidity", .type = QNI_FIELD_OBJECT, .offset = AT(qn_trade, liquidity), .shape = &liquidity_shape},
    F64(qn_trade, score),
    TEXT(qn_trade, reason),
};
static const qni_shape trade_shape = SHAPE(qn_trade, trade_fields);

/* ---- histories ---- */

static const qni_field move_fields[] = {
    I32(qn_move, day),
    NAME(qn_move, timing, timing_name),
    BOOL(qn_move, timing_inferred),
    NAME(qn_move, status, status_name),
    I32(qn_move, before_day),
    I32(qn_move, after_day),
    F64(qn_move, before),
    F64(qn_move, after),
    F64(qn_move, close),
    F64(qn_move, gap),
    F64(qn_move, intraday),
    F64(qn_move, other_close),
    F64(qn_move, weight),
};
static const qni_shape move_shape = SHAPE(qn_move, move_fields);

static const qni_field history_fields[] = {
    {.name = "moves",
     .type = QNI_FIELD_ROWS,
     .offset = AT(qn_history, moves),
     .count_offset = AT(qn_history, count),
     .shape = &move_shape},
    I64(qn_history, used),
    I64(qn_history, inferred),
    F64(qn_history, mean),
    F64(qn_history, median),
    F64(qn_history, sd),
    F64(qn_history, max),
    F64(qn_history, recent_mean),
    F64(qn_history, expected),
    F64(qn_history, peer_mean),
    I64(qn_history, peers),
    TEXT(qn_history, peer_group),
    F64(qn_history, low),
    F64(qn_history, high),
    F64(qn_history, error),
    F64(qn_history, other_mean),
    F64(qn_history, gap_mean),
    F64(qn_history, intraday_mean),
    F64(qn_history, consistency),
    F64(qn_history, trust),
    F64(qn_history, trend),
    F64(qn_history, tail_ratio),
    F64(qn_history, rms),
};
static const qni_shape history_shape = SHAPE(qn_history, history_fields);

/* ---- */

const qni_shape *qni_record_shape(qn_record_kind kind)
{
    switch (kind) {
    case QN_RECORD_CHAIN:
        return &chain_shape;
    case QN_RECORD_PRICES:
        return &prices_shape;
    case QN_RECORD_CALENDAR:
        return &calendar_shape;
    case QN_RECORD_TRADE:
        return &trade_shape;
    case QN_RECORD_HISTORY:
        return &history_shape;
    }
    return NULL;
}

const char *qni_record_schema(qn_record_kind kind)
{
    switch (kind) {
#define SCHEMA(name, value, schema) \
    case QN_RECORD_##name:          \
        return schema;
        QN_RECORD_LIST(SCHEMA)
#undef SCHEMA
    }
    return "?";
}
