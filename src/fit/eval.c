/* fit/eval.c: a problem evaluated at a point, panel by panel: the residual sum of squares and, when wanted, the
 * triangular factor of the Jacobian, which never exists as a whole. One thread a fit. */
#include "fit/fit_int.h"

#include "fit/limits.h"
#include "math/panel.h"

#include <math.h>
#include <string.h>

static bool asked_to_stop(const qni_fit_eval *eval)
{
    return eval->options->should_stop != NULL && eval->options->should_stop(eval->options->should_stop_user);
}

bool qni_fit_eval_begin(qni_fit_eval *eval, const double *x, bool derivatives)
{
    const qni_fit_rows *problem = eval->problem;
    if (!qni_fit_map_at(eval->map, x, derivatives))
        return false;
    return problem->begin == NULL || problem->begin(problem->user, eval->map->x, derivatives);
}

void qni_fit_eval_panel(qni_fit_eval *eval, int64_t first, int64_t count, bool derivatives)
{
    const qni_fit_rows *problem = eval->problem;
    double *r = qni_fit_eval_residuals(eval);
    problem->rows(problem->user, eval->map->x, first, count, r, derivatives ? eval->panel : NULL, QNI_FIT_PANEL);
    if (derivatives)
        qni_fit_map_fold(eval->map, eval->kernels, eval->panel, QNI_FIT_PANEL, count);
    if (problem->weight == NULL)
        return;
    eval->kernels->multiply(r, problem->weight + first, count);
    for (int64_t k = 0; derivatives && k < eval->map->p; k++)
        eval->kernels->multiply(eval->panel + k * QNI_FIT_PANEL, problem->weight + first, count);
}

/* The columns of a panel that an evaluation is made of: derivatives by the free parameters, then residuals. */
static double *column(const qni_fit_eval *eval, int64_t k)
{
    return k < eval->map->p ? eval->panel + k * QNI_FIT_PANEL : qni_fit_eval_residuals(eval);
}

static bool panel_is_finite(const qni_fit_eval *eval, int64_t count, bool derivatives)
{
    int64_t p = eval->map->p;
    for (int64_t k = derivatives ? 0 : p; k <= p; k++)
        if (!eval->kernels->all_finite(column(eval, k), count))
            return false;
    return true;
}

static void scale_panel(const qni_fit_eval *eval, int64_t count, bool derivatives)
{
    int64_t p = eval->map->p;
    for (int64_t k = derivatives ? 0 : p; k <= p && eval->unit != 1; k++)
        eval->kernels->scale(column(eval, k), eval->unit, count);
}

/* Residuals and derivatives := those whose squares make the Gauss-Newton model of the loss's sum; the sum is returned.
 * A row's curvature c = max(rho' + 2 z rho'', least share of rho'): derivatives times sqrt(c), residual times rho' /
 * sqrt(c). */
static qni_sum bend_panel(const qni_fit_eval *eval, int64_t count, bool derivatives)
{
    const qn_fit_options *o = eval->options;
    double *r = qni_fit_eval_residuals(eval), scale = o->loss_scale * eval->unit, root[QNI_FIT_PANEL];
    qni_sum sum = {0};
    for (int64_t i = 0; i < count; i++) {
        qni_fit_loss_value v = qni_fit_loss_at(o->loss, scale, r[i]);
        qni_sum_add(&sum, v.rho);
        root[i] = sqrt(fmax(v.curvature, eval->least_curvature * v.slope));
        r[i] *= root[i] > 0 ? v.slope / root[i] : 0;
    }
    for (int64_t k = 0; derivatives && k < eval->map->p; k++)
        eval->kernels->multiply(column(eval, k), root, count);
    return sum;
}

qni_fit_outcome qni_fit_eval_at(qni_fit_eval *eval, const double *x, double *rss, double *factor)
{
    const qni_fit_rows *problem = eval->problem;
    int64_t p = eval->map->p;
    qni_sum sum = {0};
    *rss = NAN;
    eval->evaluations++;
    eval->bad_row = 0;
    if (!qni_fit_eval_begin(eval, x, factor != NULL))
        return QNI_FIT_NOT_FINITE;
    if (factor != NULL)
        memset(factor, 0, (size_t)(p * (p + 1)) * sizeof *factor);
    for (int64_t first = 0; first < problem->n; first += QNI_FIT_PANEL) {
        int64_t panel = first / QNI_FIT_PANEL;
        if (panel > 0 && panel % QNI_FIT_PANELS_BETWEEN_STOPS == 0 && asked_to_stop(eval))
            return QNI_FIT_STOPPED;
        int64_t count = problem->n - first < QNI_FIT_PANEL ? problem->n - first : QNI_FIT_PANEL;
        qni_fit_eval_panel(eval, first, count, factor != NULL);
        scale_panel(eval, count, factor != NULL);
        eval->bad_row = first;
        if (!panel_is_finite(eval, count, factor != NULL))
            return QNI_FIT_NOT_FINITE;
        if (eval->options->loss != QN_FIT_LOSS_LINEAR) {
            qni_sum part = bend_panel(eval, count, factor != NULL);
            qni_sum_add(&sum, part.high);
            qni_sum_add(&sum, part.low);
        } else {
            qni_sum_add(&sum, eval->kernels->sum_squares(qni_fit_eval_residuals(eval), count));
        }
        if (factor == NULL)
            continue;
        if (p < problem->all) /* the residuals follow the derivatives */
            memcpy(eval->panel + p * QNI_FIT_PANEL, qni_fit_eval_residuals(eval), (size_t)count * sizeof *eval->panel);
        qni_qr_append(eval->kernels, factor, p, eval->panel, QNI_FIT_PANEL, count, p, p + 1, false);
    }
    eval->bad_row = -1;
    *rss = qni_sum_value(sum);
    return isfinite(*rss) && (factor == NULL || qni_all_finite(factor, p * (p + 1))) ? QNI_FIT_FINITE
                                                                                     : QNI_FIT_NOT_FINITE;
}

void qni_fit_eval_choose_unit(qni_fit_eval *eval, const double *x)
{
    const qni_fit_rows *problem = eval->problem;
    const double *r = qni_fit_eval_residuals(eval);
    double largest = 0;
    eval->unit = 1;
    eval->evaluations++;
    if (!qni_fit_eval_begin(eval, x, false))
        return;
    for (int64_t first = 0; first < problem->n; first += QNI_FIT_PANEL) {
        int64_t count = problem->n - first < QNI_FIT_PANEL ? problem->n - first : QNI_FIT_PANEL;
        qni_fit_eval_panel(eval, first, count, false);
        for (int64_t i = 0; i < count; i++)
            largest = fmax(largest, fabs(r[i]));
    }
    int exponent;
    (void)frexp(largest, &exponent);
    if (largest > 0 && isfinite(largest))
        eval->unit = ldexp(1, exponent < -1000 ? 1000 : -exponent);
}

int64_t qni_fit_eval_find_bad(qni_fit_eval *eval, const double *x, bool derivatives)
{
    const qni_fit_rows *problem = eval->problem;
    int64_t p = eval->map->p;
    if (!qni_fit_eval_begin(eval, x, derivatives))
        return -1;
    for (int64_t first = eval->bad_row > 0 ? eval->bad_row : 0; first < problem->n; first += QNI_FIT_PANEL) {
        int64_t count = problem->n - first < QNI_FIT_PANEL ? problem->n - first : QNI_FIT_PANEL;
        qni_fit_eval_panel(eval, first, count, derivatives);
        scale_panel(eval, count, derivatives);
        for (int64_t i = 0; i < count; i++)
            for (int64_t k = derivatives ? 0 : p; k <= p; k++)
                if (!isfinite(column(eval, k)[i]))
                    return first + i;
    }
    return -1;
}
