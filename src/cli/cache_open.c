/* cli/cache_open.c: where the command's cache lies, and opening it. */
#include "cli/cache_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"

#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

static qn_status join(char **out, const qni_run *run, const char *a, const char *b, qn_error *err)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    *out = qni_alloc(run->allocator, (int64_t)(a_size + b_size + 1), 1);
    if (*out == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the name of the cache's folder");
    memcpy(*out, a, a_size);
    memcpy(*out + a_size, b, b_size + 1);
    return QN_OK;
}

/* An environment variable that names a folder; NULL: not set, or relative, which the specification has ignored. */
static const char *folder_variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] == '/' ? value : NULL;
}

qn_status qni_cache_folder(char **out, const qni_run *run, const qni_args *args, qn_error *err)
{
    const char *given = qni_args_text(args, &qni_cache_options_table[CACHE_FOLDER]);
    const char *xdg = folder_variable("XDG_CACHE_HOME"), *home = folder_variable("HOME");
    *out = NULL;
    if (given != NULL)
        return join(out, run, given, "", err);
    if (xdg != NULL)
        return join(out, run, xdg, "/quern/cache", err);
    if (home != NULL)
        return join(out, run, home, "/.cache/quern/cache", err);
    return qni_error(err, QN_CONFIG,
                     "nothing says where the cache lies: name a folder by the key \"folder\" of [cache], or set "
                     "XDG_CACHE_HOME or HOME to a path that begins with /");
}

const char *qni_cache_size_refuse(const char *text)
{
    return qni_memory_size(text) > 0 ? NULL : "no number of bytes: 65536, 64K, 512M, 2G";
}

const char *qni_cache_folder_refuse(const char *text)
{
    return text[0] != '\0' ? NULL : "it names no folder";
}

/* A secret that an option points to; nothing where it is not given. */
static qn_status fetch(qni_secret *out, const qni_run *run, const qni_args *args, int option, qn_error *err)
{
    const char *reference = qni_args_text(args, &qni_cache_options_table[option]);
    *out = (qni_secret){0};
    return reference != NULL ? qni_secret_read(out, reference, run->allocator, err) : QN_OK;
}

static qn_status open_with(qn_cache **out, qn_cache_options *o, const qni_secret *key, const qni_secret *password,
                           qn_error *err)
{
    uint8_t bytes[QNI_SECRET_KEY_SIZE];
    qn_status s = QN_OK;
    if (password->bytes != NULL)
        s = qni_secret_text(&o->redis_password, password, err);
    if (s == QN_OK && key->bytes != NULL) {
        s = qni_secret_key(bytes, key, err);
        o->key = bytes;
    }
    if (s == QN_OK)
        s = qn_cache_open(out, o, err);
    o->key = NULL;
    sodium_memzero(bytes, sizeof bytes);
    return s;
}

qn_status qni_cache_open(qn_cache **out, const qni_run *run, const qni_args *args, const char *folder, bool looking,
                         qn_error *err)
{
    qn_cache_options o;
    qni_secret key, password = {0};
    qn_error why = qn_error_none();
    const char *size = qni_args_text(args, &qni_cache_options_table[CACHE_DISK_BYTES]);
    *out = NULL;
    qn_cache_options_init(&o, sizeof o);
    o.memory_bytes = -1; /* one run asks for a value once */
    o.folder = folder;
    o.disk_bytes = size != NULL ? qni_memory_size(size) : 0;
    o.redis = qni_args_text(args, &qni_cache_options_table[CACHE_REDIS]);
    o.read_only = looking;
    o.allocator = run->allocator;
    qn_status s = fetch(&key, run, args, CACHE_KEY, err);
    if (s == QN_OK)
        s = fetch(&password, run, args, CACHE_REDIS_PASSWORD, err);
    if (s == QN_OK)
        s = open_with(out, &o, &key, &password, &why);
    if (s == QN_NO_INPUT && looking)
        s = QN_OK;
    else if (s != QN_OK && why.code != QN_OK && err != NULL)
        *err = why;
    qni_secret_fini(&password);
    qni_secret_fini(&key);
    return s;
}
