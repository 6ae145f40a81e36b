/* The kernels of panels: right, and with the same bits at every processor level. */
#include "harness/harness.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "math/panel.h"

enum {
    LENGTH_MAX = 1000,
    COLUMNS = 5
};

static const int64_t lengths[] = {0, 1, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, LENGTH_MAX};

static void fill(double *a, int64_t n, uint64_t *random)
{
    for (int64_t i = 0; i < n; i++)
        a[i] = (test_random_unit(random) - 0.5) * exp(20 * test_random_unit(random) - 10);
}

static void assert_same_bits(const double *a, const double *b, int64_t n)
{
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
}

static void compare(const qni_panel_kernels *one, const qni_panel_kernels *other, int64_t n, uint64_t *random)
{
    double a[LENGTH_MAX], b[LENGTH_MAX], c[LENGTH_MAX], x[LENGTH_MAX], y[LENGTH_MAX], p[2], q[2];
    fill(a, n, random);
    fill(b, n, random);
    fill(c, n, random);
    p[0] = one->dot(a, b, n);
    q[0] = other->dot(a, b, n);
    assert_same_bits(p, q, 1);
    p[0] = one->sum_squares(a, n);
    q[0] = other->sum_squares(a, n);
    assert_same_bits(p, q, 1);
    for (int k = 0; k < 4; k++) {
        const qni_panel_kernels *kernels[] = {one, other};
        double *results[] = {x, y};
        for (int side = 0; side < 2; side++) {
            memcpy(results[side], a, sizeof a);
            if (k == 0)
                kernels[side]->subtract_multiple(results[side], b, 1.7, n);
            else if (k == 1)
                kernels[side]->subtract(results[side], b, n);
            else if (k == 2)
                kernels[side]->divide(results[side], 1.7, n);
            else
                kernels[side]->scale(results[side], 1.7, n);
        }
        assert_same_bits(x, y, n);
    }
}

static void every_level_gives_the_same_bits(void **state)
{
    (void)state;
    uint64_t random = test_seed(7);
    for (int level = 0; level <= qni_cpu_best(); level++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            compare(&qni_panel_baseline, qni_panel_kernels_of(level), lengths[i], &random);
}

/* A reflection and the products that it looks ahead for, column by column. */
static void reflect_slowly(double *out, double *c, int64_t count, const double *v, const double *w, int64_t n)
{
    for (int64_t k = 0; k < count; k++) {
        qni_panel_baseline.subtract_multiple(c + k * n, v, w[k], n);
        out[k] = qni_panel_baseline.dot(c, c + k * n, n);
    }
}

static void many_columns_at_once_are_as_one_after_the_other(void **state)
{
    (void)state;
    enum {
        MANY = 10,
        ROWS = 37
    };
    uint64_t random = test_seed(7);
    double a[MANY * ROWS], x[MANY * ROWS], y[MANY * ROWS], v[ROWS], w[MANY], p[MANY], q[MANY];
    fill(a, MANY * ROWS, &random);
    fill(v, ROWS, &random);
    fill(w, MANY, &random);
    for (int level = 0; level <= qni_cpu_best(); level++) {
        const qni_panel_kernels *kernels = qni_panel_kernels_of(level);
        for (int64_t n = 0; n <= ROWS; n++)
            for (int64_t count = 0; count <= MANY; count++) {
                kernels->dots(p, v, a, n, count, n);
                for (int64_t k = 0; k < count; k++)
                    q[k] = qni_panel_baseline.dot(v, a + k * n, n);
                assert_same_bits(p, q, count);
                memcpy(x, a, sizeof x);
                memcpy(y, a, sizeof y);
                kernels->reflect(p, x, n, count, v, w, n);
                reflect_slowly(q, y, count, v, w, n);
                assert_same_bits(p, q, count);
                assert_same_bits(x, y, MANY * ROWS);
            }
    }
}

static void what_is_not_finite_is_found_wherever_it_stands(void **state)
{
    (void)state;
    static const double odd[] = {INFINITY, -INFINITY, NAN};
    double a[40];
    for (int level = 0; level <= qni_cpu_best(); level++)
        for (int64_t n = 1; n <= 40; n++)
            for (int64_t i = 0; i <= n; i++) {
                for (int64_t k = 0; k < n; k++)
                    a[k] = k % 3 ? -1e308 : 1e308;
                if (i < n)
                    a[i] = odd[i % 3];
                assert_int_equal(qni_panel_kernels_of(level)->all_finite(a, n), i == n);
            }
}

static void a_gram_matrix_is_gathered_panel_by_panel(void **state)
{
    (void)state;
    uint64_t random = test_seed(7);
    enum {
        ROWS = 100
    };
    double b[COLUMNS * ROWS];
    for (int64_t i = 0; i < COLUMNS * ROWS; i++)
        b[i] = (double)(int64_t)(2000 * test_random_unit(&random) - 1000); /* integers: every sum is exact */
    for (int level = 0; level <= qni_cpu_best(); level++) {
        double g[COLUMNS * COLUMNS] = {0};
        for (int64_t first = 0; first < ROWS; first += 30)
            qni_panel_kernels_of(level)->gram(g, COLUMNS, b + first, ROWS, ROWS - first < 30 ? ROWS - first : 30,
                                              COLUMNS);
        for (int i = 0; i < COLUMNS; i++)
            for (int j = 0; j < COLUMNS; j++) {
                double sum = 0;
                for (int64_t k = 0; k < ROWS && j >= i; k++)
                    sum += b[i * ROWS + k] * b[j * ROWS + k];
                assert_true(g[j * COLUMNS + i] == sum);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same_bits),
        cmocka_unit_test(many_columns_at_once_are_as_one_after_the_other),
        cmocka_unit_test(what_is_not_finite_is_found_wherever_it_stands),
        cmocka_unit_test(a_gram_matrix_is_gathered_panel_by_panel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
