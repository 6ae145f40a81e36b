/* options/robust.c: lines and levels through samples of which some are wrong: reweighted least squares with Tukey's
 * biweight, from a start that outliers do not move. Any thread. */
#include "options/limits.h"
#include "options/smile_int.h"

#include <math.h>
#include <stddef.h>

/* Shell's sort (gaps by Ciura, 2001), for which what is nearly sorted is little work. */
static void sort(qni_weighted *x, int64_t n)
{
    static const int64_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t k = 0; k < sizeof gaps / sizeof gaps[0]; k++) {
        for (int64_t gap = gaps[k], i = gap; i < n; i++) {
            if (!(x[i - gap].value > x[i].value))
                continue;
            qni_weighted moved = x[i];
            int64_t j = i;
            for (; j >= gap && x[j - gap].value > moved.value; j -= gap)
                x[j] = x[j - gap];
            x[j] = moved;
        }
    }
}

double qni_median(qni_weighted *x, int64_t n)
{
    sort(x, n);
    double all = 0, below = 0;
    for (int64_t i = 0; i < n; i++)
        all += x[i].weight;
    for (int64_t i = 0; i < n - 1; i++) {
        below += x[i].weight;
        if (2 * below >= all)
            return 2 * below > all ? x[i].value : 0.5 * (x[i].value + x[i + 1].value);
    }
    return x[n - 1].value;
}

/* Medians are weighted by one over the deviation: many bad samples that say of themselves that they are bad do not
 * outvote a few good ones, and a single one that claims to be exact does not decide alone. */
static double median_level(qni_weighted *scratch, qni_line l, const qni_sample *samples, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        scratch[i] = (qni_weighted){samples[i].y - l.slope * (samples[i].x - l.center), 1 / samples[i].deviation, i};
    return qni_median(scratch, n);
}

/* The median of the slopes between samples half of all apart. */
static qni_line first_line(qni_weighted *scratch, const qni_sample *samples, int64_t n)
{
    int64_t half = n / 2;
    qni_line l = {.center = samples[half].x};
    for (int64_t i = 0; i + half < n; i++) {
        const qni_sample *a = &samples[i], *b = a + half;
        double variance = a->deviation * a->deviation + b->deviation * b->deviation;
        scratch[i] = (qni_weighted){(b->y - a->y) / (b->x - a->x), 1 / sqrt(variance), i};
    }
    l.slope = qni_median(scratch, n - half);
    l.level = median_level(scratch, l, samples, n);
    return l;
}

/* Sums over samples, reweighted: of weight, of x from the center and of the residual y, and of their products. */
typedef struct sums {
    double scale, w, x, y, xx, xy;
} sums;

/* Into scratch, in the order of an earlier call, which is nearly that of this one, and with its weights: how far
 * samples are off in units of their standard deviations. Returns how far that scatters; 1 where it is as these say or
 * less, which mostly needs no sort. */
static double scatter(qni_weighted *scratch, qni_line l, const qni_sample *samples, int64_t n)
{
    double all = 0, near = 0;
    for (int64_t i = 0; i < n; i++) {
        const qni_sample *at = &samples[scratch[i].index];
        scratch[i].value = fabs(at->y - l.level - l.slope * (at->x - l.center)) * scratch[i].weight;
        all += scratch[i].weight;
        near += scratch[i].value * QNI_ROBUST_NORMAL <= 1 ? scratch[i].weight : 0;
    }
    return near > QNI_ROBUST_MOST * all ? 1 : fmax(1, QNI_ROBUST_NORMAL * qni_median(scratch, n));
}

static sums add_up(qni_weighted *scratch, qni_line l, const qni_sample *samples, int64_t n)
{
    sums s = {.scale = scatter(scratch, l, samples, n)};
    double over = 1 / (s.scale * QNI_ROBUST_BIWEIGHT);
    for (int64_t i = 0; i < n; i++) {
        const qni_sample *at = &samples[scratch[i].index];
        double u = scratch[i].value * over, inside = u < 1 ? (1 - u * u) * scratch[i].weight : 0;
        double weight = inside * inside, x = at->x - l.center, y = at->y - l.level - l.slope * x;
        s.w += weight;
        s.x += weight * x;
        s.y += weight * y;
        s.xx += weight * x * x;
        s.xy += weight * x * y;
    }
    return s;
}

qni_line qni_line_fit(qni_weighted *scratch, const qni_sample *samples, int64_t n)
{
    qni_line l = first_line(scratch, samples, n);
    for (int step = 0; step < QNI_ROBUST_STEPS; step++) {
        sums s = add_up(scratch, l, samples, n);
        double determinant = s.w * s.xx - s.x * s.x, change = (s.w * s.xy - s.x * s.y) / determinant;
        l.slope += change;
        l.level += (s.xx * s.y - s.x * s.xy) / determinant;
        l.slope_error = s.scale * sqrt(s.w / determinant);
        l.level_error = s.scale * sqrt(s.xx / determinant);
        if (!(fabs(change) > QNI_ROBUST_CONVERGED * fabs(l.slope)))
            break;
    }
    return l;
}

/* Steps of reweighting, and from where they shrink as far as they would lead (the secant): the scale moves with the
 * level, and both are slow to settle. */
void qni_level_fit(double *level, double *error, qni_weighted *scratch, const qni_sample *samples, int64_t n)
{
    qni_line l = {0};
    double before = 0, moved = 0;
    l.level = median_level(scratch, l, samples, n);
    for (int step = 0; step < QNI_ROBUST_STEPS; step++) {
        sums s = add_up(scratch, l, samples, n);
        double change = s.y / s.w, shrunk = before - change;
        *error = s.scale / sqrt(s.w);
        if (!(fabs(change) > QNI_ROBUST_CONVERGED * fabs(l.level))) {
            l.level += change;
            break;
        }
        double far = change * moved / shrunk;
        moved =
            fabs(change) < fabs(before) && fabs(far) < QNI_ROBUST_FAR * fabs(change) && far * change > 0 ? far : change;
        before = change;
        l.level += moved;
    }
    *level = l.level;
}
