/* Vectors, matrices and batches of random shapes, taken and given while what is live swings between a tenth and nine
 * tenths, under a budget: contents stay, the accounts are those of a model, the budget is never exceeded, and after the
 * first swings hardly anything is asked of the allocator, which is counted below the budget. */
#include "harness/harness.h"

#include <quern/budget.h>
#include <quern/workspace.h>

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAMILIES = 3
};

/* What is taken: `count` at most, shapes between low and high. The counts are 1,000 matrices, 10,000 vectors and 100
 * batches; the sizes are such that all fits into 64 MiB. */
typedef struct family {
    int64_t count;
    int32_t ndim;
    int64_t low[3], high[3];
} family;

static const family families[FAMILIES] = {
    {1000, 2, {56, 60}, {64, 64}},
    {10000, 1, {100}, {128}},
    {100, 3, {28, 1, 256}, {32, 1, 256}},
};

typedef struct block {
    void *memory;
    int64_t shape[3];
    qn_dtype dtype;
    int64_t bytes;
    uint64_t mark;
} block;

typedef struct model {
    qn_workspace *workspace;
    uint64_t random;
    block *blocks[FAMILIES]; /* (count) the first live[f] are in use */
    int64_t live[FAMILIES];
    int64_t asked; /* bytes in use */
    int64_t takes;
    int64_t share_of; /* one of so many threads: its counts are divided by it */
} model;

/* The last bytes of a block and its first carry its mark; what else took it over would write another. */
static void sign(const block *b)
{
    memcpy(b->memory, &b->mark, sizeof b->mark);
    memcpy((char *)b->memory + b->bytes - sizeof b->mark, &b->mark, sizeof b->mark);
}

static void check(const block *b)
{
    assert_memory_equal(b->memory, &b->mark, sizeof b->mark);
    assert_memory_equal((char *)b->memory + b->bytes - sizeof b->mark, &b->mark, sizeof b->mark);
}

static void take(model *m, int f)
{
    static const qn_dtype dtypes[] = {QN_DTYPE_F64, QN_DTYPE_I64};
    block *b = &m->blocks[f][m->live[f]];
    b->dtype = dtypes[test_random_below(&m->random, 2)];
    b->bytes = 8;
    for (int32_t k = 0; k < families[f].ndim; k++) {
        int64_t low = families[f].low[k];
        b->shape[k] = low + test_random_below(&m->random, families[f].high[k] - low + 1);
        b->bytes *= b->shape[k];
    }
    qn_error err;
    assert_ok(qn_workspace_take(&b->memory, m->workspace, b->dtype, families[f].ndim, b->shape, &err), &err);
    assert_int_equal((uintptr_t)b->memory % 64, 0);
    b->mark = test_random(&m->random);
    sign(b);
    m->live[f]++;
    m->asked += b->bytes;
    m->takes++;
}

static void give(model *m, int f)
{
    int64_t which = test_random_below(&m->random, m->live[f]);
    block *b = &m->blocks[f][which];
    check(b);
    qn_workspace_give(m->workspace, b->memory, b->dtype, families[f].ndim, b->shape);
    m->asked -= b->bytes;
    *b = m->blocks[f][--m->live[f]];
}

/* One swing up to nine tenths and back to one tenth, with as many takes and gives at random on the way. */
static void swing(model *m)
{
    static const int64_t tenths[] = {9, 1};
    for (int half = 0; half < 2; half++) {
        bool moving = true;
        while (moving) {
            moving = false;
            for (int f = 0; f < FAMILIES; f++) {
                int64_t target = families[f].count / m->share_of * tenths[half] / 10;
                for (int64_t i = 0; i < families[f].count / m->share_of / 100; i++) {
                    int64_t distance = target - m->live[f];
                    bool up = test_random_below(&m->random, 4) == 0 ? distance < 0 : distance > 0;
                    if (distance == 0)
                        break;
                    moving = true;
                    if (up && m->live[f] < families[f].count / m->share_of * 9 / 10)
                        take(m, f);
                    else if (!up && m->live[f] > 0)
                        give(m, f);
                }
            }
        }
    }
}

static void open_model(model *m, qn_workspace *workspace, uint64_t seed, int64_t share_of)
{
    *m = (model){.workspace = workspace, .random = seed, .share_of = share_of};
    for (int f = 0; f < FAMILIES; f++) {
        m->blocks[f] = malloc((size_t)families[f].count * sizeof(block));
        assert_non_null(m->blocks[f]);
    }
}

static void close_model(model *m)
{
    for (int f = 0; f < FAMILIES; f++) {
        while (m->live[f] > 0)
            give(m, f);
        free(m->blocks[f]);
    }
    assert_int_equal(m->asked, 0);
}

/* Counts what passes to the default allocator, from any thread. */
typedef struct counter {
    _Atomic int64_t calls; /* relaxed: a sum */
} counter;

static void *count_and_pass(void *user, void *memory, int64_t old_size, int64_t new_size)
{
    counter *c = user;
    if (new_size > 0)
        atomic_fetch_add_explicit(&c->calls, 1, memory_order_relaxed);
    const qn_allocator *a = qn_allocator_default();
    return a->resize(a->user, memory, old_size, new_size);
}

typedef struct setting {
    counter below;
    qn_allocator source;
    qn_budget *budget;
    qn_workspace *workspace;
} setting;

static void open_setting(setting *s, int64_t limit)
{
    qn_error err;
    atomic_init(&s->below.calls, 0);
    s->source = (qn_allocator){.resize = count_and_pass, .user = &s->below};
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = limit;
    options.source = &s->source;
    assert_ok(qn_budget_new(&s->budget, NULL, "swing", &options, &err), &err);
    assert_ok(qn_workspace_new(&s->workspace, NULL, qn_budget_allocator(s->budget), &err), &err);
}

static void close_setting(setting *s, int64_t limit)
{
    qn_budget_stats stats = {.size = sizeof stats};
    qn_workspace_free(s->workspace);
    qn_budget_get_stats(s->budget, &stats);
    assert_int_equal(stats.live, 0);
    assert_true(stats.peak <= limit);
    qn_budget_free(s->budget);
}

static qn_workspace_stats stats_of(qn_workspace *w)
{
    qn_workspace_stats stats = {.size = sizeof stats};
    qn_workspace_get_stats(w, &stats);
    return stats;
}

static void assert_accounts(const model *m)
{
    qn_workspace_stats stats = stats_of(m->workspace);
    int64_t live = 0;
    for (int f = 0; f < FAMILIES; f++)
        live += m->live[f];
    assert_int_equal(stats.live, live);
    assert_int_equal(stats.asked_bytes, m->asked);
    assert_int_equal(stats.takes, m->takes);
    assert_true(stats.live_bytes >= m->asked && stats.live_bytes <= m->asked + m->asked / 8 + 64 * live);
    assert_true(stats.held_bytes >= stats.live_bytes + stats.idle_bytes);
}

static const int64_t limit = INT64_C(64) << 20;

static void a_swinging_live_set_is_served_from_what_is_held(void **state)
{
    (void)state;
    setting s;
    model m;
    open_setting(&s, limit);
    open_model(&m, s.workspace, test_seed(64), 1);
    for (int i = 0; i < 4; i++) {
        swing(&m);
        assert_accounts(&m);
    }
    int64_t takes = m.takes, calls = atomic_load(&s.below.calls);
    qn_workspace_stats before = stats_of(s.workspace);
    for (int64_t i = test_effort(1, 196) + 4; i > 0; i--) {
        swing(&m);
        assert_accounts(&m);
    }
    takes = m.takes - takes;
    calls = atomic_load(&s.below.calls) - calls;
    qn_workspace_stats after = stats_of(s.workspace);
    int64_t misses = (after.takes - before.takes) - (after.hits - before.hits);
    printf("after 4 swings: %" PRId64 " takes, %" PRId64 " calls of the allocator, %" PRId64 " misses\n", takes, calls,
           misses);
    assert_int_equal(after.takes - before.takes, takes);
    assert_true(misses <= calls); /* a miss is a slab: one call or more */
    assert_true(calls * 1000 <= takes);
    close_model(&m);
    assert_int_equal(stats_of(s.workspace).live, 0);
    close_setting(&s, limit);
}

/* So little room that shapes have to give way to one another: it still works, and stays within. */
static void a_tight_budget_is_kept_whatever_is_asked(void **state)
{
    (void)state;
    setting s;
    model m;
    uint64_t random = test_seed(65);
    const int64_t tight = INT64_C(3) << 20;
    open_setting(&s, tight);
    open_model(&m, s.workspace, random, 20);
    int64_t refused = 0;
    for (int64_t i = 0; i < test_effort(5000, 1000000); i++) {
        int f = (int)test_random_below(&m.random, FAMILIES);
        if (m.live[f] > 0 && (test_random_below(&m.random, 5) < 2 || m.live[f] == families[f].count)) {
            give(&m, f);
            continue;
        }
        void *probe; /* of a shape that changes all the time */
        const int64_t shape[] = {1 + test_random_below(&m.random, 150000)};
        qn_status status = qn_workspace_take(&probe, s.workspace, QN_DTYPE_F64, 1, shape, NULL);
        assert_true(status == QN_OK || status == QN_BUDGET);
        if (status == QN_OK) {
            m.takes++;
            qn_workspace_give(s.workspace, probe, QN_DTYPE_F64, 1, shape);
            if (m.asked < tight / 2)
                take(&m, f);
        } else {
            refused++;
            while (m.live[0] > 5)
                give(&m, 0);
        }
    }
    assert_accounts(&m);
    printf("%" PRId64 " takes, %" PRId64 " refused, %" PRId64 " MB given back\n", m.takes, refused,
           stats_of(s.workspace).trimmed_bytes >> 20);
    assert_true(stats_of(s.workspace).trimmed_bytes > tight);
    close_model(&m);
    close_setting(&s, tight);
}

static void *swing_along(void *user)
{
    for (int64_t i = 0; i < test_effort(3, 100); i++)
        swing(user);
    return NULL;
}

static void *trim_along(void *user)
{
    setting *s = user;
    for (int64_t i = 0; i < test_effort(100, 10000); i++) {
        (void)qn_workspace_trim(s->workspace, limit / 2);
        qn_workspace_stats stats = stats_of(s->workspace);
        assert_true(stats.takes >= stats.hits);
        (void)sched_yield();
    }
    return NULL;
}

static void threads_share_a_workspace_that_is_trimmed_meanwhile(void **state)
{
    (void)state;
    enum {
        THREADS = 4
    };
    setting s;
    static model models[THREADS];
    pthread_t threads[THREADS], trimmer;
    open_setting(&s, limit);
    uint64_t random = test_seed(66);
    for (int i = 0; i < THREADS; i++) {
        open_model(&models[i], s.workspace, test_random(&random), THREADS);
        assert_int_equal(pthread_create(&threads[i], NULL, swing_along, &models[i]), 0);
    }
    assert_int_equal(pthread_create(&trimmer, NULL, trim_along, &s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(pthread_join(trimmer, NULL), 0);
    int64_t asked = 0, takes = 0;
    for (int i = 0; i < THREADS; i++) {
        asked += models[i].asked;
        takes += models[i].takes;
    }
    qn_workspace_stats stats = stats_of(s.workspace);
    assert_int_equal(stats.asked_bytes, asked);
    assert_int_equal(stats.takes, takes);
    for (int i = 0; i < THREADS; i++)
        close_model(&models[i]);
    stats = stats_of(s.workspace);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.asked_bytes, 0);
    (void)qn_workspace_trim(s.workspace, 0);
    assert_int_equal(stats_of(s.workspace).idle_bytes, 0);
    close_setting(&s, limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_swinging_live_set_is_served_from_what_is_held),
        cmocka_unit_test(a_tight_budget_is_kept_whatever_is_asked),
        cmocka_unit_test(threads_share_a_workspace_that_is_trimmed_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
