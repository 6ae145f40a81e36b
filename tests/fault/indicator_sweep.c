/* An indicator whose n-th allocation fails says so and leaves nothing behind; once made, it asks for no more memory. */
#include "stream/indicator_kit.h"

static qn_status make_and_feed(const qn_allocator *allocator, void *user)
{
    const indicator_case *c = user;
    const test_allocator *counts = (const test_allocator *)allocator;
    qn_indicator *ind;
    qn_status status = qn_indicator_new(&ind, c->kind, c->constants, c->count, 11, allocator, NULL);
    if (status != QN_OK) {
        assert_null(ind);
        return status;
    }
    int64_t before = counts->allocations, bytes = counts->live_bytes;
    double x[11] = {1, 2, 3}, out[11];
    const int32_t symbols[] = {3, 1, 3};
    for (int i = 0; i < 20; i++) {
        assert_int_equal(qn_indicator_row(ind, x, x, out, NULL), QN_OK);
        assert_int_equal(qn_indicator_update(ind, symbols, x, x, out, 1 + i % 3, NULL), QN_OK);
    }
    qn_indicator_reset(ind);
    assert_int_equal(counts->allocations, before);
    assert_int_equal(qn_indicator_size(ind), bytes);
    qn_indicator_free(ind);
    return QN_OK;
}

static void every_failing_allocation_is_reported_and_leaves_nothing(void **state)
{
    (void)state;
    for (int c = 0; c < INDICATOR_CASES; c++) {
        indicator_case each = indicator_cases[c];
        assert_int_equal(test_fault_sweep(make_and_feed, &each, 10), 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
