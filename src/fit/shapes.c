/* fit/shapes.c: what the quantities of a curve may be, from the data alone.
 *
 * Exponentials: the logarithm of the data as a line; Jacquelin's integral equation (Régressions et équations intégrales,
 * 2009): a sum of m exponentials is a linear combination of its first m integrals and a polynomial, whose coefficients
 * are those of the polynomial with the rates as roots. Peaks: extremes and half widths; Caruana's parabola through the
 * logarithm (1986). Logistic: the logit as a line. Powers: a line in logarithms. Rational functions: numerator minus y
 * times denominator is linear; its rows are divided by the last denominator and it is solved again (Sanathanan and
 * Koerner 1963). Sines: peaks of the periodogram (Lomb 1976; Scargle 1982), as of linear least squares at each
 * frequency.
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
    return COLUMNS * n;
}

static double *column(const trials *t, int64_t k)
{
    return t->curve->work + k * t->curve->n;
}

static double weight(const trials *t, int64_t i)
{
    return t->curve->weight != NULL ? t->curve->weight[i] : 1;
}

/* Least squares with the columns 0 … k - 1 of the work and the right side in column k, already weighted; false: they
 * are not independent. */
static bool least_squares(const trials *t, double *solution, int k)
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
        double y = fabs(c->y[i]), w = weight(t, i) * y, x = u[i]; /* u may be a column that is written */
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
static double grid_rate(const trials *t, int i, int count)
{
    static const double slowest = 0.05, fastest = 1500;
    double step = qni_shape_exp(qni_shape_log(fastest / slowest) / (count - 1)), rate = slowest / t->range;
    for (int k = 0; k < i; k++)
        rate *= step;
    return rate;
}

static void propose_pairs(const trials *t, int count, int mixed)
{
    double rates[2];
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            for (int sign = -1; sign <= 1; sign += 2) {
                rates[0] = sign * grid_rate(t, i, count);
                rates[1] = sign * grid_rate(t, j, count);
                offer(t, rates);
            }
    for (int i = 0; i < mixed; i++)
        for (int j = 0; j < mixed; j++) {
            rates[0] = -grid_rate(t, i, mixed);
            rates[1] = grid_rate(t, j, mixed);
            offer(t, rates);
        }
}

static void propose_triples(const trials *t, int count)
{
    double rates[3];
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            for (int k = 0; k < j; k++)
                for (int sign = -1; sign <= 1; sign += 2) {
                    rates[0] = sign * grid_rate(t, i, count);
                    rates[1] = sign * grid_rate(t, j, count);
                    rates[2] = sign * grid_rate(t, k, count);
                    offer(t, rates);
                }
}

static void propose_exponentials(const trials *t)
{
    double rates[3];
    int64_t m = t->shape->quantities;
    if (m == 3) {
        propose_triples(t, 9);
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
        rates[0] = i % 2 == 0 ? -grid_rate(t, i / 2, 24) : grid_rate(t, i / 2, 24);
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
        double y = fabs(c->y[i]), w = weight(t, i) * y, u = (c->x[i] - t->low) / t->range;
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

static void propose_widths(const trials *t, double centre, double width)
{
    static const double shares[] = {0.002, 0.005, 0.012, 0.03, 0.06, 0.12, 0.25, 0.5, 1, 2};
    double q[2] = {centre, width * width};
    if (width > 0)
        offer(t, q);
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
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
    propose_widths(t, c->x[top], share * half_width(t, top, floor));
    propose_widths(t, c->x[bottom], share * half_width(t, bottom, roof));
    for (int k = -3; k <= 13; k++)
        propose_widths(t, t->low + k * t->range / 10, 0);
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

/* One round: the coefficients with the rows divided by the denominator of the last one (1 at first). */
static bool rational_round(const trials *t, double *q, const double *last, double unit)
{
    const qni_fit_curve *c = t->curve;
    const qni_shape *s = t->shape;
    double solution[COLUMNS];
    int degrees[COLUMNS], numerators = 0, k = 0;
    int top = s->offset && s->denominator > s->numerator ? s->denominator : s->numerator;
    for (int d = 0; d <= top; d++)
        if (s->offset || (s->numerator_has >> d & 1))
            degrees[k++] = d;
    numerators = k;
    for (int d = 0; d <= s->denominator; d++)
        if (d != s->scale && (s->denominator_has >> d & 1))
            degrees[k++] = d;
    for (int64_t i = 0; i < c->n; i++) {
        double power[QNI_SHAPE_DEGREE + 1] = {1}, under = 0;
        for (int d = 1; d <= QNI_SHAPE_DEGREE; d++)
            power[d] = power[d - 1] * (c->x[i] / unit);
        for (int d = 0; d <= s->denominator; d++)
            under += last[d] * power[d];
        double w = under != 0 ? weight(t, i) / fabs(under) : 0;
        for (int j = 0; j < k; j++)
            column(t, j)[i] = w * power[degrees[j]] * (j < numerators ? 1 : -c->y[i]);
        column(t, k)[i] = w * c->y[i] * power[s->scale];
    }
    if (!least_squares(t, solution, k))
        return false;
    for (int d = 0; d <= s->numerator + 1 + s->denominator; d++)
        q[d] = 0;
    for (int j = 0; j < numerators; j++)
        if (degrees[j] <= s->numerator)
            q[degrees[j]] = s->offset ? NAN : solution[j];
    double *under = q + s->numerator + 1;
    for (int j = numerators; j < k; j++)
        under[degrees[j]] = solution[j];
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

/* The pole of a hyperbola, over several decades on both sides. */
static void propose_poles(const trials *t, double unit)
{
    const qni_shape *s = t->shape;
    double q[QNI_SHAPE_QUANTITIES];
    for (int64_t i = 0; i < s->quantities; i++)
        q[i] = NAN;
    double *under = q + s->numerator + 1, ratio = 0.001 * unit;
    for (int i = 0; i < 24; i++, ratio *= 1.9)
        for (int sign = -1; sign <= 1; sign += 2) {
            under[0] = s->scale == 1 ? sign * ratio : 1;
            under[1] = s->scale == 1 ? 1 : sign / ratio;
            offer(t, q);
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
}

/* ---- sines ---- */

/* Least squares of y on exp(k x) sin(w x), exp(k x) cos(w x) and 1: the share of the sum of squares that is left, and
 * the phase. x is counted from `low`, where the phase is given for x = 0. */
static double wave_fit(const trials *t, double w, double k, double *phase)
{
    const qni_fit_curve *c = t->curve;
    double solution[3], left = 0, all = 0;
    int columns = t->shape->offset ? 3 : 2;
    for (int64_t i = 0; i < c->n; i++) {
        double u = c->x[i] - t->low, e = weight(t, i) * (k != 0 ? qni_shape_exp(k * u) : 1);
        column(t, 0)[i] = e * qni_shape_sin(w * u);
        column(t, 1)[i] = e * qni_shape_sin(w * u + 1.5707963267948966);
        column(t, 2)[i] = weight(t, i);
        column(t, columns)[i] = weight(t, i) * c->y[i];
        for (int j = 0; j < columns; j++)
            column(t, 4 + j)[i] = column(t, j)[i];
    }
    if (!least_squares(t, solution, columns))
        return INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        double y = weight(t, i) * c->y[i], r = y;
        for (int j = 0; j < columns; j++)
            r -= solution[j] * column(t, 4 + j)[i];
        left += r * r;
        all += y * y;
    }
    *phase = qni_shape_atan2(solution[1], solution[0]) - w * t->low;
    return left / all;
}

/* Power at the frequencies 1, 2, …, count times `step` into power (count), by turning one phasor a row. The mean is
 * taken off first. */
static void periodogram(const trials *t, double *power, int64_t count, double step)
{
    const qni_fit_curve *c = t->curve;
    double mean = 0, *re = column(t, 0), *im = column(t, 1), *turn_re = column(t, 2), *turn_im = column(t, 3);
    for (int64_t i = 0; i < c->n; i++) {
        mean += c->y[i] / (double)c->n;
        turn_re[i] = re[i] = qni_shape_sin(step * (c->x[i] - t->low) + 1.5707963267948966);
        turn_im[i] = im[i] = qni_shape_sin(step * (c->x[i] - t->low));
    }
    for (int64_t k = 0; k < count; k++) {
        double sum_re = 0, sum_im = 0;
        for (int64_t i = 0; i < c->n; i++) {
            double y = c->y[i] - mean, next = re[i] * turn_re[i] - im[i] * turn_im[i];
            sum_re += y * re[i];
            sum_im += y * im[i];
            im[i] = re[i] * turn_im[i] + im[i] * turn_re[i];
            re[i] = next;
        }
        power[k] = sum_re * sum_re + sum_im * sum_im;
    }
}

/* One frequency with several dampings. */
static void propose_frequency(const trials *t, double w, bool damped)
{
    static const double dampings[] = {0, -0.7, -2, -5, -12, -30, 0.7, 2, 5, 12};
    for (size_t i = 0; i < (damped ? sizeof dampings / sizeof *dampings : 1); i++) {
        double q[3] = {w, dampings[i] / t->range, 0};
        if (wave_fit(t, q[0], q[1], &q[2]) < 1)
            offer(t, q);
    }
}

static void propose_sines(const trials *t)
{
    static const double slow[] = {0.05, 0.15, 0.3, 0.5, 0.75, 1.2};
    const double turn = 6.283185307179586 / t->range; /* one period in all of x */
    bool damped = strncmp(t->shape->name, "damped", 6) == 0;
    double *power = column(t, 4);
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
    default:
        break;
    }
}
