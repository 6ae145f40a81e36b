/* mem/ring_conflate.c: the latest item of each key: a ring of items in the order of their keys' turns, and a table that
 * finds a waiting key's place in it.
 *
 * All under one lock. The table has open addressing with linear probing, at most half full; deleting shifts back what
 * follows, so that there are no graves (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). Always: the table
 * holds exactly the keys of the sequences head ... tail - 1, each one once. */
#include <quern/ring_conflate.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/options.h"
#include "mem/limits.h"
#include "mem/refuse.h"
#include "mem/ring_int.h"
#include "mem/wait.h"

#include <assert.h>
#include <inttypes.h>

struct qn_conflate {
    qni_ring_items items;
    qn_ring_overload overload;
    qn_conflate_key key;
    void *user;
    uint64_t *keys;     /* (capacity) of the item in the same slot */
    uint32_t *table;    /* (table_size) a slot plus 1; 0: empty */
    int64_t table_size; /* a power of two, at least 2 * capacity */

    _Alignas(QNI_ALIGN) qni_lock lock; /* guards all that follows up to the waits */
    int64_t head, tail;                /* the sequences of the oldest item and of the next one */
    int64_t dropped, rejected, consumed, produced;
    /* What waiting threads look at: whether there is an item, whether there is room, whether the ring is closed.
     * Written under the lock, relaxed: they look again under the lock. */
    _Atomic bool any, room_left, closed;

    qni_wait room; /* producers wait here */
    qni_wait news; /* consumers wait here */
};

static int64_t table_size_for(int64_t capacity)
{
    int64_t size = 2;
    while (size < 2 * capacity)
        size *= 2;
    return size;
}

qn_status qn_conflate_new(qn_conflate **out, int64_t capacity, int64_t item_size, qn_conflate_key key, void *user,
                          const qn_ring_options *options, const qn_allocator *allocator, qn_error *err)
{
    static const char name[] = "a conflating ring";
    assert(out);
    *out = NULL;
    qn_ring_options chosen;
    qn_status status = qni_ring_options_check(&chosen, options, name, true, err);
    if (status != QN_OK)
        return status;
    if (key == NULL)
        return qni_error(err, QN_INVALID, "%s needs a function that gives an item's key", name);
    if (capacity > QNI_CONFLATE_CAPACITY_MAX)
        return qni_error(err, QN_LIMIT, "%s holds at most %" PRId64 " items, not %" PRId64, name,
                         QNI_CONFLATE_CAPACITY_MAX, capacity);
    qn_conflate *ring = qni_new(allocator, qn_conflate);
    if (ring == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *ring, "%s", name);
    status = qni_ring_items_init(&ring->items, capacity, item_size, allocator, name, err);
    if (status != QN_OK) {
        qni_delete(allocator, ring);
        return status;
    }
    ring->table_size = table_size_for(capacity);
    ring->keys = qni_alloc(allocator, capacity, (int64_t)sizeof *ring->keys);
    ring->table = qni_alloc_zeroed(allocator, ring->table_size, (int64_t)sizeof *ring->table);
    if (ring->keys == NULL || ring->table == NULL) {
        status = qni_refused(err, allocator, ring->table_size * (int64_t)sizeof *ring->table, "%s", name);
        qn_conflate_free(ring);
        return status;
    }
    ring->overload = chosen.overload;
    ring->key = key;
    ring->user = user;
    atomic_init(&ring->room_left, true);
    qni_wait_init(&ring->room, chosen.wait);
    qni_wait_init(&ring->news, chosen.wait);
    *out = ring;
    return QN_OK;
}

/* ---- the table ---- */

/* Where a key's search begins: the finaliser of splitmix64, so that keys in a row, or multiples of something, spread.
 */
static int64_t home_of(const qn_conflate *ring, uint64_t key)
{
    key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9u;
    key = (key ^ (key >> 27)) * 0x94D049BB133111EBu;
    return (int64_t)((key ^ (key >> 31)) & (uint64_t)(ring->table_size - 1));
}

/* The key's place in the table: it is there, or this is where it would be. */
static int64_t find(const qn_conflate *ring, uint64_t key)
{
    int64_t at = home_of(ring, key);
    while (ring->table[at] != 0 && ring->keys[ring->table[at] - 1] != key)
        at = (at + 1) & (ring->table_size - 1);
    return at;
}

/* Empties a place, and moves up what was only put further on because of it. */
static void erase(qn_conflate *ring, int64_t at)
{
    int64_t mask = ring->table_size - 1;
    ring->table[at] = 0;
    for (int64_t next = (at + 1) & mask; ring->table[next] != 0; next = (next + 1) & mask) {
        int64_t home = home_of(ring, ring->keys[ring->table[next] - 1]);
        if (((next - home) & mask) < ((next - at) & mask))
            continue; /* its search begins behind the empty place */
        ring->table[at] = ring->table[next];
        ring->table[next] = 0;
        at = next;
    }
}

/* ---- under the lock ---- */

static void *item_at(const qn_conflate *ring, int64_t slot)
{
    return ring->items.bytes + slot * ring->items.item_size;
}

/* Takes the oldest item out of the ring: its slot, in which it still lies. */
static int64_t remove_oldest(qn_conflate *ring)
{
    assert(ring->head < ring->tail);
    int64_t slot = qni_ring_slot(&ring->items, ring->head++);
    erase(ring, find(ring, ring->keys[slot]));
    return slot;
}

/* Relaxed: see the struct. */
static void say_what_there_is(qn_conflate *ring)
{
    atomic_store_explicit(&ring->any, ring->tail > ring->head, memory_order_relaxed);
    atomic_store_explicit(&ring->room_left, ring->tail - ring->head < ring->items.capacity, memory_order_relaxed);
}

/* Puts the item in, if it can be. QN_TIMEOUT: there is no room. */
static qn_status put(qn_conflate *ring, const void *item, bool *appended)
{
    *appended = false;
    if (atomic_load_explicit(&ring->closed, memory_order_relaxed)) /* Relaxed: written under the lock. */
        return QN_CLOSED;
    uint64_t key = ring->key(ring->user, item);
    int64_t at = find(ring, key);
    if (ring->table[at] != 0) {
        qni_ring_copy(item_at(ring, ring->table[at] - 1), item, 1, ring->items.item_size);
        ring->dropped++;
        ring->produced++;
        return QN_OK;
    }
    if (ring->tail - ring->head == ring->items.capacity) {
        if (ring->overload == QN_RING_REJECT) {
            ring->rejected++;
            return QN_EXHAUSTED;
        }
        if (ring->overload == QN_RING_BLOCK)
            return QN_TIMEOUT;
        (void)remove_oldest(ring);
        ring->dropped++;
        at = find(ring, key); /* things have moved up */
    }
    int64_t slot = qni_ring_slot(&ring->items, ring->tail++);
    qni_ring_copy(item_at(ring, slot), item, 1, ring->items.item_size);
    ring->keys[slot] = key;
    ring->table[at] = (uint32_t)(slot + 1);
    ring->produced++;
    say_what_there_is(ring);
    *appended = true;
    return QN_OK;
}

/* Takes up to `count` items out. Returns how many. */
static int64_t take(qn_conflate *ring, char *items, int64_t count)
{
    count = qni_min(count, ring->tail - ring->head);
    for (int64_t i = 0; i < count; i++)
        qni_ring_copy(items + i * ring->items.item_size, item_at(ring, remove_oldest(ring)), 1, ring->items.item_size);
    ring->consumed += count;
    say_what_there_is(ring);
    return count;
}

/* ---- waiting ---- */

static bool room_ready(void *user)
{
    qn_conflate *ring = user;
    return atomic_load_explicit(&ring->room_left, memory_order_relaxed) ||
           atomic_load_explicit(&ring->closed, memory_order_relaxed);
}

static bool news_ready(void *user)
{
    qn_conflate *ring = user;
    return atomic_load_explicit(&ring->any, memory_order_relaxed) ||
           atomic_load_explicit(&ring->closed, memory_order_relaxed);
}

qn_status qn_conflate_push(qn_conflate *ring, const void *item, int64_t timeout_ns)
{
    int64_t deadline_ns = -1;
    for (;;) {
        bool appended;
        qni_lock_take(&ring->lock, NULL);
        qn_status status = put(ring, item, &appended);
        qni_lock_give(&ring->lock);
        if (appended)
            qni_wait_notify(&ring->news);
        if (status != QN_TIMEOUT)
            return status;
        if (deadline_ns < 0)
            deadline_ns = qni_wait_deadline_ns(timeout_ns);
        if (!qni_wait_until(&ring->room, room_ready, ring, deadline_ns))
            return QN_TIMEOUT;
    }
}

qn_status qn_conflate_pop(int64_t *popped, qn_conflate *ring, void *items, int64_t count, int64_t timeout_ns)
{
    *popped = 0;
    if (count < 1)
        return QN_INVALID;
    int64_t deadline_ns = -1;
    for (;;) {
        qni_lock_take(&ring->lock, NULL);
        *popped = take(ring, items, count);
        bool closed = atomic_load_explicit(&ring->closed, memory_order_relaxed); /* Relaxed: written under the lock. */
        qni_lock_give(&ring->lock);
        if (*popped > 0) {
            if (ring->overload == QN_RING_BLOCK)
                qni_wait_notify(&ring->room);
            return QN_OK;
        }
        if (closed)
            return QN_CLOSED;
        if (deadline_ns < 0)
            deadline_ns = qni_wait_deadline_ns(timeout_ns);
        if (!qni_wait_until(&ring->news, news_ready, ring, deadline_ns))
            return QN_TIMEOUT;
    }
}

void qn_conflate_close(qn_conflate *ring)
{
    qni_lock_take(&ring->lock, NULL);
    atomic_store_explicit(&ring->closed, true, memory_order_relaxed); /* Relaxed: see the struct. */
    qni_lock_give(&ring->lock);
    qni_wait_notify(&ring->news);
    qni_wait_notify(&ring->room);
}

void qn_conflate_get_stats(qn_conflate *ring, qn_ring_stats *out)
{
    qni_lock_take(&ring->lock, NULL);
    qn_ring_stats stats = {.capacity = ring->items.capacity,
                           .produced = ring->produced,
                           .consumed = ring->consumed,
                           .dropped = ring->dropped,
                           .rejected = ring->rejected};
    qni_lock_give(&ring->lock);
    qni_wait_counts(&stats, &ring->room, &ring->news);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

void qn_conflate_free(qn_conflate *ring)
{
    if (ring == NULL)
        return;
    const qn_allocator *allocator = ring->items.allocator;
    qni_free(allocator, ring->table, ring->table_size, (int64_t)sizeof *ring->table);
    qni_free(allocator, ring->keys, ring->items.capacity, (int64_t)sizeof *ring->keys);
    qni_ring_items_fini(&ring->items);
    qni_delete(allocator, ring);
}
