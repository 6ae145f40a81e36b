/* array/workspace.c: blocks by shape: the classes, taking and giving. See workspace_int.h.
 *
 * The common take is a class by its index, an object from that class's pool, and a sum in a line that only this thread
 * writes. */
#include "array/workspace_int.h"

#include "array/array_int.h"
#include "array/workspace.h"
#include "base/error.h"
#include "base/log.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void qn_workspace_options_init(qn_workspace_options *out, int64_t size)
{
    qni_options_init(out, size);
}

int64_t qni_workspace_class_index(int64_t bytes)
{
    uint64_t last = (uint64_t)bytes - 1;
    if (last < 512)
        return (int64_t)(last >> 6);
    int exponent = 63 ^ __builtin_clzll(last); /* of the highest bit */
    return 8 + (exponent - 9) * 8 + (int64_t)((last >> (exponent - 3)) & 7);
}

int64_t qni_workspace_class_size(int64_t index)
{
    return index < 8 ? (index + 1) << 6 : (index % 8 + 9) << (index / 8 + 5);
}

/* The bytes of a shape that has an axis without elements, or that cannot be: 1 or -1. */
__attribute__((noinline)) static int64_t odd_shape_bytes(qn_dtype dtype, int32_t ndim, const int64_t *shape)
{
    qn_array ignored;
    int64_t bytes;
    return qni_array_layout(&ignored, dtype, ndim, shape, &bytes, NULL) == QN_OK ? 1 : -1;
}

/* The bytes that a shape takes, at least 1; -1: it cannot be. */
static inline int64_t shape_bytes(qn_dtype dtype, int32_t ndim, const int64_t *shape)
{
    int64_t size = qni_dtype_size(dtype);
    if (__builtin_expect(size == 0 || ndim < 0 || ndim > QN_ARRAY_MAX_DIMS, 0))
        return -1;
    for (int32_t k = 0; k < ndim; k++)
        if (__builtin_expect(shape[k] <= 0 || __builtin_mul_overflow(size, shape[k], &size), 0))
            return odd_shape_bytes(dtype, ndim, shape);
    return size;
}

/* What is wrong with a shape. */
__attribute__((noinline)) static qn_status complain(qn_dtype dtype, int32_t ndim, const int64_t *shape, qn_error *err)
{
    qn_array ignored;
    int64_t bytes;
    qn_status status = qni_array_layout(&ignored, dtype, ndim, shape, &bytes, err);
    return qni_failed(status);
}

qn_status qni_workspace_shape_bytes(int64_t *bytes, qn_dtype dtype, int32_t ndim, const int64_t *shape, qn_error *err)
{
    *bytes = shape_bytes(dtype, ndim, shape);
    return *bytes < 0 ? complain(dtype, ndim, shape, err) : QN_OK;
}

/* What a class's pool draws on: the workspace's source, with an account. */
static void *counted(void *user, void *block, int64_t old_size, int64_t new_size)
{
    qni_workspace_class *c = user;
    qn_workspace *w = c->workspace;
    const qn_allocator *source = w->source != NULL ? w->source : qn_allocator_default();
    void *fresh = source->resize(source->user, block, old_size, new_size);
    if (fresh == NULL && new_size != 0)
        return NULL;
    atomic_fetch_add_explicit(&c->held, new_size - old_size, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->held, new_size - old_size, memory_order_relaxed);
    if (qni_workspace_is_large(c) && old_size + new_size >= c->block_size) /* a block, not the pool's records */
        atomic_fetch_add_explicit(&w->large_held, new_size - old_size, memory_order_relaxed);
    if (new_size == 0)
        atomic_fetch_add_explicit(&c->trimmed, old_size, memory_order_relaxed);
    return fresh;
}

static void class_free(qni_workspace_class *c)
{
    qn_pool_free(c->pool);
    qni_delete(c->workspace->source, c);
}

qni_workspace_class *qni_workspace_class_at(const qn_workspace *w, int64_t index)
{
    /* Acquire: pairs with the release in qni_workspace_class_make; the class is seen complete. */
    return atomic_load_explicit(&w->classes[index], memory_order_acquire);
}

qni_workspace_class *qni_workspace_class_make(qn_workspace *w, int64_t index)
{
    qni_workspace_class *c = qni_workspace_class_at(w, index), *theirs = NULL;
    if (c != NULL)
        return c;
    if ((c = qni_new(w->source, qni_workspace_class)) == NULL)
        return NULL;
    c->workspace = w;
    c->index = index;
    c->block_size = qni_workspace_class_size(index);
    c->source = (qn_allocator){.resize = counted, .user = c};
    char name[32];
    (void)snprintf(name, sizeof name, "workspace %" PRId64, c->block_size);
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.name = name;
    options.object_size = c->block_size;
    options.grow = qni_workspace_is_large(c) ? 1 : 0; /* large blocks go back one by one */
    options.magazine = qni_workspace_is_large(c) ? -1 : 0;
    if (qn_pool_new(&c->pool, &options, &c->source, NULL) != QN_OK) {
        qni_delete(w->source, c);
        return NULL;
    }
    /* Release: publishes the class. Acquire on failure: another thread's class is seen complete; ours was not needed.
     */
    if (atomic_compare_exchange_strong_explicit(&w->classes[index], &theirs, c, memory_order_acq_rel,
                                                memory_order_acquire))
        return c;
    class_free(c);
    return theirs;
}

qni_workspace_tally *qni_workspace_tally_make(qn_workspace *w)
{
    if (qni_thread_number() < 0)
        return &w->shared;
    qni_workspace_tally *tally =
        qni_locals_get(&w->tallies); /* with its number it may have that of a thread before it */
    if (tally != NULL)
        return tally;
    tally = qni_new(w->source, qni_workspace_tally);
    if (tally != NULL && qni_locals_put(&w->tallies, tally))
        return tally;
    if (tally != NULL)
        qni_delete(w->source, tally);
    return &w->shared;
}

static inline void account(const qn_workspace *w, qni_workspace_tally *tally, int64_t index, int64_t bytes)
{
    _Atomic int64_t *sum = &tally->asked[index];
    if (__builtin_expect(tally == &w->shared, 0))
        atomic_fetch_add_explicit(sum, bytes, memory_order_relaxed);
    else /* nobody else writes here */
        atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + bytes, memory_order_relaxed);
}

static int64_t tick(qn_workspace *w)
{
    return atomic_fetch_add_explicit(&w->clock, 1, memory_order_relaxed) + 1;
}

/* After a take that was not like the one before: when the class was used, what is large, whether idle memory is over
 * its limit. */
__attribute__((noinline)) static void took(qn_workspace *w, qni_workspace_class *c, bool grew)
{
    bool large = qni_workspace_is_large(c);
    int64_t now = large || grew ? tick(w) : atomic_load_explicit(&w->clock, memory_order_relaxed);
    atomic_store_explicit(&c->used, now, memory_order_relaxed);
    if (large)
        atomic_fetch_add_explicit(&w->large_live, c->block_size, memory_order_relaxed);
    if (grew)
        qni_workspace_keep_limit(w, true);
}

/* A class that is not there yet; idle memory of others makes room for it. NULL: no memory. */
__attribute__((noinline)) static qni_workspace_class *first_use(qn_workspace *w, int64_t index)
{
    qni_workspace_class *c = qni_workspace_class_make(w, index);
    return c == NULL && qni_workspace_shrink(w, 0, false) > 0 ? qni_workspace_class_make(w, index) : c;
}

/* A block of a class whose pool has none and was not given any. False: idle memory elsewhere makes no room either. */
__attribute__((noinline)) static bool take_from_others(void **out, qn_workspace *w, qni_workspace_class *c)
{
    return qni_workspace_shrink(w, 0, false) > 0 && qn_pool_take(out, c->pool, NULL) == QN_OK;
}

/* A block of so many bytes. False: no memory, *out is NULL. */
static inline bool take_bytes(void **out, qn_workspace *w, int64_t bytes)
{
    *out = NULL;
    if (__builtin_expect(bytes > INT64_C(1) << QNI_WORKSPACE_LARGEST_BITS, 0))
        return false;
    int64_t index = qni_workspace_class_index(bytes);
    qni_workspace_class *c = qni_workspace_class_at(w, index);
    if (__builtin_expect(c == NULL, 0) && (c = first_use(w, index)) == NULL)
        return false;
    int64_t held = atomic_load_explicit(&c->held, memory_order_relaxed);
    if (__builtin_expect(qn_pool_take(out, c->pool, NULL) != QN_OK, 0) && !take_from_others(out, w, c))
        return false;
    bool grew = atomic_load_explicit(&c->held, memory_order_relaxed) != held;
    bool known =
        atomic_load_explicit(&c->used, memory_order_relaxed) == atomic_load_explicit(&w->clock, memory_order_relaxed);
    if (__builtin_expect(grew || !known || qni_workspace_is_large(c), 0))
        took(w, c, grew);
    qni_workspace_tally *tally = qni_locals_get(&w->tallies);
    if (__builtin_expect(tally == NULL, 0))
        tally = qni_workspace_tally_make(w);
    account(w, tally, index, bytes);
    if (__builtin_expect(tally != &w->shared && ++tally->takes % QNI_WORKSPACE_TICK == 0, 0))
        (void)tick(w);
    return true;
}

/* Says that a block was given back with a shape that it cannot have. */
__attribute__((noinline)) static void refuse(void)
{
    qni_log(QN_LOG_ERROR, "workspace", "a block is given back with a shape of which none was taken");
}

/* bytes -1: of no shape. */
static inline void give_bytes(qn_workspace *w, void *block, int64_t bytes)
{
    if (block == NULL)
        return;
    bool good = bytes > 0 && bytes <= INT64_C(1) << QNI_WORKSPACE_LARGEST_BITS;
    int64_t index = good ? qni_workspace_class_index(bytes) : 0;
    qni_workspace_class *c = good ? qni_workspace_class_at(w, index) : NULL;
    if (__builtin_expect(c == NULL, 0)) {
        refuse();
        return;
    }
    qni_workspace_tally *tally = qni_locals_get(&w->tallies);
    account(w, tally != NULL ? tally : &w->shared, index, -bytes);
    qn_pool_give(c->pool, block);
    if (__builtin_expect(qni_workspace_is_large(c), 0)) {
        atomic_fetch_sub_explicit(&w->large_live, c->block_size, memory_order_relaxed);
        qni_workspace_keep_limit(w, false);
    }
}

qn_status qn_workspace_take(void **out, qn_workspace *workspace, qn_dtype dtype, int32_t ndim, const int64_t *shape,
                            qn_error *err)
{
    assert(out && workspace);
    *out = NULL;
    int64_t bytes = shape_bytes(dtype, ndim, shape);
    if (__builtin_expect(bytes < 0, 0))
        return complain(dtype, ndim, shape, err);
    if (__builtin_expect(take_bytes(out, workspace, bytes), 1))
        return QN_OK;
    return qni_refused(err, workspace->source, bytes, "a block of %" PRId64 " bytes", bytes);
}

void qn_workspace_give(qn_workspace *workspace, void *block, qn_dtype dtype, int32_t ndim, const int64_t *shape)
{
    give_bytes(workspace, block, shape_bytes(dtype, ndim, shape));
}

/* The workspace as an allocator. */
static void *resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    qn_workspace *w = user;
    if (new_size == 0) {
        give_bytes(w, block, old_size);
        return NULL;
    }
    void *fresh;
    if (!take_bytes(&fresh, w, new_size) || block == NULL)
        return fresh;
    memcpy(fresh, block, (size_t)(old_size < new_size ? old_size : new_size));
    give_bytes(w, block, old_size);
    return fresh;
}

const qn_allocator *qn_workspace_allocator(const qn_workspace *workspace)
{
    return &workspace->allocator;
}

const qn_allocator *qni_workspace_source(const qn_workspace *workspace)
{
    return workspace->source;
}

qn_status qn_workspace_take_array(qn_array *out, qn_workspace *workspace, qn_dtype dtype, int32_t ndim,
                                  const int64_t *shape, qn_error *err)
{
    qn_status status = qni_array_init(out, dtype, ndim, shape, false, &workspace->allocator, err);
    int64_t bytes;
    if (status != QN_NOMEM || qni_workspace_shape_bytes(&bytes, dtype, ndim, shape, NULL) != QN_OK)
        return status;
    return qni_refused(err, workspace->source, bytes, "an array of %" PRId64 " bytes", bytes);
}

qn_status qn_workspace_new(qn_workspace **out, const qn_workspace_options *options, const qn_allocator *allocator,
                           qn_error *err)
{
    assert(out);
    *out = NULL;
    qn_workspace_options known;
    qn_status status = qni_options_copy(&known, sizeof known, options, "qn_workspace_options", err);
    if (status != QN_OK)
        return status;
    qn_workspace *w = qni_new(allocator, qn_workspace);
    if (w == NULL)
        return qni_refused(err, allocator, sizeof *w, "a workspace");
    w->source = allocator;
    w->allocator = (qn_allocator){.resize = resize, .user = w};
    w->idle_limit = known.idle_limit == 0 ? INT64_MAX : known.idle_limit < 0 ? 0 : known.idle_limit;
    qni_locals_init(&w->tallies, allocator);
    w->budget = qn_budget_of(allocator);
    if (w->budget != NULL && (status = qn_budget_on_pressure(w->budget, qni_workspace_give_back, w, err)) != QN_OK) {
        qni_delete(allocator, w);
        return status;
    }
    *out = w;
    return QN_OK;
}

static bool tally_free(void *workspace, void *tally)
{
    qni_delete(((qn_workspace *)workspace)->source, (qni_workspace_tally *)tally);
    return true;
}

void qn_workspace_free(qn_workspace *workspace)
{
    if (workspace == NULL)
        return;
    qn_workspace *w = workspace;
    if (w->budget != NULL)
        qn_budget_off_pressure(w->budget, qni_workspace_give_back, w);
    for (int64_t i = 0; i < QNI_WORKSPACE_CLASSES; i++) {
        qni_workspace_class *c = qni_workspace_class_at(w, i);
        if (c != NULL)
            class_free(c);
    }
    qni_locals_each(&w->tallies, tally_free, w);
    qni_locals_fini(&w->tallies);
    qn_budget *own = w->own_budget;
    qni_delete(w->source, w);
    qn_budget_free(own);
}
