/* A pool of blocks whose n-th request for memory fails says so, stays as usable as it was and gives everything back. */
#include "harness/harness.h"

#include <quern/blocks.h>

static void must(qn_status status)
{
    assert_int_equal(status, QN_OK);
}

/* Everything that a pool does between its making and its end asks for no memory. */
static void use(qn_blocks *pool)
{
    qn_block list[8];
    must(qn_blocks_take(list, pool, 1, 8, NULL));
    must(qn_blocks_share(pool, 1, 2, list, 4, NULL));
    must(qn_blocks_ref(pool, list[0], NULL));
    must(qn_blocks_make_writable(&list[0], pool, 2, NULL));
    must(qn_blocks_give(pool, 1, list + 4, 4, NULL));
    assert_int_equal(qn_blocks_reconfigure(pool, 10, 10, false, NULL), QN_BUSY);
    assert_int_equal(qn_blocks_give_all(pool, 1), 4);
    assert_int_equal(qn_blocks_give_all(pool, 2), 4);
    assert_int_equal(qn_blocks_counts(pool).used, 1);
}

static qn_status make_use_reconfigure(const qn_allocator *allocator, void *user)
{
    bool force = *(bool *)user;
    qn_blocks *pool;
    qn_status status = qn_blocks_new(&pool, 20, 100, NULL, allocator, NULL);
    if (status != QN_OK) {
        assert_null(pool);
        return status;
    }
    use(pool);
    qn_block left;
    must(qn_blocks_take(&left, pool, 1, 1, NULL));
    must(qn_blocks_give(pool, 1, &left, 1, NULL));
    if (!force) { /* the reference goes, and nothing is used */
        for (int32_t i = 0; i < 20; i++)
            (void)!qn_blocks_unref(pool, (qn_block){INT64_C(1) << 32 | i}, NULL);
        assert_int_equal(qn_blocks_counts(pool).used, 0);
    }
    status = qn_blocks_reconfigure(pool, 30, 200, force, NULL);
    assert_int_equal(qn_blocks_counts(pool).total, status == QN_OK ? 30 : 20);
    use(pool);
    qn_blocks_free(pool);
    return status;
}

static void every_refused_request_is_reported_and_leaves_nothing(void **state)
{
    (void)state;
    for (int force = 0; force < 2; force++) {
        bool forced = force;
        assert_int_equal(test_fault_sweep(make_use_reconfigure, &forced, 10), 4); /* pool, blocks, other blocks */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_refused_request_is_reported_and_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
