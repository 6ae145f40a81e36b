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

static verdict finish(qni_fit_solver *s, qn_fit_status status, const char *message)
{
    s->status = status;
    s->message = message;
    return DONE;
}

static verdict stopped(qni_fit_solver *s)
{
    return finish(s, QN_FIT_INTERRUPTED, "the fit was interrupted");
}

static bool asked_to_stop(const qni_fit_solver *s)
{
    return s->options.should_stop != NULL && s->options.should_stop(s->options.should_stop_user);
}

/* The length of parameters, or of a change of them, in the scaled variables. */
static double scaled_length(qni_fit_solver *s, const double *x)
{
    for (int64_t j = 0; j < s->p; j++)
        s->image[j] = qni_fit_scale(s, j) * x[j];
    return qni_norm(s->image, s->p);
}

/* hat := factor in hat variables, with a row for each parameter that bounds bend, and one that holds those that cannot
 * move. */
static void make_hat(qni_fit_solver *s, const double *curvature)
{
    int64_t p = s->p;
    bool rows = false;
    for (int64_t j = 0; j < p; j++) {
        for (int64_t i = 0; i < p; i++)
            s->hat[j * p + i] = s->shape[j] * s->factor[j * p + i];
        rows |= curvature[j] > 0 || s->shape[j] * s->norm[j] == 0;
    }
    memcpy(s->hat + p * p, s->factor + p * p, (size_t)p * sizeof *s->hat);
    if (!rows)
        return;
    double *extra = s->work;
    memset(extra, 0, (size_t)(p * (p + 1)) * sizeof *extra);
    for (int64_t j = 0; j < p; j++)
        extra[j * p + j] = s->shape[j] * s->norm[j] == 0 ? 1 : curvature[j];
    qni_qr_append(s->eval.kernels, s->hat, p, extra, p, p, p, p + 1, true);
}

static void measure_gradient(qni_fit_solver *s)
{
    double residual = sqrt(s->rss);
    s->measure = 0;
    for (int64_t j = 0; j < s->p; j++)
        if (s->norm[j] > 0 && residual > 0)
            s->measure = fmax(s->measure, fabs(s->gradient[j]) / s->norm[j] / residual * s->share[j]);
}

/* All that follows from x, rss and factor. */
static void look_around(qni_fit_solver *s)
{
    int64_t p = s->p;
    double reached = 0;
    for (int64_t j = 0; j < p; j++) {
        s->norm[j] = qni_norm(s->factor + j * p, j + 1);
        s->scale[j] = fmax(s->scale[j], s->norm[j]);
        reached += s->norm[j] * fabs(s->x[j]);
    }
    s->noise = DBL_EPSILON * fmax(reached, s->eval.problem->magnitude * s->eval.unit);
    qni_multiply_upper_transposed(s->factor, p, p, s->factor + p * p, s->gradient);
    qni_fit_bounds_shape(s, s->step);
    make_hat(s, s->step);
    measure_gradient(s);
    s->reach = qni_dot(s->hat + p * p, s->hat + p * p, p);
}

/* x, rss and factor := those of the trial. */
static void take(qni_fit_solver *s)
{
    double *x = s->x, *factor = s->factor;
    s->x = s->x_trial;
    s->factor = s->factor_trial;
    s->rss = s->rss_trial;
    s->x_trial = x;
    s->factor_trial = factor;
    s->iterations++;
    s->snapped = false;
    look_around(s);
}

/* x_trial := x + the hat step, within the bounds; false: that is x again. */
static bool make_trial(qni_fit_solver *s)
{
    bool moved = false;
    for (int64_t j = 0; j < s->p; j++) {
        s->x_step[j] = s->shape[j] * s->step[j];
        s->x_trial[j] = fmin(fmax(s->x[j] + s->x_step[j], s->lower[j]), s->upper[j]);
        moved |= s->x_trial[j] != s->x[j];
    }
    return moved;
}

/* The region has shrunk to nothing without a better point. */
static verdict collapsed(qni_fit_solver *s, bool not_finite)
{
    if (s->reach <= QNI_FIT_OFFSET * QNI_FIT_OFFSET * s->rss || s->measure * s->measure <= DBL_EPSILON)
        return finish(s, QN_FIT_CONVERGED, "the residual sum of squares cannot be reduced further");
    if (sqrt(s->rss) <= QNI_FIT_ROUNDINGS * s->noise)
        return finish(s, QN_FIT_CONVERGED, "the residuals are as small as rounding allows");
    if (not_finite)
        return finish(s, QN_FIT_NOT_FINITE, "every step from here leads to where the model is not finite");
    return finish(
        s, QN_FIT_STALLED,
        "no step reduces the residual sum of squares although its gradient is not zero: other start values may help");
}

/* Full steps judged by the gradient, where the sum of squares is too coarse. GO_ON: one was taken. */
static verdict polish(qni_fit_solver *s)
{
    const char *message = "the residual sum of squares is at its minimum, as far as rounding allows";
    if (s->options.ftol > QNI_FIT_FLAT * DBL_EPSILON && s->reach <= s->options.ftol * s->rss)
        return finish(s, QN_FIT_CONVERGED, "the relative reduction that is left is below ftol");
    if (s->eval.evaluations >= s->options.max_evals)
        return finish(s, QN_FIT_CONVERGED, message);
    double before = s->measure, rss = s->rss;
    s->lambda = qni_trust_step(s->eval.kernels, s->step, s->hat, s->p, s->hat + s->p * s->p, s->p, s->radius, s->lambda,
                               s->work);
    s->full_step = s->lambda == 0;
    (void)qni_fit_bounds_step(s);
    if (!make_trial(s) || !s->full_step)
        return finish(s, QN_FIT_CONVERGED, message);
    qni_fit_outcome outcome = qni_fit_eval_at(&s->eval, s->x_trial, &s->rss_trial, s->factor_trial);
    if (outcome == QNI_FIT_STOPPED)
        return stopped(s);
    if (outcome != QNI_FIT_FINITE || s->rss_trial > rss + 4 * (DBL_EPSILON * rss + sqrt(rss) * s->noise))
        return finish(s, QN_FIT_CONVERGED, message);
    take(s);
    if (s->measure > 0.9 * before) {
        /* Not better by the gradient: keep the better of the two points, which are equal but for rounding. */
        if (s->measure > before) {
            s->rss_trial = rss;
            take(s);
        }
        return finish(s, QN_FIT_CONVERGED, message);
    }
    return GO_ON;
}

/* Puts parameters that push against a near bound on it. GO_ON: that was better, or at least no worse. */
static verdict snap(qni_fit_solver *s, double share)
{
    if (s->snapped || !qni_fit_bounds_snap(s, share) || s->eval.evaluations >= s->options.max_evals)
        return DONE;
    s->snapped = share == QNI_FIT_SNAP;
    qni_fit_outcome outcome = qni_fit_eval_at(&s->eval, s->x_trial, &s->rss_trial, s->factor_trial);
    if (outcome != QNI_FIT_FINITE || s->rss_trial > s->rss + 4 * (DBL_EPSILON * s->rss + sqrt(s->rss) * s->noise))
        return DONE;
    take(s);
    return GO_ON;
}

/* Whether x is a solution. GO_ON with `polished` set: a step was taken. */
static verdict judge(qni_fit_solver *s, bool *polished)
{
    *polished = false;
    if (s->rss == 0)
        return finish(s, QN_FIT_CONVERGED, "the residuals are zero");
    bool flat = s->reach <= fmax(s->options.ftol, QNI_FIT_FLAT * DBL_EPSILON) * s->rss ||
                s->reach <= 2 * sqrt(s->rss) * s->noise;
    if (s->measure > s->options.gtol && !flat) {
        *polished = snap(s, QNI_FIT_WALL) == GO_ON;
        return GO_ON;
    }
    if (snap(s, QNI_FIT_SNAP) == GO_ON) {
        *polished = true;
        return GO_ON;
    }
    if (s->measure <= s->options.gtol)
        return finish(s, QN_FIT_CONVERGED, "the gradient is zero, as far as rounding allows");
    *polished = true;
    return polish(s);
}

/* The next radius, from the share of the promise that was kept (Moré 1978). */
static void adapt_radius(qni_fit_solver *s, double promise, double had, double length)
{
    double ratio = had / promise;
    if (ratio >= 0.75 || (s->full_step && ratio > 0.25)) {
        s->radius = s->full_step ? 2 * length : fmax(s->radius, 2 * length);
    } else if (!(ratio > 0.25)) {
        /* The minimum of the parabola through both values with the slope at x. */
        double slope = 2 * qni_dot(s->gradient, s->x_step, s->p);
        double cut = 0.5 * slope / (slope + had);
        if (!(cut >= 0.1)) /* also NaN: the trial was not finite */
            cut = 0.1;
        s->radius = fmin(s->radius, length) * fmin(cut, 0.5);
        s->lambda /= cut;
    }
}

/* Looks at x_trial; true: it was taken. */
static bool try_trial(qni_fit_solver *s, double promise, qni_fit_outcome *outcome)
{
    double length = qni_norm(s->step, s->p);
    bool derivatives =
        s->last_taken || s->eval.evaluations + 1 >= s->options.max_evals; /* there may be no second call */
    *outcome = qni_fit_eval_at(&s->eval, s->x_trial, &s->rss_trial, derivatives ? s->factor_trial : NULL);
    if (*outcome == QNI_FIT_STOPPED)
        return false;
    double had = *outcome == QNI_FIT_FINITE ? s->rss - s->rss_trial : NAN;
    bool good = *outcome == QNI_FIT_FINITE && had >= QNI_FIT_TAKE * promise;
    if (good && !derivatives) {
        double rss;
        *outcome = qni_fit_eval_at(&s->eval, s->x_trial, &rss, s->factor_trial);
        good = *outcome == QNI_FIT_FINITE;
        had = good ? had : NAN;
    }
    adapt_radius(s, promise, had, length);
    s->last_taken = good;
    if (good)
        take(s);
    return good;
}

/* Whether the step is below xtol for each parameter by itself. The length of all would hide one that is still far from
 * its value but small beside the others. */
static bool tiny_for_each(const qni_fit_solver *s)
{
    for (int64_t j = 0; j < s->p; j++)
        if (fabs(s->x_step[j]) > s->options.xtol * fabs(s->x[j]))
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

static advice weigh(qni_fit_solver *s, double promise, bool moved)
{
    bool tiny = !moved || scaled_length(s, s->x_step) <= s->options.xtol * scaled_length(s, s->x);
    bool unseen = tiny || promise <= QNI_FIT_FLAT * DBL_EPSILON * s->rss;
    if (unseen && s->last_taken && s->lambda > 0 && s->radius < DBL_MAX / 10 && s->measure * s->measure > DBL_EPSILON)
        return WIDEN;
    if (s->full_step && (!moved || tiny_for_each(s)))
        return ARRIVED;
    return (tiny && !s->full_step) || !(promise > 0) ? GIVE_UP : TRY;
}

/* From x to a better point. */
static verdict advance(qni_fit_solver *s)
{
    qni_fit_outcome outcome = QNI_FIT_FINITE;
    for (;;) {
        if (s->eval.evaluations >= s->options.max_evals)
            return finish(s, QN_FIT_MAX_EVALS, "the evaluations were used up before the fit converged");
        if (asked_to_stop(s))
            return stopped(s);
        s->lambda = qni_trust_step(s->eval.kernels, s->step, s->hat, s->p, s->hat + s->p * s->p, s->p, s->radius,
                                   s->lambda, s->work);
        s->full_step = s->lambda == 0;
        double promise = qni_fit_bounds_step(s);
        advice next = weigh(s, promise, make_trial(s));
        if (next == ARRIVED)
            return finish(s, QN_FIT_CONVERGED, "the step that is left is below xtol");
        if (next == GIVE_UP)
            return collapsed(s, outcome == QNI_FIT_NOT_FINITE);
        if (next == WIDEN) {
            s->radius *= 10;
            continue;
        }
        if (try_trial(s, promise, &outcome))
            return GO_ON;
        if (outcome == QNI_FIT_STOPPED)
            return stopped(s);
    }
}

/* What follows from the first point in a unit. */
static void settle(qni_fit_solver *s)
{
    for (int64_t j = 0; j < s->p; j++)
        s->scale[j] = 0;
    look_around(s);
    s->radius = QNI_FIT_FIRST_RADIUS * scaled_length(s, s->x);
    if (!(s->radius > 0))
        s->radius = QNI_FIT_FIRST_RADIUS * sqrt(s->rss);
    s->last_taken = true;
}

static verdict begin(qni_fit_solver *s)
{
    s->eval.unit = 1;
    s->status = QN_FIT_NOT_FINITE;
    s->at_start = true;
    s->bounded = false;
    for (int64_t j = 0; j < s->p; j++)
        s->bounded |= isfinite(s->lower[j]) || isfinite(s->upper[j]);
    if (asked_to_stop(s))
        return stopped(s);
    qni_fit_outcome outcome = qni_fit_eval_at(&s->eval, s->x, &s->rss, s->factor);
    if (outcome != QNI_FIT_STOPPED && !(s->rss >= QNI_FIT_SMALL_RSS && s->rss <= QNI_FIT_LARGE_RSS)) {
        qni_fit_eval_choose_unit(&s->eval, s->x);
        if (s->eval.unit != 1)
            outcome = qni_fit_eval_at(&s->eval, s->x, &s->rss, s->factor);
    }
    if (outcome == QNI_FIT_STOPPED)
        return stopped(s);
    if (outcome == QNI_FIT_NOT_FINITE)
        return finish(s, QN_FIT_NOT_FINITE, "the model is not finite at the start");
    s->at_start = false;
    settle(s);
    return GO_ON;
}

/* Residuals that have become too small for their squares get another unit. They have fallen by so much that the regions
 * and scales of the way here say nothing any more. */
static verdict change_unit(qni_fit_solver *s)
{
    double before = s->eval.unit;
    qni_fit_eval_choose_unit(&s->eval, s->x);
    if (s->eval.unit == before)
        return GO_ON;
    double rss, *factor = s->factor_trial;
    qni_fit_outcome outcome = qni_fit_eval_at(&s->eval, s->x, &rss, factor);
    if (outcome != QNI_FIT_FINITE)
        s->eval.unit = before;
    if (outcome == QNI_FIT_STOPPED)
        return stopped(s);
    if (outcome == QNI_FIT_NOT_FINITE)
        return finish(s, QN_FIT_NOT_FINITE,
                      "the derivatives are too large beside the residuals: other start values may help");
    s->rss = rss;
    s->factor_trial = s->factor;
    s->factor = factor;
    settle(s);
    return GO_ON;
}

/* One step, or the end. */
static verdict iterate(qni_fit_solver *s)
{
    bool polished;
    if (s->rss < QNI_FIT_SMALL_RSS && change_unit(s) == DONE)
        return DONE;
    if (judge(s, &polished) == DONE)
        return DONE;
    if (asked_to_stop(s))
        return stopped(s);
    return polished ? GO_ON : advance(s);
}

void qni_fit_trf_run(qni_fit_solver *s)
{
    if (begin(s) == DONE)
        return;
    for (;;) {
        if (iterate(s) == GO_ON)
            continue;
        /* However it ended: what lies a rounding from its bound belongs on it. */
        bool at_rest = s->status == QN_FIT_CONVERGED || s->status == QN_FIT_STALLED;
        if (!at_rest || snap(s, QNI_FIT_SNAP) == DONE)
            return;
    }
}
