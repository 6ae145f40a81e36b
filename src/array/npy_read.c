/* array/npy_read.c: a .npy file or its bytes into an array; see quern/npy.h. */
#include "array/npy_int.h"

#include "array/input.h"
#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <string.h>

/* What is read from. */
typedef struct reader {
    qni_input input;
    int64_t taken; /* bytes */
    const char *name;
    const qn_allocator *allocator;
    qn_error *err;
} reader;

/* The memory of an array that was read: it ends with the array's last view. */
typedef struct elements {
    const qn_allocator *allocator;
    char *bytes;
    int64_t capacity;
} elements;

static void elements_free(void *user)
{
    elements *e = user;
    qni_free(e->allocator, e->bytes, e->capacity, 1);
    qni_delete(e->allocator, e);
}

static qn_status cut_off(const reader *r, const char *what)
{
    return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                        "the file is cut off after %" PRId64 " bytes, inside %s: get it again", r->taken, what);
}

/* Exactly `size` bytes; `what` names them where the file ends before. */
static qn_status take(reader *r, void *into, int64_t size, const char *what)
{
    int64_t got = qni_input_read_full(&r->input, into, size);
    if (got < 0)
        return qni_input_fail(&r->input, r->name, r->err);
    r->taken += got;
    return got < size ? cut_off(r, what) : QN_OK;
}

/* The number in `count` bytes, the least significant first. */
static int64_t little_endian(const uint8_t *bytes, int count)
{
    int64_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

/* The bytes before the header's text: mark, version, size. */
static qn_status read_preamble(reader *r, int64_t *header_size)
{
    enum {
        MARK = sizeof QN_NPY_MAGIC - 1,
        MAJOR = MARK,
        MINOR,
        SIZE,
    };
    uint8_t bytes[SIZE + 4];
    if (!qni_input_begins_with(&r->input, QN_NPY_MAGIC, MARK)) {
        char one;
        if (qni_input_read(&r->input, &one, 1) < 0)
            return qni_input_fail(&r->input, r->name, r->err);
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                            "this is no .npy file: it does not begin with the mark of one");
    }
    qn_status s = take(r, bytes, SIZE, "the first bytes");
    if (s != QN_OK)
        return s;
    if (bytes[MAJOR] < 1 || bytes[MAJOR] > 3 || bytes[MINOR] != 0)
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                            "version %d.%d of the .npy format is none of 1.0, 2.0 and 3.0", bytes[MAJOR], bytes[MINOR]);
    int count = bytes[MAJOR] == 1 ? 2 : 4;
    if ((s = take(r, bytes + SIZE, count, "the first bytes")) != QN_OK)
        return s;
    *header_size = little_endian(bytes + SIZE, count);
    if (*header_size > QNI_NPY_HEADER_LIMIT)
        return qni_error_at(r->err, QN_LIMIT, r->name, 0, 0,
                            "a header of %" PRId64 " bytes is longer than any of an array of numbers", *header_size);
    return QN_OK;
}

static qn_status read_header(reader *r, qni_npy_header *header)
{
    int64_t size = 0;
    qn_status s = read_preamble(r, &size);
    if (s != QN_OK)
        return s;
    char *text = qni_alloc(r->allocator, size, 1);
    if (text == NULL)
        return qni_refused(r->err, r->allocator, size, "a header of %" PRId64 " bytes", size);
    s = take(r, text, size, "the header");
    if (s == QN_OK)
        s = qni_npy_header_read(header, text, size, r->name, r->err);
    qni_free(r->allocator, text, size, 1);
    return s;
}

/* Reads the data, and sees that nothing follows. */
static qn_status read_data(reader *r, elements *e, int64_t size)
{
    if (r->input.total_size >= 0 && r->input.total_size - r->taken < size)
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                            "the file is cut off: its header announces %" PRId64 " bytes of data, and %" PRId64
                            " are there",
                            size, r->input.total_size - r->taken);
    int64_t count = 0;
    qn_status s = qni_input_read_block(&e->bytes, &e->capacity, &count, &r->input, size, r->name, r->allocator, r->err);
    r->taken += count;
    if (s != QN_OK)
        return s;
    if (count < size)
        return cut_off(r, "the data");
    char more;
    int64_t got = qni_input_read(&r->input, &more, 1);
    if (got < 0)
        return qni_input_fail(&r->input, r->name, r->err);
    if (got > 0)
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                            "more bytes follow the array: a .npy file holds one array and nothing else");
    return QN_OK;
}

static void swap(char *bytes, int64_t size, int64_t element_size)
{
    for (char *p = bytes; p < bytes + size; p += element_size) {
        for (int64_t i = 0; i < element_size / 2; i++) {
            char held = p[i];
            p[i] = p[element_size - 1 - i];
            p[element_size - 1 - i] = held;
        }
    }
}

static qn_status check_truths(const reader *r, const char *bytes, int64_t size)
{
    for (int64_t i = 0; i < size; i++) {
        if ((bytes[i] & ~1) != 0)
            return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                                "element %" PRId64 " of an array of bools is %d, neither 0 nor 1", i,
                                (uint8_t)bytes[i]);
    }
    return QN_OK;
}

static qn_status make_array(qn_array *out, const reader *r, const qni_npy_header *h, elements *e)
{
    int64_t strides[QN_ARRAY_MAX_DIMS];
    int64_t stride = qn_dtype_size(h->dtype);
    for (int32_t k = 0; k < h->ndim; k++) {
        strides[k] = stride;
        stride *= h->shape[k] > 0 ? h->shape[k] : 1; /* fits: the header was checked */
    }
    return qn_array_wrap(out, e->bytes, h->dtype, h->ndim, h->shape, h->fortran ? strides : NULL, elements_free, e,
                         r->allocator, r->err);
}

/* From the mark to the end of the input. */
static qn_status read_array(qn_array *out, bool *is_time, reader *r)
{
    qni_npy_header header = {0};
    qn_status s = read_header(r, &header);
    if (s != QN_OK)
        return s;
    *is_time = header.is_time;
    elements *e = qni_new(r->allocator, elements);
    if (e == NULL)
        return qni_refused(r->err, r->allocator, (int64_t)sizeof *e, "an array");
    e->allocator = r->allocator;
    s = read_data(r, e, header.size);
    if (s == QN_OK && header.swapped)
        swap(e->bytes, header.size, qn_dtype_size(header.dtype));
    if (s == QN_OK && header.is_bool)
        s = check_truths(r, e->bytes, header.size);
    if (s == QN_OK)
        s = make_array(out, r, &header, e);
    if (s != QN_OK)
        elements_free(e);
    return s;
}

qn_status qni_npy_read_input(qn_array *out, bool *is_time, qni_input *input, const char *name,
                             const qn_allocator *allocator, qn_error *err)
{
    *out = (qn_array){0};
    *is_time = false;
    reader r = {.input = *input, .name = name, .allocator = allocator, .err = err};
    *input = (qni_input){0};
    qn_status s = read_array(out, is_time, &r);
    qni_input_close(&r.input);
    return s;
}

/* The same where gzip may be around it. */
static qn_status read_inflated(qn_array *out, bool *is_time, qni_input *input, const char *name,
                               const qn_allocator *allocator, qn_error *err)
{
    qn_status s = qni_input_inflate(input, name, allocator, err);
    if (s == QN_OK)
        return qni_npy_read_input(out, is_time, input, name, allocator, err);
    qni_input_close(input);
    return s;
}

static qn_status read_file(qn_array *out, bool *is_time, const char *path, const qn_allocator *allocator, qn_error *err)
{
    *out = (qn_array){0};
    qni_input input;
    qn_status s = qni_input_file(&input, path, allocator, err);
    return s == QN_OK ? read_inflated(out, is_time, &input, qni_file_name(path), allocator, err) : s;
}

qn_status qn_npy_read(qn_array *out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    bool is_time;
    return read_file(out, &is_time, path, allocator, err);
}

qn_status qn_npy_read_bytes(qn_array *out, const void *bytes, int64_t size, const char *name,
                            const qn_allocator *allocator, qn_error *err)
{
    *out = (qn_array){0};
    if (size < 0 || (bytes == NULL && size > 0))
        return qni_error(err, QN_INVALID, "there are no %" PRId64 " bytes to read", size);
    bool is_time;
    qni_input input;
    qn_status s = qni_input_bytes(&input, bytes, size, allocator, err);
    return s == QN_OK ? read_inflated(out, &is_time, &input, name != NULL ? name : "", allocator, err) : s;
}

qn_status qn_npy_read_table(qn_table **out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_array array;
    bool is_time = false;
    const char *name = qni_file_name(path);
    qn_status s = read_file(&array, &is_time, path, allocator, err);
    if (s != QN_OK)
        return s;
    if (is_time)
        s = qni_error_at(err, QN_DATA, name, 0, 0, QNI_NPY_NO_COLUMN_OF_TIMES);
    else if (array.ndim == 1 || array.ndim == 2)
        s = qn_table_from_array(out, &array, name, allocator, err);
    else
        s = qni_error_at(err, QN_DATA, name, 0, 0, "an array of %d axes is no table: it needs rows and columns",
                         (int)array.ndim);
    qn_array_fini(&array);
    return s;
}
