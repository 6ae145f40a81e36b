/* quern/feeds.h: sources of streams: CSV files, pipes and standard input; records made up from a seed.
 *
 * Caveats first:
 *  - A source made here goes to qn_stream_set_source, which takes it over; where no stream is made of it, its `free`
 *    ends it.
 *  - Its memory is asked for when it is made and at its first read, none afterwards. It holds some hundreds of KiB
 *    however large the file.
 *  - One thread at a time reads a source; any other, and a signal handler, may stop it meanwhile.
 *  - Event times are taken as they come, also where they go back: that is counted, and an error where the options say
 *    so.
 */
#ifndef QUERN_FEEDS_H
#define QUERN_FEEDS_H

#include <quern/stream.h>

QN_BEGIN_DECLS

/* What a time that is a bare number counts since 1970. FOUND: that is told by the column's name (time_ms, time_us,
 * time_ns), else by the magnitude of the first one: below 1e11 seconds, then milliseconds, microseconds and nanoseconds
 * by factors of 1000; eight digits that are a day (20240229) are that day. */
typedef enum qn_time_unit {
    QN_TIME_UNIT_FOUND = 0, /* by name or first number */
    QN_TIME_UNIT_S = 1,
    QN_TIME_UNIT_MS = 2,
    QN_TIME_UNIT_US = 3,
    QN_TIME_UNIT_NS = 4,
} qn_time_unit;

/* How a CSV file is read. 0 or NULL is the default of every field. Borrowed during the call. */
typedef struct qn_csv_source_options {
    int64_t size;            /* of this struct, for later versions */
    const char *map;         /* "price=Close,size=": which column is what, and what there is not; NULL: by name */
    const char *columns;     /* "time,price": names of the columns of a file without a line of names, commas between */
    const char *symbol;      /* of a file without a column of symbols; NULL: the file's name up to its first dot */
    char delimiter;          /* , ; | or a tab; 0: found in the first line */
    qn_time_unit time_unit;  /* FOUND */
    bool skip_bad;           /* lines that are wrong are counted and left out; else the first is an error */
    bool skip_unknown;       /* the same of lines whose symbol a closed table does not know */
    bool refuse_backwards;   /* an event time before the record's before it is an error; else it is counted */
    bool refuse_gaps;        /* a number missing in the feed's own sequence is an error; else it is counted */
    bool sequence_by_symbol; /* each symbol has a sequence of its own; else there is one */
    const qn_allocator *allocator; /* NULL: the default; outlives the source */
} qn_csv_source_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_csv_source_options_init(qn_csv_source_options *out, int64_t size);

/* A source that reads `path` ("-": standard input; pipes, and gzip where the build has zlib, told by content) line
 * by line, each record as soon as its line is there. Columns are found by their names (docs/replay.md has them):
 * time, date, symbol, price, size, bid, ask, side, kind, order, sequence. There must be a time, and a price or bid
 * and ask, whose middle is the price then. Numbers become QN_TICK_SCALE exactly, more decimals rounded half to even.
 * `symbols` (borrowed, outlives the source) gets new ones unless it is closed. The file is opened here and its first
 * line read by the first read. Errors: QN_NO_INPUT, QN_PERMISSION, QN_IO, QN_INVALID (the options), QN_NOMEM,
 * QN_BUDGET. Reading ends with QN_DATA (a cell, a line, no such column: with line and column), QN_NAME (`map`; an
 * unknown symbol), QN_LIMIT (a line of more than 64 KiB; the table of symbols is full), QN_UNAVAILABLE (gzip without
 * zlib), QN_IO. */
QN_API QN_MUST_USE qn_status qn_csv_source(qn_stream_source *out, const char *path, qn_symbols *symbols,
                                           const qn_csv_source_options *options, qn_error *err);

/* What a CSV source has met. Lines are counted from 1, that of names included; 0: there was none. */
typedef struct qn_csv_source_stats {
    int64_t size;                      /* of this struct: set it before the call */
    int64_t records;                   /* given to the stream */
    int64_t lines;                     /* read */
    int64_t bad, bad_line;             /* lines left out by skip_bad, the first of them */
    int64_t unknown, unknown_line;     /* lines left out by skip_unknown */
    int64_t backwards, backwards_line; /* records whose time is before that of the record before them */
    int64_t backwards_most_ns;         /* the longest of these steps */
    int64_t gaps, gap_line, missing;   /* steps of more than 1 in the feed's sequence; numbers left out by them */
    int64_t repeats, repeat_line;      /* numbers of the feed's sequence that do not come after the last one */
} qn_csv_source_stats;

/* `source` is what qn_csv_source made, and has not been freed; no read of it runs. The complaint about the first bad
 * line, which skip_bad left out, is in *first_bad (may be NULL; code QN_OK: there was none). */
QN_API void qn_csv_source_get_stats(const qn_stream_source *source, qn_csv_source_stats *out, qn_error *first_bad);

/* How records are made up. 0 is the default of every field. */
typedef struct qn_generated_options {
    int64_t size;                  /* of this struct, for later versions */
    uint64_t seed;                 /* the same: the same records, on every machine */
    int64_t symbols;               /* how many, named S0001, S0002 …; 0: 16 */
    int64_t mean_gap_ns;           /* of event time between two records; 0: 1000 */
    int64_t start_ns;              /* event time before the first; 0: 2024-01-02T14:30:00Z */
    double orders;                 /* the fraction of records that are orders, 0 to 1 */
    const qn_allocator *allocator; /* NULL: the default; outlives the source */
} qn_generated_options;

/* The same of these. Any thread; `size` as above. */
QN_API void qn_generated_options_init(qn_generated_options *out, int64_t size);

/* A source of `count` records (-1: without end) that depend on the options alone: prices that walk at random around
 * a level of each symbol's own, in cents and always above 0, with bid, ask, size and side; event times that never go
 * back. Adds its names to `symbols` (borrowed during the call). Errors: QN_INVALID, QN_NAME, QN_LIMIT (`symbols` is
 * closed, or has no room), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_generated_source(qn_stream_source *out, int64_t count, qn_symbols *symbols,
                                                 const qn_generated_options *options, qn_error *err);

QN_END_DECLS
#endif
