/* quern/records.h: chains, prices, earnings and scans as tagged JSON: one object whose "schema" says what it is, and
 * back, exactly.
 *
 * Caveats first:
 *  - Everything is a function of its arguments; any thread.
 *  - What is read back equals what was written, every number bit for bit (but one NaN is as good as another): numbers
 *    that are not finite are the texts "nan", "inf", "-inf". Days are days since 1970-01-01, times microseconds.
 *  - Fields that are not known are ignored, so that newer writers can add some; a missing one is its default; a schema
 *    of a later number is refused.
 */
#ifndef QUERN_RECORDS_H
#define QUERN_RECORDS_H

#include <quern/chain.h>
#include <quern/earnings.h>
#include <quern/prices.h>
#include <quern/scan.h>

QN_BEGIN_DECLS

/* What records there are: X(NAME, value, schema). Only ever appended to. */
#define QN_RECORD_LIST(X)              \
    X(CHAIN, 1, "quern.chain/1")       \
    X(PRICES, 2, "quern.prices/1")     \
    X(CALENDAR, 3, "quern.calendar/1") \
    X(TRADE, 4, "quern.trade/1")       \
    X(HISTORY, 5, "quern.history/1")

typedef enum qn_record_kind {
#define QN_RECORD_ENUMERATOR(name, value, text) QN_RECORD_##name = value,
    QN_RECORD_LIST(QN_RECORD_ENUMERATOR)
#undef QN_RECORD_ENUMERATOR
} qn_record_kind;

/* A record that was read: one of the pointers is there. Owns all that it points to. */
typedef struct qn_record {
    qn_record_kind kind;         /* which one */
    const qn_chain *chain;       /* of CHAIN; else NULL, as the others */
    const qn_prices *prices;     /* of PRICES */
    const qn_calendar *calendar; /* of CALENDAR */
    const qn_trade *trade;       /* of TRADE */
    const qn_history *history;   /* of HISTORY */
} qn_record;

/* Each as JSON text, *out of *size bytes and a zero behind them; freed with qn_record_text_free. Errors: QN_INVALID (a
 * text in it that is not UTF-8), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_chain_to_json(char **out, int64_t *size, const qn_chain *chain,
                                              const qn_allocator *allocator, qn_error *err);
QN_API QN_MUST_USE qn_status qn_prices_to_json(char **out, int64_t *size, const qn_prices *prices,
                                               const qn_allocator *allocator, qn_error *err);
QN_API QN_MUST_USE qn_status qn_calendar_to_json(char **out, int64_t *size, const qn_calendar *calendar,
                                                 const qn_allocator *allocator, qn_error *err);
QN_API QN_MUST_USE qn_status qn_trade_to_json(char **out, int64_t *size, const qn_trade *trade,
                                              const qn_allocator *allocator, qn_error *err);
QN_API QN_MUST_USE qn_status qn_history_to_json(char **out, int64_t *size, const qn_history *history,
                                                const qn_allocator *allocator, qn_error *err);
QN_API void qn_record_text_free(char *text, int64_t size, const qn_allocator *allocator);

/* Reads any of them from `text`, `size` bytes (borrowed during the call), which `name` is what complaints call.
 * Errors: QN_SYNTAX (no JSON), QN_DATA (no schema, one that is not known or newer, a field of another type or out of
 * its bounds, quotes, days or reports that are not in the order that they have: with its place), QN_LIMIT, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_record_read(qn_record **out, const char *text, int64_t size, const char *name,
                                            const qn_allocator *allocator, qn_error *err);
QN_API void qn_record_free(qn_record *record); /* NULL is fine */

QN_END_DECLS
#endif
