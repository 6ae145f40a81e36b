/* fit/result.c: a result and what is said in it: statistics from the last point, warnings that name parameters. One
 * thread.
 *
 * The covariance is s^2 (J'J)^-1 from the singular values of the Jacobian's triangular factor, columns scaled to
 * length 1. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "fit/limits.h"
#include "math/dense.h"
#include "math/student.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *qn_fit_status_name(qn_fit_status status)
{
    switch (status) {
#define NAME(name, value, text) \
    case QN_FIT_##name:         \
        return text;
        QN_FIT_STATUS_LIST(NAME)
#undef NAME
    }
    return "?";
}

static void free_string(const qn_allocator *allocator, char *text)
{
    if (text != NULL)
        qni_free(allocator, text, (int64_t)strlen(text) + 1, 1);
}

void qn_fit_result_free(qn_fit_result *head)
{
    if (head == NULL)
        return;
    qni_fit_result *result = (qni_fit_result *)head;
    const qn_allocator allocator = result->allocator;
    int64_t p = head->p;
    for (int64_t j = 0; result->names != NULL && j < p; j++)
        free_string(&allocator, result->names[j]);
    for (int64_t i = 0; i < head->warning_count; i++)
        free_string(&allocator, result->warnings[i]);
    qni_free(&allocator, result->warnings, result->warning_capacity, sizeof *result->warnings);
    qni_free(&allocator, result->names, p, sizeof *result->names);
    qni_free(&allocator, result->parameters, p, sizeof *result->parameters);
    qni_free(&allocator, result->covariance, p * p, sizeof *result->covariance);
    qni_delete(&allocator, result);
}

qn_status qni_fit_result_new(qni_fit_result **out, const qni_fit_rows *problem, const qn_allocator *allocator,
                             qn_error *err)
{
    int64_t p = problem->p;
    *out = NULL;
    qni_fit_result *result = qni_new(allocator, qni_fit_result);
    if (result == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *result, "the result of a fit");
    result->allocator = *allocator;
    result->head =
        (qn_fit_result){.method = "trf", .n = problem->n, .p = p, .dof = problem->n - p, .message = result->message};
    result->parameters = qni_alloc_zeroed(allocator, p, sizeof *result->parameters);
    result->covariance = qni_alloc_zeroed(allocator, p * p, sizeof *result->covariance);
    result->names = qni_alloc_zeroed(allocator, p, sizeof *result->names);
    bool complete = result->parameters != NULL && result->covariance != NULL && result->names != NULL;
    for (int64_t j = 0; complete && j < p; j++) {
        char buffer[32];
        result->names[j] = qni_copy_string(allocator, problem->name(problem->user, j, buffer, sizeof buffer), -1);
        result->parameters[j].name = result->names[j];
        complete = result->names[j] != NULL;
    }
    if (!complete) {
        qn_fit_result_free(&result->head);
        return qni_refused(err, allocator, 0, "the result of a fit with %" PRId64 " parameters", p);
    }
    result->head.parameters = result->parameters;
    result->head.covariance = result->covariance;
    *out = result;
    return QN_OK;
}

qn_status qni_fit_result_warn(qni_fit_result *result, qn_error *err, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    int64_t count = result->head.warning_count;
    char *copy = NULL;
    if (qni_grow(&result->allocator, (void **)&result->warnings, &result->warning_capacity, count + 1,
                 sizeof *result->warnings))
        copy = qni_copy_string(&result->allocator, text, -1);
    if (copy == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a warning");
    result->warnings[count] = copy;
    result->head.warning_count = count + 1;
    result->head.warnings = (const char *const *)result->warnings;
    return QN_OK;
}

static void forget_statistics(qni_fit_result *result)
{
    int64_t p = result->head.p;
    for (int64_t i = 0; i < p * p; i++)
        result->covariance[i] = NAN;
    for (int64_t j = 0; j < p; j++)
        result->parameters[j].stderr_ = result->parameters[j].ci_low = result->parameters[j].ci_high = NAN;
}

/* "a", "b" and "c": the parameters that take part in the direction (p), as many as fit. */
static void list_involved(char *text, size_t size, const qni_fit_result *result, const double *direction)
{
    size_t used = 0;
    for (int64_t j = 0; j < result->head.p && used < size; j++)
        if (fabs(direction[j]) >= QNI_FIT_INVOLVED)
            used += (size_t)snprintf(text + used, size - used, "%s\"%s\"", used > 0 ? ", " : "", result->names[j]);
}

/* Covariance from the singular values; a warning where there are too small ones. work: 2 p (p + 1). */
static qn_status fill_covariance(qni_fit_result *result, const qni_fit_trf *t, double *work, qn_error *err)
{
    int64_t p = t->p;
    double *a = work, *v = a + p * p, *s = v + p * p, *column = s + p;
    memset(a, 0, (size_t)(p * p) * sizeof *a);
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i <= j && t->norm[j] > 0; i++)
            a[j * p + i] = t->factor[j * p + i] / t->norm[j];
    qni_svd(a, p, p, p, s, v);
    double greatest = p > 0 ? s[0] : 0;
    if (!(s[p - 1] > QNI_FIT_RANK * (double)p * greatest)) {
        char names[300];
        list_involved(names, sizeof names, result, v + (p - 1) * p);
        forget_statistics(result);
        return qni_fit_result_warn(
            result, err, "the data do not determine %s: the Jacobian is singular, so there are no standard errors",
            names);
    }
    double sd = sqrt(t->rss / (double)result->head.dof); /* in the solver's unit, as the norms are */
    for (int64_t i = 0; i < p; i++)
        for (int64_t k = 0; k < p; k++)
            v[k * p + i] /= s[k];
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j <= i; j++) {
            for (int64_t k = 0; k < p; k++)
                column[k] = v[k * p + i] * v[k * p + j];
            qni_sum sum = {0};
            for (int64_t k = 0; k < p; k++)
                qni_sum_add(&sum, column[k]);
            double element = qni_sum_value(sum);
            if (i == j) /* not from the covariance, which may over- or underflow where its root does not */
                result->parameters[j].stderr_ = sqrt(element) * (sd / t->norm[j]);
            element *= (sd / t->norm[i]) * (sd / t->norm[j]);
            result->covariance[i * p + j] = result->covariance[j * p + i] = element;
        }
    double half = qni_student_two_sided(t->options.confidence, (double)result->head.dof);
    for (int64_t j = 0; j < p; j++) {
        qn_fit_parameter *parameter = &result->parameters[j];
        parameter->ci_low = parameter->value - half * parameter->stderr_;
        parameter->ci_high = parameter->value + half * parameter->stderr_;
    }
    return QN_OK;
}

static qn_status warn_of_bounds(qni_fit_result *result, const qni_fit_trf *t, qn_error *err)
{
    for (int64_t j = 0; j < t->p; j++) {
        qn_fit_parameter *parameter = &result->parameters[j];
        parameter->at_bound = t->x[j] == t->lower[j] || t->x[j] == t->upper[j];
        if (!parameter->at_bound)
            continue;
        char text[QNI_NUMBER_SIZE];
        qni_number_format(text, t->x[j]);
        qn_status status = qni_fit_result_warn(
            result, err, "\"%s\" ended at its %s bound %s: the standard errors take no account of that",
            parameter->name, t->x[j] == t->lower[j] ? "lower" : "upper", text);
        if (status != QN_OK)
            return status;
    }
    return QN_OK;
}

/* RSS and covariance are squares: they leave the range of double precision where all else is well within it. */
static qn_status warn_of_range(qni_fit_result *result, const qni_fit_trf *t, qn_error *err)
{
    bool lost = !t->at_start && t->rss > 0 && (result->head.rss == 0 || isinf(result->head.rss));
    for (int64_t j = 0; j < t->p && !lost; j++) {
        double root = result->parameters[j].stderr_, square = result->covariance[j * t->p + j];
        lost = root > 0 && isfinite(root) && (square == 0 || isinf(square));
    }
    return lost ? qni_fit_result_warn(result, err,
                                      "the residual sum of squares or the covariance is beyond the range of numbers: "
                                      "another unit for the data would help")
                : QN_OK;
}

/* The message of a fit that could not begin says where the model is not finite. */
static void say_where(qni_fit_result *result, qni_fit_trf *t)
{
    const qni_fit_rows *problem = t->eval.problem;
    const char *file = "", *what = "model";
    int64_t line = 0, row = qni_fit_eval_find_bad(&t->eval, t->x, false);
    if (row < 0) {
        row = qni_fit_eval_find_bad(&t->eval, t->x, true);
        what = "derivative of the model";
    }
    if (row < 0) {
        snprintf(result->message, sizeof result->message,
                 "the model is not finite at the start: try other start values");
        return;
    }
    if (problem->place != NULL)
        problem->place(problem->user, row, &file, &line);
    if (line > 0)
        snprintf(result->message, sizeof result->message,
                 "the %s is not finite at the start for row %" PRId64 " (%s:%" PRId64 "): try other start values", what,
                 row + 1, file, line);
    else
        snprintf(result->message, sizeof result->message,
                 "the %s is not finite at the start for row %" PRId64 ": try other start values", what, row + 1);
}

qn_status qni_fit_result_fill(qni_fit_result *result, qni_fit_trf *t, double *work, qn_error *err)
{
    qn_fit_result *head = &result->head;
    head->status = t->status;
    head->evaluations = t->eval.evaluations;
    head->iterations = t->iterations;
    head->confidence = t->options.confidence;
    head->rss = t->at_start ? NAN : t->rss / t->eval.unit / t->eval.unit;
    head->residual_sd = head->dof > 0 ? sqrt(t->rss / (double)head->dof) / t->eval.unit : NAN;
    snprintf(result->message, sizeof result->message, "%s", t->message);
    if (t->at_start) {
        head->residual_sd = NAN;
        if (t->status == QN_FIT_NOT_FINITE)
            say_where(result, t);
    }
    for (int64_t j = 0; j < t->p; j++)
        result->parameters[j].value = t->x[j];
    qn_status status = warn_of_bounds(result, t, err);
    if (status == QN_OK && head->status == QN_FIT_CONVERGED && head->dof > 0) {
        status = fill_covariance(result, t, work, err);
    } else {
        forget_statistics(result);
        if (status == QN_OK && head->dof == 0)
            status = qni_fit_result_warn(
                result, err, "there are as many parameters as rows (%" PRId64 "): no standard errors", head->n);
    }
    return status == QN_OK ? warn_of_range(result, t, err) : status;
}
