/* UTF-8: what is a character and what is not, after the Unicode Standard, table 3-7 and section 3.9. */
#include "harness/harness.h"

#include "base/utf8.h"

#include <string.h>

static void the_first_and_last_character_of_each_length_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t code;
    } cases[] = {
        {"\x01", 0x1},
        {"\x7F", 0x7F},
        {"\xC2\x80", 0x80},
        {"\xDF\xBF", 0x7FF},
        {"\xE0\xA0\x80", 0x800},
        {"\xED\x9F\xBF", 0xD7FF},
        {"\xEE\x80\x80", 0xE000},
        {"\xEF\xBF\xBF", 0xFFFF},
        {"\xF0\x90\x80\x80", 0x10000},
        {"\xF4\x8F\xBF\xBF", 0x10FFFF},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t code = 0;
        size_t size = strlen(cases[i].text);
        assert_int_equal(qni_utf8_decode(&code, cases[i].text, cases[i].text + size), size);
        assert_int_equal(code, cases[i].code);
        assert_true(qni_utf8_valid(cases[i].text, (int64_t)size));
    }
}

/* The Unicode Standard, tables 3-8 to 3-11: which bytes one replacement character stands for. */
static void what_is_no_character_is_measured_in_maximal_parts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t replaced;
    } cases[] = {
        {"\x80", 1},     {"\xC0\xAF", 1},     {"\xC1\xBF", 1}, {"\xE0\x80\xBF", 1},     {"\xED\xA0\x80", 1},
        {"\xF5\x80", 1}, {"\xF4\x90\x80", 1}, {"\xFF", 1},     {"\xE1\x80\xE2", 2},     {"\xF0\x91\x92\x41", 3},
        {"\xC3", 1},     {"\xE2\x82", 2},     {"\xC3(", 1},    {"\xF0\x80\x80\x80", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t code = 0;
        size_t size = strlen(cases[i].text);
        assert_int_equal(qni_utf8_decode(&code, cases[i].text, cases[i].text + size), 0);
        assert_int_equal(code, cases[i].replaced);
        assert_false(qni_utf8_valid(cases[i].text, (int64_t)size));
    }
}

static void a_text_is_cut_between_characters(void **state)
{
    (void)state;
    const char *text = "a\xC3\xA9\xE2\x82\xAC"; /* a é € */
    assert_int_equal(qni_utf8_cut(text, 6, 6), 6);
    assert_int_equal(qni_utf8_cut(text, 6, 10), 6);
    assert_int_equal(qni_utf8_cut(text, 6, 5), 3);
    assert_int_equal(qni_utf8_cut(text, 6, 3), 3);
    assert_int_equal(qni_utf8_cut(text, 6, 2), 1);
    assert_int_equal(qni_utf8_cut(text, 6, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_and_last_character_of_each_length_is_read),
        cmocka_unit_test(what_is_no_character_is_measured_in_maximal_parts),
        cmocka_unit_test(a_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
