/* store/pool_life.c: making a pool of connections, trimming and closing it. Any thread; closing one at a time. */
#include "store/async_int.h"
#include "store/pool_int.h"

#include "base/log.h"
#include "base/options.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- making ---- */

void qn_dbpool_options_init(qn_dbpool_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status check_options(const qn_dbpool_options *o, qn_error *err)
{
    if (o->base_size < 0 || o->base_size > QNI_DBPOOL_CONNECTIONS_MAX)
        return qni_error(err, QN_INVALID, "a pool keeps 1 to %d connections, not %" PRId64, QNI_DBPOOL_CONNECTIONS_MAX,
                         o->base_size);
    if (o->overflow < -1 || o->overflow > QNI_DBPOOL_CONNECTIONS_MAX)
        return qni_error(err, QN_INVALID, "a pool overflows by up to %d connections or, with -1, by none, not %" PRId64,
                         QNI_DBPOOL_CONNECTIONS_MAX, o->overflow);
    if (o->async_connections < 0)
        return qni_error(err, QN_INVALID, "submitted queries cannot use %" PRId64 " connections", o->async_connections);
    if (o->checkout_timeout_ms < -1 || o->idle_ms < -1 || o->lifetime_ms < -1 || o->check_after_ms < -1)
        return qni_error(err, QN_INVALID, "a time of qn_dbpool_options is negative (0 is its default, -1 none)");
    return QN_OK;
}

static int64_t or_default(int64_t given, int64_t otherwise)
{
    return given == 0 ? otherwise : given < 0 ? 0 : given;
}

/* Nanoseconds; -1: never. */
static int64_t time_ns(int64_t given_ms, int64_t otherwise_ms)
{
    int64_t ms = given_ms == 0 ? otherwise_ms : given_ms, ns;
    return ms < 0 || __builtin_mul_overflow(ms, INT64_C(1000000), &ns) ? INT64_MAX : ns;
}

/* As much of a name as there is room for. A label of metrics is UTF-8. */
static void set_name(qn_dbpool *pool, const char *name)
{
    int64_t size = qni_utf8_cut(name, (int64_t)strlen(name), QNI_DBPOOL_NAME_SIZE - 1);
    memcpy(pool->name, name, (size_t)size);
    char *end = pool->name + size;
    for (char *p = pool->name; p < end;) {
        uint32_t bad = 1;
        int good = qni_utf8_decode(&bad, p, end);
        if (good == 0)
            memset(p, '?', bad);
        p += good == 0 ? (int)bad : good;
    }
}

static qn_status open_real(void *user, qn_db **out, const char *url, const qn_db_options *options, qn_error *err)
{
    (void)user;
    return qn_db_open(out, url, options, err);
}

static void set_up(qn_dbpool *pool, const qn_dbpool_options *o, qni_clock clock, qni_dbpool_opener opener)
{
    pool->clock = clock;
    pool->opener = opener.open != NULL ? opener : (qni_dbpool_opener){.open = open_real};
    pool->allocator = o->allocator;
    pool->broken_ns = INT64_MIN;
    pool->timeout_ns =
        o->checkout_timeout_ms < 0 ? -1 : time_ns(o->checkout_timeout_ms, QNI_DBPOOL_CHECKOUT_TIMEOUT_MS);
    pool->idle_ns = time_ns(o->idle_ms, QNI_DBPOOL_IDLE_MS);
    pool->lifetime_ns = time_ns(o->lifetime_ms, QNI_DBPOOL_LIFETIME_MS);
    pool->check_ns = time_ns(o->check_after_ms, QNI_DBPOOL_CHECK_AFTER_MS);
    pool->metrics = o->metrics;
    pool->recorder.id = -1;
    for (int64_t i = pool->slots_count - 1; i >= 0; i--) {
        pool->slots[i].pool = pool;
        pool->slots[i].colder = pool->free;
        pool->free = &pool->slots[i];
    }
}

/* The URL with which connections are opened: that of a database in memory gets a name, by which they find the same one.
 */
static qn_status copy_url(qn_dbpool *pool, const char *url, const qni_url *parts, qn_error *err)
{
    static const char scheme[] = "memory:";
    char name[32] = "";
    bool unnamed = parts->kind == QNI_URL_MEMORY && parts->path[0] == '\0';
    if (unnamed)
        (void)snprintf(name, sizeof name, "pool-%" PRIxPTR, (uintptr_t)pool); /* unique while the pool lives */
    const char *rest = unnamed ? url + sizeof scheme - 1 : url;
    pool->url_size = (int64_t)(sizeof scheme + strlen(name) + strlen(rest));
    pool->url = qni_alloc(pool->allocator, pool->url_size, 1);
    if (pool->url == NULL)
        return qni_refused(err, pool->allocator, pool->url_size, "the URL of a pool of connections");
    (void)snprintf(pool->url, (size_t)pool->url_size, "%s%s%s", unnamed ? scheme : "", name, rest);
    return QN_OK;
}

static qn_status copy_db_options(qn_dbpool *pool, const qn_db_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(&pool->db_options, sizeof pool->db_options, given, "qn_db_options", err);
    const char *application = pool->db_options.application;
    if (s == QN_OK && application != NULL) {
        pool->application = qni_copy_string(pool->allocator, application, -1);
        pool->db_options.application = pool->application;
        if (pool->application == NULL)
            s = qni_refused(err, pool->allocator, (int64_t)strlen(application) + 1, "a pool of connections");
    }
    const char *password = pool->db_options.password;
    pool->db_options.password = NULL;
    if (s == QN_OK && password != NULL) {
        pool->password = qni_copy_string(pool->allocator, password, -1);
        pool->db_options.password = pool->password;
        if (pool->password == NULL)
            s = qni_refused(err, pool->allocator, (int64_t)strlen(password) + 1, "a pool of connections");
    }
    if (pool->db_options.allocator == NULL)
        pool->db_options.allocator = pool->allocator;
    return s;
}

static qn_status publish(qn_dbpool *pool, qn_error *err)
{
    qn_label label = {.name = "pool", .value = pool->name};
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    options.help = "Time that takes had to wait for a connection.";
    options.labels = &label;
    options.label_count = 1;
    options.divisor = 1e9;
    qn_status s = qn_recorder_register(&pool->recorder, pool->metrics, "quern_dbpool_wait_seconds", &options, err);
    return s == QN_OK ? qn_metrics_collect(pool->metrics, qni_dbpool_collect, pool, err) : s;
}

/* Frees a pool without connections, made in whole or in part. */
static void free_pool(qn_dbpool *pool)
{
    const qn_allocator *allocator = pool->allocator;
    qni_async_free(pool->async);
    qn_db_close(pool->anchor);
    qn_histogram_free(pool->wait_ns);
    if (pool->application != NULL)
        qni_free(allocator, pool->application, (int64_t)strlen(pool->application) + 1, 1);
    if (pool->password != NULL) {
        int64_t size = (int64_t)strlen(pool->password) + 1;
        explicit_bzero(pool->password, (size_t)size);
        qni_free(allocator, pool->password, size, 1);
    }
    if (pool->url != NULL)
        explicit_bzero(pool->url, (size_t)pool->url_size); /* there may be a password in it */
    qni_free(allocator, pool->url, pool->url_size, 1);
    qni_free(allocator, pool, (int64_t)sizeof *pool + pool->slots_count * (int64_t)sizeof *pool->slots, 1);
}

/* Connections for submitted queries: no more than there may be. */
static int64_t async_connections(const qn_dbpool *pool, const qn_dbpool_options *o)
{
    int64_t count = or_default(o->async_connections, QNI_ASYNC_CONNECTIONS);
    return count < pool->slots_count ? count : pool->slots_count;
}

static qn_status fill(qn_dbpool *pool, const char *url, const qni_url *parts, const qn_dbpool_options *o, qn_error *err)
{
    set_name(pool, o->name != NULL ? o->name : parts->shown);
    qn_status s = copy_url(pool, url, parts, err);
    if (s == QN_OK)
        s = copy_db_options(pool, o->db, err);
    if (s == QN_OK)
        s = qn_histogram_new(&pool->wait_ns, 0, pool->allocator, err);
    if (s == QN_OK)
        s = qni_async_new(&pool->async, pool, parts->kind == QNI_URL_POSTGRES, async_connections(pool, o),
                          pool->allocator, err);
    if (s == QN_OK && parts->kind == QNI_URL_MEMORY)
        s = pool->opener.open(pool->opener.user, &pool->anchor, pool->url, &pool->db_options, err);
    if (s == QN_OK && pool->metrics != NULL)
        s = publish(pool, err);
    return s;
}

static qn_status make(qn_dbpool **out, const char *url, const qni_url *parts, const qn_dbpool_options *o,
                      qni_clock clock, qni_dbpool_opener opener, qn_error *err)
{
    if (parts->kind == QNI_URL_DUCKDB && parts->path[0] == '\0')
        return qni_error(err, QN_INVALID,
                         "the connections of a pool would have a database each: give duckdb: a file, or use memory:");
    int64_t base = or_default(o->base_size, QNI_DBPOOL_BASE);
    int64_t slots = base + or_default(o->overflow, QNI_DBPOOL_OVERFLOW);
    int64_t size = (int64_t)sizeof(qn_dbpool) + slots * (int64_t)sizeof(qni_dbslot);
    qn_dbpool *pool = qni_alloc_zeroed(o->allocator, size, 1);
    if (pool == NULL)
        return qni_refused(err, o->allocator, size, "a pool of %" PRId64 " connections", slots);
    pool->base = base;
    pool->slots_count = slots;
    set_up(pool, o, clock, opener);
    qn_status s = fill(pool, url, parts, o, err);
    if (s != QN_OK)
        free_pool(pool);
    else
        *out = pool;
    return s;
}

qn_status qni_dbpool_new_with(qn_dbpool **out, const char *url, const qn_dbpool_options *options, qni_clock clock,
                              qni_dbpool_opener opener, qn_error *err)
{
    assert(out && url);
    *out = NULL;
    qn_dbpool_options o;
    qni_url parts;
    qn_status s = qni_options_copy(&o, sizeof o, options, "qn_dbpool_options", err);
    if (s == QN_OK)
        s = check_options(&o, err);
    if (s == QN_OK)
        s = qni_url_parse(&parts, url, o.allocator, err);
    if (s != QN_OK)
        return s;
    s = make(out, url, &parts, &o, clock, opener, err);
    qni_url_free(&parts);
    return s;
}

qn_status qn_dbpool_new(qn_dbpool **out, const char *url, const qn_dbpool_options *options, qn_error *err)
{
    return qni_dbpool_new_with(out, url, options, qni_clock_real(), (qni_dbpool_opener){.open = NULL}, err);
}

const char *qn_dbpool_name(const qn_dbpool *pool)
{
    return pool->name;
}

/* ---- trimming ---- */

/* Takes idle slots out: all, or those that are stale; a list by `colder`. With the lock. */
static qni_dbslot *pick_idle(qn_dbpool *pool, bool all, int64_t now_ns)
{
    qni_dbslot *picked = NULL;
    for (qni_dbslot *slot = pool->coldest, *next; slot != NULL; slot = next) {
        next = slot->warmer;
        if (!all && qni_dbpool_stale(pool, slot, now_ns) == QNI_DBPOOL_STAYS)
            continue;
        qni_dbpool_pick(pool, slot);
        slot->colder = picked;
        picked = slot;
    }
    return picked;
}

int64_t qn_dbpool_trim(qn_dbpool *pool)
{
    assert(pool);
    int64_t now = qni_clock_now_ns(pool->clock), closed = 0;
    qni_lock_take(&pool->lock, &pool->lock_waits);
    pool->entered++;
    qni_dbslot *slot = pick_idle(pool, false, now);
    qni_lock_give(&pool->lock);
    for (qni_dbslot *next; slot != NULL; slot = next, closed++) {
        next = slot->colder;
        qni_dbpool_retire(pool, slot, qni_dbpool_stale(pool, slot, now), now);
    }
    qni_dbpool_leave(pool);
    return closed;
}

/* ---- closing ---- */

/* From now on nobody takes; who waits, and what is idle, goes. */
static void begin_closing(qn_dbpool *pool)
{
    int64_t now = qni_clock_now_ns(pool->clock);
    qni_lock_take(&pool->lock, &pool->lock_waits);
    pool->closing = true;
    for (qni_dbwaiter *w = pool->first, *next; w != NULL; w = next) {
        next = w->next;
        atomic_store_explicit(&w->word, QNI_DBWAIT_CLOSED, memory_order_release);
        qni_unpark(&w->word, 1);
    }
    pool->first = pool->last = NULL;
    pool->waiting = 0;
    qni_dbslot *slot = pick_idle(pool, true, now);
    qni_lock_give(&pool->lock);
    for (qni_dbslot *next; slot != NULL; slot = next) {
        next = slot->colder;
        qni_dbpool_retire(pool, slot, QNI_DBPOOL_CLOSED, now);
    }
}

static qn_status refuse_busy(const qn_dbpool *pool, int64_t now_ns, qn_error *err)
{
    char late[QNI_DBPOOL_SENTENCE_SIZE];
    qni_dbpool_name_late(late, pool, now_ns);
    return qni_error(err, QN_BUSY, "pool \"%s\" cannot be closed yet: %s", pool->name, late);
}

/* Sleeps until no slot is in use. */
static qn_status wait_for_all(qn_dbpool *pool, int64_t begin_ns, int64_t timeout_ms, qn_error *err)
{
    int64_t now = qni_clock_now_ns(pool->clock);
    int64_t deadline =
        timeout_ms < 0 ? INT64_MAX : qni_dbpool_later(begin_ns, timeout_ms == 0 ? 0 : time_ns(timeout_ms, 0));
    for (;;) {
        /* Relaxed: it changes under the lock, after which the slots are looked at. */
        uint32_t seen = atomic_load_explicit(&pool->changes, memory_order_relaxed);
        qni_lock_take(&pool->lock, &pool->lock_waits);
        bool done = pool->open == 0;
        qn_status s = !done && now >= deadline ? refuse_busy(pool, now, err) : QN_OK;
        qni_lock_give(&pool->lock);
        if (done || s != QN_OK)
            return s;
        (void)qni_park(&pool->changes, seen, deadline == INT64_MAX ? -1 : deadline - now);
        now = qni_clock_now_ns(pool->clock);
    }
}

/* Calls that gave the last connections back, or were refused, come to their end within microseconds. */
static void wait_for_calls(qn_dbpool *pool)
{
    qni_lock_take(&pool->lock, &pool->lock_waits);
    int64_t entered = pool->entered;
    qni_lock_give(&pool->lock);
    /* Acquire: all that those calls did comes before the pool is freed. */
    while (atomic_load_explicit(&pool->left, memory_order_acquire) != entered)
        qni_yield();
}

qn_status qn_dbpool_close(qn_dbpool *pool, int64_t timeout_ms, qn_error *err)
{
    if (pool == NULL)
        return QN_OK;
    int64_t begin = qni_clock_now_ns(pool->clock);
    begin_closing(pool);
    qni_async_stop(pool->async, timeout_ms);
    qn_status s = wait_for_all(pool, begin, timeout_ms, err);
    if (s != QN_OK)
        return s;
    if (pool->metrics != NULL)
        qn_metrics_collect_end(pool->metrics, qni_dbpool_collect, pool);
    wait_for_calls(pool);
    free_pool(pool);
    return QN_OK;
}
