/* array/digest_int.h: the canonical form of contents, streamed into a digest: array/digest.c says what it is.
 *
 * Small pieces are gathered, so that a strided array costs one call of the hash a chunk. One thread. */
#ifndef QNI_ARRAY_DIGEST_INT_H
#define QNI_ARRAY_DIGEST_INT_H

#include <quern/digest.h>

#include "array/limits.h"
#include "base/digest.h"

typedef struct qni_stream {
    qni_digester digester;
    int64_t used;
    char buffer[QNI_DIGEST_CHUNK];
} qni_stream;

/* `what` (at most 16 bytes) is what kind of content it is: contents of different kinds have different digests. */
void qni_stream_init(qni_stream *s, const char *what);
void qni_stream_bytes(qni_stream *s, const void *bytes, int64_t size); /* just the bytes */
void qni_stream_int64(qni_stream *s, int64_t value);
void qni_stream_text(qni_stream *s, const char *text);   /* after its size */
void qni_stream_array(qni_stream *s, const qn_array *a); /* one that has not ended */
void qni_stream_table(qni_stream *s, const qn_table *t);
qn_digest qni_stream_final(qni_stream *s);

#endif
