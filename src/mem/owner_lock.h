/* mem/owner_lock.h: a lock that costs its owner no atomic read-modify-write and no fence.
 *
 * One thread, the owner, enters and leaves all the time; others, the visitors, hardly ever. The owner writes `busy` and
 * then reads `wanted`; a visitor writes `wanted` and then reads `busy`. One of the two must see the other's write, for
 * which both need a full barrier between writing and reading. The visitor pays for both: membarrier makes every running
 * thread of the process pass a barrier while the visitor waits (less than a microsecond to some ten). If the owner's
 * barrier falls before its write of `busy`, its read of `wanted` comes later still and sees the visitor; if it falls
 * after, the visitor's read of `busy` sees the owner. Where the system has no membarrier, the lock is a fenced one and
 * its owner passes a barrier at each entry.
 *
 * A visit: qni_owner_want every lock, qni_owner_barrier once, qni_owner_await every lock, then the owned things are the
 * visitor's until qni_owner_let. Visitors exclude one another by a lock of their own. */
#ifndef QNI_MEM_OWNER_LOCK_H
#define QNI_MEM_OWNER_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    QNI_OWNER_WANTED = 1, /* a visitor wants in, or is in */
    QNI_OWNER_FENCED = 2, /* the owner passes its own barrier; never changes */
};

typedef struct qni_owner_lock {
    _Atomic uint32_t busy;   /* 1: the owner is in. Written by the owner alone */
    _Atomic uint32_t wanted; /* QNI_OWNER_… . Written by visitors alone */
} qni_owner_lock;

/* Makes a lock that nobody is in: fenced if asked for, or where there is no membarrier. */
void qni_owner_init(qni_owner_lock *lock, bool fenced);

/* The owner comes out. */
static inline void qni_owner_leave(qni_owner_lock *lock)
{
    /* Release: pairs with the acquire in qni_owner_await: a visitor sees what the owner wrote. */
    atomic_store_explicit(&lock->busy, 0, memory_order_release);
}

/* The owner goes in. False: a visitor wants in or is in, or the lock is fenced: qni_owner_enter knows. */
static inline bool qni_owner_try(qni_owner_lock *lock)
{
    /* Relaxed: that it comes before the load below is membarrier's work; the signal fence keeps the compiler from
     * changing the order. */
    atomic_store_explicit(&lock->busy, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    /* Acquire: pairs with the release in qni_owner_let: the owner sees what the last visitor wrote. */
    if (__builtin_expect(atomic_load_explicit(&lock->wanted, memory_order_acquire) == 0, 1))
        return true;
    qni_owner_leave(lock);
    return false;
}

/* The owner goes in, at any lock. False: a visitor wants in or is in; wait for it by other means and try again. */
bool qni_owner_enter(qni_owner_lock *lock);

void qni_owner_want(qni_owner_lock *lock);
void qni_owner_barrier(void);
void qni_owner_await(qni_owner_lock *lock);
void qni_owner_let(qni_owner_lock *lock);

/* For visitors: whether this lock is one that they said they want. */
static inline bool qni_owner_is_wanted(qni_owner_lock *lock)
{
    /* Relaxed: only visitors write it, and they exclude one another by a lock. */
    return (atomic_load_explicit(&lock->wanted, memory_order_relaxed) & QNI_OWNER_WANTED) != 0;
}

#endif
