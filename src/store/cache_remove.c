/* store/cache_remove.c: removal from every tier, with all that depends on it; and why nothing comes back.
 *
 * A value reaches a tier in three ways: a caller puts it; it was made (get_or) from what was there when the making
 * began; it was read from a tier below when the reading began, and moves up. The last two may be late: what they hold
 * was true once. They are kept only if nothing has happened since to the key and to all that the value depends on; if
 * not, the value is given to who waits for it and forgotten.
 *
 * A change (a removal, or a put, which removes what depends on the key) has a beginning and an end. `busy` counts those
 * that are between the two, `last` is when one last ended, by a count of all ends. Names share such marks by their
 * hash, which can only refuse too much. A late value with the time `since` of its own beginning is refused where a mark
 * of its key or of a dependency is busy, or has last > since; busy is looked at first, and `last` written first.
 *
 * The look and the keeping are one step to whoever changes: memory is entered through a gate (a lock by the key's
 * name), tiers below under the key's order. A change, once it is busy, passes all orders and gates. So each late value
 *   - was looked at before busy: then it is in its tier when the change comes to remove there, and goes;
 *   - or is looked at while busy: refused;
 *   - or after the end, having begun before: `last` > since: refused;
 *   - or has begun after the end: then nothing stale was left for it to read, in any tier.
 * The order in which a change goes through the tiers does not matter for this process therefore, and entries that
 * depend on entries need no more than this: what a value depends on is closed (each name's own dependencies were
 * taken over when it was put), and what a maker reads beside it is noted by its flight (cache_flight.c).
 *
 * Puts by callers are refused nothing: one that runs beside a removal comes before or after it. All that happens to one
 * key takes its order, so that every tier sees the same last value. With a queue, a tier below is behind: the queue is
 * asked first, and what is below is not believed while anything it depends on waits to be written, or did when it was
 * read (cache_below.c). A removal empties the queue of what it removes, and waits for a batch that is being written;
 * until it has removed below as well, what is there may be older than what has just left the queue, and is not
 * believed either.
 *
 * Other processes. What they changed on disk is told (qni_disk_changes) before memory or the queue is believed again,
 * and is a change like any other, only that the disk has it already. A put is told first as well: so what is told later
 * comes after it, and takes it out of the queue. A value that was made here, moves to disk or has waited in the queue,
 * and of which another process removed something between the look and the writing, is removed again right after: for
 * that moment others may read it. A change comes to the shared tier, then to disk, and what depends on it goes from the
 * shared tier once more: who read there before is told when he writes to disk after it; and what he made of that he has
 * either written there before the second time, or is told. (A batch of the queue does without that, which would take
 * what it has written itself: beside it a value that is made in between may be kept in the shared tier.)
 *
 * A tier that refuses to remove owes it (cache_below.c) and is not believed meanwhile. */
#include "store/cache_front_int.h"

#include <string.h>

/* ---- marks ----
 *
 * All of these are sequentially consistent: a change writes busy and then looks at who is inside (gates, orders); who
 * is inside looks at busy. They are not on the way to a hit. */

static qni_mark *mark_of(qn_cache *cache, qni_staleness kind, const uint64_t *name)
{
    return name == NULL ? &cache->marks.all[kind] : &cache->marks.names[kind][(*name >> 10) % QNI_CACHE_MARKS];
}

uint64_t qni_marks_now(const qn_cache *cache)
{
    return atomic_load(&cache->marks.now);
}

static bool is_stale(const qni_mark *mark, uint64_t since)
{
    return atomic_load(&mark->busy) > 0 || atomic_load(&mark->last) > since;
}

bool qni_marks_stale(const qn_cache *cache, qni_staleness kind, uint64_t since, uint64_t name, const uint64_t *depends,
                     int64_t count)
{
    const qni_mark *names = cache->marks.names[kind];
    bool stale = is_stale(&cache->marks.all[kind], since) || is_stale(&names[(name >> 10) % QNI_CACHE_MARKS], since);
    for (int64_t i = 0; i < count && !stale; i++)
        stale = is_stale(&names[(depends[i] >> 10) % QNI_CACHE_MARKS], since);
    return stale;
}

static uint64_t bit_of(int64_t *word, uint64_t name)
{
    *word = (int64_t)((name >> 26) % QNI_CACHE_NEEDED);
    return UINT64_C(1) << ((name >> 20) & 63);
}

void qni_marks_need(qn_cache *cache, const uint64_t *names, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t word;
        uint64_t bit = bit_of(&word, names[i]);
        if ((atomic_load(&cache->marks.needed[word]) & bit) == 0)
            (void)atomic_fetch_or(&cache->marks.needed[word], bit);
    }
}

bool qni_marks_needed(const qn_cache *cache, uint64_t name)
{
    int64_t word;
    uint64_t bit = bit_of(&word, name);
    return (atomic_load(&cache->marks.needed[word]) & bit) != 0;
}

static void advance(qn_cache *cache, qni_mark *mark)
{
    uint64_t now = atomic_fetch_add(&cache->marks.now, 1) + 1, last = atomic_load(&mark->last);
    while (last < now && !atomic_compare_exchange_weak(&mark->last, &last, now)) {
    }
}

/* What happens to others by a put or a removal that is over at once. */
static void touch(qn_cache *cache, qni_staleness kind, uint64_t name)
{
    for (int k = QNI_CHANGED; k <= (int)kind; k++)
        advance(cache, mark_of(cache, (qni_staleness)k, &name));
}

static void pass(qni_cache_lock *locks, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        qni_lock_take(&locks[i].lock, NULL);
        qni_lock_give(&locks[i].lock);
    }
}

void qni_change_begin(qn_cache *cache, qni_staleness kind, const uint64_t *name, bool pass_orders)
{
    for (int k = QNI_CHANGED; k <= (int)kind; k++)
        (void)atomic_fetch_add(&mark_of(cache, (qni_staleness)k, name)->busy, 1);
    if (pass_orders)
        pass(cache->order, QNI_CACHE_ORDERS);
    pass(cache->gates, QNI_CACHE_GATES);
}

void qni_change_end(qn_cache *cache, qni_staleness kind, const uint64_t *name)
{
    for (int k = QNI_CHANGED; k <= (int)kind; k++) {
        qni_mark *mark = mark_of(cache, (qni_staleness)k, name);
        advance(cache, mark);
        (void)atomic_fetch_sub(&mark->busy, 1);
    }
}

/* ---- memory ---- */

static qni_lock *gate_of(qn_cache *cache, uint64_t name)
{
    return &cache->gates[(name >> 6) % QNI_CACHE_GATES].lock;
}

void qni_cache_pass_gate(qn_cache *cache, uint64_t name)
{
    qni_lock_take(gate_of(cache, name), NULL);
    qni_lock_give(gate_of(cache, name));
}

qn_status qni_cache_keep(bool *kept, bool *stale, qn_cache *cache, const qni_cache_key *key,
                         const qni_cache_value *value, const qni_keeping *how, qn_error *err)
{
    qn_status s = QN_OK;
    qni_lock *gate = gate_of(cache, key->name);
    *kept = *stale = false;
    qni_lock_take(gate, NULL);
    if (how->reads || how->kind == QNI_CHANGED)
        *stale = qni_marks_stale(cache, how->reads ? QNI_CHANGED : QNI_REMOVED, how->since, key->name, value->depends,
                                 value->depend_count);
    if (!*stale)
        qni_flights_saw(cache, key->name, value->depends, value->depend_count);
    if (!*stale && cache->memory != NULL)
        s = qni_memory_put(kept, cache->memory, key, value, err);
    /* At last: who has not seen it in memory has begun before. */
    if (!*stale && !how->reads)
        touch(cache, how->kind, key->name);
    qni_lock_give(gate);
    return s;
}

void qni_cache_drop_dependents(qn_cache *cache, uint64_t name)
{
    const qni_cache_key key = {.name = name};
    const qni_removal what = {.key = &key};
    (void)qni_queue_remove(cache->queue, &what, true, false);
    if (cache->memory != NULL)
        (void)qni_memory_remove_dependents(cache->memory, &name, 1);
}

static int64_t forget_in_memory(qni_memory_tier *memory, const qni_removal *what)
{
    if (memory == NULL)
        return 0;
    if (what->all)
        return qni_memory_clear(memory);
    if (what->key != NULL)
        return qni_memory_remove(memory, what->key) + qni_memory_remove_dependents(memory, &what->key->name, 1);
    int64_t removed = qni_memory_remove_prefix(memory, what->prefix, what->prefix_size);
    /* Which names went below nobody says: so all goes that depends on any. */
    return removed + qni_memory_remove_dependents(memory, NULL, -1);
}

/* ---- removal ---- */

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

qn_status qni_cache_forget(int64_t *removed, qn_cache *cache, const qni_removal *what, qn_error *err)
{
    const uint64_t *name = what->key != NULL ? &what->key->name : NULL;
    qn_status s = QN_OK;
    int64_t most_removed = 0;
    for (int tier = 0; tier < QNI_BELOW; tier++)
        qni_below_retry(cache, (qni_below)tier);
    qni_change_begin(cache, QNI_GONE, name, true);
    if (name != NULL)
        qni_lock_take(qni_cache_order(cache, *name), NULL);
    int64_t queued = qni_queue_remove(cache->queue, what, false, true);
    for (int i = cache->shared != NULL && cache->disk != NULL ? 0 : 1; i < 3; i++) {
        static const qni_below tiers[] = {QNI_BELOW_SHARED, QNI_BELOW_DISK, QNI_BELOW_SHARED};
        qn_error why = qn_error_none();
        int64_t count = 0;
        qn_status t = qni_below_remove(&count, cache, tiers[i], what, &why);
        most_removed = most(most_removed, count);
        if (t != QN_OK && s == QN_OK) {
            s = t;
            if (err != NULL)
                *err = why;
        }
    }
    most_removed = most(most(most_removed, queued), forget_in_memory(cache->memory, what));
    if (name != NULL)
        qni_lock_give(qni_cache_order(cache, *name));
    qni_change_end(cache, QNI_GONE, name);
    if (removed != NULL)
        *removed = most_removed;
    return s;
}

/* The same for a caller. */
static qn_status forget(int64_t *removed, qn_cache *cache, const qni_removal *what, qn_error *err)
{
    int64_t count = 0;
    qn_status s = qni_cache_forget(&count, cache, what, err);
    qni_cache_count(cache, QNI_COUNT_REMOVED, count);
    if (removed != NULL)
        *removed = count;
    return s;
}

qn_status qn_cache_remove(int64_t *removed, qn_cache *cache, const void *key, int64_t key_size, qn_error *err)
{
    qni_cache_key k;
    if (removed != NULL)
        *removed = 0;
    qn_status s = qni_cache_key_named(&k, cache, key, key_size, err);
    return s == QN_OK ? forget(removed, cache, &(qni_removal){.key = &k}, err) : s;
}

qn_status qn_cache_remove_prefix(int64_t *removed, qn_cache *cache, const void *prefix, int64_t prefix_size,
                                 qn_error *err)
{
    if (removed != NULL)
        *removed = 0;
    if (prefix_size < 0)
        prefix_size = prefix != NULL ? (int64_t)strlen(prefix) : 0;
    if (prefix_size == 0)
        return qni_error(err, QN_INVALID, "the prefix has no byte: all entries are removed by qn_cache_clear");
    if (prefix_size > QN_CACHE_KEY_MAX)
        return qni_error(err, QN_LIMIT, "no key is as long as this prefix: keys have at most %d bytes",
                         QN_CACHE_KEY_MAX);
    return forget(removed, cache, &(qni_removal){.prefix = prefix, .prefix_size = prefix_size}, err);
}

qn_status qn_cache_clear(int64_t *removed, qn_cache *cache, qn_error *err)
{
    if (removed != NULL)
        *removed = 0;
    return forget(removed, cache, &(qni_removal){.all = true}, err);
}

/* ---- what other processes changed ---- */

static void forget_name(qn_cache *cache, uint64_t name, bool entry)
{
    const qni_cache_key key = {.name = name};
    bool needed = qni_marks_needed(cache, name);
    if (entry || needed)
        (void)qni_queue_remove(cache->queue, &(qni_removal){.key = &key}, !entry, false);
    if (entry && cache->memory != NULL)
        (void)qni_memory_remove_name(cache->memory, name);
    if (needed && cache->memory != NULL)
        (void)qni_memory_remove_dependents(cache->memory, &name, 1);
}

static void apply(void *user, const qni_change *change)
{
    qn_cache *cache = user;
    bool one = change->kind == QNI_CHANGE_NAME || change->kind == QNI_CHANGE_DEPENDENTS;
    const uint64_t *name = one ? &change->name : NULL;
    qni_change_begin(cache, QNI_TOLD, name, false);
    if (one) {
        forget_name(cache, change->name, change->kind == QNI_CHANGE_NAME);
    } else {
        const qni_removal what = {
            .prefix = change->prefix, .prefix_size = change->prefix_size, .all = change->kind == QNI_CHANGE_ALL};
        (void)qni_queue_remove(cache->queue, &what, false, false);
        (void)forget_in_memory(cache->memory, &what);
    }
    qni_change_end(cache, QNI_TOLD, name);
}

void qni_cache_catch_up(qn_cache *cache)
{
    if (cache->disk == NULL)
        return;
    /* In this order: whoever reads of the disk that there is nothing new sees that it is being applied, or has been. */
    if (!qni_disk_changed(cache->disk) && !atomic_load_explicit(&cache->applying, memory_order_acquire))
        return;
    qni_lock_take(&cache->changes, NULL);
    if (qni_disk_changed(cache->disk)) {
        atomic_store_explicit(&cache->applying, true, memory_order_release);
        qni_disk_changes(cache->disk, apply, cache);
        atomic_store_explicit(&cache->applying, false, memory_order_release);
    }
    qni_lock_give(&cache->changes);
}

/* ---- pins ---- */

qn_status qn_cache_pin(bool *pinned, qn_cache *cache, const void *key, int64_t key_size, qn_error *err)
{
    bool there = false;
    qni_cache_key k;
    qni_answer answer;
    if (pinned != NULL)
        *pinned = false;
    qn_status s = qni_cache_key_named(&k, cache, key, key_size, err);
    if (s != QN_OK || cache->memory == NULL)
        return s;
    /* Asking moves it up to memory, where it is anywhere. */
    s = qni_cache_ask(&answer, cache, &k, err);
    if (s != QN_OK)
        return s;
    qn_datum_unref(answer.datum);
    if (answer.found != QN_CACHE_MISS)
        s = qni_memory_pin(&there, cache->memory, &k, err);
    if (pinned != NULL)
        *pinned = there && s == QN_OK;
    return s;
}

void qn_cache_unpin(qn_cache *cache, const void *key, int64_t key_size)
{
    qni_cache_key k;
    if (cache->memory != NULL && qni_cache_key_named(&k, cache, key, key_size, NULL) == QN_OK)
        qni_memory_unpin(cache->memory, &k);
}
