/* What trades are built of a chain: which strikes, at which prices, and what they bring. */
#include "harness/harness.h"
#include "scan/build_kit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* type, strike, quantity of each leg. */
static void assert_legs(const qn_trade *trade, const char *expected)
{
    char got[256] = "";
    assert_true(trade->built);
    for (int64_t i = 0; i < trade->leg_count; i++) {
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%+d %s %g", i == 0 ? "" : ", ", trade->legs[i].quantity,
                 trade->legs[i].type == QN_CALL ? "call" : "put", trade->legs[i].strike);
    }
    assert_string_equal(got, expected);
}

static void assert_not_built(kit *k, qn_strategy strategy, const char *reason)
{
    const qn_trade *trade = kit_build(k, strategy);
    assert_false(trade->built);
    assert_false(trade->tradable);
    assert_contains(trade->reason, reason);
    assert_int_equal(trade->leg_count, 0);
    assert_null(trade->legs);
    assert_true(isnan(trade->credit) && isnan(trade->payoff.max_loss) && isnan(trade->score));
    assert_int_equal(trade->contracts, 0);
    assert_true(isnan(qni_trade_profit(trade, &k->subject, 100)));
}

/* A trade's profits at many prices are, bit for bit, those at each. */
static void assert_profits_of_many(const qn_trade *t, const kit *k)
{
    double prices[23] = {0, 1e-310, 1e-5, 1e9}, profits[23], scratch[23];
    qn_error err;
    for (int i = 4; i < 23; i++)
        prices[i] = 80 + 2 * i;
    assert_ok(qni_trade_profits(profits, t, &k->subject, prices, scratch, 23, &err), &err);
    for (int i = 0; i < 23; i++) {
        double one = qni_trade_profit(t, &k->subject, prices[i]);
        assert_memory_equal(&profits[i], &one, sizeof one);
    }
}

/* Seven per cent either side of 100 leave 92.5 and 107.5, whose deltas are .18 and .22; bought are the next strikes
 * that have .2 at most, 90 and 110 (.11 and .15). A quarter of the half spread is lost on each: sold 1.10 - .025 and
 * 1.00 - .025, bought .55 + .0125 and .45 + .0125, so 1.025 a share; four commissions of .65 are .026. One wing, 2.5
 * wide, can be lost: 2.5 - 1.025 + .026. */
static void a_condor_is_what_a_hand_makes_of_its_quotes(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    kit_quote(&k, KIT_FIRST, QN_PUT, 92.5, 1, 1.2);
    kit_quote(&k, KIT_FIRST, QN_PUT, 90, .5, .6);
    kit_quote(&k, KIT_FIRST, QN_CALL, 107.5, .9, 1.1);
    kit_quote(&k, KIT_FIRST, QN_CALL, 110, .4, .5);
    const qn_trade *t = kit_build(&k, QN_STRATEGY_CONDOR);
    assert_legs(t, "+1 put 90, -1 put 92.5, -1 call 107.5, +1 call 110");
    const double prices[] = {.5625, 1.075, .975, .4625};
    for (int i = 0; i < 4; i++) {
        assert_close(t->legs[i].price, prices[i], 1e-14, 0);
        assert_close(t->legs[i].open_interest, 1000, 0, 0);
        assert_int_equal(t->legs[i].expiry, KIT_FIRST);
        const qn_quote *q = &k.quotes[t->legs[i].quote];
        assert_true(q->strike == t->legs[i].strike && q->type == t->legs[i].type && q->expiry == KIT_FIRST);
        assert_true(q->bid == t->legs[i].bid && q->ask == t->legs[i].ask);
    }
    assert_close(t->credit, 1.025, 1e-14, 0);
    assert_close(t->commission, .026, 1e-14, 0);
    assert_close(t->payoff.max_profit, .999, 1e-13, 0);
    assert_close(t->payoff.max_loss, 1.501, 1e-13, 0);
    assert_int_equal(t->payoff.breakeven_count, 2);
    assert_close(t->payoff.breakevens[0], 91.501, 1e-14, 0);
    assert_close(t->payoff.breakevens[1], 108.499, 1e-14, 0);
    assert_false(t->undefined_risk);
    assert_true(t->tradable);
    assert_string_equal(t->reason, "");
    const double at[] = {0, 90, 91.501, 100, 108.499, 110, 1e9},
                 brings[] = {-1.501, -1.501, 0, .999, 0, -1.501, -1.501};
    for (int i = 0; i < 7; i++) {
        assert_close(qni_trade_profit(t, &k.subject, at[i]), brings[i], 1e-13, 1e-13);
        assert_true(qn_trade_profit(&k.result, t, at[i]) == qni_trade_profit(t, &k.subject, at[i]));
    }
    assert_profits_of_many(t, &k);
    kit_free(&k);
}

/* Body at 100, wings nearest to 93 and 107: 92.5 and 107.5. Everything at the middle, no commission: 3.4 + 3.5 - 1.1
 * - 1 = 4.8 of a width of 7.5. */
static void a_butterfly_has_its_wings_at_the_implied_move(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    k.settings.fill = k.settings.commission = 0;
    kit_quote(&k, KIT_FIRST, QN_PUT, 100, 3.3, 3.5);
    kit_quote(&k, KIT_FIRST, QN_CALL, 100, 3.4, 3.6);
    kit_quote(&k, KIT_FIRST, QN_PUT, 92.5, 1, 1.2);
    kit_quote(&k, KIT_FIRST, QN_CALL, 107.5, .9, 1.1);
    const qn_trade *t = kit_build(&k, QN_STRATEGY_BUTTERFLY);
    assert_legs(t, "+1 put 92.5, -1 put 100, -1 call 100, +1 call 107.5");
    assert_close(t->credit, 4.8, 1e-14, 0);
    assert_close(t->payoff.max_profit, 4.8, 1e-13, 0);
    assert_close(t->payoff.max_loss, 2.7, 1e-13, 0);
    assert_close(t->payoff.breakevens[0], 95.2, 1e-14, 0);
    assert_close(t->payoff.breakevens[1], 104.8, 1e-14, 0);
    k.result.event.straddle_move = .02; /* 98 and 102: the next strikes out are nearest */
    assert_legs(kit_build(&k, QN_STRATEGY_BUTTERFLY), "+1 put 97.5, -1 put 100, -1 call 100, +1 call 102.5");
    k.result.event.straddle_move = .0625; /* 93.75 and 106.25, between two strikes each: the outer ones */
    assert_legs(kit_build(&k, QN_STRATEGY_BUTTERFLY), "+1 put 92.5, -1 put 100, -1 call 100, +1 call 107.5");
    kit_free(&k);
}

static void every_strategy_has_the_legs_of_its_name(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    const qn_trade *t = kit_build(&k, QN_STRATEGY_STRADDLE);
    const char *legs[QN_STRATEGY_COUNT] = {
        [QN_STRATEGY_STRADDLE] = "-1 put 100, -1 call 100",
        [QN_STRATEGY_STRANGLE] = "-1 put 92.5, -1 call 107.5",
        [QN_STRATEGY_BULL_PUT] = "+1 put 90, -1 put 92.5",
        [QN_STRATEGY_BEAR_CALL] = "-1 call 107.5, +1 call 110",
        [QN_STRATEGY_CONDOR] = "+1 put 90, -1 put 92.5, -1 call 107.5, +1 call 110",
        [QN_STRATEGY_BUTTERFLY] = "+1 put 92.5, -1 put 100, -1 call 100, +1 call 107.5",
        [QN_STRATEGY_CALENDAR] = "-1 put 100, +1 put 100",
        [QN_STRATEGY_LONG_STRADDLE] = "+1 put 100, +1 call 100",
    };
    for (int i = 0; i < QN_STRATEGY_COUNT; i++) {
        assert_int_equal(t[i].strategy, i);
        assert_legs(&t[i], legs[i]);
        for (int64_t j = 0; j < t[i].leg_count; j++) {
            bool later = i == QN_STRATEGY_CALENDAR && j == 1;
            assert_int_equal(t[i].legs[j].expiry, later ? KIT_SECOND : KIT_FIRST);
            assert_close(t[i].legs[j].sigma, later ? .45 : .84, 1e-12, 0);
        }
    }
    kit_free(&k);
}

static void a_loss_without_a_bound_is_shown_and_flagged(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    for (int i = 0; i < QN_STRATEGY_COUNT; i++) {
        const qn_trade *t = kit_build(&k, (qn_strategy)i);
        bool naked = i == QN_STRATEGY_STRADDLE || i == QN_STRATEGY_STRANGLE;
        assert_true(t->built);
        assert_int_equal(t->undefined_risk, naked);
        assert_int_equal(isinf(t->payoff.max_loss) != 0, naked);
        assert_true(!naked || (!t->tradable && strstr(t->reason, "no bound") != NULL));
    }
    kit_free(&k);
}

/* The forward is 101.6: 102.5 is the nearest strike, not 100. Where its put has no good quote 100 is the nearest at
 * which all have. Half an implied move is 3.556: 97.5 is too far. */
static void at_the_money_is_the_nearest_strike_where_all_legs_are_good(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    k.smiles[0].forward = 101.6;
    assert_legs(kit_build(&k, QN_STRATEGY_STRADDLE), "-1 put 102.5, -1 call 102.5");
    kit_class(&k, KIT_FIRST, QN_PUT, 102.5, QN_QUOTE_ONE_SIDED);
    assert_legs(kit_build(&k, QN_STRATEGY_STRADDLE), "-1 put 100, -1 call 100");
    kit_class(&k, KIT_SECOND, QN_PUT, 100, QN_QUOTE_ZERO);
    assert_legs(kit_build(&k, QN_STRATEGY_STRADDLE), "-1 put 100, -1 call 100");
    assert_legs(kit_build(&k, QN_STRATEGY_CALENDAR), "-1 put 105, +1 put 105");
    kit_class(&k, KIT_FIRST, QN_CALL, 100, QN_QUOTE_CROSSED);
    assert_legs(kit_build(&k, QN_STRATEGY_STRADDLE), "-1 put 105, -1 call 105");
    kit_class(&k, KIT_FIRST, QN_CALL, 105, QN_QUOTE_STALE);
    assert_not_built(&k, QN_STRATEGY_STRADDLE,
                     "no strike within 0.5 implied moves of the forward 101.60 has a good call and a good put");
    kit_class(&k, KIT_SECOND, QN_PUT, 105, QN_QUOTE_BAD);
    assert_not_built(&k, QN_STRATEGY_CALENDAR,
                     "no strike within 0.5 implied moves of the forward 101.60 has a good put of both expiries");
    kit_free(&k);
}

/* Deltas by hand, N(-d1) with a deviation of .84 sqrt(4 / 365): puts at 95, 92.5, 90, 87.5, 85 have
 * .265, .176, .107, .059, .029. */
static void strikes_follow_delta_and_implied_move(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    k.settings.outside = 0;
    assert_legs(kit_build(&k, QN_STRATEGY_BULL_PUT), "+1 put 90, -1 put 92.5");
    k.settings.short_delta = .27;
    assert_legs(kit_build(&k, QN_STRATEGY_BULL_PUT), "+1 put 92.5, -1 put 95");
    k.settings.long_delta = .06;
    assert_legs(kit_build(&k, QN_STRATEGY_BULL_PUT), "+1 put 87.5, -1 put 95");
    k.settings.outside = 1.5; /* 89.5 */
    assert_legs(kit_build(&k, QN_STRATEGY_BULL_PUT), "+1 put 85, -1 put 87.5");
    k.settings.short_delta = .05;
    assert_legs(kit_build(&k, QN_STRATEGY_BULL_PUT), "+1 put 82.5, -1 put 85");
    k.settings.short_delta = .5;
    /* exactly one implied move away is outside */
    k.settings.outside = 1;
    k.result.event.straddle_move = .05;
    k.settings.long_delta = .5;
    assert_legs(kit_build(&k, QN_STRATEGY_CONDOR), "+1 put 92.5, -1 put 95, -1 call 105, +1 call 107.5");
    kit_free(&k);
}

static void a_quote_that_is_not_good_is_passed_over(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    kit_class(&k, KIT_FIRST, QN_PUT, 92.5, QN_QUOTE_ONE_SIDED);
    kit_class(&k, KIT_FIRST, QN_CALL, 110, QN_QUOTE_STALE);
    assert_legs(kit_build(&k, QN_STRATEGY_CONDOR), "+1 put 87.5, -1 put 90, -1 call 107.5, +1 call 112.5");
    assert_legs(kit_build(&k, QN_STRATEGY_BUTTERFLY), "+1 put 95, -1 put 100, -1 call 100, +1 call 107.5");
    kit_free(&k);
}

static void what_cannot_be_built_says_what_is_missing(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    for (double strike = 70; strike <= 90; strike += 2.5)
        kit_class(&k, KIT_FIRST, QN_PUT, strike, QN_QUOTE_ONE_SIDED);
    assert_not_built(&k, QN_STRATEGY_BULL_PUT, "no put with a good quote below 92.5 and of delta 0.2 at most, to buy");
    assert_not_built(&k, QN_STRATEGY_CONDOR, "no put with a good quote below 92.5 and of delta 0.2 at most, to buy");
    assert_true(kit_build(&k, QN_STRATEGY_BEAR_CALL)->built);
    kit_class(&k, KIT_FIRST, QN_PUT, 92.5, QN_QUOTE_ZERO);
    assert_not_built(
        &k, QN_STRATEGY_STRANGLE,
        "no put with a good quote at 93.00 or below (1 implied moves from the forward 100.00) and of delta "
        "0.25 at most, to sell");
    kit_class(&k, KIT_FIRST, QN_CALL, 0, QN_QUOTE_ZERO);
    kit_class(&k, KIT_FIRST, QN_CALL, 100, QN_QUOTE_GOOD);
    assert_not_built(&k, QN_STRATEGY_BEAR_CALL, "no call with a good quote at 107.00 or above");
    kit_class(&k, KIT_FIRST, QN_PUT, 0, QN_QUOTE_GOOD);
    assert_not_built(&k, QN_STRATEGY_BUTTERFLY, "no call with a good quote above 100, to buy");
    kit_class(&k, KIT_FIRST, QN_CALL, 107.5, QN_QUOTE_GOOD);
    k.settings.short_delta = .2;
    assert_not_built(&k, QN_STRATEGY_BEAR_CALL, "of delta 0.2 at most, to sell");
    kit_free(&k);
}

static void what_is_not_known_builds_nothing(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    k.result.event.diffusive_vol = (double)NAN;
    assert_not_built(&k, QN_STRATEGY_CALENDAR, "volatility without the report");
    k.result.event.diffusive_vol = .3;
    k.smiles[1].years = k.smiles[0].years;
    assert_not_built(&k, QN_STRATEGY_CALENDAR, "no time is left");
    k.result.event.second = -1;
    assert_not_built(&k, QN_STRATEGY_CALENDAR, "no second expiry after the report");
    assert_true(kit_build(&k, QN_STRATEGY_CONDOR)->built);
    k.smiles[0].shape = QN_SMILE_NONE;
    assert_not_built(&k, QN_STRATEGY_CONDOR, "no put with a good quote");
    k.result.event.straddle_move = (double)NAN;
    assert_not_built(&k, QN_STRATEGY_STRADDLE, "no straddle");
    k.result.event.straddle_move = .07;
    k.smiles[0].forward = (double)NAN;
    assert_not_built(&k, QN_STRATEGY_LONG_STRADDLE, "no forward");
    kit_free(&k);
}

/* The bull put of the condor above brings 1.075 - .5625 = .5125. */
static void a_credit_that_is_too_small_is_shown_and_not_traded(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    kit_quote(&k, KIT_FIRST, QN_PUT, 92.5, 1, 1.2);
    kit_quote(&k, KIT_FIRST, QN_PUT, 90, .5, .6);
    k.settings.credit_least = .5124;
    assert_true(kit_build(&k, QN_STRATEGY_BULL_PUT)->tradable);
    k.settings.credit_least = .6;
    const qn_trade *t = kit_build(&k, QN_STRATEGY_BULL_PUT);
    assert_true(t->built && !t->tradable && t->leg_count == 2);
    assert_string_equal(t->reason, "it brings 0.51 a share, and should bring 0.60 at least");
    assert_close(t->payoff.max_profit, .5125 - .013, 1e-13, 0);
    /* what is bought brings nothing and need not */
    assert_true(kit_build(&k, QN_STRATEGY_LONG_STRADDLE)->tradable);
    assert_true(kit_build(&k, QN_STRATEGY_CALENDAR)->tradable);
    kit_free(&k);
}

/* More than the width of the wings is received; and a commission takes all that could be won. */
static void a_trade_that_cannot_lose_or_cannot_win_is_not_traded(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    kit_quote(&k, KIT_FIRST, QN_PUT, 92.5, 4, 4.2);
    const qn_trade *t = kit_build(&k, QN_STRATEGY_BULL_PUT);
    assert_true(t->built && !t->tradable && t->payoff.max_loss == 0 && t->payoff.breakeven_count == 0);
    assert_contains(t->reason, "it cannot lose");
    kit_quote(&k, KIT_FIRST, QN_PUT, 92.5, 1, 1.2);
    k.settings.commission = 100;
    t = kit_build(&k, QN_STRATEGY_BULL_PUT);
    assert_true(t->built && !t->tradable && t->payoff.max_profit < 0);
    assert_contains(t->reason, "it cannot make a profit");
    kit_free(&k);
}

static double sum(const qn_trade *trade, const double *values)
{
    double total = 0;
    for (int64_t i = 0; i < trade->leg_count; i++)
        total += trade->legs[i].quantity * values[i];
    return total;
}

/* Quotes that pass where no price of the share is known to hold them against. */
static void quotes_beyond_all_numbers_build_nothing(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    kit_quote(&k, KIT_FIRST, QN_PUT, 92.5, 1.5e308, 1.6e308);
    kit_quote(&k, KIT_FIRST, QN_CALL, 107.5, 1.5e308, 1.6e308);
    assert_not_built(&k, QN_STRATEGY_STRANGLE, "too large to be prices");
    assert_true(kit_build(&k, QN_STRATEGY_STRADDLE)->built);
    kit_free(&k);
}

/* Black's formulas by erfc: by the forward, discounted; time passes by the smile's years. */
static void greeks_are_those_of_black_by_the_smile(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    k.smiles[0].years = 2.75 / 252; /* another clock: the same discount */
    for (int s = 0; s < QN_STRATEGY_COUNT; s++) {
        const qn_trade *t = kit_build(&k, (qn_strategy)s);
        double delta[4], gamma[4], vega[4], theta[4];
        for (int64_t i = 0; i < t->leg_count; i++) {
            const qn_leg *leg = &t->legs[i];
            const qn_smile *smile = &k.smiles[leg->expiry == KIT_FIRST ? 0 : 1];
            double years = smile->years, root = sqrt(years), sigma = sqrt(smile->svi.a / years), type = leg->type;
            double d1 = log(100 / leg->strike) / (sigma * root) + sigma * root / 2;
            double density = exp(-d1 * d1 / 2) / sqrt(2 * 3.14159265358979323846);
            double price = made_black(100, leg->strike, years, sigma, (qn_option_type)leg->type);
            delta[i] = smile->discount * type * .5 * erfc(-type * d1 / sqrt(2));
            gamma[i] = smile->discount * density / (100 * sigma * root);
            vega[i] = smile->discount * 100 * density * root;
            theta[i] = smile->discount * (-100 * density * sigma / (2 * root) - log(smile->discount) / years * price);
            assert_close(leg->sigma, sigma, 1e-13, 0);
            assert_close(leg->delta, delta[i], 1e-11, 0);
            assert_close(leg->gamma, gamma[i], 1e-11, 0);
            assert_close(leg->vega, vega[i], 1e-11, 0);
            assert_close(leg->theta, theta[i], 1e-11, 0);
        }
        assert_close(t->delta, sum(t, delta), 1e-10, 1e-12);
        assert_close(t->gamma, sum(t, gamma), 1e-10, 1e-12);
        assert_close(t->vega, sum(t, vega), 1e-10, 1e-12);
        assert_close(t->theta, sum(t, theta), 1e-10, 1e-10);
    }
    kit_free(&k);
}

/* Puts at 100, sold for 3.475 and bought for 5.5875, and .013 commission; 35 days are left at 30 %, at 4 %. Values by
 * Black's formula over erfc in Python, zeros by bisection, the least by search. Exercised at any time, at most
 * what was paid is lost; at expiry alone, 100 (1 - exp(-.04 * 35 / 365)) more at 0; and where the later forward is 1 %
 * higher, most near 78.10. */
static void a_calendar_is_worth_what_the_later_option_is_worth_then(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    kit_quote(&k, KIT_FIRST, QN_PUT, 100, 3.4, 3.6);
    kit_quote(&k, KIT_SECOND, QN_PUT, 100, 5.5, 5.64); /* 5.57 + .07 / 4 */
    const double growth[] = {1, 1, 1.01}, most[] = {1.5651000080802686, 1.5651000080802686, 1.1067073447604265};
    const double low[] = {96.48102454946502, 96.48102454946502, 97.83611655876669};
    const double high[] = {103.92767688807533, 103.92767688807533, 102.89868998819338};
    const double loss[] = {2.1255, 2.508326985751539, 2.973429062436691};
    const double at_90[] = {-1.6013160813535836, -1.6013160813535836, -2.36278575244453};
    for (int i = 0; i < 3; i++) {
        k.surface.american = i == 0;
        k.smiles[1].forward = 100 * growth[i];
        const qn_trade *t = kit_build(&k, QN_STRATEGY_CALENDAR);
        assert_legs(t, "-1 put 100, +1 put 100");
        assert_close(t->legs[0].price, 3.475, 1e-14, 0);
        assert_close(t->legs[1].price, 5.5875, 1e-14, 0);
        assert_close(t->credit, -2.1125, 1e-13, 0);
        assert_close(t->payoff.max_profit, most[i], 1e-12, 0);
        assert_close(t->payoff.max_loss, loss[i], 1e-12, 0);
        assert_int_equal(t->payoff.breakeven_count, 2);
        assert_close(t->payoff.breakevens[0], low[i], 1e-11, 0);
        assert_close(t->payoff.breakevens[1], high[i], 1e-11, 0);
        assert_close(qni_trade_profit(t, &k.subject, 90), at_90[i], 1e-12, 0);
        assert_close(qni_trade_profit(t, &k.subject, 1e9), -2.1255, 1e-12, 0);
        assert_close(qni_trade_profit(t, &k.subject, (double)INFINITY), -2.1255, 1e-12, 0);
        double at_zero = i == 0 ? 2.1255 : 2.1255 + 100 * (1 - exp(-.04 * 35 / 365));
        assert_close(qni_trade_profit(t, &k.subject, 0), -at_zero, 1e-12, 0);
        assert_profits_of_many(t, &k);
        assert_true(t->tradable && !t->undefined_risk);
    }
    kit_free(&k);
}

/* Bought for what it cannot be worth any more when the report is over. */
static void a_calendar_that_only_loses_is_not_traded(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    k.result.event.diffusive_vol = 0;
    const qn_trade *t = kit_build(&k, QN_STRATEGY_CALENDAR);
    assert_true(t->built && !t->tradable);
    assert_contains(t->reason, "it cannot make a profit");
    assert_int_equal(t->payoff.breakeven_count, 0);
    assert_close(t->payoff.max_profit, -t->payoff.max_loss, 0, .5);
    kit_free(&k);
}

static void a_condor_is_a_bull_put_and_a_bear_call(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    const qn_trade *t = kit_build(&k, QN_STRATEGY_STRADDLE);
    const qn_trade *condor = &t[QN_STRATEGY_CONDOR], *put = &t[QN_STRATEGY_BULL_PUT], *call = &t[QN_STRATEGY_BEAR_CALL];
    assert_close(condor->credit, put->credit + call->credit, 1e-14, 0);
    assert_close(condor->commission, put->commission + call->commission, 1e-14, 0);
    assert_close(condor->delta, put->delta + call->delta, 1e-12, 1e-14);
    assert_close(condor->vega, put->vega + call->vega, 1e-12, 0);
    for (double price = 0; price < 200; price += .5)
        assert_close(qni_trade_profit(condor, &k.subject, price),
                     qni_trade_profit(put, &k.subject, price) + qni_trade_profit(call, &k.subject, price), 0, 1e-12);
    kit_free(&k);
}

/* Puts cost at 100 - x what calls cost at 100 + x. By delta lognormal strikes differ, so the implied move alone
 * rules. */
static void a_symmetric_chain_makes_symmetric_trades(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    k.settings.short_delta = k.settings.long_delta = .5;
    for (int64_t i = 0; i < k.chain.count; i++) {
        double x = (k.quotes[i].strike - 100) * k.quotes[i].type, price = fmax(-x, 0) + 3.5 * exp(-fabs(x) / 6);
        k.quotes[i].bid = price * .98;
        k.quotes[i].ask = price * 1.02;
    }
    const qn_strategy both[] = {QN_STRATEGY_CONDOR, QN_STRATEGY_BUTTERFLY, QN_STRATEGY_STRANGLE, QN_STRATEGY_STRADDLE};
    for (int i = 0; i < 4; i++) {
        const qn_trade *t = kit_build(&k, both[i]);
        assert_true(t->built);
        for (int64_t j = 0; j < t->leg_count; j++) {
            const qn_leg *leg = &t->legs[j], *mirror = &t->legs[t->leg_count - 1 - j];
            assert_close(leg->strike + mirror->strike, 200, 0, 0);
            assert_close(leg->price, mirror->price, 1e-14, 0);
        }
        assert_close(t->payoff.breakevens[0] + t->payoff.breakevens[1], 200, 1e-14, 0);
        for (double x = 0; x < 100; x += .5)
            assert_close(qni_trade_profit(t, &k.subject, 100 - x), qni_trade_profit(t, &k.subject, 100 + x), 0, 1e-12);
    }
    kit_free(&k);
}

static void a_wider_fill_never_improves_anything(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    qn_trade before[QN_STRATEGY_COUNT];
    for (int step = 0; step <= 4; step++) {
        k.settings.fill = step / 4.;
        const qn_trade *t = kit_build(&k, QN_STRATEGY_STRADDLE);
        for (int i = 0; i < QN_STRATEGY_COUNT; i++) {
            for (int64_t j = 0; j < t[i].leg_count; j++) {
                const qn_leg *leg = &t[i].legs[j];
                double end = leg->quantity < 0 ? leg->bid : leg->ask, middle = (leg->bid + leg->ask) / 2;
                assert_close(leg->price, middle + (end - middle) * k.settings.fill, 1e-14, 0);
            }
            if (step > 0) {
                assert_true(t[i].credit < before[i].credit);
                assert_true(t[i].payoff.max_profit < before[i].payoff.max_profit || isinf(t[i].payoff.max_profit));
                assert_true(t[i].payoff.max_loss > before[i].payoff.max_loss || isinf(t[i].payoff.max_loss));
                for (double price = 0; price < 200; price += 10)
                    assert_true(qni_trade_profit(&t[i], &k.subject, price) <
                                qni_trade_profit(&before[i], &k.subject, price));
            }
            before[i] = t[i];
        }
    }
    kit_free(&k);
}

static void a_leg_that_nobody_trades_forbids_the_trade(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    const qn_trade *t = kit_build(&k, QN_STRATEGY_CONDOR);
    assert_int_equal(t->liquidity.options, 4);
    k.quotes[t->legs[0].quote].open_interest = 3;
    t = kit_build(&k, QN_STRATEGY_CONDOR);
    assert_true(t->built && !t->tradable);
    assert_close(t->liquidity.open_interest, 3, 0, 0);
    assert_contains(t->reason, "hardly traded");
    assert_true(kit_build(&k, QN_STRATEGY_BEAR_CALL)->tradable);
    kit_free(&k);
}

/* A surface as it is made of quotes: European options at 25 % and 35 %, the same volatilities in the legs. */
static void trades_are_built_on_a_fitted_surface(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    const made_market market = {
        .as_of_us = INT64_C(1705420800000000), .spot = 100, .half_spread = .01, .least_half = .01};
    const made_expiry first = {
        .day = 19741, .forward = 100.5, .rate = .04, .sigma = .5, .first_strike = 80, .step = 1, .strikes = 41};
    made_expiry second = first;
    second.day = 19769;
    second.sigma = .35;
    int64_t n = made_quotes(k.quotes, &market, &first);
    n += made_quotes(k.quotes + n, &market, &second);
    qn_chain *chain = made_chain("SPX", k.quotes, n, &market);
    qn_error err;
    qn_surface *surface;
    assert_ok(qn_surface_new(&surface, chain, NULL, &err), &err);
    assert_int_equal(surface->smile_count, 2);
    k.subject.chain = chain;
    k.subject.surface = surface;
    k.result.event.straddle_move = 2 * erf(.5 * sqrt(surface->smiles[0].years) / sqrt(8));
    const qn_trade *t = kit_build(&k, QN_STRATEGY_STRADDLE);
    for (int i = 0; i < QN_STRATEGY_COUNT; i++) {
        assert_true(t[i].built);
        for (int64_t j = 0; j < t[i].leg_count; j++) {
            const qn_leg *leg = &t[i].legs[j];
            assert_close(leg->sigma, leg->expiry == 19741 ? .5 : .35, 1e-3, 0);
            assert_true(chain->quotes[leg->quote].strike == leg->strike);
            assert_true(chain->quotes[leg->quote].expiry == leg->expiry);
        }
    }
    double outside = 100.5 * (1 - k.result.event.straddle_move), sold = t[QN_STRATEGY_CONDOR].legs[1].strike;
    assert_true(sold <= outside && sold > outside - 1);
    qn_surface_free(surface);
    qn_chain_free(chain);
    kit_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condor_is_what_a_hand_makes_of_its_quotes),
        cmocka_unit_test(a_butterfly_has_its_wings_at_the_implied_move),
        cmocka_unit_test(every_strategy_has_the_legs_of_its_name),
        cmocka_unit_test(a_loss_without_a_bound_is_shown_and_flagged),
        cmocka_unit_test(at_the_money_is_the_nearest_strike_where_all_legs_are_good),
        cmocka_unit_test(strikes_follow_delta_and_implied_move),
        cmocka_unit_test(a_quote_that_is_not_good_is_passed_over),
        cmocka_unit_test(what_cannot_be_built_says_what_is_missing),
        cmocka_unit_test(what_is_not_known_builds_nothing),
        cmocka_unit_test(a_credit_that_is_too_small_is_shown_and_not_traded),
        cmocka_unit_test(a_trade_that_cannot_lose_or_cannot_win_is_not_traded),
        cmocka_unit_test(quotes_beyond_all_numbers_build_nothing),
        cmocka_unit_test(greeks_are_those_of_black_by_the_smile),
        cmocka_unit_test(a_calendar_is_worth_what_the_later_option_is_worth_then),
        cmocka_unit_test(a_calendar_that_only_loses_is_not_traded),
        cmocka_unit_test(a_condor_is_a_bull_put_and_a_bear_call),
        cmocka_unit_test(a_symmetric_chain_makes_symmetric_trades),
        cmocka_unit_test(a_wider_fill_never_improves_anything),
        cmocka_unit_test(a_leg_that_nobody_trades_forbids_the_trade),
        cmocka_unit_test(trades_are_built_on_a_fitted_surface),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
