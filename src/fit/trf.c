/* fit/trf.c: the trust-region reflective method (Branch, Coleman and Li 1999): a ball of the scaled parameters that
 * bounds bend (bounds.c). Without bounds it is the method of Levenberg and Marquardt with a more careful radius.
 * Allocates nothing. */
#include "fit/fit_int.h"

#include <math.h>

static double step(qni_fit_solver *s)
{
    qni_fit_ball_step(s);
    return qni_fit_bounds_step(s);
}

static void adapt(qni_fit_solver *s, double promise, double had, bool first)
{
    (void)first;
    double ratio = had / promise;
    if (ratio >= 0.75 || (s->full_step && ratio > 0.25)) {
        s->radius = s->full_step ? 2 * s->length : fmax(s->radius, 2 * s->length);
    } else if (!(ratio > 0.25)) {
        double cut = qni_fit_cut(s, had);
        s->radius = fmin(s->radius, s->length) * fmin(cut, 0.5);
        s->lambda /= cut;
    }
}

const qni_fit_stepper qni_fit_trf = {
    .first_radius = QNI_FIT_FIRST_RADIUS, .ball = true, .shape = qni_fit_bounds_shape, .step = step, .adapt = adapt};
