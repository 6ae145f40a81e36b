/* plot/render_none.c: a build without cairo's headers can draw as text only, and says so. */
#include "plot/render_int.h"

#include "base/library.h"

qn_status qni_render(qni_bytes *out, const qn_plot *plot, qni_format format, qn_error *err)
{
    (void)plot;
    (void)format;
    *out = (qni_bytes){0};
    return qni_library_functions(NULL, QNI_LIBRARY_CAIRO, NULL, 0, err);
}
