/* fit/lm.c: the method of Levenberg and Marquardt as in MINPACK's lmder (J. J. Moré, "The Levenberg-Marquardt
 * algorithm: implementation and theory", 1978): a ball of the scaled parameters, first wide, then by the gain ratio. It
 * knows no bounds. Allocates nothing. */
#include "fit/fit_int.h"

#include <math.h>

static double step(qni_fit_solver *s)
{
    qni_fit_ball_step(s);
    return qni_fit_promise(s, s->step);
}

static void adapt(qni_fit_solver *s, double promise, double had, bool first)
{
    double ratio = had / promise;
    if (first)
        s->radius = fmin(s->radius, s->length);
    if (!(ratio > 0.25)) { /* also NaN */
        double cut = qni_fit_cut(s, had);
        s->radius = cut * fmin(s->radius, s->length / 0.1);
        s->lambda /= cut;
    } else if (s->full_step || ratio >= 0.75) {
        s->radius = s->length / 0.5;
        s->lambda *= 0.5;
    }
}

const qni_fit_stepper qni_fit_lm = {
    .first_radius = QNI_FIT_LM_FIRST_RADIUS, .ball = true, .shape = qni_fit_bounds_shape, .step = step, .adapt = adapt};
