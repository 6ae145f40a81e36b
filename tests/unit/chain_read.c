/* Chains of every format that is told by its content, and what is said of files that are none. */
#include "harness/harness.h"

#include <quern/chain.h>

#include "base/time.h"
#include "options/chain_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

static qn_chain_options defaults(void)
{
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    return options;
}

static qn_chain *must_read(const char *text, const qn_chain_options *options)
{
    qn_chain *chain;
    qn_error err;
    assert_ok(qn_chain_read_bytes(&chain, text, (int64_t)strlen(text), "t.csv", options, &err), &err);
    return chain;
}

static const char yahoo[] =
    "contractSymbol,lastTradeDate,strike,lastPrice,bid,ask,change,percentChange,volume,openInterest,impliedVolatility,"
    "inTheMoney,contractSize,currency,optionType,expirationDate,days_to_expire,time_to_expire_years,underlyingPrice,"
    "moneyness\n"
    "XYZ260220P00095500,2026-02-13 15:30:00+00:00,95.5,1.2,1.1,1.3,0.0,0.0,,7,0.25,False,REGULAR,USD,put,2026-02-20,6,"
    "0.01,100.5,0.95\n"
    "XYZ260220C00095500,2026-02-13 15:45:10+00:00,95.5,6.2,6.1,6.3,0.0,0.0,12.0,9,0.24,True,REGULAR,USD,call,"
    "2026-02-20,6,0.01,100.5,0.95\n";

static void yahoos_files_are_read_without_their_days_to_expiry(void **state)
{
    (void)state;
    qn_chain *chain = must_read(yahoo, NULL);
    assert_string_equal(chain->format, "yfinance");
    assert_string_equal(chain->ticker, "XYZ");
    assert_string_equal(chain->source, "t.csv");
    assert_true(chain->spot == 100.5);
    assert_int_equal(chain->as_of_us, time_of("2026-02-13 15:45:10Z"));
    assert_true(chain->as_of_inferred);
    assert_int_equal(chain->warning_count, 1);
    assert_contains(chain->warnings[0], "2026-02-13T15:45:10Z, the time of the latest trade");
    assert_int_equal(chain->count, 2);
    const qn_quote *call = &chain->quotes[0], *put = &chain->quotes[1];
    assert_int_equal(call->type, QN_CALL);
    assert_int_equal(put->type, QN_PUT);
    assert_int_equal(call->expiry, day_of("2026-02-20"));
    assert_int_equal(call->settlement, QN_SETTLEMENT_PM);
    assert_int_equal(call->line, 3);
    assert_int_equal(put->line, 2);
    assert_true(call->strike == 95.5 && call->bid == 6.1 && call->ask == 6.3 && call->last == 6.2);
    assert_true(call->volume == 12 && isnan(put->volume) && put->open_interest == 7 && put->provider_implied == 0.25);
    assert_int_equal(put->last_us, time_of("2026-02-13 15:30:00Z"));
    assert_int_equal(chain->classes[QN_QUOTE_GOOD], 2);
    qn_chain_free(chain);
    qn_chain_free(NULL);
}

#define CBOE_HEADER                                                                                                  \
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid," \
    "Ask,Volume,IV,Delta,Gamma,Open Interest\n"

static void cboes_tables_hold_calls_left_and_puts_right_of_the_strike(void **state)
{
    (void)state;
    qn_chain *chain =
        must_read("Standard & Poors 500 Index,Last: 3856.28,Change:  1.85,,,\n"
                  "\"Date: July 12, 2022, 11:55 AM EDT\",Bid: 3855.3701,Ask: 3857.1599,Size: 1*1\n" CBOE_HEADER
                  "Fri Jul 15 2022,SPX220715C03800000,71,0,70.8,71.9,5,0.21,0.6,0.001,10,3800,"
                  "SPX220715P03800000,14,0,14.5,14.9,6,0.22,-0.4,0.001,20\n"
                  "Fri Jul 15 2022,SPXW220715C03800000,73,0,72.8,73.9,0,0.2,0.6,0.001,0,3800,"
                  "SPXW220715P03800000,0,0,16.5,16.9,0,0.2,-0.4,0.001,0\n",
                  NULL);
    assert_string_equal(chain->format, "cboe");
    assert_string_equal(chain->ticker, "SPX");
    assert_true(chain->spot == 3856.28);
    assert_int_equal(chain->as_of_us, time_of("2022-07-12 15:55:00Z"));
    assert_false(chain->as_of_inferred);
    assert_int_equal(chain->warning_count, 0);
    assert_int_equal(chain->count, 4);
    static const double bids[] = {72.8, 16.5, 70.8, 14.5}; /* PM before AM, call before put */
    for (int i = 0; i < 4; i++) {
        assert_true(chain->quotes[i].bid == bids[i]);
        assert_int_equal(chain->quotes[i].settlement, i < 2 ? QN_SETTLEMENT_PM : QN_SETTLEMENT_AM);
        assert_int_equal(chain->quotes[i].line, i < 2 ? 5 : 4);
        assert_int_equal(chain->quotes[i].expiry, day_of("2022-07-15"));
    }
    assert_true(chain->quotes[3].open_interest == 20 && chain->quotes[2].volume == 5);
    qn_chain_free(chain);

    /* an older vintage: a blank line first, no greeks, other names, a time told otherwise */
    chain = must_read("\n\"^NDX\",\"Last: 14,256.50\",Change: -3\n\"Date: January 9, 2024 at 2:13 PM EST\",Bid: 1\n"
                      "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Vol,Int,Strike,Puts,Last Sale,Net,Bid,Ask,Vol,Int\n"
                      "Fri Jan 19 2024,NDX240119C14000000,1,0,300,302,3,4,14000,NDX240119P14000000,1,0,50,52,5,6\n",
                      NULL);
    assert_true(chain->spot == 14256.5);
    assert_int_equal(chain->as_of_us, time_of("2024-01-09 19:13:00Z"));
    assert_int_equal(chain->count, 2);
    assert_int_equal(chain->quotes[0].line, 5);
    assert_int_equal(chain->quotes[0].settlement, QN_SETTLEMENT_AM);
    assert_true(chain->quotes[1].open_interest == 6);
    qn_chain_free(chain);
}

static void what_stands_above_the_header_may_be_separated_by_semicolons(void **state)
{
    (void)state;
    qn_chain *chain = must_read("Index;Last: 3856.28;Change: 1\n\"Date: July 12, 2022, 11:55 AM EDT\";Bid: 1;Ask: 2\n"
                                "Expiration Date;Calls;Bid;Ask;Strike;Puts;Bid;Ask\n"
                                "Fri Jul 15 2022;SPXW220715C03800000;70;71;3800;SPXW220715P03800000;13;14\n",
                                NULL);
    assert_string_equal(chain->format, "cboe");
    assert_true(chain->spot == 3856.28);
    assert_int_equal(chain->as_of_us, time_of("2022-07-12 15:55:00Z"));
    assert_int_equal(chain->classes[QN_QUOTE_GOOD], 2);
    qn_chain_free(chain);
}

static void any_csv_is_read_by_the_names_of_its_columns(void **state)
{
    (void)state;
    static const char *const files[] = {
        "ticker,as_of,spot,expiry,type,strike,bid,ask\nXYZ,2026-02-13 15:00,99,2026-02-20,call,95,5,5.2\n",
        "\xEF\xBB\xBFUnderlying Symbol;Quote Datetime;Underlying Price;Expiration;Option Type;Strike;Bid;Ask\r\n"
        "^xyz;2026-02-13T15:00:00-05:00;99;02/20/2026;C;95;5;5.2\r\n",
        "[QUOTE_READTIME], [UNDERLYING_LAST], [EXPIRE_DATE], [DTE], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK]\n"
        "2026-02-13 15:00, 99, 2026-02-20, 7.04, 5, 5.2, 95, 1, 1.2\n",
        "option_symbol\tquote_date\tbest_bid\tbest_offer\tunderlying_price\n"
        "XYZ   260220C00095000\t2026-02-13 20:00 UTC\t5\t5.2\t99\n",
        "A listing of options\n\nsymbol,timestamp,days,right,strike price,bid price,ask price,spot\n"
        "XYZ,1771012800,7,calls,95,5,5.2,99\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        qn_chain *chain = must_read(files[i], NULL);
        assert_string_equal(chain->format, "csv");
        assert_string_equal(chain->ticker, i == 2 ? "" : "XYZ");
        assert_int_equal(chain->as_of_us, time_of("2026-02-13 20:00:00Z"));
        assert_false(chain->as_of_inferred);
        assert_true(chain->spot == 99);
        assert_int_equal(chain->count, i == 2 ? 2 : 1);
        const qn_quote *q = &chain->quotes[0];
        assert_int_equal(q->type, QN_CALL);
        assert_int_equal(q->expiry, day_of("2026-02-20"));
        assert_true(q->strike == 95 && q->bid == 5 && q->ask == 5.2 && isnan(q->last) && isnan(q->volume));
        assert_int_equal(q->last_us, INT64_MIN);
        assert_int_equal(q->line, i == 4 ? 4 : 2);
        assert_int_equal(chain->warning_count, i == 4 ? 1 : 0);
        qn_chain_free(chain);
    }
}

/* Columns as the providers' own documents list them, some left out. */
static void files_of_other_providers_are_read_as_they_come(void **state)
{
    (void)state;
    static const char *const files[] = {
        /* Cboe DataShop */
        "underlying_symbol,quote_datetime,root,expiration,strike,option_type,open,close,trade_volume,bid_size,bid,"
        "ask_size,ask,underlying_bid,underlying_ask,implied_underlying_price,active_underlying_price\n"
        "^SPX,2026-02-13 15:00:00,SPX,2026-02-20,95,C,0,0,7,1,5,1,5.2,98,100,98.5,99\n"
        "^SPX,2026-02-13 15:00:00,SPXW,2026-02-20,95,C,0,0,7,1,5,1,5.2,98,100,98.5,99\n",
        /* OptionMetrics */
        "secid,date,symbol,exdate,cp_flag,strike_price,best_bid,best_offer,volume,am_settlement,root\n"
        "108105,2026-02-13,SPX 260220C95000,2026-02-20,C,95000,5,5.2,7,1,\n"
        "108105,2026-02-13,SPXW 260220C95000,2026-02-20,C,95000,5,5.2,7,0,\n",
        /* ThetaData, version 2 */
        "root,expiration,strike,right,ms_of_day,bid_size,bid,ask_size,ask,volume,date\n"
        "SPX,20260220,95000,C,57600000,1,5,1,5.2,7,20260213\n"
        "SPXW,20260220,95000,C,57600000,1,5,1,5.2,7,20260213\n",
        /* ORATS */
        "ticker,cOpra,pOpra,stkPx,expirDate,yte,strike,cVolu,cOi,pVolu,pOi,cBidPx,cValue,cAskPx,pBidPx,pValue,pAskPx,"
        "cMidIv,expiryTod,spot_px,trade_date\n"
        "SPX,SPX260220C00095000,SPX260220P00095000,99,2/20/2026,0.02,95,7,1,7,1,5,5.1,5.2,1,1.1,1.2,0.2,am,99,"
        "2/13/2026\n"
        "SPX,SPXW260220C00095000,SPXW260220P00095000,99,2/20/2026,0.02,95,7,1,7,1,5,5.1,5.2,1,1.1,1.2,0.2,pm,99,"
        "2/13/2026\n",
        /* Polygon */
        "ticker|underlying_ticker|contract_type|expiration_date|strike_price|bid|ask|volume|timestamp\n"
        "O:SPX260220C00095000|SPX|call|2026-02-20|95|5|5.2|7|2026-02-13 15:00\n"
        "O:SPXW260220C00095000|SPX|call|2026-02-20|95|5|5.2|7|2026-02-13 15:00\n",
        "ticker,contract_type,expiration_date,strike_price,bid,ask,volume,timestamp\n"
        "O:SPX260220C00095000,call,2026-02-20,95,5,5.2,7,2026-02-13 15:00\n"
        "O:SPXW260220C00095000,call,2026-02-20,95,5,5.2,7,2026-02-13 15:00\n",
        /* Tradier */
        "symbol,description,type,option_type,bid,ask,volume,strike,expiration_date,root_symbol,date\n"
        "SPX260220C00095000,SPX Feb 20,option,call,5,5.2,7,95,2026-02-20,SPX,2026-02-13\n"
        "SPXW260220C00095000,SPX Feb 20,option,call,5,5.2,7,95,2026-02-20,SPXW,2026-02-13\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        qn_chain *chain = must_read(files[i], NULL);
        assert_string_equal(chain->ticker, "SPX");
        assert_int_equal(chain->count, i == 3 ? 4 : 2);
        assert_int_equal(chain->classes[QN_QUOTE_GOOD], chain->count);
        assert_true((i != 0 && i != 3) || chain->spot == 99);
        for (int64_t j = 0; j < chain->count; j++) {
            const qn_quote *q = &chain->quotes[j];
            assert_int_equal(q->expiry, day_of("2026-02-20"));
            assert_int_equal(q->settlement, j < chain->count / 2 ? QN_SETTLEMENT_PM : QN_SETTLEMENT_AM);
            assert_int_equal(q->type, i == 3 && j % 2 == 1 ? QN_PUT : QN_CALL);
            assert_true(q->strike == 95 && q->volume == 7);
            assert_true(q->bid == (q->type == QN_CALL ? 5 : 1));
        }
        qn_chain_free(chain);
    }
}

static void a_map_says_which_column_is_what(void **state)
{
    (void)state;
    qn_chain_options options = defaults();
    options.map = "strike=K, bid=Call Bid ,ask=Call=Ask,last=,type=T ";
    options.as_of_us = time_of("2026-02-13 20:00:00Z");
    options.spot = 101;
    options.ticker = "ABC";
    qn_chain *chain = must_read("K,T,expiry,bid,Call Bid,Call=Ask,last\n95,p,2026-02-20,3,5,6,7\n", &options);
    assert_string_equal(chain->ticker, "ABC");
    assert_true(chain->spot == 101);
    assert_int_equal(chain->as_of_us, options.as_of_us);
    assert_int_equal(chain->warning_count, 0);
    assert_int_equal(chain->quotes[0].type, QN_PUT);
    assert_true(chain->quotes[0].bid == 5 && chain->quotes[0].ask == 6 && isnan(chain->quotes[0].last));
    qn_chain_free(chain);
    options.map = "call_bid=a,call_ask=b,put_bid=c,put_ask=d";
    chain = must_read("strike,expiry,a,b,c,d\n95,2026-02-20,1,2,3,4\n", &options);
    assert_true(chain->quotes[0].bid == 1 && chain->quotes[0].ask == 2);
    assert_true(chain->quotes[1].bid == 3 && chain->quotes[1].ask == 4);
    qn_chain_free(chain);
}

#define PLAIN "ticker,date,expiry,type,strike,bid,ask\n"

static void the_time_of_quotes_is_inferred_with_a_word_about_it(void **state)
{
    (void)state;
    qn_chain *chain = must_read(PLAIN "XYZ,2025-11-28,2025-12-19,c,95,5,5.2\n", NULL);
    assert_int_equal(chain->as_of_us, time_of("2025-11-28 18:00:00Z")); /* a half day's close */
    assert_true(chain->as_of_inferred);
    assert_contains(chain->warnings[0], "of the close of 2025-11-28: the file tells the day alone");
    qn_chain_free(chain);
    chain = must_read("Expiration,Days,Strike,Call Bid,Call Ask,Put Bid,Put Ask\n20090110,9,200,717.6,722.8,0,0.05\n"
                      "20090207,37,500,1,2,3,4\n",
                      NULL);
    assert_int_equal(chain->as_of_us, time_of("2009-01-01 21:00:00Z"));
    assert_true(chain->as_of_inferred && isnan(chain->spot));
    assert_int_equal(chain->count, 4);
    qn_chain_free(chain);
}

static void of_a_file_of_several_days_or_underlyings_one_is_chosen(void **state)
{
    (void)state;
    static const char text[] = PLAIN "XYZ,2026-02-12,2026-02-20,c,95,5,5.2\nABC,2026-02-13,2026-02-20,c,95,6,6.2\n"
                                     "XYZ,2026-02-13,2026-02-20,c,95,7,7.2\n";
    qn_chain_options options = defaults();
    options.as_of_us = time_of("2026-02-13 20:00:00Z");
    options.ticker = "xyz";
    qn_chain *chain = must_read(text, &options);
    assert_int_equal(chain->count, 1);
    assert_true(chain->quotes[0].bid == 7);
    assert_int_equal(chain->quotes[0].line, 4);
    assert_int_equal(chain->warning_count, 2);
    assert_contains(chain->warnings[0], "1 quotes are not on XYZ and were left out");
    assert_contains(chain->warnings[1], "1 rows are of other days");
    qn_chain_free(chain);
}

static void what_is_doubtful_is_said(void **state)
{
    (void)state;
    qn_chain *chain = must_read("symbol,contract,as_of,expiry,type,strike,bid,ask,spot\n"
                                "XYZ,XYZ Feb 95,2026-02-13 15:00,2026-02-20,c,95,5,5.2,99\n"
                                "XYZ,XYZ Feb 96,2026-02-13 15:00,2026-02-20,c,96,5,5.2,100",
                                NULL);
    assert_int_equal(chain->warning_count, 3);
    assert_contains(chain->warnings[0], "2 symbols, the first in line 2, are none of the OSI");
    assert_contains(chain->warnings[1], "between 99 and 100, taken as 99");
    assert_contains(chain->warnings[2], "the last line has no end");
    qn_chain_free(chain);
}

/* Files that are refused: what is said, and the line. */
static const struct {
    const char *text, *map;
    qn_status status;
    int64_t line;
    const char *sentence;
} refused[] = {
    {"", NULL, QN_DATA, 0, "the file is empty"},
    {" \r\n\n", NULL, QN_DATA, 0, "the file is empty"},
    {"<!DOCTYPE html>\n<html><body>Too Many Requests</body></html>\n", NULL, QN_DATA, 1, "a web page"},
    {"{\"optionChain\":{\"result\":[]}}\n", NULL, QN_DATA, 1, "JSON"},
    {PLAIN, NULL, QN_DATA, 1, "a header and no row"},
    {"a,b,c\n1,2,3\n", NULL, QN_DATA, 0,
     "no column is the strike (there are: a, b, c): name it with a map, strike=NAME"},
    {"strike/expiry/type/bid/ask\n1/2026-02-20/c/1/2\n", NULL, QN_DATA, 0, "there are: strike/expiry/type/bid/ask"},
    {"strike,expiry,type,bid,ask,expiryTod\n1,2026-02-20,c,1,2,noon\n", NULL, QN_DATA, 2,
     "column \"expiryTod\": \"noon\" is neither am nor pm"},
    {"strike,type,bid,ask\n1,c,1,2\n", NULL, QN_DATA, 0, "no column is the expiry"},
    {"strike,expiry,bid,ask\n1,2026-02-20,1,2\n", NULL, QN_DATA, 0, "no column is the type"},
    {"strike,expiry,type,last\n1,2026-02-20,c,1\n", NULL, QN_DATA, 0, "no column is the bid"},
    {"strike,expiry,type,bid\n1,2026-02-20,c,1\n", NULL, QN_DATA, 0, "no column is the ask"},
    {"strike,expiry,call bid,call ask\n1,2026-02-20,1,2\n", NULL, QN_DATA, 0, "no column is the bid or ask of puts"},
    {"strike,expiry,type,bid,Bid,ask\n1,2026-02-20,c,1,2,3\n", NULL, QN_DATA, 0, "more than one column may be the bid"},
    {PLAIN, "strke=K", QN_NAME, 0, "map: \"strke\" is none of expiry, days, strike"},
    {PLAIN, "strike", QN_NAME, 0, "map: \"strike\" is not WHAT=COLUMN"},
    {PLAIN, "strike=strik", QN_NAME, 0, "there is no column \"strik\": did you mean \"strike\"?"},
    {PLAIN "X,2026-02-13,2026-02-20,c,95,5,5.2\nX,2026-02-13,2026-02-2", NULL, QN_DATA, 3,
     "this row has 3 fields, the header has 7"},
    {PLAIN "X,2026-02-13,2026-02-20,c,95,5,x\n", NULL, QN_DATA, 2, "column \"ask\": \"x\" is not a number"},
    {"ticker;date;expiry;type;strike;bid;ask\nX;2026-02-13;2026-02-20;c;95,5;5;6\n", NULL, QN_DATA, 2,
     "decimal comma?"},
    {PLAIN "X,2026-02-13,2026-02-30,c,95,5,6\n", NULL, QN_DATA, 2, "column \"expiry\": \"2026-02-30\" is no date"},
    {PLAIN "X,2026-02-13,,c,95,5,6\n", NULL, QN_DATA, 2, "the expiry is missing"},
    {PLAIN "X,yesterday,2026-02-20,c,95,5,6\n", NULL, QN_DATA, 2, "column \"date\": \"yesterday\" is no time"},
    {PLAIN "X,,2026-02-20,c,95,5,6\n", NULL, QN_DATA, 2, "column \"date\" is empty"},
    {PLAIN "X,2026-02-13,2026-02-20,c,95,5,6\nX,2026-02-13,2026-02-20,straddle,95,5,6\n", NULL, QN_DATA, 3,
     "column \"type\": \"straddle\" is neither call nor put"},
    {PLAIN "X,2026-02-13,2026-02-20,,95,5,6\n", NULL, QN_DATA, 2, "nothing says whether this is a call or a put"},
    {PLAIN "X,2026-02-13,2026-02-20,c,,5,6\n", NULL, QN_DATA, 2, "the strike is missing"},
    {PLAIN "X,2026-02-13,2026-02-20,c,0,5,6\n", NULL, QN_DATA, 2, "a strike is above 0, this is 0"},
    {PLAIN "X,2026-02-13,2026-02-20,c,-5,5,6\n", NULL, QN_DATA, 2, "a strike is above 0, this is -5"},
    {PLAIN "X,2026-02-13,2026-02-20,c,inf,5,6\n", NULL, QN_DATA, 2, "a strike is above 0"},
    {PLAIN "X,2026-02-13,2026-02-20,c,1e999,5,6\n", NULL, QN_DATA, 2, "too large"},
    {PLAIN "X,2026-02-13,2026-02-20,c,95,5,6\nY,2026-02-13,2026-02-20,c,95,5,6\n", NULL, QN_DATA, 0,
     "several underlyings, X (1), Y (1): choose one by its ticker"},
    {PLAIN "X,2026-02-13,2026-02-20,c,95,5,6\nX,2026-02-12,2026-02-20,c,95,5,6\n", NULL, QN_DATA, 0,
     "quotes of several days (2026-02-13, 2026-02-12): choose one of them by as_of"},
    {"strike,expiry,type,bid,ask\n95,2026-02-20,c,1,2\n", NULL, QN_DATA, 0, "nothing in the file says when"},
    {"strike,days,type,bid,ask\n95,7,c,1,2\n", NULL, QN_DATA, 2, "an expiry in days needs the day"},
    {"strike,date,days,type,bid,ask\n95,2026-02-13,7.5,c,1,2\n", NULL, QN_DATA, 2, "7.5 is no number of days"},
    {"strike,date,days,type,bid,ask\n95,2026-02-13,1e300,c,1,2\n", NULL, QN_DATA, 2, "is no number of days"},
#define WITH_SYMBOL "date,symbol,strike,expiry,type,ticker,bid,ask\n2026-02-13,XYZ260220C00095000,"
    {WITH_SYMBOL "96,2026-02-20,c,XYZ,1,2\n", NULL, QN_DATA, 2,
     "\"XYZ260220C00095000\" says another strike than the row: 96"},
    {WITH_SYMBOL "95,2026-02-27,c,XYZ,1,2\n", NULL, QN_DATA, 2, "says another expiry than the row: 2026-02-27"},
    {WITH_SYMBOL "95,2026-02-20,p,XYZ,1,2\n", NULL, QN_DATA, 2, "says another type than the row: a put"},
    {WITH_SYMBOL "95,2026-02-20,c,ABC,1,2\n", NULL, QN_DATA, 2, "says another underlying than the row: ABC"},
    {"symbol,date,bid,ask\nXYZ,2026-02-13,1,2\n", NULL, QN_DATA, 2, "nothing says whether"},
    {PLAIN "X,2026-02-13,2026-02-20,c,95,5,6\n", "bid=bid,bid=ask", QN_NAME, 0, "map: \"bid\" is given twice"},
    {"I,Last: 1\n\"Date: soon\"\n" CBOE_HEADER "Fri Jul 15 2022,A,,,,,,,,,,1,B,,,,,,,,,\n", NULL, QN_DATA, 2,
     "\"Date: soon\" is no time"},
    {"I,Last: 1\n\"Date: July 12, 2022\"\n" CBOE_HEADER "Fri Jul 15 2022,A,,,x,,,,,,,1,B,,,,,,,,,\n", NULL, QN_DATA, 4,
     "column \"Calls Bid\": \"x\" is not a number"},
};

static void a_file_that_is_no_chain_is_refused_with_its_reason_and_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        qn_chain_options options = defaults();
        options.map = refused[i].map;
        qn_chain *chain = (qn_chain *)&options;
        qn_error err = qn_error_none();
        qn_status s =
            qn_chain_read_bytes(&chain, refused[i].text, (int64_t)strlen(refused[i].text), "t.csv", &options, &err);
        if (s != refused[i].status || err.line != refused[i].line || strstr(err.message, refused[i].sentence) == NULL)
            fail_msg("%s\nstatus %d, line %d: %s", refused[i].text, (int)s, (int)err.line, err.message);
        assert_null(chain);
        assert_true(refused[i].map != NULL || strcmp(err.file, "t.csv") == 0);
    }
}

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_chain_options options = defaults();
    qn_error err;
    qn_chain *chain;
    options.spot = -1;
    assert_int_equal(qn_chain_read_bytes(&chain, yahoo, sizeof yahoo - 1, "t", &options, &err), QN_INVALID);
    assert_contains(err.message, "spot is -1");
    assert_int_equal(qn_chain_read_bytes(&chain, yahoo, -5, "t", NULL, &err), QN_INVALID);
    assert_int_equal(qn_chain_read_bytes(&chain, NULL, 5, "t", NULL, &err), QN_INVALID);
    options = defaults();
    options.ticker = "ABC";
    assert_int_equal(qn_chain_read_bytes(&chain, yahoo, sizeof yahoo - 1, "t", &options, &err), QN_DATA);
    assert_contains(err.message, "no option is on \"ABC\", but on XYZ (2)");
    options = defaults();
    options.as_of_us = time_of("2026-02-11 20:00:00Z");
    static const char text[] = PLAIN "X,2026-02-13,2026-02-20,c,95,5,6\n";
    assert_int_equal(qn_chain_read_bytes(&chain, text, sizeof text - 1, "t", &options, &err), QN_DATA);
    assert_contains(err.message, "no quote is of the day that as_of gives, but of 2026-02-13");
    assert_int_equal(qn_chain_read(&chain, "examples/none.csv", NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "none.csv");
}

/* gzip.compress(b"as_of,expiry,type,strike,bid,ask\n2026-02-13 15:00,2026-02-20,c,95,5,6\n", 9, mtime=0) */
static const uint8_t compressed[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4B, 0x2C, 0x8E, 0xCF, 0x4F, 0xD3, 0x49,
    0xAD, 0x28, 0xC8, 0x2C, 0xAA, 0xD4, 0x29, 0xA9, 0x2C, 0x48, 0xD5, 0x29, 0x2E, 0x29, 0xCA, 0xCC, 0x4E,
    0xD5, 0x49, 0xCA, 0x4C, 0xD1, 0x49, 0x2C, 0xCE, 0xE6, 0x32, 0x32, 0x30, 0x32, 0xD3, 0x35, 0x30, 0xD2,
    0x35, 0x34, 0x56, 0x30, 0x34, 0xB5, 0x32, 0x30, 0xD0, 0x81, 0x09, 0x18, 0x19, 0xE8, 0x24, 0xEB, 0x58,
    0x9A, 0xEA, 0x98, 0xEA, 0x98, 0x71, 0x01, 0x00, 0x03, 0xBA, 0x12, 0xC9, 0x46, 0x00, 0x00, 0x00,
};

static void gzip_is_recognised_and_must_be_whole(void **state)
{
    (void)state;
    qn_chain *chain;
    qn_error err;
    qn_status s = qn_chain_read_bytes(&chain, (const char *)compressed, sizeof compressed, "t.csv.gz", NULL, &err);
    if (!qn_has("zlib")) {
        assert_int_equal(s, QN_UNAVAILABLE);
        return;
    }
    assert_ok(s, &err);
    assert_int_equal(chain->count, 1);
    qn_chain_free(chain);
    assert_int_equal(
        qn_chain_read_bytes(&chain, (const char *)compressed, sizeof compressed - 9, "t.csv.gz", NULL, &err), QN_DATA);
    assert_null(chain);
}

static void the_projects_own_example_is_a_chain(void **state)
{
    (void)state;
    qn_chain *chain;
    qn_error err;
    assert_ok(qn_chain_read(&chain, "examples/chain.csv", NULL, &err), &err);
    assert_string_equal(chain->ticker, "QRN");
    assert_string_equal(chain->source, "examples/chain.csv");
    assert_int_equal(chain->count, 138);
    assert_int_equal(chain->classes[QN_QUOTE_GOOD] + chain->classes[QN_QUOTE_ONE_SIDED], 138);
    assert_int_equal(chain->warning_count, 0);
    qn_chain_free(chain);
}

static void dates_and_times_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const char *const same[] = {"2026-02-13",
                                       "20260213",
                                       "2/13/2026",
                                       "02/13/26",
                                       "Fri Feb 13 2026",
                                       "February 13, 2026",
                                       "13-Feb-26",
                                       "13 Feb 2026",
                                       "2026-02-13 16:00:00",
                                       "2026-02-13T21:00:00Z",
                                       "Feb 13, 2026 4:00 PM ET",
                                       "1770998400",
                                       "2026-Feb-13"};
    static const char *const none[] = {"",
                                       "13",
                                       "2026-13-02",
                                       "13/02/2026",
                                       "Feb 2026",
                                       "Feb Feb 1 2026",
                                       "soon",
                                       "2026-02-29",
                                       "2026-02-13 25:00",
                                       "2026-02-13 13:00 PM",
                                       "1 2 3 4",
                                       "12345678901",
                                       "2026-02-13 1:2",
                                       "2026-02-13 10:00 XYZ",
                                       "0000-00-00",
                                       "2026-02-13 10:00 ET ET"};
    int32_t day;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (!qni_chain_date(&day, same[i]) || day != day_of("2026-02-13"))
            fail_msg("%s", same[i]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (qni_chain_date(&day, none[i]))
            fail_msg("\"%s\"", none[i]);
    }
    static const char *const times[] = {"2026-02-13 11:00",
                                        "2026-02-13 11:00 AM EST",
                                        "Feb 13, 2026 @ 10:00 CT",
                                        "2026-02-13T16:00:00.25Z",
                                        "2026-02-13 17:00+01:00",
                                        "2026-02-13 17:00+0100",
                                        "2026-02-13 16:00:00+00:00",
                                        "2026-02-13 4:00PM GMT",
                                        "1770998400",
                                        "2026-02-13 12:00 EDT",
                                        "2026-02-13 10:00 CST",
                                        "13-Feb-2026 at 11:00:00",
                                        "Feb 13, 2026 12:00 PM -04:00"};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t us;
        bool has_time;
        if (!qni_chain_time(&us, &has_time, times[i]) || !has_time ||
            us / 1000000 != time_of("2026-02-13 16:00Z") / 1000000)
            fail_msg("%s", times[i]);
    }
}

static void symbols_of_options_have_four_parts(void **state)
{
    (void)state;
    qni_symbol s;
    assert_true(qni_symbol_parse(&s, "NVDA260213C00050000"));
    assert_string_equal(s.root, "NVDA");
    assert_int_equal(s.expiry, day_of("2026-02-13"));
    assert_int_equal(s.type, QN_CALL);
    assert_true(s.strike == 50);
    assert_true(qni_symbol_parse(&s, "O:SPXW241220P05999999"));
    assert_true(s.strike == 5999.999 && s.type == QN_PUT);
    assert_string_equal(s.root, "SPXW");
    assert_true(qni_symbol_parse(&s, "F     260213C00012500"));
    assert_string_equal(s.root, "F");
    assert_true(qni_symbol_parse(&s, "SPXW 210115C3000000"));
    assert_string_equal(s.root, "SPXW");
    assert_true(s.strike == 3000 && s.expiry == day_of("2021-01-15"));
    static const char *const none[] = {"",
                                       "SPXW210115C3000000",
                                       "SPXW 210115C",
                                       " 210115C3000000",
                                       "210115C3000000",
                                       "NVDA",
                                       "260213C00050000",
                                       "NVDA260213X00050000",
                                       "NVDA260230C00050000",
                                       "NVDAQQQ260213C00050000",
                                       "nvda260213C00050000",
                                       "NVDA260213C0005000x",
                                       "NVDA260213C00000000",
                                       "NVDA261313C00050000"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (qni_symbol_parse(&s, none[i]))
            fail_msg("%s", none[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yahoos_files_are_read_without_their_days_to_expiry),
        cmocka_unit_test(cboes_tables_hold_calls_left_and_puts_right_of_the_strike),
        cmocka_unit_test(what_stands_above_the_header_may_be_separated_by_semicolons),
        cmocka_unit_test(any_csv_is_read_by_the_names_of_its_columns),
        cmocka_unit_test(files_of_other_providers_are_read_as_they_come),
        cmocka_unit_test(a_map_says_which_column_is_what),
        cmocka_unit_test(the_time_of_quotes_is_inferred_with_a_word_about_it),
        cmocka_unit_test(of_a_file_of_several_days_or_underlyings_one_is_chosen),
        cmocka_unit_test(what_is_doubtful_is_said),
        cmocka_unit_test(a_file_that_is_no_chain_is_refused_with_its_reason_and_line),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(gzip_is_recognised_and_must_be_whole),
        cmocka_unit_test(the_projects_own_example_is_a_chain),
        cmocka_unit_test(dates_and_times_are_read_as_people_write_them),
        cmocka_unit_test(symbols_of_options_have_four_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
