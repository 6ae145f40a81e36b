/* fit/options.c: options with their defaults, each complaint naming what to change. Any thread. */
#include "fit/fit_int.h"

#include "base/error.h"
#include "base/options.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

void qn_fit_options_init(qn_fit_options *out, int64_t size)
{
    qni_options_init(out, size);
}

const char *qn_fit_method_name(qn_fit_method method)
{
    switch (method) {
#define NAME(name, value, text) \
    case QN_FIT_##name:         \
        return text;
        QN_FIT_METHOD_LIST(NAME)
#undef NAME
    }
    return "?";
}

static bool resolve_tolerance(double *tolerance)
{
    if (*tolerance == 0)
        *tolerance = 4 * DBL_EPSILON;
    return *tolerance > 0 && *tolerance < 1;
}

static qn_status check_choices(const qn_fit_options *o, qn_error *err)
{
    if (o->method < QN_FIT_TRF || o->method > QN_FIT_DOGBOX)
        return qni_error(err, QN_INVALID, "method is %d: it is none of trf, lm and dogbox", (int)o->method);
    if (o->loss < QN_FIT_LOSS_LINEAR || o->loss > QN_FIT_LOSS_ARCTAN)
        return qni_error(err, QN_INVALID, "loss is %d: it is none of linear, soft_l1, huber, cauchy and arctan",
                         (int)o->loss);
    if (o->nan != QN_FIT_NAN_RAISE && o->nan != QN_FIT_NAN_OMIT)
        return qni_error(err, QN_INVALID, "nan is %d: it is neither raise nor omit", (int)o->nan);
    if (o->starts < 0 || o->starts > QNI_FIT_STARTS)
        return qni_error(err, QN_INVALID, "starts is %" PRId64 ": it must be 1 to %d (0 for the default)", o->starts,
                         QNI_FIT_STARTS);
    return QN_OK;
}

static qn_status resolve_loss(qn_fit_options *o, qn_error *err)
{
    if (o->loss_scale != 0 && o->loss == QN_FIT_LOSS_LINEAR)
        return qni_error(err, QN_INVALID, "loss_scale says nothing with the loss \"linear\": choose another loss");
    if (o->loss_scale == 0)
        o->loss_scale = 1;
    if (!(o->loss_scale > 0 && isfinite(o->loss_scale)))
        return qni_error(err, QN_INVALID, "loss_scale must be a positive number");
    return QN_OK;
}

static qn_status check_scales(const qn_fit_options *o, int64_t p, qn_error *err)
{
    for (int64_t j = 0; o->x_scale != NULL && j < p; j++)
        if (!(o->x_scale[j] > 0 && isfinite(o->x_scale[j])))
            return qni_error(err, QN_INVALID, "x_scale of parameter %" PRId64 " must be a positive number", j + 1);
    return QN_OK;
}

/* The method of Levenberg and Marquardt knows no bounds. */
static qn_status check_method(const qn_fit_options *o, int64_t p, qn_error *err)
{
    for (int64_t j = 0; o->method == QN_FIT_LM && j < p; j++)
        if ((o->lower != NULL && o->lower[j] > -INFINITY) || (o->upper != NULL && o->upper[j] < INFINITY))
            return qni_error(err, QN_INVALID, "the method \"lm\" takes no bounds: choose trf or dogbox");
    return QN_OK;
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
    s = check_choices(out, err);
    if (s == QN_OK)
        s = resolve_loss(out, err);
    if (s == QN_OK)
        s = check_scales(out, p, err);
    return s == QN_OK ? check_method(out, p, err) : s;
}
