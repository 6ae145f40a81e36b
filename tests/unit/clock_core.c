/* The clocks. */
#include "harness/harness.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = qni_clock_monotonic_ns();
    for (int i = 0; i < 100000; i++) {
        int64_t now = qni_clock_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
}

static void the_wall_clock_agrees_with_the_calendar(void **state)
{
    (void)state;
    int64_t low = (int64_t)time(NULL) - 2;
    int64_t now = qni_clock_wall_ns() / 1000000000;
    int64_t high = (int64_t)time(NULL) + 2;
    assert_true(low <= now && now <= high);
}

static int64_t held_hands(void *user)
{
    return (*(int64_t *)user)++;
}

static void a_test_can_hold_the_hands(void **state)
{
    (void)state;
    int64_t hands = 41;
    qni_clock fake = {held_hands, &hands};
    assert_int_equal(qni_clock_now_ns(fake), 41);
    assert_int_equal(qni_clock_now_ns(fake), 42);
    int64_t low = qni_clock_monotonic_ns();
    int64_t real = qni_clock_now_ns(qni_clock_real());
    assert_true(low <= real && real <= qni_clock_monotonic_ns());
}

static void the_version_is_the_one_of_the_header(void **state)
{
    (void)state;
    char expected[64];
    snprintf(expected, sizeof expected, "%d.%d.%d", QN_VERSION_MAJOR, QN_VERSION_MINOR, QN_VERSION_PATCH);
    assert_string_equal(qn_version(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_wall_clock_agrees_with_the_calendar),
        cmocka_unit_test(a_test_can_hold_the_hands),
        cmocka_unit_test(the_version_is_the_one_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
