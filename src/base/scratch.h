/* base/scratch.h: a file without a name, for what does not fit into memory: written from front to back, read anywhere,
 * and gone with its descriptor, however the process ends.
 *
 * Nothing is gathered: who writes little pieces keeps them together. A scratch file belongs to one thread at a time. */
#ifndef QNI_BASE_SCRATCH_H
#define QNI_BASE_SCRATCH_H

#include <quern/base.h>

typedef struct qni_scratch {
    int fd;       /* -1: not open */
    int64_t size; /* bytes written */
} qni_scratch;

/* Opens one in `folder`. On failure it is not open. Errors: QN_CREATE (no such folder), QN_PERMISSION. */
QN_MUST_USE qn_status qni_scratch_open(qni_scratch *out, const char *folder, qn_error *err);

/* Adds `size` bytes at the end. After a failure what was there before is still there. Errors: QN_IO (native ENOSPC: the
 * disk is full). */
QN_MUST_USE qn_status qni_scratch_write(qni_scratch *scratch, const void *bytes, int64_t size, qn_error *err);

/* Reads `size` bytes from `at`, all of which were written. Errors: QN_IO. */
QN_MUST_USE qn_status qni_scratch_read(const qni_scratch *scratch, void *out, int64_t at, int64_t size, qn_error *err);

void qni_scratch_close(qni_scratch *scratch); /* one that is not open is fine */

#endif
