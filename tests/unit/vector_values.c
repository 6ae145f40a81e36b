/* The vector functions at their special values, at every level of this processor: signed zeros, infinities, NaN, the
 * edges of domains, and where the exact result is a double. The cases are those of C99 Annex F, where it has the
 * function; elsewhere NumPy's conventions, or the limit. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "lang/ops_int.h"

typedef struct value {
    qni_op op;
    double a, b, expected;
} value;

#define PI   0x1.921fb54442d18p+1
#define INF  ((double)INFINITY)
#define NONE ((double)NAN)

/* clang-format off */
#define ONE(NAME, a, expected)    {QNI_OP_##NAME, a, 0, expected}
#define TWO(NAME, a, b, expected) {QNI_OP_##NAME, a, b, expected}
/* f(±0) = ±0 */
#define ODD_ZERO(NAME)  ONE(NAME, 0.0, 0.0), ONE(NAME, -0.0, -0.0)
/* f(NaN) = NaN */
#define QUIET(NAME) ONE(NAME, NONE, NONE)

static const value exponentials[] = {
    QUIET(EXP), ONE(EXP, 0.0, 1), ONE(EXP, -0.0, 1), ONE(EXP, INF, INF), ONE(EXP, -INF, 0), ONE(EXP, 710, INF),
    ONE(EXP, -746, 0),
    ONE(EXP, 0x1p-1074, 1), ONE(EXP, -1e308, 0), ONE(EXP, 1e308, INF),
    QUIET(EXP2), ONE(EXP2, 0.0, 1), ONE(EXP2, -0.0, 1), ONE(EXP2, INF, INF), ONE(EXP2, -INF, 0), ONE(EXP2, 10, 1024),
    ONE(EXP2, -3, 0.125),
    ONE(EXP2, 1023, 0x1p1023), ONE(EXP2, 1024, INF), ONE(EXP2, -1022, 0x1p-1022), ONE(EXP2, -1074, 0x1p-1074),
    ONE(EXP2, -1076, 0),
    QUIET(EXPM1), ODD_ZERO(EXPM1), ONE(EXPM1, INF, INF), ONE(EXPM1, -INF, -1), ONE(EXPM1, -1000, -1),
    ONE(EXPM1, 710, INF),
    ONE(EXPM1, 0x1p-1074, 0x1p-1074),
    QUIET(SINH), ODD_ZERO(SINH), ONE(SINH, INF, INF), ONE(SINH, -INF, -INF), ONE(SINH, -711, -INF),
    ONE(SINH, 0x1p-1074, 0x1p-1074),
    QUIET(COSH), ONE(COSH, 0.0, 1), ONE(COSH, -0.0, 1), ONE(COSH, INF, INF), ONE(COSH, -INF, INF), ONE(COSH, -711, INF),
    QUIET(TANH), ODD_ZERO(TANH), ONE(TANH, INF, 1), ONE(TANH, -INF, -1), ONE(TANH, 1e300, 1), ONE(TANH, -20, -1),
    ONE(TANH, -0x1p-1074, -0x1p-1074),
    QUIET(SIGMOID), ONE(SIGMOID, 0.0, 0.5), ONE(SIGMOID, -0.0, 0.5), ONE(SIGMOID, INF, 1), ONE(SIGMOID, -INF, 0),
    ONE(SIGMOID, 1000, 1),
    ONE(SIGMOID, -1000, 0),
};

static const value logarithms[] = {
    QUIET(LOG), ONE(LOG, 0.0, -INF), ONE(LOG, -0.0, -INF), ONE(LOG, 1, 0.0), ONE(LOG, -1, NONE), ONE(LOG, -INF, NONE),
    ONE(LOG, INF, INF),
    ONE(LOG, -0x1p-1074, NONE),
    QUIET(LOG2), ONE(LOG2, 0.0, -INF), ONE(LOG2, -0.0, -INF), ONE(LOG2, 1, 0.0), ONE(LOG2, -1, NONE),
    ONE(LOG2, -INF, NONE), ONE(LOG2, INF, INF),
    ONE(LOG2, 8, 3), ONE(LOG2, 0.125, -3), ONE(LOG2, 0x1p1023, 1023), ONE(LOG2, 0x1p-1022, -1022),
    ONE(LOG2, 0x1p-1074, -1074),
    QUIET(LOG10), ONE(LOG10, 0.0, -INF), ONE(LOG10, -0.0, -INF), ONE(LOG10, 1, 0.0), ONE(LOG10, -1, NONE),
    ONE(LOG10, -INF, NONE),
    ONE(LOG10, INF, INF), ONE(LOG10, 10, 1), ONE(LOG10, 100, 2), ONE(LOG10, 1000, 3), ONE(LOG10, 1e15, 15),
    ONE(LOG10, 1e22, 22),
    QUIET(LOG1P), ODD_ZERO(LOG1P), ONE(LOG1P, -1, -INF), ONE(LOG1P, -1.5, NONE), ONE(LOG1P, -INF, NONE),
    ONE(LOG1P, INF, INF),
    ONE(LOG1P, 0x1p-1074, 0x1p-1074),
    QUIET(ASINH), ODD_ZERO(ASINH), ONE(ASINH, INF, INF), ONE(ASINH, -INF, -INF), ONE(ASINH, 0x1p-1074, 0x1p-1074),
    QUIET(ACOSH), ONE(ACOSH, 1, 0.0), ONE(ACOSH, 0.5, NONE), ONE(ACOSH, -INF, NONE), ONE(ACOSH, -1, NONE),
    ONE(ACOSH, INF, INF),
    QUIET(ATANH), ODD_ZERO(ATANH), ONE(ATANH, 1, INF), ONE(ATANH, -1, -INF), ONE(ATANH, 1.5, NONE),
    ONE(ATANH, -INF, NONE),
    ONE(ATANH, -0x1p-1074, -0x1p-1074),
    QUIET(SOFTPLUS), ONE(SOFTPLUS, INF, INF), ONE(SOFTPLUS, -INF, 0), ONE(SOFTPLUS, 1000, 1000),
    ONE(SOFTPLUS, -1000, 0),
    ONE(SOFTPLUS, 1e308, 1e308),
};

static const value trigonometric[] = {
    QUIET(SIN), ODD_ZERO(SIN), ONE(SIN, INF, NONE), ONE(SIN, -INF, NONE), ONE(SIN, 0x1p-1074, 0x1p-1074),
    QUIET(COS), ONE(COS, 0.0, 1), ONE(COS, -0.0, 1), ONE(COS, INF, NONE), ONE(COS, -INF, NONE),
    QUIET(TAN), ODD_ZERO(TAN), ONE(TAN, INF, NONE), ONE(TAN, -INF, NONE), ONE(TAN, -0x1p-1074, -0x1p-1074),
    QUIET(ASIN), ODD_ZERO(ASIN), ONE(ASIN, 1, PI / 2), ONE(ASIN, -1, -PI / 2), ONE(ASIN, 1.0000001, NONE),
    ONE(ASIN, -INF, NONE),
    QUIET(ACOS), ONE(ACOS, 1, 0.0), ONE(ACOS, -1, PI), ONE(ACOS, 0.0, PI / 2), ONE(ACOS, -1.0000001, NONE),
    ONE(ACOS, INF, NONE),
    QUIET(ATAN), ODD_ZERO(ATAN), ONE(ATAN, INF, PI / 2), ONE(ATAN, -INF, -PI / 2), ONE(ATAN, 1, PI / 4),
    ONE(ATAN, -1e300, -PI / 2),
    TWO(ATAN2, 0.0, -0.0, PI), TWO(ATAN2, -0.0, -0.0, -PI), TWO(ATAN2, 0.0, 0.0, 0.0), TWO(ATAN2, -0.0, 0.0, -0.0),
    TWO(ATAN2, 0.0, -1, PI), TWO(ATAN2, -0.0, -1, -PI), TWO(ATAN2, 0.0, 1, 0.0), TWO(ATAN2, -0.0, 1, -0.0),
    TWO(ATAN2, -1, 0.0, -PI / 2), TWO(ATAN2, -1, -0.0, -PI / 2), TWO(ATAN2, 1, 0.0, PI / 2),
    TWO(ATAN2, 1, -0.0, PI / 2),
    TWO(ATAN2, 1, -INF, PI), TWO(ATAN2, -1, -INF, -PI), TWO(ATAN2, 1, INF, 0.0), TWO(ATAN2, -1, INF, -0.0),
    TWO(ATAN2, INF, 1, PI / 2), TWO(ATAN2, -INF, 1, -PI / 2), TWO(ATAN2, INF, -INF, 0.75 * PI),
    TWO(ATAN2, -INF, -INF, -0.75 * PI),
    TWO(ATAN2, INF, INF, PI / 4), TWO(ATAN2, -INF, INF, -PI / 4), TWO(ATAN2, NONE, 1, NONE), TWO(ATAN2, 1, NONE, NONE),
    TWO(ATAN2, 1, 1, PI / 4), TWO(ATAN2, 1e308, 1e-308, PI / 2), TWO(ATAN2, 1e-308, -1e308, PI),
    QUIET(SINC), ONE(SINC, 0.0, 1), ONE(SINC, -0.0, 1), ONE(SINC, 0x1p-1074, 1), ONE(SINC, 1, 0.0),
    ONE(SINC, INF, NONE),
};

static const value powers[] = {
    TWO(POW, 0.0, -3, INF), TWO(POW, -0.0, -3, -INF), TWO(POW, 0.0, -2, INF), TWO(POW, -0.0, -2, INF),
    TWO(POW, -0.0, -0.5, INF),
    TWO(POW, 0.0, -INF, INF), TWO(POW, -0.0, -INF, INF), TWO(POW, 0.0, 3, 0.0), TWO(POW, -0.0, 3, -0.0),
    TWO(POW, 0.0, 2, 0.0),
    TWO(POW, -0.0, 2, 0.0), TWO(POW, -0.0, 0.5, 0.0), TWO(POW, -1, INF, 1), TWO(POW, -1, -INF, 1), TWO(POW, 1, NONE, 1),
    TWO(POW, 1, INF, 1),
    TWO(POW, NONE, 0.0, 1), TWO(POW, NONE, -0.0, 1), TWO(POW, INF, 0.0, 1), TWO(POW, 0.0, 0.0, 1),
    TWO(POW, -2, 0.5, NONE),
    TWO(POW, 0.5, -INF, INF), TWO(POW, -0.5, -INF, INF), TWO(POW, 2, -INF, 0.0), TWO(POW, -2, -INF, 0.0),
    TWO(POW, 0.5, INF, 0.0),
    TWO(POW, -2, INF, INF), TWO(POW, -INF, -3, -0.0), TWO(POW, -INF, -2, 0.0), TWO(POW, -INF, -0.5, 0.0),
    TWO(POW, -INF, 3, -INF),
    TWO(POW, -INF, 2, INF), TWO(POW, -INF, 0.5, INF), TWO(POW, INF, -1, 0.0), TWO(POW, INF, 0.1, INF),
    TWO(POW, NONE, 1, NONE),
    TWO(POW, 2, NONE, NONE), TWO(POW, NONE, NONE, NONE), TWO(POW, 2, 10, 1024), TWO(POW, 3, 2, 9), TWO(POW, -3, 3, -27),
    TWO(POW, 10, 3, 1000),
    TWO(POW, 10, 22, 1e22), TWO(POW, 2, -1074, 0x1p-1074), TWO(POW, -2, 1023, -0x1p1023), TWO(POW, 2, 1024, INF),
    TWO(POW, -2, 1025, -INF),
    TWO(POW, -2, -1075 - 2, -0.0), TWO(POW, 4, 0.5, 2), TWO(POW, 4, -0.5, 0.5), TWO(POW, -1, 0x1p53, 1),
    TWO(POW, -1, 0x1p53 - 1, -1),
    TWO(POW, -1, 0x1p1000, 1), TWO(POW, 7, 1, 7), TWO(POW, 0x1p-1074, 1, 0x1p-1074), TWO(POW, -0x1p-1074, -1, -INF),
    QUIET(SQRT), ODD_ZERO(SQRT), ONE(SQRT, INF, INF), ONE(SQRT, -1, NONE), ONE(SQRT, -INF, NONE), ONE(SQRT, 9, 3),
    ONE(SQRT, 0x1p-1074, 0x1p-537),
    QUIET(CBRT), ODD_ZERO(CBRT), ONE(CBRT, INF, INF), ONE(CBRT, -INF, -INF), ONE(CBRT, 27, 3), ONE(CBRT, -8, -2),
    ONE(CBRT, 1000, 10),
    ONE(CBRT, 0x1p-1074, 0x1p-358), ONE(CBRT, 0x1p-1071, 0x1p-357),
    TWO(HYPOT, 3, 4, 5), TWO(HYPOT, -3, -4, 5), TWO(HYPOT, 0.0, -0.0, 0.0), TWO(HYPOT, INF, NONE, INF),
    TWO(HYPOT, NONE, -INF, INF),
    TWO(HYPOT, NONE, 1, NONE), TWO(HYPOT, -7, 0.0, 7), TWO(HYPOT, 3e307, 4e307, 5e307),
    TWO(HYPOT, 0x3p-1074, 0x4p-1074, 0x5p-1074),
    TWO(HYPOT, 0x1p1023, 0x1p1023, 0x1.6a09e667f3bcdp1023), TWO(HYPOT, 0x1.8p1023, 0x1.8p1023, INF),
    TWO(HYPOT, 0x1p-1074, 1e300, 1e300),
};

static const value specials[] = {
    QUIET(ERF), ODD_ZERO(ERF), ONE(ERF, INF, 1), ONE(ERF, -INF, -1), ONE(ERF, 7, 1), ONE(ERF, -1e300, -1),
    QUIET(ERFC), ONE(ERFC, 0.0, 1), ONE(ERFC, -0.0, 1), ONE(ERFC, INF, 0.0), ONE(ERFC, -INF, 2), ONE(ERFC, 28, 0.0),
    ONE(ERFC, -7, 2),
    QUIET(GAMMA), ONE(GAMMA, 0.0, INF), ONE(GAMMA, -0.0, -INF), ONE(GAMMA, -1, NONE), ONE(GAMMA, -200, NONE),
    ONE(GAMMA, -1e300, NONE),
    ONE(GAMMA, -INF, NONE), ONE(GAMMA, INF, INF), ONE(GAMMA, 1, 1), ONE(GAMMA, 2, 1), ONE(GAMMA, 172, INF),
    ONE(GAMMA, 0x1p-1074, INF),
    QUIET(LGAMMA), ONE(LGAMMA, 1, 0.0), ONE(LGAMMA, 2, 0.0), ONE(LGAMMA, 0.0, INF), ONE(LGAMMA, -0.0, INF),
    ONE(LGAMMA, -1, INF),
    ONE(LGAMMA, -1e300, INF), ONE(LGAMMA, INF, INF), ONE(LGAMMA, -INF, INF),
    QUIET(DIGAMMA), ONE(DIGAMMA, INF, INF), ONE(DIGAMMA, -1, NONE), ONE(DIGAMMA, -1e300, NONE),
    QUIET(TRIGAMMA), ONE(TRIGAMMA, INF, 0.0),
    QUIET(BESSELJ0), ONE(BESSELJ0, 0.0, 1), ONE(BESSELJ0, -0.0, 1), ONE(BESSELJ0, INF, 0.0),
    QUIET(BESSELJ1), ODD_ZERO(BESSELJ1), ONE(BESSELJ1, INF, 0.0),
    QUIET(BESSELJ1_RATIO), ONE(BESSELJ1_RATIO, 0.0, 0.5), ONE(BESSELJ1_RATIO, -0.0, 0.5),
};

static const value basics[] = {
    QUIET(ABS), ONE(ABS, -0.0, 0.0), ONE(ABS, -INF, INF), ONE(ABS, -0x1p-1074, 0x1p-1074),
    QUIET(SIGN), ONE(SIGN, 0.0, 0.0), ONE(SIGN, -0.0, 0.0), ONE(SIGN, -INF, -1), ONE(SIGN, 0x1p-1074, 1),
    QUIET(FLOOR), ODD_ZERO(FLOOR), ONE(FLOOR, -0.5, -1), ONE(FLOOR, 0.5, 0.0), ONE(FLOOR, -INF, -INF),
    ONE(FLOOR, 0x1p52 + 1, 0x1p52 + 1),
    QUIET(CEIL), ODD_ZERO(CEIL), ONE(CEIL, -0.5, -0.0), ONE(CEIL, 0.5, 1), ONE(CEIL, INF, INF),
    ONE(CEIL, 0x1.fffffffffffffp51, 0x1p52),
    QUIET(ROUND), ODD_ZERO(ROUND), ONE(ROUND, 0.5, 0.0), ONE(ROUND, -0.5, -0.0), ONE(ROUND, 1.5, 2), ONE(ROUND, 2.5, 2),
    ONE(ROUND, -INF, -INF),
    ONE(ROUND, 0x1.fffffffffffffp-2, 0.0), ONE(ROUND, 0x1p52 + 1, 0x1p52 + 1),
    TWO(MIN, NONE, 1, NONE), TWO(MIN, 1, NONE, NONE), TWO(MIN, -INF, NONE, NONE), TWO(MIN, 2, 1, 1),
    TWO(MIN, -INF, INF, -INF),
    TWO(MIN, 0.0, -0.0, -0.0), TWO(MIN, -0.0, 0.0, 0.0),
    TWO(MAX, NONE, 1, NONE), TWO(MAX, 1, NONE, NONE), TWO(MAX, INF, NONE, NONE), TWO(MAX, 2, 1, 2),
    TWO(MAX, -INF, INF, INF),
    TWO(MAX, 0.0, -0.0, -0.0), TWO(MAX, -0.0, 0.0, 0.0),
    TWO(MOD, 5, 3, 2), TWO(MOD, -5, 3, 1), TWO(MOD, 5, -3, -1), TWO(MOD, -5, -3, -2), TWO(MOD, 6, -3, -0.0),
    TWO(MOD, -6, 3, 0.0),
    TWO(MOD, -1, INF, INF), TWO(MOD, 1, -INF, -INF), TWO(MOD, 1, INF, 1), TWO(MOD, -0.0, 3, 0.0),
    TWO(MOD, 0.0, -3, -0.0),
    TWO(MOD, 5, 0.0, NONE), TWO(MOD, 0.0, 0.0, NONE), TWO(MOD, INF, 3, NONE), TWO(MOD, NONE, 3, NONE),
    TWO(MOD, 3, NONE, NONE),
    TWO(MOD, 1e300, -7, -6), TWO(MOD, 1e308, 3e-300, 1.8611771046241086e-300), TWO(MOD, -0x1p-1074, 1e308, 1e308),
    TWO(FLOORDIV, 5, 3, 1), TWO(FLOORDIV, -5, 3, -2), TWO(FLOORDIV, 6, -3, -2), TWO(FLOORDIV, -1, INF, -1),
    TWO(FLOORDIV, 1, -INF, -1),
    TWO(FLOORDIV, 0.0, -3, -0.0), TWO(FLOORDIV, -0.0, 3, -0.0), TWO(FLOORDIV, 5, 0.0, INF),
    TWO(FLOORDIV, -5, 0.0, -INF),
    TWO(FLOORDIV, 0.0, 0.0, NONE), TWO(FLOORDIV, INF, 3, NONE), TWO(FLOORDIV, INF, -0.0, -INF),
    TWO(FLOORDIV, 1, NONE, NONE),
    TWO(FLOORDIV, 1e308, 3e-300, INF), TWO(FLOORDIV, 1e300, -7, -1.4285714285714286e+299),
    TWO(ZMUL, 0.0, INF, 0.0), TWO(ZMUL, -INF, 0.0, -0.0), TWO(ZMUL, 2, 3, 6), TWO(ZDIV, 0.0, 0.0, 0.0),
    TWO(ZDIV, 1, 0.0, INF), TWO(ZDIV, INF, -INF, -0.0), TWO(ZDIV, 1, INF, 0.0),
    TWO(POW_DA, 0.0, -INF, 0.0), TWO(POW_DA, 1, -INF, 0.0), TWO(POW_DA, 2, 3, 6),
};
/* clang-format on */

static bool same(double x, double y)
{
    return isnan(x) ? isnan(y) : memcmp(&x, &y, sizeof x) == 0;
}

static void expect_values(const value *values, size_t count)
{
    int wrong = 0;
    for (int level = 0; level <= qni_cpu_best(); level++) {
        const qni_kernels *kernels = qni_kernels_of(level);
        for (size_t i = 0; kernels != NULL && i < count; i++) {
            const value *v = &values[i];
            double d, c = 0;
            kernels->table[v->op][QNI_FORM_ALL](&d, &v->a, &v->b, &c, 1);
            if (same(d, v->expected))
                continue;
            wrong++;
            print_error("%s(%g, %g) is %.17g at %s, ought to be %.17g\n", qni_op_infos[v->op].text, v->a, v->b, d,
                        qni_cpu_name(level), v->expected);
        }
    }
    assert_int_equal(wrong, 0);
}

#define EXPECT(values) expect_values((values), sizeof(values) / sizeof(values)[0])

static void exponentials_have_their_special_values(void **state)
{
    (void)state;
    EXPECT(exponentials);
}

static void logarithms_have_their_special_values(void **state)
{
    (void)state;
    EXPECT(logarithms);
}

static void trigonometric_functions_have_their_special_values(void **state)
{
    (void)state;
    EXPECT(trigonometric);
}

static void powers_and_roots_have_their_special_values(void **state)
{
    (void)state;
    EXPECT(powers);
}

static void special_functions_have_their_special_values(void **state)
{
    (void)state;
    EXPECT(specials);
}

static void basic_functions_follow_numpy(void **state)
{
    (void)state;
    EXPECT(basics);
}

/* x^a at x = 0 and x < 0, where a value or its logarithm is infinite or none. */
static void derivatives_of_powers_hold_at_the_edges(void **state)
{
    (void)state;
    static const struct {
        double x, a, expected;
    } cases[] = {{0, 0, 0},         {0, 1, 1},           {0, 2, 0},        {0, 0.5, INF}, {-2, 2, -4},
                 {-2, 3, 12},       {-2, -1, -0.25},     {-2, 0.5, NONE},  {5, 0, 0},     {3, 2, 6},
                 {1e200, 2, 2e200}, {1e-200, 2, 2e-200}, {-1e200, 3, INF}, {INF, 2, INF}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double p = qni_op_value(QNI_OP_POW, cases[i].x, cases[i].a, 0);
        double d = qni_op_value(QNI_OP_POW_DX, cases[i].x, cases[i].a, p);
        if (isnan(cases[i].expected))
            assert_true(isnan(d));
        else if (isinf(cases[i].expected))
            assert_true(d == cases[i].expected);
        else
            assert_close(d, cases[i].expected, 1e-15, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponentials_have_their_special_values),
        cmocka_unit_test(logarithms_have_their_special_values),
        cmocka_unit_test(trigonometric_functions_have_their_special_values),
        cmocka_unit_test(powers_and_roots_have_their_special_values),
        cmocka_unit_test(special_functions_have_their_special_values),
        cmocka_unit_test(basic_functions_follow_numpy),
        cmocka_unit_test(derivatives_of_powers_hold_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
