/* mem/pool_int.h: what the files of the object pool share.
 *
 * pool.c takes and gives: magazines, depot. pool_slab.c asks the allocator and gives back. pool_visit.c looks into the
 * magazines of other threads. pool_check.c sees misuse.
 *
 * Always: an object is live, in one magazine or in the depot. The depot has room for every object, so that giving
 * needs no memory. The allocator, the hooks and the log are called with no lock held but `growing`.
 * Order of locks: `visitors`, then a magazine's, then `depot`. `growing` comes before all of them, and a visitor never
 * takes it: the allocator that is asked under it may ask the pool to give slabs back, which is a visit. */
#ifndef QNI_MEM_POOL_INT_H
#define QNI_MEM_POOL_INT_H

#include <quern/pool.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "mem/limits.h"
#include "mem/locals.h"
#include "mem/owner_lock.h"

#include <stdalign.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define QNI_POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QNI_POOL_ASAN 1
#endif
#endif

/* Hides idle objects from the program, where the address sanitizer looks on. */
#ifdef QNI_POOL_ASAN
#include <sanitizer/asan_interface.h>
#define QNI_POOL_HIDE(object, size) __asan_poison_memory_region((object), (size_t)(size))
#define QNI_POOL_SHOW(object, size) __asan_unpoison_memory_region((object), (size_t)(size))
#else
#define QNI_POOL_HIDE(object, size) ((void)(object), (void)(size))
#define QNI_POOL_SHOW(object, size) ((void)(object), (void)(size))
#endif

/* A place in a program: a line, or an address after a call. */
typedef struct qni_place {
    const char *file; /* NULL: none */
    int64_t line;
    const void *address;
} qni_place;

/* What a checked pool knows of an object. Guarded by the depot's lock. */
typedef struct qni_object_state {
    qni_place taken; /* last */
    qni_place given; /* last; all zero: never */
    uint64_t digest; /* of an idle object's first bytes */
    bool live;
} qni_object_state;

typedef struct qni_slab {
    char *bytes;              /* (count, stride) */
    int64_t count;            /* objects */
    int64_t idle;             /* of these in the depot; counted, and used, by trimming alone */
    qni_object_state *states; /* (count) NULL: not checked */
    struct qni_slab *next;    /* in a list of those that go back */
} qni_slab;

/* One thread's idle objects, the warmest last. Guarded by its lock, whose owner is the thread. */
typedef struct qni_magazine {
    qni_owner_lock lock;
    int64_t count;
    int64_t hits; /* takes that it served */
    int64_t capacity;
    void *objects[]; /* (capacity) */
} qni_magazine;

struct qn_pool {
    /* Read by every call, hardly ever written. */
    qni_locals magazines;
    _Atomic bool no_magazines; /* there was no memory for one since the last slab. Relaxed: a hint */
    void (*reset)(void *user, void *object);
    void *user;
    bool checked;
    bool careful; /* giving is more than putting away: it checks or resets */
    int64_t object_size;
    int64_t stride;   /* bytes from one object to the next */
    int64_t magazine; /* capacity; 0: none */
    int64_t grow;
    int64_t max; /* INT64_MAX: no bound */
    bool fixed;  /* never grows or shrinks after the start */
    qn_status (*construct)(void *user, void *object, qn_error *err);
    void (*destruct)(void *user, void *object);
    const qn_allocator *allocator;
    char name[QNI_POOL_NAME_SIZE];
    struct qn_pool *next_checked; /* guarded by the lock of the list of checked pools */

    /* The depot, and all below: guarded by its lock. */
    alignas(QNI_ALIGN) qni_lock depot;
    void **idle; /* (idle_capacity) the first idle_count are idle objects, the warmest last */
    int64_t idle_count;
    int64_t idle_capacity; /* >= objects */
    void **slabs;          /* (slab_capacity) of qni_slab, by address */
    int64_t slab_count;
    int64_t slab_capacity;
    int64_t objects;
    qn_pool_stats counts; /* taken, exchanges, … : what only slow calls count; taken without the magazines' hits */
    int64_t locals_bytes; /* part of counts.bytes */
    qni_lock_waits waits; /* atomic */

    alignas(QNI_ALIGN) qni_lock visitors; /* held during a visit */
    qni_lock growing;                     /* held while the allocator is asked for a slab */
};

/* pool.c: */
static inline void qni_depot_take(qn_pool *pool)
{
    qni_lock_take(&pool->depot, &pool->waits);
}
static inline void qni_depot_give(qn_pool *pool)
{
    qni_lock_give(&pool->depot);
}
/* Under the depot's lock: puts `count` objects there. What there cannot be room for was given twice; it is dropped. */
void qni_depot_push(qn_pool *pool, void *const *objects, int64_t count);
/* Under the depot's lock: notes that so many bytes more (less) are held. */
void qni_pool_count_bytes(qn_pool *pool, int64_t bytes);

/* pool_slab.c: */
/* Under the depot's lock: the slab in which the address lies, or NULL. */
qni_slab *qni_slab_find(const qn_pool *pool, const void *address);
/* Asks the allocator for `count` objects, which go to the depot. `growing` held, or nobody else there. */
QN_MUST_USE qn_status qni_slab_open(qn_pool *pool, int64_t count, qn_error *err);
/* Sees to it that there are idle objects in the depot. QN_EXHAUSTED, without a message: there may be no more. */
QN_MUST_USE qn_status qni_pool_grow(qn_pool *pool, qn_error *err);
/* Gives idle slabs back: until `wanted` bytes are free, or but keep_size bytes of idle objects would remain. */
int64_t qni_pool_shrink(qn_pool *pool, int64_t keep_size, int64_t wanted);
/* Gives all slabs and tables back; nobody else is there. */
void qni_slabs_fini(qn_pool *pool);

/* pool_visit.c: */
/* The magazines stand still from one to the other. Not with any lock of the pool held but `growing`'s owner's. */
void qni_visit_begin(qn_pool *pool);
void qni_visit_end(qn_pool *pool);
/* During a visit, under the depot's lock: moves one in `share` objects of every magazine, rounded up, to the depot. */
void qni_visit_gather(qn_pool *pool, int64_t share);
/* Takes an object wherever there is one. False: there is none, and was none at one instant. */
bool qni_pool_steal(qn_pool *pool, void **out);

/* pool_check.c: of checked pools alone. */
void qni_checked_enlist(qn_pool *pool);
void qni_checked_delist(qn_pool *pool);
/* A slab has just come from the allocator, its objects were made, they are about to end. */
void qni_checked_fill(const qn_pool *pool, qni_slab *slab);
void qni_checked_open(const qn_pool *pool, qni_slab *slab);
void qni_checked_close(qn_pool *pool, qni_slab *slab);
/* `object` has just come from the depot. */
void qni_checked_taken(qn_pool *pool, void *object, qni_place place);
/* Whether `object` may be given back; if not, it was said. If so, it is no longer live. */
bool qni_checked_may_give(qn_pool *pool, void *object, qni_place place);
/* It may, was reset and is about to go to the depot. */
void qni_checked_given(qn_pool *pool, void *object);

#endif
