/* base/digest.h: the name of a content: BLAKE2b with 256 bits (RFC 7693), for what is stored, sent or compared between
 * processes.
 *
 * Caveats first:
 *  - The helpers other than qni_digest_bytes add a canonical form: little-endian words of 8 bytes, strings after their
 *    size. No two lists of values of the same kinds meet; a list whose kinds vary must say so itself.
 *  - Doubles are named by their bits, so 0 and -0 differ; every nan is the same one.
 *
 * Nothing allocates or fails. A digest being made belongs to one thread. */
#ifndef QNI_BASE_DIGEST_H
#define QNI_BASE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#define QNI_DIGEST_SIZE      32
#define QNI_DIGEST_TEXT_SIZE (2 * QNI_DIGEST_SIZE + 1)

typedef struct qni_digest {
    uint8_t bytes[QNI_DIGEST_SIZE];
} qni_digest;

/* A digest being made. */
typedef struct qni_digester {
    unsigned char state[384] __attribute__((aligned(64)));
} qni_digester;

void qni_digest_init(qni_digester *d);
/* The same for a kind of content, named by at most 16 bytes (BLAKE2b's personalisation): equal bytes of different kinds
 * have different digests. */
void qni_digest_init_as(qni_digester *d, const char *kind);
void qni_digest_bytes(qni_digester *d, const void *bytes, int64_t size); /* just the bytes, no size before them */
void qni_digest_int64(qni_digester *d, int64_t value);
void qni_digest_double(qni_digester *d, double value);
void qni_digest_string(qni_digester *d, const char *text, int64_t size); /* size -1: up to the terminating zero */
qni_digest qni_digest_final(qni_digester *d);                            /* ends it: init before it is used again */

/* Lets libsodium pick code for this processor's vectors, some two times as fast, and open its source of random bytes:
 * for who digests more than a little, seals, or needs random bytes. The first call takes some 50 microseconds, any
 * other some nanoseconds. False: it could not, and all but random bytes works as before. Any thread. */
bool qni_sodium_ready(void);

/* The digest of one block of bytes. */
qni_digest qni_digest_of(const void *bytes, int64_t size);

bool qni_digest_equal(const qni_digest *a, const qni_digest *b);

/* 64 lower-case hexadecimal digits and a zero. */
void qni_digest_text(char out[QNI_DIGEST_TEXT_SIZE], const qni_digest *digest);

/* Reads 64 hexadecimal digits in any case at `text` (`size` bytes); false where it is anything else. */
bool qni_digest_parse(qni_digest *out, const char *text, int64_t size);

#endif
