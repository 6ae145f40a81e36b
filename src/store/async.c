/* store/async.c: what a pool has for submitted queries: those that wait, the threads that run them, and the end.
 *
 * Always: a submission is in `waiting`, or with one worker, or handed on; `unfinished` counts the first two. A worker
 * becomes idle under the lock under which it found nothing, and who brings something wakes one that is idle: so no
 * submission waits while a worker sleeps. No lock is held while anybody talks to a database. */
#include "store/async_int.h"

#include "base/clock.h"
#include "store/front_int.h"
#include "store/limits.h"
#include "store/pool_int.h"

#include <string.h>

qn_status qni_async_new(qni_async **out, qn_dbpool *pool, bool postgres, int64_t connection_count,
                        const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qni_async *async = qni_new(allocator, qni_async);
    if (async == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *async, "a pool's submitted queries");
    async->pool = pool;
    async->allocator = allocator;
    async->engine = postgres ? &qni_async_postgres : &qni_async_workers;
    async->connection_count = connection_count;
    async->worker_capacity = async->engine->one_thread ? 1 : connection_count;
    async->workers = qni_alloc_zeroed(allocator, async->worker_capacity, sizeof *async->workers);
    if (async->workers == NULL) {
        qni_delete(allocator, async);
        return qni_refused(err, allocator, 0, "a pool's submitted queries");
    }
    qni_wait_init(&async->drained, QN_RING_PARK);
    *out = async;
    return QN_OK;
}

/* ---- the workers' side ---- */

static void become_idle(qni_async_worker *worker)
{
    if (worker->idle)
        return;
    worker->idle = true;
    worker->next_idle = worker->async->idle;
    worker->async->idle = worker;
}

/* The worker that became idle last, which is no longer. */
static qni_async_worker *take_idle(qni_async *async)
{
    qni_async_worker *worker = async->idle;
    if (worker != NULL) {
        async->idle = worker->next_idle;
        worker->idle = false;
    }
    return worker;
}

qni_submissions qni_async_take(qni_async_worker *worker, int64_t most)
{
    qni_async *async = worker->async;
    qni_submissions taken = {0};
    qni_lock_take(&async->lock, NULL);
    while (taken.count < most && async->waiting.first != NULL)
        qni_submissions_add(&taken, qni_submissions_take(&async->waiting));
    if (taken.count == 0)
        become_idle(worker);
    qni_lock_give(&async->lock);
    return taken;
}

static bool is_drained(void *user)
{
    qni_async *async = user;
    return atomic_load_explicit(&async->unfinished, memory_order_acquire) == 0;
}

void qni_async_finish(qni_async *async, qni_submissions *done)
{
    int64_t count = done->count;
    if (count == 0)
        return;
    qni_dbqueue_complete(done);
    /* Release: who waits for the end sees what was done. */
    if (atomic_fetch_sub_explicit(&async->unfinished, count, memory_order_release) == count)
        qni_wait_notify(&async->drained);
}

void qni_async_runs_on(qni_async_worker *worker, qn_db *db)
{
    qni_lock_take(&worker->async->lock, NULL);
    worker->runs_on = db;
    qni_lock_give(&worker->async->lock);
}

/* ---- the submitters' side ---- */

/* Starts the threads, the first time. Under the lock. Fewer than wanted will do. */
static qn_status start_workers(qni_async *async, qn_error *err)
{
    qn_status s = QN_OK;
    if (async->worker_count > 0)
        return QN_OK;
    while (s == QN_OK && async->worker_count < async->worker_capacity) {
        qni_async_worker *worker = &async->workers[async->worker_count];
        worker->async = async;
        s = qni_service_new(&worker->service, "quern-db", async->engine->body, worker, async->allocator, err);
        async->worker_count += s == QN_OK;
    }
    return async->worker_count > 0 ? QN_OK : s;
}

/* Puts a submission where a worker finds it. */
static qn_status put(qni_async *async, qni_submission *submission, qn_error *err)
{
    qni_async_worker *worker = NULL;
    qn_status s = QN_OK;
    qni_lock_take(&async->lock, NULL);
    /* Relaxed: the lock orders it. */
    atomic_fetch_add_explicit(&async->entered, 1, memory_order_relaxed);
    if (async->closing)
        s = qni_error(err, QN_CLOSED, "the pool %s is closed", qn_dbpool_name(async->pool));
    else
        s = start_workers(async, err);
    if (s == QN_OK) {
        /* Relaxed: the lock orders it. */
        atomic_fetch_add_explicit(&async->unfinished, 1, memory_order_relaxed);
        qni_submissions_add(&async->waiting, submission);
        worker = take_idle(async);
    }
    qni_lock_give(&async->lock);
    if (worker != NULL)
        qni_service_wake(worker->service);
    /* The submission, and the pool, may be gone. Release: all that was done here comes before their end. */
    atomic_fetch_sub_explicit(&async->entered, 1, memory_order_release);
    return s;
}

/* Behind a comment; text that does not begin one is returned as it is. */
static const char *skip_comment(const char *p, bool nested)
{
    if (p[0] == '-' && p[1] == '-')
        return p + strcspn(p, "\n\r");
    if (p[0] != '/' || p[1] != '*')
        return p;
    p += 2;
    for (int64_t depth = 1; depth > 0 && *p != '\0'; p++) {
        bool end = p[0] == '*' && p[1] == '/', begin = nested && p[0] == '/' && p[1] == '*';
        depth += begin - end;
        p += begin || end;
    }
    return p;
}

/* Whether the first word of a text is the one given, in capitals. `nested`: as a database reads it that knows comments
 * inside comments. */
static bool has_first_word(const char *sql, const char *word, bool nested)
{
    const char *before;
    do {
        before = sql;
        sql = skip_comment(sql + strspn(sql, " \t\n\r\f\v;"), nested);
    } while (sql != before);
    while (*word != '\0' && (*sql & ~0x20) == *word)
        sql++, word++;
    bool more =
        (*sql >= 'a' && *sql <= 'z') || (*sql >= 'A' && *sql <= 'Z') || (*sql >= '0' && *sql <= '9') || *sql == '_';
    return *word == '\0' && !more;
}

/* As any database reads it. */
static bool begins_with(const char *sql, const char *word)
{
    return has_first_word(sql, word, true) || has_first_word(sql, word, false);
}

/* What cannot be submitted, for it would hold for other queries as well. */
static qn_status refuse_sql(const qni_async_engine *engine, const char *sql, qn_error *err)
{
    static const char *const words[] = {"BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK", "SAVEPOINT", "RELEASE"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (begins_with(sql, words[i]))
            return qni_error(err, QN_INVALID,
                             "%s: what is submitted is a transaction of its own; for a longer one take a connection",
                             words[i]);
    if (engine->refused != NULL && begins_with(sql, engine->refused))
        return qni_error(err, QN_INVALID, "%s cannot be submitted: take a connection for it", engine->refused);
    return QN_OK;
}

qn_status qn_dbpool_submit(qn_dbpool *pool, qn_dbqueue *queue, const char *sql, const qn_value *params,
                           int64_t param_count, void *tag, qn_error *err)
{
    qni_submission *submission;
    assert(pool && queue && sql);
    if (pool == NULL || queue == NULL || sql == NULL)
        return qni_error(err, QN_INVALID, "a query is submitted to a pool, for a queue, as a text");
    qni_async *async = pool->async;
    qn_status s = qni_db_check_params(params, param_count, err);
    if (s == QN_OK)
        s = refuse_sql(async->engine, sql, err);
    if (s == QN_OK)
        s = qni_submission_new(&submission, queue, sql, params, param_count, tag, err);
    if (s != QN_OK)
        return s;
    s = put(async, submission, err);
    if (s != QN_OK)
        qni_submission_drop(submission);
    return s;
}

/* ---- the end ---- */

static void finish_closed(qni_async *async, qni_submissions *list)
{
    qn_error why;
    (void)qni_error(&why, QN_CLOSED, "the pool %s was closed before this query was begun", qn_dbpool_name(async->pool));
    for (qni_submission *s = list->first; s != NULL; s = s->next)
        qni_submission_fail(s, &why);
    qni_async_finish(async, list);
}

static int64_t ns_of(int64_t ms)
{
    int64_t ns;
    return ms < 0 ? -1 : __builtin_mul_overflow(ms, INT64_C(1000000), &ns) ? INT64_MAX : ns;
}

static void interrupt_workers(qni_async *async)
{
    qni_lock_take(&async->lock, NULL);
    for (int64_t i = 0; i < async->worker_count; i++)
        if (async->workers[i].runs_on != NULL)
            qn_db_interrupt(async->workers[i].runs_on);
    qni_lock_give(&async->lock);
}

static qni_submissions take_waiting(qni_async *async)
{
    qni_lock_take(&async->lock, NULL);
    async->closing = true;
    qni_submissions waiting = async->waiting;
    async->waiting = (qni_submissions){0};
    qni_lock_give(&async->lock);
    return waiting;
}

void qni_async_stop(qni_async *async, int64_t timeout_ms)
{
    if (async == NULL)
        return;
    qni_submissions waiting = take_waiting(async);
    finish_closed(async, &waiting);
    (void)qni_wait_until(&async->drained, is_drained, async, qni_wait_deadline_ns(ns_of(timeout_ms)));
    for (int64_t i = 0; i < async->worker_count; i++)
        qni_service_stop(async->workers[i].service);
    /* Again and again: one that was just about to begin a query does not see the first. */
    do {
        if (!is_drained(async))
            interrupt_workers(async);
    } while (!qni_wait_until(&async->drained, is_drained, async, qni_wait_deadline_ns(QNI_ASYNC_INTERRUPT_NS)));
    /* Acquire: who is about to wake a worker does so before that ends. It takes microseconds. */
    while (atomic_load_explicit(&async->entered, memory_order_acquire) != 0)
        qni_yield();
    for (int64_t i = 0; i < async->worker_count; i++)
        qni_service_free(async->workers[i].service);
    async->worker_count = 0;
}

void qni_async_free(qni_async *async)
{
    if (async == NULL)
        return;
    assert(async->worker_count == 0 && async->waiting.first == NULL);
    qni_free(async->allocator, async->workers, async->worker_capacity, sizeof *async->workers);
    qni_delete(async->allocator, async);
}
