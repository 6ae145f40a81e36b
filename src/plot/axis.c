/* plot/axis.c: which range of values an axis shows, and where on it a value lies.
 *
 * Ranges are worked out in halves of values (so that no difference overflows) or, on a logarithmic axis, in decades. */
#include "plot/axis_int.h"

#include <float.h>
#include <math.h>

#define PAD_X      0.03 /* of the data's range, left free at either end so that no dot touches the frame */
#define PAD_Y      0.06
#define LINE_ROOM  0.5    /* of the points' range: so far lines widen it; a pole must not flatten the data */
#define TINY       1e-280 /* a linear axis that shows nothing larger is one around 0: its ticks could not be computed */
#define NARROW     1e-13  /* of the largest value: the least span of a linear axis, some hundred neighbouring doubles */
#define NARROW_LOG 1e-9   /* decades: the same for a logarithmic one */

static double to_work(bool log, double value)
{
    if (!isfinite(value) || (log && value <= 0.0))
        return NAN;
    return log ? log10(value) : 0.5 * value;
}

static double from_work(bool log, double u)
{
    if (log)
        return fmax(fmin(pow(10.0, u), DBL_MAX), DBL_MIN);
    return 2.0 * fmax(fmin(u, 0.5 * DBL_MAX), -0.5 * DBL_MAX);
}

void qni_axis_init(qni_axis *axis, bool log, double lo, double hi)
{
    double from = to_work(log, lo), to = to_work(log, hi);
    double largest = fmax(fabs(from), fabs(to)), middle = 0.5 * from + 0.5 * to,
           least = log ? NARROW_LOG : NARROW * largest;
    if (!log && largest < TINY) {
        from = -0.5;
        to = 0.5;
    } else if (!(to > from)) {
        double half = log ? 0.5 : 0.1 * fabs(from);
        to = from + half;
        from -= half;
    } else if (to - from < least) {
        from = middle - least;
        to = middle + least;
    }
    *axis = (qni_axis){.log = log, .lo = from_work(log, from), .hi = from_work(log, to)};
    axis->from = to_work(log, axis->lo);
    axis->span = to_work(log, axis->hi) - axis->from;
}

double qni_axis_place(const qni_axis *axis, double value)
{
    return (to_work(axis->log, value) - axis->from) / axis->span;
}

/* The least and the greatest of what can be drawn; lo > hi: nothing. */
typedef struct extent {
    double lo, hi;
} extent;

static const extent nothing = {INFINITY, -INFINITY};

static bool is_empty(extent e)
{
    return !(e.lo <= e.hi);
}

static void include(extent *e, double value, bool log)
{
    if (!isfinite(value) || (log && value <= 0.0))
        return;
    if (value < e->lo)
        e->lo = value;
    if (value > e->hi)
        e->hi = value;
}

static extent both(extent a, extent b)
{
    return (extent){fmin(a.lo, b.lo), fmax(a.hi, b.hi)};
}

static void make(qni_axis *axis, const qni_axis_spec *spec, extent e, double pad)
{
    bool log = spec->scale == QN_PLOT_LOG;
    if (spec->min < spec->max) {
        qni_axis_init(axis, log, spec->min, spec->max);
        return;
    }
    if (is_empty(e))
        e = log ? (extent){1.0, 10.0} : (extent){-1.0, 1.0};
    if (spec->symmetric) {
        e.hi = fmax(fabs(e.lo), fabs(e.hi));
        e.lo = -e.hi;
    }
    double from = to_work(log, e.lo), to = to_work(log, e.hi), room = pad * (to - from);
    qni_axis_init(axis, log, from_work(log, from - room), from_work(log, to + room));
}

void qni_axis_x(qni_axis *axis, const qn_plot *plot)
{
    bool log = plot->x.scale == QN_PLOT_LOG;
    extent points = nothing, lines = nothing;
    for (int64_t k = 0; k < plot->series_count; k++) {
        const qni_series *s = &plot->series[k];
        extent *e = s->kind == QN_PLOT_POINTS ? &points : &lines;
        for (int64_t i = 0; i < s->n; i++)
            include(e, s->x[i], log);
    }
    make(axis, &plot->x, both(points, lines), is_empty(points) ? 0.0 : PAD_X);
}

static void include_series(extent *e, const qni_series *s, bool log, const qni_axis *x)
{
    if (s->kind == QN_PLOT_LEVEL)
        include(e, s->level, log);
    for (int64_t i = 0; i < s->n; i++) {
        double place = qni_axis_place(x, s->x[i]);
        if (!(place >= 0.0 && place <= 1.0))
            continue;
        include(e, s->y[i], log);
        if (s->kind == QN_PLOT_BAND)
            include(e, s->y2[i], log);
    }
}

/* Lines widen the range of the points, but not without end. */
static extent near_points(extent points, extent lines, bool log)
{
    double from = to_work(log, points.lo), to = to_work(log, points.hi), room = LINE_ROOM * (to - from);
    if (is_empty(points) || is_empty(lines) || !(room > 0.0))
        return both(points, lines);
    extent most = {from_work(log, from - room), from_work(log, to + room)};
    return both(points, (extent){fmax(lines.lo, most.lo), fmin(lines.hi, most.hi)});
}

void qni_axis_y(qni_axis *axis, const qn_plot *plot, int64_t panel, const qni_axis *x)
{
    const qni_axis_spec *spec = &plot->panels[panel].y;
    bool log = spec->scale == QN_PLOT_LOG;
    extent points = nothing, lines = nothing;
    for (int64_t k = 0; k < plot->series_count; k++) {
        const qni_series *s = &plot->series[k];
        if (s->panel == panel)
            include_series(s->kind == QN_PLOT_POINTS ? &points : &lines, s, log, x);
    }
    make(axis, spec, near_points(points, lines, log), PAD_Y);
}
