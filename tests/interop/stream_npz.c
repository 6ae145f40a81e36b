/* Runs `argv[1]` made-up records through a stream with a stage of its own, into the .npz file argv[2] ("-": standard
 * output) and the CSV file argv[3]. */
#include <quern/feeds.h>
#include <quern/sinks.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* half = the price halved, NaN at every seventh record. */
static qn_status halve(void *self, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    (void)self;
    (void)err;
    for (int64_t i = 0; i < span->count; i++)
        span->columns[0][i] =
            (span->sequence + i) % 7 == 6 ? (double)NAN : (double)span->records[i].price / QN_TICK_SCALE / 2;
    *done = span->count;
    return QN_OK;
}

static qn_status run(int64_t count, const char *npz, const char *csv, qn_symbols *symbols, qn_stream *stream,
                     qn_error *err)
{
    qn_generated_options how;
    qn_generated_options_init(&how, sizeof how);
    how.orders = 0.25;
    how.mean_gap_ns = 40000000;
    qn_stream_source source;
    qn_stream_sink sink;
    const char *const writes[] = {"half"};
    const qn_stream_stage stage = {.name = "halve", .writes = writes, .write_count = 1, .run = halve};
    qn_status s = qn_generated_source(&source, count, symbols, &how, err);
    if (s == QN_OK)
        s = qn_stream_set_source(stream, &source, err);
    if (s == QN_OK)
        s = qn_stream_add_stage(stream, &stage, err);
    if (s == QN_OK)
        s = qn_npz_sink(&sink, npz, symbols, NULL, err);
    if (s == QN_OK)
        s = qn_stream_add_sink(stream, &sink, err);
    if (s == QN_OK)
        s = qn_csv_sink(&sink, csv, symbols, NULL, err);
    if (s == QN_OK)
        s = qn_stream_add_sink(stream, &sink, err);
    return s == QN_OK ? qn_stream_run(stream, err) : s;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    qn_error err = qn_error_none();
    qn_symbols *symbols = NULL;
    qn_stream *stream = NULL;
    int32_t number;
    qn_status s = qn_symbols_new(&symbols, 32, NULL, &err);
    if (s == QN_OK)
        s = qn_symbols_add(&number, symbols, "größe, 日本", -1, &err);
    if (s == QN_OK)
        s = qn_stream_new(&stream, symbols, NULL, &err);
    if (s == QN_OK)
        s = run(atoll(argv[1]), argv[2], argv[3], symbols, stream, &err);
    if (s != QN_OK)
        (void)fprintf(stderr, "%s\n", err.message);
    qn_stream_free(stream);
    qn_symbols_free(symbols);
    return qn_status_exit_code(s);
}
