/* UTF-8 as a terminal shows it, and what of foreign text never reaches one. */
#include "harness/harness.h"

#include "cli/out.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int32_t decode(const char *text, int size)
{
    int32_t code = -2;
    int used = qni_text_next(&code, text, text + size);
    return code == -1 ? (used == 1 ? -1 : -3) : used == size ? code : -2;
}

/* The limits of each length, and the forms that RFC 3629 forbids. */
static void only_the_utf8_of_rfc_3629_is_decoded(void **state)
{
    (void)state;
    assert_int_equal(decode("\x7F", 1), 0x7F);
    assert_int_equal(decode("\xC2\x80", 2), 0x80);
    assert_int_equal(decode("\xDF\xBF", 2), 0x7FF);
    assert_int_equal(decode("\xE0\xA0\x80", 3), 0x800);
    assert_int_equal(decode("\xEF\xBF\xBF", 3), 0xFFFF);
    assert_int_equal(decode("\xF0\x90\x80\x80", 4), 0x10000);
    assert_int_equal(decode("\xF4\x8F\xBF\xBF", 4), 0x10FFFF);
    static const char *const wrong[] = {"\x80",
                                        "\xC0\x80",
                                        "\xC1\xBF",
                                        "\xE0\x9F\xBF",
                                        "\xED\xA0\x80",
                                        "\xF0\x8F\xBF\xBF",
                                        "\xF4\x90\x80\x80",
                                        "\xF5\x80\x80\x80",
                                        "\xFF",
                                        "\xC3",
                                        "\xE2\x82",
                                        "\xF0\x9F\x98"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(decode(wrong[i], (int)strlen(wrong[i])), -1);
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(qni_text_width("abc", -1), 3);
    assert_int_equal(qni_text_width("\xC3\xA9t\xC3\xA9", -1), 3);        /* été */
    assert_int_equal(qni_text_width("e\xCC\x81", -1), 1);                /* e and a combining acute */
    assert_int_equal(qni_text_width("\xE6\xB8\xA9\xE5\xBA\xA6", -1), 4); /* two Chinese characters */
    assert_int_equal(qni_text_width("\xFFx", -1), 2);
    assert_int_equal(qni_text_width("abc", 2), 2);
}

/* What qni_out_foreign makes of a text. */
static void shown_as(const char *text, int64_t size, const char *expected)
{
    int ends[2];
    char got[256] = "";
    assert_int_equal(pipe(ends), 0);
    qni_out out;
    qni_out_init(&out, ends[1]);
    qni_out_foreign(&out, text, size);
    assert_int_equal(qni_out_flush(&out, "a pipe", NULL), QN_OK);
    close(ends[1]);
    assert_true(read(ends[0], got, sizeof got - 1) >= 0);
    close(ends[0]);
    assert_string_equal(got, expected);
}

static void foreign_text_cannot_control_a_terminal(void **state)
{
    (void)state;
    shown_as("plain \xC3\xA9", -1, "plain \xC3\xA9");
    shown_as("\033[31mred\a\n", -1, "?[31mred??");
    shown_as("a\0b", 3, "a?b");
    shown_as("\xC2\x9B"
             "2J",
             -1, "?2J"); /* CSI as one character */
    shown_as("\xE2\x80\xAE"
             "fdp.exe",
             -1, "?fdp.exe"); /* right-to-left override */
    shown_as("\xFF\xFE", -1, "??");
}

static void numbers_and_long_texts_pass_whole(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    qni_out out;
    qni_out_init(&out, fileno(file));
    for (int i = 0; i < 100000; i++)
        qni_out_number(&out, i + 0.5), qni_out_text(&out, "\n");
    assert_int_equal(qni_out_flush(&out, "a file", NULL), QN_OK);
    rewind(file);
    char line[64], expected[64];
    for (int i = 0; i < 100000; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        snprintf(expected, sizeof expected, "%d.5\n", i);
        assert_string_equal(line, expected);
    }
    fclose(file);
}

static void a_write_that_fails_is_remembered(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL)
        skip();
    qni_out out;
    qni_out_init(&out, fileno(full));
    for (int i = 0; i < 10000; i++)
        qni_out_text(&out, "0123456789");
    qn_error err;
    assert_int_equal(qni_out_flush(&out, "standard output", &err), QN_IO);
    assert_string_equal(err.message, "cannot write to standard output: No space left on device");
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_utf8_of_rfc_3629_is_decoded),   cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(foreign_text_cannot_control_a_terminal), cmocka_unit_test(numbers_and_long_texts_pass_whole),
        cmocka_unit_test(a_write_that_fails_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
