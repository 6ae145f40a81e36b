/* Earnings calendars as providers export them, texts of timing, sectors, and what is said of files that are none. */
#include "harness/harness.h"

#include <quern/earnings.h>

#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int32_t day_of(const char *text)
{
    int32_t day;
    assert_true(qni_date_parse(&day, text, (int64_t)strlen(text)));
    return day;
}

static qn_status read_text(qn_calendar **out, const char *text, const char *ticker, const char *map, qn_error *err)
{
    qn_calendar_options options;
    qn_calendar_options_init(&options, sizeof options);
    options.ticker = ticker;
    options.map = map;
    return qn_calendar_read_bytes(out, text, (int64_t)strlen(text), "t.csv", &options, err);
}

static qn_calendar *must_read(const char *text, const char *ticker)
{
    qn_calendar *calendar;
    qn_error err;
    assert_ok(read_text(&calendar, text, ticker, NULL, &err), &err);
    return calendar;
}

static void a_text_tells_when_on_its_day_a_report_comes(void **state)
{
    (void)state;
    static const struct {
        qn_timing timing;
        const char *texts[16];
    } known[] = {
        {QN_TIMING_AFTER_CLOSE,
         {"amc", "AMC", "after close", "after-hours", "post-market", "time-after-hours", "After Market Close",
          "AfterMarket", "After market close", "Aft-mkt", "16:00", "16:30:00", "4:05 PM ET", "4:05PM EDT", "23:59"}},
        {QN_TIMING_BEFORE_OPEN,
         {"bmo", "before open", "pre-market", "time-pre-market", "Before Market Open", "BeforeMarket", "Bef-mkt",
          "9:29", "06:30", "6:30 AM EST", "12:30 AM"}},
        {QN_TIMING_DURING, {"dmh", "during", "DMT", "During Market", "9:30", "12:00 pm", "15:59:59"}},
        {QN_TIMING_UNKNOWN, {"unknown", "", "--", "time-not-supplied", "TNS", "TAS", "unspecified", "00:00:00", " - "}},
    };
    static const char *const none[] = {"soon", "25:00", "9:60", "13:00 PM", "16", "16:30 UTC", "amcx", ":30", "0:5"};
    qn_timing timing;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        for (size_t j = 0; j < 16 && known[i].texts[j] != NULL; j++) {
            if (!qn_timing_from_text(&timing, known[i].texts[j]) || timing != known[i].timing)
                fail_msg("\"%s\" is %s", known[i].texts[j], qn_timing_name(timing));
        }
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (qn_timing_from_text(&timing, none[i]))
            fail_msg("\"%s\" is %s", none[i], qn_timing_name(timing));
    }
    assert_string_equal(qn_timing_name(QN_TIMING_AFTER_CLOSE), "amc");
    assert_string_equal(qn_timing_name((qn_timing)77), "?");
}

/* The same report, of 2026-02-25, as each provider writes it. */
static const struct {
    const char *text, *ticker;
    qn_timing timing;
    const char *fiscal_end; /* NULL: not told, as NaN below */
    double eps, estimate;
} providers[] = {
    {"ticker,earnings_date,fiscalDateEnding,reportedEPS,estimatedEPS,surprise\n"
     "NVDA,2026-02-25,2026-01-31,1.62,1.53,0.09\n",
     NULL, QN_TIMING_UNKNOWN, "2026-01-31", 1.62, 1.53}, /* Alpha Vantage, gathered */
    {"fiscalDateEnding,reportedDate,reportedEPS,estimatedEPS,surprise,surprisePercentage,reportTime\n"
     "2026-01-31,2026-02-25,1.62,1.53,0.09,5.9,post-market\n",
     "NVDA", QN_TIMING_AFTER_CLOSE, "2026-01-31", 1.62, 1.53}, /* Alpha Vantage's history */
    {"symbol,name,reportDate,fiscalDateEnding,estimate,currency\nNVDA,NVIDIA,2026-02-25,2026-01-31,1.53,USD\n", NULL,
     QN_TIMING_UNKNOWN, "2026-01-31", (double)NAN, 1.53}, /* Alpha Vantage's calendar */
    {"Earnings Date,EPS Estimate,Reported EPS,Surprise(%)\n2026-02-25 16:00:00-05:00,1.53,1.62,5.9\n", "NVDA",
     QN_TIMING_AFTER_CLOSE, NULL, 1.62, 1.53}, /* yfinance */
    {"ticker,companyshortname,startdatetime,startdatetimetype,epsestimate,epsactual\n"
     "NVDA,NVIDIA,2026-02-25T21:20:00.000Z,TAS,1.53,\n",
     NULL, QN_TIMING_AFTER_CLOSE, NULL, (double)NAN, 1.53}, /* Yahoo's calendar: 16:20 in New York */
    {"ticker,startdatetime,startdatetimetype\nNVDA,2026-02-25T05:00:00.000Z,TNS\n", NULL, QN_TIMING_UNKNOWN, NULL,
     (double)NAN, (double)NAN}, /* midnight in New York: nobody knows */
    {"date,epsActual,epsEstimate,hour,quarter,revenueActual,revenueEstimate,symbol,year\n"
     "2026-02-25,1.62,1.53,amc,4,1,1,NVDA,2026\n",
     NULL, QN_TIMING_AFTER_CLOSE, NULL, 1.62, 1.53}, /* Finnhub */
    {"date,symbol,eps,epsEstimated,time,revenue,revenueEstimated,fiscalDateEnding\n"
     "2026-02-25,NVDA,1.62,1.53,bmo,1,1,2026-01-31\n",
     NULL, QN_TIMING_BEFORE_OPEN, "2026-01-31", 1.62, 1.53}, /* FMP */
    {"date,symbol,name,time,fiscalQuarterEnding,epsForecast,noOfEsts,lastYearEPS\n"
     "2026-02-25,NVDA,NVIDIA,time-after-hours,Jan/2026,$1.53,20,$0.89\n",
     NULL, QN_TIMING_AFTER_CLOSE, "2026-01-31", (double)NAN, 1.53}, /* Nasdaq */
    {"code,report_date,date,before_after_market,currency,actual,estimate\n"
     "NVDA.US,2026-02-25,2026-01-31,AfterMarket,USD,1.62,1.53\n",
     NULL, QN_TIMING_AFTER_CLOSE, NULL, 1.62, 1.53}, /* EOD Historical Data */
    {"act_symbol,date,when\nNVDA,2026-02-25,After market close\n", NULL, QN_TIMING_AFTER_CLOSE, NULL, (double)NAN,
     (double)NAN}, /* DoltHub */
    {"date,time,ticker,eps,eps_est\n2026-02-25,16:20:00,NVDA,($1.62),1.53\n", NULL, QN_TIMING_AFTER_CLOSE, NULL, -1.62,
     1.53}, /* Benzinga, and a loss in brackets */
};

static void assert_number(double got, double expected)
{
    assert_true(isnan(expected) ? isnan(got) : got == expected);
}

static void every_providers_names_and_timings_are_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++) {
        print_message("%.40s\n", providers[i].text);
        qn_calendar *calendar = must_read(providers[i].text, providers[i].ticker);
        assert_int_equal(calendar->count, 1);
        assert_int_equal(calendar->warning_count, 0);
        const qn_earnings *e = calendar->reports;
        assert_string_equal(e->ticker, "NVDA");
        assert_int_equal(e->day, day_of("2026-02-25"));
        assert_string_equal(qn_timing_name((qn_timing)e->timing), qn_timing_name(providers[i].timing));
        assert_int_equal(e->fiscal_end, providers[i].fiscal_end != NULL ? day_of(providers[i].fiscal_end) : INT32_MIN);
        assert_number(e->eps, providers[i].eps);
        assert_number(e->estimate, providers[i].estimate);
        assert_int_equal(e->line, 2);
        qn_calendar_free(calendar);
    }
    qn_calendar_free(NULL);
}

static void reports_are_found_by_ticker_in_order_of_days(void **state)
{
    (void)state;
    qn_calendar *calendar = must_read("ticker,date\nMSFT,2026-01-28\nBRK.B,2025-11-01\nBRK-B,2025-08-02\n", NULL);
    const qn_earnings *first;
    assert_int_equal(qn_calendar_find(&first, calendar, "brk.b"), 2);
    assert_int_equal(first[0].day, day_of("2025-08-02"));
    assert_int_equal(first[1].day, day_of("2025-11-01"));
    assert_ptr_equal(first[0].ticker, first[1].ticker);
    assert_int_equal(first[0].line, 4);
    assert_int_equal(qn_calendar_find(&first, calendar, "MSFT"), 1);
    assert_int_equal(qn_calendar_find(&first, calendar, "AAPL"), 0);
    assert_null(first);
    assert_int_equal(qn_calendar_find(&first, calendar, "ZZZ"), 0);
    assert_int_equal(qn_calendar_find(&first, calendar, "ABCDEFGHIJKLMNOPQRST"), 0);
    qn_calendar_free(calendar);
}

static void the_same_report_counts_once_and_tells_all_that_is_told(void **state)
{
    (void)state;
    qn_calendar *calendar = must_read("ticker,date,time,eps,estimate,fiscal_end\n"
                                      "X,2026-02-25,,,1.5,\n"
                                      "X,2026-02-25,amc,2,,2026-01-31\n"
                                      "X,2026-02-25,--,3,,\n",
                                      NULL);
    assert_int_equal(calendar->count, 1);
    const qn_earnings *e = calendar->reports;
    assert_int_equal(e->timing, QN_TIMING_AFTER_CLOSE);
    assert_true(e->eps == 2 && e->estimate == 1.5);
    assert_int_equal(e->fiscal_end, day_of("2026-01-31"));
    assert_int_equal(e->line, 2);
    qn_calendar_free(calendar);
}

static void what_is_odd_in_a_calendar_is_told(void **state)
{
    (void)state;
    qn_calendar *calendar = must_read("ticker,date\nX,2026-02-25\nY,2026-02-26\nX,2026-02-27\nX,2026-05-27", "x");
    assert_int_equal(calendar->count, 3);
    static const char *const said[] = {
        "1 report is less than 14 days after the one before, the first that of X in lines 2 and 4",
        "left out: 1 row of other tickers",
        "the last line has no end",
    };
    assert_int_equal(calendar->warning_count, 3);
    for (int i = 0; i < 3; i++)
        assert_contains(calendar->warnings[i], said[i]);
    qn_calendar_free(calendar);
}

static const struct {
    const char *text, *ticker, *map;
    qn_status status;
    int64_t line;
    const char *sentence;
} refused[] = {
    {"", NULL, NULL, QN_DATA, 0, "the file is empty"},
    {"<!doctype html>\n", NULL, NULL, QN_DATA, 1, "a web page, not a table of reports"},
    {"[{\"symbol\":\"X\"}]\n", NULL, NULL, QN_DATA, 1, "this is JSON, not a table of reports"},
    {"date,eps\n2026-02-25,1\n", NULL, NULL, QN_DATA, 0,
     "no column is the ticker (there are: date, eps): name it with a map, ticker=NAME, or give the ticker"},
    {"ticker,eps\nX,1\n", NULL, NULL, QN_DATA, 0, "no column is the day"},
    {"ticker,date\nX,2026-02-25\nX,2026-02-", NULL, NULL, QN_DATA, 3, "column \"date\": \"2026-02-\" is no date"},
    {"ticker,date\nX,\n", NULL, NULL, QN_DATA, 2, "column \"date\" is empty"},
    {"ticker,date,time\nX,2026-02-25,soon\n", NULL, NULL, QN_DATA, 2,
     "column \"time\": \"soon\" is no timing (bmo, amc, dmh or a time of day)"},
    {"ticker,date,eps\nX,2026-02-25,many\n", NULL, NULL, QN_DATA, 2, "column \"eps\": \"many\" is no number"},
    {"ticker,date,fiscal_end\nX,2026-02-25,Q4\n", NULL, NULL, QN_DATA, 2, "column \"fiscal_end\": \"Q4\" is no date"},
    {"ticker,date,time\nX,2026-02-25,amc\nY,2026-02-25,bmo\nX,2026-02-25,bmo\n", NULL, NULL, QN_DATA, 4,
     "X reports on 2026-02-25 bmo here, but amc in line 2"},
    {"ticker,date\nX,2026-02-25,amc\n", NULL, NULL, QN_DATA, 2, "this row has 3 fields, the header has 2"},
    {"ticker,date\nX,2026-02-25\n", "Y", NULL, QN_DATA, 0, "no row is of \"Y\", but of X"},
    {"ticker,date\nX,2026-02-25\n", NULL, "day=dat", QN_NAME, 0, "did you mean \"date\"?"},
};

static void what_is_no_calendar_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        qn_calendar *calendar;
        qn_error err;
        print_message("%s\n", refused[i].sentence);
        assert_int_equal(read_text(&calendar, refused[i].text, refused[i].ticker, refused[i].map, &err),
                         refused[i].status);
        assert_null(calendar);
        assert_contains(err.message, refused[i].sentence);
        assert_int_equal(err.line, refused[i].line);
    }
}

static void a_program_gives_its_own_reports(void **state)
{
    (void)state;
    const qn_earnings reports[] = {{.ticker = "MSFT", .day = 5, .timing = QN_TIMING_AFTER_CLOSE},
                                   {.ticker = "AAPL", .day = 7, .eps = 1},
                                   {.ticker = "AAPL", .day = 6},
                                   {.ticker = "aapl", .day = 7, .eps = 2}};
    qn_calendar *calendar;
    qn_error err;
    assert_ok(qn_calendar_from_reports(&calendar, reports, 4, NULL, &err), &err);
    assert_int_equal(calendar->count, 3);
    const qn_earnings *first;
    assert_int_equal(qn_calendar_find(&first, calendar, "AAPL"), 2);
    assert_true(first[0].day == 6 && first[1].day == 7 && first[1].eps == 2);
    assert_int_equal(qn_calendar_find(&first, calendar, "MSFT"), 1);
    assert_int_equal(first->timing, QN_TIMING_AFTER_CLOSE);
    qn_calendar_free(calendar);
    assert_ok(qn_calendar_from_reports(&calendar, NULL, 0, NULL, &err), &err);
    qn_calendar_free(calendar);
    const qn_earnings wrong[] = {{.ticker = ""}, {.ticker = "A", .timing = 9}};
    assert_int_equal(qn_calendar_from_reports(&calendar, wrong, 1, NULL, &err), QN_INVALID);
    assert_contains(err.message, "report 0: \"\" is no ticker");
    assert_int_equal(qn_calendar_from_reports(&calendar, wrong + 1, 1, NULL, &err), QN_INVALID);
    assert_contains(err.message, "there is no timing 9");
    assert_int_equal(qn_calendar_from_reports(&calendar, NULL, 1, NULL, &err), QN_INVALID);
    assert_null(calendar);
}

static qn_status read_sectors(qn_sectors **out, const char *text, qn_error *err)
{
    return qn_sectors_read_bytes(out, text, (int64_t)strlen(text), "s.csv", NULL, err);
}

static void tickers_are_told_their_sectors(void **state)
{
    (void)state;
    qn_sectors *sectors;
    qn_error err;
    assert_ok(read_sectors(&sectors,
                           "Symbol,Security,GICS Sector\nMSFT,Microsoft,Information Technology\n"
                           "BRK.B,Berkshire,Financials\nmsft,again,Information Technology\nXYZ,None,\n",
                           &err),
              &err);
    assert_int_equal(qn_sectors_count(sectors), 3);
    assert_string_equal(qn_sectors_find(sectors, "MSFT"), "Information Technology");
    assert_string_equal(qn_sectors_find(sectors, "BRK-B"), "Financials");
    assert_string_equal(qn_sectors_find(sectors, "XYZ"), "");
    assert_string_equal(qn_sectors_find(sectors, "AAPL"), "");
    const char *ticker, *sector;
    qn_sectors_at(&ticker, &sector, sectors, 0);
    assert_string_equal(ticker, "BRKB");
    assert_string_equal(sector, "Financials");
    qn_sectors_free(sectors);
    qn_sectors_free(NULL);
    assert_int_equal(read_sectors(&sectors, "ticker,sector\nX,Energy\nY,Energy\nX,Health\n", &err), QN_DATA);
    assert_int_equal(err.line, 4);
    assert_contains(err.message, "X is of \"Health\" here, but of \"Energy\" in line 2");
    assert_int_equal(read_sectors(&sectors, "ticker,name\nX,Y\n", &err), QN_DATA);
    assert_contains(err.message, "no column is the sector (there are: ticker, name): call one \"sector\"");
    assert_null(sectors);
    assert_int_equal(qn_sectors_read(&sectors, "/nowhere/s.csv", NULL, &err), QN_NO_INPUT);
}

/* Counts and the last report by Python's csv. */
static void real_calendars_are_read_whole(void **state)
{
    (void)state;
    const char *folder = test_shared_data("earnings calendars");
    if (folder == NULL)
        skip();
    char path[512];
    (void)snprintf(path, sizeof path, "%s/earnings/earnings_dates.csv", folder);
    qn_calendar *calendar;
    qn_error err;
    const qn_earnings *first;
    assert_ok(qn_calendar_read(&calendar, path, NULL, &err), &err);
    assert_int_equal(calendar->count, 15 * 28);
    assert_int_equal(calendar->warning_count, 0);
    assert_int_equal(qn_calendar_find(&first, calendar, "NVDA"), 28);
    assert_int_equal(first[27].day, day_of("2025-11-19"));
    assert_int_equal(first[27].fiscal_end, day_of("2025-10-31"));
    assert_true(first[27].eps == 1.3 && first[27].estimate == 1.24);
    assert_int_equal(first[27].timing, QN_TIMING_UNKNOWN);
    qn_calendar_free(calendar);
    (void)snprintf(path, sizeof path, "%s/earnings/near_earnings_AAPL.csv", folder);
    assert_int_equal(qn_calendar_read(&calendar, path, NULL, &err), QN_DATA);
    assert_contains(err.message, "or give the ticker");
    qn_calendar_options options;
    qn_calendar_options_init(&options, sizeof options);
    options.ticker = "AAPL";
    assert_ok(qn_calendar_read(&calendar, path, &options, &err), &err);
    assert_int_equal(calendar->count, 59);
    assert_int_equal(calendar->reports[58].day, day_of("2025-05-01"));
    qn_calendar_free(calendar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_tells_when_on_its_day_a_report_comes),
        cmocka_unit_test(every_providers_names_and_timings_are_known),
        cmocka_unit_test(reports_are_found_by_ticker_in_order_of_days),
        cmocka_unit_test(the_same_report_counts_once_and_tells_all_that_is_told),
        cmocka_unit_test(what_is_odd_in_a_calendar_is_told),
        cmocka_unit_test(what_is_no_calendar_is_refused_with_its_line),
        cmocka_unit_test(a_program_gives_its_own_reports),
        cmocka_unit_test(tickers_are_told_their_sectors),
        cmocka_unit_test(real_calendars_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
