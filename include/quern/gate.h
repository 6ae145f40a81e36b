/* quern/gate.h: a risk gate: decides for each order of a stream whether it may pass.
 *
 * Caveats first:
 *  - An order that passes counts as filled at once and whole, at its limit price, or at the mark where it has none.
 *  - A limit may be reached and not exceeded. Everything is counted as it would be after the fill.
 *  - An order that brings its symbol's position nearer to 0, and not beyond, is a reducing one: no limit of position,
 *    exposure or leverage holds it, nor a loss, unless the options say so. All other rules do.
 *  - Time is the greatest event time so far, never the machine's: a record that is older than one before it counts as
 *    of the same time, and so opens nothing.
 *  - Money is counted in whole 1e-16, without rounding; limits are taken to the nearest 1e-8 (parts: 1e-9). The same
 *    records give the same decisions everywhere.
 *  - A gate belongs to one thread at a time, but for qn_gate_kill, qn_gate_revive and qn_gate_is_killed: these are for
 *    any thread, and for a signal handler.
 */
#ifndef QUERN_GATE_H
#define QUERN_GATE_H

#include <quern/stream.h>

QN_BEGIN_DECLS

typedef struct qn_gate qn_gate;

/* Every rule, in the order in which they are looked at: X(NAME, value, what files and results call it, why it refuses).
 * The first that an order breaks is its refusal. Only ever appended to. */
#define QN_GATE_RULE_LIST(X)                                                                                   \
    X(KILL, 1, "kill", "the kill switch is on")                                                                \
    X(ORDER, 2, "order", "it has no side, no size, or no finite one")                                          \
    X(SYMBOL, 3, "symbol", "its symbol is closed, not listed, or none")                                        \
    X(PRICE, 4, "price", "it has no limit, and its symbol no price yet")                                       \
    X(RANGE, 5, "range", "position or money would be too large to be counted, or the symbol's last price was") \
    X(RATE, 6, "max_rate", "too many orders in too short a time")                                              \
    X(SYMBOL_RATE, 7, "max_symbol_rate", "too many orders of the symbol in too short a time")                  \
    X(ORDER_SIZE, 8, "max_order_size", "it is for too many units")                                             \
    X(ORDER_VALUE, 9, "max_order_value", "it is worth too much")                                               \
    X(PRICE_BAND, 10, "price_band", "its limit is too far from the last price")                                \
    X(POSITION, 11, "max_position", "the position would be too large")                                         \
    X(EXPOSURE, 12, "max_exposure", "all positions together would be worth too much")                          \
    X(LEVERAGE, 13, "max_leverage", "all positions together would be worth too many times the equity")         \
    X(DAILY_LOSS, 14, "max_daily_loss", "too much is lost since the day began, or was at a time of this day")  \
    X(DRAWDOWN, 15, "max_drawdown", "too large a part of the greatest equity so far is lost, or was at some time")

typedef enum qn_gate_rule {
    QN_GATE_ACCEPTED = 0, /* the order passes */
#define QN_GATE_ENUMERATOR(name, value, text, why) QN_GATE_##name = value,
    QN_GATE_RULE_LIST(QN_GATE_ENUMERATOR)
#undef QN_GATE_ENUMERATOR
    QN_GATE_RULE_END /* one more than the greatest */
} qn_gate_rule;

/* A rule's name in files and results ("max_position"), and why it refuses, without a capital and a full stop. Static;
 * "accepted" of QN_GATE_ACCEPTED, NULL of what is no rule. */
QN_API const char *qn_gate_rule_name(qn_gate_rule rule);
QN_API const char *qn_gate_rule_text(qn_gate_rule rule);

/* What a trade or quote says that a position is worth. */
typedef enum qn_gate_mark_from {
    QN_GATE_MARK_LAST = 0, /* its price; where it has none, the middle of bid and ask */
    QN_GATE_MARK_MID,      /* the middle of bid and ask; where it has not both, its price */
} qn_gate_mark_from;

/* 0 is the default of every field; of a limit: there is none. Limits are finite, >= 0 and at most 1e15, those in units
 * at most 9e10. */
typedef struct qn_gate_options {
    int64_t size; /* of this struct, for later versions */

    /* Of each symbol that qn_gate_limit says nothing else of. */
    double max_position;    /* units, long or short */
    double max_order_size;  /* units */
    double max_order_value; /* money: size times fill price */
    double price_band;      /* |limit - mark| / |mark|: 0.05 is 5 % */
    double max_symbol_rate; /* orders that pass within rate_window, of one symbol; a whole number up to 1e5 */

    /* Of all together. */
    double max_rate;       /* orders that pass within rate_window; a whole number up to 1e5 */
    double max_exposure;   /* money: the sum of |position * mark| */
    double max_leverage;   /* exposure / equity; wants `equity`. An equity of 0 or less bears no exposure */
    double max_daily_loss; /* money since the day began, realised and not; once exceeded, to the end of the day */
    double max_drawdown;   /* (peak - equity) / peak, at most 1; wants `equity`; once exceeded, for good */

    double equity;          /* money at the start */
    double rate_window;     /* seconds; 0: 1. At least 1e-9, at most 86400 */
    double day_start;       /* seconds after midnight UTC at which a day begins, within a day before and after it */
    qn_gate_mark_from mark; /* LAST */
    bool refuse_reducing;   /* after a loss even reducing orders are refused */
    bool only_listed;       /* symbols are refused that qn_gate_limit was not called for */
    const qn_allocator *allocator; /* NULL: the default; borrowed */
} qn_gate_options;

/* What one symbol has of its own; 0: as all others. */
typedef struct qn_gate_limits {
    int64_t size; /* of this struct, for later versions */
    double max_position, max_order_size, max_order_value, price_band, max_symbol_rate; /* as in qn_gate_options */
    bool closed;                                                                       /* all orders are refused */
} qn_gate_limits;

/* Every default; `size` is the struct's. */
QN_API void qn_gate_options_init(qn_gate_options *out, int64_t size);
QN_API void qn_gate_limits_init(qn_gate_limits *out, int64_t size);

/* Makes a gate for symbols 0 … capacity - 1 (1 … 2^20), whose memory is all taken now: 80 bytes a symbol, and 8 bytes
 * an order that a rate allows. Errors: QN_INVALID (an option, saying which and what it may be), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_gate_new(qn_gate **out, const qn_gate_options *options, int64_t capacity,
                                         qn_error *err);

/* Gives `symbol` limits of its own (copied) and lists it, before the first record. Once a symbol. Errors: QN_INVALID (a
 * limit; no such symbol; twice; after a record), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_gate_limit(qn_gate *gate, int32_t symbol, const qn_gate_limits *limits, qn_error *err);

/* Makes a gate as the file at `path` ("-": standard input) says; docs/gate.md has its keys. Symbols that it names are
 * added to `symbols` (borrowed in the call), whose capacity is the gate's. Errors: QN_CONFIG (not TOML; an unknown key,
 * naming the nearest; a value of another type or that cannot be; with file, line and column), QN_NAME (`symbols` is
 * closed and has no such symbol), QN_NO_INPUT, QN_PERMISSION, QN_IO, QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_gate_read(qn_gate **out, const char *path, qn_symbols *symbols,
                                          const qn_allocator *allocator, qn_error *err);

/* Tells the gate of a record: time, and of a trade or quote its price, which moves marks and so equity, peak and
 * losses. O(1). `tick` is borrowed in the call. */
QN_API void qn_gate_mark(qn_gate *gate, const qn_tick *tick);

/* Decides on an order: its time, symbol, side, size and price (0: at the mark); other fields are not looked at. One
 * that passes is filled. O(1), allocates nothing. `order` is borrowed in the call. Returns QN_GATE_ACCEPTED or the
 * first rule that it breaks. */
QN_API qn_gate_rule qn_gate_decide(qn_gate *gate, const qn_tick *order);

/* The kill switch: while it is on no order passes, reducing ones neither. It is read at every order, so that the next
 * one after the store is seen is refused. Any thread, and a signal handler. */
QN_API void qn_gate_kill(qn_gate *gate);
QN_API void qn_gate_revive(qn_gate *gate);
QN_API bool qn_gate_is_killed(const qn_gate *gate);

/* What a gate has seen. Money is exact inside, and here to the nearest 1e-8. */
typedef struct qn_gate_stats {
    int64_t size;                    /* of this struct: set it before the call */
    int64_t orders;                  /* decided: accepted + refused */
    int64_t accepted, refused;       /* as qn_gate_refused counts by rule */
    double cash;                     /* money: equity at the start and what fills paid and cost */
    double realised, unrealised;     /* money won by average cost; together equity less that of the start */
    double equity, peak;             /* cash and positions at their marks, now and at most */
    double drawdown, drawdown_max;   /* (peak - equity) / peak, now and at most; NaN while the peak is not above 0 */
    double day_loss;                 /* money lost since the day began; below 0: won */
    double gross, net;               /* sums of |position * mark| and of position * mark */
    bool killed, day_halted, halted; /* the switch; a loss of the day; a drawdown: once exceeded */
} qn_gate_stats;

/* Fills `out`, whose size is set. */
QN_API void qn_gate_get_stats(const qn_gate *gate, qn_gate_stats *out);

/* Orders that `rule` refused; of QN_GATE_ACCEPTED those that passed; 0 of what is no rule. */
QN_API int64_t qn_gate_refused(const qn_gate *gate, qn_gate_rule rule);

/* What is held of a symbol: all 0 for one that is none. */
typedef struct qn_gate_position {
    int64_t size;     /* of this struct: set it before the call */
    int64_t position; /* QN_TICK_SCALE to 1; below 0: short */
    int64_t mark;     /* QN_TICK_SCALE to 1; 0: there is none yet */
    double value;     /* position * mark */
    double cost;      /* what the position was bought for on average; below 0: sold for */
} qn_gate_position;

/* Fills `out`, whose size is set, with what is held of `symbol`. */
QN_API void qn_gate_get_position(const qn_gate *gate, int32_t symbol, qn_gate_position *out);

/* Makes the stage of a stream that tells `gate` (borrowed; outlives the stream) of every record, and decides:
 *  - records of QN_TICK_ORDER, and
 *  - where `signal_column` (copied; NULL: none) names a column, at every other record what it says: units to buy, below
 *    0 to sell, at this record's price; 0 and NaN: nothing.
 * A record whose order was decided gets the flag QN_TICK_ACCEPTED or QN_TICK_REFUSED, all others lose both. Columns
 * that it writes: "gate": 1 passed, minus the rule refused, 0 there was no order; "position": of the record's symbol in
 * units, after it. On failure *out is empty. out->free ends it. Errors: QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_gate_stage(qn_stream_stage *out, qn_gate *gate, const char *signal_column,
                                           qn_error *err);

QN_API void qn_gate_free(qn_gate *gate); /* NULL is fine */

QN_END_DECLS
#endif
