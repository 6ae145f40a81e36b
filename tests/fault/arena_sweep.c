/* An arena whose n-th allocation fails says so, stays usable and gives everything back. */
#include "harness/harness.h"

#include "mem/arena_int.h"

static qn_status fill_rewind_fill(const qn_allocator *allocator, void *user)
{
    qn_arena *arena;
    qn_status status = qni_arena_new_kind(&arena, *(qni_arena_kind *)user, allocator, 256, NULL);
    if (status != QN_OK)
        return status;
    for (int round = 0; round < 2 && status == QN_OK; round++) {
        qn_arena_mark mark = qn_arena_mark_now(arena);
        for (int i = 0; i < 8 && status == QN_OK; i++) {
            void *piece;
            int64_t used = qn_arena_used(arena);
            status = qn_arena_take(&piece, arena, 100 * i, NULL);
            if (status != QN_OK) {
                assert_null(piece);
                assert_int_equal(qn_arena_used(arena), used);
            }
        }
        if (round == 0)
            qn_arena_rewind(arena, mark);
    }
    qn_arena_free(arena);
    return status;
}

static void every_failing_allocation_is_reported_and_leaves_nothing(void **state)
{
    (void)state;
    qni_arena_kind kind = QNI_ARENA_CHUNKED;
    assert_true(test_fault_sweep(fill_rewind_fill, &kind, 100) > 5);
    kind = QNI_ARENA_TWIN;
    assert_true(test_fault_sweep(fill_rewind_fill, &kind, 100) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_reported_and_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
