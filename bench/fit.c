/* bench/fit.c: how long does one fit of a three-parameter exponential to 1000 points take beside cminpack's lmder and
 * GSL's trust-region Levenberg-Marquardt? All start at the same point with exact derivatives; the same C function
 * serves all three.
 *
 * Equal tolerances are not equal work: ours are tests of what a further step would gain, which ends a fit a step
 * earlier and farther from the minimum than the peers' tests of what the last step gained. So ours runs at its default,
 * the noise floor, the peers at 1e-10, and a run in which ours is not at least as close to the minimum as the peer ends
 * with an error. "same_tolerance" is measured too; there the distances from the minimum say what the time bought.
 * "formula" is a compiled formula on a table beside a C function. Ours includes standard errors, the peers' do not. */
#include "bench/common.h"

#include <math.h>
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
    ROWS = 1000,
    PARAMETERS = 3
};
static const double start[PARAMETERS] = {1, 0.2, 0};
static const double tolerance = 1e-10;

typedef struct work {
    double x[ROWS], y[ROWS];
    qn_model *model;
    qn_table *table;
    double tolerance; /* ours; 0: the default */
    double rss;       /* of the last fit */
    double p[PARAMETERS];
    int64_t evaluations;
    double best[PARAMETERS], stderr_[PARAMETERS]; /* the minimum, and what distances are counted in */
} work;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_fit: %s\n", what);
    exit(1);
}

static void make_data(work *w)
{
    uint64_t state = 1;
    for (int i = 0; i < ROWS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double noise = (double)(state >> 11) * 0x1p-53 - 0.5;
        w->x[i] = 10.0 * i / ROWS;
        w->y[i] = 2.5 * exp(-0.7 * w->x[i]) + 0.4 + 0.1 * noise;
    }
    qn_error err;
    const char *const names[] = {"x", "y"};
    const double *const columns[] = {w->x, w->y};
    must(qn_table_from_f64(&w->table, names, columns, 2, ROWS, NULL, &err) == QN_OK, "no table");
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    must(qn_model_new(&w->model, "y = a*exp(-k*x) + c", -1, &options, &err) == QN_OK, "no model");
}

/* jacobian (PARAMETERS, ROWS) NULL: values only; r NULL: derivatives only. */
static void evaluate(const work *w, const double *p, double *r, double *jacobian)
{
    for (int i = 0; i < ROWS; i++) {
        double e = exp(-p[1] * w->x[i]);
        if (r != NULL)
            r[i] = p[0] * e + p[2] - w->y[i];
        if (jacobian != NULL) {
            jacobian[i] = e;
            jacobian[ROWS + i] = -p[0] * w->x[i] * e;
            jacobian[2 * ROWS + i] = 1;
        }
    }
}

static bool our_function(void *user, const double *p, double *r, double *jacobian)
{
    evaluate(user, p, r, jacobian);
    return true;
}

static qn_fit_options our_options(const work *w)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.ftol = options.xtol = options.gtol = w->tolerance;
    return options;
}

static void keep(work *w, qn_status status, qn_fit_result *result)
{
    must(status == QN_OK && result->status == QN_FIT_CONVERGED, "our fit did not converge");
    w->rss = result->rss;
    w->evaluations = result->evaluations;
    for (int j = 0; j < PARAMETERS; j++) {
        w->p[j] = result->parameters[j].value;
        w->stderr_[j] = result->parameters[j].stderr_;
    }
    qn_fit_result_free(result);
}

static void ours_function(void *user)
{
    qn_fit_problem problem = {.size = sizeof problem, .n = ROWS, .p = PARAMETERS, .eval = our_function, .user = user};
    qn_fit_options options = our_options(user);
    qn_fit_result *result;
    qn_status status = qn_fit_solve(&result, &problem, &options, NULL);
    keep(user, status, result);
}

static void ours_formula(void *user)
{
    work *w = user;
    qn_fit_options options = our_options(w);
    qn_fit_result *result;
    qn_status status = qn_fit_table(&result, w->model, w->table, &options, NULL);
    keep(w, status, result);
}

#if BENCH_HAVE_CMINPACK
static int minpack_function(void *user, int m, int n, const double *p, double *r, double *jacobian, int stride,
                            int flag)
{
    (void)m;
    (void)n;
    (void)stride;
    evaluate(user, p, flag == 1 ? r : NULL, flag == 2 ? jacobian : NULL);
    return 0;
}

static void peer_cminpack(void *user)
{
    work *w = user;
    double p[PARAMETERS], diag[PARAMETERS], qtf[PARAMETERS], a[PARAMETERS], b[PARAMETERS], c[PARAMETERS];
    double *block = malloc(sizeof(double) * ROWS * (PARAMETERS + 2));
    int pivots[PARAMETERS], values, jacobians;
    must(block != NULL, "no memory");
    memcpy(p, start, sizeof p);
    double *r = block, *d = block + ROWS, *jacobian = block + 2 * ROWS;
    int info = lmder(minpack_function, w, ROWS, PARAMETERS, p, r, jacobian, ROWS, tolerance, tolerance, tolerance, 1000,
                     diag, 1, 100, 0, &values, &jacobians, pivots, qtf, a, b, c, d);
    must(info >= 1 && info <= 4, "lmder did not converge");
    double norm = enorm(ROWS, r);
    w->rss = norm * norm;
    w->evaluations = values + jacobians;
    memcpy(w->p, p, sizeof p);
    free(block);
}
#endif

#if BENCH_HAVE_GSL
static int gsl_values(const gsl_vector *p, void *user, gsl_vector *r)
{
    evaluate(user, p->data, r->data, NULL);
    return GSL_SUCCESS;
}

/* GSL's matrices are row-major: the same numbers written the other way. */
static int gsl_derivatives(const gsl_vector *p, void *user, gsl_matrix *jacobian)
{
    const work *w = user;
    for (int i = 0; i < ROWS; i++) {
        double e = exp(-p->data[1] * w->x[i]);
        double *row = jacobian->data + (size_t)i * jacobian->tda;
        row[0] = e;
        row[1] = -p->data[0] * w->x[i] * e;
        row[2] = 1;
    }
    return GSL_SUCCESS;
}

static void peer_gsl(void *user)
{
    work *w = user;
    gsl_multifit_nlinear_fdf problem = {
        .f = gsl_values, .df = gsl_derivatives, .n = ROWS, .p = PARAMETERS, .params = user};
    gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_workspace *space =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, ROWS, PARAMETERS);
    must(space != NULL, "no memory");
    gsl_vector_const_view from = gsl_vector_const_view_array(start, PARAMETERS);
    gsl_multifit_nlinear_init(&from.vector, &problem, space);
    int info;
    int status = gsl_multifit_nlinear_driver(1000, tolerance, tolerance, tolerance, NULL, NULL, &info, space);
    must(status == GSL_SUCCESS, "GSL did not converge");
    const gsl_vector *r = gsl_multifit_nlinear_residual(space);
    w->rss = 0;
    for (int i = 0; i < ROWS; i++)
        w->rss += r->data[i] * r->data[i];
    w->evaluations = (int64_t)(problem.nevalf + problem.nevaldf);
    for (int j = 0; j < PARAMETERS; j++)
        w->p[j] = gsl_vector_get(gsl_multifit_nlinear_position(space), (size_t)j);
    gsl_multifit_nlinear_free(space);
}
#endif

/* The farthest parameter from the minimum, in standard errors: what a tolerance really gave. */
static double distance(const work *w)
{
    double farthest = 0;
    for (int j = 0; j < PARAMETERS; j++)
        farthest = fmax(farthest, fabs(w->p[j] - w->best[j]) / w->stderr_[j]);
    return farthest;
}

/* Solves the symmetric 3 by 3 system a x = b by elimination; a and b are spoilt. */
static void solve3(long double a[PARAMETERS][PARAMETERS], long double b[PARAMETERS])
{
    for (int k = 0; k < PARAMETERS; k++)
        for (int i = k + 1; i < PARAMETERS; i++) {
            long double f = a[i][k] / a[k][k];
            for (int j = k; j < PARAMETERS; j++)
                a[i][j] -= f * a[k][j];
            b[i] -= f * b[k];
        }
    for (int i = PARAMETERS - 1; i >= 0; i--) {
        for (int j = i + 1; j < PARAMETERS; j++)
            b[i] -= a[i][j] * b[j];
        b[i] /= a[i][i];
    }
}

/* The minimum by a second method in a wider type: Gauss and Newton's iteration in long double from where a fit of ours
 * ended. */
static void find_best(work *w)
{
    ours_function(w);
    long double p[PARAMETERS] = {w->p[0], w->p[1], w->p[2]};
    for (int step = 0; step < 50; step++) {
        long double a[PARAMETERS][PARAMETERS] = {{0}}, g[PARAMETERS] = {0};
        for (int i = 0; i < ROWS; i++) {
            long double e = expl(-p[1] * w->x[i]), r = p[0] * e + p[2] - w->y[i];
            const long double d[PARAMETERS] = {e, -p[0] * w->x[i] * e, 1};
            for (int j = 0; j < PARAMETERS; j++) {
                g[j] -= d[j] * r;
                for (int k = 0; k < PARAMETERS; k++)
                    a[j][k] += d[j] * d[k];
            }
        }
        solve3(a, g);
        for (int j = 0; j < PARAMETERS; j++)
            p[j] += g[j];
    }
    for (int j = 0; j < PARAMETERS; j++)
        w->best[j] = (double)p[j];
}

/* Measures ours beside a peer after having seen that both find the same minimum, and how closely. */
static void compare(bench *b, const char *name, bench_side ours, bench_side peer, double our_tolerance)
{
    work *w = ours.user;
    w->tolerance = our_tolerance;
    ours.call(w);
    double rss = w->rss, close = distance(w);
    printf("%s: %d evaluations (values with or without derivatives), %.1e standard errors from the minimum\n",
           ours.name, (int)w->evaluations, close);
    peer.call(w);
    printf("%s: %d evaluations (values and derivatives each one), %.1e standard errors from the minimum\n", peer.name,
           (int)w->evaluations, distance(w));
    must(fabs(w->rss - rss) <= 1e-9 * rss, "the fits do not agree");
    must(our_tolerance != 0 || close <= distance(w), "ours is farther from the minimum than the peer");
    bench_compare(b, name, ours, peer, 1, "fits");
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "fit", argc, argv);
    static work w;
    make_data(&w);
    find_best(&w);
    bench_side function = {.name = "quern", .call = ours_function, .user = &w};
    bench_side text = {.name = "quern", .call = ours_formula, .user = &w};
#if BENCH_HAVE_CMINPACK
    bench_side minpack = {.name = "cminpack", .call = peer_cminpack, .user = &w};
    compare(&b, "same_accuracy", function, minpack, 0);
    compare(&b, "same_accuracy_formula", text, minpack, 0);
    compare(&b, "same_tolerance", function, minpack, tolerance);
#else
    bench_no_peer("cminpack", "libcminpack-dev");
    bench_measure(&b, "function", function, 1, "fits");
    bench_measure(&b, "formula", text, 1, "fits");
#endif
#if BENCH_HAVE_GSL
    bench_side gsl = {.name = "gsl", .call = peer_gsl, .user = &w};
    compare(&b, "same_accuracy", function, gsl, 0);
    compare(&b, "same_tolerance", function, gsl, tolerance);
#else
    bench_no_peer("GSL", "libgsl-dev");
#endif
    qn_model_unref(w.model);
    qn_table_free(w.table);
    return bench_end(&b);
}
