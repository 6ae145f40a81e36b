/* quern/market.h: when American stock and option markets are open, and how long it is until an option expires.
 *
 * Caveats first:
 *  - Days are days since 1970-01-01, times microseconds since 1970-01-01T00:00:00Z, as columns of tables have them.
 *  - Holidays and half days are those of NYSE, by rule and by a list of days on which it was closed for a reason of its
 *    own, 1990 to 2100; before and after, only weekends. What is announced for later years is not known here; a session
 *    that began late or ended early without having been announced is whole.
 *  - Everything is a function of its arguments; any thread.
 */
#ifndef QUERN_MARKET_H
#define QUERN_MARKET_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* Whether shares are traded on that `day` in New York; *open_us and *close_us: when it opens and closes (16:00; on
 * half days 13:00, before 1993 14:00; options on some indices 15 minutes later are not told apart). On a closed day
 * both are 0 and false is returned. NULL: not wanted. */
QN_API bool qn_market_session(int64_t *open_us, int64_t *close_us, int32_t day);

/* Why it is closed: "weekend", "Presidents' Day"; "" on an open day. Static. */
QN_API const char *qn_market_holiday(int32_t day);

/* The first open day after `day`, the last one before it. */
QN_API int32_t qn_market_next_day(int32_t day);
QN_API int32_t qn_market_previous_day(int32_t day);

/* What a clock in New York shows at `time_us`, *day and *seconds, and the time at which it shows them; summer time by
 * the rules of each year from 1967. Of an hour that comes twice the first, of one that is left out the hour after it.
 * Seconds since midnight. */
QN_API void qn_market_local(int32_t *day, int64_t *seconds, int64_t time_us);
QN_API int64_t qn_market_time(int32_t day, int64_t seconds);

/* When an option's value is taken. */
typedef enum qn_settlement {
    QN_SETTLEMENT_PM = 0, /* at the close of the day of expiry */
    QN_SETTLEMENT_AM = 1, /* at its open (standard monthly index options) */
} qn_settlement;

/* The time of that; where the day of expiry is closed, as Saturdays were until 2015, of the open day before. */
QN_API int64_t qn_market_expiry(int32_t day, qn_settlement settlement);

/* How time is counted: X(NAME, value, name). Only ever appended to. */
#define QN_CLOCK_LIST(X)       \
    X(CALENDAR, 0, "calendar") \
    X(TRADING, 1, "trading")   \
    X(BUSINESS, 2, "business")

/*   CALENDAR  minutes / (365 * 24 * 60): as the VIX counts
 *   TRADING   time in sessions only, each full one 1 / 252 of a year, half days their share
 *   BUSINESS  every hour counts, those without trading less: a night, a day of a weekend and a holiday count the shares
 *             documented in docs/options.md of a session; a year of them is one year on average */
typedef enum qn_clock {
#define QN_CLOCK_ENUMERATOR(name, value, text) QN_CLOCK_##name = value,
    QN_CLOCK_LIST(QN_CLOCK_ENUMERATOR)
#undef QN_CLOCK_ENUMERATOR
} qn_clock;

QN_API const char *qn_clock_name(qn_clock clock); /* "calendar"; static; "?" for an unknown one */

/* Years from `from_us` to `to_us` by that clock; below 0 where the latter is earlier. Never runs backwards; parts add
 * up to the whole but for rounding. */
QN_API double qn_clock_years(qn_clock clock, int64_t from_us, int64_t to_us);

QN_END_DECLS
#endif
