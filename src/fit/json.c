/* fit/json.c: a result as one JSON object, schema "quern.fit/1". Keys are only ever added; numbers read back to the
 * same double, what is not finite is null. saved.c reads it. One thread a call. */
#include <quern/predict.h>

#include "fit/predict_int.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/options.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void qn_fit_json_options_init(qn_fit_json_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static void whole(qni_json_writer *w, const char *key, int64_t value)
{
    qni_json_key(w, key);
    qni_json_int64(w, value);
}

static void truth(qni_json_writer *w, const char *key, bool value)
{
    qni_json_key(w, key);
    qni_json_bool(w, value);
}

static void array(qni_json_writer *w, const char *key)
{
    qni_json_key(w, key);
    qni_json_array_begin(w);
}

static const char *role_name(qn_fit_role role)
{
    return role == QN_FIT_TIED ? "tied" : role == QN_FIT_FIXED ? "fixed" : "free";
}

static void parameters(qni_json_writer *w, const qn_fit_result *r)
{
    array(w, "parameters");
    for (int64_t i = 0; i < r->p; i++) {
        const qn_fit_parameter *p = &r->parameters[i];
        qni_json_object_begin(w);
        qni_json_key_string(w, "name", p->name);
        qni_json_key_double(w, "start", p->start);
        qni_json_key_double(w, "value", p->value);
        qni_json_key_double(w, "stderr", p->stderr_);
        qni_json_key_double(w, "ci_low", p->ci_low);
        qni_json_key_double(w, "ci_high", p->ci_high);
        truth(w, "at_bound", p->at_bound);
        qni_json_key_string(w, "role", role_name(p->role));
        qni_json_key_string(w, "tie", p->tie);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

/* values (n). */
static void numbers(qni_json_writer *w, const double *values, int64_t n)
{
    qni_json_array_begin(w);
    for (int64_t i = 0; i < n; i++)
        qni_json_double(w, values[i]);
    qni_json_array_end(w);
}

/* values (p, p); NULL: null. */
static void matrix(qni_json_writer *w, const char *key, const double *values, int64_t p)
{
    qni_json_key(w, key);
    if (values == NULL) {
        qni_json_null(w);
        return;
    }
    qni_json_array_begin(w);
    for (int64_t i = 0; i < p; i++)
        numbers(w, values + i * p, p);
    qni_json_array_end(w);
}

/* What the model warns of (NULL: not said), then the fit. */
static void warnings(qni_json_writer *w, const qn_fit_result *r, const qn_model *model)
{
    array(w, "warnings");
    for (int64_t i = 0; model != NULL && i < qn_model_warning_count(model); i++)
        qni_json_string(w, qn_model_warning(model, i), -1);
    for (int64_t i = 0; i < r->warning_count; i++)
        qni_json_string(w, r->warnings[i], -1);
    qni_json_array_end(w);
}

static void certified(qni_json_writer *w, const qn_nist *nist)
{
    qni_json_key(w, "certified");
    qni_json_object_begin(w);
    qni_json_key_string(w, "name", nist->name);
    array(w, "parameters");
    for (int64_t i = 0; i < nist->p; i++) {
        qni_json_object_begin(w);
        qni_json_key_string(w, "name", nist->parameters[i]);
        qni_json_key_double(w, "value", nist->certified_value[i]);
        qni_json_key_double(w, "stderr", nist->certified_stderr[i]);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
    qni_json_key_double(w, "rss", nist->certified_rss);
    qni_json_key_double(w, "residual_sd", nist->certified_residual_sd);
    whole(w, "dof", nist->certified_dof);
    qni_json_object_end(w);
}

/* The columns that the formula reads: what a prediction needs. */
static void columns(qni_json_writer *w, const qn_model *model)
{
    qni_json_key_string(w, "response", model != NULL ? qn_model_response_text(model) : NULL);
    array(w, "columns");
    for (int64_t i = 0; model != NULL && i < qn_model_column_count(model); i++) {
        qni_json_object_begin(w);
        qni_json_key_string(w, "name", qn_model_column_name(model, i));
        truth(w, "predictor", qn_model_column_is_predictor(model, i));
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

static void how(qni_json_writer *w, const qn_fit_result *r)
{
    qni_json_key_double(w, "confidence", r->confidence);
    whole(w, "free", r->free);
    whole(w, "filtered", r->filtered);
    qni_json_key_string(w, "started", r->started);
    whole(w, "starts", r->starts);
    qni_json_key_string(w, "loss", r->loss);
    qni_json_key_double(w, "loss_scale", r->loss_scale);
    qni_json_key_double(w, "cost", r->cost);
    truth(w, "weighted", r->weighted);
    truth(w, "absolute_sigma", r->absolute_sigma);
    qni_json_key_string(w, "sigma_column", r->sigma_column);
    qni_json_key_string(w, "factorization", r->factorization);
}

static void statistics(qni_json_writer *w, const qn_fit_result *r)
{
    matrix(w, "correlation", r->correlation, r->p);
    qni_json_key_double(w, "r_squared", r->r_squared);
    qni_json_key_double(w, "adjusted_r_squared", r->adjusted_r_squared);
    qni_json_key_double(w, "rmse", r->rmse);
    qni_json_key_double(w, "mae", r->diagnostics != NULL ? r->diagnostics->mae : NAN);
    qni_json_key_double(w, "log_likelihood", r->log_likelihood);
    qni_json_key_double(w, "aic", r->aic);
    qni_json_key_double(w, "aicc", r->aicc);
    qni_json_key_double(w, "bic", r->bic);
}

/* An end that is never reached is no number, and not unknown either: it is said beside. */
static void profile(qni_json_writer *w, const qn_fit_result *r)
{
    qni_json_key(w, "profile");
    if (!r->profiled) {
        qni_json_null(w);
        return;
    }
    qni_json_array_begin(w);
    for (int64_t i = 0; i < r->p; i++) {
        const qn_fit_parameter *p = &r->parameters[i];
        qni_json_object_begin(w);
        qni_json_key_string(w, "name", p->name);
        qni_json_key_double(w, "low", p->profile_low);
        qni_json_key_double(w, "high", p->profile_high);
        truth(w, "low_open", isinf(p->profile_low));
        truth(w, "high_open", isinf(p->profile_high));
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

static void identifiability(qni_json_writer *w, const qn_fit_result *r)
{
    qni_json_key(w, "identifiability");
    qni_json_object_begin(w);
    qni_json_key_double(w, "condition", r->condition);
    qni_json_key(w, "rank");
    if (r->rank >= 0)
        qni_json_int64(w, r->rank);
    else
        qni_json_null(w);
    array(w, "directions");
    for (int64_t i = 0; i < r->direction_count; i++) {
        const qn_fit_direction *d = &r->directions[i];
        qni_json_object_begin(w);
        qni_json_key_double(w, "singular_value", d->singular_value);
        truth(w, "singular", d->singular);
        qni_json_key(w, "weights");
        numbers(w, d->weights, r->p);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
    qni_json_object_end(w);
}

static void diagnostics(qni_json_writer *w, const qn_fit_diagnostics *d)
{
    qni_json_key(w, "diagnostics");
    if (d == NULL) {
        qni_json_null(w);
        return;
    }
    qni_json_object_begin(w);
    qni_json_key_double(w, "durbin_watson", d->durbin_watson);
    whole(w, "runs", d->runs);
    qni_json_key_double(w, "runs_p", d->runs_p);
    whole(w, "outliers", d->outliers);
    qni_json_object_end(w);
}

qn_status qni_fit_check_names(const qn_model *model, const qn_fit_result *result, qn_error *err)
{
    int64_t p = qn_model_parameter_count(model);
    if (p != result->p)
        return qni_error(err, QN_INVALID, "the formula has %" PRId64 " parameter%s, the fit %" PRId64, p,
                         p == 1 ? "" : "s", result->p);
    for (int64_t i = 0; i < p; i++)
        if (strcmp(result->parameters[i].name, qn_model_parameter_name(model, i)) != 0)
            return qni_error(err, QN_INVALID, "parameter %" PRId64 " of the formula is \"%.80s\", of the fit \"%.80s\"",
                             i + 1, qn_model_parameter_name(model, i), result->parameters[i].name);
    return QN_OK;
}

static qn_status check(const qn_fit_result *result, const qn_model *model, qn_error *err)
{
    if (result == NULL)
        return qni_error(err, QN_INVALID, "there is no result to write");
    if (model != NULL)
        return qni_fit_check_names(model, result, err);
    return QN_OK;
}

static qn_status write_result(const qn_fit_result *r, const qn_model *model, const qn_fit_json_options *o, bool exact,
                              qni_json_sink sink, void *user, qn_error *err)
{
    qni_json_writer writer, *w = &writer;
    qni_json_writer_init(w, sink, user, 0);
    w->exact = exact;
    qni_json_object_begin(w);
    qni_json_key_string(w, "schema", QNI_FIT_SCHEMA);
    qni_json_key_string(w, "status", qn_fit_status_name(r->status));
    qni_json_key_string(w, "message", r->message);
    qni_json_key_string(w, "formula", model != NULL ? qn_model_formula(model) : NULL);
    qni_json_key_string(w, "method", r->method);
    whole(w, "n", r->n);
    whole(w, "omitted", r->omitted);
    parameters(w, r);
    qni_json_key_double(w, "rss", r->rss);
    qni_json_key_double(w, "residual_sd", r->residual_sd);
    whole(w, "dof", r->dof);
    whole(w, "evaluations", r->evaluations);
    whole(w, "iterations", r->iterations);
    matrix(w, "covariance", r->covariance, r->p);
    warnings(w, r, exact ? NULL : model);
    truth(w, "cached", o->cached || r->cached);
    if (o->certified != NULL)
        certified(w, o->certified);
    columns(w, model);
    how(w, r);
    statistics(w, r);
    profile(w, r);
    identifiability(w, r);
    diagnostics(w, r->diagnostics);
    qni_json_object_end(w);
    return qni_json_finish(w, err);
}

qn_status qn_fit_write_json(const qn_fit_result *r, const qn_model *model, const qn_fit_json_options *options,
                            qn_status (*sink)(void *user, const char *text, int64_t size, qn_error *err), void *user,
                            qn_error *err)
{
    qn_fit_json_options o;
    qn_status s = qni_options_copy(&o, sizeof o, options, "qn_fit_json_options", err);
    if (s == QN_OK)
        s = check(r, model, err);
    return s == QN_OK ? write_result(r, model, &o, false, sink, user, err) : s;
}

qn_status qni_fit_write_exact(const qn_fit_result *r, const qn_model *model, qni_json_sink sink, void *user,
                              qn_error *err)
{
    return write_result(r, model, &(qn_fit_json_options){0}, true, sink, user, err);
}

static qn_status file_sink(void *user, const char *text, int64_t size, qn_error *err)
{
    return qni_file_write(user, text, size, err);
}

qn_status qn_fit_save(const char *path, const qn_fit_result *result, const qn_model *model,
                      const qn_fit_json_options *options, const qn_allocator *allocator, qn_error *err)
{
    qni_file_writer *writer;
    if (path == NULL)
        return qni_error(err, QN_INVALID, "there is no path to save a fit to");
    qn_status s = qni_file_open(&writer, path, allocator, err);
    if (s != QN_OK)
        return s;
    s = qn_fit_write_json(result, model, options, file_sink, writer, err);
    if (s == QN_OK)
        return qni_file_commit(writer, err);
    qni_file_abandon(writer);
    return s;
}
