/* bench/sinks.c: what does a record cost in each sink, and rows of CSV beside fprintf?
 *
 * Made-up records with two columns, in spans of 512 as a stream hands them on. Text goes to /dev/null: what the disk
 * takes is the same for both sides. fprintf writes the same fields with as many digits as a double needs ("%.17g"),
 * its prices with all eight decimals, and the time once a second through strftime. The .npz file is on the disk. */
#include "bench/common.h"

#include <quern/feeds.h>
#include <quern/sinks.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RECORDS = 1 << 18,
    SPAN = 512,
    COLUMNS = 2,
    SYMBOLS = 64
};

typedef struct work {
    qn_symbols *symbols;
    qn_tick *records;
    int32_t *numbers;
    double *columns[COLUMNS];
    const char *path;
    qn_status (*make)(qn_stream_sink *out, struct work *w, qn_error *err);
    qn_aggregates *sums;
} work;

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    (void)fprintf(stderr, "%s\n", err->message);
    exit(qn_status_exit_code(status));
}

static qn_status make_csv(qn_stream_sink *out, work *w, qn_error *err)
{
    return qn_csv_sink(out, w->path, w->symbols, NULL, err);
}

static qn_status make_npz(qn_stream_sink *out, work *w, qn_error *err)
{
    return qn_npz_sink(out, w->path, w->symbols, NULL, err);
}

static qn_status make_bars(qn_stream_sink *out, work *w, qn_error *err)
{
    return qn_bars_sink(out, "/dev/null", w->symbols, 1000000, NULL, err);
}

static qn_status make_sums(qn_stream_sink *out, work *w, qn_error *err)
{
    (void)err;
    qn_aggregates_sink(out, w->sums);
    return QN_OK;
}

static void run_sink(void *user)
{
    static const char *const names[COLUMNS] = {"mean", "whole"};
    work *w = user;
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    must(w->make(&sink, w, &err), &err);
    must(sink.open(sink.self, names, COLUMNS, &err), &err);
    for (int64_t at = 0; at < RECORDS; at += SPAN) {
        double *const columns[COLUMNS] = {w->columns[0] + at, w->columns[1] + at};
        qn_stream_span span = {w->records + at, w->numbers + at, columns, SPAN, at};
        must(sink.write(sink.self, &span, &err), &err);
    }
    if (sink.close != NULL)
        must(sink.close(sink.self, &err), &err);
    if (sink.free != NULL)
        sink.free(sink.self);
}

static void print_decimal(FILE *f, int64_t value)
{
    (void)fprintf(f, ",%" PRId64 ".%08" PRId64, value / QN_TICK_SCALE, value % QN_TICK_SCALE);
}

static void run_fprintf(void *user)
{
    work *w = user;
    FILE *f = fopen("/dev/null", "wb");
    if (f == NULL || setvbuf(f, NULL, _IOFBF, 256 << 10) != 0)
        abort();
    char second[32] = "";
    time_t last = -1;
    for (int64_t i = 0; i < RECORDS; i++) {
        const qn_tick *r = &w->records[i];
        time_t now = (time_t)(r->time_ns / 1000000000);
        if (now != last) {
            struct tm parts;
            (void)strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now, &parts));
            last = now;
        }
        (void)fprintf(f, "%" PRId64 ",%s.%09dZ,%s", r->sequence, second, (int)(r->time_ns % 1000000000),
                      qn_symbols_name(w->symbols, r->symbol));
        print_decimal(f, r->price);
        print_decimal(f, r->size);
        print_decimal(f, r->bid);
        print_decimal(f, r->ask);
        (void)fprintf(f, ",%s,%s,%u,%.17g,%.17g\n", r->side > 0 ? "buy" : "sell",
                      r->kind == QN_TICK_ORDER ? "order" : "trade", r->order, w->columns[0][i], w->columns[1][i]);
    }
    (void)fclose(f);
}

static void make_records(work *w)
{
    qn_error err = qn_error_none();
    must(qn_symbols_new(&w->symbols, SYMBOLS, NULL, &err), &err);
    qn_stream_source source;
    must(qn_generated_source(&source, RECORDS, w->symbols, NULL, &err), &err);
    w->records = calloc(RECORDS, sizeof *w->records);
    w->numbers = calloc(RECORDS, sizeof *w->numbers);
    w->columns[0] = calloc(RECORDS, sizeof(double));
    w->columns[1] = calloc(RECORDS, sizeof(double));
    if (w->records == NULL || w->numbers == NULL || w->columns[0] == NULL || w->columns[1] == NULL)
        abort();
    double mean = 0;
    for (int64_t got = 0, count; got < RECORDS; got += count)
        must(source.read(source.self, w->records + got, RECORDS - got, &count, &err), &err);
    for (int64_t i = 0; i < RECORDS; i++) {
        w->records[i].sequence = i;
        w->numbers[i] = w->records[i].symbol;
        mean += ((double)w->records[i].price / QN_TICK_SCALE - mean) / 20;
        w->columns[0][i] = mean;            /* all its digits */
        w->columns[1][i] = (double)(i % 7); /* few */
    }
    source.free(source.self);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "What does a record cost in each sink, and rows of CSV beside fprintf?", argc, argv);
    static work w;
    make_records(&w);
    w.path = "/dev/null";
    w.make = make_csv;
    bench_side ours = {"quern", run_sink, &w};
    (void)bench_compare(&b, "CSV, 10 fields and 2 columns", ours, (bench_side){"fprintf", run_fprintf, &w}, RECORDS,
                        "records");
    static const char path[] = "/tmp/quern-bench-sinks.npz";
    w.path = path;
    w.make = make_npz;
    (void)bench_measure(&b, "npz", ours, RECORDS, "records");
    (void)remove(path);
    w.make = make_bars;
    (void)bench_measure(&b, "bars of a millisecond", ours, RECORDS, "records");
    qn_error err = qn_error_none();
    must(qn_aggregates_new(&w.sums, w.symbols, NULL, &err), &err);
    w.make = make_sums;
    (void)bench_measure(&b, "sums, 2 columns, 16 symbols", ours, RECORDS, "records");
    qn_aggregates_free(w.sums);
    return bench_end(&b);
}
