/* Prices and derivatives of European options: values of textbooks, limits, statuses, columns and where results go. */
#include "harness/harness.h"

#include <quern/black.h>

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    RESULTS = 9,
    MANY = 333
};

enum {
    PRICE,
    DELTA,
    GAMMA,
    VEGA,
    THETA,
    RHO,
    VANNA,
    VOLGA,
    CHARM
};

/* An option and its results. */
typedef struct option {
    qn_option_type type;
    double underlying, strike, years, rate, yield, sigma;
    bool spot;
} option;

typedef struct priced {
    double of[RESULTS];
    uint8_t status;
} priced;

static qn_numbers one(const double *value)
{
    return (qn_numbers){value, 0};
}

static qn_numbers each(const double *values)
{
    return (qn_numbers){values, 1};
}

static void wanted(qn_option_results *r, double *out, int64_t stride)
{
    qn_option_results_init(r, (int64_t)sizeof *r);
    double **fields[RESULTS] = {&r->price, &r->delta, &r->gamma, &r->vega, &r->theta,
                                &r->rho,   &r->vanna, &r->volga, &r->charm};
    for (int k = 0; k < RESULTS; k++)
        *fields[k] = out + k * stride;
}

static priced price(option o)
{
    priced p;
    qn_option_batch b;
    qn_option_results r;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    wanted(&r, p.of, 1);
    r.status = &p.status;
    b.count = 1;
    b.type = o.type;
    *(o.spot ? &b.spot : &b.forward) = one(&o.underlying);
    b.strike = one(&o.strike);
    b.years = one(&o.years);
    b.rate = one(&o.rate);
    b.yield = one(o.spot ? &o.yield : NULL);
    b.sigma = one(&o.sigma);
    qn_error err;
    assert_ok(qn_black_price(&r, &b, &err), &err);
    return p;
}

/* E. G. Haug, "The complete guide to option pricing formulas", 2007, chapters 1 and 2: what it prints. */
static void textbook_values_come_out(void **state)
{
    (void)state;
    static const struct {
        option o;
        int result;
        double printed;
    } book[] = {
        {{QN_CALL, 60, 65, 0.25, 0.08, 0, 0.30, true}, PRICE, 2.1334},
        {{QN_PUT, 100, 95, 0.5, 0.10, 0.05, 0.20, true}, PRICE, 2.4648},
        {{QN_CALL, 19, 19, 0.75, 0.10, 0, 0.28, false}, PRICE, 1.7011},
        {{QN_PUT, 19, 19, 0.75, 0.10, 0, 0.28, false}, PRICE, 1.7011},
        {{QN_CALL, 105, 100, 0.5, 0.10, 0, 0.36, false}, DELTA, 0.5946},
        {{QN_PUT, 105, 100, 0.5, 0.10, 0, 0.36, false}, DELTA, -0.3566},
        {{QN_CALL, 55, 60, 0.75, 0.10, 0, 0.30, true}, GAMMA, 0.0278},
        {{QN_CALL, 55, 60, 0.75, 0.10, 0, 0.30, true}, VEGA, 18.9358},
        {{QN_PUT, 430, 405, 1.0 / 12, 0.07, 0.05, 0.20, true}, THETA, -31.1924},
        {{QN_CALL, 72, 75, 1, 0.09, 0, 0.19, true}, RHO, 38.7325},
        {{QN_CALL, 90, 130, 0.75, 0.05, 0, 0.28, false}, VOLGA, 92.3444},
        {{QN_PUT, 105, 90, 0.25, 0.14, 0.14, 0.24, true}, CHARM, 0.3700},
    };
    for (size_t i = 0; i < sizeof book / sizeof book[0]; i++) {
        priced p = price(book[i].o);
        if (!(fabs(p.of[book[i].result] - book[i].printed) <= 0.5e-4))
            fail_msg("row %d: %.6f, the book has %.4f", (int)i, p.of[book[i].result], book[i].printed);
    }
}

/* 2 Phi(s / 2) - 1 = erf(s / sqrt(8)), by mpmath with 50 digits. */
static void options_at_the_money_have_the_price_of_an_error_function(void **state)
{
    (void)state;
    assert_close(qn_black(100, 100, 0.5, 0.2, QN_CALL), 5.637197779701664, 2 * DBL_EPSILON, 0);
    assert_close(qn_black(100, 100, 0.5, 0.2, QN_PUT), 5.637197779701664, 2 * DBL_EPSILON, 0);
    assert_close(qn_black(1, 1, 1, 1e-8, QN_CALL), 3.9894228040143268e-9, 4 * DBL_EPSILON, 0);
    assert_close(qn_black(1, 1, 1, 4, QN_CALL), 0.95449973610364158560, 4 * DBL_EPSILON, 0);
    assert_true(qn_black(1, 1, 1, 100, QN_PUT) == 1);
}

static void parity_holds_for_the_price_by_one(void **state)
{
    (void)state;
    double put = qn_black(100, 120, 1, 0.3, QN_PUT), call = qn_black(100, 120, 1, 0.3, QN_CALL);
    assert_close(put - call, 20, 4 * DBL_EPSILON, 0);
    assert_true(isnan(qn_black(100, 120, -1, 0.3, QN_CALL)));
    assert_true(isnan(qn_black(0, 120, 1, 0.3, QN_CALL)));
    assert_true(isnan(qn_black(100, 120, 1, 0.3, (qn_option_type)0)));
}

/* What is left when volatility or time run out: the derivatives of max(F - K, 0) discounted. */
static void without_volatility_or_time_the_intrinsic_value_is_left(void **state)
{
    (void)state;
    double df = exp(-0.05 * 2);
    priced p = price((option){QN_CALL, 110, 100, 2, 0.05, 0, 0, false});
    assert_int_equal(p.status, QN_OPTION_OK);
    assert_close(p.of[PRICE], 10 * df, 2 * DBL_EPSILON, 0);
    assert_close(p.of[DELTA], df, 2 * DBL_EPSILON, 0);
    assert_close(p.of[THETA], 0.05 * 10 * df, 2 * DBL_EPSILON, 0);
    assert_close(p.of[RHO], -2 * 10 * df, 2 * DBL_EPSILON, 0);
    assert_close(p.of[CHARM], 0.05 * df, 2 * DBL_EPSILON, 0);
    assert_true(p.of[GAMMA] == 0 && p.of[VEGA] == 0 && p.of[VANNA] == 0 && p.of[VOLGA] == 0);
    p = price((option){QN_CALL, 90, 100, 2, 0.05, 0, 0, false});
    for (int k = 0; k < RESULTS; k++)
        assert_true(p.of[k] == 0);
    p = price((option){QN_PUT, 90, 100, 0, 0.05, 0.01, 0.3, true});
    assert_int_equal(p.status, QN_OPTION_OK);
    assert_true(p.of[PRICE] == 10 && p.of[DELTA] == -1 && p.of[GAMMA] == 0 && p.of[VEGA] == 0 && p.of[RHO] == 0);
    assert_close(p.of[THETA], 0.05 * 10 + 0.04 * 90, 2 * DBL_EPSILON, 0); /* r K - q S */
}

/* At the money derivatives have limits that are neither 0 nor 1. */
static void at_the_money_the_limits_are_those_of_the_formulas(void **state)
{
    (void)state;
    const double density = 0.39894228040143267794;
    priced p = price((option){QN_PUT, 100, 100, 4, 0, 0, 0, false});
    assert_true(p.of[PRICE] == 0 && p.of[VOLGA] == 0 && p.of[THETA] == 0 && p.of[CHARM] == 0);
    assert_close(p.of[DELTA], -0.5, 2 * DBL_EPSILON, 0);
    assert_close(p.of[VEGA], 100 * density * 2, 2 * DBL_EPSILON, 0);
    assert_close(p.of[VANNA], density, 2 * DBL_EPSILON, 0); /* phi sqrt(T) / 2 */
    assert_true(p.of[GAMMA] == (double)INFINITY);
    p = price((option){QN_CALL, 100, 100, 0, 0, 0, 0.2, false});
    assert_close(p.of[DELTA], 0.5, 2 * DBL_EPSILON, 0);
    assert_true(p.of[PRICE] == 0 && p.of[VEGA] == 0 && p.of[VOLGA] == 0 && p.of[VANNA] == 0);
    assert_true(p.of[GAMMA] == (double)INFINITY && p.of[THETA] == -(double)INFINITY);
}

static void every_bad_option_has_its_status_and_no_result(void **state)
{
    (void)state;
    const option good = {QN_CALL, 100, 90, 1, 0.05, 0.01, 0.2, true};
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -1};
    for (int field = 0; field < 6; field++) {
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            option o = good;
            double *fields[] = {&o.underlying, &o.strike, &o.years, &o.rate, &o.yield, &o.sigma};
            *fields[field] = bad[i];
            priced p = price(o);
            bool fine = bad[i] == -1 && (field == 3 || field == 4);
            bool expired = bad[i] == -1 && field == 2;
            assert_int_equal(p.status, fine ? QN_OPTION_OK : expired ? QN_OPTION_EXPIRED : QN_OPTION_BAD_INPUT);
            for (int k = 0; k < RESULTS; k++)
                assert_true(isnan(p.of[k]) == !fine);
        }
    }
    option o = good;
    o.underlying = 0;
    assert_int_equal(price(o).status, QN_OPTION_BAD_INPUT);
    o = good;
    o.strike = 0;
    assert_int_equal(price(o).status, QN_OPTION_BAD_INPUT);
}

static void strikes_may_be_huge_and_tiny(void **state)
{
    (void)state;
    static const double sizes[] = {0x1p-1022, 1e-200, 1e200, DBL_MAX / 8};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        double f = sizes[i];
        priced p = price((option){QN_CALL, f, f, 0.5, 0, 0, 0.2, false});
        assert_int_equal(p.status, QN_OPTION_OK);
        assert_close(p.of[PRICE] / f, 0.05637197779701664, 1e-14, 0);
        assert_close(p.of[DELTA], 0.5 + 0.05637197779701664 / 2, 1e-14, 0);
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0] && k != i; k++) {
            p = price((option){QN_PUT, f, sizes[k], 0.5, 0, 0, 0.2, false});
            assert_int_equal(p.status, QN_OPTION_OK);
            assert_close(p.of[PRICE], fmax(sizes[k] - f, 0), 1e-15, 0);
        }
    }
}

/* A column of options with all kinds of numbers, each computed alone; then as columns of both steps. */
static void columns_give_what_single_options_give(void **state)
{
    (void)state;
    static double f[MANY], k[MANY], t[MANY], r[MANY], v[MANY], got[RESULTS * MANY];
    static int8_t types[MANY];
    uint64_t random = 7;
    for (int i = 0; i < MANY; i++) {
        types[i] = i % 3 == 0 ? QN_PUT : QN_CALL;
        f[i] = 50 + 100 * test_random_unit(&random);
        k[i] = i % 50 == 0 ? -1 : 100;
        t[i] = 2 * test_random_unit(&random);
        r[i] = 0.1 * test_random_unit(&random);
        v[i] = i % 77 == 0 ? 0 : 0.5 * test_random_unit(&random);
    }
    uint8_t statuses[MANY];
    qn_option_batch b;
    qn_option_results out;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    wanted(&out, got, MANY);
    out.status = statuses;
    b.types = types;
    b.forward = each(f);
    b.strike = each(k);
    b.years = each(t);
    b.rate = one(r + 5);
    b.sigma = each(v);
    static const int64_t counts[] = {0, 1, 7, 8, 9, 127, 128, 129, MANY};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        b.count = counts[c];
        for (int i = 0; i < RESULTS * MANY; i++)
            got[i] = 42;
        memset(statuses, 42, sizeof statuses);
        qn_error err;
        assert_ok(qn_black_price(&out, &b, &err), &err);
        for (int i = 0; i < MANY; i++) {
            priced alone = price((option){(qn_option_type)types[i], f[i], k[i], t[i], r[5], 0, v[i], false});
            assert_int_equal(statuses[i], i < b.count ? alone.status : 42);
            for (int n = 0; n < RESULTS; n++) {
                double expected = i < b.count ? alone.of[n] : 42;
                assert_memory_equal(&got[n * MANY + i], &expected, sizeof expected);
            }
        }
    }
}

static void results_may_lie_where_inputs_are(void **state)
{
    (void)state;
    double f[] = {100, 100, 100, 100, 100, 100, 100, 100, 100}, k[9], t[9], v[9], expected[RESULTS * 9];
    for (int i = 0; i < 9; i++) {
        k[i] = 80 + 5 * i;
        t[i] = 0.5 + i;
        v[i] = i == 4 ? -1 : 0.2;
    }
    qn_option_batch b;
    qn_option_results r;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    b.count = 9;
    b.forward = each(f);
    b.strike = each(k);
    b.years = each(t);
    b.sigma = each(v);
    wanted(&r, expected, 9);
    qn_error err;
    assert_ok(qn_black_price(&r, &b, &err), &err);
    double *const places[] = {f, k, t, v};
    qn_option_results_init(&r, (int64_t)sizeof r);
    r.price = v;
    r.delta = t;
    r.gamma = k;
    r.vega = f;
    assert_ok(qn_black_price(&r, &b, &err), &err);
    for (int n = 0; n < 4; n++)
        assert_memory_equal(places[3 - n], expected + (ptrdiff_t)n * 9, 9 * sizeof(double));
}

static void a_spot_without_rates_is_its_own_forward(void **state)
{
    (void)state;
    priced spot = price((option){QN_CALL, 100, 90, 1, 0, 0, 0.2, true});
    priced forward = price((option){QN_CALL, 100, 90, 1, 0, 0, 0.2, false});
    for (int k = 0; k < RESULTS; k++) {
        if (k != RHO)
            assert_true(spot.of[k] == forward.of[k]);
    }
    assert_true(spot.of[RHO] > 0 && forward.of[RHO] == -forward.of[PRICE]);
}

/* exp(-24) has no more digits than 1 has if it is computed as 1 less something. mpmath says the prices. */
static void a_small_discount_factor_has_all_its_digits(void **state)
{
    (void)state;
    const double spot = 0x1p-35, strike = 1, years = 96, rate = 0.25, sigma = 0.125;
    const double expected[2] = {1.1345384754981781e-11, 1.9992899741039055e-11};
    for (int put = 0; put < 2; put++) {
        qn_option_batch b;
        qn_option_results r;
        qn_option_batch_init(&b, (int64_t)sizeof b);
        qn_option_results_init(&r, (int64_t)sizeof r);
        double price, implied;
        qn_error err;
        b.count = 1;
        b.type = put ? QN_PUT : QN_CALL;
        b.spot = (qn_numbers){&spot, 0};
        b.strike = (qn_numbers){&strike, 0};
        b.years = (qn_numbers){&years, 0};
        b.rate = (qn_numbers){&rate, 0};
        b.sigma = (qn_numbers){&sigma, 0};
        r.price = &price;
        assert_ok(qn_black_price(&r, &b, &err), &err);
        if (!(fabs(price - expected[put]) <= 1e-13 * expected[put]))
            fail_msg("%.17g, not %.17g", price, expected[put]);
        assert_ok(qn_black_implied(&implied, NULL, &b, &price, false, &err), &err);
        if (!(fabs(implied - sigma) <= 1e-13))
            fail_msg("a volatility of %.17g, not %.17g", implied, sigma);
    }
}

static void expect_refusal(const qn_option_batch *b, const char *piece)
{
    double price_of[2];
    qn_option_results r;
    qn_option_results_init(&r, (int64_t)sizeof r);
    r.price = price_of;
    qn_error err;
    assert_int_equal(qn_black_price(&r, b, &err), QN_INVALID);
    assert_contains(err.message, piece);
}

static void a_batch_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    const double number = 1;
    qn_option_batch good, b;
    qn_option_batch_init(&good, (int64_t)sizeof good);
    good.count = 2;
    good.forward = good.strike = good.years = good.sigma = one(&number);
    b = good;
    b.count = -1;
    expect_refusal(&b, "-1 options");
    b = good;
    b.spot = one(&number);
    expect_refusal(&b, "both given");
    b = good;
    b.yield = one(&number);
    expect_refusal(&b, "yield");
    b = good;
    b.sigma.values = NULL;
    expect_refusal(&b, "sigma");
    b = good;
    b.forward.values = NULL;
    expect_refusal(&b, "forward or spot");
    b = good;
    b.strike.step = 2;
    expect_refusal(&b, "step of strike is 2");
    b = good;
    b.type = (qn_option_type)3;
    expect_refusal(&b, "not 3");
    b = good;
    b.size = 3;
    expect_refusal(&b, "qn_option_batch");
    const int8_t types[] = {QN_CALL, 7};
    double price_of[2];
    uint8_t status[2];
    qn_option_results r;
    qn_option_results_init(&r, (int64_t)sizeof r);
    r.price = price_of;
    r.status = status;
    b = good;
    b.types = types;
    qn_error err;
    assert_ok(qn_black_price(&r, &b, &err), &err);
    assert_int_equal(status[0], QN_OPTION_OK);
    assert_int_equal(status[1], QN_OPTION_BAD_INPUT);
    assert_true(isnan(price_of[1]));
}

static void types_are_read_from_text(void **state)
{
    (void)state;
    qn_option_type type;
    assert_true(qn_option_type_from_text(&type, "Call") && type == QN_CALL);
    assert_true(qn_option_type_from_text(&type, "P") && type == QN_PUT);
    assert_true(qn_option_type_from_text(&type, "-1") && type == QN_PUT);
    assert_false(qn_option_type_from_text(&type, "straddle"));
    assert_string_equal(qn_option_status_name(QN_OPTION_EXPIRED), "expired");
    assert_string_equal(qn_option_status_name((qn_option_status)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(textbook_values_come_out),
        cmocka_unit_test(options_at_the_money_have_the_price_of_an_error_function),
        cmocka_unit_test(parity_holds_for_the_price_by_one),
        cmocka_unit_test(without_volatility_or_time_the_intrinsic_value_is_left),
        cmocka_unit_test(at_the_money_the_limits_are_those_of_the_formulas),
        cmocka_unit_test(every_bad_option_has_its_status_and_no_result),
        cmocka_unit_test(strikes_may_be_huge_and_tiny),
        cmocka_unit_test(columns_give_what_single_options_give),
        cmocka_unit_test(results_may_lie_where_inputs_are),
        cmocka_unit_test(a_spot_without_rates_is_its_own_forward),
        cmocka_unit_test(a_small_discount_factor_has_all_its_digits),
        cmocka_unit_test(a_batch_that_makes_no_sense_is_refused),
        cmocka_unit_test(types_are_read_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
