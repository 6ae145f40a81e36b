/* base/error.c: statuses and the error record.
 *
 * The record is written in one place so that every field is set every time. Any thread. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *qn_status_name(qn_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, exit_code, text) \
    case QN_##name:                               \
        return #name;
        QN_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    }
    return "?";
}

const char *qn_status_text(qn_status status)
{
    switch (status) {
#define STATUS_TEXT(name, value, exit_code, text) \
    case QN_##name:                               \
        return text;
        QN_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

int qn_status_exit_code(qn_status status)
{
    switch (status) {
#define STATUS_EXIT_CODE(name, value, exit_code, text) \
    case QN_##name:                                    \
        return exit_code;
        QN_STATUS_LIST(STATUS_EXIT_CODE)
#undef STATUS_EXIT_CODE
    }
    return 70;
}

qn_error qn_error_none(void)
{
    return (qn_error){.code = QN_OK};
}

/* Copies the tail of `text` that fits: the end of a path says more than its beginning. */
static void copy_tail(char *out, size_t capacity, const char *text)
{
    size_t size = strlen(text);
    const char *from = size < capacity ? text : text + (size - capacity + 1);
    memcpy(out, from, strlen(from) + 1);
}

QN_PRINTF(5, 0)
static void fill(qn_error *err, qn_status code, const char *source_file, int source_line, const char *format,
                 va_list args)
{
    *err = (qn_error){.code = code, .source_file = source_file, .source_line = source_line};
    if (vsnprintf(err->message, sizeof err->message, format, args) < 0)
        err->message[0] = '\0';
}

qn_status qni_error_set(qn_error *err, qn_status code, const char *file, int64_t line, int64_t column,
                        const char *source_file, int source_line, const char *format, ...)
{
    if (err == NULL)
        return code;
    va_list args;
    va_start(args, format);
    fill(err, code, source_file, source_line, format, args);
    va_end(args);
    err->line = line;
    err->column = column;
    if (file != NULL)
        copy_tail(err->file, sizeof err->file, file);
    return code;
}

static qn_status status_of_errno(int errno_, qn_status otherwise)
{
    switch (errno_) {
    case ENOENT:
    case ENOTDIR:
        return QN_NO_INPUT;
    case EACCES:
    case EPERM:
        return QN_PERMISSION;
    case ENOMEM:
        return QN_NOMEM;
    default:
        return otherwise;
    }
}

qn_status qni_error_errno_set(qn_error *err, qn_status otherwise, int errno_, const char *source_file, int source_line,
                              const char *format, ...)
{
    qn_status code = status_of_errno(errno_, otherwise);
    if (err == NULL)
        return code;
    va_list args;
    va_start(args, format);
    fill(err, code, source_file, source_line, format, args);
    va_end(args);
    err->native = errno_;
    char text[128];
    if (strerror_r(errno_, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", errno_);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", text);
    return code;
}
