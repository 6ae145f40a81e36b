/* plot/canvas_int.h: drawing in the few ways that a figure needs: texts, thin lines, dots, areas, in the palette's
 * colours. */
#ifndef QNI_PLOT_CANVAS_INT_H
#define QNI_PLOT_CANVAS_INT_H

#include "plot/cairo_int.h"
#include "plot/view_int.h"

typedef struct qni_canvas {
    const qni_cairo *api;
    cairo_t *cr;
    double font;  /* pixels: the size of normal text */
    double scale; /* device pixels a pixel, for lines that fall on whole ones */
} qni_canvas;

/* The sizes and weights that a figure uses, relative to the font. */
typedef enum qni_type_style {
    QNI_TYPE_NORMAL, /* axis labels, legend */
    QNI_TYPE_SMALL,  /* tick labels, notes */
    QNI_TYPE_TITLE,
} qni_type_style;

typedef enum qni_shade {
    QNI_SHADE_TEXT,
    QNI_SHADE_FRAME,
    QNI_SHADE_GRID,
    QNI_SHADE_PAPER,
} qni_shade;

double qni_canvas_type_size(const qni_canvas *c, qni_type_style style);
double qni_canvas_text_width(const qni_canvas *c, const char *text, qni_type_style style);

/* `text` cut with an ellipsis so that it is at most `width` wide. out has QNI_FITTED_SIZE bytes. */
#define QNI_FITTED_SIZE (QNI_PLOT_TEXT_SIZE + 128)
void qni_canvas_fit(const qni_canvas *c, char *out, const char *text, double width, qni_type_style style);

/* Text on the baseline through `at`; of its width, the part `align` is left of `at` (0: starts there, 0.5: centred, 1:
 * ends there). */
void qni_canvas_text(const qni_canvas *c, qni_point at, const char *text, double align, qni_type_style style);
/* The same, centred, reading upwards. */
void qni_canvas_text_upwards(const qni_canvas *c, qni_point at, const char *text, qni_type_style style);

void qni_canvas_shade(const qni_canvas *c, qni_shade shade, double alpha);
void qni_canvas_colour(const qni_canvas *c, qn_plot_colour colour, double alpha);

/* A straight line of `width` whole pixels along an axis, on whole device pixels. */
void qni_canvas_rule(const qni_canvas *c, qni_point from, qni_point to, double width);
void qni_canvas_frame(const qni_canvas *c, const qni_box *box, double width);

#endif
