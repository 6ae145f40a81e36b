/* The error functions, gamma and its kin, at every level of this processor: their conventions at poles, infinities and
 * zeros, and known values. The values are computed with mpmath at 300 bits, from its own series, and rounded to the
 * nearest double; the conventions are those of C99 Annex F, where it has the function, and of SciPy. */
#include "harness/harness.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "lang/ops_int.h"

enum {
    MIXED = 24
};

#define INF  ((double)INFINITY)
#define NONE ((double)NAN)

typedef struct value {
    qni_op op;
    double x, expected;
} value;

static double at(int level, qni_op op, double x)
{
    double y;
    qni_kernels_of(level)->table[op][QNI_FORM_ALL](&y, &x, NULL, NULL, 1);
    return y;
}

/* As integers doubles of one sign are in order, neighbours beside each other. */
static int64_t distance(double x, double y)
{
    int64_t i, j;
    memcpy(&i, &x, sizeof i);
    memcpy(&j, &y, sizeof j);
    if (isnan(x) && isnan(y))
        return 0;
    return isnan(x) || isnan(y) || (i < 0) != (j < 0) ? INT64_MAX : (i > j ? i - j : j - i);
}

static void expect(const value *values, size_t count, int64_t ulps)
{
    int wrong = 0;
    for (int level = 0; level <= qni_cpu_best(); level++) {
        for (size_t i = 0; qni_kernels_of(level) != NULL && i < count; i++) {
            const value *v = &values[i];
            double y = at(level, v->op, v->x);
            if (distance(y, v->expected) <= ulps)
                continue;
            wrong++;
            print_error("%s(%.17g) is %a at %s, ought to be %a\n", qni_op_infos[v->op].text, v->x, y,
                        qni_cpu_name(level), v->expected);
        }
    }
    assert_int_equal(wrong, 0);
}

#define EXPECT(values, ulps) expect((values), sizeof(values) / sizeof *(values), (ulps))

static void conventions_at_poles_and_infinities_are_kept(void **state)
{
    (void)state;
    static const value values[] = {
        {QNI_OP_ERF, -0.0, -0.0},         {QNI_OP_ERF, -INF, -1},           {QNI_OP_ERF, 5.95, 1},
        {QNI_OP_ERFC, 27.3, 0},           {QNI_OP_ERFC, -INF, 2},           {QNI_OP_ERFC, -6, 2},
        {QNI_OP_ERFC, 0x1p-1074, 1},      {QNI_OP_ERFC, 1e300, 0},          {QNI_OP_ERFC, NONE, NONE},
        {QNI_OP_GAMMA, -0x1p-1074, -INF}, {QNI_OP_GAMMA, -0x1p52, NONE},    {QNI_OP_GAMMA, -200.5, -0.0},
        {QNI_OP_GAMMA, -201.5, 0.0},      {QNI_OP_GAMMA, 1e300, INF},       {QNI_OP_GAMMA, -2, NONE},
        {QNI_OP_LGAMMA, -3, INF},         {QNI_OP_LGAMMA, 1e306, INF},      {QNI_OP_LGAMMA, NONE, NONE},
        {QNI_OP_LGAMMA, -0x1p60, INF},    {QNI_OP_DIGAMMA, 0.0, -INF},      {QNI_OP_DIGAMMA, -0.0, INF},
        {QNI_OP_DIGAMMA, -2, NONE},       {QNI_OP_DIGAMMA, -INF, NONE},     {QNI_OP_DIGAMMA, 0x1p-1074, -INF},
        {QNI_OP_TRIGAMMA, 0.0, INF},      {QNI_OP_TRIGAMMA, -0.0, INF},     {QNI_OP_TRIGAMMA, -7, INF},
        {QNI_OP_TRIGAMMA, -INF, NONE},    {QNI_OP_TRIGAMMA, 0x1p-600, INF}, {QNI_OP_TRIGAMMA, NONE, NONE},
    };
    EXPECT(values, 0);
}

static void factorials_are_exact_as_far_as_doubles_are(void **state)
{
    (void)state;
    double factorial = 1;
    for (int n = 1; n <= 23; n++) {
        const value v = {QNI_OP_GAMMA, n, factorial};
        expect(&v, 1, 0);
        factorial *= n;
    }
}

static void error_functions_have_their_known_values(void **state)
{
    (void)state;
    static const value erf_values[] = {
        {QNI_OP_ERF, 0.5, 0x1.0a7ef5c18edd2p-1},
        {QNI_OP_ERF, 1, 0x1.af767a741088bp-1},
        {QNI_OP_ERF, -2, -0x1.fd9ae142795e3p-1},
        {QNI_OP_ERF, 0x1p-1022, 0x1.20dd750429b6dp-1022},
    };
    static const value erfc_values[] = {
        {QNI_OP_ERFC, 0.5, 0x1.eb02147ce245cp-2},  {QNI_OP_ERFC, 1, 0x1.4226162fbddd5p-3},
        {QNI_OP_ERFC, 2, 0x1.328f5ec350e67p-8},    {QNI_OP_ERFC, 5, 0x1.b0c1a759f7739p-40},
        {QNI_OP_ERFC, 10, 0x1.7d8a7f2a8a2d0p-149}, {QNI_OP_ERFC, 26, 0x1.284bfe1cdea24p-981},
        {QNI_OP_ERFC, 27, 0x1.9e0fp-1058},         {QNI_OP_ERFC, 27.2, 0x1p-1073},
        {QNI_OP_ERFC, -1, 0x1.d7bb3d3a08445p+0},
    };
    EXPECT(erf_values, 2);
    EXPECT(erfc_values, 4);
}

static void gamma_has_its_known_values(void **state)
{
    (void)state;
    static const value gamma_values[] = {
        {QNI_OP_GAMMA, 0.5, 0x1.c5bf891b4ef6bp+0},
        {QNI_OP_GAMMA, -0.5, -0x1.c5bf891b4ef6bp+1},
        {QNI_OP_GAMMA, -1.5, 0x1.2e7fb0bcdf4f2p+1},
        {QNI_OP_GAMMA, 10.5, 0x1.14ade639225cap+20},
        {QNI_OP_GAMMA, 100, 0x1.166c698cf183bp+518},
        {QNI_OP_GAMMA, 171.5, 0x1.0e1863dcad789p+1023},
        {QNI_OP_GAMMA, -100.5, -0x1.7932fb5136292p-527},
        {QNI_OP_GAMMA, -170.5, -0x1.7d2374dfcda7ap-1022},
        {QNI_OP_GAMMA, -175.5, 0xa6a0p-1074},
        {QNI_OP_GAMMA, -0.001, -0x1.f44a02a45e3abp+9},
        {QNI_OP_GAMMA, -0x1.ffffffffffffep-1, -0x1p+52},
        {QNI_OP_GAMMA, -0x1.0000000000001p+0, 0x1.fffffffffffffp+51},
    };
    static const value lgamma_values[] = {
        {QNI_OP_LGAMMA, 0.5, 0x1.250d048e7a1bdp-1},        {QNI_OP_LGAMMA, 1.5, -0x1.eeb95b094c191p-4},
        {QNI_OP_LGAMMA, 3, 0x1.62e42fefa39efp-1},          {QNI_OP_LGAMMA, 10, 0x1.99a8921a7f7cfp+3},
        {QNI_OP_LGAMMA, 100, 0x1.67225b4879462p+8},        {QNI_OP_LGAMMA, 1e300, 0x1.017f38e7a1ab5p+1006},
        {QNI_OP_LGAMMA, 2.5e305, 0x1.f3fc83052cbf4p+1023}, {QNI_OP_LGAMMA, 1e-310, 0x1.64e69394d9508p+9},
        {QNI_OP_LGAMMA, -0.5, 0x1.43f89a3f0edd6p+0},       {QNI_OP_LGAMMA, -1.5, 0x1.b858151820f86p-1},
        {QNI_OP_LGAMMA, -10.5, -0x1.e4b670d05976ap+3},     {QNI_OP_LGAMMA, -100.25, -0x1.6b66a2e797b34p+8},
    };
    EXPECT(gamma_values, 8);
    EXPECT(lgamma_values, 8);
}

static void the_logarithm_of_gamma_keeps_its_digits_near_1_and_2(void **state)
{
    (void)state;
    static const value values[] = {
        {QNI_OP_LGAMMA, 1 + 0x1p-52, -0x1.2788cfc6fb617p-53}, {QNI_OP_LGAMMA, 1 - 0x1p-52, 0x1.2788cfc6fb61bp-53},
        {QNI_OP_LGAMMA, 1 + 0x1p-30, -0x1.2788cfc066f7fp-31}, {QNI_OP_LGAMMA, 1 - 0x1p-10, 0x1.27f2233519ec3p-11},
        {QNI_OP_LGAMMA, 2 + 0x1p-51, 0x1.b0ee6072093d1p-53},  {QNI_OP_LGAMMA, 2 - 0x1p-52, -0x1.b0ee6072093cdp-54},
        {QNI_OP_LGAMMA, 2 + 0x1p-29, 0x1.b0ee607c5ae34p-31},  {QNI_OP_LGAMMA, 2 - 0x1p-10, -0x1.b09bceef2249fp-12},
    };
    EXPECT(values, 8);
    static const value zeros[] = {{QNI_OP_LGAMMA, 1, 0.0}, {QNI_OP_LGAMMA, 2, 0.0}};
    EXPECT(zeros, 0);
}

static void digamma_and_trigamma_have_their_known_values(void **state)
{
    (void)state;
    static const value values[] = {
        {QNI_OP_DIGAMMA, 0.5, -0x1.f6a897d3214fcp+0},     {QNI_OP_DIGAMMA, 1, -0x1.2788cfc6fb619p-1},
        {QNI_OP_DIGAMMA, 2, 0x1.b0ee6072093cep-2},        {QNI_OP_DIGAMMA, 10, 0x1.20396dc85cc95p+1},
        {QNI_OP_DIGAMMA, 1e300, 0x1.5963447f87fb5p+9},    {QNI_OP_DIGAMMA, 1e-10, -0x1.2a05f20049e23p+33},
        {QNI_OP_DIGAMMA, -1.5, 0x1.680425af12b5ep-1},     {QNI_OP_DIGAMMA, -10.25, 0x1.6114355684b8dp+2},
        {QNI_OP_TRIGAMMA, 0.5, 0x1.3bd3cc9be45dep+2},     {QNI_OP_TRIGAMMA, 1, 0x1.a51a6625307d3p+0},
        {QNI_OP_TRIGAMMA, 2, 0x1.4a34cc4a60fa6p-1},       {QNI_OP_TRIGAMMA, 10, 0x1.aec2e54649b87p-4},
        {QNI_OP_TRIGAMMA, 1e300, 0x1.56e1fc2f8f359p-997}, {QNI_OP_TRIGAMMA, 1e-10, 0x1.5af1d78b58c40p+66},
        {QNI_OP_TRIGAMMA, -0.5, 0x1.1de9e64df22efp+3},    {QNI_OP_TRIGAMMA, -10.25, 0x1.3a570cc84b70ap+4},
    };
    EXPECT(values, 4);
}

/* The zero is at 0x1.762d86356be3f6e…; the slope there is 0.968. */
static void digamma_is_small_at_its_zero(void **state)
{
    (void)state;
    for (int level = 0; level <= qni_cpu_best() && qni_kernels_of(level) != NULL; level++)
        assert_true(fabs(at(level, QNI_OP_DIGAMMA, 0x1.762d86356be3fp+0)) < 2.5e-16);
}

/* Arguments of all kinds side by side, and each alone. */
static void what_stands_beside_an_argument_does_not_matter(void **state)
{
    (void)state;
    static const qni_op ops[] = {QNI_OP_ERF, QNI_OP_ERFC, QNI_OP_GAMMA, QNI_OP_LGAMMA, QNI_OP_DIGAMMA, QNI_OP_TRIGAMMA};
    static const double x[MIXED] = {0.3,  NONE, 5.5,   -0.3, INF, 1.7,    -2.5, 0x1p-1070, 3.2,  -INF,   0.0, 9,
                                    -0.0, 26.5, -1000, 2,    27,  -171.5, 4.25, -0x1p-600, 1e10, 171.61, -3,  0.999};
    double together[MIXED];
    for (int level = 0; level <= qni_cpu_best() && qni_kernels_of(level) != NULL; level++) {
        for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
            qni_kernels_of(level)->table[ops[k]][QNI_FORM_ALL](together, x, NULL, NULL, MIXED);
            for (int i = 0; i < MIXED; i++)
                assert_int_equal(distance(together[i], at(level, ops[k], x[i])), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conventions_at_poles_and_infinities_are_kept),
        cmocka_unit_test(factorials_are_exact_as_far_as_doubles_are),
        cmocka_unit_test(error_functions_have_their_known_values),
        cmocka_unit_test(gamma_has_its_known_values),
        cmocka_unit_test(the_logarithm_of_gamma_keeps_its_digits_near_1_and_2),
        cmocka_unit_test(digamma_and_trigamma_have_their_known_values),
        cmocka_unit_test(digamma_is_small_at_its_zero),
        cmocka_unit_test(what_stands_beside_an_argument_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
