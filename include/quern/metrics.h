/* quern/metrics.h: counts, levels and distributions that threads record while others read them.
 *
 * A registry holds counters (what happened, only up), gauges (what is, up and down) and recorders (how values are
 * distributed: a histogram; with a timer, of nanoseconds). Registering gives a handle, a small number; recording
 * through it takes no lock and shares no cache line with other threads. Readers add up what every thread recorded.
 *
 * Caveats first:
 *  - A thread's first record in a registry, and in each recorder, asks the registry's allocator for the thread's own
 *    place; qn_metrics_reserve does so beforehand. Where there is none, what is recorded goes to a place that all
 *    share: slower, never lost.
 *  - A reading while threads record may lack their last records; what it shows never goes down. Once they have been
 *    joined it is exact. A thread's records stay when it ends.
 *  - Gauges are shared between threads: they are for what changes seldom.
 *  - Handles are valid in the registry that gave them; with another they may destroy its memory. A registration that
 *    fails gives a handle through which records go nowhere.
 *  - Not from a signal handler. A child of fork may only use a registry that no other thread of the parent was using at
 *    the fork. Where the allocator draws on a budget, what gives back under its pressure may record in
 *    the registry, but neither register nor read.
 *  - Everything here may be called from any thread, but for qn_histogram, which belongs to one at a time.
 */
#ifndef QUERN_METRICS_H
#define QUERN_METRICS_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* ---- a histogram ---- */

/* Counts of whole values >= 0 in buckets that are as fine as the values are small: 0 … 127 are kept exactly, each
 * doubling above has 64 buckets. Values up to `highest` are known to 1 % (1/128 of themselves); count, sum, mean, least
 * and greatest are exact. After HdrHistogram (G. Tene). */
typedef struct qn_histogram qn_histogram;

/* What a histogram holds, in one reading. */
typedef struct qn_histogram_stats {
    int64_t size;  /* of this struct: set it before the call; what an older caller does not know is not written */
    int64_t count; /* values recorded */
    int64_t above; /* of these, those above the bucket in which the highest is */
    int64_t sum;   /* stops at 2^63 - 1: 292 years of nanoseconds */
    int64_t min;   /* the least value; 0 where there is none */
    int64_t max;   /* the greatest value; 0 where there is none */
    double mean;   /* sum / count; NaN where there is none */
} qn_histogram_stats;

/* Makes an empty histogram that tells values up to `highest` apart (0: 2^40 - 1, some 18 minutes of nanoseconds), in
 * about 512 bytes for each doubling above 64: 18 KB by default. Errors: QN_INVALID (negative), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_histogram_new(qn_histogram **out, int64_t highest, const qn_allocator *allocator,
                                              qn_error *err);

/* Records `value` `count` times. One below 0 counts as 0, a count below 1 as nothing. */
QN_API void qn_histogram_record(qn_histogram *histogram, int64_t value, int64_t count);

/* Records `value`, and what would have been measured meanwhile by somebody who wanted to measure every
 * `expected_interval`, but was kept waiting by what he measured: value - expected_interval, value - 2
 * expected_interval, … down to expected_interval. So corrects for coordinated omission. An interval below 1: nothing
 * beside the value. */
QN_API void qn_histogram_record_expected(qn_histogram *histogram, int64_t value, int64_t expected_interval);

/* Adds all that `from` holds to `into`, as if it had been recorded there. Errors: QN_INVALID (another highest). */
QN_API QN_MUST_USE qn_status qn_histogram_merge(qn_histogram *into, const qn_histogram *from, qn_error *err);

/* The least value that at least `percent` % of the values do not exceed: the middle of its bucket, within 1 % of the
 * value in a sorted list. 0 gives the least value, 100 the greatest, exactly; outside they stand for the nearer. A
 * value above the highest is taken for the greatest. 0 where nothing was recorded. */
QN_API int64_t qn_histogram_percentile(const qn_histogram *histogram, double percent);

/* Fills `out`, whose size is set. */
QN_API void qn_histogram_get_stats(const qn_histogram *histogram, qn_histogram_stats *out);

/* Forgets every value. */
QN_API void qn_histogram_clear(qn_histogram *histogram);

/* NULL is fine. */
QN_API void qn_histogram_free(qn_histogram *histogram);

/* ---- a registry ---- */

typedef struct qn_metrics qn_metrics;

/* What registering gives. id < 0: none. */
typedef struct qn_counter {
    int32_t id;
} qn_counter;
typedef struct qn_gauge {
    int32_t id;
} qn_gauge;
typedef struct qn_recorder {
    int32_t id;
} qn_recorder;

/* Makes a registry. Each name may have up to `label_sets` sets of labels (0: 128); those that come later share one in
 * which every label is "other", and quern_metrics_label_sets_refused_total counts them
 * (quern_metrics_collected_label_sets_refused those of a reading's collectors). The allocator is borrowed. A registry
 * takes 9 KB, 64 bytes a metric and 8 more a thread; a recorder, besides, what a histogram does, and again for each
 * thread that records in it. Errors: QN_INVALID (negative), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_metrics_new(qn_metrics **out, int64_t label_sets, const qn_allocator *allocator,
                                            qn_error *err);

/* The process's registry, in which every part of Quern registers. Draws on the default allocator; static. */
QN_API qn_metrics *qn_metrics_default(void);

/* Frees a registry in which nobody records any more. NULL is fine; the process's is never freed. */
QN_API void qn_metrics_free(qn_metrics *metrics);

/* Borrowed during the call. */
typedef struct qn_label {
    const char *name;  /* [a-zA-Z_][a-zA-Z0-9_]*, not beginning with "__"; a recorder has no "le" */
    const char *value; /* UTF-8, at most 255 bytes */
} qn_label;

/* What a registration says of a metric. All of it is copied. */
typedef struct qn_metric_options {
    int64_t size;           /* of this struct, for later versions */
    const char *help;       /* a sentence, UTF-8; of a name's registrations the first says it. NULL: none */
    const qn_label *labels; /* (label_count), in any order, each name once; every set of a name has the same names */
    int64_t label_count;    /* at most 8 */
    int64_t highest;        /* recorders: the highest value told apart, as in qn_histogram_new */
    double divisor; /* recorders: values are shown divided by it: 1e9 shows nanoseconds as seconds. 0: as they are */
} qn_metric_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. */
QN_API void qn_metric_options_init(qn_metric_options *out, int64_t size);

/* Registers by name and labels; the same ones give the same handle again. `name` is [a-zA-Z_:][a-zA-Z0-9_:]*, at most
 * 127 bytes, by custom with its unit ("_seconds", "_bytes"). A counter's ends in "_total", which is appended where it
 * does not. Takes a lock; not for hot paths. On failure out->id is -1. Errors: QN_INVALID (a name, label or option that
 * is not as said; a name that is taken by another kind, other label names, another highest or divisor, or by what a
 * recorder shows: name_bucket, name_sum, name_count; one that begins with "quern_metrics_", the registry's own),
 * QN_LIMIT (more than 65,520 handles), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_counter_register(qn_counter *out, qn_metrics *metrics, const char *name,
                                                 const qn_metric_options *options, qn_error *err);
QN_API QN_MUST_USE qn_status qn_gauge_register(qn_gauge *out, qn_metrics *metrics, const char *name,
                                               const qn_metric_options *options, qn_error *err);
QN_API QN_MUST_USE qn_status qn_recorder_register(qn_recorder *out, qn_metrics *metrics, const char *name,
                                                  const qn_metric_options *options, qn_error *err);

/* Makes the calling thread's own places for all that is registered now, so that its records in that take no memory.
 * Errors: QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_metrics_reserve(qn_metrics *metrics, qn_error *err);

/* ---- recording ---- */

/* Adds `n` >= 0 (less is nothing). Beyond 2^63 - 1 it begins again. */
QN_API void qn_counter_add(qn_metrics *metrics, qn_counter counter, int64_t n);

/* Makes the gauge's level `value`, or adds `change` to it. */
QN_API void qn_gauge_set(qn_metrics *metrics, qn_gauge gauge, double value);
QN_API void qn_gauge_add(qn_metrics *metrics, qn_gauge gauge, double change);

/* Records `value` as qn_histogram_record does, once, or with its `expected_interval` as qn_histogram_record_expected
 * does. */
QN_API void qn_recorder_record(qn_metrics *metrics, qn_recorder recorder, int64_t value);
QN_API void qn_recorder_record_expected(qn_metrics *metrics, qn_recorder recorder, int64_t value,
                                        int64_t expected_interval);

/* A duration that has begun. */
typedef struct qn_timer {
    int64_t begin_ns; /* on the monotonic clock */
} qn_timer;

/* Reads the clock; stopping records the nanoseconds since then, and returns them. A timer may be stopped often. */
QN_API qn_timer qn_timer_start(void);
QN_API int64_t qn_timer_stop(qn_timer timer, qn_metrics *metrics, qn_recorder recorder);

/* ---- reading ---- */

/* What was recorded through a handle. One that is none: 0; QN_INVALID. */
QN_API int64_t qn_counter_value(qn_metrics *metrics, qn_counter counter);
QN_API double qn_gauge_value(qn_metrics *metrics, qn_gauge gauge);

/* Makes a histogram of all that was recorded; the caller frees it. Least, greatest and sum take in at least what is
 * counted. Errors: QN_INVALID (no handle of this registry), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_recorder_read(qn_histogram **out, qn_metrics *metrics, qn_recorder recorder,
                                              const qn_allocator *allocator, qn_error *err);

/* Writes everything in Prometheus' text format 0.0.4 (content type "text/plain; version=0.0.4"): what is registered, in
 * the order in which it was, then what collectors add. Recorders are cumulative histograms whose bounds are 3, 15, 63,
 * … 4^k - 1. `sink` takes `size` bytes of `text`, not zero-terminated, as often as there are some; no lock is held
 * meanwhile, and a failure of it ends the writing. Errors: the sink's, a collector's, QN_NOMEM, QN_BUDGET; part of the
 * text may have been written by then. */
QN_API QN_MUST_USE qn_status qn_metrics_write_text(qn_metrics *metrics,
                                                   qn_status (*sink)(void *user, const char *text, int64_t size,
                                                                     qn_error *err),
                                                   void *user, qn_error *err);

/* The same as one line of JSON, schema "quern.metrics/1": {"schema", "metrics": [{"name", "kind", "help", "series":
 * [{"labels": {…}, "value"}]}]}; a histogram has, for the value, "count", "sum", "mean", "min", "p50", "p90", "p99",
 * "p99.9", "max" (null where nothing was recorded). `sink` is as above. Errors: as above. */
QN_API QN_MUST_USE qn_status qn_metrics_write_json(qn_metrics *metrics,
                                                   qn_status (*sink)(void *user, const char *text, int64_t size,
                                                                     qn_error *err),
                                                   void *user, qn_error *err);

/* ---- collecting ---- */

/* What a collector adds to. */
typedef struct qn_collection qn_collection;

/* Publishes `value`, which somebody counts himself, at reading time; the hot path is not touched. Names, labels and
 * their limit are as in registering; what is given twice under the same labels is added up. Errors: as in registering;
 * QN_INVALID also where the name is registered. */
QN_API QN_MUST_USE qn_status qn_collection_counter(qn_collection *collection, const char *name,
                                                   const qn_metric_options *options, int64_t value, qn_error *err);
QN_API QN_MUST_USE qn_status qn_collection_gauge(qn_collection *collection, const char *name,
                                                 const qn_metric_options *options, double value, qn_error *err);

/* Has `collector` called by every reading to come, to publish what it counts; a failure of it ends the reading. It runs
 * on the reading thread, one at a time in a registry; it may record, and may not read or collect in that registry.
 * Errors: QN_NOMEM, QN_BUDGET. qn_metrics_collect_end returns when it is not running and, with this `user`, never will
 * again; not from inside a collector. */
QN_API QN_MUST_USE qn_status qn_metrics_collect(qn_metrics *metrics,
                                                qn_status (*collector)(void *user, qn_collection *collection,
                                                                       qn_error *err),
                                                void *user, qn_error *err);
QN_API void qn_metrics_collect_end(qn_metrics *metrics,
                                   qn_status (*collector)(void *user, qn_collection *collection, qn_error *err),
                                   void *user);

/* A collector: `user` is a qn_budget (NULL: the process's); publishes what it and all below it hold, as
 * quern_budget_bytes (children included), _own_bytes, _peak_bytes, _limit_bytes (where there is one), _requests_total
 * and _refused_total; the label "budget" is the path ("process/fit"). Errors: as in qn_collection_counter. */
QN_API QN_MUST_USE qn_status qn_metrics_collect_budgets(void *user, qn_collection *collection, qn_error *err);

QN_END_DECLS
#endif
