/* Puts by collocation have the same bits at every processor level, the emulated AVX-512 among them, on every rung. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "options/kernels.h"

enum {
    COUNT = 11, /* no whole vectors */
    RUNGS = 4
};

#if QUERN_HAVE_SIMDE
extern const qni_option_kernels test_options_emulated;
#endif

static void draw(qni_american_puts *p, uint64_t *seed)
{
    memset(p, 0, sizeof *p);
    for (int i = 0; i < QNI_AMERICAN_PIECE; i++) {
        p->x[i] = 2 * test_random_unit(seed) - 1;
        p->years[i] = exp(8 * test_random_unit(seed) - 6);
        p->rate[i] = 0.2 * test_random_unit(seed);
        p->yield[i] = 0.3 * test_random_unit(seed) - 0.1;
        p->sigma[i] = exp(3 * test_random_unit(seed) - 3);
    }
}

static void climb(qni_american_puts *p, const qni_option_kernels *kernels, qni_american_work *work)
{
    static const int32_t index[COUNT] = {5, 3, 8, 1, 2, 60, 63, 0, 31, 32, 33};
    for (int k = 0; k < RUNGS; k++)
        kernels->american(p, &work->rungs[k], index, COUNT, work->scratch);
}

static void compare(const qni_option_kernels *kernels, const char *level, qni_american_work *work)
{
    static qni_american_puts expected, got;
    uint64_t seed = test_seed(71);
    int64_t rounds = test_effort(4, 1000);
    for (int64_t round = 0; round < rounds; round++) {
        draw(&expected, &seed);
        got = expected;
        climb(&expected, &qni_option_baseline, work);
        climb(&got, kernels, work);
        for (int i = 0; i < QNI_AMERICAN_PIECE; i++) {
            const double *pairs[][2] = {{&expected.price[i], &got.price[i]},
                                        {&expected.slope[i], &got.slope[i]},
                                        {&expected.bend[i], &got.bend[i]},
                                        {&expected.h[9][i], &got.h[9][i]}};
            for (int k = 0; k < 4; k++) {
                if (!isnan(*pairs[k][0]) && memcmp(pairs[k][0], pairs[k][1], sizeof(double)) != 0)
                    fail_msg("result %d of put %d: %a at the baseline, %a at %s", k, i, *pairs[k][0], *pairs[k][1],
                             level);
            }
        }
    }
}

static void every_level_solves_puts_to_the_bits_of_the_baseline(void **state)
{
    (void)state;
    static qni_american_work work;
    qn_american_options options;
    qn_american_options_init(&options, sizeof options);
    qn_error err;
    assert_ok(qni_american_work_init(&work, &options, &err), &err);
    for (int k = 0; k < RUNGS; k++) {
        assert_ok(qni_american_rung_make(&work, k, &err), &err);
        const qni_american_rung *r = &work.rungs[k];
        assert_ok(qni_american_scratch(&work, (int64_t)r->rows * (r->terms + r->rows) * QNI_OPTION_LANES, &err), &err);
    }
    for (int level = QNI_CPU_AVX2; level < QNI_CPU_COUNT; level++) {
        if (level <= qni_cpu_best())
            compare(qni_option_kernels_of(level), qni_cpu_name(level), &work);
        else
            printf("SKIPPED: this processor does not have the level %s\n", qni_cpu_name(level));
    }
#if QUERN_HAVE_SIMDE
    compare(&test_options_emulated, "emulated avx512", &work);
#else
    printf("SKIPPED: AVX-512 is not emulated: SIMDe is not here (Debian: libsimde-dev)\n");
#endif
    qni_american_work_end(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_solves_puts_to_the_bits_of_the_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
