/* stream/gate_int.h: what the rooms of the risk gate share: its state, and the rows of its numbers.
 *
 *     gate.c          the gate: marks, decisions, fills, losses
 *     gate_options.c  options and limits from doubles, checked; making and freeing
 *     gate_read.c     the file that says them
 *     gate_stage.c    the gate as a stage of a stream
 *
 * Always, with all money in 1e-16: |position * mark| and |cost| of a symbol < 2^QNI_GATE_VALUE_BITS + 1, |cash| <
 * 2^QNI_GATE_CASH_BITS; net and gross are the sums of position * mark and of |position * mark|, cost that of the
 * symbols'; peak >= cash + net. One thread at a time, but for `killed`. */
#ifndef QNI_STREAM_GATE_INT_H
#define QNI_STREAM_GATE_INT_H

#include <quern/gate.h>

#include <stdatomic.h>

__extension__ typedef __int128 qni_money; /* of 1e-16: the product of a price and a size is exact */

/* The times of the last orders that passed: no more than `capacity` in any window. */
typedef struct qni_gate_rate {
    int64_t *times;          /* (capacity) ns, a ring; NULL: no limit */
    int32_t capacity, count; /* count of them there */
    int32_t next;            /* where the next one goes: the oldest when all are there */
} qni_gate_rate;

/* What a symbol may have; shared by all that have none of their own. No limit: the greatest number of the type. */
typedef struct qni_gate_bounds {
    int64_t position, order_size; /* of 1e-8 */
    qni_money order_value;
    uint64_t band; /* parts of 1e-9 */
    bool closed, own;
} qni_gate_bounds;

typedef struct qni_gate_symbol {
    int64_t position, mark;  /* of 1e-8; mark 0: none yet */
    double units;            /* the position, 1 to 1 */
    qni_gate_bounds *bounds; /* its own, or the gate's */
    qni_money cost;          /* by average cost, of the sign of the position */
    qni_gate_rate rate;
    bool listed;
    bool lost; /* its last price was too large for its position: no order passes until a better one */
} qni_gate_symbol;

struct qn_gate {
    /* Set by any thread and by signal handlers, read by the gate's thread at each order; alone on its line, so that
     * nothing the gate writes takes it away. It orders nothing else: relaxed would do. */
    _Alignas(64) atomic_bool killed;

    _Alignas(64) int64_t now_ns; /* greatest event time so far */
    int64_t day_last_ns;
    qni_money cash, net, gross, cost;
    qni_money peak, trough;           /* the greatest equity, and the least since */
    qni_money day_equity, day_trough; /* equity as the day began, and the least since */
    qni_money first_cash;             /* at the start */
    double drawdown_max;              /* as parts; of earlier peaks */
    bool begun, day_halted, halted;

    /* No limit: the greatest number of the type. */
    qni_money exposure, daily_loss;
    uint64_t leverage, drawdown; /* parts of 1e-9 */
    int64_t window_ns, day_start_ns;
    bool mid, refuse_reducing, only_listed;
    qni_gate_rate rate;

    int64_t counts[QN_GATE_RULE_END]; /* orders by what became of them */
    qni_gate_symbol *symbols;         /* (capacity) */
    int64_t capacity;
    qni_gate_bounds bounds; /* of symbols without their own */
    int32_t symbol_rate;    /* orders that a window of each symbol has; 0: no limit */
    int64_t *times;         /* (capacity, symbol_rate): their rings; NULL: none */
    const qn_allocator *allocator;
};

/* ---- numbers that people say ---- */

/* One of qn_gate_options, and where qn_gate_limits has it. */
typedef struct qni_gate_number {
    const char *name;
    const char *wants; /* what it must be */
    double least, most;
    bool whole;
    bool account;           /* of the account, not a limit: it stands above the tables of a file */
    int64_t option, limits; /* offsets in the two structs; limits -1: not there */
} qni_gate_number;

enum {
    QNI_GATE_NUMBER_COUNT = 12
};

extern const qni_gate_number qni_gate_numbers[QNI_GATE_NUMBER_COUNT];

/* Whether it may be this number, which is not 0. */
bool qni_gate_number_fits(const qni_gate_number *number, double value);

/* As qn_gate_read, of text: [text, text + size), called `file` in messages. */
QN_MUST_USE qn_status qni_gate_parse(qn_gate **out, const char *text, int64_t size, const char *file,
                                     qn_symbols *symbols, const qn_allocator *allocator, qn_error *err);

#endif
