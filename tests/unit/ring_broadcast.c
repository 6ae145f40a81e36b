/* The broadcast ring: who sees what and when, who holds up whom, leaving, closing, waiting. */
#include "harness/harness.h"

#include <quern/ring_broadcast.h>

#include <pthread.h>
#include <sched.h>

static qn_broadcast *must_make(int64_t capacity, qn_ring_wait wait, qn_ring_overload overload)
{
    qn_broadcast *ring;
    qn_error err;
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.wait = wait;
    options.overload = overload;
    assert_ok(qn_broadcast_new(&ring, capacity, sizeof(int64_t), &options, NULL, &err), &err);
    return ring;
}

static qn_broadcast_reader *must_add(qn_broadcast *ring, qn_broadcast_reader *const *after, int64_t after_count)
{
    qn_broadcast_reader *reader;
    qn_error err;
    assert_ok(qn_broadcast_add(&reader, ring, after, after_count, &err), &err);
    return reader;
}

/* Publishes the next sequence as a value. */
static qn_status publish(qn_broadcast *ring)
{
    qn_ring_span span;
    qn_status status = qn_broadcast_claim(&span, ring, 1, 0);
    if (status == QN_OK) {
        *(int64_t *)span.items = span.sequence;
        qn_broadcast_commit(ring, 1);
    }
    return status;
}

/* How many events the reader can have now, up to the wrap. */
static int64_t can_read(qn_broadcast_reader *reader)
{
    qn_ring_span span;
    return qn_broadcast_reader_peek(&span, reader, 1000, 0) == QN_OK ? span.count : 0;
}

static void must_read(qn_broadcast_reader *reader, int64_t count)
{
    while (count > 0) {
        qn_ring_span span;
        int64_t next = qn_broadcast_reader_sequence(reader);
        assert_int_equal(qn_broadcast_reader_peek(&span, reader, count, 0), QN_OK);
        assert_int_equal(span.sequence, next);
        for (int64_t i = 0; i < span.count; i++)
            assert_int_equal(((int64_t *)span.items)[i], next + i);
        qn_broadcast_reader_release(reader, span.count);
        assert_int_equal(qn_broadcast_reader_sequence(reader), next + span.count);
        count -= span.count;
    }
}

static void the_slowest_reader_holds_the_producer_up_at_exactly_the_capacity(void **state)
{
    (void)state;
    static const int64_t capacities[] = {1, 2, 3, 10, 16};
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
        qn_broadcast *ring = must_make(capacities[c], QN_RING_PARK, QN_RING_BLOCK);
        qn_broadcast_reader *quick = must_add(ring, NULL, 0), *slow = must_add(ring, NULL, 0);
        for (int round = 0; round < 4; round++) {
            for (int64_t i = 0; i < capacities[c]; i++)
                assert_int_equal(publish(ring), QN_OK);
            assert_int_equal(publish(ring), QN_TIMEOUT);
            must_read(quick, capacities[c]);
            assert_int_equal(publish(ring), QN_TIMEOUT);
            must_read(slow, 1);
            assert_int_equal(publish(ring), QN_OK);
            assert_int_equal(publish(ring), QN_TIMEOUT);
            must_read(quick, 1);
            must_read(slow, capacities[c]);
            assert_int_equal(can_read(quick), 0);
            assert_int_equal(can_read(slow), 0);
        }
        assert_int_equal(qn_broadcast_sequence(ring), 4 * (capacities[c] + 1));
        qn_broadcast_free(ring);
    }
}

static void a_reader_sees_what_all_before_it_have_released(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(16, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *a = must_add(ring, NULL, 0), *c = must_add(ring, NULL, 0);
    qn_broadcast_reader *const both[] = {a, c};
    qn_broadcast_reader *b = must_add(ring, both, 2), *d = must_add(ring, &b, 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(publish(ring), QN_OK);
    assert_int_equal(can_read(b), 0);
    must_read(a, 7);
    assert_int_equal(can_read(b), 0);
    must_read(c, 4);
    assert_int_equal(can_read(b), 4);
    must_read(b, 3);
    assert_int_equal(can_read(d), 3);
    must_read(d, 3);
    assert_int_equal(can_read(d), 0);
    qn_broadcast_free(ring);
}

static void a_reader_sees_what_one_before_it_wrote_in_place(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *a = must_add(ring, NULL, 0), *b = must_add(ring, &a, 1);
    qn_ring_span span;
    assert_int_equal(publish(ring), QN_OK);
    assert_int_equal(qn_broadcast_reader_peek(&span, a, 1, 0), QN_OK);
    *(int64_t *)span.items += 100;
    qn_broadcast_reader_release(a, 1);
    assert_int_equal(qn_broadcast_reader_peek(&span, b, 1, 0), QN_OK);
    assert_int_equal(*(int64_t *)span.items, 100);
    qn_broadcast_free(ring);
}

static void a_reader_that_leaves_holds_up_nobody_and_the_order_around_it_remains(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(8, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *a = must_add(ring, NULL, 0), *b = must_add(ring, &a, 1), *c = must_add(ring, &b, 1);
    for (int i = 0; i < 8; i++)
        assert_int_equal(publish(ring), QN_OK);
    must_read(a, 5);
    must_read(b, 2);
    assert_int_equal(can_read(c), 2);
    qn_broadcast_reader_leave(b);
    qn_broadcast_reader_leave(b);
    assert_int_equal(qn_broadcast_reader_sequence(b), 2);
    qn_ring_span span;
    assert_int_equal(qn_broadcast_reader_peek(&span, b, 1, -1), QN_CLOSED);
    assert_int_equal(can_read(c), 5); /* still after a */
    must_read(c, 5);
    qn_broadcast_reader_leave(c);
    must_read(a, 3); /* now alone */
    assert_int_equal(publish(ring), QN_OK);
    qn_broadcast_reader_leave(a);
    for (int i = 0; i < 100; i++)
        assert_int_equal(publish(ring), QN_OK); /* nobody is left */
    qn_broadcast_free(ring);
}

static void readers_are_added_before_the_start_and_to_their_own_ring(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK), *other = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *a = must_add(ring, NULL, 0), *none = (void *)1;
    qn_error err;
    assert_int_equal(qn_broadcast_add(&none, other, &a, 1, &err), QN_INVALID);
    assert_null(none);
    assert_int_equal(publish(ring), QN_OK);
    assert_int_equal(qn_broadcast_add(&none, ring, NULL, 0, &err), QN_BUSY);
    assert_null(none);
    assert_contains(err.message, "in use");
    qn_broadcast_free(ring);
    qn_broadcast_free(other);
}

static void a_full_ring_rejects_and_counts_what_it_refused(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(3, QN_RING_PARK, QN_RING_REJECT);
    qn_broadcast_reader *reader = must_add(ring, NULL, 0);
    qn_ring_span span;
    for (int i = 0; i < 3; i++)
        assert_int_equal(publish(ring), QN_OK);
    assert_int_equal(qn_broadcast_claim(&span, ring, 5, -1), QN_EXHAUSTED);
    must_read(reader, 2);
    qn_ring_stats stats = {.size = sizeof stats};
    qn_broadcast_get_stats(ring, &stats);
    assert_int_equal(stats.capacity, 3);
    assert_int_equal(stats.produced, 3);
    assert_int_equal(stats.consumed, 2);
    assert_int_equal(stats.rejected, 5);
    assert_int_equal(stats.dropped, 0);
    qn_broadcast_free(ring);
}

static void a_closed_ring_gives_what_is_left(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *a = must_add(ring, NULL, 0), *b = must_add(ring, &a, 1);
    qn_ring_span span;
    assert_int_equal(publish(ring), QN_OK);
    assert_int_equal(publish(ring), QN_OK);
    qn_broadcast_close(ring);
    assert_int_equal(publish(ring), QN_CLOSED);
    assert_int_equal(qn_broadcast_reader_peek(&span, b, 1, 0), QN_TIMEOUT); /* the one before it is not ready */
    must_read(a, 2);
    assert_int_equal(qn_broadcast_reader_peek(&span, a, 1, -1), QN_CLOSED);
    must_read(b, 2);
    assert_int_equal(qn_broadcast_reader_peek(&span, b, 1, -1), QN_CLOSED);
    qn_broadcast_free(ring);
}

static void spans_are_used_in_part_and_end_where_the_ring_goes_round(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(10, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *reader = must_add(ring, NULL, 0);
    qn_ring_span span;
    assert_int_equal(qn_broadcast_claim(&span, ring, 9, 0), QN_OK);
    assert_int_equal(span.count, 9);
    qn_broadcast_commit(ring, 7);
    assert_int_equal(qn_broadcast_sequence(ring), 7);
    assert_int_equal(qn_broadcast_reader_peek(&span, reader, 9, 0), QN_OK);
    assert_int_equal(span.count, 7);
    qn_broadcast_reader_release(reader, 6);
    assert_int_equal(qn_broadcast_claim(&span, ring, 9, 0), QN_OK);
    assert_int_equal(span.count, 3);
    assert_int_equal(span.sequence, 7);
    qn_broadcast_commit(ring, 3);
    assert_int_equal(qn_broadcast_claim(&span, ring, 9, 0), QN_OK);
    assert_int_equal(span.count, 6);
    qn_broadcast_commit(ring, 0);
    assert_int_equal(can_read(reader), 4);
    qn_broadcast_free(ring);
}

static void nothing_allocates_and_no_call_enters_the_system_while_events_move(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    qn_broadcast *ring;
    qn_broadcast_reader *a, *b;
    qn_error err;
    assert_ok(qn_broadcast_new(&ring, 10, 8, NULL, &memory.allocator, &err), &err);
    assert_ok(qn_broadcast_add(&a, ring, NULL, 0, &err), &err);
    assert_ok(qn_broadcast_add(&b, ring, &a, 1, &err), &err);
    int64_t allocations = memory.allocations;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(publish(ring), QN_OK);
        must_read(a, 1);
        must_read(b, 1);
    }
    assert_int_equal(memory.allocations, allocations);
    qn_ring_stats stats = {.size = sizeof stats};
    qn_broadcast_get_stats(ring, &stats);
    assert_int_equal(stats.sleeps, 0);
    assert_int_equal(stats.wakes, 0);
    assert_int_equal(stats.consumed, 1000);
    qn_broadcast_free(ring);
    assert_int_equal(memory.live_bytes, 0);
}

typedef struct waiter {
    qn_broadcast *ring; /* NULL: waits as the reader */
    qn_broadcast_reader *reader;
    qn_status status;
} waiter;

static void *wait_once(void *user)
{
    waiter *w = user;
    qn_ring_span span;
    w->status =
        w->ring != NULL ? qn_broadcast_claim(&span, w->ring, 1, -1) : qn_broadcast_reader_peek(&span, w->reader, 1, -1);
    return NULL;
}

static pthread_t start_and_see_asleep(waiter *w, const qn_broadcast *ring)
{
    pthread_t thread;
    qn_ring_stats before = {.size = sizeof before}, now = before;
    qn_broadcast_get_stats(ring, &before);
    assert_int_equal(pthread_create(&thread, NULL, wait_once, w), 0);
    do {
        sched_yield();
        qn_broadcast_get_stats(ring, &now);
    } while (now.sleeps == before.sleeps);
    return thread;
}

static void must_end(pthread_t thread, const waiter *w, qn_status status)
{
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w->status, status);
}

static void whoever_sleeps_is_woken_by_what_it_waits_for(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(1, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *a = must_add(ring, NULL, 0), *b = must_add(ring, &a, 1);
    waiter first = {.reader = a}, second = {.reader = b}, producer = {.ring = ring};
    pthread_t thread = start_and_see_asleep(&first, ring);
    assert_int_equal(publish(ring), QN_OK);
    must_end(thread, &first, QN_OK);
    thread = start_and_see_asleep(&second, ring);
    qn_broadcast_reader_release(a, 1);
    must_end(thread, &second, QN_OK);
    thread = start_and_see_asleep(&producer, ring);
    qn_broadcast_reader_release(b, 1);
    must_end(thread, &producer, QN_OK);
    qn_broadcast_commit(ring, 1);

    thread = start_and_see_asleep(&producer, ring);
    qn_broadcast_reader_leave(a);
    qn_broadcast_reader_leave(b);
    must_end(thread, &producer, QN_OK);
    qn_broadcast_free(ring);
}

static void closing_wakes_whoever_sleeps(void **state)
{
    (void)state;
    qn_broadcast *ring = must_make(1, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *a = must_add(ring, NULL, 0), *b = must_add(ring, NULL, 0);
    assert_int_equal(publish(ring), QN_OK);
    must_read(a, 1);
    waiter reader = {.reader = a}, producer = {.ring = ring};
    pthread_t first = start_and_see_asleep(&reader, ring), second = start_and_see_asleep(&producer, ring);
    qn_broadcast_close(ring);
    must_end(first, &reader, QN_CLOSED);
    must_end(second, &producer, QN_CLOSED);
    must_read(b, 1);
    qn_broadcast_free(ring);
}

static void a_wait_ends_when_its_time_is_over(void **state)
{
    (void)state;
    for (int wait = QN_RING_PARK; wait <= QN_RING_SPIN; wait++) {
        qn_broadcast *ring = must_make(1, (qn_ring_wait)wait, QN_RING_BLOCK);
        qn_broadcast_reader *reader = must_add(ring, NULL, 0);
        qn_ring_span span;
        assert_int_equal(qn_broadcast_reader_peek(&span, reader, 1, 2000000), QN_TIMEOUT);
        assert_int_equal(publish(ring), QN_OK);
        assert_int_equal(qn_broadcast_claim(&span, ring, 1, 2000000), QN_TIMEOUT);
        qn_broadcast_free(ring);
    }
}

static void impossible_rings_and_calls_are_refused(void **state)
{
    (void)state;
    qn_broadcast *ring = (void *)1;
    qn_error err;
    assert_int_equal(qn_broadcast_new(&ring, -1, 8, NULL, NULL, &err), QN_INVALID);
    assert_null(ring);
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.overload = QN_RING_DROP_OLDEST;
    assert_int_equal(qn_broadcast_new(&ring, 8, 8, &options, NULL, &err), QN_INVALID);
    assert_contains(err.message, "cannot drop the oldest");
    qn_broadcast_free(NULL);
    ring = must_make(1, QN_RING_PARK, QN_RING_BLOCK);
    qn_broadcast_reader *reader = must_add(ring, NULL, 0);
    qn_ring_span span;
    assert_int_equal(qn_broadcast_reader_peek(&span, reader, 0, 0), QN_INVALID);
    assert_int_equal(qn_broadcast_claim(&span, ring, 0, 0), QN_INVALID);
    qn_broadcast_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slowest_reader_holds_the_producer_up_at_exactly_the_capacity),
        cmocka_unit_test(a_reader_sees_what_all_before_it_have_released),
        cmocka_unit_test(a_reader_sees_what_one_before_it_wrote_in_place),
        cmocka_unit_test(a_reader_that_leaves_holds_up_nobody_and_the_order_around_it_remains),
        cmocka_unit_test(readers_are_added_before_the_start_and_to_their_own_ring),
        cmocka_unit_test(a_full_ring_rejects_and_counts_what_it_refused),
        cmocka_unit_test(a_closed_ring_gives_what_is_left),
        cmocka_unit_test(spans_are_used_in_part_and_end_where_the_ring_goes_round),
        cmocka_unit_test(nothing_allocates_and_no_call_enters_the_system_while_events_move),
        cmocka_unit_test(whoever_sleeps_is_woken_by_what_it_waits_for),
        cmocka_unit_test(closing_wakes_whoever_sleeps),
        cmocka_unit_test(a_wait_ends_when_its_time_is_over),
        cmocka_unit_test(impossible_rings_and_calls_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
