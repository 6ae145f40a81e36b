/* store/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_STORE_LIMITS_H
#define QNI_STORE_LIMITS_H

enum {
    /* Milliseconds that a server has to answer: a person waits so long before asking what is wrong. */
    QNI_DB_CONNECT_TIMEOUT_MS = 10000,
    /* Milliseconds to wait for another's lock: longer than the transactions that one means to wait for. */
    QNI_DB_BUSY_TIMEOUT_MS = 5000,
    /* Texts that a connection keeps prepared: more than a program runs again and again on one connection. */
    QNI_DB_STATEMENTS = 64,
    /* Slots in which those are found by their hash: as many as there are texts. */
    QNI_DB_SLOTS = 64,
    /* Scopes in one another: nobody nests so deep but by a mistake that never ends. */
    QNI_DB_DEPTH_MAX = 64,
    /* Bytes of a text that is kept prepared: longer ones hold data, and do not come again. */
    QNI_DB_KEPT_TEXT_SIZE = 64 << 10,
    /* Bytes of a database's URL: the longest path of the system with every byte written %XX, and some options. */
    QNI_URL_MAX = 16 << 10,
    /* Nanoseconds between two tries to open a file that another process has: it need not wait long for what ends soon,
     * and ten tries a second cost nothing. */
    QNI_DUCK_RETRY_NS = 100000000,
    /* Nanoseconds for which a statement with a time limit waits while DuckDB's own threads do all that is left of it.
     */
    QNI_DUCK_NAP_NS = 200000,
    /* Digits of the widest decimal number that DuckDB has. */
    QNI_DUCK_DECIMAL_DIGITS = 38,
    /* Bytes for any whole number of 128 bits with a sign, a point, zeros before it, and a zero at the end. */
    QNI_DUCK_DIGITS_SIZE = 48,

    /* Bytes to which a stored value may unpack, however small it is: as an archive of arrays by default. */
    QNI_CACHE_VALUE_BYTES = 1 << 30,

    /* Bytes of a text from which on it stays in the memory of the record it came in: the record's head and key are some
     * per cent of it then, and a copy takes longer than another block. */
    QNI_CACHE_ADOPTED = 4 << 10,
    /* A pool of connections where its options say nothing. Kept at rest: enough for the threads of a small machine;
     * with the overflow as many as one program's share of a server that takes 100. */
    QNI_DBPOOL_BASE = 5,
    QNI_DBPOOL_OVERFLOW = 10,
    /* Milliseconds to wait for a connection: who waits longer holds up a person, who wants to know why. */
    QNI_DBPOOL_CHECKOUT_TIMEOUT_MS = 30000,
    /* Milliseconds: ten minutes without use, and nobody misses it; half an hour, before what is between us and a server
     * (firewalls, failovers) has changed for long; half a minute, in which a connection seldom dies. */
    QNI_DBPOOL_IDLE_MS = 600000,
    QNI_DBPOOL_LIFETIME_MS = 1800000,
    QNI_DBPOOL_CHECK_AFTER_MS = 30000,
    /* A connection may end earlier than its lifetime by up to this part of it: those that began together, after
     * a restart of the server, do not end together. */
    QNI_DBPOOL_JITTER_SHARE = 10,
    /* Connections of one pool at most: more than servers take. */
    QNI_DBPOOL_CONNECTIONS_MAX = 10000,
    /* Bytes of a pool's name, its end included: a label that a line of a table has room for. */
    QNI_DBPOOL_NAME_SIZE = 64,
    /* Takers that a message names: who reads it looks at those who are latest. */
    QNI_DBPOOL_NAMED_MAX = 3,
    /* Bytes of the sentence that names them. */
    QNI_DBPOOL_SENTENCE_SIZE = 320,
    /* Bytes of a migration's text: schemas have some thousands; data comes in otherwise. */
    QNI_MIGRATION_SIZE_MAX = 16 << 20,
    /* Bytes of a migration's name: what a line of a report has room for. */
    QNI_MIGRATION_NAME_MAX = 128,
    /* Digits of a migration's number: a date and a time have 14, and every such number fits an int64_t. */
    QNI_MIGRATION_DIGITS_MAX = 18,
    /* Migrations of one list: far more than people write, and few enough to be looked at one by one. */
    QNI_MIGRATIONS_MAX = 100000,
    /* Milliseconds to wait for others that migrate: as long as making an index takes. */
    QNI_MIGRATE_LOCK_TIMEOUT_MS = 60000,
    /* Milliseconds between looks at a lock for which a database does not wait by itself. */
    QNI_MIGRATE_RETRY_MS = 10,
    /* Bytes of the database's own sentence in an error about a migration: what surrounds it needs the rest. */
    QNI_MIGRATE_CAUSE_SIZE = 300,
    /* Bytes of a database in memory that connections share: SQLite keeps it in one block, and asks its allocator for
     * none of 2 GiB or more. A multiple of every page's size. */
    QNI_SQLITE_SHARED_SIZE = 0x7FFF0000,
    /* SQLite's machine looks at the clock after this many of its steps: some ten microseconds' worth. */
    QNI_SQLITE_WATCH_STEPS = 1000,
    /* Nanoseconds between two looks at a lock that is waited for, at most: of a person's patience nothing, of the
     * processor little. The first look comes after 1/256 of that, twice what a small transaction in memory takes. */
    QNI_SQLITE_PAUSE_MAX_NS = 10000000,
    QNI_SQLITE_PAUSE_DOUBLINGS = 8,
    /* What may be pending in a queue of completions where its options say nothing: queries, more than anybody means to
     * have under way, and bytes. */
    QNI_DBQUEUE_PENDING_MAX = 65536,
    QNI_DBQUEUE_SIZE_MAX = 256 << 20,
    /* Connections for submitted queries: as many as keep the processors of a small server busy. */
    QNI_ASYNC_CONNECTIONS = 4,
    /* Queries under way on one connection of PostgreSQL: enough that the server never waits for us, few enough that not
     * many are in doubt when it breaks, and that one that takes long holds up few. */
    QNI_ASYNC_DEPTH = 64,
    /* Queries after which a connection is given back though there are others: some tenths of a second's work, before
     * which the pool cannot renew it. */
    QNI_ASYNC_STINT = 10000,
    /* Times that a query is begun anew: more restarts, or changes of its tables, than come one after another. */
    QNI_ASYNC_TRIES = 4,
    /* Nanoseconds between two tries to connect to a server that has just gone: a restart takes many of them. */
    QNI_ASYNC_RETRY_NS = 20000000,
    /* Nanoseconds between two interrupts of queries that a closed pool no longer waits for: one that comes before
     * a query has begun is lost. */
    QNI_ASYNC_INTERRUPT_NS = 10000000,
    /* Bytes of a COPY that are sent at once: a system call's cost is then nothing, and the first levels of cache hold
     * them. */
    QNI_POSTGRES_COPY_SIZE = 64 << 10,
    /* Prepared statements that the server may still hold when nobody will use them: forgotten many at once, in one
     * round trip. */
    QNI_POSTGRES_DEAD = 32,

    /* The shared tier of caches. Connections at most: enough that a small machine's threads seldom wait for each other,
     * few beside those that a Redis takes from all its clients (10000). */
    QNI_REDIS_CONNECTIONS = 8,
    /* Milliseconds for a connection, and for an answer: a thousand times what they take on one network; who asks
     * a cache would rather compute than wait longer. */
    QNI_REDIS_TIMEOUT_MS = 1000,
    /* Bytes that come or go buy a millisecond more: half of what a network of 1 Gbit/s carries. So the largest value
     * passes it, and who sends little by little does not keep us: 12 seconds at most, after half a gigabyte. */
    QNI_REDIS_BYTES_PER_MS = 50000,
    /* Milliseconds without a try after a failure, the first time and at most: a restart takes some tenths of a second,
     * and a Redis that is gone for long costs one try in five seconds. A part of it at random: those that lost it
     * together do not come back together. */
    QNI_REDIS_DOWN_FIRST_MS = 100,
    QNI_REDIS_DOWN_MAX_MS = 5000,
    QNI_REDIS_JITTER_SHARE = 4,
    /* Milliseconds for all round trips of one removal: a look at a hundred million keys takes less. */
    QNI_REDIS_REMOVE_MS = 60000,
    /* Bytes of a value: what Redis takes (proto-max-bulk-len). */
    QNI_REDIS_VALUE_MAX = 512 << 20,
    /* Bytes of any other answer, and items of it: twenty times what the longest of ours has. */
    QNI_REDIS_ANSWER_MAX = 64 << 20,
    QNI_REDIS_ITEMS_MAX = 1 << 16,
    /* Commands sent before the first answer is read: one round trip's cost is then nothing, and Redis need not keep
     * many answers. */
    QNI_REDIS_PIPELINE = 64,
    /* Keys that one SCAN looks at: below a millisecond of the server's time. */
    QNI_REDIS_SCAN_COUNT = 500,
    /* Dependents of a name that one script removes: some milliseconds of the server's time. */
    QNI_REDIS_DEPENDENTS = 1000,
    /* Bytes of one line of an answer: a hundred times the longest sentence that Redis says. */
    QNI_REDIS_LINE_MAX = 64 << 10,
    /* Bytes that are read from a socket at once: a small value whole, a large one at memory's speed. */
    QNI_REDIS_READ_SIZE = 32 << 10,
    /* Pieces of memory that are sent at once: less than any system's IOV_MAX, and no call's cost is felt. */
    QNI_REDIS_VECTORS = 64,
    /* Bytes of what keys begin with: a name, and some words that say whose it is. */
    QNI_REDIS_SPACE_MAX = 128,
    /* Number of a database: more than any server is set up with (16). */
    QNI_REDIS_DATABASE_MAX = 1 << 20,
    /* Bytes of what Redis says in a message: beside it there must be room for where and what. */
    QNI_REDIS_SENTENCE_SIZE = 240,
    /* Bytes of a cache's name, its end included: as of a pool's. */
    QNI_CACHE_NAME_SIZE = 64,
    /* What a cache's options leave open. Milliseconds: an hour's worth of wrong absences is what nobody wants, a minute
     * spares whoever asks again and again; what another machine removed may be believed for a second. Bytes: a small
     * part of a small machine; values of some seconds' puts. */
    QNI_CACHE_ABSENT_TTL_MS = 60000,
    QNI_CACHE_FRESH_MS = 1000,
    QNI_CACHE_MEMORY_SIZE = 64 << 20,
    QNI_CACHE_DISK_SIZE = 1 << 30,
    QNI_CACHE_QUEUE_SIZE = 16 << 20,
    /* Names share this many marks: two that meet cost a value that is not kept now and then. A power of two. */
    QNI_CACHE_MARKS = 1024,
    /* Words of 64 bits in which names are noted that something depends on: tens of thousands, before puts of others
     * are taken for them, which only costs time. A power of two. */
    QNI_CACHE_NEEDED = 1024,
    /* Locks that order what is done to a key: many more than threads, for they are held while a disk writes. */
    QNI_CACHE_ORDERS = 64,
    /* Locks through which values enter memory: as many as threads of a small machine, for they are held for moments,
     * and every removal passes them all. */
    QNI_CACHE_GATES = 16,
    /* Lines on which threads count: as many as run at once on most machines; others share. */
    QNI_CACHE_LINES = 32,
    /* Removals that a tier refused and that are remembered, at most: some seconds' worth; and the bytes of them. */
    QNI_CACHE_DEBT_MAX = 4096,
    QNI_CACHE_DEBT_SIZE_MAX = 1 << 20,
    QNI_CACHE_DEBT_SLOTS = 256,
    /* Of these, how many one call makes good: it has something else to do. */
    QNI_CACHE_DEBT_STEP = 64,
    /* Nanoseconds between two tries to make them good: what ails a disk or a server lasts longer. */
    QNI_CACHE_RETRY_NS = 100000000,
    /* Times that a write is tried that found a tier busy, which has waited itself before it says so. */
    QNI_CACHE_TRIES = 3,
    /* Entries, and bytes of values, that the queue writes in one transaction: its cost is then nothing beside theirs,
     * and nobody waits long for it. */
    QNI_CACHE_BATCH = 256,
    QNI_CACHE_BATCH_SIZE = 4 << 20,
    /* Slots in which what waits is found: about as many as small values fit the queue. */
    QNI_CACHE_QUEUE_SLOTS = 4096,
    /* Bytes of the name of a query's table and of its database, together: those of a key. */
    QNI_CACHE_TABLE_NAME_MAX = 4096,
    /* The memory tier of a cache. Bytes of a shard, where their number is not said: large enough that its queues are
     * worth the name, and few enough threads meet in one of those of an ordinary tier. */
    QNI_MEMORY_SHARD_SIZE = 4 << 20,
    QNI_MEMORY_SHARDS_MAX = 64,
    /* Of a number that is said: a hash has 16 bits for it. */
    QNI_MEMORY_SHARDS_LIMIT = 1 << 12,
    /* Buckets of a segment: it then fills a page, and a split of it moves some 300 entries. */
    QNI_MEMORY_SEGMENT_BUCKETS = 64,
    /* Part of a shard that a segment of a small tier takes at most. */
    QNI_MEMORY_SEGMENT_SHARE = 64,
    /* One entry, or all that are pinned, take 1/2 of the tier at most: so there always is room for the other. */
    QNI_MEMORY_WHOLE_SHARE = 2,
    /* The small queue takes from 1/32 to 28/32 of a shard, and learns by steps of 30 entries' bytes: docs/adr/0019 has
     * the traces. */
    QNI_MEMORY_PARTS = 32,
    QNI_MEMORY_PARTS_MOST = 28,
    QNI_MEMORY_STEP = 30,
    /* Bytes of a text that is copied into its entry's block: two cache lines more, at a fourth of what finding them
     * somewhere else costs. */
    QNI_MEMORY_INSIDE = 256,
    /* Entries that are given another chance before one goes all the same: an eviction takes some ten microseconds at
     * most, and of those that were asked for no more than one in so many goes too soon. */
    QNI_MEMORY_CHANCES = 1000,
    /* Places of a table's directory for each entry, at most: some hundred times what hashes that differ need. */
    QNI_MEMORY_PLACES = 4,
    /* And for none: so that a few entries may happen to be alike. */
    QNI_MEMORY_PLACES_LEAST = 16,
};

/* The disk tier of caches. Bytes of a record that has a file of its own: below that SQLite reads it faster, and writes
 * it twice, to its log and from there. */
#define QNI_DISK_FILE_SIZE (INT64_C(32) << 10)
/* Bytes of a folder's path, and of that of a file in it: what the system opens, in all. */
#define QNI_DISK_FOLDER_MAX 3900
#define QNI_DISK_PATH_SIZE  4096
/* Names of entries that were got since the last write: what is older is forgotten, and all of them cost a write less
 * than a millisecond. And of those that were found to have ended, or damaged. */
#define QNI_DISK_NOTES 256
#define QNI_DISK_ENDED 64
/* Uses of an entry that count: more say nothing more about whether there will be others. */
#define QNI_DISK_USES_MAX 3
/* A new entry is on probation in this part of the bytes: large enough that what is used again is so before its turn
 * comes, small enough that a scan costs the others little. */
#define QNI_DISK_PROBATION_SHARE 10
/* Entries that have ended and are swept away at once. */
#define QNI_DISK_SWEEP 64
/* Changes that are kept for other processes, and those between two looks at what can go: who is further behind forgets
 * everything. */
#define QNI_DISK_CHANGES      8192
#define QNI_DISK_CHANGES_TRIM 256
/* Milliseconds to wait for who builds an index anew from values: a gigabyte of them takes some seconds. */
#define QNI_DISK_LOCK_TIMEOUT_MS 60000
/* Times that a call begins anew because the index was replaced under it. */
#define QNI_DISK_TRIES 4
/* Connections for reading at once: as many threads as a small server runs, then others wait for the first. */
#define QNI_DISK_CONNECTIONS 16
/* The window of records that were got lately. Bytes of the file: this part of the tier's bytes, within bounds, and not
 * counted among them; what SQLite has to be asked for takes some ten times as long. All of the file's room is taken
 * when it is made: some milliseconds at the first opening of a folder. One name fits for so many bytes of it, and a
 * record takes this part of the ring at most: so a few of the largest do not drive out all others. */
#define QNI_DISK_WINDOW_SHARE 32
#define QNI_DISK_WINDOW_MIN   (INT64_C(256) << 10)
#define QNI_DISK_WINDOW_MAX   (INT64_C(16) << 20)
#define QNI_DISK_WINDOW_NAME  512
#define QNI_DISK_WINDOW_PART  32
/* Files that are mapped at once, those that only datums hold included: a process may have 65,530 mappings in all. Their
 * bytes: this part of the tier's. A file of fewer bytes than MAP_FROM is sooner read than mapped. Every page of memory
 * is a multiple of MAP_PAGE bytes. */
#define QNI_DISK_MAPS      256
#define QNI_DISK_MAP_SHARE 8
#define QNI_DISK_MAP_FROM  (INT64_C(16) << 10)
#define QNI_DISK_MAP_PAGE  4096
/* Of so many records that find all slots of their set in use one drives out another: so most of those that were there
 * stay where more are in use than there is room for, and what is no longer asked for goes after some tens of gets. */
#define QNI_DISK_WINDOW_PATIENCE 8
/* Bytes of a sentence about what verifying found: a path, and some words. */
#define QNI_DISK_SENTENCE_SIZE 4200
/* Pages of SQLite's log before they are copied into the index, in place of 1000, where the tier holds so many bytes
 * that the log's 16 MiB do not matter: fewer syncs make puts some ten percent faster. SQLite finds pages as fast as
 * before up to 4062 of them: those fill one of its tables. */
#define QNI_DISK_LONG_LOG      "4000"
#define QNI_DISK_LONG_LOG_FROM (INT64_C(256) << 20)
/* What marks an index as ours (PRAGMA application_id: "Qurn"), and the version of its tables. */
#define QNI_DISK_APPLICATION 0x5175726E
#define QNI_DISK_VERSION     1

/* What tells one start of the machine from another, as text of at most so many bytes. */
#define QNI_CACHE_BOOT_ID      "/proc/sys/kernel/random/boot_id"
#define QNI_CACHE_BOOT_ID_SIZE 64

#endif
