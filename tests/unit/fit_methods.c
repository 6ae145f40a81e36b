/* Every method on classical problems with their published minima (Moré, Garbow and Hillstrom, "Testing unconstrained
 * optimization software", ACM TOMS 7, 1981), at bounds, and what is asked of all of them: scales, being watched,
 * honesty about plateaus. */
#include "unit/fit_help.h"

#include <stdio.h>

enum {
    METHODS = 3,
    MOST_ROWS = 65,
    MOST_PARAMETERS = 11
};
static const qn_fit_method methods[METHODS] = {QN_FIT_TRF, QN_FIT_LM, QN_FIT_DOGBOX};

/* ---- classical problems ---- */

/* Data as a formula sees them: columns t and y. */
typedef struct classic {
    const char *name, *formula;
    int n;
    double t_first, t_step;
    const double *y; /* (n) NULL: 0 */
    double start[MOST_PARAMETERS];
    double rss; /* published; 0: a residual of zero */
} classic;

static const double osborne_1[] = {0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
                                   0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
                                   0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406};
static const double osborne_2[] = {1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746,
                                   0.679, 0.608, 0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649,
                                   0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395,
                                   0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653,
                                   0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739,
                                   0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054};
static const double jennrich_sampson[] = {4, 6, 8, 10, 12, 14, 16, 18, 20, 22};
static const double bard[] = {0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39};
static const double meyer[] = {34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
                               8261,  7030,  6005,  5147,  4427,  3820,  3307,  2872};

static const classic classics[] = {
    {"Osborne 1",
     "y = x1 + x2*exp(-t*x4) + x3*exp(-t*x5)",
     33,
     0,
     10,
     osborne_1,
     {0.5, 1.5, 0.01, -1, 0.02},
     5.46489e-5},
    {"Osborne 2",
     "y = x1*exp(-t*x5) + x2*exp(-(t-x9)^2*x6) + x3*exp(-(t-x10)^2*x7) + x4*exp(-(t-x11)^2*x8)",
     65,
     0,
     0.1,
     osborne_2,
     {1.3, 0.6, 0.65, 2, 3, 0.65, 4.5, 5, 0.7, 5.5, 7},
     4.01377e-2},
    {"Box 3-d", "y = exp(-t*x1) - exp(-t*x2) - x3*(exp(-t) - exp(-10*t))", 10, 0.1, 0.1, NULL, {0, 10, 20}, 0},
    {"Brown and Dennis",
     "y = (x1 + t*x2 - exp(t))^2 + (x3 + x4*sin(t) - cos(t))^2",
     20,
     0.2,
     0.2,
     NULL,
     {25, 5, -5, -1},
     85822.2},
    {"Jennrich and Sampson", "y = exp(t*x1) + exp(t*x2)", 10, 1, 1, jennrich_sampson, {0.3, 0.4}, 124.362},
    {"Bard", "y = x1 + t/((16-t)*x2 + min(t, 16-t)*x3)", 15, 1, 1, bard, {1, 1, 1}, 8.21487e-3},
    {"Meyer", "y = x1*exp(x2/(t + x3))", 16, 50, 5, meyer, {0.02, 4000, 250}, 87.9458},
};

/* Starts are in the order in which the formula names its parameters. */
static void every_method_reaches_the_published_minima_of_formulas(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof classics / sizeof *classics; c++) {
        const classic *k = &classics[c];
        double t[MOST_ROWS], y[MOST_ROWS] = {0};
        const char *const names[] = {"t", "y"};
        const double *const columns[] = {t, y};
        qn_error err;
        qn_table *table;
        for (int i = 0; i < k->n; i++) {
            t[i] = k->t_first + i * k->t_step;
            y[i] = k->y != NULL ? k->y[i] : 0;
        }
        assert_ok(qn_table_from_f64(&table, names, columns, 2, k->n, NULL, &err), &err);
        for (int m = 0; m < METHODS; m++) {
            qn_fit_options options = fit_help_options();
            qn_model *model = fit_help_model(k->formula, table);
            double start[MOST_PARAMETERS];
            for (int64_t j = 0; j < qn_model_parameter_count(model); j++)
                start[j] = k->start[j];
            options.start = start;
            options.method = methods[m];
            qn_fit_result *result;
            assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
            if (result->status != QN_FIT_CONVERGED || fabs(result->rss - k->rss) > 1e-5 * k->rss + 1e-24)
                fail_msg("%s by %s: %s at %.9g, not %.9g", k->name, result->method, result->message, result->rss,
                         k->rss);
            assert_string_equal(result->method, qn_fit_method_name(methods[m]));
            assert_int_equal(result->loop_allocations, 0);
            qn_fit_result_free(result);
            qn_model_unref(model);
        }
        qn_table_free(table);
    }
}

/* Small ones as functions. */
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

static bool powell_badly_scaled(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    r[0] = 1e4 * x[0] * x[1] - 1;
    r[1] = exp(-x[0]) + exp(-x[1]) - 1.0001;
    if (jacobian != NULL) {
        const double j[] = {1e4 * x[1], -exp(-x[0]), 1e4 * x[0], -exp(-x[1])};
        memcpy(jacobian, j, sizeof j);
    }
    return true;
}

static bool brown_badly_scaled(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    r[0] = x[0] - 1e6;
    r[1] = x[1] - 2e-6;
    r[2] = x[0] * x[1] - 2;
    if (jacobian != NULL) {
        const double j[] = {1, 0, x[1], 0, 1, x[0]};
        memcpy(jacobian, j, sizeof j);
    }
    return true;
}

static bool beale(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    static const double y[] = {1.5, 2.25, 2.625};
    for (int i = 0; i < 3; i++) {
        r[i] = y[i] - x[0] * (1 - pow(x[1], i + 1));
        if (jacobian != NULL) {
            jacobian[i] = -(1 - pow(x[1], i + 1));
            jacobian[3 + i] = x[0] * (i + 1) * pow(x[1], i);
        }
    }
    return true;
}

static bool wood(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    const double v = sqrt(90), w = sqrt(10);
    r[0] = 10 * (x[1] - x[0] * x[0]);
    r[1] = 1 - x[0];
    r[2] = v * (x[3] - x[2] * x[2]);
    r[3] = 1 - x[2];
    r[4] = w * (x[1] + x[3] - 2);
    r[5] = (x[1] - x[3]) / w;
    if (jacobian != NULL) {
        const double j[] = {-20 * x[0],    -1, 0, 0, 0, 0, 10, 0, 0, 0,     w, 1 / w, 0, 0,
                            -2 * v * x[2], -1, 0, 0, 0, 0, v,  0, w, -1 / w};
        memcpy(jacobian, j, sizeof j);
    }
    return true;
}

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

static bool biggs_exp6(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    for (int i = 0; i < 13; i++) {
        double t = 0.1 * (i + 1), a = exp(-t * x[0]), b = exp(-t * x[1]), c = exp(-t * x[4]);
        r[i] = x[2] * a - x[3] * b + x[5] * c - (exp(-t) - 5 * exp(-10 * t) + 3 * exp(-4 * t));
        if (jacobian != NULL) {
            const double row[] = {-t * x[2] * a, t * x[3] * b, a, -b, -t * x[5] * c, c};
            for (int j = 0; j < 6; j++)
                jacobian[j * 13 + i] = row[j];
        }
    }
    return true;
}

/* Linear, of rank 1: the minimum is m (m - 1) / (2 (2 m + 1)), at infinitely many points. */
static bool rank_one(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    double sum = 0;
    for (int j = 0; j < 5; j++)
        sum += (j + 1) * x[j];
    for (int i = 0; i < 20; i++) {
        r[i] = (i + 1) * sum - 1;
        for (int j = 0; jacobian != NULL && j < 5; j++)
            jacobian[j * 20 + i] = (i + 1) * (j + 1);
    }
    return true;
}

enum {
    BROYDEN = 50
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

typedef bool function(void *user, const double *x, double *r, double *jacobian);

static qn_fit_result *solve(function *eval, int64_t n, int64_t p, const qn_fit_options *options)
{
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = n;
    problem.p = p;
    problem.eval = eval;
    assert_ok(qn_fit_solve(&result, &problem, options, &err), &err);
    return result;
}

static void every_method_reaches_the_published_minima_of_functions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        function *eval;
        int64_t n, p;
        double start[6], x[6]; /* x: where the minimum is; NaN: at more points than one */
        double rss;
    } cases[] = {
        {"Rosenbrock", rosenbrock, 2, 2, {-2, 1}, {1, 1}, 0},
        {"Powell badly scaled", powell_badly_scaled, 2, 2, {0, 1}, {1.098159e-5, 9.106147}, 0},
        {"Brown badly scaled", brown_badly_scaled, 3, 2, {1, 1}, {1e6, 2e-6}, 0},
        {"Beale", beale, 3, 2, {1, 1}, {3, 0.5}, 0},
        {"Wood", wood, 6, 4, {-3, -1, -3, -1}, {1, 1, 1, 1}, 0},
        {"Powell singular", powell_singular, 4, 4, {3, -1, 0, 1}, {0, 0, 0, 0}, 0},
        {"Biggs EXP6", biggs_exp6, 13, 6, {1, 2, 1, 1, 1, 1}, {NAN}, 5.65565e-3},
        {"linear, of rank 1", rank_one, 20, 5, {1, 1, 1, 1, 1}, {NAN}, 380.0 / 82},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int m = 0; m < METHODS; m++) {
            qn_fit_options options = fit_help_options();
            options.start = cases[c].start;
            options.method = methods[m];
            qn_fit_result *result = solve(cases[c].eval, cases[c].n, cases[c].p, &options);
            bool zero = cases[c].eval == biggs_exp6 && result->rss < 1e-20; /* its other minimum is as good */
            if (result->status != QN_FIT_CONVERGED ||
                (!zero && fabs(result->rss - cases[c].rss) > 1e-5 * cases[c].rss + 1e-20))
                fail_msg("%s by %s: %s at %.9g, not %.9g", cases[c].name, result->method, result->message, result->rss,
                         cases[c].rss);
            for (int64_t j = 0; !isnan(cases[c].x[0]) && j < cases[c].p; j++)
                assert_close(result->parameters[j].value, cases[c].x[j], 1e-6, 1e-7); /* published to 7 digits */
            qn_fit_result_free(result);
        }
}

static void every_method_solves_broydens_tridiagonal_equations(void **state)
{
    (void)state;
    double start[BROYDEN];
    for (int i = 0; i < BROYDEN; i++)
        start[i] = -1;
    for (int m = 0; m < METHODS; m++) {
        qn_fit_options options = fit_help_options();
        options.start = start;
        options.method = methods[m];
        qn_fit_result *result = solve(broyden_tridiagonal, BROYDEN, BROYDEN, &options);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_true(result->rss < 1e-26);
        qn_fit_result_free(result);
    }
}

/* ---- bounds ---- */

/* On an edge the minimum solves 400 x^3 + (2 - 400 y) x = 2 for the other one's bound y, or is x^2. */
static void bounds_that_matter_hold_the_minimum(void **state)
{
    (void)state;
    static const struct {
        double lower[2], upper[2], start[2], x[2], rss;
    } cases[] = {
        {{-1.5, -1}, {1.5, 1.2}, {-1, 1}, {1, 1}, 0},
        {{-50, -2}, {0.5, 100}, {-1.2, 1}, {0.5, 0.25}, 0.25},
        {{-2, -1.5}, {1.5, 0.5}, {-1.2, 0.3}, {0.7085595036, 0.5}, 0.08536051101672},
        {{0.8, -INFINITY}, {INFINITY, 0.5}, {1.5, 0}, {0.8, 0.5}, 2},
        {{-INFINITY, 1.5}, {INFINITY, INFINITY}, {-2, 2}, {-1.221026242, 1.5}, 4.941229317989},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int m = 0; m < METHODS; m++) {
            if (methods[m] == QN_FIT_LM)
                continue;
            qn_fit_options options = fit_help_options();
            options.start = cases[c].start;
            options.lower = cases[c].lower;
            options.upper = cases[c].upper;
            options.method = methods[m];
            qn_fit_result *result = solve(rosenbrock, 2, 2, &options);
            assert_int_equal(result->status, QN_FIT_CONVERGED);
            assert_close(result->rss, cases[c].rss, 1e-11, 1e-20);
            for (int64_t j = 0; j < 2; j++) {
                double x = cases[c].x[j];
                bool at_bound = x == cases[c].lower[j] || x == cases[c].upper[j];
                assert_true(at_bound == result->parameters[j].at_bound); /* then it is the bound, to the last bit */
                assert_close(result->parameters[j].value, x, 1e-7, 0);
            }
            qn_fit_result_free(result);
        }
}

static void bounds_that_do_not_matter_change_nothing(void **state)
{
    (void)state;
    const double start[] = {3, -1, 0, 1}, lower[] = {-1e3, -1e3, -1e3, -1e3}, upper[] = {1e3, 1e3, 1e3, 1e3};
    for (int m = 0; m < METHODS; m++) {
        if (methods[m] == QN_FIT_LM)
            continue;
        qn_fit_options options = fit_help_options();
        options.start = start;
        options.method = methods[m];
        qn_fit_result *none = solve(wood, 6, 4, &options);
        options.lower = lower;
        options.upper = upper;
        qn_fit_result *wide = solve(wood, 6, 4, &options);
        assert_int_equal(wide->evaluations, none->evaluations);
        assert_memory_equal(wide->covariance, none->covariance, 16 * sizeof(double));
        qn_fit_result_free(none);
        qn_fit_result_free(wide);
    }
}

static void levenberg_marquardt_refuses_bounds(void **state)
{
    (void)state;
    qn_error err;
    qn_fit_result *result;
    const double lower[] = {-1, -INFINITY};
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = problem.p = 2;
    problem.eval = rosenbrock;
    qn_fit_options options = fit_help_options();
    options.method = QN_FIT_LM;
    options.lower = lower;
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_INVALID);
    assert_contains(err.message, "choose trf or dogbox");
}

/* ---- scales ---- */

typedef struct watch {
    qn_fit_iteration first; /* parameters not valid */
    double x[2][2];         /* at the start, after a step */
    double last[3], rss;
    int64_t calls, stop_after; /* -1: never */
    int64_t p;
} watch;

static bool look(void *user, const qn_fit_iteration *now)
{
    watch *w = user;
    assert_int_equal(now->size, sizeof *now);
    assert_int_equal(now->start, 0);
    assert_true(now->iteration >= w->calls); /* a step that is taken back counts as well */
    assert_true(now->evaluations > now->iteration || now->iteration > 1);
    assert_true(w->calls == 0 || now->rss <= w->rss * (1 + 1e-9));
    if (w->calls == 0) {
        w->first = *now;
        assert_int_equal(now->iteration, 0);
        assert_int_equal(now->evaluations, 1);
    }
    for (int64_t j = 0; w->calls < 2 && j < 2; j++)
        w->x[w->calls][j] = now->parameters[j];
    w->p = now->p;
    for (int64_t j = 0; j < now->p; j++)
        w->last[j] = now->parameters[j];
    w->rss = now->rss;
    return w->calls++ != w->stop_after;
}

/* The region is a ball (trf, lm) or a cube (dogbox) of the parameters divided by their scales: from a start at which
 * those are (1, -2) long, the radius is a multiple of that length, and no first step is longer. */
static void given_scales_make_the_region(void **state)
{
    (void)state;
    const double start[] = {1e3, -2e-3}, scale[] = {1e3, 1e-3}, widths[] = {1, 100, 1};
    for (int m = 0; m < METHODS; m++) {
        qn_fit_options options = fit_help_options();
        watch w = {.stop_after = -1};
        options.start = start;
        options.x_scale = scale;
        options.method = methods[m];
        options.on_iteration = look;
        options.on_iteration_user = &w;
        qn_fit_result *result = solve(brown_badly_scaled, 3, 2, &options);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_close(result->parameters[0].value, 1e6, 1e-9, 0);
        assert_close(result->parameters[1].value, 2e-6, 1e-9, 0);
        assert_close(w.first.radius, widths[m] * sqrt(5), 1e-14, 0);
        double a = (w.x[1][0] - w.x[0][0]) / scale[0], b = (w.x[1][1] - w.x[0][1]) / scale[1];
        double length = methods[m] == QN_FIT_DOGBOX ? fmax(fabs(a), fabs(b)) : hypot(a, b);
        assert_true(length > 0 && length <= 1.1 * w.first.radius);
        qn_fit_result_free(result);
    }
}

static bool in_other_units(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    const double y[] = {x[0] * 0x1p20, x[1] * 0x1p-30};
    bool good = rosenbrock(NULL, y, r, jacobian);
    for (int i = 0; jacobian != NULL && i < 2; i++) {
        jacobian[i] *= 0x1p20;
        jacobian[2 + i] *= 0x1p-30;
    }
    return good;
}

/* Powers of two, so that rounding is the same. */
static void scales_that_follow_the_units_give_the_same_fit(void **state)
{
    (void)state;
    const double start[] = {-2, 1}, other[] = {-2 * 0x1p-20, 0x1p30}, scale[] = {1, 1},
                 other_scale[] = {0x1p-20, 0x1p30};
    for (int m = 0; m < METHODS; m++) {
        qn_fit_options options = fit_help_options();
        options.method = methods[m];
        options.start = start;
        options.x_scale = scale;
        qn_fit_result *plain = solve(rosenbrock, 2, 2, &options);
        options.start = other;
        options.x_scale = other_scale;
        qn_fit_result *result = solve(in_other_units, 2, 2, &options);
        assert_int_equal(result->evaluations, plain->evaluations);
        assert_close(result->parameters[0].value * 0x1p20, 1, 1e-12, 0);
        assert_close(result->parameters[1].value * 0x1p-30, 1, 1e-12, 0);
        qn_fit_result_free(result);
        qn_fit_result_free(plain);
    }
}

/* ---- being watched ---- */

static const char *const decay_csv = "x,y\n0,3.52\n1,2.51\n2,1.80\n3,1.41\n4,1.10\n5,0.93\n6,0.77\n7,0.69\n8,0.62\n";

static void a_watcher_can_end_the_fit_at_any_step(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(decay_csv);
    const double start[] = {1, 1, NAN}, fixed[] = {NAN, NAN, 0.5};
    for (int m = 0; m < METHODS; m++) {
        int64_t steps = 0;
        for (int64_t stop = 0;; stop++) {
            qn_fit_options options = fit_help_options();
            watch w = {.stop_after = stop};
            options.method = methods[m];
            options.start = start;
            options.fixed = fixed;
            options.on_iteration = look;
            options.on_iteration_user = &w;
            qn_fit_result *result = fit_help_fit("y = a*exp(-k*x) + c", table, &options);
            assert_int_equal(w.p, 3); /* fixed ones as well */
            assert_true(w.last[2] == 0.5);
            for (int j = 0; j < 3; j++)
                assert_true(result->parameters[j].value == w.last[j]);
            assert_close(result->rss, w.rss, 1e-15, 0);
            bool done = w.calls <= stop;
            assert_int_equal(result->status, done ? QN_FIT_CONVERGED : QN_FIT_INTERRUPTED);
            steps = result->iterations;
            qn_fit_result_free(result);
            if (done)
                break;
        }
        assert_true(steps > 3);
    }
    qn_table_free(table);
}

/* ---- honesty ---- */

static void a_parameter_without_influence_is_no_success(void **state)
{
    (void)state;
    qn_error err;
    qn_table *table;
    double x[14], y[14];
    const char *const names[] = {"x", "y"};
    const double *const columns[] = {x, y};
    for (int i = 0; i < 14; i++) {
        x[i] = 80 + 50 * i;
        y[i] = 240 * (1 - exp(-5e-4 * x[i]));
    }
    assert_ok(qn_table_from_f64(&table, names, columns, 2, 14, NULL, &err), &err);
    for (int m = 0; m < METHODS; m++) {
        const double far[] = {1, 1}, near_[] = {100, 1e-3};
        qn_fit_options options = fit_help_options();
        options.method = methods[m];
        options.start = far;
        qn_fit_result *result = fit_help_fit("y = a*(1 - exp(-b*x))", table, &options);
        assert_int_equal(result->status, QN_FIT_STALLED);
        assert_contains(result->message, "no longer changes with");
        assert_contains(result->message, "other start values or bounds");
        assert_true(isnan(result->parameters[1].stderr_));
        qn_fit_result_free(result);
        options.start = near_;
        result = fit_help_fit("y = a*(1 - exp(-b*x))", table, &options);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_close(result->parameters[0].value, 240, 1e-10, 0);
        qn_fit_result_free(result);
    }
    qn_table_free(table);
}

/* From far away the columns shrink by many orders of magnitude on the way to an honest end. */
static void a_far_start_alone_is_no_failure(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(decay_csv);
    for (int m = 0; m < METHODS; m++) {
        const double start[] = {1, -12, 0};
        qn_fit_options options = fit_help_options();
        options.method = methods[m];
        options.start = start;
        qn_fit_result *result = fit_help_fit("y = a*exp(-k*x) + c", table, &options);
        if (result->rss < 1) { /* there are other minima on this way */
            assert_int_equal(result->status, QN_FIT_CONVERGED);
            assert_true(result->parameters[0].stderr_ > 0);
        }
        qn_fit_result_free(result);
    }
    qn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_reaches_the_published_minima_of_formulas),
        cmocka_unit_test(every_method_reaches_the_published_minima_of_functions),
        cmocka_unit_test(every_method_solves_broydens_tridiagonal_equations),
        cmocka_unit_test(bounds_that_matter_hold_the_minimum),
        cmocka_unit_test(bounds_that_do_not_matter_change_nothing),
        cmocka_unit_test(levenberg_marquardt_refuses_bounds),
        cmocka_unit_test(given_scales_make_the_region),
        cmocka_unit_test(scales_that_follow_the_units_give_the_same_fit),
        cmocka_unit_test(a_watcher_can_end_the_fit_at_any_step),
        cmocka_unit_test(a_parameter_without_influence_is_no_success),
        cmocka_unit_test(a_far_start_alone_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
