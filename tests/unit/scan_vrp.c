/* Ratios of implied to past moves, their tiers and the distribution that they are held against; and liquidity. */
#include "harness/harness.h"
#include "options/made_event.h"

#include <math.h>
#include <string.h>

/* A subject for which only what is compared is known. */
typedef struct vrp_case {
    qn_scan_settings settings;
    qn_scan_options options;
    qn_scan_ticker result;
    qni_subject subject;
} vrp_case;

static void start(vrp_case *c)
{
    qn_error err;
    memset(c, 0, sizeof *c);
    qn_scan_settings_init(&c->settings, sizeof c->settings);
    qn_scan_options_init(&c->options, sizeof c->options);
    c->options.reference = qn_reference_default();
    c->subject.settings = &c->settings;
    c->subject.options = &c->options;
    c->subject.result = &c->result;
    assert_ok(qn_arena_new(&c->subject.arena, NULL, 0, &err), &err);
    c->result.history.expected = 0.04;
    c->result.history.low = 0.03;
    c->result.history.high = 0.05;
    c->result.history.error = 0.006;
    c->result.event.implied_move = 0.06;
    c->result.event.implied_move_error = 0.003;
}

static const qn_vrp *judge(vrp_case *c)
{
    qn_error err;
    assert_ok(qni_vrp(&c->subject, &err), &err);
    return &c->result.vrp;
}

static void end(vrp_case *c)
{
    qn_arena_free(c->subject.arena);
}

static qn_tier tier_at(qn_tiers tiers, double ratio)
{
    vrp_case c;
    start(&c);
    c.options.tiers = tiers;
    c.result.event.implied_move = ratio * c.result.history.expected;
    qn_tier tier = judge(&c)->tier;
    end(&c);
    return tier;
}

/* Ratios at which excellent, good and marginal begin. */
static void fixed_tiers_are_those_of_their_table(void **state)
{
    (void)state;
    static const struct {
        qn_tiers tiers;
        double excellent, good, marginal;
    } table[] = {{QN_TIERS_BALANCED, 1.8, 1.4, 1.2},
                 {QN_TIERS_CONSERVATIVE, 2, 1.5, 1.2},
                 {QN_TIERS_AGGRESSIVE, 1.5, 1.3, 1.1},
                 {QN_TIERS_LEGACY, 7, 4, 1.5}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double above = 1 + 1e-9, below = 1 - 1e-9;
        assert_int_equal(tier_at(table[i].tiers, table[i].excellent * above), QN_TIER_EXCELLENT);
        assert_int_equal(tier_at(table[i].tiers, table[i].excellent * below), QN_TIER_GOOD);
        assert_int_equal(tier_at(table[i].tiers, table[i].good * above), QN_TIER_GOOD);
        assert_int_equal(tier_at(table[i].tiers, table[i].good * below), QN_TIER_MARGINAL);
        assert_int_equal(tier_at(table[i].tiers, table[i].marginal * above), QN_TIER_MARGINAL);
        assert_int_equal(tier_at(table[i].tiers, table[i].marginal * below), QN_TIER_REJECT);
    }
}

/* From 0 to 4 at an even pace of the logarithm: the percentile of e^x is x / 4. */
static void percentile_tiers_are_by_the_settings_and_the_reference(void **state)
{
    (void)state;
    static const double p[] = {0, 1}, ratio[] = {1, 54.598150033144236};
    static const qn_reference even = {.name = "even", .source = "made", .count = 2, .p = p, .ratio = ratio};
    static const struct {
        double percentile;
        qn_tier tier;
    } table[] = {{0.49, QN_TIER_REJECT}, {0.51, QN_TIER_MARGINAL}, {0.69, QN_TIER_MARGINAL},
                 {0.71, QN_TIER_GOOD},   {0.89, QN_TIER_GOOD},     {0.91, QN_TIER_EXCELLENT}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        vrp_case c;
        start(&c);
        c.options.reference = &even;
        c.result.event.implied_move = 0.04 * exp(4 * table[i].percentile);
        assert_close(judge(&c)->percentile, table[i].percentile, 1e-12, 0);
        assert_int_equal(c.result.vrp.tier, table[i].tier);
        c.settings.tier_marginal = 0.2;
        assert_true(judge(&c)->tier >= QN_TIER_MARGINAL);
        end(&c);
    }
}

/* By Python: 1.5 exp(-hypot(log(.06 / (.06 - z .003)), log(.05 / .04))) with z = 1.6448536269514722, and above with
 * log1p(z .003 / .06) and log(.04 / .03). */
static void the_interval_has_both_errors(void **state)
{
    (void)state;
    vrp_case c;
    start(&c);
    const qn_vrp *v = judge(&c);
    assert_close(v->ratio, 1.5, 1e-12, 0);
    assert_close(v->low, 1.181029659898, 1e-9, 0);
    assert_close(v->high, 2.021432631695, 1e-9, 0);
    c.result.event.implied_move_error = 0; /* what is left is the past's */
    v = judge(&c);
    assert_close(v->low, 0.06 / 0.05, 1e-12, 0);
    assert_close(v->high, 0.06 / 0.03, 1e-12, 0);
    c.settings.confidence = 0.99; /* the past's interval was made with it; the implied move's widens */
    c.result.event.implied_move_error = 0.003;
    assert_true(judge(&c)->low < 1.181029659898 && c.result.vrp.high > 2.021432631695);
    end(&c);
}

static void no_premium_is_a_ratio_of_nothing_with_an_upper_end(void **state)
{
    (void)state;
    vrp_case c;
    start(&c);
    c.result.event.implied_move = 0;
    const qn_vrp *v = judge(&c);
    assert_true(v->ratio == 0 && v->low == 0 && v->high > 0 && isfinite(v->high));
    assert_int_equal(v->tier, QN_TIER_REJECT);
    assert_null(c.subject.reject);
    c.result.event.implied_move = 0.001; /* below its error */
    v = judge(&c);
    assert_true(v->low == 0 && v->high > v->ratio && isfinite(v->high));
    end(&c);
}

static void a_ratio_below_the_least_is_rejected_with_a_reason(void **state)
{
    (void)state;
    vrp_case c;
    start(&c);
    c.settings.vrp_least = 1.6;
    assert_int_equal(judge(&c)->tier, QN_TIER_REJECT);
    assert_int_equal(c.result.reason_count, 1);
    assert_contains(c.result.reasons[0], "1.50 times");
    c.settings.vrp_least = 1.4;
    assert_true(judge(&c)->tier > QN_TIER_REJECT);
    assert_int_equal(c.result.reason_count, 1);
    end(&c);
}

static void a_past_without_moves_is_nothing_to_compare_with(void **state)
{
    (void)state;
    const double nothing[] = {0, NAN};
    for (int i = 0; i < 2; i++) {
        vrp_case c;
        start(&c);
        c.result.history.expected = nothing[i];
        assert_true(isnan(judge(&c)->ratio));
        assert_non_null(c.subject.reject);
        end(&c);
    }
}

/* ---- the reference ---- */

/* The mean of a distribution whose logarithm is linear in p between points: sum of dp (b - a) / log(b / a). */
static void the_default_has_the_figures_that_are_known(void **state)
{
    (void)state;
    const qn_reference *r = qn_reference_default();
    double mean = 0;
    for (int64_t i = 1; i < r->count; i++) {
        assert_true(r->p[i] > r->p[i - 1] && r->ratio[i] > r->ratio[i - 1]);
        mean += (r->p[i] - r->p[i - 1]) * (r->ratio[i] - r->ratio[i - 1]) / log(r->ratio[i] / r->ratio[i - 1]);
    }
    assert_true(r->p[0] == 0 && r->p[r->count - 1] == 1);
    assert_close(mean, 1.15, 0, 0.005);
    assert_close(qn_reference_percentile(r, 1.8), 0.95, 1e-12, 0);
    assert_close(qn_reference_percentile(r, 4), 0.99, 1e-12, 0);
    assert_string_equal(r->name, "events-250");
    assert_contains(r->source, "250");
}

static void percentiles_rise_and_stay_between_0_and_1(void **state)
{
    (void)state;
    const qn_reference *r = qn_reference_default();
    double last = 0;
    for (double x = 0.01; x < 100; x *= 1.01) {
        double p = qn_reference_percentile(r, x);
        assert_true(p >= last && p <= 1);
        last = p;
    }
    assert_true(qn_reference_percentile(r, 0) == 0 && qn_reference_percentile(r, -1) == 0);
    assert_true(qn_reference_percentile(r, INFINITY) == 1);
    assert_true(isnan(qn_reference_percentile(r, NAN)));
    assert_close(qn_reference_percentile(r, sqrt(1.3 * 1.8)), 0.85, 1e-12, 0); /* half way in the logarithm */
}

/* ---- liquidity ---- */

static const qn_quote fine = {
    .type = QN_CALL, .strike = 100, .bid = 0.99, .ask = 1.01, .open_interest = 1000, .volume = 7};

static qn_liquidity of(const qn_quote *quotes, int64_t count)
{
    qn_scan_settings settings;
    qn_scan_settings_init(&settings, sizeof settings);
    const int64_t all[] = {0, 1, 2, 3};
    qn_chain chain = {.count = count, .quotes = quotes};
    return qni_liquidity_of(&chain, all, count, &settings);
}

static void liquidity_is_the_worse_of_interest_and_spread(void **state)
{
    (void)state;
    static const struct {
        double interest, spread_pct;
        qn_tier tier;
    } table[] = {
        {200, 11.9, QN_TIER_EXCELLENT}, {199, 11.9, QN_TIER_GOOD},    {100, 11.9, QN_TIER_GOOD},
        {99, 11.9, QN_TIER_WARNING},    {50, 11.9, QN_TIER_WARNING},  {49, 11.9, QN_TIER_REJECT},
        {1000, 12.1, QN_TIER_GOOD},     {1000, 17.9, QN_TIER_GOOD},   {1000, 18.1, QN_TIER_WARNING},
        {1000, 25, QN_TIER_WARNING},    {1000, 25.1, QN_TIER_REJECT}, {99, 12.1, QN_TIER_WARNING},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        qn_quote q = fine;
        q.open_interest = table[i].interest;
        q.bid = 8 * (1 - table[i].spread_pct / 200); /* whole numbers but for the spread */
        q.ask = 8 * (1 + table[i].spread_pct / 200);
        qn_liquidity l = of(&q, 1);
        assert_close(l.spread_pct, table[i].spread_pct, 1e-12, 0);
        assert_int_equal(l.tier, table[i].tier);
    }
}

static void the_liquidity_of_legs_is_that_of_the_worst(void **state)
{
    (void)state;
    qn_quote legs[] = {fine, fine, fine};
    legs[1].open_interest = 60;
    legs[2].bid = 0.9;
    legs[2].ask = 1.1;
    qn_liquidity l = of(legs, 3);
    assert_close(l.open_interest, 60, 0, 0);
    assert_close(l.spread_pct, 20, 1e-12, 0);
    assert_close(l.volume, 7, 0, 0);
    assert_int_equal(l.options, 3);
    assert_int_equal(l.tier, QN_TIER_WARNING);
}

static void a_side_that_is_missing_is_a_spread_of_200_per_cent(void **state)
{
    (void)state;
    qn_quote legs[] = {fine, fine};
    legs[1].bid = 0;
    legs[1].quote_class = QN_QUOTE_ONE_SIDED;
    qn_liquidity l = of(legs, 2);
    assert_close(l.spread_pct, 200, 0, 0);
    assert_int_equal(l.tier, QN_TIER_REJECT);
}

static void an_open_interest_that_nobody_told_is_good_at_best(void **state)
{
    (void)state;
    qn_quote q = fine;
    q.open_interest = NAN;
    assert_true(isnan(of(&q, 1).open_interest));
    assert_int_equal(of(&q, 1).tier, QN_TIER_GOOD);
    qn_quote legs[] = {fine, q}; /* nor does what is told of another leg speak for it */
    assert_int_equal(of(legs, 2).tier, QN_TIER_GOOD);
    q.bid = 0.5;
    assert_int_equal(of(&q, 1).tier, QN_TIER_REJECT);
    assert_int_equal(of(&q, 0).tier, QN_TIER_REJECT); /* nothing to trade */
}

/* Of the first expiry after the report, near the money: open interest 500 there, spreads of 4 %; what is further away
 * or later may be worse. */
static void a_tickers_liquidity_is_the_median_near_the_money(void **state)
{
    (void)state;
    int64_t noon = INT64_C(1771002000000000); /* 2026-02-13T17:00Z */
    int32_t report = 20509;                   /* 2026-02-25 */
    made_scene scene = {.as_of_us = noon,
                        .spot = 100,
                        .diffusive = 0.16,
                        .event = 0.0049,
                        .event_us = qn_market_expiry(report, QN_SETTLEMENT_PM),
                        .half_spread = 0.02,
                        .days = {report - 5, report + 2, report + 9},
                        .count = 3};
    qn_quote quotes[2 * MADE_STRIKES * 3];
    int64_t n = made_scene_quotes(quotes, &scene), near = 0;
    double deviation = sqrt(made_scene_variance(&scene, 1));
    for (int64_t i = 0; i < n; i++) {
        bool is_near = quotes[i].expiry == report + 2 && fabs(log(quotes[i].strike / 100)) < 0.84 * deviation;
        near += is_near;
        if (!is_near)
            quotes[i].open_interest = 1;
    }
    made_market market = {.as_of_us = noon, .spot = 100};
    qn_chain *chain = made_chain("QRN", quotes, n, &market);
    made_subject m;
    qn_error err;
    made_subject_init(&m, chain, report, QN_TIMING_AFTER_CLOSE, QN_CLOCK_CALENDAR, NULL);
    assert_ok(made_subject_run(&m, &err), &err);
    assert_null(m.subject.reject);
    assert_ok(qni_liquidity(&m.subject, &err), &err);
    const qn_liquidity *l = &m.result.liquidity;
    assert_int_equal(l->options, near);
    assert_close(l->open_interest, 500, 0, 0);
    assert_close(l->spread_pct, 4, 1e-6, 0);
    assert_true(isnan(l->volume));
    assert_int_equal(l->tier, QN_TIER_EXCELLENT);
    made_subject_free(&m);
    qn_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_tiers_are_those_of_their_table),
        cmocka_unit_test(percentile_tiers_are_by_the_settings_and_the_reference),
        cmocka_unit_test(the_interval_has_both_errors),
        cmocka_unit_test(no_premium_is_a_ratio_of_nothing_with_an_upper_end),
        cmocka_unit_test(a_ratio_below_the_least_is_rejected_with_a_reason),
        cmocka_unit_test(a_past_without_moves_is_nothing_to_compare_with),
        cmocka_unit_test(the_default_has_the_figures_that_are_known),
        cmocka_unit_test(percentiles_rise_and_stay_between_0_and_1),
        cmocka_unit_test(liquidity_is_the_worse_of_interest_and_spread),
        cmocka_unit_test(the_liquidity_of_legs_is_that_of_the_worst),
        cmocka_unit_test(a_side_that_is_missing_is_a_spread_of_200_per_cent),
        cmocka_unit_test(an_open_interest_that_nobody_told_is_good_at_best),
        cmocka_unit_test(a_tickers_liquidity_is_the_median_near_the_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
