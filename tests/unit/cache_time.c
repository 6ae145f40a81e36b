/* Deadlines of cache entries: on the boot clock during one start of the machine, on the wall clock after another. */
#include "harness/harness.h"

#include "store/cache_int.h"

static const int64_t second = 1000000000, ten_years = INT64_C(10) * 365 * 86400 * 1000000000;

typedef struct hands {
    int64_t boot_ns, wall_ns;
} hands;

static int64_t boot(void *user)
{
    return ((const hands *)user)->boot_ns;
}

static int64_t wall(void *user)
{
    return ((const hands *)user)->wall_ns;
}

static qni_cache_time time_of(hands *at, const char *boot_id)
{
    const qn_cache_clock clock = {.boot_ns = boot, .wall_ns = wall, .boot_id = boot_id, .user = at};
    qni_cache_time time;
    qni_cache_time_init(&time, &clock);
    return time;
}

static const char first[] = "0d8c1d3a-6f6c-4a3e-9c4e-7d4f8b2a1c00",
                  second_boot[] = "5e0e7a2b-91d4-4c55-8a53-0b7f6d9e3f11";

static void during_one_start_jumps_of_the_wall_clock_change_nothing(void **state)
{
    (void)state;
    hands at = {.boot_ns = 100 * second, .wall_ns = INT64_C(1700000000) * second};
    qni_cache_time time = time_of(&at, first);
    qni_deadline d = qni_deadline_after(&time, 60 * second);
    assert_int_equal(qni_deadline_left(&time, &d), 60 * second);
    at.wall_ns += ten_years;
    at.boot_ns += 10 * second;
    assert_int_equal(qni_deadline_left(&time, &d), 50 * second);
    at.wall_ns -= 2 * ten_years;
    assert_int_equal(qni_deadline_left(&time, &d), 50 * second);
    at.boot_ns += 50 * second;
    assert_true(qni_deadline_left(&time, &d) <= 0);
}

static void after_another_start_the_wall_clock_decides(void **state)
{
    (void)state;
    hands before = {.boot_ns = 90000 * second, .wall_ns = INT64_C(1700000000) * second};
    hands after = {.boot_ns = 5 * second, .wall_ns = before.wall_ns + 40 * second};
    qni_cache_time old = time_of(&before, first), now = time_of(&after, second_boot);
    qni_deadline d = qni_deadline_after(&old, 60 * second);
    assert_int_equal(qni_deadline_left(&now, &d), 20 * second);
    after.wall_ns += 20 * second;
    assert_true(qni_deadline_left(&now, &d) <= 0);
}

static void after_another_start_no_more_is_left_than_it_was_put_with(void **state)
{
    (void)state;
    hands before = {.boot_ns = 90000 * second, .wall_ns = INT64_C(1700000000) * second};
    hands after = {.boot_ns = 5 * second, .wall_ns = before.wall_ns - ten_years};
    qni_cache_time old = time_of(&before, first), now = time_of(&after, second_boot);
    qni_deadline d = qni_deadline_after(&old, 60 * second);
    assert_int_equal(qni_deadline_left(&now, &d), 60 * second);
    after.wall_ns += 2 * ten_years;
    assert_true(qni_deadline_left(&now, &d) <= 0);
}

static void what_moves_up_after_a_start_does_not_begin_anew(void **state)
{
    (void)state;
    hands before = {.boot_ns = 90000 * second, .wall_ns = INT64_C(1700000000) * second};
    hands after = {.boot_ns = 5 * second, .wall_ns = before.wall_ns + 40 * second};
    qni_cache_time old = time_of(&before, first), now = time_of(&after, second_boot);
    qni_deadline d = qni_deadline_after(&old, 60 * second);
    qni_deadline here = qni_deadline_here(&now, &d);
    assert_int_equal(here.ttl_ns, d.ttl_ns);
    assert_int_equal(here.wall_ns, d.wall_ns);
    after.boot_ns += 15 * second;
    after.wall_ns += ten_years; /* from here on the boot clock holds */
    assert_int_equal(qni_deadline_left(&now, &here), 5 * second);
    qni_deadline again = qni_deadline_here(&now, &here);
    assert_int_equal(qni_deadline_left(&now, &again), 5 * second);
    after.boot_ns += 5 * second;
    assert_true(qni_deadline_left(&now, &again) <= 0);
}

static void what_has_ended_stays_so(void **state)
{
    (void)state;
    hands before = {.boot_ns = 0, .wall_ns = INT64_C(1700000000) * second};
    hands after = {.boot_ns = 5 * second, .wall_ns = before.wall_ns + 400 * second};
    qni_cache_time old = time_of(&before, first), now = time_of(&after, second_boot);
    qni_deadline d = qni_deadline_after(&old, 60 * second);
    qni_deadline here = qni_deadline_here(&now, &d);
    assert_true(qni_deadline_left(&now, &here) <= 0);
}

static void what_has_no_time_to_live_never_ends(void **state)
{
    (void)state;
    hands at = {.boot_ns = second, .wall_ns = second};
    qni_cache_time time = time_of(&at, first);
    qni_deadline d = qni_deadline_after(&time, 0), here = qni_deadline_here(&time, &d);
    at = (hands){.boot_ns = INT64_MAX, .wall_ns = INT64_MAX};
    assert_int_equal(qni_deadline_left(&time, &d), INT64_MAX);
    assert_int_equal(qni_deadline_left(&time, &here), INT64_MAX);
}

static void no_number_overflows(void **state)
{
    (void)state;
    hands at = {.boot_ns = INT64_MAX - 5, .wall_ns = INT64_MAX - 5};
    qni_cache_time time = time_of(&at, first);
    qni_deadline d = qni_deadline_after(&time, 60);
    assert_int_equal(qni_deadline_left(&time, &d), 5);
    const qni_deadline strange = {.ttl_ns = 60, .boot_ns = INT64_MIN, .wall_ns = INT64_MIN};
    assert_int_equal(qni_deadline_left(&time, &strange), 0);
    at.wall_ns = INT64_MIN;
    const qni_deadline far = {.ttl_ns = 60, .wall_ns = INT64_MAX};
    assert_int_equal(qni_deadline_left(&time, &far), 60);
    const qni_deadline wrong = {.ttl_ns = -1, .wall_ns = INT64_MAX};
    assert_true(qni_deadline_left(&time, &wrong) <= 0);
}

static void a_start_that_has_no_id_is_another_one_each_time(void **state)
{
    (void)state;
    hands at = {.boot_ns = second, .wall_ns = 100 * second};
    qni_cache_time time = time_of(&at, NULL);
    qni_deadline d = qni_deadline_after(&time, 60 * second);
    at.boot_ns += 1000 * second;
    at.wall_ns += 20 * second;
    assert_int_equal(qni_deadline_left(&time, &d), 40 * second);
}

static void the_machine_has_clocks_and_an_id_of_its_own(void **state)
{
    (void)state;
    qni_cache_time a, b;
    qni_cache_time_init(&a, NULL);
    qni_cache_time_init(&b, NULL);
    assert_memory_equal(a.boot_id, b.boot_id, sizeof a.boot_id);
    qni_deadline d = qni_deadline_after(&a, 3600 * second);
    int64_t left = qni_deadline_left(&b, &d);
    assert_true(left > 0 && left <= 3600 * second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(during_one_start_jumps_of_the_wall_clock_change_nothing),
        cmocka_unit_test(after_another_start_the_wall_clock_decides),
        cmocka_unit_test(after_another_start_no_more_is_left_than_it_was_put_with),
        cmocka_unit_test(what_moves_up_after_a_start_does_not_begin_anew),
        cmocka_unit_test(what_has_ended_stays_so),
        cmocka_unit_test(what_has_no_time_to_live_never_ends),
        cmocka_unit_test(no_number_overflows),
        cmocka_unit_test(a_start_that_has_no_id_is_another_one_each_time),
        cmocka_unit_test(the_machine_has_clocks_and_an_id_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
