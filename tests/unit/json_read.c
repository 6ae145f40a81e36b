/* Reading JSON: values, places of errors, limits; and that what was read is written the same. */
#include "harness/harness.h"

#include "base/json.h"

#include <string.h>

static json_t *must_read(const char *text)
{
    json_t *tree;
    qn_error err = qn_error_none();
    assert_ok(qni_json_read(&tree, text, (int64_t)strlen(text), "x.json", &err), &err);
    assert_non_null(tree);
    return tree;
}

static void expect_error(const char *text, qn_status status, int64_t line, int64_t column, const char *piece)
{
    json_t *tree = (json_t *)1;
    qn_error err = qn_error_none();
    assert_int_equal(qni_json_read(&tree, text, (int64_t)strlen(text), "x.json", &err), status);
    assert_null(tree);
    assert_int_equal(err.code, status);
    assert_contains(err.message, piece);
    if (err.line != line || err.column != column)
        fail_msg("\"%s\": %lld:%lld, not %lld:%lld (%s)", text, (long long)err.line, (long long)err.column,
                 (long long)line, (long long)column, err.message);
    assert_string_equal(err.file, "x.json");
    assert_int_equal(qni_json_read(&tree, text, (int64_t)strlen(text), NULL, NULL), status);
}

static void values_of_every_kind_are_read(void **state)
{
    (void)state;
    json_t *tree = must_read(" {\"a\": [1, -2.5e3, true, false, null, \"x\\u00e9\\ud83d\\ude00\"], \"b\": {}}\r\n");
    json_t *a = json_object_get(tree, "a");
    assert_int_equal(json_array_size(a), 6);
    assert_int_equal(json_integer_value(json_array_get(a, 0)), 1);
    assert_true(json_real_value(json_array_get(a, 1)) == -2500);
    assert_true(json_is_true(json_array_get(a, 2)));
    assert_true(json_is_false(json_array_get(a, 3)));
    assert_true(json_is_null(json_array_get(a, 4)));
    assert_string_equal(json_string_value(json_array_get(a, 5)), "x\xC3\xA9\xF0\x9F\x98\x80");
    assert_true(json_is_object(json_object_get(tree, "b")));
    json_decref(tree);
    tree = must_read("7"); /* a value alone is a text */
    assert_int_equal(json_integer_value(tree), 7);
    json_decref(tree);
}

static void an_error_has_the_place_where_the_bad_token_begins(void **state)
{
    (void)state;
    expect_error("", QN_SYNTAX, 1, 1, "empty");
    expect_error("{\"a\": 1,\n \"b\": oops}", QN_SYNTAX, 2, 7, "oops");
    expect_error("[1 2]", QN_SYNTAX, 1, 4, "'2'");
    expect_error("[1,\n2,\n", QN_SYNTAX, 3, 1, "");
    expect_error("{\"a\" 1}", QN_SYNTAX, 1, 6, "':' expected");
    expect_error("[1]]", QN_SYNTAX, 1, 4, "end of file expected");
    expect_error("{\"a\":1, \"a\":2}", QN_SYNTAX, 1, 9, "duplicate object key");
    expect_error("[\"\xC3\xA9\xC3\xA9\", x]", QN_SYNTAX, 1, 10, "'x'"); /* columns are bytes */
    expect_error("[01]", QN_SYNTAX, 1, 2, "");
    expect_error("[\"a\tb\"]", QN_SYNTAX, 1, 2, "control character");
}

static void what_cannot_be_kept_is_refused(void **state)
{
    (void)state;
    expect_error("[1e999]", QN_DATA, 1, 2, "overflow");
    expect_error("[9223372036854775808]", QN_DATA, 1, 2, "too big integer");
    expect_error("[\"a\\u0000b\"]", QN_SYNTAX, 1, 2, "\\u0000");
    json_t *tree;
    qn_error err;
    assert_int_equal(qni_json_read(&tree, "[\"\xFF\"]", 5, NULL, &err), QN_SYNTAX);
    assert_contains(err.message, "UTF-8");
    assert_int_equal(qni_json_read(&tree, "[\"a\0b\"]", 7, NULL, &err), QN_SYNTAX);
    assert_int_equal(qni_json_read(&tree, "null\0", 5, NULL, &err), QN_SYNTAX); /* jansson ends there */
    assert_int_equal(qni_json_read(&tree, "[]", QNI_JSON_SIZE_MAX + 1, NULL, &err), QN_LIMIT);
    assert_contains(err.message, "too large");
}

static void nesting_is_limited_but_brackets_in_strings_are_not(void **state)
{
    (void)state;
    char text[QNI_JSON_DEPTH_MAX * 2 + 64];
    memset(text, '[', QNI_JSON_DEPTH_MAX);
    memset(text + QNI_JSON_DEPTH_MAX, ']', QNI_JSON_DEPTH_MAX);
    text[QNI_JSON_DEPTH_MAX * 2] = 0;
    json_decref(must_read(text));
    memset(text, '[', sizeof text);
    text[sizeof text - 1] = 0;
    text[5] = '\n';
    expect_error(text, QN_LIMIT, 2, QNI_JSON_DEPTH_MAX - 4, "at most 128 levels");
    memset(text, '{', sizeof text);
    memcpy(text, "[\"\\\"", 4);
    strcpy(text + sizeof text - 3, "\"]");
    json_decref(must_read(text));
}

static void a_tree_is_written_as_it_was_read(void **state)
{
    (void)state;
    static const char text[] = "{\"z\":[1,-0.5,1e+300,\"\\n\xC3\xA9\",{\"k\":[]},true,false,null],\"a\":{}}\n";
    json_t *tree = must_read(text);
    qni_json_buffer buffer = {0};
    qni_json_writer w;
    qni_json_writer_init(&w, qni_json_buffer_sink, &buffer, 0);
    qni_json_tree(&w, tree);
    qn_error err = qn_error_none();
    assert_ok(qni_json_finish(&w, &err), &err);
    assert_string_equal(buffer.text, text);
    qni_json_buffer_free(&buffer);
    json_decref(tree);
    qni_json_writer_init(&w, qni_json_buffer_sink, &buffer, 0);
    qni_json_tree(&w, NULL);
    assert_int_equal(qni_json_finish(&w, NULL), QN_OK);
    assert_string_equal(buffer.text, "null\n");
    qni_json_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_read),
        cmocka_unit_test(an_error_has_the_place_where_the_bad_token_begins),
        cmocka_unit_test(what_cannot_be_kept_is_refused),
        cmocka_unit_test(nesting_is_limited_but_brackets_in_strings_are_not),
        cmocka_unit_test(a_tree_is_written_as_it_was_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
