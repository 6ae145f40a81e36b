/* Every allocation of isolating an event fails in turn, by each method and where it is rejected. */
#include "base/time.h"
#include "harness/harness.h"
#include "options/made_event.h"

#include <math.h>

enum {
    DAYS = 40
};

typedef struct sweep {
    qn_chain *chain;
    const qn_daily *daily;
    int32_t report;
} sweep;

static qn_status isolate(const qn_allocator *allocator, void *user)
{
    sweep *w = user;
    made_subject m;
    qn_error err;
    made_subject_init(&m, w->chain, w->report, QN_TIMING_AFTER_CLOSE, QN_CLOCK_BUSINESS, allocator);
    m.input.daily = w->daily;
    m.result.history.expected = 0.05;
    m.settings.vrp_least = 50; /* so that there is a reason against it */
    qn_status s = made_subject_run(&m, &err);
    if (s == QN_OK && m.subject.reject == NULL)
        s = qni_vrp(&m.subject, &err);
    if (s == QN_OK && m.subject.reject == NULL)
        s = qni_liquidity(&m.subject, &err);
    made_subject_free(&m);
    return s;
}

static void sweep_expiries(int count, const int32_t *days)
{
    int32_t report = qni_date_days(2026, 2, 25), past[DAYS], day = report - 12;
    made_scene scene = {.as_of_us = qn_market_time(report - 12, INT64_C(12) * 3600),
                        .spot = 100,
                        .diffusive = 0.16,
                        .event = 0.0049,
                        .event_us = qn_market_expiry(report, QN_SETTLEMENT_PM),
                        .half_spread = 0.01,
                        .count = count};
    for (int i = 0; i < count; i++)
        scene.days[i] = report + days[i];
    double closes[DAYS];
    for (int i = DAYS - 1; i >= 0; i--) {
        past[i] = day = qn_market_previous_day(day);
        closes[i] = i % 2 == 0 ? 100 : 102;
    }
    qn_daily daily = {.ticker = "QRN", .count = DAYS, .days = past, .close = closes};
    sweep w = {.chain = made_scene_chain(&scene), .daily = &daily, .report = report};
    assert_true(test_fault_sweep(isolate, &w, 10000) > 2);
    qn_chain_free(w.chain);
}

static void no_allocation_of_an_event_may_be_missed(void **state)
{
    (void)state;
    const int32_t around[] = {-5, 2, 9}, one[] = {2}, none[] = {-5};
    sweep_expiries(3, around);
    sweep_expiries(2, around + 1);
    sweep_expiries(1, one);
    sweep_expiries(1, none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_of_an_event_may_be_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
