/* fit/result.c: a result from its making to its end, and what fills it: how the fit ended, what the data determine
 * (identify.c), the rows (diagnostics.c), how well the model describes them (statistics.c), how sure parameters are
 * (covariance.c, profile.c), and warnings (advice.c). One thread. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
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
    if (result->saved != NULL) {
        qni_fit_cached_free(result);
        return;
    }
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
                                   .rss = NAN,
                                   .cost = NAN,
                                   .residual_sd = NAN,
                                   .factorization = "none",
                                   .rank = -1,
                                   .condition = NAN,
                                   .r_squared = NAN,
                                   .adjusted_r_squared = NAN,
                                   .rmse = NAN,
                                   .log_likelihood = NAN,
                                   .aic = NAN,
                                   .aicc = NAN,
                                   .bic = NAN};
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

/* The message of a fit that could not begin says where the model is not finite. */
static void say_where(qni_fit_result *result, qni_fit_solver *s)
{
    const qni_fit_rows *problem = s->eval.problem;
    const qni_fit_map *map = s->eval.map;
    const char *file = "", *what = "model";
    int64_t line = 0, row = qni_fit_eval_find_bad(&s->eval, s->x, false);
    if (row < 0) {
        row = qni_fit_eval_find_bad(&s->eval, s->x, true);
        what = "derivative of the model";
    }
    if (row < 0) {
        snprintf(result->message, sizeof result->message,
                 "the model is not finite at the start: try other start values");
        for (int64_t t = 0; t < map->tie_count; t++)
            if (!isfinite(map->x[map->ties[t].parameter]))
                snprintf(result->message, sizeof result->message,
                         "\"%.100s = %.100s\" is not finite at the start: try other start values",
                         result->names[map->ties[t].parameter], map->ties[t].text);
        return;
    }
    if (problem->place != NULL)
        problem->place(problem->user, row, &file, &line);
    int64_t index = problem->index != NULL ? problem->index(problem->user, row) : row;
    if (line > 0)
        snprintf(result->message, sizeof result->message,
                 "the %s is not finite at the start for row %" PRId64 " (%s:%" PRId64 "): try other start values", what,
                 index + 1, file, line);
    else
        snprintf(result->message, sizeof result->message,
                 "the %s is not finite at the start for row %" PRId64 ": try other start values", what, index + 1);
}

/* How the fit ended, and the values there. */
static void fill_end(qni_fit_result *result, qni_fit_solver *s)
{
    qn_fit_result *head = &result->head;
    const qni_fit_map *map = s->eval.map;
    head->status = s->status;
    head->evaluations = s->eval.evaluations;
    head->iterations = s->iterations;
    head->confidence = s->options.confidence;
    snprintf(result->message, sizeof result->message, "%s", s->message);
    if (s->at_start && s->status == QN_FIT_NOT_FINITE)
        say_where(result, s);
    else if (s->status == QN_FIT_STALLED && s->idle >= 0)
        snprintf(result->message, sizeof result->message,
                 "the model no longer changes with \"%.100s\" here: other start values or bounds may help",
                 result->names[map->free[s->idle]]);
    (void)qni_fit_map_at(s->eval.map, s->x, true);
    for (int64_t j = 0; j < head->p; j++)
        result->parameters[j].value = map->x[j];
    for (int64_t k = 0; k < s->p; k++)
        result->parameters[map->free[k]].at_bound = s->x[k] == s->lower[k] || s->x[k] == s->upper[k];
}

/* What there is to say of a finite point. */
static qn_status fill_statistics(qni_fit_result *result, qni_fit_solver *s, const qni_fit_identity *of,
                                 const qni_fit_memory *memory, qn_error *err)
{
    qni_fit_norms norms;
    bool converged = result->head.status == QN_FIT_CONVERGED;
    qn_status status = qni_fit_diagnose(&norms, result, s, of, err);
    if (status != QN_OK)
        return status;
    qni_fit_statistics(result, s, &norms);
    if (converged && !isnan(qni_fit_deviation(s, result->head.dof)))
        qni_fit_covariance(result, of, s);
    status = qni_fit_advise(result, s, err);
    return status == QN_OK && converged && s->options.profile ? qni_fit_profile(result, s, memory, err) : status;
}

qn_status qni_fit_result_fill(qni_fit_result *result, qni_fit_solver *s, const qni_fit_memory *memory, qn_error *err)
{
    fill_end(result, s);
    qni_fit_no_covariance(result);
    if (s->at_start)
        return QN_OK;
    qni_fit_outcome outcome = qni_fit_solver_refactor(s);
    if (outcome == QNI_FIT_STOPPED && result->head.status == QN_FIT_CONVERGED) {
        result->head.status = QN_FIT_INTERRUPTED;
        snprintf(result->message, sizeof result->message, "the fit was interrupted before its statistics");
    }
    qni_fit_identity of;
    qn_status status = qni_fit_identify(&of, result, s, memory, err);
    if (status == QN_OK)
        status = fill_statistics(result, s, &of, memory, err);
    qni_fit_identity_fini(&of);
    return status;
}
