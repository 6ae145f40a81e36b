/* scan/subject.c: one ticker on its way from what is known of it to what it comes to, or to the reason why it is
 * rejected.
 *
 * Always: errors are those of the machine (memory); what is wrong with the data rejects the ticker in a sentence. */
#include "scan/scan_int.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/time.h"
#include "mem/notes.h"
#include "scan/limits.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
#define STAGE(field, text) STAGE_##field,
    QN_SCAN_STAGE_LIST(STAGE)
#undef STAGE
    STAGE_COUNT
};

_Static_assert(STAGE_COUNT == QNI_SCAN_STAGES, "a place for each stage");

/* ---- sentences ---- */

static qn_status text_of(const char **out, qn_arena *arena, qn_error *err, const char *format, va_list arguments)
    QN_PRINTF(4, 0);
static qn_status text_of(const char **out, qn_arena *arena, qn_error *err, const char *format, va_list arguments)
{
    char sentence[QNI_SCAN_SENTENCE];
    int length = vsnprintf(sentence, sizeof sentence, format, arguments);
    return qni_arena_text(out, arena, length < 0 ? "" : sentence, -1, err);
}

qn_status qni_subject_text(const char **out, const qni_subject *subject, qn_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    qn_status s = text_of(out, subject->arena, err, format, arguments);
    va_end(arguments);
    return s;
}

qn_status qni_subject_reject(qni_subject *subject, qn_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    qn_status s = text_of(&subject->reject, subject->arena, err, format, arguments);
    va_end(arguments);
    return s;
}

qn_status qni_subject_reason(qni_subject *subject, qn_error *err, const char *format, ...)
{
    qn_scan_ticker *r = subject->result;
    if (r->reason_count == QNI_SCAN_REASONS)
        return QN_OK;
    if (subject->reasons == NULL) {
        void *list;
        qn_status s = qn_arena_take(&list, subject->arena, QNI_SCAN_REASONS * (int64_t)sizeof *r->reasons, err);
        if (s != QN_OK)
            return s;
        r->reasons = subject->reasons = list;
    }
    const char *text;
    va_list arguments;
    va_start(arguments, format);
    qn_status s = text_of(&text, subject->arena, err, format, arguments);
    va_end(arguments);
    if (s == QN_OK)
        subject->reasons[r->reason_count++] = text;
    return s;
}

/* Nanoseconds since *since, which becomes now. */
static int64_t lap(int64_t *since)
{
    int64_t now = qni_clock_monotonic_ns(), passed = now - *since;
    *since = now;
    return passed;
}

/* ---- what there is ---- */

static qn_status copy_text(const char **out, const qni_subject *subject, const char *text, qn_error *err)
{
    return qni_subject_text(out, subject, err, "%.200s", text == NULL ? "" : text);
}

/* The day in New York. */
static int32_t local_day(int64_t time_us)
{
    int32_t day;
    int64_t seconds;
    qn_market_local(&day, &seconds, time_us);
    return day;
}

/* Whether news with that timing on that day is still to come at `as_of_us`: until the open before which it comes, or
 * after the close, when options are not quoted before the next open. Of an unknown timing the latter. */
static bool is_ahead(int32_t day, qn_timing timing, int64_t as_of_us)
{
    int64_t open, close;
    bool before = timing == QN_TIMING_BEFORE_OPEN || timing == QN_TIMING_DURING;
    if (!before || !qn_market_session(&open, &close, day))
        (void)qn_market_session(&open, &close, qn_market_next_day(day));
    return as_of_us < open;
}

/* The coming report, those of unknown timing taken to come as `habit` says; NULL: none is known. */
static const qn_earnings *coming(const qn_scan_input *input, qn_timing habit, int64_t as_of_us)
{
    if (input->event != NULL)
        return input->event;
    for (int64_t i = 0; i < input->report_count; i++) {
        qn_timing timing = (qn_timing)input->reports[i].timing;
        if (is_ahead(input->reports[i].day, timing == QN_TIMING_UNKNOWN ? habit : timing, as_of_us))
            return &input->reports[i];
    }
    return NULL;
}

/* Before the open or after the close, as the past reports came: what is inferred of all of them, else as the newest.
 * What a calendar tells of reports yet to come is none of it. */
static qn_timing habit_of(const qn_history *h)
{
    qn_timing newest = QN_TIMING_UNKNOWN;
    for (int64_t i = 0; i < h->count; i++) {
        const qn_move *m = &h->moves[i];
        if (m->timing_inferred)
            return (qn_timing)m->timing;
        if (newest == QN_TIMING_UNKNOWN && m->status != QN_MOVE_FUTURE)
            newest = (qn_timing)m->timing;
    }
    return newest;
}

/* Whether a status is the machine's and not the data's. */
static bool is_ours(qn_status s)
{
    return s == QN_NOMEM || s == QN_BUDGET;
}

/* With the place in the file, where there is one. */
static qn_status reject_chain(qni_subject *subject, const qn_error *why, qn_error *err)
{
    if (why->file[0] == 0)
        return qni_subject_reject(subject, err, "its chain cannot be read: %s", why->message);
    if (why->line == 0)
        return qni_subject_reject(subject, err, "its chain cannot be read: %s: %s", why->file, why->message);
    return qni_subject_reject(subject, err, "its chain cannot be read: %s:%lld: %s", why->file, (long long)why->line,
                              why->message);
}

/* The chain, which is the subject's to free where *loaded; NULL: the subject is rejected. */
static qn_status find_chain(const qn_chain **out, qn_chain **loaded, qni_subject *subject, qn_error *err)
{
    const qn_scan_input *in = subject->input;
    const qn_earnings *report = in->as_of_us != 0 ? coming(in, QN_TIMING_UNKNOWN, in->as_of_us) : in->event;
    qn_error why = qn_error_none();
    *out = in->chain;
    *loaded = NULL;
    if (in->chain != NULL)
        return QN_OK;
    if (in->load == NULL)
        return qni_subject_reject(subject, err, "there is no option chain of it");
    qn_status s =
        in->load(in->load_user, loaded, in, report != NULL ? report->day : 0, subject->options->allocator, &why);
    if (is_ours(s)) {
        if (err != NULL)
            *err = why;
        return s;
    }
    *out = *loaded;
    return s == QN_OK ? QN_OK : reject_chain(subject, &why, err);
}

/* Keeps the report that is to come, with its timing as told, else as the past reports came. */
static qn_status keep_report(qni_subject *subject, const qn_earnings *report, qn_error *err)
{
    qn_timing habit = habit_of(&subject->result->history);
    qn_timing timing = report->timing != QN_TIMING_UNKNOWN ? (qn_timing)report->timing : habit;
    char day[QNI_TIME_TEXT_SIZE];
    void *copy;
    (void)qni_date_text(day, report->day);
    if (timing == QN_TIMING_UNKNOWN)
        return qni_subject_reject(subject, err,
                                  "whether the report of %s comes before the open or after the close is not known, and "
                                  "past prices do not tell: give --event %.40s=%s:bmo or :amc",
                                  day, subject->result->ticker, day);
    qn_status s = qn_arena_take(&copy, subject->arena, (int64_t)sizeof *report, err);
    if (s != QN_OK)
        return s;
    qn_earnings *known = copy;
    *known = *report;
    known->ticker = subject->result->ticker;
    known->timing = (uint8_t)timing;
    subject->report = known;
    subject->result->event = (qn_event_move){
        .day = report->day, .timing = (uint8_t)timing, .timing_inferred = report->timing == QN_TIMING_UNKNOWN};
    return QN_OK;
}

static qn_status find_report(qni_subject *subject, qn_error *err)
{
    int64_t as_of_us = subject->result->as_of_us;
    const qn_earnings *report = coming(subject->input, habit_of(&subject->result->history), as_of_us);
    char day[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(day, local_day(as_of_us));
    if (report == NULL)
        return qni_subject_reject(subject, err,
                                  "no report after %s is known: give --event %.40s=DATE:bmo or :amc, or a calendar "
                                  "that has it",
                                  day, subject->result->ticker);
    int32_t ahead = report->day - local_day(as_of_us);
    (void)qni_date_text(day, report->day);
    if (ahead > subject->settings->window)
        return qni_subject_reject(subject, err, "the next report is on %s, in %lld days; --window looks %.0f ahead",
                                  day, (long long)ahead, subject->settings->window);
    qn_status s = keep_report(subject, report, err);
    if (s != QN_OK || subject->reject != NULL || is_ahead(report->day, (qn_timing)subject->report->timing, as_of_us))
        return s;
    return qni_subject_reject(subject, err, "the report of %s was out when the quotes held", day);
}

/* What the result says of the chain, independent of it. */
static qn_status keep_chain(qni_subject *subject, const qn_chain *chain, qn_error *err)
{
    qn_scan_ticker *r = subject->result;
    r->as_of_us = chain->as_of_us;
    r->spot = chain->spot;
    memcpy(r->classes, chain->classes, sizeof r->classes);
    return copy_text(&r->source, subject, chain->source, err);
}

/* The quotes that are needed, in the arena: the chain may go. */
static qn_status keep_quotes(qni_subject *subject, const qn_chain *chain, qn_error *err)
{
    void *kept;
    subject->chain = chain;
    qn_status s = qn_arena_take(&kept, subject->arena, (int64_t)sizeof *chain, err);
    if (s != QN_OK)
        return s;
    qn_chain *own = kept;
    s = qni_event_chain(own, subject, err);
    own->ticker = subject->result->ticker;
    own->source = subject->result->source;
    own->format = "";
    own->warnings = NULL;
    own->warning_count = 0;
    subject->chain = own;
    return s;
}

static qn_status find_history(qni_subject *subject, int64_t as_of_us, qn_error *err)
{
    qn_status s = qni_history(subject, as_of_us, err);
    subject->has_history = s == QN_OK && subject->reject == NULL;
    return s;
}

qn_status qni_subject_prepare(qni_subject *subject, int64_t *stages, qn_error *err)
{
    const qn_scan_input *in = subject->input;
    qn_scan_ticker *r = subject->result;
    int64_t since = qni_clock_monotonic_ns();
    const qn_chain *chain = NULL;
    qn_chain *loaded = NULL;
    r->best = -1;
    r->spot = NAN;
    qn_status s = copy_text(&r->ticker, subject, in->ticker, err);
    if (s == QN_OK)
        s = copy_text(&r->sector, subject, in->sector, err);
    if (s == QN_OK && in->peer_only)
        return find_history(subject, in->as_of_us, err);
    if (s == QN_OK)
        s = find_chain(&chain, &loaded, subject, err);
    if (s == QN_OK && subject->reject == NULL)
        s = keep_chain(subject, chain, err);
    stages[STAGE_load] += lap(&since);
    if (s == QN_OK && subject->reject == NULL)
        s = find_history(subject, r->as_of_us, err);
    if (s == QN_OK && subject->reject == NULL)
        s = find_report(subject, err);
    stages[STAGE_history] += lap(&since);
    if (s == QN_OK && subject->reject == NULL)
        s = keep_quotes(subject, chain, err);
    qn_chain_free(loaded);
    stages[STAGE_event] += lap(&since);
    return s;
}

/* ---- what it comes to ---- */

static qn_status make_surface(qni_subject *subject, qn_error *err)
{
    const qn_scan_options *o = subject->options;
    qn_surface_options how;
    qn_error why = qn_error_none();
    qn_surface_options_init(&how, sizeof how);
    how.clock = o->clock;
    how.rate = o->rate;
    how.rate_given = o->rate_given;
    how.allocator = o->allocator;
    qn_status s = qn_surface_new(&subject->surface, subject->chain, &how, &why);
    if (is_ours(s)) {
        if (err != NULL)
            *err = why;
        return s;
    }
    if (s != QN_OK)
        return qni_subject_reject(subject, err, "no smile can be made of its chain: %s", why.message);
    qn_scan_ticker *r = subject->result;
    r->surface = subject->surface;
    for (int64_t i = 0; i < subject->surface->smile_count && isnan(r->spot); i++) {
        const qn_smile *smile = &subject->surface->smiles[i];
        if (isnan(smile->forward))
            continue;
        r->spot = smile->forward * smile->discount;
        r->spot_from_parity = true;
        s = qni_subject_reason(subject, err, "the chain does not tell the share's price: it is from put-call parity");
    }
    return s;
}

static qn_status value_trades(qni_subject *subject, qn_error *err)
{
    qn_status s = qni_trades_build(subject, err);
    for (int64_t i = 0; i < QN_STRATEGY_COUNT && s == QN_OK && subject->reject == NULL; i++)
        if (subject->trades[i].built)
            s = qni_trade_value(&subject->trades[i], subject, err);
    return s;
}

static qn_status judge_event(qni_subject *subject, qn_error *err)
{
    qn_status s = qni_event(subject, err);
    if (s == QN_OK && subject->reject == NULL)
        subject->result->skew = subject->surface->smiles[subject->result->event.first].risk_reversal;
    return s;
}

static qn_status judge_liquidity(qni_subject *subject, qn_error *err)
{
    const qn_liquidity *l = &subject->result->liquidity;
    qn_status s = qni_liquidity(subject, err);
    if (s != QN_OK || subject->reject != NULL || l->tier != QN_TIER_REJECT)
        return s;
    if (isnan(l->open_interest))
        return qni_subject_reject(subject, err, "it is not liquid: median spread %.1f %% near the money",
                                  l->spread_pct);
    return qni_subject_reject(subject, err,
                              "it is not liquid: median open interest %.0f, median spread %.1f %% near the money",
                              l->open_interest, l->spread_pct);
}

qn_status qni_subject_judge(qni_subject *subject, int64_t *stages, qn_error *err)
{
    static const struct {
        qn_status (*step)(qni_subject *subject, qn_error *err);
        int stage;
    } steps[] = {
        {make_surface, STAGE_surface},  {qni_split_note, STAGE_history}, {judge_event, STAGE_event},
        {judge_liquidity, STAGE_event}, {qni_vrp, STAGE_event},          {qni_outlook, STAGE_trades},
        {value_trades, STAGE_trades},   {qni_score, STAGE_rank},
    };
    int64_t since = qni_clock_monotonic_ns();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        qn_status s = steps[i].step(subject, err);
        stages[steps[i].stage] += lap(&since);
        if (s != QN_OK || subject->reject != NULL)
            return s;
    }
    return QN_OK;
}
