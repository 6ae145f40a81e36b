/* store/cache_disk_write.c: a transaction on the index: entries in and out, what has to go, and its end.
 *
 * What has to go is decided as in S3-FIFO (Yang and others, "FIFO queues are all you need for cache eviction", 2023),
 * without its queue of ghosts: entries come on probation; those that are used before their turn to go comes are kept,
 * and come round again as often as they are used. A scan passes through probation alone.
 *
 * Always, between two transactions: the totals are the sums over the ledger; each entry has a row in `ledger` and one
 * in `entries`. One transaction of this process at a time, and SQLite sees to the others. */
#include "store/cache_disk_int.h"

#include "base/folder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- running texts ---- */

static qn_value i64(int64_t value)
{
    return (qn_value){.type = QN_VALUE_I64, .i64 = value};
}

static qn_value name_value(uint64_t name)
{
    return i64((int64_t)name);
}

static qn_value bytes_or_null(const void *bytes, int64_t size)
{
    return bytes == NULL ? qn_value_null() : qn_value_bytes(bytes, size);
}

static qn_status run(qni_disk_change *c, const char *sql, const qn_value *params, int64_t count, qn_error *err)
{
    return qn_db_execute(NULL, c->db, sql, params, count, err);
}

/* ---- going ---- */

static qn_status add_file(qni_disk_change *c, uint64_t name, int64_t number, bool comes, qn_error *err)
{
    const qn_allocator *allocator = c->tier->allocator;
    void *files = c->files;
    if (!qni_grow(allocator, &files, &c->file_capacity, c->file_count + 1, sizeof *c->files))
        return qni_refused(err, allocator, 0, "the files of a cache's transaction");
    c->files = files;
    c->files[c->file_count++] = (qni_disk_file){.name = name, .number = number, .comes = comes};
    return QN_OK;
}

static qn_status retire_file(qni_disk_change *c, uint64_t name, int64_t number, qn_error *err)
{
    qn_status s = add_file(c, name, number, false, err);
    if (s != QN_OK)
        return s;
    const qni_disk_file *file = &c->files[c->file_count - 1];
    qni_disk_path from = qni_disk_file_path(c->tier, file, false), to = qni_disk_file_path(c->tier, file, true);
    (void)qni_folder_move(from.text, to.text); /* it may be gone, or still there */
    return QN_OK;
}

/* What the ledger says of an entry that goes. */
qn_status qni_disk_known(qni_disk_known_row *out, qni_disk_change *c, uint64_t name, qn_error *err)
{
    qn_value key = name_value(name);
    qni_statement *st;
    *out = (qni_disk_known_row){0};
    qn_status s =
        qni_disk_row(&st, c->db, "SELECT size, kept, turn, file, depends FROM ledger WHERE name = $1", &key, 1, err);
    if (s != QN_OK || st == NULL)
        return s;
    *out = (qni_disk_known_row){.there = true,
                                .size = qni_disk_i64(st, 0),
                                .kept = qni_disk_i64(st, 1),
                                .turn = qni_disk_i64(st, 2),
                                .file = qni_disk_i64(st, 3),
                                .depends = qni_disk_i64(st, 4)};
    qni_db_finish(st);
    return QN_OK;
}

/* Takes an entry out of the totals, and what lies beside its two rows. */
static qn_status forget(qni_disk_change *c, uint64_t name, const qni_disk_known_row *r, qn_error *err)
{
    qn_value key = name_value(name);
    qn_status s = QN_OK;
    if (r->depends > 0)
        s = run(c, "DELETE FROM deps WHERE entry = $1", &key, 1, err);
    if (s == QN_OK && r->file > 0)
        s = retire_file(c, name, r->file, err);
    c->entries--;
    c->bytes -= r->size;
    c->probation -= r->kept == 0 ? r->size : 0;
    c->probation_new -= r->kept == 0 && r->turn > c->turn_before ? r->size : 0;
    return s;
}

qn_status qni_disk_drop(int64_t *removed, qni_disk_change *c, uint64_t name, qn_error *err)
{
    qn_value key = name_value(name);
    qni_disk_known_row r = {0};
    qn_status s = qni_disk_window_begin(c, name, err);
    if (s == QN_OK)
        s = qni_disk_known(&r, c, name, err);
    if (s != QN_OK || !r.there)
        return s;
    s = forget(c, name, &r, err);
    if (s == QN_OK)
        s = run(c, "DELETE FROM ledger WHERE name = $1", &key, 1, err);
    if (s == QN_OK)
        s = run(c, "DELETE FROM entries WHERE name = $1", &key, 1, err);
    *removed += s == QN_OK;
    return s;
}

/* One after another: each takes its own row of `deps` away. */
qn_status qni_disk_drop_dependents(int64_t *removed, qni_disk_change *c, uint64_t name, qn_error *err)
{
    for (;;) {
        qn_value target[2] = {name_value(name)};
        qni_statement *st;
        qn_status s = qni_disk_row(&st, c->db, "SELECT entry FROM deps WHERE target = $1 LIMIT 1", target, 1, err);
        if (s != QN_OK || st == NULL)
            return s;
        target[1] = i64(qni_disk_i64(st, 0));
        qni_db_finish(st);
        s = qni_disk_drop(removed, c, (uint64_t)target[1].i64, err);
        if (s == QN_OK) /* where the entry was not there */
            s = run(c, "DELETE FROM deps WHERE target = $1 AND entry = $2", target, 2, err);
        if (s != QN_OK)
            return s;
    }
}

static qn_status retire_all_files(qni_disk_change *c, qn_error *err)
{
    qni_statement *st;
    qn_status s = qni_disk_row(&st, c->db, "SELECT name, file FROM ledger WHERE file > 0", NULL, 0, err);
    bool more = s == QN_OK && st != NULL;
    while (more && s == QN_OK) {
        s = retire_file(c, (uint64_t)qni_disk_i64(st, 0), qni_disk_i64(st, 1), err);
        if (s == QN_OK)
            s = qni_disk_next(&more, st, err);
    }
    if (st != NULL)
        qni_db_finish(st);
    return s;
}

qn_status qni_disk_drop_all(int64_t *removed, qni_disk_change *c, qn_error *err)
{
    qn_status s = qni_disk_window_begin_all(c, err);
    if (s == QN_OK)
        s = retire_all_files(c, err);
    if (s == QN_OK)
        s = run(c, "DELETE FROM ledger", NULL, 0, err);
    if (s == QN_OK)
        s = run(c, "DELETE FROM entries", NULL, 0, err);
    if (s == QN_OK)
        s = run(c, "DELETE FROM deps", NULL, 0, err);
    *removed += c->entries;
    c->entries = 0;
    c->bytes = 0;
    c->probation = 0;
    c->probation_new = 0;
    return s;
}

/* ---- coming ---- */

static qn_status insert_rows(qni_disk_change *c, const qni_record_view *view, const qni_record *record, uint64_t name,
                             int64_t turn, int64_t file, qn_error *err)
{
    int64_t flags = (view->absent ? QNI_DISK_ABSENT : 0) | (view->sealed ? QNI_DISK_SEALED : 0);
    const qn_value entry[] = {name_value(name), i64(file),
                              bytes_or_null(file == 0 ? record->bytes : NULL, record->size)};
    const qn_value ledger[] = {name_value(name),
                               qn_value_bytes(view->key, view->key_size),
                               i64(record->size),
                               i64(turn),
                               i64(file),
                               i64(flags),
                               i64(view->absent ? 0 : (int64_t)view->kind),
                               i64(view->stored_ns),
                               i64(view->deadline.ttl_ns),
                               i64(view->deadline.boot_ns),
                               i64(view->deadline.wall_ns),
                               qn_value_bytes(view->deadline.boot_id, sizeof view->deadline.boot_id),
                               i64(view->depend_count)};
    qn_status s = run(c, "INSERT OR REPLACE INTO entries (name, file, record) VALUES ($1, $2, $3)", entry, 3, err);
    if (s == QN_OK)
        s = run(c,
                "INSERT OR REPLACE INTO ledger (name, key, size, kept, turn, uses, file, flags, kind, stored, ttl, "
                "ends_boot, ends_wall, boot, depends) "
                "VALUES ($1, $2, $3, 0, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                ledger, 13, err);
    for (int64_t i = 0; i < view->depend_count && s == QN_OK; i++) {
        uint64_t target;
        memcpy(&target, (const char *)view->depends + i * (int64_t)sizeof target, sizeof target);
        const qn_value dep[] = {name_value(target), name_value(name)};
        s = run(c, "INSERT OR IGNORE INTO deps (target, entry) VALUES ($1, $2)", dep, 2, err);
    }
    return s;
}

static qn_status write_file(qni_disk_change *c, const qni_record *record, uint64_t name, int64_t turn, qn_error *err)
{
    qn_status s = add_file(c, name, turn, true, err);
    if (s != QN_OK)
        return s;
    qni_disk_path path = qni_disk_file_path(c->tier, &c->files[c->file_count - 1], true);
    (void)qni_folder_drop(path.text); /* what a rebuilt index forgot may be mapped by others: it is not written over */
    s = qni_folder_write(path.text, record->bytes, record->size, err);
    if (s != QN_CREATE)
        return s;
    qni_disk_path folder = qni_disk_path_of(c->tier, "values/moving"); /* somebody has taken it away */
    s = qni_folder_make(folder.text, err);
    return s == QN_OK ? qni_folder_write(path.text, record->bytes, record->size, err) : s;
}

qn_status qni_disk_insert(qni_disk_change *c, const qni_record_view *view, const qni_record *record, uint64_t name,
                          int64_t file_number, qn_error *err)
{
    qni_disk_known_row old;
    qn_status s = qni_disk_known(&old, c, name, err);
    if (s == QN_OK)
        s = qni_disk_window_begin(c, name, err);
    if (s == QN_OK && old.there)
        s = forget(c, name, &old, err);
    int64_t turn = file_number > 0 ? file_number : c->turn + 1;
    c->turn = turn > c->turn ? turn : c->turn;
    if (s == QN_OK && file_number < 0)
        s = write_file(c, record, name, turn, err);
    if (s == QN_OK)
        s = insert_rows(c, view, record, name, turn, file_number != 0 ? turn : 0, err);
    c->entries++;
    c->bytes += record->size;
    c->probation += record->size;
    c->probation_new += record->size;
    return s;
}

qn_status qni_disk_tell(qni_disk_change *c, int64_t kind, uint64_t name, const void *prefix, int64_t prefix_size,
                        qn_error *err)
{
    const qn_value row[] = {i64(++c->seq), name_value(c->tier->who), i64(kind), name_value(name),
                            bytes_or_null(prefix, prefix_size)};
    qn_status s = run(c, "INSERT INTO changes (seq, who, kind, name, prefix) VALUES ($1, $2, $3, $4, $5)", row, 5, err);
    if (s != QN_OK || c->seq % QNI_DISK_CHANGES_TRIM != 0)
        return s;
    qn_value last = i64(c->seq - QNI_DISK_CHANGES);
    return run(c, "DELETE FROM changes WHERE seq <= $1", &last, 1, err);
}

/* ---- what is noted between two transactions ---- */

static void note(_Atomic uint64_t *ring, _Atomic uint32_t *count, uint32_t size, uint64_t name)
{
    uint32_t at = atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    atomic_store_explicit(&ring[at % size], name, memory_order_relaxed);
}

void qni_disk_note_used(qni_disk_tier *tier, uint64_t name)
{
    note(tier->used, &tier->used_count, QNI_DISK_NOTES, name);
}

void qni_disk_note_ended(qni_disk_tier *tier, uint64_t name)
{
    note(tier->ended, &tier->ended_count, QNI_DISK_ENDED, name);
}

static qn_status count_use(qni_disk_change *c, uint64_t name, qn_error *err)
{
    const qn_value params[] = {name_value(name), i64(QNI_DISK_USES_MAX)};
    qni_disk_window_mend(c, name);
    return run(c, "UPDATE ledger SET uses = uses + 1 WHERE name = $1 AND uses < $2", params, 2, err);
}

/* Looks again at one that had ended, was damaged or missing: it may have been put anew since. */
static qn_status end_one(qni_disk_change *c, uint64_t name, qn_error *err)
{
    qni_disk_state state;
    qni_record record;
    qni_record_view view;
    int64_t gone = 0;
    qn_status s = qni_disk_fetch(&state, &record, &view, c->tier, c->db, name, err);
    if (s != QN_OK || state == QNI_DISK_NONE)
        return s;
    bool over = state == QNI_DISK_WHOLE && qni_deadline_left(c->tier->time, &view.deadline) <= 0;
    qni_record_free(&record, c->tier->allocator);
    if (over || state != QNI_DISK_WHOLE)
        s = qni_disk_drop(&gone, c, name, err);
    c->expired += over ? gone : 0;
    return s;
}

/* Takes the names out of a ring, whatever becomes of the transaction: what is forgotten is noted again. */
static qn_status take_notes(qni_disk_change *c, _Atomic uint64_t *ring, _Atomic uint32_t *count, uint32_t size,
                            qn_status (*each)(qni_disk_change *c, uint64_t name, qn_error *err), qn_error *err)
{
    uint32_t noted = atomic_exchange_explicit(count, 0, memory_order_relaxed);
    qn_status s = QN_OK;
    for (uint32_t i = 0; i < size && i < noted; i++) {
        uint64_t name = atomic_exchange_explicit(&ring[i], 0, memory_order_relaxed);
        if (name != 0 && s == QN_OK)
            s = each(c, name, err);
    }
    return s;
}

/* ---- what has to go ---- */

/* A row's columns from `column` on as a deadline: ttl, ends_boot, ends_wall, boot. */
qni_deadline qni_disk_deadline(qni_statement *st, int64_t column)
{
    qni_deadline deadline = {.ttl_ns = qni_disk_i64(st, column),
                             .boot_ns = qni_disk_i64(st, column + 1),
                             .wall_ns = qni_disk_i64(st, column + 2)};
    qn_value boot = st->db->driver->value(st, column + 3);
    if (boot.type == QN_VALUE_BYTES && boot.size == (int64_t)sizeof deadline.boot_id)
        memcpy(deadline.boot_id, boot.bytes, sizeof deadline.boot_id);
    return deadline;
}

/* Entries whose time is over by the wall clock; where by the boot clock it is not, they stay. */
static qn_status sweep(qni_disk_change *c, qn_error *err)
{
    const qni_cache_time *time = c->tier->time;
    qn_value now = i64(time->clock.wall_ns(time->clock.user));
    uint64_t names[QNI_DISK_SWEEP];
    int64_t count = 0, seen = 0;
    qni_statement *st;
    qn_status s = qni_disk_row(&st, c->db,
                               "SELECT name, ttl, ends_boot, ends_wall, boot FROM ledger "
                               "WHERE ttl > 0 AND ends_wall <= $1",
                               &now, 1, err);
    if (s != QN_OK || st == NULL)
        return s;
    for (bool more = true; more && s == QN_OK && seen < QNI_DISK_SWEEP; seen++) {
        qni_deadline deadline = qni_disk_deadline(st, 1);
        if (qni_deadline_left(time, &deadline) <= 0)
            names[count++] = (uint64_t)qni_disk_i64(st, 0);
        s = qni_disk_next(&more, st, err);
    }
    qni_db_finish(st);
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = qni_disk_drop(&c->expired, c, names[i], err);
    return s;
}

/* The entry of a queue whose turn it is: it goes, or comes round again. *none: the queue is empty. */
static qn_status evict_one(bool *none, qni_disk_change *c, int64_t kept, qn_error *err)
{
    qn_value queue = i64(kept);
    int64_t gone = 0;
    qni_statement *st;
    qn_status s = qni_disk_row(&st, c->db, "SELECT name, uses, size FROM ledger WHERE kept = $1 ORDER BY turn LIMIT 1",
                               &queue, 1, err);
    *none = s == QN_OK && st == NULL;
    if (s != QN_OK || st == NULL)
        return s;
    int64_t name = qni_disk_i64(st, 0), uses = qni_disk_i64(st, 1), size = qni_disk_i64(st, 2);
    qni_db_finish(st);
    if (uses > 0) {
        const qn_value again[] = {i64(name), i64(++c->turn), i64(kept == 0 ? 0 : uses - 1)};
        c->probation -= kept == 0 ? size : 0;
        return run(c, "UPDATE ledger SET kept = 1, turn = $2, uses = $3 WHERE name = $1", again, 3, err);
    }
    s = qni_disk_drop(&gone, c, (uint64_t)name, err);
    c->evicted += gone;
    return s;
}

static qn_status evict(qni_disk_change *c, qn_error *err)
{
    int64_t limit = c->tier->bytes;
    qn_status s = c->bytes > limit ? sweep(c, err) : QN_OK;
    while (s == QN_OK && c->bytes > limit) {
        int64_t waiting = c->probation - c->probation_new;
        int64_t kept = waiting <= limit / QNI_DISK_PROBATION_SHARE && c->probation < c->bytes;
        bool none, nothing = false;
        s = evict_one(&none, c, kept, err);
        if (s == QN_OK && none)
            s = evict_one(&nothing, c, !kept, err);
        if (s == QN_OK && nothing)
            s = qni_error(err, QN_DATA, "the totals of a cache's index are not those of its entries");
    }
    return s;
}

/* ---- the transaction ---- */

static qn_status load_totals(qni_disk_change *c, qn_error *err)
{
    qni_statement *st;
    qn_status s = qni_disk_row(&st, c->db, "SELECT entries, bytes, probation, turn, seq FROM totals", NULL, 0, err);
    if (s == QN_OK && st == NULL)
        return qni_error(err, QN_DATA, "a cache's index lacks its totals");
    if (s != QN_OK)
        return s;
    c->entries = qni_disk_i64(st, 0);
    c->bytes = qni_disk_i64(st, 1);
    c->probation = qni_disk_i64(st, 2);
    c->turn = qni_disk_i64(st, 3);
    c->seq = qni_disk_i64(st, 4);
    c->turn_before = c->turn;
    qni_db_finish(st);
    return QN_OK;
}

static qn_status save_totals(qni_disk_change *c, qn_error *err)
{
    const qn_value totals[] = {i64(c->entries), i64(c->bytes), i64(c->probation), i64(c->turn), i64(c->seq)};
    return run(c, "UPDATE totals SET entries = $1, bytes = $2, probation = $3, turn = $4, seq = $5", totals, 5, err);
}

typedef struct transaction {
    qn_status (*body)(void *user, qni_disk_change *change, qn_error *err);
    void *user;
    bool building;
    uint64_t epoch; /* of the index */
} transaction;

static qn_status work(const transaction *t, qni_disk_change *c, qn_error *err)
{
    qni_disk_tier *tier = c->tier;
    qn_status s = QN_OK;
    if (!t->building) {
        qni_disk_window_mend_all(c);
        s = qni_disk_settle_moving(c, err);
    }
    if (s == QN_OK)
        s = load_totals(c, err);
    if (s == QN_OK && tier->bytes >= QNI_DISK_LONG_LOG_FROM)
        s = run(c, "PRAGMA wal_autocheckpoint = " QNI_DISK_LONG_LOG, NULL, 0, err);
    if (s == QN_OK && !t->building)
        s = take_notes(c, tier->used, &tier->used_count, QNI_DISK_NOTES, count_use, err);
    if (s == QN_OK && !t->building)
        s = take_notes(c, tier->ended, &tier->ended_count, QNI_DISK_ENDED, end_one, err);
    if (s == QN_OK && t->body != NULL)
        s = t->body(t->user, c, err);
    if (s == QN_OK)
        s = evict(c, err);
    return s == QN_OK ? save_totals(c, err) : s;
}

/* Before the commit: until it is over, or another writer's begins, everybody looks for changes. One whose process ended
 * in the middle may have committed without counting it. */
static void announce(qni_disk_tier *tier)
{
    if (atomic_exchange(&tier->words->writing, tier->who) != 0)
        (void)atomic_fetch_add(&tier->words->generation, 1);
}

/* After it. What this tier did it need not be told. */
static void publish(qni_disk_tier *tier, bool committed)
{
    uint64_t who = tier->who;
    if (committed) {
        uint64_t before = atomic_fetch_add(&tier->words->generation, 1);
        (void)atomic_compare_exchange_strong(&tier->seen, &before, before + 1);
    }
    (void)atomic_compare_exchange_strong(&tier->words->writing, &who, 0);
}

/* Those of a transaction that fails are moved back while nobody else can write: another would give the same numbers
 * again. */
static void settle_files(qni_disk_change *c, bool committed)
{
    for (int64_t i = 0; i < c->file_count; i++)
        qni_disk_file_settle(c->tier, &c->files[i], committed);
    c->file_count = 0;
}

static void finish(qni_disk_change *c, bool committed)
{
    qni_disk_window_end(c);
    qni_free(c->tier->allocator, c->files, c->file_capacity, sizeof *c->files);
    if (!committed)
        return;
    atomic_store_explicit(&c->tier->entries, c->entries, memory_order_relaxed);
    atomic_store_explicit(&c->tier->bytes_held, c->bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->tier->evicted, c->evicted, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->tier->expired, c->expired, memory_order_relaxed);
}

/* A commit that failed was rolled back at once: its files are for the next transaction. */
static qn_status commit(const transaction *t, qni_disk_change *c, qn_error *err)
{
    qni_disk_tier *tier = c->tier;
    if (!t->building)
        announce(tier);
    qn_status s = qn_db_commit(c->db, err);
    if (!t->building)
        publish(tier, s == QN_OK);
    if (s == QN_OK)
        settle_files(c, true);
    else if (c->file_count > 0)
        atomic_store(&tier->leftovers, true);
    return s;
}

static qn_status transact_on(const transaction *t, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    qni_disk_change c = {.tier = tier, .db = db, .window_done = t->building, .epoch = t->epoch};
    qn_status s = qn_db_begin(db, QN_DB_WRITE, err);
    if (s != QN_OK)
        return s;
    if (!t->building && atomic_load(&tier->words->epoch) != t->epoch) {
        qn_db_rollback(db); /* it was replaced while we waited, and this is run again */
        return QN_OK;
    }
    s = work(t, &c, err);
    if (s != QN_OK) {
        settle_files(&c, false);
        qn_db_rollback(db);
    } else {
        s = commit(t, &c, err);
    }
    finish(&c, s == QN_OK);
    return s;
}

static qn_status transact_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    return transact_on(user, tier, db, err);
}

qn_status qni_disk_transact(qni_disk_tier *tier, qn_status (*body)(void *user, qni_disk_change *change, qn_error *err),
                            void *user, qn_error *err)
{
    transaction t = {.body = body, .user = user};
    if (tier->read_only)
        return qni_error(err, QN_PERMISSION, "the cache in \"%.300s\" was opened to be read only", tier->folder);
    qn_status s = qni_disk_check_folder(tier, err);
    if (s != QN_OK)
        return s;
    qni_lock_take(&tier->writing, NULL);
    s = qni_disk_run(tier, transact_body, &t, &t.epoch, err);
    qni_lock_give(&tier->writing);
    return s;
}

qn_status qni_disk_fill(qni_disk_tier *tier, qn_db *db,
                        qn_status (*body)(void *user, qni_disk_change *change, qn_error *err), void *user,
                        qn_error *err)
{
    transaction t = {.body = body, .user = user, .building = true};
    return transact_on(&t, tier, db, err);
}
