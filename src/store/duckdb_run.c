/* store/duckdb_run.c: statements of DuckDB: prepared, started, stepped through.
 *
 * Queries stream: DuckDB holds some chunks of rows, not all. What changes something runs to its end at the start.
 *
 * Always: duck->in_transaction is what DuckDB has. It does not tell, but BEGIN succeeds only outside a transaction and
 * its ends only inside one, so that each success turns it. */
#include "store/duckdb_int.h"

#include "base/clock.h"
#include "base/lock.h"
#include "store/limits.h"

#include <inttypes.h>
#include <string.h>

int64_t qni_duck_deadline(const qni_duck *duck)
{
    int64_t ms = duck->base.options.statement_timeout_ms, ns, deadline_ns;
    if (ms == 0)
        return 0;
    bool ends = qni_size_mul(&ns, ms, 1000000) && qni_size_add(&deadline_ns, qni_clock_monotonic_ns(), ns);
    return ends ? deadline_ns : INT64_MAX;
}

static qn_status too_long(const qni_duck *duck, qn_error *err)
{
    return qni_error(err, QN_TIMEOUT, "the statement took longer than its limit of %" PRId64 " ms",
                     duck->base.options.statement_timeout_ms);
}

/* Works on the query until its first rows are there or the time is over. DuckDB's threads work on it at the same time.
 * False: it took too long, and is interrupted. */
static bool work(qni_duck *duck, duckdb_pending_result pending, int64_t deadline_ns)
{
    _Atomic uint32_t nobody = 0;
    for (;;) {
        duckdb_pending_state state = duck->api.pending_execute_task(pending);
        if (state == DUCKDB_PENDING_RESULT_READY || state == DUCKDB_PENDING_ERROR)
            return true;
        if (qni_clock_monotonic_ns() >= deadline_ns)
            break;
        if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE)
            (void)qni_park(&nobody, 0, QNI_DUCK_NAP_NS);
    }
    duck->api.interrupt(duck->connection);
    return false;
}

static qn_status run_pending(duckdb_result *out, qni_duck *duck, duckdb_pending_result pending, int64_t deadline_ns,
                             qn_error *err)
{
    bool in_time = deadline_ns == 0 || work(duck, pending, deadline_ns);
    memset(out, 0, sizeof *out);
    qn_status s = QN_OK;
    if (duck->api.execute_pending(pending, out) != 0)
        s = qni_duck_error(duck, duck->api.result_error(out), err);
    if (!in_time)
        s = too_long(duck, err);
    if (s != QN_OK)
        duck->api.destroy_result(out);
    return s;
}

/* A transaction in which something failed refuses every statement, this one too. */
static bool is_in_failed_transaction(qni_duck *duck)
{
    duckdb_result result;
    memset(&result, 0, sizeof result);
    bool refused = duck->api.query(duck->connection, "SELECT 1", &result) != 0;
    duck->api.destroy_result(&result);
    return refused;
}

qn_status qni_duck_run(duckdb_result *out, qni_duck *duck, duckdb_prepared_statement prepared, bool stream,
                       int64_t deadline_ns, qn_error *err)
{
    duckdb_pending_result pending = NULL;
    qn_status s;
    duckdb_state state = stream ? duck->api.pending_prepared_streaming(prepared, &pending)
                                : duck->api.pending_prepared(prepared, &pending);
    if (state != 0)
        s = qni_duck_error(duck, pending != NULL ? duck->api.pending_error(pending) : NULL, err);
    else
        s = run_pending(out, duck, pending, deadline_ns, err);
    duck->api.destroy_pending(&pending);
    if (duck->api.prepared_statement_type(prepared) != DUCKDB_STATEMENT_TYPE_TRANSACTION)
        return s;
    if (s == QN_OK)
        duck->in_transaction = !duck->in_transaction;
    else if (duck->in_transaction)
        duck->in_transaction = is_in_failed_transaction(duck);
    return s;
}

/* ---- preparing ---- */

static qn_status prepare_one(duckdb_prepared_statement *out, qni_duck *duck, const char *sql, qn_error *err)
{
    const qni_duck_api *api = &duck->api;
    duckdb_extracted_statements parts = NULL;
    idx_t count = api->extract_statements(duck->connection, sql, &parts);
    const char *wrong = count == 0 && parts != NULL ? api->extract_statements_error(parts) : NULL;
    qn_status s = QN_OK;
    *out = NULL;
    if (wrong != NULL)
        s = qni_duck_error(duck, wrong, err);
    else if (count == 0)
        s = qni_error(err, QN_INVALID, "the text holds no statement");
    else if (count > 1)
        s = qni_error(err, QN_INVALID, QNI_DB_SEVERAL);
    else if (api->prepare_extracted_statement(duck->connection, parts, 0, out) != 0)
        s = qni_duck_error(duck, *out != NULL ? api->prepare_error(*out) : NULL, err);
    api->destroy_extracted(&parts);
    if (s != QN_OK)
        api->destroy_prepare(out);
    return s;
}

/* DuckDB can bind the parameters 1 to as many as there are, and no others. */
static bool are_without_gap(const qni_duck_api *api, duckdb_prepared_statement prepared, int64_t count)
{
    bool all = true;
    for (int64_t i = 0; all && i < count; i++) {
        char *name = api->parameter_name(prepared, (idx_t)i + 1);
        all = name != NULL;
        api->free(name);
    }
    return all;
}

qn_status qni_duck_prepare(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                           qn_error *err)
{
    qni_duck *duck = qni_duck_of(db);
    const qni_duck_api *api = &duck->api;
    duckdb_prepared_statement prepared;
    (void)params;
    (void)param_count;
    *out = NULL;
    qn_status s = prepare_one(&prepared, duck, sql, err);
    if (s != QN_OK)
        return s;
    int64_t count = (int64_t)api->nparams(prepared);
    if (!are_without_gap(api, prepared, count)) {
        api->destroy_prepare(&prepared);
        return qni_error(err, QN_INVALID, "the statement's %" PRId64 " parameters are not $1 to $%" PRId64, count,
                         count);
    }
    qni_duck_statement *st = qni_new(db->allocator, qni_duck_statement);
    duckdb_type *types = qni_alloc(db->allocator, count, sizeof *types);
    if (st == NULL || types == NULL) {
        api->destroy_prepare(&prepared);
        qni_delete(db->allocator, st);
        qni_free(db->allocator, types, count, sizeof *types);
        return qni_refused(err, db->allocator, 0, "a statement of %" PRId64 " parameters", count);
    }
    for (int64_t i = 0; i < count; i++)
        types[i] = api->param_type(prepared, (idx_t)i + 1);
    st->base.db = db;
    st->prepared = prepared;
    st->param_count = count;
    st->param_types = types;
    st->kind = api->prepared_statement_type(prepared);
    *out = &st->base;
    return QN_OK;
}

void qni_duck_finalize(qni_statement *statement)
{
    qni_duck_statement *st = (qni_duck_statement *)statement;
    const qn_allocator *allocator = statement->db->allocator;
    qni_duck_of(statement->db)->api.destroy_prepare(&st->prepared);
    qni_free(allocator, st->param_types, st->param_count, sizeof *st->param_types);
    qni_free(allocator, st->columns, st->column_room, sizeof *st->columns);
    qni_free(allocator, st->bytes, st->byte_room, 1);
    qni_delete(allocator, st);
}

int64_t qni_duck_param_count(const qni_statement *statement)
{
    return ((const qni_duck_statement *)statement)->param_count;
}

/* ---- running ---- */

/* What a statement without rows gives: one chunk with one whole number. */
static qn_status read_changed(qni_duck_statement *st, qni_duck *duck)
{
    const qni_duck_api *api = &duck->api;
    duckdb_data_chunk chunk = api->fetch_chunk(st->result);
    if (chunk != NULL && api->data_chunk_get_size(chunk) == 1) {
        const int64_t *count = api->vector_get_data(api->data_chunk_get_vector(chunk, 0));
        st->changed = *count;
    }
    api->destroy_data_chunk(&chunk);
    return QN_OK;
}

qn_status qni_duck_start(qni_statement *statement, const qn_value *params, int64_t param_count, qn_error *err)
{
    qni_duck_statement *st = (qni_duck_statement *)statement;
    qni_duck *duck = qni_duck_of(statement->db);
    st->changed = 0;
    st->deadline_ns = qni_duck_deadline(duck);
    qn_status s = qni_duck_bind(st, params, param_count, err);
    if (s == QN_OK)
        s = qni_duck_run(&st->result, duck, st->prepared, st->kind == DUCKDB_STATEMENT_TYPE_SELECT, st->deadline_ns,
                         err);
    if (s != QN_OK)
        return s;
    st->has_result = true;
    switch (duck->api.result_return_type(st->result)) {
    case DUCKDB_RESULT_TYPE_QUERY_RESULT:
        st->ended = false;
        return qni_duck_columns(st, err);
    case DUCKDB_RESULT_TYPE_CHANGED_ROWS:
        st->ended = true;
        return st->kind != DUCKDB_STATEMENT_TYPE_CREATE ? read_changed(st, duck) : QN_OK;
    default:
        st->ended = true;
        return QN_OK;
    }
}

/* The next chunk; at the end *more is false. */
static qn_status fetch(bool *more, qni_duck_statement *st, qn_error *err)
{
    qni_duck *duck = qni_duck_of(st->base.db);
    const qni_duck_api *api = &duck->api;
    *more = false;
    st->chunk_size = st->row = 0;
    api->destroy_data_chunk(&st->chunk);
    if (st->ended)
        return QN_OK;
    if (st->deadline_ns != 0 && qni_clock_monotonic_ns() >= st->deadline_ns)
        return too_long(duck, err);
    st->chunk = api->fetch_chunk(st->result);
    if (st->chunk != NULL)
        st->chunk_size = (int64_t)api->data_chunk_get_size(st->chunk);
    if (st->chunk_size == 0) {
        const char *wrong = api->result_error(&st->result);
        if (wrong != NULL && *wrong != '\0')
            return qni_duck_error(duck, wrong, err);
        st->ended = true;
        return QN_OK;
    }
    for (int64_t i = 0; i < st->column_count; i++) {
        qni_duck_column *c = &st->columns[i];
        c->vector = api->data_chunk_get_vector(st->chunk, (idx_t)i);
        c->data = api->vector_get_data(c->vector);
        c->validity = api->vector_get_validity(c->vector);
    }
    if (st->kind != DUCKDB_STATEMENT_TYPE_SELECT)
        st->changed += st->chunk_size;
    *more = true;
    return QN_OK;
}

qn_status qni_duck_ahead(bool *more, qni_duck_statement *st, qn_error *err)
{
    *more = true;
    if (st->row < st->chunk_size)
        return QN_OK;
    qn_status s = fetch(more, st, err);
    return s == QN_OK && *more ? qni_duck_chunk_ready(st, err) : s;
}

qn_status qni_duck_step(bool *more, qni_statement *statement, qn_error *err)
{
    qni_duck_statement *st = (qni_duck_statement *)statement;
    qn_status s = qni_duck_ahead(more, st, err);
    if (s != QN_OK || !*more)
        return s;
    st->row++;
    return qni_duck_row_ready(st, err);
}

int64_t qni_duck_changed(const qni_statement *statement)
{
    const qni_duck_statement *st = (const qni_duck_statement *)statement;
    bool changes = st->kind == DUCKDB_STATEMENT_TYPE_INSERT || st->kind == DUCKDB_STATEMENT_TYPE_UPDATE ||
                   st->kind == DUCKDB_STATEMENT_TYPE_DELETE || st->column_count == 0;
    return changes ? st->changed : 0;
}

void qni_duck_reset(qni_statement *statement)
{
    qni_duck_statement *st = (qni_duck_statement *)statement;
    qni_duck *duck = qni_duck_of(statement->db);
    if (!st->has_result)
        return;
    qni_duck_columns_free(st);
    duck->api.destroy_data_chunk(&st->chunk);
    duck->api.destroy_result(&st->result);
    st->has_result = false;
    st->chunk_size = st->row = 0;
    /* A stream that is left in the middle keeps its transaction until the next statement, and others wait for it. */
    if (!st->ended && !duck->in_transaction && !duck->base.broken)
        (void)is_in_failed_transaction(duck);
}
