/* plot/render_none.c: a build without cairo's headers can draw as text only, and says so. */
#include "plot/render_int.h"

#include "base/error.h"

bool qni_render_available(void)
{
    return false;
}

qn_status qni_render(qni_bytes *out, const qn_plot *plot, qni_format format, qn_error *err)
{
    (void)plot;
    (void)format;
    *out = (qni_bytes){0};
    return qni_error(err, QN_UNAVAILABLE,
                     "this Quern was built without plots as files: install libcairo2-dev and build it again");
}
