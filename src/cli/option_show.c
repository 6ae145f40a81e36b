/* cli/option_show.c: the columns that were read, as they were, and the results behind them: a table for people, CSV or
 * JSON, as many rows at a time as there are. */
#include "base/error.h"
#include "base/number.h"
#include "base/time.h"
#include "cli/option_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_DIGITS = 6, /* of results, for people */
    CELL_SIZE = 64
};
_Static_assert((int)CELL_SIZE >= (int)QNI_TIME_TEXT_SIZE && CELL_SIZE >= QNI_NUMBER_SIZE, "a value fits into a cell");

static const char *const result_names[OPTION_RESULT_COUNT + 1] = {"price", "iv",    "delta", "gamma", "vega",  "theta",
                                                                  "rho",   "vanna", "volga", "charm", "status"};

static bool has_status(const option_job *job)
{
    return job->on_error != OPTION_ON_ERROR_NAN;
}

static bool is_column(const qn_table *table, const char *name)
{
    return qn_table_column_find(table, name) >= 0;
}

/* Results whose name a column has already get a number: delta_1. */
static void name_results(option_job *job)
{
    const qn_table *table = job->block.table;
    for (int i = 0; i <= OPTION_RESULT_COUNT; i++) {
        char *name = job->names[i];
        (void)snprintf(name, OPTION_NAME_SIZE, "%s", result_names[i]);
        for (int n = 1; is_column(table, name) && n < 1000; n++)
            (void)snprintf(name, OPTION_NAME_SIZE, "%s_%d", result_names[i], n);
    }
}

/* A value of the table that is no text, as text; 0: it is missing. */
static int64_t format_cell(char out[CELL_SIZE], const qn_table *table, int64_t column, int64_t row)
{
    const void *values = qn_table_values(table, column);
    int64_t size = 0;
    if (qn_table_is_missing(table, column, row))
        return 0;
    switch (qn_table_column_type(table, column)) {
    case QN_TYPE_F64:
        return isnan(((const double *)values)[row]) ? 0 : qni_number_format(out, ((const double *)values)[row]);
    case QN_TYPE_F32:
        return isnan(((const float *)values)[row]) ? 0 : qni_number_format(out, (double)((const float *)values)[row]);
    case QN_TYPE_I64:
        return snprintf(out, CELL_SIZE, "%" PRId64, ((const int64_t *)values)[row]);
    case QN_TYPE_BOOL:
        return snprintf(out, CELL_SIZE, "%s", (((const uint8_t *)values)[row / 8] >> (row % 8) & 1) ? "true" : "false");
    case QN_TYPE_DATE:
        return qni_date_text(out, ((const int32_t *)values)[row]);
    case QN_TYPE_TIMESTAMP:
        size = qni_timestamp_text(out, ((const int64_t *)values)[row], 'T');
        return size > 0 ? size + snprintf(out + size, CELL_SIZE - (size_t)size, "Z") : 0;
    default:
        return 0;
    }
}

/* The text of a cell that is text; NULL: it is missing. */
static const char *text_of(const qn_table *table, int64_t column, int64_t row)
{
    if (qn_table_is_missing(table, column, row))
        return NULL;
    return qn_table_string(table, column, ((const int32_t *)qn_table_values(table, column))[row]);
}

static bool is_text(const qn_table *table, int64_t column)
{
    return qn_table_column_type(table, column) == QN_TYPE_STRING;
}

static const char *status_of(const option_job *job, int64_t i)
{
    return qn_option_status_name((qn_option_status)job->block.status[i]);
}

/* ---- CSV ---- */

static void csv_head(option_job *job)
{
    qni_out *out = job->run->out;
    const qn_table *table = job->block.table;
    for (int64_t c = 0; c < qn_table_column_count(table); c++) {
        const char *name = qn_table_column_name(table, c);
        qni_sql_csv_cell(out, name, (int64_t)strlen(name), NULL);
        qni_out_bytes(out, ",", 1);
    }
    const char *comma = "";
    for (int r = 0; r <= OPTION_RESULT_COUNT; r++) {
        if (r < OPTION_RESULT_COUNT ? job->block.out[r] == NULL : !has_status(job))
            continue;
        qni_out_text(out, comma);
        qni_out_text(out, job->names[r]);
        comma = ",";
    }
    qni_out_bytes(out, "\n", 1);
}

static void csv_row(option_job *job, int64_t i)
{
    qni_out *out = job->run->out;
    const option_block *b = &job->block;
    char text[CELL_SIZE];
    for (int64_t c = 0; c < qn_table_column_count(b->table); c++) {
        const char *string = is_text(b->table, c) ? text_of(b->table, c, b->first + i) : NULL;
        if (string != NULL)
            qni_sql_csv_cell(out, string, (int64_t)strlen(string), NULL);
        else
            qni_out_bytes(out, text, format_cell(text, b->table, c, b->first + i));
        qni_out_bytes(out, ",", 1);
    }
    const char *comma = "";
    for (int r = 0; r < OPTION_RESULT_COUNT; r++) {
        if (b->out[r] == NULL)
            continue;
        qni_out_text(out, comma);
        if (!isnan(b->out[r][i]) || !has_status(job))
            qni_out_bytes(out, text, qni_number_format(text, b->out[r][i]));
        comma = ",";
    }
    if (has_status(job)) {
        qni_out_text(out, comma);
        qni_out_text(out, status_of(job, i));
    }
    qni_out_bytes(out, "\n", 1);
}

/* ---- JSON ---- */

static const char *model_name(const option_job *job)
{
    bool forward = job->columns[OPTION_ROLE_FORWARD] >= 0 || job->fixed[OPTION_ROLE_FORWARD];
    return job->american ? "american" : forward ? "black" : "black_scholes_merton";
}

static void json_head(option_job *job)
{
    qni_json_writer *w = &job->writer;
    qni_json_writer_init(w, qni_out_json_sink, job->run->out, 0);
    qni_json_object_begin(w);
    qni_json_key(w, "schema");
    qni_json_string(w, job->sigma == NULL ? "quern.iv/1" : "quern.price/1", -1);
    qni_json_key(w, "model");
    qni_json_string(w, model_name(job), -1);
    qni_json_key(w, "clock");
    qni_json_string(w, qn_clock_name(job->clock), -1);
    qni_json_key(w, "rows");
    qni_json_array_begin(w);
}

/* Years that were read as text, for they might have been dates, are numbers. */
static void json_text(qni_json_writer *w, const char *text, bool years)
{
    double number;
    if (years && text != NULL && qni_number_parse(&number, text, text + strlen(text)) == text + strlen(text))
        qni_json_double(w, number);
    else
        qni_json_string(w, text, -1);
}

static void json_cell(option_job *job, int64_t column, int64_t row)
{
    qni_json_writer *w = &job->writer;
    const qn_table *table = job->block.table;
    char text[CELL_SIZE];
    int64_t size;
    if (is_text(table, column)) {
        json_text(w, text_of(table, column, row), column == job->columns[OPTION_ROLE_EXPIRY]);
        return;
    }
    size = format_cell(text, table, column, row);
    switch (qn_table_column_type(table, column)) {
    case QN_TYPE_DATE:
    case QN_TYPE_TIMESTAMP:
        qni_json_string(w, size > 0 ? text : NULL, size);
        return;
    case QN_TYPE_F64:
        qni_json_double(w, ((const double *)qn_table_values(table, column))[row]);
        return;
    case QN_TYPE_BOOL:
        if (size > 0)
            qni_json_bool(w, text[0] == 't');
        else
            qni_json_null(w);
        return;
    default:
        if (size > 0)
            qni_json_digits(w, text, size);
        else
            qni_json_null(w);
        return;
    }
}

static void json_row(option_job *job, int64_t i)
{
    qni_json_writer *w = &job->writer;
    const option_block *b = &job->block;
    qni_json_object_begin(w);
    qni_json_key(w, "input");
    qni_json_object_begin(w);
    for (int64_t c = 0; c < qn_table_column_count(b->table); c++) {
        qni_json_key(w, qn_table_column_name(b->table, c));
        json_cell(job, c, b->first + i);
    }
    qni_json_object_end(w);
    for (int r = 0; r < OPTION_RESULT_COUNT; r++) {
        if (b->out[r] == NULL)
            continue;
        qni_json_key(w, result_names[r]);
        qni_json_double(w, b->out[r][i]);
    }
    qni_json_key(w, "status");
    qni_json_string(w, status_of(job, i), -1);
    qni_json_object_end(w);
}

static void json_end(option_job *job)
{
    qni_json_writer *w = &job->writer;
    qni_json_array_end(w);
    qni_json_key(w, "n");
    qni_json_int64(w, job->row_count);
    qni_json_key(w, "complete");
    qni_json_bool(w, !job->stopped);
    qni_json_key(w, "counts");
    qni_json_object_begin(w);
    for (int i = 0; i < OPTION_STATUS_COUNT; i++) {
        qni_json_key(w, qn_option_status_name((qn_option_status)i));
        qni_json_int64(w, job->counts[i]);
    }
    qni_json_object_end(w);
    qni_json_object_end(w);
}

/* ---- text ---- */

static void text_head(option_job *job)
{
    qni_sheet *sheet = &job->sheet;
    const option_block *b = &job->block;
    int64_t columns = qn_table_column_count(b->table), count = columns + has_status(job);
    for (int r = 0; r < OPTION_RESULT_COUNT; r++)
        count += b->out[r] != NULL;
    qni_sheet_init(sheet, job->run->out, count, qni_run_allocator(job->run, QNI_HOLDER_TABLE));
    for (int64_t c = 0; c < columns; c++) {
        const char *name = qn_table_column_name(b->table, c);
        qni_sheet_foreign(sheet, name, (int64_t)strlen(name));
        qni_sheet_cell(sheet, QNI_CELL_TEXT);
    }
    for (int r = 0; r <= OPTION_RESULT_COUNT; r++) {
        if (r < OPTION_RESULT_COUNT ? b->out[r] == NULL : !has_status(job))
            continue;
        if (r < OPTION_RESULT_COUNT)
            qni_sheet_numbers(sheet, columns++);
        qni_sheet_bytes(sheet, job->names[r], (int64_t)strlen(job->names[r]));
        qni_sheet_cell(sheet, QNI_CELL_TEXT);
    }
}

/* What was read as text may still be a number, and is aligned as one. */
static qni_cell kind_of(const char *text)
{
    double number;
    const char *end = text + strlen(text);
    return qni_number_parse(&number, text, end) == end ? QNI_CELL_NUMBER : QNI_CELL_TEXT;
}

static void text_cell(qni_sheet *sheet, const char *text, int64_t size, qni_cell kind)
{
    qni_sheet_foreign(sheet, size > 0 ? text : "-", size > 0 ? size : 1);
    qni_sheet_cell(sheet, size > 0 ? kind : QNI_CELL_MISSING);
}

static void text_row(option_job *job, int64_t i)
{
    qni_sheet *sheet = &job->sheet;
    const option_block *b = &job->block;
    char text[CELL_SIZE];
    for (int64_t c = 0; c < qn_table_column_count(b->table); c++) {
        const char *string = is_text(b->table, c) ? text_of(b->table, c, b->first + i) : NULL;
        int64_t size = string != NULL ? (int64_t)strlen(string) : format_cell(text, b->table, c, b->first + i);
        text[string == NULL ? size : 0] = '\0';
        text_cell(sheet, string != NULL ? string : text, size, kind_of(string != NULL ? string : text));
    }
    for (int r = 0; r < OPTION_RESULT_COUNT; r++) {
        if (b->out[r] == NULL)
            continue;
        bool shown = !isnan(b->out[r][i]) || !has_status(job);
        text_cell(sheet, text, shown ? qni_number_format_digits(text, b->out[r][i], TEXT_DIGITS) : 0, QNI_CELL_NUMBER);
    }
    if (has_status(job))
        text_cell(sheet, status_of(job, i), (int64_t)strlen(status_of(job, i)), QNI_CELL_TEXT);
}

static void text_end(option_job *job)
{
    qni_out *out = job->run->out;
    const char *comma = ": ";
    qni_out_printf(out, "\n%" PRId64 " %s", job->row_count, job->row_count == 1 ? "row" : "rows");
    for (int i = 0; i < OPTION_STATUS_COUNT; i++) {
        if (job->counts[i] == 0)
            continue;
        qni_out_printf(out, "%s%" PRId64 " %s", comma, job->counts[i], qn_option_status_name((qn_option_status)i));
        comma = ", ";
    }
    qni_out_text(out, "\n");
}

void qni_option_show(option_job *job)
{
    static void (*const heads[])(option_job *) = {text_head, csv_head, json_head};
    static void (*const rows[])(option_job *, int64_t) = {text_row, csv_row, json_row};
    if (!job->begun) {
        name_results(job);
        heads[job->format](job);
    }
    job->begun = true;
    for (int64_t i = 0; i < job->block.count && job->run->out->failed == 0; i++)
        rows[job->format](job, i);
}

qn_status qni_option_show_end(option_job *job, qn_error *err)
{
    if (job->format == OPTION_FORMAT_TEXT) {
        qn_status s = qni_sheet_finish(&job->sheet, err);
        if (s == QN_OK)
            text_end(job);
        return s;
    }
    if (job->format == OPTION_FORMAT_CSV)
        return QN_OK;
    json_end(job);
    return qni_out_json_finish(&job->writer, err);
}
