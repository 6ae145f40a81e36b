/* Tables filled from rows of elsewhere, and dates and times as text. */
#include "harness/harness.h"

#include "array/table_build.h"
#include "base/time.h"

#include <math.h>
#include <string.h>

static qn_table *fresh(const char *const *names, int64_t count, const qn_allocator *allocator)
{
    qn_error err = qn_error_none();
    qn_table *table;
    assert_ok(qni_table_build_new(&table, names, count, "elsewhere", allocator, &err), &err);
    return table;
}

static void rows_are_there_after_many_reserves(void **state)
{
    (void)state;
    const char *names[] = {"n", "x"};
    qn_table *table = fresh(names, 2, NULL);
    assert_true(qni_table_build_type(table, 0, QN_TYPE_I64) && qni_table_build_type(table, 1, QN_TYPE_F64));
    for (int64_t i = 0; i < 1000; i++) {
        assert_true(qni_table_build_reserve(table, 1));
        ((int64_t *)qni_table_build_values(table, 0))[i] = i;
        if (i % 3 == 0)
            assert_true(qni_table_build_missing(table, 1, i));
        else
            ((double *)qni_table_build_values(table, 1))[i] = (double)i / 2;
        qni_table_build_rows(table, 1);
    }
    qni_table_build_finish(table);
    assert_int_equal(qn_table_row_count(table), 1000);
    assert_int_equal(qn_table_missing_count(table, 1), 334);
    for (int64_t i = 0; i < 1000; i++) {
        assert_int_equal(((const int64_t *)qn_table_values(table, 0))[i], i);
        assert_int_equal(qn_table_is_missing(table, 1, i), i % 3 == 0);
        if (i % 3 != 0)
            assert_true(qn_table_f64(table, 1)[i] == (double)i / 2);
    }
    qn_table_free(table);
}

static void a_column_of_nothing_takes_the_type_of_its_first_value(void **state)
{
    (void)state;
    const char *names[] = {"word"};
    qn_error err = qn_error_none();
    qn_table *table = fresh(names, 1, NULL);
    assert_true(qni_table_build_type(table, 0, QN_TYPE_F64) && qni_table_build_reserve(table, 20));
    for (int64_t i = 0; i < 9; i++) {
        assert_true(qni_table_build_missing(table, 0, i));
        qni_table_build_rows(table, 1);
    }
    assert_true(qni_table_build_type(table, 0, QN_TYPE_STRING));
    assert_ok(qni_table_build_string(table, 0, 9, "late", 4, &err), &err);
    qni_table_build_rows(table, 1);
    qni_table_build_finish(table);
    assert_int_equal(qn_table_column_type(table, 0), QN_TYPE_STRING);
    assert_int_equal(qn_table_missing_count(table, 0), 9);
    assert_string_equal(qn_table_string(table, 0, ((const int32_t *)qn_table_values(table, 0))[9]), "late");
    qn_table_free(table);
}

static void whole_numbers_become_doubles_and_what_is_missing_stays_so(void **state)
{
    (void)state;
    const char *names[] = {"x"};
    qn_table *table = fresh(names, 1, NULL);
    assert_true(qni_table_build_type(table, 0, QN_TYPE_I64) && qni_table_build_reserve(table, 4));
    int64_t *whole = qni_table_build_values(table, 0);
    whole[0] = -3;
    whole[1] = INT64_MAX;
    assert_true(qni_table_build_missing(table, 0, 2));
    qni_table_build_rows(table, 3);
    qni_table_build_widen(table, 0);
    ((double *)qni_table_build_values(table, 0))[3] = 0.5;
    qni_table_build_rows(table, 1);
    qni_table_build_finish(table);
    const double *x = qn_table_f64(table, 0);
    assert_true(x[0] == -3 && x[1] == 0x1p63 && isnan(x[2]) && x[3] == 0.5);
    assert_true(qn_table_is_missing(table, 0, 2));
    qn_table_free(table);
}

static void text_with_a_zero_byte_is_refused_with_its_place(void **state)
{
    (void)state;
    const char *names[] = {"word"};
    qn_error err = qn_error_none();
    qn_table *table = fresh(names, 1, NULL);
    assert_true(qni_table_build_type(table, 0, QN_TYPE_STRING) && qni_table_build_reserve(table, 1));
    assert_int_equal(qni_table_build_string(table, 0, 0, "a\0b", 3, &err), QN_DATA);
    assert_contains(err.message, "row 1, column \"word\"");
    qn_table_free(table);
}

static void single_bits_are_set_and_cleared(void **state)
{
    (void)state;
    const char *names[] = {"yes"};
    qn_table *table = fresh(names, 1, NULL);
    assert_true(qni_table_build_type(table, 0, QN_TYPE_BOOL) && qni_table_build_reserve(table, 70));
    for (int64_t i = 0; i < 70; i++) {
        qni_table_build_bool(table, 0, i, true);
        qni_table_build_bool(table, 0, i, i % 5 == 0);
        qni_table_build_rows(table, 1);
    }
    qni_table_build_finish(table);
    const uint8_t *bits = qn_table_values(table, 0);
    for (int64_t i = 0; i < 70; i++)
        assert_int_equal(bits[i / 8] >> (i % 8) & 1, i % 5 == 0);
    qn_table_free(table);
}

static qn_status build_all(const qn_allocator *allocator, void *user)
{
    (void)user;
    const char *names[] = {"a", "b"};
    qn_table *table;
    qn_status s = qni_table_build_new(&table, names, 2, "elsewhere", allocator, NULL);
    if (s != QN_OK)
        return s;
    bool all = qni_table_build_type(table, 0, QN_TYPE_F64) && qni_table_build_type(table, 1, QN_TYPE_F64) &&
               qni_table_build_reserve(table, 100) && qni_table_build_missing(table, 0, 0) &&
               qni_table_build_missing(table, 1, 0);
    if (all) {
        qni_table_build_rows(table, 1);
        all = qni_table_build_type(table, 1, QN_TYPE_STRING) &&
              qni_table_build_string(table, 1, 1, "x", 1, NULL) == QN_OK && qni_table_build_reserve(table, 500);
    }
    qn_table_free(table);
    return all ? QN_OK : QN_NOMEM;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(build_all, NULL, 100) > 8);
}

/* From Python's datetime: date(y, m, d).toordinal() - date(1970, 1, 1).toordinal(). */
static void dates_are_written_as_the_calendar_has_them(void **state)
{
    (void)state;
    static const struct {
        int64_t days;
        const char *text;
    } known[] = {{0, "1970-01-01"},       {-1, "1969-12-31"},      {11016, "2000-02-29"},  {20497, "2026-02-13"},
                 {-719162, "0001-01-01"}, {2932896, "9999-12-31"}, {-25509, "1900-02-28"}, {-25508, "1900-03-01"}};
    char text[QNI_TIME_TEXT_SIZE];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(qni_date_text(text, known[i].days), 10);
        assert_string_equal(text, known[i].text);
    }
    assert_int_equal(qni_date_text(text, -719163), 0);
    assert_int_equal(qni_date_text(text, 2932897), 0);
    assert_int_equal(qni_date_text(text, INT64_MAX), 0);
    assert_int_equal(qni_date_text(text, INT64_MIN), 0);
}

static void times_are_written_with_the_digits_that_they_have(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } known[] = {{0, "1970-01-01 00:00:00"},
                 {-1, "1969-12-31 23:59:59.999999"},
                 {INT64_C(1771021800500000), "2026-02-13 22:30:00.5"},
                 {INT64_C(253402300799999999), "9999-12-31 23:59:59.999999"},
                 {INT64_C(-62135596800000000), "0001-01-01 00:00:00"}};
    char text[QNI_TIME_TEXT_SIZE];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(qni_timestamp_text(text, known[i].us, ' '), strlen(known[i].text));
        assert_string_equal(text, known[i].text);
    }
    assert_int_equal(qni_timestamp_text(text, INT64_C(253402300800000000), 'T'), 0);
    assert_int_equal(qni_timestamp_text(text, INT64_MIN, 'T'), 0);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    uint64_t seed = test_seed(7);
    char text[QNI_TIME_TEXT_SIZE];
    for (int64_t i = 0; i < test_effort(20000, 2000000); i++) {
        int64_t days = test_random_below(&seed, 2932896 + 719162 + 1) - 719162;
        int64_t us = days * INT64_C(86400000000) + test_random_below(&seed, INT64_C(86400000000)), us_again;
        int32_t days_again;
        assert_true(qni_date_parse(&days_again, text, qni_date_text(text, days)));
        assert_int_equal(days_again, days);
        assert_true(qni_timestamp_parse(&us_again, text, qni_timestamp_text(text, us, 'T')));
        assert_int_equal(us_again, us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_there_after_many_reserves),
        cmocka_unit_test(a_column_of_nothing_takes_the_type_of_its_first_value),
        cmocka_unit_test(whole_numbers_become_doubles_and_what_is_missing_stays_so),
        cmocka_unit_test(text_with_a_zero_byte_is_refused_with_its_place),
        cmocka_unit_test(single_bits_are_set_and_cleared),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(dates_are_written_as_the_calendar_has_them),
        cmocka_unit_test(times_are_written_with_the_digits_that_they_have),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
