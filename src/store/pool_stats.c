/* store/pool_stats.c: what a pool of connections counts. Any thread. */
#include "store/pool_int.h"

#include "base/options.h"
#include "mem/metrics.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- who is late ---- */

static bool is_lent(const qni_dbslot *slot)
{
    int state = atomic_load_explicit(&slot->state, memory_order_relaxed);
    return state == QNI_DBSLOT_OUT || state == QNI_DBSLOT_RESERVED;
}

/* Keeps the QNI_DBPOOL_NAMED_MAX that were lent first, in that order. */
static int64_t first_lent(const qni_dbslot *out[QNI_DBPOOL_NAMED_MAX], const qn_dbpool *pool)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < pool->slots_count; i++) {
        const qni_dbslot *slot = &pool->slots[i];
        if (!is_lent(slot))
            continue;
        int64_t at = kept < QNI_DBPOOL_NAMED_MAX ? kept++ : QNI_DBPOOL_NAMED_MAX;
        for (; at > 0 && out[at - 1]->since_ns > slot->since_ns; at--)
            if (at < QNI_DBPOOL_NAMED_MAX)
                out[at] = out[at - 1];
        if (at < QNI_DBPOOL_NAMED_MAX)
            out[at] = slot;
    }
    return kept;
}

void qni_dbpool_name_late(char out[QNI_DBPOOL_SENTENCE_SIZE], const qn_dbpool *pool, int64_t now_ns)
{
    const qni_dbslot *lent[QNI_DBPOOL_NAMED_MAX];
    int64_t count = pool->open - pool->idle, named = first_lent(lent, pool);
    int at = snprintf(out, QNI_DBPOOL_SENTENCE_SIZE, "%" PRId64 " %s out: ", count, count == 1 ? "is" : "are");
    for (int64_t i = 0; i < named && at < QNI_DBPOOL_SENTENCE_SIZE; i++) {
        int64_t tenths = (now_ns - lent[i]->since_ns) / 100000000;
        const char *who = lent[i]->who != NULL ? lent[i]->who : "nobody, for it is just being closed";
        at += snprintf(out + at, (size_t)(QNI_DBPOOL_SENTENCE_SIZE - at), "%s\"%.60s\" for %" PRId64 ".%" PRId64 " s",
                       i == 0 ? "" : ", ", who, tenths / 10, tenths % 10);
    }
    if (count > named && at < QNI_DBPOOL_SENTENCE_SIZE)
        (void)snprintf(out + at, (size_t)(QNI_DBPOOL_SENTENCE_SIZE - at), " …");
}

/* ---- statistics ---- */

static int64_t relaxed(const _Atomic int64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed); /* it carries nothing but itself */
}

void qn_dbpool_get_stats(qn_dbpool *pool, qn_dbpool_stats *out)
{
    assert(pool && out);
    qn_histogram_stats waits = {.size = sizeof waits};
    qn_histogram_get_stats(pool->wait_ns, &waits);
    qn_dbpool_stats stats = {
        .size = (int64_t)sizeof stats,
        .name = pool->name,
        .open_max = pool->slots_count,
        .wait_count = waits.count,
        .wait_ns_sum = waits.sum,
        .wait_ns_p50 = qn_histogram_percentile(pool->wait_ns, 50),
        .wait_ns_p99 = qn_histogram_percentile(pool->wait_ns, 99),
        .wait_ns_p999 = qn_histogram_percentile(pool->wait_ns, 99.9),
        .wait_ns_max = waits.max,
        .lock_contended = relaxed(&pool->lock_waits.contended),
        .lock_slept = relaxed(&pool->lock_waits.slept),
        .lock_wait_ns = relaxed(&pool->lock_waits.wait_ns),
    };
    qni_lock_take(&pool->lock, &pool->lock_waits);
    qni_dbpool_counts counts = pool->counts;
    stats.open = pool->open;
    stats.idle = pool->idle;
    stats.waiting = pool->waiting;
    qni_lock_give(&pool->lock);
    stats.out = stats.open - stats.idle;
    stats.open_peak = counts.open_peak;
    stats.takes = counts.takes;
    stats.waits = counts.waits;
    stats.timeouts = counts.timeouts;
    stats.opened = counts.opened;
    stats.open_failures = counts.open_failures;
    stats.pings = counts.pings;
    stats.replaced = counts.replaced;
    stats.unfinished = counts.unfinished;
    stats.misuses = counts.misuses;
    stats.closed_broken = counts.closed[QNI_DBPOOL_BROKEN];
    stats.closed_overflow = counts.closed[QNI_DBPOOL_SURPLUS];
    stats.closed_idle = counts.closed[QNI_DBPOOL_IDLE_LONG];
    stats.closed_lifetime = counts.closed[QNI_DBPOOL_OLD];
    stats.closed_pool = counts.closed[QNI_DBPOOL_CLOSED];
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

/* ---- metrics ---- */

qn_status qni_dbpool_collect(void *user, qn_collection *collection, qn_error *err)
{
    qn_dbpool *pool = user;
    qn_dbpool_stats stats = {.size = sizeof stats};
    qn_dbpool_get_stats(pool, &stats);
    const qni_shown shown[] = {
        {"quern_dbpool_connections", "Connections that are open.", "state", "idle", stats.idle, false},
        {"quern_dbpool_connections", NULL, "state", "out", stats.out, false},
        {"quern_dbpool_connections_max", "Connections that may be open.", NULL, NULL, stats.open_max, false},
        {"quern_dbpool_waiting", "Threads that wait for a connection.", NULL, NULL, stats.waiting, false},
        {"quern_dbpool_takes_total", "Connections handed out.", NULL, NULL, stats.takes, true},
        {"quern_dbpool_waits_total", "Takes that had to wait.", NULL, NULL, stats.waits, true},
        {"quern_dbpool_timeouts_total", "Takes that got no connection in time.", NULL, NULL, stats.timeouts, true},
        {"quern_dbpool_opened_total", "Connections made.", NULL, NULL, stats.opened, true},
        {"quern_dbpool_open_failures_total", "Connections that could not be made.", NULL, NULL, stats.open_failures,
         true},
        {"quern_dbpool_pings_total", "Idle connections looked at.", NULL, NULL, stats.pings, true},
        {"quern_dbpool_unfinished_total", "Gives with rows or a transaction open.", NULL, NULL, stats.unfinished, true},
        {"quern_dbpool_closed_total", "Connections closed.", "why", "broken", stats.closed_broken, true},
        {"quern_dbpool_closed_total", NULL, "why", "overflow", stats.closed_overflow, true},
        {"quern_dbpool_closed_total", NULL, "why", "idle", stats.closed_idle, true},
        {"quern_dbpool_closed_total", NULL, "why", "lifetime", stats.closed_lifetime, true},
        {"quern_dbpool_closed_total", NULL, "why", "pool", stats.closed_pool, true},
    };
    return qni_collection_numbers(collection, "pool", pool->name, shown, sizeof shown / sizeof *shown, err);
}
