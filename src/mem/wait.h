/* mem/wait.h: waiting, without a lock, until what another thread does has come true; and telling those who wait.
 *
 * Whoever waits looks at a condition; whoever makes it true calls qni_wait_notify afterwards. Nobody is ever left
 * asleep with his condition true, and the system is entered only where somebody may sleep.
 *
 * Why no wake is lost. The sleeper S: sets bit 0 of the word (A), fence, looks at the condition (B), sleeps while the
 * word is as A left it. The notifier N: writes the condition (X), fence, reads the word (C), and where bit 0 is set
 * counts the word up, which clears the bit, and wakes all. Of the two fences one is first:
 *  - N's is first: B sees X, and S does not sleep.
 *  - S's is first: C sees A or what came later. If the bit is set, N's exchange changes the word, and S, whether asleep
 *    or about to be, is woken or not let to sleep. If the bit is not set, or the exchange fails, then some other
 *    notifier counted the word up after A: S is awake because of it.
 *
 * Whoever is woken begins again at A. If it then finds the bit set or cleared by a notifier's exchange, it has acquired
 * what that notifier released. A thread that set the bit and then went without sleeping leaves it; whoever clears it
 * looks at the count of sleepers, too, before it calls the system. The count of wakes has 31 bits: it would have to go
 * round entirely between A and sleeping to be mistaken.
 *
 * The fences: S's is heavy and N's light (base/lock.h), so that moving items costs nothing where nobody sleeps. Where
 * the system has no such fences both are sequentially consistent ones, and are ordered as such.
 *
 * The thread sanitizer knows no fences. Under it N reads the word by an exchange that changes nothing: of two exchanges
 * of one word, the later one acquires what the earlier one released, and the same two cases follow. */
#ifndef QNI_MEM_WAIT_H
#define QNI_MEM_WAIT_H

#include "base/alloc.h"
#include "base/lock.h"

#include <quern/ring.h>

#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__)
#define QNI_WAIT_FENCES 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QNI_WAIT_FENCES 0
#endif
#endif
#ifndef QNI_WAIT_FENCES
#define QNI_WAIT_FENCES 1
#endif

typedef struct qni_wait {
    _Alignas(QNI_ALIGN) _Atomic uint32_t word; /* bit 0: somebody sleeps or is about to; above it: wakes, counted */
    _Atomic uint32_t sleepers;                 /* threads from before A until after they slept */
    qn_ring_wait how;
    bool light; /* N's fence is the light one */
    /* Relaxed, all three: counts that carry nothing but themselves, written where a thread waits or wakes. */
    _Atomic int64_t waits, sleeps, wakes;
} qni_wait;

/* The rest is zero. */
void qni_wait_init(qni_wait *wait, qn_ring_wait how);

/* When a wait of timeout_ns that begins now ends, for qni_wait_until. */
int64_t qni_wait_deadline_ns(int64_t timeout_ns);

/* Waits until ready(user), which only reads, and by acquire what it must see. False: it is past the deadline, and
 * ready(user) is not true. Any number of threads. */
bool qni_wait_until(qni_wait *wait, bool (*ready)(void *user), void *user, int64_t deadline_ns);

/* The last step of that: sleeps once, at most timeout_ns (< 0: as long as it takes), unless ready(user) is true.
 * Returns whether it was. May wake for no reason. */
bool qni_wait_sleep(qni_wait *wait, bool (*ready)(void *user), void *user, int64_t timeout_ns);

/* Wakes all who sleep, where the word still is `seen`. */
void qni_wait_wake(qni_wait *wait, uint32_t seen);

/* The notifier's fence. One serves several waits of the same kind that are told one after another. */
static inline void qni_wait_fence(const qni_wait *wait)
{
#if QNI_WAIT_FENCES
    if (wait->light)
        qni_fence_light();
    else if (wait->how == QN_RING_PARK)
        atomic_thread_fence(memory_order_seq_cst); /* N's, above; pairs with the one in wait.c */
#else
    (void)wait;
#endif
}

/* Tells those who wait, after qni_wait_fence. */
static inline void qni_wait_notify_fenced(qni_wait *wait)
{
    if (wait->how != QN_RING_PARK)
        return;
#if QNI_WAIT_FENCES
    /* C. Relaxed: the fences order it. */
    uint32_t seen = atomic_load_explicit(&wait->word, memory_order_relaxed);
#else
    /* C. Acquire and release: the exchange in place of the fences. */
    uint32_t seen = atomic_fetch_or_explicit(&wait->word, 0, memory_order_acq_rel);
#endif
    if (__builtin_expect(seen & 1, 0))
        qni_wait_wake(wait, seen);
}

/* Tells those who wait that what they wait for may have come true. What makes it true has been written before. */
static inline void qni_wait_notify(qni_wait *wait)
{
    qni_wait_fence(wait);
    qni_wait_notify_fenced(wait);
}

/* Fills in the counts of waits, sleeps and wakes. */
static inline void qni_wait_counts(qn_ring_stats *stats, const qni_wait *producers, const qni_wait *consumers)
{
    stats->producer_waits = atomic_load_explicit(&producers->waits, memory_order_relaxed);
    stats->consumer_waits = atomic_load_explicit(&consumers->waits, memory_order_relaxed);
    stats->sleeps = atomic_load_explicit(&producers->sleeps, memory_order_relaxed) +
                    atomic_load_explicit(&consumers->sleeps, memory_order_relaxed);
    stats->wakes = atomic_load_explicit(&producers->wakes, memory_order_relaxed) +
                   atomic_load_explicit(&consumers->wakes, memory_order_relaxed);
}

#endif
