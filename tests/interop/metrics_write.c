/* Registers and records what standard input says, fields that end with a zero each, and writes it all in Prometheus'
 * text format to standard output: for tests/interop/prometheus.py.
 *
 * A record: kind ("counter", "gauge", "recorder"), name, help, divisor, number of labels, name and value of each,
 * number of values, each value. */
#include "base/json.h"
#include "base/number.h"

#include <quern/metrics.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char input[1 << 20];
static const char *next_field = input;

static const char *field(void)
{
    const char *text = next_field;
    next_field += strlen(text) + 1;
    return text;
}

static double number(void)
{
    const char *text = field();
    double value = 0;
    if (qni_number_parse(&value, text, text + strlen(text)) == NULL)
        abort();
    return value;
}

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static void take_record(qn_metrics *metrics)
{
    const char *kind = field(), *name = field();
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    qn_label labels[8];
    qn_error err;
    options.help = field();
    options.divisor = number();
    options.labels = labels;
    options.label_count = (int64_t)number();
    for (int64_t i = 0; i < options.label_count; i++) {
        labels[i].name = field();
        labels[i].value = field();
    }
    qn_counter counter = {-1};
    qn_gauge gauge = {-1};
    qn_recorder recorder = {-1};
    if (*kind == 'c')
        must(qn_counter_register(&counter, metrics, name, &options, &err), &err);
    else if (*kind == 'g')
        must(qn_gauge_register(&gauge, metrics, name, &options, &err), &err);
    else
        must(qn_recorder_register(&recorder, metrics, name, &options, &err), &err);
    for (int64_t count = (int64_t)number(); count > 0; count--) {
        double value = number();
        qn_gauge_set(metrics, gauge, value);
        if (gauge.id < 0) {
            qn_counter_add(metrics, counter, (int64_t)value);
            qn_recorder_record(metrics, recorder, (int64_t)value);
        }
    }
}

int main(void)
{
    size_t size = fread(input, 1, sizeof input - 1, stdin);
    qn_metrics *metrics = NULL;
    qn_error err;
    must(qn_metrics_new(&metrics, 0, NULL, &err), &err);
    while (next_field < input + size)
        take_record(metrics);
    must(qn_metrics_write_text(metrics, qni_json_file_sink, stdout, &err), &err);
    qn_metrics_free(metrics);
    return 0;
}
