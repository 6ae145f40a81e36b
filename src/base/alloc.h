/* base/alloc.h: checked sizes, and the ways in which the library asks an allocator for memory.
 *
 * Sizes are multiplied and added only here. An allocator pointer may be NULL everywhere: the default. */
#ifndef QNI_BASE_ALLOC_H
#define QNI_BASE_ALLOC_H

#include <quern/base.h>

#include <stddef.h>

#define QNI_ALIGN 64 /* bytes; what an allocator promises, a cache line and an AVX-512 vector */

/* *out = a * b, a + b, a rounded up to a multiple of `to` (a power of two); false where it does not fit or an argument
 * is negative. */
static inline bool qni_size_mul(int64_t *out, int64_t a, int64_t b)
{
    return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, out);
}
static inline bool qni_size_add(int64_t *out, int64_t a, int64_t b)
{
    return a >= 0 && b >= 0 && !__builtin_add_overflow(a, b, out);
}
static inline bool qni_size_round_up(int64_t *out, int64_t a, int64_t to)
{
    if (!qni_size_add(out, a, to - 1))
        return false;
    *out &= ~(to - 1);
    return true;
}

/* The system's memory, by the default allocator's contract, counted nowhere: for budgets, which count themselves. */
const qn_allocator *qni_allocator_system(void);

/* Bytes held through the default allocator, now and at most. Any thread. */
void qni_allocator_default_held(int64_t *live, int64_t *peak);

/* `count` elements of `element_size` bytes, uncleared (zeroed: cleared). NULL: no memory, or the size does not fit.
 * count 0 gives a block of one element. */
void *qni_alloc(const qn_allocator *allocator, int64_t count, int64_t element_size);
void *qni_alloc_zeroed(const qn_allocator *allocator, int64_t count, int64_t element_size);

/* Frees what qni_alloc gave with the same count and element_size. NULL is fine. */
void qni_free(const qn_allocator *allocator, void *block, int64_t count, int64_t element_size);

/* Makes room for at least `needed` elements in a growing array: at least doubles. On failure false, the array is
 * unchanged. */
bool qni_grow(const qn_allocator *allocator, void **array, int64_t *capacity, int64_t needed, int64_t element_size);

/* A zero-terminated copy of `size` bytes (-1: up to the zero); free with qni_free(a, s, strlen(s) + 1, 1). */
char *qni_copy_string(const qn_allocator *allocator, const char *text, int64_t size);

#define qni_new(allocator, type)       ((type *)qni_alloc_zeroed((allocator), 1, (int64_t)sizeof(type)))
#define qni_delete(allocator, pointer) qni_free((allocator), (pointer), 1, (int64_t)sizeof(*(pointer)))

#endif
