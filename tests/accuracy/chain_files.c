/* Real files of four providers: every row of each is a quote of the class that a count by other means finds (Python's
 * csv, datetime and zoneinfo; the rules of chain.h written again). */
#include "harness/harness.h"

#include <quern/chain.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct known {
    const char *file, *format, *ticker;
    int64_t as_of; /* seconds */
    bool inferred;
    double spot;
    int64_t expiries, morning;             /* pairs of day and settlement; quotes settled in the morning */
    int64_t classes[QN_QUOTE_CLASS_COUNT]; /* good, expired, duplicate, zero, crossed, one-sided, stale, bad */
} known;

static const known files[] = {
    {"yfinance_AAPL_2026-02-13.csv",
     "yfinance",
     "AAPL",
     1770997794,
     true,
     259.4750061035156,
     24,
     0,
     {2332, 0, 0, 3, 8, 252, 9, 0}},
    {"yfinance_AMZN_2026-02-13.csv",
     "yfinance",
     "AMZN",
     1770997801,
     true,
     198.93499755859375,
     25,
     0,
     {2125, 0, 0, 1, 1, 141, 36, 0}},
    {"yfinance_IBIT_2026-02-13.csv",
     "yfinance",
     "IBIT",
     1770997803,
     true,
     39.1150016784668,
     20,
     0,
     {2088, 0, 0, 0, 2, 186, 29, 0}},
    {"yfinance_NVDA_2026-02-13.csv",
     "yfinance",
     "NVDA",
     1770997816,
     true,
     183.24989318847656,
     24,
     0,
     {3149, 0, 0, 1, 0, 201, 531, 0}},
    {"yfinance_SPY_2026-02-13.csv",
     "yfinance",
     "SPY",
     1770997831,
     true,
     683.0750122070312,
     33,
     0,
     {8757, 0, 0, 14, 0, 194, 8, 0}},
    {"yfinance_TSLA_2026-02-13.csv",
     "yfinance",
     "TSLA",
     1770997840,
     true,
     416.69000244140625,
     25,
     0,
     {5028, 0, 0, 8, 4, 367, 17, 0}},
    {"cboe_SPX_2022-07-12.csv", "cboe", "SPX", 1657641300, false, 3856.28, 52, 7184, {18319, 0, 0, 12, 0, 1047, 0, 0}},
    {"vix_white_paper_chain.csv", "csv", "", 1230843600, true, (double)NAN, 2, 0, {620, 0, 0, 0, 0, 116, 0, 0}},
};

static const char *path_of(char path[512], const char *file)
{
    const char *folder = test_shared_data("option chains of providers");
    if (folder == NULL)
        skip();
    (void)snprintf(path, 512, "%s/options/%s", folder, file);
    return path;
}

static void check_file(const known *k)
{
    char path[512];
    qn_chain *chain;
    qn_error err;
    assert_ok(qn_chain_read(&chain, path_of(path, k->file), NULL, &err), &err);
    assert_string_equal(chain->format, k->format);
    assert_string_equal(chain->ticker, k->ticker);
    assert_int_equal(chain->as_of_us / 1000000, k->as_of);
    assert_int_equal(chain->as_of_inferred, k->inferred);
    assert_int_equal(chain->warning_count, k->inferred ? 1 : 0);
    assert_true(isnan(k->spot) ? isnan(chain->spot) : chain->spot == k->spot);
    int64_t expiries = 0, morning = 0, sum = 0;
    for (int64_t i = 0; i < chain->count; i++) {
        const qn_quote *q = &chain->quotes[i];
        expiries += i == 0 || q->expiry != q[-1].expiry || q->settlement != q[-1].settlement;
        morning += q->settlement == QN_SETTLEMENT_AM;
    }
    assert_int_equal(expiries, k->expiries);
    assert_int_equal(morning, k->morning);
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++) {
        if (chain->classes[i] != k->classes[i])
            fail_msg("%s: %s: %d, expected %d", k->file, qn_quote_class_name((qn_quote_class)i), (int)chain->classes[i],
                     (int)k->classes[i]);
        sum += k->classes[i];
    }
    assert_int_equal(chain->count, sum);
    qn_chain_free(chain);
}

static void every_row_of_real_files_is_a_quote_of_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        check_file(&files[i]);
}

static void of_a_file_of_many_days_one_is_chosen(void **state)
{
    (void)state;
    char path[512];
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    qn_chain *chain;
    qn_error err;
    assert_int_equal(qn_chain_read(&chain, path_of(path, "near_earnings_AAPL.csv"), &options, &err), QN_DATA);
    assert_contains(err.message, "several days (2025-04-30, 2025-01-29,");
    options.as_of_us = qn_market_time(20208, 57600); /* 2025-04-30 16:00 */
    assert_ok(qn_chain_read(&chain, path, &options, &err), &err);
    assert_int_equal(chain->count, 2);
    assert_true(chain->quotes[0].bid == 6.05 && chain->quotes[1].ask == 3.85 && chain->quotes[0].strike == 210);
    assert_contains(chain->warnings[0], "118 rows are of other days");
    qn_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_real_files_is_a_quote_of_its_class),
        cmocka_unit_test(of_a_file_of_many_days_one_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
