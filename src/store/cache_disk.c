/* store/cache_disk.c: the disk tier of a cache: opening, closing, getting, looking.
 *
 * A get reads one row, and a file where the record has one of its own; it writes nothing. What it found out (an entry
 * was used, has ended, is damaged) is noted in memory, and written with the next put. Any thread. */
#include "store/cache_disk_int.h"

#include "base/clock.h"
#include "base/folder.h"
#include "base/hash.h"

#include <inttypes.h>
#include <string.h>

/* ---- opening and closing ---- */

static qn_status check_options(const qni_disk_options *o, qn_error *err)
{
    size_t size = strlen(o->folder);
    if (size == 0)
        return qni_error(err, QN_INVALID, "a cache's folder has no name");
    if (size > QNI_DISK_FOLDER_MAX)
        return qni_error(err, QN_INVALID, "a cache's folder has a name of %zu bytes: %d at most", size,
                         QNI_DISK_FOLDER_MAX);
    if (o->bytes <= 0)
        return qni_error(err, QN_INVALID, "a cache on disk of %" PRId64 " bytes keeps nothing", o->bytes);
    return QN_OK;
}

static uint64_t make_identity(const qni_disk_tier *tier)
{
    uint64_t who = qni_hash_word((uint64_t)qni_clock_monotonic_ns(), (uint64_t)(uintptr_t)tier);
    return qni_hash_word((uint64_t)qni_clock_wall_ns(), who) | 1;
}

static void free_tier(qni_disk_tier *tier)
{
    const qn_allocator *allocator = tier->allocator;
    if (tier->words != NULL)
        qni_disk_close_index(tier);
    qni_disk_window_close(tier);
    qni_disk_maps_free(tier);
    qni_folder_unmap(tier->words, (int64_t)sizeof *tier->words);
    qni_free(allocator, tier->folder, tier->folder_size, 1);
    qni_delete(allocator, tier);
}

qn_status qni_disk_open(qni_disk_tier **out, const qni_disk_options *options, qn_error *err)
{
    *out = NULL;
    qn_status s = check_options(options, err);
    if (s != QN_OK)
        return s;
    const qn_allocator *allocator = options->allocator;
    qni_disk_tier *tier = qni_new(allocator, qni_disk_tier);
    if (tier == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *tier, "a cache on disk");
    tier->allocator = allocator;
    tier->time = options->time;
    tier->bytes = options->bytes;
    tier->read_only = options->read_only;
    tier->who = make_identity(tier);
    tier->folder_size = (int64_t)strlen(options->folder) + 1;
    tier->folder = qni_copy_string(allocator, options->folder, -1);
    tier->maps = qni_disk_maps_new(options->bytes, allocator);
    s = tier->folder != NULL && tier->maps != NULL ? qni_disk_open_folder(tier, err)
                                                   : qni_refused(err, allocator, tier->folder_size, "a cache on disk");
    if (s == QN_OK)
        s = qni_disk_start_changes(tier, err);
    if (s != QN_OK) {
        free_tier(tier);
        return s;
    }
    *out = tier;
    return QN_OK;
}

void qni_disk_close(qni_disk_tier *tier)
{
    if (tier == NULL)
        return;
    bool noted = atomic_load(&tier->used_count) > 0 || atomic_load(&tier->ended_count) > 0;
    if (noted && !tier->read_only)
        (void)qni_disk_transact(tier, NULL, NULL, NULL); /* it only makes later choices better */
    free_tier(tier);
}

/* ---- getting ---- */

static qn_status copy_record(qni_record *out, const qni_disk_tier *tier, const qn_value *value, qn_error *err)
{
    char *bytes = qni_alloc(tier->allocator, value->size + 1, 1);
    if (bytes == NULL)
        return qni_refused(err, tier->allocator, value->size, "a value of a cache");
    memcpy(bytes, value->bytes, (size_t)value->size);
    bytes[value->size] = 0;
    *out = (qni_record){.bytes = bytes, .size = value->size, .room = value->size + 1};
    return QN_OK;
}

/* The row's own record, or in which file it is. */
static qn_status read_row(bool *there, qni_record *out, qni_disk_file *file, const qni_disk_tier *tier, qn_db *db,
                          qn_error *err)
{
    qn_value key = qn_value_i64((int64_t)file->name);
    qni_statement *st;
    *out = (qni_record){0};
    qn_status s = qni_disk_row(&st, db, "SELECT file, record FROM entries WHERE name = $1", &key, 1, err);
    *there = s == QN_OK && st != NULL;
    if (!*there)
        return s;
    file->number = qni_disk_i64(st, 0);
    if (file->number == 0) {
        qn_value record = db->driver->value(st, 1);
        if (record.size > 0)
            s = copy_record(out, tier, &record, err);
        else if (record.type == QN_VALUE_NULL)
            s = qni_disk_next(there, st, err); /* memory was wanting, or the row is damaged */
    }
    qni_db_finish(st);
    *there = true;
    return s;
}

static qni_disk_state judge(qni_record *record, qni_record_view *view)
{
    if (record->bytes == NULL)
        return record->size < 0 ? QNI_DISK_MISSING : QNI_DISK_DAMAGED;
    qn_status s = qni_record_look(view, record->bytes, record->size, NULL);
    if (s == QN_LIMIT)
        return QNI_DISK_NONE; /* a newer Quern's: whole, but not for us */
    return s == QN_OK ? QNI_DISK_WHOLE : QNI_DISK_DAMAGED;
}

/* An index that says where a record is; NULL: what is mapped is not looked at. */
typedef const uint64_t *source;

/* The record in a file. */
static qn_status read_file(qni_disk_state *state, qni_record *out, qni_record_view *view, const qni_disk_tier *tier,
                           const qni_disk_file *file, source epoch, qn_error *err)
{
    qn_status s = QN_OK;
    *state = QNI_DISK_WHOLE;
    if (epoch != NULL && qni_disk_map_find(out, view, tier, file, *epoch))
        return QN_OK;
    if (epoch != NULL)
        s = qni_disk_map_make(out, view, tier, file, *epoch, err);
    if (s != QN_OK || (epoch != NULL && out->bytes != NULL))
        return s;
    s = qni_disk_file_read(out, tier, file, err);
    *state = s == QN_OK ? judge(out, view) : QNI_DISK_NONE;
    return s;
}

/* A file that is gone was replaced with its row, or is lost: the row says which. */
static qn_status fetch(qni_disk_state *state, qni_record *out, qni_record_view *view, qni_disk_file *file, source epoch,
                       const qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    int64_t before = -1;
    for (;;) {
        bool there;
        *state = QNI_DISK_NONE;
        qn_status s = read_row(&there, out, file, tier, db, err);
        if (s != QN_OK || !there)
            return s;
        if (file->number != 0)
            s = read_file(state, out, view, tier, file, epoch, err);
        else
            *state = judge(out, view);
        if (s != QN_OK)
            return s;
        if (*state != QNI_DISK_MISSING || file->number == before)
            break;
        before = file->number;
    }
    if (*state != QNI_DISK_WHOLE)
        qni_record_free(out, tier->allocator);
    return QN_OK;
}

qn_status qni_disk_fetch(qni_disk_state *state, qni_record *out, qni_record_view *view, qni_disk_tier *tier, qn_db *db,
                         uint64_t name, qn_error *err)
{
    qni_disk_file file = {.name = name};
    return fetch(state, out, view, &file, NULL, tier, db, err);
}

typedef struct getting {
    const qni_cache_key *key;
    qni_record *record;
    qni_record_view *view;
    qni_disk_state state;
    uint64_t epoch;
    qni_disk_file file; /* in which it is; number 0: in none */
} getting;

static qn_status get_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    getting *g = user;
    return fetch(&g->state, g->record, g->view, &g->file, &g->epoch, tier, db, err);
}

/* Keeps a record that is whole, where it is the key's and has not ended. */
static void keep_or_drop(getting *g, qni_disk_tier *tier)
{
    const qni_cache_key *key = g->key;
    bool same = g->view->key_size == key->size && memcmp(g->view->key, key->bytes, (size_t)key->size) == 0;
    bool over = qni_deadline_left(tier->time, &g->view->deadline) <= 0;
    if (same && !over) {
        qni_disk_note_used(tier, key->name);
        return;
    }
    qni_record_free(g->record, tier->allocator);
    if (over)
        qni_disk_note_ended(tier, key->name);
}

/* A record that lies in the window, or in a file of which the window knows. */
static bool get_quickly(getting *g, const qni_disk_tier *tier, const qni_disk_mark *mark)
{
    if (qni_disk_window_get(g->record, tier, g->key->name, mark)) {
        if (qni_record_look_on(g->view, g->record->bytes, g->record->size, NULL) == QN_OK)
            return true;
        qni_record_free(g->record, tier->allocator);
    }
    g->file.number = qni_disk_window_file(tier, g->key->name, mark);
    if (g->file.number == 0)
        return false;
    if (read_file(&g->state, g->record, g->view, tier, &g->file, &mark->epoch, NULL) == QN_OK &&
        g->state == QNI_DISK_WHOLE)
        return true;
    qni_record_free(g->record, tier->allocator);
    return false;
}

qn_status qni_disk_get(qni_record *out, qni_record_view *view, qni_disk_tier *tier, const qni_cache_key *key,
                       qn_error *err)
{
    getting g = {.key = key, .record = out, .view = view, .file = {.name = key->name}};
    qni_disk_mark mark = qni_disk_window_mark(tier, key->name);
    *out = (qni_record){0};
    if (get_quickly(&g, tier, &mark)) {
        keep_or_drop(&g, tier);
        return QN_OK;
    }
    g.epoch = atomic_load(&tier->words->epoch);
    qn_status s = qni_disk_run(tier, get_body, &g, NULL, err);
    if (s != QN_OK || g.state == QNI_DISK_NONE)
        return s;
    if (g.state == QNI_DISK_WHOLE) {
        if (g.file.number != 0)
            qni_disk_window_fill_file(tier, key->name, &mark, g.file.number);
        else
            qni_disk_window_fill(tier, key->name, &mark, out);
        keep_or_drop(&g, tier);
        return QN_OK;
    }
    atomic_fetch_add_explicit(&tier->damaged, 1, memory_order_relaxed);
    qni_disk_note_ended(tier, key->name);
    return QN_OK;
}

typedef struct depending {
    const qni_cache_key *key;
    uint64_t *depends;
    int64_t count;
} depending;

static qn_status depends_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    depending *d = user;
    const qn_value key = qn_value_i64((int64_t)d->key->name);
    qni_statement *st;
    (void)tier;
    d->count = -1;
    qn_status s = qni_disk_row(&st, db, "SELECT 1 FROM ledger WHERE name = $1", &key, 1, err);
    if (s != QN_OK || st == NULL)
        return s;
    qni_db_finish(st);
    d->count = 0;
    s = qni_disk_row(&st, db, "SELECT target FROM deps WHERE entry = $1", &key, 1, err);
    for (bool more = s == QN_OK && st != NULL; more && s == QN_OK && d->count < QN_CACHE_DEPENDS_MAX;) {
        d->depends[d->count++] = (uint64_t)qni_disk_i64(st, 0);
        s = qni_disk_next(&more, st, err);
    }
    if (st != NULL)
        qni_db_finish(st);
    return s;
}

qn_status qni_disk_depends(uint64_t *depends, int64_t *count, qni_disk_tier *tier, const qni_cache_key *key,
                           qn_error *err)
{
    depending d = {.key = key, .depends = depends, .count = -1};
    qn_status s = qni_disk_run(tier, depends_body, &d, NULL, err);
    *count = s == QN_OK ? d.count : -1;
    return s;
}

/* ---- looking ---- */

static qn_status count_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    qni_statement *st;
    (void)user;
    qn_status s = qni_disk_row(&st, db, "SELECT entries, bytes FROM totals", NULL, 0, err);
    if (s != QN_OK || st == NULL)
        return s;
    atomic_store_explicit(&tier->entries, qni_disk_i64(st, 0), memory_order_relaxed);
    atomic_store_explicit(&tier->bytes_held, qni_disk_i64(st, 1), memory_order_relaxed);
    qni_db_finish(st);
    return QN_OK;
}

void qni_disk_counts_get(qni_disk_counts *out, qni_disk_tier *tier)
{
    (void)qni_disk_run(tier, count_body, NULL, NULL, NULL); /* else as they were last seen */
    *out = (qni_disk_counts){
        .entries = atomic_load_explicit(&tier->entries, memory_order_relaxed),
        .bytes = atomic_load_explicit(&tier->bytes_held, memory_order_relaxed),
        .evicted = atomic_load_explicit(&tier->evicted, memory_order_relaxed),
        .expired = atomic_load_explicit(&tier->expired, memory_order_relaxed),
        .rebuilt = atomic_load_explicit(&tier->rebuilt, memory_order_relaxed),
        .damaged = atomic_load_explicit(&tier->damaged, memory_order_relaxed),
    };
}

typedef struct showing {
    const void *prefix;
    int64_t prefix_size;
    qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err);
    void *user;
    qn_status stopped; /* by what `show` returned; its error in why */
    qn_error why;
} showing;

static void show_row(showing *g, const qni_disk_tier *tier, qni_statement *st)
{
    qni_deadline deadline = qni_disk_deadline(st, 6);
    int64_t left = qni_deadline_left(tier->time, &deadline), flags = qni_disk_i64(st, 3);
    qn_value key = st->db->driver->value(st, 0);
    if (left <= 0 || key.type != QN_VALUE_BYTES)
        return;
    const qn_cache_entry entry = {
        .key = key.bytes,
        .key_size = key.size,
        .absent = (flags & QNI_DISK_ABSENT) != 0,
        .kind = (qn_datum_kind)qni_disk_i64(st, 4),
        .bytes = qni_disk_i64(st, 1),
        .ttl_left_ms = left == INT64_MAX ? -1 : left / 1000000,
        .stored_ns = qni_disk_i64(st, 5),
        .own_file = qni_disk_i64(st, 2) != 0,
        .sealed = (flags & QNI_DISK_SEALED) != 0,
    };
    g->stopped = g->show(g->user, &entry, &g->why);
}

static qn_status each_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    showing *g = user;
    const qn_value prefix[] = {qn_value_bytes(g->prefix, g->prefix_size), qn_value_i64(g->prefix_size)};
    qni_statement *st;
    qn_status s = qni_disk_row(&st, db,
                               "SELECT key, size, file, flags, kind, stored, ttl, ends_boot, ends_wall, boot "
                               "FROM ledger WHERE $2 = 0 OR substr(key, 1, $2) = $1",
                               prefix, 2, err);
    for (bool more = s == QN_OK && st != NULL; more && s == QN_OK && g->stopped == QN_OK;) {
        show_row(g, tier, st);
        s = qni_disk_next(&more, st, err);
    }
    if (st != NULL)
        qni_db_finish(st);
    return s;
}

qn_status qni_disk_each(qni_disk_tier *tier, const void *prefix, int64_t prefix_size,
                        qn_status (*show)(void *user, const qn_cache_entry *entry, qn_error *err), void *user,
                        qn_error *err)
{
    showing g = {.prefix = prefix, .prefix_size = prefix_size, .show = show, .user = user, .why = qn_error_none()};
    qn_status s = qni_disk_run(tier, each_body, &g, NULL, err);
    if (s == QN_OK && g.stopped != QN_OK && err != NULL)
        *err = g.why;
    return s == QN_OK ? g.stopped : s;
}
