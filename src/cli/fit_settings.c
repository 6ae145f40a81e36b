/* cli/fit_settings.c: the options of a fit as the library takes them: lists such as --start b1=500,b2=1e-4 against the
 * parameters of the model, numbers, and what does not go together, in the words of the command line.
 *
 * Always: a parameter is set at most once by each option; every number is finite, but a bound may be an infinity. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/utf8.h"

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
    return (int)qni_utf8_cut(text.at, text.end - text.at, QNI_ECHO_SIZE);
}

static const qni_option *option_at(int option)
{
    return &qni_fit_options_table[option];
}

static bool given(const fit_job *job, int option)
{
    return qni_args_has(job->args, option_at(option));
}

/* ---- lists of NAME=… ---- */

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

static qn_status find_name(const fit_job *job, const char *option, piece name, int64_t *index, qn_error *err)
{
    char text[256];
    size_t size = (size_t)(name.end - name.at);
    if (size >= sizeof text)
        return qni_error(err, QN_NAME, "--%s: the formula has no parameter \"%.*s...\"", option, shown(name), name.at);
    memcpy(text, name.at, size);
    text[size] = '\0';
    *index = qn_model_parameter_find(job->model, text);
    return *index >= 0 ? QN_OK : unknown(job, option, text, err);
}

/* Splits "name = value" and finds the parameter. */
static qn_status find(const fit_job *job, const char *option, const char *example, piece item, int64_t *index,
                      piece *value, qn_error *err)
{
    const char *equals = memchr(item.at, '=', (size_t)(item.end - item.at));
    if (equals == NULL || equals == item.at)
        return qni_error(err, QN_INVALID, "--%s: \"%.*s\" is not like %s", option, shown(item), item.at, example);
    *value = trimmed(equals + 1, item.end);
    return find_name(job, option, trimmed(item.at, equals), index, err);
}

/* Whether a number that was written is beyond what a double can hold: it would silently become 0 or infinite. */
static bool is_lost(double value, piece text)
{
    bool digits = false;
    for (const char *c = text.at; c < text.end && *c != 'e' && *c != 'E' && *c != 'i' && *c != 'I'; c++)
        digits |= *c >= '1' && *c <= '9';
    return digits && (value == 0 || isinf(value));
}

static qn_status number(double *out, const char *option, piece text, qn_error *err)
{
    double value = 0;
    if (text.at == text.end || qni_number_parse(&value, text.at, text.end) != text.end || isnan(value))
        return qni_error(err, QN_INVALID, "--%s: \"%.*s\" is not a number", option, shown(text), text.at);
    if (is_lost(value, text))
        return qni_error(err, QN_INVALID, "--%s: \"%.*s\" is too %s: a double holds 5e-324 to 1.8e308", option,
                         shown(text), text.at, value == 0 ? "small" : "large");
    *out = value;
    return QN_OK;
}

static qn_status twice(const fit_job *job, const char *option, int64_t i, qn_error *err)
{
    return qni_error(err, QN_INVALID, "--%s: \"%s\" is given twice", option, qn_model_parameter_name(job->model, i));
}

/* NAME=NUMBER into values[NAME], which is NaN before. */
static qn_status set_number(const fit_job *job, const char *option, piece item, double *values, qn_error *err)
{
    int64_t i = 0;
    piece text = item;
    double value = 0;
    qn_status s = find(job, option, "NAME=NUMBER", item, &i, &text, err);
    if (s == QN_OK)
        s = number(&value, option, text, err);
    if (s != QN_OK)
        return s;
    if (!isfinite(value))
        return qni_error(err, QN_INVALID, "--%s: \"%s\" cannot be infinite", option,
                         qn_model_parameter_name(job->model, i));
    if (!isnan(values[i]))
        return twice(job, option, i, err);
    values[i] = value;
    return QN_OK;
}

static qn_status set_start(fit_job *job, piece item, qn_error *err)
{
    return set_number(job, "start", item, job->settings.start, err);
}

static qn_status set_fixed(fit_job *job, piece item, qn_error *err)
{
    return set_number(job, "fix", item, job->settings.fixed, err);
}

/* "jac" takes back what was given before. */
static qn_status set_scale(fit_job *job, piece item, qn_error *err)
{
    if (item.end - item.at == 3 && memcmp(item.at, "jac", 3) == 0) {
        for (int64_t i = 0; i < job->p; i++)
            job->settings.x_scale[i] = NAN;
        return QN_OK;
    }
    return set_number(job, "x-scale", item, job->settings.x_scale, err);
}

/* NAME=LOW:HIGH, where either may be left out. */
static qn_status set_bounds(fit_job *job, piece item, qn_error *err)
{
    int64_t i = 0;
    piece value = item;
    qn_status s = find(job, "bounds", "NAME=LOW:HIGH", item, &i, &value, err);
    if (s != QN_OK)
        return s;
    const char *colon = memchr(value.at, ':', (size_t)(value.end - value.at));
    piece low = trimmed(value.at, colon != NULL ? colon : value.end);
    piece high = trimmed(colon != NULL ? colon + 1 : value.end, value.end);
    if (colon == NULL || (low.at == low.end && high.at == high.end))
        return qni_error(err, QN_INVALID, "--bounds: \"%.*s\" is not like NAME=LOW:HIGH, NAME=LOW: or NAME=:HIGH",
                         shown(item), item.at);
    double *lower = &job->settings.lower[i], *upper = &job->settings.upper[i];
    if (*lower > -INFINITY || *upper < INFINITY)
        return twice(job, "bounds", i, err);
    if (low.at < low.end && (s = number(lower, "bounds", low, err)) != QN_OK)
        return s;
    if (high.at < high.end && (s = number(upper, "bounds", high, err)) != QN_OK)
        return s;
    return QN_OK;
}

static qn_status each_item(fit_job *job, int option, qn_status (*set)(fit_job *, piece, qn_error *), qn_error *err)
{
    int64_t at = 0;
    for (const char *text; (text = qni_args_next(job->args, option_at(option), &at)) != NULL;) {
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

/* ---- what becomes of each parameter ---- */

/* "b = 2*a" as it stands: a function may have commas. The library reads it. */
static qn_status take_ties(fit_job *job, qn_error *err)
{
    fit_settings *settings = &job->settings;
    const qni_option *option = option_at(FIT_TIE);
    int64_t count = 0, at = 0;
    while (qni_args_next(job->args, option, &at) != NULL)
        count++;
    if (count == 0)
        return QN_OK;
    settings->ties = qni_alloc(job->run->allocator, count, (int64_t)sizeof *settings->ties);
    if (settings->ties == NULL)
        return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " ties", count);
    settings->tie_capacity = count;
    at = 0;
    for (const char *text; (text = qni_args_next(job->args, option, &at)) != NULL;)
        settings->ties[settings->tie_count++] = text;
    return QN_OK;
}

/* The parameter on the left of a tie. */
static qn_status tied_parameter(const fit_job *job, const char *tie, int64_t *index, qn_error *err)
{
    piece whole = {tie, tie + strlen(tie)}, ignored;
    return find(job, "tie", "'b = 2*a'", trimmed(whole.at, whole.end), index, &ignored, err);
}

/* Fixed or tied, a parameter has no start, no bounds and no scale: they would be ignored. */
static qn_status refuse_settings_of(const fit_job *job, int64_t i, const char *how, qn_error *err)
{
    const fit_settings *settings = &job->settings;
    const char *option = !isnan(settings->start[i])                                        ? "start"
                         : settings->lower[i] > -INFINITY || settings->upper[i] < INFINITY ? "bounds"
                         : settings->x_scale != NULL && !isnan(settings->x_scale[i])       ? "x-scale"
                                                                                           : NULL;
    return option == NULL ? QN_OK
                          : qni_error(err, QN_INVALID, "--%s: \"%s\" is in --%s, so this would be ignored", option,
                                      qn_model_parameter_name(job->model, i), how);
}

static qn_status check_roles(fit_job *job, qn_error *err)
{
    fit_settings *settings = &job->settings;
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < job->p; i++)
        if (!isnan(settings->fixed[i]))
            s = refuse_settings_of(job, i, "fix", err);
    for (int64_t t = 0; s == QN_OK && t < settings->tie_count; t++) {
        int64_t i = 0;
        s = tied_parameter(job, settings->ties[t], &i, err);
        if (s == QN_OK && !isnan(settings->fixed[i]))
            s = qni_error(err, QN_INVALID, "--tie: \"%s\" has its value from --fix",
                          qn_model_parameter_name(job->model, i));
        if (s == QN_OK)
            s = refuse_settings_of(job, i, "tie", err);
        if (s == QN_OK && settings->x_scale != NULL)
            settings->x_scale[i] = 1; /* nobody asks */
    }
    return s;
}

/* All free parameters have a scale, or none. */
static qn_status check_scales(fit_job *job, qn_error *err)
{
    fit_settings *settings = &job->settings;
    for (int64_t i = 0; settings->x_scale != NULL && i < job->p; i++) {
        const char *name = qn_model_parameter_name(job->model, i);
        double *scale = &settings->x_scale[i];
        if (!isnan(settings->fixed[i]))
            *scale = 1;
        if (isnan(*scale))
            return qni_error(err, QN_INVALID, "--x-scale: \"%s\" has none: give one for each parameter, or say jac",
                             name);
        if (!(*scale > 0))
            return qni_error(err, QN_INVALID, "--x-scale: that of \"%s\" must be greater than 0", name);
    }
    return QN_OK;
}

/* The file's start for what has no other. */
static void take_nist_start(fit_job *job)
{
    fit_settings *settings = &job->settings;
    int which = qni_args_choice(job->args, option_at(FIT_NIST_START));
    for (int64_t i = 0; i < job->nist->p; i++) {
        int64_t k = qn_model_parameter_find(job->model, job->nist->parameters[i]), tied = -1;
        bool free_ = k >= 0 && isnan(settings->start[k]) && isnan(settings->fixed[k]);
        for (int64_t t = 0; free_ && t < settings->tie_count; t++)
            free_ = tied_parameter(job, settings->ties[t], &tied, NULL) != QN_OK || tied != k;
        if (free_)
            settings->start[k] = job->nist->start[which][i];
    }
}

/* Whether --x-scale ends with sizes. */
static bool wants_scales(const fit_job *job)
{
    const char *last = qni_fit_option_text(job, FIT_X_SCALE);
    return last != NULL && strcmp(last, "jac") != 0;
}

static qn_status read_parameters(fit_job *job, qn_error *err)
{
    fit_settings *settings = &job->settings;
    settings->block = qni_alloc(job->run->allocator, 5 * job->p, (int64_t)sizeof *settings->block);
    if (settings->block == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the starts of %" PRId64 " parameters", job->p);
    settings->start = settings->block;
    settings->lower = settings->start + job->p;
    settings->upper = settings->lower + job->p;
    settings->fixed = settings->upper + job->p;
    settings->x_scale = wants_scales(job) ? settings->fixed + job->p : NULL;
    for (int64_t i = 0; i < 5 * job->p; i++)
        settings->block[i] = NAN;
    for (int64_t i = 0; i < job->p; i++) {
        settings->lower[i] = -INFINITY;
        settings->upper[i] = INFINITY;
    }
    qn_status s = each_item(job, FIT_START, set_start, err);
    if (s == QN_OK)
        s = each_item(job, FIT_BOUNDS, set_bounds, err);
    if (s == QN_OK)
        s = each_item(job, FIT_FIX, set_fixed, err);
    if (s == QN_OK && settings->x_scale != NULL)
        s = each_item(job, FIT_X_SCALE, set_scale, err);
    if (s == QN_OK)
        s = take_ties(job, err);
    if (s == QN_OK)
        s = check_roles(job, err);
    if (s == QN_OK)
        s = check_scales(job, err);
    if (s == QN_OK && job->certified)
        take_nist_start(job);
    return s;
}

/* ---- the errors of the data ---- */

static qn_status check_covariance(const qn_array *array, const char *path, int64_t rows, qn_error *err)
{
    const char *file = qni_file_name(path);
    if (array->dtype != QN_DTYPE_F64 && array->dtype != QN_DTYPE_F32)
        return qni_error_at(err, QN_DATA, file, 0, 0, "--cov: its elements are %s: f64 or f32 are needed",
                            qn_dtype_name(array->dtype));
    if (array->ndim == 2 && array->shape[0] == rows && array->shape[1] == rows)
        return QN_OK;
    if (array->ndim == 2)
        return qni_error_at(err, QN_DATA, file, 0, 0,
                            "--cov: its shape is (%" PRId64 ", %" PRId64 "), and the data has %" PRId64 " rows",
                            array->shape[0], array->shape[1], rows);
    return qni_error_at(err, QN_DATA, file, 0, 0, "--cov: it has %d %s: a matrix has 2", (int)array->ndim,
                        array->ndim == 1 ? "axis" : "axes");
}

/* The array as doubles one after the other. */
static qn_status to_doubles(qn_array *out, const qn_array *array, const qn_allocator *allocator, qn_error *err)
{
    qn_status s = qn_array_init(out, QN_DTYPE_F64, 2, array->shape, allocator, err);
    double *to = out->data;
    for (int64_t i = 0; s == QN_OK && i < array->shape[0]; i++)
        for (int64_t k = 0; s == QN_OK && k < array->shape[1]; k++)
            s = qn_array_get(&to[i * array->shape[1] + k], array, (int64_t[]){i, k}, err);
    return s;
}

static qn_status read_covariance(fit_job *job, const char *path, qn_error *err)
{
    const qn_allocator *allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE);
    qn_array array = {0};
    if (path == NULL)
        return QN_OK;
    if (strcmp(path, "-") == 0)
        return qni_error(err, QN_INVALID, "--cov: it is a file of NumPy's, not standard input");
    qn_status s = qn_npy_read(&array, path, allocator, err);
    if (s == QN_OK)
        s = check_covariance(&array, path, qn_table_row_count(job->table), err);
    if (s == QN_OK)
        s = to_doubles(&job->settings.covariance, &array, allocator, err);
    qn_array_fini(&array);
    return s;
}

/* ---- numbers and choices, and what does not go together ---- */

static double parsed(const char *text)
{
    double value = NAN;
    (void)qni_number_parse(&value, text, text + strlen(text));
    return value;
}

const char *qni_fit_share_refuse(const char *text)
{
    double value = parsed(text);
    return value > 0 && value < 1 ? NULL : "not between 0 and 1";
}

const char *qni_fit_positive_refuse(const char *text)
{
    return parsed(text) > 0 ? NULL : "not greater than 0";
}

static bool all_starts_given(const fit_job *job)
{
    const fit_settings *settings = &job->settings;
    bool all = true;
    for (int64_t i = 0; i < job->p; i++) {
        bool tied = false;
        for (int64_t t = 0, k; t < settings->tie_count; t++)
            tied |= tied_parameter(job, settings->ties[t], &k, NULL) == QN_OK && k == i;
        all &= !isnan(settings->start[i]) || !isnan(settings->fixed[i]) || tied;
    }
    return all;
}

static qn_status check_together(const fit_job *job, const qn_fit_options *o, qn_error *err)
{
    bool weights = o->sigma_column != NULL || qni_fit_option_text(job, FIT_COV) != NULL;
    if (o->sigma_column != NULL && qni_fit_option_text(job, FIT_COV) != NULL)
        return qni_error(err, QN_INVALID, "--sigma and --cov both tell the errors of the data: leave one out");
    if (given(job, FIT_ABSOLUTE_SIGMA) && o->absolute_sigma && !weights)
        return qni_error(err, QN_INVALID, "--absolute-sigma says something of --sigma or --cov: there is neither");
    if (given(job, FIT_LOSS_SCALE) && o->loss == QN_FIT_LOSS_LINEAR)
        return qni_error(err, QN_INVALID, "--loss-scale says nothing with --loss linear: choose another loss");
    if (o->method == QN_FIT_LM && given(job, FIT_BOUNDS))
        return qni_error(err, QN_INVALID, "--bounds: --method lm takes none: choose trf or dogbox");
    if (given(job, FIT_SEED) && all_starts_given(job) && o->starts <= 1)
        return qni_error(err, QN_INVALID, "--seed says nothing: every start is given, and --starts asks for no more");
    return QN_OK;
}

static void take_numbers(const fit_job *job, qn_fit_options *o)
{
    const qni_args *args = job->args;
    o->max_evals = qni_args_integer(args, option_at(FIT_MAX_EVALS), 0);
    o->starts = qni_args_integer(args, option_at(FIT_STARTS), 0);
    o->seed = (uint64_t)qni_args_integer(args, option_at(FIT_SEED), 0);
    o->ftol = qni_args_number(args, option_at(FIT_FTOL), 0);
    o->xtol = qni_args_number(args, option_at(FIT_XTOL), 0);
    o->gtol = qni_args_number(args, option_at(FIT_GTOL), 0);
    o->confidence = qni_args_number(args, option_at(FIT_CONFIDENCE), 0);
    o->loss_scale = qni_args_number(args, option_at(FIT_LOSS_SCALE), 0);
    /* The choices stand in the order of the library's lists. */
    o->method = (qn_fit_method)qni_args_choice(args, option_at(FIT_METHOD));
    o->loss = (qn_fit_loss)qni_args_choice(args, option_at(FIT_LOSS));
    o->nan = (qn_fit_nan)qni_args_choice(args, option_at(FIT_NAN));
    o->profile = qni_args_flag(args, option_at(FIT_PROFILE));
    o->absolute_sigma = qni_args_flag(args, option_at(FIT_ABSOLUTE_SIGMA));
    o->sigma_column = qni_fit_option_text(job, FIT_SIGMA);
    o->where = qni_fit_option_text(job, FIT_WHERE);
    o->diagnostics = true;
}

qn_status qni_fit_settings(fit_job *job, qn_fit_options *out, qn_error *err)
{
    fit_settings *settings = &job->settings;
    qn_fit_options_init(out, sizeof *out);
    take_numbers(job, out);
    qn_status s = read_parameters(job, err);
    if (s == QN_OK)
        s = check_together(job, out, err);
    if (s == QN_OK)
        s = read_covariance(job, qni_fit_option_text(job, FIT_COV), err);
    if (s != QN_OK)
        return s;
    out->start = settings->start;
    out->lower = settings->lower;
    out->upper = settings->upper;
    out->fixed = settings->fixed;
    out->x_scale = settings->x_scale;
    out->ties = settings->ties;
    out->tie_count = settings->tie_count;
    out->covariance = settings->covariance.data;
    /* Configured, it holds where there is something that it speaks of. */
    out->absolute_sigma &= out->sigma_column != NULL || out->covariance != NULL;
    return QN_OK;
}

void qni_fit_settings_free(fit_job *job)
{
    fit_settings *settings = &job->settings;
    const qn_allocator *allocator = job->run->allocator;
    if (settings->block != NULL)
        qni_free(allocator, settings->block, 5 * job->p, (int64_t)sizeof *settings->block);
    if (settings->ties != NULL)
        qni_free(allocator, settings->ties, settings->tie_capacity, (int64_t)sizeof *settings->ties);
    qn_array_fini(&settings->covariance);
}
