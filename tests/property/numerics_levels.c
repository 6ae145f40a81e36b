/* Numbers in place have the same bits at every processor level, at any address, on every run, and, where numbers do not
 * meet, in any pieces and in a plain loop: at lengths around every vector's, on numbers of all kinds. Of NaNs only that
 * they are. */
#include "harness/harness.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "lang/ops_int.h"
#include "math/limits.h"
#include "math/numerics_int.h"

enum {
    LENGTH_MAX = 10000,
    SHORT_LENGTHS = 68, /* 0 … 67 */
    COLUMNS = 5,
    SHIFTS = 8, /* of the address, in doubles: all there are within 64 bytes */
    GUARD = 42
};

static const int64_t long_lengths[] = {127, 128, 1000, 1023, 1024, 1025, 2047, 2048, 2049, LENGTH_MAX};

enum {
    LENGTH_COUNT = SHORT_LENGTHS + sizeof long_lengths / sizeof long_lengths[0]
};

static int64_t length_at(int l)
{
    return l < SHORT_LENGTHS ? l : long_lengths[l - SHORT_LENGTHS];
}

/* What is done with an array: with the public function, and with the kernels of a level. */
enum {
    MOMENTS,
    ZSCORE,
    TANH,
    SIGMOID,
    CLIP,
    SCORE,
    WAYS
};

static const char *const way_names[WAYS] = {"moments", "z-scores", "tanh", "sigmoid", "clip", "scores"};

/* Results: the array as it then is, and the moments. */
typedef struct results {
    double x[LENGTH_MAX + SHIFTS + 1];
    qn_moments moments;
} results;

static double features[COLUMNS][LENGTH_MAX + SHIFTS];
static const double weights[COLUMNS] = {0.3, -1.7, 1e-3, 2, -0.1};

static double number_of(uint64_t *random, int kind)
{
    static const double specials[] = {0, -0.0, INFINITY, -INFINITY, NAN, 0x1p-1074, 0x1.fffffffffffffp1023, -1};
    double value;
    uint64_t bits = test_random(random);
    switch (kind) {
    case 0:
        return 1e9 + test_random_unit(random);
    case 1:
        return 40 * test_random_unit(random) - 20;
    case 2: /* all patterns of bits, and what is special: nothing can be summed */
        if (test_random_below(random, 4) == 0)
            return specials[test_random_below(random, sizeof specials / sizeof specials[0])];
        memcpy(&value, &bits, sizeof value);
        return value;
    case 3: /* sizes of all kinds, whose squares over- and underflow */
        return ldexp(test_random_unit(random) - 0.5, (int)test_random_below(random, 2000) - 1000);
    default:
        return ldexp(test_random_unit(random), -1040);
    }
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static bool same_moments(const qn_moments *a, const qn_moments *b)
{
    return a->count == b->count && same(a->mean, b->mean) && same(a->mean_low, b->mean_low) && same(a->m2, b->m2) &&
           same(a->m2_low, b->m2_low);
}

static void expect_same(const results *expected, const results *got, int way, int64_t n, int shift, const char *level)
{
    if (way == MOMENTS && !same_moments(&expected->moments, &got->moments))
        fail_msg("moments of %" PRId64 " numbers, address %d: %a and %a at the baseline, %a and %a at %s", n, shift,
                 expected->moments.mean, expected->moments.m2, got->moments.mean, got->moments.m2, level);
    for (int64_t i = 0; i < n; i++) {
        if (!same(expected->x[i], got->x[shift + i]))
            fail_msg("%s, element %" PRId64 " of %" PRId64 ", address %d: %a at the baseline, %a at %s", way_names[way],
                     i, n, shift, expected->x[i], got->x[shift + i], level);
    }
    if (got->x[shift + n] != GUARD || (shift > 0 && got->x[shift - 1] != GUARD))
        fail_msg("%s at %s writes beyond the %" PRId64 " elements", way_names[way], level, n);
}

static void place(results *r, const double *numbers, int64_t n, int shift)
{
    for (int i = 0; i < shift; i++)
        r->x[i] = GUARD;
    memcpy(r->x + shift, numbers, (size_t)n * sizeof *numbers);
    r->x[shift + n] = GUARD;
    r->moments = (qn_moments){0};
}

static void columns_at(const double *columns[COLUMNS], int shift)
{
    for (int k = 0; k < COLUMNS; k++)
        columns[k] = features[k] + shift;
}

static void by_kernels(results *r, const qni_numerics_kernels *kernels, int way, int64_t n, int shift)
{
    double *x = r->x + shift;
    const double *columns[COLUMNS];
    columns_at(columns, shift);
    columns[1] = x;
    if (way == MOMENTS && n > 0 && n <= QNI_MOMENTS_BLOCK)
        kernels->moments(&r->moments, x, n);
    else if (way == ZSCORE)
        kernels->standardize(x, 0.7, 1e-17, 1.3, n);
    else if (way == TANH)
        kernels->tanh_of(x, n);
    else if (way == SIGMOID)
        kernels->sigmoid_of(x, n);
    else if (way == CLIP)
        kernels->clip(x, -1, 3, n);
    else if (way == SCORE)
        kernels->score_columns(x, columns, COLUMNS, weights, 0.5, n);
}

static qn_status by_functions(results *r, int way, int64_t n, int shift)
{
    double *x = r->x + shift;
    const double *columns[COLUMNS];
    columns_at(columns, shift);
    columns[1] = x;
    switch (way) {
    case MOMENTS:
        return qn_moments_add(&r->moments, x, n, NULL);
    case ZSCORE:
        return qn_zscore(x, n, NULL);
    case TANH:
        return qn_tanh(x, n, NULL);
    case SIGMOID:
        return qn_sigmoid(x, n, NULL);
    case CLIP:
        return qn_clip(x, n, -1, 3, NULL);
    default:
        return qn_score_columns(x, columns, COLUMNS, weights, 0.5, n, NULL);
    }
}

/* The features are the same in every draw. */
static void draw(double *numbers, uint64_t *random, int64_t n, int kind)
{
    for (int64_t i = 0; i < n; i++)
        numbers[i] = number_of(random, kind);
    for (int k = 0; k < COLUMNS; k++) {
        uint64_t own = (uint64_t)k;
        for (int64_t i = 0; i < n; i++)
            features[k][i] = number_of(&own, kind);
    }
}

static void compare_kernels(const qni_numerics_kernels *kernels, const char *level, uint64_t seed)
{
    static results expected, got;
    static double numbers[LENGTH_MAX];
    uint64_t random = seed;
    for (int64_t round = test_effort(1, 100); round > 0; round--) {
        for (int l = 0; l < LENGTH_COUNT; l++) {
            int64_t n = length_at(l);
            int shift = (int)test_random_below(&random, SHIFTS), kind = (int)test_random_below(&random, 5);
            for (int way = 0; way < WAYS; way++) {
                draw(numbers, &random, n, kind);
                place(&expected, numbers, n, 0);
                by_kernels(&expected, &qni_numerics_baseline, way, n, 0);
                for (int k = 0; k < COLUMNS; k++)
                    memmove(features[k] + shift, features[k], (size_t)n * sizeof features[k][0]);
                place(&got, numbers, n, shift);
                by_kernels(&got, kernels, way, n, shift);
                expect_same(&expected, &got, way, n, shift, level);
            }
        }
    }
}

static void kernels_of_every_level_give_the_bits_of_the_baseline(void **state)
{
    (void)state;
    uint64_t seed = test_seed(61);
    for (int level = 0; level < QNI_CPU_COUNT; level++) {
        if (level <= qni_cpu_best())
            compare_kernels(qni_numerics_kernels_of(level), qni_cpu_name(level), seed);
        else
            printf("SKIPPED: this processor does not have the level %s\n", qni_cpu_name(level));
    }
}

static void functions_give_the_same_bits_at_every_level_address_and_run(void **state)
{
    (void)state;
    static results expected, got;
    static double numbers[LENGTH_MAX];
    uint64_t random = test_seed(62);
    for (int64_t round = test_effort(1, 100); round > 0; round--) {
        for (int l = 0; l < LENGTH_COUNT; l++) {
            int64_t n = length_at(l);
            int kind = l % 5;
            for (int way = 0; way < WAYS; way++) {
                draw(numbers, &random, n, kind);
                place(&expected, numbers, n, 0);
                setenv("QUERN_CPU", "baseline", 1);
                assert_ok(by_functions(&expected, way, n, 0), NULL);
                for (int level = 0; level <= qni_cpu_best(); level++) {
                    setenv("QUERN_CPU", qni_cpu_name(level), 1);
                    place(&got, numbers, n, 0);
                    assert_ok(by_functions(&got, way, n, 0), NULL);
                    expect_same(&expected, &got, way, n, 0, qni_cpu_name(level));
                }
                int shift = 1 + (int)test_random_below(&random, SHIFTS - 1);
                for (int k = 0; k < COLUMNS; k++)
                    memmove(features[k] + shift, features[k], (size_t)n * sizeof features[k][0]);
                place(&got, numbers, n, shift);
                assert_ok(by_functions(&got, way, n, shift), NULL);
                expect_same(&expected, &got, way, n, shift, "another address");
            }
        }
    }
    unsetenv("QUERN_CPU");
}

/* The baseline computes one number at a time: so does a call a number. */
static void where_numbers_do_not_meet_one_by_one_gives_the_bits_of_all(void **state)
{
    (void)state;
    static results expected, got;
    static double numbers[LENGTH_MAX];
    uint64_t random = test_seed(63);
    for (int way = TANH; way <= CLIP; way++) {
        for (int kind = 0; kind < 5; kind++) {
            draw(numbers, &random, 1000, kind);
            place(&expected, numbers, 1000, 0);
            place(&got, numbers, 1000, 0);
            assert_ok(by_functions(&expected, way, 1000, 0), NULL);
            for (int64_t i = 0, count; i < 1000; i += count) {
                count = 1 + test_random_below(&random, 20);
                count = count < 1000 - i ? count : 1000 - i;
                results one;
                place(&one, numbers + i, count, 0);
                assert_ok(by_functions(&one, way, count, 0), NULL);
                memcpy(got.x + i, one.x, (size_t)count * sizeof one.x[0]);
            }
            expect_same(&expected, &got, way, 1000, 0, "in pieces");
        }
    }
}

static void functions_have_the_bits_of_formulas(void **state)
{
    (void)state;
    static double numbers[1000], expected[1000], raised[1000];
    static results got;
    const qni_kernels *formulas = qni_kernels_of(QNI_CPU_BASELINE);
    const double low = -1, high = 3;
    uint64_t random = test_seed(66);
    for (int way = TANH; way <= CLIP; way++) {
        for (int kind = 0; kind < 5; kind++) {
            draw(numbers, &random, 1000, kind);
            for (int64_t i = 0; i < 1000 && kind == 1; i += 3) /* at the bounds themselves */
                numbers[i] = i % 2 == 0 ? low : high;
            place(&got, numbers, 1000, 0);
            assert_ok(by_functions(&got, way, 1000, 0), NULL);
            if (way == CLIP) { /* form 2: the second operand is shared */
                formulas->table[QNI_OP_MAX][2](raised, numbers, &low, NULL, 1000);
                formulas->table[QNI_OP_MIN][2](expected, raised, &high, NULL, 1000);
            } else {
                formulas->table[way == TANH ? QNI_OP_TANH : QNI_OP_SIGMOID][0](expected, numbers, NULL, NULL, 1000);
            }
            for (int64_t i = 0; i < 1000; i++)
                assert_true(same(expected[i], got.x[i]));
        }
    }
    double zeros[] = {-0.0, 0}, bounded[2];
    memcpy(bounded, zeros, sizeof zeros);
    assert_ok(qn_clip(bounded, 2, 0, -0.0, NULL), NULL);
    assert_true(bounded[0] == 0 && bounded[1] == 0 && signbit(bounded[0]) && signbit(bounded[1]));
}

static void scores_of_rows_and_columns_are_those_of_a_plain_loop(void **state)
{
    (void)state;
    static double matrix[LENGTH_MAX * COLUMNS], by_columns[LENGTH_MAX], by_rows[LENGTH_MAX], numbers[LENGTH_MAX];
    const double *columns[COLUMNS];
    columns_at(columns, 0);
    uint64_t random = test_seed(64);
    for (int l = 0; l < LENGTH_COUNT; l++) {
        int64_t n = length_at(l);
        draw(numbers, &random, n, l % 5);
        for (int64_t i = 0; i < n; i++) {
            for (int k = 0; k < COLUMNS; k++)
                matrix[i * COLUMNS + k] = features[k][i];
        }
        assert_ok(qn_score_columns(by_columns, columns, COLUMNS, weights, 0.5, n, NULL), NULL);
        assert_ok(qn_score_rows(by_rows, matrix, n, COLUMNS, COLUMNS, weights, 0.5, NULL), NULL);
        for (int64_t i = 0; i < n; i++) {
            double sum = 0.5;
            for (int k = 0; k < COLUMNS; k++)
                sum = sum + weights[k] * features[k][i];
            assert_true(same(sum, by_columns[i]) && same(sum, by_rows[i]));
        }
    }
}

/* Noted once: another compiler, another kind of processor and another day must give them, too. What they are worth,
 * property/numerics.c asks. */
static void moments_have_the_bits_that_were_noted(void **state)
{
    (void)state;
    static double numbers[5000];
    for (int i = 0; i < 5000; i++)
        numbers[i] = 1e6 + (double)(i * 389 % 1009) / 1009;
    qn_moments m = {0};
    assert_ok(qn_moments_add(&m, numbers, 5000, NULL), NULL);
    if (m.mean != 0x1.e8480ffb1faf7p+19 || m.mean_low != 0x1.3eab368p-36 || m.m2 != 0x1.a0be2c1ef9d97p+8 ||
        m.m2_low != 0x1.6f918p-47)
        fail_msg("mean %a, %a; m2 %a, %a", m.mean, m.mean_low, m.m2, m.m2_low);
    assert_ok(qn_zscore(numbers, 4999, NULL), NULL);
    if (numbers[4998] != 0x1.5177e11474737p+0)
        fail_msg("z-score %a", numbers[4998]);
}

#if QUERN_HAVE_SIMDE
extern const qni_numerics_kernels test_numerics_emulated;
#endif

static void emulated_avx512_gives_the_bits_of_the_baseline(void **state)
{
    (void)state;
#if QUERN_HAVE_SIMDE
    compare_kernels(&test_numerics_emulated, "emulated avx512", test_seed(65));
#else
    printf("SKIPPED: AVX-512 is not emulated: SIMDe is not here (Debian: libsimde-dev)\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_of_every_level_give_the_bits_of_the_baseline),
        cmocka_unit_test(functions_give_the_same_bits_at_every_level_address_and_run),
        cmocka_unit_test(where_numbers_do_not_meet_one_by_one_gives_the_bits_of_all),
        cmocka_unit_test(functions_have_the_bits_of_formulas),
        cmocka_unit_test(scores_of_rows_and_columns_are_those_of_a_plain_loop),
        cmocka_unit_test(moments_have_the_bits_that_were_noted),
        cmocka_unit_test(emulated_avx512_gives_the_bits_of_the_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
