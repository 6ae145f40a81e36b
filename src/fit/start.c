/* fit/start.c: the point from which a fit starts: as given; estimated, where the formula's shape is known; else the
 * best of many. And several starts, where they are asked for. Each complaint names its parameter. One thread a fit. */
#include "fit/fit_int.h"
#include "fit/search.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static qn_status check_bounds(double lower, double upper, const char *name, qn_error *err)
{
    char low[QNI_NUMBER_SIZE], high[QNI_NUMBER_SIZE];
    qni_number_format(low, lower);
    qni_number_format(high, upper);
    if (isnan(lower) || isnan(upper) || lower == INFINITY || upper == -INFINITY)
        return qni_error(err, QN_INVALID, "the bounds of \"%s\" (%s, %s) are not a range", name, low, high);
    if (lower == upper)
        return qni_error(err, QN_INVALID, "both bounds of \"%s\" are %s: to hold a parameter there, fix it", name, low);
    if (lower > upper)
        return qni_error(err, QN_INVALID, "the lower bound of \"%s\" (%s) is above its upper bound (%s)", name, low,
                         high);
    return QN_OK;
}

static qn_status outside(double x, double lower, double upper, const char *name, qn_error *err)
{
    char start[QNI_NUMBER_SIZE], low[QNI_NUMBER_SIZE], high[QNI_NUMBER_SIZE];
    qni_number_format(start, x);
    qni_number_format(low, lower);
    qni_number_format(high, upper);
    return qni_error(err, QN_INVALID, "the start of \"%s\" (%s) is outside its bounds (%s to %s)", name, start, low,
                     high);
}

/* Bounds and starts of the free parameters, NaN where there is none; how many those are. */
static qn_status read_options(qni_fit_solver *s, double *lower, double *upper, const qni_fit_result *result,
                              int64_t *missing, qn_error *err)
{
    const qn_fit_options *options = &s->options;
    *missing = 0;
    for (int64_t k = 0; k < s->p; k++) {
        int64_t j = s->eval.map->free[k];
        const char *name = result->names[j];
        lower[k] = options->lower != NULL ? options->lower[j] : -INFINITY;
        upper[k] = options->upper != NULL ? options->upper[j] : INFINITY;
        qn_status status = check_bounds(lower[k], upper[k], name, err);
        if (status != QN_OK)
            return status;
        s->x[k] = options->start != NULL ? options->start[j] : NAN;
        if (isinf(s->x[k]))
            return qni_error(err, QN_INVALID, "the start of \"%s\" is infinite", name);
        if (s->x[k] < lower[k] || s->x[k] > upper[k])
            return outside(s->x[k], lower[k], upper[k], name, err);
        *missing += isnan(s->x[k]);
    }
    return QN_OK;
}

/* Where the fit that is shown began, fixed and tied parameters, too; as it was given, though it is moved inside. */
static void show_start(const qni_fit_solver *s, qni_fit_result *result)
{
    const qn_fit_options *options = &s->options;
    (void)qni_fit_map_at(s->eval.map, s->x, false);
    for (int64_t j = 0; j < s->eval.map->all; j++)
        result->parameters[j].start = s->eval.map->x[j];
    for (int64_t k = 0; options->start != NULL && k < s->p; k++) {
        int64_t j = s->eval.map->free[k];
        if (!isnan(options->start[j]) && qni_fit_inside(options->start[j], s->lower[k], s->upper[k]) == s->x[k])
            result->parameters[j].start = options->start[j];
    }
}

/* How many points are tried for so many parameters that nothing is known of. */
static int64_t points_for(const qni_fit_search *search)
{
    int64_t unknown = -search->solved_count;
    for (int64_t k = 0; k < search->s->p; k++)
        unknown += search->missing[k];
    int64_t points = QNI_FIT_POINTS * (1 + unknown);
    return points < QNI_FIT_POINTS_MAX ? points : QNI_FIT_POINTS_MAX;
}

/* The same value for every parameter that is missing, inside its bounds. */
static void try_all_at(qni_fit_search *search, double value)
{
    for (int64_t k = 0; k < search->s->p; k++)
        search->point[k] = search->missing[k] ? value : search->start[k];
    qni_fit_search_try(search, search->point);
}

/* How many points are fitted for a while: fewer where that is much work. */
static int64_t affordable(const qni_fit_search *search)
{
    double p = (double)search->s->p, each = (double)search->sample.n * p * p * QNI_FIT_REFINE_EVALS;
    double points = QNI_FIT_REFINE_WORK / fmax(each, 1);
    return points < 1 ? 1 : points < QNI_FIT_KEPT ? (int64_t)points : QNI_FIT_KEPT;
}

/* The best of many points, to s->x; where none is finite, ones. */
static qn_status search_blindly(qni_fit_search *search, qni_fit_result *result, int64_t missing, qn_error *err)
{
    qni_fit_solver *s = search->s;
    int64_t points = -search->tried;
    try_all_at(search, 1);
    try_all_at(search, 0);
    qni_fit_search_sweep(search, 0, points_for(search) - 1);
    points += search->tried;
    qni_fit_search_scan(search, QNI_FIT_SCANNED, QNI_FIT_SCAN_STEPS);
    if (search->kept_count > 0) {
        (void)qni_fit_search_refine(search, affordable(search), QNI_FIT_REFINE_EVALS);
    } else {
        for (int64_t k = 0; k < s->p; k++)
            s->x[k] = qni_fit_inside(search->missing[k] ? 1 : search->start[k], s->lower[k], s->upper[k]);
    }
    snprintf(result->started, sizeof result->started, "the best of %" PRId64 " point%s", points,
             points == 1 ? "" : "s");
    result->head.starts = points;
    if (missing < s->p)
        return qni_fit_result_warn(result, err,
                                   "no start was given for %" PRId64 " of the parameters: %" PRId64
                                   " points were tried, and the best of them need not lead to the best fit",
                                   missing, points);
    return qni_fit_result_warn(result, err,
                               "no start was given: %" PRId64
                               " points were tried, and the best of them need not lead to the best fit",
                               points);
}

/* Estimates, and fits from the best of them; false: they did not come to rest soon, so that they were none. Of peaks,
 * which stand in each other's place, more are fitted. */
static bool estimate(qni_fit_search *search)
{
    if (!qni_fit_search_estimate(search))
        return false;
    bool peaks = search->shape->kind == QNI_SHAPE_PEAKS;
    return qni_fit_search_refine(search, peaks ? QNI_FIT_KEPT : QNI_FIT_ESTIMATES, QNI_FIT_ESTIMATE_EVALS);
}

/* What is missing, to s->x. */
static qn_status find_start(qni_fit_search *search, qni_fit_result *result, int64_t missing, qn_error *err)
{
    if (!estimate(search))
        return search_blindly(search, result, missing, err);
    const char *name = search->shape->name[0] != '\0' ? search->shape->name : "linear least squares";
    snprintf(result->started, sizeof result->started, "%sestimated: %s", missing < search->s->p ? "as given, and " : "",
             name);
    return QN_OK;
}

/* The norm of the residuals where a fit ended; infinite where there is no such point. */
static double end_of(const qni_fit_solver *s)
{
    return s->at_start ? INFINITY : sqrt(s->rss) / s->eval.unit;
}

/* Whole fits from the first point, s->x, and from quasi-random ones; s->x := the best end. */
static void run_starts(qni_fit_search *search, qni_fit_result *result)
{
    qni_fit_solver *s = search->s;
    int64_t p = s->p, starts = s->options.starts, same = 0, done = 0, index = 0;
    double *best = search->all, least = INFINITY;
    size_t size = (size_t)p * sizeof *best;
    char first[sizeof result->started];
    memcpy(first, result->started, sizeof first);
    memcpy(best, s->x, size);
    qni_fit_search_forget(search);
    search->limit = INT64_MAX;
    for (int64_t i = 0; i < starts && !search->stopped; i++, done++) {
        if (i > 0) {
            search->kept_count = 0;
            qni_fit_search_sweep(search, (i - 1) * QNI_FIT_DRAWS, QNI_FIT_DRAWS);
            if (search->kept_count == 0)
                continue;
            memcpy(s->x, search->kept, size);
        }
        memcpy(search->trial, s->x, size);
        s->start = i;
        qni_fit_solver_run(s);
        search->stopped |= s->status == QN_FIT_INTERRUPTED;
        double end = end_of(s);
        same = end < least * (1 - QNI_FIT_SAME_END) ? 1 : same + (end <= least * (1 + QNI_FIT_SAME_END));
        if (end < least || i == 0) {
            least = end;
            index = i;
            memcpy(best, s->x, size);
            memcpy(s->x, search->trial, size);
            show_start(s, result);
        }
    }
    s->start = index;
    memcpy(s->x, best, size);
    result->head.starts = done;
    snprintf(result->started, sizeof result->started,
             "the best of %" PRId64 " points (%" PRId64 " ended there); the first %s", done, same, first);
}

qn_status qni_fit_start(qni_fit_solver *s, double *lower, double *upper, qni_fit_result *result,
                        const qni_fit_memory *memory, qn_error *err)
{
    int64_t missing;
    qn_status status = read_options(s, lower, upper, result, &missing, err);
    if (status != QN_OK)
        return status;
    result->head.starts = 1;
    snprintf(result->started, sizeof result->started, "as given");
    qni_fit_search search = {.memory = NULL};
    bool searching = missing > 0 || s->options.starts > 1;
    if (searching)
        status = qni_fit_search_init(&search, s, memory, err);
    if (status == QN_OK && missing > 0)
        status = find_start(&search, result, missing, err);
    s->iterations = 0; /* those of short fits do not count */
    for (int64_t k = 0; status == QN_OK && k < s->p; k++)
        s->x[k] = qni_fit_inside(s->x[k], lower[k], upper[k]);
    if (status == QN_OK)
        show_start(s, result);
    if (status == QN_OK && s->options.starts > 1)
        run_starts(&search, result);
    if (search.stopped) {
        s->ending = true;
        s->options.should_stop = NULL; /* it has answered */
    }
    s->eval.evaluations += search.evaluations;
    qni_fit_search_fini(&search);
    return status;
}
