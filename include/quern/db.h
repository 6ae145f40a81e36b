/* quern/db.h: tables kept in databases: SQLite, PostgreSQL, DuckDB and the process's own memory, all used alike.
 *
 *     qn_db *db;
 *     qn_db_open(&db, "sqlite:prices.db", NULL, &err);
 *     qn_value of[] = {qn_value_text("NVDA", -1)};
 *     qn_table *table;
 *     qn_db_query_table(&table, db, "SELECT day, close FROM prices WHERE ticker = $1", of, 1, &err);
 *
 * Caveats first:
 *  - A connection belongs to one thread at a time; qn_db_interrupt alone may be called from any. Threads share
 *    connections through a pool (quern/dbpool.h).
 *  - SQL goes to the database as it stands; each has its own dialect. Values are bound, never pasted in: $1, $2, …
 *    stand for the parameters in all of them, the same number anywhere for the same value (SQLite and DuckDB know ? as
 *    well).
 *  - A connection answers one query at a time: while its rows are open, every other call on it is QN_BUSY.
 *  - An error inside a transaction condemns the innermost scope: until that scope is left, every statement is
 *    refused, and leaving it rolls it back, whichever way it is left. A value that cannot be bound and rows that fit no
 *    table are such errors; what was refused because rows are open is none.
 *  - The libraries of the databases are opened on first use and take memory of their own, which no budget counts.
 *
 * URLs. Reserved characters are written %XX. What follows ? are options, name=value, joined by &.
 *    sqlite:PATH        a file, made where there is none. Options: mode=ro (only read; must exist), mode=frozen (the
 *                       same, and nobody else writes to it meanwhile: so it needs nothing beside it, also where its
 *                       folder cannot be written), mode=rw (must exist), mode=rwc (the default),
 *                       journal=wal|delete|truncate|persist (which is kept in the file; as it is where not given),
 *                       synchronous=off|normal|full|extra. Foreign keys are enforced; "x" is always a name, never a
 *                       text
 *    memory:            lives in the process and ends with its last connection: a database of its own for each call,
 *    memory:NAME        or one that all of this process's connections of that name share, of at most 2 GiB: while one
 *                       writes, the others wait to read. SQLite's dialect and ways
 *    duckdb:PATH        a file, made where there is none; duckdb: alone lives in memory. Options: mode=ro, and every
 *                       setting of DuckDB's own: threads=2, memory_limit=1GB. Extensions that are not there are
 *                       not fetched, but with autoinstall_known_extensions=true
 *    postgres://[USER[:PASSWORD]@][HOST][:PORT][/DATABASE], also postgresql://. What is not given comes from the
 *                       places where libpq looks (PGHOST, ~/.pgpass, …). Options: libpq's connection parameters
 *                       (host=/run/postgresql, sslmode=require, …)
 * A password is never part of a message. */
#ifndef QUERN_DB_H
#define QUERN_DB_H

#include <quern/base.h>
#include <quern/table.h>

QN_BEGIN_DECLS

/* ---- values ---- */

/* What a value is. Only ever appended to. What a database has beside these (times of day, intervals, JSON, arrays,
 * UUIDs …) comes as TEXT in its own notation, and an infinite date or timestamp as the TEXT "infinity" or "-infinity",
 * whatever its column's type; where DuckDB's interface cannot hand one out (BIGNUM; what is nested,
 * UUIDs and bits before 1.4) the query is QN_DATA, and a CAST to VARCHAR in it helps. */
typedef enum qn_value_type {
    QN_VALUE_NULL = 0,
    QN_VALUE_BOOL = 1,      /* i64: 0 or 1. SQLite: a column declared BOOLEAN or BOOL that holds 0 or 1 */
    QN_VALUE_I64 = 2,       /* i64 */
    QN_VALUE_F64 = 3,       /* f64. SQLite keeps a NaN as NULL */
    QN_VALUE_TEXT = 4,      /* bytes, size: UTF-8. What SQLite holds as text and is not UTF-8 comes as BYTES */
    QN_VALUE_BYTES = 5,     /* bytes, size */
    QN_VALUE_DATE = 6,      /* i64: days since 1970-01-01. SQLite: a column declared DATE that holds YYYY-MM-DD */
    QN_VALUE_TIMESTAMP = 7, /* i64: microseconds since 1970-01-01T00:00:00Z. SQLite: declared TIMESTAMP or DATETIME */
    QN_VALUE_DECIMAL = 8,   /* bytes, size: a number in decimal digits, exact, as "12.50": NUMERIC, and whole numbers
                               beyond 64 bits. SQLite has none: one that is bound becomes text */
    QN_VALUE_LITERAL = 9,   /* bound only; bytes, size: what a person typed. The database decides what it is, by the
                               place where it stands or, where it does not look at that, by how it looks */
} qn_value_type;

/* A value. Fields that its type does not use are 0. The bytes of one that is bound are borrowed during the call. */
typedef struct qn_value {
    qn_value_type type;
    int64_t i64;       /* a whole or a truth value, days, microseconds */
    double f64;        /* a number */
    const char *bytes; /* (size) of one that was read: zero-terminated as well */
    int64_t size;      /* bytes */
} qn_value;

/* Values to bind; dates are days and times microseconds since 1970-01-01T00:00:00Z, a decimal is its digits. text,
 * decimal and literal: size -1 means up to the terminating zero. A text with a zero byte inside
 * is refused when it is bound, for not every database can hold it; bytes may have any. */
QN_API qn_value qn_value_null(void);
QN_API qn_value qn_value_bool(bool value);
QN_API qn_value qn_value_i64(int64_t value);
QN_API qn_value qn_value_f64(double value);
QN_API qn_value qn_value_text(const char *text, int64_t size);
QN_API qn_value qn_value_bytes(const void *bytes, int64_t size);
QN_API qn_value qn_value_date(int64_t days);
QN_API qn_value qn_value_timestamp(int64_t microseconds);
QN_API qn_value qn_value_decimal(const char *digits, int64_t size);
QN_API qn_value qn_value_literal(const char *text, int64_t size);

/* ---- connections ---- */

typedef struct qn_db qn_db;

/* How to connect. Zero or NULL in a field means its default. */
typedef struct qn_db_options {
    int64_t size;                  /* sizeof(qn_db_options) */
    int64_t connect_timeout_ms;    /* for a server to answer; 0: 10000. Looking up a host's name is not counted */
    int64_t busy_timeout_ms;       /* to wait for what another connection has locked; 0: 5000, -1: not at all */
    int64_t statement_timeout_ms;  /* a statement that takes longer is QN_TIMEOUT; 0: any time */
    int64_t statement_count;       /* texts that are kept prepared, the last used ones; 0: 64 */
    bool read_only;                /* nothing can be changed; a file must exist */
    const char *application;       /* what a server shows this connection as; NULL: "quern". Borrowed during the call */
    const qn_allocator *allocator; /* NULL: the default. Borrowed, must outlive the connection and its tables */
    const char *password;          /* for the server, in place of any in the URL; NULL: the URL's. Borrowed during the
                                      call, in no message; QN_INVALID where a URL's kind of database has none */
} qn_db_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_db_options_init(qn_db_options *out, int64_t size);

/* Connects. Errors: QN_INVALID (a URL that cannot be, with the place in it), QN_NO_INPUT (no such file or folder),
 * QN_PERMISSION (the file's mode, a wrong password), QN_DATA (the file is no database of that kind, or a newer one),
 * QN_BUSY (another process keeps it locked), QN_UNAVAILABLE (its library is not here; no server answers), QN_TIMEOUT,
 * QN_LIMIT (the server takes no more connections), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_db_open(qn_db **out, const char *url, const qn_db_options *options, qn_error *err);

/* Rolls back what is not committed and disconnects. Rows must have been closed before. NULL is fine. */
QN_API void qn_db_close(qn_db *db);

/* "sqlite", "memory", "duckdb" or "postgres"; static. */
QN_API const char *qn_db_kind(const qn_db *db);
/* The URL without its password: what messages call the connection. Borrowed. */
QN_API const char *qn_db_url(const qn_db *db);

/* What not every database can do. Only ever appended to. */
typedef enum qn_db_feature {
    QN_DB_SAVEPOINTS = 0,   /* a failed inner scope leaves the outer one whole; DuckDB has to roll back both */
    QN_DB_MANY_WRITERS = 1, /* several connections can be inside QN_DB_WRITE transactions at once */
} qn_db_feature;
QN_API bool qn_db_can(const qn_db *db, qn_db_feature feature);

/* Whether the connection was lost, or left in a state that nobody knows: it can only be closed. */
QN_API bool qn_db_is_broken(const qn_db *db);

/* Asks the database whether it is there, by the cheapest way it has. Errors: as qn_db_execute. */
QN_API QN_MUST_USE qn_status qn_db_ping(qn_db *db, qn_error *err);

/* Ends what runs on the connection, if anything does: that call then fails with QN_INTERRUPTED. Any thread, as long as
 * the connection is open. */
QN_API void qn_db_interrupt(qn_db *db);

/* ---- statements ---- */

/* Errors of all that runs SQL. The message holds the database's own text, err->native its own code: SQLite's extended
 * result code, DuckDB's error type, for PostgreSQL the SQLSTATE as qn_sqlstate_pack packs it.
 *    QN_SYNTAX       the SQL is wrong; err->column is the place where the database tells it, in bytes from the
 *                    beginning, or of the line err->line where that is not 0
 *    QN_NAME         no such table, column, function …
 *    QN_DATA         a constraint, a type or a value does not fit; the scope has failed before
 *    QN_PERMISSION   not allowed, or read-only
 *    QN_BUSY         locked by another, a deadlock, a conflict between transactions: trying again may help. Or rows are
 *                    open on this connection
 *    QN_TIMEOUT      statement_timeout_ms has passed
 *    QN_INTERRUPTED  qn_db_interrupt was called
 *    QN_IO           the disk is full or failed
 *    QN_LIMIT        larger than the database can hold: a value, a key, a result
 *    QN_CLOSED       the connection is broken. Whether a statement that was under way has taken effect is not known
 *    QN_INVALID      more or fewer values than parameters; a value that cannot be bound; more than one statement
 *    QN_NOMEM        memory ended, here or there */

/* Runs one statement to its end; rows that it gives are dropped. Its text is prepared once a connection.
 * params (param_count). *changed (may be NULL): rows inserted, updated or deleted; 0 for other statements. */
QN_API QN_MUST_USE qn_status qn_db_execute(int64_t *changed, qn_db *db, const char *sql, const qn_value *params,
                                           int64_t param_count, qn_error *err);

/* Runs a text of any number of statements without parameters, one after another; the first error ends it. Outside a
 * transaction those before it may have taken effect. */
QN_API QN_MUST_USE qn_status qn_db_script(qn_db *db, const char *sql, qn_error *err);

/* Five characters and a zero from what PostgreSQL's errors carry in err->native; and back. "" and 0: none. */
QN_API void qn_sqlstate_text(char out[6], int native);
QN_API int qn_sqlstate_pack(const char *sqlstate);

/* ---- rows ---- */

/* What a query gives, as it arrives: memory holds a few rows, however many there are. */
typedef struct qn_rows qn_rows;

/* Starts a query with the values params (param_count). Close what it gives; the connection stays busy until then, or
 * until the last row was passed. An error may come with the rows as well as at the start. */
QN_API QN_MUST_USE qn_status qn_db_query(qn_rows **out, qn_db *db, const char *sql, const qn_value *params,
                                         int64_t param_count, qn_error *err);

QN_API int64_t qn_rows_column_count(const qn_rows *rows);                      /* 0: the statement gives no rows */
QN_API const char *qn_rows_column_name(const qn_rows *rows, int64_t column);   /* borrowed until closed */
QN_API qn_value_type qn_rows_column_type(const qn_rows *rows, int64_t column); /* NULL: each row may say another */

/* Goes to the next row; *more is false after the last. */
QN_API QN_MUST_USE qn_status qn_rows_next(bool *more, qn_rows *rows, qn_error *err);

/* A value of the row. Its bytes are borrowed until the next call on the rows. */
QN_API qn_value qn_rows_value(qn_rows *rows, int64_t column);

/* Reads up to `max_rows` further rows (-1: all that are left) into a table; *out is NULL when none is left, but for the
 * first read, which gives a table without rows. Types: BOOL, I64, F64, DATE, TIMESTAMP and TEXT become the table's own;
 * DECIMAL the nearest double; columns with nothing but NULL are f64. Where rows may differ in type (SQLite), the first
 * value decides; whole numbers among numbers become f64. Errors: those above; QN_DATA (with row and column: a value of
 * another type than those before it, bytes, text with a zero byte, a date beyond the years 1 to 9999; two columns
 * of one name), QN_LIMIT. After an error the rows can only be closed. */
QN_API QN_MUST_USE qn_status qn_rows_read(qn_table **out, qn_rows *rows, int64_t max_rows, qn_error *err);

/* Rows that the statement changed, once all rows were passed. */
QN_API int64_t qn_rows_changed(const qn_rows *rows);

/* Ends the query, whether all rows were read or not. NULL is fine. */
QN_API void qn_rows_close(qn_rows *rows);

/* A whole result, with the values params (param_count), as one table; its source is the connection's URL. */
QN_API QN_MUST_USE qn_status qn_db_query_table(qn_table **out, qn_db *db, const char *sql, const qn_value *params,
                                               int64_t param_count, qn_error *err);

/* ---- many rows in ---- */

/* Inserts all rows of `table` into the database's table `into` ("prices", or "market.prices" with its schema; neither
 * is SQL, both are quoted), all or none, by the fastest way there is: COPY, an appender, one transaction. Columns are
 * matched by their names; those that the table lacks get their defaults. Missing values become NULL. Errors: those
 * above; QN_NAME (no such table, no such column), QN_DATA (with the row where the database tells it). */
QN_API QN_MUST_USE qn_status qn_db_insert(qn_db *db, const char *into, const qn_table *table, qn_error *err);

/* ---- transactions ---- */

/* Only ever appended to. */
typedef enum qn_db_mode {
    QN_DB_WRITE = 0, /* SQLite takes the lock for writing at once: it never fails in the middle for want of it */
    QN_DB_READ = 1,  /* sees one state of the data throughout; cannot change anything */
} qn_db_mode;

/* Opens a scope: the first is a transaction, one inside another a savepoint (its mode counts for nothing, but writing
 * inside reading is QN_INVALID). Errors: as above; QN_LIMIT (more than 64 scopes). */
QN_API QN_MUST_USE qn_status qn_db_begin(qn_db *db, qn_db_mode mode, qn_error *err);

/* Leaves the innermost scope and keeps what was done in it. Where an error happened in it, it is rolled back instead,
 * and that error's status and sentence come back. Where committing fails it is rolled back as well: the scope is left
 * in every case but one, QN_BUSY for rows that are open. Errors: as above; QN_INVALID (there is none). */
QN_API QN_MUST_USE qn_status qn_db_commit(qn_db *db, qn_error *err);

/* Leaves the innermost scope and undoes what was done in it. Without one, nothing happens. A connection on which this
 * fails is broken. */
QN_API void qn_db_rollback(qn_db *db);

/* Scopes open: 0 outside. */
QN_API int64_t qn_db_depth(const qn_db *db);

/* Opens a scope, runs body(user), and leaves the scope: committed where it returned QN_OK, else rolled back. Scopes
 * and rows that the body left open are ended and all of it rolled back, which is QN_INVALID. Returns what the body or
 * the commit returned. */
QN_API QN_MUST_USE qn_status qn_db_transact(qn_db *db, qn_db_mode mode,
                                            qn_status (*body)(void *user, qn_db *db, qn_error *err), void *user,
                                            qn_error *err);

QN_END_DECLS
#endif
