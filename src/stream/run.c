/* stream/run.c: running a stream: the groups of its steps, how they end, and what is counted.
 *
 * Groups follow one another on the ring, each a reader that comes after the one before. A failure sets `limit`; the
 * group in which it happened leaves, and those behind it stop there. The caller's thread runs the last group, or, where
 * the stream has one thread, the intake and the only group in turn. */
#include "stream/run_int.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- stopping and failing ---- */

bool qni_stream_stopping(const qn_stream *stream)
{
    return atomic_load_explicit(&stream->stopping, memory_order_relaxed) != 0;
}

void qn_stream_stop(qn_stream *stream)
{
    atomic_store(&stream->stopping, 1);
    qni_unpark(&stream->stopping, INT32_MAX);
    if (stream->source.stop != NULL)
        stream->source.stop(stream->source.self);
}

bool qni_stream_failed(const qn_stream *stream)
{
    return atomic_load_explicit(&stream->limit, memory_order_relaxed) != INT64_MAX;
}

void qni_stream_fail(qn_stream *stream, int64_t sequence, qn_status status, const qn_error *error)
{
    qni_lock_take(&stream->lock, NULL);
    if (sequence < atomic_load_explicit(&stream->limit, memory_order_relaxed)) {
        stream->status = status;
        stream->error = *error;
        /* Release, with the acquire in run_span: who goes on behind this group sees the limit before it sees that the
         * group has left. */
        atomic_store_explicit(&stream->limit, sequence, memory_order_release);
    }
    qni_lock_give(&stream->lock);
    qn_stream_stop(stream);
}

/* ---- steps ---- */

/* What the step is shown of the span. */
static qn_stream_span shown(const qn_stream *s, qni_step *step, const qn_stream_span *span)
{
    const int64_t at = span->sequence & (s->how.capacity - 1);
    qn_stream_span out = *span;
    for (int64_t i = 0; i < step->column_count; i++)
        step->at[i] = s->columns.values[step->columns[i]] + at;
    out.columns = step->at;
    return out;
}

/* The sentence of a part, with its name and where in the stream it failed. */
static qn_error say_who(const qn_error *error, const char *kind, const char *name, int64_t sequence)
{
    qn_error out = *error;
    (void)snprintf(out.message, sizeof out.message, "%s \"%.64s\", record %" PRId64 ": %.400s", kind, name, sequence,
                   error->message);
    return out;
}

static qn_status write_sink(qn_stream *s, qni_step *step, const qn_stream_span *span, qn_error *err)
{
    if (step->done)
        return QN_OK;
    qn_status status = step->sink.write(step->sink.self, span, err);
    if (status != QN_CLOSED)
        return status;
    step->done = true; /* nobody reads there any more */
    if (--s->open_sinks == 0)
        qn_stream_stop(s);
    return QN_OK;
}

/* One step on a span; returns how many of its records may go further. */
static int64_t run_step(qn_stream *s, qni_step *step, const qn_stream_span *span)
{
    const qn_stream_span in = shown(s, step, span);
    qn_error err = qn_error_none();
    qn_status status = QN_OK;
    int64_t done = 0;
    switch (step->kind) {
    case QNI_STEP_DECODE:
        qni_decode(s, span);
        break;
    case QNI_STEP_DIGEST:
        qni_digest_span(s->digest, &in, step->column_count);
        break;
    case QNI_STEP_STAGE:
        status = step->stage.run(step->stage.self, &in, &done, &err);
        break;
    case QNI_STEP_SINK:
        status = write_sink(s, step, &in, &err);
        break;
    }
    if (status == QN_OK)
        return span->count;
    done = step->kind == QNI_STEP_STAGE && done > 0 ? done < span->count ? done : span->count : 0;
    err = say_who(&err, step->kind == QNI_STEP_SINK ? "sink" : "stage", step->name, span->sequence + done);
    qni_stream_fail(s, span->sequence + done, status, &err);
    return done;
}

static void measure(qn_stream *s, const qn_stream_span *span)
{
    if (s->latency == NULL)
        return;
    const int64_t now = qni_clock_monotonic_ns();
    const int64_t *const stamps = s->stamps_ns + (span->sequence & (s->how.capacity - 1));
    qni_lock_take(&s->lock, NULL);
    for (int64_t i = 0, next; i < span->count; i = next) {
        for (next = i + 1; next < span->count && stamps[next] == stamps[i];)
            next++;
        qn_histogram_record(s->latency, now - stamps[i], next - i);
    }
    qni_lock_give(&s->lock);
}

/* All steps of a group on what it peeked at. False: the group is at its end. */
static bool run_span(qni_group *group, const qn_ring_span *peeked)
{
    qn_stream *const s = group->stream;
    /* Acquire: what a group before left undone is above. */
    const int64_t limit = atomic_load_explicit(&s->limit, memory_order_acquire);
    const int64_t below = limit - peeked->sequence;
    qn_stream_span span = {.records = peeked->items,
                           .symbols = s->symbol_of + (peeked->sequence & (s->how.capacity - 1)),
                           .count = below < peeked->count ? below : peeked->count,
                           .sequence = peeked->sequence};
    for (int64_t i = group->first; i < group->end && span.count > 0; i++)
        span.count = run_step(s, &s->steps[i], &span);
    if (span.count > 0) {
        if (group->end == s->step_count)
            measure(s, &span);
        qn_broadcast_reader_release(group->reader, span.count);
    }
    return span.count == peeked->count;
}

/* Everything that comes, until the ring is closed and empty. */
static void run_group(qni_group *group)
{
    qn_stream *const s = group->stream;
    qn_ring_span span;
    while (qn_broadcast_reader_peek(&span, group->reader, s->how.batch, -1) == QN_OK && run_span(group, &span)) {
    }
    qn_broadcast_reader_leave(group->reader);
}

static void group_body(void *user, qni_service *service)
{
    (void)service;
    run_group(user);
}

static void intake_body(void *user, qni_service *service)
{
    (void)service;
    qn_stream *const s = user;
    while (qni_intake_next(s) > 0) {
    }
    qn_broadcast_close(s->ring);
}

/* Intake and group in turn. */
static void run_alone(qn_stream *s)
{
    qni_group *const group = &s->groups[0];
    bool goes_on = true;
    while (goes_on && qni_intake_next(s) > 0) {
        qn_ring_span span;
        while (goes_on && qn_broadcast_reader_peek(&span, group->reader, s->how.batch, 0) == QN_OK)
            goes_on = run_span(group, &span);
    }
    qn_broadcast_close(s->ring);
    qn_broadcast_reader_leave(group->reader);
}

/* ---- beginning ---- */

static qn_status push_step(qn_stream *s, const qni_step *step, int64_t at, qn_error *err)
{
    if (!qni_grow(s->allocator, (void **)&s->steps, &s->step_capacity, s->step_count + 1, sizeof *s->steps))
        return qni_refused(err, s->allocator, (int64_t)sizeof *s->steps, "the steps of a stream");
    for (int64_t i = s->step_count++; i > at; i--)
        s->steps[i] = s->steps[i - 1];
    s->steps[at] = *step;
    return QN_OK;
}

/* The columns that sinks see which ask for all, and the digest. */
static qn_status show_all(qn_stream *s, qni_step *step, qn_error *err)
{
    qn_status status = qni_step_columns(s, step, qn_stream_column_count(s), err);
    int64_t at = 0;
    for (int64_t i = QNI_FIELD_COUNT; i < s->columns.count && status == QN_OK; i++)
        if (qni_columns_is_shown(&s->columns, i))
            step->columns[at++] = (int32_t)i;
    return status;
}

/* Decode first, then the stages, the digest, the sinks. */
static qn_status order_steps(qn_stream *s, qn_error *err)
{
    qni_step decode = {.kind = QNI_STEP_DECODE}, digest = {.kind = QNI_STEP_DIGEST};
    qn_status status = push_step(s, &decode, 0, err);
    if (status == QN_OK && s->how.digest)
        status = push_step(s, &digest, s->step_count, err);
    if (status == QN_OK && s->how.digest)
        status = show_all(s, &s->steps[s->step_count - 1], err);
    while (s->sink_count > 0 && status == QN_OK) {
        status = push_step(s, &s->sinks[0], s->step_count, err);
        if (status != QN_OK)
            return status;
        s->sink_count--;
        for (int64_t i = 0; i < s->sink_count; i++)
            s->sinks[i] = s->sinks[i + 1];
        qni_step *const sink = &s->steps[s->step_count - 1];
        s->open_sinks++;
        if (sink->reads_all)
            status = show_all(s, sink, err);
    }
    return status;
}

static qn_status open_sinks(qn_stream *s, qn_error *err)
{
    const char *names[QNI_STREAM_COLUMNS_MAX];
    for (int64_t i = 0; i < s->step_count; i++) {
        qni_step *const step = &s->steps[i];
        if (step->kind != QNI_STEP_SINK)
            continue;
        for (int64_t c = 0; c < step->column_count; c++)
            names[c] = s->columns.names[step->columns[c]];
        step->opened = true;
        qn_status status =
            step->sink.open == NULL ? QN_OK : step->sink.open(step->sink.self, names, step->column_count, err);
        if (status != QN_OK)
            return status;
    }
    return QN_OK;
}

/* One group a thread beside the intake's; the steps are shared out by number, the sinks stay together. */
static qn_status make_groups(qn_stream *s, qn_error *err)
{
    int64_t wanted = s->how.threads < 3 ? 1 : s->how.threads - 1;
    const int64_t splittable = s->step_count - s->open_sinks + (s->open_sinks > 0);
    wanted = wanted < splittable ? wanted : splittable;
    s->groups = qni_alloc_zeroed(s->allocator, wanted, sizeof *s->groups);
    if (s->groups == NULL)
        return qni_refused(err, s->allocator, wanted * (int64_t)sizeof *s->groups, "the threads of a stream");
    s->group_count = wanted;
    for (int64_t i = 0; i < wanted; i++) {
        qni_group *const group = &s->groups[i];
        group->stream = s;
        group->first = i * splittable / wanted;
        group->end = i == wanted - 1 ? s->step_count : (i + 1) * splittable / wanted;
        qn_status status =
            qn_broadcast_add(&group->reader, s->ring, i == 0 ? NULL : &s->groups[i - 1].reader, i > 0, err);
        if (status != QN_OK)
            return status;
    }
    return QN_OK;
}

/* ---- running ---- */

/* The intake and all groups but the last in threads of their own. */
static void run_threads(qn_stream *s)
{
    qn_error err = qn_error_none();
    qni_service *intake = NULL;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < s->group_count - 1 && status == QN_OK; i++)
        status = qni_service_new(&s->groups[i].service, "quern-stage", group_body, &s->groups[i], s->allocator, &err);
    if (status == QN_OK)
        status = qni_service_new(&intake, "quern-intake", intake_body, s, s->allocator, &err);
    if (status != QN_OK) {
        qni_stream_fail(s, 0, status, &err);
        qn_broadcast_close(s->ring);
    }
    run_group(&s->groups[s->group_count - 1]);
    qni_service_free(intake);
    for (int64_t i = 0; i < s->group_count - 1; i++) {
        qni_service_free(s->groups[i].service);
        s->groups[i].service = NULL;
    }
}

static qn_status begin(qn_stream *s, qn_error *err)
{
    qn_status status = s->has_source ? QN_OK : qni_error(err, QN_INVALID, "a stream needs a source");
    if (status == QN_OK)
        status = order_steps(s, err);
    if (status == QN_OK)
        status = make_groups(s, err);
    if (status == QN_OK)
        status = open_sinks(s, err);
    return status == QN_OK ? qni_intake_open(s, err) : status;
}

/* Closes the sinks; the first failure of all is kept. Where it failed before anything reached them there is nothing to
 * put into its place: they are freed as they are. */
static void close_sinks(qn_stream *s)
{
    if (s->status != QN_OK && qn_broadcast_reader_sequence(s->groups[s->group_count - 1].reader) == 0)
        return;
    for (int64_t i = 0; i < s->step_count; i++) {
        qni_step *const step = &s->steps[i];
        if (step->kind != QNI_STEP_SINK || !step->opened || step->sink.close == NULL)
            continue;
        qn_error err = qn_error_none();
        const qn_status status = step->sink.close(step->sink.self, &err);
        if (status != QN_OK && status != QN_CLOSED && s->status == QN_OK) {
            s->status = status;
            s->error = err;
        }
    }
}

qn_status qn_stream_run(qn_stream *stream, qn_error *err)
{
    qn_stream *const s = stream;
    if (s->ran)
        return qni_error(err, QN_BUSY, "a stream runs once");
    s->ran = true;
    s->status = begin(s, &s->error);
    if (s->status == QN_OK) {
        atomic_store_explicit(&s->began_ns, qni_clock_monotonic_ns(), memory_order_release);
        if (s->how.threads < 2)
            run_alone(s);
        else
            run_threads(s);
        qn_stream_stop(s); /* for the reader of a front, where the stream failed */
        qni_intake_close(s);
        if (s->status == QN_OK) {
            s->status = s->read_status;
            s->error = s->read_error;
        }
        close_sinks(s);
    }
    atomic_store_explicit(&s->ended_ns, qni_clock_monotonic_ns(), memory_order_release);
    if (s->status != QN_OK && err != NULL)
        *err = s->error;
    return s->status;
}
