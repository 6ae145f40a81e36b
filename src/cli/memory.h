/* cli/memory.h: the budgets on which the command draws, one a holder, and what --memory says of them.
 *
 * What is counted are the bytes asked for through a qn_allocator, not what other libraries (cairo) take for themselves.
 * Any thread may draw on them. */
#ifndef QNI_CLI_MEMORY_H
#define QNI_CLI_MEMORY_H

#include "cli/out.h"

#include <quern/budget.h>

typedef enum qni_holder {
    QNI_HOLDER_COMMAND, /* what belongs to no other: the command line, settings, texts. The others are below it */
    QNI_HOLDER_TABLE,
    QNI_HOLDER_MODEL,
    QNI_HOLDER_FIT,
    QNI_HOLDER_PLOT,
    QNI_HOLDER_STREAM,
    QNI_HOLDER_COUNT
} qni_holder;

typedef struct qni_memory {
    qn_budget *budgets[QNI_HOLDER_COUNT];
} qni_memory;

/* Makes the budgets over `source` (borrowed; NULL: the system's memory). On failure there is nothing to end. Errors:
 * QN_NOMEM. */
QN_MUST_USE qn_status qni_memory_init(qni_memory *memory, const qn_allocator *source, qn_error *err);
void qni_memory_fini(qni_memory *memory);

/* The allocator that draws on the budget of `holder`; borrowed from `memory`. */
const qn_allocator *qni_memory_allocator(const qni_memory *memory, qni_holder holder);

/* Writes a table: each budget of the process that ever held something itself, what they hold together (whose peak is
 * less than the sum of the peaks where they were not reached at once), and the most that the process had in memory. */
void qni_memory_report(qni_out *out);

/* Bytes from "65536", "64K", "512M", "2G" or "1T" (powers of 1024, small letters too); -1: it is none of these. */
int64_t qni_memory_size(const char *text);

/* What is wrong with a --memory-limit; NULL: nothing. */
const char *qni_memory_limit_refuse(const char *text);

#endif
