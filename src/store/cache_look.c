/* store/cache_look.c: what a cache counts, shows and verifies. Any thread. */
#include "store/cache_front_int.h"

#include "base/options.h"
#include "mem/metrics.h"

#include <string.h>

static int64_t total_of(const qn_cache *cache, int which)
{
    int64_t total = 0;
    for (int64_t i = 0; i < QNI_CACHE_LINES; i++)
        total += atomic_load_explicit(&cache->lines[i].counts[which], memory_order_relaxed);
    return total;
}

static int64_t total_of_range(const qn_cache *cache, int first, int count)
{
    int64_t total = 0;
    for (int i = 0; i < count; i++)
        total += total_of(cache, first + i);
    return total;
}

static int64_t found_in(const qn_cache *cache, qni_cache_place place)
{
    return total_of(cache, QNI_COUNT_HITS + (int)place) + total_of(cache, QNI_COUNT_ABSENT + (int)place);
}

static void look_at_tiers(qn_cache *cache, qn_cache_stats *stats)
{
    qni_memory_counts memory = {0};
    qni_disk_counts disk = {0};
    if (cache->memory != NULL)
        qni_memory_counts_get(&memory, cache->memory);
    if (cache->disk != NULL)
        qni_disk_counts_get(&disk, cache->disk);
    qni_queue_sizes(cache->queue, &stats->queued_entries, &stats->queued_bytes);
    stats->memory_entries = memory.entries;
    stats->memory_bytes = memory.bytes;
    stats->memory_limit = cache->memory_limit;
    stats->memory_evicted = memory.evicted;
    stats->pinned_entries = memory.pinned_entries;
    stats->pinned_bytes = memory.pinned_bytes;
    stats->disk_entries = disk.entries;
    stats->disk_bytes = disk.bytes;
    stats->disk_limit = cache->disk_limit;
    stats->disk_evicted = disk.evicted;
    stats->expired = memory.expired + disk.expired;
    stats->damaged = disk.damaged;
    stats->indexes_rebuilt = disk.rebuilt;
}

void qn_cache_get_stats(qn_cache *cache, qn_cache_stats *out)
{
    qn_cache_stats stats = {
        .size = (int64_t)sizeof stats,
        .hits = total_of_range(cache, QNI_COUNT_HITS, QNI_PLACES),
        .absent_hits = total_of_range(cache, QNI_COUNT_ABSENT, QNI_PLACES),
        .misses = total_of(cache, QNI_COUNT_MISSES),
        .memory_hits = found_in(cache, QNI_PLACE_MEMORY),
        .queue_hits = found_in(cache, QNI_PLACE_QUEUE),
        .disk_hits = found_in(cache, QNI_PLACE_DISK),
        .shared_hits = found_in(cache, QNI_PLACE_SHARED),
        .puts = total_of(cache, QNI_COUNT_PUTS),
        .removed = total_of(cache, QNI_COUNT_REMOVED),
        .made = total_of(cache, QNI_COUNT_MADE),
        .joined = total_of(cache, QNI_COUNT_JOINED),
        .disk_errors = total_of(cache, QNI_COUNT_ERRORS + QNI_BELOW_DISK),
        .shared_errors = total_of(cache, QNI_COUNT_ERRORS + QNI_BELOW_SHARED),
    };
    look_at_tiers(cache, &stats);
    stats.damaged += total_of(cache, QNI_COUNT_DAMAGED);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

/* ---- metrics ---- */

qn_status qni_cache_collect(void *user, qn_collection *collection, qn_error *err)
{
    qn_cache *cache = user;
    qn_cache_stats stats = {.size = sizeof stats};
    qn_cache_get_stats(cache, &stats);
    const qni_shown shown[] = {
        {"quern_cache_entries", "Entries.", "tier", "memory", stats.memory_entries, false},
        {"quern_cache_entries", NULL, "tier", "disk", stats.disk_entries, false},
        {"quern_cache_entries", NULL, "tier", "queue", stats.queued_entries, false},
        {"quern_cache_bytes", "Bytes that entries take.", "tier", "memory", stats.memory_bytes, false},
        {"quern_cache_bytes", NULL, "tier", "disk", stats.disk_bytes, false},
        {"quern_cache_bytes", NULL, "tier", "queue", stats.queued_bytes, false},
        {"quern_cache_limit_bytes", "Bytes that entries may take.", "tier", "memory", stats.memory_limit, false},
        {"quern_cache_limit_bytes", NULL, "tier", "disk", stats.disk_limit, false},
        {"quern_cache_pinned_bytes", "Bytes in memory that are pinned.", NULL, NULL, stats.pinned_bytes, false},
        {"quern_cache_hits_total", "Gets that found something, an absence included.", "tier", "memory",
         stats.memory_hits, true},
        {"quern_cache_hits_total", NULL, "tier", "queue", stats.queue_hits, true},
        {"quern_cache_hits_total", NULL, "tier", "disk", stats.disk_hits, true},
        {"quern_cache_hits_total", NULL, "tier", "shared", stats.shared_hits, true},
        {"quern_cache_misses_total", "Gets that found nothing.", NULL, NULL, stats.misses, true},
        {"quern_cache_puts_total", "Values and absences that were put.", NULL, NULL, stats.puts, true},
        {"quern_cache_made_total", "Values made for those who asked.", NULL, NULL, stats.made, true},
        {"quern_cache_joined_total", "Askers who waited for what another made.", NULL, NULL, stats.joined, true},
        {"quern_cache_ended_total", "Entries that went.", "why", "removed", stats.removed, true},
        {"quern_cache_ended_total", NULL, "why", "expired", stats.expired, true},
        {"quern_cache_ended_total", NULL, "why", "memory", stats.memory_evicted, true},
        {"quern_cache_ended_total", NULL, "why", "disk", stats.disk_evicted, true},
        {"quern_cache_damaged_total", "Values that were not what was written.", NULL, NULL, stats.damaged, true},
        {"quern_cache_errors_total", "Reads and writes that failed.", "tier", "disk", stats.disk_errors, true},
        {"quern_cache_errors_total", NULL, "tier", "shared", stats.shared_errors, true},
    };
    return qni_collection_numbers(collection, "cache", cache->name, shown, sizeof shown / sizeof *shown, err);
}

/* ---- entries ---- */

qn_status qn_cache_each(qn_cache *cache, qn_cache_tier tier, const void *prefix, int64_t prefix_size,
                        qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err), void *user,
                        qn_error *err)
{
    if (prefix == NULL)
        prefix_size = 0;
    else if (prefix_size < 0)
        prefix_size = (int64_t)strlen(prefix);
    switch (tier) {
    case QN_CACHE_MEMORY:
        qni_cache_catch_up(cache);
        if (cache->memory != NULL)
            return qni_memory_each(cache->memory, prefix, prefix_size, show, user, err);
        break;
    case QN_CACHE_DISK:
        if (cache->disk != NULL)
            return qni_disk_each(cache->disk, prefix, prefix_size, show, user, err);
        break;
    }
    return qni_error(err, QN_INVALID, "the cache \"%s\" has no such tier", cache->name);
}

qn_status qn_cache_verify(qn_cache_report *out, qn_cache *cache, bool repair,
                          qn_status (*told)(void *user, const char *sentence, qn_error *err), void *user, qn_error *err)
{
    qn_cache_report report = {.size = sizeof report};
    if (cache->disk == NULL)
        return qni_error(err, QN_INVALID, "the cache \"%s\" is not on disk: there is nothing to verify", cache->name);
    if (repair && cache->read_only)
        return qni_error(err, QN_INVALID, "the cache \"%s\" is only read: it cannot be repaired", cache->name);
    qn_status s = qni_disk_verify(&report, cache->disk, &cache->keys, repair, told, user, err);
    qni_stats_copy(out, &report, (int64_t)sizeof report);
    return s;
}
