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

/* Rows first … first + count - 1 into the panel, in units of `unit`. */
static void fill_panel(qni_fit_eval *eval, const double *x, int64_t first, int64_t count, bool derivatives)
{
    const qni_fit_rows *problem = eval->problem;
    int64_t columns = derivatives ? problem->p : 0;
    double *r = eval->panel + problem->p * QNI_FIT_PANEL;
    problem->rows(problem->user, x, first, count, r, derivatives ? eval->panel : NULL, QNI_FIT_PANEL);
    if (eval->unit == 1)
        return;
    for (int64_t j = problem->p - columns; j <= problem->p; j++)
        eval->kernels->scale(eval->panel + j * QNI_FIT_PANEL, eval->unit, count);
}

static bool panel_is_finite(const qni_fit_eval *eval, int64_t count, bool derivatives)
{
    int64_t p = eval->problem->p;
    for (int64_t j = derivatives ? 0 : p; j <= p; j++)
        if (!eval->kernels->all_finite(eval->panel + j * QNI_FIT_PANEL, count))
            return false;
    return true;
}

qni_fit_outcome qni_fit_eval_at(qni_fit_eval *eval, const double *x, double *rss, double *factor)
{
    const qni_fit_rows *problem = eval->problem;
    int64_t p = problem->p;
    const double *r = eval->panel + p * QNI_FIT_PANEL;
    qni_sum sum = {0};
    *rss = NAN;
    eval->evaluations++;
    eval->bad_row = 0;
    if (problem->begin != NULL && !problem->begin(problem->user, x, factor != NULL))
        return QNI_FIT_NOT_FINITE;
    if (factor != NULL)
        memset(factor, 0, (size_t)(p * (p + 1)) * sizeof *factor);
    for (int64_t first = 0; first < problem->n; first += QNI_FIT_PANEL) {
        int64_t panel = first / QNI_FIT_PANEL;
        if (panel > 0 && panel % QNI_FIT_PANELS_BETWEEN_STOPS == 0 && asked_to_stop(eval))
            return QNI_FIT_STOPPED;
        int64_t count = problem->n - first < QNI_FIT_PANEL ? problem->n - first : QNI_FIT_PANEL;
        fill_panel(eval, x, first, count, factor != NULL);
        eval->bad_row = first;
        if (!panel_is_finite(eval, count, factor != NULL))
            return QNI_FIT_NOT_FINITE;
        qni_sum_add(&sum, eval->kernels->sum_squares(r, count));
        if (factor != NULL)
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
    const double *r = eval->panel + problem->p * QNI_FIT_PANEL;
    double largest = 0;
    eval->unit = 1;
    eval->evaluations++;
    if (problem->begin != NULL && !problem->begin(problem->user, x, false))
        return;
    for (int64_t first = 0; first < problem->n; first += QNI_FIT_PANEL) {
        int64_t count = problem->n - first < QNI_FIT_PANEL ? problem->n - first : QNI_FIT_PANEL;
        fill_panel(eval, x, first, count, false);
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
    int64_t p = problem->p;
    if (problem->begin != NULL && !problem->begin(problem->user, x, derivatives))
        return -1;
    for (int64_t first = eval->bad_row > 0 ? eval->bad_row : 0; first < problem->n; first += QNI_FIT_PANEL) {
        int64_t count = problem->n - first < QNI_FIT_PANEL ? problem->n - first : QNI_FIT_PANEL;
        fill_panel(eval, x, first, count, derivatives);
        for (int64_t i = 0; i < count; i++)
            for (int64_t j = derivatives ? 0 : p; j <= p; j++)
                if (!isfinite(eval->panel[j * QNI_FIT_PANEL + i]))
                    return first + i;
    }
    return -1;
}
