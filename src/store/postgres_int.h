/* store/postgres_int.h: PostgreSQL through libpq, as its parts see one another.
 *
 *    postgres.c           the driver: statements, transactions, scripts
 *    postgres_connect.c   connecting, and interrupting from another thread
 *    postgres_error.c     errors of the server as those of db.h
 *    postgres_text.c      what must be known of SQL's text: where statements begin, which parameters it has
 *    postgres_params.c    values to bind
 *    postgres_result.c    results: types, values, rows into tables
 *    postgres_copy.c      many rows in
 *
 * Parameters and results know nothing of the way in which a statement is run: blocking, or in a pipeline. */
#ifndef QNI_STORE_POSTGRES_INT_H
#define QNI_STORE_POSTGRES_INT_H

#include "array/table_build.h"
#include "base/lock.h"
#include "store/limits.h"
#include "store/store_int.h"

#include <libpq-fe.h>
#include <stdatomic.h>

/* Every function of libpq that is used: X(name without PQ). */
#define QNI_LIBPQ_FUNCTIONS(X) \
    X(cancel)                  \
    X(clear)                   \
    X(cmdStatus)               \
    X(cmdTuples)               \
    X(connectPoll)             \
    X(connectStartParams)      \
    X(connectionNeedsPassword) \
    X(consumeInput)            \
    X(enterPipelineMode)       \
    X(errorMessage)            \
    X(exec)                    \
    X(execParams)              \
    X(exitPipelineMode)        \
    X(finish)                  \
    X(flush)                   \
    X(fname)                   \
    X(freeCancel)              \
    X(freemem)                 \
    X(ftype)                   \
    X(getCancel)               \
    X(getCopyData)             \
    X(getResult)               \
    X(getisnull)               \
    X(getlength)               \
    X(getvalue)                \
    X(isBusy)                  \
    X(nfields)                 \
    X(notifies)                \
    X(nparams)                 \
    X(ntuples)                 \
    X(parameterStatus)         \
    X(paramtype)               \
    X(pipelineSync)            \
    X(putCopyData)             \
    X(putCopyEnd)              \
    X(resultErrorField)        \
    X(resultStatus)            \
    X(sendDescribePrepared)    \
    X(sendPrepare)             \
    X(sendQuery)               \
    X(sendQueryPrepared)       \
    X(setErrorVerbosity)       \
    X(setNoticeReceiver)       \
    X(setSingleRowMode)        \
    X(setnonblocking)          \
    X(socket)                  \
    X(status)                  \
    X(transactionStatus)

typedef struct qni_libpq {
#define QNI_LIBPQ_FIELD(name) __typeof__(PQ##name) *name;
    QNI_LIBPQ_FUNCTIONS(QNI_LIBPQ_FIELD)
#undef QNI_LIBPQ_FIELD
} qni_libpq;

/* Of a type that the database's user has made: what the catalogue says. */
typedef struct qni_postgres_type {
    Oid oid;
    bool is_enum;
} qni_postgres_type;

typedef struct qni_postgres {
    qn_db base;
    qni_libpq pq;
    PGconn *connection;
    PGcancel *cancel;
    qni_lock lock; /* guards `busy` and `interrupted`, and is held while a cancellation is sent: none arrives late */
    bool busy;     /* the server was asked something and has not come to its end */
    atomic_bool interrupted;         /* qn_db_interrupt was called meanwhile */
    int64_t last_number;             /* of the statements' names */
    int64_t generation;              /* ends when the server forgets all prepared statements */
    int64_t dead[QNI_POSTGRES_DEAD]; /* (dead_count) numbers that nobody will use again */
    int64_t dead_count;
    qni_postgres_type *types; /* (type_capacity) */
    int64_t type_count, type_capacity;
} qni_postgres;

/* ---- connections: postgres_connect.c ---- */

/* *out holds libpq's functions, a connection that is ready, and `base`. Errors: as qn_db_open. */
qn_status qni_postgres_open(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err);
void qni_postgres_close(qn_db *db);

/* Around everything that asks the server: between them, and only there, an interrupt is sent. */
void qni_postgres_begin(qni_postgres *p);
void qni_postgres_end(qni_postgres *p);
void qni_postgres_interrupt(qn_db *db);

/* Asks the server to end what runs, by a connection of its own; what it thinks of that is among the results. */
void qni_postgres_cancel(qni_postgres *p);

/* ---- errors: postgres_error.c ---- */

/* The error of a result that failed, or, where `result` is NULL, of the connection. Its place in `sql` (NULL: none) is
 * err->column, in bytes; where `lines` is set err->line and the column in that line. A connection that it ended is
 * broken. Returns err->code. */
qn_status qni_postgres_error(qni_postgres *p, const PGresult *result, const char *sql, bool lines, qn_error *err);

/* Appends to a sentence of at most `size` bytes, cut between characters; line breaks and their like are blanks. */
void qni_postgres_say(char *out, int64_t size, const char *text);

/* ---- texts: postgres_text.c ---- */

/* The place, 1-based and in bytes, in `sql` of the statement that comes after `count` others. */
void qni_postgres_place(int64_t *line, int64_t *column, const char *sql, int64_t count);

/* The highest number of a parameter in `sql`: of $1 and $3, 3. */
int64_t qni_postgres_param_count(const char *sql);

/* Whether it begins as a query does that changes nothing but by the functions that it calls. */
bool qni_postgres_is_select(const char *sql);

/* ---- statements: postgres.c ---- */

/* Prepares a text under a name ("": until the next one) and asks what it is; one round trip. *description is to be
 * cleared by the caller. declared (param_count). Errors: those of the server. */
qn_status qni_postgres_prepare(PGresult **description, qni_postgres *p, const char *name, const char *sql,
                               int param_count, const Oid *declared, qn_error *err);

/* A statement run in a pipeline: sent here, while its results are taken elsewhere. */

/* Whether the server knows it still. */
bool qni_postgres_is_prepared(const qni_statement *base);

/* Makes the server know it again. Nothing may be under way. Errors: those of the server. */
qn_status qni_postgres_prepare_again(qni_statement *base, qn_error *err);

/* Sends it with as many values as it has parameters. *sent: whether libpq has it; it may not, and the status be of the
 * connection. Errors: as qni_postgres_bind. */
qn_status qni_postgres_send(bool *sent, qni_statement *base, const qn_value *values, qn_error *err);

/* What its rows look like, and what the server said of it: whether it failed only because what the server holds of it
 * is no longer good, so that it has not begun. */
struct qni_postgres_shape *qni_postgres_shape_of(qni_statement *base);
bool qni_postgres_went_stale(qni_statement *base, PGresult *result);

/* The error of a result whose columns do not fit the shape; before the next run the statement is prepared anew. */
qn_status qni_postgres_refuse_columns(qni_statement *base, qn_error *err);

/* ---- parameters: postgres_params.c ---- */

/* The arrays of a call of libpq's, as large as the statement's parameters are many. All zero is an empty one. */
typedef struct qni_postgres_params {
    int count;
    Oid *declared; /* (count) what the statement is prepared with; 0: the server decides */
    Oid *resolved; /* (count) what the server said */
    const char **values;
    int *lengths, *formats;
    int64_t *fixed; /* (count) values of fixed size, in the network's byte order */
    char *texts;    /* (text_capacity) copies of texts, zero-terminated */
    int64_t text_capacity;
} qni_postgres_params;

/* qni_driver.types. */
uint64_t qni_postgres_types(const qn_value *params, int64_t param_count);

/* Errors: QN_LIMIT (more than 65535), QN_NOMEM. */
qn_status qni_postgres_params_new(qni_postgres_params *out, const qn_value *params, int64_t param_count,
                                  const qn_allocator *allocator, qn_error *err);
void qni_postgres_params_free(qni_postgres_params *params, const qn_allocator *allocator);

/* Fills in values, lengths and formats from `bound` (params->count), whose bytes are borrowed. Errors: QN_INVALID
 * (a date that PostgreSQL has not), QN_LIMIT, QN_NOMEM. */
qn_status qni_postgres_bind(qni_postgres_params *params, const qn_value *bound, const qn_allocator *allocator,
                            qn_error *err);

/* ---- results: postgres_result.c ---- */

typedef enum qni_postgres_kind {
    QNI_POSTGRES_OTHER, /* no reader for its binary form */
    QNI_POSTGRES_TEXT,
    QNI_POSTGRES_BOOL,
    QNI_POSTGRES_CHAR, /* one byte: "char" */
    QNI_POSTGRES_I16,
    QNI_POSTGRES_I32,
    QNI_POSTGRES_I64,
    QNI_POSTGRES_U32,
    QNI_POSTGRES_F32,
    QNI_POSTGRES_F64,
    QNI_POSTGRES_DATE,
    QNI_POSTGRES_TIMESTAMP,
    QNI_POSTGRES_NUMERIC,
    QNI_POSTGRES_UUID,
    QNI_POSTGRES_BYTES,
    QNI_POSTGRES_JSONB,
} qni_postgres_kind;

/* Types that columns and parameters are called by; PostgreSQL's own numbers, which never change. */
enum {
    QNI_OID_BOOL = 16,
    QNI_OID_BYTEA = 17,
    QNI_OID_CHAR = 18,
    QNI_OID_NAME = 19,
    QNI_OID_INT8 = 20,
    QNI_OID_INT2 = 21,
    QNI_OID_INT4 = 23,
    QNI_OID_TEXT = 25,
    QNI_OID_OID = 26,
    QNI_OID_XID = 28,
    QNI_OID_JSON = 114,
    QNI_OID_FLOAT4 = 700,
    QNI_OID_FLOAT8 = 701,
    QNI_OID_UNKNOWN = 705,
    QNI_OID_BPCHAR = 1042,
    QNI_OID_VARCHAR = 1043,
    QNI_OID_DATE = 1082,
    QNI_OID_TIMESTAMP = 1114,
    QNI_OID_TIMESTAMPTZ = 1184,
    QNI_OID_NUMERIC = 1700,
    QNI_OID_VOID = 2278,
    QNI_OID_UUID = 2950,
    QNI_OID_JSONB = 3802,
    QNI_OID_USERS = 16384,
};

/* Days and microseconds from 1970 to 2000, where PostgreSQL counts from. */
#define QNI_POSTGRES_DAYS INT64_C(10957)
#define QNI_POSTGRES_US   (QNI_POSTGRES_DAYS * INT64_C(86400000000))

typedef struct qni_postgres_column {
    qni_postgres_kind kind;
    qn_value_type type;
    const char *text; /* (size) of the row that was looked at, where its value has to be composed */
    int64_t size;
} qni_postgres_column;

/* What the rows of a statement look like. All zero: no columns. */
typedef struct qni_postgres_shape qni_postgres_shape;
struct qni_postgres_shape {
    PGresult *description; /* owned; its columns' names are the statement's */
    qni_postgres_column *columns;
    int column_count;
    bool binary;   /* the format to ask for: every column has a reader for it */
    char *scratch; /* (scratch_capacity) texts of a row */
    int64_t scratch_capacity;
};

/* The kind of a type; asks the server about one that is not built in and not known yet, so nothing may be under way.
 * Errors: QN_NOMEM, those of the server. */
qn_status qni_postgres_kind_of(qni_postgres_kind *out, qni_postgres *p, Oid oid, qn_error *err);

/* Takes over a description (also on failure), and what it says of the columns. Asks the server about types that it does
 * not know. */
qn_status qni_postgres_shape_new(qni_postgres_shape *out, qni_postgres *p, PGresult *description, qn_error *err);
void qni_postgres_shape_free(qni_postgres_shape *shape, const qni_postgres *p);

/* Whether a result with rows has these columns: FETCH and EXECUTE may give others each time they run. */
bool qni_postgres_shape_fits(const qni_postgres_shape *shape, const qni_libpq *pq, const PGresult *result);

/* Looks at a row of a result in the shape's format, before its values are asked for. Errors: QN_DATA (not what such a
 * column can hold), QN_LIMIT (a timestamp beyond 64 bits), QN_NOMEM. */
qn_status qni_postgres_row(qni_postgres_shape *shape, const qni_postgres *p, const PGresult *result, int row,
                           qn_error *err);

/* A value of that row. Its bytes are borrowed from the result, or until the next row is looked at. */
qn_value qni_postgres_value(const qni_postgres_shape *shape, const qni_libpq *pq, const PGresult *result, int row,
                            int column);

/* Appends all rows of a result. Errors: as qni_postgres_row, qni_db_put. */
qn_status qni_postgres_append(qn_table *table, qni_postgres_shape *shape, const qni_postgres *p, const PGresult *result,
                              qn_error *err);

/* Rows that a command changed, from its result. */
int64_t qni_postgres_changed(const qni_libpq *pq, PGresult *result);

/* ---- many rows in: postgres_copy.c ---- */

qn_status qni_postgres_insert(qn_db *db, const char *into, const qn_table *table, qn_error *err);

#endif
