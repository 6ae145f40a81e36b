/* array/zip_write.c: members into a zip archive in memory; see zip_int.h.
 *
 * libzip writes to a sink of ours, a block that grows by our allocator. Nothing in the archive depends on when or where
 * it is made. Data of stored members begin at multiples of 64 bytes, padded by the extra field that Android's zipalign
 * has for it (0xD935), as long as the offset is below 4 GiB: beyond, libzip adds fields of its own. */
#include "array/zip_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/library.h"
#include "mem/refuse.h"

#include <string.h>
#include <zip.h>

#define FUNCTIONS(X)                     \
    X(zip_close)                         \
    X(zip_discard)                       \
    X(zip_error_code_zip)                \
    X(zip_file_add)                      \
    X(zip_file_extra_field_set)          \
    X(zip_file_set_dostime)              \
    X(zip_get_error)                     \
    X(zip_open_from_source)              \
    X(zip_set_file_compression)          \
    X(zip_source_buffer_create)          \
    X(zip_source_buffer_fragment_create) \
    X(zip_source_free)                   \
    X(zip_source_function_create)

typedef struct functions {
#define POINTER(function) __typeof__(function) *function;
    FUNCTIONS(POINTER)
#undef POINTER
} functions;

enum {
    ALIGNMENT = 64,
    LOCAL_HEADER = 30,      /* bytes before a member's name (APPNOTE 4.3.7) */
    DIRECTORY_ENTRY = 46,   /* and before its name in the directory (4.3.12) */
    DIRECTORY_END = 22,     /* (4.3.16) */
    PADDING_FIELD = 0xD935, /* two bytes of alignment, then zeros */
    FIELD_HEADER = 4,
    FIELD_SIZE = 6,
    DATE_1980_01_01 = 1 << 5 | 1,
};

/* Where the archive is written to. */
typedef struct sink {
    const qn_allocator *allocator;
    char *bytes;
    int64_t size, capacity, at;
    bool refused; /* no memory */
} sink;

static bool sink_seek(sink *k, const zip_source_args_seek_t *to)
{
    int64_t from = to->whence == SEEK_SET ? 0 : to->whence == SEEK_CUR ? k->at : k->size, at;
    if (__builtin_add_overflow(from, to->offset, &at) || at < 0 || at > k->size)
        return false;
    k->at = at;
    return true;
}

static zip_int64_t sink_write(sink *k, const void *bytes, zip_uint64_t size)
{
    int64_t end;
    if (size > INT64_MAX || !qni_size_add(&end, k->at, (int64_t)size) ||
        !qni_grow(k->allocator, (void **)&k->bytes, &k->capacity, end, 1)) {
        k->refused = true;
        return -1;
    }
    if (size > 0)
        memcpy(k->bytes + k->at, bytes, (size_t)size);
    k->at = end;
    k->size = end > k->size ? end : k->size;
    return (zip_int64_t)size;
}

/* The sink as a source of libzip's: it begins empty, is written once, and never read. */
static zip_int64_t sink_call(void *user, void *data, zip_uint64_t size, zip_source_cmd_t command)
{
    sink *k = user;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_WRITABLE;
    case ZIP_SOURCE_STAT:
        memset(data, 0, sizeof(zip_stat_t));
        ((zip_stat_t *)data)->valid = ZIP_STAT_SIZE;
        return sizeof(zip_stat_t);
    case ZIP_SOURCE_ERROR:
        memcpy(data, (int[]){ZIP_ER_MEMORY, 0}, 2 * sizeof(int));
        return 2 * sizeof(int);
    case ZIP_SOURCE_WRITE:
        return sink_write(k, data, size);
    case ZIP_SOURCE_SEEK_WRITE:
        return sink_seek(k, data) ? 0 : -1;
    case ZIP_SOURCE_TELL_WRITE:
        return k->at;
    case ZIP_SOURCE_OPEN:
    case ZIP_SOURCE_READ: /* there is nothing in it */
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_BEGIN_WRITE:
    case ZIP_SOURCE_COMMIT_WRITE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_ROLLBACK_WRITE:
    case ZIP_SOURCE_REMOVE:
        k->size = k->at = 0;
        return 0;
    default:
        return -1;
    }
}

typedef struct writer {
    functions api;
    zip_t *archive;
    int level;
    int64_t offset; /* where the next member's header will stand, while `aligned` */
    bool aligned;
} writer;

static zip_source_t *make_source(const writer *w, const qni_zip_member *m)
{
    zip_buffer_fragment_t fragments[2];
    zip_uint64_t count = 0;
    for (int i = 0; i < 2; i++) {
        zip_uint8_t *bytes; /* only ever read */
        memcpy(&bytes, &m->parts[i].bytes, sizeof bytes);
        if (m->parts[i].size > 0)
            fragments[count++] = (zip_buffer_fragment_t){bytes, (zip_uint64_t)m->parts[i].size};
    }
    return count > 0 ? w->api.zip_source_buffer_fragment_create(fragments, count, 0, NULL)
                     : w->api.zip_source_buffer_create(NULL, 0, 0, NULL);
}

/* Sees to it that the data of the member begin at a multiple of ALIGNMENT. */
static bool pad(writer *w, zip_uint64_t index, const qni_zip_member *m)
{
    int64_t data = w->offset + LOCAL_HEADER + (int64_t)strlen(m->name);
    int64_t padding = -data & (ALIGNMENT - 1);
    int64_t size = m->parts[0].size + m->parts[1].size;
    if (padding > 0 && padding < FIELD_SIZE)
        padding += ALIGNMENT;
    w->aligned = w->aligned && size < UINT32_MAX && data + padding + size < UINT32_MAX;
    if (!w->aligned)
        return true;
    w->offset = data + padding + size;
    static const zip_uint8_t field[2 * ALIGNMENT] = {ALIGNMENT};
    return padding == 0 || w->api.zip_file_extra_field_set(w->archive, index, PADDING_FIELD, ZIP_EXTRA_FIELD_NEW, field,
                                                           (zip_uint16_t)(padding - FIELD_HEADER), ZIP_FL_LOCAL) == 0;
}

static bool add_member(writer *w, const qni_zip_member *m)
{
    zip_source_t *source = make_source(w, m);
    if (source == NULL)
        return false;
    zip_int64_t index = w->api.zip_file_add(w->archive, m->name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        w->api.zip_source_free(source);
        return false;
    }
    zip_uint64_t at = (zip_uint64_t)index;
    int method = w->level == 0 ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
    return w->api.zip_file_set_dostime(w->archive, at, 0, DATE_1980_01_01, 0) == 0 &&
           w->api.zip_set_file_compression(w->archive, at, method, (zip_uint32_t)w->level) == 0 &&
           (w->level > 0 || pad(w, at, m));
}

static bool open_archive(writer *w, sink *k)
{
    zip_source_t *source = w->api.zip_source_function_create(sink_call, k, NULL);
    if (source == NULL)
        return false;
    w->archive = w->api.zip_open_from_source(source, ZIP_TRUNCATE, NULL);
    if (w->archive == NULL)
        w->api.zip_source_free(source);
    return w->archive != NULL;
}

/* libzip writes no archive without members: this is one. */
static bool write_empty(sink *k)
{
    static const char end[DIRECTORY_END] = "PK\5\6";
    return sink_write(k, end, sizeof end) >= 0;
}

/* The size of an archive whose members are stored; of one whose members are deflated there is no telling. */
static int64_t estimate(const qni_zip_member *members, int64_t count)
{
    int64_t size = DIRECTORY_END;
    for (int64_t i = 0; i < count; i++)
        size += LOCAL_HEADER + DIRECTORY_ENTRY + 2 * ((int64_t)strlen(members[i].name) + ALIGNMENT) +
                members[i].parts[0].size + members[i].parts[1].size; /* of what is in memory: it fits */
    return size;
}

static bool write_members(writer *w, sink *k, const qni_zip_member *members, int64_t count)
{
    if (count == 0)
        return write_empty(k);
    if (w->level == 0 && !qni_grow(k->allocator, (void **)&k->bytes, &k->capacity, estimate(members, count), 1)) {
        k->refused = true;
        return false;
    }
    if (!open_archive(w, k))
        return false;
    bool done = true;
    for (int64_t i = 0; done && i < count; i++)
        done = add_member(w, &members[i]);
    if (done && w->api.zip_close(w->archive) == 0)
        return true;
    done = w->api.zip_error_code_zip(w->api.zip_get_error(w->archive)) == ZIP_ER_MEMORY;
    k->refused = k->refused || done;
    w->api.zip_discard(w->archive);
    return false;
}

/* The block becomes as large as what is in it. */
static bool fit_block(sink *k)
{
    const qn_allocator *a = k->allocator != NULL ? k->allocator : qn_allocator_default();
    void *block = a->resize(a->user, k->bytes, k->capacity, k->size);
    if (block == NULL)
        return false;
    k->bytes = block;
    k->capacity = k->size;
    return true;
}

qn_status qni_zip_write(void **out, int64_t *size, const qni_zip_member *members, int64_t count, int level,
                        const qn_allocator *allocator, qn_error *err)
{
    static const qni_function names[] = {
#define NAME(function) {#function, offsetof(functions, function)},
        FUNCTIONS(NAME)
#undef NAME
    };
    *out = NULL;
    *size = 0;
    writer w = {.level = level, .aligned = true};
    sink k = {.allocator = allocator};
    qn_status s = qni_library_functions(&w.api, QNI_LIBRARY_ZIP, names, sizeof names / sizeof names[0], err);
    if (s != QN_OK)
        return s;
    bool done = write_members(&w, &k, members, count);
    if (done && fit_block(&k)) {
        *out = k.bytes;
        *size = k.size;
        return QN_OK;
    }
    qni_free(allocator, k.bytes, k.capacity, 1);
    if (done || k.refused)
        return qni_refused(err, allocator, k.capacity, "an archive of %lld members", (long long)count);
    return qni_error(err, QN_INTERNAL, "libzip could not write the archive");
}
