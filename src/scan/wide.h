/* scan/wide.h: tables that have a column for each ticker and price, as yfinance and pandas write them, as a table of
 * one ticker and day a row.
 *
 *   Price,Close,Close,High,High           date,ticker,Close,High
 *   Ticker,AAPL,MSFT,AAPL,MSFT            2026-02-12,AAPL,1,3
 *   Date,,,,                      ────►   2026-02-12,MSFT,2,4
 *   2026-02-12,1,2,3,4
 *
 * The first two lines may change places. One thread at a time. */
#ifndef QNI_SCAN_WIDE_H
#define QNI_SCAN_WIDE_H

#include <quern/arena.h>

/* What was written anew. */
typedef struct qni_wide {
    const char *bytes; /* (size), in the arena */
    int64_t size;
    int64_t tickers; /* lines that each line below the header became; 0: this is no such table, and nothing was done */
} qni_wide;

/* Errors: QN_DATA (a row of another number of cells than the header), QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_wide_read(qni_wide *out, const char *bytes, int64_t size, const char *file, qn_arena *arena,
                                    qn_error *err);

/* The line of the file for one of what was written. */
static inline int64_t qni_wide_line(const qni_wide *wide, int64_t line)
{
    return wide->tickers == 0 ? line : line < 2 ? 1 : 4 + (line - 2) / wide->tickers;
}

#endif
