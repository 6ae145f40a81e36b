/* array/workspace_stats.c: the accounts of a workspace: the pools' own, the tallies of all threads, and what the
 * classes' sources counted. */
#include "array/workspace_int.h"

#include "base/options.h"

#include <string.h>

/* What is summed over the tallies: one class's part, or with index -1 all of them. */
typedef struct asked {
    int64_t index;
    int64_t sum;
    int64_t tallies;
} asked;

static bool add_tally(void *user, void *thing)
{
    asked *a = user;
    const qni_workspace_tally *tally = thing;
    for (int64_t i = a->index < 0 ? 0 : a->index; i < (a->index < 0 ? QNI_WORKSPACE_CLASSES : a->index + 1); i++)
        a->sum += atomic_load_explicit(&tally->asked[i], memory_order_relaxed);
    a->tallies++;
    return true;
}

static asked ask(qn_workspace *w, int64_t index)
{
    asked a = {.index = index};
    qni_locals_each(&w->tallies, add_tally, &a);
    (void)add_tally(&a, &w->shared);
    a.tallies--; /* that one is part of the workspace */
    return a;
}

/* Plans may be for more than there is, and than can be counted. */
static void add_planned(qn_workspace_stats *sum, const qni_workspace_class *c)
{
    int64_t bytes = atomic_load_explicit(&c->planned, memory_order_relaxed) * c->block_size;
    if (!qni_size_add(&sum->planned_bytes, sum->planned_bytes, bytes))
        sum->planned_bytes = INT64_MAX;
}

static void add_class(qn_workspace_stats *sum, const qni_workspace_class *c)
{
    qn_pool_stats pool = {.size = sizeof pool};
    qn_pool_get_stats(c->pool, &pool);
    int64_t takes = pool.taken - atomic_load_explicit(&c->reserve_takes, memory_order_relaxed);
    sum->takes += takes;
    sum->hits += takes - (pool.grown - atomic_load_explicit(&c->reserve_grown, memory_order_relaxed));
    sum->live += pool.live;
    sum->live_bytes += pool.live * c->block_size;
    sum->idle_bytes += pool.idle * c->block_size;
    add_planned(sum, c);
    sum->held_bytes += atomic_load_explicit(&c->held, memory_order_relaxed) + (int64_t)sizeof *c;
    sum->trimmed_bytes += atomic_load_explicit(&c->trimmed, memory_order_relaxed);
}

void qn_workspace_get_stats(qn_workspace *workspace, qn_workspace_stats *out)
{
    qn_workspace_stats sum = {.size = (int64_t)sizeof sum};
    for (int64_t i = 0; i < QNI_WORKSPACE_CLASSES; i++) {
        const qni_workspace_class *c = qni_workspace_class_at(workspace, i);
        if (c != NULL)
            add_class(&sum, c);
    }
    asked a = ask(workspace, -1);
    sum.asked_bytes = a.sum;
    sum.held_bytes += (int64_t)sizeof *workspace + qni_locals_size(&workspace->tallies) +
                      a.tallies * (int64_t)sizeof(qni_workspace_tally);
    qni_stats_copy(out, &sum, (int64_t)sizeof sum);
}

void qn_workspace_each_class(qn_workspace *workspace, void (*fn)(void *user, const qn_workspace_stats *stats),
                             void *user)
{
    for (int64_t i = 0; i < QNI_WORKSPACE_CLASSES; i++) {
        const qni_workspace_class *c = qni_workspace_class_at(workspace, i);
        if (c == NULL)
            continue;
        qn_workspace_stats stats = {.size = sizeof stats, .block_size = c->block_size};
        add_class(&stats, c);
        stats.asked_bytes = ask(workspace, i).sum;
        fn(user, &stats);
    }
}
