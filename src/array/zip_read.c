/* array/zip_read.c: a zip archive in memory, and its members as inputs; see zip_int.h.
 *
 * Always: of a member no more bytes are taken from libzip than its directory entry says, and one, to see that it ends:
 * that read is also the one in which libzip compares the checksum. */
#include "array/zip_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/library.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <zip.h>

#define FUNCTIONS(X)            \
    X(zip_discard)              \
    X(zip_error_code_zip)       \
    X(zip_error_fini)           \
    X(zip_error_init)           \
    X(zip_fclose)               \
    X(zip_file_get_error)       \
    X(zip_fopen_index)          \
    X(zip_fread)                \
    X(zip_get_error)            \
    X(zip_get_name)             \
    X(zip_get_num_entries)      \
    X(zip_open_from_source)     \
    X(zip_source_buffer_create) \
    X(zip_source_free)          \
    X(zip_stat_index)

typedef struct functions {
#define POINTER(function) __typeof__(function) *function;
    FUNCTIONS(POINTER)
#undef POINTER
} functions;

struct qni_zip {
    const qn_allocator *allocator;
    functions api;
    zip_t *archive;
    const char *name;
};

static qn_status damaged(const char *name, int code, qn_error *err)
{
    switch (code) {
    case ZIP_ER_MEMORY:
        return qni_error(err, QN_NOMEM, "no memory to look into \"%s\"", name);
    case ZIP_ER_EXISTS:
        return qni_error_at(err, QN_DATA, name, 0, 0, "two members of the archive have the same name");
    case ZIP_ER_MULTIDISK:
        return qni_error_at(err, QN_DATA, name, 0, 0, "this is one of several parts of an archive: join them first");
    case ZIP_ER_INCONS:
        return qni_error_at(err, QN_DATA, name, 0, 0,
                            "the archive is damaged: its directory contradicts what stands before a member, or itself; "
                            "get the file again");
    default:
        return qni_error_at(err, QN_DATA, name, 0, 0,
                            "the archive is cut off or damaged: it has no directory at its end; get the file again");
    }
}

static qn_status open_archive(qni_zip *z, const void *bytes, int64_t size, qn_error *err)
{
    static const qni_function names[] = {
#define NAME(function) {#function, offsetof(functions, function)},
        FUNCTIONS(NAME)
#undef NAME
    };
    qn_status s = qni_library_functions(&z->api, QNI_LIBRARY_ZIP, names, sizeof names / sizeof names[0], err);
    if (s != QN_OK)
        return s;
    zip_error_t why;
    z->api.zip_error_init(&why);
    zip_source_t *source = z->api.zip_source_buffer_create(bytes, (zip_uint64_t)size, 0, &why);
    if (source != NULL)
        z->archive = z->api.zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &why);
    if (z->archive == NULL) {
        s = damaged(z->name, z->api.zip_error_code_zip(&why), err);
        if (source != NULL)
            z->api.zip_source_free(source);
    }
    z->api.zip_error_fini(&why);
    return s;
}

qn_status qni_zip_open(qni_zip **out, const void *bytes, int64_t size, const char *name, const qn_allocator *allocator,
                       qn_error *err)
{
    *out = NULL;
    qni_zip *z = qni_new(allocator, qni_zip);
    if (z == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *z, "an archive");
    z->allocator = allocator;
    z->name = name;
    qn_status s = open_archive(z, bytes, size, err);
    if (s == QN_OK)
        *out = z;
    else
        qni_delete(allocator, z);
    return s;
}

int64_t qni_zip_count(const qni_zip *zip)
{
    return zip->api.zip_get_num_entries(zip->archive, 0);
}

void qni_zip_close(qni_zip *zip)
{
    if (zip == NULL)
        return;
    zip->api.zip_discard(zip->archive);
    qni_delete(zip->allocator, zip);
}

/* The names of the methods that are met (APPNOTE 4.4.5); "" for others. */
static const char *method_name(int method)
{
    switch (method) {
    case ZIP_CM_DEFLATE64:
        return " (deflate64)";
    case ZIP_CM_BZIP2:
        return " (bzip2)";
    case ZIP_CM_LZMA:
        return " (lzma)";
    case ZIP_CM_XZ:
        return " (xz)";
    case 93:
        return " (zstd)";
    default:
        return "";
    }
}

qn_status qni_zip_look(qni_zip_entry *out, const qni_zip *zip, int64_t index, qn_error *err)
{
    enum {
        NEEDED = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD
    };
    zip_stat_t stat = {0};
    *out = (qni_zip_entry){.name = zip->api.zip_get_name(zip->archive, (zip_uint64_t)index, ZIP_FL_ENC_RAW)};
    int failed = zip->api.zip_stat_index(zip->archive, (zip_uint64_t)index, 0, &stat);
    if (out->name == NULL)
        out->name = "";
    if (failed != 0 || (stat.valid & NEEDED) != NEEDED)
        return qni_error_at(err, QN_DATA, zip->name, 0, 0, "the archive's directory does not describe it");
    if (stat.encryption_method != ZIP_EM_NONE)
        return qni_error_at(err, QN_DATA, zip->name, 0, 0, "it is encrypted: write the archive without a password");
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
        return qni_error_at(err, QN_DATA, zip->name, 0, 0,
                            "it is compressed by method %d%s, of which only 0 (stored) and 8 (deflate) are read",
                            stat.comp_method, method_name(stat.comp_method));
    bool stored = stat.comp_method == ZIP_CM_STORE;
    if (stat.size > INT64_MAX || stat.comp_size > INT64_MAX || (stored && stat.size != stat.comp_size))
        return qni_error_at(err, QN_DATA, zip->name, 0, 0, "the archive's directory says a size that cannot be");
    out->size = (int64_t)stat.size;
    out->packed_size = (int64_t)stat.comp_size;
    return QN_OK;
}

typedef struct member_input {
    const qni_zip *zip;
    const qn_allocator *allocator;
    zip_file_t *file;
    int64_t size, left;   /* bytes: what the directory says, and what has not been read of it */
    bool longer, shorter; /* than the directory says */
} member_input;

static int64_t member_read(void *user, char *into, int64_t size)
{
    member_input *m = user;
    char more;
    if (m->left == 0) {
        zip_int64_t got = m->zip->api.zip_fread(m->file, &more, 1);
        m->longer = got > 0;
        return got == 0 ? 0 : -1;
    }
    zip_int64_t got = m->zip->api.zip_fread(m->file, into, (zip_uint64_t)(size < m->left ? size : m->left));
    m->shorter = got == 0;
    if (got > 0)
        m->left -= got;
    return got > 0 ? got : -1;
}

static qn_status member_fail(void *user, const char *name, qn_error *err)
{
    const member_input *m = user;
    int code = m->zip->api.zip_error_code_zip(m->zip->api.zip_file_get_error(m->file));
    if (m->longer)
        return qni_error_at(err, QN_DATA, name, 0, 0,
                            "it unpacks to more than the %" PRId64 " bytes that the archive's directory says", m->size);
    if (m->shorter)
        return qni_error_at(err, QN_DATA, name, 0, 0,
                            "it unpacks to less than the %" PRId64 " bytes that the archive's directory says", m->size);
    switch (code) {
    case ZIP_ER_MEMORY:
        return qni_error(err, QN_NOMEM, "no memory to unpack \"%s\"", name);
    case ZIP_ER_CRC:
        return qni_error_at(err, QN_DATA, name, 0, 0, "its checksum is not that of its bytes: get the file again");
    default:
        return qni_error_at(err, QN_DATA, name, 0, 0, "its compressed bytes are damaged: get the file again");
    }
}

static void member_close(void *user)
{
    member_input *m = user;
    (void)m->zip->api.zip_fclose(m->file); /* only read from */
    qni_delete(m->allocator, m);
}

qn_status qni_zip_input(qni_input *out, const qni_zip *zip, int64_t index, const qni_zip_entry *entry,
                        const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_input){0};
    member_input *m = qni_new(allocator, member_input);
    if (m == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *m, "a member of an archive");
    *m = (member_input){.zip = zip, .allocator = allocator, .size = entry->size, .left = entry->size};
    m->file = zip->api.zip_fopen_index(zip->archive, (zip_uint64_t)index, 0);
    if (m->file == NULL) {
        int code = zip->api.zip_error_code_zip(zip->api.zip_get_error(zip->archive));
        qni_delete(allocator, m);
        return damaged(zip->name, code, err);
    }
    /* What is stored is as large as it is in the archive; what a deflated member says of itself is not trusted. */
    *out = (qni_input){.read = member_read,
                       .fail = member_fail,
                       .close = member_close,
                       .user = m,
                       .total_size = entry->size == entry->packed_size ? entry->size : -1};
    return QN_OK;
}
