/* quern/workspace.h: memory for vectors, matrices and batches that are wanted again and again.
 *
 * What is given back stays, and is handed out again to whoever asks for about as much: solvers, loops over many fits,
 * threads that take turns. A shape and an element type say how many bytes are wanted; a size class is what is handed
 * out: a multiple of 64 bytes up to 512, from there on eight sizes to every doubling, so that at most an eighth more is
 * taken than was asked (and what the pool adds, a line of 64 bytes from 4 KiB on). Every class has its own pool
 * (quern/pool.h), made when it is first needed.
 *
 * Caveats first:
 *  - Memory is not cleared, and is aligned to 64 bytes.
 *  - A block is given back with the type and shape that it was taken with, by any thread, and once. A shape of which no
 *    block was ever taken is logged as an error and refused. Nothing else is noticed, unless the library was built with
 *    its assertions: then the pools are checked, and refuse and log a block of another class or one given twice.
 *  - What lies idle is held until it is trimmed: by qn_workspace_trim or _clear, because it is over options.idle_limit,
 *    or because a request anywhere does not fit into the budget that the workspace draws on. Always the shapes that
 *    have not been taken for longest go first.
 *  - A thread keeps up to 256 KiB of a class at hand, which count as idle, but no blocks of 64 KiB and more.
 *  - Every function may be called by any threads at once, but for qn_workspace_free and qn_workspace_set_default.
 */
#ifndef QUERN_WORKSPACE_H
#define QUERN_WORKSPACE_H

#include <quern/array.h>
#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_workspace qn_workspace;

/* How a workspace is made. 0 is the default of every field. */
typedef struct qn_workspace_options {
    int64_t size;       /* of this struct, for later versions */
    int64_t idle_limit; /* bytes that may lie idle beyond what is planned; looked at when more memory is needed and when
                           a block of 64 KiB or more is given back. 0: any number; negative: none */
} qn_workspace_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. */
QN_API void qn_workspace_options_init(qn_workspace_options *out, int64_t size);

/* Makes a workspace that draws on `allocator`: a budget's, and it gives back under that budget's pressure. Reserves
 * nothing yet. Errors: QN_NOMEM, QN_BUDGET, QN_INVALID (options of a newer version). */
QN_API QN_MUST_USE qn_status qn_workspace_new(qn_workspace **out, const qn_workspace_options *options,
                                              const qn_allocator *allocator, qn_error *err);

/* Says that `count` blocks of `shape` (ndim; elements along each axis) will be live at once, beside all that was
 * planned before; negative: takes that back. Plans add up: those of a class that others use as well. Reserves nothing,
 * but idle_limit leaves alone what is planned. *bytes (may be NULL): those planned in all, as blocks of their classes.
 * Errors: QN_INVALID (shape or type; more is taken back than was planned), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_workspace_plan(int64_t *bytes, qn_workspace *workspace, qn_dtype dtype, int32_t ndim,
                                               const int64_t *shape, int64_t count, qn_error *err);

/* Reserves now what was planned and is not held yet, so that it can be taken without asking for memory. On failure what
 * could be had stays, idle. Errors: QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_workspace_reserve(qn_workspace *workspace, qn_error *err);

/* Hands out memory for `shape` (ndim, in any order) elements of `dtype`; no axis: one element; an axis of 0 elements
 * gives an address of its own as well. Before it fails, everything idle is given back. Errors: QN_INVALID
 * (shape or type), QN_NOMEM, QN_BUDGET (names who holds the rest). */
QN_API QN_MUST_USE qn_status qn_workspace_take(void **out, qn_workspace *workspace, qn_dtype dtype, int32_t ndim,
                                               const int64_t *shape, qn_error *err);

/* Takes a block back, with the type and shape (ndim) that it was taken with. NULL is fine. */
QN_API void qn_workspace_give(qn_workspace *workspace, void *block, qn_dtype dtype, int32_t ndim, const int64_t *shape);

/* A row-major array of `shape` (ndim) in memory of the workspace, not cleared; it goes back when the last view of it
 * has ended. Errors as of qn_workspace_take. */
QN_API QN_MUST_USE qn_status qn_workspace_take_array(qn_array *out, qn_workspace *workspace, qn_dtype dtype,
                                                     int32_t ndim, const int64_t *shape, qn_error *err);

/* An allocator that takes from and gives to the workspace by bytes: what is made with it (arrays, arenas, another
 * library's buffers of known size) uses the same blocks. Borrowed from the workspace, which must outlive all that. */
QN_API const qn_allocator *qn_workspace_allocator(const qn_workspace *workspace);

/* Gives idle memory back until at most `keep_idle` bytes are left idle, shapes that have not been taken for longest
 * first, planned or not. A pool gives back only what it got in one piece (about 64 KiB of small blocks, one large one),
 * so that somewhat more may stay. Returns the bytes given back. */
QN_API int64_t qn_workspace_trim(qn_workspace *workspace, int64_t keep_idle);

/* Gives back all that is idle and forgets all plans. What is live stays so. */
QN_API void qn_workspace_clear(qn_workspace *workspace);

/* Of one class, or of all. Read one by one: while others take and give they need not fit together. */
typedef struct qn_workspace_stats {
    int64_t size;        /* of this struct: set it before the call; what an older caller does not know is not written */
    int64_t block_size;  /* bytes of a block of this class; 0: all classes */
    int64_t takes;       /* since the workspace was made */
    int64_t hits;        /* of these, served by memory that was held: hits / takes is the hit rate */
    int64_t live;        /* blocks handed out now */
    int64_t live_bytes;  /* of those blocks */
    int64_t asked_bytes; /* of those blocks, as their shapes say: live_bytes less this is what rounding costs */
    int64_t idle_bytes;  /* of blocks that wait to be taken */
    int64_t planned_bytes; /* of blocks that are planned, held or not */
    int64_t held_bytes;    /* drawn from the allocator; all classes: with the workspace's own records */
    int64_t trimmed_bytes; /* given back to the allocator, since the workspace was made */
} qn_workspace_stats;

/* The numbers of all classes together. */
QN_API void qn_workspace_get_stats(qn_workspace *workspace, qn_workspace_stats *out);

/* Calls fn for every class that has been used or planned, small blocks first. */
QN_API void qn_workspace_each_class(qn_workspace *workspace, void (*fn)(void *user, const qn_workspace_stats *stats),
                                    void *user);

/* Frees a workspace to which all has been given back. NULL is fine. */
QN_API void qn_workspace_free(qn_workspace *workspace);

/* The process's default workspace: the one that was set, else made by the first call, on a budget "workspaces" of the
 * process (256 MiB may lie idle). Nothing in Quern uses it unasked. qn_workspace_clear empties it. It is the library's
 * and lives until another takes its place; NULL: no memory. */
QN_API qn_workspace *qn_workspace_default(void);

/* Makes `workspace` the default (borrowed until another takes its place); NULL: none, so that the next use makes one. A
 * default that the library made itself is freed: not while anything of it is live. */
QN_API void qn_workspace_set_default(qn_workspace *workspace);

QN_END_DECLS
#endif
