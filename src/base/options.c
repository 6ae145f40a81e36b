/* base/options.c: see options.h. */
#include "base/options.h"

#include "base/error.h"
#include "base/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void qni_options_init(void *out, int64_t size)
{
    assert(size >= (int64_t)sizeof size);
    if (size < (int64_t)sizeof size)
        return;
    memset(out, 0, (size_t)size);
    memcpy(out, &size, sizeof size);
}

qn_status qni_options_copy(void *out, int64_t out_size, const void *given, const char *name, qn_error *err)
{
    int64_t size;
    qni_options_init(out, out_size);
    if (given == NULL)
        return QN_OK;
    memcpy(&size, given, sizeof size);
    if (size < (int64_t)sizeof size || size > QNI_OPTIONS_SIZE_MAX)
        return qni_error(err, QN_INVALID, "%s.size is %" PRId64 ": fill it by %s_init()", name, size, name);
    const char *bytes = given;
    for (int64_t i = out_size; i < size; i++)
        if (bytes[i] != 0)
            return qni_error(err, QN_INVALID, "%s has fields that this version of the library (%s) does not know", name,
                             qn_version());
    memcpy(out, given, (size_t)(size < out_size ? size : out_size));
    memcpy(out, &out_size, sizeof out_size);
    return QN_OK;
}

void qni_stats_copy(void *out, const void *stats, int64_t known)
{
    int64_t size;
    memcpy(&size, out, sizeof size);
    assert(size >= (int64_t)sizeof size);
    if (size < (int64_t)sizeof size)
        return;
    int64_t both = size < known ? size : known;
    memcpy((char *)out + sizeof size, (const char *)stats + sizeof size, (size_t)both - sizeof size);
    memset((char *)out + both, 0, (size_t)(size - both));
}
