/* Decimal text as whole numbers: random digits, points, exponents and roundings against school arithmetic on the text,
 * one digit after the other. */
#include "harness/harness.h"

#include "stream/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a number of `digits` (count, no point) times 10^exponent is in whole numbers, rounded half to even; false: it
 * does not fit. The digits before the point are taken one by one, and those behind it compared with a half. */
static bool rounded(uint64_t *out, const char *digits, int64_t count, int64_t exponent)
{
    const int64_t before = count + exponent; /* digits before the point */
    uint64_t value = 0;
    for (int64_t i = 0; i < before; i++) {
        const uint64_t digit = i < count ? (uint64_t)(digits[i] - '0') : 0;
        if (value > (INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    int half = 0; /* what is behind the point: below (-1), at (0), above (1) a half */
    if (before < 0 || before >= count)
        half = -1;
    else if (digits[before] != '5')
        half = digits[before] < '5' ? -1 : 1;
    else
        for (int64_t i = before + 1; i < count; i++)
            half |= digits[i] != '0';
    value += half > 0 || (half == 0 && value % 2 == 1);
    *out = value;
    return value <= INT64_MAX;
}

static void require(const char *text, int decimals, const char *digits, int64_t count, int64_t exponent)
{
    uint64_t expected;
    int64_t got = 12345;
    bool fits = rounded(&expected, digits, count, exponent + decimals);
    qni_decimal result = qni_decimal_parse(&got, text, (int64_t)strlen(text), decimals);
    if (result != (fits ? QNI_DECIMAL_OK : QNI_DECIMAL_RANGE) || got != (!fits            ? 12345
                                                                         : text[0] == '-' ? -(int64_t)expected
                                                                                          : (int64_t)expected)) {
        printf("\"%s\" with %d decimals: %d, %lld\n", text, decimals, (int)result, (long long)got);
        fail();
    }
}

/* Digits that are often 0, 5 and 9, so that halves and carries are frequent. */
static char some_digit(uint64_t *state)
{
    static const char digits[] = "000055559991234678";
    return digits[test_random_below(state, (int64_t)sizeof digits - 1)];
}

static void random_decimals_agree_with_school_arithmetic(void **state)
{
    (void)state;
    uint64_t seed = test_seed(11);
    int64_t cases = test_effort(200000, 20000000);
    for (int64_t i = 0; i < cases; i++) {
        char digits[64], text[128];
        const int64_t count = 1 + test_random_below(&seed, test_random_below(&seed, 4) == 0 ? 50 : 21);
        const int64_t point = test_random_below(&seed, count + 1); /* digits before it */
        int64_t exponent = 0;
        int at = 0;
        for (int64_t j = 0; j < count; j++)
            digits[j] = some_digit(&seed);
        if (test_random_below(&seed, 3) == 0)
            text[at++] = "+-"[test_random_below(&seed, 2)];
        memcpy(text + at, digits, (size_t)point);
        at += (int)point;
        if (point < count || test_random_below(&seed, 2) == 0)
            text[at++] = '.';
        memcpy(text + at, digits + point, (size_t)(count - point));
        at += (int)(count - point);
        text[at] = '\0';
        if (test_random_below(&seed, 4) == 0) {
            exponent = test_random_below(&seed, 60) - 30;
            (void)snprintf(text + at, sizeof text - (size_t)at, "%c%+d", "eE"[test_random_below(&seed, 2)],
                           (int)exponent);
        }
        require(text, (int)test_random_below(&seed, 10), digits, count, exponent - (count - point));
    }
}

static void edges_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int decimals;
        qni_decimal result;
        int64_t value;
    } cases[] = {
        {"92233720368.54775807", 8, QNI_DECIMAL_OK, INT64_MAX},
        {"-92233720368.54775807", 8, QNI_DECIMAL_OK, -INT64_MAX},
        {"92233720368.54775808", 8, QNI_DECIMAL_RANGE, 0},
        {"92233720368.547758074999999999999999999999999999", 8, QNI_DECIMAL_OK, INT64_MAX},
        {"92233720368.547758075", 8, QNI_DECIMAL_RANGE, 0},
        {"92233720368547758.075e-6", 8, QNI_DECIMAL_RANGE, 0},
        {"9223372036854775807", 0, QNI_DECIMAL_OK, INT64_MAX},
        {"9223372036854775808", 0, QNI_DECIMAL_RANGE, 0},
        {"18446744073709551616", 0, QNI_DECIMAL_RANGE, 0},
        {"18446744073709551617", 8, QNI_DECIMAL_RANGE, 0},
        {"0.000000005", 8, QNI_DECIMAL_OK, 0},
        {"0.000000015", 8, QNI_DECIMAL_OK, 2},
        {"0.0000000050000000000000000000000000000000000000000000000000001", 8, QNI_DECIMAL_OK, 1},
        {"1e-999999999999999999999999", 8, QNI_DECIMAL_OK, 0},
        {"0e999999999999999999999999", 8, QNI_DECIMAL_OK, 0},
        {"1e999999999999999999999999", 8, QNI_DECIMAL_RANGE, 0},
        {"000000000000000000000000000000000000000000000000001", 0, QNI_DECIMAL_OK, 1},
        {"-0", 8, QNI_DECIMAL_OK, 0},
        {".5", 0, QNI_DECIMAL_OK, 0},
        {"1.5", 0, QNI_DECIMAL_OK, 2},
        {"5.", 2, QNI_DECIMAL_OK, 500},
        {"", 8, QNI_DECIMAL_NONE, 0},
        {".", 8, QNI_DECIMAL_NONE, 0},
        {"+", 8, QNI_DECIMAL_NONE, 0},
        {"e5", 8, QNI_DECIMAL_NONE, 0},
        {".e5", 8, QNI_DECIMAL_NONE, 0},
        {"1e", 8, QNI_DECIMAL_NONE, 0},
        {"1e+", 8, QNI_DECIMAL_NONE, 0},
        {"1e5.", 8, QNI_DECIMAL_NONE, 0},
        {"1.2.3", 8, QNI_DECIMAL_NONE, 0},
        {"--1", 8, QNI_DECIMAL_NONE, 0},
        {"1 ", 8, QNI_DECIMAL_NONE, 0},
        {"0x10", 8, QNI_DECIMAL_NONE, 0},
        {"1,5", 8, QNI_DECIMAL_NONE, 0},
        {"inf", 8, QNI_DECIMAL_NONE, 0},
        {"12345678901234567890123456789012345678901234567890x", 8, QNI_DECIMAL_NONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t got = 0;
        qni_decimal result = qni_decimal_parse(&got, cases[i].text, (int64_t)strlen(cases[i].text), cases[i].decimals);
        if (result != cases[i].result || got != cases[i].value)
            printf("\"%s\": %d, %lld\n", cases[i].text, (int)result, (long long)got);
        assert_int_equal(result, cases[i].result);
        assert_int_equal(got, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_exact),
        cmocka_unit_test(random_decimals_agree_with_school_arithmetic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
