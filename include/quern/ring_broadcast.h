/* quern/ring_broadcast.h: one storage, one producer, a graph of readers, each of which sees every event in place (after
 * the LMAX Disruptor).
 *
 * Caveats first (and those of quern/ring.h):
 *  - One thread produces, and each reader belongs to one thread. Several producers put an MPMC ring before it, or a
 *    lock. Closing, sequences and statistics: any thread.
 *  - Readers are added before the first claim, while no other thread uses the ring. A reader may come after others: it
 *    sees an event when all of those have released it, and what they wrote into it. Readers of which neither comes
 *    after the other have an event at the same time: they write, if at all, into different fields.
 *  - The producer is held up by the slowest reader: a place is free when all readers have released it. A reader that
 *    ends must say so (qn_broadcast_reader_leave), or all stops. Without any reader nothing holds the producer up.
 *  - It blocks or rejects; it drops nothing.
 */
#ifndef QUERN_RING_BROADCAST_H
#define QUERN_RING_BROADCAST_H

#include <quern/ring.h>

QN_BEGIN_DECLS

/* A ring, and one of those who read it. */
typedef struct qn_broadcast qn_broadcast;
typedef struct qn_broadcast_reader qn_broadcast_reader;

/* Makes a ring of `capacity` events of `item_size` bytes. Errors: QN_INVALID (a capacity or item size below 1, an
 * unknown option, one that drops the oldest), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_broadcast_new(qn_broadcast **out, int64_t capacity, int64_t item_size,
                                              const qn_ring_options *options, const qn_allocator *allocator,
                                              qn_error *err);

/* Adds a reader that comes after `after` (after_count; 0: after the producer alone), readers of this ring. It belongs
 * to the ring and is freed with it. Errors: QN_BUSY (places have been claimed), QN_INVALID (a reader of another ring),
 * QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_broadcast_add(qn_broadcast_reader **out, qn_broadcast *ring,
                                              qn_broadcast_reader *const *after, int64_t after_count, qn_error *err);

/* The producer's: up to `wanted` free places, waiting for the first one. Their contents are what an earlier event left.
 * Claiming again begins anew. */
QN_API QN_MUST_USE qn_status qn_broadcast_claim(qn_ring_span *out, qn_broadcast *ring, int64_t wanted,
                                                int64_t timeout_ns);

/* Publishes the first `count` (0 ... as many as were claimed) of the claimed places; the rest is as if it had not been
 * claimed. After closing too. */
QN_API void qn_broadcast_commit(qn_broadcast *ring, int64_t count);

/* A reader's: up to `wanted` events that it has not released and that all before it have, oldest first, waiting for the
 * first one. QN_CLOSED: the ring is closed, and it has released all events; or it has left. Peeking again begins
 * anew. */
QN_API QN_MUST_USE qn_status qn_broadcast_reader_peek(qn_ring_span *out, qn_broadcast_reader *reader, int64_t wanted,
                                                      int64_t timeout_ns);

/* Hands the first `count` (0 ... as many as were peeked at) of the events on; the rest stays, to be peeked at again. */
QN_API void qn_broadcast_reader_release(qn_broadcast_reader *reader, int64_t count);

/* The reader's thread: this reader releases nothing more, and holds up nobody. Those after it no longer wait for it,
 * but still for those before it. It stays valid, for its sequence alone. */
QN_API void qn_broadcast_reader_leave(qn_broadcast_reader *reader);

/* How many events were published; how many this reader released, which is the sequence that it reads next. */
QN_API int64_t qn_broadcast_sequence(const qn_broadcast *ring);
QN_API int64_t qn_broadcast_reader_sequence(const qn_broadcast_reader *reader);

/* Nothing more is claimed; all who wait are woken; readers get what is left. Closing by the producer itself is exact;
 * where another thread closes, a span that was claimed before may still be published after a reader was told
 * QN_CLOSED. Any thread, any number of times. */
QN_API void qn_broadcast_close(qn_broadcast *ring);

/* `consumed`: what every reader that has not left has released, produced if all have left. */
QN_API void qn_broadcast_get_stats(const qn_broadcast *ring, qn_ring_stats *out);

/* Frees a ring that nobody uses, with its readers and what is in it. NULL is fine. */
QN_API void qn_broadcast_free(qn_broadcast *ring);

QN_END_DECLS
#endif
