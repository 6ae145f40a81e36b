/* array/npy_write.c: an array into a .npy file or its bytes; see quern/npy.h. */
#include "array/npy_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIGNMENT = 64, /* of the data in the file */
    PREAMBLE = 10,  /* mark, version, size of the header's text */
};

int64_t qni_npy_header_write(char out[QNI_NPY_HEADER_SIZE], const char *type, bool fortran, int32_t ndim,
                             const int64_t *shape)
{
    int64_t size = PREAMBLE;
    size += snprintf(out + size, (size_t)(QNI_NPY_HEADER_SIZE - size),
                     "{'descr': '%s', 'fortran_order': %s, 'shape': (", type, fortran ? "True" : "False");
    for (int32_t k = 0; k < ndim; k++)
        size += snprintf(out + size, (size_t)(QNI_NPY_HEADER_SIZE - size), "%s%" PRId64 "%s", k > 0 ? " " : "",
                         shape[k], k + 1 < ndim || ndim == 1 ? "," : "");
    size += snprintf(out + size, (size_t)(QNI_NPY_HEADER_SIZE - size), "), }");
    int64_t total = (size + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    assert(total <= QNI_NPY_HEADER_SIZE);
    memset(out + size, ' ', (size_t)(total - 1 - size));
    out[total - 1] = '\n';
    memcpy(out, QN_NPY_MAGIC "\1\0", PREAMBLE - 2);
    out[PREAMBLE - 2] = (char)((total - PREAMBLE) & 0xFF);
    out[PREAMBLE - 1] = (char)((total - PREAMBLE) >> 8);
    return total;
}

static bool is_fortran(const qn_array *a)
{
    qn_array reversed;
    if (qn_array_transpose(&reversed, a, NULL, NULL) != QN_OK)
        return false;
    bool contiguous = qn_array_is_contiguous(&reversed);
    qn_array_fini(&reversed);
    return contiguous;
}

/* The type by which NumPy sees the elements; NULL: it has none, or not the one that is wanted. */
static const qni_npy_type *find_type(qn_dtype dtype, const char *wanted, qn_error *err)
{
    for (const qni_npy_type *t = qni_npy_types; t->code[0] != '\0'; t++)
        if (t->dtype == dtype && (wanted == NULL || strcmp(t->code, wanted) == 0))
            return t;
    if (wanted != NULL)
        (void)qni_error(err, QN_INVALID, "elements of type %s cannot be NumPy's \"%.20s\"", qn_dtype_name(dtype),
                        wanted);
    else
        (void)qni_error(err, QN_INVALID, "NumPy has no type %s: copy the array into one of f32", qn_dtype_name(dtype));
    return NULL;
}

static qn_status check_truths(const qni_npy_image *image, qn_error *err)
{
    const uint8_t *bytes = image->data;
    for (int64_t i = 0; i < image->data_size; i++)
        if (bytes[i] > 1)
            return qni_error(err, QN_INVALID, "element %" PRId64 " is %d, neither 0 nor 1", i, bytes[i]);
    return QN_OK;
}

qn_status qni_npy_image_init(qni_npy_image *out, const qn_array *array, const char *wanted,
                             const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_npy_image){0};
    if (qn_dtype_size(array->dtype) == 0 || (array->data == NULL && qn_array_count(array) > 0))
        return qni_error(err, QN_INVALID, "the array has ended");
    const qni_npy_type *type = find_type(array->dtype, wanted, err);
    if (type == NULL)
        return QN_INVALID;
    bool c_order = qn_array_is_contiguous(array), fortran = !c_order && is_fortran(array);
    if (!c_order && !fortran) {
        qn_status s = qn_array_copy(&out->copy, array, allocator, err);
        if (s != QN_OK)
            return s;
        array = &out->copy;
    }
    char text[sizeof type->code + 1];
    (void)snprintf(text, sizeof text, "%c%s", qn_dtype_size(array->dtype) > 1 ? '<' : '|', type->code);
    out->header_size = qni_npy_header_write(out->header, text, fortran, array->ndim, array->shape);
    out->data = array->data;
    out->data_size = qn_array_count(array) * qn_dtype_size(array->dtype);
    qn_status s = type->is_bool ? check_truths(out, err) : QN_OK;
    if (s != QN_OK)
        qni_npy_image_fini(out);
    return s;
}

void qni_npy_image_fini(qni_npy_image *image)
{
    qn_array_fini(&image->copy);
}

static qn_status write_file(const qni_npy_image *image, const char *path, const qn_allocator *allocator, qn_error *err)
{
    qni_file_writer *writer;
    qn_status s = qni_file_open(&writer, path, allocator, err);
    if (s != QN_OK)
        return s;
    s = qni_file_write(writer, image->header, image->header_size, err);
    if (s == QN_OK)
        s = qni_file_write(writer, image->data, image->data_size, err);
    if (s == QN_OK)
        return qni_file_commit(writer, err);
    qni_file_abandon(writer);
    return s;
}

qn_status qn_npy_write(const qn_array *array, const char *path, const qn_allocator *allocator, qn_error *err)
{
    qni_npy_image image;
    qn_status s = qni_npy_image_init(&image, array, NULL, allocator, err);
    if (s == QN_OK)
        s = write_file(&image, path, allocator, err);
    qni_npy_image_fini(&image);
    return s;
}

qn_status qn_npy_write_bytes(void **out, int64_t *size, const qn_array *array, const qn_allocator *allocator,
                             qn_error *err)
{
    *out = NULL;
    *size = 0;
    qni_npy_image image;
    qn_status s = qni_npy_image_init(&image, array, NULL, allocator, err);
    if (s != QN_OK)
        return s;
    int64_t total = image.header_size + image.data_size; /* fits: both are in memory */
    char *bytes = qni_alloc(allocator, total, 1);
    if (bytes != NULL) {
        memcpy(bytes, image.header, (size_t)image.header_size);
        if (image.data_size > 0)
            memcpy(bytes + image.header_size, image.data, (size_t)image.data_size);
        *out = bytes;
        *size = total;
    } else {
        s = qni_refused(err, allocator, total, "%" PRId64 " bytes of a .npy file", total);
    }
    qni_npy_image_fini(&image);
    return s;
}

void qn_npy_bytes_free(void *bytes, int64_t size, const qn_allocator *allocator)
{
    qni_free(allocator, bytes, size, 1);
}
