/* base/folder.h: a folder whose files several processes share: its lock, words in memory that all of them see, and
 * files that are written once, read whole, moved and dropped.
 *
 * What is made can be read and written by its owner alone. Nothing is flushed to the disk: what was written survives
 * the end of the process, by any means, and not the machine's. Paths are borrowed during the call; messages name them.
 * Any thread. */
#ifndef QNI_BASE_FOLDER_H
#define QNI_BASE_FOLDER_H

#include <quern/base.h>

/* Makes a folder and those above it; one that is there is fine. Errors: QN_CREATE (a file is in the way),
 * QN_PERMISSION, QN_IO. */
QN_MUST_USE qn_status qni_folder_make(const char *path, qn_error *err);

/* Whether the process may write to what is there: to a folder, or into a file. */
bool qni_folder_writable(const char *path);

/* Opens a file, made where it is not and `make`, and locks it against other openings, also of the same process, waiting
 * up to timeout_ms. *out is for qni_folder_unlock. Errors: QN_NO_INPUT (no such file), QN_BUSY, QN_PERMISSION,
 * QN_CREATE, QN_IO. */
QN_MUST_USE qn_status qni_folder_lock(int *out, const char *path, bool make, bool exclusive, int64_t timeout_ms,
                                      qn_error *err);
void qni_folder_unlock(int fd); /* -1 is fine */
/* Whether the file that is open is the one that the path names now: it was not moved before it was locked. */
bool qni_folder_is(int fd, const char *path);

/* What stands in the locked file from its beginning, at most `size` bytes; -1: it cannot be read. And its replacement.
 */
int64_t qni_folder_note(int fd, void *out, int64_t size);
QN_MUST_USE qn_status qni_folder_set_note(int fd, const char *path, const void *bytes, int64_t size, qn_error *err);

/* Maps `size` bytes of a file into memory that all who map it share; `write`: it is made where it is not, and made
 * larger, with zeros, where it is smaller. What cuts the file off later kills the process that looks. Errors:
 * QN_NO_INPUT (no such file, or it is smaller), QN_PERMISSION, QN_CREATE, QN_IO (the disk is full), QN_NOMEM. */
QN_MUST_USE qn_status qni_folder_map(void **out, const char *path, int64_t size, bool write, qn_error *err);
void qni_folder_unmap(void *words, int64_t size); /* NULL is fine */

/* Maps all of a file that is open (a lock's) for reading, *size bytes of it; *out NULL: it is empty. Errors: QN_IO. */
QN_MUST_USE qn_status qni_folder_map_opened(void **out, int64_t *size, int fd, const char *path, qn_error *err);

/* Says that `size` bytes of a map will be written to now: its pages are got ready in one call. Advice only. */
void qni_folder_ready(void *words, int64_t size);

/* Returns when a file, or the names in a folder, are on the disk. Errors: QN_NO_INPUT (none such), QN_IO. */
QN_MUST_USE qn_status qni_folder_sync(const char *path, qn_error *err);

/* Writes a whole file in place of one of that name. On failure there is none. Errors: QN_CREATE, QN_PERMISSION, QN_IO.
 */
QN_MUST_USE qn_status qni_folder_write(const char *path, const void *bytes, int64_t size, qn_error *err);

/* Reads a whole file of at most `limit` bytes into a block of its size and one byte more, a zero; *out NULL: there is
 * none (*size -1), or it is empty, or no file (0). Errors: QN_PERMISSION, QN_IO, QN_LIMIT, QN_NOMEM. */
QN_MUST_USE qn_status qni_folder_read(void **out, int64_t *size, const char *path, int64_t limit,
                                      const qn_allocator *allocator, qn_error *err);

bool qni_folder_move(const char *from, const char *to); /* in place of what is there; false: it did not */
bool qni_folder_drop(const char *path);                 /* a file, or an empty folder; true: it was there and is gone */
bool qni_folder_has(const char *path);
int64_t qni_folder_size(const char *path); /* of a file; -1: none */
/* What tells it from all other files that are there at the same time; 0: there is none. */
uint64_t qni_folder_identity(const char *path);
/* The same, that changes also when the file is written to or cut off, but for what happens within one tick of the file
 * system's clock, some milliseconds. */
uint64_t qni_folder_state(const char *path);
/* Its first `size` bytes, or fewer where it ends before; -1: it cannot be read. */
int64_t qni_folder_peek(const char *path, void *out, int64_t size);

#endif
