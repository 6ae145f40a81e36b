/* base/lock.h: a small lock that counts its waits, and the sleeping and waking under everything that waits.
 *
 * Taking a lock that is free costs one atomic exchange, giving it a store; neither enters the system. One that is held
 * is spun on for a moment and then slept on. Not recursive; given by the thread that took it. Its memory outlives every
 * call on it, the giving one included. Any thread. */
#ifndef QNI_BASE_LOCK_H
#define QNI_BASE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero: free. */
typedef struct qni_lock {
    _Atomic uint32_t word;     /* 0 free, 1 held */
    _Atomic uint32_t sleepers; /* bit 0: somebody sleeps here, or is about to, or was; above it: wakes, counted */
} qni_lock;

/* What waiting for a lock has cost. All zero: nothing. Relaxed: they carry nothing but themselves. */
typedef struct qni_lock_waits {
    _Atomic int64_t contended; /* takes that found the lock held */
    _Atomic int64_t slept;     /* times that one of them asked the system to wait */
    _Atomic int64_t wait_ns;   /* time from finding it held to having it */
} qni_lock_waits;

/* `waits` may be NULL. */
void qni_lock_take(qni_lock *lock, qni_lock_waits *waits);
bool qni_lock_try(qni_lock *lock);
void qni_lock_give(qni_lock *lock);

/* Tells the processor that this thread only waits. */
static inline void qni_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Lets another thread run. */
void qni_yield(void);

/* Sleeps while *word == seen, at most timeout_ns (< 0: as long as it takes). May return early for no reason: the caller
 * looks again. Returns false when the time ran out. The word's value is read by the system as sequentially consistent;
 * whoever changes it must do so before qni_unpark. */
bool qni_park(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns);

/* Wakes up to `count` of those who sleep on the word. */
void qni_unpark(_Atomic uint32_t *word, int count);

/* Two fences for two threads, each of which writes one thing and then reads the other's, where one of them does so
 * often and the other seldom: of the two, at least one sees what the other wrote. The light one costs nothing. The
 * heavy one is a call of the system, some microseconds, that lets every thread of the process that runs pass a full
 * fence; false: the system did not, and nothing is ordered. qni_fence_ready: whether this system knows the heavy one;
 * else both threads need a full fence. It may take milliseconds the first time; any thread, any number of times. */
bool qni_fence_ready(void);
bool qni_fence_heavy(void);
static inline void qni_fence_light(void)
{
    atomic_signal_fence(memory_order_seq_cst); /* for the compiler; the processor is told by the heavy one */
}

#endif
