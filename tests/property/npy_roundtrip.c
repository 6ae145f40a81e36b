/* Random views of random arrays of every type come back from a .npy file with the same type, shape and bits. */
#include "harness/harness.h"

#include <quern/npy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/quern-npy-XXXXXX";

/* An array of up to four axes filled with random bits, seen through a random transposition and slices. */
static void random_view(uint64_t *r, qn_array *out)
{
    static const qn_dtype dtypes[] = {QN_DTYPE_F64, QN_DTYPE_F32, QN_DTYPE_F16, QN_DTYPE_I8,
                                      QN_DTYPE_I16, QN_DTYPE_I32, QN_DTYPE_I64, QN_DTYPE_U8};
    int64_t shape[QN_ARRAY_MAX_DIMS];
    int32_t ndim = (int32_t)test_random_below(r, 5);
    for (int32_t k = 0; k < ndim; k++)
        shape[k] = test_random_below(r, 12) == 0 ? 0 : 1 + test_random_below(r, 6);
    qn_dtype dtype = dtypes[test_random_below(r, sizeof dtypes / sizeof dtypes[0])];
    qn_error err;
    qn_array a, b;
    assert_ok(qn_array_init(&a, dtype, ndim, shape, NULL, &err), &err);
    for (int64_t i = 0, size = qn_array_count(&a) * qn_dtype_size(dtype); i < size; i++)
        ((uint8_t *)a.data)[i] = (uint8_t)test_random(r);
    if (test_random_below(r, 2) == 0) {
        assert_ok(qn_array_transpose(&b, &a, NULL, &err), &err);
        qn_array_fini(&a);
        a = b;
    }
    for (int32_t k = 0; k < a.ndim; k++) {
        int64_t size = a.shape[k];
        if (size < 2 || test_random_below(r, 3) != 0)
            continue;
        bool back = test_random_below(r, 2) == 0;
        int64_t start = back ? size - 1 : test_random_below(r, 2);
        assert_ok(qn_array_slice(&b, &a, k, start, size / 2, back ? -2 : 1, &err), &err);
        qn_array_fini(&a);
        a = b;
    }
    *out = a;
}

static void assert_same_bits(const qn_array *a, const qn_array *b)
{
    assert_int_equal(a->dtype, b->dtype);
    assert_int_equal(a->ndim, b->ndim);
    for (int32_t k = 0; k < a->ndim; k++)
        assert_int_equal(a->shape[k], b->shape[k]);
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    for (int64_t n = qn_array_count(a); n > 0; n--) {
        const char *p = a->data, *q = b->data;
        for (int32_t k = 0; k < a->ndim; k++) {
            p += index[k] * a->strides[k];
            q += index[k] * b->strides[k];
        }
        assert_memory_equal(p, q, (size_t)qn_dtype_size(a->dtype));
        for (int32_t k = a->ndim - 1; k >= 0 && ++index[k] == a->shape[k]; k--)
            index[k] = 0;
    }
}

static void every_view_comes_back_bit_for_bit(void **state)
{
    (void)state;
    uint64_t random = test_seed(11);
    for (int64_t n = test_effort(200, 20000); n > 0; n--) { /* each a file, flushed to the disk */
        qn_array a, b;
        qn_error err;
        random_view(&random, &a);
        assert_ok(qn_npy_write(&a, path, NULL, &err), &err);
        assert_ok(qn_npy_read(&b, path, NULL, &err), &err);
        assert_same_bits(&a, &b);
        qn_array_fini(&a);
        qn_array_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_view_comes_back_bit_for_bit),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return (int)(unlink(path) != 0) + (int)(close(fd) != 0) + failed;
}
