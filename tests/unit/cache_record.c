/* Entries as bytes: they come back as they were; what is damaged, newer, sealed or another program's is told. */
#include "harness/harness.h"

#include "base/checksum.h"
#include "store/cache_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t seal_key[QN_SEAL_KEY_SIZE] = {1, 2, 3}, other_key[QN_SEAL_KEY_SIZE] = {1, 2, 4};
static const uint64_t names[] = {UINT64_C(0x0123456789ABCDEF), 7};

static qni_cache_key key_of(const char *text)
{
    int64_t size = (int64_t)strlen(text);
    return (qni_cache_key){.bytes = text, .size = size, .name = qni_cache_name(text, size)};
}

static qni_cache_value value_of(qn_datum *datum)
{
    return (qni_cache_value){
        .datum = datum,
        .deadline = {.ttl_ns = 5000, .boot_ns = 123, .wall_ns = -456, .boot_id = "fifteen letters"},
        .stored_ns = INT64_MAX - 1,
        .depends = names,
        .depend_count = 2,
        .own_file = true,
    };
}

static qni_record record_of(qn_datum *datum, const qni_record_keys *keys)
{
    qni_record record;
    qni_cache_key key = key_of("a key");
    qni_cache_value value = value_of(datum);
    qn_error err;
    assert_ok(qni_record_encode(&record, &key, &value, keys, NULL, &err), &err);
    return record;
}

static qn_datum *bytes_of(const char *text)
{
    qn_datum *d;
    qn_error err;
    assert_ok(qn_datum_bytes(&d, text, (int64_t)strlen(text), NULL, &err), &err);
    return d;
}

/* By a siphash-2-4 of its own in Python that gives the paper's test vector; the key is "quern cache name". */
static void names_of_keys_are_the_same_for_ever(void **state)
{
    (void)state;
    assert_true(qni_cache_name("", 0) == UINT64_C(0x11CBE4CD1C171E3B));
    assert_true(qni_cache_name("NVDA/2026-02-13", 15) == UINT64_C(0x69E8AA1D672846E0));
}

static void a_record_says_all_of_its_entry(void **state)
{
    (void)state;
    qn_datum *d = bytes_of("the value"), *again;
    qni_record_keys keys = {.values_version = -3};
    qni_record record = record_of(d, &keys);
    qni_record_view view;
    qn_error err;
    assert_int_equal(record.size, 112 + 2 * 8 + 5 + 1 + 9);
    assert_ok(qni_record_look(&view, record.bytes, record.size, &err), &err);
    assert_int_equal(view.key_size, 5);
    assert_string_equal(view.key, "a key");
    assert_true(view.deadline.ttl_ns == 5000 && view.deadline.boot_ns == 123 && view.deadline.wall_ns == -456);
    assert_memory_equal(view.deadline.boot_id, "fifteen letters", 16);
    assert_true(view.stored_ns == INT64_MAX - 1 && view.values_version == -3);
    assert_int_equal(view.depend_count, 2);
    assert_memory_equal(view.depends, names, sizeof names);
    assert_true(view.own_file && !view.absent && !view.sealed);
    assert_int_equal(view.kind, QN_DATUM_BYTES);
    assert_int_equal(view.payload_size, 9);
    assert_memory_equal(view.payload, "the value", 9);
    assert_ok(qni_record_datum(&again, &view, &keys, NULL, &err), &err);
    assert_string_equal(qn_datum_text(again, NULL), "the value");
    qn_datum_unref(again);
    qn_datum_unref(d);
    qni_record_free(&record, NULL);
    assert_null(record.bytes);
}

static void that_there_is_none_is_a_record_too(void **state)
{
    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        qni_record_keys keys = {.seal = sealed ? seal_key : NULL};
        qni_record record = record_of(NULL, &keys);
        qni_record_view view;
        qn_datum *again = (qn_datum *)&view;
        qn_error err;
        assert_ok(qni_record_look(&view, record.bytes, record.size, &err), &err);
        assert_true(view.absent);
        assert_ok(qni_record_datum(&again, &view, &keys, NULL, &err), &err);
        assert_null(again);
        qni_record_free(&record, NULL);
    }
}

static void every_kind_is_kept_sealed_or_not(void **state)
{
    (void)state;
    double x[] = {1, 2, 3};
    qn_array array;
    qn_error err;
    qn_datum *values[4], *again;
    assert_ok(qn_array_wrap(&array, x, QN_DTYPE_F64, 1, (int64_t[]){3}, NULL, NULL, NULL, NULL, &err), &err);
    assert_ok(qn_datum_bytes(&values[0], NULL, 0, NULL, &err), &err);
    assert_ok(qn_datum_json(&values[1], "[1, 2]", -1, NULL, &err), &err);
    assert_ok(qn_datum_array(&values[2], &array, NULL, &err), &err);
    assert_ok(qn_datum_arrays(&values[3], &array, NULL, 1, NULL, &err), &err);
    for (int i = 0; i < 8; i++) {
        qni_record_keys keys = {.seal = i % 2 == 1 ? seal_key : NULL};
        qni_cache_key key = key_of("k");
        qni_cache_value value = {.datum = values[i / 2]};
        qni_record record;
        qni_record_view view;
        if (i / 2 >= 2 && !qn_has("zip")) {
            assert_int_equal(qni_record_encode(&record, &key, &value, &keys, NULL, &err), QN_UNAVAILABLE);
            continue;
        }
        assert_ok(qni_record_encode(&record, &key, &value, &keys, NULL, &err), &err);
        assert_ok(qni_record_look(&view, record.bytes, record.size, &err), &err);
        assert_ok(qni_record_datum(&again, &view, &keys, NULL, &err), &err);
        qn_digest a = qn_datum_digest(values[i / 2]), b = qn_datum_digest(again);
        assert_true(qn_digest_equal(&a, &b));
        qn_datum_unref(again);
        qni_record_free(&record, NULL);
    }
    for (int i = 0; i < 4; i++)
        qn_datum_unref(values[i]);
    qn_array_fini(&array);
}

static void every_flipped_bit_and_every_cut_is_seen(void **state)
{
    (void)state;
    qn_datum *d = bytes_of("the value");
    qni_record_keys keys = {0};
    qni_record record = record_of(d, &keys);
    qni_record_view view;
    qn_error err;
    uint8_t *bytes = record.bytes;
    for (int64_t i = 0; i < record.size * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(qni_record_look(&view, bytes, record.size, &err), QN_DATA);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (int64_t size = 0; size < record.size; size++)
        assert_int_equal(qni_record_look(&view, bytes, size, &err), QN_DATA);
    assert_contains(err.message, "damaged");
    assert_ok(qni_record_look(&view, bytes, record.size, &err), &err);
    qni_record_free(&record, NULL);
    qn_datum_unref(d);
}

/* Writes `size` bytes at `offset` of the record, whose checksum then fits again, as somebody would who means harm. */
static void forge(qni_record *record, int64_t offset, const void *bytes, int64_t size)
{
    char *to = record->bytes;
    memcpy(to + offset, bytes, (size_t)size);
    memcpy(to + 8, &(uint64_t){qni_checksum(to + 16, record->size - 16)}, 8);
}

static void a_newer_form_is_told_from_damage(void **state)
{
    (void)state;
    qn_datum *d = bytes_of("the value");
    qni_record_keys keys = {0};
    qni_record record = record_of(d, &keys);
    qni_record_view view;
    qn_error err;
    forge(&record, 16, &(uint32_t){2}, 4);
    assert_int_equal(qni_record_look(&view, record.bytes, record.size, &err), QN_LIMIT);
    assert_contains(err.message, "form 2");
    forge(&record, 16, &(uint32_t){0}, 4);
    assert_int_equal(qni_record_look(&view, record.bytes, record.size, &err), QN_DATA);
    qni_record_free(&record, NULL);
    qn_datum_unref(d);
}

static void a_forged_record_is_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t offset;
        int size;
        int64_t value;
    } cases[] = {
        {20, 4, 16},         {20, 4, 1},          {20, 4, 2}, /* unknown; absent; sealed */
        {24, 8, 144},        {24, 8, -1},         {32, 8, 8},          {32, 8, 10},   {32, 8, -1},
        {32, 8, INT64_MAX},  {40, 4, 0},          {40, 4, 6},          {40, 4, 4097}, {40, 4, 0x7FFFFFFF},
        {40, 4, 0xFFFFFFFF}, {44, 4, 3},          {44, 4, 0xFFFFFFFF}, {44, 4, 65},   {48, 4, 0},
        {48, 4, 6},          {48, 4, 0xFFFFFFFF}, {52, 4, 1},          {72, 8, -1},   {133, 1, 'x'},
    };
    qn_datum *d = bytes_of("the value");
    qni_record_keys keys = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qni_record record = record_of(d, &keys);
        qni_record_view view;
        forge(&record, cases[i].offset, &cases[i].value, cases[i].size);
        assert_int_equal(qni_record_look(&view, record.bytes, record.size, NULL), QN_DATA);
        assert_null(view.payload);
        qni_record_free(&record, NULL);
    }
    qn_datum_unref(d);
}

/* Everything behind the checksum but the payload is the seal's context. */
static void a_sealed_value_fits_no_other_entry(void **state)
{
    (void)state;
    qn_datum *d = bytes_of("the value"), *out;
    qni_record_keys keys = {.seal = seal_key};
    qni_record record = record_of(d, &keys);
    qni_record_view view;
    qn_error err;
    char *bytes = record.bytes;
    for (int64_t i = 0; i + 9 <= record.size; i++)
        assert_memory_not_equal(bytes + i, "the value", 9);
    int seen = 0;
    for (int64_t i = 16; i < record.size; i++) {
        char flipped = (char)(bytes[i] ^ 1);
        qni_record copy = {.bytes = malloc((size_t)record.size), .size = record.size};
        assert_non_null(copy.bytes);
        memcpy(copy.bytes, bytes, (size_t)record.size);
        forge(&copy, i, &flipped, 1);
        if (qni_record_look(&view, copy.bytes, copy.size, &err) == QN_OK) {
            assert_int_equal(
                qni_record_datum(&out, &view,
                                 &(qni_record_keys){.seal = seal_key, .values_version = view.values_version}, NULL,
                                 &err),
                QN_DATA);
            seen++;
        }
        free(copy.bytes);
    }
    assert_true(seen > 100);
    qni_record_free(&record, NULL);
    qn_datum_unref(d);
}

static void keys_and_versions_must_agree(void **state)
{
    (void)state;
    qn_datum *d = bytes_of("the value"), *out;
    qn_error err;
    qni_record_keys plain = {.values_version = 1}, sealed = {.seal = seal_key, .values_version = 1};
    const struct {
        qni_record_keys put, get;
        const char *says;
    } cases[] = {
        {plain, {.values_version = 2}, "version 1, not 2"},
        {plain, sealed, "not sealed"},
        {sealed, plain, "there is no key"},
        {sealed, {.seal = other_key, .values_version = 1}, "another key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qni_record record = record_of(d, &cases[i].put);
        qni_record_view view;
        assert_ok(qni_record_look(&view, record.bytes, record.size, &err), &err);
        assert_int_equal(qni_record_datum(&out, &view, &cases[i].get, NULL, &err), QN_DATA);
        assert_contains(err.message, cases[i].says);
        qni_record_free(&record, NULL);
    }
    qn_datum_unref(d);
}

/* ---- checksums ---- */

/* By a program in Python, written from the words at the head of base/checksum.c. */
static void the_checksum_is_the_one_that_it_always_was_also_of_what_is_copied(void **state)
{
    (void)state;
    static const struct {
        int64_t size;
        uint64_t sum;
    } cases[] = {{0, 0xBC13060E2D1AAC79},  {1, 0x335870358681526D},  {63, 0xECF96645F20745BF},
                 {64, 0x6A93BB3D6B90F031}, {65, 0x7EFDCC52EB617311}, {1000, 0x6B5747809D50C61F}};
    static _Atomic uint64_t words[125];
    char bytes[1000], copy[1001];
    for (int i = 0; i < 1000; i++)
        bytes[i] = (char)(i * 7 + 3);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        uint64_t word;
        memcpy(&word, bytes + 8 * i, sizeof word);
        atomic_init(&words[i], word);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(qni_checksum(bytes, cases[i].size), cases[i].sum);
    for (int64_t size = 0; size <= 1000; size++) {
        copy[size] = 77;
        assert_int_equal(qni_checksum_copy(copy, words, size), qni_checksum(bytes, size));
        assert_memory_equal(copy, bytes, (size_t)size);
        assert_int_equal(copy[size], 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_keys_are_the_same_for_ever),
        cmocka_unit_test(a_record_says_all_of_its_entry),
        cmocka_unit_test(that_there_is_none_is_a_record_too),
        cmocka_unit_test(every_kind_is_kept_sealed_or_not),
        cmocka_unit_test(every_flipped_bit_and_every_cut_is_seen),
        cmocka_unit_test(a_newer_form_is_told_from_damage),
        cmocka_unit_test(a_forged_record_is_refused),
        cmocka_unit_test(a_sealed_value_fits_no_other_entry),
        cmocka_unit_test(keys_and_versions_must_agree),
        cmocka_unit_test(the_checksum_is_the_one_that_it_always_was_also_of_what_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
