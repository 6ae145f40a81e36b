/* math/numerics_moments.c: mean and spread of arrays, and z-scores. Any thread.
 *
 * An array is gathered in blocks, each by a kernel in one pass, and what they give is merged from first to last with
 * twice the precision, so that neither the number of blocks nor a mean far away from 0 costs digits. Where squares
 * leave the range of doubles, it is gathered again in units of a power of two near its largest number. */
#include "math/numerics_int.h"

#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "math/dense.h"
#include "math/limits.h"

/* Moments in units of 2^exponent. Where a number was not finite, m2 is not, and the exponent is 0. */
typedef struct scaled_moments {
    qn_moments moments;
    int exponent;
} scaled_moments;

/* The mean `step` further, in both parts anew, so that the first one is the rounded whole. */
static void move_mean(qn_moments *a, double step)
{
    qni_sum mean = {a->mean, a->mean_low};
    qni_sum_add(&mean, step);
    qni_sum whole = {mean.high, 0};
    qni_sum_add(&whole, mean.low);
    a->mean = whole.high;
    a->mean_low = whole.low;
}

/* Of what is not finite, or so far apart that its square, or even its difference, is not. */
static void merge_far(qn_moments *a, const qn_moments *b, int64_t count, double step)
{
    bool finite = isfinite(a->mean) && isfinite(b->mean);
    double share = (double)b->count / (double)count;
    a->m2 = finite && !isnan(a->m2 + b->m2) ? (double)INFINITY : (double)NAN;
    a->m2_low = 0;
    a->count = count;
    if (isfinite(step)) {
        move_mean(a, step);
        return;
    }
    a->mean = finite ? a->mean * (1 - share) + b->mean * share : a->mean + b->mean;
    a->mean_low = 0;
}

/* a, then b; neither is empty. */
static void merge(qn_moments *a, const qn_moments *b)
{
    int64_t count = a->count + b->count;
    double delta = (b->mean - a->mean) + (b->mean_low - a->mean_low);
    double step = delta * ((double)b->count / (double)count), between = delta * step * (double)a->count;
    if (!isfinite(a->m2 + b->m2 + between)) {
        merge_far(a, b, count, step);
        return;
    }
    qni_sum m2 = {a->m2, a->m2_low + b->m2_low};
    qni_sum_add(&m2, b->m2);
    qni_sum_add(&m2, between);
    qni_sum all = {m2.high, 0};
    qni_sum_add(&all, m2.low);
    move_mean(a, step);
    a->count = count;
    a->m2 = all.high;
    a->m2_low = all.low;
}

/* a, which may be empty, then b, which is not. */
static void append(qn_moments *a, const qn_moments *b)
{
    if (a->count == 0)
        *a = *b;
    else
        merge(a, b);
}

static int64_t block_at(int64_t i, int64_t n)
{
    return n - i < QNI_MOMENTS_BLOCK ? n - i : QNI_MOMENTS_BLOCK;
}

static void gather(qn_moments *out, const qni_numerics_kernels *kernels, const double *x, int64_t n)
{
    if (n == 0) {
        *out = (qn_moments){0};
        return;
    }
    kernels->moments(out, x, block_at(0, n));
    for (int64_t i = QNI_MOMENTS_BLOCK; i < n; i += QNI_MOMENTS_BLOCK) {
        qn_moments block;
        kernels->moments(&block, x + i, block_at(i, n));
        merge(out, &block);
    }
}

/* to = x 2^-exponent, in two steps: one factor could be beyond the range of numbers. Exact but for what is lost beside
 * numbers near 1. */
static void scale_down(double *to, const double *x, int64_t n, int exponent)
{
    double half = ldexp(1, -(exponent / 2)), other = ldexp(1, exponent / 2 - exponent);
    for (int64_t i = 0; i < n; i++)
        to[i] = x[i] * half * other;
}

static void gather_scaled(qn_moments *out, const qni_numerics_kernels *kernels, const double *x, int64_t n,
                          int exponent)
{
    double scaled[QNI_MOMENTS_BLOCK];
    *out = (qn_moments){0};
    for (int64_t i = 0; i < n; i += QNI_MOMENTS_BLOCK) {
        qn_moments block = {0};
        scale_down(scaled, x + i, block_at(i, n), exponent);
        kernels->moments(&block, scaled, block_at(i, n));
        append(out, &block);
    }
}

/* Where the usual way may have over- or underflown, or met no finite number. Out of its way: the scaled block would be
 * in every call's frame. */
static __attribute__((noinline, cold)) void measure_again(scaled_moments *out, const qni_numerics_kernels *kernels,
                                                          const double *x, int64_t n)
{
    double largest = 0, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            sum += x[i];
        else if (fabs(x[i]) > largest)
            largest = fabs(x[i]);
    }
    if (sum != 0) { /* NaN too */
        out->moments = (qn_moments){.count = n, .mean = sum, .m2 = (double)NAN};
        return;
    }
    if (isfinite(out->moments.m2) && (largest == 0 || largest > QNI_MOMENTS_SAFE_SIZE))
        return;
    (void)frexp(largest, &out->exponent);
    gather_scaled(&out->moments, kernels, x, n, out->exponent);
}

static void measure(scaled_moments *out, const qni_numerics_kernels *kernels, const double *x, int64_t n)
{
    out->exponent = 0;
    gather(&out->moments, kernels, x, n);
    double mean = fabs(out->moments.mean), m2 = out->moments.m2;
    bool low = m2 < QNI_MOMENTS_SAFE_M2 && mean < QNI_MOMENTS_SAFE_SIZE;
    if (n > 0 && (low || !isfinite(m2)))
        measure_again(out, kernels, x, n);
}

static double in_units_of_one(double value, int exponent)
{
    return exponent == 0 ? value : ldexp(value, exponent);
}

static qn_moments moments_in_units_of_one(const scaled_moments *s)
{
    qn_moments m = s->moments;
    if (s->exponent == 0)
        return m;
    m.mean = ldexp(m.mean, s->exponent);
    m.mean_low = ldexp(m.mean_low, s->exponent);
    m.m2 = ldexp(m.m2, 2 * s->exponent);
    m.m2_low = isfinite(m.m2) ? ldexp(m.m2_low, 2 * s->exponent) : 0;
    return m;
}

double qn_moments_variance(const qn_moments *moments)
{
    return moments->count < 2 ? (double)NAN : moments->m2 / (double)(moments->count - 1);
}

qn_status qn_moments_merge(qn_moments *moments, const qn_moments *other, qn_error *err)
{
    if (moments->count < 0 || other->count < 0 || other->count > INT64_MAX - moments->count)
        return qni_error(err, QN_INVALID, "moments of %" PRId64 " and of %" PRId64 " numbers cannot be merged",
                         moments->count, other->count);
    if (other->count > 0)
        append(moments, other);
    return QN_OK;
}

qn_status qn_moments_add(qn_moments *moments, const double *x, int64_t count, qn_error *err)
{
    if (count == 1 && x != NULL) { /* a stream's record: what the kernel gives, sooner */
        qn_moments one = {.count = 1, .mean = *x, .m2 = *x - *x};
        return qn_moments_merge(moments, &one, err);
    }
    int level;
    qn_status s = qni_numerics_level(&level, x, count, err);
    if (s != QN_OK)
        return s;
    scaled_moments piece;
    measure(&piece, qni_numerics_kernels_of(level), x, count);
    qn_moments added = moments_in_units_of_one(&piece);
    return qn_moments_merge(moments, &added, err);
}

qn_status qn_mean_variance(double *mean, double *variance, const double *x, int64_t count, qn_error *err)
{
    int level;
    qn_status s = qni_numerics_level(&level, x, count, err);
    if (s != QN_OK)
        return s;
    scaled_moments all;
    measure(&all, qni_numerics_kernels_of(level), x, count);
    if (mean != NULL)
        *mean = count == 0 ? (double)NAN : in_units_of_one(all.moments.mean, all.exponent);
    if (variance != NULL)
        *variance = in_units_of_one(qn_moments_variance(&all.moments), 2 * all.exponent);
    return QN_OK;
}

qn_status qn_zscore(double *x, int64_t count, qn_error *err)
{
    int level;
    qn_status s = qni_numerics_level(&level, x, count, err);
    if (s != QN_OK)
        return s;
    scaled_moments all;
    measure(&all, qni_numerics_kernels_of(level), x, count);
    const qn_moments *m = &all.moments;
    if (all.exponent != 0)
        scale_down(x, x, count, all.exponent);
    double factor = m->m2 == 0 ? 0 : 1 / sqrt(qn_moments_variance(m));
    qni_numerics_kernels_of(level)->standardize(x, m->mean, m->mean_low, factor, count);
    return QN_OK;
}
