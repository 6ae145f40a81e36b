/* Figures as text: what stands where, in characters that can be counted. */
#include "harness/harness.h"

#include <quern/plot.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct sink {
    char text[200000];
    int64_t size, lines;
    int64_t refuse_at; /* the line that is refused, from 1; 0: none */
} sink;

static bool take(void *user, const char *bytes, int64_t size)
{
    sink *s = user;
    s->lines++;
    assert_true(size > 0 && bytes[size - 1] == '\n');
    if (s->lines == s->refuse_at)
        return false;
    assert_true(s->size + size < (int64_t)sizeof s->text);
    memcpy(s->text + s->size, bytes, (size_t)size);
    s->size += size;
    s->text[s->size] = '\0';
    return true;
}

static sink *fresh_sink(void)
{
    sink *s = calloc(1, sizeof *s);
    assert_non_null(s);
    return s;
}

static qn_plot *plot_with(qn_plot_kind kind, const double *x, const double *y, int64_t n, qn_plot_scale scale)
{
    qn_error err;
    qn_plot *plot;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.title = "A title";
    options.x_label = "time";
    options.x_scale = scale;
    assert_ok(qn_plot_new(&plot, &options, &err), &err);
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.label = "height";
    panel.scale = scale;
    assert_ok(qn_plot_add_panel(plot, &panel, &err), &err);
    qn_plot_series s;
    qn_plot_series_init(&s, sizeof s);
    s.kind = kind, s.label = "series", s.n = n, s.x = x, s.y = y, s.y2 = y;
    assert_ok(qn_plot_add(plot, &s, &err), &err);
    return plot;
}

static qn_plot_text_options of_size(int64_t width, int64_t height, bool ascii)
{
    qn_plot_text_options o;
    qn_plot_text_options_init(&o, sizeof o);
    o.width = width;
    o.height = height;
    o.ascii = ascii;
    return o;
}

static void a_diagonal_runs_from_corner_to_corner(void **state)
{
    (void)state;
    const double x[] = {0, 1}, y[] = {0, 1};
    qn_plot *plot = plot_with(QN_PLOT_POINTS, x, y, 2, QN_PLOT_LINEAR);
    sink *s = fresh_sink();
    qn_error err;
    qn_plot_text_options o = of_size(30, 12, true);
    assert_ok(qn_plot_text(plot, &o, take, s, &err), &err);
    assert_string_equal(s->text, "A title\n"
                                 " height               o series\n"
                                 "1.0 +                        o\n"
                                 "    |\n"
                                 "    |\n"
                                 "0.5 +\n"
                                 "    |\n"
                                 "    |\n"
                                 "0.0 +o\n"
                                 "    ++-----------+-----------+\n"
                                 "    0.0         0.5        1.0\n"
                                 "               time\n");
    free(s);
    qn_plot_free(plot);
}

static int64_t columns_of(const char *line, int64_t size)
{
    int64_t columns = 0;
    for (int64_t i = 0; i < size; i++)
        columns += ((unsigned char)line[i] & 0xC0u) != 0x80u;
    return columns;
}

static void every_line_fits_and_all_are_there(void **state)
{
    (void)state;
    const double x[] = {-1e6, 0.5, 3e6}, y[] = {1e-9, 2e-9, -7e-9};
    qn_plot *plot = plot_with(QN_PLOT_LINE, x, y, 3, QN_PLOT_LINEAR);
    for (int64_t width = 20; width <= 400; width += 19) {
        for (int64_t height = 8; height <= 200; height += 32) {
            for (int ascii = 0; ascii < 2; ascii++) {
                sink *s = fresh_sink();
                qn_error err;
                qn_plot_text_options o = of_size(width, height, ascii);
                assert_ok(qn_plot_text(plot, &o, take, s, &err), &err);
                assert_int_equal(s->lines, height);
                for (char *line = s->text; *line != '\0';) {
                    char *end = strchr(line, '\n');
                    assert_true(columns_of(line, end - line) <= width);
                    line = end + 1;
                }
                for (int64_t i = 0; ascii && i < s->size; i++)
                    assert_in_range(s->text[i], 10, 126);
                free(s);
            }
        }
    }
    qn_plot_free(plot);
}

static void braille_dots_join_a_line(void **state)
{
    (void)state;
    const double x[] = {0, 1}, y[] = {1, 1};
    qn_plot *plot = plot_with(QN_PLOT_LINE, x, y, 2, QN_PLOT_LINEAR);
    sink *s = fresh_sink();
    qn_error err;
    qn_plot_text_options o = of_size(40, 12, false);
    assert_ok(qn_plot_text(plot, &o, take, s, &err), &err);
    int dots = 0;
    for (const char *c = s->text; (c = strstr(c, "\xE2\xA0")) != NULL; c++)
        dots++;
    for (const char *c = s->text; (c = strstr(c, "\xE2\xA1")) != NULL; c++)
        dots++;
    for (const char *c = s->text; (c = strstr(c, "\xE2\xA3")) != NULL; c++)
        dots++;
    assert_in_range(dots, 33, 37); /* one character for each column beside the axis */
    free(s);
    qn_plot_free(plot);
}

static void colour_is_switched_off_at_the_end_of_each_line(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2}, y[] = {0, 1, 0};
    qn_plot *plot = plot_with(QN_PLOT_LINE, x, y, 3, QN_PLOT_LINEAR);
    sink *s = fresh_sink();
    qn_error err;
    qn_plot_text_options o = of_size(60, 16, false);
    o.colour = true;
    assert_ok(qn_plot_text(plot, &o, take, s, &err), &err);
    assert_contains(s->text, "\x1b[1mA title\x1b[0m\n");
    for (char *line = strtok(s->text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *last = NULL;
        for (const char *c = line; (c = strchr(c, '\x1b')) != NULL; c++)
            last = c;
        if (last != NULL)
            assert_memory_equal(last, "\x1b[0m", 4);
    }
    free(s);
    qn_plot_free(plot);
}

static void data_that_are_hardly_data_still_make_a_figure(void **state)
{
    (void)state;
    const double nothing[] = {NAN, INFINITY, -INFINITY}, same[] = {5, 5, 5}, huge[] = {-1.7e308, 0, 1.7e308},
                 tiny[] = {5e-324, 0, -5e-324};
    const double negative[] = {-1, 0, -2};
    const double *const all[] = {nothing, same, huge, tiny, negative};
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 5; k++) {
            for (int64_t n = 0; n <= 3; n++) {
                for (int kind = QN_PLOT_POINTS; kind <= QN_PLOT_BAND; kind++) {
                    qn_plot *plot =
                        plot_with((qn_plot_kind)kind, all[i], all[k], n, n % 2 == 0 ? QN_PLOT_LINEAR : QN_PLOT_LOG);
                    sink *s = fresh_sink();
                    qn_error err;
                    assert_ok(qn_plot_text(plot, NULL, take, s, &err), &err);
                    assert_int_equal(s->lines, 24);
                    free(s);
                    qn_plot_free(plot);
                }
            }
        }
    }
}

static void panels_share_the_page_by_their_heights(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot;
    assert_ok(qn_plot_new(&plot, NULL, &err), &err);
    const double x[] = {0, 1}, y[] = {0, 1};
    for (int i = 0; i < 2; i++) {
        qn_plot_panel panel;
        qn_plot_panel_init(&panel, sizeof panel);
        panel.label = i == 0 ? "upper" : "lower";
        panel.height = i == 0 ? 3 : 1;
        assert_ok(qn_plot_add_panel(plot, &panel, &err), &err);
        qn_plot_series s;
        qn_plot_series_init(&s, sizeof s);
        s.panel = i, s.n = 2, s.x = x, s.y = y;
        assert_ok(qn_plot_add(plot, &s, &err), &err);
    }
    sink *s = fresh_sink();
    qn_plot_text_options o = of_size(60, 25, true);
    assert_ok(qn_plot_text(plot, &o, take, s, &err), &err);
    int64_t upper = 0, lower = 0, *rows = &upper;
    for (char *line = strtok(s->text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strstr(line, "lower") != NULL)
            rows = &lower;
        *rows += strchr(line, '|') != NULL || (strchr(line, '+') != NULL && strchr(line, '-') == NULL);
    }
    assert_int_equal(upper + lower, 20); /* without two labels, the x axis, its ticks and its label */
    assert_in_range(upper, 13, 15);
    free(s);
    qn_plot_free(plot);
}

static void foreign_characters_become_plain_in_ascii(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.title = "\u03c3\u00b2 \xff of\nit\x1b[31m";
    assert_ok(qn_plot_new(&plot, &options, &err), &err);
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    assert_ok(qn_plot_add_panel(plot, &panel, &err), &err);
    sink *s = fresh_sink();
    qn_plot_text_options o = of_size(60, 10, true);
    assert_ok(qn_plot_text(plot, &o, take, s, &err), &err);
    assert_contains(s->text, "?2 ? of it [31m\n");
    s->size = 0;
    o.ascii = false;
    assert_ok(qn_plot_text(plot, &o, take, s, &err), &err);
    assert_contains(s->text, "\u03c3\u00b2 \ufffd of it [31m\n"); /* no control character gets through */
    free(s);
    qn_plot_free(plot);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot;
    sink *s = fresh_sink();
    assert_ok(qn_plot_new(&plot, NULL, &err), &err);
    assert_int_equal(qn_plot_text(plot, NULL, take, s, &err), QN_INVALID);
    assert_contains(err.message, "without panels");
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    assert_ok(qn_plot_add_panel(plot, &panel, &err), &err);
    qn_plot_text_options o = of_size(19, 20, false);
    assert_int_equal(qn_plot_text(plot, &o, take, s, &err), QN_INVALID);
    assert_contains(err.message, "20 to 400 columns");
    o = of_size(60, 201, false);
    assert_int_equal(qn_plot_text(plot, &o, take, s, &err), QN_INVALID);
    assert_contains(err.message, "8 to 200 lines");
    o = of_size(60, 20, false);
    o.size = 3;
    assert_int_equal(qn_plot_text(plot, &o, take, s, &err), QN_INVALID);
    assert_int_equal(s->lines, 0);
    s->refuse_at = 3;
    assert_int_equal(qn_plot_text(plot, NULL, take, s, &err), QN_IO);
    assert_int_equal(s->lines, 3);
    free(s);
    qn_plot_free(plot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_diagonal_runs_from_corner_to_corner),
        cmocka_unit_test(every_line_fits_and_all_are_there),
        cmocka_unit_test(braille_dots_join_a_line),
        cmocka_unit_test(colour_is_switched_off_at_the_end_of_each_line),
        cmocka_unit_test(data_that_are_hardly_data_still_make_a_figure),
        cmocka_unit_test(panels_share_the_page_by_their_heights),
        cmocka_unit_test(foreign_characters_become_plain_in_ascii),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
