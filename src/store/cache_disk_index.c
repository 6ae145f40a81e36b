/* store/cache_disk_index.c: the index's connections, and calls that survive its being replaced.
 *
 * An index that was set aside may still be open in other processes, which know its log by name: so no name is used
 * again. Who finds a number in the words that is not that of his connections opens the file of that number. */
#include "store/cache_disk_int.h"

#include "base/folder.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- rows ---- */

qn_status qni_disk_next(bool *more, qni_statement *st, qn_error *err)
{
    qn_db *db = st->db;
    qn_error why = qn_error_none();
    qn_status s = db->driver->step(more, st, &why);
    if (s == QN_OK)
        return QN_OK;
    *more = false;
    qni_db_condemn(db, &why);
    if (err != NULL)
        *err = why;
    return s;
}

qn_status qni_disk_row(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t count,
                       qn_error *err)
{
    bool more;
    qn_status s = qni_db_start(out, db, sql, params, count, err);
    if (s != QN_OK)
        return s;
    s = qni_disk_next(&more, *out, err);
    if (!more) {
        qni_db_finish(*out);
        *out = NULL;
    }
    return s;
}

int64_t qni_disk_i64(qni_statement *st, int64_t column)
{
    return st->db->driver->value(st, column).i64;
}

/* ---- paths ---- */

qni_disk_path qni_disk_path_of(const qni_disk_tier *tier, const char *name)
{
    qni_disk_path path;
    (void)snprintf(path.text, sizeof path.text, "%s/%s", tier->folder, name);
    return path;
}

qni_disk_name qni_disk_index_name(uint64_t epoch)
{
    qni_disk_name name = {"index.db"};
    if (epoch > 0)
        (void)snprintf(name.text, sizeof name.text, "index-%" PRIu64 ".db", epoch);
    return name;
}

qni_disk_path qni_disk_index_path(const qni_disk_tier *tier, uint64_t epoch, const char *suffix)
{
    qni_disk_name name = qni_disk_index_name(epoch);
    size_t size = strlen(name.text);
    (void)snprintf(name.text + size, sizeof name.text - size, "%s", suffix);
    return qni_disk_path_of(tier, name.text);
}

char *qni_disk_url(int64_t *room, const qni_disk_tier *tier, const char *path, const char *options)
{
    static const char digits[] = "0123456789ABCDEF", scheme[] = "sqlite:";
    *room = (int64_t)(sizeof scheme + 3 * strlen(path) + strlen(options));
    char *url = qni_alloc(tier->allocator, *room, 1);
    if (url == NULL)
        return NULL;
    memcpy(url, scheme, sizeof scheme);
    char *at = url + sizeof scheme - 1;
    for (; *path != '\0'; path++) {
        unsigned char c = (unsigned char)*path;
        bool plain = c > ' ' && c < 127 && strchr("%?#&+", c) == NULL;
        *at++ = plain ? (char)c : '%';
        if (!plain) {
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        }
    }
    memcpy(at, options, strlen(options) + 1);
    return url;
}

/* ---- connections ---- */

/* Where the folder cannot be written SQLite cannot make what it needs beside a file to lock it. While nobody has it
 * open for writing, who would have made that, the file stays as it is. */
static bool is_frozen(const qni_disk_tier *tier, uint64_t epoch)
{
    qni_disk_path log = qni_disk_index_path(tier, epoch, "-wal");
    return tier->read_only && !qni_folder_writable(tier->folder) && !qni_folder_has(log.text);
}

static qn_status connect_index(qni_disk_index **out, const qni_disk_tier *tier, uint64_t epoch, qn_error *err)
{
    qn_db_options db = {.size = (int64_t)sizeof db, .read_only = tier->read_only};
    qn_dbpool_options options = {.size = (int64_t)sizeof options,
                                 .overflow = QNI_DISK_CONNECTIONS,
                                 .idle_ms = -1,
                                 .lifetime_ms = -1,
                                 .check_after_ms = -1,
                                 .db = &db,
                                 .name = "cache",
                                 .allocator = tier->allocator};
    *out = NULL;
    qni_disk_path path = qni_disk_index_path(tier, epoch, "");
    uint64_t generation = atomic_load(&tier->words->generation);
    bool frozen = is_frozen(tier, epoch);
    int64_t room;
    char *url = qni_disk_url(&room, tier, path.text,
                             frozen            ? "?mode=frozen"
                             : tier->read_only ? ""
                                               : "?mode=rw&journal=wal&synchronous=normal");
    qni_disk_index *index = qni_new(tier->allocator, qni_disk_index);
    qn_status s = QN_OK;
    if (url == NULL || index == NULL)
        s = qni_refused(err, tier->allocator, 0, "the index of a cache");
    else
        s = qn_dbpool_new(&index->pool, url, &options, err);
    qni_free(tier->allocator, url, room, 1);
    if (s != QN_OK) {
        qni_delete(tier->allocator, index);
        return s;
    }
    index->epoch = epoch;
    index->frozen = frozen;
    index->generation = generation;
    *out = index;
    return QN_OK;
}

static void disconnect(const qni_disk_tier *tier, qni_disk_index *index)
{
    qn_error why = qn_error_none();
    if (qn_dbpool_close(index->pool, -1, &why) != QN_OK)
        qni_log(QN_LOG_ERROR, "cache", "%s: %s", tier->folder, why.message);
    qni_delete(tier->allocator, index);
}

/* One user less; NULL is fine. */
static void release(qni_disk_tier *tier, qni_disk_index *index)
{
    if (index == NULL)
        return;
    qni_lock_take(&tier->lock, NULL);
    bool last = --index->users == 0 && tier->index != index;
    qni_lock_give(&tier->lock);
    if (last)
        disconnect(tier, index);
}

/* Makes `index` (NULL: none) the tier's. */
static void replace(qni_disk_tier *tier, qni_disk_index *index)
{
    qni_lock_take(&tier->lock, NULL);
    qni_disk_index *old = tier->index;
    bool last = old != NULL && old->users == 0;
    tier->index = index;
    qni_lock_give(&tier->lock);
    if (last)
        disconnect(tier, old);
}

void qni_disk_close_index(qni_disk_tier *tier)
{
    replace(tier, NULL);
}

static uint64_t epoch_now(const qni_disk_tier *tier)
{
    return atomic_load_explicit(&tier->words->epoch, memory_order_acquire);
}

static qni_disk_index *current(qni_disk_tier *tier)
{
    qni_lock_take(&tier->lock, NULL);
    qni_disk_index *index = tier->index;
    if (index != NULL && (index->epoch != epoch_now(tier) ||
                          (index->frozen && index->generation != atomic_load(&tier->words->generation))))
        index = NULL;
    if (index != NULL)
        index->users++;
    qni_lock_give(&tier->lock);
    return index;
}

/* The index that is in use, with one user more. */
static qn_status acquire(qni_disk_index **out, qni_disk_tier *tier, qn_error *err)
{
    *out = current(tier);
    if (*out != NULL)
        return QN_OK;
    qni_lock_take(&tier->opening, NULL);
    *out = current(tier); /* another thread may have opened it meanwhile */
    qn_status s = QN_OK;
    if (*out == NULL) {
        qni_disk_index *index;
        s = connect_index(&index, tier, epoch_now(tier), err);
        if (s == QN_OK) {
            index->users = 1;
            replace(tier, index);
            *out = index;
        }
    }
    qni_lock_give(&tier->opening);
    return s;
}

/* ---- when it is damaged ---- */

qn_status qni_disk_check_folder(const qni_disk_tier *tier, qn_error *err)
{
    qni_disk_path words = qni_disk_path_of(tier, "generation");
    return qni_folder_identity(words.text) == tier->words_identity
               ? QN_OK
               : qni_error(err, QN_IO,
                           "the cache in \"%.300s\" was deleted or replaced while it was open: open it again",
                           tier->folder);
}

/* Replaces the index of number `epoch`, unless somebody else has done so. */
static qn_status mend(qni_disk_tier *tier, uint64_t epoch, qn_error *err)
{
    int fd;
    qni_disk_listing found;
    if (epoch != epoch_now(tier))
        return QN_OK;
    if (tier->read_only)
        return qni_error(err, QN_IO,
                         "the index of the cache in \"%.300s\" is damaged: open it once for writing, and it is built "
                         "anew",
                         tier->folder);
    qn_status s = qni_disk_check_folder(tier, err);
    if (s == QN_OK)
        s = qni_disk_lock(&fd, tier, err);
    if (s != QN_OK)
        return s;
    s = qni_disk_list(&found, tier, err);
    uint64_t newest = found.any && found.newest > epoch ? found.newest : epoch;
    if (s == QN_OK && newest > epoch)
        atomic_store_explicit(&tier->words->epoch, newest, memory_order_release);
    else if (s == QN_OK && epoch == epoch_now(tier))
        s = qni_disk_build_in_place(tier, epoch, err);
    qni_folder_unlock(fd);
    return s;
}

qn_status qni_disk_rebuild(qni_disk_tier *tier, qn_error *err)
{
    return mend(tier, epoch_now(tier), err);
}

/* ---- running ---- */

/* What our own texts, which never change, can only meet in an index that is not as it was written. QN_NO_INPUT: it is
 * gone. QN_PERMISSION, where it may be written: it says of itself that it may not. */
bool qni_disk_means_damage(const qni_disk_tier *tier, uint64_t epoch, const qn_error *why)
{
    qni_disk_path path = qni_disk_index_path(tier, epoch, "");
    if (why->code == QN_PERMISSION)
        return !tier->read_only && qni_folder_writable(tier->folder) && qni_folder_writable(path.text);
    return why->code == QN_DATA || why->code == QN_NAME || why->code == QN_SYNTAX || why->code == QN_CLOSED ||
           why->code == QN_NO_INPUT || why->code == QN_INTERNAL;
}

qn_status qni_disk_try(uint64_t *epoch, qni_disk_tier *tier,
                       qn_status (*body)(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err), void *user,
                       qn_error *err)
{
    qni_disk_index *index;
    qn_db *db;
    qn_status s = acquire(&index, tier, err);
    if (s != QN_OK)
        return s;
    *epoch = index->epoch;
    s = qn_dbpool_take(&db, index->pool, "a cache", err);
    if (s == QN_OK) {
        s = body(user, tier, db, err);
        qn_dbpool_give(index->pool, db);
    }
    release(tier, index);
    return s;
}

qn_status qni_disk_run(qni_disk_tier *tier,
                       qn_status (*body)(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err), void *user,
                       uint64_t *writing, qn_error *err)
{
    qn_error why;
    qn_status s = QN_OK;
    uint64_t reading = 0, *epoch = writing != NULL ? writing : &reading;
    for (int tries = 0; tries < QNI_DISK_TRIES; tries++) {
        *epoch = epoch_now(tier);
        why.code = QN_OK;
        s = qni_disk_try(epoch, tier, body, user, &why);
        if (s == QN_OK && (writing == NULL || *epoch == epoch_now(tier)))
            return QN_OK;
        if (s == QN_OK || *epoch != epoch_now(tier))
            continue;
        if (!qni_disk_means_damage(tier, *epoch, &why))
            break;
        qn_status mended = mend(tier, *epoch, err);
        if (mended != QN_OK)
            return mended;
    }
    if (s == QN_OK)
        return qni_error(err, QN_BUSY, "the index of the cache in \"%.300s\" was replaced again and again",
                         tier->folder);
    if (err != NULL)
        *err = why;
    return s;
}
