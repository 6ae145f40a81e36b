/* Every allocation of ours fails once, while a figure is built, drawn as text and written as a file. */
#include "harness/harness.h"

#include <quern/plot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* fontconfig, which cairo asks for fonts, keeps some memory until the process ends. Read by the leak sanitizer. */
QN_API const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}

enum {
    N = 3000
};

typedef struct request {
    double x[N], y[N];
    char path[64]; /* "": as text */
} request;

static bool swallow(void *user, const char *bytes, int64_t size)
{
    (void)user;
    (void)bytes;
    (void)size;
    return true;
}

static qn_status add(qn_plot *plot, const request *r, qn_plot_kind kind, int64_t panel)
{
    qn_plot_series s;
    qn_plot_series_init(&s, sizeof s);
    s.kind = kind, s.panel = panel, s.n = N, s.x = r->x, s.y = r->y, s.y2 = r->x, s.label = "label";
    return qn_plot_add(plot, &s, NULL);
}

static qn_status call(const qn_allocator *allocator, void *user)
{
    const request *r = user;
    qn_plot *plot = NULL;
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.title = "title";
    options.x_label = "x";
    qn_status s = qn_plot_new(&plot, &options, NULL);
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.label = "y";
    panel.note = "a\tnote";
    for (int i = 0; s == QN_OK && i < 2; i++)
        s = qn_plot_add_panel(plot, &panel, NULL);
    for (int i = 0; s == QN_OK && i < 8; i++)
        s = add(plot, r, (qn_plot_kind)(i % 4), i / 4);
    if (s == QN_OK)
        s = r->path[0] != '\0' ? qn_plot_write(plot, r->path, NULL) : qn_plot_text(plot, NULL, swallow, NULL, NULL);
    qn_plot_free(plot);
    return s;
}

static request *fresh_request(void)
{
    request *r = calloc(1, sizeof *r);
    assert_non_null(r);
    for (int i = 0; i < N; i++) {
        r->x[i] = i;
        r->y[i] = sin(0.01 * i);
    }
    return r;
}

static void a_text_plot_gives_all_its_memory_back(void **state)
{
    (void)state;
    request *r = fresh_request();
    assert_true(test_fault_sweep(call, r, 200) > 15);
    free(r);
}

static void a_written_plot_gives_all_its_memory_back_and_leaves_no_file(void **state)
{
    (void)state;
    if (!qn_has("cairo"))
        skip();
    char folder[] = "/tmp/quern-plot-XXXXXX", command[100];
    assert_non_null(mkdtemp(folder));
    request *r = fresh_request();
    const char *const endings[] = {"svg", "png"};
    for (int i = 0; i < 2; i++) {
        snprintf(r->path, sizeof r->path, "%s/a.%s", folder, endings[i]);
        assert_true(test_fault_sweep(call, r, 400) > 20);
        assert_int_equal(unlink(r->path), 0);
    }
    free(r);
    snprintf(command, sizeof command, "rmdir '%s'", folder);
    assert_int_equal(system(command), 0); /* empty: no half-written file stayed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_plot_gives_all_its_memory_back),
        cmocka_unit_test(a_written_plot_gives_all_its_memory_back_and_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
