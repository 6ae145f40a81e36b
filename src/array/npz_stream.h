/* array/npz_stream.h: an .npz file that is written from front to back, array by array, without having any of them in
 * memory: for what is larger than that, and for pipes.
 *
 * Arrays have one axis and are stored, their data at multiples of 64 bytes; sizes and places beyond 4 GiB are written
 * as zip64 has them. It takes no libzip, which would have all members at hand. What a member's data are is known before
 * by their checksum. The same arrays give the same bytes: members are dated 1980-01-01. One thread at a time.
 *
 * The formats: numpy.lib.format; PKWARE's APPNOTE 6.3. */
#ifndef QNI_ARRAY_NPZ_STREAM_H
#define QNI_ARRAY_NPZ_STREAM_H

#include <quern/base.h>

#include "array/crc32.h"

typedef struct qni_npz_stream qni_npz_stream;

/* Opens the file `path` ("-": standard output), as base/file.h does, for at most `capacity` arrays. Errors: those of
 * qni_file_open. */
QN_MUST_USE qn_status qni_npz_stream_open(qni_npz_stream **out, const char *path, int64_t capacity,
                                          const qn_allocator *allocator, qn_error *err);

/* Whether it writes to a pipe, a device or standard output. */
bool qni_npz_stream_is_direct(const qni_npz_stream *stream);

/* What is wrong with the name of an array, in the words "the name …"; NULL: nothing. */
const char *qni_npz_stream_refuse(const char *name);

/* For qni_crc32. */
const qni_crc32_table *qni_npz_stream_table(const qni_npz_stream *stream);

typedef struct qni_npz_stream_array {
    const char *name; /* without .npy, borrowed until the end */
    const char *type; /* NumPy's, such as "<f8" */
    int64_t rows;
    int64_t row_size; /* bytes */
    uint32_t crc;     /* of rows * row_size bytes */
} qni_npz_stream_array;

/* Begins an array; then its bytes follow, as many as there are. Allocates nothing. Errors: QN_IO, and QN_LIMIT (larger
 * than any disk). */
QN_MUST_USE qn_status qni_npz_stream_begin(qni_npz_stream *stream, const qni_npz_stream_array *array, qn_error *err);
QN_MUST_USE qn_status qni_npz_stream_write(qni_npz_stream *stream, const void *bytes, int64_t size, qn_error *err);

/* Writes the directory, puts the file in its place and frees all, on failure too: then what stood there before still
 * does. Errors: QN_IO. */
QN_MUST_USE qn_status qni_npz_stream_close(qni_npz_stream *stream, qn_error *err);

void qni_npz_stream_abandon(qni_npz_stream *stream); /* NULL is fine */

/* From how many bytes on sizes and places are written in zip64's fields. For tests. */
void qni_npz_stream_set_wide_from(qni_npz_stream *stream, int64_t size);

#endif
