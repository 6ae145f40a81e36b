/* options/svi_solve.c: SVI of one expiry by nonlinear least squares. One thread a fit.
 *
 * Rows, in this order: errors of the points; where it is held, how far the density is below 0 at nodes that move with
 * the curve, how far it is above the next expiry at nodes that stay, and how far its wings are from what others tell of
 * them. All in half spreads or standard errors, and under the same loss, which grows linearly: a penalty that is steep
 * enough then is an exact one. */
#include "options/svi_int.h"

#include <quern/fit.h>

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "options/limits.h"

static int64_t row_count(const qni_svi_task *task)
{
    int64_t count = task->rows->n + (task->dense ? QNI_SVI_DENSITY_ROWS : 0) + (task->next ? QNI_SVI_GAP_ROWS : 0);
    return count + (task->dense ? QNI_SVI_BELIEF_ROWS : 0);
}

/* The variance at k, and its derivatives by the five numbers times `scale` at jacobian[j * n]. */
static double variance(const double *x, double k, double scale, double *jacobian, int64_t n)
{
    double d = k - x[QNI_SVI_CENTRE], sigma = x[QNI_SVI_WIDTH], root = sqrt(d * d + sigma * sigma);
    double far = sqrt(root + fabs(d)), near = sigma / far, a = d >= 0 ? far : near, b = d >= 0 ? near : far;
    double q = x[QNI_SVI_RIGHT] * a - x[QNI_SVI_LEFT] * b;
    if (jacobian != NULL) {
        double half = 0.5 * scale * q / root;
        jacobian[QNI_SVI_LEAST * n] = scale;
        jacobian[QNI_SVI_RIGHT * n] = scale * q * a;
        jacobian[QNI_SVI_LEFT * n] = -scale * q * b;
        jacobian[QNI_SVI_CENTRE * n] = -half * (x[QNI_SVI_RIGHT] * a + x[QNI_SVI_LEFT] * b);
        jacobian[QNI_SVI_WIDTH * n] = half * (x[QNI_SVI_RIGHT] * b - x[QNI_SVI_LEFT] * a);
    }
    return x[QNI_SVI_LEAST] + 0.5 * q * q;
}

static void clear(double *jacobian, int64_t n)
{
    for (int j = 0; jacobian != NULL && j < QNI_SVI_COUNT; j++)
        jacobian[j * n] = 0;
}

/* How far g is below its margin at k = m + sigma sinh(t), up = e^(t / 2), in residuals, and derivatives by the five
 * numbers. At such a node w' does not depend on m and sigma, and w'' is proportional to 1 / sigma. */
static double density_row(const qni_svi_task *task, const double *x, double up, double *jacobian, int64_t n)
{
    double down = 1 / up, sinh_t = 0.5 * (up * up - down * down), cosh_t = 0.5 * (up * up + down * down);
    double right = x[QNI_SVI_RIGHT], left = x[QNI_SVI_LEFT], sigma = x[QNI_SVI_WIDTH];
    double q = right * up - left * down, w = x[QNI_SVI_LEAST] + 0.5 * sigma * q * q;
    double rise = 1 + sinh_t / cosh_t, fall = up > 1 ? down * down / cosh_t : 1 - sinh_t / cosh_t;
    double slope = 0.5 * (right * right * rise - left * left * fall);
    double bend = 0.5 * (right * right + left * left) / (sigma * cosh_t * cosh_t * cosh_t);
    double k = x[QNI_SVI_CENTRE] + sigma * sinh_t, lean = 1 - 0.5 * k * slope / w;
    double g = lean * lean - 0.25 * slope * slope * (1 / w + 0.25) + 0.5 * bend;
    double below = task->aim - g, steep = task->steep;
    if (!(below > 0)) {
        clear(jacobian, n);
        return 0;
    }
    if (jacobian != NULL) {
        double by_w = lean * k * slope / (w * w) + 0.25 * slope * slope / (w * w);
        double by_slope = -lean * k / w - 0.5 * slope * (1 / w + 0.25), by_k = -lean * slope / w;
        double third = sigma * cosh_t * cosh_t * cosh_t;
        jacobian[QNI_SVI_LEAST * n] = -steep * by_w;
        jacobian[QNI_SVI_RIGHT * n] = -steep * (by_w * sigma * q * up + by_slope * right * rise + 0.5 * right / third);
        jacobian[QNI_SVI_LEFT * n] = -steep * (-by_w * sigma * q * down - by_slope * left * fall + 0.5 * left / third);
        jacobian[QNI_SVI_CENTRE * n] = -steep * by_k;
        jacobian[QNI_SVI_WIDTH * n] = -steep * (by_w * 0.5 * q * q - 0.5 * bend / sigma + by_k * sinh_t);
    }
    return steep * below;
}

/* How far the curve is above the next one at a node, in half spreads of volatility times a factor. */
static double gap_row(const qni_svi_task *task, const double *x, int i, double *jacobian, int64_t n)
{
    double scale = task->gap_scale[i];
    double above = scale * (variance(x, task->gap_k[i], scale, jacobian, n) - task->gap_w[i]);
    above += QNI_SVI_GAP_STEEP * QNI_SVI_GAP_AIM;
    if (above > 0)
        return above;
    clear(jacobian, n);
    return 0;
}

/* How far a root of a slope is from what is believed (i 0 and 1), or below what it is not below (2 and 3), in standard
 * errors. */
static double belief_row(const qni_svi_task *task, const double *x, int i, double *jacobian, int64_t n)
{
    const qni_svi_belief *belief = &task->beliefs[i % 2];
    bool floor = i >= 2;
    double off = x[QNI_SVI_RIGHT + i % 2] - (floor ? belief->floor : belief->root);
    double scale = floor && off > 0 ? 0 : sqrt(floor ? belief->floor_weight : belief->weight);
    clear(jacobian, n);
    if (jacobian != NULL)
        jacobian[(QNI_SVI_RIGHT + i % 2) * n] = scale;
    return scale * off;
}

static bool eval(void *user, const double *x, double *r, double *jacobian)
{
    const qni_svi_task *task = *(const qni_svi_task *const *)user;
    const qni_svi_rows *rows = task->rows;
    int64_t n = row_count(task), at = rows->n;
    for (int64_t i = 0; i < at; i++)
        r[i] = rows->scale[i] *
               (variance(x, rows->k[i], rows->scale[i], jacobian != NULL ? jacobian + i : NULL, n) - rows->w[i]);
    for (int i = 0; task->dense && i < QNI_SVI_DENSITY_ROWS; i++, at++)
        r[at] = density_row(task, x, task->powers[i], jacobian != NULL ? jacobian + at : NULL, n);
    for (int i = 0; task->next != NULL && i < QNI_SVI_GAP_ROWS; i++, at++)
        r[at] = gap_row(task, x, i, jacobian != NULL ? jacobian + at : NULL, n);
    for (int i = 0; at < n; i++, at++)
        r[at] = belief_row(task, x, i, jacobian != NULL ? jacobian + at : NULL, n);
    return true;
}

void qni_svi_task_alone(qni_svi_task *task, const qni_svi_rows *rows)
{
    task->rows = rows;
    task->dense = false;
    task->next = NULL;
}

void qni_svi_task_held(qni_svi_task *task, const qni_svi_rows *rows, const qn_svi *next, const qni_svi_belief *beliefs)
{
    task->rows = rows;
    task->dense = true;
    task->next = next;
    task->beliefs[0] = beliefs[0];
    task->beliefs[1] = beliefs[1];
    task->aim = QNI_SVI_DENSITY_AIM;
    task->steep = QNI_SVI_DENSITY_STEEP * (double)rows->n;
    int middle = QNI_SVI_DENSITY_ROWS / 2;
    task->powers[middle] = 1;
    for (int i = middle + 1; i < QNI_SVI_DENSITY_ROWS; i++) {
        task->powers[i] = task->powers[i - 1] * QNI_SVI_DENSITY_RATIO;
        task->powers[2 * middle - i] = 1 / task->powers[i];
    }
    double power = 1;
    for (int i = 0; i < QNI_SVI_GAP_ROWS / 2; i++)
        power /= QNI_SVI_GAP_RATIO;
    for (int i = 0; next != NULL && i < QNI_SVI_GAP_ROWS; i++) {
        double k = sqrt(rows->atm) * 0.5 * (power - 1 / power), w = qn_svi_variance(next, k);
        power *= QNI_SVI_GAP_RATIO;
        task->gap_k[i] = k;
        task->gap_w[i] = w;
        task->gap_scale[i] = QNI_SVI_GAP_STEEP / (2 * sqrt(fmax(w, rows->lowest) * rows->years) * rows->unit);
    }
}

/* The box, and the start within it; what has no room in it is fixed. */
static void bounds(double *lower, double *upper, double *fixed, double *start, const qni_svi_form *form,
                   const qni_svi_task *task)
{
    const qni_svi_rows *rows = task->rows;
    double deviation = sqrt(rows->atm), width = fmax(rows->high_k - rows->low_k, deviation);
    lower[QNI_SVI_LEAST] = QNI_SVI_LEAST_SHARE * rows->lowest;
    upper[QNI_SVI_LEAST] = INFINITY;
    lower[QNI_SVI_RIGHT] = lower[QNI_SVI_LEFT] = 0;
    upper[QNI_SVI_RIGHT] = upper[QNI_SVI_LEFT] = sqrt(QNI_SVI_SLOPE);
    if (task->next != NULL) {
        qni_svi_form next = qni_svi_form_of(task->next);
        upper[QNI_SVI_RIGHT] = next.x[QNI_SVI_RIGHT];
        upper[QNI_SVI_LEFT] = next.x[QNI_SVI_LEFT];
    }
    lower[QNI_SVI_CENTRE] = rows->low_k - width;
    upper[QNI_SVI_CENTRE] = rows->high_k + width;
    lower[QNI_SVI_WIDTH] = QNI_SVI_NARROWEST * deviation;
    upper[QNI_SVI_WIDTH] = QNI_SVI_WIDEST * width;
    for (int j = 0; j < QNI_SVI_COUNT; j++) {
        bool room = upper[j] > lower[j] + DBL_MIN;
        double within = fmin(fmax(form->x[j], lower[j]), upper[j]);
        start[j] = room ? within : (double)NAN;
        fixed[j] = room ? (double)NAN : within;
        if (!room) { /* a fixed one has no bounds */
            lower[j] = -INFINITY;
            upper[j] = INFINITY;
        }
    }
}

static double loss(double r)
{
    return 2 * (sqrt(1 + r * r) - 1);
}

double qni_svi_cost(const qni_svi_form *form, const qni_svi_task *task)
{
    const qni_svi_rows *rows = task->rows;
    double cost = 0;
    for (int64_t i = 0; i < rows->n; i++)
        cost += loss(rows->scale[i] * (variance(form->x, rows->k[i], 0, NULL, 0) - rows->w[i]));
    for (int i = 0; task->dense && i < QNI_SVI_DENSITY_ROWS; i++)
        cost += loss(density_row(task, form->x, task->powers[i], NULL, 0));
    for (int i = 0; task->next != NULL && i < QNI_SVI_GAP_ROWS; i++)
        cost += loss(gap_row(task, form->x, i, NULL, 0));
    for (int i = 0; task->dense && i < QNI_SVI_BELIEF_ROWS; i++)
        cost += loss(belief_row(task, form->x, i, NULL, 0));
    return cost;
}

/* 1 / variance of a parameter, however near to the quotes the curve is. */
static double weight_of(const qn_fit_result *result, const qn_fit_parameter *parameter)
{
    double error = parameter->stderr_ / fmin(1, sqrt(result->cost / (double)result->dof) / QNI_SVI_SUREST);
    if (!(error > 0 && error < QNI_SVI_UNSURE) || parameter->at_bound)
        error = QNI_SVI_UNSURE;
    return 1 / (error * error);
}

qn_status qni_svi_solve(qni_svi_form *form, double *weights, const qni_svi_task *task, double tolerance,
                        const qn_surface_options *options, qn_error *err)
{
    static const char *const names[] = {"least", "right", "left", "m", "sigma"};
    double lower[QNI_SVI_COUNT], upper[QNI_SVI_COUNT], fixed[QNI_SVI_COUNT], start[QNI_SVI_COUNT];
    bounds(lower, upper, fixed, start, form, task);
    qn_fit_problem fitted;
    qn_fit_problem_init(&fitted, sizeof fitted);
    fitted.n = row_count(task);
    fitted.p = QNI_SVI_COUNT;
    fitted.eval = eval;
    fitted.user = &task;
    fitted.names = names;
    qn_fit_options fit;
    qn_fit_options_init(&fit, sizeof fit);
    fit.start = start;
    fit.fixed = fixed;
    fit.lower = lower;
    fit.upper = upper;
    fit.loss = QN_FIT_LOSS_SOFT_L1;
    fit.ftol = fit.xtol = fit.gtol = tolerance;
    fit.max_evals = QNI_SVI_EVALUATIONS;
    fit.allocator = options->allocator;
    fit.workspace = options->workspace;
    qn_fit_result *result = NULL;
    qn_status status = qn_fit_solve(&result, &fitted, &fit, err);
    if (status != QN_OK)
        return status;
    for (int j = 0; j < QNI_SVI_COUNT; j++)
        form->x[j] = result->parameters[j].value;
    for (int side = 0; weights != NULL && side < 2; side++)
        weights[side] = weight_of(result, &result->parameters[QNI_SVI_RIGHT + side]);
    qn_fit_result_free(result);
    return QN_OK;
}
