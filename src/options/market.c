/* options/market.c: New York's clocks, sessions and expiries; see market.h. Any thread. */
#include <quern/market.h>

#include "base/time.h"
#include "options/limits.h"
#include "options/market_int.h"

#include <stddef.h>

enum {
    EST_SECONDS = -5 * 3600,
    SUMMER_SECONDS = 3600,
    SWITCH_SECOND = 2 * 3600, /* both switches are at two by the clock that is being left */
};

static const int64_t second_us = 1000000;

static int32_t clamp_day(int32_t day)
{
    return day < -QNI_MARKET_DAY_MOST ? -QNI_MARKET_DAY_MOST : day > QNI_MARKET_DAY_MOST ? QNI_MARKET_DAY_MOST : day;
}

/* The first Sunday from a day on. */
static int32_t sunday_from(int32_t day)
{
    return day + (7 - qni_weekday(day)) % 7;
}

/* The Sundays on which summer time begins and ends: Uniform Time Act of 1966, Emergency Daylight Saving Time Energy
 * Conservation Act of 1973, and the acts of 1986 and 2005. False: before them. */
static bool summer_of(int32_t *begin, int32_t *end, int32_t year)
{
    if (year < 1967)
        return false;
    *end = year >= 2007 ? sunday_from(qni_date_days(year, 11, 1)) : sunday_from(qni_date_days(year, 10, 25));
    if (year >= 2007)
        *begin = sunday_from(qni_date_days(year, 3, 8));
    else if (year >= 1987)
        *begin = sunday_from(qni_date_days(year, 4, 1));
    else if (year == 1974)
        *begin = qni_date_days(year, 1, 6);
    else if (year == 1975)
        *begin = qni_date_days(year, 2, 23);
    else
        *begin = sunday_from(qni_date_days(year, 4, 24));
    return true;
}

/* Seconds since 1970 by New York's standard time, rounded down, and which day of that clock it is. */
static int64_t standard_seconds(int32_t *day, int64_t time_us)
{
    int64_t seconds = time_us / second_us - (time_us % second_us < 0) + EST_SECONDS;
    *day = (int32_t)(seconds / QNI_DAY_SECONDS - (seconds % QNI_DAY_SECONDS < 0));
    return seconds;
}

void qn_market_local(int32_t *day, int64_t *seconds, int64_t time_us)
{
    int32_t begin, end, year;
    int month, day_of_month;
    int64_t standard = standard_seconds(day, time_us);
    qni_date_split(&year, &month, &day_of_month, *day);
    if (summer_of(&begin, &end, year) && standard >= begin * (int64_t)QNI_DAY_SECONDS + SWITCH_SECOND &&
        standard < end * (int64_t)QNI_DAY_SECONDS + SWITCH_SECOND - SUMMER_SECONDS) {
        standard += SUMMER_SECONDS;
        *day = (int32_t)(standard / QNI_DAY_SECONDS - (standard % QNI_DAY_SECONDS < 0));
    }
    *seconds = standard - *day * (int64_t)QNI_DAY_SECONDS;
}

int64_t qn_market_time(int32_t day, int64_t seconds)
{
    const int64_t most = QNI_MARKET_DAY_MOST / 100 * (int64_t)QNI_DAY_SECONDS;
    seconds = seconds < -most ? -most : seconds > most ? most : seconds;
    int64_t local = clamp_day(day) * (int64_t)QNI_DAY_SECONDS + seconds;
    int32_t begin, end, year, date = (int32_t)(local / QNI_DAY_SECONDS - (local % QNI_DAY_SECONDS < 0));
    int month, day_of_month;
    qni_date_split(&year, &month, &day_of_month, date);
    /* The hour that is left out is still standard time, and the one that comes twice still summer's. */
    bool summer = summer_of(&begin, &end, year) &&
                  local >= begin * (int64_t)QNI_DAY_SECONDS + SWITCH_SECOND + SUMMER_SECONDS &&
                  local < end * (int64_t)QNI_DAY_SECONDS + SWITCH_SECOND;
    return (local - EST_SECONDS - (summer ? SUMMER_SECONDS : 0)) * second_us;
}

const char *qn_market_holiday(int32_t day)
{
    int weekday = qni_weekday(day);
    return weekday == QNI_SUNDAY || weekday == QNI_SATURDAY ? "weekend" : qni_market_closure(day);
}

bool qn_market_session(int64_t *open_us, int64_t *close_us, int32_t day)
{
    bool open = *qn_market_holiday(day) == '\0';
    if (open_us != NULL)
        *open_us = open ? qn_market_time(day, QNI_OPEN_SECOND) : 0;
    if (close_us != NULL)
        *close_us = open ? qn_market_time(day, qni_market_close(day)) : 0;
    return open;
}

int32_t qn_market_next_day(int32_t day)
{
    day = clamp_day(day);
    do
        day++;
    while (*qn_market_holiday(day) != '\0');
    return day;
}

int32_t qn_market_previous_day(int32_t day)
{
    day = clamp_day(day);
    do
        day--;
    while (*qn_market_holiday(day) != '\0');
    return day;
}

int64_t qn_market_expiry(int32_t day, qn_settlement settlement)
{
    int64_t open, close;
    if (!qn_market_session(&open, &close, day))
        (void)qn_market_session(&open, &close, qn_market_previous_day(day));
    return settlement == QN_SETTLEMENT_AM ? open : close;
}
