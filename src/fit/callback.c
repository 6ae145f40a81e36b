/* fit/callback.c: the problem that a C function gives: all rows at once, kept until they are asked for; its Jacobian,
 * or differences in its place. One thread a fit.
 *
 * Differences: steps of eps^(1/3) (central) or eps^(1/2) (forward) of the parameter's size, turned round or made
 * one-sided where they would leave the bounds or the function's domain. Parameters that are fixed have none. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct callback {
    qn_fit_problem problem;
    const qn_fit_options *options; /* resolved */
    double *r;                     /* (n) */
    double *jacobian;              /* (p, n) */
    double *x;                     /* (p) a point beside; NULL: exact derivatives */
    double *aside;                 /* (n) residuals there */
    double largest;                /* size of residuals or data so far: their rounding cannot be told from a change */
    int64_t evaluations;           /* for differences */
} callback;

static bool is_fixed(const callback *c, int64_t j)
{
    return c->options->fixed != NULL && !isnan(c->options->fixed[j]);
}

static double greatest(const double *a, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(a[i]));
    return most;
}

/* Residuals with parameter j at `value`; false: outside its bounds, or nothing finite there. */
static bool at(callback *c, int64_t j, double value, double *r)
{
    const qn_fit_options *o = c->options;
    if ((o->lower != NULL && value < o->lower[j]) || (o->upper != NULL && value > o->upper[j]))
        return false;
    double kept = c->x[j];
    c->x[j] = value;
    c->evaluations++;
    bool good = c->problem.eval(c->problem.user, c->x, r, NULL) && qni_all_finite(r, c->problem.n);
    c->x[j] = kept;
    return good;
}

/* A column from residuals at x + step (already in it) and on no other side: with central differences those at
 * x + 2 step make up for the other side. */
static void one_sided(callback *c, int64_t j, double step)
{
    int64_t n = c->problem.n;
    double *out = c->jacobian + j * n, x = c->x[j], near = (x + step) - x, far = (x + 2 * step) - x;
    bool two = c->problem.derivatives == QN_FIT_CENTRAL && at(c, j, x + 2 * step, c->aside);
    for (int64_t i = 0; i < n; i++) {
        out[i] = (out[i] - c->r[i]) / near;
        if (two)
            out[i] = (out[i] * far - (c->aside[i] - c->r[i]) / far * near) / (far - near);
    }
}

/* One column with steps of this length, shorter where the bounds leave less; c->r holds the residuals at x. A side
 * where there is no value is left to the other. False: there is none on either side. */
static bool quotient(callback *c, int64_t j, double step)
{
    bool central = c->problem.derivatives == QN_FIT_CENTRAL;
    const qn_fit_options *o = c->options;
    int64_t n = c->problem.n;
    double *out = c->jacobian + j * n, x = c->x[j];
    double above = o->upper != NULL ? o->upper[j] - x : INFINITY, below = o->lower != NULL ? x - o->lower[j] : INFINITY;
    step = fmin(step, fmax(above, below) * (1 - DBL_EPSILON)); /* so that rounding leads over no bound */
    bool right = at(c, j, x + step, out), left = (central || !right) && at(c, j, x - step, right ? c->aside : out);
    if (right && left) {
        double width = (x + step) - (x - step); /* what the numbers really are apart */
        for (int64_t i = 0; i < n; i++)
            out[i] = (out[i] - c->aside[i]) / width;
    } else if (right || left) {
        one_sided(c, j, right ? step : -step);
    }
    return right || left;
}

/* The size of parameter j in whose shares the steps are counted: its own, but near 0 that may be an accident. */
static double typical(const callback *c, int64_t j)
{
    const qn_fit_options *o = c->options;
    double start = o->start != NULL ? fabs(o->start[j]) : 0;
    return o->x_scale != NULL ? o->x_scale[j] : start > 0 ? start : 1;
}

static bool difference(callback *c, int64_t j)
{
    double share = c->problem.derivatives == QN_FIT_CENTRAL ? cbrt(DBL_EPSILON) : sqrt(DBL_EPSILON);
    double most = fmax(fabs(c->x[j]), typical(c, j)), size = c->x[j] != 0 ? fabs(c->x[j]) : most;
    if (!quotient(c, j, share * size))
        return false;
    /* A step that is lost in the rounding of the residuals is taken again, wider. */
    double seen = QNI_FIT_SEEN * DBL_EPSILON * c->largest;
    while (size < most && greatest(c->jacobian + j * c->problem.n, c->problem.n) * share * size < seen) {
        double wider = fmin(QNI_FIT_WIDER * size, most);
        if (!quotient(c, j, share * wider))
            return quotient(c, j, share * size);
        size = wider;
    }
    return true;
}

static bool begin(void *user, const double *x, bool derivatives)
{
    callback *c = user;
    int64_t n = c->problem.n, p = c->problem.p;
    bool exact = c->problem.derivatives == QN_FIT_EXACT;
    if (!c->problem.eval(c->problem.user, x, c->r, derivatives && exact ? c->jacobian : NULL))
        return false;
    if (!derivatives || exact)
        return true;
    if (!qni_all_finite(c->r, n))
        return true; /* the rows say which ones */
    c->largest = fmax(c->largest, greatest(c->r, n));
    memcpy(c->x, x, (size_t)p * sizeof *x);
    for (int64_t j = 0; j < p; j++)
        if (!is_fixed(c, j) && !difference(c, j))
            return false;
    return true;
}

static void rows(void *user, const double *x, int64_t first, int64_t count, double *r, double *jacobian, int64_t stride)
{
    (void)x;
    const callback *c = user;
    memcpy(r, c->r + first, (size_t)count * sizeof *r);
    for (int64_t j = 0; jacobian != NULL && j < c->problem.p; j++)
        memcpy(jacobian + j * stride, c->jacobian + j * c->problem.n + first, (size_t)count * sizeof *r);
}

static const char *name(void *user, int64_t parameter, char *buffer, int64_t size)
{
    const callback *c = user;
    if (c->problem.names != NULL)
        return c->problem.names[parameter];
    snprintf(buffer, (size_t)size, "p%" PRId64, parameter + 1);
    return buffer;
}

void qn_fit_problem_init(qn_fit_problem *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status check_names(const qn_fit_problem *problem, qn_error *err)
{
    for (int64_t j = 0; problem->names != NULL && j < problem->p; j++)
        if (problem->names[j] == NULL)
            return qni_error(err, QN_INVALID, "parameter %" PRId64 " has no name", j + 1);
    return QN_OK;
}

static qn_status check_data(const qn_fit_problem *problem, qn_error *err)
{
    for (int64_t i = 0; problem->y != NULL && i < problem->n; i++)
        if (!isfinite(problem->y[i]))
            return qni_error(err, QN_DATA, "row %" PRId64 ": y is %s", i + 1,
                             isnan(problem->y[i]) ? "not a number (NaN)" : "infinite");
    return QN_OK;
}

/* Options that would be accepted and then ignored are refused. */
static qn_status check(const qn_fit_problem *problem, const qn_fit_options *options, qn_error *err)
{
    if (problem->derivatives < QN_FIT_EXACT || problem->derivatives > QN_FIT_FORWARD)
        return qni_error(err, QN_INVALID, "derivatives is %d: it is none of exact, central and forward",
                         (int)problem->derivatives);
    if (options->sigma_column != NULL || options->where != NULL)
        return qni_error(err, QN_INVALID, "%s is for a table: a function of its own has no columns",
                         options->where != NULL ? "where" : "sigma_column");
    if (options->nan != QN_FIT_NAN_RAISE)
        return qni_error(err, QN_INVALID, "nan = omit is for a table: a function's rows cannot be left out");
    qn_status status = check_names(problem, err);
    return status == QN_OK ? check_data(problem, err) : status;
}

/* The residuals and whatever the derivatives take. */
static qn_status callback_init(callback *c, const qn_fit_options *options, const qni_fit_memory *memory, qn_error *err)
{
    int64_t n = c->problem.n, p = c->problem.p, elements;
    if (!qni_size_mul(&elements, n, p) || elements > INT64_MAX / (int64_t)sizeof(double))
        return qni_error(err, QN_LIMIT, "a Jacobian of %" PRId64 " by %" PRId64 " is too large", n, p);
    bool differences = c->problem.derivatives != QN_FIT_EXACT;
    c->options = options;
    c->largest = c->problem.y != NULL ? greatest(c->problem.y, n) : 0;
    c->r = qni_alloc(&memory->allocator, n, sizeof *c->r);
    c->jacobian = qni_alloc_zeroed(&memory->allocator, elements, sizeof *c->jacobian);
    if (differences) {
        c->x = qni_alloc(&memory->allocator, p, sizeof *c->x);
        c->aside = qni_alloc(&memory->allocator, n, sizeof *c->aside);
    }
    if (c->r == NULL || c->jacobian == NULL || (differences && (c->x == NULL || c->aside == NULL)))
        return qni_refused(err, memory->source, elements * (int64_t)sizeof *c->jacobian,
                           "a Jacobian of %" PRId64 " by %" PRId64, n, p);
    return QN_OK;
}

static void callback_fini(callback *c, const qni_fit_memory *memory)
{
    int64_t n = c->problem.n, p = c->problem.p;
    qni_free(&memory->allocator, c->r, n, sizeof *c->r);
    if (c->jacobian != NULL) /* else the product may be none */
        qni_free(&memory->allocator, c->jacobian, n * p, sizeof *c->jacobian);
    qni_free(&memory->allocator, c->x, p, sizeof *c->x);
    qni_free(&memory->allocator, c->aside, n, sizeof *c->aside);
}

qn_status qn_fit_solve(qn_fit_result **out, const qn_fit_problem *problem, const qn_fit_options *options, qn_error *err)
{
    *out = NULL;
    callback c = {0};
    qni_fit_memory memory;
    qn_fit_options resolved;
    qn_status status = qni_options_copy(&c.problem, sizeof c.problem, problem, "qn_fit_problem", err);
    if (status == QN_OK && c.problem.eval == NULL)
        status = qni_error(err, QN_INVALID, "a fit needs a function that computes the residuals");
    if (status == QN_OK)
        status = qni_fit_memory_init(&memory, options, err);
    if (status == QN_OK)
        status = qni_fit_check_sizes(c.problem.n, c.problem.p, err);
    if (status == QN_OK)
        status = qni_fit_options_resolve(&resolved, options, c.problem.p, err);
    if (status == QN_OK)
        status = check(&c.problem, &resolved, err);
    if (status != QN_OK)
        return status;
    status = callback_init(&c, &resolved, &memory, err);
    int64_t n = c.problem.n;
    qni_fit_rows problem_rows = {.n = n,
                                 .all = c.problem.p,
                                 .begin = begin,
                                 .rows = rows,
                                 .user = &c,
                                 .name = name,
                                 .response = c.problem.y,
                                 .blur = c.problem.derivatives == QN_FIT_CENTRAL   ? QNI_FIT_CENTRAL_BLUR
                                         : c.problem.derivatives == QN_FIT_FORWARD ? QNI_FIT_FORWARD_BLUR
                                                                                   : 0,
                                 .magnitude = c.problem.y != NULL ? qni_norm(c.problem.y, n) : 0};
    if (status == QN_OK)
        status = qni_fit_weighted_solve(out, &problem_rows, resolved.sigma, n, &resolved, &memory, err);
    if (status == QN_OK)
        (*out)->evaluations += c.evaluations;
    callback_fini(&c, &memory);
    return status;
}
