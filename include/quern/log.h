/* quern/log.h: where Quern's log lines go, and how many there are.
 *
 * Caveats first:
 *  - Level and sink are the process's, not an object's. A library never logs what a status already says to its caller.
 *  - Everything here may be called from any thread, and lines are written from whichever thread has something to say.
 *  - A line is for a person who looks for the reason of something; it is no data and its wording is not promised.
 */
#ifndef QUERN_LOG_H
#define QUERN_LOG_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* Levels: X(NAME, value, how it is written). A level shows itself and those before it. Only ever appended to. */
#define QN_LOG_LEVEL_LIST(X) \
    X(OFF, 0, "off")         \
    X(ERROR, 1, "error")     \
    X(WARN, 2, "warn")       \
    X(INFO, 3, "info")       \
    X(DEBUG, 4, "debug")     \
    X(TRACE, 5, "trace")

typedef enum qn_log_level {
#define QN_LOG_LEVEL_ENUMERATOR(name, value, text) QN_LOG_##name = value,
    QN_LOG_LEVEL_LIST(QN_LOG_LEVEL_ENUMERATOR)
#undef QN_LOG_LEVEL_ENUMERATOR
} qn_log_level;

/* "warn"; static; "?" for a number that is no level. */
QN_API const char *qn_log_level_name(qn_log_level level);

/* The level that `name` writes, in lower case. False where there is none; *out is then unchanged. */
QN_API bool qn_log_level_find(qn_log_level *out, const char *name);

/* A place for lines. `line` has `size` bytes, ends with a line feed, is followed by a zero and holds no other control
 * character; it is borrowed during the call. Called from any thread, from several at once. */
typedef struct qn_log_sink {
    void (*write)(void *user, qn_log_level level, const char *line, int64_t size); /* takes a line */
    void *user;                                                                    /* its first argument */
} qn_log_sink;

/* Shows messages up to `level` from now on and writes them to `sink` (borrowed; NULL: standard error). A thread that is
 * writing a line meanwhile may still use the sink before, which must therefore stay valid as long as other threads may
 * be inside Quern; a static one is best. Any thread. Before the first call: QN_LOG_WARN to standard error. */
QN_API void qn_log_set(qn_log_level level, const qn_log_sink *sink);

/* The level that is set. Any thread. */
QN_API qn_log_level qn_log_level_now(void);

QN_END_DECLS
#endif
