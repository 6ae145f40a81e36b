/* stream/sink_aggregate.c: sums over records and columns by symbol; see quern/sinks.h.
 *
 * Always: cells is (columns, capacity). Moments over all symbols are merged when somebody looks. One thread at a time.
 */
#include "stream/sink_int.h"
#include "stream/sink_trades.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <math.h>
#include <string.h>

/* Welford's: m2 is the sum of squared deviations from the mean. */
typedef struct moments {
    int64_t count;
    double mean, m2;
} moments;

/* A column of a symbol: a cache line. */
typedef struct cell {
    moments m;
    double min, max; /* of m.count > 0 */
    double last;
    int64_t nan, infinite;
} cell;

typedef struct symbol_sums {
    qni_trades trades;
    moments price;
    int64_t records, orders;
    int64_t first_time_ns, last_time_ns;
} symbol_sums;

struct qn_aggregates {
    const qn_allocator *allocator;
    const char *const *wanted; /* (wanted_count) borrowed until the sink is taken over; NULL: all */
    int64_t wanted_count;
    int64_t capacity; /* symbols */
    int64_t seen;     /* those beyond have nothing */
    symbol_sums *symbols;
    cell *cells;
    double *last; /* (column_count) over all symbols */
    char **names; /* (column_count) */
    int64_t column_count;
    int64_t first_time_ns, last_time_ns; /* over all */
    bool any;
};

static inline void moments_add(moments *m, double x)
{
    m->count++;
    double step = x - m->mean;
    m->mean += step / (double)m->count;
    m->m2 += step * (x - m->mean);
}

/* Chan, Golub and LeVeque (1979), equation 2.1 */
static void moments_merge(moments *m, const moments *other)
{
    if (other->count == 0)
        return;
    if (m->count == 0) {
        *m = *other;
        return;
    }
    double a = (double)m->count, b = (double)other->count, step = other->mean - m->mean;
    m->mean += step * (b / (a + b));
    m->m2 += other->m2 + step * step * (a * b / (a + b));
    m->count += other->count;
}

static double moments_mean(const moments *m)
{
    return m->count > 0 ? m->mean : (double)NAN;
}

static double moments_sd(const moments *m)
{
    return m->count > 1 ? sqrt(m->m2 / (double)(m->count - 1)) : (double)NAN;
}

static void columns_fini(qn_aggregates *a)
{
    for (int64_t i = 0; a->names != NULL && i < a->column_count; i++)
        if (a->names[i] != NULL)
            qni_free(a->allocator, a->names[i], (int64_t)strlen(a->names[i]) + 1, 1);
    qni_free(a->allocator, a->names, a->column_count, (int64_t)sizeof *a->names);
    qni_free(a->allocator, a->last, a->column_count, (int64_t)sizeof *a->last);
    qni_free(a->allocator, a->cells, a->column_count, a->capacity * (int64_t)sizeof *a->cells);
    a->names = NULL;
    a->last = NULL;
    a->cells = NULL;
    a->column_count = 0;
}

static bool columns_init(qn_aggregates *a, const char *const *columns, int64_t count)
{
    if (count == 0)
        return true;
    a->column_count = count;
    a->names = qni_alloc_zeroed(a->allocator, count, (int64_t)sizeof *a->names);
    a->last = qni_alloc_zeroed(a->allocator, count, (int64_t)sizeof *a->last);
    a->cells = qni_alloc_zeroed(a->allocator, count, a->capacity * (int64_t)sizeof *a->cells);
    bool done = a->names != NULL && a->last != NULL && a->cells != NULL;
    for (int64_t i = 0; done && i < count; i++) {
        a->names[i] = qni_copy_string(a->allocator, columns[i], -1);
        a->last[i] = (double)NAN;
        done = a->names[i] != NULL;
    }
    return done;
}

static qn_status aggregate_open(void *self, const char *const *columns, int64_t count, qn_error *err)
{
    qn_aggregates *a = self;
    columns_fini(a);
    memset(a->symbols, 0, (size_t)a->seen * sizeof *a->symbols);
    a->seen = 0;
    a->any = false;
    if (columns_init(a, columns, count))
        return QN_OK;
    columns_fini(a);
    return qni_refused(err, a->allocator, 0, "sums over %lld columns of %lld symbols", (long long)count,
                       (long long)a->capacity);
}

static void add_record(symbol_sums *s, const qn_tick *r)
{
    if (s->records++ == 0)
        s->first_time_ns = r->time_ns;
    s->last_time_ns = r->time_ns;
    s->orders += r->kind == QN_TICK_ORDER;
    if (!qni_is_trade(r))
        return;
    qni_trades_add(&s->trades, r->price, r->size);
    moments_add(&s->price, (double)r->price / QN_TICK_SCALE);
}

static void add_value(cell *c, double x)
{
    c->last = x;
    if (!isfinite(x)) {
        c->nan += isnan(x) != 0;
        c->infinite += isinf(x) != 0;
        return;
    }
    if (c->m.count == 0)
        c->min = c->max = x;
    c->min = x < c->min ? x : c->min;
    c->max = x > c->max ? x : c->max;
    moments_add(&c->m, x);
}

static qn_status aggregate_write(void *self, const qn_stream_span *span, qn_error *err)
{
    qn_aggregates *a = self;
    for (int64_t i = 0; i < span->count; i++) {
        int32_t symbol = span->symbols[i];
        if (symbol < 0 || symbol >= a->capacity)
            return qni_error(err, QN_DATA, "there is no symbol %d", (int)symbol);
        a->seen = symbol < a->seen ? a->seen : symbol + 1;
        add_record(&a->symbols[symbol], &span->records[i]);
    }
    if (!a->any)
        a->first_time_ns = span->records[0].time_ns;
    a->any = true;
    a->last_time_ns = span->records[span->count - 1].time_ns;
    for (int64_t k = 0; k < a->column_count; k++) {
        cell *cells = a->cells + k * a->capacity;
        const double *values = span->columns[k];
        for (int64_t i = 0; i < span->count; i++)
            add_value(&cells[span->symbols[i]], values[i]);
        a->last[k] = values[span->count - 1];
    }
    return QN_OK;
}

qn_status qn_aggregates_new(qn_aggregates **out, const qn_symbols *symbols, const qn_sink_options *options,
                            qn_error *err)
{
    *out = NULL;
    qn_sink_options o;
    qn_status status = qni_sink_options(&o, options, err);
    if (status != QN_OK)
        return status;
    qn_aggregates *a = qni_new(o.allocator, qn_aggregates);
    if (a == NULL)
        return qni_refused(err, o.allocator, (int64_t)sizeof *a, "sums over records");
    a->allocator = o.allocator;
    a->wanted = o.columns;
    a->wanted_count = o.column_count;
    a->capacity = qn_symbols_capacity(symbols);
    a->symbols = qni_alloc_zeroed(a->allocator, a->capacity, (int64_t)sizeof *a->symbols);
    if (a->symbols == NULL) {
        status = qni_refused(err, a->allocator, a->capacity * (int64_t)sizeof *a->symbols, "sums over %lld symbols",
                             (long long)a->capacity);
        qn_aggregates_free(a);
        return status;
    }
    *out = a;
    return QN_OK;
}

void qn_aggregates_sink(qn_stream_sink *out, qn_aggregates *aggregates)
{
    qn_sink_options o = {.columns = aggregates->wanted, .column_count = aggregates->wanted_count};
    *out = (qn_stream_sink){.self = aggregates, .name = "aggregates", .open = aggregate_open, .write = aggregate_write};
    qni_sink_reads(out, &o);
}

static qn_status check_symbol(const qn_aggregates *a, int32_t symbol, qn_error *err)
{
    if (symbol < -1 || symbol >= a->capacity)
        return qni_error(err, QN_INVALID, "there is no symbol %d", (int)symbol);
    return QN_OK;
}

/* Over all symbols: prices of different ones make no sense together. */
static symbol_sums sum_symbols(const qn_aggregates *a)
{
    symbol_sums all = {.first_time_ns = a->any ? a->first_time_ns : 0, .last_time_ns = a->any ? a->last_time_ns : 0};
    for (int64_t i = 0; i < a->seen; i++) {
        const symbol_sums *s = &a->symbols[i];
        all.records += s->records;
        all.orders += s->orders;
        all.trades.count += s->trades.count;
        all.trades.volume += s->trades.volume;
        all.trades.beyond |= s->trades.beyond;
        all.trades.beyond |= __builtin_add_overflow(all.trades.turnover, s->trades.turnover, &all.trades.turnover);
    }
    return all;
}

static double price_of(int64_t price)
{
    return (double)price / QN_TICK_SCALE;
}

qn_status qn_aggregates_symbol(qn_symbol_aggregate *out, const qn_aggregates *aggregates, int32_t symbol, qn_error *err)
{
    qn_status status = check_symbol(aggregates, symbol, err);
    if (status != QN_OK)
        return status;
    symbol_sums s = symbol < 0 ? sum_symbols(aggregates) : aggregates->symbols[symbol];
    const qni_trades *t = &s.trades;
    qn_symbol_aggregate result = {
        .records = s.records,
        .orders = s.orders,
        .trades = t->count,
        .first_time_ns = s.first_time_ns,
        .last_time_ns = s.last_time_ns,
        .volume = qni_trades_volume(t),
        .turnover = qni_trades_turnover(t),
    };
    result.open = result.high = result.low = result.close = result.vwap = (double)NAN;
    result.price_mean = moments_mean(&s.price);
    result.price_sd = moments_sd(&s.price);
    if (symbol >= 0 && t->count > 0) {
        result.open = price_of(t->open);
        result.high = price_of(t->high);
        result.low = price_of(t->low);
        result.close = price_of(t->close);
        result.vwap = qni_trades_vwap(t);
    }
    qni_stats_copy(out, &result, (int64_t)sizeof result);
    return QN_OK;
}

int64_t qn_aggregates_column_count(const qn_aggregates *aggregates)
{
    return aggregates->column_count;
}

const char *qn_aggregates_column_name(const qn_aggregates *aggregates, int64_t column)
{
    return column >= 0 && column < aggregates->column_count ? aggregates->names[column] : "?";
}

static void cell_merge(cell *c, const cell *other)
{
    if (other->m.count > 0) {
        c->min = c->m.count == 0 || other->min < c->min ? other->min : c->min;
        c->max = c->m.count == 0 || other->max > c->max ? other->max : c->max;
    }
    moments_merge(&c->m, &other->m);
    c->nan += other->nan;
    c->infinite += other->infinite;
}

qn_status qn_aggregates_column(qn_column_aggregate *out, const qn_aggregates *aggregates, int32_t symbol,
                               int64_t column, qn_error *err)
{
    const qn_aggregates *a = aggregates;
    qn_status status = check_symbol(a, symbol, err);
    if (status != QN_OK)
        return status;
    if (column < 0 || column >= a->column_count)
        return qni_error(err, QN_INVALID, "there is no column %lld: there are %lld", (long long)column,
                         (long long)a->column_count);
    const cell *cells = a->cells + column * a->capacity;
    cell c = {.last = a->last[column]};
    for (int64_t i = 0; symbol < 0 && i < a->seen; i++)
        cell_merge(&c, &cells[i]);
    if (symbol >= 0)
        c = cells[symbol];
    bool none = c.m.count == 0, nothing = none && c.nan == 0 && c.infinite == 0;
    qn_column_aggregate result = {
        .finite = c.m.count,
        .nan = c.nan,
        .infinite = c.infinite,
        .min = none ? (double)NAN : c.min,
        .max = none ? (double)NAN : c.max,
        .mean = moments_mean(&c.m),
        .sd = moments_sd(&c.m),
        .last = nothing ? (double)NAN : c.last,
    };
    qni_stats_copy(out, &result, (int64_t)sizeof result);
    return QN_OK;
}

void qn_aggregates_free(qn_aggregates *aggregates)
{
    if (aggregates == NULL)
        return;
    columns_fini(aggregates);
    qni_free(aggregates->allocator, aggregates->symbols, aggregates->capacity, (int64_t)sizeof *aggregates->symbols);
    qni_delete(aggregates->allocator, aggregates);
}
