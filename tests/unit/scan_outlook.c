/* The distribution of the price when the first expiry after a report ends, against integrals that are done here. */
#include "scan/made.h"

typedef struct bench {
    qn_arena *arena;
    made_subject made;
} bench;

static int begin(void **state)
{
    static bench b;
    qn_error err;
    assert_ok(qn_arena_new(&b.arena, NULL, 0, &err), &err);
    made_begin(&b.made, b.arena);
    *state = &b;
    return 0;
}

static int end(void **state)
{
    qn_arena_free(((bench *)*state)->arena);
    return 0;
}

static const qn_outlook *outlook_of(made_subject *m)
{
    qn_error err;
    assert_ok(qni_outlook(&m->subject, &err), &err);
    assert_null(m->subject.reject);
    return &m->result.outlook;
}

/* Only diffusion and what options imply, both known. */
static void imply(made_subject *m, double move, double diffusive_vol)
{
    m->settings.implied_weight = 1;
    m->result.event.implied_move = move;
    m->result.event.implied_move_error = 0;
    m->result.event.diffusive_vol = diffusive_vol;
}

static double expected_call(const qn_outlook *o, double strike)
{
    double sum = 0;
    for (int64_t i = 0; i < o->count; i++)
        sum += o->weight[i] * fmax(o->price[i] - strike, 0);
    return sum;
}

static void its_mean_is_the_forward(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    const double vols[] = {0, .3, 3}, moves[] = {.0003, .08, .7};
    for (int i = 0; i < 9; i++) {
        m->result.event.forward = 37.5;
        m->result.event.diffusive_vol = vols[i % 3];
        m->result.history.error = m->result.event.implied_move_error = 0;
        m->result.event.implied_move = m->result.history.expected = moves[i / 3];
        const qn_outlook *o = outlook_of(m);
        double sum = 0, mean = 0;
        for (int64_t k = 0; k < o->count; k++) {
            assert_true(k == 0 || o->price[k] > o->price[k - 1]);
            assert_true(o->weight[k] >= 0);
            sum += o->weight[k];
            mean += o->weight[k] * o->price[k];
        }
        assert_close(sum, 1, 0, 1e-13);
        assert_close(mean, 37.5, 1e-12, 0);
    }
}

static void its_moves_are_by_parts_the_implied_and_the_past_ones(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    const double weights[] = {0, .5, 1}, moves[] = {.06, .07, .08};
    m->result.event.diffusive_vol = 0;
    for (int i = 0; i < 3; i++) {
        m->settings.implied_weight = weights[i];
        /* A lognormal move is 2 (2 Phi(s / 2) - 1), which is sqrt(2 / pi) s but for s^2 / 24 */
        assert_close(outlook_of(m)->mean_abs_move, moves[i], 1e-3, 0);
    }
}

static void what_is_not_known_of_it_is_the_spread_of_both_opinions(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    m->result.event.implied_move_error = m->result.history.error = 0;
    const qn_outlook *o = outlook_of(m); /* half .08 and half .06: .07 +- .01 */
    assert_close(o->sigma_error / o->sigma, 1.0 / 7, 1e-12, 0);
    imply(m, .08, 0);
    m->result.event.implied_move_error = .016;
    o = outlook_of(m);
    assert_close(o->sigma_error / o->sigma, .2, 1e-12, 0);
    /* E sigma^2 = (E sigma)^2 exp(tau^2), where exp(tau^2) = (1 + .2^2) exp(.25^2) */
    assert_close(o->sigma, .08 * sqrt(acos(-1) / 2 * 1.04) * exp(.25 * .25 / 2), 1e-9, 0);
}

static void its_tails_are_those_of_past_reports(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    imply(m, .05, 0);
    const qn_outlook *o = outlook_of(m);
    double square = 0, fourth = 0, mean = 0;
    for (int64_t i = 0; i < o->count; i++)
        mean += o->weight[i] * log(o->price[i]);
    for (int64_t i = 0; i < o->count; i++) {
        double x = log(o->price[i]) - mean;
        square += o->weight[i] * x * x;
        fourth += o->weight[i] * x * x * x * x;
    }
    /* The kurtosis of a normal variable whose sigma is lognormal is 3 exp(4 tau^2). The 420 reactions of 15 tickers,
     * each by the mean of its ticker's others, have 3.9. */
    assert_close(fourth / square / square, 3 * exp(4 * .25 * .25), .02, 0);
    assert_close(sqrt(square), o->sigma, 2e-3, 0);
}

static void options_are_worth_a_mixture_of_blacks_prices(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    const double vols[] = {0, .3, 1.5}, moves[] = {.02, .07, .3};
    for (int i = 0; i < 9; i++) {
        m->settings.implied_weight = 0;
        m->result.event.diffusive_vol = vols[i % 3];
        m->result.history.expected = moves[i / 3];
        m->result.history.error = .2 * moves[i / 3];
        const qn_outlook *o = outlook_of(m);
        double tau = sqrt(log(1.04) + QNI_OUTLOOK_SPREAD * QNI_OUTLOOK_SPREAD);
        for (double strike = 40; strike < 200; strike += 3.7) {
            double exact = made_mixture(made_call, 100, strike, moves[i / 3], tau, o->diffusive);
            assert_close(expected_call(o, strike), exact, 0, 100 * 1e-4 * moves[i / 3] + 1e-3 * exact);
        }
        double at = made_mixture(made_call, 100, 100, moves[i / 3], tau, o->diffusive);
        assert_close(o->mean_abs_move, 2 * at / 100, 1e-5, 0);
    }
}

/* Were options right, a straddle at the money would be worth its price, whatever the diffusion and the errors. */
static void what_options_at_the_money_cost_stays_what_it_is(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    const double vols[] = {0, .3, 1.5}, moves[] = {.02, .07, .2};
    for (int i = 0; i < 9; i++) {
        imply(m, moves[i / 3], vols[i % 3]);
        m->result.event.implied_move_error = .2 * moves[i / 3];
        const qn_outlook *o = outlook_of(m);
        double sigma = moves[i / 3] * sqrt(acos(-1) / 2), total = sqrt(sigma * sigma + o->diffusive * o->diffusive);
        assert_close(o->mean_abs_move, 2 * made_call(100, 100, total) / 100, 4e-3, 0);
    }
}

static void diffusion_takes_the_time_until_the_first_expiry(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    assert_close(outlook_of(m)->diffusive, .3 * sqrt(10 / 365.0), 1e-15, 0);
    m->smile.years *= 4;
    assert_close(outlook_of(m)->diffusive, .6 * sqrt(10 / 365.0), 1e-15, 0);
}

static void what_is_not_known_is_named(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    const made_subject sound = *m;
    const struct {
        double *field;
        double value;
        const char *says;
    } cases[] = {
        {&m->result.event.forward, NAN, "the forward is not known"},
        {&m->result.event.forward, 0, "the forward is not known"},
        {&m->smile.years, NAN, "the time to the first expiry after the report is not known"},
        {&m->result.event.diffusive_vol, NAN, "the volatility without the report is not known"},
        {&m->result.event.implied_move, NAN, "the move that options imply is not known"},
        {&m->result.event.implied_move_error, INFINITY, "the error of the move that options imply is not known"},
        {&m->result.history.expected, NAN, "the move that past reports let expect is not known"},
        {&m->result.history.error, NAN, "the error of the move that past reports let expect is not known"},
        {&m->result.event.implied_move, 50, "no distribution of a share's price"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qn_error err;
        *cases[i].field = cases[i].value;
        assert_ok(qni_outlook(&m->subject, &err), &err);
        assert_non_null(m->subject.reject);
        assert_contains(m->subject.reject, cases[i].says);
        assert_int_equal(m->result.outlook.count, 0);
        *m = sound;
    }
}

static void a_share_that_does_not_move_has_none(void **state)
{
    made_subject *m = &((bench *)*state)->made;
    qn_error err;
    imply(m, 0, 0);
    assert_ok(qni_outlook(&m->subject, &err), &err);
    assert_contains(m->subject.reject, "no distribution");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(its_mean_is_the_forward),
        CASE(its_moves_are_by_parts_the_implied_and_the_past_ones),
        CASE(what_is_not_known_of_it_is_the_spread_of_both_opinions),
        CASE(its_tails_are_those_of_past_reports),
        CASE(options_are_worth_a_mixture_of_blacks_prices),
        CASE(what_options_at_the_money_cost_stays_what_it_is),
        CASE(diffusion_takes_the_time_until_the_first_expiry),
        CASE(what_is_not_known_is_named),
        CASE(a_share_that_does_not_move_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
