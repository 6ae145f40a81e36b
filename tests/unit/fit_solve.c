/* The solver on problems given by functions: the classical test problems of Moré, Garbow and Hillstrom ("Testing
 * unconstrained optimization software", ACM TOMS 7, 1981) with their published minima, bounds, and every way in which a
 * fit can end. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <string.h>

static qn_fit_result *solve(qn_fit_problem problem, const double *start, const double *lower, const double *upper)
{
    qn_error err;
    qn_fit_result *result;
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.lower = lower;
    options.upper = upper;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    assert_int_equal(result->loop_allocations, 0);
    return result;
}

static void assert_solution(qn_fit_result *result, const double *x, double tolerance, double rss)
{
    assert_string_equal(qn_fit_status_name(result->status), "converged");
    for (int64_t j = 0; j < result->p; j++)
        assert_close(result->parameters[j].value, x[j], tolerance, tolerance);
    assert_close(result->rss, rss, 1e-5, 1e-28);
    qn_fit_result_free(result);
}

static bool rosenbrock(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    r[0] = 10 * (x[1] - x[0] * x[0]);
    r[1] = 1 - x[0];
    if (jacobian != NULL) {
        const double j[] = {-20 * x[0], -1, 10, 0};
        memcpy(jacobian, j, sizeof j);
    }
    return true;
}

static void rosenbrock_is_solved_from_both_usual_starts(void **state)
{
    (void)state;
    const double near_[] = {-1.2, 1}, far_[] = {-2, 1}, x[] = {1, 1};
    qn_fit_problem problem = {.size = sizeof problem, .n = 2, .p = 2, .eval = rosenbrock};
    assert_solution(solve(problem, near_, NULL, NULL), x, 1e-12, 0);
    assert_solution(solve(problem, far_, NULL, NULL), x, 1e-12, 0);
}

static bool helical_valley(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    const double tau = 6.28318530717958647693;
    double theta = x[0] == 0 ? copysign(0.25, x[1]) : atan(x[1] / x[0]) / tau + (x[0] < 0 ? 0.5 : 0);
    double square = x[0] * x[0] + x[1] * x[1], root = sqrt(square);
    r[0] = 10 * (x[2] - 10 * theta);
    r[1] = 10 * (root - 1);
    r[2] = x[2];
    if (jacobian != NULL) {
        const double j[] = {100 * x[1] / (tau * square),
                            10 * x[0] / root,
                            0,
                            -100 * x[0] / (tau * square),
                            10 * x[1] / root,
                            0,
                            10,
                            0,
                            1};
        memcpy(jacobian, j, sizeof j);
    }
    return true;
}

/* The Jacobian is singular at the solution. */
static bool powell_singular(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    double a = x[1] - 2 * x[2], b = x[0] - x[3];
    r[0] = x[0] + 10 * x[1];
    r[1] = sqrt(5) * (x[2] - x[3]);
    r[2] = a * a;
    r[3] = sqrt(10) * b * b;
    if (jacobian != NULL) {
        const double j[] = {1, 0,        0, 2 * sqrt(10) * b, 10, 0, 2 * a, 0, 0, sqrt(5), -4 * a, 0,
                            0, -sqrt(5), 0, -2 * sqrt(10) * b};
        memcpy(jacobian, j, sizeof j);
    }
    return true;
}

static bool freudenstein_roth(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    double y = x[1];
    r[0] = -13 + x[0] + ((5 - y) * y - 2) * y;
    r[1] = -29 + x[0] + ((y + 1) * y - 14) * y;
    if (jacobian != NULL) {
        const double j[] = {1, 1, (10 - 3 * y) * y - 2, (3 * y + 2) * y - 14};
        memcpy(jacobian, j, sizeof j);
    }
    return true;
}

static bool bard(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    static const double y[] = {0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39,
                               0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39};
    for (int i = 0; i < 15; i++) {
        double u = i + 1, v = 15 - i, w = fmin(u, v), d = v * x[1] + w * x[2];
        r[i] = y[i] - (x[0] + u / d);
        if (jacobian != NULL) {
            jacobian[i] = -1;
            jacobian[15 + i] = u * v / (d * d);
            jacobian[30 + i] = u * w / (d * d);
        }
    }
    return true;
}

static bool beale(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    static const double y[] = {1.5, 2.25, 2.625};
    for (int i = 0; i < 3; i++) {
        double power = pow(x[1], i + 1);
        r[i] = y[i] - x[0] * (1 - power);
        if (jacobian != NULL) {
            jacobian[i] = -(1 - power);
            jacobian[3 + i] = x[0] * (i + 1) * pow(x[1], i);
        }
    }
    return true;
}

enum {
    BROYDEN = 400
};

static bool broyden_tridiagonal(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    const int n = BROYDEN;
    if (jacobian != NULL)
        memset(jacobian, 0, sizeof(double) * BROYDEN * BROYDEN);
    for (int i = 0; i < n; i++) {
        r[i] = (3 - 2 * x[i]) * x[i] - (i > 0 ? x[i - 1] : 0) - (i < n - 1 ? 2 * x[i + 1] : 0) + 1;
        if (jacobian == NULL)
            continue;
        jacobian[i * n + i] = 3 - 4 * x[i];
        if (i > 0)
            jacobian[(i - 1) * n + i] = -1;
        if (i < n - 1)
            jacobian[(i + 1) * n + i] = -2;
    }
    return true;
}

static void classical_problems_reach_their_published_minima(void **state)
{
    (void)state;
    const double helix[] = {-1, 0, 0}, helix_x[] = {1, 0, 0};
    assert_solution(solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 3, .p = 3, .eval = helical_valley},
                          helix, NULL, NULL),
                    helix_x, 1e-12, 0);
    const double roth[] = {0.5, -2}, roth_x[] = {11.41277900, -0.89680526}; /* the local minimum, f = 48.9842… */
    assert_solution(solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 2, .p = 2, .eval = freudenstein_roth},
                          roth, NULL, NULL),
                    roth_x, 1e-5, 48.98425);
    const double bard_start[] = {1, 1, 1}, bard_x[] = {0.08241056, 1.133036, 2.343695}; /* f = 8.21487e-3 */
    assert_solution(
        solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 15, .p = 3, .eval = bard}, bard_start, NULL, NULL),
        bard_x, 1e-6, 8.214877e-3);
    const double beale_start[] = {1, 1}, beale_x[] = {3, 0.5};
    assert_solution(
        solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 3, .p = 2, .eval = beale}, beale_start, NULL, NULL),
        beale_x, 1e-12, 0);
}

static void a_singular_jacobian_at_the_solution_does_not_stop_the_fit(void **state)
{
    (void)state;
    const double start[] = {3, -1, 0, 1}, x[] = {0, 0, 0, 0};
    assert_solution(solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 4, .p = 4, .eval = powell_singular},
                          start, NULL, NULL),
                    x, 1e-7, 0);
}

static void broyden_tridiagonal_has_no_residual(void **state)
{
    (void)state;
    test_not_short();
    static double start[BROYDEN];
    for (int i = 0; i < BROYDEN; i++)
        start[i] = -1;
    qn_fit_result *result =
        solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = BROYDEN, .p = BROYDEN, .eval = broyden_tridiagonal},
              start, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_true(result->rss < 1e-26);
    qn_fit_result_free(result);
}

/* With x2 >= 1.5 the minimum solves 400 x^3 - 598 x - 2 = 0; with x1 <= 0.8 it is (0.8, 0.64). */
static void a_bound_that_stops_the_solution_is_reached_exactly(void **state)
{
    (void)state;
    const double start[] = {-2, 2}, lower[] = {-INFINITY, 1.5}, upper[] = {0.8, INFINITY};
    qn_fit_problem problem = {.size = sizeof problem, .n = 2, .p = 2, .eval = rosenbrock};
    qn_fit_result *result = solve(problem, start, lower, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    double x = result->parameters[0].value;
    assert_true(result->parameters[1].value == 1.5);
    assert_true(result->parameters[1].at_bound);
    assert_false(result->parameters[0].at_bound);
    assert_close(400 * x * x * x - 598 * x, 2, 0, 1e-8);
    assert_contains(result->warnings[0], "\"p2\" ended at its lower bound 1.5");
    qn_fit_result_free(result);
    result = solve(problem, start, NULL, upper);
    assert_true(result->parameters[0].value == 0.8);
    assert_close(result->parameters[1].value, 0.64, 1e-9, 0);
    assert_close(result->rss, 0.04, 1e-12, 0);
    qn_fit_result_free(result);
}

static void bounds_that_do_not_matter_change_nothing(void **state)
{
    (void)state;
    const double start[] = {1, 1, 1}, lower[] = {-1e3, -1e3, -1e3}, upper[] = {1e3, 1e3, 1e3};
    qn_fit_problem problem = {.size = sizeof problem, .n = 15, .p = 3, .eval = bard};
    qn_fit_result *wide = solve(problem, start, lower, upper), *none = solve(problem, start, NULL, NULL);
    assert_memory_equal(wide->covariance, none->covariance, 9 * sizeof(double));
    assert_int_equal(wide->evaluations, none->evaluations);
    qn_fit_result_free(wide);
    qn_fit_result_free(none);
}

static void a_start_on_a_bound_is_free_to_leave_it(void **state)
{
    (void)state;
    const double start[] = {-2, 1}, lower[] = {-2, -5}, upper[] = {3, 1}, x[] = {1, 1};
    qn_fit_result *result = solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 2, .p = 2, .eval = rosenbrock},
                                  start, lower, upper);
    assert_true(result->parameters[0].start == -2);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    for (int j = 0; j < 2; j++)
        assert_close(result->parameters[j].value, x[j], 1e-7, 0);
    qn_fit_result_free(result);
}

static void a_missing_start_is_found_inside_the_bounds(void **state)
{
    (void)state;
    const double start[] = {NAN, NAN, NAN}, lower[] = {5, -INFINITY, 0}, upper[] = {7, 0, 10};
    qn_fit_result *result =
        solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 15, .p = 3, .eval = bard}, start, lower, upper);
    for (int j = 0; j < 3; j++)
        assert_true(result->parameters[j].start > lower[j] && result->parameters[j].start < upper[j]);
    assert_contains(result->started, "the best of");
    assert_contains(result->warnings[0], "no start was given");
    qn_fit_result_free(result);
}

/* A line through n points; user: struct line. What else it does is a test's business. */
typedef struct line {
    double factor; /* residuals and derivatives times this */
    int64_t calls;
    int64_t nan_from;      /* from this call on, and */
    double nan_beyond;     /* where the slope is beyond this, the model is NaN */
    bool wrong_derivative; /* with the sign turned */
    bool same_columns;
} line;

enum {
    LINE_ROWS = 6
};
static const double line_y[LINE_ROWS] = {1, 1, 5, 7, 8, 12};

static bool eval_line(void *user, const double *x, double *r, double *jacobian)
{
    line *l = user;
    l->calls++;
    bool bad = (l->nan_from > 0 && l->calls >= l->nan_from) || x[1] > l->nan_beyond;
    for (int i = 0; i < LINE_ROWS; i++) {
        r[i] = bad && i == 3 ? NAN : l->factor * (x[0] + x[1] * (l->same_columns ? 1 : i) - line_y[i]);
        if (jacobian != NULL) {
            jacobian[i] = l->wrong_derivative ? -l->factor : l->factor;
            jacobian[LINE_ROWS + i] = (l->wrong_derivative ? -l->factor : l->factor) * (l->same_columns ? 1 : i);
        }
    }
    return true;
}

static line plain_line(void)
{
    return (line){.factor = 1, .nan_beyond = INFINITY};
}

static qn_fit_problem line_problem(line *l)
{
    return (qn_fit_problem){.size = sizeof(qn_fit_problem), .n = LINE_ROWS, .p = 2, .eval = eval_line, .user = l};
}

static const double line_start[] = {10, -10};

/* Closed form: slope Sxy/Sxx, variance s^2/Sxx, s^2 (1/n + mean^2/Sxx), covariance -s^2 mean/Sxx. */
static void a_line_has_the_statistics_of_the_closed_form(void **state)
{
    (void)state;
    double mean_x = 2.5, mean_y = 34.0 / 6, sxx = 17.5, sxy = 0, rss = 0;
    for (int i = 0; i < LINE_ROWS; i++)
        sxy += (i - mean_x) * (line_y[i] - mean_y);
    double slope = sxy / sxx, origin = mean_y - slope * mean_x;
    for (int i = 0; i < LINE_ROWS; i++)
        rss += pow(line_y[i] - origin - slope * i, 2);
    double variance = rss / 4, t = 2.7764451051977944; /* 0.975 quantile of Student's t with 4 degrees of freedom */
    line l = plain_line();
    qn_fit_result *result = solve(line_problem(&l), line_start, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_int_equal(result->dof, 4);
    assert_close(result->rss, rss, 1e-14, 0);
    assert_close(result->residual_sd, sqrt(variance), 1e-14, 0);
    assert_close(result->parameters[0].value, origin, 1e-13, 0);
    assert_close(result->parameters[1].value, slope, 1e-14, 0);
    assert_close(result->parameters[1].stderr_, sqrt(variance / sxx), 1e-13, 0);
    assert_close(result->covariance[0], variance * (1.0 / 6 + mean_x * mean_x / sxx), 1e-13, 0);
    assert_close(result->covariance[1], -variance * mean_x / sxx, 1e-13, 0);
    assert_close(result->parameters[1].ci_low, slope - t * sqrt(variance / sxx), 1e-13, 0);
    assert_close(result->parameters[1].ci_high, slope + t * sqrt(variance / sxx), 1e-13, 0);
    qn_fit_result_free(result);
}

static void residuals_of_any_size_give_the_same_fit(void **state)
{
    (void)state;
    line l = plain_line();
    qn_fit_result *plain = solve(line_problem(&l), line_start, NULL, NULL);
    for (double exponent = -1000; exponent <= 1000; exponent += 250) {
        line scaled = plain_line();
        scaled.factor = ldexp(1, (int)exponent);
        qn_fit_result *result = solve(line_problem(&scaled), line_start, NULL, NULL);
        for (int j = 0; j < 2; j++) {
            assert_close(result->parameters[j].value, plain->parameters[j].value, 1e-12, 0);
            assert_close(result->parameters[j].stderr_, plain->parameters[j].stderr_, 1e-12, 0);
        }
        qn_fit_result_free(result);
    }
    qn_fit_result_free(plain);
}

static void a_model_that_is_nan_at_the_start_names_the_row(void **state)
{
    (void)state;
    line l = plain_line();
    l.nan_from = 1;
    qn_fit_result *result = solve(line_problem(&l), line_start, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    assert_contains(result->message, "row 4");
    assert_true(isnan(result->rss) && isnan(result->parameters[0].stderr_) && isnan(result->covariance[3]));
    assert_true(result->parameters[0].value == 10);
    qn_fit_result_free(result);
}

static void a_model_that_becomes_nan_midway_is_told_apart(void **state)
{
    (void)state;
    line l = plain_line();
    l.nan_beyond = -5; /* the minimum is beyond */
    qn_fit_result *result = solve(line_problem(&l), line_start, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    assert_true(isfinite(result->rss));
    assert_true(result->parameters[1].value <= -5);
    assert_true(isnan(result->parameters[1].stderr_));
    qn_fit_result_free(result);
}

static void nan_on_the_way_is_walked_around(void **state)
{
    (void)state;
    line l = plain_line();
    l.nan_beyond = 2.5; /* the first long steps may go there; the minimum (slope 2.23) is finite */
    qn_fit_result *result = solve(line_problem(&l), line_start, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    qn_fit_result_free(result);
}

static bool refuses(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    (void)x;
    (void)r;
    (void)jacobian;
    return false;
}

static void a_function_that_refuses_ends_as_not_finite(void **state)
{
    (void)state;
    qn_fit_result *result =
        solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 3, .p = 1, .eval = refuses}, NULL, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    qn_fit_result_free(result);
}

static void wrong_derivatives_stall_and_do_not_pass_for_convergence(void **state)
{
    (void)state;
    line l = plain_line();
    l.wrong_derivative = true;
    qn_fit_result *result = solve(line_problem(&l), line_start, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_STALLED);
    assert_true(isnan(result->parameters[0].stderr_));
    qn_fit_result_free(result);
}

static void columns_that_depend_on_each_other_are_named(void **state)
{
    (void)state;
    line l = plain_line();
    l.same_columns = true;
    qn_fit_result *result = solve(line_problem(&l), line_start, NULL, NULL);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_close(result->rss, 284 - 34.0 * 34 / 6, 1e-13, 0); /* the sum of squares about the mean */
    assert_true(isnan(result->covariance[0]) && isnan(result->parameters[0].ci_low));
    assert_int_equal(result->warning_count, 1);
    assert_contains(result->warnings[0], "do not determine a combination of \"p1\" and \"p2\"");
    qn_fit_result_free(result);
}

static void as_many_parameters_as_rows_have_no_standard_errors(void **state)
{
    (void)state;
    const double start[] = {-1.2, 1};
    qn_fit_result *result =
        solve((qn_fit_problem){.size = sizeof(qn_fit_problem), .n = 2, .p = 2, .eval = rosenbrock}, start, NULL, NULL);
    assert_int_equal(result->dof, 0);
    assert_true(isnan(result->parameters[0].stderr_) && isnan(result->residual_sd));
    assert_contains(result->warnings[0], "as many parameters as rows");
    qn_fit_result_free(result);
}

static void evaluations_are_bounded(void **state)
{
    (void)state;
    qn_error err;
    const double start[] = {-1.2, 1};
    qn_fit_problem problem = {.size = sizeof problem, .n = 2, .p = 2, .eval = rosenbrock};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    for (options.max_evals = 1; options.max_evals < 12; options.max_evals++) {
        qn_fit_result *result;
        assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
        assert_int_equal(result->status, QN_FIT_MAX_EVALS);
        assert_true(result->evaluations <= options.max_evals);
        assert_true(isfinite(result->rss) && isnan(result->covariance[0]));
        qn_fit_result_free(result);
    }
}

static bool stop_later(void *user)
{
    int64_t *left = user;
    return (*left)-- <= 0;
}

static void a_fit_can_be_interrupted_at_every_question(void **state)
{
    (void)state;
    qn_error err;
    const double start[] = {-1.2, 1};
    qn_fit_problem problem = {.size = sizeof problem, .n = 2, .p = 2, .eval = rosenbrock};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.should_stop = stop_later;
    int64_t interrupted = 0;
    for (int64_t questions = 0;; questions++) {
        int64_t left = questions;
        options.should_stop_user = &left;
        qn_fit_result *result;
        assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
        bool ended = result->status == QN_FIT_CONVERGED;
        if (!ended)
            assert_int_equal(result->status, QN_FIT_INTERRUPTED);
        qn_fit_result_free(result);
        if (ended)
            break;
        interrupted++;
    }
    assert_true(interrupted > 5);
}

static void assert_refused(const qn_fit_problem *problem, const qn_fit_options *options, qn_status code,
                           const char *piece)
{
    qn_error err;
    qn_fit_result *result = (qn_fit_result *)&err;
    assert_int_equal(qn_fit_solve(&result, problem, options, &err), code);
    assert_null(result);
    assert_contains(err.message, piece);
    assert_int_equal(qn_fit_solve(&result, problem, options, NULL), code);
}

static void what_cannot_be_fitted_is_refused_by_name(void **state)
{
    (void)state;
    line l = plain_line();
    const char *const names[] = {"origin", "slope"};
    qn_fit_problem problem = line_problem(&l);
    problem.names = names;
    const double low[] = {0, 3}, high[] = {1, 2}, same[] = {0, 3}, below[] = {-1, 2.5}, infinite[] = {0.5, INFINITY},
                 bad[] = {0, NAN};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.lower = low;
    options.upper = high;
    assert_refused(&problem, &options, QN_INVALID, "the lower bound of \"slope\" (3) is above its upper bound (2)");
    options.upper = same;
    assert_refused(&problem, &options, QN_INVALID, "both bounds of \"origin\" are 0");
    options.upper = NULL;
    options.start = below;
    assert_refused(&problem, &options, QN_INVALID, "the start of \"origin\" (-1) is outside its bounds (0 to inf)");
    options.start = infinite;
    assert_refused(&problem, &options, QN_INVALID, "the start of \"slope\" is infinite");
    options.lower = bad;
    assert_refused(&problem, &options, QN_INVALID, "\"slope\"");
    qn_fit_options_init(&options, sizeof options);
    options.confidence = 95;
    assert_refused(&problem, &options, QN_INVALID, "confidence");
    qn_fit_options_init(&options, sizeof options);
    options.xtol = NAN;
    assert_refused(&problem, &options, QN_INVALID, "xtol");
    qn_fit_options_init(&options, sizeof options);
    options.max_evals = -1;
    assert_refused(&problem, &options, QN_INVALID, "max_evals");
    options.size = 3;
    assert_refused(&problem, &options, QN_INVALID, "qn_fit_options_init");
    problem.n = 1;
    assert_refused(&problem, NULL, QN_DATA, "1 row is too few for 2 parameters");
    problem.p = 0;
    assert_refused(&problem, NULL, QN_INVALID, "at least one parameter");
    problem.p = INT64_MAX / 2;
    problem.n = INT64_MAX;
    assert_refused(&problem, NULL, QN_LIMIT, "parameters");
    problem.eval = NULL;
    assert_refused(&problem, NULL, QN_INVALID, "function");
    assert_refused(NULL, NULL, QN_INVALID, "function");
}

static void loose_tolerances_end_sooner(void **state)
{
    (void)state;
    qn_error err;
    const double start[] = {1, 1, 1};
    qn_fit_problem problem = {.size = sizeof problem, .n = 15, .p = 3, .eval = bard};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    qn_fit_result *tight, *loose;
    assert_ok(qn_fit_solve(&tight, &problem, &options, &err), &err);
    options.ftol = options.xtol = options.gtol = 1e-4;
    assert_ok(qn_fit_solve(&loose, &problem, &options, &err), &err);
    assert_int_equal(loose->status, QN_FIT_CONVERGED);
    assert_true(loose->evaluations < tight->evaluations);
    assert_close(loose->rss, tight->rss, 1e-3, 0);
    qn_fit_result_free(tight);
    qn_fit_result_free(loose);
}

/* Counted from outside: a fit of one evaluation allocates as often as a whole one, but for warnings. */
static void allocations_do_not_depend_on_iterations(void **state)
{
    (void)state;
    int64_t allocations[2];
    const double start[] = {1, 1, 1};
    const qn_fit_problem problem = {.size = sizeof problem, .n = 15, .p = 3, .eval = bard};
    for (int i = 0; i < 2; i++) {
        test_allocator t;
        test_allocator_init(&t);
        qn_fit_options options;
        qn_fit_options_init(&options, sizeof options);
        options.start = start;
        options.max_evals = i == 0 ? 1 : 0;
        options.allocator = &t.allocator;
        qn_error err;
        qn_fit_result *result;
        assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
        assert_int_equal(result->warning_count, 0);
        assert_true(i == 0 ? result->iterations == 0 : result->iterations > 3);
        qn_fit_result_free(result);
        assert_int_equal(t.live_bytes, 0);
        allocations[i] = t.allocations;
    }
    assert_int_equal(allocations[0], allocations[1]);
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(qn_fit_status_name(QN_FIT_CONVERGED), "converged");
    assert_string_equal(qn_fit_status_name(QN_FIT_NOT_FINITE), "not_finite");
    assert_string_equal(qn_fit_status_name((qn_fit_status)77), "?");
    qn_fit_result_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rosenbrock_is_solved_from_both_usual_starts),
        cmocka_unit_test(classical_problems_reach_their_published_minima),
        cmocka_unit_test(a_singular_jacobian_at_the_solution_does_not_stop_the_fit),
        cmocka_unit_test(broyden_tridiagonal_has_no_residual),
        cmocka_unit_test(a_bound_that_stops_the_solution_is_reached_exactly),
        cmocka_unit_test(bounds_that_do_not_matter_change_nothing),
        cmocka_unit_test(a_start_on_a_bound_is_free_to_leave_it),
        cmocka_unit_test(a_missing_start_is_found_inside_the_bounds),
        cmocka_unit_test(a_line_has_the_statistics_of_the_closed_form),
        cmocka_unit_test(residuals_of_any_size_give_the_same_fit),
        cmocka_unit_test(a_model_that_is_nan_at_the_start_names_the_row),
        cmocka_unit_test(a_model_that_becomes_nan_midway_is_told_apart),
        cmocka_unit_test(nan_on_the_way_is_walked_around),
        cmocka_unit_test(a_function_that_refuses_ends_as_not_finite),
        cmocka_unit_test(wrong_derivatives_stall_and_do_not_pass_for_convergence),
        cmocka_unit_test(columns_that_depend_on_each_other_are_named),
        cmocka_unit_test(as_many_parameters_as_rows_have_no_standard_errors),
        cmocka_unit_test(evaluations_are_bounded),
        cmocka_unit_test(a_fit_can_be_interrupted_at_every_question),
        cmocka_unit_test(what_cannot_be_fitted_is_refused_by_name),
        cmocka_unit_test(loose_tolerances_end_sooner),
        cmocka_unit_test(allocations_do_not_depend_on_iterations),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
