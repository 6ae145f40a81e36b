/* fit/loss.c: losses that let go of outliers, with the derivatives that a Gauss-Newton step needs (Triggs et al.,
 * "Bundle adjustment: a modern synthesis", 2000, section 4.3). Any thread. */
#include "fit/fit_int.h"

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

/* With t = r / scale and z = t^2, each as it is computed without cancellation. */
qni_fit_loss_value qni_fit_loss_at(qn_fit_loss loss, double scale, double r)
{
    double t = fabs(r) / scale, z = t * t, square = scale * scale;
    double root = sqrt(1 + z), wide = 1 + z * z;
    switch (loss) {
    case QN_FIT_LOSS_LINEAR:
        break;
    case QN_FIT_LOSS_SOFT_L1:
        return (qni_fit_loss_value){square * (2 * z / (root + 1)), 1 / root, 1 / (root * root * root)};
    case QN_FIT_LOSS_HUBER:
        if (z <= 1)
            break;
        return (qni_fit_loss_value){square * (2 * t - 1), 1 / t, 0};
    case QN_FIT_LOSS_CAUCHY:
        return (qni_fit_loss_value){square * log1p(z), 1 / (1 + z), (1 - z) / ((1 + z) * (1 + z))};
    case QN_FIT_LOSS_ARCTAN:
        return (qni_fit_loss_value){square * atan(z), 1 / wide, (1 - 3 * z * z) / (wide * wide)};
    }
    return (qni_fit_loss_value){r * r, 1, 1};
}
