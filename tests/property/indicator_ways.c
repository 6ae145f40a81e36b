/* An indicator gives each symbol the same bits however its values come: record by record in any order, as rows, both in
 * turn, in one batch or many, again after a reset, at every processor level and with AVX-512 emulated, with any number
 * of symbols beside it. */
#include "stream/indicator_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "stream/indicator_int.h"

enum {
    STEPS = 70,
    SYMBOLS_MAX = 67,
    RECORDS_MAX = STEPS * SYMBOLS_MAX
};

/* [symbol][step] */
typedef double series[SYMBOLS_MAX][STEPS];

typedef struct market {
    int64_t symbols;
    series x, sizes;
} market;

static void draw_market(market *m, int64_t symbols, uint64_t *random)
{
    m->symbols = symbols;
    for (int64_t s = 0; s < symbols; s++) {
        int mood = (int)test_random_below(random, MOODS);
        double last = 0;
        for (int64_t i = 0; i < STEPS; i++) {
            last = m->x[s][i] = next_value(random, mood, last);
            m->sizes[s][i] = next_size(random, mood);
        }
    }
}

/* One row; seen[s] counts the values of a symbol. */
static void feed_row(qn_indicator *ind, const market *m, series out, int64_t *seen)
{
    double x[SYMBOLS_MAX], sizes[SYMBOLS_MAX], got[SYMBOLS_MAX];
    qn_error err;
    for (int64_t s = 0; s < m->symbols; s++)
        x[s] = m->x[s][seen[s]], sizes[s] = m->sizes[s][seen[s]];
    assert_ok(qn_indicator_row(ind, x, sizes, got, &err), &err);
    for (int64_t s = 0; s < m->symbols; s++)
        out[s][seen[s]++] = got[s];
}

/* At most `count` records of random symbols that have values left. In place: out is x. */
static int64_t feed_batch(qn_indicator *ind, const market *m, series out, int64_t *seen, int64_t count, int64_t nearest,
                          uint64_t *random)
{
    static double x[RECORDS_MAX], sizes[RECORDS_MAX];
    static int32_t symbols[RECORDS_MAX];
    int64_t fed = 0, end[SYMBOLS_MAX];
    qn_error err;
    memcpy(end, seen, (size_t)m->symbols * sizeof *end);
    for (int64_t tries = 0; tries < 4 * count && fed < count; tries++) {
        int64_t s = nearest > 0 ? tries % nearest % m->symbols : test_random_below(random, m->symbols);
        if (end[s] == STEPS)
            continue;
        x[fed] = m->x[s][end[s]];
        sizes[fed] = m->sizes[s][end[s]++];
        symbols[fed++] = (int32_t)s;
    }
    assert_ok(qn_indicator_update(ind, symbols, x, sizes, x, fed, &err), &err);
    for (int64_t i = 0; i < fed; i++)
        out[symbols[i]][seen[symbols[i]]++] = x[i];
    return fed;
}

static bool rows_left(const market *m, const int64_t *seen)
{
    for (int64_t s = 0; s < m->symbols; s++)
        if (seen[s] == STEPS)
            return false;
    return true;
}

enum {
    WAY_ONE_BY_ONE,
    WAY_ROWS,
    WAY_BATCHES,
    WAY_BOTH,
    WAY_IN_TURN, /* whole rounds of all symbols as records, then a row: all meet again */
    WAYS
};

static void feed(qn_indicator *ind, const market *m, series out, int way, uint64_t *random)
{
    int64_t seen[SYMBOLS_MAX] = {0}, left = m->symbols * STEPS;
    while (left > 0) {
        bool row = way == WAY_ROWS || (way == WAY_BOTH && test_random_below(random, 3) == 0) ||
                   (way == WAY_IN_TURN && left / m->symbols % 3 == 0);
        if (row && rows_left(m, seen)) {
            feed_row(ind, m, out, seen);
            left -= m->symbols;
        } else {
            int64_t count = way == WAY_ONE_BY_ONE ? 1 : 1 + test_random_below(random, 200);
            bool round = way == WAY_IN_TURN;
            left -= feed_batch(ind, m, out, seen, round ? m->symbols : count, round ? m->symbols : 0, random);
        }
    }
}

static void assert_same_bits(series expected, series got, const market *m, const indicator_case *c, const char *what)
{
    for (int64_t s = 0; s < m->symbols; s++)
        for (int64_t i = 0; i < STEPS; i++)
            if (memcmp(&expected[s][i], &got[s][i], sizeof(double)) != 0)
                fail_msg("%s (%g, %g), %s: value %lld of symbol %lld of %lld (%a): %a, not %a",
                         qn_indicator_name(c->kind), c->constants[0], c->constants[1], what, (long long)i, (long long)s,
                         (long long)m->symbols, m->x[s][i], got[s][i], expected[s][i]);
}

static void force_level(const char *name)
{
    if (name != NULL)
        assert_int_equal(setenv("QUERN_CPU", name, 1), 0);
    else
        assert_int_equal(unsetenv("QUERN_CPU"), 0);
}

/* All ways with the kernels (NULL: those of the level that is forced) against record by record. */
static void compare(const char *what, const qni_indicator_kernels *kernels, uint64_t seed)
{
    static const int64_t sizes[] = {1, 2, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, SYMBOLS_MAX};
    static market m;
    static series expected, got;
    uint64_t random = seed;
    int64_t rounds = test_effort(2, 50);
    for (int64_t round = 0; round < rounds; round++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            draw_market(&m, sizes[k], &random);
            for (int c = 0; c < INDICATOR_CASES; c++) {
                qn_indicator *plain = make_indicator(&indicator_cases[c], m.symbols);
                qn_indicator *other = make_indicator(&indicator_cases[c], m.symbols);
                plain->kernels = &qni_indicator_baseline;
                if (kernels != NULL)
                    other->kernels = kernels;
                feed(plain, &m, expected, WAY_ONE_BY_ONE, &random);
                for (int way = WAY_ROWS; way < WAYS; way++) {
                    feed(other, &m, got, way, &random);
                    assert_same_bits(expected, got, &m, &indicator_cases[c], what);
                    qn_indicator_reset(other);
                }
                qn_indicator_free(plain);
                qn_indicator_free(other);
            }
        }
}

static void every_way_at_every_level_gives_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = test_seed(111);
    for (int level = 0; level < QNI_CPU_COUNT; level++) {
        if (level > qni_cpu_best()) {
            printf("SKIPPED: this processor does not have the level %s\n", qni_cpu_name(level));
            continue;
        }
        force_level(qni_cpu_name(level));
        compare(qni_cpu_name(level), NULL, seed);
    }
    force_level(NULL);
}

#if QUERN_HAVE_SIMDE
extern const qni_indicator_kernels test_indicators_emulated;
#endif

static void emulated_avx512_gives_the_same_bits(void **state)
{
    (void)state;
#if QUERN_HAVE_SIMDE
    compare("emulated avx512", &test_indicators_emulated, test_seed(112));
#else
    printf("SKIPPED: AVX-512 is not emulated: SIMDe is not here (Debian: libsimde-dev)\n");
    skip();
#endif
}

static void a_symbol_knows_nothing_of_its_neighbours(void **state)
{
    (void)state;
    static market many, one;
    static series expected, got;
    uint64_t random = test_seed(113);
    draw_market(&many, SYMBOLS_MAX, &random);
    for (int c = 0; c < INDICATOR_CASES; c++) {
        qn_indicator *ind = make_indicator(&indicator_cases[c], many.symbols);
        feed(ind, &many, expected, WAY_ROWS, &random);
        qn_indicator_free(ind);
        for (int64_t s = 0; s < many.symbols; s += 13) {
            one.symbols = 1;
            memcpy(one.x[0], many.x[s], sizeof one.x[0]);
            memcpy(one.sizes[0], many.sizes[s], sizeof one.sizes[0]);
            ind = make_indicator(&indicator_cases[c], 1);
            feed(ind, &one, got, WAY_BATCHES, &random);
            assert_same_bits(&expected[s], got, &one, &indicator_cases[c], "alone");
            qn_indicator_free(ind);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_at_every_level_gives_the_same_bits),
        cmocka_unit_test(emulated_avx512_gives_the_same_bits),
        cmocka_unit_test(a_symbol_knows_nothing_of_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
