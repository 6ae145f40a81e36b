/* base/library.h: optional shared libraries, opened the first time they are needed: a program that does without them
 * never loads them.
 *
 * Who calls a library compiles against its header, lists the functions it uses in an X-macro, and has a struct of
 * pointers to them filled here; that takes well below a microsecond a function, so the struct lives where the work
 * does. An opened library stays open for the rest of the process. Where one is missing nothing is remembered: the next
 * call looks again. Any thread. */
#ifndef QNI_BASE_LIBRARY_H
#define QNI_BASE_LIBRARY_H

#include <quern/base.h>

#include <stddef.h>

typedef enum qni_library {
    QNI_LIBRARY_CAIRO,
    QNI_LIBRARY_ZLIB,
    QNI_LIBRARY_SQLITE,
    QNI_LIBRARY_POSTGRES,
    QNI_LIBRARY_DUCKDB,
    QNI_LIBRARY_ZIP,
    QNI_LIBRARY_REDIS,
    QNI_LIBRARY_COUNT
} qni_library;

/* Its name for qn_has ("cairo"), and what cannot be had without it, in the plural. Static. */
const char *qni_library_part(qni_library library);
const char *qni_library_purpose(qni_library library);

/* A function of a library: its name, and where in the caller's struct its pointer stands. */
typedef struct qni_function {
    const char *name;
    size_t offset;
} qni_function;

/* Fills in the pointers of `functions` (count) in the struct `out`. Errors: QN_UNAVAILABLE, with what to install; *out
 * may then be filled in part. */
QN_MUST_USE qn_status qni_library_functions(void *out, qni_library library, const qni_function *functions,
                                            int64_t count, qn_error *err);

#endif
