/* scan/kelly.c: the bet that lets an account grow fastest (Kelly, "A new interpretation of information rate", 1956;
 * Thorp, "The Kelly criterion in blackjack, sports betting, and the stock market", 2006). Any thread. */
#include <quern/strategy.h>

#include <float.h>
#include <math.h>

#include "math/dense.h"
#include "scan/limits.h"

/* A bet with at least one outcome. */
typedef struct bet {
    const double *outcomes, *weights;
    int64_t count;
    double scale; /* of weights, so that they add up to 1 */
} bet;

/* Scales the weights; false: they, or the outcomes, make no sense. */
static bool make_sense(bet *b)
{
    double most = 0;
    for (int64_t i = 0; i < b->count; i++) {
        if (!(b->weights[i] >= 0) || isinf(b->weights[i]) || !(b->outcomes[i] >= -1) || isinf(b->outcomes[i]))
            return false;
        most = fmax(most, b->weights[i]);
    }
    double sum = 0;
    for (int64_t i = 0; i < b->count && most > 0; i++)
        sum += b->weights[i] / most;
    b->scale = 1 / sum / most; /* the sum is at least 1: neither overflows where the other does not */
    return most > 0;
}

/* Whether the mean is above 0, by more than what rounding of weights and outcomes makes of a fair bet. */
static bool has_edge(const bet *b)
{
    qni_sum mean = {0};
    double size = 0;
    for (int64_t i = 0; i < b->count; i++) {
        double term = b->weights[i] * b->scale * b->outcomes[i];
        qni_sum_add(&mean, term);
        size += fabs(term);
    }
    return qni_sum_value(mean) > QNI_KELLY_FAIR * DBL_EPSILON * size;
}

/* The derivative of E log(1 + f x), and its own, which is below 0. An outcome that takes all at f = 1 makes it
 * -infinity. */
static double growth_slope(double *curve, const bet *b, double f)
{
    double slope = 0, bend = 0;
    for (int64_t i = 0; i < b->count; i++) {
        if (b->weights[i] == 0)
            continue;
        double each = b->outcomes[i] / (1 + f * b->outcomes[i]), part = b->weights[i] * b->scale * each;
        slope += part;
        bend -= part * each;
    }
    *curve = bend;
    return slope;
}

double qn_kelly(const double *outcomes, const double *weights, int64_t count)
{
    bet b = {outcomes, weights, count, 0};
    double low = 0, high = 1, curve;
    if (!make_sense(&b))
        return (double)NAN;
    if (!has_edge(&b))
        return 0;
    if (growth_slope(&curve, &b, 1) >= 0)
        return 1;
    /* The slope falls from above 0 to below: Newton's method, and halving wherever it leaves the bracket. */
    double f = 0;
    for (int i = 0; i < QNI_KELLY_STEPS; i++) {
        double slope = growth_slope(&curve, &b, f), next = f - slope / curve;
        if (slope > 0)
            low = f;
        else
            high = f;
        if (!(next > low && next < high))
            next = slope == 0 ? f : low + (high - low) / 2;
        double step = fabs(next - f);
        f = next;
        if (step <= QNI_KELLY_CONVERGED * f)
            break;
    }
    return f;
}
