/* store/sqlite_open.c: connecting to a file or to memory.
 *
 * Always: what is no database, cannot be read, or cannot be written though it is meant to be, is refused here and not
 * by the first query. A path is never taken for one of SQLite's own names or URIs. */
#include "store/sqlite_int.h"

#include "base/clock.h"
#include "base/library.h"
#include "base/lock.h"
#include "base/nearest.h"
#include "store/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- options ---- */

enum {
    MODE,
    JOURNAL,
    SYNCHRONOUS,
    OPTION_COUNT
};

static const char *const option_names[OPTION_COUNT] = {"mode", "journal", "synchronous"};
static const char *const option_values[OPTION_COUNT][5] = {
    {"ro", "rw", "rwc", "frozen"}, {"wal", "delete", "truncate", "persist"}, {"off", "normal", "full", "extra"}};
static const char *const option_words[OPTION_COUNT] = {"ro, rw, rwc or frozen", "wal, delete, truncate or persist",
                                                       "off, normal, full or extra"};

/* Each option's value, of option_values; NULL: not given. */
typedef struct settings {
    const char *value[OPTION_COUNT];
    bool memory, only_read, frozen;
} settings;

static int64_t find_word(const char *const *words, int64_t count, const char *word)
{
    int64_t i = 0;
    while (i < count && words[i] != NULL && strcmp(words[i], word) != 0)
        i++;
    return i < count && words[i] != NULL ? i : -1;
}

static qn_status read_settings(settings *out, const qn_db *base, const qni_url *url, qn_error *err)
{
    *out = (settings){.memory = url->kind == QNI_URL_MEMORY};
    for (int64_t i = 0; i < url->option_count; i++) {
        const qni_url_option *o = &url->options[i];
        int64_t which = out->memory ? -1 : find_word(option_names, OPTION_COUNT, o->name);
        if (which < 0 && out->memory)
            return qni_error(err, QN_INVALID, "%.300s: a database in memory has no options, so no \"%.80s\"",
                             url->shown, o->name);
        if (which < 0) {
            int64_t near = qni_nearest(o->name, option_names, OPTION_COUNT);
            return qni_error(err, QN_INVALID,
                             "%.300s: there is no option \"%.80s\"%s%s%s: mode, journal and synchronous "
                             "are there",
                             url->shown, o->name, near >= 0 ? " (did you mean " : "",
                             near >= 0 ? option_names[near] : "", near >= 0 ? "?)" : "");
        }
        int64_t value = find_word(option_values[which], 5, o->value);
        if (value < 0)
            return qni_error(err, QN_INVALID, "%.300s: %s is %s, not \"%.80s\"", url->shown, option_names[which],
                             option_words[which], o->value);
        out->value[which] = option_values[which][value];
    }
    out->frozen = out->value[MODE] != NULL && strcmp(out->value[MODE], "frozen") == 0;
    out->only_read =
        base->options.read_only || out->frozen || (out->value[MODE] != NULL && strcmp(out->value[MODE], "ro") == 0);
    return QN_OK;
}

/* ---- what is told from why a file cannot be opened ---- */

static bool can(const qni_sqlite *db, const char *path, int how)
{
    sqlite3_vfs *vfs = db->api.vfs_find(NULL);
    int answer = 0;
    return vfs != NULL && vfs->xAccess(vfs, path, how, &answer) == SQLITE_OK && answer != 0;
}

/* Where a file could not be made: its folder is the reason. SQLite has then tried to read it, too, and says only that
 * there is none. */
static qn_status refuse_folder(const qni_sqlite *db, char *path, qn_error *err)
{
    char *slash = strrchr(path, '/');
    char *cut = slash == path ? slash + 1 : slash;
    char kept = *cut;
    *cut = '\0';
    bool there = can(db, path, SQLITE_ACCESS_EXISTS);
    *cut = kept;
    if (!there)
        return qni_error(err, QN_NO_INPUT, "%.300s: the folder of this file does not exist: make it first",
                         db->base.shown);
    return qni_error(err, QN_PERMISSION, "%.300s: there is no such file, and its folder cannot be written",
                     db->base.shown);
}

/* `path` is as SQLite was given it; it is written to and put back. */
static qn_status refuse_file(qni_sqlite *db, int code, char *path, bool make, qn_error *err)
{
    int why = db->handle != NULL ? db->api.system_errno(db->handle) : 0;
    if (db->handle == NULL || (code & 0xFF) != SQLITE_CANTOPEN)
        return db->handle == NULL ? qni_error(err, QN_NOMEM, "no memory to open %.300s", db->base.shown)
                                  : qni_sqlite_fail(db, code, false, err);
    qn_status s;
    if (why == ENOENT && make)
        s = refuse_folder(db, path, err);
    else if (why == ENOENT)
        s = qni_error(err, QN_NO_INPUT, "%.300s: there is no such file, and mode=rwc, which makes one, is not given",
                      db->base.shown);
    else if (why == 0)
        s = qni_error(err, QN_INVALID, "%.300s: SQLite does not take this path: it may be too long", db->base.shown);
    else
        s = qni_error_errno(err, QN_IO, why, "%.300s: this file cannot be opened", db->base.shown);
    if (err != NULL)
        err->native = code;
    return s;
}

/* ---- connecting ---- */

static qn_status load(qni_sqlite_api *out, qn_error *err)
{
    static const qni_function functions[] = {
#define FUNCTION(name) {"sqlite3_" #name, offsetof(qni_sqlite_api, name)},
        QNI_SQLITE_FUNCTIONS(FUNCTION)
#undef FUNCTION
    };
    static const qni_function newer = {"sqlite3_error_offset", offsetof(qni_sqlite_api, error_offset)};
    qn_status s =
        qni_library_functions(out, QNI_LIBRARY_SQLITE, functions, sizeof functions / sizeof functions[0], err);
    if (s != QN_OK)
        return s;
    if (out->threadsafe() == 0)
        return qni_error(err, QN_UNAVAILABLE,
                         "the SQLite that is installed was built for one thread only: install "
                         "another");
    if (qni_library_functions(out, QNI_LIBRARY_SQLITE, &newer, 1, NULL) != QN_OK)
        out->error_offset = NULL;
    return QN_OK;
}

/* A path as SQLite is to be given it: with a folder in front, ":memory:" and "file:x" are files like others. Free with
 * its strlen + 1. */
static char *path_for(const qni_url *url, const qn_allocator *allocator)
{
    const char *folder = url->kind == QNI_URL_MEMORY ? "/quern/" : url->path[0] == '/' ? "" : "./";
    size_t front = strlen(folder), size = strlen(url->path);
    char *path = qni_alloc(allocator, (int64_t)(front + size + 1), 1);
    if (path != NULL) {
        memcpy(path, folder, front);
        memcpy(path + front, url->path, size + 1);
    }
    return path;
}

/* The same as a URI, for only that can say that the file is frozen. */
static char *frozen_path_for(const qni_url *url, const qn_allocator *allocator)
{
    static const char scheme[] = "file:", option[] = "?immutable=1", digits[] = "0123456789ABCDEF";
    const char *folder = url->path[0] == '/' ? "" : "./";
    size_t size = sizeof scheme + strlen(folder) + sizeof option - 1;
    for (const char *p = url->path; *p != '\0'; p++)
        size += strchr("%?#", *p) != NULL ? 3 : 1;
    char *path = qni_alloc(allocator, (int64_t)size, 1);
    if (path == NULL)
        return NULL;
    char *at = path + snprintf(path, size, "%s%s", scheme, folder);
    for (const char *p = url->path; *p != '\0'; p++) {
        if (strchr("%?#", *p) == NULL) {
            *at++ = *p;
            continue;
        }
        *at++ = '%';
        *at++ = digits[*p >> 4];
        *at++ = digits[*p & 15];
    }
    memcpy(at, option, sizeof option);
    return path;
}

static qn_status connect_to(qni_sqlite *db, const settings *set, const qni_url *url, qn_error *err)
{
    bool make = set->memory || (!set->only_read && (set->value[MODE] == NULL || strcmp(set->value[MODE], "rwc") == 0));
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= set->only_read && !set->memory ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= make ? SQLITE_OPEN_CREATE : 0;
    flags |= set->frozen ? SQLITE_OPEN_URI : 0;
    if (set->memory && url->path[0] == '\0') {
        int code = db->api.open_v2(":memory:", &db->handle, flags, NULL);
        return code == SQLITE_OK ? QN_OK : refuse_file(db, code, NULL, false, err);
    }
    char *path = set->frozen ? frozen_path_for(url, db->base.allocator) : path_for(url, db->base.allocator);
    if (path == NULL)
        return qni_refused(err, db->base.allocator, 0, "a connection to %.300s", db->base.shown);
    errno = 0; /* SQLite asks for it also where no call of the system failed */
    int code = db->api.open_v2(path, &db->handle, flags, set->memory ? "memdb" : NULL);
    qn_status s = code == SQLITE_OK ? QN_OK : refuse_file(db, code, path, make, err);
    qni_free(db->base.allocator, path, (int64_t)strlen(path) + 1, 1);
    return s;
}

/* Asks for a journal; SQLite answers with the one that it then uses. */
static qn_status ask_journal(qni_sqlite *db, const char *journal, qn_error *err)
{
    char text[64];
    sqlite3_stmt *pragma = NULL;
    qni_sqlite_begin(db);
    (void)snprintf(text, sizeof text, "PRAGMA journal_mode=%s", journal);
    int code = db->api.prepare_v3(db->handle, text, -1, 0, &pragma, NULL);
    if (code == SQLITE_OK)
        code = db->api.step(pragma);
    qn_status s = QN_OK;
    if (code != SQLITE_ROW)
        s = qni_sqlite_fail(db, code, false, err);
    else if (strcmp((const char *)db->api.column_text(pragma, 0), journal) != 0)
        s = qni_error(err, QN_INVALID, "%.300s: journal=%s cannot be had where this file lies", db->base.shown,
                      journal);
    (void)db->api.finalize(pragma);
    return s;
}

/* It changes only while nobody else looks, and SQLite does not wait for that by itself. */
static qn_status set_journal(qni_sqlite *db, const char *journal, qn_error *err)
{
    int64_t until = qni_clock_monotonic_ns(), wait;
    if (!qni_size_mul(&wait, db->base.options.busy_timeout_ms, 1000000) || !qni_size_add(&until, until, wait))
        until = INT64_MAX;
    for (;;) {
        qn_status s = ask_journal(db, journal, err);
        if (s != QN_BUSY || qni_clock_monotonic_ns() >= until)
            return s;
        (void)qni_park(&db->interrupts, db->interrupts_seen, QNI_SQLITE_PAUSE_MAX_NS);
    }
}

/* What holds for a connection of ours, whatever the library was built with. */
static qn_status configure(qni_sqlite *db, const settings *set, qn_error *err)
{
    static const int on[] = {SQLITE_DBCONFIG_ENABLE_FKEY};
    static const int off[] = {SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML};
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++)
        (void)db->api.db_config(db->handle, on[i], 1, NULL);
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        (void)db->api.db_config(db->handle, off[i], 0, NULL);
    sqlite3_int64 size = QNI_SQLITE_SHARED_SIZE;
    if (set->memory)
        (void)db->api.file_control(db->handle, "main", SQLITE_FCNTL_SIZE_LIMIT, &size);
    if (set->memory && set->only_read)
        return qni_sqlite_control(&db->base, "PRAGMA query_only=1", err);
    return QN_OK;
}

static qn_status prepare_file(qni_sqlite *db, const settings *set, qn_error *err)
{
    qn_status s = qni_sqlite_control(&db->base, "PRAGMA schema_version", err); /* reads the file's first page */
    if (s == QN_DATA && err != NULL && err->native == SQLITE_NOTADB) {
        (void)qni_error(err, s, "%.300s: this file is no SQLite database, or one of a newer kind", db->base.shown);
        err->native = SQLITE_NOTADB;
    }
    if (s == QN_OK && !set->only_read && db->api.db_readonly(db->handle, "main") == 1)
        return qni_error(err, QN_PERMISSION,
                         "%.300s: this file can only be read: connect with mode=ro, or get the right to write it",
                         db->base.shown);
    if (s == QN_OK && set->value[JOURNAL] != NULL)
        s = set_journal(db, set->value[JOURNAL], err);
    if (s == QN_OK && set->value[SYNCHRONOUS] != NULL) {
        char text[64];
        (void)snprintf(text, sizeof text, "PRAGMA synchronous=%s", set->value[SYNCHRONOUS]);
        s = qni_sqlite_control(&db->base, text, err);
    }
    return s;
}

qn_status qni_sqlite_open(qn_db **out, const qn_db *base, const qni_url *url, qn_error *err)
{
    settings set;
    *out = NULL;
    qn_status s = read_settings(&set, base, url, err);
    if (s != QN_OK)
        return s;
    qni_sqlite *db = qni_new(base->allocator, qni_sqlite);
    if (db == NULL)
        return qni_refused(err, base->allocator, (int64_t)sizeof *db, "a connection to %.300s", base->shown);
    db->base = *base;
    s = load(&db->api, err);
    if (s == QN_OK)
        s = connect_to(db, &set, url, err);
    if (s == QN_OK) {
        qni_sqlite_watch(db);
        s = configure(db, &set, err);
    }
    if (s == QN_OK && !set.memory)
        s = prepare_file(db, &set, err);
    if (s != QN_OK) {
        qni_sqlite_close(&db->base);
        return s;
    }
    *out = &db->base;
    return QN_OK;
}

void qni_sqlite_close(qn_db *base)
{
    qni_sqlite *db = qni_sqlite_of(base);
    const qn_allocator *allocator = base->allocator;
    if (db->handle != NULL)
        (void)db->api.close_v2(db->handle);
    qni_delete(allocator, db);
}

/* A file that somebody replaced would be written to in vain. */
qn_status qni_sqlite_ping(qn_db *base, qn_error *err)
{
    qni_sqlite *db = qni_sqlite_of(base);
    int moved = 0;
    if (db->api.file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || moved == 0)
        return QN_OK;
    base->broken = true;
    return qni_error(err, QN_CLOSED, "%.300s: the file was moved, replaced or deleted: open it again", base->shown);
}
