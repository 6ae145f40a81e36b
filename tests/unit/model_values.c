/* What formulas mean: precedence, known values, derivatives at the edges, the transformed response. */
#include "harness/harness.h"

#include <math.h>
#include <string.h>

#include <quern/model.h>

static const char *const columns[] = {"x", "y"};

static qn_model *must_model(const char *formula, const qn_allocator *allocator)
{
    qn_model *model;
    qn_error err;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    options.allocator = allocator;
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

enum {
    PARAMETERS_MAX = 4
};

/* The right side at one row with the columns x and y; `parameters` by number of the model; the derivatives go to
 * `jacobian`. */
static double at(const char *formula, double x, const double *parameters, double *jacobian)
{
    qn_model *model = must_model(formula, NULL);
    qn_model_workspace *workspace;
    qn_error err;
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    const double y = 7;
    const double *data[2] = {NULL, NULL};
    for (int64_t i = 0; i < qn_model_column_count(model); i++)
        data[i] = strcmp(qn_model_column_name(model, i), "x") == 0 ? &x : &y;
    double value;
    assert_true(qn_model_parameter_count(model) <= PARAMETERS_MAX);
    qn_model_eval(model, workspace, data, 0, 1, parameters, &value, jacobian, 1);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
    return value;
}

static double constant(const char *formula)
{
    return at(formula, 0, NULL, NULL);
}

static void operators_bind_as_in_mathematics(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"1 + 2 * 3", 7},     {"(1 + 2) * 3", 9}, {"10 - 4 - 3", 3}, {"48 / 4 / 3", 4},    {"2 * 3 ^ 2", 18},
        {"2 ^ 3 ^ 2", 512},   {"-3 ^ 2", -9},     {"(-3) ^ 2", 9},   {"2 ^ -3", 0.125},    {"2 ^ -3 ^ 2", 0x1p-9},
        {"2 ** 3 ** 2", 512}, {"-2 * 3", -6},     {"2 * -3", -6},    {"2 - -3", 5},        {"--3", 3},
        {"-+-3", 3},          {"+3", 3},          {"-6 / -2", 3},    {"2 ^ -1 * 8", 4},    {"1 / 2 * 4", 2},
        {"- 2 ^ - 2", -0.25}, {"1 - 2 + 3", 2},   {"((((5))))", 5},  {"pow(2, 10)", 1024}, {"pow(-2, 3)", -8},
        {".5e1", 5},          {"5.", 5},          {"1e3", 1000},     {"1E-3", 1e-3},       {"1\t+\r\n1", 2},
        {"sqrt (16)", 4},     {"abs(-3)", 3},     {"exp(0)", 1},     {"log(1)", 0},        {"atan(0)", 0},
        {"cos(0)", 1},        {"-x^0", -1},       {"2^0.5^2", 0},
    };
    for (size_t i = 0; i + 1 < sizeof cases / sizeof cases[0]; i++)
        if (constant(cases[i].text) != cases[i].value)
            fail_msg("%s is %.17g, not %.17g", cases[i].text, constant(cases[i].text), cases[i].value);
    assert_close(constant("2^0.5^2"), 1.189207115002721, 1e-15, 0); /* 2^(1/4) */
}

/* Abramowitz and Stegun, Handbook of Mathematical Functions, tables 4.1 to 4.14 and 1.1. */
static void functions_have_their_known_values(void **state)
{
    (void)state;
    assert_close(constant("exp(1)"), 2.71828182845904523536, 2e-16, 0);
    assert_close(constant("log(10)"), 2.30258509299404568402, 2e-16, 0);
    assert_close(constant("pi"), 3.14159265358979323846, 0, 0);
    assert_close(constant("π"), 3.14159265358979323846, 0, 0);
    assert_close(constant("4*atan(1)"), 3.14159265358979323846, 2e-16, 0);
    assert_close(constant("sqrt(2)"), 1.41421356237309504880, 2e-16, 0);
    assert_close(constant("sin(1)"), 0.84147098480789650665, 2e-16, 0);
    assert_close(constant("cos(1)"), 0.54030230586813971740, 2e-16, 0);
    assert_close(constant("tan(1)"), 1.55740772465490223051, 2e-16, 0);
    assert_close(constant("sin(pi/6)"), 0.5, 2e-16, 0);
    assert_close(constant("2^0.5"), 1.41421356237309504880, 2e-16, 0);
}

static void outside_its_domain_a_function_is_as_in_ieee_754(void **state)
{
    (void)state;
    assert_true(isnan(constant("log(-1)")));
    assert_true(isnan(constant("sqrt(-1)")));
    assert_true(isnan(constant("(-8)^(1/3)")));
    assert_true(isnan(constant("0/0")));
    assert_true(constant("1/0") == INFINITY);
    assert_true(constant("log(0)") == -INFINITY);
    assert_true(constant("exp(1000)") == INFINITY);
    assert_true(constant("0^0") == 1);
}

static void a_derivative_is_exact(void **state)
{
    (void)state;
    double j[PARAMETERS_MAX], p[PARAMETERS_MAX] = {2, 3, 0.5, 0};
    assert_close(at("a*exp(-b*x)+c", 0.7, p, j), 2 * exp(-2.1) + 0.5, 1e-15, 0);
    assert_close(j[0], exp(-2.1), 1e-15, 0);
    assert_close(j[1], -1.4 * exp(-2.1), 1e-15, 0);
    assert_true(j[2] == 1);
    at("x^a", 3, p, j);
    assert_close(j[0], 9 * log(3), 1e-15, 0);
    at("(a*x)^3", 5, p, j); /* 3 a^2 x^3 */
    assert_true(j[0] == 1500);
    at("a^b", 0, p, j); /* b a^(b-1), a^b log a */
    assert_close(j[0], 12, 1e-15, 0);
    assert_close(j[1], 8 * log(2), 1e-15, 0);
    at("sin(a)*cos(b)+tan(c)*atan(a)", 0, p, j);
    assert_close(j[0], cos(2) * cos(3) + tan(0.5) / 5, 1e-15, 0);
    assert_close(j[1], -sin(2) * sin(3), 1e-15, 0);
    assert_close(j[2], atan(2) / (cos(0.5) * cos(0.5)), 1e-15, 0);
    at("sqrt(a)/b - log(b)*abs(-a)", 0, p, j);
    assert_close(j[0], 0.5 / sqrt(2) / 3 - log(3), 1e-15, 0);
    assert_close(j[1], -sqrt(2) / 9 - 2.0 / 3, 1e-15, 0);
}

static void a_parameter_without_effect_has_the_derivative_zero(void **state)
{
    (void)state;
    double j[PARAMETERS_MAX], p[PARAMETERS_MAX] = {2, 3, 0, 0};
    assert_true(at("x + a^0 + 1^b", 5, p, j) == 7);
    assert_true(j[0] == 0 && j[1] == 0);
}

/* Where the naive rules give 0 times infinity. */
static void derivatives_are_right_at_the_edges(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        double x, parameter, derivative;
    } cases[] = {
        {"x^a", 0, 2, 0}, /* d/da 0^a */
        {"x^a", 0, 0, 0}, /* by convention */
        {"x^a", 0, 0.5, 0},
        {"a^0", 1, 0, 0}, /* d/da a^0 at 0 */
        {"a^1", 1, 0, 1},
        {"a^x", 0, 0, 0}, /* the same with exponents in a column */
        {"a^x", 1, 0, 1},
        {"a^x", 2, 0, 0},
        {"a^x", 3, 0, 0},
        {"a^x", 2, -3, -6},
        {"a^x", -1, -2, -0.25},
        {"a^2", 0, 0, 0},
        {"abs(a)", 0, 0, 0}, /* by convention at the kink */
        {"abs(a)", 0, -2, -1},
        {"sqrt(a*x)", 0, 3, 0}, /* infinite slope where nothing moves */
        {"(x/a)^0.5", 0, 3, 0},
        {"exp(-(x/a)^0.7)", 0, 3, 0},
        {"1/(1+exp(a-x))", -2000, 1, 0}, /* exp overflows: the value is 0 and stays 0 */
        {"1/(1+exp(a-x))", 2000, 1, 0},
        {"x*log(a)", 0, 0, 0},
        {"atan(a*x)", 1e200, 1e200, 0},
        {"atan(exp(a*x))", 1000, 1, 0}, /* the way in is infinite, the way on is 0 */
        {"tanh(exp(a*x))", 1000, 1, 0},
        {"a^400", 0, 1, 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double j[1] = {99};
        at(cases[i].formula, cases[i].x, &cases[i].parameter, j);
        if (!(j[0] == cases[i].derivative))
            fail_msg("the derivative of %s at x = %g, a = %g is %g, not %g", cases[i].formula, cases[i].x,
                     cases[i].parameter, j[0], cases[i].derivative);
    }
    double j[1], a = 0.5;
    at("a^x", 0.5, &a, j);
    assert_close(j[0], 0.70710678118654752440, 1e-15, 0);
    a = 1e-250; /* a^2 underflows; 2 a does not */
    at("a^x", 2, &a, j);
    assert_close(j[0], 2e-250, 1e-15, 0);
    a = 1;
    assert_true(at("(a*1e-200)^2*1e250", 0, &a, j) == 0);
    assert_close(j[0], 2e-150, 1e-15, 0);
    a = -1;
    at("a^x", 0x1p70, &a, j); /* x - 1 is x, but the power is odd */
    assert_true(j[0] == -0x1p70);
    a = -2;
    at("x^a", -3, &a, j); /* (-3)^-2 is 1/9, but no exponent beside it gives a number */
    assert_true(isnan(j[0]));
}

static void a_response_may_be_transformed(void **state)
{
    (void)state;
    qn_model *model = must_model("log(y)/2 + x = a*x", NULL);
    qn_model_workspace *workspace;
    qn_error err;
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    assert_string_equal(qn_model_response_text(model), "log(y)/2 + x");
    assert_true(qn_model_has_response(model));
    assert_int_equal(qn_model_column_count(model), 2);
    assert_string_equal(qn_model_column_name(model, 0), "y");
    assert_string_equal(qn_model_column_name(model, 1), "x");
    double y[300], x[300], value[300];
    for (int i = 0; i < 300; i++) {
        y[i] = 1 + i;
        x[i] = i % 7;
    }
    const double *data[] = {y, x};
    qn_model_eval_response(model, workspace, data, 10, 290, value);
    for (int i = 10; i < 300; i++)
        assert_true(value[i - 10] == log(y[i]) / 2 + x[i]);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
}

static void the_value_may_be_left_out_and_strides_are_kept(void **state)
{
    (void)state;
    enum {
        ROWS = 200,
        STRIDE = 333
    };
    qn_model *model = must_model("y = a*exp(b*x)", NULL);
    qn_model_workspace *workspace;
    qn_error err;
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    double x[ROWS], value[ROWS], jacobian[2 * STRIDE], again[2 * STRIDE], parameters[] = {2, -0.1};
    for (int i = 0; i < ROWS; i++)
        x[i] = 0.1 * i;
    for (int i = 0; i < 2 * STRIDE; i++)
        jacobian[i] = again[i] = -77;
    const double *data[] = {NULL, x}; /* y is not read for the right side */
    qn_model_eval(model, workspace, data, 0, ROWS, parameters, value, jacobian, STRIDE);
    qn_model_eval(model, workspace, data, 0, ROWS, parameters, NULL, again, STRIDE);
    assert_memory_equal(jacobian, again, sizeof jacobian);
    for (int k = 0; k < 2; k++)
        for (int i = ROWS; i < STRIDE; i++)
            assert_true(jacobian[k * STRIDE + i] == -77);
    qn_model_eval(model, workspace, data, 0, 0, parameters, NULL, NULL, 0);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
}

static void evaluating_allocates_nothing(void **state)
{
    (void)state;
    test_allocator t;
    test_allocator_init(&t);
    qn_model *model = must_model("y = a*exp(b*x)^c + pow(x, a)", &t.allocator);
    qn_model_workspace *workspace;
    qn_error err;
    assert_ok(qn_model_workspace_new(&workspace, model, &t.allocator, &err), &err);
    double x[500] = {0}, value[500], jacobian[1500], parameters[] = {2, -0.1, 1};
    const double *data[] = {x, x};
    int64_t before = t.allocations;
    for (int i = 0; i < 10; i++)
        qn_model_eval(model, workspace, data, 0, 500, parameters, value, jacobian, 500);
    qn_model_eval_response(model, workspace, data, 0, 500, value);
    assert_int_equal(t.allocations, before);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
    assert_int_equal(t.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_bind_as_in_mathematics),
        cmocka_unit_test(functions_have_their_known_values),
        cmocka_unit_test(outside_its_domain_a_function_is_as_in_ieee_754),
        cmocka_unit_test(a_derivative_is_exact),
        cmocka_unit_test(a_parameter_without_effect_has_the_derivative_zero),
        cmocka_unit_test(derivatives_are_right_at_the_edges),
        cmocka_unit_test(a_response_may_be_transformed),
        cmocka_unit_test(the_value_may_be_left_out_and_strides_are_kept),
        cmocka_unit_test(evaluating_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
