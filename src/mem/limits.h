/* mem/limits.h: sizes of this folder, each with its reason. */
#ifndef QNI_MEM_LIMITS_H
#define QNI_MEM_LIMITS_H

/* An arena's chunk, in bytes, where the caller names none: a compiled formula fits into one; sixteen pages are cheap to
 * hold. */
#define QNI_ARENA_CHUNK_SIZE (INT64_C(64) << 10)

/* Threads for which an object that keeps something a thread first makes room: more than most processes start. */
#define QNI_LOCALS_FIRST 16

#endif
