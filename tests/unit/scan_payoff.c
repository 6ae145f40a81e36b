/* What legs pay that expire together: textbooks' numbers and those of a hand. */
#include "harness/harness.h"

#include <quern/strategy.h>

#include <math.h>

enum {
    DAY = 20000
};

static qn_leg leg(int32_t quantity, qn_option_type type, double strike, double price)
{
    return (qn_leg){.quantity = quantity, .type = (int8_t)type, .expiry = DAY, .strike = strike, .price = price};
}

static qn_payoff payoff_of(const qn_leg *legs, int64_t count)
{
    qn_error err;
    qn_payoff out;
    assert_ok(qn_legs_payoff(&out, legs, count, &err), &err);
    return out;
}

/* `breakevens` (count) ascending. */
static void assert_payoff(const qn_payoff *got, double max_profit, double max_loss, const double *breakevens,
                          int64_t count)
{
    if (isinf(max_profit))
        assert_true(isinf(got->max_profit) && got->max_profit > 0);
    else
        assert_close(got->max_profit, max_profit, 1e-14, 1e-13);
    if (isinf(max_loss))
        assert_true(isinf(got->max_loss) && got->max_loss > 0);
    else
        assert_close(got->max_loss, max_loss, 1e-14, 1e-13);
    assert_int_equal(got->breakeven_count, count);
    for (int64_t i = 0; i < count; i++)
        assert_close(got->breakevens[i], breakevens[i], 1e-14, 0);
}

/* Hull, "Options, Futures, and Other Derivatives", trading strategies: a bull spread of calls at 30 for 3 and at 35 for
 * 1 brings -2 up to 30, S - 32 between, 3 above; a bear spread of puts at 35 for 3 and at 30 for 1 brings 3 up to 30,
 * 33
 * - S between, -2 above; a butterfly of calls at 55, 60 and 65 for 10, 7 and 5 costs 1, brings 4 at most, at 60, and is
 * a profit between 56 and 64. */
static void spreads_of_a_textbook_pay_what_it_says(void **state)
{
    (void)state;
    const qn_leg bull[] = {leg(1, QN_CALL, 30, 3), leg(-1, QN_CALL, 35, 1)};
    const qn_leg bear[] = {leg(-1, QN_PUT, 30, 1), leg(1, QN_PUT, 35, 3)};
    const qn_leg butterfly[] = {leg(1, QN_CALL, 55, 10), leg(-2, QN_CALL, 60, 7), leg(1, QN_CALL, 65, 5)};
    qn_payoff p = payoff_of(bull, 2);
    assert_payoff(&p, 3, 2, (const double[]){32}, 1);
    p = payoff_of(bear, 2);
    assert_payoff(&p, 3, 2, (const double[]){33}, 1);
    p = payoff_of(butterfly, 3);
    assert_payoff(&p, 4, 1, (const double[]){56, 64}, 2);
    const double at[] = {0, 20, 30, 31, 32, 34, 35, 60, 1e9};
    const double brings[] = {-2, -2, -2, -1, 0, 2, 3, 3, 3};
    for (int i = 0; i < 9; i++)
        assert_true(qn_legs_profit(bull, 2, at[i]) == brings[i]);
    const double near[] = {0, 55, 56, 58, 60, 61, 64, 65, 1e9};
    const double pays[] = {-1, -1, 0, 2, 4, 3, 0, -1, -1};
    for (int i = 0; i < 9; i++)
        assert_true(qn_legs_profit(butterfly, 3, near[i]) == pays[i]);
}

/* McMillan, "Options as a Strategic Investment", spreads combining calls and puts: the share at 60; calls at 50, 60, 70
 * cost 12, 6, 2, puts 1, 5, 11. Each of four ways to make a butterfly of them brings 8 at most and loses 2 at most. */
static void four_ways_to_a_butterfly_are_one(void **state)
{
    (void)state;
    const qn_leg ways[4][4] = {
        {leg(1, QN_CALL, 50, 12), leg(-1, QN_CALL, 60, 6), leg(-1, QN_CALL, 60, 6), leg(1, QN_CALL, 70, 2)},
        {leg(1, QN_CALL, 50, 12), leg(-1, QN_CALL, 60, 6), leg(-1, QN_PUT, 60, 5), leg(1, QN_PUT, 70, 11)},
        {leg(1, QN_PUT, 50, 1), leg(-1, QN_PUT, 60, 5), leg(-1, QN_CALL, 60, 6), leg(1, QN_CALL, 70, 2)},
        {leg(1, QN_PUT, 50, 1), leg(-1, QN_PUT, 60, 5), leg(-1, QN_PUT, 60, 5), leg(1, QN_PUT, 70, 11)},
    };
    for (int i = 0; i < 4; i++) {
        qn_payoff p = payoff_of(ways[i], 4);
        assert_payoff(&p, 8, 2, (const double[]){52, 68}, 2);
        for (double price = 0; price < 130; price += .25)
            assert_close(qn_legs_profit(ways[i], 4, price), qn_legs_profit(ways[0], 4, price), 0, 1e-13);
    }
}

/* Credit 1.50 + 1.60 - .50 - .55 = 2.05. Only one side can end in the money, and both credits are had then: 5 - 2.05 =
 * 2.95 where both are 5 wide. Where puts are 10 wide and calls 5, the puts are the worse: 10 - 2.05. */
static void a_condor_loses_its_worse_side_less_both_credits(void **state)
{
    (void)state;
    qn_leg condor[] = {leg(1, QN_PUT, 90, .5), leg(-1, QN_PUT, 95, 1.5), leg(-1, QN_CALL, 105, 1.6),
                       leg(1, QN_CALL, 110, .55)};
    qn_payoff p = payoff_of(condor, 4);
    assert_payoff(&p, 2.05, 2.95, (const double[]){92.95, 107.05}, 2);
    condor[0].strike = 85;
    p = payoff_of(condor, 4);
    assert_payoff(&p, 2.05, 7.95, (const double[]){92.95, 107.05}, 2);
    assert_close(qn_legs_profit(condor, 4, 0), -7.95, 1e-14, 0);
    assert_close(qn_legs_profit(condor, 4, 1e9), -2.95, 1e-14, 0);
    condor[3].strike = 120;
    p = payoff_of(condor, 4);
    assert_payoff(&p, 2.05, 12.95, (const double[]){92.95, 107.05}, 2);
}

/* Body at 100 sold for 3 + 3.2, wings at 93 and 105 bought for .9 + 1.1: credit 4.2. Below 93 it loses 7 - 4.2 = 2.8,
 * above 105 5 - 4.2 = .8. */
static void a_butterfly_loses_its_wider_wing_less_the_credit(void **state)
{
    (void)state;
    const qn_leg butterfly[] = {leg(1, QN_PUT, 93, .9), leg(-1, QN_PUT, 100, 3), leg(-1, QN_CALL, 100, 3.2),
                                leg(1, QN_CALL, 105, 1.1)};
    qn_payoff p = payoff_of(butterfly, 4);
    assert_payoff(&p, 4.2, 2.8, (const double[]){95.8, 104.2}, 2);
}

static void a_sold_call_without_another_has_no_bound(void **state)
{
    (void)state;
    const qn_leg straddle[] = {leg(-1, QN_PUT, 100, 4), leg(-1, QN_CALL, 100, 5)};
    const qn_leg bought[] = {leg(1, QN_PUT, 100, 4), leg(1, QN_CALL, 100, 5)};
    const qn_leg ratio[] = {leg(1, QN_CALL, 100, 5), leg(-2, QN_CALL, 110, 2)};
    const qn_leg put = leg(-3, QN_PUT, 50, 2);
    qn_payoff p = payoff_of(straddle, 2);
    assert_payoff(&p, 9, (double)INFINITY, (const double[]){91, 109}, 2);
    p = payoff_of(bought, 2);
    assert_payoff(&p, (double)INFINITY, 9, (const double[]){91, 109}, 2);
    /* costs 1; 9 at 110; from there one call is uncovered */
    p = payoff_of(ratio, 2);
    assert_payoff(&p, 9, (double)INFINITY, (const double[]){101, 119}, 2);
    /* a put ends at 0: 3 (50 - 2) */
    p = payoff_of(&put, 1);
    assert_payoff(&p, 6, 144, (const double[]){48}, 1);
}

/* -1 at 0, 0 from 10 to 20, then a profit, and the other way round; 0 at one strike alone; 0 everywhere but for a
 * profit. Profit begins where the price leaves 0. */
static void where_a_profit_touches_zero_it_need_not_change_its_sign(void **state)
{
    (void)state;
    const qn_leg late[] = {leg(-1, QN_PUT, 10, 0), leg(1, QN_CALL, 20, 0)};
    const qn_leg early[] = {leg(1, QN_PUT, 10, 0), leg(-1, QN_CALL, 20, 0)};
    const qn_leg touch[] = {leg(1, QN_PUT, 10, 5), leg(1, QN_CALL, 10, -5)};
    const qn_leg below[] = {leg(-1, QN_PUT, 10, 0), leg(-1, QN_CALL, 20, 0)};
    const qn_leg call = leg(1, QN_CALL, 10, 0);
    qn_payoff p = payoff_of(late, 2);
    assert_payoff(&p, (double)INFINITY, 10, (const double[]){20}, 1);
    p = payoff_of(early, 2);
    assert_payoff(&p, 10, (double)INFINITY, (const double[]){10}, 1);
    p = payoff_of(touch, 2);
    assert_payoff(&p, (double)INFINITY, 0, NULL, 0);
    p = payoff_of(below, 2);
    assert_payoff(&p, 0, (double)INFINITY, NULL, 0);
    p = payoff_of(&call, 1);
    assert_payoff(&p, (double)INFINITY, 0, NULL, 0);
}

/* .1 + .2 is not .3, yet this box costs nothing more than it pays: no zero of rounding's making. */
static void rounding_makes_no_breakeven(void **state)
{
    (void)state;
    const qn_leg box[] = {leg(1, QN_PUT, 10.3, .1), leg(1, QN_CALL, 10.3, .2), leg(-1, QN_PUT, 10, 0),
                          leg(-1, QN_CALL, 10, 0)};
    qn_payoff p = payoff_of(box, 4);
    assert_int_equal(p.breakeven_count, 0);
    assert_true(p.max_profit == 0);
    assert_close(p.max_loss, .6, 1e-13, 0);
}

/* At 0 the put is worth 24, and 20 was paid: 4. The slopes are -3, 2, -2, 1, -1: -2 at 2, 4 at 5, -2 at 8, 4 at 14, 0
 * at 18. */
static void there_may_be_a_breakeven_in_each_of_five_pieces(void **state)
{
    (void)state;
    const qn_leg legs[] = {leg(5, QN_CALL, 2, 4), leg(-4, QN_CALL, 5, 0), leg(3, QN_PUT, 8, 0),
                           leg(-2, QN_CALL, 14, 0)};
    qn_payoff p = payoff_of(legs, 4);
    assert_payoff(&p, 4, (double)INFINITY, (const double[]){4. / 3, 3, 7, 10, 18}, 5);
}

static void what_cannot_be_added_up_is_refused(void **state)
{
    (void)state;
    qn_error err;
    qn_payoff out;
    const qn_leg good = leg(1, QN_CALL, 10, 1);
    qn_leg many[QN_LEGS_MAX + 1];
    for (int i = 0; i <= QN_LEGS_MAX; i++)
        many[i] = good;
    assert_int_equal(qn_legs_payoff(&out, many, 0, &err), QN_INVALID);
    assert_int_equal(qn_legs_payoff(&out, many, QN_LEGS_MAX + 1, &err), QN_INVALID);
    qn_leg bad[7];
    for (int i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].strike = (double)NAN;
    bad[1].price = (double)INFINITY;
    bad[2].strike = -1;
    bad[3].type = 0;
    bad[4].expiry++;
    bad[5].settlement = 1;
    bad[6].price = -1.7e308;
    bad[6].quantity = 1000;
    for (int i = 0; i < 7; i++) {
        const qn_leg pair[] = {good, bad[i]};
        assert_int_equal(qn_legs_payoff(&out, pair, 2, &err), QN_INVALID);
        assert_true(err.message[0] != 0);
        assert_true(isnan(out.max_profit) && isnan(out.max_loss) && out.breakeven_count == 0);
    }
    assert_ok(qn_legs_payoff(&out, many, QN_LEGS_MAX, &err), &err);
    assert_true(isnan(qn_legs_profit(&good, 1, (double)NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads_of_a_textbook_pay_what_it_says),
        cmocka_unit_test(four_ways_to_a_butterfly_are_one),
        cmocka_unit_test(a_condor_loses_its_worse_side_less_both_credits),
        cmocka_unit_test(a_butterfly_loses_its_wider_wing_less_the_credit),
        cmocka_unit_test(a_sold_call_without_another_has_no_bound),
        cmocka_unit_test(where_a_profit_touches_zero_it_need_not_change_its_sign),
        cmocka_unit_test(rounding_makes_no_breakeven),
        cmocka_unit_test(there_may_be_a_breakeven_in_each_of_five_pieces),
        cmocka_unit_test(what_cannot_be_added_up_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
