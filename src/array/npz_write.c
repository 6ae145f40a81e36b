/* array/npz_write.c: arrays and bytes into an archive; see quern/npz.h. */
#include "array/npz_int.h"

#include "array/csv_int.h"
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

/* A member on its way into the archive. */
typedef struct item {
    char *name; /* (name_size), .npy and the zero included; NULL: the member's own is used */
    int64_t name_size;
    qni_npy_image image; /* of an array */
} item;

typedef struct writer {
    const qn_npz_member *members;
    int64_t count;
    item *items;          /* (count) */
    qni_zip_member *into; /* (count) */
    qni_strings names;
    const qn_allocator *allocator;
    qn_error *err;
} writer;

static qn_status refuse(const writer *w, const char *name, const char *why)
{
    return qni_error(w->err, QN_INVALID, "member \"%s\": %s", qni_csv_show(name, (int64_t)strlen(name)).text, why);
}

static qn_status check_name(writer *w, int64_t index)
{
    const qn_npz_member *m = &w->members[index];
    if (m->name == NULL)
        return qni_error(w->err, QN_INVALID, "member %" PRId64 " has no name", index);
    int64_t size = (int64_t)strlen(m->name);
    const char *refused = qni_npz_name_refuse(m->name, size);
    if (refused != NULL)
        return qni_error(w->err, QN_INVALID, "member \"%s\": the name %s", qni_csv_show(m->name, size).text, refused);
    if (m->array == NULL && qni_npz_array_name(m->name, size) >= 0)
        return refuse(w, m->name, "only the name of an array's member may end with .npy");
    int32_t code = 0;
    if (qni_strings_add(&code, &w->names, w->allocator, m->name, size) != QN_OK)
        return qni_refused(w->err, w->allocator, size, "the name of a member");
    return code == index ? QN_OK : refuse(w, m->name, "another member has the same name");
}

static qn_status add_bytes(writer *w, int64_t index)
{
    const qn_npz_member *m = &w->members[index];
    if (m->byte_count < 0 || (m->bytes == NULL && m->byte_count > 0))
        return refuse(w, m->name, "it has neither an array nor bytes");
    w->into[index] = (qni_zip_member){.name = m->name, .parts = {{m->bytes, m->byte_count}}};
    return QN_OK;
}

static qn_status add_array(writer *w, int64_t index)
{
    const qn_npz_member *m = &w->members[index];
    item *it = &w->items[index];
    it->name_size = (int64_t)(strlen(m->name) + sizeof ".npy");
    it->name = qni_alloc(w->allocator, it->name_size, 1);
    if (it->name == NULL)
        return qni_refused(w->err, w->allocator, it->name_size, "the name of a member");
    (void)snprintf(it->name, (size_t)it->name_size, "%s.npy", m->name);
    qn_status s = qni_npy_image_init(&it->image, m->array, m->type, w->allocator, w->err);
    if (s == QN_INVALID && w->err != NULL) {
        qn_error said = *w->err;
        return refuse(w, m->name, said.message);
    }
    const qni_npy_image *image = &it->image;
    w->into[index] = (qni_zip_member){.name = it->name,
                                      .parts = {{image->header, image->header_size}, {image->data, image->data_size}}};
    return s;
}

static qn_status prepare(writer *w)
{
    w->items = qni_alloc_zeroed(w->allocator, w->count, (int64_t)sizeof *w->items);
    w->into = qni_alloc_zeroed(w->allocator, w->count, (int64_t)sizeof *w->into);
    if (w->items == NULL || w->into == NULL)
        return qni_refused(w->err, w->allocator, 0, "%" PRId64 " members of an archive", w->count);
    for (int64_t i = 0; i < w->count; i++) {
        qn_status s = check_name(w, i);
        if (s == QN_OK)
            s = w->members[i].array != NULL ? add_array(w, i) : add_bytes(w, i);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

static void writer_fini(writer *w)
{
    for (int64_t i = 0; w->items != NULL && i < w->count; i++) {
        qni_npy_image_fini(&w->items[i].image);
        qni_free(w->allocator, w->items[i].name, w->items[i].name_size, 1);
    }
    qni_free(w->allocator, w->items, w->count, (int64_t)sizeof *w->items);
    qni_free(w->allocator, w->into, w->count, (int64_t)sizeof *w->into);
    qni_strings_fini(&w->names, w->allocator);
}

qn_status qn_npz_write_bytes(void **out, int64_t *size, const qn_npz_member *members, int64_t count,
                             const qn_npz_write_options *options, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    *size = 0;
    qn_npz_write_options o;
    qn_status s = qni_options_copy(&o, (int64_t)sizeof o, options, "qn_npz_write_options", err);
    if (s != QN_OK)
        return s;
    if (o.level < 0 || o.level > 9)
        return qni_error(err, QN_INVALID, "a level of compression is 0 to 9, not %" PRId64, o.level);
    if (count < 0 || (members == NULL && count > 0))
        return qni_error(err, QN_INVALID, "there are no %" PRId64 " members to write", count);
    writer w = {.members = members, .count = count, .allocator = allocator, .err = err};
    qni_strings_init(&w.names);
    s = prepare(&w);
    if (s == QN_OK)
        s = qni_zip_write(out, size, w.into, count, (int)o.level, allocator, err);
    writer_fini(&w);
    return s;
}

qn_status qn_npz_write(const qn_npz_member *members, int64_t count, const char *path,
                       const qn_npz_write_options *options, const qn_allocator *allocator, qn_error *err)
{
    void *bytes;
    int64_t size;
    qn_status s = qn_npz_write_bytes(&bytes, &size, members, count, options, allocator, err);
    if (s == QN_OK)
        s = qni_file_write_all(path, bytes, size, allocator, err);
    qn_npy_bytes_free(bytes, size, allocator);
    return s;
}
