/* Puts parts of one's own into a stream: made-up ticks, a formula with an average that it keeps for each symbol, a
 * stage in C that judges each record by it, and a sink that keeps the most striking ones. A file gets all of it as CSV,
 * too.
 *
 *     cc replay_custom.c $(pkg-config --cflags --libs quern) -lm -o replay_custom
 *     ./replay_custom
 */
#include <quern/quern.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RECORDS = 100000,
    SYMBOLS = 16,
    KEPT = 3
};

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    fprintf(stderr, "%s: %s\n", qn_status_text(status), err->message);
    exit(qn_status_exit_code(status));
}

/* A stage: surprise = |price / average - 1|, from two columns that are there already. */
static qn_status judge(void *self, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    (void)self;
    (void)err;
    const double *price = span->columns[0], *average = span->columns[1]; /* as the stage's `reads` has them */
    double *surprise = span->columns[2];                                 /* then its `writes` */
    for (int64_t i = 0; i < span->count; i++)
        surprise[i] = fabs(price[i] / average[i] - 1);
    *done = span->count;
    return QN_OK;
}

/* A sink: the records with the greatest surprises, the greatest first. */
typedef struct strikers {
    qn_tick records[KEPT];
    double surprises[KEPT];
    int count;
} strikers;

static qn_status keep(void *self, const qn_stream_span *span, qn_error *err)
{
    (void)err;
    strikers *s = self;
    for (int64_t i = 0; i < span->count; i++) {
        double surprise = span->columns[0][i];
        if (!(surprise > 0) || (s->count == KEPT && surprise <= s->surprises[KEPT - 1]))
            continue;
        int at = s->count < KEPT ? s->count++ : KEPT - 1;
        for (; at > 0 && s->surprises[at - 1] < surprise; at--) {
            s->records[at] = s->records[at - 1];
            s->surprises[at] = s->surprises[at - 1];
        }
        s->records[at] = span->records[i]; /* a copy: the span is borrowed for the call */
        s->surprises[at] = surprise;
    }
    return QN_OK;
}

int main(void)
{
    qn_error err = qn_error_none();
    qn_symbols *symbols;
    qn_stream *stream;
    must(qn_symbols_new(&symbols, SYMBOLS, NULL, &err), &err);
    must(qn_stream_new(&stream, symbols, NULL, &err), &err);

    /* What is handed to a stream is the stream's, whatever becomes of it. */
    qn_stream_source source;
    must(qn_generated_source(&source, RECORDS, symbols, NULL, &err), &err);
    must(qn_stream_set_source(stream, &source, &err), &err);
    must(qn_stream_add_formula(stream, "average = ema(price, 50)", &err), &err);
    static const char *const reads[] = {"price", "average"}, *const writes[] = {"surprise"};
    const qn_stream_stage stage = {
        .name = "judge", .reads = reads, .read_count = 2, .writes = writes, .write_count = 1, .run = judge};
    must(qn_stream_add_stage(stream, &stage, &err), &err);

    strikers strikers = {.count = 0};
    const qn_stream_sink own = {.self = &strikers, .name = "strikers", .reads = writes, .read_count = 1, .write = keep};
    must(qn_stream_add_sink(stream, &own, &err), &err);
    qn_stream_sink file;
    must(qn_csv_sink(&file, "replay_custom.csv", symbols, NULL, &err), &err);
    must(qn_stream_add_sink(stream, &file, &err), &err);
    qn_aggregates *sums;
    must(qn_aggregates_new(&sums, symbols, NULL, &err), &err);
    qn_stream_sink summary;
    qn_aggregates_sink(&summary, sums);
    must(qn_stream_add_sink(stream, &summary, &err), &err);

    must(qn_stream_run(stream, &err), &err);

    qn_stream_stats stats = {.size = sizeof stats};
    qn_stream_get_stats(stream, &stats);
    printf("%" PRId64 " records; the farthest from their average:\n", stats.consumed);
    for (int i = 0; i < strikers.count; i++)
        printf("  record %-6" PRId64 " %s at %.2f, %.2f %% off\n", strikers.records[i].sequence,
               qn_symbols_name(symbols, strikers.records[i].symbol), (double)strikers.records[i].price / QN_TICK_SCALE,
               100 * strikers.surprises[i]);
    for (int64_t c = 0; c < qn_aggregates_column_count(sums); c++) {
        qn_column_aggregate column = {.size = sizeof column};
        must(qn_aggregates_column(&column, sums, -1, c, &err), &err);
        printf("  %-9s mean %.4g, standard deviation %.4g, at most %.4g\n", qn_aggregates_column_name(sums, c),
               column.mean, column.sd, column.max);
    }
    qn_stream_free(stream);
    qn_aggregates_free(sums);
    qn_symbols_free(symbols);
    return stats.consumed == RECORDS ? 0 : 1;
}
