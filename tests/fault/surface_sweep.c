/* Every allocation of making a surface fails in turn: nothing leaks, nothing is half done. */
#include "harness/harness.h"
#include "options/made.h"

enum {
    MONTH = 19769,
    YEAR = 20105,
    QUOTES = 100
};
static const made_market market = {.as_of_us = INT64_C(1705420800000000), /* 2024-01-16T16:00:00Z */
                                   .spot = 100,
                                   .half_spread = .01,
                                   .least_half = .01};

static qn_chain *small_chain(const char *ticker, int expiries, int64_t strikes)
{
    static qn_quote quotes[QUOTES];
    const int32_t days[] = {MONTH - 60, MONTH, YEAR};
    int64_t n = 0;
    for (int i = 0; i < expiries; i++) {
        made_expiry expiry = {.day = days[i],
                              .forward = 101,
                              .rate = .02,
                              .sigma = .25,
                              .first_strike = 90,
                              .step = 5,
                              .strikes = strikes};
        if (i == 0)
            expiry.day = MONTH;
        int64_t from = n;
        n += made_quotes(quotes + n, &market, &expiry);
        for (; from < n; from++)
            quotes[from].expiry = days[i]; /* the first has passed: a warning */
    }
    return made_chain(ticker, quotes, n, &market);
}

static qn_status make_surface(const qn_allocator *allocator, void *user)
{
    qn_surface_options options;
    qn_surface_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_error err;
    qn_surface *surface;
    qn_status s = qn_surface_new(&surface, user, &options, &err);
    assert_true((surface != NULL) == (s == QN_OK));
    qn_surface_free(surface);
    return s;
}

static void no_allocation_of_a_european_surface_may_be_missed(void **state)
{
    (void)state;
    qn_chain *chain = small_chain("SPX", 3, 7);
    assert_true(test_fault_sweep(make_surface, chain, 10000) > 8);
    qn_chain_free(chain);
}

static void no_allocation_of_an_american_surface_may_be_missed(void **state)
{
    (void)state;
    qn_chain *chain = small_chain("AAPL", 2, 3);
    assert_true(test_fault_sweep(make_surface, chain, 10000) > 8);
    qn_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_of_a_european_surface_may_be_missed),
        cmocka_unit_test(no_allocation_of_an_american_surface_may_be_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
