/* fit/loss.c: losses that let go of outliers, with the derivatives that a Gauss-Newton step needs (Triggs et al.,
 * "Bundle adjustment: a modern synthesis", 2000, section 4.3). Any thread. */
#include "fit/fit_int.h"

#include <float.h>
#include <math.h>

const char *qn_fit_loss_name(qn_fit_loss loss)
{
    switch (loss) {
#define NAME(name, value, text) \
    case QN_FIT_LOSS_##name:    \
        return text;
        QN_FIT_LOSS_LIST(NAME)
#undef NAME
    }
    return "?";
}

/* With t = |r| / scale and z = t^2, each as it is computed without cancellation, and without overflow where the sum of
 * the loss does not overflow itself. */
qni_fit_loss_value qni_fit_loss_at(qn_fit_loss loss, double scale, double r)
{
    double size = fabs(r), t = fmin(size / scale, DBL_MAX), z = t * t, slope, root;
    switch (loss) {
    case QN_FIT_LOSS_LINEAR:
        break;
    case QN_FIT_LOSS_SOFT_L1:
        root = hypot(1, t);
        slope = 1 / root;
        return (qni_fit_loss_value){2 * scale * (size * (t / (root + 1))), slope, slope * slope * slope};
    case QN_FIT_LOSS_HUBER:
        if (t <= 1)
            break;
        return (qni_fit_loss_value){scale * (2 * size - scale), 1 / t, 0};
    case QN_FIT_LOSS_CAUCHY:
        slope = 1 / (1 + z);
        return (qni_fit_loss_value){scale * (scale * (isfinite(z) ? log1p(z) : 2 * log(t))), slope,
                                    slope * (2 * slope - 1)};
    case QN_FIT_LOSS_ARCTAN:
        slope = 1 / (1 + z * z);
        return (qni_fit_loss_value){scale * (scale * atan(z)), slope, slope * (4 * slope - 3)};
    }
    return (qni_fit_loss_value){r * r, 1, 1};
}
