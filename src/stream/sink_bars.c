/* stream/sink_bars.c: bars of trades by symbol and interval of event time, as CSV; see quern/sinks.h.
 *
 * Always: active (active_count) are the symbols whose bars have trades, all of the interval `current`. One thread at a
 * time. */
#include "stream/sink_int.h"
#include "stream/sink_text.h"

#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"

static const char header[] = "time,symbol,open,high,low,close,volume,trades,vwap\n";
enum {
    ROW_SIZE =
        QNI_TEXT_TIME + QNI_TEXT_SYMBOL + 4 * QNI_TEXT_DECIMAL + QNI_TEXT_SUM + QNI_TEXT_INTEGER + QNI_TEXT_COLUMN + 10,
};

typedef struct bars_sink {
    const qn_allocator *allocator;
    qni_sink_file file;
    qni_text_symbols symbols;
    qni_text_clock clock;
    int64_t interval_ns;
    int64_t current;  /* beginning / interval_ns */
    qni_trades *bars; /* (capacity) by symbol */
    int32_t *active;
    int64_t active_count, capacity;
    bool no_header;
} bars_sink;

static qn_status write_bar(bars_sink *s, int64_t begin_ns, int32_t symbol, qn_error *err)
{
    const qni_trades *t = &s->bars[symbol];
    char *at;
    qn_status status = qni_sink_file_room(&at, &s->file, ROW_SIZE, err);
    if (status != QN_OK)
        return status;
    at = qni_text_time(at, &s->clock, begin_ns);
    *at++ = ',';
    at = qni_text_symbol(at, &s->symbols, symbol);
    const int64_t prices[] = {t->open, t->high, t->low, t->close};
    for (int i = 0; i < 4; i++) {
        *at++ = ',';
        at = qni_text_decimal(at, prices[i]);
    }
    *at++ = ',';
    at = qni_text_sum(at, t->volume);
    *at++ = ',';
    at = qni_text_integer(at, t->count);
    *at++ = ',';
    at = qni_text_column(at, qni_trades_vwap(t));
    *at++ = '\n';
    qni_sink_file_wrote(&s->file, at);
    return QN_OK;
}

/* Writes the bars of the interval, and begins anew. */
static qn_status write_bars(bars_sink *s, qn_error *err)
{
    int64_t begin_ns;
    if (__builtin_mul_overflow(s->current, s->interval_ns, &begin_ns))
        begin_ns = INT64_MIN; /* the interval began before any time that there is */
    qn_status status = QN_OK;
    for (int64_t i = 0; i < s->active_count; i++) {
        if (status == QN_OK)
            status = write_bar(s, begin_ns, s->active[i], err);
        s->bars[s->active[i]] = (qni_trades){0};
    }
    s->active_count = 0;
    return status;
}

static qn_status add_trade(bars_sink *s, const qn_tick *r, qn_error *err)
{
    if (r->symbol < 0 || r->symbol >= s->capacity)
        return qni_error(err, QN_DATA, "there is no symbol %d", (int)r->symbol);
    int64_t interval = r->time_ns / s->interval_ns - (r->time_ns % s->interval_ns < 0);
    if (interval != s->current) {
        qn_status status = write_bars(s, err);
        if (status != QN_OK)
            return status;
        s->current = interval;
    }
    if (s->bars[r->symbol].count == 0)
        s->active[s->active_count++] = r->symbol;
    qni_trades_add(&s->bars[r->symbol], r->price, r->size);
    return QN_OK;
}

static qn_status bars_open(void *self, const char *const *columns, int64_t count, qn_error *err)
{
    (void)columns;
    (void)count;
    bars_sink *s = self;
    char *at;
    qn_status status = qni_sink_file_room(&at, &s->file, (int64_t)sizeof header, err);
    if (status != QN_OK || s->no_header)
        return status;
    for (const char *c = header; *c != '\0'; c++)
        *at++ = *c;
    qni_sink_file_wrote(&s->file, at);
    return QN_OK;
}

static qn_status bars_write(void *self, const qn_stream_span *span, qn_error *err)
{
    bars_sink *s = self;
    for (int64_t i = 0; i < span->count; i++) {
        const qn_tick *r = &span->records[i];
        qn_status status = qni_is_trade(r) ? add_trade(s, r, err) : QN_OK;
        if (status != QN_OK)
            return status;
    }
    return qni_sink_file_span(&s->file, err);
}

static qn_status bars_close(void *self, qn_error *err)
{
    bars_sink *s = self;
    qn_status status = s->file.failed.code == QN_OK ? write_bars(s, NULL) : s->file.failed.code;
    (void)status; /* the file keeps it */
    return qni_sink_file_close(&s->file, err);
}

static void bars_free(void *self)
{
    bars_sink *s = self;
    if (s == NULL)
        return;
    qni_sink_file_fini(&s->file);
    qni_text_symbols_fini(&s->symbols);
    qni_free(s->allocator, s->bars, s->capacity, (int64_t)sizeof *s->bars);
    qni_free(s->allocator, s->active, s->capacity, (int64_t)sizeof *s->active);
    qni_delete(s->allocator, s);
}

static qn_status make(bars_sink *s, const char *path, const qn_symbols *symbols, qn_error *err)
{
    s->capacity = qn_symbols_capacity(symbols);
    s->bars = qni_alloc_zeroed(s->allocator, s->capacity, (int64_t)sizeof *s->bars);
    s->active = qni_alloc(s->allocator, s->capacity, (int64_t)sizeof *s->active);
    if (s->bars == NULL || s->active == NULL)
        return qni_refused(err, s->allocator, s->capacity * (int64_t)sizeof *s->bars, "the bars of %lld symbols",
                           (long long)s->capacity);
    qn_status status = qni_text_symbols_init(&s->symbols, symbols, s->allocator, err);
    return status == QN_OK ? qni_sink_file_open(&s->file, path, s->allocator, err) : status;
}

qn_status qn_bars_sink(qn_stream_sink *out, const char *path, const qn_symbols *symbols, int64_t interval_ns,
                       const qn_sink_options *options, qn_error *err)
{
    *out = (qn_stream_sink){.name = "bars"};
    qn_sink_options o;
    qn_status status = qni_sink_options(&o, options, err);
    if (status != QN_OK)
        return status;
    if (interval_ns < 1)
        return qni_error(err, QN_INVALID, "bars have an interval of at least 1 ns, not %lld", (long long)interval_ns);
    bars_sink *s = qni_new(o.allocator, bars_sink);
    if (s == NULL)
        return qni_refused(err, o.allocator, (int64_t)sizeof *s, "a sink of bars");
    s->allocator = o.allocator;
    s->no_header = o.no_header;
    s->interval_ns = interval_ns;
    status = make(s, path, symbols, err);
    if (status != QN_OK) {
        bars_free(s);
        return status;
    }
    out->self = s;
    out->open = bars_open;
    out->write = bars_write;
    out->close = bars_close;
    out->free = bars_free;
    return QN_OK;
}
