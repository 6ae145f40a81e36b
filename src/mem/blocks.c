/* mem/blocks.c: taking and giving lists of blocks; see blocks_int.h for how the pool is built.
 *
 * Always, with no call under way: the blocks in the shards' lists and those from `fresh` on are as many as `counts`
 * says are free. While calls are under way there are at least as many as that plus what `pending` takes still look
 * for. */
#include "mem/blocks_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "mem/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void qni_blocks_lock(qn_blocks *pool, int64_t shard)
{
    qni_lock_take(&pool->shards[shard].lock, &pool->waits);
}

void qni_blocks_unlock(qn_blocks *pool, int64_t shard)
{
    qni_lock_give(&pool->shards[shard].lock);
}

/* Relaxed load and store in place of one read-modify-write: there is one writer at a time, who holds the lock. */
static void add_under_lock(_Atomic int64_t *counter, int64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static qn_blocks_count counts_in(uint64_t word)
{
    return (qn_blocks_count){.used = (int64_t)(word & QNI_COUNT_MASK),
                             .free = (int64_t)(word / QNI_COUNT_FREE & QNI_COUNT_MASK),
                             .total = (int64_t)(word / QNI_COUNT_TOTAL & QNI_COUNT_MASK)};
}

qn_blocks_count qn_blocks_counts(const qn_blocks *pool)
{
    /* Sequentially consistent: as in qni_blocks_watch. One word: the three belong to one instant. */
    return counts_in(atomic_load_explicit(&pool->counts, memory_order_seq_cst));
}

/* -- Watermarks -- */

void qni_blocks_watch(qn_blocks *pool)
{
    const qn_blocks_options *options = &pool->options;
    if (options->high == 0)
        return;
    for (;;) {
        /* Sequentially consistent, all four: a thread changes `counts` and then reads `above`, another changes `above`
         * and then reads `counts`. One of the two sees the other's change, so that no crossing is lost. */
        int64_t used = qn_blocks_counts(pool).used;
        uint32_t above = atomic_load_explicit(&pool->above, memory_order_seq_cst);
        if (above ? used > options->low : used < options->high)
            return;
        /* Whoever changes it makes the call: one a crossing. */
        if (atomic_compare_exchange_strong_explicit(&pool->above, &above, !above, memory_order_seq_cst,
                                                    memory_order_seq_cst))
            options->watermark(options->user, !above, used);
    }
}

/* -- Blocks -- */

/* Poisons a block that nobody uses any more. */
static void spoil(const qn_blocks *pool, int64_t index)
{
    char *bytes = qni_region_bytes(&pool->region, index);
    if (pool->fill)
        memset(bytes, 0xA5, (size_t)pool->region.block_size);
    if (pool->hide)
        qni_blocks_hide(bytes, pool->region.stride);
}

/* Puts a block that nobody uses any more into the shard's list. Under its lock. */
static inline void retire(qn_blocks *pool, int64_t shard, int64_t index)
{
    if (pool->fill || pool->hide)
        spoil(pool, index);
    pool->region.holds[index + 1].next = pool->shards[shard].top;
    pool->shards[shard].top = (int32_t)index + 1;
}

/* The state of a block after its last use: every qn_block of that generation is stale from there on. */
static inline uint64_t unused_after(int64_t generation)
{
    return (uint64_t)qni_generation_after(generation) << QNI_STATE_SHIFT;
}

qni_drop qni_blocks_drop(qn_blocks *pool, int64_t shard, qn_block block, uint64_t use)
{
    int64_t index = qni_block_index(block);
    _Atomic uint64_t *state = &pool->region.holds[index + 1].state;
    uint64_t now = atomic_load_explicit(state, memory_order_relaxed), then;
    uint64_t mask = use == QNI_STATE_REF ? QNI_STATE_REF_MASK : QNI_STATE_HOLD_MASK;
    do {
        if (qni_state_generation(now) != block.id >> 32 || (now & mask) == 0)
            return QNI_DROP_NONE;
        then = (now & QNI_STATE_USES_MASK) == use ? unused_after(qni_state_generation(now)) : now - use;
        /* Release: what this user wrote, to the block and to its own hold, comes before; acquire: the last user sees it
         * all, and hands the block on. */
    } while (!atomic_compare_exchange_weak_explicit(state, &now, then, memory_order_acq_rel, memory_order_relaxed));
    if ((then & QNI_STATE_USES_MASK) != 0)
        return QNI_DROP_USED;
    retire(pool, shard, index);
    return QNI_DROP_LAST;
}

void qni_blocks_freed(qn_blocks *pool, int64_t shard, int64_t n)
{
    if (n == 0)
        return;
    uint64_t bit = UINT64_C(1) << shard;
    /* Relaxed: this bit changes only under this shard's lock, which is held; that those who find the blocks counted as
     * free see the bit too is due to the release below. */
    if ((atomic_load_explicit(&pool->stocked, memory_order_relaxed) & bit) == 0)
        atomic_fetch_or_explicit(&pool->stocked, bit, memory_order_relaxed);
    add_under_lock(&pool->shards[shard].given, n);
    /* Release, pairs with the acquire in count_used: who counts on these blocks finds them. Sequentially consistent:
     * see qni_blocks_watch. */
    atomic_fetch_add_explicit(&pool->counts, (uint64_t)n * (QNI_COUNT_FREE - QNI_COUNT_USED), memory_order_seq_cst);
}

/* -- Taking -- */

/* Up to n blocks off the shard's list, as indices of holds. Under its lock. */
static int64_t pop(qn_blocks *pool, qni_shard *shard, qn_block *out, int64_t n)
{
    int64_t got = 0;
    int32_t at = shard->top;
    for (; got < n && at != 0; at = pool->region.holds[at].next)
        out[got++].id = at;
    shard->top = at;
    return got;
}

/* Up to n blocks from other shards' lists. With no lock held. */
static int64_t fetch(qn_blocks *pool, int64_t own, qn_block *out, int64_t n)
{
    int64_t got = 0, shards = (int64_t)pool->shard_mask + 1;
    /* Relaxed: where to look first; what is there is read under the lock. */
    uint64_t stocked = atomic_load_explicit(&pool->stocked, memory_order_relaxed);
    for (int64_t i = 0; i < shards && got < n; i++) {
        int64_t at = (own + i) & (int64_t)pool->shard_mask;
        uint64_t bit = UINT64_C(1) << at;
        if ((stocked & bit) == 0)
            continue;
        qni_blocks_lock(pool, at);
        int64_t popped = pop(pool, &pool->shards[at], out + got, n - got);
        add_under_lock(&pool->shards[at].fetched, popped);
        if (pool->shards[at].top == 0)
            atomic_fetch_and_explicit(&pool->stocked, ~bit,
                                      memory_order_relaxed); /* under the lock, as when it is set */
        qni_blocks_unlock(pool, at);
        got += popped;
    }
    return got;
}

/* Up to n blocks that were never taken. */
static int64_t open_fresh(qn_blocks *pool, qn_block *out, int64_t n)
{
    /* Relaxed, both: the number alone is taken. What was written about these blocks was written when the region was
     * made, before this thread last took its own shard's lock. */
    int64_t first = atomic_load_explicit(&pool->fresh, memory_order_relaxed), got;
    do {
        int64_t left = pool->region.count - first;
        got = left < n ? left : n;
        if (got == 0)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&pool->fresh, &first, first + got, memory_order_relaxed,
                                                    memory_order_relaxed));
    for (int64_t i = 0; i < got; i++)
        out[i].id = first + i + 1;
    return got;
}

/* The n blocks that were counted and are not in the own shard's list: they are somewhere, or others that were given
 * since are in their place. With no lock held. */
static void find_elsewhere(qn_blocks *pool, int64_t own, qn_block *out, int64_t n)
{
    for (int64_t got = 0;;) {
        got += fetch(pool, own, out + got, n - got);
        if (got < n)
            got += open_fresh(pool, out + got, n - got);
        if (got == n)
            return;
        qni_yield(); /* who took what was ours counts the same number of others that are there by then */
    }
}

static void raise_peak(qn_blocks *pool, int64_t used)
{
    /* Relaxed: it carries nothing but itself. */
    int64_t peak = atomic_load_explicit(&pool->peak, memory_order_relaxed);
    while (used > peak &&
           !atomic_compare_exchange_weak_explicit(&pool->peak, &peak, used, memory_order_relaxed, memory_order_relaxed))
        ;
}

/* Counts n blocks as used, or none: false, with what there is in *seen. Under a shard's lock. */
static bool count_used(qn_blocks *pool, int64_t n, uint64_t *seen)
{
    uint64_t now = atomic_load_explicit(&pool->counts, memory_order_relaxed);
    do {
        *seen = now;
        if ((now & QNI_COUNT_CLOSED) != 0 || counts_in(now).free < n)
            return false;
        /* Acquire: pairs with the release in qni_blocks_freed. Sequentially consistent: see qni_blocks_watch. Relaxed
         * where it fails: nothing was taken. */
    } while (!atomic_compare_exchange_weak_explicit(&pool->counts, &now,
                                                    now + (uint64_t)n * (QNI_COUNT_USED - QNI_COUNT_FREE),
                                                    memory_order_seq_cst, memory_order_relaxed));
    raise_peak(pool, counts_in(now).used + n);
    return true;
}

static void clear(qn_block *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i].id = 0;
}

static qn_status too_few(qn_block *out, qn_blocks *pool, int64_t n, uint64_t seen, qn_error *err)
{
    clear(out, n);
    if ((seen & QNI_COUNT_CLOSED) != 0)
        return qni_error(err, QN_BUSY, "the pool of blocks is being reconfigured");
    atomic_fetch_add_explicit(&pool->refused, 1, memory_order_relaxed); /* relaxed: read by itself */
    qn_blocks_count counts = counts_in(seen);
    return qni_error(err, QN_EXHAUSTED, "asked for %" PRId64 " blocks where %" PRId64 " of %" PRId64 " are free", n,
                     counts.free, counts.total);
}

/* Makes blocks (indices of holds) the owner's. Under its lock. */
static void settle(qn_blocks *pool, int64_t owner, qn_block *out, int64_t n)
{
    qni_hold *holds = pool->region.holds;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = out[i].id;
        /* Relaxed, all: nobody has this block yet, who is told of it sees all this; those who still have a stale id of
         * it look at the generation, which stays. */
        uint64_t state = atomic_load_explicit(&holds[at].state, memory_order_relaxed);
        assert((state & QNI_STATE_USES_MASK) == 0);
        atomic_store_explicit(&holds[at].owner, owner, memory_order_relaxed);
        atomic_store_explicit(&holds[at].state, state + QNI_STATE_HOLD, memory_order_relaxed);
        out[i].id = qni_state_generation(state) << 32 | (at - 1);
        if (pool->hide)
            qni_blocks_show(qni_region_bytes(&pool->region, at - 1), pool->region.block_size);
    }
}

qn_status qn_blocks_take(qn_block *out, qn_blocks *pool, int64_t owner, int64_t n, qn_error *err)
{
    assert(pool && (out || n <= 0));
    if (n < 0)
        return qni_error(err, QN_INVALID, "cannot take %" PRId64 " blocks", n);
    if (owner == 0) {
        clear(out, n);
        return qni_error(err, QN_INVALID, "an owner of blocks is not 0");
    }
    qni_owner who = qni_owner_of(pool, owner);
    qni_shard *shard = &pool->shards[who.shard];
    uint64_t seen;
    qni_blocks_lock(pool, who.shard);
    if (!count_used(pool, n, &seen)) {
        qni_blocks_unlock(pool, who.shard);
        return too_few(out, pool, n, seen, err);
    }
    int64_t got = pop(pool, shard, out, n);
    if (got < n) {
        shard->pending++;
        qni_blocks_unlock(pool, who.shard);
        find_elsewhere(pool, who.shard, out + got, n - got);
        qni_blocks_lock(pool, who.shard);
        shard->pending--;
    }
    settle(pool, owner, out, n);
    add_under_lock(&shard->taken, n);
    qni_blocks_unlock(pool, who.shard);
    qni_blocks_watch(pool);
    return QN_OK;
}

/* -- Giving -- */

void qni_blocks_unmark(qn_blocks *pool, const qni_owner *owner, const qn_block *list, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        pool->region.holds[qni_blocks_find(pool, owner, list[i])].marked = 0;
}

bool qni_blocks_mark(qn_blocks *pool, const qni_owner *owner, qn_block block)
{
    int32_t at = qni_blocks_find(pool, owner, block);
    if (at == 0 || pool->region.holds[at].marked)
        return false;
    pool->region.holds[at].marked = 1;
    return true;
}

/* The state of a block while its only use is that somebody took it. */
static inline uint64_t only_state(qn_block block)
{
    return (uint64_t)(block.id >> 32) << QNI_STATE_SHIFT | QNI_STATE_HOLD;
}

/* Makes a block unused whose only use is that this owner took it: its state; all else stays as it is. False: it is not
 * such a block, nothing was done. Under the owner's lock: no other thread can change that state, see QNI_STATE_HOLD. */
static inline bool end_only(const qn_blocks *pool, int64_t owner, qn_block block)
{
    int64_t index = qni_block_index(block);
    if (index >= pool->region.count)
        return false;
    qni_hold *hold = &pool->region.holds[index + 1];
    /* Relaxed: as in qni_blocks_find. Acquire: pairs with the release in qni_blocks_drop: what users before did to the
     * block comes before what its next ones do. */
    if (atomic_load_explicit(&hold->owner, memory_order_relaxed) != owner ||
        atomic_load_explicit(&hold->state, memory_order_acquire) != only_state(block))
        return false;
    /* Relaxed: whoever gets the block next gets it under the lock that is held. */
    atomic_store_explicit(&hold->state, unused_after(block.id >> 32), memory_order_relaxed);
    return true;
}

/* Whether end_only was done for the block, since the owner's lock was taken. */
static inline bool is_ended(const qn_blocks *pool, qn_block block)
{
    /* Relaxed: written under the lock that is held. */
    return atomic_load_explicit(&pool->region.holds[qni_block_index(block) + 1].state, memory_order_relaxed) ==
           unused_after(block.id >> 32);
}

/* Takes back what begin_list did. */
static void undo_list(qn_blocks *pool, const qni_owner *owner, const qn_block *list, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (is_ended(pool, list[i]))
            /* Relaxed: as in end_only. */
            atomic_store_explicit(&pool->region.holds[qni_block_index(list[i]) + 1].state, only_state(list[i]),
                                  memory_order_relaxed);
        else
            qni_blocks_unmark(pool, owner, &list[i], 1);
}

/* Looks a list through: makes those blocks unused that only this owner uses and marks the holds of others, so that an
 * entry that comes again is neither. Returns the first bad entry, nothing having changed, or -1. Under the owner's
 * lock. */
static int64_t begin_list(qn_blocks *pool, const qni_owner *owner, const qn_block *list, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!end_only(pool, owner->number, list[i]) && !qni_blocks_mark(pool, owner, list[i])) {
            undo_list(pool, owner, list, i);
            return i;
        }
    return -1;
}

/* Ends one hold; true: its block is free, and not counted yet. Under the owner's lock. */
static bool end_hold(qn_blocks *pool, const qni_owner *owner, int32_t at)
{
    qni_hold *hold = &pool->region.holds[at];
    int64_t index = hold->block;
    hold->marked = 0;
    /* Relaxed: who finds that it may take any lock for this block uses read-modify-writes on its state, as is done
     * below. */
    atomic_store_explicit(&hold->owner, 0, memory_order_relaxed);
    if (at > pool->region.count)
        qni_blocks_end_share(pool, owner, at);
    /* Relaxed: while it is held its generation stays. */
    uint64_t state = atomic_load_explicit(&pool->region.holds[index + 1].state, memory_order_relaxed);
    qn_block block = {qni_state_generation(state) << 32 | index};
    qni_drop dropped = qni_blocks_drop(pool, owner->shard, block, QNI_STATE_HOLD);
    assert(dropped != QNI_DROP_NONE);
    return dropped == QNI_DROP_LAST;
}

/* Ends the holds of a list that begin_list looked through. Returns how many blocks are free by that, and not counted
 * yet. Under the owner's lock. */
static int64_t end_list(qn_blocks *pool, const qni_owner *owner, const qn_block *list, int64_t n)
{
    int64_t freed = 0;
    for (int64_t i = n - 1; i >= 0; i--) { /* the first one comes out first */
        if (!is_ended(pool, list[i])) {
            freed += end_hold(pool, owner, qni_blocks_find(pool, owner, list[i]));
            continue;
        }
        int64_t index = qni_block_index(list[i]);
        /* Release, after the state: pairs with the acquire in lock_block (blocks_share.c): who finds that it may take
         * any lock, because nobody owns the block, finds as well that the block is stale. */
        atomic_store_explicit(&pool->region.holds[index + 1].owner, 0, memory_order_release);
        retire(pool, owner->shard, index);
        freed++;
    }
    return freed;
}

qn_status qn_blocks_give(qn_blocks *pool, int64_t owner, const qn_block *list, int64_t n, qn_error *err)
{
    assert(pool && (list || n <= 0));
    if (n < 0 || owner == 0)
        return qni_error(err, QN_INVALID, "owner %" PRId64 " cannot give %" PRId64 " blocks", owner, n);
    qni_owner who = qni_owner_of(pool, owner);
    qni_blocks_lock(pool, who.shard);
    int64_t bad = begin_list(pool, &who, list, n);
    if (bad >= 0) {
        qn_status status = qni_blocks_explain(pool, owner, list, bad, err);
        qni_blocks_unlock(pool, who.shard);
        return status;
    }
    qni_blocks_freed(pool, who.shard, end_list(pool, &who, list, n));
    qni_blocks_unlock(pool, who.shard);
    qni_blocks_watch(pool);
    return QN_OK;
}

int32_t qni_blocks_next_hold(const qn_blocks *pool, int64_t owner, int32_t at)
{
    const qni_hold *holds = pool->region.holds;
    /* Relaxed, all: what this owner holds was written under the lock that is held; beyond `fresh` it holds nothing. */
    int64_t taken = atomic_load_explicit(&pool->fresh, memory_order_relaxed);
    for (at++; at <= taken; at++)
        if (atomic_load_explicit(&holds[at].owner, memory_order_relaxed) == owner)
            return at;
    if (atomic_load_explicit(&pool->shares.used, memory_order_relaxed) == 0)
        return 0;
    int64_t end = pool->region.count + pool->region.shares;
    for (at = at <= pool->region.count ? (int32_t)pool->region.count + 1 : at; at <= end; at++)
        if (atomic_load_explicit(&holds[at].owner, memory_order_relaxed) == owner)
            return at;
    return 0;
}

int64_t qn_blocks_give_all(qn_blocks *pool, int64_t owner)
{
    assert(pool);
    if (owner == 0)
        return 0;
    qni_owner who = qni_owner_of(pool, owner);
    int64_t given = 0, freed = 0;
    qni_blocks_lock(pool, who.shard);
    for (int32_t at = 0; (at = qni_blocks_next_hold(pool, owner, at)) != 0; given++)
        freed += end_hold(pool, &who, at);
    qni_blocks_freed(pool, who.shard, freed);
    qni_blocks_unlock(pool, who.shard);
    qni_blocks_watch(pool);
    return given;
}

void *qn_blocks_data(const qn_blocks *pool, qn_block block)
{
    int64_t index = qni_block_index(block);
    if (index >= pool->region.count)
        return NULL;
    /* Relaxed: whoever may use the block was told of it by its holder, and that brought all else along. */
    uint64_t state = atomic_load_explicit(&pool->region.holds[index + 1].state, memory_order_relaxed);
    if (qni_state_generation(state) != block.id >> 32 || (state & QNI_STATE_USES_MASK) == 0)
        return NULL;
    return qni_region_bytes(&pool->region, index);
}

int64_t qn_blocks_index(qn_block block)
{
    return qni_block_index(block);
}
