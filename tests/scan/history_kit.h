/* scan/history_kit.h: a ticker with made prices and reports, for the tests of past reactions. */
#ifndef QUERN_TEST_SCAN_HISTORY_KIT_H
#define QUERN_TEST_SCAN_HISTORY_KIT_H

#include <math.h>
#include <string.h>

#include "harness/harness.h"
#include "scan/scan_int.h"

enum {
    PAST_DAYS = 800,
    PAST_REPORTS = 64
};

/* Everything may be changed before past_history; the columns of `daily` and `reports` are these. */
typedef struct past {
    int32_t days[PAST_DAYS];
    double open[PAST_DAYS], high[PAST_DAYS], low[PAST_DAYS], close[PAST_DAYS], volume[PAST_DAYS];
    qn_daily daily;
    qn_earnings reports[PAST_REPORTS];
    qn_scan_input input;
    qn_scan_settings settings;
    qn_scan_ticker result;
    qn_arena *arena;
    qni_subject subject;
} past;

/* Points to itself: not to be copied. Made of nothing yet. */
static inline qn_status past_begin(past *p, const char *ticker, const qn_allocator *allocator, qn_error *err)
{
    *p = (past){.daily = {.ticker = ticker}, .result = {.ticker = ticker, .sector = "", .best = -1, .spot = NAN}};
    qn_scan_settings_init(&p->settings, sizeof p->settings);
    p->daily.days = p->days;
    p->daily.open = p->open;
    p->daily.high = p->high;
    p->daily.low = p->low;
    p->daily.close = p->close;
    p->daily.volume = p->volume;
    p->input = (qn_scan_input){.size = sizeof p->input, .ticker = ticker, .daily = &p->daily, .reports = p->reports};
    qn_status s = qn_arena_new(&p->arena, allocator, 4096, err);
    p->subject = (qni_subject){.input = &p->input, .settings = &p->settings, .arena = p->arena, .result = &p->result};
    return s;
}

/* One more row; NaN for what is not told. */
static inline void past_row(past *p, int32_t day, double open, double high, double low, double close, double volume)
{
    int64_t i = p->daily.count++;
    assert_in_range(i, 0, PAST_DAYS - 1);
    p->days[i] = day;
    p->open[i] = open;
    p->high[i] = high;
    p->low[i] = low;
    p->close[i] = close;
    p->volume[i] = volume;
}

/* A day whose close is that much above the last one, in which it moves and trades `busy` times as much as usual: 2 %
 * from high to low, a hundred million in money. Opens where it closes but for half a per cent. */
static inline void past_day(past *p, int32_t day, double move, double busy)
{
    double last = p->daily.count > 0 ? p->close[p->daily.count - 1] : 100, close = last * (1 + move);
    past_row(p, day, close * 1.005, close * (1 + 0.01 * busy), close / (1 + 0.01 * busy), close, 1e8 * busy / close);
}

/* So many open days after the last one (or from 2024-01-02 on), up and down by some 1 %. */
static inline void past_quiet(past *p, int64_t count, uint64_t *state)
{
    for (int64_t i = 0; i < count; i++) {
        double size = 0.02 * test_random_unit(state), sign = test_random_below(state, 2) == 0 ? -1 : 1;
        int32_t day = p->daily.count > 0 ? qn_market_next_day(p->days[p->daily.count - 1]) : 19724;
        past_day(p, day, sign * size, 0.7 + 0.6 * test_random_unit(state));
    }
}

/* Adds a report and, some forty days after the last one, the days around it: with that timing it moves the share by
 * `move`. Told as UNKNOWN where `told` is false. */
static inline void past_report(past *p, qn_timing timing, bool told, double move, uint64_t *state)
{
    past_quiet(p, 40, state);
    int32_t last = p->days[p->daily.count - 1], next = qn_market_next_day(last);
    p->reports[p->input.report_count++] = (qn_earnings){.ticker = p->daily.ticker,
                                                        .day = timing == QN_TIMING_AFTER_CLOSE ? last : next,
                                                        .timing = (uint8_t)(told ? timing : QN_TIMING_UNKNOWN)};
    past_day(p, next, move, 3);
    past_quiet(p, 3, state);
}

static inline void past_history(past *p, int64_t as_of_us)
{
    qn_error err;
    assert_ok(qni_history(&p->subject, as_of_us, &err), &err);
}

static inline void past_end(past *p)
{
    qn_arena_free(p->arena);
}

#endif
