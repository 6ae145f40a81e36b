/* The language's operators and functions one by one: known values, binding, conventions at 0, at steps, for NaN and
 * infinities. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <quern/model.h>

enum {
    PARAMETERS_MAX = 3
};

/* The value of a formula of the parameters a, b, c, which have these numbers; derivatives by name in `slopes`. */
static double at(const char *formula, const double *numbers, double *slopes)
{
    qn_model *model;
    qn_model_workspace *workspace;
    qn_error err;
    double parameters[PARAMETERS_MAX], jacobian[PARAMETERS_MAX], value;
    assert_ok(qn_model_new(&model, formula, -1, NULL, &err), &err);
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    int64_t count = qn_model_parameter_count(model);
    assert_true(count <= PARAMETERS_MAX);
    for (int64_t i = 0; i < count; i++)
        parameters[i] = numbers[qn_model_parameter_name(model, i)[0] - 'a'];
    qn_model_eval(model, workspace, NULL, 0, 1, parameters, &value, jacobian, 1);
    for (int64_t i = 0; i < count && slopes != NULL; i++)
        slopes[qn_model_parameter_name(model, i)[0] - 'a'] = jacobian[i];
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
    return value;
}

typedef struct known {
    const char *formula;
    double numbers[PARAMETERS_MAX];
    double value;
} known;

/* The same number; the sign of a zero counts, that of a NaN does not. */
static bool is(double got, double expected)
{
    return isnan(expected) ? isnan(got) : got == expected && !signbit(got) == !signbit(expected);
}

static void assert_exactly(const known *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double got = at(cases[i].formula, cases[i].numbers, NULL);
        if (!is(got, cases[i].value))
            fail_msg("%s at %g, %g, %g is %.17g, not %.17g", cases[i].formula, cases[i].numbers[0], cases[i].numbers[1],
                     cases[i].numbers[2], got, cases[i].value);
    }
}
#define ASSERT_EXACTLY(cases) assert_exactly((cases), sizeof(cases) / sizeof(cases)[0])

static void comparisons_are_one_or_zero(void **state)
{
    (void)state;
    static const known cases[] = {
        {"a < b", {1, 2}, 1},
        {"a < b", {2, 2}, 0},
        {"a < b", {3, 2}, 0},
        {"a <= b", {1, 2}, 1},
        {"a <= b", {2, 2}, 1},
        {"a <= b", {3, 2}, 0},
        {"a > b", {1, 2}, 0},
        {"a > b", {2, 2}, 0},
        {"a > b", {3, 2}, 1},
        {"a >= b", {1, 2}, 0},
        {"a >= b", {2, 2}, 1},
        {"a >= b", {3, 2}, 1},
        {"a == b", {1, 2}, 0},
        {"a == b", {2, 2}, 1},
        {"a != b", {1, 2}, 1},
        {"a != b", {2, 2}, 0},
        {"a == b", {0, -0.0}, 1},
        {"a < b", {-0.0, 0}, 0},
        {"a == b", {INFINITY, INFINITY}, 1},
        {"a < b", {-INFINITY, INFINITY}, 1},
        {"a == a", {NAN}, 0},
        {"a != a", {NAN}, 1},
        {"a < b", {NAN, 1}, 0},
        {"a >= b", {1, NAN}, 0},
        {"!(a < b)", {NAN, 1}, 1},
    };
    ASSERT_EXACTLY(cases);
}

static void any_number_but_zero_is_true(void **state)
{
    (void)state;
    static const known cases[] = {
        {"a && b", {1, 1}, 1},
        {"a && b", {1, 0}, 0},
        {"a && b", {0, 1}, 0},
        {"a && b", {-0.5, 1e-300}, 1},
        {"a || b", {0, 0}, 0},
        {"a || b", {0, -2}, 1},
        {"a || b", {3, 0}, 1},
        {"a || b", {-0.0, 0}, 0},
        {"!a", {0}, 1},
        {"!a", {-0.0}, 1},
        {"!a", {2}, 0},
        {"!!a", {2}, 1},
        {"a && b", {NAN, 1}, 1},
        {"a || b", {NAN, 0}, 1},
        {"!a", {NAN}, 0},
        {"!a", {INFINITY}, 0},
        {"if(a, b, c)", {1, 2, 3}, 2},
        {"if(a, b, c)", {0, 2, 3}, 3},
        {"if(a, b, c)", {-0.0, 2, 3}, 3},
        {"if(a, b, c)", {0.1, 2, 3}, 2},
        {"if(a, b, c)", {NAN, 2, 3}, 2},
        {"a ? b : c", {0, 2, 3}, 3},
        {"if(a, b, c)", {1, 2, NAN}, 2},
        {"if(a, b, c)", {0, NAN, 3}, 3},
        {"if(a, b, c)", {1, -0.0, 3}, -0.0},
        {"a*(b > 1) + c*(b <= 1)", {5, 2, 7}, 5},
        {"(a > 1) + (b > 1) + (c > 1)", {2, 2, 0}, 2},
        {"true + true", {0}, 2},
        {"false", {0}, 0},
        {"-(a > 0)", {1}, -1},
    };
    ASSERT_EXACTLY(cases);
}

static void every_operator_binds_as_the_table_says(void **state)
{
    (void)state;
    static const known cases[] = {
        {"1 || 0 && 0", {0}, 1}, /* && before || */
        {"0 && 0 == 0", {0}, 0}, /* == before && */
        {"1 < 2 && 2 < 3", {0}, 1},
        {"1 + 1 == 2", {0}, 1}, /* + before == */
        {"3 > 1 + 1", {0}, 1},
        {"!1 == 0", {0}, 1}, /* ! before == */
        {"!0 + 1", {0}, 2},
        {"!2^0", {0}, 0}, /* ^ before ! */
        {"-2^2", {0}, -4},
        {"!-1", {0}, 0},
        {"-!0", {0}, -1},
        {"2^!0", {0}, 2},       /* a sign in the exponent */
        {"7 // 2 * 2", {0}, 6}, /* from the left */
        {"7 / 2 // 2", {0}, 1},
        {"2 * 7 // 3", {0}, 4},
        {"-7 // 2", {0}, -4},          /* the sign first */
        {"1 ? 2 : 0 ? 3 : 4", {0}, 2}, /* from the right */
        {"0 ? 2 : 0 ? 3 : 4", {0}, 4},
        {"1 ? 0 ? 5 : 6 : 7", {0}, 6},
        {"0 || 1 ? 2 : 3", {0}, 2}, /* || before ? */
        {"1 ? 2 : 3 + 10", {0}, 2},
        {"(1 ? 2 : 3) + 10", {0}, 12},
        {"(3 > 2) == (2 > 1)", {0}, 1},
        {"(1 < 2) < 2", {0}, 1},
        {"5 - 3 - 1", {0}, 1},
        {"2 ** 3 ** 0", {0}, 2},
    };
    ASSERT_EXACTLY(cases);
}

/* The values that NumPy documents for floor_divide and mod (Python's, as doubles), but for the sign of a NaN. */
static void floor_division_and_remainder_are_those_of_numpy(void **state)
{
    (void)state;
    static const known cases[] = {
        {"a // b", {7, 2}, 3},
        {"a // b", {-7, 2}, -4},
        {"a // b", {7, -2}, -4},
        {"a // b", {-7, -2}, 3},
        {"a // b", {6, 3}, 2},
        {"a // b", {1, 0}, INFINITY},
        {"a // b", {-1, 0}, -INFINITY},
        {"a // b", {0, 0}, NAN},
        {"a // b", {1, INFINITY}, 0},
        {"a // b", {-1, INFINITY}, -1},
        {"a // b", {INFINITY, 1}, NAN},
        {"a // b", {NAN, 1}, NAN},
        {"a // b", {1, 0.1}, 9}, /* the double 0.1 is above a tenth */
        {"mod(a, b)", {7, 3}, 1},
        {"mod(a, b)", {-7, 3}, 2},
        {"mod(a, b)", {7, -3}, -2},
        {"mod(a, b)", {-7, -3}, -1},
        {"mod(a, b)", {5.5, 2}, 1.5},
        {"mod(a, b)", {6, 3}, 0},
        {"mod(a, b)", {-6, 3}, 0},
        {"mod(a, b)", {6, -3}, -0.0},
        {"mod(a, b)", {1, 0}, NAN},
        {"mod(a, b)", {1, INFINITY}, 1},
        {"mod(a, b)", {-1, INFINITY}, INFINITY},
        {"mod(a, b)", {INFINITY, 2}, NAN},
        {"mod(a, b)", {NAN, 2}, NAN},
        {"a / b", {1, 2}, 0.5},
        {"a / b", {1, 0}, INFINITY},
        {"a / b", {-1, 0}, -INFINITY},
    };
    ASSERT_EXACTLY(cases);
}

static void steps_have_their_conventions(void **state)
{
    (void)state;
    static const known cases[] = {
        {"round(a)", {0.5}, 0},
        {"round(a)", {1.5}, 2},
        {"round(a)", {2.5}, 2},
        {"round(a)", {-0.5}, -0.0},
        {"round(a)", {-1.5}, -2},
        {"round(a)", {2.4}, 2},
        {"round(a)", {0x1.fffffffffffffp-2}, 0},
        {"round(a)", {1e300}, 1e300},
        {"round(a)", {NAN}, NAN},
        {"round(a)", {-INFINITY}, -INFINITY},
        {"floor(a)", {-1.5}, -2},
        {"floor(a)", {1.5}, 1},
        {"floor(a)", {-0.0}, -0.0},
        {"floor(a)", {NAN}, NAN},
        {"ceil(a)", {-1.5}, -1},
        {"ceil(a)", {1.5}, 2},
        {"ceil(a)", {-0.5}, -0.0},
        {"sign(a)", {-3}, -1},
        {"sign(a)", {0}, 0},
        {"sign(a)", {1e-320}, 1},
        {"sign(a)", {NAN}, NAN},
        {"step(a)", {0}, 1},
        {"step(a)", {-0.0}, 1},
        {"step(a)", {-1e-320}, 0},
        {"step(a)", {7}, 1},
        {"step(a)", {NAN}, 0},
        {"abs(a)", {-0.0}, 0},
        {"abs(a)", {-INFINITY}, INFINITY},
    };
    ASSERT_EXACTLY(cases);
}

static void min_and_max_are_those_of_numpy(void **state)
{
    (void)state;
    static const known cases[] = {
        {"min(a, b)", {1, 2}, 1},
        {"min(a, b, c)", {3, 2, 1}, 1},
        {"min(a, b, c, 0, 5)", {3, 2, 1}, 0},
        {"max(a, b)", {1, 2}, 2},
        {"max(a, b, c)", {1, 3, 2}, 3},
        {"max(a, b, c, -1, 2.5)", {1, 2, 2}, 2.5},
        {"min(a, b)", {NAN, 1}, NAN},
        {"min(a, b)", {1, NAN}, NAN},
        {"max(a, b)", {NAN, 1}, NAN},
        {"max(a, b)", {1, NAN}, NAN},
        {"max(a, b, c)", {1, NAN, 3}, NAN},
        {"min(a, b)", {-INFINITY, 1}, -INFINITY},
        {"clamp(a, b, c)", {5, 0, 1}, 1},
        {"clamp(a, b, c)", {-5, 0, 1}, 0},
        {"clamp(a, b, c)", {0.5, 0, 1}, 0.5},
        {"clamp(a, b, c)", {NAN, 0, 1}, NAN},
    };
    ASSERT_EXACTLY(cases);
}

/* NIST Digital Library of Mathematical Functions and Abramowitz and Stegun, rounded to twenty digits. The tolerance is
 * that of docs/formulas.md. */
static void functions_have_their_known_values(void **state)
{
    (void)state;
    static const known cases[] = {
        {"exp2(a)", {0.5}, 1.4142135623730950488},
        {"exp2(a)", {10}, 1024},
        {"expm1(a)", {1e-10}, 1.00000000005000000000e-10},
        {"log2(a)", {8}, 3},
        {"log2(a)", {10}, 3.3219280948873623479},
        {"log10(a)", {1000}, 3},
        {"log10(a)", {2}, 0.30102999566398119521},
        {"log1p(a)", {1e-10}, 9.9999999995000000000e-11},
        {"cbrt(a)", {27}, 3},
        {"cbrt(a)", {-2}, -1.2599210498948731648},
        {"hypot(a, b)", {3, 4}, 5},
        {"hypot(a, b)", {3e200, 4e200}, 5e200},
        {"asin(a)", {0.5}, 0.52359877559829887308},
        {"acos(a)", {0.5}, 1.0471975511965977462},
        {"atan2(a, b)", {1, -1}, 2.3561944901923449288},
        {"atan2(a, b)", {-1, -1}, -2.3561944901923449288},
        {"sinh(a)", {1}, 1.1752011936438014569},
        {"cosh(a)", {1}, 1.5430806348152437785},
        {"tanh(a)", {1}, 0.76159415595576488812},
        {"asinh(a)", {1}, 0.88137358701954302523},
        {"acosh(a)", {2}, 1.3169578969248167086},
        {"atanh(a)", {0.5}, 0.54930614433405484570},
        {"sigmoid(a)", {1}, 0.73105857863000487926},
        {"sigmoid(a)", {-1}, 0.26894142136999512075},
        {"softplus(a)", {1}, 1.3132616875182228340},
        {"erf(a)", {1}, 0.84270079294971486934},
        {"erfc(a)", {2}, 0.0046777349810472658379},
        {"gamma(a)", {5}, 24},
        {"gamma(a)", {0.5}, 1.7724538509055160273},
        {"lgamma(a)", {0.5}, 0.57236494292470008707},
        {"lgamma(a)", {10}, 12.801827480081469611},
        {"digamma(a)", {1}, -0.57721566490153286061},
        {"digamma(a)", {2}, 0.42278433509846713939},
        {"sinc(a)", {0.5}, 0.63661977236758134308},
        {"besselj0(a)", {1}, 0.76519768655796655145},
        {"besselj1(a)", {1}, 0.44005058574493351596},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double got = at(cases[i].formula, cases[i].numbers, NULL);
        if (!(fabs(got - cases[i].value) <= 8 * 0x1p-52 * fabs(cases[i].value)))
            fail_msg("%s at %g is %.17g, not %.17g", cases[i].formula, cases[i].numbers[0], got, cases[i].value);
    }
}

static void functions_have_their_limits(void **state)
{
    (void)state;
    static const known cases[] = {
        {"sinc(a)", {0}, 1},

        {"erf(a)", {INFINITY}, 1},
        {"erfc(a)", {-INFINITY}, 2},
        {"sigmoid(a)", {INFINITY}, 1},
        {"sigmoid(a)", {-INFINITY}, 0},
        {"softplus(a)", {-INFINITY}, 0},
        {"softplus(a)", {1000}, 1000},
        {"tanh(a)", {1000}, 1},
        {"expm1(a)", {-INFINITY}, -1},
        {"log1p(a)", {-1}, -INFINITY},
        {"log1p(a)", {-2}, NAN},
        {"acos(a)", {1}, 0},
        {"asin(a)", {1.5}, NAN},
        {"acosh(a)", {0.5}, NAN},
        {"atanh(a)", {1}, INFINITY},
        {"gamma(a)", {1}, 1},
        {"lgamma(a)", {1}, 0},
        {"lgamma(a)", {2}, 0},
        {"besselj0(a)", {0}, 1},
        {"besselj1(a)", {0}, 0},
        {"cbrt(a)", {-8}, -2},
        {"hypot(a, b)", {INFINITY, NAN}, INFINITY},
        {"atan2(a, b)", {0, 1}, 0},
        {"log2(a)", {-1}, NAN},
        {"log10(a)", {0}, -INFINITY},
    };
    ASSERT_EXACTLY(cases);
}

/* Where a function has a step, a kink or a branch. */
static void derivatives_have_their_conventions(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        double numbers[PARAMETERS_MAX], by_a;
    } cases[] = {
        {"abs(a)", {0}, 0},
        {"abs(a)", {-3}, -1},
        {"min(a, b)", {1, 2}, 1},
        {"min(a, b)", {2, 1}, 0},
        {"min(a, b)", {2, 2}, 0.5},
        {"max(a, b)", {2, 2}, 0.5},
        {"max(a, 0)", {0}, 0.5},
        {"clamp(a, 0, 1)", {0.5}, 1},
        {"clamp(a, 0, 1)", {2}, 0},
        {"step(a)", {0}, 0},
        {"sign(a)", {0}, 0},
        {"floor(a) + ceil(a) + round(a)", {1.5}, 0},
        {"a // b", {7, 2}, 0},
        {"mod(a, b)", {7, 3}, 1},
        {"(a < b)*5", {1, 2}, 0},
        {"a*(a > b)", {3, 2}, 1},
        {"a && b", {1, 1}, 0},
        {"!a", {0}, 0},
        {"if(a > 0, a^2, 3*a)", {2}, 4},
        {"if(a > 0, a^2, 3*a)", {-2}, 3},
        {"if(a > 0, log(a), a)", {-1}, 1}, /* the branch not taken has no slope, whatever it is */
        {"if(a > 0, sqrt(a), 0)", {0}, 0},
        {"if(b == 0, 1, sin(a*b)/b)", {1, 0}, 0}, /* 0/0 beside it */
        {"b != 0 ? a/b : a", {1, 0}, 1},
        {"z = a*b; z*z", {3, 2}, 24},
        {"z = a; w = z*z; q = w*z; q + z", {2}, 13},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double slopes[PARAMETERS_MAX] = {99, 99, 99};
        at(cases[i].formula, cases[i].numbers, slopes);
        if (!(slopes[0] == cases[i].by_a))
            fail_msg("the derivative of %s at a = %g is %.17g, not %g", cases[i].formula, cases[i].numbers[0],
                     slopes[0], cases[i].by_a);
    }
    double slopes[PARAMETERS_MAX];
    at("mod(a, b)", (double[]){7, 3}, slopes);
    assert_true(slopes[1] == -2); /* a - b*floor(a/b) */
    at("mod(a, b)", (double[]){-7, 3}, slopes);
    assert_true(slopes[1] == 3);
}

/* However deep they stand, intermediates are the same numbers as the text that they stand for. */
static void intermediates_have_the_value_of_what_they_stand_for(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"z = a/b; c*exp(-z^2)", "c*exp(-(a/b)^2)"},
        {"z = a; w = z; w + z", "a + a"},
        {"u = a*b; v = u + c; v/u - v*u", "(a*b + c)/(a*b) - (a*b + c)*(a*b)"},
        {"z = -a; z^2", "(-a)^2"},
        {"z = a + b; -z*c", "-(a + b)*c"},
        {"big = a > b; if(big, a, b)", "if(a > b, a, b)"},
        {"z\n=\na; z;", "a"},
        {"unused = a/0; b", "b"},
    };
    const double numbers[] = {1.7, -0.3, 2.9};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        double slopes[2][PARAMETERS_MAX] = {{0}};
        assert_true(is(at(pairs[i][0], numbers, slopes[0]), at(pairs[i][1], numbers, slopes[1])));
        for (int k = 0; k < PARAMETERS_MAX; k++)
            assert_close(slopes[0][k], slopes[1][k], 1e-15, 0);
    }
}

/* Nothing limits a formula to one independent variable. */
static void a_model_may_have_many_predictors(void **state)
{
    (void)state;
    enum {
        COLUMNS = 40
    };
    char names[COLUMNS][8], formula[1000] = "y = a";
    const char *columns[COLUMNS + 1] = {"y"};
    double rows[COLUMNS][3];
    const double *data[COLUMNS + 1] = {NULL};
    for (int i = 0; i < COLUMNS; i++) {
        snprintf(names[i], sizeof names[i], "x%d", i);
        columns[i + 1] = names[i];
        strcat(strcat(formula, " + "), names[i]);
        data[i + 1] = rows[i];
        for (int row = 0; row < 3; row++)
            rows[i][row] = i * (row + 1);
    }
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = COLUMNS + 1;
    qn_model *model;
    qn_model_workspace *workspace;
    qn_error err;
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    assert_int_equal(qn_model_column_count(model), COLUMNS + 1);
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    double value[3], a = 0.5;
    qn_model_eval(model, workspace, data, 0, 3, &a, value, NULL, 0);
    for (int row = 0; row < 3; row++)
        assert_true(value[row] == 0.5 + (row + 1) * (COLUMNS * (COLUMNS - 1) / 2.0));
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_are_one_or_zero),
        cmocka_unit_test(any_number_but_zero_is_true),
        cmocka_unit_test(every_operator_binds_as_the_table_says),
        cmocka_unit_test(floor_division_and_remainder_are_those_of_numpy),
        cmocka_unit_test(steps_have_their_conventions),
        cmocka_unit_test(min_and_max_are_those_of_numpy),
        cmocka_unit_test(functions_have_their_known_values),
        cmocka_unit_test(functions_have_their_limits),
        cmocka_unit_test(derivatives_have_their_conventions),
        cmocka_unit_test(intermediates_have_the_value_of_what_they_stand_for),
        cmocka_unit_test(a_model_may_have_many_predictors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
