/* fit/advice.c: what a person should know before believing a fit, in words. An ordinary good fit draws no warning. One
 * thread a fit. */
#include "fit/fit_int.h"

#include "base/number.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends to a text of `size` bytes of which `used` are taken; what does not fit is left out. */
static void append(char *text, size_t size, size_t *used, const char *format, ...) QN_PRINTF(4, 5);

static void append(char *text, size_t size, size_t *used, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = *used < size ? vsnprintf(text + *used, size - *used, format, arguments) : 0;
    va_end(arguments);
    *used += length > 0 ? (size_t)length : 0;
}

static bool involved(const qn_fit_direction *direction, int64_t j)
{
    return fabs(direction->weights[j]) >= QNI_FIT_INVOLVED;
}

/* "a", "b" and "c", and 0.71 a - 0.71 b: the parameters that take part in a direction; how many those are. */
static int64_t describe(char *names, char *sum, size_t size, const qni_fit_result *result,
                        const qn_fit_direction *direction)
{
    int64_t count = 0, shown = 0;
    size_t used = 0, used_sum = 0;
    for (int64_t j = 0; j < result->head.p; j++)
        count += involved(direction, j);
    names[0] = sum[0] = '\0';
    for (int64_t j = 0; j < result->head.p && shown < QNI_FIT_NAMED; j++) {
        double weight = direction->weights[j];
        if (!involved(direction, j))
            continue;
        bool last = shown + 1 == count;
        append(names, size, &used, "%s\"%.60s\"", shown == 0 ? "" : (last ? " and " : ", "), result->names[j]);
        append(sum, size, &used_sum, "%s%.2f %.60s",
               shown == 0 ? (weight < 0 ? "-" : "") : (weight < 0 ? " - " : " + "), fabs(weight), result->names[j]);
        shown++;
    }
    if (shown < count) {
        append(names, size, &used, " and %" PRId64 " more", count - shown);
        append(sum, size, &used_sum, " …");
    }
    return count;
}

static qn_status warn_of_direction(qni_fit_result *result, const qn_fit_direction *direction, qn_error *err)
{
    char names[200], sum[200];
    int64_t count = describe(names, sum, sizeof names, result, direction);
    if (direction->singular && count == 1)
        return qni_fit_result_warn(result, err,
                                   "the data do not determine %s: the model does not change with it here, so it has no "
                                   "standard error",
                                   names);
    if (direction->singular)
        return qni_fit_result_warn(
            result, err,
            "the data do not determine a combination of %s (%s in their own units): they have no "
            "standard errors",
            names, sum);
    return qni_fit_result_warn(
        result, err,
        "the data hardly determine a combination of %s (%s in their own units): %.0e times worse "
        "than the best one",
        names, sum, 1 / direction->singular_value);
}

static qn_status warn_of_directions(qni_fit_result *result, qn_error *err)
{
    int64_t count = result->head.direction_count;
    qn_status status = QN_OK;
    for (int64_t i = 0; status == QN_OK && i < count && i < QNI_FIT_NAMED; i++)
        status = warn_of_direction(result, &result->directions[i], err);
    if (status == QN_OK && count > QNI_FIT_NAMED)
        status = qni_fit_result_warn(result, err, "the data do not determine %" PRId64 " more combinations well",
                                     count - QNI_FIT_NAMED);
    return status;
}

static qn_status warn_of_bounds(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    for (int64_t k = 0; k < s->p; k++) {
        qn_fit_parameter *parameter = &result->parameters[s->eval.map->free[k]];
        if (!parameter->at_bound)
            continue;
        char text[QNI_NUMBER_SIZE];
        qni_number_format(text, s->x[k]);
        qn_status status = qni_fit_result_warn(
            result, err, "\"%s\" ended at its %s bound %s: the standard errors take no account of that",
            parameter->name, s->x[k] == s->lower[k] ? "lower" : "upper", text);
        if (status != QN_OK)
            return status;
    }
    return QN_OK;
}

static qn_status warn_of_dof(qni_fit_result *result, qn_error *err)
{
    const qn_fit_result *head = &result->head;
    if (head->dof == 0)
        return qni_fit_result_warn(result, err, "there are as many parameters as rows (%" PRId64 "): %s", head->n,
                                   head->absolute_sigma ? "nothing is left to tell whether the model is right"
                                                        : "no standard errors");
    if (head->dof < QNI_FIT_FEW && head->status == QN_FIT_CONVERGED && !head->absolute_sigma)
        return qni_fit_result_warn(result, err,
                                   "there is only one row more than parameters: the standard errors rest on one degree "
                                   "of freedom");
    return QN_OK;
}

/* Of the pairs that are nearly one parameter, the worst. */
static qn_status warn_of_correlation(qni_fit_result *result, qn_error *err)
{
    int64_t p = result->head.p, first = 0, second = 0, count = 0;
    double worst = 0;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < i; j++) {
            bool tied = result->parameters[i].role == QN_FIT_TIED || result->parameters[j].role == QN_FIT_TIED;
            double size = tied ? 0 : fabs(result->correlation[i * p + j]);
            count += size > QNI_FIT_CORRELATED;
            if (size > QNI_FIT_CORRELATED && size > worst) {
                worst = size;
                first = j;
                second = i;
            }
        }
    if (count == 0)
        return QN_OK;
    return qni_fit_result_warn(
        result, err, "the errors of \"%s\" and \"%s\" are correlated to %.6f%s: the data hardly tell them apart",
        result->names[first], result->names[second], result->correlation[second * p + first],
        count > 1 ? " (other pairs are, too)" : "");
}

/* One parameter that may as well be 0 is no news; most of them are. */
static qn_status warn_of_vague_values(qni_fit_result *result, qn_error *err)
{
    int64_t count = 0;
    for (int64_t j = 0; j < result->head.p; j++) {
        const qn_fit_parameter *parameter = &result->parameters[j];
        count += parameter->role == QN_FIT_FREE && parameter->stderr_ > fabs(parameter->value);
    }
    if (2 * count <= result->head.free)
        return QN_OK;
    return qni_fit_result_warn(result, err,
                               "the standard errors of %" PRId64 " of %" PRId64
                               " parameters are larger than their values: the data say little about this model",
                               count, result->head.free);
}

static qn_status warn_of_outliers(qni_fit_result *result, const qni_fit_rows *problem, qn_error *err)
{
    int64_t row = result->worst_row, count = result->diagnostics.outliers, line = 0;
    const char *file = "";
    char place[120] = "";
    if (problem->place != NULL)
        problem->place(problem->user, row, &file, &line);
    if (line > 0)
        snprintf(place, sizeof place, " (%.*s:%" PRId64 ")", (int)qni_utf8_cut(file, (int64_t)strlen(file), 80), file,
                 line);
    return qni_fit_result_warn(
        result, err, "%" PRId64 " row%s far from the model: row %" PRId64 "%s most, by %.3g standard deviations", count,
        count == 1 ? " is" : "s are", result->diagnostics.row[row] + 1, place,
        fabs(result->diagnostics.standardized[row]));
}

/* Signs that stay or change too regularly, by either test. */
static qn_status warn_of_order(qni_fit_result *result, qn_error *err)
{
    const qn_fit_diagnostics *d = &result->diagnostics;
    double shift = (d->durbin_watson - 2) / 2 * sqrt((double)result->head.n); /* about normal with deviation 1 */
    if (result->head.n < QNI_FIT_ORDERED || !(d->runs_p < QNI_FIT_ORDER_CHANCE && fabs(shift) > QNI_FIT_ORDER_SHIFT))
        return QN_OK;
    return qni_fit_result_warn(result, err,
                               shift < 0 ? "residuals of neighbouring rows go together (%" PRId64
                                           " runs of one sign, Durbin-Watson %.2f): the model misses something, or the "
                                           "errors are correlated and the standard errors too small"
                                         : "residuals of neighbouring rows alternate (%" PRId64
                                           " runs of one sign, Durbin-Watson %.2f): their errors are not independent",
                               d->runs, d->durbin_watson);
}

/* Half of the rows or more so far beyond the loss's scale that moving the model changes next to nothing. */
static qn_status warn_of_loss(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    if (2 * result->ignored <= result->head.n)
        return QN_OK;
    char scale[QNI_NUMBER_SIZE];
    qni_number_format(scale, s->options.loss_scale);
    return qni_fit_result_warn(result, err,
                               "the loss scale %s is far below the residuals of %" PRId64 " of %" PRId64
                               " rows: the fit hardly looks at the data; a larger scale would",
                               scale, result->ignored, result->head.n);
}

/* A fit that a constant beats. */
static qn_status warn_of_constant(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    if (!(result->head.r_squared < 0) || s->options.loss != QN_FIT_LOSS_LINEAR)
        return QN_OK;
    return qni_fit_result_warn(result, err, "the best constant describes the data better than this fit (R² = %.3g)",
                               result->head.r_squared);
}

/* What rows say one by one and in their order, unless their residuals are rounding. */
static qn_status warn_of_rows(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    if (result->head.diagnostics == NULL || sqrt(s->rss) <= QNI_FIT_ROUNDINGS * s->noise)
        return QN_OK;
    qn_status status = result->worst_row >= 0 ? warn_of_outliers(result, s->eval.problem, err) : QN_OK;
    return status == QN_OK ? warn_of_order(result, err) : status;
}

/* RSS and covariance are squares: they leave the range of double precision where all else is well within it. */
static qn_status warn_of_range(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    bool lost = s->rss > 0 && (result->head.cost == 0 || isinf(result->head.cost));
    for (int64_t j = 0; j < result->head.p && !lost; j++) {
        double root = result->parameters[j].stderr_, square = result->covariance[j * result->head.p + j];
        lost = root > 0 && isfinite(root) && (square == 0 || isinf(square));
    }
    return lost ? qni_fit_result_warn(result, err,
                                      "the residual sum of squares or the covariance is beyond the range of numbers: "
                                      "another unit for the data would help")
                : QN_OK;
}

qn_status qni_fit_advise(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    bool converged = result->head.status == QN_FIT_CONVERGED;
    qn_status status = warn_of_bounds(result, s, err);
    if (status == QN_OK)
        status = warn_of_dof(result, err);
    if (status == QN_OK && converged)
        status = warn_of_directions(result, err);
    if (status == QN_OK && result->head.direction_count == 0) {
        status = warn_of_correlation(result, err);
        if (status == QN_OK)
            status = warn_of_vague_values(result, err);
    }
    if (status == QN_OK && converged)
        status = warn_of_rows(result, s, err);
    if (status == QN_OK)
        status = warn_of_loss(result, s, err);
    if (status == QN_OK)
        status = warn_of_constant(result, s, err);
    return status == QN_OK ? warn_of_range(result, s, err) : status;
}
