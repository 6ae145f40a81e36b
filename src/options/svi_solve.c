/* options/svi_solve.c: SVI of one expiry by Newton's method. One thread a fit.
 *
 * Rows: errors of the points; where it is held, how far the density is below 0 at nodes that move with the curve, how
 * far it is above the next expiry at nodes that stay, and how far its wings are from what others tell of them. All in
 * half spreads or standard errors, and under the same loss, which grows linearly: a penalty that is steep enough then
 * is an exact one.
 *
 * Quotes are often further from any curve than their spreads say, and then Gauss and Newton's matrix leads to the
 * minimum slowly. So that of second derivatives is taken, but for the densities'; it is made positive definite, and
 * steps are made as short as they have to be, by adding to its diagonal (Marquardt 1963, Nielsen 1999). Parameters
 * that a step would take beyond a bound are put on it, and the others' step is found once more. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "options/svi_int.h"

enum {
    COUNT = QNI_SVI_COUNT
};

/* What is minimised, halved, at a point. */
typedef struct place {
    double x[COUNT];
    double cost;
    double gradient[COUNT];
    double normal[COUNT][COUNT]; /* Gauss and Newton's part of: */
    double second[COUNT][COUNT];
    double scale[COUNT]; /* the diagonal of the former, had the loss no curvature: what a step is measured by */
} place;

typedef struct box {
    double lower[COUNT], upper[COUNT];
} box;

/* Second derivatives of the variance, each times what the rows give it:
 *   w = least + right^2 (root + d) / 2 + left^2 (root - d) / 2 - right left sigma. */
static void add_bends(place *p, const double *bend)
{
    double right = p->x[QNI_SVI_RIGHT], left = p->x[QNI_SVI_LEFT], half = 0.5 * (right * right + left * left);
    double b[COUNT][COUNT] = {{0}};
    b[QNI_SVI_RIGHT][QNI_SVI_RIGHT] = bend[1];
    b[QNI_SVI_LEFT][QNI_SVI_LEFT] = bend[2];
    b[QNI_SVI_RIGHT][QNI_SVI_LEFT] = -p->x[QNI_SVI_WIDTH] * bend[0];
    b[QNI_SVI_RIGHT][QNI_SVI_CENTRE] = -right * (bend[0] + bend[3]);
    b[QNI_SVI_RIGHT][QNI_SVI_WIDTH] = right * bend[4] - left * bend[0];
    b[QNI_SVI_LEFT][QNI_SVI_CENTRE] = left * (bend[0] - bend[3]);
    b[QNI_SVI_LEFT][QNI_SVI_WIDTH] = left * bend[4] - right * bend[0];
    b[QNI_SVI_CENTRE][QNI_SVI_CENTRE] = half * bend[5];
    b[QNI_SVI_CENTRE][QNI_SVI_WIDTH] = half * bend[6];
    b[QNI_SVI_WIDTH][QNI_SVI_WIDTH] = half * bend[7];
    for (int i = 0; i < COUNT; i++) {
        for (int j = i; j < COUNT; j++)
            p->second[i][j] = p->second[j][i] = p->normal[i][j] + b[i][j];
    }
}

/* How far a root of a slope is from what is believed (i 0 and 1), or below what it is not below (2 and 3), in standard
 * errors. */
static double belief_row(double *scale, const qni_svi_task *task, const double *x, int i)
{
    const qni_svi_belief *belief = &task->beliefs[i % 2];
    bool floor = i >= 2;
    double off = x[QNI_SVI_RIGHT + i % 2] - (floor ? belief->floor : belief->root);
    *scale = floor && off > 0 ? 0 : sqrt(floor ? belief->floor_weight : belief->weight);
    return *scale * off;
}

static double loss(double r)
{
    return 2 * r * r / (1 + sqrt(1 + r * r));
}

static void look(place *p, const qni_svi_task *task)
{
    double sums[QNI_SVI_SUMS];
    task->sum(sums, task, p->x);
    p->cost = 0.5 * sums[QNI_SVI_COST];
    memcpy(p->gradient, sums + QNI_SVI_GRADIENT, sizeof p->gradient);
    memcpy(p->scale, sums + QNI_SVI_SCALE, sizeof p->scale);
    const double *at = sums + QNI_SVI_NORMAL;
    for (int i = 0; i < COUNT; i++) {
        for (int j = i; j < COUNT; j++)
            p->normal[i][j] = p->normal[j][i] = *at++;
    }
    for (int i = 0; task->dense && i < QNI_SVI_BELIEF_ROWS; i++) {
        double scale, r = belief_row(&scale, task, p->x, i), slope = 1 / sqrt(1 + r * r);
        int j = QNI_SVI_RIGHT + i % 2;
        p->cost += 0.5 * loss(r);
        p->gradient[j] += slope * r * scale;
        p->normal[j][j] += slope * slope * slope * scale * scale;
        p->scale[j] += slope * scale * scale;
    }
    add_bends(p, sums + QNI_SVI_BEND);
}

double qni_svi_cost(const qni_svi_form *form, const qni_svi_task *task)
{
    double cost, scale;
    task->cost(&cost, task, form->x);
    for (int i = 0; task->dense && i < QNI_SVI_BELIEF_ROWS; i++)
        cost += loss(belief_row(&scale, task, form->x, i));
    return cost;
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
    for (int i = QNI_SVI_DENSITY_ROWS; i < QNI_SVI_DENSITY_PADDED; i++)
        task->powers[i] = NAN;
    task->powers[middle] = 1;
    for (int i = middle + 1; i < QNI_SVI_DENSITY_ROWS; i++) {
        task->powers[i] = task->powers[i - 1] * QNI_SVI_DENSITY_RATIO;
        task->powers[2 * middle - i] = 1 / task->powers[i];
    }
    double power = 1;
    for (int i = 0; i < QNI_SVI_GAP_ROWS / 2; i++)
        power /= QNI_SVI_GAP_RATIO;
    for (int i = 0; next != NULL && i < QNI_SVI_GAP_PADDED; i++) {
        double k = sqrt(rows->atm) * 0.5 * (power - 1 / power), w = qn_svi_variance(next, k);
        power *= QNI_SVI_GAP_RATIO;
        task->gap_k[i] = k;
        task->gap_w[i] = i < QNI_SVI_GAP_ROWS ? w : (double)NAN;
        task->gap_scale[i] = QNI_SVI_GAP_STEEP / (2 * sqrt(fmax(w, rows->lowest) * rows->years) * rows->unit);
    }
}

/* The box, and x within it. What has no room in it stays where it is. */
static box bounds(double *x, const qni_svi_task *task)
{
    const qni_svi_rows *rows = task->rows;
    box b;
    double deviation = sqrt(rows->atm), width = fmax(rows->high_k - rows->low_k, deviation);
    b.lower[QNI_SVI_LEAST] = QNI_SVI_LEAST_SHARE * rows->lowest;
    b.upper[QNI_SVI_LEAST] = INFINITY;
    b.lower[QNI_SVI_RIGHT] = b.lower[QNI_SVI_LEFT] = 0;
    b.upper[QNI_SVI_RIGHT] = b.upper[QNI_SVI_LEFT] = sqrt(QNI_SVI_SLOPE);
    if (task->next != NULL) {
        qni_svi_form next = qni_svi_form_of(task->next);
        b.upper[QNI_SVI_RIGHT] = next.x[QNI_SVI_RIGHT];
        b.upper[QNI_SVI_LEFT] = next.x[QNI_SVI_LEFT];
    }
    b.lower[QNI_SVI_CENTRE] = rows->low_k - width;
    b.upper[QNI_SVI_CENTRE] = rows->high_k + width;
    b.lower[QNI_SVI_WIDTH] = QNI_SVI_NARROWEST * deviation;
    b.upper[QNI_SVI_WIDTH] = QNI_SVI_WIDEST * width;
    for (int j = 0; j < COUNT; j++)
        x[j] = fmin(fmax(x[j], b.lower[j]), b.upper[j]);
    return b;
}

/* Solves for the free ones, the others' steps being given; false: the matrix is not positive definite. */
static bool solve(double *step, const double (*matrix)[COUNT], const double *gradient, const bool *free)
{
    double l[COUNT][COUNT], y[COUNT];
    int index[COUNT] = {0}, n = 0;
    for (int j = 0; j < COUNT; j++) {
        if (free[j])
            index[n++] = j;
    }
    for (int i = 0; i < n; i++) {
        y[i] = -gradient[index[i]];
        for (int j = 0; j < COUNT; j++) {
            if (!free[j])
                y[i] -= matrix[index[i]][j] * step[j];
        }
        for (int j = 0; j <= i; j++) {
            double sum = matrix[index[i]][index[j]];
            for (int k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > QNI_SVI_PIVOT * matrix[index[i]][index[i]]))
                return false;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
        for (int k = 0; k < i; k++)
            y[i] -= l[i][k] * y[k];
        y[i] /= l[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            y[i] -= l[k][i] * y[k];
        y[i] /= l[i][i];
        step[index[i]] = y[i];
    }
    return true;
}

/* The step of a model whose diagonal has grown by `lambda` times `scale`, within the box; returns what the model
 * promises. 0: it has no minimum; below: it leads nowhere. */
static double find_step(double *step, const place *p, const box *b, const double *scale, double lambda)
{
    double matrix[COUNT][COUNT];
    bool free[COUNT];
    memcpy(matrix, p->second, sizeof matrix);
    for (int j = 0; j < COUNT; j++) {
        matrix[j][j] += lambda * scale[j];
        bool down = p->x[j] <= b->lower[j] && p->gradient[j] >= 0, up = p->x[j] >= b->upper[j] && p->gradient[j] <= 0;
        free[j] = !(down || up || b->lower[j] >= b->upper[j]) && scale[j] > 0;
        step[j] = 0;
    }
    for (bool whole = false; !whole;) {
        if (!solve(step, (const double(*)[COUNT])matrix, p->gradient, free))
            return 0;
        whole = true;
        for (int j = 0; j < COUNT; j++) {
            double to = fmin(fmax(p->x[j] + step[j], b->lower[j]), b->upper[j]);
            if (free[j] && to != p->x[j] + step[j]) {
                step[j] = to - p->x[j];
                free[j] = whole = false;
            }
        }
    }
    double promise = 0;
    for (int i = 0; i < COUNT; i++) {
        promise -= p->gradient[i] * step[i];
        for (int j = 0; j < COUNT; j++)
            promise -= 0.5 * p->second[i][j] * step[i] * step[j];
    }
    return promise;
}

static void grow_scale(double *scale, const place *p)
{
    for (int j = 0; j < COUNT; j++)
        scale[j] = fmax(scale[j], p->scale[j]);
}

/* From *p to the minimum. */
static void minimise(place *p, const box *b, const qni_svi_task *task, double tolerance, int most)
{
    double scale[COUNT] = {0}, step[COUNT], lambda = QNI_SVI_LAMBDA, growth = 2;
    place trial;
    int idle = 0;
    look(p, task);
    grow_scale(scale, p);
    for (int i = 0; i < most && lambda < QNI_SVI_LAMBDA_MOST;) {
        double promise = find_step(step, p, b, scale, lambda);
        if (!(promise > 0)) {
            lambda = fmax(4 * lambda, QNI_SVI_LAMBDA);
            continue;
        }
        double little = tolerance * p->cost;
        if (promise <= little && lambda <= QNI_SVI_LAMBDA)
            return;
        for (int j = 0; j < COUNT; j++)
            trial.x[j] = fmin(fmax(p->x[j] + step[j], b->lower[j]), b->upper[j]);
        look(&trial, task);
        i++;
        double had = p->cost - trial.cost, gain = had / promise;
        if (!(gain > QNI_SVI_GAIN)) {
            if (promise <= little)
                return;
            lambda *= growth;
            growth *= 2;
            continue;
        }
        idle = had <= little ? idle + 1 : 0;
        *p = trial;
        grow_scale(scale, p);
        double twice = 2 * gain - 1;
        lambda *= fmax(0.333, 1 - twice * twice * twice);
        growth = 2;
        if (idle >= 2)
            return;
    }
}

/* 1 / variance of a root of a slope, however near to the quotes the curve is. */
static double weight_of(const place *p, const box *b, int parameter, const qni_svi_task *task)
{
    double unit[COUNT] = {0}, out[COUNT] = {0}, error = QNI_SVI_UNSURE;
    bool free[COUNT];
    int64_t dof = task->rows->n;
    unit[parameter] = -1;
    for (int j = 0; j < COUNT; j++) {
        free[j] = p->x[j] > b->lower[j] && p->x[j] < b->upper[j];
        dof -= free[j];
    }
    if (free[parameter] && dof > 0 && solve(out, p->normal, unit, free)) {
        double spread = sqrt(2 * p->cost / (double)dof);
        error = sqrt(out[parameter]) * fmax(spread, QNI_SVI_SUREST);
    }
    if (!(error > 0 && error < QNI_SVI_UNSURE))
        error = QNI_SVI_UNSURE;
    return 1 / (error * error);
}

void qni_svi_solve(qni_svi_form *form, double *weights, const qni_svi_task *task, bool rough)
{
    place p;
    memcpy(p.x, form->x, sizeof p.x);
    box b = bounds(p.x, task);
    minimise(&p, &b, task, rough ? QNI_SVI_ROUGH : QNI_SVI_TOLERANCE,
             rough ? QNI_SVI_ROUGH_EVALUATIONS : QNI_SVI_EVALUATIONS);
    memcpy(form->x, p.x, sizeof p.x);
    for (int side = 0; weights != NULL && side < 2; side++)
        weights[side] = weight_of(&p, &b, QNI_SVI_RIGHT + side, task);
}
