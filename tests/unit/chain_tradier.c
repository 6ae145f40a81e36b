/* Chains as Tradier answers them, written from its documentation, and what is said of JSON that is none. */
#include "harness/harness.h"

#include <quern/chain.h>

#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The answer in the documentation of GET /v1/markets/options/chains, with its greeks and one more option. */
#define PUT                                                                                                        \
    "{\"symbol\":\"VXX190517P00016000\",\"description\":\"VXX May 17 2019 $16.00 Put\",\"exch\":\"Z\","            \
    "\"type\":\"option\",\"last\":null,\"change\":null,\"volume\":0,\"open\":null,\"high\":null,\"low\":null,"     \
    "\"close\":null,\"bid\":0.0,\"ask\":0.01,\"underlying\":\"VXX\",\"strike\":16.0,\"change_percentage\":null,"   \
    "\"average_volume\":0,\"last_volume\":0,\"trade_date\":0,\"prevclose\":null,\"week_52_high\":0.0,"             \
    "\"week_52_low\":0.0,\"bidsize\":0,\"bidexch\":\"J\",\"bid_date\":1557171657000,\"asksize\":611,"              \
    "\"askexch\":\"Z\",\"ask_date\":1557172096000,\"open_interest\":10,\"contract_size\":100,"                     \
    "\"expiration_date\":\"2019-05-17\",\"expiration_type\":\"standard\",\"option_type\":\"put\","                 \
    "\"root_symbol\":\"VXX\",\"greeks\":{\"delta\":-0.01,\"gamma\":0.002,\"theta\":0.0,\"vega\":0.0,\"rho\":-0.0," \
    "\"phi\":0.0,\"bid_iv\":0.0,\"mid_iv\":0.91,\"ask_iv\":0.93,\"smv_vol\":0.88,"                                 \
    "\"updated_at\":\"2019-05-06 19:59:59\"}}"
#define CALL                                                                                                         \
    "{\"symbol\":\"VXX190524C00028500\",\"last\":0.95,\"volume\":31,\"bid\":0.9,\"ask\":1.0,\"underlying\":\"VXX\"," \
    "\"strike\":28.5,\"trade_date\":1557171000123,\"bid_date\":1557170000000,\"ask_date\":1557170000000,"            \
    "\"open_interest\":7,\"expiration_date\":\"2019-05-24\",\"option_type\":\"call\",\"root_symbol\":\"VXX\","       \
    "\"greeks\":null}"
#define QUOTES "{\"quotes\":{\"quote\":{\"symbol\":\"VXX\",\"type\":\"etf\",\"last\":27.65,\"bid\":27.6}}}"

static qn_status read_text(qn_chain **out, const char *text, const qn_chain_options *options, qn_error *err)
{
    return qn_chain_read_bytes(out, text, (int64_t)strlen(text), "t.json", options, err);
}

static qn_chain *must_read(const char *text, const qn_chain_options *options)
{
    qn_chain *chain;
    qn_error err;
    assert_ok(read_text(&chain, text, options, &err), &err);
    return chain;
}

static void an_answer_is_a_chain(void **state)
{
    (void)state;
    qn_chain *chain = must_read("{\"options\":{\"option\":[" PUT "," CALL "]}}", NULL);
    int32_t day;
    assert_string_equal(chain->format, "tradier");
    assert_string_equal(chain->ticker, "VXX");
    assert_string_equal(chain->source, "t.json");
    assert_int_equal(chain->as_of_us, INT64_C(1557172096000000)); /* the put's ask */
    assert_true(chain->as_of_inferred);
    assert_int_equal(chain->warning_count, 1);
    assert_contains(chain->warnings[0], "2019-05-06T19:48:16Z, the time of the latest bid or ask");
    assert_true(isnan(chain->spot));
    assert_int_equal(chain->count, 2);
    const qn_quote *put = &chain->quotes[0], *call = &chain->quotes[1];
    assert_int_equal(put->type, QN_PUT);
    assert_true(qni_date_parse(&day, "2019-05-17", 10) && put->expiry == day);
    assert_true(put->strike == 16 && put->bid == 0 && put->ask == 0.01 && isnan(put->last));
    assert_true(put->volume == 0 && put->open_interest == 10 && put->provider_implied == 0.91);
    assert_int_equal(put->last_us, INT64_MIN);
    assert_int_equal(put->quote_class, QN_QUOTE_ONE_SIDED);
    assert_int_equal(put->settlement, QN_SETTLEMENT_PM);
    assert_int_equal(put->line, 1);
    assert_int_equal(call->type, QN_CALL);
    assert_true(call->expiry == day + 7 && call->strike == 28.5 && call->last == 0.95 && isnan(call->provider_implied));
    assert_int_equal(call->last_us, INT64_C(1557171000123000));
    assert_int_equal(call->quote_class, QN_QUOTE_GOOD);
    qn_chain_free(chain);
}

/* Every way in which the same two options and the price of the share may be one file. */
static void several_answers_are_one_chain(void **state)
{
    (void)state;
    static const char *const files[] = {
        "{\"options\":{\"option\":" PUT "}}\n{\"options\":{\"option\":[" CALL "]}}\n" QUOTES "\n",
        "[" QUOTES ",{\"options\":{\"option\":" PUT "}},{\"options\":null},{\"options\":{\"option\":" CALL "}}]",
        "\xEF\xBB\xBF{\"2019-05-17\":{\"options\":{\"option\":[" PUT "]}},\"2019-05-24\":{\"options\":{\"option\":" CALL
        "}},\"quotes\":{\"quote\":[{\"symbol\":\"SPY\",\"last\":293.0},{\"symbol\":\"VXX\",\"last\":27.65}]}}",
        "{ \"options\" : { \"option\" : [\r\n" PUT ",\r\n" CALL "\r\n] } }\r\n" QUOTES,
    };
    static const int64_t lines[][2] = {{1, 2}, {1, 1}, {1, 1}, {2, 3}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        qn_chain *chain = must_read(files[i], NULL);
        assert_int_equal(chain->count, 2);
        assert_string_equal(chain->ticker, "VXX");
        assert_true(chain->spot == 27.65);
        assert_int_equal(chain->quotes[0].line, lines[i][0]);
        assert_int_equal(chain->quotes[1].line, lines[i][1]);
        qn_chain_free(chain);
    }
}

static void a_caller_says_when_and_at_which_price(void **state)
{
    (void)state;
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.as_of_us = INT64_C(1557172800000000);
    options.spot = 27.7;
    qn_chain *chain = must_read(QUOTES "{\"options\":{\"option\":" CALL "}}", &options);
    assert_int_equal(chain->as_of_us, options.as_of_us);
    assert_false(chain->as_of_inferred);
    assert_int_equal(chain->warning_count, 0);
    assert_true(chain->spot == 27.7);
    qn_chain_free(chain);
}

#define OPTION(symbol, more) "{\"symbol\":\"" symbol "\",\"bid\":1,\"ask\":2" more "}"
#define TERMS                                                                                  \
    ",\"bid_date\":1770997794000,\"option_type\":\"call\",\"expiration_date\":\"2026-02-20\"," \
    "\"strike\":100,\"underlying\":\"XYZ\""

static void options_on_index_roots_are_the_indexs(void **state)
{
    (void)state;
    qn_chain *chain = must_read("{\"options\":{\"option\":["
                                "{\"symbol\":\"SPXW260220C06000000\",\"underlying\":\"SPX\",\"strike\":6000,\"bid\":1,"
                                "\"ask\":2,\"ask_date\":1770997794000,\"option_type\":\"call\"},"
                                "{\"symbol\":\"SPX260220C06000000\",\"underlying\":\"SPX\",\"strike\":6000,\"bid\":1,"
                                "\"ask\":2,\"option_type\":\"call\"}]}}",
                                NULL);
    assert_string_equal(chain->ticker, "SPX");
    assert_int_equal(chain->count, 2);
    assert_int_equal(chain->quotes[0].settlement, QN_SETTLEMENT_PM);
    assert_int_equal(chain->quotes[1].settlement, QN_SETTLEMENT_AM);
    qn_chain_free(chain);
}

static void adjusted_options_are_left_out_and_counted(void **state)
{
    (void)state;
    qn_chain *chain = must_read(
        "{\"options\":{\"option\":[" OPTION("XYZ260220C00100000", TERMS) "," OPTION("XYZ1260220C00100000", TERMS) "]}}",
        NULL);
    assert_int_equal(chain->count, 1);
    assert_int_equal(chain->warning_count, 2);
    assert_contains(chain->warnings[1], "1 quotes are of options that were adjusted after a split or a merger (XYZ1)");
    qn_chain_free(chain);
}

static void one_underlying_of_several_is_chosen(void **state)
{
    (void)state;
    static const char text[] = "{\"options\":{\"option\":[" CALL "," OPTION("XYZ260220C00100000", TERMS) "]}}";
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.ticker = "xyz";
    qn_chain *chain = must_read(text, &options);
    assert_int_equal(chain->count, 1);
    assert_string_equal(chain->ticker, "XYZ");
    assert_contains(chain->warnings[0], "1 quotes are not on XYZ and were left out: the file has VXX (1), XYZ (1)");
    qn_chain_free(chain);
    qn_error err;
    assert_int_equal(read_text(&chain, text, NULL, &err), QN_DATA);
    assert_contains(err.message, "several underlyings, VXX (1), XYZ (1)");
    options.ticker = "ABC";
    assert_int_equal(read_text(&chain, text, &options, &err), QN_DATA);
    assert_contains(err.message, "no option is on \"ABC\", but on VXX (1), XYZ (1)");
}

#define ONE(symbol, more) "{\"options\":\n{\"option\":" OPTION(symbol, more) "}}"

static const struct {
    const char *text;
    int64_t line;
    const char *sentence;
} refused[] = {
    {"{\"options\":null}", 1, "an answer of Tradier's without any option: is the expiry one?"},
    {"{\"fault\":{\"faultstring\":\"Invalid Access Token\"}}", 1, "this is JSON, but no chain as Tradier gives it"},
    {QUOTES, 1, "this is JSON, but no chain"},
    {"{\"options\":{\"option\":[" PUT ",\n" CALL, 2, "a comma or ] is expected here"},
    {"{\"options\":{\"option\":[" PUT ",\n{\"symbol\":\"VXX1905", 2, "a string does not end"},
    {"{\"options\":{\"option\":" PUT "}}\n}", 2, "a value is expected here"},
    {ONE("XYZ260220C00100000", ",\"strike\":101,\"option_type\":\"call\""), 2,
     "\"XYZ260220C00100000\" says another strike than what stands beside it"},
    {ONE("XYZ260220C00100000", ",\"strike\":100,\"option_type\":\"put\""), 2, "says another type"},
    {ONE("XYZ260220C00100000", ",\"option_type\":\"call\",\"expiration_date\":\"2026-02-27\""), 2,
     "says another expiry"},
    {ONE("XYZ", ",\"strike\":100,\"option_type\":\"put\""), 2, "\"XYZ\" is no symbol of an option, and its type"},
    {ONE("XYZ260220C00100000", ",\"option_type\":\"both\""), 2, "\"both\" is neither call nor put"},
    {ONE("XYZ260220C00100000", ",\"option_type\":\"call\",\"expiration_date\":\"soon\""), 2, "\"soon\" is no date"},
    {ONE("XYZ260220C00100000", ",\"option_type\":\"call\",\"strike\":-5"), 2, "a strike is above 0, this is -5"},
    {ONE("XYZ260220C00100000", ",\"option_type\":\"call\",\"volume\":\"many\""), 2, "\"volume\" is no number"},
    {ONE("XYZ260220C00100000", ",\"option_type\":5"), 2, "\"option_type\" is no text of less than 64 bytes"},
    {ONE("XYZ260220C00100000", ",\"underlying\":\"XYZ\",\"option_type\":\"call\""), 0,
     "nothing in the file says when these quotes held: give as_of"},
    {ONE("XYZ260220C00100000", ""), 2, "without \"option_type\""},
};

static void what_is_no_answer_is_refused_with_its_line(void **state)
{
    (void)state;
    qn_chain *chain;
    qn_error err;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        print_message("%s\n", refused[i].sentence);
        assert_int_equal(read_text(&chain, refused[i].text, NULL, &err), QN_DATA);
        assert_null(chain);
        assert_contains(err.message, refused[i].sentence);
        assert_int_equal(err.line, refused[i].line);
    }
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.map = "bid=best";
    assert_int_equal(read_text(&chain, "{\"options\":{\"option\":" PUT "}}", &options, &err), QN_NAME);
    assert_contains(err.message, "this is JSON, which has no columns");
}

static void nothing_nests_too_deeply(void **state)
{
    (void)state;
    char deep[1001];
    memset(deep, '[', 1000);
    deep[1000] = '\0';
    qn_chain *chain;
    qn_error err;
    assert_int_equal(read_text(&chain, deep, NULL, &err), QN_DATA);
    assert_contains(err.message, "JSON may nest at most 128 levels deep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_a_chain),
        cmocka_unit_test(several_answers_are_one_chain),
        cmocka_unit_test(a_caller_says_when_and_at_which_price),
        cmocka_unit_test(options_on_index_roots_are_the_indexs),
        cmocka_unit_test(adjusted_options_are_left_out_and_counted),
        cmocka_unit_test(one_underlying_of_several_is_chosen),
        cmocka_unit_test(what_is_no_answer_is_refused_with_its_line),
        cmocka_unit_test(nothing_nests_too_deeply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
