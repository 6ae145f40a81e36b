/* Prices and derivatives of European options beside MPFR with 250 bits, over all of the Black function: near the money
 * and far out, volatilities small and absurd, with forwards, rates and spots.
 *
 * What is asserted, eps = 2^-52, is a relative error of at most k eps (1 + d1^2 + s) with s = sigma sqrt(T) and d1 that
 * of the option out of the money: a price is no better conditioned than that by its sigma and its forward. A sum is
 * measured by the sizes of its terms. With a spot, ln(F / K) is itself a sum, whose error moves everything. */
#include "harness/harness.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <string.h>

#include <quern/black.h>

enum {
    BITS = 250,
    TERMS = 12,
    RESULTS = 9
};

/* In units of eps (1 + d1^2 + s), with a forward and with a spot; twice what random points usually show. */
static const double allowed[2][RESULTS] = {{8, 8, 8, 8, 8, 8, 8, 8, 8}, {8, 8, 8, 8, 8, 8, 8, 8, 8}};

static const char *const names[RESULTS] = {"price", "delta", "gamma", "vega", "theta",
                                           "rho",   "vanna", "volga", "charm"};

typedef struct point {
    double underlying, strike, years, rate, yield, sigma;
    int8_t type;
    bool spot;
} point;

/* The exact results; `size` is the sum of the sizes of each one's terms; `loss` what is known of d1. */
typedef struct exact {
    double value[RESULTS], size[RESULTS], loss;
} exact;

static mpfr_t a[TERMS], two, root_two;

static void begin(void)
{
    for (int i = 0; i < TERMS; i++)
        mpfr_init2(a[i], BITS);
    mpfr_inits2(BITS, two, root_two, (mpfr_ptr)NULL);
    mpfr_set_ui(two, 2, MPFR_RNDN);
    mpfr_sqrt(root_two, two, MPFR_RNDN);
}

static void end(void)
{
    for (int i = 0; i < TERMS; i++)
        mpfr_clear(a[i]);
    mpfr_clears(two, root_two, (mpfr_ptr)NULL);
    mpfr_free_cache();
}

/* Phi(sign z) */
static void distribution(mpfr_t out, const mpfr_t z, int sign)
{
    mpfr_div(out, z, root_two, MPFR_RNDN);
    mpfr_mul_si(out, out, -sign, MPFR_RNDN);
    mpfr_erfc(out, out, MPFR_RNDN);
    mpfr_div_ui(out, out, 2, MPFR_RNDN);
}

static void density(mpfr_t out, const mpfr_t z)
{
    mpfr_sqr(out, z, MPFR_RNDN);
    mpfr_div_si(out, out, -2, MPFR_RNDN);
    mpfr_exp(out, out, MPFR_RNDN);
    mpfr_const_pi(a[TERMS - 1], MPFR_RNDN);
    mpfr_mul_ui(a[TERMS - 1], a[TERMS - 1], 2, MPFR_RNDN);
    mpfr_sqrt(a[TERMS - 1], a[TERMS - 1], MPFR_RNDN);
    mpfr_div(out, out, a[TERMS - 1], MPFR_RNDN);
}

/* exp(-rate years) times x */
static void discounted(mpfr_t out, double x, double rate, double years)
{
    mpfr_set_d(out, -rate, MPFR_RNDN);
    mpfr_mul_d(out, out, years, MPFR_RNDN);
    mpfr_exp(out, out, MPFR_RNDN);
    mpfr_mul_d(out, out, x, MPFR_RNDN);
}

static double number(const mpfr_t x)
{
    return mpfr_get_d(x, MPFR_RNDN);
}

static void set(exact *e, int k, double value, double size)
{
    e->value[k] = value;
    e->size[k] = size;
}

/* Everything but the price and delta is made of these doubles, each rounded once. */
static void derivatives(exact *e, const point *p, double q, double d1, double d2, double s)
{
    double price = e->value[0], delta = e->value[1], x = p->underlying, t = p->years;
    double carry = p->spot ? p->rate - p->yield : 0, kept = p->spot ? p->yield : p->rate;
    double far = fabs(d1) + s + (p->spot ? 1 : 0); /* with a spot, d1 and d2 have an absolute error */
    double decay = q * p->sigma / (2 * sqrt(t)), share = p->spot ? x * delta : 0;
    set(e, 2, q / (x * x * s), q / (x * x * s));
    set(e, 3, q * sqrt(t), q * sqrt(t));
    set(e, 4, p->rate * price - carry * share - decay, fabs(p->rate * price) + fabs(carry * share) + decay);
    set(e, 5, t * (share - price), t * (fabs(share) + price));
    set(e, 6, -q / x * d2 / p->sigma, q / x * far / p->sigma);
    set(e, 7, q * sqrt(t) * d1 * d2 / p->sigma, q * sqrt(t) * far * far / p->sigma);
    set(e, 8, kept * delta + q / x * (d2 / (2 * t) - carry / s),
        fabs(kept * delta) + q / x * (far / (2 * t) + fabs(carry) / s));
}

static void exactly(exact *e, const point *p)
{
    mpfr_set_d(a[0], p->underlying, MPFR_RNDN);
    mpfr_div_d(a[0], a[0], p->strike, MPFR_RNDN);
    mpfr_log(a[0], a[0], MPFR_RNDN);
    double logarithm = number(a[0]);
    mpfr_set_d(a[1], p->spot ? p->rate : 0, MPFR_RNDN);
    mpfr_sub_d(a[1], a[1], p->spot ? p->yield : 0, MPFR_RNDN);
    mpfr_mul_d(a[1], a[1], p->years, MPFR_RNDN);
    mpfr_add(a[0], a[0], a[1], MPFR_RNDN); /* ln(F / K) */
    mpfr_set_d(a[1], p->years, MPFR_RNDN);
    mpfr_sqrt(a[1], a[1], MPFR_RNDN);
    mpfr_mul_d(a[1], a[1], p->sigma, MPFR_RNDN); /* s */
    mpfr_div(a[2], a[0], a[1], MPFR_RNDN);
    mpfr_div_ui(a[3], a[1], 2, MPFR_RNDN);
    mpfr_sub(a[4], a[2], a[3], MPFR_RNDN); /* d2 */
    mpfr_add(a[3], a[2], a[3], MPFR_RNDN); /* d1 */
    discounted(a[5], p->underlying, p->spot ? p->yield : p->rate, p->years);
    discounted(a[6], p->strike, p->rate, p->years);
    distribution(a[7], a[3], p->type);
    distribution(a[8], a[4], p->type);
    mpfr_mul(a[9], a[5], a[7], MPFR_RNDN);
    mpfr_mul(a[10], a[6], a[8], MPFR_RNDN);
    mpfr_sub(a[9], a[9], a[10], MPFR_RNDN);
    mpfr_mul_si(a[9], a[9], p->type, MPFR_RNDN);
    set(e, 0, number(a[9]), number(a[9]));
    mpfr_mul(a[7], a[7], a[5], MPFR_RNDN);
    mpfr_div_d(a[7], a[7], p->underlying, MPFR_RNDN);
    set(e, 1, p->type * number(a[7]), number(a[7]));
    density(a[7], a[3]);
    mpfr_mul(a[7], a[7], a[5], MPFR_RNDN);
    double s = number(a[1]), d1 = number(a[3]), d2 = number(a[4]), out1 = s / 2 - fabs(number(a[2]));
    derivatives(e, p, number(a[7]), d1, d2, s);
    /* d1 of the option out of the money, which the error of a sum ln(S / K) + (r - q) T moves by itself / s */
    double moved = p->spot ? (fabs(logarithm) + (fabs(p->rate) + fabs(p->yield)) * p->years) / s : 0;
    e->loss = 1 + out1 * out1 + s + moved * (1 + fabs(out1));
}

/* s from 1e-7 to 10, more seldom to 60; d1 of the option out of the money from -37 on. */
static point random_point(uint64_t *random)
{
    point p;
    p.spot = test_random_below(random, 3) == 0;
    p.type = test_random_below(random, 2) == 0 ? QN_CALL : QN_PUT;
    p.years = exp(log(1e-4) + log(3e5) * test_random_unit(random));
    double s = test_random_below(random, 20) == 0 ? 60 * test_random_unit(random)
                                                  : exp(log(1e-7) + log(1e8) * test_random_unit(random));
    double nearest = s / 2, d1;
    switch (test_random_below(random, 4)) {
    case 0:
        d1 = nearest - 3 * test_random_unit(random);
        break;
    case 1:
        d1 = nearest - exp(-20 * test_random_unit(random)) * fmin(1, s);
        break;
    default:
        d1 = nearest - (nearest + 37) * test_random_unit(random);
    }
    double x = fmax(s * d1 - s * s / 2, -200);
    p.sigma = s / sqrt(p.years);
    p.rate = test_random_below(random, 3) == 0 ? 0 : 0.25 * test_random_unit(random) - 0.05;
    p.yield = p.spot && test_random_below(random, 2) == 0 ? 0.1 * test_random_unit(random) : 0;
    p.strike = exp(log(1e-3) + log(1e9) * test_random_unit(random));
    double carried = p.spot ? (p.rate - p.yield) * p.years : 0;
    p.underlying = p.strike * exp((test_random_below(random, 2) == 0 ? x : -x) - carried);
    return p;
}

static double greatest[2][RESULTS];

static void price_one(double results[RESULTS], const point *p)
{
    qn_option_batch b;
    qn_option_results r;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    qn_option_results_init(&r, (int64_t)sizeof r);
    uint8_t status;
    b.count = 1;
    b.types = &p->type;
    *(p->spot ? &b.spot : &b.forward) = (qn_numbers){&p->underlying, 0};
    b.strike = (qn_numbers){&p->strike, 0};
    b.years = (qn_numbers){&p->years, 0};
    b.rate = (qn_numbers){&p->rate, 0};
    b.yield = (qn_numbers){p->spot ? &p->yield : NULL, 0};
    b.sigma = (qn_numbers){&p->sigma, 0};
    double **fields[RESULTS] = {&r.price, &r.delta, &r.gamma, &r.vega, &r.theta, &r.rho, &r.vanna, &r.volga, &r.charm};
    for (int k = 0; k < RESULTS; k++)
        *fields[k] = results + k;
    r.status = &status;
    qn_error err;
    assert_ok(qn_black_price(&r, &b, &err), &err);
    assert_int_equal(status, QN_OPTION_OK);
}

static void compare(const point *p)
{
    exact e;
    double got[RESULTS];
    exactly(&e, p);
    price_one(got, p);
    for (int k = 0; k < RESULTS; k++) {
        if (e.value[0] < 1e-280 || e.size[3] < 1e-280 || e.size[k] < 1e-280) /* digits are lost on the way */
            continue;
        double error = fabs(got[k] - e.value[k]) / (DBL_EPSILON * e.loss * e.size[k]);
        if (!(error <= greatest[p->spot][k]))
            greatest[p->spot][k] = error;
        if (!(error <= allowed[p->spot][k]))
            fail_msg(
                "%s of %s %s %a strike %a years %a rate %a yield %a sigma %a: %a, exact is %a: %.1f times eps (1 + "
                "d1^2 + s), which is %.3g",
                names[k], p->type == QN_CALL ? "call" : "put", p->spot ? "spot" : "forward", p->underlying, p->strike,
                p->years, p->rate, p->yield, p->sigma, got[k], e.value[k], error, DBL_EPSILON * e.loss);
    }
}

static void results_are_exact_but_for_a_few_units(void **state)
{
    (void)state;
    uint64_t random = test_seed(60);
    int64_t points = test_effort(1500, 500000);
    begin();
    for (int64_t i = 0; i < points; i++) {
        point p = random_point(&random);
        compare(&p);
    }
    end();
    for (int k = 0; k < RESULTS; k++)
        printf("%s: %.2f with a forward, %.2f with a spot\n", names[k], greatest[0][k], greatest[1][k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_exact_but_for_a_few_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
