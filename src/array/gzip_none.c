/* array/gzip_none.c: a build without zlib's header knows gzip when it sees it, and says what is missing. */
#include "array/input.h"

#include "array/limits.h"
#include "base/library.h"

qn_status qni_input_inflate(qni_input *input, const char *name, const qn_allocator *allocator, qn_error *err)
{
    (void)name;
    (void)allocator;
    if (!qni_input_begins_with(input, QNI_GZIP_MAGIC, sizeof QNI_GZIP_MAGIC - 1))
        return QN_OK;
    return qni_library_functions(NULL, QNI_LIBRARY_ZLIB, NULL, 0, err);
}
