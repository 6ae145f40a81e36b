/* Mean and variance against exact sums of whole numbers, z-scores by them, and tanh and sigmoid against the C library's
 * in more digits: random numbers, trends, walks, outliers, clusters, far away from 0, at any scale, in any pieces. */
#include "harness/harness.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include <quern/numerics.h>

enum {
    LENGTH_MAX = 10000,
    KINDS = 7
};

__extension__ typedef __int128 wide;

/* Numbers (offset + steps[i]) 2^exponent, each a double. |steps| < 2^40. */
typedef struct sample {
    int64_t steps[LENGTH_MAX];
    double x[LENGTH_MAX];
    int64_t count, offset;
    int exponent;
} sample;

/* Of the steps, exact but for the last rounding. */
typedef struct known {
    long double mean, variance;
} known;

static int64_t step_of(uint64_t *random, int kind, int64_t i, int64_t count, int64_t size, int64_t before)
{
    int64_t drawn = test_random_below(random, 2 * size + 1) - size;
    switch (kind) {
    case 0:
        return drawn;
    case 1: /* a trend */
        return size / 64 * (i * 64 / count) + drawn / 1024;
    case 2: /* a walk */
        return before + drawn / 256;
    case 3: /* one outlier, which comes first */
        return i == 0 ? INT64_C(1) << 39 : drawn / 1024;
    case 4: /* nearly constant, but for one */
        return i == count / 2 ? 1 : 0;
    case 5: /* two clusters, one after the other */
        return (i < count / 3 ? -size : size) + drawn / 4096;
    default: /* a few outliers among the first, the others nearly constant */
        return i < 9 ? drawn * 8 : test_random_below(random, 2);
    }
}

static void draw(sample *s, uint64_t *random)
{
    s->count =
        2 + (test_random_below(random, 2) == 0 ? test_random_below(random, 100) : test_random_below(random, 9998));
    s->offset = test_random_below(random, 3) == 0 ? 0 : test_random_below(random, INT64_C(1) << 52);
    s->exponent = (int)test_random_below(random, 4) == 0 ? (int)test_random_below(random, 1900) - 1000 : -20;
    int kind = (int)test_random_below(random, KINDS);
    int64_t size = INT64_C(1) << (int)(10 + test_random_below(random, 26));
    for (int64_t i = 0; i < s->count; i++) {
        s->steps[i] = step_of(random, kind, i, s->count, size, i == 0 ? 0 : s->steps[i - 1]);
        s->x[i] = ldexp((double)(s->offset + s->steps[i]), s->exponent);
    }
}

static known known_of(const sample *s)
{
    wide sum = 0, squares = 0;
    for (int64_t i = 0; i < s->count; i++) {
        sum += s->steps[i];
        squares += (wide)s->steps[i] * s->steps[i];
    }
    long double n = (long double)s->count;
    return (known){(long double)sum / n, (long double)(s->count * squares - sum * sum) / n / (n - 1)};
}

/* Largest errors seen, in units of what is promised. */
typedef struct errors {
    long double mean, variance;
} errors;

static void expect(errors *worst, const sample *s, double mean, double variance, const char *way)
{
    known k = known_of(s);
    long double by_variance = ldexpl(k.variance, 2 * s->exponent), deviation = ldexpl(sqrtl(k.variance), s->exponent);
    long double by_mean = ldexpl((long double)s->offset + k.mean, s->exponent);
    long double ulp =
        (long double)nextafter(fabs((double)by_mean), (double)INFINITY) - (long double)fabs((double)by_mean);
    long double mean_error = fabsl((long double)mean - by_mean) / (ulp + 1e-13L * deviation);
    long double room = 1e-13L * by_variance + (by_variance < 0x1p-1022L ? 0x1p-1074L : 0);
    long double variance_error = by_variance > (long double)DBL_MAX ? (isinf(variance) ? 0 : 2)
                                                                    : fabsl((long double)variance - by_variance) / room;
    if (!(mean_error <= 1 && variance_error <= 1))
        fail_msg("%s of %" PRId64 " numbers from %a, 2^%d: mean %a not %La, variance %a not %La", way, s->count,
                 s->x[0], s->exponent, mean, by_mean, variance, by_variance);
    worst->mean = fmaxl(worst->mean, mean_error);
    worst->variance = fmaxl(worst->variance, variance_error);
}

static void mean_and_variance_are_those_of_exact_sums(void **state)
{
    (void)state;
    static sample s;
    uint64_t random = test_seed(51);
    errors worst = {0, 0};
    int64_t rounds = test_effort(2000, 200000);
    for (int64_t round = 0; round < rounds; round++) {
        draw(&s, &random);
        double mean, variance;
        assert_ok(qn_mean_variance(&mean, &variance, s.x, s.count, NULL), NULL);
        expect(&worst, &s, mean, variance, "all");
    }
    printf("of what is promised: mean %.4Lf, variance %.4Lf\n", worst.mean, worst.variance);
}

/* Scales at which no square leaves the range of doubles: moments do not hold such ones. */
static void moments_are_right_however_the_numbers_are_cut(void **state)
{
    (void)state;
    static sample s;
    uint64_t random = test_seed(52);
    errors worst = {0, 0};
    int64_t rounds = test_effort(1000, 100000);
    for (int64_t round = 0; round < rounds; round++) {
        draw(&s, &random);
        if (s.exponent < -450 || s.exponent > 400)
            continue;
        qn_moments all = {0}, part = {0};
        int64_t most = 1 + test_random_below(&random, test_random_below(&random, 2) == 0 ? 3 : 3000);
        for (int64_t i = 0, count; i < s.count; i += count) {
            count = 1 + test_random_below(&random, most);
            count = s.count - i < count ? s.count - i : count;
            assert_ok(qn_moments_add(&part, s.x + i, count, NULL), NULL);
            if (test_random_below(&random, 3) == 0) {
                assert_ok(qn_moments_merge(&all, &part, NULL), NULL);
                part = (qn_moments){0};
            }
        }
        assert_ok(qn_moments_merge(&all, &part, NULL), NULL);
        assert_int_equal(all.count, s.count);
        expect(&worst, &s, all.mean, qn_moments_variance(&all), "pieces");
    }
    printf("of what is promised: mean %.4Lf, variance %.4Lf\n", worst.mean, worst.variance);
}

static void z_scores_are_distances_from_the_mean_in_deviations(void **state)
{
    (void)state;
    static sample s;
    uint64_t random = test_seed(53);
    int64_t rounds = test_effort(1000, 100000);
    for (int64_t round = 0; round < rounds; round++) {
        draw(&s, &random);
        known k = known_of(&s);
        assert_ok(qn_zscore(s.x, s.count, NULL), NULL);
        for (int64_t i = 0; i < s.count; i++) {
            long double from = (long double)s.steps[i] - k.mean;
            double z = k.variance > 0 ? (double)(from / sqrtl(k.variance)) : 0;
            if (!(fabs(s.x[i] - z) <= 2e-13 * (1 + fabs(z))))
                fail_msg("z-score %" PRId64 " of %" PRId64 " numbers, offset %" PRId64
                         ", variance %Lg, 2^%d: %.17g not %.17g",
                         i, s.count, s.offset, k.variance, s.exponent, s.x[i], z);
        }
    }
}

static long double sigmoid_of(long double x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

/* In ULP of the true value; of a subnormal one, 2^-1074. */
static void expect_near(double x, double got, long double expected, double bound, const char *what)
{
    int exponent;
    (void)frexpl(expected, &exponent);
    long double ulp = ldexpl(1, (exponent < -1021 ? -1021 : exponent) - 53);
    if (!(fabsl((long double)got - expected) <= bound * ulp))
        fail_msg("%s(%a) is %a, not %La", what, x, got, expected);
}

static void tanh_and_sigmoid_are_within_the_ulps_that_are_promised(void **state)
{
    (void)state;
    enum {
        COUNT = 1003
    };
    double x[COUNT], t[COUNT], s[COUNT];
    uint64_t random = test_seed(54);
    int64_t rounds = test_effort(300, 30000);
    for (int64_t round = 0; round < rounds; round++) {
        double widths[] = {1e-3, 1, 25, 750};
        for (int i = 0; i < COUNT; i++)
            x[i] = t[i] = s[i] = widths[test_random_below(&random, 4)] * (2 * test_random_unit(&random) - 1);
        assert_ok(qn_tanh(t, COUNT, NULL), NULL);
        assert_ok(qn_sigmoid(s, COUNT, NULL), NULL);
        for (int i = 0; i < COUNT; i++) {
            expect_near(x[i], t[i], tanhl((long double)x[i]), 2, "tanh");
            expect_near(x[i], s[i], sigmoid_of((long double)x[i]), 4, "sigmoid");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_variance_are_those_of_exact_sums),
        cmocka_unit_test(moments_are_right_however_the_numbers_are_cut),
        cmocka_unit_test(z_scores_are_distances_from_the_mean_in_deviations),
        cmocka_unit_test(tanh_and_sigmoid_are_within_the_ulps_that_are_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
