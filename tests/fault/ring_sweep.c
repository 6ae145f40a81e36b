/* A ring of which any allocation fails is not there, says so and leaves nothing. */
#include "harness/harness.h"

#include <quern/ring_broadcast.h>
#include <quern/ring_conflate.h>
#include <quern/ring_mpmc.h>
#include <quern/ring_spsc.h>

static qn_status make_spsc(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_spsc *ring;
    qn_status status = qn_spsc_new(&ring, 10, 24, NULL, allocator, NULL);
    if (status != QN_OK)
        assert_null(ring);
    qn_spsc_free(ring);
    return status;
}

static qn_status make_mpmc(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_mpmc *ring;
    qn_status status = qn_mpmc_new(&ring, 10, 24, NULL, allocator, NULL);
    if (status != QN_OK)
        assert_null(ring);
    qn_mpmc_free(ring);
    return status;
}

static uint64_t key_of(void *user, const void *item)
{
    (void)user;
    return *(const uint64_t *)item;
}

static qn_status make_conflate(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_conflate *ring;
    qn_status status = qn_conflate_new(&ring, 10, 24, key_of, NULL, NULL, allocator, NULL);
    if (status != QN_OK)
        assert_null(ring);
    qn_conflate_free(ring);
    return status;
}

enum {
    READERS = 6
};

/* A row of readers, each after all before it. One that could not be added can be asked for again. */
static qn_status make_broadcast(const qn_allocator *allocator, void *user)
{
    int64_t *added = user;
    qn_broadcast *ring;
    qn_broadcast_reader *readers[READERS];
    qn_status status = qn_broadcast_new(&ring, 10, 24, NULL, allocator, NULL);
    if (status != QN_OK)
        assert_null(ring);
    for (*added = 0; status == QN_OK && *added < READERS; *added += status == QN_OK) {
        status = qn_broadcast_add(&readers[*added], ring, readers, *added, NULL);
        if (status != QN_OK)
            assert_null(readers[*added]);
    }
    qn_ring_span span;
    if (status == QN_OK)
        assert_int_equal(qn_broadcast_reader_peek(&span, readers[READERS - 1], 1, 0), QN_TIMEOUT);
    qn_broadcast_free(ring);
    return status;
}

static void every_failing_allocation_is_reported_and_leaves_nothing(void **state)
{
    (void)state;
    int64_t added;
    assert_true(test_fault_sweep(make_spsc, NULL, 100) > 2);
    assert_true(test_fault_sweep(make_mpmc, NULL, 100) > 3);
    assert_true(test_fault_sweep(make_conflate, NULL, 100) > 4);
    assert_true(test_fault_sweep(make_broadcast, &added, 100) > 2 + READERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_is_reported_and_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
