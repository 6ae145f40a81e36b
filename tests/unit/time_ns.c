/* Timestamps to the nanosecond: known ones (computed by Python's datetime), the ends of what fits, and that
 * microseconds are what they were: the same, cut off. */
#include "harness/harness.h"

#include "base/time.h"

#include <stdio.h>
#include <string.h>

static void known_times_are_read_to_the_nanosecond(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } times[] = {
        {"1970-01-01", 0},
        {"2024-02-29T14:30:15.123456789Z", INT64_C(1709217015123456789)},
        {"2024-02-29 14:30:15.1234567899", INT64_C(1709217015123456789)}, /* the tenth digit is cut off */
        {"2024-02-29t14:30:15.1+0530", INT64_C(1709197215100000000)},
        {"1969-12-31T23:59:59.999999999", -1},
        {"1969-12-31T00:00:00.000000001", INT64_C(-86399999999999)},
        {"1677-09-21T00:12:43.145224193Z", -INT64_MAX},
        {"1677-09-21T00:12:43.145224192Z", INT64_MIN},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t ns = 0, us = 0, size = (int64_t)strlen(times[i].text);
        assert_true(qni_timestamp_parse_ns(&ns, times[i].text, size));
        assert_int_equal(ns, times[i].ns);
        assert_true(qni_timestamp_parse(&us, times[i].text, size));
        int64_t down = ns / 1000 - (ns % 1000 < 0);
        assert_int_equal(us, down);
    }
}

static void what_does_not_fit_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"1677-09-21T00:12:43.145224191",
                                        "2262-04-11T23:47:16.854775808",
                                        "1677-09-20",
                                        "0001-01-01",
                                        "9999-12-31",
                                        "2023-02-29",
                                        "2024-02-29T",
                                        "2024-02-29T14",
                                        ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns = 7;
        assert_false(qni_timestamp_parse_ns(&ns, texts[i], (int64_t)strlen(texts[i])));
    }
}

static void times_of_day_are_read_alone(void **state)
{
    (void)state;
    int64_t ns;
    assert_true(qni_time_of_day_parse_ns(&ns, "23:59:59.999999999", 18));
    assert_int_equal(ns, INT64_C(86399999999999));
    assert_true(qni_time_of_day_parse_ns(&ns, "09:30", 5));
    assert_int_equal(ns, INT64_C(34200000000000));
    static const char *const wrong[] = {"24:00", "9:30", "09:30:", "09:30:00.", "09:30Z", "09-30", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(qni_time_of_day_parse_ns(&ns, wrong[i], (int64_t)strlen(wrong[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_times_are_read_to_the_nanosecond),
        cmocka_unit_test(what_does_not_fit_is_none),
        cmocka_unit_test(times_of_day_are_read_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
