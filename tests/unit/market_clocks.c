/* How long it is until an option expires, by each clock. Known answers are sums of hours done by hand. */
#include "harness/harness.h"

#include <quern/market.h>

#include "base/time.h"

#include <math.h>
#include <string.h>

/* A time by New York's clock: "2026-02-13 10:50". */
static int64_t at(const char *text)
{
    int32_t day;
    int64_t us;
    assert_true(qni_date_parse(&day, text, 10));
    assert_true(qni_timestamp_parse(&us, text, (int64_t)strlen(text)));
    return qn_market_time(day, (us - day * INT64_C(86400000000)) / 1000000);
}

static double years(qn_clock clock, const char *from, const char *to)
{
    return qn_clock_years(clock, at(from), at(to));
}

static void clocks_have_names(void **state)
{
    (void)state;
    assert_string_equal(qn_clock_name(QN_CLOCK_CALENDAR), "calendar");
    assert_string_equal(qn_clock_name(QN_CLOCK_TRADING), "trading");
    assert_string_equal(qn_clock_name(QN_CLOCK_BUSINESS), "business");
    assert_string_equal(qn_clock_name((qn_clock)9), "?");
}

/* The VIX white paper's T: 9 days and 37 days less the hours since midnight, in minutes. */
static void the_calendar_counts_minutes_as_the_vix_does(void **state)
{
    (void)state;
    assert_close(years(QN_CLOCK_CALENDAR, "2009-01-01 08:30", "2009-01-10 08:30"), 12960 / 525600.0, 1e-15, 0);
    assert_close(years(QN_CLOCK_CALENDAR, "2026-03-07 12:00", "2026-03-08 12:00"), 1380 / 525600.0, 1e-15, 0);
}

static void the_trading_clock_counts_sessions(void **state)
{
    (void)state;
    const double day = 1 / 252.0;
    assert_close(years(QN_CLOCK_TRADING, "2026-02-10 16:00", "2026-02-11 16:00"), day, 1e-15, 0);
    assert_close(years(QN_CLOCK_TRADING, "2026-02-13 16:00", "2026-02-17 09:30"), 0, 0, 0); /* long weekend */
    assert_close(years(QN_CLOCK_TRADING, "2026-02-13 12:45", "2026-02-20 16:00"), 4.5 * day, 1e-15, 0);
    assert_close(years(QN_CLOCK_TRADING, "2025-11-26 16:00", "2025-12-01 09:30"), 3.5 / 6.5 * day, 1e-15, 0);
    /* 2024 had 252 sessions, of which three were half days; 2025 had 250, three half days, too. */
    assert_close(years(QN_CLOCK_TRADING, "2024-01-01 00:00", "2025-01-01 00:00"), (252 - 3 * 3 / 6.5) * day, 1e-14, 0);
    assert_close(years(QN_CLOCK_TRADING, "2025-01-01 00:00", "2026-01-01 00:00"), (250 - 3 * 3 / 6.5) * day, 1e-14, 0);
}

static void the_business_clock_counts_every_hour_by_its_kind(void **state)
{
    (void)state;
    const double year = 1822508;
    assert_close(years(QN_CLOCK_BUSINESS, "2026-02-11 09:30", "2026-02-11 16:00"), 6.5 * 910 / year, 1e-14, 0);
    assert_close(years(QN_CLOCK_BUSINESS, "2026-02-10 16:00", "2026-02-11 09:30"), 17.5 * 70 / year, 1e-14, 0);
    assert_close(years(QN_CLOCK_BUSINESS, "2026-02-14 00:00", "2026-02-15 00:00"), 24 * 13 / year, 1e-14, 0);
    assert_close(years(QN_CLOCK_BUSINESS, "2026-02-16 00:00", "2026-02-17 00:00"), 24 * 13 / year, 1e-14, 0);
    /* Friday's close to Tuesday's open over Presidents' Day */
    assert_close(years(QN_CLOCK_BUSINESS, "2026-02-13 16:00", "2026-02-17 09:30"), (17.5 * 70 + 72 * 13) / year, 1e-14,
                 0);
    /* a Sunday of 23 hours; a half day's night of 11 + 9.5 hours */
    assert_close(years(QN_CLOCK_BUSINESS, "2026-03-06 16:00", "2026-03-09 09:30"), (17.5 * 70 + 47 * 13) / year, 1e-14,
                 0);
    assert_close(years(QN_CLOCK_BUSINESS, "2025-12-23 16:00", "2025-12-24 16:00"), (3.5 * 910 + (17.5 + 3) * 70) / year,
                 1e-14, 0);
    /* from an evening to another over whole weeks: counted day by day elsewhere, and here at once */
    double sum = 0;
    for (int32_t day = qni_date_days(2024, 6, 1); day < qni_date_days(2029, 2, 1); day++)
        sum += qn_clock_years(QN_CLOCK_BUSINESS, qn_market_time(day, 70000), qn_market_time(day + 1, 70000));
    assert_close(years(QN_CLOCK_BUSINESS, "2024-06-01 19:26:40", "2029-02-01 19:26:40"), sum, 1e-12, 0);
}

static void a_year_of_every_clock_is_about_a_year(void **state)
{
    (void)state;
    assert_close(years(QN_CLOCK_BUSINESS, "2023-01-01 00:00", "2079-01-01 00:00"), 56, 1e-6, 0);
    assert_close(years(QN_CLOCK_BUSINESS, "1991-01-01 00:00", "2090-01-01 00:00"), 99, 2e-3, 0);
    for (int year = 1990; year < 2100; year++) {
        for (int clock = QN_CLOCK_CALENDAR; clock <= QN_CLOCK_BUSINESS; clock++) {
            double length = qn_clock_years((qn_clock)clock, qn_market_time(qni_date_days(year, 1, 1), 0),
                                           qn_market_time(qni_date_days(year + 1, 1, 1), 0));
            assert_close(length, 1, 0.022, 0); /* 2001 had 248 sessions */
        }
    }
}

/* Random times, near and far: no clock runs backwards, parts make the whole, and the other way round is less than 0. */
static void clocks_run_forward_and_add_up(void **state)
{
    (void)state;
    uint64_t random = test_seed(10);
    int64_t count = test_effort(400, 100000);
    for (int64_t i = 0; i < count; i++) {
        int64_t span = i % 8 == 0 ? INT64_C(86400) * 40000 : i % 3 == 1 ? 86400 * 40 : 4000;
        int64_t start = i % 2 == 0 ? INT64_C(1771000000) : INT64_C(600000000);
        int64_t t[3];
        for (int j = 0; j < 3; j++)
            t[j] = (start + test_random_below(&random, span)) * 1000000 + test_random_below(&random, 1000000);
        for (int clock = QN_CLOCK_CALENDAR; clock <= QN_CLOCK_BUSINESS; clock++) {
            double ab = qn_clock_years((qn_clock)clock, t[0], t[1]), bc = qn_clock_years((qn_clock)clock, t[1], t[2]);
            double ac = qn_clock_years((qn_clock)clock, t[0], t[2]);
            assert_close(ab + bc, ac, 1e-14, 1e-14 * (fabs(ab) + fabs(bc)));
            assert_true(qn_clock_years((qn_clock)clock, t[1], t[0]) == -ab);
            assert_true(t[1] >= t[0] ? ab >= 0 : ab <= 0);
            int64_t later = t[1] + 1 + test_random_below(&random, 3000000);
            assert_true(qn_clock_years((qn_clock)clock, t[0], later) >= ab);
        }
    }
    for (int clock = QN_CLOCK_CALENDAR; clock <= QN_CLOCK_BUSINESS; clock++) {
        assert_true(qn_clock_years((qn_clock)clock, INT64_MIN / 2, 0) > 0);
        double all = qn_clock_years((qn_clock)clock, INT64_MIN, INT64_MAX);
        assert_true(all > qn_clock_years((qn_clock)clock, INT64_MIN / 8, INT64_MAX / 8) && all < 1e6);
        assert_true(qn_clock_years((qn_clock)clock, 0, 0) == 0);
    }
}

/* On 2026-02-13 NVDA's options of 02-20 had a volatility of .418, those of 02-27 one of .549, with earnings on
 * 02-25 between. What the second has beyond the diffusion of the first is the event's, on each clock between 6.2 and
 * 7.6 per cent. */
static void an_event_between_two_expiries_is_about_as_large_by_every_clock(void **state)
{
    (void)state;
    const char *now = "2026-02-13 10:50", *first = "2026-02-20 16:00", *second = "2026-02-27 16:00";
    double w1 = .418 * .418 * years(QN_CLOCK_CALENDAR, now, first);
    double w2 = .549 * .549 * years(QN_CLOCK_CALENDAR, now, second);
    for (int clock = QN_CLOCK_CALENDAR; clock <= QN_CLOCK_BUSINESS; clock++) {
        double ratio = years((qn_clock)clock, now, second) / years((qn_clock)clock, now, first);
        double event = sqrt(w2 - w1 * ratio);
        assert_true(event > 0.062 && event < 0.076);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_have_names),
        cmocka_unit_test(the_calendar_counts_minutes_as_the_vix_does),
        cmocka_unit_test(the_trading_clock_counts_sessions),
        cmocka_unit_test(the_business_clock_counts_every_hour_by_its_kind),
        cmocka_unit_test(a_year_of_every_clock_is_about_a_year),
        cmocka_unit_test(clocks_run_forward_and_add_up),
        cmocka_unit_test(an_event_between_two_expiries_is_about_as_large_by_every_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
