/* cli/sql_value.c: what the formats of `quern sql` share: a value in a few characters, bytes as digits, statements
 * without rows. */
#include "cli/sql_int.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>

_Static_assert(QNI_TIME_TEXT_SIZE >= QNI_NUMBER_SIZE, "a number fits where a time does");

qn_status qni_sql_changed(int64_t *changed, const sql_show *show, qn_error *err)
{
    bool more = true;
    qn_status s = QN_OK;
    while (s == QN_OK && more)
        s = qn_rows_next(&more, show->rows, err);
    *changed = s == QN_OK ? qn_rows_changed(show->rows) : 0;
    return s;
}

qn_status qni_sql_scalar(char out[QNI_TIME_TEXT_SIZE], int64_t *size, const sql_show *show, int64_t column,
                         const qn_value *value, qn_error *err)
{
    *size = 0;
    switch (value->type) {
    case QN_VALUE_BOOL:
        *size = snprintf(out, QNI_TIME_TEXT_SIZE, "%s", value->i64 != 0 ? "true" : "false");
        break;
    case QN_VALUE_I64:
        *size = snprintf(out, QNI_TIME_TEXT_SIZE, "%" PRId64, value->i64);
        break;
    case QN_VALUE_F64:
        *size = qni_number_format(out, value->f64);
        break;
    case QN_VALUE_DATE:
        *size = qni_date_text(out, value->i64);
        break;
    case QN_VALUE_TIMESTAMP:
        *size = qni_timestamp_text(out, value->i64, 'T');
        if (*size > 0)
            *size += snprintf(out + *size, QNI_TIME_TEXT_SIZE - (size_t)*size, "Z");
        break;
    default:
        break;
    }
    if (*size > 0)
        return QN_OK;
    return qni_error(err, QN_DATA,
                     "row %" PRId64
                     ", column \"%.80s\": a time beyond the years 1 to 9999: CAST it to text in the query",
                     show->row + 1, qn_rows_column_name(show->rows, column));
}

void qni_sql_hex(void (*put)(void *to, const char *bytes, int64_t size), void *to, const qn_value *value)
{
    static const char digits[] = "0123456789abcdef";
    char text[256];
    int64_t used = 0;
    for (int64_t i = 0; i < value->size; i++) {
        unsigned char byte = (unsigned char)value->bytes[i];
        text[used++] = digits[byte >> 4];
        text[used++] = digits[byte & 15];
        if (used == (int64_t)sizeof text || i + 1 == value->size) {
            put(to, text, used);
            used = 0;
        }
    }
}
