/* Every allocation of reading prices, calendars, sectors and chains in JSON fails in turn: nothing leaks, nothing is
 * half done. */
#include "harness/harness.h"

#include <quern/chain.h>
#include <quern/earnings.h>
#include <quern/prices.h>

#include <string.h>

static qn_status read_prices(const qn_allocator *allocator, void *user)
{
    const char *text = user;
    qn_prices_options options;
    qn_prices_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.ticker = "XYZ";
    qn_prices *prices;
    qn_status s = qn_prices_read_bytes(&prices, text, (int64_t)strlen(text), "t.csv", &options, NULL);
    assert_true((prices != NULL) == (s == QN_OK));
    qn_prices_free(prices);
    return s;
}

static qn_status make_prices(const qn_allocator *allocator, void *user)
{
    const qn_daily *daily = user;
    qn_prices *prices;
    qn_status s = qn_prices_from_daily(&prices, daily, 2, allocator, NULL);
    assert_true((prices != NULL) == (s == QN_OK));
    qn_prices_free(prices);
    return s;
}

static qn_status read_calendar(const qn_allocator *allocator, void *user)
{
    const char *text = user;
    qn_calendar_options options;
    qn_calendar_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_calendar *calendar;
    qn_status s = qn_calendar_read_bytes(&calendar, text, (int64_t)strlen(text), "t.csv", &options, NULL);
    assert_true((calendar != NULL) == (s == QN_OK));
    qn_calendar_free(calendar);
    return s;
}

static qn_status make_calendar(const qn_allocator *allocator, void *user)
{
    const qn_earnings *reports = user;
    qn_calendar *calendar;
    qn_status s = qn_calendar_from_reports(&calendar, reports, 2, allocator, NULL);
    assert_true((calendar != NULL) == (s == QN_OK));
    qn_calendar_free(calendar);
    return s;
}

static qn_status read_sectors(const qn_allocator *allocator, void *user)
{
    const char *text = user;
    qn_sectors *sectors;
    qn_status s = qn_sectors_read_bytes(&sectors, text, (int64_t)strlen(text), "t.csv", allocator, NULL);
    assert_true((sectors != NULL) == (s == QN_OK));
    qn_sectors_free(sectors);
    return s;
}

static qn_status read_answer(const qn_allocator *allocator, void *user)
{
    const char *text = user;
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_chain *chain;
    qn_status s = qn_chain_read_bytes(&chain, text, (int64_t)strlen(text), "t.json", &options, NULL);
    assert_true((chain != NULL) == (s == QN_OK));
    qn_chain_free(chain);
    return s;
}

static void prices_survive_every_failed_allocation(void **state)
{
    (void)state;
    static char plain[] = "date,ticker,open,close\n2026-02-13,XYZ,1,2\n2026-02-12,XYZ,-1,2\n2026-02-14,XYZ,1,2\n"
                          "2026-02-11,ABC,1,2\n2026-02-11,XYZ,1,0\n2999-02-13,XYZ,1,2";
    static char written[] = "Date,Close/Last,Volume\n02/13/2026,$187.94,\"48,292,920\"\n";
    assert_true(test_fault_sweep(read_prices, plain, 1000) > 20);
    assert_true(test_fault_sweep(read_prices, written, 1000) > 20);
    static char wide[] = "Price,Close,Close\nTicker,XYZ,ABC\nDate,,\n2026-02-12,1,2\n";
    assert_true(test_fault_sweep(read_prices, wide, 1000) > 20);
    const int32_t days[] = {20000};
    const double closes[] = {1};
    qn_daily daily[] = {{.ticker = "B", .count = 1, .days = days, .close = closes},
                        {.ticker = "A", .count = 1, .days = days, .close = closes}};
    assert_true(test_fault_sweep(make_prices, daily, 1000) > 1);
}

static void calendars_survive_every_failed_allocation(void **state)
{
    (void)state;
    static char text[] = "symbol,date,time,fiscal_end,eps,estimate\nX,2026-02-25,amc,Jan/2026,$1,1\n"
                         "X,2026-02-26,bmo,,,\nY,2026-02-26,,,,";
    assert_true(test_fault_sweep(read_calendar, text, 1000) > 20);
    qn_earnings reports[] = {{.ticker = "X", .day = 2}, {.ticker = "X", .day = 1}};
    assert_true(test_fault_sweep(make_calendar, reports, 1000) > 1);
    static char sectors[] = "symbol,sector\nMSFT,Technology\nX,Energy\n";
    assert_true(test_fault_sweep(read_sectors, sectors, 1000) > 10);
}

static void answers_survive_every_failed_allocation(void **state)
{
    (void)state;
    static char text[] =
        "{\"quotes\":{\"quote\":{\"symbol\":\"XYZ\",\"last\":99}}}\n"
        "{\"options\":{\"option\":[{\"symbol\":\"XYZ260220C00100000\",\"option_type\":\"call\",\"bid\":1,\"ask\":2,"
        "\"bid_date\":1770997794000,\"underlying\":\"XYZ\"},{\"symbol\":\"XYZ1260220C00100000\","
        "\"option_type\":\"call\",\"underlying\":\"XYZ\"}]}}";
    assert_true(test_fault_sweep(read_answer, text, 1000) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_survive_every_failed_allocation),
        cmocka_unit_test(calendars_survive_every_failed_allocation),
        cmocka_unit_test(answers_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
