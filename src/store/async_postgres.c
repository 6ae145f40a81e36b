/* store/async_postgres.c: submitted queries on PostgreSQL: one thread, several connections, on each many queries under
 * way, one behind the other, in libpq's pipeline mode.
 *
 * Each query is followed by a Sync, so it is a transaction of its own and its error is nobody else's. A lane is
 * a connection of the pool with what was sent on it and not yet answered, in that order; the thread never waits to
 * write, and reads whatever has come before it sleeps, so that it and a server that waits to be read never wait for
 * each other. A text is prepared while nothing is under way on its lane, by the driver as for anybody; its statements
 * are those that the connection keeps. The lane fills again when that is done.
 *
 * Connections are taken while queries wait that no lane runs at once, and given back when there is nothing to do, when
 * somebody waits for one, and now and then, so that the pool can renew them. */
#include "store/async_int.h"

#include "base/clock.h"
#include "store/front_int.h"
#include "store/limits.h"
#include "store/pool_int.h"
#include "store/postgres_int.h"

#include <inttypes.h>

/* Sent, not yet answered to the end. */
typedef struct entry {
    qni_submission *submission;
    qni_statement *statement;
} entry;

typedef struct lane {
    qn_db *db; /* NULL: none; the rest is then all zero */
    entry entries[QNI_ASYNC_DEPTH];
    int64_t head, count;
    qni_submissions unsent; /* wait until the lane is empty, for the first one's text has to be prepared */
    int64_t sent;           /* since the connection was taken */
    bool unflushed;         /* libpq has what the socket did not take */
    bool again;             /* the head's answer was that it has to be prepared anew */
    qn_error stale;         /* how it said so */
    bool leaving;           /* gets nothing more, and is given back when it is empty */
} lane;

typedef struct engine {
    qni_async_worker *worker;
    qn_dbpool *pool;
    qni_service *service;
    lane *lanes;          /* (lane_count) */
    struct pollfd *files; /* (lane_count + 1) the service's, then one for each lane */
    int64_t lane_count;
    bool freed;            /* a lane, since handing out queries began: there may be room for those in stock */
    int64_t good_ns;       /* when a lane was last in order */
    int64_t retry_ns;      /* not before then is connecting tried again; 0: it did not fail */
    qni_submissions stock; /* taken, and not yet given to a lane */
    qni_submissions done;
} engine;

static qni_postgres *connection_of(const lane *l)
{
    return (qni_postgres *)l->db;
}

static void finish(engine *e)
{
    qni_async_finish(e->worker->async, &e->done);
}

static void fail(engine *e, qni_submission *s, const qn_error *why)
{
    qn_table_free(s->done.table);
    s->done.table = NULL;
    s->done.changed = 0;
    qni_submission_fail(s, why);
    qni_submissions_add(&e->done, s);
}

/* One that could not be begun, by nobody's fault: it waits again, unless that happens to it too often. */
static void try_again(engine *e, qni_submissions *to, qni_submission *s, const qn_error *why)
{
    if (++s->tries < QNI_ASYNC_TRIES)
        qni_submissions_add(to, s);
    else
        fail(e, s, why);
}

/* ---- lanes ---- */

/* Between these nothing blocks, and what is sent is not waited for. */
static bool begin_pipeline(lane *l)
{
    qni_postgres *p = connection_of(l);
    qni_postgres_begin(p);
    return p->pq.setnonblocking(p->connection, 1) == 0 && p->pq.enterPipelineMode(p->connection) != 0;
}

static bool end_pipeline(lane *l)
{
    qni_postgres *p = connection_of(l);
    bool ended = p->pq.exitPipelineMode(p->connection) != 0 && p->pq.setnonblocking(p->connection, 0) == 0;
    qni_postgres_end(p);
    return ended;
}

/* Whether the server has not ended the connection while it was idle. The first read may get what it said before. */
static bool is_alive(const lane *l)
{
    const qni_postgres *p = connection_of(l);
    bool alive = p->pq.consumeInput(p->connection) != 0;
    return p->pq.consumeInput(p->connection) != 0 && alive;
}

/* Gives the connection back, with nothing under way on it. */
static void leave(engine *e, lane *l)
{
    assert(l->count == 0 && l->unsent.first == NULL);
    if (!end_pipeline(l))
        l->db->broken = true;
    qn_dbpool_give(e->pool, l->db);
    *l = (lane){0};
    e->freed = true;
}

/* What was under way is over, nobody knows how; what was not sent goes elsewhere. */
static void lose(engine *e, lane *l, const qn_error *reason)
{
    qn_error why = *reason;
    (void)qni_error(&why, QN_CLOSED, "whether this query has taken effect is not known: %.400s", reason->message);
    for (int64_t i = 0; i < l->count; i++)
        fail(e, l->entries[(l->head + i) % QNI_ASYNC_DEPTH].submission, &why);
    qni_submissions unsent = {0};
    if (l->unsent.first != NULL) /* it may be what breaks connections */
        try_again(e, &unsent, qni_submissions_take(&l->unsent), reason);
    qni_submissions_append(&unsent, &l->unsent);
    qni_submissions_append(&unsent, &e->stock);
    e->stock = unsent;
    l->count = 0;
    l->db->broken = true;
    leave(e, l);
}

/* The same where libpq says why. */
static void lose_broken(engine *e, lane *l)
{
    qn_error why = qn_error_none();
    (void)qni_postgres_error(connection_of(l), NULL, NULL, false, &why);
    lose(e, l, &why);
}

/* ---- sending ---- */

static void send_query(engine *e, lane *l, qni_statement *statement, qni_submission *s)
{
    const qni_postgres *p = connection_of(l);
    qn_error why = qn_error_none();
    bool sent = false;
    if (qni_db_check_count(statement, s->param_count, &why) == QN_OK &&
        qni_postgres_send(&sent, statement, s->params, &why) == QN_OK) {
        l->entries[(l->head + l->count++) % QNI_ASYNC_DEPTH] = (entry){.submission = s, .statement = statement};
        l->sent++;
        if (p->pq.pipelineSync(p->connection) == 0)
            lose_broken(e, l);
    } else if (l->db->broken) {
        qni_submissions rest = l->unsent;
        l->unsent = (qni_submissions){0};
        qni_submissions_add(&l->unsent, s);
        qni_submissions_append(&l->unsent, &rest);
        lose(e, l, &why);
    } else {
        fail(e, s, &why);
    }
}

/* Has the text of the first that waits prepared, on a lane on which nothing is under way, and sends that. */
static void prepare(engine *e, lane *l)
{
    qni_submission *s = l->unsent.first;
    qni_statement *statement = NULL;
    qn_error why = qn_error_none();
    if (!end_pipeline(l)) {
        lose_broken(e, l);
        return;
    }
    qni_async_runs_on(e->worker, l->db); /* a lock may hold up the server for long */
    qn_status status = qni_db_prepare(&statement, l->db, s->sql, s->params, s->param_count, &why);
    if (status == QN_OK && !qni_postgres_is_prepared(statement))
        status = qni_postgres_prepare_again(statement, &why);
    qni_async_runs_on(e->worker, NULL);
    if (status == QN_INTERRUPTED && qni_service_stopping(e->service))
        status =
            qni_error(&why, QN_CLOSED, "the pool %s was closed before this query was begun", qn_dbpool_name(e->pool));
    bool in_order = begin_pipeline(l);
    if (l->db->broken && status != QN_OK) {
        lose(e, l, &why);
        return;
    }
    if (!in_order || l->db->broken) {
        lose_broken(e, l);
        return;
    }
    (void)qni_submissions_take(&l->unsent);
    if (status != QN_OK)
        fail(e, s, &why);
    else
        send_query(e, l, statement, s);
}

/* Sends those that wait, one after another, until one has to wait for those before it. */
static void send_unsent(engine *e, lane *l)
{
    while (l->db != NULL && l->unsent.first != NULL) {
        const qni_submission *s = l->unsent.first;
        qni_statement *statement = qni_db_kept(l->db, s->sql, s->params, s->param_count);
        bool prepared = statement != NULL && qni_postgres_is_prepared(statement);
        if (prepared)
            send_query(e, l, statement, qni_submissions_take(&l->unsent));
        else if (l->count == 0)
            prepare(e, l);
        else
            return;
    }
}

/* ---- receiving ---- */

static qn_status make_table(qn_table **out, lane *l, qni_postgres_shape *shape, const PGresult *result, qn_error *err)
{
    const qni_postgres *p = connection_of(l);
    const qn_allocator *allocator = p->base.allocator;
    qn_table *table = NULL;
    *out = NULL;
    const char **names = qni_alloc(allocator, shape->column_count, sizeof *names);
    if (names == NULL)
        return qni_refused(err, allocator, 0, "a query of %d columns", shape->column_count);
    for (int i = 0; i < shape->column_count; i++)
        names[i] = p->pq.fname(shape->description, i);
    qn_status s = qni_table_build_new(&table, names, shape->column_count, p->base.shown, allocator, err);
    qni_free(allocator, names, shape->column_count, sizeof *names);
    for (int i = 0; s == QN_OK && i < shape->column_count; i++) {
        qn_type type = qni_db_table_type(shape->columns[i].type);
        if (!qni_table_build_type(table, i, type == QN_TYPE_AUTO ? QN_TYPE_F64 : type))
            s = qni_refused(err, allocator, 0, "a query of %d columns", shape->column_count);
    }
    if (s == QN_OK)
        s = qni_postgres_append(table, shape, p, result, err);
    if (s != QN_OK) {
        qn_table_free(table);
        return s;
    }
    qni_table_build_finish(table);
    *out = table;
    return QN_OK;
}

/* Notes the first error of a query; its completion comes with the end of its transaction. */
static void note_error(qni_submission *s, const qn_error *why)
{
    if (s->done.status != QN_OK)
        return;
    qn_table_free(s->done.table);
    s->done.table = NULL;
    s->done.changed = 0;
    qni_submission_fail(s, why);
}

/* A result of the head that is neither NULL nor its end. False: the lane is no longer in order. */
static bool take_result(lane *l, PGresult *result, qn_error *why)
{
    qni_postgres *p = connection_of(l);
    const entry *head = &l->entries[l->head];
    qni_submission *s = head->submission;
    qni_postgres_shape *shape = qni_postgres_shape_of(head->statement);
    if (qni_postgres_went_stale(head->statement, result)) {
        (void)qni_postgres_error(p, result, s->sql, false, why);
        l->again = true;
        l->stale = *why;
        return true;
    }
    switch (p->pq.resultStatus(result)) {
    case PGRES_TUPLES_OK:
        s->done.changed = qni_postgres_changed(&p->pq, result);
        if (!qni_postgres_shape_fits(shape, &p->pq, result)) {
            (void)qni_postgres_refuse_columns(head->statement, why);
            note_error(s, why);
        } else if (shape->column_count > 0 && make_table(&s->done.table, l, shape, result, why) != QN_OK)
            note_error(s, why);
        return true;
    case PGRES_COMMAND_OK:
        s->done.changed = qni_postgres_changed(&p->pq, result);
        return true;
    case PGRES_EMPTY_QUERY:
        (void)qni_error(why, QN_INVALID, "the text holds no statement");
        note_error(s, why);
        return true;
    case PGRES_FATAL_ERROR:
        (void)qni_postgres_error(p, result, s->sql, false, why);
        note_error(s, why);
        return !p->base.broken;
    default:
        (void)qni_error(why, QN_CLOSED, "the connection to %.200s is in disorder", p->base.shown);
        return false;
    }
}

/* The head's transaction has ended. */
static void pop(engine *e, lane *l)
{
    entry head = l->entries[l->head];
    bool again = l->again;
    l->head = (l->head + 1) % QNI_ASYNC_DEPTH;
    l->count--;
    l->again = false;
    if (again)
        try_again(e, &l->unsent, head.submission, &l->stale);
    else
        qni_submissions_add(&e->done, head.submission);
    if (l->count == 0)
        qni_db_finish(head.statement);
}

/* Takes what has come. */
static void receive(engine *e, lane *l)
{
    const qni_postgres *p = connection_of(l);
    const qni_libpq *pq = &p->pq;
    qn_error why = qn_error_none();
    bool in_order = true, lost = pq->consumeInput(p->connection) == 0;
    while (in_order && l->count > 0 && pq->isBusy(p->connection) == 0) {
        PGresult *result = pq->getResult(p->connection);
        if (pq->resultStatus(result) == PGRES_PIPELINE_SYNC)
            pop(e, l);
        else if (result != NULL)
            in_order = take_result(l, result, &why);
        else if (pq->status(p->connection) == CONNECTION_BAD)
            break;
        pq->clear(result);
    }
    if (!in_order)
        lose(e, l, &why);
    else if (lost || pq->status(p->connection) == CONNECTION_BAD)
        lose_broken(e, l);
    else
        e->good_ns = qni_clock_monotonic_ns();
}

/* ---- who gets what ---- */

/* Whether anything is to be done; else submitters wake this thread. Takes many at once, for each time costs a lock. */
static bool has_work(engine *e)
{
    if (e->stock.first == NULL)
        e->stock = qni_async_take(e->worker, QNI_ASYNC_DEPTH);
    return e->stock.first != NULL;
}

/* Everything that waits fails. */
static void fail_waiting(engine *e, const qn_error *why)
{
    while (has_work(e))
        fail(e, qni_submissions_take(&e->stock), why);
    finish(e);
}

/* A server that was there a moment ago may come back in a moment. */
static void connecting_failed(engine *e, const qn_error *why)
{
    int64_t gone_ns = qni_clock_monotonic_ns() - e->good_ns;
    bool may_come_back = why->code == QN_UNAVAILABLE || why->code == QN_LIMIT || why->code == QN_CLOSED;
    int64_t patience_ns = INT64_C(1000000) * QNI_DB_CONNECT_TIMEOUT_MS;
    if (!may_come_back || e->good_ns == 0 || gone_ns > patience_ns)
        fail_waiting(e, why);
}

/* Connects a lane. Waits for one of the pool's connections only where there is no lane to look after. */
static bool connect_lane(engine *e, lane *l, bool only)
{
    static const char who[] = "submitted queries";
    qn_error why = qn_error_none();
    qn_status s = only ? qn_dbpool_take(&l->db, e->pool, who, &why) : qni_dbpool_try(&l->db, e->pool, who, NULL);
    if (s != QN_OK) {
        l->db = NULL;
        e->retry_ns = qni_clock_monotonic_ns() + QNI_ASYNC_RETRY_NS;
        if (only)
            connecting_failed(e, &why);
        return false;
    }
    e->retry_ns = 0;
    if (begin_pipeline(l) && is_alive(l))
        return true;
    lose_broken(e, l);
    return false;
}

static bool has_room(const lane *l)
{
    return l->db != NULL && !l->leaving && !l->unflushed && l->unsent.first == NULL && l->count < QNI_ASYNC_DEPTH;
}

/* The lane for the next query: the one with the least under way, or a new one where all have something. */
static lane *choose(engine *e)
{
    lane *best = NULL, *unconnected = NULL;
    bool any = false;
    for (int64_t i = 0; i < e->lane_count; i++) {
        lane *l = &e->lanes[i];
        any = any || l->db != NULL;
        if (l->db == NULL)
            unconnected = l;
        else if (has_room(l) && (best == NULL || l->count < best->count))
            best = l;
    }
    if (unconnected == NULL || (best != NULL && best->count == 0))
        return best;
    if (e->retry_ns != 0 && qni_clock_monotonic_ns() < e->retry_ns)
        return best;
    return connect_lane(e, unconnected, !any) ? unconnected : best;
}

/* Hands out what waits, as far as there is room. */
static void feed(engine *e)
{
    while (has_work(e)) {
        lane *l = choose(e);
        if (l == NULL)
            return;
        qni_submissions_add(&l->unsent, qni_submissions_take(&e->stock));
        send_unsent(e, l);
    }
    e->retry_ns = 0;
}

/* ---- the thread ---- */

/* Before queries are handed out: texts are prepared, and who is to leave does. */
static void settle(engine *e, lane *l)
{
    if (l->count == 0)
        send_unsent(e, l);
    if (l->db != NULL && l->count == 0 && l->leaving)
        leave(e, l);
}

/* Afterwards: what was sent goes out, and who has got nothing to do leaves. */
static void flush(engine *e, lane *l)
{
    const qni_postgres *p = connection_of(l);
    int left = p->pq.flush(p->connection);
    l->unflushed = left > 0;
    if (left < 0)
        lose_broken(e, l);
    else if (l->count == 0 && l->unsent.first == NULL)
        leave(e, l);
}

/* At most one lane at a time goes because it is wanted elsewhere. */
static void share(engine *e)
{
    bool wanted = qni_dbpool_wanted(e->pool);
    lane *oldest = NULL;
    for (int64_t i = 0; i < e->lane_count; i++) {
        lane *l = &e->lanes[i];
        if (l->leaving)
            wanted = false;
        if (l->db != NULL && (oldest == NULL || l->sent > oldest->sent))
            oldest = l;
    }
    if (oldest != NULL && (wanted || oldest->sent >= QNI_ASYNC_STINT))
        oldest->leaving = true;
}

/* Sleeps until there is something to do. */
static void sleep_until_ready(engine *e)
{
    int64_t timeout_ms = -1;
    if (e->freed && e->stock.first != NULL)
        timeout_ms = 0;
    else if (e->retry_ns != 0) {
        int64_t left_ns = e->retry_ns - qni_clock_monotonic_ns();
        timeout_ms = left_ns > 0 ? left_ns / 1000000 + 1 : 0;
    }
    for (int64_t i = 0; i < e->lane_count; i++) {
        const lane *l = &e->lanes[i];
        e->files[i + 1] = (struct pollfd){.fd = -1}; /* which poll passes over */
        if (l->db == NULL)
            continue;
        const qni_postgres *p = connection_of(l);
        e->files[i + 1].fd = p->pq.socket(p->connection);
        e->files[i + 1].events = (short)(POLLIN | (l->unflushed ? POLLOUT : 0));
    }
    qni_service_wait(e->service, e->files, e->lane_count + 1, timeout_ms);
}

static void work(engine *e)
{
    for (int64_t i = 0; i < e->lane_count; i++)
        if (e->lanes[i].db != NULL)
            settle(e, &e->lanes[i]);
    e->freed = false;
    feed(e);
    for (int64_t i = 0; i < e->lane_count; i++)
        if (e->lanes[i].db != NULL)
            flush(e, &e->lanes[i]);
    finish(e);
    sleep_until_ready(e);
    for (int64_t i = 0; i < e->lane_count; i++)
        if (e->lanes[i].db != NULL && e->files[i + 1].revents != 0)
            receive(e, &e->lanes[i]);
    share(e);
    finish(e);
}

/* The end: what is under way is not waited for. */
static void abandon(engine *e)
{
    qn_error why;
    (void)qni_error(&why, QN_CLOSED, "the pool %s was closed while it was under way", qn_dbpool_name(e->pool));
    for (int64_t i = 0; i < e->lane_count; i++) {
        lane *l = &e->lanes[i];
        if (l->db == NULL)
            continue;
        qn_db_interrupt(l->db);
        lose(e, l, &why);
    }
    for (qni_submission *s; (s = qni_submissions_take(&e->stock)) != NULL;)
        fail(e, s, &why);
    finish(e);
}

static void body(void *user, qni_service *service)
{
    qni_async_worker *worker = user;
    qni_async *async = worker->async;
    const qn_allocator *allocator = async->allocator;
    int64_t count = async->connection_count;
    engine e = {.worker = worker, .pool = async->pool, .service = service, .lane_count = count};
    e.lanes = qni_alloc_zeroed(allocator, count, sizeof *e.lanes);
    e.files = qni_alloc_zeroed(allocator, count + 1, sizeof *e.files);
    while (!qni_service_stopping(service)) {
        if (e.lanes != NULL && e.files != NULL) {
            work(&e);
            continue;
        }
        qn_error why;
        struct pollfd own;
        (void)qni_refused(&why, allocator, 0, "%" PRId64 " connections of submitted queries", count);
        fail_waiting(&e, &why);
        qni_service_wait(service, &own, 1, -1);
    }
    if (e.lanes != NULL && e.files != NULL)
        abandon(&e);
    qni_free(allocator, e.lanes, count, sizeof *e.lanes);
    qni_free(allocator, e.files, count + 1, sizeof *e.files);
}

const qni_async_engine qni_async_postgres = {.one_thread = true, .body = body, .refused = "COPY"};
