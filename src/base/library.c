/* base/library.c: see library.h. Always: a handle is NULL or that of a library which stays open; two threads that open
 * the same one at once agree on the first, and the second gives its own back. */
#include "base/library.h"

#include "base/error.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

typedef struct description {
    const char *part; /* its name for qn_has */
    const char *file;
    const char *newest; /* the function that the oldest version we can use was the first to have */
    const char *product;
    const char *package, *headers; /* in Debian's names */
    const char *purpose;           /* what cannot be had without, in the plural */
    bool is_built;                 /* its headers were there when this was compiled */
} description;

static const description libraries[QNI_LIBRARY_COUNT] = {
    [QNI_LIBRARY_CAIRO] = {"cairo", "libcairo.so.2", "cairo_svg_surface_set_document_unit", "cairo 1.16 or newer",
                           "libcairo2", "libcairo2-dev", "plots as files", QUERN_HAVE_CAIRO},
    [QNI_LIBRARY_ZLIB] = {"zlib", "libz.so.1", "inflateInit2_", "zlib", "zlib1g", "zlib1g-dev",
                          "files compressed by gzip", QUERN_HAVE_ZLIB},
};

static void *_Atomic handles[QNI_LIBRARY_COUNT];

/* NULL: it is not there, or too old. */
static void *open_library(qni_library library)
{
    void *handle = atomic_load_explicit(&handles[library], memory_order_acquire);
    if (handle != NULL || !libraries[library].is_built)
        return handle;
    handle = dlopen(libraries[library].file, RTLD_NOW | RTLD_LOCAL);
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
    if (handle == NULL)
        return qni_error(err, QN_UNAVAILABLE, "%s need %s: install it (on Debian: apt install %s)", d->purpose,
                         d->product, d->package);
    return QN_OK;
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
