/* array/npy_int.h: the parts of reading and writing .npy files.
 *
 *   npy_header.c   the header's dictionary into a record
 *   npy_read.c     a file or bytes into an array
 *   npy_write.c    an array into a file or bytes
 */
#ifndef QNI_ARRAY_NPY_INT_H
#define QNI_ARRAY_NPY_INT_H

#include <quern/npy.h>

#include "array/input.h"

/* An element type as NumPy writes it, without the byte order. */
typedef struct qni_npy_type {
    char code[8];
    qn_dtype dtype;
    bool is_bool;
} qni_npy_type;

/* Ends with a type whose code is empty. A qn_dtype's own comes before one that is only read as it. */
extern const qni_npy_type qni_npy_types[];

typedef struct qni_npy_header {
    qn_dtype dtype;
    bool is_bool; /* every element is 0 or 1 */
    bool is_time; /* datetime64: no numbers to calculate with, and the least one is none (NaT) */
    bool swapped; /* big-endian */
    bool fortran; /* the first index runs fastest */
    int32_t ndim;
    int64_t shape[QN_ARRAY_MAX_DIMS]; /* (ndim) */
    int64_t size;                     /* bytes of the elements */
} qni_npy_header;

/* Reads the array that is all of the input, which is closed in any case; gzip is not looked for. *is_time: its elements
 * are datetime64. Errors: as qn_npy_read. */
QN_MUST_USE qn_status qni_npy_read_input(qn_array *out, bool *is_time, qni_input *input, const char *name,
                                         const qn_allocator *allocator, qn_error *err);

/* What a table says of an array of times. */
#define QNI_NPY_NO_COLUMN_OF_TIMES \
    "times (datetime64) are no numbers: save those since a moment, (t - t[0]) / np.timedelta64(1, 's')"

enum {
    QNI_NPY_HEADER_SIZE = 320, /* room for eight axes of nineteen digits */
};

/* Mark, version 1.0, and the dictionary of an array of elements such as "<f8", padded with blanks to a line behind
 * which the data begin at a multiple of 64. Returns its size. */
int64_t qni_npy_header_write(char out[QNI_NPY_HEADER_SIZE], const char *type, bool fortran, int32_t ndim,
                             const int64_t *shape);

/* The bytes of a .npy file that holds an array: first the header, then the data, which are the array's own or, where
 * that is contiguous in no order, a copy's. Valid as long as the array. */
typedef struct qni_npy_image {
    char header[QNI_NPY_HEADER_SIZE];
    int64_t header_size;
    const void *data;
    int64_t data_size;
    qn_array copy; /* all zero: none was needed */
} qni_npy_image;

/* `type` is how NumPy is to see the elements, a code of qni_npy_types; NULL: as the first one that fits. On failure
 * *out is all zero and needs no qni_npy_image_fini. Errors: QN_INVALID (an array that has ended; bf16; a type that does
 * not fit; bools that are neither 0 nor 1), QN_NOMEM. */
QN_MUST_USE qn_status qni_npy_image_init(qni_npy_image *out, const qn_array *array, const char *type,
                                         const qn_allocator *allocator, qn_error *err);
void qni_npy_image_fini(qni_npy_image *image); /* all zero is fine */

/* Reads the text of a header, `bytes` (size), a dictionary as Python prints it. Errors: QN_DATA, QN_LIMIT, with
 * `name` as the file. */
qn_status qni_npy_header_read(qni_npy_header *out, const char *bytes, int64_t size, const char *name, qn_error *err);

#endif
