/* A pool whose n-th allocation fails says so, stays usable and gives everything back. Without memory for a magazine it
 * works as well, so that this failure shows in no status: the sweep is told of it. */
#include "harness/harness.h"

#include <quern/pool.h>

#include <string.h>

enum {
    OBJECTS = 60
};

static qn_status make(void *user, void *object, qn_error *err)
{
    (void)err;
    (*(int64_t *)user)++;
    memset(object, 0, 100);
    return QN_OK;
}

static void end(void *user, void *object)
{
    (void)object;
    (*(int64_t *)user)--;
}

/* Takes, as many as can be had, gives back, trims and takes again. */
static qn_status take_trim_take(const qn_allocator *allocator, void *user)
{
    const test_allocator *memory = (const test_allocator *)allocator; /* its first member */
    int64_t made = 0;
    qn_pool_options options = *(const qn_pool_options *)user;
    options.user = &made;
    qn_pool *pool;
    qn_status status = qn_pool_new(&pool, &options, allocator, NULL);
    if (status != QN_OK) {
        assert_null(pool);
        assert_int_equal(made, 0);
        return status;
    }
    for (int round = 0; round < 2; round++) {
        void *objects[OBJECTS];
        int64_t count = 0;
        for (int i = 0; i < OBJECTS; i++) {
            qn_status now = qn_pool_take(&objects[count], pool, NULL);
            if (now == QN_OK) {
                count++;
                continue;
            }
            assert_null(objects[count]);
            status = now; /* only this one failed: the next succeeds */
            i--;
        }
        qn_pool_stats stats = {.size = sizeof stats};
        qn_pool_get_stats(pool, &stats);
        assert_int_equal(stats.live, OBJECTS);
        assert_int_equal(stats.bytes, memory->live_bytes);
        while (count > 0)
            qn_pool_give(pool, objects[--count]);
        assert_int_equal(qn_pool_report_leaks(pool, NULL, NULL), 0);
        assert_true(qn_pool_trim(pool, 0) > 0);
    }
    bool failed = memory->fail_at > 0 && memory->allocations >= memory->fail_at;
    qn_pool_free(pool);
    assert_int_equal(made, 0);
    return failed ? QN_NOMEM : status;
}

static void every_failing_allocation_is_reported_or_done_without(void **state)
{
    (void)state;
    for (int checks = QN_POOL_CHECKS_ON; checks <= QN_POOL_CHECKS_OFF; checks++)
        for (int hooks = 0; hooks < 2; hooks++)
            for (int64_t initial = 0; initial < 20; initial += 15) {
                qn_pool_options options;
                qn_pool_options_init(&options, sizeof options);
                options.object_size = 100;
                options.initial = initial;
                options.grow = 7;
                options.magazine = 10;
                options.checks = (qn_pool_checks)checks;
                if (hooks != 0) {
                    options.construct = make;
                    options.destruct = end;
                }
                assert_true(test_fault_sweep(take_trim_take, &options, 500) > 10);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_reported_or_done_without)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
