/* mem/metrics_int.h: the parts of a registry, and the rooms between which it is divided.
 *
 * metrics_catalog.c: names, labels and their handles: what is registered, and what collectors publish in a reading.
 * metrics.c: the registry, recording and reading one. metrics_read.c: walking over all, collectors.
 * metrics_text.c, metrics_json.c: what a walk writes. */
#ifndef QNI_MEM_METRICS_INT_H
#define QNI_MEM_METRICS_INT_H

#include "base/lock.h"
#include "mem/histogram.h"
#include "mem/limits.h"
#include "mem/metrics.h"

#include <quern/metrics.h>

#include <stdatomic.h>

typedef enum qni_metric_kind {
    QNI_METRIC_COUNTER,
    QNI_METRIC_GAUGE,
    QNI_METRIC_RECORDER,
} qni_metric_kind;

/* One set of labels of a name. All but `shared`, `level` and `next` is written before it is published and then never
 * again. */
typedef struct qni_series {
    _Alignas(64) _Atomic int64_t shared; /* counters: what threads without a place of their own added */
    _Atomic double level;                /* gauges */
    qni_cells *shared_cells;             /* recorders, else NULL: as `shared` */
    struct qni_family *family;
    char *values; /* of the labels, in the family's order, each zero-terminated */
    int64_t values_size;
    _Atomic(struct qni_series *) next; /* of the family. Released when appended to, acquired by readers */
    int32_t id;
} qni_series;

/* One name. What is not atomic or under the lock never changes once it is published. */
typedef struct qni_family {
    _Atomic(struct qni_family *) next; /* released when appended to, acquired by readers */
    _Atomic(qni_series *) first;       /* the same; never NULL in a family that is published */
    _Atomic int64_t refused;           /* label sets that were sent to `other`; relaxed: carries nothing */
    qni_series *last;                  /* guarded by the lock, as the next two */
    qni_series *other;                 /* NULL: none yet */
    int64_t sets;                      /* label sets, without `other` */
    qni_metric_kind kind;
    int32_t label_count;
    int64_t highest;  /* recorders */
    double divisor;   /* recorders */
    const char *help; /* in `text`; "": none */
    const char *keys; /* in `text`: label names, sorted, each zero-terminated */
    int64_t keys_size;
    int64_t text_size;
    char text[]; /* (text_size) name, help, keys */
} qni_family;

/* Families in the order of their first registration; series by number. Appended to under the lock, read without. */
typedef struct qni_catalog {
    const qn_allocator *allocator;
    int64_t label_sets; /* a name */
    qni_lock lock;      /* guards registering */
    qni_family *last;   /* guarded by it */
    _Atomic(qni_family *) first;
    _Atomic int64_t count;                          /* series; released when one is complete, acquired by readers */
    _Atomic(qni_series *) pages[QNI_METRICS_PAGES]; /* page k: (QNI_METRICS_PAGE_FIRST << k) */
} qni_catalog;

void qni_catalog_init(qni_catalog *catalog, int64_t label_sets, const qn_allocator *allocator);
void qni_catalog_fini(qni_catalog *catalog);

/* Finds or makes a series. `registered` (may be NULL): a catalog whose names are not free. */
QN_MUST_USE qn_status qni_catalog_register(qni_series **out, qni_catalog *catalog, qni_catalog *registered,
                                           qni_metric_kind kind, const char *name, const qn_metric_options *options,
                                           qn_error *err);

/* The series with a number if it is of this kind, else NULL. No lock. */
qni_series *qni_catalog_series(qni_catalog *catalog, int32_t id, qni_metric_kind kind);

static inline int64_t qni_catalog_count(const qni_catalog *catalog)
{
    /* Acquire: pairs with the release that published the last series. */
    return atomic_load_explicit(&catalog->count, memory_order_acquire);
}

/* Walking. Acquire: pairs with the release that appended it; it is seen complete. */
static inline qni_family *qni_family_first(const qni_catalog *catalog)
{
    return atomic_load_explicit(&catalog->first, memory_order_acquire);
}
static inline qni_family *qni_family_next(const qni_family *family)
{
    return atomic_load_explicit(&family->next, memory_order_acquire);
}
static inline qni_series *qni_series_first(const qni_family *family)
{
    return atomic_load_explicit(&family->first, memory_order_acquire);
}
static inline qni_series *qni_series_next(const qni_series *series)
{
    return atomic_load_explicit(&series->next, memory_order_acquire);
}

typedef struct qni_collector_entry {
    struct qni_collector_entry *next;
    qn_status (*call)(void *user, qn_collection *collection, qn_error *err);
    void *user;
} qni_collector_entry;

struct qn_metrics {
    qni_places places;    /* first: mem/metrics.h looks for it there */
    qni_lock places_lock; /* guards writing a slot, and looking into another thread's */
    int64_t places_end;   /* slots that were ever written lie below; guarded by it */
    _Alignas(64) qni_catalog catalog;
    _Alignas(64) _Atomic int64_t shared_records; /* that found no place of their thread's own; relaxed: a count */
    _Atomic int64_t retry_at; /* shared_records from which memory is asked for again; relaxed: a guess */
    qni_lock collecting;      /* held while collectors run; guards the list */
    qni_collector_entry *collectors;
};

void qni_metrics_init(qn_metrics *metrics, int64_t label_sets, const qn_allocator *allocator);

int64_t qni_series_count(qn_metrics *metrics, const qni_series *series);

/* Adds all that was recorded to `into`, which has the family's highest. */
void qni_series_merge(qni_cells *into, qn_metrics *metrics, const qni_series *series);

struct qn_collection {
    qni_catalog catalog;
    qni_catalog *registered;
};

/* What a walk over all metrics calls, in this order: family, its series, family, … */
typedef struct qni_metrics_visitor {
    void (*family)(void *user, const qni_family *family);
    /* A counter has a count, a gauge a level, a recorder a histogram; the others are 0. */
    void (*series)(void *user, const qni_series *series, int64_t count, double level, const qn_histogram *histogram);
    void *user;
} qni_metrics_visitor;

QN_MUST_USE qn_status qni_metrics_visit(qn_metrics *metrics, const qni_metrics_visitor *visitor, qn_error *err);

/* The names of the kinds in Prometheus' format. */
const char *qni_metric_kind_name(qni_metric_kind kind);

#endif
