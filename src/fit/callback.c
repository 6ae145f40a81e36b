/* fit/callback.c: the problem that a C function gives: all rows at once, kept until they are asked for; its Jacobian, or
 * differences in its place. One thread a fit.
 *
 * Differences: steps of eps^(1/3) (central) or eps^(1/2) (forward) of the parameter's size, turned round or made
 * one-sided where they would leave the bounds. */
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
    const qn_fit_options *options; /* bounds, for differences */
    double *r;                     /* (n) */
    double *jacobian;              /* (p, n) */
    double *x;                     /* (p) a point beside; NULL: exact derivatives */
    double *aside;                 /* (n) residuals there */
} callback;

static double bound(const double *bounds, int64_t j, double otherwise)
{
    return bounds != NULL ? bounds[j] : otherwise;
}

static bool at(callback *c, int64_t j, double value, double *r)
{
    double kept = c->x[j];
    c->x[j] = value;
    bool good = c->problem.eval(c->problem.user, c->x, r, NULL) && qni_all_finite(r, c->problem.n);
    c->x[j] = kept;
    return good;
}

/* One column; c->r holds the residuals at x. A side where there is no value is left to the other. */
static bool difference(callback *c, int64_t j)
{
    bool central = c->problem.derivatives == QN_FIT_CENTRAL;
    int64_t n = c->problem.n;
    double *out = c->jacobian + j * n, x = c->x[j];
    double size = fabs(x) > 0 ? fabs(x) : 1, step = size * (central ? cbrt(DBL_EPSILON) : sqrt(DBL_EPSILON));
    double lower = bound(c->options->lower, j, -INFINITY), upper = bound(c->options->upper, j, INFINITY);
    double right = x + step, left = x - step;
    bool has_right = right <= upper && at(c, j, right, out);
    bool wants_left = (central || !has_right) && left >= lower;
    bool has_left = wants_left && at(c, j, left, c->aside);
    if (!has_right && !has_left)
        return false;
    if (!has_right) {
        right = x;
        memcpy(out, c->r, (size_t)n * sizeof *out);
    }
    const double *from = has_left ? c->aside : c->r;
    double width = right - (has_left ? left : x); /* what the numbers really are apart */
    for (int64_t i = 0; i < n; i++)
        out[i] = (out[i] - from[i]) / width;
    return true;
}

static bool begin(void *user, const double *x, bool derivatives)
{
    callback *c = user;
    bool exact = c->problem.derivatives == QN_FIT_EXACT;
    if (!c->problem.eval(c->problem.user, x, c->r, derivatives && exact ? c->jacobian : NULL))
        return false;
    if (!derivatives || exact)
        return true;
    memcpy(c->x, x, (size_t)c->problem.p * sizeof *x);
    for (int64_t j = 0; j < c->problem.p; j++)
        if (!difference(c, j))
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

static qn_status check(const qn_fit_problem *problem, const qn_fit_options *options, qn_error *err)
{
    if (problem->derivatives < QN_FIT_EXACT || problem->derivatives > QN_FIT_FORWARD)
        return qni_error(err, QN_INVALID, "derivatives is %d: it is none of exact, central and forward",
                         (int)problem->derivatives);
    if (options->sigma_column != NULL || options->where != NULL)
        return qni_error(err, QN_INVALID, "%s is for a table: a function of its own has no columns",
                         options->where != NULL ? "where" : "sigma_column");
    return QN_OK;
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
    int64_t n = c.problem.n, p = c.problem.p, elements;
    if (!qni_size_mul(&elements, n, p) || elements > INT64_MAX / (int64_t)sizeof(double))
        return qni_error(err, QN_LIMIT, "a Jacobian of %" PRId64 " by %" PRId64 " is too large", n, p);
    bool differences = c.problem.derivatives != QN_FIT_EXACT;
    qni_fit_rows problem_rows = {
        .n = n, .all = p, .begin = begin, .rows = rows, .user = &c, .name = name, .response = c.problem.y};
    c.options = &resolved;
    c.r = qni_alloc(&memory.allocator, n, sizeof *c.r);
    c.jacobian = qni_alloc(&memory.allocator, elements, sizeof *c.jacobian);
    if (differences) {
        c.x = qni_alloc(&memory.allocator, p, sizeof *c.x);
        c.aside = qni_alloc(&memory.allocator, n, sizeof *c.aside);
    }
    if (c.r == NULL || c.jacobian == NULL || (differences && (c.x == NULL || c.aside == NULL)))
        status = qni_refused(err, memory.source, elements * (int64_t)sizeof *c.jacobian,
                             "a Jacobian of %" PRId64 " by %" PRId64, n, p);
    else
        status = qni_fit_weighted_solve(out, &problem_rows, resolved.sigma, n, &resolved, &memory, err);
    qni_free(&memory.allocator, c.r, n, sizeof *c.r);
    qni_free(&memory.allocator, c.jacobian, elements, sizeof *c.jacobian);
    qni_free(&memory.allocator, c.x, p, sizeof *c.x);
    qni_free(&memory.allocator, c.aside, n, sizeof *c.aside);
    return status;
}
