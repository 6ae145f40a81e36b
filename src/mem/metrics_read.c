/* mem/metrics_read.c: collectors, and walking over everything that is registered and collected.
 *
 * Always: what collectors publish in a reading lives in a catalog of its own, as long as that reading; the sink is
 * called when no lock is held. */
#include "mem/metrics_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>

/* ---- what a collector calls ---- */

qn_status qn_collection_counter(qn_collection *collection, const char *name, const qn_metric_options *options,
                                int64_t value, qn_error *err)
{
    qni_series *series;
    qn_status status = qni_catalog_register(&series, &collection->catalog, collection->registered, QNI_METRIC_COUNTER,
                                            name, options, err);
    if (status == QN_OK)
        /* Relaxed: a collection is one thread's. */
        atomic_fetch_add_explicit(&series->shared, value, memory_order_relaxed);
    return status;
}

qn_status qn_collection_gauge(qn_collection *collection, const char *name, const qn_metric_options *options,
                              double value, qn_error *err)
{
    qni_series *series;
    qn_status status = qni_catalog_register(&series, &collection->catalog, collection->registered, QNI_METRIC_GAUGE,
                                            name, options, err);
    if (status == QN_OK) {
        /* Relaxed: a collection is one thread's. */
        double level = atomic_load_explicit(&series->level, memory_order_relaxed);
        atomic_store_explicit(&series->level, level + value, memory_order_relaxed);
    }
    return status;
}

qn_status qni_collection_numbers(qn_collection *collection, const char *label, const char *name, const qni_shown *shown,
                                 int64_t count, qn_error *err)
{
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    qn_status s = QN_OK;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        const qn_label labels[] = {{label, name}, {shown[i].key, shown[i].value}};
        options.help = shown[i].help;
        options.labels = labels;
        options.label_count = shown[i].key != NULL ? 2 : 1;
        s = shown[i].is_counter
                ? qn_collection_counter(collection, shown[i].name, &options, shown[i].number, err)
                : qn_collection_gauge(collection, shown[i].name, &options, (double)shown[i].number, err);
    }
    return s;
}

static int64_t wait_of(const _Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed); /* as they are written */
}

qn_status qni_collection_lock(qn_collection *collection, const char *name, const qni_lock_waits *waits, qn_error *err)
{
    const qni_shown shown[] = {
        {"quern_lock_contended_total", "Takes that found the lock held.", NULL, NULL, wait_of(&waits->contended), true},
        {"quern_lock_slept_total", "Times that the system was asked to wait for the lock.", NULL, NULL,
         wait_of(&waits->slept), true},
        {"quern_lock_wait_nanoseconds_total", "Time spent waiting for the lock.", NULL, NULL, wait_of(&waits->wait_ns),
         true},
    };
    return qni_collection_numbers(collection, "lock", name, shown, sizeof shown / sizeof *shown, err);
}

/* ---- who is called ---- */

qn_status qn_metrics_collect(qn_metrics *metrics,
                             qn_status (*collector)(void *user, qn_collection *collection, qn_error *err), void *user,
                             qn_error *err)
{
    assert(collector != NULL);
    qni_collector_entry *entry = qni_new(metrics->catalog.allocator, qni_collector_entry);
    if (entry == NULL)
        return qni_refused(err, metrics->catalog.allocator, (int64_t)sizeof *entry, "a collector of metrics");
    *entry = (qni_collector_entry){.call = collector, .user = user};
    qni_lock_take(&metrics->collecting, NULL);
    qni_collector_entry **end = &metrics->collectors;
    while (*end != NULL)
        end = &(*end)->next;
    *end = entry;
    qni_lock_give(&metrics->collecting);
    return QN_OK;
}

void qn_metrics_collect_end(qn_metrics *metrics,
                            qn_status (*collector)(void *user, qn_collection *collection, qn_error *err), void *user)
{
    qni_lock_take(&metrics->collecting, NULL);
    for (qni_collector_entry **place = &metrics->collectors; *place != NULL;) {
        qni_collector_entry *entry = *place;
        if (entry->call == collector && entry->user == user) {
            *place = entry->next;
            qni_delete(metrics->catalog.allocator, entry);
        } else {
            place = &entry->next;
        }
    }
    qni_lock_give(&metrics->collecting);
}

/* Says which names of a catalog had more label sets than are kept: of what is registered, for ever; of what collectors
 * publish, in this reading. */
static qn_status publish_refused(qn_collection *collection, const qni_catalog *catalog, qn_error *err)
{
    bool collected = catalog == &collection->catalog;
    qn_status status = QN_OK;
    for (const qni_family *family = qni_family_first(catalog); family != NULL && status == QN_OK;
         family = qni_family_next(family)) {
        int64_t refused = atomic_load_explicit(&family->refused, memory_order_relaxed);
        if (refused == 0)
            continue;
        qn_label label = {.name = "metric", .value = family->text};
        qn_metric_options options;
        qn_metric_options_init(&options, sizeof options);
        options.help = collected ? "Label sets beyond the limit in this reading, which share the set \"other\"."
                                 : "Registrations of label sets beyond the limit, which share the set \"other\".";
        options.labels = &label;
        options.label_count = 1;
        if (collected)
            status = qn_collection_gauge(collection, "quern_metrics_collected_label_sets_refused", &options,
                                         (double)refused, err);
        else
            status =
                qn_collection_counter(collection, "quern_metrics_label_sets_refused_total", &options, refused, err);
    }
    return status;
}

static qn_status collect(qn_collection *collection, qn_metrics *metrics, qn_error *err)
{
    qn_status status = QN_OK;
    qni_lock_take(&metrics->collecting, NULL);
    for (const qni_collector_entry *entry = metrics->collectors; entry != NULL && status == QN_OK; entry = entry->next)
        status = entry->call(entry->user, collection, err);
    qni_lock_give(&metrics->collecting);
    if (status == QN_OK)
        status = publish_refused(collection, &metrics->catalog, err);
    if (status == QN_OK)
        status = publish_refused(collection, &collection->catalog, err);
    /* Relaxed: a count. */
    int64_t shared_records = atomic_load_explicit(&metrics->shared_records, memory_order_relaxed);
    if (status == QN_OK && shared_records > 0) {
        qn_metric_options options;
        qn_metric_options_init(&options, sizeof options);
        options.help = "Records that found no place of their thread's own.";
        status = qn_collection_counter(collection, "quern_metrics_shared_records_total", &options, shared_records, err);
    }
    return status;
}

/* ---- walking ---- */

static qn_status visit_recorders(qn_metrics *metrics, const qni_family *family, const qni_metrics_visitor *visitor,
                                 qn_error *err)
{
    qn_histogram *histogram;
    qn_status status = qn_histogram_new(&histogram, family->highest, metrics->catalog.allocator, err);
    if (status != QN_OK)
        return status;
    for (const qni_series *series = qni_series_first(family); series != NULL; series = qni_series_next(series)) {
        qn_histogram_clear(histogram);
        qni_series_merge(histogram->cells, metrics, series);
        visitor->series(visitor->user, series, 0, 0, histogram);
    }
    qn_histogram_free(histogram);
    return QN_OK;
}

/* `metrics`: whose threads counted; NULL: the numbers stand in the series alone. */
static qn_status visit_catalog(const qni_catalog *catalog, qn_metrics *metrics, const qni_metrics_visitor *visitor,
                               qn_error *err)
{
    qn_status status = QN_OK;
    for (const qni_family *family = qni_family_first(catalog); family != NULL && status == QN_OK;
         family = qni_family_next(family)) {
        visitor->family(visitor->user, family);
        if (family->kind == QNI_METRIC_RECORDER) {
            assert(metrics != NULL); /* collectors publish no histograms */
            status = visit_recorders(metrics, family, visitor, err);
            continue;
        }
        for (const qni_series *series = qni_series_first(family); series != NULL; series = qni_series_next(series)) {
            /* Relaxed: each value carries nothing but itself. */
            int64_t count = metrics != NULL ? qni_series_count(metrics, series)
                                            : atomic_load_explicit(&series->shared, memory_order_relaxed);
            double level = atomic_load_explicit(&series->level, memory_order_relaxed);
            visitor->series(visitor->user, series, count, level, NULL);
        }
    }
    return status;
}

qn_status qni_metrics_visit(qn_metrics *metrics, const qni_metrics_visitor *visitor, qn_error *err)
{
    qn_collection collection = {.registered = &metrics->catalog};
    qni_catalog_init(&collection.catalog, metrics->catalog.label_sets, metrics->catalog.allocator);
    qn_status status = collect(&collection, metrics, err);
    if (status == QN_OK)
        status = visit_catalog(&metrics->catalog, metrics, visitor, err);
    if (status == QN_OK)
        status = visit_catalog(&collection.catalog, NULL, visitor, err);
    qni_catalog_fini(&collection.catalog);
    return status;
}
