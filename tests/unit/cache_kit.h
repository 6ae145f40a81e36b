/* unit/cache_kit.h: caches for tests: a clock whose hands the test holds, a folder of its own, values that are texts.
 * */
#ifndef QUERN_TEST_CACHE_KIT_H
#define QUERN_TEST_CACHE_KIT_H

#include "harness/harness.h"

#include <quern/cache.h>
#include <quern/seal.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The test moves the hands; a cache's own thread may look at them meanwhile. */
typedef struct kit_clock {
    _Atomic int64_t boot_ns, wall_ns;
    qn_cache_clock clock;
} kit_clock;

static inline int64_t kit_boot_ns(void *user)
{
    return ((const kit_clock *)user)->boot_ns;
}

static inline int64_t kit_wall_ns(void *user)
{
    return ((const kit_clock *)user)->wall_ns;
}

/* 2026-02-13, a thousand seconds after the machine started. */
static inline void kit_clock_init(kit_clock *c, const char *boot_id)
{
    *c = (kit_clock){.boot_ns = 1000000000000, .wall_ns = INT64_C(1770940800000000000)};
    c->clock = (qn_cache_clock){kit_boot_ns, kit_wall_ns, boot_id, c};
}

static inline void kit_pass_ms(kit_clock *c, int64_t ms)
{
    c->boot_ns += ms * 1000000;
    c->wall_ns += ms * 1000000;
}

#define KIT_BOOT  "11111111-2222-3333-4444-555555555555"
#define KIT_OTHER "99999999-2222-3333-4444-555555555555"

/* A folder below one that setup made, in memory where there is such a place, and teardown removes. */
static char kit_root[64];

static inline int kit_setup(void **state)
{
    (void)state;
    (void)snprintf(kit_root, sizeof kit_root, "%s/quern-cache-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(kit_root) == NULL ? -1 : 0;
}

static inline int kit_teardown(void **state)
{
    (void)state;
    char command[256];
    (void)snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", kit_root, kit_root);
    return system(command);
}

/* Skips the test where there is no disk tier. */
static inline const char *kit_folder(const char *name)
{
    static char path[128];
    if (!qn_has("sqlite"))
        skip();
    (void)snprintf(path, sizeof path, "%s/%s", kit_root, name);
    return path;
}

static inline qn_cache *kit_open(qn_cache_options options)
{
    qn_cache *cache;
    qn_error err;
    options.size = sizeof options;
    assert_ok(qn_cache_open(&cache, &options, &err), &err);
    return cache;
}

static inline void kit_close(qn_cache *cache)
{
    qn_error err;
    assert_ok(qn_cache_close(cache, -1, &err), &err);
}

static inline qn_datum *kit_datum(const char *text)
{
    qn_datum *datum;
    qn_error err;
    assert_ok(qn_datum_bytes(&datum, text, (int64_t)strlen(text), NULL, &err), &err);
    return datum;
}

static inline void kit_put_with(qn_cache *cache, const char *key, const char *text, qn_cache_put_options options)
{
    qn_error err;
    qn_datum *datum = text != NULL ? kit_datum(text) : NULL;
    options.size = sizeof options;
    assert_ok(qn_cache_put(cache, key, -1, datum, &options, &err), &err);
    qn_datum_unref(datum);
}

static inline void kit_put(qn_cache *cache, const char *key, const char *text)
{
    kit_put_with(cache, key, text, (qn_cache_put_options){0});
}

/* The text, "-" where it is remembered that there is none, "?" where it is a miss. Until the next call of the thread.
 * */
static inline const char *kit_get(qn_cache *cache, const char *key)
{
    static _Thread_local char text[256];
    qn_datum *datum;
    qn_cache_found found;
    qn_error err;
    assert_ok(qn_cache_get(&datum, &found, cache, key, -1, &err), &err);
    assert_true((datum != NULL) == (found == QN_CACHE_HIT));
    if (found != QN_CACHE_HIT)
        return found == QN_CACHE_ABSENT ? "-" : "?";
    (void)snprintf(text, sizeof text, "%s", qn_datum_text(datum, NULL));
    qn_datum_unref(datum);
    return text;
}

static inline int64_t kit_remove(qn_cache *cache, const char *key)
{
    int64_t removed;
    qn_error err;
    assert_ok(qn_cache_remove(&removed, cache, key, -1, &err), &err);
    return removed;
}

static inline qn_cache_stats kit_stats(qn_cache *cache)
{
    qn_cache_stats stats = {.size = sizeof stats};
    qn_cache_get_stats(cache, &stats);
    return stats;
}

#define KIT_MEMORY .memory_bytes = 1 << 20

/* An allocator that does something once it is armed: in the middle of what takes a large block, or has just given one
 * back. */
typedef struct kit_hook {
    qn_allocator allocator;
    int64_t size;    /* of a block that is large */
    bool at_freeing; /* else at taking */
    void (*act)(void *user);
    void *user;
    _Atomic int64_t countdown; /* large blocks until it acts; 0: never */
} kit_hook;

static inline void *kit_hook_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    kit_hook *h = user;
    const qn_allocator *a = qn_allocator_default();
    void *out = a->resize(a->user, block, old_size, new_size);
    bool large = h->at_freeing ? new_size == 0 && old_size >= h->size : old_size == 0 && new_size >= h->size;
    int64_t left = atomic_load(&h->countdown);
    while (large && left > 0 && !atomic_compare_exchange_weak(&h->countdown, &left, left - 1)) {
    }
    if (large && left == 1)
        h->act(h->user);
    return out;
}

static inline const qn_allocator *kit_hook_init(kit_hook *h, int64_t size, bool at_freeing, void (*act)(void *user),
                                                void *user)
{
    *h = (kit_hook){.size = size, .at_freeing = at_freeing, .act = act, .user = user};
    h->allocator = (qn_allocator){kit_hook_resize, h};
    return &h->allocator;
}

#endif
