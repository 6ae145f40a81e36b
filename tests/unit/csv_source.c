/* Files of ticks become records: columns by their names, times and prices exactly, and what is said of files that are
 * none. Expected times were computed by Python's datetime. */
#include "stream/feed_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static feed f;

/* 2024-03-01T14:30:00Z */
#define HALF_PAST_TWO INT64_C(1709303400000000000)
#define ONE           INT64_C(100000000)

static void must_read(const char *text)
{
    feed_read(&f, text, (feed_how){0});
    assert_ok(f.status, &f.err);
}

static qn_csv_source_options defaults(void)
{
    qn_csv_source_options o;
    qn_csv_source_options_init(&o, sizeof o);
    return o;
}

static void a_line_becomes_a_record(void **state)
{
    (void)state;
    must_read("time,symbol,price,size,bid,ask,side,kind,order,sequence\n"
              "2024-03-01T14:30:00.123456789Z,ABC,101.5,200,101.4,101.6,buy,trade,,1\n"
              "2024-03-01T14:30:01Z,XYZ,-0.00000001,0.5,,7,sell,order,42,2\n"
              "2024-03-01T14:30:02Z,ABC,5,,,,,,,3\n");
    assert_int_equal(f.count, 3);
    const qn_tick *t = f.ticks;
    assert_int_equal(t[0].time_ns, HALF_PAST_TWO + 123456789);
    assert_int_equal(t[0].price, 10150000000);
    assert_int_equal(t[0].size, 200 * ONE);
    assert_int_equal(t[0].bid, 10140000000);
    assert_int_equal(t[0].ask, 10160000000);
    assert_int_equal(t[0].symbol, 0);
    assert_int_equal(t[0].side, 1);
    assert_int_equal(t[0].kind, QN_TICK_TRADE);
    assert_int_equal(t[0].flags, QN_TICK_HAS_BID | QN_TICK_HAS_ASK);
    assert_int_equal(t[1].price, -1);
    assert_int_equal(t[1].size, ONE / 2);
    assert_int_equal(t[1].symbol, 1);
    assert_int_equal(t[1].side, -1);
    assert_int_equal(t[1].kind, QN_TICK_ORDER);
    assert_int_equal(t[1].order, 42);
    assert_int_equal(t[1].flags, QN_TICK_HAS_ASK);
    assert_int_equal(t[1].bid, 0);
    assert_int_equal(t[2].symbol, 0);
    assert_int_equal(t[2].side, 0);
    assert_int_equal(t[2].size, 0);
    assert_int_equal(t[2].flags, 0);
    assert_int_equal(t[2].checksum, 0);
    assert_int_equal(f.stats.records, 3);
    assert_int_equal(f.stats.lines, 4);
}

static void columns_are_found_by_many_names(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        int64_t price;
    } files[] = {
        {"Timestamp,Ticker,Last Price,Qty", 1}, {"Date,Sym,Close,Volume", 1},
        {"ts_event,Instrument,PX,Amount", 1},   {"DateTime,\"Symbol\",\"Last\",Size", 1},
        {"event_time,pair,price,qty", 1},       {"  Time , symbol , Price , size ", 1},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "%s\n2024-03-01 14:30:00,Q,2.5,3\n", files[i].names);
        must_read(text);
        assert_int_equal(f.count, 1);
        assert_int_equal(f.ticks[0].time_ns, HALF_PAST_TWO);
        assert_int_equal(f.ticks[0].price, 5 * ONE / 2);
        assert_int_equal(f.ticks[0].size, 3 * ONE);
    }
}

static void a_map_says_which_column_is_what(void **state)
{
    (void)state;
    qn_csv_source_options o = defaults();
    o.map = "price=Close,size=,time=when";
    feed_read(&f, "when,symbol,Open,Close,size\n0,A,1,2,nonsense\n", (feed_how){.o = o});
    assert_ok(f.status, &f.err);
    assert_int_equal(f.ticks[0].price, 2 * ONE);
    assert_int_equal(f.ticks[0].size, 0);

    static const struct {
        const char *map, *says;
    } wrong[] = {
        {"price=Clos", "there is no column \"Clos\": did you mean \"Close\"?"},
        {"cost=Close", "\"cost\" is none of time, date, symbol, price"},
        {"price=Close,size=Close", "\"Close\" cannot be both price and size"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        o.map = wrong[i].map;
        feed_read(&f, "time,symbol,Open,Close\n0,A,1,2\n", (feed_how){.o = o});
        assert_int_equal(f.status, QN_NAME);
        assert_contains(f.err.message, wrong[i].says);
    }
}

static void columns_can_be_named_where_a_file_does_not(void **state)
{
    (void)state;
    qn_csv_source_options o = defaults();
    o.columns = "time,price,symbol";
    feed_read(&f, "1;2;A\n2;3;B\n", (feed_how){.o = o});
    assert_ok(f.status, &f.err);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.ticks[0].time_ns, 1000000000);
    assert_int_equal(f.ticks[1].price, 3 * ONE);
    feed_read(&f, "1;2;A\n2;3;B;x\n", (feed_how){.o = o});
    assert_int_equal(f.status, QN_DATA);
    assert_int_equal(f.err.line, 2);
}

static void times_are_read_to_the_nanosecond(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } times[] = {
        {"2024-02-29", INT64_C(1709164800000000000)},
        {"2024-02-29T14:30", INT64_C(1709217000000000000)},
        {"2024-02-29 14:30:15.000000001", INT64_C(1709217015000000001)},
        {"2024-02-29T14:30:15.5Z", INT64_C(1709217015500000000)},
        {"2024-02-29T14:30:15.123456789-05:00", INT64_C(1709235015123456789)},
        {"2024-02-29T00:30:00+01:00", INT64_C(1709163000000000000)},
        {"1969-12-31T23:59:59.999999999Z", -1},
        {"1677-09-21T00:12:44Z", INT64_C(-9223372036000000000)},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
        {"2262-04-12T04:47:16.854775807+05:00", INT64_MAX},
        {"1677-09-20T19:12:43.145224192-05:00", INT64_MIN},
        {"20240229", INT64_C(1709164800000000000)},
        {"0", 0},
        {"1709217015", INT64_C(1709217015000000000)},
        {"1709217015.123456789", INT64_C(1709217015123456789)},
        {"-1.5", -1500000000},
        {"1709217015123", INT64_C(1709217015123000000)},
        {"1709217015123.25", INT64_C(1709217015123250000)},
        {"1709217015123456", INT64_C(1709217015123456000)},
        {"1709217015123456789", INT64_C(1709217015123456789)},
        {"1.709217015e9", INT64_C(1709217015000000000)},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[128]; /* twice: the second one may go the quick way */
        (void)snprintf(text, sizeof text, "time,symbol,price\n%s,A,1\n %s ,A,1\n", times[i].text, times[i].text);
        must_read(text);
        assert_int_equal(f.ticks[0].time_ns, times[i].ns);
        assert_int_equal(f.ticks[1].time_ns, times[i].ns);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const times[] = {
        "",
        "x",
        "2024-02-30",
        "2024-02-29T24:00:00",
        "2024-02-29T12:60:00",
        "2024-02-29T12:00:60",
        "2024-02-29T12:00:00.",
        "2024-02-29T12:00:00.12x",
        "2024-02-29X12:00:00",
        "2024-02-29T12-00:00",
        "9999-01-01",
        "29/02/2024",
        "12:00:00",
        "1e30",
        "99999999999",
        "nan",
        "2024-02-29T1 :00:00",
        "2024-02-29T12:00:00ZZ",
        "1677-09-21T00:12:43Z",
        "2262-04-11T23:47:17Z",
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[128]; /* after a good one of the same day */
        (void)snprintf(text, sizeof text, "time,symbol,price\n2024-02-29T12:00:00,A,1\n%s,A,1\n", times[i]);
        feed_read(&f, text, (feed_how){0});
        assert_int_equal(f.status, QN_DATA);
        assert_int_equal(f.count, 1);
        assert_int_equal(f.err.line, 3);
        assert_int_equal(f.err.column, 1);
        assert_contains(f.err.message, "no");
    }
}

static void a_day_and_a_time_may_be_two_columns(void **state)
{
    (void)state;
    must_read("Date,Time,Symbol,Price\n2024-03-01,14:30:00.000000001,A,1\n20240301,14:31,A,1\n");
    assert_int_equal(f.ticks[0].time_ns, HALF_PAST_TWO + 1);
    assert_int_equal(f.ticks[1].time_ns, HALF_PAST_TWO + INT64_C(60000000000));
    feed_read(&f, "Date,Time,Symbol,Price\n2024-03-01,25:30:00,A,1\n", (feed_how){0});
    assert_int_equal(f.status, QN_DATA);
    assert_int_equal(f.err.column, 12);
    feed_read(&f, "Date,Time,Symbol,Price\n01.03.2024,15:30:00,A,1\n", (feed_how){0});
    assert_int_equal(f.status, QN_DATA);
    assert_int_equal(f.err.column, 1);
}

static void a_number_beside_a_day_is_near_it_or_refused(void **state)
{
    (void)state;
    /* date -u -d '2024-02-29 14:30' +%s; the trading day of an evening may be days ahead */
    must_read("Date,Time,Symbol,Price\n2024-02-29,1709217000,A,1\n20240304,1709217001,A,1\n,5,A,1\n");
    assert_int_equal(f.ticks[1].time_ns, INT64_C(1709217001000000000));
    assert_int_equal(f.ticks[2].time_ns, INT64_C(5000000000));
    static const char *const rows[] = {"20240229,093000", "2024-02-29,34200.5", "29.02.2024,1709217000",
                                       "2024-02-29,143000123"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "Date,Time,Symbol,Price\n%s,A,1\n", rows[i]);
        feed_read(&f, text, (feed_how){0});
        assert_int_equal(f.status, QN_DATA);
        assert_int_equal(f.err.line, 2);
        assert_contains(f.err.message, "is not of the day beside it");
    }
}

static void the_name_of_a_column_says_what_its_numbers_count(void **state)
{
    (void)state;
    must_read("time_ns,symbol,price\n5,A,1\n1700000000000000000,A,1\n");
    assert_int_equal(f.ticks[0].time_ns, 5);
    assert_int_equal(f.ticks[1].time_ns, INT64_C(1700000000000000000));
    must_read("Time (us),symbol,price\n5,A,1\n");
    assert_int_equal(f.ticks[0].time_ns, 5000);
    must_read("time_ms,symbol,price\n20240229,A,1\n2024-02-29,A,1\n");
    assert_int_equal(f.ticks[0].time_ns, INT64_C(20240229000000));
    assert_int_equal(f.ticks[1].time_ns, INT64_C(1709164800000000000));
    qn_csv_source_options o = defaults();
    o.time_unit = QN_TIME_UNIT_S; /* said by somebody: that counts */
    feed_read(&f, "time_ns,symbol,price\n5,A,1\n", (feed_how){.o = o});
    assert_ok(f.status, &f.err);
    assert_int_equal(f.ticks[0].time_ns, INT64_C(5000000000));
}

static void the_first_number_decides_what_numbers_count(void **state)
{
    (void)state;
    must_read("time,symbol,price\n1700000000000,A,1\n5,A,1\n");
    assert_int_equal(f.ticks[1].time_ns, 5000000);
    qn_csv_source_options o = defaults();
    o.time_unit = QN_TIME_UNIT_NS;
    feed_read(&f, "time,symbol,price\n7,A,1\n20240229,A,1\n", (feed_how){.o = o});
    assert_ok(f.status, &f.err);
    assert_int_equal(f.ticks[0].time_ns, 7);
    assert_int_equal(f.ticks[1].time_ns, 20240229);
}

static void a_quote_without_a_trade_is_priced_in_its_middle(void **state)
{
    (void)state;
    must_read("time,symbol,bid,ask\n0,A,1.01,1.04\n1,A,0.00000001,0.00000002\n2,A,0.00000002,0.00000003\n3,A,,9\n4,A,8,"
              "\n5,A,-3,-4\n");
    static const int64_t prices[] = {102500000, 2, 2, 9 * ONE, 8 * ONE, -7 * ONE / 2};
    for (int i = 0; i < 6; i++)
        assert_int_equal(f.ticks[i].price, prices[i]);
    must_read("time,symbol,price,bid,ask,size\n0,A,NaN,1,NA,null\n");
    assert_int_equal(f.ticks[0].price, ONE);
    assert_int_equal(f.ticks[0].flags, QN_TICK_HAS_BID);
    assert_int_equal(f.ticks[0].ask, 0);
    assert_int_equal(f.ticks[0].size, 0);
    feed_read(&f, "time,symbol,bid,ask\n0,A,,\n", (feed_how){0});
    assert_int_equal(f.status, QN_DATA);
    assert_contains(f.err.message, "column \"bid\": \"\" is no price");
}

static void sides_have_many_words(void **state)
{
    (void)state;
    must_read(
        "time,symbol,price,side\n0,A,1,Buy\n0,A,1,B\n0,A,1,1\n0,A,1,BID\n0,A,1,SELL\n0,A,1,s\n0,A,1,-1\n0,A,1,ask\n0,"
        "A,1,\n0,A,1,unknown\n");
    static const int sides[] = {1, 1, 1, 1, -1, -1, -1, -1, 0, 0};
    assert_int_equal(f.count, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(f.ticks[i].side, sides[i]);
    feed_read(&f, "time,symbol,price,side\n0,A,1,up\n", (feed_how){0});
    assert_contains(f.err.message, "\"up\" is no side");
}

static void a_number_of_an_order_makes_an_order(void **state)
{
    (void)state;
    must_read("time,symbol,price,order\n0,A,1,7\n0,A,1,\n0,A,1,0\n0,A,1,4294967295\n");
    static const int kinds[] = {QN_TICK_ORDER, QN_TICK_TRADE, QN_TICK_TRADE, QN_TICK_ORDER};
    for (int i = 0; i < 4; i++)
        assert_int_equal(f.ticks[i].kind, kinds[i]);
    assert_true(f.ticks[3].order == UINT32_MAX);
    must_read("time,symbol,price,order,kind\n0,A,1,7,trade\n0,A,1,,ORDER\n0,A,1,,q\n");
    assert_int_equal(f.ticks[0].kind, QN_TICK_TRADE);
    assert_int_equal(f.ticks[1].kind, QN_TICK_ORDER);
    assert_int_equal(f.ticks[2].kind, QN_TICK_TRADE);
    feed_read(&f, "time,symbol,price,order\n0,A,1,4294967296\n", (feed_how){0});
    assert_contains(f.err.message, "a map, order=, leaves the column out");
    feed_read(&f, "time,symbol,price,kind\n0,A,1,cancel\n", (feed_how){0});
    assert_contains(f.err.message, "is no kind (trade, quote, order)");
}

static void dialects_give_the_same_records(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "time,symbol,price,size\n1,A,1.5,2\n2,B,2.5,3\n",
        "time,symbol,price,size\r\n1,A,1.5,2\r\n2,B,2.5,3\r\n",
        "time;symbol;price;size\n1;A;1.5;2\n2;B;2.5;3",
        "time\tsymbol\tprice\tsize\n1\tA\t1.5\t2\n2\tB\t2.5\t3\n",
        "time|symbol|price|size\n1|A|1.5|2\n2|B|2.5|3\n",
        "\xEF\xBB\xBFtime,symbol,price,size\n1,A,1.5,2\n2,B,2.5,3\n",
        "\"time\",\"symbol\",\"price\",\"size\"\n\"1\",\"A\",\"1.5\",\"2\"\n2 , \"B\" ,2.5,\"3\"\r\n",
        "# said, before\n\n  \ntime,symbol,price,size\n# \"a, comment\n1,A,1.5,2\n\r\n\n2,B,2.5,3\n\n",
        "note,time,symbol,price,size\n\"a, \"\"b\"\"\",1,A,+1.50,2.\n,2,B,25e-1,.3e1\n",
        "\xEF\xBB\xBF\r\ntime,symbol,price,size\r\n1,A,1.5,2\r\n2,B,2.5,3",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (int64_t piece = 0; piece < 5; piece++) {
            feed_read(&f, texts[i], (feed_how){.piece = piece, .line_max = piece > 2 ? 60 : 0, .wanted = 1 + piece});
            assert_ok(f.status, &f.err);
            assert_int_equal(f.count, 2);
            assert_int_equal(f.ticks[0].time_ns, 1000000000);
            assert_int_equal(f.ticks[0].price, 3 * ONE / 2);
            assert_int_equal(f.ticks[0].size, 2 * ONE);
            assert_int_equal(f.ticks[0].symbol, 0);
            assert_int_equal(f.ticks[1].time_ns, 2000000000);
            assert_int_equal(f.ticks[1].price, 5 * ONE / 2);
            assert_int_equal(f.ticks[1].size, 3 * ONE);
            assert_int_equal(f.ticks[1].symbol, 1);
        }
    }
}

static void a_wrong_cell_ends_the_stream_after_the_good_records(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t column;
        const char *says;
    } wrong[] = {
        {"3,A,x,1", 5, "column \"price\": \"x\" is not a number"},
        {"3,A,\"1,5\",1", 6, "\"1,5\" is not a number (decimal comma?)"},
        {"3,A,92233720368.54775808,1", 5, "is too large: at most 92233720368.54775807"},
        {"3,A,1e11,1", 5, "is too large"},
        {"3,A,1,-1", 7, "column \"size\": \"-1\" is below 0"},
        {"3,A,inf,1", 5, "is not a number"},
        {"3,A,nan,1", 5, "\"nan\" is no price"},
        {"3,A,,1", 5, "\"\" is no price"},
        {"3,,1,1", 3, "column \"symbol\": a symbol is empty"},
        {"3,A,1", 6, "this line has 3 cells where there are 4 columns"},
        {"3,A,1,1,", 9, "this line has 5 cells where there are 4 columns"},
        {"3,A,\"1,1", 5, "the quote opened here is not closed on this line"},
        {"3,A,\"1\"2,1", 8, "text behind a closing quote"},
        {"3,\"A\",1,1,1", 11, "this line has 5 cells"},
        {"3,\"A\",1", 8, "this line has 3 cells"},
        {"3,A\x01,1,1", 3, "control character"},
        {"3,\xff,1,1", 3, "not UTF-8"},
        {"3,ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ,1,1", 3, "has more than 31 bytes"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (int64_t piece = 0; piece < 3; piece++) {
            char text[256];
            (void)snprintf(text, sizeof text, "time,symbol,price,size\n1,A,1,1\n\n2,A,1,1\n%s\n5,A,1,1\n",
                           wrong[i].line);
            feed_read(&f, text, (feed_how){.piece = piece});
            assert_int_equal(f.status, QN_DATA);
            assert_int_equal(f.err.code, QN_DATA);
            assert_int_equal(f.count, 2);
            assert_string_equal(f.err.file, "t.csv");
            assert_int_equal(f.err.line, 5);
            assert_int_equal(f.err.column, wrong[i].column);
            assert_contains(f.err.message, wrong[i].says);

            qn_csv_source_options o = defaults();
            o.skip_bad = true;
            feed_read(&f, text, (feed_how){.piece = piece, .o = o});
            assert_ok(f.status, &f.err);
            assert_int_equal(f.count, 3);
            assert_int_equal(f.ticks[2].time_ns, 5000000000);
            assert_int_equal(f.stats.bad, 1);
            assert_int_equal(f.stats.bad_line, 5);
            assert_int_equal(f.stats.lines, 6);
            assert_int_equal(f.first_bad.code, QN_DATA);
            assert_contains(f.first_bad.message, wrong[i].says);
        }
    }
}

static void a_line_that_is_too_long_is_refused_or_passed(void **state)
{
    (void)state;
    static const char text[] = "time,symbol,price,size\n1,A,1,1\n2,AAAAAAAAAAAAAAAAAAAAAAAA,1,1\n3,A,1,1\n";
    for (int64_t piece = 0; piece < 40; piece++) {
        feed_read(&f, text, (feed_how){.piece = piece, .line_max = 24});
        assert_int_equal(f.status, QN_LIMIT);
        assert_int_equal(f.count, 1);
        assert_int_equal(f.err.line, 3);
        assert_contains(f.err.message, "this line is longer than 24 bytes");

        qn_csv_source_options o = defaults();
        o.skip_bad = true;
        feed_read(&f, text, (feed_how){.piece = piece, .line_max = 24, .o = o});
        assert_ok(f.status, &f.err);
        assert_int_equal(f.count, 2);
        assert_int_equal(f.ticks[1].time_ns, 3000000000);
        assert_int_equal(f.stats.bad, 1);
        assert_int_equal(f.stats.bad_line, 3);
        assert_int_equal(f.stats.lines, 4);
        feed_read(&f, text, (feed_how){.piece = piece, .line_max = 30});
        assert_ok(f.status, &f.err);
        assert_int_equal(f.count, 3);
        feed_read(&f, text, (feed_how){.piece = piece, .line_max = 20});
        assert_int_equal(f.status, QN_LIMIT);
        assert_int_equal(f.err.line, 1);
    }
}

static void what_is_no_file_of_ticks_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        qn_status status;
    } files[] = {
        {"\n", "the file is empty", QN_DATA},
        {"# only\n\n#this", "the file is empty", QN_DATA},
        {"a,b\n1,2\n", "no column is the time (there are: a, b): name it with a map, time=NAME", QN_DATA},
        {"time,b\n1,2\n", "no column is the price", QN_DATA},
        {"time,bid\n1,2\n", "no column is the price", QN_DATA},
        {"<html><body>", "this is a web page", QN_DATA},
        {"{\"a\": 1}", "this is JSON", QN_DATA},
        {"time,\xff\n", "not UTF-8", QN_DATA},
        {"\xFF\xFEt", "the file is UTF-16", QN_DATA},
        {"\x28\xB5\x2F\xFD and more\n", "the file is compressed by zstd: unpack it", QN_DATA},
        {"time,price,symbol\r1,2,A\r", "lines end in CR alone", QN_DATA},
        {"time,price,price\n", "more than one column may be the price", QN_DATA},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        feed_read(&f, files[i].text, (feed_how){0});
        assert_int_equal(f.status, files[i].status);
        assert_int_equal(f.count, 0);
        assert_contains(f.err.message, files[i].says);
        assert_string_equal(f.err.file, "t.csv");
    }
    static char archive[QNI_FEED_LINE_MAX + 100] = "\x28\xB5\x2F\xFD"; /* without a line in it */
    memset(archive + 4, 'x', sizeof archive - 5);
    feed_read(&f, archive, (feed_how){0});
    assert_contains(f.err.message, "the file is compressed by zstd");
    static char wide[QNI_FEED_COLUMNS_MAX + 8];
    memset(wide, ',', QNI_FEED_COLUMNS_MAX);
    feed_read(&f, wide, (feed_how){0});
    assert_int_equal(f.status, QN_LIMIT);
    assert_contains(f.err.message, "more than 1024 columns");
}

static void a_quoted_symbol_keeps_its_blanks(void **state)
{
    (void)state;
    qn_symbols *symbols;
    assert_int_equal(qn_symbols_new(&symbols, 4, NULL, NULL), QN_OK);
    feed_read(&f, "time,symbol,price\n 1 , A ,\" 2 \"\n 1 ,\" A \",2\n1,\tB ,2\n", (feed_how){.symbols = symbols});
    assert_ok(f.status, &f.err);
    assert_string_equal(qn_symbols_name(symbols, 0), "A");
    assert_string_equal(qn_symbols_name(symbols, 1), " A ");
    assert_string_equal(qn_symbols_name(symbols, 2), "B");
    assert_int_equal(f.ticks[0].price, 2 * ONE);
    qn_symbols_free(symbols);
}

static void one_symbol_has_the_files_name(void **state)
{
    (void)state;
    qn_symbols *symbols;
    assert_int_equal(qn_symbols_new(&symbols, 4, NULL, NULL), QN_OK);
    feed_read(&f, "time,price\n1,2\n", (feed_how){.path = "/data.d/BTC-USD.2024.csv.gz", .symbols = symbols});
    assert_ok(f.status, &f.err);
    assert_string_equal(qn_symbols_name(symbols, f.ticks[0].symbol), "BTC-USD");
    qn_csv_source_options o = defaults();
    o.symbol = "ETH";
    feed_read(&f, "time,price\n1,2\n", (feed_how){.path = "-", .symbols = symbols, .o = o});
    assert_ok(f.status, &f.err);
    assert_string_equal(qn_symbols_name(symbols, f.ticks[0].symbol), "ETH");
    qn_symbols_free(symbols);
    feed_read(&f, "time,price\n1,2\n", (feed_how){.path = "-"});
    assert_int_equal(f.status, QN_DATA);
    assert_string_equal(f.err.file, "standard input");
    assert_contains(f.err.message, "no column is the symbol");
}

static void unknown_symbols_are_refused_or_left_out(void **state)
{
    (void)state;
    static const char text[] = "time,symbol,price,seq\n1,AAPL,1,1\n2,MSFT,1,2\n3,AAPL,1,3\n4,AAPX,1,4\n";
    qn_symbols *symbols;
    int32_t number;
    assert_int_equal(qn_symbols_new(&symbols, 4, NULL, NULL), QN_OK);
    assert_int_equal(qn_symbols_add(&number, symbols, "AAPL", -1, NULL), QN_OK);
    qn_symbols_close(symbols);
    feed_read(&f, text, (feed_how){.symbols = symbols});
    assert_int_equal(f.status, QN_NAME);
    assert_int_equal(f.err.line, 3);
    assert_int_equal(f.err.column, 3);
    assert_contains(f.err.message, "unknown symbol \"MSFT\"");
    qn_csv_source_options o = defaults();
    o.skip_unknown = true;
    o.refuse_gaps = true; /* what is left out is no gap */
    feed_read(&f, text, (feed_how){.symbols = symbols, .o = o});
    assert_ok(f.status, &f.err);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.stats.unknown, 2);
    assert_int_equal(f.stats.unknown_line, 3);
    assert_int_equal(f.stats.bad, 0);
    o = defaults();
    o.skip_bad = true; /* says nothing about symbols */
    feed_read(&f, text, (feed_how){.symbols = symbols, .o = o});
    assert_int_equal(f.status, QN_NAME);
    qn_symbols_free(symbols);
}

static void a_full_table_of_symbols_is_an_error_with_its_line(void **state)
{
    (void)state;
    qn_symbols *symbols;
    assert_int_equal(qn_symbols_new(&symbols, 2, NULL, NULL), QN_OK);
    qn_csv_source_options o = defaults();
    o.skip_bad = o.skip_unknown = true;
    feed_read(&f, "time,symbol,price\n1,A,1\n2,B,1\n3,C,1\n", (feed_how){.symbols = symbols, .o = o});
    assert_int_equal(f.status, QN_LIMIT);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.err.line, 4);
    assert_contains(f.err.message, "there are more than 2 symbols: \"C\" has no place");
    qn_symbols_free(symbols);
}

static void steps_back_of_the_clock_are_counted_or_refused(void **state)
{
    (void)state;
    static const char text[] = "time,symbol,price\n10,A,1\n8,A,1\n9,A,1\n9,A,1\n5,A,1\n20,A,1\n";
    must_read(text);
    assert_int_equal(f.count, 6);
    assert_int_equal(f.stats.backwards, 2);
    assert_int_equal(f.stats.backwards_line, 3);
    assert_int_equal(f.stats.backwards_most_ns, INT64_C(4000000000));
    qn_csv_source_options o = defaults();
    o.refuse_backwards = o.skip_bad = true;
    feed_read(&f, text, (feed_how){.o = o});
    assert_int_equal(f.status, QN_DATA);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.err.line, 3);
    assert_contains(f.err.message, "this event is 2000000000 ns before the one of the record before it");
    must_read("time,symbol,price\n9223372036.854775807,A,1\n-9223372036,A,1\n");
    assert_int_equal(f.stats.backwards_most_ns, INT64_MAX);
}

static void gaps_of_the_feeds_numbers_are_counted_or_refused(void **state)
{
    (void)state;
    static const char text[] =
        "time,symbol,price,seq\n0,A,1,100\n0,B,1,101\n0,A,1,\n0,A,1,105\n0,A,1,105\n0,B,1,3\n0,A,1,"
        "4\n0,A,1,7\n";
    must_read(text);
    assert_int_equal(f.count, 8);
    assert_int_equal(f.stats.gaps, 2);
    assert_int_equal(f.stats.gap_line, 5);
    assert_int_equal(f.stats.missing, 3 + 2);
    assert_int_equal(f.stats.repeats, 2);
    assert_int_equal(f.stats.repeat_line, 6);
    qn_csv_source_options o = defaults();
    o.refuse_gaps = true;
    feed_read(&f, text, (feed_how){.o = o});
    assert_int_equal(f.status, QN_DATA);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.err.line, 5);
    assert_contains(f.err.message, "3 records are missing before the feed's number 105, which comes after 101");
    must_read(
        "time,symbol,price,seq\n0,A,1,-9223372036854775808\n0,A,1,9223372036854775807\n0,A,1,-9223372036854775808\n");
    assert_int_equal(f.stats.gaps, 1);
    assert_int_equal(f.stats.missing, INT64_MAX);
    assert_int_equal(f.stats.repeats, 1);
    feed_read(&f, "time,symbol,price,seq\n0,A,1,1.5\n", (feed_how){0});
    assert_contains(f.err.message, "\"1.5\" is not a whole number");
}

static void each_symbol_may_have_a_sequence_of_its_own(void **state)
{
    (void)state;
    qn_csv_source_options o = defaults();
    o.sequence_by_symbol = true;
    feed_read(&f, "time,symbol,price,seq\n0,A,1,1\n0,B,1,7\n0,A,1,2\n0,B,1,8\n0,A,1,4\n", (feed_how){.o = o});
    assert_ok(f.status, &f.err);
    assert_int_equal(f.stats.gaps, 1);
    assert_int_equal(f.stats.gap_line, 6);
    assert_int_equal(f.stats.missing, 1);
    assert_int_equal(f.stats.repeats, 0);
}

/* A gap's error must not name what overflowed. */
static void a_refused_gap_of_all_numbers_is_said(void **state)
{
    (void)state;
    qn_csv_source_options o = defaults();
    o.refuse_gaps = true;
    feed_read(&f, "time,symbol,price,seq\n0,A,1,-9223372036854775808\n0,A,1,9223372036854775807\n", (feed_how){.o = o});
    assert_int_equal(f.status, QN_DATA);
    assert_contains(f.err.message, "18446744073709551614 records are missing");
}

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_symbols *symbols;
    qn_stream_source source;
    qn_error err;
    assert_int_equal(qn_symbols_new(&symbols, 2, NULL, NULL), QN_OK);
    qn_csv_source_options o = defaults();
    o.delimiter = 'x';
    assert_int_equal(qn_csv_source(&source, "-", symbols, &o, &err), QN_INVALID);
    assert_null(source.self);
    o = defaults();
    o.time_unit = (qn_time_unit)9;
    assert_int_equal(qn_csv_source(&source, "-", symbols, &o, &err), QN_INVALID);
    o = defaults();
    o.size = 3;
    assert_int_equal(qn_csv_source(&source, "-", symbols, &o, &err), QN_INVALID);
    assert_int_equal(qn_csv_source(&source, "/nowhere/at/all.csv", symbols, NULL, &err), QN_NO_INPUT);
    assert_int_equal(qn_csv_source(&source, "/", symbols, NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "that is a folder");
    qn_symbols_free(symbols);
}

static void real_days_of_fifteen_tickers_step_back_fourteen_times(void **state)
{
    (void)state;
    const char *data = test_shared_data("daily prices of fifteen tickers");
    if (data == NULL || !qn_has("zlib"))
        skip();
    char path[256];
    (void)snprintf(path, sizeof path, "%s/earnings/daily_prices.csv.gz", data);
    qn_symbols *symbols;
    qn_stream_source source;
    qn_error err;
    assert_int_equal(qn_symbols_new(&symbols, 64, NULL, NULL), QN_OK);
    assert_ok(qn_csv_source(&source, path, symbols, NULL, &err), &err);
    static qn_tick ticks[512];
    int64_t count, total = 0;
    do {
        assert_ok(source.read(source.self, ticks, 512, &count, &err), &err);
        if (total == 0) { /* 2018-01-02 00:00:00-05:00,AAPL,…,40.34188461303711,102223600 */
            assert_int_equal(ticks[0].time_ns, INT64_C(1514869200000000000));
            assert_int_equal(ticks[0].price, 4034188461);
            assert_int_equal(ticks[0].size, 102223600 * ONE);
        }
        total += count;
    } while (count > 0);
    qn_csv_source_stats stats = {.size = sizeof stats};
    qn_csv_source_get_stats(&source, &stats, NULL);
    assert_int_equal(qn_symbols_count(symbols), 15);
    assert_int_equal(total, stats.records);
    assert_int_equal(stats.lines, total + 1);
    assert_int_equal(stats.backwards, 14);
    source.free(source.self);
    qn_symbols_free(symbols);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_becomes_a_record),
        cmocka_unit_test(columns_are_found_by_many_names),
        cmocka_unit_test(a_map_says_which_column_is_what),
        cmocka_unit_test(columns_can_be_named_where_a_file_does_not),
        cmocka_unit_test(times_are_read_to_the_nanosecond),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(a_day_and_a_time_may_be_two_columns),
        cmocka_unit_test(a_number_beside_a_day_is_near_it_or_refused),
        cmocka_unit_test(the_name_of_a_column_says_what_its_numbers_count),
        cmocka_unit_test(the_first_number_decides_what_numbers_count),
        cmocka_unit_test(a_quote_without_a_trade_is_priced_in_its_middle),
        cmocka_unit_test(sides_have_many_words),
        cmocka_unit_test(a_number_of_an_order_makes_an_order),
        cmocka_unit_test(dialects_give_the_same_records),
        cmocka_unit_test(a_wrong_cell_ends_the_stream_after_the_good_records),
        cmocka_unit_test(a_line_that_is_too_long_is_refused_or_passed),
        cmocka_unit_test(what_is_no_file_of_ticks_is_refused),
        cmocka_unit_test(a_quoted_symbol_keeps_its_blanks),
        cmocka_unit_test(one_symbol_has_the_files_name),
        cmocka_unit_test(unknown_symbols_are_refused_or_left_out),
        cmocka_unit_test(a_full_table_of_symbols_is_an_error_with_its_line),
        cmocka_unit_test(steps_back_of_the_clock_are_counted_or_refused),
        cmocka_unit_test(gaps_of_the_feeds_numbers_are_counted_or_refused),
        cmocka_unit_test(each_symbol_may_have_a_sequence_of_its_own),
        cmocka_unit_test(a_refused_gap_of_all_numbers_is_said),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(real_days_of_fifteen_tickers_step_back_fourteen_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
