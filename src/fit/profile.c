/* fit/profile.c: profile-likelihood intervals (Bates and Watts, "Nonlinear regression analysis and its applications",
 * 1988, 6.1). A parameter is held at a value and all others are fitted again; the interval ends where
 *
 *     tau = sqrt((rss there - rss of the fit) / s^2) = t
 *
 * with s and t as in covariance.c: t^2 is the F that one parameter is allowed. Of a linear model tau is a straight line
 * and the interval the usual one. With a loss, what is minimised stands for rss.
 *
 * A side is searched from the fit outwards in growing steps until tau exceeds t, then by false position (the Illinois
 * variant, Dowell and Jarratt 1971), each fit from the straight line between the two on either side. A bound ends a
 * side; so does where the model has no value. One thread a fit. */
#include "fit/fit_int.h"
#include "fit/search.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/number.h"
#include "math/student.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A point on a side: how far from the fit, tau there, the other parameters. */
typedef struct point {
    double reach, tau;
    double *others; /* (p - 1) */
} point;

typedef struct profile {
    qni_fit_result *result;
    const qni_fit_solver *fit;
    qni_fit_map map;    /* the parameter held */
    qni_fit_solver sub; /* of the others */
    int64_t k;          /* the parameter, as the solver counts it */
    double side;        /* -1, 1 */
    double wanted;      /* t */
    double deviation;   /* s, in the fit's unit */
    point low, high;    /* tau below t; above */
    double *first;      /* (p - 1) */
    bool stopped;
    bool lower;        /* a lower minimum was found: there, with that sum relative to the fit's */
    bool certain;      /* whether the last fit of the others converged */
    int64_t uncertain; /* ends where it did not */
    double lower_at, lower_share;
} profile;

static bool asked_to_stop(const profile *d)
{
    const qn_fit_options *o = &d->fit->options;
    return o->should_stop != NULL && o->should_stop(o->should_stop_user);
}

/* Fits the others from d->sub.x; the growth of what is minimised in units of s^2, infinite where there is no value. */
static double growth(profile *d, bool *certain)
{
    qni_fit_solver *sub = &d->sub;
    *certain = true;
    if (sub->p == 0) {
        sub->eval.unit = d->fit->eval.unit;
        sub->at_start = qni_fit_eval_at(&sub->eval, sub->x, &sub->rss, NULL) != QNI_FIT_FINITE;
    } else {
        for (int64_t m = 0; m < sub->p; m++)
            sub->x[m] = qni_fit_inside(sub->x[m], sub->lower[m], sub->upper[m]);
        qni_fit_solver_run(sub);
        d->stopped |= sub->status == QN_FIT_INTERRUPTED;
        *certain = sub->status == QN_FIT_CONVERGED || (sub->status == QN_FIT_STALLED && sub->idle >= 0);
    }
    if (sub->at_start)
        return INFINITY;
    double unit = d->fit->eval.unit / sub->eval.unit;
    return (sub->rss * unit * unit - d->fit->rss) / (d->deviation * d->deviation);
}

/* tau with the parameter held at `reach` from the fit, the others beginning at d->sub.x. Where that ends beyond
 * `expected`, the better of this and of beginning at the last good point is taken. */
static double measure(profile *d, double reach, double expected)
{
    int64_t p = d->sub.p, j = d->fit->eval.map->free[d->k];
    size_t size = (size_t)p * sizeof *d->first;
    bool certain, again_certain;
    d->stopped |= asked_to_stop(d);
    if (d->stopped)
        return NAN;
    double value = d->fit->x[d->k] + d->side * reach;
    d->map.fixed[j] = fmin(fmax(value, d->fit->lower[d->k]), d->fit->upper[d->k]);
    double grown = growth(d, &certain);
    if (p > 0 && !d->stopped && !(certain && grown <= expected * expected)) {
        memcpy(d->first, d->sub.x, size);
        memcpy(d->sub.x, d->low.others, size);
        double again = growth(d, &again_certain);
        if (again < grown) {
            grown = again;
            certain = again_certain;
        } else {
            memcpy(d->sub.x, d->first, size);
        }
    }
    d->certain = certain;
    if (grown < -QNI_FIT_PROFILE_LOWER * d->wanted * d->wanted) {
        d->lower = d->stopped = true;
        d->lower_at = d->map.fixed[j];
        d->lower_share = 1 + grown * d->deviation * d->deviation / d->fit->rss;
    }
    return grown > 0 ? sqrt(grown) : 0;
}

static void keep(profile *d, point *at, double reach, double tau)
{
    at->reach = reach;
    at->tau = tau;
    memcpy(at->others, d->sub.x, (size_t)d->sub.p * sizeof *at->others);
}

/* The first step outwards: where tau would be t if the model were linear; if its error is not known, with the others
 * held. */
static double first_reach(const profile *d)
{
    const qn_fit_parameter *parameter = &d->result->parameters[d->fit->eval.map->free[d->k]];
    double reach = d->wanted * parameter->stderr_;
    if (!(reach > 0 && isfinite(reach)))
        reach = d->wanted * d->deviation / d->fit->norm[d->k];
    return reach > 0 && isfinite(reach) ? reach : fmax(fabs(d->fit->x[d->k]), 1);
}

/* Where the others would be with the parameter `reach` from the fit, if the model were linear. */
static void follow_tangent(profile *d, double reach)
{
    const qni_fit_map *map = d->fit->eval.map;
    int64_t all = map->all, j = map->free[d->k];
    double variance = d->result->covariance[j * all + j];
    for (int64_t m = 0; m < d->sub.p; m++) {
        double slope = d->result->covariance[d->map.free[m] * all + j] / variance;
        d->sub.x[m] = d->low.others[m] + (isfinite(slope) ? slope * d->side * reach : 0);
    }
}

/* Steps outwards until tau exceeds t: low and high then enclose where it is t. The end of the side, if that is found on
 * the way; NaN: it is not. */
static double enclose(profile *d)
{
    double bound = d->side < 0 ? d->fit->lower[d->k] : d->fit->upper[d->k], room = fabs(bound - d->fit->x[d->k]);
    double reach = first_reach(d), most = reach * QNI_FIT_PROFILE_REACH, widen = 1.5;
    follow_tangent(d, fmin(reach, room));
    double expected = QNI_FIT_PROFILE_AMISS * d->wanted;
    while (room > 0 && reach < most) {
        double to = fmin(reach, room), tau = measure(d, to, expected);
        if (d->stopped)
            return NAN;
        if (!(tau < d->wanted)) {
            keep(d, &d->high, to, tau);
            return NAN;
        }
        keep(d, &d->low, to, tau);
        expected = INFINITY; /* from here on the last good point is where it begins */
        if (to == room)
            return bound;
        reach = to * fmin(fmax(1.2 * d->wanted / tau, widen), QNI_FIT_PROFILE_WIDEN);
        widen *= 2;
    }
    return room > 0 ? d->side * INFINITY : bound;
}

/* Narrows low and high to where tau is t. */
static double find(profile *d)
{
    point *low = &d->low, *high = &d->high;
    double below = low->tau - d->wanted, above = high->tau - d->wanted, last = 0;
    for (int i = 0; i < QNI_FIT_PROFILE_STEPS && high->reach - low->reach > QNI_FIT_PROFILE_CLOSE * high->reach; i++) {
        double part = isinf(above) ? 0.5 : below / (below - above);
        double reach = low->reach + part * (high->reach - low->reach);
        for (int64_t m = 0; m < d->sub.p; m++)
            d->sub.x[m] = low->others[m] + (isinf(above) ? 0 : part * (high->others[m] - low->others[m]));
        double tau = measure(d, reach, high->tau), miss = tau - d->wanted;
        if (d->stopped || fabs(miss) <= QNI_FIT_PROFILE_CLOSE * d->wanted)
            return reach;
        keep(d, miss < 0 ? low : high, reach, tau);
        *(miss < 0 ? &below : &above) = miss;
        if (miss * last > 0) /* the same side again: the other end counts half */
            *(miss < 0 ? &above : &below) /= 2;
        last = miss;
    }
    return isinf(high->tau) ? low->reach : high->reach;
}

/* Where the side ends; NaN: stopped. */
static double end_of_side(profile *d, double side)
{
    const qni_fit_map *map = d->fit->eval.map;
    d->side = side;
    d->low.reach = d->low.tau = 0;
    for (int64_t m = 0, k = 0; k < map->p; k++)
        if (k != d->k)
            d->low.others[m++] = d->fit->x[k];
    double end = enclose(d);
    if (!isnan(end) || d->stopped)
        return end;
    end = d->fit->x[d->k] + side * find(d);
    d->uncertain += !d->certain;
    return d->stopped ? NAN : end;
}

static qn_status profile_one(profile *d, int64_t k, double *bounds, const qni_fit_memory *memory, qn_error *err)
{
    const qni_fit_map *map = d->fit->eval.map;
    int64_t p = map->p - 1;
    qn_status status = qni_fit_map_fix(&d->map, map, map->free[k], d->fit->x[k], &memory->allocator, err);
    d->k = k;
    for (int64_t m = 0, l = 0; status == QN_OK && l < map->p; l++) {
        if (l == k)
            continue;
        bounds[m] = d->fit->lower[l];
        bounds[p + m] = d->fit->upper[l];
        if (d->fit->x_scale != NULL)
            bounds[2 * p + m] = d->fit->x_scale[l];
        m++;
    }
    if (status == QN_OK) {
        qn_fit_parameter *parameter = &d->result->parameters[map->free[k]];
        parameter->profile_low = end_of_side(d, -1);
        parameter->profile_high = d->stopped ? NAN : end_of_side(d, 1);
    }
    qni_fit_map_fini(&d->map);
    return status;
}

static qn_status report(profile *d, qn_error *err)
{
    qni_fit_result *result = d->result;
    result->head.profiled = !d->stopped || d->lower;
    for (int64_t j = 0; d->stopped && j < result->head.p; j++)
        result->parameters[j].profile_low = result->parameters[j].profile_high = NAN;
    if (d->lower) {
        char number[QNI_NUMBER_SIZE];
        qni_number_format(number, d->lower_at);
        return qni_fit_result_warn(result, err,
                                   "the fit was not at the global minimum: with \"%s\" at %s what is minimised is %.6g "
                                   "times as large; fit again from there, the intervals here do not hold",
                                   result->names[d->fit->eval.map->free[d->k]], number, d->lower_share);
    }
    if (d->stopped)
        return qni_fit_result_warn(result, err, "the profiles were interrupted: there are no profile intervals");
    if (d->uncertain > 0)
        return qni_fit_result_warn(result, err,
                                   "%" PRId64 " of the profile intervals' ends %s on a fit that did not converge: they "
                                   "may be too near",
                                   d->uncertain, d->uncertain == 1 ? "rests" : "rest");
    return QN_OK;
}

/* The solver of one parameter less, and what else there is one of for each of those, in `block`. */
static void place(profile *d, double *block)
{
    const qni_fit_solver *fit = d->fit;
    int64_t p = fit->p - 1;
    double *panel;
    d->low.others = block + 3 * p;
    d->high.others = block + 4 * p;
    d->first = block + 5 * p;
    d->sub.options = fit->options;
    d->sub.options.on_iteration = NULL;
    d->sub.lower = block;
    d->sub.upper = block + p;
    d->sub.x_scale = fit->x_scale != NULL ? block + 2 * p : NULL;
    qni_fit_solver_place(&d->sub, block + 6 * p, p);
    panel = d->sub.eval.panel;
    d->sub.eval = fit->eval;
    d->sub.eval.panel = panel;
    d->sub.eval.map = &d->map;
    d->sub.eval.options = &d->sub.options;
}

qn_status qni_fit_profile(qni_fit_result *result, const qni_fit_solver *s, const qni_fit_memory *memory, qn_error *err)
{
    int64_t p = s->p - 1, all = s->eval.map->all, size = qni_fit_solver_doubles(p, all) + 6 * p;
    double dof = s->options.absolute_sigma ? INFINITY : (double)result->head.dof;
    profile d = {.result = result,
                 .fit = s,
                 .wanted = qni_student_two_sided(s->options.confidence, dof),
                 .deviation = qni_fit_deviation(s, result->head.dof)};
    result->head.profiled = true;
    if (!(d.deviation > 0))
        return QN_OK;
    double *block = qni_alloc(&memory->allocator, size, sizeof *block);
    if (block == NULL)
        return qni_refused(err, memory->source, size * (int64_t)sizeof *block, "the profiles of %" PRId64 " parameters",
                           s->p);
    place(&d, block);
    qni_log(QN_LOG_INFO, "fit", "profiling %" PRId64 " parameters", s->p);
    qn_status status = QN_OK;
    for (int64_t k = 0; status == QN_OK && k < s->p && !d.stopped; k++)
        status = profile_one(&d, k, block, memory, err);
    qni_free(&memory->allocator, block, size, sizeof *block);
    return status == QN_OK ? report(&d, err) : status;
}
