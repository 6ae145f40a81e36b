/* array/csv_infer.c: the types of columns that were not given one, from the rows that begin within the first
 * QNI_CSV_SAMPLE_BYTES after the header, at most QNI_CSV_SAMPLE_ROWS and at least one. The sample depends on the input
 * alone, not on how it is read.
 *
 * Each cell strikes out the types that it is not. What is left decides: bool, i64, f64, date, timestamp, else string; a
 * column that is empty all over is f64. */
#include "array/csv_int.h"

#include "array/limits.h"
#include "base/time.h"
#include "base/alloc.h"
#include "base/error.h"

#include <inttypes.h>

/* Types that a column may still have, as bits. */
enum {
    MAY_BOOL = 1 << 0,
    MAY_I64 = 1 << 1,
    MAY_F64 = 1 << 2,
    MAY_DATE = 1 << 3,
    MAY_TIMESTAMP = 1 << 4,
    MAY_ALL = MAY_BOOL | MAY_I64 | MAY_F64 | MAY_DATE | MAY_TIMESTAMP,
};

static uint8_t strike_out(uint8_t may, const qni_csv_cell *cell)
{
    union {
        bool truth;
        int64_t integer;
        double number;
        int32_t days;
    } unused;
    if ((may & MAY_I64) != 0 && !qni_csv_parse_i64(&unused.integer, cell->text, cell->size))
        may &= (uint8_t)~MAY_I64;
    if ((may & (MAY_F64 | MAY_I64)) == MAY_F64 && !qni_csv_parse_f64(&unused.number, cell->text, cell->size))
        may &= (uint8_t)~MAY_F64;
    if ((may & MAY_BOOL) != 0 && !qni_csv_parse_bool(&unused.truth, cell->text, cell->size))
        may &= (uint8_t)~MAY_BOOL;
    if ((may & MAY_DATE) != 0 && !qni_date_parse(&unused.days, cell->text, cell->size))
        may &= (uint8_t)~MAY_DATE;
    if ((may & (MAY_TIMESTAMP | MAY_DATE)) == MAY_TIMESTAMP &&
        !qni_timestamp_parse(&unused.integer, cell->text, cell->size))
        may &= (uint8_t)~MAY_TIMESTAMP;
    return may;
}

static qn_type decide(uint8_t may)
{
    if (may == MAY_ALL) /* no cell at all */
        return QN_TYPE_F64;
    if ((may & MAY_BOOL) != 0)
        return QN_TYPE_BOOL;
    if ((may & MAY_I64) != 0)
        return QN_TYPE_I64;
    if ((may & MAY_F64) != 0)
        return QN_TYPE_F64;
    if ((may & MAY_DATE) != 0)
        return QN_TYPE_DATE;
    return (may & MAY_TIMESTAMP) != 0 ? QN_TYPE_TIMESTAMP : QN_TYPE_STRING;
}

/* Strikes out by the record at p. Cells that are too many are passed over: reading the row will complain. */
static const char *sample_record(qn_csv *csv, const char *p, uint8_t *may)
{
    p = qni_csv_lex_indent(csv, p);
    bool last = false;
    for (int64_t column = 0; !last; column++) {
        qni_csv_cell cell;
        if ((p = qni_csv_lex_cell(csv, p, &cell)) == NULL)
            return NULL;
        if (column < csv->column_count && may[column] != 0) {
            qni_csv_trim(&cell);
            if (!qni_csv_is_missing(&cell))
                may[column] = strike_out(may[column], &cell);
        }
        if ((p = qni_csv_lex_next(csv, p, &last)) == NULL)
            return NULL;
    }
    return qni_csv_lex_line_end(csv, p);
}

/* Goes through the sample; an error in a record ends it, since reading that record will tell it. */
static qn_status sample(qn_csv *csv, uint8_t *may)
{
    int64_t offset = 0; /* of the next line, from csv->at, which moves */
    for (int64_t rows = 0; rows < QNI_CSV_SAMPLE_ROWS && (rows == 0 || offset < QNI_CSV_SAMPLE_BYTES);) {
        const char *p = csv->at + offset;
        const char *next = qni_csv_lex_line_to_skip(csv, p);
        bool is_record = next == p;
        if (is_record && *p == '\0' && csv->input_ended)
            break;
        if (is_record) {
            qn_error *err = csv->err;
            csv->err = NULL;
            next = sample_record(csv, p, may);
            csv->err = err;
        }
        if (next != NULL) {
            offset = next - csv->at;
            rows += is_record;
        } else if (csv->status != QN_OK || csv->stop != QNI_CSV_GOES_ON) {
            break;
        } else {
            qn_status s = qni_csv_more(csv);
            if (s != QN_OK)
                return s;
        }
    }
    csv->status = QN_OK;
    return QN_OK;
}

qn_status qni_csv_infer(qn_csv *csv)
{
    bool wanted = false;
    for (int64_t i = 0; i < csv->target_count; i++)
        wanted = wanted || csv->targets[i].type == QN_TYPE_AUTO;
    if (!wanted)
        return QN_OK;
    uint8_t *may = qni_alloc_zeroed(csv->allocator, csv->column_count, 1);
    if (may == NULL)
        return qni_error(csv->err, QN_NOMEM, "no memory for %" PRId64 " columns", csv->column_count);
    for (int64_t i = 0; i < csv->target_count; i++)
        may[csv->targets[i].source] = csv->targets[i].type == QN_TYPE_AUTO ? MAY_ALL : 0;
    qn_status s = sample(csv, may);
    for (int64_t i = 0; i < csv->target_count && s == QN_OK; i++) {
        qni_csv_target *target = &csv->targets[i];
        if (target->type == QN_TYPE_AUTO) {
            target->type = decide(may[target->source]);
            target->inferred = true;
        }
    }
    qni_free(csv->allocator, may, csv->column_count, 1);
    return s;
}
