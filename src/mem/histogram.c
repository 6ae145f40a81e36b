/* mem/histogram.c: buckets, recording what is not plain, and reading.
 *
 * Always: counts, sum and max only grow, min only falls; all saturate. */
#include "mem/histogram.h"

#include "base/alloc.h"
#include "base/options.h"
#include "mem/limits.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    PER_DOUBLING = 1 << QNI_HISTOGRAM_DIGITS
};

int64_t qni_cells_bucket_low(int64_t bucket)
{
    if (bucket < PER_DOUBLING)
        return bucket;
    int shift = (int)(bucket >> QNI_HISTOGRAM_DIGITS) - 1;
    return ((bucket & (PER_DOUBLING - 1)) | PER_DOUBLING) << shift;
}

int64_t qni_cells_bucket_high(int64_t bucket)
{
    if (bucket < PER_DOUBLING)
        return bucket;
    int shift = (int)(bucket >> QNI_HISTOGRAM_DIGITS) - 1;
    return qni_cells_bucket_low(bucket) + ((INT64_C(1) << shift) - 1);
}

static int64_t bucket_above(int64_t highest)
{
    return qni_cells_bucket(highest) + 1;
}

int64_t qni_cells_size(int64_t highest)
{
    return (int64_t)sizeof(qni_cells) + (bucket_above(highest) + 1) * (int64_t)sizeof(_Atomic int64_t);
}

static void clear(qni_cells *cells)
{
    /* Relaxed: nobody else records now. */
    atomic_store_explicit(&cells->sum, 0, memory_order_relaxed);
    atomic_store_explicit(&cells->min, INT64_MAX, memory_order_relaxed);
    atomic_store_explicit(&cells->max, -1, memory_order_relaxed);
    for (int64_t i = 0; i <= cells->above; i++)
        atomic_store_explicit(&cells->counts[i], 0, memory_order_relaxed);
}

qni_cells *qni_cells_new(const qn_allocator *allocator, int64_t highest)
{
    assert(highest > 0);
    qni_cells *cells = qni_alloc(allocator, qni_cells_size(highest), 1);
    if (cells == NULL)
        return NULL;
    cells->highest = highest;
    cells->above = bucket_above(highest);
    clear(cells);
    return cells;
}

void qni_cells_free(const qn_allocator *allocator, qni_cells *cells)
{
    if (cells != NULL)
        qni_free(allocator, cells, qni_cells_size(cells->highest), 1);
}

/* a * b for factors >= 0; stops at INT64_MAX. */
static int64_t saturating_mul(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

/* *cell += n, which stops at INT64_MAX. */
static void grow(_Atomic int64_t *cell, int64_t n, memory_order order, qni_writers writers)
{
    /* Relaxed: the cell's own value alone is meant; `order` is the store's, release for counts: it publishes what was
     * stored before to those who acquire the count. */
    int64_t seen = atomic_load_explicit(cell, memory_order_relaxed);
    if (writers == QNI_WRITER_ONE) {
        atomic_store_explicit(cell, qni_saturating_add(seen, n), order);
        return;
    }
    while (
        !atomic_compare_exchange_weak_explicit(cell, &seen, qni_saturating_add(seen, n), order, memory_order_relaxed))
        ;
}

/* Makes *least at most `min` and *greatest at least `max`. */
static void widen(_Atomic int64_t *least, _Atomic int64_t *greatest, int64_t min, int64_t max)
{
    /* Relaxed: published by the release of the counts that follow. Compare-exchange does for one writer, too: values
     * beyond those before are rare. */
    int64_t seen = atomic_load_explicit(least, memory_order_relaxed);
    while (min < seen &&
           !atomic_compare_exchange_weak_explicit(least, &seen, min, memory_order_relaxed, memory_order_relaxed))
        ;
    seen = atomic_load_explicit(greatest, memory_order_relaxed);
    while (max > seen &&
           !atomic_compare_exchange_weak_explicit(greatest, &seen, max, memory_order_relaxed, memory_order_relaxed))
        ;
}

static int64_t bucket_in(const qni_cells *cells, int64_t value)
{
    int64_t bucket = qni_cells_bucket(value);
    return bucket < cells->above ? bucket : cells->above;
}

void qni_cells_record_many(qni_cells *cells, int64_t value, int64_t count, qni_writers writers)
{
    if (count < 1)
        return;
    if (value < 0)
        value = 0;
    grow(&cells->sum, saturating_mul(value, count), memory_order_relaxed, writers);
    widen(&cells->min, &cells->max, value, value);
    grow(&cells->counts[bucket_in(cells, value)], count, memory_order_release, writers);
}

/* The sum of first, first + step, … (count of them); stops at INT64_MAX. */
static int64_t series_sum(int64_t first, int64_t step, int64_t count)
{
    __extension__ typedef unsigned __int128 wide; /* count * last < 2^126 */
    wide twice = (wide)count * ((wide)first * 2 + (wide)step * (wide)(count - 1));
    return twice / 2 > INT64_MAX ? INT64_MAX : (int64_t)(twice / 2);
}

/* What is missing are rest + interval, rest + 2 interval, … (missing of them, the last is value - interval): counted
 * bucket by bucket, since they may be very many. */
void qni_cells_record_expected(qni_cells *cells, int64_t value, int64_t expected_interval, qni_writers writers)
{
    qni_cells_record_many(cells, value, 1, writers);
    if (expected_interval < 1 || value / expected_interval < 2)
        return;
    int64_t rest = value % expected_interval;
    int64_t missing = value / expected_interval - 1;
    int64_t least = rest + expected_interval;
    grow(&cells->sum, series_sum(least, expected_interval, missing), memory_order_relaxed, writers);
    widen(&cells->min, &cells->max, least, value);
    int64_t below = 0; /* how many are counted already */
    for (int64_t bucket = qni_cells_bucket(least); below < missing; bucket++) {
        int64_t up_to = (qni_cells_bucket_high(bucket) - rest) / expected_interval;
        if (up_to > missing)
            up_to = missing;
        if (up_to > below)
            grow(&cells->counts[bucket < cells->above ? bucket : cells->above], up_to - below, memory_order_release,
                 writers);
        below = up_to;
    }
}

void qni_cells_merge(qni_cells *into, const qni_cells *from)
{
    assert(into->above == from->above);
    for (int64_t i = 0; i <= from->above; i++) {
        /* Acquire: pairs with the release of the writer's count: what is read below takes in all that was counted. */
        int64_t count = atomic_load_explicit(&from->counts[i], memory_order_acquire);
        if (count > 0)
            grow(&into->counts[i], count, memory_order_relaxed, QNI_WRITER_ONE);
    }
    /* Relaxed: ordered behind the acquires above. */
    grow(&into->sum, atomic_load_explicit(&from->sum, memory_order_relaxed), memory_order_relaxed, QNI_WRITER_ONE);
    widen(&into->min, &into->max, atomic_load_explicit(&from->min, memory_order_relaxed),
          atomic_load_explicit(&from->max, memory_order_relaxed));
}

qn_status qn_histogram_new(qn_histogram **out, int64_t highest, const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL);
    *out = NULL;
    if (highest < 0)
        return qni_error(err, QN_INVALID, "a histogram's highest value cannot be %" PRId64, highest);
    if (highest == 0)
        highest = QNI_HISTOGRAM_HIGHEST;
    qn_histogram *histogram = qni_new(allocator, qn_histogram);
    qni_cells *cells = histogram == NULL ? NULL : qni_cells_new(allocator, highest);
    if (cells == NULL) {
        qni_delete(allocator, histogram);
        return qni_refused(err, allocator, qni_cells_size(highest), "a histogram of values up to %" PRId64, highest);
    }
    *histogram = (qn_histogram){.allocator = allocator, .cells = cells};
    *out = histogram;
    return QN_OK;
}

void qn_histogram_record(qn_histogram *histogram, int64_t value, int64_t count)
{
    qni_cells_record_many(histogram->cells, value, count, QNI_WRITER_ONE);
}

void qn_histogram_record_expected(qn_histogram *histogram, int64_t value, int64_t expected_interval)
{
    qni_cells_record_expected(histogram->cells, value, expected_interval, QNI_WRITER_ONE);
}

qn_status qn_histogram_merge(qn_histogram *into, const qn_histogram *from, qn_error *err)
{
    if (into->cells->highest != from->cells->highest)
        return qni_error(err, QN_INVALID,
                         "a histogram of values up to %" PRId64 " cannot take in one of values up to %" PRId64,
                         into->cells->highest, from->cells->highest);
    qni_cells_merge(into->cells, from->cells);
    return QN_OK;
}

/* A histogram is one thread's: relaxed throughout. */
static int64_t plain(const _Atomic int64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

int64_t qni_histogram_up_to(const qn_histogram *histogram, int64_t bucket)
{
    const qni_cells *cells = histogram->cells;
    int64_t count = 0;
    for (int64_t i = 0; i <= bucket && i <= cells->above; i++)
        count = qni_saturating_add(count, plain(&cells->counts[i]));
    return count;
}

int64_t qn_histogram_percentile(const qn_histogram *histogram, double percent)
{
    const qni_cells *cells = histogram->cells;
    int64_t count = qni_histogram_up_to(histogram, cells->above);
    if (count == 0)
        return 0;
    int64_t min = plain(&cells->min), max = plain(&cells->max);
    if (!(percent > 0))
        return min;
    if (percent >= 100)
        return max;
    /* The rank, less what rounding may have put on top of a whole number: 99.9 % of 1000 are 999. */
    double rank = ceil(percent / 100 * (double)count * (1 - 4e-16));
    int64_t below = 0, bucket = 0;
    for (;; bucket++) {
        below = qni_saturating_add(below, plain(&cells->counts[bucket]));
        if ((double)below >= rank || bucket == cells->above)
            break;
    }
    if (bucket == cells->above)
        return max;
    int64_t low = qni_cells_bucket_low(bucket), high = qni_cells_bucket_high(bucket);
    int64_t middle = low + (high - low) / 2;
    return middle < min ? min : middle > max ? max : middle;
}

void qn_histogram_get_stats(const qn_histogram *histogram, qn_histogram_stats *out)
{
    const qni_cells *cells = histogram->cells;
    int64_t count = qni_histogram_up_to(histogram, cells->above);
    int64_t sum = plain(&cells->sum);
    qn_histogram_stats stats = {
        .size = (int64_t)sizeof stats,
        .count = count,
        .above = plain(&cells->counts[cells->above]),
        .sum = sum,
        .min = count > 0 ? plain(&cells->min) : 0,
        .max = count > 0 ? plain(&cells->max) : 0,
        .mean = count > 0 ? (double)sum / (double)count : (double)NAN,
    };
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

void qn_histogram_clear(qn_histogram *histogram)
{
    clear(histogram->cells);
}

void qn_histogram_free(qn_histogram *histogram)
{
    if (histogram == NULL)
        return;
    const qn_allocator *allocator = histogram->allocator;
    qni_cells_free(allocator, histogram->cells);
    qni_delete(allocator, histogram);
}
