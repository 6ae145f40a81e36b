/* Any bytes as a file of ticks. The first two bytes choose how it is read; the rest is read at once, and again in small
 * pieces through a small window: both must give the same records, counts and complaint. */
#include <quern/feeds.h>

#include "array/input.h"
#include "stream/csv_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    LINE_MAX_ = 100,
    RECORDS = 4096
};

/* Bytes handed out a few at a time. */
typedef struct pieces {
    const char *next, *end;
    int64_t piece;
} pieces;

static int64_t read_piece(void *user, char *into, int64_t size)
{
    pieces *p = user;
    int64_t count = p->end - p->next;
    if (count > p->piece)
        count = p->piece;
    if (count > size)
        count = size;
    memcpy(into, p->next, (size_t)count);
    p->next += count;
    return count;
}

#define REQUIRE(condition)                                                      \
    do {                                                                        \
        if (!(condition)) {                                                     \
            (void)fprintf(stderr, "fuzz_ticks:%d: %s\n", __LINE__, #condition); \
            abort();                                                            \
        }                                                                       \
    } while (0)

/* All that comes of the bytes. */
typedef struct outcome {
    qn_tick ticks[RECORDS];
    int64_t count;
    qn_status status;
    qn_error err, first_bad;
    qn_csv_source_stats stats;
    int64_t symbols;
} outcome;

static void require_sound(const outcome *o, const qn_symbols *symbols)
{
    for (int64_t i = 0; i < o->count; i++) {
        const qn_tick *t = &o->ticks[i];
        REQUIRE(t->symbol >= 0 && t->symbol < qn_symbols_count(symbols));
        REQUIRE(t->size >= 0 && t->side >= -1 && t->side <= 1 && t->kind <= QN_TICK_ORDER);
        REQUIRE((t->flags & ~(QN_TICK_HAS_BID | QN_TICK_HAS_ASK)) == 0 && t->checksum == 0 && t->sequence == 0);
    }
    REQUIRE(o->stats.records == o->count && o->stats.records + o->stats.bad + o->stats.unknown <= o->stats.lines);
    REQUIRE((o->stats.bad > 0) == (o->first_bad.code != QN_OK));
    if (o->status != QN_OK)
        REQUIRE(o->err.code == o->status && o->err.message[0] != '\0');
}

static void read_all(outcome *out, const char *bytes, int64_t size, int64_t piece, int64_t wanted,
                     const qn_csv_source_options *options, bool closed)
{
    qn_symbols *symbols;
    qn_stream_source source;
    int32_t number;
    pieces p = {bytes, bytes + size, piece};
    const qni_input input = {.read = read_piece, .user = &p, .total_size = -1};
    memset(out, 0, sizeof *out);
    out->err = out->first_bad = qn_error_none();
    if (qn_symbols_new(&symbols, 8, NULL, NULL) != QN_OK || qn_symbols_add(&number, symbols, "A", -1, NULL) != QN_OK)
        return;
    if (closed)
        qn_symbols_close(symbols);
    if (qni_feed_open(&source, input, -1, "dir/f.csv", piece > LINE_MAX_ ? 64 << 10 : LINE_MAX_ + piece, LINE_MAX_,
                      symbols, options, NULL) == QN_OK) {
        for (int64_t count = 1; count > 0 && out->status == QN_OK && out->count + wanted <= RECORDS;
             out->count += count)
            out->status = source.read(source.self, out->ticks + out->count, wanted, &count, &out->err);
        out->stats.size = sizeof out->stats;
        qn_csv_source_get_stats(&source, &out->stats, &out->first_bad);
        require_sound(out, symbols);
        source.free(source.self);
    }
    out->symbols = qn_symbols_count(symbols);
    qn_symbols_free(symbols);
}

static void require_same_error(const qn_error *a, const qn_error *b)
{
    REQUIRE(a->code == b->code && a->line == b->line && a->column == b->column);
    REQUIRE(strcmp(a->message, b->message) == 0 && strcmp(a->file, b->file) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static outcome whole, parts;
    if (size < 2 || size > RECORDS)
        return 0;
    const uint8_t how = data[0], more = data[1];
    const char *bytes = (const char *)data + 2;
    const int64_t count = (int64_t)size - 2;
    qn_csv_source_options o;
    qn_csv_source_options_init(&o, sizeof o);
    o.skip_bad = (how & 1) != 0;
    o.skip_unknown = (how & 2) != 0;
    o.refuse_backwards = (how & 4) != 0;
    o.refuse_gaps = (how & 8) != 0;
    o.sequence_by_symbol = (how & 16) != 0;
    o.symbol = (how & 32) != 0 ? "A" : NULL;
    o.columns = (how & 64) != 0 ? "time,price,symbol" : NULL;
    o.map = (how & 128) != 0 ? "size=x,price=p" : NULL;
    o.time_unit = (qn_time_unit)(more & 7) <= QN_TIME_UNIT_NS ? (qn_time_unit)(more & 7) : QN_TIME_UNIT_FOUND;
    o.delimiter = ",;|\t\0\0\0"[more >> 3 & 7];
    const bool closed = (more & 64) != 0;
    read_all(&whole, bytes, count, RECORDS, 1, &o, closed);
    read_all(&parts, bytes, count, 1 + (how & 15), 1 + (more & 3), &o, closed);
    REQUIRE(whole.count == parts.count && whole.status == parts.status && whole.symbols == parts.symbols);
    REQUIRE(memcmp(whole.ticks, parts.ticks, sizeof whole.ticks) == 0);
    REQUIRE(memcmp(&whole.stats, &parts.stats, sizeof whole.stats) == 0);
    require_same_error(&whole.err, &parts.err);
    require_same_error(&whole.first_bad, &parts.first_bad);
    return 0;
}
