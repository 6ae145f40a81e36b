/* The table of symbols: numbers in the order of names, what is refused, and that a name is all of its bytes. */
#include "harness/harness.h"

#include <quern/tick.h>

#include <stdio.h>
#include <string.h>

static qn_symbols *fresh(int64_t capacity)
{
    qn_symbols *s;
    qn_error err;
    assert_ok(qn_symbols_new(&s, capacity, NULL, &err), &err);
    return s;
}

static int32_t must_add(qn_symbols *s, const char *name)
{
    int32_t number;
    qn_error err;
    assert_ok(qn_symbols_add(&number, s, name, -1, &err), &err);
    return number;
}

static void names_are_numbered_in_the_order_in_which_they_come(void **state)
{
    (void)state;
    qn_symbols *s = fresh(3);
    assert_int_equal(qn_symbols_capacity(s), 3);
    assert_int_equal(must_add(s, "B"), 0);
    assert_int_equal(must_add(s, "A"), 1);
    assert_int_equal(must_add(s, "B"), 0);
    assert_int_equal(qn_symbols_count(s), 2);
    assert_int_equal(must_add(s, "\xC3\xA4\xC3\xB6"), 2);
    assert_string_equal(qn_symbols_name(s, 1), "A");
    assert_string_equal(qn_symbols_name(s, 2), "\xC3\xA4\xC3\xB6");
    assert_string_equal(qn_symbols_name(s, 3), "?");
    assert_string_equal(qn_symbols_name(s, -1), "?");
    qn_symbols_free(s);
    qn_symbols_free(NULL);
}

static void a_name_is_all_of_its_bytes(void **state)
{
    (void)state;
    qn_symbols *s = fresh(2); /* four slots: names meet */
    int32_t number;
    assert_int_equal(must_add(s, "AB"), 0);
    assert_int_equal(must_add(s, "ABC"), 1);
    assert_int_equal(qn_symbols_find(s, "ABCD", 2), 0);
    assert_int_equal(qn_symbols_find(s, "ABCD", 3), 1);
    assert_int_equal(qn_symbols_find(s, "ABCD", -1), -1);
    assert_int_equal(qn_symbols_find(s, "A", -1), -1);
    assert_int_equal(qn_symbols_find(s, "", -1), -1);
    assert_int_equal(qn_symbols_find(s, "abc", -1), -1);
    for (int64_t size = 3; size < QN_SYMBOL_NAME_MAX; size++) { /* zeros behind a name are no end of it */
        char text[QN_SYMBOL_NAME_MAX + 1] = "AB";
        assert_int_equal(qn_symbols_find(s, text, size), -1);
        assert_int_equal(qn_symbols_add(&number, s, text, size, NULL), QN_DATA);
    }
    qn_symbols_free(s);
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    qn_symbols *s = fresh(2);
    static const struct {
        const char *name, *says;
    } names[] = {
        {"", "a symbol is empty"},
        {"A\nB", "control character"},
        {"A\x7F", "control character"},
        {"\xC3", "not UTF-8"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ01234…\" has more than 31 bytes"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123\xC3\xA4", "\"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123…\" has more"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int32_t number = 7;
        qn_error err;
        /* a copy without anything behind it, so that a sanitizer sees what is read beyond */
        char text[64];
        size_t size = strlen(names[i].name);
        memcpy(text + sizeof text - size, names[i].name, size);
        assert_int_equal(qn_symbols_add(&number, s, text + sizeof text - size, (int64_t)size, &err), QN_DATA);
        assert_int_equal(number, -1);
        assert_contains(err.message, names[i].says);
    }
    assert_int_equal(qn_symbols_count(s), 0);
    assert_int_equal(must_add(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234"), 0);
    qn_symbols_free(s);
}

static void a_full_and_a_closed_table_take_no_more(void **state)
{
    (void)state;
    qn_symbols *s = fresh(2);
    int32_t number;
    qn_error err;
    assert_int_equal(must_add(s, "AAPL"), 0);
    assert_int_equal(must_add(s, "MSFT"), 1);
    assert_int_equal(qn_symbols_add(&number, s, "NVDA", -1, &err), QN_LIMIT);
    assert_contains(err.message, "there are more than 2 symbols: \"NVDA\" has no place");
    qn_symbols_close(s);
    assert_int_equal(must_add(s, "MSFT"), 1);
    assert_int_equal(qn_symbols_add(&number, s, "MSTF", -1, &err), QN_NAME);
    assert_contains(err.message, "unknown symbol \"MSTF\": did you mean \"MSFT\"?");
    assert_int_equal(qn_symbols_add(&number, s, "ZZZZZZ", -1, &err), QN_NAME);
    assert_string_equal(err.message, "unknown symbol \"ZZZZZZ\"");
    qn_symbols_free(s);
}

static void as_many_names_as_there_is_room_for_are_found(void **state)
{
    (void)state;
    enum {
        COUNT = 20000
    };
    qn_symbols *s = fresh(COUNT);
    char name[16];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof name, "X%d", i * 7);
        assert_int_equal(must_add(s, name), i);
    }
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof name, "X%d", i * 7);
        assert_int_equal(qn_symbols_find(s, name, -1), i);
        (void)snprintf(name, sizeof name, "X%d", i * 7 + 1);
        assert_int_equal(qn_symbols_find(s, name, -1), -1);
    }
    qn_symbols_free(s);
}

static void capacities_have_bounds(void **state)
{
    (void)state;
    qn_symbols *s;
    static const int64_t wrong[] = {0, -1, (1 << 20) + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(qn_symbols_new(&s, wrong[i], NULL, NULL), QN_INVALID);
        assert_null(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbered_in_the_order_in_which_they_come),
        cmocka_unit_test(a_name_is_all_of_its_bytes),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(a_full_and_a_closed_table_take_no_more),
        cmocka_unit_test(as_many_names_as_there_is_room_for_are_found),
        cmocka_unit_test(capacities_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
