/* store/sqlite.c: SQLite's statements and their rows.
 *
 * Always: a statement that was started has made its first step, for only then is it certain which columns it has: where
 * the tables have changed, SQLite prepares the text anew in that step. A text or a blob that memory was wanting for
 * while it was fetched is NULL, and the next step fails. */
#include "store/sqlite_int.h"

#include "base/number.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static inline qni_sqlite_statement *own(qni_statement *statement)
{
    return (qni_sqlite_statement *)statement;
}

static inline const qni_sqlite_statement *own_const(const qni_statement *statement)
{
    return (const qni_sqlite_statement *)statement;
}

/* ---- preparing ---- */

/* $3 is the third value, ? the next one, ?3 the third. */
static qn_status map_variable(qni_sqlite_statement *st, int64_t at, bool *numbered, bool *counted, qn_error *err)
{
    const char *name = st->db->api.bind_parameter_name(st->handle, (int)at + 1);
    int64_t number = at + 1;
    if (name == NULL || name[0] == '?') {
        *counted = true;
    } else {
        const char *end = name + strlen(name);
        *numbered = true;
        if (name[0] != '$' || name[1] < '0' || name[1] > '9' || qni_integer_parse(&number, name + 1, end) != end ||
            number < 1 || number > INT32_MAX)
            return qni_error(err, QN_INVALID, "the parameter %.80s has a name: parameters are $1, $2, …", name);
    }
    st->value_of[at] = (int32_t)(number - 1);
    if (number > st->param_count)
        st->param_count = number;
    return QN_OK;
}

static qn_status map_variables(qni_sqlite_statement *st, qn_error *err)
{
    const qn_allocator *allocator = st->db->base.allocator;
    bool numbered = false, counted = false;
    int64_t count = st->db->api.bind_parameter_count(st->handle);
    if (count == 0)
        return QN_OK;
    st->value_of = qni_alloc_zeroed(allocator, count, sizeof *st->value_of);
    if (st->value_of == NULL)
        return qni_refused(err, allocator, count * (int64_t)sizeof *st->value_of, "%" PRId64 " parameters", count);
    st->variable_count = count;
    for (int64_t i = 0; i < count; i++) {
        qn_status s = map_variable(st, i, &numbered, &counted, err);
        if (s != QN_OK)
            return s;
    }
    if (numbered && counted)
        return qni_error(err, QN_INVALID, "parameters are either $1, $2, … or ?: here are both");
    return QN_OK;
}

/* One statement, and nothing behind it. */
static qn_status compile(qni_sqlite_statement *st, const char *sql, qn_error *err)
{
    qni_sqlite *db = st->db;
    const char *rest;
    sqlite3_stmt *second = NULL;
    int code = db->api.prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->handle, &rest);
    if (code != SQLITE_OK)
        return qni_sqlite_fail(db, code, true, err);
    if (st->handle == NULL && *rest == '\0')
        return qni_error(err, QN_INVALID, "this text holds no statement");
    while (code == SQLITE_OK && second == NULL && *rest != '\0')
        code = db->api.prepare_v3(db->handle, rest, -1, 0, &second, &rest);
    (void)db->api.finalize(second);
    if (second != NULL || code != SQLITE_OK)
        return qni_error(err, QN_INVALID, QNI_DB_SEVERAL);
    return map_variables(st, err);
}

static void finalize(qni_statement *base)
{
    qni_sqlite_statement *st = own(base);
    const qn_allocator *allocator = st->db->base.allocator;
    (void)st->db->api.finalize(st->handle);
    qni_free(allocator, st->value_of, st->variable_count, sizeof *st->value_of);
    qni_free(allocator, st->kinds, st->kind_capacity, sizeof *st->kinds);
    qni_free(allocator, st->bytes, st->byte_capacity, 1);
    qni_delete(allocator, st);
}

static qn_status prepare(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                         qn_error *err)
{
    (void)params;
    (void)param_count;
    *out = NULL;
    qni_sqlite_statement *st = qni_new(db->allocator, qni_sqlite_statement);
    if (st == NULL)
        return qni_refused(err, db->allocator, (int64_t)sizeof *st, "a statement");
    st->db = qni_sqlite_of(db);
    qni_sqlite_begin(st->db);
    qn_status s = compile(st, sql, err);
    if (s != QN_OK) {
        finalize(&st->base);
        return s;
    }
    *out = &st->base;
    return QN_OK;
}

static int64_t param_count(const qni_statement *base)
{
    return own_const(base)->param_count;
}

/* ---- running ---- */

/* The first word of a declared type. */
static bool declared(const char *type, const char *word)
{
    size_t size = strlen(word);
    char next = type[strncasecmp(type, word, size) == 0 ? size : 0];
    return strncasecmp(type, word, size) == 0 && (next == '\0' || next == ' ' || next == '(');
}

static qni_sqlite_kind kind_of(const char *type)
{
    if (type == NULL)
        return QNI_SQLITE_PLAIN;
    if (declared(type, "DATE"))
        return QNI_SQLITE_DATE;
    if (declared(type, "TIMESTAMP") || declared(type, "DATETIME"))
        return QNI_SQLITE_TIMESTAMP;
    return declared(type, "BOOLEAN") || declared(type, "BOOL") ? QNI_SQLITE_BOOL : QNI_SQLITE_PLAIN;
}

static qn_status look_at_columns(qni_sqlite_statement *st, qn_error *err)
{
    const qni_sqlite_api *api = &st->db->api;
    const qn_allocator *allocator = st->db->base.allocator;
    int count = api->column_count(st->handle);
    void *kinds = st->kinds;
    if (count > st->kind_capacity && !qni_grow(allocator, &kinds, &st->kind_capacity, count, sizeof *st->kinds))
        return qni_refused(err, allocator, count, "a query of %d columns", count);
    st->kinds = kinds;
    for (int i = 0; i < count; i++)
        st->kinds[i] = (uint8_t)kind_of(api->column_decltype(st->handle, i));
    return QN_OK;
}

static qn_status start(qni_statement *base, const qn_value *params, int64_t param_count, qn_error *err)
{
    qni_sqlite_statement *st = own(base);
    qni_sqlite *db = st->db;
    assert(param_count == st->param_count);
    (void)param_count;
    qni_sqlite_begin(db);
    qn_status s = qni_sqlite_admit(db, st->handle, err);
    for (int64_t i = 0; i < st->variable_count && s == QN_OK; i++)
        s = qni_sqlite_bind(db, st->handle, (int)i + 1, &params[st->value_of[i]], false, err);
    if (s != QN_OK)
        return s;
    st->changes_before = db->api.total_changes64(db->handle);
    st->changed = 0;
    st->lost = false;
    st->first = db->api.step(st->handle);
    if (st->first != SQLITE_ROW && st->first != SQLITE_DONE)
        return qni_sqlite_fail(db, st->first, false, err);
    return look_at_columns(st, err);
}

static int64_t column_count(const qni_statement *base)
{
    return own_const(base)->db->api.column_count(own_const(base)->handle);
}

static const char *column_name(const qni_statement *base, int64_t column)
{
    const qni_sqlite_statement *st = own_const(base);
    const char *name = st->db->api.column_name(st->handle, (int)column);
    return name != NULL ? name : ""; /* no memory for it */
}

/* A declared type binds nobody. */
static qn_value_type column_type(const qni_statement *base, int64_t column)
{
    (void)base;
    (void)column;
    return QN_VALUE_NULL;
}

static qn_status step(bool *more, qni_statement *base, qn_error *err)
{
    qni_sqlite_statement *st = own(base);
    qni_sqlite *db = st->db;
    *more = false;
    if (st->lost)
        return qni_refused(err, db->base.allocator, 0, "a value of the row before (%s)", db->base.shown);
    int code = st->first != 0 ? st->first : db->api.step(st->handle);
    st->first = 0;
    *more = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return QN_OK;
    if (code != SQLITE_DONE)
        return qni_sqlite_fail(db, code, false, err);
    if (db->api.total_changes64(db->handle) != st->changes_before)
        st->changed = db->api.changes64(db->handle);
    return QN_OK;
}

static int64_t changed(const qni_statement *base)
{
    return own_const(base)->changed;
}

static void reset(qni_statement *base)
{
    qni_sqlite_statement *st = own(base);
    (void)st->db->api.reset(st->handle); /* says again how the last step ended */
    (void)st->db->api.clear_bindings(st->handle);
    st->first = 0;
}

/* ---- values ---- */

static qn_value lost(qni_sqlite_statement *st)
{
    st->lost = true;
    return (qn_value){.type = QN_VALUE_NULL};
}

static qn_value blob(qni_sqlite_statement *st, int column)
{
    const void *bytes = st->db->api.column_blob(st->handle, column);
    int size = st->db->api.column_bytes(st->handle, column);
    void *copy = st->bytes;
    if (bytes == NULL && size > 0)
        return lost(st);
    if (st->byte_capacity <= size && !qni_grow(st->db->base.allocator, &copy, &st->byte_capacity, (int64_t)size + 1, 1))
        return lost(st);
    st->bytes = copy;
    if (size > 0)
        memcpy(st->bytes, bytes, (size_t)size);
    st->bytes[size] = '\0';
    return (qn_value){.type = QN_VALUE_BYTES, .bytes = st->bytes, .size = size};
}

/* SQLite looks at no text that it is given: one that is not UTF-8 is bytes. */
static qn_value text(qni_sqlite_statement *st, int column)
{
    const char *bytes = (const char *)st->db->api.column_text(st->handle, column);
    qn_value found = {.type = QN_VALUE_TEXT, .bytes = bytes, .size = st->db->api.column_bytes(st->handle, column)};
    int32_t days;
    if (bytes == NULL)
        return lost(st);
    if (st->kinds[column] == QNI_SQLITE_DATE && qni_date_parse(&days, bytes, found.size))
        return (qn_value){.type = QN_VALUE_DATE, .i64 = days};
    if (st->kinds[column] == QNI_SQLITE_TIMESTAMP) {
        qn_value time = {.type = QN_VALUE_TIMESTAMP};
        if (qni_timestamp_parse(&time.i64, bytes, found.size))
            return time;
    }
    if (!qni_utf8_valid(bytes, found.size))
        found.type = QN_VALUE_BYTES;
    return found;
}

static qn_value value(qni_statement *base, int64_t at)
{
    qni_sqlite_statement *st = own(base);
    const qni_sqlite_api *api = &st->db->api;
    int column = (int)at;
    switch (api->column_type(st->handle, column)) {
    case SQLITE_INTEGER: {
        qn_value v = {.type = QN_VALUE_I64, .i64 = api->column_int64(st->handle, column)};
        if (st->kinds[column] == QNI_SQLITE_BOOL && (v.i64 == 0 || v.i64 == 1))
            v.type = QN_VALUE_BOOL;
        return v;
    }
    case SQLITE_FLOAT:
        return (qn_value){.type = QN_VALUE_F64, .f64 = api->column_double(st->handle, column)};
    case SQLITE_TEXT:
        return text(st, column);
    case SQLITE_BLOB:
        return blob(st, column);
    default:
        return (qn_value){.type = QN_VALUE_NULL};
    }
}

/* ---- drivers ---- */

static bool in_transaction(const qn_db *base)
{
    const qni_sqlite *db = (const qni_sqlite *)base;
    return db->api.get_autocommit(db->handle) == 0;
}

#define DRIVER                                                                                                     \
    .savepoints = true, .many_writers = false, .begin = {"BEGIN IMMEDIATE", "BEGIN"}, .commit = "COMMIT",          \
    .rollback = "ROLLBACK", .savepoint = "SAVEPOINT quern_%d", .release = "RELEASE quern_%d",                      \
    .rollback_to = "ROLLBACK TO quern_%d", .open = qni_sqlite_open, .close = qni_sqlite_close, .prepare = prepare, \
    .finalize = finalize, .param_count = param_count, .start = start, .column_count = column_count,                \
    .column_name = column_name, .column_type = column_type, .step = step, .value = value, .changed = changed,      \
    .reset = reset, .script = qni_sqlite_script, .control = qni_sqlite_control, .in_transaction = in_transaction,  \
    .ping = qni_sqlite_ping, .interrupt = qni_sqlite_interrupt, .insert = qni_sqlite_insert

const qni_driver qni_driver_sqlite = {.name = "sqlite", DRIVER};
const qni_driver qni_driver_memory = {.name = "memory", DRIVER};
