/* base/digest.c: see digest.h. The hash is libsodium's; none of it needs sodium_init, which reads random bytes and
 * picks vector code: who wants that says so. */
#include "base/digest.h"

#include <sodium/core.h>
#include <sodium/crypto_generichash_blake2b.h>

#include <assert.h>
#include <math.h>
#include <stdalign.h>
#include <string.h>

typedef crypto_generichash_blake2b_state blake2b;

_Static_assert(sizeof(blake2b) == sizeof(qni_digester) && alignof(blake2b) <= alignof(qni_digester), "the state fits");

static blake2b *state_of(qni_digester *d)
{
    return (blake2b *)(void *)d;
}

void qni_digest_init(qni_digester *d)
{
    int failed = crypto_generichash_blake2b_init(state_of(d), NULL, 0, QNI_DIGEST_SIZE);
    assert(failed == 0); /* only a wrong size fails */
    (void)failed;
}

void qni_digest_init_as(qni_digester *d, const char *kind)
{
    unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
    size_t size = strlen(kind);
    assert(size <= sizeof personal);
    memcpy(personal, kind, size);
    int failed = crypto_generichash_blake2b_init_salt_personal(state_of(d), NULL, 0, QNI_DIGEST_SIZE, NULL, personal);
    assert(failed == 0);
    (void)failed;
}

bool qni_sodium_ready(void)
{
    return sodium_init() >= 0;
}

void qni_digest_bytes(qni_digester *d, const void *bytes, int64_t size)
{
    assert(size >= 0 && (bytes != NULL || size == 0));
    if (size > 0)
        (void)crypto_generichash_blake2b_update(state_of(d), bytes, (unsigned long long)size);
}

/* The machine is little-endian. */
void qni_digest_int64(qni_digester *d, int64_t value)
{
    qni_digest_bytes(d, &value, sizeof value);
}

void qni_digest_double(qni_digester *d, double value)
{
    static const uint64_t nan_bits = 0x7FF8000000000000;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value))
        bits = nan_bits;
    qni_digest_bytes(d, &bits, sizeof bits);
}

void qni_digest_string(qni_digester *d, const char *text, int64_t size)
{
    if (size < 0)
        size = (int64_t)strlen(text);
    qni_digest_int64(d, size);
    qni_digest_bytes(d, text, size);
}

qni_digest qni_digest_final(qni_digester *d)
{
    qni_digest out;
    (void)crypto_generichash_blake2b_final(state_of(d), out.bytes, sizeof out.bytes);
    return out;
}

qni_digest qni_digest_of(const void *bytes, int64_t size)
{
    qni_digester d;
    qni_digest_init(&d);
    qni_digest_bytes(&d, bytes, size);
    return qni_digest_final(&d);
}

bool qni_digest_equal(const qni_digest *a, const qni_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void qni_digest_text(char out[QNI_DIGEST_TEXT_SIZE], const qni_digest *digest)
{
    static const char digits[] = "0123456789abcdef";
    for (int64_t i = 0; i < QNI_DIGEST_SIZE; i++) {
        out[2 * i] = digits[digest->bytes[i] >> 4];
        out[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    out[QNI_DIGEST_TEXT_SIZE - 1] = 0;
}

static int hex_value(char c)
{
    if ('0' <= c && c <= '9')
        return c - '0';
    c |= 0x20;
    return 'a' <= c && c <= 'f' ? c - 'a' + 10 : -1;
}

bool qni_digest_parse(qni_digest *out, const char *text, int64_t size)
{
    qni_digest read;
    if (size != QNI_DIGEST_TEXT_SIZE - 1)
        return false;
    for (int64_t i = 0; i < QNI_DIGEST_SIZE; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        read.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out = read;
    return true;
}
