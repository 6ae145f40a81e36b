/* cli/fit_json.c: a result as one JSON object, schema "quern.fit/1". Keys are only ever added; numbers read back to the
 * same double, what is not finite is null. */
#include "cli/fit_int.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

static void string(qni_json_writer *w, const char *key, const char *text, int64_t size)
{
    qni_json_key(w, key);
    qni_json_string(w, text, size);
}

static void number(qni_json_writer *w, const char *key, double value)
{
    qni_json_key(w, key);
    qni_json_double(w, value);
}

static void whole(qni_json_writer *w, const char *key, int64_t value)
{
    qni_json_key(w, key);
    qni_json_int64(w, value);
}

static void parameters(qni_json_writer *w, const qn_fit_result *r)
{
    qni_json_key(w, "parameters");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < r->p; i++) {
        const qn_fit_parameter *p = &r->parameters[i];
        qni_json_object_begin(w);
        string(w, "name", p->name, -1);
        number(w, "start", p->start);
        number(w, "value", p->value);
        number(w, "stderr", p->stderr_);
        number(w, "ci_low", p->ci_low);
        number(w, "ci_high", p->ci_high);
        qni_json_key(w, "at_bound");
        qni_json_bool(w, p->at_bound);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

static void covariance(qni_json_writer *w, const qn_fit_result *r)
{
    qni_json_key(w, "covariance");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < r->p; i++) {
        qni_json_array_begin(w);
        for (int64_t k = 0; k < r->p; k++)
            qni_json_double(w, r->covariance[i * r->p + k]);
        qni_json_array_end(w);
    }
    qni_json_array_end(w);
}

static void warnings(qni_json_writer *w, const fit_job *job)
{
    const char *warning;
    qni_json_key(w, "warnings");
    qni_json_array_begin(w);
    for (int64_t i = 0; (warning = qni_fit_warning(job, i)) != NULL; i++)
        qni_json_string(w, warning, -1);
    qni_json_array_end(w);
}

static void certified(qni_json_writer *w, const qn_nist *nist)
{
    qni_json_key(w, "certified");
    qni_json_object_begin(w);
    string(w, "name", nist->name, -1);
    qni_json_key(w, "parameters");
    qni_json_array_begin(w);
    for (int64_t i = 0; i < nist->p; i++) {
        qni_json_object_begin(w);
        string(w, "name", nist->parameters[i], -1);
        number(w, "value", nist->certified_value[i]);
        number(w, "stderr", nist->certified_stderr[i]);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
    number(w, "rss", nist->certified_rss);
    number(w, "residual_sd", nist->certified_residual_sd);
    whole(w, "dof", nist->certified_dof);
    qni_json_object_end(w);
}

qn_status qni_fit_json(const fit_job *job, qn_error *err)
{
    const qn_fit_result *r = job->result;
    qni_json_writer writer, *w = &writer;
    qni_json_writer_init(w, qni_out_json_sink, job->run->out, 0);
    qni_json_object_begin(w);
    string(w, "schema", "quern.fit/1", -1);
    string(w, "status", qn_fit_status_name(r->status), -1);
    string(w, "message", r->message, -1);
    string(w, "formula", job->formula, job->formula_size);
    string(w, "method", r->method, -1);
    whole(w, "n", r->n);
    whole(w, "omitted", r->omitted);
    parameters(w, r);
    number(w, "rss", r->rss);
    number(w, "residual_sd", r->residual_sd);
    whole(w, "dof", r->dof);
    whole(w, "evaluations", r->evaluations);
    whole(w, "iterations", r->iterations);
    covariance(w, r);
    warnings(w, job);
    qni_json_key(w, "cached");
    qni_json_bool(w, false);
    if (job->certified)
        certified(w, job->nist);
    qni_json_object_end(w);
    qn_status s = qni_json_finish(w, err);
    return s == QN_IO ? QN_OK : s; /* the command reports what could not be written, once */
}
