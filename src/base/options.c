/* base/options.c: see options.h. */
#include "base/options.h"

#include "base/error.h"
#include "base/limits.h"

#include <inttypes.h>
#include <string.h>

qn_status qni_options_copy(void *out, int64_t out_size, const void *given, const char *name, qn_error *err)
{
    int64_t size;
    if (given == NULL)
        return QN_OK;
    memcpy(&size, given, sizeof size);
    if (size < (int64_t)sizeof size || size > QNI_OPTIONS_SIZE_MAX)
        return qni_error(err, QN_INVALID, "%s.size is %" PRId64 ": start from %s_default()", name, size, name);
    const char *bytes = given;
    for (int64_t i = out_size; i < size; i++)
        if (bytes[i] != 0)
            return qni_error(err, QN_INVALID, "%s has fields that this version of the library (%s) does not know", name,
                             qn_version());
    memcpy(out, given, (size_t)(size < out_size ? size : out_size));
    memcpy(out, &out_size, sizeof out_size);
    return QN_OK;
}
