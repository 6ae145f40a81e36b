/* mem/metrics_json.c: everything as one line of JSON; its form is described in the header. */
#include "mem/metrics_int.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

typedef struct output {
    qni_json_writer writer;
    bool in_family;
} output;

static void end_family(output *o)
{
    if (!o->in_family)
        return;
    qni_json_array_end(&o->writer);
    qni_json_object_end(&o->writer);
}

static void write_family(void *user, const qni_family *family)
{
    output *o = user;
    end_family(o);
    o->in_family = true;
    qni_json_object_begin(&o->writer);
    qni_json_key_string(&o->writer, "name", family->text);
    qni_json_key_string(&o->writer, "kind", qni_metric_kind_name(family->kind));
    qni_json_key_string(&o->writer, "help", family->help);
    qni_json_key(&o->writer, "series");
    qni_json_array_begin(&o->writer);
}

static void write_number(qni_json_writer *w, const char *key, double value)
{
    qni_json_key(w, key);
    qni_json_double(w, value);
}

static void write_histogram(qni_json_writer *w, const qn_histogram *histogram, double divisor)
{
    static const struct {
        const char *key;
        double percent;
    } percentiles[] = {{"min", 0}, {"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}};
    qn_histogram_stats stats = {.size = (int64_t)sizeof stats};
    qn_histogram_get_stats(histogram, &stats);
    qni_json_key(w, "count");
    qni_json_int64(w, stats.count);
    write_number(w, "sum", (double)stats.sum / divisor);
    write_number(w, "mean", stats.mean / divisor);
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++) {
        double value = (double)qn_histogram_percentile(histogram, percentiles[i].percent) / divisor;
        write_number(w, percentiles[i].key, stats.count > 0 ? value : (double)NAN);
    }
}

static void write_series(void *user, const qni_series *series, int64_t count, double level,
                         const qn_histogram *histogram)
{
    qni_json_writer *w = &((output *)user)->writer;
    const qni_family *family = series->family;
    const char *key = family->keys, *value = series->values;
    qni_json_object_begin(w);
    qni_json_key(w, "labels");
    qni_json_object_begin(w);
    for (int i = 0; i < family->label_count; i++, key += strlen(key) + 1, value += strlen(value) + 1)
        qni_json_key_string(w, key, value);
    qni_json_object_end(w);
    if (histogram != NULL) {
        write_histogram(w, histogram, family->divisor);
    } else if (family->kind == QNI_METRIC_COUNTER) {
        qni_json_key(w, "value");
        qni_json_int64(w, count);
    } else {
        write_number(w, "value", level);
    }
    qni_json_object_end(w);
}

qn_status qn_metrics_write_json(qn_metrics *metrics,
                                qn_status (*sink)(void *user, const char *text, int64_t size, qn_error *err),
                                void *user, qn_error *err)
{
    output o = {.in_family = false};
    qni_json_writer_init(&o.writer, sink, user, 0);
    qni_json_object_begin(&o.writer);
    qni_json_key_string(&o.writer, "schema", "quern.metrics/1");
    qni_json_key(&o.writer, "metrics");
    qni_json_array_begin(&o.writer);
    qni_metrics_visitor visitor = {.family = write_family, .series = write_series, .user = &o};
    qn_status status = qni_metrics_visit(metrics, &visitor, err);
    if (status != QN_OK)
        return status;
    end_family(&o);
    qni_json_array_end(&o.writer);
    qni_json_object_end(&o.writer);
    return qni_json_finish(&o.writer, err);
}
