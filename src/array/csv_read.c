/* array/csv_read.c: records into a table.
 *
 * The plan is made once, at the first read: a step for each column that is read, in the order of the file, and how many
 * columns to skip before it. A record that does not end in the window is read again from its beginning after the window
 * has grown: filling a row twice with the same cells does no harm. */
#include "array/csv_int.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "mem/refuse.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

static qn_status select_all(qn_csv *csv)
{
    for (int64_t i = 0; i < csv->column_count; i++) {
        qn_status s = qn_csv_select(csv, csv->name_texts[i], QN_TYPE_AUTO, csv->err);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

static qn_status make_plan(qn_csv *csv)
{
    qn_status s = csv->target_count == 0 ? select_all(csv) : QN_OK;
    if (s == QN_OK)
        s = qni_csv_infer(csv);
    if (s != QN_OK)
        return s;
    csv->target_names = qni_alloc(csv->allocator, csv->target_count, sizeof *csv->target_names);
    if (csv->target_names != NULL)
        csv->steps = qni_alloc(csv->allocator, csv->target_count, sizeof *csv->steps);
    if (csv->target_names == NULL || csv->steps == NULL)
        return qni_refused(csv->err, csv->allocator, 0, "%" PRId64 " columns", csv->target_count);
    int64_t count = 0, skip = 0;
    for (int64_t i = 0; i < csv->column_count; i++, skip++) {
        int64_t target = csv->target_of_column[i];
        if (target < 0)
            continue;
        csv->target_names[target] = csv->name_texts[i];
        csv->steps[count++] = (qni_csv_step){.skip = skip, .source = i, .target = target};
        skip = -1;
    }
    return QN_OK;
}

/* Reads the cell at p into the row. The usual number needs no look at where the cell ends; one that the window's end
 * may have cut short is read again with the row. */
static inline const char *read_cell(qn_csv *csv, qn_table *table, const qni_csv_step *step, const char *p)
{
    const qni_column *column = &table->columns[step->target];
    int64_t row = table->row_count;
    if (column->type == QN_TYPE_F64) {
        double value;
        const char *end = qni_number_parse(&value, p, csv->end);
        if (end != NULL && fabs(value) <= DBL_MAX && csv->kind[(uint8_t)*end] >= QNI_CSV_STOP) {
            ((double *)column->values)[row] = value;
            return end;
        }
    } else if (column->type == QN_TYPE_I64) {
        int64_t value;
        const char *end = qni_integer_parse(&value, p, csv->end);
        if (end != NULL && csv->kind[(uint8_t)*end] >= QNI_CSV_STOP) {
            ((int64_t *)column->values)[row] = value;
            return end;
        }
    }
    qni_csv_cell cell;
    const char *end = qni_csv_lex_cell(csv, p, &cell);
    return end != NULL && qni_csv_store(csv, table, step, row, &cell) ? end : NULL;
}

/* Reads the record at the window's beginning into the table's next row. Returns what comes after its line, or NULL. */
static const char *read_record(qn_csv *csv, qn_table *table)
{
    const char *p = qni_csv_lex_indent(csv, csv->at);
    bool last = false;
    int64_t column = 0, passed;
    for (int64_t i = 0; i < csv->target_count; i++) {
        const qni_csv_step *step = &csv->steps[i];
        if (step->skip > 0) {
            if ((p = qni_csv_lex_skip(csv, p, step->skip, &passed, &last)) == NULL)
                return NULL;
            column += passed;
        }
        if (last)
            break;
        if ((p = read_cell(csv, table, step, p)) == NULL || (p = qni_csv_lex_next(csv, p, &last)) == NULL)
            return NULL;
        column++;
    }
    if (!last && column < csv->column_count) {
        if ((p = qni_csv_lex_skip(csv, p, csv->column_count - column, &passed, &last)) == NULL)
            return NULL;
        column += passed;
    }
    if (!last || column != csv->column_count)
        return qni_csv_lex_check_count(csv, csv->at);
    return qni_csv_lex_line_end(csv, p);
}

/* Room for at least one more row. */
static bool make_room(qn_csv *csv, qn_table *table, int64_t max_rows)
{
    int64_t rows = table->row_count;
    int64_t wanted = rows + rows / 2; /* where nothing better is known */
    if (rows == 0) {
        wanted = QNI_TABLE_FIRST_BYTES / 8 / csv->target_count;
        wanted = wanted < QNI_TABLE_FEWEST_ROWS ? QNI_TABLE_FEWEST_ROWS : wanted;
        wanted = wanted > QNI_TABLE_FIRST_ROWS ? QNI_TABLE_FIRST_ROWS : wanted;
    } else if (csv->input.total_size > csv->consumed) {
        double estimate = (double)rows * (double)csv->input.total_size / (double)csv->consumed * 1.02;
        if (estimate > (double)wanted && estimate < 0x1p62)
            wanted = (int64_t)estimate;
    }
    if (max_rows >= 0 && wanted > max_rows)
        wanted = max_rows;
    return qni_table_reserve(table, wanted);
}

static qn_status read_rows(qn_csv *csv, qn_table *table, int64_t max_rows)
{
    while (max_rows < 0 || table->row_count < max_rows) {
        const char *next = qni_csv_lex_line_to_skip(csv, csv->at);
        bool is_record = next == csv->at;
        if (is_record && *next == '\0' && csv->input_ended)
            break;
        if (is_record) {
            if (table->row_count == table->capacity && !make_room(csv, table, max_rows))
                return qni_refused(csv->err, csv->allocator, 0, "more than %" PRId64 " rows", table->row_count);
            next = read_record(csv, table);
        }
        if (next == NULL) {
            if (csv->status != QN_OK || (csv->status = qni_csv_more(csv)) != QN_OK)
                return csv->status;
            continue;
        }
        if (is_record) {
            if (!qni_table_note_line(table, csv->line))
                return qni_refused(csv->err, csv->allocator, 0, "the line numbers of %" PRId64 " rows",
                                   table->row_count);
            table->row_count++;
        }
        qni_csv_advance(csv, next);
    }
    return QN_OK;
}

static qn_status read_table(qn_table **out, qn_csv *csv, int64_t max_rows)
{
    qn_status s = csv->steps == NULL ? make_plan(csv) : QN_OK;
    qn_table *table = NULL;
    if (s == QN_OK)
        s = qni_table_new(&table, csv->target_names, csv->target_count, csv->name, csv->allocator, csv->err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < csv->target_count; i++)
        table->columns[i].type = csv->targets[i].type;
    s = read_rows(csv, table, max_rows);
    if (s != QN_OK || table->row_count == 0) {
        qn_table_free(table);
        return s;
    }
    qni_table_finish(table);
    *out = table;
    return QN_OK;
}

qn_status qn_csv_read(qn_table **out, qn_csv *csv, int64_t max_rows, qn_error *err)
{
    *out = NULL;
    if (max_rows == 0 || max_rows < -1)
        return qni_error(err, QN_INVALID, "%" PRId64 " rows cannot be read: a positive number, or -1 for all",
                         max_rows);
    if (csv->failed)
        return qni_error(err, QN_INVALID, "the reader has failed before: it can only be closed");
    csv->err = err;
    qn_status s = read_table(out, csv, max_rows);
    csv->err = NULL;
    csv->failed = s != QN_OK;
    return s;
}
