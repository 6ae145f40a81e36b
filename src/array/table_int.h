/* array/table_int.h: what a table is made of, and how it is filled.
 *
 * While a table is filled it belongs to one thread and to whoever fills it; from the moment it is handed out it never
 * changes. It is counted: its maker holds one reference, each Arrow export another. */
#ifndef QNI_ARRAY_TABLE_INT_H
#define QNI_ARRAY_TABLE_INT_H

#include <quern/table.h>

#include "array/strings_int.h"

#include <stdatomic.h>

typedef struct qni_column {
    qn_type type;
    void *values;       /* room for the table's capacity */
    int64_t value_size; /* bytes held */
    uint8_t
        *validity; /* NULL: nothing is missing (so far); else 1 in all rows not missing, also in those not yet filled */
    int64_t validity_size;
    int64_t missing_count; /* set by qni_table_finish */
    qni_strings strings;   /* of a text column */
} qni_column;

/* From `row` on, rows stand one line after the other, the first one in `line`. */
typedef struct qni_row_lines {
    int64_t row, line;
} qni_row_lines;

struct qn_table {
    const qn_allocator *allocator;
    atomic_int_fast64_t reference_count; /* the release of the last unref pairs with the acquire before freeing */
    qni_strings names;                   /* code = column */
    qni_column *columns;
    int64_t column_count;
    int64_t row_count;
    int64_t capacity; /* rows */
    char *source;
    qni_row_lines *lines; /* ascending */
    int64_t line_count, line_capacity;
};

/* A table without rows and with columns that have no type yet. `source` may be NULL. Errors: QN_NOMEM, QN_INVALID
 * (equal names), QN_LIMIT. */
qn_status qni_table_new(qn_table **out, const char *const *names, int64_t column_count, const char *source,
                        const qn_allocator *allocator, qn_error *err);

/* Room for `capacity` rows in every column; the types must be set. Unfilled bool values are 0. False: no memory; the
 * table stays whole. */
bool qni_table_reserve(qn_table *table, int64_t capacity);

/* Marks a row (below the capacity) of a column as missing and fills its slot. False: no memory. */
bool qni_table_set_missing(qn_table *table, qni_column *column, int64_t row);

/* Notes the line in which the next row (row_count) stands. False: no memory. */
bool qni_table_note_line(qn_table *table, int64_t line);

/* Counts what is missing and clears what is beyond the last row: the table can be handed out. */
void qni_table_finish(qn_table *table);

/* The bytes that a finished table holds, as they were asked of its allocator. */
int64_t qni_table_held(const qn_table *table);

void qni_table_ref(qn_table *table);

#endif
