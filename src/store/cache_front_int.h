/* store/cache_front_int.h: a cache's front, and what its files tell each other.
 *
 * Locks, in the order in which a thread takes them; none is held while a maker or a callback of the caller runs:
 *    changes      one thread applies what other processes changed
 *    order        one of many, by a key's name: puts of a key, and removals of it, pass through all tiers one after
 *                 another. Held during input and output
 *    turn         of a tier below: what it owes is made good, or a batch of the queue is written
 *    gates        by name: a value enters memory. For moments
 *    flights', queue's, debts' own locks: for moments, each the last
 */
#ifndef QNI_STORE_CACHE_FRONT_INT_H
#define QNI_STORE_CACHE_FRONT_INT_H

#include "store/cache_int.h"

#include "base/service.h"

/* ---- counting ---- */

/* Where a value was found. */
typedef enum qni_cache_place {
    QNI_PLACE_MEMORY,
    QNI_PLACE_QUEUE,
    QNI_PLACE_DISK,
    QNI_PLACE_SHARED,
    QNI_PLACES,
} qni_cache_place;

enum {
    QNI_COUNT_HITS = 0, /* by place */
    QNI_COUNT_ABSENT = QNI_PLACES,
    QNI_COUNT_MISSES = 2 * QNI_PLACES,
    QNI_COUNT_PUTS,
    QNI_COUNT_REMOVED,
    QNI_COUNT_MADE,
    QNI_COUNT_JOINED,
    QNI_COUNT_DAMAGED,
    QNI_COUNT_ERRORS, /* by tier below */
    QNI_COUNTS = QNI_COUNT_ERRORS + 2,
};

/* What some threads count, far from what others do. */
typedef struct qni_cache_line {
    _Alignas(QNI_ALIGN) _Atomic int64_t counts[QNI_COUNTS]; /* relaxed: they carry nothing but themselves */
} qni_cache_line;

typedef struct qni_cache_lock {
    _Alignas(QNI_ALIGN) qni_lock lock;
} qni_cache_lock;

/* ---- marks (cache_remove.c, which has the argument) ---- */

/* What makes a value stale that is about to be kept. */
typedef enum qni_staleness {
    QNI_CHANGED, /* any put or removal: of what was read from a tier below */
    QNI_REMOVED, /* removals, and puts by callers: of what was made */
    QNI_GONE,    /* removals alone: a tier below may be behind by more than one of what happened to the key */
    QNI_TOLD,    /* what another process changed: it has not seen what is being written here */
    QNI_STALENESS,
} qni_staleness;

/* Of names that share it. */
typedef struct qni_mark {
    _Atomic uint64_t last; /* when it last happened, on the cache's count of marks */
    _Atomic int64_t busy;  /* threads in which it is happening */
} qni_mark;

typedef struct qni_marks {
    _Atomic uint64_t now;
    qni_mark all[QNI_STALENESS];
    qni_mark names[QNI_STALENESS][QNI_CACHE_MARKS];
    _Atomic uint64_t needed[QNI_CACHE_NEEDED]; /* bits by name: something depends on it, or may */
} qni_marks;

/* ---- tiers below (cache_below.c) ---- */

typedef enum qni_below {
    QNI_BELOW_DISK,
    QNI_BELOW_SHARED,
    QNI_BELOW,
} qni_below;

/* A removal that a tier refused. */
typedef struct qni_debt {
    struct qni_debt *next;  /* in the order in which they came */
    struct qni_debt *chain; /* of the same slot */
    qni_cache_key key;      /* a prefix: without hash and name */
    bool prefix;
    int64_t size; /* of the block, in which the key's bytes are */
} qni_debt;

typedef struct qni_debts {
    qni_lock turn;
    qni_lock lock; /* guards all below; what is atomic is written with it and read without */
    qni_debt *first, *last;
    qni_debt *slots[QNI_CACHE_DEBT_SLOTS];
    int64_t count, size, prefixes;
    bool overflown;           /* the tier has to be cleared */
    _Atomic bool any;         /* there is a debt. Release: what was not removed is not seen after it was refused */
    _Atomic bool blind;       /* the tier is not asked at all: nobody knows which of its entries ought to be gone */
    _Atomic uint64_t settled; /* counts debts that were made good, before they are forgotten */
    _Atomic int64_t try_ns;   /* boot clock: not tried again before. Relaxed */
    _Atomic bool down[3];     /* its last reading failed, its last writing, it is not there: that was told. Relaxed */
} qni_debts;

/* ---- flights (cache_flight.c) ---- */

typedef struct qni_flight qni_flight;
typedef struct qni_flight_waiter qni_flight_waiter;

typedef struct qni_flights {
    qni_lock lock;
    qni_flight *first;          /* those that others may join */
    qni_flight_waiter *waiters; /* threads that wait, and for what */
    _Atomic uint64_t landed;    /* how many have ended; written with the lock */
    _Atomic int64_t watching;   /* flights whose value will depend on something */
} qni_flights;

/* ---- the cache ---- */

typedef struct qni_queue qni_queue;

struct qn_cache {
    /* Never changed. */
    const qn_allocator *allocator;
    qni_cache_time time;
    qni_memory_tier *memory; /* NULL: none; so the others */
    qni_disk_tier *disk;
    qni_redis_tier *shared;
    qni_queue *queue; /* NULL: writing through */
    uint64_t seed;
    qni_record_keys keys;
    uint8_t seal_key[QN_SEAL_KEY_SIZE];
    int64_t ttl_ns, absent_ttl_ns; /* 0: for ever */
    int64_t fresh_ns;              /* 0: never asked again */
    int64_t memory_limit, disk_limit;
    bool read_only;
    qn_metrics *metrics;
    char name[QNI_CACHE_NAME_SIZE];

    qni_lock changes;
    _Atomic bool applying; /* changes of others are being applied: memory is not believed. Acquire and release */
    qni_debts debts[QNI_BELOW];
    qni_flights flights;
    qni_marks marks;
    qni_cache_lock order[QNI_CACHE_ORDERS];
    qni_cache_lock gates[QNI_CACHE_GATES];
    qni_cache_line lines[QNI_CACHE_LINES];
};

void qni_cache_count(qn_cache *cache, int which, int64_t n);
int64_t qni_cache_now_ns(const qn_cache *cache); /* boot clock */

/* A caller's key, without its name. Errors: QN_INVALID, QN_LIMIT. */
qn_status qni_cache_key_of(qni_cache_key *out, const qn_cache *cache, const void *bytes, int64_t size, qn_error *err);
/* The whole of it. */
qn_status qni_cache_key_named(qni_cache_key *out, const qn_cache *cache, const void *bytes, int64_t size,
                              qn_error *err);

static inline qni_lock *qni_cache_order(qn_cache *cache, uint64_t name)
{
    return &cache->order[name % QNI_CACHE_ORDERS].lock;
}

/* ---- asking (cache.c) ---- */

typedef struct qni_answer {
    qn_cache_found found;
    qni_cache_place place; /* where it is not a miss */
    qn_datum *datum;       /* a reference for the caller; NULL: none */
} qni_answer;

/* Asks every tier in its turn and moves up what it finds; counts nothing. Computes key->name where it needs it. Errors:
 * QN_NOMEM. */
qn_status qni_cache_ask(qni_answer *out, qn_cache *cache, qni_cache_key *key, qn_error *err);
void qni_cache_count_answer(qn_cache *cache, const qni_answer *answer);
/* As qn_cache_get has them. */
void qni_cache_give_answer(qn_datum **out, qn_cache_found *found, const qni_answer *answer);

/* What is to be put. */
typedef struct qni_putting {
    qni_cache_key key;
    qni_cache_value value; /* depends: into names */
    bool made;             /* not by the caller of a put, but since then: */
    uint64_t since;
    qn_cache_ticket *ticket; /* NULL: not wanted; belongs to the caller */
    uint64_t names[QN_CACHE_DEPENDS_MAX];
} qni_putting;

/* Options of a put; their ticket becomes NULL. Errors: QN_INVALID. */
qn_status qni_cache_take_put(qn_cache_put_options *out, const qn_cache_put_options *given, qn_error *err);
/* A time to live in nanoseconds, as options say it; 0: for ever. */
int64_t qni_cache_ttl_ns(const qn_cache *cache, int64_t ttl_ms, bool absent);
/* Adds a name that the value depends on, once. False: too many. */
bool qni_cache_depend(qni_putting *put, uint64_t name);
/* The names that options say. Errors: QN_INVALID, QN_LIMIT. */
qn_status qni_cache_depends_given(qni_putting *put, const qn_cache *cache, const qn_cache_put_options *options,
                                  qn_error *err);
/* These, and what those entries depend on themselves. Errors: those, and those of reading the disk. */
qn_status qni_cache_depends(qni_putting *put, qn_cache *cache, const qn_cache_put_options *options, qn_error *err);
/* Puts. A value that was made is not kept where something has been removed that it was made of. *ticket (ticket NULL:
 * not wanted) is NULL where nothing was put, nor will be. Errors: as qn_cache_put. */
qn_status qni_cache_store(qn_cache *cache, qni_putting *put, qn_cache_ticket **ticket, qn_error *err);

/* ---- cache_remove.c ---- */

/* When a reading or a making begins. */
uint64_t qni_marks_now(const qn_cache *cache);
/* Whether the key's name, or one of depends (count), was changed since, or is being changed. */
bool qni_marks_stale(const qn_cache *cache, qni_staleness kind, uint64_t since, uint64_t name, const uint64_t *depends,
                     int64_t count);
/* Says that values will depend on these names; and whether any may. Said before a late value is looked at, and before
 * one that is put comes to any tier: then a change that does not see it is over, or comes before. */
void qni_marks_need(qn_cache *cache, const uint64_t *names, int64_t count);
bool qni_marks_needed(const qn_cache *cache, uint64_t name);

/* A change of an entry and of what depends on it, from its beginning to its end. A kind stands for those before it,
 * too. name NULL: everything. Beginning holds no order. */
void qni_change_begin(qn_cache *cache, qni_staleness kind, const uint64_t *name, bool pass_orders);
void qni_change_end(qn_cache *cache, qni_staleness kind, const uint64_t *name);

/* How a value gets into memory. */
typedef struct qni_keeping {
    bool reads;         /* it was read below: `since` and QNI_CHANGED decide, and nobody's value becomes stale by it */
    qni_staleness kind; /* else: what it does to others; QNI_CHANGED: it was made, `since` and QNI_REMOVED decide */
    uint64_t since;
} qni_keeping;

/* Errors: QN_NOMEM. */
qn_status qni_cache_keep(bool *kept, bool *stale, qn_cache *cache, const qni_cache_key *key,
                         const qni_cache_value *value, const qni_keeping *how, qn_error *err);

/* Waits until what has begun to enter memory under that name is there. */
void qni_cache_pass_gate(qn_cache *cache, uint64_t name);

/* Removes from memory and queue what depends on the name, which is being changed. */
void qni_cache_drop_dependents(qn_cache *cache, uint64_t name);

typedef struct qni_removal {
    const qni_cache_key *key; /* NULL: a prefix */
    const void *prefix;       /* (prefix_size) NULL with 0: everything */
    int64_t prefix_size;
    bool all;
} qni_removal;

qn_status qni_cache_forget(int64_t *removed, qn_cache *cache, const qni_removal *what, qn_error *err);

/* Applies what other processes changed, if anything. Before memory is believed. */
void qni_cache_catch_up(qn_cache *cache);

/* ---- cache_below.c ---- */

bool qni_below_has(const qn_cache *cache, qni_below tier);
/* What a tier has under the key, to be freed; out->bytes NULL: nothing that can be believed. *answered (may be NULL):
 * false where it could not be asked. Errors: QN_NOMEM. */
qn_status qni_below_get(qni_record *out, qni_record_view *view, bool *answered, qn_cache *cache, qni_below tier,
                        const qni_cache_key *key, qn_error *err);
/* The names that a record depends on; their number. */
int64_t qni_below_depends(uint64_t names[QN_CACHE_DEPENDS_MAX], const qni_record_view *view);
/* What the entry on disk depends on; *count -1: there is none, or it cannot be believed. Errors: QN_IO, QN_BUSY,
 * QN_NOMEM: it is not known. */
qn_status qni_below_depends_of(uint64_t names[QN_CACHE_DEPENDS_MAX], int64_t *count, qn_cache *cache,
                               const qni_cache_key *key, qn_error *err);
/* Writes (count) to a tier, if it is there. Where it cannot take one the old value is removed, or owed; where it cannot
 * take several nothing is: the caller tries each by itself. Read-only: what it has is not believed any more, and nobody
 * told. Errors: the tier's. */
qn_status qni_below_put(qn_cache *cache, qni_below tier, const qni_disk_write *writes, int64_t count, qn_error *err);
/* key of no bytes: only what depends on its name. */
qn_status qni_below_remove(int64_t *removed, qn_cache *cache, qni_below tier, const qni_removal *what, qn_error *err);
/* Removes what it has of the key alone, quietly. */
void qni_below_drop(qn_cache *cache, qni_below tier, const qni_cache_key *key);
/* Tries again what it refused; with no order held. */
void qni_below_retry(qn_cache *cache, qni_below tier);
void qni_below_free(qn_cache *cache);

/* ---- cache_queue.c: every function takes NULL ---- */

qn_status qni_queue_new(qni_queue **out, qn_cache *cache, int64_t bytes, qn_error *err);
/* Waits until there is room for what is put. *place NULL: there is no queue. Errors: QN_NOMEM, QN_LIMIT (no thread). */
qn_status qni_queue_reserve(void **place, qni_queue *queue, const qni_putting *put, qn_error *err);
/* Puts it there; with the key's order. Cannot fail. */
void qni_queue_add(qni_queue *queue, void *place, const qni_putting *put);
void qni_queue_unreserve(qni_queue *queue, void *place);

typedef struct qni_queued {
    qni_cache_value value; /* datum: a reference for the caller; depends: into names */
    uint64_t names[QN_CACHE_DEPENDS_MAX];
} qni_queued;

bool qni_queue_get(qni_queued *out, qni_queue *queue, const qni_cache_key *key);
/* Whether one of the key is being written that has been removed: it will go from the tiers below when it is written. */
bool qni_queue_gone(qni_queue *queue, const qni_cache_key *key);
/* Whether an entry of one of these names waits. */
bool qni_queue_has(qni_queue *queue, const uint64_t *names, int64_t count);
uint64_t
qni_queue_batches(qni_queue *queue); /* counts those that were written, before their entries are gone from it */
/* Forgets what waits and is removed; returns how many. A key of no bytes: by its name. dependents: only what depends on
 * the key. Of the batch that is being written such are not found any more; `wait`: and waits for it, where it has such;
 * else they are removed when it is written. */
int64_t qni_queue_remove(qni_queue *queue, const qni_removal *what, bool dependents, bool wait);
qn_status qni_queue_flush(qni_queue *queue, int64_t timeout_ms, qn_error *err);
void qni_queue_sizes(qni_queue *queue, int64_t *entries, int64_t *bytes);
/* Ends it. Errors: as qn_cache_close. */
qn_status qni_queue_close(qni_queue *queue, int64_t timeout_ms, qn_error *err);

qn_status qni_ticket_new(qn_cache_ticket **out, const qn_allocator *allocator, qn_error *err);
qn_cache_ticket *qni_ticket_ref(qn_cache_ticket *ticket);
void qni_ticket_done(qn_cache_ticket *ticket, const qn_error *failure); /* failure NULL: written */

/* ---- cache_flight.c ---- */

/* What get_or does, for queries as well. */
typedef struct qni_making {
    const qn_cache_put_options *options; /* of our own size */
    bool local;
    qn_cache_make make;
    void *user;
} qni_making;

qn_status qni_cache_get_or(qn_datum **out, qn_cache_found *found, qn_cache *cache, qni_cache_key *key,
                           const qni_making *making, qn_error *err);
/* An entry of that name, which depends on those, is seen, or enters memory: flights whose value will depend on it note
 * them. */
void qni_flights_saw(qn_cache *cache, uint64_t name, const uint64_t *depends, int64_t count);

/* ---- cache_look.c ---- */

qn_status qni_cache_collect(void *user, qn_collection *collection, qn_error *err);

#endif
