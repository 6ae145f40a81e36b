/* bench/fit_scaling.c: how do time and memory of a fit grow with points and with parameters?
 *
 * points: a*exp(-k*x) + c from 100 to a million rows. parameters: a line and peaks, 2 to 101 parameters on 10,000 rows.
 * Both from a formula, to the noise floor, one thread. A line tells the time of a fit; below it stand the evaluations,
 * the time of one by row, and the most memory that a fit held at a time beyond the formula and the table. */
#include "bench/common.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <quern/fit.h>

enum {
    ROWS_MAX = 1000000,
    PEAKS_MAX = 33,
    P_MAX = 2 + 3 * PEAKS_MAX
};

typedef struct work {
    int64_t rows;
    int p;
    double *x, *y; /* (ROWS_MAX) */
    double start[P_MAX];
    qn_model *model;
    qn_table *table;
    int64_t evaluations, live, most; /* of the last fit; bytes */
} work;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_fit_scaling: %s\n", what);
    exit(1);
}

static double noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

static void open_work(work *w, const char *text)
{
    const char *const names[] = {"x", "y"};
    const double *const columns[] = {w->x, w->y};
    must(qn_table_from_f64(&w->table, names, columns, 2, w->rows, NULL, NULL) == QN_OK, "no table");
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    must(qn_model_new(&w->model, text, -1, &options, NULL) == QN_OK, "no model");
    must(qn_model_parameter_count(w->model) == w->p, "the formula has other parameters");
}

static void make_decay(work *w, int64_t rows)
{
    static const double start[] = {1, 0.2, 0};
    uint64_t state = 1;
    w->rows = rows;
    w->p = 3;
    memcpy(w->start, start, sizeof start);
    for (int64_t i = 0; i < rows; i++) {
        w->x[i] = 10.0 * (double)i / (double)rows;
        w->y[i] = 2.5 * exp(-0.7 * w->x[i]) + 0.4 + 0.1 * noise(&state);
    }
    open_work(w, "y = a*exp(-k*x) + c");
}

static void make_peaks(work *w, int64_t rows, int peaks)
{
    char text[4096];
    uint64_t state = 1;
    size_t used = (size_t)snprintf(text, sizeof text, "y = b0 + b1*x");
    w->rows = rows;
    w->p = 2 + 3 * peaks;
    w->start[0] = w->start[1] = 0;
    for (int64_t i = 0; i < rows; i++) {
        w->x[i] = 0.6 * (double)(peaks + 1) * (double)i / (double)rows;
        w->y[i] = 0.3 + 0.02 * w->x[i] + 0.1 * noise(&state);
    }
    for (int k = 0; k < peaks; k++) {
        double a = 1 + 0.1 * (k % 5), m = 0.6 * (k + 1), s = 0.15 + 0.01 * (k % 3);
        used += (size_t)snprintf(text + used, sizeof text - used, " + a%d*exp(-0.5*((x - m%d)/s%d)^2)", k, k, k);
        w->start[2 + 3 * k] = 1;
        w->start[3 + 3 * k] = m + 0.03;
        w->start[4 + 3 * k] = 0.18;
        for (int64_t i = 0; i < rows; i++)
            w->y[i] += a * exp(-0.5 * (w->x[i] - m) / s * (w->x[i] - m) / s);
    }
    open_work(w, text);
}

static void close_work(work *w)
{
    qn_model_unref(w->model);
    qn_table_free(w->table);
}

/* The default allocator, counted. */
static void *count(void *user, void *block, int64_t old_size, int64_t new_size)
{
    work *w = user;
    const qn_allocator *inner = qn_allocator_default();
    void *result = inner->resize(inner->user, block, old_size, new_size);
    if (result != NULL || new_size == 0)
        w->live += new_size - old_size;
    w->most = w->live > w->most ? w->live : w->most;
    return result;
}

static void fit_with(work *w, const qn_allocator *allocator)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = w->start;
    options.allocator = allocator;
    qn_fit_result *result;
    must(qn_fit_table(&result, w->model, w->table, &options, NULL) == QN_OK, "a fit failed");
    must(result->status == QN_FIT_CONVERGED, "a fit did not converge");
    w->evaluations = result->evaluations;
    qn_fit_result_free(result);
}

static void fit(void *user)
{
    fit_with(user, NULL);
}

static void measure(bench *b, const char *name, work *w)
{
    bench_figure time =
        bench_measure(b, name, (bench_side){.name = "quern", .call = fit, .user = w}, (double)w->rows, "rows");
    const qn_allocator counted = {.resize = count, .user = w};
    w->live = w->most = 0;
    fit_with(w, &counted);
    must(w->live == 0, "memory was left");
    printf("%-28s %-14s %" PRId64 " evaluations, %.2f ns an evaluation and row; %.1f KiB\n", name, "", w->evaluations,
           1e9 * time.median / (double)w->evaluations / (double)w->rows, (double)w->most / 1024);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "fit_scaling", argc, argv);
    static work w;
    w.x = malloc(ROWS_MAX * sizeof *w.x);
    w.y = malloc(ROWS_MAX * sizeof *w.y);
    must(w.x != NULL && w.y != NULL, "no memory");
    char name[64];
    for (int64_t rows = 100; rows <= (b.quick ? 10000 : ROWS_MAX); rows *= 10) {
        make_decay(&w, rows);
        snprintf(name, sizeof name, "%" PRId64 " points", rows);
        measure(&b, name, &w);
        close_work(&w);
    }
    static const int peaks[] = {0, 1, 3, 6, 16, 33};
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++) {
        make_peaks(&w, b.quick ? 1000 : 10000, peaks[i]);
        snprintf(name, sizeof name, "%d parameters", w.p);
        measure(&b, name, &w);
        close_work(&w);
    }
    free(w.x);
    free(w.y);
    return bench_end(&b);
}
