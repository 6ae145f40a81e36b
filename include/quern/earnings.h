/* quern/earnings.h: when companies reported, or will: earnings calendars, and which sector a company belongs to.
 *
 * Caveats first:
 *  - A calendar is immutable once made and may be read by any number of threads; pointers into it are valid until it is
 *    freed.
 *  - Many calendars do not tell whether a report came before the open or after the close, on which the day of the
 *    reaction hangs: it is UNKNOWN then, never guessed here.
 */
#ifndef QUERN_EARNINGS_H
#define QUERN_EARNINGS_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* When on its day a report comes: X(NAME, value, name). Only ever appended to.
 *   BEFORE_OPEN  the reaction is from the close before to that day's close
 *   AFTER_CLOSE  from that day's close to the next open day's
 *   DURING       in the session: as BEFORE_OPEN */
#define QN_TIMING_LIST(X)    \
    X(UNKNOWN, 0, "unknown") \
    X(BEFORE_OPEN, 1, "bmo") \
    X(AFTER_CLOSE, 2, "amc") \
    X(DURING, 3, "dmh")

typedef enum qn_timing {
#define QN_TIMING_ENUMERATOR(name, value, text) QN_TIMING_##name = value,
    QN_TIMING_LIST(QN_TIMING_ENUMERATOR)
#undef QN_TIMING_ENUMERATOR
} qn_timing;

QN_API const char *qn_timing_name(qn_timing timing); /* "amc"; static; "?" for an unknown one */

/* `text` "amc", "AMC", "after close", "after-hours", "post-market", "bmo", "before open", "pre-market", "dmh",
 * "during", "time-after-hours", "time-pre-market", "unknown", "", "--", "time-not-supplied", or a time of day
 * "16:30": true and *out. False: it is none. Any thread. */
QN_API bool qn_timing_from_text(qn_timing *out, const char *text);

/* A report. */
typedef struct qn_earnings {
    const char *ticker;   /* in upper case: qn_ticker_plain */
    int32_t day;          /* since 1970-01-01 */
    uint8_t timing;       /* qn_timing */
    int32_t fiscal_end;   /* last day of its quarter; INT32_MIN: not told */
    double eps, estimate; /* per share; NaN: not told */
    int64_t line;         /* in the file, from 1; 0: from elsewhere */
} qn_earnings;

/* Reports of many companies. */
typedef struct qn_calendar {
    int64_t size;                /* sizeof(qn_calendar) as the library knows it */
    const char *source;          /* the file's name */
    const qn_earnings *reports;  /* (count), by ticker, then by day */
    int64_t count;               /* of reports */
    const char *const *warnings; /* (warning_count), each one sentence for a person */
    int64_t warning_count;       /* of warnings */
} qn_calendar;

/* How a calendar is to be read. Zero or NULL in a field means its default. Borrowed during the call. */
typedef struct qn_calendar_options {
    int64_t size;                  /* sizeof(qn_calendar_options) */
    const char *ticker;            /* of a file without a column of tickers: its name; else only this one's rows */
    const char *map;               /* "day=reportedDate,timing=when": which column is what; NULL: by name */
    const qn_allocator *allocator; /* of the calendar; NULL: the default. Must outlive it */
} qn_calendar_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_calendar_options_init(qn_calendar_options *out, int64_t size);

/* Reads a CSV file `path` ("-": standard input; gzip is recognised), one report a row: ticker, day, and where there are
 * such columns timing, fiscal end, eps, estimate. The same report twice counts once (a told timing wins over an unknown
 * one); two timings of one day are an error. Errors: QN_NO_INPUT, QN_PERMISSION, QN_IO; QN_DATA (no calendar, a cell
 * that is no date, number or timing, a missing column: with the line), QN_NAME, QN_LIMIT, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_calendar_read(qn_calendar **out, const char *path, const qn_calendar_options *options,
                                              qn_error *err);

/* The same of `size` bytes in memory (borrowed during the call); `name` is what complaints call them. Errors as
 * above. */
QN_API QN_MUST_USE qn_status qn_calendar_read_bytes(qn_calendar **out, const char *bytes, int64_t size,
                                                    const char *name, const qn_calendar_options *options,
                                                    qn_error *err);

/* Makes a calendar of a program's own reports (count), copied and sorted. Of the same ticker and day the last one
 * counts. Errors: QN_INVALID, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_calendar_from_reports(qn_calendar **out, const qn_earnings *reports, int64_t count,
                                                      const qn_allocator *allocator, qn_error *err);

/* The reports of a ticker: *first (borrowed) of so many, in order of days. 0: none. Any thread. */
QN_API int64_t qn_calendar_find(const qn_earnings **first, const qn_calendar *calendar, const char *ticker);

QN_API void qn_calendar_free(qn_calendar *calendar); /* NULL is fine */

/* Which sector each ticker belongs to. Immutable. */
typedef struct qn_sectors qn_sectors;

/* Reads a CSV file `path` with columns for ticker and sector ("-": standard input). A ticker twice, in two sectors,
 * is an error. Errors as of calendars. */
QN_API QN_MUST_USE qn_status qn_sectors_read(qn_sectors **out, const char *path, const qn_allocator *allocator,
                                             qn_error *err);

/* The same of `size` bytes in memory (borrowed during the call); `name` is what complaints call them. Errors as
 * above. */
QN_API QN_MUST_USE qn_status qn_sectors_read_bytes(qn_sectors **out, const char *bytes, int64_t size, const char *name,
                                                   const qn_allocator *allocator, qn_error *err);
/* Makes sectors of a program's own tickers (count) and their sectors, copied and sorted. Errors: QN_INVALID (a ticker
 * twice), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_sectors_from_names(qn_sectors **out, const char *const *tickers,
                                                   const char *const *sectors, int64_t count,
                                                   const qn_allocator *allocator, qn_error *err);
QN_API const char *qn_sectors_find(const qn_sectors *sectors, const char *ticker); /* "": not told; borrowed */
QN_API int64_t qn_sectors_count(const qn_sectors *sectors);                        /* tickers in it */

/* The ticker of that `index`, by name, and its sector; both borrowed. */
QN_API void qn_sectors_at(const char **ticker, const char **sector, const qn_sectors *sectors,
                          int64_t index);         /* by name */
QN_API void qn_sectors_free(qn_sectors *sectors); /* NULL is fine */

QN_END_DECLS
#endif
