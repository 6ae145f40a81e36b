/* array/datum.c: making, sharing and looking at values; see quern/datum.h.
 *
 * Bytes and texts are one block with the struct, or a part of a larger one, or lie in memory that was given away to it.
 * Arrays are made, like all that is around them, with an allocator that counts, which their views keep alive. A table
 * keeps its own. */
#include "array/datum_int.h"

#include "array/csv_int.h"
#include "array/digest_int.h"
#include "array/npz_int.h"
#include "array/table_int.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/json_scan.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [QN_DATUM_BYTES] = "bytes",   [QN_DATUM_JSON] = "json",   [QN_DATUM_ARRAY] = "array",
    [QN_DATUM_ARRAYS] = "arrays", [QN_DATUM_TABLE] = "table",
};

const char *qn_datum_kind_name(qn_datum_kind kind)
{
    return QN_DATUM_BYTES <= kind && kind <= QN_DATUM_TABLE ? kind_names[kind] : "?";
}

static bool is_text(const qn_datum *d)
{
    return d->kind == QN_DATUM_BYTES || d->kind == QN_DATUM_JSON;
}

static void datum_init(qn_datum *d, qn_datum_kind kind, int64_t held, const qn_allocator *allocator)
{
    d->allocator = allocator;
    atomic_init(&d->reference_count, 1);
    d->kind = kind;
    d->before = 0;
    d->held = held;
}

/* ---- bytes and texts ---- */

enum {
    TEXT_AT = offsetof(qn_datum, memory)
};

static char *own_text(qn_datum *d)
{
    return (char *)d + TEXT_AT;
}

static void set_own_text(qn_datum *d, int64_t size)
{
    d->text_size = size;
    d->text = own_text(d);
    own_text(d)[size] = '\0';
}

qn_status qni_datum_new_text(qn_datum **out, char **text, qn_datum_kind kind, int64_t size,
                             const qn_allocator *allocator, qn_error *err)
{
    int64_t held;
    *out = NULL;
    *text = NULL;
    qn_datum *d = qni_size_add(&held, size, TEXT_AT + 1) ? (qn_datum *)qni_alloc(allocator, held, 1) : NULL;
    if (d == NULL)
        return qni_refused(err, allocator, size, "a value of %" PRId64 " bytes", size);
    datum_init(d, kind, held, allocator);
    set_own_text(d, size);
    *text = own_text(d);
    *out = d;
    return QN_OK;
}

int64_t qni_datum_room(int64_t text_size)
{
    return TEXT_AT + text_size + 1;
}

qn_datum *qni_datum_place(void *at, const qn_datum *text, int64_t before, int64_t size, const qn_allocator *allocator)
{
    qn_datum *d = at;
    assert(is_text(text) && before + qni_datum_room(text->text_size) <= size && before <= INT32_MAX);
    datum_init(d, text->kind, size, allocator);
    d->before = (int32_t)before;
    set_own_text(d, text->text_size);
    memcpy(own_text(d), text->text, (size_t)text->text_size);
    return d;
}

qn_status qni_datum_new_around(qn_datum **out, qn_datum_kind kind, const char *text, int64_t size,
                               const qni_datum_memory *memory, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_datum *d = qni_new(allocator, qn_datum);
    if (d == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *d, "a value of %" PRId64 " bytes", size);
    datum_init(d, kind, (int64_t)sizeof *d + memory->size, allocator);
    d->text_size = size;
    d->text = text;
    d->memory = *memory;
    *out = d;
    return QN_OK;
}

qn_status qn_datum_bytes(qn_datum **out, const void *bytes, int64_t size, const qn_allocator *allocator, qn_error *err)
{
    char *text;
    *out = NULL;
    if (size < 0 || (bytes == NULL && size > 0))
        return qni_error(err, QN_INVALID, "there are no %" PRId64 " bytes to keep", size);
    qn_status s = qni_datum_new_text(out, &text, QN_DATUM_BYTES, size, allocator, err);
    if (s == QN_OK && size > 0)
        memcpy(text, bytes, (size_t)size);
    return s;
}

qn_status qn_datum_json(qn_datum **out, const char *text, int64_t size, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (text == NULL)
        return qni_error(err, QN_INVALID, "there is no JSON text at NULL");
    return qn_datum_decode(out, QN_DATUM_JSON, text, size < 0 ? (int64_t)strlen(text) : size, NULL, NULL, allocator,
                           err);
}

/* ---- arrays ---- */

qn_status qni_datum_new_arrays(qn_datum **out, qn_datum_kind kind, int64_t count, qni_counted *counted,
                               const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_datum *d = qni_new(&counted->allocator, qn_datum);
    if (d == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *d, "a value of %" PRId64 " arrays", count);
    datum_init(d, kind, 0, allocator);
    d->counted = counted; /* which lives as long as any block of it */
    qni_strings_init(&d->names);
    d->arrays = qni_alloc_zeroed(&counted->allocator, count, (int64_t)sizeof *d->arrays);
    if (d->arrays == NULL) {
        qn_datum_unref(d);
        return qni_refused(err, allocator, 0, "a value of %" PRId64 " arrays", count);
    }
    d->count = count;
    *out = d;
    return QN_OK;
}

qn_status qni_datum_add_name(qn_datum *d, const char *name, qn_error *err)
{
    int32_t code;
    int64_t index = d->names.count;
    if (name == NULL)
        return qni_error(err, QN_INVALID, "array %" PRId64 " has no name", index);
    int64_t size = (int64_t)strlen(name);
    const char *refused = qni_npz_name_refuse(name, size);
    if (refused != NULL)
        return qni_error(err, QN_INVALID, "array %" PRId64 ": the name \"%s\" %s", index, qni_csv_show(name, size).text,
                         refused);
    qn_status s = qni_strings_add(&code, &d->names, &d->counted->allocator, name, size);
    if (s != QN_OK)
        return qni_refused(err, d->allocator, size, "the name of an array");
    return code == index ? QN_OK
                         : qni_error(err, QN_INVALID, "two arrays are called \"%s\"", qni_csv_show(name, size).text);
}

void qni_datum_finish_arrays(qn_datum *d)
{
    d->held = qni_counted_bytes(d->counted);
}

/* What the counting allocator was refused, said of the one behind it. */
static qn_status refused_array(qn_datum *d, qn_status s, int64_t size, qn_error *err)
{
    return s == QN_NOMEM ? qni_refused(err, d->allocator, size, "an array of %" PRId64 " bytes", size) : s;
}

static qn_status add_array(qn_datum *d, const qn_array *array, const char *name, qn_error *err)
{
    int64_t index = d->names.count, size = qn_dtype_size(array->dtype);
    if (size == 0 || (array->data == NULL && qn_array_count(array) > 0))
        return qni_error(err, QN_INVALID, "array %" PRId64 " has ended", index);
    qn_status s = qn_array_copy(&d->arrays[index], array, &d->counted->allocator, err);
    if (s != QN_OK)
        return refused_array(d, s, size * qn_array_count(array), err);
    return qni_datum_add_name(d, name, err);
}

static qn_status make_arrays(qn_datum **out, qn_datum_kind kind, const qn_array *arrays, const char *const *names,
                             int64_t count, const qn_allocator *allocator, qn_error *err)
{
    qni_counted *counted = qni_counted_new(allocator);
    if (counted == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *counted, "a value of %" PRId64 " arrays", count);
    qn_status s = qni_datum_new_arrays(out, kind, count, counted, allocator, err);
    qni_counted_end(counted);
    for (int64_t i = 0; s == QN_OK && i < count; i++) {
        char numbered[32];
        (void)snprintf(numbered, sizeof numbered, "arr_%" PRId64, i);
        s = add_array(*out, &arrays[i], names != NULL ? names[i] : numbered, err);
    }
    if (s == QN_OK) {
        qni_datum_finish_arrays(*out);
        return QN_OK;
    }
    qn_datum_unref(*out);
    *out = NULL;
    return s;
}

qn_status qn_datum_array(qn_datum **out, const qn_array *array, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    return make_arrays(out, QN_DATUM_ARRAY, array, NULL, 1, allocator, err);
}

qn_status qn_datum_arrays(qn_datum **out, const qn_array *arrays, const char *const *names, int64_t count,
                          const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (count < 0 || (arrays == NULL && count > 0))
        return qni_error(err, QN_INVALID, "there are no %" PRId64 " arrays to keep", count);
    return make_arrays(out, QN_DATUM_ARRAYS, arrays, names, count, allocator, err);
}

static void free_arrays(qn_datum *d)
{
    qni_counted *counted = d->counted;
    for (int64_t i = 0; d->arrays != NULL && i < d->count; i++)
        qn_array_fini(&d->arrays[i]);
    qni_free(&counted->allocator, d->arrays, d->count, (int64_t)sizeof *d->arrays);
    qni_strings_fini(&d->names, &counted->allocator);
    qni_delete(&counted->allocator, d);
}

/* ---- tables ---- */

qn_status qn_datum_table(qn_datum **out, qn_table *table, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (table == NULL)
        return qni_error(err, QN_INVALID, "there is no table at NULL");
    qn_datum *d = qni_new(allocator, qn_datum);
    if (d == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *d, "a value of a table");
    datum_init(d, QN_DATUM_TABLE, (int64_t)sizeof *d + qni_table_held(table), allocator);
    d->table = table;
    *out = d;
    return QN_OK;
}

static void free_text(qn_datum *d)
{
    int64_t size = d->held;
    if (d->text != own_text(d)) {
        size -= d->memory.size;
        d->memory.release(d->memory.owner, d->memory.block, d->memory.size);
    }
    qni_free(d->allocator, (char *)d - d->before, size, 1);
}

/* ---- sharing and looking ---- */

qn_datum *qn_datum_ref(qn_datum *datum)
{
    atomic_fetch_add_explicit(&datum->reference_count, 1, memory_order_relaxed); /* who calls holds a reference */
    return datum;
}

void qn_datum_unref(qn_datum *datum)
{
    if (datum == NULL || atomic_fetch_sub_explicit(&datum->reference_count, 1, memory_order_acq_rel) > 1)
        return;
    switch (datum->kind) {
    case QN_DATUM_ARRAY:
    case QN_DATUM_ARRAYS:
        free_arrays(datum);
        break;
    case QN_DATUM_TABLE:
        qn_table_free(datum->table);
        qni_delete(datum->allocator, datum);
        break;
    default:
        free_text(datum);
        break;
    }
}

bool qni_datum_is_alone(const qn_datum *datum)
{
    return atomic_load_explicit(&datum->reference_count, memory_order_acquire) == 1;
}

qn_datum_kind qn_datum_kind_of(const qn_datum *datum)
{
    return datum->kind;
}

int64_t qn_datum_size(const qn_datum *datum)
{
    return datum->held;
}

static bool has_arrays(const qn_datum *d)
{
    return d->kind == QN_DATUM_ARRAY || d->kind == QN_DATUM_ARRAYS;
}

const char *qn_datum_text(const qn_datum *datum, int64_t *size)
{
    if (size != NULL)
        *size = is_text(datum) ? datum->text_size : 0;
    return is_text(datum) ? datum->text : NULL;
}

int64_t qn_datum_array_count(const qn_datum *datum)
{
    return has_arrays(datum) ? datum->count : 0;
}

const qn_array *qn_datum_array_at(const qn_datum *datum, int64_t index)
{
    return index >= 0 && index < qn_datum_array_count(datum) ? &datum->arrays[index] : NULL;
}

const char *qn_datum_array_name(const qn_datum *datum, int64_t index)
{
    return index >= 0 && index < qn_datum_array_count(datum) ? qni_strings_at(&datum->names, index) : NULL;
}

int64_t qn_datum_array_find(const qn_datum *datum, const char *name)
{
    return has_arrays(datum) ? qni_strings_find(&datum->names, name, (int64_t)strlen(name)) : -1;
}

const qn_table *qn_datum_table_of(const qn_datum *datum)
{
    return datum->kind == QN_DATUM_TABLE ? datum->table : NULL;
}

/* Under the personalisation "quern datum": the kind's number, then bytes and texts after their size; one array; the
 * number of arrays, and each after its name; the table (array/digest.c). */
qn_digest qn_datum_digest(const qn_datum *datum)
{
    qni_stream s;
    qni_stream_init(&s, "quern datum");
    qni_stream_int64(&s, datum->kind);
    if (is_text(datum)) {
        qni_stream_int64(&s, datum->text_size);
        qni_stream_bytes(&s, datum->text, datum->text_size);
    } else if (datum->kind == QN_DATUM_TABLE) {
        qni_stream_table(&s, datum->table);
    } else if (datum->kind == QN_DATUM_ARRAY) {
        qni_stream_array(&s, &datum->arrays[0]);
    } else {
        qni_stream_int64(&s, datum->count);
        for (int64_t i = 0; i < datum->count; i++) {
            qni_stream_text(&s, qni_strings_at(&datum->names, i));
            qni_stream_array(&s, &datum->arrays[i]);
        }
    }
    return qni_stream_final(&s);
}
