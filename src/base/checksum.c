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

/* The first bits of pi's fraction. */
static const uint64_t pi[WORDS] = {0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89,
                                   0x452821E638D01377, 0xBE5466CF34E90C6C, 0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917};

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline void take(uint64_t lanes[LANES], const char *block)
{
    uint64_t words[WORDS];
    memcpy(words, block, BLOCK);
    for (int64_t i = 0; i < LANES; i++)
        lanes[i] ^= fold(words[2 * i] ^ pi[i], words[2 * i + 1] ^ lanes[i]);
}

uint64_t qni_checksum(const void *bytes, int64_t size)
{
    uint64_t lanes[LANES], sum = (uint64_t)size;
    const char *p = bytes;
    int64_t left = size;
    memcpy(lanes, &pi[LANES], sizeof lanes);
    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        take(lanes, p);
    if (left > 0) {
        char last[BLOCK] = {0};
        memcpy(last, p, (size_t)left);
        take(lanes, last);
    }
    for (int i = 0; i < LANES; i++)
        sum ^= fold(sum ^ pi[i], lanes[i] ^ pi[LANES + i]);
    return fold(sum ^ pi[0], pi[1]);
}
