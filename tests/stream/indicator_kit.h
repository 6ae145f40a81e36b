/* stream/indicator_kit.h: indicators with constants of all kinds, and values of all kinds, for tests. */
#ifndef QUERN_TEST_INDICATOR_KIT_H
#define QUERN_TEST_INDICATOR_KIT_H

#include "harness/harness.h"

#include <math.h>

#include <quern/indicators.h>

typedef struct indicator_case {
    qn_indicator_kind kind;
    int64_t count;
    double constants[3];
} indicator_case;

/* Every kind, every number of constants, windows that are shorter and longer than a vector and than the data. */
static const indicator_case indicator_cases[] = {
    {QN_INDICATOR_EMA, 1, {1}},
    {QN_INDICATOR_EMA, 1, {12.5}},
    {QN_INDICATOR_SMA, 1, {1}},
    {QN_INDICATOR_SMA, 1, {2}},
    {QN_INDICATOR_SMA, 1, {7}},
    {QN_INDICATOR_SMA, 1, {20}},
    {QN_INDICATOR_SMA, 1, {100000}},
    {QN_INDICATOR_SD, 1, {2}},
    {QN_INDICATOR_SD, 1, {3}},
    {QN_INDICATOR_SD, 1, {20}},
    {QN_INDICATOR_VWAP, 0, {0}},
    {QN_INDICATOR_VWAP, 1, {1}},
    {QN_INDICATOR_VWAP, 1, {5}},
    {QN_INDICATOR_RSI, 1, {1}},
    {QN_INDICATOR_RSI, 1, {14}},
    {QN_INDICATOR_BOLLINGER, 2, {1, 2}},
    {QN_INDICATOR_BOLLINGER, 2, {20, -2}},
    {QN_INDICATOR_MACD, 2, {12, 26}},
    {QN_INDICATOR_MACD, 3, {12, 26, 9}},
    {QN_INDICATOR_REALIZED_VOL, 1, {1}},
    {QN_INDICATOR_REALIZED_VOL, 1, {8}},
    {QN_INDICATOR_LAG, 0, {0}},
    {QN_INDICATOR_LAG, 1, {6}},
    {QN_INDICATOR_DIFF, 0, {0}},
    {QN_INDICATOR_DIFF, 1, {9}},
};

enum {
    INDICATOR_CASES = sizeof indicator_cases / sizeof indicator_cases[0]
};

static inline qn_indicator *make_indicator(const indicator_case *c, int64_t symbols)
{
    qn_indicator *out;
    qn_error err;
    assert_ok(qn_indicator_new(&out, c->kind, c->constants, c->count, symbols, NULL, &err), &err);
    return out;
}

enum {
    MOOD_WALK,     /* prices as they are */
    MOOD_CONSTANT, /* the same again and again */
    MOOD_OFFSET,   /* 1e9 and a little */
    MOOD_SPIKES,   /* a walk with single huge values */
    MOOD_GAPS,     /* a walk in which values are missing */
    MOOD_WILD,     /* anything */
    MOODS
};

/* The value after `last` (0: the first). */
static inline double next_value(uint64_t *random, int mood, double last)
{
    static const double gaps[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 0, -1};
    static const double wild[] = {1.7e308, -1.7e308, 0x1p-1074, -0.0, 0, 0x1p1000, 1e-300, 1e200};
    double unit = test_random_unit(random);
    bool seldom = test_random_below(random, 11) == 0;
    if (!isfinite(last) || fabs(last) > 1e6 || last <= 0)
        last = 100;
    double walk = round(last * (1 + 0.01 * (unit - 0.5)) * 100) / 100;
    switch (mood) {
    case MOOD_CONSTANT:
        return 0.1;
    case MOOD_OFFSET:
        return 1e9 + unit;
    case MOOD_SPIKES:
        return seldom ? 1e15 * unit : walk;
    case MOOD_GAPS:
        return seldom ? gaps[test_random_below(random, 5)] : walk;
    case MOOD_WILD:
        return seldom ? wild[test_random_below(random, 8)] : exp(100 * (unit - 0.5));
    default:
        return walk;
    }
}

/* A size: whole, sometimes 0, in a mood with gaps also missing or below 0. */
static inline double next_size(uint64_t *random, int mood)
{
    if ((mood == MOOD_GAPS || mood == MOOD_WILD) && test_random_below(random, 17) == 0)
        return test_random_below(random, 2) == 0 ? -1 : (double)NAN;
    return (double)(test_random_below(random, 4) == 0 ? 0 : test_random_below(random, 1000));
}

#endif
