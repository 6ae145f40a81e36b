/* fit/dogbox.c: the dogleg method in a rectangular region (C. Voglis and I. E. Lagaris, "A rectangular trust region
 * dogleg approach for unconstrained and bound constrained nonlinear optimization", 2004). The region is a cube of the
 * scaled parameters, intersected with the bounds: a rectangle as well. Parameters on a bound that push outwards are
 * held; the others step to the Gauss-Newton point if that is in the rectangle, else along the way to it over the Cauchy
 * point, as far as the rectangle goes.
 *
 * The Gauss-Newton step comes from the triangular factor without the held columns (solver.c makes it). Where that is
 * singular or nearly so, the best step in a ball well around the cube takes its place: a way to nowhere would make the
 * method creep. Allocates nothing. */
#include "fit/fit_int.h"

#include "fit/limits.h"
#include "math/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void shape(qni_fit_solver *s, double *curvature)
{
    for (int64_t j = 0; j < s->p; j++) {
        s->share[j] = s->bounded && qni_fit_distance_ahead(s, j) <= 0 ? 0 : 1;
        s->shape[j] = s->share[j] / qni_fit_scale(s, j);
        curvature[j] = 0;
    }
}

/* How much of `direction` from `from` (within the rectangle) stays in it, at most `most`; what stopped it is left in
 * onto and at_edge. */
static double stride(qni_fit_solver *s, const double *from, const double *direction, double most)
{
    s->onto = -1;
    s->at_edge = false;
    for (int64_t j = 0; j < s->p; j++) {
        double d = direction[j];
        if (d == 0 || s->shape[j] == 0)
            continue;
        double bound = fmax(0, (d > 0 ? s->upper[j] - s->x[j] : s->x[j] - s->lower[j]) / s->shape[j]);
        double room = fmax(0, fmin(s->radius, bound) - (d > 0 ? from[j] : -from[j])) / fabs(d);
        if (room >= most)
            continue;
        most = room;
        s->at_edge = s->radius < bound;
        s->onto = s->at_edge ? -1 : j;
    }
    return most;
}

static double step(qni_fit_solver *s)
{
    size_t size = (size_t)s->p * sizeof(double);
    double *origin = s->best, *newton = s->other, *direction = s->image + s->p;
    memset(origin, 0, size);
    s->lambda = qni_trust_step(s->eval.kernels, newton, s->hat, s->p, s->hat + s->p * s->p, s->p,
                               fmin(s->radius * QNI_FIT_FAR * sqrt((double)s->p), DBL_MAX), 0, s->work);
    memcpy(s->step, newton, size);
    s->full_step = stride(s, origin, newton, 1) == 1;
    if (!s->full_step) {
        for (int64_t j = 0; j < s->p; j++)
            direction[j] = -s->shape[j] * s->gradient[j];
        double most = stride(s, origin, direction, DBL_MAX);
        double cauchy = qni_fit_best_multiple(s, NULL, direction, 0, most);
        for (int64_t j = 0; j < s->p; j++) {
            s->step[j] = cauchy * direction[j];
            direction[j] = newton[j] - s->step[j];
        }
        if (cauchy < most) {
            most = stride(s, s->step, direction, 1);
            double dogleg = qni_fit_best_multiple(s, s->step, direction, 0, most);
            if (dogleg < most) {
                s->onto = -1;
                s->at_edge = false;
            }
            for (int64_t j = 0; j < s->p; j++)
                s->step[j] += dogleg * direction[j];
        }
    }
    s->full_step = s->full_step && s->lambda == 0;
    s->length = 0;
    for (int64_t j = 0; j < s->p; j++)
        s->length = fmax(s->length, fabs(s->step[j]));
    return qni_fit_promise(s, s->step);
}

static void adapt(qni_fit_solver *s, double promise, double had, bool first)
{
    (void)first;
    double ratio = had / promise;
    if (!(ratio > 0.25)) /* also NaN */
        s->radius = fmin(s->radius, s->length) * qni_fit_cut(s, had);
    else if (ratio > 0.75 && s->at_edge)
        s->radius *= 2;
}

const qni_fit_stepper qni_fit_dogbox = {
    .first_radius = QNI_FIT_FIRST_RADIUS, .shape = shape, .step = step, .adapt = adapt};
