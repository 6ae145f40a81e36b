/* array/crc32.h: the checksum of members of zip archives (CRC-32, ITU-T V.42), for bytes that come in pieces, and for
 * pieces that are put together in another order than they came in. Any thread. */
#ifndef QNI_ARRAY_CRC32_H
#define QNI_ARRAY_CRC32_H

#include <stdint.h>

enum {
    QNI_CRC32_SLICES = 8 /* bytes a step */
};

/* What the calculation looks up; immutable once made. */
typedef struct qni_crc32_table {
    uint32_t slices[QNI_CRC32_SLICES][256];
} qni_crc32_table;

void qni_crc32_init(qni_crc32_table *out);

/* The checksum of what `crc` is of (nothing: 0) and `size` bytes behind it. */
uint32_t qni_crc32(const qni_crc32_table *table, uint32_t crc, const void *bytes, int64_t size);

/* The checksum of two texts, one behind the other, from those of each; `size` bytes is the second's. */
uint32_t qni_crc32_join(uint32_t first, uint32_t second, int64_t size);

#endif
