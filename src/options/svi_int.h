/* options/svi_int.h: SVI as the fit sees it, and what keeps it free of arbitrage.
 *
 * With x = k - m and R = sqrt(x^2 + sigma^2), (R + x)(R - x) = sigma^2, so that the curve is
 *   w(k) = least + (right sqrt(R + x) - left sqrt(R - x))^2 / 2
 * with the least variance, the roots of the slopes of both wings, and m and sigma as they are: non-negative curves and
 * slopes up to 2 (Lee's bound) are a box. All functions: any thread. */
#ifndef QNI_OPTIONS_SVI_INT_H
#define QNI_OPTIONS_SVI_INT_H

#include <quern/smile.h>

#include "options/limits.h"

enum {
    QNI_SVI_LEAST,
    QNI_SVI_RIGHT,
    QNI_SVI_LEFT,
    QNI_SVI_CENTRE,
    QNI_SVI_WIDTH,
    QNI_SVI_COUNT
};

/* The five numbers of the curve in that order. */
typedef struct qni_svi_form {
    double x[QNI_SVI_COUNT];
} qni_svi_form;

qn_svi qni_svi_of_form(const qni_svi_form *form);
qni_svi_form qni_svi_form_of(const qn_svi *svi);

/* The least g(k) over all k: by nodes around the vertex and the minimum, searched between, and the wings, where the
 * curve is a line, in closed form. */
double qni_svi_least_density(const qn_svi *svi);

/* The least high(k) - low(k) over all k, -infinity where the wings cross: their slopes differ by more than
 * rounding. */
double qni_svi_least_gap(const qn_svi *low, const qn_svi *high);

/* The rows of one expiry: what its curve is to pass through, and how much that counts. */
typedef struct qni_svi_rows {
    int64_t n;
    int64_t padded; /* n, rounded up to QNI_OPTION_LANES: the rows beyond are zeros */
    double *k;      /* (padded) */
    double *w;      /* (padded) total variance of the mid */
    double *scale;  /* (padded) of a difference in w to residuals: in half spreads of volatility, by weight */
    double years;   /* to expiry */
    double unit;    /* one half spread: what a weighted error of volatility is divided by */
    double atm;     /* total variance near k = 0 */
    double lowest;  /* the least of w */
    double low_k, high_k;
} qni_svi_rows;

/* What is known of a root of a slope beside the quotes: a value and 1 / variance (0: nothing); and the same of a value
 * that it is not below. */
typedef struct qni_svi_belief {
    double root, weight;
    double floor, floor_weight;
} qni_svi_belief;

/* Sums over the rows of points, densities and gaps of a task: of the loss; of half its gradient; of the Gauss-Newton
 * part of half its matrix of second derivatives, by rows of its upper half, and the diagonal as it were without the
 * curvature of the loss; and of what the curve's own second derivatives are times:
 *   1, root + d, root - d, d / root, sigma / root, sigma^2 / root^3, d sigma / root^3, d^2 / root^3
 * with d = k - m and root = sqrt(d^2 + sigma^2). */
enum {
    QNI_SVI_COST,
    QNI_SVI_GRADIENT,
    QNI_SVI_NORMAL = QNI_SVI_GRADIENT + QNI_SVI_COUNT,
    QNI_SVI_SCALE = QNI_SVI_NORMAL + QNI_SVI_COUNT * (QNI_SVI_COUNT + 1) / 2,
    QNI_SVI_BEND = QNI_SVI_SCALE + QNI_SVI_COUNT,
    QNI_SVI_BENDS = 8,
    QNI_SVI_SUMS = QNI_SVI_BEND + QNI_SVI_BENDS,
};
struct qni_svi_task;
typedef void qni_svi_sum(double *sums, const struct qni_svi_task *task, const double *x);

/* What the fit of one expiry minimises. */
typedef struct qni_svi_task {
    qni_svi_sum *sum, *cost; /* of this processor; cost: the first of the sums alone */
    const qni_svi_rows *rows;
    bool dense;                            /* the density is to be above 0 */
    const qn_svi *next;                    /* the curve of a later expiry, which this one may not cross; NULL: none */
    qni_svi_belief beliefs[2];             /* of the right slope and the left one */
    double aim;                            /* the density that is pressed for */
    double steep;                          /* residual for a density that is 1 below that */
    double powers[QNI_SVI_DENSITY_PADDED]; /* e^(t / 2) of the nodes m + sigma sinh(t); NaN: none */
    double gap_k[QNI_SVI_GAP_PADDED], gap_w[QNI_SVI_GAP_PADDED]; /* nodes and variances of the next expiry; NaN: none */
    double gap_scale[QNI_SVI_GAP_PADDED];                        /* of a difference in variance to residuals */
} qni_svi_task;

/* Of rows (borrowed) alone; and with all else: a density above 0, below next (borrowed; NULL: none), beliefs (2). */
void qni_svi_task_alone(qni_svi_task *task, const qni_svi_rows *rows);
void qni_svi_task_held(qni_svi_task *task, const qni_svi_rows *rows, const qn_svi *next, const qni_svi_belief *beliefs);

/* A point to begin from: the best of a few centres and widths, for each of which the rest is linear (Zeliade Systems,
 * "Quasi-explicit calibration of Gatheral's SVI model", 2009). */
qni_svi_form qni_svi_start(const qni_svi_task *task);

/* What a fit minimises, at *form. */
double qni_svi_cost(const qni_svi_form *form, const qni_svi_task *task);

/* Makes *form the best curve, from where it is, as far as penalties hold it; `rough`: nearly. weights (2; NULL: not
 * wanted): 1 / variance of the roots of the slopes, right and left. */
void qni_svi_solve(qni_svi_form *form, double *weights, const qni_svi_task *task, bool rough);

/* Whether the curve has no butterfly arbitrage and is not above `next` (NULL: none). */
bool qni_svi_admissible(const qn_svi *svi, const qn_svi *next);

/* A curve of the shape of `next` that has this variance at the money, or that of `next` where that is less. It is
 * admissible where `next` is: g is concave in a factor of w, and a square at 0. NULL: a flat one. */
qn_svi qni_svi_scaled(const qn_svi *next, double level);

/* Makes the curve, whose least density is given, admissible: lowered, or moved towards qni_svi_scaled as far as
 * needed, whichever costs less; true: that changed it. */
bool qni_svi_mend(qn_svi *svi, double density, const qni_svi_task *task);

#endif
