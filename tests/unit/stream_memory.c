/* Nothing is allocated while a stream runs: every request of the process for memory is counted, for malloc and its kin
 * are this program's own. A million records, made up or read from CSV, go through formulas with state, the gate, the
 * sums, the digest, a journal, bars and files. */
#include "harness/harness.h"

#include <quern/feeds.h>
#include <quern/gate.h>
#include <quern/journal.h>
#include <quern/sinks.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RECORDS = 1000000,
    SYMBOLS = 50,
    WARM = 20 /* spans */
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Atomic int64_t asked;

static void count_one(void)
{
    atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_one();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    count_one();
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    count_one();
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

typedef struct census {
    int64_t spans, records, warm, end;
    int64_t leaks_at; /* the span in which it asks for memory itself; -1: none */
} census;

static qn_status count_span(void *user, const qn_stream_span *span, qn_error *err)
{
    (void)err;
    census *const c = user;
    if (c->spans == c->leaks_at) {
        void *volatile block = malloc(1);
        free(block);
    }
    c->records += span->count;
    c->end = atomic_load(&asked);
    if (++c->spans == WARM)
        c->warm = c->end;
    return QN_OK;
}

static void add_all(qn_stream *stream, qn_symbols *symbols, qn_gate *gate, qn_aggregates *sums, census *c,
                    const char *folder)
{
    qn_error err;
    qn_stream_stage stage;
    qn_stream_sink sink;
    char path[300];
    assert_ok(qn_stream_add_formula(stream, "z = (price - ema(price, 20)) / sd(price, 20)", &err), &err);
    assert_ok(qn_stream_add_formula(stream, "w = rsi(price, 14) + vwap(price, size, 10) - macd(price, 3, 8, 4)", &err),
              &err);
    assert_ok(
        qn_stream_add_formula(stream, "s = tanh(bollinger(price, 9, 2) - lag(mid, 3)) * realized_vol(price, 30)", &err),
        &err);
    assert_ok(qn_gate_stage(&stage, gate, "z", &err), &err);
    assert_ok(qn_stream_add_stage(stream, &stage, &err), &err);
    qn_aggregates_sink(&sink, sums);
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
    (void)snprintf(path, sizeof path, "%s/journal", folder);
    qn_journal_options how;
    qn_journal_options_init(&how, sizeof how);
    how.max_segments = 2;
    how.segment_records = 1 << 16;
    assert_ok(qn_journal_sink(&sink, path, symbols, &how, &err), &err);
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
    assert_ok(qn_csv_sink(&sink, "/dev/null", symbols, NULL, &err), &err);
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
    assert_ok(qn_bars_sink(&sink, "/dev/null", symbols, 1000000, NULL, &err), &err);
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
    (void)snprintf(path, sizeof path, "%s/all.npz", folder);
    assert_ok(qn_npz_sink(&sink, path, symbols, NULL, &err), &err);
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
    sink = (qn_stream_sink){.self = c, .name = "census", .write = count_span};
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
}

/* Made-up records as a CSV file, and what reads them again: through gzip where `packed`. */
static void csv_source(qn_stream_source *out, qn_stream_source *made, qn_symbols *symbols, bool packed,
                       const char *folder)
{
    qn_error err;
    qn_stream *stream;
    qn_stream_sink sink;
    char path[300], command[400];
    (void)snprintf(path, sizeof path, "%s/all.csv", folder);
    assert_ok(qn_stream_new(&stream, symbols, NULL, &err), &err);
    assert_ok(qn_stream_set_source(stream, made, &err), &err);
    assert_ok(qn_csv_sink(&sink, path, symbols, NULL, &err), &err);
    assert_ok(qn_stream_add_sink(stream, &sink, &err), &err);
    assert_ok(qn_stream_run(stream, &err), &err);
    qn_stream_free(stream);
    (void)snprintf(command, sizeof command, "gzip -1 %s", path);
    if (packed)
        assert_int_equal(system(command), 0);
    (void)snprintf(path, sizeof path, "%s/all.csv%s", folder, packed ? ".gz" : "");
    assert_ok(qn_csv_source(out, path, symbols, NULL, &err), &err);
}

typedef enum input {
    MADE_UP,
    CSV,
    CSV_PACKED,
} input;

static census run(input from, int threads, int64_t records, int64_t leaks_at)
{
    qn_error err;
    qn_symbols *symbols;
    qn_stream *stream;
    qn_stream_source source, made_up;
    qn_gate *gate;
    qn_aggregates *sums;
    qn_stream_options how;
    qn_generated_options made;
    qn_gate_options limits;
    char folder[] = "/tmp/quern-stream-memory-XXXXXX";
    census c = {.leaks_at = leaks_at};
    assert_non_null(mkdtemp(folder));
    qn_generated_options_init(&made, sizeof made);
    made.symbols = SYMBOLS;
    made.orders = 0.05;
    qn_gate_options_init(&limits, sizeof limits);
    limits.max_position = 100;
    limits.max_rate = 1000;
    qn_stream_options_init(&how, sizeof how);
    how.threads = threads;
    how.digest = how.latency = true;
    assert_ok(qn_symbols_new(&symbols, SYMBOLS, NULL, &err), &err);
    assert_ok(qn_generated_source(&made_up, records, symbols, &made, &err), &err);
    if (from == MADE_UP)
        source = made_up;
    else
        csv_source(&source, &made_up, symbols, from == CSV_PACKED, folder);
    assert_ok(qn_stream_new(&stream, symbols, &how, &err), &err);
    assert_ok(qn_stream_set_source(stream, &source, &err), &err);
    assert_ok(qn_gate_new(&gate, &limits, SYMBOLS, &err), &err);
    assert_ok(qn_aggregates_new(&sums, symbols, NULL, &err), &err);
    add_all(stream, symbols, gate, sums, &c, folder);
    assert_ok(qn_stream_run(stream, &err), &err);
    qn_stream_free(stream);
    qn_aggregates_free(sums);
    qn_gate_free(gate);
    qn_symbols_free(symbols);
    char command[100];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    return c;
}

static void nothing_is_asked_for_while_a_million_records_go_through(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        census c = run(MADE_UP, threads, threads == 1 ? RECORDS : RECORDS / 10, -1);
        assert_int_equal(c.records, threads == 1 ? RECORDS : RECORDS / 10);
        assert_true(c.spans > WARM);
        assert_int_equal(c.end - c.warm, 0);
    }
}

static void nothing_is_asked_for_while_lines_are_read(void **state)
{
    (void)state;
    for (input from = CSV; from <= (qn_has("zlib") ? CSV_PACKED : CSV); from++) {
        census c = run(from, 1, RECORDS / 10, -1);
        assert_int_equal(c.records, RECORDS / 10);
        assert_true(c.spans > WARM);
        assert_int_equal(c.end - c.warm, 0);
    }
}

static void a_sink_that_asks_is_seen(void **state)
{
    (void)state;
    census c = run(MADE_UP, 1, RECORDS / 10, WARM + 1);
    assert_int_equal(c.end - c.warm, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_for_while_a_million_records_go_through),
        cmocka_unit_test(nothing_is_asked_for_while_lines_are_read),
        cmocka_unit_test(a_sink_that_asks_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
