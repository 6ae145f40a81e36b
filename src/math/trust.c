/* math/trust.c: the trust-region step of linear least squares, by Newton's method on the length of the step as a
 * function of lambda (J. J. Moré, "The Levenberg-Marquardt algorithm: implementation and theory", 1978). Each lambda
 * costs one factorisation of [A; sqrt(lambda) I], so that no condition number is ever squared. Any thread. */
#include "math/dense.h"

#include "math/limits.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

int64_t qni_trust_work(int64_t p)
{
    return 2 * p * (p + 1) + 2 * p;
}

/* What is minimised: |A step + q|. */
typedef struct target {
    const qni_panel_kernels *kernels;
    const double *a; /* (p, p) upper triangular, lda */
    int64_t lda;
    const double *q; /* (p) */
    int64_t p;
} target;

/* step := the solution for lambda; factor (p, p + 1): the triangular factor that gave it. */
static bool solve(double *step, double *factor, double *rows, const target *t, double lambda)
{
    int64_t p = t->p;
    for (int64_t j = 0; j < p; j++) {
        memset(factor + j * p, 0, (size_t)p * sizeof *factor);
        memcpy(factor + j * p, t->a + j * t->lda, (size_t)(j + 1) * sizeof *factor);
    }
    memcpy(factor + p * p, t->q, (size_t)p * sizeof *factor);
    if (lambda > 0) {
        memset(rows, 0, (size_t)(p * (p + 1)) * sizeof *rows);
        for (int64_t j = 0; j < p; j++)
            rows[j * p + j] = sqrt(lambda);
        qni_qr_append(t->kernels, factor, p, rows, p, p, p, p + 1, true);
    }
    for (int64_t j = 0; j < p; j++)
        step[j] = -factor[p * p + j];
    return qni_solve_upper(factor, p, p, step);
}

/* Newton's correction of lambda for |step| = radius in the variable 1/|step|, in which it is nearly a straight line;
 * NaN where the factor is singular. */
static double correction(const double *step, const double *factor, double *z, int64_t p, double length, double radius)
{
    for (int64_t j = 0; j < p; j++)
        z[j] = step[j] / length;
    if (!qni_solve_upper_transposed(factor, p, p, z))
        return NAN;
    double slope = qni_norm(z, p);
    return (length - radius) / radius / (slope * slope);
}

/* Moves lambda until the step has the length of the radius, within the slack. low and high enclose it. */
static double search(double *step, const target *t, double radius, double lambda, double low, double high, double *work)
{
    int64_t p = t->p;
    double *factor = work, *rows = factor + p * (p + 1), *z = rows + p * (p + 1);
    for (int i = 0; i < QNI_TRUST_STEPS; i++) {
        if (!solve(step, factor, rows, t, lambda)) {
            low = lambda; /* too small to make the factor regular */
            lambda = fmax(10 * lambda, 1e-3 * high);
            continue;
        }
        double length = qni_norm(step, p);
        if (fabs(length - radius) <= QNI_TRUST_SLACK * radius || (length < radius && lambda <= low))
            break;
        if (length > radius)
            low = fmax(low, lambda);
        else
            high = fmin(high, lambda);
        double next = lambda + correction(step, factor, z, p, length, radius);
        lambda = next > low && next < high ? next : fmax(sqrt(low * high), 1e-3 * high);
    }
    return lambda;
}

/* A step that the search left too long is cut, one that it could not find is nothing. */
static void confine(double *step, int64_t p, double radius)
{
    double length = qni_norm(step, p);
    if (!isfinite(length))
        memset(step, 0, (size_t)p * sizeof *step);
    else if (length > (1 + QNI_TRUST_SLACK) * radius)
        for (int64_t j = 0; j < p; j++)
            step[j] *= radius / length;
}

double qni_trust_step(const qni_panel_kernels *kernels, double *step, const double *a, int64_t lda, const double *q,
                      int64_t p, double radius, double lambda, double *work)
{
    assert(radius > 0);
    const target t = {.kernels = kernels, .a = a, .lda = lda, .q = q, .p = p};
    double *factor = work, *rows = factor + p * (p + 1), *z = rows + p * (p + 1);
    double low = 0;
    if (solve(step, factor, rows, &t, 0)) {
        double length = qni_norm(step, p);
        if (length <= (1 + QNI_TRUST_SLACK) * radius)
            return 0;
        double newton = correction(step, factor, z, p, length, radius);
        low =
            isfinite(newton) ? newton : 0; /* 1 / length is concave in lambda: Newton from the left never overshoots */
    }
    qni_multiply_upper_transposed(a, lda, p, q, z);
    double high = qni_norm(z, p) / radius; /* |step| <= |A'q| / lambda */
    high = isfinite(high) ? fmax(high, DBL_MIN) : DBL_MAX;
    lambda = fmin(fmax(lambda, low), high);
    if (lambda == 0)
        lambda = fmax(1e-3 * high, DBL_MIN);
    lambda = search(step, &t, radius, lambda, low, high, work);
    confine(step, p, radius);
    return lambda;
}
