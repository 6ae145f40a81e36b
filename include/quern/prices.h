/* quern/prices.h: daily prices of shares, read from CSV files of one ticker or of many.
 *
 * Caveats first:
 *  - Prices are immutable once made and may be read by any number of threads; pointers into them are valid until they
 *    are freed.
 *  - Days are days since 1970-01-01, those on which the exchange was open (quern/market.h).
 *  - Whether prices are adjusted for splits and dividends is not in a file: splits that are still in it are found
 *    where moves are measured (quern/scan.h).
 */
#ifndef QUERN_PRICES_H
#define QUERN_PRICES_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* The days of one ticker. Columns (count), by day, ascending, each day once; NaN: not told. */
typedef struct qn_daily {
    const char *ticker;
    int64_t count;
    const int32_t *days;
    const double *open, *high, *low, *close; /* per share; the close is always there and above 0 */
    const double *volume;                    /* shares */
} qn_daily;

/* The days of many tickers. */
typedef struct qn_prices {
    int64_t size;                /* sizeof(qn_prices) as the library knows it */
    const char *source;          /* the file's name */
    const qn_daily *tickers;     /* (ticker_count), by name */
    int64_t ticker_count;        /* of tickers */
    int64_t row_count;           /* of all tickers */
    const char *const *warnings; /* (warning_count), each one sentence for a person */
    int64_t warning_count;       /* of warnings */
} qn_prices;

/* How prices are to be read. Zero or NULL in a field means its default. Borrowed during the call. */
typedef struct qn_prices_options {
    int64_t size;       /* sizeof(qn_prices_options) */
    const char *ticker; /* of a file without a column of tickers: its name; of a file with one only this one's rows */
    const char *map; /* "day=Date,close=Adj Close": which column is what; docs/scan.md has the names. NULL: by name */
    const qn_allocator *allocator; /* of the prices; NULL: the default. Must outlive them */
} qn_prices_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_prices_options_init(qn_prices_options *out, int64_t size);

/* Reads `path` ("-": standard input; gzip is recognised). Columns are found by their names: day, ticker, open, high,
 * low, close, volume; or there is one for each price and ticker, below three lines of header, as yfinance writes them.
 * Days as YYYY-MM-DD, alone or before a time, and as docs/scan.md says. A row without a close, with one that is not
 * above 0, or of a day on which the exchange was closed is left out and counted in a warning; a day that comes twice
 * is an error unless both rows are equal. Errors: QN_NO_INPUT, QN_PERMISSION, QN_IO; QN_DATA (no prices, a cell that
 * is no number or date, a missing column, an end that is cut off: with the line), QN_NAME (`map` names no column),
 * QN_INVALID (`ticker` is none), QN_LIMIT, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_prices_read(qn_prices **out, const char *path, const qn_prices_options *options,
                                            qn_error *err);

/* The same of `size` bytes in memory (borrowed during the call); `name` is what complaints call them. Errors as
 * above. */
QN_API QN_MUST_USE qn_status qn_prices_read_bytes(qn_prices **out, const char *bytes, int64_t size, const char *name,
                                                  const qn_prices_options *options, qn_error *err);

/* Makes prices of a program's own columns, tickers (count), copied; days must ascend. A NULL column is NaN throughout
 * (but days and close). Errors: QN_INVALID, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_prices_from_daily(qn_prices **out, const qn_daily *tickers, int64_t count,
                                                  const qn_allocator *allocator, qn_error *err);

/* The ticker's days; NULL: there are none. Borrowed. Any thread. */
QN_API const qn_daily *qn_prices_find(const qn_prices *prices, const char *ticker);

QN_API void qn_prices_free(qn_prices *prices); /* NULL is fine */

QN_END_DECLS
#endif
