/* store/sqlite_write.c: values bound, texts of many statements, many rows in. */
#include "store/sqlite_int.h"

#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- values ---- */

/* What a person typed is a number where it looks like one in full. 007 does not: it names something. */
static int bind_literal(const qni_sqlite *db, sqlite3_stmt *statement, int at, const qn_value *value,
                        void (*destroy)(void *))
{
    const char *text = value->bytes, *end = text + value->size;
    const char *digit = text + (value->size > 0 && text[0] == '-');
    int64_t whole;
    double number;
    bool numeric = digit < end && *digit >= '0' && *digit <= '9' &&
                   (*digit != '0' || digit + 1 == end || digit[1] < '0' || digit[1] > '9');
    if (numeric && qni_integer_parse(&whole, text, end) == end)
        return db->api.bind_int64(statement, at, whole);
    if (numeric && qni_number_parse(&number, text, end) == end)
        return db->api.bind_double(statement, at, number);
    return db->api.bind_text64(statement, at, text, (sqlite3_uint64)value->size, destroy, SQLITE_UTF8);
}

static int bind_time(const qni_sqlite *db, sqlite3_stmt *statement, int at, const qn_value *value)
{
    char text[QNI_TIME_TEXT_SIZE];
    int64_t size =
        value->type == QN_VALUE_DATE ? qni_date_text(text, value->i64) : qni_timestamp_text(text, value->i64, ' ');
    return size == 0 ? SQLITE_RANGE
                     : db->api.bind_text64(statement, at, text, (sqlite3_uint64)size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

qn_status qni_sqlite_bind(qni_sqlite *db, sqlite3_stmt *statement, int at, const qn_value *value, bool keep,
                          qn_error *err)
{
    void (*destroy)(void *) = keep ? SQLITE_STATIC : SQLITE_TRANSIENT;
    int code = SQLITE_RANGE;
    switch (value->type) {
    case QN_VALUE_NULL:
        code = db->api.bind_null(statement, at);
        break;
    case QN_VALUE_BOOL:
    case QN_VALUE_I64:
        code = db->api.bind_int64(statement, at, value->i64);
        break;
    case QN_VALUE_F64:
        code = db->api.bind_double(statement, at, value->f64);
        break;
    case QN_VALUE_TEXT:
    case QN_VALUE_DECIMAL:
        code = db->api.bind_text64(statement, at, value->bytes, (sqlite3_uint64)value->size, destroy, SQLITE_UTF8);
        break;
    case QN_VALUE_BYTES:
        code = db->api.bind_blob64(statement, at, value->bytes, (sqlite3_uint64)value->size, destroy);
        break;
    case QN_VALUE_DATE:
    case QN_VALUE_TIMESTAMP:
        code = bind_time(db, statement, at, value);
        if (code == SQLITE_RANGE)
            return qni_error(err, QN_INVALID, "a %s outside the years 1 to 9999 cannot be bound",
                             value->type == QN_VALUE_DATE ? "date" : "timestamp");
        break;
    case QN_VALUE_LITERAL:
        code = bind_literal(db, statement, at, value, destroy);
        break;
    }
    return code == SQLITE_OK ? QN_OK : qni_sqlite_fail(db, code, false, err);
}

/* ---- texts ---- */

qn_status qni_sqlite_admit(const qni_sqlite *db, sqlite3_stmt *statement, qn_error *err)
{
    if (db->base.depth == 0 || !db->base.read_scope || db->api.stmt_readonly(statement))
        return QN_OK;
    return qni_error(err, QN_PERMISSION, "this transaction only reads: the statement would write (%s)", db->base.shown);
}

/* Where `at` stands in the text, as line and column. */
static void place(qn_error *err, const char *text, const char *at)
{
    if (err == NULL)
        return;
    const char *line = text;
    err->line = 1;
    for (const char *p = text; p < at; p++) {
        if (*p == '\n') {
            err->line++;
            line = p + 1;
        }
    }
    err->column = at - line + 1;
}

/* One statement of a text, from its start to the next one's. */
static qn_status run_next(qni_sqlite *db, const char **text, qn_error *err)
{
    sqlite3_stmt *statement = NULL;
    qni_sqlite_begin(db);
    int code = db->api.prepare_v3(db->handle, *text, -1, 0, &statement, text);
    if (code != SQLITE_OK)
        return qni_sqlite_fail(db, code, true, err);
    qn_status s = QN_OK;
    if (statement != NULL && db->api.bind_parameter_count(statement) > 0)
        s = qni_error(err, QN_INVALID, "a statement of a script has a parameter, but no value can be given for it");
    else if (statement != NULL)
        s = qni_sqlite_admit(db, statement, err);
    if (statement != NULL && s == QN_OK) {
        do
            code = db->api.step(statement);
        while (code == SQLITE_ROW);
        if (code != SQLITE_DONE)
            s = qni_sqlite_fail(db, code, false, err);
    }
    (void)db->api.finalize(statement);
    return s;
}

/* What stands between two statements. */
static const char *skip_blanks(const char *p)
{
    for (;;) {
        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f' || *p == ';') {
            p++;
        } else if (p[0] == '-' && p[1] == '-') {
            p += strcspn(p, "\n");
        } else if (p[0] == '/' && p[1] == '*') {
            const char *end = strstr(p + 2, "*/");
            p = end != NULL ? end + 2 : p + strlen(p);
        } else {
            return p;
        }
    }
}

qn_status qni_sqlite_script(qn_db *base, const char *sql, qn_error *err)
{
    qni_sqlite *db = qni_sqlite_of(base);
    uint32_t interrupts = atomic_load(&db->interrupts);
    qn_error why = qn_error_none();
    for (const char *at = skip_blanks(sql); *at != '\0'; at = skip_blanks(at)) {
        const char *start = at;
        qn_status s = run_next(db, &at, &why);
        if (s == QN_OK && atomic_load(&db->interrupts) != interrupts)
            s = qni_error(&why, QN_INTERRUPTED, "interrupted after this statement (%s)", base->shown);
        if (s == QN_OK)
            continue;
        place(&why, sql, start + (why.column > 0 ? why.column - 1 : 0));
        if (err != NULL)
            *err = why;
        return s;
    }
    return QN_OK;
}

/* An interrupt ends the wait for a lock, but not a rollback: that would leave the transaction open. */
qn_status qni_sqlite_control(qn_db *base, const char *sql, qn_error *err)
{
    qni_sqlite *db = qni_sqlite_of(base);
    sqlite3_stmt *statement = NULL;
    int code;
    do {
        (void)db->api.finalize(statement);
        qni_sqlite_begin(db);
        code = db->api.prepare_v3(db->handle, sql, -1, 0, &statement, NULL);
        while (code == SQLITE_OK || code == SQLITE_ROW)
            code = db->api.step(statement);
    } while (code == SQLITE_INTERRUPT && !db->timed_out);
    qn_status s = code == SQLITE_DONE ? QN_OK : qni_sqlite_fail(db, code, false, err);
    (void)db->api.finalize(statement);
    return s;
}

/* ---- many rows ---- */

static char *put_text(char *at, const char *text)
{
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}

static char *put_quoted(char *at, const char *name)
{
    *at++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"')
            *at++ = '"';
        *at++ = *name;
    }
    *at++ = '"';
    return at;
}

/* INSERT INTO "into" ("a","b") VALUES (?,?). Free with `size`. */
static qn_status insertion(char **out, int64_t *size, const char *into, const qn_table *table,
                           const qn_allocator *allocator, qn_error *err)
{
    static const char head[] = "INSERT INTO ", values[] = ") VALUES (";
    int64_t columns = qn_table_column_count(table);
    char *name;
    qn_status s = qni_db_quote_name(&name, into, allocator, err);
    if (s != QN_OK)
        return s;
    int64_t name_size = (int64_t)strlen(name) + 1;
    *size = (int64_t)(sizeof head + sizeof values) + name_size + 8;
    for (int64_t c = 0; c < columns; c++)
        *size += 2 * (int64_t)strlen(qn_table_column_name(table, c)) + 5;
    *out = qni_alloc(allocator, *size, 1);
    if (*out != NULL) {
        char *at = put_text(put_text(*out, head), name);
        for (int64_t c = 0; c < columns; c++)
            at = put_quoted(put_text(at, c == 0 ? " (" : ","), qn_table_column_name(table, c));
        at = put_text(at, values);
        for (int64_t c = 0; c < columns; c++)
            at = put_text(at, c == 0 ? "?" : ",?");
        memcpy(at, ")", 2);
    }
    qni_free(allocator, name, name_size, 1);
    return *out != NULL ? QN_OK : qni_refused(err, allocator, *size, "inserting %" PRId64 " columns", columns);
}

/* Puts the row in front of what is wrong with it. */
static void name_row(qn_error *err, const qn_table *table, int64_t row)
{
    if (err == NULL)
        return;
    qn_error inner = *err;
    int64_t line = qn_table_row_line(table, row);
    (void)qni_error_at(err, inner.code, line > 0 ? qn_table_source(table) : NULL, line, 0, "row %" PRId64 ": %.480s",
                       row + 1, inner.message);
    err->native = inner.native;
}

static qn_status insert_row(qni_sqlite *db, sqlite3_stmt *statement, const qn_table *table, int64_t row, qn_error *err)
{
    int64_t columns = qn_table_column_count(table);
    for (int64_t c = 0; c < columns; c++) {
        qn_value value = qni_db_table_value(table, c, row);
        qn_status s = qni_sqlite_bind(db, statement, (int)c + 1, &value, true, err);
        if (s != QN_OK)
            return s;
    }
    int code = db->api.step(statement);
    qn_status s = code == SQLITE_DONE ? QN_OK : qni_sqlite_fail(db, code, false, err);
    (void)db->api.reset(statement);
    if (s == QN_OK && qni_sqlite_interrupted(db))
        s = qni_error(err, QN_INTERRUPTED, "interrupted (%s)", db->base.shown);
    return s;
}

qn_status qni_sqlite_insert(qn_db *base, const char *into, const qn_table *table, qn_error *err)
{
    qni_sqlite *db = qni_sqlite_of(base);
    int64_t rows = qn_table_row_count(table), size;
    char *sql;
    qn_status s = insertion(&sql, &size, into, table, base->allocator, err);
    if (s != QN_OK)
        return s;
    sqlite3_stmt *statement = NULL;
    qni_sqlite_begin(db);
    int code = db->api.prepare_v3(db->handle, sql, -1, 0, &statement, NULL);
    if (code != SQLITE_OK)
        s = qni_sqlite_fail(db, code, true, err);
    else
        s = qni_sqlite_admit(db, statement, err);
    for (int64_t r = 0; r < rows && s == QN_OK; r++) {
        s = insert_row(db, statement, table, r, err);
        if (s != QN_OK)
            name_row(err, table, r);
    }
    (void)db->api.finalize(statement);
    qni_free(base->allocator, sql, size, 1);
    return s;
}
