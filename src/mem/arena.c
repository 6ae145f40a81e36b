/* mem/arena.c: chunks in a list, newest first; a mark is a count of bytes over all of them.
 *
 * Always: newest->base + newest->used == used; a chunk in the list is not empty; chunks that a rewind emptied wait in
 * `spare`, oldest first. The twin opens a chunk for every piece and gives it back on rewinding; all else is the same.
 * One thread. */
#include "mem/arena_int.h"

#include "base/alloc.h"
#include "mem/limits.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>

#if QNI_ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(bytes, size) __asan_poison_memory_region((bytes), (size_t)(size))
#define SHOW(bytes, size) __asan_unpoison_memory_region((bytes), (size_t)(size))
#else
#define HIDE(bytes, size) ((void)(bytes), (void)(size))
#define SHOW(bytes, size) ((void)(bytes), (void)(size))
#endif

typedef struct chunk {
    struct chunk *next; /* the next older one; in `spare` the next newer one */
    char *bytes;        /* (capacity) */
    int64_t capacity;   /* a multiple of QNI_ALIGN */
    int64_t used;
    int64_t base; /* the arena's `used` when this chunk was opened */
} chunk;

struct qn_arena {
    const qn_allocator *allocator;
    qni_arena_kind kind;
    int64_t chunk_size;
    chunk *newest;
    chunk *spare;
    int64_t used;     /* bytes handed out, each piece rounded up */
    int64_t reserved; /* bytes held, this record and the chunks' included */
};

qn_status qni_arena_new_kind(qn_arena **out, qni_arena_kind kind, const qn_allocator *allocator, int64_t chunk_size,
                             qn_error *err)
{
    assert(out);
    *out = NULL;
    int64_t rounded;
    if (chunk_size < 0 || !qni_size_round_up(&rounded, chunk_size == 0 ? QNI_ARENA_CHUNK_SIZE : chunk_size, QNI_ALIGN))
        return qni_error(err, QN_INVALID, "an arena cannot have chunks of %" PRId64 " bytes", chunk_size);
    qn_arena *arena = qni_new(allocator, qn_arena);
    if (arena == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *arena, "an arena");
    arena->allocator = allocator;
    arena->kind = kind;
    arena->chunk_size = rounded;
    arena->reserved = (int64_t)sizeof *arena;
    *out = arena;
    return QN_OK;
}

qn_status qn_arena_new(qn_arena **out, const qn_allocator *allocator, int64_t chunk_size, qn_error *err)
{
    return qni_arena_new_kind(out, QNI_ARENA_KIND, allocator, chunk_size, err);
}

static void chunk_free(qn_arena *arena, chunk *c)
{
    SHOW(c->bytes, c->capacity);
    arena->reserved -= c->capacity + (int64_t)sizeof *c;
    qni_free(arena->allocator, c->bytes, c->capacity, 1);
    qni_delete(arena->allocator, c);
}

/* A chunk from the allocator, or NULL. */
static chunk *chunk_new(qn_arena *arena, int64_t capacity)
{
    chunk *c = qni_new(arena->allocator, chunk);
    if (c == NULL)
        return NULL;
    c->bytes = qni_alloc(arena->allocator, capacity, 1);
    if (c->bytes == NULL) {
        qni_delete(arena->allocator, c);
        return NULL;
    }
    c->capacity = capacity;
    arena->reserved += capacity + (int64_t)sizeof *c;
    return c;
}

/* Takes the first spare chunk with room for `need` bytes out of the list: the one that held them before, where the same
 * pieces are taken again. NULL: none. */
static chunk *take_spare(qn_arena *arena, int64_t need)
{
    for (chunk **link = &arena->spare; *link != NULL; link = &(*link)->next) {
        chunk *c = *link;
        if (c->capacity >= need) {
            *link = c->next;
            return c;
        }
    }
    return NULL;
}

/* Puts a chunk with room for `need` bytes in front. */
static bool open_chunk(qn_arena *arena, int64_t need)
{
    chunk *c = take_spare(arena, need);
    if (c == NULL) {
        bool own = arena->kind == QNI_ARENA_TWIN || need > arena->chunk_size;
        c = chunk_new(arena, own ? need : arena->chunk_size);
        if (c == NULL)
            return false;
    }
    c->used = 0;
    c->base = arena->used;
    c->next = arena->newest;
    arena->newest = c;
    return true;
}

qn_status qn_arena_take(void **out, qn_arena *arena, int64_t size, qn_error *err)
{
    assert(out && arena);
    *out = NULL;
    int64_t need, total;
    if (size < 0)
        return qni_error(err, QN_INVALID, "an arena cannot hand out %" PRId64 " bytes", size);
    if (!qni_size_round_up(&need, size == 0 ? 1 : size, QNI_ALIGN) || !qni_size_add(&total, arena->used, need))
        return qni_refused(err, arena->allocator, size, "%" PRId64 " bytes", size);
    chunk *c = arena->newest;
    if (arena->kind == QNI_ARENA_TWIN || c == NULL || need > c->capacity - c->used) {
        if (!open_chunk(arena, need))
            return qni_refused(err, arena->allocator, size, "%" PRId64 " bytes", size);
        c = arena->newest;
    }
    char *piece = c->bytes + c->used;
    c->used += need;
    arena->used = total;
    if (arena->kind == QNI_ARENA_TWIN)
        HIDE(piece + size, need - size); /* the rest of the last 64 bytes */
    assert((uintptr_t)piece % QNI_ALIGN == 0);
    *out = piece;
    return QN_OK;
}

qn_arena_mark qn_arena_mark_now(const qn_arena *arena)
{
    return (qn_arena_mark){.used = arena->used};
}

void qn_arena_rewind(qn_arena *arena, qn_arena_mark mark)
{
    assert(mark.used >= 0 && mark.used <= arena->used && mark.used % QNI_ALIGN == 0);
    if (mark.used < 0 || mark.used > arena->used)
        return;
    while (arena->newest != NULL && arena->newest->base >= mark.used) {
        chunk *c = arena->newest;
        arena->newest = c->next;
        if (arena->kind == QNI_ARENA_TWIN) {
            chunk_free(arena, c);
        } else {
            c->next = arena->spare;
            arena->spare = c;
        }
    }
    if (arena->newest != NULL)
        arena->newest->used = mark.used - arena->newest->base;
    arena->used = mark.used;
}

int64_t qn_arena_used(const qn_arena *arena)
{
    return arena->used;
}

int64_t qn_arena_reserved(const qn_arena *arena)
{
    return arena->reserved;
}

static void free_list(qn_arena *arena, chunk *c)
{
    while (c != NULL) {
        chunk *next = c->next;
        chunk_free(arena, c);
        c = next;
    }
}

void qn_arena_free(qn_arena *arena)
{
    if (arena == NULL)
        return;
    free_list(arena, arena->newest);
    free_list(arena, arena->spare);
    assert(arena->reserved == (int64_t)sizeof *arena);
    qni_delete(arena->allocator, arena);
}
