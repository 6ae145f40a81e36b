/* fit/cached.c: a result kept and found again. Its key is a digest of all that it depends on: the version, the model's
 * meaning, every number that the solver sees, every option. What is kept is the result's JSON, and beside it, where
 * there are diagnostics, those of the rows as arrays; both are checked when they come back, and whatever is wrong with
 * them is no result. One thread a fit. */
#include "fit/cached.h"

#include "fit/predict_int.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "mem/refuse.h"

#include <quern/datum.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Raised when what a result of the same inputs is, or how it is kept, changes within a version. */
#define FORM "quern.fit.kept/1"

/* ---- the key ---- */

static void digest_doubles(qni_digester *d, const double *values, int64_t count)
{
    qni_digest_int64(d, values != NULL ? count : -1);
    if (values != NULL)
        qni_digest_bytes(d, values, count * (int64_t)sizeof *values);
}

static void digest_text(qni_digester *d, const char *text)
{
    qni_digest_string(d, text != NULL ? text : "", -1);
}

static void digest_options(qni_digester *d, const qni_fit_asked *asked)
{
    const qn_fit_options *o = asked->options;
    int64_t p = asked->problem->all;
    const double numbers[] = {o->ftol, o->xtol, o->gtol, o->confidence, o->loss_scale};
    const int64_t wholes[] = {o->max_evals,      o->starts,  (int64_t)o->seed, o->method,   o->loss,
                              o->absolute_sigma, o->profile, o->diagnostics,   o->tie_count};
    digest_doubles(d, numbers, sizeof numbers / sizeof numbers[0]);
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++)
        qni_digest_int64(d, wholes[i]);
    const double *const vectors[] = {o->start, o->lower, o->upper, o->fixed, o->x_scale};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        qni_digest_int64(d, vectors[i] != NULL);
        for (int64_t j = 0; vectors[i] != NULL && j < p; j++)
            qni_digest_double(d, vectors[i][j]); /* every nan, for "none", is the same */
    }
    for (int64_t i = 0; i < o->tie_count; i++)
        digest_text(d, o->ties[i]);
    digest_text(d, o->sigma_column);
}

/* What warnings call the rows by: where the first one stands, and each that does not follow the one before it. */
static void digest_places(qni_digester *d, const qni_fit_rows *problem)
{
    int64_t line_before = -1, index_before = -1;
    for (int64_t i = 0; i < problem->n; i++) {
        const char *file;
        int64_t line, index = problem->index(problem->user, i);
        problem->place(problem->user, i, &file, &line);
        if (i == 0)
            digest_text(d, file);
        if (index != index_before + 1 || line != (line > 0 ? line_before + 1 : line_before)) {
            qni_digest_int64(d, i);
            qni_digest_int64(d, index);
            qni_digest_int64(d, line);
        }
        line_before = line;
        index_before = index;
    }
}

/* What the solver sees of the data, and how it may speak of them. */
static void digest_data(qni_digester *d, const qni_fit_asked *asked)
{
    const qni_fit_rows *problem = asked->problem;
    qni_digest_int64(d, problem->n);
    qni_digest_int64(d, problem->omitted);
    qni_digest_int64(d, problem->filtered);
    digest_doubles(d, problem->response, problem->n);
    for (int64_t c = 0; c < qn_model_column_count(asked->model); c++)
        digest_doubles(d, problem->columns[c], problem->n);
    digest_doubles(d, asked->sigma, problem->n);
    digest_doubles(d, asked->options->covariance, asked->total * asked->total);
    digest_places(d, problem);
}

qn_status qni_fit_key(char out[QNI_FIT_KEY_SIZE], const qni_fit_asked *asked, qn_error *err)
{
    char meaning[QN_MODEL_DIGEST_SIZE], text[QNI_DIGEST_TEXT_SIZE];
    qn_status s = qn_model_digest(meaning, asked->model, err);
    if (s != QN_OK)
        return s;
    qni_digester d;
    qni_digest_init(&d);
    digest_text(&d, FORM);
    digest_text(&d, qn_version());
    digest_text(&d, meaning);
    for (int64_t i = 0; i < qn_model_parameter_count(asked->model); i++) /* their order is not part of the meaning */
        digest_text(&d, qn_model_parameter_name(asked->model, i));
    for (int64_t i = 0; i < qn_model_column_count(asked->model); i++)
        digest_text(&d, qn_model_column_name(asked->model, i));
    digest_options(&d, asked);
    digest_data(&d, asked);
    qni_digest digest = qni_digest_final(&d);
    qni_digest_text(text, &digest);
    (void)snprintf(out, QNI_FIT_KEY_SIZE, "fit/%s", text);
    return QN_OK;
}

/* ---- what is kept ---- */

/* The names of a kept result's arrays; without diagnostics there is its JSON alone. */
enum {
    RESULT,
    ROW,
    FITTED,
    RESIDUAL,
    STANDARDIZED,
    LEVERAGE,
    ARRAY_COUNT
};
static const char *const names[ARRAY_COUNT] = {"result", "row", "fitted", "residual", "standardized", "leverage"};

typedef struct text {
    char *bytes;
    int64_t size, capacity;
    const qn_allocator *allocator;
} text;

static qn_status append(void *user, const char *bytes, int64_t size, qn_error *err)
{
    text *t = user;
    if (!qni_grow(t->allocator, (void **)&t->bytes, &t->capacity, t->size + size, 1))
        return qni_refused(err, t->allocator, t->size + size, "a fit to be kept");
    memcpy(t->bytes + t->size, bytes, (size_t)size);
    t->size += size;
    return QN_OK;
}

/* An array over memory that is only read. */
static qn_status borrow(qn_array *out, const void *values, qn_dtype dtype, int64_t count, const qn_allocator *allocator,
                        qn_error *err)
{
    void *data;
    memcpy(&data, &values, sizeof data);
    return qn_array_wrap(out, data, dtype, 1, &count, NULL, NULL, NULL, allocator, err);
}

static qn_status with_rows(qn_datum **out, const text *json, const qn_fit_result *r, const qn_allocator *allocator,
                           qn_error *err)
{
    const qn_fit_diagnostics *d = r->diagnostics;
    const double *const values[] = {d->fitted, d->residual, d->standardized, d->leverage};
    qn_array arrays[ARRAY_COUNT] = {{0}};
    qn_status s = borrow(&arrays[RESULT], json->bytes, QN_DTYPE_U8, json->size, allocator, err);
    if (s == QN_OK)
        s = borrow(&arrays[ROW], d->row, QN_DTYPE_I64, r->n, allocator, err);
    for (int i = FITTED; s == QN_OK && i < ARRAY_COUNT; i++)
        s = borrow(&arrays[i], values[i - FITTED], QN_DTYPE_F64, r->n, allocator, err);
    if (s == QN_OK)
        s = qn_datum_arrays(out, arrays, names, ARRAY_COUNT, allocator, err);
    for (int i = 0; i < ARRAY_COUNT; i++)
        qn_array_fini(&arrays[i]);
    return s;
}

/* kept: the datum's allocator, which may have to outlive the result's. */
static qn_status to_datum(qn_datum **out, const qn_fit_result *r, const qn_model *model, const qn_allocator *kept,
                          const qn_allocator *allocator, qn_error *err)
{
    text json = {.allocator = allocator};
    *out = NULL;
    qn_status s = qni_fit_write_exact(r, model, append, &json, err);
    if (s == QN_OK)
        s = r->diagnostics != NULL ? with_rows(out, &json, r, kept, err)
                                   : qn_datum_json(out, json.bytes, json.size, kept, err);
    qni_free(allocator, json.bytes, json.capacity, 1);
    return s;
}

/* Whether another fit of the same would come to the same, and it can be read back. */
static bool worth_keeping(const qn_fit_result *r, const qn_fit_options *o)
{
    bool profiles_stopped = o->profile && r->status == QN_FIT_CONVERGED && !r->profiled;
    for (int64_t i = 0; i < r->p; i++)
        if (!isfinite(r->parameters[i].value))
            return false;
    return r->status != QN_FIT_INTERRUPTED && !profiles_stopped;
}

void qni_fit_cached_put(const char *key, const qni_fit_asked *asked, const qn_fit_result *result,
                        const qn_allocator *allocator)
{
    qn_error why = qn_error_none();
    qn_datum *datum;
    if (!worth_keeping(result, asked->options))
        return;
    qn_cache *cache = asked->options->cache;
    if (to_datum(&datum, result, asked->model, qn_cache_allocator(cache), allocator, &why) != QN_OK)
        qni_log(QN_LOG_WARN, "fit", "the result is not kept: %s", why.message);
    else if (qn_cache_put(cache, key, -1, datum, NULL, &why) != QN_OK)
        qni_log(QN_LOG_WARN, "fit", "not every part of the cache keeps the result: %s", why.message);
    qn_datum_unref(datum);
}

/* ---- and found again ---- */

void qni_fit_cached_free(qni_fit_result *result)
{
    const qn_allocator allocator = result->allocator;
    qn_fit_saved_free(result->saved);
    qn_datum_unref(result->kept);
    qni_delete(&allocator, result);
}

/* An array of the rows; NULL: it is not as it was written. */
static const void *rows_of(const qn_datum *datum, int which, int64_t n)
{
    int64_t at = qn_datum_array_find(datum, names[which]);
    const qn_array *a = at >= 0 ? qn_datum_array_at(datum, at) : NULL;
    qn_dtype dtype = which == ROW ? QN_DTYPE_I64 : QN_DTYPE_F64;
    return a != NULL && a->dtype == dtype && a->ndim == 1 && a->shape[0] == n ? a->data : NULL;
}

static bool take_rows(qni_fit_result *result, const qn_datum *datum, int64_t total)
{
    qn_fit_diagnostics *d = &result->diagnostics;
    int64_t n = result->head.n;
    *d = *result->head.diagnostics;
    d->row = rows_of(datum, ROW, n);
    d->fitted = rows_of(datum, FITTED, n);
    d->residual = rows_of(datum, RESIDUAL, n);
    d->standardized = rows_of(datum, STANDARDIZED, n);
    d->leverage = rows_of(datum, LEVERAGE, n);
    result->head.diagnostics = d;
    if (d->row == NULL || d->fitted == NULL || d->residual == NULL || d->standardized == NULL || d->leverage == NULL)
        return false;
    for (int64_t i = 0; i < n; i++)
        if (d->row[i] < 0 || d->row[i] >= total)
            return false;
    return true;
}

/* The JSON of what is kept. */
static const char *json_of(const qn_datum *datum, int64_t *size)
{
    if (qn_datum_kind_of(datum) == QN_DATUM_JSON)
        return qn_datum_text(datum, size);
    int64_t at = qn_datum_array_find(datum, names[RESULT]);
    const qn_array *a = at >= 0 ? qn_datum_array_at(datum, at) : NULL;
    bool right = a != NULL && a->dtype == QN_DTYPE_U8 && a->ndim == 1;
    *size = right ? a->shape[0] : 0;
    return right ? a->data : "";
}

/* Makes a result of what is kept, which it takes a reference of. */
static qn_status from_datum(qn_fit_result **out, qn_datum *datum, const qni_fit_asked *asked,
                            const qn_allocator *allocator, qn_error *err)
{
    int64_t size;
    const char *json = json_of(datum, &size);
    qni_fit_result *result = qni_new(allocator, qni_fit_result);
    if (result == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *result, "the result of a fit");
    qn_status s = qni_fit_read_exact(&result->saved, json, size, "cache", allocator, err);
    if (s != QN_OK) {
        qni_delete(allocator, result);
        return s;
    }
    result->allocator = *allocator;
    result->kept = qn_datum_ref(datum);
    result->head = *result->saved->result;
    result->head.cached = true;
    s = qni_fit_check_names(asked->model, &result->head, err);
    if (s == QN_OK && (result->head.n != asked->problem->n ||
                       (result->head.diagnostics != NULL && !take_rows(result, datum, asked->total))))
        s = qni_error(err, QN_DATA, "the result is of other data");
    if (s == QN_OK)
        *out = &result->head;
    else
        qni_fit_cached_free(result);
    return s;
}

qn_status qni_fit_cached_get(qn_fit_result **out, const char *key, const qni_fit_asked *asked,
                             const qn_allocator *allocator, qn_error *err)
{
    qn_error why = qn_error_none();
    qn_datum *datum;
    *out = NULL;
    qn_status s = qn_cache_get(&datum, NULL, asked->options->cache, key, -1, &why);
    if (s == QN_OK && datum != NULL)
        s = from_datum(out, datum, asked, allocator, &why);
    qn_datum_unref(datum);
    if (s == QN_NOMEM || s == QN_BUDGET) {
        if (err != NULL)
            *err = why;
        return s;
    }
    if (s != QN_OK)
        qni_log(QN_LOG_WARN, "fit", "what is kept of this fit is not used: %s", why.message);
    return QN_OK;
}
