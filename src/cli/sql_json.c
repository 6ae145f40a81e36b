/* cli/sql_json.c: rows as one JSON object, each row written as it arrives. Rows are arrays, so that columns of one name
 * stay apart. Keys are only ever added. */
#include "cli/sql_int.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

/* NULL: each row may say another. */
static const char *type_name(qn_value_type type)
{
    static const char *const names[] = {
        [QN_VALUE_NULL] = NULL,   [QN_VALUE_BOOL] = "bool",           [QN_VALUE_I64] = "i64",
        [QN_VALUE_F64] = "f64",   [QN_VALUE_TEXT] = "text",           [QN_VALUE_BYTES] = "bytes",
        [QN_VALUE_DATE] = "date", [QN_VALUE_TIMESTAMP] = "timestamp", [QN_VALUE_DECIMAL] = "decimal"};
    return (size_t)type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

static void columns(qni_json_writer *w, const sql_show *show)
{
    qni_json_key(w, "columns");
    qni_json_array_begin(w);
    for (int64_t c = 0; c < show->columns; c++) {
        qni_json_object_begin(w);
        qni_json_key(w, "name");
        qni_json_string(w, qn_rows_column_name(show->rows, c), -1);
        qni_json_key(w, "type");
        qni_json_string(w, type_name(qn_rows_column_type(show->rows, c)), -1);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

typedef struct pieces {
    qni_json_buffer buffer;
    qn_status status;
    qn_error *err;
} pieces;

static void to_pieces(void *user, const char *bytes, int64_t size)
{
    pieces *p = user;
    if (p->status == QN_OK)
        p->status = qni_json_buffer_sink(&p->buffer, bytes, size, p->err);
}

static qn_status bytes_cell(qni_json_writer *w, const sql_show *show, const qn_value *value, qn_error *err)
{
    pieces p = {.buffer = {.allocator = show->allocator}, .err = err};
    qni_sql_hex(to_pieces, &p, value);
    qni_json_string(w, p.buffer.size > 0 ? p.buffer.text : "", p.buffer.size);
    qni_json_buffer_free(&p.buffer);
    return p.status;
}

/* A decimal is a number digit for digit; one that is none (NaN, Infinity) is null, as for doubles. */
static void decimal_cell(qni_json_writer *w, const qn_value *value)
{
    int64_t sign = value->size > 0 && (value->bytes[0] == '-' || value->bytes[0] == '+');
    if (value->size > sign && strchr("0123456789.", value->bytes[sign]) != NULL)
        qni_json_digits(w, value->bytes, value->size);
    else
        qni_json_null(w);
}

static qn_status cell(qni_json_writer *w, const sql_show *show, int64_t column, qn_error *err)
{
    char text[QNI_TIME_TEXT_SIZE];
    int64_t size;
    qn_value value = qn_rows_value(show->rows, column);
    qn_status s = QN_OK;
    switch (value.type) {
    case QN_VALUE_BOOL:
        qni_json_bool(w, value.i64 != 0);
        break;
    case QN_VALUE_I64:
        qni_json_int64(w, value.i64);
        break;
    case QN_VALUE_F64:
        qni_json_double(w, value.f64);
        break;
    case QN_VALUE_TEXT:
        qni_json_string(w, value.bytes, value.size);
        break;
    case QN_VALUE_DECIMAL:
        decimal_cell(w, &value);
        break;
    case QN_VALUE_BYTES:
        return bytes_cell(w, show, &value, err);
    case QN_VALUE_DATE:
    case QN_VALUE_TIMESTAMP:
        s = qni_sql_scalar(text, &size, show, column, &value, err);
        if (s == QN_OK)
            qni_json_string(w, text, size);
        break;
    default:
        qni_json_null(w);
    }
    return s;
}

static qn_status rows(qni_json_writer *w, sql_show *show, qn_error *err)
{
    bool more = true;
    qn_status s = QN_OK;
    columns(w, show);
    qni_json_key(w, "rows");
    qni_json_array_begin(w);
    while (s == QN_OK && show->out->failed == 0) {
        s = qn_rows_next(&more, show->rows, err);
        if (s != QN_OK || !more)
            break;
        qni_json_array_begin(w);
        for (int64_t c = 0; s == QN_OK && c < show->columns; c++)
            s = cell(w, show, c, err);
        if (s == QN_OK)
            qni_json_array_end(w);
        show->row++;
    }
    if (s == QN_OK)
        qni_json_array_end(w);
    return s;
}

qn_status qni_sql_json(sql_show *show, qn_error *err)
{
    qni_json_writer writer, *w = &writer;
    int64_t changed = 0;
    qn_status s = show->columns == 0 ? qni_sql_changed(&changed, show, err) : QN_OK;
    if (s != QN_OK)
        return s;
    qni_json_writer_init(w, qni_out_json_sink, show->out, 0);
    qni_json_object_begin(w);
    qni_json_key(w, "schema");
    qni_json_string(w, "quern.sql/1", -1);
    if (show->columns > 0) {
        s = rows(w, show, err);
    } else {
        qni_json_key(w, "changed");
        qni_json_int64(w, changed);
    }
    if (s != QN_OK) {
        qni_json_flush(w); /* what is written stays open at its end, so that nobody takes it for whole */
        return s;
    }
    qni_json_object_end(w);
    s = qni_json_finish(w, err);
    return s == QN_IO ? QN_OK : s; /* the command reports what could not be written, once */
}
