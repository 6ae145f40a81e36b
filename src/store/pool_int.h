/* store/pool_int.h: a pool of connections, and the rooms between which it is divided.
 *
 *    pool.c        taking, waiting, giving: who gets which connection
 *    pool_life.c   making a pool, trimming and closing it
 *    pool_stats.c  what it counts: statistics, metrics, who is late
 *
 * A connection stands in a slot; there are as many slots as there may be connections, for as long as the pool lives. A
 * slot is free, idle, or belongs to one thread: that which holds the connection (out), or which just opens, looks at or
 * closes it (reserved), outside the lock.
 *
 * Always, when the lock is free: whoever waits, waits because no slot is idle or free. So who finds one may take it: he
 * overtakes nobody. Every slot that comes free goes to the first who waits, with its connection or without: he then
 * opens one; where that fails he has the error and the next has the slot.
 *
 * A thread may be inside a give, or at the end of a take that failed, when the last slot has come free, and closing
 * frees the pool. Such calls are counted under the lock when they begin; their very last step counts them again. */
#ifndef QNI_STORE_POOL_INT_H
#define QNI_STORE_POOL_INT_H

#include "store/limits.h"
#include "store/store_int.h"

#include "base/clock.h"
#include "base/lock.h"

#include <quern/dbpool.h>

#include <stdatomic.h>

/* Why a connection was closed. */
typedef enum qni_dbpool_end {
    QNI_DBPOOL_BROKEN,
    QNI_DBPOOL_SURPLUS,
    QNI_DBPOOL_IDLE_LONG,
    QNI_DBPOOL_OLD,
    QNI_DBPOOL_CLOSED,
    QNI_DBPOOL_ENDS,
    QNI_DBPOOL_STAYS = QNI_DBPOOL_ENDS, /* none: it is as good as any */
} qni_dbpool_end;

typedef enum qni_dbslot_state {
    QNI_DBSLOT_FREE, /* in the list of free ones; no connection */
    QNI_DBSLOT_IDLE, /* in the list of idle ones */
    QNI_DBSLOT_OUT,
    QNI_DBSLOT_RESERVED,
} qni_dbslot_state;

/* Guarded by the pool's lock while it is free or idle; else its thread's, but for who and since_ns, which are written
 * under the lock. */
typedef struct qni_dbslot {
    qn_db *db; /* NULL: none */
    qn_dbpool *pool;
    /* Written under the lock; relaxed: a give looks at it beforehand, which is right in the thread whose slot it is. */
    _Atomic int state;
    const char *who;                    /* has it, or opens it; borrowed */
    int64_t since_ns;                   /* idle: given back; else: since when `who` has it */
    int64_t good_ns;                    /* idle: until then it is handed out without a look */
    int64_t ends_ns;                    /* the end of its lifetime */
    struct qni_dbslot *colder, *warmer; /* idle: in the list, those given back before and after it; free, or to be
                                           closed: colder is the next */
} qni_dbslot;

typedef enum qni_dbwait {
    QNI_DBWAIT_WAITING,
    QNI_DBWAIT_GRANTED, /* the slot is the waiter's: out, or reserved and without a connection */
    QNI_DBWAIT_TIMED_OUT,
    QNI_DBWAIT_CLOSED,
} qni_dbwait;

/* Who waits, on his own stack. `word` leaves WAITING once, under the lock, by release, acquired by him who waits; from
 * then on only he touches it. */
typedef struct qni_dbwaiter {
    _Atomic uint32_t word;
    const char *who;
    qni_dbslot *slot;                  /* written before `word` */
    struct qni_dbwaiter *next, *prior; /* came after and before him; guarded by the lock */
} qni_dbwaiter;

/* Opens connections; for tests. */
typedef struct qni_dbpool_opener {
    qn_status (*open)(void *user, qn_db **out, const char *url, const qn_db_options *options, qn_error *err);
    void *user;
} qni_dbpool_opener;

typedef struct qni_dbpool_counts {
    int64_t takes, waits, timeouts, opened, open_failures, pings, replaced, unfinished, misuses, open_peak;
    int64_t closed[QNI_DBPOOL_ENDS];
} qni_dbpool_counts;

struct qn_dbpool {
    /* Guarded by the lock, down to `counts`. */
    qni_lock lock;
    bool closing;
    qni_dbslot *warmest, *coldest; /* idle; the one given back last is the warmest */
    qni_dbslot *free;
    qni_dbwaiter *first, *last; /* who waits, in the order in which they came */
    int64_t idle, open, waiting;
    int64_t broken_ns; /* when one was last found broken: those that were idle then are looked at */
    int64_t entered;   /* calls that are counted out in `left` */
    qni_dbpool_counts counts;
    _Atomic int64_t left;     /* by release at the end of such calls, acquired by closing */
    _Atomic uint32_t changes; /* while closing: slots that came free; slept on */
    qni_lock_waits lock_waits;
    /* Never changed. */
    qni_clock clock;
    qni_dbpool_opener opener;
    int64_t base, slots_count;
    int64_t timeout_ns; /* < 0: does not wait */
    int64_t idle_ns, lifetime_ns, check_ns;
    qn_db_options db_options;
    char *application, *password; /* which those borrow, or NULL */
    qn_db *anchor;                /* keeps a database in memory alive; NULL: none */
    char *url;
    int64_t url_size;
    qn_histogram *wait_ns; /* by many threads at once */
    qn_metrics *metrics;
    qn_recorder recorder;    /* of waits */
    struct qni_async *async; /* submitted queries */
    const qn_allocator *allocator;
    char name[QNI_DBPOOL_NAME_SIZE];
    qni_dbslot slots[]; /* (slots_count) */
};

/* As qn_dbpool_new, with a clock and an opener (open NULL: qn_db_open) for tests. */
QN_MUST_USE qn_status qni_dbpool_new_with(qn_dbpool **out, const char *url, const qn_dbpool_options *options,
                                          qni_clock clock, qni_dbpool_opener opener, qn_error *err);

/* a + b for times >= 0; stops at INT64_MAX, which is never. */
static inline int64_t qni_dbpool_later(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* ---- pool.c ---- */

/* The last step of a call that was counted in `entered`: the pool may be gone afterwards. */
void qni_dbpool_leave(qn_dbpool *pool);

/* Whether anybody waits for a connection. */
bool qni_dbpool_wanted(qn_dbpool *pool);

/* As qn_dbpool_take, but where it would have to wait for another to give one back, it returns QN_EXHAUSTED at once. */
QN_MUST_USE qn_status qni_dbpool_try(qn_db **out, qn_dbpool *pool, const char *who, qn_error *err);

/* Why an idle slot's connection should be closed, if it should. With the lock. */
qni_dbpool_end qni_dbpool_stale(const qn_dbpool *pool, const qni_dbslot *slot, int64_t now_ns);

/* Takes a slot out of the list of idle ones: it is reserved. With the lock. */
void qni_dbpool_pick(qn_dbpool *pool, qni_dbslot *slot);

/* Closes the connection of a reserved slot, outside the lock, which is taken and given. */
void qni_dbpool_retire(qn_dbpool *pool, qni_dbslot *slot, qni_dbpool_end why, int64_t now_ns);

/* ---- pool_stats.c ---- */

/* "all 15 are out, the longest to \"fit\" for 31.2 s" … : up to QNI_DBPOOL_NAMED_MAX of those who have a slot, the
 * longest first. With the lock. */
void qni_dbpool_name_late(char out[QNI_DBPOOL_SENTENCE_SIZE], const qn_dbpool *pool, int64_t now_ns);

/* Publishes what the pool `user` counts. */
QN_MUST_USE qn_status qni_dbpool_collect(void *user, qn_collection *collection, qn_error *err);

#endif
