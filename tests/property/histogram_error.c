/* Random samples of many shapes: percentiles against the sorted samples, everything else against plain sums; merging
 * in any grouping and order. */
#include "harness/harness.h"

#include "mem/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST = 20000
};

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Shapes: uniform, all magnitudes alike, two far humps, few values, a long tail. Below 2^bits. */
static int64_t draw(uint64_t *random, int shape, int bits)
{
    uint64_t any = test_random(random) & ((UINT64_C(1) << bits) - 1);
    switch (shape) {
    case 0:
        return (int64_t)any;
    case 1:
        return (int64_t)(any >> test_random_below(random, bits));
    case 2:
        return test_random_below(random, 100) == 0 ? (int64_t)any : 200 + test_random_below(random, 50);
    case 3:
        return (int64_t)((any % 7) << (bits - 3));
    default:
        return (int64_t)(100 / (1 - test_random_unit(random))) & (int64_t)((UINT64_C(1) << bits) - 1);
    }
}

static qn_histogram *fresh(int64_t highest)
{
    qn_histogram *h;
    qn_error err;
    assert_ok(qn_histogram_new(&h, highest, NULL, &err), &err);
    return h;
}

static void check_percentiles(const qn_histogram *h, const int64_t *sorted, int64_t count)
{
    static const double percents[] = {0.001, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999};
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        /* The rank in long doubles: a whole number above the product unless that is whole but for rounding. */
        long double product = (long double)percents[i] * (long double)count / 100;
        int64_t rank = (int64_t)ceill(product - 1e-9L * (product > 1 ? product : 1));
        int64_t exact = sorted[rank < 1 ? 0 : rank - 1];
        int64_t got = qn_histogram_percentile(h, percents[i]);
        assert_close((double)got, (double)exact, 0.01, 0);
        if (exact < 128)
            assert_int_equal(got, exact);
    }
    assert_int_equal(qn_histogram_percentile(h, 0), sorted[0]);
    assert_int_equal(qn_histogram_percentile(h, 100), sorted[count - 1]);
}

static void percentiles_are_within_one_percent_of_the_sorted_samples(void **state)
{
    (void)state;
    uint64_t random = test_seed(5150);
    int64_t *samples = malloc(MOST * sizeof *samples);
    assert_non_null(samples);
    for (int64_t round = 0; round < test_effort(400, 10000); round++) {
        int bits = 8 + (int)test_random_below(&random, 54), shape = (int)(round % 5);
        int64_t count = 1 + test_random_below(&random, round % 2 == 0 ? 50 : MOST);
        qn_histogram *h = fresh((INT64_C(1) << bits) - 1);
        long double sum = 0;
        for (int64_t i = 0; i < count; i++) {
            samples[i] = draw(&random, shape, bits);
            sum += (long double)samples[i];
            qni_cells_record(h->cells, samples[i]);
        }
        qsort(samples, (size_t)count, sizeof *samples, by_value);
        qn_histogram_stats stats = {.size = (int64_t)sizeof stats};
        qn_histogram_get_stats(h, &stats);
        assert_int_equal(stats.count, count);
        assert_int_equal(stats.above, 0);
        assert_int_equal(stats.min, samples[0]);
        assert_int_equal(stats.max, samples[count - 1]);
        if (sum < 9.2e18L) {
            assert_true((long double)stats.sum == sum);
            assert_close(stats.mean, (double)(sum / (long double)count), 1e-15, 0);
        } else {
            assert_true(stats.sum == INT64_MAX || sum < 9.3e18L);
        }
        check_percentiles(h, samples, count);
        qn_histogram_free(h);
    }
    free(samples);
}

static void must_merge(qn_histogram *into, const qn_histogram *from)
{
    qn_error err;
    assert_ok(qn_histogram_merge(into, from, &err), &err);
}

/* (a + b) + c, a + (b + c), c + b + a and all in one are the same to the last bit, also where sums stop. */
static void merging_does_not_depend_on_order_or_grouping(void **state)
{
    (void)state;
    uint64_t random = test_seed(77);
    for (int64_t round = 0; round < test_effort(100, 2000); round++) {
        int bits = 8 + (int)test_random_below(&random, 54);
        int64_t highest = (INT64_C(1) << bits) - 1;
        qn_histogram *part[3], *all = fresh(highest), *left = fresh(highest), *right = fresh(highest),
                               *back = fresh(highest), *inner = fresh(highest);
        for (int i = 0; i < 3; i++) {
            part[i] = fresh(highest);
            for (int64_t n = test_random_below(&random, 200); n > 0; n--) {
                int64_t value = draw(&random, (int)test_random_below(&random, 5), 62);
                qn_histogram_record(part[i], value, 1);
                qn_histogram_record(all, value, 1);
            }
        }
        for (int i = 0; i < 3; i++) {
            must_merge(left, part[i]);
            must_merge(back, part[2 - i]);
        }
        must_merge(inner, part[1]);
        must_merge(inner, part[2]);
        must_merge(right, part[0]);
        must_merge(right, inner);
        size_t size = (size_t)qni_cells_size(highest);
        assert_memory_equal(left->cells, all->cells, size);
        assert_memory_equal(right->cells, all->cells, size);
        assert_memory_equal(back->cells, all->cells, size);
        for (int i = 0; i < 3; i++)
            qn_histogram_free(part[i]);
        qn_histogram_free(all);
        qn_histogram_free(left);
        qn_histogram_free(right);
        qn_histogram_free(back);
        qn_histogram_free(inner);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_within_one_percent_of_the_sorted_samples),
        cmocka_unit_test(merging_does_not_depend_on_order_or_grouping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
