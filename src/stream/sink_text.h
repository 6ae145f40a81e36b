/* stream/sink_text.h: an output file of text that sinks write, and a record's fields as text.
 *
 * Rows are put together in one buffer; who needs room says how much, writes, and says where it ended. A pipe, a device
 * or standard output gets what is there after every span, so that who waits at the other end sees it; a file, when the
 * buffer is full. One thread at a time. */
#ifndef QNI_STREAM_SINK_TEXT_H
#define QNI_STREAM_SINK_TEXT_H

#include <quern/tick.h>

#include "base/file.h"
#include "base/number.h"
#include "stream/sink_trades.h"

typedef struct qni_sink_file {
    const qn_allocator *allocator;
    qni_file_writer *file; /* NULL: ended, or nobody reads it */
    char *buffer;          /* (QNI_SINK_BUFFER), `used` of them written to */
    int64_t used;
    qn_error failed; /* code QN_OK: nothing failed yet; else what close says again */
} qni_sink_file;

/* Opens `path` and takes the buffer. On failure *out is all zero. Errors: those of qni_file_open. */
QN_MUST_USE qn_status qni_sink_file_open(qni_sink_file *out, const char *path, const qn_allocator *allocator,
                                         qn_error *err);

/* *at := where `size` bytes (at most QNI_SINK_BUFFER) can be written to. Errors: QN_IO, QN_CLOSED (nobody reads). */
QN_MUST_USE qn_status qni_sink_file_room(char **at, qni_sink_file *file, int64_t size, qn_error *err);
void qni_sink_file_wrote(qni_sink_file *file, const char *end);

/* Writes bytes, as many as there are, as a cell: in quotes where it needs them. Errors as above. */
QN_MUST_USE qn_status qni_sink_file_cell(qni_sink_file *file, const char *text, qn_error *err);

/* A span was written: see above. Errors as above. */
QN_MUST_USE qn_status qni_sink_file_span(qni_sink_file *file, qn_error *err);

/* Writes what is there and puts the file in its place. What failed before is said again, but for a pipe that nobody
 * reads: that is QN_OK. */
QN_MUST_USE qn_status qni_sink_file_close(qni_sink_file *file, qn_error *err);

/* Gives the file up: it does not appear, and close says nothing. */
void qni_sink_file_abandon(qni_sink_file *file);

/* Frees all; a file that was not closed does not appear. */
void qni_sink_file_fini(qni_sink_file *file);

/* Text of numbers: each writes to as many bytes from `at` on as said, and returns where its text ends. */
enum {
    QNI_TEXT_INTEGER = 20,
    QNI_TEXT_DECIMAL = 21,
    QNI_TEXT_SUM = 41,
    QNI_TEXT_TIME = 30,
    QNI_TEXT_SYMBOL = 2 * QN_SYMBOL_NAME_MAX + 2,
    QNI_TEXT_COLUMN = QNI_NUMBER_SIZE,
};

char *qni_text_integer(char *at, int64_t value);
char *qni_text_decimal(char *at, int64_t value); /* 1e-8 each, exact, without needless zeros */
char *qni_text_sum(char *at, qni_i128 value);    /* likewise */
char *qni_text_column(char *at, double value);   /* the shortest that reads back; nothing for NaN */

/* A time in ISO 8601, UTC. The second that was written last is kept: times that follow one another share it. */
typedef struct qni_text_clock {
    int64_t second; /* since 1970 */
    char text[20];  /* 2026-02-13T14:30:00; empty at the beginning */
} qni_text_clock;
char *qni_text_time(char *at, qni_text_clock *clock, int64_t time_ns);

/* Names of symbols as cells. */
typedef struct qni_text_symbols {
    const qn_symbols *symbols; /* borrowed */
    const qn_allocator *allocator;
    uint8_t *known; /* (capacity) size of a name, and whether it needs quotes; 0: not looked at */
    int64_t capacity;
} qni_text_symbols;

QN_MUST_USE qn_status qni_text_symbols_init(qni_text_symbols *out, const qn_symbols *symbols,
                                            const qn_allocator *allocator, qn_error *err);
char *qni_text_symbol(char *at, qni_text_symbols *symbols, int32_t symbol);
void qni_text_symbols_fini(qni_text_symbols *symbols); /* all zero is fine */

#endif
