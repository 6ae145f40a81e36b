/* fit/bounds.c: how bounds bend the trust region (Branch, Coleman and Li, "A subspace, interior, and conjugate gradient
 * method for large-scale bound-constrained minimization problems", 1999): near a bound that the gradient pushes
 * against, a parameter's axis is shortened by the root of its distance, and a step that would leave is reflected. Far
 * from all bounds nothing changes: the solver is then the unconstrained one.
 *
 * Always: x is within the bounds. A parameter on a bound that pushes outward is held (shape 0) until it no longer does.
 */
#include "fit/fit_int.h"

#include "fit/limits.h"
#include "math/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Distance from x to the bound towards which the gradient pushes parameter j; infinite where there is none. */
static double distance_ahead(const qni_fit_trf *t, int64_t j)
{
    if (t->gradient[j] == 0)
        return INFINITY;
    return t->gradient[j] < 0 ? t->upper[j] - t->x[j] : t->x[j] - t->lower[j];
}

void qni_fit_bounds_shape(qni_fit_trf *t, double *curvature)
{
    for (int64_t j = 0; j < t->p; j++) {
        /* The step of the parameter alone would be |gradient| / norm^2. */
        double share = t->bounded ? distance_ahead(t, j) * t->norm[j] / (fabs(t->gradient[j]) / t->norm[j]) : 1;
        t->share[j] = share < 1 ? share : 1; /* also where it is NaN: nothing to shorten */
        t->shape[j] = sqrt(t->share[j]) / qni_fit_scale(t, j);
        curvature[j] = share < 1 ? t->norm[j] / qni_fit_scale(t, j) : 0;
    }
}

double qni_fit_promise(qni_fit_trf *t, const double *step)
{
    qni_multiply_upper(t->hat, t->p, t->p, step, t->image);
    const double *q = t->hat + t->p * t->p;
    double sum = 0;
    for (int64_t j = 0; j < t->p; j++)
        sum -= t->image[j] * (2 * q[j] + t->image[j]);
    return sum;
}

/* The largest multiple of a hat step from x + from that stays within the bounds, infinite where all do; `hit` (may be
 * NULL): the parameter that stops it first. */
static double stride_to_bounds(const qni_fit_trf *t, const double *from, const double *step, int64_t *hit)
{
    double least = INFINITY;
    for (int64_t j = 0; j < t->p; j++) {
        double move = t->shape[j] * step[j];
        if (move == 0)
            continue;
        double x = t->x[j] + (from != NULL ? t->shape[j] * from[j] : 0);
        double stride = fmax(0, (move > 0 ? t->upper[j] - x : t->lower[j] - x) / move);
        if (stride < least) {
            least = stride;
            if (hit != NULL)
                *hit = j;
        }
    }
    return least;
}

/* The multiple in [low, high] of `direction` that promises most when added to `from` (NULL: to nothing). */
static double best_multiple(qni_fit_trf *t, const double *from, const double *direction, double low, double high)
{
    const double *q = t->hat + t->p * t->p;
    double *base = t->work, *image = t->image;
    memset(base, 0, (size_t)t->p * sizeof *base);
    if (from != NULL)
        qni_multiply_upper(t->hat, t->p, t->p, from, base);
    qni_multiply_upper(t->hat, t->p, t->p, direction, image);
    double slope = 0, bend = 0;
    for (int64_t j = 0; j < t->p; j++) {
        slope += image[j] * (q[j] + base[j]);
        bend += image[j] * image[j];
    }
    double best = bend > 0 ? -slope / bend : (slope < 0 ? high : low);
    return fmin(fmax(best, low), high);
}

/* The multiple of `direction` from `from` (inside) at which the trust region ends. */
static double stride_to_region(const qni_fit_trf *t, const double *from, const double *direction)
{
    double a = qni_dot(direction, direction, t->p), b = qni_dot(from, direction, t->p);
    double c = qni_dot(from, from, t->p) - t->radius * t->radius;
    if (!(a > 0))
        return 0;
    double root = sqrt(fmax(0, b * b - a * c));
    return b > 0 ? fmax(0, -c / (b + root)) : (root - b) / a;
}

/* t->other := the step to the bound and then its reflection there; its promise, or -infinity. */
static double reflected(qni_fit_trf *t, double to_bound, int64_t hit, double theta)
{
    double *direction = t->image + t->p; /* the second half of image */
    for (int64_t j = 0; j < t->p; j++) {
        direction[j] = j == hit ? -t->step[j] : t->step[j];
        t->other[j] = to_bound * t->step[j];
    }
    double region = stride_to_region(t, t->other, direction);
    double bound = stride_to_bounds(t, t->other, direction, NULL);
    double high = fmin(theta * bound, region);
    double low = (1 - theta) * to_bound; /* off the bound again */
    if (!(high > 0) || low > high)
        return -INFINITY;
    double multiple = best_multiple(t, t->other, direction, low, high);
    for (int64_t j = 0; j < t->p; j++)
        t->other[j] += multiple * direction[j];
    return qni_fit_promise(t, t->other);
}

/* t->other := a step down the gradient in hat variables; its promise. */
static double descent(qni_fit_trf *t, double theta)
{
    double *direction = t->image + t->p;
    for (int64_t j = 0; j < t->p; j++)
        direction[j] = -t->shape[j] * t->gradient[j];
    double length = qni_norm(direction, t->p);
    if (!(length > 0))
        return -INFINITY;
    double high = fmin(t->radius / length, theta * stride_to_bounds(t, NULL, direction, NULL));
    double multiple = best_multiple(t, NULL, direction, 0, high);
    for (int64_t j = 0; j < t->p; j++)
        t->other[j] = multiple * direction[j];
    return qni_fit_promise(t, t->other);
}

double qni_fit_bounds_step(qni_fit_trf *t)
{
    size_t size = (size_t)t->p * sizeof(double);
    int64_t hit = -1;
    double to_bound = t->bounded ? stride_to_bounds(t, NULL, t->step, &hit) : INFINITY;
    if (to_bound >= 1)
        return qni_fit_promise(t, t->step);
    t->full_step = false;
    double theta = fmax(QNI_FIT_THETA, 1 - t->measure);
    double best = reflected(t, to_bound, hit, theta);
    memcpy(t->best, t->other, size);
    double turned = descent(t, theta);
    if (turned > best) {
        best = turned;
        memcpy(t->best, t->other, size);
    }
    for (int64_t j = 0; j < t->p; j++)
        t->step[j] *= theta * to_bound;
    double cut = qni_fit_promise(t, t->step);
    if (cut >= best)
        return cut;
    memcpy(t->step, t->best, size);
    return best;
}

bool qni_fit_bounds_snap(qni_fit_trf *t, double share)
{
    bool any = false;
    memcpy(t->x_trial, t->x, (size_t)t->p * sizeof *t->x);
    for (int64_t j = 0; t->bounded && j < t->p; j++) {
        double bound = t->gradient[j] < 0 ? t->upper[j] : t->lower[j], distance = fabs(t->x[j] - bound);
        bool near = t->share[j] < share || distance <= QNI_FIT_FLAT * DBL_EPSILON * fabs(bound);
        if (near && distance > 0 && isfinite(bound)) {
            t->x_trial[j] = bound;
            any = true;
        }
    }
    return any;
}
