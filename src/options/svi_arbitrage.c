/* options/svi_arbitrage.c: where SVI curves allow arbitrage, and the least change that ends it. Any thread. */
#include "options/svi_int.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "options/limits.h"

qn_svi qni_svi_of_form(const qni_svi_form *form)
{
    const double *x = form->x;
    double right = x[QNI_SVI_RIGHT] * x[QNI_SVI_RIGHT], left = x[QNI_SVI_LEFT] * x[QNI_SVI_LEFT], both = right + left;
    return (qn_svi){.a = x[QNI_SVI_LEAST] - x[QNI_SVI_WIDTH] * x[QNI_SVI_RIGHT] * x[QNI_SVI_LEFT],
                    .b = both / 2,
                    .rho = both > 0 ? (right - left) / both : 0,
                    .m = x[QNI_SVI_CENTRE],
                    .sigma = x[QNI_SVI_WIDTH]};
}

qni_svi_form qni_svi_form_of(const qn_svi *svi)
{
    qni_svi_form form;
    form.x[QNI_SVI_LEAST] = svi->a + svi->b * svi->sigma * sqrt(fmax(1 - svi->rho * svi->rho, 0));
    form.x[QNI_SVI_RIGHT] = sqrt(svi->b * fmax(1 + svi->rho, 0));
    form.x[QNI_SVI_LEFT] = sqrt(svi->b * fmax(1 - svi->rho, 0));
    form.x[QNI_SVI_CENTRE] = svi->m;
    form.x[QNI_SVI_WIDTH] = svi->sigma;
    return form;
}

enum {
    NODES = 2 * QNI_SVI_NODES + 1
};

/* A function of k that is searched for its least value: at one place, and at NODES of them. */
typedef struct search {
    double (*value)(const struct search *s, double k);
    void (*values)(double *out, const struct search *s, const double *k);
    const qn_svi *curve, *low;
    double least;
    double places[NODES]; /* of nodes, in widths from the centre */
} search;

static double density(const search *s, double k)
{
    return qn_svi_density(s->curve, k);
}

/* qn_svi_density, bit for bit, in a loop that compilers make vectors of. */
static void densities(double *out, const search *s, const double *k)
{
    const qn_svi c = *s->curve;
    for (int i = 0; i < NODES; i++) {
        double x = k[i] - c.m, root = sqrt(x * x + c.sigma * c.sigma);
        double w = c.a + c.b * (c.rho * x + root), slope = c.b * (c.rho + (root > 0 ? x / root : 0));
        double bend = root > 0 ? c.b * c.sigma * c.sigma / (root * root * root) : 0;
        double lean = 1 - 0.5 * k[i] * slope / w;
        out[i] = lean * lean - 0.25 * slope * slope * (1 / w + 0.25) + 0.5 * bend;
    }
}

static double gap(const search *s, double k)
{
    return qn_svi_variance(s->curve, k) - qn_svi_variance(s->low, k);
}

static void gaps(double *out, const search *s, const double *k)
{
    const qn_svi c = *s->curve, l = *s->low;
    for (int i = 0; i < NODES; i++) {
        double x = k[i] - c.m, y = k[i] - l.m;
        double high = c.a + c.b * (c.rho * x + sqrt(x * x + c.sigma * c.sigma));
        double low = l.a + l.b * (l.rho * y + sqrt(y * y + l.sigma * l.sigma));
        out[i] = high - low;
    }
}

/* Nodes at equal steps of the inverse hyperbolic sine. */
static void set_places(search *s)
{
    double power = 1;
    s->places[QNI_SVI_NODES] = 0;
    for (int i = 1; i <= QNI_SVI_NODES; i++) {
        power *= QNI_SVI_RATIO;
        s->places[QNI_SVI_NODES + i] = 0.5 * (power - 1 / power);
        s->places[QNI_SVI_NODES - i] = -s->places[QNI_SVI_NODES + i];
    }
}

/* The least value between two nodes, one between which is not above either (golden section). */
static void look_between(search *s, double from, double to)
{
    const double share = 0.6180339887498949;
    double low = to - share * (to - from), high = from + share * (to - from);
    double at_low = s->value(s, low), at_high = s->value(s, high);
    for (int i = 0; i < QNI_SVI_GOLDEN; i++) {
        if (at_low < at_high) {
            to = high;
            high = low;
            at_high = at_low;
            low = to - share * (to - from);
            at_low = s->value(s, low);
        } else {
            from = low;
            low = high;
            at_low = at_high;
            high = from + share * (to - from);
            at_high = s->value(s, high);
        }
    }
    s->least = fmin(s->least, fmin(at_low, at_high));
}

/* The least value at the nodes, and a closer look wherever one is lower than its neighbours. */
static void look_around(search *s, double centre, double width)
{
    double k[NODES], value[NODES];
    for (int i = 0; i < NODES; i++)
        k[i] = centre + width * s->places[i];
    s->values(value, s, k);
    for (int i = 0; i < NODES; i++)
        s->least = value[i] < s->least ? value[i] : s->least;
    for (int i = 1; i < NODES - 1; i++) {
        double swing = value[i - 1] + value[i + 1] - 2 * value[i];
        if (swing > 0 && value[i] <= value[i - 1] && value[i] <= value[i + 1] && value[i] - swing < s->least)
            look_between(s, k[i - 1], k[i + 1]);
    }
}

/* On the line w = at_zero + slope |k|, g = (1 + at_zero u)^2 / 4 - slope^2 u / 4 - slope^2 / 16 with u = 1 / w: the
 * least of it from the edge of the nodes to infinity. */
static double least_of_wing(double at_zero, double slope, double edge)
{
    double last = 1 / (at_zero + slope * edge), lowest = slope * slope - 2 * at_zero, least = INFINITY;
    double turn = lowest / (2 * at_zero * at_zero);
    const double candidates[] = {0, last, turn > 0 && turn < last ? turn : 0};
    for (int i = 0; i < 3; i++) {
        double u = candidates[i], lean = 1 + at_zero * u;
        least = fmin(least, 0.25 * (lean * lean - slope * slope * (u + 0.25)));
    }
    return least;
}

double qni_svi_least_density(const qn_svi *svi)
{
    if (!(svi->b > 0))
        return 1;
    qni_svi_form form = qni_svi_form_of(svi);
    const double *x = form.x;
    double right = x[QNI_SVI_RIGHT] * x[QNI_SVI_RIGHT], left = x[QNI_SVI_LEFT] * x[QNI_SVI_LEFT];
    search s = {.value = density, .values = densities, .curve = svi, .least = INFINITY};
    set_places(&s);
    look_around(&s, svi->m, svi->sigma);
    if (right > 0 && left > 0) {
        /* Where the least variance is small, it is reached in a narrower place than the vertex. */
        double root = sqrt(right * left), middle = svi->m + svi->sigma * (left - right) / (2 * root);
        double bend = 4 * root * root * root / ((right + left) * (right + left) * svi->sigma);
        look_around(&s, middle, sqrt(2 * fmax(x[QNI_SVI_LEAST], 0) / bend) + 1e-9 * svi->sigma);
    }
    double reach = svi->sigma * QNI_SVI_FAR;
    if (right > 0)
        s.least = fmin(s.least, least_of_wing(svi->a - right * svi->m, right, reach + svi->m));
    if (left > 0)
        s.least = fmin(s.least, least_of_wing(svi->a + left * svi->m, left, reach - svi->m));
    return s.least;
}

/* Beyond `edge`, where both curves are lines but for bend / |k|: the least of high - low, from below. side 1: right. */
static double least_of_wings(const qn_svi *low, const qn_svi *high, double side, double edge)
{
    double low_slope = low->b * (1 + side * low->rho), high_slope = high->b * (1 + side * high->rho);
    double apart = high_slope - low_slope,
           at_zero = high->a - low->a - side * (high_slope * high->m - low_slope * low->m);
    if (apart < -QNI_SVI_ROUNDING * (low->b + high->b))
        return -INFINITY;
    double bend = 0.5 * (high->b * high->sigma * high->sigma - low->b * low->sigma * low->sigma);
    return at_zero + fmax(apart, 0) * edge + fmin(bend, 0) / edge;
}

double qni_svi_least_gap(const qn_svi *low, const qn_svi *high)
{
    search s = {.value = gap, .values = gaps, .curve = high, .low = low, .least = INFINITY};
    set_places(&s);
    if (low->sigma > 0)
        look_around(&s, low->m, low->sigma);
    if (high->sigma > 0)
        look_around(&s, high->m, high->sigma);
    double edge = QNI_SVI_FAR * fmax(low->sigma, high->sigma);
    if (edge > 0)
        s.least = fmin(s.least, fmin(least_of_wings(low, high, 1, edge), least_of_wings(low, high, -1, edge)));
    return fmin(s.least, gap(&s, 0));
}

static bool is_admissible(const qn_svi *svi, double density, const qn_svi *next)
{
    return (next == NULL || qni_svi_least_gap(svi, next) >= 0) && qni_svi_form_of(svi).x[QNI_SVI_LEAST] >= 0 &&
           density >= QNI_SVI_DENSITY;
}

bool qni_svi_admissible(const qn_svi *svi, const qn_svi *next)
{
    return is_admissible(svi, qni_svi_least_density(svi), next);
}

qn_svi qni_svi_scaled(const qn_svi *next, double level)
{
    if (next == NULL)
        return (qn_svi){.a = fmax(level, DBL_MIN)};
    qn_svi svi = *next;
    double factor = level / qn_svi_variance(next, 0);
    if (factor > 0 && factor < 1) {
        svi.a *= factor;
        svi.b *= factor;
    }
    return svi;
}

/* The curve a share of the way from one to another: level at the money, roots of slopes, centre and width. */
static qn_svi between(const qni_svi_form *from, const qni_svi_form *to, double from_level, double to_level,
                      double share)
{
    qni_svi_form form;
    for (int i = 0; i < QNI_SVI_COUNT; i++)
        form.x[i] = from->x[i] + share * (to->x[i] - from->x[i]);
    qn_svi svi = qni_svi_of_form(&form);
    svi.a += from_level + share * (to_level - from_level) - qn_svi_variance(&svi, 0);
    return svi;
}

/* Lowered to where it is not above `next`; false: that is not all that it lacks. */
static bool lower(qn_svi *svi, const qn_svi *next)
{
    double least = next != NULL ? qni_svi_least_gap(svi, next) : 0;
    if (!(least < 0 && least > -INFINITY))
        return false;
    qn_svi lowered = *svi;
    lowered.a += least - QNI_SVI_GAP * qn_svi_variance(next, 0);
    if (!qni_svi_admissible(&lowered, next))
        return false;
    *svi = lowered;
    return true;
}

/* The first curve on the way to the scaled one that is admissible, by bisection: the end is. */
static qn_svi moved(const qn_svi *svi, const qn_svi *next)
{
    double level = qn_svi_variance(svi, 0), bad = 0, fine = 1;
    qn_svi found = qni_svi_scaled(next, level);
    if (next == NULL) {
        found.m = svi->m;
        found.sigma = svi->sigma;
    }
    qni_svi_form from = qni_svi_form_of(svi), to = qni_svi_form_of(&found);
    double to_level = qn_svi_variance(&found, 0);
    while (fine - bad > QNI_SVI_SHARE) {
        double share = 0.5 * (bad + fine);
        qn_svi middle = between(&from, &to, level, to_level, share);
        if (qni_svi_admissible(&middle, next)) {
            fine = share;
            found = middle;
        } else {
            bad = share;
        }
    }
    return found;
}

bool qni_svi_mend(qn_svi *svi, double density, const qni_svi_task *task)
{
    if (is_admissible(svi, density, task->next))
        return false;
    qn_svi lowered = *svi, other = moved(svi, task->next);
    qni_svi_form form = qni_svi_form_of(&other);
    double cost = qni_svi_cost(&form, task);
    if (lower(&lowered, task->next)) {
        form = qni_svi_form_of(&lowered);
        if (qni_svi_cost(&form, task) < cost)
            other = lowered;
    }
    *svi = other;
    return true;
}
