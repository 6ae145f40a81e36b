/* How long does an indicator take to take in a value, in rows of 1,000 symbols and record by record, beside NumPy, row
 * by row, and pandas, a whole table at once? What is asked for: 5 ns a symbol and indicator in rows, a twentieth of
 * theirs.
 *
 * A call is a table of 500 moments and 1,000 symbols, the same on all sides, which agree on the last row. Records are
 * those of the table with the symbols of each moment in another order, in batches of 512. NumPy is asked twice for sma,
 * sd and bollinger: "numpy" keeps running sums, which drift; "windows" aggregates each window anew, as exact as
 * ours. */
#include "bench/common.h"
#include "bench/python.h"

#include <quern/indicators.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SYMBOLS = 1000,
    MOMENTS = 500,
    BATCH = 512,
    VALUES = SYMBOLS * MOMENTS
};

typedef struct question {
    const char *name; /* as the script knows it */
    qn_indicator_kind kind;
    int count;
    double constants[3];
} question;

static const question questions[] = {
    {"ema 20", QN_INDICATOR_EMA, 1, {20}},
    {"sma 20", QN_INDICATOR_SMA, 1, {20}},
    {"sd 20", QN_INDICATOR_SD, 1, {20}},
    {"vwap", QN_INDICATOR_VWAP, 0, {0}},
    {"vwap 20", QN_INDICATOR_VWAP, 1, {20}},
    {"rsi 14", QN_INDICATOR_RSI, 1, {14}},
    {"bollinger 20", QN_INDICATOR_BOLLINGER, 2, {20, 2}},
    {"macd 12 26", QN_INDICATOR_MACD, 2, {12, 26}},
    {"macd 12 26 9", QN_INDICATOR_MACD, 3, {12, 26, 9}},
    {"realized_vol 20", QN_INDICATOR_REALIZED_VOL, 1, {20}},
    {"lag 1", QN_INDICATOR_LAG, 1, {1}},
    {"diff 1", QN_INDICATOR_DIFF, 1, {1}},
};

typedef struct table {
    const question *asked;
    qn_indicator *indicator;
    double *x, *sizes;             /* (MOMENTS, SYMBOLS) */
    double *mixed_x, *mixed_sizes; /* (VALUES) */
    int32_t *mixed_symbols;        /* (VALUES) */
    double *out;                   /* (SYMBOLS), as many as a batch at least: each row takes the place of the last */
    const char *what;              /* of the script */
} table;

static bench_python pandas;

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench_indicators: %s\n", what);
        exit(1);
    }
}

static void must_ok(qn_status status, const qn_error *err)
{
    must(status == QN_OK, err->message);
}

/* The same numbers as in the script. */
static double noise(int64_t k)
{
    return (double)((uint64_t)k * 2654435761u % (INT64_C(1) << 32)) * 0x1p-32;
}

static void *must_have(size_t size)
{
    void *p = malloc(size);
    must(p != NULL, "out of memory");
    return p;
}

static void fill(table *t)
{
    t->x = must_have(VALUES * sizeof *t->x);
    t->sizes = must_have(VALUES * sizeof *t->sizes);
    t->mixed_x = must_have(VALUES * sizeof *t->mixed_x);
    t->mixed_sizes = must_have(VALUES * sizeof *t->mixed_sizes);
    t->mixed_symbols = must_have(VALUES * sizeof *t->mixed_symbols);
    t->out = must_have(SYMBOLS * sizeof *t->out);
    for (int64_t k = 0; k < VALUES; k++) {
        t->x[k] = 100 + noise(k);
        t->sizes[k] = floor(1000 * noise(k + 7)) + 1;
    }
    for (int64_t moment = 0; moment < MOMENTS; moment++) {
        int64_t first = moment * SYMBOLS;
        for (int32_t s = 0; s < SYMBOLS; s++)
            t->mixed_symbols[first + s] = s;
        for (int64_t s = SYMBOLS - 1; s > 0; s--) { /* shuffled */
            int64_t other = (int64_t)((double)(s + 1) * noise(VALUES + first + s));
            int32_t held = t->mixed_symbols[first + s];
            t->mixed_symbols[first + s] = t->mixed_symbols[first + other];
            t->mixed_symbols[first + other] = held;
        }
        for (int64_t i = 0; i < SYMBOLS; i++) {
            t->mixed_x[first + i] = t->x[first + t->mixed_symbols[first + i]];
            t->mixed_sizes[first + i] = t->sizes[first + t->mixed_symbols[first + i]];
        }
    }
}

static void rows(void *user)
{
    table *t = user;
    qn_error err;
    for (int64_t k = 0; k < VALUES; k += SYMBOLS)
        must_ok(qn_indicator_row(t->indicator, t->x + k, t->sizes + k, t->out, &err), &err);
    bench_keep(t->out);
}

static void records(void *user)
{
    table *t = user;
    qn_error err;
    for (int64_t k = 0; k < VALUES; k += BATCH)
        must_ok(qn_indicator_update(t->indicator, t->mixed_symbols + k, t->mixed_x + k, t->mixed_sizes + k, t->out,
                                    VALUES - k < BATCH ? VALUES - k : BATCH, &err),
                &err);
    bench_keep(t->out);
}

static void ask(const char *library, const table *t)
{
    fprintf(pandas.to, "%s %s\n", library, t->asked->name);
    fflush(pandas.to);
    must(bench_python_hear(&pandas), "the script ended early");
}

static void peer(void *user)
{
    const table *t = user;
    ask(t->what, t);
}

/* Both sides have the same sum of the last row. */
static void agree(const char *library, table *t)
{
    double sum = 0, theirs = (double)NAN;
    qn_indicator_reset(t->indicator);
    rows(t);
    for (int64_t s = 0; s < SYMBOLS; s++)
        sum += t->out[s];
    ask(library, t);
    must(sscanf(pandas.line, "%lf", &theirs) == 1, pandas.line);
    if (!(fabs(theirs - sum) <= 1e-9 * (fabs(sum) + SYMBOLS))) {
        fprintf(stderr, "bench_indicators: %s by %s: %.17g, not %.17g\n", t->asked->name, library, theirs, sum);
        exit(1);
    }
}

static void compare(bench *b, table *t, const char *library)
{
    if (pandas.process == 0)
        return;
    agree(library, t);
    t->what = library;
    (void)bench_compare(b, t->asked->name, (bench_side){"quern rows", rows, t}, (bench_side){library, peer, t}, VALUES,
                        "values");
}

static bool windowed(const question *q)
{
    return q->kind == QN_INDICATOR_SMA || q->kind == QN_INDICATOR_SD || q->kind == QN_INDICATOR_BOLLINGER;
}

int main(int argc, char **argv)
{
    bench b;
    table t = {0};
    bench_begin(&b, "indicators", argc, argv);
    if (bench_python_begin(&pandas, BENCH_INDICATORS_PEER, BENCH_INDICATORS_ENVIRONMENT))
        printf("# %s", pandas.line + 6);
    else
        bench_no_peer("NumPy and pandas", "python3-pandas");
    fill(&t);
    for (size_t k = 0; k < sizeof questions / sizeof questions[0]; k++) {
        qn_error err;
        t.asked = &questions[k];
        must_ok(qn_indicator_new(&t.indicator, t.asked->kind, t.asked->constants, t.asked->count, SYMBOLS, NULL, &err),
                &err);
        bench_figure row = bench_measure(&b, t.asked->name, (bench_side){"quern rows", rows, &t}, VALUES, "values");
        qn_indicator_reset(t.indicator);
        bench_figure record =
            bench_measure(&b, t.asked->name, (bench_side){"quern records", records, &t}, VALUES, "values");
        printf("%-28s rows %.2f [%.2f … %.2f], records %.2f [%.2f … %.2f] ns a value\n", t.asked->name,
               row.median * 1e9 / VALUES, row.min * 1e9 / VALUES, row.max * 1e9 / VALUES, record.median * 1e9 / VALUES,
               record.min * 1e9 / VALUES, record.max * 1e9 / VALUES);
        compare(&b, &t, "numpy");
        if (windowed(t.asked))
            compare(&b, &t, "windows");
        compare(&b, &t, "pandas");
        qn_indicator_free(t.indicator);
    }
    bench_python_end(&pandas);
    free(t.x);
    free(t.sizes);
    free(t.mixed_x);
    free(t.mixed_sizes);
    free(t.mixed_symbols);
    free(t.out);
    return bench_end(&b);
}
