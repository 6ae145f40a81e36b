/* fit/shapes.c: what the quantities of a curve may be, from the data alone.
 *
 * Exponentials: the logarithm of the data as a line; Jacquelin's integral equation (Régressions et équations
 * intégrales, 2009): a sum of m exponentials is a linear combination of its first m integrals and a polynomial, whose
 * coefficients are those of the polynomial with the rates as roots. Peaks: extremes and half widths; Caruana's parabola
 * through the logarithm (1986). Logistic: the logit as a line. Powers: a line in logarithms. Rational functions:
 * numerator minus y times denominator is linear; its rows are divided by the last denominator and it is solved again
 * (Sanathanan and Koerner 1963). Sines: peaks of the periodogram (Lomb 1976; Scargle 1982), and linear least squares at
 * each of them.
 *
 * Each is accompanied by a grid about the scales of the data, since noise, offsets and cut-off data defeat them all now
 * and then. Functions are those of formulas, whose bits are the same everywhere. One thread. */
#include "fit/shapes.h"

#include "fit/limits.h"

#include <math.h>
#include <string.h>

enum {
    COLUMNS = 12 /* of a linear least-squares problem, the right side included */
};

#define QUARTER_TURN 1.5707963267948966

typedef struct trials {
    const qni_shape *shape;
    const qni_fit_curve *curve;
    qni_fit_proposal *propose;
    void *user;
    double low, high, range; /* of x; range > 0 */
    double least, most;      /* of y */
} trials;

int64_t qni_fit_curve_work(int64_t n)
{
    int64_t columns = COLUMNS * n, peaks = QNI_FIT_PEAKS_WORK;
    return columns > peaks ? columns : peaks;
}

static double *column(const trials *t, int64_t k)
{
    return t->curve->work + k * t->curve->n;
}

static double weight(const trials *t, int64_t i)
{
    return t->curve->weight != NULL ? t->curve->weight[i] : 1;
}

/* Of |y|; not 0 where it is divided by. */
static double largest(const trials *t)
{
    return fmax(fabs(t->least), fabs(t->most));
}

/* Least squares with the columns 0 … k - 1 of the work and the right side in column k, already weighted; false: they
 * are not independent. */
static bool least_squares(const trials *t, double *solution, int64_t k)
{
    double r[COLUMNS * COLUMNS] = {0};
    qni_qr_append(t->curve->kernels, r, k, t->curve->work, t->curve->n, t->curve->n, k, k + 1, false);
    memcpy(solution, r + k * k, (size_t)k * sizeof *solution);
    return qni_solve_upper(r, k, k, solution);
}

static void offer(const trials *t, const double *quantities)
{
    t->propose(t->user, quantities);
}

/* ---- powers and exponentials ---- */

/* The slope of log(|y|) over u (n), weighted by |y|; false: y has both signs or is 0. */
static bool log_slope(const trials *t, double *slope, const double *u)
{
    const qni_fit_curve *c = t->curve;
    double line[2];
    if (!(t->least > 0) && !(t->most < 0))
        return false;
    for (int64_t i = 0; i < c->n; i++) {
        double y = fabs(c->y[i]), w = weight(t, i) * (y / largest(t)), x = u[i];
        column(t, 2)[i] = w * qni_shape_log(y);
        column(t, 1)[i] = w * x;
        column(t, 0)[i] = w;
    }
    bool done = least_squares(t, line, 2);
    *slope = line[1];
    return done;
}

static void propose_powers(const trials *t)
{
    static const double beyond[] = {5, 6, 8, 10, 14, 20, 30};
    double exponent;
    for (int64_t i = 0; t->low > 0 && i < t->curve->n; i++)
        column(t, 3)[i] = qni_shape_log(t->curve->x[i]);
    if (t->low > 0 && log_slope(t, &exponent, column(t, 3)))
        offer(t, &exponent);
    for (int k = -16; k <= 16; k++) {
        exponent = k == 0 ? 0.1 : k / 4.0;
        offer(t, &exponent);
    }
    for (size_t i = 0; i < 2 * sizeof beyond / sizeof *beyond; i++) {
        exponent = i % 2 == 0 ? beyond[i / 2] : -beyond[i / 2];
        offer(t, &exponent);
    }
}

/* out := the running integral of `in` over x by trapezia. */
static void integrate(const trials *t, double *out, const double *in)
{
    const double *x = t->curve->x;
    double sum = 0, before = in[0];
    for (int64_t i = 0; i < t->curve->n; i++) {
        double now = in[i];
        sum += i > 0 ? (x[i] - x[i - 1]) * (now + before) / 2 : 0;
        before = now;
        out[i] = sum;
    }
}

/* Jacquelin's equation for one or two exponentials: the rates, where they are real. */
static bool integral_rates(const trials *t, double *rates, int m)
{
    const qni_fit_curve *c = t->curve;
    int k = 0;
    double solution[COLUMNS];
    integrate(t, column(t, 0), c->y);
    if (m == 2)
        integrate(t, column(t, 1), column(t, 0));
    k = m;
    for (int power = 0; power < m + t->shape->offset; power++, k++)
        for (int64_t i = 0; i < c->n; i++) {
            double u = (c->x[i] - t->low) / t->range;
            column(t, k)[i] = power == 0 ? 1 : power == 1 ? u : u * u;
        }
    memcpy(column(t, k), c->y, (size_t)c->n * sizeof *c->y);
    for (int j = 0; j <= k && c->weight != NULL; j++)
        for (int64_t i = 0; i < c->n; i++)
            column(t, j)[i] *= c->weight[i];
    if (!least_squares(t, solution, k))
        return false;
    rates[0] = solution[0];
    if (m == 1)
        return true;
    double half = solution[0] / 2, root = sqrt(half * half + solution[1]);
    rates[0] = half + root;
    rates[1] = half - root;
    return isfinite(root);
}

/* Rates from slow to fast, in 1 / range, `count` of them. */
static double grid_rate(const trials *t, int i, int count, double slowest, double fastest)
{
    return slowest * qni_shape_exp(qni_shape_log(fastest / slowest) * i / (count - 1)) / t->range;
}

static void propose_pairs(const trials *t, int count, int mixed)
{
    double rates[2];
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            for (int sign = -1; sign <= 1; sign += 2) {
                rates[0] = sign * grid_rate(t, i, count, 0.1, 500);
                rates[1] = sign * grid_rate(t, j, count, 0.1, 500);
                offer(t, rates);
            }
    for (int i = 0; i < mixed; i++)
        for (int j = 0; j < mixed; j++) {
            rates[0] = -grid_rate(t, i, mixed, 0.3, 100);
            rates[1] = grid_rate(t, j, mixed, 0.3, 100);
            offer(t, rates);
        }
}

/* All of one sign: growing ones only as many as fit beside the decaying ones. */
static void propose_triples(const trials *t, double sign, int count)
{
    double rates[3];
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            for (int k = 0; k < j; k++) {
                rates[0] = sign * grid_rate(t, i, count, 0.3, 150);
                rates[1] = sign * grid_rate(t, j, count, 0.3, 150);
                rates[2] = sign * grid_rate(t, k, count, 0.3, 150);
                offer(t, rates);
            }
}

static void propose_exponentials(const trials *t)
{
    double rates[3];
    int64_t m = t->shape->quantities;
    if (m == 3) {
        propose_triples(t, -1, 15);
        propose_triples(t, 1, 9);
        return;
    }
    if (integral_rates(t, rates, (int)m))
        offer(t, rates);
    if (m == 2) {
        propose_pairs(t, 12, 6);
        return;
    }
    if (!t->shape->offset && log_slope(t, rates, t->curve->x))
        offer(t, rates);
    for (int i = 0; i < 48; i++) {
        rates[0] = (i % 2 == 0 ? -1 : 1) * grid_rate(t, i / 2, 24, 0.05, 1500);
        offer(t, rates);
    }
}

/* ---- peaks ---- */

/* Three points at a time, their mean; so that a single one is no peak. */
static double smooth(const trials *t, int64_t i)
{
    const double *y = t->curve->y;
    int64_t n = t->curve->n, before = i > 0 ? i - 1 : 0, after = i + 1 < n ? i + 1 : n - 1;
    return (y[before] + y[i] + y[after]) / 3;
}

/* The parabola through log(|y|), weighted by |y|. */
static void propose_parabola(const trials *t)
{
    const qni_fit_curve *c = t->curve;
    double q[2], p[3];
    if (!(t->least > 0) && !(t->most < 0))
        return;
    for (int64_t i = 0; i < c->n; i++) {
        double y = fabs(c->y[i]), w = weight(t, i) * (y / largest(t)), u = (c->x[i] - t->low) / t->range;
        column(t, 0)[i] = w;
        column(t, 1)[i] = w * u;
        column(t, 2)[i] = w * u * u;
        column(t, 3)[i] = w * qni_shape_log(y);
    }
    if (!least_squares(t, p, 3))
        return;
    q[0] = t->low - p[1] / (2 * p[2]) * t->range;
    q[1] = -0.5 / p[2] * t->range * t->range;
    offer(t, q);
}

/* The width of the peak at row `top` at half its height over `base`. */
static double half_width(const trials *t, int64_t top, double base)
{
    const qni_fit_curve *c = t->curve;
    double height = c->y[top] - base;
    int64_t left = top, right = top;
    while (left > 0 && (smooth(t, left) - base) / height > 0.5)
        left--;
    while (right < c->n - 1 && (smooth(t, right) - base) / height > 0.5)
        right++;
    return (c->x[right] - c->x[left]) / 2;
}

/* A width that was measured (0: none), and all from the `first` of a list on. */
static void propose_widths(const trials *t, double centre, double width, size_t first)
{
    static const double shares[] = {0.002, 0.005, 0.012, 0.03, 0.06, 0.12, 0.25, 0.5, 1, 2};
    double q[2] = {centre, width * width};
    if (width > 0)
        offer(t, q);
    for (size_t i = first; i < sizeof shares / sizeof *shares; i++) {
        double w = shares[i] * t->range;
        q[1] = w * w;
        offer(t, q);
    }
}

static void propose_peaks(const trials *t)
{
    const qni_fit_curve *c = t->curve;
    int64_t top = 0, bottom = 0;
    for (int64_t i = 1; i < c->n; i++) {
        top = smooth(t, i) > smooth(t, top) ? i : top;
        bottom = smooth(t, i) < smooth(t, bottom) ? i : bottom;
    }
    /* Half the width at half height is 1.18 s of a Gaussian, g of a Lorentzian. */
    double share = t->shape->kind == QNI_SHAPE_GAUSSIAN ? 0.85 : 1;
    double floor = t->shape->offset ? c->y[bottom] : 0, roof = t->shape->offset ? c->y[top] : 0;
    propose_widths(t, c->x[top], share * half_width(t, top, floor), 0);
    propose_widths(t, c->x[bottom], share * half_width(t, bottom, roof), 0);
    for (int k = -3; k <= 13; k++)
        propose_widths(t, t->low + k * t->range / 10, 0, 3); /* narrower ones would lie between */
    if (t->shape->kind == QNI_SHAPE_GAUSSIAN && !t->shape->offset)
        propose_parabola(t);
}

/* ---- logistic ---- */

/* The logit of y between two levels, as a line, from the rows between 3 and 97 %. */
static void propose_logit(const trials *t, double from, double to)
{
    const qni_fit_curve *c = t->curve;
    double line[2], q[2];
    for (int64_t i = 0; i < c->n; i++) {
        double share = (c->y[i] - from) / (to - from), w = share * (1 - share);
        bool inside = share > 0.03 && share < 0.97;
        w = inside ? w * weight(t, i) : 0;
        column(t, 0)[i] = w;
        column(t, 1)[i] = w * c->x[i];
        column(t, 2)[i] = inside ? w * qni_shape_log(1 / share - 1) : 0;
    }
    if (!least_squares(t, line, 2))
        return;
    q[0] = line[1];
    q[1] = -line[0] / line[1];
    offer(t, q);
}

static void propose_logistics(const trials *t)
{
    static const double rates[] = {0.7, 2, 5, 10, 20, 50, 150};
    double q[2], margin = 0.03 * (t->most - t->least);
    if (t->shape->offset) {
        propose_logit(t, t->least - margin, t->most + margin);
    } else {
        propose_logit(t, 0, t->most + margin);
        propose_logit(t, 0, t->least - margin);
    }
    for (int k = -4; k <= 14; k++)
        for (size_t i = 0; i < 2 * sizeof rates / sizeof *rates; i++) {
            q[0] = (i % 2 == 0 ? -rates[i / 2] : rates[i / 2]) / t->range;
            q[1] = t->low + k * t->range / 10;
            offer(t, q);
        }
}

/* ---- rational functions ---- */

/* The powers of x of a rational function's unknown coefficients, those of the numerator first. With an offset, that one
 * has those of the denominator as well. */
typedef struct unknowns {
    int degrees[COLUMNS - 1];
    int numerators, count;
} unknowns;

static unknowns unknowns_of(const qni_shape *s)
{
    unknowns u = {.count = 0};
    int top = s->offset && s->denominator > s->numerator ? s->denominator : s->numerator;
    for (int d = 0; d <= top; d++)
        if (s->offset || (s->numerator_has >> d & 1))
            u.degrees[u.count++] = d;
    u.numerators = u.count;
    for (int d = 0; d <= s->denominator; d++)
        if (d != s->scale && (s->denominator_has >> d & 1))
            u.degrees[u.count++] = d;
    return u;
}

/* The rows divided by the denominator `last`, in powers of x / unit. */
static void rational_rows(const trials *t, const unknowns *u, const double *last, double unit)
{
    const qni_fit_curve *c = t->curve;
    for (int64_t i = 0; i < c->n; i++) {
        double power[QNI_SHAPE_DEGREE + 1] = {1}, under = 0;
        for (int d = 1; d <= QNI_SHAPE_DEGREE; d++)
            power[d] = power[d - 1] * (c->x[i] / unit);
        for (int d = 0; d <= t->shape->denominator; d++)
            under += last[d] * power[d];
        double w = under != 0 ? weight(t, i) / fabs(under) : 0;
        for (int j = 0; j < u->count; j++)
            column(t, j)[i] = w * power[u->degrees[j]] * (j < u->numerators ? 1 : -c->y[i]);
        column(t, u->count)[i] = w * c->y[i] * power[t->shape->scale];
    }
}

/* One round: the coefficients with the rows divided by the denominator of the last one (1 at first). */
static bool rational_round(const trials *t, double *q, const double *last, double unit)
{
    const qni_shape *s = t->shape;
    double solution[COLUMNS], *under = q + s->numerator + 1;
    unknowns u = unknowns_of(s);
    rational_rows(t, &u, last, unit);
    if (!least_squares(t, solution, u.count))
        return false;
    memset(q, 0, (size_t)(s->numerator + s->denominator + 2) * sizeof *q);
    for (int j = 0; j < u.numerators; j++)
        if (u.degrees[j] <= s->numerator)
            q[u.degrees[j]] = s->offset ? NAN : solution[j];
    for (int j = u.numerators; j < u.count; j++)
        under[u.degrees[j]] = solution[j];
    under[s->scale] = 1;
    return true;
}

/* Coefficients over x / unit := over x, with that of x^scale still 1. */
static void offer_rational(const trials *t, const double *q, double unit)
{
    const qni_shape *s = t->shape;
    double out[QNI_SHAPE_QUANTITIES], factor[QNI_SHAPE_DEGREE + 1] = {1};
    for (int d = 1; d <= QNI_SHAPE_DEGREE; d++)
        factor[d] = factor[d - 1] * unit;
    for (int d = 0; d <= s->numerator; d++)
        out[d] = q[d] / factor[d] * factor[s->scale];
    for (int d = 0; d <= s->denominator; d++)
        out[s->numerator + 1 + d] = q[s->numerator + 1 + d] / factor[d] * factor[s->scale];
    offer(t, out);
}

/* out := a b, polynomials by their coefficients from x^0 on. */
static void multiply(double *out, const double *a, int a_degree, const double *b, int b_degree)
{
    for (int i = 0; i <= a_degree + b_degree; i++)
        out[i] = 0;
    for (int i = 0; i <= a_degree; i++)
        for (int j = 0; j <= b_degree; j++)
            out[i + j] += a[i] * b[j];
}

/* A denominator by its coefficients, whatever the numerator. */
static void offer_denominator(const trials *t, const double *d)
{
    const qni_shape *s = t->shape;
    double q[QNI_SHAPE_QUANTITIES];
    for (int k = 0; k <= s->numerator; k++)
        q[k] = NAN;
    for (int k = 0; k <= s->denominator; k++)
        q[s->numerator + 1 + k] = d[k] / d[s->scale];
    if (d[s->scale] != 0)
        offer(t, q);
}

enum {
    REAL_POLES = 10,
    PAIRS = 24
};

/* x - a with a beyond the data; (x - a)^2 + b^2 with a about the data. */
static void real_pole(const trials *t, double *out, int i)
{
    static const double away[REAL_POLES / 2] = {0.02, 0.1, 0.4, 1.5, 8};
    out[0] = i % 2 == 0 ? away[i / 2] * t->range - t->low : -away[i / 2] * t->range - t->high;
    out[1] = 1;
}

static void pole_pair(const trials *t, double *out, int i)
{
    static const double across[PAIRS / 4] = {-0.5, 0, 0.3, 0.6, 1, 1.5}, away[4] = {0.07, 0.25, 0.8, 3};
    double a = t->low + across[i / 4] * t->range, b = away[i % 4] * t->range;
    out[0] = a * a + b * b;
    out[1] = -2 * a;
    out[2] = 1;
}

/* Denominators without a zero among the data. What linear least squares finds may have one, in vain. */
static void propose_denominators(const trials *t)
{
    double one[3], two[3], d[QNI_SHAPE_DEGREE + 1];
    int degree = t->shape->denominator;
    for (int i = 0; degree == 2 && i < PAIRS; i++) {
        pole_pair(t, d, i);
        offer_denominator(t, d);
    }
    for (int i = 0; degree == 2 && i < REAL_POLES; i++)
        for (int j = 0; j < i; j++) {
            real_pole(t, one, i);
            real_pole(t, two, j);
            multiply(d, one, 1, two, 1);
            offer_denominator(t, d);
        }
    for (int i = 0; degree >= 3 && i < PAIRS; i++)
        for (int j = 0; j < (degree == 3 ? REAL_POLES : i); j++) {
            pole_pair(t, one, i);
            if (degree == 3)
                real_pole(t, two, j);
            else
                pole_pair(t, two, j);
            multiply(d, one, 2, two, degree - 2);
            offer_denominator(t, d);
        }
}

/* The pole of a hyperbola, over several decades on both sides. */
static void propose_poles(const trials *t, double unit)
{
    double d[2] = {0.001 * unit, 1};
    for (int i = 0; i < 24; i++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            d[1] = sign;
            offer_denominator(t, d);
        }
        d[0] *= 1.9;
    }
}

static void propose_rationals(const trials *t)
{
    double unit = fmax(fabs(t->low), fabs(t->high));
    double q[QNI_SHAPE_QUANTITIES], last[QNI_SHAPE_DEGREE + 1] = {1};
    for (int round = 0; round < 6 && rational_round(t, q, last, unit); round++) {
        offer_rational(t, q, unit);
        memcpy(last, q + t->shape->numerator + 1, (size_t)(t->shape->denominator + 1) * sizeof *last);
    }
    if (t->shape->denominator == 1)
        propose_poles(t, unit);
    else
        propose_denominators(t);
}

/* ---- sines ---- */

/* Columns of the work that last while a frequency is tried; those before are least_squares's. */
enum {
    SINES = 5,
    COSINES,
    DAMPING, /* exp(k (x - low)) */
    ANGLE,   /* scratch */
    POWER    /* of the periodogram, for two columns */
};

/* Least squares of y on the damped sine and cosine, and 1 where there is an offset: the phase, x counted from `low`. */
static bool phase_of(const trials *t, double *phase)
{
    const qni_fit_curve *c = t->curve;
    double solution[3];
    int columns = t->shape->offset ? 3 : 2;
    for (int64_t i = 0; i < c->n; i++) {
        double w = weight(t, i), e = w * column(t, DAMPING)[i];
        column(t, 0)[i] = e * column(t, SINES)[i];
        column(t, 1)[i] = e * column(t, COSINES)[i];
        column(t, 2)[i] = w;
        column(t, columns)[i] = w * c->y[i];
    }
    if (!least_squares(t, solution, columns))
        return false;
    *phase = qni_shape_atan2(solution[1], solution[0]);
    return true;
}

/* Sine and cosine of w (x - low). */
static void turned(const trials *t, double *sine, double *cosine, double w)
{
    const qni_fit_curve *c = t->curve;
    double *angle = column(t, ANGLE);
    for (int64_t i = 0; i < c->n; i++)
        angle[i] = w * (c->x[i] - t->low);
    qni_shape_sins(sine, angle, c->n);
    for (int64_t i = 0; i < c->n; i++)
        angle[i] += QUARTER_TURN;
    qni_shape_sins(cosine, angle, c->n);
}

/* Power at the frequencies 1, 2, …, count times `step` into power (count), by turning one phasor a row. The mean is
 * taken off first. */
static void periodogram(const trials *t, double *power, int64_t count, double step)
{
    const qni_fit_curve *c = t->curve;
    double mean = 0, span = t->most - t->least;
    double *re = column(t, 0), *im = column(t, 1), *turn_re = column(t, 2), *turn_im = column(t, 3), *y = column(t, 4);
    for (int64_t i = 0; i < c->n; i++)
        mean += c->y[i] / (double)c->n;
    for (int64_t i = 0; i < c->n; i++)
        y[i] = span > 0 ? (c->y[i] - mean) / span : 0;
    turned(t, turn_im, turn_re, step);
    memcpy(re, turn_re, (size_t)c->n * sizeof *re);
    memcpy(im, turn_im, (size_t)c->n * sizeof *im);
    for (int64_t k = 0; k < count; k++) {
        double sum_re = c->kernels->dot(y, re, c->n), sum_im = c->kernels->dot(y, im, c->n);
        power[k] = sum_re * sum_re + sum_im * sum_im;
        for (int64_t i = 0; i < c->n; i++) {
            double next = re[i] * turn_re[i] - im[i] * turn_im[i];
            im[i] = re[i] * turn_im[i] + im[i] * turn_re[i];
            re[i] = next;
        }
    }
}

static void offer_wave(const trials *t, double w, double k)
{
    double phase;
    if (!phase_of(t, &phase))
        return;
    phase -= w * t->low;
    offer(t, (double[]){w, k, phase - 4 * QUARTER_TURN * rint(phase / (4 * QUARTER_TURN))});
}

/* One frequency, not damped and, where it may be, damped or growing: by twice as much each time. */
static void propose_frequency(const trials *t, double w, bool damped)
{
    const qni_fit_curve *c = t->curve;
    double *damping = column(t, DAMPING), *angle = column(t, ANGLE);
    turned(t, column(t, SINES), column(t, COSINES), w);
    for (int64_t i = 0; i < c->n; i++)
        damping[i] = 1;
    offer_wave(t, w, 0);
    for (int sign = -1; damped && sign <= 1; sign += 2) {
        double k = sign * 0.5 / t->range;
        for (int64_t i = 0; i < c->n; i++)
            angle[i] = k * (c->x[i] - t->low);
        qni_shape_exps(damping, angle, c->n);
        for (int step = 0; step < 7; step++) {
            offer_wave(t, w, k);
            for (int64_t i = 0; i < c->n; i++)
                damping[i] *= damping[i];
            k *= 2;
        }
    }
}

static void propose_sines(const trials *t)
{
    static const double slow[] = {0.05, 0.15, 0.3, 0.5, 0.75, 1.2};
    const double turn = 6.283185307179586 / t->range; /* one period in all of x */
    bool damped = strncmp(t->shape->name, "damped", 6) == 0;
    double *power = column(t, POWER);
    int64_t count = 2 * t->curve->n < QNI_FIT_FREQUENCIES ? 2 * t->curve->n : QNI_FIT_FREQUENCIES;
    double best[QNI_FIT_WAVES];
    periodogram(t, power, count, turn / 4);
    for (int peak = 0; peak < QNI_FIT_WAVES; peak++) {
        int64_t top = 0;
        for (int64_t k = 1; k < count; k++)
            top = power[k] > power[top] ? k : top;
        best[peak] = (double)(top + 1) * turn / 4;
        for (int64_t k = top; k < count && k <= top + 2; k++)
            power[k] = 0;
        for (int64_t k = top; k >= 0 && k >= top - 2; k--)
            power[k] = 0;
    }
    for (int peak = 0; peak < QNI_FIT_WAVES; peak++)
        propose_frequency(t, best[peak], damped);
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        propose_frequency(t, slow[i] * turn, damped);
}

void qni_fit_shape_propose(const qni_shape *shape, const qni_fit_curve *curve, qni_fit_proposal *propose, void *user)
{
    trials t = {.shape = shape, .curve = curve, .propose = propose, .user = user};
    t.low = curve->x[0];
    t.high = curve->x[curve->n - 1];
    t.range = t.high - t.low;
    t.least = t.most = curve->y[0];
    for (int64_t i = 1; i < curve->n; i++) {
        t.least = fmin(t.least, curve->y[i]);
        t.most = fmax(t.most, curve->y[i]);
    }
    if (!(t.range > 0) || !isfinite(t.range))
        return;
    switch (shape->kind) {
    case QNI_SHAPE_POWER:
        propose_powers(&t);
        break;
    case QNI_SHAPE_EXPONENTIALS:
        propose_exponentials(&t);
        break;
    case QNI_SHAPE_GAUSSIAN:
    case QNI_SHAPE_LORENTZIAN:
        propose_peaks(&t);
        break;
    case QNI_SHAPE_LOGISTIC:
        propose_logistics(&t);
        break;
    case QNI_SHAPE_SINE:
        propose_sines(&t);
        break;
    case QNI_SHAPE_RATIONAL:
        propose_rationals(&t);
        break;
    case QNI_SHAPE_PEAKS:
        qni_fit_peaks_propose(shape, curve, propose, user);
        break;
    default:
        break;
    }
}
