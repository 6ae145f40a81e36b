/* fit/column.c: numbers from a table's columns, whatever their type. Any thread. */
#include "fit/column.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "mem/refuse.h"

#include <math.h>

static qn_status unknown(const qn_table *table, const char *name, const qn_allocator *allocator, qn_error *err)
{
    int64_t count = qn_table_column_count(table), near = -1;
    const char **names = qni_alloc(allocator, count, sizeof *names);
    for (int64_t c = 0; names != NULL && c < count; c++)
        names[c] = qn_table_column_name(table, c);
    if (names != NULL)
        near = qni_nearest(name, names, count);
    const char *file = qn_table_source(table);
    (void)(near >= 0 ? qni_error_at(err, QN_NAME, file, 0, 0, "the table has no column \"%s\": did you mean \"%s\"?",
                                    name, names[near])
                     : qni_error_at(err, QN_NAME, file, 0, 0, "the table has no column \"%s\"", name));
    qni_free(allocator, names, count, sizeof *names);
    return QN_NAME;
}

qn_status qni_fit_column(const double **out, double **copy, int64_t *column, const qn_table *table, const char *name,
                         const qn_allocator *allocator, const qn_allocator *source, qn_error *err)
{
    int64_t n = qn_table_row_count(table);
    *copy = NULL;
    *column = qn_table_column_find(table, name);
    if (*column < 0)
        return unknown(table, name, allocator, err);
    qn_type type = qn_table_column_type(table, *column);
    if (type == QN_TYPE_F64) {
        *out = qn_table_f64(table, *column);
        return QN_OK;
    }
    if (type != QN_TYPE_F32 && type != QN_TYPE_I64 && type != QN_TYPE_BOOL)
        return qni_error_at(err, QN_DATA, qn_table_source(table), 0, 0, "column \"%s\" holds %s values, not numbers",
                            name, type == QN_TYPE_STRING ? "text" : qn_type_name(type));
    *copy = qni_alloc(allocator, n, sizeof **copy);
    if (*copy == NULL)
        return qni_refused(err, source, n * (int64_t)sizeof **copy, "column \"%s\" as numbers", name);
    (void)qn_table_read_f64(table, *column, *copy);
    *out = *copy;
    return QN_OK;
}

const char *qni_fit_cell_fault(const qn_table *table, int64_t column, int64_t row, double value)
{
    if (qn_table_is_missing(table, column, row))
        return "has no value: fill it in or leave the row out";
    if (isnan(value))
        return "is not a number (NaN)";
    return isinf(value) ? "is infinite" : NULL;
}
