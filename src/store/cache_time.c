/* store/cache_time.c: deadlines on two clocks.
 *
 * During one start of the machine the boot clock decides: nobody sets it. After another start it says nothing, and the
 * wall clock decides, which may be wrong by any amount: never is more left then than the entry was put with. A clock
 * whose start has no id (all zero) is taken for another one each time. Any thread. */
#include "store/cache_int.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"

#include <string.h>

static int64_t real_boot_ns(void *user)
{
    (void)user;
    return qni_clock_boot_ns();
}

static int64_t real_wall_ns(void *user)
{
    (void)user;
    return qni_clock_wall_ns();
}

/* The id's text, whatever it looks like, as 128 bits. */
static void take_id(char out[16], const char *text, int64_t size)
{
    qni_digest digest = qni_digest_of(text, size);
    memcpy(out, digest.bytes, 16);
}

void qni_cache_time_init(qni_cache_time *out, const qn_cache_clock *clock)
{
    qni_file_bytes id;
    *out = (qni_cache_time){.clock = {.boot_ns = real_boot_ns, .wall_ns = real_wall_ns}};
    if (clock != NULL) {
        out->clock = *clock;
        out->clock.boot_id = NULL; /* copied here, in its short form */
        if (clock->boot_id != NULL)
            take_id(out->boot_id, clock->boot_id, (int64_t)strlen(clock->boot_id));
    } else if (qni_file_read_all(&id, QNI_CACHE_BOOT_ID, QNI_CACHE_BOOT_ID_SIZE, NULL, NULL) == QN_OK) {
        if (id.size > 0)
            take_id(out->boot_id, id.bytes, id.size);
        qni_file_bytes_free(&id, NULL);
    }
}

static int64_t later(int64_t now, int64_t by)
{
    int64_t sum;
    return __builtin_add_overflow(now, by, &sum) ? INT64_MAX : sum;
}

qni_deadline qni_deadline_after(const qni_cache_time *time, int64_t ttl_ns)
{
    if (ttl_ns <= 0)
        return (qni_deadline){0};
    qni_deadline deadline = {.ttl_ns = ttl_ns,
                             .boot_ns = later(time->clock.boot_ns(time->clock.user), ttl_ns),
                             .wall_ns = later(time->clock.wall_ns(time->clock.user), ttl_ns)};
    memcpy(deadline.boot_id, time->boot_id, sizeof deadline.boot_id);
    return deadline;
}

static bool same_boot(const qni_cache_time *time, const qni_deadline *deadline)
{
    static const char unknown[sizeof time->boot_id];
    return memcmp(deadline->boot_id, time->boot_id, sizeof time->boot_id) == 0 &&
           memcmp(time->boot_id, unknown, sizeof unknown) != 0;
}

int64_t qni_deadline_left(const qni_cache_time *time, const qni_deadline *deadline)
{
    if (deadline->ttl_ns <= 0)
        return deadline->ttl_ns == 0 ? INT64_MAX : 0;
    bool boot = same_boot(time, deadline);
    int64_t now = boot ? time->clock.boot_ns(time->clock.user) : time->clock.wall_ns(time->clock.user);
    int64_t end = boot ? deadline->boot_ns : deadline->wall_ns, left;
    if (__builtin_sub_overflow(end, now, &left))
        return end < now ? 0 : deadline->ttl_ns;
    return left < deadline->ttl_ns ? left : deadline->ttl_ns;
}

qni_deadline qni_deadline_here(const qni_cache_time *time, const qni_deadline *deadline)
{
    qni_deadline here = *deadline;
    if (deadline->ttl_ns <= 0 || same_boot(time, deadline))
        return here;
    here.boot_ns = later(time->clock.boot_ns(time->clock.user), qni_deadline_left(time, deadline));
    memcpy(here.boot_id, time->boot_id, sizeof here.boot_id);
    return here;
}
