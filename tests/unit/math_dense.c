/* Sums, norms, QR by panels, triangular solves, singular values, the trust-region step. */
#include "harness/harness.h"

#include "base/cpu.h"
#include "math/panel.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void a_norm_neither_overflows_nor_underflows(void **state)
{
    (void)state;
    const double plain[] = {3, 4}, large[] = {3e300, 4e300}, small[] = {3e-300, 4e-300}, mixed[] = {1e-200, 0, 1};
    assert_true(qni_norm(plain, 2) == 5);
    assert_close(qni_norm(large, 2), 5e300, 1e-15, 0);
    assert_close(qni_norm(small, 2), 5e-300, 1e-15, 0);
    assert_true(qni_norm(mixed, 3) == 1);
    assert_true(qni_norm(plain, 0) == 0);
    const double infinite[] = {1, INFINITY}, bad[] = {1, NAN};
    assert_true(isinf(qni_norm(infinite, 2)));
    assert_true(isnan(qni_norm(bad, 2)));
}

static void a_sum_of_squares_keeps_what_a_plain_sum_loses(void **state)
{
    (void)state;
    /* 1e16 swallows each single 1 in a plain sum, whatever the order of the rest. */
    double a[1001];
    a[0] = 1e8;
    for (int i = 1; i <= 1000; i++)
        a[i] = 1;
    assert_true(qni_panel_baseline.sum_squares(a, 1001) == 1e16 + 1000);
    qni_sum sum = {0};
    qni_sum_add(&sum, 1e100);
    qni_sum_add(&sum, 1);
    qni_sum_add(&sum, -1e100);
    assert_true(qni_sum_value(sum) == 1);
}

static void finiteness_is_seen_at_every_place(void **state)
{
    (void)state;
    double a[19];
    for (int n = 0; n <= 19; n++)
        for (int bad = 0; bad < n; bad++) {
            for (int i = 0; i < 19; i++)
                a[i] = DBL_MAX;
            assert_true(qni_all_finite(a, n));
            a[bad] = bad % 2 ? NAN : -INFINITY;
            assert_false(qni_all_finite(a, n));
        }
}

/* The Läuchli matrix, whose normal equations are singular in double precision. */
static void qr_solves_where_normal_equations_cannot(void **state)
{
    (void)state;
    const double e = 1e-9;
    double b[3 * 4] = {1, e, 0, 1, 0, e, 2, e, e}; /* columns (1,e,0), (1,0,e), right side (2,e,e): solution (1,1) */
    double r[2 * 3] = {0};
    qni_qr_append(&qni_panel_baseline, r, 2, b, 3, 3, 2, 3, false);
    double x[2] = {r[4], r[5]};
    assert_true(qni_solve_upper(r, 2, 2, x));
    assert_close(x[0], 1, 1e-6, 0);
    assert_close(x[1], 1, 1e-6, 0);
}

static void panels_give_the_factor_of_the_whole(void **state)
{
    (void)state;
    enum {
        ROWS = 50,
        P = 4
    };
    uint64_t seed = 7;
    double a[P][ROWS], b[P * ROWS], whole[P * P] = {0}, parts[P * P] = {0};
    for (int j = 0; j < P; j++)
        for (int i = 0; i < ROWS; i++)
            b[j * ROWS + i] = a[j][i] = test_random_unit(&seed) - 0.5;
    qni_qr_append(&qni_panel_baseline, whole, P, b, ROWS, ROWS, P, P, false);
    for (int first = 0; first < ROWS; first += 7) {
        int count = ROWS - first < 7 ? ROWS - first : 7;
        for (int j = 0; j < P; j++)
            memcpy(b + j * ROWS, a[j] + first, (size_t)count * sizeof(double));
        qni_qr_append(&qni_panel_baseline, parts, P, b, ROWS, count, P, P, false);
    }
    for (int j = 0; j < P; j++)
        for (int k = 0; k <= j; k++) {
            double gram = 0; /* R'R = A'A */
            for (int i = 0; i < ROWS; i++)
                gram += a[j][i] * a[k][i];
            assert_close(qni_dot(whole + j * P, whole + k * P, k + 1), gram, 1e-13, 1e-14);
            assert_close(fabs(parts[j * P + k]), fabs(whole[j * P + k]), 1e-12, 1e-14);
        }
}

static void a_triangle_is_appended_as_any_other_rows(void **state)
{
    (void)state;
    const double start[9] = {2, 0, 0, 1, 3, 0, -1, 4, 5};
    double full[9], half[9], b[9] = {1, 0, 0, 2, 1, 0, 3, 2, 1}, c[9];
    memcpy(full, start, sizeof full);
    memcpy(half, start, sizeof half);
    memcpy(c, b, sizeof c);
    qni_qr_append(&qni_panel_baseline, full, 3, b, 3, 3, 3, 3, false);
    qni_qr_append(&qni_panel_baseline, half, 3, c, 3, 3, 3, 3, true);
    for (int i = 0; i < 9; i++)
        assert_close(half[i], full[i], 1e-14, 1e-15);
}

/* Columns multiplied by powers of two, and the factor accordingly, to a few roundings (norms of sizes far from 1 are
 * had in another way). */
static void the_size_of_a_column_changes_no_digit_of_the_factor(void **state)
{
    (void)state;
    enum {
        ROWS = 40,
        P = 4
    };
    static const int exponents[P + 1] = {900, -30, -900, 0, 60};
    uint64_t seed = test_seed(8);
    double a[(P + 1) * ROWS], b[(P + 1) * ROWS], plain[P * (P + 1)] = {0}, scaled[P * (P + 1)] = {0};
    for (int round = 0; round < 2; round++) {
        for (int j = 0; j <= P; j++)
            for (int i = 0; i < ROWS; i++) {
                a[j * ROWS + i] = test_random_unit(&seed) - 0.5;
                b[j * ROWS + i] = ldexp(a[j * ROWS + i], exponents[j]);
            }
        qni_qr_append(&qni_panel_baseline, plain, P, a, ROWS, ROWS, P, P + 1, false);
        qni_qr_append(&qni_panel_baseline, scaled, P, b, ROWS, ROWS, P, P + 1, false);
        for (int j = 0; j <= P; j++)
            for (int i = 0; i < P; i++)
                assert_close(ldexp(scaled[j * P + i], -exponents[j]), plain[j * P + i], 1e-14, 1e-15);
    }
}

/* R'R = A'A where the columns are more than what one look ahead takes in, and the rows come in panels. */
static void a_factor_may_be_wider_than_the_look_ahead(void **state)
{
    (void)state;
    enum {
        P = 300,
        ROWS = 320,
        PANEL = 64
    };
    uint64_t seed = test_seed(9);
    double *a = calloc((size_t)P * ROWS, sizeof *a), *b = calloc((size_t)P * PANEL, sizeof *b),
           *r = calloc((size_t)P * P, sizeof *r);
    assert_true(a != NULL && b != NULL && r != NULL);
    for (int i = 0; i < P * ROWS; i++)
        a[i] = test_random_unit(&seed) - 0.5;
    for (int first = 0; first < ROWS; first += PANEL) {
        for (int j = 0; j < P; j++)
            memcpy(b + j * PANEL, a + j * ROWS + first, PANEL * sizeof *b);
        qni_qr_append(&qni_panel_baseline, r, P, b, PANEL, PANEL, P, P, false);
    }
    for (int j = 0; j < P; j++)
        for (int k = 0; k <= j; k++)
            assert_close(qni_dot(r + j * P, r + k * P, k + 1), qni_dot(a + j * ROWS, a + k * ROWS, ROWS), 1e-12, 1e-12);
    free(a);
    free(b);
    free(r);
}

/* Rows that are nothing beside those above: the factor keeps its bits. Rows that are something: it does not. */
static void rows_far_below_a_rounding_change_nothing(void **state)
{
    (void)state;
    double r[6] = {3, 0, 1, -2, 5, 7}, before[6], tiny[6] = {1e-30, -1e-30, 1e-200, 1e-300, 1e-30, 1e-30},
           small[6] = {1e-3, -1e-3, 1e-3, 1e-3, 1e-3, 1e-3};
    memcpy(before, r, sizeof r);
    qni_qr_append(&qni_panel_baseline, r, 2, tiny, 2, 2, 2, 3, false);
    for (int i = 0; i < 6; i++)
        assert_true(fabs(r[i]) == fabs(before[i]));
    qni_qr_append(&qni_panel_baseline, r, 2, small, 2, 2, 2, 3, false);
    assert_true(fabs(r[0]) > 3 && fabs(r[3]) > 2);
}

static void every_level_gives_the_same_factor(void **state)
{
    (void)state;
    enum {
        ROWS = 67,
        P = 11
    };
    uint64_t seed = test_seed(10);
    double a[(P + 2) * ROWS], b[(P + 2) * ROWS], r[2][P * (P + 2)] = {{0}};
    for (int i = 0; i < (P + 2) * ROWS; i++)
        a[i] = (test_random_unit(&seed) - 0.5) * exp(40 * test_random_unit(&seed) - 20);
    for (int level = 0; level <= qni_cpu_best(); level++) {
        double *now = r[level > 0];
        memset(now, 0, sizeof r[0]);
        memcpy(b, a, sizeof b);
        qni_qr_append(qni_panel_kernels_of(level), now, P, b, ROWS, ROWS, P, P + 2, false);
        if (level > 0)
            assert_memory_equal(r[0], r[1], sizeof r[0]);
    }
}

static void triangular_systems_are_solved_both_ways(void **state)
{
    (void)state;
    const double r[9] = {2, 0, 0, 1, 4, 0, 3, -1, 5}; /* R = [2 1 3; 0 4 -1; 0 0 5] */
    double x[3] = {2 + 2 + 9, 8 - 3, 15}, y[3] = {2, 1 + 8, 3 - 2 + 15}, z[3];
    assert_true(qni_solve_upper(r, 3, 3, x));
    assert_true(qni_solve_upper_transposed(r, 3, 3, y));
    for (int i = 0; i < 3; i++) {
        assert_close(x[i], i + 1, 1e-15, 0);
        assert_close(y[i], i + 1, 1e-15, 0);
    }
    qni_multiply_upper(r, 3, 3, x, z);
    assert_close(z[0], 13, 1e-15, 0);
    qni_multiply_upper_transposed(r, 3, 3, x, z);
    assert_close(z[2], 16, 1e-15, 0);
    const double singular[4] = {1, 0, 1, 0};
    assert_false(qni_solve_upper(singular, 2, 2, x));
    assert_false(qni_solve_upper_transposed(singular, 2, 2, x));
}

/* A matrix whose third column is the sum of the others but for 1e-9: R'R = P'A'A P, |R| falls along the
 * diagonal, and its last element is the distance of a column from the plane of the others. */
static void pivoting_finds_the_column_that_depends_on_the_others(void **state)
{
    (void)state;
    const double a[12] = {1, 0, 0, 0, 0, 2, 0, 0, 1, 2, 1e-9, 0};
    double r[12];
    int64_t pivot[3];
    memcpy(r, a, sizeof r);
    qni_qr_pivoted(&qni_panel_baseline, r, 4, 4, 3, pivot);
    assert_int_equal(pivot[0], 2); /* the longest */
    for (int j = 0; j < 3; j++)
        for (int k = 0; k <= j; k++) {
            double got = qni_dot(r + k * 4, r + j * 4, 4);
            assert_close(got, qni_dot(a + pivot[k] * 4, a + pivot[j] * 4, 4), 1e-15, 1e-15);
            assert_true(k == j || r[k * 4 + j] == 0); /* zeros below the diagonal */
        }
    assert_true(fabs(r[0]) >= fabs(r[5]) && fabs(r[5]) >= fabs(r[10]));
    /* the determinant of A'A is (|det| of the upper 3 x 3)^2 = (2e-9)^2 */
    assert_close(fabs(r[0] * r[5] * r[10]), 2e-9, 1e-6, 0);
    double zero[4] = {0, 0, 0, 0};
    qni_qr_pivoted(&qni_panel_baseline, zero, 2, 2, 2, pivot);
    assert_true(zero[0] == 0 && zero[3] == 0);
}

/* The eigenvalues of the Hilbert matrix of order 3, the roots of its characteristic polynomial
 * x^3 - 23/15 x^2 + 127/720 x - 1/2160, to 16 digits. */
static void singular_values_of_a_hilbert_matrix_are_right(void **state)
{
    (void)state;
    double a[9], s[3], v[9];
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++)
            a[j * 3 + i] = 1.0 / (i + j + 1);
    assert_true(qni_svd(a, 3, 3, 3, s, v));
    for (int k = 0; k < 3; k++)
        assert_close(((s[k] - 23.0 / 15) * s[k] + 127.0 / 720) * s[k], 1.0 / 2160, 0, 2e-15);
    assert_true(s[0] > s[1] && s[1] > s[2] && s[2] > 0);
    assert_close(s[0] + s[1] + s[2], 23.0 / 15, 1e-15, 0);
    /* symmetric: A v = s v, and a now holds U diag(s) */
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++)
            assert_close(a[k * 3 + i], s[k] * v[k * 3 + i], 0, 1e-15);
}

static void small_singular_values_of_scaled_columns_keep_their_digits(void **state)
{
    (void)state;
    double a[4] = {1e20, 1e20, 1e-20, -1e-20}, s[2], v[4]; /* orthogonal columns of very different size */
    qni_svd(a, 2, 2, 2, s, v);
    assert_close(s[0], sqrt(2) * 1e20, 1e-15, 0);
    assert_close(s[1], sqrt(2) * 1e-20, 1e-15, 0);
}

static void a_short_step_is_the_unconstrained_minimum(void **state)
{
    (void)state;
    const double a[4] = {2, 0, 1, 3}, q[2] = {-4, -3}; /* A (1.5, 1) = -q */
    double step[2], work[20];
    assert_true(qni_trust_work(2) <= 20);
    assert_true(qni_trust_step(&qni_panel_baseline, step, a, 2, q, 2, 10, 0, work) == 0);
    assert_close(step[0], 1.5, 1e-15, 0);
    assert_close(step[1], 1, 1e-15, 0);
}

static void a_long_step_ends_at_the_radius_and_satisfies_its_equations(void **state)
{
    (void)state;
    enum {
        P = 5
    };
    uint64_t seed = 3;
    for (int round = 0; round < 200; round++) {
        double a[P * P] = {0}, q[P], step[P], image[P], left[P], right[P], work[2 * P * (P + 1) + 2 * P];
        for (int j = 0; j < P; j++) {
            q[j] = test_random_unit(&seed) - 0.5;
            for (int i = 0; i <= j; i++)
                a[j * P + i] = (test_random_unit(&seed) - 0.5) * (round % 2 ? pow(10, -2 * j) : 1);
        }
        if (round % 5 == 0)
            a[2 * P + 2] = 0; /* singular */
        double radius = pow(10, -4 + 4 * test_random_unit(&seed));
        double lambda = qni_trust_step(&qni_panel_baseline, step, a, P, q, P, radius, round % 3 ? 0 : 1e-3, work);
        double length = qni_norm(step, P);
        assert_true(length <= 1.1 * radius * (1 + 1e-12));
        if (lambda > 0)
            assert_true(length >= 0.9 * radius * (1 - 1e-12));
        qni_multiply_upper(a, P, P, step, image);
        qni_multiply_upper_transposed(a, P, P, image, left);
        qni_multiply_upper_transposed(a, P, P, q, right);
        for (int j = 0; j < P; j++)
            assert_close(left[j] + lambda * step[j], -right[j], 1e-8, 1e-9 * qni_norm(right, P));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_norm_neither_overflows_nor_underflows),
        cmocka_unit_test(a_sum_of_squares_keeps_what_a_plain_sum_loses),
        cmocka_unit_test(finiteness_is_seen_at_every_place),
        cmocka_unit_test(qr_solves_where_normal_equations_cannot),
        cmocka_unit_test(panels_give_the_factor_of_the_whole),
        cmocka_unit_test(a_triangle_is_appended_as_any_other_rows),
        cmocka_unit_test(the_size_of_a_column_changes_no_digit_of_the_factor),
        cmocka_unit_test(a_factor_may_be_wider_than_the_look_ahead),
        cmocka_unit_test(rows_far_below_a_rounding_change_nothing),
        cmocka_unit_test(every_level_gives_the_same_factor),
        cmocka_unit_test(triangular_systems_are_solved_both_ways),
        cmocka_unit_test(pivoting_finds_the_column_that_depends_on_the_others),
        cmocka_unit_test(singular_values_of_a_hilbert_matrix_are_right),
        cmocka_unit_test(small_singular_values_of_scaled_columns_keep_their_digits),
        cmocka_unit_test(a_short_step_is_the_unconstrained_minimum),
        cmocka_unit_test(a_long_step_ends_at_the_radius_and_satisfies_its_equations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
