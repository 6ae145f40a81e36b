/* store/migrate_int.h: what the files of migrations share.
 *
 *    migrate_list.c     lists, from memory or from a folder
 *    migrate_scan.c     a text of SQL as its statements, as far as a migration needs to know
 *    migrate_journal.c  the table quern_migrations, and what differs between databases
 *    migrate_report.c   list and journal side by side; what is refused
 *    migrate.c          applying and undoing
 *
 * They use connections as any program does: through quern/db.h. */
#ifndef QNI_STORE_MIGRATE_INT_H
#define QNI_STORE_MIGRATE_INT_H

#include "base/digest.h"
#include "store/limits.h"

#include <quern/migrate.h>

/* ---- lists ---- */

typedef struct qni_migration {
    qn_migration shown; /* what callers see; its texts are those below */
    char *name, *up, *down;
    char *up_file, *down_file; /* NULL: not from a file */
    char checksum[QNI_DIGEST_TEXT_SIZE];
} qni_migration;

struct qn_migrations {
    qni_migration *items; /* ascending by number */
    int64_t count, capacity;
    const qn_allocator *allocator;
};

/* NULL: the list has none of that number. */
const qni_migration *qni_migrations_find(const qn_migrations *migrations, int64_t number);

/* ---- texts ---- */

/* What a text of SQL holds. */
typedef struct qni_sql_summary {
    int64_t statement_count;
    int64_t control;      /* where the first statement begins that begins or ends a transaction; -1: none */
    int64_t control_size; /* bytes of its first word */
} qni_sql_summary;

/* Reads a text as the database does whose dialect it is. */
qni_sql_summary qni_sql_scan(const char *sql, bool sqlite);

/* The place of a byte: line and column, 1-based. */
void qni_sql_place(int64_t *line, int64_t *column, const char *sql, int64_t offset);

/* ---- the journal ---- */

enum {
    QNI_JOURNAL_NAME_SIZE = 512 /* bytes of the table's quoted name with its schema, and a zero */
};

typedef struct qni_journal_row {
    int64_t number;
    char name[QNI_MIGRATION_NAME_MAX + 1];
    char checksum[QNI_DIGEST_TEXT_SIZE];
    int64_t applied_at;
} qni_journal_row;

typedef struct qni_journal {
    char table[QNI_JOURNAL_NAME_SIZE];
    bool present;
    qni_journal_row *rows; /* ascending by number */
    int64_t count, capacity;
    const qn_allocator *allocator;
} qni_journal;

/* What a database needs that not all need. All texts static. */
typedef struct qni_dialect {
    const char *kind;
    bool sqlite;      /* texts are read as SQLite does */
    bool server;      /* PostgreSQL: a lock of its own, settings that outlive a transaction */
    bool optimistic;  /* two can apply the same one until one of them fails */
    const char *find; /* gives the journal's quoted name, and whether it is there */
    const char *time; /* the type of a point in time */
} qni_dialect;

const qni_dialect *qni_dialect_of(const qn_db *db);

/* Reads the journal as it is; one that is not there is empty. Free it, also after a failure. */
qn_status qni_journal_read(qni_journal *out, qn_db *db, const qn_allocator *allocator, qn_error *err);
void qni_journal_free(qni_journal *journal);

/* Writes and removes a row; makes the table where it is not there. Inside a transaction. */
qn_status qni_journal_add(const qni_journal *journal, qn_db *db, const qni_migration *migration, qn_error *err);
qn_status qni_journal_remove(const qni_journal *journal, qn_db *db, int64_t number, qn_error *err);

/* ---- reports ---- */

typedef struct qni_report_entry {
    qn_migration_entry shown;
    char name[QNI_MIGRATION_NAME_MAX + 1];
} qni_report_entry;

struct qn_migrate_report {
    qni_report_entry *entries; /* (count) ascending by number */
    int64_t count, capacity;
    int64_t highest;       /* applied */
    int64_t highest_known; /* in the list; 0: it is empty */
    const qn_allocator *allocator;
};

static inline bool qni_is_applied(qn_migration_state state)
{
    return state != QN_MIGRATION_PENDING && state != QN_MIGRATION_LATE;
}

qn_status qni_report_make(qn_migrate_report **out, const qn_migrations *migrations, const qni_journal *journal,
                          const qn_allocator *allocator, qn_error *err);

/* Refuses a store whose history differs from the list: QN_DATA. */
qn_status qni_report_check(const qn_migrate_report *report, const char *url, qn_error *err);

#endif
