/* plot/axis_int.h: the range that the data of a plot need on each of its axes. */
#ifndef QNI_PLOT_AXIS_INT_H
#define QNI_PLOT_AXIS_INT_H

#include "plot/plot_int.h"
#include "plot/ticks.h"

/* The axes of a panel from its specification and the data. The x axis is that of all panels. */
void qni_axis_x(qni_axis *axis, const qn_plot *plot);
void qni_axis_y(qni_axis *axis, const qn_plot *plot, int64_t panel, const qni_axis *x);

#endif
