/* Formulas fitted to tables: reference values, where they come from said beside them, and every complaint about data.
 */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static qn_model *compile(const char *formula, const qn_table *table)
{
    qn_error err;
    qn_model *model;
    const char *columns[16];
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = qn_table_column_count(table);
    for (int64_t c = 0; c < options.column_count; c++)
        columns[c] = qn_table_column_name(table, c);
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

static qn_table *read_csv(const char *text)
{
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    return table;
}

static qn_fit_result *fit(const char *formula, const qn_table *table, const double *start)
{
    qn_error err;
    qn_fit_result *result;
    qn_model *model = compile(formula, table);
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
    qn_model_unref(model);
    assert_int_equal(result->loop_allocations, 0);
    return result;
}

static const char power_csv[] = "x,y\n1,1\n2,3.2\n3,9.5\n4,13.7\n";

/* Values of SciPy's test suite (curve_fit, TestCurveFit), to its four decimals. */
static void powers_have_scipys_parameters_and_covariances(void **state)
{
    (void)state;
    qn_table *table = read_csv(power_csv);
    qn_fit_result *one = fit("y = x^a", table, NULL), *two = fit("y = b*x^a", table, NULL);
    assert_int_equal(one->status, QN_FIT_CONVERGED);
    assert_close(one->parameters[0].value, 1.9149, 0, 5e-5);
    assert_close(one->covariance[0], 0.0016, 0, 5e-5);
    assert_string_equal(one->started, "estimated: power");
    assert_int_equal(one->warning_count, 0);
    const double value[] = {1.1642, 1.7989},
                 covariance[] = {0.1912, -0.1260, -0.1260, 0.0852}; /* b, a: as the formula names them */
    assert_string_equal(two->parameters[0].name, "b");
    for (int j = 0; j < 2; j++)
        assert_close(two->parameters[j].value, value[j], 0, 5e-5);
    for (int j = 0; j < 4; j++)
        assert_close(two->covariance[j], covariance[j], 0, 5e-5);
    qn_fit_result_free(one);
    qn_fit_result_free(two);
    qn_table_free(table);
}

/* The values above, in units of powers of ten: 1 would be far too large or far too small a start. */
static void data_in_any_unit_need_no_start(void **state)
{
    (void)state;
    static const int exponents[] = {-300, -200, -150, -100, -34, -25, -19, -17, -9, 9, 15};
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        char csv[128];
        int e = exponents[i];
        snprintf(csv, sizeof csv, "x,y\n1,1e%d\n2,3.2e%d\n3,9.5e%d\n4,13.7e%d\n", e, e, e, e);
        double unit = pow(10, e);
        qn_table *table = read_csv(csv);
        qn_fit_result *result = fit("y = b*x^a", table, NULL);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_close(result->parameters[0].value / unit, 1.1642, 0, 5e-5);
        assert_close(result->parameters[1].value, 1.7989, 0, 5e-5);
        assert_close(result->parameters[0].stderr_ / unit, sqrt(0.1912), 0, 1e-4);
        assert_close(result->parameters[1].stderr_, sqrt(0.0852), 0, 1e-4);
        if (e <= -200)
            assert_contains(result->warnings[0], "beyond the range of numbers");
        else
            assert_int_equal(result->warning_count, 0);
        qn_fit_result_free(result);
        qn_table_free(table);
    }
}

/* exp(x / 2), from starts where the squares of the model overflow, and those of the data are lost beside them. */
static void a_start_far_too_steep_passes_neither_for_a_fit_nor_for_no_residuals(void **state)
{
    (void)state;
    qn_table *table = read_csv("x,y\n2,2.718281828459045\n4,7.38905609893065\n6,20.085536923187668\n"
                               "8,54.598150033144236\n10,148.4131591025766\n");
    static const double steep[] = {25, 40, 60, 70};
    for (size_t i = 0; i < sizeof steep / sizeof *steep; i++) {
        qn_fit_result *result = fit("y = exp(b*x)", table, &steep[i]);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_close(result->parameters[0].value, 0.5, 1e-12, 0);
        qn_fit_result_free(result);
    }
    /* After the first step a is 0 but for rounding, and what is left for it to do is small beside b. */
    for (double b = 4; b < 20; b += 4) {
        qn_fit_result *result = fit("y = a*exp(b*x)", table, (const double[]){1, b});
        bool certain = result->status == QN_FIT_CONVERGED && result->parameters[1].stderr_ < 1;
        assert_close(result->parameters[1].value, 0.5, 1e-9, certain ? 0 : 20);
        assert_true(result->rss < 0.2 * 25473); /* that of a = 0; the last row alone has most of it */
        qn_fit_result_free(result);
    }
    qn_table_free(table);
}

/* Data and result of SciPy's issue 2639, to its 1e-5. */
static void a_double_gaussian_that_once_failed_is_fitted(void **state)
{
    (void)state;
    qn_table *table =
        read_csv("x,y\n574.142,859\n574.154,997\n574.165,1699\n574.177,2604\n574.188,2013\n574.199,1964\n574.211,2435\n"
                 "574.222,1550\n574.234,949\n574.245,841\n");
    /* in the order of the formula: A0 x0 s A1 x1 c */
    const double start[] = {1302, 574.1861428571428, 0.0035019999999983615, 1302, 574.2155714285715, 859};
    const double value[] = {1741.87044, 574.177150, 0.010068462, 1586.46166, 574.209188, 857.450661};
    qn_fit_result *result = fit("y = A0*exp(-(x-x0)^2/(2*s^2)) + A1*exp(-(x-x1)^2/(2*s^2)) + c", table, start);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    for (int j = 0; j < 6; j++)
        assert_close(result->parameters[j].value, value[j], 1e-5, 0);
    qn_fit_result_free(result);
    qn_table_free(table);
}

/* NIST's Misra1a with b1 <= 200: then b2 is the root of the derivative in one variable, found by bisection in Python.
 */
static void a_bound_holds_one_parameter_and_the_other_is_optimal(void **state)
{
    (void)state;
    qn_table *table = read_csv(
        "y,x\n10.07,77.6\n14.73,114.9\n17.94,141.1\n23.93,190.8\n29.61,239.9\n35.18,289.0\n40.02,332.8\n44.82,378.4\n"
        "50.76,434.8\n55.05,477.3\n61.01,536.8\n66.40,593.1\n75.47,689.1\n81.78,760.0\n");
    qn_model *model = compile("y = b1*(1-exp(-b2*x))", table);
    qn_error err;
    qn_fit_result *result;
    const double start[] = {150, 5e-4}, upper[] = {200, INFINITY};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.upper = upper;
    assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_true(result->parameters[0].value == 200 && result->parameters[0].at_bound);
    assert_close(result->parameters[1].value, 0.0006790593778031414, 1e-10, 0);
    assert_close(result->rss, 3.334445882192106, 1e-12, 0);
    qn_fit_result_free(result);
    qn_model_unref(model);
    qn_table_free(table);
}

static void exact_data_are_fitted_to_rounding(void **state)
{
    (void)state;
    char text[4096] = "x,y\n";
    for (int i = 0; i < 40; i++)
        sprintf(text + strlen(text), "%d,%.17g\n", i, 3 * exp(-0.1 * i) + 0.25);
    qn_table *table = read_csv(text);
    const double start[] = {1, 1, 1}, value[] = {3, 0.1, 0.25};
    qn_fit_result *result = fit("y = a*exp(-k*x) + c", table, start);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    for (int j = 0; j < 3; j++)
        assert_close(result->parameters[j].value, value[j], 1e-13, 0);
    assert_true(result->rss < 1e-28);
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void whole_numbers_and_truth_values_are_numbers(void **state)
{
    (void)state;
    qn_table *table = read_csv("group,dose,y\ntrue,1,3.5\nfalse,2,4\ntrue,3,7.5\nfalse,4,8\n");
    assert_int_equal(qn_table_column_type(table, 0), QN_TYPE_BOOL);
    qn_fit_result *result = fit("y = a*dose + b*group", table, NULL);
    assert_close(result->parameters[0].value, 2, 1e-14, 0);
    assert_close(result->parameters[1].value, 1.5, 1e-13, 0);
    assert_int_equal(result->n, 4);
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void constant_data_have_a_mean_and_no_slope(void **state)
{
    (void)state;
    qn_table *table = read_csv("x,y\n1,5\n2,5\n3,5\n4,5\n");
    qn_fit_result *result = fit("y = a + b*x", table, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_close(result->parameters[0].value, 5, 1e-14, 0);
    assert_close(result->parameters[1].value, 0, 0, 1e-14);
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void a_parameter_that_does_nothing_is_named(void **state)
{
    (void)state;
    qn_table *table = read_csv("x,y,zero\n1,5,0\n2,6,0\n3,8,0\n4,9,0\n");
    qn_fit_result *result = fit("y = a + b*x + idle*zero", table, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_close(result->parameters[1].value, 1.4, 1e-13, 0);
    assert_true(isnan(result->parameters[2].stderr_));
    assert_true(result->parameters[0].stderr_ > 0); /* the others stand */
    assert_contains(result->warnings[result->warning_count - 1], "do not determine \"idle\":");
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void nan_at_the_start_names_the_line_of_the_file(void **state)
{
    (void)state;
    qn_table *table = read_csv("x,y\n4,2\n1,1\n-1,0\n9,3\n");
    qn_fit_result *result = fit("y = a*sqrt(x) + b", table, NULL);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    assert_contains(result->message, "row 3 (data.csv:4)");
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void overflow_at_the_start_is_not_finite(void **state)
{
    (void)state;
    qn_table *table = read_csv("x,y\n1000,2\n2000,1\n3000,0\n");
    const double start[] = {1, 1};
    qn_fit_result *result = fit("y = a*exp(k*x)", table, start);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void assert_refused(const char *formula, const char *csv, qn_status code, int64_t line, const char *piece)
{
    qn_error err;
    qn_table *table = read_csv(csv);
    qn_model *model = compile(formula, table);
    qn_fit_result *result = (qn_fit_result *)&err;
    assert_int_equal(qn_fit_table(&result, model, table, NULL, &err), code);
    assert_null(result);
    assert_contains(err.message, piece);
    assert_int_equal(err.line, line);
    if (code == QN_DATA)
        assert_string_equal(err.file, "data.csv");
    qn_model_unref(model);
    qn_table_free(table);
}

static void bad_data_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused("y = a*x", "x,y\n1,2\nred,3\n2,4\n", QN_DATA, 0, "column \"x\" holds text");
    assert_refused("y = a*x", "x,y\n1,2\n,3\n2,4\n", QN_DATA, 3, "column \"x\" has no value");
    assert_refused("y = a*x", "x,y\n1,2\n2,inf\n2,4\n", QN_DATA, 3, "column \"y\" is infinite");
    assert_refused("y = a*x", "x,y\n2020-01-01,2\n2020-01-02,3\n", QN_DATA, 0, "column \"x\" holds date");
    assert_refused("log(y) = a*x", "x,y\n1,2\n2,-1\n2,4\n", QN_DATA, 3, "the response log(y) is not finite");
    assert_refused("y = a*x + b + c*x^2", "x,y\n1,2\n2,3\n", QN_DATA, 0, "2 rows are too few for 3 parameters");
    assert_refused("y = a*x + b", "x,y\n1,2\n", QN_DATA, 0, "1 row is too few for 2 parameters");
    assert_refused("y = 2*x", "x,y\n1,2\n", QN_INVALID, 0, "no parameters");
}

static void a_missing_cell_in_an_unused_column_does_not_matter(void **state)
{
    (void)state;
    qn_table *table = read_csv("x,note,y\n1,,2\n2,7,4\n3,,6\n");
    qn_fit_result *result = fit("y = a*x", table, NULL);
    assert_close(result->parameters[0].value, 2, 1e-15, 0);
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void a_model_of_another_table_is_refused(void **state)
{
    (void)state;
    qn_error err;
    qn_table *table = read_csv(power_csv), *other = read_csv("u,v\n1,2\n3,4\n");
    qn_model *model = compile("y = a*x", table);
    qn_fit_result *result;
    assert_int_equal(qn_fit_table(&result, model, other, NULL, &err), QN_NAME);
    assert_contains(err.message, "has no column");
    assert_int_equal(qn_fit_table(&result, NULL, other, NULL, &err), QN_INVALID);
    assert_int_equal(qn_fit_table(&result, model, NULL, NULL, &err), QN_INVALID);
    qn_model_unref(model);
    qn_table_free(table);
    qn_table_free(other);
}

static void a_formula_without_a_response_is_refused(void **state)
{
    (void)state;
    qn_error err;
    qn_table *table = read_csv(power_csv);
    qn_model *model = compile("a*x", table);
    qn_fit_result *result;
    assert_int_equal(qn_fit_table(&result, model, table, NULL, &err), QN_INVALID);
    assert_contains(err.message, "no left side");
    qn_model_unref(model);
    qn_table_free(table);
}

static bool stop_after(void *user)
{
    int64_t *left = user;
    return (*left)-- <= 0;
}

/* More rows than lie between two questions: the fit stops inside an evaluation. */
static void a_long_evaluation_is_interrupted_between_rows(void **state)
{
    (void)state;
    enum {
        ROWS = 300000
    };
    static double x[ROWS], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = i;
        y[i] = 2.0 * i + 1;
    }
    const char *const names[] = {"x", "y"};
    const double *const columns[] = {x, y};
    qn_error err;
    qn_table *table;
    assert_ok(qn_table_from_f64(&table, names, columns, 2, ROWS, NULL, &err), &err);
    qn_model *model = compile("y = a*x + b", table);
    qn_fit_result *result;
    const double start[] = {1, 1};
    int64_t left = 3; /* asked once before, then inside the first evaluation */
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.should_stop = stop_after;
    options.should_stop_user = &left;
    assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_INTERRUPTED);
    assert_int_equal(result->evaluations, 1);
    assert_true(isnan(result->rss));
    qn_fit_result_free(result);
    options.should_stop = NULL;
    assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_close(result->parameters[0].value, 2, 1e-13, 0);
    assert_close(result->parameters[1].value, 1, 1e-9, 0);
    qn_fit_result_free(result);
    qn_model_unref(model);
    qn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_have_scipys_parameters_and_covariances),
        cmocka_unit_test(data_in_any_unit_need_no_start),
        cmocka_unit_test(a_start_far_too_steep_passes_neither_for_a_fit_nor_for_no_residuals),
        cmocka_unit_test(a_double_gaussian_that_once_failed_is_fitted),
        cmocka_unit_test(a_bound_holds_one_parameter_and_the_other_is_optimal),
        cmocka_unit_test(exact_data_are_fitted_to_rounding),
        cmocka_unit_test(whole_numbers_and_truth_values_are_numbers),
        cmocka_unit_test(constant_data_have_a_mean_and_no_slope),
        cmocka_unit_test(a_parameter_that_does_nothing_is_named),
        cmocka_unit_test(nan_at_the_start_names_the_line_of_the_file),
        cmocka_unit_test(overflow_at_the_start_is_not_finite),
        cmocka_unit_test(bad_data_are_refused_with_their_place),
        cmocka_unit_test(a_missing_cell_in_an_unused_column_does_not_matter),
        cmocka_unit_test(a_model_of_another_table_is_refused),
        cmocka_unit_test(a_formula_without_a_response_is_refused),
        cmocka_unit_test(a_long_evaluation_is_interrupted_between_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
