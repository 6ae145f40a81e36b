/* What the building of a figure refuses, and that a refusal changes nothing. */
#include "harness/harness.h"

#include "plot/plot_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void refuse_options(qn_plot_options options, const char *piece)
{
    qn_plot *plot = (qn_plot *)&options;
    qn_error err;
    assert_int_equal(qn_plot_new(&plot, &options, &err), QN_INVALID);
    assert_null(plot);
    assert_contains(err.message, piece);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    qn_plot_options usual;
    qn_plot_options_init(&usual, sizeof usual);
    qn_plot_options o = usual;
    o.width = 100;
    refuse_options(o, "the width of a plot must be between 160 and 8192");
    o = usual, o.height = NAN;
    refuse_options(o, "height");
    o = usual, o.font_size = -1;
    refuse_options(o, "font size");
    o = usual, o.png_scale = 9;
    refuse_options(o, "PNG scale");
    o = usual, o.x_min = 2, o.x_max = 1;
    refuse_options(o, "limits of a plot's x axis");
    o = usual, o.x_min = -INFINITY, o.x_max = 1;
    refuse_options(o, "finite");
    o = usual, o.x_min = -1, o.x_max = 1, o.x_scale = QN_PLOT_LOG;
    refuse_options(o, "positive");
    o = usual, o.x_scale = (qn_plot_scale)7;
    refuse_options(o, "neither linear nor logarithmic");
    o = usual, o.size = 0;
    refuse_options(o, "qn_plot_options_init()");
}

static void an_older_callers_shorter_options_are_understood(void **state)
{
    (void)state;
    qn_plot_options o;
    qn_plot_options_init(&o, sizeof o);
    o.width = 300;
    o.title = "not known to that caller";
    o.size = (int64_t)(2 * sizeof(int64_t)); /* size and width */
    qn_error err;
    qn_plot *plot;
    assert_ok(qn_plot_new(&plot, &o, &err), &err);
    assert_close(plot->width, 300, 0, 0);
    assert_close(plot->height, 560, 0, 0);
    assert_null(plot->title);
    qn_plot_free(plot);
}

static void refuse_panel(qn_plot *plot, qn_plot_panel panel, const char *piece)
{
    qn_error err;
    assert_int_equal(qn_plot_add_panel(plot, &panel, &err), QN_INVALID);
    assert_contains(err.message, piece);
    assert_int_equal(plot->panel_count, 0);
}

static void panels_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot;
    assert_ok(qn_plot_new(&plot, NULL, &err), &err);
    qn_plot_panel usual;
    qn_plot_panel_init(&usual, sizeof usual);
    qn_plot_panel p = usual;
    p.height = -1;
    refuse_panel(plot, p, "relative height");
    p = usual, p.symmetric = true, p.scale = QN_PLOT_LOG;
    refuse_panel(plot, p, "no zero");
    p = usual, p.min = 1, p.max = -1;
    refuse_panel(plot, p, "y axis");
    p = usual, p.size = 1;
    refuse_panel(plot, p, ".size is");
    for (int i = 0; i < QNI_PLOT_PANELS; i++)
        assert_ok(qn_plot_add_panel(plot, &usual, &err), &err);
    assert_int_equal(qn_plot_add_panel(plot, &usual, &err), QN_LIMIT);
    qn_plot_free(plot);
}

static void refuse_series(qn_plot *plot, qn_plot_series series, const char *piece)
{
    qn_error err;
    assert_int_equal(qn_plot_add(plot, &series, &err), QN_INVALID);
    assert_contains(err.message, piece);
    assert_int_equal(plot->series_count, 0);
}

static void series_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot;
    const double x[] = {1};
    assert_ok(qn_plot_new(&plot, NULL, &err), &err);
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    assert_ok(qn_plot_add_panel(plot, &panel, &err), &err);
    qn_plot_series usual;
    qn_plot_series_init(&usual, sizeof usual);
    qn_plot_series s = usual;
    s.panel = 1;
    refuse_series(plot, s, "names panel 1, but the plot has 1");
    s = usual, s.n = 1, s.x = x;
    refuse_series(plot, s, "lacks its x, y or y2");
    s = usual, s.n = 1, s.x = x, s.y = x, s.kind = QN_PLOT_BAND;
    refuse_series(plot, s, "lacks");
    s = usual, s.n = -1;
    refuse_series(plot, s, "-1 points");
    s = usual, s.kind = (qn_plot_kind)9;
    refuse_series(plot, s, "unknown kind 9");
    s = usual, s.colour = (qn_plot_colour)-1;
    refuse_series(plot, s, "unknown colour -1");
    s = usual, s.size = 0;
    refuse_series(plot, s, ".size is");
    qn_plot_free(plot);
}

static void colours_come_in_order_and_levels_are_grey(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot;
    assert_ok(qn_plot_new(&plot, NULL, &err), &err);
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    assert_ok(qn_plot_add_panel(plot, &panel, &err), &err);
    for (int i = 0; i < 8; i++) {
        qn_plot_series s;
        qn_plot_series_init(&s, sizeof s);
        s.kind = i == 1 ? QN_PLOT_LEVEL : QN_PLOT_LINE;
        assert_ok(qn_plot_add(plot, &s, &err), &err);
    }
    const int expected[] = {QN_PLOT_BLUE,   QN_PLOT_GREY,   QN_PLOT_VERMILION, QN_PLOT_GREEN,
                            QN_PLOT_PURPLE, QN_PLOT_ORANGE, QN_PLOT_SKY,       QN_PLOT_BLUE};
    for (int i = 0; i < 8; i++)
        assert_int_equal(plot->series[i].colour, expected[i]);
    qn_plot_free(plot);
}

static void a_long_title_is_cut_between_characters(void **state)
{
    (void)state;
    enum {
        N = 100000
    };
    char *title = malloc(2 * N + 1);
    assert_non_null(title);
    for (int i = 0; i < N; i++)
        memcpy(title + 2 * i, "\u00e9", 2);
    title[2 * N] = '\0';
    qn_error err;
    qn_plot *plot;
    qn_plot_options o;
    qn_plot_options_init(&o, sizeof o);
    o.title = title;
    assert_ok(qn_plot_new(&plot, &o, &err), &err);
    size_t size = strlen(plot->title);
    assert_in_range(size, QNI_PLOT_TEXT_SIZE - 4, QNI_PLOT_TEXT_SIZE + 3);
    assert_string_equal(plot->title + size - 5, "\u00e9\u2026");
    free(title);
    qn_plot_free(plot);
}

static void ill_formed_bytes_are_replaced_one_by_one(void **state)
{
    (void)state;
    /* overlong, surrogate, beyond the last plane, cut, lone continuation */
    char *copy = qni_plot_text_copy(NULL,
                                    "a\xC0\xAF"
                                    "b\xED\xA0\x80"
                                    "c\xF4\x90\x80\x80"
                                    "d\xE2\x82"
                                    "e\x80\xF0\x9F\x98\x80",
                                    400, false);
    assert_non_null(copy);
    const char *r = "\xEF\xBF\xBD";
    char expected[200] = "";
    const char *const pieces[] = {"a", r, r, "b", r, r, r, "c", r, r, r, r, "d", r, r, "e", r, "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        strcat(expected, pieces[i]);
    assert_string_equal(copy, expected);
    qn_allocator_default()->resize(qn_allocator_default()->user, copy, (int64_t)strlen(copy) + 1, 0);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    qn_plot_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(an_older_callers_shorter_options_are_understood),
        cmocka_unit_test(panels_that_cannot_be_are_refused),
        cmocka_unit_test(series_that_cannot_be_are_refused),
        cmocka_unit_test(colours_come_in_order_and_levels_are_grey),
        cmocka_unit_test(a_long_title_is_cut_between_characters),
        cmocka_unit_test(ill_formed_bytes_are_replaced_one_by_one),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
