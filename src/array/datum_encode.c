/* array/datum_encode.c: values to bytes and back; see quern/datum.h. */
#include "array/datum_int.h"

#include "array/csv_int.h"
#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/json_scan.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void qn_datum_options_init(qn_datum_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status read_options(qn_datum_options *out, const qn_datum_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(out, (int64_t)sizeof *out, given, "qn_datum_options", err);
    if (s != QN_OK)
        return s;
    if (out->compress < 0 || out->compress > 9)
        return qni_error(err, QN_INVALID, "compress is 0 to 9, not %d", out->compress);
    if (out->bytes_max < 0 || out->members_max < 0)
        return qni_error(err, QN_INVALID, "a limit cannot be negative");
    if (out->bytes_max == 0)
        out->bytes_max = QNI_DATUM_BYTES;
    if (out->members_max == 0)
        out->members_max = QNI_NPZ_MEMBERS;
    return QN_OK;
}

/* ---- to bytes ---- */

static qn_status encode_text(void **out, int64_t *size, const qn_datum *datum, const qn_allocator *allocator,
                             qn_error *err)
{
    int64_t text_size;
    const char *text = qn_datum_text(datum, &text_size);
    void *bytes = qni_alloc(allocator, text_size, 1);
    if (bytes == NULL)
        return qni_refused(err, allocator, text_size, "a value of %" PRId64 " bytes", text_size);
    memcpy(bytes, text, (size_t)text_size);
    *out = bytes;
    *size = text_size;
    return QN_OK;
}

static qn_status encode_arrays(void **out, int64_t *size, const qn_datum *d, const qn_npz_write_options *options,
                               const qn_allocator *allocator, qn_error *err)
{
    qn_npz_member *members = qni_alloc_zeroed(allocator, d->count, (int64_t)sizeof *members);
    if (members == NULL)
        return qni_refused(err, allocator, 0, "the names of %" PRId64 " arrays", d->count);
    for (int64_t i = 0; i < d->count; i++)
        members[i] = (qn_npz_member){.name = qni_strings_at(&d->names, i), .array = &d->arrays[i]};
    qn_status s = qn_npz_write_bytes(out, size, members, d->count, options, allocator, err);
    qni_free(allocator, members, d->count, (int64_t)sizeof *members);
    return s;
}

static qn_status encode_table(void **out, int64_t *size, const qn_datum *d, const qn_npz_write_options *options,
                              const qn_allocator *allocator, qn_error *err)
{
    qni_table_image image;
    qn_status s = qni_table_image_init(&image, d->table, allocator, err);
    if (s == QN_OK)
        s = qn_npz_write_bytes(out, size, image.members, image.count, options, allocator, err);
    qni_table_image_fini(&image);
    return s;
}

qn_status qn_datum_encode(void **out, int64_t *size, const qn_datum *datum, const qn_datum_options *options,
                          const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    *size = 0;
    qn_datum_options o;
    qn_status s = read_options(&o, options, err);
    if (s != QN_OK)
        return s;
    qn_npz_write_options npz = {.size = (int64_t)sizeof npz, .level = o.compress};
    switch (datum->kind) {
    case QN_DATUM_ARRAY:
    case QN_DATUM_ARRAYS:
        return encode_arrays(out, size, datum, &npz, allocator, err);
    case QN_DATUM_TABLE:
        return encode_table(out, size, datum, &npz, allocator, err);
    default:
        return encode_text(out, size, datum, allocator, err);
    }
}

void qn_datum_encoded_free(void *bytes, int64_t size, const qn_allocator *allocator)
{
    qni_free(allocator, bytes, size, 1);
}

/* ---- and back ---- */

/* What is decoded, and how. */
typedef struct decoding {
    const void *bytes;
    int64_t size;
    const char *name;
    qn_datum_options options;
    const qni_datum_memory *memory; /* in which the bytes lie, to be kept; NULL: they are copied */
    const qn_allocator *allocator;
    qn_error *err;
} decoding;

static qn_status too_large(const decoding *d)
{
    return qni_error_at(d->err, QN_LIMIT, d->name, 0, 0, "the value takes more than %" PRId64 " bytes",
                        d->options.bytes_max);
}

static qn_status decode_text(qn_datum **out, const decoding *d, qn_datum_kind kind)
{
    char *text;
    qn_status s = QN_OK;
    if (d->size > d->options.bytes_max)
        return too_large(d);
    if (kind == QN_DATUM_JSON) {
        if (d->size > QNI_JSON_SIZE_MAX)
            return qni_error_at(d->err, QN_LIMIT, d->name, 0, 0,
                                "a JSON text of %" PRId64 " bytes is too large (at most %" PRId64 ")", d->size,
                                QNI_JSON_SIZE_MAX);
        s = qni_json_check(d->bytes, d->size, d->name, d->err);
    }
    if (s == QN_OK && d->memory != NULL)
        return qni_datum_new_around(out, kind, d->bytes, d->size, d->memory, d->allocator, d->err);
    if (s == QN_OK)
        s = qni_datum_new_text(out, &text, kind, d->size, d->allocator, d->err);
    if (s == QN_OK && d->size > 0)
        memcpy(text, d->bytes, (size_t)d->size);
    return s;
}

static qn_status read_npz(qn_npz **out, const decoding *d, int64_t members_max, const qn_allocator *allocator)
{
    qn_npz_read_options options = {
        .size = (int64_t)sizeof options, .max_members = members_max, .max_bytes = d->options.bytes_max};
    return qn_npz_read_bytes(out, d->bytes, d->size, d->name, &options, allocator, d->err);
}

/* The arrays of an archive become those of the datum, without copying but for one that is not in row-major order. */
static qn_status take_arrays(qn_datum *datum, const qn_npz *npz, const decoding *d)
{
    for (int64_t i = 0; i < datum->count; i++) {
        const qn_array *a = qn_npz_array(npz, i);
        const char *member = qn_npz_name(npz, i);
        qn_status s = QN_OK;
        if (a == NULL)
            return qni_error_at(d->err, QN_DATA, d->name, 0, 0, "member \"%s\" is no array",
                                qni_csv_show(member, (int64_t)strlen(member)).text);
        if (qn_array_is_contiguous(a))
            qn_array_view(&datum->arrays[i], a);
        else
            s = qn_array_copy(&datum->arrays[i], a, &datum->counted->allocator, d->err);
        if (s == QN_OK)
            s = qni_datum_add_name(datum, member, d->err);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

/* The archive is read with the datum's own counting allocator, of which its arrays stay. */
static qn_status decode_arrays(qn_datum **out, const decoding *d, qn_datum_kind kind)
{
    qn_npz *npz = NULL;
    qn_datum *datum = NULL;
    qni_counted *counted = qni_counted_new(d->allocator);
    if (counted == NULL)
        return qni_refused(d->err, d->allocator, (int64_t)sizeof *counted, "a value of arrays");
    qn_status s = read_npz(&npz, d, d->options.members_max, &counted->allocator);
    if (s == QN_OK && kind == QN_DATUM_ARRAY && qn_npz_count(npz) != 1)
        s = qni_error_at(d->err, QN_DATA, d->name, 0, 0, "one array is expected, here are %" PRId64, qn_npz_count(npz));
    if (s == QN_OK)
        s = qni_datum_new_arrays(&datum, kind, qn_npz_count(npz), counted, d->allocator, d->err);
    if (s == QN_OK)
        s = take_arrays(datum, npz, d);
    qn_npz_free(npz);
    qni_counted_end(counted);
    if (s == QN_OK) {
        qni_datum_finish_arrays(datum);
        if (datum->held > d->options.bytes_max)
            s = too_large(d);
    }
    if (s == QN_OK)
        *out = datum;
    else
        qn_datum_unref(datum);
    return s == QN_NOMEM ? qni_refused(d->err, d->allocator, d->size, "a value of arrays, %" PRId64 " bytes", d->size)
                         : s;
}

static qn_status decode_table(qn_datum **out, const decoding *d)
{
    qn_npz *npz = NULL;
    qn_table *table = NULL;
    int64_t members_max;
    if (!qni_size_mul(&members_max, d->options.members_max, 3) || !qni_size_add(&members_max, members_max, 1))
        members_max = INT64_MAX;
    qn_status s = read_npz(&npz, d, members_max, d->allocator);
    if (s == QN_OK)
        s = qni_table_from_npz(&table, npz, d->name, d->options.members_max, d->allocator, d->err);
    qn_npz_free(npz);
    if (s == QN_OK)
        s = qn_datum_table(out, table, d->allocator, d->err);
    if (s != QN_OK)
        qn_table_free(table);
    if (s != QN_OK || (*out)->held <= d->options.bytes_max)
        return s;
    qn_datum_unref(*out);
    *out = NULL;
    return too_large(d);
}

qn_status qni_datum_adopt(qn_datum **out, qn_datum_kind kind, const char *text, int64_t size,
                          const qni_datum_memory *memory, const qn_datum_options *options,
                          const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    assert((kind == QN_DATUM_BYTES || kind == QN_DATUM_JSON) && size >= 0 && text[size] == '\0');
    decoding d = {.bytes = text, .size = size, .memory = memory, .allocator = allocator, .err = err};
    qn_status s = read_options(&d.options, options, err);
    return s == QN_OK ? decode_text(out, &d, kind) : s;
}

qn_status qn_datum_decode(qn_datum **out, qn_datum_kind kind, const void *bytes, int64_t size, const char *name,
                          const qn_datum_options *options, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    decoding d = {.bytes = bytes, .size = size, .name = name, .allocator = allocator, .err = err};
    qn_status s = read_options(&d.options, options, err);
    if (s != QN_OK)
        return s;
    if (size < 0 || (bytes == NULL && size > 0))
        return qni_error(err, QN_INVALID, "there are no %" PRId64 " bytes to decode", size);
    switch (kind) {
    case QN_DATUM_BYTES:
    case QN_DATUM_JSON:
        return decode_text(out, &d, kind);
    case QN_DATUM_ARRAY:
    case QN_DATUM_ARRAYS:
        return decode_arrays(out, &d, kind);
    case QN_DATUM_TABLE:
        return decode_table(out, &d);
    }
    return qni_error_at(err, QN_DATA, name, 0, 0, "there is no kind of value with the number %d", (int)kind);
}
