/* array/seal.c: see quern/seal.h. A sealed value is nonce (24), content, tag (16). Of 192 random bits no two nonces
 * meet. */
#include <quern/seal.h>

#include "base/digest.h"
#include "base/error.h"

#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/randombytes.h>

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};
_Static_assert(QN_SEAL_OVERHEAD == NONCE + TAG, "what a seal adds");
_Static_assert(QN_SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "bytes of a key");

static const unsigned char *bytes_of(const void *bytes)
{
    return bytes != NULL ? bytes : (const unsigned char *)"";
}

qn_status qn_seal(void *out, const void *bytes, int64_t size, const void *context, int64_t context_size,
                  const uint8_t key[QN_SEAL_KEY_SIZE], qn_error *err)
{
    assert(out != NULL && size >= 0 && context_size >= 0);
    if (!qni_sodium_ready())
        return qni_error(err, QN_UNAVAILABLE, "nothing can be sealed: the system has no random bytes");
    unsigned char *nonce = out;
    randombytes_buf(nonce, NONCE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE, NULL, bytes_of(bytes), (unsigned long long)size,
                                                     bytes_of(context), (unsigned long long)context_size, NULL, nonce,
                                                     key);
    return QN_OK;
}

qn_status qn_unseal(void *out, const void *sealed, int64_t size, const void *context, int64_t context_size,
                    const uint8_t key[QN_SEAL_KEY_SIZE], qn_error *err)
{
    assert(size >= 0 && context_size >= 0);
    if (size < QN_SEAL_OVERHEAD)
        return qni_error(err, QN_DATA, "a sealed value has at least %d bytes, here are %" PRId64, QN_SEAL_OVERHEAD,
                         size);
    assert(out != NULL || size == QN_SEAL_OVERHEAD);
    (void)qni_sodium_ready();
    const unsigned char *nonce = sealed;
    unsigned char none[1], *to = out != NULL ? out : none;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL, nonce + NONCE, (unsigned long long)(size - NONCE),
                                                   bytes_of(context), (unsigned long long)context_size, nonce,
                                                   key) == 0)
        return QN_OK;
    memset(to, 0, (size_t)(size - QN_SEAL_OVERHEAD));
    return qni_error(err, QN_DATA, "the seal does not fit: another key, another place, or the value was changed");
}
