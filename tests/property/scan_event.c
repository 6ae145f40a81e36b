/* The event's move is found again in chains that were made with a known one, by each method, and its error is what it
 * says: quotes off their prices by up to half their spread, all of an expiry the same way, which is the worst; prices
 * rounded to cents; and the time of diffusion counted by another clock than the one that priced it. */
#include "harness/harness.h"
#include "options/made_event.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    FIRST_DAY = 20000, /* 2024-10-04 */
    PRICE_DAYS = 80
};

typedef struct tally {
    const char *method;
    int64_t all, near, nearer; /* |estimate - truth| below two standard errors, and below one */
    double errors;             /* sum of errors by the truth */
} tally;

static double between(uint64_t *random, double low, double high)
{
    return low + (high - low) * test_random_unit(random);
}

/* Expiries on Fridays around the report; those before it only where `before`. */
static void set_expiries(made_scene *scene, int32_t report, bool before, int after)
{
    int32_t friday = report - 14;
    while ((friday + 4) % 7 != 5) /* day 0 was a Thursday */
        friday++;
    for (scene->count = 0; after > 0; friday += 7) {
        int64_t us = qn_market_expiry(friday, QN_SETTLEMENT_PM);
        if (us <= scene->as_of_us || (us <= scene->event_us && !before))
            continue;
        after -= us > scene->event_us;
        scene->days[scene->count++] = friday;
    }
}

/* Closes that diffuse by the scene's volatility, a normal step each trading day until the quotes. */
static void make_daily(qn_daily *out, int32_t *days, double *closes, const made_scene *scene, int32_t until,
                       uint64_t *random)
{
    double sd = sqrt(scene->diffusive / 252);
    for (int i = PRICE_DAYS - 1; i >= 0; i--)
        days[i] = until = qn_market_previous_day(until);
    closes[0] = scene->spot;
    for (int i = 1; i < PRICE_DAYS; i++) {
        double x = 0;
        for (int j = 0; j < 12; j++)
            x += test_random_unit(random) - 0.5;
        closes[i] = closes[i - 1] * exp(sd * x);
    }
    *out = (qn_daily){.ticker = "QRN", .count = PRICE_DAYS, .days = days, .close = closes};
}

/* One case; counts where the method is the one that was to be. */
static void one(tally *t, bool before, int after, uint64_t *random)
{
    qn_timing timing = test_random_below(random, 2) == 0 ? QN_TIMING_AFTER_CLOSE : QN_TIMING_BEFORE_OPEN;
    int32_t report = qn_market_next_day(FIRST_DAY + (int32_t)test_random_below(random, 300)), as_of = report;
    for (int64_t n = 2 + test_random_below(random, 8); n > 0; n--)
        as_of = qn_market_previous_day(as_of);
    double sigma = between(random, 0.03, 0.15);
    made_scene scene = {.ticker = "SPX",
                        .as_of_us = qn_market_time(as_of, (int64_t)between(random, 10 * 3600, 16 * 3600)),
                        .spot = between(random, 20, 500),
                        .clock = (qn_clock)test_random_below(random, 3),
                        .diffusive = pow(between(random, 0.15, 0.7), 2),
                        .event = sigma * sigma,
                        .skew = test_random_below(random, 2) == 0,
                        .half_spread = between(random, 0.002, 0.03),
                        .least_half = 0.01,
                        .tick = 0.01};
    (void)qn_market_session(NULL, &scene.event_us,
                            timing == QN_TIMING_AFTER_CLOSE ? report : qn_market_previous_day(report));
    set_expiries(&scene, report, before, after);
    for (int i = 0; i < scene.count; i++)
        scene.shifts[i] = between(random, -1, 1);
    qn_chain *chain = made_scene_chain(&scene);
    int32_t days[PRICE_DAYS];
    double closes[PRICE_DAYS];
    qn_daily daily;
    make_daily(&daily, days, closes, &scene, as_of, random);
    made_subject m;
    qn_error err;
    made_subject_init(&m, chain, report, timing, (qn_clock)test_random_below(random, 3), NULL);
    m.input.daily = &daily;
    assert_ok(made_subject_run(&m, &err), &err);
    const qn_event_move *e = &m.result.event;
    if (m.subject.reject == NULL && strcmp(e->method, t->method) == 0) {
        double off = fabs(e->sigma - sigma);
        t->all++;
        t->near += off < 2 * e->sigma_error;
        t->nearer += off < e->sigma_error;
        t->errors += e->sigma_error / sigma;
        double reaction = pow(e->sigma, 2) + pow(e->diffusive_vol, 2) * e->ordinary_years;
        assert_close(e->implied_move, 2 * erf(sqrt(reaction / 8)), 1e-12, 0);
    }
    made_subject_free(&m);
    qn_chain_free(chain);
}

/* Of `cases` at least nine in ten lie within two errors; errors are no excuse: they are on average less than `most` of
 * the truth. */
static void assert_covered(const char *method, bool before, int after, double most)
{
    uint64_t random = test_seed(7);
    int64_t cases = test_effort(200, 4000);
    tally t = {.method = method};
    for (int64_t i = 0; i < cases; i++)
        one(&t, before, after, &random);
    print_message("%s: %lld of %lld cases, %.1f %% within two errors, %.1f %% within one, mean error %.1f %%\n", method,
                  (long long)t.all, (long long)cases, 100.0 * (double)t.near / (double)t.all,
                  100.0 * (double)t.nearer / (double)t.all, 100 * t.errors / (double)t.all);
    assert_true(2 * t.all > cases);
    assert_true((double)t.near >= 0.9 * (double)t.all - 1);
    assert_true(t.errors <= most * (double)t.all);
}

static void a_known_event_is_found_between_expiries_before_and_after(void **state)
{
    (void)state;
    assert_covered("before and after", true, 2, 0.15);
}

static void a_known_event_is_found_by_two_expiries_after_it(void **state)
{
    (void)state;
    assert_covered("two after", false, 2, 0.2);
}

static void a_known_event_is_found_by_one_expiry_and_past_volatility(void **state)
{
    (void)state;
    assert_covered("one after, past volatility", false, 1, 0.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_event_is_found_between_expiries_before_and_after),
        cmocka_unit_test(a_known_event_is_found_by_two_expiries_after_it),
        cmocka_unit_test(a_known_event_is_found_by_one_expiry_and_past_volatility),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
