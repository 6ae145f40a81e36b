/* fit/shapes.h: quantities of curves of known shapes, read off data. */
#ifndef QNI_FIT_SHAPES_H
#define QNI_FIT_SHAPES_H

#include "lang/shape.h"
#include "math/panel.h"

/* Data to be described, by increasing x. */
typedef struct qni_fit_curve {
    const double *x, *y;  /* (n) finite; x may repeat */
    const double *weight; /* (n) 1 / sigma; NULL: all 1 */
    int64_t n;
    double *work; /* qni_fit_curve_work(n) doubles */
    const qni_panel_kernels *kernels;
} qni_fit_curve;

int64_t qni_fit_curve_work(int64_t n);

/* Told quantities (shape->quantities) that are worth a trial; NaN: that one is not known. */
typedef void qni_fit_proposal(void *user, const double *quantities);

/* Proposes quantities of the shape, some tens to hundreds of sets: what the classical methods give, and a grid about
 * the scales of the data for where these fail. None of them need be good, and only the shape's nonlinear quantities are
 * sought. Allocates nothing. */
void qni_fit_shape_propose(const qni_shape *shape, const qni_fit_curve *curve, qni_fit_proposal *propose, void *user);

/* peaks.c: the same for sums of peaks. */
void qni_fit_peaks_propose(const qni_shape *shape, const qni_fit_curve *curve, qni_fit_proposal *propose, void *user);

#endif
