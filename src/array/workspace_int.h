/* array/workspace_int.h: what the files of the workspace share: its classes, and what is known of each.
 *
 * A block goes: shape → bytes → index of its class → the class's pool. Always: a class that was published stays until
 * the end; what its pool draws passes through the class's own source, which counts it. No lock of the workspace's own:
 * what it keeps is atomic, and all else is the pools'. */
#ifndef QNI_ARRAY_WORKSPACE_INT_H
#define QNI_ARRAY_WORKSPACE_INT_H

#include "array/limits.h"
#include "base/alloc.h"
#include "mem/locals.h"

#include <quern/budget.h>
#include <quern/pool.h>
#include <quern/workspace.h>

#include <stdatomic.h>

/* Sizes: 64, 128 … 512, then eight to every doubling up to 2^QNI_WORKSPACE_LARGEST_BITS. */
#define QNI_WORKSPACE_CLASSES (8 + 8 * (QNI_WORKSPACE_LARGEST_BITS - 9))

typedef struct qni_workspace_class {
    qn_workspace *workspace;
    qn_pool *pool;
    qn_allocator source; /* of the pool: the workspace's, counted */
    int64_t block_size;  /* bytes */
    int64_t index;
    /* Seldom written and read by every take, so that one line serves. All relaxed: nothing else is read because of
     * them. `used` and the clock are an order of ages, in which neighbours may change places. `held` tells a take
     * whether its own thread made the pool grow, which it sees as its own write; another's growth does no harm. The
     * rest are sums. */
    _Atomic int64_t used;                         /* the workspace's clock at the latest take */
    _Atomic int64_t planned;                      /* blocks */
    _Atomic int64_t held;                         /* bytes drawn */
    _Atomic int64_t trimmed;                      /* bytes given back */
    _Atomic int64_t reserve_takes, reserve_grown; /* takes and slabs of the pool that were qn_workspace_reserve's */
} qni_workspace_class;

/* What a thread counts. `asked`: bytes of the blocks that it took less those that it gave, as their shapes say: the sum
 * over all threads counts. Written by its thread alone, by a load and a store, but for the shared one, by additions.
 * Relaxed: sums that order nothing; the next thread with the same number sees them by the order of numbers
 * (base/thread.h). */
typedef struct qni_workspace_tally {
    int64_t takes; /* its thread's own; not in the shared one */
    _Atomic int64_t asked[QNI_WORKSPACE_CLASSES];
} qni_workspace_tally;

struct qn_workspace {
    const qn_allocator *source; /* of everything; NULL: the default */
    qn_allocator allocator;     /* what qn_workspace_allocator shows */
    qn_budget *budget;          /* that hears of pressure; NULL: none */
    qn_budget *own_budget;      /* of a default workspace that the library made */
    int64_t idle_limit;         /* bytes; INT64_MAX: any number */
    qni_locals tallies;
    _Atomic int64_t
        clock; /* ticks with all that is slow anyway and now and then; read by every take. Relaxed: as `used` */
    /* Released when a class is published, acquired by who uses it, who then sees it complete. NULL: none yet. */
    _Atomic(qni_workspace_class *) classes[QNI_WORKSPACE_CLASSES];

    /* Written by any thread, with every large block or when something grows. Relaxed: sums; idle_limit is looked at
     * again with the next block. */
    _Alignas(QNI_ALIGN) _Atomic int64_t large_live; /* bytes of large blocks handed out */
    _Atomic int64_t large_held, held;               /* bytes drawn for large blocks themselves, for everything */
    _Atomic int64_t large_planned;                  /* bytes */
    qni_workspace_tally shared;                     /* of threads that have none of their own */
};

static inline bool qni_workspace_is_large(const qni_workspace_class *c)
{
    return c->block_size >= QNI_WORKSPACE_LARGE;
}

/* workspace.c. The class that is there at an index, or NULL; and the same, made where it is not: NULL: no memory. */
qni_workspace_class *qni_workspace_class_at(const qn_workspace *w, int64_t index);
qni_workspace_class *qni_workspace_class_make(qn_workspace *w, int64_t index);
/* The class of so many bytes, 1 ... 2^QNI_WORKSPACE_LARGEST_BITS, and the bytes of its blocks. */
int64_t qni_workspace_class_index(int64_t bytes);
int64_t qni_workspace_class_size(int64_t index);
/* The calling thread's tally, made where it has none; the shared one where there is no memory or no place. */
qni_workspace_tally *qni_workspace_tally_make(qn_workspace *w);
/* The bytes that a shape takes, at least 1. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_workspace_shape_bytes(int64_t *bytes, qn_dtype dtype, int32_t ndim, const int64_t *shape,
                                                qn_error *err);

/* workspace_trim.c. Gives idle memory back, least recently used classes first, until at most keep_idle bytes are idle;
 * `planned`: what is planned does not count and stays. Returns the bytes given back. */
int64_t qni_workspace_shrink(qn_workspace *w, int64_t keep_idle, bool planned);
/* The same where idle_limit asks for it, after something grew or a large block was given; cheap where it does not. */
void qni_workspace_keep_limit(qn_workspace *w, bool grew);
/* For qn_budget_on_pressure: gives back at least `wanted` bytes if it can. */
int64_t qni_workspace_give_back(void *workspace, int64_t wanted);

#endif
