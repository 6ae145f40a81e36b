/* options/american.c: prices and derivatives of American options.
 *
 * Delta and gamma come with the price, theta from the equation that prices obey where exercise is not due. What there
 * is no formula for is the difference of two prices computed alike, a little to both sides: vega, volga and vanna in
 * sigma, rho in the rate, charm in time. Where exercise is due now, only delta is not 0. */
#include <math.h>
#include <stddef.h>

#include <quern/black.h>

#include "base/options.h"
#include "options/american_int.h"

/* Which differences are wanted. */
typedef struct wanted {
    qn_option_results out;
    bool sigma, rate, years;
} wanted;

/* Options of a piece moved to both sides of where they are, and what was found there. */
typedef struct moved {
    double step[QNI_AMERICAN_PIECE];
    qni_american_result up[QNI_AMERICAN_PIECE], down[QNI_AMERICAN_PIECE];
} moved;

typedef struct piece {
    const wanted *want;
    int64_t first; /* in the batch */
    int64_t count; /* priced options, the others being done with */
    int32_t place[QNI_AMERICAN_PIECE];
    qni_american_option options[QNI_AMERICAN_PIECE];
    qni_american_plan plans[QNI_AMERICAN_PIECE];
    qni_american_result found[QNI_AMERICAN_PIECE];
    moved sigma, rate, years;
} piece;

static void write_one(const qn_option_results *out, int64_t i, const qn_option_results *from)
{
    double *const to[] = {out->price, out->delta, out->gamma, out->vega, out->theta,
                          out->rho,   out->vanna, out->volga, out->charm};
    const double *const values[] = {from->price, from->delta, from->gamma, from->vega, from->theta,
                                    from->rho,   from->vanna, from->volga, from->charm};
    for (size_t k = 0; k < sizeof to / sizeof to[0]; k++) {
        if (to[k] != NULL)
            to[k][i] = *values[k];
    }
    if (out->status != NULL)
        out->status[i] = *from->status;
}

static void write_status(const qn_option_results *out, int64_t i, qn_option_status status)
{
    double none = NAN;
    uint8_t byte = (uint8_t)status;
    const qn_option_results all = {.price = &none,
                                   .delta = &none,
                                   .gamma = &none,
                                   .vega = &none,
                                   .theta = &none,
                                   .rho = &none,
                                   .vanna = &none,
                                   .volga = &none,
                                   .charm = &none,
                                   .status = &byte};
    write_one(out, i, &all);
}

enum {
    MOVE_SIGMA,
    MOVE_RATE,
    MOVE_YEARS
};

static double move(qni_american_option *o, const qni_american_plan *plan, double longest, int what, double side)
{
    double step;
    switch (what) {
    case MOVE_SIGMA:
        step = (plan->level > 0 ? QNI_AMERICAN_GRID_STEP : QNI_AMERICAN_STEP) * o->sigma;
        o->sigma += side * step;
        return step;
    case MOVE_RATE:
        step = QNI_AMERICAN_RATE_STEP;
        o->rate += side * step;
        return step;
    default: /* time passes */
        step = fmin(QNI_AMERICAN_STEP * o->years, longest);
        o->years -= side * step;
        o->passed += side * step;
        return step;
    }
}

static qn_status price_moved(moved *m, piece *p, int what, qni_american_work *work, qn_error *err)
{
    for (int side = -1; side <= 1; side += 2) {
        qni_american_option options[QNI_AMERICAN_PIECE];
        for (int64_t k = 0; k < p->count; k++) {
            qni_american_dividends d = qni_american_dividends_of(&p->options[k], work);
            double longest = d.count > 0 ? 0.5 * d.first->years : INFINITY; /* no dividend is passed on the way */
            options[k] = p->options[k];
            m->step[k] = move(&options[k], &p->plans[k], longest, what, side);
        }
        qn_status s = qni_american_values(side > 0 ? m->up : m->down, p->plans, options, work, p->count, err);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

static double central(double up, double down, double step)
{
    return step > 0 ? (up - down) / (2 * step) : 0;
}

/* All derivatives of option k of the piece. */
static void derive(const piece *p, int64_t k)
{
    const qni_american_option *o = &p->options[k];
    const qni_american_result *f = &p->found[k];
    const moved *v = &p->sigma, *r = &p->rate, *t = &p->years;
    double price = f->price, delta = f->delta, gamma = f->gamma;
    double vega = 0, theta = 0, rho = 0, vanna = 0, volga = 0, charm = 0;
    uint8_t status = f->status;
    if (status != QN_OPTION_OK) {
        write_status(&p->want->out, p->first + p->place[k], (qn_option_status)status);
        return;
    }
    if (!f->exercised && o->years > 0) {
        vega = central(v->up[k].price, v->down[k].price, v->step[k]);
        vanna = central(v->up[k].delta, v->down[k].delta, v->step[k]);
        double bend = v->up[k].price - 2 * price + v->down[k].price;
        volga = v->step[k] > 0 ? bend / (v->step[k] * v->step[k]) : 0;
        rho = central(r->up[k].price, r->down[k].price, r->step[k]);
        charm = central(t->up[k].delta, t->down[k].delta, t->step[k]);
        theta = o->rate * price - (o->rate - o->yield) * o->spot * delta -
                0.5 * o->sigma * o->sigma * o->spot * o->spot * gamma;
    }
    const qn_option_results all = {.price = &price,
                                   .delta = &delta,
                                   .gamma = &gamma,
                                   .vega = &vega,
                                   .theta = &theta,
                                   .rho = &rho,
                                   .vanna = &vanna,
                                   .volga = &volga,
                                   .charm = &charm,
                                   .status = &status};
    write_one(&p->want->out, p->first + p->place[k], &all);
}

/* The column from its option `first` on. */
static double *column_from(double *column, int64_t first)
{
    return column != NULL ? column + first : NULL;
}

/* Option i, whose exercise is never due before expiry. */
static qn_status price_european(const wanted *want, const qn_option_batch *batch, int64_t i, bool call, qn_error *err)
{
    const qn_option_results *out = &want->out;
    qn_option_results to = {.size = sizeof to};
    to.price = column_from(out->price, i);
    to.delta = column_from(out->delta, i);
    to.gamma = column_from(out->gamma, i);
    to.vega = column_from(out->vega, i);
    to.theta = column_from(out->theta, i);
    to.rho = column_from(out->rho, i);
    to.vanna = column_from(out->vanna, i);
    to.volga = column_from(out->volga, i);
    to.charm = column_from(out->charm, i);
    to.status = out->status != NULL ? out->status + i : NULL;
    qn_option_batch one = *batch;
    qn_numbers *columns[] = {&one.spot, &one.strike, &one.years, &one.rate, &one.yield, &one.sigma};
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
        if (columns[k]->values != NULL)
            columns[k]->values += i * columns[k]->step;
    }
    one.count = 1;
    one.types = NULL;
    one.type = call ? QN_CALL : QN_PUT;
    return qn_black_price(&to, &one, err);
}

static qn_status price_piece(void *user, qni_american_work *work, const qn_option_batch *batch, int64_t first,
                             int64_t count, qn_error *err)
{
    piece p = {.want = user, .first = first};
    for (int64_t i = 0; i < count; i++) {
        qni_american_option o;
        qn_option_status status = qni_american_read(&o, batch, first + i, true);
        if (status != QN_OPTION_OK) {
            write_status(&p.want->out, first + i, status);
        } else if (qni_american_is_european(&o, work)) {
            qn_status s = price_european(p.want, batch, first + i, o.call, err);
            if (s != QN_OK)
                return s;
        } else {
            p.options[p.count] = o;
            p.plans[p.count] = (qni_american_plan){0};
            p.place[p.count++] = (int32_t)i;
        }
    }
    qn_status s = qni_american_values(p.found, p.plans, p.options, work, p.count, err);
    if (s == QN_OK && p.want->sigma)
        s = price_moved(&p.sigma, &p, MOVE_SIGMA, work, err);
    if (s == QN_OK && p.want->rate)
        s = price_moved(&p.rate, &p, MOVE_RATE, work, err);
    if (s == QN_OK && p.want->years)
        s = price_moved(&p.years, &p, MOVE_YEARS, work, err);
    for (int64_t k = 0; k < p.count && s == QN_OK; k++)
        derive(&p, k);
    return s;
}

qn_status qn_american_price(const qn_option_results *out, const qn_option_batch *batch,
                            const qn_american_options *options, qn_error *err)
{
    wanted want;
    qn_status s = qni_options_copy(&want.out, sizeof want.out, out, "qn_option_results", err);
    if (s != QN_OK)
        return s;
    want.sigma = want.out.vega != NULL || want.out.vanna != NULL || want.out.volga != NULL;
    want.rate = want.out.rho != NULL;
    want.years = want.out.charm != NULL;
    return qni_american_run(batch, true, options, price_piece, &want, err);
}
