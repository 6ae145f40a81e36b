/* Axes and tick labels for ranges whose right answer a person can say. */
#include "harness/harness.h"

#include "plot/axis_int.h"

#include <float.h>
#include <math.h>
#include <string.h>

static qni_ticks ticks_of(bool log, double lo, double hi, int target, bool ascii)
{
    qni_axis axis;
    qni_ticks ticks;
    qni_axis_init(&axis, log, lo, hi);
    qni_ticks_make(&ticks, &axis, target, ascii);
    return ticks;
}

/* The labels, separated by spaces, and after " | " the axis label of "y". */
static const char *labels(char out[512], const qni_ticks *ticks, bool ascii)
{
    char axis_label[256];
    (void)qni_ticks_axis_label(axis_label, sizeof axis_label, ticks, "y", ascii);
    out[0] = '\0';
    for (int i = 0; i < ticks->count; i++) {
        strcat(out, ticks->tick[i].label);
        strcat(out, " ");
    }
    strcat(out, "| ");
    return strcat(out, axis_label);
}

#define assert_labels(log, lo, hi, target, expected)                  \
    do {                                                              \
        char text[512];                                               \
        qni_ticks made = ticks_of((log), (lo), (hi), (target), true); \
        assert_string_equal(labels(text, &made, true), (expected));   \
    } while (0)

static void ordinary_ranges_have_plain_labels(void **state)
{
    (void)state;
    assert_labels(false, 0, 10, 6, "0 2 4 6 8 10 | y");
    assert_labels(false, -1, 1, 5, "-1.0 -0.5 0.0 0.5 1.0 | y");
    assert_labels(false, 77.6, 760, 7, "100 200 300 400 500 600 700 | y");
    assert_labels(false, 0.0001, 0.0006, 6, "0.0001 0.0002 0.0003 0.0004 0.0005 0.0006 | y");
    assert_labels(false, 0, 500000, 6, "0 100000 200000 300000 400000 500000 | y");
    assert_labels(false, 1995, 2024, 6, "1995 2000 2005 2010 2015 2020 | y");
}

static void long_numbers_give_an_exponent_or_an_offset_to_the_axis(void **state)
{
    (void)state;
    assert_labels(false, 0, 5e-7, 6, "0 1 2 3 4 5 | y (x 1e-7)");
    assert_labels(false, 0, 3e6, 7, "0.0 0.5 1.0 1.5 2.0 2.5 3.0 | y (x 1e6)");
    assert_labels(false, 1e6, 1e6 + 0.004, 5, "0.000 0.001 0.002 0.003 0.004 | y - 1000000");
    assert_labels(false, -1e6 - 0.004, -1e6, 5, "-0.004 -0.003 -0.002 -0.001 0.000 | y + 1000000");
    assert_labels(false, 1.5e17, 1.5e17 + 4e6, 5, "0 1 2 3 4 | y - 1.5*1e17 (x 1e6)");
    assert_labels(false, 1, 1.000004, 5, "0 1 2 3 4 | y - 1 (x 1e-6)");
}

static void logarithmic_ranges_have_powers_or_1_2_5(void **state)
{
    (void)state;
    assert_labels(true, 1e-3, 1e4, 8, "0.001 0.01 0.1 1 10 100 1000 10000 | y");
    assert_labels(true, 1e-8, 1e-2, 4, "1e-8 1e-6 1e-4 1e-2 | y");
    assert_labels(true, 1, 12, 5, "1 2 5 10 | y");
    assert_labels(true, 1.1, 9.9, 5, "2 4 6 8 | y");
    assert_labels(true, 1e-300, 1e300, 7, "1e-300 1e-200 1e-100 1e0 1e100 1e200 1e300 | y");
}

static void true_minus_signs_and_raised_exponents_stand_where_they_can_be_shown(void **state)
{
    (void)state;
    char text[512];
    qni_ticks ticks = ticks_of(false, -2e-7, 2e-7, 5, false);
    assert_string_equal(labels(text, &ticks, false), "\u22122 \u22121 0 1 2 | y (\u00d710\u207b\u2077)");
    ticks = ticks_of(true, 1e-12, 1e3, 4, false);
    assert_string_equal(labels(text, &ticks, false), "10\u207b\u00b9\u2070 10\u207b\u2075 10\u2070 | y");
}

static void a_range_of_one_value_is_widened(void **state)
{
    (void)state;
    qni_axis axis;
    qni_axis_init(&axis, false, 5, 5);
    assert_close(qni_axis_place(&axis, 5), 0.5, 0, 1e-12);
    assert_true(axis.lo < 5 && axis.hi > 5);
    qni_axis_init(&axis, false, 0, 0);
    assert_close(axis.lo, -1, 0, 0);
    assert_close(axis.hi, 1, 0, 0);
    qni_axis_init(&axis, true, 100, 100);
    assert_close(qni_axis_place(&axis, 100), 0.5, 0, 1e-12);
    qni_axis_init(&axis, false, DBL_MAX, DBL_MAX);
    assert_true(isfinite(axis.hi) && axis.lo < axis.hi);
}

static void the_whole_range_of_doubles_fits_on_an_axis(void **state)
{
    (void)state;
    qni_axis axis;
    qni_axis_init(&axis, false, -DBL_MAX, DBL_MAX);
    assert_close(qni_axis_place(&axis, 0), 0.5, 0, 1e-15);
    assert_close(qni_axis_place(&axis, DBL_MAX), 1.0, 0, 1e-15);
    assert_true(isnan(qni_axis_place(&axis, INFINITY)) && isnan(qni_axis_place(&axis, NAN)));
    qni_axis_init(&axis, true, DBL_MIN, DBL_MAX);
    assert_true(isnan(qni_axis_place(&axis, 0)) && isnan(qni_axis_place(&axis, -1)));
}

/* ---- ranges from data ---- */

static qn_plot *plot_of(const double *x, const double *y, int64_t n, qn_plot_scale scale)
{
    qn_plot *plot;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.x_scale = scale;
    assert_ok(qn_plot_new(&plot, &options, NULL), NULL);
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.scale = scale;
    assert_ok(qn_plot_add_panel(plot, &panel, NULL), NULL);
    qn_plot_series s;
    qn_plot_series_init(&s, sizeof s);
    s.n = n, s.x = x, s.y = y;
    assert_ok(qn_plot_add(plot, &s, NULL), NULL);
    return plot;
}

static void a_range_leaves_out_what_cannot_be_drawn(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 3, 4}, y[] = {NAN, 10, INFINITY, 20, -INFINITY};
    qn_plot *plot = plot_of(x, y, 5, QN_PLOT_LINEAR);
    qni_axis ax, ay;
    qni_axis_x(&ax, plot);
    qni_axis_y(&ay, plot, 0, &ax);
    assert_true(ay.lo < 10 && ay.lo > 9 && ay.hi > 20 && ay.hi < 21);
    qn_plot_free(plot);
    const double u[] = {-5, 0, 1, 100}, v[] = {1, 1, 10, 1000};
    plot = plot_of(u, v, 4, QN_PLOT_LOG);
    qni_axis_x(&ax, plot);
    qni_axis_y(&ay, plot, 0, &ax);
    assert_true(ax.lo > 0.5 && ax.lo < 1 && ax.hi > 100 && ax.hi < 200);
    assert_true(ay.lo > 5 && ay.lo < 10); /* the points that x leaves out do not count */
    qn_plot_free(plot);
}

static void a_line_with_a_pole_does_not_flatten_the_points(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2}, y[] = {1, 2, 3}, steep[] = {1, 1e9, 3};
    qn_plot *plot = plot_of(x, y, 3, QN_PLOT_LINEAR);
    qn_plot_series s;
    qn_plot_series_init(&s, sizeof s);
    s.kind = QN_PLOT_LINE, s.n = 3, s.x = x, s.y = steep;
    assert_ok(qn_plot_add(plot, &s, NULL), NULL);
    qni_axis ax, ay;
    qni_axis_x(&ax, plot);
    qni_axis_y(&ay, plot, 0, &ax);
    assert_true(ay.hi > 3 && ay.hi < 5);
    qn_plot_free(plot);
}

static void given_limits_and_symmetry_are_kept(void **state)
{
    (void)state;
    const double x[] = {0, 1}, y[] = {-3, 1};
    qn_plot *plot;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.x_min = -2, options.x_max = 7;
    assert_ok(qn_plot_new(&plot, &options, NULL), NULL);
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.symmetric = true;
    assert_ok(qn_plot_add_panel(plot, &panel, NULL), NULL);
    qn_plot_series s;
    qn_plot_series_init(&s, sizeof s);
    s.n = 2, s.x = x, s.y = y;
    assert_ok(qn_plot_add(plot, &s, NULL), NULL);
    qni_axis ax, ay;
    qni_axis_x(&ax, plot);
    qni_axis_y(&ay, plot, 0, &ax);
    assert_close(ax.lo, -2, 0, 0);
    assert_close(ax.hi, 7, 0, 0);
    assert_close(ay.lo, -ay.hi, 1e-15, 0);
    assert_true(ay.hi >= 3);
    qn_plot_free(plot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_ranges_have_plain_labels),
        cmocka_unit_test(long_numbers_give_an_exponent_or_an_offset_to_the_axis),
        cmocka_unit_test(logarithmic_ranges_have_powers_or_1_2_5),
        cmocka_unit_test(true_minus_signs_and_raised_exponents_stand_where_they_can_be_shown),
        cmocka_unit_test(a_range_of_one_value_is_widened),
        cmocka_unit_test(the_whole_range_of_doubles_fits_on_an_axis),
        cmocka_unit_test(a_range_leaves_out_what_cannot_be_drawn),
        cmocka_unit_test(a_line_with_a_pole_does_not_flatten_the_points),
        cmocka_unit_test(given_limits_and_symmetry_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
