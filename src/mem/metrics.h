/* mem/metrics.h: recording inline, for the inner loops of other folders; and publishing what locks count. */
#ifndef QNI_MEM_METRICS_H
#define QNI_MEM_METRICS_H

#include "base/limits.h"
#include "base/lock.h"
#include "base/thread.h"
#include "mem/histogram.h"

#include <quern/metrics.h>

#include <stddef.h>

/* What a thread records by itself, a word a metric. Written by that thread alone. All zero: nothing yet. */
typedef struct qni_block {
    int64_t capacity;
    union {
        _Atomic uint64_t count;     /* of a counter */
        _Atomic(qni_cells *) cells; /* of a recorder. Released when made, acquired by readers */
    } words[];                      /* (capacity) */
} qni_block;

/* What a registry begins with: each thread's block, found with one load. By qni_thread_own + 1: the first two are those
 * of threads without a number; they have no room, and are never written. A slot is written by its thread under the lock
 * of qn_metrics; what a thread leaves behind the next with its number carries on. */
typedef struct qni_places {
    _Atomic(qni_block *) blocks[QNI_THREAD_NUMBERS + 2];
} qni_places;

/* The calling thread has no place yet for this metric; or it has none at all; or the call means nothing.
 * Out of line: the hot calls then need no stack. */
__attribute__((noinline)) void qni_counter_add_slowly(qn_metrics *metrics, qn_counter counter, int64_t n);
__attribute__((noinline)) void qni_recorder_record_slowly(qn_metrics *metrics, qn_recorder recorder, int64_t value);

/* The calling thread's block; without room where it has none yet. */
static inline qni_block *qni_metrics_own(const qn_metrics *metrics)
{
    /* Relaxed: only this thread, or one before it with the same number, writes the slot and what it points to; the
     * numbers' lock orders those. */
    const _Atomic(qni_block *) *slots = ((const qni_places *)metrics)->blocks + 1; /* so that own is the index */
    return atomic_load_explicit(slots + qni_thread_own, memory_order_relaxed);
}

static inline bool qni_block_has(const qni_block *block, int32_t id)
{
    return (uint64_t)(int64_t)id < (uint64_t)block->capacity; /* an id below 0 is larger than any */
}

/* Adds to one of the calling thread's own counts. */
static inline void qni_block_add(qni_block *own, int32_t id, int64_t n)
{
    /* Relaxed: this thread alone writes, so load and store lose nothing; atomic, so that readers see whole values. A
     * count carries nothing but itself. */
    uint64_t count = atomic_load_explicit(&own->words[id].count, memory_order_relaxed);
    atomic_store_explicit(&own->words[id].count, count + (uint64_t)n, memory_order_relaxed);
}

/* qn_counter_add without the call. */
static inline void qni_counter_add(qn_metrics *metrics, qn_counter counter, int64_t n)
{
    qni_block *own = qni_metrics_own(metrics);
    if (__builtin_expect(qni_block_has(own, counter.id) && n >= 0, 1))
        qni_block_add(own, counter.id, n);
    else
        qni_counter_add_slowly(metrics, counter, n);
}

/* The calling thread's own cells, or NULL: none yet. */
static inline qni_cells *qni_recorder_cells(const qn_metrics *metrics, qn_recorder recorder)
{
    const qni_block *own = qni_metrics_own(metrics);
    if (__builtin_expect(!qni_block_has(own, recorder.id), 0))
        return NULL;
    /* Relaxed: this thread made the cells, or one before it with the same number. */
    return atomic_load_explicit(&own->words[recorder.id].cells, memory_order_relaxed);
}

/* qn_recorder_record without the call. */
static inline void qni_recorder_record(qn_metrics *metrics, qn_recorder recorder, int64_t value)
{
    qni_cells *cells = qni_recorder_cells(metrics, recorder);
    if (__builtin_expect(cells != NULL, 1))
        qni_cells_record(cells, value);
    else
        qni_recorder_record_slowly(metrics, recorder, value);
}

/* What waiting for a lock has cost, from a collector: quern_lock_contended_total, quern_lock_slept_total and
 * quern_lock_wait_nanoseconds_total with the label lock="name". */
QN_MUST_USE qn_status qni_collection_lock(qn_collection *collection, const char *name, const qni_lock_waits *waits,
                                          qn_error *err);

/* A number that a collector shows. */
typedef struct qni_shown {
    const char *name, *help; /* help NULL: another set of labels of the name before has said it */
    const char *key, *value; /* a label besides that of who is shown; NULL: none */
    int64_t number;
    bool is_counter; /* else a gauge */
} qni_shown;

/* Shows numbers (count) of what is called `name` by the label `label`. Errors: those of the collection. */
QN_MUST_USE qn_status qni_collection_numbers(qn_collection *collection, const char *label, const char *name,
                                             const qni_shown *shown, int64_t count, qn_error *err);

#endif
