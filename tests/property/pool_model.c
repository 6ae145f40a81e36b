/* Random takes, gives and trims in one thread, against a model that knows which objects are live: addresses never
 * overlap, contents stay, counts and bytes are exact, the bound holds. Checked pools and others, all magazines. */
#include "harness/harness.h"

#include "mem/pool_int.h"

#include <string.h>

enum {
    MOST_LIVE = 500,
    STEPS = 6000
};

typedef struct model {
    unsigned char *objects[MOST_LIVE];
    unsigned char fills[MOST_LIVE];
    int64_t count, peak;
    int64_t taken, refused, resets;
} model;

static void note_reset(void *user, void *object)
{
    (void)object;
    ((model *)user)->resets++;
}

static void take(model *m, qn_pool *pool, const qn_pool_options *options, uint64_t *random)
{
    void *object;
    qn_error err;
    qn_status status = qn_pool_take(&object, pool, &err);
    if (options->max != 0 && m->count == options->max) {
        assert_int_equal(status, QN_EXHAUSTED);
        assert_null(object);
        m->refused++;
        return;
    }
    assert_ok(status, &err);
    assert_int_equal((uintptr_t)object % 64, 0);
    unsigned char fill = (unsigned char)test_random(random);
    memset(object, fill, (size_t)options->object_size);
    m->objects[m->count] = object;
    m->fills[m->count++] = fill;
    m->taken++;
    if (m->count > m->peak)
        m->peak = m->count;
}

static void give(model *m, qn_pool *pool, const qn_pool_options *options, int64_t index)
{
    unsigned char *object = m->objects[index];
    for (int64_t i = 0; i < options->object_size; i += 1 + options->object_size / 100)
        if (object[i] != m->fills[index])
            fail_msg("byte %d of a live object changed", (int)i);
    m->count--;
    m->objects[index] = m->objects[m->count];
    m->fills[index] = m->fills[m->count];
    qn_pool_give(pool, object);
}

static void check(const model *m, qn_pool *pool, const qn_pool_options *options, const test_allocator *memory)
{
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(pool, &stats);
    assert_int_equal(stats.live, m->count);
    assert_int_equal(stats.idle, stats.objects - m->count);
    assert_int_equal(stats.taken, m->taken);
    assert_int_equal(stats.refused, m->refused);
    assert_int_equal(stats.bytes, memory->live_bytes);
    assert_int_equal(stats.misuses, 0);
    assert_true(stats.peak >= m->peak);
    assert_true(stats.hits <= stats.taken);
    if (options->max != 0)
        assert_true(stats.objects <= options->max);
}

static void run(const qn_pool_options *given, uint64_t *random)
{
    static model m;
    memset(&m, 0, sizeof m);
    qn_pool_options options = *given;
    options.user = &m;
    test_allocator memory;
    test_allocator_init(&memory);
    qn_pool *pool;
    qn_error err;
    assert_ok(qn_pool_new(&pool, &options, &memory.allocator, &err), &err);
    int64_t goal = 0, gives = 0;
    for (int64_t step = 0; step < STEPS; step++) {
        if (test_random_below(random, 200) == 0)
            goal = test_random_below(random, MOST_LIVE - 10);
        int64_t what = test_random_below(random, 300);
        if (what == 0) {
            int64_t keep = test_random_below(random, 30000), live = memory.live_bytes;
            int64_t freed = qn_pool_trim(pool, keep);
            assert_int_equal(freed, live - memory.live_bytes);
        } else if (what < 4) {
            check(&m, pool, &options, &memory);
        } else if (m.count == 0 || (what < 200) == (m.count < goal)) {
            if (m.count < MOST_LIVE)
                take(&m, pool, &options, random);
        } else {
            give(&m, pool, &options, test_random_below(random, m.count));
            gives++;
        }
    }
    check(&m, pool, &options, &memory);
    while (m.count > 0) {
        give(&m, pool, &options, 0);
        gives++;
    }
    if (options.reset != NULL)
        assert_int_equal(m.resets, gives);
    check(&m, pool, &options, &memory);
    qn_pool_free(pool);
    assert_int_equal(memory.live_bytes, 0);
}

static void a_pool_behaves_like_its_model(void **state)
{
    (void)state;
    uint64_t random = test_seed(99);
    static const int64_t sizes[] = {1, 64, 200, 4096, 70000};
    static const int64_t magazines[] = {0, -1, 1, 2, 5, 64};
    for (int64_t round = 0; round < test_effort(1, 50); round++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t m = 0; m < sizeof magazines / sizeof *magazines; m++) {
                qn_pool_options options;
                qn_pool_options_init(&options, sizeof options);
                options.object_size = sizes[s];
                options.magazine = magazines[m];
                options.checks = m % 2 == 0 || sizes[s] > 1000 ? QN_POOL_CHECKS_OFF : QN_POOL_CHECKS_ON;
                options.grow = test_random_below(&random, 20);
                if (test_random_below(&random, 2) == 0)
                    options.reset = note_reset;
                if (test_random_below(&random, 2) == 0) {
                    options.growth = QN_POOL_BOUNDED;
                    options.max = 1 + test_random_below(&random, MOST_LIVE);
                }
                run(&options, &random);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pool_behaves_like_its_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
