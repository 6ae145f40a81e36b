/* base/log.h: saying something to the person who runs the program.
 *
 *     qni_log(QN_LOG_WARN, "threads", "only %d of %d threads could be started", got, wanted);
 *
 * A message that is not shown costs one load and a compare; its arguments are not evaluated. Sentences without a full
 * stop, no data in %f or %g (they follow the locale). Keeps errno. Any thread; not for signal handlers. */
#ifndef QNI_BASE_LOG_H
#define QNI_BASE_LOG_H

#include <quern/log.h>

#include <stdatomic.h>

/* The process's log: read by everybody, written by qn_log_set alone. */
extern struct qni_log_state {
    atomic_int level;                  /* relaxed: a message more or less around the change does not matter */
    _Atomic(const qn_log_sink *) sink; /* released by qn_log_set, acquired by qni_log_write; NULL: standard error */
} qni_log_state;

#define qni_log_shows(level_) ((int)(level_) <= atomic_load_explicit(&qni_log_state.level, memory_order_relaxed))

#define qni_log(level_, area, ...)                        \
    do {                                                  \
        if (qni_log_shows(level_))                        \
            qni_log_write((level_), (area), __VA_ARGS__); \
    } while (0)

/* Writes the message whatever the level is; `area` names the part that speaks ("csv"). */
void qni_log_write(qn_log_level level, const char *area, const char *format, ...) QN_PRINTF(3, 4);

#endif
