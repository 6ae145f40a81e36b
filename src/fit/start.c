/* fit/start.c: options with their defaults, and the point from which a fit starts, each complaint naming its parameter.
 * Any thread. */
#include "fit/fit_int.h"

#include "base/error.h"
#include "base/number.h"
#include "base/options.h"
#include "fit/limits.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

void qn_fit_options_init(qn_fit_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static bool resolve_tolerance(double *tolerance)
{
    if (*tolerance == 0)
        *tolerance = 4 * DBL_EPSILON;
    return *tolerance > 0 && *tolerance < 1;
}

qn_status qni_fit_options_resolve(qn_fit_options *out, const qn_fit_options *options, int64_t p, qn_error *err)
{
    qn_status s = qni_options_copy(out, sizeof *out, options, "qn_fit_options", err);
    if (s != QN_OK)
        return s;
    if (out->max_evals < 0)
        return qni_error(err, QN_INVALID, "max_evals is %" PRId64 ": it must be positive (or 0 for the default)",
                         out->max_evals);
    if (out->max_evals == 0)
        out->max_evals = 200 * (p + 1) > 2000 ? 200 * (p + 1) : 2000;
    if (!resolve_tolerance(&out->ftol) || !resolve_tolerance(&out->xtol) || !resolve_tolerance(&out->gtol))
        return qni_error(err, QN_INVALID, "ftol, xtol and gtol must be between 0 and 1 (0 for the default)");
    if (out->confidence == 0)
        out->confidence = 0.95;
    if (!(out->confidence > 0 && out->confidence < 1))
        return qni_error(err, QN_INVALID, "the confidence must be between 0 and 1, as in 0.95");
    return QN_OK;
}

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
        return qni_error(
            err, QN_INVALID,
            "both bounds of \"%s\" are %s: to hold a parameter fixed, write the number in its place in the formula",
            name, low);
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

qn_status qni_fit_start(double *x, double *lower, double *upper, const qni_fit_rows *problem,
                        const qn_fit_options *options, qni_fit_result *result, qn_error *err)
{
    for (int64_t j = 0; j < problem->p; j++) {
        const char *name = result->names[j];
        lower[j] = options->lower != NULL ? options->lower[j] : -INFINITY;
        upper[j] = options->upper != NULL ? options->upper[j] : INFINITY;
        qn_status status = check_bounds(lower[j], upper[j], name, err);
        if (status != QN_OK)
            return status;
        x[j] = options->start != NULL ? options->start[j] : NAN;
        if (isinf(x[j]))
            return qni_error(err, QN_INVALID, "the start of \"%s\" is infinite", name);
        if (isnan(x[j])) {
            char text[QNI_NUMBER_SIZE];
            x[j] = missing_start(lower[j], upper[j]);
            qni_number_format(text, x[j]);
            status = qni_fit_result_warn(result, err, "no start was given for \"%s\": it started at %s", name, text);
            if (status != QN_OK)
                return status;
        }
        if (x[j] < lower[j] || x[j] > upper[j])
            return outside(x[j], lower[j], upper[j], name, err);
        result->parameters[j].start = x[j];
        x[j] = moved_inside(x[j], lower[j], upper[j]);
    }
    return QN_OK;
}
