/* Option structs of another version: a caller that knows fewer fields, or more. */
#include "harness/harness.h"

#include "base/options.h"

#include <string.h>

typedef struct thing_options {
    int64_t size;
    double first;
    double second;
} thing_options;

static void a_caller_that_knows_fewer_fields_gets_defaults_for_the_rest(void **state)
{
    (void)state;
    thing_options out = {.size = sizeof out, .first = 1, .second = 2};
    struct {
        int64_t size;
        double first;
    } older = {.size = sizeof older, .first = 10};
    qn_error err;
    assert_ok(qni_options_copy(&out, sizeof out, &older, "thing_options", &err), &err);
    assert_true(out.first == 10 && out.second == 0);
    assert_int_equal(out.size, sizeof out);
    assert_ok(qni_options_copy(&out, sizeof out, NULL, "thing_options", &err), &err);
    assert_true(out.first == 0 && out.second == 0);
    assert_int_equal(out.size, sizeof out);
}

static void a_caller_that_knows_fewer_fields_has_no_more_written(void **state)
{
    (void)state;
    thing_options given = {.first = 1, .second = 2};
    qni_options_init(&given, 2 * sizeof(int64_t));
    assert_int_equal(given.size, 2 * sizeof(int64_t));
    assert_true(given.first == 0 && given.second == 2);
}

static void a_newer_caller_is_served_unless_it_uses_what_is_not_known(void **state)
{
    (void)state;
    thing_options out = {.size = sizeof out};
    struct {
        thing_options known;
        double third;
    } newer = {.known = {.size = sizeof newer, .first = 10, .second = 20}};
    qn_error err;
    assert_ok(qni_options_copy(&out, sizeof out, &newer, "thing_options", &err), &err);
    assert_true(out.first == 10 && out.second == 20);
    assert_int_equal(out.size, sizeof out);
    newer.third = 30;
    assert_int_equal(qni_options_copy(&out, sizeof out, &newer, "thing_options", &err), QN_INVALID);
    assert_contains(err.message, "thing_options has fields that this version");
}

static void a_size_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, -1, 7, INT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        thing_options out = {.size = sizeof out, .first = 1}, given = {.size = sizes[i], .first = 2};
        qn_error err;
        assert_int_equal(qni_options_copy(&out, sizeof out, &given, "thing_options", &err), QN_INVALID);
        assert_contains(err.message, "fill it by thing_options_init()");
        assert_true(out.first == 0);
    }
}

typedef struct thing_stats {
    int64_t size;
    int64_t first, second;
} thing_stats;

static void statistics_fill_what_the_caller_knows_and_clear_the_rest(void **state)
{
    (void)state;
    const thing_stats found = {.first = 1, .second = 2};
    thing_stats same = {.size = sizeof same, .first = 9, .second = 9};
    qni_stats_copy(&same, &found, sizeof found);
    assert_true(same.size == sizeof same && same.first == 1 && same.second == 2);
    thing_stats older = {.size = 2 * sizeof(int64_t), .first = 9, .second = 9};
    qni_stats_copy(&older, &found, sizeof found);
    assert_true(older.size == 2 * sizeof(int64_t) && older.first == 1 && older.second == 9);
    struct {
        thing_stats known;
        int64_t third;
    } newer = {.known = {.size = sizeof newer}, .third = 9};
    qni_stats_copy(&newer, &found, sizeof found);
    assert_true(newer.known.size == sizeof newer && newer.known.second == 2 && newer.third == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_that_knows_fewer_fields_gets_defaults_for_the_rest),
        cmocka_unit_test(a_caller_that_knows_fewer_fields_has_no_more_written),
        cmocka_unit_test(a_newer_caller_is_served_unless_it_uses_what_is_not_known),
        cmocka_unit_test(a_size_that_cannot_be_is_refused),
        cmocka_unit_test(statistics_fill_what_the_caller_knows_and_clear_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
