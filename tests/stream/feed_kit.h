/* stream/feed_kit.h: what tests of the CSV source share: text read to its end, in pieces of some size. */
#ifndef QUERN_TEST_FEED_KIT_H
#define QUERN_TEST_FEED_KIT_H

#include "harness/harness.h"

#include <quern/feeds.h>

#include "array/input.h"
#include "stream/csv_int.h"
#include "stream/limits.h"

#include <string.h>

enum {
    FEED_RECORDS = 4096
};

/* All that came of a text. */
typedef struct feed {
    qn_tick ticks[FEED_RECORDS];
    int64_t count;
    qn_status status;
    qn_error err;
    qn_csv_source_stats stats;
    qn_error first_bad;
} feed;

/* How a text is read; 0: as ever. */
typedef struct feed_how {
    const char *path;        /* "t.csv" */
    int64_t size;            /* of the text; 0: up to its zero */
    int64_t piece;           /* bytes that one read of the input gives at most; 0: all */
    int64_t wanted;          /* records that are asked for at once; 0: 7 */
    int64_t line_max;        /* bytes; the window has 8 more */
    qn_symbols *symbols;     /* NULL: a table of 16, freed afterwards */
    qn_csv_source_options o; /* size 0: defaults */
} feed_how;

/* Bytes handed out a few at a time. */
typedef struct feed_pieces {
    const char *next, *end;
    int64_t piece;
} feed_pieces;

static inline int64_t feed_piece(void *user, char *into, int64_t size)
{
    feed_pieces *p = user;
    int64_t count = p->end - p->next;
    if (p->piece > 0 && count > p->piece)
        count = p->piece;
    if (count > size)
        count = size;
    memcpy(into, p->next, (size_t)count);
    p->next += count;
    return count;
}

/* Reads all of a text; *out is large: static. */
static inline void feed_read(feed *out, const char *text, feed_how how)
{
    qn_symbols *symbols = how.symbols;
    qn_stream_source source;
    int64_t size = how.size > 0 ? how.size : (int64_t)strlen(text);
    if (symbols == NULL)
        assert_int_equal(qn_symbols_new(&symbols, 16, NULL, NULL), QN_OK);
    if (how.o.size == 0)
        qn_csv_source_options_init(&how.o, sizeof how.o);
    feed_pieces pieces = {text, text + size, how.piece};
    const qni_input input = {.read = feed_piece, .user = &pieces, .total_size = -1};
    const int64_t line_max = how.line_max > 0 ? how.line_max : QNI_FEED_LINE_MAX;
    memset(out, 0, sizeof *out);
    assert_ok(qni_feed_open(&source, input, -1, how.path != NULL ? how.path : "t.csv",
                            how.line_max > 0 ? line_max + 8 : QNI_FEED_WINDOW, line_max, symbols, &how.o, &out->err),
              &out->err);
    out->err = qn_error_none();
    for (int64_t count = 1; count > 0 && out->status == QN_OK; out->count += count) {
        int64_t wanted = how.wanted > 0 ? how.wanted : 7;
        assert_true(out->count + wanted <= FEED_RECORDS);
        out->status = source.read(source.self, out->ticks + out->count, wanted, &count, &out->err);
        assert_in_range(count, 0, wanted);
    }
    int64_t more;
    assert_int_equal(source.read(source.self, out->ticks, 1, &more, NULL), QN_OK); /* it stays at its end */
    assert_int_equal(more, 0);
    out->stats.size = sizeof out->stats;
    qn_csv_source_get_stats(&source, &out->stats, &out->first_bad);
    source.free(source.self);
    if (how.symbols == NULL)
        qn_symbols_free(symbols);
}

#endif
