/* The bet that lets an account grow fastest: known answers by hand and by SciPy's brentq. */
#include <quern/strategy.h>

#include <math.h>

#include "harness/harness.h"

/* f = p - q / b: wins b times the stake with probability p. */
static double coin(double p, double b)
{
    return qn_kelly((const double[]){b, -1}, (const double[]){p, 1 - p}, 2);
}

static void a_coin_is_bet_on_by_its_edge_over_its_odds(void **state)
{
    (void)state;
    assert_close(coin(.6, 1), .2, 0, 1e-15);
    assert_close(coin(.53, 1), .06, 0, 1e-15); /* Thorp's: 2 p - 1 at even money */
    assert_close(coin(.55, 2), .325, 0, 1e-15);
    assert_close(.5 * coin(.7, .5), .5 * (.5 * .7 - .3) / .5, 0, 1e-15); /* half Kelly: (b p - q) / b / 2 */
    assert_close(coin(.5 + 5e-10, 1), 1e-9, 1e-6, 0);                    /* the edge itself is rounded to 1e-16 */
}

static void three_outcomes_are_as_solved_by_hand(void **state)
{
    (void)state;
    /* 1/2 / (1 + f) = 1/4 / (1 - f) */
    assert_close(qn_kelly((const double[]){1, 0, -1}, (const double[]){.5, .25, .25}, 3), 1.0 / 3, 1e-15, 0);
    /* .6 / (1 + 2 f) + .15 / (1 + f / 2) = .4 / (1 - f), so f^2 + 1.15 f - .35 = 0 */
    assert_close(qn_kelly((const double[]){2, .5, -1}, (const double[]){.3, .3, .4}, 3), .25, 1e-15, 0);
    /* what can at most lose half: p / .5 - q / .6 */
    assert_close(qn_kelly((const double[]){.6, -.5}, (const double[]){.5, .5}, 2), 1 - 1 / 1.2, 1e-14, 0);
}

static void many_outcomes_are_as_scipy_finds(void **state)
{
    (void)state;
    const double outcomes[] = {3, 1, .25, -.5, -1}, weights[] = {.05, .2, .25, .2, .15};
    assert_close(qn_kelly(outcomes, weights, 5), 0.23428892178910893, 1e-14, 0);
    /* Profits spread evenly from -19 % to 31 % of a stake: 2.9852820370110721 times the account, by mpmath, which is
     * 0.19 times that in units of what may be lost. The midpoints of n intervals differ by some 1 / n^2. */
    enum {
        N = 2000
    };
    double x[N], even[N];
    for (int i = 0; i < N; i++) {
        x[i] = (-.19 + .5 * (i + .5) / N) / .19;
        even[i] = 1;
    }
    assert_close(qn_kelly(x, even, N), .19 * 2.9852820370110721, 1e-6, 0);
}

static void nothing_is_bet_without_an_edge(void **state)
{
    (void)state;
    assert_true(coin(.5, 1) == 0);
    for (int k = 1; k < 100; k++) /* fair but for rounding */
        assert_true(coin(k / 100.0, (100.0 - k) / k) == 0);
    assert_true(coin(.4, 1) == 0);
    assert_true(coin(0, 5) == 0);
    assert_true(qn_kelly((const double[]){0, 0}, (const double[]){1, 2}, 2) == 0);
    assert_true(qn_kelly((const double[]){-1}, (const double[]){1}, 1) == 0);
}

static void no_more_than_all_is_bet(void **state)
{
    (void)state;
    assert_true(qn_kelly((const double[]){.2, .1}, (const double[]){1, 1}, 2) == 1); /* cannot lose */
    assert_true(qn_kelly((const double[]){1, -.1}, (const double[]){.9, .1}, 2) == 1);
    double nearly = coin(1 - 1e-9, 1);
    assert_true(nearly < 1 && nearly > .99999999);
    assert_true(coin(1, 1) == 1); /* the loss has no weight */
}

static void weights_of_any_size_mean_the_same(void **state)
{
    (void)state;
    const double x[] = {2, .5, -1};
    const double sizes[] = {1e-300, 1, 1e300, 5e307};
    for (int i = 0; i < 4; i++) {
        const double w[] = {3 * sizes[i], 3 * sizes[i], 4 * sizes[i]};
        if (isfinite(w[2]))
            assert_close(qn_kelly(x, w, 3), .25, 1e-14, 0);
    }
    assert_close(qn_kelly((const double[]){1e308, 1e308, -1}, (const double[]){.25, .25, .5}, 3), .5, 1e-12, 0);
}

static void what_makes_no_sense_has_no_answer(void **state)
{
    (void)state;
    const double fine[] = {1, -1}, half[] = {.5, .5};
    assert_true(isnan(qn_kelly(fine, half, 0)));
    assert_true(isnan(qn_kelly(fine, (const double[]){0, 0}, 2)));
    assert_true(isnan(qn_kelly(fine, (const double[]){-.1, 1}, 2)));
    assert_true(isnan(qn_kelly(fine, (const double[]){NAN, 1}, 2)));
    assert_true(isnan(qn_kelly(fine, (const double[]){INFINITY, 1}, 2)));
    assert_true(isnan(qn_kelly((const double[]){1, -1.0000001}, half, 2)));
    assert_true(isnan(qn_kelly((const double[]){NAN, 1}, half, 2)));
    assert_true(isnan(qn_kelly((const double[]){INFINITY, -1}, half, 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coin_is_bet_on_by_its_edge_over_its_odds),
        cmocka_unit_test(three_outcomes_are_as_solved_by_hand),
        cmocka_unit_test(many_outcomes_are_as_scipy_finds),
        cmocka_unit_test(nothing_is_bet_without_an_edge),
        cmocka_unit_test(no_more_than_all_is_bet),
        cmocka_unit_test(weights_of_any_size_mean_the_same),
        cmocka_unit_test(what_makes_no_sense_has_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
