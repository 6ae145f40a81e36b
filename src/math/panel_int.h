/* math/panel_int.h: the kernels of math/panel.h for one processor level, which the including file names (math/simd.h).
 * It defines them as QNI_PANEL_KERNELS.
 *
 * Sums run in eight lanes, whatever the width of the vectors; an incomplete last group adds zeros to the lanes that it
 * does not reach, and the lanes meet in one fixed tree. */
#ifndef QNI_MATH_PANEL_INT_H
#define QNI_MATH_PANEL_INT_H

#include "math/panel.h"
#include "math/simd.h"

enum {
    LANES = 8,
    PARTS = LANES / VWIDTH
};

/* What holds a sum's lanes. */
typedef struct lanes {
    vd part[PARTS];
} lanes;

static inline lanes no_lanes(void)
{
    lanes l;
    for (int k = 0; k < PARTS; k++)
        l.part[k] = v_set(0);
    return l;
}

static inline double fold(lanes l)
{
    double v[LANES];
    for (int k = 0; k < PARTS; k++)
        v_store(v + k * VWIDTH, l.part[k]);
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* The elements i … n - 1, fewer than LANES, with zeros behind them. */
static inline const double *rest(double *padded, const double *a, int64_t i, int64_t n)
{
    for (int64_t k = 0; k < LANES; k++)
        padded[k] = i + k < n ? a[i + k] : 0;
    return padded;
}

static inline lanes dot_step(lanes sum, const double *a, const double *b)
{
    for (int k = 0; k < PARTS; k++)
        sum.part[k] = v_add(sum.part[k], v_mul(v_load(a + k * VWIDTH), v_load(b + k * VWIDTH)));
    return sum;
}

static double dot(const double *a, const double *b, int64_t n)
{
    lanes sum = no_lanes();
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum = dot_step(sum, a + i, b + i);
    if (i < n) {
        double pa[LANES], pb[LANES];
        sum = dot_step(sum, rest(pa, a, i, n), rest(pb, b, i, n));
    }
    return fold(sum);
}

/* Two columns at once: v is loaded once, and twice as many sums are under way. */
static inline void dot_pair_step(lanes *x, lanes *y, const double *v, const double *a, const double *b)
{
    for (int k = 0; k < PARTS; k++) {
        vd each = v_load(v + k * VWIDTH);
        x->part[k] = v_add(x->part[k], v_mul(each, v_load(a + k * VWIDTH)));
        y->part[k] = v_add(y->part[k], v_mul(each, v_load(b + k * VWIDTH)));
    }
}

static void dot_pair(double out[2], const double *v, const double *a, const double *b, int64_t n)
{
    lanes x = no_lanes(), y = no_lanes();
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        dot_pair_step(&x, &y, v + i, a + i, b + i);
    if (i < n) {
        double pv[LANES], pa[LANES], pb[LANES];
        dot_pair_step(&x, &y, rest(pv, v, i, n), rest(pa, a, i, n), rest(pb, b, i, n));
    }
    out[0] = fold(x);
    out[1] = fold(y);
}

static void subtract_multiple(double *restrict c, const double *v, double w, int64_t n)
{
    vd factor = v_set(w);
    int64_t i = 0;
    for (; i + VWIDTH <= n; i += VWIDTH)
        v_store(c + i, v_sub(v_load(c + i), v_mul(factor, v_load(v + i))));
    for (; i < n; i++)
        c[i] -= w * v[i];
}

static void divide(double *a, double divisor, int64_t n)
{
    vd d = v_set(divisor);
    int64_t i = 0;
    for (; i + VWIDTH <= n; i += VWIDTH)
        v_store(a + i, v_div(v_load(a + i), d));
    for (; i < n; i++)
        a[i] /= divisor;
}

static void scale(double *a, double factor, int64_t n)
{
    vd f = v_set(factor);
    int64_t i = 0;
    for (; i + VWIDTH <= n; i += VWIDTH)
        v_store(a + i, v_mul(v_load(a + i), f));
    for (; i < n; i++)
        a[i] *= factor;
}

static void subtract(double *restrict a, const double *b, int64_t n)
{
    int64_t i = 0;
    for (; i + VWIDTH <= n; i += VWIDTH)
        v_store(a + i, v_sub(v_load(a + i), v_load(b + i)));
    for (; i < n; i++)
        a[i] -= b[i];
}

static inline void square_step(lanes *high, lanes *low, const double *a)
{
    for (int k = 0; k < PARTS; k++) {
        vd each = v_load(a + k * VWIDTH), value = v_mul(each, each);
        vd total = v_add(high->part[k], value), part = v_sub(total, high->part[k]);
        vd lost = v_add(v_sub(high->part[k], v_sub(total, part)), v_sub(value, part));
        low->part[k] = v_add(low->part[k], lost);
        high->part[k] = total;
    }
}

static double sum_squares(const double *a, int64_t n)
{
    lanes high = no_lanes(), low = no_lanes();
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        square_step(&high, &low, a + i);
    if (i < n) {
        double pa[LANES];
        square_step(&high, &low, rest(pa, a, i, n));
    }
    double each[LANES];
    for (int k = 0; k < PARTS; k++)
        v_store(each + k * VWIDTH, high.part[k]);
    qni_sum sum = {0};
    for (int k = 0; k < LANES; k++)
        qni_sum_add(&sum, each[k]);
    sum.low += fold(low);
    return qni_sum_value(sum);
}

static bool all_finite(const double *a, int64_t n)
{
    lanes sum = no_lanes(); /* of products with 0: NaN where an element is not finite */
    vd zero = v_set(0);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < PARTS; k++)
            sum.part[k] = v_add(sum.part[k], v_mul(v_load(a + i + k * VWIDTH), zero));
    double left = 0;
    for (; i < n; i++)
        left += a[i] * 0;
    return fold(sum) + left == 0;
}

/* G += B'B in tiles of one column by two. */
static void gram(double *g, int64_t ldg, const double *b, int64_t ldb, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < columns; i++) {
        int64_t j = i;
        for (; j + 2 <= columns; j += 2) {
            double pair[2];
            dot_pair(pair, b + i * ldb, b + j * ldb, b + (j + 1) * ldb, rows);
            g[j * ldg + i] += pair[0];
            g[(j + 1) * ldg + i] += pair[1];
        }
        if (j < columns)
            g[j * ldg + i] += dot(b + i * ldb, b + j * ldb, rows);
    }
}

const qni_panel_kernels QNI_PANEL_KERNELS = {
    .dot = dot,
    .dot_pair = dot_pair,
    .subtract_multiple = subtract_multiple,
    .subtract = subtract,
    .divide = divide,
    .scale = scale,
    .sum_squares = sum_squares,
    .all_finite = all_finite,
    .gram = gram,
};

#endif
