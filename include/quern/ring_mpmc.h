/* quern/ring_mpmc.h: a bounded ring from many threads to many: each item goes to one consumer.
 *
 * Caveats first (and those of quern/ring.h):
 *  - Any thread may produce and consume. A thread may hold several spans at once.
 *  - What is claimed must be committed, and what is taken must be released, all of it, and soon: others pass, but in
 *    the end the ring waits there. A thread that ends in between stops it.
 *  - Items come out in the order in which their places were claimed. Two consumers may finish in any order.
 *  - A call for many items costs hardly more than a call for one: take what there is, thirty-two at a time.
 *  - Whoever sleeps here is woken together with all who sleep on the same side. */
#ifndef QUERN_RING_MPMC_H
#define QUERN_RING_MPMC_H

#include <quern/ring.h>

QN_BEGIN_DECLS

/* A ring with any number of producers and consumers. */
typedef struct qn_mpmc qn_mpmc;

/* Makes a ring of `capacity` items of `item_size` bytes, and 8 bytes an item for itself. Errors: QN_INVALID (a capacity
 * or item size below 1, an unknown option), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_mpmc_new(qn_mpmc **out, int64_t capacity, int64_t item_size,
                                         const qn_ring_options *options, const qn_allocator *allocator, qn_error *err);

/* Up to `wanted` free places, waiting for the first one. Their contents are what an earlier item left. In a ring that
 * drops, at most `wanted` of the oldest items are dropped for it, where no place is free. */
QN_API QN_MUST_USE qn_status qn_mpmc_claim(qn_ring_span *out, qn_mpmc *ring, int64_t wanted, int64_t timeout_ns);

/* Hands the items of a claimed span over. */
QN_API void qn_mpmc_commit(qn_mpmc *ring, const qn_ring_span *span);

/* Up to `wanted` items, oldest first, waiting for the first one. They are the caller's alone. */
QN_API QN_MUST_USE qn_status qn_mpmc_take(qn_ring_span *out, qn_mpmc *ring, int64_t wanted, int64_t timeout_ns);

/* Gives the places of a taken span back. */
QN_API void qn_mpmc_release(qn_mpmc *ring, const qn_ring_span *span);

/* Copies `count` items in, waiting for room as often as it takes (others' items may come in between), or up to `count`
 * items out, waiting for the first one. *pushed, *popped: how many, whatever is returned; on QN_OK all `count` and at
 * least one. In a ring that rejects, those that were not pushed were refused. The timeout is for each wait. */
QN_API QN_MUST_USE qn_status qn_mpmc_push(int64_t *pushed, qn_mpmc *ring, const void *items, int64_t count,
                                          int64_t timeout_ns);
QN_API QN_MUST_USE qn_status qn_mpmc_pop(int64_t *popped, qn_mpmc *ring, void *items, int64_t count,
                                         int64_t timeout_ns);

/* Nothing more is claimed; all who wait are woken; what was claimed before is still committed, and consumers get all of
 * it before they are told QN_CLOSED. Any thread, any number of times. */
QN_API void qn_mpmc_close(qn_mpmc *ring);

/* An item counts as produced when its place is claimed and as consumed when it is taken. While it is being dropped it
 * counts as consumed for an instant. */
QN_API void qn_mpmc_get_stats(const qn_mpmc *ring, qn_ring_stats *out);

/* Frees a ring that nobody uses, with what is in it. NULL is fine. */
QN_API void qn_mpmc_free(qn_mpmc *ring);

QN_END_DECLS
#endif
