/* cli/market_show.c: tables of the store as text, JSON and CSV. */
#include "base/json.h"
#include "base/number.h"
#include "base/time.h"
#include "cli/market_int.h"
#include "cli/sheet.h"
#include "cli/sql_int.h"

#include <quern/market.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    CELL_SIZE = 64,   /* bytes of any but a text */
    DIGEST_SHOWN = 12 /* digits of a digest that people tell apart by */
};

static int64_t whole(const qn_table *t, int64_t column, int64_t row)
{
    const void *values = qn_table_values(t, column);
    return qn_table_column_type(t, column) == QN_TYPE_DATE ? ((const int32_t *)values)[row]
                                                           : ((const int64_t *)values)[row];
}

void qni_market_time_text(char out[QNI_TIME_TEXT_SIZE], int64_t us)
{
    int32_t day;
    int64_t seconds;
    qn_market_local(&day, &seconds, us);
    int64_t size = qni_date_text(out, day);
    (void)snprintf(out + size, (size_t)(QNI_TIME_TEXT_SIZE - size), " %02d:%02d", (int)(seconds / 3600),
                   (int)(seconds / 60 % 60));
}

/* What stands in a cell, which is there; the text is the table's or in `buffer`. */
static const char *cell_text(char buffer[CELL_SIZE], const qn_table *t, int64_t column, int64_t row)
{
    int64_t size;
    switch (qn_table_column_type(t, column)) {
    case QN_TYPE_STRING:
        return qn_table_string(t, column, ((const int32_t *)qn_table_values(t, column))[row]);
    case QN_TYPE_DATE:
        (void)qni_date_text(buffer, whole(t, column, row));
        break;
    case QN_TYPE_TIMESTAMP:
        size = qni_timestamp_text(buffer, whole(t, column, row), 'T');
        (void)snprintf(buffer + size, (size_t)(CELL_SIZE - size), "Z");
        break;
    case QN_TYPE_F64:
        (void)qni_number_format(buffer, qn_table_f64(t, column)[row]);
        break;
    default:
        (void)snprintf(buffer, CELL_SIZE, "%" PRId64, whole(t, column, row));
        break;
    }
    return buffer;
}

static bool is_number(const qn_table *t, int64_t column)
{
    const qn_type type = qn_table_column_type(t, column);
    return type == QN_TYPE_I64 || type == QN_TYPE_F64;
}

/* "as_of" as people write it. */
static void add_title(qni_sheet *sheet, const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        qni_sheet_bytes(sheet, *c == '_' ? " " : c, 1);
    qni_sheet_cell(sheet, QNI_CELL_TEXT);
}

static qn_status show_text(const qni_run *run, const qn_table *t, qn_error *err)
{
    qni_sheet sheet;
    const int64_t columns = qn_table_column_count(t);
    char buffer[CELL_SIZE];
    qni_sheet_init(&sheet, run->out, columns, run->allocator);
    for (int64_t c = 0; c < columns; c++) {
        add_title(&sheet, qn_table_column_name(t, c));
        if (is_number(t, c))
            qni_sheet_numbers(&sheet, c);
    }
    for (int64_t row = 0; row < qn_table_row_count(t); row++) {
        for (int64_t c = 0; c < columns; c++) {
            const bool missing = qn_table_is_missing(t, c, row);
            const char *text = missing ? "-" : cell_text(buffer, t, c, row);
            if (!missing && qn_table_column_type(t, c) == QN_TYPE_TIMESTAMP)
                qni_market_time_text(buffer, whole(t, c, row));
            const bool cut = strcmp(qn_table_column_name(t, c), "digest") == 0;
            qni_sheet_foreign(&sheet, text, (int64_t)strnlen(text, cut ? DIGEST_SHOWN : SIZE_MAX));
            qni_sheet_cell(&sheet, missing ? QNI_CELL_MISSING : is_number(t, c) ? QNI_CELL_NUMBER : QNI_CELL_TEXT);
        }
    }
    qn_status s = qni_sheet_finish(&sheet, err);
    qni_sheet_free(&sheet);
    return s;
}

static void show_csv(const qni_run *run, const qn_table *t)
{
    const int64_t columns = qn_table_column_count(t);
    char buffer[CELL_SIZE];
    for (int64_t row = -1; row < qn_table_row_count(t); row++) {
        for (int64_t c = 0; c < columns; c++) {
            const char *text = row < 0                          ? qn_table_column_name(t, c)
                               : qn_table_is_missing(t, c, row) ? NULL
                                                                : cell_text(buffer, t, c, row);
            if (text != NULL)
                qni_sql_csv_cell(run->out, text, (int64_t)strlen(text), NULL);
            qni_out_text(run->out, c + 1 < columns ? "," : "\n");
        }
    }
}

static void write_cell(qni_json_writer *w, const qn_table *t, int64_t column, int64_t row)
{
    char buffer[CELL_SIZE];
    if (qn_table_is_missing(t, column, row))
        qni_json_null(w);
    else if (qn_table_column_type(t, column) == QN_TYPE_F64)
        qni_json_double(w, qn_table_f64(t, column)[row]);
    else if (qn_table_column_type(t, column) == QN_TYPE_I64)
        qni_json_int64(w, whole(t, column, row));
    else
        qni_json_string(w, cell_text(buffer, t, column, row), -1);
}

static qn_status show_json(const qni_run *run, const qn_table *t, const char *schema, const char *key, qn_error *err)
{
    qni_json_writer w;
    qni_json_writer_init(&w, qni_out_json_sink, run->out, 2);
    qni_json_object_begin(&w);
    qni_json_key_string(&w, "schema", schema);
    qni_json_key(&w, key);
    qni_json_array_begin(&w);
    for (int64_t row = 0; row < qn_table_row_count(t); row++) {
        qni_json_object_begin(&w);
        for (int64_t c = 0; c < qn_table_column_count(t); c++) {
            qni_json_key(&w, qn_table_column_name(t, c));
            write_cell(&w, t, c, row);
        }
        qni_json_object_end(&w);
    }
    qni_json_array_end(&w);
    qni_json_object_end(&w);
    return qni_out_json_finish(&w, err);
}

qn_status qni_market_show(const qni_run *run, const qn_table *table, int format, const char *schema, const char *key,
                          qn_error *err)
{
    if (format == QNI_MARKET_JSON)
        return show_json(run, table, schema, key, err);
    if (format == QNI_MARKET_TEXT)
        return show_text(run, table, err);
    show_csv(run, table);
    return QN_OK;
}
