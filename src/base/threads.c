/* base/threads.c: a list of jobs, workers that sleep until one has tasks to claim, and callers that work along. The
 * only file that starts threads.
 *
 * Always: a job lives on its caller's stack and is in the list while it may have unclaimed tasks; a worker counts
 * itself into job->helpers before it touches the job and out afterwards, both under the lock; the caller leaves when
 * the job is out of the list and has no helpers. Tasks are claimed from an atomic counter; the lock orders everything
 * else. A thread that waits for helpers has claimed all it could, and a helper waits for nobody, since runs inside a
 * task are carried out inline: so there is no deadlock.
 *
 * State of the process: the default pool, and for each thread whether it is inside a task. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CPU_COUNT, pthread_setname_np */
#endif
#include "base/threads.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/number.h"

#include <assert.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct job {
    void (*fn)(void *user, int64_t task_index);
    void *user;
    int64_t task_count;
    int64_t claim;        /* tasks claimed at once */
    _Atomic int64_t next; /* the first unclaimed task; relaxed: a claim publishes nothing, see the lock */
    int helpers;          /* workers inside; guarded by the pool's lock */
    pthread_cond_t ended; /* helpers became 0 */
    struct job *older;    /* guarded by the pool's lock */
} job;

struct qn_threads {
    const qn_allocator *allocator;
    pid_t pid;          /* of the process that has the workers: a forked child has none */
    bool is_own;        /* made by qn_threads_default */
    int64_t wanted;     /* size of `workers` */
    int64_t count;      /* workers that run; constant once made */
    pthread_t *workers; /* (wanted) */
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job came, or the end */
    job *newest;         /* guarded by lock */
    bool closing;        /* guarded by lock */
};

/* Released when a pool is made or injected, acquired by its users, who then see the pool complete. */
static _Atomic(qn_threads *) default_pool;

/* True on a worker always, on a caller while it works along. */
static _Thread_local bool inside_task;

static void run_inline(int64_t task_count, void (*fn)(void *user, int64_t task_index), void *user)
{
    for (int64_t i = 0; i < task_count; i++)
        fn(user, i);
}

/* Claims tasks and carries them out until none is left. */
static void work_along(job *j)
{
    for (;;) {
        /* Relaxed: the counter alone decides who gets what. */
        int64_t first = atomic_fetch_add_explicit(&j->next, j->claim, memory_order_relaxed);
        if (first >= j->task_count)
            return;
        int64_t count = j->task_count - first < j->claim ? j->task_count - first : j->claim;
        for (int64_t i = 0; i < count; i++)
            j->fn(j->user, first + i);
    }
}

/* The newest job with unclaimed tasks, or NULL. Under the lock. */
static job *claimable_job(const qn_threads *pool)
{
    job *j = pool->newest;
    /* Relaxed: a stale answer costs one claim in vain. */
    while (j != NULL && atomic_load_explicit(&j->next, memory_order_relaxed) >= j->task_count)
        j = j->older;
    return j;
}

static void *worker_body(void *user)
{
    qn_threads *pool = user;
    inside_task = true;
    (void)pthread_setname_np(pthread_self(), "quern");
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        job *j = claimable_job(pool);
        if (j != NULL) {
            j->helpers++;
            (void)pthread_mutex_unlock(&pool->lock);
            work_along(j);
            (void)pthread_mutex_lock(&pool->lock);
            if (--j->helpers == 0)
                (void)pthread_cond_signal(&j->ended);
        } else if (pool->closing) {
            break;
        } else {
            (void)pthread_cond_wait(&pool->work, &pool->lock);
        }
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int64_t processor_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    int64_t online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online;
}

/* What QUERN_THREADS says, else the number of processors. */
static int64_t default_count(void)
{
    int64_t count = processor_count();
    if (count > QNI_THREADS_MAX)
        count = QNI_THREADS_MAX;
    const char *text = getenv("QUERN_THREADS");
    if (text == NULL || text[0] == '\0')
        return count;
    int64_t wanted;
    const char *end = text + strlen(text);
    if (qni_integer_parse(&wanted, text, end) == end && wanted >= 1 && wanted <= QNI_THREADS_MAX)
        return wanted;
    qni_log(QN_LOG_WARN, "threads", "QUERN_THREADS is \"%s\", which is not a number from 1 to %d; using %" PRId64, text,
            QNI_THREADS_MAX, count);
    return count;
}

/* Starts up to `wanted` workers, with every signal blocked: signals are for the threads of the host. */
static void start_workers(qn_threads *pool, qni_thread_start start)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int errno_ = 0;
    while (pool->count < pool->wanted && errno_ == 0) {
        errno_ = start(&pool->workers[pool->count], NULL, worker_body, pool);
        if (errno_ == 0)
            pool->count++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (errno_ != 0)
        qni_log(QN_LOG_WARN, "threads", "the system let %" PRId64 " of %" PRId64 " threads start (error %d)",
                pool->count + 1, pool->wanted + 1, errno_);
}

qn_status qni_threads_new_with(qn_threads **out, int64_t count, qni_thread_start start, const qn_allocator *allocator,
                               qn_error *err)
{
    assert(out && start);
    *out = NULL;
    if (count < 0 || count > QNI_THREADS_MAX)
        return qni_error(err, QN_INVALID, "a pool cannot have %" PRId64 " threads, only 1 to %d (or 0: chosen)", count,
                         QNI_THREADS_MAX);
    if (count == 0)
        count = default_count();
    qn_threads *pool = qni_new(allocator, qn_threads);
    if (pool == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a thread pool");
    pool->allocator = allocator;
    pool->pid = getpid();
    pool->wanted = count - 1;
    pool->workers = qni_alloc(allocator, pool->wanted, sizeof *pool->workers);
    if (pool->workers == NULL) {
        qni_delete(allocator, pool);
        return qni_error(err, QN_NOMEM, "no memory for a thread pool");
    }
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->work, NULL);
    start_workers(pool, start);
    *out = pool;
    return QN_OK;
}

qn_status qn_threads_new(qn_threads **out, int64_t count, const qn_allocator *allocator, qn_error *err)
{
    return qni_threads_new_with(out, count, pthread_create, allocator, err);
}

static bool has_workers(const qn_threads *pool)
{
    return pool->count > 0 && pool->pid == getpid();
}

int64_t qn_threads_count(const qn_threads *pool)
{
    return has_workers(pool) ? pool->count + 1 : 1;
}

/* Puts the job into the list and wakes as many workers as it has use for. */
static void announce(qn_threads *pool, job *j)
{
    (void)pthread_mutex_lock(&pool->lock);
    j->older = pool->newest;
    pool->newest = j;
    (void)pthread_mutex_unlock(&pool->lock);
    int64_t others = (j->task_count - 1) / j->claim;
    if (others >= pool->count)
        (void)pthread_cond_broadcast(&pool->work);
    else
        for (int64_t i = 0; i < others; i++)
            (void)pthread_cond_signal(&pool->work);
}

/* Takes the job out of the list and waits for the workers that are still inside. */
static void retire(qn_threads *pool, job *j)
{
    (void)pthread_mutex_lock(&pool->lock);
    job **link = &pool->newest;
    while (*link != j)
        link = &(*link)->older;
    *link = j->older;
    while (j->helpers > 0)
        (void)pthread_cond_wait(&j->ended, &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
}

static int64_t tasks_per_claim(int64_t task_count, int64_t thread_count)
{
    int64_t claim = task_count / (thread_count * QNI_THREADS_CLAIMS_PER_THREAD);
    return claim < 1 ? 1 : claim > QNI_THREADS_CLAIM_MAX ? QNI_THREADS_CLAIM_MAX : claim;
}

void qn_threads_run(qn_threads *pool, int64_t task_count, void (*fn)(void *user, int64_t task_index), void *user)
{
    assert(fn);
    bool alone = inside_task || task_count <= 1;
    if (!alone && pool == NULL)
        pool = qn_threads_default();
    if (alone || pool == NULL || !has_workers(pool)) {
        run_inline(task_count, fn, user);
        return;
    }
    job j = {.fn = fn, .user = user, .task_count = task_count, .claim = tasks_per_claim(task_count, pool->count + 1)};
    atomic_init(&j.next, 0);
    (void)pthread_cond_init(&j.ended, NULL);
    announce(pool, &j);
    inside_task = true;
    work_along(&j);
    inside_task = false;
    retire(pool, &j);
    (void)pthread_cond_destroy(&j.ended);
}

void qn_threads_free(qn_threads *pool)
{
    if (pool == NULL)
        return;
    if (pool->pid == getpid()) {
        (void)pthread_mutex_lock(&pool->lock);
        assert(pool->newest == NULL);
        pool->closing = true;
        (void)pthread_mutex_unlock(&pool->lock);
        (void)pthread_cond_broadcast(&pool->work);
        for (int64_t i = 0; i < pool->count; i++)
            (void)pthread_join(pool->workers[i], NULL);
        (void)pthread_cond_destroy(&pool->work);
        (void)pthread_mutex_destroy(&pool->lock);
    } /* else: the workers stayed in the parent, and so did whoever held the lock */
    qni_free(pool->allocator, pool->workers, pool->wanted, sizeof *pool->workers);
    qni_delete(pool->allocator, pool);
}

qn_threads *qn_threads_default(void)
{
    /* Acquire: pairs with the releases below. */
    qn_threads *pool = atomic_load_explicit(&default_pool, memory_order_acquire);
    if (pool != NULL)
        return pool;
    qn_error err;
    qn_threads *fresh;
    if (qn_threads_new(&fresh, 0, NULL, &err) != QN_OK || fresh == NULL) {
        qni_log(QN_LOG_WARN, "threads", "%s", err.message);
        return NULL;
    }
    fresh->is_own = true;
    /* Release: publishes the pool. Acquire on failure: another thread's pool is seen complete; ours was not needed. */
    if (atomic_compare_exchange_strong_explicit(&default_pool, &pool, fresh, memory_order_acq_rel,
                                                memory_order_acquire))
        return fresh;
    qn_threads_free(fresh);
    return pool;
}

void qn_threads_set_default(qn_threads *pool)
{
    /* Release: publishes the injected pool. Acquire: the one before may be freed here. */
    qn_threads *before = atomic_exchange_explicit(&default_pool, pool, memory_order_acq_rel);
    if (before != NULL && before != pool && before->is_own)
        qn_threads_free(before);
}
