/* array/csv_int.h: the parts of the CSV reader.
 *
 *   csv_input.c    bytes of an input in a window that holds at least one record
 *   csv_dialect.c  which delimiter, what the header says
 *   csv_lex.c      records into cells
 *   csv_cell.c     a cell's text into a value, and what is said where it is none
 *   csv_infer.c    types of columns that were not given
 *   csv_open.c     opening, options, selecting
 *   csv_read.c     records into a table
 *
 * The window: the unread bytes are [at, end); a zero byte stands at `end` and nowhere before, so that every scan ends
 * there; PADDING more zeros follow. A record is always read from its beginning at `at`; where it turns out to end
 * beyond the window, the window grows and the record is read again. */
#ifndef QNI_ARRAY_CSV_INT_H
#define QNI_ARRAY_CSV_INT_H

#include <quern/table.h>

#include "array/input.h"
#include "array/table_int.h"

/* How much is held; 0: as limits.h says. */
typedef struct qni_csv_sizes {
    int64_t chunk;  /* bytes to hold at a time */
    int64_t record; /* bytes of the longest record */
} qni_csv_sizes;

/* Why nothing comes after the window's end although the input has not ended. */
typedef enum qni_csv_stop {
    QNI_CSV_GOES_ON,
    QNI_CSV_NUL, /* a zero byte comes next */
    QNI_CSV_NOT_READ,
} qni_csv_stop;

/* What a byte is outside quotes. From QNI_CSV_STOP on it ends a cell. */
enum {
    QNI_CSV_PLAIN,
    QNI_CSV_BLANK, /* counts for nothing around a cell */
    QNI_CSV_STOP,
    QNI_CSV_DELIMITER = QNI_CSV_STOP,
    QNI_CSV_LINE_END,
    QNI_CSV_END, /* the zero byte at the window's end: the end of the input, or more bytes are needed */
};

typedef struct qni_csv_cell {
    const char *text; /* in the window; without the quotes, or without blanks around */
    int64_t size;
    bool quoted;
    bool doubled; /* has doubled quotes inside */
} qni_csv_cell;

/* A column of the file that is read, in the order of the file. */
typedef struct qni_csv_step {
    int64_t skip;   /* columns between the step before and this one */
    int64_t source; /* column of the file */
    int64_t target; /* column of the table */
} qni_csv_step;

/* A column of the table. */
typedef struct qni_csv_target {
    int64_t source;
    qn_type type; /* QN_TYPE_AUTO: to be inferred */
    bool inferred;
} qni_csv_target;

struct qn_csv {
    const qn_allocator *allocator;
    char *name; /* what complaints call the input */

    qni_input input;
    qni_csv_sizes sizes;
    char *window;
    int64_t window_size; /* bytes held, without the padding */
    char *at, *end;
    bool input_ended;  /* nothing comes after `end` */
    qni_csv_stop stop; /* what is wrong there is said when a record needs more bytes, not before */
    int64_t consumed;  /* bytes before `at` */
    int64_t line;      /* of the byte at `at` */

    char delimiter;
    bool runs; /* a run of blanks is one delimiter */
    bool no_header;
    uint8_t kind[256];

    qni_strings names;       /* distinct */
    int32_t *name_of_column; /* (column_count) */
    int64_t column_capacity;
    int64_t *column_of_name; /* (names.count) the first one; -1 - it where the name occurs again */
    const char **name_texts; /* (column_count) */
    int64_t column_count;
    qn_type *given_types; /* (column_count) from the options */

    qni_csv_target *targets; /* in the order of the calls */
    int64_t target_count, target_capacity;
    int64_t *target_of_column; /* (column_count) -1: not selected */
    qni_csv_step *steps;       /* (target_count); NULL before the first read */
    const char **target_names; /* (target_count); likewise */

    char *scratch; /* cells with doubled quotes */
    int64_t scratch_capacity;

    /* Of the call that runs. */
    qn_error *err;
    qn_status status;       /* of the lexer and what it calls, QN_OK where only more bytes are needed */
    const char *open_quote; /* where the bytes ran out inside a quoted cell; else NULL */
    bool lines_inside;      /* the record has quoted cells, perhaps with line breaks */
    bool failed;            /* for good */
};

/* csv_input.c */

/* Opens over any input, which is taken in any case. `sizes` NULL: all as usual. The name is copied. */
qn_status qni_csv_open_input(qn_csv **out, qni_input input, const qni_csv_sizes *sizes, const char *name,
                             const qn_csv_options *options, qn_error *err);

/* Makes the window longer at its end; it moves. Errors: those of the input, QN_NOMEM, QN_LIMIT, QN_DATA (a zero
 * byte stands at the end). */
qn_status qni_csv_more(qn_csv *csv);

/* csv_lex.c */

/* Fills in the error with the place of `where`, a byte of the window; gives the status to csv->status and returns NULL.
 */
#define qni_csv_fail(csv, code, where, ...)                                                         \
    ((csv)->status = qni_error_at((csv)->err, (code), (csv)->name, qni_csv_line_of((csv), (where)), \
                                  qni_csv_column_of((csv), (where)), __VA_ARGS__),                  \
     NULL)
int64_t qni_csv_line_of(const qn_csv *csv, const char *where);
int64_t qni_csv_column_of(const qn_csv *csv, const char *where);

/* All these return the place after what they read, or NULL: csv->status then says what failed, QN_OK: more bytes are
 * needed. */

/* Passes the line at p if it is blank or a comment; otherwise, and at the end of the input, returns p. */
const char *qni_csv_lex_line_to_skip(qn_csv *csv, const char *p);

/* From the beginning of a record's line to that of its first cell. */
const char *qni_csv_lex_indent(const qn_csv *csv, const char *p);

/* Passes a cell. What follows it is a delimiter, a line end or the end. */
const char *qni_csv_lex_cell(qn_csv *csv, const char *p, qni_csv_cell *cell);

/* From the end of a cell to the beginning of the next one, or, *last: to what ends the record. */
const char *qni_csv_lex_next(const qn_csv *csv, const char *p, bool *last);

/* Passes up to `count` cells and what is between and after them. *passed: how many there were, *last: the record ended.
 */
const char *qni_csv_lex_skip(qn_csv *csv, const char *p, int64_t count, int64_t *passed, bool *last);

/* Passes a line end, or nothing at the end of the input. */
const char *qni_csv_lex_line_end(const qn_csv *csv, const char *p);

/* Counts the cells of the record at p; fails where they are not as many as the columns. */
const char *qni_csv_lex_check_count(qn_csv *csv, const char *p);

/* Takes the line or record [at, next) off the window. */
void qni_csv_advance(qn_csv *csv, const char *next);

/* Undoubles quotes where there are any. False: no memory. */
bool qni_csv_undouble(qn_csv *csv, qni_csv_cell *cell);

/* csv_cell.c */

/* A short form of a text for a message: at most QNI_CSV_SHOWN_BYTES of it, no control characters. */
typedef struct qni_csv_shown {
    char text[64];
} qni_csv_shown;
qni_csv_shown qni_csv_show(const char *text, int64_t size);
qni_csv_shown qni_csv_show_name(const qn_csv *csv, int64_t column);

/* Takes blanks off both ends. */
void qni_csv_trim(qni_csv_cell *cell);

/* Whether the cell's text is one of those that stand for a missing value. */
bool qni_csv_is_missing(const qni_csv_cell *cell);

/* The value of a cell that is not missing, in a column of the type. False: it is none. */
bool qni_csv_parse_f64(double *out, const char *text, int64_t size);
bool qni_csv_parse_i64(int64_t *out, const char *text, int64_t size);
bool qni_csv_parse_bool(bool *out, const char *text, int64_t size);

/* Stores a cell. False: csv->status says why not, or QN_OK: more bytes are needed to say it. */
bool qni_csv_store(qn_csv *csv, qn_table *table, const qni_csv_step *step, int64_t row, qni_csv_cell *cell);

/* csv_dialect.c */

qn_status qni_csv_find_dialect(qn_csv *csv, char delimiter);
qn_status qni_csv_read_header(qn_csv *csv);

/* csv_infer.c */

/* Gives a type to each target without one. */
qn_status qni_csv_infer(qn_csv *csv);

#endif
