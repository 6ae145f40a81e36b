/* cli/sheet.c: cells as text in one block of bytes, their ends and widths beside it. */
#include "cli/sheet.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/time.h"
#include "cli/digits.h"
#include "cli/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Its text ends at `end` in the sheet's bytes, where the next one begins. */
typedef struct qni_sheet_cell {
    int64_t end;
    int64_t width; /* in columns of a terminal */
    qni_cell kind;
} text_cell;

typedef struct qni_sheet_column {
    int64_t width;
    bool number; /* aligned to the right */
} text_column;

void qni_sheet_init(qni_sheet *sheet, qni_out *out, int64_t column_count, const qn_allocator *allocator)
{
    *sheet = (qni_sheet){.out = out, .allocator = allocator, .column_count = column_count};
    sheet->columns = qni_alloc_zeroed(allocator, column_count, (int64_t)sizeof *sheet->columns);
    sheet->no_memory = sheet->columns == NULL;
}

void qni_sheet_numbers(qni_sheet *sheet, int64_t column)
{
    if (!sheet->no_memory)
        sheet->columns[column].number = true;
}

void qni_sheet_bytes(qni_sheet *sheet, const char *bytes, int64_t size)
{
    void *block = sheet->bytes;
    if (size == 0 || sheet->no_memory)
        return;
    if (!qni_grow(sheet->allocator, &block, &sheet->capacity, sheet->size + size, 1)) {
        sheet->no_memory = true;
        return;
    }
    sheet->bytes = block;
    memcpy(sheet->bytes + sheet->size, bytes, (size_t)size);
    sheet->size += size;
}

/* What would control a terminal as \n, \x1b or \u202e. */
static void escape(qni_sheet *sheet, int32_t code)
{
    char text[16];
    const char *name = code > 0 && code < ' ' ? strchr("\nn\rr\tt", code) : NULL;
    int size = name != NULL  ? snprintf(text, sizeof text, "\\%c", name[1])
               : code > 0xFF ? snprintf(text, sizeof text, "\\u%04x", (unsigned)code)
                             : snprintf(text, sizeof text, "\\x%02x", (unsigned)code);
    qni_sheet_bytes(sheet, text, size);
}

void qni_sheet_foreign(qni_sheet *sheet, const char *text, int64_t size)
{
    const char *end = text + size, *plain = text;
    while (text < end) {
        int32_t code;
        int n = qni_text_next(&code, text, end);
        if (code < 0 || qni_text_is_control(code)) {
            qni_sheet_bytes(sheet, plain, text - plain);
            escape(sheet, code >= 0 ? code : (unsigned char)*text);
            plain = text + n;
        }
        text += n;
    }
    qni_sheet_bytes(sheet, plain, text - plain);
}

/* ---- writing ---- */

static void write_cell(const qni_sheet *sheet, int64_t column, const char *text, int64_t size, int64_t width)
{
    const text_column *c = &sheet->columns[column];
    int64_t room = c->width > width ? c->width - width : 0;
    qni_out_spaces(sheet->out, (column > 0 ? 2 : 0) + (c->number ? room : 0));
    qni_out_bytes(sheet->out, text, size);
    qni_out_spaces(sheet->out, !c->number && column + 1 < sheet->column_count ? room : 0);
}

/* The first row of the sheet is the head. */
static void find_columns(qni_sheet *sheet)
{
    int64_t columns = sheet->column_count;
    for (int64_t c = 0; c < columns; c++) {
        text_column *column = &sheet->columns[c];
        bool number = false, other = false;
        for (int64_t i = c; i < sheet->count; i += columns) {
            const text_cell *cell = &sheet->cells[i];
            column->width = cell->width > column->width ? cell->width : column->width;
            number |= i >= columns && cell->kind == QNI_CELL_NUMBER;
            other |= i >= columns && cell->kind == QNI_CELL_TEXT;
        }
        column->width = column->width < QNI_SHEET_COLUMNS ? column->width : QNI_SHEET_COLUMNS;
        column->number = !other && (number || column->number);
    }
}

static void write_rule(const qni_sheet *sheet)
{
    for (int64_t c = 0; c < sheet->column_count; c++) {
        qni_out_text(sheet->out, c > 0 ? "  " : "");
        for (int64_t i = 0; i < sheet->columns[c].width; i++)
            qni_out_bytes(sheet->out, "-", 1);
    }
    qni_out_text(sheet->out, "\n");
}

static void write_row(const qni_sheet *sheet, int64_t first, qni_style all)
{
    for (int64_t c = 0; c < sheet->column_count; c++) {
        const text_cell *cell = &sheet->cells[first + c];
        int64_t begin = first + c > 0 ? cell[-1].end : 0;
        qni_style style = cell->kind == QNI_CELL_MISSING ? QNI_STYLE_DIM : all;
        if (style != QNI_STYLE_PLAIN)
            qni_out_style(sheet->out, style);
        write_cell(sheet, c, sheet->bytes + begin, cell->end - begin, cell->width);
        if (style != QNI_STYLE_PLAIN)
            qni_out_style(sheet->out, QNI_STYLE_PLAIN);
    }
    qni_out_text(sheet->out, "\n");
}

/* Writes the complete rows, which are all there is. */
static void write_rows(qni_sheet *sheet)
{
    int64_t columns = sheet->column_count, first = 0;
    if (!sheet->begun && sheet->count > 0) {
        find_columns(sheet);
        write_row(sheet, 0, QNI_STYLE_BOLD);
        write_rule(sheet);
        first = columns;
        sheet->begun = true;
    }
    for (; first < sheet->count; first += columns)
        write_row(sheet, first, QNI_STYLE_PLAIN);
    sheet->count = 0;
    sheet->size = 0;
}

/* ---- cells ---- */

static void end_row(qni_sheet *sheet)
{
    sheet->rows += sheet->begun || sheet->count > sheet->column_count;
    if (sheet->begun || sheet->rows >= QNI_SHEET_ROWS || sheet->size >= QNI_SHEET_SIZE)
        write_rows(sheet);
}

void qni_sheet_cell(qni_sheet *sheet, qni_cell kind)
{
    void *block = sheet->cells;
    int64_t begin = sheet->count > 0 ? sheet->cells[sheet->count - 1].end : 0;
    if (sheet->no_memory)
        return;
    if (!qni_grow(sheet->allocator, &block, &sheet->cell_capacity, sheet->count + 1, (int64_t)sizeof *sheet->cells)) {
        sheet->no_memory = true;
        return;
    }
    sheet->cells = block;
    int64_t width = sheet->size > begin ? qni_text_width(sheet->bytes + begin, sheet->size - begin) : 0;
    sheet->cells[sheet->count++] = (text_cell){sheet->size, width, kind};
    if (sheet->count % sheet->column_count == 0)
        end_row(sheet);
}

void qni_sheet_text(qni_sheet *sheet, const char *text)
{
    qni_sheet_foreign(sheet, text, (int64_t)strlen(text));
    qni_sheet_cell(sheet, text[0] != 0 ? QNI_CELL_TEXT : QNI_CELL_MISSING);
}

void qni_sheet_number(qni_sheet *sheet, double value, int digits)
{
    if (isfinite(value)) {
        char text[QNI_DIGITS_SIZE];
        qni_sheet_bytes(sheet, text, qni_digits_write(text, value, -digits));
    } else {
        qni_sheet_bytes(sheet, "-", 1);
    }
    qni_sheet_cell(sheet, isfinite(value) ? QNI_CELL_NUMBER : QNI_CELL_MISSING);
}

void qni_sheet_count(qni_sheet *sheet, int64_t value)
{
    char text[32];
    qni_sheet_bytes(sheet, text, snprintf(text, sizeof text, "%" PRId64, value));
    qni_sheet_cell(sheet, QNI_CELL_NUMBER);
}

void qni_sheet_day(qni_sheet *sheet, int32_t day)
{
    char text[QNI_TIME_TEXT_SIZE];
    qni_sheet_bytes(sheet, text, qni_date_text(text, day));
    qni_sheet_cell(sheet, QNI_CELL_TEXT);
}

qn_status qni_sheet_finish(qni_sheet *sheet, qn_error *err)
{
    if (sheet->no_memory)
        return qni_error(err, QN_NOMEM, "no memory for row %" PRId64, sheet->rows + 1);
    write_rows(sheet);
    return QN_OK;
}

void qni_sheet_free(qni_sheet *sheet)
{
    qni_free(sheet->allocator, sheet->columns, sheet->column_count, (int64_t)sizeof *sheet->columns);
    qni_free(sheet->allocator, sheet->bytes, sheet->capacity, 1);
    qni_free(sheet->allocator, sheet->cells, sheet->cell_capacity, (int64_t)sizeof *sheet->cells);
    *sheet = (qni_sheet){0};
}
