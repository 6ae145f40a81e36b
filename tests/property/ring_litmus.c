/* Litmus tests of the orders on which the rings stand: message passing through a slot in both directions, and the store
 * buffering between whoever goes to sleep and whoever makes true what is waited for. A lost wake shows as a wait that
 * ends by its deadline. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setaffinity_np */
#endif
#include "harness/harness.h"

#include "base/clock.h"
#include "mem/wait.h"

#include <quern/ring_mpmc.h>
#include <quern/ring_spsc.h>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define PATIENCE_NS INT64_C(10000000000) /* nobody is late by so much but for a lost wake */

static pthread_t must_start(void *(*run)(void *), void *user)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, user), 0);
    return thread;
}

/* What is tested here shows only where threads really run at once. Where it cannot be had, so be it. */
static void run_on(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)(processor % sysconf(_SC_NPROCESSORS_ONLN)), &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* ---- message passing ----
 *
 * Plain memory outside the ring: what the producer writes before committing the consumer sees after peeking, and what
 * the consumer writes before releasing the producer sees after claiming the place again. */

enum {
    PLACES = 3
};

typedef struct passing {
    qn_spsc *spsc; /* one of the two */
    qn_mpmc *mpmc;
    int64_t total;
    int64_t there[PLACES], back[PLACES]; /* plain; of the sequence with that remainder */
    int64_t wrong[2];
} passing;

static qn_ring_span must_claim(passing *p)
{
    qn_ring_span span;
    qn_status status = p->spsc != NULL ? qn_spsc_claim(&span, p->spsc, 1, -1) : qn_mpmc_claim(&span, p->mpmc, 1, -1);
    p->wrong[0] += status != QN_OK;
    return span;
}

static qn_ring_span must_take(passing *p)
{
    qn_ring_span span;
    qn_status status = p->spsc != NULL ? qn_spsc_peek(&span, p->spsc, 1, -1) : qn_mpmc_take(&span, p->mpmc, 1, -1);
    p->wrong[1] += status != QN_OK;
    return span;
}

static void *pass_there(void *user)
{
    passing *p = user;
    run_on(0);
    for (int64_t i = 0; i < p->total; i++) {
        qn_ring_span span = must_claim(p);
        if (i >= PLACES)
            p->wrong[0] += p->back[i % PLACES] != i - PLACES;
        p->there[i % PLACES] = i;
        if (p->spsc != NULL)
            qn_spsc_commit(p->spsc, 1);
        else
            qn_mpmc_commit(p->mpmc, &span);
    }
    return NULL;
}

static void *pass_back(void *user)
{
    passing *p = user;
    run_on(1);
    for (int64_t i = 0; i < p->total; i++) {
        qn_ring_span span = must_take(p);
        p->wrong[1] += p->there[i % PLACES] != i || span.sequence != i;
        p->back[i % PLACES] = i;
        if (p->spsc != NULL)
            qn_spsc_release(p->spsc, 1);
        else
            qn_mpmc_release(p->mpmc, &span);
    }
    return NULL;
}

static void a_slot_carries_what_was_written_before_it_in_both_directions(void **state)
{
    (void)state;
    for (int wait = QN_RING_PARK; wait <= QN_RING_YIELD; wait++)
        for (int many = 0; many < 2; many++) {
            qn_ring_options options;
            qn_ring_options_init(&options, sizeof options);
            options.wait = (qn_ring_wait)wait;
            passing p = {.total = test_effort(30000, 3000000)};
            qn_error err;
            if (many)
                assert_ok(qn_mpmc_new(&p.mpmc, PLACES, 8, &options, NULL, &err), &err);
            else
                assert_ok(qn_spsc_new(&p.spsc, PLACES, 8, &options, NULL, &err), &err);
            pthread_t there = must_start(pass_there, &p), back = must_start(pass_back, &p);
            assert_int_equal(pthread_join(there, NULL), 0);
            assert_int_equal(pthread_join(back, NULL), 0);
            assert_int_equal(p.wrong[0], 0);
            assert_int_equal(p.wrong[1], 0);
            qn_spsc_free(p.spsc);
            qn_mpmc_free(p.mpmc);
        }
}

/* ---- store buffering between sleeping and waking ----
 *
 * Round by round the two meet, and from there both run at once into what the fences are for: one goes to sleep, without
 * looking first, and the other makes true what it waits for and notifies. */

typedef struct meeting {
    qni_wait wait;
    int64_t rounds;
    uint64_t random;
    int64_t wanted; /* the sleeper's round */
    int64_t stale;
    int64_t plain[2]; /* written by the notifier before `round`, in turn */
    _Atomic bool lost;
    _Alignas(64) _Atomic int64_t sleeper_there, notifier_there;
    _Alignas(64) _Atomic int64_t round; /* waited for */
} meeting;

/* Waits for the other to come. It may not be running. */
static void await(const meeting *m, const _Atomic int64_t *round, int64_t wanted)
{
    for (int64_t i = 0; atomic_load_explicit(round, memory_order_acquire) < wanted && !atomic_load(&m->lost); i++)
        if (i % 100000 == 99999)
            qni_yield();
}

static bool has_come(void *user)
{
    meeting *m = user;
    return atomic_load_explicit(&m->round, memory_order_acquire) >= m->wanted;
}

/* A few nanoseconds, or some microseconds. */
static void dawdle(uint64_t *random)
{
    for (int64_t i = test_random_below(random, INT64_C(1) << test_random_below(random, 14)); i > 0; i--)
        atomic_signal_fence(memory_order_seq_cst);
}

static void *sleep_often(void *user)
{
    meeting *m = user;
    uint64_t random = m->random + 1;
    run_on(0);
    for (m->wanted = 1; m->wanted <= m->rounds; m->wanted++) {
        int64_t begin_ns = qni_clock_monotonic_ns();
        atomic_store_explicit(&m->sleeper_there, m->wanted, memory_order_release);
        await(m, &m->notifier_there, m->wanted);
        (void)has_come(m); /* as a waiter does who has looked: the line is here */
        dawdle(&random);
        while (!qni_wait_sleep(&m->wait, has_come, m, PATIENCE_NS))
            if (qni_clock_monotonic_ns() - begin_ns >= PATIENCE_NS) {
                atomic_store(&m->lost, true);
                return NULL;
            }
        m->stale += m->plain[m->wanted % 2] != m->wanted;
    }
    return NULL;
}

static void *notify_often(void *user)
{
    meeting *m = user;
    uint64_t random = m->random;
    run_on(1);
    for (int64_t i = 1; i <= m->rounds; i++) {
        m->plain[i % 2] = i;
        await(m, &m->sleeper_there, i);
        atomic_store_explicit(&m->notifier_there, i, memory_order_release);
        (void)atomic_load(&m->wait.word); /* as a notifier does who has just notified */
        dawdle(&random);
        atomic_store_explicit(&m->round, i, memory_order_release);
        qni_wait_notify(&m->wait);
    }
    return NULL;
}

static void run_meetings(bool light)
{
    static meeting m;
    m = (meeting){.rounds = test_effort(20000, 2000000), .random = test_seed(20240610)};
    qni_wait_init(&m.wait, QN_RING_PARK);
    m.wait.light = m.wait.light && light;
    pthread_t sleeper = must_start(sleep_often, &m), notifier = must_start(notify_often, &m);
    assert_int_equal(pthread_join(sleeper, NULL), 0);
    assert_int_equal(pthread_join(notifier, NULL), 0);
    assert_false(m.lost);
    assert_int_equal(m.stale, 0);
    print_message("%d rounds, %d sleeps, %d wakes\n", (int)m.rounds, (int)atomic_load(&m.wait.sleeps),
                  (int)atomic_load(&m.wait.wakes));
}

static void no_wake_is_lost_with_the_systems_fences(void **state)
{
    (void)state;
    run_meetings(true);
}

static void no_wake_is_lost_with_full_fences(void **state)
{
    (void)state;
    run_meetings(false);
}

/* ---- many sleepers of one ring ---- */

typedef struct relay {
    qn_mpmc *from, *to;
    int64_t moved, lost;
} relay;

/* Hands every item on, and gives up where one does not come: all of them were awake, or none. */
static void *hand_on(void *user)
{
    relay *r = user;
    for (;;) {
        int64_t value, moved;
        qn_status status = qn_mpmc_pop(&moved, r->from, &value, 1, PATIENCE_NS);
        if (status == QN_OK)
            status = qn_mpmc_push(&moved, r->to, &value, 1, PATIENCE_NS);
        if (status != QN_OK) {
            r->lost += status != QN_CLOSED;
            return NULL;
        }
        r->moved++;
    }
}

static void items_that_go_in_circles_never_stop(void **state)
{
    (void)state;
    enum {
        RELAYS = 3,
        ITEMS = 2 /* fewer than threads: somebody always waits */
    };
    qn_mpmc *rings[2];
    relay relays[2][RELAYS];
    pthread_t threads[2][RELAYS];
    qn_error err;
    for (int i = 0; i < 2; i++)
        assert_ok(qn_mpmc_new(&rings[i], ITEMS, 8, NULL, NULL, &err), &err);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < RELAYS; j++) {
            relays[i][j] = (relay){.from = rings[i], .to = rings[1 - i]};
            threads[i][j] = must_start(hand_on, &relays[i][j]);
        }
    for (int64_t i = 0, pushed; i < ITEMS; i++)
        assert_int_equal(qn_mpmc_push(&pushed, rings[0], &i, 1, PATIENCE_NS), QN_OK);
    int64_t rounds = test_effort(20000, 2000000);
    qn_ring_stats stats = {.size = sizeof stats};
    int64_t begin_ns = qni_clock_monotonic_ns();
    do {
        qni_yield();
        qn_mpmc_get_stats(rings[1], &stats);
    } while (stats.consumed < rounds && qni_clock_monotonic_ns() - begin_ns < PATIENCE_NS);
    qn_mpmc_close(rings[0]);
    qn_mpmc_close(rings[1]);
    int64_t moved = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < RELAYS; j++) {
            assert_int_equal(pthread_join(threads[i][j], NULL), 0);
            assert_int_equal(relays[i][j].lost, 0);
            moved += relays[i][j].moved;
        }
    assert_true(stats.consumed >= rounds);
    int64_t left = 0;
    for (int i = 0; i < 2; i++) {
        qn_mpmc_get_stats(rings[i], &stats);
        left += stats.produced - stats.consumed;
        qn_mpmc_free(rings[i]);
    }
    assert_true(left <= ITEMS); /* those in hand when the rings closed are gone with their threads */
    assert_true(moved >= rounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_carries_what_was_written_before_it_in_both_directions),
        cmocka_unit_test(no_wake_is_lost_with_the_systems_fences),
        cmocka_unit_test(no_wake_is_lost_with_full_fences),
        cmocka_unit_test(items_that_go_in_circles_never_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
