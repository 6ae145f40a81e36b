/* plot/view_int.h: a panel's rectangle on the page, and the data as seen in it: in pixels, clipped, thinned to what can
 * be seen.
 *
 * The same data in the same rectangle always give the same picture. */
#ifndef QNI_PLOT_VIEW_INT_H
#define QNI_PLOT_VIEW_INT_H

#include "plot/axis_int.h"

typedef struct qni_box {
    double left, top, width, height;
} qni_box;

typedef struct qni_point {
    double x, y; /* pixels, y downwards */
} qni_point;

typedef struct qni_view {
    qni_box box;
    qni_axis x, y;
} qni_view;

/* Where (x, y) lies on the page, perhaps outside the box (but never farther than a million boxes); false: it cannot be
 * drawn. */
bool qni_view_place(const qni_view *view, double x, double y, qni_point *out);

bool qni_box_has(const qni_box *box, qni_point p);

/* Cuts the segment to the box; false: nothing of it lies in the box. */
bool qni_box_clip(const qni_box *box, qni_point *a, qni_point *b);

/* Whether the way from a to b is the jump of a curve at a pole: from above the box to below it or back, with hardly a
 * step to the side. */
bool qni_is_pole(const qni_box *box, qni_point a, qni_point b);

typedef struct qni_dot {
    float x, y;
    uint32_t count; /* points that the dot stands for; 0: none */
} qni_dot;

/* A series of points as dots: each one where few are in the box, else one in the middle of the points of each occupied
 * cell of a square grid. */
typedef struct qni_dots {
    qni_dot *dots; /* (capacity) */
    int64_t count, capacity;
    double cell;        /* pixels; 0: every point has its own dot */
    uint32_t max_count; /* of a dot */
} qni_dots;

bool qni_dots_make(qni_dots *out, const qni_view *view, const qni_series *series,
                   const qn_allocator *allocator); /* false: no memory */
void qni_dots_free(qni_dots *dots, const qn_allocator *allocator);

/* A series as a line: of what lies within one pixel column, the first, the lowest, the highest and the last point. */
typedef struct qni_vertex {
    qni_point at;
    bool starts; /* not joined to the one before */
} qni_vertex;

typedef struct qni_path {
    qni_vertex *vertices; /* (capacity) */
    int64_t count, capacity;
} qni_path;

bool qni_path_make(qni_path *out, const qni_view *view, const qni_series *series,
                   const qn_allocator *allocator); /* false: no memory */
void qni_path_free(qni_path *path, const qn_allocator *allocator);

#endif
