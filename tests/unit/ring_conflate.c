/* The conflating ring: the latest of each key, the order of keys, accounts; and random calls beside a model. */
#include "harness/harness.h"

#include <quern/ring_conflate.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

typedef struct quote {
    uint64_t key;
    int64_t price;
} quote;

static uint64_t key_of(void *user, const void *item)
{
    (void)user;
    return ((const quote *)item)->key;
}

static qn_conflate *must_make(int64_t capacity, qn_ring_overload overload, const qn_allocator *allocator)
{
    qn_conflate *ring;
    qn_error err;
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.overload = overload;
    assert_ok(qn_conflate_new(&ring, capacity, sizeof(quote), key_of, NULL, &options, allocator, &err), &err);
    return ring;
}

static qn_status push(qn_conflate *ring, uint64_t key, int64_t price)
{
    quote q = {key, price};
    return qn_conflate_push(ring, &q, 0);
}

static void must_pop(qn_conflate *ring, uint64_t key, int64_t price)
{
    quote q;
    int64_t popped;
    assert_int_equal(qn_conflate_pop(&popped, ring, &q, 1, 0), QN_OK);
    assert_int_equal(popped, 1);
    assert_int_equal(q.key, key);
    assert_int_equal(q.price, price);
}

static qn_ring_stats stats_of(qn_conflate *ring)
{
    qn_ring_stats stats = {.size = sizeof stats};
    qn_conflate_get_stats(ring, &stats);
    return stats;
}

static void a_newer_item_takes_the_place_and_the_turn_of_the_one_that_waits(void **state)
{
    (void)state;
    qn_conflate *ring = must_make(10, QN_RING_BLOCK, NULL);
    assert_int_equal(push(ring, 7, 1), QN_OK);
    assert_int_equal(push(ring, 8, 2), QN_OK);
    assert_int_equal(push(ring, 7, 3), QN_OK);
    must_pop(ring, 7, 3);
    assert_int_equal(push(ring, 7, 4), QN_OK); /* its last one is consumed: a new turn */
    must_pop(ring, 8, 2);
    must_pop(ring, 7, 4);
    qn_ring_stats stats = stats_of(ring);
    assert_int_equal(stats.produced, 4);
    assert_int_equal(stats.consumed, 3);
    assert_int_equal(stats.dropped, 1);
    qn_conflate_free(ring);
}

static void a_full_ring_still_takes_what_it_can_conflate(void **state)
{
    (void)state;
    for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload++) {
        qn_conflate *ring = must_make(3, (qn_ring_overload)overload, NULL);
        for (uint64_t key = 0; key < 3; key++)
            assert_int_equal(push(ring, key, 0), QN_OK);
        assert_int_equal(push(ring, 1, 10), QN_OK);
        static const qn_status expected[] = {QN_TIMEOUT, QN_EXHAUSTED, QN_OK};
        assert_int_equal(push(ring, 3, 11), expected[overload]);
        if (overload != QN_RING_DROP_OLDEST)
            must_pop(ring, 0, 0);
        must_pop(ring, 1, 10);
        must_pop(ring, 2, 0);
        if (overload == QN_RING_DROP_OLDEST)
            must_pop(ring, 3, 11);
        qn_ring_stats stats = stats_of(ring);
        assert_int_equal(stats.produced, stats.consumed + stats.dropped);
        assert_int_equal(stats.rejected, overload == QN_RING_REJECT);
        assert_int_equal(stats.capacity, 3);
        qn_conflate_free(ring);
    }
}

static void a_closed_ring_gives_what_is_left(void **state)
{
    (void)state;
    qn_conflate *ring = must_make(3, QN_RING_BLOCK, NULL);
    assert_int_equal(push(ring, 1, 1), QN_OK);
    qn_conflate_close(ring);
    assert_int_equal(push(ring, 1, 2), QN_CLOSED);
    must_pop(ring, 1, 1);
    quote q;
    int64_t popped;
    assert_int_equal(qn_conflate_pop(&popped, ring, &q, 1, -1), QN_CLOSED); /* a wait here would be for ever */
    assert_int_equal(popped, 0);
    qn_conflate_free(ring);
}

enum {
    KEYS = 40
};

/* Random calls beside a model: the waiting keys in their order, and the latest price of each. */
static void a_ring_behaves_like_its_model(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240603);
    static const int64_t capacities[] = {1, 2, 7, 16, 33};
    for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload++)
        for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
            qn_conflate *ring = must_make(capacities[c], (qn_ring_overload)overload, NULL);
            quote waiting[KEYS];
            int64_t count = 0, produced = 0, consumed = 0, dropped = 0;
            for (int64_t step = 0; step < 4000; step++) {
                if (test_random_below(&random, 5) > 0) {
                    /* Keys far apart and close together, among them 0 and the largest. */
                    uint64_t key = (uint64_t)test_random_below(&random, KEYS) * UINT64_C(0x0F0F0F0F0F0F0F0F) - 1;
                    int64_t at = 0;
                    while (at < count && waiting[at].key != key)
                        at++;
                    qn_status expected = QN_OK;
                    if (at < count) {
                        waiting[at].price = step;
                        dropped++;
                    } else if (count == capacities[c] && overload != QN_RING_DROP_OLDEST) {
                        expected = overload == QN_RING_REJECT ? QN_EXHAUSTED : QN_TIMEOUT;
                    } else {
                        if (count == capacities[c]) {
                            memmove(waiting, waiting + 1, (size_t)--count * sizeof *waiting);
                            dropped++;
                        }
                        waiting[count++] = (quote){key, step};
                    }
                    produced += expected == QN_OK;
                    assert_int_equal(push(ring, key, step), expected);
                } else {
                    quote got[5];
                    int64_t popped, wanted = 1 + test_random_below(&random, 5);
                    int64_t expected = wanted < count ? wanted : count;
                    assert_int_equal(qn_conflate_pop(&popped, ring, got, wanted, 0), count > 0 ? QN_OK : QN_TIMEOUT);
                    assert_int_equal(popped, expected);
                    for (int64_t i = 0; i < popped; i++) {
                        assert_int_equal(got[i].key, waiting[i].key);
                        assert_int_equal(got[i].price, waiting[i].price);
                    }
                    count -= popped;
                    memmove(waiting, waiting + popped, (size_t)count * sizeof *waiting);
                    consumed += popped;
                }
                qn_ring_stats stats = stats_of(ring);
                assert_int_equal(stats.produced, produced);
                assert_int_equal(stats.consumed, consumed);
                assert_int_equal(stats.dropped, dropped);
                assert_int_equal(produced - consumed - dropped, count);
            }
            qn_conflate_free(ring);
        }
}

static void nothing_allocates_once_the_ring_is_made(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    qn_conflate *ring = must_make(10, QN_RING_DROP_OLDEST, &memory.allocator);
    int64_t allocations = memory.allocations;
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(push(ring, i % 17, 0), QN_OK);
    assert_int_equal(memory.allocations, allocations);
    assert_int_equal(stats_of(ring).sleeps + stats_of(ring).wakes, 0);
    qn_conflate_free(ring);
    assert_int_equal(memory.live_bytes, 0);
}

typedef struct waiter {
    qn_conflate *ring;
    bool pushes;
    quote q;
    qn_status status;
} waiter;

static void *wait_once(void *user)
{
    waiter *w = user;
    int64_t popped;
    w->status = w->pushes ? qn_conflate_push(w->ring, &w->q, -1) : qn_conflate_pop(&popped, w->ring, &w->q, 1, -1);
    return NULL;
}

static pthread_t start_and_see_asleep(waiter *w)
{
    pthread_t thread;
    int64_t before = stats_of(w->ring).sleeps;
    assert_int_equal(pthread_create(&thread, NULL, wait_once, w), 0);
    while (stats_of(w->ring).sleeps == before)
        sched_yield();
    return thread;
}

static void whoever_sleeps_is_woken(void **state)
{
    (void)state;
    qn_conflate *ring = must_make(1, QN_RING_BLOCK, NULL);
    waiter consumer = {.ring = ring}, producer = {.ring = ring, .pushes = true, .q = {2, 20}};
    pthread_t thread = start_and_see_asleep(&consumer);
    assert_int_equal(push(ring, 1, 10), QN_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(consumer.status, QN_OK);
    assert_int_equal(consumer.q.price, 10);
    assert_int_equal(push(ring, 1, 11), QN_OK);
    thread = start_and_see_asleep(&producer);
    must_pop(ring, 1, 11);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(producer.status, QN_OK);
    must_pop(ring, 2, 20);
    thread = start_and_see_asleep(&consumer);
    qn_conflate_close(ring);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(consumer.status, QN_CLOSED);
    qn_conflate_free(ring);
}

static void impossible_rings_and_calls_are_refused(void **state)
{
    (void)state;
    qn_conflate *ring = (void *)1;
    qn_error err;
    assert_int_equal(qn_conflate_new(&ring, 0, 8, key_of, NULL, NULL, NULL, &err), QN_INVALID);
    assert_null(ring);
    assert_int_equal(qn_conflate_new(&ring, 8, 8, NULL, NULL, NULL, NULL, &err), QN_INVALID);
    assert_contains(err.message, "key");
    assert_int_equal(qn_conflate_new(&ring, INT64_C(1) << 40, 8, key_of, NULL, NULL, NULL, &err), QN_LIMIT);
    qn_conflate_free(NULL);
    ring = must_make(2, QN_RING_BLOCK, NULL);
    int64_t popped;
    quote q;
    assert_int_equal(qn_conflate_pop(&popped, ring, &q, 0, 0), QN_INVALID);
    assert_int_equal(qn_conflate_pop(&popped, ring, &q, 1, 1000000), QN_TIMEOUT);
    qn_conflate_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_item_takes_the_place_and_the_turn_of_the_one_that_waits),
        cmocka_unit_test(a_full_ring_still_takes_what_it_can_conflate),
        cmocka_unit_test(a_closed_ring_gives_what_is_left),
        cmocka_unit_test(a_ring_behaves_like_its_model),
        cmocka_unit_test(nothing_allocates_once_the_ring_is_made),
        cmocka_unit_test(whoever_sleeps_is_woken),
        cmocka_unit_test(impossible_rings_and_calls_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
