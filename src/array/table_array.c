/* array/table_array.c: a table from an array; see quern/table.h. */
#include "array/table_int.h"

#include "array/array_int.h"
#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    NAME_SIZE = 24 /* c, at most nineteen digits, a zero */
};

/* A table without rows, its columns called c1, c2, … */
static qn_status make_columns(qn_table **out, int64_t count, const char *source, const qn_allocator *allocator,
                              qn_error *err)
{
    char(*names)[NAME_SIZE] = qni_alloc(allocator, count, sizeof *names);
    const char **pointers = qni_alloc(allocator, count, sizeof *pointers);
    qn_status s = QN_NOMEM;
    if (names != NULL && pointers != NULL) {
        for (int64_t i = 0; i < count; i++) {
            snprintf(names[i], NAME_SIZE, "c%" PRId64, i + 1);
            pointers[i] = names[i];
        }
        s = qni_table_new(out, pointers, count, source, allocator, err);
    } else {
        (void)qni_error(err, QN_NOMEM, "no memory for the names of %" PRId64 " columns", count);
    }
    qni_free(allocator, names, count, sizeof *names);
    qni_free(allocator, pointers, count, sizeof *pointers);
    return s;
}

static void fill(qn_table *table, const qn_array *a, int64_t row_stride, int64_t column_stride)
{
    for (int64_t c = 0; c < table->column_count; c++) {
        double *values = table->columns[c].values;
        const char *element = (const char *)a->data + c * column_stride;
        for (int64_t i = 0; i < table->row_count; i++, element += row_stride)
            values[i] = qni_array_load(a->dtype, element);
    }
}

qn_status qn_table_from_array(qn_table **out, const qn_array *array, const char *source, const qn_allocator *allocator,
                              qn_error *err)
{
    *out = NULL;
    if (array->ndim != 1 && array->ndim != 2)
        return qni_error(err, QN_INVALID, "an array of %d axes is no table: it needs rows and columns",
                         (int)array->ndim);
    int64_t rows = array->shape[0], columns = array->ndim == 2 ? array->shape[1] : 1;
    if (columns > QNI_CSV_COLUMN_LIMIT)
        return qni_error_at(err, QN_LIMIT, source, 0, 0, "%" PRId64 " columns are more than %d", columns,
                            QNI_CSV_COLUMN_LIMIT);
    qn_table *table = NULL;
    qn_status s = make_columns(&table, columns, source, allocator, err);
    if (s != QN_OK)
        return s;
    for (int64_t c = 0; c < columns; c++)
        table->columns[c].type = QN_TYPE_F64;
    if (!qni_table_reserve(table, rows)) {
        qn_table_free(table);
        return qni_refused(err, allocator, 0, "%" PRId64 " columns of %" PRId64 " rows", columns, rows);
    }
    table->row_count = rows;
    fill(table, array, array->strides[0], array->ndim == 2 ? array->strides[1] : 0);
    qni_table_finish(table);
    *out = table;
    return QN_OK;
}
