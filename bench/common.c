/* bench/common.c: see common.h. */
#include "bench/common.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SAMPLES_MAX = 10000
};

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_processor(void)
{
    char line[512] = "";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            printf("# processor: %s", strchr(line, ':') + 2);
            break;
        }
    }
    if (file != NULL)
        fclose(file);
}

static void usage(const char *name)
{
    fprintf(stderr, "usage: bench_%s [--csv FILE] [--samples N] [--quick]\n", name);
    exit(2);
}

void bench_begin(bench *b, const char *name, int argc, char **argv)
{
    *b = (bench){.name = name, .samples = 21, .sample_seconds = 0.02};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            b->quick = true;
            b->samples = 3;
            b->sample_seconds = 0.001;
        } else if (strcmp(argv[i], "--samples") == 0 && i + 1 < argc) {
            b->samples = atoi(argv[++i]);
            if (b->samples < 1 || b->samples > SAMPLES_MAX)
                usage(name);
        } else if (strcmp(argv[i], "--csv") == 0 && i + 1 < argc) {
            b->csv = fopen(argv[++i], "w");
            if (b->csv == NULL) {
                perror(argv[i]);
                exit(2);
            }
            fprintf(b->csv, "benchmark,case,side,sample,seconds\n");
        } else {
            usage(name);
        }
    }
    printf("# benchmark: %s\n# compiler: %s\n# flags: %s\n", name, BENCH_COMPILER, BENCH_FLAGS);
    print_processor();
    printf("# %d samples each; median [min … max]\n", b->samples);
    fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bench_figure figure_of(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    double median = count % 2 != 0 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
    return (bench_figure){.median = median, .min = values[0], .max = values[count - 1]};
}

/* A duration with a unit that leaves one to three digits before the point. */
static void print_seconds(double seconds)
{
    if (seconds < 1e-6)
        printf("%8.2f ns", seconds * 1e9);
    else if (seconds < 1e-3)
        printf("%8.2f us", seconds * 1e6);
    else if (seconds < 1)
        printf("%8.2f ms", seconds * 1e3);
    else
        printf("%8.3f s ", seconds);
}

bench_figure bench_report(bench *b, const char *case_name, const char *side_name, double *seconds, int count,
                          double work, const char *unit)
{
    for (int i = 0; b->csv != NULL && i < count; i++)
        fprintf(b->csv, "%s,\"%s\",\"%s\",%d,%.9g\n", b->name, case_name, side_name, i, seconds[i]);
    bench_figure figure = figure_of(seconds, count);
    printf("%-28s %-14s ", case_name, side_name);
    print_seconds(figure.median);
    printf("  [");
    print_seconds(figure.min);
    printf(" …");
    print_seconds(figure.max);
    printf("]");
    if (work > 0)
        printf("  %10.4g %s/s", work / figure.median, unit);
    printf("\n");
    fflush(stdout);
    return figure;
}

static double time_calls(bench_side side, int64_t calls)
{
    double start = bench_now();
    for (int64_t i = 0; i < calls; i++)
        side.call(side.user);
    return bench_now() - start;
}

/* How many calls fill a sample. The trials also warm caches and branch predictors. */
static int64_t calls_in_sample(const bench *b, bench_side side)
{
    int64_t calls = 1;
    double seconds = time_calls(side, calls);
    while (seconds < 0.2 * b->sample_seconds) {
        calls *= 4;
        seconds = time_calls(side, calls);
    }
    double wanted = (double)calls * b->sample_seconds / seconds;
    return wanted < 1 ? 1 : (int64_t)wanted;
}

static double *must_samples(const bench *b)
{
    double *samples = malloc((size_t)b->samples * sizeof *samples);
    if (samples == NULL) {
        fprintf(stderr, "bench: out of memory\n");
        exit(1);
    }
    return samples;
}

bench_figure bench_measure(bench *b, const char *case_name, bench_side side, double work, const char *unit)
{
    double *samples = must_samples(b);
    int64_t calls = calls_in_sample(b, side);
    for (int i = 0; i < b->samples; i++)
        samples[i] = time_calls(side, calls) / (double)calls;
    bench_figure figure = bench_report(b, case_name, side.name, samples, b->samples, work, unit);
    free(samples);
    return figure;
}

bench_figure bench_compare(bench *b, const char *case_name, bench_side ours, bench_side peer, double work,
                           const char *unit)
{
    double *our_samples = must_samples(b), *peer_samples = must_samples(b), *ratios = must_samples(b);
    int64_t our_calls = calls_in_sample(b, ours), peer_calls = calls_in_sample(b, peer);
    for (int i = 0; i < b->samples; i++) {
        our_samples[i] = time_calls(ours, our_calls) / (double)our_calls;
        peer_samples[i] = time_calls(peer, peer_calls) / (double)peer_calls;
        ratios[i] = our_samples[i] / peer_samples[i];
    }
    bench_figure ratio = figure_of(ratios, b->samples);
    bench_figure our_figure = bench_report(b, case_name, ours.name, our_samples, b->samples, work, unit);
    bench_figure peer_figure = bench_report(b, case_name, peer.name, peer_samples, b->samples, work, unit);
    ratio.median = our_figure.median / peer_figure.median;
    printf("%-28s %s/%s = %.3f  [%.3f … %.3f]\n", case_name, ours.name, peer.name, ratio.median, ratio.min, ratio.max);
    fflush(stdout);
    free(our_samples);
    free(peer_samples);
    free(ratios);
    return ratio;
}

void bench_no_peer(const char *peer, const char *package)
{
    printf("# SKIPPED: the peer %s is not here (package %s)\n", peer, package);
}

void bench_keep(const void *result)
{
    __asm__ volatile("" : : "r"(result) : "memory");
}

int bench_end(bench *b)
{
    if (b->csv != NULL && fclose(b->csv) != 0) {
        perror("bench: cannot write the samples");
        return 1;
    }
    return 0;
}
