/* Reading configuration files: values as TOML 1.0 means them, the places of errors, and what is refused. */
#include "harness/harness.h"

#include "base/config.h"
#include "base/limits.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static qni_config must_read(const char *text)
{
    qni_config config;
    qn_error err = qn_error_none();
    assert_ok(qni_config_read(&config, text, (int64_t)strlen(text), "x.conf", NULL, &err), &err);
    return config;
}

static void refuses_bytes(const char *text, int64_t size, int64_t line, int64_t column, const char *piece)
{
    qni_config config;
    qn_error err = qn_error_none();
    assert_int_equal(qni_config_read(&config, text, size, "x.conf", NULL, &err), QN_CONFIG);
    assert_null(config.texts);
    assert_int_equal(config.entry_count + config.table_count + config.value_count, 0);
    assert_contains(err.message, piece);
    if (err.line != line || err.column != column)
        fail_msg("\"%s\": %lld:%lld, not %lld:%lld (%s)", text, (long long)err.line, (long long)err.column,
                 (long long)line, (long long)column, err.message);
    assert_string_equal(err.file, "x.conf");
    assert_int_equal(qni_config_read(&config, text, size, NULL, NULL, NULL), QN_CONFIG);
}

static void refuses(const char *text, int64_t line, int64_t column, const char *piece)
{
    refuses_bytes(text, (int64_t)strlen(text), line, column, piece);
}

/* The only value of the only key. */
static void reads_as(const char *value, qni_config_type type, const char *text)
{
    char line[256];
    snprintf(line, sizeof line, "key = %s", value);
    qni_config config = must_read(line);
    assert_int_equal(config.entry_count, 1);
    assert_int_equal(config.value_count, 1);
    assert_int_equal(config.values[0].type, type);
    assert_string_equal(config.values[0].text, text);
    qni_config_free(&config);
}

static void refuses_value(const char *value, const char *piece)
{
    char line[256];
    snprintf(line, sizeof line, "key = %s", value);
    refuses(line, 1, 7, piece);
}

static void keys_stand_in_their_tables_with_their_places(void **state)
{
    (void)state;
    qni_config c =
        must_read("# first\n\ntop = 1\r\n[ one ] # here\n  a-b = 'x' # there\n\t_9 = true\n[empty]\n[Two]\na-b = 2.5");
    assert_int_equal(c.table_count, 4);
    assert_string_equal(c.tables[0].name, "");
    assert_string_equal(c.tables[1].name, "one");
    assert_string_equal(c.tables[2].name, "empty");
    assert_string_equal(c.tables[3].name, "Two");
    assert_int_equal(c.tables[3].line, 8);
    static const struct {
        const char *key;
        int64_t table, line, column, value_column;
    } expected[] = {{"top", 0, 3, 1, 7}, {"a-b", 1, 5, 3, 9}, {"_9", 1, 6, 2, 7}, {"a-b", 3, 9, 1, 7}};
    assert_int_equal(c.entry_count, 4);
    for (int i = 0; i < 4; i++) {
        const qni_config_entry *e = &c.entries[i];
        assert_string_equal(e->key, expected[i].key);
        assert_int_equal(e->table, expected[i].table);
        assert_int_equal(e->line, expected[i].line);
        assert_int_equal(e->column, expected[i].column);
        assert_false(e->array);
        assert_int_equal(e->value_count, 1);
        assert_int_equal(c.values[e->value].line, expected[i].line);
        assert_int_equal(c.values[e->value].column, expected[i].value_column);
    }
    qni_config_free(&c);
}

static void a_file_may_say_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "\r\n \t\r\n", "# only a comment", "\xEF\xBB\xBF", "   "};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qni_config config = must_read(texts[i]);
        assert_int_equal(config.entry_count, 0);
        assert_int_equal(config.table_count, 1);
        qni_config_free(&config);
    }
}

static void strings_are_what_toml_says(void **state)
{
    (void)state;
    reads_as("\"\"", QNI_CONFIG_STRING, "");
    reads_as("''", QNI_CONFIG_STRING, "");
    reads_as("\"a # b\" # c", QNI_CONFIG_STRING, "a # b");
    reads_as("'C:\\new \"x\"'", QNI_CONFIG_STRING, "C:\\new \"x\"");
    reads_as("\"it's\"", QNI_CONFIG_STRING, "it's");
    reads_as("\"\\b\\t\\n\\f\\r\\\"\\\\\"", QNI_CONFIG_STRING, "\b\t\n\f\r\"\\");
    reads_as("\"\\u00e9\\u00E9\\u20ac\\uFFFD\\U0001f600\\U0010FFFF\"", QNI_CONFIG_STRING,
             "\xC3\xA9\xC3\xA9\xE2\x82\xAC\xEF\xBF\xBD\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
    reads_as("\"\xC3\xA9\ttab\"", QNI_CONFIG_STRING, "\xC3\xA9\ttab");
    reads_as("\"\\u007f\\u0080\\u07ff\\u0800\"", QNI_CONFIG_STRING, "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80");
}

static void numbers_are_what_toml_says(void **state)
{
    (void)state;
    reads_as("0", QNI_CONFIG_INTEGER, "0");
    reads_as("+99", QNI_CONFIG_INTEGER, "+99");
    reads_as("-17", QNI_CONFIG_INTEGER, "-17");
    reads_as("1_000_000", QNI_CONFIG_INTEGER, "1000000");
    reads_as("9223372036854775807", QNI_CONFIG_INTEGER, "9223372036854775807");
    reads_as("-9223372036854775808", QNI_CONFIG_INTEGER, "-9223372036854775808");
    reads_as("3.1415", QNI_CONFIG_FLOAT, "3.1415");
    reads_as("5e+22", QNI_CONFIG_FLOAT, "5e+22");
    reads_as("-2E-02", QNI_CONFIG_FLOAT, "-2E-02"); /* zeros may lead an exponent */
    reads_as("224_617.445_991_228", QNI_CONFIG_FLOAT, "224617.445991228");
    reads_as("-inf", QNI_CONFIG_FLOAT, "-inf");
    reads_as("nan", QNI_CONFIG_FLOAT, "nan");
    static const char *const bad[] = {"+",        "-",    ".5",   "5.",    "5.e3",       "1e",       "01",
                                      "-01",      "00",   "1__0", "_1",    "1_",         "1_.5",     "1._5",
                                      "1e_5",     "0x1F", "0o7",  "0b1",   "1979-05-27", "07:32:00", "1,5",
                                      "infinity", "Inf",  "NaN",  "1 000", "--1",        "1.2.3",    "1e5.5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[64];
        qni_config config;
        snprintf(line, sizeof line, "key = %s", bad[i]);
        if (qni_config_read(&config, line, (int64_t)strlen(line), NULL, NULL, NULL) != QN_CONFIG)
            fail_msg("%s is no number of TOML's", bad[i]);
    }
    refuses_value("9223372036854775808", "this is too large a whole number");
}

static void truth_has_two_words(void **state)
{
    (void)state;
    reads_as("true", QNI_CONFIG_BOOLEAN, "true");
    reads_as("false#x", QNI_CONFIG_BOOLEAN, "false");
    refuses_value("True", "this is neither a number nor true nor false");
    refuses_value("yes", "text stands in quotes");
}

static void arrays_hold_values_over_several_lines(void **state)
{
    (void)state;
    qni_config c = must_read("none = []\nlist = [ 'a', # one\r\n\n \"b\" , 3\n,4.5,true,\n]# end\nlast = 1\n");
    assert_int_equal(c.entry_count, 3);
    assert_true(c.entries[0].array);
    assert_int_equal(c.entries[0].value_count, 0);
    assert_true(c.entries[1].array);
    assert_int_equal(c.entries[1].value_count, 5);
    const qni_config_value *values = c.values + c.entries[1].value;
    assert_string_equal(values[1].text, "b");
    assert_int_equal(values[1].line, 4);
    assert_int_equal(values[1].column, 2);
    assert_int_equal(values[4].type, QNI_CONFIG_BOOLEAN);
    assert_int_equal(c.entries[2].line, 7);
    qni_config_free(&c);
    refuses("a = [1, 2", 1, 5, "the array that begins here has no \"]\"");
    refuses("b = 0\na = [\n1,\n# ]\n", 2, 5, "the array that begins here has no \"]\"");
    refuses("a = [1 2]", 1, 8, "a comma belongs between");
    refuses("a = [,1]", 1, 6, "a value is missing");
    refuses("a = [1,,2]", 1, 8, "a value is missing");
    refuses("a = [[1]]", 1, 6, "an array in an array is not read here");
    refuses("a = [1] 2", 1, 9, "nothing but a comment may follow a value");
}

static void an_error_stands_where_the_eye_should_look(void **state)
{
    (void)state;
    refuses("a = \"x", 1, 5, "is not closed on its line");
    refuses("b = 1\r\na = 'x\nc = 2'", 2, 5, "is not closed on its line");
    refuses("a = \"x\\\"", 1, 5, "is not closed on its line");
    refuses("a = \"12\\q\"", 1, 8, "a backslash in a string is followed by one of");
    refuses("a = \"12\\", 1, 8, "a backslash in a string is followed by one of");
    refuses("a = \"12\\u12\"", 1, 8, "\\u wants 4 hexadecimal digits");
    refuses("a = \"12\\U0011", 1, 8, "\\U wants 8 hexadecimal digits");
    refuses("a = \"\\uD800\"", 1, 6, "\"\\uD800\" is no character of Unicode");
    refuses("a = \"\\U00110000\"", 1, 6, "\"\\U00110000\" is no character of Unicode");
    refuses("a = \"\\u0000\"", 1, 6, "cannot hold a zero");
    refuses("a =", 1, 4, "a value is missing");
    refuses("a = # 1", 1, 5, "a value is missing");
    refuses("a", 1, 2, "\"=\" is missing behind the key \"a\"");
    refuses("a 1", 1, 3, "\"=\" is missing behind the key \"a\"");
    refuses("= 1", 1, 1, "a key is missing here");
    refuses("a = 1 b = 2", 1, 7, "nothing but a comment may follow a value");
    refuses("a = \"x\"y", 1, 8, "nothing but a comment may follow a value");
    refuses("[a", 1, 3, "\"]\" is missing");
    refuses("[a b]", 1, 4, "\"]\" is missing");
    refuses("[]", 1, 2, "the name of a table is missing");
    refuses("[a] b = 1", 1, 5, "nothing but a comment may follow the name of a table");
}

static void what_toml_has_besides_is_refused_with_what_to_write(void **state)
{
    (void)state;
    refuses("a.b = 1", 1, 2, "names with dots are not read here: write [table]");
    refuses("[a.b]", 1, 3, "names with dots are not read here");
    refuses("\"a\" = 1", 1, 1, "without quotes");
    refuses("['a']", 1, 2, "without quotes");
    refuses("[[a]]", 1, 1, "a table's name stands in single brackets");
    refuses("a = {b = 1}", 1, 5, "write [name] above its keys");
    refuses("a = \"\"\"x\"\"\"", 1, 5, "a string stands on one line");
    refuses("a = '''\nx'''", 1, 5, "a string stands on one line");
}

static void nothing_may_come_twice(void **state)
{
    (void)state;
    refuses("a = 1\n[t]\na = 1\nb = 2\na = 3", 5, 1, "the key \"a\" comes twice: it stands in line 3 already");
    refuses("[t]\n[u]\n[t]", 3, 1, "the table [t] comes twice: it begins at line 1 already");
    qni_config config = must_read("a = 1\n[t]\na = 1\n[T]\na = 1\nA = 1"); /* case counts */
    assert_int_equal(config.entry_count, 4);
    qni_config_free(&config);
}

static void every_byte_is_text(void **state)
{
    (void)state;
    refuses("a = 1\nb = \"x\xFFy\"", 2, 7, "the text is not UTF-8 here (byte 0xFF)");
    refuses("# caf\xE9", 1, 6, "the text is not UTF-8 here (byte 0xE9)");
    refuses("\xFF\xFE", 1, 1, "the text is not UTF-8 here");
    refuses("a = 'x\x1By'", 1, 7, "a control character (0x1B) stands here");
    refuses("# \x7F", 1, 3, "a control character (0x7F) stands here");
    refuses("a = 1\rb = 2", 1, 6, "lines end with a line feed");
    refuses_bytes("a = 'x\0y'", 9, 1, 7, "a control character (0x00) stands here");
}

static void limits_are_said_and_hold(void **state)
{
    (void)state;
    static char text[QNI_CONFIG_SIZE_MAX + 2];
    memset(text, '\n', sizeof text);
    qni_config config;
    qn_error err = qn_error_none();
    assert_ok(qni_config_read(&config, text, QNI_CONFIG_SIZE_MAX, NULL, NULL, &err), &err);
    qni_config_free(&config);
    refuses_bytes(text, QNI_CONFIG_SIZE_MAX + 1, 1, 1, "at most 65536 bytes, this one has 65537");
    size_t used = 0;
    for (int i = 0; i <= QNI_CONFIG_ENTRIES_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "k%d=%d\n", i, i);
    refuses_bytes(text, (int64_t)used, QNI_CONFIG_ENTRIES_MAX + 1, 1, "at most 1024 keys");
    used = 0;
    for (int i = 0; i < QNI_CONFIG_ENTRIES_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "[k%d]\n", i);
    refuses_bytes(text, (int64_t)used, QNI_CONFIG_ENTRIES_MAX, 1, "at most 1024 tables");
}

/* The bytes end where the block ends: a sanitizer or memcheck would see a read behind them. */
static void a_text_needs_no_zero_at_its_end(void **state)
{
    (void)state;
    static const char whole[] = "a = \"\\U00110000\"\nb = '1'\nc = [1, -2.5e3]\r\n[t]\nd = true";
    for (size_t size = 0; size < sizeof whole; size++) {
        char *text = malloc(size > 0 ? size : 1);
        assert_non_null(text);
        memcpy(text, whole + (sizeof whole - 1 - size), size);
        qni_config config;
        qn_status s = qni_config_read(&config, text, (int64_t)size, NULL, NULL, NULL);
        assert_true(s == QN_OK || s == QN_CONFIG);
        qni_config_free(&config);
        memcpy(text, whole, size);
        s = qni_config_read(&config, text, (int64_t)size, NULL, NULL, NULL);
        assert_true(s == QN_OK || s == QN_CONFIG);
        qni_config_free(&config);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_stand_in_their_tables_with_their_places),
        cmocka_unit_test(a_file_may_say_nothing),
        cmocka_unit_test(strings_are_what_toml_says),
        cmocka_unit_test(numbers_are_what_toml_says),
        cmocka_unit_test(truth_has_two_words),
        cmocka_unit_test(arrays_hold_values_over_several_lines),
        cmocka_unit_test(an_error_stands_where_the_eye_should_look),
        cmocka_unit_test(what_toml_has_besides_is_refused_with_what_to_write),
        cmocka_unit_test(nothing_may_come_twice),
        cmocka_unit_test(every_byte_is_text),
        cmocka_unit_test(limits_are_said_and_hold),
        cmocka_unit_test(a_text_needs_no_zero_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
