/* scan/history.c: past reactions of a ticker and what they have in common. One ticker at a time in a thread.
 *
 * Nothing that happened after the quotes counts: prices and reports are cut there first, and all else sees what is
 * left. Sums run from the newest reaction on, so that results are the same bits in whatever order reports come. */
#include "scan/scan_int.h"

#include "base/time.h"
#include "scan/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What is known when the quotes hold. */
typedef struct known {
    qn_daily daily;
    int32_t day; /* the last whose close is known */
} known;

static int newest_first(const void *a, const void *b)
{
    int32_t x = ((const qn_move *)a)->day, y = ((const qn_move *)b)->day;
    return (x < y) - (x > y);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What reports of unknown timing are taken to be. */
static qn_timing habit(const known *k, const qn_scan_input *in)
{
    double odds;
    for (int64_t i = 0; i < in->report_count; i++)
        if (in->reports[i].timing == QN_TIMING_UNKNOWN)
            return qni_timing_infer(&odds, &k->daily, in->reports, in->report_count);
    return QN_TIMING_UNKNOWN;
}

/* Every report's reaction, newest first. */
static qn_status moves_of(qn_move **out, const known *k, const qni_subject *subject, qn_error *err)
{
    const qn_scan_input *in = subject->input;
    qn_timing usual = habit(k, in);
    void *moves;
    qn_status s = qn_arena_take(&moves, subject->arena, in->report_count * (int64_t)sizeof **out, err);
    if (s != QN_OK)
        return s;
    *out = moves;
    for (int64_t i = 0; i < in->report_count; i++) {
        const qn_earnings *report = &in->reports[i];
        bool told = report->timing != QN_TIMING_UNKNOWN;
        qni_reaction(&(*out)[i], &k->daily, report, told ? (qn_timing)report->timing : usual, k->day);
        (*out)[i].timing_inferred = !told && usual != QN_TIMING_UNKNOWN;
    }
    qsort(*out, (size_t)in->report_count, sizeof **out, newest_first);
    return QN_OK;
}

/* Which moves count, and what each does. */
static void weigh(qn_history *out, qn_move *moves, const qn_scan_settings *settings)
{
    double weight = 1, sum = 0;
    for (int64_t i = 0; i < out->count; i++) {
        qn_move *m = &moves[i];
        if (m->status == QN_MOVE_OK && out->used == (int64_t)settings->events_most)
            m->status = QN_MOVE_TOO_OLD;
        if (m->status != QN_MOVE_OK)
            continue;
        m->weight = weight;
        sum += weight;
        weight *= settings->decay;
        out->used++;
        out->inferred += m->timing_inferred;
    }
    for (int64_t i = 0; i < out->count && sum > 0; i++)
        moves[i].weight /= sum;
}

/* Why there are too few. */
#define TIMING_WORDS \
    "before the open or after the close, which neither the calendar nor the prices tell (a column \"timing\" would)"
static qn_status reject_few(qni_subject *subject, const qn_history *h, qn_error *err)
{
    static const char *const words[] = {
        [QN_MOVE_NO_PRICES] = "without the prices around them",
        [QN_MOVE_SPLIT] = "across what may be a split",
        [QN_MOVE_FUTURE] = "not over when the quotes held",
        [QN_MOVE_TOO_OLD] = "too old",
        [QN_MOVE_TIMING] = TIMING_WORDS,
    };
    char list[QNI_SCAN_SENTENCE] = "";
    int used = 0;
    for (int status = QN_MOVE_OK + 1; status <= QN_MOVE_TIMING; status++) {
        int64_t n = 0;
        for (int64_t i = 0; i < h->count; i++)
            n += h->moves[i].status == status;
        if (n > 0)
            used += snprintf(list + used, sizeof list - (size_t)used, "; %" PRId64 " %s", n, words[status]);
    }
    return qni_subject_reject(subject, err, "%" PRId64 " past reaction%s, %.0f are needed; reports: %" PRId64 "%s",
                              h->used, h->used == 1 ? "" : "s", subject->settings->events_least, h->count, list);
}

/* Mean of what is known of `count` numbers. */
static double mean_known(const double *x, int64_t count)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(x[i]))
            continue;
        sum += x[i];
        n++;
    }
    return n > 0 ? sum / (double)n : NAN;
}

/* Of |close|, x (used), newest first, each counting the same. */
static void equal_weights(qn_history *h, const double *x)
{
    double n = (double)h->used, squares = 0, slope = 0, spread = 0;
    h->mean = mean_known(x, h->used);
    for (int64_t i = 0; i < h->used; i++) {
        double order = 0.5 * (n - 1) - (double)i; /* from the oldest on, about the middle */
        squares += (x[i] - h->mean) * (x[i] - h->mean);
        slope += order * (x[i] - h->mean);
        spread += order * order;
        h->max = i == 0 ? x[i] : fmax(h->max, x[i]);
    }
    h->sd = sqrt(squares / (n - 1));
    h->trend = 100 * slope / spread;
    h->tail_ratio = h->max / h->mean;
}

/* The same by recency, w (used). */
static void recent_weights(qn_history *h, const double *x, const double *w)
{
    double squares = 0, about = 0;
    for (int64_t i = 0; i < h->used; i++) {
        h->recent_mean += w[i] * x[i];
        squares += w[i] * x[i] * x[i];
    }
    for (int64_t i = 0; i < h->used; i++)
        about += w[i] * (x[i] - h->recent_mean) * (x[i] - h->recent_mean);
    h->rms = sqrt(squares);
    h->consistency = fmin(fmax(100 * (1 - sqrt(about) / h->recent_mean), 0), 100);
    double n = (double)h->used;
    h->trust = h->consistency / 100 * n / (n + QNI_HISTORY_TRUST_EVENTS);
    if (h->trend > QNI_HISTORY_GROWTH)
        h->trust *= QNI_HISTORY_GROWTH_TRUST;
}

/* Columns of what counts (used), newest first. */
typedef struct columns {
    double *close, *weight, *gap, *intraday, *other;
} columns;

static void columns_of(columns *out, double *storage, const qn_history *h)
{
    int64_t n = h->used, at = 0;
    *out = (columns){storage, storage + n, storage + 2 * n, storage + 3 * n, storage + 4 * n};
    for (int64_t i = 0; i < h->count; i++) {
        const qn_move *m = &h->moves[i];
        if (m->status != QN_MOVE_OK)
            continue;
        out->close[at] = fabs(m->close);
        out->weight[at] = m->weight;
        out->gap[at] = fabs(m->gap);
        out->intraday[at] = fabs(m->intraday);
        out->other[at++] = fabs(m->timing_inferred ? m->other_close : m->close);
    }
}

static qn_status statistics(qn_history *h, qn_arena *arena, qn_error *err)
{
    qn_arena_mark mark = qn_arena_mark_now(arena);
    void *storage;
    qn_status s = qn_arena_take(&storage, arena, 5 * h->used * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    columns c;
    columns_of(&c, storage, h);
    equal_weights(h, c.close);
    recent_weights(h, c.close, c.weight);
    h->gap_mean = mean_known(c.gap, h->used);
    h->intraday_mean = mean_known(c.intraday, h->used);
    h->other_mean = mean_known(c.other, h->used);
    qsort(c.close, (size_t)h->used, sizeof *c.close, ascending);
    h->median = 0.5 * (c.close[(h->used - 1) / 2] + c.close[h->used / 2]);
    qn_arena_rewind(arena, mark);
    return QN_OK;
}

/* What hangs on timings that are inferred. */
static qn_status note_inferred(qni_subject *subject, qn_error *err)
{
    const qn_history *h = &subject->result->history;
    if (h->inferred == 0)
        return QN_OK;
    return qni_subject_reason(subject, err,
                              "when on their days %" PRId64 " of %" PRId64
                              " reports came is inferred from prices; were "
                              "it the other way round, past moves would be %.2f %% on average instead of %.2f %%",
                              h->inferred, h->used, 100 * h->other_mean, 100 * h->mean);
}

/* Why a ticker has no past at all; NULL: it has one. */
static const char *nothing(const qn_scan_input *in, const known *k)
{
    if (in->daily == NULL || in->daily->count == 0)
        return "there are no daily prices of it";
    if (in->report_count == 0)
        return "there are no past reports of it";
    return k->daily.count == 0 ? "all of its daily prices are later than the quotes" : NULL;
}

qn_status qni_history(qni_subject *subject, int64_t as_of_us, qn_error *err)
{
    const qn_scan_input *in = subject->input;
    qn_history *h = &subject->result->history;
    *h = (qn_history){.expected = NAN, .peer_mean = NAN, .peer_group = "", .low = NAN, .high = NAN, .error = NAN};
    known k = {0};
    if (in->daily != NULL)
        k.daily = qni_daily_known(in->daily, as_of_us);
    const char *none = nothing(in, &k);
    if (none != NULL)
        return qni_subject_reject(subject, err, "%s", none);
    k.day = as_of_us != 0 ? qni_day_known(as_of_us) : k.daily.days[k.daily.count - 1];
    qn_move *moves;
    qn_status s = moves_of(&moves, &k, subject, err);
    if (s != QN_OK)
        return s;
    h->moves = moves;
    h->count = in->report_count;
    weigh(h, moves, subject->settings);
    if (h->used < (int64_t)subject->settings->events_least)
        return reject_few(subject, h, err);
    s = statistics(h, subject->arena, err);
    if (s == QN_OK && !(h->mean > 0))
        return qni_subject_reject(subject, err, "none of its %" PRId64 " past reactions has moved the price", h->used);
    return s == QN_OK ? note_inferred(subject, err) : s;
}
