/* array/crc32.c: see crc32.h. Eight bytes a step, as in Kounavis and Berry, "A Systematic Approach to Building High
 * Performance Software-Based CRC Generators" (2005): slices[k][b] is what byte b leaves after k more zero bytes. */
#include "array/crc32.h"

#include <string.h>

#define POLYNOMIAL 0xEDB88320u /* lowest degree in the highest bit */

void qni_crc32_init(qni_crc32_table *out)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1u)));
        out->slices[0][b] = crc;
    }
    for (int k = 1; k < QNI_CRC32_SLICES; k++)
        for (uint32_t b = 0; b < 256; b++) {
            uint32_t before = out->slices[k - 1][b];
            out->slices[k][b] = (before >> 8) ^ out->slices[0][before & 255];
        }
}

/* Four bytes, the first the lowest, whatever the machine's order. */
static uint32_t load(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t qni_crc32(const qni_crc32_table *table, uint32_t crc, const void *bytes, int64_t size)
{
    const uint32_t(*t)[256] = table->slices;
    const uint8_t *p = bytes, *end = p + size;
    crc = ~crc;
    for (; end - p >= QNI_CRC32_SLICES; p += QNI_CRC32_SLICES) {
        uint32_t low = crc ^ load(p), high = load(p + 4);
        crc = t[7][low & 255] ^ t[6][low >> 8 & 255] ^ t[5][low >> 16 & 255] ^ t[4][low >> 24] ^ t[3][high & 255] ^
              t[2][high >> 8 & 255] ^ t[1][high >> 16 & 255] ^ t[0][high >> 24];
    }
    for (; p < end; p++)
        crc = (crc >> 8) ^ t[0][(crc ^ *p) & 255];
    return ~crc;
}

/* a * b modulo the polynomial. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = (b >> 1) ^ (POLYNOMIAL & (0u - (b & 1u)));
    }
    return product;
}

/* The first text's checksum is multiplied by x^(8 size), as if `size` zero bytes stood behind it; what begins and ends
 * a checksum by inversion cancels. */
uint32_t qni_crc32_join(uint32_t first, uint32_t second, int64_t size)
{
    uint32_t power = UINT32_C(1) << 23; /* x^8 */
    uint32_t shift = UINT32_C(1) << 31; /* 1 */
    for (; size > 0; size >>= 1) {
        if (size & 1)
            shift = multiply(power, shift);
        power = multiply(power, power);
    }
    return multiply(shift, first) ^ second;
}
