/* array/digest.c: see quern/digest.h.
 *
 * The canonical form, under the personalisation "quern array" or "quern table" of BLAKE2b (RFC 7693, section 2.5), so
 * that no two kinds of content meet; bytes have none. Integers are little-endian and have 8 bytes; a text stands after
 * its size.
 *
 *   array:  the type's name, the number of axes, their lengths, the elements in row-major order
 *   table:  the number of rows and of columns; of each column its name, its type's name, how many values are missing,
 *           and, where any are, the validity bitmap; then the values, what is missing as zeros: bool as a bitmap, texts
 *           each after its size, all others as they lie in memory
 */
#include "array/digest_int.h"

#include "array/array_int.h"
#include "base/error.h"

#include <assert.h>
#include <string.h>

_Static_assert(QN_DIGEST_SIZE == QNI_DIGEST_SIZE && QN_DIGEST_TEXT_SIZE == QNI_DIGEST_TEXT_SIZE, "one digest");

void qni_stream_init(qni_stream *s, const char *what)
{
    (void)qni_sodium_ready();
    qni_digest_init_as(&s->digester, what);
    s->used = 0;
}

static void flush(qni_stream *s)
{
    qni_digest_bytes(&s->digester, s->buffer, s->used);
    s->used = 0;
}

void qni_stream_bytes(qni_stream *s, const void *bytes, int64_t size)
{
    if (size > QNI_DIGEST_CHUNK - s->used) {
        flush(s);
        if (size > QNI_DIGEST_CHUNK) {
            qni_digest_bytes(&s->digester, bytes, size);
            return;
        }
    }
    if (size > 0)
        memcpy(s->buffer + s->used, bytes, (size_t)size);
    s->used += size;
}

/* The machine is little-endian. */
void qni_stream_int64(qni_stream *s, int64_t value)
{
    qni_stream_bytes(s, &value, sizeof value);
}

void qni_stream_text(qni_stream *s, const char *text)
{
    int64_t size = (int64_t)strlen(text);
    qni_stream_int64(s, size);
    qni_stream_bytes(s, text, size);
}

qn_digest qni_stream_final(qni_stream *s)
{
    qn_digest out;
    flush(s);
    qni_digest digest = qni_digest_final(&s->digester);
    memcpy(out.bytes, digest.bytes, sizeof out.bytes);
    return out;
}

static void stream_elements(qni_stream *s, const qn_array *a)
{
    int64_t size = qni_dtype_size(a->dtype), count = qn_array_count(a);
    if (count == 0)
        return;
    if (qn_array_is_contiguous(a)) {
        qni_stream_bytes(s, a->data, count * size);
        return;
    }
    int64_t columns = a->shape[a->ndim - 1], stride = a->strides[a->ndim - 1]; /* a single element is contiguous */
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    const char *row = a->data;
    do {
        if (stride == size) {
            qni_stream_bytes(s, row, columns * size);
            continue;
        }
        for (int64_t i = 0; i < columns; i++)
            qni_stream_bytes(s, row + i * stride, size);
    } while (qni_array_next_row(a, index, &row));
}

void qni_stream_array(qni_stream *s, const qn_array *a)
{
    qni_stream_text(s, qn_dtype_name(a->dtype));
    qni_stream_int64(s, a->ndim);
    for (int32_t k = 0; k < a->ndim; k++)
        qni_stream_int64(s, a->shape[k]);
    stream_elements(s, a);
}

/* The bits of the rows, `and` their validity (NULL: all are valid), cleared beyond the last row. */
static void stream_bits(qni_stream *s, const uint8_t *bits, const uint8_t *and, int64_t rows)
{
    for (int64_t i = 0; i < (rows + 7) / 8; i++) {
        int64_t left = rows - i * 8;
        uint8_t mask = (uint8_t)(left < 8 ? (1u << left) - 1 : 0xFFu);
        uint8_t byte = (uint8_t)(bits[i] & mask & (and != NULL ? and[i] : 0xFF));
        qni_stream_bytes(s, &byte, 1);
    }
}

static int64_t value_size(qn_type type)
{
    return type == QN_TYPE_F32 || type == QN_TYPE_DATE ? 4 : 8;
}

static void stream_column(qni_stream *s, const qn_table *t, int64_t c)
{
    static const char zeros[8];
    qn_type type = qn_table_column_type(t, c);
    int64_t rows = qn_table_row_count(t), missing = qn_table_missing_count(t, c);
    const uint8_t *validity = missing > 0 ? qn_table_validity(t, c) : NULL;
    const char *values = qn_table_values(t, c);
    qni_stream_text(s, qn_table_column_name(t, c));
    qni_stream_text(s, qn_type_name(type));
    qni_stream_int64(s, missing);
    if (validity != NULL)
        stream_bits(s, validity, NULL, rows);
    if (type == QN_TYPE_BOOL) {
        stream_bits(s, qn_table_values(t, c), validity, rows);
        return;
    }
    int64_t size = value_size(type);
    if (type != QN_TYPE_STRING && validity == NULL) {
        qni_stream_bytes(s, values, rows * size);
        return;
    }
    for (int64_t row = 0; row < rows; row++) {
        bool gone = validity != NULL && qn_table_is_missing(t, c, row);
        if (type == QN_TYPE_STRING)
            qni_stream_text(s, gone ? "" : qn_table_string(t, c, ((const int32_t *)qn_table_values(t, c))[row]));
        else
            qni_stream_bytes(s, gone ? zeros : values + row * size, size);
    }
}

void qni_stream_table(qni_stream *s, const qn_table *t)
{
    int64_t columns = qn_table_column_count(t);
    qni_stream_int64(s, qn_table_row_count(t));
    qni_stream_int64(s, columns);
    for (int64_t c = 0; c < columns; c++)
        stream_column(s, t, c);
}

qn_digest qn_digest_bytes(const void *bytes, int64_t size)
{
    qn_digest out;
    assert(size >= 0 && (bytes != NULL || size == 0));
    (void)qni_sodium_ready();
    qni_digest digest = qni_digest_of(bytes, size);
    memcpy(out.bytes, digest.bytes, sizeof out.bytes);
    return out;
}

qn_status qn_digest_array(qn_digest *out, const qn_array *array, qn_error *err)
{
    *out = (qn_digest){0};
    if (qn_dtype_size(array->dtype) == 0 || (array->data == NULL && qn_array_count(array) > 0))
        return qni_error(err, QN_INVALID, "the array has ended");
    qni_stream s;
    qni_stream_init(&s, "quern array");
    qni_stream_array(&s, array);
    *out = qni_stream_final(&s);
    return QN_OK;
}

qn_digest qn_digest_table(const qn_table *table)
{
    qni_stream s;
    qni_stream_init(&s, "quern table");
    qni_stream_table(&s, table);
    return qni_stream_final(&s);
}

bool qn_digest_equal(const qn_digest *a, const qn_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void qn_digest_text(char out[QN_DIGEST_TEXT_SIZE], const qn_digest *digest)
{
    qni_digest d;
    memcpy(d.bytes, digest->bytes, sizeof d.bytes);
    qni_digest_text(out, &d);
}
