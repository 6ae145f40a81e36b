/* Surfaces of real chains: no arbitrage at any of many strikes, and curves within the quotes. */
#include "harness/harness.h"

#include <quern/smile.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static qn_surface *surface_of(const char *folder, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/options/%s", folder, name);
    qn_error err;
    qn_chain *chain;
    qn_surface *surface;
    assert_ok(qn_chain_read(&chain, path, NULL, &err), &err);
    assert_ok(qn_surface_new(&surface, chain, NULL, &err), &err);
    qn_chain_free(chain);
    return surface;
}

/* Fine about the money of a day as of years, and far out. */
static double nth_k(int i)
{
    double t = i / 1500.0 - 1;
    return i % 2 == 0 ? t : 300 * t * t * t;
}

static void assert_no_arbitrage(const qn_surface *surface)
{
    const qn_smile *before = NULL;
    for (int64_t i = 0; i < surface->smile_count; i++) {
        const qn_smile *smile = &surface->smiles[i];
        if (smile->shape != QN_SMILE_SVI) {
            assert_true(smile->reason[0] != '\0');
            continue;
        }
        assert_true(smile->least_density >= 0);
        for (int j = 0; j <= 3000; j++) {
            double k = nth_k(j), w = qn_svi_variance(&smile->svi, k);
            assert_true(w > 0);
            assert_true(qn_svi_density(&smile->svi, k) >= 0);
            if (before != NULL) /* a, b and rho round to so much of a wing */
                assert_true(w - qn_svi_variance(&before->svi, k) >= -1e-12 * (w + smile->svi.b * fabs(k)));
        }
        before = smile;
    }
    assert_true(surface->least_calendar >= 0);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median, over the strikes of all expiries that are quoted best, of the distance from curve to mid in spreads. */
static double median_of_spreads(const qn_surface *surface)
{
    int64_t most = 0, n = 0;
    for (int64_t i = 0; i < surface->smile_count; i++)
        most += surface->smiles[i].point_count;
    double *spreads = malloc((size_t)most * sizeof *spreads);
    assert_non_null(spreads);
    for (int64_t i = 0; i < surface->smile_count; i++)
        for (int64_t j = 0; j < surface->smiles[i].point_count; j++) {
            const qn_smile_point *p = &surface->smiles[i].points[j];
            if (p->weight > 0.1 && p->ask_vol > p->bid_vol)
                spreads[n++] = fabs(p->fitted_vol - p->mid_vol) / (p->ask_vol - p->bid_vol);
        }
    assert_true(n > 0);
    qsort(spreads, (size_t)n, sizeof *spreads, ascending);
    double median = spreads[n / 2];
    free(spreads);
    return median;
}

static void spx_has_a_surface_within_its_spreads(void **state)
{
    (void)state;
    const char *folder = test_shared_data("the chain of SPX");
    if (folder == NULL)
        skip();
    qn_surface *surface = surface_of(folder, "cboe_SPX_2022-07-12.csv");
    for (int64_t i = 0; i < surface->smile_count; i++)
        assert_int_equal(surface->smiles[i].shape, QN_SMILE_SVI);
    assert_no_arbitrage(surface);
    assert_true(median_of_spreads(surface) < 1);
    qn_surface_free(surface);
}

static void shares_and_funds_have_surfaces_without_arbitrage(void **state)
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
        qn_surface *surface = surface_of(folder, name);
        assert_no_arbitrage(surface);
        qn_surface_free(surface);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spx_has_a_surface_within_its_spreads),
        cmocka_unit_test(shares_and_funds_have_surfaces_without_arbitrage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
