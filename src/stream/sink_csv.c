/* stream/sink_csv.c: records and columns as rows of CSV; see quern/sinks.h. One thread at a time. */
#include "stream/sink_int.h"
#include "stream/sink_text.h"

#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>

static const char *const fields[] = {"sequence", "time", "symbol", "price", "size",
                                     "bid",      "ask",  "side",   "kind",  "order"};
enum {
    FIELDS = sizeof fields / sizeof fields[0],
    FIELDS_SIZE = 256, /* bytes of a row's fields, its commas and its end */
};
static_assert(2 * QNI_TEXT_INTEGER + QNI_TEXT_TIME + QNI_TEXT_SYMBOL + 4 * QNI_TEXT_DECIMAL + (int)sizeof "sell" +
                      (int)sizeof "trade" + FIELDS <=
                  FIELDS_SIZE,
              "a row's fields have room");
static_assert(FIELDS_SIZE + QNI_STREAM_COLUMNS_MAX * (QNI_TEXT_COLUMN + 1) <= QNI_SINK_BUFFER, "a row has room");

typedef struct csv_sink {
    const qn_allocator *allocator;
    qni_sink_file file;
    qni_text_symbols symbols;
    qni_text_clock clock;
    int64_t column_count;
    bool no_header;
} csv_sink;

static char *put_side(char *at, int side)
{
    static const char names[2][4] = {{'s', 'e', 'l', 'l'}, {'b', 'u', 'y'}};
    if (side == 0)
        return at;
    const char *name = names[side > 0];
    for (int i = 0; i < 4; i++)
        at[i] = name[i];
    return at + (side > 0 ? 3 : 4);
}

static char *put_kind(char *at, int kind)
{
    static const char names[2][5] = {{'t', 'r', 'a', 'd', 'e'}, {'o', 'r', 'd', 'e', 'r'}};
    const char *name = names[kind == QN_TICK_ORDER];
    for (int i = 0; i < 5; i++)
        at[i] = name[i];
    return at + 5;
}

static char *put_record(char *at, csv_sink *s, const qn_tick *r)
{
    at = qni_text_integer(at, r->sequence);
    *at++ = ',';
    at = qni_text_time(at, &s->clock, r->time_ns);
    *at++ = ',';
    at = qni_text_symbol(at, &s->symbols, r->symbol);
    *at++ = ',';
    at = qni_text_decimal(at, r->price);
    *at++ = ',';
    at = qni_text_decimal(at, r->size);
    *at++ = ',';
    if (r->flags & QN_TICK_HAS_BID)
        at = qni_text_decimal(at, r->bid);
    *at++ = ',';
    if (r->flags & QN_TICK_HAS_ASK)
        at = qni_text_decimal(at, r->ask);
    *at++ = ',';
    at = put_side(at, r->side);
    *at++ = ',';
    at = put_kind(at, r->kind);
    *at++ = ',';
    return r->order != 0 ? qni_text_integer(at, r->order) : at;
}

static qn_status csv_open(void *self, const char *const *columns, int64_t count, qn_error *err)
{
    csv_sink *s = self;
    s->column_count = count;
    qn_status status = qni_sink_check_names(columns, count, fields, FIELDS, "CSV", err);
    for (int64_t i = 0; status == QN_OK && !s->no_header && i < FIELDS + count; i++) {
        status = qni_sink_file_cell(&s->file, i < FIELDS ? fields[i] : columns[i - FIELDS], err);
        char *at = NULL;
        if (status == QN_OK)
            status = qni_sink_file_room(&at, &s->file, 1, err);
        if (status != QN_OK)
            break;
        *at = i + 1 < FIELDS + count ? ',' : '\n';
        qni_sink_file_wrote(&s->file, at + 1);
    }
    if (status != QN_OK)
        qni_sink_file_abandon(&s->file);
    return status;
}

static qn_status csv_write(void *self, const qn_stream_span *span, qn_error *err)
{
    csv_sink *s = self;
    int64_t room = FIELDS_SIZE + s->column_count * (QNI_TEXT_COLUMN + 1);
    for (int64_t i = 0; i < span->count; i++) {
        char *at;
        qn_status status = qni_sink_file_room(&at, &s->file, room, err);
        if (status != QN_OK)
            return status;
        at = put_record(at, s, &span->records[i]);
        for (int64_t c = 0; c < s->column_count; c++) {
            *at++ = ',';
            at = qni_text_column(at, span->columns[c][i]);
        }
        *at++ = '\n';
        qni_sink_file_wrote(&s->file, at);
    }
    return qni_sink_file_span(&s->file, err);
}

static qn_status csv_close(void *self, qn_error *err)
{
    csv_sink *s = self;
    return qni_sink_file_close(&s->file, err);
}

static void csv_free(void *self)
{
    csv_sink *s = self;
    if (s == NULL)
        return;
    qni_sink_file_fini(&s->file);
    qni_text_symbols_fini(&s->symbols);
    qni_delete(s->allocator, s);
}

qn_status qn_csv_sink(qn_stream_sink *out, const char *path, const qn_symbols *symbols, const qn_sink_options *options,
                      qn_error *err)
{
    *out = (qn_stream_sink){.name = "csv"};
    qn_sink_options o;
    qn_status status = qni_sink_options(&o, options, err);
    if (status != QN_OK)
        return status;
    csv_sink *s = qni_new(o.allocator, csv_sink);
    if (s == NULL)
        return qni_refused(err, o.allocator, (int64_t)sizeof *s, "a CSV sink");
    s->allocator = o.allocator;
    s->no_header = o.no_header;
    status = qni_text_symbols_init(&s->symbols, symbols, o.allocator, err);
    if (status == QN_OK)
        status = qni_sink_file_open(&s->file, path, o.allocator, err);
    if (status != QN_OK) {
        csv_free(s);
        return status;
    }
    out->self = s;
    qni_sink_reads(out, &o);
    out->open = csv_open;
    out->write = csv_write;
    out->close = csv_close;
    out->free = csv_free;
    return QN_OK;
}
