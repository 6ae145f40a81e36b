/* math/sums.c: sums in eight lanes that meet in a fixed tree, and norms that neither over- nor underflow. Any thread.
 */
#include "math/dense.h"

#include "math/limits.h"

#include <math.h>

enum {
    LANES = 8
};

static double fold(const double lanes[LANES])
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

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

double qni_sum_squares(const double *a, int64_t n)
{
    double high[LANES] = {0}, low[LANES] = {0};
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double value = a[i + k] * a[i + k];
            double total = high[k] + value;
            double part = total - high[k];
            low[k] += (high[k] - (total - part)) + (value - part);
            high[k] = total;
        }
    qni_sum sum = {0};
    for (int k = 0; k < LANES; k++)
        qni_sum_add(&sum, high[k]);
    for (int64_t i = whole; i < n; i++)
        qni_sum_add(&sum, a[i] * a[i]);
    sum.low += fold(low);
    return qni_sum_value(sum);
}

double qni_dot(const double *a, const double *b, int64_t n)
{
    double lanes[LANES] = {0};
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES; k++)
            lanes[k] += a[i + k] * b[i + k];
    for (int64_t i = whole; i < n; i++)
        lanes[i - whole] += a[i] * b[i];
    return fold(lanes);
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

double qni_norm(const double *a, int64_t n)
{
    double sum = qni_dot(a, a, n);
    if (sum >= QNI_NORM_SAFE_LOW && sum <= QNI_NORM_SAFE_HIGH)
        return sqrt(sum);
    return careful_norm(a, n);
}

bool qni_all_finite(const double *a, int64_t n)
{
    double lanes[LANES] = {0};
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES; k++)
            lanes[k] += a[i + k] * 0.0; /* NaN where a is not finite */
    for (int64_t i = whole; i < n; i++)
        lanes[i - whole] += a[i] * 0.0;
    return fold(lanes) == 0;
}
