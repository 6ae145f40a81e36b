/* store/cache_sweep.c: what looks at many entries of the memory tier. A lock is held for a segment at a time, some
 * hundred entries, or for a shard's list of those that depend on something. */
#include "store/cache_memory_int.h"

#include <string.h>

/* ---- deadlines ---- */

static int64_t later(int64_t now_ns, int64_t left_ns)
{
    int64_t sum;
    return __builtin_add_overflow(now_ns, left_ns, &sum) ? INT64_MAX : sum;
}

static int64_t boot_now(const qni_shard *shard)
{
    const qn_cache_clock *clock = &shard->tier->time->clock;
    return clock->boot_ns(clock->user);
}

void qni_shard_due(qni_shard *shard, qni_entry *e)
{
    int64_t left;
    (void)qni_entry_ended(shard->tier, e, &left);
    int64_t end_ns = later(boot_now(shard), left);
    if (end_ns < shard->due_ns)
        shard->due_ns = end_ns;
    if (end_ns < shard->later_ns)
        shard->later_ns = end_ns;
}

static void sweep_bucket(qni_shard *shard, qni_segment *segment, uint32_t bucket, int64_t now_ns, qni_entry **dead)
{
    for (int c = 0; c < QNI_BUCKET_CELLS; c++) {
        qni_entry *e = qni_buckets_of(segment, shard->table.mask)[bucket].cells[c];
        int64_t left;
        if (qni_marks_of(segment)[bucket].tags[c] == 0 || !e->ends)
            continue;
        if (qni_entry_ended(shard->tier, e, &left)) {
            qni_shard_unlink(shard, e, dead);
            shard->expired++;
        } else if (later(now_ns, left) < shard->later_ns) {
            shard->later_ns = later(now_ns, left);
        }
    }
}

void qni_shard_sweep(qni_shard *shard, qni_entry **dead)
{
    if (shard->ending == 0)
        return;
    int64_t now_ns = boot_now(shard);
    if (now_ns < shard->due_ns)
        return;
    uint32_t next = shard->field;
    qni_segment *segment = qni_table_next(&shard->table, &next);
    if (segment == NULL) { /* once round */
        shard->field = shard->in_bucket = 0;
        shard->due_ns = shard->later_ns;
        shard->later_ns = INT64_MAX;
        return;
    }
    sweep_bucket(shard, segment, shard->in_bucket, now_ns, dead);
    if (++shard->in_bucket > shard->table.mask) {
        shard->in_bucket = 0;
        shard->field = next;
    }
}

/* ---- removal ---- */

typedef struct beginning {
    const void *bytes;
    int64_t size;
} beginning;

static bool begins_with(const qni_entry *e, const beginning *p)
{
    return e->key_size >= p->size && (p->size == 0 || memcmp(e->key, p->bytes, (size_t)p->size) == 0);
}

/* Counts an entry that goes: 1 where it was still there for a get. */
static int64_t drop(qni_shard *shard, qni_entry *e, qni_entry **dead)
{
    int64_t left;
    bool ended = qni_entry_ended(shard->tier, e, &left);
    shard->expired += ended;
    qni_shard_unlink(shard, e, dead);
    return ended ? 0 : 1;
}

/* The entries of the next segment that begin with the prefix; false: there is none. */
static bool drop_next(int64_t *removed, qni_shard *shard, uint32_t *field, const beginning *p)
{
    qni_entry *dead = NULL;
    qni_lock_take(&shard->lock, NULL);
    qni_segment *segment = qni_table_next(&shard->table, field);
    for (uint32_t b = 0; segment != NULL && b <= shard->table.mask; b++)
        for (int c = 0; c < QNI_BUCKET_CELLS; c++)
            if (qni_marks_of(segment)[b].tags[c] != 0) {
                qni_entry *e = qni_buckets_of(segment, shard->table.mask)[b].cells[c];
                *removed += begins_with(e, p) ? drop(shard, e, &dead) : 0;
            }
    qni_lock_give(&shard->lock);
    qni_memory_bury(shard->tier, dead);
    return segment != NULL;
}

int64_t qni_memory_remove_prefix(qni_memory_tier *tier, const void *prefix, int64_t prefix_size)
{
    int64_t removed = 0;
    const beginning p = {prefix, prefix_size};
    for (int64_t i = 0; i < tier->shard_count; i++)
        for (uint32_t field = 0; drop_next(&removed, &tier->shards[i], &field, &p);)
            ;
    return removed;
}

int64_t qni_memory_clear(qni_memory_tier *tier)
{
    int64_t removed = qni_memory_remove_prefix(tier, NULL, 0);
    for (int64_t i = 0; i < tier->shard_count; i++) {
        qni_shard *shard = &tier->shards[i];
        qni_lock_take(&shard->lock, NULL);
        if (shard->entries == 0) {
            qni_table_free(&shard->table, shard);
            qni_table_free(&shard->names, shard);
            shard->target = tier->share / QNI_MEMORY_PARTS;
        }
        qni_lock_give(&shard->lock);
    }
    return removed;
}

static bool depends_on(qni_entry *e, const uint64_t *names, int64_t count)
{
    const uint64_t *depends = qni_entry_depends_of(e)->names;
    for (int i = 0; i < e->depend_count; i++)
        for (int64_t j = 0; j < count; j++)
            if (depends[i] == names[j])
                return true;
    return false;
}

int64_t qni_memory_remove_dependents(qni_memory_tier *tier, const uint64_t *names, int64_t count)
{
    int64_t removed = 0;
    for (int64_t i = 0; count != 0 && i < tier->shard_count; i++) {
        qni_shard *shard = &tier->shards[i];
        qni_entry *dead = NULL, *next;
        qni_lock_take(&shard->lock, NULL);
        for (qni_entry *e = shard->dependents; e != NULL; e = next) {
            next = qni_entry_depends_of(e)->next;
            if (names == NULL || depends_on(e, names, count))
                removed += drop(shard, e, &dead);
        }
        qni_lock_give(&shard->lock);
        qni_memory_bury(tier, dead);
    }
    return removed;
}

/* ---- showing ---- */

/* A segment's entries as they were at one moment: `count` of them, their keys behind them. */
typedef struct shown {
    qn_cache_entry *entries;
    int64_t count, size; /* bytes of the block */
} shown;

static qn_cache_entry show_entry(qni_entry *e, int64_t left_ns)
{
    return (qn_cache_entry){.key = e->key,
                            .key_size = e->key_size,
                            .absent = e->datum == NULL,
                            .kind = e->datum != NULL ? qn_datum_kind_of(e->datum) : QN_DATUM_BYTES,
                            .bytes = e->bytes,
                            .ttl_left_ms = left_ns == INT64_MAX ? -1 : 1 + (left_ns - 1) / 1000000,
                            .stored_ns = e->stored_ns,
                            .own_file = e->own_file,
                            .pinned = e->pins > 0};
}

/* Copies what the block has room for; returns the bytes that all of it takes. The lock is held. */
static int64_t copy_segment(shown *out, const qni_shard *shard, qni_segment *segment, const beginning *p)
{
    int64_t keys_at = (int64_t)sizeof(qn_cache_entry) * segment->count, need = keys_at;
    out->count = 0;
    for (uint32_t b = 0; b <= shard->table.mask; b++)
        for (int c = 0; c < QNI_BUCKET_CELLS; c++) {
            qni_entry *e = qni_buckets_of(segment, shard->table.mask)[b].cells[c];
            int64_t left;
            if (qni_marks_of(segment)[b].tags[c] == 0 || !begins_with(e, p) || qni_entry_ended(shard->tier, e, &left))
                continue;
            int64_t key_at = need;
            need += e->key_size + 1;
            if (out->entries == NULL || need > out->size)
                continue;
            char *key = (char *)out->entries + key_at;
            memcpy(key, e->key, (size_t)e->key_size + 1);
            out->entries[out->count] = show_entry(e, left);
            out->entries[out->count++].key = key;
        }
    return need;
}

/* A copy of the next segment; false: there is none, or no memory for it (*s). */
static bool copy_next(shown *out, qn_status *s, qni_shard *shard, uint32_t *field, const beginning *p, qn_error *err)
{
    const qn_allocator *allocator = shard->tier->allocator;
    for (;;) {
        uint32_t next = *field;
        qni_lock_take(&shard->lock, NULL);
        qni_segment *segment = qni_table_next(&shard->table, &next);
        int64_t need = segment != NULL ? copy_segment(out, shard, segment, p) : 0;
        qni_lock_give(&shard->lock);
        if (segment == NULL)
            return false;
        if (need <= out->size) {
            *field = next;
            return true;
        }
        qni_free(allocator, out->entries, out->size, 1);
        *out = (shown){.entries = qni_alloc(allocator, need, 1), .size = need};
        if (out->entries == NULL) {
            out->size = 0;
            *s = qni_refused(err, allocator, need, "a list of a cache's entries");
            return false;
        }
    }
}

qn_status qni_memory_each(qni_memory_tier *tier, const void *prefix, int64_t prefix_size,
                          qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err), void *user,
                          qn_error *err)
{
    const beginning p = {prefix, prefix != NULL ? prefix_size : 0};
    shown copied = {0};
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < tier->shard_count; i++)
        for (uint32_t field = 0; s == QN_OK && copy_next(&copied, &s, &tier->shards[i], &field, &p, err);)
            for (int64_t j = 0; s == QN_OK && j < copied.count; j++)
                s = show(user, &copied.entries[j], err);
    qni_free(tier->allocator, copied.entries, copied.size, 1);
    return s;
}
