/* cli/sql_text.c: rows as a table for people. The first rows are gathered to find how wide the columns are; the ones
 * after them are written as they arrive, and a cell that is wider pushes aside what follows it. Nothing is cut off.
 *
 * Always: what a database holds reaches a terminal only without what would control it. */
#include "cli/sql_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef enum cell_kind {
    KIND_NULL,
    KIND_NUMBER,
    KIND_OTHER
} cell_kind;

/* Its text ends at `end` in the sheet's bytes, where the next one begins. */
typedef struct text_cell {
    int64_t end;
    int64_t width; /* in columns of a terminal */
    cell_kind kind;
} text_cell;

typedef struct text_column {
    int64_t width;
    bool number; /* aligned to the right */
} text_column;

/* Rows that are not written yet. */
typedef struct sheet {
    sql_show *show;
    text_column *columns; /* (columns) */
    char *bytes;
    int64_t size, capacity;
    text_cell *cells; /* (count) row by row */
    int64_t count, cell_capacity;
    bool begun; /* the widths are found, the head is written */
} sheet;

static bool append(sheet *s, const char *bytes, int64_t size)
{
    void *block = s->bytes;
    if (size == 0)
        return true;
    if (!qni_grow(s->show->allocator, &block, &s->capacity, s->size + size, 1))
        return false;
    s->bytes = block;
    memcpy(s->bytes + s->size, bytes, (size_t)size);
    s->size += size;
    return true;
}

/* What would control a terminal as \n, \x1b or \u202e. */
static bool append_escape(sheet *s, int32_t code)
{
    char text[16];
    const char *name = code > 0 && code < ' ' ? strchr("\nn\rr\tt", code) : NULL;
    int size = name != NULL  ? snprintf(text, sizeof text, "\\%c", name[1])
               : code > 0xFF ? snprintf(text, sizeof text, "\\u%04x", (unsigned)code)
                             : snprintf(text, sizeof text, "\\x%02x", (unsigned)code);
    return append(s, text, size);
}

/* A byte that is not UTF-8 is shown as one that would control a terminal. */
static bool append_foreign(sheet *s, const char *text, int64_t size)
{
    const char *end = text + size, *plain = text;
    bool room = true;
    while (room && text < end) {
        int32_t code;
        int n = qni_text_next(&code, text, end);
        if (code < 0 || qni_text_is_control(code)) {
            room = append(s, plain, text - plain) && append_escape(s, code >= 0 ? code : (unsigned char)*text);
            plain = text + n;
        }
        text += n;
    }
    return room && append(s, plain, text - plain);
}

/* What was appended last becomes a cell. */
static bool end_cell(sheet *s, cell_kind kind)
{
    void *block = s->cells;
    int64_t begin = s->count > 0 ? s->cells[s->count - 1].end : 0;
    if (!qni_grow(s->show->allocator, &block, &s->cell_capacity, s->count + 1, (int64_t)sizeof *s->cells))
        return false;
    s->cells = block;
    s->cells[s->count++] = (text_cell){s->size, qni_text_width(s->bytes + begin, s->size - begin), kind};
    return true;
}

typedef struct hex_sink {
    sheet *sheet;
    bool room;
} hex_sink;

static void append_hex(void *user, const char *bytes, int64_t size)
{
    hex_sink *sink = user;
    sink->room = sink->room && append(sink->sheet, bytes, size);
}

static bool append_text(sheet *s, const qn_value *value)
{
    const char *null = s->show->null != NULL ? s->show->null : "NULL";
    hex_sink sink = {s, true};
    switch (value->type) {
    case QN_VALUE_NULL:
        return append(s, null, (int64_t)strlen(null));
    case QN_VALUE_BYTES:
        qni_sql_hex(append_hex, &sink, value);
        return sink.room;
    default:
        return append_foreign(s, value->bytes, value->size);
    }
}

static bool is_number(qn_value_type type)
{
    return type == QN_VALUE_I64 || type == QN_VALUE_F64 || type == QN_VALUE_DECIMAL;
}

static bool has_bytes(qn_value_type type)
{
    return type == QN_VALUE_NULL || type == QN_VALUE_TEXT || type == QN_VALUE_BYTES || type == QN_VALUE_DECIMAL;
}

static qn_status no_memory(const sheet *s, qn_error *err)
{
    return qni_error(err, QN_NOMEM, "no memory for row %" PRId64, s->show->row + 1);
}

static qn_status add_row(sheet *s, qn_error *err)
{
    char text[QNI_TIME_TEXT_SIZE];
    for (int64_t c = 0; c < s->show->columns; c++) {
        int64_t size = 0;
        qn_value value = qn_rows_value(s->show->rows, c);
        bool whole = has_bytes(value.type);
        qn_status status = whole ? QN_OK : qni_sql_scalar(text, &size, s->show, c, &value, err);
        if (status != QN_OK)
            return status;
        if (!(whole ? append_text(s, &value) : append(s, text, size)) ||
            !end_cell(s, value.type == QN_VALUE_NULL ? KIND_NULL
                         : is_number(value.type)     ? KIND_NUMBER
                                                     : KIND_OTHER))
            return no_memory(s, err);
    }
    s->show->row++;
    return QN_OK;
}

/* ---- writing ---- */

static void write_cell(const sheet *s, int64_t column, const char *text, int64_t size, int64_t width)
{
    qni_out *out = s->show->out;
    const text_column *c = &s->columns[column];
    int64_t room = c->width > width ? c->width - width : 0;
    qni_out_spaces(out, (column > 0 ? 2 : 0) + (c->number ? room : 0));
    qni_out_bytes(out, text, size);
    qni_out_spaces(out, !c->number && column + 1 < s->show->columns ? room : 0);
}

/* The first row of the sheet is the head. */
static void find_columns(sheet *s)
{
    int64_t columns = s->show->columns;
    for (int64_t c = 0; c < columns; c++) {
        text_column *column = &s->columns[c];
        bool number = false, other = false;
        for (int64_t i = c; i < s->count; i += columns) {
            const text_cell *cell = &s->cells[i];
            column->width = cell->width > column->width ? cell->width : column->width;
            number |= i >= columns && cell->kind == KIND_NUMBER;
            other |= i >= columns && cell->kind == KIND_OTHER;
        }
        column->width = column->width < QNI_SQL_TEXT_COLUMNS ? column->width : QNI_SQL_TEXT_COLUMNS;
        column->number = !other && (number || is_number(qn_rows_column_type(s->show->rows, c)));
    }
}

static void write_rule(const sheet *s)
{
    qni_out *out = s->show->out;
    for (int64_t c = 0; c < s->show->columns; c++) {
        qni_out_text(out, c > 0 ? "  " : "");
        for (int64_t i = 0; i < s->columns[c].width; i++)
            qni_out_bytes(out, "-", 1);
    }
    qni_out_text(out, "\n");
}

static void write_row(const sheet *s, int64_t first, qni_style all)
{
    qni_out *out = s->show->out;
    for (int64_t c = 0; c < s->show->columns; c++) {
        const text_cell *cell = &s->cells[first + c];
        int64_t begin = first + c > 0 ? cell[-1].end : 0;
        qni_style style = cell->kind == KIND_NULL ? QNI_STYLE_DIM : all;
        if (style != QNI_STYLE_PLAIN)
            qni_out_style(out, style);
        write_cell(s, c, s->bytes + begin, cell->end - begin, cell->width);
        if (style != QNI_STYLE_PLAIN)
            qni_out_style(out, QNI_STYLE_PLAIN);
    }
    qni_out_text(out, "\n");
}

/* Writes what is gathered. */
static void write_rows(sheet *s)
{
    int64_t columns = s->show->columns, first = 0;
    if (!s->begun) {
        find_columns(s);
        write_row(s, 0, QNI_STYLE_BOLD);
        write_rule(s);
        first = columns;
        s->begun = true;
    }
    for (; first < s->count; first += columns)
        write_row(s, first, QNI_STYLE_PLAIN);
    s->count = 0;
    s->size = 0;
}

static qn_status add_head(sheet *s, qn_error *err)
{
    s->columns = qni_alloc_zeroed(s->show->allocator, s->show->columns, (int64_t)sizeof *s->columns);
    if (s->columns == NULL)
        return no_memory(s, err);
    for (int64_t c = 0; c < s->show->columns; c++) {
        const char *name = qn_rows_column_name(s->show->rows, c);
        if (!append_foreign(s, name, (int64_t)strlen(name)) || !end_cell(s, KIND_OTHER))
            return no_memory(s, err);
    }
    return QN_OK;
}

static qn_status write_all(sheet *s, qn_error *err)
{
    sql_show *show = s->show;
    bool more = true;
    qn_status status = add_head(s, err);
    while (status == QN_OK && show->out->failed == 0) {
        status = qn_rows_next(&more, show->rows, err);
        if (status != QN_OK || !more)
            break;
        status = add_row(s, err);
        bool gathers = !s->begun && show->row < QNI_SQL_TEXT_ROWS && s->size < QNI_SQL_TEXT_SIZE;
        if (status == QN_OK && !gathers)
            write_rows(s);
    }
    if (status == QN_OK)
        write_rows(s);
    return status;
}

static void write_count(qni_out *out, int64_t count, const char *what)
{
    qni_out_printf(out, "%" PRId64 " %s%s\n", count, count == 1 ? "row" : "rows", what);
}

qn_status qni_sql_text(sql_show *show, qn_error *err)
{
    sheet s = {.show = show};
    int64_t changed = 0;
    qn_status status = show->columns > 0 ? write_all(&s, err) : qni_sql_changed(&changed, show, err);
    if (status == QN_OK && show->columns > 0) {
        qni_out_text(show->out, "\n");
        write_count(show->out, show->row, "");
    } else if (status == QN_OK) {
        write_count(show->out, changed, " changed");
    }
    qni_free(show->allocator, s.columns, show->columns, (int64_t)sizeof *s.columns);
    qni_free(show->allocator, s.bytes, s.capacity, 1);
    qni_free(show->allocator, s.cells, s.cell_capacity, (int64_t)sizeof *s.cells);
    return status;
}
