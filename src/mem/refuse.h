/* mem/refuse.h: the error of a request for memory that was not granted. */
#ifndef QNI_MEM_REFUSE_H
#define QNI_MEM_REFUSE_H

#include "base/error.h"

/* QN_BUDGET with what was asked, what is left and who holds the rest, where `allocator` draws on a budget that has no
 * room, or had none when it just refused this thread; else QN_NOMEM. `size` (bytes; 0: not known) counts where it did
 * not come to asking, for the size does not fit into an integer. The sentence begins with "no memory for " and the
 * format: `return qni_refused(err, allocator, size, "a pool of %" PRId64 " objects", n);` */
#define qni_refused(err, allocator, size, ...) \
    qni_failed(qni_refused_set((err), (allocator), (size), __FILE__, __LINE__, __VA_ARGS__))

qn_status qni_refused_set(qn_error *err, const qn_allocator *allocator, int64_t size, const char *source_file,
                          int source_line, const char *format, ...) QN_PRINTF(6, 7);

#endif
