/* base/hash.h: a fast hash for tables in memory.
 *
 * Caveats first:
 *  - Not durable: values may change with any version and must not be stored or sent. What outlives the process is named
 *    by base/digest.h.
 *  - Not cryptographic: where an adversary chooses the keys, the seed must be one that they do not know, and even that
 *    is no proof.
 *
 * Each step multiplies two words to 128 bits and folds the halves, as in wyhash. Any thread. */
#ifndef QNI_BASE_HASH_H
#define QNI_BASE_HASH_H

#include <stdint.h>

/* Hash of `size` bytes; NULL is fine where size is 0. */
uint64_t qni_hash_bytes(const void *bytes, int64_t size, uint64_t seed);

/* Hash of one word. For a given seed no two words collide. */
uint64_t qni_hash_word(uint64_t word, uint64_t seed);

#endif
