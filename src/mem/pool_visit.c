/* mem/pool_visit.c: looking into other threads' magazines, for what nobody else has and for what must be exact.
 *
 * A visit stops every magazine at once: who wants into its own meanwhile waits for the lock `visitors`. With the
 * depot's lock taken as well, every object is seen where it is, and one that is not seen is live. A magazine that is
 * made during a visit is empty until the visit is over. Any thread. */
#include "mem/pool_int.h"

#include "base/error.h"
#include "base/options.h"

#include <assert.h>
#include <string.h>

static bool want(void *user, void *thing)
{
    qni_magazine *magazine = thing;
    qni_owner_want(&magazine->lock);
    *(bool *)user = true;
    return true;
}

static bool await(void *user, void *thing)
{
    (void)user;
    qni_magazine *magazine = thing;
    if (qni_owner_is_wanted(&magazine->lock)) /* not: made since the walk that wanted them */
        qni_owner_await(&magazine->lock);
    return true;
}

static bool let(void *user, void *thing)
{
    (void)user;
    qni_magazine *magazine = thing;
    if (qni_owner_is_wanted(&magazine->lock))
        qni_owner_let(&magazine->lock);
    return true;
}

void qni_visit_begin(qn_pool *pool)
{
    bool any = false;
    qni_lock_take(&pool->visitors, NULL);
    qni_locals_each(&pool->magazines, want, &any);
    if (!any)
        return;
    qni_owner_barrier();
    qni_locals_each(&pool->magazines, await, NULL);
}

void qni_visit_end(qn_pool *pool)
{
    qni_locals_each(&pool->magazines, let, NULL);
    qni_lock_give(&pool->visitors);
}

typedef struct gathering {
    qn_pool *pool;
    int64_t share;
} gathering;

static bool gather(void *user, void *thing)
{
    const gathering *g = user;
    qni_magazine *magazine = thing;
    if (!qni_owner_is_wanted(&magazine->lock))
        return true;
    int64_t count = (magazine->count + g->share - 1) / g->share;
    magazine->count -= count;
    qni_depot_push(g->pool, magazine->objects, count); /* the coldest */
    memmove(magazine->objects, magazine->objects + count, (size_t)magazine->count * sizeof(void *));
    return true;
}

void qni_visit_gather(qn_pool *pool, int64_t share)
{
    qni_locals_each(&pool->magazines, gather, &(gathering){.pool = pool, .share = share});
}

bool qni_pool_steal(qn_pool *pool, void **out)
{
    if (pool->magazine == 0)
        return false;
    qni_visit_begin(pool);
    qni_depot_take(pool);
    pool->counts.steals++;
    qni_visit_gather(pool, 2);
    bool found = pool->idle_count > 0;
    if (found) {
        *out = pool->idle[--pool->idle_count];
        pool->counts.taken++;
    }
    qni_depot_give(pool);
    qni_visit_end(pool);
    return found;
}

typedef struct tally {
    int64_t idle, hits;
} tally;

static bool add_to_tally(void *user, void *thing)
{
    tally *t = user;
    qni_magazine *magazine = thing;
    if (qni_owner_is_wanted(&magazine->lock)) {
        t->idle += magazine->count;
        t->hits += magazine->hits;
    }
    return true;
}

void qn_pool_get_stats(qn_pool *pool, qn_pool_stats *out)
{
    assert(pool && out);
    tally t = {0};
    qni_visit_begin(pool);
    qni_depot_take(pool);
    qni_locals_each(&pool->magazines, add_to_tally, &t);
    qn_pool_stats stats = pool->counts;
    stats.objects = pool->objects;
    stats.idle = pool->idle_count + t.idle;
    qni_depot_give(pool);
    qni_visit_end(pool);
    stats.name = pool->name;
    stats.object_size = pool->object_size;
    stats.live = stats.objects - stats.idle;
    stats.hits = t.hits;
    stats.taken += t.hits;
    /* Relaxed: they carry nothing but themselves. */
    stats.contended = atomic_load_explicit(&pool->waits.contended, memory_order_relaxed);
    stats.slept = atomic_load_explicit(&pool->waits.slept, memory_order_relaxed);
    stats.wait_ns = atomic_load_explicit(&pool->waits.wait_ns, memory_order_relaxed);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}
