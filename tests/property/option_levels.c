/* Every processor level gives the same bits for options: prices and all derivatives, with forwards, rates and spots, of
 * usual, extreme and senseless options in any order, at the levels that this processor has, and with AVX-512 emulated.
 * Of NaNs only that they are. How a batch is cut makes no difference either. */
#include "harness/harness.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/black.h>

#include "base/cpu.h"
#include "options/kernels.h"

enum {
    MANY = 1000
};

/* Options of all kinds. */
typedef struct lot {
    double column[QNI_COLUMN_COUNT][QNI_OPTION_BLOCK];
    double type[QNI_OPTION_BLOCK];
} lot;

typedef struct results {
    double of[QNI_RESULT_COUNT][QNI_OPTION_BLOCK];
    double status[QNI_OPTION_BLOCK];
    bool trouble;
} results;

static double odd_number(uint64_t *random)
{
    static const double specials[] = {
        0,           -0.0,      1,         -1,       (double)INFINITY, -(double)INFINITY,
        (double)NAN, 0x1p-1074, 0x1p-1022, 0x1p-600, 0x1p600,          0x1.fffffffffffffp1023};
    uint64_t bits = test_random(random);
    double value;
    memcpy(&value, &bits, sizeof value);
    int64_t k = test_random_below(random, 24);
    return k < 12 ? specials[k] : value;
}

static double drawn(uint64_t *random, double usual, int64_t seldom)
{
    return test_random_below(random, seldom) == 0 ? odd_number(random) : usual;
}

static void draw(lot *l, uint64_t *random, int64_t seldom)
{
    for (int i = 0; i < QNI_OPTION_BLOCK; i++) {
        double spread = test_random_below(random, 3) == 0 ? 20 : 1;
        double strike = 100 * exp(spread * (test_random_unit(random) - 0.5));
        if (test_random_below(random, 10) == 0)
            strike = 100;
        l->column[QNI_COLUMN_UNDERLYING][i] = drawn(random, 100, seldom);
        l->column[QNI_COLUMN_STRIKE][i] = drawn(random, strike, seldom);
        l->column[QNI_COLUMN_YEARS][i] = drawn(random, 3 * test_random_unit(random), seldom);
        l->column[QNI_COLUMN_RATE][i] = drawn(random, 0.1 * test_random_unit(random), seldom);
        l->column[QNI_COLUMN_YIELD][i] = drawn(random, 0.1 * test_random_unit(random), seldom);
        l->column[QNI_COLUMN_SIGMA][i] = drawn(random, spread * test_random_unit(random), seldom);
        l->column[QNI_COLUMN_PRICE][i] = 0;
        l->type[i] = test_random_below(random, 2) == 0 ? 1 : -1;
    }
}

static qni_option_block block_of(const lot *l, int form)
{
    qni_option_block block = {.count = QNI_OPTION_BLOCK, .padded = QNI_OPTION_BLOCK, .type = l->type};
    block.spot = form == 2;
    block.discounted = form >= 1;
    for (int k = 0; k < QNI_COLUMN_COUNT; k++)
        block.column[k] = l->column[k];
    static const double nothing[QNI_OPTION_BLOCK];
    if (form < 2)
        block.column[QNI_COLUMN_YIELD] = nothing;
    if (form < 1)
        block.column[QNI_COLUMN_RATE] = nothing;
    return block;
}

static void price_lot(results *r, const qni_option_kernels *kernels, const lot *l, int form)
{
    double *out[QNI_RESULT_COUNT];
    for (int k = 0; k < QNI_RESULT_COUNT; k++)
        out[k] = r->of[k];
    qni_option_block block = block_of(l, form);
    r->trouble = kernels->price(out, r->status, &block);
}

static bool same(double x, double y)
{
    return isnan(x) ? isnan(y) : memcmp(&x, &y, sizeof x) == 0;
}

/* Implied volatilities of the lot's prices. */
static void compare_implied(const qni_option_kernels *kernels, const char *level, const lot *l, int form, bool bound)
{
    double expected[QNI_OPTION_BLOCK], got[QNI_OPTION_BLOCK], status[2][QNI_OPTION_BLOCK];
    qni_option_block block = block_of(l, form);
    bool trouble = qni_option_baseline.implied(expected, status[0], &block, bound);
    assert_int_equal(trouble, kernels->implied(got, status[1], &block, bound));
    for (int i = 0; i < QNI_OPTION_BLOCK; i++) {
        bool fine = status[0][i] != QN_OPTION_OK || (expected[i] >= 0 && isfinite(expected[i])); /* of 2^-1074, 0 */
        if (!same(expected[i], got[i]) || status[0][i] != status[1][i] || !fine)
            fail_msg("volatility %d, form %d: %a (%g) at the baseline, %a (%g) at %s (%a %a %a %a %a, price %a)", i,
                     form, expected[i], status[0][i], got[i], status[1][i], level, l->column[0][i], l->column[1][i],
                     l->column[2][i], l->column[3][i], l->column[4][i], l->column[QNI_COLUMN_PRICE][i]);
    }
}

static void compare(const qni_option_kernels *kernels, const char *level, uint64_t seed)
{
    static lot l;
    static results expected, got;
    uint64_t random = seed;
    int64_t rounds = test_effort(120, 20000);
    for (int64_t round = 0; round < rounds; round++) {
        draw(&l, &random, round % 2 == 0 ? 1000000 : 12);
        int form = (int)(round % 3);
        price_lot(&expected, &qni_option_baseline, &l, form);
        price_lot(&got, kernels, &l, form);
        assert_int_equal(expected.trouble, got.trouble);
        for (int i = 0; i < QNI_OPTION_BLOCK; i++) {
            for (int k = 0; k < QNI_RESULT_COUNT; k++) {
                if (!same(expected.of[k][i], got.of[k][i]))
                    fail_msg("result %d of option %d, form %d: %a at the baseline, %a at %s (%a %a %a %a %a %a)", k, i,
                             form, expected.of[k][i], got.of[k][i], level, l.column[0][i], l.column[1][i],
                             l.column[2][i], l.column[3][i], l.column[4][i], l.column[5][i]);
            }
            if (expected.status[i] != got.status[i])
                fail_msg("status %g and %g, form %d of %a %a %a %a %a %a, type %g", expected.status[i], got.status[i],
                         form, l.column[0][i], l.column[1][i], l.column[2][i], l.column[3][i], l.column[4][i],
                         l.column[5][i], l.type[i]);
            for (int k = 0; k < QNI_RESULT_COUNT && got.status[i] == QN_OPTION_OK; k++) {
                if (isnan(got.of[k][i]))
                    fail_msg("result %d, form %d of %a %a %a %a %a %a", k, form, l.column[0][i], l.column[1][i],
                             l.column[2][i], l.column[3][i], l.column[4][i], l.column[5][i]);
            }
            l.column[QNI_COLUMN_PRICE][i] = drawn(&random, expected.of[QNI_RESULT_PRICE][i], 20);
        }
        compare_implied(kernels, level, &l, form, round % 2 == 0);
    }
}

static void every_level_of_this_processor_prices_to_the_bits_of_the_baseline(void **state)
{
    (void)state;
    uint64_t seed = test_seed(61);
    for (int level = QNI_CPU_AVX2; level < QNI_CPU_COUNT; level++) {
        if (level <= qni_cpu_best())
            compare(qni_option_kernels_of(level), qni_cpu_name(level), seed);
        else
            printf("SKIPPED: this processor does not have the level %s\n", qni_cpu_name(level));
    }
}

#if QUERN_HAVE_SIMDE
extern const qni_option_kernels test_options_emulated;
#endif

static void emulated_avx512_prices_to_the_bits_of_the_baseline(void **state)
{
    (void)state;
#if QUERN_HAVE_SIMDE
    compare(&test_options_emulated, "emulated avx512", test_seed(62));
#else
    printf("SKIPPED: AVX-512 is not emulated: SIMDe is not here (Debian: libsimde-dev)\n");
    skip();
#endif
}

/* Prices and vegas of n options, at a level and in pieces of at most `piece`. */
static void price_pieces(double *out, const double *const columns[4], const int8_t *types, int64_t n, int64_t piece)
{
    for (int64_t first = 0; first < n; first += piece) {
        qn_option_batch b;
        qn_option_results r;
        qn_option_batch_init(&b, (int64_t)sizeof b);
        qn_option_results_init(&r, (int64_t)sizeof r);
        b.count = n - first < piece ? n - first : piece;
        b.types = types + first;
        b.spot = (qn_numbers){columns[0] + first, 1};
        b.strike = (qn_numbers){columns[1] + first, 1};
        b.years = (qn_numbers){columns[2] + first, 1};
        b.sigma = (qn_numbers){columns[3] + first, 1};
        r.price = out + first;
        r.vega = out + n + first;
        qn_error err;
        assert_ok(qn_black_price(&r, &b, &err), &err);
    }
}

static void every_way_of_cutting_a_batch_gives_the_same_bits(void **state)
{
    (void)state;
    static double columns[4][MANY], expected[2 * MANY], got[2 * MANY];
    static int8_t types[MANY];
    const double *const given[4] = {columns[0], columns[1], columns[2], columns[3]};
    uint64_t random = test_seed(63);
    for (int i = 0; i < MANY; i++) {
        columns[0][i] = 100;
        columns[1][i] = 50 + 100 * test_random_unit(&random);
        columns[2][i] = test_random_unit(&random);
        columns[3][i] = test_random_unit(&random);
        types[i] = test_random_below(&random, 2) == 0 ? QN_CALL : QN_PUT;
    }
    static const int64_t pieces[] = {1, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 129, MANY};
    assert_int_equal(setenv("QUERN_CPU", "baseline", 1), 0);
    price_pieces(expected, given, types, MANY, MANY);
    assert_int_equal(unsetenv("QUERN_CPU"), 0);
    for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
        price_pieces(got, given, types, MANY, pieces[k]);
        assert_memory_equal(got, expected, sizeof got);
    }
    for (int i = 0; i < MANY; i++) {
        double alone = qn_black(columns[0][i], columns[1][i], columns[2][i], columns[3][i], (qn_option_type)types[i]);
        double forward = expected[i];
        assert_memory_equal(&alone, &forward, sizeof alone);
    }
}

static void an_unknown_level_is_an_error_of_the_configuration(void **state)
{
    (void)state;
    qn_option_batch b;
    qn_option_results r;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    qn_option_results_init(&r, (int64_t)sizeof r);
    qn_error err;
    assert_int_equal(setenv("QUERN_CPU", "abacus", 1), 0);
    assert_int_equal(qn_black_price(&r, &b, &err), QN_CONFIG);
    assert_int_equal(unsetenv("QUERN_CPU"), 0);
    assert_contains(err.message, "abacus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_of_this_processor_prices_to_the_bits_of_the_baseline),
        cmocka_unit_test(emulated_avx512_prices_to_the_bits_of_the_baseline),
        cmocka_unit_test(every_way_of_cutting_a_batch_gives_the_same_bits),
        cmocka_unit_test(an_unknown_level_is_an_error_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
