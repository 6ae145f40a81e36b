/* The hash for tables: quality that tables need. The durable digest: the answers of `b2sum -l 256` (GNU coreutils). */
#include "harness/harness.h"

#include "base/checksum.h"
#include "base/digest.h"
#include "base/hash.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_words(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static int64_t count_collisions(uint64_t *hashes, int64_t count)
{
    int64_t collisions = 0;
    qsort(hashes, (size_t)count, sizeof *hashes, compare_words);
    for (int64_t i = 1; i < count; i++)
        collisions += hashes[i] == hashes[i - 1];
    return collisions;
}

static void a_hash_depends_on_bytes_size_and_seed_alone(void **state)
{
    (void)state;
    char text[128], moved[136];
    for (int i = 0; i < 128; i++)
        text[i] = (char)(i * 7);
    for (int size = 0; size <= 128; size++) {
        memset(moved, 0x55, sizeof moved);
        memcpy(moved + size % 8, text, (size_t)size);
        assert_int_equal(qni_hash_bytes(text, size, 5), qni_hash_bytes(moved + size % 8, size, 5));
        assert_int_not_equal(qni_hash_bytes(text, size, 5), qni_hash_bytes(text, size, 6));
    }
    assert_int_equal(qni_hash_bytes(NULL, 0, 1), qni_hash_bytes("x", 0, 1));
    static const char zeros[200];
    uint64_t hashes[200];
    for (int size = 0; size < 200; size++) /* zeros of all lengths */
        hashes[size] = qni_hash_bytes(zeros, size, 0);
    assert_int_equal(count_collisions(hashes, 200), 0);
    static uint64_t pairs[65536 + 256];
    for (int i = 0; i < 65536 + 256; i++) { /* all of one and of two bytes */
        unsigned char bytes[2] = {(unsigned char)i, (unsigned char)(i >> 8)};
        pairs[i] = qni_hash_bytes(bytes, i < 65536 ? 2 : 1, 0);
    }
    assert_int_equal(count_collisions(pairs, 65536 + 256), 0);
}

/* Each flipped bit of the input must flip each bit of the hash in half of the cases. With 2000 cases the share's
 * standard deviation is 0.0112; over some 80,000 pairs at a size the largest deviation to expect is 4.5 of them. */
static void expect_avalanche(int size, uint64_t *random)
{
    enum {
        CASES = 2000
    };
    unsigned char bytes[64];
    for (int bit = 0; bit < size * 8; bit++) {
        int flips[64] = {0};
        for (int i = 0; i < CASES; i++) {
            for (int j = 0; j < size; j++)
                bytes[j] = (unsigned char)test_random(random);
            uint64_t before = qni_hash_bytes(bytes, size, 0);
            bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ 1 << bit % 8);
            uint64_t changed = before ^ qni_hash_bytes(bytes, size, 0);
            for (int out = 0; out < 64; out++)
                flips[out] += (int)(changed >> out & 1);
        }
        for (int out = 0; out < 64; out++) {
            if (abs(flips[out] - CASES / 2) > CASES * 0.0112 * 6)
                fail_msg("size %d: bit %d flips bit %d in %d of %d cases", size, bit, out, flips[out], CASES);
        }
    }
}

static void every_input_bit_flips_every_output_bit_half_the_time(void **state)
{
    (void)state;
    test_not_short();
    uint64_t random = test_seed(11);
    static const int sizes[] = {3, 4, 7, 8, 13, 16, 17, 33, 50};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        expect_avalanche(sizes[i], &random);
}

static void a_word_hash_avalanches_too(void **state)
{
    (void)state;
    enum {
        CASES = 4000
    };
    uint64_t random = test_seed(12);
    for (int bit = 0; bit < 64; bit++) {
        int flips[64] = {0};
        for (int i = 0; i < CASES; i++) {
            uint64_t word = test_random(&random);
            uint64_t changed = qni_hash_word(word, 3) ^ qni_hash_word(word ^ UINT64_C(1) << bit, 3);
            for (int out = 0; out < 64; out++)
                flips[out] += (int)(changed >> out & 1);
        }
        for (int out = 0; out < 64; out++) /* two rounds leave a bias, which tables do not notice below a tenth */
            assert_true(abs(flips[out] - CASES / 2) < CASES / 10);
    }
}

/* Keys as tables have them. No two of 300,000 may collide in 64 bits (chance: 1 in 400 million), and the lowest and the
 * highest 16 bits must fill buckets as random ones do: a share of 1 - exp(-n/m) is in use, with a standard deviation
 * below 0.002. */
static void expect_spread(const char *what, uint64_t *hashes, int64_t count)
{
    enum {
        BUCKETS = 65536
    };
    for (int shift = 0; shift <= 48; shift += 48) {
        static bool used[BUCKETS];
        memset(used, 0, sizeof used);
        int64_t in_use = 0;
        for (int64_t i = 0; i < BUCKETS; i++) { /* as many keys as buckets */
            bool *bucket = &used[hashes[i] >> shift & (BUCKETS - 1)];
            in_use += !*bucket;
            *bucket = true;
        }
        double share = (double)in_use / BUCKETS;
        if (fabs(share - (1 - exp(-1))) > 0.01)
            fail_msg("%s: %.4f of the buckets are used by bits from %d", what, share, shift);
    }
    int64_t collisions = count_collisions(hashes, count);
    if (collisions != 0)
        fail_msg("%s: %" PRId64 " collisions", what, collisions);
}

static void structured_keys_spread_and_do_not_collide(void **state)
{
    (void)state;
    test_not_short();
    enum {
        COUNT = 300000
    };
    uint64_t *hashes = malloc(COUNT * sizeof *hashes);
    assert_non_null(hashes);
    char text[64];
    for (int64_t i = 0; i < COUNT; i++)
        hashes[i] = qni_hash_bytes(text, snprintf(text, sizeof text, "%" PRId64, i), 0);
    expect_spread("decimal numbers", hashes, COUNT);
    for (int64_t i = 0; i < COUNT; i++)
        hashes[i] = qni_hash_bytes(text, snprintf(text, sizeof text, "column_name_%08" PRId64 "_suffix", i), 0);
    expect_spread("long names that differ in the middle", hashes, COUNT);
    for (int64_t i = 0; i < COUNT; i++)
        hashes[i] = qni_hash_bytes(&i, 8, 0);
    expect_spread("small words", hashes, COUNT);
    for (int64_t i = 0; i < COUNT; i++) {
        double value = (double)i / 4;
        hashes[i] = qni_hash_bytes(&value, 8, 0);
    }
    expect_spread("doubles with many zero bits", hashes, COUNT);
    int64_t made = 0; /* two bits set of 800: 319,600 blocks */
    for (int first = 0; first < 800; first++) {
        for (int second = 0; second < first && made < COUNT; second++) {
            unsigned char sparse[100] = {0};
            sparse[first / 8] = (unsigned char)(1 << first % 8);
            sparse[second / 8] = (unsigned char)(sparse[second / 8] | 1 << second % 8);
            hashes[made++] = qni_hash_bytes(sparse, 100, 0);
        }
    }
    assert_int_equal(made, COUNT);
    expect_spread("sparse blocks", hashes, COUNT);
    for (int64_t i = 0; i < COUNT; i++)
        hashes[i] = qni_hash_word((uint64_t)i << 20, 0);
    expect_spread("words that end in zeros", hashes, COUNT);
    free(hashes);
}

static void expect_digest(qni_digest digest, const char *expected)
{
    char text[QNI_DIGEST_TEXT_SIZE];
    qni_digest_text(text, &digest);
    assert_string_equal(text, expected);
}

static const char digest_of_abc[] = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";

static void a_digest_is_blake2b_256(void **state)
{
    (void)state;
    char block[1000];
    memset(block, 'a', sizeof block);
    expect_digest(qni_digest_of(NULL, 0), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    expect_digest(qni_digest_of("abc", 3), digest_of_abc);
    expect_digest(qni_digest_of(block, 1000), "e00b0ddbf1e2cdaf5c898e1a5e8826ea3a2c339bcf2a478da2e5fca9ff126672");
    for (int64_t step = 1; step < 300; step += 7) { /* in pieces of any size */
        qni_digester d;
        qni_digest_init(&d);
        for (int64_t at = 0; at < 1000; at += step)
            qni_digest_bytes(&d, block + at, step < 1000 - at ? step : 1000 - at);
        expect_digest(qni_digest_final(&d), "e00b0ddbf1e2cdaf5c898e1a5e8826ea3a2c339bcf2a478da2e5fca9ff126672");
    }
}

static void values_are_digested_in_their_canonical_form(void **state)
{
    (void)state;
    qni_digester d;
    qni_digest_init(&d);
    qni_digest_string(&d, "hello",
                      -1); /* printf '\5\0\0\0\0\0\0\0hello\7\0\0\0\0\0\0\0\0\0\0\0\0\0\370?' | b2sum -l 256 */
    qni_digest_int64(&d, 7);
    qni_digest_double(&d, 1.5);
    expect_digest(qni_digest_final(&d), "196cf42b96db779449d3a851ed2fe057e85ba6ae7aa027e466a38426fb12f569");
    qni_digest_init(&d);
    qni_digest_double(&d, -(double)NAN); /* printf '\0\0\0\0\0\0\370\177' | b2sum -l 256 */
    expect_digest(qni_digest_final(&d), "c31eeb4ddf182abad8a8302943cae4d2dd953051bd2237b1b34e74df90806c03");
}

static void a_digest_reads_back_from_its_text(void **state)
{
    (void)state;
    qni_digest abc = qni_digest_of("abc", 3), read;
    assert_true(qni_digest_parse(&read, digest_of_abc, 64));
    assert_true(qni_digest_equal(&read, &abc));
    char text[QNI_DIGEST_TEXT_SIZE];
    memcpy(text, digest_of_abc, sizeof text);
    text[0] = 'B';
    assert_true(qni_digest_parse(&read, text, 64));
    assert_true(qni_digest_equal(&read, &abc));
    assert_false(qni_digest_parse(&read, text, 63));
    text[63] = 'g';
    assert_false(qni_digest_parse(&read, text, 64));
    text[63] = '8';
    assert_true(qni_digest_parse(&read, text, 64));
    assert_false(qni_digest_equal(&read, &abc));
}

/* By the same steps in Python, whose constants are pi's digits by Machin's formula. */
static void checksums_are_the_same_for_ever(void **state)
{
    (void)state;
    static const struct {
        int64_t size;
        uint64_t sum;
    } cases[] = {{0, UINT64_C(0xBC13060E2D1AAC79)},  {1, UINT64_C(0x8E9F0647FF6E678E)},
                 {63, UINT64_C(0x1B68BC65078B3FE6)}, {64, UINT64_C(0x13C5B6C50FA247E5)},
                 {65, UINT64_C(0xD89834451B469414)}, {1000, UINT64_C(0x45AAF4FDE7AE9B8A)}};
    uint8_t bytes[1000];
    for (int i = 0; i < 1000; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(qni_checksum(bytes, cases[i].size) == cases[i].sum);
    assert_true(qni_checksum(NULL, 0) == cases[0].sum);
}

static void every_flipped_bit_and_every_size_changes_the_checksum(void **state)
{
    (void)state;
    uint8_t zeros[200] = {0};
    for (int64_t size = 1; size <= 200; size += 1 + size / 5) {
        uint64_t sum = qni_checksum(zeros, size);
        assert_true(sum != qni_checksum(zeros, size - 1));
        for (int64_t i = 0; i < size * 8; i++) {
            zeros[i / 8] ^= (uint8_t)(1 << i % 8);
            assert_true(qni_checksum(zeros, size) != sum);
            zeros[i / 8] ^= (uint8_t)(1 << i % 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_the_same_for_ever),
        cmocka_unit_test(every_flipped_bit_and_every_size_changes_the_checksum),
        cmocka_unit_test(a_hash_depends_on_bytes_size_and_seed_alone),
        cmocka_unit_test(every_input_bit_flips_every_output_bit_half_the_time),
        cmocka_unit_test(a_word_hash_avalanches_too),
        cmocka_unit_test(structured_keys_spread_and_do_not_collide),
        cmocka_unit_test(a_digest_is_blake2b_256),
        cmocka_unit_test(values_are_digested_in_their_canonical_form),
        cmocka_unit_test(a_digest_reads_back_from_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
