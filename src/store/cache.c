/* store/cache.c: the front of a cache: opening and closing it; gets from tier to tier, puts.
 *
 * A hit in memory is a look at whether another process changed anything, the memory tier's, and a count on the thread's
 * own line. Everything else is on the way of a miss, or of a value that a shared tier has to confirm. */
#include "store/cache_front_int.h"

#include "base/hash.h"
#include "base/options.h"
#include "base/thread.h"

#include <inttypes.h>
#include <sodium/randombytes.h>
#include <stdio.h>
#include <string.h>

/* ---- counting and naming ---- */

void qni_cache_count(qn_cache *cache, int which, int64_t n)
{
    uint32_t line = (uint32_t)qni_thread_number() % QNI_CACHE_LINES; /* those without a number share the last */
    atomic_fetch_add_explicit(&cache->lines[line].counts[which], n, memory_order_relaxed);
}

int64_t qni_cache_now_ns(const qn_cache *cache)
{
    return cache->time.clock.boot_ns(cache->time.clock.user);
}

qn_status qni_cache_key_of(qni_cache_key *out, const qn_cache *cache, const void *bytes, int64_t size, qn_error *err)
{
    *out = (qni_cache_key){0};
    if (size < 0)
        size = bytes != NULL ? (int64_t)strlen(bytes) : 0;
    if (bytes == NULL || size == 0)
        return qni_error(err, QN_INVALID, "a key needs at least one byte");
    if (size > QN_CACHE_KEY_MAX)
        return qni_error(err, QN_LIMIT,
                         "a key of %" PRId64 " bytes: %d are the most; take the digest of what is longer", size,
                         QN_CACHE_KEY_MAX);
    *out = (qni_cache_key){.bytes = bytes, .size = size, .hash = qni_hash_bytes(bytes, size, cache->seed)};
    return QN_OK;
}

qn_status qni_cache_key_named(qni_cache_key *out, const qn_cache *cache, const void *bytes, int64_t size, qn_error *err)
{
    qn_status s = qni_cache_key_of(out, cache, bytes, size, err);
    if (s == QN_OK)
        out->name = qni_cache_name(out->bytes, out->size);
    return s;
}

static int64_t ms_to_ns(int64_t ms)
{
    return ms > INT64_MAX / 1000000 ? INT64_MAX : ms * 1000000;
}

int64_t qni_cache_ttl_ns(const qn_cache *cache, int64_t ttl_ms, bool absent)
{
    if (ttl_ms == 0)
        return absent ? cache->absent_ttl_ns : cache->ttl_ns;
    return ttl_ms < 0 ? 0 : ms_to_ns(ttl_ms);
}

/* ---- asking ---- */

/* What a tier had. */
typedef struct holding {
    bool there;
    bool settled; /* it need not be confirmed, nor moved up */
    qni_cache_place place;
    qni_cache_value value; /* datum: a reference; depends: into names */
    uint64_t names[QN_CACHE_DEPENDS_MAX];
    qni_record record; /* from which it was read; no bytes: from none */
} holding;

static void let_go(qn_cache *cache, holding *h)
{
    if (h->there)
        qn_datum_unref(h->value.datum);
    if (h->record.bytes != NULL)
        qni_record_free(&h->record, cache->allocator);
    h->record = (qni_record){0};
    h->there = false;
}

static bool has_ended(const qn_cache *cache, const holding *h)
{
    return qni_deadline_left(&cache->time, &h->value.deadline) <= 0;
}

/* Decodes a record that a tier had. One that was shared is still to be written to disk. */
static qn_status decode(holding *out, qn_cache *cache, const qni_record_view *view, qn_error *err)
{
    qn_error why; /* filled where it fails */
    qn_status s =
        out->place == QNI_PLACE_DISK
            ? qni_record_take_datum(&out->value.datum, &out->record, view, &cache->keys, cache->allocator, &why)
            : qni_record_datum(&out->value.datum, view, &cache->keys, cache->allocator, &why);
    if (s == QN_NOMEM || s == QN_BUDGET) {
        if (err != NULL)
            *err = why;
        return s;
    }
    if (s == QN_DATA)
        qni_cache_count(cache, QNI_COUNT_DAMAGED, 1);
    out->there = s == QN_OK;
    out->value.deadline = qni_deadline_here(&cache->time, &view->deadline);
    out->value.stored_ns = view->stored_ns;
    out->value.own_file = view->own_file;
    out->value.local = view->local;
    out->value.depends = out->names;
    out->value.depend_count = qni_below_depends(out->names, view);
    if (out->there && has_ended(cache, out))
        let_go(cache, out);
    return QN_OK;
}

/* Asks a tier below. `known` (may be NULL): a value that need not be decoded again; *confirmed: the tier has it. */
static qn_status ask_below(holding *out, bool *answered, bool *confirmed, qn_cache *cache, qni_below tier,
                           const qni_cache_key *key, const holding *known, qn_error *err)
{
    qni_record_view view;
    *confirmed = false;
    qn_status s = qni_below_get(&out->record, &view, answered, cache, tier, key, err);
    if (s != QN_OK || out->record.bytes == NULL)
        return s;
    if (known != NULL && known->there && known->value.stored_ns == view.stored_ns) {
        *confirmed = true;
        let_go(cache, out);
        return QN_OK;
    }
    out->place = tier == QNI_BELOW_DISK ? QNI_PLACE_DISK : QNI_PLACE_SHARED;
    s = decode(out, cache, &view, err);
    if (!out->there)
        let_go(cache, out);
    /* What cannot be read here says nothing about what is known. */
    *answered = out->there;
    return s;
}

/* Until when the shared tier need not be asked again for what is put, or found, now; 0: never. */
static int64_t fresh_until(const qn_cache *cache, bool local)
{
    int64_t sum;
    if (local || cache->shared == NULL || cache->fresh_ns == 0)
        return 0;
    return __builtin_add_overflow(qni_cache_now_ns(cache), cache->fresh_ns, &sum) ? INT64_MAX : sum;
}

static bool is_fresh(const qn_cache *cache, const qni_memory_found *m)
{
    return m->fresh_until_ns == 0 || qni_cache_now_ns(cache) < m->fresh_until_ns;
}

/* What memory has though it has to be confirmed; what waits to be written. */
static void look_above(holding *out, bool *fresh, qn_cache *cache, const qni_cache_key *key)
{
    qni_memory_found m;
    qni_queued queued;
    *fresh = false;
    if (qni_queue_get(&queued, cache->queue, key)) {
        out->value = queued.value;
        memcpy(out->names, queued.names, sizeof out->names);
        out->place = QNI_PLACE_QUEUE;
        *fresh = true;
    } else if (cache->memory != NULL && qni_memory_get(&m, cache->memory, key)) {
        int64_t count = qni_memory_depends(out->names, cache->memory, key);
        out->value = (qni_cache_value){
            .datum = m.datum, .deadline = m.deadline, .stored_ns = m.stored_ns, .depend_count = count > 0 ? count : 0};
        out->place = QNI_PLACE_MEMORY;
        *fresh = out->settled = is_fresh(cache, &m);
    } else {
        return;
    }
    out->value.depends = out->names;
    out->there = true;
    if (has_ended(cache, out))
        let_go(cache, out);
}

/* The shared tier does not have it any more: then nobody has. */
static void drop_local(qn_cache *cache, const qni_cache_key *key, uint64_t since)
{
    qni_lock *order = qni_cache_order(cache, key->name);
    if (!qni_lock_try(order))
        return; /* somebody puts it, or removes it himself */
    if (!qni_marks_stale(cache, QNI_CHANGED, since, key->name, NULL, 0)) {
        if (cache->memory != NULL)
            (void)qni_memory_remove(cache->memory, key);
        qni_below_drop(cache, QNI_BELOW_DISK, key);
    }
    qni_lock_give(order);
}

/* Moves what was shared to disk. Another process may have changed it between the look and the writing: then it goes
 * again. */
static void move_to_disk(qn_cache *cache, const qni_cache_key *key, const holding *h, uint64_t since)
{
    qn_error why; /* not looked at */
    qni_lock *order = qni_cache_order(cache, key->name);
    const qni_disk_write write = {.key = key, .record = &h->record, .value = &h->value};
    if (!qni_lock_try(order))
        return;
    bool fresh = !qni_marks_stale(cache, QNI_CHANGED, since, key->name, h->names, h->value.depend_count);
    if (fresh)
        (void)qni_below_put(cache, QNI_BELOW_DISK, &write, 1, &why);
    qni_lock_give(order);
    if (!fresh)
        return;
    qni_cache_catch_up(cache);
    if (!qni_marks_stale(cache, QNI_TOLD, since, key->name, h->names, h->value.depend_count))
        return;
    qni_lock_take(order, NULL);
    qni_below_drop(cache, QNI_BELOW_DISK, key);
    qni_lock_give(order);
}

/* Moves up what was found: to disk what was shared, to memory everything. Nobody waits for it: where it cannot be now,
 * the next who asks will do it. */
static void move_up(qn_cache *cache, const qni_cache_key *key, holding *h, uint64_t since)
{
    bool kept, stale;
    qn_error why; /* not looked at */
    const qni_keeping how = {.reads = true, .since = since};
    h->value.fresh_until_ns = fresh_until(cache, h->value.local);
    qni_marks_need(cache, h->names, h->value.depend_count);
    if (h->place == QNI_PLACE_SHARED && cache->disk != NULL && !cache->read_only)
        move_to_disk(cache, key, h, since);
    if (cache->memory != NULL)
        (void)qni_cache_keep(&kept, &stale, cache, key, &h->value, &how, &why);
}

/* Asks the tiers below memory's fresh values. h: what was found. */
static qn_status search(holding *h, qn_cache *cache, const qni_cache_key *key, uint64_t since, qn_error *err)
{
    bool fresh, answered, confirmed;
    look_above(h, &fresh, cache, key);
    if (fresh && h->there)
        return QN_OK;
    if (!h->there) {
        qn_status s = ask_below(h, &answered, &confirmed, cache, QNI_BELOW_DISK, key, NULL, err);
        if (s != QN_OK)
            return s;
    }
    if (cache->shared == NULL || (h->there && (h->value.local || cache->fresh_ns == 0)))
        return QN_OK;
    holding shared = {0};
    qn_status s = ask_below(&shared, &answered, &confirmed, cache, QNI_BELOW_SHARED, key, h, err);
    if (s != QN_OK)
        return s;
    if (shared.there) {
        let_go(cache, h);
        *h = shared;
        h->value.depends = h->names;
    } else if (h->there && answered && !confirmed) {
        let_go(cache, h);
        drop_local(cache, key, since);
    }
    return QN_OK;
}

static void answer_with(qni_answer *out, qni_cache_place place, qn_datum *datum)
{
    *out = (qni_answer){.found = datum != NULL ? QN_CACHE_HIT : QN_CACHE_ABSENT, .place = place, .datum = datum};
}

static __attribute__((noinline)) qn_status ask_slowly(qni_answer *out, qn_cache *cache, qni_cache_key *key,
                                                      qn_error *err)
{
    holding h = {0};
    key->name = qni_cache_name(key->bytes, key->size);
    uint64_t since = qni_marks_now(cache);
    qn_status s = search(&h, cache, key, since, err);
    if (s == QN_OK && h.there) {
        qni_flights_saw(cache, key->name, h.names, h.value.depend_count);
        if (!h.settled)
            move_up(cache, key, &h, since);
        answer_with(out, h.place, h.value.datum != NULL ? qn_datum_ref(h.value.datum) : NULL);
    }
    let_go(cache, &h);
    return s;
}

qn_status qni_cache_ask(qni_answer *out, qn_cache *cache, qni_cache_key *key, qn_error *err)
{
    qni_memory_found m;
    *out = (qni_answer){0};
    qni_cache_catch_up(cache);
    if (cache->memory == NULL || !qni_memory_get(&m, cache->memory, key))
        return ask_slowly(out, cache, key, err);
    if (is_fresh(cache, &m)) {
        answer_with(out, QNI_PLACE_MEMORY, m.datum);
        return QN_OK;
    }
    qn_datum_unref(m.datum);
    return ask_slowly(out, cache, key, err);
}

void qni_cache_count_answer(qn_cache *cache, const qni_answer *answer)
{
    int which = answer->found == QN_CACHE_HIT      ? QNI_COUNT_HITS + (int)answer->place
                : answer->found == QN_CACHE_ABSENT ? QNI_COUNT_ABSENT + (int)answer->place
                                                   : QNI_COUNT_MISSES;
    qni_cache_count(cache, which, 1);
}

void qni_cache_give_answer(qn_datum **out, qn_cache_found *found, const qni_answer *answer)
{
    *out = answer->datum;
    if (found != NULL)
        *found = answer->found;
}

qn_status qn_cache_get(qn_datum **out, qn_cache_found *found, qn_cache *cache, const void *key, int64_t key_size,
                       qn_error *err)
{
    qni_cache_key k;
    qni_answer answer = {0};
    qn_status s = qni_cache_key_of(&k, cache, key, key_size, err);
    if (s == QN_OK) {
        s = qni_cache_ask(&answer, cache, &k, err);
        qni_cache_count_answer(cache, &answer);
    }
    qni_cache_give_answer(out, found, &answer);
    return s;
}

/* ---- putting ---- */

bool qni_cache_depend(qni_putting *put, uint64_t name)
{
    int64_t count = put->value.depend_count;
    if (name == put->key.name)
        return true;
    for (int64_t i = 0; i < count; i++)
        if (put->names[i] == name)
            return true;
    if (count == QN_CACHE_DEPENDS_MAX)
        return false;
    put->names[count] = name;
    put->value.depend_count = count + 1;
    return true;
}

/* What an entry depends on, wherever it is; *count -1: there is none. */
static qn_status depends_of(uint64_t names[QN_CACHE_DEPENDS_MAX], int64_t *count, qn_cache *cache,
                            const qni_cache_key *key, qn_error *err)
{
    qni_queued queued;
    *count = cache->memory != NULL ? qni_memory_depends(names, cache->memory, key) : -1;
    if (*count >= 0)
        return QN_OK;
    if (qni_queue_get(&queued, cache->queue, key)) {
        qn_datum_unref(queued.value.datum);
        *count = queued.value.depend_count;
        memcpy(names, queued.names, sizeof queued.names);
        return QN_OK;
    }
    return qni_below_depends_of(names, count, cache, key, err);
}

static qn_status too_many(qn_error *err)
{
    return qni_error(err, QN_LIMIT, "a value cannot depend on more than %d names, with those that they depend on",
                     QN_CACHE_DEPENDS_MAX);
}

qn_status qni_cache_depends_given(qni_putting *put, const qn_cache *cache, const qn_cache_put_options *options,
                                  qn_error *err)
{
    put->value.depends = put->names;
    if (options->depends_count < 0 || (options->depends_count > 0 && options->depends_on == NULL))
        return qni_error(err, QN_INVALID, "the names that the value depends on are not given");
    for (int64_t i = 0; i < options->depends_count; i++) {
        const qn_cache_name *given = &options->depends_on[i];
        qni_cache_key key;
        qn_status s = qni_cache_key_named(&key, cache, given->bytes, given->size, err);
        if (s != QN_OK)
            return s;
        if (!qni_cache_depend(put, key.name))
            return too_many(err);
    }
    return QN_OK;
}

qn_status qni_cache_depends(qni_putting *put, qn_cache *cache, const qn_cache_put_options *options, qn_error *err)
{
    qn_status s = qni_cache_depends_given(put, cache, options, err);
    if (options->depends_count > 0)
        qni_cache_catch_up(cache); /* what memory says of them must not be old */
    for (int64_t i = 0; s == QN_OK && i < options->depends_count; i++) {
        const qn_cache_name *given = &options->depends_on[i];
        qni_cache_key key;
        uint64_t names[QN_CACHE_DEPENDS_MAX];
        int64_t count = -1;
        s = qni_cache_key_named(&key, cache, given->bytes, given->size, err);
        if (s == QN_OK)
            s = depends_of(names, &count, cache, &key, err);
        for (int64_t k = 0; s == QN_OK && k < count; k++)
            s = qni_cache_depend(put, names[k]) ? QN_OK : too_many(err);
    }
    return s;
}

/* Writes to the tiers below, in the key's order; to disk at last, when other processes are told. What fails first is
 * returned. */
static qn_status write_through(qn_cache *cache, const qni_putting *put, const qni_record *record, qn_error *err)
{
    qn_status s = QN_OK;
    const qni_disk_write write = {.key = &put->key, .record = record, .value = &put->value};
    for (int tier = QNI_BELOW - 1; tier >= 0; tier--) {
        qn_error why = qn_error_none();
        if (tier == QNI_BELOW_SHARED && put->value.local)
            continue;
        qn_status t = qni_below_put(cache, (qni_below)tier, &write, 1, &why);
        if (t == QN_OK || s != QN_OK)
            continue;
        s = t;
        if (err != NULL)
            *err = why;
    }
    const qni_cache_key dependents = {.name = put->key.name};
    int64_t removed;
    if (cache->disk != NULL && cache->shared != NULL && !put->made && !put->value.local)
        (void)qni_below_remove(&removed, cache, QNI_BELOW_SHARED, &(qni_removal){.key = &dependents}, NULL);
    return s;
}

/* The old values go where the new one cannot even be encoded. */
static void remove_below(qn_cache *cache, const qni_cache_key *key)
{
    const qni_removal what = {.key = key};
    int64_t removed;
    for (int tier = 0; tier < QNI_BELOW; tier++)
        (void)qni_below_remove(&removed, cache, (qni_below)tier, &what, NULL);
}

/* A put on its way. */
typedef struct course {
    qni_record record;
    void *place; /* in the queue */
    bool through;
    bool entered; /* it has come to a tier */
    qn_status encoded;
    qn_error why; /* it was not */
} course;

static qn_status set_out(course *c, qn_cache *cache, const qni_putting *put, qn_error *err)
{
    bool below = cache->disk != NULL || cache->shared != NULL;
    c->why = qn_error_none();
    c->through = below && cache->queue == NULL;
    if (c->through && !cache->read_only)
        c->encoded = qni_record_encode(&c->record, &put->key, &put->value, &cache->keys, cache->allocator, &c->why);
    for (int tier = 0; tier < QNI_BELOW && c->through; tier++)
        qni_below_retry(cache, (qni_below)tier);
    return qni_queue_reserve(&c->place, cache->queue, put, err);
}

/* The tiers below, or what waits for them. */
static qn_status enter_below(qn_cache *cache, const qni_putting *put, course *c, qn_error *err)
{
    if (c->place != NULL)
        qni_queue_add(cache->queue, c->place, put);
    c->place = NULL;
    if (!c->through)
        return QN_OK;
    if (c->encoded == QN_OK)
        return write_through(cache, put, &c->record, err);
    remove_below(cache, &put->key);
    if (err != NULL)
        *err = c->why;
    return c->encoded;
}

/* With the key's order: all tiers. */
static qn_status pass_tiers(bool *stale, qn_cache *cache, const qni_putting *put, course *c, qn_error *err)
{
    const qni_keeping how = {.kind = put->made ? QNI_CHANGED : QNI_REMOVED, .since = put->since};
    bool kept;
    *stale = put->made &&
             qni_marks_stale(cache, QNI_REMOVED, put->since, put->key.name, put->names, put->value.depend_count);
    if (*stale)
        return QN_OK;
    c->entered = true;
    qn_status s = enter_below(cache, put, c, err);
    qn_status t = qni_cache_keep(&kept, stale, cache, &put->key, &put->value, &how, s == QN_OK ? err : NULL);
    if (s != QN_OK || t != QN_OK)
        return s != QN_OK ? s : t;
    if (kept || *stale || c->through || cache->queue != NULL)
        return QN_OK;
    return qni_error(err, QN_LIMIT, "the value is larger than the cache \"%s\" holds, or than what is not pinned in it",
                     cache->name);
}

/* What depends on an entry that was put; `before`: the change has been going on. */
static void cascade(qn_cache *cache, const qni_putting *put, qni_staleness kind, bool before)
{
    const uint64_t name = put->key.name;
    const qni_cache_key dependents = {.name = name};
    int64_t removed;
    if (!before) {
        if (!qni_marks_needed(cache, name))
            return;
        /* Something came to depend on it meanwhile, which the tiers below may not have seen. */
        qni_change_begin(cache, kind, &name, true);
        (void)qni_queue_remove(cache->queue, &(qni_removal){.key = &dependents}, true, true);
        for (int tier = 0; tier < QNI_BELOW; tier++)
            (void)qni_below_remove(&removed, cache, (qni_below)tier, &(qni_removal){.key = &dependents}, NULL);
    }
    qni_cache_drop_dependents(cache, name);
    qni_change_end(cache, kind, &name);
}

/* Puts; *stale: it was made, and not kept. */
static qn_status store(bool *stale, qn_cache *cache, qni_putting *put, qn_error *err)
{
    course c = {0};
    const uint64_t name = put->key.name;
    const qni_staleness kind = put->made ? QNI_CHANGED : QNI_REMOVED;
    qni_lock *order = qni_cache_order(cache, name);
    *stale = false;
    put->value.stored_ns = cache->time.clock.wall_ns(cache->time.clock.user);
    put->value.fresh_until_ns = fresh_until(cache, put->value.local);
    qn_status s = set_out(&c, cache, put, err);
    /* What others have done so far comes before it. */
    qni_cache_catch_up(cache);
    qni_marks_need(cache, put->names, put->value.depend_count);
    if (s == QN_OK) {
        qni_cache_count(cache, QNI_COUNT_PUTS, 1);
        bool needed = qni_marks_needed(cache, name);
        if (needed)
            qni_change_begin(cache, kind, &name, true);
        qni_lock_take(order, NULL);
        s = pass_tiers(stale, cache, put, &c, err);
        qni_lock_give(order);
        cascade(cache, put, kind, needed);
    }
    qni_queue_unreserve(cache->queue, c.place);
    if (c.record.bytes != NULL)
        qni_record_free(&c.record, cache->allocator);
    if (!put->made || !c.entered)
        return s;
    /* Another process may have removed what it was made of while it was written. (Who did so in this one has removed or
     * replaced, this value as well, or will: what is there by now is not this thread's to remove.) */
    qni_cache_catch_up(cache);
    if (qni_marks_stale(cache, QNI_TOLD, put->since, name, put->names, put->value.depend_count)) {
        *stale = true;
        (void)qni_cache_forget(NULL, cache, &(qni_removal){.key = &put->key}, NULL);
    }
    return s;
}

void qn_cache_put_options_init(qn_cache_put_options *out, int64_t size)
{
    qni_options_init(out, size);
}

qn_status qni_cache_take_put(qn_cache_put_options *out, const qn_cache_put_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(out, sizeof *out, given, "qn_cache_put_options", err);
    if (s != QN_OK)
        return s;
    if (out->ticket != NULL)
        *out->ticket = NULL;
    if (out->ttl_ms < -1)
        return qni_error(err, QN_INVALID, "a time to live cannot be negative: -1 stands for ever");
    return QN_OK;
}

qn_status qni_cache_store(qn_cache *cache, qni_putting *put, qn_cache_ticket **ticket, qn_error *err)
{
    bool stale;
    qn_error why = qn_error_none();
    qn_status s = ticket != NULL ? qni_ticket_new(&put->ticket, cache->allocator, err) : QN_OK;
    if (s != QN_OK)
        return s;
    s = store(&stale, cache, put, &why);
    if (s != QN_OK && err != NULL)
        *err = why;
    if (cache->queue == NULL) /* writing through is done with it */
        qni_ticket_done(put->ticket, s == QN_OK ? NULL : &why);
    if (stale || (s != QN_OK && cache->queue != NULL))
        qn_cache_ticket_free(put->ticket);
    else if (ticket != NULL)
        *ticket = put->ticket;
    return s;
}

qn_status qn_cache_put(qn_cache *cache, const void *key, int64_t key_size, qn_datum *datum,
                       const qn_cache_put_options *options, qn_error *err)
{
    qn_cache_put_options o;
    qni_putting put = {.value.datum = datum};
    qn_status s = qni_cache_take_put(&o, options, err);
    if (s == QN_OK)
        s = qni_cache_key_named(&put.key, cache, key, key_size, err);
    if (s == QN_OK)
        s = qni_cache_depends(&put, cache, &o, err);
    if (s != QN_OK)
        return s;
    put.value.own_file = o.own_file;
    put.value.deadline = qni_deadline_after(&cache->time, qni_cache_ttl_ns(cache, o.ttl_ms, datum == NULL));
    return qni_cache_store(cache, &put, o.ticket, err);
}

qn_status qn_cache_flush(qn_cache *cache, int64_t timeout_ms, qn_error *err)
{
    return qni_queue_flush(cache->queue, timeout_ms, err);
}

/* ---- opening and closing ---- */

void qn_cache_options_init(qn_cache_options *out, int64_t size)
{
    qni_options_init(out, size);
}

/* What is wrong with numbers of the options, in a few words; NULL: nothing. */
static const char *fault_of(const qn_cache_options *o)
{
    if (o->memory_bytes < -1 || o->shards < 0 || o->disk_bytes < 0 || o->queue_bytes < 0)
        return "a size or count is negative";
    if (o->ttl_ms < -1 || o->absent_ttl_ms < -1 || o->shared_fresh_ms < -1)
        return "a time is negative, and not -1";
    if (o->writing != QN_CACHE_THROUGH && o->writing != QN_CACHE_BACK)
        return "there is no such way of writing";
    return NULL;
}

static qn_status take_options(qn_cache_options *out, const qn_cache_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(out, sizeof *out, given, "qn_cache_options", err);
    if (s != QN_OK)
        return s;
    const char *fault = fault_of(out);
    if (fault != NULL)
        return qni_error(err, QN_INVALID, "qn_cache_options: %s", fault);
    if (out->memory_bytes < 0 && out->folder == NULL && out->redis == NULL)
        return qni_error(err, QN_INVALID, "a cache without memory needs a folder or a Redis");
    if (out->read_only && out->folder == NULL)
        return qni_error(err, QN_INVALID, "a cache that is only read needs a folder");
    const qn_cache_clock *clock = out->clock;
    if (clock != NULL && (clock->boot_ns == NULL || clock->wall_ns == NULL || clock->boot_id == NULL))
        return qni_error(err, QN_INVALID, "a clock of qn_cache_options lacks one of its parts");
    return QN_OK;
}

static int64_t or_default(int64_t given, int64_t otherwise)
{
    return given != 0 ? given : otherwise;
}

static void settle(qn_cache *cache, const qn_cache_options *o)
{
    (void)snprintf(cache->name, sizeof cache->name, "%s", o->name != NULL ? o->name : "cache");
    randombytes_buf(&cache->seed, sizeof cache->seed);
    qni_cache_time_init(&cache->time, o->clock);
    cache->ttl_ns = o->ttl_ms > 0 ? ms_to_ns(o->ttl_ms) : 0;
    int64_t absent_ms = or_default(o->absent_ttl_ms, QNI_CACHE_ABSENT_TTL_MS);
    cache->absent_ttl_ns = absent_ms > 0 ? ms_to_ns(absent_ms) : 0;
    int64_t fresh_ms = or_default(o->shared_fresh_ms, QNI_CACHE_FRESH_MS);
    cache->fresh_ns = fresh_ms > 0 ? ms_to_ns(fresh_ms) : 0;
    cache->memory_limit = o->memory_bytes < 0 ? 0 : or_default(o->memory_bytes, QNI_CACHE_MEMORY_SIZE);
    cache->disk_limit = o->folder != NULL ? or_default(o->disk_bytes, QNI_CACHE_DISK_SIZE) : 0;
    cache->read_only = o->read_only;
    cache->keys.values_version = o->values_version;
    if (o->key != NULL) {
        memcpy(cache->seal_key, o->key, sizeof cache->seal_key);
        cache->keys.seal = cache->seal_key;
    }
}

static qn_status open_tiers(qn_cache *cache, const qn_cache_options *o, qn_error *err)
{
    qn_status s = QN_OK;
    if (cache->memory_limit > 0)
        s = qni_memory_new(&cache->memory, cache->memory_limit, o->shards, &cache->time, cache->allocator, err);
    if (s == QN_OK && o->folder != NULL)
        s = qni_disk_open(&cache->disk,
                          &(qni_disk_options){.folder = o->folder,
                                              .bytes = cache->disk_limit,
                                              .read_only = o->read_only,
                                              .time = &cache->time,
                                              .allocator = cache->allocator},
                          err);
    if (s == QN_OK && o->redis != NULL)
        s = qni_redis_open(&cache->shared,
                           &(qni_redis_options){.url = o->redis,
                                                .password = o->redis_password,
                                                .space = o->space != NULL ? o->space : "quern",
                                                .time = &cache->time,
                                                .allocator = cache->allocator},
                           err);
    if (s == QN_OK && o->writing == QN_CACHE_BACK && !o->read_only && (cache->disk != NULL || cache->shared != NULL))
        s = qni_queue_new(&cache->queue, cache, or_default(o->queue_bytes, QNI_CACHE_QUEUE_SIZE), err);
    if (s == QN_OK && o->metrics != NULL)
        s = qn_metrics_collect(o->metrics, qni_cache_collect, cache, err);
    if (s == QN_OK)
        cache->metrics = o->metrics;
    return s;
}

/* All but the queue, which was closed. */
static void free_cache(qn_cache *cache)
{
    qni_below_free(cache);
    if (cache->disk != NULL)
        qni_disk_close(cache->disk);
    if (cache->shared != NULL)
        qni_redis_close(cache->shared);
    if (cache->memory != NULL)
        qni_memory_free(cache->memory);
    explicit_bzero(cache->seal_key, sizeof cache->seal_key);
    qni_delete(cache->allocator, cache);
}

qn_status qn_cache_open(qn_cache **out, const qn_cache_options *options, qn_error *err)
{
    qn_cache_options o;
    *out = NULL;
    qn_status s = take_options(&o, options, err);
    if (s != QN_OK)
        return s;
    qn_cache *cache = qni_new(o.allocator, qn_cache);
    if (cache == NULL)
        return qni_refused(err, o.allocator, (int64_t)sizeof *cache, "a cache");
    cache->allocator = o.allocator;
    settle(cache, &o);
    s = open_tiers(cache, &o, err);
    if (s == QN_OK) {
        *out = cache;
        return QN_OK;
    }
    qn_status closed = qni_queue_close(cache->queue, 0, NULL);
    assert(closed == QN_OK); /* nothing was put */
    (void)closed;
    free_cache(cache);
    return s;
}

const qn_allocator *qn_cache_allocator(const qn_cache *cache)
{
    return cache->allocator;
}

qn_status qn_cache_close(qn_cache *cache, int64_t timeout_ms, qn_error *err)
{
    if (cache == NULL)
        return QN_OK;
    if (cache->metrics != NULL)
        qn_metrics_collect_end(cache->metrics, qni_cache_collect, cache);
    qn_status s = qni_queue_close(cache->queue, timeout_ms, err);
    cache->queue = NULL;
    for (int tier = 0; tier < QNI_BELOW; tier++)
        qni_below_retry(cache, (qni_below)tier);
    free_cache(cache);
    return s;
}
