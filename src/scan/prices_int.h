/* scan/prices_int.h: prices whose columns are laid out by whoever makes them, without a copy. One thread. */
#ifndef QNI_SCAN_PRICES_INT_H
#define QNI_SCAN_PRICES_INT_H

#include <quern/arena.h>
#include <quern/prices.h>

/* Prices with room for `count` tickers, *tickers. What these point to lies in *arena, which ends with the prices;
 * nobody may have them before qni_prices_settle. qn_prices_free frees them. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_prices_make(qn_prices **out, qn_daily **tickers, qn_arena **arena, int64_t count,
                                      const qn_allocator *allocator, qn_error *err);

/* The first `count` tickers are filled in, all columns of each: checks and sorts them. Errors: QN_INVALID, as of
 * qn_prices_from_daily. */
QN_MUST_USE qn_status qni_prices_settle(qn_prices *prices, int64_t count, qn_error *err);

#endif
