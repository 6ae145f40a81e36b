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
    int64_t all = head->p;
    for (int64_t j = 0; result->names != NULL && j < all; j++)
        free_string(&allocator, result->names[j]);
    for (int64_t j = 0; result->ties != NULL && j < all; j++)
        free_string(&allocator, result->ties[j]);
    for (int64_t i = 0; i < head->warning_count; i++)
        free_string(&allocator, result->warnings[i]);
    free_string(&allocator, result->sigma_column);
    qni_free(&allocator, result->warnings, result->warning_capacity, sizeof *result->warnings);
    qni_free(&allocator, result->names, all, sizeof *result->names);
    qni_free(&allocator, result->ties, all, sizeof *result->ties);
    qni_free(&allocator, result->parameters, all, sizeof *result->parameters);
    qni_free(&allocator, result->covariance, all * all, sizeof *result->covariance);
    qni_free(&allocator, result->correlation, all * all, sizeof *result->correlation);
    qni_free(&allocator, result->directions, head->direction_count, sizeof *result->directions);
    qni_free(&allocator, result->direction_weights, head->direction_count * all, sizeof *result->direction_weights);
    qni_free(&allocator, result->diagnostic_values, 4 * head->n, sizeof *result->diagnostic_values);
    qni_free(&allocator, result->diagnostic_rows, head->n, sizeof *result->diagnostic_rows);
    qni_delete(&allocator, result);
}

/* Names and roles of the parameters; false: no memory. */
static bool describe(qni_fit_result *result, const qni_fit_rows *problem, const qni_fit_map *map,
                     const qn_fit_options *options)
{
    const qn_allocator *allocator = &result->allocator;
    for (int64_t j = 0; j < map->all; j++) {
        char buffer[32];
        result->names[j] = qni_copy_string(allocator, problem->name(problem->user, j, buffer, sizeof buffer), -1);
        if (result->names[j] == NULL)
            return false;
        result->parameters[j].name = result->names[j];
        result->parameters[j].role = isnan(map->fixed[j]) ? QN_FIT_FREE : QN_FIT_FIXED;
        result->parameters[j].profile_low = result->parameters[j].profile_high = NAN;
    }
    for (int64_t t = 0; t < map->tie_count; t++) {
        int64_t j = map->ties[t].parameter;
        result->ties[j] = qni_copy_string(allocator, map->ties[t].text, -1);
        if (result->ties[j] == NULL)
            return false;
        result->parameters[j].role = QN_FIT_TIED;
        result->parameters[j].tie = result->ties[j];
    }
    if (options->sigma_column == NULL)
        return true;
    result->sigma_column = qni_copy_string(allocator, options->sigma_column, -1);
    result->head.sigma_column = result->sigma_column;
    return result->sigma_column != NULL;
}

qn_status qni_fit_result_new(qni_fit_result **out, const qni_fit_rows *problem, const qni_fit_map *map,
                             const qn_fit_options *options, const qn_allocator *allocator, qn_error *err)
{
    int64_t all = map->all;
    *out = NULL;
    qni_fit_result *result = qni_new(allocator, qni_fit_result);
    if (result == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *result, "the result of a fit");
    result->allocator = *allocator;
    result->head = (qn_fit_result){.method = qn_fit_method_name(options->method),
                                   .n = problem->n,
                                   .omitted = problem->omitted,
                                   .filtered = problem->filtered,
                                   .p = all,
                                   .free = map->p,
                                   .dof = problem->n - map->p,
                                   .message = result->message,
                                   .started = result->started,
                                   .starts = 1,
                                   .loss = qn_fit_loss_name(options->loss),
                                   .loss_scale = options->loss_scale,
                                   .weighted = problem->weighted,
                                   .absolute_sigma = options->absolute_sigma,
                                   .factorization = "none",
                                   .rank = -1};
    result->parameters = qni_alloc_zeroed(allocator, all, sizeof *result->parameters);
    result->covariance = qni_alloc_zeroed(allocator, all * all, sizeof *result->covariance);
    result->correlation = qni_alloc_zeroed(allocator, all * all, sizeof *result->correlation);
    result->names = qni_alloc_zeroed(allocator, all, sizeof *result->names);
    result->ties = qni_alloc_zeroed(allocator, all, sizeof *result->ties);
    bool complete = result->parameters != NULL && result->covariance != NULL && result->correlation != NULL &&
                    result->names != NULL && result->ties != NULL;
    if (!complete || !describe(result, problem, map, options)) {
        qn_fit_result_free(&result->head);
        return qni_refused(err, allocator, 0, "the result of a fit with %" PRId64 " parameters", all);
    }
    result->head.parameters = result->parameters;
    result->head.covariance = result->covariance;
    result->head.correlation = result->correlation;
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

/* "a", "b" and "c": the free parameters that take part in the direction (p), as many as fit. */
static void list_involved(char *text, size_t size, const qni_fit_result *result, const qni_fit_map *map,
                          const double *direction)
{
    size_t used = 0;
    for (int64_t k = 0; k < map->p && used < size; k++)
        if (fabs(direction[k]) >= QNI_FIT_INVOLVED)
            used += (size_t)snprintf(text + used, size - used, "%s\"%s\"", used > 0 ? ", " : "",
                                     result->names[map->free[k]]);
}

/* The derivative of parameter i by the free one k. */
static double share(const qni_fit_map *map, int64_t i, int64_t k)
{
    for (int64_t t = 0; t < map->tie_count; t++)
        if (map->ties[t].parameter == i)
            return map->slopes[t * map->p + k];
    return map->free[k] == i ? 1 : 0;
}

/* Covariance of the free parameters (p, p) to that of all. */
static void spread_covariance(qni_fit_result *result, const qni_fit_map *map, const double *free)
{
    int64_t all = map->all, p = map->p;
    for (int64_t k = 0; k < p; k++)
        for (int64_t l = 0; l < p; l++)
            result->covariance[map->free[k] * all + map->free[l]] = free[k * p + l];
    for (int64_t t = 0; t < map->tie_count; t++)
        for (int64_t j = 0; j < all; j++) {
            int64_t i = map->ties[t].parameter;
            qni_sum sum = {0};
            for (int64_t k = 0; k < p; k++)
                for (int64_t l = 0; l < p; l++)
                    qni_sum_add(&sum, share(map, i, k) * free[k * p + l] * share(map, j, l));
            result->covariance[i * all + j] = result->covariance[j * all + i] = qni_sum_value(sum);
        }
}

/* Covariance from the singular values; a warning where there are too small ones. work: 2 p (p + 1). */
static qn_status fill_covariance(qni_fit_result *result, const qni_fit_solver *s, double *work, qn_error *err)
{
    int64_t p = s->p;
    const qni_fit_map *map = s->eval.map;
    double *a = work, *v = a + p * p, *values = v + p * p, *column = values + p;
    memset(a, 0, (size_t)(p * p) * sizeof *a);
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i <= j && s->norm[j] > 0; i++)
            a[j * p + i] = s->factor[j * p + i] / s->norm[j];
    qni_svd(a, p, p, p, values, v);
    double greatest = p > 0 ? values[0] : 0;
    if (!(values[p - 1] > QNI_FIT_RANK * (double)p * greatest)) {
        char names[300];
        list_involved(names, sizeof names, result, map, v + (p - 1) * p);
        forget_statistics(result);
        return qni_fit_result_warn(
            result, err, "the data do not determine %s: the Jacobian is singular, so there are no standard errors",
            names);
    }
    double sd = s->options.absolute_sigma ? s->eval.unit : sqrt(s->rss / (double)result->head.dof);
    for (int64_t i = 0; i < p; i++)
        for (int64_t k = 0; k < p; k++)
            v[k * p + i] /= values[k];
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j <= i; j++) {
            for (int64_t k = 0; k < p; k++)
                column[k] = v[k * p + i] * v[k * p + j];
            qni_sum sum = {0};
            for (int64_t k = 0; k < p; k++)
                qni_sum_add(&sum, column[k]);
            double element = qni_sum_value(sum);
            if (i == j) /* not from the covariance, which may over- or underflow where its root does not */
                result->parameters[map->free[j]].stderr_ = sqrt(element) * (sd / s->norm[j]);
            element *= (sd / s->norm[i]) * (sd / s->norm[j]);
            a[i * p + j] = a[j * p + i] = element;
        }
    spread_covariance(result, map, a);
    double half = qni_student_two_sided(s->options.confidence, (double)result->head.dof);
    for (int64_t j = 0; j < map->all; j++) {
        qn_fit_parameter *parameter = &result->parameters[j];
        if (parameter->role != QN_FIT_FREE)
            parameter->stderr_ = sqrt(result->covariance[j * map->all + j]);
        parameter->ci_low = parameter->value - half * parameter->stderr_;
        parameter->ci_high = parameter->value + half * parameter->stderr_;
    }
    return QN_OK;
}

static qn_status warn_of_bounds(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    for (int64_t j = 0; j < s->p; j++) {
        qn_fit_parameter *parameter = &result->parameters[s->eval.map->free[j]];
        parameter->at_bound = s->x[j] == s->lower[j] || s->x[j] == s->upper[j];
        if (!parameter->at_bound)
            continue;
        char text[QNI_NUMBER_SIZE];
        qni_number_format(text, s->x[j]);
        qn_status status = qni_fit_result_warn(
            result, err, "\"%s\" ended at its %s bound %s: the standard errors take no account of that",
            parameter->name, s->x[j] == s->lower[j] ? "lower" : "upper", text);
        if (status != QN_OK)
            return status;
    }
    return QN_OK;
}

/* RSS and covariance are squares: they leave the range of double precision where all else is well within it. */
static qn_status warn_of_range(qni_fit_result *result, const qni_fit_solver *s, qn_error *err)
{
    bool lost = !s->at_start && s->rss > 0 && (result->head.rss == 0 || isinf(result->head.rss));
    for (int64_t j = 0; j < result->head.p && !lost; j++) {
        double root = result->parameters[j].stderr_, square = result->covariance[j * result->head.p + j];
        lost = root > 0 && isfinite(root) && (square == 0 || isinf(square));
    }
    return lost ? qni_fit_result_warn(result, err,
                                      "the residual sum of squares or the covariance is beyond the range of numbers: "
                                      "another unit for the data would help")
                : QN_OK;
}

/* The message of a fit that could not begin says where the model is not finite. */
static void say_where(qni_fit_result *result, qni_fit_solver *s)
{
    const qni_fit_rows *problem = s->eval.problem;
    const char *file = "", *what = "model";
    int64_t line = 0, row = qni_fit_eval_find_bad(&s->eval, s->x, false);
    if (row < 0) {
        row = qni_fit_eval_find_bad(&s->eval, s->x, true);
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

qn_status qni_fit_result_fill(qni_fit_result *result, qni_fit_solver *s, double *work, qn_error *err)
{
    qn_fit_result *head = &result->head;
    head->status = s->status;
    head->evaluations = s->eval.evaluations;
    head->iterations = s->iterations;
    head->confidence = s->options.confidence;
    head->rss = s->at_start ? NAN : s->rss / s->eval.unit / s->eval.unit;
    head->residual_sd = head->dof > 0 ? sqrt(s->rss / (double)head->dof) / s->eval.unit : NAN;
    snprintf(result->message, sizeof result->message, "%s", s->message);
    if (s->at_start) {
        head->residual_sd = NAN;
        if (s->status == QN_FIT_NOT_FINITE)
            say_where(result, s);
    }
    (void)qni_fit_map_at(s->eval.map, s->x, true);
    for (int64_t j = 0; j < head->p; j++)
        result->parameters[j].value = s->eval.map->x[j];
    qn_status status = warn_of_bounds(result, s, err);
    if (status == QN_OK && head->status == QN_FIT_CONVERGED && head->dof > 0) {
        status = fill_covariance(result, s, work, err);
    } else {
        forget_statistics(result);
        if (status == QN_OK && head->dof == 0)
            status = qni_fit_result_warn(
                result, err, "there are as many parameters as rows (%" PRId64 "): no standard errors", head->n);
    }
    return status == QN_OK ? warn_of_range(result, s, err) : status;
}
