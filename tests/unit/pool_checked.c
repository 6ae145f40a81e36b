/* Checked pools: each misuse is caught, named and refused; leaks are reported by place. */
#define QN_POOL_PLACES
#include "harness/harness.h"

#include <quern/log.h>

#include "mem/pool_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static char said[4096]; /* what was logged since the last look */

static void hear(void *user, qn_log_level level, const char *line, int64_t size)
{
    (void)user, (void)level, (void)size;
    strncat(said, line, sizeof said - strlen(said) - 1);
}

static const qn_log_sink sink = {.write = hear};

typedef struct fixture {
    test_allocator memory;
    qn_pool *pool, *other;
} fixture;

static qn_pool *new_pool(const char *name, int64_t object_size, const qn_allocator *allocator)
{
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.name = name;
    options.object_size = object_size;
    options.checks = QN_POOL_CHECKS_ON;
    qn_pool *pool;
    qn_error err;
    assert_ok(qn_pool_new(&pool, &options, allocator, &err), &err);
    return pool;
}

static int set_up(void **state)
{
    static fixture f;
    said[0] = '\0';
    qn_log_set(QN_LOG_WARN, &sink);
    test_allocator_init(&f.memory);
    f.pool = new_pool("ours", 100, &f.memory.allocator);
    f.other = new_pool("theirs", 200, &f.memory.allocator);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    qn_pool_free(f->pool);
    qn_pool_free(f->other);
    assert_int_equal(f->memory.live_bytes, 0);
    qn_log_set(QN_LOG_WARN, NULL);
    return 0;
}

static qn_pool_stats stats_of(qn_pool *pool)
{
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(pool, &stats);
    return stats;
}

/* Exactly `misuses` were caught, and the last log lines contain the pieces. */
static void caught(qn_pool *pool, int64_t misuses, const char *piece, const char *other_piece)
{
    assert_int_equal(stats_of(pool).misuses, misuses);
    assert_contains(said, piece);
    assert_contains(said, other_piece);
    said[0] = '\0';
}

static void *take_here(qn_pool *pool)
{
    void *object;
    qn_error err;
    assert_ok(qn_pool_take(&object, pool, &err), &err);
    return object;
}

static void good_use_says_nothing(void **state)
{
    fixture *f = *state;
    void *objects[200];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 200; i++) {
            objects[i] = take_here(f->pool);
            memset(objects[i], i, 100);
        }
        for (int i = 0; i < 200; i++)
            qn_pool_give(f->pool, objects[i]);
        (void)qn_pool_trim(f->pool, 1000);
    }
    assert_string_equal(said, "");
    qn_pool_stats stats = stats_of(f->pool);
    assert_int_equal(stats.misuses, 0);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.taken, 600);
}

static void an_object_given_twice_is_refused(void **state)
{
    fixture *f = *state;
    void *object = take_here(f->pool), *kept = take_here(f->pool);
    qn_pool_give(f->pool, object);
    qn_pool_give(f->pool, object);
    caught(f->pool, 1, "second time", "\"ours\"");
    void *a = take_here(f->pool), *b = take_here(f->pool);
    assert_ptr_not_equal(a, b); /* it was not handed out twice */
    qn_pool_give(f->pool, a);
    qn_pool_give(f->pool, b);
    qn_pool_give(f->pool, kept);
}

static void an_object_given_to_the_wrong_pool_is_refused_and_its_own_named(void **state)
{
    fixture *f = *state;
    void *object = take_here(f->pool);
    qn_pool_give(f->other, object);
    caught(f->other, 1, "\"theirs\"", "\"ours\"");
    assert_int_equal(stats_of(f->pool).misuses, 0);
    assert_int_equal(stats_of(f->pool).live, 1);
    assert_int_equal(stats_of(f->other).objects, stats_of(f->other).idle);
    qn_pool_give(f->pool, object); /* it can still go home */
    assert_int_equal(stats_of(f->pool).live, 0);
    assert_string_equal(said, "");
}

static void a_foreign_pointer_is_refused(void **state)
{
    fixture *f = *state;
    char mine[64];
    qn_pool_give(f->pool, mine);
    caught(f->pool, 1, "no checked pool's", "\"ours\"");
    qn_pool_give(f->pool, (void *)(uintptr_t)64);
    caught(f->pool, 2, "no checked pool's", "0x40");
}

static void a_pointer_into_an_object_is_refused(void **state)
{
    fixture *f = *state;
    char *object = take_here(f->pool);
    qn_pool_give(f->pool, object + 24);
    caught(f->pool, 1, "24 bytes inside", "\"ours\"");
    qn_pool_give(f->pool, object);
    assert_int_equal(stats_of(f->pool).misuses, 1);
}

static void an_object_that_was_never_taken_is_refused(void **state)
{
    fixture *f = *state;
    char *object = take_here(f->pool);
    qn_pool_give(f->pool, object + 128); /* the next one */
    caught(f->pool, 1, "never taken", "\"ours\"");
    qn_pool_give(f->pool, object);
}

static void an_object_of_a_trimmed_slab_is_refused(void **state)
{
    fixture *f = *state;
    char *object = take_here(f->pool);
    qn_pool_give(f->pool, object);
    assert_true(qn_pool_trim(f->pool, 0) > 0);
    qn_pool_give(f->pool, object);
    caught(f->pool, 1, "no checked pool's", "\"ours\"");
}

#ifndef QNI_POOL_ASAN /* which stops the program at the write itself */
static void writing_after_giving_back_is_seen_at_the_next_take(void **state)
{
    fixture *f = *state;
    char *object = take_here(f->pool);
    qn_pool_give(f->pool, object);
    object[71] = 1;
    assert_ptr_equal(take_here(f->pool), object);
    caught(f->pool, 1, "written to at byte 71", "pool_checked.c:");
    qn_pool_give(f->pool, object);
    assert_ptr_equal(take_here(f->pool), object);
    assert_string_equal(said, ""); /* once */
    qn_pool_give(f->pool, object);
}

static void writing_after_giving_back_is_seen_at_the_end(void **state)
{
    fixture *f = *state;
    qn_pool *pool = new_pool("short", 32, &f->memory.allocator);
    char *object = take_here(pool);
    qn_pool_give(pool, object);
    object[0] = 1;
    qn_pool_free(pool);
    assert_contains(said, "\"short\"");
    assert_contains(said, "written to at byte 0");
}

static void clear_first(void *user, void *object)
{
    (void)user;
    *(char *)object = 0;
}

static void writing_after_giving_back_is_seen_in_a_pool_that_resets(void **state)
{
    fixture *f = *state;
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.object_size = 100;
    options.checks = QN_POOL_CHECKS_ON;
    options.reset = clear_first;
    options.name = "resetting";
    qn_pool *pool;
    assert_int_equal(qn_pool_new(&pool, &options, &f->memory.allocator, NULL), QN_OK);
    char *object = take_here(pool);
    memset(object, 7, 100);
    qn_pool_give(pool, object);
    object = take_here(pool);
    assert_int_equal(object[0], 0);
    assert_int_equal(object[99], 7); /* the rest stays */
    assert_string_equal(said, "");
    qn_pool_give(pool, object);
    object[50] = 1;
    assert_ptr_equal(take_here(pool), object);
    caught(pool, 1, "\"resetting\"", "written to");
    qn_pool_give(pool, object);
    qn_pool_free(pool);
}

static void a_fresh_and_an_idle_object_look_like_nothing_of_use(void **state)
{
    fixture *f = *state;
    unsigned char *object = take_here(f->pool);
    for (int i = 0; i < 100; i++)
        assert_int_equal(object[i], 0xDB);
    memset(object, 0, 100);
    qn_pool_give(f->pool, object);
    for (int i = 0; i < 100; i++)
        assert_int_equal(object[i], 0xDB);
}
#endif

typedef struct leaks {
    int64_t count;
    qn_pool_leak seen[8];
} leaks;

static void note_leak(void *user, const qn_pool_leak *leak)
{
    leaks *l = user;
    assert_int_equal(leak->size, sizeof *leak);
    assert_true(l->count < 8);
    l->seen[l->count++] = *leak;
}

static void leaks_are_reported_by_the_line_that_took_them(void **state)
{
    fixture *f = *state;
    void *first[3], *second[2], *back;
    leaks l = {0};
    assert_int_equal(qn_pool_report_leaks(f->pool, note_leak, &l), 0);
    assert_int_equal(l.count, 0);
    int line = __LINE__ + 2;
    for (int i = 0; i < 3; i++)
        assert_int_equal(qn_pool_take(&first[i], f->pool, NULL), QN_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(qn_pool_take(&second[i], f->pool, NULL), QN_OK);
    back = take_here(f->pool);
    qn_pool_give(f->pool, back);
    assert_int_equal(qn_pool_report_leaks(f->pool, note_leak, &l), 5);
    assert_int_equal(qn_pool_report_leaks(f->pool, NULL, NULL), 5);
    assert_int_equal(l.count, 2);
    assert_contains(l.seen[0].file, "pool_checked.c");
    assert_int_equal(l.seen[0].line, line);
    assert_int_equal(l.seen[0].count, 3);
    assert_ptr_equal(l.seen[0].object, first[0] < first[1] ? first[0] : first[1]);
    assert_int_equal(l.seen[1].line, line + 2);
    assert_int_equal(l.seen[1].count, 2);
    for (int i = 0; i < 3; i++)
        qn_pool_give(f->pool, first[i]);
    for (int i = 0; i < 2; i++)
        qn_pool_give(f->pool, second[i]);
}

/* Two calls, each with an address of its own. */
__attribute__((noinline)) static void take_without_line(qn_pool *pool, void **out)
{
    assert_int_equal((qn_pool_take)(out, pool, NULL), QN_OK);
}
__attribute__((noinline)) static void take_without_line_elsewhere(qn_pool *pool, void **out)
{
    assert_int_equal((qn_pool_take)(out, pool, NULL), QN_OK);
    *(volatile char *)*out = 0;
}

static void without_lines_leaks_are_reported_by_address(void **state)
{
    fixture *f = *state;
    void *objects[5];
    leaks l = {0};
    for (int i = 0; i < 3; i++)
        take_without_line(f->pool, &objects[i]);
    for (int i = 3; i < 5; i++)
        take_without_line_elsewhere(f->pool, &objects[i]);
    assert_int_equal(qn_pool_report_leaks(f->pool, note_leak, &l), 5);
    assert_int_equal(l.count, 2);
    assert_int_equal(l.seen[0].count + l.seen[1].count, 5);
    assert_in_range(l.seen[0].count, 2, 3);
    for (int i = 0; i < 2; i++) {
        assert_null(l.seen[i].file);
        assert_non_null(l.seen[i].address);
    }
    for (int i = 0; i < 5; i++)
        qn_pool_give(f->pool, objects[i]);
}

static void freeing_a_pool_with_live_objects_says_where_they_were_taken(void **state)
{
    fixture *f = *state;
    qn_pool *pool = new_pool("leaky", 32, &f->memory.allocator);
    char line[32], *object;
    (void)snprintf(line, sizeof line, "pool_checked.c:%d", __LINE__ + 1);
    assert_int_equal(qn_pool_take((void **)&object, pool, NULL), QN_OK);
    void *other;
    take_without_line(pool, &other);
    qn_pool_free(pool);
    assert_contains(said, "\"leaky\"");
    assert_contains(said, line);
    assert_contains(said, "checked(+0x"); /* the program and the offset in it */
}

static void a_pool_that_is_not_checked_knows_how_many_leaked(void **state)
{
    fixture *f = *state;
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.object_size = 8;
    options.checks = QN_POOL_CHECKS_OFF;
    qn_pool *pool;
    assert_int_equal(qn_pool_new(&pool, &options, &f->memory.allocator, NULL), QN_OK);
    void *object = take_here(pool);
    (void)take_here(pool);
    leaks l = {0};
    assert_int_equal(qn_pool_report_leaks(pool, note_leak, &l), 2);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.seen[0].count, 2);
    assert_null(l.seen[0].file);
    assert_null(l.seen[0].address);
    qn_pool_give(pool, object);
    assert_int_equal(qn_pool_report_leaks(pool, NULL, NULL), 1);
    qn_pool_free(pool);
    assert_string_equal(said, "");
}

static void too_many_gives_to_a_pool_that_is_not_checked_write_past_nothing(void **state)
{
    fixture *f = *state;
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.object_size = 8;
    options.initial = 4;
    options.growth = QN_POOL_FAIL;
    options.magazine = -1;
    options.checks = QN_POOL_CHECKS_OFF;
    qn_pool *pool;
    assert_int_equal(qn_pool_new(&pool, &options, &f->memory.allocator, NULL), QN_OK);
    void *object = take_here(pool);
    for (int i = 0; i < 100; i++)
        qn_pool_give(pool, object);
    assert_int_equal(stats_of(pool).misuses, 99);
    assert_int_equal(stats_of(pool).idle, 4);
    qn_pool_free(pool);
}

static void builds_with_assertions_check_by_default(void **state)
{
    fixture *f = *state;
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.object_size = 8;
    qn_pool *pool;
    assert_int_equal(qn_pool_new(&pool, &options, &f->memory.allocator, NULL), QN_OK);
    void *object = take_here(pool);
    leaks l = {0};
    assert_int_equal(qn_pool_report_leaks(pool, note_leak, &l), 1);
    assert_true((l.seen[0].file != NULL) == pool->checked);
    qn_pool_give(pool, object);
    qn_pool_free(pool);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(good_use_says_nothing),
        TEST(an_object_given_twice_is_refused),
        TEST(an_object_given_to_the_wrong_pool_is_refused_and_its_own_named),
        TEST(a_foreign_pointer_is_refused),
        TEST(a_pointer_into_an_object_is_refused),
        TEST(an_object_that_was_never_taken_is_refused),
        TEST(an_object_of_a_trimmed_slab_is_refused),
#ifndef QNI_POOL_ASAN
        TEST(writing_after_giving_back_is_seen_at_the_next_take),
        TEST(writing_after_giving_back_is_seen_at_the_end),
        TEST(writing_after_giving_back_is_seen_in_a_pool_that_resets),
        TEST(a_fresh_and_an_idle_object_look_like_nothing_of_use),
#endif
        TEST(leaks_are_reported_by_the_line_that_took_them),
        TEST(without_lines_leaks_are_reported_by_address),
        TEST(freeing_a_pool_with_live_objects_says_where_they_were_taken),
        TEST(a_pool_that_is_not_checked_knows_how_many_leaked),
        TEST(too_many_gives_to_a_pool_that_is_not_checked_write_past_nothing),
        TEST(builds_with_assertions_check_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
