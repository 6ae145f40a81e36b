/* fit/diagnostics.c: once more through the rows at the solution, for what rows say one by one. One thread a fit.
 *
 *     leverage h_i = |W' D^-1 J_i|^2 (identify.c): the diagonal of the hat matrix of the weighted Jacobian J, with a
 *         loss of its Gauss-Newton model's
 *     standardized = weighted residual / (s sqrt(1 - h_i)): internally studentized (Cook and Weisberg, "Residuals and
 *         influence in regression", 1982, 2.1), s as in covariance.c
 *     outliers: the largest of n has a chance of at most 5 % to be beyond the limit (Bonferroni), which follows from t
 *         with dof - 1 degrees of freedom by t = e sqrt((dof - 1) / (dof - e^2)); with absolute_sigma the normal limit
 *     Durbin and Watson, "Testing for serial correlation in least squares regression", 1950; Wald and Wolfowitz, "On a
 *         test whether two samples are from the same population", 1940, without continuity correction, residuals of 0
 *         left out
 *
 * With a covariance of the data all but `residual` and `fitted` are of the whitened rows. O(n p^2) time,
 * O(n) memory. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "math/dense.h"
#include "math/student.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct pass {
    qni_fit_result *result;
    qni_fit_solver *s;
    const qni_fit_identity *of;
    double deviation;                                    /* s, in the solver's unit */
    double *fitted, *residual, *standardized, *leverage; /* (n) of the result; NULL: sums only */
    double raw[QNI_FIT_PANEL];
    qni_fit_norms norms;
    qni_sum squares, absolute, changes; /* weighted, squared; raw, absolute; of the squared changes of the weighted */
    double before;                      /* the weighted residual of the row before */
    int64_t positive, negative, runs;
    int sign; /* of the last residual that is not 0 */
} pass;

/* d->raw := residuals of rows as the caller knows them. */
static void unweigh(pass *d, int64_t first, int64_t count, const double *r)
{
    const qni_fit_eval *eval = &d->s->eval;
    const qni_fit_rows *problem = eval->problem, *raw = problem->raw;
    if (raw != NULL) {
        raw->rows(raw->user, eval->map->x, first, count, d->raw, NULL, QNI_FIT_PANEL);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        d->raw[i] = problem->weight != NULL ? r[i] / problem->weight[first + i] : r[i];
}

/* The sum over columns of (J D^-1 W)^2 for a panel of rows. */
static void find_leverages(const pass *d, int64_t first, int64_t count, const double *r)
{
    const qni_fit_eval *eval = &d->s->eval;
    const qni_panel_kernels *kernels = eval->kernels;
    const qni_fit_identity *of = d->of;
    double *h = d->leverage + first, column[QNI_FIT_PANEL];
    memset(h, 0, (size_t)count * sizeof *h);
    for (int64_t c = 0; c < of->p; c++) {
        memset(column, 0, sizeof column);
        for (int64_t k = 0; k < of->p; k++) {
            double factor = of->inverse[k * of->p + c];
            if (factor != 0 && of->norm[k] > 0)
                kernels->subtract_multiple(column, eval->panel + k * QNI_FIT_PANEL,
                                           -factor * (eval->unit / of->norm[k]), count);
        }
        for (int64_t i = 0; i < count; i++)
            h[i] += column[i] * column[i];
    }
    const qn_fit_options *o = &d->s->options;
    for (int64_t i = 0; o->loss != QN_FIT_LOSS_LINEAR && i < count; i++)
        h[i] *= fmax(qni_fit_loss_at(o->loss, o->loss_scale, r[i]).curvature, 0);
}

/* What the order of the rows says, r the weighted residual in the solver's unit. */
static void follow_order(pass *d, double r)
{
    int sign = (r > 0) - (r < 0);
    d->positive += sign > 0;
    d->negative += sign < 0;
    d->runs += sign != 0 && sign != d->sign;
    d->sign = sign != 0 ? sign : d->sign;
    double change = r - d->before;
    if (!isnan(change))
        qni_sum_add(&d->changes, change * change);
    d->before = r;
}

static void fill_panel(pass *d, int64_t first, int64_t count, const double *r)
{
    const qni_fit_rows *problem = d->s->eval.problem;
    const double *response = problem->raw != NULL ? problem->raw->response : problem->response;
    find_leverages(d, first, count, r);
    for (int64_t i = 0; i < count; i++) {
        int64_t row = first + i;
        double weighted = r[i] * d->s->eval.unit, left = 1 - d->leverage[row];
        d->result->diagnostic_rows[row] = problem->index != NULL ? problem->index(problem->user, row) : row;
        d->residual[row] = -d->raw[i];
        d->fitted[row] = response != NULL ? response[row] + d->raw[i] : NAN;
        d->standardized[row] = left > QNI_FIT_NO_LEVER ? -weighted / (d->deviation * sqrt(left)) : NAN;
        follow_order(d, weighted);
    }
}

/* How many loss scales are so far that a row hardly counts any more; infinite without a loss. */
static double far_for(qn_fit_loss loss)
{
    if (loss == QN_FIT_LOSS_LINEAR)
        return INFINITY;
    return loss == QN_FIT_LOSS_CAUCHY || loss == QN_FIT_LOSS_ARCTAN ? QNI_FIT_LOSS_LEVELLED : QNI_FIT_LOSS_FAR;
}

static bool go_through(pass *d)
{
    qni_fit_eval *eval = &d->s->eval;
    int64_t n = eval->problem->n;
    if (!qni_fit_eval_begin(eval, d->s->x, d->leverage != NULL))
        return false;
    d->before = NAN;
    double far = far_for(d->s->options.loss) * d->s->options.loss_scale;
    for (int64_t first = 0; first < n; first += QNI_FIT_PANEL) {
        int64_t count = n - first < QNI_FIT_PANEL ? n - first : QNI_FIT_PANEL;
        qni_fit_eval_panel(eval, first, count, d->leverage != NULL);
        const double *r = qni_fit_eval_residuals(eval);
        unweigh(d, first, count, r);
        for (int64_t i = 0; i < count; i++) {
            double weighted = r[i] * eval->unit;
            qni_sum_add(&d->squares, weighted * weighted);
            qni_sum_add(&d->absolute, fabs(d->raw[i]));
            d->result->ignored += fabs(r[i]) > far;
        }
        d->norms.raw = hypot(d->norms.raw, qni_norm(d->raw, count));
        if (d->leverage != NULL)
            fill_panel(d, first, count, r);
    }
    d->norms.weighted = sqrt(qni_sum_value(d->squares)) / eval->unit;
    return true;
}

/* The |standardized| that the largest of n exceeds with this chance at most. */
static double outlier_limit(const pass *d, double chance)
{
    double n = (double)d->result->head.n, dof = (double)d->result->head.dof;
    double inside = 1 - chance / n;
    if (d->s->options.absolute_sigma)
        return qni_student_two_sided(inside, INFINITY);
    if (dof < 2)
        return INFINITY;
    double t = qni_student_two_sided(inside, dof - 1);
    return sqrt(dof * t * t / (dof - 1 + t * t));
}

/* The two-sided probability of so many runs; NaN where all are of one sign. */
static double runs_chance(double positive, double negative, double runs)
{
    double n = positive + negative, twice = 2 * positive * negative;
    double mean = twice / n + 1, variance = twice * (twice - n) / (n * n * (n - 1));
    return twice > 0 && variance > 0 ? erfc(fabs(runs - mean) / sqrt(2 * variance)) : NAN;
}

static void summarise(pass *d)
{
    qn_fit_diagnostics *out = &d->result->diagnostics;
    int64_t n = d->result->head.n;
    double limit = outlier_limit(d, QNI_FIT_OUTLIER_CHANCE), worst = outlier_limit(d, QNI_FIT_OUTLIER_WARNED);
    *out = (qn_fit_diagnostics){.row = d->result->diagnostic_rows,
                                .fitted = d->fitted,
                                .residual = d->residual,
                                .standardized = d->standardized,
                                .leverage = d->leverage,
                                .mae = qni_sum_value(d->absolute) / (double)n,
                                .durbin_watson = qni_sum_value(d->changes) / qni_sum_value(d->squares),
                                .runs = d->runs,
                                .runs_p = runs_chance((double)d->positive, (double)d->negative, (double)d->runs)};
    d->result->worst_row = -1;
    for (int64_t i = 0; i < n; i++) {
        double size = fabs(d->standardized[i]);
        out->outliers += size > limit;
        if (size > worst) {
            worst = size;
            d->result->worst_row = i;
        }
    }
    d->result->head.diagnostics = out;
}

static qn_status make_room(pass *d, qn_error *err)
{
    qni_fit_result *result = d->result;
    int64_t n = result->head.n;
    result->diagnostic_values = qni_alloc(&result->allocator, 4 * n, sizeof *result->diagnostic_values);
    result->diagnostic_rows = qni_alloc(&result->allocator, n, sizeof *result->diagnostic_rows);
    if (result->diagnostic_values == NULL || result->diagnostic_rows == NULL)
        return qni_refused(err, &result->allocator, 5 * n * (int64_t)sizeof(double),
                           "the diagnostics of %" PRId64 " rows", n);
    d->fitted = result->diagnostic_values;
    d->residual = d->fitted + n;
    d->standardized = d->residual + n;
    d->leverage = d->standardized + n;
    return QN_OK;
}

qn_status qni_fit_diagnose(qni_fit_norms *norms, qni_fit_result *result, qni_fit_solver *s, const qni_fit_identity *of,
                           qn_error *err)
{
    const qni_fit_rows *problem = s->eval.problem;
    double norm = sqrt(s->rss) / s->eval.unit;
    *norms = (qni_fit_norms){.weighted = norm, .raw = norm};
    if (!s->options.diagnostics && !problem->weighted && s->options.loss == QN_FIT_LOSS_LINEAR)
        return QN_OK;
    pass d = {.result = result, .s = s, .of = of, .deviation = qni_fit_deviation(s, result->head.dof)};
    qn_status status = s->options.diagnostics ? make_room(&d, err) : QN_OK;
    if (status != QN_OK || !go_through(&d))
        return status;
    *norms = d.norms;
    if (d.leverage != NULL)
        summarise(&d);
    return QN_OK;
}
