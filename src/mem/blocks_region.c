/* mem/blocks_region.c: the memory of a pool of blocks: making it, changing it, what the pool has done. */
#include "mem/blocks_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/arena_int.h"
#include "mem/limits.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#if QNI_ARENA_ASAN
#include <sanitizer/asan_interface.h>
#endif

void qni_blocks_hide(const char *bytes, int64_t size)
{
#if QNI_ARENA_ASAN
    __asan_poison_memory_region(bytes, (size_t)size);
#else
    (void)bytes, (void)size;
#endif
}

void qni_blocks_show(const char *bytes, int64_t size)
{
#if QNI_ARENA_ASAN
    __asan_unpoison_memory_region(bytes, (size_t)size);
#else
    (void)bytes, (void)size;
#endif
}

/* -- Regions -- */

/* The least power of two that is at least n. */
static int64_t power_from(int64_t n)
{
    int64_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

qn_status qni_region_plan(qni_region *out, const qn_blocks *pool, int64_t count, int64_t block_size, qn_error *err)
{
    *out = (qni_region){.memory = NULL};
    if (count < 1 || count > QNI_BLOCKS_COUNT_MAX || block_size < 1)
        return qni_error(err, QN_INVALID,
                         "a pool cannot have %" PRId64 " blocks of %" PRId64 " bytes (1 to %" PRId64 " of at least 1)",
                         count, block_size, QNI_BLOCKS_COUNT_MAX);
    int64_t shards = (int64_t)pool->shard_mask + 1;
    int64_t shares = pool->options.shares == 0 ? count : pool->options.shares == -1 ? 0 : pool->options.shares;
    if (shares > QNI_BLOCKS_SHARES_MAX)
        shares = QNI_BLOCKS_SHARES_MAX;
    int64_t pairs = power_from(shares / shards);
    /* These cannot overflow: counts are below 2^21. */
    int64_t about = (1 + count + shares) * (int64_t)sizeof(qni_hold) + pairs * shards * (int64_t)sizeof(int32_t);
    int64_t stride, data, size;
    if (!qni_size_round_up(&stride, block_size, QNI_ALIGN) || !qni_size_mul(&data, stride, count) ||
        !qni_size_add(&size, data, about))
        return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " blocks of %" PRId64 " bytes", count, block_size);
    *out = (qni_region){.size = size,
                        .count = count,
                        .block_size = block_size,
                        .stride = stride,
                        .shares = shares,
                        .pair_mask = (uint64_t)pairs - 1};
    return QN_OK;
}

qn_status qni_region_open(qni_region *region, const qn_blocks *pool, qn_error *err)
{
    region->memory = qni_alloc(pool->allocator, region->size, 1);
    if (region->memory == NULL)
        return qni_refused(err, pool->allocator, region->size, "%" PRId64 " blocks of %" PRId64 " bytes", region->count,
                           region->block_size);
    int64_t count = region->count, data = count * region->stride;
    memset(region->memory + data, 0, (size_t)(region->size - data));
    region->holds = (qni_hold *)(void *)(region->memory + data);
    region->pairs = (int32_t *)(void *)(region->holds + 1 + count + region->shares);
    for (int64_t i = 0; i < count; i++) {
        atomic_init(&region->holds[1 + i].state, pool->generation << QNI_STATE_SHIFT);
        region->holds[1 + i].block = (int32_t)i;
    }
    for (int64_t i = count + 1; i < count + region->shares; i++)
        region->holds[i].next = (int32_t)i + 1;
    if (pool->options.touch)
        memset(region->memory, 0, (size_t)data);
    if (pool->hide)
        qni_blocks_hide(region->memory, data);
    return QN_OK;
}

void qni_region_close(qni_region *region, const qn_blocks *pool)
{
    if (region->memory == NULL)
        return;
    if (pool->hide)
        qni_blocks_show(region->memory, region->count * region->stride);
    qni_free(pool->allocator, region->memory, region->size, 1);
    *region = (qni_region){.memory = NULL};
}

void qni_blocks_install(qn_blocks *pool, qni_region region)
{
    for (uint64_t i = 0; i <= pool->shard_mask; i++) {
        assert(pool->shards[i].pending == 0);
        pool->shards[i].top = 0;
    }
    pool->shares.top = region.shares > 0 ? (int32_t)region.count + 1 : 0;
    /* Relaxed, all: whoever uses the pool takes one of the locks that are held here. */
    atomic_store_explicit(&pool->shares.used, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->stocked, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->fresh, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->peak, 0, memory_order_relaxed);
    pool->region = region;
    /* Sequentially consistent: as in qni_blocks_watch. */
    atomic_store_explicit(&pool->counts, (uint64_t)region.count * (QNI_COUNT_FREE + QNI_COUNT_TOTAL),
                          memory_order_seq_cst);
}

/* -- Making and freeing -- */

void qn_blocks_options_init(qn_blocks_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status check_options(const qn_blocks_options *options, qn_error *err)
{
    if (options->shares < -1 || options->shares > QNI_BLOCKS_SHARES_MAX)
        return qni_error(err, QN_INVALID, "a pool of blocks cannot have %" PRId64 " shares (-1 to %" PRId64 ")",
                         options->shares, QNI_BLOCKS_SHARES_MAX);
    if ((unsigned)options->poison > QN_BLOCKS_POISON_ALWAYS)
        return qni_error(err, QN_INVALID, "there is no poisoning %u of blocks", (unsigned)options->poison);
    if (options->high < 0 || options->low < 0 || (options->high > 0 && options->low >= options->high))
        return qni_error(err, QN_INVALID, "watermarks of blocks need 0 <= low (%" PRId64 ") < high (%" PRId64 ")",
                         options->low, options->high);
    if (options->high > 0 && options->watermark == NULL)
        return qni_error(err, QN_INVALID, "watermarks of blocks need somebody to call");
    return QN_OK;
}

/* Bytes of a pool's own record. */
static int64_t pool_size(int64_t shards)
{
    return (int64_t)sizeof(qn_blocks) + shards * (int64_t)sizeof(qni_shard);
}

qn_status qni_blocks_new_shards(qn_blocks **out, int64_t shards, int64_t count, int64_t block_size,
                                const qn_blocks_options *options, const qn_allocator *allocator, qn_error *err)
{
    assert(out && shards >= 1 && shards <= QNI_BLOCKS_SHARDS && (shards & (shards - 1)) == 0);
    *out = NULL;
    qn_blocks_options given;
    qn_status status = qni_options_copy(&given, sizeof given, options, "qn_blocks_options", err);
    if (status == QN_OK)
        status = check_options(&given, err);
    if (status != QN_OK)
        return status;
    qn_blocks *pool = qni_alloc_zeroed(allocator, pool_size(shards), 1);
    if (pool == NULL)
        return qni_refused(err, allocator, pool_size(shards), "a pool of blocks");
    pool->allocator = allocator;
    pool->options = given;
    pool->shard_mask = (uint64_t)shards - 1;
    pool->generation = 1;
    pool->hide = QNI_ARENA_ASAN && given.poison != QN_BLOCKS_POISON_NEVER;
    pool->fill = given.poison == QN_BLOCKS_POISON_ALWAYS;
#ifndef NDEBUG
    pool->fill |= given.poison == QN_BLOCKS_POISON_AUTO;
#endif
    qni_region region;
    status = qni_region_plan(&region, pool, count, block_size, err);
    if (status == QN_OK)
        status = qni_region_open(&region, pool, err);
    if (status != QN_OK) {
        qni_free(allocator, pool, pool_size(shards), 1);
        return status;
    }
    qni_blocks_install(pool, region);
    *out = pool;
    return QN_OK;
}

qn_status qn_blocks_new(qn_blocks **out, int64_t count, int64_t block_size, const qn_blocks_options *options,
                        const qn_allocator *allocator, qn_error *err)
{
    return qni_blocks_new_shards(out, QNI_BLOCKS_SHARDS, count, block_size, options, allocator, err);
}

void qn_blocks_free(qn_blocks *pool)
{
    if (pool == NULL)
        return;
    qni_region_close(&pool->region, pool);
    qni_free(pool->allocator, pool, pool_size((int64_t)pool->shard_mask + 1), 1);
}

/* -- Reconfiguring -- */

static void lock_all(qn_blocks *pool)
{
    for (int64_t i = 0; i <= (int64_t)pool->shard_mask; i++)
        qni_blocks_lock(pool, i);
}

static void unlock_all(qn_blocks *pool)
{
    for (int64_t i = 0; i <= (int64_t)pool->shard_mask; i++)
        qni_blocks_unlock(pool, i);
}

static bool any_pending(const qn_blocks *pool)
{
    for (uint64_t i = 0; i <= pool->shard_mask; i++)
        if (pool->shards[i].pending != 0)
            return true;
    return false;
}

typedef struct holder {
    int64_t owner, blocks;
} holder;

/* One more block of `owner`, for which there are too few places perhaps: then every owner there loses one, and it gets
 * none. Who holds more than one block in as many as there are places, and one more, keeps a place (Misra and Gries,
 * Finding repeated elements, 1982). */
static void suspect(holder *holders, int64_t owner)
{
    holder *empty = NULL;
    for (int i = 0; i < QNI_BLOCKS_SUSPECTS; i++) {
        if (holders[i].blocks > 0 && holders[i].owner == owner) {
            holders[i].blocks++;
            return;
        }
        if (holders[i].blocks == 0)
            empty = &holders[i];
    }
    if (empty != NULL)
        *empty = (holder){owner, 1};
    else
        for (int i = 0; i < QNI_BLOCKS_SUSPECTS; i++)
            holders[i].blocks--;
}

/* Those who hold the most first, as far as `suspect` finds them; counted anew. All locks are held. */
static void most_blocks(holder *holders, const qn_blocks *pool)
{
    int64_t end = pool->region.count + pool->region.shares;
    for (int64_t at = 1; at <= end; at++) {
        /* Relaxed: all locks are held. */
        int64_t owner = atomic_load_explicit(&pool->region.holds[at].owner, memory_order_relaxed);
        if (owner != 0)
            suspect(holders, owner);
    }
    for (int i = 0; i < QNI_BLOCKS_SUSPECTS; i++) {
        holder one = {holders[i].owner, 0};
        for (int32_t at = 0; holders[i].blocks > 0 && (at = qni_blocks_next_hold(pool, one.owner, at)) != 0;)
            one.blocks++;
        int place = i;
        for (; place > 0 && holders[place - 1].blocks < one.blocks; place--)
            holders[place] = holders[place - 1];
        holders[place] = one;
    }
}

/* QN_BUSY: how many blocks are used, and who holds the most. All locks are held. */
static qn_status held_by(const qn_blocks *pool, int64_t used, qn_error *err)
{
    holder most[QNI_BLOCKS_SUSPECTS] = {{0, 0}};
    most_blocks(most, pool);
    char names[256] = ": references hold them";
    int length = 0;
    for (int i = 0; i < QNI_BLOCKS_NAMED_MAX && most[i].blocks > 0; i++)
        length += snprintf(names + length, sizeof names - (size_t)length, "%s owner %" PRId64 " holds %" PRId64,
                           i == 0 ? ":" : ",", most[i].owner, most[i].blocks);
    return qni_error(err, QN_BUSY, "%" PRId64 " of %" PRId64 " blocks are in use%s", used, pool->region.count, names);
}

/* The generation after the greatest of the region's blocks, so that no qn_block of before is good. */
static uint64_t next_generation(const qn_blocks *pool)
{
    int64_t greatest = 0;
    for (int64_t i = 1; i <= pool->region.count; i++) {
        /* Relaxed: alone in the pool. */
        uint64_t state = atomic_load_explicit(&pool->region.holds[i].state, memory_order_relaxed);
        if (qni_state_generation(state) > greatest)
            greatest = qni_state_generation(state);
    }
    return pool->region.count == 0 ? pool->generation : (uint64_t)qni_generation_after(greatest);
}

/* Takes the region away, if that is allowed: *out is it, the pool has no blocks and refuses to hand out any. */
static qn_status detach(qni_region *out, qn_blocks *pool, bool force, qn_error *err)
{
    lock_all(pool);
    /* Sequentially consistent, here and below: as in qni_blocks_watch. Nobody else writes it now. */
    uint64_t word = atomic_load_explicit(&pool->counts, memory_order_seq_cst);
    int64_t used = (int64_t)(word & QNI_COUNT_MASK);
    qn_status status = QN_OK;
    if ((word & QNI_COUNT_CLOSED) != 0)
        status = qni_error(err, QN_BUSY, "the pool of blocks is being reconfigured by another thread");
    else if (used > 0 && !force)
        status = held_by(pool, used, err);
    if (status != QN_OK) {
        unlock_all(pool);
        return status;
    }
    /* From here no take begins; those that still look for their blocks find them and end. */
    atomic_fetch_or_explicit(&pool->counts, QNI_COUNT_CLOSED, memory_order_seq_cst);
    while (any_pending(pool)) {
        unlock_all(pool);
        qni_yield();
        lock_all(pool);
    }
    *out = pool->region;
    pool->generation = next_generation(pool);
    /* Relaxed: alone in the pool. What the last takes have is used by now, and taken - given stays what is used. */
    used = qn_blocks_counts(pool).used;
    atomic_fetch_add_explicit(&pool->shards[0].given, used, memory_order_relaxed);
    qni_blocks_install(pool, (qni_region){.memory = NULL});
    atomic_fetch_or_explicit(&pool->counts, QNI_COUNT_CLOSED, memory_order_seq_cst);
    unlock_all(pool);
    return QN_OK;
}

static void attach(qn_blocks *pool, qni_region region)
{
    lock_all(pool);
    qni_blocks_install(pool, region);
    unlock_all(pool);
}

qn_status qn_blocks_reconfigure(qn_blocks *pool, int64_t count, int64_t block_size, bool force, qn_error *err)
{
    assert(pool);
    qni_region fresh, old;
    qn_status status = qni_region_plan(&fresh, pool, count, block_size, err);
    if (status == QN_OK)
        status = detach(&old, pool, force, err);
    if (status != QN_OK)
        return status;
    qni_region again = old;
    qni_region_close(&old, pool);
    status = qni_region_open(&fresh, pool, err);
    if (status == QN_OK) {
        attach(pool, fresh);
    } else {
        bool back = again.count > 0 && qni_region_open(&again, pool, NULL) == QN_OK;
        attach(pool, back ? again : (qni_region){.memory = NULL});
    }
    qni_blocks_watch(pool);
    return status;
}

/* -- Statistics -- */

void qn_blocks_get_stats(qn_blocks *pool, qn_blocks_stats *out)
{
    assert(pool && out);
    qn_blocks_count counts = qn_blocks_counts(pool);
    /* Relaxed, all: each is read by itself. */
    qn_blocks_stats stats = {
        .used = counts.used,
        .free = counts.free,
        .total = counts.total,
        .peak = atomic_load_explicit(&pool->peak, memory_order_relaxed),
        .shares = atomic_load_explicit(&pool->shares.used, memory_order_relaxed),
        .refused = atomic_load_explicit(&pool->refused, memory_order_relaxed),
        .bad = atomic_load_explicit(&pool->bad, memory_order_relaxed),
        .contended = atomic_load_explicit(&pool->waits.contended, memory_order_relaxed),
        .slept = atomic_load_explicit(&pool->waits.slept, memory_order_relaxed),
        .wait_ns = atomic_load_explicit(&pool->waits.wait_ns, memory_order_relaxed),
    };
    for (uint64_t i = 0; i <= pool->shard_mask; i++) {
        stats.taken += atomic_load_explicit(&pool->shards[i].taken, memory_order_relaxed);
        stats.given += atomic_load_explicit(&pool->shards[i].given, memory_order_relaxed);
        stats.fetched += atomic_load_explicit(&pool->shards[i].fetched, memory_order_relaxed);
    }
    qni_blocks_lock(pool, 0); /* the region stays as it is */
    stats.block_size = pool->region.block_size;
    qni_blocks_unlock(pool, 0);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}
