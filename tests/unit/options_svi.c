/* SVI curves: their values and densities, fits that find them again, and what is done where quotes allow arbitrage or
 * tell too little. */
#include "options/smile_kit.h"

#include <stdlib.h>

/* A. Vogt's example in Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces" (2014): its calls cost less than
 * nothing in a butterfly around k = 0.8. */
static const qn_svi vogt = {.a = -0.0410, .b = 0.1331, .rho = 0.3060, .m = 0.3586, .sigma = 0.4153};

/* One as the market has them. */
static const qn_svi usual = {.a = 0.003, .b = 0.08, .rho = -0.6, .m = 0.04, .sigma = 0.11};

static qn_arena *fresh_arena(void)
{
    qn_arena *arena;
    qn_error err;
    assert_ok(qn_arena_new(&arena, NULL, 0, &err), &err);
    return arena;
}

static double least_density(const qn_svi *svi)
{
    double least = INFINITY;
    for (int i = -40000; i <= 40000; i++)
        least = fmin(least, qn_svi_density(svi, i * 5e-4));
    for (double k = 20; k < 1e6; k *= 1.01)
        least = fmin(least, fmin(qn_svi_density(svi, k), qn_svi_density(svi, -k)));
    return least;
}

/* mpmath, 40 digits: g from the second derivative of Black's call by its strike. */
static void variance_and_density_are_those_of_the_call_prices(void **state)
{
    (void)state;
    static const struct {
        double k, variance, density;
    } known[] = {
        {-1.2, 0.110208189318204638, 0.256734276423791519},   {-0.3, 0.0358086664683405156, 0.476543392775554318},
        {0, 0.0174262525551591223, 1.03864973128179746},      {0.4, 0.0162365696232223425, 0.225599865520899631},
        {0.8, 0.0576441160735601222, -0.0298184615476026589}, {1.1, 0.102303625068698461, -0.0183863844951939257},
        {1.5, 0.167151699886368849, 0.0291238656581985847}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_close(qn_svi_variance(&vogt, known[i].k), known[i].variance, 1e-14, 0);
        assert_close(qn_svi_density(&vogt, known[i].k), known[i].density, 1e-12, 1e-14);
    }
}

static void assert_same_svi(const qn_svi *got, const qn_svi *expected, double within)
{
    assert_close(got->a, expected->a, 0, within);
    assert_close(got->b, expected->b, 0, within);
    assert_close(got->rho, expected->rho, 0, within);
    assert_close(got->m, expected->m, 0, within);
    assert_close(got->sigma, expected->sigma, 0, within);
}

static void a_curve_is_found_again_from_its_own_values(void **state)
{
    (void)state;
    static const qn_svi curves[] = {{0.003, 0.08, -0.6, 0.04, 0.11},
                                    {0.04, 0.2, 0.3, -0.1, 0.4},
                                    {1e-5, 0.004, -0.4, 0.003, 0.006},
                                    {-0.02, 0.25, -0.2, 0.1, 0.5}};
    qn_arena *arena = fresh_arena();
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        kit_expiry e;
        double reach = 6 * sqrt(qn_svi_variance(&curves[i], 0));
        kit_begin(&e, 0.25);
        kit_fill(&e, &curves[i], 41, -reach, reach, 0.002, 0, NULL);
        kit_fit(&e.smile, 1, arena);
        assert_int_equal(e.smile.shape, QN_SMILE_SVI);
        assert_string_equal(e.smile.reason, "");
        assert_same_svi(&e.smile.svi, &curves[i], 1e-8);
        assert_true(e.smile.median_spread_error < 1e-6 && e.smile.rms_error < 1e-8);
        assert_close(e.points[7].fitted_vol, e.points[7].mid_vol, 1e-8, 0);
        assert_close(e.smile.least_density, least_density(&curves[i]), 1e-4, 1e-7);
    }
    qn_arena_free(arena);
}

/* What a fit of points with equal spreads minimises. */
static double cost(const kit_expiry *e, const qn_svi *svi)
{
    double sum = 0;
    for (int64_t i = 0; i < e->smile.point_count; i++) {
        const qn_smile_point *p = &e->points[i];
        double w = p->mid_vol * p->mid_vol * e->smile.years, half = 0.5 * (p->ask_vol - p->bid_vol);
        double r = (qn_svi_variance(svi, p->k) - w) / (2 * p->mid_vol * e->smile.years * half);
        sum += 2 * (sqrt(1 + r * r) - 1);
    }
    return sum;
}

static void quotes_that_allow_a_butterfly_get_a_curve_that_does_not(void **state)
{
    (void)state;
    qn_arena *arena = fresh_arena();
    kit_expiry e;
    kit_begin(&e, 1);
    kit_fill(&e, &vogt, 61, -1.5, 1.5, 0.01, 0, NULL);
    kit_fit(&e.smile, 1, arena);
    assert_int_equal(e.smile.shape, QN_SMILE_SVI);
    assert_contains(e.smile.reason, "held: no butterfly");
    assert_true(least_density(&vogt) < -0.03);
    assert_true(e.smile.least_density >= 0);
    assert_true(least_density(&e.smile.svi) >= 0);
    assert_true(e.smile.median_spread_error < 1);
    /* The paper's own repair, its parameters from the SVI-JW ones given there (v, psi, p, c, v~) = (0.01742625,
     * -0.1752111, 0.6997381, 0.8564763, 0.0116249), is farther from the quotes. */
    const qn_svi paper = {-0.030519911031910985, 0.1027167817813802, 0.10071761320291084, 0.2723441929253749,
                          0.41239814691108884};
    assert_close(qn_svi_variance(&paper, 0), 0.01742625, 1e-12, 0);
    assert_true(least_density(&paper) > 0);
    assert_true(cost(&e, &e.smile.svi) < cost(&e, &paper));
    qn_arena_free(arena);
}

static void expiries_that_cross_are_fitted_so_that_they_do_not(void **state)
{
    (void)state;
    /* The later one has less variance out of the money on the left, by some half spreads. */
    const qn_svi early = {.a = 0.003, .b = 0.09, .rho = -0.65, .m = 0.04, .sigma = 0.11};
    const qn_svi late = {.a = 0.006, .b = 0.08, .rho = -0.55, .m = 0.04, .sigma = 0.11};
    qn_arena *arena = fresh_arena();
    kit_expiry e[2];
    kit_begin(&e[0], 0.25);
    kit_fill(&e[0], &early, 41, -0.4, 0.3, 0.01, 0, NULL);
    kit_begin(&e[1], 0.27);
    kit_fill(&e[1], &late, 41, -0.4, 0.3, 0.01, 0, NULL);
    qn_smile smiles[] = {e[0].smile, e[1].smile};
    kit_fit(smiles, 2, arena);
    assert_true(qn_svi_variance(&early, -0.4) > qn_svi_variance(&late, -0.4));
    for (int i = -100000; i <= 100000; i++) {
        double k = i * 1e-4;
        assert_true(qn_svi_variance(&smiles[1].svi, k) >= qn_svi_variance(&smiles[0].svi, k));
    }
    assert_contains(smiles[0].reason, "below the next expiry");
    assert_true(smiles[0].median_spread_error < 1 && smiles[1].median_spread_error < 1);
    qn_surface surface = {.smiles = smiles, .smile_count = 2};
    qni_surface_calendar(&surface);
    assert_true(surface.least_calendar >= 0);
    assert_int_equal(surface.least_calendar_smile, 0);
    qn_arena_free(arena);
}

static void a_quote_far_off_hardly_moves_the_curve(void **state)
{
    (void)state;
    qn_arena *arena = fresh_arena();
    kit_expiry e;
    kit_begin(&e, 0.25);
    kit_fill(&e, &usual, 41, -0.5, 0.3, 0.005, 0, NULL);
    e.points[12].mid_vol *= 1.5;
    kit_fit(&e.smile, 1, arena);
    for (int i = 0; i < 41; i++)
        if (i != 12)
            assert_close(e.points[i].fitted_vol, e.points[i].mid_vol, 0, 0.1 * 0.005);
    qn_arena_free(arena);
}

static void points_without_weight_or_volatility_do_not_count(void **state)
{
    (void)state;
    qn_arena *arena = fresh_arena();
    kit_expiry e;
    kit_begin(&e, 0.25);
    kit_add(&e, -0.9, 3, 0.001);
    kit_fill(&e, &usual, 41, -0.5, 0.3, 0.005, 0, NULL);
    kit_add(&e, 0.4, (double)NAN, 0.005);
    kit_add(&e, 0.5, 0.9, 0.005);
    e.points[0].weight = e.points[43].weight = 0;
    kit_fit(&e.smile, 1, arena);
    assert_same_svi(&e.smile.svi, &usual, 1e-8);
    assert_close(e.points[0].fitted_vol, sqrt(qn_svi_variance(&usual, -0.9) / 0.25), 1e-7, 0);
    qn_arena_free(arena);
}

static void too_few_strikes_give_one_volatility_and_none_nothing(void **state)
{
    (void)state;
    qn_arena *arena = fresh_arena();
    kit_expiry e[4];
    for (int i = 0; i < 4; i++)
        kit_begin(&e[i], 0.1 * (i + 1));
    kit_add(&e[0], -0.1, 0.3, 0.01);
    kit_add(&e[0], 0.0, 0.2, 0.01);
    kit_add(&e[0], 0.1, 0.3, 0.01);
    e[2].smile.reason = "no forward";
    kit_fill(&e[3], &usual, 5, -0.3, 0.2, 0.01, 0, NULL);
    qn_smile smiles[] = {e[0].smile, e[1].smile, e[2].smile, e[3].smile};
    kit_fit(smiles, 4, arena);
    assert_int_equal(smiles[0].shape, QN_SMILE_FLAT);
    assert_string_equal(smiles[0].reason, "3 usable strikes: too few for SVI");
    assert_true(smiles[0].atm_vol > 0.2 && smiles[0].atm_vol < 0.3);
    assert_close(smiles[0].put25_vol, smiles[0].atm_vol, 1e-15, 0);
    assert_close(smiles[0].risk_reversal, 0, 0, 1e-15);
    assert_true(smiles[0].svi.b == 0 && smiles[0].svi.sigma == 0);
    assert_int_equal(smiles[1].shape, QN_SMILE_NONE);
    assert_string_equal(smiles[1].reason, "no usable quote");
    assert_true(isnan(smiles[1].atm_vol) && isnan(qn_smile_variance(&smiles[1], 0)));
    assert_int_equal(smiles[2].shape, QN_SMILE_NONE);
    assert_string_equal(smiles[2].reason, "no forward");
    assert_int_equal(smiles[3].shape, QN_SMILE_SVI);
    qn_arena_free(arena);
}

static void a_fit_that_is_far_from_its_quotes_says_so(void **state)
{
    (void)state;
    qn_arena *arena = fresh_arena();
    kit_expiry e;
    kit_begin(&e, 0.25);
    for (int i = 0; i < 40; i++)
        kit_add(&e, -0.4 + 0.02 * i, i % 2 == 0 ? 0.2 : 0.3, 0.001);
    kit_fit(&e.smile, 1, arena);
    assert_int_equal(e.smile.shape, QN_SMILE_SVI);
    assert_contains(e.smile.reason, "a poor fit: its median error is ");
    assert_contains(e.smile.reason, " half spreads");
    qn_arena_free(arena);
}

static void an_expiry_within_the_hour_and_one_in_ten_years_are_fitted_alike(void **state)
{
    (void)state;
    static const double years[] = {1e-4, 10};
    qn_arena *arena = fresh_arena();
    for (int i = 0; i < 2; i++) {
        double deviation = 0.2 * sqrt(years[i]);
        const qn_svi svi = {deviation * deviation * 0.7, 0.25 * deviation, -0.3, 0.1 * deviation, deviation};
        kit_expiry e;
        kit_begin(&e, years[i]);
        kit_fill(&e, &svi, 21, -4 * deviation, 4 * deviation, 0.01, 0, NULL);
        kit_fit(&e.smile, 1, arena);
        assert_close(e.smile.svi.sigma, svi.sigma, 1e-6, 0);
        assert_close(e.smile.svi.b, svi.b, 1e-6, 0);
        assert_true(e.smile.median_spread_error < 1e-5);
    }
    qn_arena_free(arena);
}

static double normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static void volatilities_at_deltas_are_where_the_delta_is_that(void **state)
{
    (void)state;
    qn_smile smile = {.years = 0.25, .shape = QN_SMILE_SVI, .svi = usual};
    qni_smile_derive(&smile);
    assert_close(smile.atm_vol, sqrt(qn_svi_variance(&usual, 0) / 0.25), 1e-15, 0);
    /* The strike of a known delta and volatility has a k of its own, and there the curve has that volatility. */
    const double vols[] = {smile.put25_vol, smile.call25_vol}, deltas[] = {0.75, 0.25};
    for (int i = 0; i < 2; i++) {
        double deviation = vols[i] * sqrt(0.25), quarter = i == 0 ? 0.67448975019608174 : -0.67448975019608174;
        assert_close(normal(quarter), deltas[i], 1e-15, 0);
        double k = deviation * (0.5 * deviation - quarter);
        assert_close(sqrt(qn_svi_variance(&usual, k) / 0.25), vols[i], 1e-13, 0);
    }
    assert_close(smile.risk_reversal, smile.call25_vol - smile.put25_vol, 0, 0);
    assert_close(smile.butterfly, 0.5 * (smile.call25_vol + smile.put25_vol) - smile.atm_vol, 0, 0);
    assert_true(smile.risk_reversal < -0.01);
}

static void between_expiries_variance_is_linear_in_time(void **state)
{
    (void)state;
    qn_svi later = usual;
    later.a += 0.01;
    const qn_smile smiles[] = {{.years = 0.1, .shape = QN_SMILE_NONE},
                               {.years = 0.25, .shape = QN_SMILE_SVI, .svi = usual},
                               {.years = 0.5, .shape = QN_SMILE_SVI, .svi = later}};
    const qn_surface surface = {.smiles = smiles, .smile_count = 3};
    double w = qn_svi_variance(&usual, -0.1);
    assert_close(qn_surface_variance(&surface, 0, -0.1), 0, 0, 0);
    assert_close(qn_surface_variance(&surface, 0.1, -0.1), 0.4 * w, 1e-15, 0);
    assert_close(qn_surface_variance(&surface, 0.25, -0.1), w, 1e-15, 0);
    assert_close(qn_surface_variance(&surface, 0.3, -0.1), w + 0.002, 1e-14, 0);
    assert_close(qn_surface_variance(&surface, 0.5, -0.1), w + 0.01, 1e-15, 0);
    assert_close(qn_surface_variance(&surface, 2, -0.1), 4 * (w + 0.01), 1e-15, 0);
    assert_true(isnan(qn_surface_variance(&surface, -1, 0)));
    const qn_surface nothing = {.smiles = smiles, .smile_count = 1};
    assert_true(isnan(qn_surface_variance(&nothing, 1, 0)));
}

static bool stop_now(void *user)
{
    return --*(int *)user < 0;
}

static void whoever_asks_to_stop_is_heard_between_expiries(void **state)
{
    (void)state;
    qn_arena *arena = fresh_arena();
    for (int after = 0; after < 6; after += 3) {
        kit_expiry e[2];
        int left = after;
        const qn_surface_options options = {.size = sizeof options, .should_stop = stop_now, .should_stop_user = &left};
        for (int i = 0; i < 2; i++) {
            kit_begin(&e[i], 0.25 + i);
            kit_fill(&e[i], &usual, 21, -0.3, 0.3, 0.01, 0, NULL);
        }
        qn_smile smiles[] = {e[0].smile, e[1].smile};
        qn_error err;
        assert_int_equal(qni_smiles_fit(smiles, 2, &options, arena, &err), QN_INTERRUPTED);
        assert_contains(err.message, "interrupted");
    }
    qn_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variance_and_density_are_those_of_the_call_prices),
        cmocka_unit_test(a_curve_is_found_again_from_its_own_values),
        cmocka_unit_test(quotes_that_allow_a_butterfly_get_a_curve_that_does_not),
        cmocka_unit_test(expiries_that_cross_are_fitted_so_that_they_do_not),
        cmocka_unit_test(a_quote_far_off_hardly_moves_the_curve),
        cmocka_unit_test(points_without_weight_or_volatility_do_not_count),
        cmocka_unit_test(too_few_strikes_give_one_volatility_and_none_nothing),
        cmocka_unit_test(a_fit_that_is_far_from_its_quotes_says_so),
        cmocka_unit_test(an_expiry_within_the_hour_and_one_in_ten_years_are_fitted_alike),
        cmocka_unit_test(volatilities_at_deltas_are_where_the_delta_is_that),
        cmocka_unit_test(between_expiries_variance_is_linear_in_time),
        cmocka_unit_test(whoever_asks_to_stop_is_heard_between_expiries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
