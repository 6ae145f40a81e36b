/* store/cache_int.h: a cache's tiers as its front sees them.
 *
 *    cache.c           the front: options, open, close; gets from tier to tier, puts
 *    cache_flight.c    get_or: one maker, many who wait
 *    cache_queue.c     write-back: what waits, the thread that writes it, tickets
 *    cache_remove.c    removal, what depends on what, pins
 *    cache_query.c     results of queries
 *    cache_look.c      statistics, metrics, each, verify
 *    cache_time.c      deadlines on two clocks
 *    cache_record.c    an entry as bytes, the same below every tier: header, key, dependencies, value, checksum
 *    cache_memory.c …  the memory tier
 *    cache_disk*.c     the disk tier: an index in SQLite, large values in files
 *    cache_redis*.c    the shared tier
 *
 *    put: datum --(front: deadline, inherited dependencies)--> entry --> memory
 *                                            entry --(record, sealed)--> bytes --> disk, Redis
 *
 * Two hashes of a key: `hash` is seeded by the process and finds it in memory; `name` is the same everywhere and for
 * ever, and is how indexes and dependencies call it. Two keys of one name are told apart by their bytes; of
 * dependencies only names are kept, so that two of one name cost a removal too many and never one too few. */
#ifndef QNI_STORE_CACHE_INT_H
#define QNI_STORE_CACHE_INT_H

#include "base/alloc.h"
#include "base/error.h"
#include "base/lock.h"
#include "mem/refuse.h"
#include "store/limits.h"

#include <quern/cache.h>
#include <quern/seal.h>

#include <stdatomic.h>

/* ---- keys ---- */

typedef struct qni_cache_key {
    const void *bytes;
    int64_t size;
    uint64_t hash; /* seeded */
    uint64_t name; /* durable: siphash-2-4 by a fixed key */
} qni_cache_key;

uint64_t qni_cache_name(const void *bytes, int64_t size);

/* ---- time (cache_time.c) ---- */

/* When an entry ends. ttl_ns 0: never. It holds on two clocks: on the boot clock during the same boot, on the wall
 * clock after another start or on another machine, where no more than ttl_ns may be left. */
typedef struct qni_deadline {
    int64_t ttl_ns;   /* as it was put */
    int64_t boot_ns;  /* the boot clock's reading at which it ends */
    int64_t wall_ns;  /* the wall clock's */
    char boot_id[16]; /* whose boot clock: the id's 128 bits */
} qni_deadline;

typedef struct qni_cache_time {
    qn_cache_clock clock;
    char boot_id[16];
} qni_cache_time;

/* `clock` NULL: the machine's. */
void qni_cache_time_init(qni_cache_time *out, const qn_cache_clock *clock);
qni_deadline qni_deadline_after(const qni_cache_time *time, int64_t ttl_ns); /* ttl_ns 0: never */
/* Nanoseconds that are left: INT64_MAX where it never ends, <= 0 where it has. */
int64_t qni_deadline_left(const qni_cache_time *time, const qni_deadline *deadline);
/* The same deadline for this boot: what is left, on this boot clock; its wall deadline and ttl stay. */
qni_deadline qni_deadline_here(const qni_cache_time *time, const qni_deadline *deadline);

/* ---- entries ---- */

/* A value and what belongs to it; all borrowed. */
typedef struct qni_cache_value {
    qn_datum *datum; /* NULL: there is none */
    qni_deadline deadline;
    int64_t stored_ns;       /* wall clock */
    const uint64_t *depends; /* (depend_count) names */
    int64_t depend_count;
    bool own_file;
    bool local;             /* not for other machines: the shared tier is not asked for it */
    int64_t fresh_until_ns; /* boot clock: after this the shared tier is asked again; 0: never */
} qni_cache_value;

/* ---- records (cache_record.c): an entry as bytes ---- */

typedef struct qni_record_keys {
    const uint8_t *seal; /* NULL: not sealed */
    int64_t values_version;
} qni_record_keys;

/* Memory in which a record lies, and others may as well. */
typedef struct qni_record_home {
    void (*leave)(struct qni_record_home *home); /* one holder less */
} qni_record_home;

typedef struct qni_record {
    void *bytes; /* (size) in a block of the allocator, or at home */
    int64_t size;
    int64_t room;          /* bytes of the block; more than size: a zero is behind the record */
    qni_record_home *home; /* NULL: a block. Else nothing may be written, and a zero is behind the record */
} qni_record;

/* Errors: those of qn_datum_encode and qn_seal. */
qn_status qni_record_encode(qni_record *out, const qni_cache_key *key, const qni_cache_value *value,
                            const qni_record_keys *keys, const qn_allocator *allocator, qn_error *err);
void qni_record_free(qni_record *record, const qn_allocator *allocator);

/* A record looked at, before its value is decoded: pointers into it. */
typedef struct qni_record_view {
    const void *key;
    int64_t key_size;
    qni_deadline deadline;
    int64_t stored_ns, values_version;
    const void *depends; /* (depend_count) little-endian names, not aligned */
    int64_t depend_count;
    bool absent, sealed, own_file, local;
    qn_datum_kind kind;
    const void *payload;
    int64_t payload_size;
} qni_record_view;

/* Bytes at a record's beginning that tell it from every other: mark and checksum. */
#define QNI_RECORD_HEAD_SIZE 16

/* Checks everything but the seal: magic, version, sizes, checksum. Errors: QN_DATA (with what is wrong), and QN_LIMIT
 * for a newer version of the format. */
qn_status qni_record_look(qni_record_view *out, const void *bytes, int64_t size, qn_error *err);
/* Copies a record from words that others may be writing meanwhile; true: its checksum fits, and qni_record_look_on need
 * not look at it again. size >= QNI_RECORD_HEAD_SIZE. */
bool qni_record_copy(void *out, const _Atomic uint64_t *from, int64_t size);
qn_status qni_record_look_on(qni_record_view *out, const void *bytes, int64_t size, qn_error *err);
/* The datum (NULL where it is absent). Errors: QN_DATA (sealed by another key, or not what it says), QN_LIMIT,
 * QN_UNAVAILABLE, QN_NOMEM. */
qn_status qni_record_datum(qn_datum **out, const qni_record_view *view, const qni_record_keys *keys,
                           const qn_allocator *allocator, qn_error *err);
/* The same of a record that is not needed any more: a large text takes its memory over, in place of being copied. Then
 * record->bytes is NULL, and the view points into the datum. */
qn_status qni_record_take_datum(qn_datum **out, qni_record *record, const qni_record_view *view,
                                const qni_record_keys *keys, const qn_allocator *allocator, qn_error *err);

/* ---- the memory tier (cache_memory.c) ---- */

typedef struct qni_memory_tier qni_memory_tier;

/* What it counts; sums over its shards. */
typedef struct qni_memory_counts {
    int64_t entries, bytes, pinned_entries, pinned_bytes, evicted, expired;
} qni_memory_counts;

typedef struct qni_memory_found {
    qn_datum *datum; /* a reference for the caller; NULL: absent */
    qni_deadline deadline;
    int64_t fresh_until_ns;
    int64_t stored_ns;
} qni_memory_found;

/* `bytes` > 0; shards 0: chosen by them. `time` is borrowed as long as it lives. Errors: QN_INVALID (too few bytes for
 * the tier itself), QN_NOMEM. */
qn_status qni_memory_new(qni_memory_tier **out, int64_t bytes, int64_t shards, const qni_cache_time *time,
                         const qn_allocator *allocator, qn_error *err);
void qni_memory_free(qni_memory_tier *tier);

/* True: it is there and has not ended (one that has is dropped). key->name is not looked at: on the way to a hit nobody
 * has computed it. */
bool qni_memory_get(qni_memory_found *out, qni_memory_tier *tier, const qni_cache_key *key);
/* Puts in place of what is there, taking a reference of its own; evicts what has to go. *kept: false where the entry is
 * larger than half of the tier, or all else is pinned: what was there under the key is dropped all the same. A pinned
 * key stays pinned. Errors: QN_NOMEM (the same). */
qn_status qni_memory_put(bool *kept, qni_memory_tier *tier, const qni_cache_key *key, const qni_cache_value *value,
                         qn_error *err);
/* What the entry depends on: names into depends (QN_CACHE_DEPENDS_MAX), their number returned; -1: it is not there. */
int64_t qni_memory_depends(uint64_t *depends, qni_memory_tier *tier, const qni_cache_key *key);
bool qni_memory_remove(qni_memory_tier *tier, const qni_cache_key *key);
int64_t qni_memory_remove_name(qni_memory_tier *tier, uint64_t name); /* the entry of that name, whatever its key */
int64_t qni_memory_remove_prefix(qni_memory_tier *tier, const void *prefix, int64_t prefix_size);
/* Entries that depend on one of names (count); names NULL, count -1: that depend on anything. */
int64_t qni_memory_remove_dependents(qni_memory_tier *tier, const uint64_t *names, int64_t count);
int64_t qni_memory_clear(qni_memory_tier *tier);
/* Errors: QN_EXHAUSTED. */
qn_status qni_memory_pin(bool *pinned, qni_memory_tier *tier, const qni_cache_key *key, qn_error *err);
void qni_memory_unpin(qni_memory_tier *tier, const qni_cache_key *key);
void qni_memory_counts_get(qni_memory_counts *out, qni_memory_tier *tier);
qn_status qni_memory_each(qni_memory_tier *tier, const void *prefix, int64_t prefix_size,
                          qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err), void *user,
                          qn_error *err);

/* ---- the tiers below: disk and shared (cache_disk.c, cache_redis.c) ----
 *
 * They keep records by key. Any thread. What fails says so; the front decides what that means. */

typedef struct qni_disk_tier qni_disk_tier;

typedef struct qni_disk_options {
    const char *folder;
    int64_t bytes;
    bool read_only;
    const qni_cache_time *time; /* borrowed */
    const qn_allocator *allocator;
} qni_disk_options;

typedef struct qni_disk_counts {
    int64_t entries, bytes, evicted, expired, rebuilt, damaged;
} qni_disk_counts;

/* A change to the folder that a process made, for the others' memory. */
typedef enum qni_change_kind {
    QNI_CHANGE_NAME = 1,       /* the entry of `name` was put or removed */
    QNI_CHANGE_DEPENDENTS = 2, /* what depends on `name` was removed */
    QNI_CHANGE_PREFIX = 3,     /* prefix (prefix_size) */
    QNI_CHANGE_ALL = 4,        /* everything, or nobody knows any more what */
} qni_change_kind;

typedef struct qni_change {
    qni_change_kind kind;
    uint64_t name;
    const void *prefix;
    int64_t prefix_size;
} qni_change;

/* Errors: those of qn_cache_open. */
qn_status qni_disk_open(qni_disk_tier **out, const qni_disk_options *options, qn_error *err);
void qni_disk_close(qni_disk_tier *tier);

/* The record stored under the key, in a block of the allocator; out->bytes NULL: none. It was looked at: its checksum
 * fits, its key is this one; `view` points into it. One that is damaged or has ended is a miss, and goes with the next
 * write. Errors: QN_IO, QN_BUSY, QN_NOMEM. */
qn_status qni_disk_get(qni_record *out, qni_record_view *view, qni_disk_tier *tier, const qni_cache_key *key,
                       qn_error *err);

/* An entry to be written, or its removal (record NULL). */
typedef struct qni_disk_write {
    const qni_cache_key *key;
    const qni_record *record;
    const qni_cache_value *value; /* deadline, dependencies, own_file; NULL where record is */
} qni_disk_write;

/* Writes `count` entries in one transaction: all or none; evicts what has to go. Where it returns QN_OK the end of the
 * process, by any means, loses none of them. dependents: what depends on an entry that is replaced is removed.
 * Errors: QN_IO, QN_PERMISSION, QN_BUSY, QN_LIMIT (larger than the tier), QN_NOMEM. */
qn_status qni_disk_put(qni_disk_tier *tier, const qni_disk_write *writes, int64_t count, qn_error *err);

/* Names that the entry depends on: as qni_memory_depends. Errors: QN_IO, QN_BUSY. */
qn_status qni_disk_depends(uint64_t *depends, int64_t *count, qni_disk_tier *tier, const qni_cache_key *key,
                           qn_error *err);
/* Removes the entry of the key (NULL: none), and all that depend on one of names (count). */
qn_status qni_disk_remove(int64_t *removed, qni_disk_tier *tier, const qni_cache_key *key, const uint64_t *names,
                          int64_t count, qn_error *err);
qn_status qni_disk_remove_prefix(int64_t *removed, qni_disk_tier *tier, const void *prefix, int64_t prefix_size,
                                 qn_error *err); /* and what depends on those */
qn_status qni_disk_clear(int64_t *removed, qni_disk_tier *tier, qn_error *err);

/* What other processes (not this tier) changed since the last call, each once, to change(user); one thread at a time
 * does it. qni_disk_changed: whether there is anything; some nanoseconds, for every get. */
bool qni_disk_changed(const qni_disk_tier *tier);
void qni_disk_changes(qni_disk_tier *tier, void (*change)(void *user, const qni_change *change), void *user);

void qni_disk_counts_get(qni_disk_counts *out, qni_disk_tier *tier);
qn_status qni_disk_each(qni_disk_tier *tier, const void *prefix, int64_t prefix_size,
                        qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err), void *user,
                        qn_error *err);
qn_status qni_disk_verify(qn_cache_report *out, qni_disk_tier *tier, const qni_record_keys *keys, bool repair,
                          qn_status (*told)(void *user, const char *sentence, qn_error *err), void *user,
                          qn_error *err);

typedef struct qni_redis_tier qni_redis_tier;

typedef struct qni_redis_options {
    const char *url, *password, *space;
    const qni_cache_time *time; /* borrowed */
    const qn_allocator *allocator;
} qni_redis_options;

/* Connects on first use, and again after a failure, at most once in a while: so a Redis that is not there costs little.
 * Errors of opening: QN_INVALID (the URL), QN_UNAVAILABLE (hiredis), QN_NOMEM. Of all others: QN_UNAVAILABLE (no
 * connection, or no answer in time), QN_PERMISSION (password), QN_DATA (an answer that cannot be), QN_LIMIT (it is
 * out of memory), QN_NOMEM. */
qn_status qni_redis_open(qni_redis_tier **out, const qni_redis_options *options, qn_error *err);
void qni_redis_close(qni_redis_tier *tier);
qn_status qni_redis_get(qni_record *out, qni_record_view *view, qni_redis_tier *tier, const qni_cache_key *key,
                        qn_error *err);
qn_status qni_redis_put(qni_redis_tier *tier, const qni_disk_write *writes, int64_t count, qn_error *err);
qn_status qni_redis_remove(int64_t *removed, qni_redis_tier *tier, const qni_cache_key *key, const uint64_t *names,
                           int64_t count, qn_error *err);
qn_status qni_redis_remove_prefix(int64_t *removed, qni_redis_tier *tier, const void *prefix, int64_t prefix_size,
                                  qn_error *err);
qn_status qni_redis_clear(int64_t *removed, qni_redis_tier *tier, qn_error *err);

#endif
