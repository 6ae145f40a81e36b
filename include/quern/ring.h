/* quern/ring.h: what the rings share: how they wait, what they do when they are full, spans of items, their counts.
 *
 * Which ring: quern/ring_spsc.h from one thread to one; ring_mpmc.h from many to many, each item to one of them;
 * ring_broadcast.h from one to a graph of readers, each item to every one; ring_conflate.h the latest item of each key.
 *
 * Caveats first:
 *  - Items have one size, fixed when a ring is made, and lie one after another, the first one aligned to 64 bytes. They
 *    are bytes to a ring: nothing is copied, cleared or freed when one is dropped.
 *  - A ring holds exactly the items it was asked to hold; a power of two is a little quicker, no more.
 *  - A span lies in the ring and ends at its last slot at the latest: one that would go round is handed out in two
 *    parts, so a call may give fewer items than wanted though there are more. It gives at least one.
 *  - Nothing allocates once a ring is made (and a broadcast's readers are added).
 *  - Sequences count items from 0 in 64 bits: at 10^9 items a second they last for more than a century.
 *  - A child of fork may only use a ring that no other thread of the parent was using at the fork.
 *  - Calls that move items take no error record: what they return says everything.
 */
#ifndef QUERN_RING_H
#define QUERN_RING_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* How a thread waits for items or for room. Each looks again and again for a moment first. */
typedef enum qn_ring_wait {
    QN_RING_PARK = 0, /* lets other threads run, then sleeps in the system. Whoever moves items asks the system to wake
                       * somebody only where somebody sleeps or is about to. The first ring of a process that parks may
                       * take milliseconds to make where the process has threads already */
    QN_RING_YIELD,    /* lets other threads run, again and again, and never sleeps */
    QN_RING_SPIN,     /* keeps its processor: quickest, and a waste where there are fewer processors than threads */
} qn_ring_wait;

/* What becomes of an item for which there is no room. */
typedef enum qn_ring_overload {
    QN_RING_BLOCK = 0,   /* its producer waits */
    QN_RING_REJECT,      /* it is refused with QN_EXHAUSTED, at once, and counted */
    QN_RING_DROP_OLDEST, /* the oldest items make room, and are counted. Items that a consumer holds right now cannot be
                          * taken from it: where these are the oldest, the producer waits until they are released */
} qn_ring_overload;

/* What a ring is to do. 0 is the default of every field. */
typedef struct qn_ring_options {
    int64_t size;              /* of this struct, for later versions */
    qn_ring_wait wait;         /* PARK */
    qn_ring_overload overload; /* BLOCK */
} qn_ring_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_ring_options_init(qn_ring_options *out, int64_t size);

/* Items in place, borrowed from a ring until they are committed or released. */
typedef struct qn_ring_span {
    void *items;      /* (count) of the ring's item size, one after another */
    int64_t count;    /* at least 1 where the call said QN_OK, else 0 */
    int64_t sequence; /* of the first; the others follow */
} qn_ring_span;

/* `timeout_ns`, of every call that may wait: nanoseconds; 0: it does not wait; negative: as long as it takes. What such
 * calls return, beside QN_OK:
 *   QN_TIMEOUT    the time is over, and there was no room or no item
 *   QN_EXHAUSTED  there was no room, and the ring rejects
 *   QN_CLOSED     to a producer: the ring is closed. To a consumer: it is closed and nothing is left in it
 *   QN_INVALID    a count below 1
 * On every one of these the span is empty. */

/* What has gone through a ring. Exact when nobody uses it: produced - consumed - dropped is in the ring. Read while
 * others use it, it may be a moment old, each number another one, so that the difference may be above the capacity; but
 * it never claims that more came out than went in: consumed + dropped <= produced. */
typedef struct qn_ring_stats {
    int64_t size;     /* of this struct: set it before the call; what an older caller does not know is not written */
    int64_t capacity; /* items */
    int64_t produced; /* items that went in */
    int64_t consumed; /* items that a consumer had */
    int64_t dropped;  /* items that made room for newer ones */
    int64_t rejected; /* items that were refused for want of room; none of the produced ones */
    int64_t producer_waits; /* times that a producer found no room and waited */
    int64_t consumer_waits; /* times that a consumer found no item and waited */
    int64_t sleeps;         /* times that a waiting thread asked the system to sleep */
    int64_t wakes;          /* times that the system was asked to wake those who sleep */
} qn_ring_stats;

QN_END_DECLS
#endif
