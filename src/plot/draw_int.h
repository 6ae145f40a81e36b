/* plot/draw_int.h: the figure onto a page of cairo's. */
#ifndef QNI_PLOT_DRAW_INT_H
#define QNI_PLOT_DRAW_INT_H

#include "plot/layout_int.h"

/* Draws everything, background included. Only QN_NOMEM can come back; cairo keeps its own errors. */
QN_MUST_USE qn_status qni_draw(const qni_canvas *canvas, const qn_plot *plot, const qni_layout *layout, qn_error *err);

#endif
