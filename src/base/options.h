/* base/options.h: structs of options and of statistics whose callers were built against another version of a header.
 *
 * Such a struct begins with its size, an int64_t; fields are only ever appended, and 0 is every option's default. */
#ifndef QNI_BASE_OPTIONS_H
#define QNI_BASE_OPTIONS_H

#include <quern/base.h>

/* Every field of a struct of `size` bytes at its default: what the public …_init functions do. A size below that
 * of the size field is a caller's mistake: nothing is written. */
void qni_options_init(void *out, int64_t size);

/* out (out_size) := defaults, and over them what `given` (NULL: nothing) says: as many fields as both know. A
 * larger struct than ours is fine while the fields that we do not know are at their default. `name` is the type's,
 * for the message. Errors: QN_INVALID (a size that cannot be; fields of a newer version are used). */
QN_MUST_USE qn_status qni_options_copy(void *out, int64_t out_size, const void *given, const char *name, qn_error *err);

/* Statistics (`known` bytes, the size field first and not looked at) into the caller's struct, whose size it has set:
 * as many fields as both know; what only the caller knows becomes 0. A size below that of the size field is a caller's
 * mistake: nothing is written. */
void qni_stats_copy(void *out, const void *stats, int64_t known);

#endif
