/* Random views of random arrays of every type come back from a .npy file, from its bytes and from an archive with the
 * same type, shape and bits. */
#include "harness/harness.h"

#include <quern/npz.h>

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

static void the_bytes_are_those_of_the_file(void **state)
{
    (void)state;
    uint64_t random = test_seed(12);
    for (int64_t n = test_effort(20, 2000); n > 0; n--) {
        qn_array a, b;
        qn_error err;
        void *bytes;
        int64_t size;
        char file[8192];
        random_view(&random, &a);
        assert_ok(qn_npy_write(&a, path, NULL, &err), &err);
        assert_ok(qn_npy_write_bytes(&bytes, &size, &a, NULL, &err), &err);
        FILE *in = fopen(path, "rb");
        assert_non_null(in);
        assert_true(size <= (int64_t)sizeof file);
        assert_int_equal(fread(file, 1, sizeof file, in), size);
        fclose(in);
        assert_memory_equal(file, bytes, (size_t)size);
        assert_ok(qn_npy_read_bytes(&b, bytes, size, "b", NULL, &err), &err);
        assert_same_bits(&a, &b);
        qn_npy_bytes_free(bytes, size, NULL);
        qn_array_fini(&a);
        qn_array_fini(&b);
    }
}

static void every_view_comes_back_from_an_archive(void **state)
{
    (void)state;
    static const char *const stems[] = {"", "x", "a/b c/", "größe.npy", "..."};
    enum {
        MOST = 6,
        STEMS = sizeof stems / sizeof stems[0]
    };
    if (!qn_has("zip")) {
        print_message("SKIPPED: archives of random views: libzip is not here\n");
        skip();
    }
    uint64_t random = test_seed(13);
    for (int64_t n = test_effort(300, 30000); n > 0; n--) {
        qn_array views[MOST];
        qn_npz_member members[MOST] = {0};
        char names[MOST][32];
        int64_t count = test_random_below(&random, MOST + 1), size;
        for (int64_t i = 0; i < count; i++) {
            random_view(&random, &views[i]);
            snprintf(names[i], sizeof names[i], "%s%d", stems[test_random_below(&random, STEMS)], (int)i);
            members[i] = (qn_npz_member){.name = names[i], .array = &views[i]};
        }
        qn_npz_write_options options;
        qn_npz_write_options_init(&options, sizeof options);
        options.level = test_random_below(&random, 2) == 0 ? 0 : test_random_below(&random, 10);
        void *bytes;
        qn_npz *npz;
        qn_error err;
        assert_ok(qn_npz_write_bytes(&bytes, &size, members, count, &options, NULL, &err), &err);
        assert_ok(qn_npz_read_bytes(&npz, bytes, size, "b", NULL, NULL, &err), &err);
        qn_npy_bytes_free(bytes, size, NULL);
        assert_int_equal(qn_npz_count(npz), count);
        for (int64_t i = 0; i < count; i++) {
            assert_string_equal(qn_npz_name(npz, i), names[i]);
            assert_same_bits(&views[i], qn_npz_array(npz, i));
            qn_array_fini(&views[i]);
        }
        qn_npz_free(npz);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_view_comes_back_bit_for_bit),
        cmocka_unit_test(the_bytes_are_those_of_the_file),
        cmocka_unit_test(every_view_comes_back_from_an_archive),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return (int)(unlink(path) != 0) + (int)(close(fd) != 0) + failed;
}
