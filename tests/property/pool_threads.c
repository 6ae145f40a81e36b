/* The pool with many threads: no object is ever in two hands, none is lost, exhaustion is exact; counted by the threads
 * themselves, independently of the pool. */
#include "harness/harness.h"

#include <quern/budget.h>

#include "base/lock.h"
#include "mem/pool_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What stands in every object: who holds it. */
typedef struct thing {
    _Atomic int32_t holder; /* 0: nobody. Relaxed: any two that hold it at once show, in whichever order */
    int32_t mark;           /* not atomic: the thread sanitizer sees two that hold it at once, or a give that does not
                               order what was written */
} thing;

static qn_pool *new_pool(qn_pool_options options, const qn_allocator *allocator)
{
    options.name = "things";
    if (options.object_size == 0)
        options.object_size = sizeof(thing);
    qn_pool *pool;
    qn_error err;
    assert_ok(qn_pool_new(&pool, &options, allocator, &err), &err);
    return pool;
}

static qn_status make(void *user, void *object, qn_error *err)
{
    (void)user, (void)err;
    atomic_init(&((thing *)object)->holder, 0);
    ((thing *)object)->mark = 0;
    qni_yield(); /* others may grow the pool meanwhile, or want to */
    return QN_OK;
}

static qn_pool_options defaults(void)
{
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.checks = QN_POOL_CHECKS_OFF;
    options.construct = make;
    return options;
}

static bool grab(thing *t, int32_t who)
{
    t->mark++;
    return atomic_exchange_explicit(&t->holder, who, memory_order_relaxed) == 0;
}

static bool drop(thing *t, int32_t who)
{
    t->mark++;
    return atomic_exchange_explicit(&t->holder, 0, memory_order_relaxed) == who;
}

enum {
    BLOCKS = 1000,
    TAKERS = 10
};

typedef struct taker {
    qn_pool *pool;
    pthread_barrier_t *barrier;
    void *objects[BLOCKS];
    bool failed;
} taker;

static void *take_thousand(void *user)
{
    taker *t = user;
    (void)pthread_barrier_wait(t->barrier);
    for (int i = 0; i < BLOCKS; i++)
        if (qn_pool_take(&t->objects[i], t->pool, NULL) != QN_OK)
            t->failed = true;
    return NULL;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (void *const *)a, y = (uintptr_t) * (void *const *)b;
    return (x > y) - (x < y);
}

static void ten_threads_take_a_thousand_objects_each_all_different(void **state)
{
    (void)state;
    static taker takers[TAKERS];
    static void *all[TAKERS * BLOCKS];
    for (int checks = QN_POOL_CHECKS_ON; checks <= QN_POOL_CHECKS_OFF; checks++) {
        qn_pool_options options = defaults();
        options.checks = (qn_pool_checks)checks;
        options.growth = QN_POOL_BOUNDED;
        options.max = TAKERS * BLOCKS;
        qn_pool *pool = new_pool(options, NULL);
        pthread_barrier_t barrier;
        pthread_barrier_init(&barrier, NULL, TAKERS);
        pthread_t threads[TAKERS];
        for (int i = 0; i < TAKERS; i++) {
            takers[i] = (taker){.pool = pool, .barrier = &barrier};
            assert_int_equal(pthread_create(&threads[i], NULL, take_thousand, &takers[i]), 0);
        }
        for (int i = 0; i < TAKERS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_false(takers[i].failed);
            memcpy(all + i * BLOCKS, takers[i].objects, sizeof takers[i].objects);
        }
        qsort(all, TAKERS * BLOCKS, sizeof *all, by_address);
        for (int i = 1; i < TAKERS * BLOCKS; i++)
            assert_true((char *)all[i] - (char *)all[i - 1] >= (ptrdiff_t)sizeof(thing));
        void *none;
        assert_int_equal(qn_pool_take(&none, pool, NULL), QN_EXHAUSTED);
        for (int i = 0; i < TAKERS * BLOCKS; i++)
            qn_pool_give(pool, all[i]);
        assert_int_equal(qn_pool_report_leaks(pool, NULL, NULL), 0);
        pthread_barrier_destroy(&barrier);
        qn_pool_free(pool);
    }
}

enum {
    WORKERS = 4,
    HELD = 300
};

/* A place where a thread leaves objects for others. */
typedef struct exchange {
    qni_lock lock;
    thing *things[HELD];
    int64_t count;
} exchange;

typedef struct shared {
    qn_pool *pool;
    exchange exchange;
    _Atomic int64_t wrong; /* relaxed: read after joining */
    int64_t max;           /* of a pool that is bounded: the threads want no more together; 0: it is not */
    int64_t steps;
} shared;

typedef struct worker {
    shared *shared;
    int32_t who;
    uint64_t random;
    pthread_barrier_t *barrier;
    int64_t taken, given, refused;
} worker;

static void take_one(worker *w, thing **held, int64_t *count)
{
    shared *s = w->shared;
    void *object;
    if (qn_pool_take(&object, s->pool, NULL) != QN_OK) {
        w->refused++;
        return;
    }
    w->taken++;
    if (!grab(object, w->who))
        atomic_fetch_add_explicit(&s->wrong, 1, memory_order_relaxed);
    held[(*count)++] = object;
}

static void give_one(worker *w, thing *t)
{
    shared *s = w->shared;
    if (!drop(t, w->who))
        atomic_fetch_add_explicit(&s->wrong, 1, memory_order_relaxed);
    qn_pool_give(s->pool, t);
    w->given++;
}

/* Leaves one for others, or takes over what others left. */
static void hand_over(worker *w, thing **held, int64_t *count)
{
    exchange *e = &w->shared->exchange;
    thing *out = NULL, *in = NULL;
    if (*count > 0) {
        out = held[--*count];
        if (!drop(out, w->who))
            atomic_fetch_add_explicit(&w->shared->wrong, 1, memory_order_relaxed);
    }
    qni_lock_take(&e->lock, NULL);
    if (out != NULL && e->count < HELD) {
        e->things[e->count++] = out;
        out = NULL;
    }
    if (e->count > 0 && test_random_below(&w->random, 2) == 0)
        in = e->things[--e->count];
    qni_lock_give(&e->lock);
    for (int i = 0; i < 2; i++) {
        thing *t = i == 0 ? out : in;
        if (t == NULL)
            continue;
        if (!grab(t, w->who))
            atomic_fetch_add_explicit(&w->shared->wrong, 1, memory_order_relaxed);
        if (*count < HELD)
            held[(*count)++] = t;
        else
            give_one(w, t);
    }
}

/* What the pool says of itself fits together at any moment, and with what this thread holds. */
static void look(worker *w, int64_t held)
{
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(w->shared->pool, &stats);
    bool right = stats.live + stats.idle == stats.objects && stats.live >= held && stats.idle >= 0 &&
                 (w->shared->max == 0 || stats.objects <= w->shared->max);
    if (!right)
        atomic_fetch_add_explicit(&w->shared->wrong, 1, memory_order_relaxed);
}

static void *work(void *user)
{
    worker *w = user;
    thing *held[HELD];
    int64_t count = 0;
    int64_t goal = 0;
    for (int64_t i = 0; i < w->shared->steps; i++) {
        if (i % 64 == 0) /* swings, so that magazines fill and empty */
            goal = test_random_below(&w->random, w->shared->max != 0 ? w->shared->max / WORKERS : HELD);
        int64_t what = test_random_below(&w->random, 700);
        if (what < 7 && w->shared->max == 0) /* otherwise held ones would add up in one hand */
            hand_over(w, held, &count);
        else if (what == 7)
            (void)qn_pool_trim(w->shared->pool, test_random_below(&w->random, 10000));
        else if (what == 8)
            look(w, count);
        else if (count < goal || count == 0)
            take_one(w, held, &count);
        else
            give_one(w, held[--count]);
    }
    while (count > 0)
        give_one(w, held[--count]);
    return NULL;
}

/* Runs the workers; returns how many takes were refused. */
static int64_t run(qn_pool_options options, int64_t max)
{
    static shared s;
    memset(&s, 0, sizeof s);
    uint64_t random = test_seed(7);
    s.pool = new_pool(options, NULL);
    s.max = max;
    s.steps = test_effort(60000, 5000000);
    pthread_t threads[WORKERS];
    worker workers[WORKERS];
    int64_t taken = 0, given = 0, refused = 0;
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.shared = &s, .who = i + 1, .random = test_random(&random)};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        taken += workers[i].taken;
        given += workers[i].given;
        refused += workers[i].refused;
    }
    int64_t left = s.exchange.count;
    assert_int_equal(s.wrong, 0);
    assert_int_equal(taken, given + left);
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(s.pool, &stats);
    assert_int_equal(stats.taken, taken);
    assert_int_equal(stats.live, left);
    assert_int_equal(stats.misuses, 0);
    while (s.exchange.count > 0)
        qn_pool_give(s.pool, s.exchange.things[--s.exchange.count]);
    assert_int_equal(qn_pool_report_leaks(s.pool, NULL, NULL), 0);
    (void)qn_pool_trim(s.pool, 0);
    qn_pool_get_stats(s.pool, &stats);
    if (!s.pool->fixed)
        assert_int_equal(stats.objects, 0);
    qn_pool_free(s.pool);
    return refused;
}

static void objects_are_conserved(void **state)
{
    (void)state;
    static const int64_t magazines[] = {0, -1, 1, 2, 33};
    for (size_t i = 0; i < sizeof magazines / sizeof *magazines; i++) {
        qn_pool_options options = defaults();
        options.magazine = magazines[i];
        assert_int_equal(run(options, 0), 0);
    }
}

static void objects_of_checked_pools_are_conserved(void **state)
{
    (void)state;
    qn_pool_options options = defaults();
    options.checks = QN_POOL_CHECKS_ON;
    assert_int_equal(run(options, 0), 0);
}

static void a_fixed_pool_refuses_nobody_while_it_has_an_idle_object_anywhere(void **state)
{
    (void)state;
    static const int64_t magazines[] = {0, -1, 1, 50};
    for (size_t i = 0; i < sizeof magazines / sizeof *magazines; i++) {
        qn_pool_options options = defaults();
        options.growth = QN_POOL_FAIL;
        options.initial = 40; /* of which each of four threads wants ten at most */
        options.magazine = magazines[i];
        assert_int_equal(run(options, 40), 0);
        options.growth = QN_POOL_BOUNDED; /* and trimmed and grown again */
        options.initial = 0;
        options.grow = 3;
        options.max = 40;
        assert_int_equal(run(options, 40), 0);
    }
}

/* Threads that use the pool for the first time while others look for its last idle object: magazines are made during
 * visits. */
static void *come(void *user)
{
    worker *w = user;
    (void)pthread_barrier_wait(w->barrier);
    for (int i = 0; i < 20; i++) {
        void *object;
        if (qn_pool_take(&object, w->shared->pool, NULL) != QN_OK || !grab(object, w->who) || !drop(object, w->who))
            atomic_fetch_add_explicit(&w->shared->wrong, 1, memory_order_relaxed);
        else
            qn_pool_give(w->shared->pool, object);
    }
    return NULL;
}

static void threads_come_and_go(void **state)
{
    (void)state;
    enum {
        COMERS = 8
    };
    static shared s;
    memset(&s, 0, sizeof s);
    qn_pool_options options = defaults();
    options.growth = QN_POOL_FAIL;
    options.initial = COMERS; /* one for each at any time */
    options.magazine = 8;
    for (int round = 0; round < test_effort(200, 10000); round++) {
        s.pool = new_pool(options, NULL);
        pthread_barrier_t barrier;
        pthread_barrier_init(&barrier, NULL, COMERS);
        pthread_t threads[COMERS];
        worker workers[COMERS];
        for (int i = 0; i < COMERS; i++) {
            workers[i] = (worker){.shared = &s, .who = i + 1, .barrier = &barrier};
            assert_int_equal(pthread_create(&threads[i], NULL, come, &workers[i]), 0);
        }
        for (int i = 0; i < COMERS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(s.wrong, 0);
        qn_pool_stats stats = {.size = sizeof stats};
        qn_pool_get_stats(s.pool, &stats);
        assert_int_equal(stats.idle, COMERS);
        pthread_barrier_destroy(&barrier);
        qn_pool_free(s.pool);
    }
}

/* Threads that take from several pools on one budget, which has no room for all: each gets what others do without. */
enum {
    POOLS = 3,
    PRESSED_HELD = 60
};

typedef struct pressed {
    qn_pool *pools[POOLS];
    _Atomic int64_t wrong;
    int64_t steps;
} pressed;

typedef struct presser {
    pressed *shared;
    uint64_t random;
    int64_t taken, refused;
} presser;

static void *press(void *user)
{
    presser *p = user;
    thing *held[POOLS][PRESSED_HELD];
    int64_t counts[POOLS] = {0};
    for (int64_t i = 0; i < p->shared->steps; i++) {
        int64_t k = test_random_below(&p->random, 40 * POOLS) / 40;
        bool grow = (i / 500 + k) % POOLS != 0; /* now this pool shrinks, now that */
        void *object;
        if (grow && counts[k] < PRESSED_HELD) {
            qn_status status = qn_pool_take(&object, p->shared->pools[k], NULL);
            if (status == QN_OK) {
                if (!grab(object, 1))
                    atomic_fetch_add_explicit(&p->shared->wrong, 1, memory_order_relaxed);
                held[k][counts[k]++] = object;
                p->taken++;
            } else {
                p->refused++;
                if (status != QN_BUDGET)
                    atomic_fetch_add_explicit(&p->shared->wrong, 1, memory_order_relaxed);
            }
        } else if (counts[k] > 0) {
            thing *t = held[k][--counts[k]];
            if (!drop(t, 1))
                atomic_fetch_add_explicit(&p->shared->wrong, 1, memory_order_relaxed);
            qn_pool_give(p->shared->pools[k], t);
        }
    }
    for (int k = 0; k < POOLS; k++)
        while (counts[k] > 0) {
            thing *t = held[k][--counts[k]];
            (void)drop(t, 1);
            qn_pool_give(p->shared->pools[k], t);
        }
    return NULL;
}

/* One pool fills the budget and then rests; the next gets its memory. However the threads before were scheduled, there
 * was pressure. Returns how many objects were taken; one take is refused. */
static int64_t press_alone(pressed *s)
{
    static void *objects[1000];
    int64_t count = 0, others = 50;
    while (qn_pool_take(&objects[count], s->pools[0], NULL) == QN_OK)
        assert_true(++count < 1000);
    for (int64_t i = 0; i < count; i++)
        qn_pool_give(s->pools[0], objects[i]);
    for (int64_t i = 0; i < others; i++)
        assert_int_equal(qn_pool_take(&objects[i], s->pools[1], NULL), QN_OK);
    for (int64_t i = 0; i < others; i++)
        qn_pool_give(s->pools[1], objects[i]);
    return count + others;
}

static void pools_on_a_tight_budget_take_from_one_another(void **state)
{
    (void)state;
    uint64_t random = test_seed(11);
    qn_budget *budget;
    qn_budget_options limits;
    qn_budget_options_init(&limits, sizeof limits);
    limits.limit = 1 << 20;
    qn_error err;
    assert_ok(qn_budget_new(&budget, NULL, "tight", &limits, &err), &err);
    static pressed s;
    s = (pressed){.steps = test_effort(20000, 1000000)};
    for (int k = 0; k < POOLS; k++) {
        qn_pool_options options = defaults();
        options.object_size = 2000 * (k + 1);
        options.grow = 4;
        options.magazine = k * 4;
        assert_ok(qn_pool_new(&s.pools[k], &options, qn_budget_allocator(budget), &err), &err);
    }
    pthread_t threads[WORKERS];
    presser pressers[WORKERS];
    int64_t taken = 0, refused = 0, trimmed = 0;
    for (int i = 0; i < WORKERS; i++) {
        pressers[i] = (presser){.shared = &s, .random = test_random(&random)};
        assert_int_equal(pthread_create(&threads[i], NULL, press, &pressers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        taken += pressers[i].taken;
        refused += pressers[i].refused;
    }
    assert_int_equal(s.wrong, 0);
    taken += press_alone(&s);
    refused++;
    for (int k = 0; k < POOLS; k++) {
        qn_pool_stats stats = {.size = sizeof stats};
        qn_pool_get_stats(s.pools[k], &stats);
        assert_int_equal(stats.live, 0);
        taken -= stats.taken;
        refused -= stats.refused;
        trimmed += stats.trimmed;
        qn_pool_free(s.pools[k]);
    }
    assert_int_equal(taken, 0);
    assert_int_equal(refused, 0);
    assert_true(trimmed > 0);
    qn_budget_stats held = {.size = sizeof held};
    qn_budget_get_stats(budget, &held);
    assert_int_equal(held.live, 0);
    assert_true(held.peak <= 1 << 20);
    qn_budget_free(budget);
}

static void *take_and_give(void *user)
{
    void *object;
    if (qn_pool_take(&object, user, NULL) == QN_OK)
        qn_pool_give(user, object);
    return NULL;
}

static bool count_magazine(void *user, void *magazine)
{
    (void)magazine;
    ++*(int *)user;
    return true;
}

static void a_thread_that_comes_during_a_visit_waits_for_its_end(void **state)
{
    (void)state;
    qn_pool_options options = defaults();
    options.growth = QN_POOL_FAIL;
    options.initial = 100;
    options.magazine = 10;
    qn_pool *pool = new_pool(options, NULL);
    pthread_t thread;
    qni_visit_begin(pool);
    assert_int_equal(pthread_create(&thread, NULL, take_and_give, pool), 0);
    for (int magazines = 0; magazines == 0; qni_yield())
        qni_locals_each(&pool->magazines, count_magazine, &magazines);
    for (int i = 0; i < 2000; i++) { /* more than it takes to get an object, if nothing were in the way */
        qni_lock_take(&pool->depot, NULL);
        assert_int_equal(pool->idle_count, 100);
        qni_lock_give(&pool->depot);
        qni_yield();
    }
    qni_visit_end(pool);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pool->idle_count, 95); /* half a magazine */
    qn_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_threads_take_a_thousand_objects_each_all_different),
        cmocka_unit_test(objects_are_conserved),
        cmocka_unit_test(objects_of_checked_pools_are_conserved),
        cmocka_unit_test(a_fixed_pool_refuses_nobody_while_it_has_an_idle_object_anywhere),
        cmocka_unit_test(threads_come_and_go),
        cmocka_unit_test(pools_on_a_tight_budget_take_from_one_another),
        cmocka_unit_test(a_thread_that_comes_during_a_visit_waits_for_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
