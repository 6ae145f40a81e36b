/* stream/run_int.h: the insides of a stream.
 *
 *     source ──▶ ring ────▶ group 0 ────▶ group 1 ────▶ …       a thread each, or all in the caller's
 *          (front ring,     steps         steps                     the steps in order: decode, stages, digest, sinks
 *           own thread,     of spans      of spans
 *           where it may drop)
 *
 * Always: slot = sequence & (capacity - 1), of records as of columns, symbols and stamps. A group hands a record on
 * when all its steps have done with it; records at or above `limit` are handed to nobody. */
#ifndef QNI_STREAM_RUN_INT_H
#define QNI_STREAM_RUN_INT_H

#include "stream/stream_int.h"

#include "base/lock.h"
#include "base/service.h"

#include <quern/metrics.h>
#include <quern/ring_broadcast.h>
#include <quern/ring_conflate.h>
#include <quern/ring_spsc.h>

/* What records themselves have, in the order of their names. */
typedef enum qni_field {
    QNI_FIELD_TIME,
    QNI_FIELD_SEQUENCE,
    QNI_FIELD_SYMBOL,
    QNI_FIELD_PRICE,
    QNI_FIELD_SIZE,
    QNI_FIELD_BID,
    QNI_FIELD_ASK,
    QNI_FIELD_MID,
    QNI_FIELD_SIDE,
    QNI_FIELD_ORDER,
    QNI_FIELD_COUNT
} qni_field;
extern const char *const qni_field_names[QNI_FIELD_COUNT];

/* Columns by index: first the fields, whose values are there once somebody reads them. */
typedef struct qni_columns {
    char **names;    /* (count) */
    double **values; /* (count) each (capacity of the ring); NULL: nobody reads the field */
    int64_t count, capacity, values_capacity;
} qni_columns;

typedef enum qni_step_kind {
    QNI_STEP_DECODE,
    QNI_STEP_STAGE,
    QNI_STEP_DIGEST,
    QNI_STEP_SINK,
} qni_step_kind;

typedef struct qni_step {
    qni_step_kind kind;
    qn_stream_stage stage; /* of a STAGE; its name and lists are not looked at again */
    qn_stream_sink sink;   /* of a SINK */
    char *name;
    int32_t *columns; /* (column_count) what spans show it */
    double **at;      /* (column_count) the same where a span begins */
    int64_t column_count;
    bool reads_all; /* of a SINK: its columns are known when the stream begins */
    bool opened;    /* of a SINK: it is to be closed */
    bool done;      /* of a SINK: it wants no more */
} qni_step;

/* Steps that one thread does. */
typedef struct qni_group {
    qn_stream *stream;
    qn_broadcast_reader *reader;
    int64_t first, end;   /* steps */
    qni_service *service; /* NULL: the caller's thread */
} qni_group;

/* A record that waits in a conflating ring. */
typedef struct qni_waiting {
    qn_tick tick;
    int64_t stamp_ns;
} qni_waiting;

struct qn_stream {
    const qn_allocator *allocator;
    qn_stream_options how; /* with what its zeros stand for */
    const qn_symbols *symbols;
    char name[64];  /* of its metrics */
    bool published; /* how.metrics collects */
    qn_stream_source source;
    bool has_source, ran;
    qn_stream_range range;
    bool all; /* the range has no bound */
    qni_columns columns;
    qni_step *steps; /* (step_count) the stages; when it runs, all */
    int64_t step_count, step_capacity;
    qni_step *sinks; /* (sink_count) until it runs */
    int64_t sink_count, sink_capacity;

    qn_broadcast *ring;
    int32_t *symbol_of; /* (capacity) */
    int64_t *stamps_ns; /* (capacity) when a record came; NULL without how.latency */
    qni_group *groups;  /* (group_count) */
    int64_t group_count;

    /* The intake: one thread's, the front's reader another's. */
    qn_spsc *front;           /* REJECT, DROP_OLDEST */
    qn_conflate *conflate;    /* CONFLATE */
    qn_tick *scratch;         /* (batch) of the thread that reads for a front */
    qni_waiting *waiting;     /* (batch) of the thread that takes from a conflating front */
    int64_t *front_stamps_ns; /* (capacity) */
    qni_service *reader;
    int64_t pending;                     /* records that were read in place but are not due yet */
    int64_t pace_time_ns, pace_clock_ns; /* event time and clock of the first record; pace_clock_ns 0: none yet */
    int64_t latest_due_ns;               /* of the records so far */
    int64_t read_count;                  /* records that the source has given, of which some lie outside the range */
    qn_status read_status;               /* of the source's last read, reported when what it gave has gone through */
    qn_error read_error;
    _Atomic int64_t refused; /* records for which a front had no room */

    _Atomic uint32_t stopping; /* 1: the source is not read any more; parked upon. Relaxed but for the park */
    _Atomic int64_t limit;     /* release: a group failed there; acquire: groups after it go no further */
    qni_lock lock;             /* guards what follows */
    qn_status status;          /* of the failure at `limit` */
    qn_error error;
    qn_histogram *latency;

    int64_t open_sinks;                 /* sinks that want records; the last group's */
    uint64_t digest[2];                 /* of the group that has its step */
    _Atomic int64_t began_ns, ended_ns; /* 0: not yet */
};

/* Room for the columns that spans show to a step (stream.c). Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_step_columns(qn_stream *stream, qni_step *step, int64_t count, qn_error *err);

/* ---- columns.c ---- */

/* Fields are columns from the beginning. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_columns_init(qni_columns *columns, const qn_allocator *allocator, qn_error *err);
int64_t qni_columns_find(const qni_columns *columns, const char *name); /* -1: none */
/* Whether sinks that read all see the column: a stage has made it, and not for others alone. */
bool qni_columns_is_shown(const qni_columns *columns, int64_t index);
/* The column that is read by `who`, with its values there. Errors: QN_NAME, QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_columns_read(int32_t *out, qn_stream *stream, const char *name, const char *who,
                                       qn_error *err);
/* A new column. Errors: QN_INVALID (there is one of that name), QN_LIMIT, QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_columns_add(int32_t *out, qn_stream *stream, const char *name, qn_error *err);
void qni_columns_fini(qni_columns *columns, int64_t ring_capacity, const qn_allocator *allocator);

/* Writes the fields that somebody reads. */
void qni_decode(qn_stream *stream, const qn_stream_span *span);

/* ---- digest.c ---- */

/* Adds a span to the digest: a sum over records, each mixed with its sequence, so that it is the same however records
 * are cut into spans. (column_count) columns of the span. */
void qni_digest_span(uint64_t digest[2], const qn_stream_span *span, int64_t column_count);

/* ---- intake.c ---- */

/* Makes what lies before the ring, and starts its reader where there is one. */
QN_MUST_USE qn_status qni_intake_open(qn_stream *stream, qn_error *err);
/* Puts the next records into the ring, and returns how many; 0: the end, stream->read_status says which. */
int64_t qni_intake_next(qn_stream *stream);
/* Joins the reader. After that the counts stand still. */
void qni_intake_close(qn_stream *stream);
void qni_intake_free(qn_stream *stream);
/* What the source gave, and what was lost before the ring; `ended`: what is in a front stays there. */
void qni_intake_counts(const qn_stream *stream, bool ended, int64_t *produced, int64_t *dropped);

/* ---- publish.c ---- */

/* Shows what the stream counts; `user` is the stream. */
qn_status qni_stream_collect(void *user, qn_collection *collection, qn_error *err);

/* ---- run.c ---- */

bool qni_stream_stopping(const qn_stream *stream);
/* The stream fails at `sequence`: no record from there on goes further. The least sequence keeps its error. */
void qni_stream_fail(qn_stream *stream, int64_t sequence, qn_status status, const qn_error *error);
/* Whether it has failed. */
bool qni_stream_failed(const qn_stream *stream);

#endif
