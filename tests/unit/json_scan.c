/* JSON token by token: what RFC 8259 allows is taken, all else refused with its place, at any depth. */
#include "harness/harness.h"

#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

static void what_the_grammar_allows_is_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        " true\n",
        "false",
        "0",
        "-0",
        "-0.5e+10",
        "1E9",
        "123456789012345678901234567890",
        "1e999",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"",
        "[]",
        "{}",
        "[[],{},[1,2 , 3]]",
        "\t{\"a\" : 1 , \"a\":{\"\":[null]}}\r\n",
        "\"sixteen bytes in a string and more\"",
    };
    qn_error err;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_ok(qni_json_check(texts[i], (int64_t)strlen(texts[i]), NULL, &err), &err);
}

static void what_it_does_not_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column;
        const char *says;
    } cases[] = {
        {"", 1, 1, "ends where a value"},
        {" \n ", 2, 2, "ends where a value"},
        {"[1,]", 1, 4, "a value is expected"},
        {"[,1]", 1, 2, "a value is expected"},
        {"[1 2]", 1, 4, "a comma or ]"},
        {"[1", 1, 3, "a comma or ]"},
        {"[1}", 1, 3, "a comma or ]"},
        {"{\"a\":1,}", 1, 8, "a name in quotes"},
        {"{\"a\"}", 1, 5, "a colon"},
        {"{a:1}", 1, 2, "a name in quotes"},
        {"{\"a\":}", 1, 6, "a value is expected"},
        {"{\"a\":1 \"b\":2}", 1, 8, "a comma or }"},
        {"{\n\"a\":\nNaN}", 3, 1, "a value is expected"},
        {"nul", 1, 1, "a value is expected"},
        {"nulll", 1, 5, "behind the value"},
        {"1 2", 1, 3, "behind the value"},
        {"]", 1, 1, "a value is expected"},
        {"01", 1, 1, "no number"},
        {"-", 1, 1, "no number"},
        {"+1", 1, 1, "a value is expected"},
        {".5", 1, 1, "a value is expected"},
        {"1.", 1, 1, "no number"},
        {"1.e5", 1, 1, "no number"},
        {"1e", 1, 1, "no number"},
        {"1e+", 1, 1, "no number"},
        {"-a", 1, 1, "no number"},
        {"\"abc", 1, 5, "does not end"},
        {"\"abcdefghijklmno", 1, 17, "does not end"},
        {"\"a\tb\"", 1, 3, "control character"},
        {"\"12345678\x01\"", 1, 10, "control character"},
        {"\"\\x\"", 1, 2, "no escape"},
        {"\"\\u12g4\"", 1, 2, "no escape"},
        {"\"\\u12", 1, 2, "no escape"},
        {"\"\\", 1, 2, "no escape"},
        {"\"\xc3(\"", 1, 2, "not UTF-8"},
        {"\"\xed\xa0\x80\"", 1, 2, "not UTF-8"},
        {"\"\xc0\xaf\"", 1, 2, "not UTF-8"},
        {"\xef\xbb\xbf{}", 1, 1, "a value is expected"},
        {"'a'", 1, 1, "a value is expected"},
        {"[1] // one", 1, 5, "behind the value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err = qn_error_none();
        assert_int_equal(qni_json_check(cases[i].text, (int64_t)strlen(cases[i].text), "t.json", &err), QN_DATA);
        assert_contains(err.message, cases[i].says);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        assert_string_equal(err.file, "t.json");
    }
    assert_int_equal(qni_json_check("1\0", 2, NULL, NULL), QN_DATA);
    assert_int_equal(qni_json_check("[\0]", 3, NULL, NULL), QN_DATA);
    assert_int_equal(qni_json_check("\"\0\"", 3, NULL, NULL), QN_DATA);
    assert_int_equal(qni_json_check("\"\\\0\"", 4, NULL, NULL), QN_DATA);
}

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    enum {
        DEEP = 10000
    };
    static char text[2 * DEEP];
    qn_error err;
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    assert_ok(qni_json_check(text + DEEP - QNI_JSON_DEPTH_MAX, 2 * QNI_JSON_DEPTH_MAX, NULL, &err), &err);
    assert_int_equal(qni_json_check(text + DEEP - QNI_JSON_DEPTH_MAX - 1, 2 * QNI_JSON_DEPTH_MAX + 2, NULL, &err),
                     QN_DATA);
    assert_int_equal(qni_json_check(text, 2 * DEEP, NULL, &err), QN_DATA);
    assert_contains(err.message, "128 levels");
    assert_int_equal(err.column, 129);
    for (int i = 0; i < DEEP; i++)
        memcpy(text + 2 * i, "{\"", 2);
    assert_int_equal(qni_json_check(text, 2 * DEEP, NULL, &err), QN_DATA);
}

static void tokens_come_in_order_and_are_unescaped(void **state)
{
    (void)state;
    static const char text[] = "{\"k\\n\":[1.5,\"\\u00e9\\uD83D\\uDE00\\ud800x\\/\",true,false,null,{}]}";
    static const qni_json_kind kinds[] = {
        QNI_JSON_OBJECT,    QNI_JSON_KEY,        QNI_JSON_ARRAY, QNI_JSON_NUMBER, QNI_JSON_STRING,
        QNI_JSON_TRUE,      QNI_JSON_FALSE,      QNI_JSON_NULL,  QNI_JSON_OBJECT, QNI_JSON_OBJECT_END,
        QNI_JSON_ARRAY_END, QNI_JSON_OBJECT_END, QNI_JSON_END,
    };
    qni_json_scan scan;
    qni_json_token token;
    qn_error err;
    char out[64];
    qni_json_scan_init(&scan, text, (int64_t)strlen(text), NULL);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_ok(qni_json_next(&token, &scan, &err), &err);
        assert_int_equal(token.kind, kinds[i]);
        if (token.kind == QNI_JSON_KEY) {
            assert_int_equal(qni_json_unescape(out, &token), 2);
            assert_memory_equal(out, "k\n", 2);
        } else if (token.kind == QNI_JSON_NUMBER) {
            assert_int_equal(token.size, 3);
            assert_memory_equal(token.text, "1.5", 3);
        } else if (token.kind == QNI_JSON_STRING) {
            static const char expected[] = "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx/";
            assert_true(token.escaped);
            assert_int_equal(qni_json_unescape(out, &token), sizeof expected - 1);
            assert_memory_equal(out, expected, sizeof expected - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_grammar_allows_is_taken),
        cmocka_unit_test(what_it_does_not_is_refused_with_its_place),
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(tokens_come_in_order_and_are_unescaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
