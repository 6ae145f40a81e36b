/* plot/render_int.h: a figure as the bytes of a file. There are two implementations: render.c with cairo, and
 * render_none.c for a build without its headers. */
#ifndef QNI_PLOT_RENDER_INT_H
#define QNI_PLOT_RENDER_INT_H

#include "plot/plot_int.h"

typedef enum qni_format {
    QNI_FORMAT_SVG,
    QNI_FORMAT_PNG,
} qni_format;

typedef struct qni_bytes {
    char *bytes;
    int64_t size, capacity;
} qni_bytes;

/* Draws the plot, which has a panel. On success free out->bytes with qni_free(plot->allocator, out->bytes,
 * out->capacity, 1). Errors: QN_UNAVAILABLE, QN_NOMEM, QN_INTERNAL. */
QN_MUST_USE qn_status qni_render(qni_bytes *out, const qn_plot *plot, qni_format format, qn_error *err);

#endif
