/* cli/sheet.h: a table for people, cell by cell. The first rows are gathered to find how wide the columns are; the ones
 * after them are written as they come, and a cell that is wider pushes aside what follows it. Nothing is cut off.
 *
 * Always: what somebody else wrote reaches a terminal only without what would control it. One thread. */
#ifndef QNI_CLI_SHEET_H
#define QNI_CLI_SHEET_H

#include "cli/out.h"

typedef enum qni_cell {
    QNI_CELL_MISSING, /* dimmed; says nothing of how its column is aligned */
    QNI_CELL_NUMBER,  /* a column of these is aligned to the right */
    QNI_CELL_TEXT
} qni_cell;

/* Its fields are the implementation's. A failed request for memory is remembered, and what comes after it does nothing;
 * qni_sheet_finish says so. */
typedef struct qni_sheet {
    qni_out *out;
    const qn_allocator *allocator;
    struct qni_sheet_column *columns; /* (column_count) */
    int64_t column_count;
    char *bytes;
    int64_t size, capacity;
    struct qni_sheet_cell *cells; /* (count) row by row, the head first */
    int64_t count, cell_capacity;
    int64_t rows; /* that are complete, without the head */
    bool begun;   /* the widths are found, the head is written */
    bool no_memory;
} qni_sheet;

/* A table of `column_count` > 0 columns on `out` (borrowed). The first row of cells is the head. To be freed. */
void qni_sheet_init(qni_sheet *sheet, qni_out *out, int64_t column_count, const qn_allocator *allocator);

/* A column of numbers, even where all of them are missing. */
void qni_sheet_numbers(qni_sheet *sheet, int64_t column);

/* Adds to the cell that is being made: bytes of ours; and text of somebody else's, where what would control a terminal,
 * and what is not UTF-8, becomes \n, \x1b or \u202e. */
void qni_sheet_bytes(qni_sheet *sheet, const char *bytes, int64_t size);
void qni_sheet_foreign(qni_sheet *sheet, const char *text, int64_t size);

/* What was added becomes the next cell, and rows are written once there are enough of them. */
void qni_sheet_cell(qni_sheet *sheet, qni_cell kind);

/* Whole cells: a text of somebody else's ("" is missing), a number with so many digits after the point (one that is not
 * finite is missing), a count, a day. */
void qni_sheet_text(qni_sheet *sheet, const char *text);
void qni_sheet_number(qni_sheet *sheet, double value, int digits);
void qni_sheet_count(qni_sheet *sheet, int64_t value);
void qni_sheet_day(qni_sheet *sheet, int32_t day);

/* Writes what is gathered. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_sheet_finish(qni_sheet *sheet, qn_error *err);
void qni_sheet_free(qni_sheet *sheet); /* all zero is fine */

#endif
