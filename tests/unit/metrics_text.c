/* What is written of a registry: Prometheus' text to the last byte, JSON, collectors. */
#include "harness/harness.h"

#include "base/json.h"
#include "base/utf8.h"
#include "mem/budget_int.h"
#include "mem/metrics_int.h"

#include <math.h>
#include <string.h>

static qn_metrics *fresh(int64_t label_sets)
{
    qn_metrics *m;
    qn_error err;
    assert_ok(qn_metrics_new(&m, label_sets, NULL, &err), &err);
    return m;
}

static qn_metric_options options_with(const char *help, const qn_label *labels, int64_t label_count)
{
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    options.help = help;
    options.labels = labels;
    options.label_count = label_count;
    return options;
}

/* The text, to be freed with the buffer. */
static const char *text_of(qn_metrics *m, qni_json_buffer *buffer)
{
    qn_error err;
    *buffer = (qni_json_buffer){.allocator = NULL};
    assert_ok(qn_metrics_write_text(m, qni_json_buffer_sink, buffer, &err), &err);
    return buffer->text == NULL ? "" : buffer->text;
}

static void check_text(qn_metrics *m, const char *expected)
{
    qni_json_buffer buffer;
    assert_string_equal(text_of(m, &buffer), expected);
    qni_json_buffer_free(&buffer);
}

static void an_empty_registry_writes_nothing(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    check_text(m, "");
    qn_metrics_free(m);
}

static void counters_and_gauges_are_written_with_help_type_and_sorted_labels(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qn_counter c;
    qn_gauge g;
    const qn_label labels[] = {{"verb", "get"}, {"code", "200"}}, others[] = {{"verb", "put"}, {"code", "500"}};
    qn_metric_options options = options_with("Requests\nanswered: 100 % \\ \"all\".", labels, 2);
    assert_ok(qn_counter_register(&c, m, "http:requests", &options, &err), &err);
    qn_counter_add(m, c, INT64_C(9007199254740993)); /* no double */
    assert_ok(qn_gauge_register(&g, m, "temperature", NULL, &err), &err);
    qn_gauge_set(m, g, -0.1);
    options = options_with("Another sentence, which is not used.", others, 2);
    assert_ok(qn_counter_register(&c, m, "http:requests", &options, &err), &err);
    qn_counter_add(m, c, 1);
    check_text(m, "# HELP http:requests_total Requests\\nanswered: 100 % \\\\ \"all\".\n"
                  "# TYPE http:requests_total counter\n"
                  "http:requests_total{code=\"200\",verb=\"get\"} 9007199254740993\n"
                  "http:requests_total{code=\"500\",verb=\"put\"} 1\n"
                  "# TYPE temperature gauge\n"
                  "temperature -0.1\n");
    qn_metrics_free(m);
}

static void labels_are_escaped_and_special_numbers_have_prometheus_names(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    static const struct {
        const char *label;
        double value;
    } rows[] = {
        {"a\\b\"c\nd", (double)INFINITY}, {"", (double)-INFINITY}, {"\xc3\xa4 {}=,", (double)NAN}, {"x", 1e300}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        qn_gauge g;
        qn_label label = {"l", rows[i].label};
        qn_metric_options options = options_with(NULL, &label, 1);
        assert_ok(qn_gauge_register(&g, m, "g", &options, &err), &err);
        qn_gauge_set(m, g, rows[i].value);
    }
    check_text(m, "# TYPE g gauge\n"
                  "g{l=\"a\\\\b\\\"c\\nd\"} +Inf\n"
                  "g{l=\"\"} -Inf\n"
                  "g{l=\"\xc3\xa4 {}=,\"} NaN\n"
                  "g{l=\"x\"} 1e+300\n");
    qn_metrics_free(m);
}

static void a_recorder_is_a_cumulative_histogram_with_exact_bounds(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qn_recorder r;
    qn_label label = {"op", "read"};
    qn_metric_options options = options_with("How long.", &label, 1);
    options.highest = 1023;
    options.divisor = 1000;
    assert_ok(qn_recorder_register(&r, m, "wait_seconds", &options, &err), &err);
    static const int64_t values[] = {0, 3, 4, 15, 16, 63, 255, 256, 1023, 1024, 5000};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        qn_recorder_record(m, r, values[i]);
    check_text(m, "# HELP wait_seconds How long.\n"
                  "# TYPE wait_seconds histogram\n"
                  "wait_seconds_bucket{op=\"read\",le=\"0.003\"} 2\n"
                  "wait_seconds_bucket{op=\"read\",le=\"0.015\"} 4\n"
                  "wait_seconds_bucket{op=\"read\",le=\"0.063\"} 6\n"
                  "wait_seconds_bucket{op=\"read\",le=\"0.255\"} 7\n"
                  "wait_seconds_bucket{op=\"read\",le=\"1.023\"} 9\n"
                  "wait_seconds_bucket{op=\"read\",le=\"+Inf\"} 11\n"
                  "wait_seconds_sum{op=\"read\"} 7.659\n"
                  "wait_seconds_count{op=\"read\"} 11\n");
    qn_metrics_free(m);
}

static void each_label_set_of_a_recorder_has_its_own_histogram(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    for (int64_t i = 1; i <= 2; i++) {
        qn_recorder r;
        qn_label label = {"n", i == 1 ? "1" : "2"};
        qn_metric_options options = options_with(NULL, &label, 1);
        options.highest = 3;
        assert_ok(qn_recorder_register(&r, m, "r", &options, &err), &err);
        for (int64_t n = 0; n < i; n++)
            qn_recorder_record(m, r, i);
    }
    check_text(m, "# TYPE r histogram\n"
                  "r_bucket{n=\"1\",le=\"3\"} 1\nr_bucket{n=\"1\",le=\"+Inf\"} 1\n"
                  "r_sum{n=\"1\"} 1\nr_count{n=\"1\"} 1\n"
                  "r_bucket{n=\"2\",le=\"3\"} 2\nr_bucket{n=\"2\",le=\"+Inf\"} 2\n"
                  "r_sum{n=\"2\"} 4\nr_count{n=\"2\"} 2\n");
    qn_metrics_free(m);
}

/* Read back by another parser. */
static void json_says_the_same(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qn_counter c;
    qn_gauge g;
    qn_recorder r;
    qn_label label = {"k\x65y", "v\"\n"};
    qn_metric_options options = options_with("Help.", &label, 1);
    assert_ok(qn_counter_register(&c, m, "c", &options, &err), &err);
    qn_counter_add(m, c, 5);
    assert_ok(qn_gauge_register(&g, m, "g", NULL, &err), &err);
    qn_gauge_set(m, g, (double)INFINITY);
    options = options_with(NULL, NULL, 0);
    options.divisor = 10;
    assert_ok(qn_recorder_register(&r, m, "r", &options, &err), &err);
    assert_ok(qn_recorder_register(&(qn_recorder){0}, m, "empty", NULL, &err), &err);
    for (int i = 1; i <= 100; i++)
        qn_recorder_record(m, r, i);
    qni_json_buffer buffer = {.allocator = NULL};
    assert_ok(qn_metrics_write_json(m, qni_json_buffer_sink, &buffer, &err), &err);
    json_t *tree;
    assert_ok(qni_json_read(&tree, buffer.text, buffer.size, NULL, &err), &err);
    const char *schema, *name, *kind, *help, *value;
    json_t *metrics, *labels;
    json_int_t number, count;
    assert_int_equal(json_unpack(tree, "{s:s,s:o}", "schema", &schema, "metrics", &metrics), 0);
    assert_string_equal(schema, "quern.metrics/1");
    assert_int_equal(json_array_size(metrics), 4);
    assert_int_equal(json_unpack(json_array_get(metrics, 0), "{s:s,s:s,s:s,s:[{s:{s:s},s:I}]}", "name", &name, "kind",
                                 &kind, "help", &help, "series", "labels", "key", &value, "value", &number),
                     0);
    assert_string_equal(name, "c_total");
    assert_string_equal(kind, "counter");
    assert_string_equal(help, "Help.");
    assert_string_equal(value, "v\"\n");
    assert_int_equal(number, 5);
    assert_int_equal(json_unpack(json_array_get(metrics, 1), "{s:s,s:[{s:o,s:n}]}", "kind", &kind, "series", "labels",
                                 &labels, "value"),
                     0);
    assert_string_equal(kind, "gauge");
    assert_int_equal(json_object_size(labels), 0);
    double sum, mean, min, p50, p90, p99, p999, max;
    assert_int_equal(json_unpack(json_array_get(metrics, 2), "{s:s,s:[{s:I,s:F,s:F,s:F,s:F,s:F,s:F,s:F,s:F}]}", "kind",
                                 &kind, "series", "count", &count, "sum", &sum, "mean", &mean, "min", &min, "p50", &p50,
                                 "p90", &p90, "p99", &p99, "p99.9", &p999, "max", &max),
                     0);
    assert_string_equal(kind, "histogram");
    assert_int_equal(count, 100);
    assert_true(sum == 505 && mean == 5.05 && min == 0.1 && p50 == 5 && p90 == 9 && p99 == 9.9 && p999 == 10);
    assert_true(max == 10);
    assert_int_equal(json_unpack(json_array_get(metrics, 3), "{s:[{s:I,s:n,s:n,s:n}]}", "series", "count", &count,
                                 "mean", "p50", "max"),
                     0);
    assert_int_equal(count, 0);
    json_decref(tree);
    qni_json_buffer_free(&buffer);
    qn_metrics_free(m);
}

/* ---- collectors ---- */

typedef struct pool {
    const char *name;
    int64_t bytes, taken;
    qn_status fails;
} pool;

static qn_status publish_pool(void *user, qn_collection *collection, qn_error *err)
{
    const pool *p = user;
    qn_label label = {"pool", p->name};
    qn_metric_options options = options_with("Bytes.", &label, 1);
    qn_status status = qn_collection_gauge(collection, "pool_bytes", &options, (double)p->bytes, err);
    if (status == QN_OK)
        status = qn_collection_counter(collection, "pool_taken", &options, p->taken, err);
    return p->fails != QN_OK ? p->fails : status;
}

static void collectors_publish_by_metric_and_equal_labels_add_up(void **state)
{
    (void)state;
    qn_metrics *m = fresh(2);
    qn_error err;
    pool pools[] = {
        {"a", 10, 1, QN_OK}, {"b", 20, 2, QN_OK}, {"a", 5, 3, QN_OK}, {"c", 7, 4, QN_OK}, {"d", 8, 5, QN_OK}};
    for (int i = 0; i < 5; i++)
        assert_ok(qn_metrics_collect(m, publish_pool, &pools[i], &err), &err);
    static const char expected[] = "# HELP pool_bytes Bytes.\n"
                                   "# TYPE pool_bytes gauge\n"
                                   "pool_bytes{pool=\"a\"} 15\n"
                                   "pool_bytes{pool=\"b\"} 20\n"
                                   "pool_bytes{pool=\"other\"} 15\n"
                                   "# HELP pool_taken_total Bytes.\n"
                                   "# TYPE pool_taken_total counter\n"
                                   "pool_taken_total{pool=\"a\"} 4\n"
                                   "pool_taken_total{pool=\"b\"} 2\n"
                                   "pool_taken_total{pool=\"other\"} 9\n"
                                   "# HELP quern_metrics_collected_label_sets_refused Label sets beyond the limit in "
                                   "this reading, which share the "
                                   "set \"other\".\n"
                                   "# TYPE quern_metrics_collected_label_sets_refused gauge\n"
                                   "quern_metrics_collected_label_sets_refused{metric=\"pool_bytes\"} 2\n"
                                   "quern_metrics_collected_label_sets_refused{metric=\"pool_taken_total\"} 2\n";
    check_text(m, expected);
    check_text(m, expected); /* nothing stays from one reading to the next */
    for (int i = 1; i < 5; i++)
        qn_metrics_collect_end(m, publish_pool, &pools[i]);
    pools[0].bytes = 0;
    check_text(m, "# HELP pool_bytes Bytes.\n# TYPE pool_bytes gauge\npool_bytes{pool=\"a\"} 0\n"
                  "# HELP pool_taken_total Bytes.\n# TYPE pool_taken_total counter\npool_taken_total{pool=\"a\"} 1\n");
    qn_metrics_free(m);
}

static void a_failing_collector_or_sink_fails_the_reading(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    pool p = {"a", 1, 1, QN_BUSY};
    assert_ok(qn_metrics_collect(m, publish_pool, &p, &err), &err);
    qni_json_buffer buffer = {.allocator = NULL};
    assert_int_equal(qn_metrics_write_text(m, qni_json_buffer_sink, &buffer, &err), QN_BUSY);
    assert_int_equal(qn_metrics_write_json(m, qni_json_buffer_sink, &buffer, &err), QN_BUSY);
    p.fails = QN_OK;
    test_allocator memory;
    test_allocator_init(&memory);
    memory.fail_at = 1;
    buffer.allocator = &memory.allocator;
    assert_int_equal(qn_metrics_write_text(m, qni_json_buffer_sink, &buffer, &err), QN_NOMEM);
    assert_contains(err.message, "no memory for a JSON text"); /* the sink's own sentence */
    qn_gauge g;
    assert_ok(qn_gauge_register(&g, m, "pool_bytes", NULL, &err), &err); /* a name is registered or collected */
    assert_int_equal(qn_metrics_write_text(m, qni_json_buffer_sink, &buffer, &err), QN_INVALID);
    assert_contains(err.message, "pool_bytes is registered");
    qn_metrics_free(m);
}

static qn_status publish_lock(void *user, qn_collection *collection, qn_error *err)
{
    return qni_collection_lock(collection, "depot", user, err);
}

static void the_waits_of_a_lock_are_published(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qni_lock_waits waits = {.contended = 3, .slept = 2, .wait_ns = 12345};
    assert_ok(qn_metrics_collect(m, publish_lock, &waits, &err), &err);
    qni_json_buffer buffer;
    const char *text = text_of(m, &buffer);
    assert_contains(text, "\nquern_lock_contended_total{lock=\"depot\"} 3\n");
    assert_contains(text, "\nquern_lock_slept_total{lock=\"depot\"} 2\n");
    assert_contains(text, "\nquern_lock_wait_nanoseconds_total{lock=\"depot\"} 12345\n");
    qni_json_buffer_free(&buffer);
    qn_metrics_free(m);
}

static void a_tree_of_budgets_shows_by_path(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qn_budget *fit, *jacobian, *odd;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = 1 << 20;
    assert_ok(qn_budget_new(&fit, NULL, "fit", &options, &err), &err);
    assert_ok(qn_budget_new(&jacobian, fit, "jacobian", NULL, &err), &err);
    assert_ok(qn_budget_new(&odd, fit, "caf\xe9", NULL, &err), &err); /* a name is anybody's bytes */
    assert_ok(qn_budget_charge(jacobian, 5000, &err), &err);
    assert_ok(qn_budget_charge(fit, 100, &err), &err);
    assert_ok(qn_metrics_collect(m, qn_metrics_collect_budgets, fit, &err), &err);
    qni_json_buffer buffer;
    const char *text = text_of(m, &buffer);
    assert_contains(text, "\nquern_budget_bytes{budget=\"fit\"} 5100\n");
    assert_contains(text, "\nquern_budget_bytes{budget=\"fit/jacobian\"} 5000\n");
    assert_contains(text, "\nquern_budget_bytes{budget=\"fit/caf?\"} 0\n");
    assert_contains(text, "\nquern_budget_own_bytes{budget=\"fit\"} 100\n");
    assert_contains(text, "\nquern_budget_peak_bytes{budget=\"fit\"} 5100\n");
    assert_contains(text, "\nquern_budget_limit_bytes{budget=\"fit\"} 1048576\n");
    assert_null(strstr(text, "quern_budget_limit_bytes{budget=\"fit/jacobian\"}"));
    qni_json_buffer_free(&buffer);
    qn_metrics_collect_end(m, qn_metrics_collect_budgets, fit);
    assert_ok(qn_metrics_collect(m, qn_metrics_collect_budgets, NULL, &err), &err);
    text = text_of(m, &buffer);
    assert_contains(text, "{budget=\"process/fit/jacobian\"} 5000\n");
    assert_contains(text, "{budget=\"process/default\"}");
    qni_json_buffer_free(&buffer);
    qn_metrics_free(m);
    qn_budget_discharge(jacobian, 5000);
    qn_budget_discharge(fit, 100);
    qn_budget_free(odd);
    qn_budget_free(jacobian);
    qn_budget_free(fit);
}

static void a_deep_path_shows_its_end(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qn_budget *chain[QNI_BUDGET_DEPTH_MAX];
    for (int i = 0; i < QNI_BUDGET_DEPTH_MAX; i++)
        assert_ok(qn_budget_new(&chain[i], i == 0 ? NULL : chain[i - 1],
                                i % 2 == 0 ? "0123456789012345678901234567890"
                                           : "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                                             "\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
                                NULL, &err),
                  &err);
    assert_ok(qn_metrics_collect(m, qn_metrics_collect_budgets, chain[0], &err), &err);
    qni_json_buffer buffer;
    assert_contains(text_of(m, &buffer), "\xc3\xa4/0123456789012345678901234567890/\xc3\xa4");
    assert_true(qni_utf8_valid(buffer.text, buffer.size));
    qni_json_buffer_free(&buffer);
    qn_metrics_free(m);
    for (int i = QNI_BUDGET_DEPTH_MAX - 1; i >= 0; i--)
        qn_budget_free(chain[i]);
}

static void records_that_were_shared_are_shown(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    qn_metrics *m;
    qn_error err;
    qn_counter c;
    assert_ok(qn_metrics_new(&m, 0, &memory.allocator, &err), &err);
    assert_ok(qn_counter_register(&c, m, "c", NULL, &err), &err);
    memory.fail_at = memory.allocations + 1;
    qn_counter_add(m, c, 4);
    check_text(m, "# TYPE c_total counter\nc_total 4\n"
                  "# HELP quern_metrics_shared_records_total Records that found no place of their thread's own.\n"
                  "# TYPE quern_metrics_shared_records_total counter\nquern_metrics_shared_records_total 1\n");
    qn_metrics_free(m);
    assert_int_equal(memory.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_registry_writes_nothing),
        cmocka_unit_test(counters_and_gauges_are_written_with_help_type_and_sorted_labels),
        cmocka_unit_test(labels_are_escaped_and_special_numbers_have_prometheus_names),
        cmocka_unit_test(a_recorder_is_a_cumulative_histogram_with_exact_bounds),
        cmocka_unit_test(each_label_set_of_a_recorder_has_its_own_histogram),
        cmocka_unit_test(json_says_the_same),
        cmocka_unit_test(collectors_publish_by_metric_and_equal_labels_add_up),
        cmocka_unit_test(a_failing_collector_or_sink_fails_the_reading),
        cmocka_unit_test(the_waits_of_a_lock_are_published),
        cmocka_unit_test(a_tree_of_budgets_shows_by_path),
        cmocka_unit_test(a_deep_path_shows_its_end),
        cmocka_unit_test(records_that_were_shared_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
