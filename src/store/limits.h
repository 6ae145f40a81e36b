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
};

#endif
