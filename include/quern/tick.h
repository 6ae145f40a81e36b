/* quern/tick.h: the record of a market stream: a tick or an order in 64 bytes, and the table of its symbols.
 *
 * Caveats first:
 *  - Prices and sizes are whole numbers of 1e-8, exact in addition; the greatest price is some 92 thousand million.
 *  - Times are event times: rules, bars and limits a day follow them and never the clock of the machine.
 *  - A record belongs to one thread at a time; of a table of symbols one thread adds, others may look at the same time
 *    at what they were handed the numbers of.
 *  - A record is plain bytes without pointers: it may be copied, mapped, and written as it is (little-endian).
 */
#ifndef QUERN_TICK_H
#define QUERN_TICK_H

#include <quern/base.h>

QN_BEGIN_DECLS

#define QN_TICK_SCALE 100000000 /* prices and sizes of 1.0 */

/* What a record is. */
typedef enum qn_tick_kind {
    QN_TICK_TRADE = 0, /* what was traded or quoted */
    QN_TICK_ORDER = 1, /* what somebody wants to trade: a risk gate decides on it */
} qn_tick_kind;

/* What a record has, and what became of it: bits of its flags. */
typedef enum qn_tick_flag {
    QN_TICK_HAS_BID = 1,  /* bid says something */
    QN_TICK_HAS_ASK = 2,  /* ask says something */
    QN_TICK_ACCEPTED = 4, /* a gate let an order of this record pass */
    QN_TICK_REFUSED = 8,  /* a gate refused it */
} qn_tick_flag;

/* 64 bytes. Unused fields are 0. */
typedef struct qn_tick {
    int64_t sequence;  /* its place in its stream or journal, from 0 */
    int64_t time_ns;   /* event time, nanoseconds since 1970-01-01T00:00:00Z */
    int64_t price;     /* QN_TICK_SCALE to 1; of an order its limit */
    int64_t size;      /* QN_TICK_SCALE to 1, >= 0: what was traded, what is ordered */
    int64_t bid, ask;  /* QN_TICK_SCALE to 1 */
    int32_t symbol;    /* a number of a qn_symbols, from 0 */
    uint8_t kind;      /* qn_tick_kind */
    int8_t side;       /* 1: bought (an order: buy), -1: sold, 0: not known */
    uint16_t flags;    /* qn_tick_flag */
    uint32_t order;    /* an order's own number; 0: none */
    uint32_t checksum; /* a journal's; 0 elsewhere */
} qn_tick;

/* Names of symbols and their numbers 0, 1, 2 … in the order in which they were added. One thread adds; others may look
 * at what was added before they were handed the numbers. */
typedef struct qn_symbols qn_symbols;

#define QN_SYMBOL_NAME_MAX 31 /* bytes of a name */

/* Makes a table for at most `capacity` symbols (1 … 2^20), all of whose memory is taken now. Errors: QN_INVALID,
 * QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_symbols_new(qn_symbols **out, int64_t capacity, const qn_allocator *allocator,
                                            qn_error *err);

/* The number of the symbol `name` of `size` bytes (-1: up to the terminating zero); -1: there is none. Expected
 * O(1). */
QN_API int32_t qn_symbols_find(const qn_symbols *symbols, const char *name, int64_t size);

/* The number of the symbol `name` of `size` bytes, as above, added where it is not there and the table is not closed.
 * Errors: QN_NAME (unknown, and the table is closed; says the nearest), QN_LIMIT (the table is full), QN_DATA (empty,
 * longer than QN_SYMBOL_NAME_MAX, a control character, not UTF-8). Allocates nothing. */
QN_API QN_MUST_USE qn_status qn_symbols_add(int32_t *out, qn_symbols *symbols, const char *name, int64_t size,
                                            qn_error *err);

/* From now on unknown names are errors. */
QN_API void qn_symbols_close(qn_symbols *symbols);

/* How many symbols there are, and how many there is room for. */
QN_API int64_t qn_symbols_count(const qn_symbols *symbols);
QN_API int64_t qn_symbols_capacity(const qn_symbols *symbols); /* of those it was made with */
/* The name of the number `symbol`, borrowed until the table is freed; "?" for a number that is none. */
QN_API const char *qn_symbols_name(const qn_symbols *symbols, int32_t symbol);
QN_API void qn_symbols_free(qn_symbols *symbols); /* NULL is fine */

QN_END_DECLS
#endif
