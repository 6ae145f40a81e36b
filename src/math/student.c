/* math/student.c: Student's t distribution through the incomplete beta function (Abramowitz and Stegun 26.7.1 and 26.5;
 * the continued fraction is DLMF 8.17.22), its quantile by safeguarded Newton steps. Relative error about 1e-14. Any
 * thread. */
#include "math/student.h"

#include "math/limits.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

static const double pi = 3.14159265358979323846;

/* What Stirling's formula lacks: ln Gamma(z) = (z - 1/2) ln z - z + ln(2 pi)/2 + this. z >= 16. */
static double stirling_rest(double z)
{
    double w = 1 / (z * z);
    return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w * (1.0 / 1188))))) / z;
}

/* Gamma(a + 1/2) / Gamma(a) for a > 0. */
static double gamma_half_ratio(double a)
{
    double product = 1;
    while (a < 16) {
        product *= a / (a + 0.5);
        a += 1;
    }
    double rest = a * log1p(0.5 / a) - 0.5 + (stirling_rest(a + 0.5) - stirling_rest(a));
    return product * sqrt(a) * exp(rest);
}

/* The series of I_y(1/2, a) without its factor, 2F1(a + 1/2, 1; 3/2; y): all terms are positive. For y (a + 1/2) of at
 * most about 3; beyond, the smaller tail would be lost beside the other. */
static double beta_series(double a, double y)
{
    double sum = 1, term = 1;
    for (int k = 0; k < QNI_BETA_TERMS && term > DBL_EPSILON / 8 * sum; k++) {
        term *= y * (a + 0.5 + k) / (1.5 + k);
        sum += term;
    }
    return sum;
}

/* The continued fraction of the incomplete beta function I_x(a, b) without its factor, by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-290;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m <= QNI_BETA_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        value *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        double change = d * c;
        value *= change;
        if (fabs(change - 1) <= DBL_EPSILON)
            break;
    }
    return value;
}

/* P(|T| <= t) in `inner` and P(|T| > t) in `outer`, each with its own relative accuracy; density of |T| in `density`. t
 * >= 0. */
static void two_sides(double t, double dof, double *inner, double *outer, double *density)
{
    double a = dof / 2;
    double square = t * t / dof;
    double power = exp(-a * log1p(square)); /* x^a with x = dof / (dof + t^2) */
    double ratio = gamma_half_ratio(a);
    *density = 2 * ratio / sqrt(pi * dof) * power / sqrt(1 + square);
    double x = 1 / (1 + square), y = square / (1 + square);
    /* x^a y^(1/2) / B(a, 1/2) */
    double factor = power * sqrt(y) * ratio / sqrt(pi);
    if (y < 3 / (a + 4.5)) {
        *inner = 2 * factor * beta_series(a, y);
        *outer = 1 - *inner;
    } else {
        *outer = factor / a * beta_fraction(a, 0.5, x);
        *inner = 1 - *outer;
    }
}

/* The z of normal_two_sided to 4.5e-4 (Abramowitz and Stegun 1964, 26.2.23); in the middle to a tenth of it. */
static double near_normal(double probability, double outer)
{
    if (probability < 0.5)
        return sqrt(pi / 2) * probability;
    double t = sqrt(-2 * log(outer / 2));
    return t - ((0.010328 * t + 0.802853) * t + 2.515517) / (((0.001308 * t + 0.189269) * t + 1.432788) * t + 1);
}

/* The z with P(|Z| <= z) = probability for a standard normal Z; `outer` is 1 - probability. */
static double normal_two_sided(double probability, double outer)
{
    double low = 0, high = 40;
    double z = near_normal(probability, outer);
    for (int i = 0; i < QNI_STUDENT_STEPS; i++) {
        bool central = probability < 0.5;
        double miss = central ? erf(z / sqrt(2)) - probability : outer - erfc(z / sqrt(2));
        if (miss > 0)
            high = z;
        else
            low = z;
        double density = sqrt(2 / pi) * exp(-z * z / 2);
        double step = central ? miss / density : -log1p(-miss / outer) * (outer - miss) / density;
        double next = z - step;
        if (fabs(next - z) <= QNI_STUDENT_SMALL_STEP * z)
            return next;
        if (!(next > low && next < high))
            next = (low + high) / 2;
        z = next;
    }
    return z;
}

/* t from z: Fisher and Cornish, "The percentile points of distributions having known cumulants", 1960, five terms. */
static double expansion(double z, double dof)
{
    double w = z * z;
    double g1 = (w + 1) / 4;
    double g2 = ((5 * w + 16) * w + 3) / 96;
    double g3 = (((3 * w + 19) * w + 17) * w - 15) / 384;
    double g4 = ((((79 * w + 776) * w + 1482) * w - 1920) * w - 945) / 92160;
    double g5 = (((((27 * w + 339) * w + 930) * w - 1782) * w - 765) * w + 17955) / 368640;
    return z + z * ((((g5 / dof + g4) / dof + g3) / dof + g2) / dof + g1) / dof;
}

double qni_student_cdf(double t, double dof)
{
    if (isnan(t) || !(dof > 0))
        return NAN;
    if (isinf(t))
        return t > 0;
    if (dof >= QNI_STUDENT_NORMAL_DOF && fabs(t) <= QNI_STUDENT_NORMAL_REACH) {
        double z = t;
        for (int i = 0; i < 8; i++)
            z += t - expansion(z, dof);
        return erfc(-z / sqrt(2)) / 2;
    }
    double inner, outer, density;
    two_sides(fabs(t), dof, &inner, &outer, &density);
    return t < 0 ? outer / 2 : (outer < 0.5 ? 1 - outer / 2 : 0.5 + inner / 2);
}

/* One safeguarded Newton step from t towards P(|T| <= t) = probability, in the middle on the probability itself,
 * further out, where the tail is a power of t, on its logarithm. */
static double towards(double t, double probability, double dof, double *low, double *high)
{
    double inner, outer, density, wanted = 1 - probability;
    two_sides(t, dof, &inner, &outer, &density);
    bool central = probability < 0.5;
    double miss = central ? inner - probability : wanted - outer;
    if (miss > 0)
        *high = t;
    else
        *low = t;
    double next = t - (central ? miss / density : log(wanted / outer) * outer / density);
    if ((next > *low && next < *high) || fabs(next - t) <= QNI_STUDENT_SMALL_STEP * t)
        return next; /* at the end of the way rounding decides on which side it lies */
    return *high == DBL_MAX ? 2 * t : (*low + *high) / 2;
}

double qni_student_two_sided(double probability, double dof)
{
    if (!(probability >= 0 && probability <= 1) || !(dof > 0))
        return NAN;
    if (probability == 0 || probability == 1)
        return probability == 0 ? 0 : INFINITY;
    double z = normal_two_sided(probability, 1 - probability);
    if (dof >= QNI_STUDENT_NORMAL_DOF)
        return expansion(z, dof);
    double low = 0, high = DBL_MAX;
    double t = dof > 2 ? fmax(expansion(z, dof), z) : z;
    for (int i = 0; i < QNI_STUDENT_STEPS; i++) {
        double before = t;
        t = towards(before, probability, dof, &low, &high);
        if (fabs(t - before) <= QNI_STUDENT_SMALL_STEP * t)
            break;
    }
    return t;
}
