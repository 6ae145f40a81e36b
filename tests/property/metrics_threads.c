/* Many threads record, register, read and collect at once: nothing is lost, nothing goes down, and once all are joined
 * every figure is what the threads counted themselves. More threads than processors, and generations of them, so that
 * later ones carry on what earlier ones left. */
#include "harness/harness.h"

#include "base/json.h"
#include "mem/metrics_int.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WRITERS = 8,
    COUNTERS = 40, /* more than a first block holds */
    RECORDERS = 4,
    LEVEL = 1000, /* what the last recorder gets, always */
};

typedef struct world {
    qn_metrics *metrics;
    int64_t records; /* of a writer */
    qn_counter counters[COUNTERS];
    qn_recorder recorders[RECORDERS];
    qn_gauge gauge;
    _Atomic int registered; /* counters that are there; released when one more is, acquired by writers */
    _Atomic bool done;      /* relaxed: only ends loops */
    _Atomic bool went_down; /* relaxed: read after joining */
    _Atomic int64_t met;    /* readings that met a collector; relaxed: only ends a loop */
} world;

/* What one thread did, by its own count. */
typedef struct writer {
    pthread_t thread;
    world *w;
    uint64_t random;
    int64_t counts[COUNTERS];
    qn_histogram *histograms[RECORDERS];
} writer;

static void *write_records(void *user)
{
    writer *me = user;
    world *w = me->w;
    for (int64_t i = 0; i < w->records; i++) {
        int known = atomic_load_explicit(&w->registered, memory_order_acquire);
        int which = (int)test_random_below(&me->random, known);
        int64_t n = test_random_below(&me->random, 5);
        qn_counter_add(w->metrics, w->counters[which], n);
        me->counts[which] += n;
        which = (int)test_random_below(&me->random, RECORDERS);
        int64_t value = which == RECORDERS - 1 ? LEVEL : test_random_below(&me->random, 1000000);
        if (which == 0) {
            qn_recorder_record_expected(w->metrics, w->recorders[0], value, 100000);
            qn_histogram_record_expected(me->histograms[0], value, 100000);
        } else {
            qn_recorder_record(w->metrics, w->recorders[which], value);
            qn_histogram_record(me->histograms[which], value, 1);
        }
        qn_gauge_add(w->metrics, w->gauge, i % 2 == 0 ? 1 : -1);
    }
    return NULL;
}

static void *register_more(void *user)
{
    world *w = user;
    for (int i = 1; i < COUNTERS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%d", i);
        if (qn_counter_register(&w->counters[i], w->metrics, name, NULL, NULL) != QN_OK)
            abort();
        atomic_store_explicit(&w->registered, i + 1, memory_order_release);
    }
    return NULL;
}

static void note(world *w, bool holds)
{
    if (!holds)
        atomic_store_explicit(&w->went_down, true, memory_order_relaxed);
}

/* The last recorder's values are all the same: so sum, least and greatest are known from the count. */
static int64_t look_at_level(world *w)
{
    qn_histogram *h;
    if (qn_recorder_read(&h, w->metrics, w->recorders[RECORDERS - 1], NULL, NULL) != QN_OK)
        abort();
    qn_histogram_stats stats = {.size = (int64_t)sizeof stats};
    qn_histogram_get_stats(h, &stats);
    note(w, stats.sum >= LEVEL * stats.count && (stats.count == 0 || (stats.min == LEVEL && stats.max == LEVEL)));
    qn_histogram_free(h);
    return stats.count;
}

static void *read_always(void *user)
{
    world *w = user;
    int64_t count = 0, level = 0;
    while (!atomic_load_explicit(&w->done, memory_order_relaxed)) {
        int64_t now = qn_counter_value(w->metrics, w->counters[0]);
        note(w, now >= count);
        count = now;
        now = look_at_level(w);
        note(w, now >= level);
        level = now;
        qni_json_buffer buffer = {.allocator = NULL};
        if (qn_metrics_write_text(w->metrics, qni_json_buffer_sink, &buffer, NULL) != QN_OK)
            abort();
        const char *line = strstr(buffer.text, "\nc0_total ");
        note(w, line != NULL && strtoll(line + 10, NULL, 10) >= count);
        qni_json_buffer_free(&buffer);
    }
    return NULL;
}

static void prepare(world *w, const qn_allocator *allocator, int64_t records)
{
    qn_error err;
    memset(w, 0, sizeof *w);
    w->records = records;
    assert_ok(qn_metrics_new(&w->metrics, 0, allocator, &err), &err);
    assert_ok(qn_gauge_register(&w->gauge, w->metrics, "g", NULL, &err), &err);
    assert_ok(qn_counter_register(&w->counters[0], w->metrics, "c0", NULL, &err), &err);
    for (int i = 0; i < RECORDERS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "r%d", i);
        assert_ok(qn_recorder_register(&w->recorders[i], w->metrics, name, NULL, &err), &err);
    }
    w->registered = 1;
}

/* Adds a generation's own counts to the sums. */
static void run_generation(world *w, uint64_t seed, int64_t counts[COUNTERS], qn_histogram *sums[RECORDERS])
{
    static writer writers[WRITERS];
    qn_error err;
    memset(writers, 0, sizeof writers);
    for (int i = 0; i < WRITERS; i++) {
        writers[i].w = w;
        writers[i].random = seed + (uint64_t)i;
        for (int j = 0; j < RECORDERS; j++)
            assert_ok(qn_histogram_new(&writers[i].histograms[j], 0, NULL, &err), &err);
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_records, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        for (int j = 0; j < COUNTERS; j++)
            counts[j] += writers[i].counts[j];
        for (int j = 0; j < RECORDERS; j++) {
            assert_ok(qn_histogram_merge(sums[j], writers[i].histograms[j], &err), &err);
            qn_histogram_free(writers[i].histograms[j]);
        }
    }
}

static void compare(world *w, const int64_t counts[COUNTERS], qn_histogram *sums[RECORDERS])
{
    qn_error err;
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(qn_counter_value(w->metrics, w->counters[i]), counts[i]);
    for (int i = 0; i < RECORDERS; i++) {
        qn_histogram *h;
        assert_ok(qn_recorder_read(&h, w->metrics, w->recorders[i], NULL, &err), &err);
        assert_memory_equal(h->cells, sums[i]->cells, (size_t)qni_cells_size(sums[i]->cells->highest));
        qn_histogram_free(h);
        qn_histogram_free(sums[i]);
    }
    assert_true(qn_gauge_value(w->metrics, w->gauge) == 0);
    assert_false(w->went_down);
}

static void what_threads_record_is_exact_after_joining_and_never_goes_down(void **state)
{
    (void)state;
    static world w;
    uint64_t seed = test_seed(4711);
    int64_t counts[COUNTERS] = {0};
    qn_histogram *sums[RECORDERS];
    qn_error err;
    prepare(&w, NULL, test_effort(20000, 1000000));
    for (int i = 0; i < RECORDERS; i++)
        assert_ok(qn_histogram_new(&sums[i], 0, NULL, &err), &err);
    pthread_t reader, registrar;
    assert_int_equal(pthread_create(&reader, NULL, read_always, &w), 0);
    assert_int_equal(pthread_create(&registrar, NULL, register_more, &w), 0);
    for (uint64_t generation = 0; generation < 5; generation++)
        run_generation(&w, seed + 100 * generation, counts, sums);
    assert_int_equal(pthread_join(registrar, NULL), 0);
    atomic_store_explicit(&w.done, true, memory_order_relaxed);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(w.metrics->shared_records, 0);
    compare(&w, counts, sums);
    qn_metrics_free(w.metrics);
}

/* Gives memory only while it may: any thread. */
typedef struct gate {
    _Atomic bool open; /* relaxed: whenever it is seen is soon enough */
} gate;

static void *resize_while_open(void *user, void *block, int64_t old_size, int64_t new_size)
{
    gate *g = user;
    if (new_size > 0 && !atomic_load_explicit(&g->open, memory_order_relaxed))
        return NULL;
    const qn_allocator *otherwise = qn_allocator_default();
    return otherwise->resize(otherwise->user, block, old_size, new_size);
}

static void threads_without_memory_share_and_lose_nothing(void **state)
{
    (void)state;
    static world w;
    static gate g;
    uint64_t seed = test_seed(815);
    int64_t counts[COUNTERS] = {0};
    qn_histogram *sums[RECORDERS];
    qn_error err;
    g.open = true;
    const qn_allocator allocator = {.resize = resize_while_open, .user = &g};
    prepare(&w, &allocator, test_effort(4800, 100000)); /* even: the gauge ends at 0 */
    (void)register_more(&w);
    for (int i = 0; i < RECORDERS; i++)
        assert_ok(qn_histogram_new(&sums[i], 0, NULL, &err), &err);
    atomic_store_explicit(&g.open, false, memory_order_relaxed);
    run_generation(&w, seed, counts, sums);
    assert_int_equal(w.metrics->shared_records, 2 * WRITERS * w.records);
    atomic_store_explicit(&g.open, true, memory_order_relaxed); /* some find a place now, and what is shared stays */
    run_generation(&w, seed + 50, counts, sums);
    compare(&w, counts, sums);
    qn_metrics_free(w.metrics);
}

/* ---- collectors come and go ---- */

static qn_status publish_number(void *user, qn_collection *collection, qn_error *err)
{
    (void)sched_yield(); /* time for somebody who does not wait */
    return qn_collection_counter(collection, "numbers", NULL, *(int64_t *)user, err);
}

static void *read_text(void *user)
{
    world *w = user;
    while (!atomic_load_explicit(&w->done, memory_order_relaxed)) {
        qni_json_buffer buffer = {.allocator = NULL};
        if (qn_metrics_write_text(w->metrics, qni_json_buffer_sink, &buffer, NULL) != QN_OK)
            abort();
        const char *line = buffer.text == NULL ? NULL : strstr(buffer.text, "\nnumbers_total ");
        note(w, line == NULL || strtoll(line + 15, NULL, 10) == 42);
        atomic_fetch_add_explicit(&w->met, line != NULL, memory_order_relaxed);
        qni_json_buffer_free(&buffer);
    }
    return NULL;
}

static void a_collector_that_has_ended_is_never_called_again(void **state)
{
    (void)state;
    static world w;
    qn_error err;
    prepare(&w, NULL, 0);
    pthread_t readers[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_text, &w), 0);
    while (atomic_load_explicit(&w.met, memory_order_relaxed) < test_effort(300, 100000)) {
        int64_t *number = malloc(sizeof *number);
        assert_non_null(number);
        *number = 42;
        assert_ok(qn_metrics_collect(w.metrics, publish_number, number, &err), &err);
        (void)sched_yield();
        qn_metrics_collect_end(w.metrics, publish_number, number);
        *number = -1; /* who reads this was called too late */
        free(number);
    }
    atomic_store_explicit(&w.done, true, memory_order_relaxed);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_false(w.went_down);
    qn_metrics_free(w.metrics);
}

/* ---- many register the same ---- */

static void *register_same(void *user)
{
    world *w = user;
    for (int i = 0; i < 200; i++) {
        char name[16], text[8];
        qn_label label = {"n", text};
        qn_metric_options options;
        qn_metric_options_init(&options, sizeof options);
        options.labels = &label;
        options.label_count = 1;
        (void)snprintf(name, sizeof name, "same%d", i / 10);
        (void)snprintf(text, sizeof text, "%d", i % 10);
        qn_counter c;
        if (qn_counter_register(&c, w->metrics, name, &options, NULL) != QN_OK)
            abort();
        qn_counter_add(w->metrics, c, i);
    }
    return NULL;
}

static void threads_that_register_the_same_get_the_same(void **state)
{
    (void)state;
    static world w;
    prepare(&w, NULL, 0);
    int64_t before = qni_catalog_count(&w.metrics->catalog);
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, register_same, &w), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(qni_catalog_count(&w.metrics->catalog), before + 200);
    for (int i = 0; i < 200; i++)
        assert_int_equal(qn_counter_value(w.metrics, (qn_counter){(int32_t)before + i}) % WRITERS, 0);
    qn_metrics_free(w.metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_threads_record_is_exact_after_joining_and_never_goes_down),
        cmocka_unit_test(threads_without_memory_share_and_lose_nothing),
        cmocka_unit_test(a_collector_that_has_ended_is_never_called_again),
        cmocka_unit_test(threads_that_register_the_same_get_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
