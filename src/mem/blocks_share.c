/* mem/blocks_share.c: blocks with several holders: shares, references, copies on write, and who holds what.
 *
 * A share is a hold beyond the first of a block, in the bucket of its owner and block, where it is found. Unused ones
 * are in one list with a lock of its own, which is taken last. */
#include "mem/blocks_int.h"

#include "base/error.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The bucket of the owner and the block. */
static int32_t *pair_bucket(const qn_blocks *pool, const qni_owner *owner, int64_t index)
{
    const qni_region *region = &pool->region;
    uint64_t hash = (owner->hash ^ (uint64_t)index) * UINT64_C(0x9E3779B97F4A7C15);
    return &region->pairs[(uint64_t)owner->shard * (region->pair_mask + 1) + (hash >> 32 & region->pair_mask)];
}

int32_t qni_blocks_find_share(const qn_blocks *pool, const qni_owner *owner, qn_block block)
{
    const qni_hold *holds = pool->region.holds;
    int64_t index = qni_block_index(block);
    /* Relaxed: if the owner holds the block its generation cannot change; if not, none makes it hold it. */
    if (qni_state_generation(atomic_load_explicit(&holds[index + 1].state, memory_order_relaxed)) != block.id >> 32)
        return 0;
    int32_t at = *pair_bucket(pool, owner, index);
    /* Relaxed: a share's owner is written under the lock of the shard that this bucket belongs to. */
    while (at != 0 &&
           (holds[at].block != index || atomic_load_explicit(&holds[at].owner, memory_order_relaxed) != owner->number))
        at = holds[at].chain;
    return at;
}

void qni_blocks_end_share(qn_blocks *pool, const qni_owner *owner, int32_t at)
{
    qni_hold *holds = pool->region.holds;
    int32_t *link = pair_bucket(pool, owner, holds[at].block);
    while (*link != at)
        link = &holds[*link].chain;
    *link = holds[at].chain;
    qni_lock_take(&pool->shares.lock, &pool->waits);
    holds[at].next = pool->shares.top;
    pool->shares.top = at;
    /* Relaxed: read by itself; one writer at a time. */
    int64_t used = atomic_load_explicit(&pool->shares.used, memory_order_relaxed);
    atomic_store_explicit(&pool->shares.used, used - 1, memory_order_relaxed);
    qni_lock_give(&pool->shares.lock);
}

/* n unused shares, linked by `chain` in *first; false: there are fewer. */
static bool take_shares(qn_blocks *pool, int32_t *first, int64_t n)
{
    qni_hold *holds = pool->region.holds;
    *first = 0;
    qni_lock_take(&pool->shares.lock, &pool->waits);
    int64_t used = atomic_load_explicit(&pool->shares.used, memory_order_relaxed); /* as in qni_blocks_end_share */
    bool enough = n <= pool->region.shares - used;
    if (enough) {
        for (int64_t i = 0; i < n; i++) {
            int32_t at = pool->shares.top;
            pool->shares.top = holds[at].next;
            holds[at].chain = *first;
            *first = at;
        }
        atomic_store_explicit(&pool->shares.used, used + n, memory_order_relaxed);
    }
    qni_lock_give(&pool->shares.lock);
    return enough;
}

/* The shards of two owners, in the order of locks. */
static void lock_two(qn_blocks *pool, int64_t a, int64_t b)
{
    qni_blocks_lock(pool, a < b ? a : b);
    if (a != b)
        qni_blocks_lock(pool, a < b ? b : a);
}

static void unlock_two(qn_blocks *pool, int64_t a, int64_t b)
{
    qni_blocks_unlock(pool, a);
    if (a != b)
        qni_blocks_unlock(pool, b);
}

/* Whether the list can be shared: else why not. Both owners' locks are held. Leaves nothing marked. */
static qn_status check_shares(qn_blocks *pool, const qni_owner *from, const qni_owner *to, const qn_block *list,
                              int64_t n, qn_error *err)
{
    int64_t good = 0;
    while (good < n && qni_blocks_mark(pool, from, list[good]))
        good++;
    qni_blocks_unmark(pool, from, list, good);
    if (good < n)
        return qni_blocks_explain(pool, from->number, list, good, err);
    for (int64_t i = 0; i < n; i++)
        if (qni_blocks_find(pool, to, list[i]) != 0) {
            atomic_fetch_add_explicit(&pool->bad, 1, memory_order_relaxed); /* relaxed: read by itself */
            return qni_error(err, QN_INVALID, "entry %" PRId64 ": owner %" PRId64 " holds block %" PRId64 " already", i,
                             to->number, qni_block_index(list[i]));
        }
    return QN_OK;
}

static qn_status share_locked(qn_blocks *pool, const qni_owner *from, const qni_owner *to, const qn_block *list,
                              int64_t n, qn_error *err)
{
    qni_hold *holds = pool->region.holds;
    qn_status status = check_shares(pool, from, to, list, n, err);
    if (status != QN_OK)
        return status;
    int32_t at;
    if (!take_shares(pool, &at, n))
        return qni_error(err, QN_EXHAUSTED, "no room for %" PRId64 " more shares: %" PRId64 " of %" PRId64 " are used",
                         n, atomic_load_explicit(&pool->shares.used, memory_order_relaxed), pool->region.shares);
    for (int64_t i = 0; i < n; i++) {
        int64_t index = qni_block_index(list[i]);
        int32_t next = holds[at].chain, *pair = pair_bucket(pool, to, index);
        /* Relaxed: `from` holds the block, under a lock that is held, so that this is never the first use; who drops it
         * later orders what was done. */
        atomic_fetch_add_explicit(&holds[index + 1].state, QNI_STATE_HOLD, memory_order_relaxed);
        holds[at].block = (int32_t)index;
        holds[at].chain = *pair;
        *pair = at;
        /* Relaxed: those who hold the lock of `to` see it by that; others read it only to say whose a block is. */
        atomic_store_explicit(&holds[at].owner, to->number, memory_order_relaxed);
        at = next;
    }
    return QN_OK;
}

qn_status qn_blocks_share(qn_blocks *pool, int64_t from, int64_t to, const qn_block *list, int64_t n, qn_error *err)
{
    assert(pool && (list || n <= 0));
    if (n < 0 || from == 0 || to == 0 || from == to)
        return qni_error(err, QN_INVALID, "cannot share %" PRId64 " blocks of owner %" PRId64 " with owner %" PRId64, n,
                         from, to);
    qni_owner one = qni_owner_of(pool, from), other = qni_owner_of(pool, to);
    lock_two(pool, one.shard, other.shard);
    qn_status status = share_locked(pool, &one, &other, list, n, err);
    unlock_two(pool, one.shard, other.shard);
    return status;
}

/* -- References -- */

/* Takes the lock under which uses of the block may be added and dropped: that of who took it, while it holds it, else
 * any. Returns its shard. */
static int64_t lock_block(qn_blocks *pool, qn_block block)
{
    int64_t index = qni_block_index(block), shard = (int64_t)((uint64_t)index & pool->shard_mask);
    for (;;) {
        qni_blocks_lock(pool, shard);
        if (index >= pool->region.count)
            return shard;
        /* Acquire: pairs with the release in end_list (blocks.c): where this is 0 because the block's only holder gave
         * it, `block` is seen to be stale. An owner is a guess until it leads to the lock that is held; then it stays.
         * 0 stays as well, until the block is taken anew and `block` is stale. */
        int64_t owner = atomic_load_explicit(&pool->region.holds[index + 1].owner, memory_order_acquire);
        if (owner == 0 || qni_owner_of(pool, owner).shard == shard)
            return shard;
        qni_blocks_unlock(pool, shard);
        shard = qni_owner_of(pool, owner).shard;
    }
}

/* The block's state, where it is used; else NULL. Under any shard's lock. */
static _Atomic uint64_t *used_state(const qn_blocks *pool, qn_block block, uint64_t *now)
{
    int64_t index = qni_block_index(block);
    if (index >= pool->region.count)
        return NULL;
    _Atomic uint64_t *state = &pool->region.holds[index + 1].state;
    /* Acquire: pairs with the release in qni_blocks_drop: who finds itself the only user sees what the others did. */
    *now = atomic_load_explicit(state, memory_order_acquire);
    bool used = qni_state_generation(*now) == block.id >> 32 && (*now & QNI_STATE_USES_MASK) != 0;
    return used ? state : NULL;
}

static qn_status add_reference(qn_blocks *pool, qn_block block, qn_error *err)
{
    for (;;) {
        uint64_t now;
        _Atomic uint64_t *state = used_state(pool, block, &now);
        if (state == NULL)
            return qni_blocks_explain(pool, 0, &block, -1, err);
        if ((now & QNI_STATE_REF_MASK) == QNI_STATE_REF_MASK)
            return qni_error(err, QN_LIMIT, "block %" PRId64 " has as many references as can be counted",
                             qni_block_index(block));
        /* Relaxed: it is used already, and stays so until the exchange; who drops the reference orders what was done. A
         * block that became free in between has another generation, so that the exchange fails. */
        if (atomic_compare_exchange_weak_explicit(state, &now, now + QNI_STATE_REF, memory_order_relaxed,
                                                  memory_order_relaxed))
            return QN_OK;
    }
}

qn_status qn_blocks_ref(qn_blocks *pool, qn_block block, qn_error *err)
{
    assert(pool);
    int64_t shard = lock_block(pool, block);
    qn_status status = add_reference(pool, block, err);
    qni_blocks_unlock(pool, shard);
    return status;
}

qn_status qn_blocks_unref(qn_blocks *pool, qn_block block, qn_error *err)
{
    assert(pool);
    int64_t shard = lock_block(pool, block);
    uint64_t now;
    qn_status status = QN_OK;
    if (used_state(pool, block, &now) == NULL) {
        status = qni_blocks_explain(pool, 0, &block, -1, err);
    } else {
        qni_drop dropped = qni_blocks_drop(pool, shard, block, QNI_STATE_REF);
        if (dropped == QNI_DROP_NONE) {
            atomic_fetch_add_explicit(&pool->bad, 1, memory_order_relaxed); /* relaxed: read by itself */
            status =
                qni_error(err, QN_INVALID, "block %" PRId64 " has no reference to give back", qni_block_index(block));
        } else {
            qni_blocks_freed(pool, shard, dropped == QNI_DROP_LAST);
        }
    }
    qni_blocks_unlock(pool, shard);
    qni_blocks_watch(pool);
    return status;
}

/* -- Copies on write -- */

qn_status qn_blocks_make_writable(qn_block *block, qn_blocks *pool, int64_t owner, qn_error *err)
{
    assert(block && pool);
    qni_owner who = qni_owner_of(pool, owner);
    qn_status status = QN_OK;
    uint64_t now = 0;
    qni_blocks_lock(pool, who.shard);
    if (owner == 0 || qni_blocks_find(pool, &who, *block) == 0 || used_state(pool, *block, &now) == NULL)
        status = qni_blocks_explain(pool, owner, block, -1, err);
    qni_blocks_unlock(pool, who.shard);
    /* Its only user is this owner: nobody else can become one meanwhile. */
    if (status != QN_OK || (now & QNI_STATE_USES_MASK) == QNI_STATE_HOLD)
        return status;
    qn_block copy;
    status = qn_blocks_take(&copy, pool, owner, 1, err);
    if (status != QN_OK)
        return status;
    memcpy(qn_blocks_data(pool, copy), qn_blocks_data(pool, *block), (size_t)pool->region.block_size);
    status = qn_blocks_give(pool, owner, block, 1, err);
    if (status != QN_OK) { /* another thread gave it, against the rule */
        qn_status undone = qn_blocks_give(pool, owner, &copy, 1, NULL);
        assert(undone == QN_OK);
        (void)undone;
        return status;
    }
    *block = copy;
    return QN_OK;
}

/* -- Who holds what -- */

int64_t qn_blocks_holds(qn_blocks *pool, qn_block block)
{
    int64_t shard = lock_block(pool, block);
    uint64_t now;
    bool used = used_state(pool, block, &now) != NULL;
    qni_blocks_unlock(pool, shard);
    return used ? (int64_t)(now & QNI_STATE_HOLD_MASK) + (int64_t)((now & QNI_STATE_REF_MASK) / QNI_STATE_REF) : 0;
}

bool qn_blocks_is_held(qn_blocks *pool, int64_t owner, qn_block block)
{
    qni_owner who = qni_owner_of(pool, owner);
    qni_blocks_lock(pool, who.shard);
    bool held = owner != 0 && qni_blocks_find(pool, &who, block) != 0;
    qni_blocks_unlock(pool, who.shard);
    return held;
}

int64_t qn_blocks_held(qn_blocks *pool, int64_t owner)
{
    qni_owner who = qni_owner_of(pool, owner);
    int64_t held = 0;
    qni_blocks_lock(pool, who.shard);
    for (int32_t at = 0; owner != 0 && (at = qni_blocks_next_hold(pool, owner, at)) != 0;)
        held++;
    qni_blocks_unlock(pool, who.shard);
    return held;
}

/* -- Bad entries -- */

/* Why the block is not held by the owner (0: by anybody), as a piece of a sentence. */
static void say_why(const qn_blocks *pool, int64_t owner, qn_block block, char *text, size_t size)
{
    int64_t index = qni_block_index(block), count = pool->region.count;
    if (block.id <= 0 || index >= count) {
        (void)snprintf(text, size, "%" PRId64 " is no block of this pool of %" PRId64, block.id, count);
        return;
    }
    const qni_hold *hold = &pool->region.holds[index + 1];
    /* Relaxed, both: how things are just now. */
    uint64_t state = atomic_load_explicit(&hold->state, memory_order_relaxed);
    int64_t holder = atomic_load_explicit(&hold->owner, memory_order_relaxed);
    if (qni_state_generation(state) != block.id >> 32)
        (void)snprintf(text, size, "block %" PRId64 " was given already (a stale id of it)", index);
    else if ((state & QNI_STATE_USES_MASK) == 0)
        (void)snprintf(text, size, "block %" PRId64 " is free", index);
    else if (holder != 0)
        (void)snprintf(text, size, "block %" PRId64 " is held by owner %" PRId64 ", not by %" PRId64, index, holder,
                       owner);
    else
        (void)snprintf(text, size, "block %" PRId64 " is held by others, not by owner %" PRId64, index, owner);
}

qn_status qni_blocks_explain(qn_blocks *pool, int64_t owner, const qn_block *list, int64_t at, qn_error *err)
{
    char why[128];
    atomic_fetch_add_explicit(&pool->bad, 1, memory_order_relaxed); /* relaxed: read by itself */
    for (int64_t i = 0; i < at; i++)
        if (list[i].id == list[at].id)
            return qni_error(err, QN_INVALID,
                             "entry %" PRId64 ": block %" PRId64 " is in the list twice, first as entry %" PRId64, at,
                             qni_block_index(list[i]), i);
    say_why(pool, owner, list[at < 0 ? 0 : at], why, sizeof why);
    if (at < 0)
        return qni_error(err, QN_INVALID, "%s", why);
    return qni_error(err, QN_INVALID, "entry %" PRId64 ": %s", at, why);
}
