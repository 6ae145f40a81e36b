/* stream/indicator_int.h: the state and the kernels of indicators; lang/hoist.h has what they are called and take.
 *
 * Symbols go by tiles of eight, whatever the width of vectors is. A state is an array with a number of every symbol. A
 * window has n slots of every symbol, used in a circle: slot i of symbol s is at
 * slots[s / TILE * tile_stride + i * slot_stride + s % TILE].
 *
 * How a window is aggregated: once slot n - 1 is written, slots n - 1 … 1 are made suffixes in place: slot i then
 * holds the aggregate of the values i … n - 1. The values that come after are written over those that leave, and
 * gathered in a prefix. A window is the prefix of the new values and the suffix of the old ones, so nothing is ever
 * taken away, and a value costs two steps. (The "two stacks" queue; K. Tangwongsan et al., General incremental
 * sliding-window aggregation, VLDB 2015.) */
#ifndef QNI_STREAM_INDICATOR_INT_H
#define QNI_STREAM_INDICATOR_INT_H

#include <quern/indicators.h>

#include "lang/hoist.h"

enum {
    QNI_INDICATOR_TILE = 8,
    QNI_INDICATOR_STATES = 5 /* at most */
};

/* What kernels are written for, X(NAME, states, windows, whether it asks for inverses). */
#define QNI_INDICATOR_RULE_LIST(X) \
    X(EMA, 1, 0, 0)                \
    X(MACD, 2, 0, 0)               \
    X(SIGNAL, 3, 0, 0)             \
    X(RSI, 4, 0, 0)                \
    X(VWAP, 5, 0, 0)               \
    X(VWAP_LAST, 4, 2, 0)          \
    X(SMA, 3, 1, 1)                \
    X(SD, 4, 2, 1)                 \
    X(BOLLINGER, 4, 2, 1)          \
    X(REALIZED_VOL, 2, 1, 0)       \
    X(LAG, 0, 1, 0)                \
    X(DIFF, 0, 1, 0)

typedef enum qni_indicator_rule {
#define QNI_INDICATOR_RULE(name, ...) QNI_INDICATOR_##name,
    QNI_INDICATOR_RULE_LIST(QNI_INDICATOR_RULE)
#undef QNI_INDICATOR_RULE
    QNI_INDICATOR_RULES
} qni_indicator_rule;

typedef struct qni_indicator_kernels qni_indicator_kernels;

struct qn_indicator {
    qn_indicator_kind kind;
    qni_indicator_rule rule;
    const qni_indicator_kernels *kernels;
    int64_t symbols, tiles;
    double alpha[QNI_STATEFUL_CONSTANTS]; /* of EMAs */
    int64_t n;                            /* values in a window */
    double each;                          /* 1 / n */
    double scale;                         /* of a deviation: k, or 1 */
    double divisor;                       /* of squared deviations, its reciprocal */
    double *inverse;                      /* (n + 1) of k: 1 / k; NULL where no kernel asks for it */
    double *state[QNI_INDICATOR_STATES];  /* each (tiles, TILE) */
    double *window[2];
    int64_t tile_stride, slot_stride;
    /* Where the next value of a symbol goes: a slot, + n once all slots have been written. NULL: no window. Where
     * `together`, next_all is that of all symbols, and next[] is stale. */
    int32_t *next; /* (tiles, TILE) */
    int32_t next_all;
    bool together;
    const qn_allocator *allocator;
    double *block; /* all of this, (block_count) */
    int64_t block_count;
};

struct qni_indicator_kernels {
    /* `tiles` tiles from `first` on: x, weights and out (tiles, TILE) begin with it. All symbols together. */
    void (*row[QNI_INDICATOR_RULES])(qn_indicator *indicator, const double *x, const double *weights, double *out,
                                     int64_t first, int64_t tiles);
    /* Relative changes, at least 0, to squared logarithms, in place. */
    void (*squares)(double *changes, int64_t count);
};

/* Record by record; symbols NULL: 0, 1, 2 … The same at all levels. */
typedef void qni_indicator_update(qn_indicator *indicator, const int32_t *symbols, const double *x,
                                  const double *weights, double *out, int64_t count);
extern qni_indicator_update *const qni_indicator_updates[QNI_INDICATOR_RULES];

extern const qni_indicator_kernels qni_indicator_baseline;

/* Those of a processor level (base/cpu.h), which this machine must have. */
const qni_indicator_kernels *qni_indicator_kernels_of(int level);

#endif
