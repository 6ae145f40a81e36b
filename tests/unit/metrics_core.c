/* The registry: names, labels and handles; what is recorded is what is read; where there is no memory. */
#include "harness/harness.h"

#include "base/clock.h"
#include "mem/metrics_int.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static qn_metrics *fresh(int64_t label_sets)
{
    qn_metrics *m;
    qn_error err;
    assert_ok(qn_metrics_new(&m, label_sets, NULL, &err), &err);
    return m;
}

static qn_counter counter(qn_metrics *m, const char *name, const qn_metric_options *options)
{
    qn_counter c;
    qn_error err;
    assert_ok(qn_counter_register(&c, m, name, options, &err), &err);
    assert_true(c.id >= 0);
    return c;
}

static qn_recorder recorder(qn_metrics *m, const char *name)
{
    qn_recorder r;
    qn_error err;
    assert_ok(qn_recorder_register(&r, m, name, NULL, &err), &err);
    return r;
}

/* Options with up to two labels. */
static qn_metric_options labelled(qn_label labels[2], const char *name, const char *value, const char *other_name,
                                  const char *other_value)
{
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    labels[0] = (qn_label){.name = name, .value = value};
    labels[1] = (qn_label){.name = other_name, .value = other_value};
    options.labels = labels;
    options.label_count = other_name == NULL ? 1 : 2;
    return options;
}

static void counters_gauges_and_recorders_give_back_what_they_got(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qn_counter c = counter(m, "c", NULL);
    qn_gauge g;
    assert_ok(qn_gauge_register(&g, m, "g", NULL, &err), &err);
    qn_recorder r = recorder(m, "r");
    assert_int_equal(qn_counter_value(m, c), 0);
    assert_true(qn_gauge_value(m, g) == 0);
    qn_counter_add(m, c, 3);
    qn_counter_add(m, c, 0);
    qn_counter_add(m, c, -2); /* a counter goes up */
    qn_counter_add(m, c, 4);
    assert_int_equal(qn_counter_value(m, c), 7);
    qn_gauge_set(m, g, 2.5);
    qn_gauge_add(m, g, -4);
    assert_true(qn_gauge_value(m, g) == -1.5);
    for (int i = 1; i <= 10; i++)
        qn_recorder_record(m, r, i);
    qn_recorder_record_expected(m, r, 30, 10);
    qn_histogram *h;
    assert_ok(qn_recorder_read(&h, m, r, NULL, &err), &err);
    qn_histogram_stats stats = {.size = (int64_t)sizeof stats};
    qn_histogram_get_stats(h, &stats);
    assert_int_equal(stats.count, 13);
    assert_int_equal(stats.sum, 55 + 30 + 20 + 10);
    assert_int_equal(qn_histogram_percentile(h, 50), 7);
    qn_histogram_free(h);
    qn_metrics_free(m);
    qn_metrics_free(NULL);
}

static void the_same_name_and_labels_give_the_same_handle(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_label one[2], two[2];
    qn_counter plain = counter(m, "requests", NULL);
    assert_int_equal(counter(m, "requests", NULL).id, plain.id);
    assert_int_equal(counter(m, "requests_total", NULL).id, plain.id);
    qn_metric_options options = labelled(one, "verb", "get", "code", "200");
    qn_counter get = counter(m, "answers", &options);
    options = labelled(two, "code", "200", "verb", "get"); /* their order does not matter */
    assert_int_equal(counter(m, "answers", &options).id, get.id);
    options = labelled(two, "code", "get", "verb", "200"); /* which is whose does */
    assert_int_not_equal(counter(m, "answers", &options).id, get.id);
    options = labelled(two, "code", "20", "verb", "0get");
    assert_int_not_equal(counter(m, "answers", &options).id, get.id);
    qn_metrics_free(m);
}

typedef struct refusal {
    const char *name;
    qn_label labels[9];
    int64_t label_count;
    const char *piece; /* of the message */
} refusal;

static void bad_names_and_labels_are_refused_by_name(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    static char long_text[300];
    memset(long_text, 'a', sizeof long_text - 1);
    const refusal cases[] = {
        {.name = NULL, .piece = "name"},
        {.name = "", .piece = "name"},
        {.name = "1st", .piece = "1st"},
        {.name = "with space", .piece = "with space"},
        {.name = "dash-ed", .piece = "dash-ed"},
        {.name = "\xc3\xa4", .piece = "\xc3\xa4"},
        {.name = long_text, .piece = "127 bytes"},
        {"ok", {{"", "v"}}, 1, "cannot be a label"},
        {"ok", {{NULL, "v"}}, 1, "cannot be a label"},
        {"ok", {{"a:b", "v"}}, 1, "a:b"},
        {"ok", {{"__name", "v"}}, 1, "__name"},
        {"ok", {{"le", "v"}}, 1, "le"},
        {"ok", {{long_text, "v"}}, 1, "cannot be a label"},
        {"ok", {{"a", NULL}}, 1, "no value"},
        {"ok", {{"a", long_text}}, 1, "299 bytes"},
        {"ok", {{"a", "\xff"}}, 1, "UTF-8"},
        {"ok", {{"a", "1"}, {"b", "2"}, {"a", "3"}}, 3, "twice"},
        {"ok", {{"a", "1"}}, 9, "9 labels"},
        {"ok", {{"a", "1"}}, -1, "-1 labels"},
        {"quern_metrics_mine", {{"a", "1"}}, 1, "own"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qn_metric_options options;
        qn_metric_options_init(&options, sizeof options);
        options.labels = cases[i].labels;
        options.label_count = cases[i].label_count;
        qn_recorder r = {.id = 5};
        qn_error err;
        assert_int_equal(qn_recorder_register(&r, m, cases[i].name, &options, &err), QN_INVALID);
        assert_contains(err.message, cases[i].piece);
        assert_int_equal(r.id, -1);
    }
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    qn_gauge g;
    options.help = "\x80";
    assert_int_equal(qn_gauge_register(&g, m, "ok", &options, NULL), QN_INVALID);
    options.help = NULL;
    options.highest = 5;
    assert_int_equal(qn_gauge_register(&g, m, "ok", &options, NULL), QN_INVALID);
    qn_recorder r;
    options.highest = -5;
    assert_int_equal(qn_recorder_register(&r, m, "ok", &options, NULL), QN_INVALID);
    options.highest = 0;
    options.divisor = NAN;
    assert_int_equal(qn_recorder_register(&r, m, "ok", &options, NULL), QN_INVALID);
    options.size = 1;
    assert_int_equal(qn_recorder_register(&r, m, "ok", &options, NULL), QN_INVALID);
    assert_int_equal(qni_catalog_count(&m->catalog), 0);
    qn_metrics_free(m);
    assert_int_equal(qn_metrics_new(&m, -1, NULL, NULL), QN_INVALID);
    assert_null(m);
}

static void a_name_has_one_kind_one_set_of_label_names_and_one_unit(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_error err;
    qn_counter c;
    qn_gauge g;
    qn_recorder r = recorder(m, "latency");
    (void)counter(m, "hits", NULL);
    assert_int_equal(qn_gauge_register(&g, m, "latency", NULL, &err), QN_INVALID);
    assert_contains(err.message, "latency is a histogram already");
    assert_int_equal(qn_gauge_register(&g, m, "hits_total", NULL, &err), QN_INVALID);
    assert_contains(err.message, "counter already");
    qn_label labels[2];
    qn_metric_options options = labelled(labels, "a", "1", NULL, NULL);
    assert_int_equal(qn_counter_register(&c, m, "hits", &options, &err), QN_INVALID);
    assert_contains(err.message, "other label names");
    qn_metric_options_init(&options, sizeof options);
    options.divisor = 1000;
    assert_int_equal(qn_recorder_register(&r, m, "latency", &options, &err), QN_INVALID);
    assert_contains(err.message, "another highest or divisor");
    /* What a recorder shows takes names, too, and may not take those that are there. */
    assert_int_equal(qn_gauge_register(&g, m, "latency_count", NULL, &err), QN_INVALID);
    assert_contains(err.message, "latency_count is taken");
    assert_int_equal(qn_gauge_register(&g, m, "size_sum", NULL, &err), QN_OK);
    assert_int_equal(qn_recorder_register(&r, m, "size", NULL, &err), QN_INVALID);
    assert_contains(err.message, "gauge size_sum");
    assert_int_equal(qn_gauge_register(&g, m, "latency_counts", NULL, &err), QN_OK);
    qn_metrics_free(m);
}

static void label_sets_beyond_the_limit_share_one_and_are_counted(void **state)
{
    (void)state;
    qn_metrics *m = fresh(3);
    qn_counter c[6];
    for (int i = 0; i < 6; i++) {
        char text[8];
        qn_label labels[2];
        (void)snprintf(text, sizeof text, "u%d", i);
        qn_metric_options options = labelled(labels, "user", text, "zone", "x");
        c[i] = counter(m, "logins", &options);
        qn_counter_add(m, c[i], 1);
    }
    assert_int_not_equal(c[2].id, c[3].id);
    assert_int_equal(c[3].id, c[4].id);
    assert_int_equal(c[3].id, c[5].id);
    assert_int_equal(qn_counter_value(m, c[2]), 1);
    assert_int_equal(qn_counter_value(m, c[3]), 3);
    assert_int_equal(qni_family_first(&m->catalog)->refused, 3);
    qn_label labels[2];
    qn_metric_options options = labelled(labels, "user", "u1", "zone", "x"); /* those that are there stay */
    assert_int_equal(counter(m, "logins", &options).id, c[1].id);
    options = labelled(labels, "user", "other", "zone", "other");
    assert_int_equal(counter(m, "logins", &options).id, c[3].id);
    (void)counter(m, "plain", NULL);                              /* another name is not concerned */
    options = labelled(labels, "user", "other", "zone", "other"); /* one that is called so anyway is the same */
    int32_t other = counter(m, "logouts", &options).id;
    for (int i = 0; i < 3; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "u%d", i);
        options = labelled(labels, "user", text, "zone", "x");
        c[i] = counter(m, "logouts", &options);
    }
    assert_int_equal(c[2].id, other);
    qn_metrics_free(m);
}

static void a_metric_registered_after_records_finds_room(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    enum {
        COUNT = 500
    };
    static qn_counter c[COUNT];
    static qn_recorder r[COUNT / 100];
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%d", i);
        c[i] = counter(m, name, NULL);
        for (int j = 0; j <= i; j += 50)
            qn_counter_add(m, c[j], 1);
        if (i % 100 == 0) {
            (void)snprintf(name, sizeof name, "r%d", i);
            r[i / 100] = recorder(m, name);
        }
        for (int j = 0; j <= i / 100; j++)
            qn_recorder_record(m, r[j], j);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(qn_counter_value(m, c[i]), i % 50 == 0 ? COUNT - i : 0);
    for (int i = 0; i < COUNT / 100; i++) {
        qn_histogram *h;
        qn_error err;
        assert_ok(qn_recorder_read(&h, m, r[i], NULL, &err), &err);
        assert_int_equal(qni_histogram_up_to(h, 1000), COUNT - 100 * i);
        assert_int_equal(qn_histogram_percentile(h, 50), i);
        qn_histogram_free(h);
    }
    qn_metrics_free(m);
}

static void a_handle_that_is_none_records_nothing(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_counter c = counter(m, "c", NULL);
    static const int32_t bad[] = {-1, INT32_MIN, 1, 1000, INT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        qn_counter_add(m, (qn_counter){bad[i]}, 1);
        qn_gauge_set(m, (qn_gauge){bad[i]}, 1);
        qn_gauge_add(m, (qn_gauge){bad[i]}, 1);
        qn_recorder_record(m, (qn_recorder){bad[i]}, 1);
        qn_recorder_record_expected(m, (qn_recorder){bad[i]}, 100, 1);
        assert_int_equal(qn_counter_value(m, (qn_counter){bad[i]}), 0);
        assert_true(qn_gauge_value(m, (qn_gauge){bad[i]}) == 0);
        qn_histogram *h;
        assert_int_equal(qn_recorder_read(&h, m, (qn_recorder){bad[i]}, NULL, NULL), QN_INVALID);
        assert_null(h);
    }
    qn_gauge_set(m, (qn_gauge){c.id}, 5); /* of another kind */
    qn_recorder_record(m, (qn_recorder){c.id}, 5);
    assert_int_equal(qn_counter_value(m, c), 0);
    qn_metrics_free(m);
}

static void a_registry_has_a_last_handle(void **state)
{
    (void)state;
    test_not_short();
    qn_metrics *m = fresh(100000);
    qn_error err;
    qn_counter c;
    char text[8];
    qn_label label = {.name = "n", .value = text};
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    options.labels = &label;
    options.label_count = 1;
    for (int family = 0; family < 240; family++)
        for (int i = 0; i < 273; i++) {
            char name[16];
            (void)snprintf(name, sizeof name, "c%d", family);
            (void)snprintf(text, sizeof text, "%d", i);
            c = counter(m, name, &options);
        }
    assert_int_equal(c.id, 65519);
    qn_counter_add(m, c, 3);
    assert_int_equal(qn_counter_value(m, c), 3);
    assert_int_equal(qn_counter_register(&c, m, "more", NULL, &err), QN_LIMIT);
    assert_int_equal(c.id, -1);
    qn_metrics_free(m);
}

static void reserving_lets_a_thread_record_without_memory(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    qn_metrics *m;
    qn_error err;
    assert_ok(qn_metrics_new(&m, 0, &memory.allocator, &err), &err);
    assert_ok(qn_metrics_reserve(m, &err), &err);
    qn_counter c = counter(m, "c", NULL);
    qn_recorder r = recorder(m, "r");
    assert_ok(qn_metrics_reserve(m, &err), &err);
    int64_t allocations = memory.allocations;
    qn_counter_add(m, c, 1);
    qn_recorder_record(m, r, 1);
    qn_recorder_record_expected(m, r, 100, 10);
    (void)qn_timer_stop(qn_timer_start(), m, r);
    assert_int_equal(qn_counter_value(m, c), 1);
    assert_int_equal(memory.allocations, allocations);
    assert_int_equal(m->shared_records, 0);
    qn_metrics_free(m);
    assert_int_equal(memory.live_bytes, 0);
}

static void without_memory_records_are_shared_and_memory_is_asked_for_seldom(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    qn_metrics *m;
    qn_error err;
    assert_ok(qn_metrics_new(&m, 0, &memory.allocator, &err), &err);
    qn_counter c = counter(m, "c", NULL);
    qn_recorder r = recorder(m, "r");
    int64_t before = memory.allocations;
    memory.fail_at = before + 1; /* then there is memory again */
    for (int i = 0; i < 100; i++) {
        qn_counter_add(m, c, 2);
        qn_recorder_record(m, r, 5);
        qn_recorder_record_expected(m, r, 30, 10);
    }
    assert_int_equal(memory.allocations - before, 1);
    assert_int_equal(m->shared_records, 300);
    assert_int_equal(qn_counter_value(m, c), 200);
    for (int i = 0; i < 1000; i++)
        qn_counter_add(m, c, 1);
    assert_int_equal(m->shared_records, QNI_METRICS_RETRY);
    assert_int_equal(memory.allocations - before, 2); /* its own place, at last */
    assert_int_equal(qn_counter_value(m, c), 1200);
    qn_histogram *h;
    assert_ok(qn_recorder_read(&h, m, r, NULL, &err), &err);
    qn_histogram_stats stats = {.size = (int64_t)sizeof stats};
    qn_histogram_get_stats(h, &stats);
    assert_int_equal(stats.count, 400);
    assert_int_equal(stats.sum, 100 * (5 + 30 + 20 + 10));
    qn_histogram_free(h);
    qn_metrics_free(m);
    assert_int_equal(memory.live_bytes, 0);
}

/* An allocator that, asked for memory, records once: as what gives back under pressure may. */
typedef struct recording_allocator {
    test_allocator memory;
    qn_metrics *metrics; /* NULL: it does not */
    qn_counter counter;
    qn_recorder recorder;
} recording_allocator;

static void *resize_and_record(void *user, void *block, int64_t old_size, int64_t new_size)
{
    recording_allocator *a = user;
    qn_metrics *m = a->metrics;
    if (m != NULL && new_size > 0) {
        a->metrics = NULL;
        qn_counter_add(m, a->counter, 1);
        qn_recorder_record(m, a->recorder, 1);
    }
    return a->memory.allocator.resize(a->memory.allocator.user, block, old_size, new_size);
}

static int64_t recorded(qn_metrics *m, qn_recorder r)
{
    qn_histogram *h;
    qn_error err;
    assert_ok(qn_recorder_read(&h, m, r, NULL, &err), &err);
    int64_t count = qni_histogram_up_to(h, 1000);
    qn_histogram_free(h);
    return count;
}

/* While the thread's block is made, while a recorder's cells are, while both: the block then grows underneath. */
static void recording_while_the_own_place_is_made_loses_nothing(void **state)
{
    (void)state;
    recording_allocator a = {.metrics = NULL};
    test_allocator_init(&a.memory);
    const qn_allocator allocator = {.resize = resize_and_record, .user = &a};
    qn_error err;
    qn_metrics *m;
    assert_ok(qn_metrics_new(&m, 0, &allocator, &err), &err);
    qn_recorder r[4];
    for (int i = 0; i < 4; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "r%d", i);
        r[i] = recorder(m, name);
    }
    a.counter = counter(m, "c", NULL);
    a.recorder = r[0];
    a.metrics = m;
    qn_counter_add(m, a.counter, 1);
    assert_int_equal(qn_counter_value(m, a.counter), 2);
    assert_int_equal(recorded(m, r[0]), 1);
    a.recorder = r[1];
    a.metrics = m;
    qn_recorder_record(m, r[1], 1);
    assert_int_equal(recorded(m, r[1]), 2);
    for (int i = 0; i < 40; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "c%d", i);
        a.counter = counter(m, name, NULL);
    }
    a.recorder = r[2];
    a.metrics = m;
    qn_recorder_record(m, r[3], 1);
    qn_recorder_record(m, r[3], 1);
    assert_int_equal(qn_counter_value(m, a.counter), 1);
    assert_int_equal(recorded(m, r[2]), 1);
    assert_int_equal(recorded(m, r[3]), 2);
    qn_metrics_free(m);
    assert_int_equal(a.memory.live_bytes, 0);
}

/* The outer record needs a first block; the inner one makes a larger block meanwhile, which must not be outdone. */
static void a_block_that_grew_while_a_smaller_one_was_made_is_kept(void **state)
{
    (void)state;
    recording_allocator a = {.metrics = NULL};
    test_allocator_init(&a.memory);
    const qn_allocator allocator = {.resize = resize_and_record, .user = &a};
    qn_error err;
    qn_metrics *m;
    assert_ok(qn_metrics_new(&m, 0, &allocator, &err), &err);
    qn_counter c[100];
    for (int i = 0; i < 100; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "c%d", i);
        c[i] = counter(m, name, NULL);
    }
    a.recorder.id = -1;
    a.counter = c[99];
    a.metrics = m;
    qn_counter_add(m, c[0], 1);
    assert_true(qni_block_has(qni_metrics_own(m), c[99].id));
    assert_int_equal(qn_counter_value(m, c[0]), 1);
    assert_int_equal(qn_counter_value(m, c[99]), 1);
    qn_metrics_free(m);
    assert_int_equal(a.memory.live_bytes, 0);
}

static void a_thread_without_a_number_keeps_no_other_from_its_place(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_counter c = counter(m, "c", NULL);
    int32_t own = (int32_t)qni_thread_number() + 1;
    qni_thread_own = -1;
    qn_counter_add(m, c, 1);
    qni_thread_own = own;
    assert_int_equal(m->shared_records, 1);
    qn_counter_add(m, c, 1);
    assert_int_equal(m->shared_records, 1);
    assert_int_equal(qn_counter_value(m, c), 2);
    qn_metrics_free(m);
}

static void *add_a_thousand(void *user)
{
    qn_metrics *m = user;
    for (int i = 0; i < 1000; i++)
        qn_counter_add(m, counter(m, "c", NULL), 1);
    return NULL;
}

static void ten_threads_of_a_thousand_make_ten_thousand(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_counter c = counter(m, "c", NULL);
    pthread_t threads[10];
    for (int i = 0; i < 10; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_a_thousand, m), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(qn_counter_value(m, c), 10000);
    /* They have ended, and others have their numbers: what they counted stays. */
    assert_int_equal(pthread_create(&threads[0], NULL, add_a_thousand, m), 0);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(qn_counter_value(m, c), 11000);
    qn_metrics_free(m);
}

static void a_timer_records_the_time_between_start_and_stop(void **state)
{
    (void)state;
    qn_metrics *m = fresh(0);
    qn_recorder r = recorder(m, "work_nanoseconds");
    int64_t outer_begin = qni_clock_monotonic_ns();
    qn_timer timer = qn_timer_start();
    int64_t inner_begin = qni_clock_monotonic_ns();
    while (qni_clock_monotonic_ns() == inner_begin)
        ;
    int64_t inner = qni_clock_monotonic_ns() - inner_begin;
    int64_t got = qn_timer_stop(timer, m, r);
    assert_in_range(got, inner, qni_clock_monotonic_ns() - outer_begin);
    qn_histogram *h;
    qn_error err;
    assert_ok(qn_recorder_read(&h, m, r, NULL, &err), &err);
    assert_int_equal(qn_histogram_percentile(h, 100), got);
    qn_histogram_free(h);
    qn_metrics_free(m);
}

static void the_process_has_one_registry(void **state)
{
    (void)state;
    qn_metrics *m = qn_metrics_default();
    assert_ptr_equal(m, qn_metrics_default());
    qn_counter c = counter(m, "quern_test_things", NULL);
    qn_counter_add(m, c, 2);
    assert_int_equal(qn_counter_value(qn_metrics_default(), c), 2);
    qn_metrics_free(m); /* is not freed */
    qn_counter_add(m, c, 2);
    assert_int_equal(qn_counter_value(m, c), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_gauges_and_recorders_give_back_what_they_got),
        cmocka_unit_test(the_same_name_and_labels_give_the_same_handle),
        cmocka_unit_test(bad_names_and_labels_are_refused_by_name),
        cmocka_unit_test(a_name_has_one_kind_one_set_of_label_names_and_one_unit),
        cmocka_unit_test(label_sets_beyond_the_limit_share_one_and_are_counted),
        cmocka_unit_test(a_metric_registered_after_records_finds_room),
        cmocka_unit_test(a_handle_that_is_none_records_nothing),
        cmocka_unit_test(a_registry_has_a_last_handle),
        cmocka_unit_test(reserving_lets_a_thread_record_without_memory),
        cmocka_unit_test(without_memory_records_are_shared_and_memory_is_asked_for_seldom),
        cmocka_unit_test(recording_while_the_own_place_is_made_loses_nothing),
        cmocka_unit_test(a_block_that_grew_while_a_smaller_one_was_made_is_kept),
        cmocka_unit_test(a_thread_without_a_number_keeps_no_other_from_its_place),
        cmocka_unit_test(ten_threads_of_a_thousand_make_ten_thousand),
        cmocka_unit_test(a_timer_records_the_time_between_start_and_stop),
        cmocka_unit_test(the_process_has_one_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
