/* Every allocation of an outlook, of values and of sizes fails in turn: nothing leaks, and the failure is told. */
#include "scan/made.h"

/* Chunks so small that each piece opens one. */
static qn_status scan_one(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_error err;
    qn_arena *arena;
    made_subject m;
    qn_status s = qn_arena_new(&arena, allocator, 128, &err);
    if (s != QN_OK)
        return s;
    made_begin(&m, arena);
    qn_trade *trade = made_bull_put(&m, 90, 95, 1, 0);
    qni_subject *subjects[] = {&m.subject};
    m.result.best = QN_STRATEGY_BULL_PUT;
    s = qni_outlook(&m.subject, &err);
    if (s == QN_OK)
        s = qni_trade_value(trade, &m.subject, &err);
    if (s == QN_OK) {
        assert_true(trade->pop > 0 && trade->pop < 1);
        trade->kelly_fraction = 0; /* a sentence with a number */
        s = qni_sizes(subjects, 1, &err);
    }
    if (s == QN_OK) {
        trade->kelly_fraction = .5; /* and that of a limit */
        s = qni_sizes(subjects, 1, &err);
    }
    qn_arena_free(arena);
    return s;
}

static void no_allocation_may_be_missed(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(scan_one, NULL, 100) > 4);
}

/* A ticker without an outlook takes memory for its reason. */
static qn_status reject_one(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_error err;
    qn_arena *arena;
    made_subject m;
    qn_status s = qn_arena_new(&arena, allocator, 0, &err);
    if (s != QN_OK)
        return s;
    made_begin(&m, arena);
    m.result.event.implied_move = (double)NAN;
    s = qni_outlook(&m.subject, &err);
    assert_true((m.subject.reject != NULL) == (s == QN_OK));
    qn_arena_free(arena);
    return s;
}

static void no_allocation_of_a_rejection_may_be_missed(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(reject_one, NULL, 100) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_may_be_missed),
        cmocka_unit_test(no_allocation_of_a_rejection_may_be_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
