/* The gate as a stage: it marks, decides, flags and writes its columns, the same however a stream cuts its spans. */
#include "harness/harness.h"

#include <quern/gate.h>

#include <math.h>
#include <string.h>

#define UNIT   INT64_C(100000000)
#define SECOND INT64_C(1000000000)

/* ---- the stage alone, on spans made by hand ---- */

static qn_gate *gate_of(double max_position)
{
    qn_gate_options o;
    qn_gate_options_init(&o, sizeof o);
    o.max_position = max_position;
    qn_gate *gate;
    qn_error err = qn_error_none();
    assert_ok(qn_gate_new(&gate, &o, 2, &err), &err);
    return gate;
}

enum {
    COUNT = 8
};

static void orders_are_flagged_and_columns_written(void **state)
{
    (void)state;
    qn_tick r[COUNT] = {
        {.price = 100 * UNIT},
        {.kind = QN_TICK_ORDER, .side = 1, .size = 2 * UNIT},                                    /* at the mark */
        {.kind = QN_TICK_ORDER, .side = 1, .size = 2 * UNIT, .flags = QN_TICK_ACCEPTED},         /* too many */
        {.kind = QN_TICK_ORDER, .side = 1, .size = UNIT, .symbol = 1, .flags = QN_TICK_HAS_BID}, /* no price */
        {.kind = QN_TICK_ORDER, .side = -1, .size = UNIT, .price = 90 * UNIT, .symbol = 1},
        {.price = 120 * UNIT, .flags = QN_TICK_REFUSED | QN_TICK_HAS_ASK},
        {.kind = QN_TICK_ORDER, .side = 0, .size = UNIT},
        {.price = 80 * UNIT, .symbol = 1},
    };
    static const double gates[COUNT] = {0, 1, -QN_GATE_POSITION, -QN_GATE_PRICE, 1, 0, -QN_GATE_ORDER, 0};
    static const double positions[COUNT] = {0, 2, 2, 0, -1, 2, 2, -1};
    static const uint16_t flags[COUNT] = {0,
                                          QN_TICK_ACCEPTED,
                                          QN_TICK_REFUSED,
                                          QN_TICK_HAS_BID | QN_TICK_REFUSED,
                                          QN_TICK_ACCEPTED,
                                          QN_TICK_HAS_ASK,
                                          QN_TICK_REFUSED,
                                          0};
    qn_gate *gate = gate_of(3);
    qn_stream_stage stage;
    qn_error err = qn_error_none();
    assert_ok(qn_gate_stage(&stage, gate, NULL, &err), &err);
    assert_int_equal(stage.read_count, 0);
    assert_int_equal(stage.write_count, 2);
    assert_string_equal(stage.writes[0], "gate");
    assert_string_equal(stage.writes[1], "position");
    double a[COUNT], b[COUNT], *columns[] = {a, b};
    qn_stream_span span = {.records = r, .columns = columns, .count = COUNT};
    int64_t done = 0;
    assert_ok(stage.run(stage.self, &span, &done, &err), &err);
    assert_int_equal(done, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_close(a[i], gates[i], 0, 0);
        assert_close(b[i], positions[i], 0, 0);
        assert_int_equal(r[i].flags, flags[i]);
    }
    qn_gate_stats s = {.size = sizeof s};
    qn_gate_get_stats(gate, &s);
    assert_close(s.equity, 2 * 20 + 10, 0, 0);
    stage.free(stage.self);
    qn_gate_free(gate);
}

static void a_signal_is_an_order_at_the_price_of_its_record(void **state)
{
    (void)state;
    qn_tick r[COUNT] = {
        {.price = 100 * UNIT}, {.price = 110 * UNIT},
        {.price = 120 * UNIT}, {.price = 130 * UNIT},
        {.price = 130 * UNIT}, {.bid = 139 * UNIT, .ask = 141 * UNIT, .flags = QN_TICK_HAS_BID | QN_TICK_HAS_ASK},
        {.price = 130 * UNIT}, {.kind = QN_TICK_ORDER, .price = 150 * UNIT, .side = 1, .size = UNIT},
    };
    const double signal[COUNT] = {NAN, 0.29, -0.00000001, 4e-9, INFINITY, -1.5, -1e300, 77};
    static const double gates[COUNT] = {0, 1, 1, 0, -QN_GATE_ORDER, 1, -QN_GATE_ORDER, 1};
    static const double positions[COUNT] = {0,          0.29,        0.28999999,  0.28999999,
                                            0.28999999, -1.21000001, -1.21000001, -0.21000001};
    qn_gate *gate = gate_of(0);
    qn_stream_stage stage;
    char name[] = "want";
    qn_error err = qn_error_none();
    assert_ok(qn_gate_stage(&stage, gate, name, &err), &err);
    name[0] = '?'; /* it was copied */
    assert_int_equal(stage.read_count, 1);
    assert_string_equal(stage.reads[0], "want");
    double wants[COUNT], a[COUNT], b[COUNT], *columns[] = {wants, a, b};
    memcpy(wants, signal, sizeof wants);
    qn_stream_span span = {.records = r, .columns = columns, .count = COUNT};
    int64_t done = 0;
    assert_ok(stage.run(stage.self, &span, &done, &err), &err);
    for (int i = 0; i < COUNT; i++) {
        assert_close(a[i], gates[i], 0, 0);
        assert_close(b[i], positions[i], 0, 0);
    }
    qn_gate_stats s = {.size = sizeof s};
    qn_gate_get_stats(gate, &s);
    /* Fills: 0.29 (in binary a little less) at 110, -1e-8 at 120, -1.5 at 140 (the mid), 1 at 150. */
    assert_close(s.cash, -31.9 + 120e-8 + 210 - 150, 0, 1e-9);
    assert_int_equal(s.orders, 6);
    stage.free(stage.self);
    qn_gate_free(gate);
}

/* ---- in a stream ---- */

enum {
    RECORDS = 5000
};

static qn_status read_records(void *self, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    (void)err;
    int64_t *given = self;
    for (; *count < wanted && *given < RECORDS; (*given)++) {
        int64_t i = *given;
        records[(*count)++] = (qn_tick){.time_ns = i * SECOND / 7,
                                        .price = (90 + i * 37 % 21) * UNIT,
                                        .size = (1 + i % 3) * UNIT,
                                        .side = i % 5 < 3 ? 1 : -1,
                                        .symbol = (int32_t)(i % 4),
                                        .kind = i % 3 == 0 ? QN_TICK_ORDER : QN_TICK_TRADE};
    }
    return QN_OK;
}

static qn_status want(void *self, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    (void)self, (void)err;
    for (int64_t i = 0; i < span->count; i++)
        span->columns[0][i] = (double)((span->sequence + i) * 13 % 7 - 3);
    *done = span->count;
    return QN_OK;
}

typedef struct outcome {
    uint64_t digest[2];
    int64_t refused[QN_GATE_RULE_END];
    qn_gate_stats stats;
} outcome;

static outcome run(int threads, int64_t capacity, int64_t batch)
{
    qn_gate_options o;
    qn_gate_options_init(&o, sizeof o);
    o.equity = 1000;
    o.max_position = 5;
    o.max_exposure = 2000;
    o.max_rate = 3;
    o.max_daily_loss = 200;
    qn_symbols *symbols;
    qn_gate *gate;
    qn_stream *stream;
    qn_error err = qn_error_none();
    assert_ok(qn_symbols_new(&symbols, 4, NULL, &err), &err);
    assert_ok(qn_gate_new(&gate, &o, 4, &err), &err);
    qn_stream_options how;
    qn_stream_options_init(&how, sizeof how);
    how.capacity = capacity;
    how.batch = batch;
    how.threads = threads;
    how.digest = true;
    assert_ok(qn_stream_new(&stream, symbols, &how, &err), &err);
    int64_t given = 0;
    qn_stream_source source = {.self = &given, .name = "made", .read = read_records};
    static const char *const writes[] = {"want"};
    qn_stream_stage wants = {.name = "want", .writes = writes, .write_count = 1, .run = want}, stage;
    assert_ok(qn_stream_set_source(stream, &source, &err), &err);
    assert_ok(qn_stream_add_stage(stream, &wants, &err), &err);
    assert_ok(qn_gate_stage(&stage, gate, "want", &err), &err);
    assert_ok(qn_stream_add_stage(stream, &stage, &err), &err);
    assert_ok(qn_stream_run(stream, &err), &err);
    outcome out = {.stats = {.size = sizeof out.stats}};
    qn_stream_stats ran = {.size = sizeof ran};
    qn_stream_get_stats(stream, &ran);
    assert_int_equal(ran.consumed, RECORDS);
    memcpy(out.digest, ran.digest, sizeof out.digest);
    qn_gate_get_stats(gate, &out.stats);
    for (int i = 0; i < (int)QN_GATE_RULE_END; i++)
        out.refused[i] = qn_gate_refused(gate, (qn_gate_rule)i);
    qn_stream_free(stream);
    qn_gate_free(gate);
    qn_symbols_free(symbols);
    return out;
}

static void a_stream_decides_the_same_however_it_is_run(void **state)
{
    (void)state;
    outcome first = run(1, 8192, 512);
    assert_true(first.stats.accepted > 100 && first.refused[QN_GATE_RATE] > 100 && first.refused[QN_GATE_POSITION] > 0);
    assert_true(first.digest[0] != 0 && first.stats.orders > RECORDS / 3);
    static const struct {
        int threads;
        int64_t capacity, batch;
    } ways[] = {{1, 16, 1}, {1, 64, 7}, {2, 256, 32}, {3, 1024, 100}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        outcome other = run(ways[i].threads, ways[i].capacity, ways[i].batch);
        assert_memory_equal(other.digest, first.digest, sizeof first.digest);
        assert_memory_equal(other.refused, first.refused, sizeof first.refused);
        assert_memory_equal(&other.stats.cash, &first.stats.cash, sizeof first.stats.cash);
    }
}

/* The stage of a stream is freed with it, also where its column is not there. */
static void a_signal_that_is_no_column_is_refused(void **state)
{
    (void)state;
    qn_symbols *symbols;
    qn_gate *gate = gate_of(1);
    qn_stream *stream;
    qn_stream_stage stage;
    qn_error err = qn_error_none();
    assert_ok(qn_symbols_new(&symbols, 2, NULL, &err), &err);
    assert_ok(qn_stream_new(&stream, symbols, NULL, &err), &err);
    assert_ok(qn_gate_stage(&stage, gate, "wnat", &err), &err);
    assert_int_equal(qn_stream_add_stage(stream, &stage, &err), QN_NAME);
    qn_stream_free(stream);
    qn_gate_free(gate);
    qn_symbols_free(symbols);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_flagged_and_columns_written),
        cmocka_unit_test(a_signal_is_an_order_at_the_price_of_its_record),
        cmocka_unit_test(a_stream_decides_the_same_however_it_is_run),
        cmocka_unit_test(a_signal_that_is_no_column_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
