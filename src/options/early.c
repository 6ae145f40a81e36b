/* options/early.c: volatilities of the American options of an expiry: of the European ones that are cheaper by the
 * premium of early exercise. A premium changes by a few per cent of what the price does, so that two or three steps of
 * the secant, in the price of the European option, find it. One thread an expiry. */
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
} early;

enum {
    EARLY_NUMBERS = 8
};

/* What was asked for. */
typedef struct request {
    double *sigma;
    uint8_t *status;
    const qni_expiry *expiry;
    const int8_t *types;
    const double *strikes, *prices, *slack;
    int64_t count;
    bool *rest; /* (count) is to be searched for by the prices of American options */
    int64_t rest_count;
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
    qn_status s = qni_expiry_take((void **)&numbers, expiry, EARLY_NUMBERS * count, sizeof *numbers, err);
    if (s == QN_OK)
        s = qni_expiry_take((void **)&e->place, expiry, count, sizeof *e->place, err);
    if (s == QN_OK)
        s = qni_expiry_take((void **)&e->type, expiry, count, sizeof *e->type, err);
    if (s == QN_OK)
        s = qni_expiry_take((void **)&e->status, expiry, count, sizeof *e->status, err);
    if (s != QN_OK)
        return s;
    double **columns[EARLY_NUMBERS] = {&e->strike,   &e->price,   &e->close,           &e->sigma,
                                       &e->european, &e->premium, &e->european_before, &e->premium_before};
    for (int k = 0; k < EARLY_NUMBERS; k++)
        *columns[k] = numbers + k * count;
    return QN_OK;
}

static void give_up(request *r, int64_t i)
{
    r->rest_count += !r->rest[i];
    r->rest[i] = true;
}

/* Whether there is more in a price than exercise now would pay. */
static bool above_exercise(const request *r, int64_t i)
{
    double pays = r->types[i] * (r->expiry->spot - r->strikes[i]);
    return r->prices[i] > pays;
}

/* The options of a type whose premium may matter. */
static void gather(early *e, request *r, int8_t type)
{
    e->count = 0;
    for (int64_t i = 0; i < r->count; i++) {
        if (r->types[i] != type || !(r->prices[i] > 0))
            continue;
        if (r->status[i] == QN_OPTION_OK &&
            qni_premium_bound(r->expiry, type == QN_CALL, r->strikes[i], r->sigma[i]) <= r->slack[i])
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
    double *columns[EARLY_NUMBERS] = {e->strike,   e->price,   e->close,           e->sigma,
                                      e->european, e->premium, e->european_before, e->premium_before};
    e->place[to] = e->place[from];
    for (int k = 0; k < EARLY_NUMBERS; k++)
        columns[k][to] = columns[k][from];
}

/* The price of the European option that is tried next. */
static double next_european(const early *e, int64_t k, bool first)
{
    double error = e->european[k] + e->premium[k] - e->price[k];
    double slope = first ? 0 : (e->premium[k] - e->premium_before[k]) / (e->european[k] - e->european_before[k]);
    return e->european[k] - error / (isfinite(slope) && slope > -0.5 ? 1 + slope : 1);
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
        if (fabs(e->european[k] - e->european_before[k]) > e->close[k])
            keep(e, kept++, k);
    }
    e->count = kept;
    return s;
}

/* Leaves those whose boundaries are between few that can be solved for; returns their greatest volatility. */
static double narrow(early *e, request *r, double low)
{
    int64_t kept = 0;
    double high = low;
    for (int64_t k = 0; k < e->count; k++) {
        if (e->sigma[k] > QNI_PREMIUM_SPAN * low) {
            give_up(r, e->place[k]);
            continue;
        }
        high = fmax(high, e->sigma[k]);
        keep(e, kept++, k);
    }
    e->count = kept;
    return high;
}

static qn_status search_type(early *e, request *r, int8_t type, qn_error *err)
{
    qni_american_work *work = r->expiry->work;
    gather(e, r, type);
    if (e->count == 0)
        return QN_OK;
    double low = INFINITY;
    for (int64_t k = 0; k < e->count; k++)
        low = fmin(low, e->sigma[k]);
    double high = narrow(e, r, low);
    qni_premium premium;
    qni_premium_init(&premium, r->expiry, type == QN_CALL, QNI_PREMIUM_BELOW * low, high, QNI_PREMIUM_NODES);
    qn_status s = qni_premiums_solve(&premium, 1, work, err);
    for (int round = 0; round < QNI_PREMIUM_ROUNDS && e->count > 0 && premium.solved && s == QN_OK; round++) {
        qni_premium_values(e->premium, &premium, e->strike, e->sigma, e->count, work);
        s = step(e, r, round == 0, err);
    }
    for (int64_t k = 0; k < e->count; k++)
        give_up(r, e->place[k]);
    return s;
}

/* Those that are left, by the prices of American options. */
static qn_status search_rest(early *e, const request *r, qn_error *err)
{
    const qn_american_options options = qni_expiry_american_options(r->expiry);
    e->count = 0;
    for (int64_t i = 0; i < r->count; i++) {
        if (!r->rest[i])
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
                             const double *strikes, const double *prices, const double *slack, int64_t count,
                             qn_error *err)
{
    request r = {sigma, status, expiry, types, strikes, prices, slack, count, NULL, 0};
    early e;
    qn_arena_mark mark = qn_arena_mark_now(expiry->arena);
    qn_status s = qni_expiry_implied_european(sigma, status, expiry, types, strikes, prices, count, err);
    if (s == QN_OK)
        s = qni_expiry_take((void **)&r.rest, expiry, count, sizeof *r.rest, err);
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
    qn_arena_rewind(expiry->arena, mark);
    return s;
}
