/* Numbers in the digits that they deserve; compared with printf, which rounds correctly in the C locale. */
#include "harness/harness.h"

#include "cli/digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void is(double value, int place, const char *expected)
{
    char text[QNI_DIGITS_SIZE];
    int n = qni_digits_write(text, value, place);
    assert_string_equal(text, expected);
    assert_int_equal(n, strlen(expected));
}

static void the_last_digit_stands_where_it_is_asked_for(void **state)
{
    (void)state;
    is(238.94212918, -1, "238.9");
    is(238.94212918, 0, "239");
    is(238.94212918, -4, "238.9421");
    is(-238.94212918, -1, "-238.9");
    is(5, -3, "5.000");
    is(0.00055015643, -7, "0.0005502");
    is(9.96, -1, "10.0");
    is(99.96, -1, "100.0");
    is(0.996, -2, "1.00");
}

static void far_sizes_get_an_exponent(void **state)
{
    (void)state;
    is(1.23456e-8, -10, "1.23e-08");
    is(1.23456e12, 9, "1.235e+12");
    is(1234567.0, -1, "1234567.0");
    is(12345678.0, 2, "1.23457e+07");
    is(1234, 2, "1.2e+03"); /* plain digits would claim to know the last two */
}

static void less_than_a_unit_is_nothing_or_one(void **state)
{
    (void)state;
    is(0.04, -1, "0.0");
    is(0.06, -1, "0.1");
    is(-0.06, -1, "-0.1");
    is(-0.001, -1, "0.0");
    is(0, -2, "0.00");
    is(0, -20, "0");
    is(0, 3, "0");
    is(1e-30, 5, "0");
}

static void what_is_no_number_is_said(void **state)
{
    (void)state;
    is(NAN, 0, "nan");
    is(INFINITY, -3, "inf");
    is(-INFINITY, 3, "-inf");
}

/* The rule of the Particle Data Group in its simplest form: the error in two digits, the value to the same place. */
static void the_standard_error_decides_the_digits(void **state)
{
    (void)state;
    assert_int_equal(qni_digits_place(238.94212918, 2.7070075241), -1);
    assert_int_equal(qni_digits_place(5.5015643181e-4, 7.2668688436e-06), -7);
    assert_int_equal(qni_digits_place(0, 0.5), -2);
    assert_int_equal(qni_digits_place(1, 1e-30), -14); /* a double knows no more */
    assert_int_equal(qni_digits_place(123.4, NAN), -3);
    assert_int_equal(qni_digits_place(123.4, 0), -3);
    assert_int_equal(qni_digits_place(1, 0.0996), -2); /* 0.10 */
}

static void random_numbers_agree_with_printf(void **state)
{
    (void)state;
    uint64_t random = test_seed(3);
    for (int i = 0; i < 100000; i++) {
        char text[QNI_DIGITS_SIZE], expected[64];
        double value = (test_random_unit(&random) - 0.5) * pow(10, (double)test_random_below(&random, 7));
        int decimals = (int)test_random_below(&random, 8);
        if (fabs(value) < 1e-3)
            continue;
        snprintf(expected, sizeof expected, "%.*f", decimals, value);
        if (strtod(expected, NULL) == 0)
            continue;
        (void)qni_digits_write(text, value, -decimals);
        assert_string_equal(text, expected);
        int count = 1 + (int)test_random_below(&random, 15);
        value *= 1e20;
        snprintf(expected, sizeof expected, "%.*e", count - 1, value);
        (void)qni_digits_write_count(text, value, count);
        assert_string_equal(text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_digit_stands_where_it_is_asked_for),
        cmocka_unit_test(far_sizes_get_an_exponent),
        cmocka_unit_test(less_than_a_unit_is_nothing_or_one),
        cmocka_unit_test(what_is_no_number_is_said),
        cmocka_unit_test(the_standard_error_decides_the_digits),
        cmocka_unit_test(random_numbers_agree_with_printf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
