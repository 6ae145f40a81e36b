/* What a trade is worth under an outlook of five prices: sums by hand, Kelly's fraction by SciPy's brentq. */
#include "scan/made.h"

static const double prices[] = {90, 95, 100, 105, 110}, weights[] = {.1, .2, .4, .2, .1};

typedef struct bench {
    qn_arena *arena;
    made_subject made;
    qn_trade *trade;
} bench;

/* Puts of 94 bought and of 98 sold for 1.50, 0.10 of commission: 1.40 from 98 on, -1.60 at 95, -2.60 up to 94. */
static int begin(void **state)
{
    static bench b;
    qn_error err;
    assert_ok(qn_arena_new(&b.arena, NULL, 0, &err), &err);
    made_begin(&b.made, b.arena);
    b.made.result.outlook = (qn_outlook){.count = 5, .price = prices, .weight = weights};
    b.trade = made_bull_put(&b.made, 94, 98, 1.5, .1);
    b.trade->payoff.breakevens[0] = 96.6;
    b.trade->payoff.breakeven_count = 1;
    *state = &b;
    return 0;
}

static int end(void **state)
{
    qn_arena_free(((bench *)*state)->arena);
    return 0;
}

static void value(bench *b)
{
    qn_error err;
    int64_t used = qn_arena_used(b->arena);
    assert_ok(qni_trade_value(b->trade, &b->made.subject, &err), &err);
    assert_int_equal(qn_arena_used(b->arena), used);
}

static void expected_value_is_the_mean_of_profits(void **state)
{
    bench *b = *state;
    value(b);
    assert_close(b->trade->expected_value, .1 * -2.6 + .2 * -1.6 + .7 * 1.4, 0, 1e-14);
    assert_close(b->trade->edge, .4 / 2.6, 1e-13, 0);
}

static void probability_is_shared_evenly_between_neighbouring_prices(void **state)
{
    bench *b = *state;
    value(b);
    /* .05 beyond 110, .15 down to 105, .3 down to 100, and of the .3 between 100 and 95 what is above 96.6 */
    assert_close(b->trade->pop, .05 + .15 + .3 + .3 * 3.4 / 5, 0, 1e-14);
    b->trade->payoff.breakeven_count = 0; /* halfway where no break-even is told */
    value(b);
    assert_close(b->trade->pop, .5 + .15, 0, 1e-14);
}

static void the_worst_outcomes_count_up_to_the_share_that_is_asked_for(void **state)
{
    bench *b = *state;
    value(b); /* the worst 5 % are half of the first price */
    assert_close(b->trade->cvar, 2.6, 1e-14, 0);
    b->made.settings.tail = .8; /* all of it, and half of the second */
    value(b);
    assert_close(b->trade->cvar, (.1 * 2.6 + .1 * 1.6) / .2, 1e-14, 0);
    b->made.settings.tail = .5; /* both, and a part of what wins */
    value(b);
    assert_close(b->trade->cvar, (.1 * 2.6 + .2 * 1.6 - .2 * 1.4) / .5, 1e-13, 0);
    b->trade->commission = -3; /* it wins everywhere: no loss is made of that */
    value(b);
    assert_true(b->trade->cvar == 0);
    assert_true(b->trade->pop == 1);
}

static void kelly_is_of_the_profit_by_what_is_at_risk(void **state)
{
    bench *b = *state;
    value(b);
    assert_close(b->trade->kelly_fraction, 0.36267026504767386, 1e-12, 0);
    b->trade->commission = .6; /* .9 from 98 on: the mean is -.1 */
    b->trade->payoff.max_loss = 3.1;
    value(b);
    assert_close(b->trade->expected_value, -.1, 0, 1e-14);
    assert_true(b->trade->kelly_fraction == 0);
}

static void a_loss_without_a_bound_is_valued_and_never_bet_on(void **state)
{
    bench *b = *state;
    b->trade->undefined_risk = true;
    b->trade->payoff.max_loss = (double)INFINITY;
    value(b);
    assert_close(b->trade->expected_value, .4, 1e-13, 0);
    assert_close(b->trade->pop, .704, 1e-13, 0);
    assert_close(b->trade->cvar, 2.6, 1e-14, 0);
    assert_true(isnan(b->trade->edge));
    assert_true(b->trade->kelly_fraction == 0);
}

static void a_loss_by_rounding_beyond_the_largest_is_the_largest(void **state)
{
    bench *b = *state;
    b->trade->payoff.max_loss = 2.6 * (1 - 1e-14);
    value(b);
    assert_close(b->trade->kelly_fraction, 0.36267026504767386, 1e-10, 0);
}

static void what_is_not_built_or_has_no_outlook_has_no_value(void **state)
{
    bench *b = *state;
    b->trade->built = false;
    value(b);
    assert_true(isnan(b->trade->pop) && isnan(b->trade->expected_value) && isnan(b->trade->cvar));
    assert_true(isnan(b->trade->edge) && b->trade->kelly_fraction == 0);
    b->trade->built = true;
    b->made.result.outlook.count = 0;
    value(b);
    assert_true(isnan(b->trade->pop) && b->trade->kelly_fraction == 0);
}

static void a_profit_that_is_not_known_makes_nothing_known(void **state)
{
    bench *b = *state;
    b->made.legs[QN_STRATEGY_BULL_PUT][0].price = (double)NAN;
    value(b);
    assert_true(isnan(b->trade->pop) && isnan(b->trade->expected_value) && isnan(b->trade->cvar));
    assert_true(isnan(b->trade->edge) && b->trade->kelly_fraction == 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(expected_value_is_the_mean_of_profits),
        CASE(probability_is_shared_evenly_between_neighbouring_prices),
        CASE(the_worst_outcomes_count_up_to_the_share_that_is_asked_for),
        CASE(kelly_is_of_the_profit_by_what_is_at_risk),
        CASE(a_loss_without_a_bound_is_valued_and_never_bet_on),
        CASE(a_loss_by_rounding_beyond_the_largest_is_the_largest),
        CASE(what_is_not_built_or_has_no_outlook_has_no_value),
        CASE(a_profit_that_is_not_known_makes_nothing_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
