/* fit/column.h: numbers from a table's columns, whatever their type. Any thread. */
#ifndef QNI_FIT_COLUMN_H
#define QNI_FIT_COLUMN_H

#include <quern/table.h>

/* The numbers (rows) of column `name`: the table's own, or a copy as doubles in *copy, the caller's to free; *copy is
 * else NULL. What is missing in a copy is NaN. source: on what the allocator draws, for mem/refuse.h. Errors: QN_NAME
 * (with the nearest name), QN_DATA (not numbers), QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_fit_column(const double **out, double **copy, int64_t *column, const qn_table *table,
                                     const char *name, const qn_allocator *allocator, const qn_allocator *source,
                                     qn_error *err);

/* What is wrong with a cell whose number is `value`; NULL: nothing. */
const char *qni_fit_cell_fault(const qn_table *table, int64_t column, int64_t row, double value);

#endif
