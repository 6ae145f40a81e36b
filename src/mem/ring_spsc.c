/* mem/ring_spsc.c: a ring from one thread to one other.
 *
 * Two counts that only grow: `tail`, what was committed, and `head`, what was released or dropped. Slots of the
 * sequences head ... tail - 1 are the consumer's, the others the producer's; 0 <= tail - head <= capacity. Each side
 * keeps what it last saw of the other's count and looks again only when that is not enough (after Lamport; the cached
 * counts as in MCRingBuffer).
 *
 * Dropping the oldest: head's word has a bit that pins it. The consumer sets it while it holds a span; the producer
 * moves an unpinned head on by an exchange. A plain ring's head is never pinned and written by the consumer alone. */
#include <quern/ring_spsc.h>

#include "base/options.h"
#include "mem/refuse.h"
#include "mem/ring_int.h"
#include "mem/wait.h"

#include <assert.h>

enum {
    PINNED = 1 /* in head's word; the count stands above it */
};

struct qn_spsc {
    qni_ring_items items;
    qn_ring_overload overload;
    _Atomic bool closed; /* set once, by release; whoever acquires it sees what its closer committed before */

    /* The producer's own. */
    _Alignas(QNI_ALIGN) int64_t produced; /* tail */
    int64_t tail_slot;
    int64_t head_seen;
    int64_t claimed;
    /* Written by the producer; relaxed but for `dropped` in the statistics. */
    _Atomic int64_t dropped, rejected;

    /* Released by the producer with the items below it, acquired by the consumer. */
    _Alignas(QNI_ALIGN) _Atomic int64_t tail;

    /* The consumer's own. */
    _Alignas(QNI_ALIGN) int64_t taken; /* head, while nothing is dropped */
    int64_t head_slot;
    int64_t tail_seen;
    int64_t peeked;
    _Atomic int64_t consumed; /* written by the consumer where the ring drops; else head is that count */

    /* 2 * head + PINNED. Released by the consumer when it has done with the items below it, acquired by the producer,
     * which then writes over them. */
    _Alignas(QNI_ALIGN) _Atomic int64_t head;

    qni_wait room; /* the producer waits here */
    qni_wait news; /* the consumer waits here */
};

qn_status qn_spsc_new(qn_spsc **out, int64_t capacity, int64_t item_size, const qn_ring_options *options,
                      const qn_allocator *allocator, qn_error *err)
{
    assert(out);
    *out = NULL;
    qn_ring_options chosen;
    qn_status status = qni_ring_options_check(&chosen, options, "an SPSC ring", true, err);
    if (status != QN_OK)
        return status;
    qn_spsc *ring = qni_new(allocator, qn_spsc);
    if (ring == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *ring, "an SPSC ring");
    status = qni_ring_items_init(&ring->items, capacity, item_size, allocator, "an SPSC ring", err);
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

/* ---- the producer ---- */

static int64_t room_of(const qn_spsc *ring)
{
    return ring->head_seen + ring->items.capacity - ring->produced;
}

/* Moves an unpinned head on until there is room for `wanted` items. */
static void drop_oldest(qn_spsc *ring, int64_t wanted)
{
    /* Acquire, here and in the exchange: pairs with the consumer's release, so that it has done with the slots. */
    int64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    for (;;) {
        ring->head_seen = head >> 1;
        int64_t missing = wanted - room_of(ring);
        if (missing <= 0 || (head & PINNED) != 0)
            return;
        /* Release: a consumer that pins this head sees a tail that is not below it. */
        if (atomic_compare_exchange_weak_explicit(&ring->head, &head, head + 2 * missing, memory_order_acq_rel,
                                                  memory_order_acquire)) {
            ring->head_seen += missing;
            /* Only this thread writes it. Release: pairs with the statistics. */
            atomic_store_explicit(&ring->dropped, atomic_load_explicit(&ring->dropped, memory_order_relaxed) + missing,
                                  memory_order_release);
            return;
        }
    }
}

/* Whether waiting for room is over. For the producer alone. */
static bool room_ready(void *user)
{
    const qn_spsc *ring = user;
    /* Acquire: pairs with the consumer's release of the slots. */
    int64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return (head >> 1) + ring->items.capacity > ring->produced ||
           (ring->overload == QN_RING_DROP_OLDEST && (head & PINNED) == 0) ||
           /* Acquire: as in claim. */
           atomic_load_explicit(&ring->closed, memory_order_acquire);
}

/* Looks again for room for `wanted` items, and waits for the first place. */
static qn_status find_room(qn_spsc *ring, int64_t wanted, int64_t timeout_ns)
{
    int64_t deadline_ns = -1;
    for (;;) {
        if (ring->overload == QN_RING_DROP_OLDEST)
            drop_oldest(ring, wanted);
        else
            /* Acquire: pairs with the consumer's release of the slots. */
            ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire) >> 1;
        if (room_of(ring) > 0)
            return QN_OK;
        if (ring->overload == QN_RING_REJECT)
            return QN_EXHAUSTED;
        if (deadline_ns < 0)
            deadline_ns = qni_wait_deadline_ns(timeout_ns);
        if (!qni_wait_until(&ring->room, room_ready, ring, deadline_ns))
            return QN_TIMEOUT;
        if (atomic_load_explicit(&ring->closed, memory_order_acquire)) /* Acquire: as in claim. */
            return QN_CLOSED;
    }
}

static inline qn_status claim(qn_ring_span *out, qn_spsc *ring, int64_t wanted, int64_t timeout_ns)
{
    ring->claimed = 0;
    if (wanted < 1)
        return qni_ring_nothing(out, QN_INVALID);
    /* Acquire: whoever is told that the ring is closed sees what its closer did before. */
    if (atomic_load_explicit(&ring->closed, memory_order_acquire))
        return qni_ring_nothing(out, QN_CLOSED);
    int64_t most = qni_min(wanted, ring->items.capacity - ring->tail_slot);
    if (room_of(ring) < most) {
        qn_status status = find_room(ring, most, timeout_ns);
        if (status == QN_EXHAUSTED)
            atomic_fetch_add_explicit(&ring->rejected, wanted, memory_order_relaxed);
        if (status != QN_OK)
            return qni_ring_nothing(out, status);
    }
    ring->claimed = qni_min(most, room_of(ring));
    *out = qni_ring_span_of(&ring->items, ring->tail_slot, ring->claimed, ring->produced);
    return QN_OK;
}

static inline void commit(qn_spsc *ring, int64_t count)
{
    assert(count >= 0 && count <= ring->claimed);
    if (count <= 0 || count > ring->claimed)
        return;
    ring->claimed = 0;
    ring->produced += count;
    ring->tail_slot += count;
    if (ring->tail_slot == ring->items.capacity)
        ring->tail_slot = 0;
    /* Release: the items, for the consumer's acquire. */
    atomic_store_explicit(&ring->tail, ring->produced, memory_order_release);
    qni_wait_notify(&ring->news);
}

/* ---- the consumer ---- */

/* Whether waiting for items is over. */
static bool items_ready(void *user)
{
    const qn_spsc *ring = user;
    /* Acquire: pairs with the producer's release of the items. Relaxed: the consumer wrote head itself, or the producer
     * moved it, and then tail is looked at again. */
    return atomic_load_explicit(&ring->tail, memory_order_acquire) >
               atomic_load_explicit(&ring->head, memory_order_relaxed) >> 1 ||
           atomic_load_explicit(&ring->closed, memory_order_acquire); /* Acquire: as in find_items. */
}

/* Keeps the producer from dropping what follows. */
static void pin(qn_spsc *ring)
{
    /* Acquire: pairs with the release of the producer that moved head on: tail is not below it. */
    int64_t head = atomic_fetch_or_explicit(&ring->head, PINNED, memory_order_acquire) >> 1;
    if (head != ring->taken) {
        ring->taken = head;
        ring->head_slot = qni_ring_slot(&ring->items, head);
    }
}

/* Lets go of head, having done with all below `taken`. */
static void store_head(qn_spsc *ring)
{
    /* Release: this thread has done with the slots below, for the producer's acquire. */
    atomic_store_explicit(&ring->head, 2 * ring->taken, memory_order_release);
    if (ring->overload != QN_RING_REJECT) /* else no producer ever waits */
        qni_wait_notify(&ring->room);
}

/* Looks again for items, and waits for the first one. In a ring that drops, head is pinned on QN_OK. */
static qn_status find_items(qn_spsc *ring, int64_t timeout_ns)
{
    int64_t deadline_ns = -1;
    bool drops = ring->overload == QN_RING_DROP_OLDEST;
    for (;;) {
        /* Acquire, and before tail: where the producer closed the ring, everything is seen below. */
        bool closed = atomic_load_explicit(&ring->closed, memory_order_acquire);
        if (drops)
            pin(ring);
        /* Acquire: the items, from the producer's release. */
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (ring->tail_seen > ring->taken)
            return QN_OK;
        if (drops)
            store_head(ring);
        if (closed)
            return QN_CLOSED;
        if (deadline_ns < 0)
            deadline_ns = qni_wait_deadline_ns(timeout_ns);
        if (!qni_wait_until(&ring->news, items_ready, ring, deadline_ns))
            return QN_TIMEOUT;
    }
}

static inline qn_status peek(qn_ring_span *out, qn_spsc *ring, int64_t wanted, int64_t timeout_ns)
{
    if (wanted < 1)
        return qni_ring_nothing(out, QN_INVALID);
    ring->peeked = 0;
    if (ring->tail_seen - ring->taken < wanted || ring->overload == QN_RING_DROP_OLDEST) {
        qn_status status = find_items(ring, timeout_ns);
        if (status != QN_OK)
            return qni_ring_nothing(out, status);
    }
    wanted = qni_min(wanted, ring->items.capacity - ring->head_slot);
    ring->peeked = qni_min(wanted, ring->tail_seen - ring->taken);
    *out = qni_ring_span_of(&ring->items, ring->head_slot, ring->peeked, ring->taken);
    return QN_OK;
}

static inline void release(qn_spsc *ring, int64_t count)
{
    assert(count >= 0 && count <= ring->peeked);
    if (count < 0 || count > ring->peeked)
        return;
    bool drops = ring->overload == QN_RING_DROP_OLDEST;
    if (ring->peeked == 0 || (count == 0 && !drops))
        return;
    ring->peeked = 0;
    ring->taken += count;
    ring->head_slot += count;
    if (ring->head_slot == ring->items.capacity)
        ring->head_slot = 0;
    if (drops)
        /* Only this thread writes it. Release: pairs with the statistics. */
        atomic_store_explicit(&ring->consumed, atomic_load_explicit(&ring->consumed, memory_order_relaxed) + count,
                              memory_order_release);
    store_head(ring);
}

/* ---- both. A public function may be replaced by another library's, so that none is inlined into another: the four
 * above are, as functions of this file. ---- */

qn_status qn_spsc_claim(qn_ring_span *out, qn_spsc *ring, int64_t wanted, int64_t timeout_ns)
{
    return claim(out, ring, wanted, timeout_ns);
}

void qn_spsc_commit(qn_spsc *ring, int64_t count)
{
    commit(ring, count);
}

qn_status qn_spsc_peek(qn_ring_span *out, qn_spsc *ring, int64_t wanted, int64_t timeout_ns)
{
    return peek(out, ring, wanted, timeout_ns);
}

void qn_spsc_release(qn_spsc *ring, int64_t count)
{
    release(ring, count);
}

qn_status qn_spsc_push(int64_t *pushed, qn_spsc *ring, const void *items, int64_t count, int64_t timeout_ns)
{
    *pushed = 0;
    if (count < 1)
        return QN_INVALID;
    int64_t item_size = ring->items.item_size;
    while (*pushed < count) {
        qn_ring_span span;
        qn_status status = claim(&span, ring, count - *pushed, timeout_ns);
        if (status != QN_OK)
            return status;
        qni_ring_copy(span.items, (const char *)items + *pushed * item_size, span.count, item_size);
        commit(ring, span.count);
        *pushed += span.count;
    }
    return QN_OK;
}

qn_status qn_spsc_pop(int64_t *popped, qn_spsc *ring, void *items, int64_t count, int64_t timeout_ns)
{
    *popped = 0;
    qn_ring_span span;
    qn_status status = peek(&span, ring, count, timeout_ns);
    if (status != QN_OK)
        return status;
    int64_t item_size = ring->items.item_size;
    do { /* a second time where the items go round */
        qni_ring_copy((char *)items + *popped * item_size, span.items, span.count, item_size);
        release(ring, span.count);
        *popped += span.count;
    } while (*popped < count && ring->head_slot == 0 && peek(&span, ring, count - *popped, 0) == QN_OK);
    return QN_OK;
}

void qn_spsc_close(qn_spsc *ring)
{
    /* Release: what the closer committed before, for the acquires in claim and find_items. */
    atomic_store_explicit(&ring->closed, true, memory_order_release);
    qni_wait_notify(&ring->news);
    qni_wait_notify(&ring->room);
}

void qn_spsc_get_stats(const qn_spsc *ring, qn_ring_stats *out)
{
    qn_ring_stats stats = {.capacity = ring->items.capacity};
    /* Acquire, and before tail: items that were consumed or dropped had been produced, each only one of the two, so
     * the tail that is then seen counts them all. */
    stats.dropped = atomic_load_explicit(&ring->dropped, memory_order_acquire);
    stats.consumed = ring->overload == QN_RING_DROP_OLDEST
                         ? atomic_load_explicit(&ring->consumed, memory_order_acquire)
                         : atomic_load_explicit(&ring->head, memory_order_acquire) >> 1;
    stats.produced = atomic_load_explicit(&ring->tail, memory_order_acquire);
    stats.rejected = atomic_load_explicit(&ring->rejected, memory_order_relaxed);
    qni_wait_counts(&stats, &ring->room, &ring->news);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

void qn_spsc_free(qn_spsc *ring)
{
    if (ring == NULL)
        return;
    const qn_allocator *allocator = ring->items.allocator;
    qni_ring_items_fini(&ring->items);
    qni_delete(allocator, ring);
}
