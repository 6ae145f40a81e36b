/* stream/formula_kit.h: formulas over ticks in memory: made, run, and their columns kept. */
#ifndef QUERN_TESTS_STREAM_FORMULA_KIT_H
#define QUERN_TESTS_STREAM_FORMULA_KIT_H

#include "harness/harness.h"

#include <quern/stream.h>

/* Random ticks of `symbols` symbols in no order: prices some 50 that walk, whole sizes from 0 on, three in four with a
 * bid and as many with an ask. */
void random_ticks(qn_tick *out, int64_t count, int32_t symbols, uint64_t *seed);

/* The ticks as columns, as docs/replay.md has them: out (count). False: there is no such column. */
bool tick_column(double *out, const char *name, const qn_tick *ticks, int64_t count);

typedef struct formula_run {
    const qn_tick *ticks; /* (count) */
    int64_t count;
    int64_t symbols;
    const char *const *formulas; /* (formula_count) */
    int64_t formula_count;
    int64_t batch; /* of the stream; 0: its own */
    int threads;
    const qn_allocator *allocator;
    /* Results. */
    int64_t columns;     /* that the sink was shown */
    int64_t rows;        /* that it got */
    int64_t given;       /* by the source */
    int64_t allocations; /* by `counted` between the first span and the last */
    int64_t before;
    const test_allocator *counted; /* NULL: nobody counts */
} formula_run;

/* Runs them; out (formula_count, count), a column a formula. */
qn_status run_formulas(double *out, formula_run *run, qn_error *err);

#endif
