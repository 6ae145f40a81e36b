/* Where a fit begins when it is not told, or not wholly; and many beginnings. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 50
};

static const char *const names[] = {"x", "y"};

static qn_model *compile(const char *formula)
{
    qn_error err;
    qn_model *model;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

static qn_table *table_of(const double *x, const double *y, int64_t n)
{
    qn_error err;
    qn_table *table;
    const double *const columns[] = {x, y};
    assert_ok(qn_table_from_f64(&table, names, columns, 2, n, NULL, &err), &err);
    return table;
}

static qn_fit_result *fit(const char *formula, const qn_table *table, const qn_fit_options *options)
{
    qn_error err;
    qn_fit_result *result;
    qn_model *model = compile(formula);
    assert_ok(qn_fit_table(&result, model, table, options, &err), &err);
    qn_model_unref(model);
    assert_int_equal(result->loop_allocations, 0);
    return result;
}

static qn_fit_options defaults(void)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    return options;
}

/* NIST's Misra1a, whose certified values are b1 = 238.94212918 and b2 = 5.5015643181e-4. */
static qn_table *misra(void)
{
    static const double y[] = {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02,
                               44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78};
    static const double x[] = {77.6,  114.9, 141.1, 190.8, 239.9, 289.0, 332.8,
                               378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0};
    return table_of(x, y, 14);
}

static void an_intermediate_does_not_hide_a_shape(void **state)
{
    (void)state;
    qn_table *table = misra();
    qn_fit_result *result = fit("k = b*x; y = a*(1 - exp(-k))", table, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_string_equal(result->started, "estimated: exponential with offset");
    assert_int_equal(result->starts, 1);
    assert_int_equal(result->warning_count, 0);
    assert_close(result->parameters[0].value, 5.5015643181e-4, 1e-9, 0);
    assert_close(result->parameters[1].value, 238.94212918, 1e-9, 0);
    qn_fit_result_free(result);
    qn_table_free(table);
}

/* Certified: NIST's Misra1c, y = b1 (1 - (1 + 2 b2 x)^-0.5), which has no name. */
static void a_formula_of_no_known_shape_is_begun_from_many_points_and_says_so(void **state)
{
    (void)state;
    static const double y[] = {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02,
                               44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78};
    static const double x[] = {77.6,  114.9, 141.1, 190.8, 239.9, 289.0, 332.8,
                               378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0};
    qn_table *table = table_of(x, y, 14);
    qn_fit_result *result = fit("y = b1*(1 - (1 + 2*b2*x)^(-0.5))", table, NULL);
    assert_close(result->parameters[0].value, 636.42725809, 1e-9, 0);
    assert_close(result->parameters[1].value, 2.0813627256e-4, 1e-9, 0);
    assert_contains(result->started, "the best of");
    assert_true(result->starts > 1);
    assert_contains(result->warnings[0], "no start was given");
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void the_data_may_be_transformed(void **state)
{
    (void)state;
    double x[ROWS], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = i * 0.1;
        y[i] = exp(3 * exp(-0.7 * x[i]) + 1);
    }
    qn_table *table = table_of(x, y, ROWS);
    qn_fit_result *result = fit("log(y) = c + a*exp(-b*x)", table, NULL);
    assert_string_equal(result->started, "estimated: exponential with offset");
    assert_close(result->parameters[2].value, 0.7, 1e-9, 0);
    qn_fit_result_free(result);
    qn_table_free(table);
}

/* A start for b that is on the other side of the minimum by far, but for which a follows. */
static void what_is_given_stands_and_the_rest_is_estimated(void **state)
{
    (void)state;
    qn_table *table = misra();
    qn_fit_options options = defaults();
    const double start[] = {NAN, 6e-4};
    options.start = start;
    qn_fit_result *result = fit("y = a*(1 - exp(-b*x))", table, &options);
    assert_string_equal(result->started, "as given, and estimated: exponential with offset");
    assert_close(result->parameters[0].value, 238.94212918, 1e-9, 0);
    qn_fit_result_free(result);
    const double both[] = {500, 1e-4};
    options.start = both;
    result = fit("y = a*(1 - exp(-b*x))", table, &options);
    assert_string_equal(result->started, "as given");
    assert_true(result->parameters[0].start == 500 && result->parameters[1].start == 1e-4);
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void an_estimate_is_within_the_bounds_and_beside_what_is_fixed(void **state)
{
    (void)state;
    qn_table *table = misra();
    qn_fit_options options = defaults();
    const double lower[] = {0, 0}, upper[] = {200, 1};
    options.lower = lower;
    options.upper = upper;
    qn_fit_result *result = fit("y = a*(1 - exp(-b*x))", table, &options);
    assert_true(result->parameters[0].start < 200 && result->parameters[0].value == 200);
    qn_fit_result_free(result);
    options = defaults();
    const double fixed[] = {NAN, 5.5015643181e-4};
    options.fixed = fixed;
    result = fit("y = a*(1 - exp(-b*x))", table, &options);
    assert_close(result->parameters[0].value, 238.94212918, 1e-7, 0);
    assert_true(result->parameters[1].start == fixed[1]);
    qn_fit_result_free(result);
    options = defaults();
    const char *const ties[] = {"a = c + 1"};
    options.ties = ties;
    options.tie_count = 1;
    result = fit("y = a*(1 - exp(-b*x)) + 0*c", table, &options);
    assert_close(result->parameters[0].value, 238.94212918, 1e-7, 0);
    qn_fit_result_free(result);
    qn_table_free(table);
}

/* More rows than are looked at, and a peak in a hundredth of them. */
static void of_many_rows_some_are_enough(void **state)
{
    (void)state;
    enum {
        MANY = 20000
    };
    double *x = malloc(MANY * sizeof *x), *y = malloc(MANY * sizeof *y);
    assert_true(x != NULL && y != NULL);
    uint64_t random = test_seed(5);
    for (int i = 0; i < MANY; i++) {
        x[i] = i;
        y[i] = 5 * exp(-0.5 * pow((i - 12345.0) / 70, 2)) + 2 + 0.1 * test_random_unit(&random);
    }
    qn_table *table = table_of(x, y, MANY);
    qn_fit_result *result = fit("y = a*exp(-0.5*((x - m)/s)^2) + c", table, NULL);
    assert_string_equal(result->started, "estimated: Gaussian with offset");
    assert_close(result->parameters[1].value, 12345, 0, 1);
    assert_close(fabs(result->parameters[2].value), 70, 0, 1);
    qn_fit_result_free(result);
    qn_table_free(table);
    free(x);
    free(y);
}

/* The search leaves correlations aside; the fit does not. */
static void data_with_correlated_errors_need_no_start(void **state)
{
    (void)state;
    enum {
        MISRA = 14
    };
    double covariance[MISRA * MISRA], start[] = {240, 5.5e-4};
    for (int i = 0; i < MISRA; i++)
        for (int j = 0; j < MISRA; j++)
            covariance[i * MISRA + j] = 0.01 * (i + 1) * (j + 1) * pow(0.7, abs(i - j));
    static const char *const formulas[] = {"y = a*(1 - exp(-b*x))", "y = a*(1 - (1 + 2*b*x)^(-0.5))"};
    qn_table *table = misra();
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++) {
        qn_fit_options options = defaults();
        options.covariance = covariance;
        qn_fit_result *searched = fit(formulas[f], table, &options);
        options.start = start;
        qn_fit_result *given = fit(formulas[f], table, &options);
        assert_int_equal(searched->status, QN_FIT_CONVERGED);
        assert_int_equal(given->status, QN_FIT_CONVERGED);
        for (int j = 0; j < 2; j++)
            assert_close(searched->parameters[j].value, given->parameters[j].value, 1e-8, 0);
        qn_fit_result_free(searched);
        qn_fit_result_free(given);
    }
    qn_table_free(table);
}

/* The end of the data counts as much as its beginning, however the number of rows divides. */
static void no_row_is_too_far_back_to_be_looked_at(void **state)
{
    (void)state;
    enum {
        MANY = 3071
    };
    double *x = malloc(MANY * sizeof *x), *y = malloc(MANY * sizeof *y);
    assert_true(x != NULL && y != NULL);
    uint64_t random = test_seed(6);
    for (int i = 0; i < MANY; i++) {
        x[i] = i;
        y[i] = 5 * exp(-0.5 * pow((i - 2700.0) / 40, 2)) + 2 + 0.1 * test_random_unit(&random);
    }
    qn_table *table = table_of(x, y, MANY);
    qn_fit_result *result = fit("y = a*exp(-0.5*((x - m)/s)^2) + c", table, NULL);
    assert_string_equal(result->started, "estimated: Gaussian with offset");
    assert_close(result->parameters[1].value, 2700, 0, 1);
    assert_close(fabs(result->parameters[2].value), 40, 0, 1);
    qn_fit_result_free(result);
    qn_table_free(table);
    free(x);
    free(y);
}

/* Rastrigin's function (1974) as a sum of squares: x^2 + 20 sin(pi x)^2 for each of two variables. Its minima are near
 * all whole numbers; the one at the origin is 0. */
static bool rastrigin(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    const double pi = 3.14159265358979323846, root = sqrt(20);
    for (int k = 0; k < 2; k++) {
        r[2 * k] = x[k];
        r[2 * k + 1] = root * sin(pi * x[k]);
    }
    for (int i = 0; jacobian != NULL && i < 8; i++)
        jacobian[i] = 0;
    for (int k = 0; jacobian != NULL && k < 2; k++) {
        jacobian[4 * k + 2 * k] = 1;
        jacobian[4 * k + 2 * k + 1] = root * pi * cos(pi * x[k]);
    }
    return true;
}

static qn_fit_result *solve(const qn_fit_options *options)
{
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = 4;
    problem.p = 2;
    problem.eval = rastrigin;
    assert_ok(qn_fit_solve(&result, &problem, options, &err), &err);
    assert_int_equal(result->loop_allocations, 0);
    return result;
}

static void many_starts_find_the_global_minimum_where_one_does_not(void **state)
{
    (void)state;
    const double start[] = {4, -3}, lower[] = {-5.12, -5.12}, upper[] = {5.12, 5.12};
    qn_fit_options options = defaults();
    options.start = start;
    options.lower = lower;
    options.upper = upper;
    qn_fit_result *one = solve(&options);
    assert_true(one->rss > 10);
    qn_fit_result_free(one);
    options.starts = 40;
    for (options.seed = 0; options.seed < 5; options.seed++) {
        qn_fit_result *many = solve(&options);
        assert_int_equal(many->starts, 40);
        assert_close(many->rss, 0, 0, 1e-20);
        assert_contains(many->started, "the best of 40 points (");
        qn_fit_result_free(many);
    }
}

static void the_same_seed_gives_the_same_bits_at_every_processor_level(void **state)
{
    (void)state;
    static const char *const levels[] = {"baseline", "avx2", "avx512"};
    double first[2] = {0, 0}, begun[2] = {0, 0};
    int64_t evaluations = 0;
    qn_table *table = misra();
    for (int i = 0; i < 3; i++) {
        qn_error err;
        qn_model *model;
        qn_model_options model_options;
        qn_model_options_init(&model_options, sizeof model_options);
        model_options.columns = names;
        model_options.column_count = 2;
        setenv("QUERN_CPU", levels[i], 1);
        if (qn_model_new(&model, "y = a*(1 - (1 + 2*b*x)^(-0.5))", -1, &model_options, &err) != QN_OK) {
            assert_int_equal(err.code, QN_CONFIG); /* this processor lacks it */
            continue;
        }
        qn_fit_options options = defaults();
        options.starts = 4;
        options.seed = 7;
        qn_fit_result *result;
        assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
        for (int j = 0; j < 2; j++) {
            if (i == 0) {
                first[j] = result->parameters[j].value;
                begun[j] = result->parameters[j].start;
            }
            assert_memory_equal(&result->parameters[j].value, &first[j], sizeof(double));
            assert_memory_equal(&result->parameters[j].start, &begun[j], sizeof(double));
        }
        evaluations = i == 0 ? result->evaluations : evaluations;
        assert_int_equal(result->evaluations, evaluations);
        qn_fit_result_free(result);
        qn_model_unref(model);
    }
    unsetenv("QUERN_CPU");
    qn_table_free(table);
}

static void another_seed_tries_other_points(void **state)
{
    (void)state;
    const double lower[] = {-5.12, -5.12}, upper[] = {5.12, 5.12};
    qn_fit_options options = defaults();
    options.lower = lower;
    options.upper = upper;
    options.starts = 2;
    options.max_evals = 3;
    const double start[] = {5, 5};
    options.start = start;
    qn_fit_result *one = solve(&options);
    options.seed = 1;
    qn_fit_result *other = solve(&options);
    assert_true(one->parameters[0].start != other->parameters[0].start);
    qn_fit_result_free(one);
    qn_fit_result_free(other);
}

static bool stop_after(void *user)
{
    int64_t *left = user;
    return (*left)-- <= 0;
}

/* Whenever it is stopped, it says so or is done; and it stops soon. */
static void a_search_can_be_stopped_at_any_time(void **state)
{
    (void)state;
    qn_table *table = misra();
    for (int64_t questions = 0; questions < 2000; questions = questions * 3 / 2 + 1) {
        int64_t left = questions;
        qn_fit_options options = defaults();
        options.starts = 3;
        options.should_stop = stop_after;
        options.should_stop_user = &left;
        qn_fit_result *result = fit("y = a*(1 - (1 + 2*b*x)^(-0.5))", table, &options);
        if (left < 0) {
            assert_int_equal(result->status, QN_FIT_INTERRUPTED);
            assert_true(left >= -6);
        } else {
            assert_int_equal(result->status, QN_FIT_CONVERGED);
        }
        qn_fit_result_free(result);
    }
    qn_table_free(table);
}

static bool stop_once(void *user)
{
    int64_t *left = user;
    return (*left)-- == 0;
}

/* A caller that takes its wish back by answering, as one that reads a flag and clears it. */
static void a_search_that_was_stopped_once_is_not_gone_on_with(void **state)
{
    (void)state;
    static const char *const formulas[] = {"y = a*(1 - (1 + 2*b*x)^(-0.5))", "y = a*(1 - exp(-b*x))"};
    qn_table *table = misra();
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++)
        for (int64_t questions = 0; questions < 200; questions += 7)
            for (int64_t starts = 1; starts <= 3; starts += 2) {
                int64_t left = questions;
                qn_fit_options options = defaults();
                options.starts = starts;
                options.should_stop = stop_once;
                options.should_stop_user = &left;
                qn_fit_result *result = fit(formulas[f], table, &options);
                assert_int_equal(result->status, left < 0 ? QN_FIT_INTERRUPTED : QN_FIT_CONVERGED);
                assert_true(isfinite(result->rss)); /* what is found so far is shown with what it is worth */
                qn_fit_result_free(result);
            }
    qn_table_free(table);
}

static void a_search_keeps_to_the_evaluations_that_are_allowed(void **state)
{
    (void)state;
    qn_table *table = misra();
    qn_fit_options options = defaults();
    options.max_evals = 20;
    qn_fit_result *result = fit("y = a*(1 - (1 + 2*b*x)^(-0.5))", table, &options);
    assert_true(result->evaluations <= 12 * 20); /* the search, ten short fits, the fit */
    assert_true(result->starts <= 20);           /* what is said of it is true */
    qn_fit_result_free(result);
    qn_table_free(table);
}

static bool nowhere(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    (void)x;
    (void)r;
    (void)jacobian;
    return false;
}

static void a_function_without_any_value_is_not_finite(void **state)
{
    (void)state;
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = 4;
    problem.p = 2;
    problem.eval = nowhere;
    qn_fit_options options = defaults();
    options.starts = 5;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    qn_fit_result_free(result);
}

/* The minimum of (log(x) - 5)^2 + (x y - 1)^2 by its terms: x = exp(5), y = 1 / x. */
static bool far_away(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    if (!(x[0] > 0))
        return false;
    r[0] = log(x[0]) - 5;
    r[1] = x[0] * x[1] - 1;
    if (jacobian != NULL) {
        jacobian[0] = 1 / x[0];
        jacobian[1] = x[1];
        jacobian[2] = 0;
        jacobian[3] = x[0];
    }
    return true;
}

static void a_function_is_searched_over_many_powers_of_ten(void **state)
{
    (void)state;
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = 2;
    problem.p = 2;
    problem.eval = far_away;
    assert_ok(qn_fit_solve(&result, &problem, NULL, &err), &err);
    assert_close(result->parameters[0].value, exp(5), 1e-9, 0);
    assert_close(result->parameters[1].value, exp(-5), 1e-9, 0);
    assert_contains(result->started, "the best of");
    qn_fit_result_free(result);
}

/* x all the same, or only two values; y constant, 0, huge, tiny, or as few rows as parameters. Each ends. */
static void data_that_determine_nothing_are_fitted_to_some_end(void **state)
{
    (void)state;
    static const char *const formulas[] = {
        "y = a + b*x",
        "y = a*x^b + c",
        "y = a*exp(-b*x) + c",
        "y = a*exp(-b*x) + c*exp(-d*x)",
        "y = a*exp(-((x - m)/s)^2)",
        "y = a/(1 + ((x - m)/g)^2) + c",
        "y = a/(1 + exp(-k*(x - m)))",
        "y = a*x/(b + x)",
        "y = (a + b*x)/(1 + c*x + d*x^2)",
        "y = a*exp(-b*x)*sin(w*x + f)",
        "y = a*exp(-((x - m)/s)^2) + b*x",
        "y = a*atan(b*x)",
    };
    enum {
        KINDS = 8,
        FEW = 4
    };
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++)
        for (int kind = 0; kind < KINDS; kind++) {
            double x[FEW], y[FEW];
            for (int i = 0; i < FEW; i++) {
                x[i] = kind == 0 ? 3 : kind == 1 ? i % 2 : kind == 2 ? i * 1e300 : kind == 3 ? i * 1e-300 : i - 1.5;
                y[i] = kind == 4 ? 0 : kind == 5 ? 7 : kind == 6 ? i * 1e200 : kind == 7 ? i * i * 1e-250 : i * i + 1;
            }
            qn_table *table = table_of(x, y, FEW);
            qn_fit_result *result = fit(formulas[f], table, NULL);
            assert_true(result->evaluations > 0);
            if (result->status == QN_FIT_CONVERGED)
                assert_false(isnan(result->rss));
            qn_fit_result_free(result);
            qn_table_free(table);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intermediate_does_not_hide_a_shape),
        cmocka_unit_test(a_formula_of_no_known_shape_is_begun_from_many_points_and_says_so),
        cmocka_unit_test(the_data_may_be_transformed),
        cmocka_unit_test(what_is_given_stands_and_the_rest_is_estimated),
        cmocka_unit_test(an_estimate_is_within_the_bounds_and_beside_what_is_fixed),
        cmocka_unit_test(of_many_rows_some_are_enough),
        cmocka_unit_test(data_with_correlated_errors_need_no_start),
        cmocka_unit_test(no_row_is_too_far_back_to_be_looked_at),
        cmocka_unit_test(many_starts_find_the_global_minimum_where_one_does_not),
        cmocka_unit_test(the_same_seed_gives_the_same_bits_at_every_processor_level),
        cmocka_unit_test(another_seed_tries_other_points),
        cmocka_unit_test(a_search_can_be_stopped_at_any_time),
        cmocka_unit_test(a_search_that_was_stopped_once_is_not_gone_on_with),
        cmocka_unit_test(a_search_keeps_to_the_evaluations_that_are_allowed),
        cmocka_unit_test(a_function_without_any_value_is_not_finite),
        cmocka_unit_test(a_function_is_searched_over_many_powers_of_ten),
        cmocka_unit_test(data_that_determine_nothing_are_fitted_to_some_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
