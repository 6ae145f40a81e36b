/* store/duckdb_value.c: the columns of a result, and single values out of its vectors.
 *
 * Always: a value cannot fail, for what could was done before: when the chunk came, room for its longest text; when the
 * row came, the texts that DuckDB writes. */
#include "store/duckdb_int.h"

#include "store/limits.h"

#include <inttypes.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

static qn_value_type value_type_of(duckdb_type id)
{
    switch (id) {
    case DUCKDB_TYPE_BOOLEAN:
        return QN_VALUE_BOOL;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
        return QN_VALUE_I64;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
        return QN_VALUE_F64;
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL:
        return QN_VALUE_DECIMAL;
    case DUCKDB_TYPE_BLOB:
        return QN_VALUE_BYTES;
    case DUCKDB_TYPE_DATE:
        return QN_VALUE_DATE;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        return QN_VALUE_TIMESTAMP;
    case DUCKDB_TYPE_UBIGINT: /* most fit 64 bits with a sign; those that do not are decimal numbers */
    case DUCKDB_TYPE_SQLNULL:
        return QN_VALUE_NULL;
    default:
        return QN_VALUE_TEXT;
    }
}

/* Whether DuckDB has to write the text. */
static bool is_written(const qni_duck_column *column)
{
    return column->value_type == QN_VALUE_TEXT && column->id != DUCKDB_TYPE_VARCHAR;
}

static qn_status describe(qni_duck_column *c, qni_duck_statement *st, idx_t index, qn_error *err)
{
    const qni_duck_api *api = &qni_duck_of(st->base.db)->api;
    c->type = api->column_logical_type(&st->result, index);
    if (c->type == NULL)
        return qni_error(err, QN_NOMEM, "DuckDB has no memory for the type of a column");
    c->id = api->get_type_id(c->type);
    c->value_type = value_type_of(c->id);
    if (c->id == DUCKDB_TYPE_DECIMAL) {
        c->scale = api->decimal_scale(c->type);
        c->stored = api->decimal_internal_type(c->type);
    } else {
        c->stored = c->id;
    }
    if (is_written(c) && !qni_duck_has_text(api, c->type))
        return qni_error(err, QN_DATA,
                         "column \"%.80s\" has a type that this version of DuckDB cannot hand out: CAST it to VARCHAR",
                         api->column_name(&st->result, index));
    return QN_OK;
}

qn_status qni_duck_columns(qni_duck_statement *st, qn_error *err)
{
    const qn_allocator *allocator = st->base.db->allocator;
    int64_t count = (int64_t)qni_duck_of(st->base.db)->api.column_count(&st->result);
    if (count > st->column_room) {
        qni_free(allocator, st->columns, st->column_room, sizeof *st->columns);
        st->columns = qni_alloc(allocator, count, sizeof *st->columns);
        st->column_room = st->columns != NULL ? count : 0;
        if (st->columns == NULL)
            return qni_refused(err, allocator, 0, "a result of %" PRId64 " columns", count);
    }
    if (count > 0)
        memset(st->columns, 0, (size_t)count * sizeof *st->columns);
    st->column_count = count;
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < count; i++)
        s = describe(&st->columns[i], st, (idx_t)i, err);
    return s;
}

static void drop_texts(qni_duck_statement *st)
{
    const qni_duck_api *api = &qni_duck_of(st->base.db)->api;
    for (int64_t i = 0; i < st->column_count; i++) {
        api->free(st->columns[i].text);
        st->columns[i].text = NULL;
    }
}

void qni_duck_columns_free(qni_duck_statement *st)
{
    const qni_duck_api *api = &qni_duck_of(st->base.db)->api;
    drop_texts(st);
    for (int64_t i = 0; i < st->column_count; i++)
        if (st->columns[i].type != NULL)
            api->destroy_logical_type(&st->columns[i].type);
    st->column_count = 0;
}

/* Bytes that any value of the column in this chunk needs, the zero behind it included. */
static int64_t byte_size(const qni_duck_column *c, int64_t rows)
{
    const duckdb_string_t *strings = c->data;
    int64_t longest = 0;
    if (c->id != DUCKDB_TYPE_VARCHAR && c->id != DUCKDB_TYPE_BLOB)
        return c->value_type == QN_VALUE_DECIMAL || c->id == DUCKDB_TYPE_UBIGINT ? QNI_DUCK_DIGITS_SIZE : 0;
    for (int64_t row = 0; row < rows; row++)
        if (!qni_duck_is_null(c->validity, row) && qni_duck_size(&strings[row]) > longest)
            longest = qni_duck_size(&strings[row]);
    return longest + 1;
}

qn_status qni_duck_chunk_ready(qni_duck_statement *st, qn_error *err)
{
    int64_t size = 1; /* never nothing */
    for (int64_t i = 0; i < st->column_count; i++) {
        st->columns[i].at = size;
        size += byte_size(&st->columns[i], st->chunk_size);
    }
    return qni_grow(st->base.db->allocator, (void **)&st->bytes, &st->byte_room, size, 1)
               ? QN_OK
               : qni_refused(err, st->base.db->allocator, size, "a row of %" PRId64 " bytes", size);
}

qn_status qni_duck_row_ready(qni_duck_statement *st, qn_error *err)
{
    int64_t row = st->row - 1;
    for (int64_t i = 0; i < st->column_count; i++) {
        qni_duck_column *c = &st->columns[i];
        if (!is_written(c))
            continue;
        const qni_duck_api *api = &qni_duck_of(st->base.db)->api;
        api->free(c->text);
        c->text = NULL;
        if (qni_duck_is_null(c->validity, row))
            continue;
        c->text = qni_duck_text(api, c->type, c->vector, row, st->base.db->allocator);
        if (c->text == NULL)
            return qni_error(err, QN_NOMEM, "no memory for the text of a value of DuckDB");
    }
    return QN_OK;
}

/* ---- single values ---- */

/* Digits with a point before the last `scale` of them; bytes (QNI_DUCK_DIGITS_SIZE). */
static qn_value write_decimal(char *bytes, bool negative, u128 rest, int scale)
{
    char *end = bytes + QNI_DUCK_DIGITS_SIZE - 1, *at = end;
    *at = '\0';
    for (int digits = 0; rest != 0 || digits <= scale; digits++, rest /= 10) {
        if (digits == scale && scale > 0)
            *--at = '.';
        *--at = (char)('0' + (int)(rest % 10));
    }
    if (negative)
        *--at = '-';
    return qn_value_decimal(at, end - at);
}

static u128 unsigned_of(uint64_t upper, uint64_t lower)
{
    return (u128)upper << 64 | lower;
}

static qn_value decimal_value(char *bytes, const qni_duck_column *c, int64_t row)
{
    int64_t whole = 0;
    switch (c->stored) {
    case DUCKDB_TYPE_SMALLINT:
        whole = ((const int16_t *)c->data)[row];
        break;
    case DUCKDB_TYPE_INTEGER:
        whole = ((const int32_t *)c->data)[row];
        break;
    case DUCKDB_TYPE_BIGINT:
        whole = ((const int64_t *)c->data)[row];
        break;
    case DUCKDB_TYPE_UHUGEINT: {
        duckdb_uhugeint v = ((const duckdb_uhugeint *)c->data)[row];
        return write_decimal(bytes, false, unsigned_of(v.upper, v.lower), 0);
    }
    default: {
        duckdb_hugeint v = ((const duckdb_hugeint *)c->data)[row];
        u128 bits = unsigned_of((uint64_t)v.upper, v.lower);
        return write_decimal(bytes, v.upper < 0, v.upper < 0 ? -bits : bits, c->scale);
    }
    }
    return write_decimal(bytes, whole < 0, whole < 0 ? -(u128)whole : (u128)whole, c->scale);
}

static qn_value whole_value(const qni_duck_column *c, int64_t row)
{
    switch (c->id) {
    case DUCKDB_TYPE_TINYINT:
        return qn_value_i64(((const int8_t *)c->data)[row]);
    case DUCKDB_TYPE_SMALLINT:
        return qn_value_i64(((const int16_t *)c->data)[row]);
    case DUCKDB_TYPE_INTEGER:
        return qn_value_i64(((const int32_t *)c->data)[row]);
    case DUCKDB_TYPE_UTINYINT:
        return qn_value_i64(((const uint8_t *)c->data)[row]);
    case DUCKDB_TYPE_USMALLINT:
        return qn_value_i64(((const uint16_t *)c->data)[row]);
    case DUCKDB_TYPE_UINTEGER:
        return qn_value_i64(((const uint32_t *)c->data)[row]);
    default:
        return qn_value_i64(((const int64_t *)c->data)[row]);
    }
}

/* The ends of a range, of days or of what a timestamp counts. */
static bool is_infinite(int64_t count, int64_t end)
{
    return count == end || count == -end;
}

static qn_value infinity(bool negative)
{
    return qn_value_text(negative ? "-infinity" : "infinity", -1);
}

static qn_value date_value(int32_t days)
{
    return is_infinite(days, INT32_MAX) ? infinity(days < 0) : qn_value_date(days);
}

static qn_value timestamp_value(duckdb_type id, int64_t count)
{
    return is_infinite(count, INT64_MAX) ? infinity(count < 0) : qn_value_timestamp(qni_duck_microseconds(id, count));
}

int64_t qni_duck_microseconds(duckdb_type id, int64_t count)
{
    int64_t us;
    if (is_infinite(count, INT64_MAX))
        return count;
    switch (id) {
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
        if (__builtin_mul_overflow(count, id == DUCKDB_TYPE_TIMESTAMP_S ? 1000000 : 1000, &us))
            return count < 0 ? INT64_MIN : INT64_MAX;
        return us;
    case DUCKDB_TYPE_TIMESTAMP_NS:
        return count / 1000 - (count % 1000 < 0);
    default:
        return count;
    }
}

static qn_value bytes_value(char *bytes, const qni_duck_column *c, int64_t row)
{
    const duckdb_string_t *string = (const duckdb_string_t *)c->data + row;
    int64_t size = qni_duck_size(string);
    memcpy(bytes, qni_duck_bytes(string), (size_t)size);
    bytes[size] = '\0';
    return (qn_value){.type = c->value_type, .bytes = bytes, .size = size};
}

qn_value qni_duck_row_value(qni_duck_statement *st, int64_t column, int64_t row)
{
    const qni_duck_column *c = &st->columns[column];
    if (st->bytes == NULL || qni_duck_is_null(c->validity, row)) /* no bytes: no chunk has come */
        return qn_value_null();
    char *bytes = st->bytes + c->at;
    switch (c->value_type) {
    case QN_VALUE_BOOL:
        return qn_value_bool(((const uint8_t *)c->data)[row] != 0);
    case QN_VALUE_I64:
        return whole_value(c, row);
    case QN_VALUE_F64:
        return qn_value_f64(c->id == DUCKDB_TYPE_FLOAT ? (double)((const float *)c->data)[row]
                                                       : ((const double *)c->data)[row]);
    case QN_VALUE_DECIMAL:
        return decimal_value(bytes, c, row);
    case QN_VALUE_DATE:
        return date_value(((const int32_t *)c->data)[row]);
    case QN_VALUE_TIMESTAMP:
        return timestamp_value(c->id, ((const int64_t *)c->data)[row]);
    case QN_VALUE_TEXT:
        return is_written(c) ? qn_value_text(c->text, -1) : bytes_value(bytes, c, row);
    case QN_VALUE_BYTES:
        return bytes_value(bytes, c, row);
    default:
        break;
    }
    if (c->id != DUCKDB_TYPE_UBIGINT)
        return qn_value_null();
    uint64_t whole = ((const uint64_t *)c->data)[row];
    return whole <= INT64_MAX ? qn_value_i64((int64_t)whole) : write_decimal(bytes, false, whole, 0);
}

qn_value qni_duck_value(qni_statement *statement, int64_t column)
{
    qni_duck_statement *st = (qni_duck_statement *)statement;
    return qni_duck_row_value(st, column, st->row - 1);
}

int64_t qni_duck_column_count(const qni_statement *statement)
{
    return ((const qni_duck_statement *)statement)->column_count;
}

const char *qni_duck_column_name(const qni_statement *statement, int64_t column)
{
    const qni_duck_statement *st = (const qni_duck_statement *)statement;
    const char *name = qni_duck_of(statement->db)->api.column_name(&st->result, (idx_t)column);
    return name != NULL ? name : "";
}

qn_value_type qni_duck_column_type(const qni_statement *statement, int64_t column)
{
    return ((const qni_duck_statement *)statement)->columns[column].value_type;
}
