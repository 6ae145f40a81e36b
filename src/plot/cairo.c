/* plot/cairo.c: opens cairo once and finds its functions. Once filled the table never changes; pthread_once publishes
 * it to every thread. */
#include "plot/cairo_int.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

static const struct function {
    const char *name;
    size_t offset; /* of its pointer in qni_cairo */
} functions[] = {
#define FUNCTION(name) {"cairo_" #name, offsetof(qni_cairo, name)},
    QNI_CAIRO_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static struct {
    pthread_once_t once;
    bool found;
    qni_cairo table;
} cairo = {.once = PTHREAD_ONCE_INIT};

static void open_once(void)
{
    void *library = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *address = dlsym(library, functions[i].name);
        if (address == NULL) {
            dlclose(library);
            return;
        }
        memcpy((char *)&cairo.table + functions[i].offset, &address, sizeof address);
    }
    cairo.found = true;
}

const qni_cairo *qni_cairo_open(void)
{
    pthread_once(&cairo.once, open_once);
    return cairo.found ? &cairo.table : NULL;
}
