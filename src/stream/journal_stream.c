/* stream/journal_stream.c: a journal as the source of a stream, and as its sink. Each belongs to the thread that calls
 * it. */
#include "stream/journal_int.h"

#include "base/alloc.h"
#include "mem/refuse.h"

#include <assert.h>

/* ---- the source ---- */

typedef struct source {
    const qn_allocator *allocator;
    qn_journal_reader *reader;
    qn_symbols *symbols; /* the stream's */
    int32_t *map;        /* (map_count) a number of the journal's to one of the stream's; -1: not asked yet */
    int64_t map_count;
    char *name;
} source;

/* Its record's symbol as the stream numbers it. */
static qn_status number(int32_t *out, source *s, int32_t symbol, qn_error *err)
{
    assert(symbol >= 0 && symbol < s->map_count);
    if (s->map[symbol] < 0) {
        const char *name = qn_symbols_name(qn_journal_reader_symbols(s->reader), symbol);
        qn_status status = qn_symbols_add(&s->map[symbol], s->symbols, name, -1, err);
        if (status != QN_OK) {
            s->map[symbol] = -1;
            return status;
        }
    }
    *out = s->map[symbol];
    return QN_OK;
}

static qn_status source_read(void *self, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    source *s = self;
    *count = 0;
    while (*count < wanted) {
        const qn_tick *span;
        int64_t got;
        qn_status status = qn_journal_read(&span, &got, s->reader, wanted - *count, err);
        if (status != QN_OK || got == 0)
            return status;
        for (int64_t i = 0; i < got; i++, ++*count) {
            qn_tick *record = &records[*count];
            *record = span[i];
            record->checksum = 0;
            status = number(&record->symbol, s, span[i].symbol, err);
            if (status != QN_OK)
                return status;
        }
    }
    return QN_OK;
}

static void source_free(void *self)
{
    source *s = self;
    qn_journal_reader_close(s->reader);
    qni_free(s->allocator, s->map, s->map_count, sizeof *s->map);
    if (s->name != NULL)
        qni_free(s->allocator, s->name, (int64_t)strlen(s->name) + 1, 1);
    qni_delete(s->allocator, s);
}

static qn_status open_source(source *s, const char *folder, int64_t from, int64_t to, qn_error *err)
{
    qn_status status = qn_journal_reader_open(&s->reader, folder, s->allocator, err);
    if (status == QN_OK)
        status = qn_journal_reader_seek(s->reader, from, to, err);
    if (status == QN_OK) /* else a stream whose sink is the same journal would never end */
        status = qni_journal_reader_bound(s->reader, err);
    if (status != QN_OK)
        return status;
    s->map_count = qn_symbols_capacity(qn_journal_reader_symbols(s->reader));
    s->map = qni_alloc(s->allocator, s->map_count, sizeof *s->map);
    s->name = qni_copy_string(s->allocator, folder, -1);
    if (s->map == NULL || s->name == NULL)
        return qni_refused(err, s->allocator, s->map_count * (int64_t)sizeof *s->map, "reading a journal");
    memset(s->map, 0xff, (size_t)s->map_count * sizeof *s->map);
    return QN_OK;
}

qn_status qn_journal_source(qn_stream_source *out, const char *folder, int64_t from, int64_t to, qn_symbols *symbols,
                            const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL && folder != NULL && symbols != NULL);
    *out = (qn_stream_source){0};
    source *s = qni_new(allocator, source);
    if (s == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *s, "reading a journal");
    s->allocator = allocator;
    s->symbols = symbols;
    qn_status status = open_source(s, folder, from, to, err);
    if (status != QN_OK) {
        source_free(s);
        return status;
    }
    *out = (qn_stream_source){.self = s, .name = s->name, .read = source_read, .free = source_free};
    return QN_OK;
}

/* ---- the sink ---- */

static qn_status sink_write(void *self, const qn_stream_span *span, qn_error *err)
{
    return qn_journal_append(self, span->records, span->count, err);
}

static qn_status sink_close(void *self, qn_error *err)
{
    return qn_journal_sync(self, err);
}

static void sink_free(void *self)
{
    qn_journal_close(self);
}

qn_status qn_journal_sink(qn_stream_sink *out, const char *folder, const qn_symbols *symbols,
                          const qn_journal_options *options, qn_error *err)
{
    assert(out != NULL);
    qn_journal *journal;
    *out = (qn_stream_sink){0};
    qn_status s = qn_journal_open(&journal, folder, symbols, options, err);
    if (s == QN_OK)
        *out = (qn_stream_sink){
            .self = journal, .name = "journal", .write = sink_write, .close = sink_close, .free = sink_free};
    return s;
}
