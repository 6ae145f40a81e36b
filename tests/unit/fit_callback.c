/* Problems given by functions without derivatives: what differences promise, where they look, and what is refused. */
#include "unit/fit_help.h"

enum {
    ROWS = 12
};

/* y = a exp(-b x) + c with a function that keeps account of where it is asked. */
typedef struct decay {
    const double *lower, *upper; /* asserted */
    double least_b;              /* no value below */

    double near[3];
    int64_t calls, jacobians, outside, moved_c;
} decay;

static const double decay_x[ROWS] = {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8};
static const double decay_y[ROWS] = {5.1, 3.97, 3.24, 2.31, 2.02, 1.61, 1.24, 1.12, 0.97, 0.71, 0.64, 0.49};

static bool decay_eval(void *user, const double *x, double *r, double *jacobian)
{
    decay *d = user;
    d->calls++;
    d->jacobians += jacobian != NULL;
    for (int j = 0; j < 3; j++) {
        d->outside += d->lower != NULL && !(x[j] >= d->lower[j]);
        d->outside += d->upper != NULL && !(x[j] <= d->upper[j]);
    }
    d->moved_c += x[2] != d->near[2];
    if (x[1] < d->least_b)
        return false;
    for (int i = 0; i < ROWS; i++) {
        double e = exp(-x[1] * decay_x[i]);
        r[i] = x[0] * e + x[2] - decay_y[i];
        if (jacobian != NULL) {
            jacobian[i] = e;
            jacobian[ROWS + i] = -decay_x[i] * x[0] * e;
            jacobian[2 * ROWS + i] = 1;
        }
    }
    return true;
}

static const double decay_start[] = {4, 1, 0.2};

static qn_fit_result *fit_decay(decay *d, qn_fit_derivatives derivatives, const qn_fit_options *options)
{
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = ROWS;
    problem.p = 3;
    problem.eval = decay_eval;
    problem.user = d;
    problem.derivatives = derivatives;
    assert_ok(qn_fit_solve(&result, &problem, options, &err), &err);
    return result;
}

/* Central differences have an error of eps^(2/3), 4e-11, forward ones of eps^(1/2), 1.5e-8, each times what the
 * function's curvature makes of it. Parameters are better than that: only the gradient at the end depends on them. */
static const double promised[] = {0, 1e-8, 1e-5};

static void differences_find_the_parameters_and_errors_of_exact_derivatives(void **state)
{
    (void)state;
    qn_fit_options options = fit_help_options();
    options.start = decay_start;
    decay exact = {0};
    qn_fit_result *expected = fit_decay(&exact, QN_FIT_EXACT, &options);
    assert_int_equal(expected->status, QN_FIT_CONVERGED);
    assert_true(exact.jacobians > 0);
    /* The same by SciPy (least_squares with jac='3-point' at 1e-15, covariance as in curve_fit). */
    const double value[] = {4.67045213111, 0.562078429543, 0.44859976076};
    for (int j = 0; j < 3; j++)
        assert_close(expected->parameters[j].value, value[j], 1e-8, 0);
    for (int kind = QN_FIT_CENTRAL; kind <= QN_FIT_FORWARD; kind++) {
        decay d = {0};
        qn_fit_result *result = fit_decay(&d, (qn_fit_derivatives)kind, &options);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_int_equal(d.jacobians, 0);
        for (int j = 0; j < 3; j++) {
            double error = expected->parameters[j].stderr_;
            assert_close(result->parameters[j].value, expected->parameters[j].value, 0, promised[kind] * error);
            assert_close(result->parameters[j].stderr_, error, promised[kind], 0);
        }
        qn_fit_result_free(result);
    }
    qn_fit_result_free(expected);
}

static void every_call_is_counted(void **state)
{
    (void)state;
    for (int kind = QN_FIT_EXACT; kind <= QN_FIT_FORWARD; kind++) {
        decay d = {0};
        qn_fit_options options = fit_help_options();
        options.start = decay_start;
        qn_fit_result *result = fit_decay(&d, (qn_fit_derivatives)kind, &options);
        assert_int_equal(result->evaluations, d.calls);
        qn_fit_result_free(result);
    }
}

static void nothing_is_asked_for_outside_the_bounds(void **state)
{
    (void)state;
    /* b and c end on bounds that keep them from their best values, so that differences are taken at the walls. */
    static const double lower[] = {0, 0.6, 0.1}, upper[] = {9, 3, 0.3};
    for (int kind = QN_FIT_EXACT; kind <= QN_FIT_FORWARD; kind++)
        for (int method = QN_FIT_TRF; method <= QN_FIT_DOGBOX; method += 2) {
            decay d = {.lower = lower, .upper = upper};
            qn_fit_options options = fit_help_options();
            options.start = decay_start;
            options.lower = lower;
            options.upper = upper;
            options.method = (qn_fit_method)method;
            qn_fit_result *result = fit_decay(&d, (qn_fit_derivatives)kind, &options);
            assert_int_equal(d.outside, 0);
            assert_int_equal(result->status, QN_FIT_CONVERGED);
            assert_true(result->parameters[1].value == 0.6 || result->parameters[2].value == 0.3);
            qn_fit_result_free(result);
        }
}

/* At a wall central differences keep their digits: the other side is looked at twice. */
static void errors_at_a_wall_are_as_good_as_promised(void **state)
{
    (void)state;
    static const double lower[] = {-INFINITY, 0.6, -INFINITY};
    qn_fit_options options = fit_help_options();
    options.start = decay_start;
    options.lower = lower;
    decay exact = {0};
    qn_fit_result *expected = fit_decay(&exact, QN_FIT_EXACT, &options);
    assert_true(expected->parameters[1].at_bound);
    for (int kind = QN_FIT_CENTRAL; kind <= QN_FIT_FORWARD; kind++) {
        decay d = {0};
        qn_fit_result *result = fit_decay(&d, (qn_fit_derivatives)kind, &options);
        assert_true(result->parameters[1].value == 0.6);
        for (int j = 0; j < 3; j++)
            assert_close(result->parameters[j].stderr_, expected->parameters[j].stderr_, promised[kind], 0);
        qn_fit_result_free(result);
    }
    qn_fit_result_free(expected);
}

/* A range so narrow that an ordinary step does not fit into it. */
static void differences_fit_into_the_narrowest_range(void **state)
{
    (void)state;
    const double lower[] = {-INFINITY, 0.5, -INFINITY}, upper[] = {INFINITY, 0.5 + 1e-9, INFINITY};
    const double start[] = {4, 0.5 + 5e-10, 0.2};
    for (int kind = QN_FIT_CENTRAL; kind <= QN_FIT_FORWARD; kind++) {
        decay d = {.lower = (const double[]){-1e9, 0.5, -1e9}, .upper = (const double[]){1e9, 0.5 + 1e-9, 1e9}};
        qn_fit_options options = fit_help_options();
        options.start = start;
        options.lower = lower;
        options.upper = upper;
        qn_fit_result *result = fit_decay(&d, (qn_fit_derivatives)kind, &options);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_int_equal(d.outside, 0);
        assert_true(result->parameters[1].value == upper[1]);
        qn_fit_result_free(result);
    }
}

/* No value below the start itself: all that can be seen lies above. */
static void the_edge_of_the_domain_is_looked_at_from_inside(void **state)
{
    (void)state;
    for (int kind = QN_FIT_CENTRAL; kind <= QN_FIT_FORWARD; kind++) {
        decay d = {.least_b = 0.25};
        const double start[] = {4, 0.25, 0.2};
        qn_fit_options options = fit_help_options();
        options.start = start;
        qn_fit_result *result = fit_decay(&d, (qn_fit_derivatives)kind, &options);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_close(result->parameters[1].value, 0.562078429543, 1e-6, 0);
        qn_fit_result_free(result);
    }
}

static void fixed_parameters_are_never_moved(void **state)
{
    (void)state;
    const double fixed[] = {NAN, NAN, 0.4}, start[] = {4, 1, NAN};
    for (int kind = QN_FIT_CENTRAL; kind <= QN_FIT_FORWARD; kind++) {
        decay d = {.near = {0, 0, 0.4}}, exact = {0};
        qn_fit_options options = fit_help_options();
        options.start = start;
        options.fixed = fixed;
        qn_fit_result *result = fit_decay(&d, (qn_fit_derivatives)kind, &options);
        qn_fit_result *expected = fit_decay(&exact, QN_FIT_EXACT, &options);
        assert_int_equal(d.moved_c, 0);
        assert_int_equal(result->dof, ROWS - 2);
        assert_int_equal(result->evaluations, d.calls);
        assert_close(result->parameters[1].value, expected->parameters[1].value, 1e-6, 0);
        assert_close(result->parameters[1].stderr_, expected->parameters[1].stderr_, promised[kind], 0);
        qn_fit_result_free(result);
        qn_fit_result_free(expected);
    }
}

/* Data of a plain exponential: the offset's best value is 0 but for rounding, of which a step is no measure. */
static bool plain(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    (void)jacobian;
    for (int i = 0; i < ROWS; i++)
        r[i] = x[0] * exp(-0.5 * decay_x[i]) + x[1] - (3 * exp(-0.5 * decay_x[i]) + (i % 2 ? 0.01 : -0.01));
    return true;
}

static void a_parameter_near_zero_still_has_a_derivative(void **state)
{
    (void)state;
    double e = 0, ee = 0, s = 0, se = 0;
    for (int i = 0; i < ROWS; i++) {
        double u = exp(-0.5 * decay_x[i]), v = 3 * u + (i % 2 ? 0.01 : -0.01);
        e += u;
        ee += u * u;
        s += v;
        se += u * v;
    }
    double determinant = ROWS * ee - e * e, offset = (s * ee - e * se) / determinant;
    for (int kind = QN_FIT_CENTRAL; kind <= QN_FIT_FORWARD; kind++)
        for (int k = 0; k < 3; k++) {
            /* Beginning where the offset is 0, or so near that steps of its own size change nothing. */
            const double start[] = {2, (double[]){0, 1e-25, -1e-300}[k]};
            qn_error err;
            qn_fit_result *result;
            qn_fit_problem problem = {
                .size = sizeof problem, .n = ROWS, .p = 2, .eval = plain, .derivatives = (qn_fit_derivatives)kind};
            qn_fit_options options = fit_help_options();
            const double scale[] = {1, 1};
            options.start = start;
            options.x_scale = k > 0 ? scale : NULL;
            assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
            assert_int_equal(result->status, QN_FIT_CONVERGED);
            double error = result->residual_sd * sqrt(ee / determinant);
            assert_close(result->parameters[1].value, offset, 0, 1e-5 * error);
            assert_close(result->parameters[1].stderr_, error, 1e-4, 0);
            qn_fit_result_free(result);
        }
}

/* y_i = x0 exactly: the second parameter's best value is 0 to the last bit, and the fit arrives there from 1. */
static bool slope(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    (void)jacobian;
    for (int i = 0; i < 4; i++)
        r[i] = x[0] + x[1] * (i + 1) - (i % 3 == 0 ? 5.5 : 4.5);
    return true;
}

static void a_parameter_that_goes_to_zero_keeps_its_error(void **state)
{
    (void)state;
    const double start[] = {1, 1};
    for (int kind = QN_FIT_CENTRAL; kind <= QN_FIT_FORWARD; kind++) {
        qn_error err;
        qn_fit_result *result;
        qn_fit_problem problem = {
            .size = sizeof problem, .n = 4, .p = 2, .eval = slope, .derivatives = (qn_fit_derivatives)kind};
        qn_fit_options options = fit_help_options();
        options.start = start;
        assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_close(result->parameters[0].value, 5, 1e-7, 0);
        assert_close(result->parameters[1].value, 0, 0, 1e-7);
        assert_close(result->parameters[1].stderr_, sqrt(0.5 / 5), 1e-4, 0); /* sd^2 = 1 / 2; sum of squares of x: 5 */
        qn_fit_result_free(result);
    }
}

static void what_a_function_cannot_have_is_refused(void **state)
{
    (void)state;
    qn_error err;
    qn_fit_result *result;
    decay d = {0};
    const double sound[ROWS] = {0}, broken[ROWS] = {1, 1, INFINITY};
    const char *const names[] = {"a", "b", NULL};
    const qn_fit_problem good = {.size = sizeof good, .n = ROWS, .p = 3, .eval = decay_eval, .user = &d};
    qn_fit_problem problem = good;
    qn_fit_options options = fit_help_options();
    options.where = "x > 3";
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_INVALID);
    assert_contains(err.message, "where is for a table");
    options = fit_help_options();
    options.sigma_column = "s";
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_INVALID);
    assert_contains(err.message, "sigma_column is for a table");
    options = fit_help_options();
    options.nan = QN_FIT_NAN_OMIT;
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_INVALID);
    assert_contains(err.message, "omit is for a table");
    options = fit_help_options();
    problem.derivatives = (qn_fit_derivatives)3;
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_INVALID);
    assert_contains(err.message, "derivatives is 3");
    problem = good;
    problem.names = names;
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_INVALID);
    assert_contains(err.message, "parameter 3 has no name");
    problem = good;
    problem.y = broken;
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_DATA);
    assert_contains(err.message, "row 3: y is infinite");
    problem.y = sound;
    problem.n = INT64_MAX / 2;
    problem.y = NULL;
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_LIMIT);
    assert_null(result);
    assert_int_equal(d.calls, 0);
}

static void names_of_a_function_serve_ties_and_messages(void **state)
{
    (void)state;
    qn_error err;
    const char *const names[] = {"height", "rate", "offset"}, *const ties[] = {"offset = height/10"};
    decay d = {0};
    qn_fit_problem problem = {.size = sizeof problem,
                              .n = ROWS,
                              .p = 3,
                              .eval = decay_eval,
                              .user = &d,
                              .names = names,
                              .y = decay_y,
                              .derivatives = QN_FIT_CENTRAL};
    qn_fit_options options = fit_help_options();
    options.ties = ties;
    options.tie_count = 1;
    qn_fit_result *result;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_close(fit_help_parameter(result, "offset")->value, fit_help_parameter(result, "height")->value / 10, 1e-15,
                 0);
    assert_true(result->r_squared > 0.99 && result->r_squared < 1);
    qn_fit_result_free(result);
}

/* r has a value and the differences none: said, not invented. */
static bool needle(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    (void)jacobian;
    r[0] = r[1] = x[0] == 3 ? 1 : NAN;
    return true;
}

static void a_function_without_neighbours_is_not_finite(void **state)
{
    (void)state;
    const double start = 3;
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem = {.size = sizeof problem, .n = 2, .p = 1, .eval = needle, .derivatives = QN_FIT_CENTRAL};
    qn_fit_options options = fit_help_options();
    options.start = &start;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    assert_true(isnan(result->parameters[0].stderr_));
    qn_fit_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_find_the_parameters_and_errors_of_exact_derivatives),
        cmocka_unit_test(every_call_is_counted),
        cmocka_unit_test(nothing_is_asked_for_outside_the_bounds),
        cmocka_unit_test(errors_at_a_wall_are_as_good_as_promised),
        cmocka_unit_test(differences_fit_into_the_narrowest_range),
        cmocka_unit_test(the_edge_of_the_domain_is_looked_at_from_inside),
        cmocka_unit_test(fixed_parameters_are_never_moved),
        cmocka_unit_test(a_parameter_near_zero_still_has_a_derivative),
        cmocka_unit_test(a_parameter_that_goes_to_zero_keeps_its_error),
        cmocka_unit_test(what_a_function_cannot_have_is_refused),
        cmocka_unit_test(names_of_a_function_serve_ties_and_messages),
        cmocka_unit_test(a_function_without_neighbours_is_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
