/* Random surfaces with noise, fitted together: never arbitrage, whatever the quotes, and the same curve in other units
 * and seen in a mirror. */
#include "options/smile_kit.h"

#include "options/svi_int.h"

#include <stdio.h>

enum {
    MOST = 8
};

static double between(uint64_t *random, double low, double high)
{
    return low + (high - low) * test_random_unit(random);
}

/* A curve of an expiry whose deviation at the money is about this. Most allow no butterfly, some do. */
static qn_svi random_svi(uint64_t *random, double deviation)
{
    double rho = between(random, -0.95, 0.8), sigma = deviation * between(random, 0.1, 3);
    double b = deviation * between(random, 0.05, 1), least = deviation * deviation * between(random, 0.1, 1);
    return (qn_svi){.a = least - b * sigma * sqrt(1 - rho * rho),
                    .b = b,
                    .rho = rho,
                    .m = deviation * between(random, -0.7, 0.7),
                    .sigma = sigma};
}

/* Nodes that no fit has: a fine uniform grid, and far out. */
static double nth_k(int64_t i, int64_t count, double reach)
{
    double t = 2.0 * (double)i / (double)(count - 1) - 1;
    return i % 2 == 0 ? reach * t : reach * t * t * t * 1000;
}

static void assert_no_arbitrage(const qn_smile *smiles, int64_t count, int64_t nodes)
{
    const qn_smile *before = NULL;
    for (int64_t i = 0; i < count; i++) {
        if (smiles[i].shape != QN_SMILE_SVI)
            continue;
        double reach = 3 * sqrt(qn_svi_variance(&smiles[i].svi, 0)) + 4 * smiles[i].svi.sigma;
        assert_true(smiles[i].least_density >= 0);
        for (int64_t j = 0; j < nodes; j++) {
            double k = nth_k(j, nodes, reach), w = qn_svi_variance(&smiles[i].svi, k);
            assert_true(w >= 0);
            assert_true(qn_svi_density(&smiles[i].svi, k) >= 0);
            /* a, b and rho round to so much of a wing. */
            if (before != NULL)
                assert_true(w - qn_svi_variance(&before->svi, k) >= -1e-12 * (w + smiles[i].svi.b * fabs(k)));
        }
        before = &smiles[i];
    }
}

static void random_surfaces_are_fitted_without_arbitrage(void **state)
{
    (void)state;
    uint64_t random = test_seed(91);
    for (int64_t i = 0; i < test_effort(60, 5000); i++) {
        kit_expiry e[MOST];
        qn_smile smiles[MOST];
        qn_arena *arena;
        assert_int_equal(qn_arena_new(&arena, NULL, 0, NULL), QN_OK);
        int64_t count = 1 + test_random_below(&random, MOST);
        double years = exp(between(&random, -9, 0)), vol = between(&random, 0.1, 0.8);
        qn_svi svi = {0};
        for (int64_t j = 0; j < count; j++) {
            double deviation = vol * sqrt(years), half = vol * between(&random, 0.001, 0.1);
            /* Half of the expiries go on from the one before, as on a market; the others are anything. */
            svi = j > 0 && test_random_below(&random, 2) == 0 ? svi : random_svi(&random, deviation);
            kit_begin(&e[j], years);
            kit_fill(&e[j], &svi, (int)(5 + test_random_below(&random, 60)), -deviation * between(&random, 0.3, 6),
                     deviation * between(&random, 0.3, 5), half, between(&random, 0, 4), &random);
            smiles[j] = e[j].smile;
            years *= between(&random, 1.001, 2.5);
        }
        for (int64_t j = 0; j < count; j++)
            for (int64_t k = 0; k < smiles[j].point_count; k++)
                e[j].points[k].mid_vol = fmax(e[j].points[k].mid_vol, 0.01);
        kit_fit(smiles, count, arena);
        assert_no_arbitrage(smiles, count, 2001);
        qn_surface surface = {.smiles = smiles, .smile_count = count};
        qni_surface_calendar(&surface);
        assert_true(count == 1 || surface.least_calendar >= 0);
        qn_arena_free(arena);
    }
}

/* An expiry with its points at factor[0] k (in order), factor[1] times the volatility and factor[2] the years. */
static void like(kit_expiry *out, const kit_expiry *e, double k, double vol, double years)
{
    int64_t n = e->smile.point_count;
    kit_begin(out, e->smile.years * years);
    for (int64_t i = 0; i < n; i++) {
        const qn_smile_point *p = &e->points[k < 0 ? n - 1 - i : i];
        kit_add(out, p->k * k, p->mid_vol * vol, 0.5 * (p->ask_vol - p->bid_vol) * vol);
    }
}

static void a_mirrored_or_rescaled_smile_has_the_same_curve(void **state)
{
    (void)state;
    uint64_t random = test_seed(92);
    for (int64_t i = 0; i < test_effort(40, 3000); i++) {
        kit_expiry e, other;
        qn_arena *arena;
        assert_int_equal(qn_arena_new(&arena, NULL, 0, NULL), QN_OK);
        double years = exp(between(&random, -6, 0)), deviation = 0.3 * sqrt(years);
        qn_svi svi = {.a = 0.5 * deviation * deviation,
                      .b = 0.3 * deviation,
                      .rho = between(&random, -0.7, 0.7),
                      .m = deviation * between(&random, -0.5, 0.5),
                      .sigma = deviation * between(&random, 0.5, 1.5)};
        kit_begin(&e, years);
        kit_fill(&e, &svi, 41, -5 * deviation, 5 * deviation, 0.01, 0.5, &random);
        kit_fit(&e.smile, 1, arena);
        like(&other, &e, -1, 1, 1);
        kit_fit(&other.smile, 1, arena);
        for (int64_t j = 0; j < 41; j++)
            assert_close(other.points[j].fitted_vol, e.points[40 - j].fitted_vol, 1e-6, 0);
        like(&other, &e, 1, 0.5, 4); /* the same total variance */
        kit_fit(&other.smile, 1, arena);
        for (int64_t j = 0; j < 41; j++)
            assert_close(other.points[j].fitted_vol, 0.5 * e.points[j].fitted_vol, 1e-6, 0);
        qn_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_surfaces_are_fitted_without_arbitrage),
        cmocka_unit_test(a_mirrored_or_rescaled_smile_has_the_same_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
