/* options/american_value.c: what kind of option each one is, and its price by the method for that kind. Any thread,
 * each with its own work. */
#include <math.h>

#include <quern/black.h>

#include "math/vector_log.h"
#include "options/american_int.h"

qni_american_dividends qni_american_dividends_of(const qni_american_option *option, const qni_american_work *work)
{
    qni_american_dividends d = {work->dividends, work->dividend_count};
    double expiry = option->years + option->passed;
    while (d.count > 0 && d.first->years <= fmax(option->passed, 0)) {
        d.first++;
        d.count--;
    }
    while (d.count > 0 && d.first[d.count - 1].years > expiry)
        d.count--;
    return d;
}

/* A call is a put that pays S where one pays K, and the other way round (McDonald and Schroder, "A parity result for
 * American options", 1998): its put's rate is the call's yield. */
static double put_rate(const qni_american_option *o)
{
    return o->call ? o->yield : o->rate;
}

static double put_yield(const qni_american_option *o)
{
    return o->call ? o->rate : o->yield;
}

static bool pays_cash(const qni_american_option *o, const qni_american_work *work)
{
    qni_american_dividends d = qni_american_dividends_of(o, work);
    for (int64_t i = 0; i < d.count; i++) {
        if (d.first[i].amount > 0)
            return true;
    }
    return false;
}

bool qni_american_is_european(const qni_american_option *o, const qni_american_work *work)
{
    double r = put_rate(o), q = put_yield(o);
    return r <= 0 && q >= r && !pays_cash(o, work);
}

/* What exercise at time t pays now, where the share is worth `spot` at time `from` and nothing is uncertain. */
static double certain_at(const qni_american_option *o, double spot, double from, double t)
{
    double then = spot * v_exp((o->rate - o->yield) * (t - from));
    return (o->call ? then - o->strike : o->strike - then) * v_exp(-o->rate * t);
}

/* The best of times in [from, to]. */
static void best_of(double *most, double *when, const qni_american_option *o, double spot, double from, double to)
{
    double times[3] = {from, to, from};
    double r = o->rate, q = o->yield;
    if (spot > 0 && r * q > 0 && r != q) { /* interest on the strike is then what the share yields */
        double t = from + (v_log(r / q) + v_log(o->strike / spot)) / (r - q);
        times[2] = t > from && t < to ? t : from;
    }
    for (int i = 0; i < 3; i++) {
        double pays = certain_at(o, spot, from, times[i]);
        if (pays > *most) {
            *most = pays;
            *when = times[i];
        }
    }
}

double qni_american_certain(double *when, const qni_american_option *o, const qni_american_work *work)
{
    qni_american_dividends d = qni_american_dividends_of(o, work);
    double most = 0, spot = o->spot, from = 0;
    *when = o->years;
    for (int64_t i = 0; i < d.count; i++) {
        double to = d.first[i].years - o->passed;
        best_of(&most, when, o, spot, from, to);
        spot = fmax(spot * v_exp((o->rate - o->yield) * (to - from)) - d.first[i].amount, 0);
        from = to;
    }
    best_of(&most, when, o, spot, from, o->years);
    return most;
}

/* Whether dividends have taken the whole share by the time of certain exercise. */
static bool is_worthless(const qni_american_option *o, double when, const qni_american_work *work)
{
    qni_american_dividends d = qni_american_dividends_of(o, work);
    double spot = o->spot, from = 0;
    for (int64_t i = 0; i < d.count && d.first[i].years - o->passed <= when; i++) {
        double to = d.first[i].years - o->passed;
        spot = fmax(spot * v_exp((o->rate - o->yield) * (to - from)) - d.first[i].amount, 0);
        from = to;
    }
    return spot == 0;
}

static void value_certain(qni_american_result *out, const qni_american_option *o, const qni_american_work *work)
{
    double when = 0;
    double price = qni_american_certain(&when, o, work);
    double sign = o->call ? 1 : -1;
    *out = (qni_american_result){.price = price, .exercised = when == 0 && price > 0, .status = QN_OPTION_OK};
    out->delta = price > 0 && !is_worthless(o, when, work) ? sign * v_exp(-o->yield * when) : 0;
}

static void refuse(qni_american_result *out, qn_option_status status)
{
    *out = (qni_american_result){.price = NAN, .delta = NAN, .gamma = NAN, .status = (uint8_t)status};
}

/* The options at `index` as European ones. */
static qn_status value_european(qni_american_result *out, const qni_american_option *options, const int32_t *index,
                                int64_t count, qn_error *err)
{
    double columns[9][QNI_AMERICAN_PIECE];
    int8_t types[QNI_AMERICAN_PIECE];
    uint8_t status[QNI_AMERICAN_PIECE];
    for (int64_t k = 0; k < count; k++) {
        const qni_american_option *o = &options[index[k]];
        const double numbers[] = {o->spot, o->strike, o->years, o->rate, o->yield, o->sigma};
        for (int c = 0; c < 6; c++)
            columns[c][k] = numbers[c];
        types[k] = o->call ? QN_CALL : QN_PUT;
    }
    qn_option_batch batch;
    qn_option_batch_init(&batch, sizeof batch);
    batch.count = count;
    batch.types = types;
    batch.spot = (qn_numbers){columns[0], 1};
    batch.strike = (qn_numbers){columns[1], 1};
    batch.years = (qn_numbers){columns[2], 1};
    batch.rate = (qn_numbers){columns[3], 1};
    batch.yield = (qn_numbers){columns[4], 1};
    batch.sigma = (qn_numbers){columns[5], 1};
    qn_option_results results;
    qn_option_results_init(&results, sizeof results);
    results.price = columns[6];
    results.delta = columns[7];
    results.gamma = columns[8];
    results.status = status;
    qn_status s = count > 0 ? qn_black_price(&results, &batch, err) : QN_OK;
    for (int64_t k = 0; k < count && s == QN_OK; k++)
        out[index[k]] = (qni_american_result){
            .price = columns[6][k], .delta = columns[7][k], .gamma = columns[8][k], .status = status[k]};
    return s;
}

/* Whether put k is exercised, where it is, so much sooner than at expiry that no rung's nodes tell the one from the
 * other, and waiting for that counts: by the option that never expires, whose put falls with the power -w of S and is
 * exercised at w / (1 + w). */
static bool is_beyond_rungs(const qni_american_puts *p, int64_t k)
{
    double r = p->rate[k], t = p->years[k], x = p->x[k];
    double half = 0.5 * p->sigma[k] * p->sigma[k];
    double rate = r * t < 1e-8 ? 1 / t : r / (1 - v_exp(-r * t)); /* as if it expired, on the average */
    double drift = (r - p->yield[k]) / half - 1;
    double root = sqrt(drift * drift + 4 * rate / half);
    double power = drift > 0 ? 0.5 * (drift + root) : 2 * rate / half / (root - drift);
    double scale = fmax(power, 1);
    if (scale * scale * 2 * half * t <= QNI_AMERICAN_QUICKEST)
        return false;
    double above = x + v_log(1 + 1 / power); /* the boundary, by logarithms */
    double most = v_exp(-power * above) / (1 + power);
    return above > 0 && most - fmax(1 - v_exp(x), 0) > p->accuracy[k];
}

/* The options at `index` by collocation. */
static qn_status value_puts(qni_american_result *out, qni_american_plan *plans, const qni_american_option *options,
                            qni_american_work *work, const int32_t *index, int64_t count, qn_error *err)
{
    bool converged[QNI_AMERICAN_PIECE], beyond[QNI_AMERICAN_PIECE];
    qni_american_plan own[QNI_AMERICAN_PIECE];
    qni_american_puts *p = &work->puts;
    for (int64_t k = 0; k < count; k++) {
        const qni_american_option *o = &options[index[k]];
        double x = v_log(o->spot / o->strike);
        x = fmin(fmax(x, -QNI_AMERICAN_FAR), QNI_AMERICAN_FAR); /* its exponential is a number */
        p->x[k] = o->call ? -x : x;
        p->years[k] = o->years;
        p->rate[k] = put_rate(o);
        p->yield[k] = put_yield(o);
        p->sigma[k] = o->sigma;
        p->accuracy[k] = work->accuracy * (o->call ? o->strike / o->spot : 1);
        own[k] = plans[index[k]];
        beyond[k] = own[k].rung == 0 && is_beyond_rungs(p, k);
    }
    qn_status s = qni_american_climb(converged, own, work, count, err);
    for (int64_t k = 0; k < count && s == QN_OK; k++) {
        const qni_american_option *o = &options[index[k]];
        qni_american_result *r = &out[index[k]];
        plans[index[k]] = own[k];
        if (!converged[k] || beyond[k] || !isfinite(p->slope[k]) || !isfinite(p->bend[k])) {
            refuse(r, QN_OPTION_NOT_CONVERGED);
            continue;
        }
        double f = p->price[k], slope = p->slope[k], bend = p->bend[k];
        r->status = QN_OPTION_OK;
        r->price = (o->call ? o->spot : o->strike) * f;
        r->delta = o->call ? f - slope : slope * (o->strike / o->spot);
        r->gamma = (bend - slope) * (o->call ? 1 : o->strike / o->spot) / o->spot;
        r->exercised = r->gamma == 0 && r->price > 0;
    }
    return s;
}

qn_status qni_american_values(qni_american_result *out, qni_american_plan *plans, const qni_american_option *options,
                              qni_american_work *work, int64_t count, qn_error *err)
{
    int32_t european[QNI_AMERICAN_PIECE], puts[QNI_AMERICAN_PIECE];
    int64_t europeans = 0, put_count = 0;
    for (int64_t i = 0; i < count; i++) {
        const qni_american_option *o = &options[i];
        bool cash = pays_cash(o, work);
        double variance = o->sigma * sqrt(o->years);
        if (qni_american_is_european(o, work) && o->years > 0) {
            european[europeans++] = (int32_t)i;
        } else if (o->years == 0 || variance < QNI_AMERICAN_CERTAIN) {
            value_certain(&out[i], o, work);
        } else if (cash || put_rate(o) < 0) {
            qn_status s = qni_american_grid(&out[i], &plans[i], o, work, err);
            if (s != QN_OK)
                return s;
        } else {
            puts[put_count++] = (int32_t)i;
        }
    }
    qn_status s = value_european(out, options, european, europeans, err);
    return s == QN_OK ? value_puts(out, plans, options, work, puts, put_count, err) : s;
}
