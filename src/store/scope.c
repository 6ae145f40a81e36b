/* store/scope.c: transactions and what is nested in them.
 *
 * Always: depth counts scopes; the outermost is the database's transaction, those inside are its savepoints, or only
 * counted where it has none. A scope that failed stays failed until it is left. Leaving a scope by any way but a commit
 * that works undoes it. */
#include "store/front_int.h"

#include <inttypes.h>
#include <stdio.h>

void qni_db_condemn(qn_db *db, const qn_error *why)
{
    if (db->depth == 0 || db->scope_failed[db->depth - 1])
        return;
    db->scope_failed[db->depth - 1] = true;
    if (why != &db->scope_error)
        db->scope_error = *why;
}

/* Runs one of the driver's own texts, %d in it being the number of a savepoint. */
static qn_status control(qn_db *db, const char *format, qn_error *err)
{
    char text[64];
    int64_t at = 0;
    for (const char *p = format; *p != '\0' && at < (int64_t)sizeof text - 16; p++) {
        if (p[0] == '%' && p[1] == 'd') {
            at += snprintf(text + at, sizeof text - (size_t)at, "%" PRId64, db->depth);
            p++;
        } else {
            text[at++] = *p;
        }
    }
    text[at] = '\0';
    return db->driver->control(db, text, err);
}

qn_status qn_db_begin(qn_db *db, qn_db_mode mode, qn_error *err)
{
    const qni_driver *driver = db->driver;
    qn_status s = qni_db_ready(db, err);
    if (s != QN_OK)
        return s;
    if (mode != QN_DB_WRITE && mode != QN_DB_READ)
        return qni_error(err, QN_INVALID, "a transaction has no mode %d", (int)mode);
    if (db->depth >= QNI_DB_DEPTH_MAX)
        return qni_error(err, QN_LIMIT, "more than %d transactions inside one another", QNI_DB_DEPTH_MAX);
    if (db->depth > 0 && db->read_scope && mode == QN_DB_WRITE)
        return qni_error(err, QN_INVALID, "the transaction outside only reads: nothing in it can write");
    if (db->depth == 0 && driver->in_transaction(db))
        return qni_error(err, QN_INVALID,
                         "a transaction that SQL text began is open on this connection: end it in the same way");
    if (db->depth == 0)
        s = control(db, driver->begin[mode], err);
    else if (driver->savepoints)
        s = control(db, driver->savepoint, err);
    if (s != QN_OK)
        return s;
    if (db->depth == 0)
        db->read_scope = mode == QN_DB_READ;
    db->scope_failed[db->depth++] = false;
    return QN_OK;
}

/* Undoes the innermost scope and leaves it. */
static void undo(qn_db *db)
{
    const qni_driver *driver = db->driver;
    qn_error err = qn_error_none();
    qn_status s = QN_OK;
    db->depth--;
    if (db->broken)
        return;
    if (db->depth == 0) {
        if (driver->in_transaction(db))
            s = control(db, driver->rollback, &err);
    } else if (!driver->savepoints) {
        (void)qni_error(&err, QN_DATA, "a transaction inside it was rolled back, and %s has no savepoints",
                        driver->name);
        qni_db_condemn(db, db->scope_failed[db->depth] ? &db->scope_error : &err);
    } else if (!driver->in_transaction(db)) {
        (void)qni_error(&err, QN_DATA, "the database has rolled back the whole transaction");
        qni_db_condemn(db, &err);
    } else {
        s = control(db, driver->rollback_to, &err);
        if (s == QN_OK)
            s = control(db, driver->release, &err);
    }
    if (s != QN_OK)
        db->broken = true;
}

/* Keeps what the innermost scope did, and leaves it; where that fails it is still there. */
static qn_status keep(qn_db *db, qn_error *err)
{
    const qni_driver *driver = db->driver;
    qn_status s = QN_OK;
    db->depth--;
    if (db->depth == 0)
        s = control(db, driver->commit, err);
    else if (driver->savepoints)
        s = control(db, driver->release, err);
    db->depth += s != QN_OK;
    return s;
}

qn_status qn_db_commit(qn_db *db, qn_error *err)
{
    if (db->depth == 0)
        return qni_error(err, QN_INVALID, "no transaction is open: there is nothing to commit");
    if (db->rows != NULL)
        return qni_error(err, QN_BUSY, "rows of a query are open on this connection: close them before committing");
    if (db->scope_failed[db->depth - 1]) {
        if (err != NULL)
            *err = db->scope_error;
        qn_status s = db->scope_error.code;
        undo(db);
        return s;
    }
    qn_status s = qni_db_ready(db, err);
    if (s == QN_OK)
        s = keep(db, err);
    if (s != QN_OK)
        undo(db);
    return s;
}

void qn_db_rollback(qn_db *db)
{
    if (db->rows != NULL)
        qni_rows_detach(db->rows);
    if (db->depth > 0)
        undo(db);
}

int64_t qn_db_depth(const qn_db *db)
{
    return db->depth;
}

void qni_db_rollback_all(qn_db *db)
{
    if (db->rows != NULL)
        qni_rows_detach(db->rows);
    while (db->depth > 0)
        undo(db);
    if (!db->broken && db->driver->in_transaction(db) && control(db, db->driver->rollback, NULL) != QN_OK)
        db->broken = true;
}

qn_status qn_db_transact(qn_db *db, qn_db_mode mode, qn_status (*body)(void *user, qn_db *db, qn_error *err),
                         void *user, qn_error *err)
{
    qn_status s = qn_db_begin(db, mode, err);
    if (s != QN_OK)
        return s;
    int64_t depth = db->depth;
    s = body(user, db, err);
    if (s == QN_OK && db->depth != depth)
        s = qni_error(err, QN_INVALID,
                      db->depth > depth ? "the body of a transaction has left scopes of its own open"
                                        : "the body of a transaction has left the transaction itself");
    else if (s == QN_OK && db->rows != NULL)
        s = qni_error(err, QN_INVALID, "the body of a transaction has left rows of a query open");
    if (s == QN_OK)
        return qn_db_commit(db, err);
    while (db->depth >= depth)
        qn_db_rollback(db);
    return s;
}
