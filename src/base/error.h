/* base/error.h: filling in a qn_error from inside the library. */
#ifndef QNI_BASE_ERROR_H
#define QNI_BASE_ERROR_H

#include <quern/base.h>

#include <assert.h>
#include <stddef.h>

/* What an error function gives is never QN_OK: here a compiler and an analyser see it too. */
static inline qn_status qni_failed(qn_status status)
{
    assert(status != QN_OK);
    return status;
}

/* Fills `err` (may be NULL) and returns `code`: `return qni_error(err, QN_INVALID, "…", …);` */
#define qni_error(err, code, ...) qni_failed(qni_error_set((err), (code), NULL, 0, 0, __FILE__, __LINE__, __VA_ARGS__))

/* The same with a place in the input: file (NULL: none), line and column (1-based; 0: none). */
#define qni_error_at(err, code, file, line, column, ...) \
    qni_failed(qni_error_set((err), (code), (file), (line), (column), __FILE__, __LINE__, __VA_ARGS__))

qn_status qni_error_set(qn_error *err, qn_status code, const char *file, int64_t line, int64_t column,
                        const char *source_file, int source_line, const char *format, ...) QN_PRINTF(8, 9);

/* An error that carries an errno: the code follows from it (ENOENT: QN_NO_INPUT, EACCES: QN_PERMISSION, ENOMEM:
 * QN_NOMEM, else `otherwise`); the system's own text is appended to the message. */
#define qni_error_errno(err, otherwise, errno_, ...) \
    qni_failed(qni_error_errno_set((err), (otherwise), (errno_), __FILE__, __LINE__, __VA_ARGS__))

qn_status qni_error_errno_set(qn_error *err, qn_status otherwise, int errno_, const char *source_file, int source_line,
                              const char *format, ...) QN_PRINTF(6, 7);

#endif
