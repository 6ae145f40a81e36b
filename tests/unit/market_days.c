/* Which days NYSE is open, against the closings that the exchange has published; what clocks in New York show, against
 * the tables of the time zone database; when options expire. */
#include "harness/harness.h"

#include <quern/market.h>

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

/* Weekdays on which the exchange was or will be closed, and half days, as month and day: "NYSE Holidays and Trading
 * Hours" of each year and its notices to members. */
static const struct {
    int year;
    const char *closed, *half;
} published[] = {
    {1990, "0101 0219 0413 0528 0704 0903 1122 1225", "1224"},
    {1991, "0101 0218 0329 0527 0704 0902 1128 1225", "1224"},
    {1992, "0101 0217 0417 0525 0703 0907 1126 1225", "1127 1224"},
    {1993, "0101 0215 0409 0531 0705 0906 1125 1224", "1126"},
    {1994, "0221 0401 0427 0530 0704 0905 1124 1226", "1125"},
    {1995, "0102 0220 0414 0529 0704 0904 1123 1225", "0703 1124"},
    {1996, "0101 0219 0405 0527 0704 0902 1128 1225", "0705 1129 1224"},
    {1997, "0101 0217 0328 0526 0704 0901 1127 1225", "0703 1128 1224 1226"},
    {1998, "0101 0119 0216 0410 0525 0703 0907 1126 1225", "1127 1224"},
    {1999, "0101 0118 0215 0402 0531 0705 0906 1125 1224", "1126 1231"},
    {2000, "0117 0221 0421 0529 0704 0904 1123 1225", "0703 1124"},
    {2001, "0101 0115 0219 0413 0528 0704 0903 0911 0912 0913 0914 1122 1225", "0703 1123 1224"},
    {2002, "0101 0121 0218 0329 0527 0704 0902 1128 1225", "0705 1129 1224"},
    {2003, "0101 0120 0217 0418 0526 0704 0901 1127 1225", "0703 1128 1224 1226"},
    {2004, "0101 0119 0216 0409 0531 0611 0705 0906 1125 1224", "1126"},
    {2005, "0117 0221 0325 0530 0704 0905 1124 1226", "1125"},
    {2006, "0102 0116 0220 0414 0529 0704 0904 1123 1225", "0703 1124"},
    {2007, "0101 0102 0115 0219 0406 0528 0704 0903 1122 1225", "0703 1123 1224"},
    {2008, "0101 0121 0218 0321 0526 0704 0901 1127 1225", "0703 1128 1224"},
    {2009, "0101 0119 0216 0410 0525 0703 0907 1126 1225", "1127 1224"},
    {2010, "0101 0118 0215 0402 0531 0705 0906 1125 1224", "1126"},
    {2011, "0117 0221 0422 0530 0704 0905 1124 1226", "1125"},
    {2012, "0102 0116 0220 0406 0528 0704 0903 1029 1030 1122 1225", "0703 1123 1224"},
    {2013, "0101 0121 0218 0329 0527 0704 0902 1128 1225", "0703 1129 1224"},
    {2014, "0101 0120 0217 0418 0526 0704 0901 1127 1225", "0703 1128 1224"},
    {2015, "0101 0119 0216 0403 0525 0703 0907 1126 1225", "1127 1224"},
    {2016, "0101 0118 0215 0325 0530 0704 0905 1124 1226", "1125"},
    {2017, "0102 0116 0220 0414 0529 0704 0904 1123 1225", "0703 1124"},
    {2018, "0101 0115 0219 0330 0528 0704 0903 1122 1205 1225", "0703 1123 1224"},
    {2019, "0101 0121 0218 0419 0527 0704 0902 1128 1225", "0703 1129 1224"},
    {2020, "0101 0120 0217 0410 0525 0703 0907 1126 1225", "1127 1224"},
    {2021, "0101 0118 0215 0402 0531 0705 0906 1125 1224", "1126"},
    {2022, "0117 0221 0415 0530 0620 0704 0905 1124 1226", "1125"},
    {2023, "0102 0116 0220 0407 0529 0619 0704 0904 1123 1225", "0703 1124"},
    {2024, "0101 0115 0219 0329 0527 0619 0704 0902 1128 1225", "0703 1129 1224"},
    {2025, "0101 0109 0120 0217 0418 0526 0619 0704 0901 1127 1225", "0703 1128 1224"},
    {2026, "0101 0119 0216 0403 0525 0619 0703 0907 1126 1225", "1127 1224"},
    {2027, "0101 0118 0215 0326 0531 0618 0705 0906 1125 1224", "1126"},
    {2028, "0117 0221 0414 0529 0619 0704 0904 1123 1225", "0703 1124"},
    {2029, "0101 0115 0219 0330 0528 0619 0704 0903 1122 1225", "0703 1123 1224"},
    {2030, "0101 0121 0218 0419 0527 0619 0704 0902 1128 1225", "0703 1129 1224"},
};

static int32_t day_of(const char *text)
{
    int32_t day;
    assert_true(qni_date_parse(&day, text, (int64_t)strlen(text)));
    return day;
}

static int64_t time_of(const char *text)
{
    int64_t us;
    assert_true(qni_timestamp_parse(&us, text, (int64_t)strlen(text)));
    return us;
}

/* Whether a list of digits has the day. */
static bool lists(const char *list, int month, int day)
{
    for (const char *p = list; *p != '\0'; p += p[4] == ' ' ? 5 : 4) {
        if ((p[0] - '0') * 10 + p[1] - '0' == month && (p[2] - '0') * 10 + p[3] - '0' == day)
            return true;
    }
    return false;
}

static void every_weekday_is_open_but_those_that_the_exchange_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        for (int32_t day = qni_date_days(published[i].year, 1, 1); day < qni_date_days(published[i].year + 1, 1, 1);
             day++) {
            int32_t year;
            int month, of_month;
            qni_date_split(&year, &month, &of_month, day);
            int weekday = ((day + 4) % 7 + 7) % 7;
            bool weekend = weekday == 0 || weekday == 6;
            bool closed = weekend || lists(published[i].closed, month, of_month);
            int64_t open_us = 1, close_us = 1;
            if (qn_market_session(&open_us, &close_us, day) == closed)
                fail_msg("%d-%02d-%02d is %s", year, month, of_month, closed ? "open" : "closed");
            assert_int_equal(qn_market_holiday(day)[0] == '\0', !closed);
            assert_int_equal(strcmp(qn_market_holiday(day), "weekend") == 0, weekend);
            int64_t hour = !lists(published[i].half, month, of_month) ? 16 : year < 1993 ? 14 : 13;
            assert_int_equal(open_us, closed ? 0 : qn_market_time(day, 34200));
            assert_int_equal(close_us, closed ? 0 : qn_market_time(day, hour * 3600));
        }
    }
}

static void holidays_have_names(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"2026-02-16", "Presidents' Day"},
        {"2026-04-03", "Good Friday"},
        {"2026-06-19", "Juneteenth"},
        {"2026-07-03", "Independence Day"}, /* the 4th is a Saturday */
        {"2023-01-02", "New Year's Day"},   /* the 1st was a Sunday */
        {"2021-12-31", ""},                 /* the year's accounts end with it */
        {"2012-10-29", "Hurricane Sandy"},
        {"2025-01-09", "funeral of President Carter"},
        {"1997-01-20", ""}, /* Martin Luther King Jr. Day, a year before the exchange kept it */
        {"1998-01-19", "Martin Luther King Jr. Day"},
        {"2021-06-18", ""},
        {"2026-02-14", "weekend"},
        {"2026-02-13", ""},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_string_equal(qn_market_holiday(day_of(names[i][0])), names[i][1]);
}

static void beyond_the_known_years_only_weekends_are_closed(void **state)
{
    (void)state;
    assert_string_equal(qn_market_holiday(day_of("1989-12-25")), "");
    assert_string_equal(qn_market_holiday(day_of("2101-07-04")), "");
    assert_string_equal(qn_market_holiday(day_of("2101-07-02")), "weekend");
    assert_string_equal(qn_market_holiday(day_of("2100-12-24")), "Christmas Day");
    static const int32_t far[] = {INT32_MIN, INT32_MAX, -100000001, 100000001};
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        (void)qn_market_session(NULL, NULL, far[i]);
        (void)qn_market_next_day(far[i]);
        (void)qn_market_previous_day(far[i]);
        (void)qn_market_expiry(far[i], QN_SETTLEMENT_PM);
        (void)qn_market_time(far[i], INT64_MAX);
        (void)qn_market_time(far[i], INT64_MIN);
    }
}

static void the_next_open_day_is_past_weekends_and_holidays(void **state)
{
    (void)state;
    assert_int_equal(qn_market_next_day(day_of("2026-02-13")), day_of("2026-02-17"));
    assert_int_equal(qn_market_previous_day(day_of("2026-02-17")), day_of("2026-02-13"));
    assert_int_equal(qn_market_next_day(day_of("2001-09-10")), day_of("2001-09-17"));
    assert_int_equal(qn_market_previous_day(day_of("2026-02-15")), day_of("2026-02-13"));
    assert_int_equal(qn_market_next_day(day_of("2026-02-17")), day_of("2026-02-18"));
}

/* date -d @… with TZ=America/New_York */
static void clocks_in_new_york_follow_the_laws_of_each_year(void **state)
{
    (void)state;
    static const struct {
        const char *utc, *date;
        int64_t seconds;
    } shown[] = {
        {"2026-02-13 15:38:07Z", "2026-02-13", 38287}, {"2022-07-12 15:55:00Z", "2022-07-12", 42900},
        {"2026-03-08 06:59:59Z", "2026-03-08", 7199},  {"2026-03-08 07:00:00Z", "2026-03-08", 10800},
        {"2026-11-01 05:59:59Z", "2026-11-01", 7199},  {"2026-11-01 06:00:00Z", "2026-11-01", 3600},
        {"2006-04-02 07:00:00Z", "2006-04-02", 10800}, {"2006-10-29 06:00:00Z", "2006-10-29", 3600},
        {"1986-04-27 07:00:00Z", "1986-04-27", 10800}, {"1986-04-20 07:00:00Z", "1986-04-20", 7200},
        {"1974-01-06 07:00:00Z", "1974-01-06", 10800}, {"1975-02-23 07:00:00Z", "1975-02-23", 10800},
        {"1967-04-30 07:00:00Z", "1967-04-30", 10800}, {"2026-07-01 03:30:00Z", "2026-06-30", 84600},
        {"2026-01-01 04:59:59Z", "2025-12-31", 86399},
    };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        int32_t day;
        int64_t seconds;
        qn_market_local(&day, &seconds, time_of(shown[i].utc) + 999999);
        assert_int_equal(day, day_of(shown[i].date));
        assert_int_equal(seconds, shown[i].seconds);
    }
    assert_int_equal(qn_market_time(day_of("2026-11-01"), 5400),
                     time_of("2026-11-01 05:30:00Z")); /* twice: the first */
    assert_int_equal(qn_market_time(day_of("2026-03-08"), 9000), time_of("2026-03-08 07:30:00Z")); /* left out */
    assert_int_equal(qn_market_time(day_of("2026-07-01"), 57600), time_of("2026-07-01 20:00:00Z"));
    assert_int_equal(qn_market_time(day_of("2026-12-31"), 86400), time_of("2027-01-01 05:00:00Z"));
}

static void the_clock_and_back_is_the_same_time(void **state)
{
    (void)state;
    uint64_t random = test_seed(9);
    for (int i = 0; i < 20000; i++) {
        int64_t us = test_random_below(&random, INT64_C(8000000000)) * 1000000 - INT64_C(4000000000000000), seconds;
        int32_t day;
        qn_market_local(&day, &seconds, us);
        assert_in_range(seconds, 0, 86399);
        int64_t back = qn_market_time(day, seconds);
        assert_true(back == us || back == us - INT64_C(3600000000)); /* the hour that comes twice */
    }
}

static void options_expire_when_the_last_session_closes_or_opens(void **state)
{
    (void)state;
    assert_int_equal(qn_market_expiry(day_of("2026-02-20"), QN_SETTLEMENT_PM), time_of("2026-02-20 21:00:00Z"));
    assert_int_equal(qn_market_expiry(day_of("2026-06-18"), QN_SETTLEMENT_AM), time_of("2026-06-18 13:30:00Z"));
    /* a Saturday, as symbols had it until 2015; Good Friday; a half day */
    assert_int_equal(qn_market_expiry(day_of("2009-01-17"), QN_SETTLEMENT_PM), time_of("2009-01-16 21:00:00Z"));
    assert_int_equal(qn_market_expiry(day_of("2014-04-19"), QN_SETTLEMENT_PM), time_of("2014-04-17 20:00:00Z"));
    assert_int_equal(qn_market_expiry(day_of("2025-11-28"), QN_SETTLEMENT_PM), time_of("2025-11-28 18:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_weekday_is_open_but_those_that_the_exchange_lists),
        cmocka_unit_test(holidays_have_names),
        cmocka_unit_test(beyond_the_known_years_only_weekends_are_closed),
        cmocka_unit_test(the_next_open_day_is_past_weekends_and_holidays),
        cmocka_unit_test(clocks_in_new_york_follow_the_laws_of_each_year),
        cmocka_unit_test(the_clock_and_back_is_the_same_time),
        cmocka_unit_test(options_expire_when_the_last_session_closes_or_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
