/* quern/numerics.h: numbers in place: mean and variance, z-scores, bounded functions, scores of features.
 *
 * Caveats first:
 *  - Every result is the same bit for bit at every processor level, whatever the address and, where numbers do not
 *    meet (tanh, sigmoid, clip, scores of columns), however a batch is cut. Of NaNs only that they are.
 *  - Sums have a fixed order, which depends on the count alone: the same pieces give the same bits on every run.
 *  - Nothing is allocated, and what is computed takes the place of what it is computed from; any thread.
 *  - Errors of all functions: QN_INVALID (a negative count, NULL where there are numbers), QN_CONFIG (QUERN_CPU names
 *    no processor level). Nothing is written then.
 */
#ifndef QUERN_NUMERICS_H
#define QUERN_NUMERICS_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* Mean and spread of numbers that come in pieces: all 0 is none. Variances of a sample are m2 / (count - 1), of a
 * whole population m2 / count. Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
 * sample variances", 1979, with what rounding leaves carried along, so that any number of pieces costs no digits. */
typedef struct qn_moments {
    int64_t count;
    double mean;     /* infinite or NaN as the sum of the numbers is, where one of them is no finite number */
    double mean_low; /* the true mean is about mean + mean_low */
    double m2;       /* the sum of squares of what each differs from the mean; exactly 0 where all are equal; NaN
                        where one is no finite number; infinite where it is beyond the range of doubles */
    double m2_low;   /* the true sum is about m2 + m2_low */
} qn_moments;

/* Adds the numbers `x` (count) as one piece. How numbers are cut into pieces shows in the last bits: a stream, whose
 * spans are cut anyhow, adds one by one or by windows of its own. Errors: QN_INVALID (also: more than 2^63 numbers in
 * all), QN_CONFIG. */
QN_API QN_MUST_USE qn_status qn_moments_add(qn_moments *moments, const double *x, int64_t count, qn_error *err);

/* Adds what `other` has gathered, after what there is. Errors: QN_INVALID (a count below 0, or beyond 2^63). */
QN_API QN_MUST_USE qn_status qn_moments_merge(qn_moments *moments, const qn_moments *other, qn_error *err);

/* The variance of a sample, m2 / (count - 1); NaN of fewer than two numbers. */
QN_API double qn_moments_variance(const qn_moments *moments);

/* Mean and variance of a sample, of `x` (count), in one pass; either may be NULL. The variance is exactly 0 where all
 * numbers are equal, and else within 1e-12 of its value whatever the numbers are (of random ones some 1e-15), however
 * large the mean is beside it (1e9 and a little), over the whole range of doubles; a subnormal one within 2^-1074. It
 * is infinite only where no double holds it. The mean is within 1 ULP and 1e-13 standard deviations. The mean of none,
 * and the variance of fewer than two, is NaN; where a number is infinite or NaN, the variance is NaN, and the mean
 * what their sum is. Times (n - 1) / n it is the variance of a population. Errors: QN_INVALID, QN_CONFIG. */
QN_API QN_MUST_USE qn_status qn_mean_variance(double *mean, double *variance, const double *x, int64_t count,
                                              qn_error *err);

/* Puts z-scores in the place of `x` (count): what each differs from the mean, in standard deviations of the sample.
 * All 0 where all numbers are equal, one number among them; all NaN where one is infinite or NaN. Right over the whole
 * range of doubles. Errors: QN_INVALID, QN_CONFIG. */
QN_API QN_MUST_USE qn_status qn_zscore(double *x, int64_t count, qn_error *err);

/* Put a function of each number in the place of `x` (count). NaN stays NaN. The bits are those of the functions tanh,
 * sigmoid and clamp of formulas: tanh within 2 ULP, 1 / (1 + exp(-x)) within 4 ULP down to its subnormal values, both
 * without overflow inside, and exact at 0 and the infinities. qn_clip gives numbers below `low` and above `high` these
 * bounds, which may be infinite. Errors: QN_INVALID (qn_clip also: a bound is NaN, low > high), QN_CONFIG. */
QN_API QN_MUST_USE qn_status qn_tanh(double *x, int64_t count, qn_error *err);
QN_API QN_MUST_USE qn_status qn_sigmoid(double *x, int64_t count, qn_error *err);
QN_API QN_MUST_USE qn_status qn_clip(double *x, int64_t count, double low, double high, qn_error *err);

/* Scores of features that are columns: scores[i] = bias + weights[0] columns[0][i] + weights[1] columns[1][i] + …,
 * from left to right, each step rounded: what a formula of that text gives. `columns` (column_count) each (count),
 * `weights` (column_count); `scores` (count) may be one of the columns. Errors: QN_INVALID, QN_CONFIG. */
QN_API QN_MUST_USE qn_status qn_score_columns(double *scores, const double *const *columns, int64_t column_count,
                                              const double *weights, double bias, int64_t count, qn_error *err);

/* The same of features that are rows: scores[i] = bias + weights[0] m[0] + weights[1] m[1] + …, m row i of `matrix`
 * (rows, columns), whose rows begin `stride` numbers apart (>= columns); the same bits as of columns. `scores` (rows)
 * may be `matrix` itself: they take the place of its first numbers. Errors: QN_INVALID (also: stride < columns). */
QN_API QN_MUST_USE qn_status qn_score_rows(double *scores, const double *matrix, int64_t rows, int64_t columns,
                                           int64_t stride, const double *weights, double bias, qn_error *err);

QN_END_DECLS
#endif
