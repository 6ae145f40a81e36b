/* Every allocation of writing and reading an entry's record fails in turn, sealed and not. */
#include "harness/harness.h"

#include "store/cache_int.h"

static const uint8_t seal_key[QN_SEAL_KEY_SIZE] = {1, 2, 3};

static qn_status there_and_back(const qn_allocator *allocator, void *user)
{
    const qni_record_keys *keys = user;
    qni_cache_key key = {.bytes = "key", .size = 3};
    qni_cache_value value = {0};
    qni_record record = {0};
    qni_record_view view;
    qn_datum *again = NULL;
    qn_status s = qn_datum_bytes(&value.datum, "bytes", 5, allocator, NULL);
    if (s == QN_OK)
        s = qni_record_encode(&record, &key, &value, keys, allocator, NULL);
    if (s == QN_OK)
        s = qni_record_look(&view, record.bytes, record.size, NULL);
    if (s == QN_OK)
        s = qni_record_datum(&again, &view, keys, allocator, NULL);
    assert_true((again != NULL) == (s == QN_OK));
    qn_datum_unref(again);
    qni_record_free(&record, allocator);
    qn_datum_unref(value.datum);
    return s;
}

static void records_survive_every_failed_allocation(void **state)
{
    (void)state;
    assert_int_equal(test_fault_sweep(there_and_back, &(qni_record_keys){0}, 20), 4);
    assert_int_equal(test_fault_sweep(there_and_back, &(qni_record_keys){.seal = seal_key}, 20), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
