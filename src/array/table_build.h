/* array/table_build.h: filling a table column by column, for folders that read rows from elsewhere.
 *
 * The way: new, a type for every column, then for each batch of rows reserve, write values straight into the buffers
 * (or through the setters), and count the rows; finish hands the table out. A builder that is not finished is freed
 * with qn_table_free(builder->table). One thread. */
#ifndef QNI_ARRAY_TABLE_BUILD_H
#define QNI_ARRAY_TABLE_BUILD_H

#include <quern/table.h>

/* names (column_count), distinct. `source` may be NULL. The columns have no type yet. Errors: QN_INVALID (equal names),
 * QN_LIMIT, QN_NOMEM. */
qn_status qni_table_build_new(qn_table **out, const char *const *names, int64_t column_count, const char *source,
                              const qn_allocator *allocator, qn_error *err);

/* The type of a column, while it has no rows or, of a column in which all rows are missing, later: its buffers are then
 * made anew. False: no memory. */
bool qni_table_build_type(qn_table *table, int64_t column, qn_type type);

/* An i64 column becomes f64, rounded beyond 2^53. */
void qni_table_build_widen(qn_table *table, int64_t column);

/* Room for at least `rows` further rows in every column, doubling; all columns must have a type. False: no memory. */
bool qni_table_build_reserve(qn_table *table, int64_t rows);

/* The buffer of a column's values, room for the capacity; valid until the next reserve, type or widen. */
void *qni_table_build_values(qn_table *table, int64_t column);

/* Row `row` counts from 0 and is below what is reserved. False: no memory. */
bool qni_table_build_missing(qn_table *table, int64_t column, int64_t row);
void qni_table_build_bool(qn_table *table, int64_t column, int64_t row, bool value);
/* Errors: QN_NOMEM, QN_LIMIT (2^31 different ones), QN_DATA (a zero byte). */
qn_status qni_table_build_string(qn_table *table, int64_t column, int64_t row, const char *text, int64_t size,
                                 qn_error *err);

/* `count` more rows are filled in; their number so far is qn_table_row_count. */
void qni_table_build_rows(qn_table *table, int64_t count);

/* Nothing changes any more. */
void qni_table_build_finish(qn_table *table);

#endif
