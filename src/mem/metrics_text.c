/* mem/metrics_text.c: Prometheus' text format, version 0.0.4.
 *
 * Always: once status is not QN_OK nothing more is written. */
#include "mem/metrics_int.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct text {
    qn_status (*sink)(void *user, const char *text, int64_t size, qn_error *err);
    void *user;
    qn_status status; /* of the first failure */
    qn_error *err;
    int64_t pending_size;
    char pending[QNI_METRICS_PENDING_SIZE];
} text;

static void flush(text *t)
{
    if (t->status == QN_OK && t->pending_size > 0)
        t->status = t->sink(t->user, t->pending, t->pending_size, t->err);
    t->pending_size = 0;
}

static void put_byte(text *t, char c)
{
    if (t->pending_size == QNI_METRICS_PENDING_SIZE)
        flush(t);
    t->pending[t->pending_size++] = c;
}

static void put(text *t, const char *s)
{
    for (; *s != 0; s++)
        put_byte(t, *s);
}

/* With a backslash before what would end the value; `quotes`: those, too. */
static void put_escaped(text *t, const char *s, bool quotes)
{
    for (; *s != 0; s++) {
        bool is_line_end = *s == '\n';
        if (is_line_end || *s == '\\' || (quotes && *s == '"'))
            put_byte(t, '\\');
        put_byte(t, is_line_end ? 'n' : *s);
    }
}

static void put_integer(text *t, int64_t value)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, value);
    put(t, digits);
}

static void put_number(text *t, double value)
{
    char digits[QNI_NUMBER_SIZE];
    if (isinf(value)) {
        put(t, value > 0 ? "+Inf" : "-Inf");
    } else if (isnan(value)) {
        put(t, "NaN");
    } else {
        (void)qni_number_format(digits, value);
        put(t, digits);
    }
}

/* name_suffix{key="value",…,le="bound"} and a blank; le NULL: none. */
static void put_sample(text *t, const qni_series *series, const char *suffix, const char *le)
{
    const qni_family *family = series->family;
    const char *key = family->keys, *value = series->values, *before = "{";
    put(t, family->text);
    put(t, suffix);
    for (int i = 0; i < family->label_count; i++, key += strlen(key) + 1, value += strlen(value) + 1) {
        put(t, before);
        put(t, key);
        put(t, "=\"");
        put_escaped(t, value, true);
        put_byte(t, '"');
        before = ",";
    }
    if (le != NULL) {
        put(t, before);
        put(t, "le=\"");
        put(t, le);
        put_byte(t, '"');
    }
    put(t, le != NULL || family->label_count > 0 ? "} " : " ");
}

static void write_bucket(text *t, const qni_series *series, const char *le, int64_t count)
{
    put_sample(t, series, "_bucket", le);
    put_integer(t, count);
    put_byte(t, '\n');
}

/* The bounds are the last values of every second doubling, so that they fall between two buckets. */
static void write_histogram(text *t, const qni_series *series, const qn_histogram *histogram)
{
    const qni_family *family = series->family;
    qn_histogram_stats stats = {.size = (int64_t)sizeof stats};
    qn_histogram_get_stats(histogram, &stats);
    for (int digits = 2; digits < 63 && (INT64_C(1) << digits) - 1 <= family->highest; digits += 2) {
        char le[QNI_NUMBER_SIZE];
        int64_t bound = (INT64_C(1) << digits) - 1;
        (void)qni_number_format(le, (double)bound / family->divisor);
        write_bucket(t, series, le, qni_histogram_up_to(histogram, qni_cells_bucket(bound)));
    }
    write_bucket(t, series, "+Inf", stats.count);
    put_sample(t, series, "_sum", NULL);
    put_number(t, (double)stats.sum / family->divisor);
    put_byte(t, '\n');
    put_sample(t, series, "_count", NULL);
    put_integer(t, stats.count);
    put_byte(t, '\n');
}

static void write_family(void *user, const qni_family *family)
{
    text *t = user;
    if (*family->help != 0) {
        put(t, "# HELP ");
        put(t, family->text);
        put_byte(t, ' ');
        put_escaped(t, family->help, false);
        put_byte(t, '\n');
    }
    put(t, "# TYPE ");
    put(t, family->text);
    put_byte(t, ' ');
    put(t, qni_metric_kind_name(family->kind));
    put_byte(t, '\n');
}

static void write_series(void *user, const qni_series *series, int64_t count, double level,
                         const qn_histogram *histogram)
{
    text *t = user;
    if (histogram != NULL) {
        write_histogram(t, series, histogram);
        return;
    }
    put_sample(t, series, "", NULL);
    if (series->family->kind == QNI_METRIC_COUNTER)
        put_integer(t, count);
    else
        put_number(t, level);
    put_byte(t, '\n');
}

qn_status qn_metrics_write_text(qn_metrics *metrics,
                                qn_status (*sink)(void *user, const char *text, int64_t size, qn_error *err),
                                void *user, qn_error *err)
{
    text t = {.sink = sink, .user = user, .status = QN_OK, .err = err};
    qni_metrics_visitor visitor = {.family = write_family, .series = write_series, .user = &t};
    qn_status status = qni_metrics_visit(metrics, &visitor, err);
    if (status != QN_OK)
        return status;
    flush(&t);
    return t.status;
}
