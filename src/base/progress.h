/* base/progress.h: one line on a terminal that tells how far long work is.
 *
 *     fitting [#########-----------]  4510/10000  45 %  1.21 k/s  0:04 left
 *
 * It appears after half a second, is drawn at most ten times a second, and is erased at the end. Where standard error
 * is no terminal it is never there. What it costs: a clock reading a call, so call it once a block of work. */
#ifndef QNI_BASE_PROGRESS_H
#define QNI_BASE_PROGRESS_H

#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct qni_progress_options {
    const char *label; /* "fitting"; borrowed until the end; printable text of one byte a column */
    int64_t total;     /* of what is counted; 0: not known */
    bool enabled;      /* false: every call does nothing */
    int columns;       /* width of the terminal; 0: not known */
    qni_clock clock;
    void (*write)(void *user, const char *text, int64_t size); /* gets each drawing whole */
    void *write_user;
} qni_progress_options;

/* For standard error, enabled where that is a terminal that can erase a line (TERM is not "dumb"). */
qni_progress_options qni_progress_on_stderr(const char *label, int64_t total);

typedef struct qni_progress {
    qni_progress_options options;
    int64_t begin_ns;
    _Atomic int64_t done;    /* relaxed: a figure for the eye */
    _Atomic int64_t next_ns; /* when to draw next; relaxed: a drawing more or less does not matter */
    atomic_flag drawing;     /* taken by the thread that draws (acquire), cleared by it (release); guards `drawn` */
    bool drawn;              /* something stands on the line */
} qni_progress;

/* Begins the work; nothing is drawn yet. */
void qni_progress_begin(qni_progress *progress, const qni_progress_options *options);

/* `count` more are done. Any thread; never waits for another one's drawing. */
void qni_progress_add(qni_progress *progress, int64_t count);

/* Ends the work and erases the line. After all other calls. */
void qni_progress_end(qni_progress *progress);

#endif
