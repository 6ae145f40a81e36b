/* quern/seal.h: bytes that nobody can read or change without the key: authenticated encryption, XChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha) with a random nonce.
 *
 * Caveats first:
 *  - What is sealed is bound to its `context`: bytes that are not secret and not stored here, and must be the same when
 *    it is opened (the name under which it is kept, say). So a sealed value that was put in another's place is refused.
 *  - Its size is visible: that of the content and QN_SEAL_OVERHEAD bytes.
 *  - An old sealed value that was put back in place of a newer one of the same context is not noticed.
 *
 * Any thread. */
#ifndef QUERN_SEAL_H
#define QUERN_SEAL_H

#include <quern/base.h>

QN_BEGIN_DECLS

#define QN_SEAL_KEY_SIZE 32 /* bytes of a key, all random */
#define QN_SEAL_OVERHEAD 40 /* bytes: the nonce (24) before the content, the tag (16) behind it */

/* Seals `size` bytes into `out` (size + QN_SEAL_OVERHEAD bytes, not overlapping them). context (context_size) may be
 * NULL where its size is 0. Errors: QN_UNAVAILABLE (the system has no random bytes). */
QN_API QN_MUST_USE qn_status qn_seal(void *out, const void *bytes, int64_t size, const void *context,
                                     int64_t context_size, const uint8_t key[QN_SEAL_KEY_SIZE], qn_error *err);

/* Opens `size` sealed bytes, with the same context (context_size), into `out` (size - QN_SEAL_OVERHEAD bytes, not
 * overlapping them). Errors: QN_DATA (another key, another context, or changed: which cannot be known; *out then
 * holds zeros). */
QN_API QN_MUST_USE qn_status qn_unseal(void *out, const void *sealed, int64_t size, const void *context,
                                       int64_t context_size, const uint8_t key[QN_SEAL_KEY_SIZE], qn_error *err);

QN_END_DECLS
#endif
