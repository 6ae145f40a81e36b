/* bench/model.c: how much slower is a formula known only at run time than the same formula written in C? Both call the
 * same libm; the C loops are compiled with the flags that are printed (-O3 in a release build). Also: how long from a
 * formula's text to its first value. */
#include "bench/common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

static const char formula[] = "y = a*exp(-b*x)+c";
static const char *const columns[] = {"x", "y"};
enum {
    PARAMETERS = 3,
    ROWS_MAX = 1 << 20
};

typedef struct work {
    qn_model *model;
    qn_model_workspace *workspace;
    const double *data[2]; /* by the model's columns: y, x */
    const double *x;
    int64_t rows;
    double parameters[PARAMETERS];
    double *value;    /* (rows) */
    double *jacobian; /* (PARAMETERS, rows) */
} work;

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    fprintf(stderr, "bench_model: %s\n", err->message);
    exit(1);
}

static double *must_doubles(int64_t count)
{
    double *block = calloc((size_t)count, sizeof *block);
    if (block == NULL)
        exit(1);
    return block;
}

static qn_model *must_model(void)
{
    qn_error err;
    qn_model *model;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    must(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

static void ours_value(void *user)
{
    work *w = user;
    qn_model_eval(w->model, w->workspace, w->data, 0, w->rows, w->parameters, w->value, NULL, 0);
    bench_keep(w->value);
}

static void ours_full(void *user)
{
    work *w = user;
    qn_model_eval(w->model, w->workspace, w->data, 0, w->rows, w->parameters, w->value, w->jacobian, w->rows);
    bench_keep(w->jacobian);
}

__attribute__((noinline)) static void plain_value_loop(int64_t n, const double *restrict x, double a, double b,
                                                       double c, double *restrict value)
{
    for (int64_t i = 0; i < n; i++)
        value[i] = a * exp(-b * x[i]) + c;
}

__attribute__((noinline)) static void plain_full_loop(int64_t n, const double *restrict x, double a, double b, double c,
                                                      double *restrict value, double *restrict da, double *restrict db,
                                                      double *restrict dc)
{
    for (int64_t i = 0; i < n; i++) {
        double e = exp(-b * x[i]);
        value[i] = a * e + c;
        da[i] = e;
        db[i] = -a * e * x[i];
        dc[i] = 1;
    }
}

static void plain_value(void *user)
{
    work *w = user;
    plain_value_loop(w->rows, w->x, w->parameters[0], w->parameters[1], w->parameters[2], w->value);
    bench_keep(w->value);
}

static void plain_full(void *user)
{
    work *w = user;
    plain_full_loop(w->rows, w->x, w->parameters[0], w->parameters[1], w->parameters[2], w->value, w->jacobian,
                    w->jacobian + w->rows, w->jacobian + 2 * w->rows);
    bench_keep(w->jacobian);
}

static void text_to_value(void *user)
{
    work *w = user;
    qn_error err;
    qn_model *model = must_model();
    qn_model_workspace *workspace;
    must(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    qn_model_eval(model, workspace, w->data, 0, 1, w->parameters, w->value, w->jacobian, 1);
    bench_keep(w->value);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "model", argc, argv);
    double *x = must_doubles(ROWS_MAX), *y = must_doubles(ROWS_MAX);
    for (int64_t i = 0; i < ROWS_MAX; i++)
        x[i] = 3.0 * (double)i / ROWS_MAX;
    qn_error err;
    work w = {.model = must_model(), .x = x, .data = {y, x}, .parameters = {2.5, 1.3, 0.5}};
    must(qn_model_workspace_new(&w.workspace, w.model, NULL, &err), &err);
    w.value = must_doubles(ROWS_MAX);
    w.jacobian = must_doubles((int64_t)PARAMETERS * ROWS_MAX);
    static const struct {
        int64_t rows;
        const char *value_case, *full_case;
    } sizes[] = {{1000, "value, 1000 rows", "value+jacobian, 1000 rows"},
                 {1000000, "value, 1M rows", "value+jacobian, 1M rows"}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        w.rows = sizes[i].rows;
        bench_compare(&b, sizes[i].value_case, (bench_side){"quern", ours_value, &w},
                      (bench_side){"C", plain_value, &w}, (double)w.rows, "rows");
        bench_compare(&b, sizes[i].full_case, (bench_side){"quern", ours_full, &w}, (bench_side){"C", plain_full, &w},
                      (double)w.rows, "rows");
    }
    bench_measure(&b, "text to first value", (bench_side){"quern", text_to_value, &w}, 0, NULL);
    qn_model_workspace_free(w.workspace);
    qn_model_unref(w.model);
    free(x);
    free(y);
    free(w.value);
    free(w.jacobian);
    return bench_end(&b);
}
