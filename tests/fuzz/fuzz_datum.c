/* Any bytes as a value: the first one says of which kind, the rest is decoded. What comes out takes no more memory than
 * was allowed; it is encoded again, and that gives the same value. */
#include <quern/datum.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                      \
    do {                                                                        \
        if (!(condition)) {                                                     \
            (void)fprintf(stderr, "fuzz_datum:%d: %s\n", __LINE__, #condition); \
            abort();                                                            \
        }                                                                       \
    } while (0)

static void encode_again(const qn_datum *d, qn_datum_kind kind)
{
    void *bytes;
    int64_t size;
    qn_datum *again;
    qn_error err = qn_error_none();
    qn_status s = qn_datum_encode(&bytes, &size, d, NULL, NULL, &err);
    REQUIRE(s == QN_OK);
    s = qn_datum_decode(&again, kind, bytes, size, "again", NULL, NULL, &err);
    REQUIRE(s == QN_OK);
    qn_digest a = qn_datum_digest(d), b = qn_datum_digest(again);
    REQUIRE(qn_digest_equal(&a, &b));
    qn_datum_unref(again);
    qn_datum_encoded_free(bytes, size, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qn_datum *d;
    qn_error err = qn_error_none();
    qn_datum_options options = {.size = (int64_t)sizeof options, .bytes_max = 1 << 20, .members_max = 20};
    if (size == 0)
        return 0;
    qn_datum_kind kind = (qn_datum_kind)(data[0] & 7);
    qn_status s = qn_datum_decode(&d, kind, data + 1, (int64_t)size - 1, "f", &options, NULL, &err);
    if (s != QN_OK) {
        REQUIRE(d == NULL && err.message[0] != '\0');
        REQUIRE(s == QN_DATA || s == QN_LIMIT || s == QN_UNAVAILABLE);
        return 0;
    }
    REQUIRE(qn_datum_kind_of(d) == kind && qn_datum_size(d) <= (1 << 20) + 4096);
    encode_again(d, kind);
    qn_datum_unref(d);
    return 0;
}
