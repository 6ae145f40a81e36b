/* base/library.c: see library.h. Always: a handle is NULL or that of a library which stays open; two threads that open
 * the same one at once agree on the first, and the second gives its own back. */
#include "base/library.h"

#include "base/error.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct description {
    const char *part; /* its name for qn_has */
    const char *file;
    const char *newest; /* the function that the oldest version we can use was the first to have */
    const char *product;
    const char *package, *headers; /* in Debian's names */
    const char *purpose;           /* what cannot be had without, in the plural */
    bool is_built;                 /* its headers were there when this was compiled */
    const char *variable;          /* of the environment, that names another file; NULL: none */
} description;

static const description libraries[QNI_LIBRARY_COUNT] = {
    [QNI_LIBRARY_CAIRO] = {"cairo", "libcairo.so.2", "cairo_svg_surface_set_document_unit", "cairo 1.16 or newer",
                           "libcairo2", "libcairo2-dev", "plots as files", QUERN_HAVE_CAIRO, NULL},
    [QNI_LIBRARY_ZLIB] = {"zlib", "libz.so.1", "inflateInit2_", "zlib", "zlib1g", "zlib1g-dev",
                          "files compressed by gzip", QUERN_HAVE_ZLIB, NULL},
    [QNI_LIBRARY_SQLITE] = {"sqlite", "libsqlite3.so.0", "sqlite3_changes64", "SQLite 3.37 or newer", "libsqlite3-0",
                            "libsqlite3-dev", "SQLite databases", QUERN_HAVE_SQLITE, NULL},
    [QNI_LIBRARY_POSTGRES] = {"postgres", "libpq.so.5", "PQpipelineSync", "libpq 14 or newer", "libpq5", "libpq-dev",
                              "PostgreSQL databases", QUERN_HAVE_POSTGRES, NULL},
    [QNI_LIBRARY_DUCKDB] = {"duckdb", "libduckdb.so", "duckdb_fetch_chunk", "DuckDB 1.1 or newer", NULL, NULL,
                            "DuckDB databases", true, "QUERN_DUCKDB_LIB"},
    [QNI_LIBRARY_ZIP] = {"zip", "libzip.so.4", "zip_file_set_dostime", "libzip 1.6 or newer", "libzip4", "libzip-dev",
                         "archives of arrays (.npz)", QUERN_HAVE_ZIP, NULL},
    [QNI_LIBRARY_REDIS] = {"redis", "libhiredis.so.0.14", "redisCommandArgv", "hiredis 0.14", "libhiredis0.14",
                           "libhiredis-dev", "caches shared by machines", QUERN_HAVE_REDIS, NULL},
};

static void *_Atomic handles[QNI_LIBRARY_COUNT];

/* The file that the environment names, or NULL. */
static const char *file_given(const description *d)
{
    const char *file = d->variable != NULL ? getenv(d->variable) : NULL;
    return file != NULL && *file != '\0' ? file : NULL;
}

/* NULL: it is not there, or too old. */
static void *open_library(qni_library library)
{
    void *handle = atomic_load_explicit(&handles[library], memory_order_acquire);
    if (handle != NULL || !libraries[library].is_built)
        return handle;
    const char *given = file_given(&libraries[library]);
    handle = dlopen(given != NULL ? given : libraries[library].file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return NULL;
    if (dlsym(handle, libraries[library].newest) == NULL) {
        (void)dlclose(handle);
        return NULL;
    }
    void *first = NULL;
    if (atomic_compare_exchange_strong(&handles[library], &first, handle))
        return handle;
    (void)dlclose(handle);
    return first;
}

/* What to do about a library that could not be opened just now in this thread, or lacks a function. */
static qn_status missing(const description *d, qn_error *err)
{
    const char *given = file_given(d);
    if (given != NULL) {
        const char *why = dlerror();
        return qni_error(err, QN_UNAVAILABLE, "%s need %s, and the file that %s names is none: %s", d->purpose,
                         d->product, d->variable, why != NULL ? why : given);
    }
    if (d->package == NULL)
        return qni_error(err, QN_UNAVAILABLE,
                         "%s need %s: put %s of the releases at duckdb.org where libraries are found, or name it in "
                         "the environment's %s",
                         d->purpose, d->product, d->file, d->variable);
    return qni_error(err, QN_UNAVAILABLE, "%s need %s: install it (on Debian: apt install %s)", d->purpose, d->product,
                     d->package);
}

qn_status qni_library_functions(void *out, qni_library library, const qni_function *functions, int64_t count,
                                qn_error *err)
{
    const description *d = &libraries[library];
    if (!d->is_built)
        return qni_error(err, QN_UNAVAILABLE, "this Quern was built without %s: install %s and build it again",
                         d->purpose, d->headers);
    void *handle = open_library(library);
    for (int64_t i = 0; handle != NULL && i < count; i++) {
        void *address = dlsym(handle, functions[i].name);
        if (address == NULL)
            handle = NULL;
        else
            memcpy((char *)out + functions[i].offset, &address, sizeof address);
    }
    return handle != NULL ? QN_OK : missing(d, err);
}

bool qn_has(const char *part)
{
    for (int i = 0; part != NULL && i < QNI_LIBRARY_COUNT; i++) {
        if (strcmp(libraries[i].part, part) == 0)
            return open_library((qni_library)i) != NULL;
    }
    return false;
}

const char *qni_library_part(qni_library library)
{
    return libraries[library].part;
}

const char *qni_library_purpose(qni_library library)
{
    return libraries[library].purpose;
}
