/* store/duckdb_instance.c: one DuckDB database for all connections of this process to one file.
 *
 * DuckDB locks a file for its process, so that opening it twice in one process would write over itself. Therefore all
 * connections to files stand in a list of the process, and a further one shares the database of one that is already
 * there. Which file it is, its device and number tell, for one file may have many names.
 *
 * Always: the list is changed, and databases are opened and closed, under the lock. Any thread. */
#include "store/duckdb_int.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "store/limits.h"

#include <inttypes.h>
#include <string.h>

static qni_lock open_lock;
static qni_duck *open_first;

static qn_status set_option(duckdb_config config, const qni_duck *duck, const char *name, const char *value,
                            qn_error *err)
{
    if (duck->api.set_config(config, name, value) != 0)
        return qni_error(err, QN_INVALID, "%s: DuckDB has no setting \"%.60s\", or it cannot be that", duck->base.shown,
                         name);
    return QN_OK;
}

static qn_status make_config(duckdb_config *out, const qni_duck *duck, const qni_url *url, qn_error *err)
{
    if (duck->api.create_config(out) != 0)
        return qni_error(err, QN_NOMEM, "DuckDB has no memory for its settings");
    /* A file of another kind must not make DuckDB fetch what reads it from its makers. The URL may say otherwise; a
     * version that does not know the setting does not fetch. */
    (void)duck->api.set_config(*out, "autoinstall_known_extensions", "false");
    qn_status s = duck->base.options.read_only ? set_option(*out, duck, "access_mode", "READ_ONLY", err) : QN_OK;
    for (int64_t i = 0; s == QN_OK && i < url->option_count; i++)
        if (strcmp(url->options[i].name, "mode") != 0)
            s = set_option(*out, duck, url->options[i].name, url->options[i].value, err);
    return s;
}

/* The settings as one text, by which two connections are compared. */
static qn_status note_settings(qni_duck *duck, const qni_url *url, qn_error *err)
{
    int64_t size = 2;
    for (int64_t i = 0; i < url->option_count; i++)
        size += (int64_t)strlen(url->options[i].name) + (int64_t)strlen(url->options[i].value) + 2;
    duck->settings = qni_alloc(duck->base.allocator, size, 1);
    duck->settings_size = size;
    if (duck->settings == NULL)
        return qni_refused(err, duck->base.allocator, size, "a connection to %s", duck->base.shown);
    char *at = duck->settings;
    *at++ = duck->base.options.read_only ? 'r' : 'w';
    for (int64_t i = 0; i < url->option_count; i++) {
        if (strcmp(url->options[i].name, "mode") == 0)
            continue;
        size_t name = strlen(url->options[i].name), value = strlen(url->options[i].value);
        *at++ = '\n';
        memcpy(at, url->options[i].name, name);
        at[name] = '=';
        memcpy(at + name + 1, url->options[i].value, value);
        at += name + 1 + value;
    }
    *at = '\0';
    return QN_OK;
}

/* Opens it for this connection alone. */
static qn_status open_new(qni_duck *duck, const char *path, const qni_url *url, qn_error *err)
{
    duckdb_config config = NULL;
    char *why = NULL;
    qn_status s = make_config(&config, duck, url, err);
    if (s == QN_OK && duck->api.open_ext(path, &duck->database, config, &why) != 0) {
        s = qni_duck_open_error(duck, why, err);
        duck->api.free(why);
        duck->database = NULL;
    }
    duck->api.destroy_config(&config);
    return s;
}

/* The lock is held. QN_BUSY: another process has the file. */
static qn_status open_shared(qni_duck *duck, const char *path, const qni_url *url, qn_error *err)
{
    if (qni_file_identity(duck->file, path)) {
        for (const qni_duck *other = open_first; other != NULL; other = other->next) {
            if (memcmp(other->file, duck->file, sizeof duck->file) != 0)
                continue;
            if (strcmp(other->settings, duck->settings) != 0)
                return qni_error(err, QN_INVALID,
                                 "%s is open in this process with other settings, and DuckDB has one set of them for a "
                                 "file: open it alike, or close the other first",
                                 duck->base.shown);
            duck->database = other->database;
            return QN_OK;
        }
    }
    qn_status s = open_new(duck, path, url, err);
    if (s == QN_OK && !qni_file_identity(duck->file, path))
        s = qni_error(err, QN_IO, "%s went away while it was opened", duck->base.shown);
    if (s != QN_OK && duck->database != NULL)
        duck->api.close(&duck->database);
    return s;
}

static qn_status try_open(qni_duck *duck, const char *path, const qni_url *url, qn_error *err)
{
    qni_lock_take(&open_lock, NULL);
    qn_status s = open_shared(duck, path, url, err);
    if (s == QN_OK) {
        duck->next = open_first;
        if (open_first != NULL)
            open_first->previous = duck;
        open_first = duck;
    }
    qni_lock_give(&open_lock);
    return s;
}

/* As often as it takes until the other process has given the file free. */
static qn_status open_file(qni_duck *duck, const char *path, const qni_url *url, qn_error *err)
{
    int64_t until = qni_clock_monotonic_ns() + duck->base.options.busy_timeout_ms * 1000000;
    _Atomic uint32_t nobody = 0;
    for (;;) {
        qn_status s = try_open(duck, path, url, err);
        int64_t left = until - qni_clock_monotonic_ns();
        if (s != QN_BUSY || left <= 0)
            return s;
        (void)qni_park(&nobody, 0, left < QNI_DUCK_RETRY_NS ? left : QNI_DUCK_RETRY_NS);
    }
}

/* DuckDB takes "word:rest" for another kind of database and ":memory:" for none: a path that begins with ./ is only a
 * path. */
static qn_status open_path(qni_duck *duck, const qni_url *url, qn_error *err)
{
    if (url->path[0] == '/' || strchr(url->path, ':') == NULL)
        return open_file(duck, url->path, url, err);
    int64_t size = (int64_t)strlen(url->path) + 3;
    char *path = qni_alloc(duck->base.allocator, size, 1);
    if (path == NULL)
        return qni_refused(err, duck->base.allocator, size, "a connection to %s", duck->base.shown);
    memcpy(path, "./", 2);
    memcpy(path + 2, url->path, (size_t)size - 2);
    qn_status s = open_file(duck, path, url, err);
    qni_free(duck->base.allocator, path, size, 1);
    return s;
}

/* DuckDB may repeat a setting that it does not like. */
static qn_status hide_secrets(qn_status s, const qni_url *url, qn_error *err)
{
    for (int64_t i = 0; s != QN_OK && i < url->option_count; i++)
        if (qni_url_is_secret(url->options[i].name))
            qni_db_hide(err, url->options[i].value);
    return s;
}

qn_status qni_duck_open_database(qni_duck *duck, const qni_url *url, qn_error *err)
{
    const char *mode = qni_url_find(url, "mode");
    if (mode != NULL && strcmp(mode, "ro") != 0)
        return qni_error(err, QN_INVALID, "%s: mode can only be ro: without it a file is read, written, and made",
                         duck->base.shown);
    duck->base.options.read_only = duck->base.options.read_only || mode != NULL;
    if (url->path[0] == '\0')
        return hide_secrets(open_new(duck, NULL, url, err), url, err);
    qn_status s = note_settings(duck, url, err);
    if (s == QN_OK)
        s = open_path(duck, url, err);
    if (s != QN_OK)
        qni_free(duck->base.allocator, duck->settings, duck->settings_size, 1);
    return hide_secrets(s, url, err);
}

void qni_duck_close_database(qni_duck *duck)
{
    if (duck->settings == NULL) {
        duck->api.close(&duck->database);
        return;
    }
    bool shared = false;
    qni_lock_take(&open_lock, NULL);
    *(duck->previous != NULL ? &duck->previous->next : &open_first) = duck->next;
    if (duck->next != NULL)
        duck->next->previous = duck->previous;
    for (const qni_duck *other = open_first; other != NULL; other = other->next)
        shared = shared || other->database == duck->database;
    if (!shared)
        duck->api.close(&duck->database);
    qni_lock_give(&open_lock);
    qni_free(duck->base.allocator, duck->settings, duck->settings_size, 1);
}
