/* mem/ring_mpmc.c: a bounded ring from many threads to many, after Dmitry Vyukov's queue, a run of slots at a time.
 *
 * Each slot has a state, which says for which sequence it is free or full: 2 * sequence and 2 * sequence + 1. (Doubled,
 * so that a ring of one item can tell the one from the other.) `tail` is the next sequence to be claimed, `head` the
 * next to be taken. Whoever finds a run of slots free from `tail` on owns it by moving tail over it, since a slot
 * changes its state only by the hand of the owner of its sequence; the same at the head. Nobody waits for another
 * between the two: a thread that sleeps with a span stops only what comes to its slots.
 *
 * Orders. A state carries the items: released by whoever has filled or emptied the slot, acquired by whoever finds it
 * so, before moving head or tail. Head and tail themselves carry nothing to those who use them. */
#include <quern/ring_mpmc.h>

#include "base/options.h"
#include "mem/refuse.h"
#include "mem/ring_int.h"
#include "mem/wait.h"

#include <assert.h>

typedef _Atomic int64_t slot_state;

enum {
    FREE = 0, /* added to 2 * sequence */
    FULL = 1
};

#define CLOSED \
    INT64_MIN /* in tail: nothing more is claimed. So closing comes before or after each claim, not between */

struct qn_mpmc {
    qni_ring_items items;
    slot_state *states; /* (capacity) */
    qn_ring_overload overload;

    _Alignas(QNI_ALIGN) _Atomic int64_t tail;
    _Alignas(QNI_ALIGN) _Atomic int64_t head;
    _Alignas(QNI_ALIGN) _Atomic int64_t dropped; /* written where a producer finds the ring full, as is the next */
    _Atomic int64_t rejected;                    /* relaxed: carries nothing but itself */

    qni_wait room; /* producers wait here */
    qni_wait news; /* consumers wait here */
};

qn_status qn_mpmc_new(qn_mpmc **out, int64_t capacity, int64_t item_size, const qn_ring_options *options,
                      const qn_allocator *allocator, qn_error *err)
{
    static const char name[] = "an MPMC ring";
    assert(out);
    *out = NULL;
    qn_ring_options chosen;
    qn_status status = qni_ring_options_check(&chosen, options, name, true, err);
    if (status != QN_OK)
        return status;
    qn_mpmc *ring = qni_new(allocator, qn_mpmc);
    if (ring == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *ring, "%s", name);
    status = qni_ring_items_init(&ring->items, capacity, item_size, allocator, name, err);
    if (status != QN_OK) {
        qni_delete(allocator, ring);
        return status;
    }
    ring->states = qni_alloc(allocator, capacity, (int64_t)sizeof *ring->states);
    if (ring->states == NULL) {
        status = qni_refused(err, allocator, capacity * (int64_t)sizeof(slot_state), "%s", name);
        qn_mpmc_free(ring);
        return status;
    }
    for (int64_t i = 0; i < capacity; i++)
        atomic_init(&ring->states[i], 2 * i + FREE);
    ring->overload = chosen.overload;
    qni_wait_init(&ring->room, chosen.wait);
    qni_wait_init(&ring->news, chosen.wait);
    *out = ring;
    return QN_OK;
}

/* How many slots, at most `most`, are free, or full, for the sequences from `sequence` on. */
static int64_t run_of(const qn_mpmc *ring, int64_t slot, int64_t most, int64_t sequence, int64_t what)
{
    const slot_state *states = ring->states + slot;
    int64_t count = 0;
    /* Acquire: the items of a full slot; of a free one, that its consumer has done with it. Pairs with set_states. */
    while (count < most && atomic_load_explicit(&states[count], memory_order_acquire) == 2 * (sequence + count) + what)
        count++;
    return count;
}

/* Makes the slots free, or full, for the sequences from `sequence` on. The caller owns them. */
static void set_states(qn_mpmc *ring, int64_t slot, int64_t count, int64_t sequence, int64_t what)
{
    slot_state *states = ring->states + slot;
    /* Release: what this thread did with the items; pairs with run_of. */
    for (int64_t i = 0; i < count; i++)
        atomic_store_explicit(&states[i], 2 * (sequence + i) + what, memory_order_release);
}

static int64_t slot_of_span(const qn_mpmc *ring, const qn_ring_span *span)
{
    return qni_ring_slot(&ring->items, span->sequence);
}

/* The run of free, or full, slots at `*end` (tail, or head). Its count is 0 where there is none, its sequence then what
 * *end is: *end did not move meanwhile, so that at some instant there really was none. */
static qn_ring_span find_run(const qn_mpmc *ring, const _Atomic int64_t *end, int64_t wanted, int64_t what)
{
    /* Relaxed, here and below: the order is that of the states. Where a slot's state is that of a later sequence, its
     * owner moved *end before he released it, and the second look sees that. */
    int64_t sequence = atomic_load_explicit(end, memory_order_relaxed);
    for (;;) {
        if (sequence < 0) /* closed */
            return (qn_ring_span){.sequence = sequence};
        int64_t slot = qni_ring_slot(&ring->items, sequence);
        int64_t count = run_of(ring, slot, qni_min(wanted, ring->items.capacity - slot), sequence, what);
        if (count > 0)
            return qni_ring_span_of(&ring->items, slot, count, sequence);
        int64_t now = atomic_load_explicit(end, memory_order_relaxed);
        if (now == sequence)
            return (qn_ring_span){.sequence = sequence};
        sequence = now;
    }
}

/* The same, and *end moved over it: the run is the caller's. */
static qn_ring_span own_run(qn_mpmc *ring, _Atomic int64_t *end, int64_t wanted, int64_t what)
{
    for (;;) {
        qn_ring_span run = find_run(ring, end, wanted, what);
        int64_t sequence = run.sequence;
        /* Release: pairs with the statistics, which then see that what is taken had been claimed. Relaxed on failure:
         * another thread was quicker, and all is looked at again. */
        if (run.count == 0 || atomic_compare_exchange_weak_explicit(end, &sequence, sequence + run.count,
                                                                    memory_order_release, memory_order_relaxed))
            return run;
    }
}

/* ---- producers ---- */

/* Drops up to `wanted` of the oldest items where they, not yet taken, fill the ring up to `tail`. Returns whether any
 * were. */
static bool drop_oldest(qn_mpmc *ring, int64_t tail, int64_t wanted)
{
    /* Relaxed: as in own_run. While head stands there, tail cannot move past it: the ring is full. */
    int64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head != tail - ring->items.capacity)
        return false;
    int64_t slot = qni_ring_slot(&ring->items, head);
    int64_t count = run_of(ring, slot, qni_min(wanted, ring->items.capacity - slot), head, FULL);
    /* As in own_run. */
    if (count == 0 || !atomic_compare_exchange_strong_explicit(&ring->head, &head, head + count, memory_order_release,
                                                               memory_order_relaxed))
        return false;
    /* Release: pairs with the statistics, which then see a head that counts these. */
    atomic_fetch_add_explicit(&ring->dropped, count, memory_order_release);
    set_states(ring, slot, count, head + ring->items.capacity, FREE);
    qni_wait_notify(&ring->room); /* another producer may be quicker to claim what this one freed */
    return true;
}

/* Whether a producer's wait is over: a place is free, or can be made free, or the ring is closed. */
static bool room_ready(void *user)
{
    const qn_mpmc *ring = user;
    qn_ring_span run = find_run(ring, &ring->tail, 1, FREE);
    if (run.count > 0 || run.sequence < 0)
        return true;
    int64_t oldest = run.sequence - ring->items.capacity;
    /* Relaxed: where head has moved, the oldest has been taken, and whoever has it will notify when he frees it. */
    return ring->overload == QN_RING_DROP_OLDEST && oldest >= 0 &&
           atomic_load_explicit(&ring->head, memory_order_relaxed) == oldest &&
           run_of(ring, qni_ring_slot(&ring->items, oldest), 1, oldest, FULL) == 1;
}

static inline qn_status claim(qn_ring_span *out, qn_mpmc *ring, int64_t wanted, int64_t timeout_ns)
{
    if (wanted < 1)
        return qni_ring_nothing(out, QN_INVALID);
    int64_t deadline_ns = -1;
    for (;;) {
        *out = own_run(ring, &ring->tail, wanted, FREE);
        if (__builtin_expect(out->count > 0, 1))
            return QN_OK;
        if (out->sequence < 0)
            return qni_ring_nothing(out, QN_CLOSED);
        if (ring->overload == QN_RING_REJECT) {
            atomic_fetch_add_explicit(&ring->rejected, wanted, memory_order_relaxed);
            return qni_ring_nothing(out, QN_EXHAUSTED);
        }
        if (ring->overload == QN_RING_DROP_OLDEST && drop_oldest(ring, out->sequence, wanted))
            continue;
        if (deadline_ns < 0)
            deadline_ns = qni_wait_deadline_ns(timeout_ns);
        if (!qni_wait_until(&ring->room, room_ready, ring, deadline_ns))
            return qni_ring_nothing(out, QN_TIMEOUT);
    }
}

static inline void commit(qn_mpmc *ring, const qn_ring_span *span)
{
    set_states(ring, slot_of_span(ring, span), span->count, span->sequence, FULL);
    qni_wait_notify(&ring->news);
    if (ring->overload == QN_RING_DROP_OLDEST) /* a producer may wait for the oldest to be there, to drop it */
        qni_wait_notify(&ring->room);
}

/* ---- consumers ---- */

/* Whether nothing will ever come at `head`: the ring is closed and all that was claimed has been taken. */
static bool drained(const qn_mpmc *ring, int64_t head)
{
    /* Acquire: whoever is told so sees what the closer did before. */
    return atomic_load_explicit(&ring->tail, memory_order_acquire) == (head | CLOSED);
}

/* Whether a consumer's wait is over: an item is there, or none will come. */
static bool news_ready(void *user)
{
    const qn_mpmc *ring = user;
    qn_ring_span run = find_run(ring, &ring->head, 1, FULL);
    return run.count > 0 || drained(ring, run.sequence);
}

static inline qn_status take(qn_ring_span *out, qn_mpmc *ring, int64_t wanted, int64_t timeout_ns)
{
    if (wanted < 1)
        return qni_ring_nothing(out, QN_INVALID);
    int64_t deadline_ns = -1;
    for (;;) {
        *out = own_run(ring, &ring->head, wanted, FULL);
        if (__builtin_expect(out->count > 0, 1))
            return QN_OK;
        if (drained(ring, out->sequence))
            return qni_ring_nothing(out, QN_CLOSED);
        if (deadline_ns < 0)
            deadline_ns = qni_wait_deadline_ns(timeout_ns);
        if (!qni_wait_until(&ring->news, news_ready, ring, deadline_ns))
            return qni_ring_nothing(out, QN_TIMEOUT);
    }
}

static inline void release(qn_mpmc *ring, const qn_ring_span *span)
{
    set_states(ring, slot_of_span(ring, span), span->count, span->sequence + ring->items.capacity, FREE);
    if (ring->overload != QN_RING_REJECT) /* else no producer ever waits */
        qni_wait_notify(&ring->room);
}

/* ---- both. As in ring_spsc.c, the four above are functions of this file so as to be inlined below. ---- */

qn_status qn_mpmc_claim(qn_ring_span *out, qn_mpmc *ring, int64_t wanted, int64_t timeout_ns)
{
    return claim(out, ring, wanted, timeout_ns);
}

void qn_mpmc_commit(qn_mpmc *ring, const qn_ring_span *span)
{
    commit(ring, span);
}

qn_status qn_mpmc_take(qn_ring_span *out, qn_mpmc *ring, int64_t wanted, int64_t timeout_ns)
{
    return take(out, ring, wanted, timeout_ns);
}

void qn_mpmc_release(qn_mpmc *ring, const qn_ring_span *span)
{
    release(ring, span);
}

qn_status qn_mpmc_push(int64_t *pushed, qn_mpmc *ring, const void *items, int64_t count, int64_t timeout_ns)
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
        commit(ring, &span);
        *pushed += span.count;
    }
    return QN_OK;
}

qn_status qn_mpmc_pop(int64_t *popped, qn_mpmc *ring, void *items, int64_t count, int64_t timeout_ns)
{
    *popped = 0;
    qn_ring_span span;
    qn_status status = take(&span, ring, count, timeout_ns);
    if (status != QN_OK)
        return status;
    int64_t item_size = ring->items.item_size;
    for (;;) {
        qni_ring_copy((char *)items + *popped * item_size, span.items, span.count, item_size);
        release(ring, &span);
        *popped += span.count;
        /* A second time where the items go round. */
        if (*popped == count || qni_ring_slot(&ring->items, span.sequence + span.count) != 0 ||
            take(&span, ring, count - *popped, 0) != QN_OK)
            return QN_OK;
    }
}

void qn_mpmc_close(qn_mpmc *ring)
{
    /* Release: what the closer did before, for the acquire in drained. */
    atomic_fetch_or_explicit(&ring->tail, CLOSED, memory_order_release);
    qni_wait_notify(&ring->news);
    qni_wait_notify(&ring->room);
}

void qn_mpmc_get_stats(const qn_mpmc *ring, qn_ring_stats *out)
{
    qn_ring_stats stats = {.capacity = ring->items.capacity};
    /* Acquire, one after another: what was dropped had been passed by head ... */
    stats.dropped = atomic_load_explicit(&ring->dropped, memory_order_acquire);
    stats.consumed = atomic_load_explicit(&ring->head, memory_order_acquire) - stats.dropped;
    /* ... and what head passed, by tail. */
    stats.produced = atomic_load_explicit(&ring->tail, memory_order_acquire) & ~CLOSED;
    stats.rejected = atomic_load_explicit(&ring->rejected, memory_order_relaxed);
    qni_wait_counts(&stats, &ring->room, &ring->news);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

void qn_mpmc_free(qn_mpmc *ring)
{
    if (ring == NULL)
        return;
    const qn_allocator *allocator = ring->items.allocator;
    qni_free(allocator, ring->states, ring->items.capacity, (int64_t)sizeof *ring->states);
    qni_ring_items_fini(&ring->items);
    qni_delete(allocator, ring);
}
