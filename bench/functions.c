/* bench/functions.c: what does an element of each vector function take, at each level that this processor has, beside
 * the C library's function in a loop, the C library's vector functions (libmvec, at most 4 ULP) and SLEEF's (1.0 and
 * 3.5 ULP), called directly at the same width of vectors? 1024 doubles that stay in the first-level cache. Ours at the
 * baseline takes one double at a time with the C library's fma(): no speed is meant. */
#include "bench/common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "bench/functions_peers.h"
#include "lang/ops_int.h"

enum {
    ELEMENTS = 1024,
    CASE_SIZE = 64,
    SUMMARY_MAX = 512
};

/* The arguments of a function are spread evenly over low … high; second operands over 0.5 … 2.5. */
typedef struct function {
    qni_op op;
    const char *name;
    peer_loop *libm; /* NULL: the C library has none */
    double low, high;
} function;

#define LIBM_1(name)                                                                         \
    static void libm_##name(double *restrict d, const double *a, const double *b, int64_t n) \
    {                                                                                        \
        (void)b;                                                                             \
        for (int64_t i = 0; i < n; i++)                                                      \
            d[i] = name(a[i]);                                                               \
    }
#define LIBM_2(name)                                                                         \
    static void libm_##name(double *restrict d, const double *a, const double *b, int64_t n) \
    {                                                                                        \
        for (int64_t i = 0; i < n; i++)                                                      \
            d[i] = name(a[i], b[i]);                                                         \
    }
/* clang-format off */
LIBM_1(exp) LIBM_1(exp2) LIBM_1(expm1) LIBM_1(log) LIBM_1(log2) LIBM_1(log10) LIBM_1(log1p) LIBM_1(sin) LIBM_1(cos)
LIBM_1(tan) LIBM_1(asin) LIBM_1(acos) LIBM_1(atan) LIBM_2(atan2) LIBM_1(sinh) LIBM_1(cosh) LIBM_1(tanh)
LIBM_1(asinh) LIBM_1(acosh) LIBM_1(atanh) LIBM_1(erf) LIBM_1(erfc) LIBM_1(cbrt) LIBM_2(pow) LIBM_2(hypot)
LIBM_1(tgamma) LIBM_1(lgamma) LIBM_1(j0) LIBM_1(j1) LIBM_2(fmod)

static const function functions[] = {
    {QNI_OP_EXP, "exp", libm_exp, -10, 10},
    {QNI_OP_LOG, "log", libm_log, 0.1, 100},
    {QNI_OP_SIN, "sin", libm_sin, -10, 10},
    {QNI_OP_COS, "cos", libm_cos, -10, 10},
    {QNI_OP_POW, "pow", libm_pow, 0.1, 100},
    {QNI_OP_TAN, "tan", libm_tan, -10, 10},
    {QNI_OP_TANH, "tanh", libm_tanh, -4, 4},
    {QNI_OP_ATAN, "atan", libm_atan, -10, 10},
    {QNI_OP_ERF, "erf", libm_erf, -3, 3},
    {QNI_OP_ERFC, "erfc", libm_erfc, -3, 10},
    {QNI_OP_CBRT, "cbrt", libm_cbrt, -100, 100},
    {QNI_OP_HYPOT, "hypot", libm_hypot, -10, 10},
    {QNI_OP_EXP2, "exp2", libm_exp2, -10, 10},
    {QNI_OP_EXPM1, "expm1", libm_expm1, -2, 2},
    {QNI_OP_LOG2, "log2", libm_log2, 0.1, 100},
    {QNI_OP_LOG10, "log10", libm_log10, 0.1, 100},
    {QNI_OP_LOG1P, "log1p", libm_log1p, -0.9, 10},
    {QNI_OP_ASIN, "asin", libm_asin, -1, 1},
    {QNI_OP_ACOS, "acos", libm_acos, -1, 1},
    {QNI_OP_ATAN2, "atan2", libm_atan2, -10, 10},
    {QNI_OP_SINH, "sinh", libm_sinh, -10, 10},
    {QNI_OP_COSH, "cosh", libm_cosh, -10, 10},
    {QNI_OP_ASINH, "asinh", libm_asinh, -10, 10},
    {QNI_OP_ACOSH, "acosh", libm_acosh, 1, 100},
    {QNI_OP_ATANH, "atanh", libm_atanh, -1, 1},
    {QNI_OP_GAMMA, "gamma", libm_tgamma, 0.1, 20},
    {QNI_OP_LGAMMA, "lgamma", libm_lgamma, 0.1, 20},
    {QNI_OP_BESSELJ0, "besselj0", libm_j0, -30, 30},
    {QNI_OP_BESSELJ1, "besselj1", libm_j1, -30, 30},
    {QNI_OP_MOD, "mod", libm_fmod, 0, 100},
    {QNI_OP_SIGMOID, "sigmoid", NULL, -10, 10},
    {QNI_OP_SOFTPLUS, "softplus", NULL, -10, 10},
    {QNI_OP_DIGAMMA, "digamma", NULL, 0.1, 20},
    {QNI_OP_TRIGAMMA, "trigamma", NULL, 0.1, 20},
    {QNI_OP_SINC, "sinc", NULL, -10, 10},
    {QNI_OP_SQRT, "sqrt", NULL, 0, 100},
};
/* clang-format on */

enum {
    FUNCTION_COUNT = sizeof functions / sizeof functions[0]
};

static double a[ELEMENTS], b[ELEMENTS], d[ELEMENTS];

typedef struct ours {
    qni_kernel *kernel;
} ours;

static void call_ours(void *user)
{
    const ours *w = user;
    w->kernel(d, a, b, NULL, ELEMENTS);
    bench_keep(d);
}

typedef struct peer {
    peer_loop *loop;
} peer;

static void call_peer(void *user)
{
    const peer *w = user;
    w->loop(d, a, b, ELEMENTS);
    bench_keep(d);
}

/* Evenly spread, in an order that no branch predictor learns. */
static void fill(const function *f)
{
    for (int i = 0; i < ELEMENTS; i++) {
        int k = i * 389 % ELEMENTS;
        a[i] = f->low + (f->high - f->low) * (k + 0.5) / ELEMENTS;
        b[i] = 0.5 + 2 * ((k * 7 % ELEMENTS) + 0.5) / ELEMENTS;
    }
}

/* A line of the summary: what was compared, and the ratio of the times. */
typedef struct summary_line {
    char name[CASE_SIZE];
    bench_figure ratio;
} summary_line;

static summary_line summary[SUMMARY_MAX];
static int summary_count;

static void compare(bench *run, const function *f, const char *level, ours *w, const char *peer_name, peer_loop *loop)
{
    if (loop == NULL)
        return;
    char name[CASE_SIZE];
    snprintf(name, sizeof name, "%s %s", f->name, level);
    peer p = {loop};
    bench_figure ratio = bench_compare(run, name, (bench_side){"quern", call_ours, w},
                                       (bench_side){peer_name, call_peer, &p}, ELEMENTS, "elements");
    if (summary_count == SUMMARY_MAX)
        return;
    snprintf(summary[summary_count].name, CASE_SIZE, "%-9s %-9s %s", f->name, level, peer_name);
    summary[summary_count++].ratio = ratio;
}

static void one_function(bench *run, const function *f, int level)
{
    static const peer_function *const peers[QNI_CPU_COUNT] = {peer_functions_2, peer_functions_4, peer_functions_8};
    ours w = {qni_kernels_of(level)->table[f->op][QNI_FORM_ALL]};
    fill(f);
    if (f->libm == NULL) {
        char name[CASE_SIZE];
        snprintf(name, sizeof name, "%s %s", f->name, qni_cpu_name(level));
        bench_measure(run, name, (bench_side){"quern", call_ours, &w}, ELEMENTS, "elements");
        return;
    }
    compare(run, f, qni_cpu_name(level), &w, "libm", f->libm);
    for (const peer_function *p = peers[level]; p->name != NULL; p++) {
        if (strcmp(p->name, f->name) != 0)
            continue;
        compare(run, f, qni_cpu_name(level), &w, "libmvec", p->libmvec);
        compare(run, f, qni_cpu_name(level), &w, "SLEEF 1.0", p->exact);
        compare(run, f, qni_cpu_name(level), &w, "SLEEF 3.5", p->fast);
    }
}

int main(int argc, char **argv)
{
    bench run;
    bench_begin(&run, "functions", argc, argv);
    printf("# a call takes %d elements: 1 us of it is %.3f ns an element\n", ELEMENTS, 1000.0 / ELEMENTS);
    if (!BENCH_HAVE_SLEEF)
        bench_no_peer("SLEEF", "libsleef-dev");
    if (!BENCH_HAVE_MVEC)
        bench_no_peer("libmvec", "libc6-dev");
    for (int level = qni_cpu_best(); level >= 0; level--) {
        for (int i = 0; i < FUNCTION_COUNT; i++)
            one_function(&run, &functions[i], level);
    }
    printf("# ratios of the times, ours / peer (below 1: ours is faster)\n");
    for (int i = 0; i < summary_count; i++)
        printf("%-32s %.3f  [%.3f … %.3f]\n", summary[i].name, summary[i].ratio.median, summary[i].ratio.min,
               summary[i].ratio.max);
    return bench_end(&run);
}
