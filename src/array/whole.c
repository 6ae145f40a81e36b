/* array/whole.c: all of an input at once; see whole.h. */
#include "array/whole.h"

#include "array/input.h"
#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"

#include <inttypes.h>
#include <string.h>

static qn_status too_large(const char *name, int64_t limit, qn_error *err)
{
    return qni_error_at(err, QN_LIMIT, name, 0, 0, "more than %" PRId64 " bytes", limit);
}

/* The input is taken in any case. */
static qn_status read_all(qni_whole *out, qni_input *input, const char *name, int64_t limit,
                          const qn_allocator *allocator, qn_error *err)
{
    qni_whole whole = {0};
    qn_status s = qni_input_inflate(input, name, allocator, err);
    if (s == QN_OK && input->total_size > limit)
        s = too_large(name, limit, err);
    int64_t most = input->total_size >= 0 ? input->total_size : limit + 1;
    if (s == QN_OK)
        s = qni_input_read_block(&whole.block, &whole.capacity, &whole.size, input, most, name, allocator, err);
    if (s == QN_OK && whole.size > limit)
        s = too_large(name, limit, err);
    qni_input_close(input);
    whole.bytes = whole.block;
    if (s != QN_OK)
        qni_whole_free(&whole, allocator);
    *out = whole;
    return s;
}

qn_status qni_whole_file(qni_whole *out, const char *path, int64_t limit, const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_whole){0};
    qni_input input;
    qn_status s = qni_input_file(&input, path, allocator, err);
    return s == QN_OK ? read_all(out, &input, qni_file_name(path), limit, allocator, err) : s;
}

qn_status qni_whole_bytes(qni_whole *out, const char *bytes, int64_t size, const char *name, int64_t limit,
                          const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_whole){0};
    const int64_t magic = (int64_t)sizeof QNI_GZIP_MAGIC - 1;
    if (size >= magic && memcmp(bytes, QNI_GZIP_MAGIC, (size_t)magic) == 0) {
        qni_input input;
        qn_status s = qni_input_bytes(&input, bytes, size, allocator, err);
        return s == QN_OK ? read_all(out, &input, name, limit, allocator, err) : s;
    }
    if (size > limit)
        return too_large(name, limit, err);
    *out = (qni_whole){.bytes = bytes, .size = size};
    return QN_OK;
}

void qni_whole_free(qni_whole *whole, const qn_allocator *allocator)
{
    qni_free(allocator, whole->block, whole->capacity, 1);
    *whole = (qni_whole){0};
}
