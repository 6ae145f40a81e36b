/* array/npz.c: what was read from an archive, for who looks at it; see quern/npz.h. */
#include "array/npz_int.h"

#include "array/array_int.h"
#include "array/csv_int.h"
#include "array/limits.h"
#include "array/npy_int.h"
#include "array/table_build.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "base/utf8.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <string.h>

static const char suffix[] = ".npy";
enum {
    SUFFIX = sizeof suffix - 1
};

void qn_npz_read_options_init(qn_npz_read_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_npz_write_options_init(qn_npz_write_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static bool has_control(const char *name, int64_t size)
{
    for (int64_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
            return true;
    return false;
}

const char *qni_npz_name_refuse(const char *name, int64_t size)
{
    if (size == 0)
        return "is empty";
    if (size > QNI_NPZ_NAME_LIMIT)
        return "has more than 1024 bytes";
    if (!qni_utf8_valid(name, size))
        return "is not UTF-8";
    if (has_control(name, size)) /* libzip takes most of them for another encoding, and writes none */
        return "has a control character";
    if (memchr(name, '\\', (size_t)size) != NULL)
        return "has a backslash";
    if (name[0] == '/')
        return "is an absolute path";
    if (name[size - 1] == '/')
        return "is that of a folder";
    for (const char *part = name, *end = name + size; part < end;) {
        const char *slash = memchr(part, '/', (size_t)(end - part));
        int64_t length = (slash != NULL ? slash : end) - part;
        if (length == 0 || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))))
            return "leads to another folder, by \"//\", \".\" or \"..\"";
        part += length + 1;
    }
    return NULL;
}

int64_t qni_npz_array_name(const char *name, int64_t size)
{
    return size >= SUFFIX && memcmp(name + size - SUFFIX, suffix, SUFFIX) == 0 ? size - SUFFIX : -1;
}

int64_t qn_npz_count(const qn_npz *npz)
{
    return npz->names.count;
}

const char *qn_npz_name(const qn_npz *npz, int64_t index)
{
    return qni_strings_at(&npz->names, index);
}

qn_npz_kind qn_npz_kind_of(const qn_npz *npz, int64_t index)
{
    return npz->items[index].kind;
}

int64_t qn_npz_find(const qn_npz *npz, const char *name)
{
    return qni_strings_find(&npz->names, name, (int64_t)strlen(name));
}

const qn_array *qn_npz_array(const qn_npz *npz, int64_t index)
{
    return npz->items[index].kind == QN_NPZ_ARRAY ? &npz->items[index].array : NULL;
}

const void *qn_npz_bytes(int64_t *size, const qn_npz *npz, int64_t index)
{
    *size = npz->items[index].size;
    return npz->items[index].bytes;
}

void qn_npz_free(qn_npz *npz)
{
    if (npz == NULL)
        return;
    for (int64_t i = 0; i < npz->capacity; i++) {
        qn_array_fini(&npz->items[i].array);
        qni_free(npz->allocator, npz->items[i].bytes, npz->items[i].capacity, 1);
    }
    qni_free(npz->allocator, npz->items, npz->capacity, (int64_t)sizeof *npz->items);
    qni_strings_fini(&npz->names, npz->allocator);
    qni_delete(npz->allocator, npz);
}

/* Whether every member can be a column. */
static qn_status check_columns(const qn_npz *npz, const char *name, qn_error *err)
{
    int64_t count = qn_npz_count(npz);
    if (count == 0)
        return qni_error_at(err, QN_DATA, name, 0, 0, "the archive has no member that could be a column");
    for (int64_t i = 0; i < count; i++) {
        const qn_array *a = qn_npz_array(npz, i), *first = qn_npz_array(npz, 0);
        const char *member = qn_npz_name(npz, i);
        qni_csv_shown shown = qni_csv_show(member, (int64_t)strlen(member));
        if (a == NULL)
            return qni_error_at(err, QN_DATA, name, 0, 0, "member \"%s\" is no array: a table needs columns alone",
                                shown.text);
        if (npz->items[i].is_time)
            return qni_error_at(err, QN_DATA, name, 0, 0, "member \"%s\": " QNI_NPY_NO_COLUMN_OF_TIMES, shown.text);
        if (a->ndim != 1)
            return qni_error_at(err, QN_DATA, name, 0, 0,
                                "member \"%s\" has %d axes: a column of a table has one; save each column by its name",
                                shown.text, (int)a->ndim);
        if (a->shape[0] != first->shape[0])
            return qni_error_at(err, QN_DATA, name, 0, 0,
                                "member \"%s\" has %" PRId64 " elements, and \"%s\" has %" PRId64
                                ": the columns of a table are of one length",
                                shown.text, a->shape[0],
                                qni_csv_show(qn_npz_name(npz, 0), (int64_t)strlen(qn_npz_name(npz, 0))).text,
                                first->shape[0]);
    }
    return QN_OK;
}

static void fill(double *values, const qn_array *a)
{
    const char *element = a->data;
    for (int64_t i = 0; i < a->shape[0]; i++, element += a->strides[0])
        values[i] = qni_array_load(a->dtype, element);
}

static qn_status make_table(qn_table **out, const qn_npz *npz, const char *name, const qn_allocator *allocator,
                            qn_error *err)
{
    int64_t count = qn_npz_count(npz), rows = npz->items[0].array.shape[0];
    const char **names = qni_alloc(allocator, count, (int64_t)sizeof *names);
    if (names == NULL)
        return qni_refused(err, allocator, 0, "the names of %" PRId64 " columns", count);
    for (int64_t i = 0; i < count; i++)
        names[i] = qn_npz_name(npz, i);
    qn_table *table = NULL;
    qn_status s = qni_table_build_new(&table, names, count, name, allocator, err);
    qni_free(allocator, names, count, (int64_t)sizeof *names);
    if (s != QN_OK)
        return s;
    bool granted = true;
    for (int64_t c = 0; granted && c < count; c++)
        granted = qni_table_build_type(table, c, QN_TYPE_F64);
    if (!granted || !qni_table_build_reserve(table, rows)) {
        qn_table_free(table);
        return qni_refused(err, allocator, 0, "%" PRId64 " columns of %" PRId64 " rows", count, rows);
    }
    for (int64_t c = 0; c < count; c++)
        fill(qni_table_build_values(table, c), &npz->items[c].array);
    qni_table_build_rows(table, rows);
    qni_table_build_finish(table);
    *out = table;
    return QN_OK;
}

qn_status qn_npz_read_table(qn_table **out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_npz *npz;
    qn_status s = qn_npz_read(&npz, path, NULL, allocator, err);
    if (s == QN_OK)
        s = check_columns(npz, qni_file_name(path), err);
    if (s == QN_OK)
        s = make_table(out, npz, qni_file_name(path), allocator, err);
    qn_npz_free(npz);
    return s;
}
