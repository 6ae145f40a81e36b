/* scan/scan.c: drives a scan and owns it: what each ticker is known for, in any thread; then all their peers; then what
 * each comes to, in any thread; then ranks and sizes. docs/scan.md tells the method, scan_int.h who does what.
 *
 * Always: what a ticker's result points to lies in its own arena, its surface beside it; both are freed with the scan.
 * What one ticker comes to depends on others by its peers and, in contracts alone, by its rank: never on threads. */
#include "scan/scan_int.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/options.h"
#include "base/time.h"
#include "mem/notes.h"
#include "mem/refuse.h"
#include "scan/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What the scan keeps of a ticker. */
typedef struct qni_kept {
    qn_arena *arena;
    qn_surface *surface;
} qni_kept;

typedef struct qni_scan {
    qn_scan scan; /* first: what callers hold is a pointer to it */
    const qn_allocator *allocator;
    qn_arena *arena; /* of what is below, and of texts */
    qni_kept *kept;  /* (count) in the order of the inputs */
    int64_t count;
    qn_scan_ticker *tickers;  /* (count) what scan.tickers are */
    qn_scan_reject *rejected; /* (count) what scan.rejected are */
} qni_scan;

/* A ticker while it runs. */
typedef struct qni_task {
    qni_subject subject;
    qn_scan_ticker result;
    bool prepared, judged;
    qn_status status;
    qn_error error;
    int64_t stages[QNI_SCAN_STAGES]; /* nanoseconds */
} qni_task;

/* What tasks share. */
typedef struct qni_running {
    qni_task *tasks;
    const qn_scan_options *options;
    qn_status (*step)(qni_subject *subject, int64_t *stages, qn_error *err);
    bool last;                  /* this step ends a ticker that is not rejected */
    atomic_bool stopped;        /* relaxed: no further ticker is begun */
    atomic_int_least64_t ended; /* tickers; relaxed: a figure for the eye */
} qni_running;

/* ---- settings ---- */

static qn_status check_settings(const qn_scan_settings *s, qn_error *err)
{
#define CHECK(field, name, otherwise, least, most, heading, help)                                             \
    if (!(s->field >= (least) && s->field <= (most)))                                                         \
        return qni_error(err, QN_INVALID, "%s: %g is not between %g and %g", name, s->field, (double)(least), \
                         (double)(most));
    QN_SCAN_SETTING_LIST(CHECK)
#undef CHECK
    if (!(s->tier_excellent >= s->tier_good && s->tier_good >= s->tier_marginal))
        return qni_error(err, QN_INVALID, "tier-excellent, tier-good, tier-marginal: %g, %g, %g do not descend",
                         s->tier_excellent, s->tier_good, s->tier_marginal);
    if (!(s->interest_good >= s->interest_warning && s->interest_warning >= s->interest_reject))
        return qni_error(err, QN_INVALID, "good-interest, warning-interest, reject-interest: %g, %g, %g do not descend",
                         s->interest_good, s->interest_warning, s->interest_reject);
    if (!(s->spread_good <= s->spread_warning && s->spread_warning <= s->spread_reject))
        return qni_error(err, QN_INVALID, "good-spread, warning-spread, reject-spread: %g, %g, %g do not ascend",
                         s->spread_good, s->spread_warning, s->spread_reject);
    if (s->events_most < s->events_least)
        return qni_error(err, QN_INVALID, "max-events: %g is less than min-events, %g", s->events_most,
                         s->events_least);
    return QN_OK;
}

/* Settings as far as the caller knows them, all others at their defaults. */
static qn_status whole_settings(qn_scan_settings *out, const qn_scan_settings *given, qn_error *err)
{
    qn_scan_settings copy;
    qn_scan_settings_init(out, sizeof *out);
    if (given == NULL)
        return QN_OK;
    qn_status s = qni_options_copy(&copy, sizeof copy, given, "qn_scan_settings", err);
    if (s != QN_OK)
        return s;
    memcpy(out, &copy, (size_t)(given->size < (int64_t)sizeof copy ? given->size : (int64_t)sizeof copy));
    out->size = sizeof *out;
    return check_settings(out, err);
}

static qn_status check_reference(const qn_reference *r, qn_error *err)
{
    bool fine = r->count > 0 && r->p != NULL && r->ratio != NULL;
    for (int64_t i = 0; fine && i < r->count; i++)
        fine = r->ratio[i] > 0 && isfinite(r->ratio[i]) && r->p[i] >= 0 && r->p[i] <= 1 &&
               (i == 0 || (r->p[i] >= r->p[i - 1] && r->ratio[i] >= r->ratio[i - 1]));
    return fine ? QN_OK
                : qni_error(err, QN_INVALID,
                            "the reference distribution: percentiles from 0 to 1 and ratios above 0 must ascend");
}

static qn_status whole_options(qn_scan_options *out, qn_scan_settings *settings, const qn_scan_options *given,
                               qn_error *err)
{
    qn_status s = qni_options_copy(out, sizeof *out, given, "qn_scan_options", err);
    if (s == QN_OK)
        s = whole_settings(settings, out->settings, err);
    if (s != QN_OK)
        return s;
    out->settings = settings;
    if (out->reference == NULL)
        out->reference = qn_reference_default();
    if (qn_tiers_name(out->tiers)[0] == '?')
        return qni_error(err, QN_INVALID, "tiers: %d is none", (int)out->tiers);
    if (qn_clock_name(out->clock)[0] == '?')
        return qni_error(err, QN_INVALID, "clock: %d is none", (int)out->clock);
    if (out->rate_given && !(fabs(out->rate) <= QNI_SCAN_RATE_MOST))
        return qni_error(err, QN_INVALID, "rate: %g is not between %g and %g", out->rate, -QNI_SCAN_RATE_MOST,
                         QNI_SCAN_RATE_MOST);
    return check_reference(out->reference, err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static qn_status check_inputs(const qn_scan_input *inputs, int64_t count, qn_arena *arena, qn_error *err)
{
    void *list;
    qn_status s = qn_arena_take(&list, arena, count * (int64_t)sizeof(char *), err);
    if (s != QN_OK)
        return s;
    const char **names = list;
    for (int64_t i = 0; i < count; i++) {
        if (inputs[i].size != (int64_t)sizeof *inputs)
            return qni_error(err, QN_INVALID, "input %lld: its size is not set", (long long)i);
        if (inputs[i].ticker == NULL || inputs[i].ticker[0] == 0)
            return qni_error(err, QN_INVALID, "input %lld: it has no ticker", (long long)i);
        names[i] = inputs[i].ticker;
    }
    qsort(names, (size_t)count, sizeof *names, by_name);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(names[i], names[i - 1]) == 0)
            return qni_error(err, QN_INVALID, "ticker %.100s: it is there twice", names[i]);
    return QN_OK;
}

/* ---- running ---- */

static void run_task(void *user, int64_t index)
{
    qni_running *r = user;
    qni_task *task = &r->tasks[index];
    const qn_scan_options *o = r->options;
    if (task->status != QN_OK || task->subject.reject != NULL)
        return;
    if (r->last && (!task->prepared || task->subject.input->peer_only))
        return;
    if (atomic_load_explicit(&r->stopped, memory_order_relaxed))
        return;
    if (o->should_stop != NULL && o->should_stop(o->should_stop_user)) {
        atomic_store_explicit(&r->stopped, true, memory_order_relaxed);
        return;
    }
    task->status = r->step(&task->subject, task->stages, &task->error);
    if (task->status != QN_OK)
        atomic_store_explicit(&r->stopped, true, memory_order_relaxed);
    *(r->last ? &task->judged : &task->prepared) = true;
    if (o->progress != NULL && (r->last || task->subject.reject != NULL))
        o->progress(o->progress_user, atomic_fetch_add_explicit(&r->ended, 1, memory_order_relaxed) + 1);
}

/* One step of all tickers. */
static qn_status run_step(qni_running *r, int64_t count, qn_error *err)
{
    if (r->options->threads != NULL)
        qn_threads_run(r->options->threads, count, run_task, r);
    else
        for (int64_t i = 0; i < count; i++)
            run_task(r, i);
    for (int64_t i = 0; i < count; i++)
        if (r->tasks[i].status != QN_OK) {
            if (err != NULL)
                *err = r->tasks[i].error;
            return r->tasks[i].status;
        }
    return QN_OK;
}

/* Peers of all tickers that have a history, also of those that are rejected for another reason, as one list. */
static qn_status find_peers(qni_running *r, int64_t count, qn_arena *arena, qn_error *err)
{
    void *list;
    int64_t n = 0;
    qn_status s = qn_arena_take(&list, arena, count * (int64_t)sizeof(qni_subject), err);
    if (s != QN_OK)
        return s;
    qni_subject *subjects = list;
    for (int64_t i = 0; i < count; i++)
        if (r->tasks[i].subject.has_history)
            subjects[n++] = r->tasks[i].subject;
    s = qni_history_peers(subjects, n, r->options->threads, err);
    for (int64_t i = 0, k = 0; i < count; i++)
        if (r->tasks[i].subject.has_history)
            r->tasks[i].subject = subjects[k++];
    return s;
}

/* ---- what came of it ---- */

/* A warning where chains of several days are compared: what peers did between those days is known to the later ones
 * alone, and counts for all. */
static qn_status warn_of_days(qni_scan *scan, const qni_task *tasks, qn_error *err)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (int64_t i = 0; i < scan->count; i++) {
        const qni_subject *t = &tasks[i].subject;
        int64_t us = t->input->peer_only || !t->has_history ? 0 : t->result->as_of_us;
        first = us != 0 && us < first ? us : first;
        last = us != 0 && us > last ? us : last;
    }
    int32_t days[2];
    int64_t seconds;
    if (first > last)
        return QN_OK;
    qn_market_local(&days[0], &seconds, first);
    qn_market_local(&days[1], &seconds, last);
    if (days[0] == days[1])
        return QN_OK;
    char from[QNI_TIME_TEXT_SIZE], to[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(from, days[0]);
    (void)qni_date_text(to, days[1]);
    qni_notes notes;
    qn_status s = qni_notes_init(&notes, scan->arena, 1, err);
    if (s == QN_OK)
        s = qni_notes_add(&notes, err,
                          "the chains are of several days, from %s to %s: what their peers did in between counts for "
                          "all of them",
                          from, to);
    scan->scan.warnings = notes.texts;
    scan->scan.warning_count = s == QN_OK ? notes.count : 0;
    return s;
}

static int by_score(const void *a, const void *b)
{
    const qni_subject *x = *(qni_subject *const *)a, *y = *(qni_subject *const *)b;
    double p = x->result->score.total, q = y->result->score.total;
    if (p > q || p < q)
        return p > q ? -1 : 1;
    return strcmp(x->result->ticker, y->result->ticker);
}

static int by_ticker(const void *a, const void *b)
{
    return strcmp(((const qn_scan_reject *)a)->ticker, ((const qn_scan_reject *)b)->ticker);
}

static qn_status rank(qni_scan *scan, qni_task *tasks, qn_error *err)
{
    void *list;
    int64_t n = 0, lost = 0;
    qn_status s = qn_arena_take(&list, scan->arena, scan->count * (int64_t)sizeof(qni_subject *), err);
    if (s != QN_OK)
        return s;
    qni_subject **ranked = list;
    for (int64_t i = 0; i < scan->count; i++) {
        qni_task *t = &tasks[i];
        if (t->subject.input->peer_only)
            continue;
        if (t->subject.reject != NULL)
            scan->rejected[lost++] = (qn_scan_reject){.ticker = t->result.ticker, .reason = t->subject.reject};
        else if (t->judged)
            ranked[n++] = &t->subject;
    }
    qsort(ranked, (size_t)n, sizeof(qni_subject *), by_score);
    qsort(scan->rejected, (size_t)lost, sizeof *scan->rejected, by_ticker);
    s = qni_sizes(ranked, n, err);
    for (int64_t i = 0; i < n; i++) {
        scan->tickers[i] = *ranked[i]->result;
        if (i == 0 || scan->tickers[i].as_of_us > scan->scan.as_of_us)
            scan->scan.as_of_us = scan->tickers[i].as_of_us;
    }
    scan->scan.tickers = scan->tickers;
    scan->scan.ticker_count = n;
    scan->scan.rejected = scan->rejected;
    scan->scan.rejected_count = lost;
    return s;
}

static void add_up(qni_scan *scan, const qni_task *tasks)
{
    double seconds[QNI_SCAN_STAGES] = {0};
    for (int64_t i = 0; i < scan->count; i++)
        for (int j = 0; j < QNI_SCAN_STAGES; j++)
            seconds[j] += 1e-9 * (double)tasks[i].stages[j];
    int j = 0;
#define SECONDS(field, text) scan->scan.field##_seconds = seconds[j++];
    QN_SCAN_STAGE_LIST(SECONDS)
#undef SECONDS
}

/* Room for a ticker's result, with an arena of its own. */
static qn_status begin(qni_scan *scan, qni_task *tasks, const qn_scan_input *inputs, const qn_scan_options *options,
                       qn_error *err)
{
    for (int64_t i = 0; i < scan->count; i++) {
        qni_subject *subject = &tasks[i].subject;
        qn_status s = qn_arena_new(&scan->kept[i].arena, scan->allocator, QNI_SCAN_ARENA, err);
        if (s != QN_OK)
            return s;
        subject->input = &inputs[i];
        subject->options = options;
        subject->settings = options->settings;
        subject->arena = scan->kept[i].arena;
        subject->result = &tasks[i].result;
        tasks[i].result.ticker = inputs[i].ticker;
    }
    return QN_OK;
}

static qn_status run(qni_scan *scan, qni_task *tasks, const qn_scan_input *inputs, const qn_scan_options *options,
                     qn_error *err)
{
    qni_running r = {.tasks = tasks, .options = options, .step = qni_subject_prepare};
    qn_status s = begin(scan, tasks, inputs, options, err);
    if (s == QN_OK)
        s = run_step(&r, scan->count, err);
    if (s == QN_OK)
        s = find_peers(&r, scan->count, scan->arena, err);
    qni_log(QN_LOG_INFO, "scan", "judging %" PRId64 " tickers", scan->count);
    r.step = qni_subject_judge;
    r.last = true;
    if (s == QN_OK)
        s = run_step(&r, scan->count, err);
    for (int64_t i = 0; i < scan->count; i++)
        if (tasks[i].subject.reject == NULL)
            scan->kept[i].surface = tasks[i].subject.surface;
        else
            qn_surface_free(tasks[i].subject.surface);
    if (s == QN_OK)
        s = rank(scan, tasks, err);
    if (s == QN_OK)
        s = warn_of_days(scan, tasks, err);
    scan->scan.interrupted = atomic_load_explicit(&r.stopped, memory_order_relaxed);
    add_up(scan, tasks);
    return s;
}

/* An empty scan with room for `count` tickers. */
static qn_status new_scan(qni_scan **out, int64_t count, const qn_scan_options *options, qn_error *err)
{
    const qn_allocator *allocator = options->allocator;
    qni_scan *scan = qni_alloc_zeroed(allocator, 1, (int64_t)sizeof *scan);
    *out = scan;
    if (scan == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *scan, "a scan");
    scan->allocator = allocator;
    scan->scan.size = sizeof scan->scan;
    scan->scan.settings = *options->settings;
    scan->scan.clock = options->clock;
    scan->scan.tiers = options->tiers;
    qn_status s = qn_arena_new(&scan->arena, allocator, QNI_SCAN_ARENA, err);
    void *kept = NULL, *tickers = NULL, *rejected = NULL;
    if (s == QN_OK)
        s = qn_arena_take(&kept, scan->arena, count * (int64_t)sizeof *scan->kept, err);
    if (s == QN_OK)
        s = qn_arena_take(&tickers, scan->arena, count * (int64_t)sizeof *scan->tickers, err);
    if (s == QN_OK)
        s = qn_arena_take(&rejected, scan->arena, count * (int64_t)sizeof *scan->rejected, err);
    if (s != QN_OK)
        return s;
    memset(kept, 0, (size_t)count * sizeof *scan->kept);
    scan->kept = kept;
    scan->tickers = tickers;
    scan->rejected = rejected;
    scan->count = count;
    return QN_OK;
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

qn_status qn_scan_run(qn_scan **out, const qn_scan_input *inputs, int64_t count, const qn_scan_options *options,
                      qn_error *err)
{
    qn_scan_options whole;
    qn_scan_settings settings;
    qni_scan *scan = NULL;
    qni_task *tasks = NULL;
    int64_t since = qni_clock_monotonic_ns();
    *out = NULL;
    if (count < 0 || count > QNI_SCAN_TICKERS || (count > 0 && inputs == NULL))
        return qni_error(err, QN_INVALID, "a scan of %lld tickers: 0 to %d", (long long)count, QNI_SCAN_TICKERS);
    qn_status s = whole_options(&whole, &settings, options, err);
    if (s != QN_OK)
        return s;
    s = new_scan(&scan, count, &whole, err);
    if (s == QN_OK)
        s = check_inputs(inputs, count, scan->arena, err);
    if (s == QN_OK)
        s = qni_arena_text(&scan->scan.reference_name, scan->arena, text_or_empty(whole.reference->name), -1, err);
    if (s == QN_OK)
        s = qni_arena_text(&scan->scan.reference_source, scan->arena, text_or_empty(whole.reference->source), -1, err);
    if (s == QN_OK && count > 0) {
        tasks = qni_alloc_zeroed(whole.allocator, count, (int64_t)sizeof *tasks);
        s = tasks == NULL ? qni_refused(err, whole.allocator, count * (int64_t)sizeof *tasks, "a scan")
                          : run(scan, tasks, inputs, &whole, err);
        qni_free(whole.allocator, tasks, count, (int64_t)sizeof *tasks);
    }
    if (s != QN_OK) {
        qn_scan_free(scan == NULL ? NULL : &scan->scan);
        return s;
    }
    scan->scan.total_seconds = 1e-9 * (double)(qni_clock_monotonic_ns() - since);
    *out = &scan->scan;
    return QN_OK;
}

void qn_scan_free(qn_scan *scan)
{
    if (scan == NULL)
        return;
    qni_scan *s = (qni_scan *)scan;
    for (int64_t i = 0; i < s->count; i++) {
        qn_surface_free(s->kept[i].surface);
        qn_arena_free(s->kept[i].arena);
    }
    qn_arena_free(s->arena);
    qni_free(s->allocator, s, 1, (int64_t)sizeof *s);
}
