/* array/whole.h: all of an input at once, inflated where gzip compressed it: for formats that are told by content. */
#ifndef QNI_ARRAY_WHOLE_H
#define QNI_ARRAY_WHOLE_H

#include <quern/base.h>

typedef struct qni_whole {
    const char *bytes;
    int64_t size;
    char *block; /* what is to be given back; NULL: the bytes are the caller's own */
    int64_t capacity;
} qni_whole;

/* Reads `path` ("-": standard input), at most `limit` bytes. On failure *out is empty. Errors: QN_NO_INPUT,
 * QN_PERMISSION, QN_IO, QN_DATA (damaged gzip), QN_LIMIT (more bytes), QN_UNAVAILABLE (gzip without zlib), QN_NOMEM. */
QN_MUST_USE qn_status qni_whole_file(qni_whole *out, const char *path, int64_t limit, const qn_allocator *allocator,
                                     qn_error *err);

/* The same of bytes in memory, borrowed until it is freed; `name` is what complaints call them. */
QN_MUST_USE qn_status qni_whole_bytes(qni_whole *out, const char *bytes, int64_t size, const char *name, int64_t limit,
                                      const qn_allocator *allocator, qn_error *err);

void qni_whole_free(qni_whole *whole, const qn_allocator *allocator); /* an empty one is fine */

#endif
