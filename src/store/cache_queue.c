/* store/cache_queue.c: write-back: what was put and waits to be written below, the thread that writes it, tickets.
 *
 * Always: a key waits at most once; who puts it again replaces it, in its place where it depends on nothing. What is
 * being written stays to be found until it is written. Bytes are reserved before an entry is made, so that a full
 * queue holds up who puts, and nobody else. Everything is guarded by the queue's lock, but for a batch, which is the
 * thread's own while it is written; of that others look at keys and names only, which do not change, and write
 * `gone`. */
#include "store/cache_front_int.h"

#include "base/clock.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* ---- tickets ---- */

struct qn_cache_ticket {
    const qn_allocator *allocator;
    _Atomic int64_t references;
    _Atomic uint32_t done; /* released when the error is written, acquired by who waits; slept on */
    qn_error error;        /* code QN_OK: written */
};

qn_status qni_ticket_new(qn_cache_ticket **out, const qn_allocator *allocator, qn_error *err)
{
    qn_cache_ticket *ticket = qni_new(allocator, qn_cache_ticket);
    *out = ticket;
    if (ticket == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *ticket, "the ticket of a put");
    ticket->allocator = allocator;
    atomic_init(&ticket->references, 1);
    return QN_OK;
}

qn_cache_ticket *qni_ticket_ref(qn_cache_ticket *ticket)
{
    if (ticket != NULL)
        atomic_fetch_add_explicit(&ticket->references, 1, memory_order_relaxed); /* the caller holds one */
    return ticket;
}

void qn_cache_ticket_free(qn_cache_ticket *ticket)
{
    /* Release: what this thread did comes before its end. Acquire: so did what others did. */
    if (ticket != NULL && atomic_fetch_sub_explicit(&ticket->references, 1, memory_order_acq_rel) == 1)
        qni_delete(ticket->allocator, ticket);
}

void qni_ticket_done(qn_cache_ticket *ticket, const qn_error *failure)
{
    if (ticket == NULL)
        return;
    if (failure != NULL)
        ticket->error = *failure;
    atomic_store(&ticket->done, 1);
    qni_unpark(&ticket->done, INT_MAX);
}

/* When a wait that begins now ends; INT64_MAX: never. */
static int64_t deadline_ns(int64_t timeout_ms)
{
    int64_t now_ns = qni_clock_monotonic_ns();
    return timeout_ms < 0 || timeout_ms > (INT64_MAX - now_ns) / 1000000 ? INT64_MAX : now_ns + timeout_ms * 1000000;
}

/* What is left until then, as qni_park has it; 0: nothing. */
static int64_t left_ns(int64_t deadline)
{
    if (deadline == INT64_MAX)
        return -1;
    int64_t left = deadline - qni_clock_monotonic_ns();
    return left > 0 ? left : 0;
}

qn_status qn_cache_ticket_wait(qn_cache_ticket *ticket, int64_t timeout_ms, qn_error *err)
{
    if (ticket == NULL)
        return QN_OK;
    int64_t deadline = deadline_ns(timeout_ms);
    while (atomic_load_explicit(&ticket->done, memory_order_acquire) == 0) {
        int64_t left = left_ns(deadline);
        if (left == 0)
            return qni_error(err, QN_TIMEOUT, "the value is not written yet");
        (void)qni_park(&ticket->done, 0, left);
    }
    if (ticket->error.code != QN_OK && err != NULL)
        *err = ticket->error;
    return ticket->error.code;
}

/* ---- the queue ---- */

typedef struct waiting waiting;
struct waiting {
    waiting *next, *prior; /* in the order of the puts; of a batch: next alone */
    waiting *chain;        /* of the same slot, the newer first */
    uint64_t seq;
    int64_t size;  /* of the block, in which names and key are */
    int64_t bytes; /* that it counts for */
    bool writing, failed;
    bool gone; /* being written, and removed or its like: not to be found any more */
    qn_cache_ticket *ticket;
    qni_cache_key key;
    qni_cache_value value;
    uint64_t names[];
};

struct qni_queue {
    qn_cache *cache;
    int64_t limit;
    qni_lock lock;
    waiting *first, *last;
    waiting *batch; /* being written */
    waiting *slots[QNI_CACHE_QUEUE_SLOTS];
    int64_t count, bytes;     /* waiting and being written; bytes: those reserved as well */
    uint64_t seq;             /* of the last put */
    _Atomic uint64_t batches; /* that were written, or failed; written with the lock */
    int64_t failures;         /* since the last flush; the first: */
    qn_error failure;
    qni_service *service; /* NULL: nothing was put yet */
    bool abandoned;       /* what waits is dropped */
    int64_t sleepers;
    _Atomic uint32_t news; /* counted up where something ended; slept on */
    /* The thread's own. */
    qni_record records[QNI_CACHE_BATCH];
    qni_disk_write writes[QNI_CACHE_BATCH];
    waiting *written[QNI_CACHE_BATCH];
};

/* With the lock: tells those who sleep. */
static void tell(qni_queue *queue)
{
    atomic_fetch_add(&queue->news, 1);
    if (queue->sleepers > 0)
        qni_unpark(&queue->news, INT_MAX);
}

/* With the lock, which is given and taken: sleeps until there is news. False: the time has passed. */
static bool await_news(qni_queue *queue, int64_t deadline)
{
    int64_t left = left_ns(deadline);
    if (left == 0)
        return false;
    uint32_t seen = atomic_load(&queue->news);
    queue->sleepers++;
    qni_lock_give(&queue->lock);
    (void)qni_park(&queue->news, seen, left);
    qni_lock_take(&queue->lock, NULL);
    queue->sleepers--;
    return true;
}

static waiting **slot_of(qni_queue *queue, uint64_t name)
{
    return &queue->slots[name % QNI_CACHE_QUEUE_SLOTS];
}

static void free_waiting(qni_queue *queue, waiting *w)
{
    qn_datum_unref(w->value.datum);
    qn_cache_ticket_free(w->ticket);
    qni_free(queue->cache->allocator, w, w->size, 1);
}

static void unchain(qni_queue *queue, waiting *w)
{
    waiting **at = slot_of(queue, w->key.name);
    while (*at != w)
        at = &(*at)->chain;
    *at = w->chain;
}

static void unlink_waiting(qni_queue *queue, waiting *w)
{
    *(w->prior != NULL ? &w->prior->next : &queue->first) = w->next;
    *(w->next != NULL ? &w->next->prior : &queue->last) = w->prior;
}

/* With the lock: takes out what waits; it counts as written. */
static void drop(qni_queue *queue, waiting *w)
{
    unlink_waiting(queue, w);
    unchain(queue, w);
    queue->count--;
    queue->bytes -= w->bytes;
    qni_ticket_done(w->ticket, NULL);
    free_waiting(queue, w);
}

static bool is_key(const waiting *w, const qni_cache_key *key)
{
    return w->key.name == key->name && w->key.size == key->size &&
           memcmp(w->key.bytes, key->bytes, (size_t)key->size) == 0;
}

/* With the lock. */
static waiting *find(qni_queue *queue, const qni_cache_key *key)
{
    waiting *w = *slot_of(queue, key->name);
    while (w != NULL && (w->gone || !is_key(w, key)))
        w = w->chain;
    return w;
}

/* ---- writing ---- */

static void fail(qni_queue *queue, waiting *w, const qn_error *why)
{
    qni_lock_take(&queue->lock, NULL);
    if (!w->failed && queue->failures++ == 0)
        queue->failure = *why;
    qni_lock_give(&queue->lock);
    if (!w->failed)
        qni_ticket_done(w->ticket, why);
    w->failed = true;
}

/* Takes the first that wait as a batch; how many. */
static int64_t take_batch(qni_queue *queue)
{
    int64_t count = 0, bytes = 0;
    qni_lock_take(&queue->lock, NULL);
    while (!queue->abandoned && queue->first != NULL && count < QNI_CACHE_BATCH && bytes < QNI_CACHE_BATCH_SIZE) {
        waiting *w = queue->first;
        unlink_waiting(queue, w);
        w->writing = true;
        w->next = NULL;
        *(count > 0 ? &queue->written[count - 1]->next : &queue->batch) = w;
        queue->written[count++] = w;
        bytes += w->bytes;
    }
    qni_lock_give(&queue->lock);
    return count;
}

static void write_tier(qni_queue *queue, qni_below tier, waiting **entries, int64_t count)
{
    qn_cache *cache = queue->cache;
    qn_error why = qn_error_none();
    if (count == 0 || qni_below_put(cache, tier, queue->writes, count, &why) == QN_OK)
        return;
    for (int64_t i = 0; count > 1 && i < count; i++) {
        qn_error own = qn_error_none();
        if (qni_below_put(cache, tier, &queue->writes[i], 1, &own) != QN_OK)
            fail(queue, entries[i], &own);
    }
    if (count == 1)
        fail(queue, entries[0], &why);
}

/* What cannot even be encoded, or has been removed: the tiers must forget what they have of it. */
static void write_none(qn_cache *cache, waiting *w)
{
    int64_t removed;
    const qni_removal what = {.key = &w->key};
    for (int tier = 0; tier < QNI_BELOW; tier++)
        (void)qni_below_remove(&removed, cache, (qni_below)tier, &what, NULL);
}

static void encode_batch(qni_queue *queue, int64_t count)
{
    qn_cache *cache = queue->cache;
    for (int64_t i = 0; i < count; i++) {
        waiting *w = queue->written[i];
        qn_error why = qn_error_none();
        if (qni_record_encode(&queue->records[i], &w->key, &w->value, &cache->keys, cache->allocator, &why) == QN_OK)
            continue;
        queue->records[i] = (qni_record){0};
        fail(queue, w, &why);
        write_none(cache, w);
    }
}

/* What a tier is to have of the batch, as writes; how many. */
static int64_t choose(waiting **entries, qni_queue *queue, int64_t count, bool shared)
{
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        waiting *w = queue->written[i];
        if (queue->records[i].bytes == NULL || (shared && w->value.local))
            continue;
        queue->writes[n] = (qni_disk_write){.key = &w->key, .record = &queue->records[i], .value = &w->value};
        entries[n++] = w;
    }
    return n;
}

static void write_batch(qni_queue *queue, int64_t count)
{
    qn_cache *cache = queue->cache;
    waiting *entries[QNI_CACHE_BATCH];
    encode_batch(queue, count);
    for (int tier = QNI_BELOW - 1; tier >= 0; tier--) {
        qni_lock_take(&cache->debts[tier].turn, NULL);
        write_tier(queue, (qni_below)tier, entries, choose(entries, queue, count, tier == QNI_BELOW_SHARED));
        qni_lock_give(&cache->debts[tier].turn);
    }
}

static bool is_gone(qni_queue *queue, const waiting *w)
{
    qni_lock_take(&queue->lock, NULL);
    bool gone = w->gone;
    qni_lock_give(&queue->lock);
    return gone;
}

/* What another process removed while it was written, or what it depends on, is removed again. (Who did so in this one
 * waits for the batch, and does that himself: twice does no harm.) */
static void remove_gone(qni_queue *queue, int64_t count)
{
    qni_cache_catch_up(queue->cache);
    for (int64_t i = 0; i < count; i++)
        if (is_gone(queue, queue->written[i]))
            write_none(queue->cache, queue->written[i]);
}

static void end_batch(qni_queue *queue, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!queue->written[i]->failed)
            qni_ticket_done(queue->written[i]->ticket, NULL);
    qni_lock_take(&queue->lock, NULL);
    atomic_fetch_add(&queue->batches, 1);
    for (int64_t i = 0; i < count; i++) {
        unchain(queue, queue->written[i]);
        queue->bytes -= queue->written[i]->bytes;
    }
    queue->count -= count;
    queue->batch = NULL;
    tell(queue);
    qni_lock_give(&queue->lock);
    for (int64_t i = 0; i < count; i++) {
        qni_record_free(&queue->records[i], queue->cache->allocator);
        free_waiting(queue, queue->written[i]);
    }
}

static void body(void *user, qni_service *service)
{
    qni_queue *queue = user;
    for (;;) {
        for (int tier = 0; tier < QNI_BELOW; tier++)
            qni_below_retry(queue->cache, (qni_below)tier);
        qni_cache_catch_up(queue->cache);
        int64_t count = take_batch(queue);
        if (count > 0) {
            write_batch(queue, count);
            remove_gone(queue, count);
            end_batch(queue, count);
        } else if (qni_service_stopping(service)) {
            return;
        } else {
            struct pollfd file;
            qni_service_wait(service, &file, 1, -1);
        }
    }
}

/* ---- putting ---- */

qn_status qni_queue_new(qni_queue **out, qn_cache *cache, int64_t bytes, qn_error *err)
{
    qni_queue *queue = qni_new(cache->allocator, qni_queue);
    *out = queue;
    if (queue == NULL)
        return qni_refused(err, cache->allocator, (int64_t)sizeof *queue, "the queue of a cache");
    queue->cache = cache;
    queue->limit = bytes;
    return QN_OK;
}

/* With the lock. */
static qn_status start(qni_queue *queue, qn_error *err)
{
    return queue->service != NULL
               ? QN_OK
               : qni_service_new(&queue->service, "quern-cache", body, queue, queue->cache->allocator, err);
}

qn_status qni_queue_reserve(void **place, qni_queue *queue, const qni_putting *put, qn_error *err)
{
    *place = NULL;
    if (queue == NULL)
        return QN_OK;
    int64_t size = (int64_t)sizeof(waiting) + 8 * put->value.depend_count + put->key.size;
    int64_t bytes = size + (put->value.datum != NULL ? qn_datum_size(put->value.datum) : 0);
    waiting *w = qni_alloc(queue->cache->allocator, size, 1);
    if (w == NULL)
        return qni_refused(err, queue->cache->allocator, size, "a value that waits to be written");
    *w = (waiting){.size = size, .bytes = bytes};
    qni_lock_take(&queue->lock, NULL);
    qn_status s = start(queue, err);
    while (s == QN_OK && queue->bytes > 0 && bytes > queue->limit - queue->bytes)
        (void)await_news(queue, INT64_MAX);
    if (s == QN_OK)
        queue->bytes += bytes;
    qni_lock_give(&queue->lock);
    if (s != QN_OK)
        qni_free(queue->cache->allocator, w, size, 1);
    else
        *place = w;
    return s;
}

void qni_queue_unreserve(qni_queue *queue, void *place)
{
    if (place == NULL)
        return;
    waiting *w = place;
    qni_lock_take(&queue->lock, NULL);
    queue->bytes -= w->bytes;
    tell(queue);
    qni_lock_give(&queue->lock);
    qni_free(queue->cache->allocator, w, w->size, 1);
}

static void fill(waiting *w, const qni_putting *put)
{
    char *key = (char *)&w->names[put->value.depend_count];
    w->value = put->value;
    w->key = put->key;
    if (put->value.depend_count > 0)
        memcpy(w->names, put->value.depends, 8 * (size_t)put->value.depend_count);
    memcpy(key, put->key.bytes, (size_t)put->key.size);
    w->value.depends = w->names;
    w->key.bytes = key;
    if (w->value.datum != NULL)
        (void)qn_datum_ref(w->value.datum);
    w->ticket = qni_ticket_ref(put->ticket);
}

void qni_queue_add(qni_queue *queue, void *place, const qni_putting *put)
{
    waiting *w = place;
    fill(w, put);
    qni_lock_take(&queue->lock, NULL);
    waiting *old = find(queue, &w->key);
    w->chain = *slot_of(queue, w->key.name);
    *slot_of(queue, w->key.name) = w;
    queue->count++;
    bool waits = old != NULL && !old->writing;
    if (waits && w->value.depend_count == 0) {
        w->seq = old->seq;
        w->prior = old;
        w->next = old->next;
        *(old->next != NULL ? &old->next->prior : &queue->last) = w;
        old->next = w;
    } else { /* what it depends on may wait behind the old one */
        w->seq = ++queue->seq;
        w->prior = queue->last;
        *(queue->last != NULL ? &queue->last->next : &queue->first) = w;
        queue->last = w;
    }
    if (waits) {
        drop(queue, old);
        tell(queue);
    }
    qni_lock_give(&queue->lock);
    qni_service_wake(queue->service);
}

/* ---- looking ---- */

bool qni_queue_get(qni_queued *out, qni_queue *queue, const qni_cache_key *key)
{
    if (queue == NULL)
        return false;
    qni_lock_take(&queue->lock, NULL);
    const waiting *w = queue->count > 0 ? find(queue, key) : NULL;
    if (w != NULL) {
        out->value = w->value;
        memcpy(out->names, w->names, 8 * (size_t)w->value.depend_count);
        out->value.depends = out->names;
        if (w->value.datum != NULL)
            (void)qn_datum_ref(w->value.datum);
    }
    qni_lock_give(&queue->lock);
    return w != NULL;
}

bool qni_queue_has(qni_queue *queue, const uint64_t *names, int64_t count)
{
    if (queue == NULL || count == 0)
        return false;
    bool has = false;
    qni_lock_take(&queue->lock, NULL);
    for (int64_t i = 0; i < count && queue->count > 0 && !has; i++)
        for (const waiting *w = *slot_of(queue, names[i]); w != NULL && !has; w = w->chain)
            has = w->key.name == names[i];
    qni_lock_give(&queue->lock);
    return has;
}

bool qni_queue_gone(qni_queue *queue, const qni_cache_key *key)
{
    if (queue == NULL)
        return false;
    qni_lock_take(&queue->lock, NULL);
    const waiting *w = queue->count > 0 ? *slot_of(queue, key->name) : NULL;
    while (w != NULL && !is_key(w, key)) /* the newest of the key */
        w = w->chain;
    bool gone = w != NULL && w->gone;
    qni_lock_give(&queue->lock);
    return gone;
}

uint64_t qni_queue_batches(qni_queue *queue)
{
    return queue != NULL ? atomic_load(&queue->batches) : 0;
}

void qni_queue_sizes(qni_queue *queue, int64_t *entries, int64_t *bytes)
{
    *entries = *bytes = 0;
    if (queue == NULL)
        return;
    qni_lock_take(&queue->lock, NULL);
    *entries = queue->count;
    *bytes = queue->bytes;
    qni_lock_give(&queue->lock);
}

/* ---- removing ---- */

static bool depends_on(const waiting *w, uint64_t name)
{
    for (int64_t i = 0; i < w->value.depend_count; i++)
        if (w->names[i] == name)
            return true;
    return false;
}

static bool matches(const waiting *w, const qni_removal *what, bool dependents)
{
    if (what->all)
        return true;
    if (what->key != NULL)
        return depends_on(w, what->key->name) ||
               (!dependents && (what->key->size > 0 ? is_key(w, what->key) : w->key.name == what->key->name));
    return w->value.depend_count > 0 ||
           (w->key.size >= what->prefix_size && memcmp(w->key.bytes, what->prefix, (size_t)what->prefix_size) == 0);
}

int64_t qni_queue_remove(qni_queue *queue, const qni_removal *what, bool dependents, bool wait)
{
    int64_t removed = 0;
    bool writing = false;
    if (queue == NULL)
        return 0;
    qni_lock_take(&queue->lock, NULL);
    for (waiting *w = queue->first, *next; w != NULL; w = next) {
        next = w->next;
        if (matches(w, what, dependents)) {
            drop(queue, w);
            removed++;
        }
    }
    for (waiting *w = queue->batch; w != NULL; w = w->next)
        if (matches(w, what, dependents))
            writing = w->gone = true;
    uint64_t batch = atomic_load(&queue->batches);
    if (removed > 0)
        tell(queue);
    while (wait && writing && atomic_load(&queue->batches) == batch)
        (void)await_news(queue, INT64_MAX);
    qni_lock_give(&queue->lock);
    return removed;
}

/* ---- flushing, closing ---- */

/* With the lock: waits until what was put up to `seq` is written. */
static bool drain(qni_queue *queue, uint64_t seq, int64_t deadline)
{
    while ((queue->batch != NULL && queue->batch->seq <= seq) || (queue->first != NULL && queue->first->seq <= seq))
        if (!await_news(queue, deadline))
            return false;
    return true;
}

qn_status qni_queue_flush(qni_queue *queue, int64_t timeout_ms, qn_error *err)
{
    if (queue == NULL)
        return QN_OK;
    int64_t deadline = deadline_ns(timeout_ms);
    qn_status s = QN_OK;
    qni_lock_take(&queue->lock, NULL);
    bool all = drain(queue, queue->seq, deadline);
    int64_t count = queue->count;
    if (all && queue->failures > 0) {
        s = queue->failure.code;
        if (err != NULL)
            *err = queue->failure;
        queue->failures = 0;
    }
    qni_lock_give(&queue->lock);
    if (!all)
        s = qni_error(err, QN_TIMEOUT, "%" PRId64 " value%s still wait%s to be written", count, count == 1 ? "" : "s",
                      count == 1 ? "s" : "");
    return s;
}

/* Drops what was not written in time; how many. */
static int64_t abandon(qni_queue *queue)
{
    int64_t lost = 0;
    qn_error why = qn_error_none();
    (void)qni_error(&why, QN_CLOSED, "the cache was closed before the value was written");
    for (; queue->first != NULL; lost++) {
        waiting *w = queue->first;
        qni_ticket_done(w->ticket, &why);
        unlink_waiting(queue, w);
        unchain(queue, w);
        free_waiting(queue, w);
    }
    return lost;
}

qn_status qni_queue_close(qni_queue *queue, int64_t timeout_ms, qn_error *err)
{
    if (queue == NULL)
        return QN_OK;
    int64_t deadline = deadline_ns(timeout_ms);
    qni_lock_take(&queue->lock, NULL);
    bool all = drain(queue, queue->seq, deadline);
    queue->abandoned = true;
    qni_lock_give(&queue->lock);
    qni_service_free(queue->service);
    int64_t lost = abandon(queue), failures = queue->failures;
    qn_error why = queue->failure;
    qni_delete(queue->cache->allocator, queue);
    if (!all && lost > 0)
        return qni_error(err, QN_TIMEOUT, "%" PRId64 " value%s not written in time", lost + failures,
                         lost + failures == 1 ? " was" : "s were");
    if (failures > 0)
        return qni_error(err, why.code, "%" PRId64 " value%s not written: %s", failures,
                         failures == 1 ? " was" : "s were", why.message);
    return QN_OK;
}
