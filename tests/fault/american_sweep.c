/* Every allocation of pricing American options and of their volatilities fails in turn: nothing leaks. */
#include "harness/harness.h"

#include <quern/american.h>

enum {
    COUNT = 66 /* more than a piece, so that two threads have something to do */
};

typedef struct setting {
    const qn_dividend *dividends;
    int64_t dividend_count;
    int64_t count;
    qn_threads *threads;
} setting;

static qn_status price_and_back(const qn_allocator *allocator, void *user)
{
    const setting *given = user;
    static const double spot = 95, strike = 100, years = 0.75, rate = 0.05, yield = 0.03;
    static double sigmas[COUNT], prices[COUNT], volga[COUNT];
    for (int i = 0; i < COUNT; i++)
        sigmas[i] = 0.1 + 0.003 * i;
    qn_option_batch b;
    qn_option_batch_init(&b, sizeof b);
    b.count = given->count;
    b.type = QN_PUT;
    b.spot = (qn_numbers){&spot, 0};
    b.strike = (qn_numbers){&strike, 0};
    b.years = (qn_numbers){&years, 0};
    b.rate = (qn_numbers){&rate, 0};
    b.yield = (qn_numbers){&yield, 0};
    b.sigma = (qn_numbers){sigmas, 1};
    qn_option_results r;
    qn_option_results_init(&r, sizeof r);
    r.price = prices;
    r.volga = volga;
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.dividends = given->dividends;
    options.dividend_count = given->dividend_count;
    options.threads = given->threads;
    qn_error err;
    qn_status s = qn_american_price(&r, &b, &options, &err);
    if (s == QN_OK)
        s = qn_american_implied(sigmas, NULL, &b, prices, true, &options, &err);
    return s;
}

static void collocation_survives_every_failed_allocation(void **state)
{
    (void)state;
    setting alone = {.count = 2};
    assert_true(test_fault_sweep(price_and_back, &alone, 1000) > 14);
}

static void grids_survive_every_failed_allocation(void **state)
{
    (void)state;
    static const qn_dividend dividends[] = {{0.2, 1}, {0.5, 1}};
    setting cash = {.dividends = dividends, .dividend_count = 2, .count = 2};
    assert_true(test_fault_sweep(price_and_back, &cash, 1000) > 8);
}

static void threads_survive_every_failed_allocation(void **state)
{
    (void)state;
    setting shared = {.count = COUNT};
    assert_ok(qn_threads_new(&shared.threads, 2, NULL, NULL), NULL);
    assert_true(test_fault_sweep(price_and_back, &shared, 1000) > 14);
    qn_threads_free(shared.threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collocation_survives_every_failed_allocation),
        cmocka_unit_test(grids_survive_every_failed_allocation),
        cmocka_unit_test(threads_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
