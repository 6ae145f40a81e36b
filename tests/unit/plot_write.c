/* Figures as files: what cairo makes of them, and what becomes of the file when something is wrong. */
#include "harness/harness.h"

#include <quern/plot.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* fontconfig, which cairo asks for fonts, keeps some memory until the process ends. Read by the leak sanitizer. */
QN_API const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}

/* cairo passes memory from thread to thread by atomics that the thread sanitizer cannot see, as it was built without
 * it; so do the libraries below it. What we do between its calls is still watched. */
QN_API const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:libcairo.so\nrace:libfontconfig.so\nrace:libfreetype.so\nrace:libpixman-1.so\nrace:libpng16.so";
}

static qn_plot_options usual(void)
{
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    return options;
}

static char folder[] = "/tmp/quern-plot-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static char *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *bytes = calloc(1, 8 << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (8 << 20) - 1, f);
    fclose(f);
    return bytes;
}

static qn_plot *fresh(const char *title, const char *note, qn_plot_options options)
{
    qn_error err;
    qn_plot *plot;
    options.title = title;
    options.x_label = "x";
    assert_ok(qn_plot_new(&plot, &options, &err), &err);
    for (int i = 0; i < 2; i++) {
        qn_plot_panel panel;
        qn_plot_panel_init(&panel, sizeof panel);
        panel.label = i == 0 ? "y" : "residual";
        panel.height = i == 0 ? 3 : 1;
        panel.symmetric = i == 1;
        panel.note = i == 0 ? note : NULL;
        assert_ok(qn_plot_add_panel(plot, &panel, &err), &err);
    }
    return plot;
}

static void add(qn_plot *plot, qn_plot_kind kind, int64_t panel, int64_t n, const double *x, const double *y)
{
    qn_error err;
    qn_plot_series s;
    qn_plot_series_init(&s, sizeof s);
    s.kind = kind, s.panel = panel, s.n = n, s.x = x, s.y = y, s.y2 = x;
    s.label = kind == QN_PLOT_LEVEL ? NULL : "a & b <c>";
    assert_ok(qn_plot_add(plot, &s, &err), &err);
}

static qn_plot *small_plot(void)
{
    static const double x[] = {1, 2, 3, 4}, y[] = {1, 4, 9, 16};
    qn_plot *plot = fresh("y = a * x^2", "a\t1.000\n", usual());
    add(plot, QN_PLOT_POINTS, 0, 4, x, y);
    add(plot, QN_PLOT_LINE, 0, 4, x, y);
    add(plot, QN_PLOT_BAND, 0, 4, x, y);
    add(plot, QN_PLOT_POINTS, 1, 4, x, y);
    add(plot, QN_PLOT_LEVEL, 1, 0, NULL, NULL);
    return plot;
}

static void write_ok(const qn_plot *plot, const char *name)
{
    qn_error err;
    assert_ok(qn_plot_write(plot, path_of(name), &err), &err);
}

/* Tags nest, attributes are quoted, no bare ampersand. Enough of XML for what cairo writes. */
static void check_xml(const char *text)
{
    const char *open[64];
    int depth = 0, elements = 0;
    for (const char *c = text; *c != '\0';) {
        if (*c != '<') {
            assert_true(*c != '>' && (*c != '&' || strchr(c, ';') != NULL));
            c++;
            continue;
        }
        const char *end = c + 1;
        for (char quote = '\0'; *end != '>' || quote != '\0'; end++) {
            assert_true(*end != '\0' && *end != '<');
            if (*end == '"')
                quote = quote == '\0' ? '"' : '\0';
        }
        if (c[1] == '/') {
            size_t size = (size_t)(end - c - 2);
            assert_true(depth > 0);
            depth--;
            assert_memory_equal(open[depth], c + 2, size);
            assert_non_null(strchr(" >", open[depth][size]));
        } else if (c[1] != '?' && end[-1] != '/') {
            assert_true(depth < 64);
            open[depth++] = c + 1;
            elements++;
        }
        c = end + 1;
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 5);
}

static void an_svg_is_well_formed_and_as_large_as_asked(void **state)
{
    (void)state;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.width = 500;
    options.height = 300;
    qn_plot *plot = fresh("<&>\" \xff\xc3 \u03c3 \x01", "a\tb\tc\td\te\tf\tg\th\ti\tj\n\n\nx", options);
    write_ok(plot, "a.SVG");
    size_t size;
    char *text = read_file(path_of("a.SVG"), &size);
    check_xml(text);
    assert_contains(text, "width=\"500px\" height=\"300px\"");
    free(text);
    qn_plot_free(plot);
}

static uint32_t big_endian(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void a_png_has_the_asked_size_times_its_scale(void **state)
{
    (void)state;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.width = 321;
    options.height = 200;
    for (int scale = 1; scale <= 2; scale++) {
        options.png_scale = scale;
        qn_plot *plot = fresh("t", NULL, options);
        write_ok(plot, "a.png");
        size_t size;
        char *bytes = read_file(path_of("a.png"), &size);
        assert_true(size > 1000);
        assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
        assert_memory_equal(bytes + 12, "IHDR", 4);
        assert_int_equal(big_endian(bytes + 16), 321 * scale);
        assert_int_equal(big_endian(bytes + 20), 200 * scale);
        assert_memory_equal(bytes + size - 8, "IEND", 4);
        free(bytes);
        qn_plot_free(plot);
    }
}

static void the_same_figure_gives_the_same_bytes(void **state)
{
    (void)state;
    const char *const names[][2] = {{"1.svg", "2.svg"}, {"1.png", "2.png"}};
    for (int i = 0; i < 2; i++) {
        char *bytes[2];
        size_t sizes[2];
        for (int k = 0; k < 2; k++) {
            qn_plot *plot = small_plot();
            write_ok(plot, names[i][k]);
            bytes[k] = read_file(path_of(names[i][k]), &sizes[k]);
            qn_plot_free(plot);
        }
        assert_int_equal(sizes[0], sizes[1]);
        assert_memory_equal(bytes[0], bytes[1], sizes[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
}

static void *ask(void *user)
{
    *(bool *)user = qn_has("cairo");
    return NULL;
}

static void threads_that_open_cairo_at_once_agree(void **state)
{
    (void)state;
    pthread_t threads[4];
    bool answers[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &answers[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 1; i < 4; i++)
        assert_int_equal(answers[i], answers[0]);
}

static void *draw_again(void *user)
{
    char path[300];
    snprintf(path, sizeof path, "%s/thread%d.svg", folder, *(const int *)user);
    qn_error err;
    qn_plot *plot = small_plot();
    for (int i = 0; i < 5; i++)
        if (qn_plot_write(plot, path, &err) != QN_OK)
            break;
    qn_plot_free(plot);
    return NULL;
}

static void threads_draw_their_own_figures_at_once(void **state)
{
    (void)state;
    pthread_t threads[3];
    int ids[3] = {0, 1, 2};
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_again, &ids[i]), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    size_t sizes[3];
    char *bytes[3];
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "thread%d.svg", i);
        bytes[i] = read_file(path_of(name), &sizes[i]);
        assert_int_equal(sizes[i], sizes[0]);
        assert_memory_equal(bytes[i], bytes[0], sizes[0]);
    }
    for (int i = 0; i < 3; i++)
        free(bytes[i]);
}

static void a_million_points_make_an_svg_below_one_megabyte(void **state)
{
    (void)state;
    test_not_short();
    enum {
        N = 1000000
    };
    uint64_t seed = test_seed(31);
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    assert_true(x != NULL && y != NULL);
    for (int i = 0; i < N; i++) {
        x[i] = test_random_unit(&seed);
        y[i] = test_random_unit(&seed);
    }
    qn_plot *plot = fresh("many", "n\t1000000", usual());
    add(plot, QN_PLOT_POINTS, 0, N, x, y);
    add(plot, QN_PLOT_POINTS, 1, N, x, y);
    write_ok(plot, "many.svg");
    struct stat st;
    assert_int_equal(stat(path_of("many.svg"), &st), 0);
    assert_in_range(st.st_size, 200000, 999999);
    qn_plot_free(plot);
    plot = fresh("a scribble", NULL, usual());
    add(plot, QN_PLOT_LINE, 0, N, x, y);
    write_ok(plot, "scribble.svg");
    assert_int_equal(stat(path_of("scribble.svg"), &st), 0);
    assert_in_range(st.st_size, 100000, 999999);
    qn_plot_free(plot);
    free(x);
    free(y);
}

static void data_that_are_hardly_data_still_make_a_figure(void **state)
{
    (void)state;
    const double nothing[] = {NAN, INFINITY, -INFINITY}, same[] = {5, 5, 5}, huge[] = {-1.7e308, 0, 1.7e308},
                 tiny[] = {5e-324, 0, -5e-324};
    const double *const all[] = {nothing, same, huge, tiny};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++) {
            for (int64_t n = 0; n <= 3; n += 3) {
                qn_plot_options options;
                qn_plot_options_init(&options, sizeof options);
                options.width = 160, options.height = 120, options.font_size = 30; /* hardly a page either */
                options.x_scale = (i + k) % 2 == 0 ? QN_PLOT_LINEAR : QN_PLOT_LOG;
                qn_plot *plot = fresh(n == 0 ? NULL : "title",
                                      "a note that is\tmuch\twider than this page\n1\n2\n3\n4\n5\n6", options);
                for (int kind = QN_PLOT_POINTS; kind <= QN_PLOT_LEVEL; kind++)
                    add(plot, (qn_plot_kind)kind, kind % 2, n, all[i], all[k]);
                write_ok(plot, "hardly.svg");
                qn_plot_free(plot);
            }
        }
    }
}

static void an_unknown_ending_names_the_two_known_ones(void **state)
{
    (void)state;
    qn_plot *plot = small_plot();
    const char *const bad[] = {"a.pdf", "svg", ".svg", "a.svg.gz", "a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        qn_error err;
        assert_int_equal(qn_plot_write(plot, path_of(bad[i]), &err), QN_INVALID);
        assert_contains(err.message, ".svg or .png");
        assert_contains(err.message, bad[i]);
    }
    qn_plot_free(plot);
}

static void a_place_that_cannot_be_written_is_named_and_nothing_stays_there(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot = small_plot();
    assert_int_equal(qn_plot_write(plot, "/nonexistent/x.svg", &err), QN_CREATE);
    assert_contains(err.message, "/nonexistent/x.svg");
    char full[300];
    snprintf(full, sizeof full, "%s/full.svg", folder);
    assert_int_equal(symlink("/dev/full", full), 0);
    assert_int_equal(qn_plot_write(plot, full, &err), QN_IO);
    assert_int_equal(err.native, ENOSPC);
    assert_int_equal(unlink(full), 0);
    qn_plot_free(plot);
}

static void a_failed_picture_leaves_the_old_file_whole(void **state)
{
    (void)state;
    FILE *f = fopen(path_of("old.png"), "wb");
    assert_non_null(f);
    fputs("old", f);
    fclose(f);
    qn_error err;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.width = options.height = 8192;
    options.png_scale = 8;
    qn_plot *plot = fresh("too large", NULL, options);
    assert_int_equal(qn_plot_write(plot, path_of("old.png"), &err), QN_INVALID);
    assert_contains(err.message, "too large");
    size_t size;
    char *bytes = read_file(path_of("old.png"), &size);
    assert_string_equal(bytes, "old");
    free(bytes);
    qn_plot_free(plot);
}

static void without_cairo_it_says_what_to_install(void **state)
{
    (void)state;
    qn_error err;
    qn_plot *plot = small_plot();
    assert_int_equal(qn_plot_write(plot, path_of("none.svg"), &err), QN_UNAVAILABLE);
    assert_contains(err.message, "libcairo2");
    assert_int_equal(access(path_of("none.svg"), F_OK), -1);
    qn_plot_free(plot);
}

static void an_unknown_part_is_not_there(void **state)
{
    (void)state;
    assert_false(qn_has("gnuplot"));
    assert_false(qn_has(NULL));
}

int main(void)
{
    const struct CMUnitTest first[] = {cmocka_unit_test(threads_that_open_cairo_at_once_agree)};
    const struct CMUnitTest with[] = {
        cmocka_unit_test(threads_draw_their_own_figures_at_once),
        cmocka_unit_test(an_svg_is_well_formed_and_as_large_as_asked),
        cmocka_unit_test(a_png_has_the_asked_size_times_its_scale),
        cmocka_unit_test(the_same_figure_gives_the_same_bytes),
        cmocka_unit_test(a_million_points_make_an_svg_below_one_megabyte),
        cmocka_unit_test(data_that_are_hardly_data_still_make_a_figure),
        cmocka_unit_test(an_unknown_ending_names_the_two_known_ones),
        cmocka_unit_test(a_place_that_cannot_be_written_is_named_and_nothing_stays_there),
        cmocka_unit_test(a_failed_picture_leaves_the_old_file_whole),
        cmocka_unit_test(an_unknown_part_is_not_there),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test(without_cairo_it_says_what_to_install),
        cmocka_unit_test(an_unknown_ending_names_the_two_known_ones),
        cmocka_unit_test(an_unknown_part_is_not_there),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(first, NULL, NULL);
    failed += qn_has("cairo") ? cmocka_run_group_tests(with, NULL, NULL) : cmocka_run_group_tests(without, NULL, NULL);
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0 ? 1 : failed;
}
