/* options/chain_int.h: how a file becomes a chain.
 *
 *   bytes ──chain_head.c──► header, what stands above it ──chain_columns.c──► which column is what
 *         ──CSV reader──► table ──chain_rows.c──► quotes, chain_symbol.c and chain_time.c reading their texts
 *         ──chain_classes.c──► sorted, classed, counted
 *   JSON  ──chain_tradier.c──► quotes ──chain_classes.c──► likewise
 *   chain_names.c knows what a file has options on. chain_read.c drives; chain.c owns: all that a chain holds lies in
 *   its arena and is freed with it. */
#ifndef QNI_OPTIONS_CHAIN_INT_H
#define QNI_OPTIONS_CHAIN_INT_H

#include <quern/chain.h>
#include <quern/table.h>

#include "mem/notes.h"
#include "options/limits.h"

typedef struct qni_chain {
    qn_chain chain; /* first: what callers hold is a pointer to it */
    qn_arena *arena;
    const qn_allocator *allocator; /* of the arena */
    qn_quote *quotes;              /* (quote_capacity) chain.count of them are there */
    int64_t quote_capacity;
    qni_notes notes; /* what chain.warnings are */
} qni_chain;

/* chain.c */

/* An empty chain with room for so many quotes; no spot, no ticker. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_chain_new(qni_chain **out, const qn_allocator *allocator, int64_t quote_capacity,
                                    qn_error *err);
void qni_chain_free(qni_chain *c);

/* Adds a warning. */
QN_MUST_USE qn_status qni_chain_warn(qni_chain *c, qn_error *err, const char *format, ...) QN_PRINTF(3, 4);

/* The time of the latest trade as that of all quotes, with a warning. False: no quote has one. */
QN_MUST_USE qn_status qni_chain_infer_as_of(bool *found, qni_chain *c, qn_error *err);

/* chain_classes.c: sorts and classes the quotes; as_of_us and spot are there. */
QN_MUST_USE qn_status qni_chain_finish(qni_chain *c, qn_error *err);

/* chain_names.c: the underlyings that a file has options on, and the one that is wanted. */

typedef struct qni_chain_names {
    const char *asked; /* as the caller writes it; NULL: any */
    char wanted[16];   /* the same as chains have it; "": any */
    struct {
        char name[16];
        int64_t count; /* of quotes */
    } seen[QNI_CHAIN_NAMES_SHOWN];
    int64_t seen_count, others; /* underlyings, and quotes that do not count */
} qni_chain_names;

void qni_chain_names_init(qni_chain_names *out, const char *asked);

/* A quote of that underlying ("": not told). False: it is not the one that is wanted. */
bool qni_chain_names_take(qni_chain_names *names, const char *underlying);

/* The ticker of the chain, when all its quotes are there. Errors: QN_DATA (several underlyings, or not the one that is
 * wanted), QN_NOMEM. */
QN_MUST_USE qn_status qni_chain_name(qni_chain *c, const qni_chain_names *names, const char *file, qn_error *err);

/* chain_tradier.c */

/* Reads what Tradier answers. `turn` (16 bytes) NULL: all of it is one chain. Else it is the underlying whose chain is
 * read, "": that of the first option; then the one whose turn is next, by name, behind the last of which the first
 * comes again. Errors: QN_DATA, QN_NAME (there is a map), QN_LIMIT, QN_NOMEM. */
QN_MUST_USE qn_status qni_chain_read_tradier(qni_chain **out, const char *bytes, int64_t size, const char *name,
                                             const qn_chain_options *options, char turn[16], qn_error *err);

/* chain_head.c */

/* What stands above the rows of a file. Texts lie in the file's bytes. */
typedef struct qni_chain_head {
    const char *bytes; /* from the header on, or a copy that begins with a header whose names differ */
    int64_t size;
    int64_t lines_before; /* the header */
    int64_t lines_unread; /* of them, which say nothing that is known */
    char delimiter;
    bool cboe;        /* calls left of the strike, puts right of it */
    bool line_is_cut; /* the last line has no end */
    double spot;      /* "Last: 3856.28"; NaN: none */
    char date[64];    /* "July 12, 2022, 11:55 AM EDT"; "": none */
} qni_chain_head;

/* Finds the header of a file; what is copied lies in the arena. Errors: QN_DATA (a web page, JSON, nothing). */
QN_MUST_USE qn_status qni_chain_find_head(qni_chain_head *out, const char *bytes, int64_t size, const char *name,
                                          const char *map, qn_arena *arena, qn_error *err);

/* chain_columns.c */

/* What a column may be: X(ENUMERATOR, name in maps, its type, names by which it is known, best first, without blanks,
 * signs and case). From SYMBOL on each side of a two-sided file has its own: call_bid, put_bid. */
#define QNI_CHAIN_COLUMN_LIST(X)                                                                            \
    X(EXPIRY, "expiry", QN_TYPE_STRING,                                                                     \
      "expiry expiration expirationdate expirydate expiredate expirdate expdate exdate maturity "           \
      "lasttradedateorcontractmonth")                                                                       \
    X(DAYS, "days", QN_TYPE_F64, "days dte daystoexpiration daystoexpiry")                                  \
    X(STRIKE, "strike", QN_TYPE_F64, "strike strikeprice stkpx")                                            \
    X(TYPE, "type", QN_TYPE_STRING,                                                                         \
      "optiontype contracttype callput putcall callorput putorcall cpflag callputflag right type cp pc")    \
    X(TICKER, "ticker", QN_TYPE_STRING, "ticker underlyingsymbol underlyingticker actsymbol symbol")        \
    X(ROOT, "root", QN_TYPE_STRING, "root rootsymbol optionroot")                                           \
    X(SETTLEMENT, "settlement", QN_TYPE_STRING, "amsettlement expirytod")                                   \
    X(AS_OF, "as_of", QN_TYPE_STRING,                                                                       \
      "asof quotedatetime quotereadtime snapshottime timestamp asofdate quotedate datadate date tradedate") \
    X(SPOT, "spot", QN_TYPE_F64,                                                                            \
      "spot spotprice spotpx underlyingprice underlyinglast activeunderlyingprice stockprice undprice")     \
    X(SYMBOL, "symbol", QN_TYPE_STRING,                                                                     \
      "contractsymbol contractid optionsymbol contractname contract osi osisymbol occsymbol opra symbol")   \
    X(BID, "bid", QN_TYPE_F64, "bid bidprice bidpx bestbid")                                                \
    X(ASK, "ask", QN_TYPE_F64, "ask askprice askpx bestask offer bestoffer")                                \
    X(LAST, "last", QN_TYPE_F64, "last lastprice lastsale lasttradeprice")                                  \
    X(LAST_TIME, "last_time", QN_TYPE_STRING, "lasttime lasttradedate lasttradetime lasttradedatetime")     \
    X(VOLUME, "volume", QN_TYPE_F64, "volume vol tradevolume volu")                                         \
    X(OPEN_INTEREST, "open_interest", QN_TYPE_F64, "openinterest openint oi int")                           \
    X(IMPLIED, "implied", QN_TYPE_F64, "impliedvolatility impliedvol impvol implied iv")

typedef enum qni_chain_column {
#define QNI_CHAIN_ENUMERATOR(name, text, type, known) QNI_CHAIN_##name,
    QNI_CHAIN_COLUMN_LIST(QNI_CHAIN_ENUMERATOR)
#undef QNI_CHAIN_ENUMERATOR
    QNI_CHAIN_COLUMN_COUNT
} qni_chain_column;

enum {
    QNI_CHAIN_ONE = 0, /* what is said once a row */
    QNI_CHAIN_CALL = 1,
    QNI_CHAIN_PUT = 2,
    QNI_CHAIN_SIDES = 3,
};

/* Which column of a file, or of the table read from it, is what; -1: none. */
typedef struct qni_chain_layout {
    int64_t column[QNI_CHAIN_SIDES][QNI_CHAIN_COLUMN_COUNT];
    bool two_sided;
    bool yfinance;
    bool thousandths; /* strikes are given times 1000 */
} qni_chain_layout;

/* Whether a text of a header is a name by which a column is known. */
bool qni_chain_is_column(const char *text, int64_t size);

/* Finds out by the map and the names. Errors: QN_NAME (the map), QN_DATA (a column is missing, or two may be it). */
QN_MUST_USE qn_status qni_chain_find_layout(qni_chain_layout *out, const char *const *names, int64_t count,
                                            const char *map, const char *file, qn_error *err);

/* Selects the columns of a layout to be read. */
QN_MUST_USE qn_status qni_chain_select(qn_csv *csv, const qni_chain_layout *layout, qn_error *err);

/* What the rows of a table are, which chain_rows.c needs to know. */
typedef struct qni_chain_rows {
    const qn_table *table;
    const qni_chain_layout *file; /* by the file's columns, whose names are `names` */
    const char *const *names;
    const qni_chain_head *head;
    const char *name; /* of the file */
    bool part;        /* what is left out is read by itself */
} qni_chain_rows;

/* chain_rows.c: the rows of a table as quotes of a chain, of which there are at most `most`, with its ticker, time and
 * spot. */
QN_MUST_USE qn_status qni_chain_read_rows(qni_chain **out, const qni_chain_rows *rows, int64_t most,
                                          const qn_chain_options *options, qn_error *err);

/* A chain of a file of several. */
typedef struct qni_chain_part {
    char ticker[16];
    int32_t day;
    int64_t as_of_us; /* the latest of its quotes; of a day without times its close; 0: not told */
    bool inferred;    /* a day without times */
    int64_t count;    /* quotes */
} qni_chain_part;

/* chain_rows.c: which chains the rows are, by underlying and day: parts (most) in the order of the file, *count of
 * them. Errors: QN_DATA (a cell that cannot be read), QN_LIMIT (more than `most`), QN_NOMEM. */
QN_MUST_USE qn_status qni_chain_find_parts(qni_chain_part *parts, int64_t most, int64_t *count,
                                           const qni_chain_rows *rows, const qn_chain_options *options, qn_error *err);

#endif
