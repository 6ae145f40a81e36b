/* Made-up records: the same for a seed wherever and however they are made, prices above 0 around their level, times
 * that never go back. Digests are those of another implementation: tests/interop/generate.py --digests. */
#include "harness/harness.h"

#include <quern/feeds.h>

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

enum {
    AT_MOST = 20000
};

static qn_tick ticks[AT_MOST];

static qn_generated_options defaults(void)
{
    qn_generated_options o;
    qn_generated_options_init(&o, sizeof o);
    return o;
}

/* A source and its own table of symbols. */
typedef struct made {
    qn_symbols *symbols;
    qn_stream_source source;
} made;

static made must_make(int64_t count, const qn_generated_options *o)
{
    made m;
    qn_error err;
    assert_int_equal(qn_symbols_new(&m.symbols, 1 << 16, NULL, NULL), QN_OK);
    assert_ok(qn_generated_source(&m.source, count, m.symbols, o, &err), &err);
    return m;
}

static void end(made *m)
{
    m->source.free(m->source.self);
    qn_symbols_free(m->symbols);
}

static int64_t must_read(made *m, qn_tick *into, int64_t wanted)
{
    int64_t count;
    qn_error err;
    assert_ok(m->source.read(m->source.self, into, wanted, &count, &err), &err);
    return count;
}

static void records_are_those_of_another_implementation(void **state)
{
    (void)state;
    static const struct {
        int64_t count;
        uint64_t seed;
        int64_t symbols, mean_gap_ns, start_ns;
        double orders;
        const char *digest;
    } cases[] = {
        {20000, 0, 0, 0, 0, 0, "5817d67350420680134fccd0ef06f19582414aa762e6815754a08b7ed0c0060f"},
        {20000, 42, 16, 1000, 0, 0.125, "2cb0d8085f49d326084a1d6c7bccd90f5122a3cf924bb85496e7e4aa3e4679ec"},
        {5000, UINT64_MAX, 1, 1, -5, 1, "d052d3831f76bc87932b8f087567baaa3eed0c8d4db459ea5ab90fcf8a953c0a"},
        {5000, 7, 20000, 1000000000, INT64_C(1000000000000000000), 0.001,
         "a79489dd653e7e8a1f68ad8e289bbc6f45779f1277bfd471b7fd7e84e3ac62f0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int64_t wanted = 1; wanted <= AT_MOST; wanted = wanted * 3 + 4) { /* however they are asked for */
            qn_generated_options o = defaults();
            o.seed = cases[i].seed;
            o.symbols = cases[i].symbols;
            o.mean_gap_ns = cases[i].mean_gap_ns;
            o.start_ns = cases[i].start_ns;
            o.orders = cases[i].orders;
            made m = must_make(cases[i].count, &o);
            qni_digester d;
            qni_digest_init(&d);
            for (int64_t count; (count = must_read(&m, ticks, wanted)) > 0;)
                qni_digest_bytes(&d, ticks, count * (int64_t)sizeof ticks[0]);
            const qni_digest digest = qni_digest_final(&d);
            char text[QNI_DIGEST_TEXT_SIZE];
            qni_digest_text(text, &digest);
            assert_string_equal(text, cases[i].digest);
            end(&m);
        }
    }
}

enum {
    SYMBOLS = 3
};

/* What was seen of a stream of made-up records. */
typedef struct seen {
    int64_t last_ns, orders, lowest[SYMBOLS], highest[SYMBOLS];
} seen;

static void look_at(seen *s, const qn_tick *t)
{
    const int64_t cent = QN_TICK_SCALE / 100;
    assert_true(t->time_ns >= s->last_ns && t->symbol >= 0 && t->symbol < SYMBOLS);
    assert_true(0 < t->bid && t->bid < t->ask && t->price > 0 && t->size > 0);
    assert_true(t->price % cent == 0 && t->bid % cent == 0 && t->ask % cent == 0);
    assert_true(t->flags == (QN_TICK_HAS_BID | QN_TICK_HAS_ASK) && (t->side == 1 || t->side == -1));
    if (t->kind == QN_TICK_ORDER)
        assert_true(t->order == (uint32_t)++s->orders);
    else
        assert_true(t->order == 0 && t->price == (t->side > 0 ? t->ask : t->bid));
    s->last_ns = t->time_ns;
    if (t->bid < s->lowest[t->symbol])
        s->lowest[t->symbol] = t->bid;
    if (t->ask > s->highest[t->symbol])
        s->highest[t->symbol] = t->ask;
}

static void records_are_what_a_market_might_say(void **state)
{
    (void)state;
    seen s = {.last_ns = INT64_MIN, .lowest = {INT64_MAX, INT64_MAX, INT64_MAX}};
    qn_generated_options o = defaults();
    o.symbols = SYMBOLS;
    o.orders = 0.25;
    made m = must_make(-1, &o);
    const int64_t total = test_effort(1000000, 100000000) / AT_MOST * AT_MOST;
    for (int64_t made_so_far = 0; made_so_far < total; made_so_far += AT_MOST) {
        assert_int_equal(must_read(&m, ticks, AT_MOST), AT_MOST); /* without end */
        for (int i = 0; i < AT_MOST; i++)
            look_at(&s, &ticks[i]);
    }
    for (int i = 0; i < SYMBOLS; i++) /* they move, and not far: some 15 % is the standard deviation */
        assert_true(s.highest[i] > s.lowest[i] + s.lowest[i] / 100 && s.highest[i] < 5 * s.lowest[i]);
    assert_close((double)s.orders / (double)total, 0.25, 0.02, 0); /* a standard deviation is 0.0017 of it */
    assert_close((double)(s.last_ns - ticks[0].time_ns) / (AT_MOST - 1), 1000, 0.02, 0);
    end(&m);
}

static void other_seeds_are_other_records(void **state)
{
    (void)state;
    static qn_tick others[100];
    qn_generated_options o = defaults();
    made m = must_make(100, &o);
    assert_int_equal(must_read(&m, ticks, 200), 100);
    assert_int_equal(must_read(&m, ticks, 200), 0);
    end(&m);
    for (o.seed = 1; o.seed < 10; o.seed++) {
        m = must_make(100, &o);
        assert_int_equal(must_read(&m, others, 100), 100);
        assert_memory_not_equal(ticks, others, sizeof others);
        assert_int_not_equal(ticks[0].time_ns, others[0].time_ns);
        end(&m);
    }
}

static void time_stays_at_its_end(void **state)
{
    (void)state;
    qn_generated_options o = defaults();
    o.start_ns = INT64_MAX - 5;
    made m = must_make(1000, &o);
    assert_int_equal(must_read(&m, ticks, 1000), 1000);
    assert_int_equal(ticks[999].time_ns, INT64_MAX);
    end(&m);
}

static void names_are_taken_where_there_is_room(void **state)
{
    (void)state;
    qn_generated_options o = defaults();
    o.symbols = 10001;
    made m = must_make(0, &o);
    assert_string_equal(m.source.name, "generate");
    assert_string_equal(qn_symbols_name(m.symbols, 0), "S0001");
    assert_string_equal(qn_symbols_name(m.symbols, 10000), "S10001");
    assert_int_equal(must_read(&m, ticks, 1), 0);
    end(&m);

    qn_symbols *symbols;
    qn_stream_source source;
    int32_t number;
    assert_int_equal(qn_symbols_new(&symbols, 3, NULL, NULL), QN_OK);
    assert_int_equal(qn_symbols_add(&number, symbols, "OTHER", -1, NULL), QN_OK);
    o.symbols = 2;
    assert_int_equal(qn_generated_source(&source, 100, symbols, &o, NULL), QN_OK);
    int64_t count;
    assert_int_equal(source.read(source.self, ticks, 100, &count, NULL), QN_OK);
    for (int i = 0; i < 100; i++)
        assert_in_range(ticks[i].symbol, 1, 2);
    source.free(source.self);
    o.symbols = 3;
    assert_int_equal(qn_generated_source(&source, 100, symbols, &o, NULL), QN_LIMIT);
    assert_null(source.self);
    qn_symbols_free(symbols);
}

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_symbols *symbols;
    qn_stream_source source;
    assert_int_equal(qn_symbols_new(&symbols, 64, NULL, NULL), QN_OK);
    for (int i = 0; i < 8; i++) {
        qn_generated_options o = defaults();
        o.symbols = i == 0 ? -1 : i == 1 ? INT64_MAX : 0;
        o.mean_gap_ns = i == 2 ? -1 : i == 3 ? INT64_MAX : 0;
        o.orders = i == 4 ? -0.1 : i == 5 ? 1.5 : i == 6 ? strtod("nan", NULL) : 0;
        assert_int_equal(qn_generated_source(&source, i == 7 ? -2 : 5, symbols, &o, NULL), QN_INVALID);
        assert_null(source.self);
    }
    qn_symbols_free(symbols);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_those_of_another_implementation),
        cmocka_unit_test(records_are_what_a_market_might_say),
        cmocka_unit_test(other_seeds_are_other_records),
        cmocka_unit_test(time_stays_at_its_end),
        cmocka_unit_test(names_are_taken_where_there_is_room),
        cmocka_unit_test(options_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
