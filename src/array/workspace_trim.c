/* array/workspace_trim.c: giving idle memory back, the classes that were not taken from for longest first: because the
 * caller says so, because idle_limit does, or because a budget is under pressure. Takes no lock and asks for no memory.
 */
#include "array/workspace_int.h"

#include <assert.h>

/* A class with idle blocks. */
typedef struct candidate {
    qni_workspace_class *class_;
    int64_t used; /* when */
    int64_t idle; /* bytes that may go */
    int64_t kept; /* bytes that are planned and stay */
} candidate;

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The classes of which something may go. Returns their number; *idle: bytes in all. */
static int64_t find_candidates(candidate *out, int64_t *idle, qn_workspace *w, bool planned)
{
    int64_t count = 0;
    *idle = 0;
    for (int64_t i = 0; i < QNI_WORKSPACE_CLASSES; i++) {
        qni_workspace_class *c = qni_workspace_class_at(w, i);
        if (c == NULL)
            continue;
        qn_pool_stats stats = {.size = sizeof stats};
        qn_pool_get_stats(c->pool, &stats);
        int64_t plan = planned ? atomic_load_explicit(&c->planned, memory_order_relaxed) : 0;
        int64_t free_blocks = stats.objects - larger(stats.live, plan);
        if (free_blocks <= 0)
            continue;
        out[count++] = (candidate){.class_ = c,
                                   .used = atomic_load_explicit(&c->used, memory_order_relaxed),
                                   .idle = free_blocks * c->block_size,
                                   .kept = larger(plan - stats.live, 0) * c->block_size};
        *idle += free_blocks * c->block_size;
    }
    return count;
}

/* Takes the candidate that was used longest ago out of the list. */
static candidate oldest(candidate *list, int64_t *count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < *count; i++)
        if (list[i].used < list[best].used)
            best = i;
    candidate found = list[best];
    list[best] = list[--*count];
    return found;
}

int64_t qni_workspace_shrink(qn_workspace *w, int64_t keep_idle, bool planned)
{
    candidate list[QNI_WORKSPACE_CLASSES];
    int64_t idle, freed = 0, count = find_candidates(list, &idle, w, planned);
    while (count > 0 && idle > keep_idle) {
        candidate c = oldest(list, &count);
        int64_t size = c.class_->block_size, stays = larger(c.idle - (idle - keep_idle), 0) / size * size;
        int64_t gone = qn_pool_trim(c.class_->pool, c.kept + stays);
        idle -= smaller(gone, c.idle - stays); /* what is gone comes with padding and records */
        freed += gone;
    }
    if (freed > 0) /* what is taken from now on is younger than what was spared */
        atomic_fetch_add_explicit(&w->clock, 1, memory_order_relaxed);
    return freed;
}

void qni_workspace_keep_limit(qn_workspace *w, bool grew)
{
    if (w->idle_limit == INT64_MAX)
        return;
    int64_t live = atomic_load_explicit(&w->large_live, memory_order_relaxed);
    int64_t plan = atomic_load_explicit(&w->large_planned, memory_order_relaxed);
    int64_t held = atomic_load_explicit(grew ? &w->held : &w->large_held, memory_order_relaxed);
    if (held - larger(live, plan) > w->idle_limit)
        (void)qni_workspace_shrink(w, w->idle_limit, true);
}

int64_t qni_workspace_give_back(void *workspace, int64_t wanted)
{
    qn_workspace *w = workspace;
    candidate list[QNI_WORKSPACE_CLASSES];
    int64_t idle;
    (void)find_candidates(list, &idle, w, false);
    return qni_workspace_shrink(w, larger(idle - wanted, 0), false);
}

int64_t qn_workspace_trim(qn_workspace *workspace, int64_t keep_idle)
{
    assert(workspace && keep_idle >= 0);
    return qni_workspace_shrink(workspace, larger(keep_idle, 0), false);
}

void qn_workspace_clear(qn_workspace *workspace)
{
    for (int64_t i = 0; i < QNI_WORKSPACE_CLASSES; i++) {
        qni_workspace_class *c = qni_workspace_class_at(workspace, i);
        if (c == NULL)
            continue;
        int64_t planned = atomic_exchange_explicit(&c->planned, 0, memory_order_relaxed);
        if (qni_workspace_is_large(c))
            atomic_fetch_sub_explicit(&workspace->large_planned, planned * c->block_size, memory_order_relaxed);
    }
    (void)qni_workspace_shrink(workspace, 0, false);
}
