/* store/store_int.h: a connection as its driver and the front see it.
 *
 *    db.c          the front: what holds for every database: one query at a time, prepared texts kept, parameters
 *                  looked at
 *    scope.c       transactions and savepoints; which errors condemn them
 *    rows.c        the front of a query: rows one by one, rows into a table
 *    value.c       values to bind
 *    url.c         URLs into their parts
 *    sqlite*.c     drivers; each fills one qni_driver
 *    postgres*.c
 *    duckdb*.c
 *    pool.c …      connections shared between threads (dbpool.h)
 *    async.c …     queries submitted to a pool (dbpool.h)
 *    migrate.c …   schemas that change (migrate.h)
 *
 * Always: a driver is called by one thread at a time, but for `interrupt`; with parameters that are in order; with no
 * statement under way but the one it is asked about. It knows nothing of scopes. What it returns is a status of db.h's
 * list with the database's own sentence in err->message and its code in err->native. It sets db->broken where the
 * connection is lost or in a state that nobody knows. Times to wait come from db->options. */
#ifndef QNI_STORE_INT_H
#define QNI_STORE_INT_H

#include "array/table_build.h"
#include "base/time.h"
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "store/limits.h"
#include "store/url.h"

#include <quern/db.h>

typedef struct qni_driver qni_driver;

/* A text prepared on one connection, and what it gives while it runs. A driver's own begins with this. */
typedef struct qni_statement {
    qn_db *db;
    char *sql;
    int64_t sql_size;
    uint64_t hash;  /* of the text and the types of its parameters where those matter to the driver */
    uint64_t types; /* what the driver prepared it for, besides the text; see qni_driver.types */
    struct qni_statement *newer, *older; /* in the connection's list of those that are kept */
    struct qni_statement *next;          /* in the same slot */
    bool running;                        /* started and not yet reset */
} qni_statement;

/* Begins every driver's connection. */
struct qn_db {
    const qni_driver *driver;
    const qn_allocator *allocator;
    qn_db_options options; /* every time filled in, busy_timeout_ms 0: not at all */
    char *application;     /* what options.application points to; NULL: not given */
    char *shown;           /* the URL without its password */
    bool broken;
    qn_rows *rows; /* those that are open, or NULL */
    int64_t depth; /* scopes */
    bool scope_failed[QNI_DB_DEPTH_MAX];
    bool read_scope;      /* the outermost is QN_DB_READ */
    qn_error scope_error; /* the first error in the innermost scope that failed */
    qni_statement *slots[QNI_DB_SLOTS];
    qni_statement *newest, *oldest;
    int64_t statement_count;
    void *pool_slot; /* the pool's, while the connection belongs to one */
};

struct qni_driver {
    const char *name;
    bool savepoints, many_writers;
    /* The text that begins a transaction, by qn_db_mode; ends one; and the three of savepoints, %d being the depth. */
    const char *begin[2], *commit, *rollback, *savepoint, *release, *rollback_to;

    /* Connects: allocates its struct zeroed, which begins with a qn_db, fills in what is its own. The front has already
     * checked the URL and filled in `base` (driver, allocator, options, shown), which is to be copied in first. On
     * failure nothing is held. */
    qn_status (*open)(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err);
    /* Disconnects and frees the struct; statements are finalized, the front frees what is its own. */
    void (*close)(qn_db *db);

    /* What prepared statements of one text may differ in besides it; 0 where nothing. NULL: nothing. */
    uint64_t (*types)(const qn_value *params, int64_t param_count);
    /* Makes the driver's statement, zeroed but for what is its own (the front fills in the base). QN_INVALID where the
     * text holds no statement or several. `params` are those of its first run: their types may be looked at. */
    qn_status (*prepare)(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                         qn_error *err);
    void (*finalize)(qni_statement *statement);
    int64_t (*param_count)(const qni_statement *statement);
    /* Binds and starts. Columns are known afterwards. The values are borrowed until reset. */
    qn_status (*start)(qni_statement *statement, const qn_value *params, int64_t param_count, qn_error *err);
    int64_t (*column_count)(const qni_statement *statement);
    const char *(*column_name)(const qni_statement *statement, int64_t column);
    qn_value_type (*column_type)(const qni_statement *statement, int64_t column);
    qn_status (*step)(bool *more, qni_statement *statement, qn_error *err);
    qn_value (*value)(qni_statement *statement, int64_t column);
    /* Appends up to max_rows (-1: all) further rows to the table, whose columns have types; *more: there may be others.
     * NULL: the front does it by step and value. Where column_type said NULL for any column it is not called. */
    qn_status (*read)(bool *more, qni_statement *statement, qn_table *table, int64_t max_rows, qn_error *err);
    int64_t (*changed)(const qni_statement *statement); /* after the last step */
    /* Ends the run, whatever is left of it; the statement can be started again. Cannot fail: a connection on which it
     * does is broken. */
    void (*reset)(qni_statement *statement);

    qn_status (*script)(qn_db *db, const char *sql, qn_error *err);
    /* One statement without parameters and rows, straight to the database: BEGIN and its like. */
    qn_status (*control)(qn_db *db, const char *sql, qn_error *err);
    bool (*in_transaction)(const qn_db *db);
    qn_status (*ping)(qn_db *db, qn_error *err);
    void (*interrupt)(qn_db *db);
    /* As qn_db_insert, inside a transaction that the front has opened. */
    qn_status (*insert)(qn_db *db, const char *into, const qn_table *table, qn_error *err);
};

extern const qni_driver qni_driver_sqlite;
extern const qni_driver qni_driver_memory;
extern const qni_driver qni_driver_postgres;
extern const qni_driver qni_driver_duckdb;

/* ---- what drivers share ---- */

/* What a text of several statements is answered with, where one is wanted. */
#define QNI_DB_SEVERAL "more than one statement: give them one at a time, or use qn_db_script"

/* "schema"."table" from "schema.table": each part quoted, quotes inside doubled. Free with its strlen + 1. Errors:
 * QN_INVALID (an empty part, more than two), QN_NOMEM. */
qn_status qni_db_quote_name(char **out, const char *name, const qn_allocator *allocator, qn_error *err);

/* Whether the table's type for values of this type. NULL and BYTES have none: QN_TYPE_AUTO. */
qn_type qni_db_table_type(qn_value_type type);

/* Writes one value into a row of a table's column whose type is set: the one place that says what fits. Errors:
 * QN_DATA, naming row and column. */
qn_status qni_db_put(qn_table *table, int64_t column, int64_t row, const qn_value *value, qn_error *err);

/* A row of a table's column as a value to bind; text is borrowed from the table. */
qn_value qni_db_table_value(const qn_table *table, int64_t column, int64_t row);

/* Replaces each place where `secret` stands in the error's message by "***", also where the message was cut off inside
 * it; one of less than 4 bytes only where it is a word of its own. "" and NULL: nothing. */
void qni_db_hide(qn_error *err, const char *secret);

#endif
