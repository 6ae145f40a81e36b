/* bench/blocks_variants.c: see blocks_variants.h. */
#include "bench/blocks_variants.h"

#include "base/lock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* -- A mutex and a list -- */

typedef struct listed {
    pthread_mutex_t mutex;
    int64_t free, count;
    int32_t top;
    int32_t *next;   /* (1 + count); place i is node i + 1 */
    int64_t *owners; /* (1 + count); 0: free; below 0: marked by the list that is being given */
    char *memory;
} listed;

static void listed_close(void *user)
{
    listed *pool = user;
    free(pool->next);
    free(pool->owners);
    free(pool->memory);
    free(pool);
}

static void *listed_open(int64_t count, int64_t block_size)
{
    listed *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->next = calloc((size_t)count + 1, sizeof *pool->next);
    pool->owners = calloc((size_t)count + 1, sizeof *pool->owners);
    pool->memory = malloc((size_t)count * (size_t)block_size);
    if (pool->next == NULL || pool->owners == NULL || pool->memory == NULL ||
        pthread_mutex_init(&pool->mutex, NULL) != 0) {
        listed_close(pool);
        return NULL;
    }
    for (int32_t i = 1; i < count; i++)
        pool->next[i] = i + 1;
    pool->top = 1;
    pool->free = pool->count = count;
    return pool;
}

static bool list_take(void *user, int64_t owner, qn_block *out, int64_t n)
{
    (void)owner;
    listed *pool = user;
    (void)pthread_mutex_lock(&pool->mutex);
    bool enough = pool->free >= n;
    if (enough) {
        pool->free -= n;
        for (int64_t i = 0; i < n; i++) {
            out[i].id = pool->top - 1;
            pool->top = pool->next[pool->top];
        }
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return enough;
}

static bool list_give(void *user, int64_t owner, const qn_block *list, int64_t n)
{
    (void)owner;
    listed *pool = user;
    (void)pthread_mutex_lock(&pool->mutex);
    for (int64_t i = n - 1; i >= 0; i--) {
        int32_t at = (int32_t)list[i].id + 1;
        pool->next[at] = pool->top;
        pool->top = at;
    }
    pool->free += n;
    (void)pthread_mutex_unlock(&pool->mutex);
    return true;
}

const variant variant_mutex_list = {"mutex, list", listed_open, list_take, list_give, listed_close};

static bool owners_take(void *user, int64_t owner, qn_block *out, int64_t n)
{
    listed *pool = user;
    (void)pthread_mutex_lock(&pool->mutex);
    bool enough = pool->free >= n;
    if (enough) {
        pool->free -= n;
        for (int64_t i = 0; i < n; i++) {
            out[i].id = pool->top - 1;
            pool->owners[pool->top] = owner;
            pool->top = pool->next[pool->top];
        }
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return enough;
}

static bool owners_give(void *user, int64_t owner, const qn_block *list, int64_t n)
{
    listed *pool = user;
    int64_t good = 0;
    (void)pthread_mutex_lock(&pool->mutex);
    for (; good < n; good++) {
        if (list[good].id < 0 || list[good].id >= pool->count || pool->owners[list[good].id + 1] != owner)
            break;
        pool->owners[list[good].id + 1] = -owner;
    }
    for (int64_t i = good - 1; i >= 0; i--) {
        int32_t at = (int32_t)list[i].id + 1;
        pool->owners[at] = good == n ? 0 : owner;
        if (good == n) {
            pool->next[at] = pool->top;
            pool->top = at;
        }
    }
    pool->free += good == n ? n : 0;
    (void)pthread_mutex_unlock(&pool->mutex);
    return good == n;
}

const variant variant_mutex_owners = {"mutex, owners", listed_open, owners_take, owners_give, listed_close};

/* -- Without locks -- */

enum {
    FREE_SHIFT = 32, /* counts: used in the low half, free in the high one */
    WORD_BITS = 64,
    LINE_WORDS = 8 /* a bitmap word has a cache line to itself */
};

typedef struct lockless {
    _Alignas(64) _Atomic uint64_t counts;
    _Alignas(64) _Atomic uint64_t head; /* stack: tag in the high half, node in the low one */
    _Alignas(64) int64_t count;
    int64_t words;
    _Atomic int32_t *next;   /* (1 + count) stack */
    _Atomic uint64_t *bits;  /* (words, LINE_WORDS) bitmap: 1 is free */
    _Atomic int64_t *owners; /* (1 + count) 0: free; below 0: claimed by the list that is being given */
    char *memory;
} lockless;

static void lockless_close(void *user)
{
    lockless *pool = user;
    free(pool->next);
    free(pool->bits);
    free(pool->owners);
    free(pool->memory);
    free(pool);
}

static void *lockless_open(int64_t count, int64_t block_size)
{
    lockless *pool = aligned_alloc(64, sizeof *pool);
    if (pool == NULL)
        return NULL;
    memset(pool, 0, sizeof *pool);
    pool->count = count;
    pool->words = (count + WORD_BITS - 1) / WORD_BITS;
    pool->next = calloc((size_t)count + 1, sizeof *pool->next);
    pool->bits = aligned_alloc(64, (size_t)pool->words * LINE_WORDS * sizeof *pool->bits);
    pool->owners = calloc((size_t)count + 1, sizeof *pool->owners);
    pool->memory = malloc((size_t)count * (size_t)block_size);
    if (pool->next == NULL || pool->bits == NULL || pool->owners == NULL || pool->memory == NULL) {
        lockless_close(pool);
        return NULL;
    }
    memset(pool->bits, 0, (size_t)pool->words * LINE_WORDS * sizeof *pool->bits);
    /* Relaxed: no other thread is there yet, here and below. */
    for (int64_t i = 0; i < count; i++)
        atomic_fetch_or_explicit(&pool->bits[i / WORD_BITS * LINE_WORDS], UINT64_C(1) << (i % WORD_BITS),
                                 memory_order_relaxed);
    for (int32_t i = 1; i < count; i++)
        atomic_store_explicit(&pool->next[i], i + 1, memory_order_relaxed);
    atomic_store_explicit(&pool->head, 1, memory_order_relaxed);
    atomic_store_explicit(&pool->counts, (uint64_t)count << FREE_SHIFT, memory_order_relaxed);
    return pool;
}

/* Counts n blocks as used, or none. */
static bool reserve(lockless *pool, int64_t n)
{
    uint64_t now = atomic_load_explicit(&pool->counts, memory_order_relaxed); /* relaxed: compared again below */
    do {
        if ((int64_t)(now >> FREE_SHIFT) < n)
            return false;
        /* Acquire: pairs with the release in put_back: what is counted can be found. */
    } while (!atomic_compare_exchange_weak_explicit(&pool->counts, &now,
                                                    now + (uint64_t)n - ((uint64_t)n << FREE_SHIFT),
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

static void put_back(lockless *pool, int64_t n)
{
    /* Release: the blocks were made free before. */
    atomic_fetch_add_explicit(&pool->counts, ((uint64_t)n << FREE_SHIFT) - (uint64_t)n, memory_order_release);
}

/* All of the list become claimed, or none. */
static bool claim(lockless *pool, int64_t owner, const qn_block *list, int64_t n)
{
    int64_t good = 0;
    for (; good < n; good++) {
        int64_t mine = owner;
        /* Acquire: what the last holder did comes before; relaxed on failure: nothing was claimed. */
        if (list[good].id < 0 || list[good].id >= pool->count ||
            !atomic_compare_exchange_strong_explicit(&pool->owners[list[good].id + 1], &mine, -owner,
                                                     memory_order_acquire, memory_order_relaxed))
            break;
    }
    if (good == n)
        return true;
    for (int64_t i = 0; i < good; i++) /* release: pairs with the acquire above */
        atomic_store_explicit(&pool->owners[list[i].id + 1], owner, memory_order_release);
    return false;
}

static bool treiber_take(void *user, int64_t owner, qn_block *out, int64_t n)
{
    lockless *pool = user;
    if (!reserve(pool, n))
        return false;
    /* Acquire: the links of the nodes on the stack are seen; here and where the exchange fails. */
    uint64_t head = atomic_load_explicit(&pool->head, memory_order_acquire);
    for (;;) {
        int32_t at = (int32_t)(head & 0xFFFFFFFF);
        int64_t got = 0;
        /* Relaxed: a link that changes meanwhile changes the head's tag first, and what was read is thrown away. */
        for (; got < n && at != 0; at = atomic_load_explicit(&pool->next[at], memory_order_relaxed))
            out[got++].id = at - 1;
        if (got < n) {
            qni_pause(); /* others have moved what is ours; it is there in a moment */
            head = atomic_load_explicit(&pool->head, memory_order_acquire);
            continue;
        }
        uint64_t then = ((head >> 32) + 1) << 32 | (uint32_t)at;
        if (atomic_compare_exchange_weak_explicit(&pool->head, &head, then, memory_order_acquire, memory_order_acquire))
            break;
    }
    for (int64_t i = 0; i < n; i++) /* release: pairs with the acquire in claim */
        atomic_store_explicit(&pool->owners[out[i].id + 1], owner, memory_order_release);
    return true;
}

static bool treiber_give(void *user, int64_t owner, const qn_block *list, int64_t n)
{
    lockless *pool = user;
    if (!claim(pool, owner, list, n))
        return false;
    for (int64_t i = 0; i < n; i++) {
        /* Relaxed, both: published by the exchange below. */
        atomic_store_explicit(&pool->owners[list[i].id + 1], 0, memory_order_relaxed);
        if (i + 1 < n)
            atomic_store_explicit(&pool->next[list[i].id + 1], (int32_t)list[i + 1].id + 1, memory_order_relaxed);
    }
    uint64_t head = atomic_load_explicit(&pool->head, memory_order_relaxed), then; /* relaxed: compared again below */
    do {
        atomic_store_explicit(&pool->next[list[n - 1].id + 1], (int32_t)(head & 0xFFFFFFFF), memory_order_relaxed);
        then = ((head >> 32) + 1) << 32 | (uint32_t)(list[0].id + 1);
        /* Release: pairs with the acquire in treiber_take. */
    } while (
        !atomic_compare_exchange_weak_explicit(&pool->head, &head, then, memory_order_release, memory_order_relaxed));
    put_back(pool, n);
    return true;
}

const variant variant_treiber = {"tagged stack", lockless_open, treiber_take, treiber_give, lockless_close};

static bool bitmap_take(void *user, int64_t owner, qn_block *out, int64_t n)
{
    lockless *pool = user;
    if (!reserve(pool, n))
        return false;
    int64_t got = 0;
    for (int64_t w = owner % pool->words; got < n; w = (w + 1) % pool->words) {
        _Atomic uint64_t *word = &pool->bits[w * LINE_WORDS];
        uint64_t now = atomic_load_explicit(word, memory_order_relaxed), left; /* relaxed: compared again below */
        do {
            left = now;
            for (int64_t i = got; i < n && left != 0; i++)
                left &= left - 1;
            /* Acquire: pairs with the release in bitmap_give: the last holder's uses come before. */
        } while (left != now &&
                 !atomic_compare_exchange_weak_explicit(word, &now, left, memory_order_acquire, memory_order_relaxed));
        for (uint64_t mine = now & ~left; mine != 0; mine &= mine - 1)
            out[got++].id = w * WORD_BITS + __builtin_ctzll(mine);
    }
    for (int64_t i = 0; i < n; i++) /* release: pairs with the acquire in claim */
        atomic_store_explicit(&pool->owners[out[i].id + 1], owner, memory_order_release);
    return true;
}

static bool bitmap_give(void *user, int64_t owner, const qn_block *list, int64_t n)
{
    lockless *pool = user;
    if (!claim(pool, owner, list, n))
        return false;
    for (int64_t i = 0; i < n; i++) /* relaxed: published below */
        atomic_store_explicit(&pool->owners[list[i].id + 1], 0, memory_order_relaxed);
    for (int64_t i = 0; i < n;) {
        int64_t w = list[i].id / WORD_BITS;
        uint64_t mine = 0;
        for (; i < n && list[i].id / WORD_BITS == w; i++)
            mine |= UINT64_C(1) << (list[i].id % WORD_BITS);
        /* Release: pairs with the acquire in bitmap_take. */
        atomic_fetch_or_explicit(&pool->bits[w * LINE_WORDS], mine, memory_order_release);
    }
    put_back(pool, n);
    return true;
}

const variant variant_bitmap = {"bitmap", lockless_open, bitmap_take, bitmap_give, lockless_close};
