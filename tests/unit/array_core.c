/* Arrays: memory, views, conversions. What views of views do is tested against a model in property/array_views.c. */
#include "harness/harness.h"

#include <quern/array.h>

#include "array/half.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

static void element_types_have_names_sizes_and_back(void **state)
{
    (void)state;
    static const struct {
        qn_dtype dtype;
        const char *name;
        int64_t size;
    } types[] = {{QN_DTYPE_F64, "f64", 8},   {QN_DTYPE_F32, "f32", 4}, {QN_DTYPE_F16, "f16", 2},
                 {QN_DTYPE_BF16, "bf16", 2}, {QN_DTYPE_I8, "i8", 1},   {QN_DTYPE_I16, "i16", 2},
                 {QN_DTYPE_I32, "i32", 4},   {QN_DTYPE_I64, "i64", 8}, {QN_DTYPE_U8, "u8", 1}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        qn_dtype back;
        assert_string_equal(qn_dtype_name(types[i].dtype), types[i].name);
        assert_int_equal(qn_dtype_size(types[i].dtype), types[i].size);
        assert_true(qn_dtype_from_name(&back, types[i].name));
        assert_int_equal(back, types[i].dtype);
    }
    qn_dtype none;
    assert_false(qn_dtype_from_name(&none, "float"));
    assert_string_equal(qn_dtype_name((qn_dtype)0), "?");
    assert_int_equal(qn_dtype_size((qn_dtype)77), 0);
}

static void a_new_array_is_row_major_cleared_and_aligned(void **state)
{
    (void)state;
    test_allocator t;
    test_allocator_init(&t);
    qn_array a;
    qn_error err;
    assert_ok(qn_array_init(&a, QN_DTYPE_F32, 3, (const int64_t[]){2, 3, 4}, &t.allocator, &err), &err);
    assert_int_equal(a.strides[0], 48);
    assert_int_equal(a.strides[1], 16);
    assert_int_equal(a.strides[2], 4);
    assert_int_equal(qn_array_count(&a), 24);
    assert_true(qn_array_is_contiguous(&a));
    assert_int_equal((uintptr_t)a.data % 64, 0);
    double value;
    assert_ok(qn_array_get(&value, &a, (const int64_t[]){1, 2, 3}, &err), &err);
    assert_true(value == 0);
    assert_ok(qn_array_set(&a, (const int64_t[]){1, 2, 3}, 0.1, &err), &err);
    assert_true(((float *)a.data)[23] == 0.1F);
    qn_array_fini(&a);
    assert_null(a.data);
    qn_array_fini(&a);
    qn_array_fini(NULL);
    assert_int_equal(t.live_bytes, 0);
}

static void an_array_may_be_empty_or_a_single_element(void **state)
{
    (void)state;
    qn_array a, b;
    qn_error err;
    assert_ok(qn_array_init(&a, QN_DTYPE_I64, 0, NULL, NULL, &err), &err);
    assert_int_equal(qn_array_count(&a), 1);
    assert_ok(qn_array_set(&a, NULL, 7, &err), &err);
    assert_ok(qn_array_reshape(&b, &a, 2, (const int64_t[]){1, 1}, &err), &err);
    double value;
    assert_ok(qn_array_get(&value, &b, (const int64_t[]){0, 0}, &err), &err);
    assert_true(value == 7);
    qn_array_fini(&b);
    assert_ok(qn_array_copy(&b, &a, NULL, &err), &err);
    assert_int_equal(*(int64_t *)b.data, 7);
    qn_array_fini(&b);
    qn_array_fini(&a);
    assert_ok(qn_array_init(&a, QN_DTYPE_F64, 3, (const int64_t[]){INT64_MAX / 8, 0, 1}, NULL, &err), &err);
    assert_int_equal(qn_array_count(&a), 0);
    assert_true(qn_array_is_contiguous(&a));
    assert_ok(qn_array_reshape(&b, &a, 1, (const int64_t[]){0}, &err), &err);
    qn_array_fini(&b);
    assert_ok(qn_array_copy(&b, &a, NULL, &err), &err);
    qn_array_fini(&b);
    assert_ok(qn_array_slice(&b, &a, 1, 0, 0, 1, &err), &err);
    qn_array_fini(&b);
    qn_array_fini(&a);
}

static void arrays_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        qn_dtype dtype;
        int32_t ndim;
        int64_t shape[9];
        const char *message;
    } cases[] = {
        {(qn_dtype)0, 1, {1}, "0 is no element type"},
        {QN_DTYPE_F64, 9, {1, 1, 1, 1, 1, 1, 1, 1, 1}, "0 to 8 axes, not 9"},
        {QN_DTYPE_F64, -1, {0}, "0 to 8 axes, not -1"},
        {QN_DTYPE_F64, 2, {3, -1}, "axis 1 cannot have -1 elements"},
        {QN_DTYPE_F64, 1, {INT64_MAX / 4}, "does not fit"},
        {QN_DTYPE_U8, 3, {INT64_MAX, 0, 2}, "does not fit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_array a;
        qn_error err;
        assert_int_equal(qn_array_init(&a, cases[i].dtype, cases[i].ndim, cases[i].shape, NULL, &err), QN_INVALID);
        assert_contains(err.message, cases[i].message);
        assert_null(a.data);
        assert_null(a.owner);
    }
    qn_array a;
    double x = 1;
    const int64_t shape[] = {4, 2};
    assert_int_equal(
        qn_array_wrap(&a, &x, QN_DTYPE_F64, 2, shape, (const int64_t[]){INT64_MAX / 2, 8}, NULL, NULL, NULL, NULL),
        QN_INVALID);
    assert_int_equal(
        qn_array_wrap(&a, &x, QN_DTYPE_F64, 2, shape, (const int64_t[]){INT64_MIN, 8}, NULL, NULL, NULL, NULL),
        QN_INVALID);
    assert_int_equal(qn_array_wrap(&a, NULL, QN_DTYPE_F64, 2, shape, NULL, NULL, NULL, NULL, NULL), QN_INVALID);
}

static void count_release(void *user)
{
    ++*(int *)user;
}

static void wrapped_memory_is_released_after_its_last_view(void **state)
{
    (void)state;
    test_allocator t;
    test_allocator_init(&t);
    int released = 0;
    double values[6] = {1, 2, 3, 4, 5, 6};
    qn_array a, b, c;
    qn_error err;
    assert_ok(qn_array_wrap(&a, values, QN_DTYPE_F64, 2, (const int64_t[]){2, 3}, NULL, count_release, &released,
                            &t.allocator, &err),
              &err);
    assert_ok(qn_array_transpose(&b, &a, NULL, &err), &err);
    qn_array_view(&c, &b);
    qn_array_fini(&a);
    qn_array_fini(&b);
    assert_int_equal(released, 0);
    assert_ok(qn_array_set(&c, (const int64_t[]){2, 0}, 9, &err), &err);
    assert_true(values[2] == 9);
    qn_array_fini(&c);
    assert_int_equal(released, 1);
    assert_int_equal(t.live_bytes, 0);
    /* the memory of a wrap that fails stays the caller's */
    t.fail_at = t.allocations + 1;
    assert_int_equal(qn_array_wrap(&a, values, QN_DTYPE_F64, 1, (const int64_t[]){6}, NULL, count_release, &released,
                                   &t.allocator, &err),
                     QN_NOMEM);
    assert_int_equal(released, 1);
}

static void wrapped_memory_need_not_be_aligned(void **state)
{
    (void)state;
    char bytes[32] = {0};
    double x = 2.5, value;
    memcpy(bytes + 3 + 8, &x, sizeof x);
    qn_array a, b;
    qn_error err;
    assert_ok(qn_array_wrap(&a, bytes + 3, QN_DTYPE_F64, 1, (const int64_t[]){3}, NULL, NULL, NULL, NULL, &err), &err);
    assert_ok(qn_array_get(&value, &a, (const int64_t[]){1}, &err), &err);
    assert_true(value == 2.5);
    assert_ok(qn_array_copy(&b, &a, NULL, &err), &err);
    assert_true(((double *)b.data)[1] == 2.5);
    qn_array_fini(&b);
    qn_array_fini(&a);
}

static void places_outside_are_refused(void **state)
{
    (void)state;
    qn_array a, b;
    qn_error err;
    assert_ok(qn_array_init(&a, QN_DTYPE_I32, 2, (const int64_t[]){3, 4}, NULL, &err), &err);
    static const struct {
        int32_t axis;
        int64_t start, count, step;
    } slices[] = {{0, 0, 4, 1},
                  {0, 3, 1, 1},
                  {0, -1, 1, 1},
                  {0, 0, 2, 0},
                  {0, 2, 4, -1},
                  {1, 1, 2, 3},
                  {2, 0, 1, 1},
                  {-1, 0, 1, 1},
                  {0, 0, -1, 1},
                  {0, 4, 0, 1},
                  {1, 0, 3, INT64_MAX},
                  {1, 3, 3, INT64_MIN},
                  {1, 3, INT64_MAX, INT64_MAX},
                  {1, INT64_MAX, 2, 1}};
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
        assert_int_equal(qn_array_slice(&b, &a, slices[i].axis, slices[i].start, slices[i].count, slices[i].step, &err),
                         QN_INVALID);
        assert_null(b.owner);
    }
    assert_int_equal(qn_array_slice(&b, &a, 0, 1, 3, 1, &err), QN_INVALID);
    assert_string_equal(err.message, "axis 0 has 3 elements: 3 from 1 on in steps of 1 are not inside");
    assert_int_equal(qn_array_pick(&b, &a, 1, 4, &err), QN_INVALID);
    assert_string_equal(err.message, "axis 1 has 4 elements, none at 4");
    assert_int_equal(qn_array_pick(&b, &a, 2, 0, &err), QN_INVALID);
    double value;
    assert_int_equal(qn_array_get(&value, &a, (const int64_t[]){3, 0}, &err), QN_INVALID);
    assert_int_equal(qn_array_get(&value, &a, (const int64_t[]){0, -1}, &err), QN_INVALID);
    assert_int_equal(qn_array_set(&a, (const int64_t[]){0, 4}, 1, &err), QN_INVALID);
    assert_int_equal(qn_array_transpose(&b, &a, (const int32_t[]){1, 1}, &err), QN_INVALID);
    assert_int_equal(qn_array_transpose(&b, &a, (const int32_t[]){0, 2}, &err), QN_INVALID);
    assert_int_equal(qn_array_reshape(&b, &a, 2, (const int64_t[]){3, 5}, &err), QN_INVALID);
    assert_string_equal(err.message, "12 elements cannot become 15");
    assert_int_equal(qn_array_reshape(&b, &a, 1, (const int64_t[]){-12}, &err), QN_INVALID);
    qn_array_fini(&a);
    assert_int_equal(qn_array_get(&value, &a, NULL, &err), QN_INVALID);
}

static void a_transposed_array_cannot_be_flattened_without_a_copy(void **state)
{
    (void)state;
    qn_array a, b, c;
    qn_error err;
    assert_ok(qn_array_init(&a, QN_DTYPE_F64, 2, (const int64_t[]){3, 4}, NULL, &err), &err);
    assert_ok(qn_array_transpose(&b, &a, NULL, &err), &err);
    assert_false(qn_array_is_contiguous(&b));
    assert_int_equal(qn_array_reshape(&c, &b, 1, (const int64_t[]){12}, &err), QN_INVALID);
    assert_contains(err.message, "copy the array first");
    assert_ok(qn_array_reshape(&c, &b, 4, (const int64_t[]){2, 2, 1, 3}, &err), &err); /* splits an axis */
    qn_array_fini(&c);
    assert_ok(qn_array_copy(&c, &b, NULL, &err), &err);
    assert_true(qn_array_is_contiguous(&c));
    qn_array_fini(&c);
    qn_array_fini(&b);
    qn_array_fini(&a);
}

static void integers_take_only_what_they_hold(void **state)
{
    (void)state;
    static const struct {
        qn_dtype dtype;
        double least, greatest;
    } types[] = {{QN_DTYPE_I8, -128, 127},
                 {QN_DTYPE_U8, 0, 255},
                 {QN_DTYPE_I16, -32768, 32767},
                 {QN_DTYPE_I32, -2147483648.0, 2147483647},
                 {QN_DTYPE_I64, -0x1p63, 0x1.fffffffffffffp62}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        qn_array a;
        qn_error err;
        double value;
        assert_ok(qn_array_init(&a, types[i].dtype, 0, NULL, NULL, &err), &err);
        const double good[] = {types[i].least, types[i].greatest, 0, 1};
        for (size_t k = 0; k < 4; k++) {
            assert_ok(qn_array_set(&a, NULL, good[k], &err), &err);
            assert_ok(qn_array_get(&value, &a, NULL, &err), &err);
            assert_true(value == good[k]);
        }
        const double above = types[i].dtype == QN_DTYPE_I64 ? 0x1p63 : types[i].greatest + 1;
        const double below = types[i].dtype == QN_DTYPE_I64 ? -0x1.0000000000001p63 : types[i].least - 1;
        const double bad[] = {above, below, 0.5, (double)NAN, (double)INFINITY, -(double)INFINITY};
        for (size_t k = 0; k < 6; k++) {
            assert_int_equal(qn_array_set(&a, NULL, bad[k], &err), QN_INVALID);
            assert_contains(err.message, "is not a value of type");
        }
        assert_ok(qn_array_get(&value, &a, NULL, &err), &err);
        assert_true(value == 1);
        qn_array_fini(&a);
    }
}

static void halves_have_the_values_of_the_standard(void **state)
{
    (void)state;
    /* IEEE 754-2008, binary16; bfloat16 is the upper half of binary32 */
    assert_true(qni_f16_to_double(0x3C00) == 1);
    assert_true(qni_f16_to_double(0x3555) == 0.333251953125);
    assert_true(qni_f16_to_double(0x7BFF) == 65504);
    assert_true(qni_f16_to_double(0x0400) == 0x1p-14);
    assert_true(qni_f16_to_double(0x03FF) == 0x1p-14 - 0x1p-24);
    assert_true(qni_f16_to_double(0x0001) == 0x1p-24);
    assert_true(qni_f16_to_double(0xC000) == -2);
    assert_true(qni_f16_to_double(0xFC00) == -(double)INFINITY);
    assert_true(isnan(qni_f16_to_double(0x7C01)));
    assert_true(signbit(qni_f16_to_double(0x8000)));
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        uint32_t word = bits << 16;
        float upper;
        memcpy(&upper, &word, sizeof upper);
        double value = qni_bf16_to_double((uint16_t)bits);
        assert_true(value == (double)upper || (isnan(value) && isnan(upper)));
    }
}

/* Every number, every middle between two neighbours and its neighbours among the doubles. */
static void assert_rounds_to_nearest(uint16_t (*from)(double), double (*to)(uint16_t), uint16_t infinite)
{
    for (unsigned sign = 0; sign < 2; sign++) {
        unsigned top = sign << 15;
        double factor = sign != 0 ? -1 : 1;
        for (unsigned bits = 0; bits < infinite; bits++) {
            double low = fabs(to((uint16_t)bits));
            /* beyond the largest number, infinity stands where the next number would */
            double high = bits + 1 < infinite ? to((uint16_t)(bits + 1)) : low + (low - to((uint16_t)(bits - 1)));
            double middle = (low + high) / 2;
            assert_int_equal(from(factor * low), top | bits);
            assert_int_equal(from(factor * middle), top | (bits + (bits & 1)));
            assert_int_equal(from(factor * nextafter(middle, 0)), top | bits);
            assert_int_equal(from(factor * nextafter(middle, (double)INFINITY)), top | (bits + 1));
        }
        assert_int_equal(from(factor * (double)INFINITY), top | infinite);
        assert_int_equal(from(factor * 1e300), top | infinite);
        assert_int_equal(from(factor * 5e-324), top);
        assert_int_equal(from(copysign((double)NAN, factor)) & ~0x3FFu, (top | infinite) & ~0x3FFu);
        assert_true(isnan(to(from(copysign((double)NAN, factor)))));
    }
}

static void doubles_become_the_nearest_half(void **state)
{
    (void)state;
    assert_rounds_to_nearest(qni_f16_from_double, qni_f16_to_double, 0x7C00);
    assert_rounds_to_nearest(qni_bf16_from_double, qni_bf16_to_double, 0x7F80);
    /* by way of float this would be rounded twice: up to the tie, then to even */
    assert_int_equal(qni_f16_from_double(1 + 0x1p-11 + 0x1p-40), 0x3C01);
}

static void elements_of_all_floating_types_convert(void **state)
{
    (void)state;
    static const qn_dtype types[] = {QN_DTYPE_F64, QN_DTYPE_F32, QN_DTYPE_F16, QN_DTYPE_BF16};
    static const double expected[] = {0.1, 0.10000000149011612, 0.0999755859375, 0.10009765625};
    for (size_t i = 0; i < 4; i++) {
        qn_array a;
        qn_error err;
        double value;
        assert_ok(qn_array_init(&a, types[i], 1, (const int64_t[]){2}, NULL, &err), &err);
        assert_ok(qn_array_set(&a, (const int64_t[]){1}, 0.1, &err), &err);
        assert_ok(qn_array_get(&value, &a, (const int64_t[]){1}, &err), &err);
        assert_true(value == expected[i]);
        qn_array_fini(&a);
    }
}

static void *view_and_end(void *user)
{
    const qn_array *shared = user;
    for (int i = 0; i < 10000; i++) {
        qn_array view, row;
        qn_array_view(&view, shared);
        if (qn_array_pick(&row, &view, 0, i % 3, NULL) == QN_OK)
            qn_array_fini(&row);
        qn_array_fini(&view);
    }
    return NULL;
}

static void views_come_and_go_in_several_threads(void **state)
{
    (void)state;
    int released = 0;
    double values[6] = {0};
    qn_array a;
    qn_error err;
    assert_ok(
        qn_array_wrap(&a, values, QN_DTYPE_F64, 2, (const int64_t[]){3, 2}, NULL, count_release, &released, NULL, &err),
        &err);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, view_and_end, &a), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(released, 0);
    qn_array_fini(&a);
    assert_int_equal(released, 1);
}

static qn_status make_and_copy(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_array a = {0}, b = {0}, c = {0}, w = {0};
    static char bytes[8];
    qn_status s = qn_array_init(&a, QN_DTYPE_F64, 2, (const int64_t[]){3, 4}, allocator, NULL);
    if (s == QN_OK)
        s = qn_array_transpose(&b, &a, NULL, NULL);
    if (s == QN_OK)
        s = qn_array_copy(&c, &b, allocator, NULL);
    if (s == QN_OK)
        s = qn_array_wrap(&w, bytes, QN_DTYPE_U8, 1, (const int64_t[]){8}, NULL, NULL, NULL, allocator, NULL);
    qn_array_fini(&a);
    qn_array_fini(&b);
    qn_array_fini(&c);
    qn_array_fini(&w);
    return s;
}

static void arrays_survive_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(make_and_copy, NULL, 100) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(element_types_have_names_sizes_and_back),
        cmocka_unit_test(a_new_array_is_row_major_cleared_and_aligned),
        cmocka_unit_test(an_array_may_be_empty_or_a_single_element),
        cmocka_unit_test(arrays_that_cannot_be_are_refused),
        cmocka_unit_test(wrapped_memory_is_released_after_its_last_view),
        cmocka_unit_test(wrapped_memory_need_not_be_aligned),
        cmocka_unit_test(places_outside_are_refused),
        cmocka_unit_test(a_transposed_array_cannot_be_flattened_without_a_copy),
        cmocka_unit_test(integers_take_only_what_they_hold),
        cmocka_unit_test(halves_have_the_values_of_the_standard),
        cmocka_unit_test(doubles_become_the_nearest_half),
        cmocka_unit_test(elements_of_all_floating_types_convert),
        cmocka_unit_test(views_come_and_go_in_several_threads),
        cmocka_unit_test(arrays_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
