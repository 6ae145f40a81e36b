/* mem/pages.h: blocks mapped from the system on their own, in huge pages or resident at once where that is asked for.
 *
 * Where the system has no huge pages, ordinary ones serve. A block is given back with the size and the kind it was
 * mapped with. Any thread. */
#ifndef QNI_MEM_PAGES_H
#define QNI_MEM_PAGES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct qni_pages_kind {
    bool huge;     /* ask for huge pages: the block begins on one */
    bool prefault; /* make it resident at once */
} qni_pages_kind;

/* What a block of `size` bytes takes: whole pages. -1: more than there can be. */
int64_t qni_pages_size(int64_t size);

/* A block of `size` bytes, all zero; NULL: the system has none. */
void *qni_pages_map(int64_t size, qni_pages_kind kind);

/* The block with `new_size` bytes, elsewhere perhaps; its pages move, they are not copied. NULL: unchanged. */
void *qni_pages_remap(void *block, int64_t old_size, int64_t new_size, qni_pages_kind kind);

void qni_pages_unmap(void *block, int64_t size);

#endif
