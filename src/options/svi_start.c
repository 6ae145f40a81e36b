/* options/svi_start.c: a point from which the fit of a smile begins. Any thread. */
#include "options/svi_int.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "options/limits.h"

/* Solves the normal equations of three unknowns, the matrix's upper half in a[0..5]; false: singular. */
static bool solve_three(double *x, const double *a, const double *y)
{
    double l10 = a[1] / a[0], l20 = a[2] / a[0];
    double d1 = a[3] - l10 * a[1], c12 = a[4] - l10 * a[2], l21 = c12 / d1;
    double d2 = a[5] - l20 * a[2] - l21 * c12;
    if (!(a[0] > 0 && d1 > DBL_EPSILON * a[3] && d2 > DBL_EPSILON * a[5]))
        return false;
    double y1 = y[1] - l10 * y[0], y2 = y[2] - l20 * y[0] - l21 * y1;
    x[2] = y2 / d2;
    x[1] = y1 / d1 - l21 * x[2];
    x[0] = y[0] / a[0] - l10 * x[1] - l20 * x[2];
    return true;
}

/* Level and slopes for a given centre and width by least squares; the level again where slopes do not stay free. */
static bool linear_part(qni_svi_form *form, const qni_svi_rows *rows, double m, double sigma)
{
    double a[6] = {0}, y[3] = {0}, x[3];
    for (int64_t i = 0; i < rows->n; i++) {
        double d = rows->k[i] - m, root = sqrt(d * d + sigma * sigma), s = rows->scale[i];
        double right = 0.5 * (root + d) * s, left = 0.5 * (root - d) * s, w = rows->w[i] * s;
        a[0] += s * s;
        a[1] += s * right;
        a[2] += s * left;
        a[3] += right * right;
        a[4] += right * left;
        a[5] += left * left;
        y[0] += s * w;
        y[1] += right * w;
        y[2] += left * w;
    }
    if (!solve_three(x, a, y))
        return false;
    double right = fmin(sqrt(fmax(x[1], 0)), sqrt(QNI_SVI_SLOPE)),
           left = fmin(sqrt(fmax(x[2], 0)), sqrt(QNI_SVI_SLOPE));
    double level = (y[0] - a[1] * right * right - a[2] * left * left) / a[0];
    form->x[QNI_SVI_RIGHT] = right;
    form->x[QNI_SVI_LEFT] = left;
    form->x[QNI_SVI_CENTRE] = m;
    form->x[QNI_SVI_WIDTH] = sigma;
    form->x[QNI_SVI_LEAST] = fmax(level + sigma * right * left, QNI_SVI_LEAST_SHARE * rows->lowest);
    return true;
}

qni_svi_form qni_svi_start(const qni_svi_task *task)
{
    static const double centres[] = {-1.5, -0.5, 0, 0.5, 1.5}, widths[] = {0.3, 1, 3};
    double deviation = sqrt(task->rows->atm), best_cost = INFINITY;
    qni_svi_form best = {.x = {[QNI_SVI_LEAST] = task->rows->atm, [QNI_SVI_WIDTH] = deviation}};
    for (size_t i = 0; i < sizeof centres / sizeof centres[0]; i++)
        for (size_t j = 0; j < sizeof widths / sizeof widths[0]; j++) {
            qni_svi_form form;
            if (!linear_part(&form, task->rows, centres[i] * deviation, widths[j] * deviation))
                continue;
            double cost = qni_svi_cost(&form, task);
            if (cost < best_cost) {
                best_cost = cost;
                best = form;
            }
        }
    return best;
}
