/* store/cache_disk_verify.c: every value read, every file looked for, the index itself looked at.
 *
 * Names are listed first and then looked at one by one, so that nobody who writes meanwhile has to wait. */
#include "store/cache_disk_int.h"

#include "base/folder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct verification {
    qni_disk_tier *tier;
    const qni_record_keys *keys;
    bool repair;
    qn_status (*told)(void *user, const char *sentence, qn_error *err);
    void *user;
    qn_cache_report report;
    uint64_t *names; /* (name_count) of name_capacity */
    int64_t name_count, name_capacity;
} verification;

static QN_PRINTF(3, 4) qn_status tell(verification *v, qn_error *err, const char *format, ...)
{
    char sentence[QNI_DISK_SENTENCE_SIZE];
    va_list args;
    if (v->told == NULL)
        return QN_OK;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return v->told(v->user, sentence, err);
}

/* ---- the index ---- */

static qn_status integrity_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    bool *good = user;
    qni_statement *st;
    (void)tier;
    qn_status s = qni_disk_row(&st, db, "PRAGMA integrity_check(1)", NULL, 0, err);
    if (s != QN_OK || st == NULL)
        return s;
    qn_value said = db->driver->value(st, 0);
    *good = said.type == QN_VALUE_TEXT && said.size == 2 && memcmp(said.bytes, "ok", 2) == 0;
    qni_db_finish(st);
    return QN_OK;
}

static qn_status totals_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    bool *good = user;
    qni_statement *st;
    (void)tier;
    qn_status s = qni_disk_row(&st, db,
                               "SELECT (SELECT count(*) FROM entries) = entries AND (SELECT count(*) FROM ledger) = "
                               "entries AND (SELECT coalesce(sum(size), 0) FROM ledger) = bytes AND "
                               "(SELECT coalesce(sum(size), 0) FROM ledger WHERE kept = 0) = probation AND "
                               "(SELECT count(*) FROM ledger JOIN entries USING (name, file)) = entries FROM totals",
                               NULL, 0, err);
    *good = s == QN_OK && st != NULL && qni_disk_i64(st, 0) == 1;
    if (st != NULL)
        qni_db_finish(st);
    return s;
}

/* Of an index that can only be read, and not even that. *damaged: it is. */
static qn_status verify_read_only(bool *damaged, verification *v, qn_error *err)
{
    bool good;
    uint64_t epoch = atomic_load(&v->tier->words->epoch);
    qn_error why = qn_error_none();
    qn_status s = qni_disk_try(&epoch, v->tier, integrity_body, &good, &why);
    if (s == QN_OK)
        s = qni_disk_try(&epoch, v->tier, totals_body, &good, &why);
    *damaged = s != QN_OK && qni_disk_means_damage(v->tier, epoch, &why);
    v->report.index_damaged = *damaged;
    return *damaged ? tell(v, err, "the index is damaged: %s", why.message) : QN_OK;
}

static qn_status verify_index(verification *v, qn_error *err)
{
    bool whole = false, sums = false;
    int64_t rebuilt = atomic_load(&v->tier->rebuilt);
    qn_status s = qni_disk_run(v->tier, integrity_body, &whole, NULL, err);
    if (s == QN_OK && whole)
        s = qni_disk_run(v->tier, totals_body, &sums, NULL, err);
    if (s != QN_OK)
        return s;
    v->report.index_damaged = !whole || !sums || atomic_load(&v->tier->rebuilt) != rebuilt;
    if (!v->report.index_damaged)
        return QN_OK;
    s = tell(v, err, "the index is damaged: %s",
             whole ? "its totals are not those of its entries" : "it is inconsistent");
    return s == QN_OK && v->repair && (!whole || !sums) ? qni_disk_rebuild(v->tier, err) : s;
}

/* ---- values ---- */

static qn_status list_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    verification *v = user;
    qni_statement *st;
    v->name_count = 0;
    qn_status s = qni_disk_row(&st, db, "SELECT name FROM ledger", NULL, 0, err);
    for (bool more = s == QN_OK && st != NULL; more && s == QN_OK;) {
        void *names = v->names;
        if (!qni_grow(tier->allocator, &names, &v->name_capacity, v->name_count + 1, sizeof *v->names)) {
            s = qni_refused(err, tier->allocator, 0, "the names of a cache's entries");
            break;
        }
        v->names = names;
        v->names[v->name_count++] = (uint64_t)qni_disk_i64(st, 0);
        s = qni_disk_next(&more, st, err);
    }
    if (st != NULL)
        qni_db_finish(st);
    return s;
}

typedef struct examined {
    uint64_t name;
    qni_disk_state state;
    qni_record record;
    qni_record_view view;
} examined;

static qn_status fetch_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    examined *e = user;
    return qni_disk_fetch(&e->state, &e->record, &e->view, tier, db, e->name, err);
}

static qn_status drop_body(void *user, qni_disk_change *change, qn_error *err)
{
    int64_t gone = 0;
    const examined *e = user;
    return qni_disk_drop(&gone, change, e->name, err);
}

/* A sealed value whose key is here is opened; one whose key is not is as good as its checksum says. */
static qn_status open_value(verification *v, examined *e, qn_error *err)
{
    qn_datum *datum;
    qn_error why = qn_error_none();
    if (!e->view.sealed)
        return QN_OK;
    if (v->keys->seal == NULL) {
        v->report.locked++;
        return QN_OK;
    }
    qn_status s = qni_record_datum(&datum, &e->view, v->keys, v->tier->allocator, &why);
    qn_datum_unref(datum);
    if (s == QN_DATA)
        e->state = QNI_DISK_DAMAGED;
    if (s == QN_NOMEM || s == QN_BUDGET) {
        if (err != NULL)
            *err = why;
        return s;
    }
    return QN_OK;
}

static qn_status verify_value(verification *v, uint64_t name, qn_error *err)
{
    examined e = {.name = name};
    qn_status s = qni_disk_run(v->tier, fetch_body, &e, NULL, err);
    if (s != QN_OK || e.state == QNI_DISK_NONE)
        return s;
    if (e.state == QNI_DISK_WHOLE && qni_cache_name(e.view.key, e.view.key_size) != name)
        e.state = QNI_DISK_DAMAGED;
    if (e.state == QNI_DISK_WHOLE)
        s = open_value(v, &e, err);
    if (e.state == QNI_DISK_WHOLE) {
        v->report.entries++;
        v->report.bytes += e.record.size;
    }
    qni_record_free(&e.record, v->tier->allocator);
    if (s != QN_OK || e.state == QNI_DISK_WHOLE)
        return s;
    bool missing = e.state == QNI_DISK_MISSING;
    v->report.missing += missing;
    v->report.damaged += !missing;
    s = tell(v, err, "the value of the entry %016" PRIx64 " is %s", name,
             missing ? "gone: its file is not there" : "damaged");
    return s == QN_OK && v->repair ? qni_disk_transact(v->tier, drop_body, &e, err) : s;
}

/* ---- files ---- */

typedef struct known {
    const qni_disk_file *file;
    bool there;
} known;

static qn_status known_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    known *k = user;
    const qn_value row[] = {qn_value_i64((int64_t)k->file->name), qn_value_i64(k->file->number)};
    qni_statement *st;
    (void)tier;
    qn_status s = qni_disk_row(&st, db, "SELECT 1 FROM ledger WHERE name = $1 AND file = $2", row, 2, err);
    k->there = st != NULL;
    if (st != NULL)
        qni_db_finish(st);
    return s;
}

static qn_status count_stranger(void *user, const char *path, qn_error *err)
{
    verification *v = user;
    if (!qni_folder_has(path))
        return QN_OK;
    v->report.strangers++;
    qn_status s = tell(v, err, "no entry knows the file \"%s\"", path);
    if (s == QN_OK && v->repair)
        (void)qni_folder_drop(path);
    return s;
}

/* One that comes or goes just now is at its place only while an entry knows it. */
static qn_status verify_file(void *user, const qni_disk_file *file, qn_error *err)
{
    verification *v = user;
    known k = {.file = file};
    qn_status s = qni_disk_run(v->tier, known_body, &k, NULL, err);
    if (s != QN_OK || k.there)
        return s;
    qni_disk_path path = qni_disk_file_path(v->tier, file, false);
    return count_stranger(v, path.text, err);
}

static qn_status verify_all(verification *v, qn_error *err)
{
    qni_disk_walk walk = {.each = verify_file, .stranger = count_stranger, .user = v};
    bool unreadable = false;
    qn_status s = v->tier->read_only ? verify_read_only(&unreadable, v, err) : QN_OK;
    if (s != QN_OK || unreadable)
        return s;
    s = verify_index(v, err);
    if (s == QN_OK && !v->tier->read_only)
        s = qni_disk_settle_leftovers(v->tier, err);
    if (s == QN_OK)
        s = qni_disk_run(v->tier, list_body, v, NULL, err);
    for (int64_t i = 0; i < v->name_count && s == QN_OK; i++)
        s = verify_value(v, v->names[i], err);
    return s == QN_OK ? qni_disk_walk_values(v->tier, &walk, err) : s;
}

qn_status qni_disk_verify(qn_cache_report *out, qni_disk_tier *tier, const qni_record_keys *keys, bool repair,
                          qn_status (*told)(void *user, const char *sentence, qn_error *err), void *user, qn_error *err)
{
    verification v = {.tier = tier, .keys = keys, .repair = repair, .told = told, .user = user};
    *out = (qn_cache_report){.size = (int64_t)sizeof *out};
    if (repair && tier->read_only)
        return qni_error(err, QN_INVALID, "the cache in \"%.300s\" was opened to be read only: it cannot be repaired",
                         tier->folder);
    qn_status s = verify_all(&v, err);
    qni_free(tier->allocator, v.names, v.name_capacity, sizeof *v.names);
    v.report.size = (int64_t)sizeof v.report;
    *out = v.report;
    return s;
}
