/* mem/pool.c: taking and giving: a thread's magazine, and behind it the depot.
 *
 * A magazine that is empty takes half of what it may hold from the depot, one that is full gives its colder half there:
 * so an exchange comes at most once in half a magazine of takes or gives. Bonwick and Adams, "Magazines and Vmem"
 * (USENIX 2001), exchange whole magazines, of which a thread has two; copying half of one costs less than the second
 * and the walk over their list. The depot is a stack of pointers, nothing is linked through the objects: who gives back
 * a cold object does not touch it. Any thread. */
#include "mem/pool_int.h"

#include <quern/budget.h>

#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static int64_t magazine_size(int64_t capacity)
{
    return (int64_t)sizeof(qni_magazine) + capacity * (int64_t)sizeof(void *);
}

void qni_pool_count_bytes(qn_pool *pool, int64_t bytes)
{
    pool->counts.bytes += bytes;
    if (pool->counts.bytes > pool->counts.bytes_peak)
        pool->counts.bytes_peak = pool->counts.bytes;
}

void qni_depot_push(qn_pool *pool, void *const *objects, int64_t count)
{
    int64_t room = pool->objects - pool->idle_count;
    if (count > room) {
        pool->counts.misuses += count - room;
        count = room;
    }
    if (count > 0)
        memcpy(pool->idle + pool->idle_count, objects, (size_t)count * sizeof *objects);
    pool->idle_count += count;
}

/* Goes into the own magazine; waits while a visitor is there. */
static void enter(qn_pool *pool, qni_magazine *magazine)
{
    while (!qni_owner_enter(&magazine->lock)) {
        qni_lock_take(&pool->visitors, NULL);
        qni_lock_give(&pool->visitors);
    }
}

/* A magazine for the calling thread, or NULL: the pool keeps none, the thread has no number, there is no memory. */
static qni_magazine *make_magazine(qn_pool *pool)
{
    if (pool->magazine == 0 || qni_thread_number() < 0)
        return NULL;
    qni_magazine *magazine = qni_locals_get(&pool->magazines);
    if (magazine != NULL)
        return magazine;
    /* Relaxed: a hint. An allocator that has nothing left is not asked at every give: it may search far and wide. */
    if (atomic_load_explicit(&pool->no_magazines, memory_order_relaxed))
        return NULL;
    magazine = qni_alloc(pool->allocator, magazine_size(pool->magazine), 1);
    if (magazine == NULL) {
        atomic_store_explicit(&pool->no_magazines, true, memory_order_relaxed);
        return NULL;
    }
    qni_owner_init(&magazine->lock, false);
    magazine->count = 0;
    magazine->hits = 0;
    magazine->capacity = pool->magazine;
    if (!qni_locals_put(&pool->magazines, magazine)) {
        qni_free(pool->allocator, magazine, magazine_size(pool->magazine), 1);
        atomic_store_explicit(&pool->no_magazines, true, memory_order_relaxed);
        return NULL;
    }
    /* A visit that began before and does not know of the magazine is over before anything goes into it. */
    qni_lock_take(&pool->visitors, NULL);
    qni_lock_give(&pool->visitors);
    int64_t locals_bytes = qni_locals_size(&pool->magazines);
    qni_depot_take(pool);
    if (locals_bytes < pool->locals_bytes) /* another thread was here meanwhile; tables only grow */
        locals_bytes = pool->locals_bytes;
    qni_pool_count_bytes(pool, magazine_size(pool->magazine) + locals_bytes - pool->locals_bytes);
    pool->locals_bytes = locals_bytes;
    qni_depot_give(pool);
    return magazine;
}

/* Takes an object from the depot and, for a magazine (NULL: none) that is empty, some more. False: there is none. */
static bool take_from_depot(void **out, qn_pool *pool, qni_magazine *magazine)
{
    qni_depot_take(pool);
    int64_t most = magazine == NULL || magazine->capacity < 2 ? 1 : magazine->capacity / 2;
    int64_t count = pool->idle_count < most ? pool->idle_count : most;
    if (count > 0) {
        pool->idle_count -= count;
        void **from = pool->idle + pool->idle_count;
        *out = from[count - 1];
        if (magazine != NULL && count > 1) {
            memcpy(magazine->objects, from, (size_t)(count - 1) * sizeof *from);
            magazine->count = count - 1;
        }
        pool->counts.taken++;
        pool->counts.exchanges++;
        int64_t away = pool->objects - pool->idle_count;
        if (away > pool->counts.peak)
            pool->counts.peak = away;
    }
    qni_depot_give(pool);
    return count > 0;
}

static bool refill(void **out, qn_pool *pool, qni_magazine *magazine)
{
    if (magazine == NULL)
        return take_from_depot(out, pool, NULL);
    bool taken = true;
    enter(pool, magazine);
    if (magazine->count > 0) { /* a visitor, or that the lock is fenced, was all that was in the way */
        *out = magazine->objects[--magazine->count];
        magazine->hits++;
    } else {
        taken = take_from_depot(out, pool, magazine);
    }
    qni_owner_leave(&magazine->lock);
    return taken;
}

/* Everything but a hit. Apart, so that a hit saves no registers. */
__attribute__((noinline)) static qn_status take_slowly(void **out, qn_pool *pool, qn_error *err)
{
    qni_magazine *magazine = make_magazine(pool);
    while (!refill(out, pool, magazine)) {
        qn_error why = qn_error_none(); /* the caller's stays as it is where another thread's magazine helps */
        qn_status status = qni_pool_grow(pool, &why);
        if (status == QN_OK)
            continue;
        if (qni_pool_steal(pool, out))
            break;
        qni_depot_take(pool);
        pool->counts.refused++;
        int64_t objects = pool->objects;
        qni_depot_give(pool);
        if (status == QN_EXHAUSTED)
            return qni_error(err, QN_EXHAUSTED,
                             "pool \"%s\": all %" PRId64 " objects are in use, and it may have no more", pool->name,
                             objects);
        if (err != NULL)
            *err = why;
        return status;
    }
    QNI_POOL_SHOW(*out, pool->object_size);
    return QN_OK;
}

__attribute__((noinline)) static qn_status take_checked(void **out, qn_pool *pool, qni_place place, qn_error *err)
{
    qn_status status = take_slowly(out, pool, err);
    if (status == QN_OK)
        qni_checked_taken(pool, *out, place);
    return status;
}

/* An object from the own magazine, or NULL. */
static inline void *take_hit(qn_pool *pool)
{
    qni_magazine *magazine = qni_locals_get(&pool->magazines);
    if (__builtin_expect(magazine == NULL, 0))
        return NULL;
    void *object = NULL;
    if (__builtin_expect(qni_owner_try(&magazine->lock), 1)) {
        int64_t count = magazine->count;
        if (__builtin_expect(count > 0, 1)) {
            object = magazine->objects[count - 1];
            magazine->count = count - 1;
            magazine->hits++;
        }
        qni_owner_leave(&magazine->lock);
    }
    return object;
}

qn_status qn_pool_take(void **out, qn_pool *pool, qn_error *err)
{
    assert(out && pool);
    void *object = take_hit(pool);
    *out = object;
    if (__builtin_expect(object != NULL, 1)) {
        QNI_POOL_SHOW(object, pool->object_size);
        return QN_OK;
    }
    if (pool->checked)
        return take_checked(out, pool, (qni_place){.address = __builtin_return_address(0)}, err);
    return take_slowly(out, pool, err);
}

qn_status qn_pool_take_at(void **out, qn_pool *pool, const char *file, int64_t line, qn_error *err)
{
    assert(out && pool);
    *out = NULL;
    if (pool->checked)
        return take_checked(out, pool, (qni_place){.file = file, .line = line, .address = __builtin_return_address(0)},
                            err);
    return qn_pool_take(out, pool, err);
}

/* Everything but a magazine that has room. */
__attribute__((noinline)) static void give_slowly(qn_pool *pool, void *object)
{
    qni_magazine *magazine = make_magazine(pool);
    if (magazine != NULL)
        enter(pool, magazine);
    if (magazine == NULL || magazine->count == magazine->capacity) {
        qni_depot_take(pool);
        if (magazine == NULL) {
            qni_depot_push(pool, &object, 1);
        } else { /* the colder half */
            int64_t count = (magazine->capacity + 1) / 2;
            qni_depot_push(pool, magazine->objects, count);
            magazine->count -= count;
            memmove(magazine->objects, magazine->objects + count, (size_t)magazine->count * sizeof(void *));
        }
        pool->counts.exchanges++;
        qni_depot_give(pool);
    }
    if (magazine != NULL) {
        magazine->objects[magazine->count++] = object;
        qni_owner_leave(&magazine->lock);
    }
}

/* Puts an object into the own magazine. False: not possible at once. */
static inline bool give_hit(qn_pool *pool, void *object)
{
    qni_magazine *magazine = qni_locals_get(&pool->magazines);
    if (__builtin_expect(magazine == NULL, 0))
        return false;
    bool given = false;
    if (__builtin_expect(qni_owner_try(&magazine->lock), 1)) {
        int64_t count = magazine->count;
        if (__builtin_expect(count < magazine->capacity, 1)) {
            magazine->objects[count] = object;
            magazine->count = count + 1;
            given = true;
        }
        qni_owner_leave(&magazine->lock);
    }
    return given;
}

/* The way of a pool that checks or resets. */
__attribute__((noinline)) static void give_carefully(qn_pool *pool, void *object, const void *address)
{
    if (pool->checked && !qni_checked_may_give(pool, object, (qni_place){.address = address}))
        return;
    if (pool->reset != NULL)
        pool->reset(pool->user, object);
    if (pool->checked)
        qni_checked_given(pool, object);
    QNI_POOL_HIDE(object, pool->stride);
    if (!give_hit(pool, object))
        give_slowly(pool, object);
}

void qn_pool_give(qn_pool *pool, void *object)
{
    assert(pool);
    if (__builtin_expect(object == NULL, 0))
        return;
    if (pool->careful) {
        give_carefully(pool, object, __builtin_return_address(0));
        return;
    }
    QNI_POOL_HIDE(object, pool->stride);
    if (!give_hit(pool, object))
        give_slowly(pool, object);
}

void qn_pool_guard_release(qn_pool_guard *guard)
{
    void *object = guard->object;
    guard->object = NULL;
    if (object != NULL)
        qn_pool_give(guard->pool, object);
}

void qn_pool_options_init(qn_pool_options *out, int64_t size)
{
    qni_options_init(out, size);
}

/* How many idle objects a thread may keep. */
static int64_t choose_magazine(const qn_pool_options *options, int64_t stride, int64_t max)
{
    if (options->magazine != 0)
        return options->magazine < 0 ? 0 : options->magazine;
    if (stride >= QNI_POOL_LARGE)
        return 0;
    int64_t count = QNI_POOL_MAGAZINE_SIZE / stride;
    if (count > QNI_POOL_MAGAZINE_MAX)
        count = QNI_POOL_MAGAZINE_MAX;
    if (count > max / QNI_POOL_MAGAZINE_SHARE)
        count = max / QNI_POOL_MAGAZINE_SHARE;
    return count < 2 ? 0 : count;
}

/* Bytes from one object to the next: a multiple of 64. Large ones take an odd number of lines, so that their beginnings
 * fall into all sets of a cache and not into a few. */
static bool choose_stride(int64_t *out, int64_t object_size)
{
    int64_t with_state;
    if (object_size < 1 || !qni_size_round_up(out, object_size, QNI_ALIGN))
        return false;
    if (*out >= QNI_POOL_ODD_FROM && *out / QNI_ALIGN % 2 == 0 && !qni_size_add(out, *out, QNI_ALIGN))
        return false;
    return qni_size_add(&with_state, *out, (int64_t)sizeof(qni_object_state));
}

static qn_status check_growth(const qn_pool_options *o, qn_error *err)
{
    switch (o->growth) {
    case QN_POOL_GROW:
    case QN_POOL_FAIL:
        if (o->max != 0)
            return qni_error(err, QN_INVALID, "only a bounded pool has a maximum, here %" PRId64, o->max);
        if (o->growth == QN_POOL_FAIL && o->initial == 0)
            return qni_error(err, QN_INVALID, "a pool that never grows needs initial objects");
        return QN_OK;
    case QN_POOL_BOUNDED:
        if (o->max < 1 || o->max < o->initial)
            return qni_error(err, QN_INVALID,
                             "a bounded pool with %" PRId64 " initial objects cannot have at most %" PRId64, o->initial,
                             o->max);
        return QN_OK;
    }
    return qni_error(err, QN_INVALID, "%d is no way for a pool to grow", (int)o->growth);
}

static qn_status check_options(const qn_pool_options *o, qn_error *err)
{
    if (o->object_size < 1)
        return qni_error(err, QN_INVALID, "a pool cannot have objects of %" PRId64 " bytes", o->object_size);
    if (o->initial < 0 || o->grow < 0 || o->max < 0)
        return qni_error(err, QN_INVALID, "a pool's counts cannot be negative");
    if (o->magazine < -1 || o->magazine > QNI_POOL_MAGAZINE_ASKED_MAX)
        return qni_error(err, QN_INVALID, "a pool's magazine holds at most %d objects, not %" PRId64,
                         QNI_POOL_MAGAZINE_ASKED_MAX, o->magazine);
    if (o->checks < QN_POOL_CHECKS_DEFAULT || o->checks > QN_POOL_CHECKS_OFF)
        return qni_error(err, QN_INVALID, "%d is no choice of a pool's checks", (int)o->checks);
    return check_growth(o, err);
}

static bool choose_checked(qn_pool_checks checks)
{
#ifdef NDEBUG
    return checks == QN_POOL_CHECKS_ON;
#else
    return checks != QN_POOL_CHECKS_OFF;
#endif
}

static void set_up(qn_pool *pool, const qn_pool_options *o, int64_t stride, const qn_allocator *allocator)
{
    const char *name = o->name != NULL ? o->name : "pool";
    qni_locals_init(&pool->magazines, allocator);
    pool->allocator = allocator;
    pool->object_size = o->object_size;
    pool->stride = stride;
    pool->checked = choose_checked(o->checks);
    pool->reset = o->reset;
    pool->construct = o->construct;
    pool->destruct = o->destruct;
    pool->user = o->user;
    pool->careful = pool->checked || pool->reset != NULL;
    pool->fixed = o->growth == QN_POOL_FAIL;
    pool->max = o->growth == QN_POOL_BOUNDED ? o->max : pool->fixed ? o->initial : INT64_MAX;
    pool->magazine = pool->checked ? 0 : choose_magazine(o, stride, pool->max);
    pool->grow = o->grow != 0 ? o->grow : QNI_POOL_SLAB_SIZE / stride;
    if (pool->grow < 1)
        pool->grow = 1;
    memcpy(pool->name, name, strnlen(name, sizeof pool->name - 1));
    qni_pool_count_bytes(pool, (int64_t)sizeof *pool);
}

/* A budget that draws tight gets idle slabs back. */
static int64_t give_back(void *user, int64_t wanted)
{
    return qni_pool_shrink(user, 0, wanted);
}

/* Where the pool hears of pressure, or NULL: nowhere. */
static qn_budget *pressing_budget(const qn_pool *pool)
{
    return pool->fixed ? NULL : qn_budget_of(pool->allocator);
}

/* Everything of a pool that needs memory but the pool itself. */
static qn_status fill(qn_pool *pool, int64_t initial, qn_error *err)
{
    qn_budget *budget = pressing_budget(pool);
    qn_status status = QN_OK;
    while (status == QN_OK && pool->objects < initial) {
        int64_t left = initial - pool->objects;
        status = qni_slab_open(pool, left < pool->grow ? left : pool->grow, err);
    }
    if (status == QN_OK && budget != NULL)
        status = qn_budget_on_pressure(budget, give_back, pool, err);
    if (status != QN_OK)
        qni_slabs_fini(pool);
    return status;
}

qn_status qn_pool_new(qn_pool **out, const qn_pool_options *options, const qn_allocator *allocator, qn_error *err)
{
    assert(out && options);
    *out = NULL;
    qn_pool_options o;
    qn_status status = qni_options_copy(&o, sizeof o, options, "qn_pool_options", err);
    if (status == QN_OK)
        status = check_options(&o, err);
    if (status != QN_OK)
        return status;
    int64_t stride;
    if (!choose_stride(&stride, o.object_size))
        return qni_error(err, QN_INVALID, "a pool cannot have objects of %" PRId64 " bytes", o.object_size);
    qn_pool *pool = qni_new(allocator, qn_pool);
    if (pool == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *pool, "a pool");
    set_up(pool, &o, stride, allocator);
    status = fill(pool, o.initial, err);
    if (status != QN_OK) {
        qni_delete(allocator, pool);
        return status;
    }
    if (pool->checked)
        qni_checked_enlist(pool);
    *out = pool;
    return QN_OK;
}

int64_t qn_pool_trim(qn_pool *pool, int64_t keep_size)
{
    assert(pool && keep_size >= 0);
    return qni_pool_shrink(pool, keep_size < 0 ? 0 : keep_size, INT64_MAX);
}

static bool free_magazine(void *user, void *magazine)
{
    const qn_pool *pool = user;
    qni_free(pool->allocator, magazine, magazine_size(pool->magazine), 1);
    return true;
}

void qn_pool_free(qn_pool *pool)
{
    if (pool == NULL)
        return;
    qn_budget *budget = pressing_budget(pool);
    if (budget != NULL)
        qn_budget_off_pressure(budget, give_back, pool);
    if (pool->checked)
        qni_checked_delist(pool);
    qni_slabs_fini(pool);
    qni_locals_each(&pool->magazines, free_magazine, pool);
    qni_locals_fini(&pool->magazines);
    qni_delete(pool->allocator, pool);
}
