/* The MPMC ring, by one thread, and by two where one has to sleep. What many threads do is
 * tests/property/ring_threads.c. / */
#include "harness/harness.h"

#include <quern/ring_mpmc.h>

#include <pthread.h>
#include <sched.h>

static qn_mpmc *must_make(int64_t capacity, qn_ring_wait wait, qn_ring_overload overload)
{
    qn_mpmc *ring;
    qn_error err;
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.wait = wait;
    options.overload = overload;
    assert_ok(qn_mpmc_new(&ring, capacity, sizeof(int64_t), &options, NULL, &err), &err);
    return ring;
}

static qn_status push_one(qn_mpmc *ring, int64_t value)
{
    int64_t pushed;
    return qn_mpmc_push(&pushed, ring, &value, 1, 0);
}

/* -1: there is none. */
static int64_t pop_one(qn_mpmc *ring)
{
    int64_t value, popped;
    return qn_mpmc_pop(&popped, ring, &value, 1, 0) == QN_OK ? value : -1;
}

static qn_ring_stats stats_of(const qn_mpmc *ring)
{
    qn_ring_stats stats = {.size = sizeof stats};
    qn_mpmc_get_stats(ring, &stats);
    return stats;
}

static const int64_t capacities[] = {1, 2, 3, 10, 16, 17};
enum {
    CAPACITIES = sizeof capacities / sizeof *capacities
};

static void a_ring_holds_exactly_its_capacity(void **state)
{
    (void)state;
    for (int c = 0; c < CAPACITIES; c++) {
        qn_mpmc *ring = must_make(capacities[c], QN_RING_PARK, QN_RING_BLOCK);
        int64_t in = 0, out = 0;
        for (int round = 0; round < 5; round++) {
            for (int64_t i = 0; i < capacities[c]; i++)
                assert_int_equal(push_one(ring, in++), QN_OK);
            assert_int_equal(push_one(ring, -7), QN_TIMEOUT);
            assert_int_equal(pop_one(ring), out++);
            assert_int_equal(push_one(ring, in++), QN_OK);
            assert_int_equal(push_one(ring, -7), QN_TIMEOUT);
            while (out < in)
                assert_int_equal(pop_one(ring), out++);
            assert_int_equal(pop_one(ring), -1);
        }
        qn_mpmc_free(ring);
    }
}

static void a_place_is_not_claimed_before_it_is_free(void **state)
{
    (void)state;
    qn_mpmc *ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    qn_ring_span claimed[2], taken[2], none;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(qn_mpmc_claim(&claimed[i], ring, 2, 0), QN_OK);
        assert_int_equal(claimed[i].count, 2);
        assert_int_equal(claimed[i].sequence, 2 * i);
    }
    assert_int_equal(qn_mpmc_claim(&none, ring, 1, 0), QN_TIMEOUT);
    /* The second span's items wait for the first one's. */
    qn_mpmc_commit(ring, &claimed[1]);
    assert_int_equal(qn_mpmc_take(&none, ring, 1, 0), QN_TIMEOUT);
    qn_mpmc_commit(ring, &claimed[0]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(qn_mpmc_take(&taken[i], ring, 2, 0), QN_OK);
        assert_int_equal(taken[i].sequence, 2 * i);
        assert_ptr_equal(taken[i].items, claimed[i].items);
    }
    /* Released out of turn: the next places are still those of the first span. */
    qn_mpmc_release(ring, &taken[1]);
    assert_int_equal(qn_mpmc_claim(&none, ring, 1, 0), QN_TIMEOUT);
    qn_mpmc_release(ring, &taken[0]);
    assert_int_equal(qn_mpmc_claim(&claimed[0], ring, 9, 0), QN_OK);
    assert_int_equal(claimed[0].count, 4);
    assert_ptr_equal(claimed[0].items, taken[0].items);
    qn_mpmc_commit(ring, &claimed[0]);
    qn_mpmc_free(ring);
}

static void a_span_ends_where_the_ring_goes_round(void **state)
{
    (void)state;
    qn_mpmc *ring = must_make(10, QN_RING_PARK, QN_RING_BLOCK);
    int64_t items[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, moved;
    assert_int_equal(qn_mpmc_push(&moved, ring, items, 7, 0), QN_OK);
    assert_int_equal(qn_mpmc_pop(&moved, ring, items, 7, 0), QN_OK);
    assert_int_equal(moved, 7);
    qn_ring_span span;
    assert_int_equal(qn_mpmc_claim(&span, ring, 8, 0), QN_OK);
    assert_int_equal(span.count, 3);
    qn_mpmc_commit(ring, &span);
    assert_int_equal(qn_mpmc_push(&moved, ring, items, 5, 0), QN_OK);
    assert_int_equal(qn_mpmc_pop(&moved, ring, items, 10, 0), QN_OK);
    assert_int_equal(moved, 8); /* copying goes round */
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(items[3 + i], i);
    qn_mpmc_free(ring);
}

static void a_full_ring_rejects_and_counts_what_it_refused(void **state)
{
    (void)state;
    qn_mpmc *ring = must_make(5, QN_RING_PARK, QN_RING_REJECT);
    int64_t values[8] = {0, 1, 2, 3, 4, 5, 6, 7}, pushed;
    assert_int_equal(qn_mpmc_push(&pushed, ring, values, 8, -1), QN_EXHAUSTED);
    assert_int_equal(pushed, 5);
    qn_ring_stats stats = stats_of(ring);
    assert_int_equal(stats.produced, 5);
    assert_int_equal(stats.rejected, 3);
    assert_int_equal(pop_one(ring), 0);
    assert_int_equal(push_one(ring, 8), QN_OK);
    qn_mpmc_free(ring);
}

static void the_oldest_make_room_for_the_newest(void **state)
{
    (void)state;
    for (int c = 0; c < CAPACITIES; c++) {
        qn_mpmc *ring = must_make(capacities[c], QN_RING_PARK, QN_RING_DROP_OLDEST);
        for (int64_t i = 0; i < 100; i++)
            assert_int_equal(push_one(ring, i), QN_OK);
        for (int64_t i = 100 - capacities[c]; i < 100; i++)
            assert_int_equal(pop_one(ring), i);
        assert_int_equal(pop_one(ring), -1);
        qn_ring_stats stats = stats_of(ring);
        assert_int_equal(stats.produced, 100);
        assert_int_equal(stats.consumed, capacities[c]);
        assert_int_equal(stats.dropped, 100 - capacities[c]);
        qn_mpmc_free(ring);
    }
}

static void what_a_consumer_holds_is_not_dropped_nor_is_anything_newer(void **state)
{
    (void)state;
    qn_mpmc *ring = must_make(4, QN_RING_PARK, QN_RING_DROP_OLDEST);
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(push_one(ring, i), QN_OK);
    qn_ring_span span;
    assert_int_equal(qn_mpmc_take(&span, ring, 1, 0), QN_OK);
    assert_int_equal(push_one(ring, 4), QN_TIMEOUT);
    assert_int_equal(stats_of(ring).dropped, 0);
    qn_mpmc_release(ring, &span);
    assert_int_equal(push_one(ring, 4), QN_OK);
    assert_int_equal(push_one(ring, 5), QN_OK);
    assert_int_equal(stats_of(ring).dropped, 1);
    assert_int_equal(pop_one(ring), 2);
    qn_mpmc_free(ring);
}

static void closing_ends_claims_but_not_what_was_claimed(void **state)
{
    (void)state;
    qn_mpmc *ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    qn_ring_span claimed, none;
    assert_int_equal(push_one(ring, 1), QN_OK);
    assert_int_equal(qn_mpmc_claim(&claimed, ring, 1, 0), QN_OK);
    qn_mpmc_close(ring);
    qn_mpmc_close(ring);
    assert_int_equal(qn_mpmc_claim(&none, ring, 1, -1), QN_CLOSED);
    assert_int_equal(pop_one(ring), 1);
    assert_int_equal(qn_mpmc_take(&none, ring, 1, 0), QN_TIMEOUT); /* one is still to come */
    *(int64_t *)claimed.items = 2;
    qn_mpmc_commit(ring, &claimed);
    assert_int_equal(pop_one(ring), 2);
    assert_int_equal(qn_mpmc_take(&none, ring, 1, -1), QN_CLOSED); /* a wait here would be for ever */
    assert_int_equal(none.count, 0);
    assert_null(none.items);
    assert_int_equal(stats_of(ring).produced, 2);
    qn_mpmc_free(ring);
}

static void nothing_allocates_and_no_call_enters_the_system_while_items_move(void **state)
{
    (void)state;
    for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload++) {
        test_allocator memory;
        test_allocator_init(&memory);
        qn_ring_options options;
        qn_ring_options_init(&options, sizeof options);
        options.overload = (qn_ring_overload)overload;
        qn_mpmc *ring;
        qn_error err;
        assert_ok(qn_mpmc_new(&ring, 10, 8, &options, &memory.allocator, &err), &err);
        int64_t allocations = memory.allocations;
        for (int64_t i = 0; i < 1000; i++) {
            int64_t values[7] = {i}, moved;
            assert_int_equal(qn_mpmc_push(&moved, ring, values, 7, -1), QN_OK);
            assert_int_equal(qn_mpmc_pop(&moved, ring, values, 7, -1), QN_OK);
            assert_int_equal(moved, 7);
        }
        assert_int_equal(memory.allocations, allocations);
        qn_ring_stats stats = stats_of(ring);
        assert_int_equal(stats.produced, 7000);
        assert_int_equal(stats.consumed, 7000);
        assert_int_equal(stats.sleeps, 0);
        assert_int_equal(stats.wakes, 0);
        qn_mpmc_free(ring);
        assert_int_equal(memory.live_bytes, 0);
    }
}

static void a_wait_ends_when_its_time_is_over(void **state)
{
    (void)state;
    for (int wait = QN_RING_PARK; wait <= QN_RING_SPIN; wait++) {
        qn_mpmc *ring = must_make(1, (qn_ring_wait)wait, QN_RING_BLOCK);
        int64_t value = 5, moved;
        assert_int_equal(qn_mpmc_pop(&moved, ring, &value, 1, 2000000), QN_TIMEOUT);
        assert_int_equal(push_one(ring, 1), QN_OK);
        assert_int_equal(qn_mpmc_push(&moved, ring, &value, 1, 2000000), QN_TIMEOUT);
        assert_int_equal(stats_of(ring).producer_waits, 1);
        assert_int_equal(stats_of(ring).consumer_waits, 1);
        qn_mpmc_free(ring);
    }
}

typedef struct waiter {
    qn_mpmc *ring;
    qn_status status;
    int64_t value;
} waiter;

static void *pop_waiting(void *user)
{
    waiter *w = user;
    int64_t popped;
    w->status = qn_mpmc_pop(&popped, w->ring, &w->value, 1, -1);
    return NULL;
}

static void *push_waiting(void *user)
{
    waiter *w = user;
    int64_t pushed;
    w->status = qn_mpmc_push(&pushed, w->ring, &w->value, 1, -1);
    return NULL;
}

static void wait_for_sleeps(const qn_mpmc *ring, int64_t count)
{
    while (stats_of(ring).sleeps < count)
        sched_yield();
}

static void every_sleeping_consumer_gets_its_item(void **state)
{
    (void)state;
    qn_mpmc *ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    waiter w[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        w[i] = (waiter){.ring = ring};
        assert_int_equal(pthread_create(&threads[i], NULL, pop_waiting, &w[i]), 0);
    }
    wait_for_sleeps(ring, 3);
    int64_t values[3] = {1, 2, 4}, pushed, sum = 0;
    assert_int_equal(qn_mpmc_push(&pushed, ring, values, 3, 0), QN_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(w[i].status, QN_OK);
        sum += w[i].value;
    }
    assert_int_equal(sum, 7);
    qn_mpmc_free(ring);
}

static void a_sleeping_producer_is_woken_by_room(void **state)
{
    (void)state;
    for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload += QN_RING_DROP_OLDEST) {
        waiter w = {.ring = must_make(1, QN_RING_PARK, (qn_ring_overload)overload), .value = 43};
        assert_int_equal(push_one(w.ring, 1), QN_OK);
        qn_ring_span span;
        assert_int_equal(qn_mpmc_take(&span, w.ring, 1, 0), QN_OK);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, push_waiting, &w), 0);
        wait_for_sleeps(w.ring, 1);
        qn_mpmc_release(w.ring, &span);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(w.status, QN_OK);
        assert_int_equal(pop_one(w.ring), 43);
        qn_mpmc_free(w.ring);
    }
}

static void a_producer_that_drops_is_woken_when_the_oldest_can_be_dropped(void **state)
{
    (void)state;
    waiter w = {.ring = must_make(1, QN_RING_PARK, QN_RING_DROP_OLDEST), .value = 44};
    qn_ring_span span;
    assert_int_equal(qn_mpmc_claim(&span, w.ring, 1, 0), QN_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, push_waiting, &w), 0);
    wait_for_sleeps(w.ring, 1);
    qn_mpmc_commit(w.ring, &span);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.status, QN_OK);
    assert_int_equal(pop_one(w.ring), 44);
    assert_int_equal(stats_of(w.ring).dropped, 1);
    qn_mpmc_free(w.ring);
}

static void closing_wakes_whoever_sleeps(void **state)
{
    (void)state;
    for (int consumer = 0; consumer < 2; consumer++) {
        qn_mpmc *ring = must_make(1, QN_RING_PARK, QN_RING_BLOCK);
        if (!consumer)
            assert_int_equal(push_one(ring, 1), QN_OK);
        waiter w[3];
        pthread_t threads[3];
        for (int i = 0; i < 3; i++) {
            w[i] = (waiter){.ring = ring};
            assert_int_equal(pthread_create(&threads[i], NULL, consumer ? pop_waiting : push_waiting, &w[i]), 0);
        }
        wait_for_sleeps(ring, 3);
        qn_mpmc_close(ring);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(w[i].status, QN_CLOSED);
        }
        qn_mpmc_free(ring);
    }
}

static void impossible_rings_and_calls_are_refused(void **state)
{
    (void)state;
    qn_mpmc *ring = (void *)1;
    qn_error err;
    assert_int_equal(qn_mpmc_new(&ring, 0, 8, NULL, NULL, &err), QN_INVALID);
    assert_null(ring);
    assert_contains(err.message, "an MPMC ring cannot hold 0 items");
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.overload = (qn_ring_overload)3;
    assert_int_equal(qn_mpmc_new(&ring, 8, 8, &options, NULL, &err), QN_INVALID);
    qn_mpmc_free(NULL);

    ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    int64_t value = 0, moved;
    assert_int_equal(qn_mpmc_push(&moved, ring, &value, 0, 0), QN_INVALID);
    assert_int_equal(qn_mpmc_pop(&moved, ring, &value, -1, 0), QN_INVALID);
    qn_ring_span span;
    assert_int_equal(qn_mpmc_claim(&span, ring, 0, 0), QN_INVALID);
    qn_mpmc_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_holds_exactly_its_capacity),
        cmocka_unit_test(a_place_is_not_claimed_before_it_is_free),
        cmocka_unit_test(a_span_ends_where_the_ring_goes_round),
        cmocka_unit_test(a_full_ring_rejects_and_counts_what_it_refused),
        cmocka_unit_test(the_oldest_make_room_for_the_newest),
        cmocka_unit_test(what_a_consumer_holds_is_not_dropped_nor_is_anything_newer),
        cmocka_unit_test(closing_ends_claims_but_not_what_was_claimed),
        cmocka_unit_test(nothing_allocates_and_no_call_enters_the_system_while_items_move),
        cmocka_unit_test(a_wait_ends_when_its_time_is_over),
        cmocka_unit_test(every_sleeping_consumer_gets_its_item),
        cmocka_unit_test(a_sleeping_producer_is_woken_by_room),
        cmocka_unit_test(a_producer_that_drops_is_woken_when_the_oldest_can_be_dropped),
        cmocka_unit_test(closing_wakes_whoever_sleeps),
        cmocka_unit_test(impossible_rings_and_calls_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
