/* fit/solver.c: what the methods have in common: from a point to a better one until none can be told from it. A method
 * (qni_fit_stepper) says how bounds shape the region, makes the step in it and learns from what became of it.
 *
 * Each iteration minimises the linearised residuals within the region (from the triangular factor, never from normal
 * equations), and takes the step if the sum of squares falls as promised. Where the promise is less than what rounding
 * does to the sum, the gradient decides instead: full steps are taken as long as they reduce it. A fit has then reached
 * what double precision can tell.
 *
 * Tests are the same for all methods: ftol is compared with the reduction that the linear model still promises, gtol
 * with the greatest cosine, xtol with the next step. With a loss, what is minimised is its sum; factor and gradient are
 * those of its Gauss-Newton model, so that all of this holds as it stands.
 *
 * Always: rss, factor and x belong together and are finite; rss never rises by more than its rounding. Allocates
 * nothing. One thread a fit. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "fit/limits.h"
#include "math/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The images of a few steps and their factor. */
static int64_t work_of_history(int64_t p)
{
    return (QNI_FIT_MIXED + 1) * (p + QNI_FIT_MIXED);
}

/* A cache line. Panels begin on one: a vector that lies on two costs twice. */
enum {
    LINE = 64 / sizeof(double)
};

static double *on_a_line(double *block)
{
    return block + (64 - (uintptr_t)block % 64) % 64 / sizeof *block;
}

int64_t qni_fit_solver_doubles(int64_t p, int64_t all)
{
    int64_t square, total;
    if (all > QNI_FIT_PARAMETERS)
        return -1;
    int64_t room = qni_trust_work(p) + work_of_history(p) + LINE + (all + 2) * QNI_FIT_PANEL;
    if (!qni_size_mul(&square, p, p + 2) || !qni_size_mul(&total, 3, square) ||
        !qni_size_add(&total, total, (19 + 2 * QNI_FIT_MIXED) * p + room))
        return -1;
    return total;
}

void qni_fit_solver_place(qni_fit_solver *s, double *block, int64_t p)
{
    int64_t square = p * (p + 2);
    double **vectors[] = {&s->x,    &s->x_trial,  &s->x_step, &s->x_begin, &s->gradient, &s->norm,
                          &s->peak, &s->scale,    &s->shape,  &s->share,   &s->step,     &s->other,
                          &s->best, &s->x_before, &s->newton, &s->back,    &s->bend};
    double **squares[] = {&s->factor, &s->factor_trial, &s->hat};
    s->p = p;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, block += p)
        *vectors[i] = block;
    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++, block += square)
        *squares[i] = block;
    s->image = block;
    s->ring = s->image + 2 * p;
    s->work = s->ring + p * 2 * QNI_FIT_MIXED;
    s->eval.panel = on_a_line(s->work + qni_trust_work(p) + work_of_history(p));
}

static const qni_fit_stepper *stepper(const qni_fit_solver *s)
{
    switch (s->options.method) {
    case QN_FIT_LM:
        return &qni_fit_lm;
    case QN_FIT_DOGBOX:
        return &qni_fit_dogbox;
    case QN_FIT_TRF:
        break;
    }
    return &qni_fit_trf;
}

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

/* Shows the point to on_iteration; DONE: it wants no more. */
static verdict show(qni_fit_solver *s)
{
    const qn_fit_options *o = &s->options;
    if (o->on_iteration == NULL)
        return GO_ON;
    (void)qni_fit_map_at(s->eval.map, s->x, false);
    const qn_fit_iteration now = {.size = sizeof now,
                                  .start = s->start,
                                  .iteration = s->iterations - s->iterations_before,
                                  .evaluations = s->eval.evaluations - s->evaluations_before,
                                  .rss = s->rss / s->eval.unit / s->eval.unit,
                                  .gradient = s->measure,
                                  .radius = s->radius,
                                  .p = s->eval.map->all,
                                  .parameters = s->eval.map->x};
    return o->on_iteration(o->on_iteration_user, &now) ? GO_ON : stopped(s);
}

static int64_t evaluations_left(const qni_fit_solver *s)
{
    return s->options.max_evals - (s->eval.evaluations - s->evaluations_before);
}

/* The length of parameters, or of a change of them, in the scaled variables. */
static double scaled_length(qni_fit_solver *s, const double *x)
{
    for (int64_t j = 0; j < s->p; j++)
        s->image[j] = qni_fit_scale(s, j) * x[j];
    return qni_norm(s->image, s->p);
}

void qni_fit_ball_step(qni_fit_solver *s)
{
    s->lambda = qni_trust_step(s->eval.kernels, s->step, s->hat, s->p, s->hat + s->p * s->p, s->p, s->radius, s->lambda,
                               s->work);
    s->full_step = s->lambda == 0;
    s->at_edge = !s->full_step;
    s->length = qni_norm(s->step, s->p);
    s->onto = -1;
}

double qni_fit_cut(const qni_fit_solver *s, double had)
{
    double slope = 2 * qni_dot(s->gradient, s->x_step, s->p);
    double cut = 0.5 * slope / (slope + had);
    return cut >= 0.1 ? fmin(cut, 0.5) : 0.1; /* also NaN: the trial was not finite */
}

/* hat := factor in hat variables, with a row for each parameter that bounds bend, and one that holds those that cannot
 * move. */
static void make_hat(qni_fit_solver *s, const double *curvature)
{
    int64_t p = s->p;
    s->plain = true;
    s->curved = false;
    for (int64_t j = 0; j < p; j++) {
        bool held = s->shape[j] * s->norm[j] == 0;
        for (int64_t i = 0; i < p; i++)
            s->hat[j * p + i] = s->shape[j] * s->factor[j * p + i];
        s->curved |= curvature[j] > 0 && !held;
        s->plain &= !held && !s->curved;
    }
    memcpy(s->hat + p * p, s->factor + p * p, (size_t)p * sizeof *s->hat);
    if (s->plain)
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

/* The norms of the Jacobian's columns, now and at their largest. */
static void measure_columns(qni_fit_solver *s)
{
    for (int64_t j = 0; j < s->p; j++) {
        s->norm[j] = qni_norm(s->factor + j * s->p, j + 1);
        s->peak[j] = fmax(s->peak[j], s->norm[j]);
        s->scale[j] = s->x_scale != NULL ? 1 / s->x_scale[j] : s->peak[j];
    }
}

/* All that follows from x, rss and factor. */
static void look_around(qni_fit_solver *s)
{
    int64_t p = s->p;
    double reached = 0;
    measure_columns(s);
    for (int64_t j = 0; j < p; j++)
        reached += s->norm[j] * fabs(s->x[j]);
    s->noise = DBL_EPSILON * fmax(reached, s->eval.problem->magnitude * s->eval.unit);
    qni_multiply_upper_transposed(s->factor, p, p, s->factor + p * p, s->gradient);
    stepper(s)->shape(s, s->step);
    make_hat(s, s->step);
    qni_fit_history_look(s);
    measure_gradient(s);
    s->reach = qni_dot(s->hat + p * p, s->hat + p * p, p);
}

/* x := that of the trial. */
static void move(qni_fit_solver *s)
{
    double *x = s->x;
    s->x = s->x_trial;
    s->x_trial = x;
    s->iterations++;
    s->snapped = false;
}

/* x, rss and factor := those of the trial. */
static void take(qni_fit_solver *s)
{
    double *factor = s->factor, before = s->measure;
    move(s);
    s->factor = s->factor_trial;
    s->rss = s->rss_trial;
    s->factor_trial = factor;
    qni_fit_history_take(s);
    look_around(s);
    s->contraction = s->full_step && s->measure < before ? s->measure / before : 1;
}

/* x_trial := x + the hat step, within the bounds; false: that is x again. */
static bool make_trial(qni_fit_solver *s)
{
    bool moved = false;
    for (int64_t j = 0; j < s->p; j++) {
        s->x_step[j] = s->shape[j] * s->step[j];
        s->x_trial[j] = fmin(fmax(s->x[j] + s->x_step[j], s->lower[j]), s->upper[j]);
        if (j == s->onto)
            s->x_trial[j] = s->step[j] > 0 ? s->upper[j] : s->lower[j];
        moved |= s->x_trial[j] != s->x[j];
    }
    return moved;
}

/* s->step := the method's, or a better one; the promise of the former. */
static double make_step(qni_fit_solver *s)
{
    double promise = stepper(s)->step(s);
    qni_fit_history_improve(s, stepper(s)->ball);
    return promise;
}

/* What the linear model promises as far out as x is long, as a share of rss. A cosine alone says nothing in a valley
 * far narrower than long, and the promise of steps far beyond x nothing where the Jacobian is singular. */
static double promised_nearby(qni_fit_solver *s)
{
    s->radius = scaled_length(s, s->x);
    if (!(s->radius > 0))
        s->radius = sqrt(s->rss);
    return stepper(s)->step(s) / s->rss;
}

/* The region has shrunk to nothing without a better point. */
static verdict collapsed(qni_fit_solver *s, bool not_finite)
{
    const char *least = "the residual sum of squares cannot be reduced further";
    if (s->reach <= QNI_FIT_OFFSET * QNI_FIT_OFFSET * s->rss)
        return finish(s, QN_FIT_CONVERGED, least);
    double promised = promised_nearby(s);
    if (s->measure * s->measure <= DBL_EPSILON && promised <= QNI_FIT_LITTLE)
        return finish(s, QN_FIT_CONVERGED, least);
    if (sqrt(s->rss) <= (promised <= QNI_FIT_MUCH ? QNI_FIT_ROUNDINGS : QNI_FIT_FEW_ROUNDINGS) * s->noise)
        return finish(s, QN_FIT_CONVERGED, "the residuals are as small as rounding allows");
    if (not_finite)
        return finish(s, QN_FIT_NOT_FINITE, "every step from here leads to where the model is not finite");
    return finish(
        s, QN_FIT_STALLED,
        "no step reduces the residual sum of squares although its gradient is not zero: other start values may help");
}

/* Whether rss_trial is above `rss` by more than rounding explains. */
static bool is_worse(const qni_fit_solver *s, double rss)
{
    double noise = fmin(s->noise, QNI_FIT_NOISE_SHARE * sqrt(rss));
    return s->rss_trial > rss + 4 * (DBL_EPSILON * rss + sqrt(rss) * noise);
}

/* Full steps judged by the gradient, where the sum of squares is too coarse. GO_ON: one was taken. */
static verdict polish(qni_fit_solver *s)
{
    const char *message = "the residual sum of squares is at its minimum, as far as rounding allows";
    if (s->options.ftol > QNI_FIT_FLAT * DBL_EPSILON && s->reach <= s->options.ftol * s->rss)
        return finish(s, QN_FIT_CONVERGED, "the relative reduction that is left is below ftol");
    if (evaluations_left(s) <= 0 || s->reach <= QNI_FIT_POLISHED * QNI_FIT_POLISHED * s->rss)
        return finish(s, QN_FIT_CONVERGED, message);
    double before = s->measure, rss = s->rss;
    (void)make_step(s);
    if (!make_trial(s) || !s->full_step)
        return finish(s, QN_FIT_CONVERGED, message);
    double left = sqrt(s->reach / s->rss);
    if (left <= QNI_FIT_NEAR && left * s->contraction <= QNI_FIT_POLISHED) {
        move(s); /* rss and factor are the same there, as far as rounding shows */
        return finish(s, QN_FIT_CONVERGED, message);
    }
    bool mixed = s->mixed;
    qni_fit_outcome outcome = qni_fit_eval_at(&s->eval, s->x_trial, &s->rss_trial, s->factor_trial);
    if (outcome == QNI_FIT_STOPPED)
        return stopped(s);
    bool good = outcome == QNI_FIT_FINITE && !is_worse(s, rss);
    if (good) {
        take(s);
        if (s->measure <= 0.9 * before)
            return GO_ON;
        /* Not better by the gradient: keep the better of the two points, which are equal but for rounding. */
        if (s->measure > before) {
            s->rss_trial = rss;
            take(s);
            qni_fit_history_clear(s);
        }
    }
    if (!mixed)
        return finish(s, QN_FIT_CONVERGED, message);
    qni_fit_history_clear(s); /* the plain step has not been tried yet */
    return GO_ON;
}

/* Puts parameters that push against a near bound on it. GO_ON: that was better, or at least no worse. */
static verdict snap(qni_fit_solver *s, double share)
{
    if (s->snapped || !qni_fit_bounds_snap(s, share) || evaluations_left(s) <= 0)
        return DONE;
    s->snapped = share == QNI_FIT_SNAP;
    s->full_step = false;
    qni_fit_outcome outcome = qni_fit_eval_at(&s->eval, s->x_trial, &s->rss_trial, s->factor_trial);
    if (outcome != QNI_FIT_FINITE || is_worse(s, s->rss))
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

/* Looks at x_trial; true: it was taken. */
static bool try_trial(qni_fit_solver *s, double promise, qni_fit_outcome *outcome)
{
    bool first = s->iterations == s->iterations_before;
    bool derivatives = s->last_taken || evaluations_left(s) <= 1; /* there may be no second call */
    *outcome = qni_fit_eval_at(&s->eval, s->x_trial, &s->rss_trial, derivatives ? s->factor_trial : NULL);
    if (*outcome == QNI_FIT_STOPPED)
        return false;
    double had = *outcome == QNI_FIT_FINITE ? s->rss - s->rss_trial : NAN;
    bool good = *outcome == QNI_FIT_FINITE && had >= QNI_FIT_TAKE * promise;
    if (good && !derivatives) {
        double rss;
        *outcome = qni_fit_eval_at(&s->eval, s->x_trial, &rss, s->factor_trial);
        if (*outcome == QNI_FIT_STOPPED)
            return false;
        good = *outcome == QNI_FIT_FINITE;
        had = good ? had : NAN;
    }
    s->last_taken = good;
    if (!good && s->mixed && s->full_step) { /* the plain step has not been tried yet */
        qni_fit_history_clear(s);
        return false;
    }
    stepper(s)->adapt(s, promise, had, first);
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
    if (unseen && s->last_taken && s->at_edge && s->radius < DBL_MAX / 10 && s->measure * s->measure > DBL_EPSILON)
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
        if (evaluations_left(s) <= 0)
            return finish(s, QN_FIT_MAX_EVALS, "the evaluations were used up before the fit converged");
        if (asked_to_stop(s))
            return stopped(s);
        double promise = make_step(s);
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
    double factor = stepper(s)->first_radius;
    qni_fit_history_clear(s);
    for (int64_t j = 0; j < s->p; j++)
        s->peak[j] = 0;
    look_around(s);
    s->radius = factor * scaled_length(s, s->x);
    if (!(s->radius > 0)) /* a length of 1 where typical sizes are known, else in units of the residuals */
        s->radius = factor * (s->x_scale != NULL ? 1 : sqrt(s->rss));
    s->lambda = 0;
    s->contraction = 1;
    s->full_step = false;
    s->last_taken = true;
    s->snapped = false;
}

static verdict begin(qni_fit_solver *s)
{
    s->eval.unit = 1;
    s->status = QN_FIT_NOT_FINITE;
    s->at_start = true;
    s->idle = -1;
    qni_fit_history_clear(s);
    s->evaluations_before = s->eval.evaluations;
    s->iterations_before = s->iterations;
    s->bounded = false;
    for (int64_t j = 0; j < s->p; j++)
        s->bounded |= isfinite(s->lower[j]) || isfinite(s->upper[j]);
    memcpy(s->x_begin, s->x, (size_t)s->p * sizeof *s->x);
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
    return s->ending || asked_to_stop(s) ? stopped(s) : show(s);
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
    int64_t before = s->iterations;
    if (s->rss < QNI_FIT_SMALL_RSS && change_unit(s) == DONE)
        return DONE;
    verdict next = judge(s, &polished);
    if (next == GO_ON && asked_to_stop(s))
        next = stopped(s);
    if (next == GO_ON && !polished)
        next = advance(s);
    if (s->iterations > before && show(s) == DONE)
        return DONE;
    return next;
}

/* A parameter that once mattered and no longer does, neither here nor on the way back to where it began: where such a
 * fit ended says nothing about that parameter, and little about the others. -1: there is none. */
static int64_t find_idle(const qni_fit_solver *s)
{
    for (int64_t j = 0; j < s->p; j++) {
        double way = fmax(fabs(s->x[j]), fabs(s->x[j] - s->x_begin[j]));
        bool faded = s->norm[j] <= QNI_FIT_FADED * s->peak[j] && s->norm[j] * way <= s->noise;
        bool at_bound = s->x[j] == s->lower[j] || s->x[j] == s->upper[j];
        if (s->peak[j] > 0 && faded && (way > 0 || s->norm[j] == 0) && !at_bound)
            return j;
    }
    return -1;
}

/* Whether rounding of the model's terms hides the residuals, and is no longer small beside the data: such residuals say
 * nothing. */
static bool drowns(const qni_fit_solver *s)
{
    double data = s->eval.problem->magnitude * s->eval.unit;
    return data > 0 && s->noise > QNI_FIT_DROWNED * data && sqrt(s->rss) <= QNI_FIT_ROUNDINGS * s->noise;
}

/* Whether the fit is to go on although it was done. */
static bool comes_to_rest(qni_fit_solver *s)
{
    bool at_rest = s->status == QN_FIT_CONVERGED || s->status == QN_FIT_STALLED;
    if (at_rest && snap(s, QNI_FIT_SNAP) == GO_ON) /* what lies a rounding from its bound belongs on it */
        return show(s) == DONE;
    if (s->status == QN_FIT_CONVERGED && drowns(s))
        (void)finish(s, QN_FIT_STALLED,
                     "the terms of the model cancel to more digits than numbers have: measure x from its middle "
                     "(centre it), or use fewer terms");
    if (s->status == QN_FIT_CONVERGED && sqrt(s->rss) > QNI_FIT_ROUNDINGS * s->noise)
        s->idle = find_idle(s);
    if (s->idle >= 0)
        (void)finish(s, QN_FIT_STALLED,
                     "the model no longer changes with a parameter here: other start values or bounds may help");
    return true;
}

void qni_fit_solver_run(qni_fit_solver *s)
{
    if (begin(s) == DONE)
        return;
    while (iterate(s) == GO_ON || !comes_to_rest(s)) {
    }
}

qni_fit_outcome qni_fit_solver_refactor(qni_fit_solver *s)
{
    if (s->options.loss == QN_FIT_LOSS_LINEAR)
        return QNI_FIT_FINITE;
    double least = s->eval.least_curvature, rss;
    int64_t evaluations = s->eval.evaluations;
    s->eval.least_curvature = DBL_EPSILON;
    qni_fit_history_clear(s);
    qni_fit_outcome outcome = qni_fit_eval_at(&s->eval, s->x, &rss, s->factor_trial);
    s->eval.least_curvature = least;
    s->eval.evaluations = evaluations;
    if (outcome != QNI_FIT_FINITE)
        return outcome;
    double *factor = s->factor;
    s->factor = s->factor_trial;
    s->factor_trial = factor;
    for (int64_t j = 0; j < s->p; j++)
        s->norm[j] = qni_norm(s->factor + j * s->p, j + 1);
    return QNI_FIT_FINITE;
}
