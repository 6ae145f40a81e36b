/* stream/intake.c: how records get into the ring: read in place where the stream blocks, else by a thread of its own
 * through a front that may drop.
 *
 * A record is read once, into the slot of the ring, or into a place of the front from which it is copied there; where
 * records have to wait until they are due, a front has them one by one.
 * Threads: qni_intake_next is one thread's, the reader another; what they share is the front and the atomics. */
#include "stream/run_int.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "mem/refuse.h"

#include <string.h>

/* ---- pace ---- */

/* When a record is due. */
static int64_t due_ns(const qn_stream *s, int64_t time_ns)
{
    const double after = ((double)time_ns - (double)s->pace_time_ns) / s->how.speed;
    if (!(after > 0)) /* a clock that goes back is not waited for */
        return s->pace_clock_ns;
    return after < 9e18 - (double)s->pace_clock_ns ? s->pace_clock_ns + (int64_t)after : INT64_MAX;
}

/* How many of the next records are due; waits for the first. 0: the stream is being stopped. */
static int64_t await_due(qn_stream *s, const qn_tick *records, int64_t count)
{
    if (s->how.speed <= 0)
        return count;
    int64_t now = qni_clock_monotonic_ns();
    if (s->pace_clock_ns == 0) {
        s->pace_clock_ns = now;
        s->pace_time_ns = records[0].time_ns;
    }
    const int64_t first = due_ns(s, records[0].time_ns);
    while (now < first) {
        if (qni_stream_stopping(s))
            return 0;
        (void)qni_park(&s->stopping, 0, first - now);
        now = qni_clock_monotonic_ns();
    }
    int64_t due = 1;
    while (due < count && due_ns(s, records[due].time_ns) <= now)
        due++;
    return due;
}

/* When records came: were due, where they are. One whose time goes back is due with the one before it. */
static void stamp(qn_stream *s, int64_t *stamps_ns, const qn_tick *records, int64_t count)
{
    const int64_t now = s->how.speed > 0 || count == 0 ? 0 : qni_clock_monotonic_ns();
    for (int64_t i = 0; i < count; i++) {
        const int64_t due = s->how.speed > 0 ? due_ns(s, records[i].time_ns) : now;
        s->latest_due_ns = due > s->latest_due_ns ? due : s->latest_due_ns;
        stamps_ns[i] = s->latest_due_ns;
    }
}

/* ---- reading ---- */

static int64_t slot_of(const qn_stream *s, int64_t sequence)
{
    return sequence & (s->how.capacity - 1);
}

/* Keeps those of `count` records that lie in the range. */
static int64_t keep_range(qn_stream *s, qn_tick *records, int64_t count)
{
    const qn_stream_range *const range = &s->range;
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t place = s->read_count + i, time = records[i].time_ns;
        if (place >= range->from && place <= range->to && time >= range->from_ns && time <= range->to_ns)
            records[kept++] = records[i];
    }
    return kept;
}

/* Reads into free places. 0: the end, s->read_status says which. */
static int64_t read_records(qn_stream *s, qn_tick *to, int64_t wanted)
{
    int64_t kept = 0;
    while (kept == 0 && s->read_status == QN_OK && !qni_stream_stopping(s)) {
        /* Nothing behind the range: what is wrong there is nobody's business, however records are cut into spans. */
        const int64_t left = s->range.to < s->read_count ? 0 : s->range.to - s->read_count;
        int64_t count = 0;
        if (s->read_count <= s->range.to)
            s->read_status =
                s->source.read(s->source.self, to, left < wanted ? left + 1 : wanted, &count, &s->read_error);
        if (count == 0)
            return 0;
        kept = s->all ? count : keep_range(s, to, count);
        s->read_count += count;
    }
    return kept;
}

/* Fills in what the stream knows of records, and publishes them. */
static void publish(qn_stream *s, const qn_ring_span *span, int64_t count)
{
    qn_tick *const records = span->items;
    const int64_t at = slot_of(s, span->sequence);
    for (int64_t i = 0; i < count; i++) {
        records[i].sequence = span->sequence + i;
        s->symbol_of[at + i] = records[i].symbol;
    }
    qn_broadcast_commit(s->ring, count);
}

/* From the source into the ring. */
static int64_t next_direct(qn_stream *s)
{
    qn_ring_span span;
    /* What is pending lies in the places that are claimed again: nobody else writes there. */
    if (qn_broadcast_claim(&span, s->ring, s->pending > 0 ? s->pending : s->how.batch, -1) != QN_OK)
        return 0;
    if (s->pending == 0)
        s->pending = read_records(s, span.items, span.count);
    const int64_t ready = s->pending > 0 ? s->pending < span.count ? s->pending : span.count : 0;
    const int64_t due = ready > 0 ? await_due(s, span.items, ready) : 0;
    s->pending = due > 0 ? s->pending - due : 0; /* what was not due when the stream was stopped was never given */
    if (s->stamps_ns != NULL)
        stamp(s, s->stamps_ns + slot_of(s, span.sequence), span.items, due);
    publish(s, &span, due);
    return due;
}

/* ---- the fronts ---- */

/* How many records are read at once for a front: one where each is waited for. */
static int64_t front_batch(const qn_stream *s)
{
    return s->how.speed > 0 ? 1 : s->how.batch;
}

/* Reads `wanted` records and waits until the first is due. Only paced streams wait, and read one. */
static int64_t read_due(qn_stream *s, qn_tick *to, int64_t wanted)
{
    const int64_t count = read_records(s, to, wanted);
    return count > 0 ? await_due(s, to, count) : 0;
}

/* Places of the front that are free whatever its reader does. */
static int64_t front_room(const qn_stream *s)
{
    qn_ring_stats stats = {.size = sizeof stats};
    qn_spsc_get_stats(s->front, &stats);
    return s->how.capacity - (stats.produced - stats.consumed - stats.dropped);
}

static void commit_front(qn_stream *s, const qn_ring_span *span, int64_t count)
{
    if (s->front_stamps_ns != NULL)
        stamp(s, s->front_stamps_ns + slot_of(s, span->sequence), span->items, count);
    qn_spsc_commit(s->front, count);
}

/* Copies records in for which there was no room before they were read: now some may be free, or older ones make it. */
static void push_front(qn_stream *s, const qn_tick *records, int64_t count)
{
    qn_ring_span span;
    int64_t pushed = 0;
    while (pushed < count && qn_spsc_claim(&span, s->front, count - pushed, -1) == QN_OK) {
        memcpy(span.items, records + pushed, (size_t)span.count * sizeof *records);
        commit_front(s, &span, span.count);
        pushed += span.count;
    }
    atomic_fetch_add_explicit(&s->refused, count - pushed, memory_order_relaxed);
}

/* In place where there is room. More is not claimed before it is read: a front that drops its oldest would drop them
 * for records that have not come. */
static int64_t read_into_front(qn_stream *s)
{
    const int64_t room = front_room(s), most = front_batch(s);
    qn_ring_span span;
    if (room > 0 && qn_spsc_claim(&span, s->front, room < most ? room : most, -1) == QN_OK) {
        const int64_t count = read_due(s, span.items, span.count);
        commit_front(s, &span, count);
        return count;
    }
    const int64_t count = read_due(s, s->scratch, most);
    push_front(s, s->scratch, count);
    return count;
}

static int64_t read_into_conflate(qn_stream *s)
{
    const int64_t count = read_due(s, s->scratch, front_batch(s));
    for (int64_t i = 0; i < count; i++) {
        qni_waiting one = {.tick = s->scratch[i]};
        if (s->stamps_ns != NULL)
            stamp(s, &one.stamp_ns, &one.tick, 1);
        if (qn_conflate_push(s->conflate, &one, -1) != QN_OK)
            return 0; /* it has room for all keys: it was closed, for the stream failed */
    }
    return count;
}

/* The thread that reads for a front. */
static void read_all(void *user, qni_service *service)
{
    (void)service;
    qn_stream *const s = user;
    if (s->front != NULL) {
        while (read_into_front(s) > 0) {
        }
        qn_spsc_close(s->front);
    } else {
        while (read_into_conflate(s) > 0) {
        }
        qn_conflate_close(s->conflate);
    }
}

/* From the front into the ring; 0: the front is closed and empty. Room first: what is held of the front while room is
 * waited for could not be dropped. */
static int64_t next_from_front(qn_stream *s)
{
    qn_ring_span from, to;
    if (qn_broadcast_claim(&to, s->ring, s->how.batch, -1) != QN_OK ||
        qn_spsc_peek(&from, s->front, to.count, -1) != QN_OK)
        return 0;
    memcpy(to.items, from.items, (size_t)from.count * sizeof(qn_tick));
    if (s->stamps_ns != NULL)
        for (int64_t i = 0; i < from.count; i++)
            s->stamps_ns[slot_of(s, to.sequence) + i] = s->front_stamps_ns[slot_of(s, from.sequence + i)];
    qn_spsc_release(s->front, from.count);
    publish(s, &to, from.count);
    return from.count;
}

static int64_t next_from_conflate(qn_stream *s)
{
    qn_ring_span to;
    int64_t count = 0;
    qn_status status = qn_broadcast_claim(&to, s->ring, s->how.batch, -1);
    if (status == QN_OK)
        status = qn_conflate_pop(&count, s->conflate, s->waiting, to.count, -1);
    if (status != QN_OK)
        return 0;
    qn_tick *const records = to.items;
    for (int64_t i = 0; i < count; i++) {
        records[i] = s->waiting[i].tick;
        if (s->stamps_ns != NULL)
            s->stamps_ns[slot_of(s, to.sequence) + i] = s->waiting[i].stamp_ns;
    }
    publish(s, &to, count);
    return count;
}

int64_t qni_intake_next(qn_stream *s)
{
    if (qni_stream_failed(s))
        return 0;
    if (s->reader == NULL)
        return next_direct(s);
    return s->front != NULL ? next_from_front(s) : next_from_conflate(s);
}

/* ---- making and freeing ---- */

static uint64_t key_of(void *user, const void *item)
{
    (void)user;
    const qn_tick *const tick = &((const qni_waiting *)item)->tick;
    return (uint64_t)(uint32_t)tick->symbol << 1 | (tick->kind == QN_TICK_ORDER);
}

static qn_status open_front(qn_stream *s, qn_error *err)
{
    qn_ring_options how;
    qn_ring_options_init(&how, sizeof how);
    const int64_t capacity = s->how.capacity, batch = s->how.batch;
    s->scratch = qni_alloc(s->allocator, batch, sizeof *s->scratch);
    if (s->scratch == NULL)
        return qni_refused(err, s->allocator, batch * (int64_t)sizeof *s->scratch, "reading records");
    if (s->how.overload == QN_STREAM_CONFLATE) {
        s->waiting = qni_alloc(s->allocator, batch, sizeof *s->waiting);
        if (s->waiting == NULL)
            return qni_refused(err, s->allocator, batch * (int64_t)sizeof *s->waiting, "conflated records");
        /* A place for each symbol's ticks, and for its orders: no key is ever without one. */
        return qn_conflate_new(&s->conflate, 2 * qn_symbols_capacity(s->symbols), sizeof *s->waiting, key_of, NULL,
                               &how, s->allocator, err);
    }
    if (s->how.latency) {
        s->front_stamps_ns = qni_alloc_zeroed(s->allocator, capacity, sizeof *s->front_stamps_ns);
        if (s->front_stamps_ns == NULL)
            return qni_refused(err, s->allocator, capacity * (int64_t)sizeof *s->front_stamps_ns, "times of records");
    }
    how.overload = s->how.overload == QN_STREAM_REJECT ? QN_RING_REJECT : QN_RING_DROP_OLDEST;
    return qn_spsc_new(&s->front, capacity, sizeof(qn_tick), &how, s->allocator, err);
}

qn_status qni_intake_open(qn_stream *s, qn_error *err)
{
    if (s->how.overload == QN_STREAM_BLOCK)
        return QN_OK;
    qn_status status = open_front(s, err);
    return status == QN_OK ? qni_service_new(&s->reader, "quern-read", read_all, s, s->allocator, err) : status;
}

void qni_intake_close(qn_stream *s)
{
    if (s->front != NULL) /* a reader that waits for room in vain, where the stream failed */
        qn_spsc_close(s->front);
    if (s->conflate != NULL)
        qn_conflate_close(s->conflate);
    qni_service_free(s->reader);
    s->reader = NULL;
}

void qni_intake_free(qn_stream *s)
{
    qn_spsc_free(s->front);
    qn_conflate_free(s->conflate);
    qni_free(s->allocator, s->scratch, s->how.batch, sizeof *s->scratch);
    qni_free(s->allocator, s->waiting, s->how.batch, sizeof *s->waiting);
    qni_free(s->allocator, s->front_stamps_ns, s->how.capacity, sizeof *s->front_stamps_ns);
}

void qni_intake_counts(const qn_stream *s, bool ended, int64_t *produced, int64_t *dropped)
{
    qn_ring_stats stats = {.size = sizeof stats};
    if (s->front != NULL)
        qn_spsc_get_stats(s->front, &stats);
    else if (s->conflate != NULL)
        qn_conflate_get_stats(s->conflate, &stats);
    const int64_t refused = atomic_load_explicit(&s->refused, memory_order_relaxed);
    const bool front = s->front != NULL || s->conflate != NULL;
    *produced = front ? stats.produced + refused : s->ring == NULL ? 0 : qn_broadcast_sequence(s->ring);
    *dropped = stats.dropped + refused;
    if (ended)
        *dropped += stats.produced - stats.consumed - stats.dropped;
}
