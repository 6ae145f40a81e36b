/* stream/sink_trades.h: sums over trades: prices in order of coming, volume and turnover exactly. One thread. */
#ifndef QNI_STREAM_SINK_TRADES_H
#define QNI_STREAM_SINK_TRADES_H

#include <quern/tick.h>

#include <math.h>

__extension__ typedef __int128 qni_i128;

typedef struct qni_trades {
    int64_t count;
    int64_t open, high, low, close; /* QN_TICK_SCALE to 1; of count > 0 */
    qni_i128 volume;                /* QN_TICK_SCALE to 1: 2^64 of the largest sizes fit */
    qni_i128 turnover;              /* QN_TICK_SCALE^2 to 1 */
    bool beyond;                    /* the turnover did not fit */
} qni_trades;

/* A quote alone has a price of 0. */
static inline bool qni_is_trade(const qn_tick *record)
{
    return record->kind == QN_TICK_TRADE && record->price != 0;
}

static inline void qni_trades_add(qni_trades *t, int64_t price, int64_t size)
{
    if (t->count++ == 0)
        t->open = t->high = t->low = price;
    t->high = price > t->high ? price : t->high;
    t->low = price < t->low ? price : t->low;
    t->close = price;
    t->volume += size;
    t->beyond |= __builtin_add_overflow(t->turnover, (qni_i128)price * size, &t->turnover);
}

static inline double qni_trades_volume(const qni_trades *t)
{
    return (double)t->volume / QN_TICK_SCALE;
}

static inline double qni_trades_turnover(const qni_trades *t)
{
    return t->beyond ? (double)NAN : (double)t->turnover / QN_TICK_SCALE / QN_TICK_SCALE;
}

static inline double qni_trades_vwap(const qni_trades *t)
{
    return t->beyond || t->volume == 0 ? (double)NAN : (double)t->turnover / (double)t->volume / QN_TICK_SCALE;
}

#endif
