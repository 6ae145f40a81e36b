/* cli/memory.h: who holds how many bytes: allocators that count, one a holder, over the process's own (--memory).
 *
 * What is counted are the bytes asked for through a qn_allocator, not what other libraries (cairo) take for
 * themselves. Counting is atomic; any thread. */
#ifndef QNI_CLI_MEMORY_H
#define QNI_CLI_MEMORY_H

#include "cli/out.h"

#include <quern/base.h>

#include <stdatomic.h>

typedef enum qni_holder {
    QNI_HOLDER_COMMAND, /* what belongs to no other: settings, texts */
    QNI_HOLDER_TABLE,
    QNI_HOLDER_MODEL,
    QNI_HOLDER_FIT,
    QNI_HOLDER_PLOT,
    QNI_HOLDER_COUNT
} qni_holder;

/* Bytes. Relaxed: they carry nothing but themselves. */
typedef struct qni_gauge {
    _Atomic int64_t live, peak;
} qni_gauge;

typedef struct qni_memory qni_memory;

typedef struct qni_account {
    qn_allocator allocator; /* its user is this account */
    qni_memory *memory;
    qni_gauge gauge;
} qni_account;

struct qni_memory {
    const qn_allocator *source;
    qni_account accounts[QNI_HOLDER_COUNT];
    qni_gauge total;
};

/* Begins to count over `source` (borrowed; NULL: the default). Its address must not change. */
void qni_memory_init(qni_memory *memory, const qn_allocator *source);

/* The allocator that counts for `holder`; borrowed from `memory`. */
const qn_allocator *qni_memory_allocator(const qni_memory *memory, qni_holder holder);

/* Writes a table: each holder that ever held something, their sum (whose peak is less than the sum of the peaks where
 * they were not reached at once), and the most that the process had in memory. */
void qni_memory_report(const qni_memory *memory, qni_out *out);

#endif
