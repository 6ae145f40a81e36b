/* store/async_workers.c: submitted queries by plain threads, each of which takes a connection, runs one query as
 * anybody would, and gives the connection back. */
#include "store/async_int.h"
#include "store/front_int.h"

/* All rows into a table, or to the end of a statement that gives none. */
static qn_status read_all(qni_submission *submission, qn_rows *rows, qn_error *err)
{
    qn_status s = QN_OK;
    if (qn_rows_column_count(rows) > 0)
        s = qn_rows_read(&submission->done.table, rows, -1, err);
    else
        for (bool more = true; s == QN_OK && more;)
            s = qn_rows_next(&more, rows, err);
    submission->done.changed = s == QN_OK ? qn_rows_changed(rows) : 0;
    return s;
}

static qn_status run_on(qni_submission *submission, qn_db *db, qn_error *err)
{
    qn_rows *rows;
    qn_status s = qn_db_query(&rows, db, submission->sql, submission->params, submission->param_count, err);
    if (s != QN_OK)
        return s;
    s = read_all(submission, rows, err);
    qn_rows_close(rows);
    /* Begun by words that nobody recognised: a giver's transaction would be rolled back and logged as forgotten. */
    if (s == QN_OK && !db->broken && db->driver->in_transaction(db)) {
        qn_table_free(submission->done.table);
        submission->done.table = NULL;
        submission->done.changed = 0;
        s = qni_error(err, QN_INVALID,
                      "what is submitted is a transaction of its own and cannot begin another: it was "
                      "rolled back; for a longer one take a connection");
        qni_db_rollback_all(db);
    }
    return s;
}

static void run(qni_async_worker *worker, qni_submission *submission)
{
    qn_dbpool *pool = worker->async->pool;
    qn_error why = qn_error_none();
    qn_db *db;
    qn_status s = qn_dbpool_take(&db, pool, "submitted queries", &why);
    if (s == QN_OK) {
        qni_async_runs_on(worker, db);
        s = run_on(submission, db, &why);
        qni_async_runs_on(worker, NULL);
        qn_dbpool_give(pool, db);
    }
    if (s == QN_INTERRUPTED && qni_service_stopping(worker->service))
        (void)qni_error(&why, QN_CLOSED, "the pool %s was closed while this query ran", qn_dbpool_name(pool));
    if (s != QN_OK)
        qni_submission_fail(submission, &why);
}

void qni_async_work(void *user, qni_service *service)
{
    qni_async_worker *worker = user;
    struct pollfd own;
    while (!qni_service_stopping(service)) {
        qni_submissions taken = qni_async_take(worker, 1);
        if (taken.first != NULL) {
            run(worker, taken.first);
            qni_async_finish(worker->async, &taken);
        } else {
            qni_service_wait(service, &own, 1, -1);
        }
    }
}

const qni_async_engine qni_async_workers = {.one_thread = false, .body = qni_async_work, .refused = NULL};
