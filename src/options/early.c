/* options/early.c: volatilities of the American options of an expiry: of the European ones that are cheaper by the
 * premium of early exercise. A premium changes by a few per cent of what the price does, so that two or three steps of
 * the secant, in the price of the European option, find it. What the middle of bid and ask has found tells those of
 * both sides, which are near, mostly well enough. One thread an expiry. */
#include "options/premium_int.h"

#include <math.h>
#include <stddef.h>

#include <quern/black.h>

/* Options that are searched for, a column each (count). */
typedef struct early {
    int64_t count;
    int64_t *place; /* among those that were asked for */
    int8_t *type;
    uint8_t *status;
    double *strike, *price, *close; /* prices so close are the same */
    double *sigma, *european;       /* tried now */
    double *premium;                /* there */
    double *european_before, *premium_before;
    double *slope; /* of the premium by the European option's price */
} early;

enum {
    EARLY_NUMBERS = 9
};

/* What has become of a price. */
enum {
    OPEN,
    DONE,
    REST /* is to be searched for by the prices of American options */
};

/* A premium as a function of the European option's price, near one that was found. */
typedef struct found {
    double european, premium, slope; /* premium 0: nothing was found */
} found;

/* What was asked for: bids, middles and asks of `options`, a row each. */
typedef struct request {
    double *sigma;
    uint8_t *status;
    const qni_expiry *expiry;
    const int8_t *types;
    const double *strikes, *prices, *slack;
    int64_t options, count; /* count: in all three rows */
    uint8_t *state;         /* (count) */
    int64_t rest_count;
    double *bounds; /* (count) of premiums */
    found *middles; /* (options) */
} request;

qn_status qni_expiry_implied_european(double *sigma, uint8_t *status, const qni_expiry *expiry, const int8_t *types,
                                      const double *strikes, const double *prices, int64_t count, qn_error *err)
{
    qn_option_batch batch;
    qn_option_batch_init(&batch, sizeof batch);
    batch.count = count;
    batch.types = types;
    batch.forward = (qn_numbers){&expiry->smile->forward, 0};
    batch.strike = (qn_numbers){strikes, 1};
    batch.years = (qn_numbers){&expiry->smile->years, 0};
    batch.rate = (qn_numbers){&expiry->rate, 0};
    return qn_black_implied(sigma, status, &batch, prices, false, err);
}

static qn_status take_columns(early *e, const qni_expiry *expiry, int64_t count, qn_error *err)
{
    double *numbers;
    qn_status s = qni_expiry_scratch((void **)&numbers, expiry, EARLY_NUMBERS * count, sizeof *numbers, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&e->place, expiry, count, sizeof *e->place, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&e->type, expiry, count, sizeof *e->type, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&e->status, expiry, count, sizeof *e->status, err);
    if (s != QN_OK)
        return s;
    double **columns[EARLY_NUMBERS] = {&e->strike,  &e->price,           &e->close,          &e->sigma, &e->european,
                                       &e->premium, &e->european_before, &e->premium_before, &e->slope};
    for (int k = 0; k < EARLY_NUMBERS; k++)
        *columns[k] = numbers + k * count;
    return QN_OK;
}

static void give_up(request *r, int64_t i)
{
    r->rest_count += r->state[i] != REST;
    r->state[i] = REST;
}

/* Whether there is more in a price than exercise now would pay. */
static bool above_exercise(const request *r, int64_t i)
{
    double pays = r->types[i] * (r->expiry->spot - r->strikes[i]);
    return r->prices[i] > pays;
}

/* Adds the open ones of the prices [from, to) of options of a type whose premium may matter. */
static void gather(early *e, request *r, int8_t type, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        if (r->types[i] != type || r->state[i] != OPEN || !(r->prices[i] > 0))
            continue;
        if (r->status[i] == QN_OPTION_OK && r->bounds[i] <= r->slack[i])
            continue;
        if (r->status[i] != QN_OPTION_OK || !above_exercise(r, i)) {
            give_up(r, i);
            continue;
        }
        int64_t k = e->count++;
        e->place[k] = i;
        e->type[k] = type;
        e->strike[k] = r->strikes[i];
        e->price[k] = e->european[k] = r->prices[i];
        e->close[k] = fmax(QNI_PREMIUM_CLOSE * r->strikes[i], QNI_PREMIUM_CLOSE_SLACK * r->slack[i]);
        e->sigma[k] = r->sigma[i];
    }
}

static void keep(early *e, int64_t to, int64_t from)
{
    double *columns[EARLY_NUMBERS] = {e->strike,  e->price,           e->close,          e->sigma, e->european,
                                      e->premium, e->european_before, e->premium_before, e->slope};
    e->place[to] = e->place[from];
    e->type[to] = e->type[from];
    for (int k = 0; k < EARLY_NUMBERS; k++)
        columns[k][to] = columns[k][from];
}

/* The price of the European option that is tried next. */
static double next_european(early *e, int64_t k, bool first)
{
    double error = e->european[k] + e->premium[k] - e->price[k];
    double slope = (e->premium[k] - e->premium_before[k]) / (e->european[k] - e->european_before[k]);
    e->slope[k] = first || !isfinite(slope) || slope < -0.5 ? 0 : slope;
    return e->european[k] - error / (1 + e->slope[k]);
}

/* What a middle tells of its sides. */
static void remember(request *r, const early *e, int64_t k, bool first)
{
    int64_t i = e->place[k] - r->options;
    if (i < 0 || i >= r->options)
        return;
    double slope = first ? e->premium_before[k] / e->european_before[k] : e->slope[k];
    double premium = e->premium_before[k] + slope * (e->european[k] - e->european_before[k]);
    r->middles[i] = (found){e->european[k], premium, slope};
}

/* A step of all that are left: those that have moved by less than what matters are written. */
static qn_status step(early *e, request *r, bool first, qn_error *err)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < e->count; k++) {
        double european = next_european(e, k, first);
        if (!(european > 0)) { /* or NaN: exercised now */
            give_up(r, e->place[k]);
            continue;
        }
        e->european_before[k] = e->european[k];
        e->premium_before[k] = e->premium[k];
        e->european[k] = european;
        keep(e, kept++, k);
    }
    e->count = kept;
    if (kept == 0)
        return QN_OK;
    qn_status s =
        qni_expiry_implied_european(e->sigma, e->status, r->expiry, e->type, e->strike, e->european, kept, err);
    kept = 0;
    for (int64_t k = 0; k < e->count && s == QN_OK; k++) {
        if (e->status[k] != QN_OPTION_OK) {
            give_up(r, e->place[k]);
            continue;
        }
        r->sigma[e->place[k]] = e->sigma[k];
        remember(r, e, k, first);
        if (fabs(e->european[k] - e->european_before[k]) > e->close[k])
            keep(e, kept++, k);
        else
            r->state[e->place[k]] = DONE;
    }
    e->count = kept;
    return s;
}

/* The price of the European option by what the middle has found, on the tangent; false: it bends too much on the way.
 * Its second derivative is taken as that of a power, and as more, for powers near 1. */
static bool guess(early *e, const request *r, int64_t k)
{
    int64_t i = e->place[k] % r->options;
    const found *f = &r->middles[i];
    if (!(f->premium > 0) || r->state[r->options + i] != DONE)
        return false;
    double european = (e->price[k] - f->premium + f->slope * f->european) / (1 + f->slope);
    double apart = european / f->european - 1, power = f->slope * f->european / f->premium;
    double bend = fabs(power * (power - 1)) + QNI_PREMIUM_BEND;
    if (!(european > 0) || 0.5 * bend * f->premium * apart * apart > e->close[k])
        return false;
    e->european[k] = european;
    return true;
}

/* Those of sides that their middles tell. */
static qn_status search_told(early *e, request *r, qn_error *err)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < e->count; k++) {
        if (guess(e, r, k))
            keep(e, kept++, k);
    }
    e->count = kept;
    if (kept == 0)
        return QN_OK;
    qn_status s =
        qni_expiry_implied_european(e->sigma, e->status, r->expiry, e->type, e->strike, e->european, kept, err);
    for (int64_t k = 0; k < kept && s == QN_OK; k++) {
        if (e->status[k] != QN_OPTION_OK)
            continue;
        r->sigma[e->place[k]] = e->sigma[k];
        r->state[e->place[k]] = DONE;
    }
    return s;
}

/* The volatilities of those whose boundaries are between few that can be solved for. */
static void span(double *low, double *high, const early *e, request *r)
{
    *low = INFINITY;
    for (int64_t k = 0; k < e->count; k++)
        *low = fmin(*low, e->sigma[k]);
    *high = *low;
    for (int64_t k = 0; k < e->count; k++) {
        if (e->sigma[k] > QNI_PREMIUM_SPAN * *low)
            give_up(r, e->place[k]);
        else
            *high = fmax(*high, e->sigma[k]);
    }
}

/* Those that are gathered, step by step. */
static qn_status search_steps(early *e, request *r, const qni_premium *premium, qn_error *err)
{
    qn_status s = QN_OK;
    for (int round = 0; round < QNI_PREMIUM_ROUNDS && e->count > 0 && s == QN_OK; round++) {
        qni_premium_values(e->premium, premium, e->strike, e->sigma, e->count, r->expiry->work);
        s = step(e, r, round == 0, err);
    }
    for (int64_t k = 0; k < e->count; k++)
        give_up(r, e->place[k]);
    return s;
}

static void gather_sides(early *e, request *r, int8_t type)
{
    e->count = 0;
    gather(e, r, type, 0, r->options);
    gather(e, r, type, 2 * r->options, r->count);
}

static qn_status search_type(early *e, request *r, int8_t type, qn_error *err)
{
    double low, high;
    qni_premium premium;
    qni_premium_bounds(r->bounds, r->expiry, type == QN_CALL, r->strikes, r->sigma, r->count);
    e->count = 0;
    gather(e, r, type, 0, r->count);
    if (e->count == 0)
        return QN_OK;
    span(&low, &high, e, r);
    qni_premium_init(&premium, r->expiry, type == QN_CALL, QNI_PREMIUM_BELOW * low, high, QNI_PREMIUM_NODES);
    qn_status s = qni_premiums_solve(&premium, 1, r->expiry->work, err);
    for (int64_t k = 0; k < e->count && !premium.solved; k++)
        give_up(r, e->place[k]);
    e->count = 0;
    gather(e, r, type, r->options, 2 * r->options);
    if (s == QN_OK)
        s = search_steps(e, r, &premium, err);
    gather_sides(e, r, type);
    if (s == QN_OK)
        s = search_told(e, r, err);
    gather_sides(e, r, type);
    return s == QN_OK ? search_steps(e, r, &premium, err) : s;
}

/* Those that are left, by the prices of American options. */
static qn_status search_rest(early *e, const request *r, qn_error *err)
{
    const qn_american_options options = qni_expiry_american_options(r->expiry);
    e->count = 0;
    for (int64_t i = 0; i < r->count; i++) {
        if (r->state[i] != REST)
            continue;
        int64_t k = e->count++;
        e->place[k] = i;
        e->type[k] = r->types[i];
        e->strike[k] = r->strikes[i];
        e->price[k] = r->prices[i];
    }
    qn_option_batch batch;
    qn_option_batch_init(&batch, sizeof batch);
    batch.count = e->count;
    batch.types = e->type;
    batch.spot = (qn_numbers){&r->expiry->spot, 0};
    batch.strike = (qn_numbers){e->strike, 1};
    batch.years = (qn_numbers){&r->expiry->smile->years, 0};
    batch.rate = (qn_numbers){&r->expiry->rate, 0};
    batch.yield = (qn_numbers){&r->expiry->yield, 0};
    qn_status s = qn_american_implied(e->sigma, e->status, &batch, e->price, false, &options, err);
    for (int64_t k = 0; k < e->count && s == QN_OK; k++) {
        r->sigma[e->place[k]] = e->sigma[k];
        r->status[e->place[k]] = e->status[k];
    }
    return s;
}

qn_status qni_expiry_implied(double *sigma, uint8_t *status, const qni_expiry *expiry, const int8_t *types,
                             const double *strikes, const double *prices, const double *slack, int64_t options,
                             qn_error *err)
{
    int64_t count = 3 * options;
    request r = {sigma, status, expiry, types, strikes, prices, slack, options, count, NULL, 0, NULL, NULL};
    early e;
    qn_arena_mark mark = qn_arena_mark_now(expiry->scratch);
    qn_status s = qni_expiry_implied_european(sigma, status, expiry, types, strikes, prices, count, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&r.state, expiry, count, sizeof *r.state, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&r.bounds, expiry, count, sizeof *r.bounds, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&r.middles, expiry, options, sizeof *r.middles, err);
    if (s == QN_OK)
        s = take_columns(&e, expiry, count, err);
    for (int k = 0; k < 2 && s == QN_OK; k++) {
        int8_t type = k == 0 ? QN_PUT : QN_CALL;
        qni_early how = qni_expiry_early(expiry, type == QN_CALL);
        for (int64_t i = 0; i < count && how == QNI_EARLY_OTHER; i++) {
            if (types[i] == type)
                give_up(&r, i);
        }
        if (how == QNI_EARLY_PREMIUM)
            s = search_type(&e, &r, type, err);
    }
    if (s == QN_OK && r.rest_count > 0)
        s = search_rest(&e, &r, err);
    qn_arena_rewind(expiry->scratch, mark);
    return s;
}
