/* options/strip.c: the variance of a strip of options as the CBOE's white paper "The CBOE Volatility Index - VIX"
 * (2009) works it out, letters as there. Any thread. */
#include <quern/smile.h>

#include "base/error.h"

#include <inttypes.h>
#include <math.h>

/* The quotes of one strike: [from, to) of the expiry's. */
typedef struct row {
    int64_t from, to;
    const qn_quote *call, *put; /* with both sides; NULL: none */
} row;

static double middle(const qn_quote *quote)
{
    return 0.5 * (quote->bid + quote->ask);
}

/* The strike whose quotes begin at `from`. */
static row strike_at(const qn_quote *quotes, int64_t count, int64_t from)
{
    row at = {.from = from, .to = from};
    do {
        const qn_quote *quote = &quotes[at.to++];
        if (quote->quote_class == QN_QUOTE_GOOD)
            *(quote->type == QN_CALL ? &at.call : &at.put) = quote;
    } while (at.to < count && quotes[at.to].strike == quotes[from].strike);
    return at;
}

/* The strike whose quotes end before `to`. */
static row strike_before(const qn_quote *quotes, int64_t to)
{
    int64_t from = to - 1;
    while (from > 0 && quotes[from - 1].strike == quotes[to - 1].strike)
        from--;
    return strike_at(quotes, to, from);
}

/* F of the strike at which call and put differ least. NaN: no strike has both. */
static double forward_level(const qn_quote *quotes, int64_t count, double growth)
{
    double least = INFINITY, forward = NAN;
    row at;
    for (int64_t i = 0; i < count; i = at.to) {
        at = strike_at(quotes, count, i);
        if (at.call == NULL || at.put == NULL)
            continue;
        double difference = middle(at.call) - middle(at.put);
        if (fabs(difference) < least) {
            least = fabs(difference);
            forward = quotes[i].strike + growth * difference;
        }
    }
    return forward;
}

/* K0: the last strike not above F that has both. false: none. */
static bool central_strike(row *center, const qn_quote *quotes, int64_t count, double forward)
{
    bool found = false;
    row at;
    for (int64_t i = 0; i < count && quotes[i].strike <= forward; i = at.to) {
        at = strike_at(quotes, count, i);
        if (at.call != NULL && at.put != NULL) {
            *center = at;
            found = true;
        }
    }
    return found;
}

/* Whether the strike's option of that type is listed without a bid, and no other of it with one. */
static bool no_bid(const qn_quote *quotes, const row *at, qn_option_type type)
{
    bool listed = false;
    for (int64_t i = at->from; i < at->to; i++) {
        if (quotes[i].type != (int8_t)type)
            continue;
        if (quotes[i].bid > 0)
            return false;
        listed = true;
    }
    return listed;
}

/* Where the puts below the central strike begin that count: after two strikes in a row without a bid, none does. */
static int64_t lowest_put(const qn_quote *quotes, const row *center)
{
    int without = 0;
    row at = *center;
    while (at.from > 0 && without < 2) {
        at = strike_before(quotes, at.from);
        without = no_bid(quotes, &at, QN_PUT) ? without + 1 : 0;
    }
    return at.from;
}

static int64_t end_of_calls(const qn_quote *quotes, int64_t count, const row *center)
{
    int without = 0;
    row at = *center;
    while (at.to < count && without < 2) {
        at = strike_at(quotes, count, at.to);
        without = no_bid(quotes, &at, QN_CALL) ? without + 1 : 0;
    }
    return at.to;
}

/* The sum of Q(K) dK / K^2: a strike counts once the one above it is known. */
typedef struct strip {
    int64_t count;
    double sum;
    double below, strike, price; /* the last one, and the strike below it */
} strip;

static void add(strip *s, double strike, double price)
{
    if (s->count == 1)
        s->sum += s->price * (strike - s->strike) / (s->strike * s->strike);
    else if (s->count > 1)
        s->sum += s->price * (strike - s->below) / (2 * s->strike * s->strike);
    s->below = s->strike;
    s->strike = strike;
    s->price = price;
    s->count++;
}

static void end(strip *s)
{
    s->sum += s->price * (s->strike - s->below) / (s->strike * s->strike);
}

qn_status qn_variance_strip(double *variance, double *forward, double *strike_, const qn_quote *quotes, int64_t count,
                            double years, double rate, qn_error *err)
{
    *variance = *forward = *strike_ = NAN;
    if (count < 0 || !(years > 0) || !isfinite(years) || !isfinite(rate))
        return qni_error(err, QN_INVALID, "a strip of %" PRId64 " quotes over %g years at a rate of %g cannot be",
                         count, years, rate);
    double growth = exp(rate * years), level = forward_level(quotes, count, growth);
    row center, at;
    if (isnan(level))
        return qni_error(err, QN_DATA, "no strike has a call and a put, both with bid and ask");
    if (!central_strike(&center, quotes, count, level))
        return qni_error(err, QN_DATA, "no strike with a call and a put is at or below the forward %g", level);
    double central = quotes[center.from].strike;
    strip s = {0};
    for (int64_t i = lowest_put(quotes, &center), to = end_of_calls(quotes, count, &center); i < to; i = at.to) {
        at = strike_at(quotes, count, i);
        if (i == center.from)
            add(&s, central, 0.5 * (middle(center.call) + middle(center.put)));
        else if (i < center.from && at.put != NULL)
            add(&s, quotes[i].strike, middle(at.put));
        else if (i > center.from && at.call != NULL)
            add(&s, quotes[i].strike, middle(at.call));
    }
    if (s.count < 2)
        return qni_error(err, QN_DATA, "only the strike %g has options with bid and ask: a strip needs two", central);
    end(&s);
    double above = level / central - 1, found = (2 * growth * s.sum - above * above) / years;
    if (!isfinite(found))
        return qni_error(err, QN_DATA,
                         "the strip around the strike %g has no finite sum: its prices are too large for its strikes",
                         central);
    *forward = level;
    *strike_ = central;
    *variance = found;
    return QN_OK;
}

double qn_vix(double near_variance, double near_minutes, double next_variance, double next_minutes)
{
    const double month = 30 * 24 * 60, year = 365 * 24 * 60;
    double weight = (next_minutes - month) / (next_minutes - near_minutes);
    double total = near_variance * near_minutes / year * weight + next_variance * next_minutes / year * (1 - weight);
    return 100 * sqrt(total * year / month);
}
