/* array/npy_int.h: the parts of reading and writing .npy files.
 *
 *   npy_header.c   the header's dictionary into a record
 *   npy_read.c     a file or bytes into an array
 *   npy_write.c    an array into a file
 */
#ifndef QNI_ARRAY_NPY_INT_H
#define QNI_ARRAY_NPY_INT_H

#include <quern/npy.h>

/* An element type as NumPy writes it, without the byte order. */
typedef struct qni_npy_type {
    char code[3];
    qn_dtype dtype;
    bool is_bool;
} qni_npy_type;

/* Ends with a type whose code is empty. A qn_dtype's own comes before one that is only read as it. */
extern const qni_npy_type qni_npy_types[];

typedef struct qni_npy_header {
    qn_dtype dtype;
    bool is_bool; /* every element is 0 or 1 */
    bool swapped; /* big-endian */
    bool fortran; /* the first index runs fastest */
    int32_t ndim;
    int64_t shape[QN_ARRAY_MAX_DIMS]; /* (ndim) */
    int64_t size;                     /* bytes of the elements */
} qni_npy_header;

/* Reads the text of a header, `bytes` (size), a dictionary as Python prints it. Errors: QN_DATA, QN_LIMIT, with
 * `name` as the file. */
qn_status qni_npy_header_read(qni_npy_header *out, const char *bytes, int64_t size, const char *name, qn_error *err);

#endif
