/* cli/sql_csv.c: rows as CSV (RFC 4180), each written as it arrives.
 *
 * NULL is an empty cell, in a result of one column NA, for an empty line is no row. Text that `quern fit` would read as
 * something else is quoted: what is empty or looks as if it were missing, what begins or ends with a blank, what begins
 * a comment. On a terminal, which nobody reads CSV from, what would control it is shown as ?. */
#include "cli/sql_int.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

static void to_out(void *out, const char *bytes, int64_t size)
{
    qni_out_bytes(out, bytes, size);
}

static bool is_text(const char *bytes, int64_t size, const char *text)
{
    return (int64_t)strlen(text) == size && memcmp(bytes, text, (size_t)size) == 0;
}

/* What a reader takes for a missing value. */
static bool is_missing(const char *bytes, int64_t size, const char *null)
{
    static const char *const words[] = {"NA", "N/A", "NaN", "nan", "null", "NULL", "None"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_text(bytes, size, words[i]))
            return true;
    return size == 0 || (null != NULL && is_text(bytes, size, null));
}

static bool needs_quotes(const char *bytes, int64_t size, const char *null)
{
    if (is_missing(bytes, size, null) || bytes[0] == '#' || strchr(" \t", bytes[0]) != NULL ||
        strchr(" \t", bytes[size - 1]) != NULL)
        return true;
    for (int64_t i = 0; i < size; i++)
        if (strchr(",\"\r\n", bytes[i]) != NULL && bytes[i] != '\0')
            return true;
    return false;
}

static void put_text(qni_out *out, const char *bytes, int64_t size)
{
    if (out->terminal)
        qni_out_foreign(out, bytes, size);
    else
        qni_out_bytes(out, bytes, size);
}

void qni_sql_csv_cell(qni_out *out, const char *bytes, int64_t size, const char *null)
{
    if (!needs_quotes(bytes, size, null)) {
        put_text(out, bytes, size);
        return;
    }
    qni_out_bytes(out, "\"", 1);
    for (const char *end = bytes + size; bytes < end;) {
        const char *quote = memchr(bytes, '"', (size_t)(end - bytes));
        const char *next = quote != NULL ? quote + 1 : end;
        put_text(out, bytes, next - bytes);
        qni_out_bytes(out, "\"", quote != NULL);
        bytes = next;
    }
    qni_out_bytes(out, "\"", 1);
}

static qn_status cell(const sql_show *show, int64_t column, qn_error *err)
{
    char text[QNI_TIME_TEXT_SIZE];
    int64_t size;
    qn_value value = qn_rows_value(show->rows, column);
    switch (value.type) {
    case QN_VALUE_NULL:
        qni_out_text(show->out, show->null != NULL ? show->null : show->columns == 1 ? "NA" : "");
        return QN_OK;
    case QN_VALUE_TEXT:
        qni_sql_csv_cell(show->out, value.bytes, value.size, show->null);
        return QN_OK;
    case QN_VALUE_DECIMAL:
        put_text(show->out, value.bytes, value.size);
        return QN_OK;
    case QN_VALUE_BYTES:
        qni_out_text(show->out, value.size == 0 ? "\"\"" : "");
        qni_sql_hex(to_out, show->out, &value);
        return QN_OK;
    default:
        break;
    }
    qn_status s = qni_sql_scalar(text, &size, show, column, &value, err);
    if (s == QN_OK)
        qni_out_bytes(show->out, text, size);
    return s;
}

static qn_status changed(const sql_show *show, qn_error *err)
{
    int64_t count;
    qn_status s = qni_sql_changed(&count, show, err);
    if (s == QN_OK)
        qni_out_printf(show->out, "changed\n%" PRId64 "\n", count);
    return s;
}

qn_status qni_sql_csv(sql_show *show, qn_error *err)
{
    bool more = true;
    qn_status s = QN_OK;
    if (show->columns == 0)
        return changed(show, err);
    for (int64_t c = 0; c < show->columns; c++) {
        const char *name = qn_rows_column_name(show->rows, c);
        qni_out_text(show->out, c > 0 ? "," : "");
        qni_sql_csv_cell(show->out, name, (int64_t)strlen(name), NULL);
    }
    qni_out_text(show->out, "\n");
    while (s == QN_OK && show->out->failed == 0) {
        s = qn_rows_next(&more, show->rows, err);
        if (s != QN_OK || !more)
            break;
        for (int64_t c = 0; s == QN_OK && c < show->columns; c++) {
            qni_out_text(show->out, c > 0 ? "," : "");
            s = cell(show, c, err);
        }
        qni_out_text(show->out, "\n");
        show->row++;
    }
    return s;
}
