/* fit/start.c: the point from which a fit starts, each complaint naming its parameter. One thread a fit. */
#include "fit/fit_int.h"

#include "base/error.h"
#include "base/number.h"
#include "fit/limits.h"

#include <math.h>
#include <stdio.h>

/* 1, or where that is outside: a little inside the bound it would cross, or the middle. */
static double missing_start(double lower, double upper)
{
    if (lower < 1 && upper > 1)
        return 1;
    if (isfinite(lower) && isfinite(upper))
        return lower / 2 + upper / 2;
    if (lower >= 1)
        return lower + QNI_FIT_MISSING_INSIDE * fmax(1, fabs(lower));
    return upper - QNI_FIT_MISSING_INSIDE * fmax(1, fabs(upper));
}

/* Strictly inside: a start on a bound is moved a little, as the method needs room on both sides. */
static double moved_inside(double x, double lower, double upper)
{
    double width = upper - lower; /* may be infinite */
    if (x <= lower)
        x = fmin(lower + QNI_FIT_INSIDE * fmax(1, fabs(lower)), lower + width / 4);
    else if (x >= upper)
        x = fmax(upper - QNI_FIT_INSIDE * fmax(1, fabs(upper)), upper - width / 4);
    return x;
}

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

/* Where a fixed or tied parameter is at the start. */
static void show_others(qni_fit_solver *s, qni_fit_result *result)
{
    (void)qni_fit_map_at(s->eval.map, s->x, false);
    for (int64_t i = 0; i < s->eval.map->all; i++)
        result->parameters[i].start = s->eval.map->x[i];
}

qn_status qni_fit_start(qni_fit_solver *s, double *lower, double *upper, qni_fit_result *result, qn_error *err)
{
    const qn_fit_options *options = &s->options;
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
        if (isnan(s->x[k])) {
            char text[QNI_NUMBER_SIZE];
            s->x[k] = missing_start(lower[k], upper[k]);
            qni_number_format(text, s->x[k]);
            status = qni_fit_result_warn(result, err, "no start was given for \"%s\": it started at %s", name, text);
            if (status != QN_OK)
                return status;
        }
        if (s->x[k] < lower[k] || s->x[k] > upper[k])
            return outside(s->x[k], lower[k], upper[k], name, err);
    }
    show_others(s, result);
    for (int64_t k = 0; k < s->p; k++)
        s->x[k] = moved_inside(s->x[k], lower[k], upper[k]);
    snprintf(result->started, sizeof result->started, "as given");
    return QN_OK;
}
