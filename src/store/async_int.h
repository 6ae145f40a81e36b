/* store/async_int.h: submitted queries, between their submitters, those who run them, and the queues of completions.
 *
 *    async.c           what a pool has for it: submissions that wait, workers, the end
 *    async_queue.c     the callers' queues
 *    async_workers.c   an engine: a thread for each connection, one query at a time
 *    async_postgres.c  an engine: one thread, many queries under way on each of several connections
 *
 * The way of a submission, one block of memory throughout: made by qni_submission_new in a queue's memory, it waits in
 * its pool's list; a worker takes it (qni_async_take), runs it and hands it on (qni_async_finish) to its queue, where
 * the caller takes it and frees it. Whatever happens it goes that way to the end, exactly once. */
#ifndef QNI_STORE_ASYNC_INT_H
#define QNI_STORE_ASYNC_INT_H

#include "base/alloc.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/service.h"
#include "mem/refuse.h"
#include "mem/wait.h"
#include "store/store_int.h"

#include <quern/dbpool.h>

typedef struct qni_submission {
    struct qni_submission *next;
    qn_dbqueue *queue; /* kept alive until it has this back */
    int64_t size;      /* bytes of the block */
    const char *sql;   /* these three lie in the block */
    const qn_value *params;
    int64_t param_count;
    int tries; /* to begin it that failed for reasons that may pass */
    qn_db_completion
        done; /* good and empty from the start, but for its error, which counts for something where the status is
                              * not QN_OK; a worker fills it in */
} qni_submission;

/* Submissions in their order; all zero: none. */
typedef struct qni_submissions {
    qni_submission *first, *last;
    int64_t count;
} qni_submissions;

static inline void qni_submissions_add(qni_submissions *list, qni_submission *submission)
{
    submission->next = NULL;
    *(list->first != NULL ? &list->last->next : &list->first) = submission;
    list->last = submission;
    list->count++;
}

/* The first one, out of the list; NULL: none. */
static inline qni_submission *qni_submissions_take(qni_submissions *list)
{
    qni_submission *first = list->first;
    if (first != NULL) {
        list->first = first->next;
        list->count--;
        first->next = NULL;
    }
    return first;
}

/* Moves all of `from` behind `list`. */
static inline void qni_submissions_append(qni_submissions *list, qni_submissions *from)
{
    if (from->first == NULL)
        return;
    *(list->first != NULL ? &list->last->next : &list->first) = from->first;
    list->last = from->last;
    list->count += from->count;
    *from = (qni_submissions){0};
}

/* ---- queues ---- */

/* Copies a query into a block that counts in the queue from now on. Errors: QN_EXHAUSTED, QN_CLOSED, QN_LIMIT,
 * QN_NOMEM. */
qn_status qni_submission_new(qni_submission **out, qn_dbqueue *queue, const char *sql, const qn_value *params,
                             int64_t param_count, void *tag, qn_error *err);

/* Takes it back out of its queue, as if it never had been. */
void qni_submission_drop(qni_submission *submission);

/* Hands all of them to their queues. */
void qni_dbqueue_complete(qni_submissions *done);

/* ---- what a pool has ---- */

typedef struct qni_async qni_async;

/* A thread that runs submissions. */
typedef struct qni_async_worker {
    qni_async *async;
    qni_service *service;
    bool idle;                          /* guarded by async->lock, as the two below */
    struct qni_async_worker *next_idle; /* in async->idle */
    qn_db *runs_on; /* what a query of this worker runs on, so that it can be interrupted; NULL: nothing does */
} qni_async_worker;

/* How submissions are run. */
typedef struct qni_async_engine {
    bool one_thread; /* for all connections; else one for each */
    /* The body of each; `user` is its qni_async_worker. Returns soon after its service is told to stop; what it has
     * taken it has then finished. */
    void (*body)(void *user, qni_service *service);
    const char *refused; /* a first word of SQL that it cannot run, in capitals; NULL: none */
} qni_async_engine;

/* The body of the workers. */
void qni_async_work(void *user, qni_service *service);

extern const qni_async_engine qni_async_workers;
extern const qni_async_engine qni_async_postgres; /* the same as the workers in a build without libpq's header */

struct qni_async {
    qn_dbpool *pool;
    const qn_allocator *allocator;
    const qni_async_engine *engine;
    int64_t connection_count; /* at most */
    qni_lock lock;
    qni_submissions waiting; /* guarded by lock, as all down to closing */
    qni_async_worker *idle;  /* the one that became idle last first */
    qni_async_worker *workers;
    int64_t worker_count, worker_capacity;
    bool closing;
    _Atomic int64_t entered;    /* submitters inside: up under lock, down as their last step, acquired by the end */
    _Atomic int64_t unfinished; /* submissions that are here; released by who finishes one, acquired by who waits */
    qni_wait drained;           /* for unfinished to become 0 */
};

/* Makes a pool's part. Starts no thread: the first submission does. `postgres`: what the pool's URL names. Errors:
 * QN_NOMEM. */
qn_status qni_async_new(qni_async **out, qn_dbpool *pool, bool postgres, int64_t connection_count,
                        const qn_allocator *allocator, qn_error *err);

/* Nothing more is accepted; what no worker has taken is finished with QN_CLOSED; what is under way is waited for up to
 * timeout_ms (0: not at all, -1: as long as it takes), then interrupted and finished with QN_CLOSED. Afterwards no
 * worker has a connection of the pool. Any number of times. The pool's takes must fail when it is called. NULL is fine.
 */
void qni_async_stop(qni_async *async, int64_t timeout_ms);

/* Frees it, stopped. NULL is fine. */
void qni_async_free(qni_async *async);

/* In a worker: up to `most` of those that wait, the oldest ones; none: the worker counts as idle and is woken when
 * there are some. */
qni_submissions qni_async_take(qni_async_worker *worker, int64_t most);

/* Hands on what is done. */
void qni_async_finish(qni_async *async, qni_submissions *done);

/* Says on which connection the worker now waits for the database (NULL: on none), so that the end can interrupt it. */
void qni_async_runs_on(qni_async_worker *worker, qn_db *db);

/* Fills in what becomes of a submission that failed: `why` is copied, its code the status. */
void qni_submission_fail(qni_submission *submission, const qn_error *why);

#endif
