/* Records of foreign hands: what they may leave out, what is said of what they must not be, and how a record looks. */
#include "harness/harness.h"

#include <quern/records.h>

#include <math.h>
#include <string.h>

static qn_record *read_text(const char *text)
{
    qn_record *record;
    qn_error err = qn_error_none();
    assert_ok(qn_record_read(&record, text, (int64_t)strlen(text), "text", NULL, &err), &err);
    return record;
}

static void a_record_says_first_what_it_is(void **state)
{
    (void)state;
    char *json;
    int64_t size;
    qn_error err = qn_error_none();
    static const int32_t days[] = {20458, 20459};
    static const double close[] = {1.5, 2}, volume[] = {100, NAN};
    const qn_daily daily = {.ticker = "XYZ", .count = 2, .days = days, .close = close, .volume = volume};
    const qn_prices prices = {.source = "x.csv", .tickers = &daily, .ticker_count = 1, .row_count = 2};
    assert_ok(qn_prices_to_json(&json, &size, &prices, NULL, &err), &err);
    assert_string_equal(json,
                        "{\"schema\":\"quern.prices/1\",\"source\":\"x.csv\",\"warnings\":[],\"tickers\":[{\"ticker\":"
                        "\"XYZ\",\"days\":[20458,20459],\"close\":[1.5,2],\"volume\":[100,\"nan\"]}]}\n");
    qn_record *record = read_text(json); /* columns that are left out are NaN throughout */
    assert_true(isnan(record->prices->tickers[0].open[1]));
    qn_record_free(record);
    qn_record_text_free(json, size, NULL);
}

static void what_is_left_out_is_its_default_and_what_is_unknown_is_passed_over(void **state)
{
    (void)state;
    qn_record *record = read_text("{\"later\": {\"x\": [1]}, \"schema\": \"quern.chain/1\", \"quotes\": "
                                  "{\"strike\": [90, 100], \"colour\": [\"red\", \"blue\"], \"bid\": [1, 2.5]}}");
    const qn_chain *chain = record->chain;
    assert_int_equal(record->kind, QN_RECORD_CHAIN);
    assert_int_equal(chain->count, 2);
    assert_string_equal(chain->ticker, "");
    assert_true(isnan(chain->spot) && chain->quotes[1].bid == 2.5 && isnan(chain->quotes[1].ask));
    assert_int_equal(chain->quotes[0].last_us, INT64_MIN);
    assert_int_equal(chain->quotes[0].type, QN_CALL);
    qn_record_free(record);
    record = read_text("{\"schema\": \"quern.calendar/1\", \"reports\": [{\"ticker\": \"XYZ\"}]}");
    assert_int_equal(record->calendar->reports[0].fiscal_end, INT32_MIN);
    assert_int_equal(record->calendar->reports[0].timing, QN_TIMING_UNKNOWN);
    qn_record_free(record);
    record = read_text("{\"schema\": \"quern.trade/1\", \"legs\": [{}]}");
    assert_int_equal(record->trade->legs[0].quote, -1);
    assert_true(isnan(record->trade->payoff.max_loss));
    qn_record_free(record);
}

static void what_cannot_be_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
        qn_status status;
    } cases[] = {
        {"", "JSON", QN_SYNTAX},
        {"{\"schema\": \"quern.chain/1\"", "JSON", QN_SYNTAX},
        {"[]", "schema", QN_DATA},
        {"{\"schema\": 7}", "schema", QN_DATA},
        {"{\"schema\": \"quern.chain\"}", "not known", QN_DATA},
        {"{\"schema\": \"quern.cheese/1\"}", "quern.cheese/1", QN_DATA},
        {"{\"schema\": \"quern.chain/2\"}", "newer", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"spot\": \"high\"}", "\"spot\"", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"spot\": null}", "\"spot\"", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"as_of_us\": 1.5}", "\"as_of_us\"", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"quotes\": []}", "\"quotes\"", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"quotes\": {\"strike\": [1, 2], \"bid\": [1]}}", "\"quotes.", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"quotes\": {\"strike\": [90, 0]}}", "strike[1]", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"quotes\": {\"strike\": [90, 80]}}", "order", QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"quotes\": {\"strike\": [9], \"type\": [\"swap\"]}}", "quotes.type[0]",
         QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"quotes\": {\"strike\": [9], \"expiry\": [3000000000]}}", "expiry[0]",
         QN_DATA},
        {"{\"schema\": \"quern.chain/1\", \"warnings\": [1]}", "\"warnings\"", QN_DATA},
        {"{\"schema\": \"quern.prices/1\", \"tickers\": [{\"days\": [2, 1], \"close\": [1, 1]}]}", "ascend", QN_DATA},
        {"{\"schema\": \"quern.prices/1\", \"tickers\": [{\"days\": [1, 2], \"close\": [1]}]}", "tickers[0].close",
         QN_DATA},
        {"{\"schema\": \"quern.prices/1\", \"tickers\": [{\"days\": [1], \"close\": [-1]}]}", "close[0]", QN_DATA},
        {"{\"schema\": \"quern.calendar/1\", \"reports\": [{\"day\": 2}, {\"day\": 1}]}", "order", QN_DATA},
        {"{\"schema\": \"quern.trade/1\", \"payoff\": {\"breakevens\": [1, 2, 3, 4, 5, 6]}}", "payoff.breakevens",
         QN_DATA},
        {"{\"schema\": \"quern.history/1\", \"moves\": [{}, 7]}", "moves[1]", QN_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_record *record;
        qn_error err = qn_error_none();
        qn_status s = qn_record_read(&record, cases[i].text, (int64_t)strlen(cases[i].text), "odd.json", NULL, &err);
        if (s != cases[i].status)
            print_message("%s: %s\n", cases[i].text, err.message);
        assert_int_equal(s, cases[i].status);
        assert_null(record);
        assert_contains(err.message, cases[i].said);
        assert_contains(err.file, "odd.json");
    }
}

static void what_has_no_name_or_is_not_utf8_cannot_be_written(void **state)
{
    (void)state;
    char *json;
    int64_t size;
    qn_error err = qn_error_none();
    const qn_quote odd = {.type = 3, .strike = 1};
    const qn_chain chain = {.ticker = "X", .source = "", .format = "", .count = 1, .quotes = &odd};
    assert_int_equal(qn_chain_to_json(&json, &size, &chain, NULL, &err), QN_INVALID);
    assert_null(json);
    assert_contains(err.message, "type");
    const qn_history history = {.peer_group = "caf\xE9"};
    assert_int_equal(qn_history_to_json(&json, &size, &history, NULL, &err), QN_INVALID);
    assert_null(json);
    assert_contains(err.message, "UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_says_first_what_it_is),
        cmocka_unit_test(what_is_left_out_is_its_default_and_what_is_unknown_is_passed_over),
        cmocka_unit_test(what_cannot_be_is_refused_with_its_place),
        cmocka_unit_test(what_has_no_name_or_is_not_utf8_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
