/* math/sums.c: compensated sums, and norms that neither over- nor underflow. Any thread. */
#include "math/panel.h"

#include "math/limits.h"

#include <math.h>

void qni_sum_add(qni_sum *sum, double value)
{
    double total = sum->high + value;
    double part = total - sum->high;
    sum->low += (sum->high - (total - part)) + (value - part);
    sum->high = total;
}

double qni_sum_value(qni_sum sum)
{
    return isfinite(sum.high) ? sum.high + sum.low : sum.high;
}

double qni_dot(const double *a, const double *b, int64_t n)
{
    return qni_panel_baseline.dot(a, b, n);
}

static double careful_norm(const double *a, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(a[i]))
            return a[i];
        largest = fmax(largest, fabs(a[i]));
    }
    if (largest == 0 || isinf(largest))
        return largest;
    int exponent;
    (void)frexp(largest, &exponent);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double scaled = ldexp(a[i], -exponent);
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
