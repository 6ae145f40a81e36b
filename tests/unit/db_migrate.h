/* db_migrate.h: stores for the tests of migrations: SQLite's file, the process's memory, a server's schema, a DuckDB
 * file. What a test makes is gone before the next one. */
#ifndef QUERN_TEST_DB_MIGRATE_H
#define QUERN_TEST_DB_MIGRATE_H

#include "harness/harness.h"

#include <quern/migrate.h>

typedef enum store_kind {
    SQLITE,
    MEMORY,
    POSTGRES,
    DUCKDB,
    STORE_KINDS
} store_kind;

/* A group's set-up and end: a folder of its own. */
int make_stores(void **state);
int remove_stores(void **state);
const char *in_folder(const char *name); /* kept for some calls */

/* Whether the database is here; says loudly what is skipped where it is not. */
bool store_is_here(store_kind kind);
/* Makes the store empty, and connects to it. */
qn_db *fresh_store(store_kind kind);
/* Connects to it as it is. options NULL: the defaults. */
qn_db *open_store(store_kind kind, const qn_db_options *options);

/* ---- what must work ---- */

void run(qn_db *db, const char *sql);       /* a script */
int64_t number(qn_db *db, const char *sql); /* the first row's first column */
char *text_of(qn_db *db, const char *sql);  /* every row's first column, each ended by "|"; free it */
bool has_table(qn_db *db, const char *name);
/* Everything that the store has but the journal, as the database describes it; free it. */
char *schema_of(qn_db *db, store_kind kind);
qn_migrations *list_of(const qn_migration *items, int64_t count);
#define LIST(...)                                \
    list_of((const qn_migration[]){__VA_ARGS__}, \
            (int64_t)(sizeof((const qn_migration[]){__VA_ARGS__}) / sizeof(qn_migration)))

#endif
