/* store/cache_below.c: the tiers below memory as a cache's front asks them. What fails is counted, told once, and a
 * miss; what they refuse to remove they owe.
 *
 * Always: an entry whose removal, or whose replacement, a tier refused is not believed there, nor is what depends on
 * it, until the tier has removed it after all or has taken a newer value. Where nobody can tell which entries those are
 * (a prefix; more of them than are remembered) the tier is not asked at all, nor written to. Any thread. */
#include "store/cache_front_int.h"

#include "base/log.h"

#include <inttypes.h>
#include <string.h>

bool qni_below_has(const qn_cache *cache, qni_below tier)
{
    return tier == QNI_BELOW_DISK ? cache->disk != NULL : cache->shared != NULL;
}

static const char *name_of(qni_below tier)
{
    return tier == QNI_BELOW_DISK ? "disk" : "shared";
}

/* ---- the calls, for either ---- */

static qn_status call_get(qni_record *out, qni_record_view *view, qn_cache *cache, qni_below tier,
                          const qni_cache_key *key, qn_error *err)
{
    return tier == QNI_BELOW_DISK ? qni_disk_get(out, view, cache->disk, key, err)
                                  : qni_redis_get(out, view, cache->shared, key, err);
}

static qn_status call_put(qn_cache *cache, qni_below tier, const qni_disk_write *writes, int64_t count, qn_error *err)
{
    return tier == QNI_BELOW_DISK ? qni_disk_put(cache->disk, writes, count, err)
                                  : qni_redis_put(cache->shared, writes, count, err);
}

static qn_status call_remove(int64_t *removed, qn_cache *cache, qni_below tier, const qni_cache_key *key,
                             const uint64_t *names, int64_t count, qn_error *err)
{
    return tier == QNI_BELOW_DISK ? qni_disk_remove(removed, cache->disk, key, names, count, err)
                                  : qni_redis_remove(removed, cache->shared, key, names, count, err);
}

static qn_status call_prefix(int64_t *removed, qn_cache *cache, qni_below tier, const void *prefix, int64_t size,
                             qn_error *err)
{
    return tier == QNI_BELOW_DISK ? qni_disk_remove_prefix(removed, cache->disk, prefix, size, err)
                                  : qni_redis_remove_prefix(removed, cache->shared, prefix, size, err);
}

static qn_status call_clear(int64_t *removed, qn_cache *cache, qni_below tier, qn_error *err)
{
    return tier == QNI_BELOW_DISK ? qni_disk_clear(removed, cache->disk, err)
                                  : qni_redis_clear(removed, cache->shared, err);
}

static bool is_memory(qn_status s)
{
    return s == QN_NOMEM || s == QN_BUDGET;
}

/* What a tier can fail at. */
enum {
    READING,
    WRITING,
    ANYTHING, /* it is not there */
};

static const char *const deeds[] = {"reading", "writing to", "asking"};

static void note_success(qn_cache *cache, qni_below tier, int deed)
{
    _Atomic bool *down = &cache->debts[tier].down[deed];
    if (atomic_load_explicit(down, memory_order_relaxed) && atomic_exchange_explicit(down, false, memory_order_relaxed))
        qni_log(QN_LOG_INFO, "cache", "%s the %s tier of the cache \"%s\" works again", deeds[deed], name_of(tier),
                cache->name);
}

/* Counts what a call returned, and tells where that has changed: of reading and of writing by itself, for a full disk
 * can be read. */
static void note(qn_cache *cache, qni_below tier, bool writes, qn_status s, const qn_error *why)
{
    int deed = s == QN_UNAVAILABLE ? ANYTHING : writes ? WRITING : READING;
    if (s == QN_OK) {
        note_success(cache, tier, deed);
        note_success(cache, tier, ANYTHING);
        return;
    }
    if (is_memory(s))
        return;
    qni_cache_count(cache, QNI_COUNT_ERRORS + (int)tier, 1);
    _Atomic bool *down = &cache->debts[tier].down[deed];
    if (s != QN_LIMIT && s != QN_DATA && !atomic_exchange_explicit(down, true, memory_order_relaxed))
        qni_log(QN_LOG_WARN, "cache", "%s the %s tier of the cache \"%s\" fails, and is done without: %s", deeds[deed],
                name_of(tier), cache->name, why->message);
}

/* ---- debts ---- */

static bool same_key(const qni_debt *debt, const qni_cache_key *key)
{
    return debt->key.name == key->name && debt->key.size == key->size &&
           (key->size == 0 || memcmp(debt->key.bytes, key->bytes, (size_t)key->size) == 0);
}

/* The chain's link to the debt of the key, or to NULL at its end. With the lock. */
static qni_debt **find_debt(qni_debts *debts, const qni_cache_key *key)
{
    qni_debt **at = &debts->slots[key->name % QNI_CACHE_DEBT_SLOTS];
    while (*at != NULL && !same_key(*at, key))
        at = &(*at)->chain;
    return at;
}

/* With the lock, after every change. */
static void publish(qni_debts *debts)
{
    atomic_store_explicit(&debts->any, debts->count > 0 || debts->overflown, memory_order_release);
    atomic_store_explicit(&debts->blind, debts->prefixes > 0 || debts->overflown, memory_order_release);
}

static void settle(qn_cache *cache, qni_debts *debts, qni_debt *debt)
{
    qni_debt **at = &debts->first, *before = NULL;
    for (; *at != debt; at = &(*at)->next)
        before = *at;
    *at = debt->next;
    if (debts->last == debt)
        debts->last = before;
    if (debt->prefix)
        debts->prefixes--;
    else
        *find_debt(debts, &debt->key) = debt->chain;
    debts->count--;
    debts->size -= debt->size;
    atomic_fetch_add(&debts->settled, 1);
    qni_free(cache->allocator, debt, debt->size, 1);
}

static void settle_all(qn_cache *cache, qni_debts *debts)
{
    while (debts->first != NULL)
        settle(cache, debts, debts->first);
}

/* Remembers a removal; key NULL: all entries. */
static void owe(qn_cache *cache, qni_below tier, const qni_cache_key *key, bool prefix)
{
    qni_debts *debts = &cache->debts[tier];
    int64_t size = key != NULL ? (int64_t)sizeof(qni_debt) + key->size : 0;
    qni_debt *debt = NULL;
    qni_lock_take(&debts->lock, NULL);
    if (!debts->overflown && key != NULL && !prefix && *find_debt(debts, key) != NULL)
        goto out;
    if (!debts->overflown && key != NULL && debts->count < QNI_CACHE_DEBT_MAX &&
        debts->size + size <= QNI_CACHE_DEBT_SIZE_MAX)
        debt = qni_alloc(cache->allocator, size, 1);
    if (debt == NULL) {
        settle_all(cache, debts);
        debts->overflown = true;
        goto out;
    }
    if (key->size > 0)
        memcpy(debt + 1, key->bytes, (size_t)key->size);
    *debt = (qni_debt){.key = *key, .prefix = prefix, .size = size};
    debt->key.bytes = debt + 1;
    *(debts->last != NULL ? &debts->last->next : &debts->first) = debt;
    debts->last = debt;
    debts->count++;
    debts->size += size;
    if (prefix)
        debts->prefixes++;
    else
        *find_debt(debts, key) = debt;
out:
    publish(debts);
    qni_lock_give(&debts->lock);
}

static bool owes_any(qn_cache *cache, qni_below tier)
{
    return atomic_load_explicit(&cache->debts[tier].any, memory_order_acquire);
}

static bool is_blind(qn_cache *cache, qni_below tier)
{
    return atomic_load_explicit(&cache->debts[tier].blind, memory_order_acquire);
}

static bool owes(qn_cache *cache, qni_below tier, uint64_t name)
{
    qni_debts *debts = &cache->debts[tier];
    if (!owes_any(cache, tier))
        return false;
    qni_lock_take(&debts->lock, NULL);
    const qni_debt *debt = debts->slots[name % QNI_CACHE_DEBT_SLOTS];
    while (debt != NULL && debt->key.name != name)
        debt = debt->chain;
    qni_lock_give(&debts->lock);
    return debt != NULL;
}

/* The tier has a newer value of the key, or none. */
static void forgive(qn_cache *cache, qni_below tier, const qni_cache_key *key)
{
    qni_debts *debts = &cache->debts[tier];
    if (!owes_any(cache, tier))
        return;
    qni_lock_take(&debts->lock, NULL);
    qni_debt *debt = *find_debt(debts, key);
    if (debt != NULL)
        settle(cache, debts, debt);
    publish(debts);
    qni_lock_give(&debts->lock);
}

static void forgive_all(qn_cache *cache, qni_below tier)
{
    qni_debts *debts = &cache->debts[tier];
    qni_lock_take(&debts->lock, NULL);
    settle_all(cache, debts);
    debts->overflown = false;
    atomic_fetch_add(&debts->settled, 1);
    publish(debts);
    qni_lock_give(&debts->lock);
}

/* What is to be made good next. */
typedef struct due {
    bool all, prefix;
    qni_cache_key key;
    char bytes[QN_CACHE_KEY_MAX];
} due;

static bool next_due(due *out, qni_debts *debts)
{
    qni_lock_take(&debts->lock, NULL);
    const qni_debt *debt = debts->first;
    bool any = debt != NULL || debts->overflown;
    out->all = debts->overflown;
    if (debt != NULL) {
        out->prefix = debt->prefix;
        out->key = debt->key;
        memcpy(out->bytes, debt->key.bytes, (size_t)debt->key.size);
        out->key.bytes = out->bytes;
    }
    qni_lock_give(&debts->lock);
    return any;
}

/* Those for which a tier is not asked at all. It is not written to either, so that its turn is enough. */
static qn_status make_good_blind(qn_cache *cache, qni_below tier, const due *d, qn_error *why)
{
    qni_debts *debts = &cache->debts[tier];
    int64_t removed = 0;
    qni_lock_take(&debts->turn, NULL);
    qn_status s = d->all ? call_clear(&removed, cache, tier, why)
                         : call_prefix(&removed, cache, tier, d->key.bytes, d->key.size, why);
    note(cache, tier, true, s, why);
    qni_lock_take(&debts->lock, NULL);
    if (s == QN_OK && d->all) {
        debts->overflown = false;
        atomic_fetch_add(&debts->settled, 1);
    } else if (s == QN_OK && debts->first != NULL && debts->first->prefix && same_key(debts->first, &d->key))
        settle(cache, debts, debts->first);
    publish(debts);
    qni_lock_give(&debts->lock);
    qni_lock_give(&debts->turn);
    return s;
}

static qn_status make_good(qn_cache *cache, qni_below tier, const due *d, qn_error *why)
{
    if (d->all || d->prefix)
        return make_good_blind(cache, tier, d, why);
    qni_debts *debts = &cache->debts[tier];
    qni_lock *order = qni_cache_order(cache, d->key.name);
    int64_t removed = 0;
    qn_status s = QN_OK;
    qni_lock_take(order, NULL);
    qni_lock_take(&debts->turn, NULL);
    if (owes(cache, tier, d->key.name)) {
        s = call_remove(&removed, cache, tier, d->key.size > 0 ? &d->key : NULL, &d->key.name, 1, why);
        note(cache, tier, true, s, why);
        if (s == QN_OK)
            forgive(cache, tier, &d->key);
    }
    qni_lock_give(&debts->turn);
    qni_lock_give(order);
    return s;
}

void qni_below_retry(qn_cache *cache, qni_below tier)
{
    if (!qni_below_has(cache, tier) || cache->read_only || !owes_any(cache, tier))
        return;
    qni_debts *debts = &cache->debts[tier];
    int64_t now_ns = qni_cache_now_ns(cache);
    if (now_ns < atomic_load_explicit(&debts->try_ns, memory_order_relaxed))
        return;
    due d = {0};
    qn_error why = qn_error_none();
    for (int i = 0; i < QNI_CACHE_DEBT_STEP && next_due(&d, debts); i++)
        if (make_good(cache, tier, &d, &why) != QN_OK) {
            atomic_store_explicit(&debts->try_ns, now_ns + QNI_CACHE_RETRY_NS, memory_order_relaxed);
            break;
        }
}

void qni_below_free(qn_cache *cache)
{
    for (int tier = 0; tier < QNI_BELOW; tier++)
        settle_all(cache, &cache->debts[tier]);
}

/* ---- getting ---- */

int64_t qni_below_depends(uint64_t names[QN_CACHE_DEPENDS_MAX], const qni_record_view *view)
{
    const unsigned char *bytes = view->depends;
    int64_t count = view->depend_count < QN_CACHE_DEPENDS_MAX ? view->depend_count : QN_CACHE_DEPENDS_MAX;
    for (int64_t i = 0; i < count; i++)
        memcpy(&names[i], bytes + 8 * i, sizeof names[i]);
    return count;
}

/* Counts what has become true of a tier: debts that were made good, batches that were written. */
static uint64_t progress_of(qn_cache *cache, qni_below tier)
{
    return atomic_load(&cache->debts[tier].settled) + qni_queue_batches(cache->queue);
}

/* What a record is looked at beside, from before it was read. */
typedef struct moment {
    uint64_t marks, progress;
} moment;

typedef enum belief {
    BELIEVED,
    NOT_OURS, /* another program's, or version's; or owed, or behind */
    UNSURE,   /* something happened meanwhile: read again */
} belief;

/* Whether the record is the program's own, and nothing that it depends on is owed, waits to be written, or has been
 * changed while it was read; nor its key removed. */
static belief look_at(qn_cache *cache, qni_below tier, const qni_cache_key *key, const qni_record_view *view,
                      const moment *before)
{
    if (view->depend_count < 0 || view->depend_count > QN_CACHE_DEPENDS_MAX ||
        view->values_version != cache->keys.values_version || view->sealed != (cache->keys.seal != NULL))
        return NOT_OURS;
    if (qni_marks_stale(cache, QNI_GONE, before->marks, key->name, NULL, 0))
        return UNSURE;
    if (view->depend_count == 0)
        return BELIEVED;
    uint64_t names[QN_CACHE_DEPENDS_MAX];
    int64_t count = qni_below_depends(names, view);
    assert(count == view->depend_count);
    for (int64_t i = 0; i < count; i++)
        if (owes(cache, tier, names[i]))
            return NOT_OURS;
    if (qni_queue_has(cache->queue, names, count))
        return NOT_OURS;
    bool unsure = progress_of(cache, tier) != before->progress ||
                  qni_marks_stale(cache, QNI_CHANGED, before->marks, names[0], names, count);
    return unsure ? UNSURE : BELIEVED;
}

qn_status qni_below_get(qni_record *out, qni_record_view *view, bool *answered, qn_cache *cache, qni_below tier,
                        const qni_cache_key *key, qn_error *err)
{
    qn_error why; /* filled where it fails */
    *out = (qni_record){0};
    *answered = false;
    if (!qni_below_has(cache, tier))
        return QN_OK;
    qni_below_retry(cache, tier);
    belief how = UNSURE;
    for (int i = 0; i < QNI_CACHE_TRIES && how == UNSURE; i++) {
        const moment before = {qni_marks_now(cache), progress_of(cache, tier)};
        if (is_blind(cache, tier) || owes(cache, tier, key->name) || qni_queue_gone(cache->queue, key))
            return QN_OK;
        qn_status s = call_get(out, view, cache, tier, key, &why);
        note(cache, tier, false, s, &why);
        if (is_memory(s) && err != NULL)
            *err = why;
        if (s != QN_OK)
            return is_memory(s) ? s : QN_OK;
        how = out->bytes != NULL ? look_at(cache, tier, key, view, &before) : BELIEVED;
        if (how != BELIEVED)
            qni_record_free(out, cache->allocator);
    }
    *answered = how == BELIEVED;
    return QN_OK;
}

qn_status qni_below_depends_of(uint64_t names[QN_CACHE_DEPENDS_MAX], int64_t *count, qn_cache *cache,
                               const qni_cache_key *key, qn_error *err)
{
    qn_error why = qn_error_none();
    *count = -1;
    if (cache->disk == NULL || is_blind(cache, QNI_BELOW_DISK) || owes(cache, QNI_BELOW_DISK, key->name))
        return QN_OK;
    qn_status s = qni_disk_depends(names, count, cache->disk, key, &why);
    note(cache, QNI_BELOW_DISK, false, s, &why);
    if (s != QN_OK && err != NULL)
        *err = why;
    return s;
}

/* ---- putting and removing ---- */

static qn_status refuse_blind(const qn_cache *cache, qni_below tier, qn_error *err)
{
    return qni_error(err, tier == QNI_BELOW_DISK ? QN_IO : QN_UNAVAILABLE,
                     "the %s tier of the cache \"%s\" could not remove entries, and is not used until it can",
                     name_of(tier), cache->name);
}

/* The tier did not take a new value of the key: the old one ought to go. */
static void put_failed(qn_cache *cache, qni_below tier, const qni_cache_key *key)
{
    int64_t removed = 0;
    qn_error why = qn_error_none();
    qn_status s = call_remove(&removed, cache, tier, key, &key->name, 1, &why);
    if (s != QN_OK)
        owe(cache, tier, key, false);
    else
        forgive(cache, tier, key);
}

qn_status qni_below_put(qn_cache *cache, qni_below tier, const qni_disk_write *writes, int64_t count, qn_error *err)
{
    qn_error why = qn_error_none();
    qn_status s = QN_BUSY;
    if (!qni_below_has(cache, tier))
        return QN_OK;
    for (int64_t i = 0; cache->read_only && i < count; i++)
        owe(cache, tier, writes[i].key, false);
    if (cache->read_only)
        return QN_OK;
    if (is_blind(cache, tier)) {
        if (count == 1)
            owe(cache, tier, writes[0].key, false);
        return refuse_blind(cache, tier, err);
    }
    for (int i = 0; i < QNI_CACHE_TRIES && s == QN_BUSY; i++)
        s = call_put(cache, tier, writes, count, &why);
    note(cache, tier, true, s, &why);
    for (int64_t i = 0; s == QN_OK && i < count; i++)
        forgive(cache, tier, writes[i].key);
    if (s == QN_OK)
        return QN_OK;
    if (count == 1)
        put_failed(cache, tier, writes[0].key);
    if (err != NULL)
        *err = why;
    return s;
}

static qn_status call_removal(int64_t *removed, qn_cache *cache, qni_below tier, const qni_removal *what, qn_error *err)
{
    if (what->all)
        return call_clear(removed, cache, tier, err);
    if (what->key == NULL)
        return call_prefix(removed, cache, tier, what->prefix, what->prefix_size, err);
    return call_remove(removed, cache, tier, what->key->size > 0 ? what->key : NULL, &what->key->name, 1, err);
}

static void owe_removal(qn_cache *cache, qni_below tier, const qni_removal *what)
{
    const qni_cache_key prefix = {.bytes = what->prefix, .size = what->prefix_size};
    owe(cache, tier, what->all ? NULL : what->key != NULL ? what->key : &prefix, what->key == NULL);
}

qn_status qni_below_remove(int64_t *removed, qn_cache *cache, qni_below tier, const qni_removal *what, qn_error *err)
{
    qn_error why = qn_error_none();
    *removed = 0;
    if (!qni_below_has(cache, tier))
        return QN_OK;
    if (cache->read_only) {
        owe_removal(cache, tier, what); /* for ever, and nobody need be told */
        return QN_OK;
    }
    qn_status s = call_removal(removed, cache, tier, what, &why);
    note(cache, tier, true, s, &why);
    if (s != QN_OK) {
        owe_removal(cache, tier, what);
        if (err != NULL)
            *err = why;
    } else if (what->all) {
        forgive_all(cache, tier);
    } else if (what->key != NULL) {
        forgive(cache, tier, what->key);
    }
    return s;
}

void qni_below_drop(qn_cache *cache, qni_below tier, const qni_cache_key *key)
{
    int64_t removed = 0;
    qn_error why = qn_error_none();
    if (!qni_below_has(cache, tier))
        return;
    qn_status s = cache->read_only ? QN_PERMISSION : call_remove(&removed, cache, tier, key, NULL, 0, &why);
    if (s != QN_OK)
        owe(cache, tier, key, false);
}
