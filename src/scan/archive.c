/* scan/archive.c: opening and closing the archive, and which chains it has; see archive.h and archive_int.h. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"
#include "scan/archive_int.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

const char *qn_source_name(qn_source source)
{
    switch (source) {
#define SOURCE_NAME(name, value, text) \
    case QN_SOURCE_##name:             \
        return text;
        QN_SOURCE_LIST(SOURCE_NAME)
#undef SOURCE_NAME
    }
    return "?";
}

void qn_import_options_init(qn_import_options *out, int64_t size)
{
    qni_options_init(out, size);
}

/* ---- opening ---- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What quern/db.h has no meaning for, and all bytes beyond ASCII, are written %XX. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("/._-~", c) != NULL;
}

/* The URL of a path, in a block of *size bytes. */
static qn_status url_of(char **out, int64_t *size, const char *path, const qn_allocator *allocator, qn_error *err)
{
    static const char digits[] = "0123456789ABCDEF", scheme[] = "sqlite:";
    *size = (int64_t)(sizeof scheme + 3 * strlen(path));
    *out = qni_alloc(allocator, *size, 1);
    if (*out == NULL)
        return qni_refused(err, allocator, *size, "the name of the store");
    char *at = *out;
    memcpy(at, scheme, sizeof scheme - 1);
    at += sizeof scheme - 1;
    for (const char *c = path; *c != '\0'; c++) {
        if (is_plain(*c)) {
            *at++ = *c;
            continue;
        }
        *at++ = '%';
        *at++ = digits[(unsigned char)*c >> 4];
        *at++ = digits[*c & 15];
    }
    *at = '\0';
    return QN_OK;
}

static qn_status new_pool(qn_archive *a, const char *url, qn_error *err)
{
    qn_db_options db;
    qn_dbpool_options o;
    qn_db_options_init(&db, (int64_t)sizeof db);
    qn_dbpool_options_init(&o, (int64_t)sizeof o);
    o.base_size = QNI_ARCHIVE_CONNECTIONS;
    o.overflow = -1;
    o.db = &db;
    o.name = "archive";
    o.allocator = a->allocator;
    return qn_dbpool_new(&a->pool, url, &o, err);
}

static qn_status open_pool(qn_archive *a, const char *url, qn_error *err)
{
    static const char *const foreign[] = {"duckdb:", "postgres://", "postgresql://"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (begins(url, foreign[i]))
            return qni_error(err, QN_INVALID, "the store is a database of SQLite (a path or sqlite:PATH), not %s...",
                             foreign[i]);
    if (begins(url, "sqlite:") || begins(url, "memory:"))
        return new_pool(a, url, err);
    char *made;
    int64_t size;
    qn_status s = url_of(&made, &size, url, a->allocator, err);
    if (s == QN_OK)
        s = new_pool(a, made, err);
    qni_free(a->allocator, made, size, 1);
    return s;
}

static qn_status prepare(qn_archive *a, qn_error *err)
{
    qn_db *db;
    qn_status s = qn_dbpool_take(&db, a->pool, "opening the archive", err);
    if (s != QN_OK)
        return s;
    s = qni_archive_schema(db, a->allocator, err);
    qn_dbpool_give(a->pool, db);
    return s;
}

qn_status qn_archive_open(qn_archive **out, const char *url, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (url == NULL || url[0] == '\0')
        return qni_error(err, QN_INVALID, "the store has no name");
    qn_archive *a = qni_new(allocator, qn_archive);
    if (a == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *a, "an archive");
    a->allocator = allocator;
    qn_status s = open_pool(a, url, err);
    if (s == QN_OK)
        s = prepare(a, err);
    if (s != QN_OK) {
        qn_archive_close(a);
        return s;
    }
    *out = a;
    return QN_OK;
}

void qn_archive_close(qn_archive *archive)
{
    if (archive == NULL)
        return;
    qn_status s = qn_dbpool_close(archive->pool, -1, NULL);
    (void)s; /* it waits as long as it takes */
    qni_delete(archive->allocator, archive);
}

/* ---- for all files ---- */

qn_status qni_archive_look(qn_archive *archive, const char *who,
                           qn_status (*body)(void *user, qn_db *db, qn_error *err), void *user, qn_error *err)
{
    qn_db *db;
    qn_status s = qn_dbpool_take(&db, archive->pool, who, err);
    if (s != QN_OK)
        return s;
    s = qn_db_transact(db, QN_DB_READ, body, user, err);
    qn_dbpool_give(archive->pool, db);
    return s;
}

qn_status qni_archive_ask(int64_t *out, qn_db *db, const char *sql, const qn_value *params, int64_t count,
                          qn_error *err)
{
    qn_rows *rows;
    bool more = false;
    *out = 0;
    qn_status s = qn_db_query(&rows, db, sql, params, count, err);
    if (s != QN_OK)
        return s;
    s = qn_rows_next(&more, rows, err);
    if (s == QN_OK && more)
        *out = qn_rows_value(rows, 0).i64;
    qn_rows_close(rows);
    return s;
}

qn_status qni_archive_text(const char **out, qn_value value, qn_arena *arena, qn_error *err)
{
    const int64_t size = value.bytes != NULL ? value.size : 0;
    void *block;
    *out = "";
    if (size == 0)
        return QN_OK;
    qn_status s = qn_arena_take(&block, arena, size + 1, err);
    if (s != QN_OK)
        return s;
    memcpy(block, value.bytes, (size_t)size);
    ((char *)block)[size] = '\0';
    *out = block;
    return QN_OK;
}

qn_value qni_archive_number(double value)
{
    return isnan(value) ? qn_value_null() : qn_value_f64(value);
}

double qni_archive_double(qn_value value)
{
    return value.type == QN_VALUE_NULL ? (double)NAN : value.type == QN_VALUE_I64 ? (double)value.i64 : value.f64;
}

/* ---- which chains there are ---- */

/* What callers hold is a pointer to its chains. */
typedef struct chain_list {
    qn_arena *arena; /* in which it lies itself */
    qn_archive_chain chains[];
} chain_list;

typedef struct listing {
    qn_arena *arena;
    qn_value until;
    chain_list *list;
    int64_t count;
} listing;

static qn_status make_list(listing *l, qn_db *db, qn_error *err)
{
    void *block;
    qn_status s = qni_archive_ask(&l->count, db, "SELECT count(DISTINCT ticker) FROM chain WHERE as_of_us <= $1",
                                  &l->until, 1, err);
    if (s == QN_OK)
        s = qn_arena_take(&block, l->arena, (int64_t)sizeof(chain_list) + l->count * (int64_t)sizeof(qn_archive_chain),
                          err);
    if (s != QN_OK)
        return s;
    l->list = block;
    l->list->arena = l->arena;
    return QN_OK;
}

/* Of a group, SQLite takes id from the row that max() chose. */
static qn_status list_chains(void *user, qn_db *db, qn_error *err)
{
    static const char sql[] =
        "SELECT ticker, max(as_of_us), id FROM chain WHERE as_of_us <= $1 GROUP BY ticker ORDER BY ticker";
    listing *l = user;
    qn_rows *rows;
    bool more = true;
    qn_status s = make_list(l, db, err);
    if (s == QN_OK)
        s = qn_db_query(&rows, db, sql, &l->until, 1, err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < l->count && (s = qn_rows_next(&more, rows, err)) == QN_OK; i++) {
        qn_archive_chain *chain = &l->list->chains[i];
        chain->as_of_us = qn_rows_value(rows, 1).i64;
        chain->id = qn_rows_value(rows, 2).i64;
        s = qni_archive_text(&chain->ticker, qn_rows_value(rows, 0), l->arena, err);
        if (s != QN_OK)
            break;
    }
    qn_rows_close(rows);
    return s;
}

qn_status qn_archive_chains(qn_archive_chain **out, int64_t *count, qn_archive *archive, int64_t as_of_us,
                            qn_error *err)
{
    listing l = {.until = qn_value_i64(as_of_us != 0 ? as_of_us : INT64_MAX)};
    *out = NULL;
    *count = 0;
    qn_status s = qn_arena_new(&l.arena, archive->allocator, 0, err);
    if (s == QN_OK)
        s = qni_archive_look(archive, "listing chains", list_chains, &l, err);
    if (s != QN_OK) {
        qn_arena_free(l.arena);
        return s;
    }
    *out = l.list->chains;
    *count = l.count;
    return QN_OK;
}

void qn_archive_chain_free(qn_archive_chain *chains)
{
    if (chains != NULL)
        qn_arena_free(((chain_list *)(void *)((char *)chains - offsetof(chain_list, chains)))->arena);
}
