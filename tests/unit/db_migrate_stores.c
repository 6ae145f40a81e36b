/* The stores of db_migrate.h. */
#include "unit/db_migrate.h"

#include "harness/duckdb.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"SQLite", "SQLite in memory", "PostgreSQL", "DuckDB"};
static char folder[64];

const char *in_folder(const char *name)
{
    static char paths[8][400];
    static int next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void empty_folder(void)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            (void)remove(in_folder(entry->d_name));
    if (dir != NULL)
        (void)closedir(dir);
}

int make_stores(void **state)
{
    (void)state;
    /* In memory where that can be: a process that is killed does not lose what the disk has not. */
    (void)snprintf(folder, sizeof folder, "%s/quern-migrate-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

int remove_stores(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

static bool is_here(store_kind kind)
{
    if (kind == POSTGRES)
        return getenv("QUERN_TEST_POSTGRES") != NULL && qn_has("postgres");
    return kind == DUCKDB ? test_duckdb_load() : qn_has("sqlite");
}

bool store_is_here(store_kind kind)
{
    static bool told[STORE_KINDS], here[STORE_KINDS];
    if (told[kind])
        return here[kind];
    here[kind] = is_here(kind);
    if (!here[kind] && kind != DUCKDB) /* of which test_duckdb_load has spoken */
        (void)fprintf(stderr, "SKIP %s is not here: migrations are NOT tested on it\n", names[kind]);
    told[kind] = true;
    return here[kind];
}

qn_db *open_store(store_kind kind, const qn_db_options *options)
{
    char url[600];
    qn_error err = qn_error_none();
    qn_db *db;
    if (kind == MEMORY)
        (void)snprintf(url, sizeof url, "memory:");
    else if (kind == POSTGRES)
        (void)snprintf(url, sizeof url, "%s", getenv("QUERN_TEST_POSTGRES"));
    else if (kind == SQLITE) /* a process that is killed leaves to the system what it has written */
        (void)snprintf(url, sizeof url, "sqlite:%s?synchronous=off", in_folder("store.db"));
    else
        (void)snprintf(url, sizeof url, "duckdb:%s?threads=1", in_folder("store.duckdb"));
    assert_ok(qn_db_open(&db, url, options, &err), &err);
    if (kind == POSTGRES)
        run(db, "SET search_path = store");
    return db;
}

qn_db *fresh_store(store_kind kind)
{
    empty_folder();
    qn_db *db = open_store(kind, NULL);
    if (kind == POSTGRES)
        run(db, "DROP SCHEMA IF EXISTS store CASCADE; CREATE SCHEMA store");
    return db;
}

void run(qn_db *db, const char *sql)
{
    qn_error err = qn_error_none();
    assert_ok(qn_db_script(db, sql, &err), &err);
}

int64_t number(qn_db *db, const char *sql)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    bool more;
    assert_ok(qn_db_query(&rows, db, sql, NULL, 0, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    assert_true(more);
    qn_value value = qn_rows_value(rows, 0);
    qn_rows_close(rows);
    assert_true(value.type == QN_VALUE_I64 || value.type == QN_VALUE_BOOL);
    return value.i64;
}

char *text_of(qn_db *db, const char *sql)
{
    qn_error err = qn_error_none();
    qn_rows *rows;
    bool more = true;
    char *text = calloc(1, 1);
    size_t size = 0;
    assert_ok(qn_db_query(&rows, db, sql, NULL, 0, &err), &err);
    for (;;) {
        assert_ok(qn_rows_next(&more, rows, &err), &err);
        if (!more)
            break;
        qn_value value = qn_rows_value(rows, 0);
        text = realloc(text, size + (size_t)value.size + 2);
        assert_non_null(text);
        memcpy(text + size, value.bytes != NULL ? value.bytes : "", (size_t)value.size);
        size += (size_t)value.size;
        memcpy(text + size++, "|", 2);
    }
    qn_rows_close(rows);
    return text;
}

bool has_table(qn_db *db, const char *name)
{
    const char *sql =
        strcmp(qn_db_kind(db), "duckdb") == 0 || strcmp(qn_db_kind(db), "postgres") == 0
            ? "SELECT count(*) FROM information_schema.tables WHERE table_schema IN ('store', 'main') AND "
              "table_name = $1"
            : "SELECT count(*) FROM sqlite_master WHERE name = $1";
    const qn_value key = qn_value_text(name, -1);
    qn_error err = qn_error_none();
    qn_rows *rows;
    bool more;
    assert_ok(qn_db_query(&rows, db, sql, &key, 1, &err), &err);
    assert_ok(qn_rows_next(&more, rows, &err), &err);
    int64_t count = qn_rows_value(rows, 0).i64;
    qn_rows_close(rows);
    return count != 0;
}

char *schema_of(qn_db *db, store_kind kind)
{
    if (kind == SQLITE || kind == MEMORY)
        return text_of(db, "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master "
                           "WHERE tbl_name <> 'quern_migrations' ORDER BY 1");
    if (kind == DUCKDB)
        return text_of(db,
                       "SELECT sql FROM duckdb_tables() WHERE table_name <> 'quern_migrations' UNION ALL "
                       "SELECT sql FROM duckdb_views() WHERE NOT internal UNION ALL SELECT sql FROM duckdb_indexes() "
                       "ORDER BY 1");
    return text_of(db, "SELECT relname || ' ' || relkind::text || ' ' || coalesce(string_agg(attname || ' ' || "
                       "atttypid::regtype::text || attnotnull::text, ',' ORDER BY attnum), '') FROM pg_class c "
                       "LEFT JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped "
                       "WHERE relnamespace = 'store'::regnamespace AND relname NOT LIKE 'quern_migrations%' "
                       "GROUP BY c.oid, relname, relkind ORDER BY 1");
}

qn_migrations *list_of(const qn_migration *items, int64_t count)
{
    qn_error err = qn_error_none();
    qn_migrations *list;
    assert_ok(qn_migrations_new(&list, items, count, NULL, &err), &err);
    return list;
}
