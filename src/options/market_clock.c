/* options/market_clock.c: how much of each kind of hour lies between two times, and how many years that is.
 *
 * Hours are counted exactly, in microseconds of each kind; only their weighted sum is rounded, term by term in one
 * order: so a clock never runs backwards. Days by the clock of New York, whose summer time begins and ends on Sundays.
 * Any thread. */
#include <quern/market.h>

#include "options/limits.h"
#include "options/market_int.h"

/* Microseconds of each kind. */
typedef struct hours {
    int64_t session, night, weekend, holiday;
} hours;

static const int64_t second_us = 1000000, hour_us = INT64_C(3600000000), day_us = INT64_C(86400000000);

const char *qn_clock_name(qn_clock clock)
{
    switch (clock) {
#define CLOCK_NAME(name, value, text) \
    case QN_CLOCK_##name:             \
        return text;
        QN_CLOCK_LIST(CLOCK_NAME)
#undef CLOCK_NAME
    }
    return "?";
}

/* What [from, to) and [begin, end) share. */
static int64_t overlap(int64_t from, int64_t to, int64_t begin, int64_t end)
{
    from = from > begin ? from : begin;
    to = to < end ? to : end;
    return to > from ? to - from : 0;
}

/* The part of a day that lies in [from, to). */
static void add_part(hours *h, int32_t day, int64_t from, int64_t to)
{
    int64_t open, close;
    int64_t all = overlap(from, to, qn_market_time(day, 0), qn_market_time(day + 1, 0));
    if (qn_market_session(&open, &close, day)) {
        int64_t session = overlap(from, to, open, close);
        h->session += session;
        h->night += all - session;
    } else if (qni_weekday(day) == QNI_SUNDAY || qni_weekday(day) == QNI_SATURDAY) {
        h->weekend += all;
    } else {
        h->holiday += all;
    }
}

/* The weekdays in [from, to). */
static int64_t count_weekdays(int32_t from, int32_t to)
{
    int64_t days = (int64_t)to - from, count = days / 7 * 5;
    for (int32_t i = 0; i < days % 7; i++) {
        int weekday = qni_weekday(from + i);
        count += weekday != QNI_SUNDAY && weekday != QNI_SATURDAY;
    }
    return count;
}

/* The whole days [from, to). */
static void add_days(hours *h, int32_t from, int32_t to)
{
    int64_t closed, short_seconds, weekdays = count_weekdays(from, to);
    qni_market_missing(&closed, &short_seconds, from, to);
    int64_t session = (QNI_CLOSE_SECOND - QNI_OPEN_SECOND) * (weekdays - closed) - short_seconds;
    h->session += session * second_us;
    h->night += (weekdays - closed) * day_us - session * second_us;
    h->holiday += closed * day_us;
    h->weekend += qn_market_time(to, 0) - qn_market_time(from, 0) - weekdays * day_us;
}

static int64_t clamp_time(int64_t us)
{
    return us < -QNI_CLOCK_US_MOST ? -QNI_CLOCK_US_MOST : us > QNI_CLOCK_US_MOST ? QNI_CLOCK_US_MOST : us;
}

/* What lies between two times, from <= to. */
static hours count_hours(int64_t from_us, int64_t to_us)
{
    from_us = clamp_time(from_us);
    to_us = clamp_time(to_us);
    hours h = {0};
    int32_t first, last;
    int64_t seconds;
    qn_market_local(&first, &seconds, from_us);
    qn_market_local(&last, &seconds, to_us);
    add_part(&h, first, from_us, to_us);
    if (last > first + 1)
        add_days(&h, first + 1, last);
    if (last > first)
        add_part(&h, last, from_us, to_us);
    return h;
}

double qn_clock_years(qn_clock clock, int64_t from_us, int64_t to_us)
{
    if (from_us > to_us)
        return -qn_clock_years(clock, to_us, from_us);
    if (clock == QN_CLOCK_CALENDAR)
        return ((double)to_us - (double)from_us) / (365.0 * (double)day_us);
    hours h = count_hours(from_us, to_us);
    if (clock == QN_CLOCK_TRADING)
        return (double)h.session / (QNI_CLOCK_SESSIONS * 1e6 * (QNI_CLOSE_SECOND - QNI_OPEN_SECOND));
    double counted = (double)h.session * QNI_CLOCK_SESSION_HOUR;
    counted += (double)h.night * QNI_CLOCK_NIGHT_HOUR;
    counted += (double)h.weekend * QNI_CLOCK_WEEKEND_HOUR;
    counted += (double)h.holiday * QNI_CLOCK_HOLIDAY_HOUR;
    return counted / ((double)hour_us * QNI_CLOCK_BUSINESS_YEAR);
}
