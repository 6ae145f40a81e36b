/* store/migrate_journal.c: the table quern_migrations, and what differs between databases. */
#include "store/migrate_int.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SQL_SIZE = QNI_JOURNAL_NAME_SIZE + 256
};

static const char find_in_sqlite[] = "SELECT 'main.quern_migrations', count(*) FROM main.sqlite_master WHERE type = "
                                     "'table' AND name = 'quern_migrations'";

/* With the schema in which it is, or would be made: a migration may change search_path. */
static const char find_in_postgres[] =
    "SELECT quote_ident(coalesce(n.nspname, current_schema())) || '.quern_migrations', count(c.oid) "
    "FROM (SELECT to_regclass('quern_migrations') AS oid) j LEFT JOIN pg_catalog.pg_class c ON c.oid = j.oid "
    "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace GROUP BY n.nspname";

static const char find_in_duckdb[] =
    "SELECT '\"' || replace(current_database(), '\"', '\"\"') || '\".\"' || replace(current_schema(), '\"', '\"\"') || "
    "'\".quern_migrations', count(*) FROM information_schema.tables WHERE table_catalog = current_database() AND "
    "table_schema = current_schema() AND table_name = 'quern_migrations'";

static const qni_dialect dialects[] = {
    {.kind = "sqlite", .sqlite = true, .find = find_in_sqlite, .time = "TIMESTAMP"},
    {.kind = "memory", .sqlite = true, .find = find_in_sqlite, .time = "TIMESTAMP"},
    {.kind = "postgres", .server = true, .find = find_in_postgres, .time = "TIMESTAMP WITH TIME ZONE"},
    {.kind = "duckdb", .optimistic = true, .find = find_in_duckdb, .time = "TIMESTAMP"},
};

const qni_dialect *qni_dialect_of(const qn_db *db)
{
    const char *kind = qn_db_kind(db);
    size_t i = 0;
    while (i < sizeof dialects / sizeof dialects[0] - 1 && strcmp(dialects[i].kind, kind) != 0)
        i++;
    assert(strcmp(dialects[i].kind, kind) == 0);
    return &dialects[i];
}

/* As much of a value's text as fits. */
static void copy_text(char *out, int64_t capacity, qn_value value)
{
    int64_t size = value.bytes != NULL ? value.size : 0;
    if (size > capacity - 1)
        size = capacity - 1;
    if (size > 0)
        memcpy(out, value.bytes, (size_t)size);
    out[size] = '\0';
}

static qn_status find_table(qni_journal *journal, qn_db *db, qn_error *err)
{
    qn_rows *rows;
    bool more = false;
    qn_status s = qn_db_query(&rows, db, qni_dialect_of(db)->find, NULL, 0, err);
    if (s != QN_OK)
        return s;
    s = qn_rows_next(&more, rows, err);
    if (s == QN_OK && more) {
        qn_value table = qn_rows_value(rows, 0);
        journal->present = qn_rows_value(rows, 1).i64 != 0;
        copy_text(journal->table, sizeof journal->table, table);
        if (table.type == QN_VALUE_NULL)
            s = qni_error(err, QN_NAME, "%s: search_path names no schema that is there", qn_db_url(db));
        else if (table.size >= (int64_t)sizeof journal->table)
            s = qni_error(err, QN_LIMIT, "%s: the name of its schema is too long", qn_db_url(db));
    }
    qn_rows_close(rows);
    return s;
}

static qn_status read_row(qni_journal *journal, qn_rows *rows, qn_error *err)
{
    if (!qni_grow(journal->allocator, (void **)&journal->rows, &journal->capacity, journal->count + 1,
                  (int64_t)sizeof *journal->rows))
        return qni_refused(err, journal->allocator, 0, "the journal of migrations");
    qni_journal_row *row = &journal->rows[journal->count++];
    row->number = qn_rows_value(rows, 0).i64;
    copy_text(row->name, sizeof row->name, qn_rows_value(rows, 1));
    copy_text(row->checksum, sizeof row->checksum, qn_rows_value(rows, 2));
    qn_value time = qn_rows_value(rows, 3);
    row->applied_at = time.type == QN_VALUE_TIMESTAMP ? time.i64 : 0;
    return QN_OK;
}

qn_status qni_journal_read(qni_journal *out, qn_db *db, const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_journal){.allocator = allocator};
    qn_status s = find_table(out, db, err);
    if (s != QN_OK || !out->present)
        return s;
    char sql[SQL_SIZE];
    (void)snprintf(sql, sizeof sql, "SELECT number, name, checksum, applied_at FROM %s ORDER BY number", out->table);
    qn_rows *rows;
    bool more = true;
    s = qn_db_query(&rows, db, sql, NULL, 0, err);
    if (s != QN_OK)
        return s;
    while (s == QN_OK && more) {
        s = qn_rows_next(&more, rows, err);
        if (s == QN_OK && more)
            s = read_row(out, rows, err);
    }
    qn_rows_close(rows);
    return s;
}

void qni_journal_free(qni_journal *journal)
{
    qni_free(journal->allocator, journal->rows, journal->capacity, (int64_t)sizeof *journal->rows);
    *journal = (qni_journal){0};
}

qn_status qni_journal_add(const qni_journal *journal, qn_db *db, const qni_migration *migration, qn_error *err)
{
    char sql[SQL_SIZE];
    if (!journal->present) {
        (void)snprintf(
            sql, sizeof sql,
            "CREATE TABLE %s (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
            "applied_at %s NOT NULL, version TEXT NOT NULL)",
            journal->table, qni_dialect_of(db)->time);
        qn_status s = qn_db_execute(NULL, db, sql, NULL, 0, err);
        if (s != QN_OK)
            return s;
    }
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO %s (number, name, checksum, applied_at, version) VALUES ($1, $2, $3, $4, $5)",
                   journal->table);
    const qn_value row[] = {qn_value_i64(migration->shown.number), qn_value_text(migration->name, -1),
                            qn_value_text(migration->checksum, -1), qn_value_timestamp(qni_clock_wall_ns() / 1000),
                            qn_value_text(qn_version(), -1)};
    return qn_db_execute(NULL, db, sql, row, sizeof row / sizeof row[0], err);
}

qn_status qni_journal_remove(const qni_journal *journal, qn_db *db, int64_t number, qn_error *err)
{
    char sql[SQL_SIZE];
    (void)snprintf(sql, sizeof sql, "DELETE FROM %s WHERE number = $1", journal->table);
    const qn_value key = qn_value_i64(number);
    int64_t changed;
    qn_status s = qn_db_execute(&changed, db, sql, &key, 1, err);
    if (s == QN_OK && changed != 1)
        s = qni_error(err, QN_DATA, "its row of the journal is gone");
    return s;
}
