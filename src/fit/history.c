/* fit/history.c: what the last steps say about the next one. The linear model at a point knows nothing of the points
 * before; they cost nothing more, and two things can be read off them:
 *
 *   bend   how the residuals curve along the way that was just taken. In a narrow curved valley straight steps must be
 *          short; with this the step follows the bend (the geodesic acceleration of Transtrum and Sethna, "Improvements
 *          to the Levenberg-Marquardt algorithm for nonlinear least-squares minimization", 2012, whose second
 *          derivative here comes from the residuals at the point before and not from a further evaluation).
 *   mix    how Gauss-Newton steps follow on each other. Where residuals are large they shrink by a constant factor;
 *          a combination of the last few (Anderson, "Iterative procedures for nonlinear integral equations", 1965) is
 *          where they lead.
 *
 * Both change the step only, never the linear model's promise for the unchanged one. Allocates nothing. One thread a
 * fit. */
#include "fit/fit_int.h"

#include "fit/limits.h"
#include "math/dense.h"

#include <math.h>
#include <string.h>

void qni_fit_history_clear(qni_fit_solver *s)
{
    s->moves = -1;
    s->mixed = s->asked = s->bend_known = s->eval.compares = s->eval.keeps = false;
}

void qni_fit_history_take(qni_fit_solver *s)
{
    qni_fit_eval *eval = &s->eval;
    memcpy(s->x_before, s->x_trial, (size_t)s->p * sizeof *s->x); /* the new x has changed places with the old one */
    if (!s->asked)
        s->moves = -1; /* newton is not that of the point before */
    s->asked = false;
    s->bend_known = eval->compares;
    if (eval->keeps) {
        double *earlier = eval->earlier;
        eval->earlier = eval->current;
        eval->current = earlier;
        eval->compares = true;
    }
    eval->keeps = eval->earlier != NULL && s->iterations - s->iterations_before >= QNI_FIT_PATIENCE;
}

void qni_fit_history_look(qni_fit_solver *s)
{
    int64_t p = s->p;
    s->bend_known = s->bend_known && s->plain;
    if (!s->bend_known)
        return;
    const double *change = s->factor + p * (p + 1); /* Q'(residuals before - residuals) */
    for (int64_t j = 0; j < p; j++)
        s->back[j] = s->x_before[j] - s->x[j];
    qni_multiply_upper(s->factor, p, p, s->back, s->bend);
    for (int64_t j = 0; j < p; j++) {
        s->bend[j] = change[j] - s->bend[j];
        s->back[j] /= s->shape[j];
    }
}

/* Whether s->other keeps strictly within the bounds; then it is the step. */
static bool adopt(qni_fit_solver *s)
{
    for (int64_t j = 0; j < s->p; j++) {
        double x = s->x[j] + s->shape[j] * s->other[j];
        if (s->shape[j] > 0 && !(x > s->lower[j] && x < s->upper[j])) /* also NaN */
            return false;
    }
    memcpy(s->step, s->other, (size_t)s->p * sizeof *s->step);
    s->mixed = true;
    return true;
}

/* The step in the ball that minimises the residuals bent as they were on the way here. They grow by `bend` times the
 * square of the step's share of that way. */
static void bend(qni_fit_solver *s)
{
    int64_t p = s->p;
    double *q = s->image, way = qni_dot(s->back, s->back, p);
    if (!s->bend_known || !(way > 0))
        return;
    double share = qni_dot(s->step, s->back, p) / way;
    for (int64_t j = 0; j < p; j++)
        q[j] = s->hat[p * p + j] + share * share * s->bend[j];
    (void)qni_trust_step(s->eval.kernels, s->other, s->hat, p, q, p, s->radius, s->lambda, s->work);
    for (int64_t j = 0; j < p; j++)
        q[j] = s->other[j] - s->step[j];
    if (qni_norm(q, p) <= QNI_FIT_BEND * s->length && adopt(s))
        s->length = qni_norm(s->step, p);
}

/* s->newton (in x), the moves and their turns := with those of this point; how many there are. */
static int64_t remember(qni_fit_solver *s)
{
    int64_t p = s->p, slot = s->moves >= 0 ? s->moves % QNI_FIT_MIXED : 0;
    double *move = s->ring + slot * p, *turn = s->ring + (QNI_FIT_MIXED + slot) * p;
    for (int64_t j = 0; j < p; j++) {
        double newton = s->shape[j] * s->step[j];
        move[j] = s->x[j] - s->x_before[j];
        turn[j] = newton - s->newton[j];
        s->newton[j] = newton;
    }
    s->moves++;
    int64_t most = p < QNI_FIT_MIXED ? p : QNI_FIT_MIXED;
    return s->moves < most ? s->moves : most;
}

/* Takes from the Gauss-Newton step the multiples of the last moves that would have made it smallest, seen by the
 * factor: were steps a linear function of x, that is where they lead. */
static void mix(qni_fit_solver *s)
{
    int64_t p = s->p, count = remember(s);
    double *images = s->work, *factor = images + (QNI_FIT_MIXED + 1) * p, *share = factor + count * count;
    const double *moves = s->ring, *turns = moves + QNI_FIT_MIXED * p;
    if (count == 0)
        return;
    for (int64_t i = 0; i < count; i++)
        qni_multiply_upper(s->factor, p, p, turns + i * p, images + i * p);
    qni_multiply_upper(s->factor, p, p, s->newton, images + count * p);
    memset(factor, 0, (size_t)(count * (count + 1)) * sizeof *factor);
    qni_qr_append(s->eval.kernels, factor, count, images, p, p, count, count + 1, false);
    if (!qni_solve_upper(factor, count, count, share))
        return;
    for (int64_t j = 0; j < p; j++) {
        double x = s->newton[j];
        for (int64_t i = 0; i < count; i++)
            x -= share[i] * (moves[i * p + j] + turns[i * p + j]);
        s->other[j] = s->shape[j] > 0 ? x / s->shape[j] : 0;
    }
    double length = qni_norm(s->other, p), plain = qni_norm(s->step, p);
    if (plain > 0 && length <= QNI_FIT_MIX * plain && plain <= QNI_FIT_MIX * length && adopt(s))
        s->length *= length / plain;
}

void qni_fit_history_improve(qni_fit_solver *s, bool ball)
{
    s->mixed = false;
    if (!s->full_step || s->curved) {
        s->moves = -1;
        if (ball && s->at_edge && s->onto < 0)
            bend(s);
    } else if (!s->asked) {
        s->asked = true;
        mix(s);
    }
}
