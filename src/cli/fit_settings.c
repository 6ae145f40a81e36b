/* cli/fit_settings.c: reads --start b1=500,b2=1e-4 and --bounds b1=0:1000,b2=:1 against the parameters of the model.
 *
 * Always: a parameter is set at most once by each option; every number is finite, but a bound may be an infinity. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A piece of the command line. */
typedef struct piece {
    const char *at, *end;
} piece;

static piece trimmed(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    while (end > at && end[-1] == ' ')
        end--;
    return (piece){at, end};
}

static int shown(piece text)
{
    return (int)(text.end - text.at < QNI_ECHO_SIZE ? text.end - text.at : QNI_ECHO_SIZE);
}

/* A name that is no parameter: say what it is instead, or which one was meant. */
static qn_status unknown(const fit_job *job, const char *option, const char *name, qn_error *err)
{
    if (qn_table_column_find(job->table, name) >= 0)
        return qni_error(err, QN_NAME, "--%s: \"%s\" is a column of the data, not a parameter", option, name);
    const char **names = qni_alloc(job->run->allocator, job->p, (int64_t)sizeof *names);
    if (names == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the names of %" PRId64 " parameters", job->p);
    for (int64_t i = 0; i < job->p; i++)
        names[i] = qn_model_parameter_name(job->model, i);
    int64_t near = qni_nearest(name, names, job->p);
    if (near >= 0)
        (void)qni_error(err, QN_NAME, "--%s: the formula has no parameter \"%s\": did you mean \"%s\"?", option, name,
                        names[near]);
    else
        (void)qni_error(err, QN_NAME, "--%s: the formula has no parameter \"%s\"; it has \"%s\"%s", option, name,
                        names[0], job->p > 1 ? " and others" : "");
    qni_free(job->run->allocator, names, job->p, (int64_t)sizeof *names);
    return QN_NAME;
}

/* Splits "name = value" and finds the parameter. */
static qn_status find(const fit_job *job, const char *option, const char *example, piece item, int64_t *index,
                      piece *value, qn_error *err)
{
    const char *equals = memchr(item.at, '=', (size_t)(item.end - item.at));
    if (equals == NULL || equals == item.at)
        return qni_error(err, QN_INVALID, "--%s: \"%.*s\" is not like %s", option, shown(item), item.at, example);
    piece name = trimmed(item.at, equals);
    *value = trimmed(equals + 1, item.end);
    char text[256];
    size_t size = (size_t)(name.end - name.at);
    if (size >= sizeof text)
        return qni_error(err, QN_NAME, "--%s: the formula has no parameter \"%.*s...\"", option, shown(name), name.at);
    memcpy(text, name.at, size);
    text[size] = '\0';
    *index = qn_model_parameter_find(job->model, text);
    return *index >= 0 ? QN_OK : unknown(job, option, text, err);
}

static qn_status number(double *out, const char *option, piece text, qn_error *err)
{
    if (text.at < text.end && qni_number_parse(out, text.at, text.end) == text.end && !isnan(*out))
        return QN_OK;
    return qni_error(err, QN_INVALID, "--%s: \"%.*s\" is not a number", option, shown(text), text.at);
}

static qn_status twice(const fit_job *job, const char *option, int64_t i, qn_error *err)
{
    return qni_error(err, QN_INVALID, "--%s: \"%s\" is given twice", option, qn_model_parameter_name(job->model, i));
}

static qn_status set_start(fit_job *job, piece item, qn_error *err)
{
    int64_t i;
    piece value;
    double start;
    qn_status s = find(job, "start", "NAME=NUMBER", item, &i, &value, err);
    if (s == QN_OK)
        s = number(&start, "start", value, err);
    if (s != QN_OK)
        return s;
    if (!isfinite(start))
        return qni_error(err, QN_INVALID, "--start: \"%s\" cannot start at infinity",
                         qn_model_parameter_name(job->model, i));
    if (!isnan(job->settings[i]))
        return twice(job, "start", i, err);
    job->settings[i] = start;
    return QN_OK;
}

/* NAME=LOW:HIGH, where either may be left out. */
static qn_status set_bounds(fit_job *job, piece item, qn_error *err)
{
    int64_t i;
    piece value;
    qn_status s = find(job, "bounds", "NAME=LOW:HIGH", item, &i, &value, err);
    if (s != QN_OK)
        return s;
    const char *colon = memchr(value.at, ':', (size_t)(value.end - value.at));
    piece low = trimmed(value.at, colon != NULL ? colon : value.end);
    piece high = trimmed(colon != NULL ? colon + 1 : value.end, value.end);
    if (colon == NULL || (low.at == low.end && high.at == high.end))
        return qni_error(err, QN_INVALID, "--bounds: \"%.*s\" is not like NAME=LOW:HIGH, NAME=LOW: or NAME=:HIGH",
                         shown(item), item.at);
    double *lower = job->settings + job->p, *upper = lower + job->p;
    if (lower[i] > -INFINITY || upper[i] < INFINITY)
        return twice(job, "bounds", i, err);
    if (low.at < low.end && (s = number(&lower[i], "bounds", low, err)) != QN_OK)
        return s;
    if (high.at < high.end && (s = number(&upper[i], "bounds", high, err)) != QN_OK)
        return s;
    return QN_OK;
}

static qn_status each_item(fit_job *job, const qni_option *option, qn_status (*set)(fit_job *, piece, qn_error *),
                           qn_error *err)
{
    int64_t at = 0;
    for (const char *text; (text = qni_args_next(job->args, option, &at)) != NULL;) {
        const char *end = text + strlen(text);
        for (const char *from = text; from <= end;) {
            const char *comma = memchr(from, ',', (size_t)(end - from));
            qn_status s = set(job, trimmed(from, comma != NULL ? comma : end), err);
            if (s != QN_OK)
                return s;
            from = comma != NULL ? comma + 1 : end + 1;
        }
    }
    return QN_OK;
}

qn_status qni_fit_settings(fit_job *job, qn_error *err)
{
    job->settings = qni_alloc(job->run->allocator, 3 * job->p, (int64_t)sizeof *job->settings);
    if (job->settings == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the starts of %" PRId64 " parameters", job->p);
    const qni_option *starts = &qni_fit_options_table[FIT_START];
    int which = qni_args_choice(job->args, &qni_fit_options_table[FIT_NIST_START]);
    for (int64_t i = 0; i < job->p; i++) {
        job->settings[i] = NAN;
        job->settings[job->p + i] = -INFINITY;
        job->settings[2 * job->p + i] = INFINITY;
    }
    qn_status s = each_item(job, starts, set_start, err);
    for (int64_t i = 0; s == QN_OK && job->certified && i < job->nist->p; i++) {
        int64_t k = qn_model_parameter_find(job->model, job->nist->parameters[i]);
        if (k >= 0 && isnan(job->settings[k]))
            job->settings[k] = job->nist->start[which][i];
    }
    return s == QN_OK ? each_item(job, &qni_fit_options_table[FIT_BOUNDS], set_bounds, err) : s;
}
