/* Budgets whose n-th allocation fails say so, stay usable and give everything back. */
#include "harness/harness.h"

#include "base/alloc.h"

#include <quern/arena.h>
#include <quern/budget.h>

static qn_status budget_over(qn_budget **out, qn_budget *parent, const char *name, const qn_allocator *source)
{
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.source = source;
    return qn_budget_new(out, parent, name, &options, NULL);
}

/* A tree, an arena on its lowest budget, a block that grows. */
static qn_status draw(const qn_allocator *source, void *user)
{
    (void)user;
    qn_budget *top = NULL, *child = NULL;
    qn_arena *arena = NULL;
    void *block = NULL;
    int64_t capacity = 0;
    qn_status s = budget_over(&top, NULL, "top", source);
    if (s == QN_OK)
        s = budget_over(&child, top, "child", NULL); /* from where the parent's memory comes */
    if (s != QN_OK)
        assert_null(child);
    if (s == QN_OK)
        s = qn_arena_new(&arena, qn_budget_allocator(child), 256, NULL);
    for (int i = 0; i < 10 && s == QN_OK; i++) {
        void *piece;
        s = qn_arena_take(&piece, arena, 100, NULL);
    }
    for (int64_t n = 1; n < 1000 && s == QN_OK; n *= 3)
        s = qni_grow(qn_budget_allocator(top), &block, &capacity, n, 8) ? QN_OK : QN_NOMEM;
    qn_arena_free(arena);
    if (top != NULL) {
        qn_budget_stats stats = {.size = sizeof stats};
        qni_free(qn_budget_allocator(top), block, capacity, 8);
        qn_budget_get_stats(top, &stats);
        assert_int_equal(stats.live, 0);
        assert_int_equal(stats.refused, 0); /* what the system has not got is no refusal of a budget */
    }
    qn_budget_free(child);
    qn_budget_free(top);
    return s;
}

static void a_failing_allocation_leaves_nothing_held_and_nothing_counted(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(draw, NULL, 100) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_failing_allocation_leaves_nothing_held_and_nothing_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
