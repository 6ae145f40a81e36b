/* bench/common.h: what every benchmark shares: the clock, repeated samples, medians with their spread, and how they are
 * shown.
 *
 * A benchmark answers one question: how long does a thing take beside a peer that does the same in the same run. Ours
 * and the peer's samples alternate, so that a change of the machine's speed meets both. A figure is a median with
 * minimum and maximum; every raw sample goes to the CSV file named by --csv. One thread.
 *
 * Arguments that every benchmark understands: --csv FILE, --samples N (21), --quick (3 short samples: to see that it
 * runs). */
#ifndef QUERN_BENCH_COMMON_H
#define QUERN_BENCH_COMMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct bench {
    const char *name;
    int samples;           /* a measurement */
    double sample_seconds; /* a sample repeats its call until it takes about this long */
    bool quick;
    FILE *csv; /* NULL: raw samples are not kept */
} bench;

/* Seconds: of a call, or a ratio of two (no unit). */
typedef struct bench_figure {
    double median, min, max;
} bench_figure;

/* One side of a comparison: `call(user)` does the whole work once. */
typedef struct bench_side {
    const char *name;
    void (*call)(void *user);
    void *user;
} bench_side;

/* Reads the arguments and prints question, compiler, flags and processor. Ends the process with 2 on a wrong argument.
 */
void bench_begin(bench *b, const char *name, int argc, char **argv);

/* Seconds on the monotonic clock. */
double bench_now(void);

/* Measures one call, prints its line. `work` is how much a call does, in `unit` ("rows", "bytes"): the line also shows
 * units a second; 0 and NULL: it does not. Writes b->samples raw samples. */
bench_figure bench_measure(bench *b, const char *case_name, bench_side side, double work, const char *unit);

/* Measures ours beside a peer, sample by sample in turn; prints both lines and the ratio ours/peer of the times (below
 * 1: ours is faster). Returns the ratio: of the medians, with the least and the greatest of the paired samples. */
bench_figure bench_compare(bench *b, const char *case_name, bench_side ours, bench_side peer, double work,
                           const char *unit);

/* For what cannot be a call (processes, for example): median, minimum and maximum of samples that the caller took
 * (sorted in place), which are also written as raw samples and printed. */
bench_figure bench_report(bench *b, const char *case_name, const char *side_name, double *seconds, int count,
                          double work, const char *unit);

/* Says loudly that a peer is not here. */
void bench_no_peer(const char *peer, const char *package);

/* Keeps the compiler from dropping a result that nobody reads. */
void bench_keep(const void *result);

/* Closes the CSV. Returns the exit status of main: 1 where the samples could not be written. */
int bench_end(bench *b);

#endif
