/* Numbers to text: the style, and the digits that papers and other implementations give. */
#include "harness/harness.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void check(double value, const char *expected)
{
    char text[QNI_NUMBER_SIZE];
    int length = qni_number_format(text, value);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void the_style_is_that_of_python_without_point_zero(void **state)
{
    (void)state;
    check(0, "0");
    check(-0.0, "-0");
    check(5, "5");
    check(-1, "-1");
    check(100, "100");
    check(0.1, "0.1");
    check(-0.25, "-0.25");
    check(123.456, "123.456");
    check(0.0001, "0.0001");
    check(0.00012345, "0.00012345");
    check(0.00001, "1e-05");
    check(0.000012345, "1.2345e-05");
    check(1e15, "1000000000000000");
    check(1234567890123456, "1234567890123456");
    check(9999999999999998, "9999999999999998");
    check(1e16, "1e+16");
    check(12345678901234567.0, "1.2345678901234568e+16");
    check(1e100, "1e+100");
    check(1e-100, "1e-100");
    check((double)INFINITY, "inf");
    check(-(double)INFINITY, "-inf");
    check((double)NAN, "nan");
    check(-(double)NAN, "nan");
}

/* The values that papers on printing (Steele and White; Loitsch; Adams; Giulietti) use because earlier algorithms
 * failed on them. */
static void the_shortest_and_closest_digits_are_chosen(void **state)
{
    (void)state;
    check(0x1p-1074, "5e-324");
    check(0x1p-1073, "1e-323");
    check(0x1.8p-1073, "1.5e-323");
    check(0x0.fffffffffffffp-1022, "2.225073858507201e-308");
    check(0x1p-1022, "2.2250738585072014e-308");
    check(0x1.fffffffffffffp1023, "1.7976931348623157e+308");
    check(0.3, "0.3");
    check(0.1 + 0.2, "0.30000000000000004");
    check(2.0 / 3, "0.6666666666666666");
    check(9007199254740991, "9007199254740991");
    check(9007199254740992, "9007199254740992");
    check(1e21, "1e+21");
    check(1e22, "1e+22");
    check(1e23, "1e+23");                    /* 9.999999999999999e22 is farther away */
    check(0x1p-44, "5.684341886080802e-14"); /* the interval is narrower below a power of two */
    check(9.5367431640625e-07, "9.5367431640625e-07");
    check(2.0e-3, "0.002");
    check(8.41e21, "8.41e+21");
    check(9.409340012568248e18, "9.409340012568248e+18");
    check(2.2250738585072011e-308, "2.225073858507201e-308");
    check(4.708356024711512e18, "4.708356024711512e+18");
    check(2.98023223876953125e-8, "2.9802322387695312e-08"); /* 2^-25: a tie of two closest, to even */
    check(0x1.0p971, "1.99584030953472e+292");
    check(-2.109808898695963e16, "-2.109808898695963e+16");
    check(4.940656e-318, "4.940656e-318");
    check(1.18575755e-316, "1.18575755e-316");
    check(2.989102097996e-312, "2.989102097996e-312");
    check(9.0608011534336e15, "9060801153433600");
    check(1.2345678901234567e-300, "1.2345678901234568e-300");
}

static void check_digits(double value, int digits, const char *expected)
{
    char text[QNI_NUMBER_SIZE];
    int length = qni_number_format_digits(text, value, digits);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
    if (!isnan(value)) {
        char printed[64];
        snprintf(printed, sizeof printed, "%.*g", digits, value);
        assert_string_equal(text, printed);
    }
}

static void a_count_of_digits_is_rounded_like_printf(void **state)
{
    (void)state;
    check_digits(0, 6, "0");
    check_digits(-0.0, 1, "-0");
    check_digits((double)INFINITY, 3, "inf");
    check_digits(-(double)INFINITY, 3, "-inf");
    check_digits((double)NAN, 3, "nan");
    check_digits(1, 6, "1");
    check_digits(0.1, 17, "0.10000000000000001");
    check_digits(123456, 6, "123456");
    check_digits(1234567, 6, "1.23457e+06");
    check_digits(999999.5, 6, "1e+06"); /* a tie, to even, that carries through */
    check_digits(9.5, 1, "1e+01");
    check_digits(99.99, 3, "100");
    check_digits(0.5, 1, "0.5");
    check_digits(2.5, 1, "2"); /* ties to even */
    check_digits(3.5, 1, "4");
    check_digits(25, 1, "2e+01");
    check_digits(1250000, 2, "1.2e+06");
    check_digits(0.125, 2, "0.12");
    check_digits(0.375, 2, "0.38");
    check_digits(2.675, 3, "2.67"); /* the double is below 2.675 */
    check_digits(1e23, 17, "9.9999999999999992e+22");
    check_digits(0x1p-1074, 17, "4.9406564584124654e-324");
    check_digits(0x1p-1074, 1, "5e-324");
    check_digits(0x1.fffffffffffffp1023, 17, "1.7976931348623157e+308");
    check_digits(0x1.fffffffffffffp1023, 1, "2e+308");
    check_digits(0.00012345, 3, "0.000123");
    check_digits(0.000099999, 2, "0.0001");
    check_digits(-0.000012, 2, "-1.2e-05");
}

static void nothing_is_longer_than_promised(void **state)
{
    (void)state;
    char text[QNI_NUMBER_SIZE];
    assert_int_equal(qni_number_format(text, -0x1p-1022), 24);
    assert_int_equal(qni_number_format_digits(text, -0x1p-1022, 17), 24);
    assert_true(qni_number_format_digits(text, -0.00012345678901234567, 17) <= 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_style_is_that_of_python_without_point_zero),
        cmocka_unit_test(the_shortest_and_closest_digits_are_chosen),
        cmocka_unit_test(a_count_of_digits_is_rounded_like_printf),
        cmocka_unit_test(nothing_is_longer_than_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
