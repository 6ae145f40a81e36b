/* cli/sql_text.c: rows as a table for people. */
#include "cli/sheet.h"
#include "cli/sql_int.h"

#include <inttypes.h>
#include <string.h>

static void append_hex(void *sheet, const char *bytes, int64_t size)
{
    qni_sheet_bytes(sheet, bytes, size);
}

static bool is_number(qn_value_type type)
{
    return type == QN_VALUE_I64 || type == QN_VALUE_F64 || type == QN_VALUE_DECIMAL;
}

static qn_status add_cell(qni_sheet *sheet, const sql_show *show, int64_t column, qn_error *err)
{
    const char *null = show->null != NULL ? show->null : "NULL";
    char text[QNI_TIME_TEXT_SIZE];
    int64_t size = 0;
    qn_status s = QN_OK;
    qn_value value = qn_rows_value(show->rows, column);
    switch (value.type) {
    case QN_VALUE_NULL:
        qni_sheet_bytes(sheet, null, (int64_t)strlen(null));
        break;
    case QN_VALUE_BYTES:
        qni_sql_hex(append_hex, sheet, &value);
        break;
    case QN_VALUE_TEXT:
    case QN_VALUE_DECIMAL:
        qni_sheet_foreign(sheet, value.bytes, value.size);
        break;
    default:
        s = qni_sql_scalar(text, &size, show, column, &value, err);
        qni_sheet_bytes(sheet, text, size);
        break;
    }
    if (s == QN_OK)
        qni_sheet_cell(sheet, value.type == QN_VALUE_NULL ? QNI_CELL_MISSING
                              : is_number(value.type)     ? QNI_CELL_NUMBER
                                                          : QNI_CELL_TEXT);
    return s;
}

static void add_head(qni_sheet *sheet, const sql_show *show)
{
    for (int64_t c = 0; c < show->columns; c++) {
        const char *name = qn_rows_column_name(show->rows, c);
        qni_sheet_foreign(sheet, name, (int64_t)strlen(name));
        qni_sheet_cell(sheet, QNI_CELL_TEXT);
        if (is_number(qn_rows_column_type(show->rows, c)))
            qni_sheet_numbers(sheet, c);
    }
}

static qn_status add_rows(qni_sheet *sheet, sql_show *show, qn_error *err)
{
    bool more = true;
    qn_status s = QN_OK;
    while (s == QN_OK && show->out->failed == 0 && !sheet->no_memory) {
        s = qn_rows_next(&more, show->rows, err);
        if (s != QN_OK || !more)
            break;
        for (int64_t c = 0; s == QN_OK && c < show->columns; c++)
            s = add_cell(sheet, show, c, err);
        show->row += s == QN_OK;
    }
    return s == QN_OK ? qni_sheet_finish(sheet, err) : s;
}

static void write_count(qni_out *out, int64_t count, const char *what)
{
    qni_out_printf(out, "%" PRId64 " %s%s\n", count, count == 1 ? "row" : "rows", what);
}

qn_status qni_sql_text(sql_show *show, qn_error *err)
{
    qni_sheet sheet;
    int64_t changed = 0;
    qn_status s;
    if (show->columns == 0) {
        s = qni_sql_changed(&changed, show, err);
        if (s == QN_OK)
            write_count(show->out, changed, " changed");
        return s;
    }
    qni_sheet_init(&sheet, show->out, show->columns, show->allocator);
    add_head(&sheet, show);
    s = add_rows(&sheet, show, err);
    qni_sheet_free(&sheet);
    if (s == QN_OK) {
        qni_out_text(show->out, "\n");
        write_count(show->out, show->row, "");
    }
    return s;
}
