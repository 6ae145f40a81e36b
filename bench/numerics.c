/* bench/numerics.c: what do mean and variance, z-scores, bounded functions and scores of an array take, beside plain
 * loops in C (with the library's flags at -O3, and for this machine with sums in any order), Welford's way, and NumPy?
 * And how far from exact are the variances? Arrays that stay in the caches, and a mean and variance of a million. Where
 * numbers are to change places with results (tanh, sigmoid), ours are copied in each call. */
#include "bench/common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <quern/numerics.h>

#include "base/cpu.h"
#include "bench/numerics_peers.h"
#include "bench/python.h"

enum {
    SMALL = 1024,
    LARGE = 1000000,
    COLUMNS = 8,
    WIDE = 64,
    CASE_SIZE = 64
};

__extension__ typedef __int128 wide;

static double numbers[LARGE], work[LARGE], out[LARGE], matrix[SMALL * WIDE], weights[WIDE];
static const double *columns[COLUMNS];

/* One call of ours or of a peer on `count` numbers, or as many rows of `width`. */
typedef struct call {
    const numerics_peers *peer; /* NULL: ours */
    int64_t count, width;
} call;

static void must(qn_status s)
{
    if (s != QN_OK)
        exit(1);
}

static void call_moments(void *user)
{
    const call *c = user;
    double mean, variance;
    if (c->peer == NULL)
        must(qn_mean_variance(&mean, &variance, numbers, c->count, NULL));
    else
        c->peer->two_pass(&mean, &variance, numbers, c->count);
    bench_keep(&mean);
    bench_keep(&variance);
}

static void call_welford(void *user)
{
    const call *c = user;
    double mean, variance;
    c->peer->welford(&mean, &variance, numbers, c->count);
    bench_keep(&mean);
    bench_keep(&variance);
}

/* In place: z-scores of z-scores are z-scores again. */
static void call_zscore(void *user)
{
    const call *c = user;
    if (c->peer == NULL)
        must(qn_zscore(work, c->count, NULL));
    else
        c->peer->zscore(work, c->count);
    bench_keep(work);
}

static void call_tanh(void *user)
{
    const call *c = user;
    if (c->peer == NULL) {
        memcpy(work, numbers, (size_t)c->count * sizeof *work);
        must(qn_tanh(work, c->count, NULL));
    } else {
        c->peer->tanh_of(work, numbers, c->count);
    }
    bench_keep(work);
}

static void call_sigmoid(void *user)
{
    const call *c = user;
    if (c->peer == NULL) {
        memcpy(work, numbers, (size_t)c->count * sizeof *work);
        must(qn_sigmoid(work, c->count, NULL));
    } else {
        c->peer->sigmoid_of(work, numbers, c->count);
    }
    bench_keep(work);
}

static void call_clip(void *user)
{
    const call *c = user;
    if (c->peer == NULL)
        must(qn_clip(work, c->count, -1, 1, NULL));
    else
        c->peer->clip(work, -1, 1, c->count);
    bench_keep(work);
}

static void call_score_columns(void *user)
{
    const call *c = user;
    if (c->peer == NULL)
        must(qn_score_columns(out, columns, c->width, weights, 0.5, c->count, NULL));
    else
        c->peer->score_columns(out, columns, c->width, weights, 0.5, c->count);
    bench_keep(out);
}

static void call_score_rows(void *user)
{
    const call *c = user;
    if (c->peer == NULL)
        must(qn_score_rows(out, matrix, c->count, c->width, c->width, weights, 0.5, NULL));
    else
        c->peer->score_rows(out, matrix, c->count, c->width, weights, 0.5);
    bench_keep(out);
}

static double python_seconds(bench_python *p, const char *name, const call *c, int64_t calls)
{
    fprintf(p->to, "%s %lld %lld %lld\n", name, (long long)c->count, (long long)c->width, (long long)calls);
    fflush(p->to);
    if (!bench_python_hear(p)) {
        printf("NumPy ended\n");
        exit(1);
    }
    return strtod(p->line, NULL) / (double)calls;
}

/* As bench_compare, where the peer is a process that times itself. */
static void compare_python(bench *b, bench_python *p, const char *name, const char *case_name, bench_side ours)
{
    const call *c = ours.user;
    if (p->process == 0)
        return;
    double *seconds = malloc(2 * (size_t)b->samples * sizeof *seconds), *theirs = seconds + b->samples;
    if (seconds == NULL)
        exit(1);
    int64_t calls = 1 + (int64_t)(b->sample_seconds / (1e-9 + python_seconds(p, name, c, 3)));
    double least = (double)INFINITY, most = 0;
    for (int i = 0; i < b->samples; i++) {
        double begun = bench_now();
        for (int64_t k = 0; k < calls; k++)
            ours.call(ours.user);
        seconds[i] = (bench_now() - begun) / (double)calls;
        theirs[i] = python_seconds(p, name, c, calls);
        least = fmin(least, seconds[i] / theirs[i]);
        most = fmax(most, seconds[i] / theirs[i]);
    }
    double one = bench_report(b, case_name, "quern", seconds, b->samples, (double)c->count, "numbers").median;
    double other = bench_report(b, case_name, "NumPy", theirs, b->samples, (double)c->count, "numbers").median;
    printf("%-28s quern/NumPy = %.3f  [%.3f … %.3f]\n", case_name, one / other, least, most);
    free(seconds);
}

/* `other`: Welford's way of the case, NULL: there is none. */
static void one_case(bench *b, bench_python *p, const char *name, void (*run)(void *user), void (*other)(void *user),
                     int64_t count, int64_t width)
{
    char case_name[CASE_SIZE];
    snprintf(case_name, sizeof case_name, width > 1 ? "%s %lld x %lld" : "%s %lld", name, (long long)count,
             (long long)width);
    call ours = {NULL, count, width}, plain = {&numerics_plain, count, width},
         native = {&numerics_native, count, width};
    bench_side side = {"quern", run, &ours};
    if (other != NULL)
        bench_compare(b, case_name, side, (bench_side){"Welford", other, &plain}, (double)count, "numbers");
    bench_compare(b, case_name, side, (bench_side){numerics_plain.name, run, &plain}, (double)count, "numbers");
    bench_compare(b, case_name, side, (bench_side){numerics_native.name, run, &native}, (double)count, "numbers");
    compare_python(b, p, name, case_name, side);
}

/* Numbers (offset + steps) 2^-20, and the exact variance of them. */
static void one_error(const char *name, int64_t offset, int64_t size)
{
    wide sum = 0, squares = 0;
    uint64_t state = 7;
    for (int i = 0; i < SMALL; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        int64_t step = (int64_t)((state >> 24) % (uint64_t)size);
        sum += step;
        squares += (wide)step * step;
        work[i] = ldexp((double)(offset + step), -20);
    }
    long double exact = ldexpl((long double)(SMALL * squares - sum * sum) / SMALL / (SMALL - 1), -40);
    long double exact_mean = ldexpl((long double)offset + (long double)sum / SMALL, -20);
    double mean[4], variance[4];
    must(qn_mean_variance(&mean[0], &variance[0], work, SMALL, NULL));
    numerics_plain.welford(&mean[1], &variance[1], work, SMALL);
    numerics_plain.two_pass(&mean[2], &variance[2], work, SMALL);
    numerics_native.two_pass(&mean[3], &variance[3], work, SMALL);
    printf("%-34s", name);
    for (int k = 0; k < 4; k++)
        printf("  %7.1e %7.1e", (double)fabsl((mean[k] - exact_mean) / exact_mean),
               (double)fabsl((variance[k] - exact) / exact));
    printf("\n");
}

static void errors(void)
{
    printf("# relative errors of mean and variance of %d numbers: quern, Welford, two passes, two passes native\n",
           SMALL);
    one_error("0 … 1", 0, 1 << 20);
    one_error("1e9 + 0 … 1", INT64_C(1000000000) << 20, 1 << 20);
    one_error("1e9 + 0 … 0.0001", INT64_C(1000000000) << 20, 100);
    one_error("1e9 + 0 … 2e-6", INT64_C(1000000000) << 20, 2);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "numerics", argc, argv);
    int level;
    must(qni_cpu_level(&level, NULL));
    printf("# ours at the level %s; plain C: the same flags and -O3; native C: %s\n", qni_cpu_name(level),
           BENCH_PEER_FLAGS);
    for (int i = 0; i < LARGE; i++)
        numbers[i] = work[i] = 12.0 * (double)(i * INT64_C(389) % 1009) / 1009 - 6;
    for (int i = 0; i < SMALL * WIDE; i++)
        matrix[i] = (i * 7 % 101) / 50.0 - 1;
    for (int k = 0; k < WIDE; k++)
        weights[k] = 0.1 + k / 10.0;
    for (int k = 0; k < COLUMNS; k++)
        columns[k] = numbers + k * SMALL;
    bench_python python;
    if (!bench_python_begin(&python, BENCH_NUMERICS_PEER, NULL))
        bench_no_peer("NumPy", "python3-numpy");
    else
        printf("# NumPy %s", python.line + strlen("ready "));
    one_case(&b, &python, "moments", call_moments, call_welford, SMALL, 1);
    one_case(&b, &python, "moments", call_moments, call_welford, LARGE, 1);
    one_case(&b, &python, "zscore", call_zscore, NULL, SMALL, 1);
    one_case(&b, &python, "tanh", call_tanh, NULL, SMALL, 1);
    one_case(&b, &python, "sigmoid", call_sigmoid, NULL, SMALL, 1);
    one_case(&b, &python, "clip", call_clip, NULL, SMALL, 1);
    one_case(&b, &python, "score_columns", call_score_columns, NULL, SMALL, COLUMNS);
    one_case(&b, &python, "score_rows", call_score_rows, NULL, SMALL, COLUMNS);
    one_case(&b, &python, "score_rows", call_score_rows, NULL, SMALL / 8, WIDE);
    errors();
    bench_python_end(&python);
    return bench_end(&b);
}
