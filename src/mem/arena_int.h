/* mem/arena_int.h: the choice between an arena and its debug twin, for the tests of both. */
#ifndef QNI_MEM_ARENA_INT_H
#define QNI_MEM_ARENA_INT_H

#include <quern/arena.h>

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define QNI_ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QNI_ARENA_ASAN 1
#endif
#endif
#ifndef QNI_ARENA_ASAN
#define QNI_ARENA_ASAN 0
#endif

typedef enum qni_arena_kind {
    QNI_ARENA_CHUNKED, /* many pieces a chunk */
    QNI_ARENA_TWIN,    /* every piece a chunk of its own, given back on rewinding */
} qni_arena_kind;

#if QNI_ARENA_ASAN || defined(QUERN_ARENA_TWIN)
#define QNI_ARENA_KIND QNI_ARENA_TWIN
#else
#define QNI_ARENA_KIND QNI_ARENA_CHUNKED
#endif

/* qn_arena_new makes the kind that fits the build; this makes either. */
QN_MUST_USE qn_status qni_arena_new_kind(qn_arena **out, qni_arena_kind kind, const qn_allocator *allocator,
                                         int64_t chunk_size, qn_error *err);

#endif
