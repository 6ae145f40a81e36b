/* store/migrate.c: applying migrations and undoing them.
 *
 * Always: a migration and its row of the journal are one transaction, which begins by taking the lock under which the
 * journal is read again: PostgreSQL's advisory lock, SQLite's lock for writing. DuckDB has none: of two that apply the
 * same one, one fails, looks again, and finds it done. */
#include "store/migrate_int.h"

#include "base/clock.h"
#include "base/lock.h"
#include "base/options.h"
#include "base/utf8.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The advisory lock's number: "quernmig" in ASCII. */
static const int64_t lock_number = INT64_C(0x717565726e6d6967);

enum {
    SEARCH_PATH_SIZE = 1024
};

/* What one call works on. */
typedef struct work {
    qn_db *db;
    const qn_migrations *migrations;
    const qni_dialect *dialect;
    qn_migrate_options options;
    const qn_allocator *allocator;
    bool down;
    int64_t to;                   /* up: the last to apply; down: the last to stay */
    int64_t deadline_ns;          /* of waiting for others */
    const qni_migration *current; /* the one under way; NULL: none */
    int64_t highest;              /* applied, when the transaction under way began */
    bool escaped;                 /* the text ended its transaction */
    char search_path[SEARCH_PATH_SIZE];
} work;

void qn_migrate_options_init(qn_migrate_options *out, int64_t size)
{
    qni_options_init(out, size);
}

/* ---- looking ---- */

/* Also inside a transaction. */
static qn_status look(qn_migrate_report **out, qni_journal *journal, qn_db *db, const qn_migrations *migrations,
                      const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    qn_status s = qni_journal_read(journal, db, allocator, err);
    return s == QN_OK ? qni_report_make(out, migrations, journal, allocator, err) : s;
}

qn_status qn_migrate_status(qn_migrate_report **out, qn_db *db, const qn_migrations *migrations, qn_error *err)
{
    *out = NULL;
    qni_journal journal = {0};
    qn_status s = qn_db_begin(db, QN_DB_READ, err);
    if (s != QN_OK)
        return s;
    s = look(out, &journal, db, migrations, migrations->allocator, err);
    qni_journal_free(&journal);
    qn_db_rollback(db);
    return s;
}

/* The next to apply or to undo; NULL: none is left. */
static const qn_migration_entry *next_of(const qn_migrate_report *report, bool down, int64_t to)
{
    const qn_migration_entry *found = NULL;
    for (int64_t i = 0; i < report->count; i++) {
        const qn_migration_entry *e = &report->entries[i].shown;
        if (!down && e->state == QN_MIGRATION_PENDING && e->number <= to)
            return e;
        if (down && qni_is_applied(e->state) && e->number > to)
            found = e;
    }
    return found;
}

/* ---- before anything is done ---- */

static const char *text_of(const work *w, const qni_migration *m)
{
    return w->down ? m->down : m->up;
}

static qn_status check_text(const work *w, const qni_migration *m, qn_error *err)
{
    const char *file = w->down ? m->down_file : m->up_file, *text = text_of(w, m);
    if (text == NULL)
        return qni_error_at(err, QN_DATA, m->up_file, 0, 0,
                            "migration %" PRId64 " \"%s\" cannot be rolled back: it has no down text", m->shown.number,
                            m->name);
    qni_sql_summary summary = qni_sql_scan(text, w->dialect->sqlite);
    if (summary.statement_count == 0 && !w->down)
        return qni_error_at(err, QN_DATA, file, 0, 0, "migration %" PRId64 " \"%s\" has no statement", m->shown.number,
                            m->name);
    if (summary.control < 0)
        return QN_OK;
    int64_t line, column;
    qni_sql_place(&line, &column, text, summary.control);
    return qni_error_at(err, QN_DATA, file, line, column,
                        "migration %" PRId64 " \"%s\": %.*s: a migration is one transaction, which its text neither "
                        "begins nor ends",
                        m->shown.number, m->name, (int)summary.control_size, text + summary.control);
}

/* Whether all that is to be done can be begun. */
static qn_status check_all(work *w, const qn_migrate_report *report, qn_error *err)
{
    qn_status s = qni_report_check(report, qn_db_url(w->db), err);
    for (int64_t i = 0; s == QN_OK && i < report->count; i++) {
        const qn_migration_entry *e = &report->entries[i].shown;
        bool meant = w->down ? e->state == QN_MIGRATION_APPLIED && e->number > w->to
                             : e->state == QN_MIGRATION_PENDING && e->number <= w->to;
        if (meant)
            s = check_text(w, qni_migrations_find(w->migrations, e->number), err);
    }
    return s;
}

/* The highest below the highest applied; 0: none. */
static int64_t second_highest(const qn_migrate_report *report)
{
    int64_t second = 0;
    for (int64_t i = 0; i < report->count; i++) {
        const qn_migration_entry *e = &report->entries[i].shown;
        if (qni_is_applied(e->state) && e->number < report->highest)
            second = e->number;
    }
    return second;
}

/* What `to` stands for: settled once, so that two who mean to undo the same one do not undo two. */
static qn_status settle_target(work *w, const qn_migrate_report *report, int64_t to, qn_error *err)
{
    w->to = to;
    if (to == -1) {
        w->to = w->down ? second_highest(report) : INT64_MAX;
        return QN_OK;
    }
    bool known = (to == 0 && w->down) || qni_migrations_find(w->migrations, to) != NULL;
    if (!known)
        return qni_error(err, QN_INVALID, "there is no migration %" PRId64 ": the last is %" PRId64, to,
                         report->highest_known);
    if (!w->down && to < report->highest)
        return qni_error(err, QN_INVALID, "%s is at %" PRId64 ", above %" PRId64 ": rolling back leads there",
                         qn_db_url(w->db), report->highest, to);
    return QN_OK;
}

/* ---- one migration ---- */

static int64_t left_ms(const work *w)
{
    int64_t left = (w->deadline_ns - qni_clock_monotonic_ns()) / 1000000;
    return left > 0 ? left : 0;
}

/* The first two columns of a query's only row, as zero-terminated texts. */
static qn_status ask(char *first, char *second, int64_t capacity, qn_db *db, const char *sql, qn_error *err)
{
    qn_rows *rows;
    bool more = false;
    qn_status s = qn_db_query(&rows, db, sql, NULL, 0, err);
    if (s != QN_OK)
        return s;
    s = qn_rows_next(&more, rows, err);
    char *out[] = {first, second};
    for (int64_t i = 0; i < 2 && s == QN_OK && more; i++) {
        qn_value v = qn_rows_value(rows, i);
        if (v.size >= capacity)
            s = qni_error(err, QN_LIMIT, "%s: a setting of more than %" PRId64 " bytes", qn_db_url(db), capacity);
        else
            memcpy(out[i], v.bytes != NULL ? v.bytes : "", (size_t)v.size + 1);
    }
    qn_rows_close(rows);
    return s;
}

static qn_status configure(qn_db *db, const char *sql, const char *value, qn_error *err)
{
    const qn_value text = qn_value_text(value, -1);
    return qn_db_execute(NULL, db, sql, &text, 1, err);
}

/* PostgreSQL: waits until no other migrates. What is read afterwards is newer than the lock, for a statement of
 * READ COMMITTED sees what was committed when it began. */
static qn_status take_lock(work *w, qn_error *err)
{
    static const char set_timeout[] = "SELECT set_config('lock_timeout', $1, true)";
    qn_db *db = w->db;
    char before[SEARCH_PATH_SIZE], timeout[32];
    qn_status s = qn_db_execute(NULL, db, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", NULL, 0, err);
    if (s == QN_OK)
        s = ask(before, w->search_path, SEARCH_PATH_SIZE, db,
                "SELECT current_setting('lock_timeout'), current_setting('search_path')", err);
    int64_t left = left_ms(w);
    (void)snprintf(timeout, sizeof timeout, "%" PRId64 "ms", left > 0 ? left : 1); /* 0 would be for ever */
    if (s == QN_OK)
        s = configure(db, set_timeout, timeout, err);
    const qn_value number = qn_value_i64(lock_number);
    if (s == QN_OK)
        s = qn_db_execute(NULL, db, "SELECT pg_advisory_xact_lock($1)", &number, 1, err);
    if (s == QN_OK)
        s = configure(db, set_timeout, before, err);
    return s;
}

/* The text in a scope of its own: a text that ended the transaction after all, and perhaps began another, has ended
 * that scope as well, which then cannot be left. */
static qn_status run_inside(work *w, qn_error *err)
{
    qn_db *db = w->db;
    qn_status s = qn_db_begin(db, QN_DB_WRITE, err);
    if (s != QN_OK)
        return s;
    s = qn_db_script(db, text_of(w, w->current), err);
    if (s == QN_OK && w->dialect->server)
        s = configure(db, "SELECT set_config('search_path', $1, false)", w->search_path, err);
    if (s != QN_OK) {
        qn_db_rollback(db);
        return s;
    }
    s = qn_db_commit(db, err);
    w->escaped =
        s == QN_INVALID || s == QN_SYNTAX || s == QN_NAME || s == QN_DATA; /* and not: the connection is lost */
    return s;
}

static qn_status one(void *user, qn_db *db, qn_error *err)
{
    work *w = user;
    qni_journal journal = {0};
    qn_migrate_report *report = NULL;
    qn_status s = w->dialect->server ? take_lock(w, err) : QN_OK;
    if (s == QN_OK)
        s = look(&report, &journal, db, w->migrations, w->allocator, err);
    if (s == QN_OK)
        s = check_all(w, report, err);
    const qn_migration_entry *next = s == QN_OK ? next_of(report, w->down, w->to) : NULL;
    if (next != NULL) {
        w->highest = report->highest;
        w->current = qni_migrations_find(w->migrations, next->number);
        s = run_inside(w, err);
        if (s == QN_OK)
            s = w->down ? qni_journal_remove(&journal, db, next->number, err)
                        : qni_journal_add(&journal, db, w->current, err);
    }
    qn_migrate_report_free(report);
    qni_journal_free(&journal);
    return s;
}

/* ---- what a failure says ---- */

/* What the database cannot do inside a transaction. */
static bool needs_no_transaction(const work *w, const qn_error *e)
{
    if (w->dialect->server)
        return e->native == qn_sqlstate_pack("25001");
    return strstr(e->message, "within a transaction") != NULL;
}

/* The database's sentence, with the migration before it and what holds now behind. */
static void explain(const work *w, qn_error *e)
{
    const qni_migration *m = w->current;
    const char *file = w->down ? m->down_file : m->up_file;
    bool escaped = w->escaped || strstr(e->message, "ended the transaction") != NULL; /* as qn_db_script says it */
    qn_status code = escaped || e->code == QN_INVALID ? QN_DATA : e->code; /* the text is wrong, not the call */
    int64_t line = e->line, column = e->column;
    if (line == 0 && column > 0)
        qni_sql_place(&line, &column, text_of(w, m), column - 1);
    int64_t size = qni_utf8_cut(e->message, (int64_t)strlen(e->message), QNI_MIGRATE_CAUSE_SIZE);
    char cause[sizeof e->message], rest[128];
    memcpy(cause, e->message, (size_t)size);
    cause[size] = '\0';
    if (escaped) {
        (void)snprintf(cause, sizeof cause, "its text ended the transaction in which it ran");
        (void)snprintf(rest, sizeof rest, "What it did may stay, and the journal lacks it");
    } else if (needs_no_transaction(w, e)) {
        (void)snprintf(rest, sizeof rest,
                       "A migration is one transaction: do that by itself (quern sql). Nothing of it stays");
    } else {
        (void)snprintf(rest, sizeof rest, "Nothing of it stays: the store is at %" PRId64 " as before", w->highest);
    }
    int native = e->native;
    (void)qni_error_at(e, code, file, line, column, "migration %" PRId64 " \"%s\": %s. %s", m->shown.number, m->name,
                       cause, rest);
    e->native = native;
}

/* ---- all of them ---- */

/* Whether another has meanwhile done what failed here. */
static bool is_done(const work *w)
{
    qn_migrate_report *report;
    bool done = false;
    if (qn_db_is_broken(w->db) || qn_migrate_status(&report, w->db, w->migrations, NULL) != QN_OK)
        return false;
    for (int64_t i = 0; i < report->count; i++) {
        const qn_migration_entry *e = &report->entries[i].shown;
        if (e->number == w->current->shown.number)
            done = qni_is_applied(e->state) != w->down;
    }
    qn_migrate_report_free(report);
    return done;
}

/* Some milliseconds, for a lock that nobody tells us about. */
static void pause_a_moment(void)
{
    _Atomic uint32_t never = 0;
    (void)qni_park(&never, 0, QNI_MIGRATE_RETRY_MS * INT64_C(1000000));
}

/* One migration, waiting for others as long as may be. w->current is NULL afterwards where none was left. */
static qn_status step(work *w, qn_error *err)
{
    int64_t timeout_ms = w->options.lock_timeout_ms;
    w->deadline_ns = qni_clock_monotonic_ns() + (timeout_ms > 0 ? timeout_ms * INT64_C(1000000) : 0);
    for (;;) {
        w->current = NULL;
        qn_error e = qn_error_none();
        qn_status s = qn_db_transact(w->db, QN_DB_WRITE, one, w, &e);
        if (s == QN_OK)
            return s;
        if (s == QN_BUSY && left_ms(w) > 0 && !qn_db_is_broken(w->db)) {
            pause_a_moment();
            continue;
        }
        if (w->current != NULL && w->dialect->optimistic && is_done(w))
            continue;
        if (w->current != NULL)
            explain(w, &e);
        else if (s == QN_BUSY)
            (void)qni_error(&e, s,
                            "%s is locked, perhaps by others that migrate it, and was not free in %" PRId64 " ms",
                            qn_db_url(w->db), timeout_ms > 0 ? timeout_ms : 0);
        if (err != NULL)
            *err = e;
        return e.code;
    }
}

static qn_status take_options(qn_migrate_options *out, const qn_migrate_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(out, (int64_t)sizeof *out, given, "qn_migrate_options", err);
    if (s == QN_OK && (out->lock_timeout_ms < -1 || out->lock_timeout_ms > INT64_MAX / 2000000))
        s = qni_error(err, QN_INVALID, "%" PRId64 " is no time to wait, in milliseconds", out->lock_timeout_ms);
    if (s == QN_OK && out->lock_timeout_ms == 0)
        out->lock_timeout_ms = QNI_MIGRATE_LOCK_TIMEOUT_MS;
    return s;
}

/* A first look takes no lock: a store that is as it should be, perhaps one that can only be read, is left alone. */
static qn_status begin(work *w, bool *any, int64_t to, qn_error *err)
{
    qn_migrate_report *report;
    qn_status s = qn_migrate_status(&report, w->db, w->migrations, err);
    if (s != QN_OK)
        return s;
    s = qni_report_check(report, qn_db_url(w->db), err);
    if (s == QN_OK)
        s = settle_target(w, report, to, err);
    if (s == QN_OK)
        s = check_all(w, report, err);
    *any = s == QN_OK && next_of(report, w->down, w->to) != NULL;
    qn_migrate_report_free(report);
    return s;
}

static qn_status run(int64_t *count, work *w, int64_t to, const qn_migrate_options *options, qn_error *err)
{
    int64_t unwanted = 0;
    bool any = false;
    count = count != NULL ? count : &unwanted;
    *count = 0;
    qn_status s = take_options(&w->options, options, err);
    if (s != QN_OK)
        return s;
    if (qn_db_depth(w->db) > 0)
        return qni_error(err, QN_INVALID, "a transaction is open on this connection: migrations make their own");
    w->allocator = w->migrations->allocator;
    w->dialect = qni_dialect_of(w->db);
    s = begin(w, &any, to, err);
    while (s == QN_OK && any) {
        s = step(w, err);
        any = w->current != NULL;
        if (s == QN_OK && any) {
            ++*count;
            if (w->options.done != NULL)
                w->options.done(w->options.user, &w->current->shown);
        }
    }
    return s;
}

qn_status qn_migrate(int64_t *count, qn_db *db, const qn_migrations *migrations, int64_t to,
                     const qn_migrate_options *options, qn_error *err)
{
    work w = {.db = db, .migrations = migrations};
    return run(count, &w, to, options, err);
}

qn_status qn_migrate_rollback(int64_t *count, qn_db *db, const qn_migrations *migrations, int64_t to,
                              const qn_migrate_options *options, qn_error *err)
{
    work w = {.db = db, .migrations = migrations, .down = true};
    return run(count, &w, to, options, err);
}
