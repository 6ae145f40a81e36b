/* mem/owner_lock.c: the visitors' side. */
#include "mem/owner_lock.h"

#include "base/lock.h"
#include "mem/limits.h"

void qni_owner_init(qni_owner_lock *lock, bool fenced)
{
    atomic_init(&lock->busy, 0);
    atomic_init(&lock->wanted, fenced || !qni_fence_ready() ? QNI_OWNER_FENCED : 0);
}

bool qni_owner_enter(qni_owner_lock *lock)
{
    if (qni_owner_try(lock))
        return true;
    /* Sequentially consistent, as are qni_owner_want and the load in qni_owner_await: of the two writes one is first,
     * and the other side's load comes after it. Acquire is part of it. */
    atomic_exchange_explicit(&lock->busy, 1, memory_order_seq_cst);
    if ((atomic_load_explicit(&lock->wanted, memory_order_seq_cst) & QNI_OWNER_WANTED) == 0)
        return true;
    qni_owner_leave(lock);
    return false;
}

void qni_owner_want(qni_owner_lock *lock)
{
    /* Sequentially consistent: pairs with qni_owner_enter; qni_owner_barrier does it for the others. */
    atomic_fetch_or_explicit(&lock->wanted, QNI_OWNER_WANTED, memory_order_seq_cst);
}

void qni_owner_barrier(void)
{
    (void)qni_fence_heavy(); /* where the system has none, every lock is fenced */
}

void qni_owner_await(qni_owner_lock *lock)
{
    /* Sequentially consistent: pairs with qni_owner_enter. Acquire is part of it, and pairs with the release in
     * qni_owner_leave. */
    for (int i = 0; atomic_load_explicit(&lock->busy, memory_order_seq_cst) != 0; i++) {
        if (i < QNI_OWNER_SPINS)
            qni_pause();
        else
            qni_yield(); /* the owner lost its processor inside */
    }
}

void qni_owner_let(qni_owner_lock *lock)
{
    /* Release: pairs with the acquire in qni_owner_enter. */
    atomic_fetch_and_explicit(&lock->wanted, ~(uint32_t)QNI_OWNER_WANTED, memory_order_release);
}
