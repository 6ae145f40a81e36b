/* Real chains: forwards by parity lie within the quotes of the options near them, rates and yields are those of their
 * day, every expiry has a smile or says why it has none. */
#include "harness/harness.h"

#include <quern/smile.h>

#include <math.h>
#include <stdio.h>

/* So many pairs of good quotes that are nearest to the forward are looked at. */
enum {
    NEAR = 4
};

typedef struct bounds {
    double distance, low, high;
} bounds;

static void keep_nearest(bounds *near, bounds b)
{
    for (int i = 0; i < NEAR; i++) {
        if (b.distance < near[i].distance) {
            bounds out = near[i];
            near[i] = b;
            b = out;
        }
    }
}

/* What each pair of `smile`, without early exercise, allows the forward to be: K + (C - P) / D from bid less ask to ask
 * less bid. Returns how many there are, at most NEAR, the nearest first. */
static int near_pairs(bounds *near, const qn_chain *chain, const qn_smile *smile)
{
    for (int i = 0; i < NEAR; i++)
        near[i] = (bounds){INFINITY, 0, 0};
    for (int64_t i = 0; i < chain->count; i++) {
        const qn_quote *c = &chain->quotes[i];
        if (c->expiry != smile->expiry || c->settlement != smile->settlement || c->type != QN_CALL ||
            c->quote_class != QN_QUOTE_GOOD)
            continue;
        for (int64_t j = i + 1; j < chain->count && chain->quotes[j].strike == c->strike; j++) {
            const qn_quote *p = &chain->quotes[j];
            if (p->type == QN_PUT && p->quote_class == QN_QUOTE_GOOD)
                keep_nearest(near,
                             (bounds){fabs(c->strike - smile->forward), c->strike + (c->bid - p->ask) / smile->discount,
                                      c->strike + (c->ask - p->bid) / smile->discount});
        }
    }
    int n = 0;
    while (n < NEAR && near[n].distance < INFINITY)
        n++;
    return n;
}

static qn_chain *read_chain(const char *folder, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/options/%s", folder, name);
    qn_error err;
    qn_chain *chain;
    assert_ok(qn_chain_read(&chain, path, NULL, &err), &err);
    return chain;
}

static void has_a_smile_or_a_reason(const qn_smile *smile)
{
    if (smile->shape != QN_SMILE_NONE) {
        assert_true(smile->used > 0 && smile->atm_vol > .03 && smile->atm_vol < 3);
        return;
    }
    assert_true(smile->reason[0] != '\0');
}

/* Quotes of one moment: the forward is within the spread of each of the nearest pairs. On 2022-07-12 the Federal
 * Reserve's target was 1.5 to 1.75 % and some 3.5 % were expected within a year; the index yielded about 1.6 %. */
static void spx_gives_the_rates_and_the_yield_of_its_day(void **state)
{
    (void)state;
    const char *folder = test_shared_data("the chain of SPX");
    if (folder == NULL)
        skip();
    qn_chain *chain = read_chain(folder, "cboe_SPX_2022-07-12.csv");
    qn_error err;
    qn_surface *surface;
    assert_ok(qn_surface_new(&surface, chain, NULL, &err), &err);
    assert_false(surface->american);
    assert_true(surface->smile_count >= 50);
    for (int64_t i = 0; i < surface->smile_count; i++) {
        const qn_smile *smile = &surface->smiles[i];
        bounds near[NEAR];
        assert_int_equal(near_pairs(near, chain, smile), NEAR);
        for (int j = 0; j < NEAR; j++)
            assert_true(near[j].low <= smile->forward && smile->forward <= near[j].high);
        has_a_smile_or_a_reason(smile);
        assert_true(smile->rate > .015 && smile->rate < .0365);
        if (smile->calendar_years > .9 && smile->calendar_years < 2)
            assert_close(smile->rate, .033, 0, .003);
        if (smile->calendar_years > .25) /* before it is August, when many dividends are paid */
            assert_close(smile->yield, .0165, 0, .0035);
        if (i == 0)
            continue;
        const qn_smile *before = &surface->smiles[i - 1];
        assert_true(smile->years > before->years && smile->discount <= before->discount);
        if (smile->expiry == before->expiry) {
            assert_int_equal(before->settlement, QN_SETTLEMENT_AM);
            assert_close(smile->forward, before->forward, 1e-4, 0);
        }
    }
    qn_surface_free(surface);
    qn_chain_free(chain);
}

/* Quotes of fifteen minutes: no forward is within the spreads of all pairs, but it is within what they allow together.
 * Not looked at beyond a quarter of a year, where puts are worth more for their early exercise than spreads are
 * wide. */
static void shares_give_forwards_within_what_near_pairs_allow(void **state)
{
    (void)state;
    static const char *const tickers[] = {"IBIT", "AMZN", "AAPL", "NVDA", "TSLA", "SPY"};
    const char *folder = test_shared_data("the chains of six shares and funds");
    if (folder == NULL)
        skip();
    int64_t count = test_effort(1, 6);
    for (int64_t t = 0; t < count; t++) {
        char name[64];
        snprintf(name, sizeof name, "yfinance_%s_2026-02-13.csv", tickers[t]);
        qn_chain *chain = read_chain(folder, name);
        qn_error err;
        qn_surface *surface;
        assert_ok(qn_surface_new(&surface, chain, NULL, &err), &err);
        assert_true(surface->american);
        assert_true(surface->smile_count >= 20);
        for (int64_t i = 0; i < surface->smile_count; i++) {
            const qn_smile *smile = &surface->smiles[i];
            has_a_smile_or_a_reason(smile);
            assert_close(smile->forward / surface->spot, 1, 0, .03 + .06 * smile->years);
            if (smile->pairs < 3 || smile->years > .25)
                continue;
            bounds near[NEAR];
            double low = INFINITY, high = 0;
            for (int j = near_pairs(near, chain, smile) - 1; j >= 0; j--) {
                low = fmin(low, near[j].low);
                high = fmax(high, near[j].high);
            }
            double open = smile->forward_error;
            assert_true(low - open <= smile->forward && smile->forward <= high + open);
        }
        qn_surface_free(surface);
        qn_chain_free(chain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spx_gives_the_rates_and_the_yield_of_its_day),
        cmocka_unit_test(shares_give_forwards_within_what_near_pairs_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
