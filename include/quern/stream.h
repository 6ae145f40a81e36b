/* quern/stream.h: streams of ticks through stages that work in place.
 *
 *     source ─▶ ring of records ─▶ decode ─▶ stage ─▶ stage ─▶ … ─▶ gate ─▶ sinks
 *               (a slot is the storage;       each works on spans of records and of columns that lie
 *                nothing moves)               beside the ring, a number a record, by sequence)
 *
 * Caveats first:
 *  - Everything is asked for before the first record: once a stream runs it allocates nothing.
 *  - A stream is made, run and freed by one thread; qn_stream_stop and qn_stream_get_stats are for any.
 *  - Sources, stages and sinks are called by one thread each at a time, but different ones by different threads when
 *    the stream has several; what they share they guard themselves.
 *  - How records are cut into spans is not promised. A stage gives the same result however they are cut; then the
 *    output digest is the same on every run, at every speed, with any number of threads and at every processor level,
 *    as long as the stream blocks where it is full.
 */
#ifndef QUERN_STREAM_H
#define QUERN_STREAM_H

#include <quern/metrics.h>
#include <quern/tick.h>

QN_BEGIN_DECLS

/* A stream, with its parts. */
typedef struct qn_stream qn_stream;

/* Where records come from. Taken over by qn_stream_set_source, also where that fails. */
typedef struct qn_stream_source {
    void *self;       /* the first argument of all below */
    const char *name; /* for messages, such as a path; borrowed until `free` */
    /* Writes up to `wanted` records in place (all fields but `sequence`, which the stream sets), *count of them; 0 with
     * QN_OK: the end. On failure *count records are good and go through before the stream fails with the status. May
     * wait (for a pipe). Allocates nothing once it has given its first records. */
    qn_status (*read)(void *self, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err);
    /* Ends a waiting read soon, which then gives the end; from another thread or a signal handler. NULL: reads never
     * wait. */
    void (*stop)(void *self);
    void (*free)(void *self); /* NULL: nothing to free */
} qn_stream_source;

/* Records in place, borrowed for the call. */
typedef struct qn_stream_span {
    qn_tick *records;       /* (count) */
    const int32_t *symbols; /* (count) their symbols, one after another */
    double *const *columns; /* each (count): those that a stage or sink reads, then those that a stage writes */
    int64_t count;          /* at least 1 */
    int64_t sequence;       /* of the first record */
} qn_stream_span;

/* Code that works on spans. Taken over by qn_stream_add_stage, also where that fails. */
typedef struct qn_stream_stage {
    void *self;                /* the first argument of all below */
    const char *name;          /* for messages; copied */
    const char *const *reads;  /* (read_count) columns, there already; copied */
    int64_t read_count;        /* of reads */
    const char *const *writes; /* (write_count) new columns; copied */
    int64_t write_count;       /* of writes */
    /* Works on all records of the span, oldest first. On failure *done (0 at the call) says how many it did: these go
     * on to the sinks, the others do not, and the stream fails with the status. Allocates nothing. */
    qn_status (*run)(void *self, const qn_stream_span *span, int64_t *done, qn_error *err);
    void (*free)(void *self); /* NULL: nothing to free */
} qn_stream_stage;

/* Where records and columns go. Taken over by qn_stream_add_sink, also where that fails. */
typedef struct qn_stream_sink {
    void *self;               /* the first argument of all below */
    const char *name;         /* for messages; copied */
    const char *const *reads; /* (read_count) columns; copied. NULL: all that formulas and stages write, in order */
    int64_t read_count;       /* of reads; -1 with NULL */
    /* Called before the first record with the columns that spans will have. May allocate. NULL: not needed. */
    qn_status (*open)(void *self, const char *const *columns, int64_t count, qn_error *err);
    /* QN_CLOSED: it wants no more (nobody reads the pipe): the others go on. Allocates nothing after the first call. */
    qn_status (*write)(void *self, const qn_stream_span *span, qn_error *err);
    /* Called once after the last record: flushes what is held, and puts it into its place. In failure too, but where
     * the stream fails before a record has come so far: then `free` alone. NULL: not needed. */
    qn_status (*close)(void *self, qn_error *err);
    void (*free)(void *self); /* NULL: nothing to free */
} qn_stream_sink;

/* What becomes of records that come when the ring is full. Other than BLOCK they are read by a thread of their own. */
typedef enum qn_stream_overload {
    QN_STREAM_BLOCK = 0,   /* the source waits; nothing is lost */
    QN_STREAM_REJECT,      /* the new record is dropped, and counted */
    QN_STREAM_DROP_OLDEST, /* the oldest that no stage has begun is dropped, and counted */
    QN_STREAM_CONFLATE,    /* a newer record takes the place of one of the same symbol and kind that waits; counted */
} qn_stream_overload;

/* 0 is the default of every field. */
typedef struct qn_stream_options {
    int64_t size;     /* of this struct, for later versions */
    int64_t capacity; /* records in the ring, made a power of two; 0: 8192 */
    int64_t batch;    /* records a span at most; 0: 512 */
    int threads;      /* 0 and 1: the caller's alone; 2: the source has its own; more: stages are shared out */
    qn_stream_overload overload; /* BLOCK */
    double speed;                /* event time to real time; 0: as fast as it goes */
    bool digest;                 /* compute the output digest */
    bool latency;                /* measure latencies */
    const char *name;            /* what metrics call it, its first 63 bytes; copied; NULL: "stream" */
    qn_metrics *metrics; /* where it shows what it counts, under the label stream="name"; borrowed; NULL: nowhere */
    const qn_allocator *allocator; /* NULL: the default; borrowed */
} qn_stream_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_stream_options_init(qn_stream_options *out, int64_t size);

/* Makes a stream without source, stages and sinks. `symbols` is borrowed and outlives the stream: its capacity is how
 * many symbols states are kept for. Errors: QN_INVALID, QN_NOMEM, QN_BUDGET (the ring and its columns do not fit). */
QN_API QN_MUST_USE qn_status qn_stream_new(qn_stream **out, const qn_symbols *symbols, const qn_stream_options *options,
                                           qn_error *err);

/* Gives the stream its source. This, and what follows until qn_stream_run, is done before it runs. Errors: QN_BUSY (it
 * has one, or has run). */
QN_API QN_MUST_USE qn_status qn_stream_set_source(qn_stream *stream, const qn_stream_source *source, qn_error *err);

/* Adds a formula that makes a column for those after it, `name = expression` with intermediates before it: over the
 * columns that there are, with functions that keep state for each symbol (docs/replay.md has them). What records have:
 * time (seconds since 1970), sequence, symbol (its number), price, size, bid, ask (NaN where there is none), mid, side,
 * order (1: an order; else 0). Errors, with their column in the formula: as qn_model_new; QN_SYNTAX (no `name =`, an
 * argument that should be a constant), QN_NAME (a name that is no column, for a stream has no parameters; a new one
 * that is), QN_INVALID (a constant that the function does not take), QN_LIMIT (too many columns), QN_NOMEM, QN_BUDGET
 * (the function's states do not fit). */
QN_API QN_MUST_USE qn_status qn_stream_add_formula(qn_stream *stream, const char *formula, qn_error *err);

/* Adds the formulas of the file `path`, one a line, in order: empty lines and what follows a # are left out; a line
 * that ends in "\" goes on in the next one, and so does one that ends in ";", after an intermediate. A byte order mark
 * and CRLF are fine. After a failure the formulas before it stay. Errors: as qn_stream_add_formula, with file, line and
 * column; QN_DATA (no formula in it), QN_LIMIT (beyond 1 MiB), QN_NO_INPUT, QN_PERMISSION, QN_IO, QN_INVALID ("-"). */
QN_API QN_MUST_USE qn_status qn_stream_read_formulas(qn_stream *stream, const char *path, qn_error *err);

/* Adds a stage behind those that there are. Errors: QN_NAME (it reads a column that there is not), QN_INVALID (it
 * writes one that there is, or one whose name begins with =), QN_LIMIT (256 stages, 256 columns), QN_BUSY (it has run),
 * QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_stream_add_stage(qn_stream *stream, const qn_stream_stage *stage, qn_error *err);

/* Adds a sink behind all stages. Errors: as qn_stream_add_stage; QN_LIMIT (16 sinks). */
QN_API QN_MUST_USE qn_status qn_stream_add_sink(qn_stream *stream, const qn_stream_sink *sink, qn_error *err);

/* Which of the source's records go through; all others are read and left. INT64_MIN and INT64_MAX: no bound. */
typedef struct qn_stream_range {
    int64_t size;           /* of this struct: set it before the call */
    int64_t from, to;       /* places in the source, from 0, both included */
    int64_t from_ns, to_ns; /* event times, both included: wherever they are in the source */
} qn_stream_range;

/* A range of all records; `size` is sizeof *out as the caller knows it. */
QN_API void qn_stream_range_init(qn_stream_range *out, int64_t size);

/* Sets the range (copied). Errors: QN_INVALID (it ends before it begins), QN_BUSY (it has run). */
QN_API QN_MUST_USE qn_status qn_stream_set_range(qn_stream *stream, const qn_stream_range *range, qn_error *err);

/* Columns that formulas and stages have made so far, in order; `index` from 0, names are borrowed. */
QN_API int64_t qn_stream_column_count(const qn_stream *stream);
QN_API const char *qn_stream_column_name(const qn_stream *stream, int64_t index);

/* Runs until the source ends, something fails, or it is stopped; then what is in the ring is drained and the sinks are
 * closed. Once only. QN_OK after a stop too. Errors: those of source, stages and sinks, naming them and the record. */
QN_API QN_MUST_USE qn_status qn_stream_run(qn_stream *stream, qn_error *err);

/* Asks a running stream to take no more from its source. Any thread, and a signal handler. */
QN_API void qn_stream_stop(qn_stream *stream);

/* What has gone through. While the stream runs it may be a moment old. */
typedef struct qn_stream_stats {
    int64_t size;            /* of this struct: set it before the call */
    int64_t produced;        /* records that the source gave */
    int64_t consumed;        /* records that went through all stages */
    int64_t dropped;         /* the others, lost to overload or behind a failure: produced = consumed + dropped */
    int64_t seconds_ns;      /* running time, nanoseconds */
    int64_t latency_count;   /* records measured, from being due (read, where nothing is) to having left all sinks */
    int64_t latency_p50_ns;  /* what half of them did not exceed */
    int64_t latency_p99_ns;  /* 99 % */
    int64_t latency_p999_ns; /* 99.9 % */
    int64_t latency_max_ns;  /* all */
    uint64_t digest[2]; /* of all records and output columns, in order; 0 without options.digest, and until the end */
    bool running;       /* it has begun and not ended */
} qn_stream_stats;

/* Fills `out`, whose size is set. Any thread, as long as the stream is not freed. */
QN_API void qn_stream_get_stats(qn_stream *stream, qn_stream_stats *out);

/* Frees a stream that does not run, with its source, stages and sinks. NULL is fine. */
QN_API void qn_stream_free(qn_stream *stream);

QN_END_DECLS
#endif
