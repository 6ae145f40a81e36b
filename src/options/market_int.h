/* options/market_int.h: what the parts of the calendar tell each other.
 *
 *   market_days.c    which days are open, from when to when
 *   market.c         what clocks in New York show; sessions, expiries
 *   market_clock.c   how much of each kind of hour lies between two times */
#ifndef QNI_OPTIONS_MARKET_INT_H
#define QNI_OPTIONS_MARKET_INT_H

#include "options/hours.h"

#include <quern/market.h>

enum {
    QNI_SUNDAY = 0,
    QNI_SATURDAY = 6,
};

static inline int qni_weekday(int32_t day) /* 0: Sunday */
{
    int32_t of_week = (day % 7 + 4) % 7; /* 1970-01-01 was a Thursday */
    return of_week < 0 ? of_week + 7 : of_week;
}

/* Why the day is closed, a weekend aside; "" where it is not. */
const char *qni_market_closure(int32_t day);

/* Seconds after midnight of an open day's close. */
int32_t qni_market_close(int32_t day);

/* Of the weekdays in [from, to): how many are closed, and by how many seconds the half days among the others are
 * shorter than full ones. */
void qni_market_missing(int64_t *closed, int64_t *short_seconds, int32_t from, int32_t to);

#endif
