/* bench/fit.c: how long does a fit take beside cminpack's lmder, GSL's trust region, Ceres with DENSE_QR and SciPy's
 * trf? Three small problems on 1000 points and a line with sixteen peaks, 50 parameters, on 5000.
 *
 * Ours gets a formula, compiled once, and a table; the peers get the same model and its exact derivatives written by
 * hand in C that the compiler makes vectors of (fit_models.c), SciPy in NumPy (fit_scipy.py; a process, whose answers
 * take some 50 us to come and go). All start at the same point. Ours includes standard errors, the peers' do not.
 *
 * Equal tolerances are not equal work: ours are tests of what a further step would gain, which ends a fit a step
 * earlier and farther from the minimum than tests of what the last step gained. So each line tells how far a fit ended
 * from the minimum, in standard errors, and there are two kinds of rows: "1e-10" with ftol, xtol and gtol of 1e-10 on
 * both sides, and "noise", where ours runs at its default, to the noise floor, while the peer keeps 1e-10; there a run
 * in which ours is not at least as close to the minimum as the peer ends with an error. The minimum comes from a second
 * method in a wider type. "C model": ours with the peers' function instead of a formula. "bounds": the same on both
 * sides, none of them reached. The libraries are as the system has them: built for every processor of the kind. */
#include "bench/common.h"
#include "bench/fit_models.h"
#include "bench/python.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <quern/fit.h>

#if BENCH_HAVE_CMINPACK
#include <cminpack.h>
#endif
#if BENCH_HAVE_GSL
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_vector.h>
#endif

enum {
    P_MAX = 50,
    PEAKS = 16,
    N_MAX = 5000
};

static const double tolerance = 1e-10;

/* Value and derivatives of a model at a point, for the second method. */
typedef void exact_model(int p, long double x, const long double *q, long double *value, long double *derivatives);

typedef struct problem {
    const char *name;
    int n, p;
    fit_model *model;
    exact_model *exact;
    double truth[P_MAX], start[P_MAX], lower[P_MAX], upper[P_MAX];
    double *x, *y; /* (n) */
    qn_model *formula;
    qn_table *table;
    double best[P_MAX], stderr_[P_MAX]; /* the minimum, and what distances are counted in */
} problem;

/* One side of a comparison and what its last fit found. */
typedef struct fitter {
    const problem *problem;
    double tolerance; /* 0: ours at its default */
    bool bounded, lapack;
    double q[P_MAX];
    int64_t evaluations;
    double *scratch; /* (p + 3, n) */
} fitter;

/* The goals, told together at the end. */
typedef struct goal {
    char what[128];
    double most, got;
} goal;
static goal goals[32];
static int goal_count;

static bench_python scipy;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_fit: %s\n", what);
    exit(1);
}

static double *must_doubles(int64_t count)
{
    double *block = malloc((size_t)count * sizeof *block);
    must(block != NULL, "no memory");
    return block;
}

/* ---- the models once more, in a wider type ---- */

static void exact_decay(int p, long double x, const long double *q, long double *value, long double *d)
{
    (void)p;
    long double e = expl(-q[1] * x);
    *value = q[0] * e + q[2];
    d[0] = e;
    d[1] = -q[0] * x * e;
    d[2] = 1;
}

static void exact_add_peak(long double x, const long double *q, long double *value, long double *d)
{
    long double z = (x - q[1]) / q[2], e = expl(-0.5L * z * z);
    *value += q[0] * e;
    d[0] = e;
    d[1] = q[0] / q[2] * z * e;
    d[2] = d[1] * z;
}

static void exact_peak(int p, long double x, const long double *q, long double *value, long double *d)
{
    (void)p;
    *value = q[3];
    exact_add_peak(x, q, value, d);
    d[3] = 1;
}

static void exact_two_decays(int p, long double x, const long double *q, long double *value, long double *d)
{
    (void)p;
    long double e1 = expl(-q[1] * x), e2 = expl(-q[3] * x);
    *value = q[0] * e1 + q[2] * e2 + q[4];
    d[0] = e1;
    d[1] = -q[0] * x * e1;
    d[2] = e2;
    d[3] = -q[2] * x * e2;
    d[4] = 1;
}

static void exact_peaks(int p, long double x, const long double *q, long double *value, long double *d)
{
    *value = q[0] + q[1] * x;
    d[0] = 1;
    d[1] = x;
    for (int k = 2; k < p; k += 3)
        exact_add_peak(x, q + k, value, d + k);
}

/* ---- the problems ---- */

static problem problems[] = {
    {.name = "decay",
     .n = 1000,
     .p = 3,
     .model = fit_decay,
     .exact = exact_decay,
     .truth = {2.5, 0.7, 0.4},
     .start = {1, 0.2, 0},
     .lower = {0, 0, -1},
     .upper = {10, 5, 1}},
    {.name = "peak",
     .n = 1000,
     .p = 4,
     .model = fit_peak,
     .exact = exact_peak,
     .truth = {2.5, 4, 0.8, 0.4},
     .start = {2, 3.5, 1, 0},
     .lower = {0, 0, 0.1, -1},
     .upper = {10, 10, 5, 1}},
    {.name = "two_decays",
     .n = 1000,
     .p = 5,
     .model = fit_two_decays,
     .exact = exact_two_decays,
     .truth = {2.5, 0.4, 1.5, 2, 0.4},
     .start = {2, 0.3, 1, 3, 0},
     .lower = {0, 0, 0, 0.1, -1},
     .upper = {10, 2, 10, 10, 1}},
    {.name = "peaks", .n = N_MAX, .p = 2 + 3 * PEAKS, .model = fit_peaks, .exact = exact_peaks},
};
enum {
    PROBLEMS = sizeof problems / sizeof *problems
};

static void make_peaks(problem *w)
{
    w->truth[0] = 0.3;
    w->truth[1] = 0.02;
    w->start[0] = w->start[1] = 0;
    for (int k = 0; k < PEAKS; k++) {
        double *truth = w->truth + 2 + 3 * k, *start = w->start + 2 + 3 * k;
        truth[0] = 1 + 0.1 * (k % 5);
        truth[1] = 0.5 + 0.6 * k;
        truth[2] = 0.15 + 0.01 * (k % 3);
        start[0] = 1;
        start[1] = truth[1] + 0.03;
        start[2] = 0.18;
    }
    for (int j = 0; j < w->p; j++) {
        w->lower[j] = -20;
        w->upper[j] = 20;
    }
}

static void write_formula(char *text, size_t size, const problem *w)
{
    static const char *const small[] = {"a*exp(-k*x) + c", "a*exp(-0.5*((x - m)/s)^2) + c",
                                        "a1*exp(-k1*x) + a2*exp(-k2*x) + c"};
    if (w - problems < 3) {
        snprintf(text, size, "y = %s", small[w - problems]);
        return;
    }
    size_t used = (size_t)snprintf(text, size, "y = b0 + b1*x");
    for (int k = 0; k < PEAKS; k++)
        used += (size_t)snprintf(text + used, size - used, " + a%d*exp(-0.5*((x - m%d)/s%d)^2)", k, k, k);
}

/* The true curve with even noise. */
static void make_data(problem *w)
{
    w->x = must_doubles(w->n);
    w->y = must_doubles(w->n);
    uint64_t state = 1;
    long double q[P_MAX], d[P_MAX], value;
    for (int j = 0; j < w->p; j++)
        q[j] = w->truth[j];
    for (int i = 0; i < w->n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double noise = (double)(state >> 11) * 0x1p-53 - 0.5;
        w->x[i] = 10.0 * i / w->n;
        w->exact(w->p, w->x[i], q, &value, d);
        w->y[i] = (double)value + 0.1 * noise;
    }
}

static void make_problem(problem *w)
{
    char text[4096];
    if (w->p > 5)
        make_peaks(w);
    make_data(w);
    write_formula(text, sizeof text, w);
    const char *const names[] = {"x", "y"};
    const double *const columns[] = {w->x, w->y};
    must(qn_table_from_f64(&w->table, names, columns, 2, w->n, NULL, NULL) == QN_OK, "no table");
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    must(qn_model_new(&w->formula, text, -1, &options, NULL) == QN_OK, "no model");
    must(qn_model_parameter_count(w->formula) == w->p, "the formula has other parameters");
}

/* ---- ours ---- */

static qn_fit_options our_options(const fitter *f)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = f->problem->start;
    options.ftol = options.xtol = options.gtol = f->tolerance;
    options.lower = f->bounded ? f->problem->lower : NULL;
    options.upper = f->bounded ? f->problem->upper : NULL;
    return options;
}

static void keep(fitter *f, qn_status status, qn_fit_result *result)
{
    must(status == QN_OK && result->status == QN_FIT_CONVERGED, "our fit did not converge");
    f->evaluations = result->evaluations;
    for (int j = 0; j < f->problem->p; j++)
        f->q[j] = result->parameters[j].value;
    qn_fit_result_free(result);
}

static void ours_formula(void *user)
{
    fitter *f = user;
    qn_fit_options options = our_options(f);
    qn_fit_result *result;
    qn_status status = qn_fit_table(&result, f->problem->formula, f->problem->table, &options, NULL);
    keep(f, status, result);
}

static bool our_function(void *user, const double *q, double *r, double *jacobian)
{
    const problem *w = user;
    w->model(w->n, w->p, w->x, w->y, q, r, jacobian);
    return true;
}

static void ours_function(void *user)
{
    fitter *f = user;
    qn_fit_problem given;
    qn_fit_problem_init(&given, sizeof given);
    given.n = f->problem->n;
    given.p = f->problem->p;
    given.eval = our_function;
    given.user = (void *)(uintptr_t)f->problem;
    qn_fit_options options = our_options(f);
    qn_fit_result *result;
    qn_status status = qn_fit_solve(&result, &given, &options, NULL);
    keep(f, status, result);
}

/* ---- the peers ---- */

#if BENCH_HAVE_CMINPACK
static int minpack_function(void *user, int m, int n, const double *q, double *r, double *jacobian, int stride,
                            int flag)
{
    const problem *w = user;
    (void)m;
    (void)n;
    (void)stride;
    w->model(w->n, w->p, w->x, w->y, q, flag == 1 ? r : NULL, flag == 2 ? jacobian : NULL);
    return 0;
}

static void peer_cminpack(void *user)
{
    fitter *f = user;
    const problem *w = f->problem;
    double diag[P_MAX], qtf[P_MAX], a[P_MAX], b[P_MAX], c[P_MAX];
    double *r = f->scratch, *d = r + w->n, *jacobian = d + w->n;
    int pivots[P_MAX], values, jacobians;
    memcpy(f->q, w->start, sizeof f->q);
    int info = lmder(minpack_function, (void *)(uintptr_t)w, w->n, w->p, f->q, r, jacobian, w->n, tolerance, tolerance,
                     tolerance, 1000, diag, 1, 100, 0, &values, &jacobians, pivots, qtf, a, b, c, d);
    must(info >= 1 && info <= 4, "lmder did not converge");
    f->evaluations = values + jacobians;
}
#endif

#if BENCH_HAVE_GSL
static int gsl_values(const gsl_vector *q, void *user, gsl_vector *r)
{
    const fitter *f = user;
    const problem *w = f->problem;
    w->model(w->n, w->p, w->x, w->y, q->data, r->data, NULL);
    return GSL_SUCCESS;
}

/* GSL's matrices are row-major. */
static int gsl_derivatives(const gsl_vector *q, void *user, gsl_matrix *jacobian)
{
    const fitter *f = user;
    const problem *w = f->problem;
    must(jacobian->tda == (size_t)w->p, "GSL's matrix has gaps");
    w->model(w->n, w->p, w->x, w->y, q->data, NULL, f->scratch);
    fit_transpose(w->n, w->p, f->scratch, jacobian->data);
    return GSL_SUCCESS;
}

static void peer_gsl(void *user)
{
    fitter *f = user;
    const problem *w = f->problem;
    size_t n = (size_t)w->n, p = (size_t)w->p;
    gsl_multifit_nlinear_fdf given = {.f = gsl_values, .df = gsl_derivatives, .n = n, .p = p, .params = f};
    gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_workspace *space = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, n, p);
    must(space != NULL, "no memory");
    gsl_vector_const_view from = gsl_vector_const_view_array(w->start, p);
    gsl_multifit_nlinear_init(&from.vector, &given, space);
    int info;
    int status = gsl_multifit_nlinear_driver(1000, tolerance, tolerance, tolerance, NULL, NULL, &info, space);
    must(status == GSL_SUCCESS, "GSL did not converge");
    f->evaluations = (int64_t)(given.nevalf + given.nevaldf);
    for (int j = 0; j < w->p; j++)
        f->q[j] = gsl_vector_get(gsl_multifit_nlinear_position(space), (size_t)j);
    gsl_multifit_nlinear_free(space);
}
#endif

#if BENCH_HAVE_CERES
static void peer_ceres(void *user)
{
    fitter *f = user;
    const problem *w = f->problem;
    const fit_task task = {.model = w->model, .n = w->n, .p = w->p, .x = w->x, .y = w->y, .tolerance = tolerance};
    memcpy(f->q, w->start, sizeof f->q);
    f->evaluations = fit_ceres(&task, f->lapack, f->q, f->scratch);
    must(f->evaluations > 0, "Ceres did not converge");
}
#endif

static void peer_scipy(void *user)
{
    fitter *f = user;
    fprintf(scipy.to, "fit\n");
    fflush(scipy.to);
    must(bench_python_hear(&scipy), "SciPy ended early");
    char *at;
    f->evaluations = strtoll(scipy.line, &at, 10);
    for (int j = 0; j < f->problem->p; j++)
        f->q[j] = strtod(at, &at);
}

static void tell_numbers(const double *a, int n)
{
    for (int i = 0; i < n; i++)
        fprintf(scipy.to, "%a%c", a[i], i + 1 < n ? ' ' : '\n');
}

static void tell_scipy(const problem *w)
{
    fprintf(scipy.to, "data %d %d %s %g\n", w->n, w->p, w->name, tolerance);
    tell_numbers(w->x, w->n);
    tell_numbers(w->y, w->n);
    tell_numbers(w->start, w->p);
    tell_numbers(w->lower, w->p);
    tell_numbers(w->upper, w->p);
}

/* ---- the minimum ---- */

/* Solves the symmetric, positive definite system a x = b (p, p), leading dimension P_MAX, by elimination; a and b are
 * spoilt, b is the solution. */
static void eliminate(long double a[][P_MAX], long double *b, int p)
{
    for (int k = 0; k < p; k++)
        for (int i = k + 1; i < p; i++) {
            long double factor = a[i][k] / a[k][k];
            for (int j = k; j < p; j++)
                a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    for (int i = p - 1; i >= 0; i--) {
        for (int j = i + 1; j < p; j++)
            b[i] -= a[i][j] * b[j];
        b[i] /= a[i][i];
    }
}

/* Gauss and Newton's iteration in long double from where a fit of ours ended. */
static void find_best(problem *w, fitter *f)
{
    static long double a[P_MAX][P_MAX];
    long double q[P_MAX], g[P_MAX], d[P_MAX], value;
    qn_fit_result *result;
    qn_fit_options options = our_options(f);
    must(qn_fit_table(&result, w->formula, w->table, &options, NULL) == QN_OK, "no fit");
    for (int j = 0; j < w->p; j++) {
        q[j] = result->parameters[j].value;
        w->stderr_[j] = result->parameters[j].stderr_;
    }
    qn_fit_result_free(result);
    for (int step = 0; step < 6; step++) {
        memset(a, 0, sizeof a);
        memset(g, 0, sizeof g);
        for (int i = 0; i < w->n; i++) {
            w->exact(w->p, w->x[i], q, &value, d);
            for (int j = 0; j < w->p; j++) {
                g[j] -= d[j] * (value - w->y[i]);
                for (int k = j; k < w->p; k++)
                    a[j][k] += d[j] * d[k];
            }
        }
        for (int j = 0; j < w->p; j++)
            for (int k = 0; k < j; k++)
                a[j][k] = a[k][j];
        eliminate(a, g, w->p);
        for (int j = 0; j < w->p; j++)
            q[j] += g[j];
    }
    for (int j = 0; j < w->p; j++)
        w->best[j] = (double)q[j];
}

/* The farthest parameter from the minimum, in standard errors: what a tolerance really gave. */
static double distance(const fitter *f)
{
    double farthest = 0;
    for (int j = 0; j < f->problem->p; j++)
        farthest = fmax(farthest, fabs(f->q[j] - f->problem->best[j]) / f->problem->stderr_[j]);
    return farthest;
}

/* ---- comparisons ---- */

static double tell_end(const char *case_name, const char *side, const fitter *f)
{
    double far = distance(f);
    printf("%-28s %-14s %" PRId64 " evaluations, %.1e standard errors from the minimum\n", case_name, side,
           f->evaluations, far);
    must(far < 1e-3, "a fit ended elsewhere");
    return far;
}

/* Measures ours beside a peer after having seen how closely both find the minimum. most: the goal; 0: none. */
static void compare(bench *b, const char *what, const char *ours_name, void (*ours)(void *), fitter ours_fitter,
                    const char *peer_name, void (*peer)(void *), double most)
{
    char name[64];
    snprintf(name, sizeof name, "%s %s", ours_fitter.problem->name, what);
    fitter peer_fitter = ours_fitter;
    peer_fitter.lapack = strcmp(peer_name, "ceres, LAPACK") == 0;
    ours(&ours_fitter);
    peer(&peer_fitter);
    double close = tell_end(name, ours_name, &ours_fitter), far = tell_end(name, peer_name, &peer_fitter);
    must(ours_fitter.tolerance != 0 || close <= far, "ours is farther from the minimum than the peer");
    bench_figure ratio = bench_compare(b, name, (bench_side){.name = ours_name, .call = ours, .user = &ours_fitter},
                                       (bench_side){.name = peer_name, .call = peer, .user = &peer_fitter}, 1, "fits");
    if (most > 0) {
        goal *g = &goals[goal_count++];
        snprintf(g->what, sizeof g->what, "%s: %s/%s", name, ours_name, peer_name);
        g->most = most;
        g->got = ratio.median;
    }
}

static void compare_small(bench *b, fitter at_tolerance)
{
    fitter at_noise = at_tolerance;
    at_noise.tolerance = 0;
    (void)at_noise; /* without a peer */
#if BENCH_HAVE_CMINPACK
    compare(b, "1e-10", "quern", ours_formula, at_tolerance, "cminpack", peer_cminpack, 0.4);
    compare(b, "noise", "quern", ours_formula, at_noise, "cminpack", peer_cminpack, 0);
    compare(b, "1e-10", "quern, C model", ours_function, at_tolerance, "cminpack", peer_cminpack, 0);
#endif
#if BENCH_HAVE_GSL
    compare(b, "1e-10", "quern", ours_formula, at_tolerance, "gsl", peer_gsl, 0);
#endif
#if BENCH_HAVE_CERES
    compare(b, "1e-10", "quern", ours_formula, at_tolerance, "ceres", peer_ceres, 0);
#endif
    (void)b;
}

static void compare_with_bounds(bench *b, fitter f)
{
    if (scipy.process == 0)
        return;
    tell_scipy(f.problem);
    f.bounded = true;
    compare(b, "bounds", "quern", ours_formula, f, "scipy", peer_scipy, 1.0 / 20);
}

static void compare_large(bench *b, fitter at_tolerance)
{
    if (b->quick)
        b->samples = 1; /* of some 50 ms each */
#if BENCH_HAVE_CERES
    fitter at_noise = at_tolerance;
    at_noise.tolerance = 0;
    (void)at_noise; /* without a peer */
    compare(b, "1e-10", "quern", ours_formula, at_tolerance, "ceres", peer_ceres, 1);
    compare(b, "noise", "quern", ours_formula, at_noise, "ceres", peer_ceres, 0);
    compare(b, "1e-10", "quern", ours_formula, at_tolerance, "ceres, LAPACK", peer_ceres, 1);
#endif
#if BENCH_HAVE_CMINPACK
    compare(b, "1e-10", "quern", ours_formula, at_tolerance, "cminpack", peer_cminpack, 0);
#endif
    (void)b;
    (void)at_tolerance;
}

static void tell_missing(void)
{
    printf("# peers in C with %s\n", BENCH_PEER_FLAGS);
    if (!BENCH_HAVE_CMINPACK)
        bench_no_peer("cminpack", "libcminpack-dev");
    if (!BENCH_HAVE_GSL)
        bench_no_peer("GSL", "libgsl-dev");
    if (!BENCH_HAVE_CERES)
        bench_no_peer("Ceres", "libceres-dev and a C++ compiler");
    if (bench_python_begin(&scipy, BENCH_FIT_SCIPY, NULL))
        printf("# SciPy%s", scipy.line + 5);
    else
        bench_no_peer("SciPy", "python3-scipy");
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "fit", argc, argv);
    signal(SIGPIPE, SIG_IGN);
    tell_missing();
    double *scratch = must_doubles((int64_t)N_MAX * (P_MAX + 3));
    for (int i = 0; i < PROBLEMS; i++) {
        problem *w = &problems[i];
        fitter f = {.problem = w, .scratch = scratch};
        make_problem(w);
        find_best(w, &f);
        f.tolerance = tolerance;
        bench_measure(&b, w->name, (bench_side){.name = "quern", .call = ours_formula, .user = &f}, 1, "fits");
        if (w->p <= 5)
            compare_small(&b, f);
        else
            compare_large(&b, f);
        if (w->p <= 5)
            compare_with_bounds(&b, f);
        qn_model_unref(w->formula);
        qn_table_free(w->table);
        free(w->x);
        free(w->y);
    }
    free(scratch);
    bench_python_end(&scipy);
    printf("# goals\n");
    for (int i = 0; i < goal_count; i++)
        printf("# %-50s <= %6.3f: %6.3f  %s\n", goals[i].what, goals[i].most, goals[i].got,
               goals[i].got <= goals[i].most ? "met" : "MISSED");
    return bench_end(&b);
}
