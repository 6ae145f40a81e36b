/* store/cache_memory_int.h: what the files of the memory tier share.
 *
 *    cache_memory.c    the tier: get, put, the bytes of all shards
 *    cache_policy.c    who goes: queues, frequencies, ghosts
 *    cache_table.c     entries by their hash, in segments that split
 *    cache_sweep.c     over many entries: removal by prefix and dependency, deadlines, each
 *
 * A shard has a lock, which guards everything in it but where it says otherwise. Bytes are counted twice: `used` of the
 * tier is what may not pass the limit, and is taken before memory is and given back after; `bytes` of a shard is what
 * is linked in it. No lock is taken under a shard's. */
#ifndef QNI_STORE_CACHE_MEMORY_INT_H
#define QNI_STORE_CACHE_MEMORY_INT_H

#include "base/hash.h"
#include "store/cache_int.h"

typedef struct qni_entry qni_entry;

/* Where an entry waits. */
typedef enum qni_entry_place {
    QNI_PLACE_SMALL = 0, /* since it came: it has yet to be asked for */
    QNI_PLACE_MAIN = 1,
    QNI_PLACE_PINNED = 2, /* in no queue */
} qni_entry_place;

/* One block: these two lines, the key and a zero, and, where it depends on something, qni_entry_depends. A hit reads
 * the second line alone, unless the entry ends. */
struct qni_entry {
    qni_entry *newer, *older; /* in its queue; older also links what has left the table */
    uint64_t name;
    int64_t bytes; /* the block and the datum */
    int64_t ttl_ns, boot_ns, wall_ns;
    int64_t fresh_until_ns;

    uint64_t hash;
    qn_datum *datum; /* NULL: absent */
    int64_t stored_ns;
    uint32_t pins;
    uint16_t key_size;
    uint8_t depend_count;
    uint8_t frequency : 2, place : 2, own_file : 1, timed : 1; /* timed: it ends, or is fresh for a while */
    char key[];
};

typedef struct qni_entry_depends {
    qni_entry *next, *previous; /* of the shard's entries that depend on something */
    uint64_t names[];
} qni_entry_depends;

static inline int64_t qni_entry_depends_at(int64_t key_size)
{
    return ((int64_t)sizeof(qni_entry) + key_size + 1 + 7) & ~INT64_C(7);
}
/* Of the block: whole cache lines, so that those of most entries are of few sizes. */
static inline int64_t qni_entry_size(int64_t key_size, int64_t depend_count)
{
    int64_t size = depend_count == 0
                       ? (int64_t)sizeof(qni_entry) + key_size + 1
                       : qni_entry_depends_at(key_size) + (int64_t)sizeof(qni_entry_depends) + 8 * depend_count;
    return (size + 63) & ~INT64_C(63);
}
/* Where depend_count > 0. */
static inline qni_entry_depends *qni_entry_depends_of(qni_entry *e)
{
    return (qni_entry_depends *)(void *)((char *)e + qni_entry_depends_at(e->key_size));
}

/* ---- tables ---- */

enum {
    QNI_BUCKET_CELLS = 6,
    QNI_TABLE_FIELD_BITS = 24, /* of a hash, that choose its segment */
};

/* A cache line. An entry is in the bucket that its hash names, or, where that is full, in one of those that follow. */
typedef struct qni_bucket {
    qni_entry *cells[QNI_BUCKET_CELLS];
    uint64_t ghosts;                /* four fingerprints of 16 bits of what was evicted, newest lowest; 0: none */
    uint8_t tags[QNI_BUCKET_CELLS]; /* some bits of each cell's hash; 0: the cell is empty */
    uint16_t passed;                /* entries that are beyond this bucket because it was full */
} qni_bucket;

/* In the table by key: what its entries hold, so that it is on its way to the processor while the key is compared. */
typedef struct qni_bucket_datums {
    _Alignas(64) qn_datum *cells[QNI_BUCKET_CELLS];
} qni_bucket_datums;

typedef struct qni_segment {
    uint32_t count;
    uint32_t depth;                    /* leading bits of the field that all its hashes share */
    _Alignas(64) qni_bucket buckets[]; /* (mask + 1); behind them, in the table by key, as many qni_bucket_datums */
} qni_segment;

/* Extendible hashing: the leading bits of a hash's field choose a segment, and a segment that is full splits in two. So
 * growing moves some hundred entries at most, however many there are. All zero: empty. */
typedef struct qni_table {
    qni_segment **directory; /* (1 << depth); NULL: no segment */
    uint32_t depth;
    uint32_t mask; /* buckets of a segment - 1 */
} qni_table;

static inline uint32_t qni_table_field(uint64_t hash)
{
    return (uint32_t)(hash >> 16) & ((1U << QNI_TABLE_FIELD_BITS) - 1);
}
static inline uint8_t qni_table_tag(uint64_t hash)
{
    uint8_t tag = (uint8_t)(hash >> 8);
    return tag != 0 ? tag : 1;
}
/* Where the table has a segment. */
static inline qni_segment *qni_table_segment(const qni_table *table, uint64_t hash)
{
    return table->directory[qni_table_field(hash) >> (QNI_TABLE_FIELD_BITS - table->depth)];
}

static inline qni_bucket_datums *qni_segment_datums(qni_segment *segment, uint32_t mask)
{
    return (qni_bucket_datums *)(void *)&segment->buckets[mask + 1];
}

/* For a hit: what it will touch begins to come. */
static inline void qni_table_warm(const qni_table *table, uint64_t hash)
{
    if (table->directory == NULL)
        return;
    qni_segment *segment = qni_table_segment(table, hash);
    const qni_bucket *bucket = &segment->buckets[(uint32_t)hash & table->mask];
    const qni_bucket_datums *datums = &qni_segment_datums(segment, table->mask)[(uint32_t)hash & table->mask];
    __builtin_prefetch(datums);
    for (int c = 0; c < QNI_BUCKET_CELLS; c++)
        if (bucket->tags[c] == qni_table_tag(hash)) {
            __builtin_prefetch(&bucket->cells[c]->hash);
            __builtin_prefetch(datums->cells[c], 1);
        }
}

/* The first entry at `hash` of which same(entry, key) holds; NULL: none. */
static inline qni_entry *qni_table_find(const qni_table *table, uint64_t hash,
                                        bool (*same)(const qni_entry *e, const void *key), const void *key)
{
    if (table->directory == NULL)
        return NULL;
    const qni_segment *segment = qni_table_segment(table, hash);
    uint8_t tag = qni_table_tag(hash);
    for (uint32_t i = 0; i <= table->mask; i++) {
        const qni_bucket *bucket = &segment->buckets[((uint32_t)hash + i) & table->mask];
        for (int c = 0; c < QNI_BUCKET_CELLS; c++)
            if (bucket->tags[c] == tag && same(bucket->cells[c], key))
                return bucket->cells[c];
        if (bucket->passed == 0)
            return NULL;
    }
    return NULL;
}

/* What a bucket remembers of one that was evicted. */
typedef enum qni_ghost {
    QNI_GHOST_NONE = 0,
    QNI_GHOST_NEAR = 1, /* it went from the small queue not long ago: that might have been too small */
    QNI_GHOST_FAR = 2,
    QNI_GHOST_MAIN = 3, /* it went from the main queue */
} qni_ghost;

/* ---- shards ---- */

typedef struct qni_entry_queue {
    qni_entry *newest, *oldest;
    int64_t bytes;
} qni_entry_queue;

typedef struct qni_shard {
    _Alignas(64) qni_lock lock; /* the first line is all that a hit touches */
    qni_table table;
    int64_t asked;   /* gets since the hits were last halved */
    int64_t hits[3]; /* by place */
    struct qni_memory_tier *tier;
    _Atomic int64_t bytes; /* entries, their datums, tables. Written under the lock; relaxed: others only compare */
    qni_table names;
    qni_entry_queue queues[2];
    int64_t target;        /* bytes of the small queue, above which it is what evicts */
    qni_entry *dependents; /* entries that depend on something */
    int64_t entries, evicted, expired, pinned_entries, pinned_bytes;
    int64_t ending; /* entries that end */
    int64_t due_ns,
        later_ns; /* boot clock: before due_ns none ends; of those passed in this sweep, none before later */
    uint32_t field, in_bucket; /* where the sweep is */
} qni_shard;

struct qni_memory_tier {
    const qn_allocator *allocator;
    const qni_cache_time *time;
    int64_t limit, fixed;
    int64_t share; /* the limit by the shards */
    int64_t shard_count;
    uint64_t seed; /* of the tables by name */
    qni_shard *shards;
    _Alignas(64) _Atomic int64_t used;
    _Atomic int64_t pinned_bytes;
};

static inline qni_shard *qni_shard_of(qni_memory_tier *tier, uint64_t hash)
{
    return &tier->shards[(hash >> 48) & (uint64_t)(tier->shard_count - 1)];
}

/* Whose table by name is found by this. */
static inline uint64_t qni_name_hash(const qni_memory_tier *tier, uint64_t name)
{
    return qni_hash_word(name, tier->seed);
}

/* cache_memory.c. Bytes of the limit, taken where they are left, and given back. */
bool qni_memory_reserve(qni_memory_tier *tier, int64_t bytes);
void qni_memory_release(qni_memory_tier *tier, int64_t bytes);
/* Memory for a table of a shard, whose lock is held: its own entries go for it. QN_LIMIT: none is left that may;
 * QN_NOMEM. */
qn_status qni_shard_take(void **out, qni_shard *shard, int64_t size);
void qni_shard_give(qni_shard *shard, void *block, int64_t size);
/* Takes an entry out of everything, and adds it to *dead: what is to be buried, without the lock where that can be. */
void qni_shard_unlink(qni_shard *shard, qni_entry *e, qni_entry **dead);
void qni_memory_bury(qni_memory_tier *tier, qni_entry *dead);
bool qni_entry_ended(const qni_memory_tier *tier, const qni_entry *e, int64_t *left_ns);

/* cache_table.c */
bool qni_table_full(const qni_table *table, uint64_t hash);
/* Makes room where `hash` belongs: a first segment, or a split. As qni_shard_take; QN_LIMIT also where too many hashes
 * are alike. */
qn_status qni_table_grow(qni_table *table, uint64_t hash, qni_shard *shard);
/* Where it is not full. */
void qni_table_add(qni_table *table, uint64_t hash, qni_entry *e, const qni_shard *shard);
void qni_table_remove(qni_table *table, uint64_t hash, const qni_entry *e);
qni_entry *qni_table_neighbour(const qni_table *table, uint64_t hash); /* one of its segment that may go; NULL: none */
void qni_table_free(qni_table *table, qni_shard *shard);
void qni_table_ghost_put(qni_table *table, uint64_t hash, bool from_main);
qni_ghost qni_table_ghost_take(qni_table *table, uint64_t hash);
/* The segment of *field, which becomes the first field of the next one; NULL behind the last. A walk meets each hash
 * once, whatever splits meanwhile. */
qni_segment *qni_table_next(const qni_table *table, uint32_t *field);

/* cache_policy.c */
void qni_queue_push(qni_shard *shard, qni_entry *e);   /* as the newest of its place's queue; nothing where pinned */
void qni_queue_unlink(qni_shard *shard, qni_entry *e); /* from it */
void qni_policy_new(qni_shard *shard, qni_entry *e);   /* an entry that was not here: chooses its place */
qni_entry *qni_policy_victim(qni_shard *shard);        /* the next to go; NULL: none may */

/* cache_sweep.c. Notes when an entry ends. The lock is held. */
void qni_shard_due(qni_shard *shard, const qni_entry *e);
/* Entries that have ended, where some may have: a few at each call. The lock is held. */
void qni_shard_sweep(qni_shard *shard, qni_entry **dead);

#endif
