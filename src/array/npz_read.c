/* array/npz_read.c: an archive into arrays and bytes; see quern/npz.h.
 *
 * Always: before a member is unpacked, what the directory says of it and of all before it is within the limits; and it
 * unpacks to no more than that. */
#include "array/npz_int.h"

#include "array/csv_int.h"
#include "array/limits.h"
#include "array/npy_int.h"
#include "array/zip_int.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct reader {
    qni_zip *zip;
    const char *name; /* of the file */
    int64_t size;     /* of the archive */
    qn_npz_read_options options;
    int64_t packed;   /* bytes of the archive that the members so far occupy, at least */
    int64_t unpacked; /* and what they become */
    qn_npz *npz;
    const qn_allocator *allocator;
    qn_error *err;
} reader;

/* Puts the member's name before a complaint about what is in it. */
static qn_status in_member(const reader *r, const char *member, qn_status s)
{
    if (r->err == NULL || (s != QN_DATA && s != QN_LIMIT))
        return s;
    char said[sizeof r->err->message - 80]; /* room for the name and what is around it */
    (void)snprintf(said, sizeof said, "%.*s", (int)sizeof said - 1, r->err->message);
    (void)snprintf(r->err->message, sizeof r->err->message, "member \"%s\": %s",
                   qni_csv_show(member, (int64_t)strlen(member)).text, said);
    return s;
}

/* Whether the members so far can be what the archive holds, and may be. */
static qn_status check_sizes(reader *r, const qni_zip_entry *entry)
{
    enum {
        AROUND = 30 + 46, /* bytes of the two headers of a member, but for the names */
    };
    int64_t packed;
    if (!qni_size_add(&packed, entry->packed_size, AROUND + 2 * (int64_t)strlen(entry->name)) ||
        !qni_size_add(&r->packed, r->packed, packed) || r->packed > r->size)
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                            "members overlap: with it they take up more than the whole archive");
    if (!qni_size_add(&r->unpacked, r->unpacked, entry->size) || r->unpacked > r->options.max_bytes)
        return qni_error_at(r->err, QN_LIMIT, r->name, 0, 0,
                            "with it the archive unpacks to more than %" PRId64 " bytes: unless it is hostile, raise "
                            "the limit",
                            r->options.max_bytes);
    return QN_OK;
}

static qn_status read_bytes(qni_npz_item *item, qni_input *input, const qni_zip_entry *entry, const reader *r)
{
    char more;
    item->kind = QN_NPZ_BYTES;
    qn_status s = qni_input_read_block(&item->bytes, &item->capacity, &item->size, input, entry->size, r->name,
                                       r->allocator, r->err);
    if (s == QN_OK && qni_input_read(input, &more, 1) != 0) /* where the checksum is compared */
        s = qni_input_fail(input, r->name, r->err);
    qni_input_close(input);
    return s;
}

static qn_status read_member(reader *r, int64_t index, const qni_zip_entry *entry)
{
    qn_npz *npz = r->npz;
    int64_t size = (int64_t)strlen(entry->name), array = qni_npz_array_name(entry->name, size);
    int64_t name_size = array >= 0 ? array : size;
    const char *refused = qni_npz_name_refuse(entry->name, name_size);
    if (refused != NULL)
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0, "the name %s", refused);
    int32_t code = 0;
    qn_status s = qni_strings_add(&code, &npz->names, r->allocator, entry->name, name_size);
    if (s != QN_OK)
        return qni_refused(r->err, r->allocator, name_size, "the name of a member");
    if (code != index)
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0, "another member has the same name");
    qni_input input;
    s = qni_zip_input(&input, r->zip, index, entry, r->allocator, r->err);
    if (s != QN_OK)
        return s;
    if (array < 0)
        return read_bytes(&npz->items[index], &input, entry, r);
    npz->items[index].kind = QN_NPZ_ARRAY;
    return qni_npy_read_input(&npz->items[index].array, &npz->items[index].is_time, &input, r->name, r->allocator,
                              r->err);
}

static qn_status read_members(reader *r)
{
    int64_t count = qni_zip_count(r->zip);
    if (count > r->options.max_members)
        return qni_error_at(r->err, QN_LIMIT, r->name, 0, 0,
                            "%" PRId64 " members are more than %" PRId64 ": unless the archive is hostile, raise the "
                            "limit",
                            count, r->options.max_members);
    r->npz->items = qni_alloc_zeroed(r->allocator, count, (int64_t)sizeof *r->npz->items);
    if (r->npz->items == NULL)
        return qni_refused(r->err, r->allocator, 0, "%" PRId64 " members of an archive", count);
    r->npz->capacity = count;
    for (int64_t i = 0; i < count; i++) {
        qni_zip_entry entry;
        qn_status s = qni_zip_look(&entry, r->zip, i, r->err);
        if (s == QN_OK)
            s = check_sizes(r, &entry);
        if (s == QN_OK)
            s = read_member(r, i, &entry);
        if (s != QN_OK)
            return in_member(r, entry.name, s);
    }
    return QN_OK;
}

/* Checks the options and fills in the defaults. */
static qn_status set_limits(reader *r, const qn_npz_read_options *options)
{
    qn_npz_read_options *o = &r->options;
    qn_status s = qni_options_copy(o, (int64_t)sizeof *o, options, "qn_npz_read_options", r->err);
    if (s != QN_OK)
        return s;
    if (o->max_members < 0 || o->max_bytes < 0)
        return qni_error(r->err, QN_INVALID, "qn_npz_read_options: a limit is negative");
    if (o->max_members == 0)
        o->max_members = QNI_NPZ_MEMBERS;
    return QN_OK;
}

static bool is_archive(const char *bytes, int64_t size)
{
    enum {
        MARK = sizeof QN_NPZ_MAGIC - 1
    };
    return size >= MARK && (memcmp(bytes, QN_NPZ_MAGIC, MARK) == 0 || memcmp(bytes, QN_NPZ_MAGIC_EMPTY, MARK) == 0);
}

static qn_status read_archive(qn_npz **out, reader *r, const char *bytes, int64_t size)
{
    if (!is_archive(bytes, size))
        return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                            "this is no .npz file: it does not begin with the mark of a zip archive");
    r->size = size;
    if (r->options.max_bytes > 0 && size > r->options.max_bytes)
        return qni_error_at(r->err, QN_LIMIT, r->name, 0, 0,
                            "the archive has %" PRId64 " bytes, more than the limit of %" PRId64, size,
                            r->options.max_bytes);
    if (r->options.max_bytes == 0)
        r->options.max_bytes = size > QNI_NPZ_BYTES / QNI_NPZ_RATIO ? size * QNI_NPZ_RATIO : QNI_NPZ_BYTES;
    r->npz = qni_new(r->allocator, qn_npz);
    if (r->npz == NULL)
        return qni_refused(r->err, r->allocator, (int64_t)sizeof *r->npz, "what an archive holds");
    r->npz->allocator = r->allocator;
    qni_strings_init(&r->npz->names);
    qn_status s = qni_zip_open(&r->zip, bytes, size, r->name, r->allocator, r->err);
    if (s == QN_OK)
        s = read_members(r);
    qni_zip_close(r->zip);
    if (s == QN_OK)
        *out = r->npz;
    else
        qn_npz_free(r->npz);
    return s;
}

qn_status qn_npz_read(qn_npz **out, const char *path, const qn_npz_read_options *options, const qn_allocator *allocator,
                      qn_error *err)
{
    *out = NULL;
    reader r = {.name = qni_file_name(path), .allocator = allocator, .err = err};
    qn_status s = set_limits(&r, options);
    if (s != QN_OK)
        return s;
    qni_file_bytes file;
    int64_t limit = r.options.max_bytes > 0 ? r.options.max_bytes : INT64_MAX / (INT64_C(2) * QNI_NPZ_RATIO);
    s = qni_file_read_all(&file, path, limit, allocator, err);
    if (s == QN_OK)
        s = read_archive(out, &r, file.bytes, file.size);
    qni_file_bytes_free(&file, allocator);
    return s;
}

qn_status qn_npz_read_bytes(qn_npz **out, const void *bytes, int64_t size, const char *name,
                            const qn_npz_read_options *options, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (size < 0 || (bytes == NULL && size > 0) || size > INT64_MAX / QNI_NPZ_RATIO)
        return qni_error(err, QN_INVALID, "there are no %" PRId64 " bytes to read", size);
    reader r = {.name = name != NULL ? name : "", .allocator = allocator, .err = err};
    qn_status s = set_limits(&r, options);
    return s == QN_OK ? read_archive(out, &r, bytes, size) : s;
}
