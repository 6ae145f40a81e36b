/* scan/reaction.c: the reaction to one report: from the last close before the news to the first after it. Any thread.
 *
 * The days are those of the exchange, not rows: a day on which the exchange was open and that has no row is a missing
 * price, never the next row that happens to be there. */
#include "scan/scan_int.h"

#include <math.h>
#include <stddef.h>

int64_t qni_daily_row(const qn_daily *daily, int32_t day)
{
    int64_t low = 0, high = daily->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (daily->days[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < daily->count && daily->days[low] == day ? low : -1;
}

int32_t qni_day_known(int64_t as_of_us)
{
    int32_t day;
    int64_t seconds, open_us, close_us;
    qn_market_local(&day, &seconds, as_of_us);
    while (!qn_market_session(&open_us, &close_us, day) || close_us > as_of_us)
        day = qn_market_previous_day(day);
    return day;
}

qn_daily qni_daily_known(const qn_daily *daily, int64_t as_of_us)
{
    qn_daily known = *daily;
    if (as_of_us == 0 || known.count == 0)
        return known;
    int32_t day = qni_day_known(as_of_us);
    while (known.count > 0 && known.days[known.count - 1] > day)
        known.count--;
    return known;
}

/* Whether the share could be traded on the day of the report, so that it matters when on that day it came. */
static bool on_open_day(const qn_earnings *report)
{
    return qn_market_session(NULL, NULL, report->day);
}

/* The days of the closes between which the news came; of an unknown timing, between which it came whatever that is. */
static void days_around(qn_move *out, const qn_earnings *report, qn_timing timing)
{
    bool open = on_open_day(report);
    bool before_close = timing == QN_TIMING_BEFORE_OPEN || timing == QN_TIMING_DURING;
    out->before_day = open && timing == QN_TIMING_AFTER_CLOSE ? report->day : qn_market_previous_day(report->day);
    out->after_day = open && before_close ? report->day : qn_market_next_day(report->day);
}

/* The move between the closes of its two days. */
static qn_move_status measure(qn_move *out, const qn_daily *daily, int32_t as_of_day)
{
    if (out->after_day > as_of_day)
        return QN_MOVE_FUTURE;
    int64_t before = qni_daily_row(daily, out->before_day), after = qni_daily_row(daily, out->after_day);
    if (before < 0 || after < 0)
        return QN_MOVE_NO_PRICES;
    double split = qni_split_at(daily, after);
    if (isnan(split))
        return QN_MOVE_SPLIT;
    out->before = daily->close[before] / split;
    out->after = daily->close[after];
    out->close = out->after / out->before - 1;
    return QN_MOVE_OK;
}

void qni_reaction(qn_move *out, const qn_daily *daily, const qn_earnings *report, qn_timing timing, int32_t as_of_day)
{
    *out = (qn_move){.day = report->day,
                     .timing = (uint8_t)timing,
                     .before = NAN,
                     .after = NAN,
                     .close = NAN,
                     .gap = NAN,
                     .intraday = NAN,
                     .other_close = NAN};
    days_around(out, report, timing);
    if (timing == QN_TIMING_UNKNOWN && on_open_day(report)) {
        out->status = out->after_day > as_of_day ? QN_MOVE_FUTURE : QN_MOVE_TIMING;
        return;
    }
    out->status = (uint8_t)measure(out, daily, as_of_day);
    if (out->status != QN_MOVE_OK)
        return;
    double open = daily->open[qni_daily_row(daily, out->after_day)];
    if (open > 0 && timing != QN_TIMING_DURING) { /* else the open comes before the news */
        out->gap = open / out->before - 1;
        out->intraday = out->after / open - 1;
    }
    qn_move other = {0};
    days_around(&other, report, timing == QN_TIMING_AFTER_CLOSE ? QN_TIMING_BEFORE_OPEN : QN_TIMING_AFTER_CLOSE);
    if (measure(&other, daily, as_of_day) == QN_MOVE_OK)
        out->other_close = other.close;
}
