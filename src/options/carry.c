/* options/carry.c: rates and yields, which all expiries of a chain tell together: what one of them says by itself is as
 * uncertain as its time is short. One thread. */
#include "options/limits.h"
#include "options/smile_int.h"

#include <math.h>
#include <string.h>

static qn_status take_rates(qni_rate **out, qn_arena *arena, int64_t count, qn_error *err)
{
    void *block;
    qn_status s = qn_arena_take(&block, arena, count * (int64_t)sizeof **out, err);
    *out = block;
    if (s == QN_OK)
        memset(block, 0, (size_t)count * sizeof **out);
    return s;
}

/* Whether rates are below 0 by more than they are unsure of: some currencies' have been, and discount factors of these
 * rise. */
static bool negative(const qni_rate *rates, int64_t count)
{
    bool is = false;
    for (int64_t i = 0; i < count; i++)
        is = is || rates[i].rate < -QNI_RATES_NEGATIVE * rates[i].error;
    return is;
}

/* What parity tells of each expiry, made into one curve; false in *told: nothing. */
static qn_status rates_by_parity(bool *told, qni_expiry *expiries, int64_t count, qn_arena *arena, qn_error *err)
{
    qni_rate *rates;
    double least = INFINITY;
    qn_arena_mark mark = qn_arena_mark_now(arena);
    qn_status s = take_rates(&rates, arena, count, err);
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        rates[i].years = expiries[i].smile->calendar_years;
        s = qni_expiry_rate(&rates[i].rate, &rates[i].error, &expiries[i], err);
    }
    if (s != QN_OK)
        return s;
    qni_rates_smooth(rates, count, QNI_RATES_WANDER);
    for (int64_t i = 0; i < count; i++)
        least = fmin(least, rates[i].error);
    *told = least < QNI_RATES_UNTOLD;
    if (!negative(rates, count))
        qni_rates_monotone(rates, count);
    for (int64_t i = 0; i < count && *told; i++) {
        expiries[i].smile->rate = rates[i].rate;
        expiries[i].rate_error = rates[i].error;
    }
    qn_arena_rewind(arena, mark);
    return QN_OK;
}

qn_status qni_expiries_rates(bool *told, qni_expiry *expiries, int64_t count, qn_arena *arena, qn_error *err)
{
    const qn_surface_options *options = expiries->options;
    qn_status s = QN_OK;
    *told = options->rate_given;
    for (int64_t i = 0; i < count; i++) {
        expiries[i].smile->rate = *told ? options->rate : 0;
        expiries[i].rate_error = *told ? 0 : QNI_PARITY_RATE_UNKNOWN;
    }
    if (!*told && !expiries->american)
        s = rates_by_parity(told, expiries, count, arena, err);
    for (int64_t i = 0; i < count; i++) {
        qn_smile *smile = expiries[i].smile;
        double growth = smile->rate * smile->calendar_years;
        smile->discount = exp(-growth);
        expiries[i].rate = smile->years > 0 ? growth / smile->years : 0;
    }
    return s;
}

/* What of a dividend is worth at expiry at that growth a year; 0: it comes after expiry, or has come. */
static double grown(const qn_dividend *dividend, double years, double growth)
{
    bool counts = dividend->years > 0 && dividend->years <= years;
    return counts ? dividend->amount * exp(growth * (years - dividend->years)) : 0;
}

static int64_t dividend_count(const qni_expiry *expiry)
{
    return expiry->american ? expiry->options->dividend_count : 0;
}

/* Dividends as they are worth at expiry. */
static double all_grown(const qni_expiry *expiry, double growth)
{
    double sum = 0;
    for (int64_t i = 0; i < dividend_count(expiry); i++)
        sum += grown(&expiry->options->dividends[i], expiry->smile->years, growth);
    return sum;
}

double qni_expiry_forward_of(const qni_expiry *expiry, double spot)
{
    double growth = expiry->rate - expiry->yield;
    return spot * exp(growth * expiry->smile->years) - all_grown(expiry, growth);
}

static double spot_of(const qni_expiry *expiry, double forward)
{
    double growth = expiry->rate - expiry->yield;
    return (forward + all_grown(expiry, growth)) * exp(-growth * expiry->smile->years);
}

/* log of what the spot grows by, S e^g less the grown dividends being the forward. Dividends are a small part of the
 * share, so that a few substitutions do. NaN: they are not. */
static double log_growth(const qni_expiry *expiry, double spot)
{
    double years = expiry->smile->years, forward = expiry->smile->forward, growth = log(forward / spot);
    for (int step = 0; step < QNI_CARRY_STEPS && dividend_count(expiry) > 0; step++) {
        double change = log((forward + all_grown(expiry, growth / years)) / spot) - growth;
        growth += change;
        if (fabs(change) < QNI_CARRY_CONVERGED)
            return growth;
        if (!(fabs(growth) < QNI_CARRY_MOST))
            return NAN;
    }
    return growth;
}

/* The spot of the quotes and how well it is known. A spot is rarely as old as the quotes: where several short expiries,
 * on which a yield does little, agree that it was another when they were quoted, it is theirs. Samples (count), scratch
 * (count). */
static double fitting_spot(double *error, qni_sample *samples, qni_weighted *scratch, const qni_expiry *expiries,
                           int64_t count)
{
    double spot = expiries->chain->spot;
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        const qn_smile *smile = expiries[i].smile;
        double years = smile->calendar_years, apart = log_growth(&expiries[i], spot) - smile->rate * years;
        if (smile->pairs > 0 && years < QNI_SPOT_SHORT && isfinite(apart))
            samples[n++] = (qni_sample){years, apart, fmax(QNI_SPOT_LEAST, smile->forward_error / smile->forward)};
    }
    *error = QNI_SPOT_ERROR;
    if (n >= QNI_SPOT_EXPIRIES) {
        qni_line l = qni_line_fit(scratch, samples, n);
        double apart = l.level - l.slope * l.center; /* at no time at all */
        double lever = l.slope_error * l.center;
        *error = sqrt(l.level_error * l.level_error + lever * lever);
        return fabs(apart) > QNI_SPOT_SURE * *error ? spot * exp(apart) : spot;
    }
    for (int64_t i = 0; i < n; i++)
        scratch[i] = (qni_weighted){fabs(samples[i].y), 1, i};
    if (n > 0)
        *error = fmax(QNI_SPOT_LEAST, qni_median(scratch, n));
    return spot;
}

/* What each expiry tells of the yield, (count + 1): before them, that nothing is more likely than 0. */
static void yields_alone(qni_rate *rates, const qni_expiry *expiries, int64_t count, double spot, double error)
{
    rates[0] = (qni_rate){.years = expiries[0].smile->calendar_years, .error = QNI_YIELD_WIDTH};
    for (int64_t i = 0; i < count; i++) {
        const qn_smile *smile = expiries[i].smile;
        double years = smile->calendar_years, growth = log_growth(&expiries[i], spot);
        rates[i + 1] = (qni_rate){.years = years, .error = INFINITY};
        if (smile->pairs == 0 || !isfinite(growth))
            continue;
        rates[i + 1].rate = smile->rate - growth / years;
        double own = smile->forward_error / smile->forward;
        rates[i + 1].error = sqrt(error * error + own * own) / years;
    }
}

qn_status qni_expiries_yields(qni_spot *spot, double *change, qni_expiry *expiries, int64_t count, qn_arena *arena,
                              qn_error *err)
{
    bool known = expiries->chain->spot > 0 && isfinite(expiries->chain->spot);
    qni_rate *rates;
    void *samples, *scratch;
    qn_arena_mark mark = qn_arena_mark_now(arena);
    qn_status s = take_rates(&rates, arena, count + 1, err);
    if (s == QN_OK)
        s = qn_arena_take(&samples, arena, count * (int64_t)sizeof(qni_sample), err);
    if (s == QN_OK)
        s = qn_arena_take(&scratch, arena, count * (int64_t)sizeof(qni_weighted), err);
    if (s != QN_OK)
        return s;
    if (known) {
        if (!spot->held)
            spot->price = fitting_spot(&spot->error, samples, scratch, expiries, count);
        yields_alone(rates, expiries, count, spot->price, spot->error);
        qni_rates_smooth(rates, count + 1, QNI_YIELD_WANDER);
    }
    *change = 0;
    for (int64_t i = 0; i < count; i++) {
        qni_expiry *expiry = &expiries[i];
        qn_smile *smile = expiry->smile;
        double yield = smile->pairs > 0 ? rates[i + 1].rate : 0; /* without pairs the forward is one of no yield */
        double total = yield * smile->calendar_years, last = expiry->yield * smile->years;
        *change = fmax(*change, fmax(expiry->change, fabs(total - last)));
        smile->yield = known && isfinite(smile->forward) ? yield : NAN;
        expiry->yield = smile->years > 0 ? total / smile->years : 0;
        expiry->spot = spot_of(expiry, smile->forward);
    }
    qn_arena_rewind(arena, mark);
    return QN_OK;
}
