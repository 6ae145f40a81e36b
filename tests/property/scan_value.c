/* Outlooks, values, Kelly's fraction and sizes of random tickers: what holds for all of them. */
#include "scan/build_int.h"
#include "scan/made.h"

#include <float.h>
#include <stdlib.h>

typedef struct random_case {
    uint64_t *random;
    qn_arena *arena;
    made_subject made;
    double tau; /* of log sigma in its outlook */
    double move;
} random_case;

static double between(uint64_t *random, double low, double high)
{
    return low + (high - low) * test_random_unit(random);
}

/* A ticker with moves of 1 to 20 %, known to 0 to 30 % of themselves, at a forward of 1 to 1000. */
static void begin(random_case *c, qn_arena *arena, uint64_t *random)
{
    made_begin(&c->made, arena);
    c->random = random;
    c->arena = arena;
    qn_event_move *e = &c->made.result.event;
    qn_history *h = &c->made.result.history;
    double w = between(random, 0, 1);
    e->forward = exp(between(random, 0, 7));
    e->diffusive_vol = between(random, 0, 1);
    e->implied_move = between(random, .01, .2);
    e->implied_move_error = e->implied_move * between(random, 0, .3);
    h->expected = e->implied_move * between(random, .5, 2);
    h->error = h->expected * between(random, 0, .3);
    c->made.settings.implied_weight = w;
    qn_error err;
    assert_ok(qni_outlook(&c->made.subject, &err), &err);
    assert_null(c->made.subject.reject);
    c->move = w * e->implied_move + (1 - w) * h->expected;
    double apart = e->implied_move - h->expected;
    double variance = w * pow(e->implied_move_error, 2) + (1 - w) * pow(h->error, 2) + w * (1 - w) * apart * apart;
    c->tau = sqrt(log(1 + variance / (c->move * c->move)) + QNI_OUTLOOK_SPREAD * QNI_OUTLOOK_SPREAD);
    /* less so much of the implied move that options at the money are worth what they were */
    double total = pow(e->implied_move, 2) * acos(-1) / 2 + pow(c->made.result.outlook.diffusive, 2);
    double share = pow(c->made.result.outlook.diffusive, 2) / total, excess = expm1(c->tau * c->tau) / 2 * share;
    c->move -= w * e->implied_move * excess / (1 + excess);
}

/* A bought option's expected payoff, by an integral of its own. */
static double fair_price(const random_case *c, const qn_leg *leg)
{
    double forward = c->made.result.event.forward, diffusive = c->made.result.outlook.diffusive;
    double call = made_mixture(made_call, forward, leg->strike, c->move, c->tau, diffusive);
    return leg->type == QN_CALL ? call : call + leg->strike - forward;
}

/* One to four legs at fair prices, with strikes within three moves of the forward. */
static qn_trade *fair_trade(random_case *c)
{
    double forward = c->made.result.event.forward, wide = 3 * (c->move + c->made.result.outlook.diffusive);
    qn_trade *t = &c->made.trades[QN_STRATEGY_CONDOR];
    qn_leg *legs = c->made.legs[QN_STRATEGY_CONDOR];
    *t = (qn_trade){.strategy = QN_STRATEGY_CONDOR,
                    .built = true,
                    .tradable = true,
                    .legs = legs,
                    .leg_count = 1 + test_random_below(c->random, QN_LEGS_MAX),
                    .liquidity = {.tier = QN_TIER_GOOD}};
    for (int64_t i = 0; i < t->leg_count; i++) {
        legs[i] = (qn_leg){.quantity = test_random_below(c->random, 2) ? 1 : -1,
                           .type = test_random_below(c->random, 2) ? QN_CALL : QN_PUT,
                           .strike = forward * exp(between(c->random, -wide, wide)),
                           .quote = -1};
        legs[i].price = fair_price(c, &legs[i]);
    }
    qn_error err;
    assert_ok(qn_legs_payoff(&t->payoff, legs, t->leg_count, &err), &err);
    t->undefined_risk = isinf(t->payoff.max_loss);
    return t;
}

static void value(random_case *c, qn_trade *t)
{
    qn_error err;
    assert_ok(qni_trade_value(t, &c->made.subject, &err), &err);
}

/* Runs `each` on random tickers, each in an arena of its own. */
static void for_random_cases(void (*each)(random_case *c), int64_t quick, int64_t most)
{
    uint64_t random = test_seed(20261122);
    for (int64_t n = test_effort(quick, most); n > 0; n--) {
        random_case c;
        qn_arena *arena;
        qn_error err;
        assert_ok(qn_arena_new(&arena, NULL, 0, &err), &err);
        begin(&c, arena, &random);
        each(&c);
        qn_arena_free(arena);
    }
}

/* The discretisation's error of one leg is below h^2 / 8 of the density, which is 1e-4 of the distribution's width. */
static void fair(random_case *c)
{
    qn_trade *t = fair_trade(c);
    value(c, t);
    double width = c->made.result.event.forward * (c->move + c->made.result.outlook.diffusive);
    assert_close(t->expected_value, 0, 0, 1e-4 * width * (double)t->leg_count);
}

static void a_fair_price_leaves_nothing_to_expect(void **state)
{
    (void)state;
    for_random_cases(fair, 60, 3000);
}

static void bounds(random_case *c)
{
    qn_trade *t = fair_trade(c);
    t->commission = between(c->random, -.02, .02) * c->made.result.event.forward;
    qn_error err;
    assert_ok(qni_legs_payoff(&t->payoff, t->legs, t->leg_count, t->commission, &err), &err);
    value(c, t);
    double size = c->made.result.event.forward * 1e-12;
    assert_true(t->pop >= 0 && t->pop <= 1);
    assert_true(t->cvar >= 0 && t->cvar >= -t->expected_value - size);
    assert_true(t->cvar <= t->payoff.max_loss + size);
    assert_true(t->expected_value <= t->payoff.max_profit + size);
    assert_true(t->kelly_fraction >= 0 && t->kelly_fraction <= 1);
    assert_true(t->kelly_fraction == 0 || t->expected_value > 0); /* never on a negative edge */
    double worst = t->cvar;
    c->made.settings.tail = .7;
    value(c, t);
    assert_true(t->cvar <= worst + size);
}

static void values_lie_within_their_bounds(void **state)
{
    (void)state;
    for_random_cases(bounds, 60, 3000);
}

static double exceeds(double forward, double price, double total)
{
    return 1 - made_below(forward, price, total);
}

static void profit_probability(random_case *c)
{
    double forward = c->made.result.event.forward, wide = c->move + c->made.result.outlook.diffusive;
    qn_trade *t = &c->made.trades[QN_STRATEGY_CONDOR];
    qn_leg *leg = c->made.legs[QN_STRATEGY_CONDOR];
    *leg = (qn_leg){.quantity = 1, .type = QN_CALL, .strike = forward * exp(between(c->random, -wide, wide))};
    leg->price = .1 * wide * forward;
    *t = (qn_trade){.strategy = QN_STRATEGY_CONDOR, .built = true, .legs = leg, .leg_count = 1};
    t->payoff.max_loss = leg->price;
    t->payoff.breakevens[t->payoff.breakeven_count++] = leg->strike + leg->price;
    value(c, t);
    double exact =
        made_mixture(exceeds, forward, leg->strike + leg->price, c->move, c->tau, c->made.result.outlook.diffusive);
    assert_close(t->pop, exact, 0, 2e-4);
}

static void the_probability_of_profit_is_that_of_the_mixture(void **state)
{
    (void)state;
    for_random_cases(profit_probability, 100, 5000);
}

typedef struct outcome {
    double profit, weight;
} outcome;

static int by_profit(const void *a, const void *b)
{
    const outcome *one = a, *other = b;
    return (one->profit > other->profit) - (one->profit < other->profit);
}

/* By sorting all. */
static void worst(random_case *c)
{
    static outcome all[4096];
    const qn_outlook *o = &c->made.result.outlook;
    qn_trade *t = fair_trade(c);
    c->made.settings.tail = between(c->random, .5, .999);
    value(c, t);
    for (int64_t i = 0; i < o->count; i++)
        all[i] = (outcome){qni_trade_profit(t, &c->made.subject, o->price[i]), o->weight[i]};
    qsort(all, (size_t)o->count, sizeof *all, by_profit);
    double share = 1 - c->made.settings.tail, left = share, sum = 0;
    for (int64_t i = 0; i < o->count && left > 0; i++) {
        sum -= fmin(all[i].weight, left) * all[i].profit;
        left -= all[i].weight;
    }
    assert_close(t->cvar, fmax(sum / share, 0), 1e-10, 1e-12);
}

static void the_worst_share_is_what_sorting_finds(void **state)
{
    (void)state;
    for_random_cases(worst, 100, 5000);
}

/* Prices in another currency. */
static void scaled(random_case *c)
{
    qn_trade *t = fair_trade(c);
    t->commission = between(c->random, -.01, .01) * c->made.result.event.forward;
    value(c, t);
    const qn_trade before = *t;
    c->made.result.event.forward *= 8;
    qn_error err;
    assert_ok(qni_outlook(&c->made.subject, &err), &err);
    for (int64_t i = 0; i < t->leg_count; i++) {
        c->made.legs[QN_STRATEGY_CONDOR][i].strike *= 8;
        c->made.legs[QN_STRATEGY_CONDOR][i].price *= 8;
    }
    for (int64_t i = 0; i < t->payoff.breakeven_count; i++)
        t->payoff.breakevens[i] *= 8;
    t->commission *= 8;
    t->payoff.max_loss *= 8;
    value(c, t);
    assert_true(t->pop == before.pop && t->kelly_fraction == before.kelly_fraction);
    assert_true(t->expected_value == 8 * before.expected_value && t->cvar == 8 * before.cvar);
}

static void amounts_scale_with_the_price_and_nothing_else_does(void **state)
{
    (void)state;
    for_random_cases(scaled, 60, 3000);
}

/* ---- Kelly ---- */

enum {
    OUTCOMES = 40
};

typedef struct bet {
    double x[OUTCOMES], w[OUTCOMES];
    int64_t n;
} bet;

static double mean_of(const bet *b)
{
    double mean = 0, sum = 0;
    for (int64_t i = 0; i < b->n; i++) {
        mean += b->w[i] * b->x[i];
        sum += b->w[i];
    }
    return mean / sum;
}

static double growth(const bet *b, double f)
{
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < b->n; i++) {
        sum += b->w[i] * log1p(f * b->x[i]);
        weight += b->w[i];
    }
    return sum / weight;
}

static void random_bet(bet *b, uint64_t *random)
{
    b->n = 1 + test_random_below(random, OUTCOMES);
    double best = exp(between(random, -4, 4)), worst = test_random_below(random, 2) ? 1 : test_random_unit(random);
    for (int64_t i = 0; i < b->n; i++) {
        b->x[i] = test_random_below(random, 3) == 0 ? -worst : between(random, -worst, best);
        b->w[i] = test_random_unit(random);
    }
}

static void kelly_finds_the_fastest_growth(void **state)
{
    (void)state;
    uint64_t random = test_seed(17);
    for (int64_t n = test_effort(3000, 100000); n > 0; n--) {
        bet b;
        random_bet(&b, &random);
        double f = qn_kelly(b.x, b.w, b.n), at = f == 1 ? growth(&b, 1 - DBL_EPSILON) : growth(&b, f);
        assert_true(f >= 0 && f <= 1);
        assert_true((f > 0) == (mean_of(&b) > 0) || fabs(mean_of(&b)) < 1e-13);
        for (int k = 0; k < 20; k++)
            assert_true(growth(&b, k / 20.0) <= at + 1e-13);
    }
}

static void better_outcomes_are_never_bet_less_on(void **state)
{
    (void)state;
    uint64_t random = test_seed(18);
    for (int64_t n = test_effort(3000, 100000); n > 0; n--) {
        bet b;
        random_bet(&b, &random);
        double before = qn_kelly(b.x, b.w, b.n);
        for (int64_t i = 0; i < b.n; i++)
            b.x[i] += between(&random, 0, .1);
        assert_true(qn_kelly(b.x, b.w, b.n) >= before * (1 - 1e-12));
    }
}

static void a_smaller_stake_is_bet_more_on_by_as_much(void **state)
{
    (void)state;
    uint64_t random = test_seed(19);
    for (int64_t n = test_effort(3000, 100000); n > 0; n--) {
        bet b;
        random_bet(&b, &random);
        double before = qn_kelly(b.x, b.w, b.n), scale = between(&random, .1, 1);
        for (int64_t i = 0; i < b.n; i++)
            b.x[i] *= scale;
        double after = qn_kelly(b.x, b.w, b.n);
        if (before < 1)
            assert_close(after, fmin(before / scale, 1), 1e-9, 1e-12);
    }
}

/* ---- sizes ---- */

enum {
    TICKERS = 40
};

typedef struct portfolio {
    made_subject made[TICKERS];
    qni_subject *subjects[TICKERS];
} portfolio;

static void random_portfolio(portfolio *p, qn_arena *arena, uint64_t *random)
{
    static const char *const sectors[] = {"", "banks", "chips", "oil"};
    qn_scan_settings settings;
    qn_scan_settings_init(&settings, sizeof settings);
    settings.kelly = between(random, 0, 1);
    settings.cap_trade = between(random, 0, .2);
    settings.cap_day = between(random, 0, .3);
    settings.cap_sector = between(random, 0, .4);
    settings.cap_week = between(random, 0, .5);
    settings.account = exp(between(random, 8, 16));
    for (int i = 0; i < TICKERS; i++) {
        made_subject *m = &p->made[i];
        made_begin(m, arena);
        m->settings = settings;
        m->result.event.day = (int32_t)test_random_below(random, 30) - 10;
        m->result.sector = sectors[test_random_below(random, 4)];
        m->result.best = test_random_below(random, 8) == 0 ? -1 : QN_STRATEGY_BULL_PUT;
        qn_trade *t = made_bull_put(m, 90, 95, between(random, 0, 4.99), 0);
        t->kelly_fraction = test_random_below(random, 5) == 0 ? 0 : between(random, 0, .6);
        p->subjects[i] = &m->subject;
    }
}

/* Monday 1969-12-29 begins the week that is 0. */
static int32_t week_of(int32_t day)
{
    return (day + 3 + 700) / 7 - 100;
}

/* Money at risk in the first `count` tickers on that day (0), in that sector (1) or that week (2). */
static double at_risk(const portfolio *p, int count, int tie, const qn_scan_ticker *one)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        const qn_scan_ticker *r = &p->made[i].result;
        bool same = tie == 0   ? r->event.day == one->event.day
                    : tie == 1 ? *one->sector != 0 && strcmp(r->sector, one->sector) == 0
                               : week_of(r->event.day) == week_of(one->event.day);
        if (same)
            sum += p->made[i].trades[QN_STRATEGY_BULL_PUT].risk;
    }
    return sum;
}

static void limits_are_kept_and_used(void **state)
{
    (void)state;
    static portfolio p;
    uint64_t random = test_seed(20);
    for (int64_t n = test_effort(200, 5000); n > 0; n--) {
        qn_arena *arena;
        qn_error err;
        assert_ok(qn_arena_new(&arena, NULL, 0, &err), &err);
        random_portfolio(&p, arena, &random);
        assert_ok(qni_sizes(p.subjects, TICKERS, &err), &err);
        for (int i = 0; i < TICKERS; i++) {
            const qn_scan_ticker *r = &p.made[i].result;
            const qn_scan_settings *s = &p.made[i].settings;
            const qn_trade *t = &p.made[i].trades[QN_STRATEGY_BULL_PUT];
            const double caps[] = {s->cap_day, s->cap_sector, s->cap_week};
            double unit = 100 * t->payoff.max_loss, slack = 1 + 1e-9;
            double alone = fmin(s->kelly * t->kelly_fraction, s->cap_trade) * s->account;
            assert_true(t->contracts >= 0 && t->risk == (double)t->contracts * unit);
            assert_true(t->risk <= alone * slack);
            bool full = r->best < 0 || t->kelly_fraction == 0 || t->risk + unit > alone / slack;
            for (int tie = 0; tie < 3; tie++) {
                assert_true(at_risk(&p, TICKERS, tie, r) <= caps[tie] * s->account * slack);
                full = full || at_risk(&p, i, tie, r) + t->risk + unit > caps[tie] * s->account / slack;
            }
            assert_true(full); /* one more contract would have been too many when its turn came */
        }
        qn_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fair_price_leaves_nothing_to_expect),
        cmocka_unit_test(values_lie_within_their_bounds),
        cmocka_unit_test(the_worst_share_is_what_sorting_finds),
        cmocka_unit_test(the_probability_of_profit_is_that_of_the_mixture),
        cmocka_unit_test(amounts_scale_with_the_price_and_nothing_else_does),
        cmocka_unit_test(kelly_finds_the_fastest_growth),
        cmocka_unit_test(better_outcomes_are_never_bet_less_on),
        cmocka_unit_test(a_smaller_stake_is_bet_more_on_by_as_much),
        cmocka_unit_test(limits_are_kept_and_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
