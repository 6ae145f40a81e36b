/* Many threads on one tree of budgets: no limit is passed for an instant, sums are exact in the end, holders are asked
 * one at a time and never after they were taken off, and early ends are found by whoever gives the last byte back. */
#include "harness/harness.h"

#include "base/alloc.h"

#include <quern/budget.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    THREADS = 8, /* more than most machines that build have processors */
    BLOCKS = 16,
    LIMIT = 4000,
    CHILD_LIMIT = 1500
};

static qn_budget *budget_of(qn_budget *parent, const char *name, int64_t limit)
{
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = limit;
    qn_budget *budget;
    qn_error err;
    assert_ok(qn_budget_new(&budget, parent, name, &options, &err), &err);
    return budget;
}

static qn_budget_stats stats_of(const qn_budget *budget)
{
    qn_budget_stats stats = {.size = sizeof stats};
    qn_budget_get_stats(budget, &stats);
    return stats;
}

static void start_all(pthread_t *threads, int count, void *(*fn)(void *), void *user, size_t stride)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fn, (char *)user + (size_t)i * stride), 0);
}

static void join_all(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

typedef struct worker {
    qn_budget *top, *own;
    uint64_t random;
    int64_t rounds;
    atomic_bool *over; /* somebody saw a limit passed */
    int64_t granted, refused;
    char pad[64];
} worker;

/* Asserts would be lost in another thread: what is wrong is noted. */
static void look(const worker *w)
{
    if (stats_of(w->top).live > LIMIT || stats_of(w->own).live > CHILD_LIMIT)
        atomic_store(w->over, true);
}

static void *hammer(void *user)
{
    worker *w = user;
    void *blocks[BLOCKS] = {NULL};
    int64_t sizes[BLOCKS] = {0};
    const qn_allocator *allocator = qn_budget_allocator(w->own);
    for (int64_t i = 0; i < w->rounds; i++) {
        int64_t at = test_random_below(&w->random, BLOCKS);
        int64_t size = test_random_below(&w->random, 3) == 0 ? 0 : 1 + test_random_below(&w->random, 400);
        void *fresh = allocator->resize(allocator->user, blocks[at], sizes[at], size);
        look(w);
        if (fresh == NULL && size > 0) {
            w->refused++;
            continue;
        }
        w->granted++;
        blocks[at] = fresh;
        sizes[at] = size;
        if (fresh != NULL)
            memset(fresh, (int)i, (size_t)size);
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i] != NULL)
            (void)allocator->resize(allocator->user, blocks[i], sizes[i], 0);
    return NULL;
}

static void no_limit_is_passed_and_the_sums_are_exact_in_the_end(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    static worker workers[THREADS];
    atomic_bool over = false;
    uint64_t random = test_seed(7);
    qn_budget *top = budget_of(NULL, "top", LIMIT);
    qn_budget *children[] = {budget_of(top, "a", CHILD_LIMIT), budget_of(top, "b", CHILD_LIMIT),
                             budget_of(top, "c", CHILD_LIMIT)};
    for (int i = 0; i < THREADS; i++)
        workers[i] = (worker){.top = top,
                              .own = children[i % 3],
                              .random = test_random(&random),
                              .rounds = test_effort(20000, 500000),
                              .over = &over};
    start_all(threads, THREADS, hammer, workers, sizeof workers[0]);
    join_all(threads, THREADS);
    assert_false(over);
    int64_t granted = 0, refused = 0, counted = 0, peaks = 0;
    for (int i = 0; i < THREADS; i++) {
        granted += workers[i].granted;
        refused += workers[i].refused;
    }
    for (int i = 0; i < 3; i++) {
        qn_budget_stats stats = stats_of(children[i]);
        assert_int_equal(stats.live, 0);
        assert_int_equal(stats.own, 0);
        assert_in_range(stats.peak, 1, CHILD_LIMIT);
        counted += stats.refused;
        peaks += stats.peak;
    }
    assert_true(granted > 0 && refused > 0);
    assert_int_equal(counted, refused);
    assert_int_equal(stats_of(top).live, 0);
    assert_in_range(stats_of(top).peak, 1, LIMIT);
    assert_true(stats_of(top).peak <= peaks);
    for (int i = 0; i < 3; i++)
        qn_budget_free(children[i]);
    qn_budget_free(top);
}

/* ---- pressure ---- */

/* A holder of one block that gives it back when asked. The block is passed by exchange: whoever gets it owns it. */
typedef struct holder {
    qn_budget *budget;
    _Atomic(void *) block;
    atomic_int inside;   /* how many are in give_back at once */
    atomic_bool on;      /* it may be asked */
    atomic_bool *wrong;  /* it was asked by two at once, or when it was off */
    atomic_llong *asked; /* shared: how often holders were asked */
    uint64_t random;
    int64_t rounds;
    char pad[64];
} holder;

enum {
    HELD = 500
};

static void let_go(holder *h)
{
    void *block = atomic_exchange(&h->block, NULL);
    if (block != NULL)
        qni_free(qn_budget_allocator(h->budget), block, HELD, 1);
}

static int64_t give_back(void *user, int64_t wanted)
{
    (void)wanted;
    holder *h = user;
    if (atomic_fetch_add(&h->inside, 1) != 0 || !atomic_load(&h->on))
        atomic_store(h->wrong, true);
    atomic_fetch_add(h->asked, 1);
    let_go(h);
    atomic_fetch_sub(&h->inside, 1);
    return HELD;
}

/* Takes, registers, works, leaves: again and again. */
static void *come_and_go(void *user)
{
    holder *h = user;
    const qn_allocator *allocator = qn_budget_allocator(h->budget);
    for (int64_t i = 0; i < h->rounds; i++) {
        atomic_store(&h->on, true);
        if (qn_budget_on_pressure(h->budget, give_back, h, NULL) != QN_OK)
            atomic_store(h->wrong, true);
        for (int k = 0; k < 4; k++) {
            void *block = qni_alloc(allocator, HELD, 1), *none = NULL;
            if (block != NULL && !atomic_compare_exchange_strong(&h->block, &none, block))
                qni_free(allocator, block, HELD, 1);
        }
        qn_budget_off_pressure(h->budget, give_back, h);
        atomic_store(&h->on, false); /* from here on nobody may ask */
        let_go(h);
    }
    return NULL;
}

static void holders_are_asked_one_at_a_time_and_never_once_they_are_off(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    static holder holders[THREADS];
    atomic_bool wrong = false;
    atomic_llong asked = 0;
    qn_budget *top = budget_of(NULL, "top", HELD * (THREADS / 2));
    for (int i = 0; i < THREADS; i++) {
        holders[i].budget = budget_of(top, "holder", 0);
        holders[i].wrong = &wrong;
        holders[i].asked = &asked;
        holders[i].rounds = test_effort(2000, 50000);
    }
    /* One that always has something to give, so that asking is worth it even where threads run one after the other. */
    holder kept = {.budget = top, .on = true, .wrong = &wrong, .asked = &asked};
    kept.block = qni_alloc(qn_budget_allocator(top), HELD, 1);
    assert_int_equal(qn_budget_on_pressure(top, give_back, &kept, NULL), QN_OK);
    start_all(threads, THREADS, come_and_go, holders, sizeof holders[0]);
    join_all(threads, THREADS);
    void *most = qni_alloc(qn_budget_allocator(top), HELD * (THREADS / 2), 1);
    assert_non_null(most); /* having asked the one that still holds something, if it does */
    qni_free(qn_budget_allocator(top), most, HELD * (THREADS / 2), 1);
    assert_false(wrong);
    assert_true(asked > 0);
    qn_budget_off_pressure(top, give_back, &kept);
    let_go(&kept);
    assert_int_equal(stats_of(top).live, 0);
    for (int i = 0; i < THREADS; i++)
        qn_budget_free(holders[i].budget);
    qn_budget_free(top);
}

/* ---- early ends ---- */

typedef struct tail {
    const qn_allocator *allocator;
    void *block;
    int64_t size;
    pthread_barrier_t *together;
} tail;

static void *give_late(void *user)
{
    tail *t = user;
    (void)pthread_barrier_wait(t->together);
    qni_free(t->allocator, t->block, t->size, 1);
    return NULL;
}

static void count_one(void *user, const qn_budget_stats *stats, int64_t depth)
{
    (void)stats;
    (void)depth;
    ++*(int *)user;
}

static void whoever_gives_the_last_byte_ends_what_was_freed(void **state)
{
    (void)state;
    enum {
        GIVERS = 3
    };
    int64_t rounds = test_effort(300, 10000);
    qn_budget *top = budget_of(NULL, "top", 0);
    for (int64_t round = 0; round < rounds; round++) {
        pthread_t threads[GIVERS];
        tail tails[GIVERS];
        pthread_barrier_t together;
        assert_int_equal(pthread_barrier_init(&together, NULL, GIVERS + 1), 0);
        qn_budget *parent = budget_of(top, "parent", 0), *child = budget_of(parent, "child", 0);
        for (int i = 0; i < GIVERS; i++) {
            tails[i] = (tail){
                .allocator = qn_budget_allocator(i == 0 ? parent : child), .size = 10 + i, .together = &together};
            tails[i].block = qni_alloc(tails[i].allocator, tails[i].size, 1);
            assert_non_null(tails[i].block);
        }
        start_all(threads, GIVERS, give_late, tails, sizeof tails[0]);
        (void)pthread_barrier_wait(&together);
        qn_budget_free(parent);
        qn_budget_free(child);
        int seen = 0;
        qn_budget_each(top, count_one, &seen); /* while they end */
        assert_in_range(seen, 1, 3);
        join_all(threads, GIVERS);
        seen = 0;
        qn_budget_each(top, count_one, &seen);
        assert_int_equal(seen, 1);
        assert_int_equal(pthread_barrier_destroy(&together), 0);
    }
    qn_budget_free(top);
}

/* ---- walking ---- */

typedef struct wanderer {
    qn_budget *top;
    uint64_t random;
    int64_t rounds;
    atomic_bool *wrong;
    char pad[64];
} wanderer;

/* Counts what is shown and cannot be of a budget that is there. */
static void count_strange(void *user, const qn_budget_stats *stats, int64_t depth)
{
    bool usual = strncmp(stats->name, "w ", 2) == 0 && depth <= 2 && stats->own >= 0 && stats->live <= LIMIT;
    *(int64_t *)user += !usual;
}

/* Makes budgets, draws too much on them, asks why, frees them early, and looks at everybody's: nothing that is shown
 * has ended. */
static void *wander(void *user)
{
    wanderer *w = user;
    for (int64_t i = 0; i < w->rounds; i++) {
        qn_budget *outer = NULL, *inner = NULL;
        qn_error err;
        int64_t strange = 0, size = 1 + test_random_below(&w->random, LIMIT / 2);
        qn_budget_options options;
        qn_budget_options_init(&options, sizeof options);
        options.limit = LIMIT / 4;
        if (qn_budget_new(&outer, w->top, "w outer", NULL, NULL) != QN_OK ||
            qn_budget_new(&inner, outer, "w inner", &options, NULL) != QN_OK)
            atomic_store(w->wrong, true);
        const qn_allocator *allocator = qn_budget_allocator(inner);
        void *block = qni_alloc(allocator, size, 1);
        qn_budget_free(outer);
        if (block == NULL && qn_budget_last_refusal(w->top, &err) != QN_BUDGET && size > LIMIT / 4)
            atomic_store(w->wrong, true);
        if (qn_budget_explain(inner, LIMIT / 4 + 1, &err) != QN_BUDGET || strstr(err.message, "w inner") == NULL)
            atomic_store(w->wrong, true);
        qn_budget_each(w->top, count_strange, &strange);
        if (strange > 0)
            atomic_store(w->wrong, true);
        if (test_random_below(&w->random, 2) == 0) {
            qn_budget_free(inner);
            qni_free(block != NULL ? allocator : NULL, block, size, 1);
        } else {
            qni_free(allocator, block, size, 1);
            qn_budget_free(inner);
        }
    }
    return NULL;
}

static void budgets_come_and_go_while_others_walk_over_them(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    static wanderer wanderers[THREADS];
    atomic_bool wrong = false;
    uint64_t random = test_seed(11);
    int seen = 0;
    qn_budget *top = budget_of(NULL, "w top", LIMIT);
    for (int i = 0; i < THREADS; i++)
        wanderers[i] = (wanderer){
            .top = top, .random = test_random(&random), .rounds = test_effort(2000, 100000), .wrong = &wrong};
    start_all(threads, THREADS, wander, wanderers, sizeof wanderers[0]);
    join_all(threads, THREADS);
    assert_false(wrong);
    qn_budget_each(top, count_one, &seen);
    assert_int_equal(seen, 1);
    assert_int_equal(stats_of(top).live, 0);
    qn_budget_free(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit_is_passed_and_the_sums_are_exact_in_the_end),
        cmocka_unit_test(holders_are_asked_one_at_a_time_and_never_once_they_are_off),
        cmocka_unit_test(whoever_gives_the_last_byte_ends_what_was_freed),
        cmocka_unit_test(budgets_come_and_go_while_others_walk_over_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
