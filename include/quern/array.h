/* quern/array.h: n-dimensional views of numbers in memory that is shared.
 *
 * Caveats first:
 *  - A qn_array is a small struct, used in place: every one that a function fills in is ended by qn_array_fini. Copying
 *    the struct by assignment moves it; a second view needs qn_array_view.
 *  - Views share elements: what is written through one is seen through all. The memory lives until its last view has
 *    ended.
 *  - The count of views is kept for any threads; the elements are not guarded: who writes while others read brings a
 *    lock.
 *  - Strides are in bytes and may be negative or 0. Elements need not be aligned in wrapped memory.
 */
#ifndef QUERN_ARRAY_H
#define QUERN_ARRAY_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* Element types: X(NAME, value, text, bytes). Only ever appended to. */
#define QN_DTYPE_LIST(X)                                 \
    X(F64, 1, "f64", 8)                                  \
    X(F32, 2, "f32", 4)                                  \
    X(F16, 3, "f16", 2)   /* IEEE 754 binary16 */        \
    X(BF16, 4, "bf16", 2) /* the upper half of an f32 */ \
    X(I8, 5, "i8", 1)                                    \
    X(I16, 6, "i16", 2)                                  \
    X(I32, 7, "i32", 4)                                  \
    X(I64, 8, "i64", 8)                                  \
    X(U8, 9, "u8", 1)

typedef enum qn_dtype {
#define QN_DTYPE_ENUMERATOR(name, value, text, bytes) QN_DTYPE_##name = value,
    QN_DTYPE_LIST(QN_DTYPE_ENUMERATOR)
#undef QN_DTYPE_ENUMERATOR
} qn_dtype;

QN_API const char *qn_dtype_name(qn_dtype dtype);                /* "f64"; static; "?" for an unknown one */
QN_API bool qn_dtype_from_name(qn_dtype *out, const char *name); /* false: no type has that name */
QN_API int64_t qn_dtype_size(qn_dtype dtype);                    /* bytes of an element; 0 for an unknown one */

/* Axes of an array, at most. */
#define QN_ARRAY_MAX_DIMS 8

/* What keeps memory that views share, and counts them. Nothing that a caller looks into. */
typedef struct qn_array_owner qn_array_owner;

/* A view: elements of one type at regular distances. The fields may be read; functions fill them in. */
typedef struct qn_array {
    qn_dtype dtype;                     /* of the elements */
    int32_t ndim;                       /* 0: a single element */
    int64_t shape[QN_ARRAY_MAX_DIMS];   /* (ndim) elements along each axis */
    int64_t strides[QN_ARRAY_MAX_DIMS]; /* (ndim) bytes from one element to the next along each axis */
    void *data;                         /* the element at index 0, 0, … */
    qn_array_owner *owner;              /* of the memory; NULL: nothing to end */
} qn_array;

/* In all functions below `out` is filled in and must not be the array it is made from; on failure it is all zero and
 * needs no qn_array_fini. Errors of all: QN_INVALID, with what is wrong. */

/* New memory for `ndim` axes of `shape` (ndim) elements, row-major, cleared. Errors: QN_NOMEM, QN_INVALID (negative
 * size, more than 8 axes). */
QN_API QN_MUST_USE qn_status qn_array_init(qn_array *out, qn_dtype dtype, int32_t ndim, const int64_t *shape,
                                           const qn_allocator *allocator, qn_error *err);

/* A view of memory that is somebody else's: `data` is the element at index 0, 0, …, shape (ndim) counts elements,
 * strides (ndim) are in bytes; NULL: row-major. `release(user)` is called once when the last view has ended, in that
 * thread; NULL: nothing to call. On failure the memory stays the caller's and release is not called. Errors:
 * QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_array_wrap(qn_array *out, void *data, qn_dtype dtype, int32_t ndim,
                                           const int64_t *shape, const int64_t *strides, void (*release)(void *user),
                                           void *user, const qn_allocator *allocator, qn_error *err);

/* Another view of the same elements. Cannot fail. */
QN_API void qn_array_view(qn_array *out, const qn_array *array);

/* Along `axis` the elements start, start + step, … (`count` of them; step may be negative, not 0), all inside the
 * array. */
QN_API QN_MUST_USE qn_status qn_array_slice(qn_array *out, const qn_array *array, int32_t axis, int64_t start,
                                            int64_t count, int64_t step, qn_error *err);

/* The elements at `index` along `axis`, which falls away. */
QN_API QN_MUST_USE qn_status qn_array_pick(qn_array *out, const qn_array *array, int32_t axis, int64_t index,
                                           qn_error *err);

/* The axes in another order: axis i of the result is axes[i] (ndim) of the array; NULL: reversed. */
QN_API QN_MUST_USE qn_status qn_array_transpose(qn_array *out, const qn_array *array, const int32_t *axes,
                                                qn_error *err);

/* The same elements in row-major order under another shape of `ndim` axes, never by copying. Errors: QN_INVALID
 * (another number of elements; or strides that cannot express it: copy first). */
QN_API QN_MUST_USE qn_status qn_array_reshape(qn_array *out, const qn_array *array, int32_t ndim, const int64_t *shape,
                                              qn_error *err);

/* The elements in new row-major memory. Errors: QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_array_copy(qn_array *out, const qn_array *array, const qn_allocator *allocator,
                                           qn_error *err);

/* Elements in all. Whether they stand one after the other in row-major order. */
QN_API int64_t qn_array_count(const qn_array *array);
QN_API bool qn_array_is_contiguous(const qn_array *array);

/* The element at index (ndim). An i64 beyond 2^53 is rounded to the nearest double. */
QN_API QN_MUST_USE qn_status qn_array_get(double *out, const qn_array *array, const int64_t *index, qn_error *err);

/* Writes an element. Floating-point types round to nearest, ties to even, and overflow to infinity; integer types take
 * only what they hold exactly. Errors: QN_INVALID (index; a fraction, NaN or a value out of range for an integer type:
 * nothing is written). */
QN_API QN_MUST_USE qn_status qn_array_set(qn_array *array, const int64_t *index, double value, qn_error *err);

/* Ends a view. The array is all zero afterwards; ending it again does nothing. NULL is fine. */
QN_API void qn_array_fini(qn_array *array);

QN_END_DECLS
#endif
