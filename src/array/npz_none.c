/* array/npz_none.c: a build without libzip's header says what is missing. */
#include "array/npz_int.h"

#include "base/library.h"

static qn_status missing(qn_error *err)
{
    return qni_library_functions(NULL, QNI_LIBRARY_ZIP, NULL, 0, err);
}

qn_status qn_npz_read(qn_npz **out, const char *path, const qn_npz_read_options *options, const qn_allocator *allocator,
                      qn_error *err)
{
    (void)path, (void)options, (void)allocator;
    *out = NULL;
    return missing(err);
}

qn_status qn_npz_read_bytes(qn_npz **out, const void *bytes, int64_t size, const char *name,
                            const qn_npz_read_options *options, const qn_allocator *allocator, qn_error *err)
{
    (void)bytes, (void)size, (void)name, (void)options, (void)allocator;
    *out = NULL;
    return missing(err);
}

qn_status qn_npz_write(const qn_npz_member *members, int64_t count, const char *path,
                       const qn_npz_write_options *options, const qn_allocator *allocator, qn_error *err)
{
    (void)members, (void)count, (void)path, (void)options, (void)allocator;
    return missing(err);
}

qn_status qn_npz_write_bytes(void **out, int64_t *size, const qn_npz_member *members, int64_t count,
                             const qn_npz_write_options *options, const qn_allocator *allocator, qn_error *err)
{
    (void)members, (void)count, (void)options, (void)allocator;
    *out = NULL;
    *size = 0;
    return missing(err);
}
