/* quern/cache.h: what was computed is remembered: in memory, on disk, and, if wanted, in a Redis that machines share.
 *
 *     qn_cache_options options;
 *     qn_cache_options_init(&options, sizeof options);
 *     options.folder = "/var/cache/prices";
 *     qn_cache *cache;
 *     qn_cache_open(&cache, &options, &err);
 *     …
 *     qn_datum *value;
 *     qn_cache_get_or(&value, NULL, cache, "NVDA/2026-02-13", -1, NULL, fetch, user, &err); // fetch: once at most
 *     …
 *     qn_datum_unref(value);
 *     …
 *     qn_cache_close(cache, 5000, &err);
 *
 *                 get: memory -> queue -> disk -> shared            put: memory, then disk and shared,
 *                 what is found below moves up                      at once or through the queue
 *
 * Caveats first:
 *  - A cache may forget anything at any time, and never answers wrongly: what is damaged, was written by another
 *    version of the program's values, has expired or was removed is a miss. What is in no tier is computed again.
 *  - Values are datums (quern/datum.h): immutable, shared. A hit is a reference to the one in memory, not a copy; who
 *    got one unrefs it. It stays valid after the cache has forgotten it.
 *  - A tier below that fails (a full disk, a Redis that was stopped) makes no get fail: it counts as a miss there,
 *    and in the statistics. A put says it, and the value stays in memory.
 *  - A key is any bytes, up to QN_CACHE_KEY_MAX: take the digest of what is longer. Keys are stored readable, also
 *    where values are sealed.
 *  - Nothing that is read can run code: values are bytes, JSON and numbers. Who can write to the folder can change
 *    values, unless they are sealed.
 *  - Several processes may use one folder. A removal in one is seen by the next get in every other.
 *  - The order of concurrent puts and removals of one key is some order; a get after both have returned sees the last.
 *  - A child of fork may not use its parent's cache, not even close it.
 *
 * Any thread may call anything but close.
 */
#ifndef QUERN_CACHE_H
#define QUERN_CACHE_H

#include <quern/base.h>
#include <quern/datum.h>
#include <quern/db.h>
#include <quern/metrics.h>

QN_BEGIN_DECLS

typedef struct qn_cache qn_cache;

/* Bytes of a key, at most. */
#define QN_CACHE_KEY_MAX 4096

/* Keys and names that a value depends on, at most. */
#define QN_CACHE_DEPENDS_MAX 64

/* When what is put reaches the tiers below memory. Only ever appended to. */
typedef enum qn_cache_writing {
    QN_CACHE_THROUGH = 0, /* before the put returns */
    QN_CACHE_BACK = 1,    /* afterwards, by a thread of the cache's own, in the order of the puts, many at once */
} qn_cache_writing;

/* What time it is, for tests. */
typedef struct qn_cache_clock {
    int64_t (*boot_ns)(void *user); /* since the machine started, also while it slept; never goes back */
    int64_t (*wall_ns)(void *user); /* since 1970-01-01 UTC; may jump */
    const char *boot_id;            /* another after every start of the machine; copied, at most 36 bytes */
    void *user;                     /* the functions' argument */
} qn_cache_clock;

/* How a cache is opened. Zero or NULL in a field means its default. Texts are copied. */
typedef struct qn_cache_options {
    int64_t size;         /* sizeof(qn_cache_options) */
    const char *name;     /* in messages, and the label cache="name" of metrics; its first 63 bytes; NULL: "cache" */
    int64_t memory_bytes; /* the memory tier, its own structures included; 0: 64 MiB, -1: none */
    int64_t shards;       /* of it; rounded up to a power of two; 0: by its size */
    const char *folder;   /* the disk tier, made where it is not; NULL: none */
    int64_t disk_bytes;   /* of its values; 0: 1 GiB */
    bool read_only;       /* nothing is written below memory; the folder must be there */
    const char *redis; /* the shared tier: redis://[USER[:PASSWORD]@]HOST[:PORT][/DB], unix:PATH[?db=N]; NULL: none */
    const char *redis_password; /* in place of the URL's; NULL: that. Never part of a message */
    const char *space;          /* what its keys begin with, so that programs do not meet there; NULL: "quern" */
    int64_t shared_fresh_ms;    /* what came from the shared tier is asked for again after this time, for who removes it
                                     there tells nobody; 0: 1000, -1: never */
    int64_t ttl_ms;             /* how long a value lasts whose put does not say; 0: for ever */
    int64_t absent_ttl_ms;      /* how long it lasts that there is none; 0: 60000, -1: for ever */
    qn_cache_writing writing;   /* when values reach the tiers below */
    int64_t queue_bytes;        /* values that wait to be written, at most: puts wait when it is full; 0: 16 MiB */
    int64_t values_version;     /* of what the program keeps: what was put under another one is a miss */
    const uint8_t *key;         /* (QN_SEAL_KEY_SIZE) values are sealed on disk and in Redis; what is not, or by
                                     another key, is a miss; NULL: not sealed */
    qn_metrics *metrics;        /* where it publishes what it counts; borrowed until closed; NULL: nowhere */
    const qn_cache_clock *clock;   /* NULL: the machine's. Copied */
    const qn_allocator *allocator; /* NULL: the default. Borrowed, must outlive the cache and what it gave */
} qn_cache_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_cache_options_init(qn_cache_options *out, int64_t size);

/* Opens a cache. An index that is damaged is set aside (index.db.damaged-…) and built again from the values that lie
 * beside it. Redis need not be there, nor answer. Errors: QN_INVALID (options that cannot be), QN_NO_INPUT
 * (read_only: no such folder), QN_CREATE, QN_PERMISSION (the folder), QN_DATA (the folder holds something else, or a
 * cache of a newer Quern: nothing is touched), QN_IO, QN_BUSY (another process keeps it locked), QN_UNAVAILABLE
 * (SQLite, hiredis), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_cache_open(qn_cache **out, const qn_cache_options *options, qn_error *err);

/* Writes what waits in the queue, at most for timeout_ms (-1: as long as it takes), and frees the cache in every case;
 * nobody may use it any more. NULL is fine. Errors: QN_TIMEOUT, or that of a write: with how many values were not
 * written. */
QN_API QN_MUST_USE qn_status qn_cache_close(qn_cache *cache, int64_t timeout_ms, qn_error *err);

/* The allocator that it was opened with: what values to be put are best made with, for they may live as long as the
 * cache does. Borrowed. */
QN_API const qn_allocator *qn_cache_allocator(const qn_cache *cache);

/* ---- getting ---- */

/* What asking found. Only ever appended to. */
typedef enum qn_cache_found {
    QN_CACHE_MISS = 0,   /* nothing */
    QN_CACHE_HIT = 1,    /* the value */
    QN_CACHE_ABSENT = 2, /* it is remembered that there is none */
} qn_cache_found;

/* key (key_size bytes; -1: up to the zero). *out: the value, to be unref'd, where *found (may be NULL) is QN_CACHE_HIT;
 * else NULL. A hit in memory takes no memory and no system call. Errors: QN_INVALID (a key without a byte), QN_LIMIT (a
 * longer one than QN_CACHE_KEY_MAX), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_cache_get(qn_datum **out, qn_cache_found *found, qn_cache *cache, const void *key,
                                          int64_t key_size, qn_error *err);

/* ---- putting ---- */

/* A write that is under way: whether it has reached the tiers below. Any thread. */
typedef struct qn_cache_ticket qn_cache_ticket;

/* A name that a value depends on. */
typedef struct qn_cache_name {
    const void *bytes; /* (size) */
    int64_t size;      /* -1: up to the zero */
} qn_cache_name;

/* How a value is put. Zero or NULL in a field means its default. */
typedef struct qn_cache_put_options {
    int64_t size;                    /* sizeof(qn_cache_put_options) */
    int64_t ttl_ms;                  /* from now; 0: the cache's, -1: for ever */
    const qn_cache_name *depends_on; /* (depends_count) keys, or any other names: when one is removed, or put anew,
                                        this value is removed too, and what depends on it. What a value in the cache
                                        depends on is inherited by what depends on it; where it may have been
                                        forgotten already, name that as well */
    int64_t depends_count;           /* at most QN_CACHE_DEPENDS_MAX, those inherited included: else QN_LIMIT */
    bool own_file;                   /* on disk in a file of its own, however small */
    qn_cache_ticket **ticket;        /* gets a ticket, to be freed; NULL: not wanted */
} qn_cache_put_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_cache_put_options_init(qn_cache_put_options *out, int64_t size);

/* Remembers `datum` under `key` (key_size bytes; -1: up to the zero) in place of what was there, and removes what
 * depended on that. The cache takes a reference of its own. datum NULL: remembers that there is none. Where the value
 * is larger than the memory tier holds it goes to those below alone. Errors: QN_INVALID, QN_LIMIT (key; dependencies; a
 * value larger than every tier), QN_NOMEM; writing through: QN_IO (the disk is full or fails), QN_PERMISSION,
 * QN_UNAVAILABLE (Redis does not answer; an array without libzip), QN_BUSY: the value is then in memory, and in those
 * tiers that took it. */
QN_API QN_MUST_USE qn_status qn_cache_put(qn_cache *cache, const void *key, int64_t key_size, qn_datum *datum,
                                          const qn_cache_put_options *options, qn_error *err);

/* Waits until the put's value is in every tier below memory (survives the end of this process by any means), at most
 * timeout_ms (-1: as long as it takes). A value that was replaced or removed before it was written counts as written.
 * Errors: QN_TIMEOUT (still under way); else why it could not be written. */
QN_API QN_MUST_USE qn_status qn_cache_ticket_wait(qn_cache_ticket *ticket, int64_t timeout_ms, qn_error *err);
QN_API void qn_cache_ticket_free(qn_cache_ticket *ticket); /* before or after the cache ends; NULL is fine */

/* Waits until all that was put before is written, at most timeout_ms (-1: as long as it takes). Errors: QN_TIMEOUT; the
 * first failure since the last flush. */
QN_API QN_MUST_USE qn_status qn_cache_flush(qn_cache *cache, int64_t timeout_ms, qn_error *err);

/* Makes a value, once for all who ask for it at the same time: *out has a reference for the caller; NULL with QN_OK:
 * there is none, which is remembered. What fails is told to all who wait, and not remembered. May use the cache, but
 * for its own key. Errors: its own; QN_BUSY and those of qn_cache_get come back from what it asks the cache. */
typedef qn_status (*qn_cache_make)(qn_datum **out, void *user, qn_error *err);

/* The value of `key` (key_size bytes; -1: up to the zero), from the cache, or else by make(user), which is then put
 * with `options`: who asks meanwhile waits. A value whose key or dependencies were removed while it was made is given,
 * and not kept. *found (may be NULL): QN_CACHE_HIT or QN_CACHE_ABSENT from the cache, QN_CACHE_MISS where it was made
 * now (*out NULL: there is none). That it could not be written below is no error here. That there is none lasts for the
 * cache's absent_ttl_ms, or for options->ttl_ms where that is shorter; *options->ticket is NULL where nothing was put.
 * Errors: those of qn_cache_get, of make; QN_BUSY (make asked for its own key, or for one whose maker waits for it). */
QN_API QN_MUST_USE qn_status qn_cache_get_or(qn_datum **out, qn_cache_found *found, qn_cache *cache, const void *key,
                                             int64_t key_size, const qn_cache_put_options *options, qn_cache_make make,
                                             void *user, qn_error *err);

/* ---- keeping and removing ---- */

/* Keeps the entry of `key` (key_size bytes; -1: up to the zero) in memory, whatever else is put, until it is unpinned
 * as often, removed or expired. *pinned (may be NULL): whether it is there. Errors: QN_EXHAUSTED (pinned entries
 * would take more than half of the memory tier); those of qn_cache_get. */
QN_API QN_MUST_USE qn_status qn_cache_pin(bool *pinned, qn_cache *cache, const void *key, int64_t key_size,
                                          qn_error *err);
/* Takes one pin off `key` (key_size as above). Of what is not pinned: nothing. */
QN_API void qn_cache_unpin(qn_cache *cache, const void *key, int64_t key_size);

/* Removes an entry from every tier, and all that depends on it, directly or through others. `key` (key_size bytes;
 * -1: up to the zero) need not be an entry: any name that others depend on. *removed (may be NULL): entries that
 * went, of the tier that lost most. Errors: QN_INVALID, QN_LIMIT; where a tier below cannot be written, as
 * qn_cache_put: memory has forgotten them, and those tiers are not asked for them until they could be removed there.
 */
QN_API QN_MUST_USE qn_status qn_cache_remove(int64_t *removed, qn_cache *cache, const void *key, int64_t key_size,
                                             qn_error *err);
/* The same for all entries whose key begins with `prefix` (prefix_size bytes; -1: up to the zero). Looks at every
 * entry. Errors: as above. */
QN_API QN_MUST_USE qn_status qn_cache_remove_prefix(int64_t *removed, qn_cache *cache, const void *prefix,
                                                    int64_t prefix_size, qn_error *err);
/* All entries. Errors: as above. */
QN_API QN_MUST_USE qn_status qn_cache_clear(int64_t *removed, qn_cache *cache, qn_error *err);

/* ---- results of queries ---- */

/* How a query's result is remembered. */
typedef struct qn_cache_query_options {
    int64_t size;              /* sizeof(qn_cache_query_options) */
    int64_t ttl_ms;            /* 0: the cache's, -1: for ever */
    const char *const *tables; /* (table_count) those that the query reads, as qn_cache_wrote will name them */
    int64_t table_count;       /* of tables */
} qn_cache_query_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_cache_query_options_init(qn_cache_query_options *out, int64_t size);

/* A query's whole result as a datum of a table: remembered by the connection's URL, the SQL, its parameters params
 * (param_count: values and types) and the version of each table that it reads. Inside a transaction the database is
 * asked, and nothing kept; nor of a database in memory. One in a file is the same by whatever path it is called, and
 * its results stay on this machine; a server's URL has to mean the same one to all who share the cache. The
 * connection's allocator must outlive the cache. Errors: those of qn_db_query_table and qn_cache_get; QN_INVALID (no
 * tables named and no time to live: nothing would ever end it). */
QN_API QN_MUST_USE qn_status qn_cache_query(qn_datum **out, qn_cache_found *found, qn_cache *cache, qn_db *db,
                                            const char *sql, const qn_value *params, int64_t param_count,
                                            const qn_cache_query_options *options, qn_error *err);

/* Says that `table` of the connection's database was written, and the transaction committed: it has another version
 * now, and every result that read it is removed, in every process that shares a tier. Errors: as qn_cache_remove;
 * QN_INVALID (a transaction is open on the connection). */
QN_API QN_MUST_USE qn_status qn_cache_wrote(qn_cache *cache, const qn_db *db, const char *table, qn_error *err);

/* ---- looking ---- */

/* The memory tier by itself, then what the cache did since it was opened. A get is counted once: hits + absent_hits +
 * misses is the number of gets (qn_cache_get_or makes one). */
typedef struct qn_cache_stats {
    int64_t size; /* of this struct: set it before the call; what an older caller does not know is not written */
    int64_t memory_entries, memory_bytes, memory_limit;      /* bytes: entries, keys, values, tables of entries */
    int64_t pinned_entries, pinned_bytes;                    /* of these */
    int64_t disk_entries, disk_bytes, disk_limit;            /* bytes of values */
    int64_t queued_entries, queued_bytes;                    /* that wait to be written */
    int64_t hits, absent_hits, misses;                       /* of gets */
    int64_t memory_hits, queue_hits, disk_hits, shared_hits; /* where hits and absent hits were found */
    int64_t puts, removed, expired;                          /* puts; entries that were removed, and that had ended */
    int64_t memory_evicted, disk_evicted;                    /* entries that had to go for others */
    int64_t made, joined;               /* values made by qn_cache_get_or; askers who waited for another's */
    int64_t damaged;                    /* values below that were not what was written */
    int64_t disk_errors, shared_errors; /* reads and writes that failed */
    int64_t indexes_rebuilt;            /* times that the index was set aside */
} qn_cache_stats;

/* Fills `out`, whose size is set. */
QN_API void qn_cache_get_stats(qn_cache *cache, qn_cache_stats *out);

/* Which of a cache's tiers. */
typedef enum qn_cache_tier {
    QN_CACHE_MEMORY = 0,
    QN_CACHE_DISK = 1,
} qn_cache_tier;

/* An entry. Pointers are borrowed during the call that shows it. */
typedef struct qn_cache_entry {
    const void *key;               /* (key_size) a zero stands behind it */
    int64_t key_size;              /* bytes */
    bool absent;                   /* it says that there is none */
    qn_datum_kind kind;            /* where it is not absent */
    int64_t bytes;                 /* memory: as counted; disk: as stored */
    int64_t ttl_left_ms;           /* -1: it lasts for ever */
    int64_t stored_ns;             /* wall clock: since 1970-01-01 UTC */
    bool own_file, sealed, pinned; /* on disk: a file of its own, encrypted; in memory: pinned */
} qn_cache_entry;

/* Shows each entry of a tier whose key begins with `prefix` (prefix_size; NULL: all), in no order; none that has
 * expired. What is put meanwhile may be shown or not. The first status that is not QN_OK ends it and is returned.
 * `show` may not use the cache. Errors: that; QN_IO, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_cache_each(qn_cache *cache, qn_cache_tier tier, const void *prefix, int64_t prefix_size,
                                           qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err),
                                           void *user, qn_error *err);

/* What verifying found on disk. */
typedef struct qn_cache_report {
    int64_t size;           /* of this struct: set it before the call */
    int64_t entries, bytes; /* that are as they were written */
    int64_t damaged;        /* entries whose value is not what was written */
    int64_t missing;        /* entries whose file is gone */
    int64_t strangers;      /* files of the cache that no entry knows */
    int64_t locked;         /* sealed, and the key is not here: only their checksums were looked at */
    bool index_damaged;     /* the database itself is inconsistent */
} qn_cache_report;

/* Reads every value of the disk tier and the index itself. `repair`: what is damaged, missing or strange is removed,
 * and a damaged index rebuilt. told (may be NULL) is called with a sentence for each finding. Errors: QN_INVALID (no
 * disk tier; repairing a read-only one), QN_IO, QN_NOMEM, QN_INTERRUPTED where told returns it. */
QN_API QN_MUST_USE qn_status qn_cache_verify(qn_cache_report *out, qn_cache *cache, bool repair,
                                             qn_status (*told)(void *user, const char *sentence, qn_error *err),
                                             void *user, qn_error *err);

QN_END_DECLS
#endif
