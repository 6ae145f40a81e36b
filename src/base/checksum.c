/* base/checksum.c: see checksum.h. Four lanes, each of which takes 16 bytes of a block of 64: the two words, xored with
 * a constant and with the lane, are multiplied to 128 bits, whose halves are folded into the lane (as in wyhash, but
 * that a product of 0 leaves the lane). What is left at the end is filled up with zeros; the size, which tells how
 * many, and the lanes are then folded one after another. Words are little-endian, as the machine is. */
#include "base/checksum.h"

#include <string.h>

enum {
    LANES = 4,
    WORDS = 2 * LANES, /* of a block */
    BLOCK = 8 * WORDS, /* bytes */
};

/* The first bits of pi's fraction. The second half is what the lanes begin with. */
static const uint64_t pi[WORDS] = {0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89,
                                   0x452821E638D01377, 0xBE5466CF34E90C6C, 0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917};

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* By value, and each word loaded where it is multiplied: of arrays gcc packs words into vectors and takes them apart
 * again, at half the speed. */
typedef struct lanes {
    uint64_t a, b, c, d;
} lanes;

static inline uint64_t word_at(const char *block, size_t i)
{
    uint64_t word;
    memcpy(&word, block + 8 * i, sizeof word);
    return word;
}

static inline lanes take(lanes l, const char *block)
{
    l.a ^= fold(word_at(block, 0) ^ pi[0], word_at(block, 1) ^ l.a);
    l.b ^= fold(word_at(block, 2) ^ pi[1], word_at(block, 3) ^ l.b);
    l.c ^= fold(word_at(block, 4) ^ pi[2], word_at(block, 5) ^ l.c);
    l.d ^= fold(word_at(block, 6) ^ pi[3], word_at(block, 7) ^ l.d);
    return l;
}

static inline uint64_t move(char *to, const _Atomic uint64_t *from, size_t i)
{
    uint64_t word = atomic_load_explicit(&from[i], memory_order_relaxed);
    memcpy(to + 8 * i, &word, sizeof word);
    return word;
}

static inline lanes take_moved(lanes l, char *to, const _Atomic uint64_t *from)
{
    l.a ^= fold(move(to, from, 0) ^ pi[0], move(to, from, 1) ^ l.a);
    l.b ^= fold(move(to, from, 2) ^ pi[1], move(to, from, 3) ^ l.b);
    l.c ^= fold(move(to, from, 4) ^ pi[2], move(to, from, 5) ^ l.c);
    l.d ^= fold(move(to, from, 6) ^ pi[3], move(to, from, 7) ^ l.d);
    return l;
}

/* The last block, which is not full, and the end. */
static uint64_t end(lanes l, const char *rest, int64_t left, int64_t size)
{
    uint64_t sum = (uint64_t)size;
    if (left > 0) {
        char last[BLOCK] = {0};
        memcpy(last, rest, (size_t)left);
        l = take(l, last);
    }
    const uint64_t all[LANES] = {l.a, l.b, l.c, l.d};
    for (int i = 0; i < LANES; i++)
        sum ^= fold(sum ^ pi[i], all[i] ^ pi[LANES + i]);
    return fold(sum ^ pi[0], pi[1]);
}

uint64_t qni_checksum(const void *bytes, int64_t size)
{
    lanes l = {pi[4], pi[5], pi[6], pi[7]};
    const char *p = bytes;
    int64_t left = size;
    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        l = take(l, p);
    return end(l, p, left, size);
}

uint64_t qni_checksum_copy(void *to, const _Atomic uint64_t *from, int64_t size)
{
    lanes l = {pi[4], pi[5], pi[6], pi[7]};
    char *p = to;
    int64_t left = size;
    for (; left >= BLOCK; left -= BLOCK, p += BLOCK, from += WORDS)
        l = take_moved(l, p, from);
    for (int64_t at = 0; at < left; at += 8) {
        uint64_t word = atomic_load_explicit(from++, memory_order_relaxed);
        memcpy(p + at, &word, (size_t)(left - at < 8 ? left - at : 8));
    }
    return end(l, p, left, size);
}
