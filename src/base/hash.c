/* base/hash.c: see hash.h. Every byte of the input, its size and the seed reach all 64 bits of the result. Any thread.
 */
#include "base/hash.h"

#include <assert.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* Odd words without structure: the fractions of the square roots of 2, 3, 5, 7, 11, 13 and 17, with the last bit set.
 */
enum {
    KEYS = 7
};
static const uint64_t keys[KEYS] = {0x6a09e667f3bcc909, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b};

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    u128 product = (u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load8(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint64_t load4(const unsigned char *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* The words that cover 0 … 16 bytes; they overlap where the size is none of 8 and 16. */
static inline void load_short(const unsigned char *p, uint64_t size, uint64_t *a, uint64_t *b)
{
    *a = *b = 0;
    if (size >= 8) {
        *a = load8(p);
        *b = load8(p + size - 8);
    } else if (size >= 4) {
        *a = load4(p);
        *b = load4(p + size - 4);
    } else if (size > 0) {
        *a = (uint64_t)p[0] << 16 | (uint64_t)p[size / 2] << 8 | p[size - 1];
    }
}

uint64_t qni_hash_bytes(const void *bytes, int64_t size, uint64_t seed)
{
    assert(size >= 0 && (bytes != NULL || size == 0));
    const unsigned char *p = bytes;
    uint64_t left = (uint64_t)size, a, b;
    seed ^= fold(seed ^ keys[0], keys[1] ^ left);
    if (left <= 16) {
        load_short(p, left, &a, &b);
    } else {
        uint64_t lane1 = seed, lane2 = seed;
        for (; left > 48; left -= 48, p += 48) {
            seed = fold(load8(p) ^ keys[2], load8(p + 8) ^ seed);
            lane1 = fold(load8(p + 16) ^ keys[3], load8(p + 24) ^ lane1);
            lane2 = fold(load8(p + 32) ^ keys[4], load8(p + 40) ^ lane2);
        }
        seed ^= lane1 ^ lane2;
        for (; left > 16; left -= 16, p += 16)
            seed = fold(load8(p) ^ keys[2], load8(p + 8) ^ seed);
        a = load8(p + left - 16); /* reaches back into what is already mixed in */
        b = load8(p + left - 8);
    }
    a ^= keys[5];
    b ^= seed;
    u128 product = (u128)a * b;
    return fold((uint64_t)product ^ keys[6], (uint64_t)(product >> 64) ^ keys[1] ^ (uint64_t)size);
}

/* Each line can be undone, so the whole can. */
uint64_t qni_hash_word(uint64_t word, uint64_t seed)
{
    word ^= seed;
    word ^= word >> 32;
    word *= keys[3];
    word ^= word >> 29;
    word *= keys[5];
    word ^= word >> 32;
    return word;
}
