/* scan/listing.h: a CSV file of prices, reports or sectors: which column is what, and its cells as values.
 *
 *   bytes ──headings (base)──► which column is what ──CSV reader──► table ──► days, numbers, tickers; each distinct
 *   text is read once
 *
 * A number is a plain one, or as providers write them for people: "$1,234.50", "45.3M", "($0.12)"; which of both a
 * column has is told by its first rows. One thread at a time. */
#ifndef QNI_SCAN_LISTING_H
#define QNI_SCAN_LISTING_H

#include <quern/arena.h>
#include <quern/table.h>

#include "array/whole.h"
#include "base/headings.h"
#include "mem/notes.h"
#include "scan/limits.h"
#include "scan/wide.h"

/* A column that a kind of listing may have. */
typedef struct qni_listing_column {
    bool number;        /* its cells are numbers; else they are texts */
    const char *needed; /* there must be one, and what to do where there is none; NULL: there need not */
} qni_listing_column;

/* What a listing is of. Static. */
typedef struct qni_listing_kind {
    const char *what;            /* "prices" */
    const qni_heading *headings; /* (count), QNI_LISTING_COLUMNS at most */
    const qni_listing_column *columns;
    int count;
    int ticker; /* the heading of that; needed where nobody tells whose the file is */
    bool wide;  /* there may be a column for each ticker (wide.h) */
} qni_listing_kind;

extern const qni_listing_kind qni_prices_kind, qni_calendar_kind, qni_sectors_kind;

/* How it is to be read; where from. */
typedef struct qni_listing_source {
    const char *path; /* NULL: from the bytes */
    const char *bytes;
    int64_t size;
    const char *name;   /* of the bytes */
    const char *ticker; /* NULL: not given */
    const char *map;    /* NULL: none */
    const qn_allocator *allocator;
} qni_listing_source;

typedef struct qni_listing {
    const qni_listing_kind *kind;
    const char *file; /* what complaints call it; borrowed */
    qn_arena *arena;  /* of what is read from cells */
    qni_whole whole;
    const qn_allocator *allocator; /* of that */
    qni_wide wide;
    qn_table *table;
    int64_t row_count;
    int64_t column[QNI_LISTING_COLUMNS]; /* of the table, by heading; -1: there is none */
    bool line_is_cut;                    /* the last line has no end */

    const char **tickers; /* (ticker_count) as chains have them, by name; in the arena */
    int64_t ticker_count;
    int32_t *ticker_of; /* by the code of a text: the index of its ticker, -1: it does not count; NULL: all rows are of
                           the only one */
} qni_listing;

/* Opens a listing and reads its tickers. Whatever it returns, qni_listing_close follows. Errors: as of
 * qn_prices_read. */
QN_MUST_USE qn_status qni_listing_open(qni_listing *out, const qni_listing_kind *kind, const qni_listing_source *source,
                                       qn_error *err);
void qni_listing_close(qni_listing *listing);

static inline int64_t qni_listing_line(const qni_listing *listing, int64_t row)
{
    return qni_wide_line(&listing->wide, qn_table_row_line(listing->table, row));
}

/* Which distinct text a cell has; -1: it is empty, or there is no such column. */
int32_t qni_listing_code(const qni_listing *listing, int heading, int64_t row);

/* The index of a row's ticker; -1: the row does not count. Errors: QN_DATA (an empty cell). */
QN_MUST_USE qn_status qni_listing_ticker(int32_t *out, const qni_listing *listing, int64_t row, qn_error *err);

/* Reads one text; false: it is none. */
typedef bool (*qni_listing_parse)(void *out, const char *text);

/* Each distinct text of a column as a value of `size` bytes, (texts of the column), in the listing's arena; NULL:
 * there is no such column. Errors: QN_DATA (a text that is no `wanted`: with the line), QN_NOMEM. */
QN_MUST_USE qn_status qni_listing_values(void **out, const qni_listing *listing, int heading, int64_t size,
                                         qni_listing_parse parse, const char *wanted, qn_error *err);

/* The numbers of all rows (row_count), NaN where there is none; NULL: there is no such column. In the listing. Errors:
 * likewise. */
QN_MUST_USE qn_status qni_listing_numbers(const double **out, const qni_listing *listing, int heading,
                                          const char *wanted, qn_error *err);

/* What a result read from a list is made of; all lies in its arena, the result too. */
typedef struct qni_listing_home {
    qn_arena *arena;
    void *result, *rows; /* to be filled */
    const char *source;
    qni_notes notes;
} qni_listing_home;

/* Makes room for a result of `size` bytes with `row_count` rows of `row_size` bytes, read from `source` (copied). On
 * failure there is nothing. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_listing_home_new(qni_listing_home *out, int64_t size, int64_t row_count, int64_t row_size,
                                           const char *source, const qn_allocator *allocator, qn_error *err);

#endif
