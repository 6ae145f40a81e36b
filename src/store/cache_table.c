/* store/cache_table.c: entries by their hash, in segments that split.
 *
 * Of a hash the bits 16 to 39 are its field, whose leading bits choose the segment; the low bits choose the bucket, the
 * bits 8 to 15 are the tag and 8 to 22 the ghost's fingerprint. The leading bits choose, and not the low ones, so that
 * what splits stays together: a walk in the order of fields meets every hash once. Under the shard's lock. */
#include "store/cache_memory_int.h"

#include <string.h>

enum {
    FIELDS = 1 << QNI_TABLE_FIELD_BITS,
    CELLS_MOST = QNI_MEMORY_SEGMENT_BUCKETS * QNI_BUCKET_CELLS,
    MAIN_GHOST = 0x8000, /* of a fingerprint: it went from the main queue */
};

static bool by_name(const qni_table *table, const qni_shard *shard)
{
    return table == &shard->names;
}

static int64_t segment_size(const qni_table *table, const qni_shard *shard)
{
    int64_t bucket = (int64_t)sizeof(qni_bucket) + (by_name(table, shard) ? 0 : (int64_t)sizeof(qni_bucket_datums));
    return (int64_t)sizeof(qni_segment) + qni_marks_size(table->mask) + bucket * ((int64_t)table->mask + 1);
}

static int64_t directory_size(uint32_t depth)
{
    return (int64_t)sizeof(qni_segment *) << depth;
}

static uint64_t hash_of(const qni_table *table, const qni_shard *shard, const qni_entry *e)
{
    return by_name(table, shard) ? qni_name_hash(shard->tier, e->name) : e->hash;
}

bool qni_table_full(const qni_table *table, uint64_t hash)
{
    /* A quarter of a quarter stays empty: so a search ends soon. */
    return table->directory == NULL ||
           qni_table_segment(table, hash)->count >= (table->mask + 1) * QNI_BUCKET_CELLS * 7 / 8;
}

static void put_in(qni_segment *segment, const qni_table *table, const qni_shard *shard, uint64_t hash, qni_entry *e)
{
    bool outside = !by_name(table, shard) && e->datum != NULL && !e->inside;
    for (uint32_t i = (uint32_t)hash;; i++) {
        uint32_t at = i & table->mask;
        qni_marks *marks = &qni_marks_of(segment)[at];
        for (int c = 0; c < QNI_BUCKET_CELLS; c++) {
            if (marks->tags[c] != 0)
                continue;
            marks->tags[c] = qni_table_tag(hash);
            qni_buckets_of(segment, table->mask)[at].cells[c] = e;
            if (outside) {
                qni_datums_of(segment, table->mask)[at].cells[c] = e->datum;
                marks->outside = (marks->outside | 1U << c) & 0x3f;
            }
            segment->count++;
            return;
        }
        marks->passed = (marks->passed + 1) & 0x3ff;
    }
}

void qni_table_add(qni_table *table, uint64_t hash, qni_entry *e, const qni_shard *shard)
{
    assert(!qni_table_full(table, hash));
    put_in(qni_table_segment(table, hash), table, shard, hash, e);
}

void qni_table_remove(qni_table *table, uint64_t hash, const qni_entry *e)
{
    qni_segment *segment = qni_table_segment(table, hash);
    for (uint32_t i = (uint32_t)hash;; i++) {
        uint32_t at = i & table->mask;
        qni_marks *marks = &qni_marks_of(segment)[at];
        qni_bucket *bucket = &qni_buckets_of(segment, table->mask)[at];
        for (int c = 0; c < QNI_BUCKET_CELLS; c++) {
            if (bucket->cells[c] != e || marks->tags[c] == 0)
                continue;
            marks->tags[c] = 0;
            marks->outside = (marks->outside & ~(1U << c)) & 0x3f;
            bucket->cells[c] = NULL;
            segment->count--;
            return;
        }
        assert(marks->passed > 0);
        marks->passed = (marks->passed - 1) & 0x3ff;
    }
}

/* Moves what belongs there from `old`, which is full, to `fresh`, which is empty. */
static void divide(const qni_table *table, const qni_shard *shard, qni_segment *old, qni_segment *fresh)
{
    qni_entry *entries[CELLS_MOST];
    uint32_t count = 0, bit = 1U << (QNI_TABLE_FIELD_BITS - 1 - old->depth);
    for (uint32_t b = 0; b <= table->mask; b++) {
        qni_bucket *bucket = &qni_buckets_of(old, table->mask)[b];
        for (int c = 0; c < QNI_BUCKET_CELLS; c++) {
            if (qni_marks_of(old)[b].tags[c] == 0)
                continue;
            entries[count++] = bucket->cells[c];
            __builtin_prefetch(bucket->cells[c]);
        }
        uint64_t ghosts = bucket->ghosts; /* of which half it belongs to nobody knows: both remember it */
        *bucket = (qni_bucket){.ghosts = ghosts};
        qni_marks_of(old)[b] = (qni_marks){0};
        qni_buckets_of(fresh, table->mask)[b].ghosts = ghosts;
    }
    old->count = 0;
    fresh->depth = ++old->depth;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = hash_of(table, shard, entries[i]);
        put_in((qni_table_field(hash) & bit) != 0 ? fresh : old, table, shard, hash, entries[i]);
    }
}

/* Every segment's place doubled. */
static qn_status double_directory(qni_table *table, qni_shard *shard)
{
    void *block;
    qn_status s = qni_shard_take(&block, shard, directory_size(table->depth + 1));
    if (s != QN_OK)
        return s;
    qni_segment **wider = block;
    for (uint32_t i = 0; i < 1U << table->depth; i++)
        wider[(size_t)2 * i] = wider[(size_t)2 * i + 1] = table->directory[i];
    qni_shard_give(shard, table->directory, directory_size(table->depth));
    table->directory = wider;
    table->depth++;
    return QN_OK;
}

static qn_status new_segment(qni_segment **out, const qni_table *table, qni_shard *shard)
{
    void *block;
    *out = NULL;
    qn_status s = qni_shard_take(&block, shard, segment_size(table, shard));
    if (s != QN_OK)
        return s;
    memset(block, 0, (size_t)segment_size(table, shard));
    *out = block;
    return QN_OK;
}

static qn_status first_segment(qni_table *table, qni_shard *shard)
{
    qni_segment *fresh;
    qn_status s = new_segment(&fresh, table, shard);
    if (s != QN_OK)
        return s;
    void *block;
    s = qni_shard_take(&block, shard, directory_size(0));
    if (s != QN_OK) {
        qni_shard_give(shard, fresh, segment_size(table, shard));
        return s;
    }
    table->directory = block;
    table->directory[0] = fresh;
    table->depth = 0;
    return QN_OK;
}

qn_status qni_table_grow(qni_table *table, uint64_t hash, qni_shard *shard)
{
    if (table->directory == NULL)
        return first_segment(table, shard);
    qni_segment *old = qni_table_segment(table, hash), *fresh;
    qn_status s = QN_OK;
    if (old->depth == table->depth) {
        bool alike = table->depth == QNI_TABLE_FIELD_BITS ||
                     INT64_C(2) << table->depth > QNI_MEMORY_PLACES_LEAST + QNI_MEMORY_PLACES * shard->entries;
        s = alike ? QN_LIMIT : double_directory(table, shard);
    }
    if (s == QN_OK)
        s = new_segment(&fresh, table, shard);
    if (s != QN_OK)
        return s;
    divide(table, shard, old, fresh);
    /* Of the places of the old one the second half is the new one's. */
    uint32_t places = 1U << (table->depth - old->depth);
    uint32_t at = qni_table_field(hash) >> (QNI_TABLE_FIELD_BITS - table->depth);
    at = (at & ~(2 * places - 1)) + places;
    for (uint32_t i = 0; i < places; i++)
        table->directory[at + i] = fresh;
    return QN_OK;
}

qni_entry *qni_table_neighbour(const qni_table *table, uint64_t hash)
{
    if (table->directory == NULL)
        return NULL;
    qni_segment *segment = qni_table_segment(table, hash);
    for (uint32_t i = 0; i <= table->mask; i++) {
        uint32_t at = ((uint32_t)hash + i) & table->mask;
        const qni_bucket *bucket = &qni_buckets_of(segment, table->mask)[at];
        for (int c = 0; c < QNI_BUCKET_CELLS; c++)
            if (qni_marks_of(segment)[at].tags[c] != 0 && bucket->cells[c]->pins == 0)
                return bucket->cells[c];
    }
    return NULL;
}

qni_segment *qni_table_next(const qni_table *table, uint32_t *field)
{
    if (table->directory == NULL || *field >= FIELDS)
        return NULL;
    qni_segment *segment = table->directory[*field >> (QNI_TABLE_FIELD_BITS - table->depth)];
    uint32_t fields = 1U << (QNI_TABLE_FIELD_BITS - segment->depth);
    *field = (*field & ~(fields - 1)) + fields;
    return segment;
}

void qni_table_free(qni_table *table, qni_shard *shard)
{
    uint32_t field = 0;
    for (qni_segment *segment; (segment = qni_table_next(table, &field)) != NULL;)
        qni_shard_give(shard, segment, segment_size(table, shard));
    if (table->directory != NULL)
        qni_shard_give(shard, table->directory, directory_size(table->depth));
    *table = (qni_table){.mask = table->mask};
}

static uint64_t fingerprint(uint64_t hash)
{
    uint64_t print = (hash >> 8) & (MAIN_GHOST - 1);
    return print != 0 ? print : 1;
}

void qni_table_ghost_put(qni_table *table, uint64_t hash, bool from_main)
{
    qni_bucket *bucket = &qni_buckets_of(qni_table_segment(table, hash), table->mask)[hash & table->mask];
    bucket->ghosts = bucket->ghosts << 16 | fingerprint(hash) | (from_main ? MAIN_GHOST : 0);
}

qni_ghost qni_table_ghost_take(qni_table *table, uint64_t hash)
{
    if (table->directory == NULL)
        return QNI_GHOST_NONE;
    qni_bucket *bucket = &qni_buckets_of(qni_table_segment(table, hash), table->mask)[hash & table->mask];
    for (int at = 0; at < 4; at++) {
        uint64_t print = bucket->ghosts >> (16 * at);
        if ((print & (MAIN_GHOST - 1)) != fingerprint(hash))
            continue;
        uint64_t newer = bucket->ghosts & ((UINT64_C(1) << (16 * at)) - 1);
        uint64_t older = at == 3 ? 0 : bucket->ghosts >> (16 * at + 16) << (16 * at);
        bucket->ghosts = older | newer;
        return (print & MAIN_GHOST) != 0 ? QNI_GHOST_MAIN : at < 2 ? QNI_GHOST_NEAR : QNI_GHOST_FAR;
    }
    return QNI_GHOST_NONE;
}
