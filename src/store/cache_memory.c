/* store/cache_memory.c: the memory tier: what was put lately, and what is asked for again and again, within its bytes.
 *
 * Everything counts: the tier and its shards, tables, entries with their keys, and each entry's datum. The bytes are
 * the tier's, not its shards': a shard that has many is where room is made for the others. Any thread; a datum is let
 * go and memory given back outside the locks, but where a table grows. */
#include "store/cache_memory_int.h"

#include <inttypes.h>
#include <string.h>

/* ---- bytes ---- */

bool qni_memory_reserve(qni_memory_tier *tier, int64_t bytes)
{
    /* Relaxed: the number carries nothing but itself. */
    int64_t used = atomic_load_explicit(&tier->used, memory_order_relaxed);
    do {
        if (used > tier->limit - bytes)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&tier->used, &used, used + bytes, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void qni_memory_release(qni_memory_tier *tier, int64_t bytes)
{
    atomic_fetch_sub_explicit(&tier->used, bytes, memory_order_relaxed);
}

static int64_t bytes_of(qni_shard *shard)
{
    return atomic_load_explicit(&shard->bytes, memory_order_relaxed);
}

static void add_bytes(qni_shard *shard, int64_t bytes)
{
    atomic_store_explicit(&shard->bytes, bytes_of(shard) + bytes, memory_order_relaxed);
}

qni_entry_layout qni_entry_layout_of(const qni_entry *e)
{
    int64_t room = 0;
    if (e->inside) {
        (void)qn_datum_text(e->datum, &room);
        room = qni_datum_room(room);
    }
    return qni_entry_layout_for(e->key_size, room, e->timed, e->depend_count);
}

/* A datum inside keeps the block as long as somebody holds it. */
static void free_entry(qni_memory_tier *tier, qni_entry *e)
{
    int64_t bytes = e->bytes, size = qni_entry_layout_of(e).size;
    bool inside = e->inside;
    qn_datum_unref(e->datum);
    if (!inside)
        qni_free(tier->allocator, e, size, 1);
    qni_memory_release(tier, bytes);
}

void qni_memory_bury(qni_memory_tier *tier, qni_entry *dead)
{
    while (dead != NULL) {
        qni_entry *older = dead->older;
        free_entry(tier, dead);
        dead = older;
    }
}

/* ---- entries in a shard ---- */

static void count_pinned(qni_shard *shard, int64_t entries, int64_t bytes)
{
    shard->pinned_entries += entries;
    shard->pinned_bytes += bytes;
    atomic_fetch_add_explicit(&shard->tier->pinned_bytes, bytes, memory_order_relaxed);
}

void qni_shard_unlink(qni_shard *shard, qni_entry *e, qni_entry **dead)
{
    qni_table_remove(&shard->table, e->hash, e);
    qni_table_remove(&shard->names, qni_name_hash(shard->tier, e->name), e);
    qni_queue_unlink(shard, e);
    if (e->pins > 0)
        count_pinned(shard, -1, -e->bytes);
    if (e->depend_count > 0) {
        qni_entry_depends *d = qni_entry_depends_of(e);
        *(d->previous != NULL ? &qni_entry_depends_of(d->previous)->next : &shard->dependents) = d->next;
        if (d->next != NULL)
            qni_entry_depends_of(d->next)->previous = d->previous;
    }
    shard->ending -= e->ends;
    shard->entries--;
    add_bytes(shard, -e->bytes);
    e->older = *dead;
    *dead = e;
}

static void link_entry(qni_shard *shard, qni_entry *e)
{
    qni_table_add(&shard->table, e->hash, e, shard);
    qni_table_add(&shard->names, qni_name_hash(shard->tier, e->name), e, shard);
    qni_queue_push(shard, e);
    if (e->pins > 0)
        count_pinned(shard, 1, e->bytes);
    if (e->depend_count > 0) {
        qni_entry_depends *d = qni_entry_depends_of(e);
        d->previous = NULL;
        d->next = shard->dependents;
        if (d->next != NULL)
            qni_entry_depends_of(d->next)->previous = e;
        shard->dependents = e;
    }
    if (e->ends) {
        shard->ending++;
        qni_shard_due(shard, e);
    }
    shard->entries++;
    add_bytes(shard, e->bytes);
}

static qni_deadline deadline_of(const qni_memory_tier *tier, qni_entry *e)
{
    qni_deadline deadline = {0};
    if (e->timed) {
        const qni_entry_times *times = qni_entry_times_of(e);
        deadline = (qni_deadline){.ttl_ns = times->ttl_ns, .boot_ns = times->boot_ns, .wall_ns = times->wall_ns};
        memcpy(deadline.boot_id, tier->time->boot_id, sizeof deadline.boot_id);
    }
    return deadline;
}

bool qni_entry_ended(const qni_memory_tier *tier, qni_entry *e, int64_t *left_ns)
{
    *left_ns = INT64_MAX;
    if (e->ends) {
        qni_deadline deadline = deadline_of(tier, e);
        *left_ns = qni_deadline_left(tier->time, &deadline);
    }
    return *left_ns <= 0;
}

/* Words first: keys are short, and a call of memcmp takes longer than they do. */
static inline bool same_bytes(const char *a, const char *b, int64_t size)
{
    uint64_t x, y;
    int64_t at = 0;
    for (; at + 8 <= size; at += 8) {
        memcpy(&x, a + at, sizeof x);
        memcpy(&y, b + at, sizeof y);
        if (x != y)
            return false;
    }
    for (; at < size; at++)
        if (a[at] != b[at])
            return false;
    return true;
}

static inline bool same_key(const qni_entry *e, const void *user)
{
    const qni_cache_key *key = user;
    return e->hash == key->hash && e->key_size == key->size && same_bytes(e->key, key->bytes, key->size);
}

/* The entry of the key, if it has not ended; one that has is dropped. */
static qni_entry *find(qni_shard *shard, const qni_cache_key *key, qni_entry **dead)
{
    qni_entry *e = qni_table_find(&shard->table, key->hash, same_key, key);
    int64_t left;
    if (e != NULL && e->ends && qni_entry_ended(shard->tier, e, &left)) {
        qni_shard_unlink(shard, e, dead);
        shard->expired++;
        return NULL;
    }
    return e;
}

/* ---- room ---- */

static bool evict(qni_shard *shard, qni_entry **dead)
{
    qni_entry *e = qni_policy_victim(shard);
    if (e == NULL)
        return false;
    qni_shard_unlink(shard, e, dead);
    shard->evicted++;
    return true;
}

static qni_entry *evict_from(qni_shard *shard)
{
    qni_entry *dead = NULL;
    qni_lock_take(&shard->lock, NULL);
    (void)evict(shard, &dead);
    qni_lock_give(&shard->lock);
    return dead;
}

/* Room for an entry that is being made. */
typedef struct room {
    int64_t bytes; /* of the limit, for all of it */
    int64_t size;  /* its block */
    void *block;   /* that of an entry which went, if it has that size; NULL: one is to be asked for */
} room;

/* Buries one that went; its block is used again where it fits. */
static void reuse(room *r, qni_memory_tier *tier, qni_entry *dead)
{
    bool held = dead->inside && !qni_datum_is_alone(dead->datum);
    if (r->block != NULL || held || qni_entry_layout_of(dead).size != r->size) {
        qni_memory_bury(tier, dead);
        return;
    }
    int64_t left = dead->bytes - r->size;
    if (!dead->inside)
        qn_datum_unref(dead->datum);
    r->block = dead;
    qni_memory_release(tier, left);
}

/* Takes the room's bytes of the limit for an entry of this hash; what goes for it is in its own shard or in another
 * one, whichever is fuller. No lock is held. False: nothing is left that may go. */
static bool make_room(room *r, qni_memory_tier *tier, uint64_t hash)
{
    qni_shard *home = qni_shard_of(tier, hash);
    uint64_t mask = (uint64_t)tier->shard_count - 1, turn = hash >> 40;
    int64_t failed = 0;
    for (; !qni_memory_reserve(tier, r->block != NULL ? r->bytes - r->size : r->bytes); turn++) {
        qni_shard *other = &tier->shards[turn & mask];
        bool home_first = bytes_of(home) >= bytes_of(other);
        qni_entry *dead = evict_from(home_first ? home : other);
        if (dead == NULL)
            dead = evict_from(home_first ? other : home);
        failed = dead == NULL ? failed + 1 : 0;
        if (dead != NULL)
            reuse(r, tier, dead);
        if (failed == tier->shard_count)
            break;
    }
    if (failed < tier->shard_count)
        return true;
    if (r->block != NULL) {
        qni_free(tier->allocator, r->block, r->size, 1);
        qni_memory_release(tier, r->size);
    }
    return false;
}

qn_status qni_shard_take(void **out, qni_shard *shard, int64_t size)
{
    qni_memory_tier *tier = shard->tier;
    *out = NULL;
    while (!qni_memory_reserve(tier, size)) {
        qni_entry *dead = NULL;
        if (!evict(shard, &dead))
            return QN_LIMIT;
        qni_memory_bury(tier, dead);
    }
    *out = qni_alloc(tier->allocator, size, 1);
    if (*out == NULL) {
        qni_memory_release(tier, size);
        return QN_NOMEM;
    }
    add_bytes(shard, size);
    return QN_OK;
}

void qni_shard_give(qni_shard *shard, void *block, int64_t size)
{
    qni_free(shard->tier->allocator, block, size, 1);
    add_bytes(shard, -size);
    qni_memory_release(shard->tier, size);
}

/* Places for an entry in both tables. Where one cannot grow a neighbour goes. */
static qn_status make_places(qni_shard *shard, const qni_entry *e, qni_entry **dead)
{
    uint64_t name = qni_name_hash(shard->tier, e->name);
    for (;;) { /* one's growing may cost entries of the other, and never fills it */
        bool full = qni_table_full(&shard->table, e->hash);
        qni_table *table = full ? &shard->table : &shard->names;
        uint64_t hash = full ? e->hash : name;
        if (!full && !qni_table_full(table, hash))
            return QN_OK;
        qn_status s = qni_table_grow(table, hash, shard);
        qni_entry *neighbour = s == QN_LIMIT ? qni_table_neighbour(table, hash) : NULL;
        if (neighbour != NULL) {
            qni_shard_unlink(shard, neighbour, dead);
            shard->evicted++;
        } else if (s != QN_OK) {
            return s;
        }
    }
}

/* ---- making and freeing ---- */

static int64_t count_shards(int64_t bytes, int64_t wanted)
{
    int64_t count = 1, most = wanted > 0 ? wanted : bytes / QNI_MEMORY_SHARD_SIZE;
    int64_t limit = wanted > 0 ? QNI_MEMORY_SHARDS_LIMIT : QNI_MEMORY_SHARDS_MAX;
    /* Where it is said, the next power of two; else the one before. Never shards that leave nothing for what they hold.
     */
    while ((wanted > 0 ? count < most : 2 * count <= most) && 2 * count <= limit &&
           2 * count * (int64_t)sizeof(qni_shard) <= bytes / QNI_MEMORY_PARTS)
        count *= 2;
    return count;
}

static uint32_t segment_mask(int64_t share)
{
    uint32_t buckets = QNI_MEMORY_SEGMENT_BUCKETS;
    while (buckets > 2 && (int64_t)(buckets * sizeof(qni_bucket)) > share / QNI_MEMORY_SEGMENT_SHARE)
        buckets /= 2;
    return buckets - 1;
}

qn_status qni_memory_new(qni_memory_tier **out, int64_t bytes, int64_t shards, const qni_cache_time *time,
                         const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    int64_t count = count_shards(bytes, shards);
    int64_t shards_size = count * (int64_t)sizeof(qni_shard), fixed = (int64_t)sizeof(qni_memory_tier) + shards_size;
    if (bytes < fixed)
        return qni_error(err, QN_INVALID,
                         "a cache's memory of %" PRId64 " bytes holds nothing: it takes %" PRId64 " bytes by itself",
                         bytes, fixed);
    qni_memory_tier *tier = qni_new(allocator, qni_memory_tier);
    if (tier == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *tier, "the memory tier of a cache");
    tier->shards = qni_alloc_zeroed(allocator, count, (int64_t)sizeof(qni_shard));
    if (tier->shards == NULL) {
        qni_delete(allocator, tier);
        return qni_refused(err, allocator, shards_size, "%" PRId64 " shards of a cache", count);
    }
    tier->allocator = allocator;
    tier->time = time;
    tier->limit = bytes;
    tier->fixed = fixed;
    tier->share = bytes / count;
    tier->shard_count = count;
    tier->seed = qni_hash_word((uint64_t)(uintptr_t)tier, (uint64_t)(uintptr_t)tier->shards);
    atomic_store_explicit(&tier->used, fixed, memory_order_relaxed);
    for (int64_t i = 0; i < count; i++) {
        qni_shard *shard = &tier->shards[i];
        shard->tier = tier;
        shard->table.mask = shard->names.mask = segment_mask(tier->share);
        shard->target = tier->share / QNI_MEMORY_PARTS;
        shard->due_ns = shard->later_ns = INT64_MAX;
    }
    *out = tier;
    return QN_OK;
}

void qni_memory_free(qni_memory_tier *tier)
{
    if (tier == NULL)
        return;
    (void)qni_memory_clear(tier);
    qni_free(tier->allocator, tier->shards, tier->shard_count, (int64_t)sizeof(qni_shard));
    qni_delete(tier->allocator, tier);
}

/* ---- getting and putting ---- */

bool qni_memory_get(qni_memory_found *out, qni_memory_tier *tier, const qni_cache_key *key)
{
    qni_shard *shard = qni_shard_of(tier, key->hash);
    qni_entry *dead = NULL;
    qni_lock_take(&shard->lock, NULL);
    shard->asked++;
    qni_entry *e = find(shard, key, &dead);
    if (e != NULL) {
        if (e->frequency < 3) /* not written again and again: another processor may be reading it */
            e->frequency = (e->frequency + 1) & 3;
        shard->hits[e->place]++;
        *out = (qni_memory_found){.datum = e->datum != NULL ? qn_datum_ref(e->datum) : NULL,
                                  .deadline = deadline_of(tier, e),
                                  .fresh_until_ns = e->timed ? qni_entry_times_of(e)->fresh_until_ns : 0,
                                  .stored_ns = e->stored_ns};
    }
    qni_lock_give(&shard->lock);
    if (e == NULL) {
        *out = (qni_memory_found){0};
        qni_memory_bury(tier, dead);
    }
    return e != NULL;
}

/* Bytes of the block that a text takes which is small enough to be copied into it; 0: it is not. */
static int64_t room_inside(const qn_datum *datum)
{
    int64_t size;
    bool small = datum != NULL && qn_datum_text(datum, &size) != NULL && size <= QNI_MEMORY_INSIDE;
    return small ? qni_datum_room(size) : 0;
}

/* *out: an entry in no shard, its bytes taken; NULL with QN_OK: there is no room. */
static qn_status new_entry(qni_entry **out, qni_memory_tier *tier, const qni_cache_key *key,
                           const qni_cache_value *value, qn_error *err)
{
    qni_deadline deadline = qni_deadline_here(tier->time, &value->deadline);
    int64_t inside = room_inside(value->datum);
    bool timed = deadline.ttl_ns != 0 || value->fresh_until_ns != 0;
    const qni_entry_layout l = qni_entry_layout_for(key->size, inside, timed, value->depend_count);
    room r = {.size = l.size};
    *out = NULL;
    if (!qni_size_add(&r.bytes, r.size, value->datum != NULL && inside == 0 ? qn_datum_size(value->datum) : 0) ||
        r.bytes > tier->limit / QNI_MEMORY_WHOLE_SHARE || !make_room(&r, tier, key->hash))
        return QN_OK;
    qni_entry *e = r.block != NULL ? r.block : qni_alloc(tier->allocator, r.size, 1);
    if (e == NULL) {
        qni_memory_release(tier, r.bytes);
        return qni_refused(err, tier->allocator, r.size, "an entry of a cache");
    }
    char *block = (char *)e;
    *e = (qni_entry){.name = key->name,
                     .bytes = r.bytes,
                     .hash = key->hash,
                     .stored_ns = value->stored_ns,
                     .key_size = (uint16_t)key->size,
                     .depend_count = (uint8_t)value->depend_count,
                     .own_file = value->own_file,
                     .timed = timed,
                     .ends = deadline.ttl_ns != 0,
                     .inside = inside > 0};
    memcpy(e->key, key->bytes, (size_t)key->size);
    e->key[key->size] = 0;
    if (inside > 0)
        e->datum = qni_datum_place(block + l.datum_at, value->datum, l.datum_at, l.size, tier->allocator);
    else if (value->datum != NULL)
        e->datum = qn_datum_ref(value->datum);
    if (timed)
        *(qni_entry_times *)(void *)(block + l.times_at) = (qni_entry_times){.ttl_ns = deadline.ttl_ns,
                                                                             .boot_ns = deadline.boot_ns,
                                                                             .wall_ns = deadline.wall_ns,
                                                                             .fresh_until_ns = value->fresh_until_ns};
    if (value->depend_count > 0)
        memcpy(((qni_entry_depends *)(void *)(block + l.depends_at))->names, value->depends,
               8 * (size_t)value->depend_count);
    *out = e;
    return QN_OK;
}

/* Puts `e` (NULL: nothing) in place of what is there. Where it is not kept it is still in no shard. */
static qn_status replace(bool *kept, qni_shard *shard, const qni_cache_key *key, qni_entry *e, qni_entry **dead)
{
    qn_status s = e != NULL ? make_places(shard, e, dead) : QN_LIMIT;
    qni_entry *old = find(shard, key, dead);
    if (s == QN_OK) {
        if (old != NULL) {
            e->pins = old->pins;
            e->place = old->place;
            e->frequency = old->frequency;
        } else {
            qni_policy_new(shard, e);
        }
    }
    if (old != NULL)
        qni_shard_unlink(shard, old, dead);
    *kept = s == QN_OK;
    if (s == QN_OK)
        link_entry(shard, e);
    return s == QN_NOMEM ? QN_NOMEM : QN_OK;
}

qn_status qni_memory_put(bool *kept, qni_memory_tier *tier, const qni_cache_key *key, const qni_cache_value *value,
                         qn_error *err)
{
    assert(key->size <= QN_CACHE_KEY_MAX && value->depend_count <= QN_CACHE_DEPENDS_MAX);
    qni_shard *shard = qni_shard_of(tier, key->hash);
    qni_entry *e, *dead = NULL;
    qn_status s = new_entry(&e, tier, key, value, err);
    qni_lock_take(&shard->lock, NULL);
    qn_status placed = replace(kept, shard, key, e, &dead);
    qni_shard_sweep(shard, &dead);
    qni_lock_give(&shard->lock);
    qni_memory_bury(tier, dead);
    if (!*kept && e != NULL)
        free_entry(tier, e);
    if (placed != QN_OK)
        return qni_refused(err, tier->allocator, 0, "the table of a cache");
    return s;
}

int64_t qni_memory_depends(uint64_t *depends, qni_memory_tier *tier, const qni_cache_key *key)
{
    qni_shard *shard = qni_shard_of(tier, key->hash);
    qni_entry *dead = NULL;
    qni_lock_take(&shard->lock, NULL);
    qni_entry *e = find(shard, key, &dead);
    int64_t count = e != NULL ? e->depend_count : -1;
    if (count > 0)
        memcpy(depends, qni_entry_depends_of(e)->names, 8 * (size_t)count);
    qni_lock_give(&shard->lock);
    qni_memory_bury(tier, dead);
    return count;
}

bool qni_memory_remove(qni_memory_tier *tier, const qni_cache_key *key)
{
    qni_shard *shard = qni_shard_of(tier, key->hash);
    qni_entry *dead = NULL;
    qni_lock_take(&shard->lock, NULL);
    qni_entry *e = find(shard, key, &dead);
    if (e != NULL)
        qni_shard_unlink(shard, e, &dead);
    qni_lock_give(&shard->lock);
    qni_memory_bury(tier, dead);
    return e != NULL;
}

static bool same_name(const qni_entry *e, const void *name)
{
    return e->name == *(const uint64_t *)name;
}

int64_t qni_memory_remove_name(qni_memory_tier *tier, uint64_t name)
{
    int64_t removed = 0;
    for (int64_t i = 0; i < tier->shard_count; i++) {
        qni_shard *shard = &tier->shards[i];
        qni_entry *dead = NULL;
        qni_lock_take(&shard->lock, NULL);
        for (qni_entry *e; (e = qni_table_find(&shard->names, qni_name_hash(tier, name), same_name, &name)) != NULL;) {
            int64_t left;
            bool ended = qni_entry_ended(tier, e, &left);
            shard->expired += ended;
            removed += !ended;
            qni_shard_unlink(shard, e, &dead);
        }
        qni_lock_give(&shard->lock);
        qni_memory_bury(tier, dead);
    }
    return removed;
}

/* ---- pins ---- */

qn_status qni_memory_pin(bool *pinned, qni_memory_tier *tier, const qni_cache_key *key, qn_error *err)
{
    qni_shard *shard = qni_shard_of(tier, key->hash);
    qni_entry *dead = NULL;
    bool fits = true;
    qni_lock_take(&shard->lock, NULL);
    qni_entry *e = find(shard, key, &dead);
    if (e != NULL && e->pins == 0) {
        count_pinned(shard, 1, e->bytes); /* first, and then looked at: two who pin cannot both be the last to fit */
        fits = atomic_load_explicit(&tier->pinned_bytes, memory_order_relaxed) <= tier->limit / QNI_MEMORY_WHOLE_SHARE;
        if (fits) {
            qni_queue_unlink(shard, e);
            e->place = QNI_PLACE_PINNED;
        } else {
            count_pinned(shard, -1, -e->bytes);
        }
    }
    if (e != NULL && fits)
        e->pins++;
    qni_lock_give(&shard->lock);
    qni_memory_bury(tier, dead);
    if (pinned != NULL)
        *pinned = e != NULL && fits;
    if (!fits)
        return qni_error(err, QN_EXHAUSTED,
                         "pinned entries would take more than half of a cache's %" PRId64
                         " bytes of memory: unpin others, or give it more",
                         tier->limit);
    return QN_OK;
}

void qni_memory_unpin(qni_memory_tier *tier, const qni_cache_key *key)
{
    qni_shard *shard = qni_shard_of(tier, key->hash);
    qni_entry *dead = NULL;
    qni_lock_take(&shard->lock, NULL);
    qni_entry *e = find(shard, key, &dead);
    if (e != NULL && e->pins > 0 && --e->pins == 0) {
        count_pinned(shard, -1, -e->bytes);
        e->place = QNI_PLACE_MAIN;
        qni_queue_push(shard, e);
    }
    qni_lock_give(&shard->lock);
    qni_memory_bury(tier, dead);
}

/* ---- counts ---- */

void qni_memory_counts_get(qni_memory_counts *out, qni_memory_tier *tier)
{
    *out = (qni_memory_counts){.bytes = tier->fixed};
    for (int64_t i = 0; i < tier->shard_count; i++) {
        qni_shard *shard = &tier->shards[i];
        qni_lock_take(&shard->lock, NULL);
        out->entries += shard->entries;
        out->bytes += bytes_of(shard);
        out->pinned_entries += shard->pinned_entries;
        out->pinned_bytes += shard->pinned_bytes;
        out->evicted += shard->evicted;
        out->expired += shard->expired;
        qni_lock_give(&shard->lock);
    }
}
