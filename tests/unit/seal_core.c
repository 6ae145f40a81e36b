/* Sealing: the test vector of draft-irtf-cfrg-xchacha-03, A.3.1, and what must be refused. */
#include "harness/harness.h"

#include <quern/seal.h>

#include <string.h>

static const char plain[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";
static const uint8_t context[] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};

/* Nonce, ciphertext and tag as the draft prints them. */
static const uint8_t sealed[] = {
    0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51,
    0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b, 0x95, 0x76, 0x57, 0x94,
    0x93, 0xc0, 0xe9, 0x39, 0x57, 0x2a, 0x17, 0x00, 0x25, 0x2b, 0xfa, 0xcc, 0xbe, 0xd2, 0x90, 0x2c, 0x21, 0x39,
    0x6c, 0xbb, 0x73, 0x1c, 0x7f, 0x1b, 0x0b, 0x4a, 0xa6, 0x44, 0x0b, 0xf3, 0xa8, 0x2f, 0x4e, 0xda, 0x7e, 0x39,
    0xae, 0x64, 0xc6, 0x70, 0x8c, 0x54, 0xc2, 0x16, 0xcb, 0x96, 0xb7, 0x2e, 0x12, 0x13, 0xb4, 0x52, 0x2f, 0x8c,
    0x9b, 0xa4, 0x0d, 0xb5, 0xd9, 0x45, 0xb1, 0x1b, 0x69, 0xb9, 0x82, 0xc1, 0xbb, 0x9e, 0x3f, 0x3f, 0xac, 0x2b,
    0xc3, 0x69, 0x48, 0x8f, 0x76, 0xb2, 0x38, 0x35, 0x65, 0xd3, 0xff, 0xf9, 0x21, 0xf9, 0x66, 0x4c, 0x97, 0x63,
    0x7d, 0xa9, 0x76, 0x88, 0x12, 0xf6, 0x15, 0xc6, 0x8b, 0x13, 0xb5, 0x2e, 0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7,
    0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a, 0xcf, 0x49,
};

static void fill_key(uint8_t key[QN_SEAL_KEY_SIZE])
{
    for (int i = 0; i < QN_SEAL_KEY_SIZE; i++)
        key[i] = (uint8_t)(0x80 + i);
}

static void the_drafts_vector_is_opened(void **state)
{
    (void)state;
    uint8_t key[QN_SEAL_KEY_SIZE];
    char out[sizeof plain];
    qn_error err;
    fill_key(key);
    assert_int_equal(sizeof sealed, sizeof plain - 1 + QN_SEAL_OVERHEAD);
    assert_ok(qn_unseal(out, sealed, sizeof sealed, context, sizeof context, key, &err), &err);
    assert_memory_equal(out, plain, sizeof plain - 1);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    uint8_t key[QN_SEAL_KEY_SIZE], bytes[sizeof sealed], other[sizeof context];
    char out[sizeof plain], zeros[sizeof plain] = "";
    qn_error err;
    fill_key(key);
    for (size_t i = 0; i < sizeof sealed * 8; i++) {
        memcpy(bytes, sealed, sizeof sealed);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        memset(out, 1, sizeof out);
        assert_int_equal(qn_unseal(out, bytes, sizeof bytes, context, sizeof context, key, &err), QN_DATA);
        assert_memory_equal(out, zeros, sizeof plain - 1);
    }
    for (size_t i = 0; i < sizeof context * 8; i++) {
        memcpy(other, context, sizeof context);
        other[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(qn_unseal(out, sealed, sizeof sealed, other, sizeof other, key, &err), QN_DATA);
    }
    assert_int_equal(qn_unseal(out, sealed, sizeof sealed, NULL, 0, key, &err), QN_DATA);
    for (size_t i = 0; i < sizeof key * 8; i++) {
        key[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(qn_unseal(out, sealed, sizeof sealed, context, sizeof context, key, &err), QN_DATA);
        key[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_contains(err.message, "another key");
}

static void what_is_too_short_is_refused(void **state)
{
    (void)state;
    uint8_t key[QN_SEAL_KEY_SIZE];
    char out[sizeof plain];
    qn_error err;
    fill_key(key);
    for (int64_t size = 0; size < (int64_t)sizeof sealed; size++)
        assert_int_equal(qn_unseal(out, sealed, size, context, sizeof context, key, &err), QN_DATA);
    assert_int_equal(qn_unseal(NULL, NULL, 0, NULL, 0, key, &err), QN_DATA);
    assert_contains(err.message, "40 bytes");
}

static void what_was_sealed_opens_and_no_two_seals_are_the_same(void **state)
{
    (void)state;
    uint8_t key[QN_SEAL_KEY_SIZE], first[300 + QN_SEAL_OVERHEAD], second[300 + QN_SEAL_OVERHEAD];
    char bytes[300], out[300];
    qn_error err;
    fill_key(key);
    for (int i = 0; i < 300; i++)
        bytes[i] = (char)(i * 7);
    for (int64_t size = 0; size <= 300; size += 1 + size / 7) {
        int64_t whole = size + QN_SEAL_OVERHEAD;
        assert_ok(qn_seal(first, bytes, size, "place", 5, key, &err), &err);
        assert_ok(qn_seal(second, bytes, size, "place", 5, key, &err), &err);
        assert_memory_not_equal(first, second, 24);
        assert_memory_not_equal(first + 24, second + 24, (size_t)whole - 24);
        memset(out, 1, sizeof out);
        assert_ok(qn_unseal(size > 0 ? out : NULL, first, whole, "place", 5, key, &err), &err);
        assert_memory_equal(out, bytes, (size_t)size);
        assert_ok(qn_unseal(out, second, whole, "place", 5, key, NULL), NULL);
    }
    assert_ok(qn_seal(first, NULL, 0, NULL, 0, key, &err), &err);
    assert_ok(qn_unseal(out, first, QN_SEAL_OVERHEAD, "", 0, key, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_drafts_vector_is_opened),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(what_is_too_short_is_refused),
        cmocka_unit_test(what_was_sealed_opens_and_no_two_seals_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
