/* quern/indicators.h: indicators of markets, kept up to date value by value for many symbols at once.
 *
 *     ema sma sd vwap rsi bollinger macd realized_vol lag diff
 *
 * Caveats first:
 *  - Each symbol has a state of its own: an indicator sees the values of one symbol one after another, however others
 *    lie between them, and whether they come as records of mixed symbols (qn_indicator_update) or as rows with one
 *    value of every symbol (qn_indicator_row). Both ways may be mixed; the results are the same bits, and they are the
 *    same at every processor level.
 *  - NaN is what is not known: before an indicator has seen as many values as it needs, and where its formula has no
 *    result. All NaN that are given are the same bits.
 *  - A value that is not finite, or beyond 2^1000 (1e301), counts as NaN. A window (sma, sd, vwap over n, bollinger,
 *    realized_vol) is NaN as long as it holds one, and as good as new when that has left, as after any other value;
 *    what never forgets (ema, macd, rsi, vwap since the start) gives NaN for it and passes it over, as if it had never
 *    come. lag and diff hand on what there was.
 *  - Nothing drifts: a window is computed of its values alone, never by taking away what leaves it. Equal values have a
 *    mean that is exactly theirs and a deviation of exactly 0.
 *  - An indicator is used by one thread at a time; different ones by any threads at once.
 *  - All memory is taken by qn_indicator_new: some n doubles a symbol for a window of n.
 */
#ifndef QUERN_INDICATORS_H
#define QUERN_INDICATORS_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* Which indicator, with its constants: x is a value, x' the one of the same symbol before it, n counts values. */
typedef enum qn_indicator_kind {
    /* ema (n >= 1): e = e' + (x - e') 2 / (n + 1), beginning with e = x. pandas: ewm(span=n, adjust=False). */
    QN_INDICATOR_EMA,
    /* sma (n): mean of the last n; from the n-th value on. pandas: rolling(n).mean(). */
    QN_INDICATOR_SMA,
    /* sd (n >= 2): sample standard deviation (divisor n - 1) of the last n; from the n-th value on. pandas:
     * rolling(n).std(). */
    QN_INDICATOR_SD,
    /* vwap (): sum of price times size over sum of sizes, of all records of the symbol so far; vwap (n): of the last n,
     * from the n-th on. NaN where all sizes are 0; a size below 0 counts as NaN. */
    QN_INDICATOR_VWAP,
    /* rsi (n): relative strength index, 100 G / (G + L), of the average gain G and loss L: at first the mean of n
     * changes, then G = G' + (gain - G') / n; from value n + 1 on. 100 where there was no loss, 50 where nothing moved.
     * J. W. Wilder, New Concepts in Technical Trading Systems, 1978. */
    QN_INDICATOR_RSI,
    /* bollinger (n, k): sma plus k times the population standard deviation (divisor n) of the last n; k < 0: the lower
     * band. J. Bollinger, Bollinger on Bollinger Bands, 2001. */
    QN_INDICATOR_BOLLINGER,
    /* macd (fast, slow): ema(fast) - ema(slow), from the first value on; macd (fast, slow, signal): the ema of that,
     * its signal line. G. Appel, The Moving Average Convergence-Divergence Trading Method, 1979. */
    QN_INDICATOR_MACD,
    /* realized_vol (n): root of the sum of the last n squared log returns ln(x / x'); from value n + 1 on. Not scaled
     * to a year. A price of 0 or below counts as NaN. T. G. Andersen et al., Econometrica 71, 2003. */
    QN_INDICATOR_REALIZED_VOL,
    /* lag (n = 1): the value n values ago. */
    QN_INDICATOR_LAG,
    /* diff (n = 1): x - lag (n). */
    QN_INDICATOR_DIFF,
} qn_indicator_kind;

typedef struct qn_indicator qn_indicator;

/* Makes an indicator for symbols 0 … symbols - 1 (1 … 2^20), none of which has seen a value. constants
 * (constant_count) as above; each n is a whole number of 1 … 2^20 (of ema and macd: any number from 1 on), k any
 * finite one. Errors: QN_INVALID (says which constant is wrong), QN_CONFIG (QUERN_CPU, see man quern), QN_NOMEM,
 * QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_indicator_new(qn_indicator **out, qn_indicator_kind kind, const double *constants,
                                              int64_t constant_count, int64_t symbols, const qn_allocator *allocator,
                                              qn_error *err);

/* Takes in x (count) of the symbols (count), in order, and gives out (count), the indicator after each. weights
 * (count): the sizes of vwap; else NULL. out may be x or weights. Allocates nothing. A window of n is reorganised every
 * n values of a symbol, which takes n steps at once. Errors: QN_INVALID (a symbol that there is none of, a vwap without
 * weights): nothing was taken in. */
QN_API QN_MUST_USE qn_status qn_indicator_update(qn_indicator *indicator, const int32_t *symbols, const double *x,
                                                 const double *weights, double *out, int64_t count, qn_error *err);

/* The same of one value of each symbol: x, weights and out (symbols). Quickest while all symbols have seen equally many
 * values. Errors: QN_INVALID (a vwap without weights). */
QN_API QN_MUST_USE qn_status qn_indicator_row(qn_indicator *indicator, const double *x, const double *weights,
                                              double *out, qn_error *err);

/* As if just made. */
QN_API void qn_indicator_reset(qn_indicator *indicator);

/* Bytes that it holds. */
QN_API int64_t qn_indicator_size(const qn_indicator *indicator);

/* "ema", "sma" …; "?" for what is no kind. Static. */
QN_API const char *qn_indicator_name(qn_indicator_kind kind);

QN_API void qn_indicator_free(qn_indicator *indicator); /* NULL is fine */

QN_END_DECLS
#endif
