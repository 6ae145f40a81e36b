/* Streams at random: pieces of the source, ring, spans, threads, formulas, what overload does, parts that fail half
 * way, requests to end from another thread. Always: every record given is consumed or counted as dropped; what arrived
 * came in order, the same at every sink, with all before a failure; a plain stream over what arrived, one thread and
 * whole spans, makes the same columns and the same digest; nothing is allocated on the way; and it ends. */
#include "harness/harness.h"

#include <quern/stream.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COUNT_MAX = 2500,
    SYMBOLS = 5,
    SINKS_MAX = 3,
    COLUMNS_MAX = 8,
    NEVER = 1 << 30,
    HANG_SECONDS = 200 /* for one case, under every tool that slows it */
};

static const char *const formulas[] = {
    "a = ema(price, 5)",         "b = sd(price, 8) + lag(size, 3)",
    "c = vwap(price, size, 10)", "d = rsi(price, 6) - sequence",
    "e = macd(mid, 3, 9, 4)",    "f = diff(sma(price, 4), 2)*side",
};

enum {
    FORMULAS = sizeof formulas / sizeof formulas[0]
};

typedef struct kept {
    const test_allocator *allocator;
    qn_tick *records; /* (COUNT_MAX) */
    double *columns;  /* (COUNT_MAX, COLUMNS_MAX) */
    int64_t count, column_count;
    int64_t fails_at, leaves_at;
    int64_t allocations; /* at the first span; -1: none came */
    int64_t allocated;   /* from then to the end */
    int closed;
} kept;

/* One case: what it is made of, and what came of it. */
typedef struct stream_case {
    uint64_t random;
    const qn_tick *records; /* (count) what the source gives */
    int64_t count;
    int64_t source_fails, stage_fails, stop_at; /* NEVER: never */
    bool pieces, restless;
    uint32_t chosen; /* formulas */
    int stage_place; /* the stage that may fail comes before this formula */
    int sink_count;
    qn_stream_options how;

    qn_stream *stream;
    _Atomic bool ended;
    int64_t given;
    kept *sinks[SINKS_MAX];
    qn_stream_stats stats;
    qn_status status;
    test_allocator allocator;
} stream_case;

/* ---- parts ---- */

static qn_status fail_with(qn_error *err, qn_status status)
{
    *err = qn_error_none();
    err->code = status;
    return status;
}

static qn_status read_piece(void *user, qn_tick *to, int64_t wanted, int64_t *count, qn_error *err)
{
    stream_case *c = user;
    if (c->restless && test_random_below(&c->random, 4) == 0)
        sched_yield();
    int64_t most = c->pieces ? 1 + test_random_below(&c->random, wanted) : wanted;
    for (; *count < most && c->given < c->count; c->given++) {
        if (c->given == c->source_fails)
            return fail_with(err, QN_NO_INPUT);
        to[*count] = c->records[c->given];
        to[(*count)++].sequence = -7;
    }
    return QN_OK;
}

static qn_status run_stage(void *user, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    const stream_case *c = user;
    for (*done = 0; *done < span->count; ++*done) {
        if (span->sequence + *done == c->stage_fails)
            return fail_with(err, QN_DATA);
        span->columns[1][*done] = span->columns[0][*done] * 2;
    }
    return QN_OK;
}

static qn_status open_kept(void *user, const char *const *columns, int64_t count, qn_error *err)
{
    (void)columns, (void)err;
    ((kept *)user)->column_count = count;
    return QN_OK;
}

static qn_status write_kept(void *user, const qn_stream_span *span, qn_error *err)
{
    kept *k = user;
    if (k->allocations < 0)
        k->allocations = k->allocator->allocations;
    for (int64_t i = 0; i < span->count; i++) {
        if (span->sequence + i == k->fails_at)
            return fail_with(err, QN_IO);
        if (span->sequence + i == k->leaves_at)
            return fail_with(err, QN_CLOSED);
        assert_int_equal(span->records[i].sequence, k->count);
        assert_int_equal(span->symbols[i], span->records[i].symbol);
        for (int64_t c = 0; c < k->column_count; c++)
            k->columns[k->count * COLUMNS_MAX + c] = span->columns[c][i];
        k->records[k->count++] = span->records[i];
    }
    return QN_OK;
}

static qn_status close_kept(void *user, qn_error *err)
{
    (void)err;
    kept *k = user;
    k->closed++;
    k->allocated = k->allocations < 0 ? 0 : k->allocator->allocations - k->allocations;
    return QN_OK;
}

static kept *kept_new(const test_allocator *allocator)
{
    kept *k = calloc(1, sizeof *k);
    assert_non_null(k);
    k->allocator = allocator;
    k->records = calloc(COUNT_MAX, sizeof *k->records);
    k->columns = calloc((size_t)COUNT_MAX * COLUMNS_MAX, sizeof *k->columns);
    assert_true(k->records != NULL && k->columns != NULL);
    k->fails_at = k->leaves_at = NEVER;
    k->allocations = -1;
    return k;
}

static void kept_free(kept *k)
{
    free(k->records);
    free(k->columns);
    free(k);
}

/* ---- running one ---- */

/* Looks at the accounts of a stream that runs, and stops it. */
static void *beside(void *user)
{
    stream_case *c = user;
    while (!atomic_load(&c->ended)) {
        qn_stream_stats stats = {.size = sizeof stats};
        qn_stream_get_stats(c->stream, &stats);
        if (stats.consumed + stats.dropped > stats.produced)
            abort();
        if (stats.produced >= c->stop_at && stats.seconds_ns > 0)
            qn_stream_stop(c->stream);
        sched_yield();
    }
    return NULL;
}

static void add_stages(stream_case *c)
{
    static const char *const reads[] = {"price"}, *const writes[] = {"twice"};
    const qn_stream_stage stage = {.self = c,
                                   .name = "twice",
                                   .reads = reads,
                                   .read_count = 1,
                                   .writes = writes,
                                   .write_count = 1,
                                   .run = run_stage};
    qn_error err;
    for (int i = 0; i <= FORMULAS; i++) {
        if (i == c->stage_place)
            assert_ok(qn_stream_add_stage(c->stream, &stage, &err), &err);
        if (i < FORMULAS && (c->chosen >> i & 1) != 0)
            assert_ok(qn_stream_add_formula(c->stream, formulas[i], &err), &err);
    }
}

/* The sinks are there; they and what they hold stay the caller's. */
static void run_case(stream_case *c)
{
    qn_symbols *symbols;
    qn_error err;
    test_allocator_init(&c->allocator);
    c->how.allocator = &c->allocator.allocator;
    c->how.digest = true;
    c->how.latency = true;
    assert_ok(qn_symbols_new(&symbols, SYMBOLS, NULL, &err), &err);
    for (int i = 0; i < SYMBOLS; i++) {
        const char name[] = {(char)('A' + i), 0};
        int32_t number;
        assert_ok(qn_symbols_add(&number, symbols, name, -1, &err), &err);
    }
    assert_ok(qn_stream_new(&c->stream, symbols, &c->how, &err), &err);
    const qn_stream_source source = {.self = c, .name = "pieces", .read = read_piece};
    assert_ok(qn_stream_set_source(c->stream, &source, &err), &err);
    add_stages(c);
    for (int i = 0; i < c->sink_count; i++) {
        const qn_stream_sink sink = {.self = c->sinks[i],
                                     .name = "kept",
                                     .read_count = -1,
                                     .open = open_kept,
                                     .write = write_kept,
                                     .close = close_kept};
        assert_ok(qn_stream_add_sink(c->stream, &sink, &err), &err);
    }
    pthread_t other;
    atomic_init(&c->ended, false);
    if (c->restless)
        assert_int_equal(pthread_create(&other, NULL, beside, c), 0);
    c->status = qn_stream_run(c->stream, &err);
    atomic_store(&c->ended, true);
    if (c->restless)
        assert_int_equal(pthread_join(other, NULL), 0);
    c->stats.size = sizeof c->stats;
    qn_stream_get_stats(c->stream, &c->stats);
    qn_stream_free(c->stream);
    qn_symbols_free(symbols);
    assert_int_equal(c->allocator.live_bytes, 0);
}

/* ---- what came of it ---- */

static int64_t place_of(const qn_tick *tick)
{
    return tick->time_ns / 1000;
}

static int key_of(const qn_tick *tick)
{
    return 2 * tick->symbol + tick->kind;
}

/* What arrived was given, each record once and in its turn. */
static void assert_order(const stream_case *c, const kept *k)
{
    int64_t last[2 * SYMBOLS], before = -1;
    memset(last, -1, sizeof last);
    for (int64_t i = 0; i < k->count; i++) {
        qn_tick made = c->records[place_of(&k->records[i])];
        made.sequence = i;
        assert_memory_equal(&made, &k->records[i], sizeof made);
        int64_t *const least = c->how.overload == QN_STREAM_CONFLATE ? &last[key_of(&made)] : &before;
        assert_true(place_of(&made) > *least);
        *least = place_of(&made);
        if (c->how.overload == QN_STREAM_BLOCK)
            assert_int_equal(place_of(&made), i);
    }
}

static bool all_same(const double *a, const double *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && (a[i] == a[i] || b[i] == b[i]))
            return false;
    return true;
}

/* A plain stream over the first `count` of what arrived makes the same of it. */
static void assert_as_plain(const stream_case *c, const kept *k, int64_t count, bool digest)
{
    stream_case plain = {.records = k->records,
                         .count = count,
                         .source_fails = NEVER,
                         .stage_fails = NEVER,
                         .stop_at = NEVER,
                         .chosen = c->chosen,
                         .stage_place = c->stage_place,
                         .sink_count = 1};
    qn_stream_options_init(&plain.how, sizeof plain.how);
    kept *const got = plain.sinks[0] = kept_new(&plain.allocator);
    run_case(&plain);
    assert_int_equal(plain.status, QN_OK);
    assert_int_equal(got->count, count);
    for (int64_t i = 0; i < count; i++)
        assert_true(all_same(&got->columns[i * COLUMNS_MAX], &k->columns[i * COLUMNS_MAX], got->column_count));
    if (digest)
        assert_memory_equal(plain.stats.digest, c->stats.digest, sizeof plain.stats.digest);
    kept_free(got);
}

/* Where no record is dropped it is known to the record what arrives. */
static void assert_block(const stream_case *c, int64_t sink_fails)
{
    const int64_t least = c->stage_fails < sink_fails ? c->stage_fails : sink_fails;
    const int64_t batch = c->how.batch > 0 ? c->how.batch : 512;
    const int64_t whole = c->source_fails < c->count ? c->source_fails : c->count;
    const int64_t most = least < whole ? least : whole;
    assert_true(c->stats.consumed <= most);
    if (c->stop_at == NEVER) {
        assert_true(c->stats.consumed == most || (sink_fails == most && c->stats.consumed > most - batch));
        assert_int_equal(c->status, least >= whole                 ? whole < c->count ? QN_NO_INPUT : QN_OK
                                    : c->stage_fails <= sink_fails ? QN_DATA
                                                                   : QN_IO);
    }
    if (c->status == QN_OK || c->status == QN_NO_INPUT)
        assert_int_equal(c->stats.dropped, 0);
}

/* Under each way to drop there are records that cannot be lost. */
static void assert_kept(const stream_case *c, const kept *k)
{
    assert_int_equal(c->stats.produced, c->count);
    if (c->count == 0)
        return;
    assert_true(k->count > 0);
    if (c->how.overload == QN_STREAM_REJECT)
        assert_int_equal(place_of(&k->records[0]), 0);
    if (c->how.overload == QN_STREAM_DROP_OLDEST)
        assert_int_equal(place_of(&k->records[k->count - 1]), c->count - 1);
    int64_t given[2 * SYMBOLS], got[2 * SYMBOLS];
    memset(given, -1, sizeof given);
    memset(got, -1, sizeof got);
    for (int64_t i = 0; i < c->count; i++)
        given[key_of(&c->records[i])] = i;
    for (int64_t i = 0; i < k->count; i++)
        got[key_of(&k->records[i])] = place_of(&k->records[i]);
    if (c->how.overload == QN_STREAM_CONFLATE)
        assert_memory_equal(given, got, sizeof given);
}

static void assert_case(const stream_case *c)
{
    int64_t sink_fails = NEVER;
    assert_int_equal(c->stats.produced, c->stats.consumed + c->stats.dropped);
    assert_true(c->stats.produced <= c->given);
    assert_int_equal(c->stats.latency_count, c->stats.consumed);
    for (int i = 0; i < c->sink_count; i++)
        if (c->sinks[i]->fails_at < sink_fails && c->sinks[i]->fails_at <= c->sinks[i]->leaves_at)
            sink_fails = c->sinks[i]->fails_at;
    for (int i = 0; i < c->sink_count; i++) {
        const kept *const k = c->sinks[i];
        assert_order(c, k);
        assert_int_equal(k->allocated, 0);
        assert_int_equal(k->closed, c->status == QN_OK || c->stats.consumed > 0);
        if (k->leaves_at == NEVER && sink_fails == NEVER)
            assert_int_equal(k->count, c->stats.consumed);
        if (k->leaves_at == NEVER)
            assert_true(k->count >= c->stats.consumed);
    }
    const kept *const first = c->sinks[0];
    assert_as_plain(c, first, first->count, sink_fails == NEVER);
    if (c->how.overload == QN_STREAM_BLOCK)
        assert_block(c, sink_fails);
    else if (c->status == QN_OK && c->stop_at == NEVER)
        assert_kept(c, first);
}

/* ---- the cases ---- */

static int64_t maybe(uint64_t *random, int one_in, int64_t below)
{
    return test_random_below(random, one_in) == 0 ? test_random_below(random, below) : NEVER;
}

static void make_records(qn_tick *records, int64_t count, uint64_t *random)
{
    int64_t price = 100 * (int64_t)QN_TICK_SCALE;
    for (int64_t i = 0; i < count; i++) {
        price += (test_random_below(random, 201) - 100) * (QN_TICK_SCALE / 100);
        records[i] = (qn_tick){.time_ns = i * 1000,
                               .price = price,
                               .size = test_random_below(random, 9) * QN_TICK_SCALE,
                               .bid = price - QN_TICK_SCALE / 100,
                               .ask = price + QN_TICK_SCALE / 100,
                               .flags = test_random_below(random, 8) == 0 ? 0 : QN_TICK_HAS_BID | QN_TICK_HAS_ASK,
                               .symbol = (int32_t)test_random_below(random, SYMBOLS),
                               .side = (int8_t)(test_random_below(random, 3) - 1),
                               .kind = test_random_below(random, 10) == 0 ? QN_TICK_ORDER : QN_TICK_TRADE};
    }
}

static void one_case(uint64_t *random, qn_tick *records)
{
    stream_case c = {.random = test_random(random), .records = records, .stop_at = NEVER};
    const int64_t bound = test_random_below(random, 8) == 0 ? 3 : COUNT_MAX;
    c.count = test_random_below(random, bound);
    make_records(records, c.count, random);
    c.source_fails = maybe(random, 5, bound);
    c.stage_fails = maybe(random, 4, bound);
    c.pieces = test_random_below(random, 2) == 0;
    c.restless = test_random_below(random, 2) == 0;
    if (c.restless)
        c.stop_at = maybe(random, 2, bound);
    c.chosen = (uint32_t)test_random_below(random, 1 << FORMULAS);
    c.stage_place = (int)test_random_below(random, FORMULAS + 1);
    qn_stream_options_init(&c.how, sizeof c.how);
    c.how.capacity = 1 + test_random_below(random, INT64_C(1) << test_random_below(random, 12));
    c.how.batch = test_random_below(random, 3) == 0 ? 0 : 1 + test_random_below(random, 100);
    c.how.threads = (int)test_random_below(random, 8);
    c.how.overload = (qn_stream_overload)test_random_below(random, 4);
    c.how.speed = test_random_below(random, 6) == 0 ? 1 : 0; /* records are a microsecond apart */
    c.sink_count = 1 + (int)test_random_below(random, SINKS_MAX);
    for (int i = 0; i < c.sink_count; i++)
        c.sinks[i] = kept_new(&c.allocator);
    if (c.sink_count > 1)
        c.sinks[c.sink_count - 1]->leaves_at = maybe(random, 4, bound);
    c.sinks[c.sink_count / 2]->fails_at = maybe(random, 6, bound);
    run_case(&c);
    assert_case(&c);
    for (int i = 0; i < c.sink_count; i++)
        kept_free(c.sinks[i]);
}

static void hang(int signal)
{
    static const char text[] = "a stream does not end\n";
    (void)signal;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    abort();
}

static void streams_end_and_account_for_every_record(void **state)
{
    (void)state;
    uint64_t random = test_seed(20261122);
    qn_tick *const records = calloc(COUNT_MAX, sizeof *records);
    assert_non_null(records);
    (void)signal(SIGALRM, hang);
    for (int64_t i = 0, count = test_effort(400, 20000); i < count; i++) {
        (void)alarm(HANG_SECONDS);
        const uint64_t seed = random;
        uint64_t own = test_random(&random);
        if (getenv("QUERN_TEST_CASE") != NULL)
            print_message("case %lld of seed %llu\n", (long long)i, (unsigned long long)seed);
        one_case(&own, records);
    }
    (void)alarm(0);
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(streams_end_and_account_for_every_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
