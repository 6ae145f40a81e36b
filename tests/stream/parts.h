/* stream/parts.h: a source, a stage and a sink for tests of streams: made-up ticks whose numbers follow from their
 * place, twice their price, and a list of what arrived. */
#ifndef QUERN_TESTS_STREAM_PARTS_H
#define QUERN_TESTS_STREAM_PARTS_H

#include "harness/harness.h"

#include <quern/stream.h>

#include <stdatomic.h>

/* Gives records 0 … count - 1: a symbol of `symbols` by turns, price 100 + i / 1000, time a microsecond apart. */
typedef struct made_source {
    int64_t count;
    _Atomic int64_t given;
    int64_t symbols;  /* 0: 1 */
    int64_t at_most;  /* records a read gives at most; 0: as many as are wanted */
    int64_t fails_at; /* the record that cannot be read; below 0: none */
    int64_t pause_at; /* the record before which a read waits for `go`; below 0: none */
    _Atomic int go;
    _Atomic int64_t asked; /* reads begun */
    int freed;
} made_source;

qn_tick made_tick(int64_t i, int64_t symbols);
qn_stream_source made_source_of(made_source *self);

/* doubled = 2 * price. Fails at a record. */
typedef struct doubler {
    int64_t fails_at; /* sequence; below 0: none */
    int freed;
} doubler;
qn_stream_stage doubler_of(doubler *self);

/* Keeps what arrives: sequences, prices, and the first column. */
typedef struct kept {
    int64_t count, capacity;
    qn_tick *records;
    double *column;
    int64_t column_count;
    int64_t fails_at;  /* the sequence at which writing fails; below 0: none */
    int64_t closed_at; /* the sequence from which nobody reads; below 0: none */
    int64_t wait_at;   /* the sequence at which writing waits for `go`; below 0: none */
    _Atomic int waits, go;
    int opened, closed, freed;
} kept;
void kept_init(kept *self, int64_t capacity);
void kept_fini(kept *self);
qn_stream_sink kept_of(kept *self, const char *const *reads, int64_t read_count);

qn_symbols *must_symbols(int64_t capacity);

#endif
