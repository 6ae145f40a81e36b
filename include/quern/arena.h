/* quern/arena.h: memory that is given back all at once.
 *
 * Caveats first:
 *  - An arena belongs to one thread at a time; it takes no lock.
 *  - What it hands out is valid until the arena is rewound past it or freed. Nothing is ever freed singly.
 *  - Memory is not cleared, and is aligned to 64 bytes.
 *  - Built under the address sanitizer (or with QUERN_ARENA_TWIN), every piece is an allocation of its own, so that the
 *    sanitizer sees its bounds and its end. Nothing else changes.
 */
#ifndef QUERN_ARENA_H
#define QUERN_ARENA_H

#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_arena qn_arena;

/* A point to which an arena can be rewound. Valid while nothing older has been rewound. */
typedef struct qn_arena_mark {
    int64_t used; /* bytes */
} qn_arena_mark;

/* Makes an arena that draws on `allocator` (borrowed, must outlive the arena; NULL: the default) in chunks of
 * `chunk_size` bytes (0: 64 KiB). Reserves no chunk yet. Errors: QN_NOMEM, QN_BUDGET, QN_INVALID (negative size). */
QN_API QN_MUST_USE qn_status qn_arena_new(qn_arena **out, const qn_allocator *allocator, int64_t chunk_size,
                                          qn_error *err);

/* Hands out `size` bytes (0 gives a unique address as well). O(1) but for the request that opens a new chunk.
 * Errors: QN_NOMEM, QN_BUDGET (says who holds the rest), QN_INVALID (negative size). */
QN_API QN_MUST_USE qn_status qn_arena_take(void **out, qn_arena *arena, int64_t size, qn_error *err);

/* The point that the arena has reached. */
QN_API qn_arena_mark qn_arena_mark_now(const qn_arena *arena);

/* Takes back everything that was handed out after `mark`. Chunks are kept for reuse. */
QN_API void qn_arena_rewind(qn_arena *arena, qn_arena_mark mark);

/* Bytes handed out now (rounded up to the alignment), and bytes held from the allocator. */
QN_API int64_t qn_arena_used(const qn_arena *arena);
QN_API int64_t qn_arena_reserved(const qn_arena *arena);

/* Frees the arena and all that it handed out. NULL is fine. */
QN_API void qn_arena_free(qn_arena *arena);

QN_END_DECLS
#endif
