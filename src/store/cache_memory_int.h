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

#include "array/datum_adopt.h"
#include "base/hash.h"
#include "store/cache_int.h"

#include <string.h>

typedef struct qni_entry qni_entry;

/* Where an entry waits. */
typedef enum qni_entry_place {
    QNI_PLACE_SMALL = 0, /* since it came: it has yet to be asked for */
    QNI_PLACE_MAIN = 1,
    QNI_PLACE_PINNED = 2, /* in no queue */
} qni_entry_place;

/* One block: this line, the key and a zero, a small text's datum, and, where there are any, qni_entry_times and
 * qni_entry_depends. So a hit of a small text finds all that it needs side by side. */
struct qni_entry {
    qni_entry *newer, *older; /* in its queue; older also links what has left the table */
    uint64_t name;
    int64_t bytes; /* the block, and the datum where that is another one */
    uint64_t hash;
    qn_datum *datum; /* NULL: absent */
    int64_t stored_ns;
    uint32_t pins;
    uint16_t key_size;
    uint8_t depend_count;
    /* timed: it ends, or is fresh for a while; ends: it ends; inside: the datum is a part of the block */
    uint8_t frequency : 2, place : 2, own_file : 1, timed : 1, ends : 1, inside : 1;
    char key[];
};
_Static_assert(offsetof(qni_entry, key) == 64, "a cache line, and the key behind it");

typedef struct qni_entry_times {
    int64_t ttl_ns, boot_ns, wall_ns;
    int64_t fresh_until_ns;
} qni_entry_times;

typedef struct qni_entry_depends {
    qni_entry *next, *previous; /* of the shard's entries that depend on something */
    uint64_t names[];
} qni_entry_depends;

/* What an entry's block is made of. */
typedef struct qni_entry_layout {
    int64_t datum_at, times_at, depends_at, size; /* bytes; 0: there is none */
} qni_entry_layout;

static inline int64_t qni_entry_up(int64_t size, int64_t to)
{
    return (size + to - 1) & ~(to - 1);
}

/* datum_room: bytes of a datum in it; 0: none. Whole cache lines, so that those of most entries are of few sizes. */
static inline qni_entry_layout qni_entry_layout_for(int64_t key_size, int64_t datum_room, bool timed,
                                                    int64_t depend_count)
{
    qni_entry_layout l = {0};
    int64_t at = qni_entry_up((int64_t)sizeof(qni_entry) + key_size + 1, 8);
    if (datum_room > 0) {
        l.datum_at = at;
        at = qni_entry_up(at + datum_room, 8);
    }
    if (timed) {
        l.times_at = at;
        at += (int64_t)sizeof(qni_entry_times);
    }
    if (depend_count > 0) {
        l.depends_at = at;
        at += (int64_t)sizeof(qni_entry_depends) + 8 * depend_count;
    }
    l.size = qni_entry_up(at, QNI_ALIGN);
    return l;
}
qni_entry_layout qni_entry_layout_of(const qni_entry *e); /* cache_memory.c */

/* Where it is timed; where depend_count > 0. */
static inline qni_entry_times *qni_entry_times_of(qni_entry *e)
{
    return (qni_entry_times *)(void *)((char *)e + qni_entry_layout_of(e).times_at);
}
static inline qni_entry_depends *qni_entry_depends_of(qni_entry *e)
{
    return (qni_entry_depends *)(void *)((char *)e + qni_entry_layout_of(e).depends_at);
}

/* ---- tables ---- */

enum {
    QNI_BUCKET_CELLS = 6,
    QNI_TABLE_FIELD_BITS = 24, /* of a hash, that choose its segment */
};

/* What a search looks at first: of a segment all of them together, so that those of many entries stay near the
 * processor, and what is not there is not sought further. */
typedef struct qni_marks {
    uint8_t tags[QNI_BUCKET_CELLS]; /* some bits of each cell's hash; 0: the cell is empty */
    uint16_t passed : 10;           /* entries that are beyond this bucket because it was full */
    uint16_t outside : 6;           /* in the table by key, by cell: its datum is a block of its own */
} qni_marks;
_Static_assert(sizeof(qni_marks) == sizeof(uint64_t), "a word");

/* A cache line. An entry is in the bucket that its hash names, or, where that is full, in one of those that follow. */
typedef struct qni_bucket {
    _Alignas(64) qni_entry *cells[QNI_BUCKET_CELLS];
    uint64_t ghosts; /* four fingerprints of 16 bits of what was evicted, newest lowest; 0: none */
} qni_bucket;

/* In the table by key: what its entries hold outside of their blocks, so that it is on its way to the processor while
 * the key is compared. */
typedef struct qni_bucket_datums {
    _Alignas(64) qn_datum *cells[QNI_BUCKET_CELLS];
} qni_bucket_datums;

/* A block: this, and behind it, each from a cache line on, the marks, the buckets and, in the table by key, the datums.
 */
typedef struct qni_segment {
    _Alignas(64) uint32_t count;
    uint32_t depth; /* leading bits of the field that all its hashes share */
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

/* Their places follow from the table's mask: nothing need be read to find them. */
static inline qni_marks *qni_marks_of(qni_segment *segment)
{
    return (qni_marks *)(void *)(segment + 1);
}
static inline int64_t qni_marks_size(uint32_t mask)
{
    return ((int64_t)sizeof(qni_marks) * ((int64_t)mask + 1) + 63) & ~INT64_C(63);
}
static inline qni_bucket *qni_buckets_of(qni_segment *segment, uint32_t mask)
{
    return (qni_bucket *)(void *)((char *)(segment + 1) + qni_marks_size(mask));
}
static inline qni_bucket_datums *qni_datums_of(qni_segment *segment, uint32_t mask)
{
    return (qni_bucket_datums *)(void *)(qni_buckets_of(segment, mask) + mask + 1);
}

/* The cells of a bucket in which an entry of this tag may be, as bits 7, 15, 23 …; now and then one too many, where
 * the cell before it fits. */
static inline uint64_t qni_marks_match(const qni_marks *marks, uint8_t tag)
{
    const uint64_t ones = UINT64_C(0x010101010101), tops = ones << 7;
    uint64_t word;
    memcpy(&word, marks, sizeof word);
    word ^= ones * tag;
    return (word - ones) & ~word & tops;
}

/* The first entry at `hash` of which same(entry, key) holds; NULL: none. What it will touch begins to come as soon as
 * it is known: an entry's first two lines, where its key and a small text's datum begin, and the datum that is another
 * block. */
static inline qni_entry *qni_table_find(const qni_table *table, uint64_t hash,
                                        bool (*same)(const qni_entry *e, const void *key), const void *key)
{
    if (table->directory == NULL)
        return NULL;
    qni_segment *segment = qni_table_segment(table, hash);
    const qni_bucket *buckets = qni_buckets_of(segment, table->mask);
    uint8_t tag = qni_table_tag(hash);
    for (uint32_t i = 0; i <= table->mask; i++) {
        uint32_t at = ((uint32_t)hash + i) & table->mask;
        const qni_marks *marks = &qni_marks_of(segment)[at];
        __builtin_prefetch(&buckets[at]);
        for (uint64_t match = qni_marks_match(marks, tag); match != 0; match &= match - 1) {
            int cell = __builtin_ctzll(match) / 8;
            qni_entry *e = buckets[at].cells[cell];
            __builtin_prefetch((const char *)e + QNI_ALIGN, 1);
            if ((marks->outside >> cell & 1) != 0)
                __builtin_prefetch(qni_datums_of(segment, table->mask)[at].cells[cell], 1);
            if (marks->tags[cell] == tag && same(e, key))
                return e;
        }
        if (marks->passed == 0)
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
bool qni_entry_ended(const qni_memory_tier *tier, qni_entry *e, int64_t *left_ns);

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
void qni_shard_due(qni_shard *shard, qni_entry *e);
/* Entries that have ended, where some may have: a few at each call. The lock is held. */
void qni_shard_sweep(qni_shard *shard, qni_entry **dead);

#endif
