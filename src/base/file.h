/* base/file.h: whole files in and out.
 *
 * An output file appears whole or not at all: it is written beside its place under a hidden name, flushed to the disk
 * and renamed by the commit. Until then, and after any failure, what stood there before is untouched, and nothing is
 * left behind. A link is followed, so that the file it points to is replaced; the permissions of a replaced file are
 * kept, its other hard links stay with the old content. What is not a regular file (a pipe, a device) is written to
 * directly, and so is standard output, "-".
 *
 * A writer belongs to one thread at a time. */
#ifndef QNI_BASE_FILE_H
#define QNI_BASE_FILE_H

#include <quern/base.h>

typedef struct qni_file_writer qni_file_writer;

/* Opens a writer for `path` (copied). Errors: QN_CREATE (no such folder, a folder itself), QN_PERMISSION, QN_NOMEM; the
 * message names the path. */
QN_MUST_USE qn_status qni_file_open(qni_file_writer **out, const char *path, const qn_allocator *allocator,
                                    qn_error *err);

/* Adds bytes. After a failure nothing more is written; the same status comes back from every later call. Errors: QN_IO
 * (native ENOSPC: the disk is full, EPIPE: nobody reads), QN_PERMISSION. */
QN_MUST_USE qn_status qni_file_write(qni_file_writer *writer, const void *bytes, int64_t size, qn_error *err);

/* Whether it writes directly, to a pipe, a device or standard output, so that a failure later takes nothing back. */
bool qni_file_is_direct(const qni_file_writer *writer);

/* Hands what is gathered to the system, for who waits at the other end. Errors: as above. */
QN_MUST_USE qn_status qni_file_flush(qni_file_writer *writer, qn_error *err);

/* Ends the writing and frees the writer, on failure too. Only after QN_OK has the file its new content. Errors: as
 * above. */
QN_MUST_USE qn_status qni_file_commit(qni_file_writer *writer, qn_error *err);

/* Frees the writer; the file stays as it was. NULL is fine. */
void qni_file_abandon(qni_file_writer *writer);

/* All of that in one call. */
QN_MUST_USE qn_status qni_file_write_all(const char *path, const void *bytes, int64_t size,
                                         const qn_allocator *allocator, qn_error *err);

/* What messages call an input: its path, or "standard input" for "-". */
const char *qni_file_name(const char *path);

/* What was read. A zero stands behind the last byte. */
typedef struct qni_file_bytes {
    char *bytes;
    int64_t size;
    int64_t capacity; /* of the block, for giving it back */
} qni_file_bytes;

/* Reads all of `path` ("-": standard input), at most `limit` bytes. On failure out->bytes is NULL. Errors: QN_NO_INPUT
 * (a folder, too), QN_PERMISSION, QN_IO, QN_LIMIT (larger), QN_NOMEM. */
QN_MUST_USE qn_status qni_file_read_all(qni_file_bytes *out, const char *path, int64_t limit,
                                        const qn_allocator *allocator, qn_error *err);

/* Gives the block back and empties the record. An empty record is fine. */
void qni_file_bytes_free(qni_file_bytes *bytes, const qn_allocator *allocator);

/* Calls name(user, …) for each name in a folder, hidden ones too, in no order; the first status that is not QN_OK ends
 * it and is returned. Errors: that; QN_NO_INPUT (no such folder, a file), QN_PERMISSION, QN_IO, QN_NOMEM. */
QN_MUST_USE qn_status qni_file_each(const char *folder, qn_status (*name)(void *user, const char *name, qn_error *err),
                                    void *user, qn_error *err);

bool qni_file_is_folder(const char *path);

/* What tells a file from all others, whatever it is called: its device and its number there, as long as it exists.
 * False: there is no such file, or it cannot be looked at. */
bool qni_file_identity(uint64_t out[2], const char *path);

/* Whether both name one regular file; where there is none yet, whether they are the same text and not "-". */
bool qni_file_is_one(const char *a, const char *b);

#endif
