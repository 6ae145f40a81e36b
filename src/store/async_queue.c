/* store/async_queue.c: the callers' queues of completions.
 *
 * Always: a queue counts what was submitted to it and not yet taken from it, waiting, under way or done, so its bound
 * holds back submitters who do not look at their completions. It lives until its owner has freed it and all that was
 * submitted has come back: each submission under way, and the owner, hold a reference. Handing over a completion takes
 * no memory, so it cannot fail. */
#include "store/async_int.h"

#include "base/options.h"
#include "store/limits.h"

#include <inttypes.h>
#include <string.h>

struct qn_dbqueue {
    const qn_allocator *allocator;
    int64_t count_max, size_max;
    qni_lock lock;
    qni_submissions done; /* guarded by lock, as the next five */
    int64_t pending;      /* submitted, not yet taken */
    int64_t pending_size; /* bytes */
    bool closed;          /* nothing more comes in */
    bool freed;           /* by its owner: completions are dropped */
    _Atomic int64_t references;
    _Atomic int64_t ready; /* of `done`; or 1 more once closed with nothing pending: written under lock, read without */
    qni_wait wait;         /* for ready to be above 0 */
};

void qn_dbqueue_options_init(qn_dbqueue_options *out, int64_t size)
{
    qni_options_init(out, size);
}

qn_status qn_dbqueue_new(qn_dbqueue **out, const qn_dbqueue_options *options, qn_error *err)
{
    qn_dbqueue_options o;
    *out = NULL;
    qn_status s = qni_options_copy(&o, sizeof o, options, "qn_dbqueue_options", err);
    if (s != QN_OK)
        return s;
    if (o.pending_max < 0 || o.pending_size_max < 0)
        return qni_error(err, QN_INVALID, "a queue cannot be bounded by a negative number");
    qn_dbqueue *queue = qni_new(o.allocator, qn_dbqueue);
    if (queue == NULL)
        return qni_refused(err, o.allocator, (int64_t)sizeof *queue, "a queue of completions");
    queue->allocator = o.allocator;
    queue->count_max = o.pending_max > 0 ? o.pending_max : QNI_DBQUEUE_PENDING_MAX;
    queue->size_max = o.pending_size_max > 0 ? o.pending_size_max : QNI_DBQUEUE_SIZE_MAX;
    atomic_init(&queue->references, 1);
    qni_wait_init(&queue->wait, QN_RING_PARK);
    *out = queue;
    return QN_OK;
}

/* Lets go of `count` references. */
static void unref(qn_dbqueue *queue, int64_t count)
{
    /* Release: what this thread did with the queue comes before its end. Acquire: so did what others did. */
    if (atomic_fetch_sub_explicit(&queue->references, count, memory_order_acq_rel) == count)
        qni_delete(queue->allocator, queue);
}

/* Frees blocks with what is in them. */
static void free_blocks(const qn_allocator *allocator, qni_submissions *list)
{
    for (qni_submission *s; (s = qni_submissions_take(list)) != NULL;) {
        qn_table_free(s->done.table);
        qni_free(allocator, s, s->size, 1);
    }
}

/* Under the lock: whether a closed queue is at its end, which those who wait are to see. */
static bool ended(const qn_dbqueue *queue)
{
    return queue->closed && queue->pending == 0;
}

/* Under the lock. Release: pairs with the load in is_ready. */
static void publish(qn_dbqueue *queue)
{
    atomic_store_explicit(&queue->ready, queue->done.count + ended(queue), memory_order_release);
}

static bool is_ready(void *user)
{
    const qn_dbqueue *queue = user;
    return atomic_load_explicit(&queue->ready, memory_order_acquire) > 0;
}

/* ---- submissions ---- */

/* Bytes of the block for a query; false: more than an integer holds. */
static bool block_size(int64_t *out, int64_t sql_size, const qn_value *params, int64_t param_count)
{
    int64_t values;
    bool fits = qni_size_mul(&values, param_count, (int64_t)sizeof *params) &&
                qni_size_add(out, (int64_t)sizeof(qni_submission), values) && qni_size_add(out, *out, sql_size + 1);
    for (int64_t i = 0; fits && i < param_count; i++)
        if (params[i].bytes != NULL)
            fits = qni_size_add(out, *out, params[i].size) && qni_size_add(out, *out, 1);
    return fits;
}

/* Makes room for one more. */
static qn_status reserve(qn_dbqueue *queue, int64_t size, qn_error *err)
{
    qn_status s = QN_OK;
    qni_lock_take(&queue->lock, NULL);
    if (queue->closed)
        s = QN_CLOSED;
    else if (queue->pending >= queue->count_max || size > queue->size_max - queue->pending_size)
        s = QN_EXHAUSTED;
    else {
        queue->pending++;
        queue->pending_size += size;
        /* Relaxed: the caller holds the queue meanwhile. */
        atomic_fetch_add_explicit(&queue->references, 1, memory_order_relaxed);
    }
    int64_t pending = queue->pending, pending_size = queue->pending_size;
    qni_lock_give(&queue->lock);
    if (s == QN_CLOSED)
        return qni_error(err, s, "the queue of completions is closed");
    if (s == QN_EXHAUSTED && size > queue->size_max)
        return qni_error(err, QN_LIMIT, "a query of %" PRId64 " bytes where its queue takes %" PRId64 " in all", size,
                         queue->size_max);
    if (s == QN_EXHAUSTED)
        return qni_error(err, s,
                         "%" PRId64 " queries of %" PRId64 " bytes are pending in this queue: take completions first",
                         pending, pending_size);
    return QN_OK;
}

/* Takes one out of the counts. */
static void forget(qn_dbqueue *queue, int64_t size)
{
    qni_lock_take(&queue->lock, NULL);
    queue->pending--;
    queue->pending_size -= size;
    bool end = ended(queue);
    publish(queue);
    qni_lock_give(&queue->lock);
    if (end)
        qni_wait_notify(&queue->wait);
}

static void fill_in(qni_submission *s, const char *sql, int64_t sql_size, const qn_value *params)
{
    qn_value *values = (qn_value *)(s + 1);
    char *bytes = (char *)(values + s->param_count);
    memcpy(bytes, sql, (size_t)sql_size + 1);
    s->sql = bytes;
    s->params = values;
    bytes += sql_size + 1;
    for (int64_t i = 0; i < s->param_count; i++) {
        values[i] = params[i];
        if (params[i].bytes == NULL)
            continue;
        if (params[i].size > 0)
            memcpy(bytes, params[i].bytes, (size_t)params[i].size);
        values[i].bytes = bytes;
        bytes += params[i].size;
        *bytes++ = '\0';
    }
}

qn_status qni_submission_new(qni_submission **out, qn_dbqueue *queue, const char *sql, const qn_value *params,
                             int64_t param_count, void *tag, qn_error *err)
{
    int64_t sql_size = (int64_t)strlen(sql), size;
    *out = NULL;
    if (!block_size(&size, sql_size, params, param_count))
        return qni_error(err, QN_LIMIT, "a query of more bytes than there are");
    qn_status s = reserve(queue, size, err);
    if (s != QN_OK)
        return s;
    qni_submission *block = qni_alloc(queue->allocator, size, 1);
    if (block == NULL) {
        forget(queue, size);
        s = qni_refused(err, queue->allocator, size, "a query that is submitted");
        unref(queue, 1);
        return s;
    }
    block->queue = queue;
    block->size = size;
    block->param_count = param_count;
    block->tries = 0;
    block->done.size = sizeof block->done;
    block->done.status = QN_OK;
    block->done.changed = 0;
    block->done.table = NULL;
    block->done.tag = tag;
    fill_in(block, sql, sql_size, params);
    *out = block;
    return QN_OK;
}

void qni_submission_drop(qni_submission *submission)
{
    qn_dbqueue *queue = submission->queue;
    int64_t size = submission->size;
    qni_free(queue->allocator, submission, size, 1);
    forget(queue, size);
    unref(queue, 1);
}

void qni_submission_fail(qni_submission *submission, const qn_error *why)
{
    submission->done.status = why->code;
    submission->done.error = *why;
}

/* Hands those at the front of `done` that are of one queue to it. */
static void complete_some(qn_dbqueue *queue, qni_submissions *done)
{
    qni_submissions dropped = {0};
    int64_t count = 0;
    qni_lock_take(&queue->lock, NULL);
    for (; done->first != NULL && done->first->queue == queue; count++)
        qni_submissions_add(queue->freed ? &dropped : &queue->done, qni_submissions_take(done));
    publish(queue);
    qni_lock_give(&queue->lock);
    qni_wait_notify(&queue->wait);
    free_blocks(queue->allocator, &dropped);
    unref(queue, count);
}

void qni_dbqueue_complete(qni_submissions *done)
{
    while (done->first != NULL)
        complete_some(done->first->queue, done);
}

/* ---- the owner's side ---- */

/* A completion, or whether there will never be one again. */
static qni_submission *take_done(qn_dbqueue *queue, bool *end)
{
    qni_lock_take(&queue->lock, NULL);
    qni_submission *s = qni_submissions_take(&queue->done);
    if (s != NULL) {
        queue->pending--;
        queue->pending_size -= s->size;
    }
    *end = ended(queue);
    publish(queue);
    qni_lock_give(&queue->lock);
    if (s != NULL && *end)
        qni_wait_notify(&queue->wait); /* others who wait are to know */
    return s;
}

static int64_t to_ns(int64_t ms)
{
    return ms < 0 ? -1 : ms > INT64_MAX / 1000000 ? INT64_MAX : ms * 1000000;
}

qn_status qn_dbqueue_next(bool *got, qn_db_completion *out, qn_dbqueue *queue, int64_t timeout_ms, qn_error *err)
{
    int64_t deadline_ns = timeout_ms == 0 ? 0 : qni_wait_deadline_ns(to_ns(timeout_ms));
    bool end = false;
    qni_submission *s = NULL;
    qn_db_completion good = {.size = sizeof good};
    *got = false;
    /* Another thread may be quicker, so again. */
    while (qni_wait_until(&queue->wait, is_ready, queue, deadline_ns)) {
        s = take_done(queue, &end);
        if (s != NULL || end)
            break;
    }
    if (s == NULL) {
        qni_stats_copy(out, &good, sizeof good);
        return end ? qni_error(err, QN_CLOSED, "the queue of completions is closed, and all were taken") : QN_OK;
    }
    good.changed = s->done.changed;
    good.table = s->done.table;
    good.tag = s->done.tag;
    qni_stats_copy(out, s->done.status == QN_OK ? &good : &s->done, sizeof s->done);
    qni_free(queue->allocator, s, s->size, 1);
    *got = true;
    return QN_OK;
}

int64_t qn_dbqueue_pending(qn_dbqueue *queue)
{
    qni_lock_take(&queue->lock, NULL);
    int64_t pending = queue->pending;
    qni_lock_give(&queue->lock);
    return pending;
}

void qn_dbqueue_close(qn_dbqueue *queue)
{
    qni_lock_take(&queue->lock, NULL);
    queue->closed = true;
    publish(queue);
    qni_lock_give(&queue->lock);
    qni_wait_notify(&queue->wait);
}

void qn_dbqueue_free(qn_dbqueue *queue)
{
    if (queue == NULL)
        return;
    qni_lock_take(&queue->lock, NULL);
    qni_submissions left = queue->done;
    queue->done = (qni_submissions){0};
    queue->closed = queue->freed = true;
    qni_lock_give(&queue->lock);
    free_blocks(queue->allocator, &left);
    unref(queue, 1);
}
