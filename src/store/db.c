/* store/db.c: the front of a connection: opening, one call at a time, texts that are kept prepared.
 *
 * Always: kept statements stand in one list, newest first, and in slots by hash; one that runs is never taken out. */
#include "store/front_int.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/options.h"
#include "base/utf8.h"
#include "store/limits.h"

#include <inttypes.h>
#include <string.h>

void qn_db_options_init(qn_db_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static const qni_driver *driver_of(qni_url_kind kind)
{
    switch (kind) {
    case QNI_URL_MEMORY:
        return &qni_driver_memory;
    case QNI_URL_DUCKDB:
        return &qni_driver_duckdb;
    case QNI_URL_POSTGRES:
        return &qni_driver_postgres;
    case QNI_URL_SQLITE:
    case QNI_URL_REDIS: /* these three are not the URL of a connection: qni_url_parse refuses them */
    case QNI_URL_REDIS_TLS:
    case QNI_URL_REDIS_SOCKET:
        break;
    }
    return &qni_driver_sqlite;
}

static qn_status take_options(qn_db_options *out, const qn_db_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(out, sizeof *out, given, "qn_db_options", err);
    if (s != QN_OK)
        return s;
    if (out->connect_timeout_ms < 0 || out->busy_timeout_ms < -1 || out->statement_timeout_ms < 0 ||
        out->statement_count < 0)
        return qni_error(err, QN_INVALID, "a time or count of qn_db_options is negative");
    if (out->connect_timeout_ms == 0)
        out->connect_timeout_ms = QNI_DB_CONNECT_TIMEOUT_MS;
    if (out->busy_timeout_ms == 0)
        out->busy_timeout_ms = QNI_DB_BUSY_TIMEOUT_MS;
    if (out->busy_timeout_ms < 0)
        out->busy_timeout_ms = 0;
    if (out->statement_count == 0)
        out->statement_count = QNI_DB_STATEMENTS;
    return QN_OK;
}

static void free_text(const qn_allocator *allocator, char *text)
{
    if (text != NULL)
        qni_free(allocator, text, (int64_t)strlen(text) + 1, 1);
}

static qn_status open_parsed(qn_db **out, const qni_url *url, const qn_db_options *options, qn_error *err)
{
    const qn_allocator *allocator = options->allocator;
    qn_db base = {.driver = driver_of(url->kind), .allocator = allocator, .options = *options};
    base.shown = qni_copy_string(allocator, url->shown, -1);
    bool whole = base.shown != NULL;
    if (whole && options->application != NULL) {
        base.application = qni_copy_string(allocator, options->application, -1);
        whole = base.application != NULL;
    }
    base.options.application = base.application;
    base.options.password = NULL; /* was for opening */
    qn_status s = whole ? base.driver->open(out, &base, url, err)
                        : qni_refused(err, allocator, (int64_t)sizeof base, "a connection to %s", url->shown);
    if (s != QN_OK) {
        free_text(allocator, base.shown);
        free_text(allocator, base.application);
        qni_db_hide(err, url->password);
    }
    return s;
}

qn_status qn_db_open(qn_db **out, const char *url, const qn_db_options *options, qn_error *err)
{
    qn_db_options o;
    qni_url parts;
    *out = NULL;
    qn_status s = take_options(&o, options, err);
    if (s != QN_OK || (s = qni_url_parse(&parts, url, o.allocator, err)) != QN_OK)
        return s;
    if (o.password != NULL && parts.kind != QNI_URL_POSTGRES)
        s = qni_error(err, QN_INVALID, "%s: only a server asks for a password, and this is none", parts.shown);
    if (o.password != NULL)
        parts.password = o.password;
    if (s == QN_OK)
        s = open_parsed(out, &parts, &o, err);
    qni_url_free(&parts);
    return s;
}

/* ---- texts that are kept prepared ---- */

static void unlink_statement(qni_statement *st)
{
    qn_db *db = st->db;
    qni_statement **slot = &db->slots[st->hash % QNI_DB_SLOTS];
    while (*slot != st)
        slot = &(*slot)->next;
    *slot = st->next;
    *(st->newer != NULL ? &st->newer->older : &db->newest) = st->older;
    *(st->older != NULL ? &st->older->newer : &db->oldest) = st->newer;
    db->statement_count--;
}

static void link_statement(qni_statement *st)
{
    qn_db *db = st->db;
    qni_statement **slot = &db->slots[st->hash % QNI_DB_SLOTS];
    st->next = *slot;
    *slot = st;
    st->newer = NULL;
    st->older = db->newest;
    *(db->newest != NULL ? &db->newest->newer : &db->oldest) = st;
    db->newest = st;
    db->statement_count++;
}

static void drop_statement(qni_statement *st)
{
    const qn_db *db = st->db;
    const qn_allocator *allocator = db->allocator;
    char *sql = st->sql;
    int64_t size = st->sql_size;
    unlink_statement(st);
    db->driver->finalize(st);
    qni_free(allocator, sql, size + 1, 1);
}

qni_statement *qni_db_kept(qn_db *db, const char *sql, const qn_value *params, int64_t param_count)
{
    uint64_t types = db->driver->types != NULL ? db->driver->types(params, param_count) : 0;
    uint64_t hash = qni_hash_bytes(sql, (int64_t)strlen(sql), types);
    qni_statement *st = db->slots[hash % QNI_DB_SLOTS];
    while (st != NULL && (st->hash != hash || st->types != types || strcmp(st->sql, sql) != 0))
        st = st->next;
    if (st != NULL && db->newest != st) {
        unlink_statement(st);
        link_statement(st);
    }
    return st;
}

qn_status qni_db_prepare(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                         qn_error *err)
{
    qni_statement *st = qni_db_kept(db, sql, params, param_count);
    *out = st;
    if (st != NULL)
        return QN_OK;
    int64_t size = (int64_t)strlen(sql);
    uint64_t types = db->driver->types != NULL ? db->driver->types(params, param_count) : 0;
    uint64_t hash = qni_hash_bytes(sql, size, types);
    char *text = qni_copy_string(db->allocator, sql, size);
    if (text == NULL)
        return qni_refused(err, db->allocator, size + 1, "a statement of %" PRId64 " bytes", size);
    qn_status s = db->driver->prepare(&st, db, sql, params, param_count, err);
    if (s != QN_OK) {
        qni_free(db->allocator, text, size + 1, 1);
        return s;
    }
    st->db = db;
    st->sql = text;
    st->sql_size = size;
    st->hash = hash;
    st->types = types;
    link_statement(st);
    if (db->statement_count > db->options.statement_count && db->oldest != st)
        drop_statement(db->oldest);
    *out = st;
    return QN_OK;
}

/* ---- one call at a time ---- */

qn_status qni_db_ready(qn_db *db, qn_error *err)
{
    if (db->broken)
        return qni_error(err, QN_CLOSED, "the connection to %s is lost: open another", db->shown);
    if (db->rows != NULL)
        return qni_error(err, QN_BUSY, "rows of a query are open on this connection: close them first");
    if (db->depth > 0 && !db->scope_failed[db->depth - 1] && !db->driver->in_transaction(db)) {
        qn_error why = qn_error_none();
        (void)qni_error(&why, QN_INVALID, "SQL text ended the transaction: use qn_db_commit and qn_db_rollback");
        qni_db_condemn(db, &why);
    }
    if (db->depth > 0 && db->scope_failed[db->depth - 1])
        return qni_error(err, QN_DATA, "this transaction can only be rolled back, for it failed: %s",
                         db->scope_error.message);
    return QN_OK;
}

/* What is wrong with a value, in a few words; NULL: nothing. */
static const char *fault_of(const qn_value *v)
{
    if ((unsigned)v->type > QN_VALUE_LITERAL)
        return "there is no such type of value";
    bool text = v->type == QN_VALUE_TEXT || v->type == QN_VALUE_DECIMAL || v->type == QN_VALUE_LITERAL;
    if (!text && v->type != QN_VALUE_BYTES)
        return NULL;
    if (v->size < 0 || (v->size > 0 && v->bytes == NULL))
        return "its bytes are not given";
    if (!text || v->size == 0)
        return NULL;
    if (memchr(v->bytes, '\0', (size_t)v->size) != NULL)
        return "text cannot hold a zero byte; bytes can";
    return qni_utf8_valid(v->bytes, v->size) ? NULL : "this text is not UTF-8; bytes can hold it";
}

qn_status qni_db_check_params(const qn_value *params, int64_t param_count, qn_error *err)
{
    if (param_count < 0 || (param_count > 0 && params == NULL))
        return qni_error(err, QN_INVALID, "the values of the parameters are not given");
    for (int64_t i = 0; i < param_count; i++) {
        const char *fault = fault_of(&params[i]);
        if (fault != NULL)
            return qni_error(err, QN_INVALID, "parameter %" PRId64 ": %s", i + 1, fault);
    }
    return QN_OK;
}

qn_status qni_db_check_count(const qni_statement *st, int64_t param_count, qn_error *err)
{
    int64_t wanted = st->db->driver->param_count(st);
    if (wanted != param_count)
        return qni_error(err, QN_INVALID, "the statement has %" PRId64 " parameter%s, but %" PRId64 " value%s given",
                         wanted, wanted == 1 ? "" : "s", param_count, param_count == 1 ? " is" : "s are");
    return QN_OK;
}

static qn_status start_prepared(qni_statement *st, const qn_value *params, int64_t param_count, qn_error *err)
{
    qn_status s = qni_db_check_count(st, param_count, err);
    if (s != QN_OK)
        return s;
    st->running = true;
    return st->db->driver->start(st, params, param_count, err);
}

qn_status qni_db_start(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                       qn_error *err)
{
    qni_statement *st = NULL;
    qn_error why = qn_error_none();
    qn_status s = qni_db_ready(db, err);
    *out = NULL;
    if (s != QN_OK)
        return s;
    s = qni_db_check_params(params, param_count, &why);
    if (s == QN_OK)
        s = qni_db_prepare(&st, db, sql, params, param_count, &why);
    if (s == QN_OK)
        s = start_prepared(st, params, param_count, &why);
    if (s == QN_OK) {
        *out = st;
        return QN_OK;
    }
    if (st != NULL)
        qni_db_finish(st);
    qni_db_condemn(db, &why);
    if (err != NULL)
        *err = why;
    return s;
}

void qni_db_finish(qni_statement *st)
{
    if (st->running)
        st->db->driver->reset(st);
    st->running = false;
    if (st->sql_size > QNI_DB_KEPT_TEXT_SIZE)
        drop_statement(st);
}

qn_status qn_db_execute(int64_t *changed, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                        qn_error *err)
{
    qni_statement *st;
    if (changed != NULL)
        *changed = 0;
    qn_status s = qni_db_start(&st, db, sql, params, param_count, err);
    if (s != QN_OK)
        return s;
    qn_error why = qn_error_none();
    for (bool more = true; s == QN_OK && more;)
        s = db->driver->step(&more, st, &why);
    if (s == QN_OK && changed != NULL)
        *changed = db->driver->changed(st);
    qni_db_finish(st);
    if (s != QN_OK) {
        qni_db_condemn(db, &why);
        if (err != NULL)
            *err = why;
    }
    return s;
}

qn_status qn_db_script(qn_db *db, const char *sql, qn_error *err)
{
    qn_error why = qn_error_none();
    qn_status s = qni_db_ready(db, err);
    if (s != QN_OK)
        return s;
    s = db->driver->script(db, sql, &why);
    if (s == QN_OK && db->depth > 0 && !db->driver->in_transaction(db))
        s = qni_error(&why, QN_INVALID,
                      "the text ended the transaction in which it ran: what was done before its end "
                      "has taken effect");
    if (s != QN_OK) {
        qni_db_condemn(db, &why);
        if (err != NULL)
            *err = why;
    }
    return s;
}

qn_status qn_db_insert(qn_db *db, const char *into, const qn_table *table, qn_error *err)
{
    qn_error why = qn_error_none();
    qn_status s = qn_db_begin(db, QN_DB_WRITE, err);
    if (s != QN_OK)
        return s;
    if (qn_table_column_count(table) == 0)
        s = qni_error(&why, QN_INVALID, "a table without columns cannot be inserted");
    else
        s = db->driver->insert(db, into, table, &why);
    if (s == QN_OK)
        return qn_db_commit(db, err);
    qni_db_condemn(db, &why);
    qn_db_rollback(db);
    qni_db_condemn(db, &why); /* the scope around it, where there is one */
    if (err != NULL)
        *err = why;
    return s;
}

/* ---- the rest ---- */

void qn_db_close(qn_db *db)
{
    if (db == NULL)
        return;
    assert(db->pool_slot == NULL); /* a pool's is given back to it, which closes it */
    if (db->pool_slot != NULL) {
        qni_log(QN_LOG_ERROR, "db", "a connection to %s was to be closed that belongs to a pool", db->shown);
        return;
    }
    qni_db_rollback_all(db);
    while (db->oldest != NULL)
        drop_statement(db->oldest);
    const qn_allocator *allocator = db->allocator;
    char *shown = db->shown, *application = db->application;
    db->driver->close(db);
    free_text(allocator, shown);
    free_text(allocator, application);
}

const char *qn_db_kind(const qn_db *db)
{
    return db->driver->name;
}

const char *qn_db_url(const qn_db *db)
{
    return db->shown;
}

bool qn_db_can(const qn_db *db, qn_db_feature feature)
{
    return (feature == QN_DB_SAVEPOINTS && db->driver->savepoints) ||
           (feature == QN_DB_MANY_WRITERS && db->driver->many_writers);
}

bool qn_db_is_broken(const qn_db *db)
{
    return db->broken;
}

qn_status qn_db_ping(qn_db *db, qn_error *err)
{
    qn_status s = qni_db_ready(db, err);
    return s == QN_OK ? db->driver->ping(db, err) : s;
}

void qn_db_interrupt(qn_db *db)
{
    db->driver->interrupt(db);
}
