/* array/counted_int.h: an allocator that counts the bytes it holds, for one object whose parts are made by functions
 * that say nothing of their memory.
 *
 * It lives as long as its maker or any block of it, so that what was made with it may outlive the object (a view of an
 * array). Any thread. */
#ifndef QNI_ARRAY_COUNTED_INT_H
#define QNI_ARRAY_COUNTED_INT_H

#include <quern/base.h>

#include <stdatomic.h>

typedef struct qni_counted {
    qn_allocator allocator;         /* what parts are made with */
    const qn_allocator *source;     /* where the memory comes from */
    atomic_int_fast64_t bytes;      /* held, this struct included. Relaxed: a sum */
    atomic_int_fast64_t user_count; /* its maker and its blocks; the release of the last pairs with an acquire */
} qni_counted;

qni_counted *qni_counted_new(const qn_allocator *source); /* NULL: no memory */
int64_t qni_counted_bytes(const qni_counted *c);
void qni_counted_end(qni_counted *c); /* its maker needs it no more */

#endif
