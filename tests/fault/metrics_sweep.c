/* A registry whose n-th allocation fails: registering and reading say so, recording loses nothing, all is given back.
 */
#include "harness/harness.h"

#include "base/json.h"
#include "mem/metrics_int.h"

#include <stdio.h>

/* Budgets of its own, that is, from the default allocator, and one label more than is kept. */
static qn_status collect_some(void *user, qn_collection *collection, qn_error *err)
{
    (void)user;
    qn_status status = QN_OK;
    for (int i = 0; i < 3 && status == QN_OK; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "%d", i);
        qn_label label = {"n", text};
        qn_metric_options options;
        qn_metric_options_init(&options, sizeof options);
        options.labels = &label;
        options.label_count = 1;
        status = qn_collection_gauge(collection, "collected", &options, i, err);
    }
    return status;
}

static qn_status record_all(qn_metrics *m, qn_error *err)
{
    qn_status status = QN_OK;
    for (int i = 0; i < 40 && status == QN_OK; i++) { /* more than a first page and a first block hold */
        char name[16];
        qn_counter c;
        (void)snprintf(name, sizeof name, "c%d", i);
        status = qn_counter_register(&c, m, name, NULL, err);
        if (status != QN_OK)
            assert_int_equal(c.id, -1);
        qn_counter_add(m, c, 7);
        assert_int_equal(qn_counter_value(m, c), status == QN_OK ? 7 : 0);
    }
    qn_recorder r;
    if (status == QN_OK)
        status = qn_recorder_register(&r, m, "r", NULL, err);
    if (status != QN_OK)
        return status;
    for (int i = 0; i < 10; i++)
        qn_recorder_record(m, r, i);
    qn_histogram *h;
    status = qn_recorder_read(&h, m, r, m->catalog.allocator, err);
    if (status != QN_OK) {
        assert_null(h);
        return status;
    }
    assert_int_equal(qni_histogram_up_to(h, 100), 10);
    qn_histogram_free(h);
    return QN_OK;
}

/* What a record swallows shows as a shared record; to be seen by the sweep it is a failure here. */
static qn_status live(const qn_allocator *allocator, void *user)
{
    qni_json_buffer buffer = {.allocator = NULL};
    qn_error err;
    qn_metrics *m;
    (void)user;
    qn_status status = qn_metrics_new(&m, 2, allocator, &err);
    if (status != QN_OK) {
        assert_null(m);
        return status;
    }
    status = qn_metrics_collect(m, collect_some, NULL, &err);
    if (status == QN_OK)
        status = qn_metrics_collect(m, qn_metrics_collect_budgets, NULL, &err);
    if (status == QN_OK)
        status = record_all(m, &err);
    if (status == QN_OK)
        status = qn_metrics_reserve(m, &err);
    if (status == QN_OK)
        status = qn_metrics_write_text(m, qni_json_buffer_sink, &buffer, &err);
    if (status == QN_OK)
        status = qn_metrics_write_json(m, qni_json_buffer_sink, &buffer, &err);
    if (status == QN_OK && m->shared_records > 0)
        status = QN_NOMEM;
    qn_metrics_free(m);
    qni_json_buffer_free(&buffer);
    return status;
}

static void every_failing_allocation_is_reported_or_made_up_for(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(live, NULL, 1000) > 60);
}

static qn_status reserve(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_metrics *m;
    qn_recorder r = {-1};
    qn_status status = qn_metrics_new(&m, 0, allocator, NULL);
    if (status != QN_OK)
        return status;
    for (int i = 0; i < 20 && status == QN_OK; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "r%d", i);
        status = qn_recorder_register(&r, m, name, NULL, NULL);
    }
    if (status == QN_OK)
        status = qn_metrics_reserve(m, NULL);
    qn_recorder_record(m, r, 1);
    qn_metrics_free(m);
    return status;
}

static void reserving_fails_without_a_trace(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(reserve, NULL, 1000) > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_reported_or_made_up_for),
                                       cmocka_unit_test(reserving_fails_without_a_trace)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
