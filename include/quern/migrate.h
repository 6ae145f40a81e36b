/* quern/migrate.h: a store's schema as it changes: numbered texts of SQL, each applied once, in order, in a transaction
 * of its own.
 *
 *     qn_migrations *m;
 *     qn_migrations_read(&m, "migrations", NULL, &err);
 *     qn_migrate(NULL, db, m, -1, NULL, &err);
 *
 * Caveats first:
 *  - What was applied is history: a migration is never edited, renumbered or taken away afterwards. What is wrong in it
 *    is put right by a further one. A store whose history differs from the list is refused before anything is done.
 *  - A migration is one transaction. Text that begins or ends one itself (BEGIN, COMMIT, ROLLBACK …) is refused, and
 *    what a database cannot do inside a transaction (VACUUM, CREATE INDEX CONCURRENTLY) cannot be part of one.
 *  - Undoing runs the down text of the list, which nothing has checked against what the up text did.
 *  - A list may be used by any threads at once; a report, like a connection, belongs to one thread at a time.
 *  - What SET changes on PostgreSQL outlives the migration on the same connection, but for search_path, which is put
 *    back. SET LOCAL ends with it.
 *
 * The journal is a table of the store, quern_migrations: number, name, checksum (BLAKE2b-256 of the up text, a carriage
 * return before a line feed not counted), applied_at (UTC), version (of Quern). The first migration that is applied
 * makes it, in its own transaction. On PostgreSQL it lies in the first schema of search_path that has one, or else in
 * the one where tables are made.
 *
 * However many processes begin at once, each migration is applied by one of them; the others wait and find it done. A
 * process that dies in the middle of one leaves the store as it was before that one. */
#ifndef QUERN_MIGRATE_H
#define QUERN_MIGRATE_H

#include <quern/base.h>
#include <quern/db.h>

QN_BEGIN_DECLS

/* ---- lists ---- */

/* One step. Its texts are zero-terminated UTF-8. */
typedef struct qn_migration {
    int64_t number;   /* 1 … 999999999999999999. Gaps are fine: dates may serve as numbers */
    const char *name; /* letters, digits, _ and -, 1 to 128 of them */
    const char *up;   /* SQL: any number of statements */
    const char *down; /* undoes it; NULL: it cannot be undone. Without a statement: nothing has to be done */
} qn_migration;

/* Migrations in ascending order. Immutable. */
typedef struct qn_migrations qn_migrations;

/* Makes a list of items (item_count, in any order), which are copied. Errors: QN_INVALID (a number or a name that
 * cannot be, two of one number, text that is not UTF-8), QN_LIMIT, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_migrations_new(qn_migrations **out, const qn_migration *items, int64_t item_count,
                                               const qn_allocator *allocator, qn_error *err);

/* Reads a folder: NUMBER_NAME.sql is a migration, NUMBER_NAME.down.sql undoes it; leading zeros count for nothing.
 * Names that do not end in .sql, or begin with a dot, are passed over. Errors, with the file's name: QN_NO_INPUT (no
 * such folder, none in it), QN_PERMISSION, QN_IO, QN_DATA (.sql with another name, two of one number, a down without
 * its up, not UTF-8, zero bytes), QN_LIMIT (a file of more than 16 MiB, more than 100000 migrations), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_migrations_read(qn_migrations **out, const char *folder, const qn_allocator *allocator,
                                                qn_error *err);

/* How many there are, and one of them, borrowed from the list; index from 0. */
QN_API int64_t qn_migrations_count(const qn_migrations *migrations);
QN_API const qn_migration *qn_migrations_at(const qn_migrations *migrations, int64_t index);
QN_API void qn_migrations_free(qn_migrations *migrations); /* NULL is fine */

/* ---- what a store is at ---- */

/* Only ever appended to. */
typedef enum qn_migration_state {
    QN_MIGRATION_PENDING = 0, /* to be applied */
    QN_MIGRATION_APPLIED = 1, /* as it stands in the list */
    QN_MIGRATION_CHANGED = 2, /* applied, and its text is another now: refused */
    QN_MIGRATION_MISSING = 3, /* applied, and not in the list: refused */
    QN_MIGRATION_NEWER = 4,   /* the same, and above all in the list: a newer version made the store. Refused */
    QN_MIGRATION_LATE = 5,    /* not applied, although one above it is: refused, for stores would differ by the order */
} qn_migration_state;

/* "pending", "applied" …; static. */
QN_API const char *qn_migration_state_name(qn_migration_state state);

/* What is known of one number. */
typedef struct qn_migration_entry {
    int64_t number;           /* the list's, the journal's or both's */
    const char *name;         /* the list's; the journal's where the list has none. Borrowed from the report */
    qn_migration_state state; /* what the two say together */
    bool can_roll_back;       /* the list has a down text */
    int64_t applied_at;       /* microseconds since 1970-01-01T00:00:00Z; 0: not applied */
} qn_migration_entry;

/* List and journal side by side, ascending. */
typedef struct qn_migrate_report qn_migrate_report;

/* Compares; changes nothing, and needs no journal. Nothing of the list is kept. Errors: as qn_db_query. */
QN_API QN_MUST_USE qn_status qn_migrate_status(qn_migrate_report **out, qn_db *db, const qn_migrations *migrations,
                                               qn_error *err);
/* How many entries there are, and one of them, borrowed from the report; index from 0. */
QN_API int64_t qn_migrate_report_count(const qn_migrate_report *report);
QN_API const qn_migration_entry *qn_migrate_report_at(const qn_migrate_report *report, int64_t index);
/* The highest number applied; 0: none. */
QN_API int64_t qn_migrate_report_highest(const qn_migrate_report *report);
QN_API void qn_migrate_report_free(qn_migrate_report *report); /* NULL is fine */

/* ---- changing it ---- */

/* How to go about it. Zero or NULL in a field means its default. */
typedef struct qn_migrate_options {
    int64_t size;            /* sizeof(qn_migrate_options) */
    int64_t lock_timeout_ms; /* to wait while others migrate; 0: 60000, -1: not at all. SQLite, which waits for locks by
                                itself, may add the connection's busy_timeout_ms */
    void (*done)(void *user, const qn_migration *migration); /* after each, once it is on the disk. May be NULL */
    void *user;                                              /* for `done` */
} qn_migrate_options;
QN_API void qn_migrate_options_init(qn_migrate_options *out, int64_t size); /* size: sizeof(qn_migrate_options) */

/* Applies what is pending, lowest number first, up to the number `to`, which the list must have (-1: all).
 * *count (may be NULL): those that this call applied; on failure too, for they stay. The connection must be outside
 * transactions. Errors, with file and line of the SQL where they are known: those of db.h; QN_DATA (the store's history
 * and the list differ, or a text is empty or ends its transaction: nothing was done), QN_INVALID (no such number; the
 * store is above it), QN_BUSY (others still migrate). */
QN_API QN_MUST_USE qn_status qn_migrate(int64_t *count, qn_db *db, const qn_migrations *migrations, int64_t to,
                                        const qn_migrate_options *options, qn_error *err);

/* Undoes what is applied above the number `to`, highest first: 0 undoes all, -1 the highest alone. Each in a
 * transaction with its row of the journal. *count as above. Errors: as qn_migrate; QN_DATA, too, where one of them has
 * no down text: nothing was done. */
QN_API QN_MUST_USE qn_status qn_migrate_rollback(int64_t *count, qn_db *db, const qn_migrations *migrations, int64_t to,
                                                 const qn_migrate_options *options, qn_error *err);

QN_END_DECLS
#endif
