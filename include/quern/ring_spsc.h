/* quern/ring_spsc.h: a ring from one thread to one other: the quickest way between two.
 *
 * Caveats first (and those of quern/ring.h):
 *  - One thread produces and one consumes; either may hand its side to another thread if it lets that one see all that
 *    it did. Closing and the statistics: any thread.
 *  - A span that is claimed is written in place and then committed; one that is peeked at is read (and may be changed)
 *    in place and then released. One of each at a time: claiming or peeking again begins anew.
 *  - Peeking does not wait for all that is wanted: it gives what there is.
 *  - In a ring that drops the oldest items, a consumer that has peeked and not yet released keeps them from being
 *    dropped: it should copy (qn_spsc_pop) or be quick.
 */
#ifndef QUERN_RING_SPSC_H
#define QUERN_RING_SPSC_H

#include <quern/ring.h>

QN_BEGIN_DECLS

/* A ring with one producer and one consumer. */
typedef struct qn_spsc qn_spsc;

/* Makes a ring of `capacity` items of `item_size` bytes. Errors: QN_INVALID (a capacity or item size below 1, an
 * unknown option), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_spsc_new(qn_spsc **out, int64_t capacity, int64_t item_size,
                                         const qn_ring_options *options, const qn_allocator *allocator, qn_error *err);

/* The producer's: up to `wanted` free places, waiting for the first one. Their contents are what an earlier item left.
 * In a ring that drops, all that are wanted, up to the wrap, unless the consumer holds the oldest. */
QN_API QN_MUST_USE qn_status qn_spsc_claim(qn_ring_span *out, qn_spsc *ring, int64_t wanted, int64_t timeout_ns);

/* Hands the first `count` (0 ... as many as were claimed) of the claimed places to the consumer; the rest is as if it
 * had not been claimed. After closing too. */
QN_API void qn_spsc_commit(qn_spsc *ring, int64_t count);

/* The consumer's: up to `wanted` items, oldest first, waiting for the first one. */
QN_API QN_MUST_USE qn_status qn_spsc_peek(qn_ring_span *out, qn_spsc *ring, int64_t wanted, int64_t timeout_ns);

/* Gives back the first `count` (0 ... as many as were peeked at) of the items; the rest stays, to be peeked at again.
 */
QN_API void qn_spsc_release(qn_spsc *ring, int64_t count);

/* Copies `count` items in, waiting for room as often as it takes, or up to `count` items out, waiting for the first
 * one. *pushed, *popped: how many, whatever is returned; on QN_OK all `count` and at least one. In a ring that rejects,
 * those that were not pushed were refused. The timeout is for each wait. */
QN_API QN_MUST_USE qn_status qn_spsc_push(int64_t *pushed, qn_spsc *ring, const void *items, int64_t count,
                                          int64_t timeout_ns);
QN_API QN_MUST_USE qn_status qn_spsc_pop(int64_t *popped, qn_spsc *ring, void *items, int64_t count,
                                         int64_t timeout_ns);

/* Nothing more goes in; both sides are woken; the consumer gets what is left. Closing by the producer itself is exact:
 * once the consumer is told QN_CLOSED it has had everything. Where another thread closes, a span that was claimed
 * before may still be committed after that. Any thread, any number of times. */
QN_API void qn_spsc_close(qn_spsc *ring);

/* What has gone through the ring. `out`: its size is set before the call. */
QN_API void qn_spsc_get_stats(const qn_spsc *ring, qn_ring_stats *out);

/* Frees a ring that nobody uses, with what is in it. NULL is fine. */
QN_API void qn_spsc_free(qn_spsc *ring);

QN_END_DECLS
#endif
