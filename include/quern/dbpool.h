/* quern/dbpool.h: connections to one database, shared by many threads.
 *
 *     qn_dbpool *pool;
 *     qn_dbpool_new(&pool, "postgres://localhost/prices", NULL, &err);
 *     …
 *     qn_db *db;
 *     if (qn_dbpool_take(&db, pool, "import", &err) == QN_OK) {
 *         … as in quern/db.h, but for qn_db_close …
 *         qn_dbpool_give(pool, db);
 *     }
 *     …
 *     qn_dbpool_close(pool, 5000, &err);
 *
 * At rest a pool keeps up to base_size connections; while more are wanted at once it opens up to `overflow` more. Then
 * takers wait, first come, first served: what is given back goes straight to the one who has waited longest, and nobody
 * overtakes him.
 *
 * Caveats first:
 *  - Any thread may take, and any other may give back; what the giver did on the connection is seen by the next taker.
 *    Between take and give it belongs to one thread at a time.
 *  - After the give it belongs to somebody else: neither use nor interrupt it. Rows that are open end with the give
 *    (close them all the same, but before the pool is closed), a transaction is rolled back; either is logged as a
 *    warning that names who left it.
 *  - What else a session can hold (temporary tables, SET, session locks, LISTEN) the next taker finds as it was left.
 *  - Who takes a second connection while he holds a first may wait for others who do the same: until the checkout
 *    timeout.
 *  - There is no thread behind a pool. What is too old or was idle for too long is not handed out, and closed by later
 *    takes and gives, one at a time, or by qn_dbpool_trim.
 *  - A child of fork shares its parent's sockets and files: it may not touch the pool at all, not even to close it.
 *  - `memory:` without a name is here one database for the whole pool, which ends with it; one with a name lives at
 *    least as long as the pool.
 */
#ifndef QUERN_DBPOOL_H
#define QUERN_DBPOOL_H

#include <quern/base.h>
#include <quern/db.h>
#include <quern/metrics.h>

QN_BEGIN_DECLS

typedef struct qn_dbpool qn_dbpool;

/* How a pool is made. 0 or NULL is the default of every field. */
typedef struct qn_dbpool_options {
    int64_t size;                /* sizeof(qn_dbpool_options) */
    int64_t base_size;           /* connections that are kept while nobody needs them; 0: 5 */
    int64_t overflow;            /* connections beside those, while many are needed at once; 0: 10, -1: none */
    int64_t checkout_timeout_ms; /* to wait for a connection; 0: 30000, -1: not at all */
    int64_t idle_ms;             /* one that nobody took for longer is closed; 0: 600000, -1: never */
    int64_t lifetime_ms;         /* one that is older is closed when it is given back, or before it is handed out: at
                                    nine tenths to all of it, so that not all end at once; 0: 1800000, -1: never */
    int64_t check_after_ms;      /* one that was idle for longer is pinged before it is handed out; 0: 30000, -1: never.
                                    Any that was idle while another turned out to be broken is pinged as well */
    int64_t async_connections;   /* of these, what submitted queries use at once, at most; 0: 4 */
    const qn_db_options *db;     /* how to connect; copied. Its allocator NULL: the pool's */
    const char *name;            /* what messages and metrics call the pool; its first 63 bytes are copied; NULL: the
                                    URL without its password */
    qn_metrics *metrics;         /* where it publishes what it counts, under the label pool="name"; borrowed until the
                                    pool is closed; NULL: nowhere */
    const qn_allocator *allocator; /* NULL: the default. Borrowed, must outlive the pool; used by several threads */
} qn_dbpool_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_dbpool_options_init(qn_dbpool_options *out, int64_t size);

/* Makes a pool. Nothing is connected before the first take, but for `memory:`, whose database begins now. Errors:
 * QN_INVALID (a URL or option that cannot be; `duckdb:` without a file, whose connections would see a database each),
 * QN_NOMEM; for `memory:` those of qn_db_open. */
QN_API QN_MUST_USE qn_status qn_dbpool_new(qn_dbpool **out, const char *url, const qn_dbpool_options *options,
                                           qn_error *err);

/* Takes a connection: the one that was given back last, else a new one, else the first for which this thread's turn
 * comes. `who` (NULL: "somebody") is what messages call the taker; borrowed until the connection was given back: a
 * literal. A connection that is idle takes no system call and no memory. Connecting takes its own time on top of the
 * checkout timeout. Errors: QN_TIMEOUT (all are out; the message names who has had one longest), QN_EXHAUSTED (the same
 * at once, where the pool does not wait), QN_CLOSED (the pool is closed, or was while this thread waited), those of
 * qn_db_open. */
QN_API QN_MUST_USE qn_status qn_dbpool_take(qn_db **out, qn_dbpool *pool, const char *who, qn_error *err);

/* Gives a connection back. One that is broken, too old, or more than the pool keeps is closed. NULL is fine. One that
 * is not out of this pool (opened by qn_db_open, given twice, another pool's) is a caller's mistake: an assertion, in
 * a release build logged and left alone, as far as it can be told: not where another has taken it meanwhile, or where
 * it was closed. */
QN_API void qn_dbpool_give(qn_dbpool *pool, qn_db *db);

/* Closes what was idle for too long or is too old. Returns how many. For whoever has a thread that comes by. */
QN_API int64_t qn_dbpool_trim(qn_dbpool *pool);

/* The state at one instant, at which open = idle + out. Times in nanoseconds. */
typedef struct qn_dbpool_stats {
    int64_t size;            /* of this struct: set it before the call; what an older caller does not know is not
                                written */
    const char *name;        /* borrowed from the pool */
    int64_t open;            /* connections; those that are just being opened or closed are counted */
    int64_t idle;            /* of these, waiting for somebody */
    int64_t out;             /* the others */
    int64_t open_max;        /* base_size + overflow */
    int64_t open_peak;       /* the most that ever were open */
    int64_t waiting;         /* threads that wait for one */
    int64_t takes;           /* connections handed out */
    int64_t waits;           /* takes that had to wait, whatever came of it */
    int64_t timeouts;        /* of these, ended by the checkout timeout; and takes that found none and did not wait */
    int64_t opened;          /* connections made */
    int64_t open_failures;   /* takes that failed because connecting did */
    int64_t pings;           /* connections looked at before they were handed out */
    int64_t replaced;        /* of these, found broken, and another opened in their place */
    int64_t unfinished;      /* gives with rows or a transaction open */
    int64_t misuses;         /* gives that were refused */
    int64_t closed_broken;   /* connections closed: given back broken, or found broken by a ping */
    int64_t closed_overflow; /* more than base_size would have been idle */
    int64_t closed_idle;     /* idle for too long */
    int64_t closed_lifetime; /* too old */
    int64_t closed_pool;     /* the pool was closed */
    int64_t wait_count;      /* waits that are over: these took, from the call to the connection … */
    int64_t wait_ns_sum;     /* all together … */
    int64_t wait_ns_p50;     /* … half of them at most so long; percentiles are known to 1 % */
    int64_t wait_ns_p99;     /* 99 % of them */
    int64_t wait_ns_p999;    /* 99.9 % of them */
    int64_t wait_ns_max;     /* the longest */
    int64_t lock_contended;  /* times that a thread found the pool's lock held */
    int64_t lock_slept;      /* of these, times that the system was asked to wait */
    int64_t lock_wait_ns;    /* time spent waiting for it */
} qn_dbpool_stats;

/* The numbers of this instant. */
QN_API void qn_dbpool_get_stats(qn_dbpool *pool, qn_dbpool_stats *out);

/* The pool's name. Borrowed. */
QN_API const char *qn_dbpool_name(const qn_dbpool *pool);

/* Ends a pool: from now on no take succeeds, whoever waits gets QN_CLOSED, idle connections are closed, and others when
 * they are given back. Waits up to timeout_ms (0: not at all, -1: as long as it takes) for those; then everything is
 * freed. Errors: QN_BUSY (somebody still has one: the message says who, and for how long); the pool then stays, and
 * this may be called again. One thread at a time; where it succeeds, no other may be about to begin a call on the pool.
 * NULL is fine. */
QN_API QN_MUST_USE qn_status qn_dbpool_close(qn_dbpool *pool, int64_t timeout_ms, qn_error *err);

/* ---- asynchronous ----
 *
 *     qn_dbqueue *queue;
 *     qn_dbqueue_new(&queue, NULL, &err);
 *     for (int64_t i = 0; i < count; i++)
 *         qn_dbpool_submit(pool, queue, "SELECT close FROM prices WHERE id = $1", &ids[i], 1, &results[i], &err);
 *     qn_db_completion done = {.size = sizeof done};
 *     for (bool got = true; qn_dbqueue_pending(queue) > 0 && got;)
 *         if (qn_dbqueue_next(&got, &done, queue, -1, &err) == QN_OK && got)
 *             … done.tag is &results[i]; done.status, done.table …
 *
 * Caveats first:
 *  - What is submitted runs as soon as it can, on up to async_connections connections of the pool, in any order: what
 *    must come after another is submitted when that one's completion has come. Each is a transaction of its own.
 *  - Each has exactly one completion, whatever happens. One that was under way when its connection broke, or when the
 *    pool was closed on it, is QN_CLOSED: whether it has taken effect is not known, and it is not run again. One that
 *    was not yet sent goes to another connection.
 *  - On PostgreSQL many are under way on one connection at once, one behind the other: one that takes long holds up
 *    those behind it, which others would have run. SQLite, DuckDB and memory run one on each connection at a time.
 *  - Results come whole: their tables are in memory, and do not count in the queue's bounds.
 *  - The first submission starts threads, named quern-db: one for PostgreSQL, else one for each connection. They block
 *    every signal, sleep while there is nothing to do, take connections of the pool while there is, as "submitted
 *    queries", and end when the pool is closed.
 *  - On SQLite and DuckDB several that write may get into each other's way: QN_BUSY says that trying again may help. */

/* A caller's queue, to which completions come. */
typedef struct qn_dbqueue qn_dbqueue;

/* How a queue is made. 0 or NULL is the default of every field. */
typedef struct qn_dbqueue_options {
    int64_t size;                  /* sizeof(qn_dbqueue_options) */
    int64_t pending_max;           /* queries submitted to it and not yet taken from it, at most; 0: 65536 */
    int64_t pending_size_max;      /* bytes that those take, with their texts and values; 0: 256 MiB */
    const qn_allocator *allocator; /* of queries and completions, used by several threads; must outlive what was
                                      submitted as well */
} qn_dbqueue_options;
QN_API void qn_dbqueue_options_init(qn_dbqueue_options *out, int64_t size);

/* Makes a queue, for any number of pools. Errors: QN_INVALID, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_dbqueue_new(qn_dbqueue **out, const qn_dbqueue_options *options, qn_error *err);

/* Submits a query: its text `sql` and values params (param_count) are copied, `tag` comes back with its completion.
 * Never waits for a database or for room. Any thread, any number at once. Where it fails nothing was submitted.
 * Errors: QN_EXHAUSTED (as much is pending in the queue as it may: take completions first), QN_INVALID (values that
 * cannot be bound; BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their like, and PostgreSQL's COPY: they need a connection
 * of one's own), QN_CLOSED (the pool or the queue is closed), QN_LIMIT (larger than the queue's bound; the system
 * starts no further thread), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_dbpool_submit(qn_dbpool *pool, qn_dbqueue *queue, const char *sql,
                                              const qn_value *params, int64_t param_count, void *tag, qn_error *err);

/* What has become of a query. */
typedef struct qn_db_completion {
    int64_t size;     /* sizeof(qn_db_completion): set it before the call */
    qn_status status; /* what qn_db_query and qn_rows_read would have returned; or QN_TIMEOUT and those of
                         qn_dbpool_take, where no connection could be had */
    qn_error error;   /* where that is not QN_OK */
    int64_t changed;  /* rows inserted, updated or deleted */
    qn_table *table;  /* all rows; the caller's, who frees it. NULL: an error, or a statement that gives no rows */
    void *tag;        /* as it was submitted */
} qn_db_completion;

/* Takes the completion that came first, waiting up to timeout_ms (0: not at all, -1: as long as it takes) for one; *got
 * is false where none came, and *out then empty. Any thread, any number at once. Errors: QN_CLOSED (the queue is closed
 * and nothing is pending in it: there will be none). */
QN_API QN_MUST_USE qn_status qn_dbqueue_next(bool *got, qn_db_completion *out, qn_dbqueue *queue, int64_t timeout_ms,
                                             qn_error *err);

/* Queries that were submitted to it and whose completions were not yet taken from it. Any thread. */
QN_API int64_t qn_dbqueue_pending(qn_dbqueue *queue);

/* Nothing more can be submitted to it; those who wait for completions get what is pending, then QN_CLOSED. Any thread,
 * any number of times. */
QN_API void qn_dbqueue_close(qn_dbqueue *queue);

/* Frees a queue that no thread uses, with the completions in it. Never waits: what is pending is run all the same, and
 * its completions are dropped. NULL is fine. */
QN_API void qn_dbqueue_free(qn_dbqueue *queue);

QN_END_DECLS
#endif
