/* fit/saved.c: a fit read back from JSON. The file is foreign: every value is checked for its type, its size and what
 * it may be before anything is made of it, and the formula is only compiled.
 *
 * A reader remembers its first failure and then reads nothing more; what is asked of it after that is 0. One thread. */
#include <quern/predict.h>

#include "fit/fit_int.h"
#include "fit/predict_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A block that lives as long as the fit. */
typedef struct block {
    struct block *next;
    int64_t size; /* bytes after this head */
} block;

typedef struct saved {
    qn_fit_saved head; /* first: what the caller sees */
    const qn_allocator *allocator;
    block *blocks;
    qn_model *model;
    qn_fit_result result;
    qn_fit_parameter *parameters; /* (result.p) */
    qn_fit_diagnostics diagnostics;
} saved;

typedef struct reader {
    saved *s;
    const char *file; /* may be NULL */
    bool exact;       /* numbers that are not finite are texts, and the model's warnings are not there */
    qn_status status;
    qn_error *err;
} reader;

/* Whether a key may be missing; its value is then NaN, NULL, 0 or false. */
typedef enum need {
    OPTIONAL,
    NEEDED
} need;

enum {
    PLACE_SIZE = 160
};

QN_PRINTF(3, 4) static void complain(reader *r, qn_status status, const char *format, ...)
{
    char sentence[400];
    va_list arguments;
    if (r->status != QN_OK)
        return;
    va_start(arguments, format);
    if (vsnprintf(sentence, sizeof sentence, format, arguments) < 0)
        sentence[0] = '\0';
    va_end(arguments);
    r->status = qni_error_at(r->err, status, r->file, 0, 0, "%s", sentence);
}

/* Zeroed memory that lives as long as the fit; NULL after a failure. */
static void *keep(reader *r, int64_t count, int64_t element_size)
{
    int64_t size;
    if (r->status != QN_OK)
        return NULL;
    bool fits = qni_size_mul(&size, count > 0 ? count : 1, element_size);
    block *b = fits ? qni_alloc_zeroed(r->s->allocator, size + (int64_t)sizeof *b, 1) : NULL;
    if (b == NULL) {
        r->status = qni_refused(r->err, r->s->allocator, fits ? size : 0, "a fit that is read");
        return NULL;
    }
    *b = (block){.next = r->s->blocks, .size = size};
    r->s->blocks = b;
    return b + 1;
}

/* The value of a key; NULL: it is missing or null, or something failed before. */
static json_t *member(reader *r, const json_t *object, const char *where, const char *key, need needed)
{
    json_t *value = r->status == QN_OK ? json_object_get(object, key) : NULL;
    if (value == NULL && needed == NEEDED)
        complain(r, QN_DATA, "%s\"%s\" is missing: this is no fit that can be predicted from", where, key);
    return value == NULL || json_is_null(value) ? NULL : value;
}

static double number_of(reader *r, const json_t *value, const char *where, const char *key)
{
    const char *special = r->exact ? json_string_value(value) : NULL;
    if (value == NULL || json_is_null(value) || (special != NULL && strcmp(special, "nan") == 0))
        return NAN;
    if (special != NULL && (strcmp(special, "inf") == 0 || strcmp(special, "-inf") == 0))
        return special[0] == '-' ? -INFINITY : INFINITY;
    if (!json_is_number(value))
        complain(r, QN_DATA, "%s\"%s\" must be a number or null", where, key);
    return json_number_value(value);
}

static double number(reader *r, const json_t *object, const char *where, const char *key, need needed)
{
    return number_of(r, member(r, object, where, key, needed), where, key);
}

/* A number of things: not negative. */
static int64_t whole(reader *r, const json_t *object, const char *where, const char *key, need needed)
{
    const json_t *value = member(r, object, where, key, needed);
    if (value == NULL && needed == OPTIONAL)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        complain(r, QN_DATA, "%s\"%s\" must be a whole number, 0 or more", where, key);
    return json_integer_value(value);
}

static bool truth(reader *r, const json_t *object, const char *where, const char *key, need needed)
{
    const json_t *value = member(r, object, where, key, needed);
    if (value != NULL ? !json_is_boolean(value) : needed == NEEDED)
        complain(r, QN_DATA, "%s\"%s\" must be true or false", where, key);
    return json_is_true(value);
}

/* Borrowed from the tree. */
static const char *text_of(reader *r, const json_t *value, const char *where, const char *key)
{
    if (value != NULL && !json_is_string(value))
        complain(r, QN_DATA, "%s\"%s\" must be a text", where, key);
    return json_string_value(value);
}

/* A copy that lives as long as the fit; NULL of NULL. */
static const char *keep_text(reader *r, const char *from)
{
    size_t size = from != NULL ? strlen(from) + 1 : 0;
    char *copy = from != NULL ? keep(r, (int64_t)size, 1) : NULL;
    return copy != NULL ? memcpy(copy, from, size) : NULL;
}

static const char *text(reader *r, const json_t *object, const char *where, const char *key, need needed)
{
    return keep_text(r, text_of(r, member(r, object, where, key, needed), where, key));
}

/* An array of `count` values (-1: as many as there are); NULL: it is missing or null. */
static const json_t *list_of(reader *r, const json_t *value, const char *where, const char *key, int64_t count)
{
    if (value == NULL || json_is_null(value))
        return NULL;
    if (!json_is_array(value))
        complain(r, QN_DATA, "%s\"%s\" must be an array", where, key);
    else if (count >= 0 && (int64_t)json_array_size(value) != count)
        complain(r, QN_DATA, "%s\"%s\" has %zu elements: it must have %" PRId64, where, key, json_array_size(value),
                 count);
    return r->status == QN_OK ? value : NULL;
}

static const json_t *list(reader *r, const json_t *object, const char *where, const char *key, int64_t count,
                          need needed)
{
    return list_of(r, member(r, object, where, key, needed), where, key, count);
}

static void numbers(reader *r, double *out, const json_t *values, const char *where, const char *key)
{
    for (size_t i = 0; r->status == QN_OK && i < json_array_size(values); i++) {
        char place[PLACE_SIZE];
        (void)snprintf(place, sizeof place, "%.40s\"%.60s\", element %zu: ", where, key, i + 1);
        out[i] = number_of(r, json_array_get(values, i), place, key);
    }
}

/* A matrix (p, p); NULL: it is missing or null. All sizes are looked at before memory is asked for. */
static const double *matrix(reader *r, const json_t *object, const char *key, int64_t p, need needed)
{
    const json_t *rows = list(r, object, "", key, p, needed);
    char place[PLACE_SIZE];
    for (int64_t i = 0; rows != NULL && r->status == QN_OK && i < p; i++) {
        (void)snprintf(place, sizeof place, "row %" PRId64 " of ", i + 1);
        if (list_of(r, json_array_get(rows, (size_t)i), place, key, p) == NULL)
            complain(r, QN_DATA, "%s\"%s\" must be an array", place, key);
    }
    double *out = rows != NULL ? keep(r, p * p, sizeof *out) : NULL;
    for (int64_t i = 0; out != NULL && r->status == QN_OK && i < p; i++) {
        (void)snprintf(place, sizeof place, "row %" PRId64 " of ", i + 1);
        numbers(r, out + i * p, json_array_get(rows, (size_t)i), place, key);
    }
    return r->status == QN_OK ? out : NULL;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void check_covariance(reader *r, const double *c, int64_t p)
{
    for (int64_t i = 0; c != NULL && i < p; i++)
        for (int64_t j = 0; j <= i; j++)
            if (!same(c[i * p + j], c[j * p + i]) || (i == j && c[i * p + j] < 0))
                complain(r, QN_DATA, "\"covariance\" is none: row %" PRId64 ", column %" PRId64 " %s", i + 1, j + 1,
                         i == j ? "is negative" : "is not as its mirror image");
}

static qn_fit_role read_role(reader *r, const json_t *from, const char *at)
{
    const char *role = text_of(r, member(r, from, at, "role", OPTIONAL), at, "role");
    if (role == NULL || strcmp(role, "free") == 0)
        return QN_FIT_FREE;
    if (strcmp(role, "fixed") == 0)
        return QN_FIT_FIXED;
    if (strcmp(role, "tied") != 0)
        complain(r, QN_DATA, "%s\"role\" is \"%.40s\": it must be free, fixed or tied", at, role);
    return QN_FIT_TIED;
}

static void read_parameters(reader *r, const json_t *root)
{
    const json_t *all = list(r, root, "", "parameters", -1, NEEDED);
    int64_t p = (int64_t)json_array_size(all);
    if (p == 0 || p > QNI_FIT_PARAMETERS)
        complain(r, QN_DATA, "\"parameters\" has %" PRId64 " elements: a fit has 1 to %d", p, QNI_FIT_PARAMETERS);
    qn_fit_parameter *out = keep(r, p, sizeof *out);
    for (int64_t i = 0; out != NULL && i < p; i++) {
        const json_t *from = json_array_get(all, (size_t)i);
        char at[PLACE_SIZE];
        (void)snprintf(at, sizeof at, "parameter %" PRId64 ": ", i + 1);
        if (!json_is_object(from))
            complain(r, QN_DATA, "%sit must be an object", at);
        out[i] = (qn_fit_parameter){.name = text(r, from, at, "name", NEEDED),
                                    .start = number(r, from, at, "start", OPTIONAL),
                                    .value = number(r, from, at, "value", NEEDED),
                                    .stderr_ = number(r, from, at, "stderr", OPTIONAL),
                                    .ci_low = number(r, from, at, "ci_low", OPTIONAL),
                                    .ci_high = number(r, from, at, "ci_high", OPTIONAL),
                                    .at_bound = truth(r, from, at, "at_bound", OPTIONAL),
                                    .tie = text(r, from, at, "tie", OPTIONAL),
                                    .role = read_role(r, from, at),
                                    .profile_low = NAN,
                                    .profile_high = NAN};
        if (isnan(out[i].value))
            complain(r, QN_DATA, "%s\"value\" must be a number", at);
    }
    r->s->result.p = p;
    r->s->result.parameters = r->s->parameters = out;
}

static void read_profile(reader *r, const json_t *root)
{
    qn_fit_result *out = &r->s->result;
    const json_t *all = list(r, root, "", "profile", out->p, OPTIONAL);
    out->profiled = all != NULL;
    for (int64_t i = 0; all != NULL && r->status == QN_OK && i < out->p; i++) {
        const json_t *from = json_array_get(all, (size_t)i);
        qn_fit_parameter *p = &r->s->parameters[i];
        char at[PLACE_SIZE];
        (void)snprintf(at, sizeof at, "\"profile\", element %" PRId64 ": ", i + 1);
        p->profile_low = truth(r, from, at, "low_open", OPTIONAL) ? -INFINITY : number(r, from, at, "low", NEEDED);
        p->profile_high = truth(r, from, at, "high_open", OPTIONAL) ? INFINITY : number(r, from, at, "high", NEEDED);
    }
}

static void read_status(reader *r, const json_t *root)
{
#define VALUE(name, value, text) QN_FIT_##name,
    static const qn_fit_status all[] = {QN_FIT_STATUS_LIST(VALUE)};
#undef VALUE
    const char *name = text_of(r, member(r, root, "", "status", NEEDED), "", "status");
    for (size_t i = 0; name != NULL && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(name, qn_fit_status_name(all[i])) == 0) {
            r->s->result.status = all[i];
            return;
        }
    complain(r, QN_DATA, "\"status\" is \"%.40s\", which no fit ends as", name != NULL ? name : "null");
}

static void read_statistics(reader *r, const json_t *root)
{
    qn_fit_result *out = &r->s->result;
    out->rss = number(r, root, "", "rss", OPTIONAL);
    out->evaluations = whole(r, root, "", "evaluations", OPTIONAL);
    out->iterations = whole(r, root, "", "iterations", OPTIONAL);
    out->free = whole(r, root, "", "free", OPTIONAL);
    out->omitted = whole(r, root, "", "omitted", OPTIONAL);
    out->filtered = whole(r, root, "", "filtered", OPTIONAL);
    out->started = text(r, root, "", "started", OPTIONAL);
    out->starts = whole(r, root, "", "starts", OPTIONAL);
    out->method = text(r, root, "", "method", OPTIONAL);
    out->message = text(r, root, "", "message", OPTIONAL);
    out->loss = text(r, root, "", "loss", OPTIONAL);
    out->loss_scale = number(r, root, "", "loss_scale", OPTIONAL);
    out->cost = number(r, root, "", "cost", OPTIONAL);
    out->factorization = text(r, root, "", "factorization", OPTIONAL);
    out->correlation = matrix(r, root, "correlation", out->p, OPTIONAL);
    out->r_squared = number(r, root, "", "r_squared", OPTIONAL);
    out->adjusted_r_squared = number(r, root, "", "adjusted_r_squared", OPTIONAL);
    out->rmse = number(r, root, "", "rmse", OPTIONAL);
    out->log_likelihood = number(r, root, "", "log_likelihood", OPTIONAL);
    out->aic = number(r, root, "", "aic", OPTIONAL);
    out->aicc = number(r, root, "", "aicc", OPTIONAL);
    out->bic = number(r, root, "", "bic", OPTIONAL);
}

static void read_diagnostics(reader *r, const json_t *root)
{
    static const char at[] = "\"diagnostics\": ";
    const json_t *from = member(r, root, "", "diagnostics", OPTIONAL);
    if (from == NULL)
        return;
    r->s->diagnostics = (qn_fit_diagnostics){.mae = number(r, root, "", "mae", OPTIONAL),
                                             .durbin_watson = number(r, from, at, "durbin_watson", OPTIONAL),
                                             .runs = whole(r, from, at, "runs", OPTIONAL),
                                             .runs_p = number(r, from, at, "runs_p", OPTIONAL),
                                             .outliers = whole(r, from, at, "outliers", OPTIONAL)};
    r->s->result.diagnostics = &r->s->diagnostics;
}

static void read_identifiability(reader *r, const json_t *root)
{
    static const char at[] = "\"identifiability\": ";
    qn_fit_result *out = &r->s->result;
    const json_t *from = member(r, root, "", "identifiability", OPTIONAL);
    const json_t *rank = member(r, from, at, "rank", OPTIONAL);
    const json_t *all = list(r, from, at, "directions", -1, OPTIONAL);
    int64_t count = (int64_t)json_array_size(all);
    out->condition = number(r, from, at, "condition", OPTIONAL);
    out->rank = rank != NULL ? whole(r, from, at, "rank", NEEDED) : -1;
    if (count > out->p)
        complain(r, QN_DATA, "%s\"directions\" are more than there are parameters", at);
    qn_fit_direction *directions = keep(r, count, sizeof *directions);
    for (int64_t i = 0; directions != NULL && r->status == QN_OK && i < count; i++) {
        const json_t *direction = json_array_get(all, (size_t)i);
        const json_t *weights = list(r, direction, at, "weights", out->p, NEEDED);
        double *values = keep(r, out->p, sizeof *values);
        if (values != NULL)
            numbers(r, values, weights, at, "weights");
        directions[i] = (qn_fit_direction){.singular_value = number(r, direction, at, "singular_value", OPTIONAL),
                                           .singular = truth(r, direction, at, "singular", OPTIONAL),
                                           .weights = values};
    }
    out->directions = directions;
    out->direction_count = count;
}

/* Whether the model itself gives the `index`-th of its warnings as `text`. */
static bool is_model_warning(const qn_model *model, int64_t index, const char *text)
{
    return model != NULL && text != NULL && index < qn_model_warning_count(model) &&
           strcmp(text, qn_model_warning(model, index)) == 0;
}

/* What the model warns of stands before what the fit warned of, and comes again with the model. */
static void read_warnings(reader *r, const json_t *root)
{
    const json_t *all = list(r, root, "", "warnings", -1, OPTIONAL);
    int64_t count = (int64_t)json_array_size(all), known = 0;
    const char **out = keep(r, count, sizeof *out);
    for (int64_t i = 0; out != NULL && r->status == QN_OK && i < count; i++) {
        const json_t *value = json_array_get(all, (size_t)i);
        if (!json_is_string(value))
            complain(r, QN_DATA, "\"warnings\" must be texts");
        else if (!r->exact && is_model_warning(r->s->model, known, json_string_value(value)))
            known++;
        else
            out[i - known] = keep_text(r, json_string_value(value));
    }
    r->s->result.warnings = out;
    r->s->result.warning_count = count - known;
}

/* What predictions need. */
static void read_fit(reader *r, const json_t *root)
{
    qn_fit_result *out = &r->s->result;
    read_status(r, root);
    read_parameters(r, root);
    out->n = whole(r, root, "", "n", NEEDED);
    out->dof = whole(r, root, "", "dof", NEEDED);
    out->residual_sd = number(r, root, "", "residual_sd", NEEDED);
    out->confidence = number(r, root, "", "confidence", NEEDED);
    out->weighted = truth(r, root, "", "weighted", NEEDED);
    out->absolute_sigma = truth(r, root, "", "absolute_sigma", NEEDED);
    out->sigma_column = text(r, root, "", "sigma_column", NEEDED);
    out->covariance = matrix(r, root, "covariance", out->p, NEEDED);
    if (r->status == QN_OK && out->covariance == NULL)
        complain(r, QN_DATA, "\"covariance\" must be an array");
    if (out->residual_sd < 0)
        complain(r, QN_DATA, "\"residual_sd\" is negative");
    if (!(out->confidence > 0 && out->confidence < 1))
        complain(r, QN_DATA, "\"confidence\" must be between 0 and 1");
    check_covariance(r, out->covariance, out->p);
}

/* The names of the columns, borrowed from the tree. */
static const char **column_names(reader *r, const json_t *root, int64_t *count)
{
    const json_t *all = list(r, root, "", "columns", -1, NEEDED);
    *count = (int64_t)json_array_size(all);
    const char **names = keep(r, *count, sizeof *names);
    for (int64_t i = 0; names != NULL && r->status == QN_OK && i < *count; i++) {
        names[i] = text_of(r, member(r, json_array_get(all, (size_t)i), "\"columns\": ", "name", NEEDED),
                           "\"columns\": ", "name");
        if (names[i] == NULL)
            complain(r, QN_DATA, "\"columns\": \"name\" must be a text");
    }
    return names;
}

/* The column whose name the response's text is, as the formula's language quotes it; NULL: none. */
static const char *response_column(const char *response, const char *const *names, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const char *a = response, *b = names[i];
        if (strcmp(a, b) == 0)
            return b;
        if (*a++ != '`')
            continue;
        for (; *b != '\0' && *a == *b; b++, a++)
            if (*b == '`' && *++a != '`')
                break;
        if (*b == '\0' && strcmp(a, "`") == 0)
            return names[i];
    }
    return NULL;
}

static void compile(reader *r, const char *formula, const qn_model_options *options)
{
    qn_error why = qn_error_none();
    qn_model_unref(r->s->model);
    qn_status s = qn_model_new(&r->s->model, formula, -1, options, &why);
    if (s == QN_NOMEM || s == QN_BUDGET)
        r->status = qni_refused(r->err, r->s->allocator, 0, "the formula of a fit");
    else if (s != QN_OK)
        complain(r, s, "\"formula\": %s", why.message);
}

static void read_formula(reader *r, const json_t *root)
{
    int64_t count;
    const char *formula = text_of(r, member(r, root, "", "formula", NEEDED), "", "formula");
    const char *response = text_of(r, member(r, root, "", "response", NEEDED), "", "response");
    const char **names = column_names(r, root, &count);
    if (formula == NULL)
        complain(r, QN_DATA,
                 "\"formula\" is null: this is the fit of a function, which only its program can predict from");
    if (r->status != QN_OK)
        return;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = count;
    options.allocator = r->s->allocator;
    compile(r, formula, &options);
    if (r->status == QN_OK && !qn_model_has_response(r->s->model)) {
        options.response = response != NULL ? response_column(response, names, count) : NULL;
        if (options.response == NULL)
            complain(r, QN_DATA, "\"response\" is none of the columns, and the formula has no left side");
        else
            compile(r, formula, &options);
    }
    if (r->status == QN_OK && response != NULL && strcmp(response, qn_model_response_text(r->s->model)) != 0)
        complain(r, QN_DATA, "\"response\" is \"%.80s\", but the formula describes \"%.80s\"", response,
                 qn_model_response_text(r->s->model));
    if (r->status == QN_OK)
        r->s->head.model = r->s->model;
}

/* That a tie is a function of the fit's parameters. */
static void check_tie(reader *r, int64_t i)
{
    const qn_fit_result *fit = &r->s->result;
    qn_model *model;
    qn_model_options options;
    qn_error why = qn_error_none();
    qn_model_options_init(&options, sizeof options);
    options.allocator = r->s->allocator;
    qn_status s = qn_model_new(&model, fit->parameters[i].tie, -1, &options, &why);
    if (s == QN_NOMEM || s == QN_BUDGET)
        r->status = qni_refused(r->err, r->s->allocator, 0, "the tie of a parameter");
    else if (s != QN_OK)
        complain(r, s, "parameter %" PRId64 ": \"tie\": %s", i + 1, why.message);
    for (int64_t k = 0; r->status == QN_OK && k < qn_model_parameter_count(model); k++) {
        const char *name = qn_model_parameter_name(model, k);
        int64_t known = 0;
        while (known < fit->p && strcmp(fit->parameters[known].name, name) != 0)
            known++;
        if (known == fit->p)
            complain(r, QN_NAME, "parameter %" PRId64 ": \"tie\": there is no parameter \"%.80s\"", i + 1, name);
    }
    qn_model_unref(model);
}

/* That what is said of a parameter goes with its role. */
static void check_roles(reader *r)
{
    const qn_fit_result *fit = &r->s->result;
    for (int64_t i = 0; r->status == QN_OK && i < fit->p; i++) {
        const qn_fit_parameter *of = &fit->parameters[i];
        if (of->role == QN_FIT_FIXED && (fit->covariance[i * fit->p + i] != 0 || of->stderr_ > 0))
            complain(r, QN_DATA, "parameter %" PRId64 ": \"role\" is fixed, but its %s is not 0", i + 1,
                     of->stderr_ > 0 ? "\"stderr\"" : "\"covariance\"");
        else if ((of->role == QN_FIT_TIED) != (of->tie != NULL))
            complain(r, QN_DATA, "parameter %" PRId64 ": \"tie\" and a \"role\" of tied need each other", i + 1);
        else if (of->tie != NULL)
            check_tie(r, i);
    }
}

/* That the covariance is one of some numbers. */
static void check_definite(reader *r)
{
    qn_error why = qn_error_none();
    if (r->status != QN_OK)
        return;
    qn_status s = qni_predict_check(&r->s->result, r->s->allocator, &why);
    if (s == QN_DATA)
        complain(r, s, "\"covariance\": %s", why.message);
    else if (s != QN_OK)
        r->status = qni_refused(r->err, r->s->allocator, 0, "a fit that is read");
}

/* That every name is a parameter of the formula, and in its place. */
static void check_names(reader *r)
{
    qn_error why;
    if (r->status == QN_OK && qni_fit_check_names(r->s->model, &r->s->result, &why) != QN_OK)
        complain(r, QN_NAME, "\"parameters\": %s", why.message);
}

static void check_schema(reader *r, const json_t *root)
{
    const json_t *schema = json_object_get(root, "schema");
    const char *name = json_string_value(schema);
    if (name == NULL)
        complain(r, QN_DATA, "this is no fit: it has no \"schema\" of \"" QNI_FIT_SCHEMA "\"");
    else if (strncmp(name, "quern.fit/", 10) == 0 && strcmp(name, QNI_FIT_SCHEMA) != 0)
        complain(r, QN_DATA, "the schema is \"%.40s\", this version of Quern reads \"" QNI_FIT_SCHEMA "\"", name);
    else if (strcmp(name, QNI_FIT_SCHEMA) != 0)
        complain(r, QN_DATA, "this is no fit: its schema is \"%.40s\", not \"" QNI_FIT_SCHEMA "\"", name);
}

static void read_all(reader *r, const json_t *root)
{
    check_schema(r, root);
    read_formula(r, root);
    read_fit(r, root);
    check_names(r);
    check_roles(r);
    read_statistics(r, root);
    check_definite(r);
    read_profile(r, root);
    read_identifiability(r, root);
    read_diagnostics(r, root);
    read_warnings(r, root);
}

void qn_fit_saved_free(qn_fit_saved *head)
{
    if (head == NULL)
        return;
    saved *s = (saved *)head;
    const qn_allocator *allocator = s->allocator;
    qn_model_unref(s->model);
    for (block *b = s->blocks, *next; b != NULL; b = next) {
        next = b->next;
        qni_free(allocator, b, b->size + (int64_t)sizeof *b, 1);
    }
    qni_delete(allocator, s);
}

static qn_status read_bytes(qn_fit_saved **out, const char *bytes, int64_t size, const char *name, bool exact,
                            const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (size < 0 || (bytes == NULL && size > 0))
        return qni_error(err, QN_INVALID, "a saved fit of %" PRId64 " bytes cannot be", size);
    json_t *root;
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3; /* a byte-order mark */
        size -= 3;
    }
    qn_status status = qni_json_read(&root, bytes, size, name, err);
    if (status != QN_OK)
        return status;
    saved *s = qni_new(allocator, saved);
    if (s == NULL) {
        json_decref(root);
        return qni_refused(err, allocator, (int64_t)sizeof *s, "a fit that is read");
    }
    s->allocator = allocator;
    s->head.result = &s->result;
    reader r = {.s = s, .file = name, .exact = exact, .err = err};
    read_all(&r, root);
    json_decref(root);
    if (r.status == QN_OK)
        *out = &s->head;
    else
        qn_fit_saved_free(&s->head);
    return r.status;
}

qn_status qn_fit_saved_read_bytes(qn_fit_saved **out, const char *bytes, int64_t size, const char *name,
                                  const qn_allocator *allocator, qn_error *err)
{
    return read_bytes(out, bytes, size, name, false, allocator, err);
}

qn_status qni_fit_read_exact(qn_fit_saved **out, const char *bytes, int64_t size, const char *name,
                             const qn_allocator *allocator, qn_error *err)
{
    return read_bytes(out, bytes, size, name, true, allocator, err);
}

qn_status qn_fit_saved_read(qn_fit_saved **out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (path == NULL)
        return qni_error(err, QN_INVALID, "there is no path to read a fit from");
    qni_file_bytes file;
    qn_status status = qni_file_read_all(&file, path, QNI_JSON_SIZE_MAX, allocator, err);
    if (status != QN_OK)
        return status;
    status = qn_fit_saved_read_bytes(out, file.bytes, file.size, qni_file_name(path), allocator, err);
    qni_file_bytes_free(&file, allocator);
    return status;
}
