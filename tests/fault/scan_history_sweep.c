/* Every allocation of past reactions, notes and peers fails in turn: nothing leaks, nothing is half done. */
#include "scan/history_kit.h"

enum {
    TICKERS = 3
};
static past many[TICKERS];

static qn_status begin_all(const qn_allocator *allocator, qn_error *err)
{
    static const char *const names[TICKERS] = {"A", "B", "C"};
    qn_status s = QN_OK;
    uint64_t chance = 3;
    for (int i = 0; i < TICKERS; i++) {
        s = past_begin(&many[i], names[i], allocator, err);
        if (s != QN_OK)
            break;
        for (int k = 0; k < 12; k++)
            past_report(&many[i], QN_TIMING_AFTER_CLOSE, i > 0, 0.05, &chance);
        many[i].result.as_of_us = qn_market_time(many[i].days[many[i].daily.count - 1] + 40, 50000);
        many[i].result.spot = 1e-6;
    }
    return s;
}

static qn_status judge_all(qn_error *err)
{
    qni_subject subjects[TICKERS];
    qn_status s = QN_OK;
    for (int i = 0; i < TICKERS && s == QN_OK; i++)
        s = qni_history(&many[i].subject, many[i].result.as_of_us, err);
    for (int i = 0; i < TICKERS; i++)
        subjects[i] = many[i].subject;
    if (s == QN_OK)
        s = qni_history_peers(subjects, TICKERS, NULL, err);
    for (int i = 0; i < TICKERS && s == QN_OK; i++)
        s = qni_split_note(&many[i].subject, err);
    return s;
}

static qn_status all_of_it(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_error err = qn_error_none();
    memset(many, 0, sizeof many);
    qn_status s = begin_all(allocator, &err);
    if (s == QN_OK)
        s = judge_all(&err);
    if (s == QN_OK) {
        assert_non_null(many[0].subject.reject);
        assert_true(many[1].result.history.error > 0);
    }
    for (int i = 0; i < TICKERS; i++)
        past_end(&many[i]);
    return s;
}

static void no_allocation_of_a_history_may_be_missed(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(all_of_it, NULL, 1000) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_allocation_of_a_history_may_be_missed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
