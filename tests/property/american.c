/* American exercise on random options: what holds for every price, a second method, volatilities and back, and the same
 * bits at every processor level and for any number of threads. */
#include "harness/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <quern/american.h>
#include <quern/black.h>

#include "base/cpu.h"

enum {
    COUNT = 300 /* some pieces and a part of one */
};

typedef struct columns {
    int8_t type[COUNT];
    double spot[COUNT], strike[COUNT], years[COUNT], rate[COUNT], yield[COUNT], sigma[COUNT];
} columns;

static void fill(columns *c, uint64_t *seed)
{
    for (int i = 0; i < COUNT; i++) {
        c->type[i] = test_random_below(seed, 2) == 0 ? QN_CALL : QN_PUT;
        c->strike[i] = 100;
        c->spot[i] = 100 * exp(0.8 * test_random_unit(seed) - 0.4);
        c->years[i] = 0.003 + 3 * test_random_unit(seed);
        c->sigma[i] = 0.05 + 0.6 * test_random_unit(seed);
        c->rate[i] = 0.1 * test_random_unit(seed);
        c->yield[i] = test_random_below(seed, 3) == 0 ? 0 : 0.1 * test_random_unit(seed);
    }
}

static qn_option_batch batch_of(const columns *c)
{
    qn_option_batch b;
    qn_option_batch_init(&b, sizeof b);
    b.count = COUNT;
    b.types = c->type;
    b.spot = (qn_numbers){c->spot, 1};
    b.strike = (qn_numbers){c->strike, 1};
    b.years = (qn_numbers){c->years, 1};
    b.rate = (qn_numbers){c->rate, 1};
    b.yield = (qn_numbers){c->yield, 1};
    b.sigma = (qn_numbers){c->sigma, 1};
    return b;
}

static void price(double *out, const columns *c, const qn_american_options *options)
{
    qn_option_batch b = batch_of(c);
    qn_option_results r;
    qn_option_results_init(&r, sizeof r);
    uint8_t status[COUNT];
    r.price = out;
    r.status = status;
    qn_error err;
    assert_ok(qn_american_price(&r, &b, options, &err), &err);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(status[i], QN_OPTION_OK);
}

static void prices_keep_their_bounds_and_their_order(void **state)
{
    (void)state;
    uint64_t seed = test_seed(20260213);
    static columns c, more, mirror;
    static double american[COUNT], european[COUNT], higher[COUNT], mirrored[COUNT], strikes[2][COUNT];
    for (int64_t round = test_effort(1, 300); round > 0; round--) {
        fill(&c, &seed);
        price(american, &c, NULL);
        qn_option_batch b = batch_of(&c);
        qn_option_results r;
        qn_option_results_init(&r, sizeof r);
        r.price = european;
        assert_ok(qn_black_price(&r, &b, NULL), NULL);
        more = mirror = c;
        for (int i = 0; i < COUNT; i++) {
            more.sigma[i] *= 1.1;
            mirror.type[i] = (int8_t)-c.type[i];
            mirror.spot[i] = c.strike[i];
            mirror.strike[i] = c.spot[i];
            mirror.rate[i] = c.yield[i];
            mirror.yield[i] = c.rate[i];
        }
        price(higher, &more, NULL);
        price(mirrored, &mirror, NULL);
        for (int side = 0; side < 2; side++) {
            more = c;
            for (int i = 0; i < COUNT; i++)
                more.strike[i] = side == 0 ? 90 : 110;
            price(strikes[side], &more, NULL);
        }
        for (int i = 0; i < COUNT; i++) {
            double pays = fmax(c.type[i] * (c.spot[i] - c.strike[i]), 0);
            assert_true(american[i] >= european[i] - 1e-4);
            assert_true(american[i] >= pays * (1 - 1e-14));
            assert_true(higher[i] >= american[i] - 2e-4);
            assert_close(mirrored[i], american[i], 1e-12, 1e-12);
            assert_true(strikes[0][i] + strikes[1][i] >= 2 * american[i] - 4e-4);
        }
    }
}

/* A dividend of no consequence makes the method another one: a grid. */
static void a_grid_agrees_with_collocation(void **state)
{
    (void)state;
    uint64_t seed = test_seed(41);
    static columns c;
    fill(&c, &seed);
    const qn_dividend nearly_none = {1e-3, 1e-12};
    int64_t count = test_effort(8, COUNT);
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    options.accuracy = 2e-6;
    double exact[COUNT], grid[COUNT];
    qn_option_batch b = batch_of(&c);
    b.count = count;
    qn_option_results r;
    qn_option_results_init(&r, sizeof r);
    r.price = exact;
    assert_ok(qn_american_price(&r, &b, &options, NULL), NULL);
    options.dividends = &nearly_none;
    options.dividend_count = 1;
    r.price = grid;
    assert_ok(qn_american_price(&r, &b, &options, NULL), NULL);
    for (int64_t i = 0; i < count; i++)
        assert_close(grid[i], exact[i], 0, 5e-6 * c.strike[i]);
}

static void volatilities_give_their_prices(void **state)
{
    (void)state;
    uint64_t seed = test_seed(42);
    static columns c;
    static double prices[COUNT], sigma[COUNT], again[COUNT];
    static uint8_t status[COUNT];
    for (int64_t round = test_effort(1, 100); round > 0; round--) {
        fill(&c, &seed);
        price(prices, &c, NULL);
        qn_option_batch b = batch_of(&c);
        assert_ok(qn_american_implied(sigma, status, &b, prices, false, NULL, NULL), NULL);
        for (int i = 0; i < COUNT; i++) {
            double pays = fmax(c.type[i] * (c.spot[i] - c.strike[i]), 0);
            if (status[i] == QN_OPTION_OK)
                c.sigma[i] = sigma[i];
            else /* nothing but what exercise pays is left of the price */
                assert_true(status[i] == QN_OPTION_AT_INTRINSIC && prices[i] <= pays * (1 + 1e-14) + 1e-13);
        }
        price(again, &c, NULL);
        for (int i = 0; i < COUNT; i++)
            assert_close(again[i], prices[i], 0, 2e-5);
    }
}

typedef struct everything {
    double numbers[9][COUNT], sigma[COUNT];
    uint8_t status[2][COUNT];
} everything;

static void compute(everything *out, const columns *c, const qn_american_options *options)
{
    qn_option_batch b = batch_of(c);
    qn_option_results r;
    qn_option_results_init(&r, sizeof r);
    double **fields[] = {&r.price, &r.delta, &r.gamma, &r.vega, &r.theta, &r.rho, &r.vanna, &r.volga, &r.charm};
    for (int k = 0; k < 9; k++)
        *fields[k] = out->numbers[k];
    r.status = out->status[0];
    qn_error err;
    assert_ok(qn_american_price(&r, &b, options, &err), &err);
    assert_ok(qn_american_implied(out->sigma, out->status[1], &b, out->numbers[0], true, options, &err), &err);
}

static void every_level_and_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = test_seed(43);
    static columns c;
    static everything first, other;
    fill(&c, &seed);
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    setenv("QUERN_CPU", "baseline", 1);
    compute(&first, &c, &options);
    for (int level = QNI_CPU_BASELINE; level <= qni_cpu_best(); level++) {
        setenv("QUERN_CPU", qni_cpu_name(level), 1);
        assert_ok(qn_threads_new(&options.threads, 1 + level, NULL, NULL), NULL);
        compute(&other, &c, &options);
        assert_memory_equal(&first, &other, sizeof first);
        qn_threads_free(options.threads);
        options.threads = NULL;
    }
    unsetenv("QUERN_CPU");
    assert_ok(qn_threads_new(&options.threads, 3, NULL, NULL), NULL);
    compute(&other, &c, &options);
    assert_memory_equal(&first, &other, sizeof first);
    qn_threads_free(options.threads);
}

static void an_option_does_not_know_its_neighbours(void **state)
{
    (void)state;
    uint64_t seed = test_seed(44);
    static columns c;
    static double together[COUNT];
    fill(&c, &seed);
    price(together, &c, NULL);
    for (int i = 0; i < COUNT; i += 37) {
        double alone;
        qn_option_batch b = batch_of(&c);
        b.count = 1;
        b.types += i;
        qn_numbers *all[] = {&b.spot, &b.strike, &b.years, &b.rate, &b.yield, &b.sigma};
        for (int k = 0; k < 6; k++)
            all[k]->values += i;
        qn_option_results r;
        qn_option_results_init(&r, sizeof r);
        r.price = &alone;
        assert_ok(qn_american_price(&r, &b, NULL, NULL), NULL);
        assert_memory_equal(&alone, &together[i], sizeof alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_keep_their_bounds_and_their_order),
        cmocka_unit_test(a_grid_agrees_with_collocation),
        cmocka_unit_test(volatilities_give_their_prices),
        cmocka_unit_test(every_level_and_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(an_option_does_not_know_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
