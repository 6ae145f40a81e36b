/* array/npz_stream.c: see npz_stream.h.
 *
 * Always: `at` is how many bytes were written; entries (count) say what they are; `left` of the current array are still
 * to come. */
#include "array/npz_stream.h"

#include "array/npy_int.h"
#include "array/npz_int.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "mem/refuse.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIGNMENT = 64,
    LOCAL_MARK = 0x04034B50, /* APPNOTE 4.3.7 */
    LOCAL_SIZE = 30,
    ENTRY_MARK = 0x02014B50, /* 4.3.12 */
    ENTRY_SIZE = 46,
    END_MARK = 0x06054B50, /* 4.3.16 */
    END_SIZE = 22,
    WIDE_END_MARK = 0x06064B50, /* 4.3.14 */
    WIDE_END_SIZE = 56,
    WIDE_END_REST = WIDE_END_SIZE - 12, /* what stands behind mark and size */
    LOCATOR_MARK = 0x07064B50,          /* 4.3.15 */
    LOCATOR_SIZE = 20,
    VERSION = 20,
    VERSION_WIDE = 45,
    NAME_IS_UTF8 = 1 << 11,
    DATE_1980_01_01 = 1 << 5 | 1,
    FIELD_WIDE = 1,         /* zip64's extra field: 4.5.3 */
    FIELD_PADDING = 0xD935, /* zipalign's: two bytes of alignment, then zeros */
    FIELD_HEADER = 4,
    PADDING_SIZE = FIELD_HEADER + 2,
    SUFFIX_SIZE = 4,
};
static const char suffix[SUFFIX_SIZE + 1] = ".npy";

typedef struct entry {
    const char *name; /* (name_size), without .npy */
    int64_t name_size;
    int64_t size; /* bytes of the member */
    int64_t at;   /* of its local header */
    uint32_t crc;
} entry;

struct qni_npz_stream {
    const qn_allocator *allocator;
    qni_file_writer *file;
    entry *entries; /* (capacity) */
    int64_t count, capacity;
    int64_t at, left;
    int64_t wide_from;
    qni_crc32_table table;
};

/* Bytes that are put together, the lowest of a number first. */
typedef struct bytes {
    uint8_t *next;
} bytes;

static void put(bytes *b, uint64_t value, int size)
{
    for (int i = 0; i < size; i++, value >>= 8)
        *b->next++ = (uint8_t)value;
}

qn_status qni_npz_stream_open(qni_npz_stream **out, const char *path, int64_t capacity, const qn_allocator *allocator,
                              qn_error *err)
{
    *out = NULL;
    qni_npz_stream *s = qni_new(allocator, qni_npz_stream);
    if (s == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *s, "an archive");
    s->allocator = allocator;
    s->capacity = capacity;
    s->wide_from = UINT32_MAX;
    qni_crc32_init(&s->table);
    s->entries = qni_alloc(allocator, capacity, (int64_t)sizeof *s->entries);
    qn_status status = s->entries != NULL ? qni_file_open(&s->file, path, allocator, err)
                                          : qni_refused(err, allocator, 0, "%lld arrays", (long long)capacity);
    if (status == QN_OK)
        *out = s;
    else
        qni_npz_stream_abandon(s);
    return status;
}

bool qni_npz_stream_is_direct(const qni_npz_stream *stream)
{
    return qni_file_is_direct(stream->file);
}

const char *qni_npz_stream_refuse(const char *name)
{
    return qni_npz_name_refuse(name, (int64_t)strlen(name));
}

const qni_crc32_table *qni_npz_stream_table(const qni_npz_stream *stream)
{
    return &stream->table;
}

void qni_npz_stream_set_wide_from(qni_npz_stream *stream, int64_t size)
{
    stream->wide_from = size;
}

static qn_status add(qni_npz_stream *s, const void *from, int64_t size, qn_error *err)
{
    s->at += size;
    return qni_file_write(s->file, from, size, err);
}

static bool is_ascii(const entry *e)
{
    for (int64_t i = 0; i < e->name_size; i++)
        if ((unsigned char)e->name[i] >= 0x80)
            return false;
    return true;
}

/* What local header and entry begin with: version, flags, method, date, checksum, sizes, length of the name. */
static void put_member(bytes *b, const entry *e, bool wide)
{
    uint32_t size = wide ? UINT32_MAX : (uint32_t)e->size;
    put(b, wide ? VERSION_WIDE : VERSION, 2);
    put(b, is_ascii(e) ? 0 : NAME_IS_UTF8, 2);
    put(b, 0, 2); /* stored */
    put(b, 0, 2); /* midnight */
    put(b, DATE_1980_01_01, 2);
    put(b, e->crc, 4);
    put(b, size, 4);
    put(b, size, 4);
    put(b, (uint64_t)e->name_size + SUFFIX_SIZE, 2);
}

static qn_status write_name(qni_npz_stream *s, const entry *e, qn_error *err)
{
    qn_status status = add(s, e->name, e->name_size, err);
    return status == QN_OK ? add(s, suffix, SUFFIX_SIZE, err) : status;
}

static qn_status write_local(qni_npz_stream *s, const entry *e, qn_error *err)
{
    bool wide = e->size >= s->wide_from;
    int64_t extra = wide ? FIELD_HEADER + 16 : 0;
    int64_t padding = -(s->at + LOCAL_SIZE + e->name_size + SUFFIX_SIZE + extra) & (ALIGNMENT - 1);
    if (padding > 0 && padding < PADDING_SIZE)
        padding += ALIGNMENT;
    uint8_t head[LOCAL_SIZE], fields[FIELD_HEADER + 16 + 2 * ALIGNMENT] = {0};
    bytes b = {head};
    put(&b, LOCAL_MARK, 4);
    put_member(&b, e, wide);
    put(&b, (uint64_t)(extra + padding), 2);
    b.next = fields;
    if (wide) {
        put(&b, FIELD_WIDE, 2);
        put(&b, 16, 2);
        put(&b, (uint64_t)e->size, 8);
        put(&b, (uint64_t)e->size, 8);
    }
    if (padding > 0) {
        put(&b, FIELD_PADDING, 2);
        put(&b, (uint64_t)(padding - FIELD_HEADER), 2);
        put(&b, ALIGNMENT, 2);
    }
    qn_status status = add(s, head, sizeof head, err);
    if (status == QN_OK)
        status = write_name(s, e, err);
    return status == QN_OK ? add(s, fields, extra + padding, err) : status;
}

qn_status qni_npz_stream_begin(qni_npz_stream *stream, const qni_npz_stream_array *array, qn_error *err)
{
    qni_npz_stream *s = stream;
    assert(s->count < s->capacity && s->left == 0);
    char header[QNI_NPY_HEADER_SIZE];
    int64_t header_size = qni_npy_header_write(header, array->type, false, 1, &array->rows);
    int64_t size, end;
    if (!qni_size_mul(&s->left, array->rows, array->row_size) || !qni_size_add(&size, s->left, header_size) ||
        !qni_size_add(&end, size, s->at + QNI_NPY_HEADER_SIZE))
        return qni_error(err, QN_LIMIT, "%lld rows of %lld bytes are larger than any disk", (long long)array->rows,
                         (long long)array->row_size);
    entry *e = &s->entries[s->count++];
    *e = (entry){.name = array->name, .name_size = (int64_t)strlen(array->name), .size = size, .at = s->at};
    e->crc = qni_crc32_join(qni_crc32(&s->table, 0, header, header_size), array->crc, s->left);
    qn_status status = write_local(s, e, err);
    return status == QN_OK ? add(s, header, header_size, err) : status;
}

qn_status qni_npz_stream_write(qni_npz_stream *stream, const void *from, int64_t size, qn_error *err)
{
    assert(size >= 0 && size <= stream->left);
    stream->left -= size;
    return add(stream, from, size, err);
}

/* A member in the directory. */
static qn_status write_entry(qni_npz_stream *s, const entry *e, qn_error *err)
{
    bool wide = e->size >= s->wide_from, far = e->at >= s->wide_from;
    uint8_t head[ENTRY_SIZE], field[FIELD_HEADER + 24];
    int64_t extra = (wide ? 16 : 0) + (far ? 8 : 0);
    extra += extra > 0 ? FIELD_HEADER : 0;
    bytes b = {head};
    put(&b, ENTRY_MARK, 4);
    put(&b, VERSION_WIDE, 2);
    put_member(&b, e, wide);
    put(&b, (uint64_t)extra, 2);
    put(&b, 0, 2 + 2 + 2 + 4); /* no comment, the first disk, no attributes */
    put(&b, far ? UINT32_MAX : (uint64_t)e->at, 4);
    b.next = field;
    if (extra > 0) {
        put(&b, FIELD_WIDE, 2);
        put(&b, (uint64_t)(extra - FIELD_HEADER), 2);
    }
    for (int i = 0; wide && i < 2; i++)
        put(&b, (uint64_t)e->size, 8);
    if (far)
        put(&b, (uint64_t)e->at, 8);
    qn_status status = add(s, head, sizeof head, err);
    if (status == QN_OK)
        status = write_name(s, e, err);
    return status == QN_OK ? add(s, field, extra, err) : status;
}

static qn_status write_end(qni_npz_stream *s, int64_t directory, qn_error *err)
{
    uint8_t end[WIDE_END_SIZE + LOCATOR_SIZE + END_SIZE];
    bytes b = {end};
    uint64_t count = (uint64_t)s->count, start = (uint64_t)directory, size = (uint64_t)(s->at - directory);
    bool wide = s->count >= UINT16_MAX || s->at >= s->wide_from;
    if (wide) {
        put(&b, WIDE_END_MARK, 4);
        put(&b, WIDE_END_REST, 8);
        put(&b, VERSION_WIDE, 2);
        put(&b, VERSION_WIDE, 2);
        put(&b, 0, 4 + 4); /* the first disk */
        put(&b, count, 8);
        put(&b, count, 8);
        put(&b, size, 8);
        put(&b, start, 8);
        put(&b, LOCATOR_MARK, 4);
        put(&b, 0, 4);
        put(&b, (uint64_t)s->at, 8);
        put(&b, 1, 4); /* disk */
    }
    put(&b, END_MARK, 4);
    put(&b, 0, 2 + 2);
    put(&b, wide ? UINT16_MAX : count, 2);
    put(&b, wide ? UINT16_MAX : count, 2);
    put(&b, wide ? UINT32_MAX : size, 4);
    put(&b, wide ? UINT32_MAX : start, 4);
    put(&b, 0, 2); /* no comment */
    return add(s, end, b.next - end, err);
}

qn_status qni_npz_stream_close(qni_npz_stream *stream, qn_error *err)
{
    qni_npz_stream *s = stream;
    assert(s->left == 0);
    int64_t directory = s->at;
    qn_status status = QN_OK;
    for (int64_t i = 0; status == QN_OK && i < s->count; i++)
        status = write_entry(s, &s->entries[i], err);
    if (status == QN_OK)
        status = write_end(s, directory, err);
    if (status == QN_OK) {
        status = qni_file_commit(s->file, err);
        s->file = NULL;
    }
    qni_npz_stream_abandon(s);
    return status;
}

void qni_npz_stream_abandon(qni_npz_stream *stream)
{
    if (stream == NULL)
        return;
    qni_file_abandon(stream->file);
    qni_free(stream->allocator, stream->entries, stream->capacity, (int64_t)sizeof *stream->entries);
    qni_delete(stream->allocator, stream);
}
