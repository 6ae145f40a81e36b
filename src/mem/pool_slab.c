/* mem/pool_slab.c: slabs of objects, from the allocator and back.
 *
 * Always: the slabs stand sorted by address. A slab goes back when all its objects are in the depot, those first whose
 * objects have lain there longest. The initial objects are slabs like any other. */
#include "mem/pool_int.h"

#include "base/error.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* The first slab that begins above the address. */
static int64_t slab_above(const qn_pool *pool, const char *address)
{
    int64_t low = 0, high = pool->slab_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        const qni_slab *slab = pool->slabs[middle];
        if ((uintptr_t)slab->bytes > (uintptr_t)address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

qni_slab *qni_slab_find(const qn_pool *pool, const void *address)
{
    int64_t above = slab_above(pool, address);
    if (above == 0)
        return NULL;
    qni_slab *slab = pool->slabs[above - 1];
    return (uintptr_t)address - (uintptr_t)slab->bytes < (uintptr_t)(slab->count * pool->stride) ? slab : NULL;
}

/* Bytes of a slab with its record and the states of its objects. */
static int64_t slab_bytes(const qn_pool *pool, int64_t count)
{
    return (int64_t)sizeof(qni_slab) + count * pool->stride +
           (pool->checked ? count * (int64_t)sizeof(qni_object_state) : 0);
}

static void slab_free(const qn_pool *pool, qni_slab *slab)
{
    qni_free(pool->allocator, slab->states, slab->count, (int64_t)sizeof *slab->states);
    qni_free(pool->allocator, slab->bytes, slab->count, pool->stride);
    qni_delete(pool->allocator, slab);
}

/* Ends the first `made` objects of a slab that nobody can reach any more, and frees it. */
static void slab_close(qn_pool *pool, qni_slab *slab, int64_t made)
{
    QNI_POOL_SHOW(slab->bytes, slab->count * pool->stride);
    if (pool->checked && made == slab->count)
        qni_checked_close(pool, slab);
    if (pool->destruct != NULL)
        for (int64_t i = 0; i < made; i++)
            pool->destruct(pool->user, slab->bytes + i * pool->stride);
    slab_free(pool, slab);
}

static qni_slab *slab_new(const qn_pool *pool, int64_t count)
{
    qni_slab *slab = qni_new(pool->allocator, qni_slab);
    if (slab == NULL)
        return NULL;
    slab->count = count;
    slab->bytes = qni_alloc(pool->allocator, count, pool->stride);
    if (pool->checked && slab->bytes != NULL)
        slab->states = qni_alloc_zeroed(pool->allocator, count, (int64_t)sizeof *slab->states);
    if (slab->bytes == NULL || (pool->checked && slab->states == NULL)) {
        slab_free(pool, slab);
        return NULL;
    }
    return slab;
}

/* Makes room in a table of pointers that is read under the depot's lock: the copy is made under it, the allocator is
 * asked without it. Only one thread at a time is here. */
static bool make_room(qn_pool *pool, void ***table, int64_t *capacity, const int64_t *count, int64_t needed)
{
    if (needed <= *capacity)
        return true;
    int64_t fresh_capacity = *capacity <= INT64_MAX / 4 && *capacity * 2 > needed ? *capacity * 2 : needed;
    void **fresh = qni_alloc(pool->allocator, fresh_capacity, (int64_t)sizeof *fresh);
    if (fresh == NULL)
        return false;
    qni_depot_take(pool);
    void **old = *table;
    int64_t old_capacity = *capacity;
    if (*count > 0)
        memcpy(fresh, old, (size_t)*count * sizeof *fresh);
    *table = fresh;
    *capacity = fresh_capacity;
    qni_pool_count_bytes(pool, (fresh_capacity - old_capacity) * (int64_t)sizeof *fresh);
    qni_depot_give(pool);
    qni_free(pool->allocator, old, old_capacity, (int64_t)sizeof *old);
    return true;
}

/* The slab's objects go to the depot, the first on top. */
static void publish(qn_pool *pool, qni_slab *slab)
{
    qni_depot_take(pool);
    int64_t place = slab_above(pool, slab->bytes);
    memmove(pool->slabs + place + 1, pool->slabs + place, (size_t)(pool->slab_count - place) * sizeof(void *));
    pool->slabs[place] = slab;
    pool->slab_count++;
    pool->objects += slab->count;
    for (int64_t i = slab->count - 1; i >= 0; i--)
        pool->idle[pool->idle_count++] = slab->bytes + i * pool->stride;
    pool->counts.grown++;
    qni_pool_count_bytes(pool, slab_bytes(pool, slab->count));
    qni_depot_give(pool);
    atomic_store_explicit(&pool->no_magazines, false, memory_order_relaxed);
}

qn_status qni_slab_open(qn_pool *pool, int64_t count, qn_error *err)
{
    qni_depot_take(pool);
    int64_t objects = pool->objects, slabs = pool->slab_count; /* they may fall meanwhile, not rise */
    qni_depot_give(pool);
    int64_t bytes;
    if (!qni_size_mul(&bytes, count, pool->stride + (int64_t)sizeof(qni_object_state)) ||
        !qni_size_add(&objects, objects, count))
        return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " objects of %" PRId64 " bytes", count,
                         pool->object_size);
    bool room = make_room(pool, &pool->idle, &pool->idle_capacity, &pool->idle_count, objects) &&
                make_room(pool, &pool->slabs, &pool->slab_capacity, &pool->slab_count, slabs + 1);
    qni_slab *slab = room ? slab_new(pool, count) : NULL;
    if (slab == NULL)
        return qni_refused(err, pool->allocator, bytes, "%" PRId64 " objects of %" PRId64 " bytes of pool \"%s\"",
                           count, pool->object_size, pool->name);
    if (pool->checked)
        qni_checked_fill(pool, slab);
    for (int64_t i = 0; pool->construct != NULL && i < count; i++) {
        qn_status status = pool->construct(pool->user, slab->bytes + i * pool->stride, err);
        if (status != QN_OK) {
            slab_close(pool, slab, i);
            return status;
        }
    }
    if (pool->checked)
        qni_checked_open(pool, slab);
    QNI_POOL_HIDE(slab->bytes, count * pool->stride);
    publish(pool, slab);
    return QN_OK;
}

qn_status qni_pool_grow(qn_pool *pool, qn_error *err)
{
    if (pool->fixed)
        return QN_EXHAUSTED;
    qni_lock_take(&pool->growing, NULL);
    qni_depot_take(pool);
    bool idle = pool->idle_count > 0; /* another thread was first */
    int64_t room = pool->max - pool->objects;
    qni_depot_give(pool);
    qn_status status = QN_OK;
    if (!idle)
        status = room > 0 ? qni_slab_open(pool, room < pool->grow ? room : pool->grow, err) : QN_EXHAUSTED;
    qni_lock_give(&pool->growing);
    return status;
}

/* Under the depot's lock: counts the idle objects of each slab. */
static void count_idle(qn_pool *pool)
{
    for (int64_t i = 0; i < pool->slab_count; i++)
        ((qni_slab *)pool->slabs[i])->idle = 0;
    for (int64_t i = 0; i < pool->idle_count; i++) {
        qni_slab *slab = qni_slab_find(pool, pool->idle[i]);
        if (slab != NULL)
            slab->idle++;
    }
}

enum {
    GOES_BACK = -1 /* in place of a slab's `idle` */
};

/* Under the depot's lock: marks the slabs that go back. Returns their bytes. */
static int64_t choose(qn_pool *pool, int64_t keep_size, int64_t wanted)
{
    int64_t keep = keep_size / pool->object_size + (keep_size % pool->object_size != 0); /* objects */
    int64_t idle = pool->idle_count, freed = 0;
    for (int64_t i = 0; i < pool->idle_count && freed < wanted; i++) {
        qni_slab *slab = qni_slab_find(pool, pool->idle[i]);
        if (slab == NULL || slab->idle != slab->count || idle - slab->count < keep)
            continue;
        idle -= slab->count;
        freed += slab_bytes(pool, slab->count);
        slab->idle = GOES_BACK;
    }
    return freed;
}

/* Under the depot's lock: takes the marked slabs and their objects out of the tables. Returns their list. */
static qni_slab *detach(qn_pool *pool)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < pool->idle_count; i++) {
        const qni_slab *slab = qni_slab_find(pool, pool->idle[i]);
        if (slab == NULL || slab->idle != GOES_BACK)
            pool->idle[kept++] = pool->idle[i];
    }
    pool->idle_count = kept;
    qni_slab *list = NULL;
    kept = 0;
    for (int64_t i = 0; i < pool->slab_count; i++) {
        qni_slab *slab = pool->slabs[i];
        if (slab->idle != GOES_BACK) {
            pool->slabs[kept++] = slab;
            continue;
        }
        slab->next = list;
        list = slab;
        pool->objects -= slab->count;
        pool->counts.trimmed++;
    }
    pool->slab_count = kept;
    return list;
}

int64_t qni_pool_shrink(qn_pool *pool, int64_t keep_size, int64_t wanted)
{
    if (pool->fixed)
        return 0;
    qni_visit_begin(pool);
    qni_depot_take(pool);
    qni_visit_gather(pool, 1);
    count_idle(pool);
    int64_t freed = choose(pool, keep_size, wanted);
    qni_slab *list = freed > 0 ? detach(pool) : NULL;
    qni_pool_count_bytes(pool, -freed);
    qni_depot_give(pool);
    qni_visit_end(pool);
    while (list != NULL) {
        qni_slab *next = list->next;
        slab_close(pool, list, list->count);
        list = next;
    }
    return freed;
}

void qni_slabs_fini(qn_pool *pool)
{
    for (int64_t i = 0; i < pool->slab_count; i++) {
        qni_slab *slab = pool->slabs[i];
        slab_close(pool, slab, slab->count);
    }
    pool->slab_count = 0;
    qni_free(pool->allocator, pool->slabs, pool->slab_capacity, (int64_t)sizeof(void *));
    qni_free(pool->allocator, pool->idle, pool->idle_capacity, (int64_t)sizeof(void *));
}
