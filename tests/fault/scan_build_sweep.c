/* Every allocation of building trades fails in turn: nothing leaks, and no half of the trades is shown. */
#include "harness/harness.h"
#include "scan/build_kit.h"

static kit k;

/* With `user` no put can be bought, and reasons are written too. */
static qn_status build(const qn_allocator *allocator, void *user)
{
    qn_error err;
    const bool missing = *(const bool *)user;
    qn_arena *arena;
    qn_status s = qn_arena_new(&arena, allocator, 64, &err);
    if (s != QN_OK)
        return s;
    k.subject.arena = arena;
    k.subject.trades = NULL;
    k.result.trades = NULL;
    s = qni_trades_build(&k.subject, &err);
    assert_true((k.result.trades != NULL) == (s == QN_OK));
    if (s == QN_OK)
        assert_int_equal(k.result.trades[QN_STRATEGY_CONDOR].built, !missing);
    qn_arena_free(arena);
    return s;
}

static void no_allocation_of_building_trades_may_be_missed(void **state)
{
    (void)state;
    kit_make(&k, NULL);
    qn_arena *own = k.arena;
    bool missing = false;
    assert_true(test_fault_sweep(build, &missing, 100) >= 2);
    missing = true;
    kit_class(&k, KIT_FIRST, QN_PUT, 0, QN_QUOTE_ZERO);
    k.settings.credit_least = 50;
    assert_true(test_fault_sweep(build, &missing, 100) >= 4);
    k.arena = own;
    kit_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_of_building_trades_may_be_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
