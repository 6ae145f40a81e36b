/* What drivers share: values to bind, values into tables and out of them, quoted names, hidden passwords, SQLSTATEs. */
#include "harness/harness.h"

#include "array/table_build.h"
#include "store/store_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void values_say_what_they_are(void **state)
{
    (void)state;
    assert_int_equal(qn_value_null().type, QN_VALUE_NULL);
    assert_int_equal(qn_value_bool(true).i64, 1);
    assert_int_equal(qn_value_i64(-5).i64, -5);
    assert_true(qn_value_f64(0.5).f64 == 0.5 && qn_value_f64(0.5).i64 == 0);
    assert_int_equal(qn_value_text("abc", -1).size, 3);
    assert_int_equal(qn_value_text("abc", 2).size, 2);
    assert_int_equal(qn_value_text(NULL, -1).size, 0);
    assert_non_null(qn_value_text(NULL, -1).bytes);
    assert_int_equal(qn_value_bytes("a\0b", 3).size, 3);
    assert_int_equal(qn_value_date(20497).type, QN_VALUE_DATE);
    assert_int_equal(qn_value_timestamp(1).type, QN_VALUE_TIMESTAMP);
    assert_int_equal(qn_value_decimal("12.50", -1).size, 5);
    assert_int_equal(qn_value_literal("x", -1).type, QN_VALUE_LITERAL);
}

static void a_sqlstate_comes_back_from_its_number(void **state)
{
    (void)state;
    static const char *const states[] = {"00000", "42P01", "23505", "57014", "ZZZZZ", "XX000", "08006"};
    for (int i = 0; i < 7; i++) {
        char text[6];
        int packed = qn_sqlstate_pack(states[i]);
        assert_true(packed > 0);
        qn_sqlstate_text(text, packed);
        assert_string_equal(text, states[i]);
    }
    static const char *const none[] = {"", "4200", "420011", "42p01", "42 01"};
    for (int i = 0; i < 5; i++)
        assert_int_equal(qn_sqlstate_pack(none[i]), 0);
    assert_int_equal(qn_sqlstate_pack(NULL), 0);
    char text[6] = "12345";
    qn_sqlstate_text(text, 0);
    assert_string_equal(text, "");
    qn_sqlstate_text(text, -1);
    assert_string_equal(text, "");
    qn_sqlstate_text(text, INT32_MAX);
    assert_string_equal(text, "");
}

static void a_table_s_name_is_quoted_part_by_part(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"prices", "\"prices\""},
                                           {"market.prices", "\"market\".\"prices\""},
                                           {"my \"t\"; --", "\"my \"\"t\"\"; --\""},
                                           {"K\xC3\xB6ln", "\"K\xC3\xB6ln\""}};
    for (int i = 0; i < 4; i++) {
        char *quoted;
        qn_error err = qn_error_none();
        assert_ok(qni_db_quote_name(&quoted, names[i][0], NULL, &err), &err);
        assert_string_equal(quoted, names[i][1]);
        qni_free(NULL, quoted, (int64_t)strlen(quoted) + 1, 1);
    }
    static const char *const wrong[] = {"", ".", "a.", ".b", "a..b", "a.b.c"};
    for (int i = 0; i < 6; i++) {
        char *quoted;
        assert_int_equal(qni_db_quote_name(&quoted, wrong[i], NULL, NULL), QN_INVALID);
        assert_null(quoted);
    }
}

static void a_secret_is_hidden_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *message, *secret, *hidden;
    } cases[] = {{"password pw9x, again pw9x", "pw9x", "password ***, again ***"},
                 {"pw9xpw9x", "pw9x", "******"},
                 {"a value, \"a\", user=a", "a", "* value, \"*\", user=*"},
                 {"pwd: pw, spw, pw_, pw", "pw", "pwd: **, spw, pw_, **"},
                 {"aaaa", "a", "aaaa"},
                 {"nothing here", "pw9x", "nothing here"},
                 {"kept", "", "kept"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qn_error err = qn_error_none();
        (void)snprintf(err.message, sizeof err.message, "%s", cases[i].message);
        qni_db_hide(&err, cases[i].secret);
        assert_string_equal(err.message, cases[i].hidden);
    }
    qn_error err = qn_error_none();
    memset(err.message, 'p', sizeof err.message - 1);
    memcpy(err.message + sizeof err.message - 5, "word", 5); /* of "wordless", for which there was no room */
    qni_db_hide(&err, "wordless");
    assert_string_equal(err.message + sizeof err.message - 6, "p***");
    qni_db_hide(&err, NULL);
    qni_db_hide(NULL, "x");
}

static qn_table *table_of(qn_type type)
{
    qn_table *table;
    qn_error err = qn_error_none();
    const char *name = "x";
    assert_ok(qni_table_build_new(&table, &name, 1, NULL, NULL, &err), &err);
    assert_true(qni_table_build_type(table, 0, type));
    assert_true(qni_table_build_reserve(table, 4));
    return table;
}

static qn_status put(qn_type type, qn_value value, qn_value *back, qn_error *err)
{
    qn_table *table = table_of(type);
    qn_status s = qni_db_put(table, 0, 0, &value, err);
    if (s == QN_OK) {
        qni_table_build_rows(table, 1);
        qni_table_build_finish(table);
        *back = qni_db_table_value(table, 0, 0);
        back->bytes = NULL; /* borrowed from the table */
    }
    qn_table_free(table);
    return s;
}

static void a_value_that_fits_comes_back_from_the_table(void **state)
{
    (void)state;
    static const struct {
        qn_type type;
        qn_value value;
    } cases[] = {{QN_TYPE_F64, {.type = QN_VALUE_F64, .f64 = 0.1}},
                 {QN_TYPE_I64, {.type = QN_VALUE_I64, .i64 = INT64_MIN}},
                 {QN_TYPE_BOOL, {.type = QN_VALUE_BOOL, .i64 = 1}},
                 {QN_TYPE_STRING, {.type = QN_VALUE_TEXT, .bytes = "word", .size = 4}},
                 {QN_TYPE_DATE, {.type = QN_VALUE_DATE, .i64 = -719162}},
                 {QN_TYPE_TIMESTAMP, {.type = QN_VALUE_TIMESTAMP, .i64 = INT64_C(253402300799999999)}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err = qn_error_none();
        qn_value back;
        assert_ok(put(cases[i].type, cases[i].value, &back, &err), &err);
        assert_int_equal(back.type, cases[i].value.type);
        assert_true(back.i64 == cases[i].value.i64 && back.f64 == cases[i].value.f64);
        assert_int_equal(back.size, cases[i].value.size);
        assert_int_equal(qni_db_table_type(cases[i].value.type), cases[i].type);
        assert_ok(put(cases[i].type, qn_value_null(), &back, &err), &err);
        assert_int_equal(back.type, QN_VALUE_NULL);
    }
    assert_int_equal(qni_db_table_type(QN_VALUE_NULL), QN_TYPE_AUTO);
    assert_int_equal(qni_db_table_type(QN_VALUE_BYTES), QN_TYPE_AUTO);
}

static void numbers_fit_a_column_of_doubles(void **state)
{
    (void)state;
    qn_value back;
    assert_int_equal(put(QN_TYPE_F64, qn_value_i64(INT64_C(9007199254740993)), &back, NULL), QN_OK);
    assert_true(back.f64 == 9007199254740992.0);
    assert_int_equal(put(QN_TYPE_F64, qn_value_decimal("12.50", -1), &back, NULL), QN_OK);
    assert_true(back.f64 == 12.5);
    assert_int_equal(put(QN_TYPE_F64, qn_value_decimal("NaN", -1), &back, NULL), QN_OK);
    assert_true(isnan(back.f64));
    assert_int_equal(put(QN_TYPE_F64, qn_value_decimal("1e", -1), &back, NULL), QN_DATA);
}

static void what_does_not_fit_is_said_with_its_place(void **state)
{
    (void)state;
    const struct {
        qn_type type;
        qn_value value;
        const char *words;
    } cases[] = {{QN_TYPE_F64, qn_value_text("x", -1), "text"},
                 {QN_TYPE_I64, qn_value_f64(0.5), "a number"},
                 {QN_TYPE_I64, qn_value_bool(true), "a truth value"},
                 {QN_TYPE_BOOL, qn_value_i64(1), "a whole number"},
                 {QN_TYPE_STRING, qn_value_bytes("x", 1), "bytes"},
                 {QN_TYPE_STRING, qn_value_i64(1), "a whole number"},
                 {QN_TYPE_STRING, qn_value_text("a\0b", 3), ""},
                 {QN_TYPE_DATE, qn_value_timestamp(0), "a timestamp"},
                 {QN_TYPE_DATE, qn_value_date(-719163), "a date"}, /* the year 0 */
                 {QN_TYPE_DATE, qn_value_date(2932897), "a date"}, /* the year 10000 */
                 {QN_TYPE_DATE, qn_value_date(INT64_MAX), "a date"},
                 {QN_TYPE_TIMESTAMP, qn_value_timestamp(INT64_C(253402300800000000)), "a timestamp"},
                 {QN_TYPE_TIMESTAMP, qn_value_timestamp(INT64_MIN), "a timestamp"},
                 {QN_TYPE_TIMESTAMP, qn_value_date(0), "a date"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err = qn_error_none();
        qn_value back;
        if (put(cases[i].type, cases[i].value, &back, &err) != QN_DATA)
            fail_msg("case %zu is taken", i);
        assert_contains(err.message, "row 1");
        assert_contains(err.message, "\"x\"");
        assert_contains(err.message, cases[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_say_what_they_are),
        cmocka_unit_test(a_sqlstate_comes_back_from_its_number),
        cmocka_unit_test(a_table_s_name_is_quoted_part_by_part),
        cmocka_unit_test(a_secret_is_hidden_wherever_it_stands),
        cmocka_unit_test(a_value_that_fits_comes_back_from_the_table),
        cmocka_unit_test(numbers_fit_a_column_of_doubles),
        cmocka_unit_test(what_does_not_fit_is_said_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
