/* plot/cairo.c: finds cairo's functions. */
#include "plot/cairo_int.h"

#include "base/library.h"

qn_status qni_cairo_open(qni_cairo *out, qn_error *err)
{
    static const qni_function functions[] = {
#define FUNCTION(name) {"cairo_" #name, offsetof(qni_cairo, name)},
        QNI_CAIRO_FUNCTIONS(FUNCTION)
#undef FUNCTION
    };
    return qni_library_functions(out, QNI_LIBRARY_CAIRO, functions, sizeof functions / sizeof functions[0], err);
}
