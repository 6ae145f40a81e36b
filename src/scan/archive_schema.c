/* scan/archive_schema.c: the archive's tables. Days are days since 1970-01-01, times microseconds since then, in UTC;
 * a number that is not known is NULL. What a block holds, archive_block.h and the layouts tell. */
#include "scan/archive_int.h"

#include <quern/migrate.h>

#include <stddef.h>

/* No text of these is ever changed: what is new is a further one. */
static const qn_migration migrations[] = {
    {.number = 1,
     .name = "archive",
     .up = "CREATE TABLE source (\n"
           "    id INTEGER PRIMARY KEY,\n"
           "    digest BLOB NOT NULL,\n"  /* BLAKE2b-256 of the content, inflated */
           "    reading TEXT NOT NULL,\n" /* what was said of how to read it; '' as a rule */
           "    kind TEXT NOT NULL,\n"
           "    path TEXT NOT NULL,\n"
           "    size INTEGER NOT NULL,\n"
           "    imported_at_us INTEGER NOT NULL,\n"
           "    row_count INTEGER NOT NULL,\n"
           "    snapshot_count INTEGER NOT NULL,\n"
           "    ticker_count INTEGER NOT NULL,\n"
           "    ticker TEXT NOT NULL,\n"
           "    as_of_us INTEGER NOT NULL,\n"
           "    UNIQUE (digest, reading)\n"
           ");\n"
           "CREATE TABLE chain (\n"
           "    id INTEGER PRIMARY KEY,\n"
           "    ticker TEXT NOT NULL,\n"
           "    as_of_us INTEGER NOT NULL,\n"
           "    as_of_inferred INTEGER NOT NULL,\n"
           "    spot REAL,\n"
           "    format TEXT NOT NULL,\n"
           "    source TEXT NOT NULL,\n" /* the file's name */
           "    quote_count INTEGER NOT NULL,\n"
           "    classes TEXT NOT NULL,\n"  /* quotes of each class, in their order */
           "    warnings TEXT NOT NULL,\n" /* one a line */
           "    source_id INTEGER NOT NULL REFERENCES source (id),\n"
           "    UNIQUE (ticker, as_of_us)\n"
           ");\n"
           "CREATE TABLE chain_expiry (\n"
           "    chain_id INTEGER NOT NULL REFERENCES chain (id) ON DELETE CASCADE,\n"
           "    expiry INTEGER NOT NULL,\n"
           "    settlement INTEGER NOT NULL,\n"
           "    quote_count INTEGER NOT NULL,\n"
           "    block BLOB NOT NULL,\n"
           "    UNIQUE (chain_id, expiry, settlement)\n"
           ");\n"
           "CREATE TABLE price (\n"
           "    ticker TEXT PRIMARY KEY,\n"
           "    first_day INTEGER NOT NULL,\n"
           "    last_day INTEGER NOT NULL,\n"
           "    day_count INTEGER NOT NULL,\n"
           "    block BLOB NOT NULL\n"
           ");\n"
           "CREATE TABLE price_source (\n" /* days that are from each file */
           "    ticker TEXT NOT NULL,\n"
           "    source_id INTEGER NOT NULL REFERENCES source (id),\n"
           "    day_count INTEGER NOT NULL,\n"
           "    PRIMARY KEY (ticker, source_id)\n"
           ") WITHOUT ROWID;\n"
           "CREATE TABLE report (\n"
           "    ticker TEXT NOT NULL,\n"
           "    day INTEGER NOT NULL,\n"
           "    timing INTEGER NOT NULL,\n"
           "    fiscal_end INTEGER,\n"
           "    eps REAL,\n"
           "    estimate REAL,\n"
           "    line INTEGER NOT NULL,\n"
           "    source_id INTEGER NOT NULL REFERENCES source (id),\n"
           "    PRIMARY KEY (ticker, day)\n"
           ") WITHOUT ROWID;\n"
           "CREATE TABLE sector (\n"
           "    ticker TEXT PRIMARY KEY,\n"
           "    sector TEXT NOT NULL,\n"
           "    source_id INTEGER NOT NULL REFERENCES source (id)\n"
           ") WITHOUT ROWID;\n"},
};

qn_status qni_archive_schema(qn_db *db, const qn_allocator *allocator, qn_error *err)
{
    qn_migrations *list;
    qn_status s = qn_db_execute(NULL, db, "PRAGMA page_size = " QNI_ARCHIVE_PAGE, NULL, 0, err); /* of a new file */
    if (s == QN_OK)
        s = qn_migrations_new(&list, migrations, (int64_t)(sizeof migrations / sizeof migrations[0]), allocator, err);
    if (s != QN_OK)
        return s;
    s = qn_migrate(NULL, db, list, -1, NULL, err);
    qn_migrations_free(list);
    return s;
}
