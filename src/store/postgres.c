/* store/postgres.c: the driver of PostgreSQL.
 *
 * A text is prepared under a name of its own and described in one round trip; it runs in single-row mode, so that
 * memory holds what libpq has buffered and no more. Results come in binary form where every column has a reader for it.
 *
 * Always: `busy` from the first byte that is sent until the server is ready again; a statement that is not over is the
 * only thing under way. What a result says after the end of a command counts too: a deferred constraint fails there. */
#include "store/postgres_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct statement {
    qni_statement base;
    int64_t number;     /* of its name */
    int64_t generation; /* the connection's, when it was prepared; another one: it is prepared no more */
    int64_t param_count;
    qni_postgres_params params;
    qni_postgres_shape shape;
    PGresult *rows; /* what arrived last, or NULL */
    int row;        /* the current one of `rows` */
    bool ahead;     /* `rows` arrived when the statement was started and nobody has passed them */
    bool over;
    bool in_transaction;
    bool stale; /* its last run failed for what the server holds of it is no longer good */
    int64_t changed;
} statement;

enum {
    NAME_SIZE = 32
};

static qni_postgres *connection_of(qn_db *db)
{
    return (qni_postgres *)db;
}

static void write_name(char out[NAME_SIZE], int64_t number)
{
    (void)snprintf(out, NAME_SIZE, "quern_%" PRId64, number);
}

/* ---- results ---- */

static bool is_lost(const qni_postgres *p)
{
    return p->pq.status(p->connection) == CONNECTION_BAD;
}

/* Notes what the end of a command says about statements that are prepared. */
static void look_at_tag(qni_postgres *p, PGresult *result)
{
    const char *tag = p->pq.cmdStatus(result);
    if (tag[0] == 'D' && (strcmp(tag, "DISCARD ALL") == 0 || strcmp(tag, "DEALLOCATE ALL") == 0)) {
        p->generation++;
        p->dead_count = 0;
    }
}

/* A COPY by which the server wants to talk with whoever sent it: ended at once. */
static qn_status refuse_copy(qni_postgres *p, ExecStatusType status, qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    if (status == PGRES_COPY_IN) {
        p->base.broken = pq->putCopyEnd(p->connection, "no data come this way") != 1 || p->base.broken;
    } else {
        char *row;
        qni_postgres_cancel(p);
        while (pq->getCopyData(p->connection, &row, 0) > 0)
            pq->freemem(row);
    }
    return qni_error(err, QN_INVALID,
                     "COPY FROM STDIN and COPY TO STDOUT do not work as SQL text: insert tables with qn_db_insert, and "
                     "query what you want to read");
}

/* Takes and drops results until the server is ready. The first error is told. */
static qn_status drain(qni_postgres *p, const char *sql, qn_error *err)
{
    qn_status s = QN_OK;
    PGresult *result;
    while ((result = p->pq.getResult(p->connection)) != NULL) {
        ExecStatusType status = p->pq.resultStatus(result);
        if (status == PGRES_FATAL_ERROR && s == QN_OK)
            s = qni_postgres_error(p, result, sql, false, err);
        p->pq.clear(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
            (void)refuse_copy(p, status, NULL);
        if (status == PGRES_COPY_BOTH || is_lost(p) || p->base.broken)
            break;
    }
    if (is_lost(p))
        p->base.broken = true;
    return s;
}

/* ---- texts that run as they stand ---- */

/* What one result of a text means. */
static qn_status take_result(qni_postgres *p, PGresult *result, const char *sql, int64_t *done, qn_error *err)
{
    ExecStatusType status = p->pq.resultStatus(result);
    switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        ++*done;
        look_at_tag(p, result);
        return QN_OK;
    case PGRES_SINGLE_TUPLE:
    case PGRES_EMPTY_QUERY:
        return QN_OK;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
        return refuse_copy(p, status, err);
    default:
        return qni_postgres_error(p, result, sql, true, err);
    }
}

static qn_status run_text(qni_postgres *p, const char *sql, qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    qn_status s = QN_OK;
    qn_error why = qn_error_none();
    int64_t done = 0;
    qni_postgres_begin(p);
    PGresult *result = NULL;
    if (pq->sendQuery(p->connection, sql) == 0)
        s = qni_postgres_error(p, NULL, NULL, false, &why);
    else
        (void)pq->setSingleRowMode(p->connection);
    while (s == QN_OK && (result = pq->getResult(p->connection)) != NULL) {
        s = take_result(p, result, sql, &done, &why);
        pq->clear(result);
    }
    (void)drain(p, NULL, NULL);
    if (s == QN_OK && is_lost(p))
        s = qni_postgres_error(p, NULL, NULL, false, &why);
    qni_postgres_end(p);
    if (s != QN_OK && s != QN_CLOSED && why.line == 0)
        qni_postgres_place(&why.line, &why.column, sql, done);
    if (s != QN_OK && err != NULL)
        *err = why;
    return s;
}

static qn_status script(qn_db *db, const char *sql, qn_error *err)
{
    return run_text(connection_of(db), sql, err);
}

static qn_status control(qn_db *db, const char *sql, qn_error *err)
{
    qni_postgres *p = connection_of(db);
    qn_status s = QN_OK;
    qni_postgres_begin(p);
    PGresult *result = p->pq.exec(p->connection, sql);
    if (p->pq.resultStatus(result) != PGRES_COMMAND_OK)
        s = qni_postgres_error(p, result, NULL, false, err);
    else if (strcmp(sql, "COMMIT") == 0 && strcmp(p->pq.cmdStatus(result), "COMMIT") != 0)
        s = qni_error(err, QN_DATA, "the transaction was rolled back, for a statement in it had failed");
    p->pq.clear(result);
    qni_postgres_end(p);
    return s;
}

static bool in_transaction(const qn_db *db)
{
    const qni_postgres *p = (const qni_postgres *)db;
    PGTransactionStatusType status = p->pq.transactionStatus(p->connection);
    return status == PQTRANS_ACTIVE || status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* An empty text is answered by the server even where a transaction has failed. */
static qn_status ping(qn_db *db, qn_error *err)
{
    qni_postgres *p = connection_of(db);
    qn_status s = QN_OK;
    qni_postgres_begin(p);
    PGresult *result = p->pq.exec(p->connection, "");
    if (p->pq.resultStatus(result) != PGRES_EMPTY_QUERY)
        s = qni_postgres_error(p, result, NULL, false, err);
    p->pq.clear(result);
    qni_postgres_end(p);
    return s;
}

/* ---- preparing ---- */

/* Lets the server forget statements that were finalized, many at once. In a transaction a name that somebody else has
 * removed would end it. */
static void forget_dead(qni_postgres *p)
{
    char text[QNI_POSTGRES_DEAD * (NAME_SIZE + 12)];
    int size = 0;
    if (p->dead_count < QNI_POSTGRES_DEAD / 2 || p->pq.transactionStatus(p->connection) != PQTRANS_IDLE)
        return;
    for (int64_t i = 0; i < p->dead_count; i++)
        size += snprintf(text + size, sizeof text - (size_t)size, "DEALLOCATE quern_%" PRId64 ";", p->dead[i]);
    p->dead_count = 0;
    p->pq.clear(p->pq.exec(p->connection, text));
}

static void bury(qni_postgres *p, const statement *st)
{
    if (st->generation == p->generation && p->dead_count < QNI_POSTGRES_DEAD)
        p->dead[p->dead_count++] = st->number; /* one that has no room is forgotten with the connection */
}

/* Takes the answers of a pipeline up to its end. *last is that of the last command, if all went well; the first error
 * is told. */
static qn_status take_answers(PGresult **last, qni_postgres *p, const char *sql, qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    qn_status s = QN_OK;
    bool between = false; /* NULL stands between the answers, but not twice */
    ExecStatusType status = PGRES_COMMAND_OK;
    while (status != PGRES_PIPELINE_SYNC && !p->base.broken) {
        PGresult *result = pq->getResult(p->connection);
        if (result == NULL && between)
            break;
        between = result == NULL;
        if (between)
            continue;
        status = pq->resultStatus(result);
        if (status == PGRES_FATAL_ERROR && s == QN_OK)
            s = qni_postgres_error(p, result, sql, false, err);
        PGresult *dropped = result;
        if (status == PGRES_COMMAND_OK) {
            dropped = *last;
            *last = result;
        }
        pq->clear(dropped);
    }
    return s;
}

qn_status qni_postgres_prepare(PGresult **description, qni_postgres *p, const char *name, const char *sql,
                               int param_count, const Oid *declared, qn_error *err)
{
    const qni_libpq *pq = &p->pq;
    PGconn *c = p->connection;
    *description = NULL;
    bool sent = pq->enterPipelineMode(c) && pq->sendPrepare(c, name, sql, param_count, declared) &&
                pq->sendDescribePrepared(c, name) && pq->pipelineSync(c);
    qn_status s = sent ? take_answers(description, p, sql, err) : qni_postgres_error(p, NULL, NULL, false, err);
    bool in_order = pq->exitPipelineMode(c) != 0;
    if (s == QN_OK && (!in_order || *description == NULL))
        s = qni_error(err, QN_CLOSED, "the connection to %.200s is in disorder", p->base.shown);
    if (!in_order || s == QN_CLOSED)
        p->base.broken = true;
    if (s != QN_OK) {
        pq->clear(*description);
        *description = NULL;
    }
    return s;
}

/* For the first time or again. */
static qn_status prepare_statement(statement *st, qni_postgres *p, const char *sql, qn_error *err)
{
    char name[NAME_SIZE];
    PGresult *description;
    int64_t used = qni_postgres_param_count(sql);
    int declared = st->params.count < used ? st->params.count : (int)used; /* more would be parameters, used or not */
    qni_postgres_shape_free(&st->shape, p);
    if (st->stale)
        bury(p, st);
    st->stale = false;
    st->generation = p->generation;
    st->number = ++p->last_number;
    write_name(name, st->number);
    qn_status s = qni_postgres_prepare(&description, p, name, sql, declared, st->params.declared, err);
    if (s != QN_OK) {
        st->generation = 0;
        return s;
    }
    st->param_count = p->pq.nparams(description);
    for (int i = 0; i < st->params.count && i < st->param_count; i++)
        st->params.resolved[i] = p->pq.paramtype(description, i);
    return qni_postgres_shape_new(&st->shape, p, description, err);
}

static void finalize(qni_statement *base)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(st->base.db);
    const qn_allocator *allocator = p->base.allocator;
    bury(p, st);
    p->pq.clear(st->rows);
    qni_postgres_shape_free(&st->shape, p);
    qni_postgres_params_free(&st->params, allocator);
    qni_delete(allocator, st);
}

static qn_status prepare(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                         qn_error *err)
{
    qni_postgres *p = connection_of(db);
    *out = NULL;
    statement *st = qni_new(db->allocator, statement);
    if (st == NULL)
        return qni_refused(err, db->allocator, (int64_t)sizeof *st, "a statement");
    st->base.db = db;
    st->over = true;
    qn_status s = qni_postgres_params_new(&st->params, params, param_count, db->allocator, err);
    if (s == QN_OK) {
        qni_postgres_begin(p);
        forget_dead(p);
        s = prepare_statement(st, p, sql, err);
        qni_postgres_end(p);
    }
    if (s != QN_OK) {
        finalize(&st->base);
        return s;
    }
    *out = &st->base;
    return QN_OK;
}

static int64_t param_count(const qni_statement *base)
{
    return ((const statement *)base)->param_count;
}

/* ---- running ---- */

static void clear_rows(statement *st, const qni_postgres *p)
{
    p->pq.clear(st->rows);
    st->rows = NULL;
    st->ahead = false;
}

static void end_run(statement *st, qni_postgres *p)
{
    st->over = true;
    qni_postgres_end(p);
}

/* Notes where a statement failed for the server no longer knows it, for its columns have other types than when it was
 * prepared, or for its text, which was in order then, no longer is: a fault at a place of it, and not inside of what it
 * calls. Parameters have other types now, if that is all. */
static void look_at_failure(statement *st, const qni_libpq *pq, const PGresult *result)
{
    const char *state = pq->resultErrorField(result, PG_DIAG_SQLSTATE);
    const char *function = pq->resultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    if (state == NULL)
        state = "";
    if (strcmp(state, "26000") == 0)
        st->generation = 0;
    bool other_columns =
        strcmp(state, "0A000") == 0 && function != NULL && strcmp(function, "RevalidateCachedQuery") == 0;
    bool other_meaning = strncmp(state, "42", 2) == 0 &&
                         pq->resultErrorField(result, PG_DIAG_STATEMENT_POSITION) != NULL &&
                         pq->resultErrorField(result, PG_DIAG_CONTEXT) == NULL;
    st->stale = other_columns || other_meaning;
}

/* A result that is not rows: the end, one way or another. */
static qn_status take_end(statement *st, qni_postgres *p, PGresult *result, qn_error *err)
{
    const char *sql = st->base.sql;
    qn_status s = QN_OK;
    ExecStatusType status = p->pq.resultStatus(result);
    switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        st->changed = qni_postgres_changed(&p->pq, result);
        look_at_tag(p, result);
        s = drain(p, sql, err);
        break;
    case PGRES_EMPTY_QUERY:
        s = qni_error(err, QN_INVALID, "the text holds no statement");
        break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
        s = refuse_copy(p, status, err);
        break;
    default:
        look_at_failure(st, &p->pq, result);
        s = qni_postgres_error(p, result, sql, false, err);
        break;
    }
    p->pq.clear(result);
    (void)drain(p, sql, NULL);
    end_run(st, p);
    return s;
}

/* The next rows, or the end. */
static qn_status fetch(statement *st, qni_postgres *p, qn_error *err)
{
    p->pq.clear(st->rows);
    st->row = 0;
    st->rows = p->pq.getResult(p->connection);
    if (p->pq.resultStatus(st->rows) == PGRES_SINGLE_TUPLE)
        return QN_OK;
    PGresult *result = st->rows;
    st->rows = NULL;
    return take_end(st, p, result, err);
}

qn_status qni_postgres_send(bool *sent, qni_statement *base, const qn_value *values, qn_error *err)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(base->db);
    const qni_postgres_params *params = &st->params;
    char name[NAME_SIZE];
    *sent = false;
    qn_status s = qni_postgres_bind(&st->params, values, p->base.allocator, err);
    if (s != QN_OK)
        return s;
    write_name(name, st->number);
    *sent = p->pq.sendQueryPrepared(p->connection, name, params->count, params->values, params->lengths,
                                    params->formats, st->shape.binary) != 0;
    return *sent ? QN_OK : qni_postgres_error(p, NULL, NULL, false, err);
}

qn_status qni_postgres_refuse_columns(qni_statement *base, qn_error *err)
{
    statement *st = (statement *)base;
    bury(connection_of(base->db), st);
    st->generation = -1;
    return qni_error(err, QN_DATA, "the columns are not those that this statement had before: run it again");
}

/* Binds, sends, and takes what arrives first. */
static qn_status run(statement *st, qni_postgres *p, const qn_value *values, qn_error *err)
{
    bool sent;
    st->changed = 0;
    st->in_transaction = p->pq.transactionStatus(p->connection) != PQTRANS_IDLE;
    qn_status s = qni_postgres_send(&sent, &st->base, values, err);
    if (s != QN_OK)
        return s;
    st->over = false;
    (void)p->pq.setSingleRowMode(p->connection);
    s = fetch(st, p, err);
    st->ahead = st->rows != NULL;
    if (st->ahead && !qni_postgres_shape_fits(&st->shape, &p->pq, st->rows)) {
        clear_rows(st, p);
        (void)drain(p, NULL, NULL);
        end_run(st, p);
        s = qni_postgres_refuse_columns(&st->base, err);
    }
    return s;
}

/* Of a statement that failed. */
static bool has_not_begun(const statement *st)
{
    return st->stale || st->generation == 0;
}

static bool must_be_prepared(const statement *st, const qni_postgres *p)
{
    return st->stale || st->generation != p->generation;
}

static qn_status start(qni_statement *base, const qn_value *values, int64_t value_count, qn_error *err)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(base->db);
    qn_status s = QN_OK;
    if (value_count != st->params.count)
        return qni_error(err, QN_INVALID, "%" PRId64 " values for %d parameters", value_count, st->params.count);
    qni_postgres_begin(p);
    if (must_be_prepared(st, p))
        s = prepare_statement(st, p, base->sql, err);
    if (s == QN_OK) {
        s = run(st, p, values, err);
        if (s != QN_OK && has_not_begun(st) && !st->in_transaction) { /* once more is no harm */
            qni_postgres_begin(p);
            s = prepare_statement(st, p, base->sql, err);
            if (s == QN_OK)
                s = run(st, p, values, err);
        }
    }
    if (s != QN_OK)
        end_run(st, p);
    return s;
}

/* Goes to rows that nobody has passed, if there are any: st->rows. */
static qn_status advance(statement *st, qni_postgres *p, qn_error *err)
{
    bool ahead = st->ahead;
    st->ahead = false;
    if (ahead)
        return QN_OK;
    if (st->over) {
        clear_rows(st, p);
        return QN_OK;
    }
    return fetch(st, p, err);
}

static qn_status step(bool *more, qni_statement *base, qn_error *err)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(base->db);
    *more = false;
    qn_status s = advance(st, p, err);
    if (s == QN_OK && st->rows != NULL) {
        s = qni_postgres_row(&st->shape, p, st->rows, st->row, err);
        *more = s == QN_OK;
    }
    return s;
}

static qn_value value(qni_statement *base, int64_t column)
{
    statement *st = (statement *)base;
    if (st->rows == NULL)
        return qn_value_null();
    return qni_postgres_value(&st->shape, &connection_of(base->db)->pq, st->rows, st->row, (int)column);
}

static qn_status read_rows(bool *more, qni_statement *base, qn_table *table, int64_t max_rows, qn_error *err)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(base->db);
    qn_status s = QN_OK;
    *more = true;
    while (s == QN_OK && *more && (max_rows < 0 || qn_table_row_count(table) < max_rows)) {
        s = advance(st, p, err);
        *more = st->rows != NULL;
        if (s == QN_OK && *more)
            s = qni_postgres_append(table, &st->shape, p, st->rows, err);
    }
    return s;
}

/* What is left of a query is dropped where it has arrived already, and cancelled where that changes nothing; inside a
 * transaction it would end that. */
static void reset(qni_statement *base)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(base->db);
    clear_rows(st, p);
    if (st->over)
        return;
    bool ended = false;
    while (!ended && p->pq.isBusy(p->connection) == 0) {
        PGresult *result = p->pq.getResult(p->connection);
        ended = result == NULL;
        p->pq.clear(result);
    }
    if (!ended && !st->in_transaction && qni_postgres_is_select(base->sql))
        qni_postgres_cancel(p);
    if (!ended)
        (void)drain(p, NULL, NULL);
    if (is_lost(p))
        p->base.broken = true;
    end_run(st, p);
}

static int64_t changed(const qni_statement *base)
{
    return ((const statement *)base)->changed;
}

static int64_t column_count(const qni_statement *base)
{
    return ((const statement *)base)->shape.column_count;
}

static const char *column_name(const qni_statement *base, int64_t column)
{
    const statement *st = (const statement *)base;
    return connection_of(base->db)->pq.fname(st->shape.description, (int)column);
}

static qn_value_type column_type(const qni_statement *base, int64_t column)
{
    return ((const statement *)base)->shape.columns[column].type;
}

/* ---- in a pipeline ---- */

bool qni_postgres_is_prepared(const qni_statement *base)
{
    const statement *st = (const statement *)base;
    return !st->stale && st->generation == connection_of(base->db)->generation;
}

qn_status qni_postgres_prepare_again(qni_statement *base, qn_error *err)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(base->db);
    qni_postgres_begin(p);
    qn_status s = prepare_statement(st, p, base->sql, err);
    qni_postgres_end(p);
    return s;
}

qni_postgres_shape *qni_postgres_shape_of(qni_statement *base)
{
    return &((statement *)base)->shape;
}

bool qni_postgres_went_stale(qni_statement *base, PGresult *result)
{
    statement *st = (statement *)base;
    qni_postgres *p = connection_of(base->db);
    look_at_tag(p, result);
    if (p->pq.resultStatus(result) != PGRES_FATAL_ERROR)
        return false;
    look_at_failure(st, &p->pq, result);
    return has_not_begun(st);
}

const qni_driver qni_driver_postgres = {
    .name = "postgres",
    .savepoints = true,
    .many_writers = true,
    .begin = {"BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .savepoint = "SAVEPOINT quern_%d",
    .release = "RELEASE SAVEPOINT quern_%d",
    .rollback_to = "ROLLBACK TO SAVEPOINT quern_%d",
    .open = qni_postgres_open,
    .close = qni_postgres_close,
    .types = qni_postgres_types,
    .prepare = prepare,
    .finalize = finalize,
    .param_count = param_count,
    .start = start,
    .column_count = column_count,
    .column_name = column_name,
    .column_type = column_type,
    .step = step,
    .value = value,
    .read = read_rows,
    .changed = changed,
    .reset = reset,
    .script = script,
    .control = control,
    .in_transaction = in_transaction,
    .ping = ping,
    .interrupt = qni_postgres_interrupt,
    .insert = qni_postgres_insert,
};
