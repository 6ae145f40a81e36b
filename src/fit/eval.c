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

/* Whether the derivatives appended to the factor so far are finite: what is not finite in a column makes its diagonal
 * element so, which takes less looking than all rows. */
static bool diagonal_is_finite(const double *factor, int64_t p)
{
    for (int64_t k = 0; k < p; k++)
        if (!isfinite(factor[k * p + k]))
            return false;
    return true;
}

static void scale_panel(const qni_fit_eval *eval, int64_t count, bool derivatives)
{
    int64_t p = eval->map->p;
    for (int64_t k = derivatives ? 0 : p; k <= p && eval->unit != 1; k++)
        eval->kernels->scale(column(eval, k), eval->unit, count);
}

/* The change of the residuals of a panel since the earlier point, and these residuals kept. */
static void compare_panel(const qni_fit_eval *eval, int64_t first, int64_t count, double *change)
{
    const double *r = qni_fit_eval_residuals(eval);
    for (int64_t i = 0; eval->compares && i < count; i++)
        change[i] = eval->earlier[first + i] - r[i];
    memcpy(eval->current + first, r, (size_t)count * sizeof *r);
}

/* Residuals, derivatives and `change` (NULL: none) := those whose squares make the Gauss-Newton model of the loss's
 * sum, which is returned. A row's curvature c = max(rho' + 2 z rho'', least share of rho'): derivatives times sqrt(c),
 * residual times rho' / sqrt(c). */
static qni_sum bend_panel(const qni_fit_eval *eval, int64_t count, bool derivatives, double *change)
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
    if (change != NULL)
        eval->kernels->multiply(change, root, count);
    return sum;
}

/* What a panel of rows adds to the sum (returned) and to the factor (NULL: values only). The panel is ready and finite,
 * and destroyed. */
static qni_sum add_panel(const qni_fit_eval *eval, int64_t first, int64_t count, double *factor)
{
    int64_t p = eval->map->p;
    double *r = qni_fit_eval_residuals(eval), change[QNI_FIT_PANEL];
    bool compares = factor != NULL && eval->compares;
    qni_sum sum = {0};
    if (factor != NULL && eval->keeps) /* always where it compares */
        compare_panel(eval, first, count, change);
    if (eval->options->loss != QN_FIT_LOSS_LINEAR)
        sum = bend_panel(eval, count, factor != NULL, compares ? change : NULL);
    else
        qni_sum_add(&sum, eval->kernels->sum_squares(r, count));
    if (factor == NULL)
        return sum;
    size_t size = (size_t)count * sizeof *r;
    if (p < eval->problem->all) /* the residuals follow the derivatives */
        memcpy(eval->panel + p * QNI_FIT_PANEL, r, size);
    if (compares)
        memcpy(eval->panel + (p + 1) * QNI_FIT_PANEL, change, size);
    qni_qr_append(eval->kernels, factor, p, eval->panel, QNI_FIT_PANEL, count, p, compares ? p + 2 : p + 1, false);
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
        memset(factor, 0, (size_t)(p * (p + (eval->compares ? 2 : 1))) * sizeof *factor);
    for (int64_t first = 0; first < problem->n; first += QNI_FIT_PANEL) {
        int64_t panel = first / QNI_FIT_PANEL;
        if (panel > 0 && panel % QNI_FIT_PANELS_BETWEEN_STOPS == 0 && asked_to_stop(eval))
            return QNI_FIT_STOPPED;
        int64_t count = problem->n - first < QNI_FIT_PANEL ? problem->n - first : QNI_FIT_PANEL;
        qni_fit_eval_panel(eval, first, count, factor != NULL);
        scale_panel(eval, count, factor != NULL);
        eval->bad_row = first;
        if (!eval->kernels->all_finite(qni_fit_eval_residuals(eval), count))
            return QNI_FIT_NOT_FINITE;
        qni_sum part = add_panel(eval, first, count, factor);
        if (factor != NULL && !diagonal_is_finite(factor, p))
            return QNI_FIT_NOT_FINITE;
        qni_sum_add(&sum, part.high);
        qni_sum_add(&sum, part.low);
    }
    eval->bad_row = -1;
    *rss = qni_sum_value(sum);
    return isfinite(*rss) && (factor == NULL || qni_all_finite(factor, p * (p + 1))) ? QNI_FIT_FINITE
                                                                                     : QNI_FIT_NOT_FINITE;
}

/* The root of what a residual adds to the sum, but for a factor near 1. */
static double weight_in_sum(const qn_fit_options *o, double r)
{
    if (o->loss == QN_FIT_LOSS_LINEAR || r <= o->loss_scale)
        return r;
    bool grows = o->loss == QN_FIT_LOSS_SOFT_L1 || o->loss == QN_FIT_LOSS_HUBER;
    return grows ? sqrt(o->loss_scale) * sqrt(r) : o->loss_scale;
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
    if (isfinite(largest))
        largest = weight_in_sum(eval->options, largest);
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
