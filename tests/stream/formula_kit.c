/* stream/formula_kit.c: a source of given ticks, a sink that keeps columns, and the stream between them. */
#include "stream/formula_kit.h"

#include <math.h>
#include <string.h>

void random_ticks(qn_tick *out, int64_t count, int32_t symbols, uint64_t *seed)
{
    for (int64_t i = 0; i < count; i++) {
        const int32_t symbol = (int32_t)test_random_below(seed, symbols);
        int64_t last = (int64_t)50 * QN_TICK_SCALE;
        for (int64_t k = i - 1; k >= 0; k--)
            if (out[k].symbol == symbol) {
                last = out[k].price;
                break;
            }
        const int64_t price = last + (test_random_below(seed, 2001) - 1000) * (QN_TICK_SCALE / 10000);
        out[i] = (qn_tick){.time_ns = INT64_C(1700000000000000000) + i * 1000000,
                           .price = price,
                           .size = test_random_below(seed, 10) * QN_TICK_SCALE,
                           .bid = price - QN_TICK_SCALE / 100,
                           .ask = price + QN_TICK_SCALE / 50,
                           .symbol = symbol,
                           .side = (int8_t)(test_random_below(seed, 3) - 1),
                           .flags = (uint16_t)((test_random_below(seed, 4) > 0 ? QN_TICK_HAS_BID : 0) |
                                               (test_random_below(seed, 4) > 0 ? QN_TICK_HAS_ASK : 0))};
    }
}

bool tick_column(double *out, const char *name, const qn_tick *ticks, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const qn_tick *t = &ticks[i];
        if (strcmp(name, "price") == 0)
            out[i] = (double)t->price / QN_TICK_SCALE;
        else if (strcmp(name, "size") == 0)
            out[i] = (double)t->size / QN_TICK_SCALE;
        else if (strcmp(name, "bid") == 0)
            out[i] = (t->flags & QN_TICK_HAS_BID) != 0 ? (double)t->bid / QN_TICK_SCALE : NAN;
        else if (strcmp(name, "ask") == 0)
            out[i] = (t->flags & QN_TICK_HAS_ASK) != 0 ? (double)t->ask / QN_TICK_SCALE : NAN;
        else if (strcmp(name, "side") == 0)
            out[i] = (double)t->side;
        else if (strcmp(name, "symbol") == 0)
            out[i] = (double)t->symbol;
        else if (strcmp(name, "sequence") == 0)
            out[i] = (double)i;
        else
            return false;
    }
    return true;
}

typedef struct sink {
    formula_run *run;
    double *out;
} sink;

static qn_status read_ticks(void *user, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    formula_run *run = user;
    (void)err;
    while (*count < wanted && run->given < run->count)
        records[(*count)++] = run->ticks[run->given++];
    return QN_OK;
}

static qn_status open_columns(void *user, const char *const *columns, int64_t count, qn_error *err)
{
    const sink *self = user;
    (void)err;
    self->run->columns = count;
    for (int64_t i = 0; i < count; i++)
        assert_int_not_equal(columns[i][0], '=');
    return QN_OK;
}

static qn_status write_columns(void *user, const qn_stream_span *span, qn_error *err)
{
    const sink *self = user;
    formula_run *run = self->run;
    (void)err;
    if (run->counted != NULL && run->rows == 0)
        run->before = run->counted->allocations;
    assert_int_equal(span->sequence, run->rows);
    for (int64_t k = 0; k < run->columns && k < run->formula_count; k++)
        memcpy(self->out + k * run->count + run->rows, span->columns[k], (size_t)span->count * sizeof(double));
    run->rows += span->count;
    if (run->counted != NULL)
        run->allocations = run->counted->allocations - run->before;
    return QN_OK;
}

static qn_status fill(qn_stream *stream, formula_run *run, sink *to, qn_error *err)
{
    const qn_stream_source source = {.self = run, .name = "ticks", .read = read_ticks};
    const qn_stream_sink end = {
        .self = to, .name = "columns", .read_count = -1, .open = open_columns, .write = write_columns};
    qn_status status = qn_stream_set_source(stream, &source, err);
    for (int64_t i = 0; i < run->formula_count && status == QN_OK; i++)
        status = qn_stream_add_formula(stream, run->formulas[i], err);
    if (status == QN_OK)
        status = qn_stream_add_sink(stream, &end, err);
    return status == QN_OK ? qn_stream_run(stream, err) : status;
}

static qn_status fill_symbols(qn_symbols *symbols, int64_t count, qn_error *err)
{
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++) {
        const char name[3] = {(char)('A' + i % 26), (char)('A' + i / 26), '\0'};
        int32_t number;
        status = qn_symbols_add(&number, symbols, name, -1, err);
    }
    return status;
}

qn_status run_formulas(double *out, formula_run *run, qn_error *err)
{
    qn_stream_options options;
    qn_symbols *symbols = NULL;
    qn_stream *stream = NULL;
    sink to = {.run = run, .out = out};
    run->rows = run->given = run->columns = 0;
    qn_stream_options_init(&options, sizeof options);
    options.capacity = 256;
    options.batch = run->batch;
    options.threads = run->threads;
    options.allocator = run->allocator;
    qn_status status = qn_symbols_new(&symbols, run->symbols, run->allocator, err);
    if (status == QN_OK)
        status = fill_symbols(symbols, run->symbols, err);
    if (status == QN_OK)
        status = qn_stream_new(&stream, symbols, &options, err);
    if (status == QN_OK)
        status = fill(stream, run, &to, err);
    qn_stream_free(stream);
    qn_symbols_free(symbols);
    return status;
}
