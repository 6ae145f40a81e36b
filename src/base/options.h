/* base/options.h: option structs of callers that were built against another version of a header.
 *
 * Such a struct begins with its size, an int64_t, and fields are only ever appended. */
#ifndef QNI_BASE_OPTIONS_H
#define QNI_BASE_OPTIONS_H

#include <quern/base.h>

/* Copies `given` (NULL: nothing) over the defaults that `out` holds: as many fields as both know. A larger struct
 * than ours is fine while the fields that we do not know are zero: their defaults. `name` is the type's, for the
 * message. Errors: QN_INVALID (no size; fields of a newer version are used). */
QN_MUST_USE qn_status qni_options_copy(void *out, int64_t out_size, const void *given, const char *name, qn_error *err);

#endif
