/* scan/fills.c: at what price legs are taken to be filled, and their derivatives.
 *
 * A fill lies on the way from the middle of the quote to the side that takes the order: what is sold brings the middle
 * less a part of half the spread, what is bought costs the middle and as much. Derivatives are those of Black (1976) by
 * the forward of the leg's expiry, at its volatility by the smile, discounted; early exercise has no part in them. Time
 * is the surface's. */
#include "scan/build_int.h"

#include <quern/black.h>

#include <math.h>

static void fill_one(qn_leg *leg, const qn_quote *quote, double fill)
{
    double half = (quote->ask - quote->bid) / 2;
    leg->bid = quote->bid;
    leg->ask = quote->ask;
    leg->price = quote->bid + half + (leg->quantity < 0 ? -fill : fill) * half;
    leg->open_interest = quote->open_interest;
}

qn_status qni_legs_fill(const qni_build *b, qn_error *err)
{
    double forward[QN_LEGS_MAX], strike[QN_LEGS_MAX], years[QN_LEGS_MAX], rate[QN_LEGS_MAX], sigma[QN_LEGS_MAX];
    double delta[QN_LEGS_MAX], gamma[QN_LEGS_MAX], vega[QN_LEGS_MAX], theta[QN_LEGS_MAX];
    int8_t types[QN_LEGS_MAX];
    int64_t count = b->recipe->leg_count;
    for (int64_t i = 0; i < count; i++) {
        const qn_smile *smile = b->ladders[b->recipe->legs[i].expiry].smile;
        qn_leg *leg = &b->legs[i];
        fill_one(leg, &b->quotes[leg->quote], b->subject->settings->fill);
        leg->sigma = sqrt(qn_smile_variance(smile, log(leg->strike / smile->forward)) / smile->years);
        forward[i] = smile->forward;
        strike[i] = leg->strike;
        years[i] = smile->years;
        rate[i] = -log(smile->discount) / smile->years; /* so that its discount is the smile's by any clock */
        sigma[i] = leg->sigma;
        types[i] = leg->type;
    }
    qn_option_batch batch;
    qn_option_batch_init(&batch, sizeof batch);
    batch.count = count;
    batch.types = types;
    batch.forward = (qn_numbers){forward, 1};
    batch.strike = (qn_numbers){strike, 1};
    batch.years = (qn_numbers){years, 1};
    batch.rate = (qn_numbers){rate, 1};
    batch.sigma = (qn_numbers){sigma, 1};
    qn_option_results results;
    qn_option_results_init(&results, sizeof results);
    results.delta = delta;
    results.gamma = gamma;
    results.vega = vega;
    results.theta = theta;
    qn_status s = qn_black_price(&results, &batch, err);
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        b->legs[i].delta = delta[i];
        b->legs[i].gamma = gamma[i];
        b->legs[i].vega = vega[i];
        b->legs[i].theta = theta[i];
    }
    return s;
}
