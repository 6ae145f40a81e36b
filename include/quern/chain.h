/* quern/chain.h: the quotes of all options on one underlying at one time, read from files as providers give them.
 *
 * Caveats first:
 *  - A chain is immutable once made and may be read by any number of threads; pointers into it are valid until it is
 *    freed.
 *  - No row of a file is dropped in silence: each is a quote of some class, or the file is refused with its line.
 *  - Which kind of file it is is told by its content: Yahoo (yfinance), CBOE's two-sided quote tables, Tradier's JSON
 *    (answers for one or more expiries, one after the other, and quotes of shares), or any CSV whose columns are named
 *    or mapped.
 *  - A chain is of one underlying and one day. A file of more is an error that names them, unless options choose one;
 *    the rest is then left out, and a warning says how much.
 */
#ifndef QUERN_CHAIN_H
#define QUERN_CHAIN_H

#include <quern/market.h>
#include <quern/option.h>

QN_BEGIN_DECLS

/* What a quote is good for: X(NAME, value, what tables and JSON say). EXPIRED before DUPLICATE before all others, of
 * which one alone can hold. Only ever appended to. */
#define QN_QUOTE_LIST(X)         \
    X(GOOD, 0, "good")           \
    X(EXPIRED, 1, "expired")     \
    X(DUPLICATE, 2, "duplicate") \
    X(ZERO, 3, "zero")           \
    X(CROSSED, 4, "crossed")     \
    X(ONE_SIDED, 5, "one_sided") \
    X(STALE, 6, "stale")         \
    X(BAD, 7, "bad")

/*   GOOD       a bid above 0 and an ask above it, or equal; not stale
 *   EXPIRED    its time has passed at as_of
 *   DUPLICATE  the same option stood further up
 *   ZERO       neither bid nor ask
 *   CROSSED    the bid is above the ask, and there are both
 *   ONE_SIDED  an ask but no bid, or a bid but no ask
 *   STALE      it cannot have been valid beside this price of the underlying, if one is known: bid and ask are below
 *              what exercise is worth, or above the most that the option can be worth, by more than the spread between
 *              them; the price of the underlying may be off by 2 %, dividends, interest and borrowing be 20 % a year
 *   BAD        bid or ask is negative or infinite */
typedef enum qn_quote_class {
#define QN_QUOTE_ENUMERATOR(name, value, text) QN_QUOTE_##name = value,
    QN_QUOTE_LIST(QN_QUOTE_ENUMERATOR)
#undef QN_QUOTE_ENUMERATOR
    QN_QUOTE_CLASS_COUNT = 8 /* how many there are now */
} qn_quote_class;

QN_API const char *qn_quote_class_name(qn_quote_class quote_class); /* "good"; static; "?" for an unknown one */

/* One option's quote. NaN: the file does not tell. */
typedef struct qn_quote {
    int32_t expiry;          /* day since 1970-01-01 */
    int8_t type;             /* QN_CALL or QN_PUT */
    uint8_t settlement;      /* qn_settlement: by a column, else by the root (SPX AM, SPXW PM), else PM */
    uint8_t quote_class;     /* qn_quote_class */
    double strike;           /* per share */
    double bid, ask;         /* per share */
    double last;             /* price of the last trade */
    int64_t last_us;         /* when that was; INT64_MIN: not known */
    double volume;           /* contracts today */
    double open_interest;    /* contracts */
    double provider_implied; /* the provider's own implied volatility: kept, never used */
    int64_t line;            /* in the file, from 1; both options of a two-sided row have it */
} qn_quote;

/* A ticker's `name` as chains, prices and calendars have it: letters and digits in upper case ("^SPX", "BRK.B" and
 * "brk-b" as exchanges write them), without the ".US" that some providers add. Cut to 15; how many there were is
 * returned. Any thread. */
QN_API int qn_ticker_plain(char out[16], const char *name);

/* A chain, sorted by expiry, settlement, strike, call before put, line. */
typedef struct qn_chain {
    int64_t size;           /* sizeof(qn_chain) as the library knows it */
    const char *ticker;     /* "SPX", by the roots of symbols or a column; "" where the file does not tell */
    const char *source;     /* the file's name */
    const char *format;     /* "yfinance", "cboe", "tradier", "csv" */
    int64_t as_of_us;       /* when these quotes held */
    bool as_of_inferred;    /* from the latest trade, bid or ask, a date alone (its close), or days to expiry; else the
                            file or the caller said it */
    double spot;            /* price of the underlying; NaN: not known */
    int64_t count;          /* of quotes */
    const qn_quote *quotes; /* (count) */
    int64_t classes[QN_QUOTE_CLASS_COUNT]; /* how many there are of each */
    const char *const *warnings;           /* (warning_count), each one sentence for a person */
    int64_t warning_count;                 /* of warnings */
} qn_chain;

/* How a chain is to be read. Zero or NULL in a field means its default. Borrowed during the call. */
typedef struct qn_chain_options {
    int64_t size;       /* sizeof(qn_chain_options) */
    const char *ticker; /* of a file of several underlyings only this one; of a file that does not tell, its name. A
                           file of several without it is an error that names them */
    const char *map;    /* "strike=Strike,bid=Call Bid,…": which column is what, of any CSV; docs/smile.md has the
                           names. NULL: by their names */
    int64_t as_of_us;   /* when the quotes held; of a file of several days only that day's. 0: as the file tells, else
                         inferred, with a warning */
    double spot;        /* 0: as the file tells */
    const qn_allocator *allocator; /* of the chain; NULL: the default. Must outlive it */
} qn_chain_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_chain_options_init(qn_chain_options *out, int64_t size);

/* Reads `path` ("-": standard input; gzip is recognised). Errors: QN_NO_INPUT, QN_PERMISSION, QN_IO; QN_DATA (not a
 * chain, several underlyings or days, a cell that is no number, date or type, a symbol that contradicts its row, a
 * missing column, an end that is cut off: with the line), QN_NAME (`map` names no column), QN_INVALID (a spot that is
 * none), QN_LIMIT, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_chain_read(qn_chain **out, const char *path, const qn_chain_options *options,
                                           qn_error *err);

/* The same of `size` bytes in memory (borrowed during the call); `name` is what complaints call them. Errors as
 * above. */
QN_API QN_MUST_USE qn_status qn_chain_read_bytes(qn_chain **out, const char *bytes, int64_t size, const char *name,
                                                 const qn_chain_options *options, qn_error *err);

/* Makes a chain of a program's own quotes (`count` of them, copied; on `ticker`, copied, "" or NULL: not told;
 * classes, order and counts are worked out, as_of_us and spot as in `options`). Errors: QN_INVALID, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_chain_from_quotes(qn_chain **out, const char *ticker, const qn_quote *quotes,
                                                  int64_t count, const qn_chain_options *options, qn_error *err);

QN_API void qn_chain_free(qn_chain *chain); /* NULL is fine */

QN_END_DECLS
#endif
