/* Every allocation of making, encoding and decoding values fails in turn: nothing leaks, what is missing is said. */
#include "harness/harness.h"
#include "harness/values.h"

#include <quern/datum.h>

#include <string.h>

static double numbers[] = {1, 2, 3, 4, 5, 6};

static qn_status make(qn_datum **out, qn_datum_kind kind, const qn_allocator *allocator)
{
    qn_array arrays[2];
    qn_status s = QN_OK;
    uint64_t random = 3;
    *out = NULL;
    for (int i = 0; i < 2; i++) /* not with the allocator under test */
        assert_ok(qn_array_wrap(&arrays[i], numbers, QN_DTYPE_F64, 2, (int64_t[]){2, 3}, (int64_t[]){8, 16}, NULL, NULL,
                                NULL, NULL),
                  NULL);
    if (kind == QN_DATUM_BYTES)
        s = qn_datum_bytes(out, "bytes", 5, allocator, NULL);
    else if (kind == QN_DATUM_JSON)
        s = qn_datum_json(out, "[1, 2]", -1, allocator, NULL);
    else if (kind == QN_DATUM_ARRAY)
        s = qn_datum_array(out, arrays, allocator, NULL);
    else if (kind == QN_DATUM_ARRAYS)
        s = qn_datum_arrays(out, arrays, NULL, 2, allocator, NULL);
    else {
        qn_table *table = test_table_of_all_types(&random, 20, allocator);
        s = table == NULL ? QN_NOMEM : qn_datum_table(out, table, allocator, NULL);
        if (s != QN_OK)
            qn_table_free(table);
    }
    for (int i = 0; i < 2; i++)
        qn_array_fini(&arrays[i]);
    assert_true((*out != NULL) == (s == QN_OK));
    return s;
}

static qn_status make_one(const qn_allocator *allocator, void *user)
{
    qn_datum *d;
    qn_status s = make(&d, *(qn_datum_kind *)user, allocator);
    qn_datum_unref(d);
    return s;
}

static qn_status there_and_back(const qn_allocator *allocator, void *user)
{
    qn_datum_kind kind = *(qn_datum_kind *)user;
    qn_datum *d, *again = NULL;
    void *bytes = NULL;
    int64_t size = 0;
    qn_status s = make(&d, kind, allocator);
    if (s == QN_OK)
        s = qn_datum_encode(&bytes, &size, d, NULL, allocator, NULL);
    if (s == QN_OK)
        s = qn_datum_decode(&again, kind, bytes, size, NULL, NULL, allocator, NULL);
    assert_true((again != NULL) == (s == QN_OK));
    if (s == QN_OK) {
        qn_digest a = qn_datum_digest(d), b = qn_datum_digest(again);
        assert_true(qn_digest_equal(&a, &b));
    }
    qn_datum_unref(again);
    qn_datum_encoded_free(bytes, size, allocator);
    qn_datum_unref(d);
    return s;
}

static void making_values_survives_every_failed_allocation(void **state)
{
    (void)state;
    for (int kind = QN_DATUM_BYTES; kind <= QN_DATUM_TABLE; kind++)
        assert_true(test_fault_sweep(make_one, &kind, 300) > (kind > QN_DATUM_JSON ? 5 : 1));
}

static void encoding_and_decoding_survive_every_failed_allocation(void **state)
{
    (void)state;
    for (int kind = QN_DATUM_BYTES; kind <= (qn_has("zip") ? QN_DATUM_TABLE : QN_DATUM_JSON); kind++)
        assert_true(test_fault_sweep(there_and_back, &kind, 2000) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making_values_survives_every_failed_allocation),
        cmocka_unit_test(encoding_and_decoding_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
