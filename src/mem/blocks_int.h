/* mem/blocks_int.h: what the files of the block pool share.
 *
 * An owner belongs to one of up to 64 shards, by its hash. A shard's lock guards the holds of its owners and a list of
 * free blocks, those that its owners gave. A take holds that one lock, counts the blocks as used in the word `counts`
 * (all or nothing is decided there) and then finds them: in its own shard's list, in other shards', among those never
 * taken. A give puts them into the list and then counts them as free. So what is counted as free can always be found.
 *
 * Order of locks: shards by their index, then `shares`. Who holds all shards' locks is alone in the pool, but for
 * qn_blocks_data and for takes that went to look in other shards (`pending`). */
#ifndef QNI_MEM_BLOCKS_INT_H
#define QNI_MEM_BLOCKS_INT_H

#include "base/lock.h"

#include <quern/blocks.h>

#include <stdatomic.h>

/* The word `counts`: used, free, total, 21 bits each, and a flag while the pool is being reconfigured. */
#define QNI_COUNT_BITS   21
#define QNI_COUNT_MASK   ((UINT64_C(1) << QNI_COUNT_BITS) - 1)
#define QNI_COUNT_USED   UINT64_C(1)
#define QNI_COUNT_FREE   (UINT64_C(1) << QNI_COUNT_BITS)
#define QNI_COUNT_TOTAL  (UINT64_C(1) << (2 * QNI_COUNT_BITS))
#define QNI_COUNT_CLOSED (UINT64_C(1) << 63)

/* A block's word `state`: how many owners hold it (20 bits), references (18), generation (26, never 0). While the only
 * use of a block is the hold of who took it, its state changes only under that owner's lock. */
#define QNI_STATE_HOLD      UINT64_C(1)
#define QNI_STATE_HOLD_MASK ((UINT64_C(1) << 20) - 1)
#define QNI_STATE_REF       (UINT64_C(1) << 20)
#define QNI_STATE_REF_MASK  (((UINT64_C(1) << 18) - 1) << 20)
#define QNI_STATE_USES_MASK ((UINT64_C(1) << 38) - 1)
#define QNI_STATE_SHIFT     38
#define QNI_STATE_LAST      ((INT64_C(1) << 26) - 1) /* generation */

/* That an owner holds a block. Hold 1 + i is that of who took block i, and has that block's state; the others are
 * shares. Links are indices of holds, 0: none. Guarded by the lock of the owner's shard, and by that of the free list
 * in which the block is, but for the two atomics. A cache line each: the blocks beside one another may be of owners in
 * different threads. */
typedef struct qni_hold {
    /* 0: nobody's. An owner's number is written and removed under its shard's lock only, so that who holds that lock
     * can trust what it reads about that owner. */
    _Alignas(64) _Atomic int64_t owner;
    _Atomic uint64_t state;
    int32_t next;  /* in a list of free blocks, or of unused shares */
    int32_t chain; /* shares: in the bucket of owner and block */
    int32_t block;
    int32_t marked; /* by a list that is being looked through */
} qni_hold;

/* The blocks and all that is known of them: one request. */
typedef struct qni_region {
    char *memory; /* blocks, holds, pairs */
    int64_t size;
    int64_t count, block_size, stride, shares;
    qni_hold *holds;    /* (1 + count + shares); the first is never used */
    int32_t *pairs;     /* (shards, pair_mask + 1) the first share of each bucket of owner and block */
    uint64_t pair_mask; /* within a shard */
} qni_region;

typedef struct qni_shard {
    _Alignas(64) qni_lock lock;
    int32_t top;     /* the first free block's hold */
    int32_t pending; /* takes that have counted their blocks and look for them in other shards */
    /* Blocks. Written under the lock; relaxed: read by themselves. */
    _Atomic int64_t taken, given, fetched;
} qni_shard;

struct qn_blocks {
    const qn_allocator *allocator;
    qn_blocks_options options;
    qni_region region;    /* changes under all shards' locks */
    uint64_t shard_mask;  /* shards - 1 */
    uint64_t generation;  /* of the region's blocks when they are first taken */
    bool fill, hide;      /* blocks that are given */
    qni_lock_waits waits; /* of all locks; written only by who waits */
    _Atomic int64_t refused, bad;

    _Alignas(64) _Atomic uint64_t counts;
    /* The most that were ever used, and whether `high` was crossed and `low` not since: both hardly ever change. */
    _Alignas(64) _Atomic int64_t peak;
    _Atomic uint32_t above;
    /* Shards whose list has free blocks have their bit set; one that is set may have none. Bit i changes under the lock
     * of shard i. */
    _Alignas(64) _Atomic uint64_t stocked;
    _Atomic int64_t fresh; /* blocks from here on were never taken */
    struct {
        _Alignas(64) qni_lock lock;
        int32_t top;          /* the first unused share's hold */
        _Atomic int64_t used; /* written under the lock; relaxed: read by itself */
    } shares;
    qni_shard shards[]; /* (shard_mask + 1) */
};

/* An owner, and where its holds are. */
typedef struct qni_owner {
    int64_t number;
    uint64_t hash;
    int64_t shard;
} qni_owner;

static inline qni_owner qni_owner_of(const qn_blocks *pool, int64_t number)
{
    uint64_t hash = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 32;
    return (qni_owner){number, hash, (int64_t)(hash & pool->shard_mask)};
}

static inline int64_t qni_block_index(qn_block block)
{
    return block.id & INT64_C(0xFFFFFFFF);
}

static inline int64_t qni_state_generation(uint64_t state)
{
    return (int64_t)(state >> QNI_STATE_SHIFT);
}

static inline int64_t qni_generation_after(int64_t generation)
{
    return generation == QNI_STATE_LAST ? 1 : generation + 1;
}

/* The hold of the share by which the owner holds the block (its place is one of the pool's), 0: none. Under the owner's
 * lock. */
int32_t qni_blocks_find_share(const qn_blocks *pool, const qni_owner *owner, qn_block block);

/* The hold by which the owner holds the block, 0: none. Under the owner's lock. */
static inline int32_t qni_blocks_find(const qn_blocks *pool, const qni_owner *owner, qn_block block)
{
    int64_t index = qni_block_index(block);
    if (index >= pool->region.count)
        return 0;
    const qni_hold *hold = &pool->region.holds[index + 1];
    /* Relaxed, both: where the owner holds this block, its generation cannot change and the owner's number was written
     * under the lock that is held. Where it does not, no order makes it hold it. */
    if (atomic_load_explicit(&hold->owner, memory_order_relaxed) == owner->number &&
        qni_state_generation(atomic_load_explicit(&hold->state, memory_order_relaxed)) == block.id >> 32)
        return (int32_t)index + 1;
    return qni_blocks_find_share(pool, owner, block);
}

/* Marks the hold by which the owner holds the block. False: it holds it not, or it is marked already. And takes the
 * marks of a list away. Under the owner's lock. */
bool qni_blocks_mark(qn_blocks *pool, const qni_owner *owner, qn_block block);
void qni_blocks_unmark(qn_blocks *pool, const qni_owner *owner, const qn_block *list, int64_t n);

/* The owner's first hold after `at`, 0: there is none. Reads all holds. Under the owner's lock. */
int32_t qni_blocks_next_hold(const qn_blocks *pool, int64_t owner, int32_t at);

/* Why entry `at` of the list (-1: the block *list) is not one that the owner holds: QN_INVALID. Counts a bad list.
 * Under a shard's lock; what others do meanwhile may change the reason, not that there is one. */
qn_status qni_blocks_explain(qn_blocks *pool, int64_t owner, const qn_block *list, int64_t at, qn_error *err);

void qni_blocks_lock(qn_blocks *pool, int64_t shard);
void qni_blocks_unlock(qn_blocks *pool, int64_t shard);

/* Takes one use (QNI_STATE_HOLD or QNI_STATE_REF) from a block. Where it was the last, the block goes into the shard's
 * free list, and the caller counts it (qni_blocks_freed) before it gives the shard's lock. */
typedef enum qni_drop {
    QNI_DROP_NONE, /* it has no such use, or is stale: nothing was done */
    QNI_DROP_USED, /* by others still */
    QNI_DROP_LAST,
} qni_drop;

qni_drop qni_blocks_drop(qn_blocks *pool, int64_t shard, qn_block block, uint64_t use);

/* Counts n blocks of the shard's list, which were used, as free. Under the shard's lock. */
void qni_blocks_freed(qn_blocks *pool, int64_t shard, int64_t n);

/* Calls the watermark, where one was crossed. With no lock held. */
void qni_blocks_watch(qn_blocks *pool);

/* Gives a share's hold back. Under the owner's lock. */
void qni_blocks_end_share(qn_blocks *pool, const qni_owner *owner, int32_t at);

/* Sizes and offsets of a region; no memory yet. Errors: QN_INVALID, QN_NOMEM (sizes that do not fit). */
QN_MUST_USE qn_status qni_region_plan(qni_region *out, const qn_blocks *pool, int64_t count, int64_t block_size,
                                      qn_error *err);
/* Its memory, every block free and as never taken. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_region_open(qni_region *region, const qn_blocks *pool, qn_error *err);
void qni_region_close(qni_region *region, const qn_blocks *pool);
/* Makes a region (count 0: none) the pool's. Alone in the pool. */
void qni_blocks_install(qn_blocks *pool, qni_region region);

/* Where a block's bytes are. */
static inline char *qni_region_bytes(const qni_region *region, int64_t index)
{
    return region->memory + index * region->stride;
}

/* Hides a free block from the sanitizer, shows it again; nothing where there is none. */
void qni_blocks_hide(const char *bytes, int64_t size);
void qni_blocks_show(const char *bytes, int64_t size);

/* qn_blocks_new with a number of shards, a power of two up to QNI_BLOCKS_SHARDS; 1: one lock for all. */
QN_MUST_USE qn_status qni_blocks_new_shards(qn_blocks **out, int64_t shards, int64_t count, int64_t block_size,
                                            const qn_blocks_options *options, const qn_allocator *allocator,
                                            qn_error *err);

#endif
