/* Implied volatilities of European options: known values, every status, bounds, columns and where results go. */
#include "harness/harness.h"

#include <quern/black.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

enum {
    MANY = 333
};

static qn_option_status one(double *sigma, double price, double forward, double strike, double years,
                            qn_option_type type)
{
    return qn_black_implied_one(sigma, price, forward, strike, years, type);
}

static void status_is(qn_option_status expected, double price, double forward, double strike, double years,
                      qn_option_type type)
{
    double sigma = 1;
    qn_option_status got = one(&sigma, price, forward, strike, years, type);
    if (got != expected)
        fail_msg("price %g, forward %g, strike %g, years %g: %s, not %s", price, forward, strike, years,
                 qn_option_status_name(got), qn_option_status_name(expected));
    assert_true(isnan(sigma));
}

/* Haug, "The complete guide to option pricing formulas", 2007; at the money the exact price is F (2 Phi(s/2) - 1). */
static void textbook_prices_give_their_volatilities(void **state)
{
    (void)state;
    double sigma;
    assert_int_equal(one(&sigma, 5.637197779701664, 100, 100, 0.5, QN_CALL), QN_OPTION_OK);
    assert_close(sigma, 0.2, 4 * DBL_EPSILON, 0);
    assert_int_equal(one(&sigma, 5.637197779701664, 100, 100, 0.5, QN_PUT), QN_OPTION_OK);
    assert_close(sigma, 0.2, 4 * DBL_EPSILON, 0);
    assert_int_equal(one(&sigma, 100 * erf(0.5 / sqrt(8)), 100, 100, 0.25, QN_CALL), QN_OPTION_OK);
    assert_close(sigma, 1, 4 * DBL_EPSILON, 0);

    qn_option_batch b;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    double spot = 60, strike = 65, years = 0.25, rate = 0.08, price = 2.1334;
    b.count = 1;
    b.spot = (qn_numbers){&spot, 0};
    b.strike = (qn_numbers){&strike, 0};
    b.years = (qn_numbers){&years, 0};
    b.rate = (qn_numbers){&rate, 0};
    qn_error err;
    uint8_t status;
    assert_ok(qn_black_implied(&sigma, &status, &b, &price, false, &err), &err);
    assert_int_equal(status, QN_OPTION_OK);
    assert_close(sigma, 0.3, 0, 5e-5 / 11); /* half the last digit over vega */
    double spot_2 = 100, strike_2 = 95, years_2 = 0.5, rate_2 = 0.1, yield_2 = 0.05, price_2 = 2.4648;
    b.type = QN_PUT;
    b.spot = (qn_numbers){&spot_2, 0};
    b.strike = (qn_numbers){&strike_2, 0};
    b.years = (qn_numbers){&years_2, 0};
    b.rate = (qn_numbers){&rate_2, 0};
    b.yield = (qn_numbers){&yield_2, 0};
    assert_ok(qn_black_implied(&sigma, &status, &b, &price_2, false, &err), &err);
    assert_close(sigma, 0.2, 0, 5e-5 / 23);
}

static void quotes_without_a_volatility_say_why(void **state)
{
    (void)state;
    status_is(QN_OPTION_BELOW_INTRINSIC, 9.99, 110, 100, 1, QN_CALL);
    status_is(QN_OPTION_BELOW_INTRINSIC, 9.99, 100, 110, 1, QN_PUT);
    status_is(QN_OPTION_BELOW_INTRINSIC, 0, 110, 100, 1, QN_CALL);
    status_is(QN_OPTION_AT_INTRINSIC, 10, 110, 100, 1, QN_CALL);
    status_is(QN_OPTION_AT_INTRINSIC, 10, 100, 110, 1, QN_PUT);
    status_is(QN_OPTION_AT_INTRINSIC, 0.3 - 0.1, 0.3, 0.1, 1, QN_CALL); /* the difference is not exact */
    status_is(QN_OPTION_AT_INTRINSIC, 0, 100, 110, 1, QN_CALL);
    status_is(QN_OPTION_AT_INTRINSIC, -0.0, 100, 100, 1, QN_PUT);
    status_is(QN_OPTION_ABOVE_MAXIMUM, 100, 100, 110, 1, QN_CALL);
    status_is(QN_OPTION_ABOVE_MAXIMUM, 110, 100, 110, 1, QN_PUT);
    status_is(QN_OPTION_ABOVE_MAXIMUM, 1e300, 100, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_PRICE, -1, 100, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_PRICE, -0x1p-1074, 100, 110, 1, QN_PUT);
    status_is(QN_OPTION_BAD_PRICE, NAN, 100, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_PRICE, INFINITY, 100, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_PRICE, NAN, 100, 110, 0, QN_CALL);
    status_is(QN_OPTION_EXPIRED, 5, 100, 110, 0, QN_CALL);
    status_is(QN_OPTION_EXPIRED, 5, 100, 110, -0.0, QN_CALL);
    status_is(QN_OPTION_EXPIRED, 10, 110, 100, -1, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, NAN, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, 100, NAN, 1, QN_PUT);
    status_is(QN_OPTION_BAD_INPUT, 5, 100, 110, NAN, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, INFINITY, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, 100, 110, INFINITY, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, 0, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, 100, 0, 1, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, -100, 110, 1, QN_CALL);
    status_is(QN_OPTION_BAD_INPUT, 5, 100, -110, 1, QN_PUT);
    status_is(QN_OPTION_BAD_INPUT, NAN, NAN, NAN, NAN, QN_PUT);
    status_is(QN_OPTION_BAD_INPUT, 5, 100, 110, 1, (qn_option_type)0);
    status_is(QN_OPTION_BAD_INPUT, 5, 100, 110, 1, (qn_option_type)2);
}

/* One unit in the last place of a bound is a quote like any other. Volatilities by mpmath with 50 digits. */
static void the_bounds_themselves_are_the_only_prices_without(void **state)
{
    (void)state;
    double sigma;
    assert_int_equal(one(&sigma, nextafter(10, 11), 110, 100, 1, QN_CALL), QN_OPTION_OK);
    assert_close(sigma, 0.01247233522804127216, 4 * DBL_EPSILON, 0);
    assert_int_equal(one(&sigma, nextafter(100, 0), 100, 110, 1, QN_CALL), QN_OPTION_OK);
    assert_close(sigma, 16.537277111056186831, 4 * DBL_EPSILON, 0);
    assert_int_equal(one(&sigma, 0x1p-1074, 100, 110, 1, QN_CALL), QN_OPTION_OK);
    assert_close(sigma, 0.0024860821818948893151, 4 * DBL_EPSILON, 0);
}

static void the_nearest_volatility_is_written_where_it_is_asked_for(void **state)
{
    (void)state;
    const double forward = 100, strike = 90, years = 1;
    const double price[] = {9, 10, 12, 100, 200, -1, NAN};
    const double expected[] = {0, 0, -1, INFINITY, INFINITY, NAN, NAN};
    double sigma[7];
    qn_option_batch b;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    b.count = 7;
    b.forward = (qn_numbers){&forward, 0};
    b.strike = (qn_numbers){&strike, 0};
    b.years = (qn_numbers){&years, 0};
    qn_error err;
    assert_ok(qn_black_implied(sigma, NULL, &b, price, true, &err), &err);
    for (int i = 0; i < 7; i++) {
        if (expected[i] >= 0)
            assert_true(sigma[i] == expected[i]);
        else
            assert_true(isnan(expected[i]) ? isnan(sigma[i]) : sigma[i] > 0 && sigma[i] < 1);
    }
}

/* The volatility depends on F, K and the price only by their ratios: powers of 2 change no bit. */
static void huge_and_tiny_strikes_are_like_others(void **state)
{
    (void)state;
    double plain, scaled;
    assert_int_equal(one(&plain, 5, 100, 110, 1, QN_CALL), QN_OPTION_OK);
    for (int power = -900; power <= 1000; power += 100) {
        assert_int_equal(one(&scaled, ldexp(5, power), ldexp(100, power), ldexp(110, power), 1, QN_CALL), QN_OPTION_OK);
        assert_close(scaled, plain, 4 * DBL_EPSILON, 0);
    }
    assert_int_equal(one(&plain, 1e-290, 1e-300, 1e300, 1, QN_CALL), QN_OPTION_ABOVE_MAXIMUM);
    assert_int_equal(one(&plain, 1e-301, 1e-300, 1e300, 1, QN_CALL), QN_OPTION_OK); /* by mpmath */
    assert_close(plain, 51.318065204953856248, 4 * DBL_EPSILON, 0);
    assert_int_equal(one(&plain, 9e-301, 1e-300, 1e300, 1, QN_CALL), QN_OPTION_OK);
    assert_close(plain, 53.88163151070351161, 4 * DBL_EPSILON, 0);
}

/* Quotes of all kinds, good and bad. */
typedef struct quotes {
    double forward[MANY], strike[MANY], years[MANY], rate[MANY], price[MANY];
    int8_t types[MANY];
} quotes;

static void fill(quotes *q)
{
    static const double odd[] = {0, -1, NAN, INFINITY, 1e300, 1e-300, 100, 10};
    uint64_t seed = test_seed(11);
    for (int i = 0; i < MANY; i++) {
        q->forward[i] = 50 + 100 * test_random_unit(&seed);
        q->strike[i] = 50 + 100 * test_random_unit(&seed);
        q->years[i] = 2 * test_random_unit(&seed);
        q->rate[i] = 0.1 * test_random_unit(&seed);
        q->price[i] = 60 * test_random_unit(&seed);
        q->types[i] = test_random_below(&seed, 2) == 0 ? QN_CALL : QN_PUT;
        if (test_random_below(&seed, 6) == 0) {
            double *columns[] = {q->forward, q->strike, q->years, q->rate, q->price};
            columns[test_random_below(&seed, 5)][i] = odd[test_random_below(&seed, 8)];
        }
    }
}

static qn_option_batch batch_of(const quotes *q, int64_t first, int64_t count, bool rates)
{
    qn_option_batch b;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    b.count = count;
    b.types = q->types + first;
    b.forward = (qn_numbers){q->forward + first, 1};
    b.strike = (qn_numbers){q->strike + first, 1};
    b.years = (qn_numbers){q->years + first, 1};
    if (rates)
        b.rate = (qn_numbers){q->rate + first, 1};
    return b;
}

static void same(const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(isnan(a[i]) && isnan(b[i])) && memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%d: %a and %a", (int)i, a[i], b[i]);
}

static void a_batch_gives_the_bits_of_its_options_at_every_level_and_cut(void **state)
{
    (void)state;
    static quotes q;
    double alone[MANY], sigma[MANY];
    uint8_t status_alone[MANY], status[MANY];
    qn_error err;
    fill(&q);
    for (int i = 0; i < MANY; i++)
        status_alone[i] =
            (uint8_t)one(&alone[i], q.price[i], q.forward[i], q.strike[i], q.years[i], (qn_option_type)q.types[i]);
    for (int level = 0; level <= qni_cpu_best(); level++) {
        setenv("QUERN_CPU", qni_cpu_name(level), 1);
        for (int64_t first = 0; first < 9; first++) {
            for (int64_t count = 0; count < MANY - first; count += 1 + count / 4) {
                qn_option_batch b = batch_of(&q, first, count, false);
                assert_ok(qn_black_implied(sigma, status, &b, q.price + first, false, &err), &err);
                same(sigma, alone + first, count);
                assert_memory_equal(status, status_alone + first, (size_t)count);
            }
        }
    }
    unsetenv("QUERN_CPU");
}

static void the_result_may_be_any_column(void **state)
{
    (void)state;
    static quotes q, copy;
    double sigma[MANY];
    uint8_t status[MANY];
    qn_error err;
    fill(&q);
    qn_option_batch b = batch_of(&q, 0, MANY, true);
    assert_ok(qn_black_implied(sigma, status, &b, q.price, false, &err), &err);
    double *columns[] = {copy.forward, copy.strike, copy.years, copy.rate, copy.price};
    for (int k = 0; k < 5; k++) {
        copy = q;
        b = batch_of(&copy, 0, MANY, true);
        assert_ok(qn_black_implied(columns[k], NULL, &b, copy.price, false, &err), &err);
        same(columns[k], sigma, MANY);
    }
}

/* qn_black_price at sigma 0 writes what is at the intrinsic value, discounted in the same way. */
static void the_price_at_volatility_0_is_at_intrinsic(void **state)
{
    (void)state;
    static quotes q;
    double sigma[MANY], zero = 0;
    uint8_t status[MANY];
    qn_error err;
    fill(&q);
    for (int spot = 0; spot < 2; spot++) {
        qn_option_batch b = batch_of(&q, 0, MANY, true);
        if (spot) {
            b.spot = b.forward;
            b.forward = (qn_numbers){NULL, 0};
        }
        b.sigma = (qn_numbers){&zero, 0};
        qn_option_results r;
        qn_option_results_init(&r, (int64_t)sizeof r);
        double price[MANY];
        uint8_t priced[MANY];
        r.price = price;
        r.status = priced;
        assert_ok(qn_black_price(&r, &b, &err), &err);
        assert_ok(qn_black_implied(sigma, status, &b, price, false, &err), &err);
        for (int i = 0; i < MANY; i++)
            if (priced[i] == QN_OPTION_OK && q.years[i] > 0 &&
                q.rate[i] * q.years[i] < 30) /* else hardly anything is left of both */
                if (status[i] != QN_OPTION_AT_INTRINSIC)
                    fail_msg("%d: %s: price %a, underlying %a, strike %a, years %a, rate %a", i,
                             qn_option_status_name((qn_option_status)status[i]), price[i], q.forward[i], q.strike[i],
                             q.years[i], q.rate[i]);
    }
}

static void batches_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static quotes q;
    double sigma[MANY];
    qn_error err;
    fill(&q);
    qn_option_batch b = batch_of(&q, 0, MANY, false);
    b.spot = b.forward;
    assert_int_equal(qn_black_implied(sigma, NULL, &b, q.price, false, &err), QN_INVALID);
    b = batch_of(&q, 0, MANY, false);
    assert_int_equal(qn_black_implied(sigma, NULL, &b, NULL, false, &err), QN_INVALID);
    assert_contains(err.message, "price");
    setenv("QUERN_CPU", "none", 1);
    assert_int_equal(qn_black_implied(sigma, NULL, &b, q.price, false, &err), QN_CONFIG);
    unsetenv("QUERN_CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(textbook_prices_give_their_volatilities),
        cmocka_unit_test(quotes_without_a_volatility_say_why),
        cmocka_unit_test(the_bounds_themselves_are_the_only_prices_without),
        cmocka_unit_test(the_nearest_volatility_is_written_where_it_is_asked_for),
        cmocka_unit_test(huge_and_tiny_strikes_are_like_others),
        cmocka_unit_test(a_batch_gives_the_bits_of_its_options_at_every_level_and_cut),
        cmocka_unit_test(the_result_may_be_any_column),
        cmocka_unit_test(the_price_at_volatility_0_is_at_intrinsic),
        cmocka_unit_test(batches_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
