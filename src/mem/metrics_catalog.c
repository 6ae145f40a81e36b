/* mem/metrics_catalog.c: names and labels become series; see metrics_int.h. The rules for names are Prometheus'.
 *
 * Always: a family is appended when its first series is complete; a series' number is below `count` only when it is. */
#include "mem/metrics_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/utf8.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a registration asks for, checked and in one order. */
typedef struct request {
    qni_metric_kind kind;
    int32_t label_count;
    int64_t highest;
    double divisor;
    const char *help;
    char name[QNI_METRICS_NAME_SIZE];
    int64_t keys_size, values_size;
    char keys[QNI_METRICS_LABELS_MAX * QNI_METRICS_NAME_SIZE];
    char values[QNI_METRICS_LABELS_MAX * QNI_METRICS_VALUE_SIZE];
} request;

const char *qni_metric_kind_name(qni_metric_kind kind)
{
    static const char *const names[] = {"counter", "gauge", "histogram"};
    return names[kind];
}

void qni_catalog_init(qni_catalog *catalog, int64_t label_sets, const qn_allocator *allocator)
{
    catalog->allocator = allocator;
    catalog->label_sets = label_sets;
    catalog->last = NULL;
    catalog->lock = (qni_lock){0};
    atomic_init(&catalog->first, NULL);
    atomic_init(&catalog->count, 0);
    for (int i = 0; i < QNI_METRICS_PAGES; i++)
        atomic_init(&catalog->pages[i], NULL);
}

static int64_t page_capacity(int page)
{
    return (int64_t)QNI_METRICS_PAGE_FIRST << page;
}

/* Page k begins with the number PAGE_FIRST * (2^k - 1). */
static int page_of(int64_t id)
{
    return 63 - __builtin_clzll((uint64_t)(id / QNI_METRICS_PAGE_FIRST + 1));
}

static int64_t place_in_page(int64_t id, int page)
{
    return id + QNI_METRICS_PAGE_FIRST - page_capacity(page);
}

static qni_series *series_at(const qni_catalog *catalog, int64_t id)
{
    int page = page_of(id);
    /* Relaxed: whoever has a number below `count` acquired that, and the page was there before. */
    return atomic_load_explicit(&catalog->pages[page], memory_order_relaxed) + place_in_page(id, page);
}

qni_series *qni_catalog_series(qni_catalog *catalog, int32_t id, qni_metric_kind kind)
{
    if (id < 0 || id >= qni_catalog_count(catalog))
        return NULL;
    qni_series *series = series_at(catalog, id);
    return series->family->kind == kind ? series : NULL;
}

static void family_free(qni_catalog *catalog, qni_family *family)
{
    if (family != NULL)
        qni_free(catalog->allocator, family, (int64_t)sizeof *family + family->text_size, 1);
}

void qni_catalog_fini(qni_catalog *catalog)
{
    int64_t count = qni_catalog_count(catalog);
    for (int64_t id = 0; id < count; id++) {
        qni_series *series = series_at(catalog, id);
        qni_cells_free(catalog->allocator, series->shared_cells);
        qni_free(catalog->allocator, series->values, series->values_size, 1);
    }
    for (int i = 0; i < QNI_METRICS_PAGES; i++)
        /* Relaxed: nobody else is here at the end. */
        qni_free(catalog->allocator, atomic_load_explicit(&catalog->pages[i], memory_order_relaxed), page_capacity(i),
                 (int64_t)sizeof(qni_series));
    for (qni_family *family = qni_family_first(catalog), *next; family != NULL; family = next) {
        next = qni_family_next(family);
        family_free(catalog, family);
    }
}

/* ---- checking ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(const char *name, bool with_colon)
{
    if (name == NULL || *name == 0)
        return false;
    for (const char *p = name; *p != 0; p++)
        if (!is_letter(*p) && !(with_colon && *p == ':') && !(p > name && *p >= '0' && *p <= '9'))
            return false;
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && memcmp(text + size - end_size, end, end_size) == 0;
}

static qn_status check_name(request *r, const char *name, qn_error *err)
{
    if (!is_name(name, true))
        return qni_error(err, QN_INVALID, "a metric's name is [a-zA-Z_:][a-zA-Z0-9_:]*, not \"%s\"",
                         name == NULL ? "" : name);
    const char *end = r->kind == QNI_METRIC_COUNTER && !ends_with(name, "_total") ? "_total" : "";
    if (snprintf(r->name, sizeof r->name, "%s%s", name, end) >= (int)sizeof r->name)
        return qni_error(err, QN_INVALID, "the metric name \"%s\" has more than %d bytes", name,
                         QNI_METRICS_NAME_SIZE - 1);
    return QN_OK;
}

static qn_status check_label(const request *r, const qn_label *label, qn_error *err)
{
    const char *name = label->name;
    if (!is_name(name, false) || strncmp(name, "__", 2) == 0 || strlen(name) >= QNI_METRICS_NAME_SIZE ||
        (r->kind == QNI_METRIC_RECORDER && strcmp(name, "le") == 0))
        return qni_error(err, QN_INVALID, "metric %s: \"%s\" cannot be a label's name", r->name,
                         name == NULL ? "" : name);
    if (label->value == NULL)
        return qni_error(err, QN_INVALID, "metric %s: the label %s has no value", r->name, name);
    int64_t size = (int64_t)strlen(label->value);
    if (size >= QNI_METRICS_VALUE_SIZE)
        return qni_error(err, QN_INVALID, "metric %s: the label %s has %" PRId64 " bytes, more than %d", r->name, name,
                         size, QNI_METRICS_VALUE_SIZE - 1);
    if (!qni_utf8_valid(label->value, size))
        return qni_error(err, QN_INVALID, "metric %s: the label %s is not UTF-8", r->name, name);
    return QN_OK;
}

static void append(char *to, int64_t *size, const char *text)
{
    int64_t text_size = (int64_t)strlen(text) + 1;
    memcpy(to + *size, text, (size_t)text_size);
    *size += text_size;
}

/* The labels in the order of their names. */
static qn_status check_labels(request *r, const qn_metric_options *options, qn_error *err)
{
    if (options->label_count < 0 || options->label_count > QNI_METRICS_LABELS_MAX)
        return qni_error(err, QN_INVALID, "metric %s has %" PRId64 " labels, not 0 to %d", r->name,
                         options->label_count, QNI_METRICS_LABELS_MAX);
    const qn_label *sorted[QNI_METRICS_LABELS_MAX];
    r->label_count = (int32_t)options->label_count;
    for (int i = 0; i < r->label_count; i++) {
        const qn_label *label = &options->labels[i];
        qn_status status = check_label(r, label, err);
        if (status != QN_OK)
            return status;
        int place = i;
        for (; place > 0 && strcmp(sorted[place - 1]->name, label->name) > 0; place--)
            sorted[place] = sorted[place - 1];
        if (place > 0 && strcmp(sorted[place - 1]->name, label->name) == 0)
            return qni_error(err, QN_INVALID, "metric %s has the label %s twice", r->name, label->name);
        sorted[place] = label;
    }
    for (int i = 0; i < r->label_count; i++) {
        append(r->keys, &r->keys_size, sorted[i]->name);
        append(r->values, &r->values_size, sorted[i]->value);
    }
    return QN_OK;
}

/* The range and the unit of a recorder; other metrics have none. */
static qn_status check_range(request *r, const qn_metric_options *options, qn_error *err)
{
    bool is_recorder = r->kind == QNI_METRIC_RECORDER;
    bool is_good = is_recorder ? options->highest >= 0 && options->divisor >= 0 && options->divisor <= 1e300
                               : options->highest == 0 && options->divisor == 0;
    if (!is_good)
        return qni_error(err, QN_INVALID, "metric %s: highest and divisor are a recorder's, and not below 0", r->name);
    r->highest = is_recorder && options->highest == 0 ? QNI_HISTOGRAM_HIGHEST : options->highest;
    r->divisor = is_recorder && options->divisor == 0 ? 1 : options->divisor;
    return QN_OK;
}

static qn_status check(request *r, qni_metric_kind kind, const char *name, const qn_metric_options *given,
                       qn_error *err)
{
    qn_metric_options options;
    qn_status status = qni_options_copy(&options, sizeof options, given, "qn_metric_options", err);
    if (status != QN_OK)
        return status;
    r->kind = kind;
    r->keys_size = r->values_size = 0;
    status = check_name(r, name, err);
    if (status == QN_OK)
        status = check_labels(r, &options, err);
    if (status == QN_OK)
        status = check_range(r, &options, err);
    if (status != QN_OK)
        return status;
    r->help = options.help == NULL ? "" : options.help;
    if (!qni_utf8_valid(r->help, (int64_t)strlen(r->help)))
        return qni_error(err, QN_INVALID, "metric %s: its help is not UTF-8", r->name);
    return QN_OK;
}

/* ---- finding ---- */

/* Whether what a metric shows bears the name `other`, or `other` with what a recorder appends. */
static bool shows(const char *name, qni_metric_kind kind, const char *other)
{
    size_t size = strlen(name);
    if (strncmp(name, other, size) != 0)
        return false;
    const char *rest = other + size;
    if (*rest == 0)
        return true;
    return kind == QNI_METRIC_RECORDER &&
           (strcmp(rest, "_bucket") == 0 || strcmp(rest, "_sum") == 0 || strcmp(rest, "_count") == 0);
}

/* The family with the name that is asked for. QN_INVALID: that name, or one that it shows, is another's. */
static qn_status find_family(qni_family **out, const qni_catalog *catalog, const request *r, qn_error *err)
{
    *out = NULL;
    for (qni_family *family = qni_family_first(catalog); family != NULL; family = qni_family_next(family)) {
        if (strcmp(family->text, r->name) == 0) {
            *out = family;
            return QN_OK;
        }
        if (shows(family->text, family->kind, r->name) || shows(r->name, r->kind, family->text))
            return qni_error(err, QN_INVALID, "the metric name %s is taken by what the %s %s shows", r->name,
                             qni_metric_kind_name(family->kind), family->text);
    }
    return QN_OK;
}

/* A name has one kind, the same label names, the same range and unit. */
static qn_status check_same(const qni_family *family, const request *r, qn_error *err)
{
    if (family->kind != r->kind)
        return qni_error(err, QN_INVALID, "the metric %s is a %s already", r->name, qni_metric_kind_name(family->kind));
    if (family->keys_size != r->keys_size || memcmp(family->keys, r->keys, (size_t)r->keys_size) != 0)
        return qni_error(err, QN_INVALID, "the metric %s was registered with other label names", r->name);
    if (family->highest != r->highest || family->divisor != r->divisor)
        return qni_error(err, QN_INVALID, "the recorder %s was registered with another highest or divisor", r->name);
    return QN_OK;
}

static qni_series *find_series(const qni_family *family, const char *values, int64_t values_size)
{
    qni_series *series = qni_series_first(family);
    while (series != NULL &&
           (series->values_size != values_size || memcmp(series->values, values, (size_t)values_size) != 0))
        series = qni_series_next(series);
    return series;
}

/* ---- making ---- */

static qni_family *family_new(qni_catalog *catalog, const request *r)
{
    int64_t name_size = (int64_t)strlen(r->name) + 1, help_size = (int64_t)strlen(r->help) + 1;
    int64_t text_size = name_size + help_size + r->keys_size;
    qni_family *family = qni_alloc_zeroed(catalog->allocator, (int64_t)sizeof *family + text_size, 1);
    if (family == NULL)
        return NULL;
    family->kind = r->kind;
    family->label_count = r->label_count;
    family->highest = r->highest;
    family->divisor = r->divisor;
    memcpy(family->text, r->name, (size_t)name_size);
    memcpy(family->text + name_size, r->help, (size_t)help_size);
    memcpy(family->text + name_size + help_size, r->keys, (size_t)r->keys_size);
    family->help = family->text + name_size;
    family->keys = family->help + help_size;
    family->keys_size = r->keys_size;
    family->text_size = text_size;
    return family;
}

/* The place of the next series, on a page that is made where it is not there. Under the lock. NULL: no memory. */
static qni_series *next_place(qni_catalog *catalog, int64_t id)
{
    int page = page_of(id);
    /* Relaxed: the lock orders those who make pages. */
    if (atomic_load_explicit(&catalog->pages[page], memory_order_relaxed) == NULL) {
        qni_series *fresh = qni_alloc_zeroed(catalog->allocator, page_capacity(page), (int64_t)sizeof(qni_series));
        if (fresh == NULL)
            return NULL;
        /* Relaxed: published by the count. */
        atomic_store_explicit(&catalog->pages[page], fresh, memory_order_relaxed);
    }
    return series_at(catalog, id);
}

/* Appends a series to a family. Under the lock. */
static qn_status add_series(qni_series **out, qni_catalog *catalog, qni_family *family, const char *values,
                            int64_t values_size, qn_error *err)
{
    /* Relaxed: only holders of the lock change it. */
    int64_t id = atomic_load_explicit(&catalog->count, memory_order_relaxed);
    if (page_of(id) >= QNI_METRICS_PAGES)
        return qni_error(err, QN_LIMIT, "the metric %s comes after %" PRId64 " others, no more are kept", family->text,
                         id);
    bool is_recorder = family->kind == QNI_METRIC_RECORDER;
    qni_series *series = next_place(catalog, id);
    char *copy = series == NULL ? NULL : qni_alloc(catalog->allocator, values_size, 1);
    qni_cells *cells = copy == NULL || !is_recorder ? NULL : qni_cells_new(catalog->allocator, family->highest);
    if (copy == NULL || (is_recorder && cells == NULL)) {
        qni_free(catalog->allocator, copy, values_size, 1);
        return qni_refused(err, catalog->allocator,
                           page_capacity(page_of(id)) * (int64_t)sizeof *series +
                               (is_recorder ? qni_cells_size(family->highest) : 0),
                           "the metric %s", family->text);
    }
    memcpy(copy, values, (size_t)values_size);
    series->shared_cells = cells;
    series->family = family;
    series->values = copy;
    series->values_size = values_size;
    series->id = (int32_t)id;
    /* Release, twice: whoever finds the series in its family, or has its number, sees it complete. */
    atomic_store_explicit(family->last == NULL ? &family->first : &family->last->next, series, memory_order_release);
    family->last = series;
    atomic_store_explicit(&catalog->count, id + 1, memory_order_release);
    *out = series;
    return QN_OK;
}

/* The series for label sets beyond the limit. Under the lock. */
static qn_status other_series(qni_series **out, qni_catalog *catalog, qni_family *family, qn_error *err)
{
    if (family->other == NULL) {
        char values[QNI_METRICS_LABELS_MAX * sizeof "other"];
        int64_t size = 0;
        for (int i = 0; i < family->label_count; i++)
            append(values, &size, "other");
        family->other = find_series(family, values, size);
        qn_status status = QN_OK;
        if (family->other == NULL)
            status = add_series(&family->other, catalog, family, values, size, err);
        if (status != QN_OK)
            return status;
    }
    atomic_fetch_add_explicit(&family->refused, 1, memory_order_relaxed);
    *out = family->other;
    return QN_OK;
}

static qn_status new_family(qni_series **out, qni_catalog *catalog, const request *r, qn_error *err)
{
    qni_family *family = family_new(catalog, r);
    if (family == NULL)
        return qni_refused(err, catalog->allocator, (int64_t)sizeof *family, "the metric %s", r->name);
    qn_status status = add_series(out, catalog, family, r->values, r->values_size, err);
    if (status != QN_OK) {
        family_free(catalog, family);
        return status;
    }
    family->sets = 1;
    /* Release: readers find the family with its first series. */
    atomic_store_explicit(catalog->last == NULL ? &catalog->first : &catalog->last->next, family, memory_order_release);
    catalog->last = family;
    return QN_OK;
}

static qn_status find_or_make(qni_series **out, qni_catalog *catalog, const request *r, qn_error *err)
{
    qni_family *family;
    qn_status status = find_family(&family, catalog, r, err);
    if (status != QN_OK)
        return status;
    if (family == NULL)
        return new_family(out, catalog, r, err);
    status = check_same(family, r, err);
    if (status != QN_OK)
        return status;
    *out = find_series(family, r->values, r->values_size);
    if (*out != NULL)
        return QN_OK;
    if (family->sets >= catalog->label_sets)
        return other_series(out, catalog, family, err);
    status = add_series(out, catalog, family, r->values, r->values_size, err);
    family->sets += status == QN_OK;
    return status;
}

qn_status qni_catalog_register(qni_series **out, qni_catalog *catalog, qni_catalog *registered, qni_metric_kind kind,
                               const char *name, const qn_metric_options *options, qn_error *err)
{
    *out = NULL;
    request r;
    qn_status status = check(&r, kind, name, options, err);
    if (status != QN_OK)
        return status;
    if (registered != NULL) {
        qni_family *taken;
        status = find_family(&taken, registered, &r, err);
        if (status == QN_OK && taken != NULL)
            status = qni_error(err, QN_INVALID, "the metric %s is registered, a collector cannot publish it", r.name);
        if (status != QN_OK)
            return status;
    }
    qni_lock_take(&catalog->lock, NULL);
    status = find_or_make(out, catalog, &r, err);
    qni_lock_give(&catalog->lock);
    return status;
}
