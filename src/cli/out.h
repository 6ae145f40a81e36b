/* cli/out.h: writing text to a descriptor: a buffer, a memory of the first failure, and no locale.
 *
 * Always: after the first failed write nothing more is written, and qni_out_flush says why. One thread. */
#ifndef QNI_CLI_OUT_H
#define QNI_CLI_OUT_H

#include "base/json.h"
#include "cli/limits.h"

#include <quern/base.h>

typedef struct qni_out {
    int fd;
    bool terminal; /* a person reads along */
    bool colour;   /* a terminal, and the person did not ask for none */
    bool utf8;     /* what lies beyond ASCII can be shown */
    int failed;    /* errno of the first failure; 0: none */
    int64_t used;
    char buffer[QNI_OUT_BUFFER_SIZE];
} qni_out;

typedef enum qni_style {
    QNI_STYLE_PLAIN,
    QNI_STYLE_BOLD,
    QNI_STYLE_DIM,
    QNI_STYLE_GOOD,
    QNI_STYLE_WARN,
    QNI_STYLE_BAD,
} qni_style;

/* Begins to write to `fd` (borrowed). Whether it is a terminal, and what the environment says of colour (NO_COLOR,
 * TERM=dumb) and of characters (LC_ALL, LC_CTYPE, LANG), is asked here. */
void qni_out_init(qni_out *out, int fd);

void qni_out_bytes(qni_out *out, const char *bytes, int64_t size);
void qni_out_text(qni_out *out, const char *text);
/* For whole numbers and text of ours: nothing that follows the locale. */
void qni_out_printf(qni_out *out, const char *format, ...) QN_PRINTF(2, 3);

/* Text that somebody else wrote (size -1: up to the zero): what would control a terminal becomes ?, what is not UTF-8
 * too. */
void qni_out_foreign(qni_out *out, const char *text, int64_t size);

void qni_out_spaces(qni_out *out, int64_t count);
/* A number as its shortest text that reads back the same. */
void qni_out_number(qni_out *out, double value);
/* Switches the style, where there is colour. */
void qni_out_style(qni_out *out, qni_style style);

/* Writes what is gathered. Errors: QN_IO (native: errno; EPIPE: nobody reads any more). */
QN_MUST_USE qn_status qni_out_flush(qni_out *out, const char *name, qn_error *err);

/* A sink for a JSON writer (base/json.h) whose user is a qni_out. After a failed write it says QN_IO. */
qn_status qni_out_json_sink(void *user, const char *text, int64_t size, qn_error *err);

/* qni_json_finish of a writer to standard output: what could not be written is no failure here, for the command reports
 * it, once. */
QN_MUST_USE qn_status qni_out_json_finish(qni_json_writer *writer, qn_error *err);

/* Columns and lines of the terminal: as it says itself, else 80 and 24. */
void qni_out_terminal_size(const qni_out *out, int *columns, int *lines);

#endif
