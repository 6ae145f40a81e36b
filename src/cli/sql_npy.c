/* cli/sql_npy.c: a whole result as one array of NumPy's, of doubles: (rows, columns), or (rows) of a single column. A
 * NULL is NaN. */
#include "cli/sql_int.h"

#include "base/error.h"

#include <quern/npy.h>

static qn_status no_numbers(const char *name, const char *what, qn_error *err)
{
    return qni_error(err, QN_DATA,
                     "--format npy: column \"%.80s\" holds %s: leave it out of the query, or choose csv or json", name,
                     what);
}

/* What is known before any row is read. */
static qn_status check_columns(const sql_show *show, qn_error *err)
{
    static const char *const words[] = {[QN_VALUE_TEXT] = "text",
                                        [QN_VALUE_BYTES] = "bytes",
                                        [QN_VALUE_DATE] = "dates",
                                        [QN_VALUE_TIMESTAMP] = "timestamps"};
    if (show->columns == 0)
        return qni_error(err, QN_DATA, "--format npy: the statement gives no rows");
    for (int64_t c = 0; c < show->columns; c++) {
        size_t type = (size_t)qn_rows_column_type(show->rows, c);
        if (type < sizeof words / sizeof words[0] && words[type] != NULL)
            return no_numbers(qn_rows_column_name(show->rows, c), words[type], err);
    }
    return QN_OK;
}

/* Columns one after the other: an array in Fortran order, which is written as it stands. */
static qn_status fill(qn_array *out, const qn_table *table, const sql_show *show, qn_error *err)
{
    int64_t columns = qn_table_column_count(table), rows = qn_table_row_count(table);
    qn_array block;
    qn_status s = qn_array_init(&block, QN_DTYPE_F64, 2, (int64_t[]){columns, rows}, show->allocator, err);
    if (s != QN_OK)
        return s;
    for (int64_t c = 0; s == QN_OK && c < columns; c++)
        if (!qn_table_read_f64(table, c, (double *)block.data + c * rows))
            s = no_numbers(qn_table_column_name(table, c), "no numbers", err);
    if (s == QN_OK)
        s = columns == 1 ? qn_array_pick(out, &block, 0, 0, err) : qn_array_transpose(out, &block, NULL, err);
    qn_array_fini(&block);
    return s;
}

qn_status qni_sql_npy(const sql_show *show, qn_error *err)
{
    qn_table *table = NULL;
    qn_array array = {0};
    qn_status s = check_columns(show, err);
    if (s == QN_OK)
        s = qn_rows_read(&table, show->rows, -1, err);
    if (s == QN_OK)
        s = fill(&array, table, show, err);
    qn_table_free(table);
    if (s == QN_OK)
        s = qn_npy_write(&array, "-", show->allocator, err);
    qn_array_fini(&array);
    return s;
}
