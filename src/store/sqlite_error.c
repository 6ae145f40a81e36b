/* store/sqlite_error.c: SQLite's codes as statuses; waiting for locks, timeouts and interrupts.
 *
 * SQLite's own busy timeout sleeps through an interrupt and past a statement's time: the handler here sleeps on the
 * count of interrupts instead. */
#include "store/sqlite_int.h"

#include "base/clock.h"
#include "base/lock.h"
#include "store/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const int64_t ns_per_ms = 1000000;

void qni_sqlite_begin(qni_sqlite *db)
{
    int64_t timeout_ms = db->base.options.statement_timeout_ms, timeout_ns;
    db->interrupts_seen = atomic_load(&db->interrupts);
    db->timed_out = false;
    db->deadline_ns = INT64_MAX;
    if (timeout_ms > 0 && qni_size_mul(&timeout_ns, timeout_ms, ns_per_ms) &&
        !qni_size_add(&db->deadline_ns, qni_clock_monotonic_ns(), timeout_ns))
        db->deadline_ns = INT64_MAX;
}

bool qni_sqlite_interrupted(const qni_sqlite *db)
{
    return atomic_load_explicit(&db->interrupts, memory_order_relaxed) != db->interrupts_seen;
}

/* The busy handler: 0 gives up. */
static int wait_for_lock(void *user, int count)
{
    qni_sqlite *db = user;
    int64_t now = qni_clock_monotonic_ns(), timeout_ns;
    if (count == 0 && (!qni_size_mul(&timeout_ns, db->base.options.busy_timeout_ms, ns_per_ms) ||
                       !qni_size_add(&db->lock_deadline_ns, now, timeout_ns)))
        db->lock_deadline_ns = INT64_MAX;
    db->timed_out = now >= db->deadline_ns;
    int64_t until = db->deadline_ns < db->lock_deadline_ns ? db->deadline_ns : db->lock_deadline_ns;
    if (now >= until || qni_sqlite_interrupted(db))
        return 0;
    int64_t pause_ns = QNI_SQLITE_PAUSE_MAX_NS;
    if (count < QNI_SQLITE_PAUSE_DOUBLINGS)
        pause_ns >>= QNI_SQLITE_PAUSE_DOUBLINGS - count;
    (void)qni_park(&db->interrupts, db->interrupts_seen, pause_ns < until - now ? pause_ns : until - now);
    return 1;
}

/* The progress handler: not 0 ends the statement. SQLite's own note of an interrupt is lost where that comes just
 * before the first step. */
static int watch(void *user)
{
    qni_sqlite *db = user;
    if (db->deadline_ns != INT64_MAX)
        db->timed_out = qni_clock_monotonic_ns() >= db->deadline_ns;
    return db->timed_out || qni_sqlite_interrupted(db);
}

void qni_sqlite_watch(qni_sqlite *db)
{
    (void)db->api.busy_handler(db->handle, wait_for_lock, db);
    db->api.progress_handler(db->handle, QNI_SQLITE_WATCH_STEPS, watch, db);
}

void qni_sqlite_interrupt(qn_db *base)
{
    qni_sqlite *db = qni_sqlite_of(base);
    (void)atomic_fetch_add(&db->interrupts, 1);
    qni_unpark(&db->interrupts, 1);
    db->api.interrupt(db->handle);
}

/* SQLITE_ERROR says only in words what it is. What cannot be told from them is a fault of the text while that is
 * compiled, and of a value later. */
static qn_status status_of_words(const char *text, bool compiling)
{
    static const struct {
        const char *words;
        bool first; /* the text begins with them; else they stand anywhere */
        qn_status status;
    } known[] = {
        {"near \"", true, QN_SYNTAX},
        {"unrecognized token", true, QN_SYNTAX},
        {"no such ", false, QN_NAME},
        {" has no column named ", false, QN_NAME},
        {"unknown database", true, QN_NAME},
        {"unable to identify the object", true, QN_NAME},
        {" already another table ", false, QN_DATA},
        {"not authorized", true, QN_PERMISSION},
        {" may not be modified", false, QN_PERMISSION},
        {"unsupported file format", true, QN_DATA},
        {" already exists", false, QN_DATA},
        {"too many ", true, QN_LIMIT},
        {" too large", false, QN_LIMIT},
        {" too big", false, QN_LIMIT},
        {"cannot commit", true, QN_INVALID},
        {"cannot rollback", true, QN_INVALID},
        {" within a transaction", false, QN_INVALID},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const char *at = strstr(text, known[i].words);
        if (at != NULL && (at == text || !known[i].first))
            return known[i].status;
    }
    return compiling ? QN_SYNTAX : QN_DATA;
}

static qn_status status_of_errno(int number)
{
    return number == EACCES || number == EPERM || number == EROFS ? QN_PERMISSION : QN_IO;
}

static qn_status stopped(const qni_sqlite *db, qn_status otherwise)
{
    if (db->timed_out)
        return QN_TIMEOUT;
    return qni_sqlite_interrupted(db) ? QN_INTERRUPTED : otherwise;
}

static qn_status status_of(const qni_sqlite *db, int code, bool compiling)
{
    static const struct {
        int code;
        qn_status status;
    } known[] = {
        {SQLITE_READONLY_DBMOVED, QN_CLOSED},
        {SQLITE_IOERR_NOMEM, QN_NOMEM},
        {SQLITE_IOERR_CORRUPTFS, QN_DATA},
        {SQLITE_PERM, QN_PERMISSION},
        {SQLITE_READONLY, QN_PERMISSION},
        {SQLITE_AUTH, QN_PERMISSION},
        {SQLITE_LOCKED, QN_BUSY},
        {SQLITE_SCHEMA, QN_BUSY},
        {SQLITE_PROTOCOL, QN_BUSY},
        {SQLITE_NOMEM, QN_NOMEM},
        {SQLITE_IOERR, QN_IO},
        {SQLITE_FULL, QN_IO},
        {SQLITE_NOLFS, QN_LIMIT},
        {SQLITE_TOOBIG, QN_LIMIT},
        {SQLITE_CONSTRAINT, QN_DATA},
        {SQLITE_MISMATCH, QN_DATA},
        {SQLITE_CORRUPT, QN_DATA},
        {SQLITE_NOTADB, QN_DATA},
        {SQLITE_FORMAT, QN_DATA},
        {SQLITE_ABORT, QN_DATA},
        {SQLITE_RANGE, QN_INVALID},
    };
    switch (code & 0xFF) {
    case SQLITE_ERROR:
        return status_of_words(db->api.errmsg(db->handle), compiling);
    case SQLITE_BUSY:
        return stopped(db, QN_BUSY);
    case SQLITE_INTERRUPT:
        return stopped(db, QN_INTERRUPTED);
    case SQLITE_CANTOPEN:
        return status_of_errno(db->api.system_errno(db->handle));
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].code == code || known[i].code == (code & 0xFF))
            return known[i].status;
    }
    return QN_INTERNAL;
}

/* What SQLite's own text leaves unsaid. */
static const char *advice(const qni_sqlite *db, int code, qn_status status)
{
    if (code == SQLITE_READONLY_DBMOVED)
        return ": its file was moved, replaced or deleted";
    if (code == SQLITE_READONLY_DIRECTORY)
        return ": the folder cannot be written, and SQLite keeps its journal there beside the file";
    if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY)
        return ": who wrote to it last did not come to an end, and only one who may write can put it in order: open "
               "it once for writing";
    if (status == QN_BUSY && (code & 0xFF) == SQLITE_BUSY)
        return ": another connection holds it, and busy_timeout_ms has passed";
    if ((code & 0xFF) == SQLITE_CORRUPT)
        return ": the file is damaged";
    int why = (code & 0xFF) == SQLITE_IOERR ? db->api.system_errno(db->handle) : 0;
    if (why == EFBIG)
        return ": the file would be larger than this process may write";
    if (why == EISDIR)
        return ": this is a folder";
    return "";
}

qn_status qni_sqlite_fail(qni_sqlite *db, int code, bool compiling, qn_error *err)
{
    int offset = db->api.error_offset != NULL ? db->api.error_offset(db->handle) : -1;
    qn_status s = status_of(db, code, compiling || offset >= 0);
    char limit[96];
    (void)snprintf(limit, sizeof limit, "the statement took longer than its limit of %" PRId64 " ms",
                   db->base.options.statement_timeout_ms);
    const char *words = s == QN_INTERRUPTED ? "interrupted" : s == QN_TIMEOUT ? limit : db->api.errmsg(db->handle);
    if (code == SQLITE_READONLY_DBMOVED)
        db->base.broken = true;
    (void)qni_error_at(err, s, NULL, 0, offset >= 0 ? offset + 1 : 0, "%.400s%s (%s)", words, advice(db, code, s),
                       db->base.shown);
    if (err != NULL)
        err->native = code;
    return qni_failed(s);
}
