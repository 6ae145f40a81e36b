/* Every allocation of a risk gate fails in turn: read from a file's text with groups of symbols, and made a stage. */
#include "harness/harness.h"

#include "stream/gate_int.h"

static const char text[] = "equity = 1000\n[limits]\nmax_rate = 5\nmax_symbol_rate = 3\nmax_drawdown = 0.1\n"
                           "[a]\nsymbols = ['A', 'B']\nmax_position = 1\n"
                           "[b]\nsymbols = ['C']\nmax_symbol_rate = 7\n";

static qn_status make(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_symbols *symbols;
    qn_gate *gate = (qn_gate *)1;
    qn_stream_stage stage = {.self = (void *)1};
    qn_status s = qn_symbols_new(&symbols, 8, allocator, NULL);
    if (s != QN_OK)
        return s;
    s = qni_gate_parse(&gate, text, sizeof text - 1, "risk.toml", symbols, allocator, NULL);
    assert_true((s == QN_OK) == (gate != NULL));
    if (s == QN_OK) {
        s = qn_gate_stage(&stage, gate, "want", NULL);
        assert_true((s == QN_OK) == (stage.self != NULL));
    }
    if (s == QN_OK)
        stage.free(stage.self);
    qn_gate_free(gate);
    qn_symbols_free(symbols);
    return s;
}

static void a_gate_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(make, NULL, 100) > 15);
}

/* Once it is there, it asks for nothing. */
static void decisions_allocate_nothing(void **state)
{
    (void)state;
    test_allocator t;
    test_allocator_init(&t);
    qn_gate_options o;
    qn_gate_options_init(&o, sizeof o);
    o.max_rate = o.max_symbol_rate = 10;
    o.allocator = &t.allocator;
    qn_gate *gate;
    assert_ok(qn_gate_new(&gate, &o, 4, NULL), NULL);
    int64_t before = t.allocations;
    for (int i = 0; i < 1000; i++) {
        qn_tick order = {.time_ns = i * INT64_C(100000000), .price = 1, .size = 1, .side = 1, .symbol = i % 5};
        qn_gate_mark(gate, &order);
        (void)qn_gate_decide(gate, &order);
    }
    assert_int_equal(t.allocations, before);
    qn_gate_free(gate);
    assert_int_equal(t.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_survives_every_failed_allocation),
        cmocka_unit_test(decisions_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
