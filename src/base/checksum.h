/* base/checksum.h: a fast checksum that is stored: the same on every machine, in every version, for ever.
 *
 * Caveats first:
 *  - It is against accidents: two contents share one by a chance of 2^-64 or so. Who means harm makes two that do, or
 *    simply another checksum; digests are base/digest.h's, authentication is quern/seal.h's.
 *
 * Any thread. */
#ifndef QNI_BASE_CHECKSUM_H
#define QNI_BASE_CHECKSUM_H

#include <stdatomic.h>
#include <stdint.h>

/* Of `size` bytes; NULL is fine where size is 0. */
uint64_t qni_checksum(const void *bytes, int64_t size);

/* Copies `size` bytes from words that others may be writing meanwhile, of which the last is read whole, and returns the
 * checksum of what was copied: in one pass, in hardly more time than the copy takes. */
uint64_t qni_checksum_copy(void *to, const _Atomic uint64_t *from, int64_t size);

#endif
