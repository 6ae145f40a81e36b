/* Random views of random bytes: a view has the digest of its copy, and of no other view; and values of arrays and
 * tables come back from bytes as they were, to the bit. */
#include "harness/harness.h"
#include "harness/values.h"

#include <quern/datum.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 6,
};

/* A view of new memory of random bytes: axes sliced, turned round and exchanged. */
static void random_view(qn_array *out, uint64_t *random)
{
    qn_dtype dtype = (qn_dtype)(1 + test_random_below(random, QN_DTYPE_U8));
    int32_t ndim = (int32_t)test_random_below(random, 5), axes[QN_ARRAY_MAX_DIMS];
    int64_t shape[QN_ARRAY_MAX_DIMS];
    qn_error err;
    for (int32_t k = 0; k < ndim; k++) {
        shape[k] = test_random_below(random, SIDE);
        axes[k] = k;
    }
    assert_ok(qn_array_init(out, dtype, ndim, shape, NULL, &err), &err);
    for (int64_t i = 0; i < qn_array_count(out) * qn_dtype_size(dtype); i++)
        ((uint8_t *)out->data)[i] = (uint8_t)test_random(random);
    for (int32_t k = 0; k < ndim; k++) {
        qn_array whole = *out;
        int64_t start = test_random_below(random, whole.shape[k] + 1), left = whole.shape[k] - start;
        int64_t step = 1 + test_random_below(random, 2), count = (left + step - 1) / step;
        if (count > 0 && test_random_below(random, 2) == 0) {
            start += (count - 1) * step;
            step = -step;
        }
        assert_ok(qn_array_slice(out, &whole, k, start, count, step, &err), &err);
        qn_array_fini(&whole);
        int32_t other = (int32_t)test_random_below(random, ndim), kept = axes[k];
        axes[k] = axes[other];
        axes[other] = kept;
    }
    qn_array sliced = *out;
    assert_ok(qn_array_transpose(out, &sliced, axes, &err), &err);
    qn_array_fini(&sliced);
}

static qn_digest digest_of(const qn_array *a)
{
    qn_digest d;
    qn_error err;
    assert_ok(qn_digest_array(&d, a, &err), &err);
    return d;
}

static void views_have_the_digests_of_their_copies(void **state)
{
    uint64_t *random = *state;
    for (int64_t n = test_effort(2000, 200000); n > 0; n--) {
        qn_array view, copy;
        qn_error err;
        random_view(&view, random);
        assert_ok(qn_array_copy(&copy, &view, NULL, &err), &err);
        qn_digest a = digest_of(&view), b = digest_of(&copy);
        assert_true(qn_digest_equal(&a, &b));
        int64_t size = qn_array_count(&copy) * qn_dtype_size(copy.dtype);
        if (size > 0) {
            ((uint8_t *)copy.data)[test_random_below(random, size)] ^= (uint8_t)(1 << test_random_below(random, 8));
            b = digest_of(&copy);
            assert_false(qn_digest_equal(&a, &b));
        }
        qn_array_fini(&copy);
        qn_array_fini(&view);
    }
}

/* Encodes, decodes; the caller unrefs both. */
static qn_datum *through_bytes(const qn_datum *d, uint64_t *random)
{
    qn_datum_options options = {.size = (int64_t)sizeof options, .compress = (int)test_random_below(random, 3)};
    void *bytes;
    int64_t size;
    qn_datum *again;
    qn_error err;
    assert_ok(qn_datum_encode(&bytes, &size, d, &options, NULL, &err), &err);
    assert_ok(qn_datum_decode(&again, qn_datum_kind_of(d), bytes, size, "b", NULL, NULL, &err), &err);
    qn_datum_encoded_free(bytes, size, NULL);
    qn_digest a = qn_datum_digest(d), b = qn_datum_digest(again);
    assert_true(qn_digest_equal(&a, &b));
    return again;
}

static void arrays_come_back_as_they_were(void **state)
{
    uint64_t *random = *state;
    for (int64_t n = qn_has("zip") ? test_effort(150, 20000) : 0; n > 0; n--) {
        qn_array arrays[3];
        int64_t count = 0;
        qn_error err;
        qn_datum *d;
        while (count < test_random_below(random, 4)) {
            random_view(&arrays[count], random);
            if (arrays[count].dtype != QN_DTYPE_BF16) /* which NumPy has not */
                count++;
            else
                qn_array_fini(&arrays[count]);
        }
        assert_ok(qn_datum_arrays(&d, arrays, NULL, count, NULL, &err), &err);
        qn_datum *again = through_bytes(d, random);
        assert_int_equal(qn_datum_array_count(again), count);
        for (int64_t i = 0; i < count; i++) {
            assert_same_array(&arrays[i], qn_datum_array_at(d, i));
            assert_same_array(&arrays[i], qn_datum_array_at(again, i));
            qn_array_fini(&arrays[i]);
        }
        qn_datum_unref(again);
        qn_datum_unref(d);
    }
}

static void tables_come_back_as_they_were(void **state)
{
    uint64_t *random = *state;
    for (int64_t n = qn_has("zip") ? test_effort(60, 5000) : 0; n > 0; n--) {
        qn_error err;
        qn_datum *d;
        qn_table *table = test_table_of_all_types(random, test_random_below(random, 70), NULL);
        assert_non_null(table);
        assert_ok(qn_datum_table(&d, table, NULL, &err), &err);
        qn_datum *again = through_bytes(d, random);
        assert_same_table(table, qn_datum_table_of(again));
        qn_datum_unref(again);
        qn_datum_unref(d);
    }
}

int main(void)
{
    static uint64_t random;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(views_have_the_digests_of_their_copies, &random),
        cmocka_unit_test_prestate(arrays_come_back_as_they_were, &random),
        cmocka_unit_test_prestate(tables_come_back_as_they_were, &random),
    };
    random = test_seed(8);
    if (!qn_has("zip"))
        print_message("SKIPPED: without libzip no array comes back from bytes\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
