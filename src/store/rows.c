/* store/rows.c: the front of a query: rows one by one, rows into tables.
 *
 * Always: while rows hold a statement they are their connection's open rows; after the last row, an error of the
 * database or a rollback they hold none, and the connection is free. */
#include "store/front_int.h"

#include "store/limits.h"

#include <inttypes.h>
#include <string.h>

static void free_rows(qn_rows *rows)
{
    const qn_allocator *allocator = rows->allocator;
    qni_free(allocator, rows->names, rows->column_count, sizeof *rows->names);
    qni_free(allocator, rows->name_bytes, rows->name_size, 1);
    qni_free(allocator, rows->value_types, rows->column_count, sizeof *rows->value_types);
    qni_free(allocator, rows->types, rows->column_count, sizeof *rows->types);
    qni_delete(allocator, rows);
}

static qn_status describe(qn_rows *rows, qn_error *err)
{
    const qni_driver *driver = rows->db->driver;
    const qn_allocator *allocator = rows->allocator;
    for (int64_t i = 0; i < rows->column_count; i++)
        rows->name_size += (int64_t)strlen(driver->column_name(rows->statement, i)) + 1;
    rows->names = qni_alloc(allocator, rows->column_count, sizeof *rows->names);
    rows->name_bytes = qni_alloc(allocator, rows->name_size, 1);
    rows->value_types = qni_alloc(allocator, rows->column_count, sizeof *rows->value_types);
    rows->types = qni_alloc(allocator, rows->column_count, sizeof *rows->types);
    if (rows->names == NULL || rows->name_bytes == NULL || rows->value_types == NULL || rows->types == NULL)
        return qni_refused(err, allocator, 0, "a query of %" PRId64 " columns", rows->column_count);
    char *at = rows->name_bytes;
    rows->fixed = driver->read != NULL;
    for (int64_t i = 0; i < rows->column_count; i++) {
        const char *name = driver->column_name(rows->statement, i);
        size_t size = strlen(name) + 1;
        memcpy(at, name, size);
        rows->names[i] = at;
        at += size;
        rows->value_types[i] = driver->column_type(rows->statement, i);
        rows->types[i] = qni_db_table_type(rows->value_types[i]);
        rows->fixed = rows->fixed && rows->types[i] != QN_TYPE_AUTO;
    }
    return QN_OK;
}

qn_status qn_db_query(qn_rows **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                      qn_error *err)
{
    qn_error why = qn_error_none();
    *out = NULL;
    qn_rows *rows = qni_new(db->allocator, qn_rows); /* before anything has taken effect */
    if (rows == NULL)
        return qni_refused(err, db->allocator, (int64_t)sizeof *rows, "the rows of a query");
    *rows = (qn_rows){.db = db, .allocator = db->allocator};
    qn_status s = qni_db_start(&rows->statement, db, sql, params, param_count, err);
    if (s != QN_OK) {
        free_rows(rows);
        return s;
    }
    rows->column_count = db->driver->column_count(rows->statement);
    s = describe(rows, &why);
    if (s != QN_OK) { /* the statement has begun: what it did must not stay without its rows */
        qni_db_finish(rows->statement);
        qni_db_condemn(db, &why);
        if (err != NULL)
            *err = why;
        free_rows(rows);
        return s;
    }
    db->rows = rows;
    *out = rows;
    return QN_OK;
}

int64_t qn_rows_column_count(const qn_rows *rows)
{
    return rows->column_count;
}

const char *qn_rows_column_name(const qn_rows *rows, int64_t column)
{
    assert(0 <= column && column < rows->column_count);
    return rows->names[column];
}

qn_value_type qn_rows_column_type(const qn_rows *rows, int64_t column)
{
    assert(0 <= column && column < rows->column_count);
    return rows->value_types[column];
}

void qni_rows_detach(qn_rows *rows)
{
    if (rows->statement == NULL)
        return;
    rows->db->rows = NULL;
    qni_db_finish(rows->statement);
    rows->statement = NULL;
}

/* What a call of the driver gave: its error condemns the scope and ends the rows, as does the last row. */
static qn_status passed(qn_rows *rows, qn_status s, bool more, const qn_error *why, qn_error *err)
{
    qn_db *db = rows->db;
    if (s == QN_OK && more)
        return QN_OK;
    if (s == QN_OK)
        rows->changed = db->driver->changed(rows->statement);
    qni_rows_detach(rows);
    if (s != QN_OK) {
        rows->failed = true;
        qni_db_condemn(db, why);
        if (err != NULL)
            *err = *why;
    }
    return s;
}

static qn_status refuse_failed(const qn_rows *rows, qn_error *err)
{
    return rows->failed ? qni_error(err, QN_INVALID, "these rows have failed before: they can only be closed") : QN_OK;
}

qn_status qn_rows_next(bool *more, qn_rows *rows, qn_error *err)
{
    qn_error why; /* whoever fails fills it in; clearing it would take longer than a row */
    *more = false;
    qn_status s = refuse_failed(rows, err);
    if (s != QN_OK || rows->statement == NULL)
        return s;
    bool got = false;
    s = rows->db->driver->step(&got, rows->statement, &why);
    s = passed(rows, s, got, &why, err);
    *more = s == QN_OK && got;
    rows->row_count += *more;
    return s;
}

qn_value qn_rows_value(qn_rows *rows, int64_t column)
{
    assert(0 <= column && column < rows->column_count);
    return rows->statement != NULL ? rows->db->driver->value(rows->statement, column) : qn_value_null();
}

/* ---- into tables ---- */

static qn_status refuse_room(const qn_rows *rows, qn_error *err)
{
    return qni_refused(err, rows->allocator, 0, "more than %" PRId64 " rows", rows->row_count);
}

/* A value that says, or changes, what its column holds. */
static qn_status learn_type(qn_rows *rows, qn_table *table, int64_t column, const qn_value *value, qn_error *err)
{
    qn_type type = qni_db_table_type(value->type);
    if (value->type == QN_VALUE_NULL || type == rows->types[column])
        return QN_OK;
    if (rows->types[column] == QN_TYPE_AUTO) { /* and the value says more: the two differ */
        rows->types[column] = type;
        if (type != QN_TYPE_F64 && !qni_table_build_type(table, column, type))
            return refuse_room(rows, err);
    } else if (rows->types[column] == QN_TYPE_I64 && type == QN_TYPE_F64) {
        rows->types[column] = type;
        qni_table_build_widen(table, column);
    }
    return QN_OK;
}

static qn_status put_row(qn_rows *rows, qn_table *table, qn_error *err)
{
    const qni_driver *driver = rows->db->driver;
    int64_t row = qn_table_row_count(table);
    if (!qni_table_build_reserve(table, 1))
        return refuse_room(rows, err);
    for (int64_t c = 0; c < rows->column_count; c++) {
        qn_value value = driver->value(rows->statement, c);
        qn_status s = qni_db_table_type(value.type) != rows->types[c] ? learn_type(rows, table, c, &value, err) : QN_OK;
        if (s == QN_OK)
            s = qni_db_put(table, c, row, &value, err);
        if (s != QN_OK)
            return s;
    }
    qni_table_build_rows(table, 1);
    return QN_OK;
}

/* Row by row, where the driver has no faster way or a type is left to the values. */
static qn_status read_rows(qn_rows *rows, qn_table *table, int64_t max_rows, qn_error *err)
{
    while (rows->statement != NULL && (max_rows < 0 || qn_table_row_count(table) < max_rows)) {
        bool more;
        qn_status s = qn_rows_next(&more, rows, err);
        if (s == QN_OK && more)
            s = put_row(rows, table, err);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

static qn_status read_many(qn_rows *rows, qn_table *table, int64_t max_rows, qn_error *err)
{
    qn_error why = qn_error_none();
    bool more = true;
    if (max_rows == 0)
        return QN_OK;
    qn_status s = rows->db->driver->read(&more, rows->statement, table, max_rows, &why);
    rows->row_count += qn_table_row_count(table);
    return passed(rows, s, more, &why, err);
}

/* An empty table for what comes next; columns whose type no value has said are doubles until one does. */
static qn_status new_table(qn_table **out, const qn_rows *rows, qn_error *err)
{
    qn_status s = qni_table_build_new(out, rows->names, rows->column_count, rows->db->shown, rows->allocator, err);
    if (s == QN_INVALID) { /* two columns of one name: no caller's mistake here */
        if (err != NULL)
            err->code = QN_DATA;
        return QN_DATA;
    }
    for (int64_t c = 0; s == QN_OK && c < rows->column_count; c++)
        if (!qni_table_build_type(*out, c, rows->types[c] == QN_TYPE_AUTO ? QN_TYPE_F64 : rows->types[c]))
            s = refuse_room(rows, err);
    return s;
}

/* `open`: the rows were their connection's open ones, so that the scope is theirs. */
static void note_failure(qn_rows *rows, bool open, const qn_error *why, qn_error *err)
{
    rows->failed = true;
    if (open)
        qni_db_condemn(rows->db, why);
    if (err != NULL)
        *err = *why;
}

qn_status qn_rows_read(qn_table **out, qn_rows *rows, int64_t max_rows, qn_error *err)
{
    qn_table *table = NULL;
    qn_error why = qn_error_none();
    bool open = rows->statement != NULL;
    *out = NULL;
    qn_status s = refuse_failed(rows, err);
    if (s != QN_OK || (!open && rows->read))
        return s;
    s = new_table(&table, rows, &why);
    if (s == QN_OK && open)
        s = rows->fixed ? read_many(rows, table, max_rows, &why) : read_rows(rows, table, max_rows, &why);
    bool over = s == QN_OK && rows->read && max_rows != 0 && qn_table_row_count(table) == 0;
    rows->read = true;
    if (s != QN_OK)
        note_failure(rows, open, &why, err);
    if (s != QN_OK || over) {
        qn_table_free(table);
        return s;
    }
    qni_table_build_finish(table);
    *out = table;
    return QN_OK;
}

int64_t qn_rows_changed(const qn_rows *rows)
{
    return rows->changed;
}

void qn_rows_close(qn_rows *rows)
{
    if (rows == NULL)
        return;
    qni_rows_detach(rows);
    free_rows(rows);
}

qn_status qn_db_query_table(qn_table **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                            qn_error *err)
{
    qn_rows *rows;
    *out = NULL;
    qn_status s = qn_db_query(&rows, db, sql, params, param_count, err);
    if (s != QN_OK)
        return s;
    s = qn_rows_read(out, rows, -1, err);
    qn_rows_close(rows);
    return s;
}
