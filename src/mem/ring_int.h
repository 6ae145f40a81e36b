/* mem/ring_int.h: what the rings share inside: their options, their items, their statistics. */
#ifndef QNI_MEM_RING_INT_H
#define QNI_MEM_RING_INT_H

#include <quern/ring.h>

#include <stdbool.h>
#include <string.h>

/* Where a ring's items lie. Set once. */
typedef struct qni_ring_items {
    char *bytes;       /* (capacity) of item_size */
    int64_t capacity;  /* items */
    int64_t item_size; /* bytes */
    const qn_allocator *allocator;
} qni_ring_items;

/* Checks what a ring is to be made of: *options is filled. `name` is for the message ("an SPSC ring"); `drops`: the
 * ring can drop the oldest. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_ring_options_check(qn_ring_options *options, const qn_ring_options *given, const char *name,
                                             bool drops, qn_error *err);

/* Room for the items. Errors: QN_INVALID (a capacity or item size below 1), QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_ring_items_init(qni_ring_items *items, int64_t capacity, int64_t item_size,
                                          const qn_allocator *allocator, const char *name, qn_error *err);
void qni_ring_items_fini(qni_ring_items *items);

/* A sequence's slot. The division only where the capacity is no power of two. */
static inline int64_t qni_ring_slot(const qni_ring_items *items, int64_t sequence)
{
    int64_t mask = items->capacity - 1;
    return (items->capacity & mask) == 0 ? sequence & mask : sequence % items->capacity;
}

/* Empties `out` and returns `status`. */
static inline qn_status qni_ring_nothing(qn_ring_span *out, qn_status status)
{
    *out = (qn_ring_span){.items = NULL};
    return status;
}

static inline qn_ring_span qni_ring_span_of(const qni_ring_items *items, int64_t slot, int64_t count, int64_t sequence)
{
    return (qn_ring_span){.items = items->bytes + slot * items->item_size, .count = count, .sequence = sequence};
}

/* Copies items that do not overlap. A word is frequent, and quicker so than by a call. */
static inline void qni_ring_copy(void *to, const void *from, int64_t count, int64_t item_size)
{
    int64_t size = count * item_size;
    if (size == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, (size_t)size);
}

static inline int64_t qni_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
