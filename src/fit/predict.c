/* fit/predict.c: what a fit says of new data: the curve, how sure it is, where a new observation may lie. One thread a
 * call.
 *
 * The variance of a fitted value is g' C g. The covariance C, scaled to a unit diagonal, is factorised once (Cholesky
 * with pivoting, Higham 2002, chapter 10: C = F F', whatever its rank), so that the variance is a sum of squares,
 * |F' g|^2: never negative. What rounding of C's own elements leaves of it is known, and where that is nothing it says
 * so. */
#include <quern/predict.h>

#include "fit/column.h"
#include "fit/predict_int.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/number.h"
#include "base/options.h"
#include "fit/limits.h"
#include "math/panel.h"
#include "math/student.h"
#include "mem/refuse.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct prediction {
    qn_prediction head; /* first: what the caller sees */
    const qn_allocator *allocator;
    double *values; /* (value_count) all arrays */
    int64_t value_count;
    char no_interval[320];
} prediction;

typedef struct job {
    const qn_model *model;
    const qn_fit_result *fit;
    const qn_table *table;
    qn_predict_options options; /* resolved */
    const qn_allocator *allocator;
    const qni_panel_kernels *kernels;
    qn_model_workspace *workspace;
    int64_t n, p;
    int64_t columns;       /* of the model, and one more: sigma */
    const double **column; /* (columns) NULL: not read */
    double **copy;         /* (columns) of (n); NULL: the column is the table's own */
    int64_t *index;        /* (columns) in the table; -1: not there */
    double *block;         /* (block_count) what follows */
    int64_t block_count;
    double *parameters;              /* (p) */
    double *deviation;               /* (p) the parameters' standard errors; NaN: the data do not determine it */
    double *factor;                  /* (rank, p) F: column k at [k * p] */
    double *work;                    /* (p) */
    double *panel;                   /* (p, QNI_FIT_PANEL) derivatives */
    double *term, *variance, *bound; /* (QNI_FIT_PANEL) an element of F' g; the sum of squares of those / unit(bound);
                                        sum |g_i| deviation_i, which no element exceeds */
    int64_t rank;
    double t;       /* the quantile */
    double scale;   /* what sigma is multiplied by; of an unweighted fit the standard deviation itself */
    bool intervals; /* there are prediction intervals */
    prediction *out;
    double *fitted, *observed, *residual, *stderr_, *ci_low, *ci_high, *pi_low, *pi_high;
} job;

void qn_predict_options_init(qn_predict_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_prediction_free(qn_prediction *head)
{
    if (head == NULL)
        return;
    prediction *p = (prediction *)head;
    qni_free(p->allocator, p->values, p->value_count, sizeof *p->values);
    qni_delete(p->allocator, p);
}

static void job_fini(job *j)
{
    qn_model_workspace_free(j->workspace);
    for (int64_t c = 0; j->copy != NULL && c < j->columns; c++)
        qni_free(j->allocator, j->copy[c], j->n, sizeof **j->copy);
    qni_free(j->allocator, j->copy, j->columns, sizeof *j->copy);
    qni_free(j->allocator, j->column, j->columns, sizeof *j->column);
    qni_free(j->allocator, j->index, j->columns, sizeof *j->index);
    qni_free(j->allocator, j->block, j->block_count, sizeof *j->block);
    if (j->out != NULL)
        qn_prediction_free(&j->out->head);
}

static qn_status no_memory(const job *j, qn_error *err)
{
    return qni_refused(err, j->allocator, j->n * (int64_t)sizeof(double), "a prediction of %" PRId64 " rows", j->n);
}

/* ---- the columns ---- */

static qn_status bad_row(const job *j, int64_t row, const char *column, const char *why, qn_error *err)
{
    return qni_error_at(err, QN_DATA, qn_table_source(j->table), qn_table_row_line(j->table, row), 0,
                        "row %" PRId64 ": column \"%s\" %s", row + 1, column, why);
}

static qn_status open_column(job *j, int64_t c, const char *name, qn_error *err)
{
    return qni_fit_column(&j->column[c], &j->copy[c], &j->index[c], j->table, name, j->allocator, j->allocator, err);
}

/* The first row that has no finite number, where that is an error. */
static qn_status check_cells(const job *j, int64_t c, const char *name, qn_error *err)
{
    if (j->options.nan == QN_FIT_NAN_OMIT)
        return QN_OK;
    for (int64_t i = 0; i < j->n; i++) {
        const char *fault =
            isfinite(j->column[c][i]) ? NULL : qni_fit_cell_fault(j->table, j->index[c], i, j->column[c][i]);
        if (fault != NULL)
            return bad_row(j, i, name, fault, err);
    }
    return QN_OK;
}

/* The predictors; and where all columns of the response are there, these too. */
static qn_status open_columns(job *j, bool *observed, qn_error *err)
{
    int64_t count = qn_model_column_count(j->model);
    *observed = qn_model_has_response(j->model);
    for (int64_t c = 0; c < count; c++)
        if (!qn_model_column_is_predictor(j->model, c) &&
            qn_table_column_find(j->table, qn_model_column_name(j->model, c)) < 0)
            *observed = false;
    for (int64_t c = 0; c < count; c++) {
        const char *name = qn_model_column_name(j->model, c);
        bool predictor = qn_model_column_is_predictor(j->model, c);
        qn_status s = predictor || *observed ? open_column(j, c, name, err) : QN_OK;
        if (s == QN_OK && predictor)
            s = check_cells(j, c, name, err);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

/* ---- the new observations' errors ---- */

static qn_status check_sigma(const job *j, const char *name, qn_error *err)
{
    const double *sigma = j->column[j->columns - 1];
    for (int64_t i = 0; i < j->n; i++) {
        bool number = isfinite(sigma[i]);
        if (number ? sigma[i] > 0 : j->options.nan == QN_FIT_NAN_OMIT && j->options.sigma == NULL)
            continue;
        char text[QNI_NUMBER_SIZE], why[80];
        qni_number_format(text, sigma[i]);
        (void)snprintf(why, sizeof why, "is %s: it must be a positive number", text);
        return bad_row(j, i, name, why, err);
    }
    return QN_OK;
}

static void forgo_interval(job *j, const char *name)
{
    prediction *out = j->out;
    if (name != NULL)
        (void)snprintf(
            out->no_interval, sizeof out->no_interval,
            "the fit is weighted by the column \"%.200s\", which the data does not have: there is no prediction "
            "interval",
            name);
    else
        (void)snprintf(out->no_interval, sizeof out->no_interval,
                       "the fit is weighted by errors that the data does not have: there is no prediction interval");
    out->head.no_interval = out->no_interval;
}

/* The standard deviation of a new observation: what is known of it. */
static qn_status open_sigma(job *j, qn_error *err)
{
    const qn_predict_options *o = &j->options;
    const char *name = o->sigma_column != NULL ? o->sigma_column : j->fit->sigma_column;
    int64_t c = j->columns - 1;
    j->scale = j->fit->absolute_sigma ? 1 : j->fit->residual_sd;
    j->intervals = isfinite(j->scale);
    if (!j->intervals)
        j->out->head.no_interval = "the fit has no residual standard deviation: there is no prediction interval";
    if (!j->fit->weighted || !j->intervals)
        return QN_OK;
    if (o->sigma != NULL) {
        j->column[c] = o->sigma;
        return check_sigma(j, "sigma", err);
    }
    j->intervals = name != NULL && (o->sigma_column != NULL || qn_table_column_find(j->table, name) >= 0);
    if (!j->intervals) {
        forgo_interval(j, name);
        return QN_OK;
    }
    qn_status s = open_column(j, c, name, err);
    if (s == QN_OK)
        s = check_cells(j, c, name, err);
    return s == QN_OK ? check_sigma(j, name, err) : s;
}

/* ---- the covariance ---- */

/* Whether the square of a parameter's standard error is out of the range of numbers, though itself it is not. */
static bool is_square_lost(const qn_fit_result *fit, int64_t i)
{
    double square = fit->covariance[i * fit->p + i], root = fit->parameters[i].stderr_;
    return !(square >= DBL_MIN && square <= DBL_MAX) && root > 0 && root <= DBL_MAX;
}

/* The standard error of a parameter; NaN: not known. */
static double deviation(const qn_fit_result *fit, int64_t i)
{
    double square = fit->covariance[i * fit->p + i];
    if (is_square_lost(fit, i))
        return fit->correlation != NULL && fit->correlation[i * fit->p + i] == 1 ? fit->parameters[i].stderr_ : NAN;
    return isfinite(square) ? sqrt(square) : NAN;
}

/* Why there are no standard errors; NULL: there are. */
static const char *no_band(const qn_fit_result *fit)
{
    if (fit->status != QN_FIT_CONVERGED)
        return "the fit did not converge, so it has no standard errors: there is no band";
    if (fit->dof <= 0 && !fit->absolute_sigma)
        return "the fit has as many parameters as rows, so it has no standard errors: there is no band";
    for (int64_t i = 0; i < fit->p; i++)
        if (!isnan(deviation(fit, i)))
            return NULL;
    return "the fit has no covariance: there is no band";
}

/* An element of the covariance, scaled to a unit diagonal. */
static double correlation(const job *j, int64_t i, int64_t k)
{
    double a = j->deviation[i], b = j->deviation[k];
    if (!(a > 0 && b > 0))
        return 0;
    bool lost = is_square_lost(j->fit, i) || is_square_lost(j->fit, k);
    return lost ? j->fit->correlation[i * j->p + k] : j->fit->covariance[i * j->p + k] / a / b;
}

/* The next column of F, from the parameter of which most is still to be explained. */
static qn_status eliminate(job *j, int64_t pivot, qn_error *err)
{
    int64_t p = j->p;
    double *column = j->factor + j->rank * p, root = sqrt(j->work[pivot]);
    j->work[pivot] = -INFINITY; /* done */
    for (int64_t i = 0; i < p; i++) {
        if (j->work[i] == -INFINITY)
            continue; /* its element is 0 */
        double rest = correlation(j, i, pivot);
        for (int64_t k = 0; k < j->rank; k++)
            rest -= j->factor[k * p + i] * j->factor[k * p + pivot];
        column[i] = rest / root;
        j->work[i] -= column[i] * column[i];
        if (!(j->work[i] > -QNI_FIT_BAND_INDEFINITE))
            return qni_error(err, QN_DATA,
                             "the covariance of the fit is none: \"%s\" and \"%s\" cannot go together like that",
                             j->fit->parameters[pivot].name, j->fit->parameters[i].name);
    }
    column[pivot] = root;
    j->rank++;
    return QN_OK;
}

/* F F' = C: work is what is still to be explained of each parameter's variance, scaled to 1. */
static qn_status factorise(job *j, qn_error *err)
{
    int64_t p = j->p, pivot = 0;
    for (int64_t i = 0; i < p; i++) {
        j->deviation[i] = deviation(j->fit, i);
        j->work[i] = j->deviation[i] > 0 ? 1 : 0;
    }
    for (;;) {
        for (int64_t i = 0; i < p; i++)
            if (j->work[i] > j->work[pivot])
                pivot = i;
        if (!(j->work[pivot] > (double)p * DBL_EPSILON))
            break;
        qn_status s = eliminate(j, pivot, err);
        if (s != QN_OK)
            return s;
    }
    for (int64_t k = 0; k < j->rank; k++)
        for (int64_t i = 0; i < p; i++)
            j->factor[k * p + i] *= isnan(j->deviation[i]) ? 0 : j->deviation[i];
    return QN_OK;
}

qn_status qni_predict_check(const qn_fit_result *result, const qn_allocator *allocator, qn_error *err)
{
    int64_t p = result->p;
    job j = {.fit = result, .p = p, .allocator = allocator, .block_count = p * (p + 2)};
    if (no_band(result) != NULL)
        return QN_OK;
    j.block = qni_alloc_zeroed(allocator, j.block_count, sizeof *j.block);
    if (j.block == NULL)
        return no_memory(&j, err);
    j.factor = j.block;
    j.deviation = j.factor + p * p;
    j.work = j.deviation + p;
    qn_status s = factorise(&j, err);
    job_fini(&j);
    return s;
}

/* ---- the rows ---- */

/* A power of two near x > 0, whose inverse is a number, too: squares of what is divided by it stay in range. */
static double unit(double x)
{
    int exponent = 0;
    if (x > 0 && x <= DBL_MAX)
        (void)frexp(x, &exponent);
    return ldexp(1, exponent < DBL_MIN_EXP ? DBL_MIN_EXP : exponent < DBL_MAX_EXP ? exponent : DBL_MAX_EXP - 1);
}

/* sqrt(a^2 + b^2), whatever their size. */
static double length(double a, double b)
{
    double one = unit(fabs(a) > fabs(b) ? fabs(a) : fabs(b)), x = a / one, y = b / one;
    return one * sqrt(x * x + y * y);
}

/* Variances of the fitted values of a panel, from its derivatives. The bound is NaN where the curve depends on a
 * parameter that is not determined. */
static void variances(job *j, int64_t count)
{
    size_t size = (size_t)count * sizeof *j->term;
    memset(j->bound, 0, size);
    memset(j->variance, 0, size);
    for (int64_t i = 0; i < j->p; i++)
        for (int64_t row = 0; row < count; row++) {
            double slope = fabs(j->panel[i * QNI_FIT_PANEL + row]);
            j->bound[row] += slope == 0 || j->deviation[i] == 0 ? 0 : slope * j->deviation[i];
        }
    for (int64_t k = 0; k < j->rank; k++) {
        memset(j->term, 0, size);
        for (int64_t i = 0; i < j->p; i++)
            if (j->factor[k * j->p + i] != 0)
                j->kernels->subtract_multiple(j->term, j->panel + i * QNI_FIT_PANEL, -j->factor[k * j->p + i], count);
        for (int64_t row = 0; row < count; row++) {
            double term = j->term[row] / unit(j->bound[row]);
            j->variance[row] += term * term;
        }
    }
}

/* Counts a row without a standard error by its reason. */
static void count_lost(job *j, int64_t i)
{
    qn_prediction *out = &j->out->head;
    bool finite = true;
    for (int64_t k = 0; k < j->p; k++)
        finite = finite && (j->deviation[k] == 0 || isfinite(j->panel[k * QNI_FIT_PANEL + i]));
    if (!finite)
        out->not_finite++;
    else if (isinf(j->bound[i]))
        out->too_large++;
    else
        out->undetermined++;
}

static double number_or_nan(double x)
{
    return isfinite(x) ? x : NAN;
}

static void band_row(job *j, int64_t row, int64_t i)
{
    double fitted = j->fitted[row], variance = j->variance[i], bound = j->bound[i], one = unit(bound);
    double sigma = j->column[j->columns - 1] != NULL ? j->column[j->columns - 1][row] : 1;
    if (isnan(fitted))
        return;
    double share = bound / one;
    if (!isfinite(bound) || !isfinite(variance) ||
        (bound != 0 && !(variance > QNI_FIT_BAND_ROUNDINGS * (double)j->p * DBL_EPSILON * share * share))) {
        count_lost(j, i);
        return;
    }
    double known = j->intervals ? j->scale * sigma : NAN; /* all that there is where the curve is sure */
    double error = one * sqrt(variance), half = j->t * error, wide = j->t * length(error, known);
    j->stderr_[row] = error;
    j->ci_low[row] = number_or_nan(fitted - half);
    j->ci_high[row] = number_or_nan(fitted + half);
    j->pi_low[row] = number_or_nan(fitted - wide);
    j->pi_high[row] = number_or_nan(fitted + wide);
    if (isinf(fitted - half) || isinf(fitted + half) || isinf(fitted - wide) || isinf(fitted + wide))
        j->out->head.too_large++;
}

/* A row whose predictors are no numbers has no value, also where the formula does not look at them in that row. */
static void value_row(job *j, int64_t row)
{
    qn_prediction *out = &j->out->head;
    for (int64_t c = 0; c < j->columns - 1; c++)
        if (qn_model_column_is_predictor(j->model, c) && !isfinite(j->column[c][row])) {
            out->omitted++;
            j->fitted[row] = NAN;
            return;
        }
    if (isfinite(j->fitted[row]))
        return;
    out->not_finite++;
    j->fitted[row] = NAN;
}

/* Whether no cell of a row is missing. */
static bool has_response(const job *j, int64_t row)
{
    for (int64_t c = 0; c < j->columns - 1; c++)
        if (j->column[c] != NULL && isnan(j->column[c][row]))
            return false;
    return true;
}

static void predict_rows(job *j, bool band)
{
    for (int64_t first = 0; first < j->n; first += QNI_FIT_PANEL) {
        int64_t count = j->n - first < QNI_FIT_PANEL ? j->n - first : QNI_FIT_PANEL;
        qn_model_eval(j->model, j->workspace, j->column, first, count, j->parameters, j->fitted + first,
                      band ? j->panel : NULL, QNI_FIT_PANEL);
        if (band)
            variances(j, count);
        for (int64_t i = 0; i < count; i++) {
            value_row(j, first + i);
            if (band)
                band_row(j, first + i, i);
        }
    }
    if (j->observed == NULL)
        return;
    qn_model_eval_response(j->model, j->workspace, j->column, 0, j->n, j->observed);
    for (int64_t i = 0; i < j->n; i++) {
        if (!isfinite(j->observed[i]) && has_response(j, i))
            j->out->head.no_response++;
        j->observed[i] = number_or_nan(j->observed[i]);
        j->residual[i] = number_or_nan(j->observed[i] - j->fitted[i]);
    }
}

/* ---- the whole ---- */

/* The next of the prediction's arrays. */
static double *take(job *j, bool wanted, int64_t *used)
{
    double *array = j->out->values + *used;
    if (!wanted)
        return NULL;
    for (int64_t i = 0; i < j->n; i++)
        array[i] = NAN;
    *used += j->n;
    return array;
}

static qn_status make_arrays(job *j, bool observed, qn_error *err)
{
    prediction *out = j->out;
    bool band = j->options.band;
    int64_t used = 0, arrays = 1 + (observed ? 2 : 0) + (band ? 5 : 0);
    if (!qni_size_mul(&out->value_count, arrays, j->n))
        return no_memory(j, err);
    out->values = qni_alloc(j->allocator, out->value_count, sizeof *out->values);
    if (out->values == NULL)
        return no_memory(j, err);
    out->head.fitted = j->fitted = take(j, true, &used);
    out->head.observed = j->observed = take(j, observed, &used);
    out->head.residual = j->residual = take(j, observed, &used);
    out->head.stderr_ = j->stderr_ = take(j, band, &used);
    out->head.ci_low = j->ci_low = take(j, band, &used);
    out->head.ci_high = j->ci_high = take(j, band, &used);
    out->head.pi_low = j->pi_low = take(j, band, &used);
    out->head.pi_high = j->pi_high = take(j, band, &used);
    return QN_OK;
}

/* What is prepared for all rows. */
static qn_status prepare(job *j, qn_error *err)
{
    int64_t p = j->p, factor = j->options.band ? p * p : 0;
    j->block_count = factor + p * (3 + QNI_FIT_PANEL) + INT64_C(3) * QNI_FIT_PANEL;
    j->block = qni_alloc_zeroed(j->allocator, j->block_count, sizeof *j->block);
    if (j->block == NULL)
        return no_memory(j, err);
    j->factor = j->block;
    j->parameters = j->factor + factor;
    j->deviation = j->parameters + p;
    j->work = j->deviation + p;
    j->panel = j->work + p;
    j->term = j->panel + p * QNI_FIT_PANEL;
    j->variance = j->term + QNI_FIT_PANEL;
    j->bound = j->variance + QNI_FIT_PANEL;
    for (int64_t i = 0; i < p; i++)
        j->parameters[i] = j->fit->parameters[i].value;
    return qn_model_workspace_new(&j->workspace, j->model, j->allocator, err);
}

static qn_status prepare_band(job *j, qn_error *err)
{
    if (!j->options.band || j->out->head.no_band != NULL)
        return QN_OK;
    j->t = qni_student_two_sided(j->options.confidence, j->fit->absolute_sigma ? INFINITY : (double)j->fit->dof);
    qn_status s = open_sigma(j, err);
    return s == QN_OK ? factorise(j, err) : s;
}

static qn_status predict(job *j, qn_error *err)
{
    bool observed;
    j->out = qni_new(j->allocator, prediction);
    if (j->out == NULL)
        return no_memory(j, err);
    j->out->allocator = j->allocator;
    j->out->head.n = j->n;
    j->out->head.confidence = j->options.confidence;
    j->out->head.no_band = j->options.band ? no_band(j->fit) : NULL;
    qn_status s = prepare(j, err);
    if (s == QN_OK)
        s = open_columns(j, &observed, err);
    if (s == QN_OK)
        s = prepare_band(j, err);
    if (s == QN_OK)
        s = make_arrays(j, observed, err);
    if (s == QN_OK)
        predict_rows(j, j->options.band && j->out->head.no_band == NULL);
    return s;
}

static qn_status check(const job *j, qn_error *err)
{
    const qn_predict_options *o = &j->options;
    if (o->nan != QN_FIT_NAN_RAISE && o->nan != QN_FIT_NAN_OMIT)
        return qni_error(err, QN_INVALID, "nan is %d: it is neither raise nor omit", (int)o->nan);
    if (o->sigma != NULL && o->sigma_column != NULL)
        return qni_error(err, QN_INVALID, "sigma is given twice: as numbers and as a column");
    if ((o->sigma != NULL || o->sigma_column != NULL) && !j->fit->weighted)
        return qni_error(err, QN_INVALID, "sigma says nothing of new data where the fit was not weighted");
    if (!(o->confidence > 0 && o->confidence < 1))
        return qni_error(err, QN_INVALID, "the confidence must be between 0 and 1, as in 0.95");
    return qni_fit_check_names(j->model, j->fit, err);
}

qn_status qn_predict(qn_prediction **out, const qn_model *model, const qn_fit_result *result, const qn_table *table,
                     const qn_predict_options *options, qn_error *err)
{
    *out = NULL;
    if (model == NULL || result == NULL || table == NULL)
        return qni_error(err, QN_INVALID, "a prediction needs a model, its fit and a table");
    job j = {.model = model, .fit = result, .table = table, .p = result->p, .n = qn_table_row_count(table)};
    int level;
    qn_status s = qni_options_copy(&j.options, sizeof j.options, options, "qn_predict_options", err);
    if (s == QN_OK && j.options.confidence == 0)
        j.options.confidence = result->confidence;
    if (s == QN_OK)
        s = check(&j, err);
    if (s == QN_OK)
        s = qni_cpu_level(&level, err);
    if (s != QN_OK)
        return s;
    j.kernels = qni_panel_kernels_of(level);
    j.allocator = j.options.allocator;
    j.columns = qn_model_column_count(model) + 1;
    j.column = qni_alloc_zeroed(j.allocator, j.columns, sizeof *j.column);
    j.copy = qni_alloc_zeroed(j.allocator, j.columns, sizeof *j.copy);
    j.index = qni_alloc_zeroed(j.allocator, j.columns, sizeof *j.index);
    s = j.column != NULL && j.copy != NULL && j.index != NULL ? predict(&j, err) : no_memory(&j, err);
    if (s == QN_OK) {
        *out = &j.out->head;
        j.out = NULL;
    }
    job_fini(&j);
    return s;
}
