/* Daily prices as providers export them, and what is said of files that are none. */
#include "harness/harness.h"

#include <quern/prices.h>

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

static qn_prices_options of_ticker(const char *ticker)
{
    qn_prices_options options;
    qn_prices_options_init(&options, sizeof options);
    options.ticker = ticker;
    return options;
}

static qn_prices *must_read(const char *text, const char *ticker)
{
    qn_prices *prices;
    qn_error err;
    const qn_prices_options options = of_ticker(ticker);
    assert_ok(qn_prices_read_bytes(&prices, text, (int64_t)strlen(text), "t.csv", &options, &err), &err);
    return prices;
}

static void yahoos_days_are_read_ticker_by_ticker(void **state)
{
    (void)state;
    qn_prices *prices = must_read("date,ticker,Open,High,Low,Close,Volume\n"
                                  "2018-01-02 00:00:00-05:00,MSFT,86.1,86.3,85.5,85.95,22483800\n"
                                  "2018-01-02 00:00:00-05:00,AAPL,42.5,43.1,42.3,43.0,102223600\n"
                                  "2018-07-03 00:00:00-04:00,AAPL,46.9,47.0,45.9,46.0,55819200\n",
                                  NULL);
    assert_string_equal(prices->source, "t.csv");
    assert_int_equal(prices->ticker_count, 2);
    assert_int_equal(prices->row_count, 3);
    assert_int_equal(prices->warning_count, 0);
    assert_string_equal(prices->tickers[0].ticker, "AAPL");
    assert_string_equal(prices->tickers[1].ticker, "MSFT");
    const qn_daily *d = qn_prices_find(prices, "aapl");
    assert_ptr_equal(d, &prices->tickers[0]);
    assert_int_equal(d->count, 2);
    assert_int_equal(d->days[0], day_of("2018-01-02"));
    assert_int_equal(d->days[1], day_of("2018-07-03"));
    assert_true(d->open[0] == 42.5 && d->high[0] == 43.1 && d->low[0] == 42.3 && d->close[0] == 43);
    assert_true(d->volume[1] == 55819200);
    assert_null(qn_prices_find(prices, "MSF"));
    assert_null(qn_prices_find(prices, ""));
    assert_null(qn_prices_find(prices, "ABCDEFGHIJKLMNOPQRST"));
    qn_prices_free(prices);
    qn_prices_free(NULL);
}

/* One day of one share as each provider writes it: open 187, high 188.5, low 186, close 187.94, volume 48,292,920. */
static const struct {
    const char *text;
    const char *ticker; /* asked for */
    const char *named;  /* in the result */
    bool close_alone;
} providers[] = {
    {"Date,Close/Last,Volume,Open,High,Low\n02/13/2026,$187.94,48292920,$187.00,$188.50,$186.00\n", "XYZ", "XYZ",
     false}, /* Nasdaq */
    {"<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
     "XYZ-B.US,D,20260213,000000,187,188.5,186,187.94,48292920,0\n",
     NULL, "XYZB", false}, /* Stooq */
    {"timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
     "2026-02-13,187,188.5,186,187.94,180.1,48292920,0,1\n",
     "XYZ", "XYZ", false}, /* Alpha Vantage */
    {"date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n"
     "2026-02-13T00:00:00.000Z,187.94,188.5,186,187,48292920,1,1,1,1,1,0,1\n",
     "XYZ", "XYZ", false}, /* Tiingo */
    {"Date\tOpen\tHigh\tLow\tClose*\tAdj Close**\tVolume\nFeb 13, 2026\t187\t188.5\t186\t187.94\t180\t48,292,920\n",
     "XYZ", "XYZ", false}, /* Yahoo's page */
    {"\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n"
     "\"02/13/2026\",\"187.94\",\"187.00\",\"188.50\",\"186.00\",\"48.29292M\",\"-1.2%\"\n",
     "XYZ", "XYZ", false}, /* Investing.com; the volume is 48,292,920 */
    {"symbol,date,open,high,low,close,volume,change,changePercent,vwap\n"
     "XYZ,2026-02-13,187,188.5,186,187.94,48292920,1,0.5,187.1\n",
     NULL, "XYZ", false},                                                             /* FMP */
    {"c,h,l,o,t,v\n187.94,188.5,186,187,1770993000,48292920\n", "XYZ", "XYZ", false}, /* Finnhub; 09:30 in New York */
    {"\xEF\xBB\xBF"
     "day|adj_close\n20260213|187.94\n",
     "XYZ", "XYZ", true},
};

static void every_providers_names_and_numbers_are_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++) {
        print_message("%.40s\n", providers[i].text);
        qn_prices *prices = must_read(providers[i].text, providers[i].ticker);
        assert_int_equal(prices->ticker_count, 1);
        const qn_daily *d = prices->tickers;
        assert_string_equal(d->ticker, providers[i].named);
        assert_int_equal(d->count, 1);
        assert_int_equal(d->days[0], day_of("2026-02-13"));
        assert_true(d->close[0] == 187.94);
        if (providers[i].close_alone)
            assert_true(isnan(d->open[0]) && isnan(d->high[0]) && isnan(d->low[0]) && isnan(d->volume[0]));
        else
            assert_true(d->open[0] == 187 && d->high[0] == 188.5 && d->low[0] == 186 && d->volume[0] == 48292920);
        qn_prices_free(prices);
    }
}

/* What yfinance's download(...).to_csv() writes, either way round, and of one ticker. */
static void a_column_for_each_ticker_and_price_is_read_as_well(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Price,Close,Close,Open,Open,Volume,Volume\nTicker,MSFT,AAPL,MSFT,AAPL,MSFT,AAPL\nDate,,,,,,\n"
        "2026-02-12,1,2,3,4,5,6\n2026-02-13,7,,8,,9,\n",
        "Ticker,MSFT,MSFT,MSFT,AAPL,AAPL,AAPL\r\nPrice,Open,Close,Volume,Open,Close,Volume\r\nDate,,,,,,\r\n"
        "2026-02-12,3,1,5,4,2,6\r\n2026-02-13,8,7,9,,,\r\n\r\n",
        ",Close,Close,Open,Open,Volume,Volume\n,MSFT,AAPL,MSFT,AAPL,MSFT,AAPL\nDate,,,,,,\n"
        "2026-02-12 00:00:00,1,2,3,4,5,6\n2026-02-13 00:00:00,7,,8,,9,",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qn_prices *prices = must_read(texts[i], NULL);
        assert_int_equal(prices->ticker_count, 2);
        const qn_daily *a = qn_prices_find(prices, "AAPL"), *m = qn_prices_find(prices, "MSFT");
        assert_int_equal(a->count, 1);
        assert_int_equal(m->count, 2);
        assert_true(a->days[0] == day_of("2026-02-12") && m->days[1] == day_of("2026-02-13"));
        assert_true(a->open[0] == 4 && a->close[0] == 2 && a->volume[0] == 6 && isnan(a->high[0]));
        assert_true(m->close[0] == 1 && m->open[0] == 3 && m->close[1] == 7 && m->open[1] == 8 && m->volume[1] == 9);
        assert_int_equal(prices->warning_count, i == 2);
        qn_prices_free(prices);
    }
    qn_prices *prices = must_read("Price,Close,High\nTicker,XYZ,XYZ\nDate,,\n2026-02-12,1,2\n2026-02-13,0,2\n", NULL);
    assert_int_equal(prices->tickers[0].count, 1);
    assert_contains(prices->warnings[0], "1 row without a close above 0, the first in line 5");
    qn_prices_free(prices);
}

static void rows_in_any_order_are_put_in_that_of_days(void **state)
{
    (void)state;
    static const char *const orders[] = {
        "date,close\n2026-02-10,1\n2026-02-11,2\n2026-02-12,3\n2026-02-13,4\n",
        "date,close\n2026-02-13,4\n2026-02-12,3\n2026-02-11,2\n2026-02-10,1\n",
        "date,close\n2026-02-12,3\n2026-02-10,1\n2026-02-13,4\n2026-02-11,2\n2026-02-10,1\n",
        "date,close\n2026-02-13,4\n2026-02-13,4\n2026-02-12,3\n2026-02-11,2\n2026-02-10,1\n",
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        qn_prices *prices = must_read(orders[i], "XYZ");
        const qn_daily *d = prices->tickers;
        assert_int_equal(d->count, 4);
        for (int j = 0; j < 4; j++) {
            assert_int_equal(d->days[j], day_of("2026-02-10") + j);
            assert_true(d->close[j] == j + 1);
        }
        assert_int_equal(prices->warning_count, 0);
        qn_prices_free(prices);
    }
}

static void what_cannot_be_a_price_is_left_out_and_counted(void **state)
{
    (void)state;
    qn_prices *prices = must_read("Date,Open,Volume,Close\n"
                                  "2026-02-09,1,1,\n"
                                  "2026-02-10,1,1,0\n"
                                  "2026-02-11,1,1,-5\n"
                                  "2026-02-12,-1,-1,2\n"
                                  "2026-02-13,0,0,3\n"
                                  "2026-02-14,1,1,4\n" /* a Saturday */
                                  "2026-02-16,1,1,4\n" /* Presidents' Day */
                                  "2999-02-13,1,1,5",
                                  "XYZ");
    const qn_daily *d = prices->tickers;
    assert_int_equal(d->count, 3);
    assert_int_equal(prices->row_count, 3);
    assert_true(d->close[0] == 2 && d->close[1] == 3 && d->close[2] == 5);
    assert_true(isnan(d->open[0]) && isnan(d->volume[0]) && isnan(d->open[1]) && d->volume[1] == 0);
    static const char *const said[] = {
        "left out: 3 rows without a close above 0, the first in line 2",
        "left out: 2 rows of days on which the exchange was closed, the first in line 7: are days shifted",
        "left out: an open, high, low or volume that cannot be, of 2 rows, the first in line 5",
        "the last line has no end: the file may be cut off",
    };
    assert_int_equal(prices->warning_count, 4);
    for (int i = 0; i < 4; i++)
        assert_contains(prices->warnings[i], said[i]);
    qn_prices_free(prices);
}

static void one_ticker_of_a_file_of_several_may_be_chosen(void **state)
{
    (void)state;
    qn_prices *prices =
        must_read("date,ticker,close\n2026-02-12,BRK.B,1\n2026-02-12,AAPL,2\n2026-02-13,brk-b,3\n", "BRK/B");
    assert_int_equal(prices->ticker_count, 1);
    assert_string_equal(prices->tickers[0].ticker, "BRKB");
    assert_int_equal(prices->tickers[0].count, 2);
    assert_int_equal(prices->warning_count, 1);
    assert_contains(prices->warnings[0], "left out: 1 row of other tickers, the first in line 3");
    qn_prices_free(prices);
}

#define PLAIN "date,ticker,open,close\n"

/* Files that are refused: what is said, and the line. */
static const struct {
    const char *text, *ticker, *map;
    qn_status status;
    int64_t line;
    const char *sentence;
} refused[] = {
    {"", NULL, NULL, QN_DATA, 0, "the file is empty"},
    {"\n \r\n", NULL, NULL, QN_DATA, 0, "the file is empty"},
    {"<html><body>Too Many Requests</body></html>\n", NULL, NULL, QN_DATA, 1, "a web page, not a table of prices"},
    {"{\"Note\": \"Thank you for using\"}\n", NULL, NULL, QN_DATA, 1,
     "this is JSON, not a table of prices: {\"Note\": \"Thank you"},
    {"No data\n", "XYZ", NULL, QN_DATA, 0, "there are: No, data"},
    {PLAIN, NULL, NULL, QN_DATA, 0, "a header and no row"},
    {"date,close\n2026-02-13,1\n", NULL, NULL, QN_DATA, 0,
     "no column is the ticker (there are: date, close): name it with a map, ticker=NAME, or give the ticker"},
    {"ticker,close\nX,1\n", NULL, NULL, QN_DATA, 0, "no column is the day (there are: ticker, close)"},
    {"ticker,date\nX,2026-02-13\n", NULL, NULL, QN_DATA, 0, "no column is the close"},
    {"date/close\n2026-02-13/1\n", "X", NULL, QN_DATA, 0, "no column is the day (there are: date/close)"},
    {PLAIN "2026-02-13,X,1,2\n2026-02-12,X,1\n", NULL, NULL, QN_DATA, 3, "this row has 3 fields, the header has 4"},
    {PLAIN "2026-02-13,X,1,2\n2026-02-12,X,1,x\n", NULL, NULL, QN_DATA, 3, "column \"close\": \"x\" is no"},
    {PLAIN "2026-13-02,X,1,2\n", NULL, NULL, QN_DATA, 2, "column \"date\": \"2026-13-02\" is no date (2026-02-13)"},
    {"Price,Close,Close\nTicker,X,Y\nDate,,\n2026-02-12,1,2\n2026-02-13,1,x\n", NULL, NULL, QN_DATA, 5,
     "column \"Close\": \"x\" is no number"},
    {"Price,Close,Close\nTicker,X,Y\nDate,,\n2026-02-12,1,2\n2026-02-13,1\n", NULL, NULL, QN_DATA, 5,
     "this row has 2 fields, the header has 3"},
    {PLAIN ",X,1,2\n", NULL, NULL, QN_DATA, 2, "column \"date\" is empty"},
    {PLAIN "2026-02-13,,1,2\n", NULL, NULL, QN_DATA, 2, "column \"ticker\" is empty"},
    {PLAIN "2026-02-13,X,1,2\n2026-02-13,,1,2\n", NULL, NULL, QN_DATA, 3, "column \"ticker\" is empty"},
    {PLAIN "2026-02-13,???,1,2\n", NULL, NULL, QN_DATA, 2, "\"???\" is no ticker"},
    {PLAIN "2026-02-13,X,1,2\n2026-02-12,X,1,2\n2026-02-13,X,1,3\n", NULL, NULL, QN_DATA, 4,
     "X of 2026-02-13 stands in line 2 with other prices"},
    {PLAIN "2026-02-14,X,1,2\n2026-02-13,X,1,0\n", NULL, NULL, QN_DATA, 0, "there are no prices"},
    {PLAIN "2026-02-13,X,1,2\n", "Y", NULL, QN_DATA, 0, "no row is of \"Y\", but of X"},
    {PLAIN "2026-02-13,X,1,2\n", "?", NULL, QN_INVALID, 0, "\"?\" is no ticker (AAPL)"},
    {"date;ticker;close\n2026-02-13;X;1,5\n", NULL, NULL, QN_DATA, 2,
     "column \"close\": \"1,5\" is no number (190.50, decimals after a point)"},
    {"date,close,Close\n2026-02-13,1,2\n", "X", NULL, QN_DATA, 0, "more than one column may be the close"},
    {PLAIN "2026-02-13,X,1,2\n", NULL, "close=Close", QN_NAME, 0,
     "there is no column \"Close\": did you mean \"close\"?"},
    {PLAIN "2026-02-13,X,1,2\n", NULL, "end=close", QN_NAME, 0,
     "map: \"end\" is none of day, ticker, open, high, low, close, volume"},
};

static void what_is_no_file_of_prices_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        qn_prices_options options = of_ticker(refused[i].ticker);
        options.map = refused[i].map;
        qn_prices *prices;
        qn_error err;
        print_message("%s\n", refused[i].sentence);
        assert_int_equal(
            qn_prices_read_bytes(&prices, refused[i].text, (int64_t)strlen(refused[i].text), "t.csv", &options, &err),
            refused[i].status);
        assert_null(prices);
        assert_contains(err.message, refused[i].sentence);
        assert_int_equal(err.line, refused[i].line);
        if (refused[i].line > 0)
            assert_string_equal(err.file, "t.csv");
    }
}

static void a_map_names_columns_that_nobody_knows(void **state)
{
    (void)state;
    qn_prices_options options = of_ticker("XYZ");
    options.map = "day=Tag, close=Schluss,volume=";
    qn_prices *prices;
    qn_error err;
    static const char text[] = "Tag,Schluss,close,volume\n2026-02-13,5,6,7\n";
    assert_ok(qn_prices_read_bytes(&prices, text, sizeof text - 1, "t.csv", &options, &err), &err);
    assert_true(prices->tickers[0].close[0] == 5 && isnan(prices->tickers[0].volume[0]));
    qn_prices_free(prices);
}

static void a_program_gives_its_own_prices(void **state)
{
    (void)state;
    const int32_t days[] = {20000, 20001};
    const double closes[] = {1, 2}, opens[] = {3, 4};
    const qn_daily daily[] = {{.ticker = "MSFT", .count = 1, .days = days, .close = closes},
                              {.ticker = "brk.b", .count = 2, .days = days, .close = closes, .open = opens}};
    qn_prices *prices;
    qn_error err;
    assert_ok(qn_prices_from_daily(&prices, daily, 2, NULL, &err), &err);
    assert_int_equal(prices->ticker_count, 2);
    assert_int_equal(prices->row_count, 3);
    assert_string_equal(prices->tickers[0].ticker, "BRKB");
    assert_true(prices->tickers[0].open[1] == 4 && isnan(prices->tickers[0].high[1]));
    assert_true(qn_prices_find(prices, "msft")->close[0] == 1);
    qn_prices_free(prices);
    assert_ok(qn_prices_from_daily(&prices, NULL, 0, NULL, &err), &err);
    assert_null(qn_prices_find(prices, "MSFT"));
    qn_prices_free(prices);
}

static void a_programs_mistakes_are_named(void **state)
{
    (void)state;
    const int32_t days[] = {20000, 20001}, same[] = {20000, 20000};
    const double closes[] = {1, 2}, zero[] = {1, 0};
    const struct {
        qn_daily daily[2];
        int64_t count;
        const char *sentence;
    } mistakes[] = {
        {{{.ticker = "A", .count = 2, .days = same, .close = closes}}, 1, "days must ascend, that of row 1 does not"},
        {{{.ticker = "A", .count = 2, .days = days, .close = zero}}, 1, "a close is above 0, that of row 1 is 0"},
        {{{.ticker = "A", .count = 2, .days = days}}, 1, "days and closes are wanted"},
        {{{.ticker = "A", .count = 0, .days = days, .close = closes}}, 1, "one at least"},
        {{{.count = 2, .days = days, .close = closes}}, 1, "no ticker"},
        {{{.ticker = "A", .count = 2, .days = days, .close = closes},
          {.ticker = "a", .count = 2, .days = days, .close = closes}},
         2,
         "A is given twice"},
        {{{0}}, -1, "-1 tickers"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        qn_prices *prices;
        qn_error err;
        assert_int_equal(qn_prices_from_daily(&prices, mistakes[i].daily, mistakes[i].count, NULL, &err), QN_INVALID);
        assert_null(prices);
        assert_contains(err.message, mistakes[i].sentence);
    }
    qn_prices *prices;
    qn_error err;
    assert_int_equal(qn_prices_read_bytes(&prices, NULL, 5, "t", NULL, &err), QN_INVALID);
    assert_int_equal(qn_prices_read(&prices, "/nowhere/prices.csv", NULL, &err), QN_NO_INPUT);
}

/* Sums by Python's csv, gzip and math.fsum. */
static void eight_real_years_are_read_whole(void **state)
{
    (void)state;
    const char *folder = test_shared_data("daily prices of 15 shares");
    if (folder == NULL || !qn_has("zlib"))
        skip();
    char path[512];
    (void)snprintf(path, sizeof path, "%s/earnings/daily_prices.csv.gz", folder);
    qn_prices *prices;
    qn_error err;
    assert_ok(qn_prices_read(&prices, path, NULL, &err), &err);
    assert_int_equal(prices->ticker_count, 15);
    assert_int_equal(prices->row_count, 30330);
    assert_int_equal(prices->warning_count, 0);
    static const struct {
        const char *ticker;
        double closes, volumes;
    } known[] = {{"AAPL", 275397.78535079956, 190410378500},
                 {"NVDA", 91409.69689178467, 871627697600},
                 {"TXN", 285673.8725204468, 11192203600}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const qn_daily *d = qn_prices_find(prices, known[i].ticker);
        double closes = 0, volumes = 0;
        assert_int_equal(d->count, 2022);
        assert_int_equal(d->days[0], day_of("2018-01-02"));
        assert_int_equal(d->days[2021], day_of("2026-01-16"));
        for (int64_t j = 0; j < d->count; j++) {
            closes += d->close[j];
            volumes += d->volume[j];
        }
        assert_close(closes, known[i].closes, 1e-13, 0); /* 2022 roundings of 1e-16, most of which cancel */
        assert_true(volumes == known[i].volumes);
    }
    qn_prices_free(prices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yahoos_days_are_read_ticker_by_ticker),
        cmocka_unit_test(every_providers_names_and_numbers_are_known),
        cmocka_unit_test(a_column_for_each_ticker_and_price_is_read_as_well),
        cmocka_unit_test(rows_in_any_order_are_put_in_that_of_days),
        cmocka_unit_test(what_cannot_be_a_price_is_left_out_and_counted),
        cmocka_unit_test(one_ticker_of_a_file_of_several_may_be_chosen),
        cmocka_unit_test(what_is_no_file_of_prices_is_refused_with_its_line),
        cmocka_unit_test(a_map_names_columns_that_nobody_knows),
        cmocka_unit_test(a_program_gives_its_own_prices),
        cmocka_unit_test(a_programs_mistakes_are_named),
        cmocka_unit_test(eight_real_years_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
