/* store/duckdb_read.c: vectors into the columns of a table: what lies alike in both is copied as a block. */
#include "store/duckdb_int.h"

#include "base/number.h"

#include <inttypes.h>
#include <string.h>

/* A piece of a column: `count` rows of the chunk from `from` on, for the table's rows from `to` on. */
typedef struct piece {
    qni_duck_statement *st;
    const qni_duck_column *column;
    int64_t index;
    int64_t from, to, count;
    qn_table *table;
} piece;

/* Days and microseconds of the years 1 to 9999, which a table can hold. */
static const int32_t first_day = -719162, last_day = 2932896;
static const int64_t first_us = INT64_C(-719162) * 86400000000, last_us = INT64_C(2932897) * 86400000000 - 1;

/* One value in the general way, which knows what to say where it does not fit. */
static qn_status put(const piece *p, int64_t i, qn_error *err)
{
    qn_value value = qni_duck_row_value(p->st, p->index, p->from + i);
    return qni_db_put(p->table, p->index, p->to + i, &value, err);
}

#define WIDEN(type, out_type)                                            \
    for (int64_t i = 0; i < p->count; i++)                               \
        out[i] = (out_type)((const type *)p->column->data)[p->from + i]; \
    break

static void copy_whole(const piece *p)
{
    int64_t *out = (int64_t *)qni_table_build_values(p->table, p->index) + p->to;
    switch (p->column->id) {
    case DUCKDB_TYPE_TINYINT:
        WIDEN(int8_t, int64_t);
    case DUCKDB_TYPE_SMALLINT:
        WIDEN(int16_t, int64_t);
    case DUCKDB_TYPE_INTEGER:
        WIDEN(int32_t, int64_t);
    case DUCKDB_TYPE_UTINYINT:
        WIDEN(uint8_t, int64_t);
    case DUCKDB_TYPE_USMALLINT:
        WIDEN(uint16_t, int64_t);
    case DUCKDB_TYPE_UINTEGER:
        WIDEN(uint32_t, int64_t);
    default:
        memcpy(out, (const int64_t *)p->column->data + p->from, (size_t)p->count * sizeof *out);
        break;
    }
}

/* Both numbers of the division are exact, so the quotient is the nearest double. */
static bool copy_small_decimals(const piece *p, double *out)
{
    double power = 1; /* 10^18 is exact */
    for (int i = 0; i < p->column->scale; i++)
        power *= 10;
    switch (p->column->stored) {
    case DUCKDB_TYPE_SMALLINT:
        for (int64_t i = 0; i < p->count; i++)
            out[i] = (double)((const int16_t *)p->column->data)[p->from + i] / power;
        return true;
    case DUCKDB_TYPE_INTEGER:
        for (int64_t i = 0; i < p->count; i++)
            out[i] = (double)((const int32_t *)p->column->data)[p->from + i] / power;
        return true;
    default:
        return false;
    }
}

static qn_status copy_numbers(const piece *p, qn_error *err)
{
    double *out = (double *)qni_table_build_values(p->table, p->index) + p->to;
    switch (p->column->id) {
    case DUCKDB_TYPE_DOUBLE:
        memcpy(out, (const double *)p->column->data + p->from, (size_t)p->count * sizeof *out);
        return QN_OK;
    case DUCKDB_TYPE_FLOAT:
        for (int64_t i = 0; i < p->count; i++)
            out[i] = (double)((const float *)p->column->data)[p->from + i];
        return QN_OK;
    default:
        break;
    }
    qn_status s = QN_OK;
    if (copy_small_decimals(p, out))
        return s;
    for (int64_t i = 0; s == QN_OK && i < p->count; i++)
        s = put(p, i, err);
    return s;
}

static qn_status copy_days(const piece *p, qn_error *err)
{
    const int32_t *in = (const int32_t *)p->column->data + p->from;
    int32_t *out = (int32_t *)qni_table_build_values(p->table, p->index) + p->to;
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < p->count; i++) {
        out[i] = in[i];
        if (in[i] < first_day || in[i] > last_day)
            s = put(p, i, err);
    }
    return s;
}

static qn_status copy_times(const piece *p, qn_error *err)
{
    const int64_t *in = (const int64_t *)p->column->data + p->from;
    int64_t *out = (int64_t *)qni_table_build_values(p->table, p->index) + p->to;
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < p->count; i++) {
        out[i] = qni_duck_microseconds(p->column->id, in[i]);
        if (out[i] < first_us || out[i] > last_us)
            s = put(p, i, err);
    }
    return s;
}

static void copy_truths(const piece *p)
{
    const uint8_t *in = (const uint8_t *)p->column->data + p->from;
    for (int64_t i = 0; i < p->count; i++)
        qni_table_build_bool(p->table, p->index, p->to + i, in[i] != 0);
}

static qn_status copy_strings(const piece *p, qn_error *err)
{
    const duckdb_string_t *in = (const duckdb_string_t *)p->column->data + p->from;
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < p->count; i++)
        if (!qni_duck_is_null(p->column->validity, p->from + i))
            s = qni_table_build_string(p->table, p->index, p->to + i, qni_duck_bytes(&in[i]), qni_duck_size(&in[i]),
                                       err);
    return s;
}

/* Texts that DuckDB has to write. */
static qn_status write_strings(const piece *p, qn_error *err)
{
    const qni_duck_api *api = &qni_duck_of(p->st->base.db)->api;
    const qn_allocator *allocator = p->st->base.db->allocator;
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < p->count; i++) {
        if (qni_duck_is_null(p->column->validity, p->from + i))
            continue;
        char *text = qni_duck_text(api, p->column->type, p->column->vector, p->from + i, allocator);
        s = text == NULL ? qni_error(err, QN_NOMEM, "no memory for the text of a value of DuckDB")
                         : qni_table_build_string(p->table, p->index, p->to + i, text, (int64_t)strlen(text), err);
        api->free(text);
    }
    return s;
}

static qn_status copy_missing(const piece *p, qn_error *err)
{
    const uint64_t *validity = p->column->validity;
    for (int64_t i = 0; validity != NULL && i < p->count; i++) {
        int64_t row = p->from + i;
        if (row % 64 == 0 && validity[row / 64] == UINT64_MAX) {
            i += 63;
            continue;
        }
        if (qni_duck_is_null(validity, row) && !qni_table_build_missing(p->table, p->index, p->to + i))
            return qni_refused(err, p->st->base.db->allocator, 0, "what is missing in a column");
    }
    return QN_OK;
}

static qn_status copy_piece(const piece *p, qn_error *err)
{
    qn_status s = QN_OK;
    switch (p->column->value_type) {
    case QN_VALUE_BOOL:
        copy_truths(p);
        break;
    case QN_VALUE_I64:
        copy_whole(p);
        break;
    case QN_VALUE_F64:
    case QN_VALUE_DECIMAL:
        s = copy_numbers(p, err);
        break;
    case QN_VALUE_DATE:
        s = copy_days(p, err);
        break;
    case QN_VALUE_TIMESTAMP:
        s = copy_times(p, err);
        break;
    default:
        s = p->column->id == DUCKDB_TYPE_VARCHAR ? copy_strings(p, err) : write_strings(p, err);
        break;
    }
    return s == QN_OK ? copy_missing(p, err) : s;
}

/* `count` rows of the chunk, from the first that was not passed yet. */
static qn_status copy_rows(qni_duck_statement *st, qn_table *table, int64_t count, qn_error *err)
{
    if (!qni_table_build_reserve(table, count))
        return qni_refused(err, st->base.db->allocator, 0, "more than %" PRId64 " rows", qn_table_row_count(table));
    for (int64_t c = 0; c < st->column_count; c++) {
        piece p = {st, &st->columns[c], c, st->row, qn_table_row_count(table), count, table};
        qn_status s = copy_piece(&p, err);
        if (s != QN_OK)
            return s;
    }
    qni_table_build_rows(table, count);
    st->row += count;
    return QN_OK;
}

qn_status qni_duck_read(bool *more, qni_statement *statement, qn_table *table, int64_t max_rows, qn_error *err)
{
    qni_duck_statement *st = (qni_duck_statement *)statement;
    int64_t left = max_rows < 0 ? INT64_MAX : max_rows;
    *more = true;
    while (left > 0) {
        qn_status s = qni_duck_ahead(more, st, err);
        if (s != QN_OK || !*more)
            return s;
        int64_t count = st->chunk_size - st->row < left ? st->chunk_size - st->row : left;
        s = copy_rows(st, table, count, err);
        if (s != QN_OK)
            return s;
        left -= count;
    }
    return QN_OK;
}
