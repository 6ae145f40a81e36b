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

double qni_fit_distance_ahead(const qni_fit_solver *s, int64_t j)
{
    if (s->gradient[j] == 0)
        return INFINITY;
    return s->gradient[j] < 0 ? s->upper[j] - s->x[j] : s->x[j] - s->lower[j];
}

void qni_fit_bounds_shape(qni_fit_solver *s, double *curvature)
{
    for (int64_t j = 0; j < s->p; j++) {
        /* The step of the parameter alone would be |gradient| / norm^2. */
        double share = s->bounded ? qni_fit_distance_ahead(s, j) * s->norm[j] / (fabs(s->gradient[j]) / s->norm[j]) : 1;
        s->share[j] = share < 1 ? share : 1; /* also where it is NaN: nothing to shorten */
        s->shape[j] = sqrt(s->share[j]) / qni_fit_scale(s, j);
        curvature[j] = share < 1 ? s->norm[j] / qni_fit_scale(s, j) : 0;
    }
}

double qni_fit_promise(qni_fit_solver *s, const double *step)
{
    qni_multiply_upper(s->hat, s->p, s->p, step, s->image);
    const double *q = s->hat + s->p * s->p;
    double sum = 0;
    for (int64_t j = 0; j < s->p; j++)
        sum -= s->image[j] * (2 * q[j] + s->image[j]);
    return sum;
}

/* The largest multiple of a hat step from x + from that stays within the bounds, infinite where all do; `hit` (may be
 * NULL): the parameter that stops it first. */
static double stride_to_bounds(const qni_fit_solver *s, const double *from, const double *step, int64_t *hit)
{
    double least = INFINITY;
    for (int64_t j = 0; j < s->p; j++) {
        double move = s->shape[j] * step[j];
        if (move == 0)
            continue;
        double x = s->x[j] + (from != NULL ? s->shape[j] * from[j] : 0);
        double stride = fmax(0, (move > 0 ? s->upper[j] - x : s->lower[j] - x) / move);
        if (stride < least) {
            least = stride;
            if (hit != NULL)
                *hit = j;
        }
    }
    return least;
}

double qni_fit_best_multiple(qni_fit_solver *s, const double *from, const double *direction, double low, double high)
{
    const double *q = s->hat + s->p * s->p;
    double *base = s->work, *image = s->image;
    memset(base, 0, (size_t)s->p * sizeof *base);
    if (from != NULL)
        qni_multiply_upper(s->hat, s->p, s->p, from, base);
    qni_multiply_upper(s->hat, s->p, s->p, direction, image);
    double slope = 0, bend = 0;
    for (int64_t j = 0; j < s->p; j++) {
        slope += image[j] * (q[j] + base[j]);
        bend += image[j] * image[j];
    }
    double best = bend > 0 ? -slope / bend : (slope < 0 ? high : low);
    return fmin(fmax(best, low), high);
}

/* The multiple of `direction` from `from` (inside) at which the trust region ends. */
static double stride_to_region(const qni_fit_solver *s, const double *from, const double *direction)
{
    double a = qni_dot(direction, direction, s->p), b = qni_dot(from, direction, s->p);
    double c = qni_dot(from, from, s->p) - s->radius * s->radius;
    if (!(a > 0))
        return 0;
    double root = sqrt(fmax(0, b * b - a * c));
    return b > 0 ? fmax(0, -c / (b + root)) : (root - b) / a;
}

/* s->other := the step to the bound and then its reflection there; its promise, or -infinity. */
static double reflected(qni_fit_solver *s, double to_bound, int64_t hit, double theta)
{
    double *direction = s->image + s->p; /* the second half of image */
    for (int64_t j = 0; j < s->p; j++) {
        direction[j] = j == hit ? -s->step[j] : s->step[j];
        s->other[j] = to_bound * s->step[j];
    }
    double region = stride_to_region(s, s->other, direction);
    double bound = stride_to_bounds(s, s->other, direction, NULL);
    double high = fmin(theta * bound, region);
    double low = (1 - theta) * to_bound; /* off the bound again */
    if (!(high > 0) || low > high)
        return -INFINITY;
    double multiple = qni_fit_best_multiple(s, s->other, direction, low, high);
    for (int64_t j = 0; j < s->p; j++)
        s->other[j] += multiple * direction[j];
    return qni_fit_promise(s, s->other);
}

/* s->other := a step down the gradient in hat variables; its promise. */
static double descent(qni_fit_solver *s, double theta)
{
    double *direction = s->image + s->p;
    for (int64_t j = 0; j < s->p; j++)
        direction[j] = -s->shape[j] * s->gradient[j];
    double length = qni_norm(direction, s->p);
    if (!(length > 0))
        return -INFINITY;
    double high = fmin(s->radius / length, theta * stride_to_bounds(s, NULL, direction, NULL));
    double multiple = qni_fit_best_multiple(s, NULL, direction, 0, high);
    for (int64_t j = 0; j < s->p; j++)
        s->other[j] = multiple * direction[j];
    return qni_fit_promise(s, s->other);
}

double qni_fit_bounds_step(qni_fit_solver *s)
{
    size_t size = (size_t)s->p * sizeof(double);
    int64_t hit = -1;
    double to_bound = s->bounded ? stride_to_bounds(s, NULL, s->step, &hit) : INFINITY;
    if (to_bound >= 1)
        return qni_fit_promise(s, s->step);
    s->full_step = false;
    double theta = fmax(QNI_FIT_THETA, 1 - s->measure);
    double best = reflected(s, to_bound, hit, theta);
    memcpy(s->best, s->other, size);
    double turned = descent(s, theta);
    if (turned > best) {
        best = turned;
        memcpy(s->best, s->other, size);
    }
    for (int64_t j = 0; j < s->p; j++)
        s->step[j] *= theta * to_bound;
    double cut = qni_fit_promise(s, s->step);
    if (cut >= best)
        return cut;
    memcpy(s->step, s->best, size);
    return best;
}

bool qni_fit_bounds_snap(qni_fit_solver *s, double share)
{
    bool any = false;
    memcpy(s->x_trial, s->x, (size_t)s->p * sizeof *s->x);
    for (int64_t j = 0; s->bounded && j < s->p; j++) {
        double bound = s->gradient[j] < 0 ? s->upper[j] : s->lower[j], distance = fabs(s->x[j] - bound);
        bool near = s->share[j] < share || distance <= QNI_FIT_FLAT * DBL_EPSILON * fabs(bound);
        if (near && distance > 0 && isfinite(bound)) {
            s->x_trial[j] = bound;
            any = true;
        }
    }
    return any;
}
