/* array/table_build.c: see table_build.h. */
#include "array/table_build.h"

#include "array/limits.h"
#include "array/table_int.h"
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

qn_status qni_table_build_new(qn_table **out, const char *const *names, int64_t column_count, const char *source,
                              const qn_allocator *allocator, qn_error *err)
{
    return qni_table_new(out, names, column_count, source, allocator, err);
}

bool qni_table_build_type(qn_table *table, int64_t column, qn_type type)
{
    qni_column *c = &table->columns[column];
    const qn_allocator *allocator = table->allocator;
    c->type = type;
    if (table->capacity == 0)
        return true;
    qni_free(allocator, c->values, c->value_size, 1);
    qni_free(allocator, c->validity, c->validity_size, 1);
    c->values = NULL;
    c->validity = NULL;
    c->value_size = c->validity_size = 0;
    if (!qni_table_reserve(table, table->capacity))
        return false;
    for (int64_t row = 0; row < table->row_count; row++) {
        if (!qni_table_set_missing(table, c, row))
            return false;
    }
    return true;
}

void qni_table_build_widen(qn_table *table, int64_t column)
{
    qni_column *c = &table->columns[column];
    assert(c->type == QN_TYPE_I64);
    int64_t *whole = c->values;
    c->type = QN_TYPE_F64;
    for (int64_t row = 0; row < table->capacity; row++) {
        double value = (double)whole[row];
        memcpy(whole + row, &value, sizeof value);
    }
    for (int64_t row = 0; row < table->row_count && c->validity != NULL; row++) {
        if ((c->validity[row >> 3] >> (row & 7) & 1) == 0)
            (void)qni_table_set_missing(table, c, row); /* the bitmap is there, so it cannot fail */
    }
}

bool qni_table_build_reserve(qn_table *table, int64_t rows)
{
    int64_t needed;
    if (!qni_size_add(&needed, table->row_count, rows))
        return false;
    if (needed <= table->capacity)
        return true;
    int64_t wanted = table->capacity < needed / 2 ? needed : table->capacity * 2;
    if (wanted < QNI_TABLE_FEWEST_ROWS)
        wanted = QNI_TABLE_FEWEST_ROWS;
    return qni_table_reserve(table, wanted);
}

void *qni_table_build_values(qn_table *table, int64_t column)
{
    return table->columns[column].values;
}

bool qni_table_build_missing(qn_table *table, int64_t column, int64_t row)
{
    return qni_table_set_missing(table, &table->columns[column], row);
}

void qni_table_build_bool(qn_table *table, int64_t column, int64_t row, bool value)
{
    uint8_t *bits = table->columns[column].values;
    uint8_t bit = (uint8_t)(1u << (row & 7));
    bits[row >> 3] = (uint8_t)(value ? bits[row >> 3] | bit : bits[row >> 3] & ~bit);
}

qn_status qni_table_build_string(qn_table *table, int64_t column, int64_t row, const char *text, int64_t size,
                                 qn_error *err)
{
    qni_column *c = &table->columns[column];
    if (memchr(text, '\0', (size_t)size) != NULL)
        return qni_error(err, QN_DATA, "row %" PRId64 ", column \"%.80s\": text with a zero byte", row + 1,
                         qni_strings_at(&table->names, column));
    int32_t code;
    qn_status s = qni_strings_add(&code, &c->strings, table->allocator, text, size);
    if (s == QN_NOMEM)
        return qni_refused(err, table->allocator, size, "the texts of column \"%.80s\"",
                           qni_strings_at(&table->names, column));
    if (s != QN_OK)
        return qni_error(err, s, "column \"%.80s\": more than 2147483647 different texts",
                         qni_strings_at(&table->names, column));
    ((int32_t *)c->values)[row] = code;
    return QN_OK;
}

void qni_table_build_rows(qn_table *table, int64_t count)
{
    table->row_count += count;
    assert(table->row_count <= table->capacity);
}

void qni_table_build_finish(qn_table *table)
{
    qni_table_finish(table);
}
