/* mem/ring_broadcast.c: one producer, one storage, a graph of readers, after the LMAX Disruptor.
 *
 * Always: a reader's position is not beyond that of any reader before it, nor beyond `tail`; tail is not more than
 * `capacity` beyond any position. Positions only grow; that of a reader that left is ~position, negative, and counts
 * for nobody any more.
 *
 * Every reader keeps all the readers before it, not only those that it was added after: when one in the middle leaves,
 * the order to those before that one remains, with nothing to be rewritten.
 *
 * Orders. Tail is released by the producer with the events below it. A position is released by its reader when it has
 * done with the events below it; the readers after it acquire it, and so does the producer, which then writes over
 * them. */
#include <quern/ring_broadcast.h>

#include "base/options.h"
#include "mem/refuse.h"
#include "mem/ring_int.h"
#include "mem/wait.h"

#include <assert.h>

struct qn_broadcast_reader {
    /* Set while readers are added. */
    qn_broadcast *ring;
    qn_broadcast_reader **before; /* (before_capacity), each one once */
    int64_t before_count;
    int64_t before_capacity;
    bool followed; /* some reader comes after it */

    /* The reader's own. */
    _Alignas(QNI_ALIGN) int64_t next; /* position */
    int64_t slot;
    int64_t limit; /* what it may read up to, when it last looked */
    int64_t peeked;
    bool left;

    _Alignas(QNI_ALIGN) _Atomic int64_t position;
};

struct qn_broadcast {
    qni_ring_items items;
    qn_ring_overload overload;
    _Atomic bool closed; /* set once, by release; whoever acquires it sees what its closer committed before */
    /* Set while readers are added. */
    qn_broadcast_reader **readers; /* (readers_capacity) */
    int64_t reader_count;
    int64_t readers_capacity;

    /* The producer's own. */
    _Alignas(QNI_ALIGN) int64_t produced; /* tail */
    int64_t slot;
    int64_t slowest; /* position, when it last looked */
    int64_t claimed;
    bool started;
    _Atomic int64_t rejected; /* relaxed: carries nothing but itself */

    _Alignas(QNI_ALIGN) _Atomic int64_t tail;

    qni_wait room; /* the producer waits here */
    qni_wait news; /* all readers wait here */
};

qn_status qn_broadcast_new(qn_broadcast **out, int64_t capacity, int64_t item_size, const qn_ring_options *options,
                           const qn_allocator *allocator, qn_error *err)
{
    static const char name[] = "a broadcast ring";
    assert(out);
    *out = NULL;
    qn_ring_options chosen;
    qn_status status = qni_ring_options_check(&chosen, options, name, false, err);
    if (status != QN_OK)
        return status;
    qn_broadcast *ring = qni_new(allocator, qn_broadcast);
    if (ring == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *ring, "%s", name);
    status = qni_ring_items_init(&ring->items, capacity, item_size, allocator, name, err);
    if (status != QN_OK) {
        qni_delete(allocator, ring);
        return status;
    }
    ring->overload = chosen.overload;
    qni_wait_init(&ring->room, chosen.wait);
    qni_wait_init(&ring->news, chosen.wait);
    *out = ring;
    return QN_OK;
}

/* ---- adding ---- */

static void reader_free(qn_broadcast_reader *reader)
{
    const qn_allocator *allocator = reader->ring->items.allocator;
    qni_free(allocator, reader->before, reader->before_capacity, (int64_t)sizeof(qn_broadcast_reader *));
    qni_delete(allocator, reader);
}

/* Puts `other` and all that are before it before the reader. False: no memory. */
static bool put_before(qn_broadcast_reader *reader, qn_broadcast_reader *other)
{
    const qn_allocator *allocator = reader->ring->items.allocator;
    for (int64_t i = -1; i < other->before_count; i++) {
        qn_broadcast_reader *one = i < 0 ? other : other->before[i];
        int64_t at = 0;
        while (at < reader->before_count && reader->before[at] != one)
            at++;
        if (at < reader->before_count)
            continue;
        if (!qni_grow(allocator, (void **)&reader->before, &reader->before_capacity, at + 1,
                      (int64_t)sizeof(qn_broadcast_reader *)))
            return false;
        reader->before[reader->before_count++] = one;
    }
    return true;
}

qn_status qn_broadcast_add(qn_broadcast_reader **out, qn_broadcast *ring, qn_broadcast_reader *const *after,
                           int64_t after_count, qn_error *err)
{
    assert(out);
    *out = NULL;
    if (ring->started)
        return qni_error(err, QN_BUSY, "a reader cannot be added to a broadcast ring that is in use");
    for (int64_t i = 0; i < after_count; i++)
        if (after[i]->ring != ring)
            return qni_error(err, QN_INVALID, "a reader cannot come after one of another ring");
    const qn_allocator *allocator = ring->items.allocator;
    qn_broadcast_reader *reader = qni_new(allocator, qn_broadcast_reader);
    if (reader == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *reader, "a reader of a broadcast ring");
    reader->ring = ring;
    bool room = qni_grow(allocator, (void **)&ring->readers, &ring->readers_capacity, ring->reader_count + 1,
                         (int64_t)sizeof(qn_broadcast_reader *));
    for (int64_t i = 0; room && i < after_count; i++)
        room = put_before(reader, after[i]);
    if (!room) {
        reader_free(reader);
        return qni_refused(err, allocator, (after_count + 1) * (int64_t)sizeof(qn_broadcast_reader *),
                           "a reader of a broadcast ring");
    }
    for (int64_t i = 0; i < reader->before_count; i++)
        reader->before[i]->followed = true;
    ring->readers[ring->reader_count++] = reader;
    *out = reader;
    return QN_OK;
}

/* The least position of readers that have not left, at most `least`. */
static int64_t least_position(qn_broadcast_reader *const *readers, int64_t count, int64_t least)
{
    for (int64_t i = 0; i < count; i++) {
        /* Acquire: the reader has done with the events below, and released what it wrote into them. */
        int64_t position = atomic_load_explicit(&readers[i]->position, memory_order_acquire);
        if (position >= 0 && position < least)
            least = position;
    }
    return least;
}

/* ---- the producer ---- */

static int64_t slowest(const qn_broadcast *ring)
{
    return least_position(ring->readers, ring->reader_count, ring->produced);
}

/* Whether waiting for room is over. For the producer alone. */
static bool room_ready(void *user)
{
    const qn_broadcast *ring = user;
    return slowest(ring) + ring->items.capacity > ring->produced ||
           atomic_load_explicit(&ring->closed, memory_order_acquire); /* Acquire: as in claim. */
}

/* Looks again for room, and waits for the first place. */
static qn_status find_room(qn_broadcast *ring, int64_t timeout_ns)
{
    ring->slowest = slowest(ring);
    if (ring->slowest + ring->items.capacity > ring->produced)
        return QN_OK;
    if (ring->overload == QN_RING_REJECT)
        return QN_EXHAUSTED;
    if (!qni_wait_until(&ring->room, room_ready, ring, qni_wait_deadline_ns(timeout_ns)))
        return QN_TIMEOUT;
    if (atomic_load_explicit(&ring->closed, memory_order_acquire)) /* Acquire: as in claim. */
        return QN_CLOSED;
    ring->slowest = slowest(ring); /* none but the producer takes room away: there is some */
    return QN_OK;
}

qn_status qn_broadcast_claim(qn_ring_span *out, qn_broadcast *ring, int64_t wanted, int64_t timeout_ns)
{
    ring->started = true;
    ring->claimed = 0;
    if (wanted < 1)
        return qni_ring_nothing(out, QN_INVALID);
    /* Acquire: whoever is told that the ring is closed sees what its closer did before. */
    if (atomic_load_explicit(&ring->closed, memory_order_acquire))
        return qni_ring_nothing(out, QN_CLOSED);
    int64_t most = qni_min(wanted, ring->items.capacity - ring->slot);
    if (ring->slowest + ring->items.capacity - ring->produced < most) {
        qn_status status = find_room(ring, timeout_ns);
        if (status == QN_EXHAUSTED)
            atomic_fetch_add_explicit(&ring->rejected, wanted, memory_order_relaxed);
        if (status != QN_OK)
            return qni_ring_nothing(out, status);
    }
    ring->claimed = qni_min(most, ring->slowest + ring->items.capacity - ring->produced);
    *out = qni_ring_span_of(&ring->items, ring->slot, ring->claimed, ring->produced);
    return QN_OK;
}

void qn_broadcast_commit(qn_broadcast *ring, int64_t count)
{
    assert(count >= 0 && count <= ring->claimed);
    if (count <= 0 || count > ring->claimed)
        return;
    ring->claimed = 0;
    ring->produced += count;
    ring->slot += count;
    if (ring->slot == ring->items.capacity)
        ring->slot = 0;
    /* Release: the events, for the readers' acquire. */
    atomic_store_explicit(&ring->tail, ring->produced, memory_order_release);
    qni_wait_notify(&ring->news);
}

/* ---- readers ---- */

/* What the reader may read up to. */
static int64_t limit_of(const qn_broadcast_reader *reader)
{
    /* Acquire: the events, from the producer's release. */
    int64_t tail = atomic_load_explicit(&reader->ring->tail, memory_order_acquire);
    return least_position(reader->before, reader->before_count, tail);
}

/* Whether nothing will come any more. */
static bool drained(const qn_broadcast_reader *reader)
{
    /* Acquire, and before tail: where the producer closed the ring, its last tail is seen below. */
    return atomic_load_explicit(&reader->ring->closed, memory_order_acquire) &&
           atomic_load_explicit(&reader->ring->tail, memory_order_acquire) == reader->next;
}

/* Whether waiting for events is over. For the reader alone. */
static bool news_ready(void *user)
{
    const qn_broadcast_reader *reader = user;
    return limit_of(reader) > reader->next || drained(reader);
}

qn_status qn_broadcast_reader_peek(qn_ring_span *out, qn_broadcast_reader *reader, int64_t wanted, int64_t timeout_ns)
{
    qn_broadcast *ring = reader->ring;
    reader->peeked = 0;
    if (wanted < 1)
        return qni_ring_nothing(out, QN_INVALID);
    if (reader->left)
        return qni_ring_nothing(out, QN_CLOSED);
    if (reader->limit - reader->next < wanted)
        reader->limit = limit_of(reader);
    if (reader->limit == reader->next) {
        if (drained(reader))
            return qni_ring_nothing(out, QN_CLOSED);
        if (!qni_wait_until(&ring->news, news_ready, reader, qni_wait_deadline_ns(timeout_ns)))
            return qni_ring_nothing(out, QN_TIMEOUT);
        reader->limit = limit_of(reader);
        if (reader->limit == reader->next) /* then the ring is drained: what is there stays there */
            return qni_ring_nothing(out, QN_CLOSED);
    }
    reader->peeked = qni_min(qni_min(wanted, ring->items.capacity - reader->slot), reader->limit - reader->next);
    *out = qni_ring_span_of(&ring->items, reader->slot, reader->peeked, reader->next);
    return QN_OK;
}

/* Tells those who wait for this reader. */
static void position_store(qn_broadcast_reader *reader, int64_t position)
{
    qn_broadcast *ring = reader->ring;
    /* Release: this reader has done with the events below, and what it wrote into them. */
    atomic_store_explicit(&reader->position, position, memory_order_release);
    qni_wait_fence(&ring->room);
    if (ring->overload == QN_RING_BLOCK)
        qni_wait_notify_fenced(&ring->room);
    if (reader->followed)
        qni_wait_notify_fenced(&ring->news);
}

void qn_broadcast_reader_release(qn_broadcast_reader *reader, int64_t count)
{
    assert(count >= 0 && count <= reader->peeked);
    if (count <= 0 || count > reader->peeked)
        return;
    reader->peeked = 0;
    reader->next += count;
    reader->slot += count;
    if (reader->slot == reader->ring->items.capacity)
        reader->slot = 0;
    position_store(reader, reader->next);
}

void qn_broadcast_reader_leave(qn_broadcast_reader *reader)
{
    if (reader->left)
        return;
    reader->left = true;
    reader->peeked = 0;
    position_store(reader, ~reader->next);
}

/* ---- all ---- */

int64_t qn_broadcast_sequence(const qn_broadcast *ring)
{
    /* Acquire: whoever sees that an event is published may look at what its producer did before. */
    return atomic_load_explicit(&ring->tail, memory_order_acquire);
}

int64_t qn_broadcast_reader_sequence(const qn_broadcast_reader *reader)
{
    /* Acquire: as above, of what the reader did. */
    int64_t position = atomic_load_explicit(&reader->position, memory_order_acquire);
    return position < 0 ? ~position : position;
}

void qn_broadcast_close(qn_broadcast *ring)
{
    /* Release: what the closer committed before, for the acquires in claim and drained. */
    atomic_store_explicit(&ring->closed, true, memory_order_release);
    qni_wait_notify(&ring->news);
    qni_wait_notify(&ring->room);
}

void qn_broadcast_get_stats(const qn_broadcast *ring, qn_ring_stats *out)
{
    qn_ring_stats stats = {.capacity = ring->items.capacity};
    /* Positions before tail, by acquire: what was released had been published. */
    int64_t least = least_position(ring->readers, ring->reader_count, INT64_MAX);
    stats.produced = qn_broadcast_sequence(ring);
    stats.consumed = qni_min(least, stats.produced);
    stats.rejected = atomic_load_explicit(&ring->rejected, memory_order_relaxed);
    qni_wait_counts(&stats, &ring->room, &ring->news);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

void qn_broadcast_free(qn_broadcast *ring)
{
    if (ring == NULL)
        return;
    const qn_allocator *allocator = ring->items.allocator;
    for (int64_t i = 0; i < ring->reader_count; i++)
        reader_free(ring->readers[i]);
    qni_free(allocator, ring->readers, ring->readers_capacity, (int64_t)sizeof(qn_broadcast_reader *));
    qni_ring_items_fini(&ring->items);
    qni_delete(allocator, ring);
}
