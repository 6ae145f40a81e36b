/* quern/npy.h: arrays in NumPy's file format (.npy), in and out.
 *
 * Caveats first:
 *  - Only numbers are read and written. Nothing in a file is ever run: Python objects are refused, and the header is
 *    read by a parser of its own.
 *  - Elements are copied; the file is not held open or mapped. A file compressed by gzip is read as well.
 *  - NumPy's bool is read as u8 (0 and 1), and u8 is written as NumPy's uint8. datetime64[D] and datetime64[us] are
 *    read as i64, days and microseconds since 1970 (NaT: the least i64).
 *  - bf16 has no counterpart in NumPy.
 *  - Any thread; an array that is written is only read.
 *
 * The format: numpy.lib.format, versions 1.0, 2.0 and 3.0. */
#ifndef QUERN_NPY_H
#define QUERN_NPY_H

#include <quern/array.h>
#include <quern/table.h>

QN_BEGIN_DECLS

/* Reads the array in `path` ("-": standard input). Types f2, f4, f8, i1, i2, i4, i8, u1, b1, M8[D], M8[us] in either
 * byte order; an array in Fortran order comes as a view with ascending strides, not rearranged. The file holds that
 * array alone. Memory is asked for as the bytes arrive: what a header promises costs nothing. On failure *out is all
 * zero.
 * Errors: QN_DATA (no .npy file, another type, a damaged or cut file; err->file names it), QN_LIMIT (more than
 * QN_ARRAY_MAX_DIMS axes), QN_NO_INPUT, QN_PERMISSION, QN_IO, QN_UNAVAILABLE (gzip without zlib), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_npy_read(qn_array *out, const char *path, const qn_allocator *allocator, qn_error *err);

/* The same from `size` bytes in memory, borrowed during the call; `name` is what complaints call them (NULL: nothing).
 * Errors as above. */
QN_API QN_MUST_USE qn_status qn_npy_read_bytes(qn_array *out, const void *bytes, int64_t size, const char *name,
                                               const qn_allocator *allocator, qn_error *err);

/* Writes the array to `path` ("-": standard output) as version 1.0, little-endian, the data aligned to 64 bytes. An
 * array whose memory is contiguous in Fortran order is written in that order, every other one in C order; one that is
 * contiguous in neither is copied on the way. The file appears whole or not at all, and one that was there stays until
 * then. Errors: QN_INVALID (an array that has ended; bf16), QN_CREATE, QN_PERMISSION, QN_IO, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_npy_write(const qn_array *array, const char *path, const qn_allocator *allocator,
                                          qn_error *err);

/* The same into a new block of *size bytes, to be freed by qn_npy_bytes_free with the same allocator. On failure *out
 * is NULL and *size 0. Errors: QN_INVALID, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_npy_write_bytes(void **out, int64_t *size, const qn_array *array,
                                                const qn_allocator *allocator, qn_error *err);
QN_API void qn_npy_bytes_free(void *bytes, int64_t size, const qn_allocator *allocator); /* NULL is fine */

/* Reads the .npy file `path` as a table, as qn_table_from_array does; complaints about rows name the file. Errors:
 * those of qn_npy_read and qn_table_from_array; QN_DATA (datetime64: no numbers). */
QN_API QN_MUST_USE qn_status qn_npy_read_table(qn_table **out, const char *path, const qn_allocator *allocator,
                                               qn_error *err);

/* The first six bytes of every .npy file. */
#define QN_NPY_MAGIC "\x93NUMPY"

QN_END_DECLS
#endif
