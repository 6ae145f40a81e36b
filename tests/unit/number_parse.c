/* Numbers from text: the grammar, and the roundings that are easy to get wrong. */
#include "harness/harness.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double untouched = 12345.5;

/* Parses a copy in a block of exactly its size, so that a read past the end is seen. Returns the bytes used, -1: none.
 */
static int64_t parse(double *out, const char *text)
{
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    char *start = copy + 1; /* unaligned, and nothing behind it */
    memcpy(start, text, size);
    *out = untouched;
    const char *after = qni_number_parse(out, start, start + size);
    int64_t used = after == NULL ? -1 : after - start;
    free(copy);
    return used;
}

static void the_longest_number_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t used;
        double value;
    } cases[] = {
        {"0", 1, 0},
        {"7,8", 1, 7},
        {"1.", 2, 1},
        {"1.e2", 4, 100},
        {".5", 2, .5},
        {"+.5e1x", 5, 5},
        {"1e", 1, 1},
        {"1e+", 1, 1},
        {"1e-", 1, 1},
        {"1e5.5", 3, 1e5},
        {"1E+02", 5, 100},
        {"1.5.5", 3, 1.5},
        {"0x10", 1, 0},
        {"12345678", 8, 12345678},
        {"123456789", 9, 123456789},
        {"1234567;1234567", 7, 1234567},
        {"12345678.12345678 ", 17, 12345678.12345678},
        {"-1.25abc", 5, -1.25},
        {"1_000", 1, 1},
        {"1 ", 1, 1},
        {"1d5", 1, 1},
        {"infinit", 3, INFINITY},
        {"Infinity", 8, INFINITY},
        {"-INFINITYx", 9, -INFINITY},
        {"+inf", 4, INFINITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value;
        int64_t used = parse(&value, cases[i].text);
        if (used != cases[i].used || !(value == cases[i].value))
            fail_msg("\"%s\": %lld bytes, %a", cases[i].text, (long long)used, value);
    }
    double value;
    assert_int_equal(parse(&value, "nano"), 3);
    assert_true(isnan(value));
    assert_int_equal(parse(&value, "-NaN"), 4);
    assert_true(isnan(value));
}

static void where_no_number_starts_nothing_is_written(void **state)
{
    (void)state;
    static const char *const texts[] = {"",     " 1",  "x",  ".",  "+",  "-",   "+-1", "e5",
                                        ".e5",  "..1", "-.", "in", "na", "- 1", "\t1", "\xEF\xBC\x91",
                                        "\xB1", "/",   ":",  "i",  "n",  ",5"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double value;
        if (parse(&value, texts[i]) != -1 || value != untouched)
            fail_msg("\"%s\" is taken for %a", texts[i], value);
    }
}

static void every_byte_that_is_no_digit_ends_the_digits(void **state)
{
    (void)state;
    for (int length = 0; length < 20; length++) {
        for (int c = 0; c < 256; c++) {
            char text[32] = "1234567890123456789012345678901";
            if ((c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E')
                continue;
            text[length] = (char)c;
            double value = untouched;
            const char *after = qni_number_parse(&value, text, text + 31);
            if (length == 0 && (c == '+' || c == '-'))
                assert_ptr_equal(after, text + 31);
            else if (length == 0)
                assert_null(after);
            else
                assert_ptr_equal(after, text + length);
        }
    }
}

static void zeros_keep_their_sign(void **state)
{
    (void)state;
    static const char *const texts[] = {"-0",      "-0.0",  "-0e999", "-0.000000000000000000000000000000",
                                        "-1e-400", "-.0e-5"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double value;
        assert_int_equal(parse(&value, texts[i]), (int64_t)strlen(texts[i]));
        assert_true(value == 0 && signbit(value));
    }
}

/* Each value is the definition of the rounding, in hexadecimal; the C library must agree as a second method. */
static void hard_cases_round_to_nearest_even(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022}, /* hung PHP and Java */
        {"2.2250738585072012e-308", 0x1p-1022},
        {"2.2250738585072014e-308", 0x1p-1022},
        {"4.9406564584124654e-324", 0x1p-1074},
        {"4.9e-324", 0x1p-1074},
        {"2.4703282292062327e-324", 0},
        {"2.4703282292062328e-324", 0x1p-1074},
        {"7.4109846876186981e-324", 0x1p-1074},
        {"7.4109846876186982e-324", 0x1p-1073},
        {"1.7976931348623157e308", 0x1.fffffffffffffp1023},
        {"1.7976931348623158e308", 0x1.fffffffffffffp1023},
        {"1.797693134862315807e308", 0x1.fffffffffffffp1023},
        {"1.797693134862315808e308", INFINITY},
        {"1.7976931348623159e308", INFINITY},
        /* half-way between the largest double and the one that would follow, and one less */
        {"1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
         "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
         "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904"
         "174497792",
         INFINITY},
        {"1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
         "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
         "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904"
         "174497791",
         0x1.fffffffffffffp1023},
        {"9007199254740993", 0x1p53}, /* 2^53 + 1: a tie, to even */
        {"9007199254740993.0", 0x1p53},
        {"9007199254740993.00000000000000000000000000000000000000000000000000", 0x1p53},
        {"9007199254740993.00000000000000000000000000000000000000000000000001", 0x1.0000000000001p53},
        {"9007199254740992.99999999999999999999999999999999999999999999999999", 0x1p53},
        {"9007199254740995", 0x1.0000000000002p53},
        {"9007199254740993e0", 0x1p53},
        {"90071992547409930e-1", 0x1p53},
        {"0.1", 0x1.999999999999ap-4},
        {"0.1000000000000000055511151231257827021181583404541015625", 0x1.999999999999ap-4},
        {"0.09999999999999999167332731531132594682276248931884765625", 0x1.9999999999999p-4},
        {"0.100000000000000012490009027033011079765856266021728515625", 0x1.999999999999ap-4}, /* half-way, to even */
        {"0.1000000000000000124900090270330110797658562660217285156250001", 0x1.999999999999bp-4},
        {"18446744073709551615", 0x1p64},
        {"18446744073709551616", 0x1p64},
        {"9999999999999999999", 0x1.158e460913dp63},
        {"10000000000000000000", 0x1.158e460913dp63},
        {"1e22", 0x1.0f0cf064dd592p73},
        {"1e23", 0x1.52d02c7e14af6p76}, /* next to a half */
        {"6.631236846766476e-316", 0x0.0000008p-1022},
        /* the longest tie there is, 768 digits: to even; and next to it, in the last digit and after it */
        {"4.45014771701440251914764251404153604015403552681397747857675352661202665683499514137081268292064610"
         "8478216498644075432112022520600248054754383669592785539442874157981673065597808863699729465008220934"
         "5461693939556240574324731139358717913147037364055774449896230603026352327326665938919068627384443806"
         "1610757538988082348741561964516148197776110323581423800429751880383178430296416384978052662540451464"
         "2369501543722904448192425263397247277553720283676122331404527553281815296388871072108672747455956029"
         "1862013573209842350335698170430223195347466466783839664426537070382566775697838267614310656819420077"
         "5798725448137345332679521829966869966268975935330693818311826037979822904224956476109468201955118135"
         "219258317189939548603786162277173854562306587467901408672332763671875e-308",
         0x1p-1021},
        {"4.45014771701440251914764251404153604015403552681397747857675352661202665683499514137081268292064610"
         "8478216498644075432112022520600248054754383669592785539442874157981673065597808863699729465008220934"
         "5461693939556240574324731139358717913147037364055774449896230603026352327326665938919068627384443806"
         "1610757538988082348741561964516148197776110323581423800429751880383178430296416384978052662540451464"
         "2369501543722904448192425263397247277553720283676122331404527553281815296388871072108672747455956029"
         "1862013573209842350335698170430223195347466466783839664426537070382566775697838267614310656819420077"
         "5798725448137345332679521829966869966268975935330693818311826037979822904224956476109468201955118135"
         "21925831718993954860378616227717385456230658746790140867233276367187499999e-308",
         0x1.fffffffffffffp-1022},
        {"4.45014771701440251914764251404153604015403552681397747857675352661202665683499514137081268292064610"
         "8478216498644075432112022520600248054754383669592785539442874157981673065597808863699729465008220934"
         "5461693939556240574324731139358717913147037364055774449896230603026352327326665938919068627384443806"
         "1610757538988082348741561964516148197776110323581423800429751880383178430296416384978052662540451464"
         "2369501543722904448192425263397247277553720283676122331404527553281815296388871072108672747455956029"
         "1862013573209842350335698170430223195347466466783839664426537070382566775697838267614310656819420077"
         "5798725448137345332679521829966869966268975935330693818311826037979822904224956476109468201955118135"
         "21925831718993954860378616227717385456230658746790140867233276367187500000000000000000000001e-308",
         0x1p-1021},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value;
        int64_t used = parse(&value, cases[i].text);
        if (used != (int64_t)strlen(cases[i].text) || value != cases[i].value || value != strtod(cases[i].text, NULL))
            fail_msg("\"%s\" is %a, not %a", cases[i].text, value, cases[i].value);
    }
}

static void exponents_of_any_size_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"1e400", INFINITY},
        {"1e309", INFINITY},
        {"1e308", 1e308},
        {"1e-400", 0},
        {"1e-324", 0},
        {"1e999999999999", INFINITY},
        {"1e-999999999999", 0},
        {"0e999999999999", 0},
        {"1e99999999999999999999999999999", INFINITY},
        {"1e-99999999999999999999999999999", 0},
        {"1e0000000000000000000000000001", 10},
        {"10000000000000000000000e-22", 1},
        {"0.0000000000000000000000000000000000000001e40", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value;
        assert_int_equal(parse(&value, cases[i].text), (int64_t)strlen(cases[i].text));
        if (value != cases[i].value)
            fail_msg("\"%s\" is %a", cases[i].text, value);
    }
}

/* 1 with a million zeros before or behind it, undone by the exponent. */
static void long_tails_of_zeros_cost_only_time(void **state)
{
    (void)state;
    enum {
        ZEROS = 1000000
    };
    char *text = malloc(ZEROS + 64);
    assert_non_null(text);
    memset(text, '0', ZEROS + 64);
    text[0] = '1';
    memcpy(text + 1 + ZEROS, "e-1000000", 9);
    double value;
    assert_ptr_equal(qni_number_parse(&value, text, text + 1 + ZEROS + 9), text + 1 + ZEROS + 9);
    assert_true(value == 1);
    memset(text, '0', ZEROS + 64);
    text[1] = '.';
    memcpy(text + ZEROS + 1, "1e1000000", 9); /* the 1 is the millionth decimal */
    assert_ptr_equal(qni_number_parse(&value, text, text + ZEROS + 10), text + ZEROS + 10);
    assert_true(value == 1);
    memset(text, '0', ZEROS + 64);
    memcpy(text, "9007199254740993.", 17);
    text[ZEROS] = '1'; /* just above a tie, seen only at the last digit */
    assert_ptr_equal(qni_number_parse(&value, text, text + ZEROS + 1), text + ZEROS + 1);
    assert_true(value == 0x1.0000000000001p53);
    free(text);
}

static void integers_fit_or_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t used; /* -1: refused */
        int64_t value;
    } cases[] = {
        {"0", 1, 0},
        {"-0", 2, 0},
        {"+42x", 3, 42},
        {"1.5", 1, 1},
        {"123456789012345678", 18, 123456789012345678},
        {"9223372036854775807", 19, INT64_MAX},
        {"9223372036854775808", -1, 0},
        {"-9223372036854775808", 20, INT64_MIN},
        {"-9223372036854775809", -1, 0},
        {"99999999999999999999999", -1, 0},
        {"-000000000000000000000000000000000012", 37, -12},
        {"000000000000000000009223372036854775807", 39, INT64_MAX},
        {"", -1, 0},
        {"-", -1, 0},
        {"x", -1, 0},
        {" 1", -1, 0},
        {"--1", -1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 77;
        const char *after = qni_integer_parse(&value, cases[i].text, cases[i].text + strlen(cases[i].text));
        int64_t used = after == NULL ? -1 : after - cases[i].text;
        if (used != cases[i].used || value != (used < 0 ? 77 : cases[i].value))
            fail_msg("\"%s\": %lld bytes, %lld", cases[i].text, (long long)used, (long long)value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_number_is_taken),
        cmocka_unit_test(where_no_number_starts_nothing_is_written),
        cmocka_unit_test(every_byte_that_is_no_digit_ends_the_digits),
        cmocka_unit_test(zeros_keep_their_sign),
        cmocka_unit_test(hard_cases_round_to_nearest_even),
        cmocka_unit_test(exponents_of_any_size_are_understood),
        cmocka_unit_test(long_tails_of_zeros_cost_only_time),
        cmocka_unit_test(integers_fit_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
