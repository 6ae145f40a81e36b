/* Parsing and printing numbers against the C library, which rounds exactly in both directions: random bits, random
 * decimals, ties between neighbouring doubles and their surroundings. QUERN_TEST_EFFORT=long takes ten million each
 * way. */
#include "harness/harness.h"

#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX = 2048
};

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void expect_like_strtod(const char *text)
{
    double value = 0;
    const char *end = text + strlen(text);
    const char *after = qni_number_parse(&value, text, end);
    double expected = strtod(text, NULL);
    if (after != end || bits_of(value) != bits_of(expected))
        fail_msg("\"%s\" is %a, strtod says %a", text, value, expected);
}

/* A finite double: of all bit patterns, or of the exponents that data have, or a subnormal. */
static double random_double(uint64_t *random)
{
    uint64_t bits = test_random(random);
    switch (test_random_below(random, 8)) {
    case 0:
        bits &= UINT64_C(0x801FFFFFFFFFFFFF); /* zero exponent, or the smallest one */
        break;
    case 1: /* few bits set */
        bits &= UINT64_C(0xFFFFF00000000000);
        break;
    case 2: /* 2^-32 … 2^31 */
        bits = (bits & UINT64_C(0x800FFFFFFFFFFFFF)) | (uint64_t)(1023 - 32 + test_random_below(random, 64)) << 52;
        break;
    default:
        break;
    }
    double value = double_of(bits);
    return isfinite(value) ? value : 1;
}

static int append_digits(char *text, int at, int64_t count, uint64_t *random)
{
    for (int64_t i = 0; i < count; i++)
        text[at++] = (char)('0' + test_random_below(random, 10));
    return at;
}

/* 1 … 40 digits mostly, up to 800 now and then; the point anywhere; an exponent or none. */
static void random_decimal(char *text, uint64_t *random)
{
    int64_t count =
        1 + (test_random_below(random, 64) == 0 ? test_random_below(random, 800) : test_random_below(random, 40));
    int64_t whole = test_random_below(random, count + 1);
    int at = 0;
    if (test_random_below(random, 2) == 0)
        text[at++] = '-';
    at = append_digits(text, at, whole, random);
    if (whole < count || test_random_below(random, 2) == 0)
        text[at++] = '.';
    at = append_digits(text, at, count - whole, random);
    int64_t range = test_random_below(random, 2) == 0 ? 30 : 700;
    if (test_random_below(random, 4) != 0)
        at += snprintf(text + at, 16, "e%" PRId64, test_random_below(random, range) - range / 2 - whole / 2);
    text[at] = 0;
}

static void random_decimals_parse_like_strtod(void **state)
{
    (void)state;
    uint64_t random = test_seed(1);
    int64_t count = test_effort(300000, 10000000);
    char text[TEXT_MAX];
    for (int64_t i = 0; i < count; i++) {
        random_decimal(text, &random);
        expect_like_strtod(text);
    }
}

static void printed_doubles_parse_like_strtod(void **state)
{
    (void)state;
    uint64_t random = test_seed(2);
    int64_t count = test_effort(300000, 10000000);
    char text[TEXT_MAX];
    for (int64_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%.*e", (int)test_random_below(&random, 24), random_double(&random));
        expect_like_strtod(text);
    }
}

/* The number half-way to the next double, written out exactly; then a little above and a little below. */
static void ties_and_their_neighbours_parse_like_strtod(void **state)
{
    (void)state;
    uint64_t random = test_seed(3);
    int64_t count = test_effort(20000, 500000);
    char text[TEXT_MAX], exponent[32], changed[TEXT_MAX + 128];
    for (int64_t i = 0; i < count; i++) {
        double value = fabs(random_double(&random));
        double next = double_of(bits_of(value) + 1);
        if (isinf(next))
            continue;
        long double tie = ((long double)value + (long double)next) / 2; /* exact: 54 bits */
        snprintf(text, sizeof text, "%.1100Le", tie);
        expect_like_strtod(text);
        char *e = strchr(text, 'e');
        snprintf(exponent, sizeof exponent, "%s", e);
        for (*e = 0; e[-1] == '0' && e[-2] != '.'; e--)
            e[-1] = 0;
        snprintf(changed, sizeof changed, "%s%s", text, exponent);
        expect_like_strtod(changed);
        snprintf(changed, sizeof changed, "%s%0*d%s", text, 1 + (int)test_random_below(&random, 60), 1, exponent);
        expect_like_strtod(changed);
        if (e[-1] != '0') { /* the last digit of a tie is 5 */
            e[-1]--;
            snprintf(changed, sizeof changed, "%s9999%s", text, exponent);
            expect_like_strtod(changed);
            for (char *cut = text + 18; cut < e && cut < text + 24; cut++) { /* 17 … 23 digits of it */
                snprintf(changed, sizeof changed, "%.*s%s", (int)(cut - text), text, exponent);
                expect_like_strtod(changed);
            }
        }
    }
}

/* Significant digits, as one integer, and its power of ten. */
typedef struct decimal {
    uint64_t digits;
    int exponent;
    int count;
} decimal;

static decimal read_decimal(const char *text)
{
    decimal d = {0};
    int point = 0;
    bool after_point = false;
    for (; *text != 0 && *text != 'e'; text++) {
        if (*text == '.')
            after_point = true;
        if (*text < '0' || *text > '9')
            continue;
        d.digits = d.digits * 10 + (uint64_t)(*text - '0');
        point += after_point;
    }
    d.exponent = (*text == 'e' ? atoi(text + 1) : 0) - point;
    for (; d.digits != 0 && d.digits % 10 == 0; d.digits /= 10)
        d.exponent++;
    for (uint64_t rest = d.digits; rest != 0; rest /= 10)
        d.count++;
    return d;
}

static bool reads_back(uint64_t digits, int exponent, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%" PRIu64 "e%d", digits, exponent);
    return strtod(text, NULL) == value;
}

/* That nothing shorter reads back, and that nothing as short is closer. The closest decimal of n digits is printf's. */
static void expect_shortest_and_closest(double value, const char *text)
{
    decimal ours = read_decimal(text);
    char printed[64];
    snprintf(printed, sizeof printed, "%.*e", ours.count - 1, value);
    decimal closest = read_decimal(printed);
    bool closest_reads_back = reads_back(closest.digits, closest.exponent, value);
    if (closest_reads_back && (closest.digits != ours.digits || closest.exponent != ours.exponent))
        fail_msg("%a is written %s, %s is closer", value, text, printed);
    if (ours.count == 1)
        return;
    /* Below a power of two the closest shorter one may fail and its neighbour on the wider side read back. */
    snprintf(printed, sizeof printed, "%.*e", ours.count - 2, value);
    uint64_t shorter = 0;
    for (const char *p = printed; *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9')
            shorter = shorter * 10 + (uint64_t)(*p - '0');
    }
    int exponent = atoi(strchr(printed, 'e') + 1) - (ours.count - 2);
    for (int step = -1; step <= 1; step++) {
        if (reads_back(shorter + (uint64_t)(int64_t)step, exponent, value))
            fail_msg("%a is written %s, %s would do (step %d)", value, text, printed, step);
    }
}

static void formatted_doubles_read_back_and_are_shortest(void **state)
{
    (void)state;
    uint64_t random = test_seed(4);
    int64_t count = test_effort(100000, 10000000);
    for (int64_t i = 0; i < count; i++) {
        double value = fabs(random_double(&random));
        if (i < 4096) /* the powers of two and the doubles below them */
            value = double_of(((uint64_t)(i / 2 % 2047) << 52) - (uint64_t)(i % 2 != 0 && i > 1));
        if (!isfinite(value) || value == 0)
            continue;
        char text[QNI_NUMBER_SIZE];
        int length = qni_number_format(text, value);
        double again;
        if (qni_number_parse(&again, text, text + length) != text + length || again != value ||
            strtod(text, NULL) != value)
            fail_msg("%a is written %s, which is %a", value, text, again);
        expect_shortest_and_closest(value, text);
    }
}

static void expect_like_printf(double value, int digits)
{
    char text[QNI_NUMBER_SIZE], printed[64];
    qni_number_format_digits(text, value, digits);
    snprintf(printed, sizeof printed, "%.*g", digits, value);
    if (strcmp(text, printed) != 0)
        fail_msg("%a to %d digits is written %s, printf says %s", value, digits, text, printed);
}

static void formatted_digits_are_those_of_printf(void **state)
{
    (void)state;
    uint64_t random = test_seed(5);
    int64_t count = test_effort(200000, 10000000);
    for (int64_t i = 0; i < count; i++) {
        int digits = 1 + (int)test_random_below(&random, 17);
        expect_like_printf(random_double(&random), digits);
        /* Small integers over powers of two or times powers of ten have few digits: many ties. */
        expect_like_printf(ldexp((double)test_random_below(&random, 4000), -(int)test_random_below(&random, 12)),
                           digits);
        expect_like_printf((double)test_random_below(&random, 100000) * 5e17, digits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_decimals_parse_like_strtod),
        cmocka_unit_test(printed_doubles_parse_like_strtod),
        cmocka_unit_test(ties_and_their_neighbours_parse_like_strtod),
        cmocka_unit_test(formatted_doubles_read_back_and_are_shortest),
        cmocka_unit_test(formatted_digits_are_those_of_printf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
