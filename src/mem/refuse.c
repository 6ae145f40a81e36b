/* mem/refuse.c: the error of a request for memory that was not granted. */
#include "mem/refuse.h"

#include "mem/budget_int.h"

#include <stdarg.h>
#include <stdio.h>

qn_status qni_refused_set(qn_error *err, const qn_allocator *allocator, int64_t size, const char *source_file,
                          int source_line, const char *format, ...)
{
    char what[160], why[QNI_BUDGET_SENTENCE_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    why[0] = '\0';
    const qn_budget *budget = qn_budget_of(allocator), *full = qni_budget_refused_last(allocator);
    if (full != NULL)
        qni_budget_refusal_copy(why, full); /* "": it was one that has ended, and had the place of this one */
    if (why[0] == '\0' && budget != NULL && (full = qni_budget_full(budget, size)) != NULL)
        qni_budget_sentence(why, full, size);
    if (why[0] == '\0')
        return qni_error_set(err, QN_NOMEM, NULL, 0, 0, source_file, source_line, "no memory for %s", what);
    return qni_error_set(err, QN_BUDGET, NULL, 0, 0, source_file, source_line, "no memory for %s: %s", what, why);
}
