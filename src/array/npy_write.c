/* array/npy_write.c: an array into a .npy file; see quern/npy.h. */
#include "array/npy_int.h"

#include "base/error.h"
#include "base/file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIGNMENT = 64,    /* of the data in the file */
    PREAMBLE = 10,     /* mark, version, size of the header's text */
    HEADER_SIZE = 320, /* room for eight axes of nineteen digits */
};

/* Mark, version 1.0, and the dictionary, padded with blanks to a line of which the data begin at a multiple of
 * ALIGNMENT. Returns its size. */
static int64_t make_header(char *out, const qn_array *a, const qni_npy_type *type, bool fortran)
{
    int64_t size = PREAMBLE;
    size += snprintf(out + size, (size_t)(HEADER_SIZE - size), "{'descr': '%c%s', 'fortran_order': %s, 'shape': (",
                     qn_dtype_size(a->dtype) > 1 ? '<' : '|', type->code, fortran ? "True" : "False");
    for (int32_t k = 0; k < a->ndim; k++)
        size += snprintf(out + size, (size_t)(HEADER_SIZE - size), "%s%" PRId64 "%s", k > 0 ? " " : "", a->shape[k],
                         k + 1 < a->ndim || a->ndim == 1 ? "," : "");
    size += snprintf(out + size, (size_t)(HEADER_SIZE - size), "), }");
    int64_t total = (size + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    assert(total <= HEADER_SIZE);
    memset(out + size, ' ', (size_t)(total - 1 - size));
    out[total - 1] = '\n';
    memcpy(out, QN_NPY_MAGIC "\1\0", PREAMBLE - 2);
    out[PREAMBLE - 2] = (char)((total - PREAMBLE) & 0xFF);
    out[PREAMBLE - 1] = (char)((total - PREAMBLE) >> 8);
    return total;
}

/* Writes an array that is contiguous in C order, or in Fortran order. */
static qn_status write_array(const qn_array *a, const qni_npy_type *type, bool fortran, const char *path,
                             const qn_allocator *allocator, qn_error *err)
{
    char header[HEADER_SIZE];
    int64_t header_size = make_header(header, a, type, fortran);
    qni_file_writer *writer;
    qn_status s = qni_file_open(&writer, path, allocator, err);
    if (s != QN_OK)
        return s;
    s = qni_file_write(writer, header, header_size, err);
    if (s == QN_OK)
        s = qni_file_write(writer, a->data, qn_array_count(a) * qn_dtype_size(a->dtype), err);
    if (s == QN_OK)
        return qni_file_commit(writer, err);
    qni_file_abandon(writer);
    return s;
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

qn_status qn_npy_write(const qn_array *array, const char *path, const qn_allocator *allocator, qn_error *err)
{
    if (qn_dtype_size(array->dtype) == 0 || (array->data == NULL && qn_array_count(array) > 0))
        return qni_error(err, QN_INVALID, "the array has ended");
    const qni_npy_type *type = qni_npy_types;
    while (type->code[0] != '\0' && type->dtype != array->dtype)
        type++;
    if (type->code[0] == '\0')
        return qni_error(err, QN_INVALID, "NumPy has no type %s: copy the array into one of f32",
                         qn_dtype_name(array->dtype));
    bool c_order = qn_array_is_contiguous(array);
    if (c_order || is_fortran(array))
        return write_array(array, type, !c_order, path, allocator, err);
    qn_array copy;
    qn_status s = qn_array_copy(&copy, array, allocator, err);
    if (s == QN_OK)
        s = write_array(&copy, type, false, path, allocator, err);
    qn_array_fini(&copy);
    return s;
}
