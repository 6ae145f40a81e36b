/* stream/csv_int.h: what the parts of the CSV source share: its state, a row's cells and what they are.
 *
 *   csv_source.c  the window over the input, lines, what is counted
 *   csv_columns.c the line of names: which column is what
 *   csv_cells.c   the cells of a line become a record */
#ifndef QNI_STREAM_CSV_INT_H
#define QNI_STREAM_CSV_INT_H

#include <quern/feeds.h>

#include "array/input.h"

/* What a column may be. */
typedef enum qni_feed_role {
    QNI_FEED_TIME,
    QNI_FEED_DATE,
    QNI_FEED_SYMBOL,
    QNI_FEED_PRICE,
    QNI_FEED_SIZE,
    QNI_FEED_BID,
    QNI_FEED_ASK,
    QNI_FEED_SIDE,
    QNI_FEED_KIND,
    QNI_FEED_ORDER,
    QNI_FEED_SEQUENCE,
    QNI_FEED_ROLES,
} qni_feed_role;

/* A cell without its quotes and the blanks around it, in the window. */
typedef struct qni_feed_cell {
    const char *text;
    int64_t size;
} qni_feed_cell;

typedef struct qni_feed {
    const qn_allocator *allocator;
    qn_csv_source_options options; /* its texts are ours */
    char *texts[3];                /* of map, columns, symbol; NULL: none */
    int64_t text_sizes[3];
    char *path;
    const char *name; /* what complaints call the file */
    qn_symbols *symbols;
    qni_input input;
    int stop_file;

    char *window; /* (window_size, and padding) */
    int64_t window_size, line_max;
    char *at, *end;  /* what is not read of it */
    bool ended;      /* nothing comes after the window */
    bool stopped;    /* for it was stopped */
    int64_t line;    /* number of the last line taken */
    bool started;    /* the line of names was read */
    bool skips_line; /* the rest of a line that is too long is to be passed */

    char delimiter;
    int64_t column_count;
    int64_t columns[QNI_FEED_ROLES]; /* -1: no column is that */
    int8_t *roles;                   /* (column_count) of columns; -1: none */
    char names[QNI_FEED_ROLES][32];  /* of columns, cut, for complaints */
    int32_t symbol;                  /* of a file without a column of symbols */

    qni_feed_cell cells[QNI_FEED_ROLES]; /* of the line that is read */
    const char *line_text;               /* where it begins */

    char day[10];           /* text of the day of the last time */
    int64_t day_ns;         /* its midnight */
    bool has_day, has_time; /* whether there were any */
    int64_t last_ns;        /* the last record's time */
    int64_t *sequences;     /* (sequence_count) the last number of the feed, or of each symbol in it */
    bool *has_sequence;     /* (sequence_count) */
    int64_t sequence_count;
    qn_csv_source_stats stats;
    qn_error first_bad;
} qni_feed;

/* Makes a source of any input, which is taken over in failure too. `stop_file` (-1: none) stops it; lines have line_max
 * bytes at most, which is less than window_size. */
QN_MUST_USE qn_status qni_feed_open(qn_stream_source *out, qni_input input, int stop_file, const char *path,
                                    int64_t window_size, int64_t line_max, qn_symbols *symbols,
                                    const qn_csv_source_options *options, qn_error *err);

/* Finds out what the columns are from a line of names (size, which may be changed), and asks for what that needs.
 * Errors: QN_DATA, QN_NAME, QN_LIMIT, QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_feed_columns(qni_feed *f, char *line, int64_t size, qn_error *err);

/* The cell of a line (end) that begins at p, without its quotes, taken out in place. Returns where its delimiter
 * stands, or `end`; NULL: QN_DATA. */
char *qni_feed_next(const qni_feed *f, qni_feed_cell *cell, char *p, char *end, qn_error *err);

/* Finds the cells of the line that begins at f->at, and its end: the byte after it; NULL: the window ends before.
 * *status: what is wrong with its cells. May take quotes out of the line in place. */
char *qni_feed_split(qni_feed *f, qn_status *status, qn_error *err);

/* Makes a record of the cells. Errors: QN_DATA, and QN_NAME, QN_LIMIT of the symbol; *out is then anything. */
QN_MUST_USE qn_status qni_feed_record(qni_feed *f, qn_tick *out, int64_t *sequence, bool *has_sequence, qn_error *err);

/* QN_DATA with a cell's place, its column and what it shows. */
qn_status qni_feed_complain(const qni_feed *f, qni_feed_role role, qn_error *err, const char *what);

#endif
