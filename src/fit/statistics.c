/* fit/statistics.c: how well the model describes the data. One thread a fit.
 *
 *     R^2 = 1 - rss / |w (y - b)|^2, b the best constant with the same weights (with a covariance: L^-1 y and L^-1 1)
 *     adjusted R^2 = 1 - (1 - R^2) (n - 1) / dof
 *     log-likelihood, errors Gaussian with standard deviations sigma_i (log-determinant of a covariance: 2 log_sigma):
 *         known:            -(n log(2 pi) + rss) / 2 - log_sigma
 *         up to a factor:   -n (log(2 pi) + 1 + log(rss / n)) / 2 - log_sigma, the factor estimated
 *     AIC = 2 k - 2 log L (Akaike 1974), BIC = k log n - 2 log L (Schwarz 1978)
 *     AICc = AIC + 2 k (k + 1) / (n - k - 1) (Hurvich and Tsai 1989)
 *
 * k counts the parameters that the data determine (the Jacobian's rank), and 1 where the factor is estimated. R's
 * logLik, AIC and BIC of an nls with weights 1 / sigma^2 are the same.
 *
 * Sums of squares are taken of numbers brought near 1 by a power of two, so that data of any size are within range. */
#include "fit/fit_int.h"

#include "fit/limits.h"
#include "math/panel.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct about {
    const qni_fit_rows *problem;
    const qni_panel_kernels *kernels;
    double factor; /* of the data, so that their squares are within range */
    double y[QNI_FIT_PANEL], one[QNI_FIT_PANEL];
    int64_t first, count;
} about;

/* The next panel of weighted data and of the weighted constant; false: there is none. */
static bool next(about *d)
{
    const qni_fit_rows *problem = d->problem;
    d->first += d->count;
    int64_t left = problem->n - d->first;
    if (left <= 0)
        return false;
    d->count = left < QNI_FIT_PANEL ? left : QNI_FIT_PANEL;
    memcpy(d->y, problem->response + d->first, (size_t)d->count * sizeof *d->y);
    for (int64_t i = 0; i < d->count; i++)
        d->one[i] = problem->ones != NULL ? problem->ones[d->first + i] : 1;
    if (problem->weight != NULL) {
        d->kernels->multiply(d->y, problem->weight + d->first, d->count);
        d->kernels->multiply(d->one, problem->weight + d->first, d->count);
    }
    if (d->factor != 1)
        d->kernels->scale(d->y, d->factor, d->count);
    return true;
}

/* The norm of the weighted data about their best constant; 0 where only rounding is left. */
static double norm_about_constant(const qni_fit_rows *problem, const qni_panel_kernels *kernels)
{
    about d = {.problem = problem, .kernels = kernels, .factor = 1};
    double norm = 0, weights = 0, product = 0;
    qni_sum rest = {0};
    while (next(&d)) {
        norm = hypot(norm, qni_norm(d.y, d.count));
        weights = hypot(weights, qni_norm(d.one, d.count));
    }
    int exponent;
    (void)frexp(norm, &exponent);
    if (!(norm > 0 && isfinite(norm) && weights > 0))
        return norm;
    for (d = (about){.problem = problem, .kernels = kernels, .factor = ldexp(1, -exponent)}; next(&d);) {
        kernels->scale(d.one, 1 / weights, d.count);
        product += kernels->dot(d.y, d.one, d.count);
    }
    for (d = (about){.problem = problem, .kernels = kernels, .factor = ldexp(1, -exponent)}; next(&d);) {
        kernels->scale(d.one, 1 / weights, d.count);
        kernels->subtract_multiple(d.y, d.one, product, d.count);
        qni_sum_add(&rest, kernels->sum_squares(d.y, d.count));
    }
    double left = sqrt(qni_sum_value(rest)), all = ldexp(norm, -exponent);
    return left > QNI_FIT_CONSTANT * DBL_EPSILON * all ? ldexp(left, exponent) : 0;
}

static void fill_r_squared(qn_fit_result *head, const qni_fit_rows *problem, const qni_panel_kernels *kernels,
                           double residual)
{
    double total = problem->response != NULL ? norm_about_constant(problem, kernels) : 0;
    if (!(total > 0 && isfinite(total)))
        return;
    double ratio = residual / total, rest = ratio * ratio;
    head->r_squared = 1 - rest;
    if (head->dof > 0)
        head->adjusted_r_squared = 1 - rest * (double)(problem->n - 1) / (double)head->dof;
}

static void fill_likelihood(qn_fit_result *head, const qni_fit_rows *problem, double residual)
{
    const double log_tau = 1.8378770664093454836; /* log(2 pi) */
    double n = (double)problem->n, k = (double)head->rank + !head->absolute_sigma;
    double inner = head->absolute_sigma ? log_tau + residual * residual / n : log_tau + 1 + 2 * log(residual) - log(n);
    head->log_likelihood = -n * inner / 2 - problem->log_sigma;
    head->aic = 2 * k - 2 * head->log_likelihood;
    head->bic = k * log(n) - 2 * head->log_likelihood;
    if (n > k + 1)
        head->aicc = head->aic + 2 * k * (k + 1) / (n - k - 1);
}

void qni_fit_statistics(qni_fit_result *result, const qni_fit_solver *s, const qni_fit_norms *norms)
{
    qn_fit_result *head = &result->head;
    head->cost = s->rss / s->eval.unit / s->eval.unit;
    head->rss = norms->weighted * norms->weighted;
    if (s->options.loss == QN_FIT_LOSS_LINEAR)
        head->rss = head->cost; /* without the rounding of a root */
    head->residual_sd = head->dof > 0 ? norms->weighted / sqrt((double)head->dof) : NAN;
    head->rmse = norms->raw / sqrt((double)head->n);
    fill_r_squared(head, s->eval.problem, s->eval.kernels, norms->weighted);
    if (s->options.loss == QN_FIT_LOSS_LINEAR)
        fill_likelihood(head, s->eval.problem, norms->weighted);
}
