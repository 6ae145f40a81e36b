/* array/workspace_plan.c: what will be needed: counted when it is planned, asked of the allocator when it is reserved.
 */
#include "array/workspace_int.h"

#include "base/error.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>

static int64_t planned_bytes(const qn_workspace *w)
{
    int64_t sum = 0, bytes;
    for (int64_t i = 0; i < QNI_WORKSPACE_CLASSES; i++) {
        const qni_workspace_class *c = qni_workspace_class_at(w, i);
        if (c == NULL)
            continue;
        int64_t planned = atomic_load_explicit(&c->planned, memory_order_relaxed);
        if (!qni_size_mul(&bytes, planned, c->block_size) || !qni_size_add(&sum, sum, bytes))
            return INT64_MAX;
    }
    return sum;
}

qn_status qn_workspace_plan(int64_t *bytes, qn_workspace *workspace, qn_dtype dtype, int32_t ndim, const int64_t *shape,
                            int64_t count, qn_error *err)
{
    assert(workspace);
    qn_workspace *w = workspace;
    int64_t size, sum, all;
    if (bytes != NULL)
        *bytes = 0;
    qn_status status = qni_workspace_shape_bytes(&size, dtype, ndim, shape, err);
    if (status != QN_OK)
        return status;
    if (size > INT64_C(1) << QNI_WORKSPACE_LARGEST_BITS)
        return qni_error(err, QN_NOMEM, "no memory for a block of %" PRId64 " bytes", size);
    qni_workspace_class *c = qni_workspace_class_make(w, qni_workspace_class_index(size));
    if (c == NULL)
        return qni_refused(err, w->source, size, "a plan of %" PRId64 " blocks of %" PRId64 " bytes", count, size);
    int64_t before = atomic_load_explicit(&c->planned, memory_order_relaxed);
    do {
        if (__builtin_add_overflow(before, count, &sum) || sum < 0 || !qni_size_mul(&all, sum, c->block_size))
            return qni_error(err, QN_INVALID,
                             "%" PRId64 " blocks of %" PRId64 " bytes cannot be added to %" PRId64 " that are planned",
                             count, size, before);
    } while (
        !atomic_compare_exchange_weak_explicit(&c->planned, &before, sum, memory_order_relaxed, memory_order_relaxed));
    if (qni_workspace_is_large(c))
        atomic_fetch_add_explicit(&w->large_planned, count * c->block_size, memory_order_relaxed);
    if (bytes != NULL)
        *bytes = planned_bytes(w);
    return QN_OK;
}

/* Makes a class's pool hold at least `wanted` blocks that are not live, by taking so many at once; `blocks` (wanted) is
 * scratch. It counts as a use of the class: what was just reserved is not what is trimmed first. */
static qn_status fill(qni_workspace_class *c, void **blocks, int64_t wanted)
{
    qn_pool_stats before = {.size = sizeof before}, after = before;
    qn_status status = QN_OK;
    int64_t count = 0;
    qn_pool_get_stats(c->pool, &before);
    while (count < wanted && (status = qn_pool_take(&blocks[count], c->pool, NULL)) == QN_OK)
        count++;
    for (int64_t i = 0; i < count; i++)
        qn_pool_give(c->pool, blocks[i]);
    qn_pool_get_stats(c->pool, &after);
    atomic_store_explicit(&c->used, atomic_fetch_add_explicit(&c->workspace->clock, 1, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_fetch_add_explicit(&c->reserve_takes, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->reserve_grown, after.grown - before.grown, memory_order_relaxed);
    return status;
}

/* Blocks of the class that are planned and not held, not below 0; *wanted: those that are planned and not live. */
static int64_t lacking(const qni_workspace_class *c, int64_t *wanted)
{
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(c->pool, &stats);
    int64_t planned = atomic_load_explicit(&c->planned, memory_order_relaxed);
    *wanted = planned - stats.live;
    return planned > stats.objects ? planned - stats.objects : 0;
}

static qn_status reserve(qni_workspace_class *c)
{
    const qn_allocator *source = c->workspace->source;
    int64_t wanted;
    if (lacking(c, &wanted) == 0)
        return QN_OK;
    void **blocks = qni_alloc(source, wanted, sizeof *blocks);
    qn_status status = blocks == NULL ? QN_NOMEM : fill(c, blocks, wanted);
    qni_free(source, blocks, wanted, sizeof *blocks);
    return status;
}

/* Whether what is planned of a class is held. */
static qn_status check_held(const qni_workspace_class *c, qn_error *err)
{
    int64_t wanted, lack = lacking(c, &wanted);
    return lack == 0 ? QN_OK
                     : qni_refused(err, c->workspace->source, lack * c->block_size,
                                   "%" PRId64 " more planned blocks of %" PRId64 " bytes", lack, c->block_size);
}

qn_status qn_workspace_reserve(qn_workspace *workspace, qn_error *err)
{
    qn_status status = QN_OK;
    (void)qni_workspace_tally_make(workspace); /* else the first take would ask for it */
    for (int64_t i = 0; status == QN_OK && i < QNI_WORKSPACE_CLASSES; i++) {
        qni_workspace_class *c = qni_workspace_class_at(workspace, i);
        if (c != NULL)
            status = reserve(c);
    }
    /* All at the end, for where a budget has no room for all of them, those reserved last took it from the first. */
    status = QN_OK;
    for (int64_t i = 0; status == QN_OK && i < QNI_WORKSPACE_CLASSES; i++) {
        const qni_workspace_class *c = qni_workspace_class_at(workspace, i);
        if (c != NULL)
            status = check_held(c, err);
    }
    return status;
}
