/* What holds for the price of any European option: bounds, parity, monotony in volatility and strike, homogeneity; and
 * that derivatives of the one kind are those of the other. */
#include "harness/harness.h"

#include <quern/black.h>

#include <float.h>
#include <math.h>

/* Relative errors of two prices of options near the money, and of those out to d1 = -8. */
static const double tolerance = 64 * 8 * DBL_EPSILON;

typedef struct option {
    double forward, strike, years, sigma;
} option;

static option draw(uint64_t *random)
{
    option o = {.forward = exp(10 * test_random_unit(random) - 5), .years = 5 * test_random_unit(random) + 1e-3};
    o.sigma = exp(log(0.01) + log(200) * test_random_unit(random));
    double d = 14 * test_random_unit(random) - 7, s = o.sigma * sqrt(o.years);
    o.strike = o.forward * exp(-s * d);
    return o;
}

static double priced(option o, qn_option_type type)
{
    return qn_black(o.forward, o.strike, o.years, o.sigma, type);
}

static void prices_keep_their_bounds_and_parity(void **state)
{
    (void)state;
    uint64_t random = test_seed(64);
    for (int64_t i = test_effort(20000, 2000000); i > 0; i--) {
        option o = draw(&random);
        double call = priced(o, QN_CALL), put = priced(o, QN_PUT), apart = o.forward - o.strike;
        assert_true(call >= 0 && call >= apart && call <= o.forward);
        assert_true(put >= 0 && put >= -apart && put <= o.strike);
        /* The one is the other and the distance, rounded once. */
        double higher = fmax(call, put), lower = fmin(call, put);
        assert_close(higher, lower + fabs(apart), DBL_EPSILON, 0);
    }
}

static void prices_rise_with_volatility_and_fall_with_the_strike(void **state)
{
    (void)state;
    uint64_t random = test_seed(65);
    for (int64_t i = test_effort(20000, 2000000); i > 0; i--) {
        option o = draw(&random), higher = o, dearer = o;
        higher.sigma *= 1 + 1e-3 * test_random_unit(&random);
        dearer.strike *= 1 + 1e-3 * test_random_unit(&random);
        double call = priced(o, QN_CALL), put = priced(o, QN_PUT);
        assert_true(priced(higher, QN_CALL) >= call * (1 - tolerance));
        assert_true(priced(higher, QN_PUT) >= put * (1 - tolerance));
        assert_true(priced(dearer, QN_CALL) <= call * (1 + tolerance));
        assert_true(priced(dearer, QN_PUT) >= put * (1 - tolerance));
    }
}

static void a_price_grows_with_forward_and_strike_together(void **state)
{
    (void)state;
    uint64_t random = test_seed(66);
    for (int64_t i = test_effort(20000, 2000000); i > 0; i--) {
        option o = draw(&random), twice = o, thrice = o;
        double call = priced(o, QN_CALL);
        twice.forward *= 2;
        twice.strike *= 2;
        assert_true(priced(twice, QN_CALL) == 2 * call);
        thrice.years /= 4;
        thrice.sigma *= 2;
        assert_close(priced(thrice, QN_CALL), call, tolerance, 0); /* sigma sqrt(T) is what counts */
    }
}

/* A call on F at K is a put on K at F. */
static void a_call_is_a_put_on_the_strike(void **state)
{
    (void)state;
    uint64_t random = test_seed(67);
    for (int64_t i = test_effort(20000, 2000000); i > 0; i--) {
        option o = draw(&random), turned = o;
        turned.forward = o.strike;
        turned.strike = o.forward;
        assert_close(priced(turned, QN_PUT), priced(o, QN_CALL), tolerance, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_keep_their_bounds_and_parity),
        cmocka_unit_test(prices_rise_with_volatility_and_fall_with_the_strike),
        cmocka_unit_test(a_price_grows_with_forward_and_strike_together),
        cmocka_unit_test(a_call_is_a_put_on_the_strike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
