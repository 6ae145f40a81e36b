/* mem/pool_check.c: pools that see misuse.
 *
 * Beside each slab stands a table of its objects' states: where each was taken and given back last, and a digest of an
 * idle one's bytes. All checked pools of the process are in one list, so that an object that is given to the wrong pool
 * can be told whose it is. State of the process: that list and its lock, which is taken before any pool's own. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "mem/pool_int.h"

#include "base/hash.h"
#include "base/log.h"

#include <assert.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    FILL = 0xDB /* idle objects of a pool without hooks: as a pointer no address, as a double no likely number */
};

static qni_lock checked_lock;
static qn_pool *checked_pools; /* guarded by checked_lock */

/* "file.c:12", or the module and the offset in it that addr2line understands. */
static const char *place_text(char *text, qni_place place)
{
    Dl_info module;
    if (place.file != NULL) {
        (void)snprintf(text, QNI_POOL_PLACE_SIZE, "%s:%" PRId64, place.file, place.line);
    } else if (place.address != NULL && dladdr(place.address, &module) != 0 && module.dli_fname != NULL) {
        const char *slash = strrchr(module.dli_fname, '/');
        (void)snprintf(text, QNI_POOL_PLACE_SIZE, "%s(+0x%" PRIxPTR ")", slash != NULL ? slash + 1 : module.dli_fname,
                       (uintptr_t)place.address - (uintptr_t)module.dli_fbase);
    } else if (place.address != NULL) {
        (void)snprintf(text, QNI_POOL_PLACE_SIZE, "%p", place.address);
    } else {
        (void)snprintf(text, QNI_POOL_PLACE_SIZE, "a place not known");
    }
    return text;
}

/* That text, for as long as the block lasts. */
#define PLACE(place) place_text((char[QNI_POOL_PLACE_SIZE]){0}, (place))

/* Bytes of an object that are filled and looked at. */
static int64_t looked_at(const qn_pool *pool)
{
    return pool->object_size < QNI_POOL_LOOKED_AT_MAX ? pool->object_size : QNI_POOL_LOOKED_AT_MAX;
}

/* Whether idle objects are filled: what the hooks leave in them stays. */
static bool fills(const qn_pool *pool)
{
    return pool->construct == NULL && pool->reset == NULL;
}

/* What stands in an object from now on until it is taken. */
static uint64_t leave(const qn_pool *pool, void *object)
{
    if (fills(pool))
        memset(object, FILL, (size_t)looked_at(pool));
    return qni_hash_bytes(object, looked_at(pool), 0);
}

/* The object's state; under the depot's lock. NULL: it is none of this pool's. *inside: bytes from the beginning of the
 * object to `address`. */
static qni_object_state *find_state(const qn_pool *pool, const void *address, int64_t *inside)
{
    const qni_slab *slab = qni_slab_find(pool, address);
    if (slab == NULL)
        return NULL;
    int64_t offset = (const char *)address - slab->bytes;
    *inside = offset % pool->stride;
    return &slab->states[offset / pool->stride];
}

static void count_misuse(qn_pool *pool)
{
    qni_depot_take(pool);
    pool->counts.misuses++;
    qni_depot_give(pool);
}

void qni_checked_enlist(qn_pool *pool)
{
    qni_lock_take(&checked_lock, NULL);
    pool->next_checked = checked_pools;
    checked_pools = pool;
    qni_lock_give(&checked_lock);
}

static void log_leak(void *user, const qn_pool_leak *leak)
{
    const qn_pool *pool = user;
    qni_log(QN_LOG_WARN, "pool",
            "pool \"%s\" is freed while %" PRId64 " of its objects of %" PRId64
            " bytes are in use that were taken at %s",
            pool->name, leak->count, pool->object_size,
            PLACE(((qni_place){.file = leak->file, .line = leak->line, .address = leak->address})));
}

void qni_checked_delist(qn_pool *pool)
{
    qni_lock_take(&checked_lock, NULL);
    qn_pool **link = &checked_pools;
    while (*link != pool)
        link = &(*link)->next_checked;
    *link = pool->next_checked;
    qni_lock_give(&checked_lock);
    (void)qn_pool_report_leaks(pool, log_leak, pool);
}

void qni_checked_fill(const qn_pool *pool, qni_slab *slab)
{
    memset(slab->bytes, FILL, (size_t)(slab->count * pool->stride));
}

void qni_checked_open(const qn_pool *pool, qni_slab *slab)
{
    for (int64_t i = 0; i < slab->count; i++)
        slab->states[i].digest = leave(pool, slab->bytes + i * pool->stride);
}

/* Whether an idle object is as it was left; says so if not. */
static void look_at(qn_pool *pool, const void *object, const qni_object_state *state)
{
    if (qni_hash_bytes(object, looked_at(pool), 0) == state->digest)
        return;
    count_misuse(pool);
    char where[64] = "";
    const unsigned char *bytes = object;
    for (int64_t i = 0; fills(pool) && i < looked_at(pool); i++)
        if (bytes[i] != FILL) {
            (void)snprintf(where, sizeof where, " at byte %" PRId64, i);
            break;
        }
    qni_log(QN_LOG_ERROR, "pool",
            "pool \"%s\": object %p was written to%s after it was given back at %s; it had been taken at %s",
            pool->name, object, where, PLACE(state->given), PLACE(state->taken));
}

void qni_checked_close(qn_pool *pool, qni_slab *slab)
{
    for (int64_t i = 0; i < slab->count; i++)
        if (!slab->states[i].live)
            look_at(pool, slab->bytes + i * pool->stride, &slab->states[i]);
}

void qni_checked_taken(qn_pool *pool, void *object, qni_place place)
{
    int64_t inside = 0;
    qni_depot_take(pool);
    qni_object_state *state = find_state(pool, object, &inside);
    assert(state != NULL && inside == 0 && !state->live);
    qni_object_state before = *state;
    state->taken = place;
    state->live = true;
    qni_depot_give(pool);
    look_at(pool, object, &before);
}

/* Says whose the object is that was given to `pool`, of which it is none. */
static void say_foreign(const qn_pool *pool, const void *object, qni_place place)
{
    char owner[QNI_POOL_NAME_SIZE] = "";
    qni_place taken_at = {0};
    bool found = false;
    qni_lock_take(&checked_lock, NULL);
    for (qn_pool *other = checked_pools; other != NULL && !found; other = other->next_checked) {
        int64_t inside;
        qni_depot_take(other);
        const qni_object_state *state = find_state(other, object, &inside);
        found = state != NULL;
        if (found) {
            memcpy(owner, other->name, sizeof owner);
            taken_at = state->taken;
        }
        qni_depot_give(other);
    }
    qni_lock_give(&checked_lock);
    if (found)
        qni_log(QN_LOG_ERROR, "pool", "pool \"%s\": %p is given back at %s, but is pool \"%s\"'s, taken at %s; refused",
                pool->name, object, PLACE(place), owner, PLACE(taken_at));
    else
        qni_log(QN_LOG_ERROR, "pool", "pool \"%s\": %p is given back at %s, but is no checked pool's; refused",
                pool->name, object, PLACE(place));
}

/* Says what is wrong with giving back what lies in an object of this very pool. */
static void say_misuse(const qn_pool *pool, const void *object, int64_t inside, const qni_object_state *state,
                       qni_place place)
{
    if (inside != 0)
        qni_log(QN_LOG_ERROR, "pool",
                "pool \"%s\": %p is given back at %s, but lies %" PRId64 " bytes inside an object; refused", pool->name,
                object, PLACE(place), inside);
    else if (state->given.address != NULL)
        qni_log(QN_LOG_ERROR, "pool",
                "pool \"%s\": object %p is given back a second time at %s; it was taken at %s and given back at %s; "
                "refused",
                pool->name, object, PLACE(place), PLACE(state->taken), PLACE(state->given));
    else
        qni_log(QN_LOG_ERROR, "pool", "pool \"%s\": object %p is given back at %s, but was never taken; refused",
                pool->name, object, PLACE(place));
}

bool qni_checked_may_give(qn_pool *pool, void *object, qni_place place)
{
    int64_t inside = 0;
    qni_object_state before = {0};
    qni_depot_take(pool);
    qni_object_state *state = find_state(pool, object, &inside);
    bool known = state != NULL;
    bool good = known && inside == 0 && state->live;
    if (known)
        before = *state;
    if (good) {
        state->live = false;
        state->given = place;
    } else {
        pool->counts.misuses++;
    }
    qni_depot_give(pool);
    if (!known)
        say_foreign(pool, object, place);
    else if (!good)
        say_misuse(pool, object, inside, &before, place);
    return good;
}

void qni_checked_given(qn_pool *pool, void *object)
{
    int64_t inside;
    uint64_t digest = leave(pool, object);
    qni_depot_take(pool);
    qni_object_state *state = find_state(pool, object, &inside);
    assert(state != NULL);
    state->digest = digest;
    qni_depot_give(pool);
}

/* An order of places: by file, line, address. */
static int compare(const qni_place *a, const qni_place *b)
{
    int by_file = strcmp(a->file != NULL ? a->file : "", b->file != NULL ? b->file : "");
    if (by_file != 0)
        return by_file;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->file != NULL) /* one line is one place */
        return 0;
    return ((uintptr_t)a->address > (uintptr_t)b->address) - ((uintptr_t)a->address < (uintptr_t)b->address);
}

/* Under the depot's lock: counts the live objects, and those of the first place after `after` (NULL: of all). */
static int64_t count_place(const qn_pool *pool, const qni_place *after, qni_place *place, qn_pool_leak *leak)
{
    int64_t live = 0;
    leak->count = 0;
    for (int64_t s = 0; s < pool->slab_count; s++) {
        const qni_slab *slab = pool->slabs[s];
        for (int64_t i = 0; i < slab->count; i++) {
            const qni_object_state *state = &slab->states[i];
            if (!state->live)
                continue;
            live++;
            if (after != NULL && compare(&state->taken, after) <= 0)
                continue;
            int order = leak->count == 0 ? -1 : compare(&state->taken, place);
            if (order < 0) {
                *place = state->taken;
                leak->object = slab->bytes + i * pool->stride;
                leak->count = 0;
            }
            if (order <= 0)
                leak->count++;
        }
    }
    return live;
}

/* In a checked pool. Walks over all objects once for each place: there are few of them, and no memory is asked for. */
static int64_t report_places(qn_pool *pool, void (*fn)(void *user, const qn_pool_leak *leak), void *user)
{
    qni_place place = {0}, after;
    int64_t live = 0;
    for (bool first = true;; first = false) {
        qn_pool_leak leak = {.size = sizeof leak};
        after = place;
        qni_depot_take(pool);
        int64_t now = count_place(pool, first ? NULL : &after, &place, &leak);
        qni_depot_give(pool);
        if (first)
            live = now;
        if (leak.count == 0 || fn == NULL)
            return live;
        leak.file = place.file;
        leak.line = place.line;
        leak.address = place.address;
        fn(user, &leak);
    }
}

int64_t qn_pool_report_leaks(qn_pool *pool, void (*fn)(void *user, const qn_pool_leak *leak), void *user)
{
    assert(pool);
    if (pool->checked)
        return report_places(pool, fn, user);
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(pool, &stats);
    if (stats.live != 0 && fn != NULL)
        fn(user, &(qn_pool_leak){.size = sizeof(qn_pool_leak), .count = stats.live});
    return stats.live;
}
