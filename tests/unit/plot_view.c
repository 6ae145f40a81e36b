/* What is left of data in a rectangle: clipping, thinning, and that neither loses what can be seen. */
#include "harness/harness.h"

#include "plot/view_int.h"

#include <math.h>
#include <stdlib.h>

static qni_view square(void)
{
    qni_view view = {.box = {100, 50, 600, 400}};
    qni_axis_init(&view.x, false, 0, 1);
    qni_axis_init(&view.y, false, 0, 1);
    return view;
}

static void values_land_where_they_should(void **state)
{
    (void)state;
    qni_view view = square();
    qni_point p;
    assert_true(qni_view_place(&view, 0, 0, &p));
    assert_close(p.x, 100, 0, 1e-9);
    assert_close(p.y, 450, 0, 1e-9); /* y grows downwards on a page */
    assert_true(qni_view_place(&view, 0.5, 1, &p));
    assert_close(p.x, 400, 0, 1e-9);
    assert_close(p.y, 50, 0, 1e-9);
    assert_false(qni_view_place(&view, NAN, 1, &p));
    assert_true(qni_view_place(&view, 1e308, -1e308, &p));
    assert_true(isfinite(p.x) && isfinite(p.y));
}

/* Against walking along the segment in many small steps. */
static void a_clipped_segment_is_what_walking_finds_inside(void **state)
{
    (void)state;
    uint64_t seed = test_seed(21);
    const qni_box box = {0, 0, 1, 1};
    for (int round = 0; round < 2000; round++) {
        qni_point a = {3 * test_random_unit(&seed) - 1, 3 * test_random_unit(&seed) - 1};
        qni_point b = {3 * test_random_unit(&seed) - 1, 3 * test_random_unit(&seed) - 1};
        double first = -1, last = -1;
        for (int k = 0; k <= 1000; k++) {
            double x = a.x + (b.x - a.x) * k / 1000, y = a.y + (b.y - a.y) * k / 1000;
            if (x >= 0 && x <= 1 && y >= 0 && y <= 1) {
                first = first < 0 ? k / 1000.0 : first;
                last = k / 1000.0;
            }
        }
        qni_point from = a, to = b;
        bool inside = qni_box_clip(&box, &from, &to);
        if (first < 0) { /* walking may step over a corner */
            assert_true(!inside || hypot(to.x - from.x, to.y - from.y) < 0.01);
            continue;
        }
        assert_true(inside);
        assert_close(from.x, a.x + (b.x - a.x) * first, 0, 0.006);
        assert_close(from.y, a.y + (b.y - a.y) * first, 0, 0.006);
        assert_close(to.x, a.x + (b.x - a.x) * last, 0, 0.006);
        assert_close(to.y, a.y + (b.y - a.y) * last, 0, 0.006);
    }
}

static void few_points_keep_a_dot_each(void **state)
{
    (void)state;
    const double x[] = {0, 0.5, 0.5, 2, NAN}, y[] = {0, 0.5, 0.5, 0.5, 0.5};
    qni_series s = {.kind = QN_PLOT_POINTS, .n = 5, .x = x, .y = y};
    qni_view view = square();
    qni_dots dots;
    assert_true(qni_dots_make(&dots, &view, &s, NULL));
    assert_int_equal(dots.count, 3);
    assert_close(dots.cell, 0, 0, 0);
    qni_dots_free(&dots, NULL);
}

static void many_points_become_few_dots_that_stand_for_all_of_them(void **state)
{
    (void)state;
    enum {
        N = 300000
    };
    uint64_t seed = test_seed(22);
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    assert_true(x != NULL && y != NULL);
    for (int i = 0; i < N; i++) {
        x[i] = test_random_unit(&seed);
        y[i] = test_random_unit(&seed);
    }
    x[0] = 0.123, y[0] = 0.9; /* stays visible */
    qni_series s = {.kind = QN_PLOT_POINTS, .n = N, .x = x, .y = y};
    qni_view view = square();
    qni_dots dots;
    assert_true(qni_dots_make(&dots, &view, &s, NULL));
    assert_in_range(dots.count, QNI_DOTS_MAX / 4, QNI_DOTS_MAX);
    int64_t sum = 0;
    double nearest = INFINITY;
    for (int64_t i = 0; i < dots.count; i++) {
        sum += dots.dots[i].count;
        nearest = fmin(nearest,
                       hypot((double)dots.dots[i].x - (100 + 0.123 * 600), (double)dots.dots[i].y - (50 + 0.1 * 400)));
    }
    assert_int_equal(sum, N);
    assert_true(nearest < 1.5 * dots.cell);
    qni_dots_free(&dots, NULL);
    free(x);
    free(y);
}

static void a_long_line_keeps_its_ends_and_its_spikes(void **state)
{
    (void)state;
    enum {
        N = 1000000
    };
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    assert_true(x != NULL && y != NULL);
    for (int i = 0; i < N; i++) {
        x[i] = (double)i / (N - 1);
        y[i] = 0.5 + 0.1 * sin(40 * x[i]);
    }
    y[654321] = 0.99;
    y[123456] = 0.01;
    qni_series s = {.kind = QN_PLOT_LINE, .n = N, .x = x, .y = y};
    qni_view view = square();
    qni_path path;
    assert_true(qni_path_make(&path, &view, &s, NULL));
    assert_in_range(path.count, 600, 4 * 601);
    double highest = INFINITY, lowest = -INFINITY;
    for (int64_t i = 0; i < path.count; i++) {
        highest = fmin(highest, path.vertices[i].at.y);
        lowest = fmax(lowest, path.vertices[i].at.y);
        assert_true(path.vertices[i].starts == (i == 0));
        if (i > 0)
            assert_true(path.vertices[i].at.x >= path.vertices[i - 1].at.x);
    }
    assert_close(highest, 450 - 0.99 * 400, 0, 1e-9);
    assert_close(lowest, 450 - 0.01 * 400, 0, 1e-9);
    assert_close(path.vertices[0].at.x, 100, 0, 1e-9);
    assert_close(path.vertices[path.count - 1].at.x, 700, 0, 1e-9);
    qni_path_free(&path, NULL);
    free(x);
    free(y);
}

static void a_line_that_runs_to_and_fro_is_bounded_too(void **state)
{
    (void)state;
    enum {
        N = 200000
    };
    uint64_t seed = test_seed(23);
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    assert_true(x != NULL && y != NULL);
    for (int i = 0; i < N; i++) {
        x[i] = test_random_unit(&seed);
        y[i] = i % 1000 == 0 ? NAN : test_random_unit(&seed);
    }
    qni_series s = {.kind = QN_PLOT_LINE, .n = N, .x = x, .y = y};
    qni_view view = square();
    qni_path path;
    assert_true(qni_path_make(&path, &view, &s, NULL));
    assert_in_range(path.count, QNI_LINE_POINTS / 4, QNI_LINE_POINTS);
    int64_t pieces = 0;
    for (int64_t i = 0; i < path.count; i++)
        pieces += path.vertices[i].starts;
    assert_in_range(pieces, 150, 200); /* 200 gaps, the first before anything was drawn */
    qni_path_free(&path, NULL);
    free(x);
    free(y);
}

static void a_gap_starts_a_new_piece(void **state)
{
    (void)state;
    const double x[] = {0, 0.2, 0.4, 0.6, 0.8}, y[] = {0, 0.2, NAN, 0.6, 0.8};
    qni_series s = {.kind = QN_PLOT_LINE, .n = 5, .x = x, .y = y};
    qni_view view = square();
    qni_path path;
    assert_true(qni_path_make(&path, &view, &s, NULL));
    assert_int_equal(path.count, 4);
    assert_true(path.vertices[0].starts && !path.vertices[1].starts && path.vertices[2].starts &&
                !path.vertices[3].starts);
    qni_path_free(&path, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_land_where_they_should),
        cmocka_unit_test(a_clipped_segment_is_what_walking_finds_inside),
        cmocka_unit_test(few_points_keep_a_dot_each),
        cmocka_unit_test(many_points_become_few_dots_that_stand_for_all_of_them),
        cmocka_unit_test(a_long_line_keeps_its_ends_and_its_spikes),
        cmocka_unit_test(a_line_that_runs_to_and_fro_is_bounded_too),
        cmocka_unit_test(a_gap_starts_a_new_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
