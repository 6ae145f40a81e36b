/* mem/wait.c: see wait.h, which has the argument why no wake is lost. */
#include "mem/wait.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/lock.h"
#include "mem/limits.h"

#include <limits.h>

void qni_wait_init(qni_wait *wait, qn_ring_wait how)
{
    wait->how = how;
    wait->light = QNI_WAIT_FENCES && how == QN_RING_PARK && qni_fence_ready();
}

int64_t qni_wait_deadline_ns(int64_t timeout_ns)
{
    if (timeout_ns <= 0)
        return timeout_ns < 0 ? INT64_MAX : 0;
    int64_t now_ns = qni_clock_monotonic_ns();
    return timeout_ns < INT64_MAX - now_ns ? now_ns + timeout_ns : INT64_MAX;
}

void qni_wait_wake(qni_wait *wait, uint32_t seen)
{
    /* Release: a sleeper that comes to see this count sees what was written before it. Acquire: that the sleepers who
     * set the bit count themselves. Relaxed on failure: another notifier was quicker, and nothing is taken from it. */
    if (!atomic_compare_exchange_strong_explicit(&wait->word, &seen, seen + 1, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return;
    /* Relaxed: ordered by the exchange. 0: those who set the bit have gone, and nobody sleeps by it. */
    if (atomic_load_explicit(&wait->sleepers, memory_order_relaxed) == 0)
        return;
    qni_unpark(&wait->word, INT_MAX);
    atomic_fetch_add_explicit(&wait->wakes, 1, memory_order_relaxed);
}

/* Looks `count` times. The first looks are close together: what is waited for is often about to come. */
static bool look(bool (*ready)(void *user), void *user, int count)
{
    for (int i = 0; i < count; i++) {
        if (ready(user))
            return true;
        if (i >= QNI_WAIT_LOOKS_CLOSE)
            qni_pause();
    }
    return false;
}

/* S's fence; pairs with the one in qni_wait_fence. Where the heavy one fails, which it never did when it was asked for,
 * the sleep is a short one, so that a wake that is lost costs that and no more. */
static void fence(const qni_wait *wait, int64_t *timeout_ns)
{
#if QNI_WAIT_FENCES
    if (!wait->light)
        atomic_thread_fence(memory_order_seq_cst);
    else if (!qni_fence_heavy() && (*timeout_ns < 0 || *timeout_ns > QNI_BLIND_SLEEP_NS))
        *timeout_ns = QNI_BLIND_SLEEP_NS;
#else
    (void)wait;
    (void)timeout_ns;
#endif
}

bool qni_wait_sleep(qni_wait *wait, bool (*ready)(void *user), void *user, int64_t timeout_ns)
{
    /* Relaxed: A releases it. */
    atomic_fetch_add_explicit(&wait->sleepers, 1, memory_order_relaxed);
    /* A. Acquire: what the notifier that last counted the word up released. Release: the sleepers; and for the exchange
     * that stands for a fence under the thread sanitizer. */
    uint32_t seen = atomic_fetch_or_explicit(&wait->word, 1, memory_order_acq_rel) | 1;
    fence(wait, &timeout_ns);
    bool come_true = ready(user); /* B */
    if (!come_true) {
        atomic_fetch_add_explicit(&wait->sleeps, 1, memory_order_relaxed);
        (void)qni_park(&wait->word, seen, timeout_ns);
    }
    /* Relaxed: whoever still counts this thread makes a call in vain, no more. */
    atomic_fetch_sub_explicit(&wait->sleepers, 1, memory_order_relaxed);
    return come_true;
}

bool qni_wait_until(qni_wait *wait, bool (*ready)(void *user), void *user, int64_t deadline_ns)
{
    if (deadline_ns <= 0)
        return ready(user);
    atomic_fetch_add_explicit(&wait->waits, 1, memory_order_relaxed);
    if (look(ready, user, QNI_WAIT_LOOKS))
        return true;
    for (int64_t turn = 0;; turn++) {
        int64_t left_ns = -1;
        if (deadline_ns != INT64_MAX) {
            left_ns = deadline_ns - qni_clock_monotonic_ns();
            if (left_ns <= 0)
                return ready(user);
        }
        if (wait->how == QN_RING_PARK && turn >= QNI_WAIT_YIELDS) {
            if (qni_wait_sleep(wait, ready, user, left_ns))
                return true;
            continue;
        }
        if (wait->how != QN_RING_SPIN)
            qni_yield();
        if (look(ready, user, wait->how == QN_RING_SPIN ? QNI_WAIT_LOOKS : 1))
            return true;
    }
}
