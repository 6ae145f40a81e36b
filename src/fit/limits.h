/* fit/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_FIT_LIMITS_H
#define QNI_FIT_LIMITS_H

/* Rows evaluated and factorised at a time: 256 doubles a column keep a panel of a dozen parameters in the first-level
 * cache, and the reflections' fixed costs small. Every panel but the last is full. */
#define QNI_FIT_PANEL 256

/* Panels between two questions whether to stop: 65,536 rows are about a millisecond of work. */
#define QNI_FIT_PANELS_BETWEEN_STOPS 256

/* More parameters than that are refused: their covariance alone would take 800 MB. */
#define QNI_FIT_PARAMETERS 10000

/* Ties that depend on ties that depend on ties: deeper than that is a circle or a mistake, and each takes some stack. */
#define QNI_FIT_TIE_DEPTH 100

/* With a loss, a row's curvature counts at least this share of its weight in the steps: it may be zero or negative far
 * out, where the sum is no longer convex. A smaller share would lose digits of the gradient in the factor (the residual
 * column is divided by its root), a larger one slows the last steps. */
#define QNI_FIT_LEAST_CURVATURE 1e-4

/* The covariance of a data covariance is a matrix of rows by rows: 20,000 rows would take 3.2 GB. */
#define QNI_FIT_COVARIANCE_ROWS 20000

/* Elements of a covariance of the data and their mirror images may differ by this much, relative: files round. */
#define QNI_FIT_ASYMMETRY 1e-6

/* More starting points than that are a mistake: each is a fit of its own. */
#define QNI_FIT_STARTS 1000000

/* Residuals larger or smaller than that at the start are scaled by a power of two, so that their squares neither over-
 * nor underflow. */
#define QNI_FIT_LARGE_RSS 1e200
#define QNI_FIT_SMALL_RSS 1e-200

/* The first radius in lengths of the scaled start (Moré 1978 recommends 0.1 to 100). */
#define QNI_FIT_FIRST_RADIUS 1.0

/* A trial point is taken when at least this share of the predicted reduction was had. */
#define QNI_FIT_TAKE 1e-4

/* Predicted reductions below this many roundings of the residual sum of squares cannot be seen in it: from there on the
 * gradient decides. */
#define QNI_FIT_FLAT 4.0

/* A parameter whose own step would go this many times (inverse) farther than the bound allows is put on the bound and
 * looked at there. */
#define QNI_FIT_SNAP 1e-4

/* The same before the fit is at rest: only where there is no doubt, so that it does not creep up to a bound for ever.
 */
#define QNI_FIT_WALL 1e-8

/* A shrunken region counts as converged when the reachable residuals are this much smaller than the rest (Bates and
 * Watts 1981 ask for 1e-3), or when all residuals are this many roundings. */
#define QNI_FIT_OFFSET    1e-4
#define QNI_FIT_ROUNDINGS 100.0

/* The share of the way to a bound that a step may go at most (Branch, Coleman and Li 1999). */
#define QNI_FIT_THETA 0.995

/* How far a start on a bound is moved inside, relative to the bound (1 where the bound is smaller). */
#define QNI_FIT_INSIDE 1e-10

/* Share of a missing start's distance from the nearest bound, relative to the bound (1 where the bound is smaller). */
#define QNI_FIT_MISSING_INSIDE 0.1

/* The Jacobian counts as singular when its smallest singular value, columns scaled to length 1, is below this times the
 * parameters. */
#define QNI_FIT_RANK 1e-14

/* A parameter is named as part of a singularity when its share of the direction is at least this. */
#define QNI_FIT_INVOLVED 0.05

/* NIST's files: the published ones have at most 9 parameters, 3 columns, 250 rows and models of 130 characters; these
 * leave room for files in the same form while a few bytes can never ask for much memory. */
#define QNI_NIST_FILE       (16 << 20) /* bytes */
#define QNI_NIST_FORMULA    4096       /* bytes */
#define QNI_NIST_PARAMETERS 64
#define QNI_NIST_COLUMNS    16
#define QNI_NIST_ROWS       1000000

#endif
