/* options/made.c: Black's formula, a binomial tree, and quotes around their prices. The tree keeps its row between
 * calls: one thread. */
#include "options/made.h"

#include <math.h>

double made_black(double forward, double strike, double years, double sigma, qn_option_type type)
{
    double deviation = sigma * sqrt(years), d1 = log(forward / strike) / deviation + 0.5 * deviation;
    double sign = (double)type;
    return sign *
           (forward * 0.5 * erfc(-sign * d1 / sqrt(2)) - strike * 0.5 * erfc(-sign * (d1 - deviation) / sqrt(2)));
}

/* Cox, Ross and Rubinstein's tree; the last step is Black's formula, which smooths it (Broadie and Detemple 1996). */
double made_american(double spot, double strike, double years, double rate, double yield, double sigma,
                     qn_option_type type)
{
    enum {
        STEPS = 1000
    };
    static double value[STEPS + 1];
    double dt = years / STEPS, up = exp(sigma * sqrt(dt)), discount = exp(-rate * dt), sign = (double)type;
    double p = (exp((rate - yield) * dt) - 1 / up) / (up - 1 / up);
    for (int step = STEPS - 1; step >= 0; step--) {
        double share = spot * pow(up, -step);
        for (int i = 0; i <= step; i++, share *= up * up) {
            double wait = step == STEPS - 1
                              ? discount * made_black(share * exp((rate - yield) * dt), strike, dt, sigma, type)
                              : discount * (p * value[i + 1] + (1 - p) * value[i]);
            value[i] = fmax(wait, sign * (share - strike));
        }
    }
    return value[0];
}

double made_years(const made_market *market, const made_expiry *expiry)
{
    return (double)(qn_market_expiry(expiry->day, expiry->settlement) - market->as_of_us) / (365.0 * 86400e6);
}

static double price(const made_market *market, const made_expiry *expiry, double strike, qn_option_type type)
{
    double years = made_years(market, expiry), sigma = expiry->sigma;
    if (expiry->svi != NULL)
        sigma = sqrt(qn_svi_variance(expiry->svi, log(strike / expiry->forward)) / years);
    if (!market->american)
        return exp(-expiry->rate * years) * made_black(expiry->forward, strike, years, sigma, type);
    double yield = expiry->rate - log(expiry->forward / market->spot) / years;
    return made_american(market->spot, strike, years, expiry->rate, yield, sigma, type);
}

int64_t made_quotes(qn_quote *out, const made_market *market, const made_expiry *expiry)
{
    for (int64_t i = 0; i < 2 * expiry->strikes; i++) {
        double strike = expiry->first_strike + expiry->step * (double)(i / 2);
        qn_option_type type = i % 2 == 0 ? QN_CALL : QN_PUT;
        double middle = price(market, expiry, strike, type);
        double half = fmax(market->least_half, market->half_spread * middle);
        out[i] = (qn_quote){
            .expiry = expiry->day,
            .type = (int8_t)type,
            .settlement = (uint8_t)expiry->settlement,
            .strike = strike,
            .bid = middle > half ? middle - half : 0,
            .ask = middle > half ? middle + half : 2 * half,
            .last = (double)NAN,
            .last_us = INT64_MIN,
            .volume = (double)NAN,
            .open_interest = (double)NAN,
            .provider_implied = (double)NAN,
        };
    }
    return 2 * expiry->strikes;
}

qn_chain *made_chain(const char *ticker, const qn_quote *quotes, int64_t count, const made_market *market)
{
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.as_of_us = market->as_of_us;
    options.spot = isnan(market->spot) ? 0 : market->spot;
    qn_error err;
    qn_chain *chain;
    assert_ok(qn_chain_from_quotes(&chain, ticker, quotes, count, &options, &err), &err);
    return chain;
}
