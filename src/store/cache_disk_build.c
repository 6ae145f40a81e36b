/* store/cache_disk_build.c: an index that is made, or made anew from the values, and what is done with the old one.
 *
 * All of it with the folder's lock; qni_disk_start_over takes it itself. */
#include "store/cache_disk_int.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(text)  #text

static const char schema[] =
    "CREATE TABLE entries (name INTEGER PRIMARY KEY, file INTEGER NOT NULL, record BLOB);"
    "CREATE TABLE ledger (name INTEGER PRIMARY KEY, key BLOB NOT NULL, size INTEGER NOT NULL, kept INTEGER NOT NULL,"
    " turn INTEGER NOT NULL, uses INTEGER NOT NULL, file INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, stored INTEGER NOT NULL, ttl INTEGER NOT NULL, ends_boot INTEGER NOT NULL,"
    " ends_wall INTEGER NOT NULL, boot BLOB NOT NULL, depends INTEGER NOT NULL);"
    "CREATE INDEX queues ON ledger (kept, turn);"
    "CREATE INDEX ends ON ledger (ends_wall) WHERE ttl > 0;"
    "CREATE TABLE deps (target INTEGER, entry INTEGER, PRIMARY KEY (target, entry)) WITHOUT ROWID;"
    "CREATE INDEX deps_of ON deps (entry);"
    "CREATE TABLE changes (seq INTEGER PRIMARY KEY, who INTEGER NOT NULL, kind INTEGER NOT NULL, name INTEGER NOT NULL,"
    " prefix BLOB);"
    "CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL, probation INTEGER NOT NULL,"
    " turn INTEGER NOT NULL, seq INTEGER NOT NULL);"
    "INSERT INTO totals VALUES (0, 0, 0, 0, 0);"
    "PRAGMA application_id = " TEXT_OF(QNI_DISK_APPLICATION) ";"
                                                             "PRAGMA user_version = " TEXT_OF(QNI_DISK_VERSION) ";";

/* ---- what is there ---- */

static bool parse_index(uint64_t *out, const char *name)
{
    *out = 0;
    if (strcmp(name, "index.db") == 0)
        return true;
    if (strncmp(name, "index-", 6) != 0 || name[6] < '1' || name[6] > '9')
        return false;
    const char *at = name + 6;
    for (; *at >= '0' && *at <= '9' && at - name < 24; at++)
        *out = *out * 10 + (uint64_t)(*at - '0');
    return strcmp(at, ".db") == 0;
}

static qn_status list_name(void *user, const char *name, qn_error *err)
{
    qni_disk_listing *l = user;
    uint64_t number;
    (void)err;
    if (parse_index(&number, name)) {
        l->newest = !l->any || number > l->newest ? number : l->newest;
        l->any = true;
    } else if (strcmp(name, "lock") != 0 && strcmp(name, "lost+found") != 0) {
        l->others = true;
    }
    return QN_OK;
}

qn_status qni_disk_list(qni_disk_listing *out, const qni_disk_tier *tier, qn_error *err)
{
    *out = (qni_disk_listing){0};
    return qni_file_each(tier->folder, list_name, out, err);
}

/* ---- building ---- */

typedef struct builder {
    qni_disk_tier *tier;
    qni_disk_change *change;
    int64_t highest; /* number of a file */
} builder;

static qn_status build_file(void *user, const qni_disk_file *file, qn_error *err)
{
    builder *b = user;
    qni_disk_tier *tier = b->tier;
    qni_record record;
    qni_record_view view;
    qni_disk_known_row known;
    b->highest = file->number > b->highest ? file->number : b->highest;
    qn_status s = qni_disk_file_read(&record, tier, file, err);
    if (s != QN_OK)
        return s;
    bool good = record.bytes != NULL && qni_record_look(&view, record.bytes, record.size, NULL) == QN_OK &&
                qni_cache_name(view.key, view.key_size) == file->name &&
                qni_deadline_left(tier->time, &view.deadline) > 0;
    if (good) {
        s = qni_disk_known(&known, b->change, file->name, err);
        good = s == QN_OK && (!known.there || known.turn < file->number);
        if (good)
            s = qni_disk_insert(b->change, &view, &record, file->name, file->number, err);
    }
    qni_record_free(&record, tier->allocator);
    if (s == QN_OK && !good)
        qni_disk_file_settle(tier, &(qni_disk_file){.name = file->name, .number = file->number}, true);
    return s;
}

/* What was on its way when the index was damaged: nobody knows from where to where. */
static qn_status drop_moving(void *user, const qni_disk_file *file, qn_error *err)
{
    const builder *b = user;
    (void)err;
    qni_disk_path path = qni_disk_file_path(b->tier, file, true);
    (void)qni_folder_drop(path.text);
    return QN_OK;
}

static qn_status build_body(void *user, qni_disk_change *change, qn_error *err)
{
    builder *b = user;
    qni_disk_walk moving = {.each = drop_moving, .user = b}, values = {.each = build_file, .user = b};
    b->change = change;
    qn_status s = qni_disk_walk_moving(b->tier, &moving, err);
    if (s == QN_OK)
        s = qni_disk_walk_values(b->tier, &values, err);
    /* Who still writes by the old index gives numbers of its own. */
    change->turn = (change->turn > b->highest ? change->turn : b->highest) + (INT64_C(1) << 32);
    return s;
}

static void drop_index(const qni_disk_tier *tier, const char *name)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s%s", name, suffixes[i]);
        qni_disk_path path = qni_disk_path_of(tier, text);
        (void)qni_folder_drop(path.text);
    }
}

/* A new index in the file "building", with all that values/ holds. */
static qn_status fill_new(qni_disk_tier *tier, qn_error *err)
{
    qn_db_options options = {.size = (int64_t)sizeof options, .allocator = tier->allocator};
    builder b = {.tier = tier};
    qn_db *db = NULL;
    drop_index(tier, "building");
    qni_disk_path path = qni_disk_path_of(tier, "building");
    qn_status s = qni_folder_write(path.text, "", 0, err); /* so that it is its owner's alone */
    if (s != QN_OK)
        return s;
    int64_t room;
    char *url = qni_disk_url(&room, tier, path.text, "?mode=rw&journal=delete&synchronous=off");
    if (url == NULL)
        return qni_refused(err, tier->allocator, room, "the index of a cache");
    s = qn_db_open(&db, url, &options, err);
    qni_free(tier->allocator, url, room, 1);
    if (s == QN_OK)
        s = qn_db_script(db, schema, err);
    if (s == QN_OK)
        s = qni_disk_fill(tier, db, build_body, &b, err);
    qn_db_close(db);
    if (s != QN_OK)
        drop_index(tier, "building");
    return s;
}

static const char aside[] = "index.db.damaged-";

static qn_status drop_aside(void *user, const char *name, qn_error *err)
{
    (void)err;
    if (strncmp(name, aside, sizeof aside - 1) == 0) {
        qni_disk_path path = qni_disk_path_of(user, name);
        (void)qni_folder_drop(path.text);
    }
    return QN_OK;
}

static void drop_all_aside(qni_disk_tier *tier)
{
    qn_status s = qni_file_each(tier->folder, drop_aside, tier, NULL);
    (void)s; /* what cannot be deleted stays */
}

/* An index that is no longer used, with its log, in place of an earlier one: for who wants to know what happened to it.
 */
void qni_disk_set_aside(qni_disk_tier *tier, uint64_t epoch)
{
    qni_disk_path from = qni_disk_index_path(tier, epoch, ""), log = qni_disk_index_path(tier, epoch, "-wal");
    qni_disk_path shared = qni_disk_index_path(tier, epoch, "-shm"), to;
    char name[96];
    if (!qni_folder_has(from.text))
        return;
    drop_all_aside(tier);
    (void)snprintf(name, sizeof name, "%s%" PRId64 "-%" PRIu64, aside, qni_clock_wall_ns() / 1000000000, epoch);
    to = qni_disk_path_of(tier, name);
    (void)qni_folder_move(from.text, to.text);
    qni_log(QN_LOG_WARN, "cache", "%s: the index was damaged or replaced: it was set aside as %s", tier->folder, name);
    (void)snprintf(name + strlen(name), sizeof name - strlen(name), "-wal");
    to = qni_disk_path_of(tier, name);
    (void)qni_folder_move(log.text, to.text);
    (void)qni_folder_drop(shared.text);
}

/* With the folder's lock: a new index takes the place of all that are there. */
qn_status qni_disk_build(qni_disk_tier *tier, uint64_t epoch, qn_error *err)
{
    qn_status s = fill_new(tier, err);
    if (s != QN_OK)
        return s;
    qni_disk_path from = qni_disk_path_of(tier, "building"), to = qni_disk_index_path(tier, epoch, "");
    if (!qni_folder_move(from.text, to.text))
        return qni_error(err, QN_IO, "cannot put a new index into \"%.300s\"", tier->folder);
    atomic_store_explicit(&tier->words->epoch, epoch, memory_order_release);
    return QN_OK;
}

typedef struct replacing {
    uint64_t damaged;
    bool done;
    qn_status status;
    qn_error *err;
} replacing;

static qn_status replace(qni_disk_tier *tier, uint64_t damaged, qn_error *err)
{
    qn_status s = qni_disk_build(tier, damaged + 1, err);
    if (s != QN_OK)
        return s;
    qni_disk_set_aside(tier, damaged);
    atomic_fetch_add_explicit(&tier->rebuilt, 1, memory_order_relaxed);
    return QN_OK;
}

/* As long as the damaged one lets itself be locked nobody writes by it, while the files are read. */
static qn_status replace_locked(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    replacing *r = user;
    (void)err;
    bool held = qn_db_begin(db, QN_DB_WRITE, NULL) == QN_OK;
    r->done = true;
    r->status = replace(tier, r->damaged, r->err);
    if (held)
        qn_db_rollback(db);
    return QN_OK;
}

qn_status qni_disk_build_in_place(qni_disk_tier *tier, uint64_t damaged, qn_error *err)
{
    replacing r = {.damaged = damaged, .err = err};
    uint64_t epoch;
    (void)qni_disk_try(&epoch, tier, replace_locked, &r, NULL); /* it may not even be opened */
    return r.done ? r.status : replace(tier, damaged, err);
}

/* ---- starting over ---- */

static qn_status drop_value(void *user, const qni_disk_file *file, qn_error *err)
{
    (void)err;
    qni_disk_path path = qni_disk_file_path(user, file, false);
    (void)qni_folder_drop(path.text);
    return QN_OK;
}

/* The values first: without an index they are what the next one is built from. No room for a new one is no error: there
 * is nothing in it, and whoever needs it builds it. */
static qn_status start_over(qni_disk_tier *tier, qn_error *err)
{
    qni_disk_listing found;
    builder b = {.tier = tier};
    qni_disk_walk values = {.each = drop_value, .user = tier}, moving = {.each = drop_moving, .user = &b};
    qn_status s = qni_disk_walk_values(tier, &values, err);
    if (s == QN_OK)
        s = qni_disk_walk_moving(tier, &moving, err);
    if (s == QN_OK)
        s = qni_disk_list(&found, tier, err);
    if (s != QN_OK)
        return s;
    uint64_t epoch = atomic_load(&tier->words->epoch);
    uint64_t newest = found.any && found.newest > epoch ? found.newest : epoch;
    for (uint64_t i = newest > QNI_DISK_TRIES ? newest - QNI_DISK_TRIES : 0; i <= newest; i++)
        drop_index(tier, qni_disk_index_name(i).text);
    drop_all_aside(tier);
    qni_disk_map_forget_all(tier);
    qni_disk_close_index(tier); /* until then the system keeps its room */
    if (qni_disk_build(tier, newest + 1, NULL) != QN_OK)
        atomic_store_explicit(&tier->words->epoch, newest + 1, memory_order_release);
    return QN_OK;
}

qn_status qni_disk_start_over(int64_t *removed, qni_disk_tier *tier, qn_error *err)
{
    int fd;
    qni_disk_counts counts;
    qni_disk_counts_get(&counts, tier);
    qn_status s = qni_disk_check_folder(tier, err);
    if (s == QN_OK)
        s = qni_disk_lock(&fd, tier, err);
    if (s != QN_OK)
        return s;
    qni_lock_take(&tier->writing, NULL);
    s = start_over(tier, err);
    qni_lock_give(&tier->writing);
    qni_folder_unlock(fd);
    if (s != QN_OK)
        return s;
    *removed = counts.entries;
    atomic_store_explicit(&tier->entries, 0, memory_order_relaxed);
    atomic_store_explicit(&tier->bytes_held, 0, memory_order_relaxed);
    return QN_OK;
}

qn_status qni_disk_lock(int *fd, const qni_disk_tier *tier, qn_error *err)
{
    qni_disk_path path = qni_disk_path_of(tier, "lock");
    return qni_folder_lock(fd, path.text, !tier->read_only, !tier->read_only, QNI_DISK_LOCK_TIMEOUT_MS, err);
}
