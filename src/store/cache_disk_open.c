/* store/cache_disk_open.c: whose folder it is, which index is in it, and what the last process to die here left.
 *
 * All of it with the folder's lock, so that one opens, or builds an index, at a time. */
#include "store/cache_disk_int.h"

#include "base/folder.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

static const char note[] = "quern cache\n";

static qn_status refuse_strange(const qni_disk_tier *tier, qn_error *err)
{
    return qni_error(err, QN_DATA,
                     "\"%.300s\" holds other things than a cache: nothing was touched. Name a folder that is empty, or "
                     "none that is there",
                     tier->folder);
}

/* Whether an index that lies there says that it is a cache's: by its header, for SQLite would touch it. */
static bool has_our_index(const qni_disk_tier *tier, const qni_disk_listing *found)
{
    enum {
        APPLICATION_AT = 68 /* big-endian */
    };
    unsigned char header[APPLICATION_AT + 4];
    qni_disk_path path = qni_disk_index_path(tier, found->newest, "");
    if (!found->any || qni_folder_peek(path.text, header, sizeof header) != (int64_t)sizeof header)
        return false;
    uint32_t application = 0;
    for (int i = 0; i < 4; i++)
        application = application << 8 | header[APPLICATION_AT + i];
    return memcmp(header, "SQLite format 3", 16) == 0 && application == QNI_DISK_APPLICATION;
}

/* A folder that does not say whose it is: ours by its index, nobody's (*fresh), or refused. */
static qn_status look_without_note(bool *fresh, const qni_disk_tier *tier, qn_error *err)
{
    qni_disk_listing found;
    *fresh = false;
    qn_status s = qni_disk_list(&found, tier, err);
    if (s != QN_OK || has_our_index(tier, &found))
        return s;
    if (found.any || found.others)
        return refuse_strange(tier, err);
    *fresh = true;
    return tier->read_only ? qni_error(err, QN_NO_INPUT, "\"%.300s\" holds no cache", tier->folder) : QN_OK;
}

/* With the folder's lock: whose folder this is. *fresh: nobody's so far. */
static qn_status claim(bool *fresh, const qni_disk_tier *tier, int fd, qn_error *err)
{
    char text[sizeof note];
    int64_t size = fd < 0 ? 0 : qni_folder_note(fd, text, (int64_t)sizeof text);
    *fresh = false;
    if (size >= (int64_t)sizeof note - 1 && memcmp(text, note, sizeof note - 1) == 0)
        return QN_OK;
    if (size != 0)
        return refuse_strange(tier, err);
    qn_status s = look_without_note(fresh, tier, err);
    if (s != QN_OK || tier->read_only)
        return s;
    qni_disk_path path = qni_disk_path_of(tier, "lock");
    return qni_folder_set_note(fd, path.text, note, (int64_t)sizeof note - 1, err);
}

/* A folder with something in it but neither lock nor index is not ours; one may appear while we look. */
static qn_status look_before(bool *locks, const qni_disk_tier *tier, qn_error *err)
{
    bool fresh;
    qn_error why;
    qni_disk_path path = qni_disk_path_of(tier, "lock");
    *locks = true;
    if (qni_folder_has(path.text))
        return QN_OK;
    qn_status s = look_without_note(&fresh, tier, &why);
    if (s == QN_OK || qni_folder_has(path.text)) {
        *locks = s != QN_OK || !tier->read_only;
        return QN_OK;
    }
    if (err != NULL)
        *err = why;
    return s;
}

static qn_status pragma(int64_t *out, qn_db *db, const char *sql, qn_error *err)
{
    qni_statement *st;
    *out = -1;
    qn_status s = qni_disk_row(&st, db, sql, NULL, 0, err);
    if (s == QN_OK && st != NULL) {
        *out = qni_disk_i64(st, 0);
        qni_db_finish(st);
    }
    return s;
}

/* Whether the index is one that we know: *newer, of a later version. Errors: QN_DATA (it is none). */
static qn_status look_at_index(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    bool *newer = user;
    int64_t application, version, entries;
    qn_status s = pragma(&application, db, "PRAGMA application_id", err);
    if (s == QN_OK)
        s = pragma(&version, db, "PRAGMA user_version", err);
    if (s != QN_OK)
        return s;
    *newer = application == QNI_DISK_APPLICATION && version > QNI_DISK_VERSION;
    if (*newer)
        return QN_OK;
    if (application != QNI_DISK_APPLICATION || version != QNI_DISK_VERSION)
        return qni_error(err, QN_DATA, "the index of the cache in \"%.300s\" is none of a cache's", tier->folder);
    s = pragma(&entries, db, "SELECT entries FROM totals", err);
    atomic_store_explicit(&tier->entries, entries, memory_order_relaxed);
    if (s == QN_OK)
        s = pragma(&entries, db, "SELECT bytes FROM totals", err);
    atomic_store_explicit(&tier->bytes_held, entries, memory_order_relaxed);
    return s;
}

static qn_status find_index(qni_disk_tier *tier, bool fresh, qn_error *err)
{
    qni_disk_listing found;
    uint64_t epoch = atomic_load(&tier->words->epoch);
    qn_status s = qni_disk_list(&found, tier, err);
    if (s != QN_OK)
        return s;
    if (found.any) {
        uint64_t first = found.newest > QNI_DISK_TRIES ? found.newest - QNI_DISK_TRIES : 0;
        for (uint64_t i = first; i < found.newest && !tier->read_only; i++)
            qni_disk_set_aside(tier, i);
        if (!tier->read_only && epoch != found.newest)
            atomic_store_explicit(&tier->words->epoch, found.newest, memory_order_release);
        return QN_OK;
    }
    if (tier->read_only)
        return qni_error(err, QN_NO_INPUT, "the cache in \"%.300s\" has no index", tier->folder);
    return qni_disk_build(tier, fresh ? 0 : epoch + 1, err);
}

static qn_status open_index(qni_disk_tier *tier, bool fresh, qn_error *err)
{
    bool newer = false;
    qn_status s = find_index(tier, fresh, err);
    for (int tries = 0; tries < 2 && s == QN_OK; tries++) {
        qn_error why = qn_error_none();
        uint64_t epoch = atomic_load(&tier->words->epoch);
        s = qni_disk_try(&epoch, tier, look_at_index, &newer, &why);
        if (s == QN_OK && !newer)
            return QN_OK;
        if (s == QN_OK)
            return qni_error(
                err, QN_DATA,
                "the cache in \"%.300s\" was made by a newer Quern: use that one, or another folder; nothing "
                "was touched",
                tier->folder);
        bool damaged = qni_disk_means_damage(tier, epoch, &why);
        if (damaged && tier->read_only) {
            qni_log(QN_LOG_WARN, "cache", "%s", why.message);
            return QN_OK; /* who asks it for something hears of it */
        }
        if (tries > 0 || !damaged) {
            if (err != NULL)
                *err = why;
            return s;
        }
        s = qni_disk_build_in_place(tier, epoch, err);
    }
    return s;
}

/* ---- what the last process to die here left on its way ---- */

static qn_status settle_leftover(void *user, const qni_disk_file *file, qn_error *err)
{
    qni_disk_change *c = user;
    const qn_value row[] = {qn_value_i64((int64_t)file->name), qn_value_i64(file->number)};
    qni_statement *st;
    qn_status s = qni_disk_row(&st, c->db, "SELECT 1 FROM ledger WHERE name = $1 AND file = $2", row, 2, err);
    if (s != QN_OK)
        return s;
    if (st != NULL)
        qni_db_finish(st);
    qni_disk_file_settle(c->tier, &(qni_disk_file){.name = file->name, .number = file->number, .comes = st != NULL},
                         true);
    return QN_OK;
}

qn_status qni_disk_settle_moving(qni_disk_change *change, qn_error *err)
{
    qni_disk_walk walk = {.each = settle_leftover, .user = change};
    if (!atomic_exchange(&change->tier->leftovers, false))
        return QN_OK;
    qn_status s = qni_disk_walk_moving(change->tier, &walk, err);
    if (s != QN_OK)
        atomic_store(&change->tier->leftovers, true);
    return s;
}

static qn_status notice(void *user, const qni_disk_file *file, qn_error *err)
{
    qni_disk_tier *tier = user;
    (void)file;
    (void)err;
    atomic_store(&tier->leftovers, true);
    return QN_OK;
}

qn_status qni_disk_settle_leftovers(qni_disk_tier *tier, qn_error *err)
{
    qni_disk_walk walk = {.each = notice, .user = tier};
    qn_status s = qni_disk_walk_moving(tier, &walk, err);
    bool any = atomic_load(&tier->leftovers) || qni_disk_window_is_shut(tier);
    return s == QN_OK && any ? qni_disk_transact(tier, NULL, NULL, err) : s;
}

static qn_status open_locked(qni_disk_tier *tier, int fd, qn_error *err)
{
    bool fresh;
    qn_status s = claim(&fresh, tier, fd, err);
    qni_disk_path moving = qni_disk_path_of(tier, "values/moving"), words = qni_disk_path_of(tier, "generation");
    if (s == QN_OK && !tier->read_only)
        s = qni_folder_make(moving.text, err);
    void *map = NULL;
    if (s == QN_OK)
        s = qni_folder_map(&map, words.text, (int64_t)sizeof(qni_disk_words), !tier->read_only, err);
    tier->words = map;
    tier->words_identity = qni_folder_identity(words.text);
    if (s != QN_OK)
        return s;
    qni_disk_window_open(tier);
    return open_index(tier, fresh, err);
}

qn_status qni_disk_open_folder(qni_disk_tier *tier, qn_error *err)
{
    int fd = -1;
    bool locks = true;
    qn_status s = QN_OK;
    if (!tier->read_only)
        s = qni_folder_make(tier->folder, err);
    if (s == QN_OK)
        s = look_before(&locks, tier, err);
    if (s == QN_OK && locks)
        s = qni_disk_lock(&fd, tier, err);
    if (s != QN_OK)
        return s;
    s = open_locked(tier, fd, err);
    qni_folder_unlock(fd);
    if (s != QN_OK || tier->read_only)
        return s;
    s = qni_disk_settle_leftovers(tier, err);
    return s == QN_NOMEM || s == QN_BUDGET ? s
                                           : QN_OK; /* what else hinders it hinders no getting: the next one does it */
}
