/* store/cache_disk_change.c: putting and removing; what other processes put and removed. */
#include "store/cache_disk_int.h"

#include <inttypes.h>
#include <string.h>

enum {
    PUT = QNI_CHANGE_NAME | QNI_CHANGE_DEPENDENTS /* the entry, and all that depends on it */
};

/* ---- putting ---- */

typedef struct putting {
    const qni_disk_write *writes;
    int64_t count;
} putting;

static qn_status write_one(qni_disk_change *c, const qni_disk_write *w, qn_error *err)
{
    uint64_t name = w->key->name;
    int64_t gone = 0;
    qni_record_view view;
    qn_status s = qni_disk_drop_dependents(&gone, c, name, err);
    if (s == QN_OK && w->record == NULL)
        s = qni_disk_drop(&gone, c, name, err);
    else if (s == QN_OK && (s = qni_record_look(&view, w->record->bytes, w->record->size, err)) == QN_OK)
        s = qni_disk_insert(c, &view, w->record, name,
                            w->value->own_file || w->record->size >= QNI_DISK_FILE_SIZE ? -1 : 0, err);
    return s == QN_OK ? qni_disk_tell(c, PUT, name, NULL, 0, err) : s;
}

static qn_status put_body(void *user, qni_disk_change *c, qn_error *err)
{
    const putting *p = user;
    qn_status s = QN_OK;
    for (int64_t i = 0; i < p->count && s == QN_OK; i++)
        s = write_one(c, &p->writes[i], err);
    return s;
}

qn_status qni_disk_put(qni_disk_tier *tier, const qni_disk_write *writes, int64_t count, qn_error *err)
{
    putting p = {.writes = writes, .count = count};
    for (int64_t i = 0; i < count; i++) {
        if (writes[i].record != NULL && writes[i].record->size > tier->bytes)
            return qni_error(err, QN_LIMIT,
                             "a value takes %" PRId64 " bytes, and the cache in \"%.300s\" holds %" PRId64 " in all",
                             writes[i].record->size, tier->folder, tier->bytes);
    }
    return qni_disk_transact(tier, put_body, &p, err);
}

/* ---- removing ---- */

typedef struct removal {
    const qni_cache_key *key;
    const uint64_t *names;
    int64_t name_count;
    const void *prefix;
    int64_t prefix_size;
    int64_t removed;
} removal;

static qn_status remove_body(void *user, qni_disk_change *c, qn_error *err)
{
    removal *r = user;
    qn_status s = QN_OK;
    r->removed = 0;
    if (r->key != NULL) {
        s = qni_disk_drop(&r->removed, c, r->key->name, err);
        if (s == QN_OK)
            s = qni_disk_tell(c, QNI_CHANGE_NAME, r->key->name, NULL, 0, err);
    }
    for (int64_t i = 0; i < r->name_count && s == QN_OK; i++) {
        s = qni_disk_drop_dependents(&r->removed, c, r->names[i], err);
        if (s == QN_OK)
            s = qni_disk_tell(c, QNI_CHANGE_DEPENDENTS, r->names[i], NULL, 0, err);
    }
    return s;
}

qn_status qni_disk_remove(int64_t *removed, qni_disk_tier *tier, const qni_cache_key *key, const uint64_t *names,
                          int64_t count, qn_error *err)
{
    removal r = {.key = key, .names = names, .name_count = count};
    qn_status s = qni_disk_transact(tier, remove_body, &r, err);
    *removed = s == QN_OK ? r.removed : 0;
    return s;
}

/* The names of all whose key begins with the prefix. Free by their capacity. */
static qn_status find_prefix(uint64_t **names, int64_t *count, int64_t *capacity, const removal *r, qni_disk_change *c,
                             qn_error *err)
{
    const qn_allocator *allocator = c->tier->allocator;
    const qn_value prefix[] = {qn_value_bytes(r->prefix, r->prefix_size), qn_value_i64(r->prefix_size)};
    qni_statement *st;
    qn_status s =
        qni_disk_row(&st, c->db, "SELECT name FROM ledger WHERE $2 = 0 OR substr(key, 1, $2) = $1", prefix, 2, err);
    for (bool more = s == QN_OK && st != NULL; more && s == QN_OK;) {
        void *grown = *names;
        if (!qni_grow(allocator, &grown, capacity, *count + 1, sizeof **names)) {
            s = qni_refused(err, allocator, 0, "the names that a prefix removes");
            break;
        }
        *names = grown;
        (*names)[(*count)++] = (uint64_t)qni_disk_i64(st, 0);
        s = qni_disk_next(&more, st, err);
    }
    if (st != NULL)
        qni_db_finish(st);
    return s;
}

/* Who hears of a prefix looks himself for what depended on anything. */
static qn_status remove_prefix_body(void *user, qni_disk_change *c, qn_error *err)
{
    removal *r = user;
    uint64_t *names = NULL;
    int64_t count = 0, capacity = 0;
    r->removed = 0;
    qn_status s = find_prefix(&names, &count, &capacity, r, c, err);
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        s = qni_disk_drop(&r->removed, c, names[i], err);
        if (s == QN_OK)
            s = qni_disk_drop_dependents(&r->removed, c, names[i], err);
    }
    if (s == QN_OK)
        s = qni_disk_tell(c, QNI_DISK_TELL_PREFIX, 0, r->prefix, r->prefix_size, err);
    qni_free(c->tier->allocator, names, capacity, sizeof *names);
    return s;
}

qn_status qni_disk_remove_prefix(int64_t *removed, qni_disk_tier *tier, const void *prefix, int64_t prefix_size,
                                 qn_error *err)
{
    removal r = {.prefix = prefix, .prefix_size = prefix_size};
    qn_status s = qni_disk_transact(tier, remove_prefix_body, &r, err);
    *removed = s == QN_OK ? r.removed : 0;
    return s;
}

static qn_status clear_body(void *user, qni_disk_change *c, qn_error *err)
{
    removal *r = user;
    r->removed = 0;
    qn_status s = qni_disk_drop_all(&r->removed, c, err);
    return s == QN_OK ? qni_disk_tell(c, QNI_CHANGE_ALL, 0, NULL, 0, err) : s;
}

qn_status qni_disk_clear(int64_t *removed, qni_disk_tier *tier, qn_error *err)
{
    removal r = {0};
    qn_error why;
    qn_status s = qni_disk_transact(tier, clear_body, &r, &why);
    if (s == QN_IO)
        s = qni_disk_start_over(&r.removed, tier, &why);
    *removed = s == QN_OK ? r.removed : 0;
    if (s != QN_OK && err != NULL)
        *err = why;
    return s;
}

/* ---- what others did ---- */

static qn_status last_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    qni_statement *st;
    (void)user;
    qn_status s = qni_disk_row(&st, db, "SELECT seq FROM totals", NULL, 0, err);
    if (s != QN_OK || st == NULL)
        return s;
    tier->last_change = qni_disk_i64(st, 0);
    qni_db_finish(st);
    return QN_OK;
}

qn_status qni_disk_start_changes(qni_disk_tier *tier, qn_error *err)
{
    atomic_store(&tier->seen, atomic_load(&tier->words->generation));
    atomic_store(&tier->change_epoch, atomic_load(&tier->words->epoch));
    tier->last_change = -1; /* of an index that is damaged, and can only be read */
    qn_status s = qni_disk_run(tier, last_body, NULL, NULL, err);
    return s == QN_IO && tier->read_only ? QN_OK : s;
}

bool qni_disk_changed(const qni_disk_tier *tier)
{
    uint64_t writing = atomic_load_explicit(&tier->words->writing, memory_order_acquire);
    return (writing != 0 && writing != tier->who) ||
           atomic_load_explicit(&tier->words->generation, memory_order_acquire) !=
               atomic_load_explicit(&tier->seen, memory_order_relaxed) ||
           atomic_load_explicit(&tier->words->epoch, memory_order_relaxed) !=
               atomic_load_explicit(&tier->change_epoch, memory_order_relaxed);
}

typedef struct telling {
    void (*change)(void *user, const qni_change *change);
    void *user;
    int64_t last; /* before; and as it was told */
    bool behind;
} telling;

static void tell_one(const telling *t, qni_change_kind kind, uint64_t name, const qn_value *prefix)
{
    qni_change change = {.kind = kind, .name = name};
    if (prefix != NULL) {
        change.prefix = prefix->bytes;
        change.prefix_size = prefix->size;
    }
    t->change(t->user, &change);
}

static void tell_row(const telling *t, const qni_disk_tier *tier, qni_statement *st)
{
    uint64_t who = (uint64_t)qni_disk_i64(st, 1), name = (uint64_t)qni_disk_i64(st, 3);
    int64_t kind = qni_disk_i64(st, 2);
    if (who == tier->who)
        return;
    if (kind == PUT || kind == QNI_CHANGE_NAME)
        qni_disk_map_forget(tier, name);
    else
        qni_disk_map_forget_all(tier); /* of what depended on something, or had a prefix, nobody says the names */
    if (kind == PUT || kind == QNI_CHANGE_NAME)
        tell_one(t, QNI_CHANGE_NAME, name, NULL);
    if (kind == PUT || kind == QNI_CHANGE_DEPENDENTS)
        tell_one(t, QNI_CHANGE_DEPENDENTS, name, NULL);
    if (kind == QNI_CHANGE_ALL)
        tell_one(t, QNI_CHANGE_ALL, 0, NULL);
    if (kind == QNI_DISK_TELL_PREFIX) {
        qn_value prefix = st->db->driver->value(st, 4);
        tell_one(t, QNI_CHANGE_PREFIX, 0, &prefix);
    }
}

/* The first row must be the one after the last that was told: else some are gone. */
static qn_status tell_body(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err)
{
    telling *t = user;
    const qn_value last = qn_value_i64(t->last);
    qni_statement *st;
    t->behind = false;
    qn_status s = qni_disk_row(&st, db, "SELECT seq, who, kind, name, prefix FROM changes WHERE seq > $1 ORDER BY seq",
                               &last, 1, err);
    if (s != QN_OK || st == NULL)
        return s;
    t->behind = qni_disk_i64(st, 0) != t->last + 1;
    for (bool more = true; more && s == QN_OK;) {
        t->last = qni_disk_i64(st, 0);
        if (!t->behind)
            tell_row(t, tier, st);
        s = qni_disk_next(&more, st, err);
    }
    qni_db_finish(st);
    return s;
}

/* Where they cannot be read everything is told to be gone, so that nothing before now is missed. */
void qni_disk_changes(qni_disk_tier *tier, void (*change)(void *user, const qni_change *change), void *user)
{
    qni_lock_take(&tier->telling, NULL);
    uint64_t generation = atomic_load(&tier->words->generation), epoch = atomic_load(&tier->words->epoch);
    telling t = {.change = change, .user = user, .last = tier->last_change};
    bool replaced = epoch != atomic_load(&tier->change_epoch);
    qn_status s =
        replaced ? qni_disk_run(tier, last_body, NULL, NULL, NULL) : qni_disk_run(tier, tell_body, &t, NULL, NULL);
    bool lost = epoch != atomic_load(&tier->words->epoch); /* with what stood in it */
    if (replaced || lost || t.behind || s != QN_OK) {
        qni_disk_map_forget_all(tier);
        tell_one(&t, QNI_CHANGE_ALL, 0, NULL);
    }
    if (!replaced)
        tier->last_change = t.last;
    else if (s != QN_OK)
        tier->last_change = -1; /* next time some are missing */
    atomic_store(&tier->change_epoch, epoch);
    atomic_store(&tier->seen, generation);
    qni_lock_give(&tier->telling);
}
