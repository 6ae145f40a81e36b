/* base/clock.h: what time it is.
 *
 * Code whose behaviour depends on time takes a qni_clock, so that a test can hold the hands. Any thread. */
#ifndef QNI_BASE_CLOCK_H
#define QNI_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds that only go forward, from an origin of no meaning; they stand still while the machine sleeps. For
 * durations. */
int64_t qni_clock_monotonic_ns(void);

/* Nanoseconds since 1970-01-01 UTC; jumps when the clock is set. For dates only. */
int64_t qni_clock_wall_ns(void);

/* Nanoseconds since the machine was started, also while it slept. What was read in one start says nothing in another:
 * the system's boot id tells them apart. */
int64_t qni_clock_boot_ns(void);

typedef struct qni_clock {
    int64_t (*now_ns)(void *user); /* never goes back */
    void *user;
} qni_clock;

/* The machine's own monotonic clock. */
qni_clock qni_clock_real(void);

static inline int64_t qni_clock_now_ns(qni_clock clock)
{
    return clock.now_ns(clock.user);
}

#endif
