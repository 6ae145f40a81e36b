/* math/sums.c: compensated sums, and norms that neither over- nor underflow. Any thread. */
#include "math/panel.h"

#include "math/limits.h"

#include <math.h>

double qni_sum_value(qni_sum sum)
{
    return isfinite(sum.high) ? sum.high + sum.low : sum.high;
}

double qni_dot(const double *a, const double *b, int64_t n)
{
    if (n > 4)
        return qni_panel_baseline.dot(a, b, n);
    double product[4] = {0}; /* few parameters: the same sum without a call and eight lanes */
    for (int64_t k = 0; k < n; k++)
        product[k] = a[k] * b[k];
    return (product[0] + product[2]) + (product[1] + product[3]);
}

/* With all elements brought near 1 by a power of two, in two steps: one factor could be beyond the range of numbers. */
static double careful_norm(const double *a, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(a[i]))
            return a[i];
        largest = fabs(a[i]) > largest ? fabs(a[i]) : largest;
    }
    if (largest == 0 || isinf(largest))
        return largest;
    int exponent;
    (void)frexp(largest, &exponent);
    double half = ldexp(1, -(exponent / 2)), other = ldexp(1, exponent / 2 - exponent), sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double scaled = a[i] * half * other;
        sum += scaled * scaled;
    }
    return ldexp(sqrt(sum), exponent);
}

double qni_norm_of_squares(double squares, const double *a, int64_t n)
{
    if (squares >= QNI_NORM_SAFE_LOW && squares <= QNI_NORM_SAFE_HIGH)
        return sqrt(squares);
    return careful_norm(a, n);
}

double qni_norm(const double *a, int64_t n)
{
    return qni_norm_of_squares(qni_dot(a, a, n), a, n);
}

bool qni_all_finite(const double *a, int64_t n)
{
    return qni_panel_baseline.all_finite(a, n);
}
