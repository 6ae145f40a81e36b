/* fit/covariance.c: how sure parameters are: from W (identify.c) to standard errors, intervals, covariance and
 * correlation of all parameters. One thread a fit.
 *
 * cov = s^2 G D^-1 W W' D^-1 G': D the lengths of the Jacobian's columns, G the derivatives of all parameters by the
 * free ones (fixed: 0; tied: the delta method), s^2 = rss / dof, or 1 with absolute_sigma. With a loss the Jacobian
 * is that of its Gauss-Newton model at the solution and s^2 = cost / dof: so has SciPy's curve_fit it. Intervals are
 * value +- t stderr, t of Student's distribution with dof degrees of freedom, or of the normal one with
 * absolute_sigma, for then there is no scale to be estimated.
 *
 * Every row of G D^-1 W is kept as length * direction, so that a covariance out of the range of numbers costs no
 * standard error and no correlation. */
#include "fit/fit_int.h"

#include "math/dense.h"
#include "math/student.h"

#include <math.h>
#include <string.h>

typedef struct spread {
    qni_fit_result *result;
    const qni_fit_identity *of;
    const qni_fit_map *map;
    double deviation; /* s, in the solver's unit */
    double rounding;  /* of a share in a singular direction */
    double *slopes;   /* (all, p) G */
    double *rows;     /* (all, p) of G D^-1 W, length 1; 0 where there is no error */
    double *stderrs;  /* (all) their lengths times s: NaN where the data do not determine the parameter */
} spread;

/* Whether the data determine a function of the free parameters with these derivatives (p), scaled by D^-1 to length 1:
 * it takes no part in any singular direction. `length`: of its row of W. */
static bool estimable(const spread *d, const double *slopes, double length)
{
    const qn_fit_result *head = &d->result->head;
    if (d->of->damping > 0)
        return length * d->of->damping <= QNI_FIT_DAMPED_SHARE;
    for (int64_t i = 0; i < head->direction_count && head->directions[i].singular; i++) {
        double share = 0;
        for (int64_t k = 0; k < d->of->p; k++)
            share += slopes[k] * head->directions[i].weights[d->map->free[k]];
        if (fabs(share) > d->rounding)
            return false;
    }
    return true;
}

/* slopes (p) := slopes D^-1 with length 1; the length is returned, NaN where a column of length 0 is needed. */
static double scale(const spread *d, double *slopes)
{
    double largest = 0;
    for (int64_t k = 0; k < d->of->p; k++) {
        if (slopes[k] != 0 && d->of->norm[k] == 0)
            return NAN;
        slopes[k] = slopes[k] != 0 ? slopes[k] / d->of->norm[k] : 0;
        largest = fmax(largest, fabs(slopes[k]));
    }
    if (largest == 0)
        return 0;
    double length = qni_norm(slopes, d->of->p);
    for (int64_t k = 0; k < d->of->p; k++)
        slopes[k] /= length;
    return length;
}

/* Row i of what is kept, from the derivatives of parameter i, which are spoilt. */
static void add_row(const spread *d, int64_t i, double *slopes)
{
    int64_t p = d->of->p;
    double *row = d->rows + i * p, outer = scale(d, slopes);
    memset(row, 0, (size_t)p * sizeof *row);
    for (int64_t k = 0; outer > 0 && k < p; k++)
        for (int64_t c = 0; slopes[k] != 0 && c < p; c++)
            row[c] += slopes[k] * d->of->inverse[k * p + c];
    double length = qni_norm(row, p);
    d->stderrs[i] = isnan(outer) || !estimable(d, slopes, length) ? NAN : outer * d->deviation * length;
    for (int64_t c = 0; c < p; c++)
        row[c] /= length; /* NaN where there is none */
}

static void fill_matrices(const spread *d)
{
    int64_t all = d->map->all, p = d->of->p;
    for (int64_t i = 0; i < all; i++)
        for (int64_t j = 0; j <= i; j++) {
            double cosine = qni_dot(d->rows + i * p, d->rows + j * p, p);
            if (i == j && !isnan(cosine))
                cosine = 1;
            if (isnan(d->stderrs[i]) || isnan(d->stderrs[j]))
                cosine = NAN;
            bool none = d->stderrs[i] == 0 || d->stderrs[j] == 0;
            double covariance = none ? 0 : cosine * d->stderrs[i] * d->stderrs[j];
            double correlation = fabs(cosine) > 1 ? copysign(1, cosine) : cosine;
            d->result->covariance[i * all + j] = d->result->covariance[j * all + i] = covariance;
            d->result->correlation[i * all + j] = d->result->correlation[j * all + i] = correlation;
        }
}

static void fill(const spread *d, const qni_fit_solver *s)
{
    int64_t all = d->map->all, p = d->of->p;
    double dof = s->options.absolute_sigma ? INFINITY : (double)d->result->head.dof;
    double half = qni_student_two_sided(s->options.confidence, dof);
    qni_fit_map_jacobian(d->map, d->slopes);
    for (int64_t i = 0; i < all; i++) {
        qn_fit_parameter *parameter = &d->result->parameters[i];
        add_row(d, i, d->slopes + i * p);
        parameter->stderr_ = d->stderrs[i];
        parameter->ci_low = parameter->value - half * parameter->stderr_;
        parameter->ci_high = parameter->value + half * parameter->stderr_;
    }
    fill_matrices(d);
}

void qni_fit_no_covariance(qni_fit_result *result)
{
    int64_t all = result->head.p;
    for (int64_t i = 0; i < all; i++) {
        qn_fit_parameter *parameter = &result->parameters[i];
        bool fixed = parameter->role == QN_FIT_FIXED;
        parameter->stderr_ = fixed ? 0 : NAN;
        parameter->ci_low = parameter->ci_high = fixed ? parameter->value : NAN;
        for (int64_t j = 0; j < all; j++) {
            bool zero = fixed || result->parameters[j].role == QN_FIT_FIXED;
            result->covariance[i * all + j] = zero ? 0 : NAN;
            result->correlation[i * all + j] = NAN;
        }
    }
}

double qni_fit_deviation(const qni_fit_solver *s, int64_t dof)
{
    if (s->options.absolute_sigma)
        return s->eval.unit;
    return dof > 0 ? sqrt(s->rss / (double)dof) : NAN;
}

void qni_fit_covariance(qni_fit_result *result, const qni_fit_identity *of, const qni_fit_solver *s)
{
    int64_t all = s->eval.map->all, p = s->p;
    const spread d = {.result = result,
                      .of = of,
                      .map = s->eval.map,
                      .deviation = qni_fit_deviation(s, result->head.dof),
                      .rounding = fmax(QNI_FIT_ESTIMABLE, QNI_FIT_BLURRED * s->eval.problem->blur),
                      .slopes = of->work,
                      .rows = of->work + all * p,
                      .stderrs = of->work + 2 * all * p};
    fill(&d, s);
    result->head.factorization = of->factorization;
}
