/* cli/replay_int.h: what the parts of `quern replay` share.
 *
 *     options ─▶ symbols, source, gate ─▶ stream (formulas, stages, sinks) ─▶ run, watched ─▶ summary
 *
 * One thread, but for what a stream may be asked while it runs. */
#ifndef QNI_CLI_REPLAY_INT_H
#define QNI_CLI_REPLAY_INT_H

#include "base/service.h"
#include "cli/command.h"

#include <quern/feeds.h>
#include <quern/gate.h>
#include <quern/journal.h>
#include <quern/sinks.h>
#include <quern/stream.h>

enum {
    REPLAY_SYMBOLS,
    REPLAY_FROM,
    REPLAY_TO,
    REPLAY_MAP,
    REPLAY_SKIP_BAD,
    REPLAY_STRICT,
    REPLAY_SEED,
    REPLAY_ORDERS,
    REPLAY_FORMULA,
    REPLAY_PIPELINE,
    REPLAY_RISK,
    REPLAY_ORDER,
    REPLAY_SPEED,
    REPLAY_OVERLOAD,
    REPLAY_THREADS,
    REPLAY_CAPACITY,
    REPLAY_JOURNAL,
    REPLAY_OUTPUT,
    REPLAY_BARS,
    REPLAY_FORMAT,
    REPLAY_OPTION_COUNT
};

typedef enum replay_kind {
    REPLAY_CSV,
    REPLAY_A_JOURNAL,
    REPLAY_GENERATED,
} replay_kind;

typedef struct replay_job {
    qni_run *run;
    const qni_args *args;
    const qni_option *options;
    const qn_allocator *allocator;
    replay_kind kind;
    const char *source;   /* as it was typed */
    int64_t wanted;       /* of a GENERATED: records; -1: no end */
    qn_stream_source csv; /* of a CSV: to be asked what it met, until the stream is freed */
    qn_symbols *symbols;
    qn_gate *gate; /* NULL: none */
    qn_aggregates *aggregates;
    qn_stream *stream;
    qni_service *watcher;
    int switch_file;                     /* where SIGUSR1 is read, with a gate; -1: nowhere */
    qn_stream_sink out;                  /* what goes to standard output; .write NULL: nothing does */
    bool nobody_reads;                   /* that; the stream was stopped for it */
    int64_t spans;                       /* that the sink which counts requests for memory has seen */
    int64_t requests_warm, requests_end; /* of memory, when all parts had seen a span, and at the end */
    const char *formula;                 /* that the error is about; NULL: another one */
    qn_stream_stats stats;               /* at the end */
} replay_job;

/* What is wrong with the text of an option; NULL: nothing (replay_settings.c). */
const char *qni_replay_speed_refuse(const char *text);
const char *qni_replay_bars_refuse(const char *text);
const char *qni_replay_symbols_refuse(const char *text);

/* What they say. */
double qni_replay_speed(const char *text); /* 0: max */
/* The interval and the file of INTERVAL:FILE. */
bool qni_replay_bars(int64_t *interval_ns, const char **file, const char *text);

/* Makes symbols, source, gate and stream, with all their parts (replay_open.c). */
QN_MUST_USE qn_status qni_replay_open(replay_job *job, qn_error *err);
void qni_replay_close(replay_job *job);

/* Stops the stream when the command is to end, turns the kill switch, and draws the line on a terminal, in a thread of
 * its own (replay_watch.c). */
QN_MUST_USE qn_status qni_replay_watch(replay_job *job, qn_error *err);
void qni_replay_unwatch(replay_job *job);

/* The summary (replay_text.c, replay_json.c). */
QN_MUST_USE qn_status qni_replay_text(replay_job *job, qn_error *err);
QN_MUST_USE qn_status qni_replay_json(replay_job *job, qn_error *err);

/* Records a second. */
double qni_replay_rate(const replay_job *job);
/* 32 hexadecimal digits. */
void qni_replay_digest(char out[33], const replay_job *job);

#endif
