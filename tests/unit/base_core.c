/* Statuses, the error record, allocation helpers. */
#include "harness/harness.h"

#include "base/alloc.h"
#include "base/error.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static void every_status_has_name_text_and_exit_code(void **state)
{
    (void)state;
    assert_string_equal(qn_status_name(QN_OK), "OK");
    assert_string_equal(qn_status_name(QN_NOMEM), "NOMEM");
    assert_string_equal(qn_status_text(QN_NOMEM), "out of memory");
    assert_int_equal(qn_status_exit_code(QN_OK), 0);
    assert_int_equal(qn_status_exit_code(QN_NOMEM), 71);
    assert_int_equal(qn_status_exit_code((qn_status)99), 70);
    assert_string_equal(qn_status_name((qn_status)99), "?");
}

static void an_error_keeps_place_and_sentence(void **state)
{
    (void)state;
    qn_error err;
    assert_int_equal(qni_error_at(&err, QN_DATA, "data.csv", 17, 3, "column \"%s\" is bad", "x"), QN_DATA);
    assert_int_equal(err.code, QN_DATA);
    assert_string_equal(err.file, "data.csv");
    assert_int_equal(err.line, 17);
    assert_int_equal(err.column, 3);
    assert_string_equal(err.message, "column \"x\" is bad");
    assert_non_null(err.source_file);
    assert_int_equal(qni_error(NULL, QN_IO, "nobody listens"), QN_IO);
}

static void a_long_file_name_keeps_its_tail(void **state)
{
    (void)state;
    char name[1000];
    memset(name, 'a', sizeof name);
    memcpy(name + sizeof name - 9, "tail.csv", 9);
    qn_error err;
    (void)qni_error_at(&err, QN_DATA, name, 1, 1, "x");
    assert_int_equal(strlen(err.file), sizeof err.file - 1);
    assert_string_equal(err.file + strlen(err.file) - 8, "tail.csv");
}

static void errno_chooses_the_status(void **state)
{
    (void)state;
    qn_error err;
    assert_int_equal(qni_error_errno(&err, QN_IO, ENOENT, "cannot open \"%s\"", "f"), QN_NO_INPUT);
    assert_contains(err.message, "cannot open \"f\": No such file");
    assert_int_equal(err.native, ENOENT);
    assert_int_equal(qni_error_errno(&err, QN_IO, ENOSPC, "w"), QN_IO);
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    int64_t out;
    assert_false(qni_size_mul(&out, INT64_MAX / 2, 3));
    assert_false(qni_size_add(&out, INT64_MAX, 1));
    assert_false(qni_size_mul(&out, -1, 3));
    assert_false(qni_size_round_up(&out, INT64_MAX - 3, 64));
    assert_true(qni_size_round_up(&out, 65, 64));
    assert_int_equal(out, 128);
    assert_null(qni_alloc(NULL, INT64_MAX / 2, 16));
}

static void blocks_are_aligned_and_grow(void **state)
{
    (void)state;
    test_allocator t;
    test_allocator_init(&t);
    int64_t *array = NULL;
    int64_t capacity = 0;
    for (int64_t i = 0; i < 1000; i++) {
        assert_true(qni_grow(&t.allocator, (void **)&array, &capacity, i + 1, sizeof *array));
        assert_int_equal((uintptr_t)array % QNI_ALIGN, 0);
        array[i] = i;
    }
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i);
    assert_true(t.allocations <= 12);
    qni_free(&t.allocator, array, capacity, sizeof *array);
    assert_int_equal(t.live_bytes, 0);
    char *copy = qni_copy_string(NULL, "hello", 4);
    assert_string_equal(copy, "hell");
    qni_free(NULL, copy, 5, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_name_text_and_exit_code), cmocka_unit_test(an_error_keeps_place_and_sentence),
        cmocka_unit_test(a_long_file_name_keeps_its_tail),          cmocka_unit_test(errno_chooses_the_status),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),        cmocka_unit_test(blocks_are_aligned_and_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
