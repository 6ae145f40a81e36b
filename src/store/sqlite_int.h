/* store/sqlite_int.h: what the files of the SQLite driver share.
 *
 *    sqlite.c         statements and their rows; the drivers "sqlite" and "memory"
 *    sqlite_open.c    connecting: options, what a file must be
 *    sqlite_write.c   values bound, texts of many statements, many rows in
 *    sqlite_error.c   what SQLite says as a status and a sentence; waiting, timeouts, interrupts
 *
 * Always: the library is called through the connection's own pointers; nothing of it is set for the whole process. */
#ifndef QNI_STORE_SQLITE_INT_H
#define QNI_STORE_SQLITE_INT_H

#include "store/store_int.h"

#include <sqlite3.h>
#include <stdatomic.h>

#define QNI_SQLITE_FUNCTIONS(X) \
    X(bind_blob64)              \
    X(bind_double)              \
    X(bind_int64)               \
    X(bind_null)                \
    X(bind_parameter_count)     \
    X(bind_parameter_name)      \
    X(bind_text64)              \
    X(busy_handler)             \
    X(changes64)                \
    X(clear_bindings)           \
    X(close_v2)                 \
    X(column_blob)              \
    X(column_bytes)             \
    X(column_count)             \
    X(column_decltype)          \
    X(column_double)            \
    X(column_int64)             \
    X(column_name)              \
    X(column_text)              \
    X(column_type)              \
    X(db_config)                \
    X(db_readonly)              \
    X(errmsg)                   \
    X(file_control)             \
    X(finalize)                 \
    X(get_autocommit)           \
    X(interrupt)                \
    X(open_v2)                  \
    X(prepare_v3)               \
    X(progress_handler)         \
    X(reset)                    \
    X(step)                     \
    X(stmt_readonly)            \
    X(system_errno)             \
    X(threadsafe)               \
    X(total_changes64)          \
    X(vfs_find)

typedef struct qni_sqlite_api {
#define QNI_SQLITE_POINTER(name) __typeof__(sqlite3_##name) *name;
    QNI_SQLITE_FUNCTIONS(QNI_SQLITE_POINTER)
#undef QNI_SQLITE_POINTER
    int (*error_offset)(sqlite3 *); /* NULL: this SQLite is older than 3.38 */
} qni_sqlite_api;

typedef struct qni_sqlite {
    qn_db base;
    qni_sqlite_api api;
    sqlite3 *handle;
    /* Of the call or the query under way. */
    int64_t deadline_ns;      /* INT64_MAX: none */
    int64_t lock_deadline_ns; /* while a lock is waited for */
    uint32_t interrupts_seen; /* when it began */
    bool timed_out;
    _Atomic uint32_t interrupts; /* counted; who waits for a lock sleeps on it */
} qni_sqlite;

/* As what a column was declared, where that matters. */
typedef enum qni_sqlite_kind {
    QNI_SQLITE_PLAIN,
    QNI_SQLITE_BOOL,
    QNI_SQLITE_DATE,
    QNI_SQLITE_TIMESTAMP,
} qni_sqlite_kind;

typedef struct qni_sqlite_statement {
    qni_statement base;
    qni_sqlite *db; /* before the front has filled in the base */
    sqlite3_stmt *handle;
    int32_t *value_of; /* (variable_count) which value each of SQLite's variables stands for */
    int64_t variable_count, param_count;
    uint8_t *kinds; /* (kind_capacity) of the columns: qni_sqlite_kind */
    int64_t kind_capacity;
    int first; /* the code of the step that `start` has already made; 0: it was passed on */
    bool lost; /* memory ended while a value was fetched */
    int64_t changes_before, changed;
    char *bytes; /* (byte_capacity) a copy of the blob fetched last, with a zero behind it */
    int64_t byte_capacity;
} qni_sqlite_statement;

static inline qni_sqlite *qni_sqlite_of(qn_db *db)
{
    return (qni_sqlite *)db;
}

/* ---- sqlite_open.c ---- */

qn_status qni_sqlite_open(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err);
void qni_sqlite_close(qn_db *base);
qn_status qni_sqlite_ping(qn_db *base, qn_error *err);

/* ---- sqlite_error.c ---- */

/* A call begins: its time runs, and interrupts from before it count for nothing. */
void qni_sqlite_begin(qni_sqlite *db);

/* Whether an interrupt came since then. SQLite forgets one that comes between two statements of a call. */
bool qni_sqlite_interrupted(const qni_sqlite *db);

/* Makes a connection wait for locks, watch its time and stop when it is told to. */
void qni_sqlite_watch(qni_sqlite *db);
void qni_sqlite_interrupt(qn_db *base);

/* What the last call on the connection, which gave `code`, means as a status; err holds SQLite's text, its extended
 * code, and the column within the text of SQL. compiling: a text was prepared. Marks a connection whose file is gone
 * as broken. */
qn_status qni_sqlite_fail(qni_sqlite *db, int code, bool compiling, qn_error *err);

/* ---- sqlite_write.c ---- */

/* Binds a value as variable `at`, counted from 1. keep: its bytes stay until the statement is reset; else they are
 * copied. */
qn_status qni_sqlite_bind(qni_sqlite *db, sqlite3_stmt *statement, int at, const qn_value *value, bool keep,
                          qn_error *err);

/* Errors: QN_PERMISSION, where the statement would write inside a transaction that only reads. */
qn_status qni_sqlite_admit(const qni_sqlite *db, sqlite3_stmt *statement, qn_error *err);

qn_status qni_sqlite_script(qn_db *base, const char *sql, qn_error *err);
qn_status qni_sqlite_control(qn_db *base, const char *sql, qn_error *err);
qn_status qni_sqlite_insert(qn_db *base, const char *into, const qn_table *table, qn_error *err);

#endif
