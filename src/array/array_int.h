/* array/array_int.h: what this folder alone may do with the elements of an array. Any thread. */
#ifndef QNI_ARRAY_ARRAY_INT_H
#define QNI_ARRAY_ARRAY_INT_H

#include <quern/array.h>

/* The value of the element at `p`, which need not be aligned. An i64 beyond 2^53 is rounded to the nearest double. */
double qni_array_load(qn_dtype dtype, const void *p);

/* qn_dtype_size without a call. */
static inline int64_t qni_dtype_size(qn_dtype dtype)
{
    switch (dtype) {
#define SIZE(name, value, text, bytes) \
    case QN_DTYPE_##name:              \
        return bytes;
        QN_DTYPE_LIST(SIZE)
#undef SIZE
    }
    return 0;
}

/* Fills in type, shape and row-major strides, and nothing else; *size: bytes of all elements. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_array_layout(qn_array *a, qn_dtype dtype, int32_t ndim, const int64_t *shape, int64_t *size,
                                       qn_error *err);

/* qn_array_init, which clears; this one need not. */
QN_MUST_USE qn_status qni_array_init(qn_array *out, qn_dtype dtype, int32_t ndim, const int64_t *shape, bool clear,
                                     const qn_allocator *allocator, qn_error *err);

/* Goes to the next index (ndim) in row-major order, the last axis left out, and to the row that begins there; false:
 * there is none. */
bool qni_array_next_row(const qn_array *a, int64_t *index, const char **row);

#endif
