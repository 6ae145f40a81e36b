/* base/lock.c: locks and sleeping over Linux's futex.
 *
 * The lock's word is taken with acquire and given with release: what one holder wrote the next one sees. Word 2 may be
 * left by a taker that in the end did not sleep; the next giver then wakes nobody, at the cost of a call. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall */
#endif
#include "base/lock.h"

#include "base/clock.h"
#include "base/limits.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void qni_yield(void)
{
    (void)sched_yield();
}

bool qni_park(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    int errno_before = errno;
    long result = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, timeout_ns < 0 ? NULL : &timeout, NULL, 0);
    bool timed_out = result != 0 && errno == ETIMEDOUT;
    errno = errno_before;
    return !timed_out;
}

void qni_unpark(_Atomic uint32_t *word, int count)
{
    int errno_before = errno;
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
    errno = errno_before;
}

static bool membarrier(int command)
{
    int errno_before = errno;
    bool done = syscall(SYS_membarrier, command, 0, 0) == 0;
    errno = errno_before;
    return done;
}

bool qni_fence_ready(void)
{
    return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

bool qni_fence_heavy(void)
{
    /* A process has to have registered; a child of fork may have to do so itself. */
    return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) ||
           (qni_fence_ready() && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
}

bool qni_lock_try(qni_lock *lock)
{
    uint32_t free = 0;
    /* Acquire: pairs with the release in qni_lock_give. Relaxed on failure: nothing was taken. */
    return atomic_compare_exchange_strong_explicit(&lock->word, &free, 1, memory_order_acquire, memory_order_relaxed);
}

/* Takes a lock that was found held. Returns how often the system was asked to wait. */
static int64_t take_slowly(qni_lock *lock)
{
    for (int i = 0; i < QNI_LOCK_SPINS; i++) {
        qni_pause();
        /* Relaxed: only whether a try is worth it. */
        if (atomic_load_explicit(&lock->word, memory_order_relaxed) == 0 && qni_lock_try(lock))
            return 0;
    }
    int64_t slept = 0;
    /* Acquire: as in qni_lock_try. 2: whoever gives the lock now wakes somebody. */
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0) {
        (void)qni_park(&lock->word, 2, -1);
        slept++;
    }
    return slept;
}

void qni_lock_take(qni_lock *lock, qni_lock_waits *waits)
{
    if (qni_lock_try(lock))
        return;
    if (waits == NULL) {
        (void)take_slowly(lock);
        return;
    }
    int64_t begin_ns = qni_clock_monotonic_ns();
    int64_t slept = take_slowly(lock);
    atomic_fetch_add_explicit(&waits->contended, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&waits->slept, slept, memory_order_relaxed);
    atomic_fetch_add_explicit(&waits->wait_ns, qni_clock_monotonic_ns() - begin_ns, memory_order_relaxed);
}

void qni_lock_give(qni_lock *lock)
{
    /* Release: what this holder wrote is seen by the next, who acquires. */
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
        qni_unpark(&lock->word, 1);
}
