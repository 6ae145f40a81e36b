/* quern/threads.h: work that is split over processors.
 *
 * Caveats first:
 *  - Tasks of one run may be carried out in any order, by any of the pool's threads and by the caller. A result must
 *    not depend on it.
 *  - A run that is started inside a task is carried out by that task's thread alone, in order: there is never a
 *    deadlock and never more threads than asked for.
 *  - A task returns; it does not longjmp or exit its thread.
 *  - After fork the child has no workers: in the child a run is carried out by the caller alone.
 *  - Quern starts no thread before something first runs on the default pool.
 */
#ifndef QUERN_THREADS_H
#define QUERN_THREADS_H

#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_threads qn_threads;

/* Makes a pool of `count` threads, the caller of a run being one of them (1: no thread is started). 0: as many as
 * QUERN_THREADS says, else as many as this process has processors. Where the system refuses to start some, there are
 * fewer, a warning is logged, and all works. Workers block every signal and sleep while there is nothing to do.
 * `allocator` borrowed, must outlive the pool; NULL: the default. Errors: QN_INVALID (negative, more than 1024),
 * QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_threads_new(qn_threads **out, int64_t count, const qn_allocator *allocator,
                                            qn_error *err);

/* How many threads take part in a run, the caller included: at least 1; 1 in a forked child. Any thread. */
QN_API int64_t qn_threads_count(const qn_threads *pool);

/* Calls fn(user, 0) ... fn(user, task_count - 1), each once, and returns when all have returned. What the caller wrote
 * before is seen by every task; what the tasks wrote is seen by the caller afterwards. No lock is held while a task
 * runs. Allocates nothing. `pool` NULL: the default one. Any number of threads may run on one pool at once. Some
 * microseconds wake the workers: a task should be worth that. */
QN_API void qn_threads_run(qn_threads *pool, int64_t task_count, void (*fn)(void *user, int64_t task_index),
                           void *user);

/* Ends and frees a pool on which nothing runs. NULL is fine. Not from inside a task. */
QN_API void qn_threads_free(qn_threads *pool);

/* The process's default pool: the injected one, else made by the first call with count 0 and never freed. NULL: no
 * memory for one (a run on NULL is then carried out by the caller alone). Any thread. */
QN_API qn_threads *qn_threads_default(void);

/* Makes `pool` the default (borrowed until another takes its place); NULL: none, so that the next use makes one. A
 * default that the library made itself is ended and freed. Not while anything runs on the default. */
QN_API void qn_threads_set_default(qn_threads *pool);

QN_END_DECLS
#endif
