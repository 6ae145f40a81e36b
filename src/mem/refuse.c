/* mem/refuse.c: the error of a request for memory that was not granted. */
#include "mem/refuse.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

qn_status qni_refused_set(qn_error *err, const qn_allocator *allocator, int64_t size, const char *source_file,
                          int source_line, const char *format, ...)
{
    (void)allocator;
    (void)size;
    char what[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return qni_error_set(err, QN_NOMEM, NULL, 0, 0, source_file, source_line, "no memory for %s", what);
}
