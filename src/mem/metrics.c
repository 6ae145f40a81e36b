/* mem/metrics.c: the registry: who records where.
 *
 * Always: a thread's counts and recordings are written by that thread alone, or by a later one with its number, which
 * has seen all of it; an outgrown block is freed when no reader can have it. What finds no place of its own goes to the
 * series' shared one.
 *
 * State of the process: its registry. */
#include "mem/metrics.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/metrics_int.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* What a thread has that has no block yet. Never written. */
static const qni_block no_block = {.capacity = 0};

void qni_metrics_init(qn_metrics *metrics, int64_t label_sets, const qn_allocator *allocator)
{
    union {
        const qni_block *read;
        qni_block *block;
    } none = {.read = &no_block}; /* which nobody writes, for it has no room */
    for (int i = 0; i < QNI_THREAD_NUMBERS + 2; i++)
        atomic_init(&metrics->places.blocks[i], none.block);
    metrics->places_lock = (qni_lock){0};
    metrics->places_end = 0;
    qni_catalog_init(&metrics->catalog, label_sets, allocator);
    atomic_init(&metrics->shared_records, 0);
    atomic_init(&metrics->retry_at, 0);
    metrics->collecting = (qni_lock){0};
    metrics->collectors = NULL;
}

qn_status qn_metrics_new(qn_metrics **out, int64_t label_sets, const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL);
    *out = NULL;
    if (label_sets < 0)
        return qni_error(err, QN_INVALID, "a metric cannot have %" PRId64 " sets of labels", label_sets);
    qn_metrics *metrics = qni_new(allocator, qn_metrics);
    if (metrics == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *metrics, "a registry of metrics");
    qni_metrics_init(metrics, label_sets == 0 ? QNI_METRICS_LABEL_SETS : label_sets, allocator);
    *out = metrics;
    return QN_OK;
}

static qn_metrics process_metrics;
static qni_lock process_lock;
static _Atomic bool process_ready;

qn_metrics *qn_metrics_default(void)
{
    /* Acquire: pairs with the release below: the registry is seen initialised. */
    if (__builtin_expect(atomic_load_explicit(&process_ready, memory_order_acquire), 1))
        return &process_metrics;
    qni_lock_take(&process_lock, NULL);
    /* Relaxed: the lock orders those who initialise it. */
    if (!atomic_load_explicit(&process_ready, memory_order_relaxed)) {
        qni_metrics_init(&process_metrics, QNI_METRICS_LABEL_SETS, NULL);
        atomic_store_explicit(&process_ready, true, memory_order_release);
    }
    qni_lock_give(&process_lock);
    return &process_metrics;
}

/* ---- a thread's own places ---- */

/* Bytes of a block, a power of two, so that growing one by one costs little. */
static int64_t block_size(int64_t capacity)
{
    int64_t size = QNI_METRICS_BLOCK_FIRST;
    while (size < (int64_t)sizeof(qni_block) + capacity * (int64_t)sizeof no_block.words[0])
        size *= 2;
    return size;
}

static void block_free(const qn_metrics *metrics, qni_block *block)
{
    if (block != &no_block)
        qni_free(metrics->catalog.allocator, block, block_size(block->capacity), 1);
}

/* Makes `block`, which holds what the one before does, the calling thread's. */
static void put_block(qn_metrics *metrics, qni_block *block)
{
    int64_t slot = (int64_t)qni_thread_own + 1;
    qni_lock_take(&metrics->places_lock, NULL);
    if (metrics->places_end <= slot)
        metrics->places_end = slot + 1;
    /* Relaxed: others look at it under the lock. */
    atomic_store_explicit(&metrics->places.blocks[slot], block, memory_order_relaxed);
    qni_lock_give(&metrics->places_lock);
}

/* The block of the calling thread, which has a number, with room for `id`. NULL: no memory. */
static qni_block *own_block(qn_metrics *metrics, int32_t id)
{
    if (qni_block_has(qni_metrics_own(metrics), id))
        return qni_metrics_own(metrics);
    int64_t size = block_size((int64_t)id + 1);
    qni_block *fresh = qni_alloc_zeroed(metrics->catalog.allocator, size, 1);
    /* Only now: whom the allocator asked to give back may have recorded, and made more room than is needed here. */
    qni_block *before = qni_metrics_own(metrics);
    if (fresh == NULL || qni_block_has(before, id)) {
        qni_free(metrics->catalog.allocator, fresh, size, 1);
        return qni_block_has(before, id) ? before : NULL;
    }
    fresh->capacity = (size - (int64_t)sizeof *fresh) / (int64_t)sizeof *fresh->words;
    for (int64_t i = 0; i < before->capacity; i++)
        fresh->words[i] = before->words[i]; /* only this thread writes either */
    put_block(metrics, fresh);
    block_free(metrics, before); /* readers look at it under the lock that is given now */
    return fresh;
}

/* The cells of the calling thread, which has a number. NULL: no memory. */
static qni_cells *own_cells(qn_metrics *metrics, const qni_series *series)
{
    qn_recorder recorder = {.id = series->id};
    qni_block *own = own_block(metrics, series->id);
    if (own == NULL || qni_recorder_cells(metrics, recorder) != NULL)
        return own == NULL ? NULL : qni_recorder_cells(metrics, recorder);
    qni_cells *fresh = qni_cells_new(metrics->catalog.allocator, series->family->highest);
    qni_cells *cells = qni_recorder_cells(metrics, recorder);
    if (fresh == NULL || cells != NULL) { /* as in own_block: they may be there by now */
        qni_cells_free(metrics->catalog.allocator, fresh);
        return cells;
    }
    /* Release: pairs with the acquire in merge_thread: the cells are seen empty, or later. The block may have grown, as
     * above. */
    atomic_store_explicit(&qni_metrics_own(metrics)->words[series->id].cells, fresh, memory_order_release);
    return fresh;
}

/* Whether the thread may have a place, and it is time to ask for memory: a thread without a number never asks, and so
 * keeps nobody else from it. Relaxed, here and below: a guess that orders nothing. */
static bool may_ask(const qn_metrics *metrics)
{
    return qni_thread_number() >= 0 && atomic_load_explicit(&metrics->shared_records, memory_order_relaxed) >=
                                           atomic_load_explicit(&metrics->retry_at, memory_order_relaxed);
}

/* A record goes to a shared place; for the next ones no memory is asked for. */
static void note_shared(qn_metrics *metrics, bool was_refused)
{
    int64_t records = atomic_fetch_add_explicit(&metrics->shared_records, 1, memory_order_relaxed);
    if (was_refused)
        atomic_store_explicit(&metrics->retry_at, records + QNI_METRICS_RETRY, memory_order_relaxed);
}

void qni_counter_add_slowly(qn_metrics *metrics, qn_counter counter, int64_t n)
{
    qni_series *series = qni_catalog_series(&metrics->catalog, counter.id, QNI_METRIC_COUNTER);
    if (series == NULL || n < 0)
        return;
    bool asked = may_ask(metrics);
    qni_block *own = asked ? own_block(metrics, counter.id) : NULL;
    if (own != NULL) {
        qni_block_add(own, counter.id, n);
        return;
    }
    note_shared(metrics, asked);
    /* Relaxed: the count carries nothing but itself; no increment is lost, for it is one operation. */
    atomic_fetch_add_explicit(&series->shared, n, memory_order_relaxed);
}

/* Where this thread records, shared or its own. NULL: no handle. */
static qni_cells *find_cells(qni_writers *writers, qn_metrics *metrics, qn_recorder recorder)
{
    qni_series *series = qni_catalog_series(&metrics->catalog, recorder.id, QNI_METRIC_RECORDER);
    if (series == NULL)
        return NULL;
    *writers = QNI_WRITER_ONE;
    qni_cells *cells = qni_recorder_cells(metrics, recorder);
    bool asked = cells == NULL && may_ask(metrics);
    if (asked)
        cells = own_cells(metrics, series);
    if (cells != NULL)
        return cells;
    note_shared(metrics, asked);
    *writers = QNI_WRITERS_MANY;
    return series->shared_cells;
}

void qni_recorder_record_slowly(qn_metrics *metrics, qn_recorder recorder, int64_t value)
{
    qni_writers writers;
    qni_cells *cells = find_cells(&writers, metrics, recorder);
    if (cells != NULL)
        qni_cells_record_many(cells, value, 1, writers);
}

void qn_recorder_record_expected(qn_metrics *metrics, qn_recorder recorder, int64_t value, int64_t expected_interval)
{
    qni_writers writers;
    qni_cells *cells = find_cells(&writers, metrics, recorder);
    if (cells != NULL)
        qni_cells_record_expected(cells, value, expected_interval, writers);
}

qn_status qn_metrics_reserve(qn_metrics *metrics, qn_error *err)
{
    int32_t count = (int32_t)qni_catalog_count(&metrics->catalog);
    if (count == 0 || qni_thread_number() < 0)
        return QN_OK;
    bool done = own_block(metrics, count - 1) != NULL;
    int64_t size = block_size(count);
    for (int32_t id = 0; done && id < count; id++) {
        const qni_series *series = qni_catalog_series(&metrics->catalog, id, QNI_METRIC_RECORDER);
        if (series == NULL)
            continue;
        size = qni_cells_size(series->family->highest);
        done = own_cells(metrics, series) != NULL;
    }
    return done ? QN_OK : qni_refused(err, metrics->catalog.allocator, size, "a thread's own metrics");
}

/* ---- recording, out of line ---- */

void qn_counter_add(qn_metrics *metrics, qn_counter counter, int64_t n)
{
    qni_counter_add(metrics, counter, n);
}

void qn_recorder_record(qn_metrics *metrics, qn_recorder recorder, int64_t value)
{
    qni_recorder_record(metrics, recorder, value);
}

void qn_gauge_set(qn_metrics *metrics, qn_gauge gauge, double value)
{
    qni_series *series = qni_catalog_series(&metrics->catalog, gauge.id, QNI_METRIC_GAUGE);
    if (series != NULL)
        /* Relaxed: the level carries nothing but itself; so everywhere. */
        atomic_store_explicit(&series->level, value, memory_order_relaxed);
}

void qn_gauge_add(qn_metrics *metrics, qn_gauge gauge, double change)
{
    qni_series *series = qni_catalog_series(&metrics->catalog, gauge.id, QNI_METRIC_GAUGE);
    if (series == NULL)
        return;
    double level = atomic_load_explicit(&series->level, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&series->level, &level, level + change, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

qn_timer qn_timer_start(void)
{
    return (qn_timer){.begin_ns = qni_clock_monotonic_ns()};
}

int64_t qn_timer_stop(qn_timer timer, qn_metrics *metrics, qn_recorder recorder)
{
    int64_t elapsed_ns = qni_clock_monotonic_ns() - timer.begin_ns;
    qni_recorder_record(metrics, recorder, elapsed_ns);
    return elapsed_ns;
}

/* ---- registering ---- */

void qn_metric_options_init(qn_metric_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status enter(int32_t *id, qn_metrics *metrics, qni_metric_kind kind, const char *name,
                       const qn_metric_options *options, qn_error *err)
{
    static const char own[] = "quern_metrics_";
    *id = -1;
    if (name != NULL && strncmp(name, own, sizeof own - 1) == 0)
        return qni_error(err, QN_INVALID, "the metric %.*s: names that begin with %s are the registry's own",
                         QNI_METRICS_NAME_SIZE - 1, name, own);
    qni_series *series;
    qn_status status = qni_catalog_register(&series, &metrics->catalog, NULL, kind, name, options, err);
    *id = series == NULL ? -1 : series->id;
    return status;
}

qn_status qn_counter_register(qn_counter *out, qn_metrics *metrics, const char *name, const qn_metric_options *options,
                              qn_error *err)
{
    return enter(&out->id, metrics, QNI_METRIC_COUNTER, name, options, err);
}

qn_status qn_gauge_register(qn_gauge *out, qn_metrics *metrics, const char *name, const qn_metric_options *options,
                            qn_error *err)
{
    return enter(&out->id, metrics, QNI_METRIC_GAUGE, name, options, err);
}

qn_status qn_recorder_register(qn_recorder *out, qn_metrics *metrics, const char *name,
                               const qn_metric_options *options, qn_error *err)
{
    return enter(&out->id, metrics, QNI_METRIC_RECORDER, name, options, err);
}

/* ---- reading one ---- */

int64_t qni_series_count(qn_metrics *metrics, const qni_series *series)
{
    /* Relaxed, here and below: a count carries nothing but itself, and one place is never read older than before. */
    uint64_t count = (uint64_t)atomic_load_explicit(&series->shared, memory_order_relaxed);
    qni_lock_take(&metrics->places_lock, NULL);
    for (int64_t i = 0; i < metrics->places_end; i++) {
        /* Relaxed: written under the lock. */
        const qni_block *block = atomic_load_explicit(&metrics->places.blocks[i], memory_order_relaxed);
        if (qni_block_has(block, series->id))
            count += atomic_load_explicit(&block->words[series->id].count, memory_order_relaxed);
    }
    qni_lock_give(&metrics->places_lock);
    return (int64_t)(count & INT64_MAX);
}

static void merge_thread(qni_cells *into, const qni_block *block, int32_t id)
{
    if (!qni_block_has(block, id))
        return;
    /* Acquire: pairs with the release in own_cells: the cells are seen empty, or later. */
    const qni_cells *cells = atomic_load_explicit(&block->words[id].cells, memory_order_acquire);
    if (cells != NULL)
        qni_cells_merge(into, cells);
}

void qni_series_merge(qni_cells *into, qn_metrics *metrics, const qni_series *series)
{
    qni_cells_merge(into, series->shared_cells);
    qni_lock_take(&metrics->places_lock, NULL);
    for (int64_t i = 0; i < metrics->places_end; i++)
        /* Relaxed: written under the lock. */
        merge_thread(into, atomic_load_explicit(&metrics->places.blocks[i], memory_order_relaxed), series->id);
    qni_lock_give(&metrics->places_lock);
}

int64_t qn_counter_value(qn_metrics *metrics, qn_counter counter)
{
    const qni_series *series = qni_catalog_series(&metrics->catalog, counter.id, QNI_METRIC_COUNTER);
    return series == NULL ? 0 : qni_series_count(metrics, series);
}

double qn_gauge_value(qn_metrics *metrics, qn_gauge gauge)
{
    const qni_series *series = qni_catalog_series(&metrics->catalog, gauge.id, QNI_METRIC_GAUGE);
    return series == NULL ? 0 : atomic_load_explicit(&series->level, memory_order_relaxed);
}

qn_status qn_recorder_read(qn_histogram **out, qn_metrics *metrics, qn_recorder recorder, const qn_allocator *allocator,
                           qn_error *err)
{
    *out = NULL;
    const qni_series *series = qni_catalog_series(&metrics->catalog, recorder.id, QNI_METRIC_RECORDER);
    if (series == NULL)
        return qni_error(err, QN_INVALID, "%" PRId32 " is no recorder of this registry", recorder.id);
    qn_status status = qn_histogram_new(out, series->family->highest, allocator, err);
    if (status == QN_OK)
        qni_series_merge((*out)->cells, metrics, series);
    return status;
}

/* ---- the end ---- */

static void free_thread(qn_metrics *metrics, qni_block *block)
{
    for (int64_t id = 0; id < block->capacity; id++)
        if (qni_catalog_series(&metrics->catalog, (int32_t)id, QNI_METRIC_RECORDER) != NULL)
            /* Relaxed: nobody records any more. */
            qni_cells_free(metrics->catalog.allocator,
                           atomic_load_explicit(&block->words[id].cells, memory_order_relaxed));
    block_free(metrics, block);
}

void qn_metrics_free(qn_metrics *metrics)
{
    if (metrics == NULL || metrics == &process_metrics)
        return;
    const qn_allocator *allocator = metrics->catalog.allocator;
    for (int64_t i = 0; i < metrics->places_end; i++)
        free_thread(metrics, atomic_load_explicit(&metrics->places.blocks[i], memory_order_relaxed));
    qni_catalog_fini(&metrics->catalog);
    for (qni_collector_entry *entry = metrics->collectors, *next; entry != NULL; entry = next) {
        next = entry->next;
        qni_delete(allocator, entry);
    }
    qni_delete(allocator, metrics);
}
