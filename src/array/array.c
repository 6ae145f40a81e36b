/* array/array.c: see quern/array.h. Always: every element of a view lies in the owner's memory; the spread of its
 * strides fits in an int64_t, so that no offset inside it overflows. */
#include "array/array_int.h"

#include "array/half.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

struct qn_array_owner {
    const qn_allocator *allocator;
    atomic_int_fast64_t view_count; /* the release of the last fini pairs with the acquire before freeing */
    void *block;                    /* own memory; NULL: wrapped */
    int64_t block_size;
    void (*release)(void *user);
    void *user;
};

typedef struct dtype_info {
    const char *name;
    int64_t size;
} dtype_info;

static const dtype_info dtypes[] = {
#define DTYPE_INFO(name, value, text, bytes) [value] = {text, bytes},
    QN_DTYPE_LIST(DTYPE_INFO)
#undef DTYPE_INFO
};
enum {
    DTYPE_COUNT = sizeof dtypes / sizeof dtypes[0]
};

static bool is_dtype(qn_dtype dtype)
{
    return (unsigned)dtype < DTYPE_COUNT && dtypes[dtype].size > 0;
}

const char *qn_dtype_name(qn_dtype dtype)
{
    return is_dtype(dtype) ? dtypes[dtype].name : "?";
}

int64_t qn_dtype_size(qn_dtype dtype)
{
    return is_dtype(dtype) ? dtypes[dtype].size : 0;
}

bool qn_dtype_from_name(qn_dtype *out, const char *name)
{
    for (int i = 1; i < DTYPE_COUNT; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *out = (qn_dtype)i;
            return true;
        }
    }
    return false;
}

qn_status qni_array_layout(qn_array *a, qn_dtype dtype, int32_t ndim, const int64_t *shape, int64_t *size,
                           qn_error *err)
{
    if (!is_dtype(dtype))
        return qni_error(err, QN_INVALID, "%d is no element type", (int)dtype);
    if (ndim < 0 || ndim > QN_ARRAY_MAX_DIMS)
        return qni_error(err, QN_INVALID, "an array has 0 to %d axes, not %" PRId32, QN_ARRAY_MAX_DIMS, ndim);
    a->dtype = dtype;
    a->ndim = ndim;
    int64_t stride = dtypes[dtype].size;
    bool empty = false;
    for (int32_t k = ndim - 1; k >= 0; k--) {
        if (shape[k] < 0)
            return qni_error(err, QN_INVALID, "axis %" PRId32 " cannot have %" PRId64 " elements", k, shape[k]);
        a->shape[k] = shape[k];
        a->strides[k] = stride;
        empty = empty || shape[k] == 0;
        if (shape[k] > 0 && !qni_size_mul(&stride, stride, shape[k]))
            return qni_error(err, QN_INVALID, "an array of this shape does not fit in memory");
    }
    *size = empty ? 0 : stride;
    return QN_OK;
}

/* Whether all offsets that the strides can give, and their sums, fit in an int64_t. */
static bool spread_fits(const qn_array *a)
{
    int64_t spread = dtypes[a->dtype].size;
    for (int32_t k = 0; k < a->ndim; k++) {
        int64_t step = a->strides[k], part;
        if (step == INT64_MIN || !qni_size_mul(&part, step < 0 ? -step : step, a->shape[k]) ||
            !qni_size_add(&spread, spread, part))
            return false;
    }
    return true;
}

static qn_status make_owner(qn_array *a, const qn_allocator *allocator, qn_error *err)
{
    a->owner = qni_new(allocator, qn_array_owner);
    if (a->owner == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *a->owner, "an array");
    a->owner->allocator = allocator;
    atomic_init(&a->owner->view_count, 1);
    return QN_OK;
}

qn_status qni_array_init(qn_array *out, qn_dtype dtype, int32_t ndim, const int64_t *shape, bool clear,
                         const qn_allocator *allocator, qn_error *err)
{
    qn_array a = {0};
    *out = a;
    int64_t size;
    qn_status s = qni_array_layout(&a, dtype, ndim, shape, &size, err);
    if (s == QN_OK)
        s = make_owner(&a, allocator, err);
    if (s != QN_OK)
        return s;
    a.owner->block_size = size;
    a.owner->block = a.data = clear ? qni_alloc_zeroed(allocator, size, 1) : qni_alloc(allocator, size, 1);
    if (a.data == NULL) {
        qn_array_fini(&a);
        return qni_refused(err, allocator, size, "an array of %" PRId64 " bytes", size);
    }
    *out = a;
    return QN_OK;
}

qn_status qn_array_init(qn_array *out, qn_dtype dtype, int32_t ndim, const int64_t *shape,
                        const qn_allocator *allocator, qn_error *err)
{
    return qni_array_init(out, dtype, ndim, shape, true, allocator, err);
}

qn_status qn_array_wrap(qn_array *out, void *data, qn_dtype dtype, int32_t ndim, const int64_t *shape,
                        const int64_t *strides, void (*release)(void *user), void *user, const qn_allocator *allocator,
                        qn_error *err)
{
    qn_array a = {0};
    *out = a;
    int64_t size;
    qn_status s = qni_array_layout(&a, dtype, ndim, shape, &size, err);
    if (s != QN_OK)
        return s;
    if (strides != NULL)
        memcpy(a.strides, strides, (size_t)ndim * sizeof *strides);
    if (!spread_fits(&a))
        return qni_error(err, QN_INVALID, "these strides reach beyond any memory");
    if (data == NULL && size > 0)
        return qni_error(err, QN_INVALID, "there is no memory at NULL to wrap");
    if ((s = make_owner(&a, allocator, err)) != QN_OK)
        return s;
    a.owner->release = release;
    a.owner->user = user;
    a.data = data;
    *out = a;
    return QN_OK;
}

void qn_array_fini(qn_array *array)
{
    if (array == NULL)
        return;
    qn_array_owner *owner = array->owner;
    *array = (qn_array){0};
    if (owner == NULL || atomic_fetch_sub_explicit(&owner->view_count, 1, memory_order_acq_rel) > 1)
        return;
    if (owner->release != NULL)
        owner->release(owner->user);
    qni_free(owner->allocator, owner->block, owner->block_size, 1);
    qni_delete(owner->allocator, owner);
}

void qn_array_view(qn_array *out, const qn_array *array)
{
    assert(out != array);
    *out = *array;
    if (out->owner != NULL)
        atomic_fetch_add_explicit(&out->owner->view_count, 1,
                                  memory_order_relaxed); /* `array` keeps it alive meanwhile */
}

static qn_status check_axis(const qn_array *a, int32_t axis, qn_error *err)
{
    if (axis < 0 || axis >= a->ndim)
        return qni_error(err, QN_INVALID, "there is no axis %" PRId32 " in an array of %" PRId32, axis, a->ndim);
    return QN_OK;
}

/* data + index * stride, where the array has that index along the axis. */
static void *advance(const qn_array *a, int32_t axis, int64_t index)
{
    return (char *)a->data + index * a->strides[axis];
}

qn_status qn_array_slice(qn_array *out, const qn_array *array, int32_t axis, int64_t start, int64_t count, int64_t step,
                         qn_error *err)
{
    *out = (qn_array){0};
    qn_status s = check_axis(array, axis, err);
    if (s != QN_OK)
        return s;
    int64_t size = array->shape[axis], last = start;
    bool fits = step != 0 && count >= 0 &&
                (count == 0 ||
                 (!__builtin_mul_overflow(count - 1, step, &last) && !__builtin_add_overflow(last, start, &last)));
    fits = fits && start >= 0 && (count == 0 ? start <= size : start < size && last >= 0 && last < size);
    if (!fits)
        return qni_error(err, QN_INVALID,
                         "axis %" PRId32 " has %" PRId64 " elements: %" PRId64 " from %" PRId64
                         " on in steps of %" PRId64 " are not inside",
                         axis, size, count, start, step);
    qn_array_view(out, array);
    out->shape[axis] = count;
    if (count > 0)
        out->data = advance(array, axis, start);
    if (count > 1) /* else the stride is never used, and the product might not fit */
        out->strides[axis] *= step;
    return QN_OK;
}

qn_status qn_array_pick(qn_array *out, const qn_array *array, int32_t axis, int64_t index, qn_error *err)
{
    *out = (qn_array){0};
    qn_status s = check_axis(array, axis, err);
    if (s != QN_OK)
        return s;
    if (index < 0 || index >= array->shape[axis])
        return qni_error(err, QN_INVALID, "axis %" PRId32 " has %" PRId64 " elements, none at %" PRId64, axis,
                         array->shape[axis], index);
    qn_array_view(out, array);
    out->data = advance(array, axis, index);
    out->ndim--;
    for (int32_t k = axis; k < out->ndim; k++) {
        out->shape[k] = array->shape[k + 1];
        out->strides[k] = array->strides[k + 1];
    }
    out->shape[out->ndim] = out->strides[out->ndim] = 0;
    return QN_OK;
}

qn_status qn_array_transpose(qn_array *out, const qn_array *array, const int32_t *axes, qn_error *err)
{
    *out = (qn_array){0};
    unsigned seen = 0;
    qn_array a = *array;
    for (int32_t k = 0; k < array->ndim; k++) {
        int32_t from = axes != NULL ? axes[k] : array->ndim - 1 - k;
        qn_status s = check_axis(array, from, err);
        if (s != QN_OK)
            return s;
        if ((seen >> from & 1) != 0)
            return qni_error(err, QN_INVALID, "axis %" PRId32 " is named twice", from);
        seen |= 1u << from;
        a.shape[k] = array->shape[from];
        a.strides[k] = array->strides[from];
    }
    qn_array_view(out, &a);
    return QN_OK;
}

int64_t qn_array_count(const qn_array *array)
{
    int64_t count = 1;
    for (int32_t k = 0; k < array->ndim; k++)
        count = array->shape[k] == 0 ? 0 : count * array->shape[k]; /* checked when the array was made */
    return count;
}

bool qn_array_is_contiguous(const qn_array *array)
{
    if (qn_array_count(array) == 0)
        return true;
    int64_t stride = qn_dtype_size(array->dtype);
    for (int32_t k = array->ndim - 1; k >= 0; k--) {
        if (array->shape[k] == 1)
            continue;
        if (array->strides[k] != stride)
            return false;
        stride *= array->shape[k];
    }
    return true;
}

/* Elements at equal distances. */
typedef struct run {
    int64_t count, stride;
} run;

/* The array in row-major order as few runs, the innermost first; axes of one element say nothing. Returns how many. */
static int find_runs(const qn_array *a, run runs[QN_ARRAY_MAX_DIMS])
{
    int count = 0;
    for (int32_t k = a->ndim - 1; k >= 0; k--) {
        if (a->shape[k] == 1)
            continue;
        run *r = &runs[count > 0 ? count - 1 : 0];
        if (count > 0 && a->strides[k] == r->count * r->stride)
            r->count *= a->shape[k];
        else
            runs[count++] = (run){a->shape[k], a->strides[k]};
    }
    return count;
}

qn_status qn_array_reshape(qn_array *out, const qn_array *array, int32_t ndim, const int64_t *shape, qn_error *err)
{
    *out = (qn_array){0};
    qn_array a = {0};
    int64_t size;
    qn_status s = qni_array_layout(&a, array->dtype, ndim, shape, &size, err);
    if (s != QN_OK)
        return s;
    int64_t count = qn_array_count(array);
    if (count != qn_array_count(&a))
        return qni_error(err, QN_INVALID, "%" PRId64 " elements cannot become %" PRId64, count, qn_array_count(&a));
    run runs[QN_ARRAY_MAX_DIMS];
    int run_count = count > 0 ? find_runs(array, runs) : 0;
    /* Each new axis takes its elements off the innermost run that has some left. */
    for (int32_t k = ndim - 1, i = 0; k >= 0 && i < run_count; k--) {
        if (shape[k] == 1)
            continue;
        run *r = &runs[i];
        if (r->count % shape[k] != 0)
            return qni_error(err, QN_INVALID, "these strides cannot be seen in that shape: copy the array first");
        a.strides[k] = r->stride;
        r->stride *= shape[k];
        r->count /= shape[k];
        i += r->count == 1;
    }
    a.data = array->data;
    a.owner = array->owner;
    qn_array_view(out, &a);
    return QN_OK;
}

bool qni_array_next_row(const qn_array *a, int64_t *index, const char **row)
{
    for (int32_t k = a->ndim - 2; k >= 0; k--) {
        *row += a->strides[k];
        if (++index[k] < a->shape[k])
            return true;
        *row -= a->shape[k] * a->strides[k];
        index[k] = 0;
    }
    return false;
}

qn_status qn_array_copy(qn_array *out, const qn_array *array, const qn_allocator *allocator, qn_error *err)
{
    qn_status s = qn_array_init(out, array->dtype, array->ndim, array->shape, allocator, err);
    if (s != QN_OK || qn_array_count(array) == 0)
        return s;
    int64_t size = dtypes[array->dtype].size;
    int64_t columns = array->ndim > 0 ? array->shape[array->ndim - 1] : 1;
    int64_t stride = array->ndim > 0 ? array->strides[array->ndim - 1] : size;
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    const char *row = array->data;
    char *to = out->data;
    do {
        if (stride == size) {
            memcpy(to, row, (size_t)(columns * size));
            to += columns * size;
            continue;
        }
        for (int64_t i = 0; i < columns; i++, to += size)
            memcpy(to, row + i * stride, (size_t)size);
    } while (qni_array_next_row(array, index, &row));
    return QN_OK;
}

static qn_status find_element(char **out, const qn_array *array, const int64_t *index, qn_error *err)
{
    char *p = array->data;
    for (int32_t k = 0; k < array->ndim; k++) {
        if (index[k] < 0 || index[k] >= array->shape[k])
            return qni_error(err, QN_INVALID, "axis %" PRId32 " has %" PRId64 " elements, none at %" PRId64, k,
                             array->shape[k], index[k]);
        p += index[k] * array->strides[k];
    }
    if (p == NULL || !is_dtype(array->dtype))
        return qni_error(err, QN_INVALID, "the array has ended");
    *out = p;
    return QN_OK;
}

/* An element of any type, copied from or to memory that need not be aligned. */
typedef union element {
    double f64;
    float f32;
    uint16_t bits16;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
} element;

double qni_array_load(qn_dtype dtype, const void *p)
{
    element e;
    memcpy(&e, p, (size_t)dtypes[dtype].size);
    switch (dtype) {
    case QN_DTYPE_F64:
        return e.f64;
    case QN_DTYPE_F32:
        return (double)e.f32;
    case QN_DTYPE_F16:
        return qni_f16_to_double(e.bits16);
    case QN_DTYPE_BF16:
        return qni_bf16_to_double(e.bits16);
    case QN_DTYPE_I8:
        return e.i8;
    case QN_DTYPE_I16:
        return e.i16;
    case QN_DTYPE_I32:
        return e.i32;
    case QN_DTYPE_I64:
        return (double)e.i64;
    case QN_DTYPE_U8:
        return e.u8;
    }
    return 0; /* no other type is given to an array */
}

qn_status qn_array_get(double *out, const qn_array *array, const int64_t *index, qn_error *err)
{
    *out = 0;
    char *p = NULL;
    qn_status s = find_element(&p, array, index, err);
    if (s == QN_OK)
        *out = qni_array_load(array->dtype, p);
    return s;
}

/* Whether an integer type holds the value exactly. */
static bool holds(qn_dtype dtype, double value)
{
    int bits = (int)dtypes[dtype].size * 8;
    double low = dtype == QN_DTYPE_U8 ? 0 : -(double)((uint64_t)1 << (bits - 1));
    double beyond = dtype == QN_DTYPE_U8 ? 256 : -low;
    return value >= low && value < beyond && value == (double)(int64_t)value;
}

qn_status qn_array_set(qn_array *array, const int64_t *index, double value, qn_error *err)
{
    char *p = NULL;
    qn_status s = find_element(&p, array, index, err);
    if (s != QN_OK)
        return s;
    element e;
    switch (array->dtype) {
    case QN_DTYPE_F64:
        e.f64 = value;
        break;
    case QN_DTYPE_F32:
        e.f32 = (float)value;
        break;
    case QN_DTYPE_F16:
        e.bits16 = qni_f16_from_double(value);
        break;
    case QN_DTYPE_BF16:
        e.bits16 = qni_bf16_from_double(value);
        break;
    default:
        if (!holds(array->dtype, value)) {
            char text[QNI_NUMBER_SIZE];
            (void)qni_number_format(text, value);
            return qni_error(err, QN_INVALID, "%s is not a value of type %s", text, dtypes[array->dtype].name);
        }
        e.i64 = (int64_t)value; /* little-endian: the low bytes come first */
        break;
    }
    memcpy(p, &e, (size_t)dtypes[array->dtype].size);
    return QN_OK;
}
