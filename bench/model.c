/* bench/model.c: how long do the values and derivatives of a formula take that is known only at run time, beside the
 * same formula written by hand? Eight formulas, at 1000 rows (in the first caches) and at a million (in memory), beside
 *  - C with vector functions: plain loops that gcc vectorises with the C library's libmvec (model_libmvec.c);
 *  - SLEEF: AVX2 intrinsics (model_sleef.c);
 *  - NumPy and numexpr: processes of their own that take samples in turn with ours and time themselves, on arrays made
 *    beforehand (model_peers.py).
 * All compute the same on the same data, on one thread each; it is checked that they do. Also: how long from a
 * formula's text to its first value. */
#include "bench/common.h"
#include "bench/model_formulas.h"
#include "bench/python.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

#include "base/cpu.h"

enum {
    ROWS_MAX = 1000000,
    PYTHON_SAMPLES = 7 /* at most: NumPy takes ten times as long as the others */
};

static const struct {
    const char *name, *text;
    int parameter_count;
    double first, last, parameters[MODEL_PARAMETERS_MAX];
} formulas[MODEL_COUNT] = {
#define FORMULA(NAME, text, count, first, last, ...) [MODEL_##NAME] = {#NAME, text, count, first, last, {__VA_ARGS__}},
    MODEL_FORMULAS(FORMULA)};

static const char ten_terms[] =
    "y = a + b*x + c*x^2 + d*exp(-k*x) + e*sin(w*x) + f*cos(w*x) + g/(1 + x) + h*log(1 + x) "
    "+ m*sqrt(x) + n*x^p";

/* One formula at one number of rows. */
typedef struct work {
    int formula;
    int64_t rows;
    const double *x, *parameters;
    qn_model *model;
    qn_model_workspace *workspace;
    model_loop *loop; /* of a peer */
    double *value;    /* (rows) */
    double *jacobian; /* (parameters, rows) */
} work;

/* A process that runs model_peers.py. */
typedef struct python {
    const char *name, *kind, *package;
    bench_python process;
} python;

/* What was promised, and the figure; printed together at the end. */
typedef struct goal {
    char what[96];
    double most, got;
} goal;

typedef struct goals {
    goal list[32];
    int count;
} goals;

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

static void promise(goals *all, const char *what, const char *pair, double most, double got)
{
    goal *g = &all->list[all->count++];
    snprintf(g->what, sizeof g->what, "%s: %s", what, pair);
    g->most = most;
    g->got = got;
}

static qn_model *must_model(const char *text)
{
    static const char *const columns[] = {"x", "y"};
    qn_error err;
    qn_model *model;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    must(qn_model_new(&model, text, -1, &options, &err), &err);
    return model;
}

static void ours(void *user)
{
    work *w = user;
    qn_model_eval(w->model, w->workspace, &w->x, 0, w->rows, w->parameters, w->value, w->jacobian, w->rows);
    bench_keep(w->jacobian);
}

static void peer(void *user)
{
    work *w = user;
    w->loop(w->rows, w->x, w->parameters, w->value, w->jacobian);
    bench_keep(w->jacobian);
}

static void text_to_value(void *user)
{
    (void)user;
    static const double x = 1.5, y = 0, parameters[13] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const double *data[] = {&y, &x};
    double value;
    qn_error err;
    qn_model *model = must_model(ten_terms);
    qn_model_workspace *workspace;
    must(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    qn_model_eval(model, workspace, data, 0, 1, parameters, &value, NULL, 0);
    bench_keep(&value);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
}

/* Ends the benchmark where two sides do not compute the same: their times would mean nothing. */
static void must_agree(const work *w, const char *name, int64_t row, int output, double got, double expected,
                       double size)
{
    if (fabs(got - expected) <= 1e-10 * size)
        return;
    fprintf(stderr, "bench_model: %s, row %lld, output %d: %s computes %.17g, ours is %.17g\n",
            formulas[w->formula].name, (long long)row, output, name, got, expected);
    exit(1);
}

static double output_of(const work *w, int output, int64_t row)
{
    return output == 0 ? w->value[row] : w->jacobian[(output - 1) * w->rows + row];
}

/* The peer's loop against ours, at every row. */
static void check_loop(work *w, const char *name)
{
    int outputs = formulas[w->formula].parameter_count + 1;
    double *expected = must_doubles(outputs * w->rows), *largest = must_doubles(outputs);
    ours(w);
    for (int k = 0; k < outputs; k++) {
        for (int64_t i = 0; i < w->rows; i++) {
            expected[k * w->rows + i] = output_of(w, k, i);
            largest[k] = fmax(largest[k], fabs(expected[k * w->rows + i]));
        }
    }
    peer(w);
    for (int k = 0; k < outputs; k++)
        for (int64_t i = 0; i < w->rows; i++)
            must_agree(w, name, i, k, output_of(w, k, i), expected[k * w->rows + i], largest[k]);
    free(expected);
    free(largest);
}

static double compare_loop(bench *b, work *w, const char *case_name, const char *name, model_loop *loop)
{
    w->loop = loop;
    if (w->rows < ROWS_MAX)
        check_loop(w, name);
    return bench_compare(b, case_name, (bench_side){"quern", ours, w}, (bench_side){name, peer, w}, (double)w->rows,
                         "rows")
        .median;
}

/* Says where its package is missing. */
static void python_begin(python *p)
{
    if (bench_python_begin(&p->process, BENCH_MODEL_PEERS, p->kind))
        printf("# %s%s", p->name, p->process.line + 5);
    else
        bench_no_peer(p->name, p->package);
}

static double python_seconds(python *p, int64_t calls)
{
    fprintf(p->process.to, "run %lld\n", (long long)calls);
    fflush(p->process.to);
    if (!bench_python_hear(&p->process)) {
        fprintf(stderr, "bench_model: %s ended early\n", p->name);
        exit(1);
    }
    return strtod(p->process.line, NULL);
}

/* Tells the process what to compute, and compares one row; false where it cannot. */
static bool python_prepare(python *p, work *w, const char *case_name)
{
    fprintf(p->process.to, "formula %s %lld %.17g %.17g", formulas[w->formula].name, (long long)w->rows,
            formulas[w->formula].first, formulas[w->formula].last);
    for (int k = 0; k < formulas[w->formula].parameter_count; k++)
        fprintf(p->process.to, " %.17g", w->parameters[k]);
    fprintf(p->process.to, "\n");
    fflush(p->process.to);
    long long row;
    int at;
    if (!bench_python_hear(&p->process) || sscanf(p->process.line, "row %lld:%n", &row, &at) != 1) {
        printf("# %s: not with %s: %s", case_name, p->name,
               strncmp(p->process.line, "none", 4) == 0 ? p->process.line + 5 : "it ended\n");
        return false;
    }
    ours(w);
    char *next = p->process.line + at;
    for (int k = 0; k <= formulas[w->formula].parameter_count; k++) {
        double expected = output_of(w, k, row);
        must_agree(w, p->name, row, k, strtod(next, &next), expected, 1 + fabs(expected));
    }
    return true;
}

static double ours_seconds(work *w, int64_t calls)
{
    double start = bench_now();
    for (int64_t i = 0; i < calls; i++)
        ours(w);
    return bench_now() - start;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* As bench_compare, where the peer is a process that times itself. Returns the ratio of the medians. */
static double compare_python(bench *b, work *w, const char *case_name, python *p)
{
    if (p->process.process == 0 || !python_prepare(p, w, case_name))
        return NAN;
    double mine[PYTHON_SAMPLES], theirs[PYTHON_SAMPLES], ratios[PYTHON_SAMPLES];
    int samples = b->samples < PYTHON_SAMPLES ? b->samples : PYTHON_SAMPLES;
    int64_t calls = 1 + (int64_t)(b->sample_seconds / (1e-9 + python_seconds(p, 1)));
    int64_t our_calls = 1 + (int64_t)(b->sample_seconds / (1e-9 + ours_seconds(w, 1)));
    for (int i = 0; i < samples; i++) {
        mine[i] = ours_seconds(w, our_calls) / (double)our_calls;
        theirs[i] = python_seconds(p, calls) / (double)calls;
        ratios[i] = mine[i] / theirs[i];
    }
    qsort(ratios, (size_t)samples, sizeof *ratios, by_value);
    bench_figure our_figure = bench_report(b, case_name, "quern", mine, samples, (double)w->rows, "rows");
    bench_figure figure = bench_report(b, case_name, p->name, theirs, samples, (double)w->rows, "rows");
    double ratio = our_figure.median / figure.median;
    printf("%-28s quern/%s = %.3f  [%.3f … %.3f]\n", case_name, p->name, ratio, ratios[0], ratios[samples - 1]);
    return ratio;
}

static void measure(bench *b, work *w, const char *rows_text, python *numpy, python *numexpr, goals *all)
{
    char case_name[64];
    snprintf(case_name, sizeof case_name, "%s %s rows", formulas[w->formula].name, rows_text);
    double ratio = compare_loop(b, w, case_name, "C+libmvec", model_libmvec[w->formula]);
    if (w->formula == MODEL_exponential)
        promise(all, case_name, "quern/C+libmvec", w->rows < ROWS_MAX ? 0.8 : 1.0, ratio);
    if (model_sleef[w->formula] != NULL)
        (void)compare_loop(b, w, case_name, "SLEEF", model_sleef[w->formula]);
    ratio = compare_python(b, w, case_name, numpy);
    if (!isnan(ratio))
        promise(all, case_name, "quern/NumPy", 1.0 / 3, ratio);
    (void)compare_python(b, w, case_name, numexpr);
}

static void measure_formula(bench *b, int formula, double *x, python *numpy, python *numexpr, goals *all)
{
    qn_error err;
    work w = {.formula = formula, .x = x, .parameters = formulas[formula].parameters};
    w.model = must_model(formulas[formula].text);
    must(qn_model_workspace_new(&w.workspace, w.model, NULL, &err), &err);
    w.value = must_doubles(ROWS_MAX);
    w.jacobian = must_doubles((int64_t)formulas[formula].parameter_count * ROWS_MAX);
    for (int large = 0; large < 2; large++) {
        w.rows = large ? ROWS_MAX : 1000;
        for (int64_t i = 0; i < w.rows; i++)
            x[i] = formulas[formula].first +
                   (formulas[formula].last - formulas[formula].first) * ((double)i / (double)w.rows);
        measure(b, &w, large ? "1M" : "1000", numpy, numexpr, all);
    }
    qn_model_workspace_free(w.workspace);
    qn_model_unref(w.model);
    free(w.value);
    free(w.jacobian);
}

int main(int argc, char **argv)
{
    static goals all;
    bench b;
    bench_begin(&b, "model", argc, argv);
    b.sample_seconds *= 0.5; /* there are many cases */
    signal(SIGPIPE, SIG_IGN);
    int level;
    qn_error err;
    must(qni_cpu_level(&level, &err), &err);
    printf("# ours at the level %s; peers in C with %s\n", qni_cpu_name(level), BENCH_PEER_FLAGS);
    python numpy = {.name = "NumPy", .kind = "numpy", .package = "python3-numpy"};
    python numexpr = {.name = "numexpr", .kind = "numexpr", .package = "python3-numexpr"};
    python_begin(&numpy);
    python_begin(&numexpr);
    if (model_sleef[0] == NULL)
        bench_no_peer("SLEEF", "libsleef-dev, on a processor with AVX2");
    double *x = must_doubles(ROWS_MAX);
    for (int formula = 0; formula < MODEL_COUNT; formula++)
        measure_formula(&b, formula, x, &numpy, &numexpr, &all);
    free(x);
    bench_figure first = bench_measure(&b, "text to first value", (bench_side){"quern", text_to_value, NULL}, 0, NULL);
    promise(&all, "text to first value", "microseconds", 50, first.median * 1e6);
    bench_python_end(&numpy.process);
    bench_python_end(&numexpr.process);
    printf("# goals\n");
    for (int i = 0; i < all.count; i++)
        printf("# %-46s <= %6.3f: %6.3f  %s\n", all.list[i].what, all.list[i].most, all.list[i].got,
               all.list[i].got <= all.list[i].most ? "met" : "MISSED");
    return bench_end(&b);
}
