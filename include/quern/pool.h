/* quern/pool.h: objects of one size, taken and given back many times.
 *
 * Each thread keeps a small stack of idle objects of its own, its magazine, so that a take or a give is a few
 * instructions, without a lock and without an atomic read-modify-write. Behind the magazines stands one shared depot,
 * with which they exchange objects by the handful; behind the depot the allocator, which is asked for slabs of many
 * objects.
 *
 * Caveats first:
 *  - An object comes uncleared: with what its last user, or the hooks, left in it. It is aligned to 64 bytes.
 *  - Any thread may take, and any other may give back; what the giver wrote is seen by the next taker. Not from a
 *    signal handler. A child of fork may only use a pool that no other thread of the parent was using at the fork.
 *  - What a pool has from its allocator it keeps until qn_pool_trim, until a budget asks for it back, or until it is
 *    freed. Idle objects in other threads' magazines are not lost: a thread that finds nothing else fetches them.
 *  - Memory is given back in whole slabs: one object in use keeps its slab.
 *  - Where the system has membarrier when a pool is first used, it may not be taken away later by a filter on calls.
 *  - A pool that is not checked catches nothing: an object that is given back twice is handed out twice, one that is
 *    given to another pool, or that is no pool's, is handed out by that pool, and who writes to what was given back
 *    changes what another holds; what was given back twice may also go back to the allocator while it is in use. Under
 *    the address sanitizer a use after giving back is seen in every pool.
 *  - A checked pool catches all of these but writes beyond the first 64 KiB of an object, and reads: it logs them as
 *    errors with the names of pools and places, refuses what was given wrongly, and counts them. It keeps no magazines,
 *    takes a lock for each take and give, and touches each object, which it fills with 0xDB while idle, unless it has a
 *    hook that says what is in it.
 */
#ifndef QUERN_POOL_H
#define QUERN_POOL_H

#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_pool qn_pool;

/* What a pool does when it has no idle object. */
typedef enum qn_pool_growth {
    QN_POOL_GROW = 0,    /* asks the allocator for `grow` more, for ever */
    QN_POOL_BOUNDED = 1, /* the same, until it has `max` objects */
    QN_POOL_FAIL = 2,    /* never has more than the initial ones, and never gives them back before its end */
} qn_pool_growth;

/* A choice that can be left to the library. */
typedef enum qn_pool_checks {
    QN_POOL_CHECKS_DEFAULT = 0, /* as the library was built: checked where it has its assertions */
    QN_POOL_CHECKS_ON = 1,
    QN_POOL_CHECKS_OFF = 2,
} qn_pool_checks;

/* How a pool is made. 0 is the default of every field but object_size, which has none. */
typedef struct qn_pool_options {
    int64_t size;          /* of this struct, for later versions */
    const char *name;      /* for messages; its first 31 bytes are copied; NULL: "pool" */
    int64_t object_size;   /* bytes, at least 1 */
    int64_t initial;       /* objects made at once */
    qn_pool_growth growth; /* what happens when there is none left */
    int64_t grow;     /* objects that the allocator is asked for at a time; 0: about 64 KiB of them, at least one */
    int64_t max;      /* QN_POOL_BOUNDED: objects at most; otherwise 0 */
    int64_t magazine; /* idle objects that a thread keeps at most; 0: chosen by object_size, none from 64 KiB on and
                              none in small bounded pools; -1: none */
    qn_pool_checks checks; /* whether misuse is looked for */
    /* Hooks, each may be NULL. They may not use the pool. What they leave in an object is there at the next take. This
     * one makes an object once, when its slab comes from the allocator, in the thread that takes, while others that
     * need a slab wait. */
    qn_status (*construct)(void *user, void *object, qn_error *err);
    void (*reset)(void *user, void *object); /* runs in every qn_pool_give, before anybody else can have the object */
    void (*destruct)(void *user, void *object); /* ends an object when its slab goes back: by trimming,
                                                   freeing, or in any thread that asks a tight budget for memory; takes
                                                   none itself */
    void *user;                                 /* the first argument of the three */
} qn_pool_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_pool_options_init(qn_pool_options *out, int64_t size);

/* Makes a pool. `options` is read during the call, and needed; `allocator` is borrowed. When it draws on a budget and
 * that has no room, the pool gives back idle slabs. Errors: QN_INVALID (a size or count that cannot be), QN_NOMEM,
 * QN_BUDGET, what `construct` returns. */
QN_API QN_MUST_USE qn_status qn_pool_new(qn_pool **out, const qn_pool_options *options, const qn_allocator *allocator,
                                         qn_error *err);

/* Takes an object: the one that this thread gave back last, where it has one. Errors: QN_EXHAUSTED (a pool that may not
 * grow further has none that is idle, in no thread's magazine either), QN_NOMEM, QN_BUDGET (the same of one that may),
 * what `construct` returns. */
QN_API QN_MUST_USE qn_status qn_pool_take(void **out, qn_pool *pool, qn_error *err);

/* The same; a checked pool names `file` (borrowed for the life of the pool) and `line` as the place where the object
 * was taken. With QN_POOL_PLACES defined before this header is included, qn_pool_take is written as this call.
 * Otherwise the place is the address in the code from which qn_pool_take was called. Errors: as above. */
QN_API QN_MUST_USE qn_status qn_pool_take_at(void **out, qn_pool *pool, const char *file, int64_t line, qn_error *err);

/* Gives an object back to the pool from which it was taken. NULL is fine. Cannot fail, and asks for no memory but, on a
 * thread's first call, for its magazine, without which it works as well. */
QN_API void qn_pool_give(qn_pool *pool, void *object);

/* Gives slabs in which no object is in use back to the allocator, while idle objects of at least `keep_size` bytes
 * remain. Returns the bytes given back. Magazines are emptied for it. */
QN_API int64_t qn_pool_trim(qn_pool *pool, int64_t keep_size);

/* The state at one instant, at which every thread's magazine stood still: objects = live + idle. Costs a microsecond or
 * two and makes the pool's other threads wait for as long. */
typedef struct qn_pool_stats {
    int64_t size;        /* of this struct: set it before the call; what an older caller does not know is not written */
    const char *name;    /* borrowed from the pool */
    int64_t object_size; /* bytes, as asked for */
    int64_t objects;     /* that exist */
    int64_t live;        /* of these, taken and not given back */
    int64_t idle;        /* the others: in the depot or in magazines */
    int64_t peak;        /* the most objects that were ever out of the depot: live, or in a magazine */
    int64_t bytes;       /* held from the allocator: objects with their padding, and all that the pool itself needs */
    int64_t bytes_peak;  /* the most that they ever were */
    int64_t taken;       /* successful takes */
    int64_t hits;        /* of these, served by the thread's own magazine alone */
    int64_t exchanges;   /* times that objects went between a magazine, or a thread without one, and the depot */
    int64_t steals;      /* times that the magazines were searched for want of idle objects */
    int64_t grown;       /* slabs that the allocator gave */
    int64_t trimmed;     /* slabs that it was given back */
    int64_t refused;     /* takes that failed */
    int64_t misuses;     /* gives that were refused and objects written to after giving back; checked pools only */
    int64_t contended;   /* times that a thread found the depot's lock held */
    int64_t slept;       /* of these, times that the system was asked to wait */
    int64_t wait_ns;     /* time spent waiting for it */
} qn_pool_stats;

/* The numbers of this instant. */
QN_API void qn_pool_get_stats(qn_pool *pool, qn_pool_stats *out);

/* Objects that were taken in one place and not given back. */
typedef struct qn_pool_leak {
    int64_t size;        /* of this struct */
    const char *file;    /* the place, or NULL: only the address is known */
    int64_t line;        /* 1-based */
    const void *address; /* in the code, after the call; NULL: not known, for the pool is not checked */
    int64_t count;       /* objects */
    const void *object;  /* one of them; NULL in a pool that is not checked */
} qn_pool_leak;

/* Calls fn (may be NULL) for every place in which objects were taken that are still in use; in a pool that is not
 * checked once, without a place, if there are any. fn may use the pool. Returns how many objects are in use. */
QN_API int64_t qn_pool_report_leaks(qn_pool *pool, void (*fn)(void *user, const qn_pool_leak *leak), void *user);

/* Frees the pool and every object in it, also those in use, which end with it; a checked pool logs where those were
 * taken. No thread may be inside a call on it. NULL is fine. */
QN_API void qn_pool_free(qn_pool *pool);

/* An object that goes back by itself:
 *
 *     QN_POOL_GUARD(buffer, pool);
 *     if (qn_pool_take(&buffer.object, pool, &err) != QN_OK) return …;
 *     … buffer.object …                // given back where the block is left
 *
 * qn_pool_guard_release gives the object back now and leaves the guard empty; QN_POOL_GUARD (compilers with the cleanup
 * attribute) makes that the end of the block. */
typedef struct qn_pool_guard {
    qn_pool *pool;
    void *object; /* NULL: nothing to give back */
} qn_pool_guard;

/* The two said above. A guard belongs to one thread at a time. */
QN_API void qn_pool_guard_release(qn_pool_guard *guard);
#if defined(__GNUC__)
#define QN_POOL_GUARD(name, pool_) __attribute__((cleanup(qn_pool_guard_release))) qn_pool_guard name = {(pool_), 0}
#endif

#ifdef QN_POOL_PLACES
#define qn_pool_take(out, pool, err) qn_pool_take_at((out), (pool), __FILE__, __LINE__, (err))
#endif

QN_END_DECLS
#endif
