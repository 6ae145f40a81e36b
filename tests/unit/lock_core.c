/* The lock and sleeping on a word: who waits, who is woken, what is counted. */
#include "harness/harness.h"

#include "base/clock.h"
#include "base/lock.h"

#include <pthread.h>
#include <sched.h>

static void a_free_lock_is_taken_without_waiting(void **state)
{
    (void)state;
    qni_lock lock = {0};
    qni_lock_waits waits = {0};
    for (int i = 0; i < 3; i++) {
        qni_lock_take(&lock, &waits);
        qni_lock_give(&lock);
    }
    qni_lock_take(&lock, NULL);
    qni_lock_give(&lock);
    assert_int_equal(atomic_load(&waits.contended), 0);
    assert_int_equal(atomic_load(&waits.slept), 0);
    assert_int_equal(atomic_load(&waits.wait_ns), 0);
}

static void a_held_lock_refuses_a_try(void **state)
{
    (void)state;
    qni_lock lock = {0};
    assert_true(qni_lock_try(&lock));
    assert_false(qni_lock_try(&lock));
    qni_lock_give(&lock);
    assert_true(qni_lock_try(&lock));
}

typedef struct waiter {
    qni_lock lock;
    qni_lock_waits waits;
    int written; /* guarded by lock */
    int seen;
} waiter;

static void *take_and_look(void *user)
{
    waiter *w = user;
    qni_lock_take(&w->lock, &w->waits);
    w->seen = w->written;
    qni_lock_give(&w->lock);
    return NULL;
}

static void a_waiter_sleeps_is_woken_and_sees_what_was_written(void **state)
{
    (void)state;
    waiter w = {.seen = -1};
    pthread_t thread;
    qni_lock_take(&w.lock, NULL);
    assert_int_equal(pthread_create(&thread, NULL, take_and_look, &w), 0);
    while (atomic_load(&w.lock.sleepers) == 0) /* until it has given up spinning */
        sched_yield();
    w.written = 7;
    qni_lock_give(&w.lock);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.seen, 7);
    assert_int_equal(atomic_load(&w.waits.contended), 1);
    assert_true(atomic_load(&w.waits.wait_ns) > 0);
}

enum {
    THREADS = 8,
    ROUNDS = 20000
};

typedef struct shared {
    qni_lock lock;
    qni_lock_waits waits;
    int64_t plain; /* guarded by lock */
} shared;

static void *add_often(void *user)
{
    shared *s = user;
    for (int i = 0; i < ROUNDS; i++) {
        qni_lock_take(&s->lock, &s->waits);
        s->plain++;
        qni_lock_give(&s->lock);
    }
    return NULL;
}

static void one_thread_at_a_time_holds_it(void **state)
{
    (void)state;
    shared s = {.plain = 0};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_often, &s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(s.plain, (int64_t)THREADS * ROUNDS);
    assert_int_equal(atomic_load(&s.lock.word), 0);
    assert_true(atomic_load(&s.waits.contended) <= (int64_t)THREADS * ROUNDS);
}

static void parking_ends_at_once_where_the_word_has_changed(void **state)
{
    (void)state;
    _Atomic uint32_t word = 5;
    assert_true(qni_park(&word, 4, -1)); /* a wait here would be for ever */
}

static void parking_ends_when_its_time_is_over(void **state)
{
    (void)state;
    _Atomic uint32_t word = 5;
    int64_t begin_ns = qni_clock_monotonic_ns();
    bool woken = true;
    while (woken) /* it may wake for no reason */
        woken = qni_park(&word, 5, 2000000);
    assert_true(qni_clock_monotonic_ns() - begin_ns >= 2000000);
}

static void *park_until_changed(void *user)
{
    _Atomic uint32_t *word = user;
    while (atomic_load(word) == 0)
        (void)qni_park(word, 0, -1);
    return NULL;
}

static void those_who_park_are_woken(void **state)
{
    (void)state;
    _Atomic uint32_t word = 0;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, park_until_changed, &word), 0);
    sched_yield();
    atomic_store(&word, 1);
    qni_unpark(&word, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_lock_is_taken_without_waiting),
        cmocka_unit_test(a_held_lock_refuses_a_try),
        cmocka_unit_test(a_waiter_sleeps_is_woken_and_sees_what_was_written),
        cmocka_unit_test(one_thread_at_a_time_holds_it),
        cmocka_unit_test(parking_ends_at_once_where_the_word_has_changed),
        cmocka_unit_test(parking_ends_when_its_time_is_over),
        cmocka_unit_test(those_who_park_are_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
