/* The SPSC ring: what it holds, spans, overload, closing, waiting; by one thread, and by two where one has to sleep. */
#include "harness/harness.h"

#include <quern/budget.h>
#include <quern/ring_spsc.h>

#include <pthread.h>
#include <sched.h>

static qn_spsc *must_make(int64_t capacity, qn_ring_wait wait, qn_ring_overload overload)
{
    qn_spsc *ring;
    qn_error err;
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.wait = wait;
    options.overload = overload;
    assert_ok(qn_spsc_new(&ring, capacity, sizeof(int64_t), &options, NULL, &err), &err);
    return ring;
}

static qn_status push_one(qn_spsc *ring, int64_t value)
{
    int64_t pushed;
    return qn_spsc_push(&pushed, ring, &value, 1, 0);
}

/* -1: there is none. */
static int64_t pop_one(qn_spsc *ring)
{
    int64_t value, popped;
    return qn_spsc_pop(&popped, ring, &value, 1, 0) == QN_OK ? value : -1;
}

static qn_ring_stats stats_of(const qn_spsc *ring)
{
    qn_ring_stats stats = {.size = sizeof stats};
    qn_spsc_get_stats(ring, &stats);
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
        qn_spsc *ring = must_make(capacities[c], QN_RING_PARK, QN_RING_BLOCK);
        int64_t in = 0, out = 0;
        for (int round = 0; round < 5; round++) {
            for (int64_t i = 0; i < capacities[c]; i++)
                assert_int_equal(push_one(ring, in++), QN_OK);
            assert_int_equal(push_one(ring, -7), QN_TIMEOUT);
            /* One out, one in: every place has its turn at the wrap. */
            assert_int_equal(pop_one(ring), out++);
            assert_int_equal(push_one(ring, in++), QN_OK);
            assert_int_equal(push_one(ring, -7), QN_TIMEOUT);
            while (out < in)
                assert_int_equal(pop_one(ring), out++);
            assert_int_equal(pop_one(ring), -1);
        }
        assert_int_equal(stats_of(ring).capacity, capacities[c]);
        qn_spsc_free(ring);
    }
}

static void a_span_ends_where_the_ring_goes_round(void **state)
{
    (void)state;
    qn_spsc *ring = must_make(10, QN_RING_PARK, QN_RING_BLOCK);
    qn_ring_span span, more;
    assert_int_equal(qn_spsc_claim(&span, ring, 7, 0), QN_OK);
    assert_int_equal(span.count, 7);
    assert_int_equal(span.sequence, 0);
    assert_int_equal((uintptr_t)span.items % 64, 0);
    qn_spsc_commit(ring, 7);
    assert_int_equal(qn_spsc_peek(&span, ring, 100, 0), QN_OK);
    assert_int_equal(span.count, 7);
    qn_spsc_release(ring, 7);

    assert_int_equal(qn_spsc_claim(&span, ring, 8, 0), QN_OK);
    assert_int_equal(span.count, 3);
    qn_spsc_commit(ring, 3);
    assert_int_equal(qn_spsc_claim(&more, ring, 8, 0), QN_OK);
    assert_int_equal(more.count, 7);
    assert_int_equal(more.sequence, 10);
    assert_ptr_equal((int64_t *)span.items - 7, more.items);
    qn_spsc_commit(ring, 5);
    int64_t items[10], popped;
    assert_int_equal(qn_spsc_pop(&popped, ring, items, 10, 0), QN_OK);
    assert_int_equal(popped, 8); /* copying goes round */
    qn_spsc_free(ring);
}

static void what_was_claimed_or_peeked_at_may_be_used_in_part(void **state)
{
    (void)state;
    qn_spsc *ring = must_make(8, QN_RING_PARK, QN_RING_BLOCK);
    qn_ring_span span;
    assert_int_equal(qn_spsc_claim(&span, ring, 6, 0), QN_OK);
    for (int64_t i = 0; i < 6; i++)
        ((int64_t *)span.items)[i] = i;
    qn_spsc_commit(ring, 4);
    assert_int_equal(stats_of(ring).produced, 4);
    assert_int_equal(qn_spsc_peek(&span, ring, 6, 0), QN_OK);
    assert_int_equal(span.count, 4);
    qn_spsc_release(ring, 1);
    assert_int_equal(qn_spsc_peek(&span, ring, 2, 0), QN_OK);
    assert_int_equal(span.count, 2);
    assert_int_equal(span.sequence, 1);
    assert_int_equal(((int64_t *)span.items)[1], 2);
    qn_spsc_release(ring, 0);
    assert_int_equal(qn_spsc_claim(&span, ring, 6, 0), QN_OK);
    qn_spsc_commit(ring, 0);
    assert_int_equal(stats_of(ring).produced, 4);
    assert_int_equal(stats_of(ring).consumed, 1);
    qn_spsc_free(ring);
}

static void a_full_ring_rejects_and_counts_what_it_refused(void **state)
{
    (void)state;
    qn_spsc *ring = must_make(5, QN_RING_PARK, QN_RING_REJECT);
    int64_t values[8] = {0, 1, 2, 3, 4, 5, 6, 7}, pushed;
    assert_int_equal(qn_spsc_push(&pushed, ring, values, 8, -1), QN_EXHAUSTED);
    assert_int_equal(pushed, 5);
    qn_ring_stats stats = stats_of(ring);
    assert_int_equal(stats.produced, 5);
    assert_int_equal(stats.rejected, 3);
    assert_int_equal(pop_one(ring), 0);
    assert_int_equal(push_one(ring, 8), QN_OK);
    qn_spsc_free(ring);
}

static void the_oldest_make_room_for_the_newest(void **state)
{
    (void)state;
    for (int c = 0; c < CAPACITIES; c++) {
        qn_spsc *ring = must_make(capacities[c], QN_RING_PARK, QN_RING_DROP_OLDEST);
        for (int64_t i = 0; i < 100; i++)
            assert_int_equal(push_one(ring, i), QN_OK);
        for (int64_t i = 100 - capacities[c]; i < 100; i++)
            assert_int_equal(pop_one(ring), i);
        assert_int_equal(pop_one(ring), -1);
        qn_ring_stats stats = stats_of(ring);
        assert_int_equal(stats.produced, 100);
        assert_int_equal(stats.consumed, capacities[c]);
        assert_int_equal(stats.dropped, 100 - capacities[c]);
        qn_spsc_free(ring);
    }
}

static void what_the_consumer_holds_is_not_dropped(void **state)
{
    (void)state;
    qn_spsc *ring = must_make(4, QN_RING_PARK, QN_RING_DROP_OLDEST);
    qn_ring_span span;
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(push_one(ring, i), QN_OK);
    assert_int_equal(qn_spsc_peek(&span, ring, 2, 0), QN_OK);
    assert_int_equal(push_one(ring, 4), QN_TIMEOUT);
    assert_int_equal(((int64_t *)span.items)[0], 0);
    assert_int_equal(((int64_t *)span.items)[1], 1);
    qn_spsc_release(ring, 1);
    for (int64_t i = 4; i < 7; i++)
        assert_int_equal(push_one(ring, i), QN_OK); /* one was free, 1 and 2 are dropped */
    assert_int_equal(stats_of(ring).dropped, 2);
    assert_int_equal(qn_spsc_peek(&span, ring, 9, 0), QN_OK);
    assert_int_equal(span.sequence, 3);
    assert_int_equal(((int64_t *)span.items)[0], 3);
    qn_spsc_release(ring, 0); /* lets go of all */
    assert_int_equal(push_one(ring, 7), QN_OK);
    assert_int_equal(pop_one(ring), 4);
    qn_spsc_free(ring);
}

static void a_closed_ring_gives_what_is_left(void **state)
{
    (void)state;
    for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload++) {
        qn_spsc *ring = must_make(4, QN_RING_PARK, (qn_ring_overload)overload);
        qn_ring_span span;
        assert_int_equal(push_one(ring, 1), QN_OK);
        assert_int_equal(push_one(ring, 2), QN_OK);
        qn_spsc_close(ring);
        qn_spsc_close(ring);
        assert_int_equal(push_one(ring, 3), QN_CLOSED);
        assert_int_equal(pop_one(ring), 1);
        assert_int_equal(pop_one(ring), 2);
        assert_int_equal(qn_spsc_peek(&span, ring, 1, -1), QN_CLOSED); /* a wait here would be for ever */
        assert_int_equal(span.count, 0);
        assert_null(span.items);
        qn_spsc_free(ring);
    }
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
        qn_spsc *ring;
        qn_error err;
        assert_ok(qn_spsc_new(&ring, 10, 8, &options, &memory.allocator, &err), &err);
        int64_t allocations = memory.allocations;
        for (int64_t i = 0; i < 1000; i++) {
            int64_t values[7] = {i}, moved;
            assert_int_equal(qn_spsc_push(&moved, ring, values, 7, -1), QN_OK);
            assert_int_equal(qn_spsc_pop(&moved, ring, values, 7, -1), QN_OK);
            assert_int_equal(moved, 7);
        }
        assert_int_equal(memory.allocations, allocations);
        qn_ring_stats stats = stats_of(ring);
        assert_int_equal(stats.produced, 7000);
        assert_int_equal(stats.consumed, 7000);
        assert_int_equal(stats.sleeps, 0);
        assert_int_equal(stats.wakes, 0);
        assert_int_equal(stats.producer_waits + stats.consumer_waits, 0);
        qn_spsc_free(ring);
        assert_int_equal(memory.live_bytes, 0);
    }
}

static void a_wait_ends_when_its_time_is_over(void **state)
{
    (void)state;
    for (int wait = QN_RING_PARK; wait <= QN_RING_SPIN; wait++) {
        qn_spsc *ring = must_make(1, (qn_ring_wait)wait, QN_RING_BLOCK);
        int64_t value = 5, moved;
        assert_int_equal(qn_spsc_pop(&moved, ring, &value, 1, 2000000), QN_TIMEOUT);
        assert_int_equal(moved, 0);
        assert_int_equal(push_one(ring, 1), QN_OK);
        assert_int_equal(qn_spsc_push(&moved, ring, &value, 1, 2000000), QN_TIMEOUT);
        qn_ring_stats stats = stats_of(ring);
        assert_int_equal(stats.producer_waits, 1);
        assert_int_equal(stats.consumer_waits, 1);
        if (wait != QN_RING_PARK)
            assert_int_equal(stats.sleeps, 0);
        assert_int_equal(stats.wakes, 0);
        qn_spsc_free(ring);
    }
}

typedef struct waiter {
    qn_spsc *ring;
    qn_status status;
    int64_t value;
} waiter;

static void *pop_waiting(void *user)
{
    waiter *w = user;
    int64_t popped;
    w->status = qn_spsc_pop(&popped, w->ring, &w->value, 1, -1);
    return NULL;
}

static void *push_waiting(void *user)
{
    waiter *w = user;
    int64_t pushed;
    w->status = qn_spsc_push(&pushed, w->ring, &w->value, 1, -1);
    return NULL;
}

static void wait_for_a_sleep(const qn_spsc *ring)
{
    while (stats_of(ring).sleeps == 0)
        sched_yield();
}

static void a_sleeping_consumer_is_woken_by_an_item(void **state)
{
    (void)state;
    waiter w = {.ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, pop_waiting, &w), 0);
    wait_for_a_sleep(w.ring);
    assert_int_equal(push_one(w.ring, 42), QN_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.status, QN_OK);
    assert_int_equal(w.value, 42);
    assert_true(stats_of(w.ring).wakes >= 1);
    qn_spsc_free(w.ring);
}

static void a_sleeping_producer_is_woken_by_room(void **state)
{
    (void)state;
    for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload += QN_RING_DROP_OLDEST) {
        waiter w = {.ring = must_make(1, QN_RING_PARK, (qn_ring_overload)overload), .value = 43};
        assert_int_equal(push_one(w.ring, 1), QN_OK);
        qn_ring_span span;
        assert_int_equal(qn_spsc_peek(&span, w.ring, 1, 0), QN_OK);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, push_waiting, &w), 0);
        wait_for_a_sleep(w.ring);
        qn_spsc_release(w.ring, 1);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(w.status, QN_OK);
        assert_int_equal(pop_one(w.ring), 43);
        qn_spsc_free(w.ring);
    }
}

static void closing_wakes_whoever_sleeps(void **state)
{
    (void)state;
    for (int consumer = 0; consumer < 2; consumer++) {
        waiter w = {.ring = must_make(1, QN_RING_PARK, QN_RING_BLOCK)};
        if (!consumer)
            assert_int_equal(push_one(w.ring, 1), QN_OK);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, consumer ? pop_waiting : push_waiting, &w), 0);
        wait_for_a_sleep(w.ring);
        qn_spsc_close(w.ring);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(w.status, QN_CLOSED);
        qn_spsc_free(w.ring);
    }
}

static void impossible_rings_and_calls_are_refused(void **state)
{
    (void)state;
    qn_spsc *ring = (void *)1;
    qn_error err;
    assert_int_equal(qn_spsc_new(&ring, 0, 8, NULL, NULL, &err), QN_INVALID);
    assert_null(ring);
    assert_contains(err.message, "0 items of 8 bytes");
    assert_int_equal(qn_spsc_new(&ring, 8, -1, NULL, NULL, &err), QN_INVALID);
    assert_int_equal(qn_spsc_new(&ring, INT64_MAX, 8, NULL, NULL, &err), QN_NOMEM);
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.wait = (qn_ring_wait)9;
    assert_int_equal(qn_spsc_new(&ring, 8, 8, &options, NULL, &err), QN_INVALID);
    assert_contains(err.message, "9");
    qn_ring_options_init(&options, sizeof options);
    options.overload = (qn_ring_overload)-1;
    assert_int_equal(qn_spsc_new(&ring, 8, 8, &options, NULL, &err), QN_INVALID);
    options = (qn_ring_options){.size = 3};
    assert_int_equal(qn_spsc_new(&ring, 8, 8, &options, NULL, &err), QN_INVALID);
    qn_spsc_free(NULL);

    ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    int64_t value = 0, moved;
    assert_int_equal(qn_spsc_push(&moved, ring, &value, 0, 0), QN_INVALID);
    assert_int_equal(qn_spsc_pop(&moved, ring, &value, -1, 0), QN_INVALID);
    qn_ring_span span;
    assert_int_equal(qn_spsc_claim(&span, ring, 0, 0), QN_INVALID);
    qn_spsc_free(ring);
}

static void a_ring_that_does_not_fit_its_budget_says_so(void **state)
{
    (void)state;
    qn_budget *budget;
    qn_spsc *ring = (void *)1;
    qn_error err;
    assert_ok(qn_budget_new(&budget, NULL, "ticks", NULL, &err), &err);
    qn_budget_set_limit(budget, 4096);
    assert_int_equal(qn_spsc_new(&ring, 1000, 8, NULL, qn_budget_allocator(budget), &err), QN_BUDGET);
    assert_null(ring);
    assert_contains(err.message, "an SPSC ring of 1000 items of 8 bytes");
    assert_contains(err.message, "ticks");
    assert_ok(qn_spsc_new(&ring, 100, 8, NULL, qn_budget_allocator(budget), &err), &err);
    qn_spsc_free(ring);
    qn_budget_free(budget);
}

static void statistics_fit_into_an_older_callers_struct(void **state)
{
    (void)state;
    qn_spsc *ring = must_make(4, QN_RING_PARK, QN_RING_BLOCK);
    assert_int_equal(push_one(ring, 1), QN_OK);
    qn_ring_stats stats = {.size = offsetof(qn_ring_stats, consumed), .consumed = -5};
    qn_spsc_get_stats(ring, &stats);
    assert_int_equal(stats.size, offsetof(qn_ring_stats, consumed));
    assert_int_equal(stats.produced, 1);
    assert_int_equal(stats.consumed, -5);
    qn_spsc_free(ring);
}

/* Random calls beside a model that remembers which values wait. */
static void a_ring_behaves_like_its_model(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240602);
    for (int c = 0; c < CAPACITIES; c++)
        for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload++) {
            qn_spsc *ring = must_make(capacities[c], QN_RING_PARK, (qn_ring_overload)overload);
            int64_t head = 0, tail = 0, consumed = 0; /* of the model: values are their sequences */
            for (int step = 0; step < 3000; step++) {
                int64_t count = 1 + test_random_below(&random, 20), values[20], moved;
                if (test_random_below(&random, 2) == 0) {
                    for (int64_t i = 0; i < count; i++)
                        values[i] = tail + i;
                    qn_status status = qn_spsc_push(&moved, ring, values, count, 0);
                    int64_t room = capacities[c] - (tail - head);
                    int64_t expected = overload == QN_RING_DROP_OLDEST || count < room ? count : room;
                    assert_int_equal(moved, expected);
                    qn_status full = overload == QN_RING_REJECT ? QN_EXHAUSTED : QN_TIMEOUT;
                    assert_int_equal(status, expected == count ? QN_OK : full);
                    tail += expected;
                    if (tail - head > capacities[c])
                        head = tail - capacities[c];
                } else {
                    qn_status status = qn_spsc_pop(&moved, ring, values, count, 0);
                    assert_int_equal(status, head < tail ? QN_OK : QN_TIMEOUT);
                    assert_int_equal(moved, count < tail - head ? count : tail - head);
                    for (int64_t i = 0; i < moved; i++)
                        assert_int_equal(values[i], head + i);
                    head += moved;
                    consumed += moved;
                }
                qn_ring_stats stats = stats_of(ring);
                assert_int_equal(stats.produced, tail);
                assert_int_equal(stats.consumed, consumed);
                assert_int_equal(stats.produced - stats.consumed - stats.dropped, tail - head);
            }
            qn_spsc_free(ring);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_holds_exactly_its_capacity),
        cmocka_unit_test(a_span_ends_where_the_ring_goes_round),
        cmocka_unit_test(what_was_claimed_or_peeked_at_may_be_used_in_part),
        cmocka_unit_test(a_full_ring_rejects_and_counts_what_it_refused),
        cmocka_unit_test(the_oldest_make_room_for_the_newest),
        cmocka_unit_test(what_the_consumer_holds_is_not_dropped),
        cmocka_unit_test(a_closed_ring_gives_what_is_left),
        cmocka_unit_test(nothing_allocates_and_no_call_enters_the_system_while_items_move),
        cmocka_unit_test(a_wait_ends_when_its_time_is_over),
        cmocka_unit_test(a_sleeping_consumer_is_woken_by_an_item),
        cmocka_unit_test(a_sleeping_producer_is_woken_by_room),
        cmocka_unit_test(closing_wakes_whoever_sleeps),
        cmocka_unit_test(impossible_rings_and_calls_are_refused),
        cmocka_unit_test(a_ring_that_does_not_fit_its_budget_says_so),
        cmocka_unit_test(statistics_fit_into_an_older_callers_struct),
        cmocka_unit_test(a_ring_behaves_like_its_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
