/* fit/weights.c: what is known of the data's errors: a standard deviation a row, or a covariance matrix, whose Cholesky
 * factor L turns residuals and derivatives into L^-1 of them before anybody sees them. One thread a fit.
 *
 *     problem ──sigma──> the same with weights
 *     problem ──covariance──> whitened: all rows at once, kept until they are asked for
 */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/number.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct whitened {
    const qni_fit_rows *inner;
    const qni_panel_kernels *kernels;
    double *factor;   /* (n, n) row-major: L in the lower triangle */
    double *r;        /* (n) */
    double *jacobian; /* (all, n) */
    double *response; /* (n) L^-1 of the data */
    double *ones;     /* (n) L^-1 of 1 */
    double *weight;   /* (n) 1 / standard deviation */
} whitened;

/* What is wrong with a standard deviation; NULL: nothing. */
static const char *sigma_fault(double sigma)
{
    if (!(sigma > 0) || isinf(sigma))
        return "it must be a positive number";
    return isinf(1 / sigma) ? "nothing can be divided by so small a number" : NULL;
}

static qn_status row_error(const qni_fit_rows *problem, int64_t row, double sigma, qn_error *err)
{
    const char *file = "";
    int64_t line = 0, index = problem->index != NULL ? problem->index(problem->user, row) : row;
    char text[QNI_NUMBER_SIZE];
    qni_number_format(text, sigma);
    if (problem->place != NULL)
        problem->place(problem->user, row, &file, &line);
    return qni_error_at(err, QN_DATA, file, line, 0, "row %" PRId64 ": sigma is %s: %s", index + 1, text,
                        sigma_fault(sigma));
}

/* x := L^-1 x. */
static void whiten(const whitened *w, double *x)
{
    int64_t n = w->inner->n;
    for (int64_t i = 0; i < n; i++) {
        const double *row = w->factor + i * n;
        x[i] = (x[i] - w->kernels->dot(row, x, i)) / row[i];
    }
}

static bool begin(void *user, const double *x, bool derivatives)
{
    whitened *w = user;
    const qni_fit_rows *inner = w->inner;
    if (inner->begin != NULL && !inner->begin(inner->user, x, derivatives))
        return false;
    for (int64_t first = 0; first < inner->n; first += QNI_FIT_PANEL) {
        int64_t count = inner->n - first < QNI_FIT_PANEL ? inner->n - first : QNI_FIT_PANEL;
        inner->rows(inner->user, x, first, count, w->r + first, derivatives ? w->jacobian + first : NULL, inner->n);
    }
    whiten(w, w->r);
    for (int64_t j = 0; derivatives && j < inner->all; j++)
        whiten(w, w->jacobian + j * inner->n);
    return true;
}

static void rows(void *user, const double *x, int64_t first, int64_t count, double *r, double *jacobian, int64_t stride)
{
    const whitened *w = user;
    (void)x;
    memcpy(r, w->r + first, (size_t)count * sizeof *r);
    for (int64_t j = 0; jacobian != NULL && j < w->inner->all; j++)
        memcpy(jacobian + j * stride, w->jacobian + j * w->inner->n + first, (size_t)count * sizeof *r);
}

static const char *name(void *user, int64_t parameter, char *buffer, int64_t size)
{
    const qni_fit_rows *inner = ((whitened *)user)->inner;
    return inner->name(inner->user, parameter, buffer, size);
}

static void place(void *user, int64_t row, const char **file, int64_t *line)
{
    const qni_fit_rows *inner = ((whitened *)user)->inner;
    if (inner->place != NULL)
        inner->place(inner->user, row, file, line);
}

static int64_t row_index(void *user, int64_t row)
{
    const qni_fit_rows *inner = ((whitened *)user)->inner;
    return inner->index != NULL ? inner->index(inner->user, row) : row;
}

/* The element of the covariance for two of the rows that are used, from both of its halves. */
static qn_status element(double *out, whitened *w, const double *covariance, int64_t total, int64_t i, int64_t j,
                         qn_error *err)
{
    int64_t from = row_index(w, i), to = row_index(w, j);
    double a = covariance[from * total + to], b = covariance[to * total + from];
    if (!isfinite(a) || !isfinite(b))
        return qni_error(err, QN_DATA, "the covariance of the data is not finite: row %" PRId64 ", column %" PRId64,
                         (isfinite(a) ? to : from) + 1, (isfinite(a) ? from : to) + 1);
    double size = sqrt(fabs(covariance[from * total + from])) * sqrt(fabs(covariance[to * total + to]));
    if (!(fabs(a - b) <= QNI_FIT_ASYMMETRY * size))
        return qni_error(err, QN_DATA, "the covariance of the data is not symmetric: rows %" PRId64 " and %" PRId64,
                         to + 1, from + 1);
    *out = a / 2 + b / 2;
    return QN_OK;
}

/* L of the rows that are used (Cholesky by rows). A matrix that is singular but for rounding is refused: its inverse
 * would be made of rounding. */
static qn_status factorise(whitened *w, const double *covariance, int64_t total, qn_error *err)
{
    int64_t n = w->inner->n;
    for (int64_t i = 0; i < n; i++) {
        double *row = w->factor + i * n;
        for (int64_t j = 0; j <= i; j++) {
            double a = 0;
            qn_status status = element(&a, w, covariance, total, i, j, err);
            if (status != QN_OK)
                return status;
            const double *other = w->factor + j * n;
            double rest = a - w->kernels->dot(row, other, j);
            if (j < i)
                row[j] = rest / other[j];
            else if (rest > (double)n * DBL_EPSILON * a)
                row[i] = sqrt(rest);
            else
                return qni_error(err, QN_DATA, "the covariance of the data is not positive definite (row %" PRId64 ")",
                                 row_index(w, i) + 1);
        }
    }
    return QN_OK;
}

static qn_status solve_whitened(qn_fit_result **out, const qni_fit_rows *inner, whitened *w, int64_t total,
                                const qn_fit_options *options, qni_fit_memory *memory, qn_error *err)
{
    int64_t n = inner->n;
    qn_status status = factorise(w, options->covariance, total, err);
    if (status != QN_OK)
        return status;
    qni_fit_rows problem = *inner, raw = *inner;
    qni_sum log_sigma = {0};
    for (int64_t i = 0; i < n; i++) {
        int64_t row = row_index(w, i);
        w->weight[i] = 1 / sqrt(options->covariance[row * total + row]);
        w->ones[i] = 1;
        w->response[i] = inner->response != NULL ? inner->response[i] : 0;
        qni_sum_add(&log_sigma, log(w->factor[i * n + i]));
    }
    whiten(w, w->ones);
    whiten(w, w->response);
    problem.begin = begin;
    problem.rows = rows;
    problem.user = w;
    problem.name = name;
    problem.place = place;
    problem.index = row_index;
    raw.weight = w->weight;
    raw.weighted = true;
    problem.raw = &raw;
    problem.weighted = true;
    problem.log_sigma = qni_sum_value(log_sigma);
    problem.response = inner->response != NULL ? w->response : NULL;
    problem.ones = w->ones;
    problem.magnitude = qni_norm(w->response, n);
    return qni_fit_rows_solve(out, &problem, options, memory, err);
}

static qn_status with_covariance(qn_fit_result **out, const qni_fit_rows *inner, int64_t total,
                                 const qn_fit_options *options, qni_fit_memory *memory, qn_error *err)
{
    int64_t n = inner->n, all = inner->all, count;
    int level;
    if (n > QNI_FIT_COVARIANCE_ROWS)
        return qni_error(err, QN_LIMIT, "a covariance of %" PRId64 " rows is more than a fit can have (%d)", n,
                         QNI_FIT_COVARIANCE_ROWS);
    qn_status status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    count = n * (n + all + 4);
    double *block = qni_alloc(&memory->allocator, count, sizeof *block);
    if (block == NULL)
        return qni_refused(err, memory->source, count * (int64_t)sizeof *block, "a covariance of %" PRId64 " rows", n);
    whitened w = {.inner = inner, .kernels = qni_panel_kernels_of(level), .factor = block};
    w.jacobian = block + n * n;
    w.r = w.jacobian + n * all;
    w.response = w.r + n;
    w.ones = w.response + n;
    w.weight = w.ones + n;
    status = solve_whitened(out, inner, &w, total, options, memory, err);
    qni_free(&memory->allocator, block, count, sizeof *block);
    return status;
}

/* The norm of the data times `weight`. */
static double weighted_norm(const double *response, const double *weight, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(response[i] * weight[i]));
    if (!(largest > 0) || isinf(largest))
        return largest;
    qni_sum sum = {0};
    for (int64_t i = 0; i < n; i++) {
        double share = response[i] * weight[i] / largest;
        qni_sum_add(&sum, share * share);
    }
    return largest * sqrt(qni_sum_value(sum));
}

static qn_status with_sigma(qn_fit_result **out, const qni_fit_rows *inner, const double *sigma,
                            const qn_fit_options *options, qni_fit_memory *memory, qn_error *err)
{
    int64_t n = inner->n;
    qn_status status = QN_OK;
    qni_fit_rows problem = *inner;
    double *weight = qni_alloc(&memory->allocator, n, sizeof *weight);
    if (weight == NULL)
        return qni_refused(err, memory->source, n * (int64_t)sizeof *weight, "%" PRId64 " weights", n);
    qni_sum log_sigma = {0};
    for (int64_t i = 0; status == QN_OK && i < n; i++) {
        weight[i] = 1 / sigma[i];
        if (sigma_fault(sigma[i]) != NULL)
            status = row_error(inner, i, sigma[i], err);
        qni_sum_add(&log_sigma, log(sigma[i]));
    }
    if (status == QN_OK) {
        problem.weight = weight;
        problem.weighted = true;
        problem.log_sigma = qni_sum_value(log_sigma);
        problem.magnitude = inner->response != NULL ? weighted_norm(inner->response, weight, n) : 0;
        status = qni_fit_rows_solve(out, &problem, options, memory, err);
    }
    qni_free(&memory->allocator, weight, n, sizeof *weight);
    return status;
}

qn_status qni_fit_weighted_solve(qn_fit_result **out, const qni_fit_rows *problem, const double *sigma, int64_t total,
                                 const qn_fit_options *options, qni_fit_memory *memory, qn_error *err)
{
    if (sigma != NULL && options->covariance != NULL)
        return qni_error(err, QN_INVALID, "the errors of the data are given twice: by sigma and by a covariance");
    if (options->absolute_sigma && sigma == NULL && options->covariance == NULL)
        return qni_error(err, QN_INVALID, "absolute_sigma says something of sigma or a covariance: there is none");
    if (sigma != NULL)
        return with_sigma(out, problem, sigma, options, memory, err);
    if (options->covariance != NULL)
        return with_covariance(out, problem, total, options, memory, err);
    return qni_fit_rows_solve(out, problem, options, memory, err);
}
