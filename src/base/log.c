/* base/log.c: one line a message, made on the stack, written at once.
 *
 * "quern: warn: csv: the message"; when the debug level is on, "[12.345678] " with the seconds of the monotonic clock
 * stands before it. Control characters in a message become spaces, so that a message cannot look like two. Any thread.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct qni_log_state qni_log_state = {.level = QN_LOG_WARN, .sink = NULL};

const char *qn_log_level_name(qn_log_level level)
{
    switch (level) {
#define LEVEL_NAME(name, value, text) \
    case QN_LOG_##name:               \
        return text;
        QN_LOG_LEVEL_LIST(LEVEL_NAME)
#undef LEVEL_NAME
    }
    return "?";
}

bool qn_log_level_find(qn_log_level *out, const char *name)
{
    for (int level = QN_LOG_OFF; level <= QN_LOG_TRACE; level++)
        if (strcmp(name, qn_log_level_name((qn_log_level)level)) == 0) {
            *out = (qn_log_level)level;
            return true;
        }
    return false;
}

void qn_log_set(qn_log_level level, const qn_log_sink *sink)
{
    /* Release: pairs with the acquire in qni_log_write, which then sees what the host wrote into the sink. */
    atomic_store_explicit(&qni_log_state.sink, sink, memory_order_release);
    /* Relaxed: the level carries nothing but itself. */
    atomic_store_explicit(&qni_log_state.level, (int)level, memory_order_relaxed);
}

qn_log_level qn_log_level_now(void)
{
    /* Relaxed: as above. */
    return (qn_log_level)atomic_load_explicit(&qni_log_state.level, memory_order_relaxed);
}

/* Writes all of it unless standard error cannot take it: there is nobody left to tell. */
static void write_to_stderr(const char *line, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, line, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        line += written;
        size -= (size_t)written;
    }
}

/* Cuts a text that did not fit before the character that it was cut in, and says so. `end` is where its zero stands. */
static char *mark_cut(char *begin, char *end)
{
    static const char sign[] = "\xE2\x80\xA6"; /* an ellipsis */
    end -= sizeof sign - 1;
    while (end > begin && ((unsigned char)*end & 0xC0) == 0x80)
        end--;
    memcpy(end, sign, sizeof sign);
    return end + sizeof sign - 1;
}

/* Writes the line into `out` and returns its size. */
static size_t make_line(char out[QNI_LOG_LINE_SIZE], qn_log_level level, const char *area, const char *format,
                        va_list args) QN_PRINTF(4, 0);

static size_t make_line(char out[QNI_LOG_LINE_SIZE], qn_log_level level, const char *area, const char *format,
                        va_list args)
{
    const size_t capacity = QNI_LOG_LINE_SIZE - 1; /* one byte for the line feed */
    int head = 0;
    if (qni_log_shows(QN_LOG_DEBUG)) {
        int64_t us = qni_clock_monotonic_ns() / 1000;
        head = snprintf(out, capacity, "[%" PRId64 ".%06d] ", us / 1000000, (int)(us % 1000000));
    }
    head += snprintf(out + head, capacity - (size_t)head, "quern: %s: %.64s: ", qn_log_level_name(level), area);
    int body = vsnprintf(out + head, capacity - (size_t)head, format, args);
    char *end = out + head + (body < 0 ? 0 : body);
    if (end >= out + capacity)
        end = mark_cut(out + head, out + capacity - 1);
    for (char *c = out; c < end; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
    end[0] = '\n';
    end[1] = '\0';
    return (size_t)(end + 1 - out);
}

void qni_log_write(qn_log_level level, const char *area, const char *format, ...)
{
    int errno_before = errno;
    char line[QNI_LOG_LINE_SIZE];
    va_list args;
    va_start(args, format);
    size_t size = make_line(line, level, area, format, args);
    va_end(args);
    /* Acquire: pairs with the release in qn_log_set. */
    const qn_log_sink *sink = atomic_load_explicit(&qni_log_state.sink, memory_order_acquire);
    if (sink != NULL)
        sink->write(sink->user, level, line, (int64_t)size);
    else
        write_to_stderr(line, size);
    errno = errno_before;
}
