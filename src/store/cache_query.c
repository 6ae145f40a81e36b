/* store/cache_query.c: results of queries in a cache.
 *
 * A result is found by the digest of where it was asked, what, and with which values; it depends on a name for each
 * table that it reads, so that saying that a table was written removes it like any other removal of a name. A table has
 * no version that is kept anywhere: the results that are there are those of its last.
 *
 * Where a database is: a server by its URL; a file by what tells it from others on this machine, so that it may be
 * called by any path, and its results stay on this machine; its path counts for results besides, for a file that is
 * made anew may get the number of one that went. A database in memory is known to its connections alone: nothing of it
 * is kept. */
#include "store/cache_front_int.h"
#include "store/front_int.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/options.h"

#include <string.h>

enum {
    /* Bytes of a name: a word, a digest's digits, a zero. */
    NAME_SIZE = 16 + QNI_DIGEST_TEXT_SIZE,
};

/* Where a query is asked. */
typedef struct place {
    bool known; /* else nothing can be kept */
    bool file;
    qni_digest database; /* the same for every way to call it */
    qni_digest called;   /* with the path it was called by */
} place;

static void find_place(place *out, const qni_url *url)
{
    qni_digester d;
    *out = (place){.file = url->kind == QNI_URL_SQLITE || url->kind == QNI_URL_DUCKDB};
    qni_digest_init(&d);
    qni_digest_int64(&d, (int64_t)url->kind);
    if (out->file) {
        uint64_t identity[2];
        if (!qni_file_identity(identity, url->path))
            return;
        qni_digest_int64(&d, (int64_t)identity[0]);
        qni_digest_int64(&d, (int64_t)identity[1]);
    } else if (url->kind == QNI_URL_POSTGRES) {
        qni_digest_string(&d, url->shown, -1);
    } else {
        return;
    }
    out->known = true;
    out->database = qni_digest_final(&d);
    qni_digest_init(&d);
    qni_digest_bytes(&d, out->database.bytes, QNI_DIGEST_SIZE);
    qni_digest_string(&d, url->path, -1);
    out->called = qni_digest_final(&d);
}

static qn_status place_of(place *out, const qn_cache *cache, const qn_db *db, qn_error *err)
{
    qni_url url;
    qn_status s = qni_url_parse(&url, qn_db_url(db), cache->allocator, err);
    if (s != QN_OK)
        return s;
    find_place(out, &url);
    qni_url_free(&url);
    return QN_OK;
}

static void name_of(char out[NAME_SIZE], const char *word, qni_digester *d)
{
    qni_digest digest = qni_digest_final(d);
    size_t size = strlen(word);
    memcpy(out, word, size);
    qni_digest_text(out + size, &digest);
}

static void table_name(char out[NAME_SIZE], const place *where, const char *table)
{
    qni_digester d;
    qni_digest_init(&d);
    qni_digest_bytes(&d, where->database.bytes, QNI_DIGEST_SIZE);
    qni_digest_string(&d, table, -1);
    name_of(out, "table:", &d);
}

static void query_name(char out[NAME_SIZE], const place *where, const char *sql, const qn_value *params,
                       int64_t param_count)
{
    qni_digester d;
    qni_digest_init(&d);
    qni_digest_bytes(&d, where->called.bytes, QNI_DIGEST_SIZE);
    qni_digest_string(&d, sql, -1);
    qni_digest_int64(&d, param_count);
    for (int64_t i = 0; i < param_count; i++) {
        const qn_value *v = &params[i];
        bool bytes = v->bytes != NULL && v->size > 0;
        int64_t f64;
        memcpy(&f64, &v->f64, sizeof f64);
        qni_digest_int64(&d, (int64_t)v->type);
        qni_digest_int64(&d, v->type == QN_VALUE_F64 ? f64 : v->i64);
        qni_digest_string(&d, bytes ? v->bytes : "", bytes ? v->size : 0);
    }
    name_of(out, "query:", &d);
}

/* A query that is to be made. */
typedef struct asking {
    qn_cache *cache;
    qn_db *db;
    const char *sql;
    const qn_value *params;
    int64_t param_count;
} asking;

static qn_status ask_database(qn_datum **out, void *user, qn_error *err)
{
    const asking *a = user;
    qn_table *table;
    *out = NULL;
    qn_status s = qn_db_query_table(&table, a->db, a->sql, a->params, a->param_count, err);
    if (s != QN_OK)
        return s;
    s = qn_datum_table(out, table, a->cache->allocator, err);
    if (s != QN_OK)
        qn_table_free(table);
    return s;
}

/* Asks the cache, and else the database. */
static qn_status remember(qn_datum **out, qn_cache_found *found, asking *a, const place *where,
                          const qn_cache_query_options *o, qn_error *err)
{
    char name[NAME_SIZE], tables[QN_CACHE_DEPENDS_MAX][NAME_SIZE];
    qn_cache_name depends[QN_CACHE_DEPENDS_MAX];
    qni_cache_key key;
    for (int64_t i = 0; i < o->table_count; i++) {
        table_name(tables[i], where, o->tables[i]);
        depends[i] = (qn_cache_name){tables[i], -1};
    }
    const qn_cache_put_options options = {
        .size = sizeof options, .ttl_ms = o->ttl_ms, .depends_on = depends, .depends_count = o->table_count};
    const qni_making making = {.options = &options, .local = where->file, .make = ask_database, .user = a};
    query_name(name, where, a->sql, a->params, a->param_count);
    qn_status s = qni_cache_key_of(&key, a->cache, name, -1, err);
    return s == QN_OK ? qni_cache_get_or(out, found, a->cache, &key, &making, err) : s;
}

static qn_status check_options(qn_cache_query_options *o, const qn_cache *cache, const qn_cache_query_options *given,
                               qn_error *err)
{
    qn_status s = qni_options_copy(o, sizeof *o, given, "qn_cache_query_options", err);
    if (s != QN_OK)
        return s;
    if (o->ttl_ms < -1)
        return qni_error(err, QN_INVALID, "a time to live cannot be negative: -1 stands for ever");
    if (o->table_count < 0 || (o->table_count > 0 && o->tables == NULL))
        return qni_error(err, QN_INVALID, "the tables that the query reads are not given");
    if (o->table_count > QN_CACHE_DEPENDS_MAX)
        return qni_error(err, QN_LIMIT, "a result cannot depend on more than %d tables", QN_CACHE_DEPENDS_MAX);
    if (o->table_count == 0 && qni_cache_ttl_ns(cache, o->ttl_ms, false) == 0)
        return qni_error(err, QN_INVALID,
                         "name the tables that the query reads, or say for how long its result may be "
                         "used: nothing else would ever end it");
    return QN_OK;
}

void qn_cache_query_options_init(qn_cache_query_options *out, int64_t size)
{
    qni_options_init(out, size);
}

qn_status qn_cache_query(qn_datum **out, qn_cache_found *found, qn_cache *cache, qn_db *db, const char *sql,
                         const qn_value *params, int64_t param_count, const qn_cache_query_options *options,
                         qn_error *err)
{
    qn_cache_query_options o;
    place where;
    asking a = {.cache = cache, .db = db, .sql = sql, .params = params, .param_count = param_count};
    *out = NULL;
    if (found != NULL)
        *found = QN_CACHE_MISS;
    qn_status s = check_options(&o, cache, options, err);
    if (s == QN_OK)
        s = qni_db_check_params(params, param_count, err);
    if (s == QN_OK)
        s = place_of(&where, cache, db, err);
    if (s != QN_OK)
        return s;
    return where.known && qn_db_depth(db) == 0 ? remember(out, found, &a, &where, &o, err) : ask_database(out, &a, err);
}

qn_status qn_cache_wrote(qn_cache *cache, const qn_db *db, const char *table, qn_error *err)
{
    place where;
    char name[NAME_SIZE];
    qni_cache_key key;
    if (qn_db_depth(db) > 0)
        return qni_error(err, QN_INVALID,
                         "the transaction is still open: others read the table as it was; say that it "
                         "was written after the commit");
    qn_status s = place_of(&where, cache, db, err);
    if (s != QN_OK || !where.known)
        return s;
    table_name(name, &where, table);
    s = qni_cache_key_named(&key, cache, name, -1, err);
    return s == QN_OK ? qni_cache_forget(NULL, cache, &(qni_removal){.key = &key}, err) : s;
}
