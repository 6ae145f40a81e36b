/* fit/trf.c: the trust-region reflective solver. Each iteration minimises the linearised residuals in a ball of the
 * scaled parameters (Moré 1978: scales are the largest column norms so far; lambda from the triangular factor, never
 * from normal equations) that bounds bend (bounds.c), and takes the step if the residual sum of squares falls as
 * promised.
 *
 * Where the promise is less than what rounding does to the sum, the gradient decides instead: full steps are taken as
 * long as they halve it. A fit has then reached what double precision can tell.
 *
 * Always: rss, factor and x belong together and are finite; rss never rises by more than its rounding. Allocates
 * nothing. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "fit/limits.h"
#include "math/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef enum verdict {
    GO_ON,
    DONE
} verdict;

int64_t qni_fit_trf_doubles(int64_t p)
{
    int64_t square, total;
    if (p > QNI_FIT_PARAMETERS || !qni_size_mul(&square, p, p + 1) || !qni_size_mul(&total, 5, square) ||
        !qni_size_add(&total, total, 17 * p + (p + 1) * QNI_FIT_PANEL))
        return -1;
    return total;
}

void qni_fit_trf_place(qni_fit_trf *t, double *block, int64_t p)
{
    int64_t square = p * (p + 1);
    double **vectors[] = {&t->x,     &t->x_trial, &t->x_step, &t->gradient, &t->norm, &t->scale,
                          &t->shape, &t->share,   &t->step,   &t->other,    &t->best};
    double **squares[] = {&t->factor, &t->factor_trial, &t->hat};
    t->p = p;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, block += p)
        *vectors[i] = block;
    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++, block += square)
        *squares[i] = block;
    t->image = block;
    t->work = block + 2 * p;
    t->eval.panel = t->work + qni_trust_work(p);
}

static verdict finish(qni_fit_trf *t, qn_fit_status status, const char *message)
{
    t->status = status;
    t->message = message;
    return DONE;
}

static verdict stopped(qni_fit_trf *t)
{
    return finish(t, QN_FIT_INTERRUPTED, "the fit was interrupted");
}

static bool asked_to_stop(const qni_fit_trf *t)
{
    return t->options.should_stop != NULL && t->options.should_stop(t->options.should_stop_user);
}

/* The length of parameters, or of a change of them, in the scaled variables. */
static double scaled_length(qni_fit_trf *t, const double *x)
{
    for (int64_t j = 0; j < t->p; j++)
        t->image[j] = qni_fit_scale(t, j) * x[j];
    return qni_norm(t->image, t->p);
}

/* hat := factor in hat variables, with a row for each parameter that bounds bend, and one that holds those that cannot
 * move. */
static void make_hat(qni_fit_trf *t, const double *curvature)
{
    int64_t p = t->p;
    bool rows = false;
    for (int64_t j = 0; j < p; j++) {
        for (int64_t i = 0; i < p; i++)
            t->hat[j * p + i] = t->shape[j] * t->factor[j * p + i];
        rows |= curvature[j] > 0 || t->shape[j] * t->norm[j] == 0;
    }
    memcpy(t->hat + p * p, t->factor + p * p, (size_t)p * sizeof *t->hat);
    if (!rows)
        return;
    double *extra = t->work;
    memset(extra, 0, (size_t)(p * (p + 1)) * sizeof *extra);
    for (int64_t j = 0; j < p; j++)
        extra[j * p + j] = t->shape[j] * t->norm[j] == 0 ? 1 : curvature[j];
    qni_qr_append(t->eval.kernels, t->hat, p, extra, p, p, p, p + 1, true);
}

static void measure_gradient(qni_fit_trf *t)
{
    double residual = sqrt(t->rss);
    t->measure = 0;
    for (int64_t j = 0; j < t->p; j++)
        if (t->norm[j] > 0 && residual > 0)
            t->measure = fmax(t->measure, fabs(t->gradient[j]) / t->norm[j] / residual * t->share[j]);
}

/* All that follows from x, rss and factor. */
static void look_around(qni_fit_trf *t)
{
    int64_t p = t->p;
    double reached = 0;
    for (int64_t j = 0; j < p; j++) {
        t->norm[j] = qni_norm(t->factor + j * p, j + 1);
        t->scale[j] = fmax(t->scale[j], t->norm[j]);
        reached += t->norm[j] * fabs(t->x[j]);
    }
    t->noise = DBL_EPSILON * fmax(reached, t->eval.problem->magnitude * t->eval.unit);
    qni_multiply_upper_transposed(t->factor, p, p, t->factor + p * p, t->gradient);
    qni_fit_bounds_shape(t, t->step);
    make_hat(t, t->step);
    measure_gradient(t);
    t->reach = qni_dot(t->hat + p * p, t->hat + p * p, p);
}

/* x, rss and factor := those of the trial. */
static void take(qni_fit_trf *t)
{
    double *x = t->x, *factor = t->factor;
    t->x = t->x_trial;
    t->factor = t->factor_trial;
    t->rss = t->rss_trial;
    t->x_trial = x;
    t->factor_trial = factor;
    t->iterations++;
    t->snapped = false;
    look_around(t);
}

/* x_trial := x + the hat step, within the bounds; false: that is x again. */
static bool make_trial(qni_fit_trf *t)
{
    bool moved = false;
    for (int64_t j = 0; j < t->p; j++) {
        t->x_step[j] = t->shape[j] * t->step[j];
        t->x_trial[j] = fmin(fmax(t->x[j] + t->x_step[j], t->lower[j]), t->upper[j]);
        moved |= t->x_trial[j] != t->x[j];
    }
    return moved;
}

/* The region has shrunk to nothing without a better point. */
static verdict collapsed(qni_fit_trf *t, bool not_finite)
{
    if (t->reach <= QNI_FIT_OFFSET * QNI_FIT_OFFSET * t->rss || t->measure * t->measure <= DBL_EPSILON)
        return finish(t, QN_FIT_CONVERGED, "the residual sum of squares cannot be reduced further");
    if (sqrt(t->rss) <= QNI_FIT_ROUNDINGS * t->noise)
        return finish(t, QN_FIT_CONVERGED, "the residuals are as small as rounding allows");
    if (not_finite)
        return finish(t, QN_FIT_NOT_FINITE, "every step from here leads to where the model is not finite");
    return finish(
        t, QN_FIT_STALLED,
        "no step reduces the residual sum of squares although its gradient is not zero: other start values may help");
}

/* Full steps judged by the gradient, where the sum of squares is too coarse. GO_ON: one was taken. */
static verdict polish(qni_fit_trf *t)
{
    const char *message = "the residual sum of squares is at its minimum, as far as rounding allows";
    if (t->options.ftol > QNI_FIT_FLAT * DBL_EPSILON && t->reach <= t->options.ftol * t->rss)
        return finish(t, QN_FIT_CONVERGED, "the relative reduction that is left is below ftol");
    if (t->eval.evaluations >= t->options.max_evals)
        return finish(t, QN_FIT_CONVERGED, message);
    double before = t->measure, rss = t->rss;
    t->lambda = qni_trust_step(t->eval.kernels, t->step, t->hat, t->p, t->hat + t->p * t->p, t->p, t->radius, t->lambda,
                               t->work);
    t->full_step = t->lambda == 0;
    (void)qni_fit_bounds_step(t);
    if (!make_trial(t) || !t->full_step)
        return finish(t, QN_FIT_CONVERGED, message);
    qni_fit_outcome outcome = qni_fit_eval_at(&t->eval, t->x_trial, &t->rss_trial, t->factor_trial);
    if (outcome == QNI_FIT_STOPPED)
        return stopped(t);
    if (outcome != QNI_FIT_FINITE || t->rss_trial > rss + 4 * (DBL_EPSILON * rss + sqrt(rss) * t->noise))
        return finish(t, QN_FIT_CONVERGED, message);
    take(t);
    if (t->measure > 0.9 * before) {
        /* Not better by the gradient: keep the better of the two points, which are equal but for rounding. */
        if (t->measure > before) {
            t->rss_trial = rss;
            take(t);
        }
        return finish(t, QN_FIT_CONVERGED, message);
    }
    return GO_ON;
}

/* Puts parameters that push against a near bound on it. GO_ON: that was better, or at least no worse. */
static verdict snap(qni_fit_trf *t, double share)
{
    if (t->snapped || !qni_fit_bounds_snap(t, share) || t->eval.evaluations >= t->options.max_evals)
        return DONE;
    t->snapped = share == QNI_FIT_SNAP;
    qni_fit_outcome outcome = qni_fit_eval_at(&t->eval, t->x_trial, &t->rss_trial, t->factor_trial);
    if (outcome != QNI_FIT_FINITE || t->rss_trial > t->rss + 4 * (DBL_EPSILON * t->rss + sqrt(t->rss) * t->noise))
        return DONE;
    take(t);
    return GO_ON;
}

/* Whether x is a solution. GO_ON with `polished` set: a step was taken. */
static verdict judge(qni_fit_trf *t, bool *polished)
{
    *polished = false;
    if (t->rss == 0)
        return finish(t, QN_FIT_CONVERGED, "the residuals are zero");
    bool flat = t->reach <= fmax(t->options.ftol, QNI_FIT_FLAT * DBL_EPSILON) * t->rss ||
                t->reach <= 2 * sqrt(t->rss) * t->noise;
    if (t->measure > t->options.gtol && !flat) {
        *polished = snap(t, QNI_FIT_WALL) == GO_ON;
        return GO_ON;
    }
    if (snap(t, QNI_FIT_SNAP) == GO_ON) {
        *polished = true;
        return GO_ON;
    }
    if (t->measure <= t->options.gtol)
        return finish(t, QN_FIT_CONVERGED, "the gradient is zero, as far as rounding allows");
    *polished = true;
    return polish(t);
}

/* The next radius, from the share of the promise that was kept (Moré 1978). */
static void adapt_radius(qni_fit_trf *t, double promise, double had, double length)
{
    double ratio = had / promise;
    if (ratio >= 0.75 || (t->full_step && ratio > 0.25)) {
        t->radius = t->full_step ? 2 * length : fmax(t->radius, 2 * length);
    } else if (!(ratio > 0.25)) {
        /* The minimum of the parabola through both values with the slope at x. */
        double slope = 2 * qni_dot(t->gradient, t->x_step, t->p);
        double cut = 0.5 * slope / (slope + had);
        if (!(cut >= 0.1)) /* also NaN: the trial was not finite */
            cut = 0.1;
        t->radius = fmin(t->radius, length) * fmin(cut, 0.5);
        t->lambda /= cut;
    }
}

/* Looks at x_trial; true: it was taken. */
static bool try_trial(qni_fit_trf *t, double promise, qni_fit_outcome *outcome)
{
    double length = qni_norm(t->step, t->p);
    bool derivatives =
        t->last_taken || t->eval.evaluations + 1 >= t->options.max_evals; /* there may be no second call */
    *outcome = qni_fit_eval_at(&t->eval, t->x_trial, &t->rss_trial, derivatives ? t->factor_trial : NULL);
    if (*outcome == QNI_FIT_STOPPED)
        return false;
    double had = *outcome == QNI_FIT_FINITE ? t->rss - t->rss_trial : NAN;
    bool good = *outcome == QNI_FIT_FINITE && had >= QNI_FIT_TAKE * promise;
    if (good && !derivatives) {
        double rss;
        *outcome = qni_fit_eval_at(&t->eval, t->x_trial, &rss, t->factor_trial);
        good = *outcome == QNI_FIT_FINITE;
        had = good ? had : NAN;
    }
    adapt_radius(t, promise, had, length);
    t->last_taken = good;
    if (good)
        take(t);
    return good;
}

/* Whether the step is below xtol for each parameter by itself. The length of all would hide one that is still far from
 * its value but small beside the others. */
static bool tiny_for_each(const qni_fit_trf *t)
{
    for (int64_t j = 0; j < t->p; j++)
        if (fabs(t->x_step[j]) > t->options.xtol * fabs(t->x[j]))
            return false;
    return true;
}

/* What there is to do with a step. */
typedef enum advice {
    TRY,
    WIDEN, /* it cannot be seen in x or rss, but nothing has failed in the region, and the gradient is not zero */
    ARRIVED,
    GIVE_UP
} advice;

static advice weigh(qni_fit_trf *t, double promise, bool moved)
{
    bool tiny = !moved || scaled_length(t, t->x_step) <= t->options.xtol * scaled_length(t, t->x);
    bool unseen = tiny || promise <= QNI_FIT_FLAT * DBL_EPSILON * t->rss;
    if (unseen && t->last_taken && t->lambda > 0 && t->radius < DBL_MAX / 10 && t->measure * t->measure > DBL_EPSILON)
        return WIDEN;
    if (t->full_step && (!moved || tiny_for_each(t)))
        return ARRIVED;
    return (tiny && !t->full_step) || !(promise > 0) ? GIVE_UP : TRY;
}

/* From x to a better point. */
static verdict advance(qni_fit_trf *t)
{
    qni_fit_outcome outcome = QNI_FIT_FINITE;
    for (;;) {
        if (t->eval.evaluations >= t->options.max_evals)
            return finish(t, QN_FIT_MAX_EVALS, "the evaluations were used up before the fit converged");
        if (asked_to_stop(t))
            return stopped(t);
        t->lambda = qni_trust_step(t->eval.kernels, t->step, t->hat, t->p, t->hat + t->p * t->p, t->p, t->radius,
                                   t->lambda, t->work);
        t->full_step = t->lambda == 0;
        double promise = qni_fit_bounds_step(t);
        advice next = weigh(t, promise, make_trial(t));
        if (next == ARRIVED)
            return finish(t, QN_FIT_CONVERGED, "the step that is left is below xtol");
        if (next == GIVE_UP)
            return collapsed(t, outcome == QNI_FIT_NOT_FINITE);
        if (next == WIDEN) {
            t->radius *= 10;
            continue;
        }
        if (try_trial(t, promise, &outcome))
            return GO_ON;
        if (outcome == QNI_FIT_STOPPED)
            return stopped(t);
    }
}

/* What follows from the first point in a unit. */
static void settle(qni_fit_trf *t)
{
    for (int64_t j = 0; j < t->p; j++)
        t->scale[j] = 0;
    look_around(t);
    t->radius = QNI_FIT_FIRST_RADIUS * scaled_length(t, t->x);
    if (!(t->radius > 0))
        t->radius = QNI_FIT_FIRST_RADIUS * sqrt(t->rss);
    t->last_taken = true;
}

static verdict begin(qni_fit_trf *t)
{
    t->eval.unit = 1;
    t->status = QN_FIT_NOT_FINITE;
    t->at_start = true;
    t->bounded = false;
    for (int64_t j = 0; j < t->p; j++)
        t->bounded |= isfinite(t->lower[j]) || isfinite(t->upper[j]);
    if (asked_to_stop(t))
        return stopped(t);
    qni_fit_outcome outcome = qni_fit_eval_at(&t->eval, t->x, &t->rss, t->factor);
    if (outcome != QNI_FIT_STOPPED && !(t->rss >= QNI_FIT_SMALL_RSS && t->rss <= QNI_FIT_LARGE_RSS)) {
        qni_fit_eval_choose_unit(&t->eval, t->x);
        if (t->eval.unit != 1)
            outcome = qni_fit_eval_at(&t->eval, t->x, &t->rss, t->factor);
    }
    if (outcome == QNI_FIT_STOPPED)
        return stopped(t);
    if (outcome == QNI_FIT_NOT_FINITE)
        return finish(t, QN_FIT_NOT_FINITE, "the model is not finite at the start");
    t->at_start = false;
    settle(t);
    return GO_ON;
}

/* Residuals that have become too small for their squares get another unit. They have fallen by so much that the regions
 * and scales of the way here say nothing any more. */
static verdict change_unit(qni_fit_trf *t)
{
    double before = t->eval.unit;
    qni_fit_eval_choose_unit(&t->eval, t->x);
    if (t->eval.unit == before)
        return GO_ON;
    double rss, *factor = t->factor_trial;
    qni_fit_outcome outcome = qni_fit_eval_at(&t->eval, t->x, &rss, factor);
    if (outcome != QNI_FIT_FINITE)
        t->eval.unit = before;
    if (outcome == QNI_FIT_STOPPED)
        return stopped(t);
    if (outcome == QNI_FIT_NOT_FINITE)
        return finish(t, QN_FIT_NOT_FINITE,
                      "the derivatives are too large beside the residuals: other start values may help");
    t->rss = rss;
    t->factor_trial = t->factor;
    t->factor = factor;
    settle(t);
    return GO_ON;
}

/* One step, or the end. */
static verdict iterate(qni_fit_trf *t)
{
    bool polished;
    if (t->rss < QNI_FIT_SMALL_RSS && change_unit(t) == DONE)
        return DONE;
    if (judge(t, &polished) == DONE)
        return DONE;
    if (asked_to_stop(t))
        return stopped(t);
    return polished ? GO_ON : advance(t);
}

void qni_fit_trf_run(qni_fit_trf *t)
{
    if (begin(t) == DONE)
        return;
    for (;;) {
        if (iterate(t) == GO_ON)
            continue;
        /* However it ended: what lies a rounding from its bound belongs on it. */
        bool at_rest = t->status == QN_FIT_CONVERGED || t->status == QN_FIT_STALLED;
        if (!at_rest || snap(t, QNI_FIT_SNAP) == DONE)
            return;
    }
}
