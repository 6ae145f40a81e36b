/* base/clock.c: the system's clocks. Neither can fail on the systems that Quern runs on. Any thread. */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t qni_clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t qni_clock_wall_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}

int64_t qni_clock_boot_ns(void)
{
    return read_ns(CLOCK_BOOTTIME);
}

static int64_t real_now_ns(void *user)
{
    (void)user;
    return qni_clock_monotonic_ns();
}

qni_clock qni_clock_real(void)
{
    return (qni_clock){.now_ns = real_now_ns, .user = NULL};
}
