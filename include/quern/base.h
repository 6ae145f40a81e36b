/* quern/base.h: what every part of Quern shares: statuses, the error record, the allocator, the version.
 *
 * Caveats first:
 *  - A function that can fail returns a qn_status, which must be looked at. Its outputs come first, its `qn_error *`
 *    last; that pointer may be NULL. On failure an output pointer is NULL and nothing leaks.
 *  - An error record is the caller's, has a fixed size and never allocates.
 *  - Calls on different objects may run at once in any threads. An object belongs to one thread at a time unless its
 *    header says more.
 *  - A `qn_allocator *` is borrowed and outlives what is made with it; NULL: the default. Where it draws on
 *    a budget (quern/budget.h) that has no room, QN_NOMEM may be QN_BUDGET. Option structs are borrowed during the
 *    call; NULL: every default. `user` is handed to the callback beside it and never looked into.
 *  - Sizes in bytes, counts and indices are int64_t.
 *  - Nothing here runs at load, starts a thread or installs a signal handler.
 */
#ifndef QUERN_BASE_H
#define QUERN_BASE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
#define QN_BEGIN_DECLS extern "C" {
#define QN_END_DECLS   }
#else
#define QN_BEGIN_DECLS
#define QN_END_DECLS
#endif

/* QN_API: a function of the library. QN_MUST_USE: its result may not be thrown away. QN_PRINTF: the compiler checks its
 * arguments. QN_DEPRECATED: it works, but will go; `instead` is a literal that says what to call, as the compiler's
 * warning does: QN_API QN_DEPRECATED("use qn_version") const char *… */
#if defined(__GNUC__)
#define QN_API                 __attribute__((visibility("default")))
#define QN_MUST_USE            __attribute__((warn_unused_result))
#define QN_PRINTF(fmt, args)   __attribute__((format(printf, fmt, args)))
#define QN_DEPRECATED(instead) __attribute__((deprecated(instead)))
#else
#define QN_API
#define QN_MUST_USE
#define QN_PRINTF(fmt, args)
#define QN_DEPRECATED(instead)
#endif

QN_BEGIN_DECLS

/* The version of these headers; qn_version says that of the library that runs. */
#define QN_VERSION_MAJOR 0
#define QN_VERSION_MINOR 1
#define QN_VERSION_PATCH 0

/* Every status: X(NAME, value, exit code of the command, what it says). Only ever appended to. */
#define QN_STATUS_LIST(X)                                      \
    X(OK, 0, 0, "done")                                        \
    X(INVALID, 1, 2, "invalid argument")                       \
    X(NOMEM, 2, 71, "out of memory")                           \
    X(LIMIT, 3, 65, "a limit is exceeded")                     \
    X(SYNTAX, 4, 65, "syntax error")                           \
    X(NAME, 5, 65, "unknown name")                             \
    X(DATA, 6, 65, "bad data")                                 \
    X(NO_INPUT, 7, 66, "no such input")                        \
    X(UNAVAILABLE, 8, 69, "an optional part is not available") \
    X(INTERNAL, 9, 70, "internal fault")                       \
    X(CREATE, 10, 73, "cannot create output")                  \
    X(IO, 11, 74, "input or output failed")                    \
    X(PERMISSION, 12, 77, "permission denied")                 \
    X(CONFIG, 13, 78, "bad configuration")                     \
    X(INTERRUPTED, 14, 130, "interrupted")                     \
    X(BUDGET, 15, 71, "over a memory budget")                  \
    X(EXHAUSTED, 16, 71, "nothing is left to take")            \
    X(BUSY, 17, 69, "still in use")                            \
    X(TIMEOUT, 18, 69, "timed out")                            \
    X(CLOSED, 19, 69, "closed")

typedef enum qn_status {
#define QN_STATUS_ENUMERATOR(name, value, exit_code, text) QN_##name = value,
    QN_STATUS_LIST(QN_STATUS_ENUMERATOR)
#undef QN_STATUS_ENUMERATOR
} qn_status;

/* The status's enumerator without its prefix ("NOMEM"), what it says ("out of memory") and the exit code that the
 * command gives for it. Static strings; a number that is no status gives "?", "unknown status" and 70. Any thread. */
QN_API const char *qn_status_name(qn_status status);
QN_API const char *qn_status_text(qn_status status);
QN_API int qn_status_exit_code(qn_status status);

/* What went wrong and where. Written by the function that fails; fields that do not apply are 0 or "". */
typedef struct qn_error {
    qn_status code;          /* what the function returned */
    int native;              /* errno, or another library's own code */
    int64_t line;            /* place in the input: line, 1-based */
    int64_t column;          /* place in the input: column in bytes, 1-based */
    char file[256];          /* place in the input: the file's name, its tail where it is longer */
    char message[512];       /* one sentence for a person: what is wrong, what to change */
    const char *source_file; /* place in Quern's source; a static string */
    int source_line;         /* and the line there */
} qn_error;

/* An error record with nothing in it. */
QN_API qn_error qn_error_none(void);

/* Where memory comes from. One function, `resize`, as in Lua: `block` of `old_size` bytes becomes one of `new_size`
 * bytes. `user` is its first argument.
 *  - block NULL, old_size 0: a new block.        - new_size 0: frees, returns NULL, cannot fail.
 *  - Returns NULL when there is no memory; `block` is then unchanged.
 *  - What it returns is aligned to 64 bytes; min(old_size, new_size) bytes are kept, the rest is not cleared.
 *  - Called from any thread that uses an object made with it. */
typedef struct qn_allocator {
    void *(*resize)(void *user, void *block, int64_t old_size, int64_t new_size);
    void *user;
} qn_allocator;

/* The process's own allocator, used wherever an allocator argument is NULL. Static; any thread. */
QN_API const qn_allocator *qn_allocator_default(void);

/* The version of the library that runs, "0.1.0". Static. */
QN_API const char *qn_version(void);

/* Whether an optional part ("cairo", "zlib") can be used in this process. May open a shared library, for good; any
 * thread. An unknown name is false. */
QN_API bool qn_has(const char *part);

QN_END_DECLS
#endif
