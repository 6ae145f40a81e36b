/* Every processor level gives the same bits: each operation, in each form of shared operands, at lengths around every
 * vector's, on random patterns and special values; at the levels that this processor has, and with AVX-512 emulated.
 * Of NaNs only that they are. The same for the sums and products that solvers use. */
#include "harness/harness.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "lang/ops_int.h"
#include "math/panel.h"

enum {
    LENGTH_MAX = 10000,
    PANEL_COLUMNS = 7
};

static const int64_t lengths[] = {1, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 1000, LENGTH_MAX};

enum {
    LENGTH_COUNT = sizeof lengths / sizeof lengths[0]
};

static const double specials[] = {0,
                                  -0.0,
                                  1,
                                  -1,
                                  0.5,
                                  -0.5,
                                  2,
                                  -2,
                                  3,
                                  -3,
                                  10,
                                  INFINITY,
                                  -INFINITY,
                                  NAN,
                                  0x1p-1074,
                                  -0x1p-1074,
                                  0x1p-1022,
                                  0x1.fffffffffffffp-1023,
                                  0x1.fffffffffffffp1023,
                                  -0x1.fffffffffffffp1023,
                                  0x1.921fb54442d18p+0,
                                  0x1.62e42fefa39efp+9,
                                  -0x1.74910d52d3051p+9,
                                  171.5,
                                  1e22,
                                  0x1p52,
                                  0x1p53,
                                  -0x1p63};

static double a[LENGTH_MAX], b[LENGTH_MAX], c[LENGTH_MAX], expected[LENGTH_MAX + 1], got[LENGTH_MAX + 1];

/* All patterns; the sizes that data have; the arguments where functions are neither 0 nor infinite; special values. */
static double random_operand(uint64_t *random)
{
    uint64_t bits = test_random(random);
    double value;
    switch (test_random_below(random, 6)) {
    case 0:
        memcpy(&value, &bits, sizeof value);
        return value;
    case 1:
        return specials[test_random_below(random, sizeof specials / sizeof specials[0])];
    case 2:
        bits = (bits & UINT64_C(0x800FFFFFFFFFFFFF)) | (uint64_t)(1023 - 40 + test_random_below(random, 80)) << 52;
        memcpy(&value, &bits, sizeof value);
        return value;
    case 3:
        return 1500 * test_random_unit(random) - 750;
    case 4:
        return (double)(test_random_below(random, 401) - 200) / 2;
    default:
        return 8 * test_random_unit(random) - 4;
    }
}

static void fill(uint64_t *random, double *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        values[i] = random_operand(random);
}

static bool same_bits(double x, double y)
{
    return isnan(x) ? isnan(y) : memcmp(&x, &y, sizeof x) == 0;
}

static void expect_same(const char *what, const char *level, int form, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!same_bits(expected[i], got[i]))
            fail_msg("%s (%a, %a, %a), form %d, element %" PRId64 " of %" PRId64 ": %a at the baseline, %a at %s", what,
                     a[(form & 1) != 0 ? 0 : i], b[(form & 2) != 0 ? 0 : i], c[(form & 4) != 0 ? 0 : i], form, i, n,
                     expected[i], got[i], level);
    }
    if (got[n] != 42)
        fail_msg("%s at %s writes beyond the %" PRId64 " elements", what, level, n);
}

/* The baseline's form without shared operands on the same values, spread out. */
static void expect_of_baseline(qni_op op, int form, int64_t n)
{
    static double spread[3][LENGTH_MAX];
    const double *operands[3] = {a, b, c};
    for (int k = 0; k < 3; k++) {
        for (int64_t i = 0; i < n && (form >> k & 1) != 0; i++)
            spread[k][i] = operands[k][0];
        if ((form >> k & 1) != 0)
            operands[k] = spread[k];
    }
    qni_kernels_of(QNI_CPU_BASELINE)->table[op][QNI_FORM_ALL](expected, operands[0], operands[1], operands[2], n);
}

static void compare_kernels(const qni_kernels *kernels, const char *level, uint64_t seed)
{
    uint64_t random = seed;
    for (int op = 0; op < QNI_OP_COUNT; op++) {
        for (int form = 0; form < QNI_FORM_COUNT; form++) {
            if (qni_kernels_of(QNI_CPU_BASELINE)->table[op][form] == NULL) {
                assert_null(kernels->table[op][form]);
                continue;
            }
            for (int l = 0; l < LENGTH_COUNT; l++) {
                int64_t n = lengths[l];
                fill(&random, a, n);
                fill(&random, b, n);
                fill(&random, c, n);
                expect_of_baseline((qni_op)op, form, n);
                got[n] = 42;
                kernels->table[op][form](got, a, b, c, n);
                expect_same(qni_op_infos[op].text, level, form, n);
            }
        }
    }
}

static void long_runs_compare_more(const qni_kernels *kernels, const char *level, uint64_t seed)
{
    int64_t rounds = test_effort(1, 100);
    for (int64_t i = 0; i < rounds; i++)
        compare_kernels(kernels, level, seed + (uint64_t)i);
}

static void every_level_of_this_processor_gives_the_bits_of_the_baseline(void **state)
{
    (void)state;
    uint64_t seed = test_seed(30);
    for (int level = 0; level < QNI_CPU_COUNT; level++) {
        if (level <= qni_cpu_best() && qni_kernels_of(level) != NULL)
            long_runs_compare_more(qni_kernels_of(level), qni_cpu_name(level), seed);
        else
            printf("SKIPPED: this processor does not have the level %s\n", qni_cpu_name(level));
    }
}

/* A panel of rows whose sums neither overflow nor lose all to one term. */
static void compare_panels(const qni_panel_kernels *panel, const char *level, uint64_t seed)
{
    static double rows[LENGTH_MAX * PANEL_COLUMNS], gram[2][PANEL_COLUMNS * PANEL_COLUMNS];
    static double reflected[2][LENGTH_MAX * PANEL_COLUMNS];
    const double factors[PANEL_COLUMNS - 1] = {0.5, -0.25, 1.3, 0.7, -2, 3};
    uint64_t random = seed;
    for (int l = 0; l < LENGTH_COUNT; l++) {
        int64_t n = lengths[l];
        for (int64_t i = 0; i < n * PANEL_COLUMNS; i++)
            rows[i] = exp2(40 * test_random_unit(&random) - 20) * (test_random_unit(&random) - 0.5);
        const qni_panel_kernels *side[2] = {&qni_panel_baseline, panel};
        double value[2][3 + 2 * PANEL_COLUMNS] = {{0}};
        for (int k = 0; k < 2; k++) {
            value[k][0] = side[k]->dot(rows, rows + n, n);
            value[k][1] = side[k]->sum_squares(rows, n);
            value[k][2] = side[k]->all_finite(rows, n);
            side[k]->dots(value[k] + 3, rows + n, rows, n, PANEL_COLUMNS, n);
            memcpy(reflected[k], rows, (size_t)(n * PANEL_COLUMNS) * sizeof *rows);
            side[k]->reflect(value[k] + 3 + PANEL_COLUMNS, reflected[k], n, PANEL_COLUMNS - 1,
                             reflected[k] + (PANEL_COLUMNS - 1) * n, factors, n);
            memset(gram[k], 0, sizeof gram[k]);
            side[k]->gram(gram[k], PANEL_COLUMNS, rows, n, n, PANEL_COLUMNS);
            memcpy(k == 0 ? expected : got, rows, (size_t)n * sizeof *rows);
            double *column = k == 0 ? expected : got;
            side[k]->subtract_multiple(column, rows + n, 0.3, n);
            side[k]->subtract(column, rows + 2 * n, n);
            side[k]->divide(column, 0.7, n);
            side[k]->scale(column, 1.3, n);
        }
        got[n] = 42;
        expect_same("columns", level, 0, n);
        if (memcmp(value[0], value[1], sizeof value[0]) != 0 || memcmp(gram[0], gram[1], sizeof gram[0]) != 0 ||
            memcmp(reflected[0], reflected[1], (size_t)(n * PANEL_COLUMNS) * sizeof *rows) != 0)
            fail_msg("sums over %" PRId64 " rows have other bits at %s", n, level);
    }
}

static void every_level_of_this_processor_sums_columns_to_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = test_seed(31);
    for (int level = 0; level <= qni_cpu_best(); level++)
        compare_panels(qni_panel_kernels_of(level), qni_cpu_name(level), seed);
}

#if QUERN_HAVE_SIMDE
extern const qni_kernels test_kernels_emulated;
extern const qni_panel_kernels test_panel_emulated;
#endif

static void emulated_avx512_gives_the_bits_of_the_baseline(void **state)
{
    (void)state;
#if QUERN_HAVE_SIMDE
    long_runs_compare_more(&test_kernels_emulated, "emulated avx512", test_seed(32));
    compare_panels(&test_panel_emulated, "emulated avx512", test_seed(33));
#else
    printf("SKIPPED: AVX-512 is not emulated: SIMDe is not here (Debian: libsimde-dev)\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_of_this_processor_gives_the_bits_of_the_baseline),
        cmocka_unit_test(every_level_of_this_processor_sums_columns_to_the_same_bits),
        cmocka_unit_test(emulated_avx512_gives_the_bits_of_the_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
