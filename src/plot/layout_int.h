/* plot/layout_int.h: where everything of a figure stands on its page, worked out before anything is drawn. */
#ifndef QNI_PLOT_LAYOUT_INT_H
#define QNI_PLOT_LAYOUT_INT_H

#include "plot/canvas_int.h"

/* A note's columns: lines end with \n, columns with \t. */
typedef struct qni_note {
    double columns[QNI_NOTE_COLUMNS]; /* width of each with the gap after it */
    double width, height;             /* of the text, without the space around it */
} qni_note;

typedef struct qni_layout {
    qni_view views[QNI_PLOT_PANELS];
    qni_ticks x_ticks, y_ticks[QNI_PLOT_PANELS];
    double margin; /* at the page's edges */
    double tick_length, tick_gap;
    double title_baseline, legend_baseline, x_tick_baseline, x_label_baseline;
    double y_label_left; /* middle of the upward texts */
    qni_note notes[QNI_PLOT_PANELS];
    qni_box note_boxes[QNI_PLOT_PANELS]; /* width 0: no note */
    bool note_covers[QNI_PLOT_PANELS];   /* there was no free place: the box hides a part of the data */
} qni_layout;

void qni_layout_make(qni_layout *layout, const qn_plot *plot, const qni_canvas *canvas);

double qni_line_height(const qni_canvas *canvas, qni_type_style style);

/* The legend is a row of signs and labels that goes on below where the page ends. */
typedef struct qni_legend_flow {
    qni_point at; /* of the next sign, on the baseline */
    double left, right;
    int rows; /* begun after the first */
    const qni_canvas *canvas;
} qni_legend_flow;

qni_legend_flow qni_legend_start(const qni_layout *layout, const qn_plot *plot, const qni_canvas *canvas);
qni_point qni_legend_next(qni_legend_flow *flow, const qni_series *series); /* where this entry's sign starts */
double qni_legend_sign_width(const qni_canvas *canvas, const qni_series *series);
#define QNI_LEGEND_GAP 0.5 /* of the font's size, between a sign and its label */

void qni_note_measure(qni_note *note, const char *text, const qni_canvas *canvas);
void qni_note_draw(const qni_note *note, const char *text, const qni_box *box, const qni_canvas *canvas);
double qni_note_space(const qni_canvas *canvas); /* around the text, within its box */

#endif
