/* plot/plot_int.h: what a plot holds, for the files that draw it. */
#ifndef QNI_PLOT_PLOT_INT_H
#define QNI_PLOT_PLOT_INT_H

#include "plot/limits.h"

#include <quern/plot.h>

typedef struct qni_series {
    qn_plot_kind kind;
    int64_t panel;
    qn_plot_colour colour; /* never QN_PLOT_AUTO */
    char *label;           /* NULL: not in the legend */
    int64_t n;
    const double *x, *y, *y2; /* (n) borrowed from the caller */
    double level;
} qni_series;

typedef struct qni_axis_spec {
    char *label; /* NULL: none */
    qn_plot_scale scale;
    double min, max; /* min < max: given; else follow the data */
    bool symmetric;
} qni_axis_spec;

typedef struct qni_panel {
    qni_axis_spec y;
    double height; /* relative */
    char *note;    /* NULL: none */
} qni_panel;

struct qn_plot {
    const qn_allocator *allocator;
    double width, height, font_size, png_scale;
    char *title; /* NULL: none */
    qni_axis_spec x;
    qni_panel panels[QNI_PLOT_PANELS];
    int64_t panel_count;
    qni_series *series; /* (series_count) in the order in which they were added */
    int64_t series_count, series_capacity;
    int next_colour;
};

/* A copy of `text` as valid UTF-8 on one line (`lines`: tabs and line ends stay) in at most `limit` bytes; NULL: no
 * memory. */
char *qni_plot_text_copy(const qn_allocator *allocator, const char *text, int64_t limit, bool lines);

/* The byte after the character at `text` (which is valid UTF-8 and not at its end), its code point in *code. */
const char *qni_utf8_next(const char *text, uint32_t *code);

/* The digit or minus that a raised character stands for; 0: it is none. */
char qni_raised(uint32_t code);

#endif
