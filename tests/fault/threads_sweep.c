/* Making a thread pool, with every allocation failing in turn. */
#include "harness/harness.h"

#include <quern/threads.h>

static void nothing(void *user, int64_t index)
{
    (void)user;
    (void)index;
}

static qn_status make_and_run(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_threads *pool;
    qn_error err;
    qn_status status = qn_threads_new(&pool, 3, allocator, &err);
    if (status != QN_OK) {
        assert_null(pool);
        assert_contains(err.message, "no memory");
        return status;
    }
    const test_allocator *counts = (const test_allocator *)allocator->user;
    int64_t allocations = counts->allocations;
    qn_threads_run(pool, 100, nothing, NULL);
    assert_int_equal(counts->allocations, allocations); /* a run allocates nothing */
    qn_threads_free(pool);
    return QN_OK;
}

static void a_pool_that_cannot_be_made_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(test_fault_sweep(make_and_run, NULL, 20), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pool_that_cannot_be_made_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
