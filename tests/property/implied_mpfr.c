/* Implied volatilities beside MPFR with 320 bits: quotes of every region, calls and puts, in and out of the money, with
 * forwards, rates and spots. The exact volatility is one Newton step away from ours.
 *
 * Without rates the error is at most 4.5 ULP of the volatility that the very numbers of the quote have. With rates, the
 * discount factors are rounded before, and so an error is also 4 eps of the price and of what the carry changes, over
 * how the price follows the volatility: that much any rounding of the quote would change. Every processor level of this
 * machine gives the same bits, and a price of the volatility found is the price given. */
#include "harness/harness.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/black.h>

#include "base/cpu.h"

enum {
    BITS = 320,
    TERMS = 10,
    BATCH = 40,
    REGIONS = 9,
    CARRIES = 3
};

static const char *const carries[CARRIES] = {"forward", "forward and rate", "spot"};

typedef struct quotes {
    double underlying[BATCH], strike[BATCH], years[BATCH], rate[BATCH], yield[BATCH], price[BATCH];
    int8_t types[BATCH];
} quotes;

/* What is known of one answer, as relative numbers. */
typedef struct judged {
    double error;
    double condition; /* the relative change of the volatility for a relative change 1 of the price and the carry */
    double s, k;
} judged;

static mpfr_t a[TERMS];

static void distribution(mpfr_t out, const mpfr_t z)
{
    mpfr_sqrt_ui(out, 2, MPFR_RNDN);
    mpfr_div(out, z, out, MPFR_RNDN);
    mpfr_neg(out, out, MPFR_RNDN);
    mpfr_erfc(out, out, MPFR_RNDN);
    mpfr_div_ui(out, out, 2, MPFR_RNDN);
}

/* size exp(-rate years) */
static void present(mpfr_t out, double size, double rate, double years)
{
    mpfr_set_d(out, -rate, MPFR_RNDN);
    mpfr_mul_d(out, out, years, MPFR_RNDN);
    mpfr_exp(out, out, MPFR_RNDN);
    mpfr_mul_d(out, out, size, MPFR_RNDN);
}

static judged judge(const quotes *q, int i, int carry, double sigma)
{
    mpfr_ptr low = a[0], high = a[1], value = a[2], k = a[3], s = a[4], d1 = a[5], d2 = a[6], p1 = a[7], p2 = a[8];
    double rate = carry > 0 ? q->rate[i] : 0, yield = carry > 1 ? q->yield[i] : 0;
    present(low, q->underlying[i], carry > 1 ? yield : rate, q->years[i]);
    present(high, q->strike[i], rate, q->years[i]);
    mpfr_set_d(value, q->price[i], MPFR_RNDN);
    bool above = mpfr_greater_p(low, high), call = q->types[i] == QN_CALL;
    if (above)
        mpfr_swap(low, high);
    if (above == call) {
        mpfr_sub(value, value, high, MPFR_RNDN);
        mpfr_add(value, value, low, MPFR_RNDN);
    }
    mpfr_div(k, high, low, MPFR_RNDN);
    mpfr_log(k, k, MPFR_RNDN);
    mpfr_set_d(s, q->years[i], MPFR_RNDN);
    mpfr_sqrt(s, s, MPFR_RNDN);
    mpfr_mul_d(s, s, sigma, MPFR_RNDN);
    mpfr_div(d1, k, s, MPFR_RNDN);
    mpfr_neg(d1, d1, MPFR_RNDN);
    mpfr_div_ui(d2, s, 2, MPFR_RNDN);
    mpfr_add(d1, d1, d2, MPFR_RNDN);
    mpfr_sub(d2, d1, s, MPFR_RNDN);
    distribution(p1, d1);
    distribution(p2, d2);
    mpfr_mul(p1, p1, low, MPFR_RNDN);
    mpfr_mul(p2, p2, high, MPFR_RNDN);
    mpfr_sub(p2, p1, p2, MPFR_RNDN);
    mpfr_sub(p2, p2, value, MPFR_RNDN);
    /* vega s = low phi(d1) s */
    mpfr_sqr(d2, d1, MPFR_RNDN);
    mpfr_div_si(d2, d2, -2, MPFR_RNDN);
    mpfr_exp(d2, d2, MPFR_RNDN);
    mpfr_mul(d2, d2, low, MPFR_RNDN);
    mpfr_mul(d2, d2, s, MPFR_RNDN);
    mpfr_const_pi(a[9], MPFR_RNDN);
    mpfr_mul_ui(a[9], a[9], 2, MPFR_RNDN);
    mpfr_sqrt(a[9], a[9], MPFR_RNDN);
    mpfr_div(d2, d2, a[9], MPFR_RNDN);
    mpfr_div(p2, p2, d2, MPFR_RNDN);
    mpfr_mul_d(p1, p1, 1 + fabs(rate - yield) * q->years[i], MPFR_RNDN);
    mpfr_add_d(p1, p1, q->price[i], MPFR_RNDN);
    if (carry > 1 && above == call) /* the distance of both is a sum of these */
        mpfr_add_d(p1, p1,
                   q->underlying[i] * fabs(expm1(-yield * q->years[i])) +
                       q->strike[i] * fabs(expm1(-rate * q->years[i])),
                   MPFR_RNDN);
    mpfr_div(p1, p1, d2, MPFR_RNDN);
    return (judged){fabs(mpfr_get_d(p2, MPFR_RNDN)), carry > 0 ? mpfr_get_d(p1, MPFR_RNDN) : 0,
                    mpfr_get_d(s, MPFR_RNDN), mpfr_get_d(k, MPFR_RNDN)};
}

static double between(uint64_t *seed, double least, double most)
{
    return least + (most - least) * test_random_unit(seed);
}

static double powers(uint64_t *seed, double least, double most)
{
    return exp(between(seed, log(least), log(most)));
}

/* ln(K / F) and s of a quote of the region. */
static void place(uint64_t *seed, int region, double *k, double *s)
{
    double sign = test_random_below(seed, 2) == 0 ? 1 : -1;
    switch (region) {
    case 0: /* as chains have them */
        *k = sign * between(seed, 0, 0.3);
        *s = between(seed, 0.02, 0.5);
        break;
    case 1: /* all that is near */
        *k = sign * between(seed, 0, 2);
        *s = powers(seed, 0.03, 1.6);
        break;
    case 2: /* at the money */
        *k = 0;
        *s = powers(seed, 1e-9, 12);
        break;
    case 3: /* days and minutes left */
        *k = sign * powers(seed, 1e-15, 1);
        *s = powers(seed, 1e-15, 1);
        break;
    case 4: /* where regions meet */
        *k = sign * between(seed, 0, 3);
        *s = between(seed, 0.9, 2.2);
        break;
    case 5: /* far out */
        *k = sign * between(seed, 0.7, 9);
        *s = fabs(*k) / between(seed, 0.1, 34);
        break;
    case 6: /* of all sizes */
        *k = sign * powers(seed, 1e-4, 600);
        *s = powers(seed, 1e-4, 60);
        break;
    case 7: /* near the greatest price */
        *k = sign * between(seed, 0, 2);
        *s = between(seed, 4, 60);
        break;
    default: /* far out, near the money */
        *k = sign * between(seed, 1e-3, 1);
        *s = fabs(*k) / between(seed, 2, 37);
    }
}

static bool draw(quotes *q, int i, uint64_t *seed, int region, int carry)
{
    double k, s, price;
    place(seed, region, &k, &s);
    q->years[i] = powers(seed, 0.001, 10);
    q->rate[i] = between(seed, -0.02, 0.1);
    q->yield[i] = between(seed, -0.02, 0.1);
    q->underlying[i] = powers(seed, 0.01, 1e5);
    q->strike[i] = q->underlying[i] * exp(k);
    q->types[i] = test_random_below(seed, 2) == 0 ? QN_CALL : QN_PUT;
    double sigma = s / sqrt(q->years[i]);
    qn_option_batch b;
    qn_option_results r;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    qn_option_results_init(&r, (int64_t)sizeof r);
    b.count = 1;
    b.types = &q->types[i];
    *(carry > 1 ? &b.spot : &b.forward) = (qn_numbers){&q->underlying[i], 1};
    b.strike = (qn_numbers){&q->strike[i], 1};
    b.years = (qn_numbers){&q->years[i], 1};
    b.sigma = (qn_numbers){&sigma, 1};
    if (carry > 0)
        b.rate = (qn_numbers){&q->rate[i], 1};
    if (carry > 1)
        b.yield = (qn_numbers){&q->yield[i], 1};
    r.price = &price;
    qn_error err;
    assert_ok(qn_black_price(&r, &b, &err), &err);
    q->price[i] = price;
    return price > 0;
}

static void solve(double *sigma, uint8_t *status, const quotes *q, int carry, const char *level)
{
    qn_option_batch b;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    b.count = BATCH;
    b.types = q->types;
    *(carry > 1 ? &b.spot : &b.forward) = (qn_numbers){q->underlying, 1};
    b.strike = (qn_numbers){q->strike, 1};
    b.years = (qn_numbers){q->years, 1};
    if (carry > 0)
        b.rate = (qn_numbers){q->rate, 1};
    if (carry > 1)
        b.yield = (qn_numbers){q->yield, 1};
    setenv("QUERN_CPU", level, 1);
    qn_error err;
    assert_ok(qn_black_implied(sigma, status, &b, q->price, false, &err), &err);
    unsetenv("QUERN_CPU");
}

static void check_batch(const quotes *q, int region, int carry, double *worst)
{
    double sigma[BATCH], other[BATCH];
    uint8_t status[BATCH], other_status[BATCH];
    solve(sigma, status, q, carry, qni_cpu_name(qni_cpu_best()));
    for (int level = 0; level < qni_cpu_best(); level++) {
        solve(other, other_status, q, carry, qni_cpu_name(level));
        assert_memory_equal(status, other_status, sizeof status);
        for (int i = 0; i < BATCH; i++)
            if (status[i] == QN_OPTION_OK && memcmp(&sigma[i], &other[i], sizeof(double)) != 0)
                fail_msg("region %d: %a at %s, else %a", region, other[i], qni_cpu_name(level), sigma[i]);
    }
    for (int i = 0; i < BATCH; i++) {
        if (status[i] != QN_OPTION_OK) { /* the price is one of the bounds, as it is rounded */
            assert_in_range(status[i], QN_OPTION_BELOW_INTRINSIC, QN_OPTION_ABOVE_MAXIMUM);
            assert_true(isnan(sigma[i]));
            continue;
        }
        judged j = judge(q, i, carry, sigma[i]);
        double ulp = (nextafter(sigma[i], INFINITY) - sigma[i]) / sigma[i];
        double units = j.error / (ulp + DBL_EPSILON * j.condition);
        if (units > *worst)
            *worst = units;
        if (!(units <= 4.5))
            fail_msg(
                "region %d, %s: price %a of a %s, underlying %a, strike %a, years %a, rate %a, yield %a: %a is off by "
                "%.2f units (s %.3g, k %.3g)",
                region, carries[carry], q->price[i], q->types[i] == QN_CALL ? "call" : "put", q->underlying[i],
                q->strike[i], q->years[i], q->rate[i], q->yield[i], sigma[i], units, j.s, j.k);
    }
}

static void volatilities_are_those_of_320_bits(void **state)
{
    (void)state;
    static quotes q;
    uint64_t seed = test_seed(20260309);
    int64_t rounds = test_effort(1, 250); /* of 40 quotes: 10,000 a region and way of carry */
    for (int region = 0; region < REGIONS; region++) {
        for (int carry = 0; carry < CARRIES; carry++) {
            double worst = 0;
            for (int64_t round = 0; round < rounds; round++) {
                for (int i = 0; i < BATCH; i++)
                    while (!draw(&q, i, &seed, region, carry)) {
                    }
                check_batch(&q, region, carry, &worst);
            }
            printf("region %d, %s: %.2f\n", region, carries[carry], worst);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(volatilities_are_those_of_320_bits)};
    for (int i = 0; i < TERMS; i++)
        mpfr_init2(a[i], BITS);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < TERMS; i++)
        mpfr_clear(a[i]);
    mpfr_free_cache();
    return failed;
}
