/* base/lock.c: locks and sleeping over Linux's futex.
 *
 * The lock's word is taken with acquire and given with release: what one holder wrote the next one sees.
 *
 * Why no wake is lost. A sleeper S sets bit 0 of `sleepers` (A), fences, tries the lock (B), and sleeps while
 * `sleepers` is as A left it. A giver G frees the word (X), fences, reads `sleepers` (C), and where the bit is set
 * counts it up, which clears the bit, and wakes one. S's fence is the heavy one, G's the light one; one is first.
 *  - G's is first: B finds the lock free, or taken by another, who is to give it yet.
 *  - S's is first: C sees A or what came later. Either G counts up, or another giver did since A; then S is not let to
 *    sleep, or one of those who sleep is woken.
 * Whoever is woken begins again at A, so the bit is set while others sleep: the next giver wakes one more. A bit that
 * is left by one who did not sleep costs a giver a call. The count has 31 bits, and would have to go round between A
 * and sleeping. Without the heavy fence a sleep is a short one. */
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
    for (int64_t slept = 0;; slept++) {
        /* A. Relaxed: the fence orders it. */
        uint32_t seen = atomic_fetch_or_explicit(&lock->sleepers, 1, memory_order_relaxed) | 1;
        bool ordered = qni_fence_heavy();
        if (qni_lock_try(lock)) /* B */
            return slept;
        (void)qni_park(&lock->sleepers, seen, ordered ? -1 : QNI_BLIND_SLEEP_NS);
    }
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

/* Wakes one of those who sleep, where `sleepers` still is `seen`; else another giver did. */
static void wake_one(qni_lock *lock, uint32_t seen)
{
    /* Relaxed: it carries nothing; who is woken acquires the lock's word. */
    if (atomic_compare_exchange_strong_explicit(&lock->sleepers, &seen, (seen & ~UINT32_C(1)) + 2, memory_order_relaxed,
                                                memory_order_relaxed))
        qni_unpark(&lock->sleepers, 1);
}

void qni_lock_give(qni_lock *lock)
{
    /* X. Release: what this holder wrote is seen by the next, who acquires. */
    atomic_store_explicit(&lock->word, 0, memory_order_release);
    qni_fence_light();
    /* C. Relaxed: the fences order it. */
    uint32_t seen = atomic_load_explicit(&lock->sleepers, memory_order_relaxed);
    if (__builtin_expect(seen & 1, 0))
        wake_one(lock, seen);
}
