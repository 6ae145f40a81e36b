/* mem/locals.h: one thing a thread for an object: a table indexed by the thread's number (base/thread.h).
 *
 * Getting one's own is a load or two. The thing of a thread that ended stays, and the next thread with its number finds
 * it, having seen all that was written. Tables only grow; an outgrown one is kept until the end, for those who still
 * read it. */
#ifndef QNI_MEM_LOCALS_H
#define QNI_MEM_LOCALS_H

#include "base/lock.h"
#include "base/thread.h"

#include <quern/base.h>

#include <stdatomic.h>
#include <stddef.h>

typedef struct qni_locals_table {
    struct qni_locals_table *older;
    int64_t capacity;
    _Atomic(void *) things[]; /* (capacity) NULL: none yet */
} qni_locals_table;

typedef struct qni_locals {
    _Atomic(qni_locals_table *) table; /* never NULL. Released when it grows, acquired by readers */
    qni_lock lock;                     /* guards growing, and walking over all */
    const qn_allocator *allocator;
} qni_locals;

/* Takes no memory yet. `allocator` is borrowed. */
void qni_locals_init(qni_locals *locals, const qn_allocator *allocator);
/* Frees the tables, not the things. */
void qni_locals_fini(qni_locals *locals);

/* The calling thread's thing, or NULL: it has none yet, or no number yet. Who wants to put one asks for the number
 * first (qni_thread_number; below 0: use what is shared) and then gets again: the thread before may have left one. */
static inline void *qni_locals_get(const qni_locals *locals)
{
    uint64_t number = (uint64_t)qni_thread_own - 1; /* no number: larger than any */
    /* Acquire: the table's capacity and things are seen as they were copied. */
    const qni_locals_table *table = atomic_load_explicit(&locals->table, memory_order_acquire);
    if (__builtin_expect(number >= (uint64_t)table->capacity, 0))
        return NULL;
    /* Relaxed: only this thread, or one before it with the same number, writes here; the numbers' lock orders those. */
    return atomic_load_explicit(&table->things[number], memory_order_relaxed);
}

/* Makes `thing` the calling thread's, which has none. False: no memory, or the thread has no number. Others see the
 * thing complete in qni_locals_each. */
bool qni_locals_put(qni_locals *locals, void *thing);

/* Calls fn for every thing there is, also those of threads that ended, under the lock: fn may not put. Ends early when
 * fn returns false. */
void qni_locals_each(qni_locals *locals, bool (*fn)(void *user, void *thing), void *user);

/* Bytes that the tables take. */
int64_t qni_locals_size(qni_locals *locals);

#endif
