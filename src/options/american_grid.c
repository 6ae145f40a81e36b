/* options/american_grid.c: American options on a grid of logarithms of the spot: dividends in cash, and puts (and the
 * calls that mirror them) whose exercise is due between two boundaries. Any thread, each with its own work.
 *
 * Backwards from expiry: steps of the trapezoidal rule and a backward difference with the same matrix (Bank et al.,
 * "Transient simulation of silicon devices and circuits", 1985: TR-BDF2), short where they begin; at each, exercise is
 * settled exactly by an active set (Hintermüller, Ito and Kunisch, "The primal-dual active set strategy as a semismooth
 * Newton method", 2002). On the day of a dividend the share falls by it, to 0 where it is worth less, and whoever would
 * exercise does so before. The error of second order is extrapolated from two levels, whose difference is what decides
 * whether a third is needed. */
#include <math.h>
#include <string.h>

#include "math/vector_log.h"
#include "options/american_int.h"

/* The grid and what lies on it: node j is at low + j step, `at` is the spot. */
typedef struct grid {
    const qni_american_option *option;
    qni_american_dividends dividends;
    int64_t count, at;
    double low, step;
    double below, here, above; /* the equation's operator: of a node's neighbours and itself */
    double *value, *middle, *right, *pays, *factor, *solved; /* (count) */
    bool *held;                                              /* (count): exercise is due */
} grid;

enum {
    GRID_COLUMNS = 7 /* of doubles, the last holds `held` */
};

static double pays_at(const qni_american_option *o, double spot)
{
    return fmax(o->call ? spot - o->strike : o->strike - spot, 0);
}

/* What is paid at expiry on the average of a node's surroundings, [x - step / 2, x + step / 2]: the bend at the strike
 * would otherwise cost an order of accuracy. */
static double pays_about(const grid *g, int64_t j)
{
    const qni_american_option *o = g->option;
    double x = g->low + (double)j * g->step, bend = v_log(o->strike);
    double from = x - g->step / 2, to = x + g->step / 2;
    if (bend <= from || bend >= to)
        return g->pays[j];
    double area = o->call ? v_exp(to) - o->strike * (1 + to - bend) : o->strike * (bend - from - 1) + v_exp(from);
    return area / g->step;
}

/* The value at an end of the grid, `left` before expiry: of exercise now or at expiry, all being certain there. */
static double end_value(const grid *g, double spot, double left)
{
    const qni_american_option *o = g->option;
    double carry = o->rate - o->yield;
    double now = o->years - left + o->passed;
    double forward = spot * v_exp(carry * left);
    for (int64_t i = 0; i < g->dividends.count; i++) {
        const qn_dividend *d = &g->dividends.first[i];
        if (d->years > now)
            forward -= d->amount * v_exp(carry * (o->years + o->passed - d->years));
    }
    double late = v_exp(-o->rate * left) * pays_at(o, fmax(forward, 0));
    return fmax(late, pays_at(o, spot));
}

/* (1 + scale L) value in `right`, L being the operator; the ends are not set. */
static void apply(const grid *g, double scale, const double *value)
{
    for (int64_t j = 1; j < g->count - 1; j++)
        g->right[j] = value[j] + scale * (g->below * value[j - 1] + g->here * value[j] + g->above * value[j + 1]);
}

/* Solves (1 - scale L) value = right where exercise is not due, value = pays where it is. */
static void solve_held(const grid *g, double scale, double *value)
{
    double below = -scale * g->below, here = 1 - scale * g->here, above = -scale * g->above;
    int64_t n = g->count;
    g->factor[0] = 0;
    g->solved[0] = value[0];
    for (int64_t j = 1; j < n - 1; j++) {
        if (g->held[j]) {
            g->factor[j] = 0;
            g->solved[j] = g->pays[j];
        } else {
            double inverse = 1 / (here - below * g->factor[j - 1]);
            g->factor[j] = above * inverse;
            g->solved[j] = (g->right[j] - below * g->solved[j - 1]) * inverse;
        }
    }
    for (int64_t j = n - 2; j > 0; j--)
        value[j] = g->solved[j] - g->factor[j] * value[j + 1];
}

/* Exercise where it is worth more, and nowhere else. */
static bool settle_step(const grid *g, double scale, double *value)
{
    for (int round = 0; round < QNI_AMERICAN_GRID_ROUNDS; round++) {
        bool changed = false;
        solve_held(g, scale, value);
        for (int64_t j = 1; j < g->count - 1; j++) {
            bool held;
            if (g->held[j]) { /* the equation asks for no more than is paid */
                double change = g->below * value[j - 1] + g->here * value[j] + g->above * value[j + 1];
                held = value[j] - scale * change >= g->right[j];
            } else {
                held = value[j] < g->pays[j];
            }
            changed = changed || held != g->held[j];
            g->held[j] = held;
        }
        if (!changed)
            return true;
    }
    return false;
}

/* One step of time to `left` before expiry. */
static bool step_back(const grid *g, double length, double left)
{
    const double scale = (1 - sqrt(0.5)) * length;
    const double part = 2 - sqrt(2.0); /* where the trapezoidal rule ends */
    double first = v_exp(g->low), last = v_exp(g->low + (double)(g->count - 1) * g->step);
    double middle = left - (1 - part) * length;
    apply(g, scale, g->value);
    memcpy(g->middle, g->value, (size_t)g->count * sizeof *g->middle);
    g->middle[0] = end_value(g, first, middle);
    g->middle[g->count - 1] = end_value(g, last, middle);
    if (!settle_step(g, scale, g->middle))
        return false;
    double of_middle = 1 / (part * (2 - part)), of_start = (1 - part) * (1 - part) * of_middle;
    for (int64_t j = 1; j < g->count - 1; j++)
        g->right[j] = of_middle * g->middle[j] - of_start * g->value[j];
    memcpy(g->value, g->middle, (size_t)g->count * sizeof *g->value);
    g->value[0] = end_value(g, first, left);
    g->value[g->count - 1] = end_value(g, last, left);
    return settle_step(g, scale, g->value);
}

/* The value at a spot of the grid or below it, by a cubic through four nodes; `none` is that at 0. */
static double value_at(const grid *g, double spot, double none)
{
    double lowest = v_exp(g->low);
    if (spot <= lowest)
        return none + (g->value[0] - none) * (fmax(spot, 0) / lowest);
    double x = (v_log(spot) - g->low) / g->step;
    int64_t j = (int64_t)x;
    j = j < 1 ? 1 : (j > g->count - 3 ? g->count - 3 : j);
    double t = x - (double)j;
    const double *v = g->value + j;
    double straight = v[0] + t * (v[1] - v[0]);
    double second = v[1] - 2 * v[0] + v[-1], third = v[2] - 3 * v[1] + 3 * v[0] - v[-1];
    return straight + t * (t - 1) / 2 * (second + (t + 1) / 3 * third);
}

/* The day of a dividend, `left` before expiry: from the value after it to that before. Between two nodes the one or the
 * other of waiting and exercise is worth more; the node that is nearer to where they are worth the same gets the
 * average over its surroundings, as at expiry. */
static void pay(const grid *g, double amount, double left)
{
    const qni_american_option *o = g->option;
    double none = o->call ? 0 : o->strike * fmax(1, v_exp(-o->rate * left));
    double before = 0;
    for (int64_t j = 0; j < g->count; j++) {
        double spot = v_exp(g->low + (double)j * g->step);
        double wait = value_at(g, spot - amount, none), more = wait - g->pays[j];
        g->middle[j] = fmax(wait, g->pays[j]);
        if (j > 0 && before * more < 0) {
            double part = before / (before - more); /* of the step, where both are the same */
            double apart = 0.5 - fmin(part, 1 - part);
            g->middle[part < 0.5 ? j - 1 : j] += 0.5 * fabs(more - before) * apart * apart;
        }
        before = more;
    }
    memcpy(g->value, g->middle, (size_t)g->count * sizeof *g->value);
}

/* Backwards over [from, to] before expiry, in steps that grow. */
static bool go_back(const grid *g, double from, double to, int64_t steps)
{
    double left = from;
    for (int64_t k = 1; k <= steps; k++) {
        double part = (double)k / (double)steps;
        double next = from + (to - from) * part * part;
        if (!step_back(g, next - left, next))
            return false;
        left = next;
    }
    return true;
}

/* From expiry to now; the steps of time are shared out by length. */
static bool run_back(const grid *g, int64_t steps)
{
    const qni_american_option *o = g->option;
    for (int64_t j = 0; j < g->count; j++) {
        g->pays[j] = pays_at(o, v_exp(g->low + (double)j * g->step));
        g->value[j] = pays_about(g, j);
        g->held[j] = false;
    }
    double left = 0;
    for (int64_t i = g->dividends.count; i >= 0; i--) {
        double next = i > 0 ? o->years + o->passed - g->dividends.first[i - 1].years : o->years;
        if (next > left) {
            int64_t share = (int64_t)ceil((double)steps * (next - left) / o->years);
            share = share < QNI_AMERICAN_GRID_LEAST ? QNI_AMERICAN_GRID_LEAST : share;
            if (!go_back(g, left, next, share))
                return false;
            left = next;
        }
        if (i > 0)
            pay(g, g->dividends.first[i - 1].amount, left);
    }
    return true;
}

/* Where a grid must reach. */
static void lay_out(qni_american_plan *plan, const qni_american_option *o, qni_american_dividends dividends)
{
    double drift = o->rate - o->yield - 0.5 * o->sigma * o->sigma;
    double wide = QNI_AMERICAN_WIDE * o->sigma * sqrt(o->years) + fabs(drift) * o->years;
    double cash = 0;
    for (int64_t i = 0; i < dividends.count; i++)
        cash += dividends.first[i].amount;
    double lowest = fmin(o->strike, fmax(o->spot - cash, 0.1 * o->spot));
    plan->low = v_log(lowest) - wide;
    plan->high = v_log(fmax(o->spot, o->strike + cash)) + wide;
    double deviations = (plan->high - plan->low) / (o->sigma * sqrt(o->years));
    plan->nodes = QNI_AMERICAN_GRID_NODES * deviations / (2 * QNI_AMERICAN_WIDE);
}

/* Price and derivatives at a level. false: exercise could not be settled, or the grid would be too large. */
static qn_status price_level(bool *done, qni_american_result *out, const qni_american_plan *plan, int level,
                             const qni_american_option *o, qni_american_work *work, qn_error *err)
{
    double nodes = ldexp(plan->nodes, level);
    double drift = fabs(o->rate - o->yield - 0.5 * o->sigma * o->sigma);
    nodes = fmax(nodes, (plan->high - plan->low) * drift / (o->sigma * o->sigma)); /* beyond, values would swing */
    *done = false;
    if (!(nodes < QNI_AMERICAN_GRID_MOST))
        return QN_OK;
    grid g = {.option = o, .dividends = qni_american_dividends_of(o, work)};
    g.step = (plan->high - plan->low) / ceil(nodes);
    double x = v_log(o->spot);
    g.at = (int64_t)ceil((x - plan->low) / g.step);
    g.low = x - (double)g.at * g.step;
    g.count = g.at + 1 + (int64_t)ceil((plan->high - x) / g.step);
    qn_status s = qni_american_scratch(work, GRID_COLUMNS * g.count, err);
    if (s != QN_OK)
        return s;
    double **const columns[] = {&g.value, &g.middle, &g.right, &g.pays, &g.factor, &g.solved};
    for (int c = 0; c < GRID_COLUMNS - 1; c++)
        *columns[c] = work->scratch + c * g.count;
    void *rest = work->scratch + (GRID_COLUMNS - 1) * g.count;
    g.held = rest;
    double half = 0.5 * o->sigma * o->sigma, mean = o->rate - o->yield - half;
    g.below = half / (g.step * g.step) - mean / (2 * g.step);
    g.above = half / (g.step * g.step) + mean / (2 * g.step);
    g.here = -2 * half / (g.step * g.step) - o->rate;
    *done = run_back(&g, (int64_t)QNI_AMERICAN_GRID_TIMES << level);
    const double *v = g.value + g.at;
    double slope = (v[1] - v[-1]) / (2 * g.step), bend = (v[1] - 2 * v[0] + v[-1]) / (g.step * g.step);
    *out = (qni_american_result){.price = v[0],
                                 .delta = slope / o->spot,
                                 .gamma = (bend - slope) / (o->spot * o->spot),
                                 .exercised = g.held[g.at] || (v[0] <= g.pays[g.at] && v[0] > 0)};
    if (out->exercised) {
        out->delta = o->call ? 1 : -1;
        out->gamma = 0;
    }
    return QN_OK;
}

static double extrapolated(double fine, double coarse)
{
    return fine + (fine - coarse) / 3;
}

qn_status qni_american_grid(qni_american_result *out, qni_american_plan *plan, const qni_american_option *option,
                            qni_american_work *work, qn_error *err)
{
    qni_american_dividends dividends = qni_american_dividends_of(option, work);
    double accuracy = (dividends.count > 0 ? work->cash_accuracy : work->accuracy) * option->strike;
    bool fixed = plan->level > 0;
    if (!fixed)
        lay_out(plan, option, dividends);
    qni_american_result coarse = {0}, fine = {0};
    bool converged = false, done = true;
    int level = fixed ? plan->level - 1 : 0;
    for (int first = level; level < QNI_AMERICAN_GRID_LEVELS && done && !converged; level++) {
        coarse = fine;
        qn_status s = price_level(&done, &fine, plan, level, option, work, err);
        if (s != QN_OK)
            return s;
        converged =
            done && level > first && (fixed || fabs(fine.price - coarse.price) <= QNI_AMERICAN_GRID_TRUST * accuracy);
    }
    if (!converged) {
        *out = (qni_american_result){.price = NAN, .delta = NAN, .gamma = NAN, .status = QN_OPTION_NOT_CONVERGED};
        return QN_OK;
    }
    plan->level = level - 1;
    *out = fine;
    out->status = QN_OPTION_OK;
    if (!fine.exercised) {
        out->price = fmax(extrapolated(fine.price, coarse.price), pays_at(option, option->spot));
        out->delta = extrapolated(fine.delta, coarse.delta);
        out->gamma = extrapolated(fine.gamma, coarse.gamma);
    }
    return QN_OK;
}
