/* Counting who holds what: live and peak bytes, from any thread. */
#include "harness/harness.h"

#include "base/alloc.h"
#include "cli/memory.h"

#include <quern/threads.h>

static int64_t live(const qni_memory *memory, qni_holder holder)
{
    return atomic_load(&memory->accounts[holder].gauge.live);
}

static int64_t peak(const qni_memory *memory, qni_holder holder)
{
    return atomic_load(&memory->accounts[holder].gauge.peak);
}

static void each_holder_has_its_own_account(void **state)
{
    (void)state;
    qni_memory memory;
    test_allocator source;
    test_allocator_init(&source);
    qni_memory_init(&memory, &source.allocator);
    const qn_allocator *table = qni_memory_allocator(&memory, QNI_HOLDER_TABLE);
    const qn_allocator *fit = qni_memory_allocator(&memory, QNI_HOLDER_FIT);
    char *a = qni_alloc(table, 1000, 1);
    char *b = qni_alloc(fit, 300, 1);
    assert_int_equal(live(&memory, QNI_HOLDER_TABLE), 1000);
    assert_int_equal(live(&memory, QNI_HOLDER_FIT), 300);
    assert_int_equal(source.live_bytes, 1300);
    qni_free(table, a, 1000, 1);
    assert_int_equal(live(&memory, QNI_HOLDER_TABLE), 0);
    assert_int_equal(peak(&memory, QNI_HOLDER_TABLE), 1000);
    a = qni_alloc(table, 200, 1);
    assert_int_equal(peak(&memory, QNI_HOLDER_TABLE), 1000);
    assert_int_equal(atomic_load(&memory.total.live), 500);
    assert_int_equal(atomic_load(&memory.total.peak), 1300);
    qni_free(table, a, 200, 1);
    qni_free(fit, b, 300, 1);
    assert_int_equal(atomic_load(&memory.total.live), 0);
    assert_int_equal(source.live_bytes, 0);
}

static void a_growing_block_counts_once(void **state)
{
    (void)state;
    qni_memory memory;
    qni_memory_init(&memory, NULL);
    const qn_allocator *model = qni_memory_allocator(&memory, QNI_HOLDER_MODEL);
    void *block = NULL;
    int64_t capacity = 0;
    assert_true(qni_grow(model, &block, &capacity, 100, 8));
    assert_true(qni_grow(model, &block, &capacity, 150, 8));
    assert_int_equal(live(&memory, QNI_HOLDER_MODEL), capacity * 8);
    assert_int_equal(peak(&memory, QNI_HOLDER_MODEL), capacity * 8);
    qni_free(model, block, capacity, 8);
    assert_int_equal(live(&memory, QNI_HOLDER_MODEL), 0);
}

static void what_was_refused_is_not_counted(void **state)
{
    (void)state;
    qni_memory memory;
    test_allocator source;
    test_allocator_init(&source);
    qni_memory_init(&memory, &source.allocator);
    source.fail_at = 1;
    assert_null(qni_alloc(qni_memory_allocator(&memory, QNI_HOLDER_PLOT), 64, 1));
    assert_int_equal(live(&memory, QNI_HOLDER_PLOT), 0);
    assert_int_equal(peak(&memory, QNI_HOLDER_PLOT), 0);
}

enum {
    TASKS = 64,
    ROUNDS = 200
};

static void take_and_give(void *user, int64_t task)
{
    const qn_allocator *allocator = user;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t size = 1 + (task * 31 + i) % 97;
        void *block = qni_alloc(allocator, size, 1);
        qni_free(allocator, block, size, 1);
    }
}

static void threads_may_share_an_account(void **state)
{
    (void)state;
    qni_memory memory;
    qn_error err;
    qn_threads *pool;
    qni_memory_init(&memory, NULL);
    assert_ok(qn_threads_new(&pool, 4, NULL, &err), &err);
    qn_allocator allocator = *qni_memory_allocator(&memory, QNI_HOLDER_FIT);
    qn_threads_run(pool, TASKS, take_and_give, &allocator);
    qn_threads_free(pool);
    assert_int_equal(live(&memory, QNI_HOLDER_FIT), 0);
    assert_int_equal(atomic_load(&memory.total.live), 0);
    assert_in_range(peak(&memory, QNI_HOLDER_FIT), 97, 4 * 97);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_holder_has_its_own_account),
        cmocka_unit_test(a_growing_block_counts_once),
        cmocka_unit_test(what_was_refused_is_not_counted),
        cmocka_unit_test(threads_may_share_an_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
