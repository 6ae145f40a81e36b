/* options/market_days.c: on which days NYSE is closed, and on which only half a day is traded.
 *
 * Holidays by NYSE rule 7.2 (a holiday on a Saturday is kept on the Friday before unless an accounting period ends with
 * it, one on a Sunday on the Monday after); days of mourning and disaster by the exchange's own list, "NYSE Holidays
 * and Trading Hours" and its notices to members. Days on which trading began late or ended early without having been
 * announced beforehand (a blizzard, a fault) are whole here. Any thread. */
#include "options/market_int.h"

#include "base/time.h"
#include "options/limits.h"

#include <stddef.h>

enum {
    NEAREST = -1 /* a date, moved off the weekend */
};

/* A holiday of every year: a date, or the first such weekday from a date on. */
typedef struct rule {
    int8_t month, day, weekday;
    int16_t from_year;
    const char *name;
} rule;

static const rule rules[] = {
    {1, 1, NEAREST, 0, "New Year's Day"},
    {1, 15, 1, 1998, "Martin Luther King Jr. Day"},
    {2, 15, 1, 0, "Presidents' Day"},
    {5, 25, 1, 0, "Memorial Day"},
    {6, 19, NEAREST, 2022, "Juneteenth"},
    {7, 4, NEAREST, 0, "Independence Day"},
    {9, 1, 1, 0, "Labor Day"},
    {11, 22, 4, 0, "Thanksgiving Day"},
    {12, 25, NEAREST, 0, "Christmas Day"},
};

/* Closed for a reason of the day's own; as the digits of its date. */
static const struct {
    int32_t date;
    const char *name;
} closures[] = {
    {19940427, "funeral of President Nixon"},
    {20010911, "attacks of September 11"},
    {20010912, "attacks of September 11"},
    {20010913, "attacks of September 11"},
    {20010914, "attacks of September 11"},
    {20040611, "funeral of President Reagan"},
    {20070102, "funeral of President Ford"},
    {20121029, "Hurricane Sandy"},
    {20121030, "Hurricane Sandy"},
    {20181205, "funeral of President G. H. W. Bush"},
    {20250109, "funeral of President Carter"},
};

/* Half days that follow no rule. */
static const int32_t short_days[] = {19971226, 19991231, 20031226};

static bool is_known_year(int32_t year)
{
    return year >= QNI_MARKET_FIRST_YEAR && year <= QNI_MARKET_LAST_YEAR;
}

/* Good Friday, from Easter by the computus of Meeus, "Astronomical Algorithms", chapter 8. */
static int32_t good_friday(int32_t year)
{
    int a = year % 19, b = year / 100, c = year % 100;
    int d = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    int e = (32 + 2 * (b % 4) + 2 * (c / 4) - d - c % 4) % 7;
    int f = d + e - 7 * ((a + 11 * d + 22 * e) / 451) + 114;
    return qni_date_days(year, f / 31, f % 31 + 1) - 2;
}

/* The day of a rule in a year. False: it has none then. */
static bool find_day(int32_t *day, const rule *r, int32_t year)
{
    if (year < r->from_year)
        return false;
    *day = qni_date_days(year, r->month, r->day);
    int weekday = qni_weekday(*day);
    if (r->weekday != NEAREST)
        *day += (r->weekday - weekday + 7) % 7;
    else if (weekday == QNI_SUNDAY)
        *day += 1;
    else if (weekday == QNI_SATURDAY && r->month == 1)
        return false; /* the Friday before ends the year's accounts */
    else if (weekday == QNI_SATURDAY)
        *day -= 1;
    return true;
}

static int32_t date_digits(int32_t year, int month, int day)
{
    return (year * 100 + month) * 100 + day;
}

const char *qni_market_closure(int32_t day)
{
    int32_t year, holiday;
    int month, day_of_month;
    qni_date_split(&year, &month, &day_of_month, day);
    if (!is_known_year(year))
        return "";
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].month == month && find_day(&holiday, &rules[i], year) && holiday == day)
            return rules[i].name;
    }
    if ((month == 3 || month == 4) && good_friday(year) == day)
        return "Good Friday";
    int32_t digits = date_digits(year, month, day_of_month);
    for (size_t i = 0; i < sizeof closures / sizeof closures[0]; i++) {
        if (closures[i].date == digits)
            return closures[i].name;
    }
    return "";
}

/* Around Independence Day: July 3rd from 1995 where both it and the 4th are weekdays, on a Wednesday only from 2013 on;
 * before that, instead, the Friday after a Thursday's. */
static bool is_half_in_july(int32_t year, int day, int weekday)
{
    if (year < 1995)
        return false;
    if (day == 3)
        return (weekday >= 1 && weekday <= 4) && (weekday != 3 || year >= 2013);
    return day == 5 && weekday == 5 && year <= 2012;
}

static bool is_half_day(int32_t year, int month, int day, int weekday)
{
    if (month == 11 && weekday == 5 && day >= 23 && day <= 29) /* after Thanksgiving */
        return year >= 1992;
    if (month == 12 && day == 24)
        return weekday >= 1 && weekday <= 4;
    if (month == 7)
        return is_half_in_july(year, day, weekday);
    for (size_t i = 0; i < sizeof short_days / sizeof short_days[0]; i++) {
        if (short_days[i] == date_digits(year, month, day))
            return true;
    }
    return false;
}

int32_t qni_market_close(int32_t day)
{
    int32_t year;
    int month, day_of_month;
    qni_date_split(&year, &month, &day_of_month, day);
    if (!is_known_year(year) || !is_half_day(year, month, day_of_month, qni_weekday(day)))
        return QNI_CLOSE_SECOND;
    return (year < 1993 ? 14 : 13) * 3600;
}

/* What is counted, of which days. */
typedef struct count {
    int32_t from, to;
    int64_t closed, short_seconds;
} count;

/* A weekday that is closed, or may be short. */
static void add_day(count *c, int32_t day)
{
    if (day < c->from || day >= c->to)
        return;
    if (*qni_market_closure(day) != '\0')
        c->closed++;
    else
        c->short_seconds += QNI_CLOSE_SECOND - qni_market_close(day);
}

static void add_half(count *c, int32_t day)
{
    if (qni_market_close(day) != QNI_CLOSE_SECOND)
        add_day(c, day);
}

static void add_year(count *c, int32_t year)
{
    int32_t day;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (find_day(&day, &rules[i], year))
            add_day(c, day);
    }
    add_day(c, good_friday(year));
    for (int i = 23; i <= 29; i++)
        add_half(c, qni_date_days(year, 11, i));
    add_half(c, qni_date_days(year, 12, 24));
    add_half(c, qni_date_days(year, 7, 3));
    add_half(c, qni_date_days(year, 7, 5));
}

static int32_t of_digits(int32_t date)
{
    return qni_date_days(date / 10000, date / 100 % 100, date % 100);
}

void qni_market_missing(int64_t *closed, int64_t *short_seconds, int32_t from, int32_t to)
{
    count c = {.from = from, .to = to};
    int32_t first, last;
    int month, day;
    qni_date_split(&first, &month, &day, from);
    qni_date_split(&last, &month, &day, to);
    for (int32_t year = first > QNI_MARKET_FIRST_YEAR ? first : QNI_MARKET_FIRST_YEAR;
         year <= last && year <= QNI_MARKET_LAST_YEAR; year++)
        add_year(&c, year);
    for (size_t i = 0; i < sizeof closures / sizeof closures[0]; i++)
        add_day(&c, of_digits(closures[i].date));
    for (size_t i = 0; i < sizeof short_days / sizeof short_days[0]; i++)
        add_day(&c, of_digits(short_days[i]));
    *closed = c.closed;
    *short_seconds = c.short_seconds;
}
