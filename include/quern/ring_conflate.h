/* quern/ring_conflate.h: the latest item of each key: a newer item takes the place of the one with the same key that
 * nobody has consumed yet.
 *
 * Caveats first (and those of quern/ring.h):
 *  - Any thread may produce and consume. Every call takes a lock for the time that it copies its items; it is the ring
 *    for quotes that come quicker than they are looked at, not for the quickest way between two threads.
 *  - A key keeps the turn of the first of its items that was not consumed: one that changes all the time is not served
 *    later for that.
 *  - Keys are 64-bit numbers and compared as such. Where names are longer, number them.
 *  - The capacity counts keys that wait. When that many wait, an item with one of their keys still goes in; one with
 *    another key meets what the ring does on overload.
 */
#ifndef QUERN_RING_CONFLATE_H
#define QUERN_RING_CONFLATE_H

#include <quern/ring.h>

QN_BEGIN_DECLS

/* A ring of the latest items. */
typedef struct qn_conflate qn_conflate;

/* The key of an item: always the same for the same bytes. Called under the ring's lock: it may not use the ring. */
typedef uint64_t (*qn_conflate_key)(void *user, const void *item);

/* Makes a ring of `capacity` items of `item_size` bytes, and at most 24 bytes an item for itself. Errors: QN_INVALID (a
 * capacity or item size below 1, no key, an unknown option), QN_LIMIT (a capacity above 2^30), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_conflate_new(qn_conflate **out, int64_t capacity, int64_t item_size,
                                             qn_conflate_key key, void *user, const qn_ring_options *options,
                                             const qn_allocator *allocator, qn_error *err);

/* Copies one item in. Where its key waits it takes that item's place, which counts as dropped, and needs no room. */
QN_API QN_MUST_USE qn_status qn_conflate_push(qn_conflate *ring, const void *item, int64_t timeout_ns);

/* Copies up to `count` items out, waiting for the first one, in the order in which their keys began to wait. *popped:
 * how many, whatever is returned. */
QN_API QN_MUST_USE qn_status qn_conflate_pop(int64_t *popped, qn_conflate *ring, void *items, int64_t count,
                                             int64_t timeout_ns);

/* Nothing more goes in; all who wait are woken; consumers get what is left before they are told QN_CLOSED. Any thread,
 * any number of times. */
QN_API void qn_conflate_close(qn_conflate *ring);

/* Exact at any time: produced = consumed + dropped + what is in the ring. `dropped` counts items that were replaced,
 * and those that made room for another key. */
QN_API void qn_conflate_get_stats(qn_conflate *ring, qn_ring_stats *out);

/* Frees a ring that nobody uses, with what is in it. NULL is fine. */
QN_API void qn_conflate_free(qn_conflate *ring);

QN_END_DECLS
#endif
