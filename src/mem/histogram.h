/* mem/histogram.h: the cells of a histogram, as one thread writes and any may read them.
 *
 * A value v >= 0 falls into bucket s * 64 + (v >> s), s the number of binary digits of v beyond seven: 0 … 127 have a
 * bucket each, every doubling above has 64. A bucket's middle is within 1/128 of each of its values. The last bucket
 * takes what is above the highest.
 *
 * Writers publish a count last, by release; readers acquire the counts first: so sum, min and max take in at least what
 * is counted. */
#ifndef QNI_MEM_HISTOGRAM_H
#define QNI_MEM_HISTOGRAM_H

#include <quern/metrics.h>

#include <stdatomic.h>

#define QNI_HISTOGRAM_DIGITS 6 /* binary digits within a doubling: the 1 % of the header */

typedef struct qni_cells {
    int64_t highest;
    int64_t above;            /* the last bucket: of what is above the highest */
    _Atomic int64_t sum;      /* stops at INT64_MAX */
    _Atomic int64_t min;      /* INT64_MAX: nothing recorded */
    _Atomic int64_t max;      /* -1: nothing recorded */
    _Atomic int64_t counts[]; /* (above + 1) */
} qni_cells;

struct qn_histogram {
    const qn_allocator *allocator;
    qni_cells *cells;
};

/* Empty cells for values up to `highest` > 0, and the bytes that they take. NULL: no memory. */
qni_cells *qni_cells_new(const qn_allocator *allocator, int64_t highest);
int64_t qni_cells_size(int64_t highest);
void qni_cells_free(const qn_allocator *allocator, qni_cells *cells);

/* Of a value below 0: one beyond all others. */
static inline int64_t qni_cells_bucket(int64_t value)
{
    int top = __builtin_clzll((uint64_t)value | (UINT64_C(1) << QNI_HISTOGRAM_DIGITS)) ^ 63; /* the highest digit */
    int shift = top - QNI_HISTOGRAM_DIGITS;
    return ((int64_t)shift << QNI_HISTOGRAM_DIGITS) + (int64_t)((uint64_t)value >> shift);
}

/* The least and the greatest value of a bucket below the last. */
int64_t qni_cells_bucket_low(int64_t bucket);
int64_t qni_cells_bucket_high(int64_t bucket);

/* a + b for numbers >= 0; stops at INT64_MAX. */
static inline int64_t qni_saturating_add(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* Records by the only thread that writes these cells: no read-modify-write. */
static inline void qni_cells_record(qni_cells *cells, int64_t value)
{
    int64_t bucket = qni_cells_bucket(value);
    if (__builtin_expect(bucket >= cells->above, 0)) {
        bucket = value < 0 ? 0 : cells->above;
        value = value < 0 ? 0 : value;
    }
    /* Relaxed: only this thread writes; the release below publishes sum, min and max before the count, for readers who
     * acquire it in qni_cells_merge. */
    int64_t sum = qni_saturating_add(atomic_load_explicit(&cells->sum, memory_order_relaxed), value);
    atomic_store_explicit(&cells->sum, sum, memory_order_relaxed);
    if (__builtin_expect(value < atomic_load_explicit(&cells->min, memory_order_relaxed), 0))
        atomic_store_explicit(&cells->min, value, memory_order_relaxed);
    if (__builtin_expect(value > atomic_load_explicit(&cells->max, memory_order_relaxed), 0))
        atomic_store_explicit(&cells->max, value, memory_order_relaxed);
    int64_t count = atomic_load_explicit(&cells->counts[bucket], memory_order_relaxed);
    atomic_store_explicit(&cells->counts[bucket], qni_saturating_add(count, 1), memory_order_release);
}

/* Who else records in the same cells meanwhile. */
typedef enum qni_writers {
    QNI_WRITER_ONE,   /* nobody */
    QNI_WRITERS_MANY, /* anybody: by read-modify-write */
} qni_writers;

/* Records `value` `count` times; and `value` with what an expected interval makes of it. */
void qni_cells_record_many(qni_cells *cells, int64_t value, int64_t count, qni_writers writers);
void qni_cells_record_expected(qni_cells *cells, int64_t value, int64_t expected_interval, qni_writers writers);

/* Adds what `from` (which others may be writing) holds to `into`, which only this thread writes. The same highest. */
void qni_cells_merge(qni_cells *into, const qni_cells *from);

/* How many values a histogram holds that fall into buckets up to `bucket`, this one included. */
int64_t qni_histogram_up_to(const qn_histogram *histogram, int64_t bucket);

#endif
