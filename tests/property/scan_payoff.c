/* Random legs and random chains: what enumeration says is what a dense grid of prices finds, and no price is worse than
 * the worst. */
#include "harness/harness.h"
#include "scan/build_int.h"
#include "scan/build_kit.h"

#include <math.h>
#include <stdlib.h>

static uint64_t seed;

static double between(double low, double high)
{
    return low + (high - low) * test_random_unit(&seed);
}

static double direct(const qn_leg *legs, int64_t count, double price)
{
    long double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (long double)legs[i].quantity *
               (fmaxl(((long double)price - legs[i].strike) * legs[i].type, 0) - (long double)legs[i].price);
    return (double)sum;
}

static int sign(double x)
{
    return x > 1e-9 ? 1 : x < -1e-9 ? -1 : 0;
}

typedef double profit_function(const void *user, double price);

/* Break-evens are where the sign differs, and nowhere else does it: between two of them no two prices of the grid have
 * different ones. */
static void assert_breakevens(const qn_payoff *p, profit_function *profit, const void *user, double most, double tick)
{
    int64_t next = 0;
    int before = 0;
    for (double price = 0; price <= most; price += tick) {
        while (next < p->breakeven_count && p->breakevens[next] <= price + 1e-9) {
            assert_true(next == 0 || p->breakevens[next] > p->breakevens[next - 1]);
            assert_true(fabs(profit(user, p->breakevens[next])) < 1e-8);
            next++;
            before = -before; /* several may lie between two prices of the grid */
        }
        int here = sign(profit(user, price));
        if (here == 0)
            continue;
        assert_true(before == 0 || here == before);
        before = here;
    }
    assert_true(next == p->breakeven_count || p->breakevens[next] > most);
}

typedef struct legs_of {
    const qn_leg *legs;
    int64_t count;
} legs_of;

static double profit_of_legs(const void *user, double price)
{
    const legs_of *of = user;
    return qn_legs_profit(of->legs, of->count, price);
}

/* Strikes and prices are multiples of an eighth, so that zeros, touches and plateaus do occur, and sums are exact. */
static void enumeration_finds_what_a_dense_grid_finds(void **state)
{
    (void)state;
    for (int64_t round = test_effort(4000, 100000); round > 0; round--) {
        qn_leg legs[QN_LEGS_MAX];
        int64_t count = 1 + test_random_below(&seed, QN_LEGS_MAX), bound = 1 + test_random_below(&seed, 40);
        for (int64_t i = 0; i < count; i++)
            legs[i] = (qn_leg){.quantity = (int32_t)test_random_below(&seed, 9) - 4,
                               .type = test_random_below(&seed, 2) == 0 ? QN_CALL : QN_PUT,
                               .strike = (double)test_random_below(&seed, bound),
                               .price = (double)(test_random_below(&seed, 41) - 8) / 8};
        qn_error err;
        qn_payoff p;
        assert_ok(qn_legs_payoff(&p, legs, count, &err), &err);
        double least = (double)INFINITY, most = -least;
        for (double price = 0; price <= 48; price += .125) {
            double here = direct(legs, count, price);
            assert_true(qn_legs_profit(legs, count, price) == here);
            least = fmin(least, here);
            most = fmax(most, here);
        }
        double slope = direct(legs, count, 1001) - direct(legs, count, 1000);
        assert_true(slope > 0 ? isinf(p.max_profit) && p.max_profit > 0 : p.max_profit == most);
        assert_true(slope < 0 ? isinf(p.max_loss) && p.max_loss > 0 : p.max_loss == fmax(-least, 0));
        const legs_of of = {legs, count};
        assert_breakevens(&p, profit_of_legs, &of, 2048, round % 16 == 0 ? .125 : .5);
    }
}

/* Any numbers: no price loses more than the worst or brings more than the best, but for rounding. */
static void no_price_is_worse_than_the_worst(void **state)
{
    (void)state;
    for (int64_t round = test_effort(4000, 100000); round > 0; round--) {
        qn_leg legs[QN_LEGS_MAX];
        int64_t count = 1 + test_random_below(&seed, QN_LEGS_MAX);
        double scale = pow(10, between(-3, 4)), size = 0;
        for (int64_t i = 0; i < count; i++) {
            legs[i] = (qn_leg){.quantity = (int32_t)test_random_below(&seed, 21) - 10,
                               .type = test_random_below(&seed, 2) == 0 ? QN_CALL : QN_PUT,
                               .strike = between(0, scale),
                               .price = between(0, .2 * scale)};
            size += abs(legs[i].quantity) * (2 * scale + legs[i].price);
        }
        qn_error err;
        qn_payoff p;
        assert_ok(qn_legs_payoff(&p, legs, count, &err), &err);
        for (int i = 0; i < 40; i++) {
            double price = i == 0 ? 0 : i == 1 ? 1e9 : i <= 5 ? legs[i % count].strike : between(0, 2 * scale);
            double profit = qn_legs_profit(legs, count, price), room = 1e-14 * (size + (i == 1 ? 100e9 : 0));
            assert_close(profit, direct(legs, count, price), 0, room);
            assert_true(profit >= -p.max_loss - 1e-14 * size && profit <= p.max_profit + 1e-14 * size);
        }
        for (int64_t i = 0; i < p.breakeven_count; i++)
            assert_close(qn_legs_profit(legs, count, p.breakevens[i]), 0, 0, 1e-13 * (size + p.breakevens[i]));
    }
}

typedef struct calendar_of {
    const qni_calendar *calendar;
    const qn_leg *legs;
    double cost;
} calendar_of;

static double profit_of_calendar(const void *user, double price)
{
    const calendar_of *of = user;
    return qni_calendar_profit(of->calendar, of->legs, of->cost, price);
}

/* Interest from -40 to 40 % a year, forwards that rise or fall by 3 % in between, any volatility, paid from nothing to
 * more than it can be worth. */
static void a_calendar_is_between_its_worst_and_its_best(void **state)
{
    (void)state;
    for (int64_t round = test_effort(300, 6000); round > 0; round--) {
        double strike = pow(10, between(0, 3)), years = between(.001, .3), sigma = between(0, 1.2);
        const qni_calendar calendar = {.growth = between(.97, 1.03),
                                       .discount = exp(-between(-.4, .4) * years),
                                       .years = years,
                                       .sigma = sigma,
                                       .american = test_random_below(&seed, 2) == 0};
        const qn_leg legs[] = {{.quantity = -1, .type = QN_PUT, .strike = strike, .price = 0},
                               {.quantity = 1,
                                .type = QN_PUT,
                                .strike = strike,
                                .price = between(-.1, 1.2) * strike * .4 * sigma * sqrt(years)}};
        double cost = between(0, .0005) * strike;
        qn_payoff p;
        qni_calendar_payoff(&p, &calendar, legs, cost);
        double room = 1e-12 * strike, least = (double)INFINITY, most = -least, tick = strike / 512;
        const calendar_of of = {&calendar, legs, cost};
        for (double price = 0; price <= 4 * strike; price += tick) {
            double here = profit_of_calendar(&of, price);
            assert_true(here >= -p.max_loss - room && here <= p.max_profit + room);
            least = fmin(least, here);
            most = fmax(most, here);
        }
        least = fmin(least, profit_of_calendar(&of, 1e9));
        assert_true(p.max_loss <= fmax(-least, 0) + .17 * tick + room); /* h falls by .17 of the price at most */
        assert_true(p.max_profit <= fmax(most, profit_of_calendar(&of, 1e9)) + room);
        assert_breakevens(&p, profit_of_calendar, &of, 8 * strike, tick);
    }
}

/* A chain of random prices, spreads and classes around a random forward, and random rules. */
static void randomise(kit *k)
{
    double forward = between(90, 110);
    k->smiles[0].forward = forward;
    k->smiles[1].forward = forward * between(.99, 1.01);
    k->surface.american = test_random_below(&seed, 4) != 0;
    for (int64_t i = 0; i < k->chain.count; i++) {
        qn_quote *q = &k->quotes[i];
        double half = .5 * (q->bid + q->ask) * between(0, .1), middle = .5 * (q->bid + q->ask) * between(.9, 1.1);
        q->bid = middle - half;
        q->ask = middle + half;
        q->quote_class = (uint8_t)(test_random_below(&seed, 8) == 0 ? QN_QUOTE_ONE_SIDED : QN_QUOTE_GOOD);
    }
    k->settings.short_delta = between(.05, .5);
    k->settings.long_delta = between(.02, .5);
    k->settings.outside = between(0, 1.5);
    k->settings.commission = between(0, 2);
    k->settings.fill = 0;
    k->result.event.straddle_move = between(.02, .12);
    k->result.event.diffusive_vol = between(.1, .5);
}

static void assert_legs_are_sound(const kit *k, const qn_trade *t)
{
    for (int64_t i = 0; i < t->leg_count; i++) {
        const qn_leg *leg = &t->legs[i], *before = &t->legs[i > 0 ? i - 1 : 0];
        const qn_quote *q = &k->quotes[leg->quote];
        assert_int_equal(q->quote_class, QN_QUOTE_GOOD);
        assert_true(q->strike == leg->strike && q->type == leg->type && q->expiry == leg->expiry);
        assert_true(leg->price >= leg->bid && leg->price <= leg->ask);
        assert_true(i == 0 || leg->type > before->type || leg->strike > before->strike || leg->expiry > before->expiry);
    }
}

/* Far enough from the forward and small enough a delta, by the formula. */
static bool may_be_sold(const kit *k, const qn_quote *q)
{
    double forward = k->smiles[0].forward, deviation = .84 * sqrt(4 / 365.);
    double d1 = log(forward / q->strike) / deviation + deviation / 2;
    return q->quote_class == QN_QUOTE_GOOD &&
           (q->strike / forward - 1) * q->type >= k->settings.outside * k->result.event.straddle_move &&
           .5 * erfc(-d1 * q->type / sqrt(2)) <= k->settings.short_delta;
}

/* What is sold may be, and nothing nearer the forward may. */
static void assert_nearest_is_sold(const kit *k, const qn_trade *strangle)
{
    double forward = k->smiles[0].forward;
    for (int64_t i = 0; i < strangle->leg_count; i++) {
        const qn_leg *leg = &strangle->legs[i];
        assert_true(may_be_sold(k, &k->quotes[leg->quote]));
        for (int64_t j = 0; j < k->chain.count; j++) {
            const qn_quote *q = &k->quotes[j];
            bool nearer = fabs(q->strike - forward) < fabs(leg->strike - forward);
            assert_false(q->expiry == KIT_FIRST && q->type == leg->type && nearer && may_be_sold(k, q));
        }
    }
}

static void trades_of_any_chain_keep_what_they_promise(void **state)
{
    (void)state;
    kit k;
    kit_make(&k, NULL);
    const kit whole = k;
    int64_t built = 0, rounds = test_effort(300, 6000);
    for (int64_t round = 0; round < rounds; round++) {
        qn_arena_mark mark = qn_arena_mark_now(k.arena);
        for (int64_t i = 0; i < k.chain.count; i++)
            k.quotes[i] = whole.quotes[i];
        randomise(&k);
        const qn_trade *near = kit_build(&k, QN_STRATEGY_STRADDLE);
        k.settings.fill = between(.01, 1);
        const qn_trade *far = kit_build(&k, QN_STRATEGY_STRADDLE);
        for (int i = 0; i < QN_STRATEGY_COUNT; i++) {
            const qn_trade *t = &far[i];
            assert_int_equal(t->built, near[i].built);
            if (!t->built) {
                assert_true(t->reason[0] != 0);
                continue;
            }
            built++;
            assert_legs_are_sound(&k, t);
            if (i == QN_STRATEGY_STRANGLE)
                assert_nearest_is_sold(&k, t);
            assert_true(t->credit <= near[i].credit && !(t->payoff.max_profit > near[i].payoff.max_profit) &&
                        !(t->payoff.max_loss < near[i].payoff.max_loss));
            for (int j = 0; j < 20; j++) {
                double price = j == 0 ? 0 : j == 1 ? 1e9 : between(0, 200);
                double profit = qni_trade_profit(t, &k.subject, price);
                assert_true(profit >= -t->payoff.max_loss - 1e-10 && profit <= t->payoff.max_profit + 1e-10);
            }
            for (int64_t j = 0; j < t->payoff.breakeven_count; j++)
                assert_close(qni_trade_profit(t, &k.subject, t->payoff.breakevens[j]), 0, 0, 1e-9);
        }
        qn_arena_rewind(k.arena, mark);
    }
    print_message("%lld of %lld trades were built\n", (long long)built, (long long)(rounds * QN_STRATEGY_COUNT));
    assert_true(built > rounds * QN_STRATEGY_COUNT / 2);
    kit_free(&k);
}

int main(void)
{
    seed = test_seed(20260225);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enumeration_finds_what_a_dense_grid_finds),
        cmocka_unit_test(no_price_is_worse_than_the_worst),
        cmocka_unit_test(a_calendar_is_between_its_worst_and_its_best),
        cmocka_unit_test(trades_of_any_chain_keep_what_they_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
